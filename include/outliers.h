/* outliers.h - voxels of 32-bit integers and real numbers that no image has, as fill values and divisions by nothing
 * leave: for operations with a parameter range=LOW,HIGH, beyond which voxels are taken as the middle, or 0.
 *
 * Automatic: the median and 256 times as far from it, either way, as all but k of the voxels lie at most on the farther
 * side, k being 1 and 1 in 20000; where something lies beyond, and there are up to 2^28 voxels; else 0. */
#ifndef VN_OUTLIERS_H
#define VN_OUTLIERS_H
#include "artifact.h"
#include "param.h"
#include "volume.h"

/* Looks for them where range is not given. */
int  vn_outliers_settle(struct vn_args *a, struct vn_vol *v, const struct vn_box *stat_box, struct vn_job *job,
                        struct vn_err *err);
/* v, seen without them.  A reference. */
struct vn_vol *vn_outliers_without(const struct vn_args *a, struct vn_vol *v, struct vn_err *err);
/* prepare of an operation with artifacts= beside range=: both, and then its own on what is left; and what it sees. */
int  vn_outliers_before(vn_prepare_fn prepare, struct vn_args *a, struct vn_vol *const *in,
                        const struct vn_box *stat_box, struct vn_job *job, struct vn_err *err);
struct vn_vol *vn_outliers_see(const struct vn_args *a, struct vn_vol *v, struct vn_err *err);
/* How many there are in box. */
int  vn_outliers_count(const struct vn_args *a, struct vn_vol *v, const struct vn_box *box, uint64_t *n,
                       struct vn_job *job, struct vn_err *err);
#endif
