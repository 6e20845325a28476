/* mode_threshold.c - low and high of a probability moved by hand, the mask they give seen at once, beside curves of what every
 * threshold gives: made once by a job, then only looked up. */
#include "keys.h"
#include "cuts_panel.h"
#include "mem.h"
#include "tty.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 30, WIDE = 44 };
static const double REST = 0.3;              /* seconds the hand rests before the mask is scored */

/* What curves are of. */
struct subject { char name[64], truth[64]; struct vn_key key, truth_key; bool has_roi; struct vn_box roi; };
/* A job's, until it ends; ui NULL: nobody waits for it any more.  To make the curves, or to score a pair of thresholds. */
struct task {
    struct vn_ui *ui;
    struct vn_job *job;
    struct vn_session *s;
    struct subject of;
    bool scores;
    double low, high, dice, cldice;
    struct vn_cuts l;
};
static struct task *running;
static struct { bool has; struct subject of; char error[200]; } made;
static struct { bool has; double low, high, dice, cldice; } score;
static double moved_at;
static struct vn_cuts_chart chart = { .row = -1 };       /* of what was made */

/* ---- curves ---- */

static int work(void *ctx, struct vn_job *job, struct vn_err *err)
{
    struct task *t = ctx;
    return t->scores ? vn_cuts_score(t->s, &t->l, t->of.name, t->of.truth, t->low, t->high, &t->dice, &t->cldice, job, err)
                     : vn_cuts_make(t->s, t->of.name, t->of.truth, t->of.has_roi ? &t->of.roi : NULL, &t->l, job, err);
}

static void forget(void)
{
    vn_cuts_chart_free(&chart);
    made.has = score.has = false;
}

static void have(void *ctx, int rc, const struct vn_err *err)
{
    struct task *t = ctx;
    if (t->ui) {
        running = NULL;
        if (t->scores) {
            chart.l = t->l;                      /* with the truth's skeleton */
            score.has = true;                    /* also where it failed or was cancelled: not again until a threshold moves */
            score.low = t->low;
            score.high = t->high;
            score.dice = rc ? NAN : t->dice;
            score.cldice = rc ? NAN : t->cldice;
        } else {
            forget();
            made.has = true;
            made.of = t->of;
            snprintf(made.error, sizeof made.error, "%.190s", rc ? err->msg : "");
            if (rc)
                vn_cuts_free(&t->l);
            else
                vn_cuts_chart_set(&chart, &t->l);
        }
        t->ui->text_dirty = true;
    } else {
        vn_cuts_free(&t->l);
    }
    vn_free(t);
}

/* Lends it what was made, for a score. */
static void submit(struct vn_ui *ui, const struct subject *of, bool scores, const struct vn_view *v)
{
    struct task *t = vn_calloc(1, sizeof *t, NULL);
    if (!t)
        return;
    *t = (struct task){ .ui = ui, .s = ui->s, .of = *of, .scores = scores, .low = v->low, .high = v->high };
    if (scores)
        t->l = chart.l;
    t->job = vn_job_submit(VN_BULK, scores ? "score" : "curves", work, t, have, NULL);
    running = t->job ? t : NULL;
    if (!t->job)
        vn_free(t);
}

/* Its result goes with it; lent curves are made anew. */
static void drop(void)
{
    if (!running)
        return;
    if (running->scores) {
        chart.l = (struct vn_cuts){ .part = false };
        forget();
    }
    running->ui = NULL;
    vn_job_cancel(running->job);
    running = NULL;
}

static struct vn_key key_of(struct vn_ui *ui, const char *name)
{
    struct vn_obj *o = name[0] ? vn_session_get(ui->s, name) : NULL;
    const struct vn_key k = o ? o->key : (struct vn_key){ { 0 } };
    vn_obj_unref(o);
    return k;
}

static struct subject subject_of(struct vn_ui *ui, const struct vn_view *v)
{
    struct subject of;
    memset(&of, 0, sizeof of);                   /* compared as a whole */
    snprintf(of.name, sizeof of.name, "%s", v->threshold_of);
    of.key = key_of(ui, of.name);
    of.truth_key = key_of(ui, v->truth);
    if (of.truth_key.h[0] || of.truth_key.h[1])
        snprintf(of.truth, sizeof of.truth, "%s", v->truth);
    of.has_roi = vn_session_roi(ui->s, &of.roi);
    if (!of.has_roi)
        memset(&of.roi, 0, sizeof of.roi);
    return of;
}

