/* mode_histogram.c - how many voxels have which value, where automatic methods cut, and low and high moved by hand. */
#include "keys.h"
#include "levels.h"
#include "mem.h"
#include "mode.h"
#include "plot.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 30, WIDE = 52, MAX_COLS = 128, LEFT_BUTTON = 0, RIGHT_BUTTON = 2 };

struct what { uint64_t id; struct vn_box box; };         /* whose voxels are counted */
struct task {                            /* counting, then cutting, by a job; ui NULL: nobody waits for it any more */
    struct vn_ui *ui;
    struct vn_job *job;
    struct vn_vol *vol;
    struct what what;
    bool automatic;                      /* the second step */
    struct vn_levels levels;             /* with its counts only in the first step */
};
static struct task *running;
static struct what have;
static struct vn_levels levels;          /* of `have` */
static bool has_counts, has_automatic, near, chosen;     /* near: without the brightest voxels; chosen: low was moved or accepted as it is */
static bool no_region;                   /* the whole volume although there is a region */
static char name[64], error[200];
static double low, high;
static struct { struct vn_plot plot; int row; } chart;   /* as drawn, for the mouse */

/* ---- counting ---- */

static int run(void *ctx, struct vn_job *job, struct vn_err *err)
{
    struct task *t = ctx;
    return t->automatic ? vn_levels_automatic(t->vol, &t->what.box, &t->levels, job, err) : vn_levels_count(t->vol, &t->what.box, &t->levels, job, err);
}

static void show_mask(struct vn_ui *ui)
{
    struct vn_view v = vn_session_view(ui->s);
    snprintf(v.threshold_of, sizeof v.threshold_of, "%s", name);
    v.low = low;
    v.high = high;
    vn_session_set_view(ui->s, &v);
    ui->panes.dirty = ui->text_dirty = true;
}

static void done(void *ctx, int rc, const struct vn_err *err)
{
    struct task *t = ctx;
    const bool wanted = t->ui && !memcmp(&t->what, &have, sizeof have);
    if (t->ui) {
        running = NULL;
        t->ui->text_dirty = true;
    }
    if (wanted && rc && rc != VN_E_CANCELLED)
        snprintf(error, sizeof error, "%.190s", err->msg);
    if (wanted && !rc && !t->automatic) {
        vn_levels_free(&levels);
        levels = t->levels;
        t->levels = (struct vn_levels){ 0 };
        has_counts = true;
    }
    if (wanted && t->automatic) {                        /* failed: they are not asked for again */
        has_automatic = true;
        levels.n_level = rc ? 0 : t->levels.n_level;
        memcpy(levels.level, t->levels.level, sizeof levels.level);
        for (int i = 0; i < levels.n_level && !chosen && t->vol->kind != VN_PROB; i++)
            if (!strcmp(levels.level[i].name, "li"))     /* what threshold does by itself */
                low = high = levels.level[i].at;
        if (t->vol->kind == VN_PROB && !chosen) {
            low = 0.5;
            high = 0.7;
        }
        chosen = true;
        show_mask(t->ui);
    }
    vn_levels_free(&t->levels);
    vn_vol_unref(t->vol);
    vn_free(t);
}

/* The image or probability looked at; else the probability on top. */
static struct vn_vol *volume(const struct vn_ui *ui)
{
    const struct vn_shown *d = &ui->panes.info.shown;
    struct vn_vol *v = d->vol ? vn_shown_vol(d, d->view.front) : NULL;
    return v && (v->kind & (VN_IMAGE | VN_PROB)) ? v : d->overlay && d->overlay->kind == VN_PROB ? d->overlay : NULL;
}

