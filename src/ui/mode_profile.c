/* mode_profile.c - grey values along a line that is drawn by the mouse or with the crosshair, as a curve beside the pictures. */
#include "keys.h"
#include "mem.h"
#include "mode.h"
#include "plot.h"
#include "profile.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 30, WIDE = 44 };

struct task {                            /* one profile, read by a job; ui NULL: nobody waits for it any more */
    struct vn_ui *ui;
    struct vn_job *job;
    struct vn_vol *vol;
    double line[2][3], width;
    struct vn_profile p;
    int rc;
    struct vn_err err;
};
static struct task *running;
static struct { uint64_t id; double line[2][3], width; struct vn_profile p; char error[200]; } shown;     /* what the curve is of */
static bool fixed, dragging;             /* the end stays, or follows the crosshair; the button is down */
static int width_vox;                    /* of the disc across the line, in its finest voxels */

/* ---- reading ---- */

static int read_profile(void *ctx, struct vn_job *job, struct vn_err *err)
{
    struct task *t = ctx;
    return vn_profile(t->vol, &t->vol->box, t->line[0], t->line[1], t->width, &t->p, job, err);
}

static void have_profile(void *ctx, int rc, const struct vn_err *err)
{
    struct task *t = ctx;
    if (t->ui) {
        running = NULL;
        if (rc != VN_E_CANCELLED) {
            vn_profile_free(&shown.p);
            shown.p = t->p;
            t->p = (struct vn_profile){ 0 };
            shown.id = t->vol->src->id;
            shown.width = t->width;
            memcpy(shown.line, t->line, sizeof shown.line);
            snprintf(shown.error, sizeof shown.error, "%.190s", rc ? err->msg : "");
        }
        t->ui->text_dirty = true;
    }
    vn_profile_free(&t->p);
    vn_vol_unref(t->vol);
    vn_free(t);
}

static struct vn_vol *volume(struct vn_ui *ui)
{
    const struct vn_shown *d = &ui->panes.info.shown;
    return d->vol ? vn_shown_vol(d, d->view.front) : NULL;
}

static double width_um(const struct vn_vol *v)
{
    const double *um = v->grid.um;
    return vn_um_known(&v->grid) ? width_vox * fmin(um[0], fmin(um[1], um[2])) : width_vox;
}

static void keep_up(struct vn_ui *ui, const struct vn_view *v)
{
    struct vn_vol *vol = volume(ui);
    if (running || !vol || (shown.id == vol->src->id && shown.width == width_um(vol) && !memcmp(shown.line, v->line, sizeof shown.line)))
        return;
    struct task *t = vn_calloc(1, sizeof *t, NULL);
    if (!t)
        return;
    *t = (struct task){ .ui = ui, .vol = vn_vol_ref(vol), .width = width_um(vol) };
    memcpy(t->line, v->line, sizeof t->line);
    t->job = vn_job_submit(VN_VISIBLE, "profile", read_profile, t, have_profile, NULL);
    running = t->job ? t : NULL;
    if (!t->job) {
        vn_vol_unref(t->vol);
        vn_free(t);
    }
}

/* ---- the line ---- */

static void set_line(struct vn_ui *ui, const double from[3], const double to[3])
{
    struct vn_view v = vn_session_view(ui->s);
    for (int k = 0; k < 3; k++) {
        const double a = from[k], b = to[k];
        v.line[0][k] = a;
        v.line[1][k] = b;
    }
    v.has_line = true;
    vn_session_set_view(ui->s, &v);
    ui->panes.dirty = ui->text_dirty = true;
}

static void whole(const double at[3], double out[3])
{
    for (int k = 0; k < 3; k++)
        out[k] = floor(at[k]);
}

static bool start(struct vn_ui *ui)
{
    struct vn_view v;
    double at[3];
    if (!vn_keys_view(ui, &v))
        return false;
    whole(v.at, at);
    set_line(ui, at, at);
    fixed = dragging = false;
    width_vox = 0;
    return true;
}

