/* screen.c - the drawing of everything that is text, by ncurses, and the order in which text and pictures are sent.
 *
 * ncurses believes that the panes hold no-break spaces: not blank, so that it never erases across them to the end of a
 * line; not changing, so that it never writes there.  The pictures go past it, with the cursor saved. */
#define _XOPEN_SOURCE_EXTENDED 1
#include "screen.h"
#include "mem.h"
#include "paint.h"
#include "prompt.h"
#include "tty.h"
#include <math.h>
#include <ncurses.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAIR_ERROR = 1, PAIR_ECHO, PAIR_TITLE, PAIR_KEY };
enum { MIN_COLS = 40, MIN_ROWS = 10 };

/* A message ends with what to do about it: it is folded at the window's width, where there are spaces. */
static void add_folded(struct vn_ui *ui, enum vn_log_kind kind, const char *text)
{
    char line[1300];
    for (int indent = 0; *text; indent = 2) {
        const size_t room = vn_text_cut(text, COLS > 20 ? COLS - indent : 20);
        size_t n = room;
        while (text[n] && n && text[n] != ' ')
            n--;
        n = n ? n : room;
        snprintf(line, sizeof line, "%*s%.*s", indent, "", (int)n, text);
        vn_log_add(&ui->log, kind, line);
        text += n + strspn(text + n, " ");
    }
}

