// LAMMPS pair style of mlff students: see pair_mlff.h. The lines of the input and what they are checked against are in
// pair_mlff_setup.cpp, how students look at grades in pair_mlff_grade.cpp.

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "pair_mlff.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "lammps.h"
#include "memory.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "utils.h"

#include "mlff_loader.h"

#include <climits>
#include <cstring>

using namespace LAMMPS_NS;

PairMLFF::PairMLFF(LAMMPS *lmp) :
    Pair(lmp), engine(new mlff_functions()), model(nullptr), state(nullptr), precision(32), threads(1), masscheck(1),
    grade(WARN), grade_given(false), threshold(0), cutoff(0), scale(1), told(nullptr), told_nlocal(-1), told_inum(-1),
    told_ncalls(-1), grade_flag(0), worst(0), worst_atom(0), graded_steps(0), alarm_steps(0), alarms_in_a_row(0), stop_step(0),
    warned(false), stopped(false)
{
  single_enable = 0;
  restartinfo = 0;
  one_coeff = 1;
  manybody_flag = 1;
  respa_enable = 0;
  no_virial_fdotr_compute = 1;
  centroidstressflag = CENTROID_AVAIL;
  nextra = 2;
  pvector = totals;
  totals[0] = totals[1] = 0;
}

PairMLFF::~PairMLFF()
{
  if (engine->state_free) engine->state_free(state);
  if (engine->free) engine->free(model);
  delete engine;
  if (allocated) {
    memory->destroy(setflag);
    memory->destroy(cutsq);
  }
}

/* ---------------------------------------------------------------------- */

void PairMLFF::compute(int eflag, int vflag)
{
  ev_init(eflag, vflag);
  const int nlocal = atom->nlocal, nall = nlocal + atom->nghost;
  const bool graded = grades_wanted();

  energies.resize(nlocal);
  forces.resize(3 * (size_t) nall);
  mlff_result result = {};
  result.size = sizeof result;
  result.energies = energies.data();
  result.forces = forces.data();
  if (vflag_atom || cvflag_atom) {
    virials.resize(9 * (size_t) nall);
    result.virials = virials.data();
  }
  if (graded) {
    grades.assign(atom->nmax, 0);
    result.grades = grades.data();
  }

  int code = list_is_old(nall) ? set_list(nall) : MLFF_OK;
  if (code == MLFF_OK) code = engine->stage(state, 0, nall ? &atom->x[0][0] : nullptr, &result);
  agree(code, "", message());
  share(result);
  if (graded) look_at_grades(result.grade);
}

// Lists change with neighbour builds; types also without, for instance under fix atom/swap.
bool PairMLFF::list_is_old(int nall)
{
  return neighbor->ago == 0 || told != list || told_nlocal != atom->nlocal || told_inum != list->inum ||
      told_ncalls != neighbor->ncalls || types.size() != (size_t) nall ||
      (nall && memcmp(types.data(), atom->type, sizeof(int) * nall) != 0);
}

int PairMLFF::set_list(int nall)
{
  types.assign(atom->type, atom->type + nall);
  z.resize(nall);
  for (int i = 0; i < nall; i++) z[i] = numbers[types[i]];
  told = list;
  told_nlocal = atom->nlocal;
  told_inum = list->inum;
  told_ncalls = neighbor->ncalls;

  mlff_list l = {};
  l.size = sizeof l;
  l.nlocal = atom->nlocal;
  l.nghost = atom->nghost;
  l.z = z.data();
  l.ncenter = list->inum;
  l.center = list->ilist;
  l.numneigh = list->numneigh;
  l.firstneigh = list->firstneigh;
  l.mask = NEIGHMASK;
  return engine->set_list(state, &l);
}

// Adds the results to the arrays of LAMMPS, in its units.
void PairMLFF::share(const mlff_result &result)
{
  static const int position[9] = {0, 1, 2, 0, 0, 1, 1, 2, 2}, force[9] = {0, 1, 2, 1, 2, 2, 0, 0, 1};
  const int nlocal = atom->nlocal, nall = nlocal + atom->nghost;
  if (nall) {
    double *f = &atom->f[0][0];
    for (int k = 0; k < 3 * nall; k++) f[k] += scale * forces[k];
  }
  if (eflag_global) eng_vdwl += scale * result.energy;
  if (eflag_atom)
    for (int i = 0; i < nlocal; i++) eatom[i] += scale * energies[i];
  if (vflag_global)
    for (int k = 0; k < 6; k++) virial[k] += scale * result.virial[3 * position[k] + force[k]];
  if (vflag_atom)
    for (int i = 0; i < nall; i++)
      for (int k = 0; k < 6; k++) {
        const double *w = &virials[9 * (size_t) i];
        vatom[i][k] += scale * 0.5 * (w[3 * position[k] + force[k]] + w[3 * force[k] + position[k]]);
      }
  if (cvflag_atom)
    for (int i = 0; i < nall; i++)
      for (int k = 0; k < 9; k++) cvatom[i][k] += scale * virials[9 * (size_t) i + 3 * position[k] + force[k]];
}

/* ----------------------------------------------------------------------
   errors that some processes see and others do not: all end with the message of the first, none waits for ever
------------------------------------------------------------------------- */

void PairMLFF::agree(int code, const std::string &where, const std::string &what)
{
  int mine = code ? comm->me : INT_MAX, first;
  MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, world);
  if (first == INT_MAX) return;
  std::string text = "Pair style mlff: " + where + what;
  int n = (int) text.size();
  MPI_Bcast(&n, 1, MPI_INT, first, world);
  text.resize(n);
  MPI_Bcast(&text[0], n, MPI_CHAR, first, world);
  for (auto &c : text)
    if (c == '\n') c = ';';
  error->all(FLERR, text);
}

std::string PairMLFF::message() const { return state ? engine->error(state) : ""; }

double PairMLFF::init_one(int, int) { return cutoff; }

double PairMLFF::single(int, int, int, int, double, double, double, double &)
{
  error->all(FLERR, "Pair style mlff has no energy of a single pair: it is a many-body potential");
  return 0;
}

double PairMLFF::memory_usage()
{
  const double doubles = energies.capacity() + forces.capacity() + virials.capacity() + grades.capacity();
  return Pair::memory_usage() + 8 * doubles + 4.0 * (z.capacity() + types.capacity());
}

/* ----------------------------------------------------------------------
   messages between stages: [nlocal+nghost][width]; width is 0 for students of one layer
------------------------------------------------------------------------- */

int PairMLFF::pack_forward_comm(int n, int *atoms, double *buf, int, int *)
{
  int width, m = 0;
  const double *messages = engine->messages(state, &width);
  for (int k = 0; k < n; k++)
    for (int c = 0; c < width; c++) buf[m++] = messages[(size_t) atoms[k] * width + c];
  return m;
}

void PairMLFF::unpack_forward_comm(int n, int first, double *buf)
{
  int width;
  double *messages = engine->messages(state, &width);
  if (width) memcpy(messages + (size_t) first * width, buf, sizeof(double) * n * width);
}

int PairMLFF::pack_reverse_comm(int n, int first, double *buf)
{
  int width;
  const double *messages = engine->messages(state, &width);
  if (width) memcpy(buf, messages + (size_t) first * width, sizeof(double) * n * width);
  return n * width;
}

void PairMLFF::unpack_reverse_comm(int n, int *atoms, double *buf)
{
  int width, m = 0;
  double *messages = engine->messages(state, &width);
  for (int k = 0; k < n; k++)
    for (int c = 0; c < width; c++) messages[(size_t) atoms[k] * width + c] += buf[m++];
}
