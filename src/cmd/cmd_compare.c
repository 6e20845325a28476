/* cmd_compare.c - "compare": two groups of brains, measure by measure. */
#include "cmd.h"
#include "cohort.h"
#include "compare.h"
#include "mem.h"
#include <math.h>
#include <string.h>

static const struct vn_param params[] = {
    { .name = "cohort", .type = VN_P_OBJECT, .flags = VN_POS | VN_REQ, .kinds = VN_TABLE, .help = "table with subject, group and measures (cohort FILE.csv)" },
    { .name = "a", .type = VN_P_TEXT, .help = "first group, the reference; the first in the table when it has two" },
    { .name = "b", .type = VN_P_TEXT, .help = "second group; differences are b - a" },
    { .name = "measure", .type = VN_P_TEXT, .help = "measures to compare, separated by commas; all when left out. They are the family of the q values" },
    { .name = "covariates", .type = VN_P_TEXT, .help = "columns that are no measures, separated by commas" },
    { .name = "seed", .type = VN_P_INT, .def = "1", .min = 0, .max = 4294967295.0, .help = "of the bootstrap and of drawn permutations" },
    { .name = "to", .type = VN_P_PATH, .flags = VN_PREF, .help = "CSV file to write the table to" },
    { .name = "force", .type = VN_P_FLAG, .flags = VN_PREF, .help = "replace an existing file" },
    { .name = "as", .type = VN_P_NAME, .help = "name of the table of results" },
    { 0 },
};

struct row { int measure, region, missing; struct vn_compared r; bool tested; double q; };

/* Columns of the result, after measure and region. */
static const char *const columns[] = { "n", "mean", "difference", "ci_low", "ci_high", "hedges_g", "p_permutation", "p_welch",
                                       "p_mannwhitney", "q", "n_a", "n_b", "mean_a", "mean_b", "sd_a", "sd_b" };

static void values_of(const struct row *r, double v[VN_COUNT(columns)])
{
    const struct vn_compared *c = &r->r;
    const int n = c->n[0] + c->n[1];
    const double all[] = { n, n ? (c->n[0] * c->mean[0] + c->n[1] * c->mean[1]) / n : NAN, c->difference, c->ci_low, c->ci_high,
                           c->hedges_g, c->perm.p, c->p_welch, c->p_mannwhitney, r->q, c->n[0], c->n[1], c->mean[0], c->mean[1],
                           c->sd[0], c->sd[1] };
    for (size_t i = 0; i < VN_COUNT(columns); i++)
        v[i] = r->tested || i == 0 || i == 10 || i == 11 ? all[i] : NAN;
}

/* Measures of the command, as columns of the cohort's table; n of them. */
static int family(struct vn_call *c, const struct vn_cohort *co, int *measure, int *n, struct vn_err *err)
{
    const char *list = vn_args_text(&c->args, "measure");
    char name[256];

    *n = 0;
    if (!list) {
        for (int i = 0; i < co->n_measure; i++)
            measure[(*n)++] = co->measure[i];
        return *n ? 0 : vn_fail(err, VN_E_ARG, "%s has no measures", vn_call_name(c, "cohort"));
    }
    for (const char *s = list; *s;) {
        const size_t len = strcspn(s, ",");
        snprintf(name, sizeof name, "%.*s", (int)len, s);
        const int k = vn_cohort_measure(co, name, err);
        if (k < 0)
            return k;
        for (int i = 0; i < *n; i++)
            if (measure[i] == k)
                return vn_fail(err, VN_E_ARG, "measure '%s' is named twice", name);
        measure[(*n)++] = k;
        s += len + (s[len] == ',');
    }
    return 0;
}

static int test_all(struct vn_call *c, const struct vn_cohort *co, const int pair[2], struct row *row, int n, struct vn_err *err)
{
    double *x = vn_alloc((uint64_t)co->table->n_row * sizeof *x, err), *p = vn_alloc((uint64_t)n * sizeof *p, err);
    double *q = vn_alloc((uint64_t)n * sizeof *q, err);
    const uint64_t seed = (uint64_t)vn_args_int(&c->args, "seed");
    int rc = x && p && q ? 0 : VN_E_MEMORY;

    for (int i = 0; i < n && !rc; i++) {
        struct row *r = &row[i];
        int size[2];
        vn_cohort_values(co, r->measure, r->region, pair, x, NULL, size, &r->missing);
        r->tested = size[0] >= 2 && size[1] >= 2;
        r->r.n[0] = size[0];
        r->r.n[1] = size[1];
        if (r->tested)
            rc = vn_compare(x, size[0], size[1], seed, (uint64_t)i, &r->r, c->job, err);
        p[i] = r->tested ? r->r.perm.p : NAN;
        vn_job_step(c->job, (uint64_t)i + 1, (uint64_t)n);
    }
    if (!rc)
        rc = vn_bh(p, n, q, err);
    for (int i = 0; i < n && !rc; i++)
        row[i].q = q[i];
    vn_free(x);
    vn_free(p);
    vn_free(q);
    return rc;
}

