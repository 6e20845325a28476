/* mode_region.c - the region as a box that is drawn, moved and sized by mouse and keys.  Until it is accepted it is a draft
 * in the view; what the commands work on stays as it was, so that undo sees one change. */
#include "keys.h"
#include "mem.h"
#include "mode.h"
#include "tty.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 28, WIDE = 34, WHOLE = 63 };
static const double REST = 0.3;                  /* seconds the hand rests before the need is estimated */
static const char AXIS[] = "xyz";

static struct vn_box region, before;             /* so far; what the session had when it was last looked at */
static bool had_before;
static int face;                                 /* that keys move: 2 axis + side; -1: the whole box */
static unsigned hover;                           /* faces under the mouse */
static char typed[40];                           /* a size that is being entered */
static bool typing;
static struct { bool on, fresh, moved; unsigned faces; int pane; double from[2]; struct vn_box box; } drag;      /* fresh: a new box */

/* ---- what segment would need there ---- */

struct task { struct vn_ui *ui; struct vn_job *job; struct vn_session *s; char line[100]; struct vn_box box; struct vn_estimate e; };
static struct task *running;
static struct { char line[100]; struct vn_box box; struct vn_estimate e; char error[200]; bool has; } need;
static double moved_at;

static int estimate(void *ctx, struct vn_job *job, struct vn_err *err)
{
    struct task *t = ctx;
    return vn_estimate_line(t->s, t->line, &t->box, &t->e, job, err);
}

static void have_estimate(void *ctx, int rc, const struct vn_err *err)
{
    struct task *t = ctx;
    if (t->ui) {
        running = NULL;
        need.has = true;                         /* also where it was cancelled: it is not asked for again until the box moves */
        need.box = t->box;
        need.e = t->e;
        snprintf(need.line, sizeof need.line, "%s", t->line);
        snprintf(need.error, sizeof need.error, "%.190s", rc ? err->msg : "");
        t->ui->text_dirty = true;
    }
    vn_free(t);
}

/* "segment NAME" of the image that is shown; false: it is none. */
static bool command(const struct vn_ui *ui, char line[100])
{
    const struct vn_shown *d = &ui->panes.info.shown;
    struct vn_vol *v = d->vol ? vn_shown_vol(d, d->view.front) : NULL;
    if (!v || !(v->kind & (VN_IMAGE | VN_PROB)))
        return false;
    snprintf(line, 100, "segment %s", vn_shown_name(&d->view, d->view.front));
    return true;
}

static bool known(const struct vn_ui *ui)
{
    char line[100];
    return need.has && command(ui, line) && !strcmp(line, need.line) && vn_box_same(&need.box, &region);
}

static void drop_estimate(void)
{
    if (running) {
        running->ui = NULL;
        vn_job_cancel(running->job);
        running = NULL;
    }
}

static void keep_up(struct vn_ui *ui)
{
    const double now = vn_tty_now();
    char line[100];
    if (running && !vn_box_same(&running->box, &region))
        drop_estimate();
    if (running || known(ui) || !command(ui, line))
        return;
    if (drag.on || now < moved_at + REST) {
        if (!drag.on)
            ui->wake_at = moved_at + REST;
        return;
    }
    struct task *t = vn_calloc(1, sizeof *t, NULL);
    if (!t)
        return;
    *t = (struct task){ .ui = ui, .s = ui->s, .box = region };
    memcpy(t->line, line, sizeof t->line);
    t->job = vn_job_submit(VN_BULK, "estimate", estimate, t, have_estimate, NULL);
    running = t->job ? t : NULL;
    if (!t->job)
        vn_free(t);
}

/* ---- the box ---- */

static const struct vn_box *volume(const struct vn_ui *ui)
{
    return ui->panes.info.shown.vol ? &ui->panes.info.shown.vol->box : NULL;
}

static void show(struct vn_ui *ui)
{
    struct vn_view v = vn_session_view(ui->s);
    const unsigned held = drag.on ? drag.faces : hover ? hover : face >= 0 ? 1u << face : 0;
    if (!v.has_box || !vn_box_same(&v.box, &region))
        moved_at = vn_tty_now();
    v.has_box = true;
    v.box = region;
    v.held = held;
    vn_session_set_view(ui->s, &v);
    ui->panes.dirty = ui->text_dirty = true;
}

