/* segment_auto.c - the values segment settles by itself, from sample blocks: drift, level and spread, offset and noise,
 * contrast, the widest lumen, smoothing. */
#include "segment.h"
#include <stdio.h>
#include <string.h>
#include "joined.h"
#include "lumen.h"
#include "mem.h"
#include "sample.h"
#include "vox.h"

static const double SMOOTH = 0.75, BACKGROUND = 6;          /* smallest voxel edges */
/* Work in additions: of a sampled value among all, of a cell at all thresholds. */
static const double PLACE = 60, PIECES = 50;

static int set_length(struct vn_args *a, const char *name, double edges, const double um[3], struct vn_err *err)
{
    char text[40];
    snprintf(text, sizeof text, "%.9g%s", edges * vn_seg_edge(um), um[0] > 0 && um[1] > 0 && um[2] > 0 ? "um" : "vox");
    return vn_args_set(a, name, text, err);
}

/* What is taken from sample blocks: of the smoothed image, or of the contrast. */
struct look { bool smoothed; void (*at)(void *ctx, const struct vn_buf *b); void *ctx; };
struct kept { const struct vn_ground *c; const struct vn_buf *out; };

static int contrast_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct kept *k = ctx;
    const struct vn_box *b = &k->out->box;
    const int64_t z = b->lo[2] + i, n = vn_box_dim(b, 0);
    float *made = vn_alloc((uint64_t)(2 * (n + 2)) * sizeof *made, err), *const spare[2] = { made, made + n + 2 };

    if (!made)
        return VN_E_MEMORY;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
        vn_ground_row(k->c, b->lo[0], y, z, (float *)k->out->data + vn_buf_at(k->out, b->lo[0], y, z), spare, n);
    vn_free(made);
    return 0;
}

/* Looks at sample blocks from..to, which lie in box. */
static int look_box(const struct vn_sample *q, int from, int to, const struct vn_box *box, const struct vn_seg *s,
                    struct vn_vol *v, const struct look *l, struct vn_job *job, struct vn_err *err)
{
    int64_t smooth[3] = { s->smooth[0].r, s->smooth[1].r, s->smooth[2].r };
    struct vn_box grown = vn_box_grow(box, l->smoothed ? smooth : s->halo_z);
    struct vn_ground c = { .s = s };
    struct vn_buf in = { 0 };

    vn_box_meet(&grown, &v->box, &grown);
    int rc = vn_vol_map(v, vn_filter_type(v), &grown, VN_PAD_MIRROR, &in, job, err);
    c.in = &in;
    if (rc == 0 && !l->smoothed)
        rc = vn_ground_init(&c, s, &in, box, job, err);
    for (int i = from; rc == 0 && i < to; i++) {
        const struct vn_box block = vn_sample_block(q, i);
        struct vn_buf out = { 0 };
        struct kept k = { &c, &out };
        if ((rc = vn_buf_new(&out, VN_F32, &block, err)) == 0)
            rc = l->smoothed ? vn_filter_sep_of(vn_ground_clean, &c, s->smooth, &out, job, err) :
                               vn_job_for_quiet(job, vn_box_dim(&block, 2), contrast_plane, &k, err);
        if (rc == 0)
            l->at(l->ctx, &out);
        vn_buf_free(&out);
    }
    vn_ground_free(&c);
    vn_buf_free(&in);
    return rc;
}

/* Whether the contrast is made for the whole box: where that is less work than for the sample blocks, as halos overlap,
 * and fits. */
static bool at_once(const struct vn_sample *q, const struct vn_seg *s, const struct vn_vol *v)
{
    const struct vn_box all = vn_box_grow(&q->box, s->halo_z), first = vn_sample_block(q, 0);
    const struct vn_box one = vn_box_grow(&first, s->halo_z);
    const uint64_t used = vn_mem_in_use(), budget = vn_mem_budget(), room = budget > used ? (budget - used) / 2 : 0;
    return vn_box_count(&all) <= vn_box_count(&one) * (uint64_t)q->n_block &&
           (double)vn_box_count(&all) * vn_seg_bytes(s, vn_filter_type(v)) <= (double)room;
}

