"""Any model that graph-pes can load (J. Gardner, github.com/jla-gardner/graph-pes): ``graphpes:FILE``."""

from __future__ import annotations

from pathlib import Path

from ..worker import TeacherError
from . import identity, refuse, require, torchlike, version
from .ase import AseTeacher


def create(target: str, arguments: dict[str, str], threads: int) -> AseTeacher:
    refuse("graphpes", arguments, "device", "dtype")
    if not Path(target).is_file():
        raise TeacherError(f"there is no file {target}", "name the .pt file of a model")
    require("graph_pes", "graph-pes")
    device = torchlike.prepare(threads, arguments)
    import torch
    from graph_pes.models import load_model

    dtype = arguments.get("dtype", "float32")
    model = load_model(target).to(device=device, dtype=getattr(torch, dtype)).eval()
    info = {
        "package": "graph-pes", "version": version("graph-pes"), "device": device, "stress": True, "energies": False,
        "parameters": torchlike.digest(model), "arguments": {"dtype": dtype},
        "citation": "J. Gardner, graph-pes; and the paper of the model",
        "note": "the licence of a model is its author's: state it with ?licence=...&commercial=yes|no",
    }  # fmt: skip
    known = getattr(model, "elements_seen", None)
    if known:
        from ase.data import atomic_numbers

        info["elements"] = sorted(atomic_numbers[s] for s in known)
    assert info["parameters"] != identity.digest([]), "a model without parameters"
    return AseTeacher(model.ase_calculator(), info)
