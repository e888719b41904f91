"""Any calculator of ASE: ``ase:module:factory`` or ``ase:file.py:factory``, called with the arguments of its name.

A factory may also return an object with a method ``label`` of its own (see the package), for which no ASE is needed.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import json
from pathlib import Path
from typing import Any

from ..worker import Frame, TeacherError
from . import identity, require, version


class AseTeacher:
    """Labels with a calculator, one structure at a time."""

    def __init__(self, calculator: Any, info: dict[str, Any], batch_name: str = "") -> None:
        from ase import Atoms

        self.calculator, self.atoms = calculator, Atoms
        properties = getattr(calculator, "implemented_properties", ["energy", "forces"])
        self.info = {"energy": "energy" in properties, "forces": "forces" in properties, "stress": "stress" in properties}
        self.info["energies"] = "energies" in properties
        self.info |= info

    def structure(self, frame: Frame) -> Any:
        """Right-handed: some packages give their stress the sign of the cell's volume, and the lattice is the same."""
        atoms = self.atoms(symbols=frame.symbols, positions=frame.positions, cell=frame.cell, pbc=frame.pbc)
        if atoms.cell.handedness < 0:
            atoms.set_cell(atoms.cell.array[[1, 0, 2]])
            atoms.pbc = atoms.pbc[[1, 0, 2]]
        return atoms

    def label(self, frames: list[Frame]) -> list[dict[str, Any]]:
        return [self.label_one(self.structure(frame)) for frame in frames]

    def label_one(self, atoms: Any) -> dict[str, Any]:
        """Energy, forces and, where it is periodic and the calculator knows it, stress."""
        labels = {}
        for name in ("forces", "energy", "stress", "energies"):
            if self.info[name] and (name != "stress" or all(atoms.pbc)):
                labels[name] = self.calculator.get_property(name, atoms)
        return labels


def create(target: str, arguments: dict[str, str], threads: int) -> Any:
    module, _, factory = target.rpartition(":")
    if not module or not factory:
        raise TeacherError(f"ase:{target} names no factory", "it is used as ase:module:factory or ase:file.py:factory")
    place = load(module, factory)
    make = getattr(place, factory, None)
    if not callable(make):
        raise TeacherError(f"{module} has no factory {factory}", f"define a function {factory}() there that returns a calculator")
    arguments = {key: value for key, value in arguments.items()}
    made = make(**{key: parsed(value) for key, value in arguments.items()})
    info = {"package": module, "arguments": arguments, "version": str(getattr(place, "__version__", ""))}
    info["parameters"] = parameters(place, factory, made)
    if not hasattr(made, "get_property") and callable(getattr(made, "label", None)):  # calculators of ASE have a label, too
        made.info = info | (getattr(made, "info", None) or {})
        return made
    require("ase", "ase")
    info["version"] = info["version"] or version(module.split(".")[0])
    return AseTeacher(made, info)


def load(module: str, factory: str) -> Any:
    if not module.endswith(".py"):
        try:
            return require(module, module.split(".")[0])
        except TeacherError as e:
            own = f"a file of your own is named as one: ase:{module}.py:{factory}"
            raise TeacherError(str(e), f"{own}; a package that you trust is installed with {e.hint}") from None
    if not Path(module).is_file():
        raise TeacherError(f"there is no file {module}", "name a Python file with the factory")
    spec = importlib.util.spec_from_file_location(Path(module).stem, module)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def parsed(value: str) -> Any:
    """1, 0.5, true and null as what they look like, everything else as text."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def parameters(place: Any, factory: str, made: Any) -> str:
    """What the answers depend on, as far as can be seen from outside: the module's source, the calculator's class and
    settings, and the parameters of a torch model that it holds."""
    found = [("factory", factory), ("class", f"{type(made).__module__}.{type(made).__qualname__}")]
    with contextlib.suppress(OSError, TypeError):
        found.append(("source", inspect.getsource(place)))
    settings = getattr(made, "parameters", None)
    if isinstance(settings, dict):
        found += identity.flatten(dict(settings), "settings")
    model = getattr(made, "model", None)
    if hasattr(model, "state_dict"):
        found += [(f"model/{name}", value) for name, value in identity.tensors(model)]
    return identity.digest(found)
