/* screen.c - the drawing of everything that is text, by ncurses, and the order in which text and pictures are sent.
 *
 * ncurses believes that the panes hold no-break spaces: not blank, so that it never erases across them to the end of a
 * line; not changing, so that it never writes there.  The pictures go past it, with the cursor saved. */
#define _XOPEN_SOURCE_EXTENDED 1
#include "screen.h"
#include "ascii.h"
#include "mem.h"
#include "config.h"
#include "keys.h"
#include "mode.h"
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

static const struct { const char *name, *def, *help; } COLOR[] = {       /* in the order of the pairs */
    { "color.error", "red", "colours, \"red\", \"250\" or \"250 on 238\" (names, or numbers of the 256): of errors" },
    { "color.echo", "cyan", "of commands" }, { "color.title", "250 on 238", "of panes that are not in focus" }, { "color.key", "green", "of keys" },
};

/* "red", "250 on 238". The background is the terminal's without one. */
static bool read_color(const char *s, int *fg, int *bg)
{
    static const char *const name[] = { "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white" };
    char word[3][16] = { "" };
    int *out[2] = { fg, bg };
    const int n = s ? sscanf(s, "%15s %15s %15s", word[0], word[1], word[2]) : 0;
    *bg = -1;
    if (n != 1 && (n != 3 || strcmp(word[1], "on")))
        return false;
    for (int i = 0; i < (n + 1) / 2; i++) {
        char *end;
        *out[i] = (int)strtol(word[2 * i], &end, 10);
        for (int k = 0; k < 8 && *end; k++)
            if (!strcmp(word[2 * i], name[k])) {
                *out[i] = k;
                end = "";
            }
        if (*end || *out[i] < 0 || *out[i] > 255)
            return false;
    }
    return true;
}

static int check_color(const char *value, struct vn_err *err)
{
    int fg, bg;
    return read_color(value, &fg, &bg) ? 0 : vn_fail(err, VN_E_ARG, "'%s' is no colour: red, 250 or 250 on 238 (0 to 255)", value);
}

void vn_screen_settings(void)
{
    for (size_t i = 0; i < VN_COUNT(COLOR); i++)
        vn_config_add(COLOR[i].name, COLOR[i].def, COLOR[i].help, check_color);
}

