/* op_resample.c - a volume on a grid of other voxels.  The corner of the grid stays: output voxel i lies at (i + 0.5) step
 * voxels of the input from it, along every axis.  Weights are computed in double from the voxel's index in the whole grid,
 * used in f32, and summed along z, then x, then y, from the lowest index, so that blocks and regions do not matter. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "mem.h"
#include "op.h"
#include "rows.h"

extern const struct vn_param vn_resample_params[];
const struct vn_param vn_resample_params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_PROB | VN_MASK | VN_LABELS, .help = "image, probability, mask or labels" },
    { "voxel", VN_P_VOXEL, 0, .help = "voxel size of the result, x, y, z" },
    { "factor", VN_P_REALS, 0, 0.001, 1000, .help = "times as many voxels: one number or three" },
    { "dims", VN_P_REALS, 0, 1, 1e6, .unit = "voxels", .help = "voxels of the result's whole grid, x,y,z" },
    { "method", VN_P_CHOICE, 0, .choices = "mean|linear|nearest|cubic|majority", .help = "by default mean; nearest for masks and labels" },
    { "type", VN_P_CHOICE, 0, .choices = "u8|u16|u32|i8|i16|i32|f32|f64", .help = "of the result; by default the volume's (f32 for wider types that are interpolated)" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};
enum method { MEAN, LINEAR, NEAREST, CUBIC, MAJORITY };

static enum method method_of(const struct vn_args *a, enum vn_kind k)
{
    return vn_args_has(a, "method") ? (enum method)vn_args_int(a, "method") : k & (VN_MASK | VN_LABELS) ? NEAREST : MEAN;
}

/* ---- geometry ---- */

/* What lies beside a whole number by rounding alone is that number. */
static double snap(double v)
{
    const double w = floor(v + 0.5);
    return fabs(v - w) < 1e-9 * (1 + fabs(w)) ? w : v;
}

/* How many voxels of the input voxel i of the output looks at, the first of them in *first, their weights in w (may be NULL). */
static int taps_of(enum method m, double step, int64_t i, int64_t *first, double *w)
{
    const double u = snap(((double)i + 0.5) * step - 0.5), f = floor(u), t = u - f;
    double weight[4] = { 1 - t, t };
    int n = 2;

    if (m == NEAREST || (m == MAJORITY && step <= 1)) {
        *first = (int64_t)floor(snap(((double)i + 0.5) * step));
        weight[0] = n = 1;
    } else if ((m == MEAN || m == MAJORITY) && step > 1) {
        const double from = snap((double)i * step), to = snap(((double)i + 1) * step);
        *first = (int64_t)floor(from);
        n = (int)((int64_t)ceil(to) - *first);
        for (int k = 0; w && k < n; k++) {
            const double lo = (double)(*first + k), hi = lo + 1;
            w[k] = ((hi < to ? hi : to) - (lo > from ? lo : from)) / step;
        }
        return n;
    } else if (m == CUBIC) {                                  /* Catmull, Rom 1974: through the voxels, tangents by differences */
        *first = (int64_t)f - 1;
        n = 4;
        weight[0] = ((2 - t) * t - 1) * t / 2;
        weight[1] = ((3 * t - 5) * t * t + 2) / 2;
        weight[2] = ((4 - 3 * t) * t + 1) * t / 2;
        weight[3] = (t - 1) * t * t / 2;
    } else {
        *first = (int64_t)f;
    }
    for (int k = 0; w && k < n; k++)
        w[k] = weight[k];
    return n;
}

/* The first output voxel whose centre does not lie before the edge between input voxels e - 1 and e. */
static int64_t edge(int64_t e, double step, int64_t dim_in, int64_t dim_out)
{
    const int64_t i = (int64_t)ceil(snap((double)e / step) - 0.5);
    return e <= 0 ? 0 : e >= dim_in || i > dim_out ? dim_out : i < 0 ? 0 : i;
}

