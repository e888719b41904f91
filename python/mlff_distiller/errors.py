"""What can go wrong, each with a message that says what to do."""

from __future__ import annotations


class StudentError(ValueError):
    """A student, or a structure given to it, cannot be used."""


class UnknownSpeciesError(StudentError):
    """A structure holds an element that the student was not taught."""


class CoincidentAtomsError(StudentError):
    """Two atoms lie at the same place."""


class StructureError(StudentError):
    """Positions or cell are not finite, or the cell has no volume."""


class ChargeError(StudentError):
    """Charge or spin of a structure differ from those the student was made for."""


class ExtrapolationError(StudentError):
    """A structure lies outside of what the student was taught, and ``grade="raise"``."""


class ExtrapolationWarning(UserWarning):
    """A structure lies outside of what the student was taught."""


class CertificateWarning(UserWarning):
    """A student has no certificate, did not reach its bars, or nothing decided."""


# The codes of include/mlff.h.
_TYPES: dict[int, type[Exception]] = {
    1: StudentError,
    2: ValueError,
    3: StructureError,
    4: UnknownSpeciesError,
    5: CoincidentAtomsError,
    6: FloatingPointError,
    7: MemoryError,
    8: RuntimeError,
}


def translate(failure: Exception, where: str = "") -> Exception:
    """The exception for a ``_native.Failure(code, message)``; ``where`` is put before its message."""
    code, message = failure.args
    if where:
        message = f"{where}: {message.removeprefix('the student in memory: ')}"
    return _TYPES.get(code, RuntimeError)(message)
