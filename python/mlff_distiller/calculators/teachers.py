"""The teachers themselves, for comparison and for labelling: thin doors to orb-models and FeNNol.

Nothing of either package is imported before a calculator is made. Results are upstream's own.
"""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Callable
from typing import Any


def _need(module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] != module.split(".")[0]:
            raise
        raise ModuleNotFoundError(f'{module.split(".")[0]} is not installed\npip install "mlff-distiller[{extra}]"', name=error.name) from None


def OrbTeacherCalculator(model: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N802  it stands for a class
    """orb-models' own calculator, whatever its generation, for a loaded model or what a loader of orb-models returned.

    A loader of newer versions returns model and atoms adapter; older ones return the model alone. Both may be given as
    they came: ``OrbTeacherCalculator(pretrained.orb_v3_conservative_inf_omat(device="cpu"))``.
    """
    _need("orb_models", "orb")
    try:
        upstream = importlib.import_module("orb_models.forcefield.inference.calculator").ORBCalculator
    except ModuleNotFoundError:
        upstream = importlib.import_module("orb_models.forcefield.calculator").ORBCalculator
    if isinstance(model, tuple):
        model, args = model[0], (*model[1:], *args)
    return upstream(model, *args, **kwargs)


def OrbCalculator(  # noqa: N802
    name: str = "orb-v3-conservative-inf-omat",
    *,
    weights_path: str | os.PathLike[str] | None = None,
    device: Any = "cpu",
    precision: str = "float32-high",
    compile: bool | None = None,
    **calculator_options: Any,
) -> Any:
    """Orb by its name, such as "orb-v3-conservative-inf-omat", through the loader of orb-models.

    ``weights_path`` names a checkpoint on disk; without it orb-models fetches and caches the published one. On the CPU
    nothing is compiled unless asked for: compiling takes longer than most runs there.
    """
    pretrained = _need("orb_models.forcefield.pretrained", "orb")
    loaders: dict[str, Callable[..., Any]] = pretrained.ORB_PRETRAINED_MODELS
    loader = loaders.get(name) or loaders.get(name.replace("_", "-"))
    if loader is None:
        raise ValueError(f"orb-models has no model {name!r}\nit has: {', '.join(sorted(loaders))}")
    wanted = {"device": device, "precision": precision, "compile": False if compile is None and str(device) == "cpu" else compile}
    if weights_path is not None:
        wanted["weights_path"] = os.fspath(weights_path)
    known = inspect.signature(loader).parameters
    loaded = loader(**{k: v for k, v in wanted.items() if k in known})
    return OrbTeacherCalculator(loaded, device=device, **calculator_options)


def FeNNolTeacherCalculator(model: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N802
    """FeNNol's own calculator, ``FENNIXCalculator``, for a file or a loaded FENNIX."""
    upstream = _need("fennol.ase", "fennol").FENNIXCalculator
    return upstream(os.fspath(model) if isinstance(model, os.PathLike) else model, *args, **kwargs)


def FeNNolCalculator(path: str | os.PathLike[str], *, use_float64: bool = True, **options: Any) -> Any:  # noqa: N802
    """FeNNol for a model file, in double precision unless told otherwise: what a student should learn from."""
    return FeNNolTeacherCalculator(path, use_float64=use_float64, **options)
