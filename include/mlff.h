/* mlff: run a student, a small machine-learned potential, from C.
 *
 *     mlff_model *model;  mlff_state *state;  char why[512];
 *     if (mlff_load("student.safetensors", NULL, 0, &model, why, sizeof why) ||
 *         mlff_state_new(model, NULL, &state, why, sizeof why))
 *         die(why);
 *     mlff_result result = {.size = sizeof result, .forces = forces};
 *     if (mlff_eval(state, n, z, x, cell, pbc, &result))
 *         die(mlff_error(state));
 *
 * Units: A, eV, eV/A. Arrays are row-major. A model is immutable and shared by any number of states and threads; a
 * state holds neighbour list, memory and worker threads, and runs one call at a time (a second caller waits).
 * Every function returns MLFF_OK or one of the codes below; a message is what is wrong, then, where there is one, a
 * second line saying what to do. After an error the results are unspecified. Results are finite: what is not is an error.
 *
 * The library holds a Go run time, of which a process can have only one, and which does not survive fork(): in a child
 * forked after the library was loaded every call returns MLFF_FORKED. mlff_loader.h opens it with that in mind.
 */
#ifndef MLFF_H
#define MLFF_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MLFF_ABI 1

enum mlff_code {
	MLFF_OK = 0,
	MLFF_FAILED = 1,          /* any other reason: a file that cannot be read, ... */
	MLFF_BAD_ARGUMENT = 2,    /* NULL where something is needed, another version's struct, a handle that was freed */
	MLFF_BAD_STRUCTURE = 3,   /* positions not finite, a cell without volume, ... */
	MLFF_UNKNOWN_SPECIES = 4, /* an element that the student was not taught */
	MLFF_COINCIDENT = 5,      /* two atoms at the same place */
	MLFF_NOT_FINITE = 6,      /* energy or forces are */
	MLFF_NO_MEMORY = 7,       /* found before anything was allocated */
	MLFF_FORKED = 8           /* the process is a child forked after the library was loaded */
};

typedef struct mlff_model mlff_model;
typedef struct mlff_state mlff_state;

typedef struct mlff_options {
	size_t size;      /* sizeof(mlff_options) */
	int    threads;   /* 0: all processors this process may use */
	int    precision; /* 32 or 64; 0: 32 */
	int    grade;     /* not 0: compute extrapolation grades; an error if the student has none */
	double skin;      /* extra reach of the neighbour list, A; 0: the default, negative: none */
} mlff_options;

/* Why an atom lies outside of what the student was taught, beside its grade. */
enum mlff_flag {
	MLFF_CONTACT = 1,     /* closer to a neighbour than any such pair in training */
	MLFF_NEIGHBORS = 2,   /* fewer or more neighbours than any such atom in training */
	MLFF_COMPOSITION = 4  /* of the structure: no mixture of compositions in training; no atom carries it */
};

typedef struct mlff_result {
	size_t size;       /* sizeof(mlff_result) */
	/* where to write; NULL: not wanted */
	double *energies;  /* [n] eV */
	double *forces;    /* [n][3] eV/A */
	double *virials;   /* [n][3][3] eV; see below */
	double *grades;    /* [n]; 1 is the 99.9 % quantile of held-out atoms; needs the option */
	unsigned char *flags; /* [n] flags; needs the option grade */
	/* always written */
	double energy;     /* eV */
	double virial[9];  /* [3][3] -dE/dstrain = -volume * stress, eV */
	double grade;      /* the largest; 0 without the option */
	int    flag;       /* all flags of atoms, and of the structure */
	double seconds;    /* spent in the engine */
} mlff_result;

/* virials: W_i[a][b] = -sum_j (x_i - x_j)_a dE_j/d(x_i - x_j)_b over the atoms j that have i as a neighbour: a position, b force.
 * They sum to the virial, and sum_i W_i v_i is the virial part of the heat current, as with LAMMPS' centroid/stress/atom. */

/* The version of this interface that the library was built with. */
int mlff_abi(void);

/* Reads a student from a file, or from n bytes where path is NULL. */
int mlff_load(const char *path, const void *bytes, size_t n, mlff_model **model, char *error, size_t error_size);

