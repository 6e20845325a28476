/* nrrd_save.h - writing volumes as NRRD. */
#ifndef VN_NRRD_SAVE_H
#define VN_NRRD_SAVE_H
#include "io.h"

/* .nrrd with the voxels in the file, gzip unless compress=none.  Directions and origin in um along the voxel axes, or in mm
 * with the patient axes of the file the volume came from; Venule's note as key/value pairs.  Masks are 0 and 1. */
int vn_nrrd_save(struct vn_vol *v, const char *path, const struct vn_save_opt *opt, struct vn_job *job, struct vn_err *err);
#endif
