/* cohort.c - groups of brains: a table checked before any test sees it. */
#include "cohort.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mem.h"
#include "text.h"

const char *vn_cell_text(const struct vn_table *t, int64_t row, int col, char buf[32])
{
    const struct vn_column *k = &t->col[col];
    return k->is_text ? k->text[row] : isnan(k->num[row]) ? "" : vn_text_real(k->num[row], buf);
}

/* Is `name` one of the words of list (separated by commas, blanks around them allowed)? */
static bool listed(const char *list, const char *name)
{
    const size_t n = strlen(name);
    while (*list) {
        list += strspn(list, ", ");
        const size_t len = strcspn(list, ",");
        size_t w = len;
        while (w && list[w - 1] == ' ')
            w--;
        if (w == n && !memcmp(list, name, n))
            return true;
        list += len;
    }
    return false;
}

static bool usual_covariate(const char *name)
{
    static const char *const usual[] = { "age", "sex", "weight", "batch", "litter", "cage", "date", "strain", "genotype", "path", "tissue_volume" };
    for (size_t i = 0; i < VN_COUNT(usual); i++)
        if (!strncasecmp(name, usual[i], strlen(usual[i])) && strchr("_", name[strlen(usual[i])]))
            return true;                            /* age, age_weeks; strchr finds the end of the word too */
    return false;
}

/* The list after "covariates:" in the table's note, or NULL. */
static const char *noted_covariates(const struct vn_table *t, char *buf, size_t size)
{
    const char *s = t->note ? strstr(t->note, "covariates:") : NULL;
    if (!s || (s != t->note && s[-1] != '\n'))
        return NULL;
    s += strlen("covariates:");
    snprintf(buf, size, "%.*s", (int)strcspn(s, "\n"), s);
    return buf;
}

/* ---- the copy ---- */

static int copy_column(const struct vn_table *from, int col, const char *name, bool as_text, struct vn_table *to, struct vn_err *err)
{
    const int k = vn_table_add_col(to, name, as_text, err);
    char buf[32];
    int rc = k < 0 ? k : 0;
    for (int64_t r = 0; r < from->n_row && !rc; r++) {
        if (as_text)
            rc = vn_table_set_text(to, r, k, vn_cell_text(from, r, col, buf), err);
        else
            to->col[k].num[r] = from->col[col].num[r];
    }
    return rc;
}

/* A column of words among the measures: which cell is not a number? */
static int refuse_words(const struct vn_table *t, const char *what, int col, struct vn_err *err)
{
    for (int64_t r = 0; r < t->n_row; r++) {
        const char *s = t->col[col].text[r];
        char *end;
        strtod(s, &end);
        if (*s && (end == s || end[strspn(end, " \t")]))
            return vn_fail(err, VN_E_FORMAT, "%s row %lld, column %s: '%s' is not a number", what, (long long)r + 1, t->col[col].name, s);
    }
    return vn_fail(err, VN_E_FORMAT, "%s column %s holds words where a measure needs numbers", what, t->col[col].name);
}

/* Does any cell of a column of words read as a number?  Then it is a measure with a mistake in it. */
static bool partly_numbers(const struct vn_table *t, int col)
{
    for (int64_t r = 0; r < t->n_row; r++) {
        const char *s = t->col[col].text[r];
        char *end;
        strtod(s, &end);
        if (end != s && !*end)
            return true;
    }
    return false;
}

static int copy_table(struct vn_cohort *c, const struct vn_table *raw, const char *what, const char *covariates, struct vn_err *err)
{
    static const char *const keys[] = { "subject", "group", "region" };
    char noted[1000];
    const char *list = covariates ? covariates : noted_covariates(raw, noted, sizeof noted);
    int key_col[3], rc = 0;

    c->table = vn_table_new(err);
    if (!c->table)
        return VN_E_MEMORY;
    for (int64_t r = 0; r < raw->n_row; r++)
        if ((rc = vn_table_add_row(c->table, err)))
            return rc;
    for (int k = 0; k < 3; k++) {
        key_col[k] = vn_table_find(raw, keys[k]);
        if (key_col[k] < 0 && k < 2)
            return vn_fail(err, VN_E_FORMAT, "%s has no column '%s'; a cohort needs subject, group, then measures or path", what, keys[k]);
        if (key_col[k] >= 0 && (rc = copy_column(raw, key_col[k], keys[k], true, c->table, err)))
            return rc;
    }
    for (int pass = 0; pass < 2 && !rc; pass++)         /* measures first, then covariates */
        for (int i = 0; i < raw->n_col && !rc; i++) {
            const struct vn_column *k = &raw->col[i];
            if (i == key_col[0] || i == key_col[1] || i == key_col[2])
                continue;
            const bool aside = list ? listed(list, k->name) : usual_covariate(k->name) || (k->is_text && !partly_numbers(raw, i));
            if (aside != (pass == 1))
                continue;
            if (k->is_text && !aside)
                return refuse_words(raw, what, i, err);
            rc = copy_column(raw, i, k->name, k->is_text, c->table, err);
            *(aside ? &c->covariate[c->n_covariate++] : &c->measure[c->n_measure++]) = c->table->n_col - 1;
        }
    return rc;
}

