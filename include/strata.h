/* strata.h - errors by vessel radius, by distance to a branch point and by depth. */
#ifndef VN_STRATA_H
#define VN_STRATA_H
#include "breaks.h"
#include "errors.h"

enum vn_by { VN_BY_RADIUS, VN_BY_BRANCH, VN_BY_DEPTH, VN_N_BY };
enum { VN_MAX_STRATA = 24 };

struct vn_stratum {
    double from, to;                     /* half-open, in the graph's unit; by branch: the last one is from infinity, without branch points */
    double length, covered;              /* of the truth's centreline */
    int64_t breaks;
    uint64_t truth, hit, under, missed;  /* voxels of the truth; of them predicted; the rest, told apart as errors.h does */
};
struct vn_strata { int n; struct vn_stratum of[VN_MAX_STRATA]; };

/* Borders between the strata, rising; the last stratum has no upper end, but by depth, where they are voxels along `axis`
 * and there is one stratum less than borders. */
struct vn_strata_opt { int n_edge[VN_N_BY]; double edge[VN_N_BY][VN_MAX_STRATA]; int axis; };

/* graph: of the truth, with radii; a voxel of the truth counts where the place of the centreline lies that is nearest to it by
 * steps inside the truth. e: the errors of pred and truth, over their box. near: as for vn_breaks_count. */
int vn_strata_make(const struct vn_graph *graph, const struct vn_bits *pred, const struct vn_bits *truth, const struct vn_errors *e,
                   const struct vn_strata_opt *o, double near, struct vn_strata out[VN_N_BY], struct vn_breaks *breaks,
                   struct vn_job *job, struct vn_err *err);
#endif
