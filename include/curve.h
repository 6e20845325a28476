/* curve.h - what a threshold gives, for every threshold at once: foreground v >= t (NaN never).
 *
 * One call over a region makes arrays; moving a threshold is then a look-up.  Outside of the region is background.
 * Memory: 6 bytes a voxel and 8 a join of two basins (about 1 a voxel in noise, little elsewhere), whatever the type.
 * Counts are exact and do not depend on the number of threads. */
#ifndef VN_CURVE_H
#define VN_CURVE_H
#include "volume.h"

enum { VN_CURVE_MAX = 65535 };
struct vn_curve_opt {
    int n;                          /* thresholds: 1..VN_CURVE_MAX; whole numbers: at most */
    double lo, hi;   /* t[k] = lo + (hi - lo) k / n; integers: whole numbers from lo, equally spaced, below hi */
    bool auto_range; /* lo, hi chosen: 0, 1 for a probability of real numbers, else least to greatest finite value */
    int connectivity;               /* 6 or 26, of the foreground; the background has the other */
    struct vn_vol *truth;           /* mask on the same grid, or NULL; what is not 0 (nor NaN) is true */
};
struct vn_curve {
    int n;
    double lo, hi;                  /* as used */
    uint64_t total, true_voxels;    /* voxels of the region; those of the truth */
    bool um, has_truth;             /* length is in um; else in voxels, taken as cubes */
    double *threshold;              /* n each, by rising threshold; one block */
    double *length;                 /* 2 x mean breadth, see help/curve.txt */
    int64_t *voxels, *components, *euler, *hit;     /* hit: foreground that is true (0 without truth) */
    int plateau_low, plateau_high;  /* first and last index of the steadiest run; -1: none */
};
/* Box: its part of v.  A threshold's foreground is what `threshold` with low= gives. */
int vn_curve(struct vn_vol *v, const struct vn_box *box, const struct vn_curve_opt *o, struct vn_curve *out,
             struct vn_job *job, struct vn_err *err);
void vn_curve_free(struct vn_curve *c);                   /* leaves {0}; {0} allowed */

/* The same of one mask: what each of the 256 configurations of 2x2x2 voxels adds, and their sum. */
struct vn_config { int64_t euler, length; };
struct vn_breadth { double unit; struct vn_config config[256]; };         /* length in units, of um */
void vn_breadth_init(struct vn_breadth *b, const double um[3], int connectivity);        /* um: 1, 1, 1 for voxels */
/* mask: u8, nonzero = foreground; outside is background. */
int vn_breadth_mask(const struct vn_breadth *b, const struct vn_buf *mask, double *length, int64_t *euler,
                    struct vn_job *job, struct vn_err *err);
#endif
