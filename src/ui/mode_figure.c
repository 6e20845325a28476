/* mode_figure.c - figures on the screen, in the place of the volume: the one drawn last, and those before it. */
#include "figview.h"
#include "keys.h"
#include "mode.h"
#include <stdio.h>
#include <string.h>

enum { MOST = 32 };
static char path[MOST][512];             /* oldest first */
static int n_path, at;

/* One drawn again moves to the end. */
static void add(const char *name)
{
    int i = 0;
    while (i < n_path && strcmp(path[i], name))
        i++;
    if (i == n_path && n_path < MOST)
        n_path++;
    else
        memmove(path[i == MOST ? 0 : i], path[i == MOST ? 1 : i + 1], (size_t)(n_path - 1 - (i == MOST ? 0 : i)) * sizeof path[0]);
    snprintf(path[n_path - 1], sizeof path[0], "%s", name);
    at = n_path - 1;
}

static void show(struct vn_ui *ui)
{
    snprintf(ui->panes.figure, sizeof ui->panes.figure, "%s", path[at]);
    ui->panes.dirty = ui->text_dirty = true;
}

static void take_new(void)
{
    char name[sizeof path[0]];
    if (vn_figview_last(name, sizeof name))
        add(name);
}

static bool start(struct vn_ui *ui)
{
    take_new();
    if (!n_path) {
        vn_say(ui, VN_LOG_ERROR, "no figure was drawn yet: 'plot TABLE to=FILE.pdf', 'histogram NAME to=FILE.pdf' draw one");
        return false;
    }
    show(ui);
    return true;
}

static void stop(struct vn_ui *ui)
{
    ui->panes.figure[0] = '\0';
    ui->panes.figure_failed = false;
    ui->figure_from = NULL;
    if (ui->panes.wide) {
        ui->panes.wide = false;
        vn_screen_layout(ui);
    }
}

static void tick(struct vn_ui *ui)
{
    const int before = at;
    take_new();
    if (at != before)
        show(ui);
    if (ui->panes.figure_failed)                 /* it has been said why */
        vn_mode_enter(ui, ui->figure_from);
}

static void turn(struct vn_ui *ui, int by, unsigned mods VN_UNUSED)
{
    at = (at + by + n_path) % n_path;
    show(ui);
}

static void full(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    ui->panes.wide = !ui->panes.wide;
    vn_screen_layout(ui);
}

static void leave(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    vn_mode_enter(ui, ui->figure_from);
}

static void prompt(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { vn_keys_prompt(ui, ""); }
static void help(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { vn_help_open(ui); }

static const struct vn_bind binds[] = {
    { "back", "Left PgUp", "", "the figure before, after", turn, -1 },
    { "next", "Right PgDn", "other", NULL, turn, 1 },
    { "full", "f", "full", "without the messages, and with them", full, 0 },
    { "prompt", ": Enter", "command", "command line", prompt, 0 },
    { "help", "?", "keys", "the keys", help, 0 },
    { "leave", "Esc q F", "close", "back to the volume, or to what drew it", leave, 0 },
    { 0 },
};

/* The wheel turns the pages; a click does not go to a place in a volume that is not shown. */
static bool mouse(struct vn_ui *ui, const struct vn_event *ev)
{
    if (ev->y >= ui->panes.rows)
        return false;
    if (ev->button == VN_WHEEL_UP || ev->button == VN_WHEEL_DOWN)
        turn(ui, ev->button == VN_WHEEL_UP ? -1 : 1, 0);
    return true;
}

static void hint(const struct vn_ui *ui VN_UNUSED, struct vn_str *b)
{
    vn_str_addf(b, "figure %d of %d   {back}{next}  {full}  {prompt}  {help}  {leave}", at + 1, n_path);
}

const struct vn_mode vn_mode_figure = {
    .name = "figure", .title = "Figure",
    .about = "Figures as they were drawn last, at the best that the terminal can show; the files stay as they are.",
    .open = { "figure", "F", "figure", "the figures that were drawn", NULL, 0 },
    .binds = binds, .start = start, .stop = stop, .tick = tick, .mouse = mouse, .hint = hint,
};
