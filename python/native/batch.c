/* Many structures in one call: packed into memory that is kept for the next batch, forces written by the engine straight
 * into the arrays that are handed out. */
#include "native.h"

#include <stdlib.h>
#include <string.h>

#define MLFF_LOADER_TYPES
#include "engine.h"

void pack_free(Pack *p)
{
	free(p->n), free(p->z), free(p->pbc), free(p->x), free(p->cell), free(p->results);
	*p = (Pack){0};
}

/* What is too small at least doubles. */
static int pack_grow(Pack *p, Py_ssize_t structures, Py_ssize_t atoms)
{
	if (structures > p->room) {
		size_t room = (size_t)(structures + p->room);
		p->room = 0;
		if (!resized(&p->n, room, sizeof *p->n) || !resized(&p->pbc, 3 * room, sizeof *p->pbc) || !resized(&p->cell, 9 * room, sizeof *p->cell) ||
		    !resized(&p->results, room, sizeof *p->results))
			return -1;
		p->room = (Py_ssize_t)room;
	}
	if (atoms > p->atom_room || !p->x) {
		size_t room = (size_t)(atoms + p->atom_room);
		p->atom_room = 0;
		if (!resized(&p->z, room, sizeof *p->z) || !resized(&p->x, 3 * room, sizeof *p->x))
			return -1;
		p->atom_room = (Py_ssize_t)room;
	}
	return 0;
}

static int pack_add(Pack *p, const Input *in)
{
	Py_ssize_t k = p->structures, first = p->atoms, i;
	if (k >= INT_MAX || in->n > INT_MAX / 4 - first || pack_grow(p, k + 1, first + in->n))
		return PyErr_NoMemory(), -1;
	p->n[k] = (int)in->n;
	for (i = 0; i < in->n; i++)
		p->z[first + i] = species_of(in->numbers[i]);
	memcpy(p->x + 3 * first, in->x, 3 * (size_t)in->n * sizeof *p->x);
	memcpy(p->cell + 9 * k, in->cell, 9 * sizeof *p->cell);
	for (i = 0; i < 3; i++)
		p->pbc[3 * k + i] = in->pbc[i];
	p->structures++;
	p->atoms += in->n;
	return 0;
}

/* Puts "structure K: " before the message of a ValueError. */
static void name_structure(Py_ssize_t k)
{
	PyObject *type, *value, *trace;
	if (!PyErr_ExceptionMatches(PyExc_ValueError))
		return;
	PyErr_Fetch(&type, &value, &trace);
	PyErr_Format(type, "structure %zd: %S", k, value ? value : Py_None);
	Py_XDECREF(type), Py_XDECREF(value), Py_XDECREF(trace);
}

/* Packs what is no plain ase.Atoms as the six arrays that arrays_of(atoms) makes of it. */
static int add_unusual(Pack *p, PyObject *atoms, PyObject *arrays_of)
{
	PyObject *arrays = PyObject_CallFunctionObjArgs(arrays_of, atoms, NULL), *args[6];
	Input in = {.held = 0};
	int k, status = -1;
	for (k = 0; arrays && k < 6 && (args[k] = PyTuple_GetItem(arrays, k)); k++)
		;
	if (k == 6 && input_take(&in, args) == 0)
		status = pack_add(p, &in);
	input_release(&in);
	Py_XDECREF(arrays);
	return status;
}

static int add(Pack *p, PyObject *atoms, PyObject *arrays_of)
{
	PyObject *owned[4];
	Input in;
	int k, plain = input_of_atoms(&in, atoms, owned), status = plain ? pack_add(p, &in) : 0;
	input_release(&in);
	for (k = 0; k < 4; k++)
		Py_XDECREF(owned[k]);
	return plain ? status : add_unusual(p, atoms, arrays_of);
}

static int pack_structures(Pack *p, PyObject *structures, PyObject *arrays_of)
{
	Py_ssize_t k;
	p->structures = p->atoms = 0;
	for (k = 0; k < PyList_Size(structures); k++) {
		PyObject *atoms = PyList_GetItem(structures, k); /* borrowed, and arrays_of runs Python */
		int status;
		Py_INCREF(atoms);
		status = add(p, atoms, arrays_of);
		Py_DECREF(atoms);
		if (status)
			return name_structure(k), -1;
	}
	return 0;
}

