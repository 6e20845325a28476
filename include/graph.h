/* graph.h - vessel graph: nodes (branch points, ends), segments between them with a smoothed centreline and radii.
 *
 * Positions are physical (um, p = (index + 0.5) * voxel size) when the voxel size is known, else in voxels of an
 * isotropic grid (unit_um false).  Loops are kept: a segment may start and end at one node, a ring without a branch has
 * one node of degree 2.  Node and segment order depend on the voxels alone (raster order of their first voxel). */
#ifndef VN_GRAPH_H
#define VN_GRAPH_H
#include "volume.h"

struct vn_node {
    double p[3];
    double radius;            /* local vessel radius, same unit as p; NaN unknown */
    int32_t degree;           /* segment ends here (a self-loop counts twice) */
    int32_t component;
    bool border;              /* touches the region's face: an end that may only be a cut */
};
struct vn_point { float p[3], radius; };
struct vn_segment {
    int32_t a, b;             /* nodes */
    int64_t first; int32_t n; /* points [first, first + n), from a to b, both node positions included */
    int32_t component;
    double length;            /* arc length of the smoothed centreline */
    double chord;             /* straight distance between its ends */
    double radius;            /* length-weighted mean; NaN unknown */
    double volume;            /* sum of pi r^2 dl */
    double surface;           /* sum of 2 pi r dl */
};
struct vn_graph {
    int refs;                 /* atomic */
    bool unit_um;
    struct vn_grid grid;
    struct vn_box box;        /* region it was made from */
    int32_t n_node, n_segment, n_component;
    int64_t n_point;
    struct vn_node *node;
    struct vn_segment *segment;
    struct vn_point *point;
    struct vn_graph_tree *index;          /* once asked for (graph_index.h) */
};
struct vn_graph *vn_graph_new(int32_t n_node, int32_t n_segment, int64_t n_point, struct vn_err *err);   /* zeroed arrays */
void vn_graph_index_free(struct vn_graph_tree *x);
struct vn_graph *vn_graph_ref(struct vn_graph *g);
void vn_graph_unref(struct vn_graph *g);
/* Fills degree, component, n_component, and length, chord, radius, volume, surface of every segment from its points. */
int  vn_graph_finish(struct vn_graph *g, struct vn_err *err);
int64_t vn_graph_loops(const struct vn_graph *g);     /* E - V + C */
uint64_t vn_graph_mem(const struct vn_graph *g);
struct vn_key vn_graph_key(const struct vn_graph *g); /* of its content */
#endif
