/* brain.c - the measures of one brain, from the file a cohort's row names. */
#include "brain.h"
#include <math.h>
#include <string.h>
#include <strings.h>
#include "edt.h"
#include "hist.h"
#include "io.h"
#include "measure.h"
#include "skelgraph.h"
#include "thin.h"

/* Rows of measure and value as one row of columns. */
static int turn(const struct vn_table *t, int measure, int value, const char *path, struct vn_table **out, struct vn_err *err)
{
    struct vn_table *wide = vn_table_new(err);
    int rc = wide ? vn_table_add_row(wide, err) : VN_E_MEMORY;

    if (!rc && (!t->col[measure].is_text || t->col[value].is_text))
        rc = vn_fail(err, VN_E_FORMAT, "'%s': column measure must hold names and column value numbers", path);
    for (int64_t r = 0; r < t->n_row && !rc; r++) {
        const int k = vn_table_add_col(wide, t->col[measure].text[r], false, err);
        rc = k < 0 ? k : 0;
        if (!rc)
            wide->col[k].num[0] = t->col[value].num[r];
    }
    if (rc)
        vn_table_unref(wide);
    else
        *out = wide;
    return rc;
}

/* Totals of a table of segments (measure to=FILE): sums, means over segments, radius weighted by length. */
static int total(const struct vn_table *t, const char *path, struct vn_table **out, struct vn_err *err)
{
    static const struct { const char *column, *total, *weight; bool mean; } rule[] = {
        { "length_um", "total_length_um", NULL, false },       { "radius_mean_um", "mean_radius_um", "length_um", true },
        { "tortuosity", "mean_tortuosity", NULL, true },       { "length_um", "mean_segment_length_um", NULL, true },
        { "volume_um3", "vessel_volume_um3", NULL, false },    { "surface_um2", "vessel_surface_um2", NULL, false },
    };
    struct vn_table *one = vn_table_new(err);
    int rc = one ? vn_table_add_row(one, err) : VN_E_MEMORY;

    for (size_t i = 0; i < VN_COUNT(rule) && !rc; i++) {
        const int from = vn_table_find(t, rule[i].column), by = rule[i].weight ? vn_table_find(t, rule[i].weight) : -1;
        double sum = 0, weights = 0;
        if (from < 0)
            continue;
        if (t->col[from].is_text || (by >= 0 && t->col[by].is_text)) {
            rc = vn_fail(err, VN_E_FORMAT, "'%s': column %s holds words where numbers belong", path, rule[i].column);
            break;
        }
        for (int64_t r = 0; r < t->n_row; r++) {
            const double v = t->col[from].num[r], w = by >= 0 ? t->col[by].num[r] : 1;
            if (!isfinite(v) || !isfinite(w))
                continue;
            sum += v * w;
            weights += w;
        }
        const int k = vn_table_add_col(one, rule[i].total, false, err);
        rc = k < 0 ? k : 0;
        if (!rc)
            one->col[k].num[0] = rule[i].mean ? (weights > 0 ? sum / weights : NAN) : sum;
    }
    const int k = rc ? rc : vn_table_add_col(one, "segments", false, err);
    if (k < 0) {
        vn_table_unref(one);
        return k;
    }
    one->col[k].num[0] = (double)t->n_row;
    *out = one;
    return 0;
}

/* ---- volumes ---- */

/* A mask has one value besides 0; grey levels are not counted as vessel by oversight. */
static int check_mask(struct vn_vol *v, const char *path, struct vn_job *job, struct vn_err *err)
{
    const struct vn_hist *h;
    int used = 0;

    if (!vn_um_known(&v->grid))
        return vn_fail(err, VN_E_ARG, "'%s' does not say its voxel size, without which lengths mean nothing: open it with voxel=, save it as NIfTI, "
                       "and name that file", path);
    const int rc = vn_vol_hist(v, &h, job, err);
    if (rc)
        return rc;
    for (int i = 0; i < 65536; i++)
        used += h->bin[i] > 0;
    if (used > 2 || (used == 2 && h->min != 0))
        return vn_fail(err, VN_E_ARG, "'%s' holds grey levels (%.6g to %.6g), not a mask of 0 and one value: segment it and name the mask's file",
                       path, h->min, h->max);
    if (!(h->max > 0))
        return vn_fail(err, VN_E_ARG, "'%s' is an empty mask", path);
    return 0;
}

