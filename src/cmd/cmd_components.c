/* cmd_components.c - "components": connected components of a mask, labels or grey values, counted and labelled. */
#include "cmd.h"
#include <limits.h>
#include <stdlib.h>
#include "label.h"
#include "mem.h"

extern const struct vn_op vn_op_components, vn_op_pieces;
extern const struct vn_param vn_components_params[];

/* Masks in space have a kernel; all else goes by value or plane by plane, and an image may hold fractions. */
static const struct vn_op *choose(const struct vn_args *a)
{
    static const char *const own[] = { "tolerance", "min", "axis" };
    const struct vn_obj *v = vn_arg(a, "mask")->obj;
    bool mask = v && (v->kind & (VN_MASK | VN_SKELETON)) && (!vn_args_has(a, "of") || vn_args_int(a, "of") == VN_PIECE_MASK) &&
                vn_args_int(a, "connectivity") > 1;                /* 6, 18, 26 */
    for (size_t i = 0; i < VN_COUNT(own); i++)
        mask = mask && !vn_args_has(a, own[i]);
    return mask ? &vn_op_components : &vn_op_pieces;
}

static int larger_first(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_vol *mask, *labels;
    struct vn_box region;
    struct vn_ran ran = { 0 };
    uint64_t *size, count;

    int rc = vn_call_vol(c, "mask", &mask, err);
    if (!rc)
        rc = vn_call_region(c, mask, &region, err);
    if (!rc)
        rc = vn_op_run(choose(&c->args), &c->args, &mask, &region, &labels, &ran, c->job, err);
    if (rc)
        return rc;
    const struct vn_buf data = vn_vol_data(labels);
    rc = vn_label_sizes(&data, &size, &count, c->job, err);
    if (rc) {
        vn_vol_unref(labels);
        return rc;
    }
    qsort(size, count, sizeof(*size), larger_first);
    vn_res_int(c, "count", (int64_t)count);
    vn_res_int(c, "largest", count ? (int64_t)size[0] : 0);
    vn_res_ints(c, "sizes", (const int64_t *)size, count < INT_MAX ? (int)count : INT_MAX);
    vn_res_text(c, "unit", "voxels");
    vn_free(size);
    vn_res_volume(c, labels);
    vn_res_text(c, "device", ran.device);
    if (ran.note[0])
        vn_call_note(c, "%s", ran.note);
    return vn_call_output(c, 0, "", VN_LABELS, labels, err);
}

const struct vn_cmd vn_cmd_components = {
    "components", "connected components of a mask, of labels, of grey values", vn_components_params, VN_CMD_MAKES, exec, NULL, choose,
};
