/* metrics.h - a segmentation against the truth, all measures at once: what "metrics" prints. */
#ifndef VN_METRICS_H
#define VN_METRICS_H
#include "cmd.h"
#include "overlap.h"
#include "strata.h"
#include "surface.h"
#include "topology.h"

enum { VN_LEE94, VN_OWN };

struct vn_truth {                        /* what depends on the truth alone: made once for any number of predictions */
    struct vn_grid grid;                 /* voxel size from whichever volume knows it */
    double um[3];                        /* 1, 1, 1 when unknown */
    bool known;
    struct vn_bits mask, ignore;         /* over the box that is compared; ignore {0}: all counts */
    uint64_t n_ignored;
    struct vn_bits skel[2];              /* VN_LEE94, VN_OWN */
    struct vn_graph *graph;              /* of the own skeleton, all spurs kept */
    struct vn_betti betti;
};
/* grid: of both volumes; see vn_metrics_box.  ignore: NULL, or nonzero where there is no label. Free with vn_truth_free. */
int  vn_truth_make(struct vn_vol *truth, struct vn_vol *ignore, const struct vn_box *box, const struct vn_grid *grid, struct vn_truth *out,
                   struct vn_job *job, struct vn_err *err);
void vn_truth_free(struct vn_truth *t);  /* {0} allowed; leaves {0} */

struct vn_metrics_opt {
    double tolerance;                    /* of surface_dice; um, or voxels when the size is unknown; < 0: the shortest edge of a voxel */
    double near;                         /* of a branch point, likewise; 0: two local diameters */
    int border;                          /* voxels that a border may be off */
    bool strata;                         /* .by too */
    const double *radii; int n_radii;    /* borders of the strata by radius; 0: chosen */
    int axis, n_depth;                   /* strata by depth */
};
extern const struct vn_metrics_opt vn_metrics_default;

struct vn_metrics {
    struct vn_overlap overlap;
    double cldice[2];                    /* VN_LEE94, VN_OWN */
    struct vn_surface_stat surface;
    struct vn_betti betti;               /* of the prediction */
    struct vn_breaks breaks;
    struct vn_extras extras;
    uint64_t error[VN_N_ERROR];          /* voxels of each kind */
    struct vn_strata by[VN_N_BY];        /* of the truth */
    struct vn_strata by_pred[VN_N_BY];   /* of the prediction, by its own radii and branch points: covered and hit by the truth; missed is
                                            false there, under is over */
    double tolerance;                    /* as used */
};
/* pred is read over the truth's box. */
int  vn_metrics(struct vn_vol *pred, const struct vn_truth *t, const struct vn_metrics_opt *o, struct vn_metrics *out, struct vn_job *job,
                struct vn_err *err);
/* The distances between surfaces alone; of t only mask, ignore and um count. */
int  vn_metrics_surface(const struct vn_bits *pred, const struct vn_truth *t, double tolerance, struct vn_surface_stat *out, struct vn_job *job,
                        struct vn_err *err);
/* n per mm of `length`; NaN where the voxel size is unknown or there is no length. */
double vn_per_mm(const struct vn_truth *t, int64_t n, double length);

/* For verbs: are pred and truth (and ignore, or NULL) on one grid?  What can be compared: the box where both are, inside the call's
 * region, and the grid with a voxel size if either knows it. Notes say what was assumed. */
int  vn_metrics_box(struct vn_call *c, struct vn_vol *pred, const char *pred_name, struct vn_vol *truth, const char *truth_name,
                    struct vn_vol *ignore, const char *ignore_name, struct vn_box *box, struct vn_grid *grid, struct vn_err *err);
/* A LENGTH parameter in um (voxels when the size is unknown; a voxel is its shortest edge). */
int  vn_metrics_length(struct vn_call *c, const char *param, const struct vn_grid *grid, double *out, struct vn_err *err);
#endif
