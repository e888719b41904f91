"""The extension under the address and undefined-behaviour sanitizers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

import mlff_distiller

SCRIPT = """
import sys, gc
import numpy as np
from ase import Atoms
from ase.build import bulk
from mlff_distiller import _native
from mlff_distiller.calculators import StudentCalculator

def raises(function, *arguments):
    try:
        function(*arguments)
    except Exception as e:
        return type(e).__name__
    raise AssertionError("nothing was raised")

calc = StudentCalculator(sys.argv[1], threads=2)
for n in (1, 3, 2, 5, 1):  # grows and shrinks
    atoms = bulk("Cu", cubic=True) * (n, 1, 1)
    atoms.rattle(0.02, seed=n)
    for name in calc.implemented_properties:
        calc.get_property(name, atoms), calc.get_property(name)
    atoms.set_initial_charges(np.resize([0.1, -0.1], len(atoms)))
    atoms.set_initial_magnetic_moments(np.ones((len(atoms), 3)))
    calc.get_forces(atoms), calc.check_state(atoms), calc.atoms, calc.results
    raises(calc.get_forces, Atoms("O"))
    calc.get_property("energy", atoms, False)
calc.calculate_batch([atoms, Atoms(), Atoms("Cu"), bulk("Cu")]), calc.calculate_batch([])
state, a = calc._state, atoms.arrays
good = (a["positions"], a["numbers"], atoms.cell.array, atoms.pbc, None, None)
for k, bad in ((0, a["positions"][:-1]), (0, "text"), (0, None), (1, a["numbers"][::2]), (2, np.eye(2)), (3, np.ones(2, bool)), (3, np.ones(3)), (4, "x"), (0, memoryview(b"abc"))):
    raises(state.get, 1, True, *good[:k], bad, *good[k + 1:])
raises(state.get, 1, True), raises(state.get, 99, True, *good), raises(state.get, "x", True, *good), raises(state.changes, 1), raises(state.last, -1)
raises(state.quick, 1), raises(state.batch, 1), raises(state.batch, (), None), raises(state.batch, [1], None), raises(state.batch, [1], lambda a: ()), raises(state.batch, [1], lambda a: good[:5] + ("x",))
raises(state.batch, [atoms, Atoms("O")], None), raises(state.batch, [atoms, atoms[:4]], lambda a: 1)
raises(_native.Model, "text"), raises(_native.Model, b""), raises(_native.State, None), raises(_native.State, 3, 4)
assert state.quick(1, None, True) is NotImplemented and state.quick(1, 3, True) is NotImplemented
del calc, state
gc.collect()
print("fine")
"""


def test_extension_under_sanitizers(tmp_path, copper):
    runtime = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True).stdout.strip()
    if not os.path.isabs(runtime):
        pytest.skip("no address sanitizer here")
    package = tmp_path / "mlff_distiller"
    shutil.copytree(Path(mlff_distiller.__file__).parent, package, ignore=shutil.ignore_patterns("_native*.so", "__pycache__"))
    native = ROOT / "python" / "native"
    flags = ["-shared", "-fPIC", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{ROOT / 'include'}", f"-I{sysconfig.get_path('include')}", f"-I{np.get_include()}"]
    subprocess.run(["gcc", *flags, *sorted(native.glob("*.c")), "-o", package / "_native.abi3.so"], check=True)
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "LD_PRELOAD": runtime, "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", SCRIPT, copper], capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0 and done.stdout.strip() == "fine", done.stderr[-3000:]
