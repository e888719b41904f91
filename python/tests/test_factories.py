"""The factories of teachers against the calculators of their packages, where those are installed."""

from __future__ import annotations

import io
import os
import re

import numpy as np
import pytest
import upstream
from ase import Atoms
from ase.build import molecule
from ase.io import read
from mlff_distiller import teachers, worker
from mlff_distiller.calculators import matching

DATA = upstream.DATA / "ani1ccx"


def frame(atoms: Atoms) -> worker.Frame:
    cell = " ".join(map(repr, atoms.cell.array.ravel().tolist()))
    pbc = " ".join("FT"[int(p)] for p in atoms.pbc)
    lines = [f"{s} {x!r} {y!r} {z!r}" for s, (x, y, z) in zip(atoms.get_chemical_symbols(), atoms.positions.tolist(), strict=True)]
    return worker.Frame(f'Lattice="{cell}" Properties=species:S:1:pos:R:3 pbc="{pbc}"', lines)


@pytest.fixture(params=upstream.ALL, scope="module")
def real(request, tmp_path_factory):
    """A teacher and its upstream calculator."""
    with upstream.small_orb():
        yield upstream.ALL[request.param](tmp_path_factory.mktemp("teachers"))


@pytest.fixture(scope="module")
def teacher(real):
    return teachers.open_teacher(real.kind, real.target, real.arguments, 1)


def labelled(teacher, *structures: Atoms) -> list[Atoms]:
    """Labels as the command reads them: extended XYZ."""
    answers = teacher.label([frame(atoms) for atoms in structures])
    text = "".join(worker.labelled(frame(atoms), answer) for atoms, answer in zip(structures, answers, strict=True))
    return read(io.StringIO(text), ":", format="extxyz")


def test_labels_are_those_of_upstream(real, teacher):
    """Periodic and open structures of several sizes, mixed: the numbers of the package's own calculator, in its units."""
    small = upstream.crystal(real.symbols)
    large = small * (2, 1, 1)
    large.rattle(0.03, seed=4)
    pair = Atoms(small[:3], pbc=False, cell=[20, 20, 20])  # CHGNet itself wants a cell
    structures = [small, pair, large]
    for atoms, label in zip(structures, labelled(teacher, *structures), strict=True):
        # The same sums, in batches in another order: some roundings of single precision, 6e-8, of energies of at most
        # 2 eV for each of 12 atoms, forces of a few eV/Å, and virials of a few eV over 40 Å^3.
        theirs = real.of(atoms)
        assert label.get_potential_energy() == pytest.approx(theirs.get_potential_energy(atoms), abs=2e-5, rel=1e-6)
        assert np.allclose(label.get_forces(), theirs.get_property("forces", atoms), rtol=0, atol=1e-5)
        if atoms.pbc.all():
            assert np.allclose(label.get_stress(), worker.voigt(theirs.get_property("stress", atoms)), rtol=0, atol=1e-6)


def test_labels_do_not_depend_on_how_a_lattice_is_written(real, teacher):
    """The same crystal with a cell of negative volume, and an open structure without a cell."""
    atoms = upstream.crystal(real.symbols)
    mirrored = atoms.copy()
    mirrored.set_cell(atoms.cell.array[[1, 0, 2]])
    here, there = labelled(teacher, atoms, mirrored)
    # roundings of single precision as above; the direct model of Orb sorts its neighbours by cell
    tolerance = 1e-5 if real.gradient else 2e-3
    assert np.allclose(here.get_forces(), there.get_forces(), rtol=0, atol=tolerance)
    assert np.allclose(here.get_stress(), there.get_stress(), rtol=0, atol=tolerance)
    bare, boxed = Atoms(atoms, pbc=False, cell=None), Atoms(atoms, pbc=False, cell=[30, 31, 32])
    here, there = labelled(teacher, bare, boxed)
    assert np.allclose(here.get_forces(), there.get_forces(), rtol=0, atol=1e-5)
    assert here.get_potential_energy() == pytest.approx(there.get_potential_energy(), abs=2e-5, rel=1e-6)


