/* complete.c - what may stand where the cursor is, and what is expected there, from the parameter tables. */
#include "cmd.h"
#include "mem.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

extern const char *const vn_help_table[][2];            /* generated from help/NAME.txt */

/* ---- where the cursor is ---- */

struct cursor {
    int word, value;                     /* where its word begins, and behind NAME= the value */
    char *typed;                         /* of the value, up to the cursor, without quotes */
    bool key;                            /* it stands behind NAME= */
    struct vn_words before;              /* the command's words before it */
    const struct vn_cmd *cmd;            /* NULL: the verb is being typed, or is none */
    const struct vn_param *p;            /* what is expected; NULL: nothing known */
};

/* Start of the command and of the word that `point` lies in. */
static void find_word(const char *line, int point, int *command, int *word)
{
    char q = 0;
    *command = *word = 0;
    for (int i = 0; i < point; i++) {
        if (q) {
            q = line[i] == q ? 0 : q;
        } else if (line[i] == '"' || line[i] == '\'') {
            q = line[i];
        } else if (line[i] == ';') {
            *command = *word = i + 1;
        } else if (strchr(" \t", line[i])) {
            *word = i + 1;
        }
    }
}

/* Without quotes; one may be open. */
static char *unquoted(const char *s, int n)
{
    char *out = vn_alloc((uint64_t)n + 1, NULL), *o = out, q = 0;
    for (int i = 0; out && i < n; i++)
        if (q ? s[i] == q : s[i] == '"' || s[i] == '\'')
            q = q ? 0 : s[i];
        else
            *o++ = s[i];
    if (out)
        *o = '\0';
    return out;
}

/* The positional parameter that comes after the words before the cursor. */
static const struct vn_param *positional(const struct vn_cmd *cmd, const struct vn_words *w)
{
    int used = 0;
    for (int i = 1; i < w->n; i++) {
        const struct vn_param *p = w->quoted[i] ? NULL : vn_param_find(cmd->params, w->w[i]);
        used += (w->quoted[i] || !strchr(w->w[i], '=')) && !(p && p->type == VN_P_FLAG);
    }
    for (const struct vn_param *p = cmd->params; p->name; p++)
        if ((p->flags & VN_POS) && (used-- == 0 || (p->flags & VN_REST)))
            return p;
    return NULL;
}

static void cursor_free(struct cursor *c)
{
    vn_words_free(&c->before);
    vn_free(c->typed);
}

/* False: nothing can be said. */
static bool cursor_find(const char *line, int point, struct cursor *c)
{
    const char *rest;
    int command;

    *c = (struct cursor){ 0 };
    find_word(line, point, &command, &c->word);
    c->value = c->word;
    char *head = vn_sprintf(NULL, "%.*s", c->word - command, line + command);
    const bool ok = head && !vn_words_split(head, &rest, &c->before, NULL);
    vn_free(head);
    if (!ok)
        return false;
    if (c->before.n)
        c->cmd = vn_cmd_find(c->before.w[0] + (c->before.w[0][0] == '-'), true, NULL);
    const char *w = line + c->word, *eq = memchr(w, '=', (size_t)(point - c->word));
    if (c->cmd && eq && eq > w && *w != '"' && *w != '\'') {
        char key[64];
        snprintf(key, sizeof key, "%.*s", (int)(eq - w), w);
        c->p = vn_param_find(c->cmd->params, key);
        c->key = true;
        c->value = (int)(eq + 1 - line);
    } else if (c->cmd) {
        c->p = positional(c->cmd, &c->before);
    }
    c->typed = unquoted(line + c->value, point - c->value);
    return c->typed != NULL;
}

/* ---- candidates ---- */

enum { MAX_LIST = 2000 };
struct list { char **v; int n, cap; };

