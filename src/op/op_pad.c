/* op_pad.c - a volume with a border.  The result's box is larger than the volume's; where it leaves the grid, the grid grows.
 * Coordinates begin at 0: a grid that grows at its low end shifts them, and gets a frame of its own. */
#include <inttypes.h>
#include <string.h>
#include "mem.h"
#include "op.h"

extern const struct vn_param vn_pad_params[];
const struct vn_param vn_pad_params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_VOLUMES, .help = "volume" },
    { "by", VN_P_REALS, 0, 0, 1e6, .unit = "voxels", .help = "width of the border on both sides: one number or x,y,z" },
    { "box", VN_P_BOX, 0, .help = "x0:x1,y0:y1,z0:z1 to be covered, in the volume's coordinates (x0 may be negative), instead of by=" },
    { "mode", VN_P_CHOICE, 0, .def = "zero", .choices = "zero|edge|mirror", .help = "what stands in the border: value=, the outermost voxels, or the mirror image" },
    { "value", VN_P_REAL, 0, .help = "value in the border instead of 0" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};
enum { ZERO, EDGE, MIRROR };

/* What is to be covered, in the volume's coordinates. */
static int target(const struct vn_args *a, const struct vn_box *v, struct vn_box *t, struct vn_err *err)
{
    const struct vn_arg *by = vn_arg(a, "by"), *box = vn_arg(a, "box");

    if (by->has == box->has || (box->has && !box->i))
        return vn_fail(err, VN_E_USAGE, "say the border by one of by= and box=");
    if (by->has && by->i != 1 && by->i != 3)
        return vn_fail(err, VN_E_ARG, "by=%s: expected one or three numbers", by->s);
    for (int k = 0; k < 3; k++) {
        const double w = by->has ? by->d[by->i == 3 ? k : 0] : 0;
        if (w != (double)(int64_t)w)
            return vn_fail(err, VN_E_ARG, "by=%s: voxels are counted in whole numbers", by->s);
        t->lo[k] = by->has ? v->lo[k] - (int64_t)w : box->lo[k] == INT64_MIN ? v->lo[k] : box->lo[k];
        t->hi[k] = by->has ? v->hi[k] + (int64_t)w : box->hi[k] == INT64_MAX ? v->hi[k] : box->hi[k];
        if (t->lo[k] > v->lo[k] || t->hi[k] < v->hi[k])
            return vn_fail(err, VN_E_ARG, "box=%s does not contain the volume, which covers %" PRId64 ":%" PRId64 " along %c ('crop' cuts)",
                           box->s, v->lo[k], v->hi[k], 'x' + k);
        if (v->lo[k] - t->lo[k] > 1000000 || t->hi[k] - v->hi[k] > 1000000)
            return vn_fail(err, VN_E_ARG, "box=%s: a border has at most 1000000 voxels along an axis", box->s);
    }
    return 0;
}

static void put_value(const struct vn_args *a, enum vn_type t, void *to)
{
    const double v = vn_args_has(a, "value") ? vn_args_real(a, "value") : 0;
    vn_convert_row(t, to, VN_F64, &v, 1);
}

