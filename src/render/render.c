/* render.c - slices and projections as pixels.
 *
 * The picture is cut into tiles; each tile reads the voxels under it, in their own type and without a copy where they are
 * in memory, plane group by plane group, so that memory stays bounded and tiles run in parallel.  A projection folds the
 * planes into one row of voxels first, and voxels become pixels afterwards.  A pixel is made by one tile in a fixed order:
 * the same bytes on any number of threads.  Huge pictures and projections are sampled (rows, planes), which the picture says. */
#include "render.h"
#include "fold.h"
#include "mem.h"
#include "window.h"
#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum { TILE = 64, WIDE = 512, BLOCK_VOXELS = 1 << 19 };
static const uint32_t OUTSIDE = 0x1c1c24;    /* not quite black, so that the volume's border is seen */

struct span { int64_t lo, hi; };         /* voxels under one pixel along a picture axis; empty outside the volume */

struct pass {                            /* one volume sampled into the picture */
    const struct vn_scene *scene;
    struct vn_vol *vol;
    struct vn_job *job;
    const struct span *u, *v;
    int w, h, au, av;                    /* picture size, picture axes */
    int tile_w, tile_h;
    enum vn_slab_method method;          /* labels and thresholds: always the maximum */
    bool peak;                           /* half maximum */
    int64_t k0, k1, k_step;
    float *val;                          /* w*h values, NaN outside; or NULL */
    int32_t *plane;                      /* w*h: where the extreme lies, -1 outside and in a mean; or NULL */
    uint32_t *lab;                       /* w*h labels, 0 outside; or NULL */
    uint8_t *hole;
    atomic_bool sampled;
};
struct acc { double sum, best; int64_t n; int32_t plane; };      /* best: maximum, or minimum */

struct tile {                            /* one tile at work */
    int x0, x1, y0, y1;
    int64_t ulo, n_u;                    /* voxels along a row */
    int64_t *row, n_row;                 /* voxel rows that are needed, rising but for sampled ones */
    int32_t *from, *to;                  /* of each pixel row: its part of row[] */
    void *best; int32_t *at;             /* n_row * n_u extremes over the planes in the voxels' type, and where they are */
    double *sum; int32_t *count;         /* or sums */
    double *line;                        /* one row of voxels */
    int64_t line_of;                     /* which; -1 none */
    void *rows; double *rows_sum; int32_t *rows_n;       /* several rows in one: largest, sum, how many */
    struct acc *acc;                     /* of one row of pixels */
};

int vn_image_new(struct vn_image *im, int w, int h, struct vn_err *err)
{
    if (w < 1 || h < 1 || w > 65536 || h > 65536 || (int64_t)w * h > 1 << 28)
        return vn_fail(err, VN_E_ARG, "a picture of %d x %d pixels is outside 1 x 1 to 65536 x 65536 with at most 268435456 pixels", w, h);
    uint8_t *rgb = vn_calloc((uint64_t)w * (uint64_t)h, 3, err);
    if (!rgb)
        return VN_E_MEMORY;
    *im = (struct vn_image){ .w = w, .h = h, .rgb = rgb };
    return 0;
}

int vn_image_add_planes(struct vn_image *im, struct vn_err *err)
{
    const uint64_t n = (uint64_t)im->w * (uint64_t)im->h;
    if (!(im->plane = vn_alloc(n * sizeof *im->plane, err)))
        return VN_E_MEMORY;
    for (uint64_t i = 0; i < n; i++)
        im->plane[i] = -1;
    return 0;
}

void vn_image_free(struct vn_image *im)
{
    vn_free(im->rgb);
    vn_free(im->plane);
    *im = (struct vn_image){ 0 };
}

/* ---- which voxels a pixel shows ---- */

static double voxel_um(const struct vn_vol *v, int axis)
{
    return vn_um_known(&v->grid) ? v->grid.um[axis] : 1.0;
}

static int64_t to_index(double x) { return (int64_t)fmin(fmax(x, -1e15), 1e15); }

