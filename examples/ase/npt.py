"""Molecular dynamics at constant temperature and pressure."""

import numpy as np
from ase import units
from ase.build import bulk
from ase.md.nptberendsen import NPTBerendsen
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from make_calculator import make_calculator

atoms = bulk("Cu", cubic=True, a=3.5) * 2
atoms.calc = make_calculator()
MaxwellBoltzmannDistribution(atoms, temperature_K=300)

volumes = []
dynamics = NPTBerendsen(
    atoms, timestep=2 * units.fs, temperature_K=300, taut=50 * units.fs, pressure_au=0.0, taup=200 * units.fs, compressibility_au=1 / (140 * units.GPa)
)
dynamics.attach(lambda: volumes.append(atoms.get_volume() / len(atoms)), interval=10)
dynamics.run(400)
volume = np.mean(volumes[20:])
print(f"volume {volume:.2f} Å^3/atom")
assert 11.4 < volume < 12.2