/* Numbers of the distinct texts of a column, in order of first appearance. */
static int number_words(const struct vn_table *t, int col, char ***words, int *n_words, int *of_row, struct vn_err *err)
{
    *words = vn_calloc((uint64_t)t->n_row + 1, sizeof **words, err);
    if (!*words)
        return VN_E_MEMORY;
    *n_words = 0;
    for (int64_t r = 0; r < t->n_row; r++) {
        const char *s = col >= 0 ? t->col[col].text[r] : "";
        int k = 0;
        while (k < *n_words && strcmp((*words)[k], s))
            k++;
        if (k == *n_words) {
            if (!((*words)[k] = vn_strdup(s, err)))
                return VN_E_MEMORY;
            (*n_words)++;
        }
        of_row[r] = k;
    }
    return 0;
}

static int check_rows(const struct vn_cohort *c, const char *what, struct vn_err *err)
{
    const struct vn_table *t = c->table;
    const bool has_region = vn_table_find(t, "region") >= 0;

    if (!t->n_row)
        return vn_fail(err, VN_E_FORMAT, "%s has no rows", what);
    for (int64_t r = 0; r < t->n_row; r++) {
        for (int k = 0; k < 2; k++)
            if (!t->col[k].text[r][0])
                return vn_fail(err, VN_E_FORMAT, "%s row %lld, column %s: is empty", what, (long long)r + 1, t->col[k].name);
        for (int64_t q = 0; q < r; q++) {
            if (strcmp(t->col[0].text[q], t->col[0].text[r]))
                continue;
            if (c->row_group[q] != c->row_group[r])
                return vn_fail(err, VN_E_ARG, "%s row %lld, column group: subject '%s' is in group '%s' here and in '%s' in row %lld",
                               what, (long long)r + 1, t->col[0].text[r], t->col[1].text[r], t->col[1].text[q], (long long)q + 1);
            if (c->row_region[q] == c->row_region[r])
                return vn_fail(err, VN_E_ARG, "%s row %lld, column subject: '%s' stands in row %lld already%s%s; the brain is the unit of every "
                               "test, and blocks or slices counted as brains make differences out of nothing (pseudoreplication): "
                               "give one row per brain, the mean or total of its blocks", what, (long long)r + 1, t->col[0].text[r],
                               (long long)q + 1, has_region ? " for region " : "", has_region ? c->region[c->row_region[r]] : "");
        }
    }
    return 0;
}

int vn_cohort_new(const struct vn_table *raw, const char *what, const char *covariates, struct vn_cohort **out, struct vn_err *err)
{
    struct vn_cohort *c = vn_calloc(1, sizeof *c, err);
    int rc = VN_E_MEMORY;

    if (!c)
        return rc;
    c->row_group = vn_calloc((uint64_t)raw->n_row + 1, sizeof *c->row_group, err);
    c->row_region = vn_calloc((uint64_t)raw->n_row + 1, sizeof *c->row_region, err);
    c->measure = vn_calloc((uint64_t)raw->n_col + 1, sizeof *c->measure, err);
    c->covariate = vn_calloc((uint64_t)raw->n_col + 1, sizeof *c->covariate, err);
    if (c->row_group && c->row_region && c->measure && c->covariate)
        rc = copy_table(c, raw, what, covariates, err);
    if (!rc)
        rc = number_words(c->table, vn_table_find(c->table, "group"), &c->group, &c->n_group, c->row_group, err);
    if (!rc)
        rc = number_words(c->table, vn_table_find(c->table, "region"), &c->region, &c->n_region, c->row_region, err);
    if (!rc)
        rc = check_rows(c, what, err);
    if (rc)
        vn_cohort_free(c);
    else
        *out = c;
    return rc;
}