static void fill_spans(struct span *s, int n, double centre, double vox_per_px, int64_t from, int64_t to)
{
    for (int i = 0; i < n; i++) {
        double a = centre + (i - 0.5 * n) * vox_per_px, b = a + vox_per_px;
        if (vox_per_px <= 1) {
            s[i].lo = to_index(floor(0.5 * (a + b)));
            s[i].hi = s[i].lo + 1;
        } else {
            s[i].lo = to_index(ceil(a - 0.5));
            s[i].hi = to_index(ceil(b - 0.5));
        }
        s[i].lo = vn_max64(s[i].lo, from);
        s[i].hi = vn_min64(s[i].hi, to);
    }
}

/* First and last voxel under the pixels [a, b); false when all are outside. */
static bool cover(const struct span *s, int a, int b, int64_t *lo, int64_t *hi)
{
    *lo = INT64_MAX;
    *hi = INT64_MIN;
    for (int i = a; i < b; i++)
        if (s[i].lo < s[i].hi) {
            *lo = vn_min64(*lo, s[i].lo);
            *hi = vn_max64(*hi, s[i].hi);
        }
    return *lo < *hi;
}

/* ---- sampling ---- */

static bool is_mean(const struct pass *p) { return p->scene->mip && p->method == VN_SLAB_MEAN; }
static bool is_least(const struct pass *p) { return p->scene->mip && p->method == VN_SLAB_MIN; }

static int read_block(const struct pass *p, const struct tile *t, int64_t vlo, int64_t vhi, int64_t klo, int64_t khi, struct vn_buf *b, struct vn_err *err)
{
    struct vn_box box = { { 0 }, { 0 } };
    const int axis = p->scene->axis;
    box.lo[p->au] = t->ulo;
    box.hi[p->au] = t->ulo + t->n_u;
    box.lo[p->av] = vlo;
    box.hi[p->av] = vhi;
    box.lo[axis] = klo;
    box.hi[axis] = khi;
    *b = (struct vn_buf){ 0 };
    return vn_vol_map(p->vol, p->vol->src->type, &box, VN_PAD_ZERO, b, NULL, err);
}

static int64_t stride_of(const struct vn_buf *b, int axis) { return axis ? b->stride[axis - 1] : 1; }

/* Folds planes of the block, whose rows from v on are rows r, r + 1, ... of the tile, into the tile. */
static void fold_block(const struct pass *p, struct tile *t, const struct vn_buf *b, int64_t r, int64_t n)
{
    const int axis = p->scene->axis;
    const int64_t su = stride_of(b, p->au), sv = stride_of(b, p->av), sk = stride_of(b, axis), k0 = b->box.lo[axis];
    const int64_t n_k = vn_box_dim(&b->box, axis);
    const size_t size = vn_type_size(b->type);
    const bool fresh = k0 == p->k0;
    for (int64_t i = 0; i < n; i++) {
        const char *from = (const char *)b->data + (size_t)(i * sv) * size;
        const int64_t at = (r + i) * t->n_u;
        int32_t *where = t->at ? t->at + at : NULL;
        if (t->sum)
            vn_fold_sum(b->type, from, sk, n_k, t->n_u, su, t->sum + at, t->count + at);
        else if (su == 1)
            vn_fold_rows(b->type, is_least(p), from, sk, n_k, t->n_u, fresh, (char *)t->best + (size_t)at * size, where, (int32_t)k0);
        else
            vn_fold_lines(b->type, is_least(p), from, su, t->n_u, n_k, fresh, (char *)t->best + (size_t)at * size, where, (int32_t)k0);
    }
}

