/* op_median.c - median of a box window, exact, by sorting networks over rows.
 *
 * The columns along z of a window are sorted once for the windows of all y that share them, merged along y to sorted
 * planes that the windows of all x share, and the median is chosen from the planes of one window.  Every step is a list of
 * compare-exchanges on rows of voxels: no branch depends on the data, and a vector register holds as many voxels as fit.
 *
 * Merging is Batcher's odd-even merge for any two lengths (Knuth, TAOCP 3, 5.3.4).  Choosing: with n sorted planes of m
 * values, sorting the i-th values of all planes leaves n sorted rows (a row's j-th value is at least (p + 1)(j + 1) - 1 others
 * in row p), which drops most values; the rest is merged, and what the median does not depend on is left out.
 *
 * Voxels are compared as integers of the same order.  NaN counts as larger than +infinity, and -0 as smaller than 0. */
#include <string.h>
#include "filter.h"
#include "mem.h"
#include "op.h"

static const struct vn_param params[] = {
    { "radius", VN_P_LENGTH, VN_REQ, 0, 1e9, .help = "half of the window" },
    { 0 },
};

enum { MAX_R = 3, SIDE = 2 * MAX_R + 1, MAX_WIRE = SIDE * SIDE * SIDE, STRIP = 64, CHUNK = 512, ROW = CHUNK + STRIP, BAND = 32 };

/* ---- networks ---- */

/* lo = min(a, b), hi = max(a, b): byte offsets of wires.  What nobody reads goes to the spare wire, number n_wire. */
struct step { uint32_t a, b, lo, hi; };
struct net { int n_wire, n, room, result; struct step *s; bool failed; };
struct list { int n, w[MAX_WIRE]; };                             /* wires in ascending order of their values */

static void exchange(struct net *t, int a, int b)
{
    if (t->n == t->room && !t->failed) {
        const int room = t->room ? 2 * t->room : 256;
        struct step *s = vn_realloc(t->s, (uint64_t)room * sizeof *s, NULL);
        t->failed = !s;
        t->s = s ? s : t->s;
        t->room = s ? room : t->room;
    }
    if (!t->failed)
        t->s[t->n++] = (struct step) { (uint32_t)a, (uint32_t)b, (uint32_t)a, (uint32_t)b };
}

/* Every second of l from `from` on. */
static void half(const int *l, int n, int from, int *out, int *n_out)
{
    for (*n_out = 0; from < n; from += 2)
        out[(*n_out)++] = l[from];
}

/* out = a and b merged; n of them are returned. */
static int merge(struct net *t, const int *a, int na, const int *b, int nb, int *out)
{
    int part[4][MAX_WIRE / 2 + 1], n[4], v[MAX_WIRE], w[MAX_WIRE], k = 0;

    if (na == 0 || nb == 0) {
        memcpy(out, na ? a : b, (size_t)(na + nb) * sizeof *out);
        return na + nb;
    }
    if (na == 1 && nb == 1) {
        exchange(t, a[0], b[0]);
        out[0] = a[0];
        out[1] = b[0];
        return 2;
    }
    half(a, na, 0, part[0], &n[0]);
    half(b, nb, 0, part[1], &n[1]);
    half(a, na, 1, part[2], &n[2]);
    half(b, nb, 1, part[3], &n[3]);
    const int nv = merge(t, part[0], n[0], part[1], n[1], v), nw = merge(t, part[2], n[2], part[3], n[3], w);
    out[k++] = v[0];
    for (int i = 0; i < nw || i + 1 < nv; i++) {
        if (i < nw && i + 1 < nv)
            exchange(t, w[i], v[i + 1]);
        if (i < nw)
            out[k++] = w[i];
        if (i + 1 < nv)
            out[k++] = v[i + 1];
    }
    return k;
}

/* The lists l[0..n) merged into l[0], the shortest two first. */
static void merge_all(struct net *t, struct list *l, int n)
{
    struct list out;

    for (; n > 1; n--) {
        for (int k = 0; k < 2; k++)                              /* the shortest to the end */
            for (int i = 0; i < n - 1 - k; i++)
                if (l[i].n < l[n - 1 - k].n) {
                    const struct list swap = l[i];
                    l[i] = l[n - 1 - k];
                    l[n - 1 - k] = swap;
                }
        out.n = merge(t, l[n - 2].w, l[n - 2].n, l[n - 1].w, l[n - 1].n, out.w);
        l[n - 2] = out;
    }
}

