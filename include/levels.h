/* levels.h - grey values of a volume for a panel: how many voxels have which, and where automatic methods would cut. */
#ifndef VN_LEVELS_H
#define VN_LEVELS_H
#include "volume.h"

enum { VN_LEVEL_BINS = 4096, VN_MAX_LEVELS = 8 };
struct vn_levels {
    int n;                               /* bins from lo on, each `width` wide; whole numbers: equally many of them */
    double lo, width;
    uint64_t *count, voxels;             /* finite ones in all */
    double min, max, mean;
    double far;                          /* the value that one in a thousand voxels exceeds */
    int n_level;
    struct vn_level { char name[12]; double at; } level[VN_MAX_LEVELS];      /* as threshold method=NAME cuts, rising */
};
/* Counts of the finite voxels of box. Free with vn_levels_free. VN_E_ARG: there are none. */
int  vn_levels_count(struct vn_vol *v, const struct vn_box *box, struct vn_levels *out, struct vn_job *job, struct vn_err *err);
/* Adds the automatic thresholds; those that cannot be had are left out. */
int  vn_levels_automatic(struct vn_vol *v, const struct vn_box *box, struct vn_levels *out, struct vn_job *job, struct vn_err *err);
/* Share of the voxels from `value` on, as exact as the bins. */
double vn_levels_above(const struct vn_levels *l, double value);
void vn_levels_free(struct vn_levels *l);
#endif
