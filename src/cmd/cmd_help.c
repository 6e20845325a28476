/* cmd_help.c - "help": the list of commands, or a command's page with its parameter table. */
#include "cmd.h"
#include <stdio.h>
#include <string.h>

extern const char *const vn_help_table[][2];            /* generated from help/NAME.txt */

static const char *const type_words[] = {
    [VN_P_FLAG] = "flag", [VN_P_INT] = "integer", [VN_P_REAL] = "number", [VN_P_CHOICE] = "choice", [VN_P_LENGTH] = "length",
    [VN_P_LENGTHS] = "lengths", [VN_P_VOXEL] = "voxel size", [VN_P_BOX] = "box", [VN_P_RANGE] = "range", [VN_P_POINT] = "point", [VN_P_POINTS] = "points",
    [VN_P_REALS] = "numbers", [VN_P_TEXT] = "text", [VN_P_PATH] = "path", [VN_P_OBJECT] = "object", [VN_P_NAME] = "name",
};

/* text, whose first character stands in the given column: broken at spaces and after '|' to end before column 79; what follows
 * stands under the indent. */
static void add_wrapped(const char *text, int column, int indent, struct vn_str *b)
{
    bool gap = false, first = true;
    while (*text) {
        size_t n = strcspn(text, " |");
        char word[200];
        n += text[n] == '|';
        snprintf(word, sizeof word, "%.*s", (int)n, text);
        if (!first && column + gap + vn_text_width(word) > 78) {
            vn_str_addf(b, "\n%*s", indent, "");
            column = indent;
        } else if (gap) {
            vn_str_add(b, " ");
            column++;
        }
        vn_str_add(b, word);
        column += vn_text_width(word);
        text += n;
        n = strspn(text, " ");
        gap = n > 0;
        text += n;
        first = false;
    }
    vn_str_add(b, "\n");
}

void vn_param_takes(const struct vn_param *p, struct vn_str *b)
{
    char lo[32], hi[32];
    vn_str_add(b, p->type == VN_P_CHOICE ? p->choices : type_words[p->type]);
    if (p->unit)
        vn_str_addf(b, ", %s", p->unit);
    if (p->min != 0 || p->max != 0)
        vn_str_addf(b, ", %s to %s", vn_text_real(p->min, lo), vn_text_real(p->max, hi));
    if (p->def)
        vn_str_addf(b, ", default %s", p->def);
    if (p->flags & VN_REQ)
        vn_str_add(b, ", required");
}

static void add_table(const struct vn_param *p, struct vn_str *b)
{
    int width = 0;

    for (const struct vn_param *q = p; q->name; q++)
        width = (int)strlen(q->name) + 1 > width ? (int)strlen(q->name) + 1 : width;
    if (!p->name)
        vn_str_add(b, "  none\n");
    for (; p->name; p++) {
        const bool keyed = !(p->flags & VN_POS) && p->type != VN_P_FLAG;
        struct vn_str takes = { 0 };
        vn_param_takes(p, &takes);
        vn_str_addf(b, "  %s%-*s ", p->name, width - (int)strlen(p->name), keyed ? "=" : "");
        add_wrapped(takes.s ? takes.s : "", width + 3, width + 3, b);
        b->failed |= takes.failed;
        vn_str_free(&takes);
        if (p->help) {
            vn_str_add(b, "      ");
            add_wrapped(p->help, 6, 6, b);
        }
    }
}

static void add_synopsis(const struct vn_cmd *cmd, struct vn_str *b)
{
    struct vn_str words = { 0 };
    for (const struct vn_param *p = cmd->params; p->name; p++) {
        const char *l = p->flags & VN_REQ ? "" : "[", *r = p->flags & VN_REQ ? "" : "]";
        char word[64];
        size_t n = 0;
        for (; p->name[n] && n < 63; n++)
            word[n] = p->flags & VN_POS && p->name[n] >= 'a' && p->name[n] <= 'z' ? (char)(p->name[n] - 32) : p->name[n];
        word[n] = '\0';
        vn_str_addf(&words, "%s%s%s%s ", l, word, (p->flags & VN_POS) || p->type == VN_P_FLAG ? "" : "=", r);
    }
    const int indent = 3 + (int)strlen(cmd->name);
    vn_str_addf(b, "  %s%s", cmd->name, words.n ? " " : "");
    add_wrapped(words.s ? words.s : "", indent, indent, b);
    b->failed |= words.failed;
    vn_str_free(&words);
}

