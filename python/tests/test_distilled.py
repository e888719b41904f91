"""Students called like their teachers."""

from __future__ import annotations

import copy
import importlib
import inspect
import json
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from conftest import DATA

from mlff_distiller import calculators, students
from mlff_distiller.calculators import (
    DistilledCHGNetCalculator,
    DistilledFeNNolCalculator,
    DistilledMACECalculator,
    DistilledNote,
    DistilledOrbCalculator,
    DistilledSevenNetCalculator,
    StudentCalculator,
    distilled,
    matching,
)

CLASSES = {c.table.teacher: c for c in (DistilledOrbCalculator, DistilledFeNNolCalculator, DistilledMACECalculator, DistilledCHGNetCalculator, DistilledSevenNetCalculator)}
SIGNATURES = json.loads((DATA / "signatures.json").read_text())


@pytest.fixture(autouse=True)
def everything_is_said_again(monkeypatch):
    monkeypatch.setattr(distilled, "_said", set())


@pytest.mark.parametrize("recorded", SIGNATURES, ids=lambda r: r["package"])
def test_every_upstream_call_binds(recorded):
    ours = inspect.signature(CLASSES[recorded["teacher"]])
    theirs = [(name, kind) for name, kind, _ in recorded["parameters"] if kind != "kwargs"]
    positional = [name for name, kind in theirs if kind == "positional"]
    bound = ours.bind(*positional).arguments
    for name in positional:
        assert bound[name] == name, f"{name} is at another position"
    everything = {name: name for name, _ in theirs}
    assert dict(ours.bind(**everything).arguments) == everything


@pytest.mark.parametrize("kind", CLASSES)
def test_every_installed_upstream_is_recorded_and_binds(kind):
    """The version that is installed has a signature that is recorded: else run data/make_signatures.py, which makes the test above look at it."""
    for path in CLASSES[kind].table.upstream:
        module, name = path.rsplit(".", 1)
        try:
            upstream = inspect.signature(getattr(importlib.import_module(module), name))
        except ImportError:
            continue
        kinds = {"POSITIONAL_OR_KEYWORD": "positional", "KEYWORD_ONLY": "keyword", "VAR_KEYWORD": "kwargs"}
        found = [[p.name, kinds[p.kind.name], p.kind.name == "VAR_KEYWORD" or p.default is not p.empty] for p in upstream.parameters.values()]
        assert found in [r["parameters"] for r in SIGNATURES if r["teacher"] == kind]
        return
    pytest.skip(f"{kind} is not installed")


def quiet(kind, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DistilledNote)
        return kind(*args, **kwargs)


@pytest.mark.parametrize(
    "make",
    [
        lambda s: DistilledOrbCalculator(s, object(), device="cpu", edge_method="knn_alchemi", max_num_neighbors=120, half_supercell=True, directory="x"),
        lambda s: DistilledOrbCalculator(s, system_config=object(), conservative=True, device="cuda:0"),
        lambda s: DistilledOrbCalculator(object(), checkpoint_path=s),
        lambda s: DistilledFeNNolCalculator(s, True, None, True, None, False, "highest", True),
        lambda s: DistilledFeNNolCalculator(model=str(s), gpu_preprocessing=False, use_atom_padding=True),
        lambda s: DistilledMACECalculator([str(s)], None, "cpu", 1.0, 1.0, "float32"),
        lambda s: DistilledMACECalculator(models=s, device="cuda"),
        lambda s: DistilledCHGNetCalculator(s, use_device="cpu", stress_weight=1 / 160.21766208, on_isolated_atoms="error"),
        lambda s: DistilledSevenNetCalculator(s, "checkpoint", "auto", None, enable_flash=True),
    ],
)
def test_calls_of_teachers_run_the_student(make, copper, crystal):
    crystal.calc = quiet(make, copper)
    assert np.array_equal(crystal.get_forces(), StudentCalculator(copper).get_forces(crystal))


def test_arguments_that_are_honoured(copper):
    assert quiet(DistilledFeNNolCalculator, copper, use_float64=True).precision == "float64"
    assert quiet(DistilledFeNNolCalculator, copper, use_float64=True, precision="float32").precision == "float32"
    assert quiet(DistilledMACECalculator, copper, default_dtype="float64").precision == "float64"
    calc = quiet(DistilledOrbCalculator, copper, directory="here", threads=1, grade="off", label="x")
    assert calc.directory == "here" and calc.grade == "off"


def test_what_has_no_effect_is_said_once(copper):
    with pytest.warns(DistilledNote) as heard:
        for _ in range(3):
            DistilledOrbCalculator(copper, edge_method="knn", conservative=False, device="cuda")
    texts = [str(w.message) for w in heard]
    assert len(texts) == 3 and any("neighbour lists" in t for t in texts) and any("CPU" in t for t in texts)


def test_defaults_say_nothing(copper):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DistilledOrbCalculator(copper, None, edge_method=None, device="cpu")
        DistilledFeNNolCalculator(copper, False, None, False, None, False, None, False)


REFUSED = [
    (DistilledFeNNolCalculator, {"energy_terms": ["energy_nn"]}, ValueError, "energy terms"),
    (DistilledMACECalculator, {"head": "omat"}, ValueError, "head"),
    (DistilledMACECalculator, {"dispersion": True}, ValueError, "dispersion"),
    (DistilledMACECalculator, {"energy_units_to_eV": 27.2}, ValueError, "eV"),
    (DistilledMACECalculator, {"model_type": "DipoleMACE"}, ValueError, "dipoles"),
    (DistilledSevenNetCalculator, {"modal": "mpa"}, ValueError, "modal"),
    (DistilledCHGNetCalculator, {"stress_weight": 1.0}, ValueError, "eV/Å"),
    (DistilledOrbCalculator, {"brute_force": True}, TypeError, "brute_force"),
    (DistilledOrbCalculator, {"precision": "float16"}, ValueError, "float16"),
]


