/* op_localcut.c - thresholds from each voxel's surroundings: Niblack 1986, Sauvola, Pietikainen 2000, Phansalkar et al. 2011.
 *
 * Mean and standard deviation of a box window (mirrored at the volume's border) come from sums of whole numbers, which
 * may run along: whole numbers as they are where they span less than 65536, others in 65536 steps from `least` to `most`.  NaN is in no sum, and
 * background; infinities count as the ends.  The variance (n sum v^2 - (sum v)^2) / n^2 is exact up to its one rounding. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "autothresh.h"
#include "filter.h"
#include "hist.h"
#include "mem.h"
#include "op.h"
#include "vox.h"

typedef unsigned __int128 wide;

static int settle(struct vn_args *a, const char *name, double v, struct vn_err *err)
{
    char text[40];
    snprintf(text, sizeof text, "%.17g", v);
    return vn_args_has(a, name) ? 0 : vn_args_set(a, name, text, err);
}

static int prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job, struct vn_err *err)
{
    static const double ends[2] = { 0, 1 };
    double q[2] = { 0, 0 };
    if (!vn_threshold_local(a))
        return vn_fail(err, VN_E_USAGE, "a local threshold needs method=niblack, sauvola or phansalkar");
    const int m = (int)vn_args_int(a, "method");
    if (vn_args_has(a, "high") || vn_args_has(a, "percentile"))
        return vn_fail(err, VN_E_USAGE, "%s= does not go with method=%s", vn_args_has(a, "high") ? "high" : "percentile", vn_args_text(a, "method"));
    int rc = vn_args_has(a, "least") && vn_args_has(a, "most") ? 0 : vn_quantiles(in[0], stat_box, ends, 2, q, job, err);
    if (!rc && !isfinite(q[0]))
        rc = vn_fail(err, VN_E_ARG, "there are no finite voxels for an automatic threshold");
    if (!rc && !(rc = settle(a, "least", q[0], err)) && !(rc = settle(a, "most", q[1], err)))
        rc = settle(a, "k", m == VN_AUTO_NIBLACK ? 1 : m == VN_AUTO_SAUVOLA ? 0.2 : 0.25, err);
    const double span = rc ? 0 : vn_args_real(a, "most") - vn_args_real(a, "least");
    if (!rc && (span < 0 || !isfinite(span)))
        rc = vn_fail(err, VN_E_ARG, "values from least=%g to most=%g are no range", vn_args_real(a, "least"), vn_args_real(a, "most"));
    const bool whole = vn_type_is_int(in[0]->src->type) && span < 65536;
    if (!rc)
        rc = settle(a, "step", whole || span == 0 ? 1 : span / 65535, err);
    if (!rc && m == VN_AUTO_SAUVOLA)
        rc = settle(a, "r", span > 0 ? span / 2 : 1, err);
    return rc;
}

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    const enum vn_type t = in[0]->src->type;
    const bool wide_type = t == VN_U32 || t == VN_I32 || t == VN_F64;
    (void)region;
    *p = (struct vn_plan) { .pad = VN_PAD_MIRROR, .in_type = { wide_type ? VN_F64 : VN_F32 }, .out_type = VN_U8, .out_kind = VN_MASK,
                            .mem_host = (wide_type ? 9 : 5) + 24 };
    for (int k = 0; k < 3; k++) {
        double width;
        int rc = vn_args_length_vox(a, "window", 0, in[0]->grid.um, k, &width, err);
        if (rc)
            return rc;
        p->halo[k] = (int64_t)fmax(0, floor((width - 1) / 2 + 0.5));
        if (!(width < 2 * VN_MAX_RADIUS))
            return vn_fail(err, VN_E_ARG, "window=%s is %.0f voxels wide, and the limit is %d", vn_arg(a, "window")->s, width, 2 * VN_MAX_RADIUS - 1);
        p->um[k] = in[0]->grid.um[k];
    }
    return 0;
}

struct sums { uint64_t s, q, n; };     /* of values, squares, and how many */

struct cut {
    const struct vn_buf *in, *out;
    const int64_t *r;
    int method;
    int64_t nx, ny, depth;             /* of the haloed planes; planes of a slab */
    double k, r_sd, low, least, step, span;    /* value = least + step * whole number */
    struct vn_job *job;
};

static double value(const struct cut *c, int64_t at)
{
    return c->in->type == VN_F32 ? (double)((const float *)c->in->data)[at] : ((const double *)c->in->data)[at];
}

/* Adds a haloed plane to the column sums, or takes it out. */
static void column(const struct cut *c, struct sums *col, int64_t z, bool add)
{
    for (int64_t y = 0; y < c->ny; y++) {
        const int64_t at = vn_buf_at(c->in, c->in->box.lo[0], c->in->box.lo[1] + y, c->in->box.lo[2] + z);
        struct sums *row = col + y * c->nx;
        for (int64_t x = 0; x < c->nx; x++) {
            const double v = (value(c, at + x) - c->least) / c->step;
            if (!(v == v))
                continue;
            const uint64_t u = v <= 0 ? 0 : v >= 65535 ? 65535 : (uint64_t)(v + 0.5), n = add ? 1 : UINT64_MAX;      /* modulo 2^64 */
            row[x].s += n * u;
            row[x].q += n * u * u;
            row[x].n += n;
        }
    }
}

