/* cmd_list.c - "list": the named objects, their sizes and what made them. */
#include "cmd.h"
#include <stdio.h>

static const struct vn_param params[] = { { 0 } };

static void describe(const struct vn_obj *o, char out[80])
{
    const struct vn_vol *v = o->kind & VN_VOLUMES ? o->content.vol : NULL;
    if (v)
        snprintf(out, 80, "%lldx%lldx%lld %s", (long long)vn_box_dim(&v->box, 0), (long long)vn_box_dim(&v->box, 1),
                 (long long)vn_box_dim(&v->box, 2), vn_type_name(v->src->type));
    else if (o->kind == VN_GRAPH && o->content.graph)
        snprintf(out, 80, "%d segments, %d nodes", o->content.graph->n_segment, o->content.graph->n_node);
    else if (o->kind == VN_TABLE && o->content.table)
        snprintf(out, 80, "%lld rows, %d columns", (long long)o->content.table->n_row, o->content.table->n_col);
    else
        snprintf(out, 80, "evicted, made again when needed");
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    cJSON *list = cJSON_CreateArray();
    char name[64], size[80], bytes[16];
    struct vn_obj *o;
    struct vn_box roi;

    for (int i = 0; (o = vn_session_at(c->s, i, name)); i++) {
        const uint64_t mem = vn_obj_mem(c->s, o);
        cJSON *row = cJSON_CreateObject();
        describe(o, size);
        cJSON_AddStringToObject(row, "name", name);
        cJSON_AddStringToObject(row, "kind", vn_kind_name(o->kind));
        cJSON_AddStringToObject(row, "size", size);
        cJSON_AddStringToObject(row, "memory", vn_text_bytes(mem, bytes));
        cJSON_AddStringToObject(row, "made_by", o->line);
        cJSON_AddItemToArray(list, row);
        vn_obj_unref(o);
    }
    if (!list || !cJSON_AddItemToObject(c->result, "objects", list))
        return vn_fail(err, VN_E_MEMORY, "no memory for the list");
    if (!list->child)
        vn_call_note(c, "no objects yet: 'open FILE' or 'phantom network' makes one");
    if (vn_session_roi(c->s, &roi))
        vn_res_bool(c, "roi", true);
    return 0;
}

const struct vn_cmd vn_cmd_list = { "list", "show the named objects and what made them", params, VN_CMD_NOW | VN_CMD_NO_JOURNAL, exec, NULL };
