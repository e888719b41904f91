"""Labels structures for the command ``mlff``, in a process of its own.

The command carries this file and the folder ``teachers`` inside itself and runs them with the Python of the teacher, so
that teachers which cannot be installed together can still be used one beside the other. Nothing but the standard
library is imported here; what a teacher needs is imported by its factory.

The two talk through pipes, one JSON object a line, structures and labels as extended XYZ of a stated number of bytes:

    worker   {"mlff_worker": 1, "python": "3.12.1", "pid": 4711}
    command  {"open": "ase", "target": "module:factory", "arguments": {}, "threads": 1}
    worker   {"ready": {"licence": "MIT", "elements": [1, 8], "stress": true, ...}}      or {"failed": "...", "hint": "..."}
    command  {"list": true}
    worker   {"list": [{"kind": "orb", "package": "orb-models", "version": "0.5.4", "install": "..."}, ...]}, version "" if missing
    command  {"read": "/home/me/start.cif"}
    worker   {"read": 3, "bytes": 1234}  and the frames   or {"failed": "...", "hint": "...", "unknown": true}, true where nobody knows the format
    command  {"label": 2, "bytes": 1234}  and 1234 bytes: two frames
    worker   {"label": 2, "bytes": 987, "errors": {"1": "..."}, "spread": {"0": 0.01}, "seconds": 0.2, "resident": 123456}
             and 987 bytes: the frames without error, labelled, in order

The pipes leave file descriptors 0 and 1 before a teacher is imported: what a library prints goes to stderr. The worker
ends when its input does, or when the command that started it is gone.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import re
import sys
import threading
import time
from typing import Any, BinaryIO

PROTOCOL = 1


class TeacherError(Exception):
    """A teacher cannot be opened; ``hint`` says what helps."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Frame:
    """A structure: ``symbols`` [N], ``positions`` [N][3] Å, ``cell`` [3][3] Å (rows are the vectors), ``pbc`` [3]."""

    __slots__ = ("symbols", "positions", "cell", "pbc", "header", "lines")

    def __init__(self, header: str, lines: list[str]) -> None:
        lattice = re.search(r'Lattice="([^"]*)"', header)
        v = [float(x) for x in lattice.group(1).split()] if lattice else [0.0] * 9
        pbc = re.search(r'pbc="([^"]*)"', header)
        self.header, self.lines = header, lines
        self.cell = [v[0:3], v[3:6], v[6:9]]
        self.pbc = [flag == "T" for flag in pbc.group(1).split()] if pbc else [lattice is not None] * 3
        words = " ".join(lines).split()  # at once: a fifth faster than line by line
        self.symbols = words[0::4]
        self.positions = list(map(list, zip(map(float, words[1::4]), map(float, words[2::4]), map(float, words[3::4]), strict=True)))

    def __len__(self) -> int:
        return len(self.lines)


def read_frames(data: bytes) -> list[Frame]:
    """Frames as the command writes them: species and positions, nothing else in the columns."""
    lines, frames, at = data.decode().split("\n"), [], 0
    while at < len(lines) and lines[at]:
        n = int(lines[at])
        frames.append(Frame(lines[at + 1], lines[at + 2 : at + 2 + n]))
        at += 2 + n
    return frames


def numbers(values: Any) -> Any:
    """Plain numbers of an array, of whatever precision, or of nested lists of scalars."""
    if hasattr(values, "tolist"):
        return values.tolist()
    return [numbers(v) for v in values] if isinstance(values, list | tuple) else float(values)


def voigt(stress: Any) -> list[float]:
    """xx yy zz yz xz xy of six numbers in that order or of a symmetric tensor."""
    s = numbers(stress)
    if len(s) == 3 or len(s) == 9:
        t = s if len(s) == 3 else [s[0:3], s[3:6], s[6:9]]
        s = [t[0][0], t[1][1], t[2][2], (t[1][2] + t[2][1]) / 2, (t[0][2] + t[2][0]) / 2, (t[0][1] + t[1][0]) / 2]
    if len(s) != 6:
        raise ValueError(f"the teacher gave a stress of {len(s)} components")
    return s


def labelled(frame: Frame, labels: dict[str, Any]) -> str:
    """A frame with its labels as extended XYZ. Raises ValueError where a label is not finite or has another shape."""
    header, properties = [], "species:S:1:pos:R:3"
    row, columns = ["%s"], [frame.lines]
    if (energy := labels.get("energy")) is not None:
        header.append(f"energy={finite('energy', numbers(energy))!r}")
    if (forces := labels.get("forces")) is not None:
        flat = components(forces, len(frame))
        properties += ":forces:R:3"
        row += ["%.17g"] * 3  # 17 digits are exact too, and cost a third less than the fewest that are
        columns += [flat[0::3], flat[1::3], flat[2::3]]
    if (stress := labels.get("stress")) is not None:
        s = [finite("stress", x) for x in voigt(stress)]
        header.append('stress="' + " ".join(repr(s[k]) for k in (0, 5, 4, 5, 1, 3, 4, 3, 2)) + '"')
    if (energies := labels.get("energies")) is not None and len(energies) == len(frame):
        properties += ":energies:R:1"
        row.append("%.17g")
        columns.append([finite("energy of an atom", e) for e in numbers(energies)])
    header.insert(0, re.sub(r"Properties=\S+", "Properties=" + properties, frame.header))
    values: list[Any] = [None] * (len(columns) * len(frame))
    for k, column in enumerate(columns):
        values[k :: len(columns)] = column
    return f"{len(frame)}\n{' '.join(header)}\n" + (" ".join(row) + "\n") * len(frame) % tuple(values)


