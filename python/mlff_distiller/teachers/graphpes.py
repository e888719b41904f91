"""Any model that graph-pes can load (J. Gardner, github.com/jla-gardner/graph-pes): ``graphpes:FILE``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..worker import Frame, TeacherError
from . import refuse, require, torchlike, version
from .ase import AseTeacher

BATCH = 8  # structures a call: more are no faster on a CPU


class GraphPesTeacher(AseTeacher):
    """Labels several structures, and all properties, in one evaluation; asked one by one, each would cost another."""

    def label(self, frames: list[Frame]) -> list[dict[str, Any]]:
        labels: list[dict[str, Any]] = [{} for _ in frames]
        for periodic in (True, False):  # what is open has no stress
            here = [k for k, frame in enumerate(frames) if all(frame.pbc) == periodic]
            wanted = ["energy", "forces", "stress"][: 3 if periodic else 2]
            answers = self.calculator.calculate_all([self.structure(frames[k]) for k in here], wanted, batch_size=BATCH)
            for k, answer in zip(here, answers, strict=True):
                labels[k] = {name: answer[name] for name in wanted}
        return labels


def create(target: str, arguments: dict[str, str], threads: int) -> GraphPesTeacher:
    refuse("graphpes", arguments, "device", "dtype")
    dtype = torchlike.precision(arguments, "float32")
    if not Path(target).is_file():
        raise TeacherError(f"there is no file {target}", "name the .pt file of a model")
    require("graph_pes", "graph-pes")
    device = torchlike.prepare(threads, arguments)
    import torch
    from ase.data import atomic_numbers
    from graph_pes.models import load_model

    model = load_model(target).to(device=device, dtype=getattr(torch, dtype)).eval()
    known = getattr(model, "elements_seen", None)
    return GraphPesTeacher(model.ase_calculator(skin=0.0), {
        "package": "graph-pes", "version": version("graph-pes"), "device": device, "stress": True, "energies": False,
        "parameters": torchlike.digest(model), "arguments": {"dtype": dtype}, "batch": BATCH,
        "elements": sorted(atomic_numbers[s] for s in known) if known else None,
        "citation": "J. Gardner, graph-pes; and the paper of the model",
        "note": "the licence of a model is its author's: state it with ?licence=...&commercial=yes|no",
    })  # fmt: skip
