/* scene.c - from the session's view to scenes: which volumes, which slices, at what scale, in which corner. */
#include "scene.h"
#include "graph_index.h"
#include "tuning.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const PANE_NAME[VN_N_PANE] = { "XY", "XZ", "YZ", "MIP" };
static const char AXIS_NAME[] = "xyz";
static const char *const METHOD[] = { "", " min", " mean", " depth" };

bool vn_newest_volume(struct vn_session *s, unsigned kinds, char name[64])
{
    for (int i = vn_session_count(s) - 1; i >= 0; i--) {
        struct vn_obj *o = vn_session_at(s, i, name);
        bool ok = o && (o->kind & kinds);
        vn_obj_unref(o);
        if (ok)
            return true;
    }
    name[0] = '\0';
    return false;
}

/* The named volume, or NULL without an error when there is none of that name, kind or grid. */
static struct vn_vol *named(struct vn_session *s, const char *name, const struct vn_vol *like, struct vn_job *job)
{
    struct vn_vol *v = NULL;
    bool assumed;
    struct vn_obj *o = name[0] ? vn_session_get(s, name) : NULL;
    if (o && (o->kind & VN_VOLUMES) && vn_obj_vol(s, o, &v, job, NULL))
        v = NULL;
    vn_obj_unref(o);
    if (v && vn_grid_check(&v->grid, name, &like->grid, "volume", &assumed, NULL)) {
        vn_vol_unref(v);
        v = NULL;
    }
    return v;
}

/* The graph of the view, ready to be drawn; like `named`. */
static struct vn_graph *graph(struct vn_session *s, const char *name, const struct vn_vol *like, struct vn_job *job)
{
    struct vn_graph *g = NULL;
    bool assumed;
    struct vn_obj *o = name[0] ? vn_session_get(s, name) : NULL;
    if (o && o->kind == VN_GRAPH && vn_obj_graph(s, o, &g, job, NULL))
        g = NULL;
    vn_obj_unref(o);
    if (g && (vn_grid_check(&g->grid, name, &like->grid, "volume", &assumed, NULL) || vn_graph_index(g, job, NULL))) {
        vn_graph_unref(g);
        g = NULL;
    }
    return g;
}

/* A volume linked to the first: with its voxel size, so that both have one scale where only one of them knows it. */
static struct vn_vol *linked(struct vn_session *s, const char *name, const struct vn_vol *first, struct vn_job *job)
{
    struct vn_vol *v = named(s, name, first, job), *h;
    if (!v || vn_um_known(&v->grid) == vn_um_known(&first->grid))
        return v;
    h = vn_vol_header(v, first->grid.um, v->kind, NULL);
    vn_vol_unref(v);
    return h;
}

struct vn_vol *vn_shown_vol(const struct vn_shown *d, int which) { return which ? d->linked[which - 1] : d->vol; }

bool vn_shown_colored(const struct vn_shown *d)
{
    const struct vn_view *v = &d->view;
    return d->overlay || (v->overlay_on && v->n_under) || d->graph || d->prob || d->vol->kind == VN_LABELS || v->colormap >= VN_MAP_VIRIDIS ||
           v->mip_method == VN_SLAB_DEPTH || v->slab_method == VN_SLAB_DEPTH;
}

const char *vn_shown_name(const struct vn_view *v, int which) { return which ? v->linked[which - 1] : v->volume; }

/* Those that are still there, without gaps. */
static void get_linked(struct vn_session *s, struct vn_shown *d, struct vn_job *job)
{
    struct vn_view *v = &d->view;
    int n = 0;
    for (int i = 0; i < v->n_linked; i++) {
        struct vn_vol *l = linked(s, v->linked[i], d->vol, job);
        if (!l)
            continue;
        memmove(v->linked[n], v->linked[i], sizeof v->linked[n]);
        memmove(v->window[n + 1], v->window[i + 1], sizeof v->window[n]);
        d->linked[n++] = l;
    }
    v->n_linked = n;
    v->front = v->front <= n ? v->front : 0;
}

/* An error map's legend: the tints 0..3 are the colours of labels 1..4. */
static bool add_errors(struct vn_session *s, const char *name, struct vn_shown *d)
{
    static const char *const kind[] = { "under", "over", "false", "missed" };
    struct vn_obj *o = vn_session_get(s, name);
    const bool is = o && !strcmp(o->verb, "metrics");
    vn_obj_unref(o);
    for (int i = 0; is && i < 4; i++) {
        struct vn_layer *l = &d->legend[d->n_legend];
        *l = (struct vn_layer){ .tint = i };
        snprintf(l->name, sizeof l->name, "%s", kind[i]);
        d->n_legend++;
    }
    return is;
}