/* Looks at all sample blocks. */
static int look(const struct vn_sample *q, const struct vn_seg *s, struct vn_vol *v, const struct look *l,
                struct vn_job *job, struct vn_err *err)
{
    int rc = 0;

    if (at_once(q, s, v))
        return look_box(q, 0, q->n_block, &q->box, s, v, l, job, err);
    for (int i = 0; rc == 0 && i < q->n_block; i++) {
        const struct vn_box box = vn_sample_block(q, i);
        rc = look_box(q, i, i + 1, &box, s, v, l, job, err);
    }
    return rc;
}

static void add_sample(void *ctx, const struct vn_buf *b)
{
    vn_sample_add(ctx, b, &b->box, 1.0f);
}

/* ---- whether vessels are hollow ----
 *
 * Asked of the sample blocks' contrast in cells of about two smallest voxel edges, each with the greatest of its
 * voxels. */

/* Widest lumens asked for, in smallest voxel edges, and voxels of lumen beside those of wall that make it one: the
 * wider, the more of what is no lumen has vessels all around. */
static const struct { double wide, share; } HOLLOW[] = { { 64, 1.2 }, { 32, 0.25 }, { 16, 0.08 }, { 8, 0.025 } };
enum { N_HOLLOW = VN_COUNT(HOLLOW) };
static const double HOLLOW_MORE = 1.05;        /* times what half the width finds */
/* Walls that half of a line as long meets anywhere in a dense network: no more is asked. */
static const double HOLLOW_CHANCE = 2.5;

/* Voxels of lumen to one of wall that chance alone finds in a network with `wall` of all voxels, where half of a line
 * meets as many walls on average (Poisson): 11 of the 13 lines through a dark voxel meet one on both sides. */
static double by_chance(double meets, double wall)
{
    const double one = 1 - vn_exp(-meets), p = one * one, q = 1 - p;
    double most = 1;

    for (int i = 0; i < 11; i++)
        most *= p;
    return wall > 0 ? most * (78 * q * q + 13 * p * q + p * p) * (1 - wall) / wall : 0;
}

struct pooled { struct vn_sample *q; int64_t f[3], n[3]; double edge[3]; float *v; int n_block; };

static int pooled_init(struct pooled *p, struct vn_sample *q, const struct vn_seg *s, struct vn_err *err)
{
    uint64_t all = (uint64_t)q->n_block;

    *p = (struct pooled) { .q = q };
    for (int k = 0; k < 3; k++) {
        p->f[k] = s->edge[k] < 1.5 ? 2 : 1;
        p->edge[k] = (double)p->f[k] * s->edge[k];
        p->n[k] = vn_max64(1, q->size[k] / p->f[k]);
        all *= (uint64_t)p->n[k];
    }
    p->v = vn_alloc(all * sizeof *p->v, err);
    return p->v ? 0 : VN_E_MEMORY;
}

/* to[0..n) = the greatest of to and of every f-th value in v and the next. */
static VN_HOT void pool_row(float *restrict to, const float *restrict v, int64_t f, int64_t n)
{
    for (int64_t x = 0; x < n; x++) {
        const float a = v[f * x], b = v[f * x + f - 1], most = a > b ? a : b;
        to[x] = most > to[x] ? most : to[x];
    }
}

