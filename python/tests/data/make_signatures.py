"""Records the signatures of upstream calculators from unpacked wheels: python make_signatures.py FOLDER > signatures.json

FOLDER holds one folder NAME-VERSION for every unpacked wheel.
"""

import ast
import json
import sys
from pathlib import Path

CLASSES = {
    "orb_models": ("orb", "ORBCalculator", ("forcefield/inference/calculator.py", "forcefield/calculator.py")),
    "fennol": ("fennol", "FENNIXCalculator", ("ase.py",)),
    "mace_torch": ("mace", "MACECalculator", ("calculators/mace.py",)),
    "chgnet": ("chgnet", "CHGNetCalculator", ("model/dynamics.py",)),
    "sevenn": ("sevennet", "SevenNetCalculator", ("calculator.py",)),
}


def parameters(source: str, name: str) -> list[list]:
    """[name, kind, whether it has a default] of the constructor of a class."""
    kinds = next(n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.ClassDef) and n.name == name)
    init = next(n for n in kinds.body if isinstance(n, ast.FunctionDef) and n.name == "__init__").args
    first = len(init.args) - len(init.defaults)
    found = [[a.arg, "positional", k >= first] for k, a in enumerate(init.args)][1:]
    found += [[a.arg, "keyword", d is not None] for a, d in zip(init.kwonlyargs, init.kw_defaults)]
    return found + ([[init.kwarg.arg, "kwargs", True]] if init.kwarg else [])


recorded = []
for folder in sorted(Path(sys.argv[1]).iterdir()):
    package, version = folder.name.split("-")
    teacher, name, files = CLASSES[package]
    package = {"mace_torch": "mace"}.get(package, package)
    path = next(p for p in (folder / package / f for f in files) if p.exists())
    recorded.append({"teacher": teacher, "package": folder.name, "class": name, "parameters": parameters(path.read_text(), name)})
print(json.dumps(recorded, indent=1))