static bool scored(const struct vn_view *v) { return score.has && score.low == v->low && score.high == v->high; }

static void tick(struct vn_ui *ui)
{
    const struct vn_view v = vn_session_view(ui->s);
    const double now = vn_tty_now();
    ui->wake_at = 0;
    if (v.low < 0 || ui->busy)                   /* a command runs: it goes first */
        return;
    const struct subject of = subject_of(ui, &v);
    if (running && memcmp(&running->of, &of, sizeof of))
        drop();
    if (running)
        return;
    if (!made.has || memcmp(&made.of, &of, sizeof of)) {
        submit(ui, &of, false, &v);
        return;
    }
    if (made.error[0] || !chart.l.curve.has_truth || scored(&v))
        return;
    if (chart.dragging || now < moved_at + REST)
        ui->wake_at = chart.dragging ? 0 : moved_at + REST;
    else
        submit(ui, &of, true, &v);
}

/* ---- the thresholds ---- */

static bool is_prob(struct vn_ui *ui, const char *name)
{
    struct vn_obj *o = name[0] ? vn_session_get(ui->s, name) : NULL;
    bool yes = o && o->kind == VN_PROB;
    vn_obj_unref(o);
    return yes;
}

static bool start(struct vn_ui *ui)
{
    struct vn_view v;
    char name[64];
    if (!vn_keys_view(ui, &v))
        return false;
    if (is_prob(ui, v.volume))
        snprintf(name, sizeof name, "%s", v.volume);
    else if (is_prob(ui, v.overlay))
        snprintf(name, sizeof name, "%s", v.overlay);
    else if (!vn_newest_volume(ui->s, VN_PROB, name)) {
        vn_say(ui, VN_LOG_ERROR, "there is no probability to threshold: 'segment NAME' makes one");
        return false;
    }
    snprintf(v.threshold_of, sizeof v.threshold_of, "%s", name);
    v.low = 0.5;                         /* as threshold cuts a probability */
    v.high = 0.7;
    vn_session_set_view(ui->s, &v);
    return true;
}

static void stop(struct vn_ui *ui)
{
    struct vn_view v = vn_session_view(ui->s);
    v.low = -1;
    vn_session_set_view(ui->s, &v);
    drop();
    forget();
    ui->wake_at = 0;
}

static void leave(struct vn_ui *ui, int accept, unsigned mods VN_UNUSED)
{
    const struct vn_view v = vn_session_view(ui->s);
    char stem[64], name[64], line[300];
    vn_mode_enter(ui, NULL);
    if (!accept)
        return;
    snprintf(stem, sizeof stem, "%.58s_mask", v.threshold_of);
    vn_name_free_one(ui->s, stem, name);
    snprintf(line, sizeof line, "threshold %s low=%.3f high=%.3f as=%s; overlay %s", v.threshold_of, v.low, v.high, name, name);
    vn_keys_command(ui, line);
}

static void set(struct vn_ui *ui, bool is_high, double to)
{
    struct vn_view v = vn_session_view(ui->s);
    double *moved = is_high ? &v.high : &v.low;
    *moved = fmin(fmax(round(to * 1000) / 1000, 0), 1);
    if (v.low > v.high)                          /* the one that moves pushes the other */
        *(is_high ? &v.low : &v.high) = *moved;
    vn_session_set_view(ui->s, &v);
    moved_at = vn_tty_now();
    ui->panes.dirty = ui->text_dirty = true;
}

static void move(struct vn_ui *ui, bool is_high, double by)
{
    const struct vn_view v = vn_session_view(ui->s);
    set(ui, is_high, (is_high ? v.high : v.low) + by);
}

static void move_low(struct vn_ui *ui, int way, unsigned mods) { move(ui, false, way * (mods & VN_SHIFT ? 0.1 : 0.01)); }
static void move_high(struct vn_ui *ui, int way, unsigned mods) { move(ui, true, way * (mods & VN_SHIFT ? 0.1 : 0.01)); }

