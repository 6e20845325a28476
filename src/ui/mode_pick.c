/* mode_pick.c - what lies under the mouse or the crosshair, measured; along segments and from one to the next. */
#include "keys.h"
#include "mode.h"
#include "picked.h"
#include "plot.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 30 };

static struct { struct vn_graph *graph; int64_t segment; int32_t i; } walk;      /* the point last gone to; graph only compared */
static int32_t last_node[2];                     /* picked last and before that; -1 none */

/* ---- what is picked ---- */

/* The graph that is picked from, with a reference; NULL: not a graph, or not in memory. */
static struct vn_graph *graph(struct vn_ui *ui, const struct vn_picked *p)
{
    struct vn_obj *o = p->of[0] ? vn_session_get(ui->s, p->of) : NULL;
    struct vn_graph *g = o && o->kind == VN_GRAPH ? vn_obj_peek(ui->s, o) : NULL;
    vn_obj_unref(o);
    if (g && (!vn_graph_indexed(g) || p->id >= (p->kind == VN_PICK_NODE ? g->n_node : g->n_segment))) {
        vn_graph_unref(g);
        g = NULL;
    }
    return g;
}

static bool bound(struct vn_ui *ui, const char *name)
{
    struct vn_obj *o = name[0] ? vn_session_get(ui->s, name) : NULL;
    vn_obj_unref(o);
    return o != NULL;
}

static bool is_kind(struct vn_ui *ui, const char *name, unsigned kinds)
{
    struct vn_obj *o = name[0] ? vn_session_get(ui->s, name) : NULL;
    const bool yes = o && (o->kind & kinds);
    vn_obj_unref(o);
    return yes;
}

static const char *name_of(struct vn_ui *ui, char name[64])
{
    const struct vn_view v = vn_session_view(ui->s);
    if (bound(ui, v.picked.of)) {
        snprintf(name, 64, "%s", v.picked.of);
        return name;
    }
    struct vn_obj *o = vn_picked_default(ui->s, name);
    vn_obj_unref(o);
    return o ? name : NULL;
}

/* ---- commands ---- */

/* In a graph that is in memory at once, also while a command runs; else when it is this one's turn. */
static void pick_at(struct vn_ui *ui, const char *of, const double at[3], int flat, bool go)
{
    struct vn_view v;
    struct vn_picked p = { .kind = VN_PICK_NONE };
    char line[256];
    const double q[3] = { floor(at[0]), floor(at[1]), floor(at[2]) };
    const bool in_graph = is_kind(ui, of, VN_GRAPH);
    snprintf(p.of, sizeof p.of, "%s", of);
    struct vn_graph *g = in_graph ? graph(ui, &p) : NULL;
    int n = snprintf(line, sizeof line, "%s at=%.0f,%.0f,%.0f", of, q[0], q[1], q[2]);
    if (in_graph && flat >= 0)
        n += snprintf(line + n, sizeof line - (size_t)n, " along=%c", "xyz"[flat]);
    else if (!in_graph)
        n += snprintf(line + n, sizeof line - (size_t)n, " near=3vox");
    if (go)
        snprintf(line + n, sizeof line - (size_t)n, " go");
    if (g && vn_keys_view(ui, &v) && vn_picked_find(g, VN_PICK_NONE, q, INFINITY, flat, &p)) {
        v.picked = p;
        if (go)
            memcpy(v.at, p.at, sizeof v.at);
        vn_keys_slide(ui, &v, "pick", "%s", line);
    } else {
        char command[300];
        snprintf(command, sizeof command, "pick %s", line);
        vn_keys_command(ui, command);
    }
    vn_graph_unref(g);
}

static void here(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    struct vn_view v;
    char of[64];
    if (name_of(ui, of) && vn_keys_view(ui, &v))
        pick_at(ui, of, v.at, -1, false);
}

