/* keys.c - what keys and the mouse do. */
#include "keys.h"
#include "mem.h"
#include "paint.h"
#include "prompt.h"
#include "tty.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- commands ---- */

void vn_keys_command(struct vn_ui *ui, const char *line)
{
    struct vn_err err = { 0 };
    vn_keys_flush(ui);
    ui->echo_at = ui->log.n;
    ui->busy++;
    const bool outer = ui->submitting;
    ui->submitting = true;
    if (vn_runner_submit(ui->r, line, &err)) {
        ui->busy--;
        vn_say(ui, VN_LOG_ERROR, "%s", err.msg);
    }
    ui->submitting = outer;
    ui->panes.dirty = ui->text_dirty = true;
}

void vn_keys_flush(struct vn_ui *ui)
{
    char line[sizeof ui->pending];
    if (!ui->pending[0])
        return;
    memcpy(line, ui->pending, sizeof line);
    ui->pending[0] = '\0';
    vn_keys_command(ui, line);
}

void vn_keys_cancel(struct vn_ui *ui)
{
    if (!ui->busy)
        return;
    vn_runner_drop(ui->r);
    vn_job_cancel_all();
    ui->panes.dirty = true;
    vn_say(ui, VN_LOG_TEXT, "cancelling");
}

/* Changes the view now; the command that does the same is written once the keys rest (or another kind of change comes). */
static VN_PRINTF(4, 5) void slide(struct vn_ui *ui, const struct vn_view *v, const char *verb, const char *fmt, ...)
{
    va_list ap;
    if (ui->pending[0] && strcmp(ui->pending_verb, verb))
        vn_keys_flush(ui);
    vn_session_set_view(ui->s, v);
    int n = snprintf(ui->pending, sizeof ui->pending, "%s ", verb);
    va_start(ap, fmt);
    vsnprintf(ui->pending + n, sizeof ui->pending - (size_t)n, fmt, ap);
    va_end(ap);
    snprintf(ui->pending_verb, sizeof ui->pending_verb, "%s", verb);
    ui->pending_since = vn_tty_now();
    ui->panes.dirty = ui->text_dirty = true;
}

/* ---- the view ---- */

/* The view as it is shown: with the place and volume that were filled in for a view without. False: nothing is shown. */
static bool current(struct vn_ui *ui, struct vn_view *v)
{
    const struct vn_shown *d = &ui->panes.info.shown;
    *v = vn_session_view(ui->s);
    if (!d->vol)
        return false;
    bool inside = true;
    for (int k = 0; k < 3; k++)
        inside = inside && v->at[k] >= (double)d->vol->box.lo[k] && v->at[k] < (double)d->vol->box.hi[k];
    if (!inside)
        memcpy(v->at, d->view.at, sizeof v->at);
    return true;
}

static void move(struct vn_ui *ui, int axis, double by)
{
    struct vn_view v;
    if (!current(ui, &v))
        return;
    const struct vn_box *box = &ui->panes.info.shown.vol->box;
    v.at[axis] = fmin(fmax(floor(v.at[axis]) + by, (double)box->lo[axis]), (double)box->hi[axis] - 1);
    slide(ui, &v, "goto", "%.0f,%.0f,%.0f", floor(v.at[0]), floor(v.at[1]), floor(v.at[2]));
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
    if (!current(ui, &v))
        return;
    v.zoom = by > 0 ? fmin(fmax(v.zoom * by, 1), 200) : 1;
    slide(ui, &v, "zoom", "%.4g", v.zoom);
}

/* Shifts the window by a part of its width and scales it. */
static void window(struct vn_ui *ui, double shift, double scale)
{
    struct vn_view v;
    if (!current(ui, &v))
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
    slide(ui, &v, "window", "%.6g,%.6g", w[0], w[1]);
}

