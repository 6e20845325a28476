/* cmd_radius.c - "radius": the vessels' radius along a skeleton, as a volume and in short. */
#include <math.h>
#include "cmd.h"
#include "hist.h"
#include "labelstats.h"

extern const struct vn_op vn_op_radius;
extern const struct vn_param vn_radius_params[];

enum { ZERO_BIN = 0x8000 };         /* of an f32 histogram: 0, and nothing else that is a distance */

static int report(struct vn_call *c, struct vn_vol *skeleton, struct vn_vol *out, struct vn_err *err)
{
    const struct vn_hist *h;
    struct vn_label_stats s;
    double v[2] = { NAN, NAN };
    int rc = vn_vol_hist(out, &h, c->job, err);
    if (!rc)
        rc = vn_label_stats(skeleton, NULL, &out->box, &s, c->job, err);
    if (rc)
        return rc;
    const uint64_t voxels = s.count ? s.of[0].voxels : 0, zero = h->bin[ZERO_BIN], n = h->n - zero;
    vn_label_stats_free(&s);
    /* ranks among all voxels, the zeros first; half a rank more, so that rounding does not matter */
    const double last = (double)(h->n - 1), q[2] = { fmin(1, ((double)zero + 0.5) / last), fmin(1, ((double)(zero + (n - 1) / 2) + 0.5) / last) };
    if (n > 0 && h->n > 1)
        rc = vn_quantiles(out, &out->box, q, 2, v, c->job, err);
    else if (n > 0)
        v[0] = v[1] = h->max;
    if (rc)
        return rc;
    vn_res_text(c, "unit", vn_um_known(&out->grid) ? "um" : "voxels");
    vn_res_int(c, "voxels", (int64_t)n);
    vn_res_num(c, "mean", n ? h->mean * ((double)h->n / (double)n) : NAN);
    vn_res_num(c, "median", v[1]);
    vn_res_num(c, "min", v[0]);
    vn_res_num(c, "max", n ? h->max : NAN);
    if (voxels > n + h->n_inf)
        vn_call_note(c, "%lld voxels of the skeleton lie outside the mask: their radius is 0 and is not counted", (long long)(voxels - n - h->n_inf));
    if (h->n_inf)
        vn_call_note(c, "there is no background in the region: radii are infinite");
    return 0;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_vol *skeleton, *mask;
    bool assumed = false;
    int rc = vn_call_vol(c, "skeleton", &skeleton, err);
    if (!rc)
        rc = vn_call_vol(c, "mask", &mask, err);
    if (!rc)
        rc = vn_grid_check(&skeleton->grid, vn_call_name(c, "skeleton"), &mask->grid, vn_call_name(c, "mask"), &assumed, err);
    if (!rc)
        rc = vn_cmd_exec_op(c, err);
    if (!rc)
        rc = report(c, skeleton, c->made[0].content, err);
    if (!rc && !vn_um_known(&mask->grid))
        vn_call_note(c, "the voxel size is not known: radii are in voxels, taken as cubes; set %s voxel=XxYxZum gives um", vn_call_name(c, "mask"));
    return rc;
}

const struct vn_cmd vn_cmd_radius = {
    "radius", "radius of the vessels along a skeleton", vn_radius_params, VN_CMD_MAKES, exec, &vn_op_radius,
};
