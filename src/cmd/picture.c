/* picture.c - one slice or projection as a PNG file or as characters. */
#include "picture.h"
#include "caps.h"
#include "graph_index.h"
#include "mem.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

int vn_picture_columns(void)
{
    const char *s = getenv("COLUMNS");
    long n = s ? strtol(s, NULL, 10) : 0;
    return n >= 20 && n <= 1000 ? (int)n : 80;
}

void vn_picture_mode(struct vn_call *c, enum vn_cell_mode *m, enum vn_colors *colors)
{
    const struct vn_caps caps = vn_caps_get();
    bool color = c->r && vn_runner_opt(c->r)->color && !caps.busy;       /* the interface prints lines of text */
    *m = !caps.utf8 ? VN_CELL_ASCII : color ? VN_CELL_QUAD : VN_CELL_BRAILLE;
    *colors = color ? VN_COLOR_256 : VN_COLOR_NONE;
}

int vn_picture_window(struct vn_call *c, const char *name, double *lo, double *hi, struct vn_err *err)
{
    const struct vn_arg *a = vn_arg(&c->args, name);
    *lo = *hi = 0;
    if (!a->has)
        return 0;
    if (a->i != 2 || !(a->d[1] > a->d[0]))
        return vn_fail(err, VN_E_ARG, "%s=%s is not two numbers LOW,HIGH with LOW below HIGH", name, a->s);
    *lo = a->d[0];
    *hi = a->d[1];
    return 0;
}

int vn_picture_planes(const struct vn_args *a, const char *name, double um, int64_t *planes, struct vn_err *err)
{
    const struct vn_arg *p = vn_arg(a, name);
    const double v = p->len[0].v;
    if (p->len[0].unit != VN_UM) {
        if (!(v >= 1 && v <= 1e6 && v == floor(v)))
            return vn_fail(err, VN_E_ARG, "%s=%s is not a whole number of planes from 1 to 1000000, or um ('%s=20um')", name, p->s, name);
        *planes = (int64_t)v;
        return 0;
    }
    if (!(um > 0))
        return vn_fail(err, VN_E_ARG, "%s=%s: the voxel size is not known ('set NAME voxel=...' gives it); a bare number counts planes", name, p->s);
    if (!(v > 0))
        return vn_fail(err, VN_E_ARG, "%s=%s is not above 0", name, p->s);
    *planes = (int64_t)fmin(fmax(floor(v / um + 0.5), 1), 1e6);
    return 0;
}

/* Picture of w x h pixels over the region, at um_per_px. */
static void frame(const struct vn_box *region, const struct vn_vol *v, struct vn_scene *s, int *w, int *h, struct vn_err *err, int *rc)
{
    int axes[2];
    vn_scene_axes(s->axis, &axes[0], &axes[1]);
    double size[2];
    for (int k = 0; k < 2; k++) {
        double um = vn_um_known(&v->grid) ? v->grid.um[axes[k]] : 1;
        size[k] = ceil((double)vn_box_dim(region, axes[k]) * um / s->um_per_px / (k ? s->aspect : 1) - 1e-6);
        s->centre[k] = 0.5 * (double)(region->lo[axes[k]] + region->hi[axes[k]]);
    }
    if (size[0] > 65536 || size[1] > 65536)
        *rc = vn_fail(err, VN_E_ARG, "the picture would be %.0f x %.0f pixels; 65536 x 65536 is the limit: give a smaller scale= or a roi", size[0], size[1]);
    *w = (int)fmin(fmax(size[0], 1), 65536);
    *h = (int)fmin(fmax(size[1], 1), 65536);
}

static int save(struct vn_call *c, const struct vn_image *im, const char *to, struct vn_err *err)
{
    struct vn_str note = { 0 };
    vn_str_addf(&note, "%s ", c->cmd->name);
    vn_args_print(&c->args, &note);
    vn_str_addf(&note, "; window %g to %g%s", im->lo, im->hi, im->sampled ? "; sampled" : "");
    int rc = note.failed ? vn_fail(err, VN_E_MEMORY, "no memory for the picture's note") : vn_png_write(im, to, vn_args_flag(&c->args, "force"), note.s, err);
    vn_str_free(&note);
    if (!rc)
        vn_res_text(c, "path", to);
    return rc;
}

