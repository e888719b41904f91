/* The extension behind StudentCalculator: plain C over include/mlff.h, limited API of Python 3.11.
 *
 * It keeps copies of what was evaluated and of the results in memory of its own, so that "has anything changed?" is
 * a comparison of bytes, nothing handed out is ever shared, and the Python lock can be released during a call.
 * The engine library is opened at first use, not at import; after a fork it is opened afresh, and models are loaded
 * again from the bytes they were made from.
 */
#define _GNU_SOURCE
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030b0000
#endif
#include <Python.h>
#include <structmember.h>

#include <math.h>

#include "mlff_loader.h"

static mlff_functions engine;
static int opened;               /* whether engine is that of this process */
static unsigned generation = 1;  /* of this process: one more after every fork */
static PyObject *failure;        /* exception Failure(code, message) */

static int fail(int code, const char *message)
{
	PyObject *args = Py_BuildValue("(is)", code, message);
	if (args) {
		PyErr_SetObject(failure, args);
		Py_DECREF(args);
	}
	return -1;
}

static int open_engine(void)
{
	char error[1024];
	if (opened)
		return 0;
	if (mlff_open(&engine, NULL, error, sizeof error))
		return fail(MLFF_FAILED, error);
	opened = 1;
	return 0;
}

/* ---- Model: a student, immutable, shared by any number of states ---- */

typedef struct {
	PyObject_HEAD
	PyObject *bytes;
	mlff_model *handle;
	unsigned generation;
} Model;

/* Makes sure that the model is loaded in this process. */
static int model_open(Model *m)
{
	char error[2048], *bytes;
	Py_ssize_t size;
	int code;
	if (open_engine())
		return -1;
	if (m->generation == generation && m->handle)
		return 0;
	if (PyBytes_AsStringAndSize(m->bytes, &bytes, &size))
		return -1;
	if ((code = engine.load(NULL, bytes, (size_t)size, &m->handle, error, sizeof error)))
		return fail(code, error);
	m->generation = generation;
	return 0;
}

static PyObject *model_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"bytes", NULL};
	PyObject *bytes;
	Model *m;
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "S", names, &bytes))
		return NULL;
	if (!(m = (Model *)((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0)))
		return NULL;
	Py_INCREF(bytes);
	m->bytes = bytes;
	if (model_open(m)) {
		Py_DECREF(m);
		return NULL;
	}
	return (PyObject *)m;
}

static void model_dealloc(Model *m)
{
	PyTypeObject *type = Py_TYPE((PyObject *)m);
	if (m->handle && m->generation == generation)
		engine.free(m->handle);
	Py_XDECREF(m->bytes);
	((freefunc)PyType_GetSlot(type, Py_tp_free))(m);
	Py_DECREF(type);
}

static PyObject *model_info(Model *m, PyObject *none)
{
	const char *info;
	if (model_open(m))
		return NULL;
	info = engine.info(m->handle);
	return PyUnicode_FromString(info ? info : "{}");
}

static PyMemberDef model_members[] = {{"bytes", T_OBJECT, offsetof(Model, bytes), READONLY, "the file"}, {NULL}};
static PyMethodDef model_methods[] = {{"info", (PyCFunction)model_info, METH_NOARGS, "What the student says about itself, JSON."}, {NULL}};
static PyType_Slot model_slots[] = {
	{Py_tp_doc, "Model(bytes): a student, from the bytes of its file."},
	{Py_tp_new, model_new}, {Py_tp_dealloc, model_dealloc}, {Py_tp_methods, model_methods}, {Py_tp_members, model_members}, {0, NULL}};
static PyType_Spec model_spec = {"mlff_distiller._native.Model", sizeof(Model), 0, Py_TPFLAGS_DEFAULT, model_slots};

/* ---- State: runs a model, remembers the last structure and its results ---- */

typedef struct { /* a copy of an array of doubles that may be missing */
	Py_ssize_t n; /* -1: missing */
	double *v;
} Copy;