static void add(struct sums *to, const struct sums *from, uint64_t sign)
{
    to->s += sign * from->s;
    to->q += sign * from->q;
    to->n += sign * from->n;
}

static double threshold(const struct cut *c, const struct sums *w)
{
    const double n = (double)w->n, m = c->least + c->step * ((double)w->s / n);
    const double sd = c->step * sqrt((double)((wide)w->q * w->n - (wide)w->s * w->s)) / n;
    if (c->method == VN_AUTO_NIBLACK)
        return m + c->k * sd;
    if (c->method == VN_AUTO_SAUVOLA)
        return m * (1 + c->k * (sd / c->r_sd - 1));
    const double m1 = c->span > 0 ? (m - c->least) / c->span : 0, s1 = c->span > 0 ? sd / c->span : 0;      /* of values from 0 to 1 */
    return c->least + c->span * (m1 * (1 + 2 * vn_exp(-10 * m1) + c->k * (s1 / 0.5 - 1)));
}

/* Rows of an output plane from the column sums; row: sums over the window's rows. */
static void plane(const struct cut *c, const struct sums *col, struct sums *row, int64_t z)
{
    const int64_t n = vn_box_dim(&c->out->box, 0), rx = c->r[0], ry = c->r[1];
    memset(row, 0, (size_t)c->nx * sizeof *row);
    for (int64_t y = 0; y < 2 * ry; y++)
        for (int64_t x = 0; x < c->nx; x++)
            add(&row[x], &col[y * c->nx + x], 1);
    for (int64_t y = 0; y < vn_box_dim(&c->out->box, 1); y++) {
        const int64_t at = vn_buf_at(c->in, c->out->box.lo[0], c->out->box.lo[1] + y, c->out->box.lo[2] + z);
        uint8_t *to = (uint8_t *)c->out->data + vn_buf_at(c->out, c->out->box.lo[0], c->out->box.lo[1] + y, c->out->box.lo[2] + z);
        struct sums w = { 0, 0, 0 };
        for (int64_t x = 0; x < c->nx; x++)
            add(&row[x], &col[(y + 2 * ry) * c->nx + x], 1);
        for (int64_t x = 0; x < 2 * rx; x++)
            add(&w, &row[x], 1);
        for (int64_t x = 0; x < n; x++) {
            const double v = value(c, at + x);
            add(&w, &row[x + 2 * rx], 1);
            to[x] = v >= c->low && w.n > 0 && v >= threshold(c, &w);
            add(&w, &row[x], UINT64_MAX);
        }
        for (int64_t x = 0; x < c->nx; x++)
            add(&row[x], &col[y * c->nx + x], UINT64_MAX);
    }
}

static int slab(void *ctx, int64_t i, struct vn_err *err)
{
    const struct cut *c = ctx;
    const int64_t z0 = i * c->depth, z1 = vn_min64(z0 + c->depth, vn_box_dim(&c->out->box, 2)), r = c->r[2];
    struct sums *col = vn_calloc((uint64_t)(c->nx * c->ny), sizeof *col, err), *row = col ? vn_alloc((uint64_t)c->nx * sizeof *row, err) : NULL;
    for (int64_t z = z0; row && z < z0 + 2 * r; z++)
        column(c, col, z, true);
    for (int64_t z = z0; row && z < z1 && !vn_job_stop(c->job); z++) {
        column(c, col, z + 2 * r, true);
        plane(c, col, row, z);
        column(c, col, z, false);
    }
    vn_free(col);
    vn_free(row);
    return row ? 0 : VN_E_MEMORY;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    const double least = vn_args_real(a, "least"), span = vn_args_real(a, "most") - least;
    struct cut c = {
        .in = in, .out = out, .r = p->halo, .method = (int)vn_args_int(a, "method"), .nx = vn_box_dim(&in->box, 0), .ny = vn_box_dim(&in->box, 1),
        .depth = 2 * (2 * p->halo[2] + 1), .k = vn_args_real(a, "k"), .r_sd = vn_args_has(a, "r") ? vn_args_real(a, "r") : 1,
        .low = vn_args_has(a, "low") ? vn_args_real(a, "low") : -INFINITY, .least = least, .step = vn_args_real(a, "step"),
        .span = span, .job = job,
    };
    return vn_job_for(job, (vn_box_dim(&out->box, 2) + c.depth - 1) / c.depth, slab, &c, err);
}

const struct vn_op vn_op_localcut = { .name = "localcut", .version = 1, .shape = VN_STENCIL, .n_in = 1, .params = vn_threshold_params, .plan = plan,
                                      .prepare = prepare, .cpu = cpu };
