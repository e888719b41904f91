"""Vibrations of a relaxed cluster."""

import tempfile

import numpy as np
from ase.cluster import Icosahedron
from ase.optimize import BFGS
from ase.vibrations import Vibrations
from make_calculator import make_calculator

cluster = Icosahedron("Cu", 2)
cluster.calc = make_calculator(precision="float64")
BFGS(cluster, logfile=None).run(fmax=1e-4)

with tempfile.TemporaryDirectory() as folder:
    vibrations = Vibrations(cluster, name=f"{folder}/vib", delta=0.01)
    vibrations.run()
    energies = 1e3 * vibrations.get_energies()
print(f"{len(energies) - 6} vibrations, {energies[6].real:.1f} to {energies[-1].real:.1f} meV")
assert np.all(abs(energies[:6]) < 3), "translations and rotations cost nothing"
assert 5 < energies[6].real and energies[-1].real < 40
