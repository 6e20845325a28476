/* cmd_cohort.c - "cohort": the table of brains that compare and plot work on. */
#include "brain.h"
#include "cmd.h"
#include "cohort.h"
#include "mem.h"
#include "vox.h"
#include <math.h>
#include <string.h>

static const struct vn_param params[] = {
    { .name = "file", .type = VN_P_PATH, .flags = VN_POS | VN_FILE, .help = "CSV file: subject, group, then path or the measures, then covariates" },
    { .name = "covariates", .type = VN_P_TEXT, .help = "columns that are no measures, separated by commas" },
    { .name = "sample", .type = VN_P_INT, .min = 2, .max = 1000, .unit = "brains", .help = "no file: so many made-up brains a group, to try compare and plot" },
    { .name = "seed", .type = VN_P_INT, .def = "1", .min = 0, .max = 4294967295.0, .help = "of the made-up brains" },
    { .name = "as", .type = VN_P_NAME, .help = "name of the cohort" },
    { 0 },
};

/* Path of a row's file: relative ones start from the folder of the cohort's file. */
static char *resolve(const char *cohort, const char *path, struct vn_err *err)
{
    const char *slash = strrchr(cohort, '/');
    if (path[0] == '/' || !slash)
        return vn_strdup(path, err);
    return vn_sprintf(err, "%.*s/%s", (int)(slash - cohort), cohort, path);
}

/* Copies the row's own cells (subject, group, covariates) of raw to row `to` of t. */
static int copy_row(const struct vn_table *raw, int64_t from, struct vn_table *t, int64_t to, struct vn_err *err)
{
    char buf[32];
    int rc = 0;

    for (int i = 0; i < raw->n_col && !rc; i++) {
        const int k = vn_table_find(t, raw->col[i].name);
        if (k < 0)
            continue;
        if (t->col[k].is_text)
            rc = vn_table_set_text(t, to, k, vn_cell_text(raw, from, i, buf), err);
        else
            t->col[k].num[to] = raw->col[i].num[from];
    }
    return rc;
}

/* Adds the rows of one brain (one, or one a region) to t; columns it does not have yet are added. */
static int add_brain(const struct vn_table *raw, int64_t row, const struct vn_table *brain, struct vn_table *t, struct vn_err *err)
{
    int rc = 0;

    for (int64_t i = 0; i < brain->n_row && !rc; i++) {
        rc = vn_table_add_row(t, err);
        if (!rc)
            rc = copy_row(raw, row, t, t->n_row - 1, err);
        for (int c = 0; c < brain->n_col && !rc; c++) {
            const struct vn_column *k = &brain->col[c];
            int at = vn_table_find(t, k->name);
            if (at < 0)
                at = vn_table_add_col(t, k->name, k->is_text, err);
            if (at < 0)
                rc = at;
            else if (k->is_text)
                rc = vn_table_set_text(t, t->n_row - 1, at, k->text[i], err);
            else
                t->col[at].num[t->n_row - 1] = k->num[i];
        }
    }
    return rc;
}

/* The table with the file of every row read and measured; a covariate list for its note in *covariates. */
static int expand(struct vn_call *c, const struct vn_table *raw, const char *file, struct vn_table **out, struct vn_str *covariates,
                  struct vn_err *err)
{
    const int path_col = vn_table_find(raw, "path");
    struct vn_table *t = vn_table_new(err);
    int rc = t ? 0 : VN_E_MEMORY;

    if (!rc && !raw->col[path_col].is_text)
        rc = vn_fail(err, VN_E_FORMAT, "%s column path: holds no file names", file);
    for (int i = 0; i < raw->n_col && !rc; i++) {
        const bool key = !strcmp(raw->col[i].name, "subject") || !strcmp(raw->col[i].name, "group");
        if (i == path_col)
            continue;
        rc = vn_table_add_col(t, raw->col[i].name, key || raw->col[i].is_text, err) < 0 ? err->code : 0;
        if (!key)
            vn_str_addf(covariates, "%s%s", covariates->n ? "," : "", raw->col[i].name);
    }
    for (int64_t r = 0; r < raw->n_row && !rc; r++) {
        struct vn_table *brain = NULL;
        const char *text = raw->col[path_col].text[r];
        if (!text[0]) {
            rc = vn_fail(err, VN_E_FORMAT, "%s row %lld, column path: is empty", file, (long long)r + 1);
            break;
        }
        char *path = resolve(file, text, err);
        rc = path ? vn_brain_measures(path, &brain, c->job, err) : VN_E_MEMORY;
        if (rc && rc != VN_E_MEMORY && rc != VN_E_CANCELLED)
            vn_err_prefix(err, "%s row %lld, column path", file, (long long)r + 1);
        if (!rc)
            rc = add_brain(raw, r, brain, t, err);
        vn_table_unref(brain);
        vn_free(path);
        vn_job_step(c->job, (uint64_t)r + 1, (uint64_t)raw->n_row);
    }
    if (rc)
        vn_table_unref(t);
    else
        *out = t;
    return rc;
}

/* Made-up brains: two groups of n, two measures; the second group has 15 % less length density (about 2 sd) and the same
 * radius.  Values are rounded to 0.001 (a decimal that reads back). */
