// Makes pair style mlff known to a LAMMPS that loads plugins: plugin load mlffplugin.so
//
// The pair style itself is in mlffpair.so beside it, which is opened once the version is known to fit: it could not be
// linked into a LAMMPS of another version, which would say so in the words of the linker.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "lammps.h"
#include "library.h"
#include "lmptype.h"

#include <dlfcn.h>

#include <cstdio>
#include <string>

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

// mlff_create of mlffpair.so, which stays open: what it made may outlive the plugin.
static lammpsplugin_factory1 *factory()
{
  static const char here = 0;
  Dl_info self;
  std::string path = dladdr(&here, &self) && self.dli_fname ? self.dli_fname : "";
  path = path.substr(0, path.rfind('/') + 1) + "mlffpair.so";
  void *pair = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!pair) fprintf(stderr, "ERROR: pair style mlff cannot be loaded: %s\n", dlerror());
  return pair ? (lammpsplugin_factory1 *) dlsym(pair, "mlff_create") : nullptr;
}

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
  lammpsplugin_factory1 *create = factory();
  if (!create) return;
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
