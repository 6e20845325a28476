/* artifact_columns.c - columns across an axis: up to 8 x 8 patches, spread evenly, of which each voxel of the axis gets the mean height
 * over the background of what is within 2.5 standard deviations of the patch's median, so that vessels do not count, and the mean
 * rise to the next voxel of those that count in both; and lines through such numbers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "artifact_columns.h"
#include "mem.h"

enum { BINS = 64, EVERY = 4 };         /* of heights, for medians; rows and planes for a column's */
static const double NEAR = 2.5;        /* standard deviations */

static double ratio(double a, double b) { return b > 0 ? a / b : 0; }

/* Sums of 3 x 3 voxels of a plane, over how many lie in it. */
static VN_HOT void mean_plane(const float *restrict h, int64_t nx, int64_t ny, float *restrict wide, float *restrict out)
{
    for (int64_t y = 0; y < ny; y++) {
        const float *v = h + y * nx, *up = y ? v - nx : v, *down = y + 1 < ny ? v + nx : v;
        for (int64_t x = 0; x < nx; x++)
            wide[x] = (up[x] + down[x]) + v[x];
        for (int64_t x = 0; x < nx; x++)
            out[y * nx + x] = ((x ? wide[x - 1] : wide[x]) + (x + 1 < nx ? wide[x + 1] : wide[x]) + wide[x]) / 9;
    }
}

/* Which voxels of a plane count; the means of the planes before, of it and after. */
static VN_HOT void choose(const struct vn_columns *c, const float *h, const float *a, const float *b, const float *d, int64_t n, bool *ok,
                          struct vn_within *in)
{
    for (int64_t i = 0; i < n; i++) {
        const double mean = ((double)a[i] + (double)d[i] + (double)b[i]) / 3 - c->far.middle;
        ok[i] = fabs((double)h[i] - c->far.middle) <= c->far.near && fabs(mean) <= c->far.local;
        in->l2 += ok[i] ? mean * mean : 0;
        in->nl += ok[i];
    }
}

struct tally { double *p, *count, *square, *q, *rises; };  /* of each slice */

/* Rises from a row to the next. */
static void rise_row(const struct vn_columns *c, const float *a, const bool *ok_a, const float *b, const bool *ok_b, int64_t n, bool along,
                     struct tally *t, int64_t at, struct vn_within *in)
{
    for (int64_t x = 0; x < n; x++) {
        const double d = (double)b[x] - (double)a[x], w = fabs(d) <= c->far.rise && ok_a[x] && ok_b[x];
        t->q[at + (along ? x : 0)] += w * d;
        t->rises[at + (along ? x : 0)] += w;
        in->d2 += w * d * d;
        in->nd += w;
    }
}

static void tally_row(const float *v, const bool *ok, int64_t n, bool along, struct tally *t, int64_t at)
{
    for (int64_t x = 0; x < n; x++) {
        const double d = (double)v[x], w = ok[x];
        const int64_t k = at + (along ? x : 0);
        t->p[k] += w * d;
        t->count[k] += w;
        t->square[k] += w * d * d;
    }
}

/* A plane's rows; before: the plane before it, or NULL. */
static void tally_plane(const struct vn_columns *c, const struct vn_box *b, int64_t z, const float *h, const bool *ok, const float *before,
                        const bool *ok_before, struct tally *t, struct vn_within *in)
{
    const int64_t nx = vn_box_dim(b, 0), ny = vn_box_dim(b, 1);

    for (int64_t y = 0, i = 0; y < ny; y++, i += nx) {
        const int64_t at = c->axis == 0 ? 0 : c->axis == 1 ? y : z;
        tally_row(h + i, ok + i, nx, c->axis == 0, t, at);
        if (t->q && c->axis == 0)
            rise_row(c, h + i, ok + i, h + i + 1, ok + i + 1, nx - 1, true, t, 0, in);
        else if (t->q && c->axis == 1 && y)
            rise_row(c, h + i - nx, ok + i - nx, h + i, ok + i, nx, false, t, y - 1, in);
        else if (t->q && c->axis == 2 && before)
            rise_row(c, before + i, ok_before + i, h + i, ok + i, nx, false, t, z - 1, in);
    }
}

