/* artifact_find.c - periodic patterns of 2 to 16 voxels and of even numbers up to 32, in whole-volume coordinates.
 *
 * A pattern of period p is a sum of waves of frequency (kx, ky, kz) / p. Blocks of the volume are folded: means over the
 * voxels of one residue, weighted by a window that is a box of p voxels smeared by another of a multiple of p. It leaves
 * nothing of a constant and of a slope in any wave, and nothing of a wave in another of the same p; side by side the windows
 * sum to one. What remains is a wave's amplitude and phase in each block. A pattern has one phase in all of them, what grows
 * has not: a wave is found where the mean over blocks is larger than their scatter allows, R = B |mean|^2 / variance, of which
 * chance gives more than (B - 1) (exp(L / (B - 1)) - 1) with probability exp(-L) (F distribution with 2 and 2 (B - 1) degrees
 * of freedom). Along an axis in which a wave does not change, blocks are one: what one slice has is not counted as often as
 * there are blocks beside.
 *
 * Grey values count as far as 4 standard deviations from the background, so that vessels hardly do. What that takes from a
 * pattern comes back as it is estimated again from what is left of it, without anything beyond. */
#include "artifact_scan.h"
#include <math.h>
#include <string.h>
#include "mem.h"
#include "vox.h"

enum { FULL = 16, NARROW = 3, LEAST = 4, BLOCKS = 6, LONGEST = 112, LOOK = 48, PASSES = 4, ROUNDS = 5, ALIGN = 32 };     /* periods looked at in full; waves beyond; blocks
                                            along an axis; their voxels, and while nothing is known; repetitions; voxels by which rows are made */
static const double SURE = 25, LIKELY = 2;       /* L of a period; of a wave of a period that is there, for 64 blocks */

struct tone { int k[3], period, at; bool own; };           /* at: where its number stands; own: its own conjugate */
struct mean { double re, im, power, error2, ratio; int64_t n; };      /* over n blocks; error2: its variance */
struct turns { double c[VN_MAX_PERIOD * VN_MAX_PERIOD], s[VN_MAX_PERIOD * VN_MAX_PERIOD]; };      /* [r][wave]: of 2 pi k r / p */
struct group {
    int p, dim[3];                     /* 1: no period fits this axis, or none is of interest */
    int n_k, half;                     /* waves along each other axis: 0, 1, ... -2, -1; of them those looked at along z */
    int64_t n_block[3], step[3], len[3];
    double overlap[3];                 /* by how much the variance of a mean over blocks grows, as they overlap */
    float *window[3];
    double sum;
    struct tone *tone; int n_tone;
    float *re, *im;                    /* [block][tone] */
    struct mean *mean;
    struct turns *turns;
};
struct finder {
    struct vn_ascan s;
    struct group *group; int n_group;
};

static int64_t blocks(const struct group *g) { return g->n_block[0] * g->n_block[1] * g->n_block[2]; }

static void group_free(struct group *g)
{
    for (int k = 0; k < 3; k++)
        vn_free(g->window[k]);
    vn_free(g->tone);
    vn_free(g->re);
    vn_free(g->im);
    vn_free(g->mean);
    vn_free(g->turns);
    *g = (struct group){ .p = 0 };
}

static struct vn_box block_box(const struct finder *f, const struct group *g, int64_t i)
{
    struct vn_box b;
    for (int k = 0; k < 3; k++) {
        const int64_t c = i % g->n_block[k], room = vn_box_dim(&f->s.l->box, k), used = (g->n_block[k] - 1) * g->step[k] + g->len[k];
        i /= g->n_block[k];
        b.lo[k] = f->s.l->box.lo[k] + (room - used) / 2 + c * g->step[k];
        b.hi[k] = b.lo[k] + g->len[k];
    }
    return b;
}

/* ---- which waves ---- */

static int gcd(int a, int b) { return b ? gcd(b, a % b) : a; }