static void slide_layout(struct vn_ui *ui, const struct vn_view *v)
{
    static const char *const name[VN_N_PANE] = { "xy", "xz", "yz", "mip" };
    if (v->n_linked)
        slide(ui, v, "layout", "%d volume=%d focus=%s", v->alone ? 1 : 4, v->front + 1, name[v->focus]);
    else
        slide(ui, v, "layout", "%d focus=%s", v->layout, name[v->focus]);
}

static void focus(struct vn_ui *ui, int pane)
{
    struct vn_view v;
    if (!current(ui, &v))
        return;
    v.focus = (enum vn_pane)((pane + VN_N_PANE) % VN_N_PANE);
    slide_layout(ui, &v);
}

/* Of linked volumes, the one that keys act on. */
static void front(struct vn_ui *ui, int which)
{
    struct vn_view v;
    if (!current(ui, &v))
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
    if (!current(ui, &v))
        return;
    if (v.n_linked)
        v.alone = !v.alone;
    else
        v.layout = v.layout == 1 ? 4 : 1;
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

/* ---- threshold mode ---- */

static bool is_prob(struct vn_ui *ui, const char *name)
{
    struct vn_obj *o = name[0] ? vn_session_get(ui->s, name) : NULL;
    bool yes = o && o->kind == VN_PROB;
    vn_obj_unref(o);
    return yes;
}

static void threshold_start(struct vn_ui *ui)
{
    struct vn_view v;
    char name[64];
    if (!current(ui, &v))
        return;
    if (is_prob(ui, v.volume))
        snprintf(name, sizeof name, "%s", v.volume);
    else if (is_prob(ui, v.overlay))
        snprintf(name, sizeof name, "%s", v.overlay);
    else if (!vn_newest_volume(ui->s, VN_PROB, name)) {
        vn_say(ui, VN_LOG_ERROR, "there is no probability to threshold: 'segment NAME' makes one");
        return;
    }
    vn_keys_flush(ui);
    snprintf(v.threshold_of, sizeof v.threshold_of, "%s", name);
    v.low = 0.5;                         /* as threshold cuts a probability */
    v.high = 0.7;
    vn_session_set_view(ui->s, &v);
    ui->mode = VN_THRESHOLD;
    ui->panes.dirty = ui->text_dirty = true;
}

static void threshold_leave(struct vn_ui *ui, bool accept)
{
    struct vn_view v = vn_session_view(ui->s);
    char stem[64], name[64], line[300];
    double low = v.low, high = v.high;
    v.low = -1;
    vn_session_set_view(ui->s, &v);
    ui->mode = VN_BROWSE;
    ui->panes.dirty = ui->text_dirty = true;
    if (!accept)
        return;
    snprintf(stem, sizeof stem, "%.58s_mask", v.threshold_of);
    vn_name_free_one(ui->s, stem, name);
    snprintf(line, sizeof line, "threshold %s low=%.3f high=%.3f as=%s; overlay %s", v.threshold_of, low, high, name, name);
    vn_keys_command(ui, line);
}

static void threshold_key(struct vn_ui *ui, const struct vn_event *ev)
{
    struct vn_view v = vn_session_view(ui->s);
    double by = ev->mods & VN_SHIFT ? 0.1 : 0.01, low = 0, high = 0;
    switch (ev->code) {
    case VN_KEY_LEFT: low = -by; break;
    case VN_KEY_RIGHT: low = by; break;
    case VN_KEY_DOWN: high = -by; break;
    case VN_KEY_UP: high = by; break;
    case VN_KEY_ENTER: threshold_leave(ui, true); return;
    case VN_KEY_ESC: case 't': threshold_leave(ui, false); return;
    default: return;
    }
    v.low = fmin(fmax(round((v.low + low) * 1000) / 1000, 0), 1);
    v.high = fmin(fmax(round((v.high + high) * 1000) / 1000, 0), 1);
    if (v.low > v.high) {                        /* the one that moves pushes the other */
        if (low > 0)
            v.high = v.low;
        else
            v.low = v.high;
    }
    vn_session_set_view(ui->s, &v);
    ui->panes.dirty = ui->text_dirty = true;
}

/* ---- region mode ---- */

static void region_set(struct vn_ui *ui)
{
    vn_session_set_roi(ui->s, &ui->box);
    ui->panes.dirty = ui->text_dirty = true;
}

static void region_start(struct vn_ui *ui)
{
    struct vn_view v;
    if (!current(ui, &v))
        return;
    const struct vn_box *all = &ui->panes.info.shown.vol->box;
    bool had = vn_session_roi(ui->s, &ui->box) && vn_box_meet(&ui->box, all, &ui->box);
    for (int k = 0; k < 3 && !had; k++) {
        ui->box.lo[k] = vn_max64((int64_t)v.at[k] - 32, all->lo[k]);
        ui->box.hi[k] = vn_min64((int64_t)v.at[k] + 32, all->hi[k]);
    }
    ui->mode = VN_REGION_BOX;
    region_set(ui);
}

static void region_grow(struct vn_ui *ui, int axis, int64_t by)
{
    const struct vn_box *all = &ui->panes.info.shown.vol->box;
    for (int k = 0; k < 3; k++) {
        if (axis >= 0 && k != axis)
            continue;
        int64_t lo = vn_max64(ui->box.lo[k] - by, all->lo[k]), hi = vn_min64(ui->box.hi[k] + by, all->hi[k]);
        if (hi - lo >= 2) {
            ui->box.lo[k] = lo;
            ui->box.hi[k] = hi;
        }
    }
    region_set(ui);
}

static void region_move(struct vn_ui *ui, int way, int64_t by)
{
    struct vn_view v = vn_session_view(ui->s);
    const struct vn_box *all = &ui->panes.info.shown.vol->box;
    int axis[3];
    axis[2] = vn_pane_axis(&v, v.focus);
    vn_scene_axes(axis[2], &axis[0], &axis[1]);
    int k = axis[way];
    by = vn_max64(vn_min64(by, all->hi[k] - ui->box.hi[k]), all->lo[k] - ui->box.lo[k]);
    ui->box.lo[k] += by;
    ui->box.hi[k] += by;
    region_set(ui);
}

static void region_leave(struct vn_ui *ui, bool keep)
{
    char line[200];
    ui->mode = VN_BROWSE;
    vn_session_set_roi(ui->s, NULL);
    ui->panes.dirty = ui->text_dirty = true;
    if (!keep)
        return;
    const struct vn_box *b = &ui->box;
    snprintf(line, sizeof line, "roi %lld:%lld,%lld:%lld,%lld:%lld", (long long)b->lo[0], (long long)b->hi[0], (long long)b->lo[1], (long long)b->hi[1],
             (long long)b->lo[2], (long long)b->hi[2]);
    vn_keys_command(ui, line);
}

static void region_key(struct vn_ui *ui, const struct vn_event *ev)
{
    int64_t by = ev->mods & VN_SHIFT ? 16 : 4;
    if (!ui->panes.info.shown.vol) {
        region_leave(ui, false);
        return;
    }
    switch (ev->code) {
    case '+': case '=': region_grow(ui, -1, 4); break;
    case '-': case '_': region_grow(ui, -1, -4); break;
    case 'x': case 'y': case 'z': region_grow(ui, (int)ev->code - 'x', -4); break;
    case 'X': case 'Y': case 'Z': region_grow(ui, (int)ev->code - 'X', 4); break;
    case VN_KEY_LEFT: region_move(ui, 0, -by); break;
    case VN_KEY_RIGHT: region_move(ui, 0, by); break;
    case VN_KEY_UP: region_move(ui, 1, -by); break;
    case VN_KEY_DOWN: region_move(ui, 1, by); break;
    case VN_KEY_PGUP: region_move(ui, 2, -by); break;
    case VN_KEY_PGDN: region_move(ui, 2, by); break;
    case VN_KEY_ENTER: region_leave(ui, true); break;
    case VN_KEY_ESC: region_leave(ui, false); break;
    default: break;
    }
}

/* ---- browsing ---- */

static void open_prompt(struct vn_ui *ui)
{
    ui->resume_edit = ui->mode == VN_EDIT;
    ui->mode = VN_PROMPT;
    ui->prompt_stays = false;
    ui->text_dirty = true;
}

static void toggle(struct vn_ui *ui, char what)
{
    struct vn_view v;
    if (!current(ui, &v))
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
    else if (what == '<' || what == '>') {
        v.slab = what == '<' ? (v.slab > 3 ? v.slab - 2 : 1) : v.slab + 2;
        slide(ui, &v, "slab", "%d", v.slab);
    } else if (what == '{' || what == '}') {
        v.opacity = fmin(fmax(v.opacity + (what == '{' ? -0.1 : 0.1), 0.1), 1);
        slide(ui, &v, "overlay", "opacity=%.2g", v.opacity);
    } else if (what == 'i') {
        char line[128];
        snprintf(line, sizeof line, "info %s", v.volume[0] ? v.volume : ui->panes.info.shown.view.volume);
        vn_keys_command(ui, line);
    }
}

struct key_help { const char *keys, *does; };
static const struct key_help KEY_HELP[] = {
    { ":", "command line (Tab completes, Up recalls, Esc leaves)" },
    { "?", "this list; help VERB explains a command" },
    { "arrows", "move the crosshair (Shift: 10 voxels)" },
    { "PgUp PgDn, j k, wheel", "previous, next slice (Shift: 10)" },
    { "Home End", "first, last slice" },
    { "Tab, 1 2 3 4", "next pane (or linked volume); XY, XZ, YZ, MIP" },
    { "f", "the pane in focus alone, or all" },
    { "+ - 0", "zoom in, out, whole volume (also Ctrl and wheel)" },
    { "click, drag", "crosshair there; right button drags the window" },
    { "[ ] L l", "window darker, brighter" },
    { "w W", "window narrower, wider" },
    { "a", "automatic window" },
    { "o", "overlay on or off" },
    { "m", "next mask, labels or skeleton as overlay" },
    { "{ }", "overlay fainter, stronger" },
    { "t", "move low and high of a probability, see the mask" },
    { "r, R", "region box at the crosshair; region off" },
    { "v, b", "next volume; the one before (:show A B: side by side)" },
    { "i", "what is known about the volume" },
    { "< >", "thinner, thicker slab in the slice panes" },
    { "p", "direction of the projection" },
    { "x", "crosshair on or off" },
    { "e", "edit the mask or labels on top, or draw a new mask; then" },
    { "  Space, left drag", "paint here; l: a line from the last place" },
    { "  right or Shift drag", "erase; e makes every stroke erase" },
    { "  [ ]  d", "brush smaller, larger; disc in the slice or ball" },
    { "  Del  K", "delete the component at the crosshair; keep only that" },
    { "  .", "of labels: paint with the one under the crosshair" },
    { "u, Ctrl-R", "undo, redo" },
    { "Ctrl-C, Esc", "cancel what is running" },
    { "M", "all messages" },
    { "Ctrl-L, Ctrl-Z", "draw anew; suspend" },
    { "q", "leave" },
};

static void show_keys(struct vn_ui *ui)
{
    struct vn_log *l = &ui->viewer.text;
    vn_log_clear(l);
    vn_log_add(l, VN_LOG_ECHO, "Keys");
    for (size_t i = 0; i < VN_COUNT(KEY_HELP); i++) {
        char line[200];
        snprintf(line, sizeof line, "  %-22s %s", KEY_HELP[i].keys, KEY_HELP[i].does);
        vn_log_add(l, VN_LOG_TEXT, line);
    }
    vn_viewer_open(ui, l, 0);
}

static void ends(struct vn_ui *ui, bool last)
{
    step(ui, 2, last ? 1e12 : -1e12);
}

static void browse_control(struct vn_ui *ui, const struct vn_event *ev)
{
    switch (ev->code) {
    case 'c': vn_keys_cancel(ui); break;
    case 'l': ui->redraw = true; break;
    case 'r': vn_keys_command(ui, "redo"); break;
    case 'z':
        vn_tty_suspend();
        vn_screen_layout(ui);
        break;
    default: break;
    }
}

static void browse_key(struct vn_ui *ui, const struct vn_event *ev)
{
    double by = ev->mods & VN_SHIFT ? 10 : 1;
    if (ev->mods & VN_CTRL && ev->code < 0x110000) {
        browse_control(ui, ev);
        return;
    }
    switch (ev->code) {
    case ':': case '/': case VN_KEY_ENTER: open_prompt(ui); break;
    case '?': case VN_KEY_F1: show_keys(ui); break;
    case 'q': ui->quit = true; break;
    case VN_KEY_ESC: vn_keys_cancel(ui); break;
    case VN_KEY_LEFT: case 'h': step(ui, 0, -by); break;
    case VN_KEY_RIGHT: step(ui, 0, by); break;
    case VN_KEY_UP: step(ui, 1, -by); break;
    case VN_KEY_DOWN: step(ui, 1, by); break;
    case VN_KEY_PGUP: case 'k': step(ui, 2, -by); break;
    case VN_KEY_PGDN: case 'j': step(ui, 2, by); break;
    case 'K': step(ui, 2, -10); break;
    case 'J': step(ui, 2, 10); break;
    case VN_KEY_HOME: ends(ui, false); break;
    case VN_KEY_END: ends(ui, true); break;
    case VN_KEY_TAB: next_pane(ui, 1); break;
    case VN_KEY_BACKTAB: next_pane(ui, -1); break;
    case 'b': flicker(ui); break;
    case 'e': vn_paint_start(ui); break;
    case 'u': vn_keys_command(ui, "undo"); break;
    case '1': case '2': case '3': case '4': focus(ui, (int)ev->code - '1'); break;
    case 'f': layout(ui); break;
    case '+': case '=': zoom(ui, 1.25); break;
    case '-': case '_': zoom(ui, 0.8); break;
    case '0': zoom(ui, 0); break;
    case '[': case 'L': window(ui, 0.05, 1); break;
    case ']': case 'l': window(ui, -0.05, 1); break;
    case 'w': window(ui, 0, 0.9); break;
    case 'W': window(ui, 0, 1.1); break;
    case 'a': vn_keys_command(ui, "window auto"); break;
    case 't': threshold_start(ui); break;
    case 'r': region_start(ui); break;
    case 'R': vn_keys_command(ui, "roi off"); break;
    case 'M': vn_viewer_open(ui, &ui->log, ui->log.n); break;
    case 'o': case 'x': case 'p': case 'm': case 'v': case '<': case '>': case '{': case '}': case 'i': toggle(ui, (char)ev->code); break;
    default: break;
    }
}

/* ---- prompt, viewer, mouse, paste ---- */

static void prompt_key(struct vn_ui *ui, const struct vn_event *ev)
{
    bool control = ev->mods & VN_CTRL && ev->code < 0x110000;
    if ((control && ev->code == 'c') || (ev->code == VN_KEY_ESC && !vn_prompt_vi())) {
        vn_prompt_clear();
        ui->mode = ui->resume_edit ? VN_EDIT : VN_BROWSE;
        if (control)
            vn_keys_cancel(ui);
    } else if (control && (ev->code == 'l' || ev->code == 'z')) {
        browse_control(ui, ev);
    } else {
        vn_prompt_key(ev);
    }
    ui->text_dirty = true;
}

static void viewer_key(struct vn_ui *ui, const struct vn_event *ev)
{
    switch (ev->code) {
    case VN_KEY_UP: case 'k': vn_viewer_scroll(ui, -1); break;
    case VN_KEY_DOWN: case 'j': vn_viewer_scroll(ui, 1); break;
    case VN_KEY_LEFT: case 'h': vn_viewer_shift(ui, -20); break;
    case VN_KEY_RIGHT: case 'l': vn_viewer_shift(ui, 20); break;
    case VN_KEY_PGUP: vn_viewer_scroll(ui, -vn_viewer_rows()); break;
    case VN_KEY_PGDN: case ' ': vn_viewer_scroll(ui, vn_viewer_rows()); break;
    case VN_KEY_HOME: case 'g': vn_viewer_scroll(ui, -1000000); break;
    case VN_KEY_END: case 'G': vn_viewer_scroll(ui, 1000000); break;
    case 'q': case VN_KEY_ESC: case VN_KEY_ENTER: case '?': vn_viewer_close(ui); break;
    case ':':
        vn_viewer_close(ui);
        open_prompt(ui);
        break;
    case 'c':
        if (ev->mods & VN_CTRL)
            vn_viewer_close(ui);
        break;
    default: break;
    }
}

static void wheel(struct vn_ui *ui, const struct vn_event *ev, int axis)
{
    int by = ev->button == VN_WHEEL_UP ? -1 : 1;
    if (ev->mods & VN_CTRL)
        zoom(ui, by < 0 ? 1.25 : 0.8);
    else
        move(ui, axis, by * (ev->mods & VN_SHIFT ? 10 : 1));
}

static void mouse(struct vn_ui *ui, const struct vn_event *ev)
{
    static int last_x, last_y;                   /* of a drag with the right button */
    double at[3];
    if (ui->viewer.on) {
        if (ev->button >= VN_WHEEL_UP)
            vn_viewer_scroll(ui, ev->button == VN_WHEEL_UP ? -3 : 3);
        return;
    }
    if (ev->y == vn_screen_rows() - 1 && ev->button == 0 && !ev->release && !ev->motion && (ui->mode == VN_BROWSE || ui->mode == VN_EDIT)) {
        open_prompt(ui);
        return;
    }
    if (ui->mode == VN_EDIT && vn_paint_mouse(ui, ev))
        return;
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
        memcpy(v.at, at, sizeof v.at);
        slide(ui, &v, "goto", "%.0f,%.0f,%.0f", at[0], at[1], at[2]);
    }
}

