/* mode_edit.c - masks changed by hand: a brush moved by the mouse or the keys.  What was drawn is marked on the screen at
 * once and becomes one command when the button is released. */
#include "keys.h"
#include "mode.h"
#include "tty.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { EDITED = VN_MASK | VN_LABELS | VN_SKELETON, MOST_VOXELS = 200, NEAR = 4 };
enum { STROKE_POINTS = 512 };
static const char AXIS[] = "xyz";

static struct {
    int size;                            /* of the finest voxels of the slice across */
    bool ball, eraser;
    uint32_t value;                      /* painted into labels; 1 into masks */
    char made[64];                       /* the mask that this mode makes; "" none */
    bool drag, erases;                   /* the stroke under way */
    enum vn_pane pane;
    int axis, n;
    double at[3 * STROKE_POINTS], last[3], ring[3];
    bool has_last;
} brush;

/* ---- what is edited ---- */

static enum vn_kind kind_of(const struct vn_ui *ui, const char *name)
{
    struct vn_obj *o = name[0] ? vn_session_get(ui->s, name) : NULL;
    enum vn_kind k = o ? o->kind : 0;
    vn_obj_unref(o);
    return k;
}

/* A mask or labels on the grid of what is shown. */
static bool editable(const struct vn_ui *ui, const char *name)
{
    struct vn_obj *o = kind_of(ui, name) & EDITED ? vn_session_get(ui->s, name) : NULL;
    struct vn_vol *v = o ? vn_obj_peek(ui->s, o) : NULL, *shown = ui->panes.info.shown.vol;
    bool assumed, fits = o && (!v || !shown || !vn_grid_check(&v->grid, name, &shown->grid, "", &assumed, NULL));
    vn_vol_unref(v);
    vn_obj_unref(o);
    return fits;
}

/* The overlay, else a mask that is shown itself, else the one this mode makes. *from: the volume that the first stroke of a
 * new mask is given, or the mask's own name. */
static void target(const struct vn_ui *ui, char name[64], char from[64])
{
    const struct vn_view v = vn_session_view(ui->s);
    const char *shown = v.volume[0] ? vn_shown_name(&v, v.front) : ui->panes.info.shown.view.volume;
    const char *which = editable(ui, v.overlay) ? v.overlay : editable(ui, shown) ? shown : "";
    if (!which[0] && brush.made[0] && (ui->busy || kind_of(ui, brush.made)))
        which = brush.made;                      /* its first stroke may still be on the way */
    snprintf(from, 64, "%s", which[0] ? which : shown);
    if (which[0]) {
        snprintf(name, 64, "%s", which);
        return;
    }
    char stem[64];
    snprintf(stem, sizeof stem, "%.40s_drawn", shown);
    vn_name_free_one(ui->s, stem, name);
}

/* The grid in which the brush is measured. */
static const struct vn_grid *grid(const struct vn_ui *ui)
{
    const struct vn_shown *d = &ui->panes.info.shown;
    return d->overlay ? &d->overlay->grid : &d->vol->grid;
}

/* Diameter in um, or 0 where the voxel size is not known: so many of the finest voxels across. */
static double size_um(const struct vn_ui *ui, int axis)
{
    const struct vn_grid *g = grid(ui);
    int u, v;
    vn_scene_axes(axis, &u, &v);
    return vn_um_known(g) ? brush.size * fmin(g->um[u], g->um[v]) : 0;
}

static struct vn_stroke stroke_of(const struct vn_ui *ui, int axis, const double *at, int64_t n)
{
    const double um = size_um(ui, axis);
    struct vn_stroke s = { .at = at, .n = n, .radius = (um > 0 ? um : brush.size) / 2, .axis = brush.ball ? VN_BRUSH_BALL : axis };
    for (int k = 0; k < 3 && um > 0; k++)
        s.um[k] = grid(ui)->um[k];
    return s;
}

static const double HOLD_S = 0.3;

/* An edit is quick: it goes before the next picture, which shows it. */
static void edit(struct vn_ui *ui, const char *line)
{
    if (!ui->busy) {
        ui->hold_until = vn_tty_now() + HOLD_S;
        vn_panes_yield(&ui->panes);
    }
    vn_keys_command(ui, line);
}

