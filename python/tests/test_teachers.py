"""Real teachers, where they are installed: `make test-teachers`."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule

from mlff_distiller.calculators import DistilledFeNNolCalculator, FeNNolCalculator, FeNNolTeacherCalculator, OrbCalculator, OrbTeacherCalculator, matching


@pytest.fixture(scope="module")
def ani1ccx():
    """The eight networks of ANI-1ccx."""
    pytest.importorskip("fennol")
    folder = Path(os.environ.get("MLFF_DATA", "nowhere")) / "ani1ccx"
    files = sorted(folder.glob("*.fnx"))
    if not files:
        pytest.skip("MLFF_DATA is unset or has no ani1ccx")
    return files


@pytest.fixture
def ethanol():
    return molecule("CH3CH2OH")


def test_fennol_gives_what_upstream_gives(ani1ccx, ethanol):
    from fennol.ase import FENNIXCalculator

    ours, theirs = FeNNolCalculator(ani1ccx[0]), FENNIXCalculator(str(ani1ccx[0]), use_float64=True)
    assert ours.get_potential_energy(ethanol) == theirs.get_potential_energy(ethanol)
    assert np.array_equal(ours.get_forces(ethanol), theirs.get_forces(ethanol))
    # single precision: energies of 4000 eV round to 5e-4 eV
    assert abs(FeNNolTeacherCalculator(ani1ccx[0]).get_potential_energy(ethanol) - ours.get_potential_energy(ethanol)) < 1e-2


def test_fennol_in_a_box(ani1ccx, ethanol):
    ethanol.set_cell([9.0, 9.0, 9.0])
    ethanol.center()
    ethanol.pbc = True
    calc = FeNNolCalculator(ani1ccx[0])
    stress = calc.get_stress(ethanol)
    h = 1e-4  # truncation ~ h² times third derivatives of 1e2 eV over the volume of 700 Å^3: 1e-9
    energies = []
    for sign in (1, -1):
        strained = ethanol.copy()
        strained.set_cell(ethanol.cell.array @ np.diag([1 + sign * h, 1, 1]), scale_atoms=True)
        energies.append(calc.get_potential_energy(strained))
    assert abs((energies[0] - energies[1]) / (2 * h) / ethanol.get_volume() - stress[0]) < 1e-6


def test_fennol_teacher_has_an_identity(ani1ccx):
    first, second = FeNNolCalculator(ani1ccx[0]), FeNNolCalculator(ani1ccx[1])
    assert len(matching.digest_of(first)) == 64
    assert matching.digest_of(first) == matching.digest_of(first.model) != matching.digest_of(second)
    with pytest.raises(FileNotFoundError, match="mlff distill --teacher fennol"):
        DistilledFeNNolCalculator(first.model)


def test_orb_through_its_loader(tmp_path, monkeypatch):
    """A small architecture with random weights in the place of a published one: the loader is orb-models' own."""
    torch = pytest.importorskip("torch")
    pretrained = pytest.importorskip("orb_models.forcefield.pretrained")
    architecture = pretrained.orb_v3_conservative_architecture
    import functools
    import inspect

    small = {"latent_dim": 16, "base_mlp_hidden_dim": 16, "head_mlp_hidden_dim": 16, "num_message_passing_steps": 2, "base_mlp_depth": 1, "head_mlp_depth": 1}
    small = {k: v for k, v in small.items() if k in inspect.signature(architecture).parameters}
    monkeypatch.setattr(pretrained, "orb_v3_conservative_architecture", functools.partial(architecture, **small))
    torch.manual_seed(0)
    weights = tmp_path / "weights.ckpt"
    torch.save(pretrained.orb_v3_conservative_architecture(device="cpu").state_dict(), weights)
    calc = OrbCalculator("orb-v3-conservative-20-omat", weights_path=weights)
    atoms = Atoms("Cu4", cell=[3.6] * 3, pbc=True, scaled_positions=[(0, 0, 0), (0.5, 0.5, 0), (0.5, 0, 0.5), (0.02, 0.5, 0.5)])
    forces = calc.get_forces(atoms)
    loaded = pretrained.orb_v3_conservative_20_omat(weights_path=str(weights), device="cpu", compile=False)
    assert np.allclose(OrbTeacherCalculator(loaded, device="cpu").get_forces(atoms), forces)
    with pytest.raises(ValueError, match="orb-v3-conservative-inf-omat"):
        OrbCalculator("orb-v9")