/* Likewise; the one on top may be missing. */
static void get_overlays(struct vn_session *s, struct vn_shown *d, struct vn_job *job)
{
    struct vn_view *v = &d->view;
    int n = 0;
    if (v->overlay_on)
        d->overlay = named(s, v->overlay, d->vol, job);
    for (int i = 0; v->overlay_on && i < v->n_under; i++) {
        struct vn_vol *l = named(s, v->under[i].name, d->vol, job);
        if (!l)
            continue;
        v->under[n] = v->under[i];
        d->under[n++] = l;
    }
    v->n_under = n;
    d->n_legend = 0;
    for (int i = -1; i < n; i++) {
        const struct vn_vol *vol = i < 0 ? d->overlay : d->under[i];
        struct vn_layer *l = &d->legend[d->n_legend];
        if (!vol || (vol->kind == VN_LABELS && add_errors(s, i < 0 ? v->overlay : v->under[i].name, d)) || !n)
            continue;
        *l = i < 0 ? (struct vn_layer){ .tint = v->tint } : v->under[i];
        if (i < 0)
            memcpy(l->name, v->overlay, sizeof l->name);
        l->tint = vol->kind == VN_LABELS ? -1 : l->tint;
        d->n_legend++;
    }
}

/* The mask that is tuned lies above the overlays; while it is long in coming, the thresholds alone are shown. */
static void get_tuned(struct vn_session *s, struct vn_shown *d)
{
    struct vn_view *v = &d->view;
    struct vn_tuned t;
    if (!v->overlay_on || !vn_tuning_shown(s, &t))
        return;
    if (!vn_grid_check(&t.mask->grid, "mask", &d->vol->grid, "volume", &(bool){ false }, NULL)) {
        if (d->overlay && v->n_under < VN_MAX_UNDER) {
            memmove(d->under + 1, d->under, (size_t)v->n_under * sizeof *d->under);
            memmove(v->under + 1, v->under, (size_t)v->n_under * sizeof *v->under);
            d->under[0] = d->overlay;
            v->under[0] = (struct vn_layer){ .opacity = v->opacity, .outline = v->outline, .tint = v->tint };
            v->n_under++;
            d->overlay = NULL;
        }
        vn_vol_unref(d->overlay);
        d->overlay = vn_vol_ref(t.mask);
        snprintf(v->overlay, sizeof v->overlay, "tuned");
        d->before = t.whole ? vn_vol_ref(t.whole) : NULL;
        d->n_part = t.n_part;
        memcpy(d->part, t.part, sizeof d->part);
        if (t.field) {
            d->prob = vn_vol_ref(t.field);
            v->low = t.low;
            v->high = t.high;
        }
    }
    vn_vol_unref(t.field);
    vn_vol_unref(t.whole);
    vn_vol_unref(t.mask);
}

int vn_shown_get(struct vn_session *s, struct vn_shown *out, struct vn_job *job, struct vn_err *err)
{
    vn_shown_free(out);
    out->view = vn_session_view(s);
    struct vn_view *view = &out->view;
    struct vn_obj *o = view->volume[0] ? vn_session_get(s, view->volume) : NULL;
    bool inside = o != NULL;
    if (!o && vn_newest_volume(s, VN_VOLUMES, view->volume))
        o = vn_session_get(s, view->volume);
    if (!o)
        return 0;
    int rc = vn_obj_vol(s, o, &out->vol, job, err);
    vn_obj_unref(o);
    if (rc) {
        out->vol = NULL;
        return rc;
    }
    for (int k = 0; k < 3; k++)
        inside = inside && view->at[k] >= (double)out->vol->box.lo[k] && view->at[k] < (double)out->vol->box.hi[k];
    for (int k = 0; k < 3 && !inside; k++)       /* never looked at, or another volume's place */
        view->at[k] = floor(0.5 * (double)(out->vol->box.lo[k] + out->vol->box.hi[k]));
    get_overlays(s, out, job);
    if (view->overlay_on)
        out->graph = graph(s, view->graph, out->vol, job);
    if (view->low >= 0)
        out->prob = named(s, view->threshold_of, out->vol, job);
    else
        get_tuned(s, out);
    out->has_roi = vn_session_roi(s, &out->roi);
    if (out->view.has_box) {
        out->roi = out->view.box;
        out->has_roi = true;
    }
    out->has_roi = out->has_roi && vn_box_meet(&out->roi, &out->vol->box, &out->roi);
    get_linked(s, out, job);
    for (int i = 0; i <= view->n_linked && !rc; i++) {
        struct vn_vol *v = vn_shown_vol(out, i);
        struct vn_auto *w = &out->window[i];
        if (w->id == v->src->id && w->hi > w->lo)
            continue;
        rc = vn_auto_window(v, &w->lo, &w->hi, job, err);
        w->id = rc ? 0 : v->src->id;
    }
    if (rc)
        vn_shown_free(out);
    return rc;
}

