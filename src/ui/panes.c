/* panes.c - the pictures on the screen. */
#include "panes.h"
#include "ascii.h"
#include "figview.h"
#include "kitty.h"
#include "mem.h"
#include "sixel.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint64_t MIP_AT_ONCE = 48u << 20;   /* voxels a projection may have to be drawn with the slices */
enum { CELL_W = 10, CELL_H = 20 };               /* pixels of a VT340's characters, and what terminals pretend that do not tell */
static const uint64_t MIP_BUDGET = 512u << 20;   /* voxels read for one; planes are skipped beyond */

struct vn_pane_task {
    struct vn_panes *p;
    struct vn_job *job;
    int cols, rows;
    bool want_mip, mip_missing;
    struct vn_caps caps;
    enum vn_colors colors, overlay_colors;       /* without anything coloured on top, and with */
    double aspect;                               /* of a cell */
    struct vn_pane_info info;
    struct vn_cell *cells, *rough;               /* rough: NULL unless the pictures are pixels */
    struct vn_pix pix[4];
};

/* ---- on the compute thread ---- */

/* The picture with this key, or NULL. */
static struct vn_kept *kept_find(struct vn_panes *p, struct vn_key key)
{
    for (int i = 0; i < VN_KEPT; i++)
        if (p->kept[i].im.rgb && vn_key_same(key, p->kept[i].key))
            return &p->kept[i];
    return NULL;
}

/* The last projection of that volume in this size: shown until the one that is wanted is drawn. */
static struct vn_kept *kept_mip(struct vn_panes *p, int which, const struct vn_image *im)
{
    struct vn_kept *last = NULL;
    for (int i = 0; i < VN_KEPT; i++) {
        struct vn_kept *k = &p->kept[i];
        if (k->im.rgb && k->mip_of == which + 1 && k->im.w == im->w && k->im.h == im->h && (!last || k->used > last->used))
            last = k;
    }
    return last;
}

/* Draws the scene and keeps it in place of what was not needed for longest. */
static int kept_draw(struct vn_panes *p, struct vn_scene *s, const struct vn_image *size, struct vn_key key, struct vn_kept **out, struct vn_job *job, struct vn_err *err)
{
    struct vn_image fresh = { 0 };
    struct vn_kept *k = &p->kept[0];
    int rc = vn_image_new(&fresh, size->w, size->h, err);
    if (!rc && s->budget)                        /* the projection pane */
        rc = vn_image_add_planes(&fresh, err);
    if (!rc)
        rc = vn_render(s, &fresh, job, err);
    if (rc) {
        vn_image_free(&fresh);
        return rc;
    }
    for (int i = 1; i < VN_KEPT; i++)
        if (p->kept[i].used < k->used)
            k = &p->kept[i];
    vn_image_free(&k->im);
    *k = (struct vn_kept){ .im = fresh, .key = key };
    *out = k;
    return 0;
}

/* A projection's picture and planes, for vn_panes_depth. */
static int remember_depth(struct vn_image *to, const struct vn_image *from, struct vn_err *err)
{
    const size_t n = (size_t)from->w * (size_t)from->h;
    int rc = vn_image_new(to, from->w, from->h, err);
    if (!rc)
        rc = vn_image_add_planes(to, err);
    if (rc)
        return rc;
    memcpy(to->rgb, from->rgb, 3 * n);
    memcpy(to->plane, from->plane, n * sizeof *to->plane);
    return 0;
}

/* The pane's picture without its marks: kept, or drawn; a large projection only when that is wanted. */
static int picture(struct vn_pane_task *t, int i, struct vn_image *im, struct vn_job *job, struct vn_err *err)
{
    const struct vn_pane_box *b = &t->info.box[i];
    struct vn_scene *s = &t->info.scene[i];
    s->budget = b->pane == VN_MIP ? MIP_BUDGET : 0;
    const struct vn_key key = vn_scene_key(s, im->w, im->h);
    struct vn_kept *k = kept_find(t->p, key);
    int rc = 0;
    if (!k && b->pane == VN_MIP && !t->want_mip && vn_box_count(&s->volume->box) > MIP_AT_ONCE) {
        t->mip_missing = true;
        k = kept_mip(t->p, b->which, im);
    } else if (!k) {
        rc = kept_draw(t->p, s, im, key, &k, job, err);
    }
    if (rc || !k)
        return rc;
    k->used = ++t->p->n_used;
    k->mip_of = b->pane == VN_MIP ? b->which + 1 : 0;
    memcpy(im->rgb, k->im.rgb, (size_t)im->w * (size_t)im->h * 3);
    im->lo = k->im.lo;
    im->hi = k->im.hi;
    im->sampled = k->im.sampled;
    im->holes = k->im.holes;
    if (k->im.plane)
        rc = remember_depth(&t->info.mip[i], &k->im, err);
    if (im->holes)
        k->key = (struct vn_key){ { 0 } };       /* what could not be read may be readable the next time */
    return rc;
}

