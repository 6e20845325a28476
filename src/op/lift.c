/* lift.c - a plane of marks set at the depths of another plane. */
#include "lift.h"

int vn_lift(struct vn_vol *plane, struct vn_vol *index, int axis, uint32_t value, struct vn_patch *p, int64_t *changed, int64_t *outside,
            struct vn_job *job, struct vn_err *err)
{
    const struct vn_box *box = &plane->box;
    struct vn_buf mark = { 0 }, depth = { 0 };
    int rc = vn_vol_map(plane, VN_U32, box, VN_PAD_ZERO, &mark, job, err);
    if (!rc)
        rc = vn_vol_map(index, VN_U32, box, VN_PAD_ZERO, &depth, job, err);
    *changed = *outside = 0;
    for (int pass = 0; pass < 2 && !rc; pass++) {
        for (int64_t z = box->lo[2]; z < box->hi[2]; z++)
            for (int64_t y = box->lo[1]; y < box->hi[1]; y++)
                for (int64_t x = box->lo[0]; x < box->hi[0]; x++) {
                    const uint32_t m = ((const uint32_t *)mark.data)[vn_buf_at(&mark, x, y, z)];
                    int64_t at[3] = { x, y, z };
                    if (!m)
                        continue;
                    at[axis] = ((const uint32_t *)depth.data)[vn_buf_at(&depth, x, y, z)];
                    const struct vn_box one = { { at[0], at[1], at[2] }, { at[0] + 1, at[1] + 1, at[2] + 1 } };
                    if (!vn_box_contains(&p->box, &one))
                        *outside += pass;
                    else if (pass)
                        *changed += vn_patch_set(p, at[0], at[0] + 1, at[1], at[2], value ? value : m);
                    else
                        vn_patch_touch_run(p, at[0], at[0] + 1, at[1], at[2]);
                }
        if (!pass)
            rc = vn_patch_load(p, job, err);
    }
    vn_buf_free(&mark);
    vn_buf_free(&depth);
    return rc;
}
