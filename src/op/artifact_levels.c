/* artifact_levels.c - slices and rows that are brighter or darker than their neighbours, and tiles that do not meet.
 *
 * Both are seen in columns: up to 8 x 8 patches across an axis, spread evenly, of which each voxel of the axis gets the mean
 * height over the background of what is within 2.5 standard deviations of the patch's median, so that vessels do not count, and
 * the mean rise to the next voxel of those that count in both.  What belongs to the slice is alike in all columns, what grows
 * is not.
 *
 * Slices: each column less its own trend, a line fitted robustly to 32 voxels on either side, or to all where that does as
 * well.  The mean over columns is what the slice has, if it beats their scatter.
 *
 * Seams: lines are fitted to the 6 voxels on either side of a plane; where they miss each other and matched voxels rise, in more
 * columns than chance allows and nowhere around, tiles meet.  Their levels follow from the steps across all seams by least
 * squares.
 *
 * What is found is measured again and again from the volume without it: heights are small then, so that voxels beside vessels
 * can be told by the mean over their 3 x 3 x 3 neighbours, and windows fit the noise alone. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "artifact_scan.h"
#include "mem.h"

enum { TILES = 8, MAX_COLUMNS = TILES * TILES, ROOM = 5 + 2 * TILES + MAX_COLUMNS, PATCH = 32, LARGE = 64, REACH = 32, SIDE = 6,
       BINS = 64, ASIDE = 12, FACE = 256, MAX_TILES = 4096, PASSES = 3 };
static const double SURE = 10, SURE_ONE = 10, LEAST = 0.05, NEAR = 2.5, ROUGH = 0.3, WIDE = 2;         /* F, t; standard deviations */
static const double SURE_PLANE = 6, SURE_SCORE = 8, LIKELY_PLANE = 3, SURE_TILES = 3;
static const double MAYBE = 0.25, MAYBE_PLANE = 0.5;       /* at first, of what F and t^2, and scores over chance, have to be */

struct columns {
    struct vn_ascan *s;
    int axis, n_box, n_side[2];
    int64_t n;
    struct vn_box *box;
    double *p, *q;                     /* [box][voxel of the axis]: height; by how much the next one's is higher, NULL: not of interest */
    bool centred;                      /* heights are seen from the slice's own middle, where that is far from the level */
    struct window { double middle, near, rise, local; } far;           /* heights, rises, means over 3 x 3 x 3 voxels as far as these count */
    struct within { double h2, nh, d2, nd, l2, nl; } *within;          /* of each box: squares of heights within a slice, of rises, of means */
};

static double square(double v) { return v * v; }
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
static VN_HOT void choose(const struct columns *c, const float *h, const float *a, const float *b, const float *d, int64_t n, bool *ok,
                          struct within *in)
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
static void rise_row(const struct columns *c, const float *a, const bool *ok_a, const float *b, const bool *ok_b, int64_t n, bool along,
                     struct tally *t, int64_t at, struct within *in)
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
static void tally_plane(const struct columns *c, const struct vn_box *b, int64_t z, const float *h, const bool *ok, const float *before,
                        const bool *ok_before, struct tally *t, struct within *in)
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
static void middles(const struct columns *c, const struct vn_box *b, const struct vn_buf *in, float *h, double *spare, int32_t *room, double *centre)
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