/* Reads what the tile needs: the slice, or all planes folded. Rows one by one where not all of them are needed. */
static int read_tile(struct pass *p, struct tile *t, bool dense, struct vn_err *err)
{
    const bool in_memory = vn_vol_data(p->vol).data != NULL;
    const int64_t at_once = dense ? t->n_row : 1;
    const int64_t depth = p->k_step > 1 ? 1 : in_memory ? p->k1 - p->k0 : vn_max64(1, BLOCK_VOXELS / vn_max64(at_once * t->n_u, 1));
    for (int64_t k = p->k0; k < p->k1; k += depth * p->k_step) {
        const int64_t k_end = vn_min64(k + depth, p->k1);
        for (int64_t r = 0; r < t->n_row; r += at_once) {
            struct vn_buf b;
            if (vn_job_stop(p->job))
                return vn_fail(err, VN_E_CANCELLED, "cancelled");
            int rc = read_block(p, t, t->row[r], t->row[r] + at_once, k, k_end, &b, err);
            if (!rc)
                fold_block(p, t, &b, r, at_once);
            vn_buf_free(&b);
            if (rc)
                return rc;
        }
    }
    return 0;
}

/* Row r of the tile's voxels as numbers. */
static const double *line_of(const struct pass *p, struct tile *t, int64_t r)
{
    const enum vn_type type = p->vol->src->type;
    const int64_t at = r * t->n_u;
    if (t->line_of != r && t->sum)
        for (int64_t u = 0; u < t->n_u; u++)
            t->line[u] = t->count[at + u] ? t->sum[at + u] : NAN;
    else if (t->line_of != r)
        vn_convert_row(VN_F64, t->line, type, (const char *)t->best + (size_t)at * vn_type_size(type), t->n_u);
    t->line_of = r;
    return t->line;
}

/* Adds row r of voxels to a row of pixels: of a slice, or of maxima whose planes nobody asks for. */
static void add_plain(const struct pass *p, const struct tile *t, const double *line)
{
    for (int x = t->x0; x < t->x1; x++) {
        struct acc a = t->acc[x - t->x0];
        for (int64_t u = p->u[x].lo - t->ulo; u < p->u[x].hi - t->ulo; u++) {
            const double g = line[u];
            if (g != g)
                continue;
            a.best = a.n == 0 || g > a.best ? g : a.best;
            a.sum += g;
            a.n++;
        }
        t->acc[x - t->x0] = a;
    }
}

static void add_row(const struct pass *p, struct tile *t, int64_t r)
{
    const double *line = line_of(p, t, r);
    const int32_t *at = t->at ? t->at + r * t->n_u : NULL, *count = t->count ? t->count + r * t->n_u : NULL;
    const bool least = is_least(p);
    if (!at && !count && !least) {
        add_plain(p, t, line);
        return;
    }
    for (int x = t->x0; x < t->x1; x++) {
        struct acc *a = &t->acc[x - t->x0];
        for (int64_t u = p->u[x].lo - t->ulo; u < p->u[x].hi - t->ulo; u++) {
            const double g = line[u];
            const int32_t k = at ? at[u] : 0;
            if (g != g)
                continue;
            if (a->n == 0 || (least ? g < a->best : g > a->best) || (g == a->best && k < a->plane)) {
                a->best = g;
                a->plane = k;
            }
            a->sum += g;
            a->n += count ? count[u] : 1;
        }
    }
}

/* Adds all rows of voxels under a row of pixels at once, column by column: where sums of whole numbers are exact, so that
 * their order is nothing. */
static void add_folded(const struct pass *p, struct tile *t, int64_t from, int64_t n)
{
    const enum vn_type type = p->vol->src->type;
    const char *rows = (const char *)t->best + (size_t)(from * t->n_u) * vn_type_size(type);
    vn_fold_rows(type, is_least(p), rows, t->n_u, n, t->n_u, true, t->rows, NULL, 0);
    vn_convert_row(VN_F64, t->line, type, t->rows, t->n_u);
    t->line_of = -1;
    if (!p->lab && !p->scene->mip) {
        memset(t->rows_sum, 0, (size_t)t->n_u * sizeof *t->rows_sum);
        vn_fold_sum(type, rows, t->n_u, n, t->n_u, 1, t->rows_sum, t->rows_n);
    }
    for (int x = t->x0; x < t->x1; x++) {
        struct acc a = { 0 };
        for (int64_t u = p->u[x].lo - t->ulo; u < p->u[x].hi - t->ulo; u++) {
            const double g = t->line[u];
            a.best = a.n == 0 || (is_least(p) ? g < a.best : g > a.best) ? g : a.best;
            a.sum += t->rows_sum[u];
            a.n += n;
        }
        t->acc[x - t->x0] = a;
    }
}

