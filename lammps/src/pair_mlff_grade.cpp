// Extrapolation grades of pair style mlff: when they are computed, who hears of them, and how a run stops.

#include "pair_mlff.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "input.h"
#include "lammps.h"
#include "timer.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <cstring>

using namespace LAMMPS_NS;

namespace {
constexpr int EVERY = 10;    // steps between grades under grade warn: domains are left over many steps, and each look waits for all processes
constexpr int PATIENCE = 10; // alarms in a row that stop a run; twice the threshold stops it at once. As with mlff md

// an atom of the frame that is written for labelling
struct Seen {
  double x[3];
  double grade;
  tagint tag;
  int z;
};
}    // namespace

bool PairMLFF::grades_wanted() const
{
  if (grade == OFF) return false;
  return grade == STOP || grade_flag || eflag_global || update->ntimestep % EVERY == 0;
}

// Makes the figures of compute pair, and sees to alarms.
void PairMLFF::look_at_grades(double mine)
{
  double all;
  MPI_Allreduce(&mine, &all, 1, MPI_DOUBLE, MPI_MAX, world);
  graded_steps++;
  totals[0] = comm->me ? 0 : all;    // compute pair sums over processes
  totals[1] = 0;
  if (!(all > threshold)) {
    alarms_in_a_row = 0;
    return;
  }
  for (int i = 0; i < atom->nlocal; i++) totals[1] += grades[i] > threshold;
  alarm_steps++;
  alarms_in_a_row++;
  alarm(mine, all);
}

void PairMLFF::alarm(double mine, double all)
{
  if (grade == WARN && warned) return;
  if (grade == STOP && (stopped || (alarms_in_a_row < PATIENCE && all <= 2 * threshold))) return;
  struct {
    double grade;
    int rank;
  } here = {mine, comm->me}, there;
  MPI_Allreduce(&here, &there, 1, MPI_DOUBLE_INT, MPI_MAXLOC, world);
  worst = all;
  worst_atom = 0;
  if (comm->me == there.rank && atom->tag_enable)
    worst_atom = atom->tag[std::max_element(grades.begin(), grades.begin() + atom->nlocal) - grades.begin()];
  MPI_Bcast(&worst_atom, 1, MPI_LMP_TAGINT, there.rank, world);
  double above;
  MPI_Allreduce(&totals[1], &above, 1, MPI_DOUBLE, MPI_SUM, world);
  const std::string what = fmt::format("step {}: the grade of atom {} is {:.4g}, above the threshold {:.3g} ({:.0f} atom(s)): "
                                       "the simulation has left what the student was taught",
                                       update->ntimestep, worst_atom, all, threshold, above);
  warned = true;
  if (grade == WARN) {
    if (comm->me == 0) error->warning(FLERR, "Pair style mlff: {}; further warnings of this run are left out", what);
    return;
  }
  stopped = true;
  stop_step = update->ntimestep;
  const std::string file = write_frame(all);
  if (comm->me == 0) utils::logmesg(lmp, "Pair style mlff: {}; frame for labelling: {}\n", what, file);
  timer->force_timeout();    // the step is completed, then the run ends and finish() is called
}

// Writes the atoms that the student sees as extended XYZ, sorted by tag, and returns the name of the file.
std::string PairMLFF::write_frame(double all)
{
  std::vector<Seen> mine, frame;
  for (int i = 0; i < atom->nlocal; i++) {
    if (!numbers[atom->type[i]]) continue;
    const double *x = atom->x[i];
    mine.push_back({{x[0] - domain->boxlo[0], x[1] - domain->boxlo[1], x[2] - domain->boxlo[2]}, grades[i], atom->tag_enable ? atom->tag[i] : 0, numbers[atom->type[i]]});
  }
  int here = (int) mine.size(), total = 0;
  std::vector<int> sizes(comm->nprocs), starts(comm->nprocs);
  MPI_Gather(&here, 1, MPI_INT, sizes.data(), 1, MPI_INT, 0, world);
  for (int p = 0; p < comm->nprocs; p++) starts[p] = total, total += sizes[p];
  frame.resize(total);
  MPI_Datatype seen;    // counts of atoms, not of bytes: these stay below 2^31
  MPI_Type_contiguous(sizeof(Seen), MPI_BYTE, &seen);
  MPI_Type_commit(&seen);
  MPI_Gatherv(mine.data(), here, seen, frame.data(), sizes.data(), starts.data(), seen, 0, world);
  MPI_Type_free(&seen);

  const std::string name = fmt::format("mlff_stop.{}.extxyz", update->ntimestep);
  if (comm->me) return name;
  std::sort(frame.begin(), frame.end(), [](const Seen &a, const Seen &b) { return a.tag < b.tag; });
  FILE *file = fopen(name.c_str(), "w");
  if (!file) return "none, " + name + " cannot be written";
  const Domain &d = *domain;
  auto flag = [](int p) { return p ? "T" : "F"; };
  fputs(fmt::format("{}\nLattice=\"{} 0 0 {} {} 0 {} {} {}\" Properties=species:S:1:pos:R:3:grade:R:1 pbc=\"{} {} {}\" step={} grade={}\n", frame.size(),
                    d.xprd, d.xy, d.yprd, d.xz, d.yz, d.zprd, flag(d.xperiodic), flag(d.yperiodic), flag(d.zperiodic && d.dimension == 3), update->ntimestep, all).c_str(), file);
  for (const auto &a : frame) {
    const char *symbol = "X";
    for (int t = 1; t <= atom->ntypes; t++)
      if (numbers[t] == a.z) symbol = elements[map[t]];
    fputs(fmt::format("{} {} {} {} {}\n", symbol, a.x[0], a.x[1], a.x[2], a.grade).c_str(), file);
  }
  const bool whole = !ferror(file);
  return fclose(file) || !whole ? "none, the disk did not take " + name : name;
}

// Called when a run has ended, after a complete step.
void PairMLFF::finish()
{
  if (grade == WARN && alarm_steps && comm->me == 0)
    utils::logmesg(lmp, "Pair style mlff: {} of {} graded steps had atoms above the threshold {:.3g}\n", alarm_steps, graded_steps, threshold);
  if (!stopped) return;
  stopped = false;
  timer->reset_timeout();    // who catches the error, as Python does, can run on
  const std::string why = fmt::format("the grade of atom {} is {:.4g}, above {:.3g}", worst_atom, worst, threshold);
  const std::string restart = fmt::format("mlff_stop.{}.restart", update->ntimestep);
  input->one("write_restart " + restart);
  error->all(FLERR,
             "Pair style mlff: stopped at step {}: {}. Next: mlff distill --resume RUN --add mlff_stop.{}.extxyz, then go on from read_restart {}",
             update->ntimestep, why, stop_step, restart);
}

void *PairMLFF::extract(const char *what, int &dim)
{
  dim = 0;
  if (strcmp(what, "grade_flag") == 0 && grade != OFF) return &grade_flag;
  if (strcmp(what, "threshold") == 0) return &threshold;
  return nullptr;
}

void *PairMLFF::extract_peratom(const char *what, int &columns)
{
  columns = 0;
  if (strcmp(what, "grade") != 0 || grade == OFF) return nullptr;
  if (grades.size() < (size_t) atom->nmax) grades.resize(atom->nmax, 0);
  return grades.data();
}
