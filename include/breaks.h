/* breaks.h - gaps that a prediction leaves in the truth's centreline. */
#ifndef VN_BREAKS_H
#define VN_BREAKS_H
#include "bits.h"
#include "graph.h"

struct vn_breaks { int64_t n; double length; double covered; };      /* lengths in the graph's unit */

/* Walks each segment of the truth's graph in steps of at most half a voxel.  A place is covered when one of the 27 voxels
 * around it is set in pred (the prediction grown by one voxel); a break is an uncovered stretch with covered places
 * on both sides in the same segment.  pred: outside of its box nothing is predicted. */
void vn_breaks_count(const struct vn_graph *truth, const struct vn_bits *pred, struct vn_breaks *out);
#endif