/* n lists of m wires each, wire p * m + i, every list sorted, or, m = 1, no order: merged into l. */
static void sort_wires(struct net *t, int n, int m, struct list *l)
{
    for (int p = 0; p < n; p++) {
        l[p].n = m;
        for (int i = 0; i < m; i++)
            l[p].w[i] = p * m + i;
    }
    merge_all(t, l, n);
}

/* The median of n sorted lists of m wires; *result is its wire. */
static void choose(struct net *t, int n, int m, struct list *l)
{
    struct list column[SIDE];
    const int rank = (n * m + 1) / 2;                            /* 1-based */
    int below = 0;

    for (int p = 0; p < n; p++)
        l[p].n = 0;
    for (int i = 0; i < m; i++) {
        for (int p = 0; p < n; p++)
            column[p] = (struct list) { 1, { p * m + i } };
        merge_all(t, column, n);
        for (int p = 0; p < n; p++)
            if ((n - p) * (m - i) > rank)                        /* so many are not smaller: below the median, or equal */
                below++;
            else if ((p + 1) * (i + 1) <= rank)
                l[p].w[l[p].n++] = column[0].w[p];
    }
    merge_all(t, l, n);
    t->result = l[0].w[rank - 1 - below];
}

/* Leaves out the steps that the result does not depend on. */
static void prune(struct net *t)
{
    bool need[MAX_WIRE] = { 0 };
    int to = t->n;

    need[t->result] = true;
    for (int k = t->n - 1; k >= 0; k--) {
        struct step s = t->s[k];
        if (!need[s.a] && !need[s.b])
            continue;
        s.lo = need[s.a] ? s.a : (uint32_t)t->n_wire;
        s.hi = need[s.b] ? s.b : (uint32_t)t->n_wire;
        need[s.a] = need[s.b] = true;
        t->s[--to] = s;
    }
    if (to > 0)
        memmove(t->s, t->s + to, (size_t)(t->n - to) * sizeof *t->s);
    t->n -= to;
}

static void to_bytes(struct net *t, uint32_t stride)
{
    for (int k = 0; k < t->n; k++) {
        struct step *s = &t->s[k];
        *s = (struct step) { s->a * stride, s->b * stride, s->lo * stride, s->hi * stride };
    }
}

enum { ALONG_Z, ALONG_Y, ALONG_X };

static int nets_new(struct net t[3], const int64_t r[3], struct vn_err *err)
{
    const int nx = 2 * (int)r[0] + 1, ny = 2 * (int)r[1] + 1, nz = 2 * (int)r[2] + 1;
    struct list *l = vn_alloc(SIDE * sizeof *l, err);

    if (!l)
        return VN_E_MEMORY;
    t[ALONG_Z].n_wire = nz;
    sort_wires(&t[ALONG_Z], nz, 1, l);
    /* Sorted columns lie where their lists say: the y step takes them in that order. */
    struct list column = l[0];
    t[ALONG_Y].n_wire = ny * nz;
    for (int p = 0; p < ny; p++) {
        l[p].n = nz;
        for (int i = 0; i < nz; i++)
            l[p].w[i] = p * nz + column.w[i];
    }
    merge_all(&t[ALONG_Y], l, ny);
    column = l[0];
    t[ALONG_X].n_wire = nx * ny * nz;
    choose(&t[ALONG_X], nx, ny * nz, l);
    vn_free(l);
    /* The same for the x step, whose wire p m + i is the i-th smallest: renumbered to where it lies. */
    for (int k = 0; k < t[ALONG_X].n && !t[ALONG_X].failed; k++) {
        struct step *s = &t[ALONG_X].s[k];
        const int m = ny * nz, a = (int)s->a, b = (int)s->b;
        s->a = s->lo = (uint32_t)(a / m * m + column.w[a % m]);
        s->b = s->hi = (uint32_t)(b / m * m + column.w[b % m]);
    }
    t[ALONG_X].result = t[ALONG_X].result / (ny * nz) * (ny * nz) + column.w[t[ALONG_X].result % (ny * nz)];
    if (t[0].failed || t[1].failed || t[2].failed)
        return vn_fail(err, VN_E_MEMORY, "no memory for the median's networks");
    prune(&t[ALONG_X]);
    to_bytes(&t[ALONG_Z], ROW);
    to_bytes(&t[ALONG_Y], ROW);
    to_bytes(&t[ALONG_X], STRIP);
    return 0;
}