static void around(struct vn_box *b, const double at[3], const int64_t size[3], const struct vn_box *all)
{
    for (int k = 0; k < 3; k++) {
        b->lo[k] = vn_max64((int64_t)floor(at[k]) - size[k] / 2, all->lo[k]);
        b->hi[k] = vn_min64((int64_t)floor(at[k]) - size[k] / 2 + size[k], all->hi[k]);
        b->hi[k] = vn_max64(b->hi[k], b->lo[k] + 1);
    }
}

static bool start(struct vn_ui *ui)
{
    static const int64_t usual[3] = { 64, 64, 64 };
    struct vn_view v;
    if (!vn_keys_view(ui, &v))
        return false;
    had_before = vn_session_roi(ui->s, &before);
    if (!had_before || !vn_box_meet(&before, volume(ui), &region))
        around(&region, v.at, usual, volume(ui));
    face = -1;
    hover = 0;
    typing = drag.on = false;
    vn_tty_hover(true);
    show(ui);
    moved_at = 0;
    return true;
}

static void stop(struct vn_ui *ui)
{
    struct vn_view v = vn_session_view(ui->s);
    v.has_box = false;
    vn_session_set_view(ui->s, &v);
    drop_estimate();
    vn_tty_hover(false);
    ui->wake_at = 0;
    ui->panes.dirty = ui->text_dirty = true;
}

/* Moves the faces of `from` by so many voxels along an axis; it stays in the volume and keeps a voxel. */
static void pull(const struct vn_box *from, unsigned faces, int k, int64_t by, const struct vn_box *all)
{
    const bool low = faces >> (2 * k) & 1, high = faces >> (2 * k + 1) & 1;
    if (low && high) {
        by = vn_max64(vn_min64(by, all->hi[k] - from->hi[k]), all->lo[k] - from->lo[k]);
        region.lo[k] = from->lo[k] + by;
        region.hi[k] = from->hi[k] + by;
    } else if (low) {
        region.lo[k] = vn_max64(vn_min64(from->lo[k] + by, from->hi[k] - 1), all->lo[k]);
    } else if (high) {
        region.hi[k] = vn_min64(vn_max64(from->hi[k] + by, from->lo[k] + 1), all->hi[k]);
    }
}

/* ---- keys ---- */

static void grow(struct vn_ui *ui, int way, unsigned mods)
{
    const struct vn_box *all = volume(ui);
    const int64_t by = way * (mods & VN_SHIFT ? 16 : 4);
    for (int k = 0; all && k < 3; k++) {
        const int64_t lo = vn_max64(region.lo[k] - by, all->lo[k]), hi = vn_min64(region.hi[k] + by, all->hi[k]);
        if (hi > lo) {
            region.lo[k] = lo;
            region.hi[k] = hi;
        }
    }
    show(ui);
}

/* The face that is chosen along its axis, or the box: in the pane right and left, down and up, across. */
static void shift(struct vn_ui *ui, int way, unsigned mods)
{
    const struct vn_view v = vn_session_view(ui->s);
    const struct vn_box from = region, *all = volume(ui);
    int axis[3];
    axis[2] = vn_pane_axis(&v, v.focus);
    vn_scene_axes(axis[2], &axis[0], &axis[1]);
    const int64_t by = (way % 2 ? 1 : -1) * (face < 0 ? mods & VN_SHIFT ? 16 : 4 : mods & VN_SHIFT ? 10 : 1);
    if (all)
        pull(&from, face < 0 ? WHOLE : 1u << face, face < 0 ? axis[way / 2] : face / 2, by, all);
    hover = 0;
    show(ui);
}

static void choose(struct vn_ui *ui, int which, unsigned mods VN_UNUSED)
{
    face = face == which ? -1 : which;
    hover = 0;
    show(ui);
}

static void enter_size(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    typing = true;
    typed[0] = '\0';
    ui->text_dirty = true;
}

