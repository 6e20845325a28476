/* artifact_lost.c - slices across z whose signal is gone, at most three in a row, and what lies between their neighbours instead.
 *
 * A slice's signal is what stands out of its own mean by more than 4 standard deviations of the background, summed, each voxel up
 * to a limit.  Slices with a fifth of what those within 8 usually have are candidates; then the voxels that stand out to the same
 * side in both slices around a run of them say whether it is gone: the regression of a slice's heights on theirs is a fifth at
 * most.  What ends, begins or is thin does not do that.
 *
 * At the first and the last slice of a volume there is one neighbour only: they are told from it in the same way, but not filled:
 * what it shows may end there as well, and nothing says how it goes on. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "artifact_scan.h"
#include "mem.h"

enum { PATCHES = 8, PATCH = 64, AROUND = 8, LEAST_VOXELS = 12 };
static const double FAR = 4, GONE = 0.2;

const struct vn_artifact *vn_artifact_lost(const struct vn_artifacts *m)
{
    for (int i = 0; i < m->n; i++)
        if (m->item[i].kind == VN_LOST)
            return &m->item[i];
    return NULL;
}

bool vn_artifact_lost_at(const struct vn_artifact *a, int64_t z, int64_t around[2])
{
    int i = 0;

    while (i < a->n_value && (int64_t)a->value[i] < z)
        i++;
    if (i == a->n_value || (int64_t)a->value[i] != z)
        return false;
    around[0] = around[1] = z;
    for (int k = i; k >= 0 && (int64_t)a->value[k] == around[0]; k--)
        around[0]--;
    for (int k = i; k < a->n_value && (int64_t)a->value[k] == around[1]; k++)
        around[1]++;
    return true;
}

void vn_artifact_fetch(const struct vn_artifact *lost, double strength, const struct vn_buf *in, int64_t x, int64_t y, int64_t z, double *v, int64_t n)
{
    enum { PIECE = 128 };
    const int64_t size = (int64_t)vn_type_size(in->type);
    double lo[PIECE], hi[PIECE], whole[PIECE];
    int64_t at[2];

#define ROW(z) ((const char *)in->data + size * vn_buf_at(in, x, y, z))
    vn_convert_row(VN_F64, v, in->type, ROW(z), n);
    if (!lost || !vn_artifact_lost_at(lost, z, at) || at[0] < in->box.lo[2] || at[1] >= in->box.hi[2])
        return;
    const double t = (double)(z - at[0]) / (double)(at[1] - at[0]);
    for (int64_t done = 0; done < n; done += PIECE) {
        const int64_t part = vn_min64(PIECE, n - done);
        vn_convert_row(VN_F64, lo, in->type, ROW(at[0]) + size * done, part);
        vn_convert_row(VN_F64, hi, in->type, ROW(at[1]) + size * done, part);
        for (int64_t i = 0; i < part; i++) {               /* what is no number stays, and is not spread */
            const double was = v[done + i], to = was + strength * (lo[i] + t * (hi[i] - lo[i]) - was);
            lo[i] = to - to == 0 ? to : was;
        }
        vn_convert_row(in->type, whole, VN_F64, lo, part); /* as the voxels would be */
        vn_convert_row(VN_F64, v + done, in->type, whole, part);
    }
#undef ROW
}

/* ---- a volume in which lost slices are filled ---- */

struct filled { struct vn_src s; struct vn_vol *of; struct vn_artifact lost; };

