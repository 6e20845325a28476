/* cmd_pick.c - "pick": the segment, node or piece of a mask at a point, and its measures. */
#include "cmd.h"
#include "edit.h"
#include "mem.h"
#include "picked.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_REACH = 64 };                 /* voxels around a point that are looked at in a mask */
static const struct vn_param params[] = {
    { .name = "object", .type = VN_P_OBJECT, .flags = VN_POS, .kinds = VN_GRAPH | VN_MASK | VN_LABELS | VN_SKELETON,
      .help = "graph, mask or labels; without: the graph drawn, else the mask on top, else the newest graph" },
    { .name = "at", .type = VN_P_POINT, .unit = "voxels", .help = "x,y,z, whole numbers being the middles of voxels; the crosshair without" },
    { .name = "kind", .type = VN_P_CHOICE, .choices = "any|segment|node", .def = "any", .help = "of a graph: what to look for" },
    { .name = "near", .type = VN_P_LENGTH, .min = 0, .max = 1e9, .help = "at most that far; a graph: any distance without, a mask: the voxel itself" },
    { .name = "along", .type = VN_P_CHOICE, .choices = "none|x|y|z", .def = "none", .help = "of a graph: the depth along this axis does not count, as seen in a projection" },
    { .name = "segment", .type = VN_P_INT, .min = 0, .max = 2147483647, .help = "the segment of that number; at= is then only where the crosshair goes" },
    { .name = "node", .type = VN_P_INT, .min = 0, .max = 2147483647, .help = "the node of that number" },
    { .name = "go", .type = VN_P_FLAG, .help = "put the crosshair there" },
    { .name = "off", .type = VN_P_FLAG, .help = "forget what was picked" },
    { 0 },
};

/* Where to look, in voxels: 3 is the middle of voxel 3. */
static void point(const struct vn_call *c, const struct vn_view *view, double at[3])
{
    const bool given = vn_args_has(&c->args, "at");
    for (int k = 0; k < 3; k++)
        at[k] = given ? vn_arg(&c->args, "at")->d[k] : floor(view->at[k]);
}

/* ---- graphs ---- */

static int by_number(struct vn_call *c, const struct vn_graph *g, struct vn_picked *p, bool *found, struct vn_err *err)
{
    const bool node = vn_args_has(&c->args, "node");
    double place[3];
    *found = node || vn_args_has(&c->args, "segment");
    if (!*found)
        return 0;
    if (node && vn_args_has(&c->args, "segment"))
        return vn_fail(err, VN_E_USAGE, "give either segment or node");
    p->kind = node ? VN_PICK_NODE : VN_PICK_SEGMENT;
    p->id = vn_args_int(&c->args, node ? "node" : "segment");
    if (p->id >= (node ? g->n_node : g->n_segment))
        return vn_fail(err, VN_E_ARG, "%s=%lld: '%s' has %d of them, numbered from 0", node ? "node" : "segment", (long long)p->id, p->of,
                       node ? g->n_node : g->n_segment);
    for (int k = 0; k < 3; k++) {
        const struct vn_segment *s = node ? NULL : &g->segment[p->id];
        place[k] = node ? g->node[p->id].p[k] : g->point[s->first + s->n / 2].p[k];
    }
    vn_picked_voxel(g, place, p->at);
    for (int k = 0; k < 3 && vn_args_has(&c->args, "at"); k++)
        p->at[k] = floor(vn_arg(&c->args, "at")->d[k] + 0.5);
    p->distance = 0;
    return 0;
}

static int reach_of(struct vn_call *c, const struct vn_grid *grid, bool um, double *reach, struct vn_err *err)
{
    double vox;
    int rc = vn_args_length_vox(&c->args, "near", 0, grid->um, 0, &vox, err);
    if (!rc)
        *reach = um ? vox * grid->um[0] : vox;
    return rc;
}