/* The group in which waves of a period are looked at: the largest multiple that serves several. */
static int home(int period)
{
    static const int of[VN_MAX_PERIOD + 1] = { 0, 0, 16, 12, 16, 15, 12, 14, 16, 9, 10, 11, 12, 13, 14, 15, 16, 0, 18, 0, 20, 0, 22, 0, 24, 0, 26, 0,
                                               28, 0, 30, 0, 32 };
    return of[period];
}

/* Wave number j of an axis. */
static int wave(const struct group *g, int axis, int j) { return g->dim[axis] == 1 ? 0 : 2 * j < g->n_k ? j : g->p - g->n_k + j; }
static int waves(const struct group *g, int axis) { return g->dim[axis] == 1 ? 1 : axis == 2 ? g->half : g->n_k; }

/* One of each pair of conjugate waves, without the mean; every: also those that have their home elsewhere. */
static int list_tones(struct group *g, bool every, struct vn_err *err)
{
    const int n[3] = { waves(g, 0), waves(g, 1), waves(g, 2) }, p = g->p;

    if (!(g->tone = vn_alloc((uint64_t)(n[0] * n[1] * n[2]) * sizeof *g->tone, err)))
        return VN_E_MEMORY;
    for (int at = 0; at < n[0] * n[1] * n[2]; at++) {
        const int x = wave(g, 0, at % n[0]), y = wave(g, 1, at / n[0] % n[1]), z = wave(g, 2, at / n[0] / n[1]);
        const int cx = (p - x) % p, cy = (p - y) % p, cz = (p - z) % p, here = (z * p + y) * p + x, there = (cz * p + cy) * p + cx;
        const int period = p / gcd(gcd(p, x), gcd(y, z));
        if (period > 1 && (cz != z || there >= here) && (every || home(period) == p))
            g->tone[g->n_tone++] = (struct tone){ { x, y, z }, period, at, there == here };
    }
    return 0;
}

/* Blocks along axis k: LEAST where there is room, up to BLOCKS where that takes more voxels in.  without: its waves are of no
 * interest. */
static void cut_axis(struct group *g, int k, int64_t room, bool without, int64_t longest)
{
    const int64_t p = g->p, most = room - p + 1;

    g->dim[k] = most >= p && !without ? g->p : 1;
    g->overlap[k] = 1;
    if (g->dim[k] == 1) {
        g->n_block[k] = vn_max64(1, vn_min64(LEAST, room / 16));
        g->step[k] = room / g->n_block[k];
        g->len[k] = vn_min64(g->step[k], longest);
        return;
    }
    g->n_block[k] = 1;
    g->step[k] = vn_min64(most, longest) / p * p;
    for (int64_t n = vn_min64(LEAST, most / p); n <= BLOCKS && n * p <= most; n++)
        if (8 * (most / n / p * p * n) > 9 * g->step[k] * g->n_block[k] || n <= LEAST) {
            g->n_block[k] = n;
            g->step[k] = most / n / p * p;
        }
    g->len[k] = vn_min64(g->step[k], longest / p * p) + p - 1;
    if (g->len[k] > g->step[k])
        g->overlap[k] = 1 + 2 * (double)p / (double)(6 * g->step[k] - 2 * p);
}

static void turns_init(struct turns *t, const struct group *g)
{
    const int p = g->p;
    for (int r = 0; r < p; r++)
        for (int j = 0; j < g->n_k; j++) {
            const int k = 2 * j < g->n_k ? j : p - g->n_k + j;
            t->c[r * g->n_k + j] = vn_cos_turn((double)(k * r % p) / p);
            t->s[r * g->n_k + j] = vn_cos_turn((double)(k * r % p) / p - 0.25);
        }
}