/* Distance to the background; beyond the faces is unknown, unless there is no background at all. */
static int distances(const struct vn_buf *mask, const double um[3], struct vn_buf *dist, struct vn_job *job, struct vn_err *err)
{
    int rc = vn_buf_new(dist, VN_F32, &mask->box, err);
    if (!rc)
        rc = vn_edt(mask, um, VN_EDT_OPEN, dist, job, err);
    if (!rc && isinf(((const float *)dist->data)[0]))
        rc = vn_edt(mask, um, 0, dist, job, err);
    return rc;
}

/* What skeleton, graph and measure give with their defaults: spurs shorter than 1.5 radii or 2 voxels (widest side) go. */
static int measure_volume(const char *path, struct vn_table **out, struct vn_job *job, struct vn_err *err)
{
    const struct vn_open_opt how = { 0 };
    struct vn_vol *v = NULL;
    struct vn_buf mask = { 0 }, skel = { 0 }, dist = { 0 };
    struct vn_graph *g = NULL;
    struct vn_measures m = { 0 };
    struct vn_skelgraph_info info;
    struct vn_skelgraph_opt o = { 1.5, 0 };

    int rc = vn_io_open(path, &how, &v, err);
    if (!rc)
        rc = check_mask(v, path, job, err);
    if (!rc)
        rc = vn_vol_map(v, VN_U8, &v->box, VN_PAD_ZERO, &mask, job, err);
    if (!rc)
        rc = vn_buf_new(&skel, VN_U8, &v->box, err);
    if (!rc)
        rc = vn_thin(&mask, v->grid.um, &skel, job, err);
    if (!rc)
        rc = distances(&mask, v->grid.um, &dist, job, err);
    if (!rc) {
        o.shortest = 2 * fmax(v->grid.um[0], fmax(v->grid.um[1], v->grid.um[2]));
        rc = vn_skelgraph(&skel, &dist, &v->grid, &o, &g, &info, job, err);
    }
    if (!rc)
        rc = vn_measure(&(const struct vn_measure_in){ .graph = g }, &m, job, err);
    if (!rc)
        rc = vn_measure_table(&m, out, err);
    vn_measures_free(&m);
    vn_graph_unref(g);
    vn_buf_free(&mask);
    vn_buf_free(&skel);
    vn_buf_free(&dist);
    vn_vol_unref(v);
    return rc;
}

/* A column `region` that says "all" alone divides nothing. */
static int drop_sole_region(struct vn_table *t, struct vn_table **out, struct vn_err *err)
{
    const int region = vn_table_find(t, "region");
    if (t->n_row != 1 || region < 0) {
        *out = vn_table_ref(t);
        return 0;
    }
    struct vn_table *one = vn_table_new(err);
    int rc = one ? vn_table_add_row(one, err) : VN_E_MEMORY;
    for (int i = 0; i < t->n_col && !rc; i++) {
        const int k = i == region ? 0 : vn_table_add_col(one, t->col[i].name, t->col[i].is_text, err);
        if (i == region)
            continue;
        rc = k < 0 ? k : 0;
        if (!rc && t->col[i].is_text)
            rc = vn_table_set_text(one, 0, k, t->col[i].text[0], err);
        else if (!rc)
            one->col[k].num[0] = t->col[i].num[0];
    }
    if (rc)
        vn_table_unref(one);
    else
        *out = one;
    return rc;
}

static int read_table(const char *path, struct vn_table **out, struct vn_err *err)
{
    struct vn_table *t;
    int rc = vn_table_read_csv(path, &t, err);
    if (rc)
        return rc;
    const int measure = vn_table_find(t, "measure"), value = vn_table_find(t, "value");
    if (measure >= 0 && value >= 0)
        rc = turn(t, measure, value, path, out, err);
    else if (vn_table_find(t, "segment") >= 0 && vn_table_find(t, "length_um") >= 0)
        rc = total(t, path, out, err);
    else if (t->n_row != 1 && vn_table_find(t, "region") < 0)
        rc = vn_fail(err, VN_E_FORMAT, "'%s' has %lld rows and no column region: a brain's measured table has one row, or one a region",
                     path, (long long)t->n_row);
    else
        rc = drop_sole_region(t, out, err);
    vn_table_unref(t);
    return rc;
}

int vn_brain_measures(const char *path, struct vn_table **out, struct vn_job *job, struct vn_err *err)
{
    struct vn_table *t;
    const size_t n = strlen(path);
    int rc = vn_job_check(job, err);

    if (rc)
        return rc;
    if (n > 4 && !strcasecmp(path + n - 4, ".csv"))
        return read_table(path, out, err);
    rc = measure_volume(path, &t, job, err);
    if (!rc) {
        rc = drop_sole_region(t, out, err);
        vn_table_unref(t);
    }
    return rc;
}
