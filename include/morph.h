/* morph.h - dilation, erosion, opening and closing of a mask with a Euclidean ball, by exact distances.
 *
 * The ball holds the offsets (i, j, k) with (i ux)^2 + (j uy)^2 + (k uz)^2 <= r^2, reached within 1e-6 of r^2, so that 0.7 um
 * is two voxels of 0.35 um.  Beyond the box nothing is known: dilation takes background there, erosion foreground, so a
 * vessel cut by a face is not eaten from it.  Opening is erosion, then dilation: what the balls inside the mask cover.
 * Closing is dilation into a margin as wide as the ball, then erosion: what no ball outside the mask reaches is added. */
#ifndef VN_MORPH_H
#define VN_MORPH_H
#include "param.h"
#include "volume.h"

enum vn_morph { VN_DILATE, VN_ERODE, VN_OPENING, VN_CLOSING };
struct vn_ball {
    double r, um[3];               /* um 0: r in voxels */
    int64_t pad[3];                /* voxels it reaches, one more; 0 along an axis of one voxel */
};
enum { VN_BALL_MAX = 2000 };       /* voxels of radius */

/* The ball of a length parameter.  VN_E_ARG beyond VN_BALL_MAX, or um without a voxel size. */
int vn_ball_get(const struct vn_args *a, const char *param, const double um[3], const struct vn_box *region, struct vn_ball *out, struct vn_err *err);
/* In place; mask: u8, 0 or 1. */
int vn_morph_buf(struct vn_buf *mask, enum vn_morph m, const struct vn_ball *ball, struct vn_job *job, struct vn_err *err);
/* Its working memory, bytes per voxel of region. */
double vn_morph_bytes(enum vn_morph m, const struct vn_ball *ball, const struct vn_box *region);
double vn_morph_held(enum vn_morph m, const struct vn_ball *ball, const struct vn_box *region);   /* for estimates: bytes */
/* out = 0 or 1 from a u8 buffer that covers it. */
int vn_binary_copy(const struct vn_buf *in, struct vn_buf *out, struct vn_job *job, struct vn_err *err);
#endif
