/* call.c - what an exec function may ask for and give back. */
#include "cmd.h"
#include "mem.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- inputs ---- */

static int lend(struct vn_call *c, enum vn_kind kind, void *content, struct vn_err *err)
{
    if (c->n_lent == VN_MAX_LENT) {
        vn_content_unref(kind, content);
        return vn_fail(err, VN_E_INTERNAL, "more than %d inputs", VN_MAX_LENT);
    }
    c->lent[c->n_lent++] = (struct vn_lent){ kind, content };
    return 0;
}

static struct vn_obj *given(struct vn_call *c, const char *param, struct vn_err *err)
{
    struct vn_obj *o = vn_arg(&c->args, param)->obj;
    if (!o)
        vn_fail(err, VN_E_USAGE, "%s is missing", param);
    return o;
}

int vn_call_vol(struct vn_call *c, const char *param, struct vn_vol **out, struct vn_err *err)
{
    struct vn_obj *o = given(c, param, err);
    struct vn_vol *v;
    int rc = o ? vn_obj_vol(c->s, o, &v, c->job, err) : VN_E_USAGE;
    if (!rc && !(rc = lend(c, o->kind, v, err)))
        *out = v;
    return rc;
}

int vn_call_graph(struct vn_call *c, const char *param, struct vn_graph **out, struct vn_err *err)
{
    struct vn_obj *o = given(c, param, err);
    struct vn_graph *g;
    int rc = o ? vn_obj_graph(c->s, o, &g, c->job, err) : VN_E_USAGE;
    if (!rc && !(rc = lend(c, VN_GRAPH, g, err)))
        *out = g;
    return rc;
}

int vn_call_table(struct vn_call *c, const char *param, struct vn_table **out, struct vn_err *err)
{
    struct vn_obj *o = given(c, param, err);
    struct vn_table *t;
    int rc = o ? vn_obj_table(c->s, o, &t, c->job, err) : VN_E_USAGE;
    if (!rc && !(rc = lend(c, VN_TABLE, t, err)))
        *out = t;
    return rc;
}

const char *vn_call_name(struct vn_call *c, const char *param)
{
    const char *s = vn_args_text(&c->args, param);
    return s ? s : "";
}

int vn_call_region(struct vn_call *c, const struct vn_vol *v, struct vn_box *out, struct vn_err *err)
{
    *out = v->box;
    if (c->has_roi && !vn_box_meet(&v->box, &c->roi, out))
        return vn_fail(err, VN_E_ARG, "the region (roi) has no voxel in common with the volume, which covers %lld:%lld,%lld:%lld,%lld:%lld",
                       (long long)v->box.lo[0], (long long)v->box.hi[0], (long long)v->box.lo[1], (long long)v->box.hi[1],
                       (long long)v->box.lo[2], (long long)v->box.hi[2]);
    return 0;
}

/* ---- outputs ---- */

int vn_call_output(struct vn_call *c, int i, const char *suffix, enum vn_kind kind, void *content, struct vn_err *err)
{
    if (i != c->n_made || i == VN_MAX_MADE) {
        vn_content_unref(kind, content);
        return vn_fail(err, VN_E_INTERNAL, "%s gives its outputs out of order", c->cmd->name);
    }
    struct vn_made *m = &c->made[c->n_made++];
    m->kind = kind;
    m->content = content;
    snprintf(m->suffix, sizeof m->suffix, "%s", suffix);
    return 0;
}

void vn_call_note(struct vn_call *c, const char *fmt, ...)
{
    char text[600];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (!c->notes)
        c->notes = cJSON_CreateArray();
    cJSON *t = cJSON_CreateString(text);
    if (!c->notes || !t || !cJSON_AddItemToArray(c->notes, t)) {
        cJSON_Delete(t);
        c->no_memory = true;
    }
}

static void keep(struct vn_call *c, const char *key, cJSON *item)
{
    if (!item || !cJSON_AddItemToObject(c->result, key, item)) {
        cJSON_Delete(item);
        c->no_memory = true;
    }
}

static cJSON *number(double v) { return isfinite(v) ? cJSON_CreateNumber(v) : cJSON_CreateNull(); }

void vn_res_num(struct vn_call *c, const char *key, double v) { keep(c, key, number(v)); }
void vn_res_int(struct vn_call *c, const char *key, int64_t v) { keep(c, key, cJSON_CreateNumber((double)v)); }
void vn_res_text(struct vn_call *c, const char *key, const char *v) { keep(c, key, v ? cJSON_CreateString(v) : cJSON_CreateNull()); }
void vn_res_bool(struct vn_call *c, const char *key, bool v) { keep(c, key, cJSON_CreateBool(v)); }