/* axes: bits of those along which a period of interest changes; 0: all periods of which this is the home. */
static int group_init(const struct finder *f, struct group *g, int p, int axes, struct vn_err *err)
{
    const bool all = axes || p <= FULL;
    int rc = 0;

    *g = (struct group){ .p = p, .n_k = all ? p : 2 * NARROW + 1, .half = all ? p / 2 + 1 : NARROW + 1, .sum = 1 };
    for (int k = 0; k < 3; k++) {
        double sum = 0;
        cut_axis(g, k, vn_box_dim(&f->s.l->box, k), axes && !(axes >> k & 1), axes ? LONGEST : LOOK);
        if (!(g->window[k] = vn_alloc((uint64_t)g->len[k] * sizeof *g->window[k], err)))
            return VN_E_MEMORY;
        for (int64_t i = 0; i < g->len[k]; i++) {          /* p - 1 voxels rise, as many fall */
            const int64_t rise = vn_min64(i + 1, g->len[k] - i);
            g->window[k][i] = g->dim[k] > 1 && rise < p ? (float)rise / (float)p : 1;
            sum += (double)g->window[k][i];
        }
        g->sum *= sum;
    }
    rc = list_tones(g, axes != 0, err);
    const uint64_t n = (uint64_t)blocks(g) * (uint64_t)g->n_tone * sizeof(float);
    if (rc || !(g->re = vn_alloc(n, err)) || !(g->im = vn_alloc(n, err)) || !(g->mean = vn_alloc((uint64_t)g->n_tone * sizeof *g->mean, err)) ||
        !(g->turns = vn_alloc(sizeof *g->turns, err)))
        return VN_E_MEMORY;
    turns_init(g->turns, g);
    return 0;
}

/* ---- folding ---- */

static VN_HOT void add_row(float *restrict sum, const float *restrict v, float w, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        sum[i] += w * v[i];
}

static int64_t residue(int64_t i, int64_t p) { return (i % p + p) % p; }

/* Rows [r][0..n) of real numbers: rows [wave][0..n), the first `half`, of their discrete Fourier transform across the rows. */
static VN_HOT void transform_real(const struct turns *t, int p, int n_k, int half, int64_t n, const double *restrict v, double *restrict re,
                                  double *restrict im)
{
    for (int k = 0; k < half; k++)
        for (int r = 0; r < p; r++) {
            const double c = t->c[r * n_k + k], s = t->s[r * n_k + k];
            for (int64_t i = 0; i < n; i++) {
                re[k * n + i] = (r ? re[k * n + i] : 0) + c * v[r * n + i];
                im[k * n + i] = (r ? im[k * n + i] : 0) - s * v[r * n + i];
            }
        }
}

static VN_HOT void transform_rows(const struct turns *t, int p, int n_k, int64_t n, const double *restrict re, const double *restrict im,
                                  double *restrict to_re, double *restrict to_im)
{
    for (int k = 0; k < n_k; k++)
        for (int r = 0; r < p; r++) {
            const double c = t->c[r * n_k + k], s = t->s[r * n_k + k];
            for (int64_t i = 0; i < n; i++) {
                to_re[k * n + i] = (r ? to_re[k * n + i] : 0) + c * re[r * n + i] + s * im[r * n + i];
                to_im[k * n + i] = (r ? to_im[k * n + i] : 0) + c * im[r * n + i] - s * re[r * n + i];
            }
        }
}

/* The same along rows of p numbers. */
static VN_HOT void transform_along(const struct turns *t, int p, int n_k, int64_t rows, const double *restrict re, const double *restrict im,
                                   double *restrict to_re, double *restrict to_im)
{
    for (int64_t row = 0; row < rows; row++) {
        double a[VN_MAX_PERIOD] = { 0 }, b[VN_MAX_PERIOD] = { 0 };
        for (int r = 0; r < p; r++) {
            const double u = re[row * p + r], v = im[row * p + r], *c = t->c + r * n_k, *s = t->s + r * n_k;
            for (int k = 0; k < n_k; k++) {
                a[k] += c[k] * u + s[k] * v;
                b[k] += c[k] * v - s[k] * u;
            }
        }
        memcpy(to_re + row * n_k, a, (size_t)n_k * sizeof *a);
        memcpy(to_im + row * n_k, b, (size_t)n_k * sizeof *b);
    }
}