/* ---- rows ---- */

#define RUN(NAME, T)                                                                                       \
    static VN_HOT void NAME(const struct net *t, unsigned char *wires, int n_strip)                        \
    {                                                                                                      \
        for (int strip = 0; strip < n_strip; strip++, wires += STRIP)                                      \
            for (const struct step *s = t->s, *end = s + t->n; s < end; s++) {                             \
                const T *a = (const T *)(wires + s->a), *b = (const T *)(wires + s->b);                    \
                T *lo = (T *)(wires + s->lo), *hi = (T *)(wires + s->hi);                                  \
                _Pragma("GCC ivdep") _Pragma("GCC unroll 1")                                                \
                for (int i = 0; i < (int)(STRIP / sizeof(T)); i++) {                                       \
                    const T x = a[i], y = b[i];                                                            \
                    lo[i] = x < y ? x : y;                                                                 \
                    hi[i] = x < y ? y : x;                                                                 \
                }                                                                                          \
            }                                                                                              \
    }
RUN(run_8, uint8_t)
RUN(run_16, int16_t)
RUN(run_32, int32_t)
RUN(run_64, int64_t)

static void run(const struct net *t, unsigned char *wires, int n_strip, size_t size)
{
    if (size == 1)
        run_8(t, wires, n_strip);
    else if (size == 2)
        run_16(t, wires, n_strip);
    else if (size == 4)
        run_32(t, wires, n_strip);
    else
        run_64(t, wires, n_strip);
}

static inline int32_t flip32(int32_t k) { return k ^ (k >> 31 & INT32_MAX); }
static inline int64_t flip64(int64_t k) { return k ^ (k >> 63 & INT64_MAX); }

#define KEYS(CASE, T, VALUE) case CASE: { T *d = dst; const T *s = src; for (int64_t i = 0; i < n; i++) d[i] = (T)(VALUE); break; }

/* n voxels as integers of the same order: bytes without sign, wider ones with. */
static VN_HOT void to_keys(enum vn_type t, void *restrict dst, const void *restrict src, int64_t n)
{
    switch (t) {
    KEYS(VN_I8, uint8_t, s[i] ^ 0x80u)
    KEYS(VN_U16, uint16_t, s[i] ^ 0x8000u)
    KEYS(VN_U32, uint32_t, s[i] ^ 0x80000000u)
    KEYS(VN_F32, int32_t, flip32((s[i] & INT32_MAX) > 0x7F800000 ? 0x7FC00000 : s[i]))
    KEYS(VN_F64, int64_t, flip64((s[i] & INT64_MAX) > 0x7FF0000000000000 ? 0x7FF8000000000000 : s[i]))
    default: memcpy(dst, src, (size_t)n * vn_type_size(t));
    }
}

static VN_HOT void from_keys(enum vn_type t, void *restrict dst, const void *restrict src, int64_t n)
{
    switch (t) {
    KEYS(VN_I8, uint8_t, s[i] ^ 0x80u)
    KEYS(VN_U16, uint16_t, s[i] ^ 0x8000u)
    KEYS(VN_U32, uint32_t, s[i] ^ 0x80000000u)
    KEYS(VN_F32, int32_t, flip32(s[i]))
    KEYS(VN_F64, int64_t, flip64(s[i]))
    default: memcpy(dst, src, (size_t)n * vn_type_size(t));
    }
}

struct median { const struct vn_buf *in, *out; const struct net *t; int64_t r[3], n_band; };

/* Scratch of one band: columns of ny rows, planes, the wires of one strip. */
struct scratch { unsigned char *columns, *planes, *wires; };

