"""The calculator that runs a student."""

from __future__ import annotations

import operator
import os
import warnings
from collections.abc import Sequence
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
        if threshold is not None and not float(threshold) > 0:
            raise ValueError(f"threshold {threshold}: must be above 0, or None for the student's own")
        graded = bool(student.about.get("graded"))
        if not graded and (grade == "raise" or threshold is not None):
            raise ValueError(f"{student.path}: this student has no extrapolation grades\ndistil it again, or leave out grade and threshold")
        self.student = student
        self.grade = grade if graded else "off"
        self.threshold = float(threshold if threshold is not None else student.about.get("threshold") or 1.0)
        self.precision = precision
        self.threads = threads
        self._start()

    def _start(self) -> None:
        """What is made anew when a calculator is copied, pickled or carried into a forked child."""
        self._state = _native.State(self.student.model, _threads(self.threads), 64 if self.precision == "float64" else 32, self.grade != "off")
        try:
            self._state.prepare()
        except _native.Failure as failure:
            raise translate(failure, self.student.path) from None
        self._state.threshold = -1.0 if self.grade == "off" else self.threshold
        self._results: tuple[int, dict[str, Any]] = (0, {})  # with the epoch of the state that they belong to
        self._given: tuple[int, Atoms | None] = (0, None)  # atoms set from outside, likewise
        self._warned = 0.0

    # ---- the hot path -------------------------------------------------------------------------------------------

    def get_property(self, name: str, atoms: Atoms | None = None, allow_calculation: bool = True) -> Any:
        """A property of atoms, or of those seen last; calculated if anything changed since then.

        Returns None if a calculation is needed and not allowed. What is returned is the caller's own.
        """
        code = _PROPERTIES.get(name)
        if code is None:
            raise PropertyNotImplementedError(_hint(name))
        try:
            value = self._state.quick(code, atoms, allow_calculation)
        except _native.Failure as failure:
            raise translate(failure) from None
        return value if value is not NotImplemented else self._property(name, atoms, allow_calculation)

    def get_forces(self, atoms: Atoms | None = None) -> Floats:
        """Forces (N, 3) eV/Å: get_property, with one call less in every step of molecular dynamics."""
        try:
            value = self._state.quick(_FORCES, atoms, True)
        except _native.Failure as failure:
            raise translate(failure) from None
        return value if value is not NotImplemented else self._property("forces", atoms, True)

    def _property(self, name: str, atoms: Atoms | None, allowed: bool) -> Any:
        """What get_property does where atoms are not plain, or the student was not taught them."""
        code, state = _PROPERTIES[name], self._state
        self._hear()
        if name == "extrapolation_grade" and self.grade == "off":
            raise PropertyNotImplementedError(_NO_GRADES)
        if atoms is None:
            value = None if self._waiting() else state.last(code)
            if value is not None and (name not in _NEED_VOLUME or state.periodic == 3):
                return value
            atoms = self.atoms
            if atoms is None:
                raise ValueError("no atoms to calculate")
        if name in _NEED_VOLUME and not atoms.pbc.all():
            raise PropertyNotImplementedError(f"{name} needs a cell that is periodic in all three directions\nset pbc and cell of the atoms")
        self._check_charge(atoms)
        try:
            value = state.get(code, allowed, *_plain(atoms))
        except _native.Failure as failure:
            raise translate(failure) from None
        self._hear()
        return value

    # ---- what ASE's calculators have ----------------------------------------------------------------------------

    def calculate(self, atoms: Atoms | None = None, properties: Sequence[str] = ("energy",), system_changes: Sequence[str] = all_changes) -> None:
        """Evaluates atoms, whether or not anything changed; the results are in ``results``."""
        atoms = self.atoms if atoms is None else atoms
        if atoms is None:
            raise ValueError("no atoms to calculate")
        self._state.forget()
        self._property("stresses" if "stresses" in properties else "energy", atoms, True)

    def set(self, **options: Any) -> dict[str, Any]:
        """Changes nothing: what a calculator was made with it keeps. Raises TypeError for any option."""
        if options:
            raise TypeError(f"a student cannot be changed with set({', '.join(options)})\nmake another calculator: {type(self).__name__}(path, precision=..., ...)")
        return {}

    def get_spin_polarized(self) -> bool:
        """Never. Without this method ASE puts a bound one into the instance, which then waits for Python's collector."""
        return False

    def check_state(self, atoms: Atoms, tol: float = 0.0) -> list[str]:
        """What changed since the last calculation, compared bit by bit."""
        if self._waiting():
            return list(all_changes)
        bits = self._state.changes(*_plain(atoms))
        return [name for k, name in enumerate(_CHANGES) if bits >> k & 1]

    @property
    def atoms(self) -> Atoms | None:  # type: ignore[override]
        """A copy of the atoms evaluated last: species, positions, cell, periodicity, charges and moments."""
        if self._waiting():
            return self._given[1]
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
        self._given = (self._state.epoch, None if atoms is None else atoms.copy())
        self._results = (self._state.epoch, {})

    def _waiting(self) -> bool:
        """Whether atoms were set from outside and not evaluated yet."""
        epoch, atoms = self._given
        return atoms is not None and epoch == self._state.epoch

    @property
    def results(self) -> dict[str, Any]:  # type: ignore[override]
        """Everything that the last calculation gave, by ASE's names; empty if there is nothing.

        ``extrapolation_grade`` is not among them: what reads this dictionary knows ASE's own properties only.
        """
        epoch, results = self._results
        if epoch == self._state.epoch and (results or not self._state.valid):
            return results
        results = {}
        if self._state.valid:
            names = ["energy", "free_energy", "energies", "forces"]
            names += ["stress"] if self._state.periodic == 3 else []
            names += ["stresses"] if self._state.periodic == 3 and self._state.has_virials else []
            results = {name: self._state.last(_PROPERTIES[name]) for name in names}
        self._results = (self._state.epoch, results)
        return results

    @results.setter
    def results(self, results: dict[str, Any]) -> None:
        if not results:
            self._state.forget()
        self._results = (self._state.epoch, results)

    # ---- the domain ---------------------------------------------------------------------------------------------

    def _check_charge(self, atoms: Atoms) -> None:
        domain, info, charges = self.student.about["domain"], atoms.info, atoms.arrays.get("initial_charges")
        said = [("charge", info.get("charge"), domain.get("charge", 0)), ("spin", info.get("spin"), domain.get("spin") or None)]
        if charges is not None and len(charges):
            said.append(("charge", float(np.sum(charges)), domain.get("charge", 0)))
        for what, value, taught in said:
            if value is not None and (np.size(value) != 1 or np.asarray(value).dtype.kind not in "biuf"):
                self._state.forget()
                raise ChargeError(f"the atoms have {what} {value!r}, which is no number\nchange atoms.info[{what!r}]")
            # 1e-3: partial charges written with a few decimals do not add up exactly
            if value is not None and taught is not None and not abs(float(value) - taught) < 1e-3:
                self._state.forget()
                raise ChargeError(
                    f"the atoms have {what} {float(value):g}, the student was made for {what} {taught:g}\n"
                    f"change atoms.info or the initial charges, or distil a student with domain: {{{what}: {float(value):g}}}"
                )

    def _hear(self) -> None:
        """Reports an evaluation that lies outside of what the student was taught."""
        state = self._state
        if not state.alarm:
            return
        state.alarm = 0
        grade, flag = state.grade, state.flag
        reasons = [text for bit, text in _FLAGS if flag & bit]
        if grade > self.threshold:
            reasons.insert(0, f"extrapolation grade {grade:.3g}, threshold {self.threshold:.3g}")
        message = "the student was not taught this: " + "; ".join(reasons)
        if self.grade == "raise":
            state.forget()
            raise ExtrapolationError(message + '\nlabel this structure and add it with mlff distill --add, or use grade="warn"')
        if max(grade, 1e-9) > 2 * self._warned:  # again when it got twice as bad
            self._warned = max(grade, self.threshold)
            warnings.warn(message + "; the results may be wrong", ExtrapolationWarning, stacklevel=4)

    # ---- many structures ----------------------------------------------------------------------------------------

    def calculate_batch(self, structures: Sequence[Atoms]) -> list[dict[str, Any]]:
        """Energies, forces and stresses of many structures in one call, several at a time.

        Returns one dictionary per structure: ``energy`` () eV, ``forces`` (N, 3) eV/Å, ``stress`` (6,) eV/Å^3 in ASE's
        Voigt order, absent where the structure is not periodic in 3D. The calculator's own results do not change.
        Errors are those of a calculation, naming the structure's index.
        """
        try:
            results, strange, worst, grade = self._state.batch(list(structures), self._arrays)
        except _native.Failure as failure:
            raise translate(failure) from None
        if strange:
            message = f"the student was not taught {strange} of these {len(results)} structures, worst is structure {worst} with extrapolation grade {grade:.3g}"
            if self.grade == "raise":
                raise ExtrapolationError(message + '\nlabel them and add them with mlff distill --add, or use grade="warn"')
            warnings.warn(message + "; their results may be wrong", ExtrapolationWarning, stacklevel=2)
        return results

    def _arrays(self, atoms: Atoms) -> tuple[Any, ...]:
        """The arrays of one structure of a batch that the extension cannot take as it is."""
        self._check_charge(atoms)
        return _plain(atoms)

    # ---- copies, pickles, forks ---------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        state = {k: v for k, v in self.__dict__.items() if k not in ("_state", "_results", "_given", "student")}
        state["_saved"] = (self.student.bytes, self.student.path, self.atoms, dict(self.results))
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        content, path, atoms, results = state.pop("_saved")
        self.__dict__.update(state)
        self.student = students.of_bytes(content, path)
        self._start()
        self._given, self._results = (0, atoms), (0, results)

    def __deepcopy__(self, memo: dict[int, Any]) -> StudentCalculator:
        twin = self.__class__.__new__(self.__class__)
        memo[id(self)] = twin
        twin.__setstate__(self.__getstate__())
        return twin

    def __copy__(self) -> StudentCalculator:
        return self.__deepcopy__({})


_PROPERTIES = {"energy": 0, "free_energy": 0, "forces": 1, "stress": 2, "energies": 3, "stresses": 4, "extrapolation_grade": 5}  # enum property of native.h
_FORCES = 1
_NEED_VOLUME = ("stress", "stresses")
_NO_GRADES = 'there are no extrapolation grades: the student has none, or grade="off"\nuse grade="warn" with a student that has them'

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
    if not 1 <= operator.index(threads) <= 4096:
        raise ValueError(f"threads {threads}: must be 1 to 4096, or None for all")
    return operator.index(threads)


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


# In a forked child the engine is loaded afresh, when it is first used.
os.register_at_fork(after_in_child=_native.after_fork)