typedef struct {
	PyObject_HEAD
	Model *model;
	mlff_options options;
	mlff_state *handle;
	unsigned generation;
	int busy, valid;  /* valid: the results are those of the snapshot */
	int has_virials, periodic;
	/* snapshot */
	int known;        /* there is one */
	Py_ssize_t n, room, virial_room;
	double *x, cell[9];
	long long *numbers;
	int *z;
	unsigned char pbc[3];
	Copy charges, magmoms;
	/* results */
	mlff_result result;
	double seconds;
	long long calls;
	double *forces, *energies, *virials, *grades;
	unsigned char *flags;
} State;

static PyObject *state_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"model", "threads", "precision", "grade", "skin", NULL};
	PyObject *model, *model_type = NULL;
	int threads = 0, precision = 32, grade = 0, right;
	double skin = 0;
	State *s;
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|iipd", names, &model, &threads, &precision, &grade, &skin))
		return NULL;
	model_type = PyObject_GetAttrString((PyObject *)type, "_model_type");
	right = model_type ? PyObject_IsInstance(model, model_type) : -1;
	Py_XDECREF(model_type);
	if (right != 1) {
		if (right == 0)
			PyErr_SetString(PyExc_TypeError, "State needs a Model");
		return NULL;
	}
	if (!(s = (State *)((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0)))
		return NULL;
	Py_INCREF(model);
	s->model = (Model *)model;
	s->options = (mlff_options){sizeof s->options, threads, precision, grade, skin};
	s->charges.n = s->magmoms.n = -1;
	return (PyObject *)s;
}

static void state_dealloc(State *s)
{
	PyTypeObject *type = Py_TYPE((PyObject *)s);
	if (s->handle && s->generation == generation)
		engine.state_free(s->handle);
	free(s->x), free(s->numbers), free(s->z), free(s->charges.v), free(s->magmoms.v);
	free(s->forces), free(s->energies), free(s->virials), free(s->grades), free(s->flags);
	Py_XDECREF((PyObject *)s->model);
	((freefunc)PyType_GetSlot(type, Py_tp_free))(s);
	Py_DECREF(type);
}

/* Makes sure that there is a state in this process. */
static int state_open(State *s)
{
	char error[2048];
	int code;
	if (s->handle && s->generation == generation && opened)
		return 0;
	if (model_open(s->model))
		return -1;
	if ((code = engine.state_new(s->model->handle, &s->options, &s->handle, error, sizeof error)))
		return fail(code, error);
	s->generation = generation;
	return 0;
}

/* What update was given: views of the caller's arrays. */
typedef struct {
	Py_buffer view[6];
	int held;
	Py_ssize_t n;
	const double *x, *cell;
	const long long *numbers;
	const unsigned char *pbc;
	Copy charges, magmoms; /* not owned */
} Input;

static void input_release(Input *in)
{
	while (in->held > 0)
		PyBuffer_Release(&in->view[--in->held]);
}

/* Views an array that must be contiguous with items of one of the given format letters; a BufferError asks the caller
 * to convert it. */
static const void *view(Input *in, PyObject *array, const char *formats, Py_ssize_t *items)
{
	Py_buffer *b = &in->view[in->held];
	if (PyObject_GetBuffer(array, b, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT))
		return NULL;
	in->held++;
	if (!b->format || !strchr(formats, b->format[0]) || b->format[1] || b->itemsize != (formats[0] == '?' ? 1 : 8)) {
		PyErr_SetString(PyExc_BufferError, "array of another type");
		return NULL;
	}
	*items = b->len / b->itemsize;
	return b->buf;
}

static int view_optional(Input *in, PyObject *array, Copy *c)
{
	c->n = -1;
	c->v = NULL;
	return array == Py_None || (c->v = (double *)view(in, array, "d", &c->n)) ? 0 : -1;
}

