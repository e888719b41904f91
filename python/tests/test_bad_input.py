"""Nothing that can be given to a student crashes the interpreter: it works, or an exception says what to do."""

from __future__ import annotations

import copy
import sys

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import PropertyNotImplementedError
from conftest import same

from mlff_distiller.calculators import StudentCalculator
from mlff_distiller.errors import ChargeError, CoincidentAtomsError, ExtrapolationError, ExtrapolationWarning, StructureError, StudentError, UnknownSpeciesError


@pytest.fixture
def calc(copper):
    return StudentCalculator(copper, threads=1, grade="off")


def test_unknown_element(calc):
    with pytest.raises(UnknownSpeciesError, match="the student knows Cu, not O, Ag\ndistil a student with these elements"):
        calc.get_forces(Atoms("CuOAg", positions=[(0, 0, 0), (2, 0, 0), (4, 0, 0)]))


@pytest.mark.parametrize("number", [0, -1, 119, 2**31, 2**40])
def test_impossible_numbers(calc, number):
    atoms = Atoms("Cu")
    atoms.numbers[0] = number
    with pytest.raises(StudentError):
        calc.get_potential_energy(atoms)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_positions_and_cells_that_are_not_finite(calc, crystal, value):
    crystal.positions[5, 1] = value
    with pytest.raises(StructureError, match="atom 5"):
        calc.get_forces(crystal)
    crystal.positions[5, 1] = 0.1
    crystal.cell[1, 1] = value
    with pytest.raises(StructureError, match="lattice vector 2"):
        calc.get_forces(crystal)


def test_atoms_on_top_of_each_other(calc):
    with pytest.raises(CoincidentAtomsError, match="atoms 0 and 1"):
        calc.get_forces(Atoms("Cu2", positions=[(1, 1, 1), (1, 1, 1)]))


@pytest.mark.parametrize("cell", [np.zeros((3, 3)), np.diag([7.0, 7.0, 0]), [[7, 0, 0], [7, 0, 0], [0, 0, 7]]])
def test_cells_of_low_rank(calc, cell):
    atoms = Atoms("Cu", cell=cell, pbc=True)
    with pytest.raises(StructureError, match="span no volume"):
        calc.get_forces(atoms)
    atoms.pbc = False
    assert calc.get_forces(atoms).shape == (1, 3)


def test_low_rank_where_it_does_not_matter(calc):
    slab = Atoms("Cu", cell=[3.0, 3.0, 0], pbc=[True, True, False])
    assert calc.get_forces(slab).shape == (1, 3)
    with pytest.raises(PropertyNotImplementedError, match="periodic in all three directions"):
        calc.get_stress(slab)


def test_other_kinds_of_arrays(calc, crystal):
    forces = calc.get_forces(crystal)
    x, z = crystal.positions.copy(), crystal.numbers.copy()
    wide = np.zeros((len(x), 6))
    wide[:, ::2] = x
    frozen = x.copy()
    frozen.flags.writeable = False
    kinds = {
        "strided": (wide[:, ::2], z),
        "Fortran": (np.asfortranarray(x), z),
        "read-only": (frozen, z),
        "big-endian": (x.astype(">f8"), z.astype(">i8")),
        "int32": (x, z.astype(np.int32)),
        "uint8": (x, z.astype(np.uint8)),
        "floats": (x, z.astype(float)),
    }
    for name, (positions, numbers) in kinds.items():
        twin = crystal.copy()
        twin.arrays["positions"], twin.arrays["numbers"] = positions, numbers
        twin.positions.flags.writeable
        calc.reset()
        assert same(calc.get_forces(twin), forces), name
    twin.arrays["positions"] = x.astype(np.float32)
    assert abs(calc.get_forces(twin) - forces).max() < 1e-4  # positions rounded to 2e-7 Å, stiffness of 10 eV/Å^2, some margin
    twin.arrays["numbers"] = z + 0.5
    with pytest.raises(ValueError, match="integers"):
        calc.get_forces(twin)
    twin.arrays["numbers"] = z[:-1]
    with pytest.raises(ValueError, match="31 numbers, 96 coordinates"):
        calc.get_forces(twin)


