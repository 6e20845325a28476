/* caliber.h - vessel radius at a point of the centreline from the mask's cross-section.
 *
 * The distance to the nearest background voxel says little below 3 voxels of radius: a centreline voxel lies up to 0.9
 * voxels beside the axis.  So the area of the section is counted: mask voxels within distance d + 1.5 h of the axis (d: the
 * distance map there; h: the voxel's size across the vessel), in a slab along the tangent with triangular weights (which
 * sum evenly over a lattice).  r = sqrt(area / pi) does not depend on where in the section the centreline lies. */
#ifndef VN_CALIBER_H
#define VN_CALIBER_H
#include "volume.h"

/* dist: > 0 inside the mask.  p: um (p = (index + 0.5) * um), t: unit tangent, d: distance map at the centreline.
 * Returns um; d where the section leaves dist's box. */
double vn_caliber(const struct vn_buf *dist, const double um[3], const double p[3], const double t[3], double d);
#endif
