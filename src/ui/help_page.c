/* help_page.c - the keys and the commands, from the tables of the modes and of the verbs. */
#include "screen.h"
#include "mem.h"
#include <stdio.h>
#include <string.h>

/* Text from column `indent` on, folded where there are spaces; first: what stands before it in the first line. */
static void add(struct vn_log *l, enum vn_log_kind kind, const char *first, int indent, const char *text)
{
    char line[240];
    for (const int cols = vn_screen_cols(); *text; first = "") {
        const size_t room = vn_text_cut(text, cols > 2 * indent && cols - indent < 200 ? cols - indent : cols > 2 * indent ? 200 : indent);
        size_t cut = room;
        while (text[cut] && cut && text[cut] != ' ')
            cut--;
        cut = cut ? cut : room;
        snprintf(line, sizeof line, "%-*s%.*s", indent, first, (int)cut, text);
        vn_log_add(l, kind, line);
        text += cut + strspn(text + cut, " ");
    }
}

static void help_row(struct vn_log *l, const struct vn_mode *m, const struct vn_bind *b)
{
    enum { INDENT = 24 };
    char keys[80];
    int n = snprintf(keys, sizeof keys, "  %s", vn_bind_keys(m, b));
    while (m->open.name != b->name && b[1].name && !b[1].does && n < (int)sizeof keys) {
        b++;
        n += snprintf(keys + n, sizeof keys - (size_t)n, "  %s", vn_bind_keys(m, b));
    }
    while (b->does == NULL)
        b--;
    if (n < INDENT) {
        add(l, VN_LOG_TEXT, keys, INDENT, b->does);
    } else {
        char *both = vn_sprintf(NULL, "%s %s", keys + 2, b->does);
        add(l, VN_LOG_TEXT, "", 2, both ? both : "");
        vn_free(both);
    }
}

static void help_mode(struct vn_log *l, const struct vn_mode *m)
{
    vn_log_add(l, VN_LOG_ECHO, m->title);
    if (m->about)
        add(l, VN_LOG_TEXT, "", 2, m->about);
    for (const struct vn_bind *b = m->binds; b && b->name; b++)
        if (b->does)
            help_row(l, m, b);
}

/* Rows of browsing that are about the pane under the mouse, when that was used last, or in focus. */
static void help_pane(struct vn_log *l, const struct vn_ui *ui)
{
    static const char *const slice[] = { "slice-back", "leap-back", "first", "thinner", "pane-next", "full", NULL };
    static const char *const mip[] = { "direction", "pane-next", "full", NULL };
    static const char *const linked[] = { "pane-next", "flicker", "full", "slice-back", NULL };
    const struct vn_view v = vn_session_view(ui->s);
    double at[3];
    const int under = ui->pointed ? vn_panes_hit(&ui->panes, ui->pointer_x, ui->pointer_y, at) : -1;
    const bool is_mip = (under >= 0 ? ui->panes.info.box[under].pane : v.focus) == VN_MIP;
    const char *const *name = v.n_linked ? linked : is_mip ? mip : slice;
    char title[80];
    snprintf(title, sizeof title, "The pane %s: %s", under >= 0 ? "under the mouse" : "in focus",
             v.n_linked ? "one of several volumes" : is_mip ? "a projection" : "a slice");
    vn_log_add(l, VN_LOG_ECHO, title);
    if (!v.n_linked)
        add(l, VN_LOG_TEXT, "", 2, is_mip ? "A click goes to the depth of what is seen there." : "A click moves the crosshair, the wheel goes through the slices.");
    for (; *name; name++) {
        const struct vn_bind *b = vn_mode_bind(&vn_mode_browse, *name);
        if (b)
            help_row(l, &vn_mode_browse, b);
    }
}

/* What the pane is about, then the mode that is on, then all the rest. */
void vn_help_open(struct vn_ui *ui)
{
    struct vn_log *l = &ui->viewer.text;
    vn_log_clear(l);
    vn_log_add(l, VN_LOG_TEXT, "Keys. Typing here finds one, or a command.");
    if (ui->mode != &vn_mode_browse)
        help_mode(l, ui->mode);
    if (ui->panes.info.n && (ui->mode == &vn_mode_browse || ui->mode->over_browse))
        help_pane(l, ui);
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
