"""Makes the labelled frames that copper.safetensors was distilled from: copper with ASE's EMT as the teacher.

    python make_copper.py copper.extxyz
    mlff distill copper.yaml --out run

with copper.yaml:

    data: [copper.extxyz]
    student: {cutoff: 5.6, radial: 12, channels: 16, mixed: 16, hidden: 16, lmax: 3, lt: 2, layers: 1, intervals: 64}
    train: {budget: 150s}
"""

import sys

import numpy as np
from ase import units
from ase.build import add_adsorbate, bulk, fcc100
from ase.calculators.emt import EMT
from ase.cluster import Icosahedron
from ase.io import write
from ase.md.langevin import Langevin

rng = np.random.RandomState(1)


def label(atoms):
    """The frame with EMT's answers under the names that mlff reads first."""
    atoms = atoms.copy()
    atoms.calc = EMT()
    atoms.info["REF_energy"] = atoms.get_potential_energy()
    atoms.arrays["REF_forces"] = atoms.get_forces()
    if atoms.pbc.all():
        atoms.info["REF_stress"] = atoms.get_stress()
    atoms.calc = None
    return atoms


def dynamics(atoms, temperature, frames):
    """Frames of Langevin dynamics, 20 fs apart."""
    atoms = atoms.copy()
    atoms.calc = EMT()
    run = Langevin(atoms, 4 * units.fs, temperature_K=temperature, friction=0.05 / units.fs, rng=rng)
    run.run(100)
    for _ in range(frames):
        run.run(5)
        yield label(atoms)


def strained(atoms, amount):
    """A random deformation of the cell."""
    atoms = atoms.copy()
    atoms.set_cell(atoms.cell @ (np.eye(3) + rng.uniform(-amount, amount, (3, 3))), scale_atoms=True)
    return atoms


def frames():
    cube = bulk("Cu", cubic=True) * 2
    vacancy = cube.copy()
    del vacancy[0]
    for temperature in (100, 300, 700, 1200):
        for start in (cube, strained(cube, 0.03), strained(cube, 0.05), vacancy):
            yield from dynamics(start, temperature, 15)
    slab = fcc100("Cu", (2, 2, 4), vacuum=6)
    add_adsorbate(slab, "Cu", 1.8, "hollow")
    for temperature in (300, 700):
        yield from dynamics(slab, temperature, 25)
    for site in ("hollow", "bridge"):
        for _ in range(15):
            slab = fcc100("Cu", (3, 3, 3), vacuum=6)
            add_adsorbate(slab, "Cu", 1.8 + 0.2 * rng.rand(), site)
            slab.rattle(0.05, rng=rng)
            yield label(slab)
    for temperature in (100, 400):
        yield from dynamics(Icosahedron("Cu", 2), temperature, 25)
    for a in np.linspace(0.9, 1.1, 15):
        primitive = bulk("Cu") * 2
        primitive.set_cell(primitive.cell * a, scale_atoms=True)
        yield label(primitive)


write(sys.argv[1], list(frames()), format="extxyz")