/* Means by residues [z][y][x] in work become waves [z][y][x]: in *re, *im.  work: five times as many. */
static void waves_of(const struct group *g, double *work, double **re, double **im)
{
    const int *d = g->dim, nz = waves(g, 2), ny = waves(g, 1);
    const struct turns *t = g->turns;
    const int64_t plane = (int64_t)d[0] * d[1], n = plane * d[2];
    double *r[2] = { work + n, work + 3 * n }, *i[2] = { work + 2 * n, work + 4 * n };
    int at = 0;

    if (d[2] > 1)
        transform_real(t, d[2], g->n_k, nz, plane, work, r[0], i[0]);
    else {
        memcpy(r[0], work, (size_t)plane * sizeof *work);
        memset(i[0], 0, (size_t)plane * sizeof *work);
    }
    for (int64_t z = 0; z < nz && d[1] > 1; z++)
        transform_rows(t, d[1], g->n_k, d[0], r[0] + z * plane, i[0] + z * plane, r[1] + z * ny * d[0], i[1] + z * ny * d[0]);
    at ^= d[1] > 1;
    if (d[0] > 1)
        transform_along(t, d[0], g->n_k, (int64_t)nz * ny, r[at], i[at], r[!at], i[!at]);
    at ^= d[0] > 1;
    *re = r[at];
    *im = i[at];
}

/* Sums of rows of n by residue, weighted; the first voxel has residue `first`. */
static VN_HOT void fold_rows(const float *acc, int64_t stride, const float *window, int64_t rows, int64_t n, int p, int first, double *sum)
{
    for (int64_t row = 0; row < rows; row++, acc += stride, sum += p) {
        double part[VN_MAX_PERIOD] = { 0 };
        int64_t i = 0;
        for (; i + p <= n; i += p)
            for (int r = 0; r < p; r++)
                part[r] += (double)window[i + r] * (double)acc[i + r];
        for (int r = 0; i < n; i++, r++)
            part[r] += (double)window[i] * (double)acc[i];
        for (int r = 0; r < p; r++)
            sum[(r + first) % p] = part[r];
    }
}

static int64_t aligned(int64_t n) { return (n + ALIGN - 1) / ALIGN * ALIGN; }

/* Rows reach beyond the block as far as they are made: what stands there is not looked at. */
static void fold_block(const struct finder *f, const struct group *g, int64_t block, const struct vn_buf *in, const struct vn_box *b, void *work)
{
    const struct vn_buf *from = f->s.in.data ? &f->s.in : in;
    const int64_t n = g->len[0], wide = aligned(n), made = vn_min64(wide, from->box.hi[0] - b->lo[0]), rows = (int64_t)g->dim[1] * g->dim[2], cells = rows * g->dim[0];
    double *sum = work, *spare = sum + 5 * cells, *re, *im;
    float *acc = (float *)(spare + wide), *v = acc + rows * wide;
    const bool coarse = g->n_k < g->p;                     /* slow waves alone: every second row and plane will do */

    memset(acc, 0, (size_t)((rows + 1) * wide) * sizeof *acc);
    for (int64_t z = b->lo[2]; z < b->hi[2]; z++) {
        float *plane = acc + residue(z, g->dim[2]) * g->dim[1] * wide;
        int64_t r = residue(b->lo[1], g->dim[1]);
        for (int64_t y = b->lo[1]; y < b->hi[1]; y++, r = r + 1 == g->dim[1] ? 0 : r + 1) {
            const float w = g->window[2][z - b->lo[2]] * g->window[1][y - b->lo[1]] * (coarse ? 4.0f : 1.0f);
            if (coarse && ((y | z) & 1))
                continue;
            vn_ascan_heights(&f->s, from, b->lo[0], y, z, v, spare, made);
            add_row(plane + r * wide, v, w, wide);
        }
    }
    fold_rows(acc, wide, g->window[0], rows, n, g->dim[0], (int)residue(b->lo[0], g->dim[0]), sum);
    waves_of(g, sum, &re, &im);
    for (int i = 0; i < g->n_tone; i++) {
        g->re[block * g->n_tone + i] = (float)(re[g->tone[i].at] / g->sum);
        g->im[block * g->n_tone + i] = (float)(im[g->tone[i].at] / g->sum);
    }
}