static int sample(struct vn_call *c, struct vn_table **out, struct vn_err *err)
{
    static const char *const names[] = { "subject", "group", "length_density_m_per_mm3", "mean_radius_um" };
    const int n = (int)vn_args_int(&c->args, "sample");
    const uint64_t seed = (uint64_t)vn_args_int(&c->args, "seed");
    struct vn_table *t = vn_table_new(err);
    char subject[24];
    int rc = t ? 0 : VN_E_MEMORY;

    for (int i = 0; i < 4 && !rc; i++)
        rc = vn_table_add_col(t, names[i], i < 2, err) < 0 ? err->code : 0;
    for (int i = 0; i < 2 * n && !rc; i++) {
        const int group = i >= n;
        uint32_t bits[4];
        snprintf(subject, sizeof subject, "%c%d", group ? 'i' : 'c', i - group * n + 1);
        rc = vn_table_add_row(t, err);
        if (!rc)
            rc = vn_table_set_text(t, i, 0, subject, err);
        if (!rc)
            rc = vn_table_set_text(t, i, 1, group ? "injury" : "control", err);
        for (uint64_t k = 0; k < 2 && !rc; k++) {
            vn_random(seed, k, (uint64_t)i, bits);
            const double mean = k ? 2.4 : group ? 0.85 : 1, sd = k ? 0.1 : 0.07;
            t->col[2 + k].num[i] = floor((mean + sd * (double)vn_normal(bits)) * 1000 + 0.5) / 1000;
        }
    }
    if (rc)
        vn_table_unref(t);
    else
        *out = t;
    return rc;
}

static void list_columns(struct vn_call *c, const char *key, const struct vn_cohort *co, const int *col, int n)
{
    struct vn_str b = { 0 };
    for (int i = 0; i < n; i++)
        vn_str_addf(&b, "%s%s", i ? ", " : "", co->table->col[col[i]].name);
    c->no_memory |= b.failed;
    vn_res_text(c, key, b.s && n ? b.s : NULL);
    vn_str_free(&b);
}

/* Brains of a group: each subject once, whatever the number of regions. */
static int brains(const struct vn_cohort *co, int group)
{
    int n = 0;
    for (int64_t r = 0; r < co->table->n_row; r++) {
        int64_t q = 0;
        while (q < r && strcmp(co->table->col[0].text[q], co->table->col[0].text[r]))
            q++;
        n += q == r && (group < 0 || co->row_group[r] == group);
    }
    return n;
}

static int report(struct vn_call *c, const struct vn_cohort *co, struct vn_err *err)
{
    cJSON *groups = cJSON_CreateObject();

    for (int g = 0; g < co->n_group; g++)
        cJSON_AddNumberToObject(groups, co->group[g], brains(co, g));
    if (!groups || !cJSON_AddItemToObject(c->result, "groups", groups)) {
        cJSON_Delete(groups);
        return vn_fail(err, VN_E_MEMORY, "no memory for the result");
    }
    vn_res_int(c, "brains", brains(co, -1));
    vn_res_int(c, "rows", co->table->n_row);
    if (co->n_region > 1 || co->region[0][0])
        vn_res_int(c, "regions", co->n_region);
    list_columns(c, "measures", co, co->measure, co->n_measure);
    list_columns(c, "covariates", co, co->covariate, co->n_covariate);
    return 0;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    const char *file = vn_args_text(&c->args, "file"), *given = vn_args_text(&c->args, "covariates");
    struct vn_table *raw = NULL, *full = NULL;
    struct vn_cohort *co = NULL;
    struct vn_str covariates = { 0 }, note = { 0 };

    const bool made_up = vn_args_has(&c->args, "sample");
    int rc;
    if (made_up == (file != NULL))
        return vn_fail(err, VN_E_USAGE, "give either a CSV file or sample=");
    rc = made_up ? sample(c, &raw, err) : vn_table_read_csv(file, &raw, err);
    if (made_up)
        file = "sample";
    if (!rc && !made_up && vn_table_find(raw, "path") >= 0) {
        rc = expand(c, raw, file, &full, &covariates, err);
        vn_str_add(&covariates, ",tissue_volume_mm3");      /* a denominator, in no family of tests */
        if (!rc && covariates.failed)                           /* a shorter list would turn covariates into measures */
            rc = vn_fail(err, VN_E_MEMORY, "no memory for the names of the covariates");
        given = covariates.s ? covariates.s : "";
    }
    if (!rc)
        rc = vn_cohort_new(full ? full : raw, file, given, &co, err);
    if (!rc && !co->n_measure)
        rc = vn_fail(err, VN_E_FORMAT, "%s has no measures: columns of numbers besides subject, group, region and covariates", file);
    if (!rc)
        rc = report(c, co, err);
    if (!rc && made_up)
        vn_call_note(c, "these brains are made up, for trying compare and plot");
    if (!rc) {
        vn_str_addf(&note, "Venule %s cohort %s%s\ncovariates: ", VN_VERSION, file, made_up ? " (made-up brains)" : "");
        for (int i = 0; i < co->n_covariate; i++)
            vn_str_addf(&note, "%s%s", i ? "," : "", co->table->col[co->covariate[i]].name);
        vn_free(co->table->note);
        co->table->note = note.failed ? NULL : vn_strdup(note.s, err);
        rc = co->table->note ? 0 : vn_fail(err, VN_E_MEMORY, "no memory for the cohort's note");
    }
    if (!rc)
        rc = vn_call_output(c, 0, "", VN_TABLE, vn_table_ref(co->table), err);
    vn_str_free(&covariates);
    vn_str_free(&note);
    vn_table_unref(raw);
    vn_table_unref(full);
    vn_cohort_free(co);
    return rc;
}

const struct vn_cmd vn_cmd_cohort = { "cohort", "read the table of brains that compare and plot work on", params, VN_CMD_MAKES | VN_CMD_READS, exec, NULL };