static int in_graph(struct vn_call *c, struct vn_graph *g, const struct vn_view *view, struct vn_picked *p, struct vn_err *err)
{
    static const enum vn_picked_kind KIND[] = { VN_PICK_NONE, VN_PICK_SEGMENT, VN_PICK_NODE };
    const enum vn_picked_kind kind = KIND[vn_args_int(&c->args, "kind")];
    struct vn_fact fact[VN_MAX_FACTS];
    double at[3], reach = INFINITY;
    bool found;
    int32_t meet[16];
    int rc = vn_graph_index(g, c->job, err);
    if (!rc)
        rc = by_number(c, g, p, &found, err);
    if (!rc && !found && vn_args_has(&c->args, "near"))
        rc = reach_of(c, &g->grid, g->unit_um, &reach, err);
    if (rc)
        return rc;
    point(c, view, at);
    if (!found && !vn_picked_find(g, kind, at, reach, (int)vn_args_int(&c->args, "along") - 1, p))
        return vn_fail(err, VN_E_ARG, "'%s' has no %s%s%s", p->of, kind == VN_PICK_NODE ? "node" : "segment", reach < INFINITY ? " within near=" : "",
                       reach < INFINITY ? vn_arg(&c->args, "near")->s : "");
    vn_res_text(c, "graph", p->of);
    vn_res_text(c, "kind", p->kind == VN_PICK_NODE ? "node" : "segment");
    for (int i = 0, n = vn_picked_facts(g, p->kind, (int32_t)p->id, fact); i < n; i++)
        vn_res_num(c, fact[i].name, fact[i].v);
    if (p->kind == VN_PICK_NODE) {
        const int n = vn_graph_at_node(g, (int32_t)p->id, meet, VN_COUNT(meet));
        int64_t id[VN_COUNT(meet)];
        for (int i = 0; i < n && i < (int)VN_COUNT(meet); i++)
            id[i] = meet[i];
        vn_res_ints(c, "segments", id, n < (int)VN_COUNT(meet) ? n : (int)VN_COUNT(meet));
    }
    vn_res_num(c, g->unit_um ? "distance_um" : "distance_vox", p->distance);
    if (!g->unit_um)
        vn_call_note(c, "the voxel size is not known: lengths are in voxels, taken as cubes");
    return 0;
}

/* ---- masks ---- */

