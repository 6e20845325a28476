/* marks.c - what is drawn over a picture: region frame, crosshair, named places, scale and depth bars; and the geometry of scenes. */
#include "cells.h"
#include "font.h"
#include "graph_marks.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

void vn_scene_axes(int axis, int *u, int *v)
{
    *u = axis == 0 ? 2 : 0;
    *v = axis == 2 ? 1 : axis == 1 ? 2 : 1;
}

static double voxel_um(const struct vn_vol *v, int axis)
{
    return vn_um_known(&v->grid) ? v->grid.um[axis] : 1.0;
}

double vn_scene_fit(const struct vn_vol *v, int axis, int w, int h, double aspect)
{
    int a, b;
    vn_scene_axes(axis, &a, &b);
    double along_u = (double)vn_box_dim(&v->box, a) * voxel_um(v, a) / fmax(w, 1);
    double along_v = (double)vn_box_dim(&v->box, b) * voxel_um(v, b) / fmax(h, 1) / (aspect > 0 ? aspect : 1);
    return fmax(fmax(along_u, along_v), 1e-9);
}

void vn_scene_voxel(const struct vn_scene *s, int w, int h, double px, double py, double uv[2])
{
    int a, b;
    vn_scene_axes(s->axis, &a, &b);
    uv[0] = s->centre[0] + (px + 0.5 - 0.5 * w) * s->um_per_px / voxel_um(s->volume, a);
    uv[1] = s->centre[1] + (py + 0.5 - 0.5 * h) * s->um_per_px * (s->aspect > 0 ? s->aspect : 1) / voxel_um(s->volume, b);
}

/* Pixel coordinates of the voxel position (u, v). */
static void to_pixel(const struct vn_scene *s, const struct vn_image *im, double u, double v, int *px, int *py)
{
    int a, b;
    vn_scene_axes(s->axis, &a, &b);
    double x = floor((u - s->centre[0]) * voxel_um(s->volume, a) / s->um_per_px + 0.5 * im->w);
    double y = floor((v - s->centre[1]) * voxel_um(s->volume, b) / (s->um_per_px * (s->aspect > 0 ? s->aspect : 1)) + 0.5 * im->h);
    *px = (int)fmin(fmax(x, -1e6), 1e6);
    *py = (int)fmin(fmax(y, -1e6), 1e6);
}

/* Blends rgb over a pixel with weight of 256. */
static void blend(struct vn_image *im, int x, int y, uint32_t rgb, int weight)
{
    if (x < 0 || y < 0 || x >= im->w || y >= im->h)
        return;
    uint8_t *p = im->rgb + 3 * ((size_t)y * im->w + x);
    for (int k = 0; k < 3; k++) {
        int c = (int)(rgb >> (16 - 8 * k) & 255);
        p[k] = (uint8_t)((p[k] * (256 - weight) + c * weight + 128) >> 8);
    }
}

static const uint32_t CROSSHAIR = 0x005faf, FRAME = 0x00d787, MEASURED = 0x00ff00, HELD = 0xffd700;     /* in the 256-colour palette as they are */

/* From (x0, y0) to (x1, y1) along an axis; dash > 0: of dots so long, faint. */
static void frame_line(struct vn_image *im, int x0, int y0, int x1, int y1, bool held, int dash)
{
    const bool flat = y0 == y1;
    const int end = flat ? x1 : y1, limit = flat ? im->w : im->h;
    for (int i = (int)vn_max64(flat ? x0 : y0, 0); i <= end && i < limit; i++)
        if (!dash || i / dash % 2 == 0)
            blend(im, flat ? i : x0, flat ? y0 : i, held ? HELD : FRAME, dash ? 150 : 256);
}