static int input_take(Input *in, PyObject *const *args)
{
	Py_ssize_t n, nx, ncell, npbc;
	in->held = 0;
	if (!(in->x = view(in, args[0], "d", &nx)) || !(in->numbers = view(in, args[1], "lq", &n)) || !(in->cell = view(in, args[2], "d", &ncell)) ||
	    !(in->pbc = view(in, args[3], "?", &npbc)) || view_optional(in, args[4], &in->charges) || view_optional(in, args[5], &in->magmoms))
		return -1;
	if (nx != 3 * n || ncell != 9 || npbc != 3) {
		PyErr_Format(PyExc_ValueError, "%zd numbers, %zd coordinates, %zd numbers in the cell, %zd in pbc", n, nx, ncell, npbc);
		return -1;
	}
	in->n = n;
	return 0;
}

static int same_copy(const Copy *a, const Copy *b)
{
	return a->n == b->n && (a->n <= 0 || memcmp(a->v, b->v, (size_t)a->n * sizeof(double)) == 0);
}

enum { POSITIONS = 1, NUMBERS = 2, CELL = 4, PBC = 8, CHARGES = 16, MAGMOMS = 32, EVERYTHING = 63 };

/* Bits of what differs from the snapshot. */
static int differences(const State *s, const Input *in)
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
	if (!same_copy(&s->charges, &in->charges))
		d |= CHARGES;
	if (!same_copy(&s->magmoms, &in->magmoms))
		d |= MAGMOMS;
	return d;
}

static int resized(void *memory, size_t n, size_t item)
{
	void **p = memory, *grown = realloc(*p, n * item + 1);
	if (grown)
		*p = grown;
	return grown != NULL;
}

static int state_grow(State *s, Py_ssize_t n, int virials)
{
	size_t m = (size_t)n;
	if (n > INT_MAX / 4)
		return fail(MLFF_NO_MEMORY, "more atoms than fit into memory");
	if (n > s->room || !s->x) {
		s->room = 0;
		if (!resized(&s->x, 3 * m, sizeof *s->x) || !resized(&s->numbers, m, sizeof *s->numbers) || !resized(&s->z, m, sizeof *s->z) ||
		    !resized(&s->forces, 3 * m, sizeof *s->forces) || !resized(&s->energies, m, sizeof *s->energies) ||
		    !resized(&s->grades, m, sizeof *s->grades) || !resized(&s->flags, m, 1)) {
			PyErr_NoMemory();
			return -1;
		}
		s->room = n;
	}
	if (virials && (n > s->virial_room || !s->virials)) {
		s->virial_room = 0;
		if (!resized(&s->virials, 9 * m, sizeof *s->virials)) {
			PyErr_NoMemory();
			return -1;
		}
		s->virial_room = n;
	}
	return 0;
}

static int copy_take(Copy *to, const Copy *from)
{
	if (from->n > 0) {
		if (from->n > to->n && !resized(&to->v, (size_t)from->n, sizeof(double))) {
			PyErr_NoMemory();
			return -1;
		}
		memcpy(to->v, from->v, (size_t)from->n * sizeof(double));
	}
	to->n = from->n;
	return 0;
}

/* Makes the input the snapshot; the results are no longer its. */
static int state_take(State *s, const Input *in, int different, int virials)
{
	Py_ssize_t i;
	s->known = s->valid = 0;
	if (state_grow(s, in->n, virials))
		return -1;
	if (different & POSITIONS)
		memcpy(s->x, in->x, 3 * (size_t)in->n * sizeof *s->x);
	if (different & NUMBERS) {
		memcpy(s->numbers, in->numbers, (size_t)in->n * sizeof *s->numbers);
		for (i = 0; i < in->n; i++)
			s->z[i] = in->numbers[i] < 0 || in->numbers[i] > 1000 ? -1 : (int)in->numbers[i];
	}
	memcpy(s->cell, in->cell, sizeof s->cell);
	memcpy(s->pbc, in->pbc, sizeof s->pbc);
	s->periodic = s->pbc[0] + s->pbc[1] + s->pbc[2];
	if (copy_take(&s->charges, &in->charges) || copy_take(&s->magmoms, &in->magmoms))
		return -1;
	s->n = in->n;
	s->known = 1;
	return 0;
}