/* The median height of each slice, 0 inside a vessel.  room: BINS n numbers. */
static void middles(const struct vn_columns *c, const struct vn_box *b, const struct vn_buf *in, float *h, double *spare, int32_t *room, double *centre)
{
    const int64_t nx = vn_box_dim(b, 0), n = vn_box_dim(b, c->axis);
    const double low = (double)c->s->low, bin = ((double)c->s->high - low) / BINS;

    memset(room, 0, (size_t)(BINS * n) * sizeof *room);
    for (int64_t z = b->lo[2]; z < b->hi[2]; z++)
        for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
            const int64_t at = c->axis == 1 ? y - b->lo[1] : z - b->lo[2];
            vn_ascan_heights(c->s, in, b->lo[0], y, z, h, spare, nx);
            for (int64_t x = 0; x < nx; x++)
                room[BINS * (c->axis ? at : x) + vn_min64(BINS - 1, (int64_t)(((double)h[x] - low) / bin))]++;
        }
    for (int64_t k = 0; k < n; k++) {
        int64_t all = 0, sum = 0;
        int i = 0;
        for (int j = 0; j < BINS; j++)
            all += room[BINS * k + j];
        while (2 * (sum + room[BINS * k + i]) < all)
            sum += room[BINS * k + i++];
        centre[k] = low + bin * (i + ((double)all / 2 - (double)sum) / (double)room[BINS * k + i]);
        centre[k] = fabs(centre[k]) < 0.875 * (double)c->s->high ? centre[k] : 0;
    }
}

int vn_column_task(void *ctx, int64_t i, struct vn_err *err)
{
    const struct vn_columns *c = ctx;
    const struct vn_box *b = &c->box[i];
    const int64_t nx = vn_box_dim(b, 0), n = vn_box_dim(b, c->axis), nz = vn_box_dim(b, 2), plane = nx * vn_box_dim(b, 1);
    struct tally t = { .p = c->p + i * c->n, .q = c->q ? c->q + i * c->n : NULL };
    double *room = vn_calloc(4 * (uint64_t)n + (uint64_t)nx, sizeof *room, err), *centre = room + 3 * n, *spare = centre + n;
    int32_t *bins = c->centred && c->s->l->spread > 0 ? vn_alloc(BINS * (uint64_t)n * sizeof *bins, err) : NULL;
    float *planes = vn_alloc((uint64_t)(6 * plane + nx) * sizeof *planes + 2 * (uint64_t)plane, err);
    float *h[3] = { planes, planes + plane, planes + 2 * plane }, *mean[3] = { planes + 3 * plane, planes + 4 * plane, planes + 5 * plane };
    float *wide = planes + 6 * plane;
    bool *ok[2] = { (bool *)(wide + nx), (bool *)(wide + nx) + plane };
    struct vn_within in = { 0 };
    struct vn_buf buf = { 0 };
    int rc = room && planes && (bins || !c->centred || !(c->s->l->spread > 0)) ? vn_ascan_box(c->s, b, &buf, err) : VN_E_MEMORY;

    if (rc == 0 && bins)
        middles(c, b, &buf, wide, spare, bins, centre);
    t.count = room;
    t.square = room + n;
    t.rises = room + 2 * n;
    memset(t.p, 0, (size_t)n * sizeof *t.p);
    if (t.q)
        memset(t.q, 0, (size_t)n * sizeof *t.q);
    for (int64_t z = 0; rc == 0 && z <= nz; z++) {         /* a plane is seen when the next one is known */
        for (int64_t y = 0; z < nz && y < vn_box_dim(b, 1); y++) {
            float *v = h[z % 3] + y * nx;
            vn_ascan_heights(c->s, &buf, b->lo[0], b->lo[1] + y, b->lo[2] + z, v, spare, nx);
            for (int64_t x = 0; bins && x < nx; x++)
                v[x] -= (float)centre[c->axis == 0 ? x : c->axis == 1 ? y : z];
        }
        if (z < nz)
            mean_plane(h[z % 3], nx, vn_box_dim(b, 1), wide, mean[z % 3]);
        if (z == 0)
            continue;
        const int64_t k = z - 1;
        choose(c, h[k % 3], mean[k ? (k - 1) % 3 : 0], mean[(z < nz ? z : k) % 3], mean[k % 3], plane, ok[k % 2], &in);
        tally_plane(c, b, k, h[k % 3], ok[k % 2], k ? h[(k - 1) % 3] : NULL, ok[(k + 1) % 2], &t, &in);
    }
    for (int64_t k = 0; rc == 0 && k < n; k++) {           /* nothing but vessels: as before */
        in.h2 += t.square[k] - ratio(t.p[k] * t.p[k], t.count[k]);
        in.nh += t.count[k] > 0 ? t.count[k] - 1 : 0;
        t.p[k] = t.count[k] > 0 ? t.p[k] / t.count[k] + centre[k] : k ? t.p[k - 1] : 0;
        if (t.q)
            t.q[k] = ratio(t.q[k], t.rises[k]) + (k + 1 < n ? centre[k + 1] - centre[k] : 0);
    }
    if (t.q)
        c->within[i] = in;
    vn_buf_free(&buf);
    vn_free(planes);
    vn_free(bins);
    vn_free(room);
    return rc;
}

