/* brain.c - the measures of one brain, from the file a cohort's row names. */
#include "brain.h"
#include <string.h>

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
    if (t->n_row != 1 && vn_table_find(t, "region") < 0) {
        rc = vn_fail(err, VN_E_FORMAT, "'%s' has %lld rows and no column region: a brain's measured table has one row, or one a region",
                     path, (long long)t->n_row);
        vn_table_unref(t);
        return rc;
    }
    *out = t;
    return 0;
}