/* A segment with the crosshair at a point of it: shown at once, one command when the hand rests. */
static void go_to(struct vn_ui *ui, struct vn_graph *g, int32_t segment, int32_t i)
{
    struct vn_view v;
    double p[3];
    if (!vn_keys_view(ui, &v))
        return;
    walk.graph = g;
    walk.segment = segment;
    walk.i = i;
    for (int k = 0; k < 3; k++)
        p[k] = g->point[g->segment[segment].first + i].p[k];
    vn_picked_voxel(g, p, v.at);
    v.picked.kind = VN_PICK_SEGMENT;
    v.picked.id = segment;
    v.picked.distance = 0;
    memcpy(v.picked.at, v.at, sizeof v.at);
    vn_keys_slide(ui, &v, "pick", "%s segment=%d at=%.0f,%.0f,%.0f go", v.picked.of, segment, v.at[0], v.at[1], v.at[2]);
}

/* The point of the picked segment that the crosshair is at: the one last gone to, or the nearest. */
static int32_t place_on(const struct vn_graph *g, const struct vn_picked *p)
{
    const struct vn_segment *s = &g->segment[p->id];
    double best = INFINITY;
    int32_t at = 0;
    if (walk.graph == g && walk.segment == p->id && walk.i < s->n) {
        double q[3], voxel[3];
        for (int k = 0; k < 3; k++)
            q[k] = g->point[s->first + walk.i].p[k];
        vn_picked_voxel(g, q, voxel);
        if (!memcmp(voxel, p->at, sizeof voxel))
            return walk.i;
    }
    for (int32_t i = 0; i < s->n; i++) {
        double d2 = 0;
        for (int k = 0; k < 3; k++)
            d2 += pow(g->point[s->first + i].p[k] - (p->at[k] + 0.5) * (g->unit_um ? g->grid.um[k] : 1), 2);
        if (d2 < best) {
            best = d2;
            at = i;
        }
    }
    return at;
}

static void along(struct vn_ui *ui, int way, unsigned mods)
{
    const struct vn_view v = vn_session_view(ui->s);
    struct vn_graph *g = v.picked.kind == VN_PICK_SEGMENT ? graph(ui, &v.picked) : NULL;
    if (!g)
        return;
    const struct vn_segment *s = &g->segment[v.picked.id];
    int32_t i = place_on(g, &v.picked);
    double voxel[3];
    /* to the next voxel, or ten points on */
    for (int n = 0; n < (mods & VN_SHIFT ? 10 : s->n) && i + way >= 0 && i + way < s->n; n++) {
        double p[3];
        i += way;
        for (int k = 0; k < 3; k++)
            p[k] = g->point[s->first + i].p[k];
        vn_picked_voxel(g, p, voxel);
        if (!(mods & VN_SHIFT) && memcmp(voxel, v.picked.at, sizeof voxel))
            break;
    }
    go_to(ui, g, (int32_t)v.picked.id, i);
    vn_graph_unref(g);
}

/* The node that is picked, or the nearer end of the segment. */
static int32_t node_here(const struct vn_graph *g, const struct vn_picked *p)
{
    if (p->kind == VN_PICK_NODE)
        return (int32_t)p->id;
    const struct vn_segment *s = &g->segment[p->id];
    return 2 * place_on(g, p) < s->n ? s->a : s->b;
}

/* The next of the segments that meet at the node nearest to where one is on this. */
static void next(struct vn_ui *ui, int way, unsigned mods VN_UNUSED)
{
    const struct vn_view v = vn_session_view(ui->s);
    struct vn_graph *g = v.picked.kind == VN_PICK_SEGMENT || v.picked.kind == VN_PICK_NODE ? graph(ui, &v.picked) : NULL;
    int32_t meet[64];
    if (!g)
        return;
    const int32_t node = node_here(g, &v.picked);
    int n = vn_graph_at_node(g, node, meet, VN_COUNT(meet)), at = way > 0 ? -1 : 0;
    n = n < (int)VN_COUNT(meet) ? n : (int)VN_COUNT(meet);
    for (int i = 0; i < n && v.picked.kind == VN_PICK_SEGMENT; i++)
        at = meet[i] == v.picked.id ? i : at;
    if (n) {
        const int32_t to = meet[(at + way + n) % n];
        go_to(ui, g, to, g->segment[to].a == node ? 0 : g->segment[to].n - 1);
    }
    vn_graph_unref(g);
}

