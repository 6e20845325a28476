/* mode_review.c - proposals one after the other: shown, accepted, rejected, a key each. */
#include "keys.h"
#include "mode.h"
#include "proposals.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static struct {
    char table[64], mask[64];
    struct vn_table *t;                  /* as seen last, with a reference */
    int col[VN_PR_COLS];
    int64_t at;                          /* row */
    int first_row, n_shown; int64_t first_shown;      /* of the list in the panel, as drawn last */
    double points[6], taper[2], ring[3]; /* of what is marked on the screen */
} now;

/* ---- the table ---- */

/* With a reference; NULL: no table of proposals. */
static struct vn_table *content(struct vn_ui *ui, const char *name, int col[VN_PR_COLS])
{
    struct vn_obj *o = vn_session_get(ui->s, name);
    struct vn_table *t = o && o->kind == VN_TABLE ? vn_obj_peek(ui->s, o) : NULL;
    vn_obj_unref(o);
    if (t && vn_proposals_columns(t, name, col, NULL)) {
        vn_table_unref(t);
        t = NULL;
    }
    return t;
}

static bool is_mask(struct vn_ui *ui, const char *name)
{
    struct vn_obj *o = name[0] ? vn_session_get(ui->s, name) : NULL;
    const bool yes = o && o->kind == VN_MASK;
    vn_obj_unref(o);
    return yes;
}

/* M_proposals are about M; another table about the mask that it was made from. */
static bool mask_of(struct vn_ui *ui, const char *table, char mask[64])
{
    static const char end[] = "_proposals";
    const size_t n = strlen(table), m = sizeof end - 1;
    snprintf(mask, 64, "%.*s", (int)(n > m && !strcmp(table + n - m, end) ? n - m : 0), table);
    if (is_mask(ui, mask))
        return true;
    struct vn_obj *o = vn_session_get(ui->s, table);
    for (int i = 0; o && i < o->args.n; i++)
        if (!strcmp(o->args.params[i].name, "mask") && o->args.v[i].s)
            snprintf(mask, 64, "%s", o->args.v[i].s);
    vn_obj_unref(o);
    return is_mask(ui, mask);
}

/* The newest table of proposals whose mask is there: one with something open first. */
static bool find(struct vn_ui *ui)
{
    int best = 0;
    for (int i = 0; i < vn_session_count(ui->s); i++) {
        char name[64], mask[64];
        struct vn_obj *o = vn_session_at(ui->s, i, name);
        int col[VN_PR_COLS], good = 0;
        struct vn_table *t = o && o->kind == VN_TABLE ? content(ui, name, col) : NULL;
        vn_obj_unref(o);
        if (t && mask_of(ui, name, mask))
            good = vn_proposals_open(t, col) ? 2 : 1;
        vn_table_unref(t);
        if (good && good >= best) {
            best = good;
            snprintf(now.table, sizeof now.table, "%s", name);
            snprintf(now.mask, sizeof now.mask, "%s", mask);
        }
    }
    return best > 0;
}

static const char *state_of(const struct vn_table *t, int64_t row) { return t->col[now.col[VN_PR_STATE]].text[row]; }
static bool is_open(int64_t row) { return !strcmp(state_of(now.t, row), "open"); }

/* ---- what is shown ---- */

/* The crosshair between both ends, and the picture drawn anew, with its marks. */
static void show(struct vn_ui *ui)
{
    struct vn_proposal p;
    struct vn_view v;
    ui->panes.dirty = ui->text_dirty = true;
    if (!now.t->n_row || !vn_keys_view(ui, &v))
        return;
    vn_proposal_row(now.t, now.col, now.at, &p);
    const struct vn_box *box = &ui->panes.info.shown.vol->box;
    for (int k = 0; k < 3; k++) {
        const double middle = p.kind == VN_PROPOSE_BRIDGE ? (p.bridge.at[k] + p.bridge.at[3 + k]) / 2 : p.bridge.at[k];
        v.at[k] = fmin(fmax(floor(middle + 0.5), (double)box->lo[k]), (double)box->hi[k] - 1);
    }
    vn_keys_slide(ui, &v, "goto", "%.0f,%.0f,%.0f", v.at[0], v.at[1], v.at[2]);
}

static void go(struct vn_ui *ui, int64_t row)
{
    if (!now.t->n_row)
        return;
    now.at = (row + now.t->n_row) % now.t->n_row;
    show(ui);
}

/* The next open one from a row on, else the row. */
static int64_t next_open(int64_t from)
{
    for (int64_t i = 0; i < now.t->n_row; i++)
        if (is_open((from + i) % now.t->n_row))
            return (from + i) % now.t->n_row;
    return from % now.t->n_row;
}

static void forget(void)
{
    vn_table_unref(now.t);
    now.t = NULL;
}

