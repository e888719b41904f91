"""Finds the registered student of a teacher that is loaded already, by the teacher's parameters."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mlff_distiller import students
from mlff_distiller.teachers import identity


def student_of(teacher: Any, kind: str) -> Path | None:
    """The newest registered student whose teacher had the parameters of this model, calculator, or list of them.

    A student's file holds a hash over kind, parameters, arguments and licence of its teacher; the loaded object says
    its parameters, the file the rest.
    """
    parameters = list(_parameters(teacher))
    for precision in (None, "float32", "float64"):  # a student's teacher may have been loaded in another than this one
        digest = identity.digest((name, _in(precision, value)) for name, value in parameters)
        found = [path for path in students.registered_files() if _is_of(students.metadata(path), kind, digest)]
        if found:
            return max(found, key=lambda path: path.stat().st_mtime)
    return None


def _in(precision: str | None, value: Any) -> Any:
    """An array of floating-point numbers in another precision; everything else as it is."""
    if precision is None or not hasattr(value, "shape"):
        return value
    if hasattr(value, "detach"):  # a tensor of torch; numpy has no bfloat16
        value = value.detach().cpu()
        value = value.double() if value.is_floating_point() else value
    a = np.asarray(value)
    return a.astype(precision) if a.dtype.kind == "f" else a


def _is_of(metadata: dict[str, Any], kind: str, digest: str) -> bool:
    teacher = metadata.get("teacher") or {}
    settings = (teacher.get("arguments") or {}, teacher.get("licence", ""), teacher.get("commercial", ""))
    return bool(teacher) and teacher.get("identity") == identity_of(kind, digest, *settings)


def identity_of(kind: str, digest: str, arguments: Mapping[str, str], licence: str, commercial: str) -> str:
    """The identity of a teacher in Python: hex SHA-256 over texts, each after its length in 8 bytes."""
    h = hashlib.sha256()

    def text(value: str) -> None:
        h.update(len(value.encode()).to_bytes(8, "little"))
        h.update(value.encode())

    text(kind)
    text(digest)
    h.update(len(arguments).to_bytes(8, "little"))
    for key in sorted(arguments):
        text(key)
        text(str(arguments[key]))
    text(licence)
    text(commercial)
    return h.hexdigest()


def digest_of(teacher: Any) -> str:
    """The digest of all parameters of a model, of a calculator that holds one, or of a list of either."""
    return identity.digest(_parameters(teacher))


def _parameters(teacher: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(teacher, (list, tuple)):
        if len(teacher) == 1:
            return _parameters(teacher[0])
        return [(f"{k}/{name}", value) for k, member in enumerate(teacher) for name, value in _parameters(member)]
    if callable(getattr(teacher, "state_dict", None)):  # a module of torch
        return identity.tensors(teacher)
    if isinstance(getattr(teacher, "variables", None), Mapping):  # a FENNIX
        return identity.flatten(teacher.variables)
    for held in ("models", "model"):
        if getattr(teacher, held, None) is not None:
            return _parameters(getattr(teacher, held))
    raise TypeError(f"{type(teacher).__name__} is neither a student file, a registered name, nor a loaded teacher")
