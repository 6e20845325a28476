/* op_pieces.c - connected components by value: of equal labels, of grey values that differ little from voxel to voxel, and of
 * masks plane by plane.  Runs are stretches along x that hang together by the rule; the rest is as for masks. */
#include <math.h>
#include <stdlib.h>
#include "label.h"
#include "label_own.h"
#include "op.h"

extern const struct vn_param vn_components_params[];

struct scan { const struct vn_buf *in; const struct vn_pieces *how; int64_t nx; bool split; };

static const void *row_of(const struct vn_buf *b, int64_t z, int64_t y)
{
    return (const char *)b->data + (size_t)(z * b->stride[1] + y * b->stride[0]) * vn_type_size(b->type);
}

static inline double value(const struct scan *c, const void *row, int64_t x)
{
    switch (c->in->type) {
    case VN_U8:
        return ((const uint8_t *)row)[x];
    case VN_U32:
        return ((const uint32_t *)row)[x];
    case VN_F32:
        return (double)((const float *)row)[x];
    default:
        return ((const double *)row)[x];
    }
}

static inline bool is_in(const struct vn_pieces *how, double v)
{
    return how->of == VN_PIECE_GREY ? v >= how->min : v > 0;            /* NaN is in neither */
}

/* Infinities are alike: their difference is no number. */
static inline bool alike(const struct vn_pieces *how, double a, double b)
{
    return how->of == VN_PIECE_MASK || a == b || (how->of == VN_PIECE_GREY && fabs(a - b) <= how->tolerance);
}

static uint32_t scan_row(const void *ctx, int64_t z, int64_t y, struct vn_run *out)
{
    const struct scan *c = ctx;
    const void *row = row_of(c->in, z, y);
    uint32_t n = 0;
    bool open = false;
    double before = 0;
    for (int64_t x = 0; x < c->nx; x++) {
        const double v = value(c, row, x);
        const bool in = is_in(c->how, v), on = in && open && !c->split && alike(c->how, before, v);
        if (out && open && !on)
            out[n - 1].x1 = (uint32_t)x;
        if (in && !on) {
            if (out)
                out[n].x0 = (uint32_t)x;
            n++;
        }
        open = in;
        before = v;
    }
    if (out && open)
        out[n - 1].x1 = (uint32_t)c->nx;
    return n;
}

/* Whether a voxel x of run a and a voxel x + dx of run b are alike. */
static bool touch(const struct scan *c, const void *row_a, struct vn_run a, const void *row_b, struct vn_run b, int64_t dx)
{
    const int64_t from = vn_max64(a.x0, b.x0 - dx), to = vn_min64(a.x1, b.x1 - dx);
    for (int64_t x = from; x < to; x++)
        if (alike(c->how, value(c, row_a, x), value(c, row_b, x + dx)))
            return true;
    return false;
}

static void join_alike(const void *ctx, struct vn_runs *r, int64_t row_a, int64_t row_b, uint32_t reach)
{
    const struct scan *c = ctx;
    const int64_t ny = vn_box_dim(&r->box, 1);
    const void *va = row_of(c->in, row_a / ny, row_a % ny), *vb = row_of(c->in, row_b / ny, row_b % ny);
    const uint32_t end_a = r->row[row_a + 1], end_b = r->row[row_b + 1];
    for (uint32_t a = r->row[row_a], first = r->row[row_b]; a < end_a; a++) {
        const struct vn_run ra = r->run[a];
        while (first < end_b && r->run[first].x1 + reach <= ra.x0)
            first++;
        for (uint32_t b = first; b < end_b && r->run[b].x0 < ra.x1 + reach; b++)
            for (int64_t dx = -(int64_t)reach; dx <= (int64_t)reach; dx++)
                if (touch(c, va, ra, vb, r->run[b], dx)) {
                    vn_join(r->label, a, b);
                    break;
                }
    }
}