static int new_grid(const struct vn_args *a, const struct vn_grid *g, struct vn_plan *p, struct vn_err *err)
{
    const bool voxel = vn_args_has(a, "voxel"), factor = vn_args_has(a, "factor"), dims = vn_args_has(a, "dims");

    if (voxel + factor + dims != 1)
        return vn_fail(err, VN_E_USAGE, "say the new grid by one of voxel=, factor= and dims=");
    if (voxel && !vn_um_known(g))
        return vn_fail(err, VN_E_ARG, "voxel=%s: the volume's own voxel size is not known; set NAME voxel=XxYxZum says it, factor= does without",
                       vn_args_text(a, "voxel"));
    const struct vn_arg *v = vn_arg(a, voxel ? "voxel" : factor ? "factor" : "dims");
    if (!voxel && v->i != 3 && !(factor && v->i == 1))
        return vn_fail(err, VN_E_ARG, "%s=%s: expected %sthree numbers, x,y,z", factor ? "factor" : "dims", v->s, factor ? "one or " : "");
    p->grid = *g;
    for (int k = 0; k < 3; k++) {
        const double x = v->d[factor && v->i == 1 ? 0 : k], n = (double)g->dim[k];
        if (dims && x != floor(x))
            return vn_fail(err, VN_E_ARG, "dims=%s: voxels are counted in whole numbers", v->s);
        p->step[k] = snap(voxel ? x / g->um[k] : factor ? 1 / x : n / x);
        const double out = dims ? x : floor(snap(n / p->step[k]) + 0.5);
        if (out > 1e6 || p->step[k] > 1e4)
            return vn_fail(err, VN_E_ARG, out > 1e6 ? "%s: the result would have %.0f voxels along an axis; 1000000 at most" :
                           "%s: a voxel of the result would be %.0f of the volume's long; 10000 at most", v->s, out > 1e6 ? out : p->step[k]);
        p->grid.dim[k] = out < 1 ? 1 : (int64_t)out;
        p->grid.um[k] = voxel ? x : g->um[k] * p->step[k];
    }
    return 0;
}

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    const enum vn_type t = in[0]->src->type;
    const enum vn_kind kind = in[0]->kind;
    const enum method m = method_of(a, kind);
    const bool wide = t == VN_U32 || t == VN_I32 || t == VN_F64, kept = m == NEAREST || m == MAJORITY;
    double in_bytes = (double)vn_type_size(t);

    *p = (struct vn_plan) { .pad = VN_PAD_EDGE, .in_type = { VN_N_TYPE }, .out_kind = kind };
    int rc = new_grid(a, &in[0]->grid, p, err);
    if (rc)
        return rc;
    if (!kept && (kind & (VN_MASK | VN_LABELS)))
        return vn_fail(err, VN_E_ARG, "method=%s has no meaning for a %s: nearest and majority do (set NAME kind=image makes grey values of it)",
                       vn_args_text(a, "method"), vn_kind_name(kind));
    if (m == MAJORITY && !(kind & (VN_MASK | VN_LABELS)))
        return vn_fail(err, VN_E_ARG, "method=majority is for masks and labels, and this is of kind %s", vn_kind_name(kind));
    if (m == MAJORITY && (p->step[0] + 1) * (p->step[1] + 1) * (p->step[2] + 1) > 1e6)
        return vn_fail(err, VN_E_ARG, "method=majority: %.0f voxels and more make one of the result; 1000000 at most",
                       p->step[0] * p->step[1] * p->step[2]);
    p->out_type = vn_type_named(vn_args_text(a, "type"), wide && !kept ? VN_F32 : t);
    if (p->out_type != t && kind != VN_IMAGE && vn_args_has(a, "type"))
        return vn_fail(err, VN_E_ARG, "type=%s: a %s keeps its type, %s", vn_args_text(a, "type"), vn_kind_name(kind), vn_type_name(t));
    for (int k = 0; k < 3; k++) {
        const double s = p->step[k];
        p->box.lo[k] = edge(region->lo[k], s, in[0]->grid.dim[k], p->grid.dim[k]);
        p->box.hi[k] = edge(region->hi[k], s, in[0]->grid.dim[k], p->grid.dim[k]);
        p->halo[k] = (int64_t)ceil((m == CUBIC ? 5 : 3) / s / 2);
        in_bytes *= s;
        p->um[k] = p->grid.um[k];
    }
    p->mem_host = (double)vn_type_size(p->out_type) + in_bytes;
    if (!vn_box_count(&p->box))
        return vn_fail(err, VN_E_ARG, "the region holds the centre of no voxel of the new grid");
    return 0;
}

