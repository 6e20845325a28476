/* mode_browse.c - looking around: what keys and mouse do unless another mode is on. */
#include "caps.h"
#include "keys.h"
#include "mode.h"
#include "tty.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- moving ---- */

static void move(struct vn_ui *ui, int axis, double by)
{
    struct vn_view v;
    if (!vn_keys_view(ui, &v))
        return;
    const struct vn_box *box = &ui->panes.info.shown.vol->box;
    v.at[axis] = fmin(fmax(floor(v.at[axis]) + by, (double)box->lo[axis]), (double)box->hi[axis] - 1);
    vn_keys_slide(ui, &v, "goto", "%.0f,%.0f,%.0f", floor(v.at[0]), floor(v.at[1]), floor(v.at[2]));
}

/* Moves in the picture of the pane in focus: 0 right, 1 down, 2 into depth. */
static void step(struct vn_ui *ui, int way, double by)
{
    struct vn_view v = vn_session_view(ui->s);
    int axis[3];
    axis[2] = vn_pane_axis(&v, v.focus);
    vn_scene_axes(axis[2], &axis[0], &axis[1]);
    move(ui, axis[way], by);
}

static void zoom(struct vn_ui *ui, double by)
{
    struct vn_view v;
    if (!vn_keys_view(ui, &v))
        return;
    v.zoom = by > 0 ? fmin(fmax(v.zoom * by, 1), 200) : 1;
    vn_keys_slide(ui, &v, "zoom", "%.4g", v.zoom);
}

/* Shifts the window by a part of its width and scales it. */
static void window(struct vn_ui *ui, double shift, double scale)
{
    struct vn_view v;
    if (!vn_keys_view(ui, &v))
        return;
    double *w = v.window[v.front];
    const struct vn_auto *slice = &ui->panes.info.shown.window[v.front];
    double lo = ui->panes.info.window[0], hi = ui->panes.info.window[1];     /* only the picture knows a projection's */
    if (w[1] > w[0]) {
        lo = w[0];
        hi = w[1];
    } else if (v.focus != VN_MIP && v.slab <= 1 && slice->hi > slice->lo) {
        lo = slice->lo;
        hi = slice->hi;
    }
    double middle = 0.5 * (lo + hi) + shift * (hi - lo), half = 0.5 * (hi - lo) * scale;
    if (!(half > 0) || !isfinite(middle) || !isfinite(half))
        return;
    w[0] = middle - half;
    w[1] = middle + half;
    vn_keys_slide(ui, &v, "window", "%.6g,%.6g", w[0], w[1]);
}

static void slide_layout(struct vn_ui *ui, const struct vn_view *v)
{
    static const char *const name[VN_N_PANE] = { "xy", "xz", "yz", "mip" };
    if (v->n_linked)
        vn_keys_slide(ui, v, "layout", "%d volume=%d focus=%s", v->alone ? 1 : 4, v->front + 1, name[v->focus]);
    else
        vn_keys_slide(ui, v, "layout", "%d focus=%s", v->layout, name[v->focus]);
}

static void focus(struct vn_ui *ui, int pane)
{
    struct vn_view v;
    if (!vn_keys_view(ui, &v))
        return;
    v.focus = (enum vn_pane)((pane + VN_N_PANE) % VN_N_PANE);
    slide_layout(ui, &v);
}

/* Of linked volumes, the one that keys act on. */
static void front(struct vn_ui *ui, int which)
{
    struct vn_view v;
    if (!vn_keys_view(ui, &v))
        return;
    which = (which + v.n_linked + 1) % (v.n_linked + 1);
    if (which != v.front)
        v.front_before = v.front;
    v.front = which;
    slide_layout(ui, &v);
}

/* The next pane: of a single volume another direction, of several the next volume. */
static void next_pane(struct vn_ui *ui, int by)
{
    struct vn_view v = vn_session_view(ui->s);
    if (v.n_linked)
        front(ui, v.front + by);
    else
        focus(ui, (int)v.focus + by);
}

/* What was looked at before this. */
static void flicker(struct vn_ui *ui)
{
    struct vn_view v = vn_session_view(ui->s);
    struct vn_obj *o = v.before[0] ? vn_session_get(ui->s, v.before) : NULL;
    char line[100];
    vn_obj_unref(o);
    snprintf(line, sizeof line, "show %s", v.before);
    if (v.n_linked)
        front(ui, v.front_before != v.front ? v.front_before : v.front + 1);
    else if (o)
        vn_keys_command(ui, line);
    else
        vn_say(ui, VN_LOG_ERROR, "no other volume was looked at before (v shows the next)");
}

