/* cohort.h - groups of brains: a table with one row per brain (and region), checked before any test sees it.
 *
 * Columns: subject, group, region (optional), then measures (numbers) and covariates.  A subject stands once per region:
 * several rows of one brain are blocks of one brain, not brains (pseudoreplication). */
#ifndef VN_COHORT_H
#define VN_COHORT_H
#include "table.h"

struct vn_cohort {
    struct vn_table *table;        /* own copy: subject, group, region as text; measures and covariates as given */
    int n_group, n_region, n_measure, n_covariate;
    char **group, **region;        /* in order of first appearance; region[0] is "" when there is no such column */
    int *row_group, *row_region;   /* of each row */
    int *measure, *covariate;      /* columns of table */
};
/* covariates: names separated by commas, or NULL: those the table's note lists ("covariates: age,sex"), else the columns
 * of words and those named age, sex, weight, batch, litter, cage, date, strain, genotype, path,
 * tissue_volume (also with a unit).  `what` names the table in
 * messages.  VN_E_ARG or VN_E_FORMAT name the row (1 = first below the header) and the column. */
int vn_cohort_new(const struct vn_table *raw, const char *what, const char *covariates, struct vn_cohort **out, struct vn_err *err);
void vn_cohort_free(struct vn_cohort *c);

/* Group by name; -1 and VN_E_ARG listing the groups when there is none. */
int vn_cohort_group(const struct vn_cohort *c, const char *name, struct vn_err *err);
/* The two groups to compare: by name, or the only two in order of appearance (a and b may be NULL). */
int vn_cohort_pair(const struct vn_cohort *c, const char *a, const char *b, int pair[2], struct vn_err *err);
/* Column of the measure named, or VN_E_ARG listing them. */
int vn_cohort_measure(const struct vn_cohort *c, const char *name, struct vn_err *err);

/* Values of a measure in a region: first group pair[0], then pair[1]; x and subject (may be NULL) have room for all rows.
 * Rows without a finite value are left out and counted in *missing. */
void vn_cohort_values(const struct vn_cohort *c, int measure, int region, const int pair[2], double *x, const char **subject,
                      int n[2], int *missing);
/* Text of a cell: a number in the shortest form that reads back. */
const char *vn_cell_text(const struct vn_table *t, int64_t row, int col, char buf[32]);
#endif
