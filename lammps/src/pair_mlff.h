/* -*- c++ -*- LAMMPS pair style of mlff students; a consumer of include/mlff.h.
 *
 *     pair_style mlff [precision float32|float64] [threads n] [masscheck on|off] [grade warn|stop|off [threshold]]
 *     pair_coeff * * student.safetensors Si O
 *
 * Energies include those of the isolated atoms, E0, as everywhere in mlff. The student sees a full neighbour list with
 * ghosts; the forces and virials that fall to ghosts go to their owners by LAMMPS' reverse communication (newton on).
 */
#ifdef PAIR_CLASS
// clang-format off
PairStyle(mlff,PairMLFF);
// clang-format on
#else

#ifndef LMP_PAIR_MLFF_H
#define LMP_PAIR_MLFF_H

#include "pair.h"

#include <string>
#include <vector>

struct mlff_functions;
struct mlff_model;
struct mlff_state;
struct mlff_result;

namespace LAMMPS_NS {

class PairMLFF : public Pair {
 public:
  PairMLFF(class LAMMPS *);
  ~PairMLFF() override;
  void compute(int, int) override;
  void settings(int, char **) override;
  void coeff(int, char **) override;
  void init_style() override;
  double init_one(int, int) override;
  double single(int, int, int, int, double, double, double, double &) override;
  void finish() override;
  void *extract(const char *, int &) override;
  void *extract_peratom(const char *, int &) override;
  double memory_usage() override;

  // messages of students with a second layer
  int pack_forward_comm(int, int *, double *, int, int *) override;
  void unpack_forward_comm(int, int, double *) override;
  int pack_reverse_comm(int, int, double *) override;
  void unpack_reverse_comm(int, int *, double *) override;

 private:
  enum Grade { OFF, WARN, STOP };

  mlff_functions *engine;
  mlff_model *model;
  mlff_state *state;

  // pair_style
  int precision, threads, masscheck;
  Grade grade;
  bool grade_given;
  double threshold;

  double cutoff, scale;         // A; LAMMPS energy unit per eV
  std::vector<int> numbers;     // [ntypes+1] atomic number of a type, 0 for NULL
  std::vector<double> masses;   // [ntypes+1] of that element

  // what the engine was told last
  std::vector<int> z;           // [nlocal+nghost]
  std::vector<int> types;       // [nlocal+nghost]
  class NeighList *told;
  int told_nlocal, told_inum;
  bigint told_ncalls;

  // results
  std::vector<double> energies, forces, virials, grades;
  int grade_flag;               // fix pair asks for grades of this step
  double totals[2];             // compute pair: largest grade, atoms above the threshold
  double worst;                 // grade that stopped the run
  tagint worst_atom;
  bigint graded_steps, alarm_steps, alarms_in_a_row, stop_step;
  bool warned, stopped;

  void allocate();
  void load(const char *);
  void tell_caveat(const char *);
  void check_species(int, char **);
  void check_bonds();
  void check_masses();
  void check_other_styles();
  bool list_is_old(int);
  int set_list(int);
  void share(const mlff_result &);
  bool grades_wanted() const;
  void look_at_grades(double);
  void alarm(double, double);
  std::string write_frame(double);
  void agree(int, const std::string &, const std::string &);
  std::string message() const;
};

}    // namespace LAMMPS_NS

#endif
#endif
