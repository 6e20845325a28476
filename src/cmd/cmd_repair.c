/* cmd_repair.c - "repair": gaps in vessels closed, every one listed with its score. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cmd.h"
#include "mem.h"
#include "morph.h"
#include "repair.h"
#include "table.h"

static const struct vn_param params[] = {
    { "mask", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_MASK | VN_LABELS | VN_SKELETON, .help = "mask; voxels above 0 are foreground" },
    { "image", VN_P_OBJECT, 0, .kinds = VN_IMAGE | VN_PROB, .help = "what it was made from, image or probability: dim signal in a gap counts for it" },
    { "gap", VN_P_LENGTH, 0, .min = 0, .max = 100000, .def = "8vox", .help = "longest gap; vox: steps of the grid, so that a slice is one however thick" },
    { "min_score", VN_P_REAL, 0, .min = 0, .max = 1, .def = "0.7", .help = "gaps of a lower score stay open" },
    { "refuse", VN_P_TEXT, 0, .help = "rows of the table that stay open, as in 2,5" },
    { "as", VN_P_NAME, 0, .help = "name of the mask; the table becomes NAME_bridges" },
    { 0 },
};

/* The gap's table by rows of the best score first; those longer than gap= are not in it. */
static int make_table(const struct vn_gaps *g, bool um, struct vn_table **out, struct vn_err *err)
{
    static const char *const state[] = { [VN_GAP_TAKEN] = "taken", [VN_GAP_REFUSED] = "refused", [VN_GAP_LOW] = "score", [VN_GAP_USED] = "other" };
    const char *const names[] = { "x", "y", "z", "x2", "y2", "z2", um ? "length_um" : "length_voxels", um ? "radius_um" : "radius_voxels",
                                  um ? "radius2_um" : "radius2_voxels", "angle_deg", "along_z", "evidence", "score", "joins", "state" };
    enum { N = VN_COUNT(names), WORDS = 2 };
    struct vn_table *t = vn_table_new(err);
    int rc = t ? 0 : VN_E_MEMORY;
    for (size_t k = 0; k < N && !rc; k++)
        rc = vn_table_add_col(t, names[k], k >= N - WORDS, err) < 0 ? VN_E_MEMORY : 0;
    for (int64_t i = 0; i < g->n && !rc; i++) {
        const struct vn_gap *p = &g->v[i];
        const double *at = p->bridge.at;
        const double value[] = { at[0], at[1], at[2], at[3], at[4], at[5], p->length, p->bridge.radius[0], p->bridge.radius[1],
                                 p->angle, p->along_z, p->evidence, p->score };
        if (p->state == VN_GAP_LONG)
            continue;
        rc = vn_table_add_row(t, err);
        for (size_t k = 0; k < N - WORDS && !rc; k++)
            t->col[k].num[t->n_row - 1] = value[k];
        if (!rc)
            rc = vn_table_set_text(t, t->n_row - 1, N - 2, p->end[1] < 0 ? "flank" : p->facts.stubs > 0 ? "stub" : "end", err);
        if (!rc)
            rc = vn_table_set_text(t, t->n_row - 1, N - 1, state[p->state], err);
    }
    if (rc)
        vn_table_unref(t);
    else
        *out = t;
    return rc;
}

/* Row numbers separated by commas; *list is the caller's. */
static int parse_refused(const char *s, int64_t **list, int *n, struct vn_err *err)
{
    const char *p = s;
    *n = 0;
    *list = NULL;
    if (!s)
        return 0;
    if (!(*list = vn_alloc((strlen(s) + 1) * sizeof **list, err)))
        return VN_E_MEMORY;
    for (;;) {
        char *end;
        const long long v = *p >= '0' && *p <= '9' ? strtoll(p, &end, 10) : 0;
        if (v < 1 || (*end != ',' && *end != '\0'))
            return vn_fail(err, VN_E_ARG, "refuse=%s: numbers of rows separated by commas are wanted, the first is 1", s);
        (*list)[(*n)++] = v;
        if (*end == '\0')
            return 0;
        p = end + 1;
    }
}

struct work { struct vn_vol *mask, *image; struct vn_box box; struct vn_gaps_rule rule; struct vn_gaps gaps; int64_t taken, voxels; };

