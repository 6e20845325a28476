/* filter.c - separable filters by rows: the same inner loop serves all axes.  Planes are filtered along x and y while they are
 * in the cache; along z there is only a slab of them. */
#include "filter.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "mem.h"
#include "op.h"
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
        const int64_t from = s->read ? 0 : vn_buf_at(s->in, b->lo[0] - rx, y0 - ry + y, z);
        if (s->read)
            s->read(s->ctx, b->lo[0] - rx, y0 - ry + y, z, wide, nx);
        else if (s->in->type == VN_F32)
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

double vn_sep_bytes(const struct vn_taps *t, const struct vn_box *box, int64_t depth)
{
    return vn_mem_counted(4.0 * (double)vn_box_dim(box, 0) * (double)vn_box_dim(box, 1) *
                          (double)(vn_min64(depth, vn_box_dim(box, 2)) + 2 * t[2].r));
}

double vn_sep_work(const struct vn_taps *t, const struct vn_box *box)
{
    const double nx = (double)vn_box_dim(box, 0), ny = (double)vn_box_dim(box, 1), nz = (double)vn_box_dim(box, 2);
    const double bands = ceil(ny / BAND);
    return nx * (ny + bands * 2 * t[1].r) * (nz + 2 * t[2].r) * (t[0].r + 2) + nx * ny * (nz + 2 * t[2].r) * (t[1].r + 2) + nx * ny * nz * (t[2].r + 2);
}

int vn_sep_next(struct vn_sep *s, const struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    const int64_t end = out->box.hi[2] + s->t[2].r;
    struct pass p = { s, out, s->next, (vn_box_dim(&s->ring.box, 1) + BAND - 1) / BAND };
    int rc = vn_job_for_quiet(job, p.n_band * (end - s->next), plane_band, &p, err);

    s->next = end;
    p.z0 = out->box.lo[2];
    return rc ? rc : vn_job_for_quiet(job, p.n_band * vn_box_dim(&out->box, 2), result_band, &p, err);
}

static int filter(const struct vn_buf *in, vn_read_fn read, const void *ctx, const struct vn_taps *t, const struct vn_buf *out,
                  struct vn_job *job, struct vn_err *err)
{
    struct vn_sep s;
    int rc = vn_sep_init(&s, in, t, &out->box, VN_SEP_DEPTH, err);