static void add_pooled(void *ctx, const struct vn_buf *b)
{
    struct pooled *p = ctx;
    const int64_t *n = p->n, one[3] = { vn_box_dim(&b->box, 0), vn_box_dim(&b->box, 1), vn_box_dim(&b->box, 2) };
    float *v = p->v + p->n_block++ * n[0] * n[1] * n[2];

    add_sample(p->q, b);
    for (int64_t i = 0; i < n[0] * n[1] * n[2]; i++)
        v[i] = -1e30f;
    for (int64_t z = 0; z < vn_min64(one[2], n[2] * p->f[2]); z++)
        for (int64_t y = 0; y < vn_min64(one[1], n[1] * p->f[1]); y++)
            pool_row(v + (z / p->f[2] * n[1] + y / p->f[1]) * n[0],
                     (const float *)b->data + z * b->stride[1] + y * b->stride[0], vn_min64(p->f[0], one[0]), n[0]);
}

/* Voxels of lumens as wide, beside those of wall, in the middle of blocks alone, as lines end at their faces; -1 where
 * chance alone would find some. */
static int share_of(const struct pooled *p, float from, double wide, double *share, struct vn_job *job,
                    struct vn_err *err)
{
    const struct vn_box box = { { 0, 0, 0 }, { p->n[0], p->n[1], p->n[2] } };
    int64_t margin[3];
    double dark = 0, thin = 0;
    int rc = 0;

    for (int k = 0; k < 3; k++)
        margin[k] = p->n_block > 1 ? p->n[k] / 4 : 0;
    for (int i = 0; rc == 0 && i < p->n_block; i++) {
        const float *v = p->v + i * p->n[0] * p->n[1] * p->n[2];
        struct vn_bitvol bright;
        uint64_t d = 0, t = 0;
        if ((rc = vn_bitvol_new(&bright, &box, err)))
            break;
        for (int64_t z = 0; z < p->n[2]; z++)
            for (int64_t y = 0; y < p->n[1]; y++, v += p->n[0])
                vn_seg_wall_row(v, from, vn_bit_row(&bright, y, z), p->n[0]);
        rc = vn_lumen_count(&bright, p->edge, wide, margin, p->n_block > 1 ? 0 : HOLLOW[N_HOLLOW - 1].share, &d, &t,
                            job, err);
        dark += (double)d;
        thin += (double)t;
        vn_bitvol_free(&bright);
    }
    double cells = p->n_block;
    for (int k = 0; k < 3; k++)
        cells *= (double)(p->n[k] - 2 * margin[k]);
    const double wall = thin / cells, meets = wall * 0.5 * wide, found = thin > 0 ? dark / thin : 0;
    *share = meets > HOLLOW_CHANCE || found < by_chance(meets, wall) ? -1 : found;
    return rc;
}

/* The greatest width that shows enough lumens, and more than the next; 0: vessels are not hollow. */
static int hollow_in(const struct pooled *p, float from, double *wide, struct vn_job *job, struct vn_err *err)
{
    double share[N_HOLLOW + 1] = { 0 }, all = -1;
    int rc = 0;

    *wide = 0;
    for (size_t k = 0; rc == 0 && k < N_HOLLOW && (all < 0 || all >= HOLLOW[N_HOLLOW - 1].share); k++) {
        rc = share_of(p, from, HOLLOW[k].wide, &share[k], job, err);
        all = all < 0 ? share[k] : all;        /* the widest finds what others do */
    }
    for (size_t k = 0; rc == 0 && k < N_HOLLOW && *wide == 0; k++)
        if (share[k] >= HOLLOW[k].share && share[k] >= HOLLOW_MORE * share[k + 1])
            *wide = HOLLOW[k].wide;
    return rc;
}

/* Level and spread of the smoothed image or of its contrast. */
static int backdrop(struct vn_sample *q, bool smoothed, const struct vn_seg *s, struct vn_vol *v, struct vn_backdrop *b,
                    struct pooled *pooled, struct vn_job *job, struct vn_err *err)
{
    const struct look l = { smoothed, pooled ? add_pooled : add_sample, pooled ? (void *)pooled : (void *)q };
    vn_sample_clear(q);
    const int rc = look(q, s, v, &l, job, err);
    return rc ? rc : vn_backdrop_mode(q->v, q->n_v, b, job, err);
}

