"""Structures of any file that ASE reads, for the command, which itself reads extended XYZ and POSCAR only."""

from __future__ import annotations

from typing import Any

from ..worker import TeacherError
from . import require


class UnreadableError(Exception):
    """ASE knows the format of a file but cannot take one structure from it; ``hint`` says what helps."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def read(path: str) -> list[str]:
    """Every frame of a file as extended XYZ of species and positions. Raises TeacherError where nobody knows the format."""
    require("ase", "ase")
    from ase.io import read as read_any
    from ase.io.formats import UnknownFileTypeError, filetype

    kind = ""
    try:
        kind = filetype(path)
        options = {"fractional_occupancies": True} if kind == "cif" else {}  # else the commonest element would take the place
        frames = read_any(path, index=":", format=kind, **options)
    except UnknownFileTypeError:
        raise TeacherError("it does not know this one") from None
    except Exception as e:
        raise UnreadableError(f"ASE takes it for {kind or 'nothing'}: {type(e).__name__}: {e}", "mend the file, or write it as extended XYZ") from None
    for number, atoms in enumerate(frames):
        if shared := shared_sites(atoms):
            raise UnreadableError(f"frame {number}: {shared}", "make ordered structures of it first, for example with ase or pymatgen")
    return [written(atoms) for atoms in frames]


def shared_sites(atoms: Any) -> str:
    """Names a site that is not wholly one element's; empty where there is none."""
    for occupants in (atoms.info.get("occupancy") or {}).values():
        if any(abs(share - 1) > 1e-3 for share in occupants.values()):
            return "sites are occupied in part: " + ", ".join(f"{share:g} {symbol}" for symbol, share in occupants.items())
    return ""


def written(atoms: Any) -> str:
    """Lattice, periodicity, species and positions [Å], with every digit."""
    header = "Properties=species:S:1:pos:R:3"
    if atoms.cell.rank > 0:
        header = f'Lattice="{" ".join(map(repr, atoms.cell.array.ravel().tolist()))}" ' + header
    flags = " ".join("FT"[bool(p)] for p in atoms.pbc)
    rows = zip(atoms.get_chemical_symbols(), atoms.positions.tolist(), strict=True)
    return "\n".join([str(len(atoms)), f'{header} pbc="{flags}"', *(f"{s} {x!r} {y!r} {z!r}" for s, (x, y, z) in rows), ""])
