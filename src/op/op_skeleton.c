/* op_skeleton.c - curve skeleton of a mask: Venule's own thinning, or Lee-94 as scikit-image gives it. */
#include "lee94.h"
#include "mem.h"
#include "op.h"
#include "thin.h"

extern const struct vn_param vn_skeleton_params[];
const struct vn_param vn_skeleton_params[] = {
    { "mask", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_MASK | VN_LABELS | VN_SKELETON,
      .help = "mask; voxels above 0 are foreground" },
    { "method", VN_P_CHOICE, 0, .def = "centred", .choices = "centred|lee94",
      .help = "centred: keeps topology, in the middle of the vessel; lee94: equal to scikit-image's, for comparisons" },
    { "as", VN_P_NAME, 0, .help = "name of the skeleton" },
    { 0 },
};

static const double BORDER = 1.15;             /* voxels beside background, for one that is in its plane of x and y */

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *out,
                struct vn_err *err)
{
    const bool lee = vn_args_int(a, "method") == 1;
    (void)region;
    (void)err;
    /* mask and skeleton 1 each, bits; centred: distance 4 and the queues of a mask that is a fifth foreground */
    *out = (struct vn_plan){ .in_type = { VN_U8 }, .out_type = VN_U8, .out_kind = VN_SKELETON, .mem_host = lee ? 2.5 : 8 };
    if (vn_um_known(&in[0]->grid))
        for (int i = 0; i < 3; i++)
            out->um[i] = in[0]->grid.um[i];
    return 0;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    return vn_args_int(a, "method") == 1 ? vn_lee94(&in[0], out, job, err) : vn_thin(&in[0], p->um, out, job, err);
}

static void cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *out, const struct vn_share *share,
                 struct vn_cost *c)
{
    const double n = (double)vn_box_count(out), set = share ? share->set : 0.1;
    const double bits = vn_mem_counted((double)((vn_box_dim(out, 0) + 2 + 63) / 64 * (vn_box_dim(out, 1) + 2) * (vn_box_dim(out, 2) + 2)) * 8);
    (void)p;
    (void)in;
    c->bytes = vn_args_int(a, "method") == 1 ? bits : vn_mem_counted(4 * n) + 2 * bits + vn_thin_front_bytes(share ? BORDER * share->border * n : 0.1 * n);
    c->work = n * (1 + 60 * set);
}

const struct vn_op vn_op_skeleton = {
    .name = "skeleton", .version = 1, .shape = VN_GLOBAL, .n_in = 1, .params = vn_skeleton_params, .plan = plan, .cpu = cpu,
    .cost = cost,
};
