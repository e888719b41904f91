"""The script that `mlff bench` runs through ASE: the same for a student and for a teacher."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from ase.io import write
from conftest import ROOT

BOOTSTRAP = "import sys; sys.path.insert(0, sys.argv.pop(1)); from mlff_distiller.dynamics import main; main()"


@pytest.fixture
def talk(tmp_path):
    """Sends lines to the script and returns its answers, progress left out."""

    def run(*lines):
        text = "\n".join(json.dumps(line) for line in lines)
        command = [sys.executable, "-W", "ignore", "-c", BOOTSTRAP, str(ROOT / "python")]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=300, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        return [a for a in answers if "progress" not in a]

    return run


@pytest.fixture
def start(crystal, tmp_path):
    write(tmp_path / "start.extxyz", crystal)
    return str(tmp_path / "start.extxyz")


def journey(start, **changes):
    return {"file": start, "ensemble": "nve", "temperature": 300, "pressure": 0, "timestep": 1, "steps": 60, "warm_up": 5, "seed": 1} | changes


@pytest.mark.parametrize("who", ["student", "teacher"])
def test_every_ensemble(talk, start, copper, tmp_path, who):
    (tmp_path / "emt.py").write_text("from ase.calculators.emt import EMT\n")
    calculator = {"student": str(copper), "threads": 1}
    if who == "teacher":
        calculator = {"teacher": "ase", "target": str(tmp_path / "emt.py") + ":EMT", "arguments": {}, "threads": 1}
    ready, *runs = talk(calculator, *({"run": journey(start, ensemble=e)} for e in ("nve", "nvt", "npt")))
    assert ready["ready"]["calculator"] == ("StudentCalculator" if who == "student" else "EMT")
    for run in runs:
        run = run["run"]
        assert len(run["step_ms"]) == len(run["call_ms"]) == 60
        assert all(0 < call <= step for call, step in zip(run["call_ms"], run["step_ms"], strict=True))
        assert run["rss"][0][0] == 0 and run["rss"][-1][0] == 60
        assert (run["engine_ms"] is not None) == (who == "student")
    nve = runs[0]["run"]
    # Verlet at 1 fs: well below the 1.2 eV of kinetic energy
    assert nve["integrator"] == "VelocityVerlet" and np.ptp(nve["conserved"]) < 0.01


def test_batch_and_soak(talk, start, crystal, copper, tmp_path):
    many = [crystal.copy() for _ in range(4)]
    for k, atoms in enumerate(many):
        atoms.rattle(0.05, seed=k)
    write(tmp_path / "many.extxyz", many)
    _, batch, soak = talk({"student": str(copper), "threads": 1}, {"batch": {"file": str(tmp_path / "many.extxyz"), "repeats": 2}},
                          {"soak": journey(start, steps=1500)})  # fmt: skip
    assert len(batch["batch"]["single_ms"]) == len(batch["batch"]["batch_ms"]) == 2
    assert [steps for steps, _ in soak["soak"]] == [1000, 1500]


def test_what_is_not_there(talk, start):
    absent, failed = talk({"teacher": "fennol", "target": "gone.fnx", "threads": 1, "device": "cuda"}, {"student": "gone.safetensors", "threads": 1})
    assert "absent" in absent or "No module named" in absent["failed"]
    assert failed["failed"].startswith("FileNotFoundError")
