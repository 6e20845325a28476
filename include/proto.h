/* proto.h - a vessel graph while it is made from voxels: chains of voxels between nodes, pruned and dissolved before any
 * smoothing.  Internal to the graph module. */
#ifndef VN_PROTO_H
#define VN_PROTO_H
#include "graph.h"

struct vn_chain_point { float v[3], d; };     /* voxel coordinates (index; a dissolved node's may be fractional); distance, NaN unknown */
struct vn_proto_node {
    double v[3];                              /* voxel coordinates of its centre */
    double radius;                            /* largest distance inside; NaN unknown */
    int64_t first;                            /* raster-first voxel */
    int32_t degree;
    bool gone;
};
struct vn_proto_seg { int32_t a, b; int64_t first, n; bool gone; };   /* points between the nodes, without them; from a to b */
struct vn_proto {
    double um[3];                             /* 1 when unknown */
    int32_t n_node, cap_node, n_seg, cap_seg;
    int64_t n_point, cap_point;
    struct vn_proto_node *node;
    struct vn_proto_seg *seg;
    struct vn_chain_point *point;
};
void vn_proto_free(struct vn_proto *p);
int32_t vn_proto_add_node(struct vn_proto *p, const struct vn_proto_node *n, struct vn_err *err);       /* index or a code */
int32_t vn_proto_add_seg(struct vn_proto *p, int32_t a, int32_t b, struct vn_err *err);                 /* without points */
int  vn_proto_add_point(struct vn_proto *p, const struct vn_chain_point *c, struct vn_err *err);        /* to the last segment */
double vn_proto_length(const struct vn_proto *p, const struct vn_proto_seg *s);                         /* roughly: every third point */

/* Removes end segments shorter than max(ratio x radius at their branch node, shortest), shortest first, at most one at a
 * node in a round; nodes of degree 2 dissolve after each round; until nothing changes. Removed segments are counted. */
int  vn_proto_prune(struct vn_proto *p, double ratio, double shortest, int64_t *n_removed, struct vn_err *err);

/* Smoothed centrelines, node positions, radii (centreline.c).  dist: NULL, or f32 over box.  p's node positions change. */
int  vn_proto_graph(struct vn_proto *p, const struct vn_box *box, const struct vn_buf *dist, const struct vn_grid *grid,
                    struct vn_graph **out, struct vn_job *job, struct vn_err *err);
#endif
