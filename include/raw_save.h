/* raw_save.h - writing a header and plain voxels, deflated on the way when asked for. */
#ifndef VN_RAW_SAVE_H
#define VN_RAW_SAVE_H
#include "io.h"

struct vn_raw_out {
    const void *plain;          /* n_plain bytes as they are */
    size_t n_plain;
    const void *lead;           /* n_lead bytes and the voxels: one gzip member when gz */
    size_t n_lead;
    bool gz;
};
/* What the voxels of v are written as: its type, u8 (0 and 1) for masks and skeletons. */
enum vn_type vn_raw_save_type(const struct vn_vol *v);
/* The voxels of v's box, x fastest, little-endian; temporary file and rename. */
int vn_raw_save(struct vn_vol *v, const char *path, bool force, const struct vn_raw_out *o, struct vn_job *job, struct vn_err *err);
#endif
