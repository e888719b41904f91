"""What the factories of torch models share: threads, device, precision, and the digest of a model's parameters."""

from __future__ import annotations

from typing import Any

from ..worker import TeacherError
from . import identity


def prepare(threads: int, arguments: dict[str, str]) -> str:
    """Holds torch to its share of the processors and returns the device: the stated one, else the first GPU or the CPU."""
    import torch

    torch.set_num_threads(max(1, threads))
    return arguments.get("device") or ("cuda" if torch.cuda.is_available() else "cpu")


def precision(arguments: dict[str, str], default: str) -> str:
    """The argument ``dtype``: float32 or float64."""
    dtype = arguments.get("dtype", default)
    if dtype not in ("float32", "float64"):
        raise TeacherError(f"dtype={dtype}", "it is float32 or float64")
    return dtype


def digest(model: Any) -> str:
    """Of all parameters and buffers of a torch module."""
    return identity.digest(identity.tensors(model))
