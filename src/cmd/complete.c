/* complete.c - what may stand where the cursor is, from the parameter tables. */
#include "cmd.h"
#include "mem.h"
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct list { char **v; int n, cap; };

static void add(struct list *l, const char *prefix, const char *text, const char *tail)
{
    if (strncmp(text, prefix, strlen(prefix)))
        return;
    if (l->n + 1 >= l->cap) {
        char **more = vn_realloc(l->v, (uint64_t)(l->cap * 2 + 32) * sizeof *more, NULL);
        if (!more)
            return;
        l->v = more;
        l->cap = l->cap * 2 + 32;
    }
    if ((l->v[l->n] = vn_sprintf(NULL, "%s%s", text, tail)))
        l->n++;
}

static void add_files(struct list *l, const char *typed, const char *before)
{
    char dir[4096], full[8192], shown[8192];
    const char *slash = strrchr(typed, '/'), *leaf = slash ? slash + 1 : typed;
    struct dirent *e;
    struct stat st;

    snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - typed) + 1 : 0, typed);
    DIR *d = opendir(*dir ? dir : ".");
    while (d && (e = readdir(d)) && l->n < 1000) {
        if (strncmp(e->d_name, leaf, strlen(leaf)) || (e->d_name[0] == '.' && leaf[0] != '.'))
            continue;
        snprintf(full, sizeof full, "%s%s", dir, e->d_name);
        snprintf(shown, sizeof shown, "%s%s", before, full);
        add(l, "", shown, !stat(full, &st) && S_ISDIR(st.st_mode) ? "/" : "");
    }
    if (d)
        closedir(d);
}

static void add_values(struct list *l, struct vn_session *s, const struct vn_param *p, const char *typed, const char *before)
{
    char shown[256], name[64];
    struct vn_obj *o;

    if (p->type == VN_P_CHOICE)
        for (const char *c = p->choices; *c;) {
            size_t n = strcspn(c, "|");
            if (!strncmp(c, typed, strlen(typed)) && n >= strlen(typed)) {
                snprintf(shown, sizeof shown, "%s%.*s", before, (int)n, c);
                add(l, "", shown, "");
            }
            c += n + (c[n] == '|');
        }
    if (p->type == VN_P_OBJECT)
        for (int i = 0; (o = vn_session_at(s, i, name)); i++) {
            if ((!p->kinds || (p->kinds & o->kind)) && !strncmp(name, typed, strlen(typed))) {
                snprintf(shown, sizeof shown, "%s%s", before, name);
                add(l, "", shown, "");
            }
            vn_obj_unref(o);
        }
    if (p->type == VN_P_PATH)
        add_files(l, typed, before);
}

/* Start of the command that `point` lies in: after the last ';' outside quotes. */
static int command_start(const char *line, int point)
{
    int from = 0;
    char q = 0;
    for (int i = 0; i < point; i++) {
        if (q)
            q = line[i] == q ? 0 : q;
        else if (line[i] == '"' || line[i] == '\'')
            q = line[i];
        else if (line[i] == ';')
            from = i + 1;
    }
    return from;
}

/* Positional parameter that word number n (0 = first after the verb) of the words before the cursor fills. */
static const struct vn_param *positional(const struct vn_cmd *cmd, const struct vn_words *w)
{
    int used = 0;
    for (int i = 1; i < w->n; i++) {
        const struct vn_param *p = vn_param_find(cmd->params, w->w[i]);
        used += !strchr(w->w[i], '=') && !(p && p->type == VN_P_FLAG);
    }
    for (const struct vn_param *p = cmd->params; p->name; p++)
        if ((p->flags & VN_POS) && used-- == 0)
            return p;
    return NULL;
}

static bool mentioned(const struct vn_words *w, const char *name)
{
    for (int i = 1; i < w->n; i++)
        if (!strncmp(w->w[i], name, strlen(name)) && strchr("=", w->w[i][strlen(name)]))
            return true;
    return false;
}

static void arguments(struct list *l, struct vn_session *s, const struct vn_cmd *cmd, const struct vn_words *before, const char *word,
                      const char **hint)
{
    const char *eq = strchr(word, '=');
    char key[64];

    if (eq) {
        snprintf(key, sizeof key, "%.*s", (int)(eq - word), word);
        const struct vn_param *p = vn_param_find(cmd->params, key);
        if (p) {
            *hint = p->help;
            snprintf(key, sizeof key, "%s=", p->name);
            add_values(l, s, p, eq + 1, key);
        }
        return;
    }
    const struct vn_param *next = positional(cmd, before);
    if (next) {
        *hint = next->help;
        add_values(l, s, next, word, "");
    }
    for (const struct vn_param *p = cmd->params; p->name; p++)
        if (p != next && !(p->flags & VN_POS) && !mentioned(before, p->name))
            add(l, word, p->name, p->type == VN_P_FLAG ? "" : "=");
}

char **vn_complete(struct vn_session *s, const char *line, int point, int *start, const char **hint)
{
    struct list l = { 0 };
    struct vn_words before = { 0 };
    const char *rest, *none = NULL;
    const int from = command_start(line, point);

    if (!hint)
        hint = &none;
    *hint = NULL;
    for (*start = point; *start > from && !strchr(" \t", line[*start - 1]); --*start)
        ;
    char *head = vn_sprintf(NULL, "%.*s", *start - from, line + from), *word = vn_sprintf(NULL, "%.*s", point - *start, line + *start);
    if (!head || !word || vn_words_split(head, &rest, &before, NULL))
        goto out;
    if (before.n == 0) {
        *hint = "a command ('help' lists them)";
        for (const struct vn_cmd *const *c = vn_cmd_table; *c; c++)
            add(&l, word, (*c)->name, "");
    } else {
        const struct vn_cmd *cmd = vn_cmd_find(before.w[0], true, NULL);
        if (cmd && !strcmp(cmd->name, "help")) {
            for (const struct vn_cmd *const *c = vn_cmd_table; *c; c++)
                add(&l, word, (*c)->name, "");
        } else if (cmd) {
            arguments(&l, s, cmd, &before, word, hint);
        }
    }
out:
    vn_words_free(&before);
    vn_free(head);
    vn_free(word);
    if (l.v)
        l.v[l.n] = NULL;
    return l.v;
}
