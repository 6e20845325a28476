/* scan.h - one pass over the voxels of a box: counters by key (scan.c), from which hist.c makes statistics. */
#ifndef VN_SCAN_H
#define VN_SCAN_H
#include "hist.h"

enum { VN_N_BIN = 65536, VN_N_PART = 8, VN_N_SLOT = 4 };

struct vn_real_sum { __int128 bin[2048]; };      /* by biased exponent: sum of signed mantissas */

/* A bin of a 32-bit type: count, and sums of the lower 16 bits of its keys and of their squares (with what overflows). */
struct vn_wide { uint64_t n, low, low2, over; };

enum vn_scan_what { VN_SCAN_COUNT = 1, VN_SCAN_SUMS = 2, VN_SCAN_SELECT = 4, VN_SCAN_LINEAR = 8 };

struct vn_part {
    uint64_t n, n_nan, n_inf, min, max;          /* min, max: keys */
    struct vn_wide *wide;                        /* SUMS of 32-bit types: VN_N_BIN */
    struct vn_real_sum *real;                    /* SUMS of f64: of the values, of their squares */
    uint64_t *bin;                               /* COUNT: VN_N_BIN; SELECT: VN_N_SLOT * VN_N_BIN; LINEAR: n_bin */
};

struct vn_scan {
    enum vn_type type;
    unsigned what;
    struct vn_buf buf;                           /* the slab */
    struct vn_job *job;
    int n_part;
    struct vn_part part[VN_N_PART];
    int digit, n_slot;                           /* SELECT: counts of digit number `digit` behind each prefix */
    uint64_t prefix[VN_N_SLOT];
    double lo, hi;                               /* LINEAR */
    int n_bin;
};

/* 16-bit digits of a type's key: 1, 2 or 4. */
int vn_key_digits(enum vn_type t);
double vn_key_value(enum vn_type t, uint64_t key);

/* n_bin counters per part, zeroed. */
int  vn_scan_init(struct vn_scan *s, enum vn_type t, unsigned what, int n_bin, struct vn_job *job, struct vn_err *err);
void vn_scan_free(struct vn_scan *s);
/* box lies inside v->box; the counters end up in the first part. */
int  vn_scan_box(struct vn_scan *s, struct vn_vol *v, const struct vn_box *box, struct vn_err *err);

/* n voxels of value d into their bin of vn_hist_linear. */
static inline void vn_linear_add(double d, uint64_t n, double lo, double hi, int n_bin, uint64_t *bin)
{
    if (d >= lo && d <= hi) {
        int64_t b = (int64_t)((d - lo) * n_bin / (hi - lo));
        bin[b < n_bin ? b : n_bin - 1] += n;
    }
}
#endif