static void stop(struct vn_ui *ui)
{
    struct vn_view v = vn_session_view(ui->s);
    v.has_line = false;
    vn_session_set_view(ui->s, &v);
    ui->panes.dirty = true;
    if (running) {
        running->ui = NULL;
        vn_job_cancel(running->job);
        running = NULL;
    }
    vn_profile_free(&shown.p);
    shown.id = 0;
}

static void tick(struct vn_ui *ui)
{
    struct vn_view v;
    double at[3];
    if (!vn_keys_view(ui, &v))
        return;
    whole(v.at, at);
    if (!fixed && !dragging && memcmp(at, v.line[1], sizeof at)) {
        set_line(ui, v.line[0], at);
        v = vn_session_view(ui->s);
    }
    keep_up(ui, &v);
}

/* Sets the end at the crosshair; again: a new line begins there. */
static void set(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    struct vn_view v;
    double at[3];
    if (!vn_keys_view(ui, &v))
        return;
    if (fixed) {
        whole(v.at, at);
        set_line(ui, at, at);
    }
    fixed = !fixed;
    ui->text_dirty = true;
}

static void turn(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    const struct vn_view v = vn_session_view(ui->s);
    set_line(ui, v.line[1], v.line[0]);
    fixed = true;
}

static void thicker(struct vn_ui *ui, int by, unsigned mods VN_UNUSED)
{
    width_vox = width_vox + by < 0 ? 0 : width_vox + by > 99 ? 99 : width_vox + by;
    ui->text_dirty = true;
}

static bool mouse(struct vn_ui *ui, const struct vn_event *ev)
{
    double at[3];
    if (ev->button != 0)
        return false;
    const int i = vn_panes_hit(&ui->panes, ev->x, ev->y, at);
    if (i < 0) {
        dragging = dragging && !ev->release;
        return false;
    }
    const struct vn_view v = vn_session_view(ui->s);
    if (!ev->motion && !ev->release) {
        set_line(ui, at, at);
        dragging = fixed = true;
    } else if (dragging) {
        set_line(ui, v.line[0], at);
        dragging = !ev->release;
    }
    return true;
}

/* ---- commands ---- */

static bool command(struct vn_ui *ui, char *line, size_t size)
{
    const struct vn_view v = vn_session_view(ui->s);
    const struct vn_vol *vol = volume(ui);
    if (!vol || !memcmp(v.line[0], v.line[1], sizeof v.line[0])) {
        vn_say(ui, VN_LOG_ERROR, "the line has no length yet: drag with the mouse, or move the crosshair");
        return false;
    }
    const double *a = v.line[0], *b = v.line[1];
    int n = snprintf(line, size, "profile %s from=%.0f,%.0f,%.0f to=%.0f,%.0f,%.0f", vn_shown_name(&ui->panes.info.shown.view, ui->panes.info.shown.view.front),
                     a[0], a[1], a[2], b[0], b[1], b[2]);
    if (width_vox)
        snprintf(line + n, size - (size_t)n, " width=%.6g%s", width_um(vol), vn_um_known(&vol->grid) ? "um" : "vox");
    return true;
}

static void keep(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    char line[400], name[64];
    if (!command(ui, line, sizeof line))
        return;
    vn_name_free_one(ui->s, "line", name);
    snprintf(line + strlen(line), sizeof line - strlen(line), " as=%s", name);
    vn_keys_command(ui, line);
}

static void figure(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    char line[400], name[64];
    if (!command(ui, line, sizeof line))
        return;
    vn_name_free_one(ui->s, "line", name);
    snprintf(line + strlen(line), sizeof line - strlen(line), " as=%s plot=%s.pdf", name, name);
    vn_keys_prompt(ui, line);
}