/* Contrast and its negative Laplacian (per edge^2), summed where there are vessels. */
struct width { float from; double per[3], contrast, curve; };

static void add_width(void *ctx, const struct vn_buf *b)
{
    struct width *w = ctx;
    const struct vn_box *x = &b->box;
    const int64_t n[3] = { vn_box_dim(x, 0), vn_box_dim(x, 1), vn_box_dim(x, 2) };
    const int64_t step[3] = { 1, b->stride[0], b->stride[1] };
    int64_t lo[3], hi[3];

    for (int k = 0; k < 3; k++) {
        lo[k] = n[k] > 2;
        hi[k] = n[k] - lo[k];
    }
    for (int64_t k = lo[2]; k < hi[2]; k++)
        for (int64_t j = lo[1]; j < hi[1]; j++) {
            const float *c = (const float *)b->data + j * step[1] + k * step[2];
            for (int64_t i = lo[0]; i < hi[0]; i++) {
                if (c[i] < w->from)
                    continue;
                double curve = 0;
                for (int d = 0; d < 3; d++)
                    curve += lo[d] ? w->per[d] * (2.0 * c[i] - c[i - step[d]] - c[i + step[d]]) : 0;
                if (curve > 0) {
                    w->contrast += c[i];
                    w->curve += curve;
                }
            }
        }
}

/* Standard deviation that smoothing leaves of independent voxels'. */
static double left_of(const struct vn_taps t[3])
{
    double var = 1;

    for (int k = 0; k < 3; k++) {
        double sum = t[k].w[0] * t[k].w[0];
        for (int i = 1; i <= t[k].r; i++)
            sum += 2.0 * t[k].w[i] * t[k].w[i];
        var *= sum;
    }
    return sqrt(var);
}

/* Smoothing that is right for how wide vessels are, in smallest voxel edges.  A tube with a Gaussian profile of
 * deviation w has the curvature 2 c / w^2 on its axis.  Thin vessels are smoothed by up to their own width (the matched
 * filter) until the image shows them RESOLVED wide; others by SMOOTH, as their border would suffer.  Only where the
 * background is itself a blurred one, with COARSE times the deviation that the smoothing leaves of independent voxels:
 * sharp images lose thin vessels by it. */
static const double RESOLVED = 2.4, COARSE = 2;

static double smooth_of(const struct width *w)
{
    if (!(w->curve > 0))
        return SMOOTH;
    const double w2 = 2 * w->contrast / w->curve - SMOOTH * SMOOTH;
    return sqrt(fmax(SMOOTH * SMOOTH, fmin(w2, RESOLVED * RESOLVED - w2)));
}

static const double CONTRAST_MIN = 4.5, CONTRAST_MAX = 14;

/* Mean contrast, weighted by itself, of what stands out by 4 standard deviations; 0: nothing does. */
static double mean_of(const float *c, int64_t n, double offset, double noise)
{
    double one = 0, two = 0;

    for (int64_t i = 0; i < n; i++) {
        const double z = (c[i] - offset) / noise;
        if (z > 4) {
            one += z;
            two += z * z;
        }
    }
    return one > 0 ? two / one : 0;
}

/* 0.4 of that, so that faint vessels are found in a noisy image; never below CONTRAST_MIN, where noise begins, and no
 * more than CONTRAST_MAX is asked. */
static double contrast_of(const float *c, int64_t n, double offset, double noise)
{
    return fmax(CONTRAST_MIN, fmin(CONTRAST_MAX, 0.4 * mean_of(c, n, offset, noise)));
}

/* Where something between background and vessels is in the way, as tissue in an angiogram: the number of voxels above t
 * falls quickly at its end and slowly after, before the vessels' own end.  0.8 of where it falls slowest, or 0 where
 * there is no such place: its slope against t, both logarithmic, must fall to half of what it was, from more than 1 and
 * while a twentieth of all voxels lies above. */
