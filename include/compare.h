/* compare.h - two groups of brains: effect sizes, intervals and tests of one measure.
 *
 * The unit is the brain: one value per brain and measure.  Differences are second group less first. */
#ifndef VN_COMPARE_H
#define VN_COMPARE_H
#include "gslfn.h"
#include "permute.h"

enum { VN_BOOT_DRAWS = 10000, VN_BOOT_LEAST = 5 };
struct vn_compared {
    int n[2];
    double mean[2], sd[2];
    double ci_of_mean[2][2];       /* 95 % of each group's mean, by Student's t */
    double difference;             /* mean[1] - mean[0] */
    double ci_low, ci_high;        /* 95 % of the difference: BCa bootstrap (Efron 1987) over brains, or Welch's t */
    bool ci_is_welch;              /* a group has fewer than VN_BOOT_LEAST brains, or the bootstrap is degenerate */
    double hedges_g;               /* J * difference / pooled sd, J = 1 - 3 / (4 (n1 + n2 - 2) - 1); NaN without spread */
    struct vn_permuted perm;
    double p_welch, welch_df;
    double p_mannwhitney;          /* exact by permuting midranks where vn_permute is, else normal with tie and continuity correction */
    bool mannwhitney_exact;
};
/* x: n1 values of the first group, then n2 of the second; finite, n1, n2 >= 2.  seed, stream: of the random draws. */
int vn_compare(const double *x, int n1, int n2, uint64_t seed, uint64_t stream, struct vn_compared *out, struct vn_job *job,
               struct vn_err *err);

/* q values of Benjamini and Hochberg (1995) over the finite p; NaN where p is NaN. */
int vn_bh(const double *p, int n, double *q, struct vn_err *err);

/* 95 % BCa interval of mean[1] - mean[0] from VN_BOOT_DRAWS resamples of each group.  Returns 1 when it is degenerate (all resamples
 * equal, or on one side). */
int vn_boot_bca(const struct vn_gsl *g, const double *x, int n1, int n2, uint64_t seed, uint64_t stream, double ci[2],
                struct vn_job *job, struct vn_err *err);
#endif