void vn_keys_event(struct vn_ui *ui, const struct vn_event *ev)
{
    switch (ev->type) {
    case VN_EV_KEY:
        if (vn_screen_too_small() && ui->mode != VN_PROMPT && ev->code != 'q')
            return;
        if (ui->mode == VN_PROMPT)
            prompt_key(ui, ev);
        else if (ui->viewer.on)
            viewer_key(ui, ev);
        else if (ev->mods & VN_CTRL && ev->code < 0x110000)
            browse_control(ui, ev);
        else if (ev->code == 'q')
            ui->quit = true;
        else if (ui->mode == VN_THRESHOLD)
            threshold_key(ui, ev);
        else if (ui->mode == VN_REGION_BOX)
            region_key(ui, ev);
        else if (ui->mode != VN_EDIT || !vn_paint_key(ui, ev))
            browse_key(ui, ev);
        break;
    case VN_EV_MOUSE: mouse(ui, ev); break;
    case VN_EV_PASTE:
        vn_str_addn(&ui->paste, ev->text, ev->n_text);
        break;
    case VN_EV_PASTE_END:
        if (ui->mode == VN_BROWSE || ui->mode == VN_EDIT)
            open_prompt(ui);
        if (ui->mode == VN_PROMPT && ui->paste.s && !ui->paste.failed)
            vn_prompt_paste(ui->paste.s, ui->paste.n);
        vn_str_free(&ui->paste);
        ui->paste = (struct vn_str){ 0 };
        ui->text_dirty = true;
        break;
    default: break;
    }
}
