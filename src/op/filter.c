/* filter.c - separable filters by rows: the same inner loop serves all axes.  Planes are filtered along x and y while they are
 * in the cache; along z there is only a slab of them. */
#include "filter.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "mem.h"
#include "vox.h"

int vn_gauss_taps(double sigma, struct vn_taps *t, struct vn_err *err)
{
    double w[VN_MAX_RADIUS + 1], sum = 0, rest = 1;

    if (!(sigma >= 0) || ceil(3 * sigma) > VN_MAX_RADIUS)
        return vn_fail(err, VN_E_ARG, "a Gaussian of sigma %g voxels is outside 0..%d", sigma, VN_MAX_RADIUS / 3);
    t->r = (int)ceil(3 * sigma);
    for (int k = t->r; k >= 0; k--) {
        w[k] = k ? vn_exp(-0.5 * k * k / (sigma * sigma)) : 1.0;
        sum += k ? 2 * w[k] : w[k];
    }
    /* What rounding to float leaves over goes to the centre: the taps sum to 1 within half a unit of it. */
    for (int k = t->r; k > 0; k--) {
        t->w[k] = (float)(w[k] / sum);
        rest -= 2.0 * t->w[k];
    }
    t->w[0] = (float)rest;
    return 0;
}

int vn_sigma(const struct vn_args *a, const char *name, int index, const double um[3], double sigma[3], struct vn_err *err)
{
    int rc = 0;
    for (int k = 0; rc == 0 && k < 3; k++)
        rc = vn_args_length_vox(a, name, index, um, k, &sigma[k], err);
    return rc;
}

int vn_radius(const struct vn_args *a, const char *name, const double um[3], int64_t max, int64_t r[3], struct vn_err *err)
{
    bool any = false;

    for (int k = 0; k < 3; k++) {
        double vox;
        int rc = vn_args_length_vox(a, name, 0, um, k, &vox, err);
        if (rc)
            return rc;
        if (!(vox < (double)max + 0.5))
            return vn_fail(err, VN_E_ARG, "%s=%s is %.3g voxels along %c; the largest is %" PRId64, name, vn_arg(a, name)->s, vox, "xyz"[k], max);
        r[k] = (int64_t)floor(vox + 0.5);
        any |= r[k] > 0;
    }
    return any ? 0 : vn_fail(err, VN_E_ARG, "%s=%s is less than half a voxel along every axis: nothing to do", name, vn_arg(a, name)->s);
}

enum { STRIP = 64, BAND = 256 };

/* dst[i] = w[0] row[0][i] + sum over k of w[k] (row[-k][i] + row[k][i]), i < STRIP: a constant count, so that the sums stay
 * in registers; two halves, as gcc unrolls a loop over a single inner one, and then the sums do not. */
static inline void filter_strip(const float *const *row, const struct vn_taps *t, float *dst, int64_t at)
{
    float acc[STRIP];
    const float *s = row[0] + at;

    for (int i = 0; i < STRIP; i++)
        acc[i] = t->w[0] * s[i];
    for (int k = 1; k <= t->r; k++) {
        const float *a = row[-k] + at, *b = row[k] + at, w = t->w[k];
        for (int i = 0; i < STRIP / 2; i++)
            acc[i] += w * (a[i] + b[i]);
        for (int i = STRIP / 2; i < STRIP; i++)
            acc[i] += w * (a[i] + b[i]);
    }
    for (int i = 0; i < STRIP; i++)
        dst[at + i] = vn_one_nan(acc[i]);
}

static VN_HOT void filter_row(const float *const *row, const struct vn_taps *t, float *dst, int64_t n)
{
    for (int64_t i = 0; i + STRIP <= n; i += STRIP)
        filter_strip(row, t, dst, i);
    if (n >= STRIP && n % STRIP) {
        filter_strip(row, t, dst, n - STRIP);                  /* the last strip is full: some voxels twice */
        return;
    }
    for (int64_t i = n - n % STRIP; i < n; i++) {
        float acc = t->w[0] * row[0][i];
        for (int k = 1; k <= t->r; k++)
            acc += t->w[k] * (row[-k][i] + row[k][i]);
        dst[i] = vn_one_nan(acc);
    }
}