static void keep_up(struct vn_ui *ui)
{
    struct vn_vol *v = volume(ui);
    struct what now;
    memset(&now, 0, sizeof now);
    if (!v)
        return;
    now.id = v->src->id;
    now.box = v->box;
    struct vn_box roi;
    if (!no_region && vn_session_roi(ui->s, &roi))
        vn_box_meet(&roi, &v->box, &now.box);
    if (memcmp(&now, &have, sizeof now)) {               /* something else is looked at now */
        const struct vn_shown *d = &ui->panes.info.shown;
        chosen = chosen && now.id == have.id;
        have = now;
        has_counts = has_automatic = false;
        error[0] = '\0';
        snprintf(name, sizeof name, "%s", v == d->overlay ? d->view.overlay : vn_shown_name(&d->view, d->view.front));
        if (running)
            vn_job_cancel(running->job);
        ui->text_dirty = true;
    }
    if (running || error[0] || (has_counts && has_automatic))
        return;
    struct task *t = vn_calloc(1, sizeof *t, NULL);
    if (!t)
        return;
    t->ui = ui;
    t->vol = vn_vol_ref(v);
    t->what = now;
    t->automatic = has_counts;
    t->job = vn_job_submit(VN_REGION, t->automatic ? "thresholds" : "histogram", run, t, done, NULL);
    running = t->job ? t : NULL;
    if (!t->job) {
        vn_vol_unref(t->vol);
        vn_free(t);
    }
}

/* ---- the mode ---- */

static bool start(struct vn_ui *ui)
{
    struct vn_view v;
    if (!vn_keys_view(ui, &v))
        return false;
    if (!volume(ui)) {
        vn_say(ui, VN_LOG_ERROR, "'%s' has no grey values to count: look at an image or a probability ('show NAME')", v.volume);
        return false;
    }
    memset(&have, 0, sizeof have);
    has_counts = has_automatic = chosen = no_region = false;
    error[0] = '\0';
    near = true;
    return true;
}

static void stop(struct vn_ui *ui)
{
    struct vn_view v = vn_session_view(ui->s);
    v.low = -1;
    vn_session_set_view(ui->s, &v);
    ui->panes.dirty = true;
    if (running) {
        running->ui = NULL;
        vn_job_cancel(running->job);
        running = NULL;
    }
    vn_levels_free(&levels);
    has_counts = false;
}

static bool whole(void) { return levels.width >= 1 && levels.lo == floor(levels.lo) && levels.width == floor(levels.width); }
static double top(void) { return near && levels.far > levels.lo ? fmin(levels.far + levels.width, levels.max) : levels.max; }

static void set(struct vn_ui *ui, bool is_high, double to)
{
    if (!has_counts)
        return;
    to = fmin(fmax(to, levels.min), levels.max);
    to = whole() ? floor(to + 0.5) : round(to / (levels.max - levels.min) * 1e4) * (levels.max - levels.min) / 1e4;
    *(is_high ? &high : &low) = to;
    if (low > high)                                      /* the one that moves pushes the other */
        *(is_high ? &low : &high) = to;
    chosen = true;
    show_mask(ui);
}

static double stride(unsigned mods)
{
    const double s = (top() - levels.lo) * (mods & VN_SHIFT ? 0.05 : 0.005);
    return whole() ? fmax(1, floor(s)) : s;
}

static void move_low(struct vn_ui *ui, int way, unsigned mods)
{
    const bool one = low == high;
    if (!has_counts)
        return;
    set(ui, false, low + way * stride(mods));
    if (one)                                             /* a plain threshold stays one */
        set(ui, true, low);
}

static void move_high(struct vn_ui *ui, int way, unsigned mods)
{
    if (has_counts)
        set(ui, true, fmax(high + way * stride(mods), low));
}

/* The next of the automatic ones above low; after the last the first. */
static void automatic(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    int i = 0;
    while (i < levels.n_level && levels.level[i].at <= low)
        i++;
    if (!has_automatic || !levels.n_level)
        return;
    low = high = levels.level[i % levels.n_level].at;
    show_mask(ui);
}

