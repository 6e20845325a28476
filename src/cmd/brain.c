/* brain.c - the measures of one brain, from the file a cohort's row names. */
#include "brain.h"
#include <math.h>

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

int vn_brain_measures(const char *path, struct vn_table **out, struct vn_job *job, struct vn_err *err)
{
    struct vn_table *t;
    int rc = vn_job_check(job, err);
    if (!rc)
        rc = vn_table_read_csv(path, &t, err);
    if (rc)
        return rc;
    const int measure = vn_table_find(t, "measure"), value = vn_table_find(t, "value");
    if (measure >= 0 && value >= 0) {
        rc = turn(t, measure, value, path, out, err);
        vn_table_unref(t);
        return rc;
    }
    if (vn_table_find(t, "segment") >= 0 && vn_table_find(t, "length_um") >= 0) {
        rc = total(t, path, out, err);
        vn_table_unref(t);
        return rc;
    }
    if (t->n_row != 1 && vn_table_find(t, "region") < 0) {
        rc = vn_fail(err, VN_E_FORMAT, "'%s' has %lld rows and no column region: a brain's measured table has one row, or one a region",
                     path, (long long)t->n_row);
        vn_table_unref(t);
        return rc;
    }
    *out = t;
    return 0;
}
