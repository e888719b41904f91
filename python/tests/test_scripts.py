"""The scripts of examples/ase, with the teacher and with its student: only the calculator differs."""

from __future__ import annotations

import warnings

import pytest
from conftest import ROOT

SCRIPTS = sorted(p for p in (ROOT / "examples" / "ase").glob("*.py") if p.name != "make_calculator.py")


@pytest.mark.parametrize("who", ["teacher", "student"])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_script(script, who, copper, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(script.parent))
    monkeypatch.setattr("sys.argv", [str(script), *([str(copper)] if who == "student" else [])])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what scripts written for several versions of ASE must live with
        exec(compile(script.read_text(), str(script), "exec"), {"__name__": "__main__"})
