/* render.c - slices and projections as pixels.
 *
 * The picture is cut into tiles; each tile reads the voxels under it, plane group by plane group, so that memory stays
 * bounded and tiles run in parallel.  A pixel is summed by one tile in a fixed order: the same bytes on any number of
 * threads.  Huge pictures and projections are sampled (rows, planes), which the picture says. */
#include "render.h"
#include "mem.h"
#include "window.h"
#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum { TILE = 64, BLOCK_VOXELS = 1 << 19 };
static const uint32_t OUTSIDE = 0x1c1c24;    /* not quite black, so that the volume's border is seen */

struct span { int64_t lo, hi; };         /* voxels under one pixel along a picture axis; empty outside the volume */

struct pass {                            /* one volume sampled into the picture */
    const struct vn_scene *scene;
    struct vn_vol *vol;
    struct vn_job *job;
    const struct span *u, *v;
    int w, h, au, av;                    /* picture size, picture axes */
    bool mip, peak;                      /* projection; half maximum */
    enum vn_slab_method method;
    int64_t k0, k1, k_step;
    float *val;                          /* w*h values, NaN outside; or NULL */
    int32_t *plane;                      /* w*h: where the extreme lies, -1 outside; or NULL */
    uint32_t *lab;                       /* w*h labels, 0 outside; or NULL */
    uint8_t *hole;
    atomic_bool sampled;
};
struct acc { double sum; int64_t n, plane; float best; uint32_t label; };      /* best: maximum, or minimum */

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

