/* nearest.h - distance from a place to the nearest set voxel of a mask, exactly, without a distance map.
 *
 * A pyramid of the mask, 4x4x4 cells to a 64-bit word on every level, is searched from above: the nearest cell first, and none
 * that lies farther than what was found.  Squared distances are w[0] i^2 + w[1] j^2 + w[2] k^2 with w the squared voxel size
 * over the smallest one's, as edt.h has them; the least of them does not depend on the way of the search. */
#ifndef VN_NEAREST_H
#define VN_NEAREST_H
#include "bits.h"

enum { VN_NEAREST_LEVELS = 16 };
struct vn_nearest {
    struct vn_bits sites;                /* borrowed */
    double w[3], unit;                   /* distance = sqrt(squared) * unit */
    int n_level;
    struct { int64_t n[3]; uint64_t *word; } level[VN_NEAREST_LEVELS];      /* 0: words of voxels, 1: words of those, ...; the last is one word */
};
struct vn_near_hit { double d2; int64_t at[3]; };        /* d2 infinite: nothing found yet */

/* sites stays the caller's and unchanged as long as this is used.  um: 1, 1, 1 for voxels. Free with vn_nearest_free. */
int  vn_nearest_new(const struct vn_bits *sites, const double um[3], struct vn_nearest *out, struct vn_job *job, struct vn_err *err);
void vn_nearest_free(struct vn_nearest *t);
/* Distance from voxel p (counted from the corner of the sites' box) to the nearest site; infinite without any.  last: what was
 * found from a place nearby, for speed alone; {INFINITY} at first. */
double vn_nearest(const struct vn_nearest *t, const int64_t p[3], struct vn_near_hit *last);
#endif