static int fold_task(void *ctx, int64_t i, struct vn_err *err)
{
    const struct finder *f = ctx;
    const struct group *g = f->group;

    for (; i >= blocks(g); g++)
        i -= blocks(g);
    const int64_t rows = (int64_t)g->dim[1] * g->dim[2], n = aligned(g->len[0]);
    const struct vn_box b = block_box(f, g, i);
    struct vn_buf in = { 0 };
    void *work = vn_alloc((uint64_t)(5 * rows * g->dim[0] + n) * sizeof(double) + (uint64_t)((rows + 1) * n) * sizeof(float), err);
    int rc = work ? vn_ascan_box(&f->s, &b, &in, err) : VN_E_MEMORY;

    if (rc == 0)
        fold_block(f, g, i, &in, &b, work);
    vn_buf_free(&in);
    vn_free(work);
    return rc;
}

/* Of wave i over blocks; blocks beside each other along an axis in which it does not change are one. */
static struct mean mean_of(const struct group *g, int i)
{
    double re[BLOCKS * BLOCKS * BLOCKS], im[BLOCKS * BLOCKS * BLOCKS];
    const int *k = g->tone[i].k;
    int64_t step[3], n = 1, b = i;
    struct mean m = { 0 };

    for (int a = 0; a < 3; a++) {
        step[a] = k[a] ? n : 0;
        n *= k[a] ? g->n_block[a] : 1;
    }
    memset(re, 0, (size_t)n * sizeof *re);
    memset(im, 0, (size_t)n * sizeof *im);
    const double share = (double)n / (double)blocks(g);
    for (int64_t z = 0; z < g->n_block[2]; z++)
        for (int64_t y = 0; y < g->n_block[1]; y++)
            for (int64_t x = 0; x < g->n_block[0]; x++, b += g->n_tone) {
                const int64_t to = x * step[0] + y * step[1] + z * step[2];
                re[to] += share * (double)g->re[b];
                im[to] += share * (double)g->im[b];
            }
    for (b = 0; b < n; b++) {
        m.re += re[b] / (double)n;
        m.im += im[b] / (double)n;
    }
    for (b = 0; b < n && n > 1; b++)
        m.error2 += ((re[b] - m.re) * (re[b] - m.re) + (im[b] - m.im) * (im[b] - m.im)) / ((double)n * (double)(n - 1));
    for (int a = 0; a < 3; a++)
        m.error2 *= k[a] ? g->overlap[a] : 1;
    m.n = n;
    m.power = m.re * m.re + m.im * m.im;
    m.ratio = m.power == 0 ? 0 : m.power / (m.error2 + 1e-14 * m.power);
    return m;
}

static int fold(struct finder *f, struct vn_job *job, struct vn_err *err)
{
    int64_t n = 0;
    for (int i = 0; i < f->n_group; i++)
        n += blocks(&f->group[i]);
    const int rc = vn_job_for_quiet(job, n, fold_task, f, err);
    for (struct group *g = f->group; rc == 0 && g < f->group + f->n_group; g++)
        for (int i = 0; i < g->n_tone; i++)
            g->mean[i] = mean_of(g, i);
    return rc;
}

/* ---- what is found ---- */

/* Whether chance gives such a ratio with less than exp(-l). */
static bool beyond(const struct group *g, int i, double l)
{
    const struct mean *m = &g->mean[i];
    const double free = (double)(m->n - 1);
    if (m->n < LEAST)
        return false;
    return m->ratio > (g->tone[i].own ? free * (vn_exp(2 * l / free) - 1) : free * (vn_exp(l / free) - 1));
}