enum { MAX_LIST = 100 };

void vn_res_nums(struct vn_call *c, const char *key, const double *v, int n)
{
    cJSON *a = cJSON_CreateArray();
    for (int i = 0; a && i < n && i < MAX_LIST; i++) {
        cJSON *x = number(v[i]);
        if (!x || !cJSON_AddItemToArray(a, x))
            c->no_memory = true;
    }
    keep(c, key, a);
    if (n > MAX_LIST) {
        char count[80];
        snprintf(count, sizeof count, "%.70s_count", key);
        vn_res_int(c, count, n);
    }
}

void vn_res_ints(struct vn_call *c, const char *key, const int64_t *v, int n)
{
    double d[MAX_LIST];
    for (int i = 0; i < n && i < MAX_LIST; i++)
        d[i] = (double)v[i];
    vn_res_nums(c, key, d, n);
}

void vn_res_volume(struct vn_call *c, const struct vn_vol *v)
{
    int64_t dims[3], origin[3];
    double mm[3];

    for (int i = 0; i < 3; i++) {
        dims[i] = vn_box_dim(&v->box, i);
        origin[i] = v->box.lo[i];
        mm[i] = (double)dims[i] * v->grid.um[i] * 1e-3;
    }
    vn_res_text(c, "kind", vn_kind_name(v->kind));
    vn_res_ints(c, "dims", dims, 3);
    if (origin[0] || origin[1] || origin[2])
        vn_res_ints(c, "origin", origin, 3);
    vn_res_text(c, "type", vn_type_name(v->src->type));
    if (vn_um_known(&v->grid)) {
        vn_res_nums(c, "voxel_um", v->grid.um, 3);
        vn_res_nums(c, "extent_mm", mm, 3);
    } else {
        vn_res_text(c, "voxel_um", NULL);
        vn_res_text(c, "extent_mm", NULL);
    }
}

/* The part of the region in which all the inputs have voxels; they have to be on one grid. */
static int common_region(struct vn_call *c, struct vn_vol *const *in, const char *const *name, int n, struct vn_box *region, struct vn_err *err)
{
    struct vn_box whole;
    bool assumed = false;
    int rc = vn_call_region(c, in[0], region, err);

    whole = *region;
    for (int i = 1; i < n && rc == 0; i++) {
        bool one = false;
        if (!in[i] || (rc = vn_grid_check(&in[0]->grid, vn_call_name(c, name[0]), &in[i]->grid, vn_call_name(c, name[i]), &one, err)))
            continue;
        assumed |= one;
        if (!vn_box_meet(region, &in[i]->box, region))
            rc = vn_fail(err, VN_E_ARG, "the volumes have no voxel in common%s", c->has_roi ? " in the region (roi)" : "");
    }
    if (rc == 0 && assumed)
        vn_call_note(c, "a volume without a voxel size is taken to be on the grid of the others");
    if (rc == 0 && !vn_box_same(&whole, region))
        vn_call_note(c, "the result covers what the volumes have in common");
    return rc;
}

int vn_call_inputs(struct vn_call *c, struct vn_vol *in[4], struct vn_box *region, struct vn_err *err)
{
    const struct vn_op *op = vn_cmd_op(c->cmd, &c->args);
    const char *name[4];
    int n = 0, rc;

    for (const struct vn_param *p = c->cmd->params; p->name && n < op->n_in; p++)
        if (p->type == VN_P_OBJECT) {
            name[n++] = p->name;
            in[n - 1] = NULL;
            if (vn_args_has(&c->args, p->name) && (rc = vn_call_vol(c, p->name, &in[n - 1], err)))
                return rc;
        }
    return common_region(c, in, name, n, region, err);
}

int vn_cmd_exec_op(struct vn_call *c, struct vn_err *err)
{
    struct vn_vol *in[4], *out;
    struct vn_box region;
    struct vn_ran ran = { 0 };
    int rc = vn_call_inputs(c, in, &region, err);

    if (rc || (rc = vn_op_run(vn_cmd_op(c->cmd, &c->args), &c->args, in, &region, &out, &ran, c->job, err)))
        return rc;
    memcpy(c->tally, ran.tally, sizeof c->tally);
    vn_res_volume(c, out);
    vn_res_text(c, "device", ran.device);
    if (ran.note[0])
        vn_call_note(c, "%s", ran.note);
    return vn_call_output(c, 0, "", out->kind, out, err);
}