/* The table may have been decided on, or a decision taken back: there the eye goes. */
static void look(struct vn_ui *ui)
{
    int col[VN_PR_COLS];
    struct vn_table *t = content(ui, now.table, col), *was = now.t;
    if (!t || t == was) {
        vn_table_unref(t);
        return;
    }
    memcpy(now.col, col, sizeof col);
    now.t = t;
    int64_t changed = -1;
    for (int64_t i = 0; was && i < t->n_row && i < was->n_row && changed < 0; i++)
        changed = strcmp(state_of(t, i), state_of(was, i)) ? i : -1;
    vn_table_unref(was);
    if (t->n_row)
        go(ui, changed < 0 ? next_open(0) : is_open(changed) ? changed : next_open(changed));
}

/* Over the pictures: the bridge as seen in each pane, or a ring around a speck. */
static void mark(struct vn_ui *ui)
{
    struct vn_panes *p = &ui->panes;
    const struct vn_view *v = &p->info.shown.view;
    struct vn_proposal q;
    if (!p->info.shown.vol || !now.t || !now.t->n_row)
        return;
    vn_proposal_row(now.t, now.col, now.at, &q);
    const struct vn_grid *g = &p->info.shown.vol->grid;
    struct vn_stroke s = { .at = now.points, .n = 2, .axis = VN_BRUSH_BALL, .taper = now.taper };
    for (int k = 0; k < 3 && vn_um_known(g); k++)
        s.um[k] = g->um[k];
    if (q.kind == VN_PROPOSE_SPECK) {
        for (int k = 0; k < 3; k++)
            now.ring[k] = q.bridge.at[k];
        s.at = now.ring;
        s.n = 1;
        s.taper = NULL;
        s.radius = (cbrt((double)q.voxels) + 3) * (s.um[0] > 0 ? s.um[0] : 1);
        p->ring = s;
        p->ring_pane = v->focus;
        return;
    }
    if (p->marked || p->task)
        return;
    memcpy(now.taper, q.bridge.radius, sizeof now.taper);
    for (int i = 0; i < VN_N_PANE; i++) {
        const int axis = vn_pane_axis(v, (enum vn_pane)i);
        memcpy(now.points, q.bridge.at, sizeof now.points);
        now.points[axis] = now.points[3 + axis] = floor(v->at[axis]);
        vn_panes_mark(p, (enum vn_pane)i, &s, is_open(now.at) ? 0xffd75f : 0x8a8a8a, false);
    }
}

/* ---- the mode ---- */

static bool start(struct vn_ui *ui)
{
    const struct vn_view v = vn_session_view(ui->s);
    char line[200];
    forget();
    now.at = 0;
    if (!find(ui)) {
        vn_say(ui, VN_LOG_TEXT, "there are no proposals yet: proposals MASK finds some");
        char mask[64] = "";
        if (is_mask(ui, v.overlay))
            snprintf(mask, sizeof mask, "%s", v.overlay);
        else
            vn_newest_volume(ui->s, VN_MASK, mask);
        snprintf(line, sizeof line, "proposals %s", mask);
        vn_keys_prompt(ui, line);
        return false;
    }
    if (strcmp(v.overlay, now.mask) || !v.overlay_on) {
        snprintf(line, sizeof line, "overlay %s", now.mask);
        vn_keys_command(ui, line);
    }
    look(ui);
    return true;
}

static void stop(struct vn_ui *ui)
{
    forget();
    ui->panes.ring.radius = 0;
    ui->panes.marks_end = ui->panes.dirty = true;
}

static void tick(struct vn_ui *ui)
{
    ui->panes.ring.radius = 0;
    ui->panes.marks_end = true;                  /* with the next picture, for which they are made anew */
    look(ui);
    mark(ui);
}

static void decide(struct vn_ui *ui, int accept, unsigned mods VN_UNUSED)
{
    char line[320];
    if (!now.t || !now.t->n_row || ui->busy)
        return;
    snprintf(line, sizeof line, "review %s %s %s=%lld as=%s", now.table, now.mask, accept ? "accept" : "reject", (long long)now.at + 1, now.mask);
    vn_keys_command(ui, line);
    /* the table goes on under the mask's name */
    snprintf(now.table, sizeof now.table, "%.48s_proposals", now.mask);
}

static void step(struct vn_ui *ui, int by, unsigned mods VN_UNUSED) { if (now.t) go(ui, now.at + by); }
static void open_one(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    if (now.t && now.t->n_row)
        go(ui, next_open(now.at + 1));
}