/* Planes filtered along x and y lie in a ring: plane z at number (z - lo) mod its planes. */
static float *ring_row(const struct vn_sep *s, int64_t y, int64_t z)
{
    const struct vn_box *b = &s->ring.box;
    return (float *)s->ring.data + vn_buf_at(&s->ring, b->lo[0], y, b->lo[2] + (z - b->lo[2]) % vn_box_dim(b, 2));
}

struct pass { const struct vn_sep *s; const struct vn_buf *out; int64_t z0, n_band; };

/* One band of rows of a plane, along x and y, into the ring. */
static int plane_band(void *ctx, int64_t i, struct vn_err *err)
{
    const struct pass *p = ctx;
    const struct vn_sep *s = p->s;
    const struct vn_box *b = &s->ring.box;
    const int rx = s->t[0].r, ry = s->t[1].r;
    const int64_t z = p->z0 + i / p->n_band, n = vn_box_dim(b, 0), nx = n + 2 * rx;
    const int64_t y0 = b->lo[1] + i % p->n_band * BAND, ny = vn_min64(y0 + BAND, b->hi[1]) - y0;
    const float *row[2 * VN_MAX_RADIUS + 1];
    float *wide = vn_alloc((uint64_t)(nx + n * (ny + 2 * ry)) * sizeof *wide, err), *along_x = wide + nx;

    if (!wide)
        return VN_E_MEMORY;
    for (int64_t y = 0; y < ny + 2 * ry; y++) {
        const float *src = wide;
        const int64_t from = vn_buf_at(s->in, b->lo[0] - rx, y0 - ry + y, z);
        if (s->in->type == VN_F32)
            src = (const float *)s->in->data + from;
        else
            vn_convert_row(VN_F32, wide, s->in->type, (const char *)s->in->data + from * (int64_t)vn_type_size(s->in->type), nx);
        for (int k = 0; k <= 2 * rx; k++)
            row[k] = src + k;
        filter_row(row + rx, &s->t[0], along_x + y * n, n);
    }
    for (int64_t y = 0; y < ny; y++) {
        for (int k = 0; k <= 2 * ry; k++)
            row[k] = along_x + (y + k) * n;
        filter_row(row + ry, &s->t[1], ring_row(s, y0 + y, z), n);
    }
    vn_free(wide);
    return 0;
}

/* One band of rows of the result, along z, from the ring. */
static int result_band(void *ctx, int64_t i, struct vn_err *err)
{
    const struct pass *p = ctx;
    const struct vn_sep *s = p->s;
    const struct vn_box *b = &s->ring.box;
    const int rz = s->t[2].r;
    const int64_t z = p->z0 + i / p->n_band, y0 = b->lo[1] + i % p->n_band * BAND;
    const float *row[2 * VN_MAX_RADIUS + 1];
    (void)err;

    for (int64_t y = y0; y < vn_min64(y0 + BAND, b->hi[1]); y++) {
        for (int k = -rz; k <= rz; k++)
            row[rz + k] = ring_row(s, y, z + k);
        filter_row(row + rz, &s->t[2], (float *)p->out->data + vn_buf_at(p->out, b->lo[0], y, z), vn_box_dim(b, 0));
    }
    return 0;
}

int vn_sep_init(struct vn_sep *s, const struct vn_buf *in, const struct vn_taps *t, const struct vn_box *box, int64_t depth, struct vn_err *err)
{
    struct vn_box ring = *box;

    *s = (struct vn_sep) { .in = in, .t = t, .next = box->lo[2] - t[2].r };
    ring.lo[2] = s->next;
    ring.hi[2] = vn_min64(ring.lo[2] + depth, box->hi[2] - t[2].r) + 2 * t[2].r;
    return vn_buf_new(&s->ring, VN_F32, &ring, err);
}

