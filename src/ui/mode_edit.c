/* mode_edit.c - masks changed by hand: a brush moved by the mouse or the keys.  What was drawn is marked on the screen at
 * once and becomes one command when the button is released. */
#include "keys.h"
#include "mode.h"
#include "points.h"
#include "tty.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EDITED = VN_MASK | VN_LABELS | VN_SKELETON, MOST_VOXELS = 200, NEAR = 4 };
enum { STROKE_POINTS = 512 };
static const char AXIS[] = "xyz";

/* What the left button does in the pictures.  Keys do it at the crosshair. */
enum tool { PAINT, ERASE, FILL, DELETE, KEEP, RECOLOUR, CUT, TAKE_OUT, BRIDGE, N_TOOL };
static const struct { const char *name, *does; } TOOL[N_TOOL] = {
    { "paint", "drag: paints" }, { "erase", "drag: erases" }, { "fill", "click: fills a hole" }, { "delete", "click: removes a piece" },
    { "keep", "click: keeps one piece" }, { "recolour", "click: another label" }, { "cut", "click: cuts across" },
    { "take out", "click: graph's segment" }, { "bridge", "click: one end" },
};

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
    int x, y;                            /* cell of the mouse at the last point */
    enum tool tool;
    bool shows_tools, said_tools;        /* the panel; whether it was switched by hand */
    bool has_end; double end[3];         /* of a bridge: the first end */
    double deep[3];                      /* of a stroke on a projection: the last place whose depth was followed */
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
    vn_points_print(brush.at, brush.n, &line);
    const double um = size_um(ui, brush.axis);
    if (um > 0)
        vn_str_addf(&line, " size=%.6gum", um);
    else
        vn_str_addf(&line, " size=%dvox", brush.size);
    if (brush.ball || brush.pane == VN_MIP)
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

/* On the screen, until the picture shows it.  On a projection what is drawn lies at many depths: it is marked as it is seen. */
static void mark(struct vn_ui *ui, const double *at, int n)
{
    double flat[6];
    memcpy(flat, at, 3 * (size_t)n * sizeof *at);
    if (brush.pane == VN_MIP && n > 1)
        flat[3 + brush.axis] = flat[brush.axis];
    struct vn_stroke s = stroke_of(ui, brush.axis, flat, n);
    vn_panes_mark(&ui->panes, brush.pane, &s, mark_color(brush.erases), brush.erases);
}