static void to_node(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    struct vn_view v;
    struct vn_graph *g = vn_keys_view(ui, &v) && v.picked.kind == VN_PICK_SEGMENT ? graph(ui, &v.picked) : NULL;
    if (!g)
        return;
    const int32_t node = node_here(g, &v.picked);
    vn_picked_voxel(g, g->node[node].p, v.at);
    v.picked.kind = VN_PICK_NODE;
    v.picked.id = node;
    v.picked.distance = 0;
    memcpy(v.picked.at, v.at, sizeof v.at);
    vn_keys_slide(ui, &v, "pick", "%s node=%d go", v.picked.of, node);
    vn_graph_unref(g);
}

static void centre(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    struct vn_view v;
    if (!vn_keys_view(ui, &v) || v.picked.kind == VN_PICK_NONE)
        return;
    memcpy(v.at, v.picked.at, sizeof v.at);
    vn_keys_slide(ui, &v, "goto", "%.0f,%.0f,%.0f", v.at[0], v.at[1], v.at[2]);
}

/* From the graph to the mask on top, and back. */
static void other(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    struct vn_view v;
    char of[64];
    if (!vn_keys_view(ui, &v) || !name_of(ui, of))
        return;
    const bool to_mask = is_kind(ui, of, VN_GRAPH);
    struct vn_obj *newest = NULL;
    char name[64] = "";
    if (to_mask && is_kind(ui, v.overlay, VN_MASK | VN_LABELS | VN_SKELETON)) {
        snprintf(name, sizeof name, "%s", v.overlay);
    } else if (!to_mask) {
        if (is_kind(ui, v.graph, VN_GRAPH))
            snprintf(name, sizeof name, "%s", v.graph);
        for (int i = vn_session_count(ui->s) - 1; i >= 0 && !name[0]; i--) {
            newest = vn_session_at(ui->s, i, name);
            if (!newest || newest->kind != VN_GRAPH)
                name[0] = '\0';
            vn_obj_unref(newest);
        }
    }
    if (name[0])
        pick_at(ui, name, v.at, -1, false);
    else
        vn_say(ui, VN_LOG_ERROR, to_mask ? "no mask or labels are drawn on top ('overlay MASK')" : "there is no graph ('graph MASK' makes one)");
}

/* The mask that a graph was made from, or the one on top. */
static bool mask_of(struct vn_ui *ui, const struct vn_view *v, char name[64])
{
    snprintf(name, 64, "%s", v->overlay);
    return is_kind(ui, v->overlay, VN_MASK | VN_LABELS);
}

/* The line that would take the picked thing out, to be looked at and sent with Enter. */
static void take_out(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    const struct vn_view v = vn_session_view(ui->s);
    const struct vn_picked *p = &v.picked;
    char mask[64], line[320];
    if (p->kind == VN_PICK_COMPONENT) {
        snprintf(line, sizeof line, "delete %s at=%.0f,%.0f,%.0f as=%s", p->of, p->at[0], p->at[1], p->at[2], p->of);
    } else if (p->kind == VN_PICK_SEGMENT && mask_of(ui, &v, mask)) {
        snprintf(line, sizeof line, "cut %s segment=%lld graph=%s as=%s", mask, (long long)p->id, p->of, mask);
    } else {
        vn_say(ui, VN_LOG_ERROR, p->kind == VN_PICK_SEGMENT ? "what the segment is cut out of has to be drawn on top ('overlay MASK')" : "pick a segment or a piece of a mask first");
        return;
    }
    vn_keys_prompt(ui, line);
}

