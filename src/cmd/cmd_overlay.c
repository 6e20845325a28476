/* cmd_overlay.c - "overlay": the masks, labels, skeletons, probabilities and the graph drawn over the panes. */
#include "cmd.h"
#include "render.h"
#include <stdio.h>
#include <string.h>

enum { MAX_NAMED = 8, MAX_LAYER = VN_MAX_UNDER + 1 };
static const char *const NAMED[MAX_NAMED] = { "volume", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth" };

static const struct vn_param params[] = {
    { "volume", VN_P_OBJECT, VN_POS, .kinds = VN_VOLUMES | VN_GRAPH, .help = "what to draw on top" },
    { "second", VN_P_OBJECT, VN_POS, .kinds = VN_VOLUMES | VN_GRAPH, .help = "beneath it" },
    { "third", VN_P_OBJECT, VN_POS, .kinds = VN_VOLUMES | VN_GRAPH, .help = "and another" },
    { "fourth", VN_P_OBJECT, VN_POS, .kinds = VN_VOLUMES | VN_GRAPH, .help = "and another" },
    { "fifth", VN_P_OBJECT, VN_POS, .kinds = VN_VOLUMES | VN_GRAPH, .help = "and another" },
    { "sixth", VN_P_OBJECT, VN_POS, .kinds = VN_VOLUMES | VN_GRAPH, .help = "and another" },
    { "seventh", VN_P_OBJECT, VN_POS, .kinds = VN_VOLUMES | VN_GRAPH, .help = "and another" },
    { "eighth", VN_P_OBJECT, VN_POS, .kinds = VN_VOLUMES | VN_GRAPH, .help = "and another" },
    { "add", VN_P_FLAG, 0, .help = "on top of those that are shown, instead of them" },
    { "remove", VN_P_FLAG, 0, .help = "no longer draw the named" },
    { "off", VN_P_FLAG, 0, .help = "hide all" },
    { "on", VN_P_FLAG, 0, .help = "show them again" },
    { "opacity", VN_P_REAL, 0, .min = 0, .max = 1, .help = "0 invisible, 1 solid; of the named, or of the one on top" },
    { "outline", VN_P_FLAG, 0, .help = "only the border" },
    { "filled", VN_P_FLAG, 0, .help = "the whole again" },
    { 0 },
};

struct pile { struct vn_layer l[MAX_LAYER + MAX_NAMED]; int n; };

static int find(const struct pile *p, const char *name)
{
    for (int i = 0; i < p->n; i++)
        if (!strcmp(p->l[i].name, name))
            return i;
    return -1;
}

static void take(struct pile *p, int i)
{
    memmove(p->l + i, p->l + i + 1, (size_t)(p->n - i - 1) * sizeof p->l[0]);
    p->n--;
}

/* The named layers in their order, each with the look it has, or that of the one on top; and the graph, which is no layer. */
static int collect(struct vn_call *c, const struct vn_view *view, const struct pile *shown, struct pile *named, const char **graph, struct vn_err *err)
{
    named->n = 0;
    for (int i = 0; i < MAX_NAMED; i++) {
        if (!vn_args_has(&c->args, NAMED[i]))
            continue;
        const char *name = vn_call_name(c, NAMED[i]);
        const int at = find(shown, name);
        struct vn_layer *l = &named->l[named->n];
        if (vn_arg(&c->args, NAMED[i])->obj->kind == VN_GRAPH) {
            if (*graph)
                return vn_fail(err, VN_E_USAGE, "two graphs are named, '%s' and '%s': one is drawn at a time", *graph, name);
            *graph = name;
            continue;
        }
        if (find(named, name) >= 0)
            return vn_fail(err, VN_E_USAGE, "'%s' is named twice", name);
        *l = at >= 0 ? shown->l[at] : (struct vn_layer){ .opacity = view->opacity };
        snprintf(l->name, sizeof l->name, "%s", name);
        named->n++;
    }
    return 0;
}

static void list(struct vn_call *c, const struct vn_view *view, const struct pile *p)
{
    for (int i = 0; i < p->n; i++)
        vn_str_addf(&c->text, "%-24s opacity %-5.2g %-8s #%06x\n", p->l[i].name, p->l[i].opacity, p->l[i].outline ? "outline" : "filled",
                    vn_tint_color(p->l[i].tint));
    if (view->graph[0])
        vn_str_addf(&c->text, "%-24s graph\n", view->graph);
    vn_res_int(c, "overlays", p->n + (view->graph[0] ? 1 : 0));
    vn_res_bool(c, "on", view->overlay_on);
    c->no_journal = true;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_view view = vn_session_view(c->s);
    const bool add = vn_args_flag(&c->args, "add"), drop = vn_args_flag(&c->args, "remove");
    const bool on = vn_args_flag(&c->args, "on"), off = vn_args_flag(&c->args, "off");
    const bool outline = vn_args_flag(&c->args, "outline"), filled = vn_args_flag(&c->args, "filled");
    const bool looks = vn_args_has(&c->args, "opacity") || outline || filled;
    struct pile shown, named;
    const char *graph = NULL;

    if (on && off)
        return vn_fail(err, VN_E_USAGE, "give either on or off");
    if ((add && drop) || (outline && filled))
        return vn_fail(err, VN_E_USAGE, "give either %s", outline ? "outline or filled" : "add or remove");
    shown.n = vn_view_layers(&view, shown.l);
    int rc = collect(c, &view, &shown, &named, &graph, err);
    if (rc)
        return rc;
    if ((add || drop) && !named.n && !graph)
        return vn_fail(err, VN_E_USAGE, "%s what? 'overlay %s NAME'", add ? "add" : "remove", add ? "add" : "remove");
    if (graph && drop && strcmp(view.graph, graph))
        return vn_fail(err, VN_E_ARG, "'%s' is not drawn: 'overlay' lists what is", graph);
    if (!named.n && !graph && !looks && !on && !off) {
        list(c, &view, &shown);
        return 0;
    }
    const bool touch = looks && !add && named.n == 1 && find(&shown, named.l[0].name) >= 0;      /* only its look changes */
    for (int i = 0; i < named.n; i++) {
        struct vn_layer *l = &named.l[i];
        l->opacity = vn_args_has(&c->args, "opacity") ? vn_args_real(&c->args, "opacity") : l->opacity;
        l->outline = outline || (l->outline && !filled);
    }
    for (int i = 0; i < named.n && !touch; i++) {
        const int at = find(&shown, named.l[i].name);
        if (at >= 0)
            take(&shown, at);
        else if (drop)
            return vn_fail(err, VN_E_ARG, "'%s' is not drawn: 'overlay' lists what is", named.l[i].name);
    }
    if (touch) {
        shown.l[find(&shown, named.l[0].name)] = named.l[0];
    } else if (named.n && !drop) {
        memcpy(named.l + named.n, shown.l, (size_t)(add ? shown.n : 0) * sizeof shown.l[0]);
        shown.n = named.n + (add ? shown.n : 0);
        if (shown.n > MAX_LAYER)
            return vn_fail(err, VN_E_ARG, "%d overlays at once; %d is the limit: 'overlay remove NAME'", shown.n, MAX_LAYER);
        memcpy(shown.l, named.l, (size_t)shown.n * sizeof shown.l[0]);
    } else if (!named.n && looks) {
        view.opacity = vn_args_has(&c->args, "opacity") ? vn_args_real(&c->args, "opacity") : view.opacity;
        view.outline = outline || (view.outline && !filled);
    }
    if (named.n) {
        vn_view_set_layers(&view, shown.l, shown.n);
        view.overlay_on = true;
        view.low = -1;
    }
    if (graph) {
        snprintf(view.graph, sizeof view.graph, "%s", drop ? "" : graph);
        view.overlay_on = true;
    }
    if (on || off)
        view.overlay_on = on;
    vn_session_set_view(c->s, &view);
    return 0;
}

const struct vn_cmd vn_cmd_overlay = { "overlay", "draw masks, labels, probabilities or a graph over the view", params, VN_CMD_NOW | VN_CMD_UI, exec, NULL };
