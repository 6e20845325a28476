/* errors.h - voxels that two masks do not share, told apart: borders drawn elsewhere, vessels missed or invented. */
#ifndef VN_ERRORS_H
#define VN_ERRORS_H
#include "bits.h"

/* Values of the error map.  The graver, the larger: pictures show the largest label under a pixel. */
enum vn_error { VN_UNDER = 1, VN_OVER, VN_FALSE, VN_MISSED, VN_N_ERROR };
struct vn_errors { struct vn_bits of[VN_N_ERROR]; };                           /* of[0] stays {0} */

/* Grows m by one voxel in all 26 directions, inside its box. */
int  vn_bits_grow(const struct vn_bits *m, struct vn_bits *out, struct vn_job *job, struct vn_err *err);
/* pred, truth: one box.  Predicted alone: within `border` voxels (26 neighbours each) of the truth VN_OVER, else VN_FALSE; true
 * alone: within `border` voxels of the prediction VN_UNDER, else VN_MISSED.  Free with vn_errors_free. */
int  vn_errors_make(const struct vn_bits *pred, const struct vn_bits *truth, int border, struct vn_errors *out, struct vn_job *job, struct vn_err *err);
void vn_errors_free(struct vn_errors *e);
/* The error map: 0 where both agree. dst: u8, the box of the masks. */
int  vn_errors_map(const struct vn_errors *e, struct vn_buf *dst, struct vn_job *job, struct vn_err *err);
#endif
