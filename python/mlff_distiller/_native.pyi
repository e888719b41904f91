"""The extension of python/native: see native.h there."""

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

class Failure(RuntimeError):
    """(code of mlff.h, message)"""

class Model:
    """A student, from the bytes of its file; immutable, shared by any number of states."""

    bytes: bytes
    def __new__(cls, bytes: bytes) -> Model: ...
    def info(self) -> str: ...

class State:
    """Runs a model and remembers the last structure and its results. Other threads wait while one is in a call."""

    model: Model
    threshold: float
    alarm: int
    valid: int
    has_virials: int
    periodic: int
    grade: float
    flag: int
    seconds: float
    calls: int
    epoch: int
    def __new__(cls, model: Model, threads: int = 0, precision: int = 32, grade: bool = False, skin: float = 0.0) -> State: ...
    def quick(self, what: int, atoms: object, allowed: bool) -> Any: ...
    def get(
        self,
        what: int,
        allowed: bool,
        positions: NDArray[Any],
        numbers: NDArray[Any],
        cell: NDArray[Any],
        pbc: NDArray[Any],
        charges: NDArray[Any] | None,
        magmoms: NDArray[Any] | None,
    ) -> Any: ...
    def last(self, what: int) -> Any: ...
    def changes(
        self, positions: NDArray[Any], numbers: NDArray[Any], cell: NDArray[Any], pbc: NDArray[Any], charges: NDArray[Any] | None, magmoms: NDArray[Any] | None
    ) -> int: ...
    def prepare(self) -> None: ...
    def snapshot(self) -> tuple[bytes, bytes, bytes, bytes, bytes | None, bytes | None] | None: ...
    def forget(self) -> None: ...
    def batch(self, structures: list[Any], arrays_of: Callable[[Any], tuple[Any, ...]]) -> tuple[list[dict[str, Any]], int, int, float]: ...

def after_fork() -> None: ...
def library() -> str: ...