/* Frees a model; states made from it go on. NULL is allowed. */
void mlff_free(mlff_model *model);

/* What the student says about itself, as JSON; lives as long as the model. NULL if the model was freed. */
const char *mlff_info(const mlff_model *model);

/* The part of mlff_info that a simulation needs. */
typedef struct mlff_facts {
	size_t size;      /* sizeof(mlff_facts) */
	double cutoff;    /* A */
	double threshold; /* the grade that alarms; 0: not calibrated */
	int layers;       /* of message passing; 1: local */
	int graded;       /* whether it has extrapolation grades */
	int nspecies;
	int z[120];       /* [nspecies] atomic numbers, ascending */
} mlff_facts;
int mlff_describe(const mlff_model *model, mlff_facts *facts);

/* The atomic number of an element's symbol, 0 if there is none of that name; mass may be NULL, or get the mass, u. */
int mlff_element(const char *symbol, double *mass);

/* Prepares to run a model; options may be NULL. */
int mlff_state_new(const mlff_model *model, const mlff_options *options, mlff_state **state, char *error, size_t error_size);

/* Ends the threads and frees a state. NULL is allowed. */
void mlff_state_free(mlff_state *state);

/* Evaluates n atoms with atomic numbers z[n], positions x[n][3], lattice vectors as rows of cell[3][3] and
 * periodicity pbc[3] along each. cell and pbc may be NULL: open in all directions. 0 atoms are allowed. */
int mlff_eval(mlff_state *state, int n, const int *z, const double *x, const double *cell, const int *pbc, mlff_result *result);

/* Evaluates many structures, several at a time where the state has threads: n[batch], and the other arrays one
 * structure after the other: z[sum n], x[sum n][3], cell[batch][3][3], pbc[batch][3]; result[batch] each with its own
 * pointers. The message of an error begins with "structure K: ", counted from 0. */
int mlff_eval_batch(mlff_state *state, int batch, const int *n, const int *z, const double *x, const double *cell, const int *pbc, mlff_result *result);

/* A neighbour list that the caller keeps, as one process of a parallel simulation has it: its own atoms, then ghosts,
 * which are atoms of other processes or periodic images. Pairs beyond the cutoff may be in it, those within must be. */
typedef struct mlff_list {
	size_t size;                  /* sizeof(mlff_list) */
	int nlocal, nghost;
	const int *z;                 /* [nlocal+nghost] atomic numbers; 0: not there for the student */
	int ncenter;                  /* atoms that have neighbours here ... */
	const int *center;            /* ... which, each once; NULL: the first ncenter */
	const int *numneigh;          /* [nlocal] */
	int *const *firstneigh;       /* [nlocal][numneigh] indices < nlocal+nghost after masking */
	int mask;                     /* the bits of a neighbour that are its index; 0: all */
} mlff_list;

/* Takes over a list, to be called again after each change of atoms, elements or neighbours. Checked and copied. */
int mlff_set_list(mlff_state *state, const mlff_list *list);

/* Evaluates the atoms of the list at positions x[nlocal+nghost][3], in stages between which the caller exchanges
 * messages: one layer needs stage 0 alone. In the result, energies and grades are [nlocal], forces and virials
 * [nlocal+nghost]: what falls to ghosts is to be added to the atoms they stand for. energy and virial are those of the
 * local atoms; flags and composition are left out. grades of atoms that are no centres are 0, their energies too. */
int mlff_stage(mlff_state *state, int stage, const double *x, mlff_result *result);

/* What is to be exchanged between stages, [nlocal+nghost][*width]; NULL and 0 for students of one layer. */
double *mlff_messages(mlff_state *state, int *width);

/* The message of the last error of a state; lives until its next call. */
const char *mlff_error(const mlff_state *state);

/* How the loader tells whether the library is alive in this process, and which copy replaced it in a forked child. */
typedef struct mlff_home {
	int   abi;  /* MLFF_ABI of the library */
	int   pid;  /* the process whose run time this is */
	void *heir; /* dlopen handle of the copy that a forked child loaded, NULL if there is none */
} mlff_home;
mlff_home *mlff_where(void);

#ifdef __cplusplus
}
#endif
#endif
