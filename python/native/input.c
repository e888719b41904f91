#include "native.h"

#include <stdlib.h>
#include <string.h>

#include "arrays.h"

void input_release(Input *in)
{
	while (in->held > 0)
		Py_DECREF(in->array[--in->held]);
}

/* The data of an array that is contiguous, aligned, in the byte order of this machine and of one of two types; NULL,
 * without an exception, if it is not. The array is held: another thread may put another one in its place. */
static void *data_of(Input *in, PyObject *object, int type, int twin, Py_ssize_t *items)
{
	PyArrayObject *array = (PyArrayObject *)object;
	if (!PyArray_Check(object) || (PyArray_TYPE(array) != type && PyArray_TYPE(array) != twin) || !PyArray_ISCARRAY_RO(array))
		return NULL;
	Py_INCREF(object);
	in->array[in->held++] = object;
	*items = PyArray_SIZE(array);
	return PyArray_DATA(array);
}

static int optional_of(Input *in, PyObject *array, Optional *c)
{
	c->n = -1;
	c->v = NULL;
	return array == Py_None || (c->v = data_of(in, array, NPY_DOUBLE, NPY_DOUBLE, &c->n));
}

/* Takes positions, numbers, cell, pbc, charges and moments; 0, without an exception, if one is of another type or size. */
static int take(Input *in, PyObject *const *args)
{
	Py_ssize_t nx, ncell, npbc;
	in->held = 0;
	return (in->x = data_of(in, args[0], NPY_DOUBLE, NPY_DOUBLE, &nx)) && (in->numbers = data_of(in, args[1], NPY_INT64, NPY_LONGLONG, &in->n)) &&
	       (in->cell = data_of(in, args[2], NPY_DOUBLE, NPY_DOUBLE, &ncell)) && (in->pbc = data_of(in, args[3], NPY_BOOL, NPY_BOOL, &npbc)) &&
	       nx == 3 * in->n && ncell == 9 && npbc == 3 && optional_of(in, args[4], &in->charges) && optional_of(in, args[5], &in->magmoms);
}

int input_take(Input *in, PyObject *const *args)
{
	Py_ssize_t n[4], k;
	if (take(in, args))
		return 0;
	for (k = 0; k < 4; k++)
		n[k] = PyArray_Check(args[k]) ? PyArray_SIZE((PyArrayObject *)args[k]) : -1;
	PyErr_Format(PyExc_ValueError, "%zd numbers, %zd coordinates, %zd numbers in the cell, %zd in pbc, or arrays of other types", n[1], n[0], n[2], n[3]);
	return -1;
}

/* Names made once: looking attributes up by C string would make them at every call. */
enum { ARRAYS, INFO, CELLOBJ, ARRAY, PBCS, X, Z, CHARGE, MOMENT, NAMES };
static PyObject *names[NAMES];

static int make_names(void)
{
	static const char *const text[NAMES] = {"arrays", "info", "_cellobj", "array", "_pbc", "positions", "numbers", "initial_charges", "initial_magmoms"};
	int k;
	for (k = 0; k < NAMES; k++)
		if (!names[k] && !(names[k] = PyUnicode_InternFromString(text[k])))
			return -1;
	return 0;
}

/* Takes an ase.Atoms as it usually is: no charges or moments, nothing in info, plain arrays. owned receives what must
 * be released afterwards. Returns 0 without an exception if it is not. */
int input_of_atoms(Input *in, PyObject *atoms, PyObject *owned[4])
{
	PyObject *arrays, *info, *cell, *args[6] = {NULL, NULL, NULL, NULL, Py_None, Py_None};
	int k, good;
	in->held = 0;
	for (k = 0; k < 4; k++)
		owned[k] = NULL;
	if (!names[MOMENT] && make_names()) {
		PyErr_Clear();
		return 0;
	}
	arrays = owned[0] = PyObject_GetAttr(atoms, names[ARRAYS]);
	info = arrays ? PyObject_GetAttr(atoms, names[INFO]) : NULL;
	good = info && PyDict_Check(arrays) && PyDict_Check(info) && PyDict_Size(info) == 0 && !PyDict_GetItem(arrays, names[CHARGE]) && !PyDict_GetItem(arrays, names[MOMENT]);
	Py_XDECREF(info);
	if (good && (cell = PyObject_GetAttr(atoms, names[CELLOBJ]))) {
		args[0] = PyDict_GetItem(arrays, names[X]);
		args[1] = PyDict_GetItem(arrays, names[Z]);
		args[2] = owned[1] = PyObject_GetAttr(cell, names[ARRAY]);
		args[3] = owned[2] = PyObject_GetAttr(atoms, names[PBCS]);
		owned[3] = cell;
		if (args[0] && args[1] && args[2] && args[3] && take(in, args))
			return 1;
	}
	PyErr_Clear();
	return 0;
}