/* One array of forces for each structure, where the engine is to write them. */
static PyObject *new_forces(Pack *p)
{
	PyObject *forces = PyList_New(p->structures);
	Py_ssize_t k;
	for (k = 0; forces && k < p->structures; k++) {
		PyObject *array = new_array(p->n[k], 3);
		if (!array)
			return Py_DECREF(forces), NULL;
		PyList_SetItem(forces, k, array);
		p->results[k] = (mlff_result){.size = sizeof *p->results, .forces = numbers_of(array)};
	}
	return forces;
}

static int evaluate(State *s, Pack *p)
{
	PyThreadState *python;
	int code;
	enter(s);
	python = PyEval_SaveThread();
	code = engine.eval_batch(s->handle, (int)p->structures, p->n, p->z, p->x, p->cell, p->pbc, p->results);
	PyEval_RestoreThread(python);
	if (code)
		fail(code, engine.error(s->handle));
	leave(s);
	return code ? -1 : 0;
}

/* Steals the value. */
static int put(PyObject *dictionary, const char *name, PyObject *value)
{
	int status = value ? PyDict_SetItemString(dictionary, name, value) : -1;
	Py_XDECREF(value);
	return status;
}

/* {"energy": ..., "forces": ..., "stress": ...} of structure k; no stress where it is not periodic in all directions. */
static PyObject *result_of(const Pack *p, Py_ssize_t k, PyObject *forces)
{
	PyObject *result = PyDict_New(), *stress = NULL;
	const int *pbc = p->pbc + 3 * k;
	if (result && (put(result, "energy", PyFloat_FromDouble(p->results[k].energy)) || PyDict_SetItemString(result, "forces", forces)))
		Py_CLEAR(result);
	if (result && pbc[0] && pbc[1] && pbc[2]) {
		if ((stress = new_array(6, 0)))
			stress_of(p->results[k].virial, p->cell + 9 * k, numbers_of(stress));
		if (put(result, "stress", stress))
			Py_CLEAR(result);
	}
	return result;
}

/* (list of results, number of structures outside of the domain, index of the worst of them, its grade). */
static PyObject *answers(const State *s, const Pack *p, PyObject *forces)
{
	PyObject *results = PyList_New(p->structures);
	Py_ssize_t k, strange = 0, worst = 0;
	double grade = -1;
	for (k = 0; results && k < p->structures; k++) {
		const mlff_result *r = p->results + k;
		PyObject *result = result_of(p, k, PyList_GetItem(forces, k));
		if (!result)
			return Py_DECREF(results), NULL;
		PyList_SetItem(results, k, result);
		if (s->threshold < 0 || (r->grade <= s->threshold && !r->flag))
			continue;
		strange++;
		if (r->grade > grade)
			grade = r->grade, worst = k;
	}
	return results ? Py_BuildValue("(Nnnd)", results, strange, worst, grade) : NULL;
}

/* batch(structures, arrays_of): a list of ase.Atoms; what is not plain goes through arrays_of. The memory is the state's,
 * taken while it is in use, so that another thread, or Python code in arrays_of, may begin a batch meanwhile. */
PyObject *state_batch(State *s, PyObject *const *args, Py_ssize_t nargs)
{
	PyObject *forces = NULL, *value = NULL;
	Pack pack = s->pack;
	if (nargs != 2 || !PyList_Check(args[0])) {
		PyErr_SetString(PyExc_TypeError, "batch takes a list of atoms and a function");
		return NULL;
	}
	s->pack = (Pack){0};
	if (state_open(s) == 0 && pack_structures(&pack, args[0], args[1]) == 0 && (forces = new_forces(&pack)) && evaluate(s, &pack) == 0)
		value = answers(s, &pack, forces);
	Py_XDECREF(forces);
	pack_free(&s->pack);
	s->pack = pack;
	return value;
}
