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

/* help, wrapped at 76 columns under an indent of 6. */
static void add_wrapped(const char *text, struct vn_str *b)
{
    int column = 6;
    vn_str_add(b, "     ");
    while (*text) {
        size_t n = strcspn(text, " ");
        char word[200];
        snprintf(word, sizeof word, "%.*s", (int)n, text);
        if (column + 1 + vn_text_width(word) > 78) {
            vn_str_add(b, "\n     ");
            column = 6;
        }
        vn_str_addf(b, " %s", word);
        column += 1 + vn_text_width(word);
        text += n + strspn(text + n, " ");
    }
    vn_str_add(b, "\n");
}

static void add_table(const struct vn_param *p, struct vn_str *b)
{
    char lo[32], hi[32];
    int width = 0;

    for (const struct vn_param *q = p; q->name; q++)
        width = (int)strlen(q->name) + 1 > width ? (int)strlen(q->name) + 1 : width;
    if (!p->name)
        vn_str_add(b, "  none\n");
    for (; p->name; p++) {
        const bool keyed = !(p->flags & VN_POS) && p->type != VN_P_FLAG;
        vn_str_addf(b, "  %s%-*s %s", p->name, width - (int)strlen(p->name), keyed ? "=" : "", p->type == VN_P_CHOICE ? p->choices : type_words[p->type]);
        if (p->unit)
            vn_str_addf(b, ", %s", p->unit);
        if (p->min != 0 || p->max != 0)
            vn_str_addf(b, ", %s to %s", vn_text_real(p->min, lo), vn_text_real(p->max, hi));
        if (p->def)
            vn_str_addf(b, ", default %s", p->def);
        if (p->flags & VN_REQ)
            vn_str_add(b, ", required");
        vn_str_add(b, "\n");
        if (p->help)
            add_wrapped(p->help, b);
    }
}

static void add_synopsis(const struct vn_cmd *cmd, struct vn_str *b)
{
    vn_str_addf(b, "  %s", cmd->name);
    for (const struct vn_param *p = cmd->params; p->name; p++) {
        const char *l = p->flags & VN_REQ ? "" : "[", *r = p->flags & VN_REQ ? "" : "]";
        char word[64];
        size_t n = 0;
        for (; p->name[n] && n < 63; n++)
            word[n] = p->flags & VN_POS && p->name[n] >= 'a' && p->name[n] <= 'z' ? (char)(p->name[n] - 32) : p->name[n];
        word[n] = '\0';
        vn_str_addf(b, " %s%s%s%s", l, word, (p->flags & VN_POS) || p->type == VN_P_FLAG ? "" : "=", r);
    }
    vn_str_add(b, "\n");
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

static const struct vn_param params[] = {
    { "verb", VN_P_TEXT, VN_POS, .help = "command whose page is shown; without it, all commands are listed" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    const char *verb = vn_args_text(&c->args, "verb");

    if (verb) {
        const struct vn_cmd *cmd = vn_cmd_find(verb, true, err);
        if (!cmd && !vn_help_page(verb, &c->text))
            return err->code;
        if (cmd && !vn_help_page(cmd->name, &c->text))
            return vn_fail(err, VN_E_INTERNAL, "there is no page help/%s.txt", cmd->name);
        return 0;
    }
    vn_str_add(&c->text, "Commands ('help VERB' or 'VERB ?' shows one; pages with units, formulas and an example):\n\n");
    for (const struct vn_cmd *const *v = vn_cmd_table; *v; v++)
        vn_str_addf(&c->text, "  %-12s %s\n", (*v)->name, (*v)->summary);
    vn_str_add(&c->text, "\nWords may be 'single' or \"double\" quoted; ';' separates commands; '#' starts a comment.\n"
                         "Lengths: 2um, 2vox, or a bare number (um when the voxel size is known).\n"
                         "-VERB ... goes on when the command fails.\n");
    return c->text.failed ? vn_fail(err, VN_E_MEMORY, "no memory for the page") : 0;
}

const struct vn_cmd vn_cmd_help = { "help", "list commands, or show one command's page", params, VN_CMD_NOW | VN_CMD_NO_JOURNAL, exec, NULL };
