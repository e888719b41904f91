"""How well a student of a FeNNol teacher knows a molecule: errors in dynamics, a torsion, vibrations.

    python molecule.py MOLECULE TEACHER,FILES REFERENCE i,j,k,l [STUDENT ...]

MOLECULE is any file of ASE, i,j,k,l the atoms of the torsion. What the teacher says is kept in the folder REFERENCE and
computed once. Prints one JSON object a student: force MAE [meV/Å] on the teacher's own dynamics at 300 and 500 K, RMSE of
the relaxed torsion profile [kcal/mol], MAE of the harmonic wavenumbers [1/cm], by small and by wide displacements.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.calculators.calculator import Calculator, all_changes
from ase.constraints import FixInternals
from ase.io import read, write
from ase.md.langevin import Langevin
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.optimize import BFGS

TEMPERATURES = (300, 500)
FRAMES, INTERVAL, WARM = 20, 20, 400  # of each trajectory, at 1 fs
ANGLES = range(0, 181, 15)
STEP = 0.01  # Å, of the Hessian, as mlff validate and ASE have it
WIDE = 0.06  # Å, how far hydrogen swings in its zero-point vibration: ANI has kinks, its C-H stretches fall by 40/cm from 0.001 to here


class Teacher(Calculator):
    """The ensemble as the command labels with it."""

    implemented_properties = ["energy", "forces"]

    def __init__(self, files: str) -> None:
        super().__init__()
        from mlff_distiller.teachers.fennol import create

        self.teacher = create(files, {}, 2)

    def calculate(self, atoms: Atoms | None = None, properties: Any = None, system_changes: Any = all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        frame = type("Frame", (), {})
        frame.symbols, frame.positions = list(self.atoms.symbols), self.atoms.positions.tolist()
        frame.cell, frame.pbc = [[0.0] * 3] * 3, [False] * 3
        frame.__len__ = lambda _: len(self.atoms)
        self.results = self.teacher.label_one(frame())


def relaxed(atoms: Atoms, force: float = 1e-3) -> Atoms:
    BFGS(atoms, logfile=None).run(fmax=force, steps=300)
    return atoms


def conformers(atoms: Atoms, torsion: list[int]) -> list[Atoms]:
    """Relaxed, with the torsion started at 180 and 60 degrees."""
    out = []
    for angle in (180, 60):
        copy = atoms.copy()
        copy.set_dihedral(*torsion, angle, indices=turned(copy, torsion))
        copy.calc = atoms.calc
        out.append(relaxed(copy))
    return out


def turned(atoms: Atoms, torsion: list[int]) -> list[int]:
    """The atoms beyond the torsion's axis j-k, on the side of k."""
    from ase.data import covalent_radii
    from ase.neighborlist import build_neighbor_list

    neighbours = build_neighbor_list(atoms, [1.1 * covalent_radii[z] for z in atoms.numbers], self_interaction=False, bothways=True)
    found, queue = {torsion[2]}, [torsion[2]]
    while queue:
        i = queue.pop()
        for j in neighbours.get_neighbors(i)[0]:
            if {int(i), int(j)} != {torsion[1], torsion[2]} and int(j) not in found:
                found.add(int(j))
                queue.append(int(j))
    return sorted(found)


def profile(atoms: Atoms, torsion: list[int]) -> list[float]:
    """Relaxed energies [kcal/mol] along the torsion, above their mean."""
    energies = []
    scan = atoms.copy()
    for angle in ANGLES:
        scan.set_constraint()
        scan.set_dihedral(*torsion, angle, indices=turned(scan, torsion))
        scan.calc = atoms.calc
        scan.set_constraint(FixInternals(dihedrals_deg=[[angle, torsion]]))
        energies.append(relaxed(scan, 5e-3).get_potential_energy() / (units.kcal / units.mol))
    return (np.array(energies) - np.mean(energies)).tolist()