/* Marks the periods, each with the axes along which it changes, found in the group of the strongest wave: in the others they may be shadows of these. */
static bool mark_periods(const struct finder *f, int found[VN_MAX_PERIOD + 1])
{
    const struct group *best = NULL;
    double most = 0;
    bool any = false;

    for (const struct group *g = f->group; g < f->group + f->n_group; g++)
        for (int i = 0; i < g->n_tone; i++)
            if (g->mean[i].power > most && beyond(g, i, SURE)) {
                most = g->mean[i].power;
                best = g;
            }
    for (int i = 0; best && i < best->n_tone; i++)
        if (beyond(best, i, SURE)) {
            const struct tone *o = &best->tone[i];
            const int axes = found[o->period] | (o->k[0] > 0) | (o->k[1] > 0) << 1 | (o->k[2] > 0) << 2;
            any = any || axes != found[o->period];
            found[o->period] = axes;
        }
    return any;
}

/* Of the periods that are found those that are no part of another. */
static int largest(const int found[VN_MAX_PERIOD + 1], int period[VN_MAX_PERIOD], int axes[VN_MAX_PERIOD])
{
    int n = 0;
    for (int p = VN_MAX_PERIOD; p >= VN_MIN_PERIOD; p--) {
        bool part = !found[p];
        for (int i = 0; i < n; i++)
            if (period[i] % p == 0) {
                axes[i] |= found[p];
                part = true;
            }
        if (part)
            continue;
        period[n] = p;
        axes[n++] = found[p];
    }
    return n;
}

/* axes: of each, or NULL. */
static int set_groups(struct finder *f, const int *period, const int *axes, int n, struct vn_err *err)
{
    for (int i = 0; i < f->n_group; i++)
        group_free(&f->group[i]);
    for (f->n_group = 0; f->n_group < n;) {
        const int rc = group_init(f, &f->group[f->n_group], period[f->n_group], axes ? axes[f->n_group] : 0, err);
        f->n_group++;
        if (rc)
            return rc;
    }
    return 0;
}

/* Adds what the last fold saw of item i's waves; the first time it is decided which there are.  *moved: rms of the change. */
static int add_waves(const struct finder *f, int i, struct vn_artifact *a, double *moved, struct vn_err *err)
{
    const struct group *g = &f->group[i];
    const bool first = !a->wave;
    double error = 0, change = 0;

    if (first && !(a->wave = vn_alloc((uint64_t)g->n_tone * sizeof *a->wave, err)))
        return VN_E_MEMORY;
    for (int t = 0, w = 0; t < g->n_tone; t++) {
        const struct tone *o = &g->tone[t];
        const struct mean m = g->mean[t];
        const double twice = o->own ? 1 : 2;
        bool other = false;
        for (int j = 0; j < i; j++) {
            const struct group *h = &f->group[j];
            other = other || (h->p % o->period == 0 && (!o->k[0] || h->dim[0] > 1) && (!o->k[1] || h->dim[1] > 1) && (!o->k[2] || h->dim[2] > 1));
        }
        if (first && !other && beyond(g, t, LIKELY * sqrt(8 / sqrt((double)m.n))))        /* fewer blocks: what grew there weighs more */
            a->wave[a->n_wave++] = (struct vn_wave){ { o->k[0], o->k[1], o->k[2] }, 0, 0 };
        if (w == a->n_wave || memcmp(a->wave[w].k, o->k, sizeof o->k))
            continue;
        a->wave[w].re += m.re;
        a->wave[w].im += o->own ? 0 : m.im;
        error += twice * m.error2;
        change += twice * m.power;
        w++;
    }
    a->error = sqrt(error);
    *moved = sqrt(change);
    return 0;
}

/* Estimates the items from number `from` on until they do not change; known: they are nearly right. */
static int settle(struct finder *f, struct vn_artifacts *m, int from, bool known, struct vn_job *job, struct vn_err *err)
{
    int rc = 0;
    bool moves = true;

    for (int pass = 0; rc == 0 && moves && pass < PASSES; pass++) {
        moves = false;
        f->s.drop = pass > 0 || known;
        rc = fold(f, job, err);
        for (int i = 0; rc == 0 && i < f->n_group; i++) {
            struct vn_artifact *a = &m->item[from + i];
            double moved = 0;
            if (!(rc = add_waves(f, i, a, &moved, err)))
                rc = vn_artifact_ready(a, 1, err);
            moves = moves || moved > 0.3 * a->error;
        }
    }
    return rc;
}