/* "160", "160,160,80um", "40x40x20": voxels or um. False, said why: it is none. */
static bool size_of(struct vn_ui *ui, int64_t size[3])
{
    const struct vn_vol *v = ui->panes.info.shown.vol;
    double d[3] = { 0 };
    int n = 0;
    char *s = typed, *end = typed;
    for (; v && n < 3; s = end + 1) {
        d[n] = strtod(s, &end);
        if (end == s || !(d[n] > 0 && d[n] < 1e9))
            break;
        n++;
        if (*end != ',' && *end != 'x')
            break;
    }
    const bool um = !strcmp(end, "um");
    if ((n != 1 && n != 3) || (*end && !um && strcmp(end, "vox"))) {
        vn_say(ui, VN_LOG_ERROR, "'%s' is no size: one number or three, as 160 or 80,80,40um", typed);
        return false;
    }
    if (um && !vn_um_known(&v->grid)) {
        vn_say(ui, VN_LOG_ERROR, "%s: the voxel size is not known", typed);
        return false;
    }
    for (int k = 0; k < 3; k++)
        size[k] = vn_max64(1, (int64_t)round(d[n == 3 ? k : 0] / (um ? v->grid.um[k] : 1)));
    return true;
}

static void entered(struct vn_ui *ui)
{
    double at[3];
    int64_t size[3];
    if (!typed[0] || !size_of(ui, size))
        return;
    for (int k = 0; k < 3; k++)
        at[k] = 0.5 * (double)(region.lo[k] + region.hi[k]);
    around(&region, at, size, volume(ui));
    show(ui);
}

static bool key(struct vn_ui *ui, const struct vn_event *ev)
{
    const size_t n = strlen(typed);
    if (!typing)
        return false;
    ui->text_dirty = true;
    if (ev->code == VN_KEY_ENTER || ev->code == VN_KEY_ESC) {
        typing = false;
        if (ev->code == VN_KEY_ENTER)
            entered(ui);
    } else if (ev->code == VN_KEY_BACKSPACE && n) {
        typed[n - 1] = '\0';
    } else if (ev->code < 127 && !(ev->mods & (VN_CTRL | VN_ALT)) && strchr("0123456789.,xumvo", (int)ev->code) && n + 1 < sizeof typed) {
        typed[n] = (char)ev->code;
        typed[n + 1] = '\0';
    } else {
        return (ev->mods & VN_CTRL) == 0;
    }
    return true;
}

static void accept(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    char line[200];
    const struct vn_box *b = &region;
    snprintf(line, sizeof line, "roi %lld:%lld,%lld:%lld,%lld:%lld", (long long)b->lo[0], (long long)b->hi[0], (long long)b->lo[1], (long long)b->hi[1],
             (long long)b->lo[2], (long long)b->hi[2]);
    vn_keys_command(ui, line);                   /* on one line, as long as the mode is on */
    vn_mode_enter(ui, NULL);
}

static void cancel(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    vn_mode_enter(ui, NULL);
}

static void take_off(struct vn_ui *ui, int arg, unsigned mods)
{
    cancel(ui, arg, mods);
    vn_keys_command(ui, "roi off");
}

/* ---- mouse ---- */

/* The place under the cell in pane i, in voxels along its picture axes u, v, and what a cell covers of them. */
static void place(const struct vn_ui *ui, int i, const struct vn_event *ev, double at[2], double cell[2], int axis[2])
{
    const struct vn_pane_info *p = &ui->panes.info;
    const struct vn_pane_box *b = &p->box[i];
    double next[2];
    vn_scene_axes(p->scene[i].axis, &axis[0], &axis[1]);
    vn_scene_voxel(&p->scene[i], b->w * p->px_w, b->h * p->px_h, (ev->x - b->x + 0.5) * p->px_w - 0.5, (ev->y - b->y + 0.5) * p->px_h - 0.5, at);
    vn_scene_voxel(&p->scene[i], b->w * p->px_w, b->h * p->px_h, (ev->x - b->x + 1.5) * p->px_w - 0.5, (ev->y - b->y + 1.5) * p->px_h - 0.5, next);
    cell[0] = next[0] - at[0];
    cell[1] = next[1] - at[1];
}

