/* skelgraph.h - vessel graph from a skeleton.
 *
 * 26-connected skeleton voxels become nodes and chains: clusters of voxels with three or more neighbours are one node at
 * their mean position, voxels with one neighbour are ends, a closed ring keeps its raster-first voxel as node, a voxel (or
 * a blob) alone is a node without segments.  Triangles of mutual neighbours enclose nothing and make no loop; a cluster
 * that does enclose something (cluster.h) keeps that loop: components and loops (E - V + C) of the graph equal the Betti
 * numbers 0 and 1 of the voxels (26-connected, 6-connected background).
 *
 * Spurs go as proto.h says.  Each centreline is the smoothing spline of its voxels (smooth.h), radii are those of the
 * cross-sections (caliber.h). */
#ifndef VN_SKELGRAPH_H
#define VN_SKELGRAPH_H
#include "graph.h"

struct vn_skelgraph_opt {
    double prune;           /* an end segment shorter than this times the radius at its branch node goes; 0 keeps all */
    double shortest;        /* ... or shorter than this (um, or voxels when the size is unknown) */
};
struct vn_skelgraph_info { int64_t n_voxel, n_pruned; };
/* skel: u8, not 0 = skeleton.  dist (may be NULL: radii NaN): f32, the same box, distance to the nearest background voxel's
 * centre, > 0 exactly inside the mask, in um or voxels as the grid has it. */
int vn_skelgraph(const struct vn_buf *skel, const struct vn_buf *dist, const struct vn_grid *grid, const struct vn_skelgraph_opt *o,
                 struct vn_graph **out, struct vn_skelgraph_info *info, struct vn_job *job, struct vn_err *err);
#endif
