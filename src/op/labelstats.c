/* labelstats.c - label volumes measured slab by slab: runs of one label are found and summed in parallel, blocks of rows at a
 * time, and added to their labels in raster order. */
#include "labelstats.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "mem.h"

enum { SLAB_BYTES = 48 << 20, ROWS = 64, DIM_MAX = 1 << 20 };
typedef unsigned __int128 wide;

struct run { uint32_t label, x0, x1, y, z; struct grey { uint64_t n; double mean, m2, sum, min, max; } g; };
struct block { struct run *run; uint64_t n, cap; };      /* up to ROWS rows of a plane */

struct entry {                      /* sums over voxels, counted from box.lo */
    uint32_t label;
    uint64_t voxels, lo[3], hi[3], s[3];
    wide ss[6];                     /* xx yy zz xy xz yz */
    struct grey g;
};

struct work {
    bool binary;                    /* a mask: every voxel is label 1 */
    struct vn_box box;
    const struct vn_buf *labels, *grey;      /* the slab; grey NULL: none */
    struct block *block;
    int64_t per_plane;               /* blocks */
    struct entry *entry; uint32_t count; uint64_t cap;
    uint32_t *slot; uint64_t n_slot;         /* open addressing: entry + 1, 0 free */
};

/* ---- runs of a block ---- */

static void grey_run(const double *v, int64_t n, struct grey *out)
{
    struct grey g = { .min = INFINITY, .max = -INFINITY };
    for (int64_t i = 0; i < n; i++)
        if (isfinite(v[i])) {
            g.n++;
            g.sum += v[i];
            g.min = v[i] < g.min ? v[i] : g.min;
            g.max = v[i] > g.max ? v[i] : g.max;
        }
    g.mean = g.n ? g.sum / (double)g.n : 0;
    for (int64_t i = 0; i < n; i++)
        if (isfinite(v[i]))
            g.m2 += (v[i] - g.mean) * (v[i] - g.mean);
    *out = g;
}

static int add_run(struct block *p, const struct run *r, struct vn_err *err)
{
    if (p->n == p->cap) {
        const uint64_t cap = p->cap ? p->cap * 2 : 256;
        struct run *more = vn_realloc(p->run, cap * sizeof *more, err);
        if (!more)
            return VN_E_MEMORY;
        p->run = more;
        p->cap = cap;
    }
    p->run[p->n++] = *r;
    return 0;
}

static int find_runs(void *ctx, int64_t k, struct vn_err *err)
{
    const struct work *w = ctx;
    const struct vn_buf *b = w->labels;
    struct block *p = &w->block[k];
    const int64_t i = k / w->per_plane, from = k % w->per_plane * ROWS;
    const int64_t nx = vn_box_dim(&b->box, 0), to = vn_min64(from + ROWS, vn_box_dim(&b->box, 1));
    const uint32_t z = (uint32_t)(b->box.lo[2] - w->box.lo[2] + i);
    int rc = 0;
    p->n = 0;
    for (int64_t y = from; !rc && y < to; y++) {
        const uint32_t *row = (const uint32_t *)b->data + i * b->stride[1] + y * b->stride[0];
        const double *grey = w->grey ? (const double *)w->grey->data + i * w->grey->stride[1] + y * w->grey->stride[0] : NULL;
        for (int64_t x = 0, x0; !rc && x < nx; x++) {
            if (!row[x])
                continue;
            for (x0 = x; x + 1 < nx && (w->binary ? row[x + 1] != 0 : row[x + 1] == row[x0]); x++)
                ;
            struct run r = { .label = w->binary ? 1 : row[x0], .x0 = (uint32_t)x0, .x1 = (uint32_t)(x + 1), .y = (uint32_t)y, .z = z };
            if (grey)
                grey_run(grey + x0, x + 1 - x0, &r.g);
            rc = add_run(p, &r, err);
        }
    }
    return rc;
}

/* ---- labels ---- */

static uint64_t slot_of(const struct work *w, uint32_t label)
{
    uint64_t i = label * 0x9e3779b97f4a7c15ULL >> 20 & (w->n_slot - 1);
    while (w->slot[i] && w->entry[w->slot[i] - 1].label != label)
        i = (i + 1) & (w->n_slot - 1);
    return i;
}

static int grow(struct work *w, struct vn_err *err)
{
    const uint64_t n = w->n_slot ? w->n_slot * 2 : 1024;
    struct entry *e = vn_realloc(w->entry, n / 2 * sizeof *e, err);
    if (!e)
        return VN_E_MEMORY;
    w->entry = e;
    uint32_t *slot = vn_calloc(n, sizeof *slot, err);
    if (!slot)
        return VN_E_MEMORY;
    vn_free(w->slot);
    w->slot = slot;
    w->n_slot = n;
    w->cap = n / 2;
    for (uint32_t i = 0; i < w->count; i++)
        w->slot[slot_of(w, w->entry[i].label)] = i + 1;
    return 0;
}

