/* op_radius.c - radius of the vessels along their skeleton: the distance to the mask's background, kept on the skeleton alone. */
#include "edt.h"
#include "op.h"

extern const struct vn_param vn_radius_params[];
const struct vn_param vn_radius_params[] = {
    { "skeleton", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_SKELETON | VN_MASK, .help = "where radii are wanted" },
    { "mask", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_MASK | VN_LABELS, .help = "vessels; voxels above 0 are foreground" },
    { "outside", VN_P_CHOICE, 0, .def = "unknown", .choices = "background|unknown",
      .help = "unknown: a vessel cut by a face of the region keeps its radius there" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *out,
                struct vn_err *err)
{
    (void)a;
    (void)region;
    (void)err;
    *out = (struct vn_plan){ .in_type = { VN_U8, VN_U8 }, .out_type = VN_F32, .out_kind = VN_IMAGE, .mem_host = 6 };
    for (int k = 0; k < 3 && vn_um_known(&in[1]->grid); k++)
        out->um[k] = in[1]->grid.um[k];
    return 0;
}

struct keep { const struct vn_buf *skeleton; struct vn_buf *out; };

static int keep_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct keep *k = ctx;
    const struct vn_box *b = &k->out->box;
    (void)err;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        const uint8_t *s = (const uint8_t *)k->skeleton->data + vn_buf_at(k->skeleton, b->lo[0], y, b->lo[2] + i);
        float *d = (float *)k->out->data + vn_buf_at(k->out, b->lo[0], y, b->lo[2] + i);
        for (int64_t x = 0; x < b->hi[0] - b->lo[0]; x++)
            d[x] = s[x] ? d[x] : 0;
    }
    return 0;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    int rc = vn_edt(&in[1], p->um, vn_args_int(a, "outside") == 1 ? VN_EDT_OPEN : 0, out, job, err);
    return rc ? rc : vn_job_for_quiet(job, vn_box_dim(&out->box, 2), keep_plane, &(struct keep){ &in[0], out }, err);
}

const struct vn_op vn_op_radius = {
    .name = "radius", .version = 1, .shape = VN_GLOBAL, .n_in = 2, .params = vn_radius_params, .plan = plan, .cpu = cpu,
};