enum { LADDER = 16 };
static double valley_of(const float *c, int64_t n, double offset, double noise)
{
    int64_t above[LADDER] = { 0 };
    double t[LADDER], most = 0, least = 0, found = 0;

    for (int k = 0; k < LADDER; k++)
        t[k] = k > 0 ? 1.25 * t[k - 1] : CONTRAST_MIN;
    for (int64_t i = 0; i < n; i++) {
        const double z = (c[i] - offset) / noise;
        for (int k = 0; k < LADDER && z > t[k]; k++)
            above[k]++;
    }
    for (int k = 0; k + 1 < LADDER && 1000 * above[k + 1] > n; k++) {
        const double fall = (double)above[k] / (double)above[k + 1];       /* 1.25^slope */
        if (fall > most && 20 * above[k] > n) {
            most = least = fall;
        } else if (fall < least) {
            least = fall;
            found = most > 1.25 && fall * fall < most ? 0.8 * t[k] : found;
        }
    }
    return found;
}

static int settle_hollow(struct vn_args *a, const struct pooled *p, const double um[3], struct vn_job *job,
                         struct vn_err *err)
{
    const double offset = vn_args_real(a, "offset"), noise = vn_args_real(a, "noise");
    const double mean = mean_of(p->q->v, p->q->n_v, offset, noise);
    double wide = 0;
    int rc = 0;

    if (vn_args_has(a, "hollow"))
        return 0;
    if (mean > 0)
        rc = hollow_in(p, (float)(offset + noise * (VN_SEG_WALL + VN_SEG_WALL_LOCAL * mean)), &wide, job, err);
    return rc ? rc : set_length(a, "hollow", wide, um, err);
}

static int settle_contrast(struct vn_args *a, const struct vn_sample *q, const struct pooled *p, struct vn_job *job,
                           struct vn_err *err)
{
    if (vn_args_has(a, "contrast"))
        return 0;
    const double offset = vn_args_real(a, "offset"), noise = vn_args_real(a, "noise");
    double contrast = fmax(contrast_of(q->v, q->n_v, offset, noise), valley_of(q->v, q->n_v, offset, noise));
    const int rc = vn_joined(p->v, p->n, p->n_block, offset, noise, &contrast, job, err);
    return rc ? rc : vn_args_settle(a, "contrast", contrast, err);
}

/* ---- faint wide vessels ---- */

/* Of more voxels it is not asked; of the cells that must be cores; widths asked for, in edges, the least that finds
 * nearly all. */
static const uint64_t FAINT_MOST = (uint64_t)1 << 28;
static const double FAINT_SHARE = 0.0005, FAINT_NEARLY = 0.98;
static const double FAINT[] = { 64, 128, 256 };
static const double FAINT_PART = 0.4;          /* of the rays, after which most volumes show none */
enum { FAINT_PLANES = 8 };

/* Means of the cells of box, a few planes of them at a time. */
static int faint_means(const struct vn_seg *s, const struct vn_faint *f, const struct vn_faint_cells *c,
                       const struct vn_box *box, struct vn_vol *v, struct vn_job *job, struct vn_err *err)
{
    int rc = 0;

    for (int64_t z = box->lo[2]; rc == 0 && z < box->hi[2]; z += FAINT_PLANES * f->f[2]) {
        struct vn_box part = *box;
        struct vn_buf in = { 0 };
        const struct vn_ground g = { .s = s, .in = &in };
        part.lo[2] = z;
        part.hi[2] = vn_min64(box->hi[2], z + FAINT_PLANES * f->f[2]);
        rc = vn_vol_map(v, vn_filter_type(v), &part, VN_PAD_MIRROR, &in, job, err);
        rc = rc ? rc : vn_faint_pool(f, c, &part, vn_ground_clean, &g, job, err);
        vn_buf_free(&in);
    }
    return rc ? rc : vn_faint_smooth(f, c, job, err);
}

