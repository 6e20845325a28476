/* op_crop.c - the voxels of the region as a volume of their own, on the same grid. */
#include <string.h>
#include "op.h"

extern const struct vn_param vn_crop_params[];
const struct vn_param vn_crop_params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_VOLUMES, .help = "volume" },
    { "box", VN_P_BOX, VN_POS, .help = "x0:x1,y0:y1,z0:z1 in voxels, ends not included, any may be left out; by default the region" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    const enum vn_type t = in[0]->src->type;
    (void)a;
    (void)region;
    (void)err;

    *p = (struct vn_plan) { .in_type = { VN_N_TYPE }, .out_type = t, .out_kind = in[0]->kind, .mem_host = 2.0 * (double)vn_type_size(t) };
    for (int k = 0; k < 3; k++)
        p->um[k] = in[0]->grid.um[k];
    return 0;
}

struct copy { const struct vn_buf *in, *out; };

static int plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct copy *c = ctx;
    const struct vn_box *b = &c->out->box;
    const size_t size = vn_type_size(c->out->type);
    (void)err;

    for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
        memcpy((char *)c->out->data + (size_t)vn_buf_at(c->out, b->lo[0], y, b->lo[2] + i) * size,
               (const char *)c->in->data + (size_t)vn_buf_at(c->in, b->lo[0], y, b->lo[2] + i) * size, (size_t)vn_box_dim(b, 0) * size);
    return 0;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    struct copy c = { in, out };
    (void)a;
    (void)p;

    return vn_job_for(job, vn_box_dim(&out->box, 2), plane, &c, err);
}

const struct vn_op vn_op_crop = {
    .name = "crop", .version = 1, .shape = VN_POINT, .n_in = 1, .params = vn_crop_params, .plan = plan, .cpu = cpu,
};
