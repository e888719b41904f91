#include "native.h"

#define MLFF_LOADER_TYPES
#include "engine.h"

int model_open(Model *m)
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
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "S", names, &bytes) || !(m = allocate(type)))
		return NULL;
	Py_INCREF(bytes);
	m->bytes = bytes;
	if (model_open(m)) {
		Py_DECREF((PyObject *)m);
		return NULL;
	}
	return (PyObject *)m;
}

static void model_dealloc(Model *m)
{
	if (m->handle && m->generation == generation)
		engine.free(m->handle);
	Py_XDECREF(m->bytes);
	deallocate(m);
}

static PyObject *model_info(Model *m, PyObject *none)
{
	const char *info;
	if (model_open(m))
		return NULL;
	info = engine.info(m->handle);
	return PyUnicode_FromString(info ? info : "{}");
}

static PyMemberDef members[] = {{"bytes", T_OBJECT, offsetof(Model, bytes), READONLY, "the file"}, {NULL}};
static PyMethodDef methods[] = {{"info", (PyCFunction)model_info, METH_NOARGS, "What the student says about itself, JSON."}, {NULL}};
static PyType_Slot slots[] = {{Py_tp_doc, "Model(bytes): a student, from the bytes of its file."},
                              {Py_tp_new, model_new},
                              {Py_tp_dealloc, model_dealloc},
                              {Py_tp_methods, methods},
                              {Py_tp_members, members},
                              {0, NULL}};
PyType_Spec model_spec = {"mlff_distiller._native.Model", sizeof(Model), 0, Py_TPFLAGS_DEFAULT, slots};
