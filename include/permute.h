/* permute.h - permutation test of the difference of two group means. */
#ifndef VN_PERMUTE_H
#define VN_PERMUTE_H
#include "job.h"

struct vn_permuted {
    double p;             /* two-sided: share of the splits whose |difference| reaches the observed one */
    uint64_t splits;      /* all C(n1 + n2, n1), or the number drawn */
    bool exact;
};
enum { VN_PERMUTE_DRAWS = 100000 };

/* x: n1 values of one group, then n2 of the other (finite, n1, n2 >= 1).  Every split is counted when the smaller group's
 * subsets of one half number at most 2^16 (any groups up to 32 brains together, 2 against 700); else 100,000
 * splits are drawn with Philox on (seed, stream) and p = (1 + reached) / (1 + drawn).  Differences that agree to 1e-12 of
 * the data's spread are ties and count as reached. */
int vn_permute(const double *x, int n1, int n2, uint64_t seed, uint64_t stream, struct vn_permuted *out, struct vn_job *job,
               struct vn_err *err);
#endif