def test_no_atoms_and_one(calc):
    assert calc.get_potential_energy(Atoms()) == 0
    assert calc.get_forces(Atoms()).shape == (0, 3)
    assert calc.get_property("energies", Atoms(pbc=True, cell=[3, 3, 3])).shape == (0,)
    one = Atoms("Cu")
    assert np.array_equal(calc.get_forces(one), [[0, 0, 0]])
    assert calc.get_potential_energy(one) == calc.get_property("energies", one)[0]


def test_tiny_and_skewed_cells(copper):
    """A cell smaller than the cutoff, and the same lattice with skewed vectors, in another number of atoms."""
    calc = StudentCalculator(copper, precision="float64", grade="off")
    primitive = bulk("Cu")
    energy = calc.get_potential_energy(primitive)
    skewed = primitive.copy()
    skewed.set_cell(np.array([[1, 0, 0], [7, 1, 0], [-3, 4, 1]]) @ primitive.cell.array)
    # rounding of sums over 80 neighbours of order 1 eV
    assert abs(calc.get_potential_energy(skewed) - energy) < 1e-10
    assert abs(calc.get_potential_energy(primitive * (3, 2, 1)) / 6 - energy) < 1e-10
    assert abs(calc.get_stress(skewed) - calc.get_stress(primitive)).max() < 1e-10


def test_per_atom_results(copper, crystal):
    calc = StudentCalculator(copper, precision="float64")
    crystal.set_cell(crystal.cell * [1, 1.02, 0.99], scale_atoms=True)
    assert abs(calc.get_property("energies", crystal).sum() - calc.get_potential_energy(crystal)) < 1e-10  # rounding of 32 energies of 4 eV
    assert abs(calc.get_stresses(crystal).sum(axis=0) - calc.get_stress(crystal)).max() < 1e-12
    assert calc.get_property("free_energy", crystal) == calc.get_potential_energy(crystal)
    assert calc.get_property("extrapolation_grade", crystal).shape == (32,)


