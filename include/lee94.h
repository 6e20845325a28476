/* lee94.h - the curve skeleton of Lee, Kashyap, Chu (1994), voxel for voxel as scikit-image's skeletonize gives it.
 *
 * T.-C. Lee, R. L. Kashyap, C.-N. Chu, "Building skeleton models via 3-D medial surface/axis thinning algorithms", CVGIP 56(6),
 * 1994.  Rounds of six sub-iterations, one per face direction in the order y-1, y+1, x+1, x-1, z+1, z-1
 * (a mask of one plane: the first four).  Each finds the
 * voxels without a neighbour in its direction that are no end (exactly one neighbour), leave the Euler number of the
 * 26-connected object unchanged and whose neighbours are joined; then, in raster order, deletes those whose neighbours
 * are still joined.  Ends and the Euler number are not looked at again, which is why a 4 x 4 x n block gives nothing at
 * all: published clDice values carry that, and so does this function.  Venule's own skeleton is vn_thin. */
#ifndef VN_LEE94_H
#define VN_LEE94_H
#include "volume.h"

/* mask: u8, nonzero = foreground, outside is background.  skel: u8 0 or 1 over the same box; may be mask itself.
 * Memory 3 bits per voxel. Candidates are found in parallel, deleted in order: the same on any number of threads. */
int vn_lee94(const struct vn_buf *mask, struct vn_buf *skel, struct vn_job *job, struct vn_err *err);
#endif