void vn_sep_free(struct vn_sep *s) { vn_buf_free(&s->ring); }

int vn_sep_next(struct vn_sep *s, const struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    const int64_t end = out->box.hi[2] + s->t[2].r;
    struct pass p = { s, out, s->next, (vn_box_dim(&s->ring.box, 1) + BAND - 1) / BAND };
    int rc = vn_job_for_quiet(job, p.n_band * (end - s->next), plane_band, &p, err);

    s->next = end;
    p.z0 = out->box.lo[2];
    return rc ? rc : vn_job_for_quiet(job, p.n_band * vn_box_dim(&out->box, 2), result_band, &p, err);
}

int vn_filter_sep(const struct vn_buf *in, const struct vn_taps *t, const struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_sep s;
    int rc = vn_sep_init(&s, in, t, &out->box, VN_SEP_DEPTH, err);

    for (int64_t z = out->box.lo[2]; rc == 0 && z < out->box.hi[2]; z += VN_SEP_DEPTH) {
        struct vn_box box = out->box;
        box.lo[2] = z;
        box.hi[2] = vn_min64(z + VN_SEP_DEPTH, out->box.hi[2]);
        const struct vn_buf part = vn_buf_view(out, &box);
        rc = vn_sep_next(&s, &part, job, err);
    }
    vn_sep_free(&s);
    return rc;
}

/* ---- the wide Gaussian ---- */

static int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

int vn_wide_init(struct vn_wide *w, const double sigma[3], struct vn_err *err)
{
    int rc = 0;

    for (int k = 0; rc == 0 && k < 3; k++) {
        if (!(sigma[k] >= 0 && sigma[k] < 1e5))
            return vn_fail(err, VN_E_ARG, "a Gaussian of sigma %g voxels is outside 0..100000", sigma[k]);
        const int64_t f = vn_max64(1, (int64_t)floor(sigma[k] / 3));
        const double s = sigma[k] / (double)f;
        w->f[k] = f;
        rc = vn_gauss_taps(sqrt(f == 1 ? s * s : s * s - 0.25), &w->t[k], err);
        w->halo[k] = (w->t[k].r + 2) * f;
    }
    return rc;
}

struct cells { const struct vn_buf *fine, *coarse; const int64_t *f; vn_row_fn fn; const void *ctx; };

/* One row of voxels into its row of cells; each cell adds its voxels in order of x, y, z. */
static void add_row(const float *v, int64_t f, float *cell, int64_t n_cell)
{
    for (int64_t c = 0; c < n_cell; c++) {
        float sum = cell[c];
        for (int64_t i = 0; i < f; i++)
            sum += v[c * f + i];
        cell[c] = sum;
    }
}

/* Means of the cells of one plane of coarse. */
static int cell_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct cells *c = ctx;
    const struct vn_box *b = &c->coarse->box;
    const int64_t z = b->lo[2] + i, n = vn_box_dim(b, 0), *f = c->f;
    const float scale = 1.0f / (float)(f[0] * f[1] * f[2]);
    float *made = c->fn ? vn_alloc((uint64_t)(n * f[0]) * sizeof *made, err) : NULL;

    if (c->fn && !made)
        return VN_E_MEMORY;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        float *to = (float *)c->coarse->data + vn_buf_at(c->coarse, b->lo[0], y, z);
        memset(to, 0, (size_t)n * sizeof *to);
        for (int64_t dz = 0; dz < f[2]; dz++)
            for (int64_t dy = 0; dy < f[1]; dy++) {
                const float *v = (const float *)c->fine->data + vn_buf_at(c->fine, b->lo[0] * f[0], y * f[1] + dy, z * f[2] + dz);
                if (c->fn)
                    c->fn(c->ctx, v, made, n * f[0]);
                add_row(c->fn ? made : v, f[0], to, n);
            }
        for (int64_t x = 0; x < n; x++)
            to[x] *= scale;
    }
    vn_free(made);
    return 0;
}