/* The picture's cells, in the place of the pane. */
static int put_picture(struct vn_pane_task *t, int i, struct vn_image *im, struct vn_err *err)
{
    const struct vn_pane_box *b = &t->info.box[i];
    const uint64_t n = (uint64_t)b->w * (uint64_t)b->h;
    struct vn_cell *cells = vn_alloc(2 * n * sizeof *cells, err);
    int rc = cells ? 0 : VN_E_MEMORY;
    if (!rc && t->rough)
        rc = vn_pix_make(t->info.picture, i, im, b->w, b->h, t->caps.in_tmux, t->colors, &t->p->pix[i], &t->pix[i], cells, cells + n, err);
    else if (!rc)
        vn_cells_encode(im, vn_caps_cell(t->info.picture), t->colors, cells);
    if (!rc && !t->rough)
        vn_cells_names(&t->info.scene[i], im, t->info.px_w, t->info.px_h, t->colors, cells);
    for (int y = 0; y < b->h && !rc; y++) {
        const size_t at = (size_t)(b->y + y) * (size_t)t->cols + (size_t)b->x, from = (size_t)y * (size_t)b->w;
        memcpy(t->cells + at, cells + from, (size_t)b->w * sizeof *cells);
        if (t->rough)
            memcpy(t->rough + at, cells + n + from, (size_t)b->w * sizeof *cells);
    }
    vn_free(cells);
    return rc;
}

static int draw_pane(struct vn_pane_task *t, int i, struct vn_job *job, struct vn_err *err)
{
    struct vn_pane_info *info = &t->info;
    const struct vn_pane_box *b = &info->box[i];
    struct vn_scene *s = &info->scene[i];
    struct vn_image im = { 0 };
    int rc = vn_image_new(&im, b->w * info->px_w, b->h * info->px_h, err);
    if (!rc) {
        vn_pane_scene(&info->shown, b, im.w, im.h, info->um_per_px, t->aspect * info->px_w / info->px_h, s);
        rc = picture(t, i, &im, job, err);
    }
    if (!rc) {
        s->dot_w = t->rough ? 0 : info->px_w;    /* a line would change every cell that it crosses with each step */
        s->dot_h = t->rough ? 0 : info->px_h;
        s->mono = t->colors == VN_COLOR_NONE && !t->rough;
        s->bar_label = t->rough != NULL;         /* cells are too coarse for letters of dots */
        s->letter = info->px_h >= 16 ? 2 : 1;
        vn_render_marks(s, &im);
        info->sampled = info->sampled || im.sampled;
        info->holes = info->holes || im.holes;
        if (vn_pane_focused(&info->shown.view, b) || i == 0) {
            info->window[0] = im.lo;
            info->window[1] = im.hi;
        }
        rc = put_picture(t, i, &im, err);
    }
    s->roi = NULL;
    s->n_place = s->n_legend = 0;
    vn_image_free(&im);
    return rc;
}

static double voxel_value(struct vn_vol *v, const double at[3], struct vn_job *job)
{
    double value = NAN;
    struct vn_buf b = { .type = VN_F64, .stride = { 1, 1 }, .data = &value };
    for (int k = 0; k < 3; k++) {
        b.box.lo[k] = (int64_t)floor(at[k]);
        b.box.hi[k] = b.box.lo[k] + 1;
    }
    return v && !vn_vol_read(v, VN_PAD_ZERO, &b, job, NULL) ? value : NAN;
}

