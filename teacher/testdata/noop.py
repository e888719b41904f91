"""A teacher that does nothing, to time what is around it."""


class Nothing:
    info = {"elements": list(range(1, 100)), "stress": True}

    def label(self, frames):
        return [{"energy": -1.5, "forces": [[0.123456789012345, -1.23456789012345e-3, 7.654321]] * len(f), "stress": [0.01] * 6} for f in frames]


def make():
    return Nothing()