void vn_image_free(struct vn_image *im)
{
    vn_free(im->rgb);
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

struct block { struct vn_buf buf; int64_t stride[3]; };

static int read_block(const struct pass *p, int64_t ulo, int64_t uhi, int64_t vlo, int64_t vhi, int64_t klo, int64_t khi, struct block *b, struct vn_err *err)
{
    struct vn_box box = { { 0 }, { 0 } };
    int axis = p->scene->axis;
    box.lo[p->au] = ulo;
    box.hi[p->au] = uhi;
    box.lo[p->av] = vlo;
    box.hi[p->av] = vhi;
    box.lo[axis] = klo;
    box.hi[axis] = khi;
    b->buf = (struct vn_buf){ 0 };
    int rc = vn_vol_map(p->vol, p->lab ? VN_U32 : VN_F32, &box, VN_PAD_ZERO, &b->buf, NULL, err);
    b->stride[0] = 1;
    b->stride[1] = b->buf.stride[0];
    b->stride[2] = b->buf.stride[1];
    return rc;
}

/* Adds voxel rows [vlo, vhi) of all planes of the block to one pixel row. */
static void add_rows(const struct pass *p, const struct block *b, int x0, int x1, int64_t vlo, int64_t vhi, struct acc *acc)
{
    const struct vn_box *box = &b->buf.box;
    int axis = p->scene->axis;
    int64_t su = b->stride[p->au], sv = b->stride[p->av], sk = b->stride[axis];
    const float *f = b->buf.data;
    const uint32_t *l = b->buf.data;
    const bool least = p->mip && p->method == VN_SLAB_MIN;
    for (int64_t k = 0; k < vn_box_dim(box, axis); k++)
        for (int64_t v = vlo; v < vhi; v++) {
            int64_t row = k * sk + (v - box->lo[p->av]) * sv - box->lo[p->au] * su;
            for (int x = x0; x < x1; x++) {
                struct acc *a = &acc[x - x0];
                for (int64_t u = p->u[x].lo; u < p->u[x].hi; u++) {
                    if (p->lab) {
                        uint32_t id = l[row + u * su];
                        a->label = id > a->label ? id : a->label;
                        continue;
                    }
                    float g = f[row + u * su];
                    if (g != g)
                        continue;
                    if (a->n == 0 || (least ? g < a->best : g > a->best) || (g == a->best && k + box->lo[axis] < a->plane)) {
                        a->best = g;
                        a->plane = k + box->lo[axis];
                    }
                    a->sum += g;
                    a->n++;
                }
            }
        }
}

/* The rows of one pixel row: all of them, or VN_RENDER_ROWS spread evenly. */
static int sampled_rows(struct pass *p, int64_t ulo, int64_t uhi, int y, int x0, int x1, int64_t k0, int64_t k1, struct acc *acc, struct vn_err *err)
{
    int64_t n = p->v[y].hi - p->v[y].lo, n_row = vn_min64(n, VN_RENDER_ROWS);
    if (n_row < n)
        atomic_store(&p->sampled, true);
    for (int64_t i = 0; i < n_row; i++) {
        int64_t v = p->v[y].lo + (2 * i + 1) * n / (2 * n_row);
        struct block b;
        int rc = read_block(p, ulo, uhi, v, v + 1, k0, k1, &b, err);
        if (!rc)
            add_rows(p, &b, x0, x1, v, v + 1, acc);
        vn_buf_free(&b.buf);
        if (rc)
            return rc;
    }
    return 0;
}

static int sample_tile(struct pass *p, int x0, int x1, int y0, int y1, struct acc *acc, struct vn_err *err)
{
    int64_t ulo, uhi, vlo, vhi;
    if (!cover(p->u, x0, x1, &ulo, &uhi) || !cover(p->v, y0, y1, &vlo, &vhi) || p->k0 >= p->k1)
        return 0;
    bool dense = true;
    for (int y = y0; y < y1; y++)
        dense = dense && p->v[y].hi - p->v[y].lo <= VN_RENDER_ROWS;
    int64_t area = (uhi - ulo) * (dense ? vhi - vlo : 1);
    int64_t depth = p->k_step > 1 ? 1 : vn_max64(1, BLOCK_VOXELS / vn_max64(area, 1));
    for (int64_t k = p->k0; k < p->k1; k += depth * p->k_step) {
        if (vn_job_stop(p->job))
            return vn_fail(err, VN_E_CANCELLED, "cancelled");
        int64_t k_end = vn_min64(k + depth, p->k1);
        int rc = 0;
        struct block b = { 0 };
        if (dense)
            rc = read_block(p, ulo, uhi, vlo, vhi, k, k_end, &b, err);
        for (int y = y0; y < y1 && !rc; y++) {
            struct acc *row = acc + (size_t)(y - y0) * TILE;
            if (dense)
                add_rows(p, &b, x0, x1, p->v[y].lo, p->v[y].hi, row);
            else if (p->v[y].lo < p->v[y].hi)
                rc = sampled_rows(p, ulo, uhi, y, x0, x1, k, k_end, row, err);
        }
        vn_buf_free(&b.buf);
        if (rc)
            return rc;
    }
    return 0;
}

static int tile_body(void *ctx, int64_t i, struct vn_err *err)
{
    struct pass *p = ctx;
    int64_t n_across = (p->w + TILE - 1) / TILE;
    int x0 = (int)(i % n_across) * TILE, y0 = (int)(i / n_across) * TILE;
    int x1 = x0 + TILE < p->w ? x0 + TILE : p->w, y1 = y0 + TILE < p->h ? y0 + TILE : p->h;
    struct acc *acc = vn_calloc(TILE * TILE, sizeof *acc, err);
    if (!acc)
        return VN_E_MEMORY;
    struct vn_err why = { 0 };
    int rc = sample_tile(p, x0, x1, y0, y1, acc, &why);
    bool hole = rc == VN_E_IO || rc == VN_E_FORMAT;
    if (rc && !hole) {
        vn_free(acc);
        return vn_fail(err, rc, "%s", why.msg);
    }
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++) {
            const struct acc *a = &acc[(size_t)(y - y0) * TILE + (x - x0)];
            size_t at = (size_t)y * p->w + x;
            if (hole && p->u[x].lo < p->u[x].hi && p->v[y].lo < p->v[y].hi)
                p->hole[at] = 1;
            if (p->plane)
                p->plane[at] = a->n ? (int32_t)a->plane : -1;
            if (p->lab)
                p->lab[at] = a->label;
            else if (!a->n)
                p->val[at] = NAN;
            else if (p->mip && p->method != VN_SLAB_MEAN)
                p->val[at] = a->best;
            else
                p->val[at] = p->peak && !p->mip ? (float)(0.5 * (a->sum / (double)a->n + a->best)) : (float)(a->sum / (double)a->n);
        }
    vn_free(acc);
    return 0;
}

/* Samples vol into to's val (and plane) or lab over the scene's pixels. */
static int sample(const struct vn_scene *s, struct vn_vol *vol, struct vn_image *im, const struct pass *to, struct vn_job *job, struct vn_err *err)
{
    struct pass p = { .scene = s, .vol = vol, .job = job, .w = im->w, .h = im->h, .mip = s->mip, .method = s->method, .val = to->val,
                      .plane = to->plane, .lab = to->lab, .hole = to->hole };
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
    int64_t n_tile = (int64_t)((p.w + TILE - 1) / TILE) * ((p.h + TILE - 1) / TILE);
    int rc = vn_job_for(job, n_tile, tile_body, &p, err);
    im->sampled = im->sampled || atomic_load(&p.sampled) || p.k_step > 1;
    vn_free(span);
    return rc;
}

