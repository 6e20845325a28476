/* measure.h - morphometry of a vessel graph whose voxel size is known.
 *
 * Lengths are arc lengths of the centrelines, um.  With r the radius along them and l their length: vessel volume
 * sum(pi r^2 dl), surface sum(2 pi r dl), mean radius sum(r dl) / sum(dl), hence surface / (2 pi length) = mean radius.
 * Densities divide by the volume of the tissue.  Tortuosity is length / chord, the mean over segments without those
 * that return to their node.  Angles: at a branch point, between all pairs of branches; a branch's direction is that of
 * the total least squares line through its points at r to r + max(3 r_i, 10 um) from the node (r: the node's radius). */
#ifndef VN_MEASURE_H
#define VN_MEASURE_H
#include "graph.h"
#include "table.h"

struct vn_measured {                    /* of a region; NaN: cannot be known */
    uint32_t label;
    double tissue_um3;                  /* the denominator */
    double total_length_um, vessel_volume_um3, surface_um2, mean_radius_um, median_radius_um;
    int64_t segments, branch_points, end_points, high_degree, border_ends;   /* branch points with more than three
                                           branches; end points at the region's face, which may only be cuts */
    double loops, components;           /* of the whole graph only */
    double mean_tortuosity, mean_segment_length_um, median_segment_length_um, mean_branch_angle_deg;
    double volume_fraction, length_density_m_per_mm3, branch_density_per_mm3;
};
struct vn_measure_in {
    const struct vn_graph *graph;
    struct vn_vol *tissue;              /* mask or NULL: the graph's box.  What lies outside is not counted */
    struct vn_vol *labels;              /* or NULL; label 0 is no region */
};
struct vn_measures { struct vn_measured all, *region; int32_t n_region; };   /* regions by rising label */

/* A piece of centreline belongs to the region of its midpoint, a segment to that of the middle of its length, a node to
 * that of its place.  VN_E_ARG when the graph has no voxel size. */
int  vn_measure(const struct vn_measure_in *in, struct vn_measures *out, struct vn_job *job, struct vn_err *err);
void vn_measures_free(struct vn_measures *m);
/* One row per region ("all" first). */
int  vn_measure_table(const struct vn_measures *m, struct vn_table **out, struct vn_err *err);
/* One row per segment; of one segment, the values of these columns. */
enum { VN_SEGMENT_COLS = 16 };
extern const char *const vn_segment_col[VN_SEGMENT_COLS];
void vn_measure_segment(const struct vn_graph *g, int32_t i, double v[VN_SEGMENT_COLS]);
int  vn_measure_segments(const struct vn_graph *g, struct vn_table **out, struct vn_err *err);
#endif
