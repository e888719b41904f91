"""Records the signatures of upstream calculators: python make_signatures.py FOLDER...

A FOLDER holds packages beside their NAME-VERSION.dist-info, as the site-packages of an environment or an unpacked wheel
does; nothing of them is imported. What is recorded in signatures.json of other versions stays.
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


FILE = Path(__file__).with_name("signatures.json")
recorded = {r["package"]: r for r in json.loads(FILE.read_text())}
for folder in map(Path, sys.argv[1:]):
    for info in sorted(folder.glob("*.dist-info")):
        package = info.name.removesuffix(".dist-info")
        if package.split("-")[0] not in CLASSES:
            continue
        teacher, name, files = CLASSES[package.split("-")[0]]
        module = {"mace_torch": "mace"}.get(package.split("-")[0], package.split("-")[0])
        path = next(p for p in (folder / module / f for f in files) if p.exists())
        recorded[package] = {"teacher": teacher, "package": package, "class": name, "parameters": parameters(path.read_text(), name)}
FILE.write_text("[\n" + ",\n".join(json.dumps(recorded[k]) for k in sorted(recorded)) + "\n]\n")
