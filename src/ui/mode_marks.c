/* mode_marks.c - the places with names, in the panel, to jump to. */
#include "keys.h"
#include "mode.h"
#include <stdio.h>
#include <string.h>

enum { TOP = 1 };                                /* rows above the list */
static int at, top;                              /* the one chosen; the first that is seen */

static bool start(struct vn_ui *ui)
{
    const struct vn_view v = vn_session_view(ui->s);
    if (!ui->panes.info.shown.vol)
        return false;
    at = at < v.n_place ? at : 0;
    top = 0;
    return true;
}

static void jump(struct vn_ui *ui)
{
    const struct vn_view v = vn_session_view(ui->s);
    char line[64];
    if (at < 0 || at >= v.n_place)
        return;
    snprintf(line, sizeof line, "goto %s", v.place[at].name);
    vn_keys_command(ui, line);
    ui->text_dirty = true;
}

static void step(struct vn_ui *ui, int by, unsigned mods VN_UNUSED)
{
    const struct vn_view v = vn_session_view(ui->s);
    if (at + by >= 0 && at + by < v.n_place)
        at += by;
    ui->text_dirty = true;
}

static void go(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { jump(ui); }

static void add(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    vn_keys_command(ui, "mark");
    const int n = vn_session_view(ui->s).n_place;
    at = n ? n - 1 : 0;
    ui->text_dirty = true;
}

static void name(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { vn_keys_prompt(ui, "mark "); }

static void forget(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    const struct vn_view v = vn_session_view(ui->s);
    char line[64];
    if (at >= v.n_place)
        return;
    snprintf(line, sizeof line, "mark delete %s", v.place[at].name);
    vn_keys_command(ui, line);
    at = at && at >= v.n_place - 1 ? at - 1 : at;
    ui->text_dirty = true;
}

static void leave(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { vn_mode_enter(ui, NULL); }

static bool key(struct vn_ui *ui, const struct vn_event *ev)
{
    if (ev->type != VN_EV_KEY || ev->mods || ev->code < '1' || ev->code > '9' || (int)(ev->code - '1') >= vn_session_view(ui->s).n_place)
        return false;
    at = (int)(ev->code - '1');
    jump(ui);
    return true;
}

static const struct vn_bind binds[] = {
    { "up", "Up k", "", "the mark before, after", step, -1 },
    { "down", "Down j", "choose", NULL, step, 1 },
    { "go", "Enter", "go", "the crosshair goes there, also 1 to 9 and a click", go, 0 },
    { "new", "n .", "new", "mark the crosshair's place, numbered", add, 0 },
    { "name", "N", "named", "mark it with a name to be typed", name, 0 },
    { "delete", "d Del", "delete", "forget the chosen", forget, 0 },
    { "leave", "Esc '", "close", "close the panel", leave, 0 },
    { 0 },
};

static int rows(const struct vn_ui *ui) { return vn_panel_rows(ui) - TOP > 0 ? vn_panel_rows(ui) - TOP : 0; }

static void panel(struct vn_ui *ui)
{
    const struct vn_view v = vn_session_view(ui->s);
    const int room = rows(ui);
    at = at < v.n_place ? at : v.n_place ? v.n_place - 1 : 0;
    top = at < top ? at : at >= top + room ? at - room + 1 : top;
    vn_panel_text(ui, 0, 0, VN_LOOK_TITLE, "%-*s", vn_panel_cols(ui), " Marks");
    for (int i = top; i < v.n_place && i < top + room; i++) {
        const struct vn_place *p = &v.place[i];
        char where[64], line[128];
        snprintf(where, sizeof where, "%.0f,%.0f,%.0f", p->at[0], p->at[1], p->at[2]);
        snprintf(line, sizeof line, "%2d %-*s %s", i + 1, vn_panel_cols(ui) - 5 - (int)strlen(where), p->name, where);
        vn_panel_text(ui, TOP + i - top, 0, i == at ? VN_LOOK_CHOSEN : VN_LOOK_TEXT, "%s", line);
    }
    if (!v.n_place)
        vn_panel_text(ui, TOP + 1, 1, VN_LOOK_DIM, "None yet: {new}");
}

static bool mouse(struct vn_ui *ui, const struct vn_event *ev)
{
    int row, col;
    if (!vn_panel_hit(ui, ev, &row, &col))
        return false;
    const int i = row - TOP + top;
    if (ev->button == VN_WHEEL_UP || ev->button == VN_WHEEL_DOWN) {
        step(ui, ev->button == VN_WHEEL_UP ? -1 : 1, 0);
    } else if (ev->button == 0 && !ev->release && !ev->motion && row >= TOP && i < vn_session_view(ui->s).n_place) {
        at = i;
        jump(ui);
    }
    return true;
}

static int width(const struct vn_ui *ui VN_UNUSED) { return 30; }

static void hint(const struct vn_ui *ui VN_UNUSED, struct vn_str *b)
{
    vn_str_add(b, "{up}{down}  {go}  {new}  {name}  {delete}  {leave}");
}

const struct vn_mode vn_mode_marks = {
    .name = "marks", .title = "Marks",
    .about = "Places with names (the verb mark). They are drawn where a slice passes near them.",
    .open = { "marks", "'", "marks", "the marked places, to jump to", NULL, 0 },
    .binds = binds, .over_browse = true, .start = start, .key = key, .mouse = mouse, .width = width, .panel = panel, .hint = hint,
};
