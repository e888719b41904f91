"""The command ``mlff`` with real teachers, in worker processes of this interpreter: `make test-teachers`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import upstream
from ase.io import read, write
from conftest import ROOT
from mlff_distiller import worker


@pytest.fixture(scope="module")
def mlff(tmp_path_factory):
    """The command."""
    if shutil.which("go") is None:
        pytest.skip("the command is built with Go")
    path = tmp_path_factory.mktemp("bin") / "mlff"
    subprocess.run(["go", "build", "-o", path, "./cmd/mlff"], cwd=ROOT, check=True, env=os.environ | {"CGO_ENABLED": "0"})

    def run(*arguments: object, codes: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run([path, *map(str, arguments), "--python", sys.executable], capture_output=True, text=True, timeout=300)
        assert done.returncode in codes, done.stdout + done.stderr
        return done.stdout

    return run


ONE_OF_EACH = ["sevennet, modal", "chgnet", "mace, head", "graphpes", "fennol", "orb"]


@pytest.mark.parametrize("which", ONE_OF_EACH)
def test_the_command_labels_with_real_teachers(mlff, which, tmp_path):
    """mlff label, mlff teachers check, mlff teachers: through worker processes of this interpreter."""
    real = upstream.ALL[which](tmp_path)
    atoms = upstream.crystal(real.symbols)
    write(tmp_path / "start.extxyz", atoms)
    assert "1 labelled frame" in mlff("label", tmp_path / "start.extxyz", "--teacher", real.name, "--out", tmp_path / "out.extxyz")
    start, label = read(tmp_path / "start.extxyz"), read(tmp_path / "out.extxyz")
    assert np.allclose(label.get_forces(), real.calculator.get_property("forces", start), rtol=0, atol=1e-5)  # as above
    assert np.allclose(label.get_stress(), worker.voigt(real.calculator.get_property("stress", start)), rtol=0, atol=1e-6)
    check = ("teachers", "check", real.name, "--structures", tmp_path / "start.extxyz", "--md=false", "--json")
    verdict = json.loads(mlff(*check, codes=(0, 3)))  # 3: something is amiss
    found = {f["name"]: f["pass"] for f in verdict["findings"]}
    assert found.pop("dimers") in (True, False)  # models may have holes there, those of random weights do
    assert found == dict.fromkeys(("repeatable", "smoothness", "forces", "stress"), True), verdict
    listed = {t["name"]: t for t in json.loads(mlff("teachers", "--json"))["teachers"]}
    assert listed[real.kind]["version"]
