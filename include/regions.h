/* regions.h - which region of a label volume each part of a graph lies in. */
#ifndef VN_REGIONS_H
#define VN_REGIONS_H
#include "graph.h"

struct vn_regions {
    int32_t n;                                  /* regions, by rising label; without labels one (label 1) */
    uint32_t *label;
    uint64_t *count;                            /* voxels of the region inside the tissue and the graph's box */
    int32_t *of_piece, *of_segment, *of_node;   /* region, or -1: outside; a piece is named by its first point */
};
/* tissue, labels: NULL = everywhere.  Reads both once, in slabs of planes. */
int  vn_regions_find(const struct vn_graph *g, struct vn_vol *tissue, struct vn_vol *labels, struct vn_regions *out, struct vn_job *job, struct vn_err *err);
void vn_regions_free(struct vn_regions *r);
#endif
