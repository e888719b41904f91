"""Digests of parameters: SHA-256 over (name, shape, type, bytes) sorted by name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def digest(parameters: Iterable[tuple[str, Any]]) -> str:
    """Hex SHA-256 of named arrays, texts and bytes; names must be unique."""
    h = hashlib.sha256()
    for name, value in sorted(parameters, key=lambda item: item[0]):
        kind, shape, data = _plain(value)
        for part in (name.encode(), kind.encode(), repr(shape).encode(), data):
            h.update(len(part).to_bytes(8, "little"))
            h.update(part)
    return h.hexdigest()


def _plain(value: Any) -> tuple[str, tuple[int, ...], bytes]:
    if isinstance(value, bytes):
        return "bytes", (len(value),), value
    if value is None or isinstance(value, str | bool | int | float):
        return type(value).__name__, (), repr(value).encode()
    import numpy

    if hasattr(value, "detach"):  # a tensor of torch, bfloat16 included
        value = value.detach().cpu()
        value = value.float().numpy() if str(value.dtype) == "torch.bfloat16" else value.numpy()
    a = numpy.asarray(value)
    if a.dtype == object:
        return "object", a.shape, repr(value).encode()
    return str(a.dtype), a.shape, numpy.ascontiguousarray(a.astype(a.dtype.newbyteorder("<"))).tobytes()


def tensors(module: Any) -> Iterator[tuple[str, Any]]:
    """Parameters and buffers of a torch module with their names, without what else a state_dict may hold."""
    return ((name, value) for name, value in module.state_dict().items() if hasattr(value, "shape"))


def flatten(tree: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested mappings and sequences with their paths."""
    if isinstance(tree, Mapping):
        for key in tree:
            yield from flatten(tree[key], f"{prefix}/{key}")
    elif isinstance(tree, list | tuple):
        for k, item in enumerate(tree):
            yield from flatten(item, f"{prefix}/{k}")
    else:
        yield prefix, tree
