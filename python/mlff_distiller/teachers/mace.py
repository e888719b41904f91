"""MACE (I. Batatia et al., NeurIPS 2022): ``mace:FILE``, with ``?head=`` for models of several heads, in float64."""

from __future__ import annotations

from pathlib import Path

from ..worker import TeacherError
from . import refuse, require, torchlike, version
from .ase import AseTeacher


def create(target: str, arguments: dict[str, str], threads: int) -> AseTeacher:
    refuse("mace", arguments, "head", "dtype", "device")
    dtype = torchlike.precision(arguments, "float64")
    if not Path(target).is_file():
        raise TeacherError(f"there is no file {target}", "name the file of a MACE model")
    require("mace", "mace-torch")
    device = torchlike.prepare(threads, arguments)
    from mace.calculators import MACECalculator

    options = {"head": arguments["head"]} if "head" in arguments else {}
    try:
        calculator = MACECalculator(model_paths=[target], device=device, default_dtype=dtype, **options)
    except ValueError as e:  # several heads, none of them the default
        raise TeacherError(str(e), "name one with ?head=") from None
    heads = getattr(calculator, "available_heads", [])
    if options and options["head"] not in heads:  # it would be replaced by another
        raise TeacherError(f"the model has no head {options['head']}", "it has " + ", ".join(heads))
    numbers = getattr(calculator, "z_table", None)
    return AseTeacher(calculator, {
        "package": "mace-torch", "version": version("mace-torch"), "device": device, "parameters": torchlike.digest(calculator.models[0]), "energies": False,
        "elements": sorted(int(z) for z in numbers.zs) if numbers is not None else None, "arguments": {"dtype": dtype} | options,
        "citation": "I. Batatia et al., NeurIPS 35, 11423 (2022); and the paper of the model",
        "note": "MACE-MP models are under MIT, MACE-OFF for academic use only: state it with ?licence=...&commercial=yes|no",
    })  # fmt: skip