/* When the script of a figure was written, in nanoseconds; 0: it is not there. */
static int64_t written(const char *path)
{
    struct stat st;
    char *name = vn_sprintf(NULL, "%s.gp", path);
    const bool there = name && stat(name, &st) == 0;
    vn_free(name);
    return there ? (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec : 0;
}

/* The figure over the whole area: pixels, or gnuplot's characters, which also stand for pixels on a slow line.  The same as is
 * shown already is not drawn again. */
static int draw_figure(struct vn_pane_task *t, struct vn_job *job, struct vn_err *err)
{
    struct vn_panes *p = t->p;
    struct vn_pane_info *info = &t->info;
    const struct vn_pane_box b = { .x = 0, .y = t->rows > 1, .w = t->cols, .h = t->rows - (t->rows > 1) };
    const size_t from = (size_t)b.y * (size_t)t->cols, n = (size_t)b.w * (size_t)b.h * sizeof(struct vn_cell);
    struct vn_image im = { 0 };
    int rc = 0;
    info->n = 1;
    info->box[0] = b;
    info->figure_time = written(info->figure);
    t->colors = t->colors == VN_COLOR_NONE ? VN_COLOR_NONE : VN_COLOR_256;
    const bool again = p->info.n && !strcmp(p->info.figure, info->figure) && p->info.figure_time == info->figure_time && p->info.picture == info->picture &&
                       p->info.box[0].w == b.w && p->info.box[0].h == b.h && p->now_colors == t->colors && !p->rough == !t->rough;
    if (t->rough) {
        const int w = b.w * info->px_w, h = b.h * info->px_h;
        rc = again && p->pix[0].im.w == w && p->pix[0].im.h == h ? vn_image_new(&im, w, h, err) : vn_figview_image(info->figure, w, h, &im, job, err);
        if (!rc && again && p->pix[0].im.w == w && p->pix[0].im.h == h)
            memcpy(im.rgb, p->pix[0].im.rgb, 3 * (size_t)w * (size_t)h);
        if (!rc)
            rc = put_picture(t, 0, &im, err);
        vn_image_free(&im);
    }
    struct vn_cell *cells = (t->rough ? t->rough : t->cells) + from;
    if (!rc && again)
        memcpy(cells, (p->rough ? p->rough : p->now) + from, n);
    else if (!rc)
        rc = vn_figview_cells(info->figure, b.w, b.h, t->colors != VN_COLOR_NONE, cells, job, err);
    for (int i = 0; i < b.w * b.h && !rc && !t->caps.utf8; i++)
        cells[i].ch = (uint32_t)vn_ascii_of(cells[i].ch);
    return rc;
}

static int run(void *ctx, struct vn_job *job, struct vn_err *err)
{
    struct vn_pane_task *t = ctx;
    struct vn_pane_info *info = &t->info;
    int rc = vn_shown_get(t->p->s, &info->shown, job, err);
    if (info->figure[0])
        return rc ? rc : draw_figure(t, job, err);
    if (rc || !info->shown.vol)
        return rc;
    if (vn_shown_colored(&info->shown))
        t->colors = t->overlay_colors;
    info->n = vn_pane_layout(&info->shown, t->cols, t->rows, info->px_w, info->px_h, t->aspect * info->px_w / info->px_h, info->box, &info->um_per_px);
    for (int i = 0; i < info->n && !rc; i++)
        rc = draw_pane(t, i, job, err);
    for (int i = 0; i <= info->shown.view.n_linked; i++)
        info->value[i] = voxel_value(vn_shown_vol(&info->shown, i), info->shown.view.at, job);
    info->overlay_value = voxel_value(info->shown.prob ? info->shown.prob : info->shown.overlay, info->shown.view.at, job);
    return rc;
}

/* ---- on the UI thread ---- */

static void forget_marks(struct vn_panes *p)
{
    memset(p->mark, 0, (size_t)p->cols * (size_t)p->rows);
    p->marked = p->marks_end = false;
}

void vn_panes_grain(const struct vn_panes *p, int *w, int *h)
{
    *w = p->rough ? 2 : p->info.px_w;
    *h = p->rough ? 2 : p->info.px_h;
}

/* The voxel under a grain of pane i, which is w x h grains, in the slice of the stroke. */
static void pixel_voxel(const struct vn_panes *p, int i, int w, int h, double x, double y, const struct vn_stroke *s, double at[3])
{
    const struct vn_scene *scene = &p->info.scene[i];
    double uv[2];
    int u, v;
    vn_scene_axes(scene->axis, &u, &v);
    const double image_w = p->info.box[i].w * p->info.px_w, image_h = p->info.box[i].h * p->info.px_h;
    vn_scene_voxel(scene, (int)image_w, (int)image_h, (x + 0.5) * image_w / w - 0.5, (y + 0.5) * image_h / h - 0.5, uv);
    memcpy(at, s->at, 3 * sizeof *at);
    at[u] = floor(uv[0]);
    at[v] = floor(uv[1]);
}

/* Pixels of the brush that border on others: bits of each cell. Brushes of a few pixels have none. */
static void ring_bits(const struct vn_panes *p, uint8_t *bits)
{
    static const int side[4][2] = { { -1, 0 }, { 1, 0 }, { 0, -1 }, { 0, 1 } };
    int px_w, px_h;
    vn_panes_grain(p, &px_w, &px_h);
    for (int i = 0; i < p->info.n && p->ring.radius > 0 && !p->info.figure[0]; i++) {
        const struct vn_pane_box *b = &p->info.box[i];
        const int w = b->w * px_w, h = b->h * px_h;
        const double *um = p->info.shown.vol->grid.um, px = p->info.um_per_px * p->info.px_w / px_w / (p->ring.um[0] > 0 || !(um[0] > 0) ? 1 : um[0]);
        if (b->pane != p->ring_pane || p->ring.radius < 2.5 * px)
            continue;
        for (int k = 0; k < w * h; k++) {
            double at[3];
            bool edge = false;
            pixel_voxel(p, i, w, h, k % w, k / w, &p->ring, at);
            if (!vn_stroke_covers(&p->ring, at))
                continue;
            for (int n = 0; n < 4 && !edge; n++) {
                pixel_voxel(p, i, w, h, k % w + side[n][0], k / w + side[n][1], &p->ring, at);
                edge = !vn_stroke_covers(&p->ring, at);
            }
            if (edge)
                bits[(size_t)(b->y + k / w / px_h) * p->cols + b->x + k % w / px_w] |= (uint8_t)(1u << (k / w % px_h * px_w + k % w % px_w));
        }
    }
}

void vn_panes_mark(struct vn_panes *p, enum vn_pane pane, const struct vn_stroke *s, uint32_t rgb, bool erases)
{
    int px_w, px_h, axis[2];
    double at[3];
    vn_panes_grain(p, &px_w, &px_h);
    for (int i = 0; i < p->info.n && !p->info.figure[0]; i++) {
        const struct vn_pane_box *b = &p->info.box[i];
        const struct vn_scene *scene = &p->info.scene[i];
        struct vn_stroke wide = *s;
        if (b->pane != pane)
            continue;
        /* where a pixel holds several voxels, half a pixel more, so that a fine brush is seen */
        vn_scene_axes(scene->axis, &axis[0], &axis[1]);
        const double *um = p->info.shown.vol->grid.um, finest = vn_um_known(&p->info.shown.vol->grid) ? fmin(um[axis[0]], um[axis[1]]) : 1;
        const double grain = scene->um_per_px * scene->aspect * p->info.px_h / px_h;
        if (grain > finest)
            wide.radius = fmax(wide.radius, 0.5 * grain / (s->um[0] > 0 ? 1 : finest));
        for (int y = 0; y < b->h * px_h; y++)
            for (int x = 0; x < b->w * px_w; x++) {
                pixel_voxel(p, i, b->w * px_w, b->h * px_h, x, y, s, at);
                if (!vn_stroke_covers(&wide, at))
                    continue;
                const size_t cell = (size_t)(b->y + y / px_h) * p->cols + b->x + x / px_w;
                p->mark[cell] |= (uint8_t)(1u << (y % px_h * px_w + x % px_w));
                p->mark_color[cell] = rgb;
            }
    }
    p->marked = p->fresh = true;
    p->mark_erases = erases;
}

/* A cell with some of its pixels in the colour of the stroke; dots are set, or cleared, where there is no colour. */
static struct vn_cell marked_cell(const struct vn_panes *p, struct vn_cell c, uint8_t bits, uint32_t rgb)
{
    const enum vn_cell_mode mode = p->rough ? VN_CELL_QUAD : vn_caps_cell(p->info.picture);
    if (mode == VN_CELL_BRAILLE) {
        const uint32_t dots = vn_cell_glyph(mode, bits) & 0xff, was = c.ch == ' ' ? 0 : c.ch & 0xff;
        c.ch = 0x2800 | (p->mark_erases ? was & ~dots : was | dots);
        return c;
    }
    c.ch = vn_cell_glyph(mode, bits);
    c.fg = p->now_colors == VN_COLOR_TRUE ? rgb : (uint32_t)vn_cell_palette((int)(rgb >> 16), (int)(rgb >> 8 & 255), (int)(rgb & 255));
    return c;
}

static void info_free(struct vn_pane_info *info)
{
    vn_shown_free(&info->shown);
    for (int i = 0; i < 4; i++)
        vn_image_free(&info->mip[i]);
}

static void done(void *ctx, int rc, const struct vn_err *err)
{
    struct vn_pane_task *t = ctx;
    struct vn_panes *p = t->p;
    p->task = NULL;
    memcpy(p->window, t->info.shown.window, sizeof p->window);
    if (!rc && t->cols == p->cols && t->rows == p->rows) {
        info_free(&p->info);
        p->info = t->info;
        vn_free(p->now);
        vn_free(p->rough);
        p->now = t->cells;
        p->rough = t->rough;
        p->now_colors = t->colors;
        for (int i = 0; i < 4; i++) {
            vn_pix_free(&p->pix[i]);
            p->pix[i] = t->pix[i];
        }
        p->fresh = true;
        p->mip_due = t->mip_missing;
        p->error[0] = '\0';
        if (p->marks_end && !p->dirty)
            forget_marks(p);
    } else {
        info_free(&t->info);
        vn_free(t->cells);
        vn_free(t->rough);
        for (int i = 0; i < 4; i++)
            vn_pix_free(&t->pix[i]);
        if (rc == VN_E_CANCELLED || !rc)
            p->dirty = true;
        else
            snprintf(p->error, sizeof p->error, "picture: %.200s", err->msg);
        p->figure_failed = p->error[0] && t->info.figure[0];
    }
    vn_free(t);
}

void vn_panes_yield(struct vn_panes *p)
{
    if (p->task && (p->task->want_mip || (p->task->info.figure[0] && strcmp(p->task->info.figure, p->figure))))
        vn_job_cancel(p->task->job);
}

bool vn_panes_drawing(const struct vn_panes *p) { return p->dirty || (p->task && !p->task->want_mip); }

/* What the pictures are made of now: what is asked for, as far as the terminal has it. */
static void choose_picture(struct vn_pane_task *t)
{
    const struct vn_view v = vn_session_view(t->p->s);
    struct vn_pane_info *info = &t->info;
    t->caps = vn_caps_get();
    t->colors = vn_caps_colors(&t->caps, v.colors, &t->overlay_colors);
    info->picture = vn_caps_picture(&t->caps, v.picture, t->colors, t->p->fast);
    snprintf(info->figure, sizeof info->figure, "%s", t->p->figure);
    if (info->figure[0] && v.picture == VN_PIC_AUTO && t->colors != VN_COLOR_NONE)       /* words need pixels more than vessels do */
        info->picture = vn_caps_placeholders(&t->caps) ? VN_PIC_KITTY : vn_caps_has(&t->caps, VN_PIC_SIXEL) ? VN_PIC_SIXEL : info->picture;
    if (info->picture == VN_PIC_KITTY && (t->cols > VN_KITTY_MOST || t->rows > VN_KITTY_MOST))
        info->picture = VN_PIC_QUAD;
    vn_cell_size(vn_caps_cell(info->picture), &info->px_w, &info->px_h);
    t->aspect = t->caps.cell_w ? (double)t->caps.cell_h / t->caps.cell_w : 2;
    if (!(t->aspect > 1.2 && t->aspect < 4))
        t->aspect = 2;
    if (vn_pix_mode(info->picture)) {
        info->px_w = t->caps.cell_w ? t->caps.cell_w : CELL_W;
        info->px_h = t->caps.cell_h ? t->caps.cell_h : CELL_H;
    }
}

void vn_panes_work(struct vn_panes *p)
{
    if (p->dirty)
        vn_panes_yield(p);                       /* the view moved on */
    if (p->task || (!p->dirty && !p->mip_due) || p->cols < 1 || p->rows < 1)
        return;
    struct vn_pane_task *t = vn_calloc(1, sizeof *t, NULL);
    if (!t)
        return;
    *t = (struct vn_pane_task){ .p = p, .cols = p->cols, .rows = p->rows, .want_mip = !p->dirty };
    memcpy(t->info.shown.window, p->window, sizeof p->window);
    choose_picture(t);
    t->cells = vn_calloc((uint64_t)p->cols * (uint64_t)p->rows, sizeof *t->cells, NULL);
    const bool pixels = vn_pix_mode(t->info.picture);
    t->rough = pixels ? vn_calloc((uint64_t)p->cols * (uint64_t)p->rows, sizeof *t->rough, NULL) : NULL;
    t->job = t->cells && (t->rough || !pixels) ? vn_job_submit(VN_VISIBLE, "picture", run, t, done, NULL) : NULL;
    if (!t->job) {
        vn_free(t->cells);
        vn_free(t->rough);
        vn_free(t);
        return;
    }
    p->dirty = p->mip_due = false;
    p->task = t;
}

void vn_panes_open(struct vn_panes *p, struct vn_session *s)
{
    *p = (struct vn_panes){ .s = s };
}

/* Takes kitty's pictures of panes that have none now out of the terminal's memory. */
static void delete_pictures(struct vn_panes *p, bool all, struct vn_str *b)
{
    const struct vn_caps caps = vn_caps_get();
    for (int i = 0; i < 4; i++)
        if (p->shows[i] && (all || !p->pix[i].bytes.n)) {
            vn_kitty_delete(vn_pix_id(i), caps.in_tmux, b);
            p->shows[i] = false;
        }
}

void vn_panes_close(struct vn_panes *p, struct vn_str *b)
{
    while (p->task) {
        vn_job_cancel(p->task->job);
        if (!vn_job_pump())
            usleep(2000);
    }
    delete_pictures(p, true, b);
    for (int i = 0; i < 4; i++)
        vn_pix_free(&p->pix[i]);
    vn_free(p->rough);
    p->rough = NULL;
    info_free(&p->info);
    for (int i = 0; i < VN_KEPT; i++)
        vn_image_free(&p->kept[i].im);
    vn_free(p->now);
    vn_free(p->old);
    vn_free(p->mark);
    vn_free(p->mark_color);
    p->now = p->old = NULL;
}

int vn_panes_resize(struct vn_panes *p, int cols, int rows, struct vn_err *err)
{
    uint64_t n = (uint64_t)(cols > 0 ? cols : 0) * (uint64_t)(rows > 0 ? rows : 0);
    struct vn_cell *now = vn_calloc(n, sizeof *now, err), *old = vn_calloc(n, sizeof *old, err);
    uint8_t *mark = vn_calloc(n, sizeof *mark, err);
    uint32_t *mark_color = vn_calloc(n, sizeof *mark_color, err);
    if (!now || !old || !mark || !mark_color) {
        vn_free(now);
        vn_free(old);
        vn_free(mark);
        vn_free(mark_color);
        return VN_E_MEMORY;
    }
    vn_free(p->now);
    vn_free(p->old);
    vn_free(p->mark);
    vn_free(p->mark_color);
    vn_free(p->rough);
    p->rough = NULL;
    p->now = now;
    p->old = old;
    p->mark = mark;
    p->mark_color = mark_color;
    p->marked = false;
    p->cols = cols;
    p->rows = rows;
    p->info.n = 0;
    p->dirty = true;
    return 0;
}

static bool covered(int cx, int cy, int x, int y, int w, int h)
{
    return cx >= x && cx < x + w && cy >= y && cy < y + h;
}

void vn_panes_forget(struct vn_panes *p, int x, int y, int w, int h)
{
    for (int cy = 0; cy < p->rows; cy++)
        for (int cx = 0; cx < p->cols; cx++)
            if (!w || covered(cx, cy, x, y, w, h))
                p->old[(size_t)cy * p->cols + cx].ch = 0;
    for (int i = 0; i < 4 && !w; i++)
        p->pix[i].sent = false;                  /* the terminal may have lost what it was sent */
    p->fresh = true;
}

/* ---- coarse pictures: blocks of cells in one colour, few greys ---- */

static void color_rgb(uint32_t v, enum vn_colors c, int rgb[3])
{
    if (c == VN_COLOR_TRUE || v < 16) {
        for (int k = 0; k < 3; k++)
            rgb[k] = (int)(v >> (16 - 8 * k) & 255);
    } else if (v >= 232) {
        rgb[0] = rgb[1] = rgb[2] = 8 + 10 * ((int)v - 232);
    } else {
        static const int level[6] = { 0, 95, 135, 175, 215, 255 };
        v -= 16;
        rgb[0] = level[v / 36];
        rgb[1] = level[v / 6 % 6];
        rgb[2] = level[v % 6];
    }
}

/* Quarters of the cell that have the colour fg; half of it for glyphs of finer parts. */
static int quarters(uint32_t ch)
{
    static const uint8_t n[32] = { 2, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 1, 1, 1, 3, 2, 3, 3, 1, 2, 3 };
    return ch == ' ' ? 0 : ch >= 0x2580 && ch <= 0x259f ? n[ch - 0x2580] : 2;
}

/* Brightness of a block: half mean and half maximum, as pictures are reduced; so that vessels stay. */
static void block_color(const struct vn_cell *cell, int stride, int w, int h, enum vn_colors c, int rgb[3])
{
    int sum[3] = { 0 }, most[3] = { 0 }, n = 0;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const struct vn_cell *a = &cell[(size_t)y * stride + x];
            int fg[3] = { 0 }, bg[3];
            const int q = quarters(a->ch);
            if (!a->ch)
                continue;
            color_rgb(a->bg, c, bg);
            if (q)
                color_rgb(a->fg, c, fg);
            n++;
            for (int k = 0; k < 3; k++) {
                const int v = (fg[k] * q + bg[k] * (4 - q)) / 4;
                sum[k] += v;
                most[k] = v > most[k] ? v : most[k];
            }
        }
    for (int k = 0; k < 3; k++)
        rgb[k] = n ? (sum[k] / n + most[k]) / 2 : 0;
}