static void add(struct list *l, const char *typed, const char *text, const char *tail)
{
    if (strncmp(text, typed, strlen(typed)) || l->n == MAX_LIST)
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

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void add_files(struct list *l, const char *typed)
{
    char full[8192];
    const char *slash = strrchr(typed, '/'), *home = typed[0] == '~' && (!typed[1] || typed[1] == '/') ? getenv("HOME") : NULL;
    const char *leaf = slash ? slash + 1 : home ? "" : typed;
    const int from = l->n;
    struct dirent *e;
    struct stat st;

    char *dir = vn_sprintf(NULL, "%s%.*s", home ? home : "", slash ? (int)(slash - typed) + 1 - (home != NULL) : 0, typed + (home != NULL));
    if (dir && home && !slash)
        add(l, "", home, "/");
    DIR *d = dir && (!home || slash) ? opendir(*dir ? dir : ".") : NULL;
    while (d && (e = readdir(d)) && l->n < MAX_LIST) {
        if (strncmp(e->d_name, leaf, strlen(leaf)) || (e->d_name[0] == '.' && leaf[0] != '.') || !strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        snprintf(full, sizeof full, "%s%s", dir, e->d_name);
        add(l, "", full, !stat(full, &st) && S_ISDIR(st.st_mode) ? "/" : "");
    }
    if (d)
        closedir(d);
    vn_free(dir);
    if (l->n > from)
        qsort(l->v + from, (size_t)(l->n - from), sizeof *l->v, by_text);
}

static void add_objects(struct list *l, struct vn_session *s, unsigned kinds, const char *typed)
{
    char name[64];
    struct vn_obj *o;
    for (int i = 0; (o = vn_session_at(s, i, name)); i++) {
        if (!kinds || (kinds & o->kind))
            add(l, typed, name, "");
        vn_obj_unref(o);
    }
}

static void add_verbs(struct list *l, const char *typed)
{
    for (const struct vn_cmd *const *c = vn_cmd_table; *c; c++)
        add(l, typed, (*c)->name, "");
}

static void add_choices(struct list *l, const char *choices, const char *typed)
{
    char word[128];
    for (const char *c = choices; *c;) {
        const size_t n = strcspn(c, "|");
        snprintf(word, sizeof word, "%.*s", (int)n, c);
        add(l, typed, word, "");
        c += n + (c[n] == '|');
    }
}

/* Columns of the table that the command names, after what stands before the last comma. */
static void add_columns(struct list *l, struct vn_session *s, const struct cursor *c)
{
    const char *comma = strrchr(c->typed, ',');
    const int before = comma ? (int)(comma - c->typed) + 1 : 0;
    char text[600];
    for (int i = 1; i < c->before.n; i++) {
        struct vn_obj *o = vn_session_get(s, c->before.w[i]);
        struct vn_table *t = o && o->kind == VN_TABLE ? vn_obj_peek(s, o) : NULL;
        for (int k = 0; t && k < t->n_col; k++) {
            snprintf(text, sizeof text, "%.*s%.200s", before, c->typed, t->col[k].name);
            add(l, c->typed, text, "");
        }
        vn_table_unref(t);
        vn_obj_unref(o);
    }
}

/* Words whose meaning the tables do not say. */
static void add_text(struct list *l, struct vn_session *s, const struct cursor *c)
{
    const char *verb = c->cmd->name, *p = c->p->name, *action = c->before.n > 1 ? c->before.w[1] : "";
    if (!strcmp(verb, "help")) {
        for (int i = 0; vn_help_table[i][0]; i++)
            add(l, c->typed, vn_help_table[i][0], "");
        add(l, c->typed, "all", "");
    } else if (!strcmp(verb, "recipe")) {
        const bool run = !strcmp(action, "run");
        if (run == !strcmp(p, "with"))
            add_objects(l, s, 0, c->typed);
        if (run || !strcmp(p, "with"))
            add_files(l, c->typed);
    } else if (!strcmp(verb, "roi") && !strcmp(p, "box")) {
        add_choices(l, "off|around", c->typed);
    } else if (!strcmp(verb, "goto") || !strcmp(verb, "mark") || !strcmp(p, "place")) {
        if (!strcmp(verb, "roi"))
            add(l, c->typed, "crosshair", "");
        const struct vn_view v = vn_session_view(s);
        for (int i = 0; i < v.n_place; i++)
            add(l, c->typed, v.place[i].name, "");
    } else if (!strcmp(verb, "tune") && !strcmp(p, "what")) {
        add_choices(l, "history|use|ab|undo|redo|reset|save|accept|off", c->typed);
        add_objects(l, s, VN_IMAGE | VN_PROB, c->typed);
    } else if (!strcmp(verb, "tune") && !strcmp(p, "with")) {
        if (!strcmp(action, "save"))
            add_files(l, c->typed);
    } else if (!strcmp(p, "truth")) {
        add_objects(l, s, VN_VOLUMES, c->typed);
    } else if (!strcmp(p, "denoise") || !strcmp(p, "dark")) {    /* of tune and sweep */
        add_choices(l, p[1] == 'a' ? "on|off|auto" : "off|gaussian|median|nlm|auto", c->typed);
    } else if (!strcmp(p, "x") || !strcmp(p, "y") || !strcmp(p, "measure") || !strcmp(p, "covariates")) {
        add_columns(l, s, c);
    }
}

static bool mentioned(const struct vn_words *w, const char *name)
{
    for (int i = 1; i < w->n; i++)
        if (!strncmp(w->w[i], name, strlen(name)) && strchr("=", w->w[i][strlen(name)]))
            return true;
    return false;
}

static void add_values(struct list *l, struct vn_session *s, const struct cursor *c)
{
    switch (c->p->type) {
    case VN_P_CHOICE: add_choices(l, c->p->choices, c->typed); break;
    case VN_P_OBJECT: add_objects(l, s, c->p->kinds, c->typed); break;
    case VN_P_PATH: add_files(l, c->typed); break;
    case VN_P_TEXT: add_text(l, s, c); break;
    case VN_P_BOX: add(l, c->typed, "off", ""); break;
    default: break;
    }
}

char **vn_complete(struct vn_session *s, const char *line, int point, int *start)
{
    struct list l = { 0 };
    struct cursor c;

    *start = point;
    if (cursor_find(line, point, &c)) {
        *start = c.value;
        if (!c.before.n) {
            *start += line[c.word] == '-' && point > c.word;
            add_verbs(&l, c.typed + (*start - c.value));
        } else if (c.cmd) {
            if (c.p)
                add_values(&l, s, &c);
            for (const struct vn_param *p = c.cmd->params; p->name && !c.key; p++)
                if (p != c.p && !(p->flags & VN_POS) && !mentioned(&c.before, p->name))
                    add(&l, c.typed, p->name, p->type == VN_P_FLAG ? "" : "=");
        }
    }
    cursor_free(&c);
    if (l.v)
        l.v[l.n] = NULL;
    return l.v;
}

void vn_complete_text(const char *word, size_t n, bool whole, struct vn_str *b)
{
    const bool name = n && word[n - 1] == '=' && strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_") == n - 1;
    bool quoted = false;
    for (size_t i = 0; i < n && !name; i++)
        quoted |= strchr(" \t;#'\"=", word[i]) != NULL;
    const char *q = memchr(word, '"', n) ? "'" : "\"";
    vn_str_addf(b, "%s%.*s%s", quoted ? q : "", (int)n, word, quoted && whole ? q : "");
}

/* ---- hints ---- */

/* What may still be given, in brackets. */
static void add_others(const struct cursor *c, struct vn_str *b)
{
    const size_t before = b->n;
    for (const struct vn_param *p = c->cmd->params; p->name; p++)
        if (p != c->p && !(p->flags & VN_POS) && !mentioned(&c->before, p->name))
            vn_str_addf(b, "%s%s%s", b->n > before ? " " : "[", p->name, p->type == VN_P_FLAG ? "" : "=");
    if (b->n > before)
        vn_str_add(b, "]");
}

void vn_hint(const char *line, int point, struct vn_str *b)
{
    struct cursor c;

    if (!cursor_find(line, point, &c)) {
        cursor_free(&c);
        return;
    }
    if (!c.before.n) {
        const struct vn_cmd *cmd = *c.typed ? vn_cmd_find(c.typed + (*c.typed == '-'), true, NULL) : NULL;
        vn_str_addf(b, "%s%s%s", cmd ? cmd->name : *c.typed ? "" : "a command: 'help' lists them, Tab completes", cmd ? ": " : "", cmd ? cmd->summary : "");
    } else if (!c.cmd) {
        vn_str_add(b, "no such command");
    } else {
        const struct vn_param *flag = *c.typed && !c.key ? vn_param_find(c.cmd->params, c.typed) : NULL;
        const struct vn_param *p = flag && flag->type == VN_P_FLAG ? flag : c.p;
        if (p) {
            vn_str_addf(b, "%s%s ", p->name, c.key ? "=" : ":");
            vn_param_takes(p, b);
            vn_str_addf(b, "%s%s  ", p->help ? "; " : "", p->help ? p->help : "");
        } else if (c.key) {
            vn_str_add(b, "no such parameter  ");
        }
        if (!c.key)
            add_others(&c, b);
    }
    cursor_free(&c);
}
