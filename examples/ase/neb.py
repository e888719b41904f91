"""The barrier of a copper atom that hops across a bridge of the (100) surface, by nudged elastic bands."""

from ase.build import add_adsorbate, fcc100
from ase.constraints import FixAtoms
from ase.optimize import BFGS
from make_calculator import make_calculator

try:
    from ase.mep import NEB
except ImportError:  # ase < 3.23
    from ase.neb import NEB


def slab(position):
    atoms = fcc100("Cu", (3, 3, 3), vacuum=6)
    add_adsorbate(atoms, "Cu", 1.8, position)
    atoms.set_constraint(FixAtoms([atom.index for atom in atoms if atom.tag > 1]))
    atoms.calc = make_calculator(precision="float64")
    return atoms


first, last = slab("hollow"), slab("hollow")
last.positions[-1] += first.cell[0] / 3
for end in (first, last):
    BFGS(end, logfile=None).run(fmax=0.01)
images = [first.copy() for _ in range(5)]
images[-1] = last
images[0] = first
for image in images[1:-1]:
    image.calc = make_calculator(precision="float64")
band = NEB(images)
band.interpolate(mic=True)
BFGS(band, logfile=None).run(fmax=0.05, steps=100)

energies = [image.get_potential_energy() for image in images]
barrier = max(energies) - energies[0]
print(f"barrier {barrier:.3f} eV")
assert 0.3 < barrier < 0.6