static void join(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    const struct vn_view v = vn_session_view(ui->s);
    char mask[64], line[320];
    if (v.picked.kind != VN_PICK_NODE || last_node[1] < 0 || !mask_of(ui, &v, mask)) {
        vn_say(ui, VN_LOG_ERROR, "pick the two nodes to be joined, one after the other, with the mask drawn on top ('overlay MASK')");
        return;
    }
    snprintf(line, sizeof line, "bridge %s graph=%s ends=%d,%d as=%s", mask, v.picked.of, last_node[1], last_node[0], mask);
    vn_keys_prompt(ui, line);
}

/* ---- the mode ---- */

static bool start(struct vn_ui *ui)
{
    struct vn_view v;
    char of[64], line[100];
    if (!vn_keys_view(ui, &v))
        return false;
    last_node[0] = last_node[1] = -1;
    if (!name_of(ui, of)) {
        vn_say(ui, VN_LOG_ERROR, "there is nothing to pick from: 'graph MASK' makes a graph, 'overlay MASK' draws a mask");
        return false;
    }
    if (is_kind(ui, of, VN_GRAPH) && (strcmp(v.graph, of) || !v.overlay_on)) {
        snprintf(line, sizeof line, "overlay %s", of);
        vn_keys_command(ui, line);
    }
    if (v.picked.kind == VN_PICK_NONE)
        pick_at(ui, of, v.at, -1, false);
    return true;
}

static void stop(struct vn_ui *ui)
{
    struct vn_view v = vn_session_view(ui->s);
    v.picked = (struct vn_picked){ .kind = VN_PICK_NONE };
    vn_session_set_view(ui->s, &v);
    ui->panes.dirty = true;
}

static void tick(struct vn_ui *ui)
{
    const struct vn_view v = vn_session_view(ui->s);
    if (v.picked.kind == VN_PICK_NODE && v.picked.id != last_node[0]) {
        last_node[1] = last_node[0];
        last_node[0] = (int32_t)v.picked.id;
    }
}

static bool mouse(struct vn_ui *ui, const struct vn_event *ev)
{
    double at[3];
    char of[64];
    if (ev->button != 0)
        return false;
    const int i = vn_panes_hit(&ui->panes, ev->x, ev->y, at);
    if (i < 0)
        return false;
    if (!ev->release && name_of(ui, of) && (!ev->motion || is_kind(ui, of, VN_GRAPH)))
        pick_at(ui, of, at, ui->panes.info.scene[i].mip ? ui->panes.info.scene[i].axis : -1, true);
    return true;
}

