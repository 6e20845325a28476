/* cmd_list.c - "list": the named objects as a tree of what was made from what; one object with all that led to it. */
#include "cmd.h"
#include "lineage.h"
#include "mem.h"
#include <stdio.h>
#include <string.h>

static const struct vn_param params[] = {
    { "name", VN_P_OBJECT, VN_POS, .help = "object to show in full, with the commands that lead to it; without it, all are listed" },
    { 0 },
};

struct row { char name[64], held[16]; struct vn_obj *o; const char *state; int parent, depth; };
struct rows { struct row *r; int n; };

static const char *state_of(struct vn_session *s, struct vn_obj *o)
{
    void *c = vn_obj_peek(s, o);
    const char *state = !c ? "made again when needed" : (o->kind & VN_VOLUMES) && !vn_vol_mem(c) ? "file" : "in memory";
    vn_content_unref(o->kind, c);
    return state;
}

static int row_of(const struct rows *rows, const struct vn_obj *o)
{
    for (int i = 0; o && i < rows->n; i++)
        if (rows->r[i].o == o)
            return i;
    return -1;
}

/* The nearest named object on the way back over first inputs. */
static int parent_of(const struct rows *rows, const struct vn_obj *o)
{
    int i = -1;
    while (i < 0 && (o = vn_obj_input(o, 0)))
        i = row_of(rows, o);
    return i;
}

static int rows_get(struct vn_session *s, struct rows *out, struct vn_err *err)
{
    char name[64], bytes[16];
    struct vn_obj *o;

    *out = (struct rows){ .r = vn_calloc((uint64_t)vn_session_count(s) + 1, sizeof *out->r, err) };
    if (!out->r)
        return VN_E_MEMORY;
    while (out->n < vn_session_count(s) && (o = vn_session_at(s, out->n, name))) {
        struct row *r = &out->r[out->n++];
        *r = (struct row){ .o = o, .state = state_of(s, o) };
        memcpy(r->name, name, sizeof r->name);
        const char *held = !strcmp(r->state, "file") ? "file" : "evicted";
        if (!strcmp(r->state, "in memory"))
            held = o->kind == VN_TABLE ? "-" : vn_text_bytes(vn_obj_mem(s, o), bytes);
        snprintf(r->held, sizeof r->held, "%s", held);
    }
    for (int i = 0; i < out->n; i++)
        out->r[i].parent = parent_of(out, out->r[i].o);
    for (int i = 0; i < out->n; i++)
        for (int p = out->r[i].parent; p >= 0; p = out->r[p].parent)
            out->r[i].depth++;
    return 0;
}

static void rows_free(struct rows *rows)
{
    for (int i = 0; i < rows->n; i++)
        vn_obj_unref(rows->r[i].o);
    vn_free(rows->r);
}

/* ---- for people ---- */

enum { WIDTH = 80, MAX_INDENT = 16, MIN_COMMAND = 12 };
struct widths { int name, kind, size, held; };

static int indent(const struct row *r) { return r->depth < MAX_INDENT / 2 ? 2 * r->depth : MAX_INDENT; }

static void column(struct vn_str *b, int before, const char *text, int width)
{
    vn_str_addf(b, "%*s%s%*s  ", before, "", text, width - before - vn_text_width(text), "");
}

/* Without as=, which the line begins with; cut to what is left of the terminal's 80 columns (true). */
static bool command(struct vn_str *b, const struct vn_obj *o, int left)
{
    char text[400];
    snprintf(text, sizeof text, "%s", o->typed ? o->typed : o->line);
    char *as = strstr(text, " as=");
    while (as && strstr(as + 1, " as="))
        as = strstr(as + 1, " as=");
    if (as && !strchr(as + 1, ' '))
        *as = '\0';
    const bool cut = vn_text_width(text) > left;
    vn_str_addn(b, text, cut ? vn_text_cut(text, left - 1) : strlen(text));
    vn_str_add(b, cut ? "\u2026\n" : "\n");
    return cut;
}

static bool print_row(struct vn_str *b, const struct rows *rows, const struct row *r, const struct widths *w)
{
    const int used = w->name + w->kind + w->size + w->held + 8;
    struct vn_obj *in;

    column(b, indent(r), r->name, w->name);
    column(b, 0, vn_kind_name(r->o->kind), w->kind);
    column(b, 0, r->o->shape, w->size);
    column(b, w->held - (int)strlen(r->held), r->held, w->held);
    const bool cut = command(b, r->o, WIDTH - used > MIN_COMMAND ? WIDTH - used : MIN_COMMAND);
    for (int i = 1; (in = vn_obj_input(r->o, i)); i++) {
        const int k = row_of(rows, in);
        vn_str_addf(b, "%*salso from %s\n", indent(r) + 2, "", k >= 0 ? rows->r[k].name : in->line);
    }
    return cut;
}

static bool print_under(struct vn_str *b, const struct rows *rows, int parent, const struct widths *w)
{
    bool cut = false;
    for (int i = 0; i < rows->n; i++)
        if (rows->r[i].parent == parent) {
            cut |= print_row(b, rows, &rows->r[i], w);
            cut |= print_under(b, rows, i, w);
        }
    return cut;
}

static void widen(int *w, int to) { *w = to > *w ? to : *w; }