static void draw_roi(const struct vn_scene *s, struct vn_image *im)
{
    int a, b, x0, y0, x1, y1;
    vn_scene_axes(s->axis, &a, &b);
    const int64_t lo = s->roi->lo[s->axis], hi = s->roi->hi[s->axis], last = s->mip ? s->slab[1] : s->slab[0] + 1;
    const bool away = last <= lo || s->slab[0] >= hi, first_face = s->slab[0] <= lo && last > lo, last_face = s->slab[0] < hi && last >= hi;
    /* A face that is held and lies in this slice is the whole frame. */
    const bool across = !s->mip && ((first_face && s->roi_held >> (2 * s->axis) & 1) || (last_face && s->roi_held >> (2 * s->axis + 1) & 1));
    if (away && !s->roi_draft)
        return;
    to_pixel(s, im, (double)s->roi->lo[a], (double)s->roi->lo[b], &x0, &y0);
    to_pixel(s, im, (double)s->roi->hi[a], (double)s->roi->hi[b], &x1, &y1);
    x1 = x1 > x0 ? x1 - 1 : x1;
    y1 = y1 > y0 ? y1 - 1 : y1;
    const struct { int x0, y0, x1, y1, face; } line[4] = {
        { x0, y0, x1, y0, 2 * b }, { x0, y1, x1, y1, 2 * b + 1 }, { x0, y0, x0, y1, 2 * a }, { x1, y0, x1, y1, 2 * a + 1 },
    };
    for (int held = 0; held < 2; held++)                   /* those that are held over the others */
        for (int i = 0; i < 4; i++)
            if (((s->roi_held >> line[i].face & 1) || across) == held)
                frame_line(im, line[i].x0, line[i].y0, line[i].x1, line[i].y1, held != 0, !away ? 0 : s->dot_w ? 2 * s->dot_w : 3);
}

static void draw_crosshair(const struct vn_scene *s, struct vn_image *im)
{
    int a, b, x, y;
    vn_scene_axes(s->axis, &a, &b);
    to_pixel(s, im, floor(s->at[a]) + 0.5, floor(s->at[b]) + 0.5, &x, &y);
    int gap_x = 5, gap_y = s->aspect > 1.5 ? 3 : 5;
    int x0, y0, x1, y1;                          /* not beyond the volume */
    to_pixel(s, im, (double)s->volume->box.lo[a], (double)s->volume->box.lo[b], &x0, &y0);
    to_pixel(s, im, (double)s->volume->box.hi[a], (double)s->volume->box.hi[b], &x1, &y1);
    for (int i = x0 < 0 ? 0 : x0; i < x1 && i < im->w; i++)
        if ((i < x - gap_x || i > x + gap_x) && !(s->dot_w && i / s->dot_w % 3))
            blend(im, i, y, CROSSHAIR, 256);
    for (int j = y0 < 0 ? 0 : y0; j < y1 && j < im->h; j++)
        if ((j < y - gap_y || j > y + gap_y) && !(s->dot_h && j / s->dot_h % 3))
            blend(im, x, j, CROSSHAIR, 256);
}

int vn_scale_bar(double um_per_px, bool um_known, int max_px, char label[24])
{
    static const double nice[3] = { 5, 2, 1 };
    double most = um_per_px * max_px, best = 0, decade = 1e9;
    label[0] = '\0';
    for (; decade > 1e-6 && !(best > 0); decade /= 10)
        for (int k = 0; k < 3 && !(best > 0); k++)
            if (nice[k] * decade <= most)
                best = nice[k] * decade;
    if (!(best > 0) || (!um_known && best < 1))
        return 0;
    if (um_known && best >= 1000)
        snprintf(label, 24, "%.4g mm", best / 1000);
    else
        snprintf(label, 24, "%.4g %s", best, um_known ? "um" : "vox");
    return (int)floor(best / um_per_px + 0.5);
}

/* All of it, whatever the slice, with a square at either end. */
static void draw_measured(const struct vn_scene *s, struct vn_image *im)
{
    const uint32_t rgb = s->mono ? 0xffffff : MEASURED;
    int a, b, x[2], y[2];
    vn_scene_axes(s->axis, &a, &b);
    for (int e = 0; e < 2; e++) {
        to_pixel(s, im, s->line[e][a] + 0.5, s->line[e][b] + 0.5, &x[e], &y[e]);
        for (int j = -1; j <= 1; j++)
            for (int i = -1; i <= 1; i++)
                if (!j || s->aspect < 1.5)
                    blend(im, x[e] + i, y[e] + j, rgb, 256);
    }
    const int64_t dx = x[1] - x[0], dy = y[1] - y[0], n = vn_max64(dx < 0 ? -dx : dx, dy < 0 ? -dy : dy);
    for (int64_t i = 1; i < n; i++)
        blend(im, x[0] + (int)((2 * dx * i + (dx < 0 ? -n : n)) / (2 * n)), y[0] + (int)((2 * dy * i + (dy < 0 ? -n : n)) / (2 * n)), rgb, 256);
}