void vn_columns_part(int64_t lo, int64_t hi, int64_t i, int64_t n, int64_t most, int64_t *from, int64_t *to)
{
    const int64_t a = lo + (hi - lo) * i / n, b = lo + (hi - lo) * (i + 1) / n, cut = vn_max64(0, b - a - most);
    *from = a + cut / 2;
    *to = b - (cut - cut / 2);
}

struct vn_window vn_columns_farthest(const struct vn_ascan *s)
{
    const double near = s->l->spread > 0 ? NEAR * s->l->spread : INFINITY;
    return (struct vn_window){ 0, near, sqrt(2) * near, INFINITY };
}

int vn_columns_init(struct vn_columns *c, struct vn_ascan *s, int axis, int64_t patch, bool rises, struct vn_err *err)
{
    const struct vn_box *all = &s->l->box;
    const int u = axis == 0 ? 1 : 0, w = axis == 2 ? 1 : 2;
    const int64_t nu = vn_max64(1, vn_min64(VN_COLUMNS_SIDE, vn_box_dim(all, u) / 8)), nw = vn_max64(1, vn_min64(VN_COLUMNS_SIDE, vn_box_dim(all, w) / 8));

    *c = (struct vn_columns){ .s = s, .axis = axis, .n_box = (int)(nu * nw), .n_side = { (int)nu, (int)nw }, .n = vn_box_dim(all, axis) };
    c->far = vn_columns_farthest(s);
    c->centred = true;
    if (rises && (!(c->q = vn_alloc((uint64_t)(c->n_box * c->n) * sizeof *c->q, err)) || !(c->within = vn_alloc(VN_COLUMNS_MAX * sizeof *c->within, err))))
        return VN_E_MEMORY;
    if (!(c->box = vn_alloc(VN_COLUMNS_MAX * sizeof *c->box, err)) || !(c->p = vn_alloc((uint64_t)(c->n_box * c->n) * sizeof *c->p, err)))
        return VN_E_MEMORY;
    for (int64_t i = 0; i < c->n_box; i++) {
        c->box[i] = *all;
        vn_columns_part(all->lo[u], all->hi[u], i % nu, nu, patch, &c->box[i].lo[u], &c->box[i].hi[u]);
        vn_columns_part(all->lo[w], all->hi[w], i / nu, nw, patch, &c->box[i].lo[w], &c->box[i].hi[w]);
    }
    return 0;
}

int vn_columns_read(struct vn_columns *c, struct vn_job *job, struct vn_err *err) { return vn_job_for_quiet(job, c->n_box, vn_column_task, c, err); }

void vn_columns_free(struct vn_columns *c)
{
    vn_free(c->box);
    vn_free(c->p);
    vn_free(c->q);
    vn_free(c->within);
    *c = (struct vn_columns){ .box = NULL };
}

void vn_columns_narrow(struct vn_window *w, const struct vn_within *in, int n)
{
    static const double kept = 0.9546;                     /* sd of a normal deviate that is cut at 2.5 */
    struct vn_within all = { 0 };

    for (int k = 0; k < n; k++) {
        all.h2 += in[k].h2;
        all.nh += in[k].nh;
        all.d2 += in[k].d2;
        all.nd += in[k].nd;
        all.l2 += in[k].l2;
        all.nl += in[k].nl;
    }
    const double h = sqrt(ratio(all.h2, all.nh)), d = sqrt(ratio(all.d2, all.nd)), l = sqrt(ratio(all.l2, all.nl));
    w->near = h > 0 ? fmin(w->near, NEAR * h / kept) : w->near;
    w->rise = d > 0 ? fmin(w->rise, NEAR * d / kept) : w->rise;
    w->local = l > 0 ? fmin(w->local, NEAR * l / kept) : w->local;
}

/* ---- a first look ---- */

/* Voxel by voxel of the row: sums of what is near, how many are, and of all, cut there. */
static VN_HOT void glance_row(const float *restrict h, float centre, float near, float *restrict sum, float *restrict count, float *restrict cut, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const float d = h[i] - centre, e = d < -near ? -near : d, c = e > near ? near : e;
        const bool in = c == d;
        sum[i] += in ? d : 0;
        count[i] += in ? 1 : 0;
        cut[i] += c;
    }
}

static float column_median(const struct vn_ascan *s, const struct vn_box *b, const struct vn_buf *in, float *h, double *spare)
{
    const float low = s->low, bin = (s->high - low) / BINS;
    int64_t count[BINS + 1] = { 0 }, n = 0, below = 0;
    int i = 0;

    for (int64_t z = b->lo[2]; z < b->hi[2]; z += EVERY)
        for (int64_t y = b->lo[1]; y < b->hi[1]; y += EVERY) {
            vn_ascan_heights(s, in, b->lo[0], y, z, h, spare, vn_box_dim(b, 0));
            for (int64_t x = 0; x < vn_box_dim(b, 0); x++) {
                const float at = (h[x] - low) / bin;
                count[at < BINS ? at > 0 ? (int)at : 0 : BINS]++;     /* NaN where the range is no float */
            }
            n += vn_box_dim(b, 0);
        }
    for (; 2 * (below + count[i]) < n; i++)
        below += count[i];
    return low + bin * ((float)i + 0.5f);
}

