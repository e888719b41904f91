// What mlffplugin.so asks mlffpair.so for.
#include "pair_mlff.h"

extern "C" void *mlff_create(void *lmp) { return new LAMMPS_NS::PairMLFF((LAMMPS_NS::LAMMPS *) lmp); }
