"""Calculators of ASE: students, students that are called like their teachers, students with their teachers, and teachers."""

from mlff_distiller.calculators.distilled import (
    DistilledCHGNetCalculator,
    DistilledFeNNolCalculator,
    DistilledMACECalculator,
    DistilledNote,
    DistilledOrbCalculator,
    DistilledSevenNetCalculator,
)
from mlff_distiller.calculators.guarded import GuardedCalculator, GuardError
from mlff_distiller.calculators.teachers import FeNNolCalculator, FeNNolTeacherCalculator, OrbCalculator, OrbTeacherCalculator
from mlff_distiller.student import StudentCalculator

__all__ = [
    "DistilledCHGNetCalculator",
    "DistilledFeNNolCalculator",
    "DistilledMACECalculator",
    "DistilledNote",
    "DistilledOrbCalculator",
    "DistilledSevenNetCalculator",
    "FeNNolCalculator",
    "FeNNolTeacherCalculator",
    "GuardError",
    "GuardedCalculator",
    "OrbCalculator",
    "OrbTeacherCalculator",
    "StudentCalculator",
]
