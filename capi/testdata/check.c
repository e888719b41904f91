/* Uses and misuses every function of mlff.h; the tests run it, also with the address sanitizer. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mlff.h"

static int failures;

static void expect(int line, int good, const char *what, const char *said)
{
	if (!good) {
		fprintf(stderr, "check.c:%d: %s (%s)\n", line, what, said ? said : "");
		failures++;
	}
}
#define EXPECT(condition) expect(__LINE__, condition, #condition, NULL)
#define SAYS(text, part) expect(__LINE__, strstr(text, part) != NULL, "message lacks " part, text)

enum { N = 3 };
static const int z[N] = {14, 8, 14};
static const double x[N][3] = {{0, 0, 0}, {1.9, 0.3, 0.2}, {0.4, 2.2, 0.1}};
static const double cell[3][3] = {{7, 0, 0}, {1, 7, 0}, {0, 2, 7}};
static const int pbc[3] = {1, 1, 1};

static char why[512];

static mlff_state *new_state(const mlff_model *model, int precision, int grade)
{
	mlff_state *state = NULL;
	mlff_options o = {.size = sizeof o, .threads = 2, .precision = precision, .grade = grade};
	EXPECT(mlff_state_new(model, &o, &state, why, sizeof why) == MLFF_OK);
	return state;
}

static void results(mlff_state *state, double rounding)
{
	double f[N][3], e[N], w[N][3][3], g[N], sum = 0, trace = 0;
	unsigned char flags[N];
	int i;
	mlff_result r = {.size = sizeof r, .energies = e, .forces = &f[0][0], .virials = &w[0][0][0], .grades = g, .flags = flags};
	EXPECT(mlff_eval(state, N, z, &x[0][0], &cell[0][0], pbc, &r) == MLFF_OK);
	for (i = 0; i < N; i++) {
		sum += e[i];
		trace += w[i][0][0] + w[i][1][1] + w[i][2][2];
		EXPECT(g[i] <= r.grade && g[i] > 0);
		EXPECT((flags[i] & ~r.flag) == 0);
	}
	EXPECT(fabs(sum - r.energy) < 1e-12);                                          /* rounding of three numbers of order 1 */
	EXPECT(fabs(trace - r.virial[0] - r.virial[4] - r.virial[8]) < rounding * (1 + fabs(trace))); /* the same terms, products in another precision */
	EXPECT(fabs(f[0][0] + f[1][0] + f[2][0]) < 1e-12); /* forces are differences of the same numbers */
	EXPECT(r.seconds > 0 && r.seconds < 10);
}

static void bad_structures(mlff_state *state)
{
	double nan3[N][3] = {{0, 0, 0}, {NAN, 0, 0}, {2, 0, 0}}, same[N][3] = {{0, 0, 0}, {0, 0, 0}, {2, 0, 0}}, flat[3][3] = {{7, 0, 0}, {7, 0, 0}, {0, 0, 7}};
	int gold[N] = {79, 14, 8};
	mlff_result r = {.size = sizeof r};
	EXPECT(mlff_eval(state, N, gold, &x[0][0], NULL, NULL, &r) == MLFF_UNKNOWN_SPECIES);
	SAYS(mlff_error(state), "Au");
	EXPECT(mlff_eval(state, N, z, &nan3[0][0], NULL, NULL, &r) == MLFF_BAD_STRUCTURE);
	SAYS(mlff_error(state), "atom 1");
	EXPECT(mlff_eval(state, N, z, &same[0][0], NULL, NULL, &r) == MLFF_COINCIDENT);
	EXPECT(mlff_eval(state, N, z, &x[0][0], &flat[0][0], pbc, &r) == MLFF_BAD_STRUCTURE);
	EXPECT(mlff_eval(state, N, z, &x[0][0], NULL, pbc, &r) == MLFF_BAD_STRUCTURE);
	EXPECT(mlff_eval(state, 0, NULL, NULL, NULL, NULL, &r) == MLFF_OK && r.energy == 0);
	EXPECT(mlff_eval(state, 1, z, &x[0][0], NULL, NULL, &r) == MLFF_OK && r.energy != 0);
	EXPECT(mlff_error(state)[0] == 0);
}

