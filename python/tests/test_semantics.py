"""What ASE promises of a calculator: caching, invalidation, no aliasing, copies, files, optimisers.

Every probe runs with the student and with a textbook subclass of Calculator around the same student, and must come out
the same.
"""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.calculator import Calculator, PropertyNotImplementedError, all_changes
from ase.constraints import FixAtoms
from ase.io import Trajectory, read, write
from ase.md.verlet import VelocityVerlet
from ase.optimize import BFGS, FIRE

from mlff_distiller import students
from mlff_distiller.calculators import StudentCalculator
from mlff_distiller.errors import CertificateWarning

try:
    from ase.filters import ExpCellFilter
    from ase.filters import FrechetCellFilter as CellFilter
except ImportError:  # ase < 3.23
    from ase.constraints import ExpCellFilter
    from ase.constraints import ExpCellFilter as CellFilter


class Counting(StudentCalculator):
    """The student, which counts its evaluations."""

    @property
    def ncalc(self):
        return self._state.calls


class Textbook(Calculator):
    """A calculator as ASE's documentation says."""

    implemented_properties = ["energy", "free_energy", "forces", "stress"]
    ncalc = 0

    def __init__(self, path, **options):
        super().__init__()
        self.student = StudentCalculator(path, **options)

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.ncalc += 1
        self.results = {name: self.student.get_property(name, self.atoms) for name in self.implemented_properties}


@pytest.fixture(params=[Textbook, Counting])
def calc(request, copper):
    return request.param(copper, precision="float64", grade="off")


@pytest.fixture
def atoms(crystal, calc):
    crystal.calc = calc
    crystal.get_potential_energy()
    return crystal


def test_one_evaluation_serves_all_properties(atoms, calc):
    atoms.get_forces(), atoms.get_stress(), atoms.get_potential_energy(force_consistent=True)
    assert calc.ncalc == 1


def test_results_are_isolated(atoms, calc):
    for get in (atoms.get_forces, atoms.get_stress):
        get()[:] = 99
        assert abs(get()).max() < 90
    assert calc.ncalc == 1


CHANGES = {
    "positions added to": lambda a: a.positions.__iadd__(0.01),
    "one coordinate": lambda a: a.positions.__setitem__((0, 0), 0.1),
    "numbers": lambda a: a.numbers.__setitem__(slice(None), 29 * np.ones(len(a), int)) or a.numbers.__setitem__(0, 29),
    "cell": lambda a: a.set_cell(a.cell * 1.01),
    "cell in place": lambda a: a.cell.__setitem__((0, 0), 7.5),
    "pbc": lambda a: a.set_pbc([1, 1, 0]),
    "charges": lambda a: a.set_initial_charges(np.resize([0.1, -0.1], len(a))),
    "magnetic moments": lambda a: a.set_initial_magnetic_moments([1] * len(a)),
    "momenta": lambda a: a.set_momenta(np.ones((len(a), 3))),
    "tags": lambda a: a.set_tags(1),
    "append": lambda a: a.append(Atoms("Cu", [(0.5, 0.5, 0.9)])[0]),
    "delete": lambda a: a.__delitem__(-1),
}
UNSEEN = {"numbers", "momenta", "tags"}  # "numbers" writes the same ones


@pytest.mark.parametrize("change", CHANGES)
def test_invalidation(atoms, calc, change):
    if change == "pbc":
        calc.implemented_properties = ["energy", "forces"] if isinstance(calc, Textbook) else calc.implemented_properties
    before = calc.ncalc
    CHANGES[change](atoms)
    changed = change not in UNSEEN
    assert calc.calculation_required(atoms, ["energy"]) == changed
    assert (calc.get_property("energy", atoms, allow_calculation=False) is None) == changed
    atoms.get_potential_energy()
    assert calc.ncalc - before == changed


def test_other_species_are_another_structure(random_student):
    """As "numbers" above, with numbers that change: the student of copper knows no second element."""
    atoms = bulk("Si", cubic=True)
    atoms.numbers[::2] = 8
    seen = []
    for kind in (Textbook, Counting):
        twin = atoms.copy()
        twin.calc = calc = kind(random_student, precision="float64", grade="off")
        before = twin.get_potential_energy()
        twin.numbers[0] = 14
        required = calc.calculation_required(twin, ["energy"]), calc.get_property("energy", twin, allow_calculation=False) is None
        after = twin.get_potential_energy()
        assert after != before
        seen.append((required, before, after, calc.ncalc))
    assert seen[0] == seen[1] and seen[0][0] == (True, True)


def test_another_element_is_not_the_old_result(atoms, calc):
    atoms.numbers[0] = 47
    with pytest.raises(ValueError, match="not Ag"):
        atoms.get_potential_energy()
    assert calc.calculation_required(atoms, ["energy"])
    atoms.numbers[0] = 29
    atoms.get_potential_energy()
    assert calc.ncalc in (2, 3)  # the textbook counts the call that failed


def test_atoms_of_the_calculator(atoms, calc):
    assert np.array_equal(calc.atoms.positions, atoms.positions)
    assert len(calc.get_atoms()) == len(atoms)
    calc.atoms.positions[:] = 0
    assert calc.get_property("energy") == atoms.get_potential_energy() if isinstance(calc, StudentCalculator) else True


def test_copies_of_atoms(atoms, calc):
    twin = atoms.copy()
    assert twin.calc is None
    twin.calc = calc
    twin.get_potential_energy()
    assert calc.ncalc == 1
    atoms.positions += 0.02
    atoms.get_forces(), twin.get_forces(), atoms.get_forces()
    assert calc.ncalc == 4


