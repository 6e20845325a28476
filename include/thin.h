/* thin.h - thinning of a mask to centred curves that keeps its topology.
 *
 * Voxels are deleted in the order of their distance to the background (exact, anisotropic), so that the curve stays in
 * the middle (Pudney 1998).  Voxels of one distance are worked in passes over those that have a background face
 * neighbour when the pass begins.  A pass goes through the eight subfields of the parities of x, y, z: no two voxels of
 * one subfield touch, so deleting all its simple voxels at once is the same as one after the other (Bertrand, Aktouf
 * 1994).  Parities count in the full grid.  Ends of lines are kept: a voxel with one neighbour that begins a line of 3
 * voxels when the pass begins, or of 4 while it runs; shorter ones are bumps of the surface (ends looked at once per
 * pass: Nemeth, Kardos, Palagyi 2011).
 *
 * Every deletion is of a (26, 6)-simple voxel: 26-connected components, cavities and tunnels stay exactly as they are.
 * A closed shell therefore stays a closed surface one voxel thick, and loops stay loops.  What remains has no simple
 * voxel but ends.  For the order of deletion alone, beyond the region's faces is not background: a vessel cut by a face
 * keeps its middle up to the face. */
#ifndef VN_THIN_H
#define VN_THIN_H
#include "volume.h"

/* mask: u8, nonzero = foreground; outside is background.  um: voxel size, all 0 = unknown (isotropic).  skel: u8 0 or 1 over the
 * same box; may be mask itself.  Memory: 4 bytes per voxel, 2 bits, and 8 bytes per voxel at the front of thinning.
 * The same on any number of threads. */
double vn_thin_front_bytes(double n);  /* for estimates: what the n voxels at the mask's border take while they are looked at */
int vn_thin(const struct vn_buf *mask, const double um[3], struct vn_buf *skel, struct vn_job *job, struct vn_err *err);
/* The same, and the squared distances it went by: f32, in the voxel's smallest sides, infinite where there is no background. */
int vn_thin_distance(const struct vn_buf *mask, const double um[3], struct vn_buf *skel, struct vn_buf *d2, struct vn_job *job, struct vn_err *err);
#endif
