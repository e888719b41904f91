#include "native.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MLFF_LOADER_TYPES
#include "engine.h"

static PyObject *empty; /* numpy.empty */

int results_import(void)
{
	PyObject *numpy = PyImport_ImportModule("numpy");
	empty = numpy ? PyObject_GetAttrString(numpy, "empty") : NULL;
	Py_XDECREF(numpy);
	return empty ? 0 : -1;
}

/* The array that a property of n atoms goes to; None for the energy. */
PyObject *state_new_array(enum property what, Py_ssize_t n)
{
	switch (what) {
	case FORCES:
		return PyObject_CallFunction(empty, "((nn))", n, (Py_ssize_t)3);
	case STRESS:
		return PyObject_CallFunction(empty, "n", (Py_ssize_t)6);
	case STRESSES:
		return PyObject_CallFunction(empty, "((nn))", n, (Py_ssize_t)6);
	case ENERGIES:
	case GRADES:
		return PyObject_CallFunction(empty, "n", n);
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
	size_t n = (size_t)s->seen.n, k;
	Py_buffer b;
	if (what == ENERGY) {
		Py_DECREF(array);
		return PyFloat_FromDouble(s->result.energy);
	}
	if (PyObject_GetBuffer(array, &b, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)) {
		Py_DECREF(array);
		return NULL;
	}
	if (what == FORCES && (size_t)b.len == 3 * n * sizeof(double))
		memcpy(b.buf, s->forces, (size_t)b.len);
	else if (what == ENERGIES && (size_t)b.len == n * sizeof(double))
		memcpy(b.buf, s->energies, (size_t)b.len);
	else if (what == GRADES && (size_t)b.len == n * sizeof(double))
		memcpy(b.buf, s->grades, (size_t)b.len);
	else if (what == STRESS && (size_t)b.len == 6 * sizeof(double))
		stress_of(s->result.virial, s->seen.cell, b.buf);
	else if (what == STRESSES && (size_t)b.len == 6 * n * sizeof(double))
		for (k = 0; k < n; k++)
			stress_of(s->virials + 9 * k, s->seen.cell, (double *)b.buf + 6 * k);
	else
		PyErr_SetString(PyExc_RuntimeError, "the number of atoms changed in another thread");
	PyBuffer_Release(&b);
	if (PyErr_Occurred()) {
		Py_DECREF(array);
		return NULL;
	}
	return array;
}

/* batch(counts, numbers, positions, cells, pbc, energies, forces, stress, grades, flags): contiguous arrays int32 (B,),
 * int32 (sum,), float64 (sum, 3), float64 (B, 3, 3), int32 (B, 3); results are written to float64 (B,), (sum, 3), (B, 6),
 * (B,) and int32 (B,). */
enum { COUNTS, SPECIES, PLACES, CELLS, PERIODIC, OUT_ENERGY, OUT_FORCES, OUT_STRESS, OUT_GRADE, OUT_FLAG, ARRAYS };

static int batch_fits(const Py_buffer *b, Py_ssize_t batch)
{
	static const Py_ssize_t item[ARRAYS] = {4, 4, 8, 8, 4, 8, 8, 8, 8, 4}, per_atom[ARRAYS] = {0, 1, 3, 0, 0, 0, 3, 0, 0, 0},
	                        per_structure[ARRAYS] = {1, 0, 0, 9, 3, 1, 0, 6, 1, 1};
	Py_ssize_t total = 0, k;
	for (k = 0; k < batch; k++) {
		int n = ((const int *)b[COUNTS].buf)[k];
		if (n < 0)
			return 0;
		total += n;
	}
	for (k = 0; k < ARRAYS; k++)
		if (b[k].len != item[k] * (per_atom[k] * total + per_structure[k] * batch))
			return 0;
	return total <= INT_MAX && batch <= INT_MAX;
}

static int batch_run(State *s, const Py_buffer *b, Py_ssize_t batch, mlff_result *results)
{
	PyThreadState *python;
	Py_ssize_t k, first = 0;
	int code;
	for (k = 0; k < batch; first += ((int *)b[COUNTS].buf)[k++]) {
		results[k].size = sizeof *results;
		results[k].forces = (double *)b[OUT_FORCES].buf + 3 * first;
	}
	enter(s);
	python = PyEval_SaveThread();
	code = engine.eval_batch(s->handle, (int)batch, b[COUNTS].buf, b[SPECIES].buf, b[PLACES].buf, b[CELLS].buf, b[PERIODIC].buf, results);
	PyEval_RestoreThread(python);
	if (code)
		fail(code, engine.error(s->handle));
	leave(s);
	if (code)
		return -1;
	for (k = 0; k < batch; k++) {
		((double *)b[OUT_ENERGY].buf)[k] = results[k].energy;
		((double *)b[OUT_GRADE].buf)[k] = results[k].grade;
		((int *)b[OUT_FLAG].buf)[k] = results[k].flag;
		stress_of(results[k].virial, (double *)b[CELLS].buf + 9 * k, (double *)b[OUT_STRESS].buf + 6 * k);
	}
	return 0;
}

PyObject *state_batch(State *s, PyObject *args)
{
	Py_buffer b[ARRAYS];
	mlff_result *results = NULL;
	Py_ssize_t batch;
	int held = 0, status = -1;
	if (PyTuple_Size(args) != ARRAYS) {
		PyErr_SetString(PyExc_TypeError, "batch takes 10 arrays");
		return NULL;
	}
	if (state_open(s))
		return NULL;
	while (held < ARRAYS && PyObject_GetBuffer(PyTuple_GetItem(args, held), &b[held], PyBUF_C_CONTIGUOUS | (held >= OUT_ENERGY ? PyBUF_WRITABLE : 0)) == 0)
		held++;
	if (held == ARRAYS) {
		batch = b[COUNTS].len / (Py_ssize_t)sizeof(int);
		if (!batch_fits(b, batch))
			PyErr_SetString(PyExc_ValueError, "the arrays of a batch do not fit together");
		else if (!(results = calloc((size_t)batch + 1, sizeof *results)))
			PyErr_NoMemory();
		else
			status = batch_run(s, b, batch, results);
	}
	free(results);
	while (held > 0)
		PyBuffer_Release(&b[--held]);
	if (status)
		return NULL;
	Py_RETURN_NONE;
}
