"""Real teachers, small where there is a choice, each with the calculator of its own package beside it."""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

DATA = Path(os.environ.get("MLFF_DATA", "nowhere"))
REFUSED = {"sevennet": "modal=nowhere", "mace": "head=nowhere", "orb": "precision=float16", "graphpes": "dtype=float16", "chgnet": "modal=x", "fennol": "head=x"}


@dataclass
class Upstream:
    """``kind:target?arguments`` and what its package makes of the same."""

    kind: str
    target: str
    calculator: Any
    arguments: dict[str, str] = field(default_factory=dict)
    symbols: str = "NaCl"
    gradient: bool = True  # forces are that of the energy
    anew: Callable[[], Any] | None = None  # makes a calculator for one structure: this one does not notice all changes

    def of(self, atoms: Atoms) -> Any:
        """The upstream calculator for a structure."""
        return self.anew() if self.anew else self.calculator

    @property
    def name(self) -> str:
        query = "&".join(f"{k}={v}" for k, v in self.arguments.items())
        return f"{self.kind}:{self.target}" + (f"?{query}" if query else "")


def sevennet(folder: Path) -> Upstream:
    calculator = pytest.importorskip("sevenn.calculator").SevenNetCalculator
    return Upstream("sevennet", "7net-0", calculator("7net-0", device="cpu"))


def sevennet_of_several(folder: Path) -> Upstream:
    calculator = pytest.importorskip("sevenn.calculator").SevenNetCalculator
    return Upstream("sevennet", "7net-mf-0", calculator("7net-mf-0", device="cpu", modal="R2SCAN"), {"modal": "R2SCAN"})


def chgnet(folder: Path) -> Upstream:
    model = pytest.importorskip("chgnet.model.model").CHGNet.load(model_name="0.3.0", use_device="cpu", verbose=False)
    from chgnet.model.dynamics import CHGNetCalculator

    return Upstream("chgnet", "0.3.0", CHGNetCalculator(model=model, use_device="cpu", on_isolated_atoms="ignore"))


def mace(folder: Path, heads: tuple[str, ...] = ("Default",), seed: int = 0) -> Upstream:
    calculator = pytest.importorskip("mace.calculators").MACECalculator
    from e3nn import o3
    from mace import modules

    import torch

    torch.manual_seed(seed)
    several = {"atomic_inter_scale": [1.0, 2.0], "atomic_inter_shift": [0.0, 0.5]} if len(heads) > 1 else {"atomic_inter_scale": 1.0, "atomic_inter_shift": 0.0}
    block = modules.interaction_classes["RealAgnosticResidualInteractionBlock"]
    with double_precision():
        model = modules.ScaleShiftMACE(
            r_max=4.0, num_bessel=4, num_polynomial_cutoff=5, max_ell=2, interaction_cls=block, interaction_cls_first=block, num_interactions=2, num_elements=2,
            hidden_irreps=o3.Irreps("8x0e + 8x1o"), MLP_irreps=o3.Irreps("8x0e"), atomic_energies=np.array([[-1.0, -2.0]] * len(heads)).squeeze(),
            avg_num_neighbors=20.0, atomic_numbers=[11, 17], correlation=2, gate=torch.nn.functional.silu, radial_MLP=[16, 16], heads=list(heads), **several,
        )  # fmt: skip
    path = folder / f"{'-'.join(heads)}-{seed}.model"
    torch.save(model, path)
    arguments = {"head": heads[-1]} if len(heads) > 1 else {}
    with double_precision():
        return Upstream("mace", str(path), calculator(model_paths=[str(path)], device="cpu", default_dtype="float64", **arguments), arguments)


@contextlib.contextmanager
def double_precision():
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def graphpes(folder: Path) -> Upstream:
    models = pytest.importorskip("graph_pes.models")
    file = DATA / "water-painn" / "teacher-painn.pt"
    if not file.is_file():
        pytest.skip("MLFF_DATA is unset or has no water-painn")
    return Upstream("graphpes", str(file), models.load_model(file).ase_calculator(skin=0.0), symbols="OH")


def fennol(folder: Path) -> Upstream:
    calculator = pytest.importorskip("fennol.ase").FENNIXCalculator
    file = DATA / "ani1ccx" / "ani1ccx_model0.fnx"
    if not file.is_file():
        pytest.skip("MLFF_DATA is unset or has no ani1ccx")
    make = functools.partial(calculator, model=str(file), use_float64=True)
    return Upstream("fennol", str(file), make(), symbols="OH", anew=make)


def orb(folder: Path, architecture: str = "conservative", small: bool = True) -> Upstream:
    """An architecture of Orb with random weights: a file of finetuned weights of ``base``. A small one needs small_orb."""
    pretrained = pytest.importorskip("orb_models.forcefield.pretrained")
    import torch

    from mlff_distiller.calculators import OrbTeacherCalculator

    torch.manual_seed(0)
    path = folder / f"{architecture}.ckpt"
    model = getattr(pretrained, f"orb_v3_{architecture}_architecture")(device="cpu")
    torch.save(model.state_dict(), path)
    base = f"orb-v3-{architecture}-20-omat"
    loaded = pretrained.ORB_PRETRAINED_MODELS[base](weights_path=str(path), device="cpu", precision="float32-highest", compile=False)
    calculator = OrbTeacherCalculator(loaded, device="cpu")
    return Upstream("orb", str(path), calculator, {"base": base}, gradient=architecture == "conservative")


@contextlib.contextmanager
def small_orb():
    """Makes the architectures of orb-models small, in this process."""
    try:
        from orb_models.forcefield import pretrained
    except ImportError:
        yield
        return
    small = {"latent_dim": 16, "base_mlp_hidden_dim": 16, "head_mlp_hidden_dim": 16, "num_message_passing_steps": 2, "base_mlp_depth": 1, "head_mlp_depth": 1}
    with pytest.MonkeyPatch.context() as patch:
        for name in ("orb_v3_conservative_architecture", "orb_v3_direct_architecture"):
            architecture = getattr(pretrained, name)
            known = inspect.signature(architecture).parameters
            patch.setattr(pretrained, name, functools.partial(architecture, **{k: v for k, v in small.items() if k in known}))
        yield


ALL: dict[str, Callable[[Path], Upstream]] = {
    "sevennet": sevennet,
    "sevennet, modal": sevennet_of_several,
    "chgnet": chgnet,
    "mace": mace,
    "mace, head": functools.partial(mace, heads=("pbe", "scan")),
    "graphpes": graphpes,
    "fennol": fennol,
    "orb": orb,
    "orb, direct": functools.partial(orb, architecture="direct"),
}


def crystal(symbols: str) -> Atoms:
    """Two atoms, or three of water, in a skewed cell, off their places."""
    if symbols == "NaCl":
        atoms = bulk("NaCl", "rocksalt", 5.5)
    else:
        atoms = molecule("H2O", cell=[[5.0, 0, 0], [0.3, 5.2, 0], [0.2, -0.4, 5.4]], pbc=True)
    atoms.rattle(0.05, seed=1)
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + 0.02 * np.random.RandomState(2).normal(size=(3, 3))), scale_atoms=True)
    return atoms
