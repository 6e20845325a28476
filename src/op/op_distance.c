/* op_distance.c - distance of every foreground voxel to the nearest background voxel, in um. */
#include <math.h>
#include "edt.h"
#include "mem.h"
#include "op.h"

extern const struct vn_param vn_distance_params[];
const struct vn_param vn_distance_params[] = {
    { "mask", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_MASK | VN_LABELS | VN_SKELETON,
      .help = "mask; voxels above 0 are foreground" },
    { "to", VN_P_CHOICE, 0, .def = "background", .choices = "background|mask",
      .help = "background: depth inside the mask; mask: distance of every voxel to the mask" },
    { "outside", VN_P_CHOICE, 0, .def = "background", .choices = "background|unknown",
      .help = "what lies beyond the region's faces (to=background)" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *out,
                struct vn_err *err)
{
    (void)a;
    (void)region;
    (void)err;
    *out = (struct vn_plan){ .in_type = { VN_U8 }, .out_type = VN_F32, .out_kind = VN_IMAGE, .mem_host = 5 };
    if (vn_um_known(&in[0]->grid))
        for (int i = 0; i < 3; i++)
            out->um[i] = in[0]->grid.um[i];
    return 0;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    const unsigned flags = (vn_args_int(a, "to") == 1 ? VN_EDT_SEEDS : 0) | (vn_args_int(a, "outside") == 1 ? VN_EDT_OPEN : 0);
    return vn_edt(&in[0], p->um, flags, out, job, err);
}

static void cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *out, const struct vn_share *share,
                 struct vn_cost *c)
{
    const double n = (double)vn_box_count(out), set = share ? share->set : 0.1;
    (void)p;
    (void)in;
    c->bytes = vn_mem_counted(ceil((double)vn_box_dim(out, 0) / 32) * (double)(vn_box_dim(out, 1) * vn_box_dim(out, 2)));
    c->work = n * (1 + 20 * (vn_args_int(a, "to") == 1 ? 1 : set));
}

const struct vn_op vn_op_distance = {
    .name = "distance", .version = 1, .shape = VN_GLOBAL, .n_in = 1, .params = vn_distance_params, .plan = plan, .cpu = cpu,
    .cost = cost,
};