/* ---- colours ---- */

static void blend(uint8_t *p, uint32_t rgb, int weight)
{
    for (int k = 0; k < 3; k++) {
        int c = (int)(rgb >> (16 - 8 * k) & 255);
        p[k] = (uint8_t)((p[k] * (256 - weight) + c * weight + 128) >> 8);
    }
}

struct pixels {
    float *val, *prob;
    int32_t *plane;
    uint32_t *main_lab, *lab[VN_MAX_UNDER + 1];
    struct vn_drawn layer[VN_MAX_UNDER + 1];     /* of lab[], from above */
    int n_layer;
    uint8_t *hole;
};

/* Does a neighbour in the picture show something else? */
static bool is_border(const uint32_t *lab, int w, int h, int x, int y)
{
    const uint32_t *l = lab + (size_t)y * w + x;
    return (x > 0 && l[-1] != *l) || (x + 1 < w && l[1] != *l) || (y > 0 && l[-w] != *l) || (y + 1 < h && l[w] != *l);
}

static int weight_of(double opacity) { return (int)floor(fmin(fmax(opacity, 0), 1) * 256 + 0.5); }

static void color_pixels(const struct vn_scene *s, struct vn_image *im, const struct pixels *l)
{
    const int weight = weight_of(s->opacity);
    const bool by_depth = s->mip && s->method == VN_SLAB_DEPTH;
    const int64_t n_plane = vn_max64(s->slab[1] - s->slab[0], 2);
    double scale = 255.0 / (im->hi - im->lo);
    uint32_t map[256];
    for (int t = 0; t < 256; t++)
        map[t] = vn_map_color(s->colormap, t);
    for (size_t i = 0; i < (size_t)im->w * im->h; i++) {
        uint8_t *p = im->rgb + 3 * i;
        int x = (int)(i % (size_t)im->w), y = (int)(i / (size_t)im->w);
        if (l->hole[i]) {
            im->holes = true;
            blend(p, (x + y) & 2 ? 0x803060 : 0x301020, 256);
            continue;
        }
        if (l->main_lab) {
            if (l->main_lab[i])
                blend(p, vn_label_color(l->main_lab[i]), 256);
        } else if (l->val[i] == l->val[i]) {
            double t = (l->val[i] - im->lo) * scale + 0.5;
            const int grey = t <= 0 ? 0 : t >= 255 ? 255 : (int)t;
            if (by_depth) {
                const uint32_t c = vn_depth_color((int)((l->plane[i] - s->slab[0]) * 255 / (n_plane - 1)));
                for (int k = 0; k < 3; k++)
                    p[k] = (uint8_t)(((c >> (16 - 8 * k) & 255) * (uint32_t)grey + 127) / 255);
            } else {
                blend(p, map[grey], 256);
            }
        } else {
            blend(p, OUTSIDE, 256);
        }
        for (int k = l->n_layer - 1; k >= 0; k--) {
            const struct vn_drawn *d = &l->layer[k];
            if (l->lab[k][i] && (!d->outline || is_border(l->lab[k], im->w, im->h, x, y)))
                blend(p, d->vol->kind == VN_LABELS ? vn_label_color(l->lab[k][i]) : vn_tint_color(d->tint), weight_of(d->opacity));
        }
        if (l->prob && l->prob[i] >= s->low)
            blend(p, l->prob[i] >= s->high ? 0xF0E442 : 0x0072B2, weight);
    }
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
    struct pixels l = { 0 };
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
    if (s->mip && s->method == VN_SLAB_DEPTH && !(l.plane = vn_alloc(n * sizeof *l.plane, err)))
        goto out;
    for (int i = 0; i < l.n_layer; i++)
        if (!(l.lab[i] = vn_calloc(n, sizeof *l.lab[i], err)))
            goto out;
    if (s->prob && !(l.prob = vn_alloc(n * sizeof *l.prob, err)))
        goto out;
    rc = sample(s, s->volume, im, &(struct pass){ .val = l.val, .plane = l.plane, .lab = l.main_lab, .hole = l.hole }, job, err);
    for (int i = 0; i < l.n_layer && !rc; i++)
        rc = sample(s, l.layer[i].vol, im, &(struct pass){ .lab = l.lab[i], .hole = l.hole }, job, err);
    if (!rc && s->prob)
        rc = sample(s, s->prob, im, &(struct pass){ .val = l.prob, .hole = l.hole }, job, err);
    if (!rc)
        rc = set_window(s, im, &l, err);
    if (!rc)
        color_pixels(s, im, &l);
out:
    vn_free(l.val);
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