static void centre(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { if (now.t) show(ui); }
static void leave(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { vn_mode_enter(ui, NULL); }

static const struct vn_bind binds[] = {
    { "accept", "y", "accept", "accept: the bridge is drawn, the speck deleted", decide, 1 },
    { "reject", "n", "reject", "reject: the mask stays as it is", decide, 0 },
    { "next", "Space", "next", "the next proposal, the one before", step, 1 },
    { "back", "b", "back", NULL, step, -1 },
    { "open", "Tab", "open", "the next that is not decided on", open_one, 0 },
    { "centre", "c", "centre", "back to its place", centre, 0 },
    { "leave", "Esc E", "done", "done", leave, 0 },
    { 0 },
};

static int width(const struct vn_ui *ui) { return ui->panes.cols + ui->panel.w >= 110 ? 36 : 27; }

static int facts(struct vn_ui *ui, int row, const struct vn_proposal *p)
{
    const bool um = ui->panes.info.shown.vol && vn_um_known(&ui->panes.info.shown.vol->grid);
    const double *size = ui->panes.info.shown.vol ? ui->panes.info.shown.vol->grid.um : NULL;
    if (p->kind == VN_PROPOSE_BRIDGE && size) {
        double d2 = 0;
        for (int k = 0; k < 3; k++)
            d2 += pow((p->bridge.at[3 + k] - p->bridge.at[k]) * (um ? size[k] : 1), 2);
        vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "length  %.3g %s", sqrt(d2), um ? "um" : "vox");
        vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "radii   %.3g, %.3g", p->bridge.radius[0], p->bridge.radius[1]);
    }
    vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "voxels  %lld", (long long)p->voxels);
    vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "score   %.2f", p->score);
    return row;
}

static void panel(struct vn_ui *ui)
{
    const int rows = vn_panel_rows(ui), cols = vn_panel_cols(ui);
    struct vn_proposal p;
    int row = 1;
    now.n_shown = 0;
    if (!now.t || !now.t->n_row) {
        vn_panel_text(ui, row, 1, VN_LOOK_DIM, "nothing is proposed");
        vn_panel_text(ui, row + 2, 1, VN_LOOK_TEXT, "{leave}");
        return;
    }
    vn_proposal_row(now.t, now.col, now.at, &p);
    vn_panel_text(ui, row++, 1, VN_LOOK_DIM, "%.*s", cols - 2, now.mask);
    vn_panel_text(ui, row++, 1, VN_LOOK_BOLD, "%s %lld of %lld", p.kind == VN_PROPOSE_SPECK ? "speck" : "bridge", (long long)now.at + 1, (long long)now.t->n_row);
    vn_panel_text(ui, row++, 1, is_open(now.at) ? VN_LOOK_KEY : VN_LOOK_DIM, "%s, %lld left", state_of(now.t, now.at), (long long)vn_proposals_open(now.t, now.col));
    row = facts(ui, row, &p) + (rows > 18);
    vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "{accept}   {reject}");
    vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "{back}   {next}");
    vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "{undo}  {centre}  {leave}");
    row += rows > 18;
    now.first_row = row;
    now.first_shown = now.at - (rows - row) / 2;
    now.first_shown = vn_max64(0, vn_min64(now.first_shown, now.t->n_row - (rows - row)));
    for (int64_t i = now.first_shown; i < now.t->n_row && row < rows; i++, row++, now.n_shown++) {
        struct vn_proposal q;
        vn_proposal_row(now.t, now.col, i, &q);
        vn_panel_text(ui, row, 1, i == now.at ? VN_LOOK_CHOSEN : is_open(i) ? VN_LOOK_TEXT : VN_LOOK_DIM, "%3lld %-6s %.2f %-*s", (long long)i + 1,
                      q.kind == VN_PROPOSE_SPECK ? "speck" : "bridge", q.score, cols - 18, state_of(now.t, i));
    }
}

static bool mouse(struct vn_ui *ui, const struct vn_event *ev)
{
    int row, col;
    if (!vn_panel_hit(ui, ev, &row, &col))
        return false;
    if (!now.t || ev->release || ev->motion)
        return true;
    if (ev->button == VN_WHEEL_UP || ev->button == VN_WHEEL_DOWN)
        go(ui, now.at + (ev->button == VN_WHEEL_UP ? -1 : 1));
    else if (ev->button == 0 && row >= now.first_row && row < now.first_row + now.n_shown)
        go(ui, now.first_shown + row - now.first_row);
    return true;
}

static void hint(const struct vn_ui *ui VN_UNUSED, struct vn_str *b)
{
    vn_str_add(b, "{accept}  {reject}  {next}  {back}  {open}  {undo}  {centre}  {leave}");
}

const struct vn_mode vn_mode_review = {
    .name = "review", .title = "Review",
    .about = "Proposals (command proposals) one after the other: bridges between ends are drawn yellow, specks have a ring.",
    .open = { "review", "E", "review", "proposals of bridges and specks: accept or reject each with one key", NULL, 0 },
    .binds = binds, .over_browse = true, .short_results = true, .start = start, .stop = stop, .mouse = mouse, .tick = tick,
    .width = width, .panel = panel, .hint = hint,
};