/* spread: of the image as it is. */
static int settle_faint(struct vn_args *a, const struct vn_seg *s, double spread, const struct vn_box *stat_box,
                        struct vn_vol *v, struct vn_job *job, struct vn_err *err)
{
    struct vn_faint f;
    struct vn_faint_cells c;
    uint64_t cores = 0, fewer = 0;
    double wide = VN_FAINT_MAX;
    char text[80] = "0";

    if (vn_args_has(a, "faint") || !(spread > 0) || vn_box_count(stat_box) > FAINT_MOST)
        return 0;
    vn_faint_init(&f, s->dim, s->edge, wide);
    f.level = s->level;
    f.spread = (float)spread;
    const struct vn_box box = vn_faint_box(&f, stat_box);
    int rc = vn_faint_cells(&c, &f, &box, err);
    if (rc == 0 && !(rc = faint_means(s, &f, &c, &box, v, job, err)) && !(rc = vn_faint_step(&f, &c, err)))
        rc = vn_faint_find(&f, &c, FAINT_SHARE, &cores, job, err);
    for (size_t i = 0; rc == 0 && cores > 0 && wide == VN_FAINT_MAX && i < VN_COUNT(FAINT); i++) {
        struct vn_faint less;
        vn_faint_init(&less, s->dim, s->edge, FAINT[i]);
        less.step = f.step;
        if ((rc = vn_faint_find(&less, &c, FAINT_SHARE, &fewer, job, err)) == 0 &&
            (double)fewer >= FAINT_NEARLY * (double)cores && FAINT_NEARLY * (double)fewer <= (double)cores)
            wide = FAINT[i];
    }
    vn_faint_cells_free(&c);
    if (cores > 0)
        snprintf(text, sizeof text, "%.0f,%.9g,%.9g", wide, (double)f.spread, (double)f.step);
    return rc ? rc : vn_args_set(a, "faint", text, err);
}

static bool settled(const struct vn_args *a)
{
    static const char *const all[] = { "smooth", "level", "spread", "offset", "noise", "contrast", "hollow", "drift" };
    for (size_t i = 0; i < VN_COUNT(all); i++)
        if (!vn_args_has(a, all[i]))
            return false;
    return true;
}

/* The background's drift; where its level is given, there is none unless that is, too. */
static int settle_drift(struct vn_args *a, const struct vn_sample *q, struct vn_vol *v, bool none, struct vn_job *job,
                        struct vn_err *err)
{
    const double sign = vn_args_flag(a, "dark") ? -1 : 1;
    double c[VN_DRIFT] = { 0 };
    char text[VN_DRIFT * 20] = "";
    bool some = false;
    int rc;

    if (vn_args_has(a, "drift"))
        return 0;
    if (!none && !vn_args_has(a, "level") && (rc = vn_drift_fit(q, v, (float)sign, c, job, err)))
        return rc;
    for (int i = 0; i < VN_DRIFT; i++) {
        some = some || c[i] != 0;
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%.5g", i ? "," : "", sign * c[i]);
    }
    return vn_args_set(a, "drift", some ? text : "0", err);
}

/* Least spread of the smoothed background, and noise of its contrast.  Where a background is cut off below, or was denoised
 * into flat patches of few grey values, next to nothing lies below its mode; but smoothing leaves of noise as it is from one
 * voxel to the next what it leaves of independent voxels, or more, NEAR_SHARE of it to be on the safe side; and within half
 * a step of whole numbers nothing can be told from the level. */
static const double NEAR_SHARE = 0.75, HALF_STEP = 0.5;

struct least { double near, spread, noise; };

static int least_of(struct vn_sample *q, const struct vn_seg *s, struct vn_vol *v, struct least *l, struct vn_job *job,
                    struct vn_err *err)
{
    const int rc = vn_sample_noise_near(q, v, &l->near, job, err);

