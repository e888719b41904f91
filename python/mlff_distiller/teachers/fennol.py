"""FeNNol models (T. Plé, O. Adjoua, L. Lagardère and J.-P. Piquemal, J. Chem. Phys. 161, 042502, 2024), in float64.

``fennol:a.fnx,b.fnx`` is an ensemble: its labels are the members' mean, its spread the largest standard deviation of a
force. Members of one architecture are evaluated together, in one compiled function.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from ..worker import Frame, TeacherError
from . import PACKAGES, identity, refuse, require, version

INSTALL = PACKAGES["fennol"][1]


class FennolTeacher:
    def __init__(self, files: list[str], charge: int, terms: list[str] | None) -> None:
        import jax
        import numpy
        from ase.data import atomic_numbers
        from ase.units import Hartree
        from fennol import FENNIX
        from fennol.utils.atomic_units import au

        self.np, self.numbers, self.charge = numpy, atomic_numbers, charge
        self.models = [FENNIX.load(file) for file in files]
        for model in self.models:
            if terms:
                model.set_energy_terms(terms)
            model.preproc_state = roomier(model.preproc_state)
        first = self.models[0]
        self.units = [Hartree / au.get_multiplier(model.energy_unit) for model in self.models]
        self.together = len({layout(jax, model) for model in self.models}) == 1
        self.parameters = [model.variables for model in self.models]
        if self.together:
            stacked = jax.tree_util.tree_map(lambda *leaves: numpy.stack(leaves), *self.parameters)
            self.parameters = jax.tree_util.tree_map(jax.numpy.asarray, stacked)
            self.free = jax.jit(jax.vmap(lambda v, x: first._energy_and_forces(v, x)[:2], in_axes=(0, None)))
            self.periodic = jax.jit(jax.vmap(lambda v, x: first._energy_and_forces_and_virial(v, x)[:3], in_axes=(0, None)))

    def label(self, frames: list[Frame]) -> list[dict[str, Any]]:
        return [self.label_one(frame) for frame in frames]

    def label_one(self, frame: Frame) -> dict[str, Any]:
        """Mean labels of the members and, where there are several, their spread."""
        periodic = all(frame.pbc)
        if any(frame.pbc) and not periodic:
            raise ValueError("FeNNol knows structures periodic in all directions or in none")
        energies, forces, stresses = (self.np.array(x) for x in zip(*self.members(self.raw(frame, periodic), periodic), strict=True))
        labels = {"energy": energies.mean(), "forces": forces.mean(axis=0)}
        if periodic:
            stress = stresses.mean(axis=0) / abs(self.np.linalg.det(self.np.array(frame.cell)))
            labels["stress"] = (stress + stress.T) / 2
        if len(energies) > 1:
            labels["spread"] = self.np.sqrt(forces.var(axis=0).sum(axis=-1)).max()
        return labels

    def raw(self, frame: Frame, periodic: bool) -> dict[str, Any]:
        """The inputs of FeNNol: species [N], coordinates [N, 3] Å, cells [1, 3, 3]."""
        np = self.np
        inputs = {
            "species": np.array([self.numbers[s] for s in frame.symbols], dtype=np.int32),
            "coordinates": np.array(frame.positions, dtype=np.float64),
            "natoms": np.array([len(frame)], dtype=np.int32),
            "batch_index": np.zeros(len(frame), dtype=np.int32),
            "total_charge": np.array([self.charge], dtype=np.int32),
        }
        if periodic:
            cell = np.array(frame.cell, dtype=np.float64)
            inputs |= {"cells": cell[None], "reciprocal_cells": np.linalg.inv(cell)[None]}
        return inputs

    def members(self, raw: dict[str, Any], periodic: bool) -> list[tuple[Any, Any, Any]]:
        """Energy [eV], forces [eV/Å] and dE/dstrain [eV] of every member; zero where nothing is periodic."""
        if self.together:
            inputs = self.models[0].preprocess(**raw)
            out = [self.np.asarray(x) for x in (self.periodic if periodic else self.free)(self.parameters, inputs)]
            per_member = [tuple(x[k] for x in out) for k in range(len(self.models))]
        else:
            per_member = [self.member(model, raw, periodic) for model in self.models]
        return [
            (unit * float(m[0][0]), unit * m[1][: len(raw["species"])], unit * m[2][0] if periodic else self.np.zeros((3, 3)))
            for unit, m in zip(self.units, per_member, strict=True)
        ]

    def member(self, model: Any, raw: dict[str, Any], periodic: bool) -> tuple[Any, ...]:
        inputs = model.preprocess(**raw)
        function = model._energy_and_forces_and_virial if periodic else model._energy_and_forces
        return tuple(self.np.asarray(x) for x in function(model.variables, inputs)[: 3 if periodic else 2])


def layout(jax: Any, model: Any) -> str:
    """Equal for models that differ in the values of their parameters only."""
    leaves, tree = jax.tree_util.tree_flatten(model.variables)
    shapes = [(leaf.shape, str(leaf.dtype)) if hasattr(leaf, "shape") else repr(leaf) for leaf in leaves]
    settings = sorted((k, v) for k, v in identity.flatten(getattr(model, "_input_args", id(model))) if "self_energy/value" not in k)
    return repr((tree, shapes, settings, model.energy_unit, model.energy_terms))


# Neighbour lists are this much longer than the first structure needs: each time they grow, everything is compiled anew.
ROOM = 1.3


def roomier(state: Any) -> Any:
    """The state of FeNNol's preprocessing with more room in its lists."""
    if hasattr(state, "items"):
        return type(state)({k: max(v, ROOM) if k == "nblist_mult_size" else roomier(v) for k, v in state.items()})
    return type(state)(roomier(v) for v in state) if isinstance(state, list | tuple) else state