/* What a pixel is of an overlay: its number, or 1. */
static uint32_t label_of(enum vn_kind kind, const struct acc *a)
{
    if (!a->n || kind != VN_LABELS)
        return a->n && (kind == VN_PROB ? a->best >= 0.5 : a->best > 0);
    return a->best <= 0 ? 0 : a->best >= (double)UINT32_MAX ? UINT32_MAX : (uint32_t)(a->best + 0.5);
}

static void store_row(const struct pass *p, const struct tile *t, int y)
{
    const bool mip = p->scene->mip, mean = is_mean(p);
    for (int x = t->x0; x < t->x1; x++) {
        const struct acc *a = &t->acc[x - t->x0];
        const size_t at = (size_t)y * p->w + x;
        const double average = a->sum / (double)a->n;
        if (p->plane)
            p->plane[at] = a->n && !mean ? a->plane : -1;
        if (p->lab)
            p->lab[at] = label_of(p->vol->kind, a);
        else
            p->val[at] = (float)(!a->n ? NAN : mip && !mean ? a->best : p->peak && !mip ? 0.5 * (average + a->best) : average);
    }
}

static bool same_rows(const struct tile *t, int y) { return t->from[y] == t->from[y - 1] && t->to[y] == t->to[y - 1]; }

static void copy_row(const struct pass *p, const struct tile *t, int y)
{
    const size_t to = (size_t)y * p->w + t->x0, from = to - (size_t)p->w, n = (size_t)(t->x1 - t->x0);
    if (p->val)
        memcpy(p->val + to, p->val + from, n * sizeof *p->val);
    if (p->lab)
        memcpy(p->lab + to, p->lab + from, n * sizeof *p->lab);
    if (p->plane)
        memcpy(p->plane + to, p->plane + from, n * sizeof *p->plane);
}

/* The voxel rows of each pixel row: all of them, or VN_RENDER_ROWS spread evenly where there are more. */
static int list_rows(struct pass *p, struct tile *t, int64_t vlo, int64_t vhi, bool dense, struct vn_err *err)
{
    const int n_y = t->y1 - t->y0;
    const int64_t most = dense ? vhi - vlo : (int64_t)n_y * VN_RENDER_ROWS;
    if (!(t->row = vn_alloc((uint64_t)most * sizeof *t->row, err)) || !(t->from = vn_calloc(2 * (uint64_t)n_y, sizeof *t->from, err)))
        return VN_E_MEMORY;
    t->to = t->from + n_y;
    for (int64_t v = vlo; dense && v < vhi; v++)
        t->row[t->n_row++] = v;
    for (int i = 0; i < n_y; i++) {
        const struct span *s = &p->v[t->y0 + i];
        const int64_t n = vn_max64(s->hi - s->lo, 0), some = vn_min64(n, VN_RENDER_ROWS);
        t->from[i] = (int32_t)(dense && n ? s->lo - vlo : t->n_row);
        t->to[i] = t->from[i] + (int32_t)some;
        if (dense)
            continue;
        if (some < n)
            atomic_store(&p->sampled, true);
        for (int64_t k = 0; k < some; k++)
            t->row[t->n_row++] = s->lo + (2 * k + 1) * n / (2 * some);
    }
    return 0;
}

