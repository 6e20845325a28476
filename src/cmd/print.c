/* print.c - results of a command: one JSON object on one line, or lines for people. */
#include "call.h"
#include "mem.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static void add_json(cJSON *o, struct vn_str *b)
{
    char *s = o ? cJSON_PrintUnformatted(o) : NULL;
    if (s)
        vn_str_addf(b, "%s\n", s);
    else
        vn_str_add(b, "{\"ok\":false,\"error\":{\"code\":\"memory\",\"message\":\"no memory to print the result\"}}\n");
    cJSON_free(s);
}

static void add_names(const struct vn_call *c, cJSON *result)
{
    if (!c->n_made)
        return;
    cJSON_AddStringToObject(result, "name", c->as);
    if (c->n_made == 1)
        return;
    cJSON *names = cJSON_AddArrayToObject(result, "names");
    for (int i = 0; names && i < c->n_made; i++) {
        char name[96];
        snprintf(name, sizeof name, "%s%s", c->as, c->made[i].suffix);
        cJSON_AddItemToArray(names, cJSON_CreateString(name));
    }
}

void vn_print_json(const struct vn_call *c, const char *verb, const struct vn_err *failed, struct vn_str *b)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "command", c ? c->cmd->name : verb);
    cJSON_AddBoolToObject(o, "ok", !failed);
    if (failed) {
        cJSON *e = cJSON_AddObjectToObject(o, "error");
        cJSON_AddStringToObject(e, "code", vn_code_name(failed->code));
        cJSON_AddStringToObject(e, "message", failed->msg);
    } else {
        cJSON *result = cJSON_AddObjectToObject(o, "result");
        add_names(c, result);
        for (cJSON *m = c->result->child; m; m = m->next)
            cJSON_AddItemReferenceToObject(result, m->string, m);
        if (c->text.n)
            cJSON_AddStringToObject(result, "text", c->text.s);
        if (c->notes)
            cJSON_AddItemReferenceToObject(result, "notes", c->notes);
    }
    add_json(o, b);
    cJSON_Delete(o);
}

static void add_value(const cJSON *v, struct vn_str *b)
{
    if (cJSON_IsNumber(v))
        vn_str_addf(b, fabs(v->valuedouble) < 1e15 && v->valuedouble == floor(v->valuedouble) ? "%.0f" : "%.6g", v->valuedouble);
    else if (cJSON_IsString(v))
        vn_str_plain(b, v->valuestring, "\n\t");
    else if (cJSON_IsBool(v))
        vn_str_add(b, cJSON_IsTrue(v) ? "yes" : "no");
    else if (cJSON_IsNull(v))
        vn_str_add(b, "unknown");
}

static int key_width(const cJSON *o)
{
    int w = 0;
    for (const cJSON *m = o->child; m; m = m->next)
        if (m->string && vn_text_width(m->string) > w)
            w = vn_text_width(m->string);
    return w;
}

/* A list of objects as a table: a line of keys, then a line each. */
static void add_rows(const cJSON *list, struct vn_str *b)
{
    enum { MAX_COL = 24 };
    int width[MAX_COL] = { 0 }, n_col = 0;

    for (int pass = 0; pass < 2; pass++) {
        for (const cJSON *row = NULL;; ) {
            row = row ? row->next : list->child;
            if (!row)
                break;
            if (row == list->child && pass) {
                int k = 0;
                for (const cJSON *m = row->child; m && k < n_col; m = m->next, k++)
                    vn_str_addf(b, "%s%-*s", k ? "  " : "  ", width[k], m->string);
                vn_str_add(b, "\n");
            }
            int k = 0;
            for (const cJSON *m = row->child; m && k < MAX_COL; m = m->next, k++) {
                struct vn_str cell = { 0 };
                add_value(m, &cell);
                b->failed |= cell.failed;
                int w = cell.n ? vn_text_width(cell.s) : 0, head = m->string ? vn_text_width(m->string) : 0;
                if (!pass) {
                    w = w > head ? w : head;
                    width[k] = w > width[k] ? w : width[k];
                } else {
                    vn_str_addf(b, "  %s%*s", cell.n ? cell.s : "", m->next ? width[k] - w : 0, "");
                }
                vn_str_free(&cell);
            }
            while (pass && b->n && b->s[b->n - 1] == ' ')
                b->s[--b->n] = '\0';
            if (pass)
                vn_str_add(b, "\n");
            n_col = k > n_col ? k : n_col;
        }
    }
}

static void add_members(const cJSON *o, int indent, struct vn_str *b)
{
    const int w = key_width(o);
    for (const cJSON *m = o->child; m; m = m->next) {
        if (cJSON_IsArray(m) && !m->child)
            continue;
        vn_str_addf(b, "%*s%-*s  ", indent, "", w, m->string ? m->string : "");
        if (cJSON_IsArray(m) && cJSON_IsObject(m->child)) {
            vn_str_add(b, "\n");
            add_rows(m, b);
            continue;
        }
        if (cJSON_IsObject(m)) {
            vn_str_add(b, "\n");
            add_members(m, indent + 2, b);
            continue;
        }
        if (cJSON_IsArray(m))
            for (const cJSON *x = m->child; x; x = x->next) {
                add_value(x, b);
                if (x->next)
                    vn_str_add(b, " ");
            }
        else
            add_value(m, b);
        vn_str_add(b, "\n");
    }
}

void vn_print_text(const struct vn_call *c, struct vn_str *b)
{
    for (int i = 0; i < c->n_made; i++)
        vn_str_addf(b, "%s%s%s", i ? ", " : "", c->as, c->made[i].suffix);
    if (c->n_made)
        vn_str_add(b, ":\n");
    add_members(c->result, c->n_made ? 2 : 0, b);
    if (c->text.n)
        vn_str_add(b, c->text.s);
}