static int in_volume(struct vn_call *c, struct vn_vol *v, const struct vn_view *view, struct vn_picked *p, struct vn_err *err)
{
    static const char *const of_graph[] = { "segment", "node" };
    const double *um = v->grid.um;
    struct vn_piece piece = { 0 };
    uint64_t *size = NULL;
    int64_t from[3], at[3];
    uint32_t value = 0;
    double d[3], reach = 0;
    bool found = true;
    int rc = 0;
    for (size_t i = 0; i < VN_COUNT(of_graph); i++)
        if (vn_args_has(&c->args, of_graph[i]))
            return vn_fail(err, VN_E_ARG, "%s= is a number in a graph, and '%s' is a %s", of_graph[i], p->of, vn_kind_name(v->kind));
    point(c, view, d);
    for (int k = 0; k < 3; k++) {
        from[k] = at[k] = (int64_t)floor(d[k] + 0.5);
        if (!(d[k] >= -1e15 && d[k] <= 1e15) || at[k] < v->box.lo[k] || at[k] >= v->box.hi[k])
            return vn_fail(err, VN_E_ARG, "%c=%g is outside '%s', which covers %lld to %lld there", "xyz"[k], d[k], p->of, (long long)v->box.lo[k],
                           (long long)v->box.hi[k] - 1);
    }
    if (vn_args_has(&c->args, "near"))
        rc = reach_of(c, &v->grid, false, &reach, err);
    if (!rc && reach > MAX_REACH)
        rc = vn_fail(err, VN_E_ARG, "near=%s is %g voxels; in a mask %d is the limit", vn_arg(&c->args, "near")->s, reach, MAX_REACH);
    if (!rc)
        rc = vn_edit_nearest(v, from, (int64_t)reach, VN_BRUSH_BALL, at, &found, c->job, err);
    if (!rc && !found)
        rc = vn_fail(err, VN_E_ARG, "at=%g,%g,%g: '%s' is 0 (background) there%s%s", d[0], d[1], d[2], p->of, reach > 0 ? " and within " : "",
                     reach > 0 ? vn_arg(&c->args, "near")->s : "");
    if (!rc) {
        struct vn_buf b = { .type = VN_U32, .stride = { 1, 1 }, .data = &value };
        for (int k = 0; k < 3; k++)
            b.box.hi[k] = (b.box.lo[k] = at[k]) + 1;
        rc = vn_vol_read(v, VN_PAD_ZERO, &b, c->job, err);
    }
    if (!rc)
        rc = vn_piece_find(v, at, v->kind == VN_LABELS ? VN_ALIKE_VALUE : VN_ALIKE_SET, 26, VN_BRUSH_BALL, false, &piece, c->job, err);
    if (!rc)
        rc = vn_runs_sizes(&piece.r, &size, c->job, err);
    if (!rc) {
        double volume = (double)size[piece.label - 1], d2 = 0;
        p->kind = VN_PICK_COMPONENT;
        p->id = v->kind == VN_LABELS ? value : 0;
        p->voxels = (int64_t)size[piece.label - 1];
        for (int k = 0; k < 3; k++) {
            const double side = vn_um_known(&v->grid) ? um[k] : 1;
            p->at[k] = (double)at[k];
            volume *= side;
            d2 += pow((double)(at[k] - from[k]) * side, 2);
        }
        p->distance = sqrt(d2);
        vn_res_text(c, vn_kind_name(v->kind), p->of);
        vn_res_text(c, "kind", "component");
        if (v->kind == VN_LABELS)
            vn_res_int(c, "label", value);
        vn_res_int(c, "voxels", p->voxels);
        if (vn_um_known(&v->grid))
            vn_res_num(c, "volume_um3", volume);
        vn_res_bool(c, "at_border", piece.border);
        vn_res_num(c, vn_um_known(&v->grid) ? "distance_um" : "distance_vox", p->distance);
    }
    vn_free(size);
    vn_piece_free(&piece);
    return rc;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_view view = vn_session_view(c->s);
    struct vn_picked p = { .kind = VN_PICK_NONE };
    struct vn_graph *g = NULL;
    struct vn_vol *v = NULL;
    int rc = 0;
    const bool numbered = vn_args_has(&c->args, "segment") || vn_args_has(&c->args, "node");
    if (vn_args_flag(&c->args, "off")) {
        view.picked = p;
        vn_session_set_view(c->s, &view);
        return 0;
    }
    if (!numbered && !vn_args_has(&c->args, "at") && !view.volume[0])
        return vn_fail(err, VN_E_ARG, "at=x,y,z is needed: nothing is looked at, so that there is no crosshair ('show NAME')");
    struct vn_obj *o = vn_args_has(&c->args, "object") ? vn_obj_ref(vn_arg(&c->args, "object")->obj) : vn_picked_default(c->s, p.of);
    if (!o)
        return vn_fail(err, VN_E_ARG, "there is nothing to pick from: 'graph MASK' makes a graph");
    if (vn_args_has(&c->args, "object"))
        snprintf(p.of, sizeof p.of, "%s", vn_call_name(c, "object"));
    if (o->kind == VN_GRAPH) {
        rc = vn_obj_graph(c->s, o, &g, c->job, err);
        if (!rc)
            rc = in_graph(c, g, &view, &p, err);
    } else {
        rc = vn_obj_vol(c->s, o, &v, c->job, err);
        if (!rc)
            rc = in_volume(c, v, &view, &p, err);
    }
    vn_graph_unref(g);
    vn_vol_unref(v);
    vn_obj_unref(o);
    if (rc)
        return rc;
    vn_res_ints(c, "at", (int64_t[]){ (int64_t)p.at[0], (int64_t)p.at[1], (int64_t)p.at[2] }, 3);
    view = vn_session_view(c->s);                    /* keys may have moved it since */
    view.picked = p;
    if (vn_args_flag(&c->args, "go"))
        memcpy(view.at, p.at, sizeof view.at);
    vn_session_set_view(c->s, &view);
    return 0;
}

const struct vn_cmd vn_cmd_pick = { "pick", "the segment, node or piece of a mask at a point, measured", params, VN_CMD_UI, exec, NULL };