/* ---- strokes ---- */

static uint32_t mark_color(bool erases) { return erases ? 0xd75f5f : vn_label_color(brush.value); }

static void submit(struct vn_ui *ui)
{
    struct vn_str line = { 0 };
    char name[64], from[64];
    if (!brush.n)
        return;
    target(ui, name, from);
    if (brush.erases && strcmp(name, from)) {
        vn_say(ui, VN_LOG_ERROR, "there is nothing to erase: paint first, or choose a mask with m");
        ui->panes.marks_end = true;
        brush.n = 0;
        return;
    }
    vn_str_addf(&line, "%s %s at=", brush.erases ? "erase" : "paint", from);
    for (int i = 0; i < 3 * brush.n; i++)
        vn_str_addf(&line, "%s%.0f", i ? "," : "", brush.at[i]);
    const double um = size_um(ui, brush.axis);
    if (um > 0)
        vn_str_addf(&line, " size=%.6gum", um);
    else
        vn_str_addf(&line, " size=%dvox", brush.size);
    if (brush.ball)
        vn_str_add(&line, " axis=ball");
    else if (brush.axis != 2)
        vn_str_addf(&line, " axis=%c", AXIS[brush.axis]);
    if (!brush.erases && brush.value != 1)
        vn_str_addf(&line, " value=%u", brush.value);
    vn_str_addf(&line, " as=%s", name);
    snprintf(brush.made, sizeof brush.made, "%s", name);
    brush.n = 0;
    ui->panes.marks_end = false;
    if (line.s && !line.failed)
        edit(ui, line.s);
    vn_str_free(&line);
}

/* a, b, c on one line, b between them. */
static bool between(const double *a, const double *b, const double *c)
{
    double dot = 0, cross = 0;
    for (int k = 0; k < 3; k++) {
        const int l = (k + 1) % 3;
        const double x = (b[k] - a[k]) * (c[l] - b[l]) - (b[l] - a[l]) * (c[k] - b[k]);
        cross += x * x;
        dot += (b[k] - a[k]) * (c[k] - b[k]);
    }
    return cross == 0 && dot >= 0;
}

static void add(struct vn_ui *ui, const double at[3])
{
    double *p = brush.at + 3 * brush.n;
    if (brush.n && !memcmp(p - 3, at, 3 * sizeof *at))
        return;
    memcpy(p, at, 3 * sizeof *at);
    const int joined = brush.n ? 2 : 1;
    struct vn_stroke s = stroke_of(ui, brush.axis, p - 3 * (joined - 1), joined);
    vn_panes_mark(&ui->panes, brush.pane, &s, mark_color(brush.erases), brush.erases);
    ui->text_dirty = true;
    if (brush.n >= 2 && between(p - 6, p - 3, p))
        memcpy(p - 3, at, 3 * sizeof *at);           /* straight on: the point before says nothing */
    else
        brush.n++;
    memcpy(brush.last, at, sizeof brush.last);
    if (brush.n == STROKE_POINTS) {                  /* goes on in a second command */
        submit(ui);
        memcpy(brush.at, brush.last, sizeof brush.last);
        brush.n = 1;
    }
}

static bool begin(struct vn_ui *ui, enum vn_pane pane, bool erases)
{
    struct vn_view v = vn_session_view(ui->s);
    if (pane == VN_MIP) {
        vn_say(ui, VN_LOG_ERROR, "a projection has no depth to paint at: use a slice (1, 2, 3)");
        return false;
    }
    submit(ui);
    brush.erases = erases;
    brush.pane = pane;
    brush.axis = vn_pane_axis(&v, pane);
    return true;
}