void vn_shown_free(struct vn_shown *d)
{
    vn_vol_unref(d->vol);
    vn_vol_unref(d->overlay);
    vn_vol_unref(d->before);
    d->before = NULL;
    d->n_part = 0;
    vn_graph_unref(d->graph);
    d->graph = NULL;
    vn_vol_unref(d->prob);
    for (int i = 0; i < VN_MAX_SHOWN - 1; i++) {
        vn_vol_unref(d->linked[i]);
        d->linked[i] = NULL;
    }
    for (int i = 0; i < VN_MAX_UNDER; i++) {
        vn_vol_unref(d->under[i]);
        d->under[i] = NULL;
    }
    d->vol = d->overlay = d->prob = NULL;
    d->has_roi = false;
}

/* ---- layout ---- */

int vn_pane_axis(const struct vn_view *v, enum vn_pane p)
{
    return p == VN_XY ? 2 : p == VN_XZ ? 1 : p == VN_YZ ? 0 : v->axis;
}

bool vn_pane_focused(const struct vn_view *v, const struct vn_pane_box *b) { return b->pane == v->focus && b->which == v->front; }

static double extent(const struct vn_vol *v, int axis)
{
    return (double)vn_box_dim(&v->box, axis) * (vn_um_known(&v->grid) ? v->grid.um[axis] : 1.0);
}

static void pane_extent(const struct vn_shown *d, enum vn_pane p, double *w, double *h)
{
    int u, v;
    vn_scene_axes(vn_pane_axis(&d->view, p), &u, &v);
    *w = extent(d->vol, u);
    *h = extent(d->vol, v);
}

enum { MAX_ROW = 4 };
struct plan { int n_row, n[MAX_ROW]; enum vn_pane pane[4]; };

static const struct plan PLAN[] = {
    { 2, { 2, 2 }, { VN_XY, VN_YZ, VN_XZ, VN_MIP } },
    { 1, { 4 }, { VN_XY, VN_XZ, VN_YZ, VN_MIP } },
    { 2, { 3, 1 }, { VN_XY, VN_MIP, VN_YZ, VN_XZ } },
    { 2, { 2, 2 }, { VN_XY, VN_MIP, VN_XZ, VN_YZ } },
    { 4, { 1, 1, 1, 1 }, { VN_XY, VN_XZ, VN_YZ, VN_MIP } },
};

/* Panes of linked volumes; all look along the axis in focus. */
static const struct plan LINKED[] = {
    { 1, { 2 }, { 0 } }, { 2, { 1, 1 }, { 0 } },
    { 1, { 3 }, { 0 } }, { 2, { 2, 1 }, { 0 } }, { 3, { 1, 1, 1 }, { 0 } },
    { 2, { 2, 2 }, { 0 } }, { 1, { 4 }, { 0 } }, { 4, { 1, 1, 1, 1 }, { 0 } },
};

/* Splits n cells in proportion to want[], at least `least` each, `gap` between them. */
static bool share(int n, int gap, int least, int count, const double *want, int *size)
{
    double sum = 0;
    int left = n - gap * (count - 1), spare = left - least * count;
    for (int i = 0; i < count; i++)
        sum += want[i];
    if (spare < 0)
        return false;
    for (int i = 0; i < count; i++) {
        double part = left * want[i] / sum;
        size[i] = i == count - 1 ? left : (int)floor(part + 0.5);
        int most = left - least * (count - 1 - i);
        size[i] = size[i] < least ? least : size[i] > most ? most : size[i];
        left -= size[i];
        sum -= want[i];
    }
    return true;
}