    l->noise = NEAR_SHARE * l->near * left_of(s->smooth);
    l->spread = fmax(l->noise, vn_type_is_int(v->src->type) ? HALF_STEP : 0);
    return rc;
}

/* What is still automatic when all else is settled. */
static int settle_rest(struct vn_args *a, const struct vn_seg *s, bool blurred, struct vn_err *err)
{
    const bool thick = s->edge[0] >= 1.5 || s->edge[1] >= 1.5 || s->edge[2] >= 1.5;
    const int rc = vn_args_has(a, "faint") ? 0 : vn_args_set(a, "faint", "0", err);

    return rc || vn_args_has(a, "edge") ? rc :
           vn_args_settle(a, "edge", blurred || thick ? VN_SEG_THIRD : VN_SEG_HALF, err);
}

int vn_segment_prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job,
                       struct vn_err *err)
{
    const double *um = in[0]->grid.um;
    bool given = vn_args_has(a, "smooth"), blurred = false;
    struct vn_sample q;
    struct vn_backdrop b;
    struct pooled pooled = { .v = NULL };
    struct vn_seg s;
    struct least least;
    int rc = vn_args_has(a, "background") ? 0 : set_length(a, "background", BACKGROUND, um, err);

    if (rc == 0 && settled(a) && !(rc = vn_seg_setup(a, &in[0]->grid, &s, err)))
        return settle_rest(a, &s, true, err);
    if (rc || (!given && (rc = set_length(a, "smooth", SMOOTH, um, err))) ||
        (rc = vn_sample_init(&q, stat_box, err)))
        return rc;
    vn_job_stage(job, "statistics");
    if ((rc = vn_seg_setup(a, &in[0]->grid, &s, err)) ||
        (rc = least_of(&q, &s, in[0], &least, job, err)) ||
        (rc = vn_sample_read(&q, in[0], s.sign, job, err)) ||
        (rc = vn_backdrop_mode(q.v, q.n_v, &b, job, err)))
        goto out;
    if ((rc = settle_drift(a, &q, in[0], b.spread == 0, job, err)) || (rc = vn_seg_setup(a, &in[0]->grid, &s, err)))
        goto out;
    s.level = isnan(b.level) ? 0 : (float)b.level;
    const double spread = b.spread;
    if (b.spread == 0) {                       /* no noise: half of the structures' height is p = 1/2 */
        const double height = b.bright > b.level ? b.bright - b.level : 0;
        if ((rc = vn_args_settle(a, "level", s.sign * s.level, err)) ||
            (rc = vn_args_settle(a, "contrast", CONTRAST_MAX, err)) ||
            (rc = vn_args_settle(a, "spread", 0.05 * height, err)) || (rc = vn_args_settle(a, "offset", 0, err)) ||
            (rc = vn_args_settle(a, "noise", 0.4 * height / vn_args_real(a, "contrast"), err)))
            goto out;
        given = true;
    } else if (!vn_args_has(a, "level") || !vn_args_has(a, "spread")) {
        if ((rc = backdrop(&q, true, &s, in[0], &b, NULL, job, err)) ||
            (rc = vn_args_settle(a, "level", s.sign * b.level, err)) ||
            (rc = vn_args_settle(a, "spread", fmax(b.spread, least.spread), err)))
            goto out;
    }
    if ((rc = vn_seg_setup(a, &in[0]->grid, &s, err)) || (rc = settle_faint(a, &s, spread, stat_box, in[0], job, err)))
        goto out;
    if (settled(a) && given)
        goto out;
    if ((rc = vn_seg_setup(a, &in[0]->grid, &s, err)) || (rc = pooled_init(&pooled, &q, &s, err)) ||
        (rc = backdrop(&q, false, &s, in[0], &b, &pooled, job, err)) ||
        (rc = vn_args_settle(a, "offset", isnan(b.level) ? 0 : b.level, err)) ||
        (rc = vn_args_settle(a, "noise", fmax(b.spread > 0 ? b.spread : 0.1 * s.spread, least.noise), err)) ||
        (rc = settle_contrast(a, &q, &pooled, job, err)) ||
        (rc = settle_hollow(a, &pooled, um, job, err)))
        goto out;
    const double offset = vn_args_real(a, "offset"), noise = vn_args_real(a, "noise");
    blurred = noise >= COARSE * left_of(s.smooth) * fmax(spread, least.near);
    if (given || !blurred || contrast_of(q.v, q.n_v, offset, noise) < CONTRAST_MAX)   /* noise bends more than vessels do */
        goto out;
    struct width w = { .from = (float)(offset + noise * CONTRAST_MAX) };
    const struct look l = { false, add_width, &w };
    for (int k = 0; k < 3; k++)
        w.per[k] = um[k] > 0 ? pow(vn_seg_edge(um) / um[k], 2) : 1;
    if ((rc = look(&q, &s, in[0], &l, job, err)) == 0)
        rc = set_length(a, "smooth", smooth_of(&w), um, err);
out:
    rc = rc ? rc : settle_rest(a, &s, blurred, err);
    vn_free(pooled.v);
    vn_sample_free(&q);
    return rc;
}