static void add(struct vn_ui *ui, const double at[3])
{
    double *p = brush.at + 3 * brush.n;
    if (brush.n && !memcmp(p - 3, at, 3 * sizeof *at))
        return;
    memcpy(p, at, 3 * sizeof *at);
    mark(ui, p - (brush.n ? 3 : 0), brush.n ? 2 : 1);
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

/* ---- pieces ---- */

/* The mask or labels that there are; false: it has still to be made. */
static bool there_is_one(struct vn_ui *ui, char name[64])
{
    char from[64];
    target(ui, name, from);
    if (!strcmp(name, from))
        return true;
    vn_say(ui, VN_LOG_ERROR, "there is no mask yet: paint first, or choose one with m");
    return false;
}

static void first_or_second_end(struct vn_ui *ui, const char *name, const double at[3])
{
    char line[300];
    if (!brush.has_end) {
        memcpy(brush.end, at, sizeof brush.end);
        brush.has_end = true;
        vn_say(ui, VN_LOG_TEXT, "bridge from %.0f,%.0f,%.0f: now the other end", at[0], at[1], at[2]);
        return;
    }
    brush.has_end = false;
    snprintf(line, sizeof line, "bridge %s from=%.0f,%.0f,%.0f to=%.0f,%.0f,%.0f near=%d as=%s", name, brush.end[0], brush.end[1], brush.end[2],
             at[0], at[1], at[2], NEAR, name);
    edit(ui, line);
}

/* A tool used at a point of a pane. */
static void use(struct vn_ui *ui, enum tool tool, enum vn_pane pane, const double at[3])
{
    static const char *const verb[N_TOOL] = { [FILL] = "fill", [DELETE] = "delete", [KEEP] = "keep", [RECOLOUR] = "recolour", [CUT] = "cut", [TAKE_OUT] = "cut" };
    const struct vn_view v = vn_session_view(ui->s);
    char name[64], place[100], more[120] = "", line[400];
    if (!there_is_one(ui, name))
        return;
    const bool labels = kind_of(ui, name) == VN_LABELS;
    const char *axis = pane == VN_MIP ? "ball" : (const char *[]){ "x", "y", "z" }[vn_pane_axis(&v, pane)];
    snprintf(place, sizeof place, "at=%.0f,%.0f,%.0f", at[0], at[1], at[2]);
    if (tool != BRIDGE)
        brush.has_end = false;
    switch (tool) {
    case BRIDGE:
        first_or_second_end(ui, name, at);
        return;
    case FILL:
        snprintf(more, sizeof more, " axis=%s", brush.ball ? "ball" : axis);
        if (brush.value != 1)
            snprintf(more + strlen(more), sizeof more - strlen(more), " value=%u", brush.value);
        break;
    case RECOLOUR:                                       /* of a mask: the first label beside 1 */
        snprintf(more, sizeof more, " value=%u%s near=%d axis=%s", labels ? brush.value : brush.value > 1 ? brush.value : 2,
                 labels ? " what=component" : "", NEAR, axis);
        break;
    case TAKE_OUT:
        if (kind_of(ui, v.graph) != VN_GRAPH) {
            vn_say(ui, VN_LOG_ERROR, "no graph is drawn: graph %s as=g; overlay g", name);
            return;
        }
        snprintf(more, sizeof more, " graph=%s", v.graph);
        break;
    default:
        snprintf(more, sizeof more, " near=%d axis=%s", NEAR, axis);
        break;
    }
    snprintf(line, sizeof line, "%s %s %s%s as=%s", verb[tool], name, place, more, name);
    edit(ui, line);
}

static void use_here(struct vn_ui *ui, int tool, unsigned mods VN_UNUSED)
{
    struct vn_view v;
    if (!vn_keys_view(ui, &v))
        return;
    for (int k = 0; k < 3; k++)
        v.at[k] = floor(v.at[k]);
    use(ui, (enum tool)tool, v.focus, v.at);
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
    brush.eraser = brush.has_last = brush.has_end = false;
    brush.tool = PAINT;
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

static void leave(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    if (brush.drag)                              /* the stroke under way is not made, the mode stays */
        stop(ui);
    else
        vn_mode_enter(ui, NULL);
}

static void size_key(struct vn_ui *ui, int way, unsigned mods VN_UNUSED) { resize(way > 0); ui->text_dirty = true; }
static void dab_key(struct vn_ui *ui, int line, unsigned mods VN_UNUSED)
{
    if (ui->panes.info.shown.vol)
        dab(ui, line);
}

static void ball_key(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    brush.ball = !brush.ball;
    ui->text_dirty = true;
}

static void eraser_key(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    brush.eraser = !brush.eraser;
    ui->text_dirty = true;
}

static void tools_key(struct vn_ui *ui, int arg, unsigned mods);
static void next_label_key(struct vn_ui *ui, int by, unsigned mods VN_UNUSED)
{
    brush.value = by > 0 && brush.value < UINT32_MAX ? brush.value + 1 : by < 0 && brush.value > 1 ? brush.value - 1 : brush.value;
    ui->text_dirty = true;
}
static void label_key(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
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
    { "label-next", ",", "+1", "the next label, the one before", next_label_key, 1 },
    { "label-back", ";", "-1", NULL, next_label_key, -1 },
    { "delete", "Del Backspace", "delete", "delete the component at the crosshair; keep only that", use_here, DELETE },
    { "keep", "K", "keep", NULL, use_here, KEEP },
    { "fill", "F", "fill", "fill what is enclosed at the crosshair, in the slice or (ball) on all sides", use_here, FILL },
    { "recolour", "c", "recolour", "the component at the crosshair gets the brush's label", use_here, RECOLOUR },
    { "cut", "X", "cut", "cut the vessel at the crosshair across", use_here, CUT },
    { "take-out", "Y", "take out", "take the drawn graph's segment nearest to the crosshair out", use_here, TAKE_OUT },
    { "bridge", "B", "bridge", "one end of a bridge, then the other", use_here, BRIDGE },
    { "tools", "T", "tools", "what the left button does: a panel to choose from", tools_key, 0 },
    { "leave", "Esc Enter", "done", "done", leave, 0 },
    { 0 },
};

/* ---- the panel ---- */

enum { FIRST_TOOL = 3, WIDTH = 26 };

static int width(const struct vn_ui *ui)
{
    const bool wide = ui->panes.cols + ui->panel.w >= 110;
    return (brush.said_tools ? brush.shows_tools : wide) ? WIDTH : 0;
}

static void tools_key(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    brush.shows_tools = !width(ui);
    brush.said_tools = true;
    if (!brush.shows_tools)
        brush.tool = PAINT;
    ui->text_dirty = true;
}

static void panel(struct vn_ui *ui)
{
    const struct vn_view v = vn_session_view(ui->s);
    const double um = size_um(ui, vn_pane_axis(&v, v.focus));
    const int rows = vn_panel_rows(ui);
    char name[64], from[64];
    int row = FIRST_TOOL;
    if (!ui->panes.info.shown.vol)
        return;
    target(ui, name, from);
    vn_panel_text(ui, 1, 1, VN_LOOK_BOLD, "%.*s", WIDTH - 2, name);
    for (int i = 0; i < N_TOOL; i++, row++)
        vn_panel_text(ui, row, 1, i == (int)brush.tool ? VN_LOOK_CHOSEN : VN_LOOK_TEXT, " %-*s", WIDTH - 3, TOOL[i].name);
    vn_panel_text(ui, row++, 1, VN_LOOK_DIM, "%s", brush.tool == BRIDGE && brush.has_end ? "click: the other end" : TOOL[brush.tool].does);
    row += rows > 20;
    vn_panel_text(ui, row, 1, VN_LOOK_DIM, brush.ball ? "ball" : "disc");
    int col = vn_panel_text(ui, row++, 6, VN_LOOK_TEXT, "%d vox", brush.size);
    if (um > 0)
        vn_panel_text(ui, row - 1, col + 1, VN_LOOK_TEXT, "= %.4g um", um);
    vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "{smaller}{larger}  {ball}");
    vn_panel_text(ui, row, 1, VN_LOOK_DIM, "label");
    vn_panel_text(ui, row++, 7, VN_LOOK_TEXT, "%u", brush.value);
    vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "{label-back} {label-next} {label}");
    row += rows > 20;
    vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "{undo}  {redo}  {review}");
    vn_panel_text(ui, row, 1, VN_LOOK_TEXT, "{tools}  {leave}");
}

