/* artifact_levels.c - slices and rows that are brighter or darker than their neighbours, and tiles that do not meet.
 *
 * Both are seen in columns: up to 8 x 8 patches across an axis, spread evenly, of which each voxel of the axis gets the mean height
 * over the background of what is within 2.5 standard deviations of it, so that vessels do not count.  What belongs to the slice
 * is alike in all columns, what grows is not.
 *
 * Slices: each column less its own trend, a line fitted robustly to 32 voxels on either side, or to all where that does as well.
 * The mean over columns is what the slice has, if it beats their scatter.
 *
 * Seams: lines are fitted to the 6 voxels on either side of a plane; where they miss each other, in the median column, by more than
 * chance and than anywhere around, tiles meet.  Their levels follow from the steps across all seams by least squares. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "artifact_scan.h"
#include "mem.h"

enum { TILES = 8, MAX_COLUMNS = TILES * TILES, ROOM = 5 + 2 * TILES, PATCH = 32, LARGE = 64, REACH = 32, SIDE = 6,
       ASIDE = 12, FACE = 256, MAX_TILES = 4096, PASSES = 3 };
static const double SURE = 10, SURE_ONE = 10, LEAST = 0.05, NEAR = 2.5, SURE_PLANE = 8, ROUGH = 0.3;      /* F, t; standard deviations */

struct columns { struct vn_ascan *s; int axis, n_box, n_side[2]; int64_t n; struct vn_box *box; double *p; };     /* p[box][voxel of the axis] */

static int column_task(void *ctx, int64_t i, struct vn_err *err)
{
    const struct columns *c = ctx;
    const struct vn_box *b = &c->box[i];
    const int64_t nx = vn_box_dim(b, 0), n = vn_box_dim(b, c->axis);
    double *p = c->p + i * c->n, *count = vn_calloc((uint64_t)n, sizeof *count, err);
    double *spare = vn_alloc((uint64_t)nx * (sizeof *spare + sizeof(float)), err);
    float *v = (float *)(spare + nx);
    const double most = c->s->l->spread > 0 ? NEAR * c->s->l->spread : INFINITY;
    struct vn_buf in = { 0 };
    int rc = spare && count ? vn_ascan_box(c->s, b, &in, err) : VN_E_MEMORY;

    memset(p, 0, (size_t)n * sizeof *p);
    for (int64_t z = b->lo[2]; rc == 0 && z < b->hi[2]; z++)
        for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
            const int64_t at = c->axis == 1 ? y - b->lo[1] : z - b->lo[2];
            vn_ascan_heights(c->s, &in, b->lo[0], y, z, v, spare, nx);
            for (int64_t x = 0; x < nx; x++) {
                const double d = (double)v[x], w = fabs(d) <= most;
                p[c->axis ? at : x] += w * d;
                count[c->axis ? at : x] += w;
            }
        }
    for (int64_t k = 0; rc == 0 && k < n; k++)             /* nothing but vessels: as before */
        p[k] = count[k] > 0 ? p[k] / count[k] : k ? p[k - 1] : 0;
    vn_buf_free(&in);
    vn_free(count);
    vn_free(spare);
    return rc;
}

/* Part number i of n of lo..hi, the middle of it of at most `most` voxels. */
static void part(int64_t lo, int64_t hi, int64_t i, int64_t n, int64_t most, int64_t *from, int64_t *to)
{
    const int64_t a = lo + (hi - lo) * i / n, b = lo + (hi - lo) * (i + 1) / n, cut = vn_max64(0, b - a - most);
    *from = a + cut / 2;
    *to = b - (cut - cut / 2);
}

/* Patches of at most patch x patch voxels. */
static int columns_init(struct columns *c, struct vn_ascan *s, int axis, int64_t patch, struct vn_err *err)
{
    const struct vn_box *all = &s->l->box;
    const int u = axis == 0 ? 1 : 0, w = axis == 2 ? 1 : 2;
    const int64_t nu = vn_max64(1, vn_min64(TILES, vn_box_dim(all, u) / 8)), nw = vn_max64(1, vn_min64(TILES, vn_box_dim(all, w) / 8));

    *c = (struct columns){ .s = s, .axis = axis, .n_box = (int)(nu * nw), .n_side = { (int)nu, (int)nw }, .n = vn_box_dim(all, axis) };
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
    *c = (struct columns){ .box = NULL };
}