static int sample_tile(struct pass *p, struct tile *t, struct vn_err *err)
{
    int64_t uhi = 0, vlo = 0, vhi = 0;
    const bool some = cover(p->u, t->x0, t->x1, &t->ulo, &uhi) && cover(p->v, t->y0, t->y1, &vlo, &vhi) && p->k0 < p->k1;
    bool dense = true;
    int rc = 0;
    for (int y = t->y0; y < t->y1; y++)
        dense = dense && p->v[y].hi - p->v[y].lo <= VN_RENDER_ROWS;
    if (!(t->acc = vn_alloc((uint64_t)(t->x1 - t->x0) * sizeof *t->acc, err)))
        return VN_E_MEMORY;
    if (some) {
        t->n_u = uhi - t->ulo;
        rc = list_rows(p, t, vlo, vhi, dense, err);
        const uint64_t n = (uint64_t)t->n_row * (uint64_t)t->n_u;
        if (!rc && (!(t->line = vn_alloc((uint64_t)t->n_u * sizeof *t->line, err)) ||
                    (is_mean(p) ? !(t->sum = vn_calloc(n, sizeof *t->sum, err)) || !(t->count = vn_calloc(n, sizeof *t->count, err))
                                : !(t->best = vn_alloc(n * vn_type_size(p->vol->src->type), err))) ||
                    (p->plane && !is_mean(p) && !(t->at = vn_alloc(n * sizeof *t->at, err)))))
            rc = VN_E_MEMORY;
        if (!rc && vn_type_is_int(p->vol->src->type) && !t->sum && !t->at &&
            (!(t->rows = vn_alloc((uint64_t)t->n_u * vn_type_size(p->vol->src->type), err)) ||
             !(t->rows_sum = vn_calloc((uint64_t)t->n_u, sizeof *t->rows_sum, err)) || !(t->rows_n = vn_calloc((uint64_t)t->n_u, sizeof *t->rows_n, err))))
            rc = VN_E_MEMORY;
        if (!rc)
            rc = read_tile(p, t, dense, err);
    }
    for (int y = t->y0; y < t->y1 && !rc; y++) {
        if (some && y > t->y0 && same_rows(t, y - t->y0)) {
            copy_row(p, t, y);
            continue;
        }
        const int32_t from = some ? t->from[y - t->y0] : 0, to = some ? t->to[y - t->y0] : 0;
        memset(t->acc, 0, (size_t)(t->x1 - t->x0) * sizeof *t->acc);
        if (t->rows && to - from > 1)
            add_folded(p, t, from, to - from);
        else
            for (int32_t r = from; r < to; r++)
                add_row(p, t, r);
        store_row(p, t, y);
    }
    return rc;
}

/* A tile that cannot be read: its pixels inside the volume are marked. */
static void mark_hole(const struct pass *p, const struct tile *t)
{
    for (int y = t->y0; y < t->y1; y++)
        for (int x = t->x0; x < t->x1; x++) {
            const size_t at = (size_t)y * p->w + x;
            p->hole[at] |= p->u[x].lo < p->u[x].hi && p->v[y].lo < p->v[y].hi;
            if (p->val)
                p->val[at] = NAN;
            if (p->plane)
                p->plane[at] = -1;
        }
}

static int tile_body(void *ctx, int64_t i, struct vn_err *err)
{
    struct pass *p = ctx;
    const int64_t n_across = (p->w + p->tile_w - 1) / p->tile_w;
    struct tile t = { .x0 = (int)(i % n_across) * p->tile_w, .y0 = (int)(i / n_across) * p->tile_h, .line_of = -1 };
    t.x1 = t.x0 + p->tile_w < p->w ? t.x0 + p->tile_w : p->w;
    t.y1 = t.y0 + p->tile_h < p->h ? t.y0 + p->tile_h : p->h;
    struct vn_err why = { 0 };
    int rc = sample_tile(p, &t, &why);
    if (rc == VN_E_IO || rc == VN_E_FORMAT) {
        mark_hole(p, &t);
        rc = 0;
    }
    vn_free(t.row);
    vn_free(t.from);
    vn_free(t.best);
    vn_free(t.at);
    vn_free(t.sum);
    vn_free(t.count);
    vn_free(t.line);
    vn_free(t.rows);
    vn_free(t.rows_sum);
    vn_free(t.rows_n);
    vn_free(t.acc);
    return rc ? vn_fail(err, rc, "%s", why.msg) : 0;
}