/* ---- the mouse ---- */

static bool panel_mouse(struct vn_ui *ui, const struct vn_event *ev)
{
    int row, col;
    if (brush.drag || !vn_panel_hit(ui, ev, &row, &col))
        return false;
    if (ev->button == 0 && !ev->release && !ev->motion && row >= FIRST_TOOL && row < FIRST_TOOL + N_TOOL) {
        brush.tool = (enum tool)(row - FIRST_TOOL);
        brush.has_end = false;
    }
    ui->text_dirty = true;
    return true;
}

/* The voxel under the mouse: on a projection at the depth of what is seen there. -1: nothing. */
static int hit(struct vn_ui *ui, int x, int y, double at[3])
{
    const struct vn_view v = vn_session_view(ui->s);
    const int i = vn_panes_hit(&ui->panes, x, y, at);
    if (i < 0 || ui->panes.info.box[i].pane != VN_MIP)
        return i;
    const int64_t depth = vn_panes_depth(&ui->panes, i, x, y);
    at[vn_pane_axis(&v, VN_MIP)] = (double)depth;
    return depth < 0 ? -1 : i;
}

/* Whether the depth under the mouse is too far from where the stroke is: farther than twice the brush, and than twice the way
 * across since it was followed last.  There another vessel, or none, is in front: the stroke stays at its depth. */
