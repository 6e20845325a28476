/* tiff_save.h - writing volumes as TIFF. */
#ifndef VN_TIFF_SAVE_H
#define VN_TIFF_SAVE_H
#include "io.h"

/* One page per z, in strips; BigTIFF when the voxels need it; ImageJ's description (unit, spacing, resolution) followed by
 * Venule's note.  Masks and skeletons become u8 0 and 255, so that every viewer shows them.  Default compression: none for
 * images, deflate for the rest (see struct vn_format). */
int vn_tiff_save(struct vn_vol *v, const char *path, const struct vn_save_opt *opt, struct vn_job *job, struct vn_err *err);
#endif
