/* proposals.c - tables of proposals. */
#include "proposals.h"
#include "mem.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const KIND[] = { "bridge", "speck" };
static const char *const COL[VN_PR_COLS] = { "kind", "x", "y", "z", "x2", "y2", "z2", "radius", "radius2", "score", "voxels", "state" };

static void col_name(int i, bool um, char out[24])
{
    const bool length = i == VN_PR_RADIUS || i == VN_PR_RADIUS2;
    snprintf(out, 24, "%s%s", COL[i], !length ? "" : um ? "_um" : "_voxels");
}

static double *cell(const struct vn_table *t, const int *col, int which, int64_t row) { return &t->col[col[which]].num[row]; }

static int fill(struct vn_table *t, const struct vn_proposal *p, int64_t n, bool um, struct vn_err *err)
{
    int col[VN_PR_COLS], rc = 0;
    for (int i = 0; i < VN_PR_COLS; i++) {
        char name[24];
        col_name(i, um, name);
        if ((col[i] = vn_table_add_col(t, name, i == VN_PR_KIND || i == VN_PR_STATE, err)) < 0)
            return col[i];
    }
    for (int64_t i = 0; i < n && !rc; i++) {
        if ((rc = vn_table_add_row(t, err)))
            return rc;
        for (int k = 0; k < 6; k++)
            *cell(t, col, VN_PR_X + k, i) = p[i].bridge.at[k];
        *cell(t, col, VN_PR_RADIUS, i) = p[i].bridge.radius[0];
        *cell(t, col, VN_PR_RADIUS2, i) = p[i].bridge.radius[1];
        *cell(t, col, VN_PR_SCORE, i) = p[i].score;
        *cell(t, col, VN_PR_VOXELS, i) = (double)p[i].voxels;
        rc = vn_table_set_text(t, i, col[VN_PR_KIND], KIND[p[i].kind], err);
        if (!rc)
            rc = vn_table_set_text(t, i, col[VN_PR_STATE], "open", err);
    }
    return rc;
}

int vn_proposals_table(const struct vn_proposal *p, int64_t n, bool um, struct vn_table **out, struct vn_err *err)
{
    struct vn_table *t = vn_table_new(err);
    const int rc = t ? fill(t, p, n, um, err) : VN_E_MEMORY;
    if (rc)
        vn_table_unref(t);
    else
        *out = t;
    return rc;
}

int vn_proposals_columns(const struct vn_table *t, const char *name, int col[VN_PR_COLS], struct vn_err *err)
{
    const bool um = vn_table_find(t, "radius_um") >= 0;
    for (int i = 0; i < VN_PR_COLS; i++) {
        char want[24];
        const bool text = i == VN_PR_KIND || i == VN_PR_STATE;
        col_name(i, um, want);
        col[i] = vn_table_find(t, want);
        if (col[i] < 0 || (t->n_row && t->col[col[i]].is_text != text))
            return vn_fail(err, VN_E_ARG, "'%s' is no table of proposals: it has no column '%s'", name, want);
    }
    return 0;
}

void vn_proposal_row(const struct vn_table *t, const int col[VN_PR_COLS], int64_t row, struct vn_proposal *p)
{
    *p = (struct vn_proposal){ .kind = strcmp(t->col[col[VN_PR_KIND]].text[row], KIND[VN_PROPOSE_SPECK]) ? VN_PROPOSE_BRIDGE : VN_PROPOSE_SPECK,
                               .score = *cell(t, col, VN_PR_SCORE, row), .voxels = (int64_t)*cell(t, col, VN_PR_VOXELS, row),
                               .bridge.radius = { *cell(t, col, VN_PR_RADIUS, row), *cell(t, col, VN_PR_RADIUS2, row) } };
    for (int k = 0; k < 6; k++)
        p->bridge.at[k] = *cell(t, col, VN_PR_X + k, row);
}

int64_t vn_proposals_open(const struct vn_table *t, const int col[VN_PR_COLS])
{
    int64_t n = 0;
    for (int64_t i = 0; i < t->n_row; i++)
        n += !strcmp(t->col[col[VN_PR_STATE]].text[i], "open");
    return n;
}

static int copy(const struct vn_table *t, struct vn_table *to, struct vn_err *err)
{
    int rc = 0;
    for (int c = 0; c < t->n_col; c++)
        if ((rc = vn_table_add_col(to, t->col[c].name, t->col[c].is_text, err)) < 0)
            return rc;
    for (int64_t i = 0; i < t->n_row; i++) {
        if ((rc = vn_table_add_row(to, err)))
            return rc;
        for (int c = 0; c < t->n_col; c++)
            if (!t->col[c].is_text)
                to->col[c].num[i] = t->col[c].num[i];
            else if ((rc = vn_table_set_text(to, i, c, t->col[c].text[i], err)))
                return rc;
    }
    return t->note && !(to->note = vn_strdup(t->note, err)) ? VN_E_MEMORY : 0;
}

int vn_proposals_with(const struct vn_table *t, const int col[VN_PR_COLS], int64_t row, const char *state, struct vn_table **out, struct vn_err *err)
{
    struct vn_table *to = vn_table_new(err);
    int rc = to ? copy(t, to, err) : VN_E_MEMORY;
    if (!rc)
        rc = vn_table_set_text(to, row, col[VN_PR_STATE], state, err);
    if (rc)
        vn_table_unref(to);
    else
        *out = to;
    return rc;
}
