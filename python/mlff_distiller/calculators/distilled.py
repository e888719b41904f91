"""Students that are called like their teachers: one line of a script changes, the arguments stay as they are."""

from __future__ import annotations

import inspect
import os
import warnings
from typing import Any, ClassVar

from mlff_distiller import students
from mlff_distiller.calculators import tables
from mlff_distiller.calculators.matching import student_of
from mlff_distiller.student import StudentCalculator

# Arguments of StudentCalculator that every distilled calculator takes beside its teacher's.
STUDENT_OPTIONS = {"threads": None, "precision": "float32", "grade": "warn", "threshold": None, "directory": ".", "label": None, "atoms": None}

_said: set[tuple[str, str]] = set()


class DistilledNote(UserWarning):
    """Something about a call is different with a student; said once."""


def say_once(topic: str, text: str) -> None:
    if (topic, text) not in _said:
        _said.add((topic, text))
        warnings.warn(f"{topic}: {text}", DistilledNote, stacklevel=4)


class DistilledCalculator(StudentCalculator):
    """What the distilled calculators share; each has a table that says what its teacher's arguments mean."""

    table: ClassVar[tables.Table]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.__signature__ = _signature(cls.table)  # type: ignore[attr-defined]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        name = type(self).__name__
        try:
            bound = inspect.signature(type(self)).bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{name}: {error}\nits arguments are those of {self.table.upstream[0]} and StudentCalculator") from None
        given = dict(bound.arguments)
        given.update(given.pop("student_options", {}))
        student = self._find(given)
        options = self._options_of(given, student.about)
        atoms, directory, label = options.pop("atoms", None), options.pop("directory", "."), options.pop("label", None)
        self._use(student, **({k: STUDENT_OPTIONS[k] for k in ("threads", "precision", "grade", "threshold")} | options))
        super(StudentCalculator, self).__init__(directory=directory, label=label, atoms=atoms)

    def _find(self, given: dict[str, Any]) -> students.Student:
        """The student that the arguments name, or that belongs to the teacher they hold."""
        for argument in self.table.student:
            named = given.get(argument)
            if named is not None:
                return self._load(named)
        raise TypeError(f"{type(self).__name__} needs a student: a file, a registered name, or the loaded teacher")

    def _load(self, named: Any) -> students.Student:
        if isinstance(named, (list, tuple)) and len(named) == 1:
            named = named[0]
        if isinstance(named, (list, tuple)) and named and isinstance(named[0], (str, os.PathLike)):
            raise TypeError(f"{type(self).__name__} runs one student, not {len(named)}\nname one file, or one registered student")
        if isinstance(named, students.Student):
            return named
        if not isinstance(named, (str, os.PathLike)):
            found = student_of(named, self.table.teacher)
            if found is None:
                raise FileNotFoundError(
                    f"no registered student learned from this {self.table.title} model\n"
                    f"mlff distill --teacher {self.table.distill} --structures STRUCTURES --out RUN && mlff register RUN/student.safetensors NAME"
                )
            named = found
        student = students.load(named)
        teacher = (student.about.get("teacher") or {}).get("name")
        if teacher is not None and teacher.split(":")[0] != self.table.teacher:
            say_once(type(self).__name__, f"the student {named} learned from {teacher}, not from {self.table.title}")
        return student

    def _options_of(self, given: dict[str, Any], about: dict[str, Any]) -> dict[str, Any]:
        """Student options that the arguments ask for."""
        name = type(self).__name__
        options = {k: v for k, v in given.items() if k in STUDENT_OPTIONS and not any(a.name == k for a in self.table.arguments)}
        for argument in self.table.arguments:
            if argument.name not in given or argument.name in self.table.student:
                continue
            value = given[argument.name]
            if argument.meaning is None:
                if argument.note and value is not argument.default and value != argument.default:
                    say_once(name, f"{argument.name} has no effect: {argument.note}")
                continue
            meant = argument.meaning(value, about)
            if isinstance(meant, str):
                raise ValueError(f"{name}: {argument.name}={value!r} is refused: {meant}\nleave it out, or distil a student with it")
            for option, wanted in meant.items():
                options.setdefault(option, wanted)  # what is said in the student's own words counts more
        device = options.pop("_device", "cpu")
        if device.split(":")[0] not in ("cpu", "auto"):
            say_once(name, f"device {device!r}: this build runs on the CPU")
        return options


def _signature(table: tables.Table) -> inspect.Signature:
    parameters = [inspect.Parameter(a.name, a.kind, default=a.default) for a in table.arguments]
    names = {a.name for a in table.arguments}
    parameters += [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=d) for n, d in STUDENT_OPTIONS.items() if n not in names]
    return inspect.Signature(parameters)


class DistilledOrbCalculator(DistilledCalculator):
    """A student in the place of ``ORBCalculator(model, atoms_adapter, ...)`` or ``ORBCalculator(model, ...)``.

    ``model``: a student file, a registered name, or the loaded Orb model, whose registered student is found by its
    parameters. ``checkpoint_path``: the student, where ``model`` is to stay as it is.
    """

    table = tables.ORB


class DistilledFeNNolCalculator(DistilledCalculator):
    """A student in the place of ``FENNIXCalculator(model, ...)``; ``use_float64`` chooses the precision."""

    table = tables.FENNOL


class DistilledMACECalculator(DistilledCalculator):
    """A student in the place of ``MACECalculator(model_paths, ...)``; ``default_dtype`` chooses the precision."""

    table = tables.MACE


class DistilledCHGNetCalculator(DistilledCalculator):
    """A student in the place of ``CHGNetCalculator(model, ...)``; it has no magnetic moments."""

    table = tables.CHGNET


class DistilledSevenNetCalculator(DistilledCalculator):
    """A student in the place of ``SevenNetCalculator(model, ...)``."""

    table = tables.SEVENNET