/* Faces of the box under the mouse: one, two at a corner, all inside; 0 beside it, and where it cannot be moved. */
static unsigned faces_at(const struct vn_ui *ui, int i, const struct vn_event *ev)
{
    double at[2], cell[2];
    int axis[2];
    unsigned found = 0;
    bool fixed = true;
    place(ui, i, ev, at, cell, axis);
    for (int k = 0; k < 2; k++) {
        const int a = axis[k];
        const double lo = (double)region.lo[a], hi = (double)region.hi[a], near = 0.75 * cell[k];
        if (at[k] < lo - near || at[k] > hi + near)
            return 0;
        if (fmin(fabs(at[k] - lo), fabs(at[k] - hi)) <= near)
            found |= fabs(at[k] - lo) < fabs(at[k] - hi) ? 1u << (2 * a) : 2u << (2 * a);
        fixed = fixed && region.lo[a] == volume(ui)->lo[a] && region.hi[a] == volume(ui)->hi[a];
    }
    if (found || fixed)
        return found;
    for (int k = 0; k < 2; k++)
        found |= 3u << (2 * axis[k]);
    return found;
}

/* A new box from one corner to the other; across the picture it keeps its extent, brought to the slice that is seen. */
static void draw_new(struct vn_ui *ui, const double from[2], const double to[2], const int axis[2])
{
    const struct vn_box *all = volume(ui);
    const int w = 3 - axis[0] - axis[1];
    const int64_t slice = (int64_t)floor(ui->panes.info.shown.view.at[w]), thick = vn_box_dim(&drag.box, w);
    region = drag.box;
    for (int k = 0; k < 2; k++) {
        const int a = axis[k];
        region.lo[a] = vn_max64(vn_min64((int64_t)floor(fmin(from[k], to[k])), all->hi[a] - 1), all->lo[a]);
        region.hi[a] = vn_max64(vn_min64((int64_t)floor(fmax(from[k], to[k])) + 1, all->hi[a]), region.lo[a] + 1);
    }
    if (!ui->panes.info.scene[drag.pane].mip && (slice < region.lo[w] || slice >= region.hi[w])) {
        region.lo[w] = vn_max64(vn_min64(slice - thick / 2, all->hi[w] - thick), all->lo[w]);
        region.hi[w] = vn_min64(region.lo[w] + thick, all->hi[w]);
    }
}

static bool mouse(struct vn_ui *ui, const struct vn_event *ev)
{
    double at[3], to[2], cell[2];
    int axis[2];
    const int i = vn_panes_hit(&ui->panes, ev->x, ev->y, at);
    if (!volume(ui) || ev->button >= VN_WHEEL_UP || (ev->button != 0 && !drag.on && !ev->motion))
        return drag.on;
    if (drag.on && drag.pane < ui->panes.info.n && (ev->motion || ev->release)) {
        place(ui, drag.pane, ev, to, cell, axis);
        drag.moved = drag.moved || ev->motion;
        if (drag.fresh && drag.moved)
            draw_new(ui, drag.from, to, axis);
        for (int k = 0; !drag.fresh && k < 2; k++)
            pull(&drag.box, drag.faces, axis[k], (int64_t)round(to[k] - drag.from[k]), volume(ui));
        if (ev->release) {
            const bool click = drag.fresh && !drag.moved;
            drag.on = false;
            show(ui);
            if (click) {                         /* beside the box: the crosshair goes there */
                struct vn_event press = *ev;
                press.release = false;
                vn_browse_mouse(ui, &press);
            }
            return true;
        }
        show(ui);
        return true;
    }
    if (ev->button == 0 && !ev->release && !ev->motion && i >= 0) {
        memset(&drag, 0, sizeof drag);
        drag.on = true;
        drag.pane = i;
        drag.box = region;
        drag.faces = ev->mods & VN_SHIFT ? 0 : faces_at(ui, i, ev);
        drag.fresh = drag.faces == 0;
        face = -1;
        place(ui, i, ev, drag.from, cell, axis);
        show(ui);
        return true;
    }
    if (ev->motion && ev->button == 3) {                   /* no button is down */
        const unsigned now = i >= 0 ? faces_at(ui, i, ev) : 0;
        if (now != hover) {
            hover = now;
            show(ui);
        }
        return true;
    }
    return ev->motion && ev->button == 0;
}