def wavenumbers(atoms: Atoms, step: float) -> list[float]:
    """The 3N - 6 harmonic wavenumbers [1/cm] of a relaxed molecule by displacements of step [Å], ascending; negative where imaginary."""
    atoms = atoms.copy() if atoms.calc is None else atoms
    n, hessian = len(atoms), []
    for k in range(3 * n):
        forces = []
        for sign in (1, -1):
            moved = atoms.copy()
            moved.calc = atoms.calc
            moved.positions[k // 3, k % 3] += sign * step
            forces.append(moved.get_forces().ravel())
        hessian.append((forces[1] - forces[0]) / (2 * step))
    weights = np.repeat(atoms.get_masses(), 3) ** -0.5
    square = np.linalg.eigvalsh(weights[:, None] * (np.array(hessian) + np.array(hessian).T) / 2 * weights)
    values = np.sign(square) * np.sqrt(np.abs(square)) * units._hbar * 1e10 * np.sqrt(units._e / units._amu) / units._e / units.invcm
    return np.delete(values, np.argsort(np.abs(values))[:6]).tolist()


def dynamics(starts: list[Atoms]) -> list[Atoms]:
    """Frames of the teacher's Langevin dynamics from every conformer at every temperature, with its forces."""
    frames = []
    for k, start in enumerate(starts):
        for temperature in TEMPERATURES:
            rng = np.random.RandomState(1000 * k + temperature)
            atoms = start.copy()
            atoms.calc = start.calc
            MaxwellBoltzmannDistribution(atoms, temperature_K=temperature, rng=rng)
            md = Langevin(atoms, units.fs, temperature_K=temperature, friction=0.01 / units.fs, rng=rng, fixcm=False)
            md.run(WARM)
            for _ in range(FRAMES):
                md.run(INTERVAL)
                frame = atoms.copy()
                frame.info = {"REF_energy": atoms.get_potential_energy(), "config_type": f"md-{temperature}K"}
                frame.arrays["REF_forces"] = atoms.get_forces()
                frames.append(frame)
    return frames


def reference(molecule: str, files: str, folder: Path, torsion: list[int]) -> tuple[list[Atoms], dict[str, Any]]:
    if not (folder / "teacher.json").exists():
        atoms = read(molecule)
        atoms.calc = Teacher(files)
        starts = conformers(atoms, torsion)
        folder.mkdir(parents=True, exist_ok=True)
        values = {"wavenumbers": wavenumbers(starts[0], STEP), "wide": wavenumbers(starts[0], WIDE), "profile": profile(starts[0], torsion)}
        write(folder / "dynamics.extxyz", dynamics(starts))
        write(folder / "start.extxyz", [s.copy() for s in starts])
        (folder / "teacher.json").write_text(json.dumps(values))
    return read(folder / "dynamics.extxyz", ":"), json.loads((folder / "teacher.json").read_text())


def judge(student: str, starts: list[Atoms], frames: list[Atoms], values: dict[str, Any], torsion: list[int]) -> dict[str, Any]:
    from mlff_distiller.calculators import StudentCalculator

    calc = StudentCalculator(student, precision="float64")
    errors = []
    for frame in frames:
        frame.calc = calc
        errors.append(np.abs(frame.get_forces() - frame.arrays["REF_forces"]).mean())
    atoms = starts[0].copy()
    atoms.calc = calc
    relaxed(atoms)
    difference = np.array(profile(atoms, torsion)) - values["profile"]
    shifts = np.array(wavenumbers(atoms, STEP)) - values["wavenumbers"]
    wide = np.array(wavenumbers(atoms, WIDE)) - values["wide"]
    return {
        "student": student,
        "forces": 1e3 * float(np.mean(errors)),
        "torsion": float(np.sqrt(np.mean(difference**2))),
        "wavenumbers": float(np.abs(shifts).mean()),
        "wide": float(np.abs(wide).mean()),
        "shifts": [round(float(x), 1) for x in shifts],
        "profile": [round(float(x), 3) for x in difference],
    }


def main() -> None:
    molecule, files, folder, atoms, *students = sys.argv[1:]
    torsion = [int(k) for k in atoms.split(",")]
    frames, values = reference(molecule, files, Path(folder), torsion)
    starts = read(Path(folder) / "start.extxyz", ":")
    for student in students:
        print(json.dumps(judge(student, starts, frames, values, torsion)), flush=True)


if __name__ == "__main__":
    main()
