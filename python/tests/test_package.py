"""`pip install .` gives a wheel that runs where there is neither Go nor a compiler."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile

import pytest
from conftest import ROOT


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel, and a folder that it is installed into."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", folder, ROOT], check=True, capture_output=True, text=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "-q", "--target", folder / "site", wheel], check=True, capture_output=True, text=True)
    return wheel, folder / "site"


def test_contents(installed):
    wheel, _ = installed
    assert "-cp311-abi3-" in wheel.name
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "mlff_distiller/libmlff.so",
        "mlff_distiller/_native.abi3.so",
        "mlff_distiller/py.typed",
        "mlff_distiller/student.py",
        "mlff_distiller/calculators/distilled.py",
        "mlff_distiller/teachers/__init__.py",
    ):
        assert wanted in names
    assert any(n.endswith(".data/scripts/mlff") for n in names)
    assert not any("native/" in n or "tests/" in n or n.endswith(".h") for n in names)


def test_it_runs_without_go(installed, copper, tmp_path):
    _, site = installed
    script = "import sys; from ase.build import bulk; from mlff_distiller.calculators import StudentCalculator; from mlff_distiller import _native\n"
    script += "a = bulk('Cu'); a.calc = StudentCalculator(sys.argv[1]); a.get_forces(); print(_native.library())"
    environment = {"PATH": "/nowhere", "PYTHONPATH": str(site), "HOME": str(tmp_path)}
    out = subprocess.run([sys.executable, "-c", script, copper], capture_output=True, text=True, check=True, cwd=tmp_path, env=environment).stdout
    assert out.strip() == str(site / "mlff_distiller" / "libmlff.so")
    out = subprocess.run([site / "bin" / "mlff", "version"], capture_output=True, text=True, check=True, env=environment).stdout
    assert out.startswith("mlff ")


def test_the_extension_uses_the_limited_api_only(installed):
    """What it takes from Python is in the stable interface of 3.11: nothing with an underscore but the documented few."""
    _, site = installed
    if not any(os.access(os.path.join(p, "nm"), os.X_OK) for p in os.environ["PATH"].split(":")):
        pytest.skip("no nm here")
    out = subprocess.run(["nm", "-D", "--undefined-only", site / "mlff_distiller" / "_native.abi3.so"], capture_output=True, text=True, check=True).stdout
    private = {line.split()[-1] for line in out.splitlines() if line.split()[-1].startswith("_Py")}
    private = {name for name in private if not name.endswith("_SizeT")}  # what PY_SSIZE_T_CLEAN makes of the public names
    assert private <= {"_Py_Dealloc", "_Py_NoneStruct", "_Py_NotImplementedStruct", "_Py_TrueStruct", "_Py_FalseStruct"}