/* Lays the plan out; returns the scale it reaches, or infinity when it does not fit. */
static double place(const struct vn_shown *d, const struct plan *p, int cols, int rows, int px_w, int px_h, double aspect, struct vn_pane_box out[4])
{
    double height[MAX_ROW] = { 0 }, width[MAX_ROW], w, h, scale = 0;
    int row_h[MAX_ROW], col_w[MAX_ROW], i = 0, y = 0;
    for (int r = 0; r < p->n_row; r++)
        for (int k = 0; k < p->n[r]; k++, i++) {
            pane_extent(d, p->pane[i], &w, &h);
            height[r] = fmax(height[r], h);
        }
    if (!share(rows - p->n_row, 0, 2, p->n_row, height, row_h))
        return INFINITY;
    i = 0;
    for (int r = 0; r < p->n_row; r++) {
        for (int k = 0; k < p->n[r]; k++)
            pane_extent(d, p->pane[i + k], &width[k], &h);
        if (!share(cols, 1, 6, p->n[r], width, col_w))
            return INFINITY;
        for (int k = 0, x = 0; k < p->n[r]; k++, i++) {
            out[i] = (struct vn_pane_box){ p->pane[i], x, y + 1, col_w[k], row_h[r], 0 };
            scale = fmax(scale, vn_scene_fit(d->vol, vn_pane_axis(&d->view, p->pane[i]), col_w[k] * px_w, row_h[r] * px_h, aspect));
            x += col_w[k] + 1;
        }
        y += row_h[r] + 1;
    }
    return scale;
}

int vn_pane_layout(const struct vn_shown *d, int cols, int rows, int px_w, int px_h, double aspect, struct vn_pane_box out[4], double *um_per_px)
{
    struct vn_pane_box trial[4];
    const int n_volume = 1 + d->view.n_linked, focus = d->view.focus;
    const enum vn_pane slice = focus == VN_MIP ? d->view.slice : d->view.focus;
    const struct plan one = { 1, { 1 }, { d->view.focus } }, two[2] = { { 1, { 2 }, { slice, VN_MIP } }, { 2, { 1, 1 }, { slice, VN_MIP } } };
    const struct plan *plans = n_volume > 1 ? LINKED : d->view.layout == 2 ? two : PLAN;
    const size_t n_plan = n_volume > 1 ? VN_COUNT(LINKED) : d->view.layout == 2 ? VN_COUNT(two) : VN_COUNT(PLAN);
    double best = INFINITY;
    int n = 0;
    bool many = n_volume > 1 ? !d->view.alone : d->view.layout != 1;
    for (size_t i = 0; many && i < n_plan; i++) {
        struct plan p = plans[i];
        int count = 0;
        for (int r = 0; r < p.n_row; r++)
            count += p.n[r];
        if (n_volume > 1 && count != n_volume)
            continue;
        for (int k = 0; n_volume > 1 && k < count; k++)
            p.pane[k] = (enum vn_pane)focus;
        double scale = place(d, &p, cols, rows, px_w, px_h, aspect, trial);
        if (scale < best * 0.98) {               /* the first ones are the habitual ones: another must be clearly better */
            best = scale;
            n = count;
            memcpy(out, trial, sizeof trial);
        }
    }
    for (int i = 0; n_volume > 1 && i < n; i++)
        out[i].which = i;
    if (!n) {
        best = place(d, &one, cols, rows, px_w, px_h, aspect, trial);
        out[0] = trial[0];
        out[0].which = d->view.front;
        n = isfinite(best) ? 1 : 0;
    }
    *um_per_px = best / (d->view.zoom > 0 ? d->view.zoom : 1);
    return n;
}

/* ---- scenes ---- */

/* Middle of the picture along one axis: the crosshair, but never past the volume's border. */
static double centre_of(const struct vn_shown *d, int axis, double visible_um)
{
    double lo = (double)d->vol->box.lo[axis], hi = (double)d->vol->box.hi[axis];
    double half = 0.5 * visible_um * (hi - lo) / extent(d->vol, axis);
    if (2 * half >= hi - lo)
        return 0.5 * (lo + hi);
    return fmin(fmax(d->view.at[axis], lo + half), hi - half);
}

int64_t vn_pane_slab(const struct vn_shown *d, int axis)
{
    const double um = d->vol->grid.um[axis];
    if (!(d->view.slab_um > 0 && um > 0))
        return vn_max64(d->view.slab, 1);
    return (int64_t)fmin(fmax(floor(d->view.slab_um / um + 0.5), 1), 1e6);
}