enum { GREY_STEP = 20, COLOR_STEP = 48 };

static bool near_grey(uint32_t v, int grey, int step, enum vn_colors c)
{
    int was[3];
    color_rgb(v, c, was);
    return was[0] == was[1] && was[1] == was[2] && was[1] > grey - step && was[1] < grey + step;
}

/* Few colours; a grey near that of the block before is the same. */
static uint32_t coarse_color(const int rgb[3], const struct vn_cell *left, int step, enum vn_colors c)
{
    int most = 0, least = 255, v[3];
    for (int k = 0; k < 3; k++) {
        most = rgb[k] > most ? rgb[k] : most;
        least = rgb[k] < least ? rgb[k] : least;
    }
    if (most - least > 16) {
        for (int k = 0; k < 3; k++)
            v[k] = (rgb[k] + COLOR_STEP / 2) / COLOR_STEP * COLOR_STEP;
    } else {
        v[0] = v[1] = v[2] = (rgb[1] + step / 2) / step * step;
        if (left && left->ch == ' ' && near_grey(left->bg, rgb[1], 3 * step / 4, c))
            return left->bg;
    }
    for (int k = 0; k < 3; k++)
        v[k] = v[k] > 255 ? 255 : v[k];
    return c == VN_COLOR_TRUE ? (uint32_t)(v[0] << 16 | v[1] << 8 | v[2]) : (uint32_t)vn_cell_palette(v[0], v[1], v[2]);
}