/* Samples vol into to's val (and plane) or lab over the scene's pixels. */
static int sample(const struct vn_scene *s, struct vn_vol *vol, struct vn_image *im, const struct pass *to, struct vn_job *job, struct vn_err *err)
{
    struct pass p = { .scene = s, .vol = vol, .job = job, .w = im->w, .h = im->h, .val = to->val,
                      .plane = to->plane, .lab = to->lab, .hole = to->hole, .method = to->method };
    vn_scene_axes(s->axis, &p.au, &p.av);
    struct span *span = vn_alloc((uint64_t)(im->w + im->h) * sizeof *span, err);
    if (!span)
        return VN_E_MEMORY;
    double fu = s->um_per_px / voxel_um(s->volume, p.au), fv = s->um_per_px * (s->aspect > 0 ? s->aspect : 1) / voxel_um(s->volume, p.av);
    fill_spans(span, im->w, s->centre[0], fu, vol->box.lo[p.au], vol->box.hi[p.au]);
    fill_spans(span + im->w, im->h, s->centre[1], fv, vol->box.lo[p.av], vol->box.hi[p.av]);
    p.u = span;
    p.v = span + im->w;
    p.peak = fmax(fu, fv) > VN_RENDER_DENSE;
    p.k0 = vn_max64(s->slab[0], vol->box.lo[s->axis]);
    p.k1 = vn_min64(s->mip ? s->slab[1] : s->slab[0] + 1, vol->box.hi[s->axis]);
    p.k_step = 1;
    int64_t ulo, uhi, vlo, vhi;
    if (s->budget && p.k1 > p.k0 && cover(p.u, 0, p.w, &ulo, &uhi) && cover(p.v, 0, p.h, &vlo, &vhi)) {
        double rows = fmin((double)(vhi - vlo), fv > VN_RENDER_ROWS ? (double)VN_RENDER_ROWS * p.h : INFINITY);
        double planes = (double)s->budget / ((double)(uhi - ulo) * rows);
        if ((double)(p.k1 - p.k0) > planes)
            p.k_step = (int64_t)ceil((double)(p.k1 - p.k0) / fmax(planes, 1));
    }
    /* Long rows read memory faster; of chunks that come from a file, square tiles need fewer at a time. */
    p.tile_w = s->mip && vn_vol_data(vol).data ? WIDE : TILE;
    p.tile_h = TILE * TILE / p.tile_w;
    int64_t n_tile = (int64_t)((p.w + p.tile_w - 1) / p.tile_w) * ((p.h + p.tile_h - 1) / p.tile_h);
    int rc = vn_job_for(job, n_tile, tile_body, &p, err);
    im->sampled = im->sampled || atomic_load(&p.sampled) || p.k_step > 1;
    vn_free(span);
    return rc;
}

/* ---- colours ---- */

static void put(uint8_t *p, uint32_t rgb)
{
    p[0] = (uint8_t)(rgb >> 16);
    p[1] = (uint8_t)(rgb >> 8);
    p[2] = (uint8_t)rgb;
}

static void blend(uint8_t *p, uint32_t rgb, int weight)
{
    for (int k = 0; k < 3; k++) {
        int c = (int)(rgb >> (16 - 8 * k) & 255);
        p[k] = (uint8_t)((p[k] * (256 - weight) + c * weight + 128) >> 8);
    }
}

struct pixels {
    const struct vn_scene *scene;
    struct vn_image *im;
    float *val, *prob;
    int32_t *plane;
    uint32_t *main_lab, *lab[VN_MAX_UNDER + 1];
    struct vn_drawn layer[VN_MAX_UNDER + 1];     /* of lab[], from above */
    int n_layer;
    uint8_t *hole;
    uint32_t map[256];
    atomic_bool holes;
};