/* The three axes' columns, kept until something more is known. */
struct levels { struct vn_ascan s; struct vn_artifacts *m; struct columns c[3]; int known[3]; };

static int columns_of(struct levels *v, int axis, struct vn_job *job, struct vn_err *err)
{
    struct columns *c = &v->c[axis];
    int rc = 0;

    if (c->p && v->known[axis] == v->m->n)
        return 0;
    columns_free(c);
    if (!(rc = columns_init(c, &v->s, axis, PATCH, err)))
        rc = columns_read(c, job, err);
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

/* What each slice has, and its variance, from the columns: the larger of that over their rows and over their ranks, as a line
 * along either is in all columns of one. room: ROOM n numbers. */
static void slice_levels(const struct columns *c, double *value, double *variance, double *room)
{
    const int64_t n = c->n, narrow = vn_max64(4, vn_min64(REACH, n / 4));
    double *mean = room, *w = mean + n, *r = w + n, *spare = r + n, *wide = spare + n, *rank = wide + n;

    memset(mean, 0, (size_t)n * sizeof *mean);
    for (int k = 0; k < c->n_box; k++)
        for (int64_t i = 0; i < n; i++)
            mean[i] += c->p[k * n + i] / c->n_box;
    const double all = robust(mean, wide, n, n, r, spare), near = robust(mean, w, n, narrow, r, spare);
    const bool straight = all <= 1.5 * near;
    memset(value, 0, (size_t)n * sizeof *value);
    memset(variance, 0, (size_t)n * sizeof *variance);
    memset(rank, 0, 2 * TILES * (size_t)n * sizeof *rank);
    for (int k = 0; k < c->n_box; k++) {
        detrend(c->p + k * n, straight ? wide : w, n, straight ? n : narrow, r);
        for (int64_t i = 0; i < n; i++) {
            value[i] += r[i] / c->n_box;
            rank[k % c->n_side[0] * n + i] += r[i] / c->n_side[1];
            rank[(TILES + k / c->n_side[0]) * n + i] += r[i] / c->n_side[0];
        }
    }
    for (int side = 0; side < 2; side++)
        for (int64_t i = 0; i < n && c->n_side[side] > 1; i++) {
            double sum = 0;
            for (int k = 0; k < c->n_side[side]; k++)
                sum += (rank[(side * TILES + k) * n + i] - value[i]) * (rank[(side * TILES + k) * n + i] - value[i]);
            variance[i] = fmax(variance[i], sum / ((double)c->n_side[side] * (c->n_side[side] - 1)));
        }
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

/* Whether slices are more than columns scatter; where it is few of them, the others become 0. *error: rms of the standard errors. */
static bool slices_stand_out(const struct vn_artifact_look *l, double *value, const double *variance, int64_t n, double *error)
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
    *error = sqrt(chance / (double)n);
    return top > LEAST * l->spread && (many || most > SURE_ONE);
}

/* Estimates what is found from as many voxels as there are, until nothing changes. */
static int measure_slices(struct vn_ascan *s, struct vn_artifact *a, struct vn_job *job, struct vn_err *err)
{
    struct columns c;
    int rc = columns_init(&c, s, a->axis, LARGE, err);
    double *room = rc ? NULL : vn_alloc((uint64_t)((ROOM + 2) * c.n) * sizeof *room, err);

    rc = rc ? rc : room ? 0 : VN_E_MEMORY;
    for (int pass = 0; rc == 0 && pass < PASSES + 1; pass++) {
        double *now = room + ROOM * c.n, *variance = now + c.n;
        if ((rc = columns_read(&c, job, err)))
            break;
        slice_levels(&c, now, variance, room);
        slices_stand_out(s->l, now, variance, c.n, &a->error);
        for (int64_t i = 0; i < c.n; i++)
            a->value[i] += now[i];
        rc = vn_artifact_ready(a, 1, err);
        if (rc == 0 && pass == PASSES - 1)
            rc = vn_ascan_scale(s, a, a->axis, c.box, c.n_box, job, err);
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
    int rc = columns_of(v, axis, job, err);
    double *room, error;

    if (rc || c->n_box < 4 || c->n < 5 || v->m->n == VN_MAX_ARTIFACTS)
        return rc;
    if (!(room = vn_alloc((uint64_t)((ROOM + 2) * c->n) * sizeof *room, err)))
        return VN_E_MEMORY;
    slice_levels(c, room + ROOM * c->n, room + (ROOM + 1) * c->n, room);
    if (slices_stand_out(l, room + ROOM * c->n, room + (ROOM + 1) * c->n, c->n, &error) && roughness(room + ROOM * c->n, c->n, reach, room) >= ROUGH) {
        struct vn_artifact *a = &v->m->item[v->m->n++];
        *a = (struct vn_artifact){ .kind = VN_SLICES, .axis = axis, .lo = l->box.lo[axis], .level = l->level, .noise = l->spread, .n_value = (int)c->n };
        a->value = vn_calloc((uint64_t)c->n, sizeof *a->value, err);
        rc = a->value ? vn_artifact_ready(a, 1, err) : VN_E_MEMORY;
        if (rc == 0)
            rc = measure_slices(&v->s, a, job, err);
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

/* Planes of the axis where tiles meet. */
static int find_planes(struct levels *v, struct vn_artifact *a, int axis, struct vn_job *job, struct vn_err *err)
{
    const struct vn_artifact_look *l = v->s.l;
    int rc = columns_of(v, axis, job, err);
    const struct columns c = v->c[axis];
    const int64_t n = c.n;
    double *step = NULL, *score = NULL, *spare, *jump, sd[MAX_COLUMNS];
    int n_at = 0;

    if (rc || c.n_box < 4 || n < 4 * SIDE)
        return rc;
    step = vn_calloc((uint64_t)(c.n_box * n), sizeof *step, err);
    score = vn_calloc(3 * (uint64_t)n, sizeof *score, err);
    if (!step || !score) {
        rc = VN_E_MEMORY;
        goto out;
    }
    spare = score + n;
    jump = spare + n;
    for (int k = 0; k < c.n_box; k++) {                    /* in standard deviations of the column's own */
        for (int64_t i = 3; i + 3 <= n; i++) {
            step[k * n + i] = step_at(c.p + k * n, n, i, SIDE);
            spare[i - 3] = fabs(step[k * n + i]);
        }
        sd[k] = 1.4826 * median(spare, n - 5);
    }
    for (int64_t i = 3; i + 3 <= n; i++) {
        double t[MAX_COLUMNS];
        for (int k = 0; k < c.n_box; k++)
            t[k] = sd[k] > 0 ? fabs(step[k * n + i]) / sd[k] : 0;
        score[i] = median(t, c.n_box);
    }
    for (int64_t i = 1; i < n; i++)
        for (int k = 0; k < c.n_box; k++)
            jump[i] += (c.p[k * n + i] - c.p[k * n + i - 1]) * (c.p[k * n + i] - c.p[k * n + i - 1]);
    memcpy(spare, jump + 1, (size_t)(n - 1) * sizeof *spare);
    const double usual = median(spare, n - 1);
    for (int64_t i = 1; i < n; i++)
        spare[i - 1] = fabs(jump[i] - usual);
    const double much = usual + 8 * 1.4826 * median(spare, n - 1);
    for (int64_t i = 3; i + 3 <= n && n_at <= VN_MAX_SEAMS; i++) {
        double own = 0, sharp = 0;
        bool top = jump[i] > much && score[i] > 0.6745 + SURE_PLANE * 0.79 / sqrt(c.n_box);      /* the median of |t| and its error for normal t */
        for (int64_t k = vn_max64(3, i - SIDE + 1); k < vn_min64(n - 2, i + SIDE); k++)
            top = top && (k == i || (score[k] < score[i] + (k > i ? 1e-12 : 0) && jump[i] - usual > 4 * (jump[k] - usual)));
        for (int k = 0; top && k < c.n_box; k++) {
            const double d = step[k * n + i];
            own += d * d;
            sharp += d * (c.p[k * n + i] - c.p[k * n + i - 1]);
        }
        if (top && sharp > 0.6 * own && own > c.n_box * LEAST * LEAST * l->spread * l->spread) {
            if (n_at < VN_MAX_SEAMS)
                a->at[axis][n_at] = l->box.lo[axis] + i;
            n_at++;
        }
    }
    a->n_at[axis] = n_at > VN_MAX_SEAMS || n_at * 2 * SIDE > n ? 0 : n_at;
out:
    vn_free(step);
    vn_free(score);
    return rc;
}

struct face { struct vn_box box; int axis, a, b; int64_t plane; double step, weight; };     /* between tiles a and b */
struct faces { struct vn_ascan *s; struct face *f; int n; };

static int face_task(void *ctx, int64_t i, struct vn_err *err)
{
    const struct faces *c = ctx;
    struct face *f = &c->f[i];
    double p[2 * ASIDE];
    struct columns one = { .s = c->s, .axis = f->axis, .n_box = 1, .n = vn_box_dim(&f->box, f->axis), .box = &f->box, .p = p };
    const int rc = column_task(&one, 0, err);

    if (rc == 0)
        f->step = step_at(p, one.n, f->plane - f->box.lo[f->axis], ASIDE);
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

    if (!(c->f = vn_alloc(3 * (uint64_t)a->n_value * sizeof *c->f, err)))
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
            f->weight = (double)vn_box_count(&f->box);
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

static int measure_tiles(struct vn_ascan *s, struct vn_artifact *a, struct vn_job *job, struct vn_err *err)
{
    struct faces c = { .s = s };
    struct columns along = { .n_box = 0 };
    const int axis = a->n_at[0] >= a->n_at[1] && a->n_at[0] >= a->n_at[2] ? 0 : a->n_at[1] >= a->n_at[2] ? 1 : 2;
    double least = 1e300;
    int rc = list_faces(&c, a, err);

    if (rc == 0)
        rc = columns_init(&along, s, axis, LARGE, err);
    for (int pass = 0; rc == 0 && pass < PASSES + 1; pass++) {
        double moved;
        if ((rc = vn_job_for_quiet(job, c.n, face_task, &c, err)) || (rc = level_tiles(&c, a, &moved, err)) || (rc = vn_artifact_ready(a, 1, err)))
            break;
        a->error = moved;
        if (pass == PASSES - 1)
            rc = vn_ascan_scale(s, a, axis, along.box, along.n_box, job, err);
    }
    for (const struct face *f = c.f; f < c.f + c.n; f++)
        least = fmin(least, f->weight);
    a->error += a->noise * 3 / sqrt(least);
    vn_free(c.f);
    columns_free(&along);
    return rc;
}

static int find_seams(struct levels *v, struct vn_job *job, struct vn_err *err)
{
    const struct vn_artifact_look *l = v->s.l;
    struct vn_artifact a = { .kind = VN_SEAMS, .level = l->level, .noise = l->spread };
    int rc = 0;

    for (int axis = 0; rc == 0 && axis < 3; axis++)
        if (l->axis < 0 || l->axis == axis)
            rc = find_planes(v, &a, axis, job, err);
    const int64_t n = (int64_t)(a.n_at[0] + 1) * (a.n_at[1] + 1) * (a.n_at[2] + 1);
    if (rc || n == 1 || n > MAX_TILES || v->m->n == VN_MAX_ARTIFACTS)
        return rc;
    a.n_value = (int)n;
    if (!(a.value = vn_calloc((uint64_t)n, sizeof *a.value, err)))
        return VN_E_MEMORY;
    v->m->item[v->m->n++] = a;
    rc = vn_artifact_ready(&v->m->item[v->m->n - 1], 1, err);
    return rc ? rc : measure_tiles(&v->s, &v->m->item[v->m->n - 1], job, err);
}

/* Slices that differ from one to the next, then seams, then what is alike over several voxels across x and y. */
int vn_artifact_find_levels(const struct vn_artifact_look *l, bool slices, bool seams, struct vn_artifacts *m, struct vn_job *job, struct vn_err *err)
{
    struct levels v = { .m = m };
    int rc = 0;

    if (l->spread == 0 || (rc = vn_ascan_begin(&v.s, l, m, job, err)))
        return rc;
    for (int axis = 2; rc == 0 && slices && axis >= 0; axis--)
        if (l->axis < 0 || l->axis == axis)
            rc = find_slices(&v, axis, 2, job, err);
    if (rc == 0 && seams)
        rc = find_seams(&v, job, err);
    for (int axis = 1; rc == 0 && slices && axis >= 0; axis--)
        if (l->axis < 0 || l->axis == axis)
            rc = find_slices(&v, axis, 8, job, err);
    for (int k = 0; k < 3; k++)
        columns_free(&v.c[k]);
    vn_ascan_end(&v.s);
    return rc;
}
