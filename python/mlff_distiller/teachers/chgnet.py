"""CHGNet (B. Deng et al., Nature Machine Intelligence 5, 1031, 2023): ``chgnet:0.3.0``, or a file of saved weights."""

from __future__ import annotations

from pathlib import Path

from . import refuse, require, torchlike, version
from .ase import AseTeacher


def create(target: str, arguments: dict[str, str], threads: int) -> AseTeacher:
    refuse("chgnet", arguments, "device")
    require("chgnet", "chgnet")
    device = torchlike.prepare(threads, arguments)
    from chgnet.model.dynamics import CHGNetCalculator
    from chgnet.model.model import CHGNet

    from_file = Path(target).is_file()
    model = CHGNet.from_file(target) if from_file else CHGNet.load(model_name=target, use_device=device, verbose=False)
    calculator = CHGNetCalculator(model=model, use_device=device, on_isolated_atoms="ignore")
    return AseTeacher(calculator, {
        "package": "chgnet", "version": version("chgnet"), "device": device, "parameters": torchlike.digest(model), "energies": False,
        "elements": list(range(1, 95)), "arguments": {"model": "file" if from_file else target},
        "licence": "unknown" if from_file else "BSD-3-Clause", "commercial": "unknown" if from_file else "yes",
        "citation": "B. Deng et al., Nat. Mach. Intell. 5, 1031 (2023)",
    })  # fmt: skip