@pytest.mark.parametrize("kind,arguments,error,text", REFUSED)
def test_what_is_refused(kind, arguments, error, text, copper):
    with pytest.raises(error, match=text):
        quiet(kind, copper, **arguments)


def test_without_a_student(copper):
    with pytest.raises(TypeError, match="runs one student, not 2"):
        DistilledMACECalculator([str(copper), str(copper)])
    with pytest.raises(TypeError, match="needs a student"):
        DistilledCHGNetCalculator()
    with pytest.raises(TypeError, match="model"):
        DistilledOrbCalculator()
    with pytest.raises(FileNotFoundError, match="mlff distill"):
        DistilledFeNNolCalculator("no-such-student")


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """Two empty folders for registered students."""
    monkeypatch.setenv("MLFF_STUDENTS", str(tmp_path / "shelf"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def test_registered_names(shelf, copper, crystal):
    with pytest.raises(FileNotFoundError, match="registered: none"):
        StudentCalculator("metal")
    assert students.register(copper, "metal") == shelf / "shelf" / "metal.safetensors"
    assert quiet(DistilledOrbCalculator, "metal").get_forces(crystal) is not None
    user = shelf / "data" / "mlff" / "students"
    user.mkdir(parents=True)
    (user / "other.safetensors").write_bytes(copper.read_bytes())
    assert StudentCalculator("other").student.about["species"] == ["Cu"]
    with pytest.raises(FileNotFoundError, match="registered: metal, other"):
        StudentCalculator("third")
    with pytest.raises(students.StudentError, match="name"):
        students.register(copper, "../metal")


class Module:
    """What a module of torch has."""

    def __init__(self, **tensors):
        self.tensors = tensors

    def state_dict(self):
        return self.tensors


def with_teacher(student: bytes, teacher: dict) -> bytes:
    """A student file with another teacher in its metadata, sealed again."""
    import hashlib
    import struct

    (size,) = struct.unpack("<Q", student[:8])
    header = json.loads(student[8 : 8 + size])
    header["__metadata__"] |= {"teacher": json.dumps(teacher), "sha256": "0" * 64}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    file = struct.pack("<Q", len(text)) + text + student[8 + size :]
    return file.replace(b'"sha256":"' + b"0" * 64, b'"sha256":"' + hashlib.sha256(file).hexdigest().encode())


def test_the_loaded_teacher_finds_its_student(shelf, copper, crystal):
    teacher = Module(weight=np.arange(6.0).reshape(2, 3), bias=np.ones(2, np.float32))
    with pytest.raises(FileNotFoundError, match="mlff distill --teacher orb"):
        DistilledOrbCalculator(teacher)
    settings = {"arguments": {"dispersion": "d3"}, "licence": "Apache-2.0", "commercial": "yes"}
    identity = matching.identity_of("orb", matching.digest_of(teacher), *settings.values())
    folder = shelf / "shelf"
    folder.mkdir()
    (folder / "mine.safetensors").write_bytes(with_teacher(copper.read_bytes(), settings | {"name": "orb:x", "identity": identity}))
    (folder / "not mine.safetensors").write_bytes(copper.read_bytes())
    calc = DistilledOrbCalculator(teacher, None, device="cpu")
    assert Path(calc.student.path).stem == "mine"
    assert np.array_equal(calc.get_forces(crystal), StudentCalculator(copper).get_forces(crystal))
    holder = type("Holder", (), {"models": [teacher]})()
    assert matching.digest_of(holder) == matching.digest_of(teacher)
    # labelled in single precision, loaded in double: the same teacher
    single, double = (Module(weight=np.arange(6).astype(kind)) for kind in (np.float32, np.float64))
    identity = matching.identity_of("orb", matching.digest_of(single), *settings.values())
    (folder / "single.safetensors").write_bytes(with_teacher(copper.read_bytes(), settings | {"name": "orb:y", "identity": identity}))
    assert Path(DistilledOrbCalculator(double).student.path).stem == "single"
    teacher.tensors["bias"] = np.zeros(2, np.float32)
    with pytest.raises(FileNotFoundError):
        DistilledOrbCalculator(teacher)
    with pytest.raises(TypeError, match="int is neither"):
        DistilledOrbCalculator(3)


def test_a_student_of_another_teacher_is_said_once(shelf, copper):
    path = shelf / "x.safetensors"
    path.write_bytes(with_teacher(copper.read_bytes(), {"name": "fennol:ani1ccx", "identity": "", "licence": "MIT", "commercial": "yes"}))
    with pytest.warns(DistilledNote, match="learned from fennol") as heard:
        DistilledOrbCalculator(path), DistilledOrbCalculator(path)
    assert len(heard) == 1


@pytest.mark.parametrize("kind", CLASSES.values())
def test_copies(kind, copper, crystal):
    calc = quiet(kind, copper, precision="float64")
    forces = calc.get_forces(crystal)
    for twin in (pickle.loads(pickle.dumps(calc)), copy.deepcopy(calc), copy.copy(calc)):
        assert type(twin) is kind and np.array_equal(twin.get_forces(crystal), forces)


@pytest.mark.parametrize("make,package,extra", [("OrbCalculator", "orb_models", "orb"), ("FeNNolCalculator", "fennol", "fennol")])
def test_missing_teachers_say_what_to_install(make, package, extra):
    if importlib.util.find_spec(package):
        pytest.skip(f"{package} is installed")
    with pytest.raises(ModuleNotFoundError, match=rf"mlff-distiller\[{extra}\]"):
        getattr(calculators, make)("x")
