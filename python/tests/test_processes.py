"""Students in every kind of process and thread that Python knows. Each test runs in an interpreter of its own."""

from __future__ import annotations

import subprocess
import textwrap

import pytest
from conftest import ROOT

HEAD = """
import os, sys, threading, signal, time, pickle, copy
import numpy as np
from ase.build import bulk
from mlff_distiller.calculators import StudentCalculator

STUDENT = sys.argv[1]
atoms = bulk("Cu", cubic=True) * 2
atoms.rattle(0.05, seed=3)

def student(**options):
    return StudentCalculator(STUDENT, **options)

def in_child(work):
    "Runs work in a forked child and returns its exit status; work returns truth."
    pid = os.fork()
    if pid == 0:
        status = 70
        try:
            status = 0 if work() else 71
        except BaseException:
            import traceback; traceback.print_exc()
        finally:
            os._exit(status)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return "hangs"

def right(calc, atoms=atoms):
    return calc.get_forces(atoms).tobytes() == expected

def force(k):  # for pools
    other = atoms.copy()
    other.positions[0, 0] += 0.001 * k
    return shared.get_forces(other)[0, 0]
"""

EXPECTED = "expected = student().get_forces(atoms).tobytes()\n"

CASES = {
    "fork before use": """
        assert in_child(lambda: student().get_forces(atoms).shape == (32, 3)) == 0
        assert student().get_forces(atoms).shape == (32, 3)
    """,
    "fork after use": EXPECTED
    + """
        calc = student(threads=2)
        assert right(calc)
        moved = atoms.copy(); moved.positions += 0.01
        for _ in range(3):
            assert in_child(lambda: right(calc) and calc.get_forces(moved) is not None and right(calc)) == 0
            assert in_child(lambda: right(student())) == 0
        calc.get_forces(moved)
        assert right(calc)
    """,
    "fork of a fork": EXPECTED
    + """
        calc = student(threads=2)
        moved = atoms.copy(); moved.positions += 0.01
        def work():
            calc.get_forces(moved)
            return right(calc) and in_child(lambda: calc.get_forces(moved) is not None and right(calc) and in_child(lambda: right(student())) == 0) == 0
        assert in_child(work) == 0 and right(calc)
    """,
    "fork while another thread calculates": EXPECTED
    + """
        calc, stop = student(threads=2), []
        def turn():
            other = atoms.copy()
            while not stop:
                other.positions += 1e-5
                calc.get_forces(other)
        thread = threading.Thread(target=turn); thread.start()
        try:
            for _ in range(10):
                assert in_child(lambda: right(calc) and right(student())) == 0
        finally:
            stop.append(1); thread.join()
        assert right(calc)
    """,
    "pool of 4 by fork": """
        import multiprocessing
        shared = student()
        serial = [force(k) for k in range(40)]
        with multiprocessing.get_context("fork").Pool(4) as pool:
            assert pool.map(force, range(40)) == serial
    """,
    "calculator sent to a pool": EXPECTED
    + """
        import multiprocessing
        with multiprocessing.get_context("fork").Pool(2) as pool:
            atoms.calc = student()
            results = pool.map(type(atoms).get_forces, [atoms] * 6)
        assert all(r.tobytes() == expected for r in results)
    """,
    "several threads, a student each and one for all": EXPECTED
    + """
        from concurrent.futures import ThreadPoolExecutor
        shared = student(threads=1)
        serial = [force(k) for k in range(60)]
        with ThreadPoolExecutor(6) as pool:
            assert list(pool.map(force, range(60))) == serial
            assert all(pool.map(lambda _: right(student(threads=1)), range(12)))
    """,
    "batches in several threads": EXPECTED
    + """
        from concurrent.futures import ThreadPoolExecutor
        calc = student(threads=2)
        def batch(k):
            many = [atoms if j % 2 else bulk("Cu") for j in range(k % 7)]
            return all(r["forces"].tobytes() == expected for r in calc.calculate_batch(many)[1::2]) and right(calc)
        with ThreadPoolExecutor(6) as pool:
            assert all(pool.map(batch, range(60)))
        assert in_child(lambda: batch(6)) == 0 and batch(6)
    """,
    "two students in one process": EXPECTED
    + """
        from ase import Atoms
        quartz = Atoms("Si2O", positions=[(0, 0, 0), (2.6, 0, 0), (1.3, 0.9, 0)])
        other, calc = StudentCalculator(sys.argv[2], grade="off"), student()
        first = other.get_forces(quartz).tobytes()
        for _ in range(3):
            assert right(calc) and other.get_forces(quartz).tobytes() == first
            atoms.calc, quartz.calc = calc, other
            other.reset(); calc.reset()
        twin = student()
        assert twin.student is calc.student
    """,
    "pickle to another process": EXPECTED
    + """
        import subprocess
        calc = student(precision="float64"); wanted = calc.get_forces(atoms)
        os.chdir("/")
        code = "import pickle, sys; a, c = pickle.load(sys.stdin.buffer); sys.stdout.buffer.write(c.get_forces(a).tobytes())"
        out = subprocess.run([sys.executable, "-c", code], input=pickle.dumps((atoms, calc)), capture_output=True, check=True).stdout
        assert out == wanted.tobytes()
    """,
    "copies live on": EXPECTED
    + """
        calc = student()
        twins = [copy.copy(calc), copy.deepcopy(calc)]
        del calc
        assert all(right(t) for t in twins)
    """,
    "the interpreter ends during a call": """
        big = bulk("Cu", cubic=True) * 12
        calc = student(threads=2)
        def turn():
            while True:
                big.positions += 1e-4
                calc.get_forces(big)
        threading.Thread(target=turn, daemon=True).start()
        time.sleep(0.3)
    """,
    "fork without Python's hook": EXPECTED
    + """
        import ctypes
        calc = student(); right(calc)
        moved = atoms.copy(); moved.positions += 0.01
        pid = ctypes.CDLL(None).fork()
        if pid == 0:
            try:
                calc.get_forces(moved)
                os._exit(1)
            except RuntimeError as e:
                os._exit(0 if "forked" in str(e) else 2)
        assert os.waitpid(pid, 0)[1] == 0 and right(calc)
    """,
    "threads are given back": EXPECTED
    + """
        def count():
            return len(os.listdir("/proc/self/task"))
        right(student(threads=4)); before = count()
        for _ in range(30):
            right(student(threads=4))
        assert count() <= before + 8, (before, count())
    """,
    "memory is given back": EXPECTED
    + """
        import gc, resource
        def rss():
            return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 2**20
        for k in range(300):
            right(student(threads=1))
            if k == 100:
                before = rss()
        assert rss() - before < 16, (before, rss())  # 200 students of 0.2 MiB each, were they kept, and the collector's slack
    """,
}


