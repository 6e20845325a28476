/* mode_jobs.c - what is running, in the panel: progress, pause, cancel. */
#include "keys.h"
#include "mode.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static struct vn_job_info job[VN_MAX_JOBS];
static int n_job, chosen, first_row[VN_MAX_JOBS + 1];    /* chosen: its number; rows of the panel as drawn last, and the one after */
static bool details;

static int chosen_at(void)
{
    for (int i = 0; i < n_job; i++)
        if (job[i].number == chosen)
            return i;
    return 0;
}

static void look(struct vn_ui *ui)
{
    n_job = vn_runner_jobs(ui->r, job);
    if (n_job)
        chosen = job[chosen_at()].number;
    ui->text_dirty = true;
}

static bool start(struct vn_ui *ui)
{
    details = false;
    look(ui);
    return true;
}

static void tick(struct vn_ui *ui)
{
    struct vn_job_info now[VN_MAX_JOBS];
    const int n = vn_runner_jobs(ui->r, now);            /* progress is drawn anew with the status line */
    bool same = n == n_job;
    for (int i = 0; i < n && same; i++)
        same = now[i].p.waits == job[i].p.waits && now[i].p.paused == job[i].p.paused && now[i].p.away == job[i].p.away;
    if (!same)
        look(ui);
}

static void act(struct vn_ui *ui, const char *what)
{
    char line[40];
    look(ui);
    if (!n_job) {
        vn_say(ui, VN_LOG_ERROR, "no job is running: VERB ... & begins one");
        return;
    }
    snprintf(line, sizeof line, "jobs %s %d", what, chosen);
    vn_keys_command(ui, line);
    look(ui);
}

static void step(struct vn_ui *ui, int by, unsigned mods VN_UNUSED)
{
    look(ui);
    const int at = chosen_at() + by;
    if (at >= 0 && at < n_job)
        chosen = job[at].number;
}

static void hold(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    look(ui);
    act(ui, n_job && job[chosen_at()].p.paused ? "resume" : "pause");
}