static void layout(struct vn_ui *ui)
{
    struct vn_view v;
    if (!vn_keys_view(ui, &v))
        return;
    if (v.n_linked)
        v.alone = !v.alone;
    else
        v.layout = v.layout == 1 ? 4 : v.layout == 4 ? 2 : 1;
    slide_layout(ui, &v);
}

/* The name after `now` among the session's objects of these kinds; false when there is none. */
static bool next_name(struct vn_ui *ui, const char *now, unsigned kinds, char name[64])
{
    char first[64] = "", each[64];
    bool found = false;
    for (int i = 0; i < vn_session_count(ui->s); i++) {
        struct vn_obj *o = vn_session_at(ui->s, i, each);
        bool fits = o && (o->kind & kinds);
        vn_obj_unref(o);
        if (!fits)
            continue;
        if (!first[0])
            snprintf(first, sizeof first, "%s", each);
        if (found) {
            snprintf(name, 64, "%s", each);
            return true;
        }
        found = !strcmp(each, now);
    }
    snprintf(name, 64, "%s", first);
    return first[0] != '\0';
}

static void cycle(struct vn_ui *ui, const char *verb, const char *now, unsigned kinds, const char *none)
{
    char name[64], line[128];
    if (!next_name(ui, now, kinds, name)) {
        vn_say(ui, VN_LOG_ERROR, "%s", none);
        return;
    }
    snprintf(line, sizeof line, "%s %s", verb, name);
    vn_keys_command(ui, line);
}

static void next_picture(struct vn_ui *ui, const struct vn_view *v)
{
    const struct vn_caps caps = vn_caps_get();
    char line[40];
    int p = v->picture;
    do
        p = (p + 1) % VN_N_PIC;
    while (!vn_caps_has(&caps, (enum vn_picture)p));
    snprintf(line, sizeof line, "picture %s", vn_picture_name[p]);
    vn_keys_command(ui, line);
}

static void toggle(struct vn_ui *ui, int what, unsigned mods VN_UNUSED)
{
    struct vn_view v;
    if (!vn_keys_view(ui, &v))
        return;
    if (what == 'o')
        vn_keys_command(ui, v.overlay_on ? "overlay off" : "overlay on");
    else if (what == 'x')
        vn_keys_command(ui, v.crosshair ? "crosshair off" : "crosshair on");
    else if (what == 'p')
        vn_keys_command(ui, v.axis == 2 ? "axis y" : v.axis == 1 ? "axis x" : "axis z");
    else if (what == 'm')
        cycle(ui, "overlay", v.overlay, VN_MASK | VN_LABELS | VN_SKELETON, "there is no mask, label or skeleton volume yet");
    else if (what == 'v')
        cycle(ui, "show", v.volume, VN_VOLUMES, "there is no volume yet");
    else if (what == '#')
        next_picture(ui, &v);
    else if (what == 'C') {
        static const char *const next[] = { "colormap inverted", "colormap viridis", "colormap fire", "colormap grey" };
        vn_keys_command(ui, next[v.colormap]);
    } else if (what == 'D') {
        vn_keys_command(ui, v.mip_method == VN_SLAB_DEPTH ? "slab method=max mip=max" : "slab method=depth mip=depth");
    } else if (what == 'O') {
        vn_keys_command(ui, v.outline ? "overlay filled" : "overlay outline");
    } else if (what == '<' || what == '>') {
        v.slab = v.slab_um > 0 ? (int)vn_pane_slab(&ui->panes.info.shown, vn_pane_axis(&v, v.focus)) : v.slab;
        v.slab_um = 0;
        v.slab = what == '<' ? (v.slab > 3 ? v.slab - 2 : 1) : v.slab + 2;
        vn_keys_slide(ui, &v, "slab", "%d", v.slab);
    } else if (what == '{' || what == '}') {
        v.opacity = fmin(fmax(v.opacity + (what == '{' ? -0.1 : 0.1), 0.1), 1);
        vn_keys_slide(ui, &v, "overlay", "opacity=%.2g", v.opacity);
    } else if (what == 'i') {
        char line[128];
        snprintf(line, sizeof line, "info %s", v.volume[0] ? v.volume : ui->panes.info.shown.view.volume);
        vn_keys_command(ui, line);
    }
}

/* ---- the table ---- */