/* What is on the screen in a block, coarse or fine, is as bright as it is to be: then it stays, nearly all of it. */
static bool block_near(const struct vn_panes *p, size_t at, int w, int h, const int rgb[3], int step)
{
    int far = 0;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            int is[3];
            const struct vn_cell *old = &p->old[at + (size_t)y * p->cols + x];
            if (!old->ch)
                return false;
            block_color(old, p->cols, 1, 1, p->now_colors, is);
            for (int k = 0; k < 3; k++)
                if (is[k] <= rgb[k] - step || is[k] >= rgb[k] + step) {
                    far++;
                    break;
                }
        }
    return 8 * far <= w * h;
}

/* `fine` with blocks of w x h cells in one colour each, in out. Cells that are no picture stay as they are. */
static void coarsen(const struct vn_panes *p, const struct vn_cell *fine, int w, int h, struct vn_cell *out)
{
    const int step = GREY_STEP + 2 * (w + h - 2);
    memcpy(out, fine, (size_t)p->cols * (size_t)p->rows * sizeof *out);
    for (int i = 0; i < p->info.n; i++) {
        const struct vn_pane_box *b = &p->info.box[i];
        for (int y = b->y; y < b->y + b->h; y += h)
            for (int x = b->x; x < b->x + b->w; x += w) {
                const int bw = x + w > b->x + b->w ? b->x + b->w - x : w, bh = y + h > b->y + b->h ? b->y + b->h - y : h;
                const size_t at = (size_t)y * p->cols + x;
                int rgb[3];
                block_color(fine + at, p->cols, bw, bh, p->now_colors, rgb);
                if (block_near(p, at, bw, bh, rgb, step)) {
                    for (int k = 0; k < bh; k++)
                        memcpy(&out[at + (size_t)k * p->cols], &p->old[at + (size_t)k * p->cols], (size_t)bw * sizeof *out);
                    continue;
                }
                const uint32_t bg = coarse_color(rgb, x > b->x ? &out[at - 1] : NULL, step, p->now_colors);
                for (int k = 0; k < bw * bh; k++) {
                    struct vn_cell *cell = &out[at + (size_t)(k / bw) * p->cols + k % bw];
                    if (cell->ch)
                        *cell = (struct vn_cell){ ' ', bg, bg };
                }
            }
    }
}

