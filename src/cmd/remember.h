/* remember.h - voxel sizes that were given to files which do not say them, from one interactive session to the next.
 * A file is known by its path, size and time of change.  Scripts neither write nor read this. */
#ifndef VN_REMEMBER_H
#define VN_REMEMBER_H
#include "base.h"

/* Failures are silent: nothing depends on what is remembered. */
void vn_remember_voxel(const char *path, const double um[3]);
bool vn_recall_voxel(const char *path, double um[3]);
#endif