static bool leaps(const double *from, const double *to)
{
    double across = 0, deep = 0;
    for (int k = 0; k < 3; k++) {
        const double d = fabs(to[k] - from[k]);
        if (k == brush.axis)
            deep = d;
        else
            across = fmax(across, d);
    }
    return deep > 2 * fmax(brush.size, across);
}

/* The stroke goes on to a cell: on a projection through all the cells between, each at its depth. */
static void drag_to(struct vn_ui *ui, int x, int y)
{
    const int dx = x - brush.x, dy = y - brush.y, steps = abs(dx) > abs(dy) ? abs(dx) : abs(dy);
    double at[3];
    for (int i = brush.pane == VN_MIP && brush.n && steps ? 1 : steps; i <= steps; i++) {
        const int cx = steps ? brush.x + (int)lround((double)dx * i / steps) : x, cy = steps ? brush.y + (int)lround((double)dy * i / steps) : y;
        const int pane = hit(ui, cx, cy, at);
        if (pane < 0 || ui->panes.info.box[pane].pane != brush.pane)
            continue;
        if (brush.pane == VN_MIP && brush.n && leaps(brush.deep, at))
            at[brush.axis] = brush.deep[brush.axis];
        else
            memcpy(brush.deep, at, sizeof brush.deep);
        add(ui, at);
        brush.has_last = true;
    }
    brush.x = x;
    brush.y = y;
}

static bool mouse(struct vn_ui *ui, const struct vn_event *ev)
{
    double at[3];
    if (panel_mouse(ui, ev))
        return true;
    if ((ev->button == VN_WHEEL_UP || ev->button == VN_WHEEL_DOWN) && ev->mods & VN_ALT) {
        resize(ev->button == VN_WHEEL_UP);
        ui->text_dirty = true;
        return true;
    }
    if (ev->button != 0 && ev->button != 2 && !ev->release)
        return brush.drag;                              /* the wheel, but not during a stroke */
    if (ev->release || !ev->motion) {
        if (brush.drag && ev->release)
            drag_to(ui, ev->x, ev->y);
        if (brush.drag)
            submit(ui);
        brush.drag = false;
    }
    const int i = ev->release ? -1 : hit(ui, ev->x, ev->y, at);
    if (!ev->motion && i >= 0 && ev->button == 0 && !(ev->mods & VN_SHIFT) && brush.tool > ERASE) {
        use(ui, brush.tool, ui->panes.info.box[i].pane, at);
        return true;
    }
    if (!ev->motion && i >= 0) {
        brush.drag = begin(ui, ui->panes.info.box[i].pane, ev->button == 2 || ev->mods & VN_SHIFT || brush.eraser || brush.tool == ERASE);
        brush.x = ev->x;
        brush.y = ev->y;
    }
    if (brush.drag && !ev->release)
        drag_to(ui, ev->x, ev->y);
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
    vn_str_addf(b, "%s %.*s%s", brush.eraser ? "ERASE" : "PAINT", strlen(name) > 16 ? 14 : 16, name, strlen(name) > 16 ? ".." : "");
    if (brush.value != 1 && !brush.eraser)
        vn_str_addf(b, " with %u", brush.value);
    vn_str_addf(b, "  %s %d vox", brush.ball ? "ball" : "disc", brush.size);
    const double um = size_um(ui, vn_pane_axis(&v, v.focus));
    if (um > 0)
        vn_str_addf(b, " %.4g um", um);
    vn_str_add(b, "  {smaller}{larger} {tools} {undo} {help} {leave}");
    if (ui->panes.cols + ui->panel.w >= 110)             /* that is what 80 columns hold */
        vn_str_add(b, "  {eraser} {paint} {line} {fill} {delete}");
}

const struct vn_mode vn_mode_edit = {
    .name = "edit", .title = "Edit",
    .about = "Left drag paints, right or Shift drag erases, in the mask or labels on top or in a new mask; on the projection at the depth of "
             "what is seen. Alt and wheel: size of the brush. T shows what else a click can do.",
    .open = { "edit", "e", "edit", "edit the mask or labels on top, or draw a new mask", NULL, 0 },
    .binds = binds, .over_browse = true, .short_results = true, .start = start, .stop = stop, .mouse = mouse, .tick = tick, .hint = hint,
    .width = width, .panel = panel,
};
