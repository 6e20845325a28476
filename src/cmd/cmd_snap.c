/* cmd_snap.c - "snap": the current view, all its panes, as characters or as a PNG file. */
#include "mem.h"
#include "picture.h"
#include "scene.h"
#include <string.h>

static const struct vn_param params[] = {
    { "to", VN_P_PATH, VN_PREF, .help = "PNG file to write; without it the view is printed as characters" },
    { "force", VN_P_FLAG, VN_PREF, .help = "replace an existing file" },
    { "width", VN_P_INT, 0, .min = 20, .max = 20000, .help = "columns (default $COLUMNS or 80), or pixels with to= (default 1200)" },
    { "colormap", VN_P_CHOICE, 0, .choices = VN_COLORMAPS, .help = "of the grey values, instead of the view's" },
    { "plain", VN_P_FLAG, 0, .help = "with to=: no titles" },
    { "height", VN_P_INT, 0, .min = 6, .max = 20000, .help = "rows (default 40), or pixels with to= (default 900)" },
    { 0 },
};

/* Renders pane b into a new picture of px_w x px_h pixels a cell; letter 0: no text in it. */
static int render_pane(struct vn_call *c, const struct vn_shown *d, const struct vn_pane_box *b, int px_w, int px_h, double um_per_px, double aspect,
                       int letter, struct vn_image *im, struct vn_scene *s, struct vn_err *err)
{
    int rc = vn_image_new(im, b->w * px_w, b->h * px_h, err);
    if (rc)
        return rc;
    vn_pane_scene(d, b, im->w, im->h, um_per_px, aspect, s);
    s->bar_label = letter > 0;
    s->letter = letter;
    if (!letter) {
        enum vn_cell_mode mode;
        enum vn_colors colors;
        vn_picture_mode(c, &mode, &colors);
        s->mono = colors == VN_COLOR_NONE;
    }
    rc = vn_render(s, im, c->job, err);
    if (!rc)
        vn_render_marks(s, im);
    return rc;
}

/* The picture is laid out in cells as a terminal is, each as large as a letter, so that the row above a pane holds its title. */
static int snap_file(struct vn_call *c, const struct vn_shown *d, const char *to, struct vn_err *err)
{
    struct vn_image all = { 0 };
    struct vn_pane_box box[4];
    double scale;
    const int w = vn_args_has(&c->args, "width") ? (int)vn_args_int(&c->args, "width") : 1200;
    const int h = vn_args_has(&c->args, "height") ? (int)vn_args_int(&c->args, "height") : 900;
    const int size = w >= 800 && h >= 600 ? 2 : 1, cw = vn_args_flag(&c->args, "plain") ? 1 : VN_LETTER_W * size;
    const int ch = cw == 1 ? 1 : (VN_LETTER_H + 4) * size;
    const int n = vn_pane_layout(d, w / cw, h / ch, cw, ch, 1, box, &scale);
    int rc = n ? vn_image_new(&all, w, h, err) : vn_fail(err, VN_E_ARG, "a picture of %d x %d pixels has no room for the panes", w, h);
    if (!rc)
        memset(all.rgb, 0x40, (size_t)w * (size_t)h * 3);
    for (int i = 0; i < n && !rc; i++) {
        struct vn_image im = { 0 };
        struct vn_str title = { 0 };
        struct vn_scene s;
        rc = render_pane(c, d, &box[i], cw, ch, scale, 1, size, &im, &s, err);
        for (int y = 0; y < im.h && !rc; y++)
            memcpy(all.rgb + 3 * ((size_t)(box[i].y * ch + y) * w + box[i].x * cw), im.rgb + 3 * (size_t)y * im.w, (size_t)im.w * 3);
        vn_pane_title(d, &box[i], &title);
        if (!rc && cw > 1 && !title.failed && title.s) {
            title.s[(int)title.n > box[i].w - 1 ? box[i].w - 1 : (int)title.n] = '\0';
            vn_image_text(&all, box[i].x * cw + cw / 2, (box[i].y - 1) * ch + 2 * size, title.s, size, vn_pane_focused(&d->view, &box[i]) && n > 1 ? 0xffffff : 0xc8c8c8);
        }
        vn_str_free(&title);
        vn_image_free(&im);
    }
    if (!rc) {
        char note[200];
        snprintf(note, sizeof note, "view of %s at %g,%g,%g", d->view.volume, d->view.at[0], d->view.at[1], d->view.at[2]);
        rc = vn_png_write(&all, to, vn_args_flag(&c->args, "force"), note, err);
    }
    if (!rc) {
        vn_res_text(c, "path", to);
        vn_res_ints(c, "pixels", (int64_t[]){ w, h }, 2);
        vn_res_num(c, vn_um_known(&d->vol->grid) ? "um_per_pixel" : "voxels_per_pixel", scale);
    }
    vn_image_free(&all);
    return rc;
}