    s.read = read;
    s.ctx = ctx;
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

int vn_filter_sep(const struct vn_buf *in, const struct vn_taps *t, const struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    return filter(in, NULL, NULL, t, out, job, err);
}

int vn_filter_sep_of(vn_read_fn read, const void *ctx, const struct vn_taps *t, const struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    return filter(NULL, read, ctx, t, out, job, err);
}

/* From near to far, so that what is folded more than once is one period away from what is there already. */
void vn_mirror_row(float *row, int64_t n, int64_t lo, int64_t hi)
{
    const int64_t period = 2 * (hi - lo);
    for (int64_t x = lo - 1; x >= 0; x--)
        row[x] = row[2 * lo - 1 - x < hi ? 2 * lo - 1 - x : x + period];
    for (int64_t x = hi; x < n; x++)
        row[x] = row[2 * hi - 1 - x >= lo ? 2 * hi - 1 - x : x - period];
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

enum { CELL_BAND = 8 };
struct cells { struct vn_field *f; vn_fill_fn fill; const void *ctx; int spare; int64_t n_band; };

/* One row of voxels into its row of cells; each cell adds its voxels in order of x, y, z. */
static VN_HOT void add_row(const float *restrict v, int64_t f, float *restrict cell, int64_t n_cell)
{
    if (f == 1)
        for (int64_t c = 0; c < n_cell; c++)
            cell[c] += v[c];
    else if (f == 2)
        for (int64_t c = 0; c < n_cell; c++)
            cell[c] = cell[c] + v[2 * c] + v[2 * c + 1];
    else if (f == 3)
        for (int64_t c = 0; c < n_cell; c++)
            cell[c] = cell[c] + v[3 * c] + v[3 * c + 1] + v[3 * c + 2];
    else
        for (int64_t c = 0; c < n_cell; c++) {
            float sum = cell[c];
            for (int64_t i = 0; i < f; i++)
                sum += v[c * f + i];
            cell[c] = sum;
        }
}

/* Means of the cells of a band of rows of cells. */
static int cell_band(void *ctx, int64_t i, struct vn_err *err)
{
    const struct cells *c = ctx;
    const struct vn_field *f = c->f;
    const struct vn_box *b = &f->cell[0].box;
    const int64_t z = b->lo[2] + i / c->n_band, y0 = b->lo[1] + i % c->n_band * CELL_BAND, n = vn_box_dim(b, 0), *w = f->w.f;
    const int64_t wide = n * w[0];
    const float scale = 1.0f / (float)(w[0] * w[1] * w[2]);
    float *row[2 * VN_FIELD_MAX], *to[VN_FIELD_MAX], *made = vn_alloc((uint64_t)((f->n + c->spare) * (wide + 2)) * sizeof *made, err);

    if (!made)
        return VN_E_MEMORY;
    for (int k = 0; k < f->n + c->spare; k++)
        row[k] = made + k * (wide + 2);
    for (int64_t y = y0; y < vn_min64(y0 + CELL_BAND, b->hi[1]); y++) {
        for (int k = 0; k < f->n; k++) {
            to[k] = (float *)f->cell[k].data + vn_buf_at(&f->cell[k], b->lo[0], y, z);
            memset(to[k], 0, (size_t)n * sizeof *to[k]);
        }
        for (int64_t dz = 0; dz < w[2]; dz++)
            for (int64_t dy = 0; dy < w[1]; dy++) {
                c->fill(c->ctx, b->lo[0] * w[0], y * w[1] + dy, z * w[2] + dz, row, wide);
                for (int k = 0; k < f->n; k++)
                    add_row(row[k], w[0], to[k], n);
            }
        for (int k = 0; k < f->n; k++)
            for (int64_t x = 0; x < n; x++)
                to[k][x] *= scale;
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

int vn_field_plan(const struct vn_args *a, const struct vn_vol *v, int n, struct vn_plan *p, struct vn_err *err)
{
    double sigma[3];
    struct vn_wide w;
    int rc = vn_sigma(a, "sigma", 0, v->grid.um, sigma, err);

    *p = (struct vn_plan) { .pad = VN_PAD_MIRROR, .in_type = { VN_F32 }, .out_type = VN_F32, .out_kind = VN_IMAGE, .mem_host = 8 };
    if (rc || (rc = vn_wide_init(&w, sigma, err)))
        return rc;
    for (int k = 0; k < 3; k++) {
        p->halo[k] = w.halo[k];
        p->um[k] = v->grid.um[k];
    }
    p->mem_host += 8.0 * n / (double)(w.f[0] * w.f[1] * w.f[2]);      /* cells, and their means */
    return 0;
}

/* The cells that rows of box are interpolated from. */
struct vn_box vn_field_cells(const struct vn_wide *w, const struct vn_box *box)
{
    struct vn_box need;
    float unused;
    for (int k = 0; k < 3; k++) {
        need.lo[k] = below(box->lo[k], w->f[k], &unused);
        need.hi[k] = below(box->hi[k] - 1, w->f[k], &unused) + 2;
    }
    return need;
}

void vn_field_bytes(const struct vn_wide *w, const struct vn_box *box, int n, double *stay, double *peak, double *filled)
{
    const int64_t reach[3] = { w->t[0].r, w->t[1].r, w->t[2].r };
    const struct vn_box need = vn_field_cells(w, box), grown = vn_box_grow(&need, reach);
    const double means = vn_mem_counted(4.0 * (double)vn_box_count(&need)), cells = vn_mem_counted(4.0 * (double)vn_box_count(&grown));

    *stay = n * means;
    *peak = n * cells + means + vn_sep_bytes(w->t, &need, VN_SEP_DEPTH);
    *filled = (double)vn_box_count(&grown) * (double)(w->f[0] * w->f[1] * w->f[2]);
}

int vn_field_init(struct vn_field *f, const struct vn_wide *w, const struct vn_box *box, int n, int spare, vn_fill_fn fill, const void *ctx,
                  struct vn_job *job, struct vn_err *err)
{
    const int64_t reach[3] = { w->t[0].r, w->t[1].r, w->t[2].r }, wide = vn_box_dim(box, 0);
    struct vn_box need, grown;
    int rc = 0;

    *f = (struct vn_field) { .w = *w, .n = n, .x0 = box->lo[0], .at = vn_alloc((uint64_t)wide * sizeof *f->at, err) };
    f->frac = f->at ? vn_alloc((uint64_t)wide * sizeof *f->frac, err) : NULL;
    if (!f->frac)
        return VN_E_MEMORY;
    need = vn_field_cells(w, box);
    for (int64_t x = 0; x < wide; x++)
        f->at[x] = (int32_t)(below(box->lo[0] + x, w->f[0], &f->frac[x]) - need.lo[0]);
    grown = vn_box_grow(&need, reach);
    for (int i = 0; rc == 0 && i < n; i++)
        rc = vn_buf_new(&f->cell[i], VN_F32, &grown, err);
    if (rc == 0) {
        struct cells c = { f, fill, ctx, spare, (vn_box_dim(&grown, 1) + CELL_BAND - 1) / CELL_BAND };
        rc = vn_job_for_quiet(job, c.n_band * vn_box_dim(&grown, 2), cell_band, &c, err);
    }
    for (int i = 0; rc == 0 && i < n; i++) {
        struct vn_buf smooth = { 0 };
        if (!(rc = vn_buf_new(&smooth, VN_F32, &need, err)))
            rc = vn_filter_sep(&f->cell[i], w->t, &smooth, job, err);
        vn_buf_free(&f->cell[i]);
        f->cell[i] = smooth;
    }
    return rc;
}

void vn_field_free(struct vn_field *f)
{
    for (int i = 0; i < f->n; i++)
        vn_buf_free(&f->cell[i]);
    vn_free(f->at);
    vn_free(f->frac);
    *f = (struct vn_field) { .n = 0 };
}

/* Cells interpolated along y and z into a row of cells. */
static VN_HOT void between(const float *a, const float *c, const float *d, const float *e, float fy, float fz, float *restrict row, int64_t n)
{
    for (int64_t x = 0; x < n; x++) {
        const float lo = a[x] + (c[x] - a[x]) * fy, hi = d[x] + (e[x] - d[x]) * fy;
        row[x] = lo + (hi - lo) * fz;
    }
}

static VN_HOT void along(const float *row, const int32_t *at, const float *frac, float *restrict out, int64_t n)
{
    for (int64_t x = 0; x < n; x++) {
        const float *r = row + at[x];
        out[x] = r[0] + (r[1] - r[0]) * frac[x];
    }
}

void vn_field_row(const struct vn_field *f, int i, int64_t x, int64_t y, int64_t z, float *out, float *spare, int64_t n)
{
    const struct vn_buf *b = &f->cell[i];
    const int32_t *at = f->at + (x - f->x0);
    float fy, fz;
    const int64_t cz = below(z, f->w.f[2], &fz), cy = below(y, f->w.f[1], &fy);
    const float *a = (const float *)b->data + vn_buf_at(b, b->box.lo[0] + at[0], cy, cz), *d = a + b->stride[1];

    between(a, a + b->stride[0], d, d + b->stride[0], fy, fz, spare, at[n - 1] - at[0] + 2);
    along(spare - at[0], at, f->frac + (x - f->x0), out, n);
}

struct whole { const struct vn_buf *in, *out; const struct vn_field *f; };

static void copy_row(const void *ctx, int64_t x, int64_t y, int64_t z, float *const *row, int64_t n)
{
    const struct vn_buf *in = ctx;
    memcpy(row[0], (const float *)in->data + vn_buf_at(in, x, y, z), (size_t)n * sizeof(float));
}

static int spread_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct whole *s = ctx;
    const struct vn_box *b = &s->out->box;
    const int64_t z = b->lo[2] + i, n = vn_box_dim(b, 0);
    float *spare = vn_alloc((uint64_t)(n + 2) * sizeof *spare, err);

    if (!spare)
        return VN_E_MEMORY;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
        vn_field_row(s->f, 0, b->lo[0], y, z, (float *)s->out->data + vn_buf_at(s->out, b->lo[0], y, z), spare, n);
    vn_free(spare);
    return 0;
}

int vn_wide_run(const struct vn_buf *in, const struct vn_wide *w, const struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_field f;
    struct whole s = { in, out, &f };
    int rc = vn_field_init(&f, w, &out->box, 1, 0, copy_row, in, job, err);

    rc = rc ? rc : vn_job_for_quiet(job, vn_box_dim(&out->box, 2), spread_plane, &s, err);
    vn_field_free(&f);
    return rc;
}