/* The finest coarse picture that has room, else the smallest. */
static bool emit_coarse(struct vn_panes *p, const struct vn_cell *fine, size_t room, struct vn_str *b)
{
    static const uint8_t size[][2] = { { 1, 1 }, { 2, 1 }, { 4, 2 }, { 8, 4 } };
    struct vn_cell *out = vn_alloc((uint64_t)p->cols * (uint64_t)p->rows * sizeof *out, NULL);
    const size_t before = b->n;
    size_t least = SIZE_MAX, best = 0;
    for (size_t i = 0; i <= VN_COUNT(size) && out; i++) {
        const size_t k = i < VN_COUNT(size) ? i : best;
        coarsen(p, fine, size[k][0], size[k][1], out);
        vn_cells_emit(out, p->old, p->cols, p->rows, 0, 0, p->now_colors, b);
        if (b->n - before <= room || i == VN_COUNT(size))
            break;
        best = b->n - before < least ? k : best;
        least = b->n - before < least ? b->n - before : least;
        b->n = before;
        if (b->s)
            b->s[before] = '\0';
    }
    if (out)
        memcpy(p->old, out, (size_t)p->cols * (size_t)p->rows * sizeof *out);
    vn_free(out);
    return out != NULL;
}

/* Rows from the top until there is no more room. True when all have been sent. */
static bool emit_part(struct vn_panes *p, const struct vn_cell *fine, size_t room, struct vn_str *b)
{
    const size_t before = b->n;
    for (int y = 0; y < p->rows; y++) {
        const size_t at = (size_t)y * p->cols;
        if (b->n - before > room)
            return false;
        vn_cells_emit(fine + at, p->old + at, p->cols, 1, 0, y, p->now_colors, b);
        memcpy(p->old + at, fine + at, (size_t)p->cols * sizeof *fine);
    }
    return true;
}