static void print_tree(struct vn_str *b, const struct rows *rows)
{
    struct widths w = { 4, 4, 4, 6 };
    bool evicted = false;

    for (int i = 0; i < rows->n; i++) {
        const struct row *r = &rows->r[i];
        widen(&w.name, indent(r) + vn_text_width(r->name));
        widen(&w.kind, (int)strlen(vn_kind_name(r->o->kind)));
        widen(&w.size, (int)strlen(r->o->shape));
        widen(&w.held, (int)strlen(r->held));
        evicted |= !strcmp(r->held, "evicted");
    }
    column(b, 0, "name", w.name);
    column(b, 0, "kind", w.kind);
    column(b, 0, "size", w.size);
    column(b, w.held - 6, "memory", w.held);
    vn_str_add(b, "made by\n");
    if (print_under(b, rows, -1, &w))
        vn_str_add(b, "list NAME shows the whole command, and those before it\n");
    if (evicted)
        vn_str_add(b, "evicted: its memory was needed; it is made again, the same bytes, when it is used\n");
}

/* ---- for programs ---- */

static bool add_text(cJSON *o, const char *key, const char *text) { return text ? cJSON_AddStringToObject(o, key, text) : cJSON_AddNullToObject(o, key); }

/* Members of one object; inputs without a name are null. */
static bool add_object(struct vn_call *c, cJSON *to, const struct rows *rows, const struct row *r)
{
    const uint64_t mem = vn_obj_mem(c->s, r->o);
    char bytes[16];
    struct vn_obj *in;
    bool ok = add_text(to, "name", r->name) && add_text(to, "kind", vn_kind_name(r->o->kind)) && add_text(to, "size", r->o->shape) &&
              add_text(to, "memory", vn_text_bytes(mem, bytes)) && cJSON_AddNumberToObject(to, "bytes", (double)mem) && add_text(to, "state", r->state);
    cJSON *inputs = ok ? cJSON_AddArrayToObject(to, "inputs") : NULL;
    ok = inputs != NULL;
    for (int i = 0; ok && (in = vn_obj_input(r->o, i)); i++) {
        const int k = row_of(rows, in);
        cJSON *name = k >= 0 ? cJSON_CreateString(rows->r[k].name) : cJSON_CreateNull();
        ok = name && cJSON_AddItemToArray(inputs, name);
        if (!ok)
            cJSON_Delete(name);
    }
    return ok && add_text(to, "made_by", r->o->line) && add_text(to, "typed", r->o->typed ? r->o->typed : r->o->line);
}

/* ---- one object ---- */

static int show_steps(struct vn_call *c, struct vn_obj *o, struct vn_err *err)
{
    const bool json = vn_runner_opt(c->r)->json;
    struct vn_lineage l;
    int rc = vn_lineage(o, &l, err);

    if (rc)
        return rc;
    cJSON *steps = json ? cJSON_AddArrayToObject(c->result, "steps") : NULL;
    if (!json)
        vn_str_add(&c->text, "steps\n");
    for (int i = 0; i < l.n; i++) {
        struct vn_str roi = { 0 };
        const char *line[2] = { vn_roi_line(i ? l.o[i - 1] : NULL, l.o[i], &roi) ? roi.s : NULL, l.o[i]->line };
        for (int k = 0; k < 2; k++) {
            cJSON *text = json && line[k] ? cJSON_CreateString(line[k]) : NULL;
            if (!json && line[k])
                vn_str_addf(&c->text, "  %s\n", line[k]);
            else if (line[k] && (!text || !cJSON_AddItemToArray(steps, text))) {
                cJSON_Delete(text);
                c->no_memory = true;
            }
        }
        c->no_memory |= roi.failed;
        vn_str_free(&roi);
    }
    vn_free(l.o);
    return 0;
}

static int show_one(struct vn_call *c, const struct rows *rows, const struct row *r, struct vn_err *err)
{
    struct vn_str roi = { 0 };
    char key[33];

    vn_key_hex(r->o->key, key);
    c->no_memory |= !add_object(c, c->result, rows, r);
    if (r->o->has_roi)
        vn_box_print(&r->o->roi, &roi);
    vn_res_text(c, "region", r->o->has_roi ? roi.s : "off");
    vn_res_text(c, "key", key);
    c->no_memory |= roi.failed;
    vn_str_free(&roi);
    return show_steps(c, r->o, err);
}

static int show_all(struct vn_call *c, const struct rows *rows, struct vn_err *err)
{
    struct vn_box roi;
    struct vn_str box = { 0 };
    bool ok = true;

    if (vn_runner_opt(c->r)->json) {
        cJSON *list = cJSON_AddArrayToObject(c->result, "objects");
        for (int i = 0; ok && i < rows->n; i++) {
            cJSON *o = cJSON_CreateObject();
            ok = list && o && cJSON_AddItemToArray(list, o) && add_object(c, o, rows, &rows->r[i]);
        }
    } else if (rows->n)
        print_tree(&c->text, rows);
    if (!rows->n)
        vn_call_note(c, "no objects yet: 'open FILE' or 'phantom network' makes one");
    if (vn_session_roi(c->s, &roi)) {
        vn_box_print(&roi, &box);
        if (vn_runner_opt(c->r)->json)
            vn_res_text(c, "roi", box.s);
        else
            vn_str_addf(&c->text, "region: %s\n", box.s ? box.s : "");
    }
    ok &= !box.failed;
    vn_str_free(&box);
    return ok && !c->text.failed ? 0 : vn_fail(err, VN_E_MEMORY, "no memory for the list");
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct rows rows;
    int rc = rows_get(c->s, &rows, err);

    if (!rc && vn_args_has(&c->args, "name"))
        rc = show_one(c, &rows, &rows.r[row_of(&rows, vn_arg(&c->args, "name")->obj)], err);
    else if (!rc)
        rc = show_all(c, &rows, err);
    rows_free(&rows);
    return rc;
}

const struct vn_cmd vn_cmd_list = { "list", "show the named objects, what was made from what, and how", params, VN_CMD_NOW | VN_CMD_NO_JOURNAL, exec, NULL };
