/* The extension behind StudentCalculator: plain C over include/mlff.h, limited API of Python 3.11.
 *
 * A State keeps copies of what was evaluated and of the results in memory of its own, so that "has anything changed?"
 * is a comparison of bytes, nothing handed out is ever shared, and the Python lock can be released during a call.
 * The engine library is opened at first use, not at import; after a fork it is opened afresh, and models are loaded
 * again from the bytes they were made from.
 */
#ifndef NATIVE_H
#define NATIVE_H

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030b0000
#endif
#include <Python.h>
#include <structmember.h>

#include "mlff.h"

/* module.c: the engine of this process */

extern unsigned generation; /* of this process: one more after every fork */
int open_engine(void);      /* 0, or -1 with an exception */
int fail(int code, const char *message); /* raises Failure(code, message), returns -1 */
void *allocate(PyTypeObject *type);
void deallocate(void *object);

/* student.c: a student, immutable, shared by any number of states */

typedef struct {
	PyObject_HEAD
	PyObject *bytes;
	mlff_model *handle;
	unsigned generation;
} Model;

extern PyType_Spec model_spec;
int model_open(Model *m); /* makes sure that it is loaded in this process */

/* input.c: what a state was given, and the last of it */

typedef struct { /* an array of doubles that may be missing */
	Py_ssize_t n; /* -1: missing */
	double *v;
} Optional;

typedef struct { /* the caller's arrays */
	PyObject *array[6];
	int held;
	Py_ssize_t n;
	const double *x, *cell;
	const long long *numbers;
	const unsigned char *pbc;
	Optional charges, magmoms;
} Input;

typedef struct { /* a copy of them */
	int known; /* there is one */
	int periodic; /* directions */
	Py_ssize_t n, room;
	double *x, cell[9];
	long long *numbers;
	int *z;
	unsigned char pbc[3];
	Optional charges, magmoms;
} Snapshot;

enum { POSITIONS = 1, NUMBERS = 2, CELL = 4, PBC = 8, CHARGES = 16, MAGMOMS = 32, EVERYTHING = 63 };

/* positions, numbers, cell, pbc, charges or None, magmoms or None: arrays as numpy.ascontiguousarray makes them. */
int input_take(Input *in, PyObject *const *args);
int input_of_atoms(Input *in, PyObject *atoms, PyObject *owned[4]); /* 0: not plain enough for that */
void input_release(Input *in);
int species_of(long long number); /* -1 for what no element has */
int differences(const Snapshot *s, const Input *in); /* bits of what differs */
int snapshot_take(Snapshot *s, const Input *in, int different);
void snapshot_free(Snapshot *s);
PyObject *snapshot_bytes(const Snapshot *s);
int resized(void *memory, size_t n, size_t item);

typedef struct { /* structures one after the other, as mlff_eval_batch wants them */
	Py_ssize_t structures, atoms, room, atom_room;
	int *n, *z, *pbc;
	double *x, *cell;
	mlff_result *results;
} Pack;

/* state.c: runs a model */

enum property { ENERGY, FORCES, STRESS, ENERGIES, STRESSES, GRADES, PROPERTIES };

typedef struct {
	PyObject_HEAD
	Model *model;
	mlff_options options;
	mlff_state *handle;
	unsigned generation, lock_generation;
	PyThread_type_lock lock;
	double threshold;  /* grade from which alarm is set; negative: flags do not count either */
	int alarm;         /* the last evaluation lies outside of the domain */
	int valid;         /* the results are those of the snapshot */
	int has_virials, has_grades;
	Snapshot seen;
	mlff_result result;
	double seconds;
	long long calls;   /* evaluations so far */
	long long epoch;   /* changes whenever results come or go */
	Py_ssize_t room, virial_room;
	double *forces, *energies, *virials, *grades;
	unsigned char *flags;
	Pack pack; /* memory of the last batch, for the next */
} State;

extern PyType_Spec state_spec;
void enter(State *s); /* waits for other threads */
void leave(State *s);
int state_open(State *s);

/* results.c */

PyObject *new_array(Py_ssize_t n, Py_ssize_t columns); /* float64; 0 columns: (n,) */
double *numbers_of(PyObject *array);
PyObject *state_new_array(enum property what, Py_ssize_t n); /* NULL with an exception */
PyObject *state_read(const State *s, enum property what, PyObject *array); /* steals the array */
int state_has(const State *s, enum property what);
void stress_of(const double *virial, const double *cell, double *out);

/* batch.c */

PyObject *state_batch(State *s, PyObject *const *args, Py_ssize_t nargs);
void pack_free(Pack *p);

#endif