static struct entry *entry_of(struct work *w, uint32_t label, struct vn_err *err)
{
    uint64_t i = w->n_slot ? slot_of(w, label) : 0;
    if (w->n_slot && w->slot[i])
        return &w->entry[w->slot[i] - 1];
    if (w->count == w->cap) {
        if (grow(w, err))
            return NULL;
        i = slot_of(w, label);
    }
    w->entry[w->count] = (struct entry){ .label = label, .lo = { UINT64_MAX, UINT64_MAX, UINT64_MAX }, .g = { .min = INFINITY, .max = -INFINITY } };
    w->slot[i] = ++w->count;
    return &w->entry[w->count - 1];
}

static void join_grey(struct grey *a, const struct grey *b)
{
    if (b->n == 0)
        return;
    const double na = (double)a->n, nb = (double)b->n, d = b->mean - a->mean;
    a->n += b->n;
    a->sum += b->sum;
    a->mean += d * (nb / (na + nb));
    a->m2 += b->m2 + d * d * (na * nb / (na + nb));
    a->min = b->min < a->min ? b->min : a->min;
    a->max = b->max > a->max ? b->max : a->max;
}

static void add_to(struct entry *e, const struct run *r)
{
    const uint64_t a = r->x0, b = r->x1, n = b - a, y = r->y, z = r->z;
    const uint64_t lo[3] = { a, y, z }, hi[3] = { b, y + 1, z + 1 };
    const uint64_t sx = (a + b - 1) * n / 2;
    for (int k = 0; k < 3; k++) {
        e->lo[k] = lo[k] < e->lo[k] ? lo[k] : e->lo[k];
        e->hi[k] = hi[k] > e->hi[k] ? hi[k] : e->hi[k];
    }
    e->voxels += n;
    e->s[0] += sx;
    e->s[1] += y * n;
    e->s[2] += z * n;
    e->ss[0] += (wide)(b - 1) * b * (2 * b - 1) / 6 - (a ? (wide)(a - 1) * a * (2 * a - 1) / 6 : 0);
    e->ss[1] += (wide)y * y * n;
    e->ss[2] += (wide)z * z * n;
    e->ss[3] += (wide)sx * y;
    e->ss[4] += (wide)sx * z;
    e->ss[5] += (wide)y * z * n;
    join_grey(&e->g, &r->g);
}

static int add_slab(struct work *w, struct vn_job *job, struct vn_err *err)
{
    struct entry *e = NULL;
    int rc = 0;
    for (int64_t i = 0; !rc && i < vn_box_dim(&w->labels->box, 2) * w->per_plane; i++) {
        for (uint64_t k = 0; k < w->block[i].n; k++) {
            const struct run *r = &w->block[i].run[k];
            if ((!e || e->label != r->label) && !(e = entry_of(w, r->label, err)))
                return VN_E_MEMORY;
            add_to(e, r);
        }
        rc = vn_job_check(job, err);
    }
    return rc;
}

/* ---- results ---- */

/* Eigenvalues of a symmetric matrix, largest first (Jacobi 1846, cyclic). */
static void eigenvalues(double m[3][3], double out[3])
{
    static const int pair[3][2] = { { 0, 1 }, { 0, 2 }, { 1, 2 } };
    for (int sweep = 0; sweep < 50; sweep++) {
        if (m[0][1] == 0 && m[0][2] == 0 && m[1][2] == 0)
            break;
        for (int k = 0; k < 3; k++) {
            const int p = pair[k][0], q = pair[k][1], r = 3 - p - q;
            if (m[p][q] == 0)
                continue;
            const double theta = (m[q][q] - m[p][p]) / (2 * m[p][q]);
            const double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
            const double c = 1 / sqrt(t * t + 1), s = t * c, rp = m[r][p], rq = m[r][q];
            m[p][p] -= t * m[p][q];
            m[q][q] += t * m[p][q];
            m[p][q] = m[q][p] = 0;
            m[r][p] = m[p][r] = c * rp - s * rq;
            m[r][q] = m[q][r] = s * rp + c * rq;
        }
    }
    for (int i = 0; i < 3; i++)
        out[i] = m[i][i] > 0 ? m[i][i] : 0;
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 2 - i; k++)
            if (out[k] < out[k + 1]) {
                const double v = out[k];
                out[k] = out[k + 1];
                out[k + 1] = v;
            }
}

