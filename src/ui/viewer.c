/* viewer.c - lines of text over the panes, to scroll through and to choose among. */
#include "screen.h"
#include <stdio.h>
#include <string.h>

int vn_viewer_rows(void) { return vn_screen_rows() - 3; }

/* Headings stay, and the lines with what was typed in them, whatever the case. */
static bool chosen_line(const struct vn_viewer *v, int i)
{
    const struct vn_log_line *l = &v->log->line[i];
    return !v->filter[0] || l->kind == VN_LOG_ECHO || l->kind == VN_LOG_FOLLOWS || strcasestr(l->s, v->filter);
}

/* The n-th line of those that are shown; -1: there are fewer. */
static int nth_line(const struct vn_viewer *v, int n)
{
    for (int i = 0; i < v->log->n; i++)
        if (chosen_line(v, i) && n-- == 0)
            return i;
    return -1;
}

static int viewer_lines(const struct vn_viewer *v)
{
    int n = 0;
    for (int i = 0; i < v->log->n; i++)
        n += chosen_line(v, i);
    return n;
}

static int viewer_most(const struct vn_viewer *v)
{
    const int n = viewer_lines(v);
    return n > vn_viewer_rows() ? n - vn_viewer_rows() : 0;
}

void vn_viewer_open(struct vn_ui *ui, const struct vn_log *log, int top)
{
    ui->viewer.on = true;
    ui->viewer.typing = false;
    ui->viewer.filter[0] = '\0';
    ui->viewer.log = log;
    ui->viewer.top = top < log->n ? top : viewer_most(&ui->viewer);
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
    const int was = ui->viewer.top, top = was + lines, most = viewer_most(&ui->viewer);
    const int last = lines < 0 || was < most ? most : was;       /* a short page begins with its command */
    ui->viewer.top = top < 0 ? 0 : top > last ? last : top;
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
    const int most = widest > vn_screen_cols() ? widest - vn_screen_cols() : 0, left = ui->viewer.left + columns;
    ui->viewer.left = left < 0 ? 0 : left > most ? most : left;
    ui->text_dirty = true;
}

bool vn_viewer_type(struct vn_ui *ui, const struct vn_event *ev)
{
    struct vn_viewer *v = &ui->viewer;
    const size_t n = strlen(v->filter);
    if (!v->typing && ev->code == '/') {
        v->typing = true;
    } else if (!v->typing || ev->mods & (VN_CTRL | VN_ALT)) {
        return false;
    } else if (ev->code == VN_KEY_BACKSPACE && n) {
        v->filter[n - 1] = '\0';
    } else if (ev->code == VN_KEY_ESC && n) {
        v->filter[0] = '\0';
    } else if (ev->code >= ' ' && ev->code < 127 && n + 1 < sizeof v->filter && (n || !strchr("?q", (int)ev->code))) {
        v->filter[n] = (char)ev->code;
        v->filter[n + 1] = '\0';
    } else {
        return false;
    }
    v->top = 0;
    ui->text_dirty = true;
    return true;
}

void vn_viewer_draw(const struct vn_ui *ui)
{
    const struct vn_viewer *v = &ui->viewer;
    const int n = viewer_lines(v), last = v->top + vn_viewer_rows() < n ? v->top + vn_viewer_rows() : n;
    char foot[160], find[60] = "/ finds";
    for (int i = 0, at; i < vn_viewer_rows() && (at = nth_line(v, v->top + i)) >= 0; i++)
        vn_screen_line(i, &v->log->line[at], v->left);
    if (v->typing)
        snprintf(find, sizeof find, "find: %s_", v->filter);
    snprintf(foot, sizeof foot, " %s   lines %d to %d of %d   arrows, PgUp, PgDn scroll   %s closes ", find, n ? v->top + 1 : 0, last, n,
             v->typing ? "Enter" : "q or Esc");
    vn_screen_bar(vn_viewer_rows(), foot, "");
}