@pytest.mark.parametrize("format,tolerance", [("traj", 1e-12), ("extxyz", 1e-6)])  # as many digits as each writes
def test_files(atoms, tmp_path, format, tolerance):
    path = str(tmp_path / f"x.{format}")
    if format == "traj":
        with Trajectory(path, "w", atoms) as trajectory:
            trajectory.write()
    else:
        write(path, atoms, format=format)
    assert abs(read(path).get_forces() - atoms.get_forces()).max() < tolerance


def relaxed(atoms, calc):
    BFGS(atoms, logfile=None).run(fmax=1e-3, steps=30)
    return round(atoms.get_potential_energy(), 9), calc.ncalc


def relaxed_with_cell(atoms, calc):
    atoms.set_constraint(FixAtoms([0, 1]))
    FIRE(ExpCellFilter(atoms), logfile=None).run(fmax=1e-3, steps=30)
    return round(atoms.get_potential_energy(), 9), calc.ncalc


def moved(atoms, calc):
    atoms.set_momenta(np.random.RandomState(0).normal(size=(len(atoms), 3)))
    VelocityVerlet(atoms, 1 * units.fs).run(20)
    return round(atoms.get_total_energy(), 9), calc.ncalc


@pytest.mark.parametrize("use", [relaxed, relaxed_with_cell, moved])
def test_drivers_do_the_same(copper, crystal, use):
    seen = []
    for kind in (Textbook, Counting):
        atoms = crystal.copy()
        atoms.calc = kind(copper, precision="float64", grade="off")
        seen.append(use(atoms, atoms.calc))
    assert seen[0] == seen[1]


def test_double_precision_relaxes_tightly(copper, crystal):
    """Atoms and cell together, to 1e-4 eV/Å."""
    crystal.set_cell(crystal.cell.array @ [[1.0, 0.02, 0], [0, 0.98, 0], [0.01, 0, 1.01]], scale_atoms=True)
    crystal.calc = StudentCalculator(copper, precision="float64", grade="off")
    relaxed = CellFilter(crystal)
    assert BFGS(relaxed, logfile=None).run(fmax=1e-4, steps=300)
    assert np.linalg.norm(relaxed.get_forces(), axis=1).max() < 1e-4
    # what the filter calls the forces of the cell is volume times stress over the number of atoms
    assert abs(crystal.get_stress()).max() * crystal.get_volume() < 1e-4 * len(crystal)


def test_numerical_forces(atoms, calc):
    small = atoms[:4]
    small.calc = calc
    # central differences with h = 1e-4 Å: truncation h²·|E'''|/6 ~ 1e-7, rounding 1e-16·|E|/h ~ 1e-11
    numerical = np.array(calc.calculate_numerical_forces(small, 1e-4))
    assert abs(numerical - small.get_forces()).max() < 1e-6


def test_what_a_student_has_not(atoms):
    with pytest.raises(PropertyNotImplementedError):
        atoms.get_dipole_moment()


def test_deepcopy(calc, atoms):
    twin = copy.deepcopy(calc)
    assert twin.results.keys() == calc.results.keys()


def test_pickle_keeps_student_options_and_results(copper, crystal):
    calc = StudentCalculator(copper, precision="float64", threads=1, grade="off", label="x/y")
    crystal.calc = calc
    forces = crystal.get_forces()
    twin = pickle.loads(pickle.dumps(calc))
    assert twin.results.keys() == calc.results.keys() and twin.label == calc.label and twin.precision == calc.precision
    assert np.array_equal(twin.get_forces(crystal), forces)
    atoms = pickle.loads(pickle.dumps(crystal))
    assert np.array_equal(atoms.get_forces(), forces)


def test_nothing_stale_after_a_failed_call(copper, crystal):
    calc = StudentCalculator(copper)
    crystal.calc = calc
    crystal.get_forces()
    assert calc.results["forces"] is calc.results["forces"]
    bad = crystal.copy()
    bad.positions[3] = np.nan
    for _ in range(2):
        with pytest.raises(ValueError, match="atom 3"):
            calc.get_forces(bad)
        assert calc.results == {} and calc.atoms is None
    with pytest.raises(ValueError, match="no atoms"):
        calc.get_property("energy")
    assert abs(crystal.get_forces()).max() > 0


def test_results_dictionary_makes_a_single_point(copper, crystal):
    from ase.calculators.singlepoint import SinglePointCalculator

    crystal.calc = StudentCalculator(copper)
    crystal.calc.get_property("extrapolation_grade", crystal)
    kept = crystal.copy()
    kept.calc = SinglePointCalculator(kept, **crystal.calc.results)
    assert np.array_equal(kept.get_forces(), crystal.get_forces())


def test_reset_and_set_results(copper, crystal):
    calc = Counting(copper)
    crystal.calc = calc
    crystal.get_forces()
    calc.reset()
    assert calc.atoms is None and calc.results == {}
    crystal.get_forces()
    assert calc.ncalc == 2
    calc.calculate(crystal, ["energy"], all_changes)
    assert calc.ncalc == 3 and calc.results["energy"] == crystal.get_potential_energy()


def test_atoms_keyword(copper):
    atoms = bulk("Cu")
    calc = StudentCalculator(copper, atoms=atoms)
    assert atoms.calc is calc


def test_what_a_certificate_lacks_is_said_once(copper):
    """Loading tells in one line what the certificate lacks; the same bytes again, or a certified student, say nothing."""
    content = (copper.parents[3] / "model" / "testdata" / "version1.safetensors").read_bytes()
    with pytest.warns(CertificateWarning, match="^old.safetensors has a certificate in which no bar decided"):
        kept = students.of_bytes(content, "there/old.safetensors")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert students.of_bytes(content) is kept
        students.load(copper)