static void zoom(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { near = !near; ui->text_dirty = true; }
static void region(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    no_region = !no_region;
    ui->text_dirty = true;
}

static void leave(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { vn_mode_enter(ui, NULL); }

static void accept(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    char stem[64], made[64], line[320], a[32], b[32];
    if (!has_counts || !chosen)
        return;
    snprintf(stem, sizeof stem, "%.58s_mask", name);
    vn_name_free_one(ui->s, stem, made);
    int n = snprintf(line, sizeof line, "threshold %s low=%s", name, vn_text_real(low, a));
    if (high > low)
        n += snprintf(line + n, sizeof line - (size_t)n, " high=%s", vn_text_real(high, b));
    snprintf(line + n, sizeof line - (size_t)n, " as=%s; overlay %s", made, made);
    vn_mode_enter(ui, NULL);
    vn_keys_command(ui, line);
}

static void figure(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    char line[320], made[64], a[32], b[32];
    vn_name_free_one(ui->s, "histogram", made);
    int n = snprintf(line, sizeof line, "histogram %s as=%s to=%s.pdf log", name, made, made);
    if (chosen)
        n += snprintf(line + n, sizeof line - (size_t)n, " thresholds=%s", vn_text_real(low, a));
    if (chosen && high > low)
        snprintf(line + n, sizeof line - (size_t)n, ",%s", vn_text_real(high, b));
    vn_keys_prompt(ui, line);
}

static bool mouse(struct vn_ui *ui, const struct vn_event *ev)
{
    int row, col;
    if (!vn_panel_hit(ui, ev, &row, &col) || ev->release || (ev->button != LEFT_BUTTON && ev->button != RIGHT_BUTTON) || !has_counts ||
        row < chart.row || row >= chart.row + chart.plot.rows)
        return false;
    const double x = vn_plot_x(&chart.plot, vn_max64(col - 1, chart.plot.left));
    if (ev->button == RIGHT_BUTTON) {
        set(ui, true, x);
    } else {
        const bool one = low == high;
        set(ui, false, x);
        if (one)
            set(ui, true, low);
    }
    return true;
}

/* ---- the panel ---- */

static int width(const struct vn_ui *ui) { return ui->panes.cols + ui->panel.w >= 120 ? WIDE : WIDTH; }

/* Columns of the chart: voxels a bin, the mean of the bins that begin in the column. */
static void draw_counts(struct vn_ui *ui, int row, int rows)
{
    double y[MAX_COLS] = { 0 };
    struct vn_plot p = { .cols = vn_panel_cols(ui) - 2, .rows = rows < 20 ? rows : 20, .log_y = true, .x_lo = levels.lo, .x_hi = top() };
    const int n = p.cols - 6 < MAX_COLS ? p.cols - 6 : MAX_COLS;         /* about a column each */
    int bins[MAX_COLS] = { 0 };
    if (n < 2)
        return;
    if (!(p.x_hi > p.x_lo))
        p.x_hi = p.x_lo + levels.width;
    for (int i = 0; i < levels.n; i++) {
        const double at = (levels.lo + levels.width * i - p.x_lo) / (p.x_hi - p.x_lo) * n;
        if (at < 0 || at >= n)
            continue;
        y[(int)at] += (double)levels.count[i];
        bins[(int)at]++;
    }
    for (int i = 0; i < n; i++)
        y[i] = bins[i] ? ceil(y[i] / bins[i]) : i ? y[i - 1] : 0;
    p.series[p.n_series++] = (struct vn_plot_series){ NULL, y, n, true, VN_PLOT_CURVE };
    for (int i = 0; i < levels.n_level && has_automatic; i++)
        p.mark[p.n_mark++] = (struct vn_plot_mark){ levels.level[i].at, VN_PLOT_MARK2, levels.level[i].name[0] };
    if (chosen) {
        p.mark[p.n_mark++] = (struct vn_plot_mark){ low, VN_PLOT_MARK, high > low ? 'L' : 0 };
        if (high > low)
            p.mark[p.n_mark++] = (struct vn_plot_mark){ high, VN_PLOT_MARK, 'H' };
    }
    p.x_name = "grey value";
    vn_plot_panel(ui, row, 1, &p);
    chart.plot = p;
    chart.row = row;
}

static void panel(struct vn_ui *ui)
{
    const int rows = vn_panel_rows(ui);
    const struct vn_vol *v = volume(ui);
    const bool all = v && vn_box_same(&have.box, &v->box);
    char a[16], b[16];
    int row = 1;
    chart.plot.rows = 0;
    vn_panel_text(ui, row++, 1, VN_LOOK_BOLD, "%s%s", name, all ? "" : ", region");
    if (error[0]) {
        vn_panel_text(ui, row, 1, VN_LOOK_ERROR, "%s", error);
    } else if (!has_counts) {
        vn_panel_text(ui, row, 1, VN_LOOK_DIM, "counting ...");
    } else {
        vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "%s to %s  mean %.5g", vn_plot_number(levels.min, a), vn_plot_number(levels.max, b), levels.mean);
        int col = 1;
        for (int i = 0; i < levels.n_level && has_automatic; i++) {
            const int wide = (int)strlen(levels.level[i].name) + (int)strlen(vn_plot_number(levels.level[i].at, a)) + 3;
            if (col + wide > vn_panel_cols(ui)) {
                row++;
                col = 1;
            }
            col = vn_panel_text(ui, row, col, VN_LOOK_ECHO, "%s %s  ", levels.level[i].name, a);
        }
        if (!has_automatic)
            vn_panel_text(ui, row, col, VN_LOOK_DIM, "thresholds ...");
        row++;
        if (chosen) {
            col = vn_panel_text(ui, row, 1, VN_LOOK_ERROR, high > low ? "low %.6g  high %.6g" : "low %.6g", low, high);
            vn_panel_text(ui, row++, col + 2, VN_LOOK_TEXT, "%.3g %%", 100 * vn_levels_above(&levels, low));
        }
        draw_counts(ui, row, rows - row - 2);
    }
    const bool wide = vn_panel_cols(ui) > WIDTH;
    vn_panel_text(ui, rows - 2, 1, VN_LOOK_TEXT, "{low-down}{low-up} {high-down}{high-up}");
    vn_panel_text(ui, rows - 1, 1, VN_LOOK_TEXT, wide ? "{automatic} {accept} {zoom} {region} {figure} {leave}" : "{automatic} {accept} {leave}");
}

static void hint(const struct vn_ui *ui VN_UNUSED, struct vn_str *b)
{
    vn_str_add(b, "{low-down}{low-up}  {high-down}{high-up}  {automatic}  {zoom}  {region}  {figure}  {accept}  {leave}");
}

static const struct vn_bind binds[] = {
    { "low-down", "Left", "", "low threshold down, up, also a click in the chart (Shift: more)", move_low, -1 },
    { "low-up", "Right", "low", NULL, move_low, 1 },
    { "high-down", "Down", "", "high threshold (hysteresis) down, up, also a click with the right button", move_high, -1 },
    { "high-up", "Up", "high", NULL, move_high, 1 },
    { "automatic", "a", "auto", "low at the next automatic threshold", automatic, 0 },
    { "zoom", "z", "all", "all values, or without the brightest in a thousand", zoom, 0 },
    { "region", "r", "region", "of the region, or of the whole volume", region, 0 },
    { "figure", "F", "plot", "the command that writes it as a figure", figure, 0 },
    { "accept", "Enter", "mask", "make the mask", accept, 0 },
    { "leave", "Esc H", "end", "leave without a mask", leave, 0 },
    { 0 },
};

const struct vn_mode vn_mode_histogram = {
    .name = "histogram", .title = "Histogram",
    .about = "How many voxels have which value, on a logarithmic scale, and the mask that low (and high) would give, over the pictures.",
    .open = { "histogram", "H", "histogram", "histogram, automatic thresholds, and low and high moved in it", NULL, 0 },
    .binds = binds, .over_browse = true, .start = start, .stop = stop, .tick = keep_up, .mouse = mouse, .width = width, .panel = panel,
    .hint = hint,
};