/* The cells as they are to be on the screen: with strokes and the brush's outline. NULL without memory. */
static struct vn_cell *composed(struct vn_panes *p)
{
    const size_t n = (size_t)p->cols * (size_t)p->rows;
    struct vn_cell *send = vn_alloc(n * sizeof *send, NULL);
    uint8_t *ring = vn_calloc((uint64_t)p->cols, (uint64_t)p->rows, NULL);
    if (send && ring) {
        ring_bits(p, ring);
        memcpy(send, p->now, n * sizeof *send);
        for (size_t i = 0; i < n; i++) {
            const bool marked = p->marked && p->mark[i] && send[i].ch, ringed = ring[i] && send[i].ch;
            if (p->rough && (marked || ringed))
                send[i] = p->rough[i];           /* characters in place of pixels */
            if (marked)
                send[i] = marked_cell(p, send[i], p->mark[i], p->mark_color[i]);
            if (ringed)
                send[i] = marked_cell(p, send[i], ring[i], 0xffffff);
        }
    } else {
        vn_free(send);
        send = NULL;
    }
    vn_free(ring);
    return send;
}

/* Sixels, or what kitty has not been sent. */
static void emit_pixels(struct vn_panes *p, const struct vn_cell *send, struct vn_str *b)
{
    const struct vn_caps caps = vn_caps_get();
    for (int i = 0; i < p->info.n && p->rough; i++) {
        const struct vn_pane_box *box = &p->info.box[i];
        const int at[4] = { box->x, box->y, box->w, box->h };
        if (p->info.picture == VN_PIC_SIXEL)
            vn_sixel_emit(&p->pix[i].im, send, p->old, p->cols, at, caps.registers ? caps.registers : 256, b, NULL);
        else if (!p->pix[i].sent)
            vn_str_addn(b, p->pix[i].bytes.s, p->pix[i].bytes.n);
    }
}