static void leave(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { vn_mode_enter(ui, NULL); }
static int width(const struct vn_ui *ui VN_UNUSED) { return WIDTH; }

/* "radius_mean_um" -> "radius mean" and "um"; what the headings say already is left out. */
static bool label_of(const char *name, char label[32], const char **unit)
{
    static const struct { const char *end, *unit; } units[] = {
        { "_um3", "um\xc2\xb3" }, { "_um2", "um\xc2\xb2" }, { "_um", "um" }, { "_vox3", "vox\xc2\xb3" }, { "_vox2", "vox\xc2\xb2" }, { "_vox", "vox" },
    };
    static const char *const said[] = { "segment", "node", "node_a", "node_b", "is_end", "degree_a", "degree_b" };
    for (size_t i = 0; i < VN_COUNT(said); i++)
        if (!strcmp(name, said[i]))
            return false;
    if (name[1] == '_' && name[0] >= 'x')
        return false;
    snprintf(label, 32, "%.31s", name);
    *unit = "";
    for (size_t i = 0; i < VN_COUNT(units); i++) {
        const size_t n = strlen(label), m = strlen(units[i].end);
        if (!**unit && n > m && !strcmp(label + n - m, units[i].end)) {
            *unit = units[i].unit;
            label[n - m] = '\0';
        }
    }
    for (char *c = label; *c; c++)
        *c = *c == '_' ? ' ' : *c;
    return true;
}

static int facts(struct vn_ui *ui, int row, const struct vn_graph *g, const struct vn_picked *p)
{
    struct vn_fact fact[VN_MAX_FACTS];
    for (int i = 0, n = vn_picked_facts(g, p->kind, (int32_t)p->id, fact); i < n; i++) {
        char label[32];
        const char *unit;
        if (!label_of(fact[i].name, label, &unit))
            continue;
        vn_panel_text(ui, row, 1, VN_LOOK_DIM, "%s", label);
        if (isnan(fact[i].v))
            vn_panel_text(ui, row++, 14, VN_LOOK_TEXT, "unknown");
        else if (!strcmp(fact[i].name, "at_border"))
            vn_panel_text(ui, row++, 14, VN_LOOK_TEXT, fact[i].v ? "yes" : "no");
        else
            vn_panel_text(ui, row++, 14, VN_LOOK_TEXT, "%.5g %s", fact[i].v, unit);
    }
    return row;
}

/* The radius along the segment, and where one is on it. */
static void draw_radius(struct vn_ui *ui, int row, int rows, const struct vn_graph *g, const struct vn_picked *p)
{
    enum { MOST = 512 };
    const struct vn_segment *s = &g->segment[p->id];
    double x[MOST], y[MOST], arc = 0, here = 0;
    const int32_t at = place_on(g, p), every = s->n / MOST + 1;
    int n = 0;
    for (int32_t i = 0; i < s->n; i++) {
        const struct vn_point *q = &g->point[s->first + i];
        double d2 = 0;
        for (int k = 0; i && k < 3; k++)
            d2 += pow((double)q->p[k] - q[-1].p[k], 2);
        arc += sqrt(d2);
        here = i == at ? arc : here;
        if (i % every == 0 || i == s->n - 1) {
            x[n] = arc;
            y[n++] = q->radius;
        }
        n = n < MOST ? n : MOST - 1;
    }
    struct vn_plot plot = { .cols = vn_panel_cols(ui) - 2, .rows = rows, .x_name = g->unit_um ? "um" : "voxels", .y_name = "r", .n_series = 1,
                            .series = { { x, y, n, false, VN_PLOT_CURVE2 } }, .n_mark = 1, .mark = { { here, VN_PLOT_MARK, 0 } } };
    plot.y_hi = 0;
    for (int i = 0; i < n; i++)
        plot.y_hi = y[i] > plot.y_hi ? y[i] : plot.y_hi;
    vn_plot_panel(ui, row, 1, &plot);
}

static void panel(struct vn_ui *ui)
{
    const struct vn_view v = vn_session_view(ui->s);
    const struct vn_picked *p = &v.picked;
    const int rows = vn_panel_rows(ui), cut = vn_cmd_find("cut", false, NULL) || p->kind == VN_PICK_COMPONENT;
    int row = 2;
    struct vn_graph *g = p->kind == VN_PICK_SEGMENT || p->kind == VN_PICK_NODE ? graph(ui, p) : NULL;
    if (p->kind == VN_PICK_COMPONENT) {
        const struct vn_vol *like = ui->panes.info.shown.vol;
        vn_panel_text(ui, row++, 1, VN_LOOK_BOLD, "a piece of %s", p->of);
        if (p->id)
            vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "label        %lld", (long long)p->id);
        vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "voxels       %lld", (long long)p->voxels);
        if (like && vn_um_known(&like->grid))
            vn_panel_text(ui, row++, 1, VN_LOOK_TEXT, "volume       %.5g um\xc2\xb3", (double)p->voxels * like->grid.um[0] * like->grid.um[1] * like->grid.um[2]);
    } else if (!g) {
        vn_panel_text(ui, row, 1, VN_LOOK_DIM, ui->busy ? "looking ..." : "click on a vessel");
    } else if (p->kind == VN_PICK_NODE) {
        int32_t meet[8];
        const int n = vn_graph_at_node(g, (int32_t)p->id, meet, VN_COUNT(meet));
        vn_panel_text(ui, row++, 1, VN_LOOK_BOLD, "node %lld of %d", (long long)p->id, g->n_node);
        vn_panel_text(ui, row++, 1, VN_LOOK_DIM, "in %s", p->of);
        row = facts(ui, row, g, p);
        int col = vn_panel_text(ui, row, 1, VN_LOOK_DIM, "segments") + 5;
        for (int i = 0; i < n && i < (int)VN_COUNT(meet); i++)
            col = vn_panel_text(ui, row, col, VN_LOOK_TEXT, "%d ", meet[i]);
    } else {
        const struct vn_segment *s = &g->segment[p->id];
        vn_panel_text(ui, row++, 1, VN_LOOK_BOLD, "segment %lld of %d", (long long)p->id, g->n_segment);
        vn_panel_text(ui, row++, 1, VN_LOOK_DIM, "in %s", p->of);
        row = facts(ui, row, g, p);
        for (int e = 0; e < 2; e++) {
            const int32_t node = e ? s->b : s->a;
            vn_panel_text(ui, row, 1, VN_LOOK_DIM, e ? "to node" : "from node");
            vn_panel_text(ui, row++, 14, VN_LOOK_TEXT, "%d, degree %d", node, g->node[node].degree);
        }
        const int left = rows - row - 3;
        if (left >= 4)
            draw_radius(ui, row + 1, left < 10 ? left : 10, g, p);
    }
    vn_panel_text(ui, rows - 2, 1, VN_LOOK_TEXT, g ? "{next} {node} {centre}" : "{centre} {here}");
    if (cut)
        vn_panel_text(ui, rows - 1, 1, VN_LOOK_TEXT, p->kind == VN_PICK_NODE ? "{join} {other} {leave}" : "{out} {other} {leave}");
    else
        vn_panel_text(ui, rows - 1, 1, VN_LOOK_TEXT, "{other} {leave}");
    vn_graph_unref(g);
}

