"""The worker that labels for the command, spoken to as the command does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.io import write
from mlff_distiller import teachers, worker
from mlff_distiller.teachers import identity
from mlff_distiller.worker import Frame

PYTHON = Path(__file__).parents[1]

TEACHERS = '''
import os, sys
import numpy as np
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones

print("a library greets on import")
os.write(1, b"and from C")


class Single(EMT):
    """Single precision, stress as a tensor."""

    def calculate(self, *arguments, **named):
        super().calculate(*arguments, **named)
        print("another progress bar")
        self.results["forces"] = self.results["forces"].astype(np.float32)
        s = self.results.get("stress")
        if s is not None:
            self.results["stress"] = np.array([[s[0], s[5], s[4]], [s[5], s[1], s[3]], [s[4], s[3], s[2]]])


class Broken(EMT):
    def calculate(self, *arguments, **named):
        super().calculate(*arguments, **named)
        self.results["forces"][1, 2] = np.nan


emt, single, broken = EMT, Single, Broken


def lj(epsilon, sigma):
    return LennardJones(epsilon=epsilon, sigma=sigma)
'''


class Conversation:
    """A worker in a process of its own."""

    def __init__(self, folder: Path) -> None:
        code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from mlff_distiller.worker import main; main()"
        command = [sys.executable, "-c", code, str(PYTHON), str(os.getpid()), "0", "1"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder)
        self.hello = self.hear()

    def hear(self) -> dict:
        return json.loads(self.process.stdout.readline())

    def say(self, message: dict, body: bytes = b"") -> dict:
        self.process.stdin.write(json.dumps(message).encode() + b"\n" + body)
        self.process.stdin.flush()
        return self.hear()

    def open(self, target: str, **arguments: str) -> dict:
        return self.say({"open": "ase", "target": target, "arguments": arguments, "threads": 1})

    def label(self, *structures) -> tuple[dict, list[str]]:
        text = "".join(written(atoms) for atoms in structures).encode()
        status = self.say({"label": len(structures), "bytes": len(text)}, text)
        return status, self.process.stdout.read(status["bytes"]).decode().split("\n")


def written(atoms) -> str:
    """A structure as the command writes it."""
    cell = " ".join(repr(float(x)) for x in atoms.cell.array.ravel())
    pbc = " ".join("FT"[int(p)] for p in atoms.pbc)
    lines = [f"{s} {x!r} {y!r} {z!r}" for s, (x, y, z) in zip(atoms.get_chemical_symbols(), atoms.positions.tolist(), strict=True)]
    return "\n".join([str(len(atoms)), f'Lattice="{cell}" Properties=species:S:1:pos:R:3 pbc="{pbc}"', *lines, ""])


@pytest.fixture
def conversation(tmp_path):
    (tmp_path / "mine.py").write_text(TEACHERS)
    one = Conversation(tmp_path)
    yield one
    one.process.stdin.close()
    assert one.process.wait(timeout=20) == 0
    one.process.stdout.close()
    one.process.stderr.close()


@pytest.fixture
def crystals():
    list_ = [bulk("Cu", cubic=True), bulk("Cu", cubic=True) * (2, 1, 1)]
    for k, atoms in enumerate(list_):
        atoms.rattle(0.1, seed=k)
    return list_


def forces(lines: list[str], n: int) -> np.ndarray:
    return np.array([[float(x) for x in line.split()[4:7]] for line in lines[2 : 2 + n]])


def test_labels_are_the_calculators_to_the_last_bit(conversation, crystals):
    assert conversation.hello["mlff_worker"] == worker.PROTOCOL
    ready = conversation.open("mine:emt")["ready"]
    assert ready["stress"] and ready["licence"] == "unknown" and len(ready["parameters"]) == 64
    status, lines = conversation.label(*crystals)
    assert status["errors"] == {} and status["resident"] > 0
    crystals[0].calc = EMT()
    assert np.array_equal(forces(lines, 4), crystals[0].get_forces())
    assert f"energy={float(crystals[0].get_potential_energy())!r}" in lines[1]
    s = crystals[0].get_stress()
    assert 'stress="' + " ".join(repr(float(s[k])) for k in (0, 5, 4, 5, 1, 3, 4, 3, 2)) + '"' in lines[1]


def test_what_a_library_prints_is_not_in_the_way(conversation, crystals):
    conversation.open("mine:single")
    status, lines = conversation.label(crystals[1])
    crystals[1].calc = EMT()
    assert status["errors"] == {}
    # Single precision keeps 2^-24 of forces of about 1 eV/Å.
    assert np.allclose(forces(lines, 8), crystals[1].get_forces(), rtol=0, atol=1e-6)


def test_one_bad_frame_is_named(conversation, crystals):
    conversation.open("mine:broken")
    status, _ = conversation.label(*crystals)
    assert set(status["errors"]) == {"0", "1"} and "force on atom 1 is [" in status["errors"]["0"]


def test_arguments_reach_the_factory(conversation, crystals):
    ready = conversation.open("mine:lj", epsilon="0.01", sigma="2.5", licence="CC0-1.0")["ready"]
    assert ready["licence"] == "CC0-1.0" and ready["commercial"] == "unknown"
    assert ready["arguments"] == {"epsilon": "0.01", "sigma": "2.5"}
    assert conversation.label(crystals[0])[0]["errors"] == {}


def test_failures_say_what_helps(conversation):
    answer = conversation.open("nothing_of_that_name:make")
    assert "has no nothing_of_that_name" in answer["failed"] and answer["hint"].endswith("-m pip install nothing_of_that_name")
    assert "no factory" in conversation.open("mine:nobody")["failed"]


@pytest.mark.parametrize("kind", [k for k in teachers.PACKAGES if k != "ase"])
def test_missing_packages_are_named_with_the_line_that_installs_them(kind, tmp_path):
    name, install = teachers.PACKAGES[kind]
    if teachers.version(name):
        pytest.skip(f"{name} is installed")
    file = tmp_path / "model"
    file.write_bytes(b"")
    with pytest.raises(worker.TeacherError) as e:
        teachers.open_teacher(kind, str(file), {}, 1)
    assert e.value.hint == f"{sys.executable} -m pip install {install}" or kind == "fennol" and "pip install" in e.value.hint


def test_the_worker_ends_with_the_command_even_while_it_is_busy(tmp_path):
    (tmp_path / "slow.py").write_text("import time\n\ndef make():\n    time.sleep(100)\n")
    script = f"""
