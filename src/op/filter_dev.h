/* filter_dev.h - separable filters on the device: the twin of vn_filter_sep. */
#ifndef VN_FILTER_DEV_H
#define VN_FILTER_DEV_H
#include "accel.h"
#include "filter.h"

enum { VN_FILTER_DEV_BYTES = 8 };        /* of device memory a voxel of the input: two buffers in turn */

/* As vn_filter_sep: both f32; in->box contains out->box grown by the radii. */
int vn_filter_dev(struct vn_dev *d, struct vn_stream *s, const struct vn_buf *in, const struct vn_taps t[3], const struct vn_buf *out,
                  struct vn_job *job, struct vn_err *err);
#endif