/* Does a neighbour in the picture show something else? */
static bool is_border(const uint32_t *lab, int w, int h, int x, int y)
{
    const uint32_t *l = lab + (size_t)y * w + x;
    return (x > 0 && l[-1] != *l) || (x + 1 < w && l[1] != *l) || (y > 0 && l[-w] != *l) || (y + 1 < h && l[w] != *l);
}

static int weight_of(double opacity) { return (int)floor(fmin(fmax(opacity, 0), 1) * 256 + 0.5); }

static void color_volume(const struct pixels *l, int y)
{
    const struct vn_scene *s = l->scene;
    const struct vn_image *im = l->im;
    const size_t row = (size_t)y * im->w;
    const double lo = im->lo, scale = 255.0 / (im->hi - lo);
    const bool by_depth = s->mip && s->method == VN_SLAB_DEPTH;
    const int64_t from = s->slab[0], n_plane = s->slab[1] - from;
    for (int x = 0; x < im->w; x++) {
        uint8_t *p = im->rgb + 3 * (row + x);
        if (l->main_lab) {
            if (l->main_lab[row + x])
                put(p, vn_label_color(l->main_lab[row + x]));
            continue;
        }
        const float v = l->val[row + x];
        const double t = (v - lo) * scale + 0.5;
        const uint32_t grey = t >= 255 ? 255 : t > 0 ? (uint32_t)t : 0;                  /* NaN: 0 */
        if (v != v) {
            put(p, OUTSIDE);
        } else if (by_depth) {
            const uint32_t c = vn_depth_color(l->plane[row + x] - from, n_plane);
            for (int k = 0; k < 3; k++)
                p[k] = (uint8_t)(((c >> (16 - 8 * k) & 255) * grey + 127) / 255);
        } else {
            put(p, l->map[grey]);
        }
    }
}

static void color_layer(const struct pixels *l, int k, int y)
{
    const struct vn_image *im = l->im;
    const struct vn_drawn *d = &l->layer[k];
    const uint32_t *lab = l->lab[k] + (size_t)y * im->w;
    const int weight = weight_of(d->outline ? 2 * d->opacity : d->opacity);     /* thin things need more */
    for (int x = 0; x < im->w; x++)
        if (lab[x] && (!d->outline || is_border(l->lab[k], im->w, im->h, x, y)))
            blend(im->rgb + 3 * ((size_t)y * im->w + x), d->vol->kind == VN_LABELS ? vn_label_color(lab[x]) : vn_tint_color(d->tint), weight);
}

static int color_row(void *ctx, int64_t i, struct vn_err *err)
{
    struct pixels *l = ctx;
    const struct vn_scene *s = l->scene;
    const struct vn_image *im = l->im;
    const int y = (int)i, weight = weight_of(s->opacity);
    const size_t row = (size_t)y * im->w;
    (void)err;
    color_volume(l, y);
    for (int k = l->n_layer - 1; k >= 0; k--)
        color_layer(l, k, y);
    for (int x = 0; l->prob && x < im->w; x++)
        if (l->prob[row + x] >= s->low)
            blend(im->rgb + 3 * (row + x), l->prob[row + x] >= s->high ? 0xF0E442 : 0x0072B2, weight);
    for (int x = 0; x < im->w; x++)
        if (l->hole[row + x]) {
            put(im->rgb + 3 * (row + x), (x + y) & 2 ? 0x803060 : 0x301020);
            atomic_store(&l->holes, true);
        }
    return 0;
}

static int set_window(const struct vn_scene *s, struct vn_image *im, const struct pixels *l, struct vn_err *err)
{
    im->lo = s->lo;
    im->hi = s->hi;
    if (im->hi > im->lo || l->main_lab) {
        if (!(im->hi > im->lo))
            im->hi = im->lo + 1;
        return 0;
    }
    if (s->volume->kind == VN_MASK || s->volume->kind == VN_SKELETON || s->volume->kind == VN_PROB) {
        im->lo = 0;
        im->hi = 1;
        return 0;
    }
    return vn_window_of(l->val, (size_t)im->w * im->h, &im->lo, &im->hi, err);
}

