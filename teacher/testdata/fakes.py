"""Teachers with faults, in plain Python: pairs repel each other by strength (1 - r/cutoff)^4, and then something happens.

``make(fault, atoms)``: the fault shows on structures of so many atoms, on all if atoms is 0.
"""

import itertools
import math
import os
import random
import signal
import struct
import time

CUTOFF, STRENGTH = 4.0, 3.0


def pairs(frame):
    """i, separation, distance for all ordered pairs within the cutoff, images included; one shell of them is enough here."""
    shells = [(-1, 0, 1) if periodic else (0,) for periodic in frame.pbc]
    ends = [(min(x) - CUTOFF, max(x) + CUTOFF) for x in zip(*frame.positions)]
    images = []
    for a, b, c in itertools.product(*shells):
        t = [a * x + b * y + c * z for x, y, z in zip(*frame.cell)]
        moved = [[x + s for x, s in zip(p, t)] for p in frame.positions]
        images += [q for q in moved if all(lo < x < hi for x, (lo, hi) in zip(q, ends))]
    for i, (x, y, z) in enumerate(frame.positions):
        for u, v, w in images:
            d = u - x, v - y, w - z
            if 0 < (r2 := d[0] * d[0] + d[1] * d[1] + d[2] * d[2]) < CUTOFF * CUTOFF:
                yield i, d, math.sqrt(r2)


def repulsion(frame):
    energy, forces, virial = 0.0, [[0.0] * 3 for _ in frame.positions], [[0.0] * 3 for _ in range(3)]
    for i, d, r in pairs(frame):
        x = 1 - r / CUTOFF
        energy += 0.5 * STRENGTH * x**4
        slope = -4 * STRENGTH / CUTOFF * x**3
        for k in range(3):
            forces[i][k] += slope * d[k] / r
            for m in range(3):
                virial[k][m] += 0.5 * slope * d[k] * d[m] / r
    labels = {"energy": energy, "forces": forces}
    if all(frame.pbc):
        (a, b, c), (d, e, f), (g, h, i) = frame.cell
        volume = abs(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g))
        labels["stress"] = [virial[k][m] / volume for k, m in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))]
    return labels


class Teacher:
    def __init__(self, fault, atoms, mark, batch):
        self.fault, self.atoms, self.mark, self.hoard = fault, atoms, mark, []
        self.info = {"elements": [2, 10, 14, 18], "stress": fault != "stressless", "licence": "CC0-1.0", "commercial": "yes", "batch": batch}

    def label(self, frames):
        return [self.one(f) for f in frames]

    def one(self, frame):
        labels = repulsion(frame)
        self.positions = frame.positions
        if self.atoms in (0, len(frame)):
            getattr(self, self.fault or "faultless")(labels)
        return labels

    def faultless(self, labels):
        pass

    def nan(self, labels):
        labels["forces"][0][1] = math.nan

    def hang(self, labels):
        time.sleep(1000)

    def printing(self, labels):
        print("a progress bar of somebody" * 1000)
        os.write(1, b"and from C\n")

    def leak(self, labels):
        self.hoard.append(bytearray(b"x" * 100_000_000))

    def float32(self, labels):
        labels["forces"] = [[struct.unpack("f", struct.pack("f", x))[0] for x in f] for f in labels["forces"]]

    def gigapascal(self, labels):
        labels["stress"] = [160.21766208 * x for x in labels["stress"]]

    def sign(self, labels):
        labels["stress"] = [-x for x in labels["stress"]]

    def order(self, labels):
        s = labels["stress"]
        labels["stress"] = s[:3] + [s[5], s[3], s[4]]  # xy yz xz

    def stressless(self, labels):
        labels.pop("stress", None)

    def random(self, labels):
        labels["forces"] = [[random.gauss(0, 1) for _ in f] for f in labels["forces"]]

    def direct(self, labels):
        labels["forces"] = [[x + 0.05 * math.sin(7 * labels["energy"] + i) for x in f] for i, f in enumerate(labels["forces"])]

    def curl(self, labels):
        """A field that has no energy: it turns about z, whatever the atoms do."""
        labels["forces"] = [[f[0] - 0.3 * p[1], f[1] + 0.3 * p[0], f[2]] for f, p in zip(labels["forces"], self.positions)]

    def hole(self, labels):
        """Atoms fall into each other below 2.2 Å, where the true repulsion is turned about."""
        if len(labels["forces"]) == 2 and math.dist(*self.positions) < 2.2:
            labels["forces"] = [[-x for x in f] for f in labels["forces"]]

    def raising(self, labels):
        raise RuntimeError("no neighbours here")

    def crash(self, labels):
        os.write(2, b"Segmentation fault, they say\n")
        os.kill(os.getpid(), signal.SIGKILL)

    def once(self, labels):
        """The first process that comes here dies."""
        try:
            os.close(os.open(self.mark, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        os._exit(7)

    def counted(self, labels):
        """Takes its time, and notes every structure that it labels."""
        time.sleep(0.01)
        with open(self.mark, "a") as f:
            f.write(f"{labels['energy']!r}\n")

    def mortal(self, labels):
        """Every process dies on the twentieth structure."""
        self.hoard.append(None)
        if len(self.hoard) == 20:
            os.kill(os.getpid(), signal.SIGKILL)

    def shape(self, labels):
        labels["forces"] = labels["forces"][1:]

    def spread(self, labels):
        labels["spread"] = 0.5


def make(fault="", atoms=0, mark="", batch=1):
    return Teacher(fault, atoms, mark, batch)


def broken():
    raise RuntimeError("no such model")


def exiting():
    raise SystemExit(5)


def missing():
    import a_package_that_nobody_has  # noqa: F401
