#include "native.h"

#include <math.h>
#include <string.h>

#include "arrays.h"

PyObject *new_array(Py_ssize_t n, Py_ssize_t columns)
{
	npy_intp shape[2] = {n, columns};
	return PyArray_SimpleNew(columns ? 2 : 1, shape, NPY_DOUBLE);
}

double *numbers_of(PyObject *array) { return PyArray_DATA((PyArrayObject *)array); }

/* The array that a property of n atoms goes to; None for the energy. */
PyObject *state_new_array(enum property what, Py_ssize_t n)
{
	switch (what) {
	case FORCES:
		return new_array(n, 3);
	case STRESS:
		return new_array(6, 0);
	case STRESSES:
		return new_array(n, 6);
	case ENERGIES:
	case GRADES:
		return new_array(n, 0);
	default:
		Py_RETURN_NONE;
	}
}

static double volume_of(const double *c)
{
	return fabs(c[0] * (c[4] * c[8] - c[5] * c[7]) - c[1] * (c[3] * c[8] - c[5] * c[6]) + c[2] * (c[3] * c[7] - c[4] * c[6]));
}

/* Voigt order xx yy zz yz xz xy of the symmetric part of -virial/volume. */
void stress_of(const double *virial, const double *cell, double *out)
{
	static const int a[6] = {0, 4, 8, 5, 2, 1}, b[6] = {0, 4, 8, 7, 6, 3};
	double volume = volume_of(cell);
	int k;
	for (k = 0; k < 6; k++)
		out[k] = -(virial[a[k]] + virial[b[k]]) / (2 * volume);
}

PyObject *state_read(const State *s, enum property what, PyObject *array)
{
	size_t n = (size_t)s->seen.n, k, size = array == Py_None ? 0 : (size_t)PyArray_SIZE((PyArrayObject *)array);
	double *out = array == Py_None ? NULL : numbers_of(array);
	if (what == ENERGY) {
		Py_DECREF(array);
		return PyFloat_FromDouble(s->result.energy);
	}
	if (what == FORCES && size == 3 * n)
		memcpy(out, s->forces, size * sizeof *out);
	else if (what == ENERGIES && size == n)
		memcpy(out, s->energies, size * sizeof *out);
	else if (what == GRADES && size == n)
		memcpy(out, s->grades, size * sizeof *out);
	else if (what == STRESS)
		stress_of(s->result.virial, s->seen.cell, out);
	else if (what == STRESSES && size == 6 * n)
		for (k = 0; k < n; k++)
			stress_of(s->virials + 9 * k, s->seen.cell, out + 6 * k);
	else {
		PyErr_SetString(PyExc_RuntimeError, "the number of atoms changed in another thread");
		Py_DECREF(array);
		return NULL;
	}
	return array;
}