/* What turns the screen into `send`, to b. */
static void emit_whole(struct vn_panes *p, const struct vn_cell *send, struct vn_str *b)
{
    emit_pixels(p, send, b);
    vn_cells_emit(send, p->old, p->cols, p->rows, 0, 0, p->now_colors, b);
}

static void now_shown(struct vn_panes *p, const struct vn_cell *send)
{
    memcpy(p->old, send, (size_t)p->cols * (size_t)p->rows * sizeof *send);
    for (int i = 0; i < 4; i++)
        if (p->rough && p->pix[i].bytes.n && i < p->info.n)
            p->pix[i].sent = p->shows[i] = true;
}

bool vn_panes_owe(const struct vn_panes *p, const struct vn_link_room *room)
{
    return p->owed && p->owed <= room->part * VN_PIXEL_PARTS;
}

void vn_panes_emit(struct vn_panes *p, const struct vn_link_room *room, bool moving, struct vn_str *b)
{
    const size_t n = (size_t)p->cols * (size_t)p->rows;
    struct vn_cell *send;
    struct vn_str all = { 0 };
    p->fresh = p->behind = false;
    p->owed = 0;
    if (!n || !(send = composed(p)))
        return;
    if (p->old_colors != p->now_colors)
        for (size_t i = 0; i < n; i++)
            p->old[i].ch = 0;
    p->old_colors = p->now_colors;
    delete_pictures(p, false, b);
    emit_whole(p, send, &all);
    p->whole = all.n;
    if (all.n <= room->whole || (!moving && all.n <= room->part * (p->rough ? VN_PIXEL_PARTS : 1))) {
        if (all.n)
            vn_str_addn(b, all.s, all.n);
        now_shown(p, send);
        goto out;
    }
    if (p->rough) {                              /* characters in the place of pixels, until the line bears these */
        p->owed = all.n;
        memcpy(send, p->rough, n * sizeof *send);
        vn_str_free(&all);
        vn_cells_emit(send, p->old, p->cols, p->rows, 0, 0, p->now_colors, &all);
        p->whole = all.n;
    }
    if (p->rough && (all.n <= room->whole || (!moving && all.n <= room->part))) {
        if (all.n)
            vn_str_addn(b, all.s, all.n);
        memcpy(p->old, send, n * sizeof *send);
    } else if (moving && p->now_colors != VN_COLOR_NONE) {
        p->behind = emit_coarse(p, send, room->coarse, b);
    } else {
        p->behind = !emit_part(p, send, room->part, b);
    }
out:
    vn_str_free(&all);
    vn_free(send);
}

int vn_panes_hit(const struct vn_panes *p, int x, int y, double at[3])
{
    const int px_w = p->info.px_w, px_h = p->info.px_h;
    int u, v;
    double uv[2];
    for (int i = 0; i < p->info.n && !p->info.figure[0]; i++) {
        const struct vn_pane_box *b = &p->info.box[i];
        if (!covered(x, y, b->x, b->y, b->w, b->h))
            continue;
        const struct vn_scene *s = &p->info.scene[i];
        vn_scene_voxel(s, b->w * px_w, b->h * px_h, (x - b->x + 0.5) * px_w - 0.5, (y - b->y + 0.5) * px_h - 0.5, uv);
        vn_scene_axes(s->axis, &u, &v);
        const struct vn_box *box = &p->info.shown.vol->box;
        memcpy(at, p->info.shown.view.at, 3 * sizeof *at);
        at[u] = floor(fmin(fmax(uv[0], (double)box->lo[u]), (double)box->hi[u] - 1));
        at[v] = floor(fmin(fmax(uv[1], (double)box->lo[v]), (double)box->hi[v] - 1));
        return i;
    }
    return -1;
}

int64_t vn_panes_depth(const struct vn_panes *p, int i, int x, int y)
{
    const struct vn_pane_box *b = &p->info.box[i];
    const struct vn_image *im = &p->info.mip[i];
    const int px_w = p->info.px_w, px_h = p->info.px_h;
    int best = -1;
    int64_t plane = -1;
    for (int k = 0; im->plane && k < px_w * px_h; k++) {
        const int u = (x - b->x) * px_w + k % px_w, v = (y - b->y) * px_h + k / px_w;
        const size_t at = (size_t)v * im->w + u;
        if (u < 0 || v < 0 || u >= im->w || v >= im->h || im->plane[at] < 0)
            continue;
        const int light = im->rgb[3 * at] + im->rgb[3 * at + 1] + im->rgb[3 * at + 2];
        if (light > best) {
            best = light;
            plane = im->plane[at];
        }
    }
    return plane;
}
