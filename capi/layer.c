/* The functions of mlff.h. Each makes sure that the Go run time of this library lives in this process, and passes on.
 * A constructor notes the process: the run time starts with the library, and a fork leaves its threads behind. */
#include <unistd.h>

#include "_cgo_export.h"

static mlff_home home = {MLFF_ABI, 0, NULL};

__attribute__((constructor)) static void note_process(void) { home.pid = (int)getpid(); }

static int alive(void) { return home.pid == (int)getpid(); }

static const char forked[] = "this process was forked after the mlff library was loaded, and its run time did not come along\n"
                             "load the library after the fork, or start the process anew (spawn)";

static int refuse(char *error, size_t size)
{
	size_t i;
	if (error && size > 0) {
		for (i = 0; i + 1 < size && forked[i]; i++)
			error[i] = forked[i];
		error[i] = 0;
	}
	return MLFF_FORKED;
}

static int misused(const char *why, char *error, size_t size)
{
	size_t i;
	if (error && size > 0) {
		for (i = 0; i + 1 < size && why[i]; i++)
			error[i] = why[i];
		error[i] = 0;
	}
	return MLFF_BAD_ARGUMENT;
}

mlff_home *mlff_where(void) { return &home; }

int mlff_abi(void) { return MLFF_ABI; }

int mlff_load(const char *path, const void *bytes, size_t n, mlff_model **model, char *error, size_t error_size)
{
	uintptr_t handle = 0;
	int code;
	if (!alive())
		return refuse(error, error_size);
	if (!model)
		return misused("mlff_load: no place for the model", error, error_size);
	code = mlffGoLoad((char *)path, (void *)bytes, n, &handle, error, error_size);
	*model = (mlff_model *)handle;
	return code;
}

void mlff_free(mlff_model *model)
{
	if (model && alive())
		mlffGoFree((uintptr_t)model);
}

const char *mlff_info(const mlff_model *model) { return model && alive() ? mlffGoInfo((uintptr_t)model) : NULL; }

int mlff_state_new(const mlff_model *model, const mlff_options *options, mlff_state **state, char *error, size_t error_size)
{
	uintptr_t handle = 0;
	int code;
	if (!alive())
		return refuse(error, error_size);
	if (!state)
		return misused("mlff_state_new: no place for the state", error, error_size);
	code = mlffGoStateNew((uintptr_t)model, (mlff_options *)options, &handle, error, error_size);
	*state = (mlff_state *)handle;
	return code;
}

void mlff_state_free(mlff_state *state)
{
	if (state && alive())
		mlffGoStateFree((uintptr_t)state);
}

int mlff_eval(mlff_state *state, int n, const int *z, const double *x, const double *cell, const int *pbc, mlff_result *result)
{
	if (!alive())
		return MLFF_FORKED;
	return mlffGoEval((uintptr_t)state, n, (int *)z, (double *)x, (double *)cell, (int *)pbc, result);
}

int mlff_eval_batch(mlff_state *state, int batch, const int *n, const int *z, const double *x, const double *cell, const int *pbc, mlff_result *result)
{
	if (!alive())
		return MLFF_FORKED;
	return mlffGoEvalBatch((uintptr_t)state, batch, (int *)n, (int *)z, (double *)x, (double *)cell, (int *)pbc, result);
}

int mlff_set_list(mlff_state *state, const mlff_list *list)
{
	return alive() ? mlffGoSetList((uintptr_t)state, (mlff_list *)list) : MLFF_FORKED;
}

int mlff_stage(mlff_state *state, int stage, const double *x, mlff_result *result)
{
	return alive() ? mlffGoStage((uintptr_t)state, stage, (double *)x, result) : MLFF_FORKED;
}

double *mlff_messages(mlff_state *state, int *width)
{
	(void)state; /* no student of this version has a second layer */
	if (width)
		*width = 0;
	return NULL;
}

int mlff_describe(const mlff_model *model, mlff_facts *facts)
{
	return alive() ? mlffGoDescribe((uintptr_t)model, facts) : MLFF_FORKED;
}

int mlff_element(const char *symbol, double *mass)
{
	return symbol && alive() ? mlffGoElement((char *)symbol, mass) : 0;
}

const char *mlff_error(const mlff_state *state)
{
	const char *message;
	if (!alive())
		return forked;
	message = mlffGoError((uintptr_t)state);
	return message ? message : "the state was freed";
}
