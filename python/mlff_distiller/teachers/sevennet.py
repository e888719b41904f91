"""SevenNet (Y. Park et al., J. Chem. Theory Comput. 20, 4857, 2024): ``sevennet:7net-0``, or a checkpoint file.

Models of several fidelities need ``?modal=``, such as ``sevennet:7net-mf-ompa?modal=mpa``.
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from ..worker import TeacherError
from . import refuse, require, torchlike, version
from .ase import AseTeacher


def create(target: str, arguments: dict[str, str], threads: int) -> AseTeacher:
    refuse("sevennet", arguments, "modal", "device")
    require("sevenn", "sevenn")
    device = torchlike.prepare(threads, arguments)
    try:
        from sevenn.calculator import SevenNetCalculator
    except ImportError:
        from sevenn.sevennet_calculator import SevenNetCalculator
    modal = arguments.get("modal")
    try:
        calculator = SevenNetCalculator(target, device=device, modal=modal)
    except ValueError as e:  # no such name or modal; it lists those that there are
        raise TeacherError(str(e), "name a checkpoint file or a model of the package, and one of its modals with ?modal=") from None
    if modal and getattr(calculator, "modal", modal) != modal:  # it would be ignored
        raise TeacherError(f"{target} has no modals", f"leave out ?modal={modal}")
    licence = licence_of(target)
    return AseTeacher(calculator, {
        "package": "sevenn", "version": version("sevenn"), "device": device, "parameters": torchlike.digest(calculator.model),
        "elements": sorted(int(z) for z in calculator.type_map) or None, "arguments": {"modal": modal} if modal else {},
        "licence": licence, "commercial": "yes" if licence == "MIT" else "unknown",
        "citation": "Y. Park, J. Kim, S. Hwang and S. Han, J. Chem. Theory Comput. 20, 4857 (2024)",
        "note": "" if licence == "MIT" else "SevenNet's models carry licences of their own: state it with ?licence=...&commercial=yes|no",
    })  # fmt: skip


def licence_of(target: str) -> str:
    """The licence that the package states, for weights that come inside it; of others nobody knows."""
    try:
        from sevenn.util import pretrained_name_to_path

        weights = Path(pretrained_name_to_path(target))
        package = importlib.metadata.distribution("sevenn")
        if Path(target).is_file() or weights not in {Path(file.locate()) for file in package.files or []}:
            return "unknown"
        stated = (package.metadata["License"] or "unknown").splitlines()[0]
    except (ImportError, ValueError):
        return "unknown"
    return "MIT" if stated.startswith("MIT") else stated
