/* profile.h - grey values along a line. */
#ifndef VN_PROFILE_H
#define VN_PROFILE_H
#include "volume.h"

struct vn_profile { int64_t n; double length, step; double *at, *value; };   /* at: n points x, y, z */
/* n points from `from` to `to` (voxel centres are whole numbers), evenly, no further apart than the smallest side of a
 * voxel; trilinear.  width > 0: the mean over points of a disc of that diameter across the line, as far apart.  Lengths in
 * um, or in voxels when um is unknown.  Points of the line lie inside box; those of a disc outside it are left out.  Free
 * with vn_profile_free. */
int  vn_profile(struct vn_vol *v, const struct vn_box *box, const double from[3], const double to[3], double width, struct vn_profile *out,
                struct vn_job *job, struct vn_err *err);
/* The main peak: its value and place (distance along the line; the first of equals), the ground it stands on, which is the larger
 * of the least values on its two sides, and its full width at half of its height above the ground, between the crossings
 * nearest to it, the profile being straight between its points.  NaN where it cannot be known: the peak is at an end. */
struct vn_peak { double value, at, ground, from, to, fwhm; };
void vn_profile_peak(const struct vn_profile *p, struct vn_peak *out);
void vn_profile_free(struct vn_profile *p);
#endif
