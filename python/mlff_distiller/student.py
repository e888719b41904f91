"""The calculator that runs a student."""

from __future__ import annotations

import os
import threading
import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, PropertyNotImplementedError, all_changes
from numpy.typing import NDArray

from mlff_distiller import _native, students
from mlff_distiller.errors import ChargeError, ExtrapolationError, ExtrapolationWarning, translate

Floats = NDArray[np.float64]

_CHANGES = ("positions", "numbers", "cell", "pbc", "initial_charges", "initial_magmoms")  # bits of State.changes
_FLAGS = ((1, "atoms closer than in training"), (2, "numbers of neighbours not seen in training"), (4, "a composition that is no mixture of those in training"))


class StudentCalculator(Calculator):
    """Energies, forces and stresses of a student.

    Args:
        path: a student file, or the name of a registered one.
        threads: processor cores to use; None: OMP_NUM_THREADS if set, else all. Results do not depend on it.
        precision: "float32", or "float64" for tight relaxations and vibrations.
        grade: what to do where a structure lies outside of what the student was taught: "warn", "raise"
            (ExtrapolationError) or "off".
        threshold: extrapolation grade from which that is so; None: the student's own.
        directory, label, atoms: as in every ASE calculator.

    Any periodicity, and 0 or 1 atoms, are allowed. Units: eV, eV/Å, eV/Å^3 (tension positive, Voigt xx yy zz yz xz xy).
    Properties: ``energy`` = ``free_energy`` (), ``energies`` (N,), ``forces`` (N, 3), ``stress`` (6,) and ``stresses``
    (N, 6; their sum is the stress) where all three directions are periodic, ``extrapolation_grade`` (N,), of which 1
    is the 99.9 % quantile over atoms held out in training.

    Raises FileNotFoundError, StudentError (damaged, newer or no student); in calculations UnknownSpeciesError,
    StructureError, CoincidentAtomsError, ChargeError, MemoryError, FloatingPointError. After an error the calculator has
    no results.
    """

    implemented_properties = ["energy", "free_energy", "energies", "forces", "stress", "stresses", "extrapolation_grade"]
    ignored_changes: set[str] = set()

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        threads: int | None = None,
        precision: Literal["float32", "float64"] = "float32",
        grade: Literal["warn", "raise", "off"] = "warn",
        threshold: float | None = None,
        directory: str = ".",
        label: str | None = None,
        atoms: Atoms | None = None,
    ) -> None:
        self._use(students.load(path), threads, precision, grade, threshold)
        super().__init__(directory=directory, label=label, atoms=atoms)

    def _use(self, student: students.Student, threads: int | None, precision: str, grade: str, threshold: float | None) -> None:
        if precision not in ("float32", "float64"):
            raise ValueError(f"precision {precision!r}: must be 'float32' or 'float64'")
        if grade not in ("warn", "raise", "off"):
            raise ValueError(f"grade {grade!r}: must be 'warn', 'raise' or 'off'")
        graded = bool(student.about.get("graded"))
        if not graded and (grade == "raise" or threshold is not None):
            raise ValueError(f"{student.path}: this student has no extrapolation grades\ndistil it again, or leave out grade and threshold")
        self.student = student
        self.grade = grade if graded else "off"
        self.threshold = float(threshold if threshold is not None else student.about.get("threshold") or 1.0)
        self.precision = precision
        self._options = (_threads(threads), 64 if precision == "float64" else 32, self.grade != "off")
        self._start()

    def _start(self) -> None:
        """What is made anew when a calculator is copied, pickled or carried into a forked child."""
        self._state = _native.State(self.student.model, *self._options)
        try:
            self._state.open()
        except _native.Failure as failure:
            raise translate(failure, self.student.path) from None
        self._lock = threading.RLock()
        self._results: dict[str, Any] | None = {}
        self._pending: Atoms | None = None  # set from outside, not evaluated yet
        self._warned = 0.0
        _living.add(self)

    # ---- the hot path -------------------------------------------------------------------------------------------

    def get_property(self, name: str, atoms: Atoms | None = None, allow_calculation: bool = True) -> Any:
        """A property of atoms, or of those seen last; calculated if anything changed since then.

        Returns None if a calculation is needed and not allowed. What is returned is the caller's own.
        """
        read = _READERS.get(name)
        if read is None:
            raise PropertyNotImplementedError(_hint(name))
        with self._lock:
            if atoms is None:
                atoms = self._unfinished(name)
            if atoms is not None and self._update(atoms, allow_calculation, name == "stresses") == 2:
                return None
            return read(self)

    def _update(self, atoms: Atoms, compute: bool, virials: bool) -> int:
        """0: nothing has changed, 1: evaluated, 2: needed but not allowed."""
        arrays = atoms.arrays
        charges = arrays.get("initial_charges")
        if charges is not None or atoms.info:
            self._check_charge(atoms.info, charges)
        try:
            status = self._state.update(
                arrays["positions"], arrays["numbers"], atoms.cell.array, atoms.pbc, charges, arrays.get("initial_magmoms"), compute, virials
            )
        except BufferError:
            status = self._call(self._state.update, *_plain(atoms), compute, virials)
        except _native.Failure as failure:
            self._results = {}
            raise translate(failure) from None
        if status == 1:
            self._results = self._pending = None
            state = self._state
            if (state.grade > self.threshold or state.flag) and self.grade != "off":
                self._alarm(state.grade, state.flag)
        elif status == 2 and not self._state.valid:
            self._results = {}
        return status

    # ---- what ASE's calculators have ----------------------------------------------------------------------------

    def calculate(self, atoms: Atoms | None = None, properties: Sequence[str] = ("energy",), system_changes: Sequence[str] = all_changes) -> None:
        """Evaluates atoms, whether or not anything changed; the results are in ``results``."""
        with self._lock:
            atoms = self.atoms if atoms is None else atoms
            if atoms is None:
                raise ValueError("no atoms to calculate")
            self._state.forget()
            self._update(atoms, True, "stresses" in properties)

    def check_state(self, atoms: Atoms, tol: float = 0.0) -> list[str]:
        """What changed since the last calculation, compared bit by bit."""
        if self._pending is not None:
            return list(all_changes)
        arrays = atoms.arrays
        try:
            bits = self._state.changes(
                arrays["positions"], arrays["numbers"], atoms.cell.array, atoms.pbc, arrays.get("initial_charges"), arrays.get("initial_magmoms")
            )
        except BufferError:
            bits = self._state.changes(*_plain(atoms))
        return [name for k, name in enumerate(_CHANGES) if bits >> k & 1]

    @property
    def atoms(self) -> Atoms | None:  # type: ignore[override]
        """A copy of the atoms evaluated last: species, positions, cell, periodicity, charges and moments."""
        if self._pending is not None:
            return self._pending
        seen = self._state.snapshot()
        if seen is None:
            return None
        positions, numbers, cell, pbc, charges, magmoms = seen
        atoms = Atoms(
            numbers=np.frombuffer(numbers, np.int64),
            positions=np.frombuffer(positions).reshape(-1, 3),
            cell=np.frombuffer(cell).reshape(3, 3),
            pbc=np.frombuffer(pbc, bool),
        )
        if charges is not None:
            atoms.set_initial_charges(np.frombuffer(charges))
        if magmoms is not None:
            moments = np.frombuffer(magmoms)
            atoms.set_initial_magnetic_moments(moments if len(moments) == len(atoms) else moments.reshape(-1, 3))
        return atoms

    @atoms.setter
    def atoms(self, atoms: Atoms | None) -> None:
        self._state.forget()
        self._results = {}
        self._pending = None if atoms is None else atoms.copy()

    @property
    def results(self) -> dict[str, Any]:  # type: ignore[override]
        """Everything that the last calculation gave, by ASE's names; empty if there is nothing.

        ``extrapolation_grade`` is not among them: what reads this dictionary knows ASE's own properties only.
        """
        with self._lock:
            if self._results is None:
                names = ["energy", "free_energy", "energies", "forces"]
                if self._volume_is_known():
                    names.append("stress")
                    if self._state.has_virials:
                        names.append("stresses")
                self._results = {name: _READERS[name](self) for name in names}
            return self._results

    @results.setter
    def results(self, results: dict[str, Any]) -> None:
        if not results:
            self._state.forget()
        self._results = results

    def _unfinished(self, name: str) -> Atoms | None:
        """The atoms that must be evaluated before a property of "the last atoms" can be given; None if none."""
        if self._pending is not None or not self._state.valid or (name == "stresses" and not self._state.has_virials):
            atoms = self.atoms
            if atoms is None:
                raise ValueError("no atoms to calculate")
            return atoms
        return None

    def _volume_is_known(self) -> bool:
        return self._state.periodic == 3

    def _needs_volume(self, name: str) -> None:
        if not self._volume_is_known():
            raise PropertyNotImplementedError(f"{name} needs a cell that is periodic in all three directions\nset pbc and cell of the atoms")

    def _call(self, function: Callable[..., Any], *args: Any) -> Any:
        try:
            return function(*args)
        except _native.Failure as failure:
            self._results = {}
            raise translate(failure) from None

    # ---- the domain ---------------------------------------------------------------------------------------------

    def _check_charge(self, info: dict[Any, Any], charges: Floats | None) -> None:
        domain = self.student.about["domain"]
        said = [("charge", info.get("charge"), domain.get("charge", 0)), ("spin", info.get("spin"), domain.get("spin") or None)]
        if charges is not None and len(charges):
            said.append(("charge", float(np.sum(charges)), domain.get("charge", 0)))
        for what, value, taught in said:
            # 1e-3: partial charges written with a few decimals do not add up exactly
            if value is not None and taught is not None and not abs(float(value) - taught) < 1e-3:
                self._state.forget()
                self._results = {}
                raise ChargeError(
                    f"the atoms have {what} {float(value):g}, the student was made for {what} {taught:g}\n"
                    f"change atoms.info or the initial charges, or distil a student with domain: {{{what}: {float(value):g}}}"
                )

    def _alarm(self, grade: float, flag: int) -> None:
        reasons = [text for bit, text in _FLAGS if flag & bit]
        if grade > self.threshold:
            worst = int(np.argmax(_grades(self)))
            reasons.insert(0, f"extrapolation grade {grade:.3g} at atom {worst}, threshold {self.threshold:.3g}")
        message = "the student was not taught this: " + "; ".join(reasons)
        if self.grade == "raise":
            self._state.forget()
            self._results = {}
            raise ExtrapolationError(message + '\nlabel this structure and add it with mlff distill --add, or use grade="warn"')
        if max(grade, 1e-9) > 2 * self._warned:  # again when it got twice as bad
            self._warned = max(grade, self.threshold)
            warnings.warn(message + "; the results may be wrong", ExtrapolationWarning, stacklevel=5)

    # ---- many structures ----------------------------------------------------------------------------------------

    def calculate_batch(self, structures: Sequence[Atoms]) -> list[dict[str, Any]]:
        """Energies, forces and stresses of many structures in one call, several at a time.

        Returns one dictionary per structure: ``energy`` () eV, ``forces`` (N, 3) eV/Å, ``stress`` (6,) eV/Å^3 in ASE's
        Voigt order, absent where the structure is not periodic in 3D. The calculator's own results do not change.
        Errors are those of a calculation, naming the structure's index.
        """
        plain = [_plain(a) for a in structures]
        for k, atoms in enumerate(structures):
            try:
                self._check_charge(atoms.info, atoms.arrays.get("initial_charges"))
            except ChargeError as error:
                raise ChargeError(f"structure {k}: {error}") from None
        counts = np.array([len(p[1]) for p in plain], np.int32)
        join = lambda k, shape, kind: np.concatenate([p[k].reshape(shape) for p in plain] or [np.empty(shape)[:0]]).astype(kind)  # noqa: E731
        pbc = join(3, (1, 3), np.int32)
        total, batch = int(counts.sum()), len(plain)
        energies, forces, stress = np.empty(batch), np.empty((total, 3)), np.empty((batch, 6))
        grades, flags = np.empty(batch), np.empty(batch, np.int32)
        positions, cells = join(0, (-1, 3), np.float64), join(2, (1, 3, 3), np.float64)
        with self._lock:
            self._call_batch(counts, join(1, (-1,), np.int32), positions, cells, pbc, energies, forces, stress, grades, flags)
        if self.grade != "off":
            self._judge(grades, flags)
        ends = np.cumsum(counts)
        results: list[dict[str, Any]] = []
        for k in range(batch):
            results.append({"energy": float(energies[k]), "forces": forces[ends[k] - counts[k] : ends[k]].copy()})
            if pbc[k].all():
                results[k]["stress"] = stress[k].copy()
        return results

    def _call_batch(self, *arrays: NDArray[Any]) -> None:
        try:
            self._state.batch(*arrays)
        except _native.Failure as failure:
            raise translate(failure) from None

    def _judge(self, grades: Floats, flags: NDArray[np.int32]) -> None:
        bad = np.flatnonzero((grades > self.threshold) | (flags != 0))
        if not len(bad):
            return
        worst = int(bad[np.argmax(grades[bad])])
        message = f"the student was not taught {len(bad)} of these {len(grades)} structures, worst is structure {worst} with extrapolation grade {grades[worst]:.3g}"
        if self.grade == "raise":
            raise ExtrapolationError(message + '\nlabel them and add them with mlff distill --add, or use grade="warn"')
        warnings.warn(message + "; their results may be wrong", ExtrapolationWarning, stacklevel=3)

    # ---- copies, pickles, forks ---------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            state = {k: v for k, v in self.__dict__.items() if k not in ("_state", "_lock", "_results", "_pending", "student")}
            state["_saved"] = (self.student.bytes, self.student.path, self.atoms, dict(self.results))
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        content, path, atoms, results = state.pop("_saved")
        self.__dict__.update(state)
        self.student = students.of_bytes(content, path)
        self._start()
        self._pending, self._results = atoms, results

    def __deepcopy__(self, memo: dict[int, Any]) -> StudentCalculator:
        twin = self.__class__.__new__(self.__class__)
        memo[id(self)] = twin
        twin.__setstate__(self.__getstate__())
        return twin

    def __copy__(self) -> StudentCalculator:
        return self.__deepcopy__({})


