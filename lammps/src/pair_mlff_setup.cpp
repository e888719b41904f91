// The input of pair style mlff: pair_style, pair_coeff, and what is checked before a run.

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
#include "neighbor.h"
#include "update.h"
#include "utils.h"

#include "mlff_loader.h"

#include <climits>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

using namespace LAMMPS_NS;

namespace {
constexpr double KCAL_PER_EV = 23.060549;    // LAMMPS' own factor between units metal and real
constexpr double MASS_TOLERANCE = 0.5;       // u: tells all elements apart, lets isotopes but deuterium pass
}    // namespace

void PairMLFF::settings(int narg, char **arg)
{
  precision = 32;
  threads = 1;
  masscheck = 1;
  grade = WARN;
  grade_given = false;
  threshold = 0;
  for (int k = 0; k < narg; k += 2) {
    const std::string key = arg[k];
    if (k + 1 >= narg) error->all(FLERR, "Pair style mlff: keyword {} lacks a value", key);
    const std::string value = arg[k + 1];
    if (key == "precision" && (value == "float32" || value == "float64"))
      precision = value == "float64" ? 64 : 32;
    else if (key == "threads")
      threads = utils::inumeric(FLERR, value, false, lmp);
    else if (key == "masscheck")
      masscheck = utils::logical(FLERR, value, false, lmp);
    else if (key == "grade" && (value == "warn" || value == "stop" || value == "off")) {
      grade = value == "warn" ? WARN : value == "stop" ? STOP : OFF;
      grade_given = true;
      if (k + 2 < narg && utils::is_double(arg[k + 2])) threshold = utils::numeric(FLERR, arg[k++ + 2], false, lmp);
    } else
      error->all(FLERR,
                 "Pair style mlff does not know {} {}: its keywords are precision float32|float64, threads N, "
                 "masscheck on|off, grade warn|stop|off [threshold]",
                 key, value);
  }
  if (threads < 1 || threads > 1024) error->all(FLERR, "Pair style mlff: {} threads", threads);
  if (threshold < 0) error->all(FLERR, "Pair style mlff: a threshold below 0");
}

void PairMLFF::allocate()
{
  const int n = atom->ntypes + 1;
  if (allocated) {
    memory->destroy(setflag);
    memory->destroy(cutsq);
    delete[] map;
  }
  allocated = 1;
  memory->create(setflag, n, n, "pair:setflag");
  memory->create(cutsq, n, n, "pair:cutsq");
  map = new int[n];
}

void PairMLFF::coeff(int narg, char **arg)
{
  if (narg != 3 + atom->ntypes)
    error->all(FLERR, "Pair style mlff: pair_coeff takes * * FILE and {} element(s), one for each atom type, or NULL: there are {}",
               atom->ntypes, narg - 3 < 0 ? 0 : narg - 3);
  allocate();
  load(arg[2]);
  tell_caveat(arg[2]);
  map_element2type(narg - 3, arg + 3);
  check_species(narg, arg);

  mlff_facts facts = {};
  facts.size = sizeof facts;
  engine->describe(model, &facts);
  if (facts.layers != 1)
    error->all(FLERR, "Pair style mlff: {} is a student of {} layers; this version runs those of one layer", arg[2], facts.layers);
  if (!facts.graded && grade_given && grade != OFF)
    error->all(FLERR, "Pair style mlff: {} has no extrapolation grade; use grade off", arg[2]);
  if (!facts.graded) grade = OFF;
  if (threshold == 0) threshold = facts.threshold > 0 ? facts.threshold : 1;
  cutoff = facts.cutoff;

  mlff_options options = {};
  options.size = sizeof options;
  options.threads = threads;
  options.precision = precision;
  options.grade = grade != OFF;
  char why[1024] = "";
  if (state) engine->state_free(state);
  state = nullptr;
  const int code = engine->state_new(model, &options, &state, why, sizeof why);
  agree(code, std::string(arg[2]) + ": ", why);
}

// Says in a line what the student's certificate lacks, as every way of loading one does.
void PairMLFF::tell_caveat(const char *path)
{
  const std::string about = engine->info(model), key = "\"caveat\":\"";
  const size_t from = about.rfind(key);
  if (from == std::string::npos || comm->me) return;
  const size_t begin = from + key.size();    // the text has no quotes in it
  error->warning(FLERR, "Pair style mlff: {} {}", path, about.substr(begin, about.find('"', begin) - begin));
}

// One process reads the file: thousands that open it at once are a burden to the file system.
void PairMLFF::load(const char *path)
{
  char why[1024] = "";
  int code = mlff_open(engine, nullptr, why, sizeof why);
  agree(code, "", why);

  std::vector<char> bytes;
  bigint size = -1;
  if (comm->me == 0) {
    std::ifstream file(path, std::ios::binary);
    if (file) bytes.assign(std::istreambuf_iterator<char>(file), {});
    if (file && !file.bad()) size = bytes.size();
  }
  MPI_Bcast(&size, 1, MPI_LMP_BIGINT, 0, world);
  if (size < 0 || size > INT_MAX)
    error->all(FLERR, "Pair style mlff: cannot read {}: check the spelling and the folder of the path", path);
  bytes.resize(size);
  MPI_Bcast(bytes.data(), (int) size, MPI_CHAR, 0, world);

  if (model) engine->free(model);
  model = nullptr;
  static const char none = 0;
  code = engine->load(nullptr, size ? bytes.data() : &none, size, &model, why, sizeof why);
  agree(code, std::string(path) + ": ", why);
}

