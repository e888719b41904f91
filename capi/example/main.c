/* Prints energy, forces and stress of two silicon atoms in a box, or whatever the student knows first.
 *
 *     cc -I../../include main.c -o example /path/to/libmlff.so
 *     ./example student.safetensors 14
 */
#include <stdio.h>
#include <stdlib.h>

#include "mlff.h"

static int die(const char *why)
{
	fprintf(stderr, "error: %s\n", why);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	enum { N = 2 };
	double x[N][3] = {{0, 0, 0}, {1.5, 1.3, 1.2}}, cell[3][3] = {{6, 0, 0}, {0, 6, 0}, {0, 0, 6}};
	double forces[N][3], energies[N], virials[N][3][3];
	int z[N], pbc[3] = {1, 1, 1}, i, a;
	char why[512];
	mlff_model *model;
	mlff_state *state;
	mlff_options options = {.size = sizeof options, .precision = 64};
	mlff_result result = {.size = sizeof result, .forces = &forces[0][0], .energies = energies, .virials = &virials[0][0][0]};

	if (argc != 3)
		return die("usage: example STUDENT NUMBER");
	z[0] = z[1] = atoi(argv[2]);
	if (mlff_load(argv[1], NULL, 0, &model, why, sizeof why))
		return die(why);
	if (mlff_state_new(model, &options, &state, why, sizeof why))
		return die(why);
	if (mlff_eval(state, N, z, &x[0][0], &cell[0][0], pbc, &result))
		return die(mlff_error(state));

	printf("%s\n", mlff_info(model));
	printf("energy %.10f eV\n", result.energy);
	for (i = 0; i < N; i++)
		printf("atom %d: energy %.10f eV, force %.10f %.10f %.10f eV/A\n", i, energies[i], forces[i][0], forces[i][1], forces[i][2]);
	for (a = 0; a < 3; a++)
		printf("stress %.10f %.10f %.10f eV/A^3\n", -result.virial[3 * a] / 216, -result.virial[3 * a + 1] / 216, -result.virial[3 * a + 2] / 216);
	mlff_state_free(state);
	mlff_free(model);
	return EXIT_SUCCESS;
}