static int prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job, struct vn_err *err)
{
    (void)stat_box;
    (void)job;
    if (vn_args_has(a, "method"))
        return 0;
    return vn_args_set(a, "method", method_of(a, in[0]->kind) == NEAREST ? "nearest" : "mean", err);
}

static void map(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *out, struct vn_box *need)
{
    const enum method m = method_of(a, in->kind);

    for (int k = 0; k < 3; k++) {
        taps_of(m, p->step[k], out->lo[k], &need->lo[k], NULL);
        const int n = taps_of(m, p->step[k], out->hi[k] - 1, &need->hi[k], NULL);
        need->hi[k] += n;
    }
}

/* ---- weights of a block ---- */

/* For output voxel i of n, tap k of n_tap: at[k * n + i] in voxels of the input block, w[k * n + i].  A tap without weight looks
 * where another looks, so that it does not bring in a voxel that has no part. */
struct axis { int64_t n; int n_tap; int32_t *at; float *w; };

static void axis_free(struct axis *x)
{
    vn_free(x->at);
    vn_free(x->w);
}

static int axis_init(struct axis *x, enum method m, double step, int64_t lo, int64_t hi, int64_t in_lo, struct vn_err *err)
{
    int64_t first;
    double *w;
    int rc = 0;

    *x = (struct axis) { .n = hi - lo };
    for (int64_t i = lo; i < hi; i++) {
        const int n = taps_of(m, step, i, &first, NULL);
        x->n_tap = n > x->n_tap ? n : x->n_tap;
    }
    const uint64_t all = (uint64_t)x->n * (uint64_t)x->n_tap;
    w = vn_alloc((uint64_t)x->n_tap * sizeof *w, err);
    if (!w || !(x->at = vn_alloc(all * sizeof *x->at, err)) || !(x->w = vn_alloc(all * sizeof *x->w, err))) {
        rc = VN_E_MEMORY;
        goto out;
    }
    for (int64_t i = lo; i < hi; i++) {
        const int n = taps_of(m, step, i, &first, w);
        int used = 0;
        while (used + 1 < n && (float)w[used] == 0)
            used++;
        for (int k = 0; k < x->n_tap; k++) {
            const bool has = k < n && (float)w[k] != 0;
            x->at[k * x->n + i - lo] = (int32_t)(first - in_lo + (has ? k : used));
            x->w[k * x->n + i - lo] = has ? (float)w[k] : 0;
        }
    }
out:
    vn_free(w);
    return rc;
}

/* ---- interpolation ---- */

struct block {
    const struct vn_buf *in, *out;
    enum method method;
    struct axis axis[3];
    int64_t n_part;                      /* parts of the rows of a plane */
    bool cut;                            /* cubic of a probability: to 0..1 */
};
enum { ROWS = 32 };

static VN_HOT void first_row(float *restrict acc, const float *restrict v, float w, int64_t n)
{
    for (int64_t x = 0; x < n; x++)
        acc[x] = w * v[x];
}
static VN_HOT void next_row(float *restrict acc, const float *restrict v, float w, int64_t n)
{
    for (int64_t x = 0; x < n; x++)
        acc[x] += w * v[x];
}
static VN_HOT void first_taps(float *restrict out, const float *restrict v, const int32_t *restrict at, const float *restrict w, int64_t n, bool two)
{
    if (two)
        for (int64_t i = 0; i < n; i++)
            out[i] = w[i] * v[at[i]] + w[n + i] * v[at[n + i]];
    else
        for (int64_t i = 0; i < n; i++)
            out[i] = w[i] * v[at[i]];
}
static VN_HOT void next_tap(float *restrict out, const float *restrict v, const int32_t *restrict at, const float *restrict w, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        out[i] += w[i] * v[at[i]];
}
/* What a voxel that is not finite has part in is NaN. */
static VN_HOT void finish_row(float *v, int64_t n, bool cut)
{
    for (int64_t i = 0; i < n; i++) {
        float f = v[i] - v[i] == 0.0f ? v[i] : NAN;
        if (cut)
            f = f < 0 ? 0 : f > 1 ? 1 : f;
        v[i] = f;
    }
}

