/* breaks.h - gaps that a prediction leaves in the truth's centreline, and branches that it adds. */
#ifndef VN_BREAKS_H
#define VN_BREAKS_H
#include "bits.h"
#include "graph.h"
#include "walk.h"

struct vn_breaks {
    int64_t n;                       /* breaks */
    int64_t n_z;                     /* of them, along z: from covered to covered place within 45 degrees of the z axis */
    int64_t n_branch;                /* of them, with an uncovered place near a branch point */
    int64_t lost_nodes;              /* branch points not covered while two or more of the segments that end there are, in part */
    double length, covered;          /* in the graph's unit: all centreline; covered */
    double length_z, length_branch;  /* running within 45 degrees of z; near a branch point */
};
/* What else wants to know of each place and each break (its middle); either may be NULL. */
struct vn_breaks_watch {
    void *ctx;
    void (*place)(void *ctx, const struct vn_segment *s, const struct vn_spot *p, bool covered);
    void (*gap)(void *ctx, const struct vn_segment *s, const struct vn_spot *middle);
};

/* Walks each segment of the truth's graph.  A place is covered when pred grown by one voxel (27 voxels) covers it; a break
 * is an uncovered stretch with covered places on both sides in the same segment.  near: way along the segment from a
 * branch point that is still near it; 0: two diameters of the vessels there.  pred: outside of its box nothing is
 * predicted.  watch may be NULL. */
int vn_breaks_count(const struct vn_graph *truth, const struct vn_bits *pred, double near, const struct vn_breaks_watch *watch,
                    struct vn_breaks *out, struct vn_err *err);

struct vn_extras {                   /* false branches: uncovered stretches of the prediction's own centreline */
    int64_t n;
    int64_t spurs, links, pieces;    /* with a free end; attached at both ends; in a component that is uncovered all along */
    double length;                   /* of all of them, in the graph's unit */
};
/* The same with the roles changed: stretches of pred's centreline that truth, grown by one voxel, does not cover, in one
 * segment, longer than `longer` and than the vessel's mean radius there. */
int vn_extras_count(const struct vn_graph *pred, const struct vn_bits *truth, double longer, struct vn_extras *out, struct vn_err *err);
#endif
