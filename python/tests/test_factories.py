"""The factories of teachers against the calculators of their packages, where those are installed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from mlff_distiller import teachers, worker

DATA = Path(os.environ.get("MLFF_DATA", "nowhere")) / "ani1ccx"


def frame(atoms: Atoms) -> worker.Frame:
    cell = " ".join(map(repr, atoms.cell.array.ravel().tolist()))
    pbc = " ".join("FT"[int(p)] for p in atoms.pbc)
    lines = [f"{s} {x!r} {y!r} {z!r}" for s, (x, y, z) in zip(atoms.get_chemical_symbols(), atoms.positions.tolist(), strict=True)]
    return worker.Frame(f'Lattice="{cell}" pbc="{pbc}"', lines)


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