def test_what_is_known_of_a_teacher(real, teacher):
    info = teacher.info
    assert info["stress"] and info["conservative"] == real.gradient and re.fullmatch("[0-9a-f]{64}", info["parameters"])
    assert info["elements"] is None or set(upstream.crystal(real.symbols).numbers) <= set(info["elements"])
    assert info["arguments"].items() >= {k: v for k, v in real.arguments.items() if k in ("modal", "head")}.items()
    known = {"7net-0": ("MIT", "yes"), "7net-mf-0": ("MIT", "yes"), "0.3.0": ("BSD-3-Clause", "yes")}
    assert (info["licence"], info["commercial"]) == known.get(real.target, ("unknown", "unknown"))
    assert info["version"] and bool(info["note"]) == (info["licence"] == "unknown")


def test_a_loaded_teacher_is_recognised(real, teacher, tmp_path, monkeypatch):
    """Other weights are another teacher."""
    assert matching.digest_of(real.calculator) == teacher.info["parameters"] or real.kind == "fennol"  # which digests its settings, too
    arguments, licence, commercial = (teacher.info[k] for k in ("arguments", "licence", "commercial"))
    identity = matching.identity_of(real.kind, matching.digest_of(real.calculator), arguments, licence, commercial)
    metadata = {"teacher": {"identity": identity, "arguments": arguments, "licence": licence, "commercial": commercial}}
    monkeypatch.setattr(matching.students, "registered_files", lambda: [tmp_path])
    monkeypatch.setattr(matching.students, "metadata", lambda path: metadata)
    assert matching.student_of(real.calculator, real.kind) == tmp_path
    model = getattr(real.calculator, "model", None)
    if hasattr(model, "parameters"):  # a module of torch
        weight = next(p for p in model.parameters() if p.numel()).data.view(-1)
        kept, weight[0] = weight[0].clone(), weight[0] + 1
        assert matching.student_of(real.calculator, real.kind) is None
        weight[0] = kept


def test_arguments_that_would_be_replaced_are_refused(real, teacher):
    key, value = upstream.REFUSED[real.kind].split("=")
    with pytest.raises(worker.TeacherError) as refused:
        teachers.open_teacher(real.kind, real.target, real.arguments | {key: value}, 1)
    assert value in str(refused.value) or key in str(refused.value)
    assert refused.value.hint


def test_models_that_are_not_there(real, teacher):
    with pytest.raises(worker.TeacherError) as refused:
        teachers.open_teacher(real.kind, "no-such-model", {}, 1)
    assert "no-such-model" in str(refused.value) and refused.value.hint


@pytest.mark.parametrize("periodic", [False, True])
def test_fennol_ensembles_are_the_mean_of_their_members(periodic):
    pytest.importorskip("fennol")
    files = [str(DATA / f"ani1ccx_model{k}.fnx") for k in range(2)]
    if not all(map(os.path.isfile, files)):
        pytest.skip("MLFF_DATA is unset or has no ani1ccx")
    from fennol.ase import FENNIXCalculator

    atoms = molecule("CH3CH2OH")
    atoms.rattle(0.05, seed=1)
    if periodic:
        atoms.set_cell([[7.0, 0, 0], [0.5, 8, 0], [0, 0.3, 7.5]])
        atoms.pbc = True
    teacher = teachers.open_teacher("fennol", ",".join(files), {}, 1)
    assert teacher.together and teacher.info["elements"] == [1, 6, 7, 8]
    labels = teacher.label([frame(atoms)])[0]
    members = []
    for file in files:
        atoms.calc = FENNIXCalculator(model=file, use_float64=True)
        members.append((atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress() if periodic else np.zeros(6)))
    energies, forces, stresses = (np.array(x) for x in zip(*members, strict=True))
    # Sums in another order: 1e-15 of 4000 eV; parameters are single precision in both.
    assert labels["energy"] == pytest.approx(energies.mean(), abs=1e-9)
    assert np.allclose(labels["forces"], forces.mean(axis=0), rtol=0, atol=1e-9)
    assert labels["spread"] == pytest.approx(np.sqrt(forces.var(axis=0).sum(axis=1)).max(), rel=1e-9)
    if periodic:
        assert np.allclose(worker.voigt(labels["stress"]), stresses.mean(axis=0), rtol=0, atol=1e-10)
    one = teachers.open_teacher("fennol", files[0], {}, 1)
    assert one.info["parameters"] != teacher.info["parameters"] and "spread" not in one.label([frame(atoms)])[0]
