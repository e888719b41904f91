"""Students and helpers for the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

import mlff_distiller

DATA = Path(__file__).parent / "data"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def copper() -> Path:
    """A student of ASE's EMT, copper only; data/make_copper.py."""
    return DATA / "copper.safetensors"


@pytest.fixture(scope="session")
def random_student() -> Path:
    """A random student of O and Si with extrapolation grades, the file that package model keeps for version 1."""
    return ROOT / "model" / "testdata" / "version1.safetensors"


@pytest.fixture
def crystal():
    """32 atoms of copper, off their places."""
    atoms = bulk("Cu", cubic=True) * 2
    atoms.rattle(0.05, seed=3)
    return atoms


@pytest.fixture
def python(tmp_path):
    """Runs a script, given as text or as a file, in an interpreter of its own and returns what it prints."""

    def run(script: str | Path, *arguments: object, timeout: float = 120, **environment: str) -> str:
        environment = {"PYTHONPATH": str(Path(mlff_distiller.__file__).parents[1])} | environment
        done = subprocess.run(
            [sys.executable, *(["-c", script] if isinstance(script, str) else [str(script)]), *map(str, arguments)], capture_output=True, text=True, timeout=timeout, cwd=tmp_path, env=os.environ | environment
        )
        assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays hold the same bits."""
    return np.asarray(a).tobytes() == np.asarray(b).tobytes()
