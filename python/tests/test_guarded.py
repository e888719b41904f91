"""A student that asks its teacher where it was not taught."""

import numpy as np
import pytest
from ase import units
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT
from ase.io import read
from ase.md.langevin import Langevin
from ase.md.verlet import VelocityVerlet
from ase.mep import NEB
from ase.optimize import BFGS

from mlff_distiller.calculators import GuardedCalculator, GuardError, StudentCalculator

OFFSET = 3.0  # eV, by which the teacher's zero of energy differs from the student's


class Teacher(EMT):
    """The student's own teacher with another zero of energy."""

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.results["energy"] += OFFSET


class Grades:
    """A student that says of itself what the test wants."""

    def __init__(self, student, grades):
        self.inner, self.grades = student, iter(grades)
        self.grade, self.threshold = "warn", 1.0
        self._state = self
        self.flag = 0

    def get_property(self, name, atoms):
        if name == "energy":  # asked once a call, first
            self.grade = next(self.grades)
        return self.inner.get_property(name, atoms)


def guard_of(copper, crystal, grades, **options):
    scripted = Grades(StudentCalculator(copper, precision="float64", grade="off"), grades)
    guard = GuardedCalculator(scripted, Teacher(), **options)
    crystal.calc = guard
    return guard


def dynamics(crystal):
    return Langevin(crystal, 2 * units.fs, temperature_K=300, friction=0.01 / units.fs, rng=np.random.default_rng(1))


def test_hysteresis_and_share(copper, crystal):
    guard = guard_of(copper, crystal, [0.5, 1.1, 0.9, 0.7, 0.7, 0.9, 0.7, 0.7, 0.7, 0.5, 0.5], patience=3)
    seen = []
    with guard.driving(dynamics(crystal)):
        for _ in range(11):
            crystal.positions += 1e-3  # something new to evaluate
            crystal.get_forces()
            seen.append(guard.teaching)
    # one calm call is not enough, 0.9 is not calm, and three in a row hand over
    assert seen == [False] + 7 * [True] + 3 * [False]
    assert guard.calls == 11 and guard.teacher_calls == 8 and guard.share == 8 / 11


def test_energy_is_continuous_and_what_was_removed_is_booked(copper, crystal):
    guard = guard_of(copper, crystal, [0.5, 2.0, 0.1, 0.1], patience=1)
    student, teacher = StudentCalculator(copper, precision="float64", grade="off"), Teacher()
    with guard.driving(dynamics(crystal)):
        first = crystal.get_potential_energy()
        crystal.positions[0] += 1e-3
        taken = crystal.get_potential_energy()
        step = teacher.get_property("energy", crystal) - student.get_property("energy", crystal)
        assert guard.teaching and abs(guard.removed - step) < 1e-9  # rounding of energies of 100 eV
        assert abs(step - OFFSET) < 1 and abs(taken - first) < 0.1  # 1e-3 Å is worth meV
        assert abs(taken - (teacher.get_property("energy", crystal) - guard.removed)) < 1e-9
        crystal.positions[0] += 1e-3
        released = crystal.get_potential_energy()
        assert not guard.teaching and abs(released - taken) < 0.1
        assert abs(released - (student.get_property("energy", crystal) - guard.removed)) < 1e-9


def test_frames_are_kept_with_labels(copper, crystal, tmp_path):
    guard = guard_of(copper, crystal, 12 * [2.0], keep=5)
    with guard.driving(dynamics(crystal)):
        for _ in range(12):
            crystal.positions += 1e-3
            crystal.get_stress()
    assert guard.write(tmp_path / "bad.extxyz") == 3
    frame = read(tmp_path / "bad.extxyz", "0")
    teacher = Teacher()
    assert abs(frame.info["REF_energy"] - teacher.get_property("energy", frame)) < 1e-6  # positions are written with 8 decimals
    np.testing.assert_allclose(frame.arrays["REF_forces"], teacher.get_property("forces", frame), atol=1e-6)
    np.testing.assert_allclose(frame.info["REF_stress"], teacher.get_property("stress", frame), atol=1e-6)


def test_runs_under_a_thermostat(copper, crystal):
    guard = guard_of(copper, crystal, (1.5 if n % 7 == 3 else 0.2 for n in range(10**6)), patience=2)
    run = dynamics(crystal)
    with guard.driving(run):
        run.run(30)
    assert 0 < guard.share < 1 and len(guard.frames) > 1


@pytest.mark.parametrize("use", ["alone", "verlet", "optimiser", "neb", "other atoms"])
def test_refused_elsewhere(copper, crystal, use):
    guard = guard_of(copper, crystal, 10 * [0.1])
    with pytest.raises(GuardError):
        if use == "alone":
            crystal.get_forces()
        elif use == "verlet":
            with guard.driving(VelocityVerlet(crystal, 1 * units.fs)):
                pass
        elif use == "optimiser":
            BFGS(crystal, logfile=None).run(1e-3, 3)
        elif use == "neb":
            images = [crystal.copy() for _ in range(3)]
            images[0].calc, images[1].calc, images[2].calc = EMT(), guard, EMT()
            NEB(images).get_forces()
        else:
            other = crystal.copy()
            other.calc = EMT()
            with guard.driving(dynamics(other)):
                pass


def test_student_must_have_grades(copper, random_student):
    with pytest.raises(GuardError, match='grade="warn"'):
        GuardedCalculator(StudentCalculator(copper, grade="off"), Calculator())
    GuardedCalculator(StudentCalculator(random_student), Calculator())
