/* op_morph.c - dilate, erode, open or close a mask with a ball. */
#include "morph.h"
#include "op.h"

extern const struct vn_param vn_morph_params[];
const struct vn_param vn_morph_params[] = {
    { "mask", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_MASK | VN_LABELS | VN_SKELETON,
      .help = "mask; voxels above 0 are foreground" },
    { "op", VN_P_CHOICE, VN_POS | VN_REQ, .choices = "dilate|erode|open|close", .help = "what is done" },   /* order of enum vn_morph */
    { "radius", VN_P_LENGTH, VN_POS | VN_REQ, .min = 0, .max = 1e6, .help = "radius of the ball" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *out,
                struct vn_err *err)
{
    struct vn_ball ball;
    int rc = vn_ball_get(a, "radius", in[0]->grid.um, region, &ball, err);
    if (rc)
        return rc;
    *out = (struct vn_plan){ .in_type = { VN_U8 }, .out_type = VN_U8, .out_kind = VN_MASK,
                             .mem_host = 2 + vn_morph_bytes((enum vn_morph)vn_args_int(a, "op"), &ball, region) };
    for (int k = 0; k < 3 && vn_um_known(&in[0]->grid); k++)
        out->um[k] = in[0]->grid.um[k];
    return 0;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    struct vn_ball ball;
    int rc = vn_ball_get(a, "radius", p->um, &out->box, &ball, err);
    if (!rc)
        rc = vn_binary_copy(&in[0], out, job, err);
    return rc ? rc : vn_morph_buf(out, (enum vn_morph)vn_args_int(a, "op"), &ball, job, err);
}

const struct vn_op vn_op_morph = {
    .name = "morph", .version = 1, .shape = VN_GLOBAL, .n_in = 1, .params = vn_morph_params, .plan = plan, .cpu = cpu,
};