void vn_cohort_free(struct vn_cohort *c)
{
    if (!c)
        return;
    for (int i = 0; c->group && i < c->n_group; i++)
        vn_free(c->group[i]);
    for (int i = 0; c->region && i < c->n_region; i++)
        vn_free(c->region[i]);
    vn_free(c->group);
    vn_free(c->region);
    vn_free(c->row_group);
    vn_free(c->row_region);
    vn_free(c->measure);
    vn_free(c->covariate);
    vn_table_unref(c->table);
    vn_free(c);
}

/* ---- questions ---- */

static void add_list(struct vn_str *b, char *const *words, int n)
{
    for (int i = 0; i < n; i++)
        vn_str_addf(b, "%s%s", i ? ", " : "", words[i]);
}

int vn_cohort_group(const struct vn_cohort *c, const char *name, struct vn_err *err)
{
    struct vn_str b = { 0 };
    for (int i = 0; i < c->n_group; i++)
        if (!strcmp(c->group[i], name))
            return i;
    add_list(&b, c->group, c->n_group);
    vn_fail(err, VN_E_ARG, "no group is named '%s'; there are: %s", name, b.failed ? "(no memory to list them)" : b.s ? b.s : "none");
    vn_str_free(&b);
    return -1;
}

int vn_cohort_pair(const struct vn_cohort *c, const char *a, const char *b, int pair[2], struct vn_err *err)
{
    pair[0] = a ? vn_cohort_group(c, a, err) : -1;
    if (a && pair[0] < 0)
        return VN_E_ARG;
    pair[1] = b ? vn_cohort_group(c, b, err) : -1;
    if (b && pair[1] < 0)
        return VN_E_ARG;
    if (c->n_group < 2)
        return vn_fail(err, VN_E_ARG, "there is one group only, '%s': a comparison needs two", c->group[0]);
    if (c->n_group > 2 && (!a || !b)) {
        struct vn_str list = { 0 };
        add_list(&list, c->group, c->n_group);
        vn_fail(err, VN_E_ARG, "there are %d groups (%s): say which two, a=GROUP b=GROUP", c->n_group, list.failed || !list.s ? "(no memory to list them)" : list.s);
        vn_str_free(&list);
        return VN_E_ARG;
    }
    if (pair[0] < 0)
        pair[0] = pair[1] == 0 ? 1 : 0;
    if (pair[1] < 0)
        pair[1] = pair[0] == 0 ? 1 : 0;
    if (pair[0] == pair[1])
        return vn_fail(err, VN_E_ARG, "a and b are both '%s': a comparison needs two groups", c->group[pair[0]]);
    return 0;
}

int vn_cohort_measure(const struct vn_cohort *c, const char *name, struct vn_err *err)
{
    struct vn_str b = { 0 };
    for (int i = 0; i < c->n_measure; i++)
        if (!strcmp(c->table->col[c->measure[i]].name, name))
            return c->measure[i];
    for (int i = 0; i < c->n_measure; i++)
        vn_str_addf(&b, "%s%s", i ? ", " : "", c->table->col[c->measure[i]].name);
    vn_fail(err, VN_E_ARG, "no measure is named '%s'; there are: %s", name, b.failed ? "(no memory to list them)" : b.s ? b.s : "none");
    vn_str_free(&b);
    return VN_E_ARG;
}

void vn_cohort_values(const struct vn_cohort *c, int measure, int region, const int pair[2], double *x, const char **subject,
                      int n[2], int *missing)
{
    int at = 0;
    *missing = 0;
    for (int g = 0; g < 2; g++) {
        n[g] = 0;
        for (int64_t r = 0; r < c->table->n_row; r++) {
            if (c->row_group[r] != pair[g] || c->row_region[r] != region)
                continue;
            const double v = c->table->col[measure].num[r];
            if (!isfinite(v)) {
                (*missing)++;
                continue;
            }
            if (subject)
                subject[at] = c->table->col[0].text[r];
            x[at++] = v;
            n[g]++;
        }
    }
}