static void prompt(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { vn_keys_prompt(ui, ""); }
static void help(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { vn_help_open(ui); }
static void leave(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { vn_keys_command(ui, "quit"); }
static void cancel(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { vn_keys_cancel(ui); }
static void redraw(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { ui->redraw = true; }
static void messages(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    vn_viewer_open(ui, &ui->log, ui->log.n);
}

static void suspend(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    vn_tty_suspend();
    vn_screen_layout(ui);
}
static void walk(struct vn_ui *ui, int way, unsigned mods) { step(ui, way / 2, (way % 2 ? 1 : -1) * (mods & VN_SHIFT ? 10 : 1)); }
static void leap(struct vn_ui *ui, int way, unsigned mods VN_UNUSED) { step(ui, 2, 10 * way); }
static void ends(struct vn_ui *ui, int way, unsigned mods VN_UNUSED) { step(ui, 2, way * 1e12); }
static void pane(struct vn_ui *ui, int which, unsigned mods VN_UNUSED) { focus(ui, which); }
static void turn(struct vn_ui *ui, int by, unsigned mods VN_UNUSED) { next_pane(ui, by); }
static void full(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { layout(ui); }
static void before(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { flicker(ui); }
static void nearer(struct vn_ui *ui, int way, unsigned mods VN_UNUSED) { zoom(ui, way > 0 ? 1.25 : way < 0 ? 0.8 : 0); }
static void shift_window(struct vn_ui *ui, int way, unsigned mods VN_UNUSED) { window(ui, 0.05 * way, 1); }
static void scale_window(struct vn_ui *ui, int way, unsigned mods VN_UNUSED) { window(ui, 0, way > 0 ? 1.1 : 0.9); }
static const char *const LINE[] = { "window auto", "roi off", "undo", "redo", "mark" };
static void line(struct vn_ui *ui, int which, unsigned mods VN_UNUSED) { vn_keys_command(ui, LINE[which]); }

static const struct vn_bind binds[] = {
    { "prompt", ": / Enter", "command", "command line (Tab completes, Up recalls, Esc leaves)", prompt, 0 },
    { "help", "? F1", "keys", "the keys, by mode; typing finds one. help VERB explains a command", help, 0 },
    { "left", "Left h", "", "move the crosshair in the pane (Shift: 10 voxels)", walk, 0 },
    { "right", "Right", "", NULL, walk, 1 },
    { "up", "Up", "", NULL, walk, 2 },
    { "down", "Down", "", NULL, walk, 3 },
    { "slice-back", "PgUp k", "", "previous, next slice, also the wheel (Shift: 10)", walk, 4 },
    { "slice-next", "PgDn j", "slice", NULL, walk, 5 },
    { "leap-back", "K", "", "ten slices back, forth", leap, -1 },
    { "leap-next", "J", "", NULL, leap, 1 },
    { "first", "Home", "first", "first, last slice", ends, -1 },
    { "last", "End", "last", NULL, ends, 1 },
    { "pane-next", "Tab", "pane", "next, previous pane (of several volumes: the next volume)", turn, 1 },
    { "pane-back", "S-Tab", "", NULL, turn, -1 },
    { "pane-xy", "1", "XY", "the pane XY, XZ, YZ or the projection", pane, 0 },
    { "pane-xz", "2", "XZ", NULL, pane, 1 },
    { "pane-yz", "3", "YZ", NULL, pane, 2 },
    { "pane-mip", "4", "MIP", NULL, pane, 3 },
    { "full", "f", "full", "all panes, the one in focus beside the projection, or alone", full, 0 },
    { "zoom-in", "+ =", "", "zoom in, out about the crosshair, also Ctrl and wheel", nearer, 1 },
    { "zoom-out", "- _", "zoom", NULL, nearer, -1 },
    { "zoom-all", "0", "whole", "the whole volume", nearer, 0 },
    { "darker", "[ L", "darker", "window darker, brighter, also dragging with the right button", shift_window, 1 },
    { "brighter", "] l", "brighter", NULL, shift_window, -1 },
    { "contrast-more", "w", "", "window narrower, wider", scale_window, -1 },
    { "contrast-less", "W", "", NULL, scale_window, 1 },
    { "window-auto", "a", "window", "automatic window", line, 0 },
    { "overlay", "o", "overlay", "overlay on or off", toggle, 'o' },
    { "overlay-next", "m", "mask", "next mask, labels or skeleton as overlay", toggle, 'm' },
    { "fainter", "{", "fainter", "overlay fainter, stronger", toggle, '{' },
    { "stronger", "}", "stronger", NULL, toggle, '}' },
    { "region-off", "R", "", "region off", line, 1 },
    { "volume-next", "v", "volume", "next volume (:show A B puts two side by side)", toggle, 'v' },
    { "flicker", "b", "flicker", "the volume before, and back", before, 0 },
    { "info", "i", "info", "what is known about the volume", toggle, 'i' },
    { "thinner", "<", "", "thinner, thicker slab in the slice panes", toggle, '<' },
    { "thicker", ">", "slab", NULL, toggle, '>' },
    { "direction", "p", "direction", "direction of the projection", toggle, 'p' },
    { "picture", "#", "picture", "pictures made of the next kind of characters, or of pixels, that there is", toggle, '#' },
    { "colormap", "C", "colours", "colours of grey values: the next of grey, inverted, viridis, fire", toggle, 'C' },
    { "depth", "D", "depth", "projections as maxima, or coloured by depth", toggle, 'D' },
    { "outline", "O", "outline", "the overlay on top as its border, or filled", toggle, 'O' },
    { "mark", ".", "mark", "mark the crosshair's place, numbered (' lists them)", line, 4 },
    { "crosshair", "x", "crosshair", "crosshair on or off", toggle, 'x' },
    { "undo", "u", "undo", "undo, redo", line, 2 },
    { "redo", "C-r", "redo", NULL, line, 3 },
    { "cancel", "C-c Esc", "cancel", "cancel what is running", cancel, 0 },
    { "messages", "M", "messages", "all messages", messages, 0 },
    { "redraw", "C-l", "", "draw anew", redraw, 0 },
    { "suspend", "C-z", "", "suspend the program; fg brings it back", suspend, 0 },
    { "quit", "q", "quit", "leave", leave, 0 },
    { 0 },
};

/* ---- the mouse ---- */

static void wheel(struct vn_ui *ui, const struct vn_event *ev, int axis)
{
    int by = ev->button == VN_WHEEL_UP ? -1 : 1;
    if (ev->mods & VN_CTRL)
        zoom(ui, by < 0 ? 1.25 : 0.8);
    else
        move(ui, axis, by * (ev->mods & VN_SHIFT ? 10 : 1));
}

void vn_browse_mouse(struct vn_ui *ui, const struct vn_event *ev)
{
    static int last_x, last_y;                   /* of a drag with the right button */
    double at[3];
    int i = vn_panes_hit(&ui->panes, ev->x, ev->y, at);
    if (i < 0 || ev->release)
        return;
    struct vn_view v = vn_session_view(ui->s);
    enum vn_pane pane = ui->panes.info.box[i].pane;
    if (ev->button == VN_WHEEL_UP || ev->button == VN_WHEEL_DOWN) {
        wheel(ui, ev, vn_pane_axis(&v, pane));
    } else if (ev->button == 2) {
        if (ev->motion)
            window(ui, -0.02 * (ev->y - last_y), 1 + 0.02 * fmax(-20, fmin(20, ev->x - last_x)));
        last_x = ev->x;
        last_y = ev->y;
    } else if (ev->button == 0) {
        if (v.front != ui->panes.info.box[i].which && !ev->motion)
            front(ui, ui->panes.info.box[i].which);
        else if (v.focus != pane && !ev->motion)
            focus(ui, (int)pane);
        v = vn_session_view(ui->s);
        const int64_t depth = vn_panes_depth(&ui->panes, i, ev->x, ev->y);
        if (depth >= 0)                          /* on the projection: to what is seen there */
            at[vn_pane_axis(&v, pane)] = (double)depth;
        memcpy(v.at, at, sizeof v.at);
        vn_keys_slide(ui, &v, "goto", "%.0f,%.0f,%.0f", at[0], at[1], at[2]);
    }
}

static void hint(const struct vn_ui *ui, struct vn_str *b)
{
    vn_str_add(b, ui->busy ? "working: {cancel}  {prompt}  {help}  {quit}"
                           : "{menu}  {prompt}  {help}  {full}  {pane-next}  {slice-back}{slice-next}  {zoom-in}{zoom-out}  {quit}");
}

const struct vn_mode vn_mode_browse = {
    .name = "browse", .title = "Looking",
    .about = "Click or drag: the crosshair goes there, on the projection to the depth of what is seen. The wheel goes through the slices.",
    .binds = binds, .hint = hint,
};