static void leave(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { vn_mode_enter(ui, NULL); }

/* ---- the panel ---- */

static int width(const struct vn_ui *ui) { return ui->panes.cols + ui->panel.w >= 120 ? WIDE : WIDTH; }

static void draw_curve(struct vn_ui *ui, int row, int rows, const struct vn_peak *peak, bool um)
{
    const struct vn_profile *p = &shown.p;
    struct vn_plot plot = { .cols = vn_panel_cols(ui) - 2, .rows = rows < 20 ? rows : 20, .x_lo = 0, .x_hi = p->length, .x_name = um ? "um" : "voxels",
                            .n_series = 1, .series = { { NULL, p->value, (int)p->n, false, VN_PLOT_CURVE2 } } };
    if (!isnan(peak->fwhm)) {
        plot.mark[plot.n_mark++] = (struct vn_plot_mark){ peak->from, VN_PLOT_MARK, 0 };
        plot.mark[plot.n_mark++] = (struct vn_plot_mark){ peak->to, VN_PLOT_MARK, 0 };
    }
    vn_plot_panel(ui, row, 1, &plot);
}

static void panel(struct vn_ui *ui)
{
    const struct vn_view v = vn_session_view(ui->s);
    const struct vn_vol *vol = volume(ui);
    const int rows = vn_panel_rows(ui);
    struct vn_peak peak;
    int row = 2;
    if (!vol)
        return;
    const bool um = vn_um_known(&vol->grid);
    const char *unit = um ? "um" : "vox";
    vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "%.0f,%.0f,%.0f to %.0f,%.0f,%.0f%s", v.line[0][0], v.line[0][1], v.line[0][2], v.line[1][0], v.line[1][1],
                  v.line[1][2], fixed ? "" : " ...");
    if (shown.error[0]) {
        vn_panel_text(ui, row, 1, VN_LOOK_ERROR, "%s", shown.error);
    } else if (shown.p.n > 1) {
        vn_profile_peak(&shown.p, &peak);
        vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "length %.4g %s", shown.p.length, unit);
        if (width_vox)
            vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "width  %.4g %s", width_um(vol), unit);
        vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "peak   %.5g at %.4g %s", peak.value, peak.at, unit);
        if (isnan(peak.fwhm))
            vn_panel_text(ui, row++, 1, VN_LOOK_DIM, "FWHM   the peak is at an end");
        else
            vn_panel_text(ui, row++, 1, VN_LOOK_BOLD, "FWHM   %.4g %s", peak.fwhm, unit);
        draw_curve(ui, row + 1, rows - row - 4, &peak, um);
    } else {
        vn_panel_text(ui, row, 1, VN_LOOK_DIM, "drag, or move the crosshair");
    }
    vn_panel_text(ui, rows - 2, 1, VN_LOOK_TEXT, "{set} {turn} {thin}{thick}");
    vn_panel_text(ui, rows - 1, 1, VN_LOOK_TEXT, "{keep} {figure} {leave}");
}

static void hint(const struct vn_ui *ui VN_UNUSED, struct vn_str *b)
{
    vn_str_add(b, fixed ? "drag a line  {set} new line  {turn}  {thin}{thick}  {keep}  {figure}  {leave}"
                        : "drag a line, or move the crosshair, and {set} the end  {thin}{thick}  {keep}  {leave}");
}

static const struct vn_bind binds[] = {
    { "set", "Space", "set", "the end is at the crosshair; again: a new line begins there", set, 0 },
    { "turn", "r", "turn", "the other way round", turn, 0 },
    { "thin", "-", "", "mean over a thinner, thicker disc across the line", thicker, -1 },
    { "thick", "+ =", "width", NULL, thicker, 1 },
    { "keep", "Enter", "table", "keep the profile as a table", keep, 0 },
    { "figure", "F", "plot", "the command that writes it as a figure", figure, 0 },
    { "leave", "Esc P", "leave", "leave", leave, 0 },
    { 0 },
};

const struct vn_mode vn_mode_profile = {
    .name = "profile", .title = "Profile",
    .about = "Drag a line over a vessel: the grey values along it, and the full width at half maximum of its main peak, between the red lines.",
    .open = { "profile", "P", "profile", "grey values along a line, and the width of a vessel", NULL, 0 },
    .binds = binds, .over_browse = true, .short_results = true, .start = start, .stop = stop, .tick = tick, .mouse = mouse,
    .width = width, .panel = panel, .hint = hint,
};
