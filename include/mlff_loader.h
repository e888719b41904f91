/* Opens libmlff.so at run time, for the Python extension and the LAMMPS plugin; Linux, C99 or C++.
 *
 * A process can have one Go run time, so all who use the library must open the same copy: the one that is loaded
 * already, else the file that the environment variable MLFF_LIBRARY names, else libmlff.so (or libmlff.so.1) beside the
 * caller, else a path that the caller knows. It is never closed again. In a child forked after the library was loaded
 * that copy is dead; a fresh one is loaded from a file in memory, and noted as the heir of the dead one for the others.
 *
 * Include it in one file, with _GNU_SOURCE defined before any header; in others define MLFF_LOADER_TYPES first.
 */
#ifndef MLFF_LOADER_H
#define MLFF_LOADER_H

#include "mlff.h"

/* The functions of mlff.h in the copy that lives in this process. */
typedef struct mlff_functions {
	int (*load)(const char *, const void *, size_t, mlff_model **, char *, size_t);
	void (*free)(mlff_model *);
	const char *(*info)(const mlff_model *);
	int (*state_new)(const mlff_model *, const mlff_options *, mlff_state **, char *, size_t);
	void (*state_free)(mlff_state *);
	int (*eval)(mlff_state *, int, const int *, const double *, const double *, const int *, mlff_result *);
	int (*eval_batch)(mlff_state *, int, const int *, const int *, const double *, const double *, const int *, mlff_result *);
	const char *(*error)(const mlff_state *);
	int (*set_list)(mlff_state *, const mlff_list *);
	int (*stage)(mlff_state *, int, const double *, mlff_result *);
	double *(*messages)(mlff_state *, int *);
	int (*describe)(const mlff_model *, mlff_facts *);
	int (*element)(const char *, double *);
} mlff_functions;

#ifndef MLFF_LOADER_TYPES

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define MLFF_OPEN (RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)

static const char *mlff_path_of_(void *library)
{
	struct link_map *map = NULL;
	return dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 && map ? map->l_name : "?";
}

static mlff_home *mlff_home_of_(void *library)
{
	mlff_home *(*where)(void);
	*(void **)&where = dlsym(library, "mlff_where");
	return where ? where() : NULL;
}

/* Loads a second copy of a file that is loaded already. The dynamic linker knows libraries by name and inode: the file
 * in memory is a new inode, and the number of the process makes its name new even in the child of a child. */
static void *mlff_copy_(const char *path, char *error, size_t size)
{
	char name[64];
	struct stat file;
	off_t at = 0;
	void *library = NULL;
	int from = open(path, O_RDONLY | O_CLOEXEC), to = memfd_create("libmlff.so", MFD_CLOEXEC);
	if (from >= 0 && to >= 0 && fstat(from, &file) == 0) {
		while (at < file.st_size && sendfile(to, from, &at, (size_t)(file.st_size - at)) > 0)
			;
		if (at == file.st_size) {
			snprintf(name, sizeof name, "/proc/%d/fd/%d", (int)getpid(), to);
			library = dlopen(name, MLFF_OPEN);
		}
		if (library && (!mlff_home_of_(library) || mlff_home_of_(library)->pid != (int)getpid()))
			library = NULL; /* not a fresh one */
	}
	if (!library) {
		const char *why = dlerror();
		snprintf(error, size, "cannot load a fresh copy of %s in a forked process: %s\nuse the start method spawn", path, why ? why : "no memory or no such file");
	}
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return library;
}

/* The file that this loader was compiled into. */
static const char *mlff_caller_(void)
{
	static const char here = 0;
	Dl_info caller;
	return dladdr(&here, &caller) && caller.dli_fname ? caller.dli_fname : "the program";
}

/* Follows the heirs of a library that is loaded to the copy that lives in this process, loading one if there is none. */
static void *mlff_alive_(void *library, char *error, size_t size)
{
	const char *path = mlff_path_of_(library);
	for (;;) {
		mlff_home *home = mlff_home_of_(library);
		if (!home || home->abi != MLFF_ABI) {
			snprintf(error, size, "%s has version %d of the interface, %s needs %d\ninstall both from the same version of mlff", path, home ? home->abi : 0,
			         mlff_caller_(), MLFF_ABI);
			return NULL;
		}
		if (home->pid == (int)getpid())
			return library;
		if (!home->heir && !(home->heir = mlff_copy_(path, error, size)))
			return NULL;
		library = home->heir;
	}
}

static void *mlff_beside_(const char *caller, char *tried, size_t size)
{
	static const char *const names[] = {"libmlff.so", "libmlff.so.1"};
	char path[PATH_MAX];
	const char *slash = strrchr(caller, '/');
	size_t k;
	for (k = 0; k < sizeof names / sizeof *names; k++) {
		void *library;
		snprintf(path, sizeof path, "%.*s/%s", slash ? (int)(slash - caller) : 1, slash ? caller : ".", names[k]);
		if (access(path, F_OK) != 0)
			continue;
		if ((library = dlopen(path, MLFF_OPEN)))
			return library;
		snprintf(tried, size, "%s", dlerror());
	}
	return NULL;
}

static void *mlff_find_(const char *known, char *error, size_t size)
{
	const char *named = getenv("MLFF_LIBRARY");
	char tried[512] = "";
	void *library;
	if (named && *named) {
		if (!(library = dlopen(named, MLFF_OPEN)))
			snprintf(error, size, "MLFF_LIBRARY: %s\nset it to the path of libmlff.so, or not at all", dlerror());
		return library;
	}
	if ((library = mlff_beside_(mlff_caller_(), tried, sizeof tried)))
		return library;
	if (known && *known && (library = dlopen(known, MLFF_OPEN)))
		return library;
	snprintf(error, size, "cannot find libmlff.so%s%s\nput it beside %s, or set MLFF_LIBRARY to its path", *tried ? ": " : "", tried, mlff_caller_());
	return NULL;
}

/* Fills f with the functions of the library. known may be NULL, or the path of a libmlff.so to try last.
 * Returns 0, or -1 with a message. Call it again after a fork. */
static inline int mlff_open(mlff_functions *f, const char *known, char *error, size_t size)
{
	static const char *const names[] = {"mlff_load", "mlff_free", "mlff_info", "mlff_state_new", "mlff_state_free", "mlff_eval", "mlff_eval_batch", "mlff_error",
	                                    "mlff_set_list", "mlff_stage", "mlff_messages", "mlff_describe", "mlff_element"};
	void *library = dlopen("libmlff.so.1", MLFF_OPEN | RTLD_NOLOAD);
	size_t k;
	if (!library && !(library = mlff_find_(known, error, size)))
		return -1;
	if (!(library = mlff_alive_(library, error, size)))
		return -1;
	for (k = 0; k < sizeof names / sizeof *names; k++)
		if (!(((void **)f)[k] = dlsym(library, names[k]))) {
			snprintf(error, size, "%s lacks %s\ninstall mlff again", mlff_path_of_(library), names[k]);
			return -1;
		}
	return 0;
}

#endif
#endif
