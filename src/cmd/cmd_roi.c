/* cmd_roi.c - "roi": the region that the commands which follow work on. */
#include "cmd.h"
#include "lineage.h"
#include <math.h>
#include <string.h>

static const struct vn_param params[] = {
    { "box", VN_P_BOX, VN_POS, .help = "x0:x1,y0:y1,z0:z1 in voxels, ends not included, any may be left out; or off" },
    { "at", VN_P_POINT, 0, .unit = "voxels", .help = "centre x,y,z (with size=)" },
    { "size", VN_P_REALS, 0, .min = 1, .max = 1e9, .unit = "voxels", .help = "edge of the box around at=: one number or three" },
    { 0 },
};

static int centred(const struct vn_args *a, struct vn_box *b, struct vn_err *err)
{
    const struct vn_arg *at = vn_arg(a, "at"), *size = vn_arg(a, "size");
    if (!at->has || !size->has || (size->i != 1 && size->i != 3))
        return vn_fail(err, VN_E_USAGE, "at=x,y,z goes with size=N or size=NX,NY,NZ");
    for (int i = 0; i < 3; i++) {
        const int64_t n = (int64_t)size->d[size->i == 3 ? i : 0];
        if (fabs(at->d[i]) > 1e15)
            return vn_fail(err, VN_E_ARG, "at=%s: not a voxel", at->s);
        b->lo[i] = (int64_t)floor(at->d[i]) - n / 2;
        b->hi[i] = b->lo[i] + n;
    }
    return 0;
}

static void show(struct vn_call *c, const struct vn_box *b)
{
    struct vn_str text = { 0 };
    vn_box_print(b, &text);
    c->no_memory |= text.failed;
    vn_res_text(c, "roi", text.s);
    vn_str_free(&text);
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    const struct vn_arg *box = vn_arg(&c->args, "box");
    struct vn_box b;
    int rc;

    if (box->has && (vn_args_has(&c->args, "at") || vn_args_has(&c->args, "size")))
        return vn_fail(err, VN_E_USAGE, "give either a box or at= with size=");
    if (box->has && !box->i) {
        vn_session_set_roi(c->s, NULL);
        vn_res_text(c, "roi", "off");
        return 0;
    }
    if (box->has) {
        memcpy(b.lo, box->lo, sizeof b.lo);
        memcpy(b.hi, box->hi, sizeof b.hi);
    } else if (vn_args_has(&c->args, "at") || vn_args_has(&c->args, "size")) {
        if ((rc = centred(&c->args, &b, err)))
            return rc;
    } else if (!vn_session_roi(c->s, &b)) {
        vn_res_text(c, "roi", "off");
        return 0;
    }
    vn_session_set_roi(c->s, &b);
    show(c, &b);
    return 0;
}

const struct vn_cmd vn_cmd_roi = { "roi", "set the region that commands work on", params, VN_CMD_NOW | VN_CMD_TURN, exec, NULL };