static int glance_task(void *ctx, int64_t i, struct vn_err *err)
{
    const struct vn_columns *c = ctx;
    const struct vn_box *b = &c->box[i];
    const int64_t nx = vn_box_dim(b, 0), slots = c->axis ? c->n : 1;
    double *spare = vn_alloc((uint64_t)nx * sizeof *spare, err), *p = c->p + i * c->n;
    float *sums = vn_calloc((uint64_t)((3 * slots + 1) * nx), sizeof *sums, err), *h = sums + 3 * slots * nx;
    const float near = (float)(NEAR * c->s->l->spread);
    struct vn_buf in = { 0 };
    int rc = spare && sums ? vn_ascan_box(c->s, b, &in, err) : VN_E_MEMORY;
    const float centre = rc ? 0 : column_median(c->s, b, &in, h, spare);

    for (int64_t z = b->lo[2]; rc == 0 && z < b->hi[2]; z++)
        for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
            float *to = sums + 3 * nx * (c->axis == 0 ? 0 : c->axis == 1 ? y - b->lo[1] : z - b->lo[2]);
            vn_ascan_heights(c->s, &in, b->lo[0], y, z, h, spare, nx);
            glance_row(h, centre, near, to, to + nx, to + 2 * nx, nx);
        }
    for (int64_t k = 0; rc == 0 && k < c->n; k++) {
        const float *v = sums + (c->axis ? 3 * nx * k : k);
        const double all = (double)vn_box_count(b) / (double)c->n;
        double t[3] = { 0 };
        for (int j = 0; j < 3; j++)
            for (int64_t x = 0; x < (c->axis ? nx : 1); x++)
                t[j] += (double)v[j * nx + x];
        p[k] = 4 * t[1] > all ? t[0] / t[1] : t[2] / all;
    }
    vn_buf_free(&in);
    vn_free(sums);
    vn_free(spare);
    return rc;
}

int vn_columns_glance(struct vn_columns *c, struct vn_job *job, struct vn_err *err) { return vn_job_for_quiet(job, c->n_box, glance_task, c, err); }

/* ---- lines ---- */

double vn_line(const double *v, const double *w, int64_t from, int64_t to, double at)
{
    double n = 0, x = 0, y = 0, xx = 0, xy = 0;

    for (int64_t i = from; i < to; i++) {
        const double k = w ? w[i] : 1, d = (double)i - at;
        n += k;
        x += k * d;
        y += k * v[i];
        xx += k * d * d;
        xy += k * d * v[i];
    }
    const double det = n * xx - x * x;
    return n <= 0 ? 0 : det <= 1e-9 * n * n ? y / n : (xx * y - x * xy) / det;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double vn_line_median(double *v, int64_t n)
{
    qsort(v, (size_t)n, sizeof *v, ascending);
    return n ? 0.5 * (v[(n - 1) / 2] + v[n / 2]) : 0;
}

void vn_line_off(const double *v, const double *w, int64_t n, int64_t reach, double *r)
{
    if (reach >= n) {
        const double a = vn_line(v, w, 0, n, 0), b = vn_line(v, w, 0, n, (double)n);
        for (int64_t i = 0; i < n; i++)
            r[i] = v[i] - a - (b - a) * (double)i / (double)n;
    } else
        for (int64_t i = 0; i < n; i++)
            r[i] = v[i] - vn_line(v, w, vn_max64(0, i - reach), vn_min64(n, i + reach + 1), (double)i);
}

double vn_line_robust(const double *v, double *w, int64_t n, int64_t reach, double *r, double *spare)
{
    double sum = 0;

    for (int64_t i = 0; i < n; i++)
        w[i] = 1;
    for (int pass = 0; pass < 4; pass++) {
        vn_line_off(v, w, n, reach, r);
        for (int64_t i = 0; i < n; i++)
            spare[i] = fabs(r[i]);
        const double far = 4 * 1.4826 * vn_line_median(spare, n);
        for (int64_t i = 0; i < n; i++)
            w[i] = far > 0 && fabs(r[i]) > far ? 0 : 1;
    }
    for (int64_t i = 0; i < n; i++)
        sum += r[i] * r[i] / (double)n;
    return sum;
}

double vn_line_mean(const double *v, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += v[i];
    return n ? sum / (double)n : 0;
}
