/* smooth.h - centreline of a chain of voxels: cubic smoothing spline, one per coordinate.
 *
 * Reinsch 1967, "Smoothing by spline functions": minimises sum((y_i - g(u_i))^2) + alpha * int(g''^2), with the two ends
 * held where asked.  alpha follows from a cut-off length of VN_SMOOTH_VOXELS times the voxel's side along that coordinate, because a
 * coordinate is off by up to half of that side: coarse z is smoothed further than fine x and y.  Knots are steps in voxels
 * (chessboard distance: a digital line advances evenly in them), then arc length along a first result. */
#ifndef VN_SMOOTH_H
#define VN_SMOOTH_H
#include "err.h"

#define VN_SMOOTH_VOXELS 1.3

/* p[n]: positions, um; um[3]: voxel sides; hold[2]: the curve goes through the first, the last position.  Makes
 * (*out)[*n_out] (vn_free) about `step` apart along the curve; (*at)[i]: where point i lies among the inputs (fraction of
 * an index).  n >= 2. */
int vn_smooth(const double (*p)[3], int64_t n, const double um[3], const bool hold[2], double step, double (**out)[3], double **at,
              int64_t *n_out, struct vn_err *err);
#endif