import os, subprocess, sys, time
code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from mlff_distiller.worker import main; main()"
p = subprocess.Popen([sys.executable, "-c", code, {str(PYTHON)!r}, str(os.getpid()), "0", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
p.stdout.readline()
p.stdin.write(b'{{"open": "ase", "target": "slow:make", "arguments": {{}}, "threads": 1}}\\n')
p.stdin.flush()
print(p.pid, flush=True)
time.sleep(100)
"""
    command = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=tmp_path)
    pid = int(command.stdout.readline())
    command.kill()
    command.wait()
    command.stdout.close()
    for _ in range(200):  # it looks twice a second
        if not running(pid):
            return
        time.sleep(0.1)
    pytest.fail("it runs on")


def running(pid: int) -> bool:
    """Whether a process runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def read_by_worker(conversation, path: Path) -> tuple[dict, list[str]]:
    status = conversation.say({"read": str(path)})
    return status, conversation.process.stdout.read(status.get("bytes", 0)).decode().split("\n")


@pytest.mark.parametrize("name", ["two.traj", "two.cif", "two.xsf", "two.json"])
def test_files_of_other_formats_are_read(conversation, crystals, tmp_path, name):
    if name.endswith(("json", "xsf")):
        crystals = crystals[:1]
    crystals[0].wrap()
    write(tmp_path / name, crystals)
    status, lines = read_by_worker(conversation, tmp_path / name)
    assert status["read"] == len(crystals)
    read = Frame(lines[1], lines[2 : 2 + len(crystals[0])])
    digits = {"cif": 1e-4, "xsf": 1e-8}.get(name.split(".")[1], 0)  # what these formats keep
    assert read.symbols == crystals[0].get_chemical_symbols() and read.pbc == [True] * 3
    assert np.allclose(read.positions, crystals[0].positions, rtol=0, atol=digits)
    assert np.allclose(read.cell, crystals[0].cell.array, rtol=0, atol=digits)


def test_files_that_mean_no_structure_are_refused(conversation, tmp_path):
    (tmp_path / "alloy.cif").write_text(
        "data_alloy\n_cell_length_a 4\n_cell_length_b 4\n_cell_length_c 4\n_cell_angle_alpha 90\n_cell_angle_beta 90\n_cell_angle_gamma 90\n"
        "_space_group_name_H-M_alt 'P 1'\nloop_\n_atom_site_label\n_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n"
        "_atom_site_occupancy\nA Cu 0 0 0 0.6\nB Ni 0 0 0 0.4\n"
    )
    status, _ = read_by_worker(conversation, tmp_path / "alloy.cif")
    assert status["failed"] == "frame 0: sites are occupied in part: 0.6 Cu, 0.4 Ni" and "ordered structures" in status["hint"]
    (tmp_path / "torn.cif").write_text("data_alloy\n_cell_length_a\n")
    status, _ = read_by_worker(conversation, tmp_path / "torn.cif")
    assert status["failed"].startswith("ASE takes it for cif: ") and "unknown" not in status
    (tmp_path / "what.ever").write_text("not a structure\n")
    assert read_by_worker(conversation, tmp_path / "what.ever")[0]["unknown"]


def test_unknown_arguments_are_refused(tmp_path):
    with pytest.raises(worker.TeacherError, match="mace has no argument 'heads'"):
        teachers.open_teacher("mace", "model", {"heads": "x"}, 1)


def test_stress_in_other_shapes():
    tensor = np.array([[1.0, 6, 5], [6, 2, 4], [5, 4, 3]])
    for shape in (tensor, tensor.ravel(), np.array([1.0, 2, 3, 4, 5, 6])):
        assert worker.voigt(shape) == [1, 2, 3, 4, 5, 6]
    with pytest.raises(ValueError, match="5 components"):
        worker.voigt([1.0] * 5)


def test_digests_depend_on_names_types_and_values():
    a = {"w": np.arange(3.0), "b": 1}
    same = identity.digest(identity.flatten(a))
    assert same == identity.digest(reversed(list(identity.flatten(a))))
    for other in ({"w": np.arange(3.0), "b": 2}, {"w": np.arange(3.0, dtype=np.float32), "b": 1}, {"v": np.arange(3.0), "b": 1}, {"w": np.zeros((3, 1)), "b": 1}):
        assert identity.digest(identity.flatten(other)) != same
