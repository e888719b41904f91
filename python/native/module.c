#define _GNU_SOURCE
#include "native.h"

#define IMPORT_NUMPY
#include "arrays.h"
#include "engine.h"

mlff_functions engine;
unsigned generation = 1;
static int opened;        /* whether engine is that of this process */
static PyObject *failure; /* exception Failure(code, message) */

int fail(int code, const char *message)
{
	PyObject *args = Py_BuildValue("(is)", code, message);
	if (args) {
		PyErr_SetObject(failure, args);
		Py_DECREF(args);
	}
	return -1;
}

int open_engine(void)
{
	char error[1024];
	if (opened)
		return 0;
	if (mlff_open(&engine, NULL, error, sizeof error))
		return fail(MLFF_FAILED, error);
	opened = 1;
	return 0;
}

void *allocate(PyTypeObject *type) { return ((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0); }

void deallocate(void *object)
{
	PyTypeObject *type = Py_TYPE((PyObject *)object);
	((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
	Py_DECREF((PyObject *)type);
}

static PyObject *after_fork(PyObject *module, PyObject *none)
{
	opened = 0;
	generation++;
	Py_RETURN_NONE;
}

static PyObject *library(PyObject *module, PyObject *none)
{
	Dl_info where;
	if (open_engine())
		return NULL;
	return PyUnicode_FromString(dladdr(*(void **)&engine.eval, &where) && where.dli_fname ? where.dli_fname : "?");
}

static PyMethodDef functions[] = {
	{"after_fork", after_fork, METH_NOARGS, "To be called in every forked child: the engine library of the parent is dead there."},
	{"library", library, METH_NOARGS, "Path of the engine library in use; opens it."},
	{NULL}};
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
	if (!m || add_types(m) || PyArray_ImportNumPyAPI() || !(failure = PyErr_NewException("mlff_distiller._native.Failure", PyExc_RuntimeError, NULL)) ||
	    PyModule_AddObjectRef(m, "Failure", failure)) {
		Py_XDECREF(m);
		return NULL;
	}
	return m;
}
