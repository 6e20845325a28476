/* clean.c - closing, filling of enclosed holes and opening of a mask. */
#include "clean.h"
#include <stdlib.h>
#include <string.h>
#include "label.h"
#include "mem.h"
#include "morph.h"

int vn_clean_fill(const struct vn_args *a, uint64_t *out, struct vn_err *err)
{
    const char *s = vn_args_text(a, "fill");
    *out = UINT64_MAX;
    if (strcmp(s, "all") == 0)
        return 0;
    const size_t n = strspn(s, "0123456789");
    if (n == 0 || n > 16 || s[n])
        return vn_fail(err, VN_E_ARG, "fill=%s is neither a number of voxels nor all", s);
    *out = strtoull(s, NULL, 10);
    return 0;
}

/* Sets the enclosed 6-connected background components of up to `most` voxels. */
static int fill_holes(struct vn_buf *mask, uint64_t most, struct vn_job *job, struct vn_err *err)
{
    struct vn_runs r = { 0 };
    uint64_t *size = NULL;
    uint8_t *value = NULL;
    bool *face = NULL;
    int rc = vn_runs_build(mask, true, &r, job, err);
    if (!rc)
        rc = vn_runs_label(&r, 6, job, err);
    if (!rc)
        rc = vn_runs_sizes(&r, &size, job, err);
    if (!rc)
        rc = vn_runs_faces(&r, false, &face, job, err);
    if (!rc && !(value = vn_alloc((uint64_t)r.count + 1, err)))
        rc = err->code;
    for (uint32_t i = 0; !rc && i < r.count; i++)
        value[i] = !face[i] && size[i] <= most ? 1 : 0xff;
    if (!rc)
        rc = vn_runs_paint(&r, value, mask, job, err);
    vn_free(size);
    vn_free(value);
    vn_free(face);
    vn_runs_free(&r);
    return rc;
}

/* The same in each plane of z by itself. */
static int fill_planes(struct vn_buf *mask, uint64_t most, struct vn_job *job, struct vn_err *err)
{
    int rc = 0;
    for (int64_t z = mask->box.lo[2]; !rc && z < mask->box.hi[2]; z++) {
        struct vn_buf plane = *mask;
        plane.box.lo[2] = z;
        plane.box.hi[2] = z + 1;
        plane.data = (uint8_t *)mask->data + vn_buf_at(mask, mask->box.lo[0], mask->box.lo[1], z);
        rc = fill_holes(&plane, most, job, err);
    }
    return rc;
}

int vn_clean_shape(const struct vn_args *a, const double um[3], struct vn_buf *mask, struct vn_job *job, struct vn_err *err)
{
    struct vn_ball close, open;
    uint64_t most = 0;
    int rc = vn_ball_get(a, "close", um, &mask->box, &close, err);
    if (!rc)
        rc = vn_ball_get(a, "open", um, &mask->box, &open, err);
    if (!rc)
        rc = vn_clean_fill(a, &most, err);
    if (!rc && close.r > 0) {
        vn_job_stage(job, "closing");
        rc = vn_morph_buf(mask, VN_CLOSING, &close, job, err);
    }
    if (!rc && most > 0) {
        vn_job_stage(job, "filling");
        rc = vn_args_int(a, "holes") == 1 ? fill_planes(mask, most, job, err) : fill_holes(mask, most, job, err);
    }
    if (!rc && open.r > 0) {
        vn_job_stage(job, "opening");
        rc = vn_morph_buf(mask, VN_OPENING, &open, job, err);
    }
    return rc;
}

bool vn_clean_shape_none(const struct vn_args *a)
{
    uint64_t most;
    return !(vn_arg(a, "close")->len[0].v > 0) && !(vn_arg(a, "open")->len[0].v > 0) && !vn_clean_fill(a, &most, NULL) && !most;
}