def _energy(c: StudentCalculator) -> float:
    return c._state.energy


def _forces(c: StudentCalculator) -> Floats:
    return c._state.forces(np.empty((c._state.natoms, 3)))


def _energies(c: StudentCalculator) -> Floats:
    return c._state.energies(np.empty(c._state.natoms))


def _stress(c: StudentCalculator) -> Floats:
    c._needs_volume("stress")
    return c._state.stress(np.empty(6))


def _stresses(c: StudentCalculator) -> Floats:
    c._needs_volume("stresses")
    return c._state.stresses(np.empty((c._state.natoms, 6)))


def _grades(c: StudentCalculator) -> Floats:
    if not c._options[2]:
        raise PropertyNotImplementedError('there are no extrapolation grades: the student has none, or grade="off"\nuse grade="warn" with a student that has them')
    return c._state.grades(np.empty(c._state.natoms))


_READERS: dict[str, Callable[[StudentCalculator], Any]] = {
    "forces": _forces,
    "energy": _energy,
    "free_energy": _energy,
    "stress": _stress,
    "energies": _energies,
    "stresses": _stresses,
    "extrapolation_grade": _grades,
}

_TEACHERS_ONLY = {
    "magmoms": "students learn no magnetic moments",
    "magmom": "students learn no magnetic moments",
    "charges": "students learn no charges",
    "dipole": "students learn no dipoles",
    "confidence": "ask for extrapolation_grade, which says the same of a student",
    "node_energy": "ask for energies",
}


