"""How the calculators of teachers are called, and what each argument means to a student: one table per teacher.

An argument is honoured, has no effect (said once if it was given another value than its default), or is refused where
the student was not made for its value. Arguments that no table names raise TypeError.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter
from typing import Any

# What an argument means: given its value and what the student says about itself, student options to set, or a text
# that says why it is refused.
Meaning = Callable[[Any, dict[str, Any]], "dict[str, Any] | str"]

POSITIONAL, KEYWORD = Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY
REQUIRED = Parameter.empty


@dataclass(frozen=True)
class Argument:
    """One argument of a teacher's calculator."""

    name: str
    default: Any = None
    kind: Any = POSITIONAL
    meaning: Meaning | None = None  # None: no effect
    note: str | None = None  # said once where a value without effect is given; None: not worth saying


@dataclass(frozen=True)
class Table:
    """One teacher's calculator."""

    teacher: str  # the kind of teacher, as `mlff teachers` lists it
    title: str
    upstream: tuple[str, ...]  # where the calculator lies in the versions known
    student: tuple[str, ...]  # the arguments that may hold the student
    arguments: tuple[Argument, ...]
    distill: str  # the teacher in a distill command


def honoured(option: str, translate: Callable[[Any], Any] = lambda v: v) -> Meaning:
    """Sets a student option, unless the value is None."""
    return lambda value, _: {} if value is None else {option: translate(value)}


def only(*values: Any, why: str) -> Meaning:
    """Refuses every other value."""
    return lambda value, _: {} if value in values else why


def as_taught(argument: str, why: str) -> Meaning:
    """Refuses a value other than the one that the student's teacher had."""

    def meaning(value: Any, about: dict[str, Any]) -> dict[str, Any] | str:
        taught = ((about.get("teacher") or {}).get("arguments") or {}).get(argument)
        wanted = ",".join(map(str, value)) if isinstance(value, (list, tuple, set)) else value
        if value is None or (taught is not None and str(wanted).casefold() == str(taught).casefold()):
            return {}
        return f"{why} (the student's: {taught or 'the default'})"

    return meaning


def precision(value: Any) -> str:
    """float64 for whatever says 64, else float32."""
    return "float64" if "64" in str(value) or value is True else "float32"


def device(value: Any, _: dict[str, Any]) -> dict[str, Any] | str:
    """The processor, whatever is asked for; the calculator says so once."""
    return {"_device": str(value)} if value is not None else {}


def without_effect(*names: str, kind: Any = POSITIONAL, note: str | None = None, **defaults: Any) -> tuple[Argument, ...]:
    return tuple(Argument(n, None, kind, None, note) for n in names) + tuple(Argument(n, d, kind, None, note) for n, d in defaults.items())


GRAPH = "a student builds its own neighbour lists"
SPEED = "a student needs no such acceleration"

ORB = Table(
    teacher="orb",
    title="Orb",
    upstream=("orb_models.forcefield.inference.calculator.ORBCalculator", "orb_models.forcefield.calculator.ORBCalculator"),
    student=("checkpoint_path", "model"),
    arguments=(
        Argument("model", REQUIRED),
        Argument("atoms_adapter"),
        *without_effect("edge_method", "max_num_neighbors", "half_supercell", "system_config", kind=KEYWORD, note=GRAPH),
        Argument("conservative", None, KEYWORD, None, "the forces of a student are always the gradient of its energy"),
        Argument("device", None, KEYWORD, device),
        Argument("directory", ".", KEYWORD, honoured("directory")),
        Argument("checkpoint_path", None, KEYWORD),
    ),
    distill="orb:orb-v3-conservative-inf-omat",
)

