#include "native.h"

#include <stdlib.h>

#define MLFF_LOADER_TYPES
#include "engine.h"

static PyObject *state_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"model", "threads", "precision", "grade", "skin", NULL};
	PyObject *model, *model_type = PyObject_GetAttrString((PyObject *)type, "_model_type");
	int threads = 0, precision = 32, grade = 0;
	double skin = 0;
	State *s = NULL;
	if (model_type && PyArg_ParseTupleAndKeywords(args, kwargs, "O!|iipd", names, model_type, &model, &threads, &precision, &grade, &skin) &&
	    (s = allocate(type))) {
		Py_INCREF(model);
		s->model = (Model *)model;
		s->options = (mlff_options){sizeof s->options, threads, precision, grade, skin};
		s->threshold = -1;
		s->seen.charges.n = s->seen.magmoms.n = -1;
	}
	Py_XDECREF(model_type);
	return (PyObject *)s;
}

static void state_dealloc(State *s)
{
	if (s->handle && s->generation == generation)
		engine.state_free(s->handle);
	if (s->lock && s->lock_generation == generation)
		PyThread_free_lock(s->lock);
	snapshot_free(&s->seen);
	pack_free(&s->pack);
	free(s->forces), free(s->energies), free(s->virials), free(s->grades), free(s->flags);
	Py_XDECREF((PyObject *)s->model);
	deallocate(s);
}

/* A thread that was in a call when the process forked is not in this process, so the lock is a new one there. */
void enter(State *s)
{
	if (s->lock_generation != generation) {
		s->lock = PyThread_allocate_lock();
		s->lock_generation = generation;
	}
	if (!PyThread_acquire_lock(s->lock, NOWAIT_LOCK)) {
		PyThreadState *python = PyEval_SaveThread();
		PyThread_acquire_lock(s->lock, WAIT_LOCK);
		PyEval_RestoreThread(python);
	}
}

void leave(State *s) { PyThread_release_lock(s->lock); }

int state_open(State *s)
{
	char error[2048];
	int code;
	if (s->handle && s->generation == generation)
		return 0;
	if (model_open(s->model))
		return -1;
	if ((code = engine.state_new(s->model->handle, &s->options, &s->handle, error, sizeof error)))
		return fail(code, error);
	s->generation = generation;
	return 0;
}

static int grow(State *s, Py_ssize_t n, int virials)
{
	size_t m = (size_t)n;
	if (n > s->room || !s->forces) {
		s->room = 0;
		if (!resized(&s->forces, 3 * m, sizeof *s->forces) || !resized(&s->energies, m, sizeof *s->energies) ||
		    !resized(&s->grades, m, sizeof *s->grades) || !resized(&s->flags, m, 1))
			return PyErr_NoMemory(), -1;
		s->room = n;
	}
	if (virials && (n > s->virial_room || !s->virials)) {
		s->virial_room = 0;
		if (!resized(&s->virials, 9 * m, sizeof *s->virials))
			return PyErr_NoMemory(), -1;
		s->virial_room = n;
	}
	return 0;
}

/* Evaluates the snapshot, with the Python lock released. */
static int run(State *s, int virials, int grades)
{
	const Snapshot *q = &s->seen;
	int pbc[3] = {q->pbc[0], q->pbc[1], q->pbc[2]}, code;
	PyThreadState *python;
	if (state_open(s) || grow(s, q->n, virials))
		return -1;
	grades = grades && s->options.grade;
	s->result = (mlff_result){.size = sizeof s->result, .energies = s->energies, .forces = s->forces, .virials = virials ? s->virials : NULL,
	                          .grades = grades ? s->grades : NULL, .flags = grades ? s->flags : NULL};
	python = PyEval_SaveThread();
	code = engine.eval(s->handle, (int)q->n, q->z, q->x, q->cell, pbc, &s->result);
	PyEval_RestoreThread(python);
	if (code)
		return fail(code, engine.error(s->handle));
	s->valid = 1;
	s->has_virials = virials;
	s->has_grades = grades;
	s->alarm = s->threshold >= 0 && (s->result.grade > s->threshold || s->result.flag);
	s->seconds += s->result.seconds;
	s->calls++;
	return 0;
}