void vn_say(struct vn_ui *ui, enum vn_log_kind kind, const char *fmt, ...)
{
    char text[1200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (kind == VN_LOG_ERROR)
        add_folded(ui, kind, text);
    else
        vn_log_add(&ui->log, kind, text);
    ui->text_dirty = true;
}

bool vn_screen_too_small(void) { return COLS < MIN_COLS || LINES < MIN_ROWS; }

int vn_screen_rows(void) { return LINES; }

static int area_rows(const struct vn_ui *ui) { return LINES - ui->n_message - 2; }

void vn_screen_layout(struct vn_ui *ui)
{
    static bool pairs;
    if (!pairs && has_colors() && vn_tty_colors() != VN_COLOR_NONE) {
        init_pair(PAIR_ERROR, COLOR_RED, -1);
        init_pair(PAIR_ECHO, COLOR_CYAN, -1);
        if (COLORS >= 256)
            init_pair(PAIR_TITLE, 250, 238);
        init_pair(PAIR_KEY, COLOR_GREEN, -1);
        pairs = true;
    }
    ui->n_message = LINES >= 40 ? 5 : LINES >= 16 ? 3 : 1;
    int rows = vn_screen_too_small() ? 0 : area_rows(ui);
    if (vn_panes_resize(&ui->panes, rows ? COLS : 0, rows, NULL))
        ui->quit = true;                         /* not even memory for the screen's cells */
    clearok(curscr, TRUE);
    erase();
    ui->redraw = ui->text_dirty = true;
}

static attr_t color(int pair) { return vn_tty_colors() == VN_COLOR_NONE ? A_BOLD : (attr_t)COLOR_PAIR(pair); }

/* Text cut to the columns from x to `end`; returns the column after it. */
static int put(int y, int x, int end, const char *s)
{
    if (x >= end)
        return x;
    size_t n = vn_text_cut(s, end - x);
    mvaddnstr(y, x, s, (int)n);
    char *shown = vn_sprintf(NULL, "%.*s", (int)n, s);
    x += shown ? vn_text_width(shown) : 0;
    vn_free(shown);
    return x;
}

static void fill(int y, int x, int w, const wchar_t *c, attr_t a)
{
    cchar_t cc;
    setcchar(&cc, c, a, 0, NULL);
    for (int i = 0; i < w; i++)
        mvadd_wch(y, x + i, &cc);
}

/* ---- panes ---- */

static void draw_welcome(const struct vn_ui *ui)
{
    static const char *const line[] = {
        "venule " VN_VERSION, "", ":open FILE            a TIFF, NIfTI, OME-Zarr, HDF5 ... volume",
        ":phantom network      a made-up volume to try things on", ":help                 all commands", "?  keys      q  quit",
    };
    int y = (area_rows(ui) - (int)VN_COUNT(line)) / 2;
    for (int i = 0; i < (int)VN_COUNT(line); i++)
        if (y + i >= 0 && y + i < area_rows(ui))
            put(y + i, COLS > 70 ? (COLS - 56) / 2 : 2, COLS, line[i]);
}

static void draw_title(const struct vn_ui *ui, int i)
{
    const struct vn_pane_info *info = &ui->panes.info;
    const struct vn_pane_box *b = &info->box[i];
    struct vn_str title = { 0 };
    char bar[24] = "";
    int y = b->y - 1, px_w, px_h, u, v;
    bool focus = vn_pane_focused(&info->shown.view, b) && info->n > 1;
    vn_cell_size(ui->panes.mode, &px_w, &px_h);
    attrset((int)(focus || info->n == 1 ? A_REVERSE | A_BOLD : COLORS >= 256 && vn_tty_colors() != VN_COLOR_NONE ? color(PAIR_TITLE) : A_REVERSE));
    for (int x = 0; x < b->w; x++)
        mvaddch(y, b->x + x, ' ');
    vn_pane_title(&info->shown, b, &title);
    char *plane = info->shown.view.n_linked && title.s ? strstr(title.s, "  ") : NULL;
    if (plane && vn_text_width(title.s) >= b->w)
        *plane = '\0';                           /* a name whole rather than half a number */
    int x = title.s && !title.failed ? put(y, b->x + 1, b->x + b->w, title.s) : b->x;
    vn_str_free(&title);
    vn_scene_axes(vn_pane_axis(&info->shown.view, b->pane), &u, &v);
    if (i == 0)
        vn_scale_bar(info->um_per_px, vn_um_known(&info->shown.vol->grid), b->w * px_w / 4, bar);
    char right[64];
    snprintf(right, sizeof right, "%s%s%s%c\xe2\x86\x92 %c\xe2\x86\x93 ", bar[0] ? "bar " : "", bar, bar[0] ? "  " : "", 'x' + u, 'x' + v);
    if (b->x + b->w - vn_text_width(right) > x)
        put(y, b->x + b->w - vn_text_width(right), b->x + b->w, right);
    attrset(A_NORMAL);
}

static void draw_panes(const struct vn_ui *ui)
{
    const struct vn_pane_info *info = &ui->panes.info;
    for (int y = 0; y < area_rows(ui); y++)
        fill(y, 0, COLS, L"\u00a0", A_NORMAL);
    for (int i = 0; i < info->n; i++) {
        const struct vn_pane_box *b = &info->box[i];
        draw_title(ui, i);
        for (int y = -1; b->x && y < b->h; y++)
            fill(b->y + y, b->x - 1, 1, L"\u2502", A_DIM);
    }
}

/* ---- text viewer ---- */

int vn_viewer_rows(void) { return LINES - 3; }

static int viewer_most(const struct vn_viewer *v) { return v->log->n > vn_viewer_rows() ? v->log->n - vn_viewer_rows() : 0; }

void vn_viewer_open(struct vn_ui *ui, const struct vn_log *log, int top)
{
    ui->viewer.on = true;
    ui->viewer.log = log;
    int most = viewer_most(&ui->viewer);
    ui->viewer.top = top < most ? top : most;
    ui->viewer.left = 0;
    ui->text_dirty = true;
}

void vn_viewer_close(struct vn_ui *ui)
{
    ui->viewer.on = false;
    vn_log_clear(&ui->viewer.text);
    vn_panes_forget(&ui->panes, 0, 0, 0, 0);
    ui->text_dirty = true;
}

void vn_viewer_scroll(struct vn_ui *ui, int lines)
{
    int most = viewer_most(&ui->viewer), top = ui->viewer.top + lines;
    ui->viewer.top = top < 0 ? 0 : top > most ? most : top;
    ui->text_dirty = true;
}

void vn_viewer_shift(struct vn_ui *ui, int columns)
{
    const struct vn_log *l = ui->viewer.log;
    int widest = 0;
    for (int i = 0; i < l->n; i++) {
        const int w = vn_text_width(l->line[i].s);
        widest = w > widest ? w : widest;
    }
    const int most = widest > COLS ? widest - COLS : 0, left = ui->viewer.left + columns;
    ui->viewer.left = left < 0 ? 0 : left > most ? most : left;
    ui->text_dirty = true;
}

static void draw_line(int y, const struct vn_log_line *l, int left)
{
    attrset((int)(l->kind == VN_LOG_ERROR ? color(PAIR_ERROR) | A_BOLD : l->kind == VN_LOG_ECHO ? color(PAIR_ECHO) : A_NORMAL));
    put(y, 0, COLS, l->s + vn_text_cut(l->s, left));
    attrset(A_NORMAL);
}

static void draw_viewer(const struct vn_ui *ui)
{
    const struct vn_viewer *v = &ui->viewer;
    char foot[120];
    for (int i = 0; i < vn_viewer_rows() && v->top + i < v->log->n; i++)
        draw_line(i, &v->log->line[v->top + i], v->left);
    snprintf(foot, sizeof foot, " lines %d to %d of %d   arrows, PgUp, PgDn scroll   q or Esc closes ", v->top + 1,
             v->top + vn_viewer_rows() < v->log->n ? v->top + vn_viewer_rows() : v->log->n, v->log->n);
    attrset(A_REVERSE);
    fill(LINES - 3, 0, COLS, L" ", A_REVERSE);
    put(LINES - 3, 0, COLS, foot);
    attrset(A_NORMAL);
}

/* ---- status ---- */

static void add_place(const struct vn_ui *ui, struct vn_str *b)
{
    const struct vn_pane_info *info = &ui->panes.info;
    const struct vn_vol *v = info->shown.vol;
    const struct vn_view *view = &info->shown.view;
    const double *at = view->at, *w = view->window[view->front];
    if (!view->n_linked)
        vn_str_addf(b, " %s ", view->volume);
    vn_str_addf(b, " %.0f,%.0f,%.0f", floor(at[0]), floor(at[1]), floor(at[2]));
    for (int i = 0; i <= view->n_linked; i++)
        if (view->n_linked)
            vn_str_addf(b, "  %s %.6g", vn_shown_name(view, i), info->value[i]);
        else if (!isnan(info->value[0]))
            vn_str_addf(b, " = %.6g", info->value[0]);
    bool listed = false;
    for (int i = 1; i <= view->n_linked; i++)
        listed = listed || !strcmp(view->overlay, vn_shown_name(view, i));
    if (info->shown.overlay && !listed && !isnan(info->overlay_value))
        vn_str_addf(b, " (%s %.4g)", info->shown.view.overlay, info->overlay_value);
    if (vn_um_known(&v->grid) && COLS >= 100)
        vn_str_addf(b, "  %.1f,%.1f,%.1f um", (floor(at[0]) + 0.5) * v->grid.um[0], (floor(at[1]) + 0.5) * v->grid.um[1], (floor(at[2]) + 0.5) * v->grid.um[2]);
    else if (COLS >= 100)
        vn_str_add(b, "  voxel size unknown");
    vn_str_addf(b, "  %s%.6g..%.6g", w[1] > w[0] ? "w " : "auto ", info->window[0], info->window[1]);
    if (info->shown.view.zoom > 1)
        vn_str_addf(b, "  x%.3g", info->shown.view.zoom);
    if (info->shown.has_roi)
        vn_str_addf(b, "  roi %lldx%lldx%lld", (long long)vn_box_dim(&info->shown.roi, 0), (long long)vn_box_dim(&info->shown.roi, 1),
                    (long long)vn_box_dim(&info->shown.roi, 2));
    if (info->holes)
        vn_str_add(b, "  HOLES");
    if (info->sampled)
        vn_str_add(b, "  sampled");
}

static void add_seconds(double s, struct vn_str *b)
{
    if (s >= 90)
        vn_str_addf(b, " %.0f min left", s / 60);
    else if (s >= 0)
        vn_str_addf(b, " %.0f s left", ceil(s));
}

/* Progress of the command that runs, if any. */
static void add_job(const struct vn_ui *ui, struct vn_str *b)
{
    struct vn_job *j = vn_job_current();
    if (!j || !ui->busy)
        return;
    struct vn_progress p = vn_job_progress(j);
    if (!strcmp(p.what, "picture"))
        return;
    vn_str_addf(b, "%s%s%s ", p.what, p.stage && *p.stage ? " " : "", p.stage ? p.stage : "");
    if (p.total) {
        int done = (int)(10 * (double)p.done / (double)p.total);
        for (int i = 0; i < 10; i++)
            vn_str_add(b, i < done ? "\xe2\x96\x88" : "\xe2\x96\x91");
        vn_str_addf(b, " %.0f %%", 100 * (double)p.done / (double)p.total);
        add_seconds(p.left_s, b);
    } else {
        vn_str_addf(b, "%.0f s", p.elapsed_s);
    }
    vn_str_add(b, " ");
}

static void draw_status(const struct vn_ui *ui)
{
    struct vn_str left = { 0 }, right = { 0 };
    char mem[16];
    int y = LINES - ui->n_message - 2;
    if (ui->panes.info.n)
        add_place(ui, &left);
    else
        vn_str_add(&left, " no volume");
    add_job(ui, &right);
    if (ui->device[0])
        vn_str_addf(&right, "%s  ", ui->device);
    vn_str_addf(&right, "%s ", vn_text_bytes(vn_mem_in_use(), mem));
    attrset(A_REVERSE);
    fill(y, 0, COLS, L" ", A_REVERSE);
    int w = right.s && !right.failed ? vn_text_width(right.s) : 0;
    if (left.s && !left.failed)
        put(y, 0, COLS - w - 1, left.s);
    if (w && w < COLS)
        put(y, COLS - w, COLS, right.s);
    attrset(A_NORMAL);
    vn_str_free(&left);
    vn_str_free(&right);
}

/* ---- messages and prompt ---- */

static void draw_messages(const struct vn_ui *ui)
{
    int y = LINES - ui->n_message - 1, from = ui->log.n > ui->n_message ? ui->log.n - ui->n_message : 0;
    for (int i = 0; i < ui->n_message && from + i < ui->log.n; i++)
        draw_line(y + i, &ui->log.line[from + i], 0);
}

/* Returns the cursor's column, or -1 when it is hidden. */
static int draw_prompt(const struct vn_ui *ui)
{
    struct vn_view view = vn_session_view(ui->s);
    struct vn_str b = { 0 };
    int cursor = -1;
    if (ui->mode == VN_PROMPT)
        cursor = vn_prompt_show(COLS, &b);
    else if (ui->mode == VN_THRESHOLD)
        vn_str_addf(&b, "threshold %s  low %.3f  high %.3f   \xe2\x86\x90\xe2\x86\x92 low  \xe2\x86\x91\xe2\x86\x93 high  Enter  Esc", view.threshold_of, view.low, view.high);
    else if (ui->mode == VN_EDIT)
        vn_paint_status(ui, &b);
    else if (ui->mode == VN_REGION_BOX)
        vn_str_addf(&b, "region %lldx%lldx%lld   + - size  xX yY zZ one side  arrows move  Enter  Esc",
                    (long long)vn_box_dim(&ui->box, 0), (long long)vn_box_dim(&ui->box, 1), (long long)vn_box_dim(&ui->box, 2));
    else if (ui->busy)
        vn_str_add(&b, "working: Ctrl-C or Esc cancels   : command   ? keys   q quit");
    else
        vn_str_add(&b, ": command  ? keys  f full  Tab pane  PgUp PgDn slice  + - zoom  q quit");
    attrset((int)(ui->mode == VN_PROMPT ? A_NORMAL : ui->mode == VN_BROWSE ? A_DIM : color(PAIR_KEY) | A_BOLD));
    if (b.s && !b.failed)
        put(LINES - 1, 0, COLS, b.s);
    attrset(A_NORMAL);
    vn_str_free(&b);
    return cursor;
}

static void send_pictures(struct vn_ui *ui)
{
    struct vn_str b = { 0 };
    vn_paint_ring(ui);
    vn_str_add(&b, "\0337");
    if (ui->viewer.on || vn_screen_too_small())
        ui->panes.fresh = false;
    else
        vn_panes_emit(&ui->panes, 0, 0, 0, 0, &b);
    vn_str_add(&b, "\0338\033[?2026l");
    if (ui->acks && (ui->focused || !vn_tty_in_tmux())) {
        vn_str_add(&b, vn_tty_ack_request());
        ui->in_flight = true;
    }
    ui->sent_at = vn_tty_now();
    if (b.s && !b.failed)
        vn_tty_write(b.s, b.n);
    else
        vn_panes_forget(&ui->panes, 0, 0, 0, 0);
    vn_str_free(&b);
}

void vn_screen_draw(struct vn_ui *ui)
{
    int cursor = -1;
    if (ui->redraw) {
        clearok(curscr, TRUE);
        if (ui->panes.old)
            vn_panes_forget(&ui->panes, 0, 0, 0, 0);
        ui->redraw = false;
    }
    erase();
    if (vn_screen_too_small()) {
        char why[80];
        snprintf(why, sizeof why, "%dx%d is too small: %dx%d at least (q quits)", COLS, LINES, MIN_COLS, MIN_ROWS);
        put(0, 0, COLS, why);
    } else {
        if (ui->viewer.on)
            draw_viewer(ui);
        else if (ui->panes.info.n)
            draw_panes(ui);
        else if (!ui->panes.info.shown.vol && !ui->panes.task)
            draw_welcome(ui);
        if (!ui->viewer.on) {
            draw_status(ui);
            draw_messages(ui);
        }
        cursor = draw_prompt(ui);
    }
    curs_set(cursor >= 0 ? 1 : 0);
    move(LINES - 1, cursor >= 0 ? cursor : 0);
    wnoutrefresh(stdscr);
    vn_tty_write("\033[?2026h", 8);
    doupdate();
    send_pictures(ui);
    ui->text_dirty = false;
}
