"""SevenNet (Y. Park et al., J. Chem. Theory Comput. 20, 4857, 2024): ``sevennet:7net-0``, or a checkpoint file.

Models of several fidelities need ``?modal=``, such as ``sevennet:7net-mf-ompa?modal=mpa``.
"""

from __future__ import annotations

from pathlib import Path

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
    options = {"modal": arguments["modal"]} if "modal" in arguments else {}
    calculator = SevenNetCalculator(target, device=device, **options)
    known = sorted(int(z) for z in getattr(calculator, "type_map", {}))
    return AseTeacher(calculator, {
        "package": "sevenn", "version": version("sevenn"), "device": device, "parameters": torchlike.digest(calculator.model),
        "elements": known or None, "arguments": {"model": "file" if Path(target).is_file() else target} | options,
        "citation": "Y. Park, J. Kim, S. Hwang and S. Han, J. Chem. Theory Comput. 20, 4857 (2024)",
        "note": "the code is under GPL-3.0; SevenNet's models carry licences of their own: state it with ?licence=...&commercial=yes|no",
    })  # fmt: skip