int state_has(const State *s, enum property what)
{
	return s->valid && (what != STRESSES || s->has_virials) && (what != GRADES || s->has_grades);
}

static void drop(State *s)
{
	s->seen.known = s->valid = s->alarm = 0;
	s->epoch++;
}

/* Makes the results those of the input. 0: done, 1: needed but not allowed, -1: an exception. */
static int bring(State *s, const Input *in, enum property what, int allowed)
{
	int different = differences(&s->seen, in);
	if (!different && state_has(s, what))
		return 0;
	if (!allowed) {
		if (different)
			drop(s);
		return 1;
	}
	drop(s);
	if (snapshot_take(&s->seen, in, different) || run(s, what == STRESSES, what == GRADES)) {
		drop(s); /* nothing stale after a failed call */
		return -1;
	}
	return 0;
}

/* The property of an input; NULL with an exception, None if a calculation is needed and not allowed. */
static PyObject *property_of(State *s, const Input *in, enum property what, int allowed)
{
	PyObject *array = state_new_array(what, in->n), *value = NULL;
	int status;
	if (!array)
		return NULL;
	enter(s);
	status = bring(s, in, what, allowed);
	if (status == 0)
		value = state_read(s, what, array);
	else
		Py_DECREF(array);
	leave(s);
	if (status == 1)
		Py_RETURN_NONE;
	return value;
}

static int property_argument(PyObject *number, enum property *what)
{
	long k = PyLong_AsLong(number);
	if (k < 0 || k >= PROPERTIES) {
		if (!PyErr_Occurred())
			PyErr_SetString(PyExc_ValueError, "no such property");
		return -1;
	}
	*what = (enum property)k;
	return 0;
}

/* quick(what, atoms, allowed): the property of an ase.Atoms that is plain, NotImplemented if it is not, or if the result
 * raised an alarm. */
static PyObject *state_quick(State *s, PyObject *const *args, Py_ssize_t nargs)
{
	PyObject *owned[4], *value;
	enum property what;
	Input in;
	int k, good;
	if (nargs != 3) {
		PyErr_SetString(PyExc_TypeError, "quick takes 3 arguments");
		return NULL;
	}
	if (property_argument(args[0], &what))
		return NULL;
	good = input_of_atoms(&in, args[1], owned) && (what != GRADES || s->options.grade) && ((what != STRESS && what != STRESSES) || (in.pbc[0] && in.pbc[1] && in.pbc[2]));
	if (good)
		value = property_of(s, &in, what, args[2] == Py_True);
	else {
		value = Py_NotImplemented;
		Py_INCREF(value);
	}
	input_release(&in);
	for (k = 0; k < 4; k++)
		Py_XDECREF(owned[k]);
	if (value && s->alarm) {
		Py_DECREF(value);
		value = Py_NotImplemented;
		Py_INCREF(value);
	}
	return value;
}

/* get(what, allowed, positions, numbers, cell, pbc, charges, magmoms) */
static PyObject *state_get(State *s, PyObject *const *args, Py_ssize_t nargs)
{
	PyObject *value = NULL;
	enum property what;
	Input in;
	if (nargs != 8) {
		PyErr_SetString(PyExc_TypeError, "get takes 8 arguments");
		return NULL;
	}
	if (property_argument(args[0], &what))
		return NULL;
	if (input_take(&in, args + 2) == 0)
		value = property_of(s, &in, what, args[1] == Py_True);
	input_release(&in);
	return value;
}

/* last(what): the property of what was evaluated last; None if there is none. */
static PyObject *state_last(State *s, PyObject *number)
{
	PyObject *array, *value = NULL;
	enum property what;
	Py_ssize_t n;
	if (property_argument(number, &what))
		return NULL;
	enter(s);
	n = s->seen.n;
	leave(s);
	if (!(array = state_new_array(what, n)))
		return NULL;
	enter(s);
	if (state_has(s, what))
		value = state_read(s, what, array);
	else {
		Py_DECREF(array);
		Py_INCREF(Py_None);
		value = Py_None;
	}
	leave(s);
	return value;
}

