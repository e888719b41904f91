"""What the Python side costs: `make bench-python` runs this and prints a table with the bars.

    python overhead.py STUDENT [--long]

STUDENT must know copper. --long adds the million atoms and the million calls of the memory rows.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import ase
import numpy as np
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.calculator import Calculator
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.md.verlet import VelocityVerlet

from mlff_distiller.calculators import StudentCalculator

FAILED = []


def row(what: str, value: float, bar: float, unit: str) -> None:
    good = value <= bar
    FAILED.extend([] if good else [what])
    print(f"{what:62} {value:9.2f} {unit:4} bar {bar:6g}  {'ok' if good else 'ABOVE'}", flush=True)


def copper(n: int) -> Atoms:
    """n atoms at 300 K."""
    repeat = {64: (4, 4, 4), 192: (4, 4, 3), 500: (5, 5, 5), 108: (3, 3, 3), 16: (2, 2, 1), 8: (2, 1, 1)}[n]
    atoms = (bulk("Cu") if n == 64 else bulk("Cu", cubic=True)) * repeat
    assert len(atoms) == n
    MaxwellBoltzmannDistribution(atoms, temperature_K=300, rng=np.random.RandomState(1))
    return atoms


class Constant:
    """Gives the same array whatever it is asked: what is left is ASE."""

    def __init__(self, n: int) -> None:
        self.forces = np.zeros((n, 3))

    def get_forces(self, atoms: Atoms) -> np.ndarray:
        return self.forces


class NoOp(Calculator):
    """Compares what it is given with what it saw last, and hands out copies, as short as Python can say it."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.seen, self.forces = None, np.zeros((n, 3))

    def get_property(self, name, atoms=None, allow_calculation=True):
        arrays = atoms.arrays
        charges, moments = arrays.get("initial_charges"), arrays.get("initial_magmoms")
        now = (arrays["positions"].tobytes(), arrays["numbers"].tobytes(), atoms.cell.array.tobytes(), atoms.pbc.tobytes(),
               charges if charges is None else charges.tobytes(), moments if moments is None else moments.tobytes())  # fmt: skip
        if now != self.seen:
            self.seen, self.forces = now, np.zeros((len(atoms), 3))
        return self.forces.copy()


def step(calc: Any, n: int, steps: int = 20, repeats: int = 300) -> tuple[float, float]:
    """us per step of VelocityVerlet beyond the engine's evaluate, and of the engine; the quietest repeat counts."""
    atoms = copper(n)
    atoms.calc, state = calc, getattr(calc, "_state", None)
    dynamics = VelocityVerlet(atoms, 1 * units.fs)
    dynamics.run(50)
    best = (1e9, 0.0)
    for _ in range(repeats):
        engine, began = state.seconds if state else 0.0, time.perf_counter()
        dynamics.run(steps)
        wall, spent = time.perf_counter() - began, state.seconds - engine if state else 0.0
        best = min(best, ((wall - spent) / steps * 1e6, spent / steps * 1e6))
    return best


class Timed(StudentCalculator):
    """Notes what get_forces takes."""

    spent = 0.0

    def get_forces(self, atoms=None):
        began = time.perf_counter()
        forces = super().get_forces(atoms)
        self.spent += time.perf_counter() - began
        return forces


def share(student: str, n: int, steps: int = 10, repeats: int = 300) -> tuple[float, float]:
    """us per step of the calculator without the engine, and of ASE itself, whose data the engine has pushed out of the caches."""
    atoms = copper(n)
    atoms.calc = calc = Timed(student, threads=1)
    dynamics = VelocityVerlet(atoms, 1 * units.fs)
    dynamics.run(50)
    ours, ase_alone = 1e9, 1e9
    for _ in range(repeats):
        engine, inside, began = calc._state.seconds, calc.spent, time.perf_counter()
        dynamics.run(steps)
        wall, inside, engine = time.perf_counter() - began, calc.spent - inside, calc._state.seconds - engine
        ours, ase_alone = min(ours, (inside - engine) / steps * 1e6), min(ase_alone, (wall - inside) / steps * 1e6)
    return ours, ase_alone