/* From the keyboard: a dab at the crosshair, or a line to it from where the brush was last. */
static void dab(struct vn_ui *ui, bool line)
{
    const struct vn_view v = vn_session_view(ui->s), *shown = &ui->panes.info.shown.view;
    const struct vn_box *box = &ui->panes.info.shown.vol->box;
    double at[3], last[3];
    bool joins = line && brush.has_last;
    memcpy(last, brush.last, sizeof last);
    for (int k = 0; k < 3; k++) {
        const bool there = v.at[k] >= (double)box->lo[k] && v.at[k] < (double)box->hi[k];
        at[k] = floor(there ? v.at[k] : shown->at[k]);
        joins = joins && last[k] >= (double)box->lo[k] && last[k] < (double)box->hi[k];
    }
    if (!begin(ui, v.focus, brush.eraser))
        return;
    if (joins && (brush.ball || last[brush.axis] == at[brush.axis]))
        add(ui, last);
    else if (line)
        vn_say(ui, VN_LOG_TEXT, "a line starts where the brush was last in this slice: only the crosshair's place is painted");
    add(ui, at);
    brush.has_last = true;
    submit(ui);
}

/* ---- components ---- */

static void component(struct vn_ui *ui, const char *verb)
{
    struct vn_view v = vn_session_view(ui->s);
    char name[64], from[64], line[300];
    target(ui, name, from);
    if (strcmp(name, from)) {
        vn_say(ui, VN_LOG_ERROR, "there is no mask yet: paint first, or choose one with m");
        return;
    }
    const char *axis = v.focus == VN_MIP ? "ball" : (const char *[]){ "x", "y", "z" }[vn_pane_axis(&v, v.focus)];
    const double *at = v.volume[0] ? v.at : ui->panes.info.shown.view.at;
    snprintf(line, sizeof line, "%s %s at=%.0f,%.0f,%.0f near=%d axis=%s as=%s", verb, name, floor(at[0]), floor(at[1]),
             floor(at[2]), NEAR, axis, name);
    edit(ui, line);
}

/* ---- the mode ---- */

/* The label under the crosshair, for the next strokes. */
static void take_label(struct vn_ui *ui)
{
    const struct vn_pane_info *info = &ui->panes.info;
    char name[64], from[64];
    target(ui, name, from);
    double label = kind_of(ui, name) != VN_LABELS ? 1 : info->shown.overlay ? info->overlay_value : info->value[info->shown.view.front];
    brush.value = label >= 1 && label <= UINT32_MAX ? (uint32_t)label : 1;
}

static bool start(struct vn_ui *ui)
{
    struct vn_view v = vn_session_view(ui->s);
    char name[64], from[64];
    if (!ui->panes.info.shown.vol)
        return false;
    if (!brush.size)
        brush.size = 3;
    brush.eraser = brush.has_last = false;
    brush.made[0] = '\0';
    if (editable(ui, v.overlay) && !v.overlay_on)
        vn_keys_command(ui, "overlay on");
    take_label(ui);
    target(ui, name, from);
    if (strcmp(name, from))
        vn_say(ui, VN_LOG_TEXT, "painting makes a new mask '%s'", name);
    return true;
}

static void resize(bool larger)
{
    int n = brush.size;
    n = larger ? n + (n < 8 ? 1 : n / 4) : n - (n <= 8 ? 1 : n / 5);
    brush.size = n < 1 ? 1 : n > MOST_VOXELS ? MOST_VOXELS : n;
}

static void stop(struct vn_ui *ui)
{
    brush.drag = false;
    brush.n = 0;
    ui->panes.ring.radius = 0;
    ui->panes.marks_end = ui->panes.dirty = true;
}

static void leave(struct vn_ui *ui, int arg, unsigned mods)
{
    (void)arg;
    (void)mods;
    if (brush.drag)                              /* the stroke under way is not made, the mode stays */
        stop(ui);
    else
        vn_mode_enter(ui, NULL);
}

static void size_key(struct vn_ui *ui, int way, unsigned mods) { (void)mods; resize(way > 0); ui->text_dirty = true; }
static void dab_key(struct vn_ui *ui, int line, unsigned mods) { (void)mods; if (ui->panes.info.shown.vol) dab(ui, line); }
static void ball_key(struct vn_ui *ui, int arg, unsigned mods) { (void)arg; (void)mods; brush.ball = !brush.ball; ui->text_dirty = true; }
static void eraser_key(struct vn_ui *ui, int arg, unsigned mods) { (void)arg; (void)mods; brush.eraser = !brush.eraser; ui->text_dirty = true; }
static void component_key(struct vn_ui *ui, int keep, unsigned mods) { (void)mods; if (ui->panes.info.shown.vol) component(ui, keep ? "keep" : "delete"); }
static void label_key(struct vn_ui *ui, int arg, unsigned mods)
{
    (void)arg;
    (void)mods;
    if (!ui->panes.info.shown.vol)
        return;
    take_label(ui);
    vn_say(ui, VN_LOG_TEXT, "painting with %u", brush.value);
}