def components(forces: Any, n: int) -> list[float]:
    """The 3 n numbers of forces (n, 3)."""
    rows = forces.tolist() if hasattr(forces, "tolist") else forces
    if len(rows) != n or set(map(len, rows)) - {3}:
        raise ValueError(f"the teacher gave forces of another shape than {n} x 3")
    flat = list(map(float, itertools.chain.from_iterable(rows)))
    if not math.isfinite(sum(flat)):  # whatever is not finite makes the sum so
        for k in range(n):
            f = flat[3 * k : 3 * k + 3]
            if not all(map(math.isfinite, f)):
                raise ValueError(f"the teacher's force on atom {k} is {f}")
    return flat


def finite(what: str, x: float) -> float:
    if not math.isfinite(x):
        raise ValueError(f"the teacher's {what} is {x}")
    return x


class Worker:
    """The conversation with the command."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self.source, self.sink, self.teacher = source, sink, None

    def send(self, message: dict[str, Any], body: bytes = b"") -> None:
        self.sink.write(json.dumps(message).encode() + b"\n" + body)
        self.sink.flush()

    def run(self) -> None:
        self.send({"mlff_worker": PROTOCOL, "python": sys.version.split()[0], "pid": os.getpid()})
        while line := self.source.readline():
            request = json.loads(line)
            if "list" in request:
                from . import teachers

                self.send({"list": teachers.installed()})
            elif "read" in request:
                self.read(request["read"])
            elif "open" in request:
                self.open(request)
            else:
                self.label(read_frames(self.source.read(request["bytes"])))

    def open(self, request: dict[str, Any]) -> None:
        from . import teachers

        try:
            self.teacher = teachers.open_teacher(request["open"], request["target"], request["arguments"], request["threads"])
        except TeacherError as e:
            self.send({"failed": str(e), "hint": e.hint})
        except BaseException as e:  # SystemExit of a library, too
            import traceback

            traceback.print_exc()
            self.send({"failed": f"{type(e).__name__}: {e}", "hint": ""})
        else:
            self.send({"ready": self.teacher.info})

    def read(self, path: str) -> None:
        from .teachers import structures

        try:
            frames = structures.read(path)
        except TeacherError as e:
            self.send({"failed": str(e), "hint": e.hint, "unknown": True})
        except structures.UnreadableError as e:
            self.send({"failed": str(e), "hint": e.hint})
        else:
            body = "".join(frames).encode()
            self.send({"read": len(frames), "bytes": len(body)}, body)

    def label(self, frames: list[Frame]) -> None:
        began = time.perf_counter()
        answers = self.answers(frames)
        text, errors, spread = [], {}, {}
        for k, (frame, answer) in enumerate(zip(frames, answers, strict=True)):
            try:
                if isinstance(answer, Exception):
                    raise answer
                text.append(labelled(frame, answer))
                if answer.get("spread") is not None:
                    spread[k] = float(answer["spread"])
            except Exception as e:
                errors[k] = str(e) if isinstance(e, ValueError) and str(e) else f"{type(e).__name__}: {e}"
        body = "".join(text).encode()
        seconds = time.perf_counter() - began
        self.send({"label": len(frames), "bytes": len(body), "errors": errors, "spread": spread, "seconds": seconds, "resident": resident()}, body)

    def answers(self, frames: list[Frame]) -> list[Any]:
        """Labels of every frame, or the exception that stands in their place."""
        try:
            answers = list(self.teacher.label(frames))
            if len(answers) != len(frames):
                raise ValueError(f"the teacher gave {len(answers)} answers for {len(frames)} structures")
            return answers
        except Exception as e:
            if len(frames) == 1:
                return [e]
        return [self.answers([frame])[0] for frame in frames]  # one bad frame must not spoil a batch


def resident() -> int:
    """Memory of this process in bytes; 0 where nobody knows."""
    try:
        with open("/proc/self/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def follow(parent: int) -> None:
    """Ends this process once the one that started it is gone, even while a teacher is busy."""
    nearest = os.getppid()  # a script that wraps Python may stand between
    while os.getppid() == nearest and alive(parent):
        time.sleep(0.5)
    os._exit(3)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to somebody else, but it is there
        return True
    return True


def restrict(index: int, threads: int) -> None:
    """Shows this process no more processors than its share, so that thread pools sized on import fit beside those of
    the other workers. `release` lifts it again: nothing is pinned while it works."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        first = index * threads % len(cores)
        os.sched_setaffinity(0, (cores + cores)[first : first + threads])


def release(cores: set[int]) -> None:
    if hasattr(os, "sched_setaffinity"):
        for thread in os.listdir("/proc/self/task"):
            try:
                os.sched_setaffinity(int(thread), cores)
            except OSError:  # it has ended meanwhile
                continue


def main() -> None:
    """Runs a worker; arguments: pid of the parent, index of the worker, threads of each."""
    parent, index, threads = map(int, sys.argv[1:4])
    source, sink = os.fdopen(os.dup(0), "rb", 1 << 16), os.fdopen(os.dup(1), "wb")  # a pipe holds 64 KiB
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    threading.Thread(target=follow, args=(parent,), daemon=True).start()
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    restrict(index, threads)
    worker = Worker(source, sink)
    opened = worker.open

    def open_and_release(request: dict[str, Any]) -> None:
        opened(request)
        release(cores)

    worker.open = open_and_release
    worker.run()
    sys.stdout.flush()
    os._exit(0)  # a teacher's threads have nothing to say any more