static void hint(const struct vn_ui *ui VN_UNUSED, struct vn_str *b)
{
    vn_str_add(b, "click picks  {back}{forth}  {next}  {node}  {here}  {centre}  {other}  {leave}");
}

static const struct vn_bind binds[] = {
    { "back", "Left Up", "", "along the segment (Shift: ten points)", along, -1 },
    { "forth", "Right Down", "along", NULL, along, 1 },
    { "next", "Tab", "next", "next, previous segment at the nearer node", next, 1 },
    { "before", "S-Tab", "", NULL, next, -1 },
    { "node", "n", "node", "the node at the nearer end", to_node, 0 },
    { "here", "Space", "here", "what is nearest to the crosshair", here, 0 },
    { "centre", "Enter", "centre", "put the crosshair on what is picked", centre, 0 },
    { "other", "g", "other", "from the graph to the mask on top, and back", other, 0 },
    { "out", "d Del", "take out", "the command that takes the segment or piece out of the mask on top", take_out, 0 },
    { "join", "B", "join", "the command that joins this node and the one picked before", join, 0 },
    { "leave", "Esc s", "leave", "leave", leave, 0 },
    { 0 },
};

const struct vn_mode vn_mode_pick = {
    .name = "pick", .title = "Pick",
    .about = "Click on a vessel or drag, in a slice or the projection: the segment there is drawn red and measured beside the pictures.",
    .open = { "pick", "s", "pick", "select a segment or node of the graph, or a piece of the mask, and measure it", NULL, 0 },
    .binds = binds, .over_browse = true, .short_results = true, .start = start, .stop = stop, .tick = tick, .mouse = mouse,
    .width = width, .panel = panel, .hint = hint,
};
