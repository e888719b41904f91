"""Phonons of copper by finite displacements."""

import tempfile

import numpy as np
from ase.build import bulk
from ase.phonons import Phonons
from make_calculator import make_calculator

with tempfile.TemporaryDirectory() as folder:
    phonons = Phonons(bulk("Cu", a=3.59), make_calculator(precision="float64"), supercell=(4, 4, 4), delta=0.02, name=f"{folder}/phonon")
    phonons.run()
    phonons.read(acoustic=True)
energies = 1e3 * np.array([phonons.band_structure(np.array([[0.5, 0.0, 0.5]]))[0]]).ravel()  # X
print("at X:", ", ".join(f"{e:.1f}" for e in energies), "meV")
assert 15 < energies[0] and energies[-1] < 36
