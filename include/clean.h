/* clean.h - the parts of `clean`, for who keeps what lies between them. */
#ifndef VN_CLEAN_H
#define VN_CLEAN_H
#include "param.h"
#include "volume.h"

extern const struct vn_param vn_clean_params[];
/* fill= as a number of voxels; UINT64_MAX: all. */
int vn_clean_fill(const struct vn_args *a, uint64_t *out, struct vn_err *err);
/* In place: closing, filling of holes, opening; everything but min_size.  a: with explicit values; mask: u8, 0 or 1. */
int vn_clean_shape(const struct vn_args *a, const double um[3], struct vn_buf *mask, struct vn_job *job, struct vn_err *err);
/* Whether that changes nothing: no closing, no holes to fill, no opening. */
bool vn_clean_shape_none(const struct vn_args *a);
#endif