static void background(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { act(ui, "background"); }
static void cancel(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { act(ui, "cancel"); }
static void leave(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { vn_mode_enter(ui, NULL); }

static void unfold(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    details = !details;
    look(ui);
}

static const struct vn_bind binds[] = {
    { "up", "Up k", "", "the job before, after", step, -1 },
    { "down", "Down j", "choose", NULL, step, 1 },
    { "pause", "p Space", "pause", "pause it, or let it go on", hold, 0 },
    { "cancel", "c Del", "cancel", "cancel it: nothing of it stays", cancel, 0 },
    { "background", "b", "back", "the command in the foreground goes to the background", background, 0 },
    { "details", "Enter", "details", "the whole command", unfold, 0 },
    { "leave", "Esc", "close", "close the panel", leave, 0 },
    { 0 },
};

/* Seconds or minutes, as a clock has them. */
static void add_time(struct vn_str *b, double s)
{
    if (s >= 3600)
        vn_str_addf(b, "%d:%02d h", (int)(s / 3600), (int)(s / 60) % 60);
    else
        vn_str_addf(b, "%d:%02d", (int)(s / 60), (int)s % 60);
}

static void add_state(struct vn_str *b, const struct vn_job_info *j)
{
    const struct vn_progress *p = &j->p;
    if (p->total && !p->waits)
        vn_str_addf(b, "%.0f %% ", 100 * (double)p->done / (double)p->total);
    if (j->cancelled)
        vn_str_add(b, "cancelling");
    else if (p->waits)
        vn_str_add(b, "waits its turn");
    else if (p->paused)
        vn_str_add(b, p->away ? "paused" : "pausing");
    else if (p->away)
        vn_str_add(b, "lets others in");
    else if (p->left_s >= 0) {
        add_time(b, ceil(p->left_s));
        vn_str_add(b, " left");
    } else {
        add_time(b, p->elapsed_s);
    }
}

static void draw_bar(struct vn_ui *ui, int row, const struct vn_progress *p)
{
    const int w = vn_panel_cols(ui) - 4, full = p->total && !p->waits ? (int)((double)w * (double)p->done / (double)p->total) : 0;
    struct vn_str b = { 0 };
    for (int i = 0; i < w; i++)
        vn_str_add(&b, i < full ? "\xe2\x96\x88" : "\xe2\x96\x91");
    vn_panel_text(ui, row, 3, p->paused ? VN_LOOK_DIM : VN_LOOK_KEY, "%s", b.s ? b.s : "");
    vn_str_free(&b);
}

/* The command over several rows, broken anywhere. */
static int draw_folded(struct vn_ui *ui, int row, const char *text)
{
    while (*text) {
        const size_t n = vn_text_cut(text, vn_panel_cols(ui) - 4);
        vn_panel_text(ui, row++, 3, VN_LOOK_DIM, "%.*s", (int)n, text);
        text += n ? n : 1;
    }
    return row;
}

static void panel(struct vn_ui *ui)
{
    int row = 1;
    look(ui);
    for (int i = 0; i < n_job; i++) {
        const struct vn_job_info *j = &job[i];
        struct vn_str state = { 0 };
        first_row[i] = row;
        vn_panel_text(ui, row++, 0, j->number == chosen ? VN_LOOK_CHOSEN : VN_LOOK_TEXT, "%2d %-*s", j->number, vn_panel_cols(ui) - 3, j->line);
        draw_bar(ui, row++, &j->p);
        add_state(&state, j);
        vn_panel_text(ui, row++, 3, VN_LOOK_DIM, "%s%s%s%s", state.s ? state.s : "", j->p.stage && *j->p.stage ? ", " : "", j->p.stage ? j->p.stage : "",
                      j->behind ? "" : ", foreground");
        vn_str_free(&state);
        if (details && j->number == chosen) {
            row = draw_folded(ui, row, j->line);
            if (j->makes[0])
                vn_panel_text(ui, row++, 3, VN_LOOK_DIM, "makes %s", j->makes);
        }
    }
    first_row[n_job] = row;
    if (!n_job) {
        vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "No job is running.");
        vn_panel_text(ui, row + 1, 1, VN_LOOK_DIM, "VERB ... & begins one.");
    }
}

static bool mouse(struct vn_ui *ui, const struct vn_event *ev)
{
    int row, col;
    if (!vn_panel_hit(ui, ev, &row, &col))
        return false;
    for (int i = 0; i < n_job && !ev->release && !ev->motion && ev->button == 0; i++)
        if (row >= first_row[i] && row < first_row[i + 1])
            chosen = job[i].number;
    if (ev->button == VN_WHEEL_UP || ev->button == VN_WHEEL_DOWN)
        step(ui, ev->button == VN_WHEEL_UP ? -1 : 1, 0);
    ui->text_dirty = true;
    return true;
}

static int width(const struct vn_ui *ui) { return ui->panes.cols + ui->panel.w >= 110 ? 44 : 30; }

static void hint(const struct vn_ui *ui VN_UNUSED, struct vn_str *b)
{
    vn_str_add(b, n_job && job[chosen_at()].p.paused ? "{up}{down}  {pause} (resumes)  {cancel}  {background}  {details}  {leave}  {prompt}"
                                                     : "{up}{down}  {pause}  {cancel}  {background}  {details}  {leave}  {prompt}");
}

const struct vn_mode vn_mode_jobs = {
    .name = "jobs", .title = "Jobs",
    .about = "What is running, with its progress and the time left.",
    .open = { "jobs", "&", "jobs", "what is running: progress, pause, cancel", NULL, 0 },
    .binds = binds, .over_browse = true, .start = start, .mouse = mouse, .tick = tick, .width = width, .panel = panel, .hint = hint,
};