static const char *measure_name(const struct vn_cohort *co, const struct row *r) { return co->table->col[r->measure].name; }

static const char *region_name(const struct vn_cohort *co, const struct row *r)
{
    return co->region[r->region][0] ? co->region[r->region] : "whole";
}

static int make_table(const struct vn_cohort *co, const struct row *row, int n, const char *note, struct vn_table **out, struct vn_err *err)
{
    struct vn_table *t = vn_table_new(err);
    double v[VN_COUNT(columns)];
    int rc = t ? 0 : VN_E_MEMORY;

    if (!rc && !(t->note = vn_strdup(note, err)))
        rc = VN_E_MEMORY;
    for (int i = 0; i < 2 && !rc; i++)
        rc = vn_table_add_col(t, i ? "region" : "measure", true, err) < 0 ? err->code : 0;
    for (size_t i = 0; i < VN_COUNT(columns) && !rc; i++)
        rc = vn_table_add_col(t, columns[i], false, err) < 0 ? err->code : 0;
    for (int i = 0; i < n && !rc; i++) {
        rc = vn_table_add_row(t, err);
        if (!rc)
            rc = vn_table_set_text(t, i, 0, measure_name(co, &row[i]), err);
        if (!rc)
            rc = vn_table_set_text(t, i, 1, region_name(co, &row[i]), err);
        values_of(&row[i], v);
        for (size_t k = 0; k < VN_COUNT(columns) && !rc; k++)
            t->col[k + 2].num[i] = v[k];
    }
    if (rc)
        vn_table_unref(t);
    else
        *out = t;
    return rc;
}

enum { MAX_ROWS = 100 };

static int report_rows(struct vn_call *c, const struct vn_cohort *co, const struct row *row, int n, struct vn_err *err)
{
    cJSON *list = cJSON_CreateArray();
    double v[VN_COUNT(columns)];

    for (int i = 0; i < n && i < MAX_ROWS; i++) {
        cJSON *o = cJSON_CreateObject();
        values_of(&row[i], v);
        cJSON_AddStringToObject(o, "measure", measure_name(co, &row[i]));
        cJSON_AddStringToObject(o, "region", region_name(co, &row[i]));
        for (size_t k = 0; k < VN_COUNT(columns); k++)
            if (isfinite(v[k]))
                cJSON_AddNumberToObject(o, columns[k], v[k]);
            else
                cJSON_AddNullToObject(o, columns[k]);
        cJSON_AddItemToArray(list, o);
    }
    if (!list || !cJSON_AddItemToObject(c->result, "rows", list)) {
        cJSON_Delete(list);
        return vn_fail(err, VN_E_MEMORY, "no memory for the rows");
    }
    if (n > MAX_ROWS)
        vn_res_int(c, "rows_count", n);
    return 0;
}

static void add_notes(struct vn_call *c, const struct vn_cohort *co, const struct row *row, int n)
{
    int welch = 0, drawn = 0, normal = 0;

    for (int i = 0; i < n; i++) {
        const struct row *r = &row[i];
        if (r->missing)
            vn_call_note(c, "%s (%s): brains without a value, left out: %d", measure_name(co, r), region_name(co, r), r->missing);
        if (!r->tested)
            vn_call_note(c, "%s (%s): %d and %d brains, too few to test", measure_name(co, r), region_name(co, r), r->r.n[0], r->r.n[1]);
        else if (isnan(r->r.hedges_g))
            vn_call_note(c, "%s: the brains of each group are all alike, so there is no effect size", measure_name(co, r));
        welch += r->tested && r->r.ci_is_welch;
        drawn += r->tested && !r->r.perm.exact;
        normal += r->tested && !r->r.mannwhitney_exact;
    }
    if (welch)
        vn_call_note(c, "confidence intervals of %d rows are Welch's (t): the bootstrap needs %d brains a group and some spread", welch, VN_BOOT_LEAST);
    if (drawn)
        vn_call_note(c, "p_permutation of %d rows is from %d drawn splits, as all of them are too many to count", drawn, VN_PERMUTE_DRAWS);
    if (normal)
        vn_call_note(c, "p_mannwhitney of %d rows is by the normal approximation", normal);
}

