/* robust.h - level and noise of a background from a sample of grey values. */
#ifndef VN_ROBUST_H
#define VN_ROBUST_H
#include "job.h"

enum { VN_SAMPLE_MAX = 1 << 20 };
struct vn_backdrop {
    double level, spread;      /* mean and standard deviation of the background; level NaN when there are no values */
    double bright;             /* median of what lies above a background without noise (spread 0), else NaN */
};
/* n finite values, sorted by this call; brighter structures may take up to half of them.  Values beyond 2.5 standard
 * deviations are clipped until nothing changes.  Where the lowest value alone makes up half of the sample, as outside a
 * masked organ, it is left out if a quarter of the values remains; else it is the background, without noise. */
int vn_backdrop(float *v, int64_t n, struct vn_backdrop *out, struct vn_job *job, struct vn_err *err);
/* The same of a quantity in which noise is symmetric and everything else brighter: level is the mode by half samples (Robertson,
 * Cryer 1974), spread the root mean square of what lies below it, or 1.2 times its scaled median where that is less (dark
 * outliers).  A mode that falls on the lowest value, which fewer than half have, is where a camera cuts its noise off: level is then
 * the mode of the others. */
int vn_backdrop_mode(float *v, int64_t n, struct vn_backdrop *out, struct vn_job *job, struct vn_err *err);
#endif
