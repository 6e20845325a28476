/* rank.h - several methods measured on the same volumes: ranks, wins, and paired bootstrap intervals of the differences. */
#ifndef VN_RANK_H
#define VN_RANK_H
#include "job.h"

struct vn_ranked {
    int rank;                      /* by mean: 1 + methods whose mean is better */
    double mean, sd;               /* sd divides by n - 1; NaN for one volume */
    double mean_rank;              /* mean of the ranks on each volume; equal values share the mean of their ranks */
    int wins;                      /* volumes on which no method is better */
    double difference;             /* mean less the best method's */
    double ci_low, ci_high;        /* 95 % of the difference: percentile bootstrap over volumes; NaN for fewer than two, 0 for the best */
    double first;                  /* share of the resamples in which no method's mean is better; NaN for one volume */
};
/* x[volume * m + method], finite.  lower: less is better.  The same resamples of the volumes serve all methods (pairs stay
 * pairs), drawn by Philox on (seed, stream).  out: m of them.  Best: of equal means the first. */
int vn_rank(const double *x, int n, int m, bool lower, uint64_t seed, uint64_t stream, int draws, struct vn_ranked *out, struct vn_job *job,
            struct vn_err *err);
#endif