static void put_title(struct vn_cell *row, int room, const char *text, enum vn_colors colors)
{
    for (int i = 0; i < room && text[i]; i++)
        row[i] = (struct vn_cell){ (unsigned char)text[i], colors == VN_COLOR_256 ? 250 : 0, colors == VN_COLOR_256 ? 236 : 0 };
}

static int snap_text(struct vn_call *c, const struct vn_shown *d, struct vn_err *err)
{
    enum vn_cell_mode mode;
    enum vn_colors colors;
    struct vn_pane_box box[4];
    double scale;
    int px_w, px_h, rc = 0;
    int cols = vn_args_has(&c->args, "width") ? (int)vn_args_int(&c->args, "width") : vn_picture_columns();
    int rows = vn_args_has(&c->args, "height") ? (int)vn_args_int(&c->args, "height") : 40;
    vn_picture_mode(c, &mode, &colors);
    vn_cell_size(mode, &px_w, &px_h);
    int n = vn_pane_layout(d, cols, rows, px_w, px_h, vn_cell_aspect(mode), box, &scale);
    struct vn_cell *all = vn_calloc((uint64_t)cols * (uint64_t)rows, sizeof *all, err);
    if (!all)
        return VN_E_MEMORY;
    for (int i = 0; i < n && !rc; i++) {
        struct vn_image im = { 0 };
        struct vn_str title = { 0 };
        struct vn_scene s;
        struct vn_cell *cells = vn_alloc((uint64_t)box[i].w * (uint64_t)box[i].h * sizeof *cells, err);
        rc = cells ? render_pane(c, d, &box[i], px_w, px_h, scale, vn_cell_aspect(mode), 0, &im, &s, err) : VN_E_MEMORY;
        if (!rc)
            vn_cells_encode(&im, mode, colors, cells);
        if (!rc)
            vn_cells_names(&s, &im, px_w, px_h, colors, cells);
        for (int y = 0; y < box[i].h && !rc; y++)
            memcpy(all + (size_t)(box[i].y + y) * cols + box[i].x, cells + (size_t)y * box[i].w, (size_t)box[i].w * sizeof *cells);
        vn_pane_title(d, &box[i], &title);
        if (!title.failed)
            put_title(all + (size_t)(box[i].y - 1) * cols + box[i].x, box[i].w, title.s, colors);
        vn_str_free(&title);
        vn_image_free(&im);
        vn_free(cells);
    }
    if (!rc)
        vn_cells_print(all, cols, rows, colors, &c->text);
    vn_free(all);
    return rc;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    const char *to = vn_args_text(&c->args, "to");
    struct vn_shown d = { 0 };
    int rc = vn_shown_get(c->s, &d, c->job, err);
    if (!rc && !d.vol)
        rc = vn_fail(err, VN_E_ARG, "there is nothing to look at: 'open FILE' or 'phantom' first");
    if (!rc && vn_args_has(&c->args, "colormap"))
        d.view.colormap = (enum vn_colormap)vn_args_int(&c->args, "colormap");
    if (!rc)
        rc = to ? snap_file(c, &d, to, err) : snap_text(c, &d, err);
    if (!rc) {
        vn_res_text(c, "volume", d.view.volume);
        vn_res_nums(c, "at", d.view.at, 3);
    }
    vn_shown_free(&d);
    return rc;
}

const struct vn_cmd vn_cmd_snap = { "snap", "write or print the current view", params, VN_CMD_VIEW, exec, NULL };
