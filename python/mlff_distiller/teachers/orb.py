"""Orb (M. Neumann et al., arXiv:2410.22570, 2024; B. Rhodes et al., arXiv:2504.06231, 2025), of both generations of the package.

``orb:orb-v3-conservative-inf-omat``, or a file of finetuned weights with ``?base=NAME`` of the model it started from.
"Direct" models, among them all of v2, predict forces beside the energy: they are not its gradient.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from ..worker import Frame, TeacherError
from . import PACKAGES, refuse, require, torchlike, version
from .ase import AseTeacher

INSTALL = PACKAGES["orb"][1]
PRECISIONS = ("float32-high", "float32-highest", "float64")


class OrbTeacher(AseTeacher):
    """Orb models of molecules are told charge and multiplicity through the structure."""

    charge, spin = 0, 1

    def structure(self, frame: Frame) -> Any:
        atoms = super().structure(frame)
        atoms.info |= {"charge": self.charge, "spin": self.spin}
        return atoms


def create(target: str, arguments: dict[str, str], threads: int) -> OrbTeacher:
    refuse("orb", arguments, "precision", "base", "charge", "spin", "device")
    precision = arguments.get("precision", "float32-highest")
    if precision not in PRECISIONS:
        raise TeacherError(f"precision={precision}", "it is one of " + ", ".join(PRECISIONS))
    pretrained = require("orb_models.forcefield.pretrained", INSTALL)
    device = torchlike.prepare(threads, arguments)
    from_file = Path(target).is_file()
    name = arguments.get("base", "orb-v3-conservative-inf-omat") if from_file else target
    make = pretrained.ORB_PRETRAINED_MODELS.get(name)
    if make is None:
        raise TeacherError(f"this orb-models has no model {name}", "it has " + ", ".join(sorted(pretrained.ORB_PRETRAINED_MODELS)))
    wanted = {"device": device, "precision": precision, "compile": False} | ({"weights_path": target} if from_file else {})
    made = make(**supported(make, wanted))
    model, *adapter = made if isinstance(made, tuple) else (made,)  # newer ones come with an adapter of structures
    model = model.eval()
    teacher = OrbTeacher(calculator(model, adapter, device), {})
    teacher.charge, teacher.spin = int(arguments.get("charge", "0")), int(arguments.get("spin", "1"))
    conservative = bool(getattr(teacher.calculator, "conservative", False))
    teacher.info |= {
        "package": "orb-models", "version": version("orb-models"), "device": device, "conservative": conservative,
        "parameters": torchlike.digest(model), "elements": list(range(1, 119)), "energies": False,
        "arguments": {"model": name, "precision": precision, "charge": str(teacher.charge), "spin": str(teacher.spin)},
        "licence": "unknown" if from_file else "Apache-2.0", "commercial": "unknown" if from_file else "yes",
        "citation": "M. Neumann et al., arXiv:2410.22570 (2024); B. Rhodes et al., arXiv:2504.06231 (2025)",
        "note": "the licence of finetuned weights is their author's: state it with ?licence=...&commercial=yes|no" if from_file else "",
    }  # fmt: skip
    return teacher


def supported(make: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    """Those arguments that this generation of the package takes."""
    known = inspect.signature(make).parameters
    if any(p.kind == p.VAR_KEYWORD for p in known.values()):
        return wanted
    return {key: value for key, value in wanted.items() if key in known}


def calculator(model: Any, adapter: list[Any], device: str) -> Any:
    try:
        from orb_models.forcefield.inference.calculator import ORBCalculator
    except ImportError:
        from orb_models.forcefield.calculator import ORBCalculator
    return ORBCalculator(model, *adapter, device=device)