static const void *in_row(const struct vn_buf *b, int64_t y, int64_t z)       /* y, z counted from the box */
{
    return (const char *)b->data + (y * b->stride[0] + z * b->stride[1]) * (int64_t)vn_type_size(b->type);
}
static void *out_row(const struct vn_buf *b, int64_t y, int64_t z)
{
    return (char *)b->data + (y * b->stride[0] + z * b->stride[1]) * (int64_t)vn_type_size(b->type);
}

/* Row y of the input, interpolated along z for output plane z. */
static void row_along_z(const struct block *b, int64_t y, int64_t z, float *acc, float *raw, int64_t nx)
{
    const struct axis *a = &b->axis[2];
    bool some = false;

    for (int k = 0; k < a->n_tap; k++) {
        const float w = a->w[k * a->n + z];
        if (w == 0)
            continue;
        const void *v = in_row(b->in, y, a->at[k * a->n + z]);
        if (b->in->type != VN_F32) {
            vn_convert_row(VN_F32, raw, b->in->type, v, nx);
            v = raw;
        }
        (some ? next_row : first_row)(acc, v, w, nx);
        some = true;
    }
}

static int interpolate_part(void *ctx, int64_t i, struct vn_err *err)
{
    const struct block *b = ctx;
    const int64_t z = i / b->n_part, y0 = i % b->n_part * ROWS, nx = vn_box_dim(&b->in->box, 0), n = b->axis[0].n;
    const int64_t y1 = vn_min64(y0 + ROWS, b->axis[1].n);
    const struct axis *ax = &b->axis[0], *ay = &b->axis[1];
    const int slots = ay->n_tap;
    /* Rows along z and x are kept: neighbouring output rows look at the same ones. */
    float *mem = vn_alloc((uint64_t)(n * (slots + 1) + nx * 2) * sizeof *mem + (uint64_t)slots * sizeof(int32_t), err);
    if (!mem)
        return VN_E_MEMORY;
    float *out = mem + n * slots, *raw = out + n, *acc = raw + nx;
    int32_t *have = (int32_t *)(acc + nx);

    for (int k = 0; k < slots; k++)
        have[k] = -1;
    for (int64_t y = y0; y < y1; y++) {
        bool some = false;
        for (int k = 0; k < slots; k++) {
            const float w = ay->w[k * ay->n + y];
            const int32_t at = ay->at[k * ay->n + y];
            float *row = mem + n * (at % slots);
            if (w == 0)
                continue;
            if (have[at % slots] != at) {
                row_along_z(b, at, z, acc, raw, nx);
                first_taps(row, acc, ax->at, ax->w, n, ax->n_tap > 1);
                for (int t = 2; t < ax->n_tap; t++)
                    next_tap(row, acc, ax->at + t * n, ax->w + t * n, n);
                have[at % slots] = at;
            }
            (some ? next_row : first_row)(out, row, w, n);
            some = true;
        }
        if (!vn_type_is_int(b->in->type) || b->cut)
            finish_row(out, n, b->cut);
        vn_convert_row(b->out->type, out_row(b->out, y, z), VN_F32, out, n);
    }
    vn_free(mem);
    return 0;
}

/* ---- voxels as they are ---- */

#define PICK(T)                                                                                     \
    static void pick_##T(const void *restrict from, void *restrict to, const int32_t *at, int64_t n)          \
    {                                                                                               \
        const T *v = from;                                                                          \
        T *o = to;                                                                                  \
        for (int64_t i = 0; i < n; i++)                                                             \
            o[i] = v[at[i]];                                                                        \
    }
PICK(uint8_t)
PICK(uint16_t)
PICK(uint32_t)
PICK(uint64_t)

static int nearest_part(void *ctx, int64_t i, struct vn_err *err)
{
    static void (*const pick[])(const void *, void *, const int32_t *, int64_t) = { pick_uint8_t, pick_uint16_t, pick_uint32_t, pick_uint64_t };
    const struct block *b = ctx;
    const int64_t z = i / b->n_part, y0 = i % b->n_part * ROWS, y1 = vn_min64(y0 + ROWS, b->axis[1].n), n = b->axis[0].n;
    const size_t size = vn_type_size(b->in->type);
    void *row = vn_alloc((uint64_t)n * size, err);

    if (!row)
        return VN_E_MEMORY;
    for (int64_t y = y0; y < y1; y++) {
        pick[__builtin_ctz((unsigned)size)](in_row(b->in, b->axis[1].at[y], b->axis[2].at[z]), row, b->axis[0].at, n);
        vn_convert_row(b->out->type, out_row(b->out, y, z), b->in->type, row, n);
    }
    vn_free(row);
    return 0;
}

