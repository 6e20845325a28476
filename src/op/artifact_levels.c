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
#include <string.h>
#include "artifact_columns.h"
#include "mem.h"

enum { ROOM = 5 + 2 * VN_COLUMNS_SIDE + VN_COLUMNS_MAX, GLANCE = 16, PATCH = 32, LARGE = 64, REACH = 32, SIDE = 6,
       ASIDE = 12, FACE = 256, MAX_TILES = 4096, PASSES = 3 };
static const double SURE = 10, SURE_ONE = 10, LEAST = 0.05, ROUGH = 0.3, WIDE = 2;         /* F, t; standard deviations */
static const double SURE_PLANE = 6, SURE_SCORE = 8, LIKELY_PLANE = 3, SURE_TILES = 3;
static const double MAYBE = 0.25, MAYBE_PLANE = 0.5;       /* at first, of what F and t^2, and scores over chance, have to be */

static double square(double v) { return v * v; }
static double ratio(double a, double b) { return b > 0 ? a / b : 0; }

/* Heights that end farther away. */
static struct vn_ascan opened(const struct vn_ascan *s)
{
    struct vn_ascan open = *s;
    open.low *= (float)WIDE;
    open.high *= (float)WIDE;
    return open;
}

/* The three axes' columns, kept until something more is known. */
struct levels { struct vn_ascan s; struct vn_artifacts *m; struct vn_columns c[3]; int known[3]; double wide; double *score[3]; };    /* score: of planes, by lines and by rises */

static int columns_of(struct levels *v, int axis, double wide, struct vn_job *job, struct vn_err *err)
{
    struct vn_columns *c = &v->c[axis];
    int rc = 0;

    if (c->p && v->known[axis] == v->m->n)
        return 0;
    vn_columns_free(c);
    if (!(rc = vn_columns_init(c, &v->s, axis, PATCH, true, err))) {
        c->far.near *= wide;
        c->far.rise *= wide;
        rc = vn_columns_read(c, job, err);
    }
    for (int pass = 0; rc == 0 && pass < 2; pass++) {
        vn_columns_narrow(&c->far, c->within, c->n_box);
        rc = vn_columns_read(c, job, err);
    }
    v->known[axis] = v->m->n;
    return rc;
}

/* ---- slices ---- */

/* Mean of v[column][i] over columns and its variance: the larger of that over their rows and over their ranks, as a line
 * along either is in all columns of one.  rank: 2 VN_COLUMNS_SIDE n numbers. */