static int letter(const struct vn_scene *s) { return s->letter > 1 ? s->letter : 1; }

static void draw_scale_bar(const struct vn_scene *s, struct vn_image *im)
{
    char label[24], micro[32];
    const int n = vn_scale_bar(s->um_per_px, vn_um_known(&s->volume->grid), im->w / 4, label), size = letter(s);
    int thick = s->aspect > 1.5 ? 1 : im->h > 300 ? 4 : 2, x0 = im->w > 100 ? 8 : 2, y0 = im->h - thick - (im->h > 100 ? 8 : 1);
    if (n < 2 || y0 < 0)
        return;
    for (int j = -1; j <= thick; j++)
        for (int i = -1; i <= n; i++)
            blend(im, x0 + i, y0 + j, 0, j < 0 || j == thick || i < 0 || i == n ? 200 : 0);
    for (int j = 0; j < thick; j++)
        for (int i = 0; i < n; i++)
            blend(im, x0 + i, y0 + j, 0xffffff, 256);
    if (!s->bar_label)
        return;
    const char *um = strstr(label, " um");
    snprintf(micro, sizeof micro, "%.*s%s", um ? (int)(um - label) : 23, label, um ? " \xc2\xb5m" : "");
    vn_font_label(im, x0, y0 - VN_LETTER_H * size - 3, micro, size, 0xffffff);
}

/* The colours of the planes, the first at the top, with the depths of both ends. */
static void draw_depth_bar(const struct vn_scene *s, struct vn_image *im)
{
    const int size = letter(s), w = s->aspect > 1.5 || !s->bar_label ? 2 : 8 * size, h = im->h / 3, x0 = im->w - w - (im->w > 100 ? 8 : 2);
    const int y0 = im->h - h - (im->h > 100 ? 8 : 1);
    const double um = vn_um_known(&s->volume->grid) ? s->volume->grid.um[s->axis] : 0;
    if (h < 2 || x0 < 0)
        return;
    for (int j = -1; j <= h; j++)
        for (int i = -1; i <= w; i++) {
            const bool rim = j < 0 || i < 0 || j == h || i == w;
            blend(im, x0 + i, y0 + j, rim ? 0 : vn_depth_color(j, h), rim ? 200 : 256);
        }
    for (int end = 0; end < 2 && s->bar_label; end++) {
        char label[48];
        const double at = um > 0 ? (double)s->slab[end] * um : (double)(s->slab[end] - end);
        snprintf(label, sizeof label, "%.4g%s", at, um > 0 ? " \xc2\xb5m" : "");
        const int wide = (int)(strlen(label) - (um > 0)) * VN_LETTER_W * size;
        vn_font_label(im, x0 - wide - 2, end ? y0 + h - VN_LETTER_H * size : y0, label, size, 0xffffff);
    }
}

/* ---- places with names ---- */

static const uint32_t PLACE = 0x5fffff;      /* in the 256-colour palette */
enum { NEAR = 2, NAME_MOST = 8 };            /* voxels before and behind the slice */

/* The pixel of a place; false when it lies in another slice. */
static bool place_pixel(const struct vn_scene *s, const struct vn_image *im, const struct vn_place *p, int *x, int *y)
{
    int a, b;
    const double k = floor(p->at[s->axis]);
    vn_scene_axes(s->axis, &a, &b);
    to_pixel(s, im, floor(p->at[a]) + 0.5, floor(p->at[b]) + 0.5, x, y);
    return k >= (double)(s->slab[0] - NEAR) && k < (double)(s->slab[1] + NEAR) && *x >= 0 && *y >= 0 && *x < im->w && *y < im->h;
}