static const struct vn_bind binds[] = {
    { "smaller", "[", "", "brush smaller, larger", size_key, -1 },
    { "larger", "]", "size", NULL, size_key, 1 },
    { "paint", "Space", "paint", "paint at the crosshair, also dragging", dab_key, 0 },
    { "line", "l", "line", "a line from the last place", dab_key, 1 },
    { "ball", "d", "ball", "disc in the slice or ball", ball_key, 0 },
    { "eraser", "e", "erase", "every stroke erases; so does dragging with the right button or Shift", eraser_key, 0 },
    { "label", ".", "label", "of labels: paint with the one under the crosshair", label_key, 0 },
    { "delete", "Del Backspace", "delete", "delete the component at the crosshair; keep only that", component_key, 0 },
    { "keep", "K", "keep", NULL, component_key, 1 },
    { "leave", "Esc Enter", "done", "done", leave, 0 },
    { 0 },
};

static bool mouse(struct vn_ui *ui, const struct vn_event *ev)
{
    double at[3];
    if (ev->button != 0 && ev->button != 2 && !ev->release)
        return brush.drag;                              /* the wheel, but not during a stroke */
    const int i = vn_panes_hit(&ui->panes, ev->x, ev->y, at);
    if (ev->release || !ev->motion) {
        if (brush.drag && i >= 0 && ui->panes.info.box[i].pane == brush.pane && ev->release)
            add(ui, at);
        if (brush.drag)
            submit(ui);
        brush.drag = false;
    }
    if (i < 0 || ev->release)
        return true;
    if (!ev->motion)
        brush.drag = begin(ui, ui->panes.info.box[i].pane, ev->button == 2 || ev->mods & VN_SHIFT || brush.eraser);
    if (brush.drag && ui->panes.info.box[i].pane == brush.pane) {
        add(ui, at);
        brush.has_last = true;
    }
    return true;
}

/* The brush's outline at the crosshair, before drawing. */
static void tick(struct vn_ui *ui)
{
    double *at = brush.ring;
    struct vn_view v = vn_session_view(ui->s);
    ui->panes.ring.radius = 0;
    ui->drawing = brush.drag;
    if (!ui->panes.info.n || v.focus == VN_MIP)
        return;
    for (int k = 0; k < 3; k++)
        at[k] = floor(ui->panes.info.shown.view.at[k]);
    ui->panes.ring = stroke_of(ui, vn_pane_axis(&v, v.focus), at, 1);
    ui->panes.ring_pane = v.focus;
}

static void hint(const struct vn_ui *ui, struct vn_str *b)
{
    struct vn_view v = vn_session_view(ui->s);
    char name[64], from[64];
    if (!ui->panes.info.shown.vol)
        return;
    target(ui, name, from);
    vn_str_addf(b, "%s %s", brush.eraser ? "ERASE" : "PAINT", name);
    if (brush.value != 1 && !brush.eraser)
        vn_str_addf(b, " with %u", brush.value);
    vn_str_addf(b, "  %s %d vox", brush.ball ? "ball" : "disc", brush.size);
    const double um = size_um(ui, vn_pane_axis(&v, v.focus));
    if (um > 0)
        vn_str_addf(b, " %.4g um", um);
    vn_str_add(b, "  {smaller}{larger} {eraser} {undo} {help} {leave} {paint} {line} {ball} {delete}");
}

const struct vn_mode vn_mode_edit = {
    .name = "edit", .title = "Edit",
    .about = "Left drag paints, right or Shift drag erases, in the mask or labels on top or in a new mask.",
    .open = { "edit", "e", "edit", "edit the mask or labels on top, or draw a new mask", NULL, 0 },
    .binds = binds, .over_browse = true, .short_results = true, .start = start, .stop = stop, .mouse = mouse, .tick = tick, .hint = hint,
};