static int state_run(State *s, int virials)
{
	int pbc[3] = {s->pbc[0], s->pbc[1], s->pbc[2]}, code;
	PyThreadState *python;
	s->result = (mlff_result){.size = sizeof s->result, .energies = s->energies, .forces = s->forces, .virials = virials ? s->virials : NULL,
	                          .grades = s->options.grade ? s->grades : NULL, .flags = s->options.grade ? s->flags : NULL};
	s->busy = 1;
	python = PyEval_SaveThread();
	code = engine.eval(s->handle, (int)s->n, s->z, s->x, s->cell, pbc, &s->result);
	PyEval_RestoreThread(python);
	s->busy = 0;
	if (code)
		return fail(code, engine.error(s->handle));
	s->valid = 1;
	s->has_virials = virials;
	s->seconds += s->result.seconds;
	s->calls++;
	return 0;
}

/* Whether no other thread is in a call; one that was when the process forked is not in this process. */
static int idle(const State *s)
{
	if (s->busy && s->generation == generation)
		PyErr_SetString(PyExc_RuntimeError, "the state is in use by another thread");
	return !s->busy || s->generation != generation;
}

/* update(positions, numbers, cell, pbc, charges, magmoms, compute, virials) -> 0: nothing changed, 1: evaluated,
 * 2: something changed, and compute is false: the results are gone. */
static PyObject *state_update(State *s, PyObject *const *args, Py_ssize_t nargs)
{
	int compute, virials, different, status;
	Input in;
	if (nargs != 8) {
		PyErr_SetString(PyExc_TypeError, "update takes 8 arguments");
		return NULL;
	}
	if (!idle(s))
		return NULL;
	compute = args[6] == Py_True;
	virials = args[7] == Py_True;
	if (input_take(&in, args)) {
		input_release(&in);
		return NULL;
	}
	different = differences(s, &in);
	if (!different && s->valid && (!virials || s->has_virials)) {
		input_release(&in);
		return PyLong_FromLong(0);
	}
	if (!compute) {
		if (different)
			s->known = s->valid = 0;
		input_release(&in);
		return PyLong_FromLong(2);
	}
	status = state_take(s, &in, different, virials);
	input_release(&in);
	if (status || state_open(s) || state_run(s, virials)) {
		s->known = s->valid = 0; /* nothing stale after a failed call */
		return NULL;
	}
	return PyLong_FromLong(1);
}

/* changes(positions, numbers, cell, pbc, charges, magmoms) -> bits of what differs from the snapshot. */
static PyObject *state_changes(State *s, PyObject *const *args, Py_ssize_t nargs)
{
	PyObject *bits = NULL;
	Input in;
	if (nargs != 6) {
		PyErr_SetString(PyExc_TypeError, "changes takes 6 arguments");
		return NULL;
	}
	if (!idle(s))
		return NULL;
	if (input_take(&in, args) == 0)
		bits = PyLong_FromLong(differences(s, &in));
	input_release(&in);
	return bits;
}

/* Copies n doubles into a writable contiguous array of that size. */
static PyObject *copy_out(PyObject *array, const double *v, Py_ssize_t n)
{
	Py_buffer b;
	if (PyObject_GetBuffer(array, &b, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE))
		return NULL;
	if (b.len != n * (Py_ssize_t)sizeof *v) {
		PyBuffer_Release(&b);
		PyErr_SetString(PyExc_ValueError, "array of another size");
		return NULL;
	}
	memcpy(b.buf, v, (size_t)b.len);
	PyBuffer_Release(&b);
	Py_INCREF(array);
	return array;
}