static int report(struct vn_call *c, const struct vn_cohort *co, const int pair[2], struct row *row, int n, struct vn_err *err)
{
    int size[2] = { 0, 0 };
    uint64_t splits = 0;
    const struct vn_gsl *g;
    struct vn_table *t = NULL;
    char note[700], label[300];

    for (int i = 0; i < n; i++) {
        for (int k = 0; k < 2; k++)
            size[k] = row[i].r.n[k] > size[k] ? row[i].r.n[k] : size[k];
        splits = row[i].tested && row[i].r.perm.splits > splits ? row[i].r.perm.splits : splits;
    }
    if (size[0] < 2 || size[1] < 2)
        return vn_fail(err, VN_E_ARG, "group '%s' has %d brains with values and '%s' %d: a comparison needs at least 2 in each", co->group[pair[0]],
                       size[0], co->group[pair[1]], size[1]);
    int rc = vn_gsl_open(&g, err);
    if (!rc)
        rc = report_rows(c, co, row, n, err);
    if (rc)
        return rc;
    vn_res_text(c, "unit_of_test", "brain");
    vn_res_text(c, "a", co->group[pair[0]]);
    vn_res_text(c, "b", co->group[pair[1]]);
    vn_res_int(c, "n_a", size[0]);
    vn_res_int(c, "n_b", size[1]);
    snprintf(label, sizeof label, "%s - %s", co->group[pair[1]], co->group[pair[0]]);
    vn_res_text(c, "difference_is", label);
    vn_res_int(c, "family", n);
    vn_res_num(c, "permutations", (double)splits);
    vn_res_num(c, "detectable_g", vn_t_detectable(g, size[0], size[1], 0.05, 0.8));
    add_notes(c, co, row, n);
    vn_call_note(c, "with %d and %d brains the smallest difference found with power 0.8 at p < 0.05 is %.2f standard deviations", size[0], size[1],
                 vn_t_detectable(g, size[0], size[1], 0.05, 0.8));
    snprintf(note, sizeof note, "Venule %s compare %s: %s, n = %d and %d brains, seed %lld\nq: Benjamini-Hochberg over %d tests (p_permutation)",
             VN_VERSION, vn_call_name(c, "cohort"), label, size[0], size[1], vn_args_int(&c->args, "seed"), n);
    rc = make_table(co, row, n, note, &t, err);
    if (!rc && vn_args_has(&c->args, "to") && !c->remake) {
        rc = vn_table_write_csv(t, vn_args_text(&c->args, "to"), vn_args_flag(&c->args, "force"), err);
        if (!rc)
            vn_res_text(c, "to", vn_args_text(&c->args, "to"));
    }
    if (rc) {
        vn_table_unref(t);
        return rc;
    }
    return vn_call_output(c, 0, "", VN_TABLE, t, err);
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_table *t;
    struct vn_cohort *co = NULL;
    struct row *row = NULL;
    int *measure = NULL, pair[2], n_measure = 0, n = 0;

    int rc = vn_call_table(c, "cohort", &t, err);
    if (!rc)
        rc = vn_cohort_new(t, vn_call_name(c, "cohort"), vn_args_text(&c->args, "covariates"), &co, err);
    if (!rc)
        rc = vn_cohort_pair(co, vn_args_text(&c->args, "a"), vn_args_text(&c->args, "b"), pair, err);
    if (!rc && !(measure = vn_alloc(((uint64_t)co->n_measure + 1) * sizeof *measure, err)))
        rc = VN_E_MEMORY;
    if (!rc)
        rc = family(c, co, measure, &n_measure, err);
    if (!rc && !(row = vn_calloc((uint64_t)n_measure * (uint64_t)co->n_region, sizeof *row, err)))
        rc = VN_E_MEMORY;
    for (int r = 0; r < (rc ? 0 : co->n_region); r++)
        for (int m = 0; m < n_measure; m++)
            row[n++] = (struct row){ .measure = measure[m], .region = r };
    if (!rc)
        rc = test_all(c, co, pair, row, n, err);
    if (!rc)
        rc = report(c, co, pair, row, n, err);
    vn_free(row);
    vn_free(measure);
    vn_cohort_free(co);
    return rc;
}

const struct vn_cmd vn_cmd_compare = { "compare", "compare two groups of brains", params, VN_CMD_MAKES, exec, NULL };