def call_overhead(student: str, n: int = 108, calls: int = 20, repeats: int = 200) -> float:
    """Part of a call of get_forces with changed positions that is not the engine's, in percent of the engine's."""
    atoms = copper(n)
    atoms.calc = calc = StudentCalculator(student, threads=1)
    shift = 1e-4 * np.random.RandomState(0).normal(size=(n, 3))
    best = 1e9
    for _ in range(repeats):
        engine, wall = calc._state.seconds, 0.0
        for k in range(calls):
            atoms.positions += shift if k % 2 else -shift
            began = time.perf_counter()
            calc.get_forces(atoms)
            wall += time.perf_counter() - began
        spent = calc._state.seconds - engine
        best = min(best, 100 * (wall - spent) / spent)
    return best


def batch_cost(student: str, threads: int, structures: int = 512, repeats: int = 60) -> float:
    """Time of calculate_batch of structures of 8 atoms over that of get_forces of one after the other, in percent."""
    calc = StudentCalculator(student, threads=threads)
    many = [copper(8) for _ in range(structures)]
    for k, atoms in enumerate(many):
        atoms.rattle(0.05, seed=k)
    single = batch = 1e9
    for _ in range(repeats):
        began = time.perf_counter()
        for atoms in many:
            calc.get_forces(atoms)
        between = time.perf_counter()
        calc.calculate_batch(many)
        single, batch = min(single, between - began), min(batch, time.perf_counter() - between)
    return 100 * batch / single


def memory_growth(student: str, first: int = 10_000, last: int = 1_000_000) -> float:
    """MiB that the process grows by from call `first` to call `last`; every 100th call rebuilds the neighbour list."""
    atoms = copper(16)
    atoms.calc = calc = StudentCalculator(student, threads=1)
    home, rng = atoms.positions.copy(), np.random.RandomState(2)
    for k in range(last):
        atoms.positions[:] = home
        atoms.positions[k % 16, k % 3] += 1.5 * rng.rand() if k % 100 == 0 else 0.01 * rng.rand()
        calc.get_forces(atoms)
        if k == first:
            start = rss()
    return rss() - start


LARGE = """
import resource, sys
from ase.build import bulk
from mlff_distiller.calculators import StudentCalculator
atoms = bulk("Cu", cubic=True) * (63, 63, 63)
StudentCalculator(sys.argv[1], threads=1).get_forces(atoms)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, len(atoms))
"""


def peak_memory(student: str) -> float:
    """GiB of a process that evaluates a million atoms once, Python included."""
    return float(subprocess.run([sys.executable, "-c", LARGE, student], check=True, capture_output=True, text=True).stdout.split()[0])


def rss() -> float:
    """MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


FIRST = """
import sys, time
import numpy, ase, ase.build, ase.calculators.calculator
atoms = ase.build.bulk("Cu", cubic=True) * 2
began = time.perf_counter()
from mlff_distiller.calculators import StudentCalculator
atoms.calc = StudentCalculator(sys.argv[1])
atoms.get_forces()
print(1e3 * (time.perf_counter() - began))
"""


def first_call(student: str, repeats: int = 10) -> float:
    """ms for import, load and first call, without those of ASE and numpy."""
    return min(float(subprocess.run([sys.executable, "-c", FIRST, student], check=True, capture_output=True, text=True).stdout) for _ in range(repeats))


def main() -> int:
    student = sys.argv[1]
    print(f"ase {ase.__version__}, numpy {np.__version__}, python {sys.version.split()[0]}; one thread, float32, the quietest of several repeats")
    for n, bar in ((64, 15), (192, 17), (500, 22)):
        ours, engine = step(StudentCalculator(student, threads=1), n)
        row(f"VelocityVerlet step less the engine's {engine:.0f} us, {n} atoms", ours, bar, "us")
        print("    of which the calculator {:.1f}, ASE itself {:.1f} us".format(*share(student, n)))
        print(f"    on this machine ASE takes {step(Constant(n), n)[0]:.1f} us with forces that never change, {step(NoOp(n), n)[0]:.1f} us with a calculator that does nothing")
    row("get_forces over evaluate, 108 atoms", call_overhead(student), 10, "%")
    for threads in (1, 2):
        row(f"calculate_batch over single calls, 512 of 8 atoms, {threads} threads", batch_cost(student, threads), 100, "%")
    row("import, load and first call", first_call(student), 50, "ms")
    if "--long" in sys.argv:
        print(f"{'peak memory of a process that evaluates 10^6 atoms':62} {peak_memory(student):9.2f} GiB", flush=True)
        row("growth of memory from call 10^4 to 10^6", memory_growth(student), 1, "MiB")
    return bool(FAILED)


if __name__ == "__main__":
    sys.exit(main())