static int has_results(const State *s)
{
	if (!idle(s))
		return 0;
	if (!s->valid)
		PyErr_SetString(PyExc_RuntimeError, "nothing was evaluated");
	return s->valid;
}

static PyObject *state_forces(State *s, PyObject *array) { return has_results(s) ? copy_out(array, s->forces, 3 * s->n) : NULL; }
static PyObject *state_energies(State *s, PyObject *array) { return has_results(s) ? copy_out(array, s->energies, s->n) : NULL; }
static PyObject *state_grades(State *s, PyObject *array)
{
	return !has_results(s) ? NULL : copy_out(array, s->grades, s->options.grade ? s->n : -1);
}

/* Voigt order xx yy zz yz xz xy of the symmetric part of -virial/volume. */
static void stress_of(const double *virial, double volume, double *out)
{
	static const int a[6] = {0, 4, 8, 5, 2, 1}, b[6] = {0, 4, 8, 7, 6, 3};
	int k;
	for (k = 0; k < 6; k++)
		out[k] = -(virial[a[k]] + virial[b[k]]) / (2 * volume);
}

static double volume_of(const double *c)
{
	return fabs(c[0] * (c[4] * c[8] - c[5] * c[7]) - c[1] * (c[3] * c[8] - c[5] * c[6]) + c[2] * (c[3] * c[7] - c[4] * c[6]));
}

static PyObject *state_stress(State *s, PyObject *array)
{
	double stress[6];
	if (!has_results(s))
		return NULL;
	stress_of(s->result.virial, volume_of(s->cell), stress);
	return copy_out(array, stress, 6);
}

static PyObject *state_stresses(State *s, PyObject *array)
{
	Py_buffer b;
	Py_ssize_t i;
	double volume;
	if (!has_results(s) || PyObject_GetBuffer(array, &b, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE))
		return NULL;
	if (!s->has_virials || b.len != 6 * s->n * (Py_ssize_t)sizeof(double)) {
		PyBuffer_Release(&b);
		PyErr_SetString(PyExc_ValueError, "array of another size, or no virials were asked for");
		return NULL;
	}
	volume = volume_of(s->cell);
	for (i = 0; i < s->n; i++)
		stress_of(s->virials + 9 * i, volume, (double *)b.buf + 6 * i);
	PyBuffer_Release(&b);
	Py_INCREF(array);
	return array;
}

static PyObject *bytes_of(const void *p, size_t n) { return PyBytes_FromStringAndSize(p, (Py_ssize_t)n); }

static PyObject *copy_bytes(const Copy *c)
{
	if (c->n >= 0)
		return bytes_of(c->v, (size_t)c->n * sizeof(double));
	Py_INCREF(Py_None);
	return Py_None;
}

/* snapshot() -> None or bytes of (positions, numbers, cell, pbc, charges, magmoms). */
static PyObject *state_snapshot(State *s, PyObject *none)
{
	if (!idle(s))
		return NULL;
	if (!s->known)
		Py_RETURN_NONE;
	return Py_BuildValue("(NNNNNN)", bytes_of(s->x, 3 * (size_t)s->n * sizeof *s->x), bytes_of(s->numbers, (size_t)s->n * sizeof *s->numbers),
	                     bytes_of(s->cell, sizeof s->cell), bytes_of(s->pbc, sizeof s->pbc), copy_bytes(&s->charges), copy_bytes(&s->magmoms));
}

/* forget() drops the snapshot and the results. */
static PyObject *state_forget(State *s, PyObject *none)
{
	if (!idle(s))
		return NULL;
	s->known = s->valid = 0;
	Py_RETURN_NONE;
}

/* open() prepares the engine, which update would do too; it raises what is wrong with the options. */
static PyObject *state_open_method(State *s, PyObject *none)
{
	if (state_open(s))
		return NULL;
	Py_RETURN_NONE;
}