int vn_pieces_label(const struct vn_buf *in, const struct vn_pieces *how, struct vn_buf *labels, uint64_t *count, struct vn_job *job,
                    struct vn_err *err)
{
    const bool plane = how->connectivity == 4 || how->connectivity == 8, mask = how->of == VN_PIECE_MASK;
    const struct scan c = { in, how, vn_box_dim(&in->box, 0), plane && how->axis == 0 };
    struct vn_runs r = { 0 };
    int rc = mask && in->type == VN_U8 && !c.split ? vn_runs_build(in, false, &r, job, err)
                                                   : vn_runs_scan(&in->box, scan_row, &c, &r, job, err);
    if (!rc)
        rc = vn_runs_join(&r, how->connectivity, how->axis, mask ? vn_join_rows : join_alike, &c, job, err);
    if (!rc)
        rc = vn_runs_paint_labels(&r, labels, job, err);
    if (!rc)
        *count = r.count;
    vn_runs_free(&r);
    return rc;
}

/* ---- the operation ---- */

static enum vn_piece_of piece_of(const struct vn_args *a, enum vn_kind kind)
{
    if (vn_args_has(a, "of"))
        return (enum vn_piece_of)vn_args_int(a, "of");
    return vn_args_has(a, "tolerance") ? VN_PIECE_GREY : kind == VN_LABELS ? VN_PIECE_LABELS : VN_PIECE_MASK;
}

static int check(const struct vn_args *a, enum vn_piece_of of, struct vn_err *err)
{
    const bool plane = vn_args_int(a, "connectivity") < 2, grey = of == VN_PIECE_GREY;
    if (grey && !vn_args_has(a, "tolerance"))
        return vn_fail(err, VN_E_USAGE, "of=grey needs tolerance=, the most by which neighbours differ (0: equal values)");
    for (int k = 0; !grey && k < 2; k++)
        if (vn_args_has(a, k ? "min" : "tolerance"))
            return vn_fail(err, VN_E_USAGE, "%s= is for grey values (of=grey)", k ? "min" : "tolerance");
    if (!plane && vn_args_has(a, "axis"))
        return vn_fail(err, VN_E_USAGE, "axis= is for planes (connectivity=4 or 8), and the connectivity is %s", vn_args_text(a, "connectivity"));
    return 0;
}

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *out, struct vn_err *err)
{
    const enum vn_type t = in[0]->src->type;
    const bool wide = t == VN_U32 || t == VN_I32 || t == VN_F64;
    const enum vn_piece_of of = piece_of(a, in[0]->kind);
    const bool grey = of == VN_PIECE_GREY;
    const enum vn_type as = of == VN_PIECE_LABELS ? VN_U32 : !grey && vn_type_is_int(t) ? VN_U8 : wide ? VN_F64 : VN_F32;
    (void)region;
    /* input, labels, runs of 12 bytes: of grey values one at every voxel at worst */
    *out = (struct vn_plan){ .in_type = { as }, .out_type = VN_U32, .out_kind = VN_LABELS, .mem_host = (double)vn_type_size(as) + 4 + (grey ? 12 : 2),
                             .um = { in[0]->grid.um[0], in[0]->grid.um[1], in[0]->grid.um[2] } };
    return check(a, of, err);
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
                      struct vn_err *err)
{
    const bool grey = vn_args_has(a, "tolerance");
    const struct vn_pieces how = {
        .of = grey ? VN_PIECE_GREY : p->in_type[0] == VN_U32 ? VN_PIECE_LABELS : VN_PIECE_MASK,
        .tolerance = grey ? vn_args_real(a, "tolerance") : 0, .min = vn_args_has(a, "min") ? vn_args_real(a, "min") : -INFINITY,
        .connectivity = atoi(vn_args_text(a, "connectivity")), .axis = vn_args_has(a, "axis") ? (int)vn_args_int(a, "axis") : 2,
    };
    uint64_t count;
    int rc = vn_pieces_label(&in[0], &how, out, &count, job, err);
    return rc ? rc : vn_components_keep(a, out, job, err);
}

const struct vn_op vn_op_pieces = {
    .name = "pieces", .version = 2, .shape = VN_GLOBAL, .n_in = 1, .params = vn_components_params, .plan = plan, .cpu = cpu,
};