static int filled_read(struct vn_src *s, int level, struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    struct filled *f = (struct filled *)s;
    const struct vn_box *b = &dst->box;
    const int64_t nx = vn_box_dim(b, 0);
    int rc = vn_src_read(f->of->src, level, VN_PAD_EDGE, dst, job, err);
    double *v = rc ? NULL : vn_alloc((uint64_t)nx * sizeof *v, err);

    rc = rc ? rc : v ? 0 : VN_E_MEMORY;
    for (int64_t z = b->lo[2], at[2]; rc == 0 && z < b->hi[2]; z++) {
        struct vn_box run = *b;
        struct vn_buf in = { 0 };
        if (!vn_artifact_lost_at(&f->lost, z, at))
            continue;
        run.lo[2] = at[0];
        run.hi[2] = at[1] + 1;
        rc = vn_vol_map(f->of, dst->type, &run, VN_PAD_EDGE, &in, job, err);
        for (int64_t y = b->lo[1]; rc == 0 && y < b->hi[1]; y++) {
            vn_artifact_fetch(&f->lost, 1, &in, b->lo[0], y, z, v, nx);
            vn_convert_row(dst->type, (char *)dst->data + vn_buf_at(dst, b->lo[0], y, z) * (int64_t)vn_type_size(dst->type), VN_F64, v, nx);
        }
        vn_buf_free(&in);
    }
    vn_free(v);
    return rc;
}

static void filled_free(struct vn_src *s)
{
    struct filled *f = (struct filled *)s;
    vn_vol_unref(f->of);
    vn_free(f->lost.value);
    vn_free(f);
}

struct vn_vol *vn_artifact_filled(struct vn_vol *v, const struct vn_artifact *lost, struct vn_err *err)
{
    static const struct vn_src_ops ops = { filled_read, filled_free };
    struct filled *f = vn_calloc(1, sizeof *f, err);
    double *value = vn_alloc((uint64_t)lost->n_value * sizeof *value, err);

    if (!f || !value) {
        vn_free(f);
        vn_free(value);
        return NULL;
    }
    vn_src_init_over(&f->s, &ops, v);
    f->of = vn_vol_ref(v);
    memcpy(value, lost->value, (size_t)lost->n_value * sizeof *value);
    f->lost = (struct vn_artifact){ .kind = VN_LOST, .axis = 2, .value = value, .n_value = lost->n_value };
    return vn_vol_wrap(v->kind, &f->s, err);
}

/* ---- finding ---- */

struct look {
    const struct vn_artifact_look *l;
    int64_t n, nu, nw;
    double limit;                      /* heights end here */
    double *mean, *count, *signal;     /* [patch][slice]; mean: its sum at first */
    const double *middle;              /* of each slice */
    int *run;                          /* of a slice: its run, from 1 on */
    int (*bound)[2];                   /* of a run: the slices around */
    double *dot, *own, *pairs;         /* [patch][slice]: of heights with the mean of those around, of that with itself, voxels */
};

static struct vn_box patch_box(const struct look *c, int64_t i)
{
    struct vn_box b = c->l->box;
    const int64_t at[2] = { i % c->nu, i / c->nu }, n[2] = { c->nu, c->nw };

    for (int k = 0; k < 2; k++) {
        const int64_t room = vn_box_dim(&c->l->box, k), lo = c->l->box.lo[k] + room * at[k] / n[k], hi = c->l->box.lo[k] + room * (at[k] + 1) / n[k];
        const int64_t cut = vn_max64(0, hi - lo - PATCH);
        b.lo[k] = lo + cut / 2;
        b.hi[k] = hi - (cut - cut / 2);
    }
    return b;
}

static int slice_row(const struct look *c, const struct vn_box *b, int64_t z, float *v, struct vn_err *err)
{
    struct vn_box one = *b;
    struct vn_buf in;
    const int64_t nx = vn_box_dim(b, 0);

    one.lo[2] = c->l->box.lo[2] + z;
    one.hi[2] = one.lo[2] + 1;
    const int rc = vn_vol_map(c->l->v, VN_F32, &one, VN_PAD_EDGE, &in, NULL, err);
    for (int64_t y = one.lo[1]; rc == 0 && y < one.hi[1]; y++)
        memcpy(v + (y - one.lo[1]) * nx, (const float *)in.data + vn_buf_at(&in, one.lo[0], y, one.lo[2]), (size_t)nx * sizeof *v);
    vn_buf_free(&in);
    return rc;
}