/* batch(counts, numbers, positions, cells, pbc, energies, forces, stress, grades, flags): contiguous arrays int32 (B,),
 * int32 (sum,), float64 (sum, 3), float64 (B, 3, 3), int32 (B, 3); results are written to float64 (B,), (sum, 3), (B, 6),
 * (B,) and int32 (B,). */
static PyObject *state_batch(State *s, PyObject *args)
{
	enum { ARRAYS = 10 };
	static const int item[ARRAYS] = {4, 4, 8, 8, 4, 8, 8, 8, 8, 4};
	PyObject *array[ARRAYS], *done = NULL;
	Py_buffer b[ARRAYS];
	mlff_result *results = NULL;
	Py_ssize_t batch, total = 0, k;
	int held = 0, code;
	if (!PyArg_ParseTuple(args, "OOOOOOOOOO", &array[0], &array[1], &array[2], &array[3], &array[4], &array[5], &array[6], &array[7],
	                      &array[8], &array[9]) || !idle(s) ||
	    state_open(s))
		return NULL;
	for (; held < ARRAYS; held++)
		if (PyObject_GetBuffer(array[held], &b[held], PyBUF_C_CONTIGUOUS | (held >= 5 ? PyBUF_WRITABLE : 0)))
			goto end;
	batch = b[0].len / item[0];
	for (k = 0; k < batch; k++)
		total += ((int *)b[0].buf)[k];
	if (b[1].len != total * item[1] || b[2].len != 3 * total * item[2] || b[3].len != 9 * batch * item[3] || b[4].len != 3 * batch * item[4] ||
	    b[5].len != batch * item[5] || b[6].len != 3 * total * item[6] || b[7].len != 6 * batch * item[7] || b[8].len != batch * item[8] || b[9].len != batch * item[9] ||
	    batch > INT_MAX || total > INT_MAX) {
		PyErr_SetString(PyExc_ValueError, "arrays of a batch do not fit together");
		goto end;
	}
	if (!(results = calloc((size_t)batch + 1, sizeof *results))) {
		PyErr_NoMemory();
		goto end;
	}
	for (k = total = 0; k < batch; total += ((int *)b[0].buf)[k++]) {
		results[k].size = sizeof *results;
		results[k].forces = (double *)b[6].buf + 3 * total;
	}
	s->busy = 1;
	{
		PyThreadState *python = PyEval_SaveThread();
		code = engine.eval_batch(s->handle, (int)batch, b[0].buf, b[1].buf, b[2].buf, b[3].buf, b[4].buf, results);
		PyEval_RestoreThread(python);
	}
	s->busy = 0;
	if (code) {
		fail(code, engine.error(s->handle));
		goto end;
	}
	for (k = 0; k < batch; k++) {
		((double *)b[5].buf)[k] = results[k].energy;
		stress_of(results[k].virial, volume_of((double *)b[3].buf + 9 * k), (double *)b[7].buf + 6 * k);
		((double *)b[8].buf)[k] = results[k].grade;
		((int *)b[9].buf)[k] = results[k].flag;
	}
	Py_INCREF(Py_None);
	done = Py_None;
end:
	free(results);
	while (held > 0)
		PyBuffer_Release(&b[--held]);
	return done;
}

#define STATE(member) offsetof(State, member)
static PyMemberDef state_members[] = {
	{"model", T_OBJECT, STATE(model), READONLY, "what it runs"},
	{"valid", T_INT, STATE(valid), READONLY, "whether there are results"},
	{"has_virials", T_INT, STATE(has_virials), READONLY, "whether there are stresses of the atoms"},
	{"periodic", T_INT, STATE(periodic), READONLY, "number of periodic directions"},
	{"natoms", T_PYSSIZET, STATE(n), READONLY, "atoms of the snapshot"},
	{"energy", T_DOUBLE, STATE(result.energy), READONLY, "eV"},
	{"grade", T_DOUBLE, STATE(result.grade), READONLY, "largest extrapolation grade of the atoms"},
	{"flag", T_INT, STATE(result.flag), READONLY, "OR of the flags of mlff.h"},
	{"seconds", T_DOUBLE, STATE(seconds), READONLY, "spent in the engine so far"},
	{"calls", T_LONGLONG, STATE(calls), READONLY, "evaluations so far"},
	{NULL}};
