"""Calculators of ASE: students, students that are called like their teachers, and teachers."""

from mlff_distiller.student import StudentCalculator

__all__ = ["StudentCalculator"]