static int column_task(void *ctx, int64_t i, struct vn_err *err)
{
    const struct columns *c = ctx;
    const struct vn_box *b = &c->box[i];
    const int64_t nx = vn_box_dim(b, 0), n = vn_box_dim(b, c->axis), nz = vn_box_dim(b, 2), plane = nx * vn_box_dim(b, 1);
    struct tally t = { .p = c->p + i * c->n, .q = c->q ? c->q + i * c->n : NULL };
    double *room = vn_calloc(4 * (uint64_t)n + (uint64_t)nx, sizeof *room, err), *centre = room + 3 * n, *spare = centre + n;
    int32_t *bins = c->centred && c->s->l->spread > 0 ? vn_alloc(BINS * (uint64_t)n * sizeof *bins, err) : NULL;
    float *planes = vn_alloc((uint64_t)(6 * plane + nx) * sizeof *planes + 2 * (uint64_t)plane, err);
    float *h[3] = { planes, planes + plane, planes + 2 * plane }, *mean[3] = { planes + 3 * plane, planes + 4 * plane, planes + 5 * plane };
    float *wide = planes + 6 * plane;
    bool *ok[2] = { (bool *)(wide + nx), (bool *)(wide + nx) + plane };
    struct within in = { 0 };
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

/* Part number i of n of lo..hi, the middle of it of at most `most` voxels. */
static void part(int64_t lo, int64_t hi, int64_t i, int64_t n, int64_t most, int64_t *from, int64_t *to)
{
    const int64_t a = lo + (hi - lo) * i / n, b = lo + (hi - lo) * (i + 1) / n, cut = vn_max64(0, b - a - most);
    *from = a + cut / 2;
    *to = b - (cut - cut / 2);
}

static struct window farthest(const struct vn_ascan *s)
{
    const double near = s->l->spread > 0 ? NEAR * s->l->spread : INFINITY;
    return (struct window){ 0, near, sqrt(2) * near, INFINITY };
}

/* Patches of at most patch x patch voxels. */
static int columns_init(struct columns *c, struct vn_ascan *s, int axis, int64_t patch, bool rises, struct vn_err *err)
{
    const struct vn_box *all = &s->l->box;
    const int u = axis == 0 ? 1 : 0, w = axis == 2 ? 1 : 2;
    const int64_t nu = vn_max64(1, vn_min64(TILES, vn_box_dim(all, u) / 8)), nw = vn_max64(1, vn_min64(TILES, vn_box_dim(all, w) / 8));

    *c = (struct columns){ .s = s, .axis = axis, .n_box = (int)(nu * nw), .n_side = { (int)nu, (int)nw }, .n = vn_box_dim(all, axis) };
    c->far = farthest(s);
    c->centred = true;
    if (rises && (!(c->q = vn_alloc((uint64_t)(c->n_box * c->n) * sizeof *c->q, err)) || !(c->within = vn_alloc(MAX_COLUMNS * sizeof *c->within, err))))
        return VN_E_MEMORY;
    if (!(c->box = vn_alloc(MAX_COLUMNS * sizeof *c->box, err)) || !(c->p = vn_alloc((uint64_t)(c->n_box * c->n) * sizeof *c->p, err)))
        return VN_E_MEMORY;
    for (int64_t i = 0; i < c->n_box; i++) {
        c->box[i] = *all;
        part(all->lo[u], all->hi[u], i % nu, nu, patch, &c->box[i].lo[u], &c->box[i].hi[u]);
        part(all->lo[w], all->hi[w], i / nu, nw, patch, &c->box[i].lo[w], &c->box[i].hi[w]);
    }
    return 0;
}

static int columns_read(struct columns *c, struct vn_job *job, struct vn_err *err) { return vn_job_for_quiet(job, c->n_box, column_task, c, err); }

static void columns_free(struct columns *c)
{
    vn_free(c->box);
    vn_free(c->p);
    vn_free(c->q);
    vn_free(c->within);
    *c = (struct columns){ .box = NULL };
}

/* Noise within slices, from what counted in n boxes: no wider than it was. */
static void narrow(struct window *w, const struct within *in, int n)
{
    static const double kept = 0.9546;                     /* sd of a normal deviate that is cut at 2.5 */
    struct within all = { 0 };

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

/* Heights that end farther away. */
static struct vn_ascan opened(const struct vn_ascan *s)
{
    struct vn_ascan open = *s;
    open.low *= (float)WIDE;
    open.high *= (float)WIDE;
    return open;
}

/* The three axes' columns, kept until something more is known. */
struct levels { struct vn_ascan s; struct vn_artifacts *m; struct columns c[3]; int known[3]; double wide; double *score[3]; };    /* score: of planes, by lines and by rises */

static int columns_of(struct levels *v, int axis, double wide, struct vn_job *job, struct vn_err *err)
{
    struct columns *c = &v->c[axis];
    int rc = 0;

    if (c->p && v->known[axis] == v->m->n)
        return 0;
    columns_free(c);
    if (!(rc = columns_init(c, &v->s, axis, PATCH, true, err))) {
        c->far.near *= wide;
        c->far.rise *= wide;
        rc = columns_read(c, job, err);
    }
    for (int pass = 0; rc == 0 && pass < 2; pass++) {
        narrow(&c->far, c->within, c->n_box);
        rc = columns_read(c, job, err);
    }
    v->known[axis] = v->m->n;
    return rc;
}

/* ---- lines ---- */

/* Value at voxel `at` of the line through v[from..to), weighted where w is given. */
static double line(const double *v, const double *w, int64_t from, int64_t to, double at)
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

static double median(double *v, int64_t n)
{
    qsort(v, (size_t)n, sizeof *v, ascending);
    return n ? 0.5 * (v[(n - 1) / 2] + v[n / 2]) : 0;
}

/* r = v less its trend within `reach` voxels. */
static void detrend(const double *v, const double *w, int64_t n, int64_t reach, double *r)
{
    if (reach >= n) {
        const double a = line(v, w, 0, n, 0), b = line(v, w, 0, n, (double)n);
        for (int64_t i = 0; i < n; i++)
            r[i] = v[i] - a - (b - a) * (double)i / (double)n;
    } else
        for (int64_t i = 0; i < n; i++)
            r[i] = v[i] - line(v, w, vn_max64(0, i - reach), vn_min64(n, i + reach + 1), (double)i);
}

/* w: 1 where v lies on its trend, 0 where it stands out.  Returns the mean square of r. */
static double robust(const double *v, double *w, int64_t n, int64_t reach, double *r, double *spare)
{
    double sum = 0;

    for (int64_t i = 0; i < n; i++)
        w[i] = 1;
    for (int pass = 0; pass < 4; pass++) {
        detrend(v, w, n, reach, r);
        for (int64_t i = 0; i < n; i++)
            spare[i] = fabs(r[i]);
        const double far = 4 * 1.4826 * median(spare, n);
        for (int64_t i = 0; i < n; i++)
            w[i] = far > 0 && fabs(r[i]) > far ? 0 : 1;
    }
    for (int64_t i = 0; i < n; i++)
        sum += r[i] * r[i] / (double)n;
    return sum;
}

/* ---- slices ---- */

/* Mean of v[column][i] over columns and its variance: the larger of that over their rows and over their ranks, as a line
 * along either is in all columns of one.  rank: 2 TILES n numbers. */
static void over_columns(const struct columns *c, const double *v, double *mean, double *variance, double *rank)
{
    const int64_t n = c->n;

    memset(mean, 0, (size_t)n * sizeof *mean);
    memset(variance, 0, (size_t)n * sizeof *variance);
    memset(rank, 0, 2 * TILES * (size_t)n * sizeof *rank);
    for (int k = 0; k < c->n_box; k++)
        for (int64_t i = 0; i < n; i++) {
            mean[i] += v[k * n + i] / c->n_box;
            rank[k % c->n_side[0] * n + i] += v[k * n + i] / c->n_side[1];
            rank[(TILES + k / c->n_side[0]) * n + i] += v[k * n + i] / c->n_side[0];
        }
    for (int side = 0; side < 2; side++)
        for (int64_t i = 0; i < n && c->n_side[side] > 1; i++) {
            double sum = 0;
            for (int k = 0; k < c->n_side[side]; k++)
                sum += (rank[(side * TILES + k) * n + i] - mean[i]) * (rank[(side * TILES + k) * n + i] - mean[i]);
            variance[i] = fmax(variance[i], sum / ((double)c->n_side[side] * (c->n_side[side] - 1)));
        }
}

/* Over how many voxels r of mean 0 is alike: 1 and twice its correlations as far as they are positive. */
static double alike(const double *r, int64_t n)
{
    double own = 0, sum = 0;

    for (int64_t i = 0; i < n; i++)
        own += r[i] * r[i];
    for (int64_t k = 1; k < n / 4; k++) {
        double both = 0;
        for (int64_t i = 0; i + k < n; i++)
            both += r[i] * r[i + k];
        if (both <= 0)
            break;
        sum += both;
    }
    return own > 0 ? 1 + 2 * sum / own : 1;
}

struct trend { bool known, straight, own; };           /* a line over all fits; it is the slices' own: n numbers of this scatter often have it */

/* What each slice has, and its variance.  room: ROOM n numbers, the first n of which become the columns' mean. */
static void slice_levels(const struct columns *c, struct trend *t, double *value, double *variance, double *room)
{
    const int64_t n = c->n, narrow = vn_max64(4, vn_min64(REACH, n / 4));
    double *mean = room, *w = mean + n, *r = w + n, *spare = r + n, *wide = spare + n, *rank = wide + n, *flat = rank + 2 * TILES * n;

    memset(mean, 0, (size_t)n * sizeof *mean);
    for (int k = 0; k < c->n_box; k++)
        for (int64_t i = 0; i < n; i++)
            mean[i] += c->p[k * n + i] / c->n_box;
    const double all = robust(mean, wide, n, n, r, spare), near = robust(mean, w, n, narrow, r, spare);
    const double slope = (line(mean, wide, 0, n, (double)n) - line(mean, wide, 0, n, 0)) / (double)n;
    detrend(mean, wide, n, n, r);
    if (!t->known)
        *t = (struct trend){ true, all <= 1.5 * near, all <= 1.5 * near && slope * slope < 9 * all * alike(r, n) * 12 / ((double)n * (double)n * (double)n) };
    const bool straight = t->straight;
    for (int k = 0; k < c->n_box; k++)
        detrend(c->p + k * n, straight ? wide : w, n, straight ? n : narrow, flat + k * n);
    over_columns(c, flat, value, variance, rank);
    for (int64_t i = 0; i < n && t->own; i++)
        value[i] += slope * ((double)i - 0.5 * (double)(n - 1));
}

/* The numbers E that come nearest to value, and in their differences to what matched voxels of slices say (least squares, each weighted
 * by its variance).  Returns the variance to be expected.  room: that of slice_levels, after it. */
static double fit_slices(const struct columns *c, double *value, const double *variance, double *room)
{
    const int64_t n = c->n;
    const double *mean = room;
    double *rise = room + n, *scatter = rise + n, *diagonal = scatter + n, usual = 0, usual_rise = 0;

    over_columns(c, c->q, rise, scatter, room + 5 * n);
    for (int64_t i = 0; i < n; i++) {
        usual += variance[i] / (double)n;
        usual_rise += i + 1 < n ? scatter[i] / (double)(n - 1) : 0;
    }
    if (!(usual > 0) || !(usual_rise > 0))
        return usual;
    for (int64_t i = 0; i + 1 < n; i++)                    /* without the trend that value is without */
        rise[i] += value[i + 1] - value[i] - (mean[i + 1] - mean[i]);
    double before = 0;                                     /* weight of the difference to the one before */
    for (int64_t i = 0; i < n; i++) {
        const double own = 2 / (variance[i] + usual), next = i + 1 < n ? 2 / (scatter[i] + usual_rise) : 0;
        diagonal[i] = own + before + next - (i ? before * before / diagonal[i - 1] : 0);
        value[i] = own * value[i] + (i ? before * rise[i - 1] + before / diagonal[i - 1] * value[i - 1] : 0) - next * (i + 1 < n ? rise[i] : 0);
        before = next;
    }
    for (int64_t i = n - 1; i >= 0; i--)
        value[i] = (value[i] + (i + 1 < n ? 2 / (scatter[i] + usual_rise) * value[i + 1] : 0)) / diagonal[i];
    return 1 / sqrt(1 / usual * (1 / usual + 4 / usual_rise));
}

/* Share of v that is no slow change: what lies off lines fitted to `reach` voxels on either side. r: n numbers. */
static double roughness(const double *v, int64_t n, int64_t reach, double *r)
{
    double all = 0, rough = 0;

    detrend(v, NULL, n, reach, r);
    for (int64_t i = 0; i < n; i++) {
        all += v[i] * v[i];
        rough += r[i] * r[i];
    }
    return all > 0 ? rough / all : 0;
}

/* As slices_stand_out, of what was seen at a glance. */
static bool slices_may_stand_out(const struct vn_artifact_look *l, const double *value, const double *variance, int64_t n)
{
    double power = 0, chance = 0, most = 0, top = 0;

    for (int64_t i = 0; i < n; i++) {
        power += value[i] * value[i];
        chance += variance[i];
    }
    for (int64_t i = 0; i < n; i++) {
        const double v = fmax(variance[i], 0.25 * chance / (double)n);
        most = fmax(most, v > 0 ? square(value[i]) / v : value[i] != 0 ? 1e9 : 0);
        top = fmax(top, fabs(value[i]));
    }
    return top > 0.5 * LEAST * l->spread && (power > MAYBE * SURE * chance || most > MAYBE * SURE_ONE * SURE_ONE);
}

/* Whether slices are more than columns scatter; where it is few of them, the others become 0. */
static bool slices_stand_out(const struct vn_artifact_look *l, double *value, const double *variance, int64_t n)
{
    double power = 0, chance = 0, most = 0, top = 0;

    for (int64_t i = 0; i < n; i++) {
        power += value[i] * value[i];
        chance += variance[i];
    }
    const bool many = power > SURE * chance && n >= 8;
    for (int64_t i = 0; i < n; i++) {                      /* a scatter that is small by chance is taken for half of the usual one */
        const double v = fmax(variance[i], 0.25 * chance / (double)n), t = v > 0 ? fabs(value[i]) / sqrt(v) : value[i] != 0 ? 1e9 : 0;
        most = t > most ? t : most;
        top = fmax(top, fabs(value[i]));
        value[i] = t < 3 && !many ? 0 : value[i];
    }
    return top > LEAST * l->spread && (many || most > SURE_ONE);
}

static double mean_of(const double *v, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += v[i];
    return n ? sum / (double)n : 0;
}

/* Estimates what is found from as many voxels as there are, until nothing changes. */
static int measure_slices(struct vn_ascan *s, struct vn_artifact *a, struct vn_job *job, struct vn_err *err)
{
    struct columns c;
    struct trend trend = { .known = false };
    int rc = columns_init(&c, s, a->axis, LARGE, true, err);
    double *room = rc ? NULL : vn_alloc((uint64_t)((ROOM + 2) * c.n) * sizeof *room, err);

    rc = rc ? rc : room ? 0 : VN_E_MEMORY;
    for (int pass = 0; rc == 0 && pass < PASSES + 3; pass++) {
        double *now = room + ROOM * c.n, *variance = now + c.n;
        if ((rc = columns_read(&c, job, err)))
            break;
        slice_levels(&c, &trend, now, variance, room);
        a->error = sqrt(fit_slices(&c, now, variance, room));
        for (int64_t i = 0; i < c.n; i++)
            a->value[i] += now[i];
        c.centred = false;                                 /* slices are nearly alike now */
        c.far.middle = mean_of(room, c.n);
        a->level = pass < PASSES ? s->l->level + c.far.middle : a->level;
        if (pass)
            narrow(&c.far, c.within, c.n_box);
        if (pass == PASSES + 2) {
            for (int64_t i = 0; i < c.n; i++)
                variance[i] = square(a->error);
            slices_stand_out(s->l, a->value, variance, c.n);
        }
        rc = vn_artifact_ready(a, 1, err);
        if (rc == 0 && pass == PASSES - 1)
            rc = vn_ascan_scale(s, a, (const int[]){ a->axis }, c.box, c.n_box, job, err);
    }
    vn_free(room);
    columns_free(&c);
    return rc;
}

/* reach: over how many voxels a slow change goes. */
static int find_slices(struct levels *v, int axis, int64_t reach, struct vn_job *job, struct vn_err *err)
{
    const struct columns *c = &v->c[axis];
    const struct vn_artifact_look *l = v->s.l;
    int rc = columns_of(v, axis, 1, job, err);
    double *room;

    if (rc || c->n_box < 4 || c->n < 5 || v->m->n == VN_MAX_ARTIFACTS)
        return rc;
    if (!(room = vn_alloc((uint64_t)((ROOM + 2) * c->n) * sizeof *room, err)))
        return VN_E_MEMORY;
    slice_levels(c, &(struct trend){ .known = false }, room + ROOM * c->n, room + (ROOM + 1) * c->n, room);
    if (slices_stand_out(l, room + ROOM * c->n, room + (ROOM + 1) * c->n, c->n) && roughness(room + ROOM * c->n, c->n, reach, room) >= ROUGH) {
        struct vn_artifact *a = &v->m->item[v->m->n++];
        *a = (struct vn_artifact){ .kind = VN_SLICES, .axis = axis, .lo = l->box.lo[axis], .level = l->level, .noise = l->spread, .n_value = (int)c->n };
        a->value = vn_calloc((uint64_t)c->n, sizeof *a->value, err);
        struct vn_ascan open = opened(&v->s);
        rc = a->value ? vn_artifact_ready(a, 1, err) : VN_E_MEMORY;
        if (rc == 0)
            rc = measure_slices(&open, a, job, err);
    }
    vn_free(room);
    return rc;
}

/* ---- seams ---- */

/* By how much the lines on either side of plane i miss each other; 0 where a side is one value, as outside a mask. */
static double step_at(const double *p, int64_t n, int64_t i, int64_t side)
{
    const int64_t from = vn_max64(0, i - side), to = vn_min64(n, i + side);
    bool flat[2] = { true, true };

    for (int64_t k = from + 1; k < to; k++)
        if (k != i)
            flat[k > i] = flat[k > i] && p[k] == p[k - 1];
    return flat[0] || flat[1] ? 0 : line(p, NULL, i, to, (double)i - 0.5) - line(p, NULL, from, i, (double)i - 0.5);
}

/* score[i]: mean over columns of min((v[column][i] / its standard deviation)^2, MOST), 1 where there is nothing but chance; spare: n numbers. */
static void score_planes(const double *v, int n_box, int64_t n, double *score, double *spare)
{
    static const double most = 16;

    memset(score, 0, (size_t)n * sizeof *score);
    for (int k = 0; k < n_box; k++) {
        for (int64_t i = 3; i + 3 <= n; i++)
            spare[i - 3] = fabs(v[k * n + i]);
        const double sd = 1.4826 * median(spare, n - 5);
        for (int64_t i = 3; i + 3 <= n && sd > 0; i++)
            score[i] += fmin(v[k * n + i] * v[k * n + i] / (sd * sd), most) / n_box;
    }
}

/* Planes of the axis where tiles meet: lines on both sides miss each other, and matched voxels rise there and nowhere near. */
static int find_planes(struct levels *v, struct vn_artifact *a, int axis, double wide, struct vn_job *job, struct vn_err *err)
{
    const struct vn_artifact_look *l = v->s.l;
    int rc = columns_of(v, axis, wide, job, err);
    const struct columns c = v->c[axis];
    const int64_t n = c.n;
    double *step, *score;
    int n_at = 0;

    a->n_at[axis] = 0;
    if (rc || c.n_box < 4 || n < 4 * SIDE)
        return rc;
    vn_free(v->score[axis]);
    step = vn_calloc(2 * (uint64_t)(c.n_box * n), sizeof *step, err);
    v->score[axis] = score = vn_calloc(3 * (uint64_t)n, sizeof *score, err);
    if (!step || !score) {
        vn_free(step);
        return VN_E_MEMORY;
    }
    double *rise = step + c.n_box * n, *sharp = score + n, *spare = sharp + n;
    for (int k = 0; k < c.n_box; k++)
        for (int64_t i = 3; i + 3 <= n; i++) {
            step[k * n + i] = step_at(c.p + k * n, n, i, SIDE);
            rise[k * n + i] = c.q[k * n + i - 1];
        }
    score_planes(step, c.n_box, n, score, spare);
    score_planes(rise, c.n_box, n, sharp, spare);
    memcpy(spare, sharp + 3, (size_t)(n - 5) * sizeof *spare);
    const double usual = median(spare, n - 5), sure = 1 + SURE_SCORE * sqrt(2.0 / c.n_box);
    for (int64_t i = 3; i + 3 <= n; i++)
        spare[i - 3] = fabs(sharp[i] - usual);
    const double much = usual + SURE_PLANE * 1.4826 * median(spare, n - 5);
    for (int64_t i = 3; i + 3 <= n && n_at <= VN_MAX_SEAMS; i++) {
        double own = 0, both = 0;
        bool top = score[i] > sure && sharp[i] > sure && 0.5 * (score[i] + sharp[i]) > much;
        for (int64_t k = vn_max64(3, i - SIDE + 1); k < vn_min64(n - 2, i + SIDE); k++)
            top = top && (k == i || sharp[i] - usual > 2 * (sharp[k] - usual));
        for (int k = 0; top && k < c.n_box; k++) {
            const double d = step[k * n + i];
            own += d * d;
            both += d * rise[k * n + i];
        }
        if (top && both > 0.6 * own && own > c.n_box * LEAST * LEAST * l->spread * l->spread) {
            if (n_at < VN_MAX_SEAMS)
                a->at[axis][n_at] = l->box.lo[axis] + i;
            n_at++;
        }
    }
    a->n_at[axis] = n_at > VN_MAX_SEAMS || n_at * 2 * SIDE > n ? 0 : n_at;
    vn_free(step);
    return 0;
}

struct face { struct vn_box box; int axis, a, b; int64_t plane; double step, weight, level; };      /* between tiles a and b */
struct faces { struct vn_ascan *s; struct face *f; struct within *within; struct window far; bool centred; int n; };

/* The step across a face: where lines on both sides miss each other, and what matched voxels rise by more than the lines; weighted by the
 * variances that the lines' own voxels and the rises elsewhere show. */
static void weigh_face(struct face *f, const double *p, const double *q, int64_t n, int64_t i)
{
    const int64_t from = vn_max64(0, i - ASIDE), to = vn_min64(n, i + ASIDE), count = to - from;
    double off = 0, rises = 0, turn = 0;

    f->step = step_at(p, n, i, ASIDE);
    for (int64_t k = from; k < to; k++) {
        const int64_t lo = k < i ? from : i, hi = k < i ? i : to;
        off += square(p[k] - line(p, NULL, lo, hi, (double)k));
        rises += k + 1 < to && k + 1 != i ? square(q[k] - (line(p, NULL, lo, hi, 1) - line(p, NULL, lo, hi, 0))) : 0;
    }
    turn = 0.5 * (line(p, NULL, from, i, 1) - line(p, NULL, from, i, 0) + line(p, NULL, i, to, 1) - line(p, NULL, i, to, 0));
    const double by_line = off / (double)vn_max64(1, count - 4) * (4 / (double)(i - from) + 4 / (double)(to - i));
    const double by_rise = rises / (double)vn_max64(1, count - 2);
    if (f->step != 0 && by_line > 0 && by_rise > 0) {
        f->step = (f->step / by_line + (q[i - 1] - turn) / by_rise) / (1 / by_line + 1 / by_rise);
        f->weight = 1 / by_line + 1 / by_rise;
    }
}

static int face_task(void *ctx, int64_t i, struct vn_err *err)
{
    const struct faces *c = ctx;
    struct face *f = &c->f[i];
    double p[2 * ASIDE], q[2 * ASIDE];
    struct columns one = { .s = c->s, .axis = f->axis, .n_box = 1, .n = vn_box_dim(&f->box, f->axis), .box = &f->box, .p = p, .q = q, .far = c->far, .centred = c->centred,
                           .within = &c->within[i] };
    const int rc = column_task(&one, 0, err);

    if (rc == 0)
        weigh_face(f, p, q, one.n, f->plane - f->box.lo[f->axis]);
    f->level = mean_of(p, one.n);
    return rc;
}

static int64_t edge(const struct vn_artifact *a, const struct vn_box *all, int axis, int i)
{
    return i == 0 ? all->lo[axis] : i > a->n_at[axis] ? all->hi[axis] : a->at[axis][i - 1];
}

/* All faces between tiles beside each other. */
static int list_faces(struct faces *c, const struct vn_artifact *a, struct vn_err *err)
{
    const int n[3] = { a->n_at[0] + 1, a->n_at[1] + 1, a->n_at[2] + 1 }, stride[3] = { 1, n[0], n[0] * n[1] };
    const struct vn_box *all = &c->s->l->box;

    if (!(c->f = vn_alloc(3 * (uint64_t)a->n_value * sizeof *c->f, err)) || !(c->within = vn_alloc(3 * (uint64_t)a->n_value * sizeof *c->within, err)))
        return VN_E_MEMORY;
    for (int t = 0; t < a->n_value; t++) {
        const int at[3] = { t % n[0], t / n[0] % n[1], t / stride[2] };
        for (int k = 0; k < 3; k++) {
            if (at[k] + 1 == n[k])
                continue;
            struct face *f = &c->f[c->n++];
            *f = (struct face){ .axis = k, .a = t, .b = t + stride[k], .plane = edge(a, all, k, at[k] + 1) };
            for (int j = 0; j < 3; j++)
                part(edge(a, all, j, at[j]), edge(a, all, j, at[j] + 1), 0, 1, FACE, &f->box.lo[j], &f->box.hi[j]);
            f->box.lo[k] = vn_max64(f->plane - ASIDE, edge(a, all, k, at[k]));
            f->box.hi[k] = vn_min64(f->plane + ASIDE, edge(a, all, k, at[k] + 2));
            f->weight = (double)vn_box_count(&f->box) / square(a->noise);
        }
    }
    return 0;
}

/* Adds to the tiles' values what makes the steps vanish, of mean 0 (Gauss, Seidel). *moved: its rms. */
static int level_tiles(const struct faces *c, struct vn_artifact *a, double *moved, struct vn_err *err)
{
    enum { SWEEPS = 3000 };
    const int n = a->n_value;
    double *x = vn_calloc(3 * (uint64_t)n, sizeof *x, err), *sum = x ? x + n : NULL, *weight = x ? sum + n : NULL, mean = 0;

    *moved = 0;
    if (!x)
        return VN_E_MEMORY;
    for (int sweep = 0; sweep < SWEEPS; sweep++) {         /* all from what was before, halfway: no order of tiles matters */
        memset(sum, 0, 2 * (size_t)n * sizeof *sum);
        for (const struct face *f = c->f; f < c->f + c->n; f++) {
            sum[f->a] += f->weight * (x[f->b] - f->step);
            sum[f->b] += f->weight * (x[f->a] + f->step);
            weight[f->a] += f->weight;
            weight[f->b] += f->weight;
        }
        for (int i = 0; i < n; i++)
            x[i] += weight[i] > 0 ? 0.7 * (sum[i] / weight[i] - x[i]) : 0;
    }
    for (int i = 0; i < n; i++)
        mean += x[i] / n;
    for (int i = 0; i < n; i++) {
        a->value[i] += x[i] - mean;
        *moved += (x[i] - mean) * (x[i] - mean) / n;
    }
    *moved = sqrt(*moved);
    vn_free(x);
    return 0;
}

/* As vn_ascan_scale, from what lies at the faces. */
static int scale_tiles(const struct faces *c, struct vn_artifact *a, struct vn_job *job, struct vn_err *err)
{
    struct vn_box *box = vn_alloc((uint64_t)c->n * sizeof *box, err);
    int *axis = vn_alloc((uint64_t)c->n * sizeof *axis, err);
    int rc = box && axis ? 0 : VN_E_MEMORY;

    for (int i = 0; rc == 0 && i < c->n; i++) {
        box[i] = c->f[i].box;
        axis[i] = c->f[i].axis;
    }
    rc = rc ? rc : vn_ascan_scale(c->s, a, axis, box, c->n, job, err);
    vn_free(box);
    vn_free(axis);
    return rc;
}

/* wide: how much farther from the level than usual voxels count at first. */
static int measure_tiles(struct vn_ascan *s, struct vn_artifact *a, double wide, struct vn_job *job, struct vn_err *err)
{
    struct faces c = { .s = s, .far = farthest(s), .centred = true };
    double least = 0;
    int rc = list_faces(&c, a, err);

    c.far.near *= wide;
    c.far.rise *= wide;
    for (int pass = 0; rc == 0 && pass < PASSES + 3; pass++) {
        double moved;
        if ((rc = vn_job_for_quiet(job, c.n, face_task, &c, err)) || (rc = level_tiles(&c, a, &moved, err)) || (rc = vn_artifact_ready(a, 1, err)))
            break;
        a->error = moved;
        c.centred = false;
        c.far.middle = 0;
        for (int i = 0; i < c.n; i++)
            c.far.middle += c.f[i].level / c.n;
        a->level = pass < PASSES ? s->l->level + c.far.middle : a->level;
        if (pass)
            narrow(&c.far, c.within, c.n);
        if (pass == PASSES - 1)
            rc = scale_tiles(&c, a, job, err);
    }
    for (const struct face *f = c.f; f < c.f + c.n; f++)
        least += f->weight / c.n;
    a->error = sqrt(square(a->error) + ratio(1, least));
    vn_free(c.f);
    vn_free(c.within);
    return rc;
}

/* The distance of which planes of the axis are multiples apart: the least; 0 where there is none. */
static int64_t pitch_of(const int64_t *at, int n_at)
{
    int64_t pitch = n_at > 1 ? at[1] - at[0] : 0;

    for (int i = 2; i < n_at; i++)
        pitch = vn_min64(pitch, at[i] - at[i - 1]);
    for (int i = 1; i < n_at; i++)
        if ((at[i] - at[0]) % pitch)
            return 0;
    return pitch;
}

/* Adds planes that are likely and a multiple of the pitch away from those that were found. */
static void fill_grid(const struct levels *v, struct vn_artifact *a, int axis, int64_t pitch)
{
    const struct columns *c = &v->c[axis];
    const double *score = v->score[axis], *sharp = score + c->n, likely = 1 + LIKELY_PLANE * sqrt(2.0 / c->n_box);
    const int64_t lo = v->s.l->box.lo[axis];
    int64_t at[VN_MAX_SEAMS];
    int all = 0, seen = 0;

    for (int64_t p = 3 + (a->at[axis][0] - lo - 3) % pitch; p + 3 <= c->n && all < VN_MAX_SEAMS; p += pitch) {
        const bool is = seen < a->n_at[axis] && a->at[axis][seen] == lo + p;
        seen += is;
        if (is || (score[p] > likely && sharp[p] > likely))
            at[all++] = lo + p;
    }
    if (seen == a->n_at[axis]) {
        memcpy(a->at[axis], at, (size_t)all * sizeof *at);
        a->n_at[axis] = all;
    }
}

/* What is far from the level, as tiles that differ much, counts `wide` times as far.  *n: planes. */
static int find_all_planes(struct levels *v, struct vn_artifact *a, double wide, int *n, struct vn_job *job, struct vn_err *err)
{
    const struct vn_artifact_look *l = v->s.l;
    const float low = v->s.low, high = v->s.high;
    int rc = 0;

    v->s.low *= (float)wide;
    v->s.high *= (float)wide;
    *n = 0;
    for (int axis = 0; rc == 0 && axis < 3; axis++)
        if (l->axis < 0 || l->axis == axis) {
            if (wide != v->wide)
                v->known[axis] = -1;
            rc = find_planes(v, a, axis, wide, job, err);
        }
    for (int axis = 0; rc == 0 && axis < 3; axis++) {      /* tiles are mostly square */
        int64_t pitch = pitch_of(a->at[axis], a->n_at[axis]);
        for (int k = 0; k < 3 && a->n_at[axis] == 1 && !pitch; k++)
            pitch = pitch_of(a->at[k], a->n_at[k]);
        if (pitch)
            fill_grid(v, a, axis, pitch);
        *n += a->n_at[axis];
    }
    v->wide = wide;
    v->s.low = low;
    v->s.high = high;
    return rc;
}

static int find_seams(struct levels *v, struct vn_job *job, struct vn_err *err)
{
    const struct vn_artifact_look *l = v->s.l;
    struct vn_artifact a = { .kind = VN_SEAMS, .level = l->level, .noise = l->spread }, far = a;
    double wide = 1;
    int n_at = 0, n_far = 0, rc = find_all_planes(v, &a, 1, &n_at, job, err);

    if (rc == 0 && n_at && !(rc = find_all_planes(v, &far, WIDE, &n_far, job, err)) && n_far > n_at) {
        a = far;
        wide = WIDE;
    }
    const int64_t n = (int64_t)(a.n_at[0] + 1) * (a.n_at[1] + 1) * (a.n_at[2] + 1);
    if (rc || n == 1 || n > MAX_TILES || v->m->n == VN_MAX_ARTIFACTS)
        return rc;
    a.n_value = (int)n;
    if (!(a.value = vn_calloc((uint64_t)n, sizeof *a.value, err)))
        return VN_E_MEMORY;
    v->m->item[v->m->n++] = a;
    rc = vn_artifact_ready(&v->m->item[v->m->n - 1], 1, err);
    struct vn_ascan open = opened(&v->s);
    rc = rc ? rc : measure_tiles(&open, &v->m->item[v->m->n - 1], wide, job, err);
    if (rc == 0) {                                         /* a slope was taken for steps: known no better than that there are none */
        struct vn_artifact_size size;
        vn_artifact_size(&v->m->item[v->m->n - 1], &size);
        if (size.rms < SURE_TILES * v->m->item[v->m->n - 1].error) {
            vn_artifacts_drop(v->m);
            v->known[0] = v->known[1] = v->known[2] = -1;
        }
    }
    return rc;
}

/* ---- a first look ----
 *
 * At fewer voxels, once, and without their neighbours: whether there may be anything at all.  What a voxel has is its height over the
 * median of its column; a slice has the mean of what lies within 2.5 standard deviations, or, where that is little, of all, cut there. */

enum { GLANCE = 16, EVERY = 4 };                           /* voxels across a column; rows and planes for its median */

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
    const struct columns *c = ctx;
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

/* Whether any plane may be a seam, from slices alone. room: (2 n_box + 3) n numbers. */
static bool may_meet(const struct columns *c, const struct vn_artifact_look *l, double *room)
{
    const int64_t n = c->n;
    const double sure = 1 + MAYBE_PLANE * SURE_SCORE * sqrt(2.0 / c->n_box);
    double *step = room, *rise = step + c->n_box * n, *score = rise + c->n_box * n, *sharp = score + n, *spare = sharp + n;

    memset(room, 0, (size_t)(2 * c->n_box * n) * sizeof *room);
    for (int k = 0; k < c->n_box; k++)
        for (int64_t i = 3; i + 3 <= n; i++) {
            step[k * n + i] = step_at(c->p + k * n, n, i, SIDE);
            rise[k * n + i] = c->p[k * n + i] - c->p[k * n + i - 1];
        }
    score_planes(step, c->n_box, n, score, spare);
    score_planes(rise, c->n_box, n, sharp, spare);
    memcpy(spare, sharp + 3, (size_t)(n - 5) * sizeof *spare);
    const double usual = median(spare, n - 5);
    for (int64_t i = 3; i + 3 <= n; i++)
        spare[i - 3] = fabs(sharp[i] - usual);
    const double much = usual + MAYBE_PLANE * SURE_PLANE * 1.4826 * median(spare, n - 5);
    for (int64_t i = 3; i + 3 <= n; i++) {
        double own = 0;
        for (int k = 0; k < c->n_box; k++)
            own += square(step[k * n + i]);
        if (score[i] > sure && sharp[i] > sure && 0.5 * (score[i] + sharp[i]) > much && own > MAYBE * c->n_box * square(LEAST * l->spread))
            return true;
    }
    return false;
}

/* Whether an axis may have slices that jump; planes where tiles meet. */
static int glance(struct levels *v, int axis, bool *slices, bool *planes, struct vn_job *job, struct vn_err *err)
{
    struct columns c;
    int rc = columns_init(&c, &v->s, axis, GLANCE, false, err);
    const int64_t n = c.n, room_n = vn_max64(ROOM + 2, 2 * c.n_box + 3);
    double *room = rc ? NULL : vn_alloc((uint64_t)(room_n * n) * sizeof *room, err);

    rc = rc ? rc : room ? vn_job_for_quiet(job, c.n_box, glance_task, &c, err) : VN_E_MEMORY;
    *slices = *planes = false;
    if (rc == 0 && c.n_box >= 4 && n >= 5) {
        double *value = room + ROOM * n;
        slice_levels(&c, &(struct trend){ .known = false }, value, value + n, room);
        *slices = slices_may_stand_out(v->s.l, value, value + n, n);
    }
    if (rc == 0 && c.n_box >= 4 && n >= 4 * SIDE)
        *planes = may_meet(&c, v->s.l, room);
    vn_free(room);
    columns_free(&c);
    return rc;
}

/* Slices that differ from one to the next, then seams, then what is alike over several voxels across x and y. */
int vn_artifact_find_levels(const struct vn_artifact_look *l, bool slices, bool seams, struct vn_artifacts *m, struct vn_job *job, struct vn_err *err)
{
    struct levels v = { .m = m, .wide = 1 };
    const int before = m->n;
    bool may[3] = { false }, meet = false;
    int rc = 0;

    if (l->spread == 0 || (rc = vn_ascan_begin(&v.s, l, m, job, err)))
        return rc;
    for (int axis = 2; rc == 0 && axis >= 0; axis--)
        if (l->axis < 0 || l->axis == axis) {
            bool here = false;
            rc = glance(&v, axis, &may[axis], &here, job, err);
            meet = meet || here;
        }
    for (int axis = 2; rc == 0 && slices && axis >= 0; axis--)         /* when something was found, it may have hidden more */
        if ((l->axis < 0 || l->axis == axis) && (may[axis] || m->n > before))
            rc = find_slices(&v, axis, 2, job, err);
    if (rc == 0 && seams && (meet || m->n > before))
        rc = find_seams(&v, job, err);
    for (int axis = 1; rc == 0 && slices && axis >= 0; axis--)
        if ((l->axis < 0 || l->axis == axis) && (may[axis] || m->n > before))
            rc = find_slices(&v, axis, 8, job, err);
    for (int k = 0; k < 3; k++) {
        columns_free(&v.c[k]);
        vn_free(v.score[k]);
    }
    vn_ascan_end(&v.s);
    return rc;
}