static PyMethodDef state_methods[] = {
	{"update", (PyCFunction)(void (*)(void))state_update, METH_FASTCALL, "Compare with the snapshot, evaluate what changed."},
	{"changes", (PyCFunction)(void (*)(void))state_changes, METH_FASTCALL, "Bits of what differs from the snapshot."},
	{"open", (PyCFunction)state_open_method, METH_NOARGS, "Prepare the engine."},
	{"forces", (PyCFunction)state_forces, METH_O, "Copy the forces into an array (N, 3)."},
	{"energies", (PyCFunction)state_energies, METH_O, "Copy the energies of the atoms into an array (N,)."},
	{"grades", (PyCFunction)state_grades, METH_O, "Copy the extrapolation grades into an array (N,)."},
	{"stress", (PyCFunction)state_stress, METH_O, "Write the stress into an array (6,)."},
	{"stresses", (PyCFunction)state_stresses, METH_O, "Write the stresses of the atoms into an array (N, 6)."},
	{"snapshot", (PyCFunction)state_snapshot, METH_NOARGS, "What was evaluated, as bytes."},
	{"forget", (PyCFunction)state_forget, METH_NOARGS, "Drop snapshot and results."},
	{"batch", (PyCFunction)state_batch, METH_VARARGS, "Evaluate many structures."},
	{NULL}};
static PyType_Slot state_slots[] = {
	{Py_tp_doc, "State(model, threads=0, precision=32, grade=False, skin=0.0): runs a model."},
	{Py_tp_new, state_new}, {Py_tp_dealloc, state_dealloc}, {Py_tp_methods, state_methods}, {Py_tp_members, state_members}, {0, NULL}};
static PyType_Spec state_spec = {"mlff_distiller._native.State", sizeof(State), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, state_slots};

/* ---- module ---- */

/* after_fork() must run in every forked child: the engine library of the parent is dead there. */
static PyObject *after_fork(PyObject *module, PyObject *none)
{
	opened = 0;
	generation++;
	Py_RETURN_NONE;
}

/* library() -> path of the engine library, loading it if need be. */
static PyObject *library(PyObject *module, PyObject *none)
{
	Dl_info where;
	if (open_engine())
		return NULL;
	return PyUnicode_FromString(dladdr(*(void **)&engine.eval, &where) && where.dli_fname ? where.dli_fname : "?");
}

static PyMethodDef functions[] = {{"after_fork", after_fork, METH_NOARGS, "Forget the parent's engine library."},
                                  {"library", library, METH_NOARGS, "Path of the engine library in use."}, {NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_native", "The engine, for StudentCalculator.", -1, functions};

static int add_types(PyObject *m)
{
	PyObject *model = PyType_FromSpec(&model_spec), *state = PyType_FromSpec(&state_spec);
	int bad = !model || !state || PyObject_SetAttrString(state, "_model_type", model) || PyModule_AddObjectRef(m, "Model", model) ||
	          PyModule_AddObjectRef(m, "State", state);
	Py_XDECREF(model);
	Py_XDECREF(state);
	return bad;
}

PyMODINIT_FUNC PyInit__native(void)
{
	PyObject *m = PyModule_Create(&module);
	if (!m || add_types(m) || !(failure = PyErr_NewException("mlff_distiller._native.Failure", PyExc_RuntimeError, NULL)) ||
	    PyModule_AddObjectRef(m, "Failure", failure)) {
		Py_XDECREF(m);
		return NULL;
	}
	return m;
}
