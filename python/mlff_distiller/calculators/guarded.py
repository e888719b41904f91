"""A student that asks its teacher where it was not taught."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from mlff_distiller.errors import ExtrapolationWarning, StudentError
from mlff_distiller.student import StudentCalculator

# The dynamics of ASE that hold a temperature, by name: which there are depends on its version.
_THERMOSTATTED = {
    "Andersen", "Bussi", "Langevin", "LangevinBAOAB", "SwitchLangevin", "NoseHooverChainNVT", "NVTBerendsen",
    "NPTBerendsen", "IsotropicMTKNPT", "MTKNPT", "NPT", "MelchionnaNPT",
}  # fmt: skip


class GuardError(StudentError):
    """A GuardedCalculator is used where a change of potential would spoil the result."""


class GuardedCalculator(Calculator):
    """Runs a student, and its teacher for as long as the student's extrapolation grade says so.

    Two potentials in turn are no potential: forces jump where they change, so energy is not conserved and there is
    nothing to minimise. A thermostat hides that; nothing else does. Calculations are therefore refused but for::

        guard = GuardedCalculator(StudentCalculator("water.safetensors"), teacher)
        atoms.calc = guard
        dynamics = Langevin(atoms, 0.5 * units.fs, temperature_K=300, friction=0.01 / units.fs)
        with guard.driving(dynamics):
            dynamics.run(100_000)
        guard.write("bad.extxyz")  # then: mlff distill --resume run --add bad.extxyz

    Args:
        student: with grades, and ``grade="warn"``.
        teacher: any calculator of ASE with energy and forces, and stress if the dynamics want it.
        release: share of the student's threshold below which the grade is calm.
        patience: calm calls in a row before the student takes over again. Both together keep the two from alternating.
        keep: the first of every so many frames that the teacher answers in a row is kept for the next round.

    The step in energy at a change is taken out, so that ``energy`` is continuous [eV]; ``removed`` is what was taken out
    so far, by which the conserved quantity of the thermostat differs from that of the potential in force.

    Attributes: ``calls`` and ``teacher_calls``, ``share`` of the calls that the teacher answered, ``teaching`` (who is in
    charge), ``removed`` [eV], ``frames`` (kept, with REF_energy [eV], REF_forces [eV/Å], REF_stress [eV/Å^3]).
    """

    implemented_properties = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, student: StudentCalculator, teacher: Calculator, *, release: float = 0.8, patience: int = 10, keep: int = 10) -> None:
        super().__init__()
        if student.grade != "warn":
            raise GuardError(f'the student has grade="{student.grade}", a guard listens to its grade\nmake it with grade="warn"')
        if not 0 < release <= 1 or patience < 1 or keep < 1:
            raise ValueError("release must lie between 0 and 1, patience and keep be at least 1")
        self.student, self.teacher = student, teacher
        self.release, self.patience, self.keep = release, patience, keep
        self.calls = self.teacher_calls = 0
        self.teaching = False
        self.removed = 0.0
        self.frames: list[Atoms] = []
        self._driving = False
        self._calm = self._taught = 0

    @property
    def share(self) -> float:
        """Of the calls so far that the teacher answered, 0 to 1."""
        return self.teacher_calls / max(self.calls, 1)

    @contextlib.contextmanager
    def driving(self, dynamics: Any) -> Iterator[GuardedCalculator]:
        """Allows calculations while thermostatted dynamics run. Raises GuardError for anything else."""
        names = [c.__name__ for c in type(dynamics).__mro__]
        if not _THERMOSTATTED.intersection(names) or getattr(dynamics, "ttime", 0) is None:
            raise GuardError(f"{names[0]} holds no temperature, and forces jump where teacher and student change\nuse dynamics with a thermostat, or the student alone")
        if dynamics.atoms.calc is not self:
            raise GuardError("the atoms of these dynamics have another calculator\nset atoms.calc to the guard")
        self._driving = True
        try:
            yield self
        finally:
            self._driving = False

    def calculate(self, atoms: Atoms | None = None, properties: Sequence[str] = ("energy",), system_changes: Sequence[str] = all_changes) -> None:
        """Evaluates atoms with whoever is in charge."""
        if not self._driving:
            raise GuardError("a guarded student runs under a thermostat only: no optimiser, no NEB, no constant energy\nuse `with guard.driving(dynamics): dynamics.run(steps)`, or the student alone")
        super().calculate(atoms, properties, system_changes)
        stress = "stress" in properties
        with warnings.catch_warnings():  # this is what the guard is for
            warnings.simplefilter("ignore", ExtrapolationWarning)
            own = _evaluate(self.student, self.atoms, stress)
        self.calls += 1
        change = self._judge()
        answer = own
        if self.teaching or change:
            taught = self._ask(stress)
            if change:  # E + step is the same before and after
                step = taught["energy"] - own["energy"]
                self.removed += -step if change == "release" else step
            if self.teaching:
                answer = taught
        self.results = answer | {"energy": answer["energy"] - self.removed}
        self.results["free_energy"] = self.results["energy"]

    def _judge(self) -> str:
        """Decides who is in charge from now on; "" if that is who it was."""
        grade, threshold, strange = self.student._state.grade, self.student.threshold, self.student._state.flag != 0
        if not self.teaching:
            if grade <= threshold and not strange:
                return ""
            self.teaching, self._calm, self._taught = True, 0, 0
            return "take"
        self._calm = self._calm + 1 if grade < self.release * threshold and not strange else 0
        if self._calm < self.patience:
            return ""
        self.teaching = False
        return "release"

    def _ask(self, stress: bool) -> dict[str, Any]:
        answer = _evaluate(self.teacher, self.atoms, stress)
        self.teacher_calls += 1
        if self._taught % self.keep == 0:
            a = self.atoms
            frame = Atoms(numbers=a.numbers, positions=a.positions, cell=a.cell, pbc=a.pbc)
            frame.info["REF_energy"] = answer["energy"]
            if stress:
                frame.info["REF_stress"] = answer["stress"]
            frame.arrays["REF_forces"] = answer["forces"]
            self.frames.append(frame)
        self._taught += 1
        return answer

    def write(self, path: str | os.PathLike[str]) -> int:
        """Writes the frames that were kept, as extended XYZ with their labels, and returns how many there are."""
        from ase.io import write  # takes longer to import than all else here

        if self.frames:
            write(path, self.frames, format="extxyz")
        return len(self.frames)


def _evaluate(calculator: Calculator, atoms: Atoms, stress: bool) -> dict[str, Any]:
    """Energy eV, forces (N, 3) eV/Å, and stress (6,) eV/Å^3 if wanted."""
    answer = {"energy": float(calculator.get_property("energy", atoms)), "forces": np.array(calculator.get_property("forces", atoms))}
    if stress:
        answer["stress"] = np.array(calculator.get_property("stress", atoms))
    return answer