void vn_segment_prepare_cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in,
                             const struct vn_box *stat_box, struct vn_cost *c)
{
    struct vn_sample q;
    struct vn_seg s;
    double stay;

    if (vn_seg_setup(a, &p->grid, &s, NULL) || vn_sample_init(&q, stat_box, NULL))
        return;
    const bool once = at_once(&q, &s, in);
    const struct vn_box box = once ? q.box : vn_sample_block(&q, q.n_block / 2), first = vn_sample_block(&q, 0);
    struct vn_box grown = vn_box_grow(&box, s.halo_z);
    const double n = once ? 1 : q.n_block;
    vn_ground_cost(&s, in, &box, &stay, c);
    c->bytes = fmax(c->bytes, stay + vn_mem_counted(4.0 * (double)vn_box_count(&first)));
    vn_box_meet(&grown, &in->box, &grown);
    if (!vn_vol_data(in).data || in->src->type != p->in_type[0])
        c->bytes += vn_mem_counted((double)vn_box_count(&grown) * (double)vn_type_size(p->in_type[0]));
    double pooled = 4.0 * q.n_block;
    for (int k = 0; k < 3; k++)
        pooled *= fmax(1, (double)(q.size[k] / (s.edge[k] < 1.5 ? 2 : 1)));
    c->bytes += 4.0 * VN_SAMPLE_MAX + vn_mem_counted(pooled) + vn_mem_counted(0.25 * pooled);
    const double sampled = q.n_block * (double)vn_box_count(&first), kept = fmin(sampled, VN_SAMPLE_MAX);
    c->work = n * (vn_sep_work(s.smooth, &box) + c->work) + VN_SEG_CONTRAST * sampled +
              3 * PLACE * kept * (1 + kept / VN_SAMPLE_MAX) +        /* the more, the less of them a cache holds */
              PIECES * 0.25 * pooled;
    const struct vn_cost near = vn_sample_noise_cost(&q);
    c->bytes = fmax(c->bytes, near.bytes);
    c->work += near.work;
    if (!vn_args_has(a, "faint") && vn_box_count(stat_box) <= FAINT_MOST) {
        struct vn_faint f;
        vn_faint_init(&f, s.dim, s.edge, VN_FAINT_MAX);
        const double each = (double)(f.f[0] * f.f[1] * f.f[2]), all = (double)vn_box_count(stat_box);
        c->bytes = fmax(c->bytes, 4.0 * VN_SAMPLE_MAX + vn_faint_bytes(&f, stat_box));
        c->work += (VN_SEG_CELL + FAINT_PART * VN_SEG_RAYS / each) * all;
    }
    vn_sample_free(&q);
}
