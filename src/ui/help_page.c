/* help_page.c - the keys and the commands, from the tables of the modes and of the verbs. */
#include "screen.h"
#include <stdio.h>
#include <string.h>

static void help_row(struct vn_log *l, const struct vn_mode *m, const struct vn_bind *b)
{
    enum { INDENT = 24 };
    char line[240], keys[80];
    int n = snprintf(keys, sizeof keys, "%s", vn_bind_keys(m, b));
    while (m->open.name != b->name && b[1].name && !b[1].does && n < (int)sizeof keys) {
        b++;
        n += snprintf(keys + n, sizeof keys - (size_t)n, "  %s", vn_bind_keys(m, b));
    }
    while (b->does == NULL)
        b--;
    const char *does = b->does;
    for (int first = 1; *does; first = 0) {      /* folded where there are spaces */
        const size_t room = vn_text_cut(does, vn_screen_cols() > 2 * INDENT ? vn_screen_cols() - INDENT : INDENT);
        size_t cut = room;
        while (does[cut] && cut && does[cut] != ' ')
            cut--;
        cut = cut ? cut : room;
        snprintf(line, sizeof line, "  %-*s %.*s", INDENT - 3, first ? keys : "", (int)cut, does);
        vn_log_add(l, VN_LOG_TEXT, line);
        does += cut + strspn(does + cut, " ");
    }
}

static void help_mode(struct vn_log *l, const struct vn_mode *m)
{
    char line[400];
    snprintf(line, sizeof line, "%s", m->title);
    vn_log_add(l, VN_LOG_ECHO, line);
    if (m->about) {
        snprintf(line, sizeof line, "  %s", m->about);
        vn_log_add(l, VN_LOG_TEXT, line);
    }
    for (const struct vn_bind *b = m->binds; b && b->name; b++)
        if (b->does)
            help_row(l, m, b);
}

/* Rows of browsing that are about the pane in focus. */
static void help_pane(struct vn_log *l, const struct vn_view *v)
{
    static const char *const slice[] = { "slice-back", "leap-back", "first", "thinner", "pane-next", "full", NULL };
    static const char *const mip[] = { "direction", "pane-next", "full", NULL };
    static const char *const linked[] = { "pane-next", "flicker", "full", "slice-back", NULL };
    const char *const *name = v->n_linked ? linked : v->focus == VN_MIP ? mip : slice;
    vn_log_add(l, VN_LOG_ECHO, v->n_linked        ? "Keys of the pane in focus: one of several volumes, side by side"
                               : v->focus == VN_MIP ? "Keys of the pane in focus: a projection; a click goes to the depth of what is seen there"
                                                    : "Keys of the pane in focus: a slice; a click moves the crosshair, the wheel goes through the slices");
    for (; *name; name++) {
        const struct vn_bind *b = vn_mode_bind(&vn_mode_browse, *name);
        if (b)
            help_row(l, &vn_mode_browse, b);
    }
}

/* What the pane in focus is about, then the mode that is on, then all the rest. */
void vn_help_open(struct vn_ui *ui)
{
    struct vn_log *l = &ui->viewer.text;
    const struct vn_view v = vn_session_view(ui->s);
    vn_log_clear(l);
    vn_log_add(l, VN_LOG_TEXT, "Typing here finds a key or a command.");
    if (ui->mode != &vn_mode_browse)
        help_mode(l, ui->mode);
    if (ui->panes.info.n && (ui->mode == &vn_mode_browse || ui->mode->over_browse))
        help_pane(l, &v);
    if (ui->mode == &vn_mode_browse || ui->mode->over_browse) {
        help_mode(l, &vn_mode_browse);
        vn_log_add(l, VN_LOG_ECHO, "What to do");
        for (int i = 0; vn_mode_table[i]; i++)
            if (vn_mode_table[i]->open.keys)
                help_row(l, vn_mode_table[i], &vn_mode_table[i]->open);
    }
    for (int i = 0; ui->mode == &vn_mode_browse && vn_mode_table[i]; i++)
        if (vn_mode_table[i] != &vn_mode_browse)
            help_mode(l, vn_mode_table[i]);
    vn_log_add(l, VN_LOG_ECHO, "Commands (help VERB explains one)");
    for (int i = 0; vn_cmd_table[i]; i++) {
        char line[200];
        snprintf(line, sizeof line, "  :%-20s %s", vn_cmd_table[i]->name, vn_cmd_table[i]->summary);
        vn_log_add(l, VN_LOG_TEXT, line);
    }
    vn_viewer_open(ui, l, 0);
    ui->viewer.typing = true;
}