static double height(const struct look *c, float v, double middle)
{
    const double d = (double)v - middle;
    return d - d == 0 ? fmax(-c->limit, fmin(c->limit, d)) : 0;
}

/* Sums over rows of up to PATCH voxels, voxel by voxel of the row: of what is a number, and how many are. */
static VN_HOT void mean_row(const float *restrict v, double *restrict sum, double *restrict count, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const bool ok = v[i] - v[i] == 0;
        sum[i] += ok ? (double)v[i] : 0;
        count[i] += ok ? 1 : 0;
    }
}

/* ... of heights over the middle beyond `far`, which end at the limit. */
static VN_HOT void signal_row(const float *restrict v, double middle, double far, double limit, double *restrict sum, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const double d = (double)v[i] - middle, all = fabs(d), size = all < limit ? all : limit;
        const bool is = d - d == 0, stands = size > far;
        sum[i] += (is & stands) ? size : 0;
    }
}

/* Of a patch: means of its slices and how many voxels they are of, or, once these are known, their signal. */
static int patch_slices(const struct look *c, int64_t i, bool signal, struct vn_err *err)
{
    enum { DEEP = 64 };
    const struct vn_box b = patch_box(c, i);
    const int64_t n = vn_box_dim(&b, 0);
    struct vn_box part = b;
    float v[PATCH];
    int rc = 0;

    for (; rc == 0 && part.lo[2] < b.hi[2]; part.lo[2] = part.hi[2]) {
        struct vn_buf in = { 0 };
        part.hi[2] = vn_min64(part.lo[2] + DEEP, b.hi[2]);
        rc = vn_vol_map(c->l->v, c->l->v->src->type, &part, VN_PAD_EDGE, &in, NULL, err);
        for (int64_t z = part.lo[2]; rc == 0 && z < part.hi[2]; z++) {
            const int64_t at = i * c->n + z - b.lo[2];
            double sum[PATCH] = { 0 }, count[PATCH] = { 0 };
            for (int64_t y = b.lo[1]; y < b.hi[1]; y++) {
                vn_convert_row(VN_F32, v, in.type, (const char *)in.data + vn_buf_at(&in, b.lo[0], y, z) * (int64_t)vn_type_size(in.type), n);
                if (signal)
                    signal_row(v, c->middle[z - b.lo[2]], FAR * c->l->spread, c->limit, sum, n);
                else
                    mean_row(v, sum, count, n);
            }
            for (int64_t x = 0; x < n; x++) {
                *(signal ? &c->signal[at] : &c->mean[at]) += sum[x];
                c->count[at] += signal ? 0 : count[x];
            }
        }
        vn_buf_free(&in);
    }
    return rc;
}

static int mean_task(void *ctx, int64_t i, struct vn_err *err) { return patch_slices(ctx, i, false, err); }
static int signal_task(void *ctx, int64_t i, struct vn_err *err) { return patch_slices(ctx, i, true, err); }