FENNOL = Table(
    teacher="fennol",
    title="FeNNol",
    upstream=("fennol.ase.FENNIXCalculator",),
    student=("model",),
    arguments=(
        Argument("model", REQUIRED),
        Argument("gpu_preprocessing", False, POSITIONAL, None, GRAPH),
        Argument("atoms"),  # upstream builds its first neighbour list for them, no more
        Argument("verbose", False),
        Argument("energy_terms", None, POSITIONAL, as_taught("energy_terms", "the student learned the energy terms of its teacher together")),
        Argument("use_float64", False, POSITIONAL, honoured("precision", precision)),
        *without_effect("matmul_prec", note=SPEED),
        Argument("save_raw_output", False, POSITIONAL, None, "a student has no raw output"),
        *without_effect(use_atom_padding=False, kind=KEYWORD, note=SPEED),
        *without_effect("graph_config", kind=KEYWORD, note=GRAPH),
    ),
    distill="fennol:MODEL.fnx",
)

MACE = Table(
    teacher="mace",
    title="MACE",
    upstream=("mace.calculators.mace.MACECalculator",),
    student=("model_paths", "models", "model_path"),
    arguments=(
        *without_effect("model_paths", "models"),
        Argument("device", "cpu", POSITIONAL, device),
        Argument("energy_units_to_eV", 1.0, POSITIONAL, only(1, why="a student's energies are in eV")),
        Argument("length_units_to_A", 1.0, POSITIONAL, only(1, why="a student's lengths are in Å")),
        Argument("default_dtype", "", POSITIONAL, lambda value, _: {"precision": precision(value)} if value else {}),
        *without_effect(charges_key="Qs", info_keys=None, arrays_keys=None),
        Argument("model_type", "MACE", POSITIONAL, only("MACE", why="students learn energies and forces, no dipoles")),
        *without_effect(compile_mode=None, fullgraph=True, enable_cueq=False, enable_oeq=False, pad_num_atoms=0, pad_num_edges=0, warmup=False, note=SPEED),
        Argument("head", None, KEYWORD, as_taught("head", "the student learned one head of its teacher")),
        *without_effect("model_path", kind=KEYWORD),
        *without_effect(compute_atomic_stresses=False, kind=KEYWORD),  # a student always has them
        Argument("dispersion", False, KEYWORD, lambda v, about: as_taught("dispersion", "the student learned with its teacher's dispersion")(v or None, about)),
        Argument("directory", ".", KEYWORD, honoured("directory")),
        Argument("label", None, KEYWORD, honoured("label")),
        Argument("atoms", None, KEYWORD, honoured("atoms")),
    ),
    distill="mace:MODEL.model",
)

CHGNET = Table(
    teacher="chgnet",
    title="CHGNet",
    upstream=("chgnet.model.dynamics.CHGNetCalculator",),
    student=("model",),
    arguments=(
        Argument("model"),
        Argument("use_device", None, KEYWORD, device),
        *without_effect(check_cuda_mem=False, kind=KEYWORD),
        Argument("stress_weight", None, KEYWORD, lambda v, _: {} if v is None or abs(v * 160.21766 - 1) < 1e-3 else "a student's stress is in eV/Å^3"),
        Argument("on_isolated_atoms", "warn", KEYWORD, None, "an isolated atom has an energy in a student"),
        *without_effect(return_site_energies=False, kind=KEYWORD),
        Argument("directory", ".", KEYWORD, honoured("directory")),
        Argument("label", None, KEYWORD, honoured("label")),
        Argument("atoms", None, KEYWORD, honoured("atoms")),
    ),
    distill="chgnet:0.3.0",
)

SEVENNET = Table(
    teacher="sevennet",
    title="SevenNet",
    upstream=("sevenn.calculator.SevenNetCalculator",),
    student=("model",),
    arguments=(
        Argument("model", "7net-0"),
        *without_effect(file_type="checkpoint"),
        Argument("device", "auto", POSITIONAL, device),
        Argument("modal", None, POSITIONAL, as_taught("modal", "the student learned one modal of its teacher")),
        *without_effect(enable_cueq=False, enable_flash=False, enable_oeq=False, note=SPEED),
        *without_effect(compute_atomic_virial=False, sevennet_config=None),
        Argument("directory", ".", KEYWORD, honoured("directory")),
        Argument("label", None, KEYWORD, honoured("label")),
        Argument("atoms", None, KEYWORD, honoured("atoms")),
    ),
    distill="sevennet:7net-0",
)
