"""CHGNet (B. Deng et al., Nature Machine Intelligence 5, 1031, 2023): ``chgnet:0.3.0``, or a file of saved weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..worker import Frame, TeacherError
from . import refuse, require, torchlike, version
from .ase import AseTeacher


class ChgnetTeacher(AseTeacher):
    """CHGNet divides by all three vectors of a cell, those of open directions too, which do not matter otherwise."""

    def structure(self, frame: Frame) -> Any:
        if any(p and not any(v) for p, v in zip(frame.pbc, frame.cell, strict=True)):
            raise ValueError("the structure is periodic in a direction without a lattice vector")
        atoms = super().structure(frame)
        atoms.cell = atoms.cell.complete()
        return atoms


def create(target: str, arguments: dict[str, str], threads: int) -> ChgnetTeacher:
    refuse("chgnet", arguments, "device")
    require("chgnet", "chgnet")
    device = torchlike.prepare(threads, arguments)
    from chgnet.model.dynamics import CHGNetCalculator
    from chgnet.model.model import CHGNet

    from_file = Path(target).is_file()
    try:
        model = CHGNet.from_file(target) if from_file else CHGNet.load(model_name=target, use_device=device, verbose=False)
    except ValueError as e:
        raise TeacherError(str(e), "name a file of weights or a model of the package, such as 0.3.0") from None
    calculator = CHGNetCalculator(model=model, use_device=device, on_isolated_atoms="ignore")
    return ChgnetTeacher(calculator, {
        "package": "chgnet", "version": version("chgnet"), "device": device, "parameters": torchlike.digest(model), "energies": False,
        "elements": list(range(1, 95)), "arguments": {},
        "licence": "unknown" if from_file else "BSD-3-Clause", "commercial": "unknown" if from_file else "yes",
        "citation": "B. Deng et al., Nat. Mach. Intell. 5, 1031 (2023)",
        "note": "the licence of finetuned weights is their author's: state it with ?licence=...&commercial=yes|no" if from_file else "",
    })  # fmt: skip