@pytest.mark.parametrize("precision,tolerance", [("float64", 1e-6), ("float32", 2e-3)])
def test_forces_and_stress_are_derivatives(copper, crystal, precision, tolerance):
    """Central differences: with h = 1e-4 truncation ~ 1e-7; float32 energies of 1e2 eV round to 1e-5, over h = 1e-2."""
    calc = StudentCalculator(copper, precision=precision)
    h = 1e-4 if precision == "float64" else 1e-2
    forces, stress = calc.get_forces(crystal), calc.get_stress(crystal)
    for i, a in ((0, 0), (7, 2)):
        energies = []
        for sign in (1, -1):
            moved = crystal.copy()
            moved.positions[i, a] += sign * h
            energies.append(calc.get_potential_energy(moved))
        assert abs((energies[1] - energies[0]) / (2 * h) - forces[i, a]) < tolerance * 10
    for k, (a, b) in enumerate([(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]):
        energies = []
        for sign in (1, -1):
            strain = np.eye(3)
            strain[a, b] += sign * h / 2
            strain[b, a] += sign * h / 2
            moved = crystal.copy()
            moved.set_cell(crystal.cell.array @ strain, scale_atoms=True)
            energies.append(calc.get_potential_energy(moved))
        assert abs((energies[0] - energies[1]) / (2 * h) / crystal.get_volume() - stress[k]) < tolerance


def test_files_that_are_no_students(tmp_path, copper):
    content = copper.read_bytes()
    (tmp_path / "cut").write_bytes(content[:-100])
    (tmp_path / "text").write_text("hello")
    (tmp_path / "empty").write_bytes(b"")
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    (tmp_path / "flipped").write_bytes(flipped)
    for name, says in {"cut": "damaged", "text": "not a student", "empty": "not a student", "flipped": "damaged"}.items():
        with pytest.raises(StudentError, match=f"{name}: .*{says}"):
            StudentCalculator(tmp_path / name)
    with pytest.raises(FileNotFoundError, match="no such student file"):
        StudentCalculator(tmp_path / "absent.safetensors")
    with pytest.raises((IsADirectoryError, FileNotFoundError)):
        StudentCalculator(tmp_path)


def test_a_newer_file(tmp_path, copper):
    from test_distilled import with_teacher

    newer = with_teacher(copper.read_bytes().replace(b'"version":"1"', b'"version":"9"'), {})
    (tmp_path / "newer").write_bytes(newer)
    with pytest.raises(StudentError, match="version 9.*\ninstall a newer mlff"):
        StudentCalculator(tmp_path / "newer")


@pytest.mark.parametrize(
    "options,text",
    [({"precision": "float16"}, "float16"), ({"grade": "stop"}, "stop"), ({"threads": 0}, "threads 0"), ({"threads": 10**6}, "threads"), ({"threshold": "high"}, "high")],
)
def test_options_that_mean_nothing(copper, options, text):
    with pytest.raises(ValueError, match=text):
        StudentCalculator(copper, **options)


def test_unknown_options(copper):
    with pytest.raises(TypeError, match="thread"):
        StudentCalculator(copper, thread=2)


@pytest.mark.parametrize("name", ["magmoms", "confidence", "dipole", "nonsense"])
def test_properties_a_student_has_not(calc, crystal, name):
    with pytest.raises(PropertyNotImplementedError, match=f"a student has no {name}\n"):
        calc.get_property(name, crystal)


def test_charge_and_spin(calc, crystal):
    for change in (
        lambda a: a.info.update(charge=1),
        lambda a: a.info.update(spin=3),
        lambda a: a.set_initial_charges([0.1] * len(a)),
    ):
        atoms = crystal.copy()
        change(atoms)
        with pytest.raises(ChargeError, match="distil a student"):
            calc.get_forces(atoms)
        assert calc.results == {}
    crystal.info.update(charge=0, spin=1, name="anything")
    crystal.set_initial_charges(np.resize([0.4, -0.4], len(crystal)))
    assert calc.get_forces(crystal).shape == (32, 3)


def test_grades(copper, crystal):
    strange = crystal.copy()
    strange.rattle(0.4, seed=1)
    with pytest.warns(ExtrapolationWarning, match="was not taught this") as heard:
        calc = StudentCalculator(copper, grade="warn")
        calc.get_forces(crystal)
        calc.get_forces(strange)
        calc.get_forces(crystal)
        calc.get_forces(strange)
    assert len(heard) == 1, "it warns again only when it gets worse"
    assert calc.get_property("extrapolation_grade", strange).max() > 1
    calc = StudentCalculator(copper, grade="raise")
    with pytest.raises(ExtrapolationError, match="extrapolation grade"):
        calc.get_forces(strange)
    assert calc.results == {} and calc.get_forces(crystal) is not None
    StudentCalculator(copper, grade="raise", threshold=1e6).calculate_batch([crystal])
    off = StudentCalculator(copper, grade="off")
    off.get_forces(strange)
    with pytest.raises(PropertyNotImplementedError, match='grade="off"'):
        off.get_property("extrapolation_grade", strange)


def test_same_bits_for_any_thread_count(copper, crystal):
    one = StudentCalculator(copper, threads=1).get_forces(crystal)
    for threads in (2, 3, None):
        assert same(StudentCalculator(copper, threads=threads).get_forces(crystal), one)


def test_batch(copper, crystal):
    calc = StudentCalculator(copper, grade="off")
    structures = [crystal, bulk("Cu"), Atoms(), Atoms("Cu"), crystal[:5], Atoms("Cu2", positions=[(0, 0, 0), (0, 0, 2.4)])] * 3
    for atoms, result in zip(structures, calc.calculate_batch(structures)):
        assert result["energy"] == calc.get_potential_energy(atoms)
        assert same(result["forces"], calc.get_forces(atoms))
        assert ("stress" in result) == atoms.pbc.all() and ("stress" not in result or same(result["stress"], calc.get_stress(atoms)))
    assert calc.calculate_batch([]) == []
    with pytest.raises(UnknownSpeciesError, match="structure 1: .*not O"):
        calc.calculate_batch([crystal, Atoms("O"), Atoms("H")])
    charged = crystal.copy()
    charged.info["charge"] = 2
    with pytest.raises(ChargeError, match="structure 1: "):
        calc.calculate_batch([crystal, charged])
    with pytest.warns(ExtrapolationWarning, match="1 of these 2 structures"):
        strange = crystal.copy()
        strange.rattle(0.4, seed=1)
        StudentCalculator(copper).calculate_batch([crystal, strange])


@pytest.mark.parametrize("value", ["zero", [0, 0], np.zeros(2), 1j])
def test_charges_that_are_no_number(calc, crystal, value):
    calc.get_forces(crystal)
    crystal.info["charge"] = value
    with pytest.raises(ChargeError, match="no number\nchange atoms.info"):
        calc.get_forces(crystal)
    assert calc.results == {}
    with pytest.raises(ChargeError, match="structure 1: "):
        calc.calculate_batch([Atoms("Cu"), crystal])


@pytest.mark.parametrize("option,value,error", [("threshold", 0, ValueError), ("threshold", -1, ValueError), ("threshold", np.nan, ValueError), ("threads", 0, ValueError), ("threads", 1.5, TypeError)])
def test_options_that_would_be_ignored(random_student, option, value, error):
    """A threshold below 0 would silence every alarm, and one that is no number would never be passed."""
    with pytest.raises(error):
        StudentCalculator(random_student, **{option: value})


def test_options_cannot_be_set_afterwards(calc):
    assert calc.set() == {}
    with pytest.raises(TypeError, match="precision.*\nmake another calculator"):
        calc.set(precision="float64")


def test_results_of_a_batch_are_their_own(copper, crystal):
    calc = StudentCalculator(copper)
    first = calc.calculate_batch([crystal, crystal])
    first[0]["forces"][:] = 99
    assert abs(first[1]["forces"]).max() < 90
    copy.deepcopy(calc)


def test_a_batch_runs_no_python_for_each_structure(copper, crystal):
    """So that many small structures cost less in one call than one by one."""
    calc = StudentCalculator(copper, threads=1)

    def calls(structures):
        seen = []
        sys.setprofile(lambda frame, event, argument: seen.append(event))
        try:
            calc.calculate_batch(structures)
        finally:
            sys.setprofile(None)
        return len(seen)

    assert calls([crystal.copy() for _ in range(50)]) == calls([crystal])


def test_unusual_structures_in_a_batch(copper, crystal):
    """What is no plain ase.Atoms is converted as in a calculation, and errors say which structure it is."""
    calc = StudentCalculator(copper, grade="off")
    wanted = calc.get_forces(crystal)
    single, short, half = crystal.copy(), crystal.copy(), crystal.copy()
    single.arrays["numbers"] = single.numbers.astype(np.int32)
    single.info["charge"] = 0
    assert all(same(r["forces"], wanted) for r in calc.calculate_batch([crystal, single, crystal]))
    short.arrays["numbers"] = short.numbers[:-1]
    half.arrays["numbers"] = half.numbers + 0.5
    for bad, text in ((short, "structure 1: 31 numbers, 96 coordinates"), (half, "structure 1: atomic numbers must be integers")):
        with pytest.raises(ValueError, match=text):
            calc.calculate_batch([crystal, bad])
    with pytest.raises(AttributeError):
        calc.calculate_batch([crystal, "text"])
    assert same(calc.calculate_batch(a for a in [crystal])[0]["forces"], wanted)


def test_a_batch_within_a_batch(copper, crystal):
    """Converting a structure may run Python, which may calculate with the same calculator."""
    calc = StudentCalculator(copper, grade="off")

    class Nosy(Atoms):
        @property
        def info(self):
            calc.calculate_batch([crystal] * 3), calc.get_forces(crystal)
            return {}

        @info.setter
        def info(self, value):
            pass

    results = calc.calculate_batch([crystal, Nosy(crystal), crystal])
    assert same(results[1]["forces"], results[0]["forces"]) and same(results[2]["forces"], calc.get_forces(crystal))


LARGE = """
import resource, sys
import numpy as np
from ase import Atoms
from mlff_distiller.calculators import StudentCalculator
n = int(sys.argv[2])
calc = StudentCalculator(sys.argv[1], threads=1)
side = int(round(n ** (1 / 3)))
x = 2.55 * np.stack(np.meshgrid(*3 * [np.arange(side)], indexing="ij"), -1).reshape(-1, 3)
atoms = Atoms(numbers=np.full(len(x), 29), positions=x, cell=3 * [2.55 * side], pbc=True)
if len(sys.argv) > 3:
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[3]) * 2**20,) * 2)
try:
    print(calc.get_forces(atoms).shape[0])
except MemoryError as e:
    print("MemoryError", e)
"""


def test_what_does_not_fit_is_refused_before_it_is_allocated(python, copper):
    out = python(LARGE, copper, 10**6, 700)
    assert out.startswith("MemoryError") and "MiB" in out


def test_many_atoms_that_fit(python, copper):
    assert python(LARGE, copper, 27_000).strip() == "27000"
