/* walk.h - along a graph's centreline in steps of at most half a voxel. */
#ifndef VN_WALK_H
#define VN_WALK_H
#include "bits.h"
#include "graph.h"

struct vn_spot {
    double voxel[3];          /* voxel coordinates: 3.5 is the middle of voxel 3 */
    double um[3];             /* the same in the graph's unit */
    double radius;            /* NaN unknown */
    double arc;               /* way from the segment's node a */
    double weight;            /* length that the place stands for; the sum over a segment is the length of its line */
};
/* step is called for every place of segment s, from its node a to its node b, both ends included. */
void vn_walk(const struct vn_graph *g, const struct vn_segment *s, void (*step)(void *ctx, const struct vn_spot *p), void *ctx);
/* One of the 27 voxels around the place is set: the mask grown by one voxel covers it. */
bool vn_bits_near(const struct vn_bits *m, const double voxel[3]);
/* Way along segment s from arc to the nearest of its ends that is a branch point (degree above 2); infinite without one. */
double vn_branch_way(const struct vn_graph *g, const struct vn_segment *s, double arc);
#endif