static int match_task(void *ctx, int64_t i, struct vn_err *err)
{
    const struct look *c = ctx;
    const struct vn_box b = patch_box(c, i);
    const int64_t n = vn_box_dim(&b, 0) * vn_box_dim(&b, 1);
    const double far = FAR * c->l->spread;
    float *v = vn_alloc(3 * (uint64_t)n * sizeof *v, err);
    int rc = v ? 0 : VN_E_MEMORY;

    for (int64_t z = 0; rc == 0 && z < c->n; z++) {
        if (!c->run[z])
            continue;
        const int *at = c->bound[c->run[z] - 1];
        if ((rc = slice_row(c, &b, z, v, err)) || (rc = slice_row(c, &b, at[0], v + n, err)) || (rc = slice_row(c, &b, at[1], v + 2 * n, err)))
            break;
        for (int64_t k = 0; k < n; k++) {
            const double p = height(c, v[n + k], c->middle[at[0]]), q = height(c, v[2 * n + k], c->middle[at[1]]);
            if (fabs(p) > far && fabs(q) > far && p * q > 0) {
                c->dot[i * c->n + z] += 0.5 * (p + q) * height(c, v[k], c->middle[z]);
                c->own[i * c->n + z] += 0.25 * (p + q) * (p + q);
                c->pairs[i * c->n + z]++;
            }
        }
    }
    vn_free(v);
    return rc;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What the slices within AROUND of z have: their median. */
static double usual(const double *signal, int64_t n, int64_t z)
{
    double v[2 * AROUND];
    int m = 0;

    for (int64_t i = vn_max64(0, z - AROUND); i < vn_min64(n, z + AROUND + 1); i++)
        if (i != z)
            v[m++] = signal[i];
    qsort(v, (size_t)m, sizeof *v, ascending);
    return m ? v[m / 2] : 0;
}

/* Sums over patches of v[patch][slice] into the first patch's. */
static void add_up(double *v, int64_t patches, int64_t n)
{
    for (int64_t i = 1; i < patches; i++)
        for (int64_t z = 0; z < n; z++)
            v[z] += v[i * n + z];
}

/* Runs of candidates with slices on either side; returns how many. */
static int mark_runs(const double *signal, int64_t n, int *run, int (*bound)[2])
{
    int n_run = 0;

    for (int64_t z = 1, end; z < n; z = end + 1) {
        for (end = z; end < n && signal[end] < GONE * usual(signal, n, end); end++)
            ;
        if (end == z || end == n || end - z > VN_MAX_LOST)
            continue;
        if (signal[z - 1] < GONE * usual(signal, n, z - 1))          /* from the first slice on */
            continue;
        const double beside = fmin(signal[z - 1], signal[end]);
        int64_t k = z;
        while (k < end && signal[k] < GONE * beside)
            k++;
        if (k < end)                   /* what shows less and less ends there */
            continue;
        bound[n_run][0] = (int)z - 1;
        bound[n_run++][1] = (int)end;
        for (k = z; k < end; k++)
            run[k] = n_run;
    }
    return n_run;
}

/* Whether what stands out around run i is gone in all of its slices. */
static bool is_gone(const struct look *c, int i)
{
    for (int64_t z = 0; z < c->n; z++)
        if (c->run[z] == i + 1 && (c->pairs[z] < LEAST_VOXELS || fabs(c->dot[z]) > GONE * c->own[z]))
            return false;
    return true;
}

static int add_lost(const struct look *c, int n_run, struct vn_artifacts *m, struct vn_err *err)
{
    const struct vn_artifact_look *l = c->l;
    struct vn_artifact a = { .kind = VN_LOST, .axis = 2, .level = l->level, .noise = l->spread };

    if (!(a.value = vn_alloc((uint64_t)c->n * sizeof *a.value, err)))
        return VN_E_MEMORY;
    for (int i = 0; i < n_run; i++) {
        const bool gone = is_gone(c, i);
        for (int z = c->bound[i][0] + 1; gone && z < c->bound[i][1]; z++)
            a.value[a.n_value++] = (double)(l->box.lo[2] + z);
    }
    if (a.n_value)
        m->item[m->n++] = a;
    else
        vn_free(a.value);
    return 0;
}

static void scan_free(struct look *c)
{
    vn_free(c->mean);
    vn_free(c->run);
    vn_free(c->bound);
}

/* What the slices of l have; to be freed also after failure. */
static int scan(struct look *c, const struct vn_artifact_look *l, struct vn_job *job, struct vn_err *err)
{
    *c = (struct look){ .l = l, .n = vn_box_dim(&l->box, 2), .limit = fmax(l->high - l->level, l->level - l->low) };
    c->nu = vn_max64(1, vn_min64(PATCHES, vn_box_dim(&l->box, 0) / PATCH));
    c->nw = vn_max64(1, vn_min64(PATCHES, vn_box_dim(&l->box, 1) / PATCH));
    const int64_t patches = c->nu * c->nw, all = patches * c->n;
    c->mean = vn_calloc(6 * (uint64_t)all, sizeof *c->mean, err);
    c->run = vn_calloc((uint64_t)c->n, sizeof *c->run, err);
    c->bound = vn_alloc((uint64_t)c->n * sizeof *c->bound, err);
    if (!c->mean || !c->run || !c->bound)
        return VN_E_MEMORY;
    c->count = c->mean + all;
    c->signal = c->mean + 2 * all;
    c->dot = c->mean + 3 * all;
    c->own = c->mean + 4 * all;
    c->pairs = c->mean + 5 * all;
    c->middle = c->mean;
    int rc = vn_job_for_quiet(job, patches, mean_task, c, err);
    if (rc)
        return rc;
    add_up(c->mean, patches, c->n);
    add_up(c->count, patches, c->n);
    for (int64_t z = 0; z < c->n; z++)
        c->mean[z] = c->count[z] > 0 ? c->mean[z] / c->count[z] : l->level;
    rc = vn_job_for_quiet(job, patches, signal_task, c, err);
    add_up(c->signal, patches, c->n);
    return rc;
}

/* Holds the slices of runs against those around. */
static int match(struct look *c, struct vn_job *job, struct vn_err *err)
{
    const int64_t patches = c->nu * c->nw;
    const int rc = vn_job_for_quiet(job, patches, match_task, c, err);
    add_up(c->dot, patches, c->n);
    add_up(c->own, patches, c->n);
    add_up(c->pairs, patches, c->n);
    return rc;
}

enum { LEAST_SLICES = 5 };

int vn_artifact_find_lost(const struct vn_artifact_look *l, struct vn_artifacts *m, struct vn_job *job, struct vn_err *err)
{
    struct look c;

    if (vn_box_dim(&l->box, 2) < LEAST_SLICES || m->n == VN_MAX_ARTIFACTS)
        return 0;
    int rc = scan(&c, l, job, err), n_run = rc ? 0 : mark_runs(c.signal, c.n, c.run, c.bound);
    if (n_run && !(rc = match(&c, job, err)))
        rc = add_lost(&c, n_run, m, err);
    scan_free(&c);
    return rc;
}

/* Candidates from the first slice on, or back from the last; they are held against the one good slice beside them. */
static int64_t mark_end(struct look *c, bool last)
{
    int64_t n = 0;
#define AT(i) (last ? c->n - 1 - (i) : (i))
    while (n < c->n && c->signal[AT(n)] < GONE * usual(c->signal, c->n, AT(n)))
        n++;
    if (n > VN_MAX_LOST)
        return 0;
    for (int64_t i = 0; i < n; i++)
        c->run[AT(i)] = 1;
    c->bound[0][0] = c->bound[0][1] = (int)AT(n);
#undef AT
    return n;
}

int vn_artifact_lost_ends(const struct vn_artifact_look *l, int64_t n[2], struct vn_job *job, struct vn_err *err)
{
    int rc = 0;

    n[0] = n[1] = 0;
    for (int last = 0; rc == 0 && last < 2 && vn_box_dim(&l->box, 2) >= LEAST_SLICES; last++) {
        struct vn_artifact_look part = *l;
        struct look c;
        if (last)
            part.box.lo[2] = vn_max64(part.box.lo[2], part.box.hi[2] - (VN_MAX_LOST + 1 + AROUND));
        else
            part.box.hi[2] = vn_min64(part.box.hi[2], part.box.lo[2] + VN_MAX_LOST + 1 + AROUND);
        rc = scan(&c, &part, job, err);
        n[last] = rc ? 0 : mark_end(&c, last);
        if (n[last] && (rc = match(&c, job, err)) == 0 && !is_gone(&c, 0))
            n[last] = 0;
        scan_free(&c);
    }
    return rc;
}