/* ---- what is said ---- */

/* A region that was set by a command meanwhile is taken over. */
static void tick(struct vn_ui *ui)
{
    struct vn_box now = { { 0 }, { 0 } };
    const bool has = vn_session_roi(ui->s, &now);
    ui->wake_at = 0;
    if (!volume(ui))
        return;
    if (has != had_before || (has && !vn_box_same(&now, &before))) {
        had_before = has;
        before = now;
        if (!has || !vn_box_meet(&now, volume(ui), &region)) {
            vn_mode_enter(ui, NULL);
            return;
        }
        show(ui);
    }
    if (!vn_box_contains(volume(ui), &region)) {           /* another volume is shown */
        if (!vn_box_meet(&region, volume(ui), &region)) {
            vn_mode_enter(ui, NULL);
            return;
        }
        show(ui);
    }
    keep_up(ui);
}

static int width(const struct vn_ui *ui VN_UNUSED)
{
    return vn_screen_cols() < 110 ? WIDTH : WIDE;
}

static void seconds(double s, char out[32])
{
    if (isnan(s))
        snprintf(out, 32, "?");
    else if (s < 1)
        snprintf(out, 32, "%.2g s", s);
    else if (s < 90)
        snprintf(out, 32, "%.0f s", s);
    else
        snprintf(out, 32, s < 5400 ? "%.0f min" : "%.1f h", s < 5400 ? s / 60 : s / 3600);
}

static int panel_need(struct vn_ui *ui, int row)
{
    char line[100], bytes[16], room[16], time[32];
    if (!command(ui, line)) {
        vn_panel_text(ui, row, 1, VN_LOOK_DIM, "no image is shown: no estimate");
        return row + 1;
    }
    vn_panel_text(ui, row++, 1, VN_LOOK_BOLD, "%s", line);
    if (!known(ui)) {
        vn_panel_text(ui, row++, 2, VN_LOOK_DIM, "...");
        return row;
    }
    if (need.error[0]) {
        vn_panel_text(ui, row++, 2, VN_LOOK_ERROR, "%s", need.error);
        return row;
    }
    const bool fits = need.e.peak <= need.e.room;
    seconds(need.e.seconds, time);
    vn_panel_text(ui, row++, 2, fits ? VN_LOOK_TEXT : VN_LOOK_ERROR, "memory %s of %s", vn_text_bytes(need.e.peak, bytes), vn_text_bytes(need.e.room, room));
    vn_panel_text(ui, row++, 2, VN_LOOK_TEXT, "time   about %s", time);
    if (need.e.n_block > 1)
        vn_panel_text(ui, row++, 2, VN_LOOK_DIM, "in %d blocks", need.e.n_block);
    return row;
}

