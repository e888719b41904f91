"""Molecular dynamics through ASE, timed: what ``mlff bench`` runs with a student and with its teacher.

One script for both, in which the calculator is the only thing that differs. The command runs it with the Python where
the calculator lives and talks to it through pipes, one JSON object a line:

    command  {"student": "FILE", "precision": "float32", "threads": 1}
             or {"teacher": "sevennet", "target": "7net-0", "arguments": {}, "threads": 1, "device": "cuda"}
    script   {"ready": {"calculator": "StudentCalculator", "device": "cpu", "ase": "3.26.0"}}
             or {"absent": "this machine has no GPU"} or {"failed": "..."}
    command  {"run": {"file": "start.extxyz", "ensemble": "nve", "temperature": 300, "pressure": 0, "timestep": 1,
              "steps": 1000, "warm_up": 100, "seed": 1}}
    script   {"progress": 100} ... {"run": {"integrator": "VelocityVerlet", "first_ms": 12.5, "step_ms": [...],
              "call_ms": [...], "engine_ms": 0.9, "conserved": [...], "rss": [[0, 80.1], ...]}}
    command  {"batch": {"file": "many.extxyz", "repeats": 5}}
    script   {"batch": {"single_ms": [...], "batch_ms": [...]}}
    command  {"soak": {"file": "start.extxyz", "steps": 1000000, "timestep": 1, "temperature": 300, "seed": 1}}
    script   {"progress": 10000} ... {"soak": [[1000, 80.1], ...]}

Units: fs, K, eV/Å^3, ms, MiB; ``conserved`` in eV, null where ASE's integrator has no conserved quantity. ``step_ms`` are
whole steps of the integrator, ``call_ms`` the time spent in the calculator during each, ``engine_ms`` the mean time in a
student's engine, null for others. Threads are held to as many processors from the start, because some libraries
count those instead of listening to settings.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

Tell = Callable[[dict[str, Any]], None]


class Absent(Exception):
    """What is to be measured is not on this machine."""


def hold(threads: int) -> None:
    """Leaves so many of the processors that this process may use."""
    if threads > 0 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def make_calculator(job: dict[str, Any]) -> Any:
    """The one thing that differs."""
    threads = int(job.get("threads", 1))
    if "student" in job:
        from mlff_distiller.calculators import StudentCalculator

        return StudentCalculator(job["student"], threads=threads, precision=job.get("precision", "float32"))
    arguments = dict(job.get("arguments", {}))
    if device := job.get("device"):
        if not has_gpu(job["teacher"]):
            raise Absent("this machine has no GPU that the teacher could use")
        arguments["device"] = device
    if job["teacher"] == "fennol":
        return fennol_calculator(job["target"].split(","), arguments)
    from .teachers import open_teacher

    teacher = open_teacher(job["teacher"], job["target"], arguments, threads)
    if not hasattr(teacher, "calculator"):
        raise Absent(f"{job['teacher']} has no calculator of ASE")
    return teacher.calculator


def has_gpu(kind: str) -> bool:
    if kind == "fennol":
        import jax

        try:
            return bool(jax.devices("gpu"))
        except RuntimeError:
            return False
    try:
        import torch
    except ModuleNotFoundError:
        return False
    return bool(torch.cuda.is_available())


def fennol_calculator(files: list[str], arguments: dict[str, Any]) -> Any:
    """FeNNol's own calculator; of an ensemble the mean, by ASE's own means."""
    import jax

    jax.config.update("jax_enable_x64", True)
    if arguments.get("device") == "cuda":
        jax.config.update("jax_platforms", "cuda,cpu")
    from fennol.ase import FENNIXCalculator

    members = [FENNIXCalculator(model=file, use_float64=True) for file in files]
    if len(members) == 1:
        return members[0]
    from ase.calculators.mixing import AverageCalculator

    return AverageCalculator(members)


class Stopwatch:
    """Adds up the time spent in a calculator, whichever of its doors ASE comes through."""

    def __init__(self, calculator: Any) -> None:
        self.spent, self.inside = 0.0, False
        for door in ("get_property", "get_forces", "get_stress", "get_potential_energy"):
            if hasattr(calculator, door):
                setattr(calculator, door, self.timed(getattr(calculator, door)))

    def timed(self, door: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if self.inside:
                return door(*args, **kwargs)
            self.inside, began = True, time.perf_counter()
            try:
                return door(*args, **kwargs)
            finally:
                self.inside, self.spent = False, self.spent + time.perf_counter() - began

        return call


class Diary:
    """What a run notes after each step; the time of noting is no part of a step."""

    def __init__(self, conserved: Callable[[], float] | None, watch: Stopwatch, every: int, tell: Tell) -> None:
        self.conserved, self.watch, self.every, self.tell = conserved, watch, every, tell
        self.steps: list[float] = []
        self.calls: list[float] = []
        self.energies: list[float] = []
        self.memory = [[0, rss()]]
        self.began, self.spent = -1.0, 0.0

    def note(self) -> None:
        now = time.perf_counter()
        if self.began >= 0:  # not before the first step
            self.steps.append(1e3 * (now - self.began))
            self.calls.append(1e3 * (self.watch.spent - self.spent))
            self.after()
        self.spent, self.began = self.watch.spent, time.perf_counter()

    def after(self) -> None:
        if self.conserved is not None:
            self.energies.append(float(self.conserved()))
        if len(self.steps) % self.every == 0:
            self.memory.append([len(self.steps), rss()])
            self.tell({"progress": len(self.steps)})


class Bench:
    """A calculator and what is asked of it."""

    def __init__(self, job: dict[str, Any], tell: Tell) -> None:
        self.tell = tell
        self.calculator = make_calculator(job)
        self.watch = Stopwatch(self.calculator)
        self.state = getattr(self.calculator, "_state", None) if "student" in job else None
        self.info = {"charge": 0, "spin": 1} if job.get("teacher") == "orb" else {}

    def atoms(self, job: dict[str, Any]) -> Any:
        from ase.io import read

        atoms = read(job["file"])
        atoms.info |= self.info
        atoms.calc = self.calculator
        return atoms

    def start(self, job: dict[str, Any]) -> tuple[Any, float]:
        """Thermal atoms, and the time of the first call in ms."""
        import numpy as np
        from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary

        atoms = self.atoms(job)
        MaxwellBoltzmannDistribution(atoms, temperature_K=job["temperature"], rng=np.random.RandomState(job["seed"] % 2**32))
        Stationary(atoms)
        began = time.perf_counter()
        atoms.get_forces()
        return atoms, 1e3 * (time.perf_counter() - began)

    def langevin(self, atoms: Any, job: dict[str, Any], friction: float) -> Any:
        import numpy as np
        from ase import units
        from ase.md.langevin import Langevin

        return Langevin(atoms, job["timestep"] * units.fs, temperature_K=job["temperature"], friction=friction / (1000 * units.fs),
                        rng=np.random.RandomState(job["seed"] % 2**32))  # fmt: skip

    def run(self, job: dict[str, Any]) -> dict[str, Any]:
        atoms, first = self.start(job)
        self.langevin(atoms, job, friction=10).run(job["warm_up"])
        dynamics, name, conserved = self.integrator(atoms, job)
        atoms.get_forces()
        engine = self.state.seconds if self.state is not None else 0.0
        diary = Diary(conserved, self.watch, max(1, job["steps"] // 50), self.tell)
        dynamics.attach(diary.note, interval=1)
        dynamics.run(job["steps"])
        return {
            "integrator": name, "first_ms": first, "step_ms": diary.steps, "call_ms": diary.calls, "rss": diary.memory,
            "engine_ms": 1e3 * (self.state.seconds - engine) / max(1, job["steps"]) if self.state is not None else None,
            "conserved": diary.energies if conserved is not None else None,
        }  # fmt: skip

    def integrator(self, atoms: Any, job: dict[str, Any]) -> tuple[Any, str, Callable[[], float] | None]:
        """ASE's integrator of an ensemble, its name, and what it should conserve if it knows that."""
        from ase import units

        dt, temperature = job["timestep"] * units.fs, job["temperature"]
        if job["ensemble"] == "nve":
            from ase.md.verlet import VelocityVerlet

            return VelocityVerlet(atoms, dt), "VelocityVerlet", atoms.get_total_energy
        if job["ensemble"] == "nvt":
            return self.langevin(atoms, job, friction=1), "Langevin", None
        try:
            from ase.md.nose_hoover_chain import IsotropicMTKNPT
        except ImportError:  # ASE before 3.25
            from ase.md.nptberendsen import NPTBerendsen

            made = NPTBerendsen(atoms, dt, temperature_K=temperature, taut=100 * units.fs, pressure_au=job["pressure"], taup=1000 * units.fs,
                                compressibility_au=0.02 / units.GPa)  # fmt: skip
            return made, "NPTBerendsen", None
        made = IsotropicMTKNPT(atoms, dt, temperature_K=temperature, pressure_au=job["pressure"], tdamp=100 * units.fs, pdamp=1000 * units.fs)
        return made, "IsotropicMTKNPT", made.get_conserved_energy

    def batch(self, job: dict[str, Any]) -> dict[str, Any]:
        """Many structures one by one and at once, in turns."""
        from ase.io import read

        structures = read(job["file"], ":")
        if not hasattr(self.calculator, "calculate_batch"):
            raise Absent("only students calculate batches")
        for atoms in structures:
            atoms.calc = self.calculator
        single, together = [], []
        for k in range(job["repeats"] + 1):
            began = time.perf_counter()
            for atoms in structures:
                self.calculator.get_forces(atoms)
            middle = time.perf_counter()
            self.calculator.calculate_batch(structures)
            end = time.perf_counter()
            if k > 0:  # the first makes room
                single.append(1e3 * (middle - began))
                together.append(1e3 * (end - middle))
        return {"single_ms": single, "batch_ms": together}

    def soak(self, job: dict[str, Any]) -> list[list[float]]:
        """Memory at each power of ten from 1000 steps on, and at the end."""
        atoms, _ = self.start(job)
        dynamics = self.langevin(atoms, job, friction=1)
        done, memory = 0, []
        while done < job["steps"]:
            power = 1000
            while power <= done:
                power *= 10
            part = min(power, job["steps"], done + 10_000) - done
            dynamics.run(part)
            done += part
            self.tell({"progress": done})
            if done == power or done == job["steps"]:
                memory.append([done, rss()])
        return memory


def rss() -> float:
    """MiB of this process in memory; NaN is not JSON, so 0 where the system does not tell."""
    try:
        with open("/proc/self/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    except OSError:
        return 0.0


def main() -> None:
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints goes to stderr

    def tell(message: dict[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")

    bench = None
    for line in sys.stdin:
        job = json.loads(line)
        try:
            if bench is None:
                hold(int(job.get("threads", 1)))
                import ase

                bench = Bench(job, tell)

                device = job.get("device") or "cpu"
                tell({"ready": {"calculator": type(bench.calculator).__name__, "device": device, "ase": ase.__version__}})
                continue
            name, arguments = next(iter(job.items()))
            tell({name: getattr(bench, name)(arguments)})
        except Absent as absent:
            tell({"absent": str(absent)})
        except Exception as error:
            tell({"failed": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