/* The axis along which E changes most from voxel to voxel. */
static int steepest(const struct vn_artifact *a)
{
    double e[3] = { 0 };
    const int p = a->period;

    for (int i = 0; i < p * p * p; i++) {
        const int c[3] = { i % p, i / p % p, i / p / p }, step[3] = { 1, p, p * p };
        for (int k = 0; k < 3; k++) {
            const double d = a->e[i + step[k] * (c[k] + 1 < p ? 1 : 1 - p)] - a->e[i];
            e[k] += d * d;
        }
    }
    return e[0] >= e[1] && e[0] >= e[2] ? 0 : e[1] >= e[2] ? 1 : 2;
}

static int set_scale(struct finder *f, int i, struct vn_artifact *a, struct vn_job *job, struct vn_err *err)
{
    const struct group *g = &f->group[i];
    struct vn_box box[BLOCKS * BLOCKS * BLOCKS];

    for (int64_t b = 0; b < blocks(g); b++)
        box[b] = block_box(f, g, b);
    return vn_ascan_scale(&f->s, a, (const int[]){ steepest(a) }, box, (int)blocks(g), job, err);
}

/* ---- all of it ---- */

/* One item for each period, from nothing. */
static int measure(struct finder *f, struct vn_artifacts *m, int from, const int *period, const int *axes, int n, struct vn_job *job,
                   struct vn_err *err)
{
    int rc = set_groups(f, period, axes, n, err);

    while (m->n > from) {
        struct vn_artifacts last = { 1, { m->item[--m->n] } };
        vn_artifacts_free(&last);
    }
    for (int i = 0; rc == 0 && i < n; i++) {
        m->item[m->n] = (struct vn_artifact){ .kind = VN_CHECKERBOARD, .level = f->s.l->level, .noise = f->s.l->spread, .period = period[i] };
        rc = vn_artifact_ready(&m->item[m->n++], 1, err);
    }
    if (rc == 0)
        rc = settle(f, m, from, false, job, err);
    for (int i = 0; rc == 0 && i < n; i++)
        rc = set_scale(f, i, &m->item[from + i], job, err);
    if (rc == 0)
        rc = settle(f, m, from, true, job, err);
    f->s.drop = false;
    return rc;
}

/* Items of which no wave remained. */
static void drop_empty(struct vn_artifacts *m)
{
    int n = 0;
    for (int i = 0; i < m->n; i++)
        if (m->item[i].kind == VN_CHECKERBOARD && !m->item[i].n_wave) {
            struct vn_artifacts last = { 1, { m->item[i] } };
            vn_artifacts_free(&last);
        } else
            m->item[n++] = m->item[i];
    m->n = n;
}

int vn_artifact_find_periods(const struct vn_artifact_look *l, struct vn_artifacts *m, struct vn_job *job, struct vn_err *err)
{
    static const int all[] = { 32, 30, 28, 26, 24, 22, 20, 18, 16, 15, 14, 13, 12, 11, 10, 9 }, every = 7;
    struct group group[VN_COUNT(all)] = { { 0 } };
    struct finder f = { .group = group };
    int found[VN_MAX_PERIOD + 1] = { 0 }, axes[VN_MAX_PERIOD];
    int period[VN_MAX_PERIOD], rc = vn_ascan_begin(&f.s, l, m, job, err);
    const int from = m->n;

    for (int round = 0; rc == 0 && round < ROUNDS; round++) {
        rc = l->period ? set_groups(&f, &l->period, &every, 1, err) : set_groups(&f, all, NULL, VN_COUNT(all), err);
        if (rc || (rc = fold(&f, job, err)) || !mark_periods(&f, found))
            break;
        const int n = largest(found, period, axes);
        if (from + n > VN_MAX_ARTIFACTS)
            break;
        rc = measure(&f, m, from, period, axes, n, job, err);
    }
    drop_empty(m);
    for (int i = 0; i < f.n_group; i++)
        group_free(&group[i]);
    vn_ascan_end(&f.s);
    return rc;
}