void vn_say(struct vn_ui *ui, enum vn_log_kind kind, const char *fmt, ...)
{
    char text[1200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (kind == VN_LOG_ERROR)                    /* it ends with what to do about it */
        vn_log_say(&ui->log, kind, text, COLS);
    else
        vn_log_add(&ui->log, kind, text);
    ui->text_dirty = true;
}

bool vn_screen_too_small(void) { return COLS < MIN_COLS || LINES < MIN_ROWS; }

int vn_screen_rows(void) { return LINES; }
int vn_screen_cols(void) { return COLS; }

static int area_rows(const struct vn_ui *ui) { return LINES - ui->n_message - 2; }

/* Columns of the panel the mode wants, so many that the pictures keep MIN_COLS. */
static int panel_cols(const struct vn_ui *ui)
{
    int w = ui->mode->width && !vn_screen_too_small() ? ui->mode->width(ui) : 0;
    w = w > COLS - MIN_COLS - 1 ? COLS - MIN_COLS - 1 : w;
    return w >= 16 ? w : 0;
}

void vn_screen_layout(struct vn_ui *ui)
{
    static bool pairs;
    if (!pairs && has_colors() && vn_tty_colors() != VN_COLOR_NONE) {
        for (size_t i = 0; i < VN_COUNT(COLOR); i++) {
            int fg, bg;
            if (read_color(vn_config_get(COLOR[i].name), &fg, &bg) && fg < COLORS && bg < COLORS)
                init_pair((short)(PAIR_ERROR + i), (short)fg, (short)bg);
        }
        pairs = true;
    }
    ui->n_message = LINES >= 40 ? 5 : LINES >= 16 ? 3 : 1;
    if (ui->panes.wide)
        ui->n_message = 1;
    int rows = vn_screen_too_small() ? 0 : area_rows(ui);
    const int w = panel_cols(ui);
    ui->panel = (struct vn_rect){ COLS - w, 0, w, rows };
    if (vn_panes_resize(&ui->panes, rows ? COLS - (w ? w + 1 : 0) : 0, rows, NULL))
        ui->quit = true;                         /* not even memory for the screen's cells */
    clearok(curscr, TRUE);
    erase();
    ui->redraw = ui->text_dirty = true;
}

static attr_t color(int pair) { return vn_tty_colors() == VN_COLOR_NONE ? A_BOLD : (attr_t)COLOR_PAIR(pair); }

/* Text cut to the columns from x to `end`; returns the column after it. All text reaches the screen here. */
static int put(int y, int x, int end, const char *s)
{
    struct vn_str plain = { 0 };
    if (x >= end)
        return x;
    vn_str_plain(&plain, s, "");
    char *shown = plain.s && !plain.failed ? vn_sprintf(NULL, "%.*s", (int)vn_text_cut(plain.s, end - x), plain.s) : NULL;
    vn_str_free(&plain);
    struct vn_str ascii = { 0 };
    if (shown && !vn_tty_utf8())
        vn_ascii(shown, &ascii);
    if (shown && (vn_tty_utf8() || ascii.s))
        mvaddstr(y, x, ascii.s ? ascii.s : shown);
    x += shown ? vn_text_width(shown) : 0;
    vn_str_free(&ascii);
    vn_free(shown);
    return x;
}

static attr_t attr_of(enum vn_look look)
{
    switch (look) {
    case VN_LOOK_DIM: return A_DIM;
    case VN_LOOK_BOLD: return A_BOLD;
    case VN_LOOK_TITLE: return A_REVERSE | A_BOLD;
    case VN_LOOK_KEY: return color(PAIR_KEY) | A_BOLD;
    case VN_LOOK_ECHO: return color(PAIR_ECHO);
    case VN_LOOK_ERROR: return color(PAIR_ERROR) | A_BOLD;
    case VN_LOOK_CHOSEN: return A_REVERSE;
    default: return A_NORMAL;
    }
}

/* The row of that name of the mode that is on, of browsing, or that begins a mode; *of: whose it is. */
static const struct vn_bind *find_bind(const struct vn_ui *ui, const char *name, const struct vn_mode **of)
{
    const struct vn_bind *b = vn_mode_bind(*of = ui->mode, name);
    if (!b)
        b = vn_mode_bind(*of = &vn_mode_browse, name);
    if (!b && (*of = vn_mode_find(name)))
        b = &(*of)->open;
    return b;
}

/* "KEY label" of a row, or its key alone, to be clicked. y < 0: only measured. */
static int put_button(struct vn_ui *ui, int y, int x, int end, const struct vn_mode *m, const struct vn_bind *b, bool key_only, attr_t a)
{
    char text[80], key[16];
    const int from = x;
    vn_bind_key_name(m, b, key);
    snprintf(text, sizeof text, "%s%s", key_only || !key[0] ? "" : b->label[0] ? " " : "/", key_only ? "" : b->label);
    if (y < 0)
        return x + vn_text_width(key) + vn_text_width(text);
    attrset((int)(color(PAIR_KEY) | A_BOLD));
    x = put(y, x, end, key);
    attrset((int)a);
    x = put(y, x, end, text);
    if (x > from && ui->n_button < VN_MAX_BUTTONS)
        ui->button[ui->n_button++] = (struct vn_button){ from, y, x - from, m, b };
    return x;
}

/* Text in which "{name}" is a button and "{=name}" one with the key alone. y < 0: only measured. */
static int put_markup(struct vn_ui *ui, int y, int x, int end, attr_t a, const char *s)
{
    attrset((int)a);
    while (*s && x < end) {
        const char *open = strchr(s, '{'), *close = open ? strchr(open, '}') : NULL;
        const bool key_only = open && open[1] == '=';
        char name[32], *text = vn_sprintf(NULL, "%.*s", (int)(open ? open - s : (ptrdiff_t)strlen(s)), s);
        const struct vn_mode *m;
        const struct vn_bind *b = NULL;
        x = !text ? x : y < 0 ? x + vn_text_width(text) : put(y, x, end, text);
        vn_free(text);
        if (close && close - open - 1 < (ptrdiff_t)sizeof name) {
            snprintf(name, sizeof name, "%.*s", (int)(close - open - 1 - key_only), open + 1 + key_only);
            b = find_bind(ui, name, &m);
        }
        if (b)
            x = put_button(ui, y, x, end, m, b, key_only, a);
        else if (open)
            x = y < 0 ? x + 1 : put(y, x, end, "{");
        s = !open ? "" : b ? close + 1 : open + 1;
    }
    attrset(A_NORMAL);
    return x;
}

bool vn_screen_button(struct vn_ui *ui, const struct vn_event *ev)
{
    for (int i = 0; i < ui->n_button; i++) {
        const struct vn_button *b = &ui->button[i];
        if (ev->y != b->y || ev->x < b->x || ev->x >= b->x + b->w)
            continue;
        ui->prompting = false;
        if (b->bind->run)
            b->bind->run(ui, b->bind->arg, ev->mods);
        else
            vn_mode_enter(ui, b->mode);
        return true;
    }
    return false;
}

static void fill(int y, int x, int w, const wchar_t *c, attr_t a)
{
    cchar_t cc;
    if (!vn_tty_utf8() && *c > 127) {            /* a dim space is not blank for ncurses either */
        a = *c == 0xa0 ? A_DIM : a;
        c = *c == 0xa0 ? L" " : L"|";
    }
    setcchar(&cc, c, a, 0, NULL);
    for (int i = 0; i < w; i++)
        mvadd_wch(y, x + i, &cc);
}

/* ---- panes ---- */

static void draw_welcome(struct vn_ui *ui)
{
    static const struct { const char *what, *wide, *narrow; } line[] = {
        { "venule " VN_VERSION, "", "" }, { "", "", "" },
        { ":open FILE", "a TIFF, NIfTI, NRRD ... volume, or a folder of slices", "a volume or a folder" },
        { ":phantom network", "a made-up volume to try things on", "a made-up volume" }, { ":help", "all commands", "all commands" },
        { "{menu}", "what can be done, to choose from", "to choose from" }, { "{tour}", "the whole job in ten minutes", "the whole job" },
        { "{help}", "{quit}", "{quit}" },
    };
    const int cols = ui->panes.cols, y = (area_rows(ui) - (int)VN_COUNT(line)) / 2, x = cols > 78 ? (cols - 76) / 2 : 2;
    for (int i = 0; i < (int)VN_COUNT(line); i++)
        if (y + i >= 0 && y + i < area_rows(ui)) {
            put_markup(ui, y + i, x, cols, A_NORMAL, line[i].what);
            put_markup(ui, y + i, x + (cols > 78 ? 22 : 18), cols, A_NORMAL, cols > 78 ? line[i].wide : line[i].narrow);
        }
}

static void draw_title(const struct vn_ui *ui, int i)
{
    const struct vn_pane_info *info = &ui->panes.info;
    const struct vn_pane_box *b = &info->box[i];
    struct vn_str title = { 0 };
    char bar[24] = "";
    int y = b->y - 1, u, v;
    bool focus = vn_pane_focused(&info->shown.view, b) && info->n > 1;
    attrset((int)(focus || info->n == 1 ? A_REVERSE | A_BOLD : COLORS >= 256 && vn_tty_colors() != VN_COLOR_NONE ? color(PAIR_TITLE) : A_REVERSE));
    for (int x = 0; x < b->w; x++)
        mvaddch(y, b->x + x, ' ');
    if (info->figure[0]) {
        put(y, b->x + 1, b->x + b->w, info->figure);
        attrset(A_NORMAL);
        return;
    }
    vn_pane_title(&info->shown, b, &title);
    char *plane = info->shown.view.n_linked && title.s ? strstr(title.s, "  ") : NULL;
    if (plane && vn_text_width(title.s) >= b->w)
        *plane = '\0';                           /* a name whole rather than half a number */
    int x = title.s && !title.failed ? put(y, b->x + 1, b->x + b->w, title.s) : b->x;
    vn_str_free(&title);
    vn_scene_axes(vn_pane_axis(&info->shown.view, b->pane), &u, &v);
    if (i == 0 || b->w >= 36)
        vn_scale_bar(info->um_per_px, vn_um_known(&info->shown.vol->grid), b->w * info->px_w / 4, bar);
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
        fill(y, 0, ui->panes.cols, L"\u00a0", A_NORMAL);
    for (int i = 0; i < info->n; i++) {
        const struct vn_pane_box *b = &info->box[i];
        draw_title(ui, i);
        for (int y = -1; b->x && y < b->h; y++)
            fill(b->y + y, b->x - 1, 1, L"\u2502", A_DIM);
    }
}

/* ---- the panel ---- */

int vn_panel_rows(const struct vn_ui *ui) { return ui->panel.h; }
int vn_panel_cols(const struct vn_ui *ui) { return ui->panel.w; }

int vn_panel_text(struct vn_ui *ui, int row, int col, enum vn_look look, const char *fmt, ...)
{
    const struct vn_rect *p = &ui->panel;
    char text[600];
    va_list ap;
    if (row < 0 || row >= p->h || col < 0 || col >= p->w)
        return col;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return put_markup(ui, p->y + row, p->x + col, p->x + p->w, attr_of(look), text) - p->x;
}

int vn_panel_fold(struct vn_ui *ui, int row, int col, enum vn_look look, const char *text)
{
    const struct vn_rect *p = &ui->panel;
    const int from = col;
    bool line = false;
    while (*text) {
        const size_t n = strcspn(text, " \n");
        line = line || (col == from && n == 0 && *text == ' ');
        char word[120];
        snprintf(word, sizeof word, "%.*s", (int)n, text);
        const int w = put_markup(ui, -1, 0, 1 << 20, A_NORMAL, word);
        if (col > from && col + w >= p->w) {
            row++;
            col = from;
        }
        if (row >= 0 && row < p->h)
            put_markup(ui, p->y + row, p->x + col, p->x + p->w, attr_of(line ? VN_LOOK_ECHO : look), word);
        col += w + 1;
        text += n;
        if (*text == '\n') {
            row++;
            col = from;
            line = false;
        }
        text += *text != 0;
    }
    return row + 1;
}

bool vn_panel_hit(const struct vn_ui *ui, const struct vn_event *ev, int *row, int *col)
{
    const struct vn_rect *p = &ui->panel;
    *row = ev->y - p->y;
    *col = ev->x - p->x;
    return p->w && *row >= 0 && *row < p->h && *col >= 0 && *col < p->w;
}

static void draw_panel(struct vn_ui *ui)
{
    const struct vn_rect *p = &ui->panel;
    if (!p->w)
        return;
    for (int y = 0; y < p->h; y++)
        fill(p->y + y, p->x - 1, 1, L"\u2502", A_DIM);
    fill(p->y, p->x, p->w, L" ", A_REVERSE);
    attrset(A_REVERSE | A_BOLD);
    put(p->y, p->x + 1, p->x + p->w, ui->mode->title);
    attrset(A_NORMAL);
    if (ui->mode->panel)
        ui->mode->panel(ui);
}

/* ---- status ---- */

void vn_screen_bar(int y, const char *left, const char *right)
{
    const int w = vn_text_width(right);
    attrset(A_REVERSE);
    fill(y, 0, COLS, L" ", A_REVERSE);
    put(y, 0, w ? COLS - w - 1 : COLS, left);
    if (w < COLS)
        put(y, COLS - w, COLS, right);
    attrset(A_NORMAL);
}

void vn_screen_line(int y, const struct vn_log_line *l, int left)
{
    attrset((int)attr_of(l->kind == VN_LOG_ERROR ? VN_LOOK_ERROR : l->kind == VN_LOG_ECHO || l->kind == VN_LOG_FOLLOWS ? VN_LOOK_ECHO : VN_LOOK_TEXT));
    put(y, 0, COLS, l->s + vn_text_cut(l->s, left));
    attrset(A_NORMAL);
}

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

/* Progress of the command in front, or else of a job in the background that works, and how many others there are. */
static void add_job(const struct vn_ui *ui, struct vn_str *b)
{
    struct vn_job_info job[VN_MAX_JOBS];
    const int n = vn_runner_jobs(ui->r, job);
    int at = 0;
    for (int i = n - 1; i >= 0; i--)
        if (!job[i].behind || (job[at].behind && !job[i].p.waits && !job[i].p.away))
            at = i;
    if (!n)
        return;
    const struct vn_progress p = job[at].p;
    if (job[at].behind)
        vn_str_addf(b, "[%d] ", job[at].number);
    vn_str_addf(b, "%s%s%s ", p.what, p.stage && *p.stage ? " " : "", p.stage ? p.stage : "");
    if (p.total) {
        int done = (int)(10 * (double)p.done / (double)p.total);
        for (int i = 0; i < 10; i++)
            vn_str_add(b, i < done ? "\xe2\x96\x88" : "\xe2\x96\x91");
        vn_str_addf(b, " %.0f %%", 100 * (double)p.done / (double)p.total);
        if (!p.paused)
            add_seconds(p.left_s, b);
    } else if (!p.waits) {
        vn_str_addf(b, "%.0f s", p.elapsed_s);
    }
    vn_str_add(b, p.paused ? " paused" : p.waits ? " waits" : "");
    if (n > 1)
        vn_str_addf(b, " +%d", n - 1);
    vn_str_add(b, " ");
}

static void draw_status(const struct vn_ui *ui)
{
    struct vn_str left = { 0 }, right = { 0 };
    char mem[16];
    int y = LINES - ui->n_message - 2;
    if (ui->panes.info.figure[0])
        vn_str_add(&left, " a figure, in the place of the volume");
    else if (ui->panes.info.n)
        add_place(ui, &left);
    else
        vn_str_add(&left, " no volume");
    add_job(ui, &right);
    if (ui->device[0])
        vn_str_addf(&right, "%s  ", ui->device);
    if (ui->link.trip > 0 && COLS >= 100)
        vn_str_addf(&right, "%.0f ms %.1f kB  ", ceil(1e3 * ui->link.trip), 1e-3 * (double)ui->frame_bytes);
    vn_str_addf(&right, "%s ", vn_text_bytes(vn_mem_in_use(), mem));
    vn_screen_bar(y, left.s && !left.failed ? left.s : "", right.s && !right.failed ? right.s : "");
    vn_str_free(&left);
    vn_str_free(&right);
}

/* ---- messages and prompt ---- */

/* Where an error or a note goes on below the last row, it ends with dots. */
static void draw_messages(const struct vn_ui *ui)
{
    int at[VN_LOG_ROWS];
    const struct vn_log *l = &ui->log;
    const int n = vn_log_newest(l, ui->n_message, at), top = LINES - ui->n_message - 1;
    for (int i = 0; i < n; i++)
        vn_screen_line(top + i, &l->line[at[i]], 0);
    if (n > 0 && at[n - 1] + 1 < l->n && vn_log_said(&l->line[at[n - 1]]) && vn_log_said(&l->line[at[n - 1] + 1])) {
        const int w = vn_text_width(l->line[at[n - 1]].s);
        attrset((int)attr_of(VN_LOOK_DIM));
        put(top + n - 1, w + 2 < COLS ? w : COLS - 2, COLS, " \xe2\x80\xa6");
        attrset(A_NORMAL);
    }
}

/* What is expected at the cursor, behind the line when there is room. */
static void draw_hint(int x)
{
    struct vn_str b = { 0 };
    vn_prompt_hint(&b);
    const int room = COLS - 1 - x;
    if (b.s && !b.failed && room >= 16) {
        const bool cut = vn_text_width(b.s) > room;
        attrset((int)attr_of(VN_LOOK_DIM));
        x = put(LINES - 1, x, cut ? COLS - 2 : COLS - 1, b.s);
        if (cut)
            put(LINES - 1, x, COLS, "\xe2\x80\xa6");
        attrset(A_NORMAL);
    }
    vn_str_free(&b);
}

/* Returns the cursor's column, or -1 when it is hidden. */
static int draw_prompt(struct vn_ui *ui)
{
    struct vn_str b = { 0 };
    int cursor = -1;
    if (ui->prompting) {
        cursor = vn_prompt_show(COLS, &b);
        const int x = b.s && !b.failed ? put(LINES - 1, 0, COLS, b.s) : 0;
        draw_hint(x > cursor ? x + 2 : cursor + 3);
    } else if (ui->mode->hint) {
        ui->mode->hint(ui, &b);
        if (b.s && !b.failed)
            put_markup(ui, LINES - 1, 0, COLS, A_NORMAL, b.s);
    }
    vn_str_free(&b);
    return cursor;
}

static void send_pictures(struct vn_ui *ui)
{
    struct vn_str b = { 0 };
    const double now = vn_tty_now();
    const struct vn_link_room room = vn_link_room(&ui->link, now);
    vn_str_add(&b, "\0337");
    const size_t before = b.n;
    if (ui->viewer.on || vn_screen_too_small())
        ui->panes.fresh = ui->panes.behind = false;
    else
        vn_panes_emit(&ui->panes, &room, now - ui->moved_at < VN_REST_S, &b);
    if (b.n > before)
        ui->frame_bytes = b.n - before;
    vn_str_add(&b, "\0338\033[?2026l");
    const bool asks = vn_link_asks(&ui->link, now);
    if (asks)
        vn_str_add(&b, vn_tty_ack_request());
    if (b.s && !b.failed)
        vn_tty_write(b.s, b.n);
    else
        vn_panes_forget(&ui->panes, 0, 0, 0, 0);
    vn_link_sent(&ui->link, now, b.n, asks && !b.failed);
    vn_str_free(&b);
}

/* Frames that move: what ncurses leaves as it is between two changes of a line it may send again, over the pictures. */
static void frames_moved(struct vn_ui *ui)
{
    static struct vn_pane_box drawn[4];
    static int n_drawn;
    const struct vn_pane_info *info = &ui->panes.info;
    const size_t size = (size_t)info->n * sizeof drawn[0];
    if (info->n == n_drawn && !memcmp(drawn, info->box, size))
        return;
    memcpy(drawn, info->box, size);
    n_drawn = info->n;
    if (ui->panes.old)
        vn_panes_forget(&ui->panes, 0, 0, 0, 0);
}

/* ncurses moves whole rows where text has moved, and with them the pictures, which it does not know of; idlok keeps it from
 * inserting lines alone.  Of one changed row it finds that nothing has moved. */
static void send_text(void)
{
    for (int y = 0; y < LINES && !is_cleared(curscr); y++) {
        WINDOW *row = derwin(stdscr, 1, COLS, y, 0);
        if (!row)
            continue;
        leaveok(row, TRUE);
        touchwin(row);
        wnoutrefresh(row);
        if (is_linetouched(newscr, y))
            doupdate();
        delwin(row);
    }
    wnoutrefresh(stdscr);
    doupdate();
}

void vn_screen_draw(struct vn_ui *ui)
{
    int cursor = -1;
    ui->n_button = 0;
    if (panel_cols(ui) != ui->panel.w)
        vn_screen_layout(ui);
    if (ui->redraw) {
        clearok(curscr, TRUE);
        if (ui->panes.old)
            vn_panes_forget(&ui->panes, 0, 0, 0, 0);
        ui->redraw = false;
    }
    frames_moved(ui);
    erase();
    if (vn_screen_too_small()) {
        char why[80];
        snprintf(why, sizeof why, "%dx%d is too small: %dx%d at least (q quits)", COLS, LINES, MIN_COLS, MIN_ROWS);
        put(0, 0, COLS, why);
    } else {
        if (ui->viewer.on)
            vn_viewer_draw(ui);
        else if (ui->panes.info.n)
            draw_panes(ui);
        else if (!ui->panes.info.shown.vol && !ui->panes.task)
            draw_welcome(ui);
        if (!ui->viewer.on) {
            draw_panel(ui);
            draw_status(ui);
            draw_messages(ui);
        }
        cursor = draw_prompt(ui);
    }
    curs_set(cursor >= 0 ? 1 : 0);
    move(LINES - 1, cursor >= 0 ? cursor : 0);
    vn_tty_write("\033[?2026h", 8);
    send_text();
    send_pictures(ui);
    ui->text_dirty = false;
}