@pytest.mark.parametrize("case", CASES)
def test_processes(python, copper, random_student, case):
    lines = CASES[case]
    script = HEAD + "".join(part if part == EXPECTED else textwrap.dedent(part) for part in ([EXPECTED, lines[len(EXPECTED) :]] if lines.startswith(EXPECTED) else [lines]))
    python(script + "\nprint('fine')\n", copper, random_student)


SPAWNED = """
import sys
import multiprocessing
from ase.build import bulk
from mlff_distiller.calculators import StudentCalculator

def force(calc, k):
    atoms = bulk("Cu", cubic=True)
    atoms.positions[0, 0] += 0.001 * k
    return calc.get_forces(atoms)[0, 0]

if __name__ == "__main__":
    calc = StudentCalculator(sys.argv[1], threads=1)
    wanted = [force(calc, k) for k in range(8)]
    if sys.argv[2] == "joblib":
        from joblib import Parallel, delayed
        got = Parallel(2)(delayed(force)(calc, k) for k in range(8))
    else:
        with multiprocessing.get_context(sys.argv[2]).Pool(2) as pool:
            got = pool.starmap(force, [(calc, k) for k in range(8)])
    assert got == wanted
    print("fine")
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver", "joblib"])
def test_other_ways_to_start_processes(method, copper, tmp_path, python):
    """A script in a file, so that children can import it."""
    if method == "joblib":
        pytest.importorskip("joblib")
    path = tmp_path / "spawned.py"
    path.write_text(SPAWNED)
    assert python(path, copper, method).strip() == "fine"


INTERRUPTED = HEAD + """
big = bulk("Cu", cubic=True) * 10
calc = student(threads=2)
calc.get_forces(big)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs start with it ignored
def interrupt():
    time.sleep(0.4)
    os.kill(os.getpid(), signal.SIGINT)
for _ in range(3):
    threading.Thread(target=interrupt).start()
    try:
        while True:
            big.positions += 1e-4
            calc.get_forces(big)
    except KeyboardInterrupt:
        pass
    assert calc.get_forces(atoms).shape == (32, 3)
print("fine")
"""


def test_interrupt(python, copper):
    assert python(INTERRUPTED, copper).strip() == "fine"


def test_nothing_is_loaded_at_import(python, copper):
    out = python(
        """
import sys
import mlff_distiller.calculators
maps = open("/proc/self/maps").read()
print("libmlff" in maps, any(m in sys.modules for m in ("torch", "jax", "orb_models", "fennol", "scipy.optimize")))
"""
    )
    assert out.split() == ["False", "False"]


def test_library_by_variable(python, copper, tmp_path):
    from mlff_distiller import _native

    twin = tmp_path / "elsewhere.so"
    twin.write_bytes(open(_native.library(), "rb").read())
    script = "import sys; from mlff_distiller import _native\nprint(_native.library())"
    assert python(script, MLFF_LIBRARY=str(twin)).strip() == str(twin)
    failing = "from mlff_distiller import _native\ntry: _native.library()\nexcept _native.Failure as e: print(e.args[1])"
    assert "MLFF_LIBRARY" in python(failing, MLFF_LIBRARY=str(tmp_path / "absent.so"))


def test_one_copy_serves_all_who_load_it(python, copper, tmp_path):
    """A library that is loaded already is used, whatever lies beside the extension."""
    from mlff_distiller import _native

    twin = tmp_path / "elsewhere.so"
    twin.write_bytes(open(_native.library(), "rb").read())
    script = f"import ctypes; ctypes.CDLL({str(twin)!r})\nfrom mlff_distiller import _native\nprint(_native.library())"
    assert python(script).strip() == str(twin)


def test_a_library_of_another_version(python, tmp_path):
    source, library = tmp_path / "other.c", tmp_path / "other.so"
    source.write_text('#include "mlff.h"\nstatic mlff_home home = {99, 0, NULL};\nmlff_home *mlff_where(void) { return &home; }\n')
    subprocess.run(["gcc", "-shared", "-fPIC", f"-I{ROOT / 'include'}", source, "-o", library], check=True)
    out = python("from mlff_distiller import _native\ntry: _native.library()\nexcept _native.Failure as e: print(e.args[1])", MLFF_LIBRARY=str(library))
    assert out.startswith(f"{library} has version 99 of the interface, ") and "_native.abi3.so needs 1\n" in out