static void panel(struct vn_ui *ui)
{
    const struct vn_vol *v = ui->panes.info.shown.vol;
    const int rows = vn_panel_rows(ui);
    const int64_t n[3] = { vn_box_dim(&region, 0), vn_box_dim(&region, 1), vn_box_dim(&region, 2) };
    const struct vn_view view = vn_session_view(ui->s);
    char bytes[16];
    int row = 2, col = 1;
    if (!v)
        return;
    const double *um = v->grid.um;
    vn_panel_text(ui, row++, 1, VN_LOOK_BOLD, "%lld x %lld x %lld voxels", (long long)n[0], (long long)n[1], (long long)n[2]);
    if (vn_um_known(&v->grid))
        vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "%.4g x %.4g x %.4g um", (double)n[0] * um[0], (double)n[1] * um[1], (double)n[2] * um[2]);
    else
        vn_panel_text(ui, row++, 1, VN_LOOK_DIM, "voxel size not known");
    vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "%s", vn_text_bytes(vn_box_count(&region) * vn_type_size(v->src->type), bytes));
    row++;
    for (int k = 0; k < 3; k++, row++, col = 1) {
        col = vn_panel_text(ui, row, col, VN_LOOK_DIM, "%c ", AXIS[k]);
        col = vn_panel_text(ui, row, col, view.held >> (2 * k) & 1 ? VN_LOOK_CHOSEN : VN_LOOK_TEXT, "%lld", (long long)region.lo[k]);
        col = vn_panel_text(ui, row, col, VN_LOOK_DIM, " : ");
        vn_panel_text(ui, row, col, view.held >> (2 * k + 1) & 1 ? VN_LOOK_CHOSEN : VN_LOOK_TEXT, "%lld", (long long)region.hi[k]);
    }
    row = panel_need(ui, row + 1) + 1;
    if (typing)
        vn_panel_text(ui, row, 1, VN_LOOK_KEY, "size: %s_", typed);
    if (rows > row + 6) {
        vn_panel_text(ui, rows - 4, 1, VN_LOOK_TEXT, "{low-x} {high-x}");
        vn_panel_text(ui, rows - 3, 1, VN_LOOK_TEXT, "{low-y} {high-y}");
        vn_panel_text(ui, rows - 2, 1, VN_LOOK_TEXT, "{low-z} {high-z} {whole}");
    }
    vn_panel_text(ui, rows - 1, 1, VN_LOOK_TEXT, "{accept} {cancel}");
}

static void hint(const struct vn_ui *ui VN_UNUSED, struct vn_str *b)
{
    if (typing)
        vn_str_addf(b, "size, as 160 or 80,80,40um: %s_   Enter: so large  Esc: back", typed);
    else if (face >= 0)
        vn_str_addf(b, "{accept} {cancel}  %s face along %c: arrows move it (Shift: by 10)  {whole}", face % 2 ? "upper" : "lower", AXIS[face / 2]);
    else
        vn_str_addf(b, "region  {accept} {cancel}  drag a face, the box, or a new one  {grow}{shrink}  {size}  {off}");
}

static const struct vn_bind binds[] = {
    { "grow", "+ =", "", "larger, smaller on all sides (Shift: by 16 voxels)", grow, 1 },
    { "shrink", "- _", "size", NULL, grow, -1 },
    { "low-x", "x", "low", "choose the lower, upper face along x, for the arrows to move; again: the box", choose, 0 },
    { "high-x", "X", "high x", NULL, choose, 1 },
    { "low-y", "y", "low", "along y", choose, 2 },
    { "high-y", "Y", "high y", NULL, choose, 3 },
    { "low-z", "z", "low", "along z", choose, 4 },
    { "high-z", "Z", "high z", NULL, choose, 5 },
    { "whole", "b", "box", "the arrows move the box", choose, -1 },
    { "left", "Left", "", "move the box in the pane, or the face that is chosen (Shift: further)", shift, 0 },
    { "right", "Right", "", NULL, shift, 1 },
    { "up", "Up", "", NULL, shift, 2 },
    { "down", "Down", "move", NULL, shift, 3 },
    { "back", "PgUp", "", "across the pane", shift, 4 },
    { "forth", "PgDn", "across", NULL, shift, 5 },
    { "size", "s", "type", "type a size, in voxels or um", enter_size, 0 },
    { "accept", "Enter", "accept", "this is the region", accept, 0 },
    { "off", "R", "none", "no region", take_off, 0 },
    { "cancel", "Esc r", "cancel", "leave it as it was", cancel, 0 },
    { 0 },
};

const struct vn_mode vn_mode_region = {
    .name = "region", .title = "Region",
    .about = "The box that commands work on, in all panes; dashed in slices that it does not reach. Drag a face, a corner or the box; beside it, or "
             "with Shift, a new one is drawn. What segment would need there is estimated while the hand rests.",
    .open = { "region", "r", "region", "region box at the crosshair, to be moved and sized", NULL, 0 },
    .binds = binds, .over_browse = true, .short_results = true, .start = start, .stop = stop, .key = key, .mouse = mouse, .tick = tick, .width = width, .panel = panel,
    .hint = hint,
};