def _hint(name: str) -> str:
    return f"a student has no {name}\n" + _TEACHERS_ONLY.get(name, "it has " + ", ".join(StudentCalculator.implemented_properties))


def _threads(threads: int | None) -> int:
    if threads is None:
        said = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
        return int(said) if said.isdigit() else 0
    if not 1 <= int(threads) <= 4096:
        raise ValueError(f"threads {threads}: must be 1 or more, or None for all")
    return int(threads)


def _plain(atoms: Atoms) -> tuple[Any, ...]:
    """The arrays of atoms as the extension wants them, converted where they are not."""
    arrays = atoms.arrays
    numbers = np.ascontiguousarray(arrays["numbers"])
    if numbers.dtype.kind != "i":
        if not np.array_equal(numbers, np.round(numbers.astype(float))):
            raise ValueError("atomic numbers must be integers")
    plain = lambda v: None if v is None else np.ascontiguousarray(v, np.float64)  # noqa: E731
    return (
        plain(arrays["positions"]),
        numbers.astype(np.int64, copy=False),
        plain(atoms.cell.array),
        np.ascontiguousarray(atoms.pbc, bool),
        plain(arrays.get("initial_charges")),
        plain(arrays.get("initial_magmoms")),
    )


_living: weakref.WeakSet[StudentCalculator] = weakref.WeakSet()


def _after_fork() -> None:
    """In a forked child: the engine is loaded afresh, and no other thread of the parent holds a lock."""
    _native.after_fork()
    for calculator in list(_living):
        calculator._lock = threading.RLock()


os.register_at_fork(after_in_child=_after_fork)
