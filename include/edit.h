/* edit.h - masks and labels changed by hand: strokes of a brush, and connected pieces.
 *
 * Points are voxel indices: 12,7,3 is the middle of that voxel.  Lengths are um where the voxel size is given, so that a
 * brush is round in the tissue, else voxels.  What is changed is a patch (patch.h): the cost is that of the blocks touched. */
#ifndef VN_EDIT_H
#define VN_EDIT_H
#include "label.h"
#include "patch.h"

enum { VN_BRUSH_BALL = 3 };             /* axis of a brush: 0, 1, 2 a disc in the slice across that axis */

struct vn_stroke {
    const double *at;                   /* x, y, z of n points, joined by straight lines */
    int64_t n;
    double radius, um[3];               /* um 0: radius in voxels */
    int axis;
    const double *taper;                /* the radius at each point, linear between them; NULL: radius everywhere */
};
/* Whether the middle of voxel p lies within the radius of the stroke.  A disc reaches only the slice of its first point. */
bool vn_stroke_covers(const struct vn_stroke *s, const double p[3]);
/* Sets the voxels of p that the stroke covers to value, which p's type must hold. *changed: those that had another. */
int  vn_stroke_draw(const struct vn_stroke *s, uint32_t value, struct vn_patch *p, int64_t *changed, struct vn_job *job, struct vn_err *err);
/* Squared distance of p from the piece a b of a line; *t: where on it the nearest point lies, 0 at a, 1 at b. */
double vn_line_distance2(const double a[3], const double b[3], const double p[3], const double scale[3], double *t);

/* The nonzero voxel of v nearest to `at` within `reach` voxels (the first in raster order of equals), in the slice across
 * `axis` or in all directions (VN_BRUSH_BALL). *found false: there is none. */
int  vn_edit_nearest(struct vn_vol *v, const int64_t at[3], int64_t reach, int axis, int64_t out[3], bool *found, struct vn_job *job, struct vn_err *err);

enum vn_alike { VN_ALIKE_SET, VN_ALIKE_ZERO, VN_ALIKE_VALUE };      /* not 0; 0; the value at the point */
struct vn_piece { struct vn_runs r; uint32_t label; bool border; };  /* border: reaches a face of the volume (of the slice: an edge) */
/* The connected voxels alike the one at `at`, in the slice across `axis` or in space: looked for in a box around the point
 * that grows until it holds them, so that a small piece of a large volume is found at once.  One that reaches the border may
 * be incomplete when `stop` says to give up there. Faces of an axis of one voxel are no border. */
int  vn_piece_find(struct vn_vol *v, const int64_t at[3], enum vn_alike alike, int connectivity, int axis, bool stop, struct vn_piece *out,
                   struct vn_job *job, struct vn_err *err);
void vn_piece_free(struct vn_piece *p);
uint32_t vn_piece_label(const struct vn_piece *p, const int64_t at[3]);    /* of the piece's runs there, which hold the voxel */
/* The same in the whole volume at once: for what concerns all the others. */
int  vn_piece_all(struct vn_vol *v, const int64_t at[3], int connectivity, struct vn_piece *out, struct vn_job *job, struct vn_err *err);
/* Sets the piece, or all the other pieces, to value. *changed: voxels that had another. */
int  vn_piece_set(const struct vn_piece *piece, bool others, uint32_t value, struct vn_patch *p, int64_t *changed, struct vn_job *job, struct vn_err *err);
/* Sets the voxels that have the value `was`, or the nonzero ones that have another (others), to value, wherever they are. */
int  vn_edit_replace(struct vn_patch *p, const void *was, bool others, uint32_t value, int64_t *changed, struct vn_job *job, struct vn_err *err);
#endif
