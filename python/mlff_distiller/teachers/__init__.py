"""Teachers that live in Python: one factory a kind, none imported before it is asked for.

A teacher has ``info`` and ``label``. ``label`` takes a list of frames (``worker.Frame``) and returns one dictionary for
each: ``energy`` eV, ``forces`` (N, 3) eV/Å, ``stress`` (6,) eV/Å^3 in Voigt order with tension positive, ``energies`` (N,)
eV, ``spread`` eV/Å, the largest standard deviation of a force among the members of an ensemble. What is absent or None
was not said. ``info`` is what the handshake tells:

    licence, commercial (yes, no, unknown), citation, note
    elements       ascending atomic numbers; None: nobody knows
    energy, forces, stress, energies
    arguments      that change the answers, defaults filled in
    parameters     hex digest of all parameters (identity.digest)
    conservative   False where forces are not the gradient of the energy
    package, version, device, batch (structures a call)
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from ..worker import TeacherError

# Kind: distribution, and what pip is told.
PACKAGES = {
    "ase": ("ase", "ase"),
    "chgnet": ("chgnet", "chgnet"),
    "fennol": ("fennol", 'fennol "jax[cpu]" ase'),
    "graphpes": ("graph-pes", "graph-pes"),
    "mace": ("mace-torch", "mace-torch"),
    "orb": ("orb-models", "orb-models"),
    "sevennet": ("sevenn", "sevenn"),
}

_COMMERCIAL = ("yes", "no", "unknown")


def open_teacher(kind: str, target: str, arguments: dict[str, str], threads: int) -> Any:
    """Opens a teacher and completes its info. ``licence`` and ``commercial`` among the arguments overrule what the
    factory knows: who trained a model knows its licence better."""
    if kind not in PACKAGES:
        raise TeacherError(f"this worker knows no teachers of the kind {kind}", "update mlff")
    arguments = dict(arguments)
    stated = {key: arguments.pop(key) for key in ("licence", "commercial", "citation") if key in arguments}
    if stated.get("commercial", "yes") not in _COMMERCIAL:
        raise TeacherError(f"commercial={stated['commercial']}", "it is yes, no or unknown")
    teacher = importlib.import_module(f".{kind}", __name__).create(target, arguments, threads)
    info = {
        "licence": "unknown", "commercial": "unknown", "citation": "", "note": "", "elements": None, "energy": True, "forces": True, "stress": False,
        "energies": False, "arguments": {}, "parameters": "", "conservative": True, "package": kind, "version": "", "device": "cpu", "batch": 1,
    }  # fmt: skip
    info.update(getattr(teacher, "info", None) or {})
    if "licence" in stated and "commercial" not in stated:
        info["commercial"] = "unknown"
    info.update(stated)
    teacher.info = info
    return teacher


def installed() -> list[dict[str, str]]:
    """Which packages of teachers this Python has, without importing them; ``version`` is empty where one is missing."""
    found = ((kind, name, version(name), f"{sys.executable} -m pip install {install}") for kind, (name, install) in PACKAGES.items())
    return [dict(zip(("kind", "package", "version", "install"), row, strict=True)) for row in found]


def require(package: str, install: str) -> Any:
    """Imports a package or says how to get it."""
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as e:
        missing = e.name or package
        why = "" if missing.split(".")[0] == package.split(".")[0] else f" (it needs {missing})"
        raise TeacherError(f"{sys.executable} has no {package}{why}", f"{sys.executable} -m pip install {install}") from None


def refuse(kind: str, arguments: dict[str, str], *allowed: str) -> None:
    """Refuses arguments that are not among the allowed."""
    for key in arguments:
        if key not in allowed:
            raise TeacherError(f"{kind} has no argument {key!r}", "its arguments: " + ", ".join([*allowed, "licence", "commercial", "citation"]))


def version(distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed(distribution)
    except PackageNotFoundError:
        return ""
