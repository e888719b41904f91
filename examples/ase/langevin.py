"""Molecular dynamics at constant temperature."""

import numpy as np
from ase import units
from ase.build import bulk
from ase.md.langevin import Langevin
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from make_calculator import make_calculator

atoms = bulk("Cu", cubic=True) * 2
atoms.calc = make_calculator()
MaxwellBoltzmannDistribution(atoms, temperature_K=800)

temperatures = []
dynamics = Langevin(atoms, timestep=2 * units.fs, temperature_K=500, friction=0.02 / units.fs)
dynamics.attach(lambda: temperatures.append(atoms.get_temperature()), interval=10)
dynamics.run(300)
print(f"temperature {np.mean(temperatures[15:]):.0f} K")
assert 300 < np.mean(temperatures[15:]) < 700
