/* edit.h - masks and labels changed by hand: strokes of a brush, and single components.
 *
 * Points are voxel indices: 12,7,3 is the middle of that voxel.  Lengths are um where the voxel size is given, so that a
 * brush is round in the tissue, else voxels. */
#ifndef VN_EDIT_H
#define VN_EDIT_H
#include "volume.h"

enum { VN_BRUSH_BALL = 3 };             /* axis of a brush: 0, 1, 2 a disc in the slice across that axis */

struct vn_stroke {
    const double *at;                   /* x, y, z of n points, joined by straight lines */
    int64_t n;
    double radius, um[3];               /* um 0: radius in voxels */
    int axis;
};
/* Whether the middle of voxel p lies within the radius of the stroke.  A disc reaches only the slice of its first point. */
bool vn_stroke_covers(const struct vn_stroke *s, const double p[3]);
/* Sets the voxels of b that the stroke covers to value, which b's type must hold. *changed: those that had another. */
int  vn_stroke_draw(const struct vn_stroke *s, uint32_t value, struct vn_buf *b, int64_t *changed, struct vn_job *job, struct vn_err *err);

/* A new volume over v's box with its voxels, to be changed before it is shared: labels as they are, other kinds as 0 and 1. */
struct vn_vol *vn_edit_copy(struct vn_vol *v, struct vn_job *job, struct vn_err *err);
/* The nonzero voxel of b nearest to `at` within `reach` voxels (the first in raster order of equals), in the slice across
 * `axis` or in all directions (VN_BRUSH_BALL). False: there is none. */
bool vn_edit_nearest(const struct vn_buf *b, const int64_t at[3], double reach, int axis, int64_t out[3]);
/* Sets to 0 the component of b that holds `at`, or everything else (keep).  Masks (0 and 1): the component of that
 * connectivity; labels: all voxels of that value.  b at `at` is not 0. *changed: voxels set to 0. */
int  vn_edit_component(struct vn_buf *b, bool labels, const int64_t at[3], int connectivity, bool keep, int64_t *changed, struct vn_job *job,
                       struct vn_err *err);
#endif
