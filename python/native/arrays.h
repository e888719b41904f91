/* numpy's C interface, for extensions that run with numpy 1.24 and newer. module.c imports it for all files. */
#ifndef ARRAYS_H
#define ARRAYS_H

#define NPY_NO_DEPRECATED_API NPY_1_24_API_VERSION
#define NPY_TARGET_VERSION NPY_1_24_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL mlff_numpy
#ifndef IMPORT_NUMPY
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>

#endif