void PairMLFF::check_species(int narg, char **arg)
{
  mlff_facts facts = {};
  facts.size = sizeof facts;
  engine->describe(model, &facts);
  numbers.assign(atom->ntypes + 1, 0);
  masses.assign(atom->ntypes + 1, 0);
  for (int type = 1; type <= atom->ntypes; type++) {
    const char *symbol = arg[2 + type];
    if (strcmp(symbol, "NULL") == 0) continue;
    numbers[type] = engine->element(symbol, &masses[type]);
    bool known = false;
    for (int k = 0; k < facts.nspecies; k++) known |= facts.z[k] == numbers[type];
    if (!known) error->all(FLERR, "Pair style mlff: the student {} does not know {}, the element of atom type {}", arg[2], symbol, type);
  }
}

/* ---------------------------------------------------------------------- */

void PairMLFF::init_style()
{
  if (strcmp(update->unit_style, "metal") == 0)
    scale = 1;
  else if (strcmp(update->unit_style, "real") == 0)
    scale = KCAL_PER_EV;
  else
    error->all(FLERR, "Pair style mlff needs units metal or real, not {}", update->unit_style);
  if (!force->newton_pair)
    error->all(FLERR, "Pair style mlff needs newton pair on: forces on ghosts go to their owners; use newton on{}",
               lmp->kokkos ? ", with KOKKOS: -pk kokkos newton on neigh half" : "");
  if (utils::strmatch(update->integrate_style, "^respa"))
    error->all(FLERR, "Pair style mlff cannot be split into inner and outer forces: use run_style verlet instead of respa");
  check_bonds();
  if (masscheck) check_masses();
  check_other_styles();
  neighbor->add_request(this, NeighConst::REQ_FULL);
  told = nullptr;
  graded_steps = alarm_steps = alarms_in_a_row = 0;
  warned = false;
}

// LAMMPS leaves bonded pairs out of neighbour lists; the student must see them.
void PairMLFF::check_bonds()
{
  if (atom->molecular == Atom::ATOMIC) return;
  const bool alone = utils::strmatch(force->pair_style, "^mlff");
  for (int k = 1; k <= 3; k++) {
    const double lj = force->special_lj[k], coul = force->special_coul[k];
    const bool dropped = lj == 0 && coul == 0 && !force->kspace;    // as in Neighbor::init, which comes later
    if (lj == 1 && coul == 1) continue;
    if (!alone && !dropped) continue;    // another style wants the weight, and the pair is in the list
    int any = atom->molecular == Atom::TEMPLATE;
    for (int i = 0; i < atom->nlocal && !any; i++) any = atom->nspecial[i][k - 1] > (k > 1 ? atom->nspecial[i][k - 2] : 0);
    int anywhere;
    MPI_Allreduce(&any, &anywhere, 1, MPI_INT, MPI_MAX, world);
    if (anywhere)
      error->all(FLERR,
                 "Pair style mlff: with these special_bonds weights (1-{} is {}) LAMMPS hides bonded atoms from the student, "
                 "which must see all; add: special_bonds lj/coul {}",
                 k + 1, lj == 1 ? coul : lj, alone ? "1.0 1.0 1.0" : "1.0e-50 1.0e-50 1.0e-50 (or weights that are not 0)");
  }
}

// A type whose mass is not that of its element is most likely a wrong order in pair_coeff.
void PairMLFF::check_masses()
{
  int type = 0;
  double mass = 0;
  if (atom->rmass_flag) {
    for (int i = 0; i < atom->nlocal && !type; i++) {
      const int t = atom->type[i];
      if (numbers[t] && std::fabs(atom->rmass[i] - masses[t]) > MASS_TOLERANCE) type = t, mass = atom->rmass[i];
    }
  } else if (atom->mass)
    for (int t = 1; t <= atom->ntypes && !type; t++)
      if (numbers[t] && atom->mass_setflag[t] && std::fabs(atom->mass[t] - masses[t]) > MASS_TOLERANCE) type = t, mass = atom->mass[t];
  std::string what;
  if (type)
    what = fmt::format("atoms of type {} have mass {:g}, their element {} in pair_coeff has {:g}; are the elements in the order of the types? "
                       "If this is meant, use: pair_style mlff masscheck off",
                       type, mass, elements[map[type]], masses[type]);
  agree(type, "", what);
}

void PairMLFF::check_other_styles()
{
  if (comm->me) return;
  if (lmp->suffix_enable && lmp->suffix)
    utils::logmesg(lmp, "Pair style mlff has no variant for suffix {}: it runs as it is, with threads {}\n", lmp->suffix, threads);
  if (neighbor->exclude || neighbor->includegroup)
    error->warning(FLERR, "Pair style mlff: pairs left out by neigh_modify are missing from the surroundings of their atoms");
}
