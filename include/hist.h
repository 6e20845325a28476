/* hist.h - exact statistics of voxels: counts, order statistics, sums.  Neither the number of threads nor the slabs in
 * which a volume is read matter: counts and sums of integers are integers, sums of floats are kept as integers per
 * exponent.  NaNs and infinities are counted and left out.  A volume is read slab by slab, a few megabytes at a time. */
#ifndef VN_HIST_H
#define VN_HIST_H
#include "volume.h"

struct vn_hist {
    uint64_t n, n_nan, n_inf;      /* n: finite voxels */
    double min, max, mean, sd;     /* of finite voxels; NaN when n == 0; sd divides by n */
    uint64_t *bin;                 /* 65536 counts of finite voxels by the upper 16 bits of the order-preserving key; 8 and 16
                                      bit types: by value (signed: value + 128, value + 32768) */
};
/* Statistics of the whole volume, computed once and kept in the volume. Borrowed. */
int  vn_vol_hist(struct vn_vol *v, const struct vn_hist **out, struct vn_job *job, struct vn_err *err);
bool vn_vol_hist_known(const struct vn_vol *v);
/* Of a box (its part inside the volume). Free with vn_hist_free. */
int  vn_hist_box(struct vn_vol *v, const struct vn_box *box, struct vn_hist *out, struct vn_job *job, struct vn_err *err);
void vn_hist_free(struct vn_hist *h);                     /* its counts; not the structure */
struct vn_hist *vn_hist_copy(const struct vn_hist *h, struct vn_err *err);   /* vn_hist_free, then vn_free */

/* Exact order statistics of the finite voxels of box: out[i] = value of rank floor(q[i] * (n - 1)), q in [0, 1]
 * (lower order statistic; no interpolation, so the result is a voxel's value). NaN when there are none. */
int  vn_quantiles(struct vn_vol *v, const struct vn_box *box, const double *q, int n_q, double *out, struct vn_job *job, struct vn_err *err);
/* counts[i] of finite voxels in n_bin (at most 65536) equal bins of [lo, hi], lo < hi, the last bin closed; values outside
 * are left out.  Bin of v: floor((v - lo) * n_bin / (hi - lo)) in double. */
int  vn_hist_linear(struct vn_vol *v, const struct vn_box *box, double lo, double hi, int n_bin, uint64_t *counts, struct vn_job *job, struct vn_err *err);

/* f32 <-> unsigned key whose order is the numbers' order (-0 < +0). */
uint32_t vn_f32_key(float f);
float vn_key_f32(uint32_t k);
#endif
