// Makes pair style mlff known to a LAMMPS that loads plugins: plugin load mlffplugin.so

#include "pair_mlff.h"

#include "error.h"
#include "lammps.h"
#include "library.h"
#include "lmptype.h"

using namespace LAMMPS_NS;

// What LAMMPS' own lammpsplugin.h declares; that header is not installed everywhere.
extern "C" {
typedef void *(lammpsplugin_factory1)(void *);
typedef void *(lammpsplugin_factory2)(void *, int, char **);
typedef struct {
  const char *version, *style, *name, *info, *author;
  union {
    lammpsplugin_factory1 *v1;
    lammpsplugin_factory2 *v2;
  } creator;
  void *handle;
} lammpsplugin_t;
typedef void (*lammpsplugin_regfunc)(lammpsplugin_t *, void *);

void lammpsplugin_init(void *, void *, void *);
}

static void *create(void *lmp) { return new PairMLFF((LAMMPS *) lmp); }

// Objects of LAMMPS have another shape in another version: a plugin must not touch them.
extern "C" void lammpsplugin_init(void *lmp, void *handle, void *regfunc)
{
  const int version = lammps_version(lmp);
  if (version != MLFF_LAMMPS) {
    fprintf(stderr, "ERROR: this mlffplugin.so was built for LAMMPS %d, this is LAMMPS %d: build it again with mlff lammps build\n", MLFF_LAMMPS, version);
    return;    // pair style mlff stays unknown
  }
  const auto size = [lmp](const char *type) { return (size_t) lammps_extract_setting(lmp, type); };
  if (size("bigint") != sizeof(bigint) || size("tagint") != sizeof(tagint) || size("imageint") != sizeof(imageint)) {
    fprintf(stderr, "ERROR: this mlffplugin.so and this LAMMPS count atoms with integers of other sizes: build it again with CXXFLAGS=-DLAMMPS_BIGBIG or the like\n");
    return;
  }
  lammpsplugin_t plugin = {};
  plugin.version = ((LAMMPS *) lmp)->version;
  plugin.style = "pair";
  plugin.name = "mlff";
  plugin.info = "students of mlff";
  plugin.author = "the authors of mlff";
  plugin.creator.v1 = create;
  plugin.handle = handle;
  ((lammpsplugin_regfunc) regfunc)(&plugin, lmp);
}