/* The cell whose centre is at or below voxel x's centre, and the weight of the next: (x + 0.5) / f - 0.5 in integers. */
static int64_t below(int64_t x, int64_t f, float *frac)
{
    const int64_t u = 2 * x + 1 - f, c = floor_div(u, 2 * f);
    *frac = (float)(u - c * 2 * f) / (float)(2 * f);
    return c;
}

struct spread { const struct vn_buf *coarse, *out; const int64_t *f, *at; const float *frac; };

/* One plane of out: cells interpolated along y and z into a row of cells, then along x. */
static int spread_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct spread *s = ctx;
    const struct vn_box *b = &s->out->box, *cb = &s->coarse->box;
    const int64_t z = b->lo[2] + i, n = vn_box_dim(b, 0), nc = vn_box_dim(cb, 0);
    float fz, fy;
    const int64_t cz = below(z, s->f[2], &fz);
    float *row = vn_alloc((uint64_t)nc * sizeof *row, err);

    if (!row)
        return VN_E_MEMORY;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        const int64_t cy = below(y, s->f[1], &fy);
        const float *a = (const float *)s->coarse->data + vn_buf_at(s->coarse, cb->lo[0], cy, cz);
        const float *c = a + s->coarse->stride[0], *d = a + s->coarse->stride[1], *e = d + s->coarse->stride[0];
        float *to = (float *)s->out->data + vn_buf_at(s->out, b->lo[0], y, z);
        for (int64_t x = 0; x < nc; x++) {
            const float lo = a[x] + (c[x] - a[x]) * fy, hi = d[x] + (e[x] - d[x]) * fy;
            row[x] = lo + (hi - lo) * fz;
        }
        for (int64_t x = 0; x < n; x++) {
            const float *r = row + s->at[x];
            to[x] = r[0] + (r[1] - r[0]) * s->frac[x];
        }
    }
    vn_free(row);
    return 0;
}

int vn_wide_run(const struct vn_buf *in, const struct vn_wide *w, const struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    return vn_wide_of(in, NULL, NULL, w, out, job, err);
}

int vn_wide_of(const struct vn_buf *in, vn_row_fn fn, const void *ctx, const struct vn_wide *w, const struct vn_buf *out,
               struct vn_job *job, struct vn_err *err)
{
    const int64_t reach[3] = { w->t[0].r, w->t[1].r, w->t[2].r }, n = vn_box_dim(&out->box, 0);
    struct vn_buf mean = { 0 }, smooth = { 0 };
    struct vn_box need, grown;
    int64_t *at = vn_alloc((uint64_t)n * sizeof *at, err);
    float *frac = at ? vn_alloc((uint64_t)n * sizeof *frac, err) : NULL, unused;
    int rc = frac ? 0 : VN_E_MEMORY;

    for (int k = 0; k < 3; k++) {
        need.lo[k] = below(out->box.lo[k], w->f[k], &unused);
        need.hi[k] = below(out->box.hi[k] - 1, w->f[k], &unused) + 2;
    }
    grown = vn_box_grow(&need, reach);
    if (rc == 0 && !(rc = vn_buf_new(&mean, VN_F32, &grown, err)) && !(rc = vn_buf_new(&smooth, VN_F32, &need, err))) {
        struct cells c = { in, &mean, w->f, fn, ctx };
        rc = vn_job_for_quiet(job, vn_box_dim(&grown, 2), cell_plane, &c, err);
    }
    if (rc == 0 && !(rc = vn_filter_sep(&mean, w->t, &smooth, job, err))) {
        for (int64_t x = 0; x < n; x++)
            at[x] = below(out->box.lo[0] + x, w->f[0], &frac[x]) - need.lo[0];
        struct spread s = { &smooth, out, w->f, at, frac };
        rc = vn_job_for_quiet(job, vn_box_dim(&out->box, 2), spread_plane, &s, err);
    }
    vn_buf_free(&mean);
    vn_buf_free(&smooth);
    vn_free(at);
    vn_free(frac);
    return rc;
}