/* Columns along z of row y, voxels x - rx..., sorted into slot y mod ny. */
static void columns(const struct median *m, const struct scratch *s, int64_t x, int64_t y, int64_t z, int64_t n)
{
    const size_t size = vn_type_size(m->in->type);
    const int64_t nz = 2 * m->r[2] + 1, slot = (y - m->in->box.lo[1]) % (2 * m->r[1] + 1);
    unsigned char *to = s->columns + slot * nz * ROW;

    for (int64_t k = 0; k < nz; k++)
        to_keys(m->in->type, to + k * ROW, (const char *)m->in->data + (size_t)vn_buf_at(m->in, x - m->r[0], y, z - m->r[2] + k) * size,
                n + 2 * m->r[0]);
    run(&m->t[ALONG_Z], to, (int)(((size_t)(n + 2 * m->r[0]) * size + STRIP - 1) / STRIP), size);
}

/* n medians from x on, of the row whose columns are there. */
static void medians(const struct median *m, const struct scratch *s, unsigned char *dst, int64_t n)
{
    const size_t size = vn_type_size(m->in->type), bytes = (size_t)n * size;
    const int64_t nx = 2 * m->r[0] + 1, n_list = (2 * m->r[1] + 1) * (2 * m->r[2] + 1);
    const int n_strip = (int)((bytes + 2 * (size_t)m->r[0] * size + STRIP - 1) / STRIP);
    unsigned char result[CHUNK];

    memcpy(s->planes, s->columns, (size_t)n_list * ROW);
    run(&m->t[ALONG_Y], s->planes, n_strip, size);
    for (size_t at = 0; at < bytes; at += STRIP) {
        for (int64_t p = 0; p < nx; p++)
            for (int64_t i = 0; i < n_list; i++)
                memcpy(s->wires + (p * n_list + i) * STRIP, s->planes + i * ROW + at + (size_t)p * size, STRIP);
        run(&m->t[ALONG_X], s->wires, 1, size);
        memcpy(result + at, s->wires + m->t[ALONG_X].result * STRIP, STRIP);
    }
    from_keys(m->out->type, dst, result, n);
}

static int band(void *ctx, int64_t i, struct vn_err *err)
{
    const struct median *m = ctx;
    const struct vn_box *b = &m->out->box;
    const size_t size = vn_type_size(m->in->type), n_row = (size_t)((2 * m->r[1] + 1) * (2 * m->r[2] + 1));
    const int64_t z = b->lo[2] + i / m->n_band, y0 = b->lo[1] + i % m->n_band * BAND, y1 = vn_min64(y0 + BAND, b->hi[1]);
    const int64_t per_chunk = CHUNK / (int64_t)size;
    unsigned char *mem = vn_calloc(1, n_row * 2 * ROW + (MAX_WIRE + 1) * STRIP, err);
    const struct scratch s = { mem, mem + n_row * ROW, mem + 2 * n_row * ROW };

    if (!mem)
        return VN_E_MEMORY;
    for (int64_t x = b->lo[0]; x < b->hi[0]; x += per_chunk) {
        const int64_t n = vn_min64(per_chunk, b->hi[0] - x);
        for (int64_t y = y0 - m->r[1]; y < y1 + m->r[1]; y++) {
            columns(m, &s, x, y, z, n);
            if (y - m->r[1] >= y0)
                medians(m, &s, (unsigned char *)m->out->data + (size_t)vn_buf_at(m->out, x, y - m->r[1], z) * size, n);
        }
    }
    vn_free(mem);
    return 0;
}

/* ---- the operation ---- */

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    (void)region;
    *p = (struct vn_plan) { .pad = VN_PAD_MIRROR, .in_type = { VN_N_TYPE }, .out_type = in[0]->src->type, .out_kind = in[0]->kind,
                            .mem_host = 2.0 * (double)vn_type_size(in[0]->src->type) };
    for (int k = 0; k < 3; k++)
        p->um[k] = in[0]->grid.um[k];
    return vn_radius(a, "radius", p->um, MAX_R, p->halo, err);
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    struct net t[3] = { { 0 } };
    struct median m = { in, out, t, { p->halo[0], p->halo[1], p->halo[2] }, (vn_box_dim(&out->box, 1) + BAND - 1) / BAND };
    int rc = nets_new(t, m.r, err);
    (void)a;

    if (rc == 0)
        rc = vn_job_for(job, m.n_band * vn_box_dim(&out->box, 2), band, &m, err);
    for (int k = 0; k < 3; k++)
        vn_free(t[k].s);
    return rc;
}

const struct vn_op vn_op_median = { "median", 1, VN_STENCIL, 1, params, plan, NULL, cpu, NULL, 0, 0 };