static void draw_places(const struct vn_scene *s, struct vn_image *im)
{
    const int arm = s->bar_label ? 2 * letter(s) : 1;
    for (int i = 0; i < s->n_place; i++) {
        char name[NAME_MOST + 1];
        int x, y;
        if (!place_pixel(s, im, &s->place[i], &x, &y))
            continue;
        for (int k = -arm; k <= arm && s->bar_label; k++)
            for (int side = -1; side <= 1; side += 2) {          /* seen on bright ground too */
                blend(im, x + k + side, y + k, 0, 200);
                blend(im, x + k + side, y - k, 0, 200);
            }
        for (int k = -arm; k <= arm; k++) {
            blend(im, x + k, y + k, PLACE, 256);
            blend(im, x + k, y - k, PLACE, 256);
        }
        snprintf(name, sizeof name, "%.*s", NAME_MOST, s->place[i].name);
        if (s->bar_label)
            vn_font_label(im, x + arm + 3, y - VN_LETTER_H * letter(s) / 2, name, letter(s), PLACE);
    }
}

/* ---- legend ---- */

static uint32_t legend_color(const struct vn_layer *l) { return l->tint < 0 ? 0xd0d0d0 : vn_tint_color(l->tint); }

static void draw_legend(const struct vn_scene *s, struct vn_image *im)
{
    const int size = letter(s), row = (VN_LETTER_H + 3) * size;
    for (int i = 0; i < s->n_legend && (i + 1) * row < im->h / 2; i++) {
        char name[17];
        snprintf(name, sizeof name, "%.16s", s->legend[i].name);
        vn_font_label(im, im->w - (int)strlen(name) * VN_LETTER_W * size - 3 * size, 3 * size + i * row, name, size, legend_color(&s->legend[i]));
    }
}

static struct vn_cell letter_cell(char ch, uint32_t rgb, enum vn_colors c)
{
    const bool palette = c == VN_COLOR_256;
    return (struct vn_cell){ (unsigned char)ch, palette ? (uint32_t)vn_cell_palette((int)(rgb >> 16), (int)(rgb >> 8 & 255), (int)(rgb & 255)) : rgb, palette ? 16 : 0 };
}

static void legend_cells(const struct vn_scene *s, int cols, int rows, enum vn_colors c, struct vn_cell *cells)
{
    for (int i = 0; i < s->n_legend && i < rows / 2; i++) {
        const char *name = s->legend[i].name;
        const int n = (int)strlen(name), most = cols / 3, len = n < most ? n : most;
        for (int k = 0; k < len; k++)
            cells[(size_t)i * cols + cols - len + k] = letter_cell(name[k], legend_color(&s->legend[i]), c);
    }
}

void vn_cells_names(const struct vn_scene *s, const struct vn_image *im, int px_w, int px_h, enum vn_colors c, struct vn_cell *cells)
{
    const int cols = im->w / px_w;
    int x, y;
    legend_cells(s, cols, im->h / px_h, c, cells);
    for (int i = 0; i < s->n_place; i++) {
        const char *name = s->place[i].name;
        const int n = strlen(name) < NAME_MOST ? (int)strlen(name) : NAME_MOST;
        if (!place_pixel(s, im, &s->place[i], &x, &y))
            continue;
        const int from = x / px_w + 2 + n <= cols ? x / px_w + 2 : x / px_w - 1 - n;
        for (int k = 0; k < n && from >= 0; k++)
            cells[(size_t)(y / px_h) * cols + from + k] = letter_cell(name[k], PLACE, c);
    }
}

void vn_render_marks(const struct vn_scene *s, struct vn_image *im)
{
    if (s->graph)
        vn_graph_marks(s, im);
    if (s->roi)
        draw_roi(s, im);
    if (s->crosshair)
        draw_crosshair(s, im);
    if (s->has_line)
        draw_measured(s, im);
    draw_places(s, im);
    if (s->bar_label)
        draw_legend(s, im);
    if (s->scale_bar)
        draw_scale_bar(s, im);
    if (s->scale_bar && s->mip && s->method == VN_SLAB_DEPTH)
        draw_depth_bar(s, im);
}
