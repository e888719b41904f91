"""Students of machine-learned force fields, as calculators of ASE.

>>> from mlff_distiller.calculators import StudentCalculator
>>> atoms.calc = StudentCalculator("silicon.safetensors")

Importing this package loads nothing but itself: the engine library is opened by the first student.
"""

__version__ = "0.1.0"