def elements(model: Any) -> list[int] | None:
    """Atomic numbers that a model lists; None where it lists none."""
    from ase.data import atomic_numbers

    for path, value in tree_with_lists(getattr(model, "_input_args", {})):
        if path.endswith("/species_order"):
            symbols = [value] if isinstance(value, str) else list(value)
            if all(s in atomic_numbers for s in symbols):
                return sorted(atomic_numbers[s] for s in symbols)
    return None


def tree_with_lists(tree: Any, prefix: str = "") -> Any:
    if hasattr(tree, "items"):
        for key, value in tree.items():
            yield from tree_with_lists(value, f"{prefix}/{key}")
    else:
        yield prefix, tree


def keep_compiled(jax: Any) -> None:
    """Compiled functions are kept for the other workers and the next time: they take 10 s for each number of atoms."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mlff" / "jax"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)


def create(target: str, arguments: dict[str, str], threads: int) -> FennolTeacher:
    refuse("fennol", arguments, "energy_terms", "charge", "device")
    files = target.split(",")
    for file in files:
        if not Path(file).is_file():
            raise TeacherError(f"there is no file {file}", "name the .fnx files of the model, separated by commas")
    jax = require("jax", INSTALL)
    jax.config.update("jax_enable_x64", True)
    keep_compiled(jax)
    if (device := arguments.get("device")) is not None:
        jax.config.update("jax_platforms", {"cuda": "cuda,cpu"}.get(device, device))
    require("fennol", INSTALL)
    require("ase", INSTALL)
    terms = arguments["energy_terms"].split(",") if "energy_terms" in arguments else None
    teacher = FennolTeacher(files, int(arguments.get("charge", "0")), terms)
    leaves = [leaf for k, model in enumerate(teacher.models) for leaf in identity.flatten(model.variables, str(k))]
    settings = [leaf for k, model in enumerate(teacher.models) for leaf in identity.flatten(getattr(model, "_input_args", {}), f"settings/{k}")]
    known = [elements(model) for model in teacher.models]
    teacher.info = {
        "package": "fennol", "version": version("fennol"), "device": jax.default_backend(), "stress": True,
        "elements": sorted(set.intersection(*map(set, known))) if all(known) else None,
        "parameters": identity.digest(leaves + settings),
        "arguments": {"dtype": "float64", "charge": str(teacher.charge), "energy_terms": ",".join(teacher.models[0].energy_terms or [])},
        "citation": "T. Plé, O. Adjoua, L. Lagardère, J.-P. Piquemal, J. Chem. Phys. 161, 042502 (2024); and the paper of the model",
        "note": "FeNNol models carry licences of their own, some for academic use only: state it with ?licence=...&commercial=yes|no",
    }  # fmt: skip
    return teacher