static int print(struct vn_call *c, const struct vn_image *im, enum vn_cell_mode m, enum vn_colors colors, struct vn_err *err)
{
    int pw, ph;
    vn_cell_size(m, &pw, &ph);
    struct vn_cell *cells = vn_alloc((uint64_t)(im->w / pw) * (uint64_t)(im->h / ph) * sizeof *cells, err);
    if (!cells)
        return VN_E_MEMORY;
    vn_cells_encode(im, m, colors, cells);
    vn_cells_print(cells, im->w / pw, im->h / ph, colors, &c->text);
    vn_free(cells);
    return c->text.failed ? vn_fail(err, VN_E_MEMORY, "no memory for the picture's text") : 0;
}

int vn_picture_run(struct vn_call *c, bool mip, const int64_t slab[2], struct vn_err *err)
{
    const char *to = vn_args_text(&c->args, "to");
    struct vn_scene s = { .axis = (int)vn_args_int(&c->args, "axis"), .mip = mip, .slab = { slab[0], slab[1] }, .aspect = 1,
                          .opacity = vn_args_real(&c->args, "opacity"), .scale_bar = !vn_args_flag(&c->args, "plain"), .bar_label = true,
                          .outline = vn_args_flag(&c->args, "outline"), .colormap = (enum vn_colormap)vn_args_int(&c->args, "colormap"),
                          .method = (enum vn_slab_method)vn_args_int(&c->args, "method") };
    enum vn_cell_mode mode = VN_CELL_QUAD;
    enum vn_colors colors = VN_COLOR_NONE;
    struct vn_image im = { 0 };
    struct vn_box region;
    int w, h, pw = 1, ph = 1, u, v, rc = vn_call_vol(c, "volume", &s.volume, err);
    bool assumed = false;
    if (!rc)
        rc = vn_call_region(c, s.volume, &region, err);
    if (!rc && vn_args_has(&c->args, "overlay") && vn_arg(&c->args, "overlay")->obj->kind == VN_GRAPH) {
        struct vn_graph *g;
        rc = vn_call_graph(c, "overlay", &g, err);
        if (!rc)
            rc = vn_grid_check(&s.volume->grid, vn_call_name(c, "volume"), &g->grid, vn_call_name(c, "overlay"), &assumed, err);
        if (!rc)
            rc = vn_graph_index(g, c->job, err);
        s.graph = rc ? NULL : g;
    } else if (!rc && vn_args_has(&c->args, "overlay")) {
        rc = vn_call_vol(c, "overlay", &s.overlay, err);
        if (!rc)
            rc = vn_grid_check(&s.volume->grid, vn_call_name(c, "volume"), &s.overlay->grid, vn_call_name(c, "overlay"), &assumed, err);
    }
    if (!rc)
        rc = vn_picture_window(c, "window", &s.lo, &s.hi, err);
    if (rc)
        return rc;
    const bool known = vn_um_known(&s.volume->grid);
    vn_scene_axes(s.axis, &u, &v);
    s.um_per_px = (known ? fmin(s.volume->grid.um[u], s.volume->grid.um[v]) : 1) / vn_args_real(&c->args, "scale");
    if (!to) {
        vn_picture_mode(c, &mode, &colors);
        vn_cell_size(mode, &pw, &ph);
        s.aspect = vn_cell_aspect(mode);
        s.bar_label = false;
        s.mono = colors == VN_COLOR_NONE;
        struct vn_vol part = *s.volume;          /* only its box differs: what has to fit */
        part.box = region;
        s.um_per_px = vn_scene_fit(&part, s.axis, vn_picture_columns() * pw, 100 * ph, s.aspect);
    }
    frame(&region, s.volume, &s, &w, &h, err, &rc);
    s.letter = w >= 450 && h >= 450 ? 2 : 1;
    if (!rc)
        rc = vn_image_new(&im, (w + pw - 1) / pw * pw, (h + ph - 1) / ph * ph, err);
    if (!rc)
        rc = vn_render(&s, &im, c->job, err);
    if (!rc) {
        vn_render_marks(&s, &im);
        rc = to ? save(c, &im, to, err) : print(c, &im, mode, colors, err);
    }
    if (!rc) {
        double window[2] = { im.lo, im.hi };
        vn_res_ints(c, "pixels", (int64_t[]){ im.w, im.h }, 2);
        vn_res_num(c, known ? "um_per_pixel" : "voxels_per_pixel", s.um_per_px);
        vn_res_nums(c, "window", window, 2);
        if (im.sampled)
            vn_call_note(c, "zoomed out beyond %d voxels a pixel: rows were sampled", VN_RENDER_ROWS);
        if (im.holes)
            vn_call_note(c, "some voxels could not be read; they are hatched");
    }
    vn_image_free(&im);
    return rc;
}
