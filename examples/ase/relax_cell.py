"""Relaxation of atoms and cell."""

import numpy as np
from ase.build import bulk
from ase.optimize import BFGS
from make_calculator import make_calculator

try:
    from ase.filters import FrechetCellFilter as CellFilter
except ImportError:  # ase < 3.23
    from ase.constraints import ExpCellFilter as CellFilter

atoms = bulk("Cu", cubic=True, a=3.5) * (2, 1, 1)
atoms.rattle(0.05, seed=1)
atoms.set_cell(atoms.cell.array @ [[1.0, 0.02, 0], [0, 0.98, 0], [0.01, 0, 1.01]], scale_atoms=True)
atoms.calc = make_calculator(precision="float64")

relaxation = BFGS(CellFilter(atoms), logfile=None)
relaxation.run(fmax=1e-4, steps=300)
lattice = (atoms.get_volume() / 2) ** (1 / 3)
print(f"lattice constant {lattice:.4f} Å, stress {abs(atoms.get_stress()).max():.1e} eV/Å^3 in {relaxation.nsteps} steps")
assert np.linalg.norm(atoms.get_forces(), axis=1).max() < 1e-4
assert 3.55 < lattice < 3.62
