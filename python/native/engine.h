/* The functions of the engine library in this process; valid once open_engine returned 0. */
#ifndef ENGINE_H
#define ENGINE_H

#include "mlff_loader.h"

extern mlff_functions engine;

#endif
