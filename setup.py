"""Builds what is not Python: the extension (C, limited API of Python 3.11), libmlff.so beside it, and the command mlff.

Needs Go and a C compiler; what it builds runs without either. `python setup.py build_ext --inplace` builds extension and
library into python/mlff_distiller, for working on them.
"""

import os
import shutil
import subprocess
from pathlib import Path

import numpy  # headers only: the extension runs with any numpy from 1.24
from setuptools import Extension, setup  # before distutils, which it brings
from setuptools.command.build_ext import build_ext

from distutils.command.build_scripts import build_scripts  # isort: skip

HERE = Path(__file__).resolve().parent


def go_build(target: Path, *arguments: str, cgo: bool) -> None:
    """Builds a Go package of this checkout."""
    if shutil.which("go") is None:
        raise SystemExit("error: building mlff needs Go 1.26 or newer\nhint: install it, or install a wheel of mlff-distiller")
    target.parent.mkdir(parents=True, exist_ok=True)
    command = ["go", "build", "-trimpath", "-buildvcs=false", "-o", str(target), *arguments]
    subprocess.run(command, cwd=HERE, check=True, env=os.environ | {"CGO_ENABLED": "1" if cgo else "0"})


class BuildExtension(build_ext):
    """The extension, and the engine library beside it."""

    def run(self) -> None:
        super().run()
        folder = Path(self.get_ext_fullpath("mlff_distiller._native")).parent
        flags = "-ldflags=-s -w -extldflags=-Wl,-soname,libmlff.so.1"
        go_build(folder / "libmlff.so", "-buildmode=c-shared", flags, "./capi", cgo=True)
        (folder / "libmlff.h").unlink(missing_ok=True)  # cgo's; the header is include/mlff.h


class BuildScripts(build_scripts):
    """The command, in pure Go."""

    def run(self) -> None:
        go_build(Path(self.build_dir) / "mlff", "-ldflags=-s -w", "./cmd/mlff", cgo=False)

    def get_outputs(self) -> list[str]:
        return [str(Path(self.build_dir) / "mlff")]


setup(
    ext_modules=[
        Extension(
            "mlff_distiller._native",
            [f"python/native/{name}.c" for name in ("module", "student", "input", "state", "results", "batch")],
            depends=["include/mlff.h", "include/mlff_loader.h", "python/native/native.h", "python/native/arrays.h", "python/native/engine.h"],
            include_dirs=["include", numpy.get_include()],
            define_macros=[("Py_LIMITED_API", "0x030b0000")],
            extra_compile_args=["-O2", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-missing-field-initializers"],
            py_limited_api=True,
        )
    ],
    scripts=["mlff"],  # made by BuildScripts
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
    cmdclass={"build_ext": BuildExtension, "build_scripts": BuildScripts},
)
