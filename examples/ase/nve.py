"""Molecular dynamics at constant energy: the total energy stays where it is."""

from ase import units
from ase.build import bulk
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary
from ase.md.verlet import VelocityVerlet
from make_calculator import make_calculator

atoms = bulk("Cu", cubic=True) * 2
atoms.calc = make_calculator()
MaxwellBoltzmannDistribution(atoms, temperature_K=600)
Stationary(atoms)

start = atoms.get_total_energy()
VelocityVerlet(atoms, timestep=2 * units.fs).run(200)
drift = 1e3 * (atoms.get_total_energy() - start) / len(atoms)
print(f"total energy changed by {drift:.3f} meV/atom in 0.4 ps")
assert abs(drift) < 1
