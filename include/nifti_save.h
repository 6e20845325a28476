/* nifti_save.h - writing volumes as NIfTI. */
#ifndef VN_NIFTI_SAVE_H
#define VN_NIFTI_SAVE_H
#include "io.h"

/* .nii or .nii.gz by the path's suffix; NIfTI-2 when a dimension exceeds 32767. Millimetres, sform from the file the volume
 * came from (moved to the box) or along the voxel axes; Venule's note as an extension (code 6, comment). Masks are 0 and 1.
 * compress= is refused: the suffix decides. */
int vn_nifti_save(struct vn_vol *v, const char *path, const struct vn_save_opt *opt, struct vn_job *job, struct vn_err *err);
#endif