struct vote { double label; uint64_t weight; };

/* The label with the largest part of the voxel's space.  Parts are counted in 2^-20 of an axis, so that equals are equal; of equals
 * background loses, then the larger label. */
static double winner(const struct block *b, int64_t x, int64_t y, int64_t z, struct vote *vote)
{
    const int64_t at[3] = { x, y, z };
    const struct axis *a = b->axis;
    int n = 0, best = 0;

    for (int kz = 0; kz < a[2].n_tap; kz++)
        for (int ky = 0; ky < a[1].n_tap; ky++)
            for (int kx = 0; kx < a[0].n_tap; kx++) {
                const int k[3] = { kx, ky, kz };
                uint64_t weight = 1;
                double label;
                int i = 0;
                for (int d = 0; d < 3; d++)
                    weight *= (uint64_t)((double)a[d].w[k[d] * a[d].n + at[d]] * 0x1p20 + 0.5);
                if (!weight)
                    continue;
                const char *row = in_row(b->in, a[1].at[ky * a[1].n + y], a[2].at[kz * a[2].n + z]);
                vn_convert_row(VN_F64, &label, b->in->type, row + (size_t)a[0].at[kx * a[0].n + x] * vn_type_size(b->in->type), 1);
                while (i < n && vote[i].label != label)
                    i++;
                if (i == n)
                    vote[n++] = (struct vote) { .label = label };
                vote[i].weight += weight;
            }
    for (int i = 1; i < n; i++)
        if (vote[i].weight > vote[best].weight ||
            (vote[i].weight == vote[best].weight && (vote[best].label == 0 || (vote[i].label != 0 && vote[i].label < vote[best].label))))
            best = i;
    return vote[best].label;
}

static int majority_part(void *ctx, int64_t i, struct vn_err *err)
{
    const struct block *b = ctx;
    const int64_t z = i / b->n_part, y0 = i % b->n_part * ROWS, y1 = vn_min64(y0 + ROWS, b->axis[1].n), n = b->axis[0].n;
    const uint64_t most = (uint64_t)b->axis[0].n_tap * (uint64_t)b->axis[1].n_tap * (uint64_t)b->axis[2].n_tap;
    struct vote *vote = vn_alloc(most * sizeof *vote + (uint64_t)n * sizeof(double), err);

    if (!vote)
        return VN_E_MEMORY;
    double *row = (double *)(vote + most);
    for (int64_t y = y0; y < y1; y++) {
        for (int64_t x = 0; x < n; x++)
            row[x] = winner(b, x, y, z, vote);
        vn_convert_row(b->out->type, out_row(b->out, y, z), VN_F64, row, n);
    }
    vn_free(vote);
    return 0;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    const enum method m = method_of(a, p->out_kind);
    struct block b = { .in = in, .out = out, .method = m, .n_part = (vn_box_dim(&out->box, 1) + ROWS - 1) / ROWS,
                       .cut = m == CUBIC && p->out_kind == VN_PROB };
    int rc = 0;

    for (int k = 0; k < 3 && rc == 0; k++)
        rc = axis_init(&b.axis[k], m, p->step[k], out->box.lo[k], out->box.hi[k], in->box.lo[k], err);
    if (rc == 0)
        rc = vn_job_for(job, vn_box_dim(&out->box, 2) * b.n_part,
                        m == NEAREST ? nearest_part : m == MAJORITY ? majority_part : interpolate_part, &b, err);
    for (int k = 0; k < 3; k++)
        axis_free(&b.axis[k]);
    return rc;
}

const struct vn_op vn_op_resample = {
    .name = "resample", .version = 1, .shape = VN_STENCIL, .n_in = 1, .params = vn_resample_params, .plan = plan, .prepare = prepare, .cpu = cpu,
    .map = map,
};