static void finish(const struct work *w, const double um[3], const struct entry *e, struct vn_label_stat *out)
{
    static const int of[6][2] = { { 0, 0 }, { 1, 1 }, { 2, 2 }, { 0, 1 }, { 0, 2 }, { 1, 2 } };
    /* variance of a solid stretch, ellipse, ellipsoid of full axis L: L^2 / 12, 16, 20 */
    static const double factor[4] = { 0, 12, 16, 20 };
    const double n = (double)e->voxels;
    struct vn_label_stat s = { .label = e->label, .voxels = e->voxels, .n = e->g.n };
    double m[3][3];
    int dims = 0;

    for (int k = 0; k < 3; k++) {
        s.lo[k] = w->box.lo[k] + (int64_t)e->lo[k];
        s.hi[k] = w->box.lo[k] + (int64_t)e->hi[k];
        s.centre[k] = (double)w->box.lo[k] + (double)e->s[k] / n;
        dims += vn_box_dim(&w->box, k) > 1;
    }
    for (int k = 0; k < 6; k++) {                        /* n^2 times the covariance: whole numbers below 2^127 */
        const int i = of[k][0], j = of[k][1];
        const __int128 c = (__int128)(e->ss[k] * e->voxels) - (__int128)((wide)e->s[i] * e->s[j]);
        m[i][j] = m[j][i] = (double)c / n / n * (um[i] * um[j]);
    }
    eigenvalues(m, s.axis);
    for (int k = 0; k < 3; k++)
        s.axis[k] = sqrt(factor[dims] * s.axis[k]);
    s.sum = e->g.n ? e->g.sum : NAN;
    s.mean = e->g.n ? e->g.sum / (double)e->g.n : NAN;
    s.sd = e->g.n ? sqrt(e->g.m2 / (double)e->g.n) : NAN;
    s.min = e->g.n ? e->g.min : NAN;
    s.max = e->g.n ? e->g.max : NAN;
    *out = s;
}

static int by_label(const void *a, const void *b)
{
    const uint32_t x = ((const struct vn_label_stat *)a)->label, y = ((const struct vn_label_stat *)b)->label;
    return x < y ? -1 : x > y;
}

static int read_slabs(struct work *w, struct vn_vol *labels, struct vn_vol *image, struct vn_job *job, struct vn_err *err)
{
    const int64_t area = vn_box_dim(&w->box, 0) * vn_box_dim(&w->box, 1), nz = vn_box_dim(&w->box, 2);
    const int64_t depth = vn_min64(nz, vn_max64(1, SLAB_BYTES / 12 / area));
    int rc = 0;
    w->per_plane = (vn_box_dim(&w->box, 1) + ROWS - 1) / ROWS;
    if (!(w->block = vn_calloc((uint64_t)(depth * w->per_plane), sizeof *w->block, err)))
        return VN_E_MEMORY;
    for (int64_t z = w->box.lo[2]; !rc && z < w->box.hi[2]; z += depth) {
        struct vn_box part = w->box;
        struct vn_buf slab = { 0 }, grey = { 0 };
        part.lo[2] = z;
        part.hi[2] = vn_min64(z + depth, w->box.hi[2]);
        rc = vn_vol_map(labels, VN_U32, &part, VN_PAD_ZERO, &slab, job, err);
        if (!rc && image)
            rc = vn_vol_map(image, VN_F64, &part, VN_PAD_ZERO, &grey, job, err);
        w->labels = &slab;
        w->grey = image ? &grey : NULL;
        if (!rc)
            rc = vn_job_for_quiet(job, vn_box_dim(&part, 2) * w->per_plane, find_runs, w, err);
        if (!rc)
            rc = add_slab(w, job, err);
        vn_buf_free(&slab);
        vn_buf_free(&grey);
        vn_job_step(job, (uint64_t)(part.hi[2] - w->box.lo[2]), (uint64_t)nz);
    }
    for (int64_t i = 0; i < depth * w->per_plane; i++)
        vn_free(w->block[i].run);
    vn_free(w->block);
    return rc;
}

int vn_label_stats(struct vn_vol *labels, struct vn_vol *image, const struct vn_box *box, struct vn_label_stats *out, struct vn_job *job, struct vn_err *err)
{
    const double *g = labels->grid.um;
    const bool known = vn_um_known(&labels->grid);
    const double um[3] = { known ? g[0] : 1, known ? g[1] : 1, known ? g[2] : 1 };
    struct work w = { .binary = labels->kind != VN_LABELS, .box = *box };
    int rc;

    for (int k = 0; k < 3; k++)
        if (vn_box_dim(box, k) > DIM_MAX)
            return vn_fail(err, VN_E_UNSUPPORTED, "labels are measured in regions of up to %d voxels along an axis, not %lld; choose a smaller roi",
                           DIM_MAX, (long long)vn_box_dim(box, k));
    rc = read_slabs(&w, labels, image, job, err);
    if (!rc && !(out->of = vn_alloc((uint64_t)w.count * sizeof *out->of, err)))
        rc = VN_E_MEMORY;
    if (!rc) {
        out->count = w.count;
        for (uint32_t i = 0; i < w.count; i++)
            finish(&w, um, &w.entry[i], &out->of[i]);
        if (w.count)
            qsort(out->of, w.count, sizeof *out->of, by_label);
    }
    vn_free(w.entry);
    vn_free(w.slot);
    return rc;
}

void vn_label_stats_free(struct vn_label_stats *s)
{
    vn_free(s->of);
    *s = (struct vn_label_stats){ 0 };
}