static void misuse(mlff_model *model, mlff_state *state)
{
	mlff_model *none;
	mlff_state *nothing;
	mlff_result r = {.size = sizeof r}, short_one = {.size = 8};
	mlff_options o = {.size = sizeof o, .precision = 16};
	double g[N];
	char tiny[4];
	EXPECT(mlff_eval(state, N, z, &x[0][0], NULL, NULL, NULL) == MLFF_BAD_ARGUMENT);
	EXPECT(mlff_eval(state, N, z, &x[0][0], NULL, NULL, &short_one) == MLFF_BAD_ARGUMENT);
	SAYS(mlff_error(state), "size");
	EXPECT(mlff_eval(state, -1, z, &x[0][0], NULL, NULL, &r) == MLFF_BAD_ARGUMENT);
	EXPECT(mlff_eval(state, N, NULL, &x[0][0], NULL, NULL, &r) == MLFF_BAD_ARGUMENT);
	EXPECT(mlff_eval(NULL, N, z, &x[0][0], NULL, NULL, &r) == MLFF_BAD_ARGUMENT);
	EXPECT(mlff_load("no such file", NULL, 0, &none, why, sizeof why) == MLFF_FAILED);
	SAYS(why, "no such file");
	EXPECT(mlff_load(NULL, "rubbish", 7, &none, why, sizeof why) == MLFF_FAILED);
	EXPECT(mlff_load(NULL, NULL, 0, &none, why, sizeof why) == MLFF_BAD_ARGUMENT);
	EXPECT(mlff_load("no such file", NULL, 0, &none, tiny, sizeof tiny) == MLFF_FAILED && strlen(tiny) == 3);
	EXPECT(mlff_load("no such file", NULL, 0, NULL, NULL, 0) == MLFF_BAD_ARGUMENT);
	EXPECT(mlff_state_new(model, &o, &nothing, why, sizeof why) == MLFF_BAD_ARGUMENT);
	SAYS(why, "precision 16");
	nothing = new_state(model, 32, 0);
	r.grades = g;
	EXPECT(mlff_eval(nothing, N, z, &x[0][0], NULL, NULL, &r) == MLFF_BAD_ARGUMENT);
	SAYS(mlff_error(nothing), "grade");
	mlff_state_free(nothing);
	r.grades = NULL;
	EXPECT(mlff_eval(nothing, N, z, &x[0][0], NULL, NULL, &r) == MLFF_BAD_ARGUMENT);
	SAYS(mlff_error(nothing), "freed");
	mlff_state_free(nothing);
	mlff_state_free(NULL);
	mlff_free(NULL);
}

static void batches(mlff_state *state)
{
	enum { B = 40 };
	static int n[B], zs[B * N], pbcs[B][3];
	static double xs[B * N][3], cells[B][3][3], f[B][N][3];
	static mlff_result rs[B];
	mlff_result one = {.size = sizeof one};
	int b, total = 0;
	memset(rs, 0, sizeof rs);
	for (b = 0; b < B; b++) {
		n[b] = b % (N + 1);
		memcpy(zs + total, z, n[b] * sizeof *z);
		memcpy(xs + total, x, n[b] * sizeof *x);
		memcpy(cells[b], cell, sizeof cell);
		pbcs[b][0] = pbcs[b][1] = pbcs[b][2] = b % 2;
		total += n[b];
		rs[b].size = sizeof rs[b];
		rs[b].forces = &f[b][0][0];
	}
	EXPECT(mlff_eval_batch(state, B, n, zs, &xs[0][0], &cells[0][0][0], &pbcs[0][0], rs) == MLFF_OK);
	for (b = 0; b < B; b++) {
		EXPECT(mlff_eval(state, n[b], z, &x[0][0], &cell[0][0], pbcs[b], &one) == MLFF_OK);
		EXPECT(one.energy == rs[b].energy); /* the same bits, on whatever thread */
	}
	zs[0] = zs[1] = 79; /* structures 1 and 2 */
	EXPECT(mlff_eval_batch(state, B, n, zs, &xs[0][0], &cells[0][0][0], &pbcs[0][0], rs) == MLFF_UNKNOWN_SPECIES);
	SAYS(mlff_error(state), "structure 1: ");
	EXPECT(mlff_eval_batch(state, 0, NULL, NULL, NULL, NULL, NULL, NULL) == MLFF_OK);
	EXPECT(mlff_eval_batch(state, 3, NULL, NULL, NULL, NULL, NULL, rs) == MLFF_BAD_ARGUMENT);
}

static void in_a_child(mlff_model *model, mlff_state *state)
{
	int status = -1;
	pid_t child = fork();
	if (child == 0) {
		mlff_result r = {.size = sizeof r};
		mlff_model *again;
		int good = mlff_eval(state, N, z, &x[0][0], NULL, NULL, &r) == MLFF_FORKED && strstr(mlff_error(state), "forked") &&
		           mlff_load("x", NULL, 0, &again, why, sizeof why) == MLFF_FORKED && !mlff_info(model) && mlff_where()->pid != getpid();
		mlff_state_free(state);
		mlff_free(model);
		_exit(good ? 0 : 1);
	}
	EXPECT(waitpid(child, &status, 0) == child && status == 0);
}

int main(int argc, char **argv)
{
	mlff_model *model;
	mlff_state *single, *twice;
	if (argc != 2)
		return 2;
	EXPECT(mlff_abi() == MLFF_ABI && mlff_where()->abi == MLFF_ABI);
	if (mlff_load(argv[1], NULL, 0, &model, why, sizeof why)) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	SAYS(mlff_info(model), "\"species\":[\"O\",\"Si\"]");
	single = new_state(model, 32, 1);
	twice = new_state(model, 64, 1);
	results(single, 1e-5); /* a few dozen roundings of 6e-8 */
	results(twice, 1e-13);
	bad_structures(single);
	misuse(model, twice);
	batches(twice);
	in_a_child(model, single);
	mlff_free(model);
	EXPECT(mlff_info(model) == NULL);
	results(single, 1e-5); /* a state outlives its model */
	mlff_state_free(single);
	mlff_state_free(twice);
	printf("%d failures\n", failures);
	return failures != 0;
}