/* changes(positions, numbers, cell, pbc, charges, magmoms): bits of what differs from the snapshot. */
static PyObject *state_changes(State *s, PyObject *const *args, Py_ssize_t nargs)
{
	PyObject *bits = NULL;
	Input in;
	if (nargs != 6) {
		PyErr_SetString(PyExc_TypeError, "changes takes 6 arguments");
		return NULL;
	}
	if (input_take(&in, args) == 0) {
		enter(s);
		bits = PyLong_FromLong(differences(&s->seen, &in));
		leave(s);
	}
	input_release(&in);
	return bits;
}

static PyObject *state_snapshot(State *s, PyObject *none)
{
	PyObject *bytes;
	enter(s);
	bytes = snapshot_bytes(&s->seen);
	leave(s);
	return bytes;
}

static PyObject *state_forget(State *s, PyObject *none)
{
	enter(s);
	drop(s);
	leave(s);
	Py_RETURN_NONE;
}

static PyObject *state_prepare(State *s, PyObject *none)
{
	if (state_open(s))
		return NULL;
	Py_RETURN_NONE;
}

#define AT(member) offsetof(State, member)
static PyMemberDef members[] = {{"model", T_OBJECT, AT(model), READONLY, "what it runs"},
                                {"threshold", T_DOUBLE, AT(threshold), 0, "grade from which there is an alarm; negative: never"},
                                {"alarm", T_INT, AT(alarm), 0, "whether the last evaluation was one; to be set to 0 when heard"},
                                {"valid", T_INT, AT(valid), READONLY, "whether there are results"},
                                {"has_virials", T_INT, AT(has_virials), READONLY, "whether there are stresses of the atoms"},
                                {"periodic", T_INT, AT(seen.periodic), READONLY, "number of periodic directions"},
                                {"grade", T_DOUBLE, AT(result.grade), READONLY, "largest extrapolation grade of the atoms"},
                                {"flag", T_INT, AT(result.flag), READONLY, "OR of the flags of mlff.h"},
                                {"seconds", T_DOUBLE, AT(seconds), READONLY, "spent in the engine so far"},
                                {"calls", T_LONGLONG, AT(calls), READONLY, "evaluations so far"},
                                {"epoch", T_LONGLONG, AT(epoch), READONLY, "changes whenever results come or go"},
                                {NULL}};
#define FAST(function) (PyCFunction)(void (*)(void))function, METH_FASTCALL
static PyMethodDef methods[] = {{"quick", FAST(state_quick), "Property of plain atoms."},
                                {"get", FAST(state_get), "Property of arrays."},
                                {"last", (PyCFunction)state_last, METH_O, "Property of what was evaluated last."},
                                {"changes", FAST(state_changes), "Bits of what differs from the snapshot."},
                                {"prepare", (PyCFunction)state_prepare, METH_NOARGS, "Open the engine now; raises what is wrong with the options."},
                                {"snapshot", (PyCFunction)state_snapshot, METH_NOARGS, "What was evaluated, as bytes."},
                                {"forget", (PyCFunction)state_forget, METH_NOARGS, "Drop snapshot and results."},
                                {"batch", FAST(state_batch), "Results of many structures."},
                                {NULL}};
static PyType_Slot slots[] = {{Py_tp_doc, "State(model, threads=0, precision=32, grade=False, skin=0.0): runs a model."},
                              {Py_tp_new, state_new},
                              {Py_tp_dealloc, state_dealloc},
                              {Py_tp_methods, methods},
                              {Py_tp_members, members},
                              {0, NULL}};
PyType_Spec state_spec = {"mlff_distiller._native.State", sizeof(State), 0, Py_TPFLAGS_DEFAULT, slots};