int species_of(long long number) { return number < 0 || number > 1000 ? -1 : (int)number; }

static int same(const Optional *a, const Optional *b)
{
	return a->n == b->n && (a->n <= 0 || memcmp(a->v, b->v, (size_t)a->n * sizeof(double)) == 0);
}

int differences(const Snapshot *s, const Input *in)
{
	size_t n = (size_t)in->n;
	int d = 0;
	if (!s->known)
		return EVERYTHING;
	if (s->n != in->n)
		d |= POSITIONS | NUMBERS;
	else {
		if (memcmp(s->x, in->x, 3 * n * sizeof *s->x))
			d |= POSITIONS;
		if (memcmp(s->numbers, in->numbers, n * sizeof *s->numbers))
			d |= NUMBERS;
	}
	if (memcmp(s->cell, in->cell, sizeof s->cell))
		d |= CELL;
	if (memcmp(s->pbc, in->pbc, sizeof s->pbc))
		d |= PBC;
	if (!same(&s->charges, &in->charges))
		d |= CHARGES;
	if (!same(&s->magmoms, &in->magmoms))
		d |= MAGMOMS;
	return d;
}

int resized(void *memory, size_t n, size_t item)
{
	void **p = memory, *grown = realloc(*p, n * item + 1);
	if (grown)
		*p = grown;
	return grown != NULL;
}

static int optional_take(Optional *to, const Optional *from)
{
	if (from->n > 0) {
		if (from->n > to->n && !resized(&to->v, (size_t)from->n, sizeof(double)))
			return -1;
		memcpy(to->v, from->v, (size_t)from->n * sizeof(double));
	}
	to->n = from->n;
	return 0;
}

int snapshot_take(Snapshot *s, const Input *in, int different)
{
	size_t n = (size_t)in->n;
	Py_ssize_t i;
	s->known = 0;
	if (in->n > INT_MAX / 4)
		return fail(MLFF_NO_MEMORY, "more atoms than fit into memory");
	if (in->n > s->room || !s->x) {
		s->room = 0;
		if (!resized(&s->x, 3 * n, sizeof *s->x) || !resized(&s->numbers, n, sizeof *s->numbers) || !resized(&s->z, n, sizeof *s->z))
			return PyErr_NoMemory(), -1;
		s->room = in->n;
		different = EVERYTHING;
	}
	if (different & POSITIONS)
		memcpy(s->x, in->x, 3 * n * sizeof *s->x);
	if (different & NUMBERS) {
		memcpy(s->numbers, in->numbers, n * sizeof *s->numbers);
		for (i = 0; i < in->n; i++)
			s->z[i] = species_of(in->numbers[i]);
	}
	memcpy(s->cell, in->cell, sizeof s->cell);
	memcpy(s->pbc, in->pbc, sizeof s->pbc);
	s->periodic = s->pbc[0] + s->pbc[1] + s->pbc[2];
	if (optional_take(&s->charges, &in->charges) || optional_take(&s->magmoms, &in->magmoms))
		return PyErr_NoMemory(), -1;
	s->n = in->n;
	s->known = 1;
	return 0;
}

void snapshot_free(Snapshot *s)
{
	free(s->x);
	free(s->numbers);
	free(s->z);
	free(s->charges.v);
	free(s->magmoms.v);
}

static PyObject *bytes_of(const void *p, size_t n) { return PyBytes_FromStringAndSize(p, (Py_ssize_t)n); }

static PyObject *optional_bytes(const Optional *c)
{
	if (c->n >= 0)
		return bytes_of(c->v, (size_t)c->n * sizeof(double));
	Py_INCREF(Py_None);
	return Py_None;
}

PyObject *snapshot_bytes(const Snapshot *s)
{
	if (!s->known)
		Py_RETURN_NONE;
	return Py_BuildValue("(NNNNNN)", bytes_of(s->x, 3 * (size_t)s->n * sizeof *s->x), bytes_of(s->numbers, (size_t)s->n * sizeof *s->numbers),
	                     bytes_of(s->cell, sizeof s->cell), bytes_of(s->pbc, sizeof s->pbc), optional_bytes(&s->charges), optional_bytes(&s->magmoms));
}
