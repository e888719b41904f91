"""The one line that differs between a teacher and its student.

    python nve.py                                      the teacher, EMT of ASE
    python nve.py copper.safetensors                   its student
"""

import sys


def make_calculator(**options):
    """The teacher, or the student that the command line names."""
    if len(sys.argv) > 1:
        from mlff_distiller.calculators import StudentCalculator

        return StudentCalculator(sys.argv[1], **options)
    from ase.calculators.emt import EMT

    return EMT()
