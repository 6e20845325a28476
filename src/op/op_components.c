/* op_components.c - connected components of a mask as a label volume. */
#include <stdlib.h>
#include "label.h"
#include "label_dev.h"
#include "label_own.h"
#include "op.h"

extern const struct vn_param vn_components_params[];
const struct vn_param vn_components_params[] = {
    { "mask", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_VOLUMES, .help = "mask, label volume or image" },
    { "of", VN_P_CHOICE, 0, .choices = "mask|labels|grey",
      .help = "what hangs together: all above 0, equal labels, grey values within tolerance; by default grey where tolerance= is given, "
              "labels in a label volume, else mask" },
    { "tolerance", VN_P_REAL, 0, .min = 0, .max = 1e300, .help = "grey: the most by which neighbours differ" },
    { "min", VN_P_REAL, 0, .help = "grey: voxels below it are background" },
    { "connectivity", VN_P_CHOICE, 0, .def = "26", .choices = "4|8|6|18|26",
      .help = "neighbours that count: in space faces (6), and edges (18), and corners (26); in each plane for itself edges (4), and corners (8)" },
    { "axis", VN_P_CHOICE, 0, .choices = "x|y|z", .help = "connectivity 4 and 8: planes across this axis (z)" },
    { "min_size", VN_P_INT, 0, .min = 0, .max = 1e15, .unit = "voxels", .def = "0", .help = "smaller components are left out" },
    { "largest", VN_P_INT, 0, .min = 1, .max = 4e9, .help = "only so many of the largest" },
    { "as", VN_P_NAME, 0, .help = "name of the label volume" },
    { 0 },
};

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *out,
                struct vn_err *err)
{
    (void)a;
    (void)region;
    (void)err;
    /* mask 1, labels 4, runs 12 bytes each: rarely more than one per 6 voxels */
    *out = (struct vn_plan){ .in_type = { VN_U8 }, .out_type = VN_U32, .out_kind = VN_LABELS, .mem_host = 7, .mem_dev = VN_LABEL_DEV_BYTES,
                             .um = { in[0]->grid.um[0], in[0]->grid.um[1], in[0]->grid.um[2] } };
    return 0;
}

int vn_components_keep(const struct vn_args *a, struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    const uint64_t least = (uint64_t)vn_args_int(a, "min_size"), largest = vn_args_has(a, "largest") ? (uint64_t)vn_args_int(a, "largest") : 0;
    return least > 1 || largest > 0 ? vn_label_keep(out, least, largest, job, err) : 0;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    uint64_t count;
    (void)p;
    int rc = vn_label_buf(&in[0], atoi(vn_args_text(a, "connectivity")), out, &count, job, err);
    return rc ? rc : vn_components_keep(a, out, job, err);
}

static int dev(struct vn_dev *d, struct vn_stream *s, const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in,
               struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    (void)p;
    int rc = vn_label_dev(d, s, &in[0], atoi(vn_args_text(a, "connectivity")), out, job, err);
    return rc ? rc : vn_components_keep(a, out, job, err);
}

const struct vn_op vn_op_components = {
    .name = "components", .version = 1, .shape = VN_GLOBAL, .n_in = 1, .params = vn_components_params, .plan = plan, .cpu = cpu,
    .dev = dev,
};