static bool mouse(struct vn_ui *ui, const struct vn_event *ev)
{
    const struct vn_view v = vn_session_view(ui->s);
    bool is_high;
    double to;
    int row, col;
    if (!vn_cuts_chart_mouse(ui, &chart, ev, v.low, v.high, &is_high, &to))
        return vn_panel_hit(ui, ev, &row, &col) && ev->button < VN_WHEEL_UP;
    set(ui, is_high, to);
    return true;
}

static const struct vn_bind binds[] = {
    { "low-down", "Left", "", "low threshold down, up (Shift: by 0.1)", move_low, -1 },
    { "low-up", "Right", "low", NULL, move_low, 1 },
    { "high-down", "Down", "", "high threshold down, up", move_high, -1 },
    { "high-up", "Up", "high", NULL, move_high, 1 },
    { "accept", "Enter", "accept", "make the mask", leave, 1 },
    { "cancel", "Esc t", "cancel", "leave without a mask", leave, 0 },
    { 0 },
};

/* ---- the panel ---- */

static int width(const struct vn_ui *ui VN_UNUSED)
{
    return vn_screen_cols() < 110 ? WIDTH : WIDE;
}

static void panel(struct vn_ui *ui)
{
    const struct vn_view v = vn_session_view(ui->s);
    const int rows = vn_panel_rows(ui);
    int row = 1, col;
    chart.row = -1;
    vn_panel_text(ui, rows - 1, 1, VN_LOOK_TEXT, "{accept} {cancel}");
    col = vn_panel_text(ui, row, 1, VN_LOOK_BOLD, "low %.3f", v.low);
    vn_panel_text(ui, row++, col + 2, VN_LOOK_BOLD, "high %.3f", v.high);
    if (v.high > v.low)
        vn_panel_text(ui, row++, 1, VN_LOOK_DIM, "blue: only where it joins");      /* the slices do not know it yet */
    if (!made.has) {
        vn_panel_text(ui, row, 1, VN_LOOK_DIM, "curves are being made ...");
        return;
    }
    if (made.error[0]) {
        vn_panel_text(ui, row, 1, VN_LOOK_ERROR, "%s", made.error);
        return;
    }
    vn_panel_text(ui, row++, 1, VN_LOOK_DIM, "%s; low alone:", chart.l.part ? "middle of the region" : made.of.has_roi ? "region" : "whole volume");
    row = vn_cuts_chart_numbers(ui, &chart, row, 1, v.low);
    if (chart.l.curve.has_truth) {
        col = vn_panel_text(ui, row, 1, VN_LOOK_ECHO, "Dice %.4f", vn_cuts_chart_dice(&chart, v.low));
        vn_panel_text(ui, row++, col, VN_LOOK_DIM, " against %s", made.of.truth);
        if (scored(&v))
            vn_panel_text(ui, row++, 1, VN_LOOK_BOLD, "both: Dice %.3f clDice %.3f", score.dice, score.cldice);
        else
            vn_panel_text(ui, row++, 1, VN_LOOK_DIM, "both: Dice ...   clDice ...");
    }
    vn_cuts_chart_draw(ui, &chart, row, 1, rows - 1 - row, vn_screen_cols() < 110 ? 12 : 16, v.low, v.high);
}

static void hint(const struct vn_ui *ui, struct vn_str *b)
{
    const struct vn_view v = vn_session_view(ui->s);
    vn_str_addf(b, "threshold %s  low %.3f  high %.3f   {low-down}{low-up}  {high-down}{high-up}  {accept}  {cancel}", v.threshold_of, v.low, v.high);
}

const struct vn_mode vn_mode_threshold = {
    .name = "threshold", .title = "Threshold",
    .about = "Voxels from low on are vessel where they hang together with one from high on (hysteresis). The chart shows voxels and pieces of every "
             "threshold by itself, on a logarithmic axis, and between [ and ] where they are steadiest (curve); click or drag in it. With a truth "
             "(verb truth) also Dice, and clDice when the hand rests.",
    .open = { "threshold", "t", "threshold", "move low and high of a probability, see the mask", NULL, 0 },
    .binds = binds, .over_browse = true, .start = start, .stop = stop, .mouse = mouse, .tick = tick, .width = width, .panel = panel, .hint = hint,
};