int vn_render(const struct vn_scene *s, struct vn_image *im, struct vn_job *job, struct vn_err *err)
{
    uint64_t n = (uint64_t)im->w * (uint64_t)im->h;
    struct pixels l = { .scene = s, .im = im };
    int rc = VN_E_MEMORY;
    if (!(s->um_per_px > 0))
        return vn_fail(err, VN_E_ARG, "a picture scale of %g um per pixel is not positive", s->um_per_px);
    memset(im->rgb, 0, n * 3);
    im->sampled = im->holes = false;
    if (s->overlay)
        l.layer[l.n_layer++] = (struct vn_drawn){ s->overlay, s->opacity, s->outline, s->tint };
    for (int i = 0; i < s->n_under; i++)
        l.layer[l.n_layer++] = s->under[i];
    if (!(l.hole = vn_calloc(n, 1, err)))
        goto out;
    if (s->volume->kind == VN_LABELS ? !(l.main_lab = vn_calloc(n, sizeof *l.main_lab, err)) : !(l.val = vn_alloc(n * sizeof *l.val, err)))
        goto out;
    l.plane = im->plane;
    if (!l.plane && s->mip && s->method == VN_SLAB_DEPTH && !(l.plane = vn_alloc(n * sizeof *l.plane, err)))
        goto out;
    for (int i = 0; i < l.n_layer; i++)
        if (!(l.lab[i] = vn_calloc(n, sizeof *l.lab[i], err)))
            goto out;
    if (s->prob && !(l.prob = vn_alloc(n * sizeof *l.prob, err)))
        goto out;
    rc = sample(s, s->volume, im, &(struct pass){ .val = l.val, .plane = l.plane, .lab = l.main_lab, .hole = l.hole, .method = l.main_lab ? VN_SLAB_MAX : s->method }, job, err);
    for (int i = 0; i < l.n_layer && !rc; i++)
        rc = sample(s, l.layer[i].vol, im, &(struct pass){ .lab = l.lab[i], .hole = l.hole }, job, err);
    if (!rc && s->prob)
        rc = sample(s, s->prob, im, &(struct pass){ .val = l.prob, .hole = l.hole }, job, err);
    if (!rc)
        rc = set_window(s, im, &l, err);
    for (int t = 0; t < 256; t++)
        l.map[t] = vn_map_color(s->colormap, t);
    if (!rc)
        rc = vn_job_for_quiet(job, im->h, color_row, &l, err);
    im->holes = atomic_load(&l.holes);
out:
    vn_free(l.val);
    if (l.plane != im->plane)
        vn_free(l.plane);
    vn_free(l.prob);
    for (int i = 0; i < l.n_layer; i++)
        vn_free(l.lab[i]);
    vn_free(l.main_lab);
    vn_free(l.hole);
    return rc;
}

struct vn_key vn_scene_key(const struct vn_scene *s, int w, int h)
{
    struct vn_key k = vn_key_start();
    const uint64_t id[3] = { s->volume->src->id, s->overlay ? s->overlay->src->id : 0, s->prob ? s->prob->src->id : 0 };
    const double real[9] = { s->low, s->high, s->centre[0], s->centre[1], s->um_per_px, s->aspect, s->lo, s->hi, s->opacity };
    const int64_t whole[12] = { s->axis, s->slab[0], s->slab[1], w, h, s->mip, s->method, s->colormap, s->outline, s->tint, s->n_under, (int64_t)s->budget };
    k = vn_key_add(k, id, sizeof id);
    k = vn_key_add(k, real, sizeof real);
    k = vn_key_add(k, whole, sizeof whole);
    for (int i = 0; i < s->n_under; i++) {
        const struct vn_drawn *d = &s->under[i];
        const double of[4] = { (double)d->vol->src->id, d->opacity, d->outline, d->tint };
        k = vn_key_add(k, of, sizeof of);
    }
    return k;
}