static int check_value(const struct vn_args *a, const struct vn_vol *v, struct vn_err *err)
{
    const enum vn_type t = v->src->type;
    uint64_t raw;
    double back;

    if (!vn_args_has(a, "value"))
        return 0;
    if (vn_args_int(a, "mode") != ZERO)
        return vn_fail(err, VN_E_USAGE, "value= goes with mode=zero");
    put_value(a, t, &raw);
    vn_convert_row(VN_F64, &back, t, &raw, 1);
    if ((vn_type_is_int(t) && back != vn_args_real(a, "value")) || (v->kind & (VN_MASK | VN_SKELETON) && back != 0 && back != 1))
        return vn_fail(err, VN_E_ARG, "value=%s is no value of a %s in %s", vn_args_text(a, "value"), vn_kind_name(v->kind), vn_type_name(t));
    return 0;
}

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    const struct vn_vol *v = in[0];
    const enum vn_type type = v->src->type;
    static const enum vn_pad pad[] = { VN_PAD_ZERO, VN_PAD_EDGE, VN_PAD_MIRROR };
    struct vn_box t;
    int rc = target(a, &v->box, &t, err);

    if (rc || (rc = check_value(a, v, err)))
        return rc;
    *p = (struct vn_plan) { .in_type = { VN_N_TYPE }, .pad = pad[vn_args_int(a, "mode")], .out_type = type, .out_kind = v->kind,
                            .mem_host = 2.0 * (double)vn_type_size(type), .grid = v->grid };
    for (int k = 0; k < 3; k++) {
        p->shift[k] = t.lo[k] < 0 ? -t.lo[k] : 0;
        p->grid.dim[k] = vn_max64(v->grid.dim[k], t.hi[k]) + p->shift[k];
        p->box.lo[k] = (region->lo[k] == v->box.lo[k] ? t.lo[k] : region->lo[k]) + p->shift[k];
        p->box.hi[k] = (region->hi[k] == v->box.hi[k] ? t.hi[k] : region->hi[k]) + p->shift[k];
        p->step[k] = 1;
        p->um[k] = v->grid.um[k];
    }
    if (p->shift[0] || p->shift[1] || p->shift[2]) {
        struct vn_key k = vn_key_str(vn_key_start(), "pad");
        k = vn_key_add(k, &v->grid.frame, sizeof v->grid.frame);
        p->grid.frame = vn_key_add(k, p->shift, sizeof p->shift);
    }
    return 0;
}

static void map(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *out, struct vn_box *need)
{
    for (int k = 0; k < 3; k++) {
        need->lo[k] = out->lo[k] - p->shift[k];
        need->hi[k] = out->hi[k] - p->shift[k];
    }
    if (vn_args_int(a, "mode") == ZERO && !vn_box_meet(need, &in->box, need))     /* the rest is filled here */
        *need = (struct vn_box) { { in->box.lo[0], in->box.lo[1], in->box.lo[2] }, { in->box.lo[0], in->box.lo[1], in->box.lo[2] } };
}

/* fill: a row of the border's value. */
struct rows { const struct vn_buf *in, *out; const int64_t *shift; const char *fill; };

static int plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct rows *r = ctx;
    const struct vn_box *o = &r->out->box, *b = &r->in->box;
    const size_t size = vn_type_size(r->out->type);
    const int64_t z = o->lo[2] - r->shift[2] + i, x0 = o->lo[0] - r->shift[0], x1 = o->hi[0] - r->shift[0];
    (void)err;

    for (int64_t y = o->lo[1] - r->shift[1]; y < o->hi[1] - r->shift[1]; y++) {
        const bool inside = z >= b->lo[2] && z < b->hi[2] && y >= b->lo[1] && y < b->hi[1];
        const int64_t from = inside ? b->lo[0] : x1, to = inside ? b->hi[0] : x1;
        char *row = (char *)r->out->data + (size_t)vn_buf_at(r->out, o->lo[0], y + r->shift[1], z + r->shift[2]) * size;
        memcpy(row, r->fill, (size_t)(from - x0) * size);
        if (to > from)
            memcpy(row + (size_t)(from - x0) * size, (const char *)r->in->data + (size_t)vn_buf_at(r->in, from, y, z) * size, (size_t)(to - from) * size);
        memcpy(row + (size_t)(to - x0) * size, r->fill, (size_t)(x1 - to) * size);
    }
    return 0;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    const size_t size = vn_type_size(out->type);
    const int64_t n = vn_box_dim(&out->box, 0);
    char *fill = vn_alloc((uint64_t)n * size, err);

    if (!fill)
        return VN_E_MEMORY;
    for (int64_t x = 0; x < n; x++)
        put_value(a, out->type, fill + (size_t)x * size);
    struct rows r = { in, out, p->shift, fill };
    int rc = vn_job_for(job, vn_box_dim(&out->box, 2), plane, &r, err);
    vn_free(fill);
    return rc;
}

const struct vn_op vn_op_pad = {
    .name = "pad", .version = 1, .shape = VN_POINT, .n_in = 1, .params = vn_pad_params, .plan = plan, .cpu = cpu, .map = map,
};