static void over_columns(const struct vn_columns *c, const double *v, double *mean, double *variance, double *rank)
{
    const int64_t n = c->n;

    memset(mean, 0, (size_t)n * sizeof *mean);
    memset(variance, 0, (size_t)n * sizeof *variance);
    memset(rank, 0, 2 * VN_COLUMNS_SIDE * (size_t)n * sizeof *rank);
    for (int k = 0; k < c->n_box; k++)
        for (int64_t i = 0; i < n; i++) {
            mean[i] += v[k * n + i] / c->n_box;
            rank[k % c->n_side[0] * n + i] += v[k * n + i] / c->n_side[1];
            rank[(VN_COLUMNS_SIDE + k / c->n_side[0]) * n + i] += v[k * n + i] / c->n_side[0];
        }
    for (int side = 0; side < 2; side++)
        for (int64_t i = 0; i < n && c->n_side[side] > 1; i++) {
            double sum = 0;
            for (int k = 0; k < c->n_side[side]; k++)
                sum += (rank[(side * VN_COLUMNS_SIDE + k) * n + i] - mean[i]) * (rank[(side * VN_COLUMNS_SIDE + k) * n + i] - mean[i]);
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
static void slice_levels(const struct vn_columns *c, struct trend *t, double *value, double *variance, double *room)
{
    const int64_t n = c->n, narrow = vn_max64(4, vn_min64(REACH, n / 4));
    double *mean = room, *w = mean + n, *r = w + n, *spare = r + n, *wide = spare + n, *rank = wide + n, *flat = rank + 2 * VN_COLUMNS_SIDE * n;

    memset(mean, 0, (size_t)n * sizeof *mean);
    for (int k = 0; k < c->n_box; k++)
        for (int64_t i = 0; i < n; i++)
            mean[i] += c->p[k * n + i] / c->n_box;
    const double all = vn_line_robust(mean, wide, n, n, r, spare), near = vn_line_robust(mean, w, n, narrow, r, spare);
    const double slope = (vn_line(mean, wide, 0, n, (double)n) - vn_line(mean, wide, 0, n, 0)) / (double)n;
    vn_line_off(mean, wide, n, n, r);
    if (!t->known)
        *t = (struct trend){ true, all <= 1.5 * near, all <= 1.5 * near && slope * slope < 9 * all * alike(r, n) * 12 / ((double)n * (double)n * (double)n) };
    const bool straight = t->straight;
    for (int k = 0; k < c->n_box; k++)
        vn_line_off(c->p + k * n, straight ? wide : w, n, straight ? n : narrow, flat + k * n);
    over_columns(c, flat, value, variance, rank);
    for (int64_t i = 0; i < n && t->own; i++)
        value[i] += slope * ((double)i - 0.5 * (double)(n - 1));
}

/* The numbers E that come nearest to value, and in their differences to what matched voxels of slices say (least squares, each weighted
 * by its variance).  Returns the variance to be expected.  room: that of slice_levels, after it. */
static double fit_slices(const struct vn_columns *c, double *value, const double *variance, double *room)
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

    vn_line_off(v, NULL, n, reach, r);
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

/* Estimates what is found from as many voxels as there are, until nothing changes. */
static int measure_slices(struct vn_ascan *s, struct vn_artifact *a, struct vn_job *job, struct vn_err *err)
{
    struct vn_columns c;
    struct trend trend = { .known = false };
    int rc = vn_columns_init(&c, s, a->axis, LARGE, true, err);
    double *room = rc ? NULL : vn_alloc((uint64_t)((ROOM + 2) * c.n) * sizeof *room, err);

    rc = rc ? rc : room ? 0 : VN_E_MEMORY;
    for (int pass = 0; rc == 0 && pass < PASSES + 3; pass++) {
        double *now = room + ROOM * c.n, *variance = now + c.n;
        if ((rc = vn_columns_read(&c, job, err)))
            break;
        slice_levels(&c, &trend, now, variance, room);
        a->error = sqrt(fit_slices(&c, now, variance, room));
        for (int64_t i = 0; i < c.n; i++)
            a->value[i] += now[i];
        c.centred = false;                                 /* slices are nearly alike now */
        c.far.middle = vn_line_mean(room, c.n);
        a->level = pass < PASSES ? s->l->level + c.far.middle : a->level;
        if (pass)
            vn_columns_narrow(&c.far, c.within, c.n_box);
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
    vn_columns_free(&c);
    return rc;
}

/* reach: over how many voxels a slow change goes. */
static int find_slices(struct levels *v, int axis, int64_t reach, struct vn_job *job, struct vn_err *err)
{
    const struct vn_columns *c = &v->c[axis];
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
    return flat[0] || flat[1] ? 0 : vn_line(p, NULL, i, to, (double)i - 0.5) - vn_line(p, NULL, from, i, (double)i - 0.5);
}

/* score[i]: mean over columns of min((v[column][i] / its standard deviation)^2, MOST), 1 where there is nothing but chance; spare: n numbers. */
static void score_planes(const double *v, int n_box, int64_t n, double *score, double *spare)
{
    static const double most = 16;

    memset(score, 0, (size_t)n * sizeof *score);
    for (int k = 0; k < n_box; k++) {
        for (int64_t i = 3; i + 3 <= n; i++)
            spare[i - 3] = fabs(v[k * n + i]);
        const double sd = 1.4826 * vn_line_median(spare, n - 5);
        for (int64_t i = 3; i + 3 <= n && sd > 0; i++)
            score[i] += fmin(v[k * n + i] * v[k * n + i] / (sd * sd), most) / n_box;
    }
}

/* Planes of the axis where tiles meet: lines on both sides miss each other, and matched voxels rise there and nowhere near. */
static int find_planes(struct levels *v, struct vn_artifact *a, int axis, double wide, struct vn_job *job, struct vn_err *err)
{
    const struct vn_artifact_look *l = v->s.l;
    int rc = columns_of(v, axis, wide, job, err);
    const struct vn_columns c = v->c[axis];
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
    const double usual = vn_line_median(spare, n - 5), sure = 1 + SURE_SCORE * sqrt(2.0 / c.n_box);
    for (int64_t i = 3; i + 3 <= n; i++)
        spare[i - 3] = fabs(sharp[i] - usual);
    const double much = usual + SURE_PLANE * 1.4826 * vn_line_median(spare, n - 5);
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

/* Between tiles a and b.  apart: by how much the mean of the planes beyond is higher; slope: what of that those on either side explain, with
 * three times its variance, by_mean; rise: of matched voxels; turn: by how much the slopes explain that; by_rise: its variance. */
struct face { struct vn_box box; int axis, a, b; int64_t plane; double step, weight, level, apart, slope[2], by_mean, rise, turn, by_rise; };
struct faces { struct vn_ascan *s; struct face *f; struct vn_within *within; struct vn_window far; bool centred; int n; };

/* What the planes of a face say: lines on both sides, and what matched voxels rise. */
static void see_face(struct face *f, const double *p, const double *q, int64_t n, int64_t i)
{
    const int64_t from = vn_max64(0, i - ASIDE), to = vn_min64(n, i + ASIDE), count = to - from;
    double off = 0, rises = 0;

    for (int64_t k = from; k < to; k++) {
        const int64_t lo = k < i ? from : i, hi = k < i ? i : to;
        off += square(p[k] - vn_line(p, NULL, lo, hi, (double)k));
        rises += k + 1 < to && k + 1 != i ? square(q[k] - (vn_line(p, NULL, lo, hi, 1) - vn_line(p, NULL, lo, hi, 0))) : 0;
    }
    const double left = vn_line(p, NULL, from, i, 1) - vn_line(p, NULL, from, i, 0), right = vn_line(p, NULL, i, to, 1) - vn_line(p, NULL, i, to, 0);
    f->apart = step_at(p, n, i, ASIDE) == 0 ? 0 : vn_line_mean(p + i, to - i) - vn_line_mean(p + from, i - from);
    f->slope[0] = 0.5 * left * (double)(i - from);
    f->slope[1] = 0.5 * right * (double)(to - i);
    f->by_mean = off / (double)vn_max64(1, count - 4) * (1 / (double)(i - from) + 1 / (double)(to - i));
    f->rise = q[i - 1];
    f->turn = 0.5 * (left + right);
    f->by_rise = rises / (double)vn_max64(1, count - 2);
}

/* The steps, from how far lines on both sides miss each other, and what matched voxels rise by more than the lines; weighted by the variances
 * that the lines' own voxels and the rises elsewhere show.  Slopes count as far as those of an axis are more than chance (James, Stein). */
static void weigh_faces(struct faces *c)
{
    for (int axis = 0; axis < 3; axis++) {
        double slopes = 0, chance = 0;
        int n = 0;
        for (const struct face *f = c->f; f < c->f + c->n; f++)
            if (f->axis == axis && f->apart != 0) {
                slopes += square(f->slope[0]) + square(f->slope[1]);
                chance += 3 * f->by_mean;
                n += 2;
            }
        const double is = slopes > 0 ? fmax(0, 1 - vn_max64(0, n - 2) * ratio(chance, n) / slopes) : 1;
        for (struct face *f = c->f; f < c->f + c->n; f++) {
            if (f->axis != axis)
                continue;
            const double by_line = f->by_mean * (1 + 3 * is);
            f->step = f->apart == 0 ? 0 : f->apart - is * (f->slope[0] + f->slope[1]);
            if (f->step != 0 && by_line > 0 && f->by_rise > 0) {
                f->step = (f->step / by_line + (f->rise - is * f->turn) / f->by_rise) / (1 / by_line + 1 / f->by_rise);
                f->weight = 1 / by_line + 1 / f->by_rise;
            }
        }
    }
}

static int face_task(void *ctx, int64_t i, struct vn_err *err)
{
    const struct faces *c = ctx;
    struct face *f = &c->f[i];
    double p[2 * ASIDE], q[2 * ASIDE];
    struct vn_columns one = { .s = c->s, .axis = f->axis, .n_box = 1, .n = vn_box_dim(&f->box, f->axis), .box = &f->box, .p = p, .q = q, .far = c->far, .centred = c->centred,
                           .within = &c->within[i] };
    const int rc = vn_column_task(&one, 0, err);

    if (rc == 0)
        see_face(f, p, q, one.n, f->plane - f->box.lo[f->axis]);
    f->level = vn_line_mean(p, one.n);
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
                vn_columns_part(edge(a, all, j, at[j]), edge(a, all, j, at[j] + 1), 0, 1, FACE, &f->box.lo[j], &f->box.hi[j]);
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
    struct faces c = { .s = s, .far = vn_columns_farthest(s), .centred = true };
    double least = 0;
    int rc = list_faces(&c, a, err);

    c.far.near *= wide;
    c.far.rise *= wide;
    for (int pass = 0; rc == 0 && pass < PASSES + 3; pass++) {
        double moved;
        if ((rc = vn_job_for_quiet(job, c.n, face_task, &c, err)))
            break;
        weigh_faces(&c);
        if ((rc = level_tiles(&c, a, &moved, err)) || (rc = vn_artifact_ready(a, 1, err)))
            break;
        a->error = moved;
        c.centred = false;
        c.far.middle = 0;
        for (int i = 0; i < c.n; i++)
            c.far.middle += c.f[i].level / c.n;
        a->level = pass < PASSES ? s->l->level + c.far.middle : a->level;
        if (pass)
            vn_columns_narrow(&c.far, c.within, c.n);
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
    const struct vn_columns *c = &v->c[axis];
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

/* Whether any plane may be a seam, from slices alone. room: (2 n_box + 3) n numbers. */
static bool may_meet(const struct vn_columns *c, const struct vn_artifact_look *l, double *room)
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
    const double usual = vn_line_median(spare, n - 5);
    for (int64_t i = 3; i + 3 <= n; i++)
        spare[i - 3] = fabs(sharp[i] - usual);
    const double much = usual + MAYBE_PLANE * SURE_PLANE * 1.4826 * vn_line_median(spare, n - 5);
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
    struct vn_columns c;
    int rc = vn_columns_init(&c, &v->s, axis, GLANCE, false, err);
    const int64_t n = c.n, room_n = vn_max64(ROOM + 2, 2 * c.n_box + 3);
    double *room = rc ? NULL : vn_alloc((uint64_t)(room_n * n) * sizeof *room, err);

    rc = rc ? rc : room ? vn_columns_glance(&c, job, err) : VN_E_MEMORY;
    *slices = *planes = false;
    if (rc == 0 && c.n_box >= 4 && n >= 5) {
        double *value = room + ROOM * n;
        slice_levels(&c, &(struct trend){ .known = false }, value, value + n, room);
        *slices = slices_may_stand_out(v->s.l, value, value + n, n);
    }
    if (rc == 0 && c.n_box >= 4 && n >= 4 * SIDE)
        *planes = may_meet(&c, v->s.l, room);
    vn_free(room);
    vn_columns_free(&c);
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
        vn_columns_free(&v.c[k]);
        vn_free(v.score[k]);
    }
    vn_ascan_end(&v.s);
    return rc;
}
