"""Student files: where they lie, how they are found by name or by teacher, what they say about themselves."""

from __future__ import annotations

import json
import os
import shutil
import struct
import warnings
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlff_distiller import _native
from mlff_distiller.errors import CertificateWarning, StudentError, translate

SUFFIX = ".safetensors"


class Student:
    """A student in memory, shared by all calculators made from the same file.

    Attributes:
        model: what the extension runs.
        about: what the student says about itself, as ``mlff info --json`` prints it.
        path: where it was read from; only for messages.
    """

    def __init__(self, content: bytes, path: str) -> None:
        self.path = path
        try:
            self.model = _native.Model(content)
        except _native.Failure as failure:
            raise translate(failure, path) from None
        self.about: dict[str, Any] = json.loads(self.model.info())

    @property
    def bytes(self) -> bytes:
        """The file."""
        return self.model.bytes

    def __repr__(self) -> str:
        return f"Student({self.path!r}: {' '.join(self.about['species'])})"


_loaded: weakref.WeakValueDictionary[bytes, Student] = weakref.WeakValueDictionary()


def of_bytes(content: bytes, path: str = "the student") -> Student:
    """The student in the bytes of a file."""
    student = _loaded.get(content)
    if student is None:
        student = _loaded[content] = Student(content, path)
        if caveat := student.about.get("caveat"):
            warnings.warn(f"{os.path.basename(path)} {caveat}", CertificateWarning, stacklevel=4)
    return student


def load(name: str | os.PathLike[str]) -> Student:
    """The student in a file, or registered under a name.

    Raises FileNotFoundError if there is neither, StudentError if the file is damaged, newer, or no student.
    """
    path = find(name)
    return of_bytes(path.read_bytes(), str(path))


def find(name: str | os.PathLike[str]) -> Path:
    """The path of a student file, or of the student registered under a name."""
    path = Path(name).expanduser()
    if path.is_file():
        return path
    if path.name == str(name) and not path.suffix == SUFFIX:
        for folder in folders():
            registered = folder / (path.name + SUFFIX)
            if registered.is_file():
                return registered
    known = ", ".join(sorted(p.stem for p in registered_files())) or "none"
    raise FileNotFoundError(
        f"{os.fspath(name)}: no such student file, and no student registered under that name (registered: {known})\n"
        "make one with: mlff distill, register it with: mlff register FILE NAME"
    )


def folders() -> list[Path]:
    """Where registered students lie: the folders in MLFF_STUDENTS, then the data folder of the user."""
    listed = [Path(f) for f in os.environ.get("MLFF_STUDENTS", "").split(os.pathsep) if f]
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return [*listed, Path(data) / "mlff" / "students"]


def registered_files() -> Iterator[Path]:
    """All registered students, those that are found first first."""
    for folder in folders():
        if folder.is_dir():
            yield from sorted(folder.glob("*" + SUFFIX))


def register(path: str | os.PathLike[str], name: str) -> Path:
    """Registers a student file under a name, for this user, and returns where it lies now."""
    if not name or Path(name).name != name or name.endswith(SUFFIX):
        raise StudentError(f"{name!r} is no name: use letters, digits, - and _")
    student = load(path)
    folder = folders()[0]
    folder.mkdir(parents=True, exist_ok=True)
    target, part = folder / (name + SUFFIX), folder / f".{name}.{os.getpid()}"
    part.write_bytes(student.bytes)
    shutil.move(part, target)
    return target


def metadata(path: Path) -> dict[str, Any]:
    """The metadata of a student file, without loading the student. Empty if the file is none."""
    try:
        with path.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(size, 64 << 20)))
        return {k: _parse(v) for k, v in header["__metadata__"].items()}
    except (OSError, ValueError, KeyError, struct.error):
        return {}


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
