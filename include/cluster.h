/* cluster.h - loops inside a cluster of junction voxels.
 *
 * A union of voxels (closed cubes) has the homotopy of the flag complex of its 26-neighbour graph (cubes that meet pairwise
 * have a common point, so the nerve is that complex).  Merging a cluster into one node is right only when the cluster has
 * no loops of its own; where it has, a few of its edges must be kept. */
#ifndef VN_CLUSTER_H
#define VN_CLUSTER_H
#include "err.h"

/* v[n]: voxels of one 26-connected cluster, in raster order.  core[n]: for each voxel the index of the voxel that stands for
 * its node; without loops all are 0.  (*edge)[*n_edge][2]: edges between core voxels (vn_free), NULL and 0 without loops.
 * The graph of the core voxels and edges is connected and has exactly the first Betti number of the cluster as loops. */
int vn_cluster_core(const int32_t (*v)[3], int32_t n, int32_t *core, int32_t (**edge)[2], int32_t *n_edge, struct vn_err *err);
#endif