static int inputs(struct vn_call *c, struct work *w, struct vn_err *err)
{
    int rc = vn_call_vol(c, "mask", &w->mask, err);
    if (!rc)
        rc = vn_call_region(c, w->mask, &w->box, err);
    if (rc || !vn_args_has(&c->args, "image"))
        return rc;
    bool assumed = false;
    rc = vn_call_vol(c, "image", &w->image, err);
    if (!rc)
        rc = vn_grid_check(&w->mask->grid, vn_call_name(c, "mask"), &w->image->grid, vn_call_name(c, "image"), &assumed, err);
    if (!rc && !vn_box_contains(&w->image->box, &w->box))
        rc = vn_fail(err, VN_E_ARG, "'%s' does not cover all of what is repaired: choose a region (roi) that it covers", vn_call_name(c, "image"));
    return rc;
}

static int rule_of(struct vn_call *c, struct work *w, int64_t **refused, struct vn_err *err)
{
    const struct vn_length l = vn_arg(&c->args, "gap")->len[0];
    const bool known = vn_um_known(&w->mask->grid);
    double unused;
    w->rule.gap = l.v;
    w->rule.um = known && l.unit != VN_VOX;
    w->rule.min_score = vn_args_real(&c->args, "min_score");
    int rc = vn_args_length_vox(&c->args, "gap", 0, w->mask->grid.um, 0, &unused, err);
    if (!rc)
        rc = parse_refused(vn_args_text(&c->args, "refuse"), refused, &w->rule.n_refused, err);
    w->rule.refused = *refused;
    return rc;
}

static int compute(struct vn_call *c, struct work *w, struct vn_vol **out, struct vn_err *err)
{
    const struct vn_grid *g = &w->mask->grid;
    struct vn_buf in = { 0 }, to = { 0 };
    struct vn_gaps_in what = { .image = w->image, .reach = vn_gaps_reach(&w->rule, g->um) };
    int64_t listed = 0;
    for (int k = 0; k < 3 && vn_um_known(g); k++)
        what.um[k] = g->um[k];
    int rc = vn_vol_map(w->mask, VN_U8, &w->box, VN_PAD_ZERO, &in, c->job, err);
    if (!rc)
        rc = vn_buf_new(&to, VN_U8, &w->box, err);
    if (!rc)
        rc = vn_binary_copy(&in, &to, c->job, err);
    vn_buf_free(&in);
    what.mask = &to;
    if (!rc)
        rc = vn_gaps_find(&what, &w->gaps, c->job, err);
    if (!rc)
        rc = vn_gaps_select(&w->gaps, &w->rule, &w->taken, err);
    for (int64_t i = 0; i < w->gaps.n && !rc; i++)
        listed += w->gaps.v[i].state != VN_GAP_LONG;
    for (int i = 0; i < w->rule.n_refused && !rc; i++)
        if (w->rule.refused[i] > listed)
            rc = vn_fail(err, VN_E_ARG, "refuse=%s: there are %lld gaps", vn_args_text(&c->args, "refuse"), (long long)listed);
    if (!rc)
        rc = vn_gaps_draw(&w->gaps, what.um, &to, &w->voxels, c->job, err);
    if (rc)
        vn_buf_free(&to);
    else
        rc = (*out = vn_vol_from_buf(VN_MASK, g, &to, err)) ? 0 : VN_E_MEMORY;
    if (!rc) {
        vn_res_volume(c, *out);
        vn_res_int(c, "ends", w->gaps.n_end - w->gaps.n_stub);
        vn_res_int(c, "stubs", w->gaps.n_stub);
        vn_res_int(c, "gaps", listed);
    }
    return rc;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct work w = { 0 };
    struct vn_vol *out = NULL;
    struct vn_table *t = NULL;
    int64_t *refused = NULL;
    int rc = inputs(c, &w, err);
    if (!rc)
        rc = rule_of(c, &w, &refused, err);
    if (!rc)
        rc = compute(c, &w, &out, err);
    if (!rc && (rc = make_table(&w.gaps, vn_um_known(&w.mask->grid), &t, err)))
        vn_vol_unref(out);
    vn_gaps_free(&w.gaps);
    vn_free(refused);
    if (rc)
        return rc;
    vn_res_int(c, "bridges", w.taken);
    vn_res_int(c, "voxels", w.voxels);
    vn_res_text(c, "gap", vn_args_text(&c->args, "gap"));
    vn_res_num(c, "min_score", vn_args_real(&c->args, "min_score"));
    rc = vn_call_output(c, 0, "", VN_MASK, out, err);
    if (!rc)
        return vn_call_output(c, 1, "_bridges", VN_TABLE, t, err);
    vn_table_unref(t);
    return rc;
}

const struct vn_cmd vn_cmd_repair = { "repair", "close gaps in vessels, every bridge listed with its score", params, VN_CMD_MAKES, exec, NULL };