bool vn_help_page(const char *verb, struct vn_str *b)
{
    const struct vn_cmd *cmd = vn_cmd_find(verb, false, NULL);
    const char *page = NULL;

    for (int i = 0; vn_help_table[i][0] && !page; i++)
        if (!strcmp(vn_help_table[i][0], verb))
            page = vn_help_table[i][1];
    if (!page)
        return false;
    while (*page) {
        size_t n = strcspn(page, "\n");
        const char *word = page + strspn(page, " ");
        if (cmd && !strncmp(word, "(table)", 7))
            add_table(cmd->params, b);
        else if (cmd && !strncmp(word, "(synopsis)", 10))
            add_synopsis(cmd, b);
        else
            vn_str_addf(b, "%.*s\n", (int)n, page);
        page += n + (page[n] == '\n');
    }
    return true;
}

/* Verbs by task, as people look for them; one that stands nowhere here is listed under "more". */
static const struct { const char *task, *verbs; } TASKS[] = {
    { "files", "open save info set close" },
    { "look", "show overlay goto zoom slab axis layout crosshair mark window colormap pick picture" },
    { "pictures", "slice mip snap histogram spectrum profile plot" },
    { "region, grid", "roi estimate crop pad resample" },
    { "grey values", "normalise gamma calc background contrast denoise" },
    { "vessels", "segment vesselness threshold curve tune sweep" },
    { "masks", "clean repair components stats morph distance skeleton radius" },
    { "by hand", "paint erase fill delete keep recolour lift cut bridge proposals review" },
    { "graph", "graph measure" },
    { "truth", "metrics evaluate truth phantom" },
    { "groups", "cohort compare" },
    { "what was done", "list undo redo history recipe record source" },
    { "program", "help jobs messages bell doctor quit" },
};

static bool holds(const char *verbs, const char *verb)
{
    const size_t n = strlen(verb);
    for (const char *at = verbs; (at = strstr(at, verb)); at += n)
        if ((at == verbs || at[-1] == ' ') && (!at[n] || at[n] == ' '))
            return true;
    return false;
}

static bool has_task(const char *verb)
{
    for (size_t i = 0; i < VN_COUNT(TASKS); i++)
        if (holds(TASKS[i].verbs, verb))
            return true;
    return false;
}

static void add_verb(const struct vn_cmd *cmd, bool summaries, struct vn_str *b)
{
    if (summaries)
        vn_str_addf(b, "  %-12s %s\n", cmd->name, cmd->summary);
    else
        vn_str_addf(b, " %s", cmd->name);
}

static void add_heading(const char *task, bool summaries, struct vn_str *b)
{
    vn_str_addf(b, summaries ? "%s\n" : "  %-14s", task);
}

static void add_tasks(bool summaries, struct vn_str *b)
{
    bool more = false;
    for (size_t i = 0; i < VN_COUNT(TASKS); i++) {
        char verb[32];
        add_heading(TASKS[i].task, summaries, b);
        for (const char *at = TASKS[i].verbs; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
            snprintf(verb, sizeof verb, "%.*s", (int)strcspn(at, " "), at);
            const struct vn_cmd *cmd = vn_cmd_find(verb, false, NULL);
            if (cmd)
                add_verb(cmd, summaries, b);
        }
        if (!summaries)
            vn_str_add(b, "\n");
    }
    for (const struct vn_cmd *const *v = vn_cmd_table; *v; v++) {
        if (has_task((*v)->name))
            continue;
        if (!more)
            add_heading("more", summaries, b);
        add_verb(*v, summaries, b);
        more = true;
    }
    if (more && !summaries)
        vn_str_add(b, "\n");
}

static const struct vn_param params[] = {
    { "verb", VN_P_TEXT, VN_POS, .help = "command whose page is shown; all: every command with a line; without it, the commands by task" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    const char *verb = vn_args_text(&c->args, "verb");
    const bool all = verb && !strcmp(verb, "all");

    if (verb && !all) {
        const struct vn_cmd *cmd = vn_cmd_find(verb, true, err);
        if (!cmd && !vn_help_page(verb, &c->text))
            return err->code;
        if (cmd && !vn_help_page(cmd->name, &c->text))
            return vn_fail(err, VN_E_INTERNAL, "there is no page help/%s.txt", cmd->name);
        return 0;
    }
    if (!all)
        vn_str_add(&c->text, "Commands by task ('help all': each with a line, 'help VERB': its page):\n\n");
    add_tasks(all, &c->text);
    if (!all)
        vn_str_add(&c->text, "\nWords may be 'single' or \"double\" quoted; ';' separates commands; '#' starts a\n"
                             "comment. Lengths: 2um, 2vox, or a bare number (um when the voxel size is known).\n"
                             "-VERB ... goes on when the command fails; VERB ... & runs in the background.\n"
                             "'help prompt': how the command line is edited.\n");
    return c->text.failed ? vn_fail(err, VN_E_MEMORY, "no memory for the page") : 0;
}

const struct vn_cmd vn_cmd_help = { "help", "list commands, or show one command's page", params, VN_CMD_NOW | VN_CMD_NO_JOURNAL, exec, NULL };