void vn_pane_scene(const struct vn_shown *d, const struct vn_pane_box *b, int w, int h, double um_per_px, double aspect, struct vn_scene *out)
{
    const struct vn_view *view = &d->view;
    const enum vn_pane p = b->pane;
    struct vn_vol *volume = vn_shown_vol(d, b->which), *overlay = d->prob ? NULL : p == VN_MIP && d->before ? d->before : d->overlay;
    int axis = vn_pane_axis(view, p), u, v;
    const double *lo_hi = view->window[b->which];
    const bool window = lo_hi[1] > lo_hi[0];
    if (overlay && view->n_linked && overlay->src == volume->src)
        overlay = NULL;                          /* a mask beside its image is not drawn over itself */
    vn_scene_axes(axis, &u, &v);
    *out = (struct vn_scene){ .volume = volume, .overlay = overlay, .prob = d->prob, .low = view->low, .high = view->high, .axis = axis,
                              .um_per_px = um_per_px, .aspect = aspect, .opacity = view->opacity, .outline = view->outline,
                              .tint = view->tint, .colormap = view->colormap, .crosshair = view->crosshair, .roi = d->has_roi ? &d->roi : NULL,
                              .roi_draft = view->has_box, .roi_held = view->has_box ? view->held : 0, .place = view->place, .n_place = view->n_place, .scale_bar = true };
    for (int i = 0; !d->prob && i < view->n_under; i++)
        if (!view->n_linked || d->under[i]->src != volume->src)
            out->under[out->n_under++] = (struct vn_drawn){ d->under[i], view->under[i].opacity, view->under[i].outline, view->under[i].tint };
    if (b->x == 0 && b->y == 1 && !d->prob) {
        out->legend = d->legend;
        out->n_legend = d->n_legend;
    }
    const int64_t slab = vn_pane_slab(d, axis);
    out->graph = d->graph;
    out->has_line = view->has_line;
    memcpy(out->line, view->line, sizeof out->line);
    if (!strcmp(view->picked.of, view->graph)) {
        out->picked_kind = view->picked.kind;
        out->picked = view->picked.id;
    }
    out->mip = p == VN_MIP || slab > 1;
    out->method = p == VN_MIP ? view->mip_method : view->slab_method;
    out->lo = window ? lo_hi[0] : out->mip ? 0 : d->window[b->which].lo;     /* a projection is brighter than a slice: its own window */
    out->hi = window ? lo_hi[1] : out->mip ? 0 : d->window[b->which].hi;
    memcpy(out->at, view->at, sizeof out->at);
    out->centre[0] = centre_of(d, u, um_per_px * w);
    out->centre[1] = centre_of(d, v, um_per_px * aspect * h);
    if (p == VN_MIP) {
        out->slab[0] = d->vol->box.lo[axis];
        out->slab[1] = d->vol->box.hi[axis];
    } else {
        out->slab[0] = (int64_t)floor(view->at[axis]) - slab / 2;
        out->slab[1] = out->slab[0] + slab;
    }
}

/* Whether the slice along axis is among the parts of what is tuned that are nearly so. */
static bool is_provisional(const struct vn_shown *d, int axis)
{
    const int64_t at = (int64_t)floor(d->view.at[axis]);
    bool is = false;
    for (int i = 0; i < d->n_part; i++) {
        const struct vn_box *b = &d->part[i];
        int thin = 0;
        for (int k = 1; k < 3; k++)
            thin = vn_box_dim(b, k) < vn_box_dim(b, thin) ? k : thin;
        is = is || (thin == axis && at >= b->lo[axis] && at < b->hi[axis]);
    }
    return is;
}

void vn_pane_title(const struct vn_shown *d, const struct vn_pane_box *box, struct vn_str *b)
{
    const enum vn_pane p = box->pane;
    int axis = vn_pane_axis(&d->view, p);
    if (d->view.n_linked)
        vn_str_addf(b, "%s  ", vn_shown_name(&d->view, box->which));
    vn_str_addf(b, "%s", PANE_NAME[p]);
    if (p == VN_MIP) {
        vn_str_addf(b, " along %c%s", AXIS_NAME[axis], METHOD[d->view.mip_method]);
        return;
    }
    vn_str_addf(b, " %c %lld/%lld", AXIS_NAME[axis], (long long)floor(d->view.at[axis]), (long long)d->vol->grid.dim[axis]);
    if (vn_pane_slab(d, axis) > 1)
        vn_str_addf(b, " slab %lld%s", (long long)vn_pane_slab(d, axis), METHOD[d->view.slab_method]);
    vn_str_add(b, is_provisional(d, axis) ? "  provisional" : "");
}
