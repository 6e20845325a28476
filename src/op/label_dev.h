/* label_dev.h - connected components on the device: the twin of vn_label_buf. */
#ifndef VN_LABEL_DEV_H
#define VN_LABEL_DEV_H
#include "accel.h"

/* Bytes of device memory a voxel: mask, parent (later the label) and rank, and a count for every block of 256. */
#define VN_LABEL_DEV_BYTES (1 + 4 + 4 + 4.0 / VN_ACCEL_BLOCK)

/* mask: u8, labels: u32, one box.  VN_E_MEMORY where the box has more voxels than a 32-bit index can name. */
int vn_label_dev(struct vn_dev *d, struct vn_stream *s, const struct vn_buf *mask, int connectivity, const struct vn_buf *labels,
                 struct vn_job *job, struct vn_err *err);
#endif
