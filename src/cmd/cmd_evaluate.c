/* cmd_evaluate.c - "evaluate": many segmentations of many volumes, measured against their truths and ranked. */
#include <math.h>
#include <string.h>
#include "cohort.h"
#include "io.h"
#include "mem.h"
#include "metrics.h"
#include "rank.h"
#include "table.h"
#include "vox.h"

static const struct vn_param params[] = {
    { .name = "file", .type = VN_P_PATH, .flags = VN_POS | VN_FILE,
      .help = "CSV file: volume, method, then truth and prediction (files), or the measures themselves" },
    { .name = "sample", .type = VN_P_INT, .min = 1, .max = 1000, .unit = "volumes", .help = "no file: three made-up methods on so many made-up volumes, to try it" },
    { .name = "metric", .type = VN_P_TEXT, .help = "measures to rank by, separated by commas; cldice,breaks_per_mm,surface_dice,dice, or all columns of measures" },
    { .name = "lower", .type = VN_P_TEXT, .help = "measures of the file of which less is better, beside those known to be" },
    { .name = "low", .type = VN_P_REAL, .help = "predictions are probabilities: vessel from this value on" },
    { .name = "tolerance", .type = VN_P_LENGTH, .min = 0, .max = 1e6, .def = "1vox", .help = "distance at which surfaces still agree (surface_dice)" },
    { .name = "draws", .type = VN_P_INT, .min = 100, .max = 1e6, .def = "10000", .help = "resamples of the volumes" },
    { .name = "seed", .type = VN_P_INT, .def = "1", .min = 0, .max = 4294967295.0, .help = "of the resamples" },
    { .name = "to", .type = VN_P_PATH, .flags = VN_PREF, .help = "CSV file to write the ranking to" },
    { .name = "force", .type = VN_P_FLAG, .flags = VN_PREF, .help = "replace an existing file" },
    { .name = "as", .type = VN_P_NAME, .help = "name of the ranking; NAME_pairs has a row for each prediction" },
    { 0 },
};

static const char *file_of(struct vn_call *c) { return vn_args_has(&c->args, "file") ? vn_args_text(&c->args, "file") : "sample"; }

/* ---- one prediction ---- */

enum { MAX_METHODS = 1000 };
static const struct { const char *name; bool lower; } known[] = {
    { "dice", false }, { "iou", false }, { "precision", false }, { "recall", false }, { "cldice", false }, { "cldice_own", false },
    { "surface_dice", false }, { "stack_dice", false }, { "centreline_recall", false }, { "hd", true }, { "hd95", true }, { "assd", true },
    { "betti0_error", true }, { "betti1_error", true }, { "betti2_error", true }, { "breaks_per_mm", true }, { "breaks", true },
    { "false_per_mm", true }, { "false_branches", true },
};

static void values_of(const struct vn_truth *t, const struct vn_metrics *m, double v[VN_COUNT(known)])
{
    const struct vn_overlap *o = &m->overlap;
    const struct vn_breaks *b = &m->breaks;
    const double all[] = {
        o->dice, o->iou, o->precision, o->recall, m->cldice[VN_LEE94], m->cldice[VN_OWN], m->surface.surface_dice, m->surface.stack_dice,
        b->length > 0 ? b->covered / b->length : NAN, m->surface.hd, m->surface.hd95, m->surface.assd,
        fabs((double)(m->betti.b0 - t->betti.b0)), fabs((double)(m->betti.b1 - t->betti.b1)), fabs((double)(m->betti.b2 - t->betti.b2)),
        vn_per_mm(t, b->n, b->length), (double)b->n, vn_per_mm(t, m->extras.n, b->length), (double)m->extras.n,
    };
    memcpy(v, all, sizeof all);
}

static char *resolve(const char *list, const char *path, struct vn_err *err)
{
    const char *slash = strrchr(list, '/');
    if (path[0] == '/' || !slash)
        return vn_strdup(path, err);
    return vn_sprintf(err, "%.*s/%s", (int)(slash - list), list, path);
}

struct row { const char *volume, *method, *truth, *prediction, *ignore, *voxel; char buf[6][32]; };

/* A file of the list, with the row's voxel size where it gives one; *path is its name for messages. */
static int open_file(struct vn_call *c, const char *name, const char *voxel, char **path, struct vn_vol **out, struct vn_err *err)
{
    static const struct vn_param size[] = { { "voxel", VN_P_VOXEL, 0, .help = "" }, { 0 } };
    struct vn_vol *v = NULL;
    struct vn_args a = { 0 };
    int rc = (*path = resolve(vn_args_text(&c->args, "file"), name, err)) ? 0 : VN_E_MEMORY;
    if (!rc)
        rc = vn_io_open(*path, &(struct vn_open_opt){ 0 }, &v, err);
    if (!rc && voxel && !(rc = vn_args_init(&a, size, err)) && !(rc = vn_args_set(&a, "voxel", voxel, err))) {
        struct vn_vol *with = vn_vol_header(v, vn_arg(&a, "voxel")->d, v->kind, err);
        vn_vol_unref(v);
        v = with;
        rc = v ? 0 : VN_E_MEMORY;
    }
    if (a.params)
        vn_args_free(&a);
    if (rc)
        vn_vol_unref(v);
    else
        *out = v;
    return rc;
}

extern const struct vn_op vn_op_threshold;

/* In place of a probability: its mask over the box. */
static int cut(struct vn_call *c, struct vn_vol **v, const struct vn_box *box, struct vn_err *err)
{
    struct vn_vol *mask = NULL;
    struct vn_args a = { 0 };
    int rc = vn_args_init(&a, vn_op_threshold.params, err);
    if (!rc)
        rc = vn_args_set(&a, "low", vn_arg(&c->args, "low")->s, err);
    if (!rc)
        rc = vn_op_run(&vn_op_threshold, &a, v, box, &mask, NULL, c->job, err);
    vn_args_free(&a);
    if (rc)
        return rc;
    vn_vol_unref(*v);
    *v = mask;
    return 0;
}

/* The truth of the rows before, kept while they stay the same. */
struct kept { const struct row *of; struct vn_box box; struct vn_truth truth; };

static bool same_text(const char *a, const char *b) { return a == b || (a && b && !strcmp(a, b)); }

static int measure_row(struct vn_call *c, const struct row *r, struct kept *k, double v[VN_COUNT(known)], struct vn_err *err)
{
    char *path[3] = { NULL, NULL, NULL };
    struct vn_vol *pred = NULL, *truth = NULL, *ignore = NULL;
    struct vn_metrics_opt o = vn_metrics_default;
    struct vn_metrics m;
    struct vn_grid grid;
    struct vn_box box;

    int rc = open_file(c, r->prediction, r->voxel, &path[0], &pred, err);
    if (!rc)
        rc = open_file(c, r->truth, r->voxel, &path[1], &truth, err);
    if (!rc && r->ignore)
        rc = open_file(c, r->ignore, r->voxel, &path[2], &ignore, err);
    if (!rc)
        rc = vn_metrics_box(c, pred, path[0], truth, path[1], ignore, path[2], &box, &grid, err);
    if (!rc && vn_args_has(&c->args, "low"))
        rc = cut(c, &pred, &box, err);
    else if (!rc && !vn_type_is_int(pred->src->type))
        vn_call_note(c, "%s holds %s values: every voxel that is not 0 counts as vessel; low= cuts probabilities", path[0], vn_type_name(pred->src->type));
    const bool again = !rc && k->of && same_text(k->of->truth, r->truth) && same_text(k->of->ignore, r->ignore) && same_text(k->of->voxel, r->voxel) &&
                       vn_box_same(&k->box, &box) && !memcmp(grid.um, k->truth.grid.um, sizeof grid.um);
    if (!rc && !again) {
        vn_truth_free(&k->truth);
        k->of = NULL;
        if (!(rc = vn_truth_make(truth, ignore, &box, &grid, &k->truth, c->job, err))) {
            k->of = r;
            k->box = box;
        }
    }
    if (!rc)
        rc = vn_metrics_length(c, "tolerance", &grid, &o.tolerance, err);
    if (!rc && !(rc = vn_metrics(pred, &k->truth, &o, &m, c->job, err)))
        values_of(&k->truth, &m, v);
    vn_vol_unref(pred);
    vn_vol_unref(truth);
    vn_vol_unref(ignore);
    for (int i = 0; i < 3; i++)
        vn_free(path[i]);
    return rc;
}

/* ---- the list ---- */

struct list {
    struct vn_table *raw, *pairs;          /* pairs: volume, method, measures */
    struct row *row;
    int n_row, n_prediction, n_volume, n_method;
    const char **volume, **method;         /* in order of first appearance */
    int *of_volume, *of_method;            /* of each row of pairs */
};

static int name_of(const char **name, int *n, const char *s)
{
    for (int i = 0; i < *n; i++)
        if (!strcmp(name[i], s))
            return i;
    name[*n] = s;
    return (*n)++;
}

/* Text of a cell, NULL where it is empty or there is no such column. */
static const char *cell(const struct vn_table *t, int64_t row, const char *name, char buf[32])
{
    const int k = vn_table_find(t, name);
    const char *s = k < 0 || (!t->col[k].is_text && isnan(t->col[k].num[row])) ? "" : vn_cell_text(t, row, k, buf);
    return *s ? s : NULL;
}

static int read_rows(struct vn_call *c, struct list *l, struct vn_err *err)
{
    const char *file = file_of(c);
    static const char *const need[] = { "volume", "method", "truth" };
    const bool files = vn_table_find(l->raw, "prediction") >= 0;
    const uint64_t n = (uint64_t)l->raw->n_row;          /* rows of the list, of `row` and of pairs are the same */

    for (int i = 0; i < (files ? 3 : 2); i++)
        if (vn_table_find(l->raw, need[i]) < 0)
            return vn_fail(err, VN_E_FORMAT, "%s has no column '%s'", file, need[i]);
    if (n == 0)
        return vn_fail(err, VN_E_FORMAT, "%s has no rows", file);
    l->row = vn_calloc(n, sizeof *l->row, err);
    l->volume = vn_calloc(n, sizeof *l->volume, err);
    l->method = vn_calloc(n, sizeof *l->method, err);
    l->of_volume = vn_calloc(n, sizeof *l->of_volume, err);
    l->of_method = vn_calloc(n, sizeof *l->of_method, err);
    if (!l->row || !l->volume || !l->method || !l->of_volume || !l->of_method)
        return VN_E_MEMORY;
    for (int64_t i = 0; i < l->raw->n_row; i++) {
        struct row *r = &l->row[i];
        r->volume = cell(l->raw, i, "volume", r->buf[0]);
        r->method = cell(l->raw, i, "method", r->buf[1]);
        r->truth = cell(l->raw, i, "truth", r->buf[2]);
        r->prediction = cell(l->raw, i, "prediction", r->buf[3]);
        r->ignore = cell(l->raw, i, "ignore", r->buf[4]);
        r->voxel = cell(l->raw, i, "voxel", r->buf[5]);
        const char *const has[] = { r->volume, r->method, r->truth };
        for (int k = 0; k < (files ? 3 : 2); k++)
            if (!has[k])
                return vn_fail(err, VN_E_FORMAT, "%s row %lld, column %s: is empty", file, (long long)i + 1, need[k]);
        const int v = name_of(l->volume, &l->n_volume, r->volume), m = name_of(l->method, &l->n_method, r->method);
        if (l->n_method > MAX_METHODS)
            return vn_fail(err, VN_E_UNSUPPORTED, "%s has more than %d methods", file, MAX_METHODS);
        if (files && !r->prediction)
            vn_call_note(c, "row %lld: no prediction of '%s' by '%s'", (long long)i + 1, r->volume, r->method);
        l->n_prediction += !files || r->prediction;
        for (int k = 0; k < l->n_row; k++)
            if (l->of_volume[k] == v && l->of_method[k] == m)
                return vn_fail(err, VN_E_FORMAT, "%s row %lld: volume '%s' by method '%s' stands there already", file, (long long)i + 1, r->volume, r->method);
        l->of_volume[l->n_row] = v;
        l->of_method[l->n_row++] = m;
    }
    return 0;
}

/* Made-up Dice: volumes differ by more (sd 0.04) than methods do (a 0.86, b 0.85, c 0.8; sd 0.01 beside the volume's). */
static int sample(struct vn_call *c, struct vn_table **out, struct vn_err *err)
{
    static const double mean[3] = { 0.86, 0.85, 0.8 };
    const int n = (int)vn_args_int(&c->args, "sample");
    const uint64_t seed = (uint64_t)vn_args_int(&c->args, "seed");
    struct vn_table *t = vn_table_new(err);
    bool ok = t && vn_table_add_col(t, "volume", true, err) >= 0 && vn_table_add_col(t, "method", true, err) >= 0 &&
              vn_table_add_col(t, "dice", false, err) >= 0;

    for (int i = 0; ok && i < 3 * n; i++) {
        char name[24];
        uint32_t of_volume[4], own[4];
        vn_random(seed, 0, (uint64_t)i / 3, of_volume);
        vn_random(seed, 1, (uint64_t)i, own);
        snprintf(name, sizeof name, "v%d", i / 3 + 1);
        ok = !vn_table_add_row(t, err) && !vn_table_set_text(t, i, 0, name, err);
        snprintf(name, sizeof name, "%c", 'a' + i % 3);
        ok = ok && !vn_table_set_text(t, i, 1, name, err);
        if (ok)
            t->col[2].num[i] = floor(1000 * (mean[i % 3] + 0.04 * (double)vn_normal(of_volume) + 0.01 * (double)vn_normal(own)) + 0.5) / 1000;
    }
    if (ok)
        *out = t;
    else
        vn_table_unref(t);
    return ok ? 0 : err->code;
}

static int start_pairs(struct list *l, struct vn_err *err)
{
    bool ok = (l->pairs = vn_table_new(err)) != NULL;
    ok = ok && vn_table_add_col(l->pairs, "volume", true, err) >= 0 && vn_table_add_col(l->pairs, "method", true, err) >= 0;
    for (int i = 0; ok && i < l->n_row; i++)
        ok = !vn_table_add_row(l->pairs, err) && !vn_table_set_text(l->pairs, i, 0, l->row[i].volume, err) &&
             !vn_table_set_text(l->pairs, i, 1, l->row[i].method, err);
    return ok ? 0 : err->code;
}

static int measure(struct vn_call *c, struct list *l, struct vn_err *err)
{
    struct kept kept = { 0 };
    double v[VN_COUNT(known)];
    int rc = 0, done = 0, first = 0;

    for (size_t k = 0; k < VN_COUNT(known) && !rc; k++)
        rc = (first = vn_table_add_col(l->pairs, known[k].name, false, err)) < 0 ? err->code : 0;
    first -= (int)VN_COUNT(known) - 1;
    for (int i = 0; i < l->n_volume && !rc; i++)                /* those of one truth after each other */
        for (int k = 0; k < l->n_row && !rc; k++) {
            if (l->of_volume[k] != i || !l->row[k].prediction)
                continue;
            rc = measure_row(c, &l->row[k], &kept, v, err);
            if (rc && rc != VN_E_MEMORY && rc != VN_E_CANCELLED)
                vn_err_prefix(err, "volume '%s', method '%s'", l->row[k].volume, l->row[k].method);
            for (size_t q = 0; q < VN_COUNT(known) && !rc; q++)
                l->pairs->col[first + (int)q].num[k] = v[q];
            vn_job_step(c->job, (uint64_t)++done, (uint64_t)l->n_prediction);
        }
    vn_truth_free(&kept.truth);
    return rc;
}

/* The columns of numbers of the list, as they are. */
static int take_measures(struct vn_call *c, struct list *l, struct vn_err *err)
{
    for (int i = 0; i < l->raw->n_col; i++) {
        const struct vn_column *col = &l->raw->col[i];
        if (col->is_text || !strcmp(col->name, "volume") || !strcmp(col->name, "method"))
            continue;
        const int at = vn_table_add_col(l->pairs, col->name, false, err);
        if (at < 0)
            return err->code;
        memcpy(l->pairs->col[at].num, col->num, (size_t)l->n_row * sizeof(double));
    }
    return l->pairs->n_col > 2 ? 0 : vn_fail(err, VN_E_FORMAT, "%s has neither a column 'prediction' nor measures", file_of(c));
}

/* ---- the ranking ---- */

static bool in_list(const char *list, const char *name)
{
    const size_t len = strlen(name);
    for (const char *s = list; s && *s; s += strcspn(s, ","), s += *s == ',')
        if (strcspn(s, ",") == len && !strncmp(s, name, len))
            return true;
    return false;
}

static bool less_is_better(struct vn_call *c, const char *name)
{
    for (size_t i = 0; i < VN_COUNT(known); i++)
        if (!strcmp(known[i].name, name))
            return known[i].lower;
    return in_list(vn_args_text(&c->args, "lower"), name);
}

static const char *const columns[] = { "rank", "mean", "sd", "mean_rank", "wins", "volumes", "difference", "ci_low", "ci_high", "first" };

static int add_ranks(struct vn_table *t, const char *metric, const struct list *l, const struct vn_ranked *r, int n, struct vn_err *err)
{
    int rc = 0;
    for (int rank = 1; rank <= l->n_method; rank++)
        for (int k = 0; k < l->n_method && !rc; k++) {
            if (r[k].rank != rank)
                continue;
            const int64_t at = t->n_row;
            const double v[] = { r[k].rank, r[k].mean, r[k].sd, r[k].mean_rank, r[k].wins, n, r[k].difference, r[k].ci_low, r[k].ci_high, r[k].first };
            rc = vn_table_add_row(t, err);
            if (!rc)
                rc = vn_table_set_text(t, at, 0, metric, err);
            if (!rc)
                rc = vn_table_set_text(t, at, 1, l->method[k], err);
            for (size_t i = 0; i < VN_COUNT(columns) && !rc; i++)
                t->col[2 + i].num[at] = v[i];
        }
    return rc;
}

/* Ranks by one column of pairs: over the volumes that every method has a value for. */
static int rank_by(struct vn_call *c, const struct list *l, int col, uint64_t stream, struct vn_table *t, struct vn_err *err)
{
    const char *metric = l->pairs->col[col].name;
    const uint64_t n_cell = (uint64_t)l->n_volume * (uint64_t)l->n_method;
    double *x = vn_alloc(n_cell * sizeof *x, err);
    struct vn_ranked *r = vn_calloc((uint64_t)l->n_method, sizeof *r, err);
    int n = 0, rc = x && r ? 0 : VN_E_MEMORY;

    for (uint64_t i = 0; i < n_cell && !rc; i++)
        x[i] = NAN;
    for (int i = 0; i < l->n_row && !rc; i++)
        x[l->of_volume[i] * l->n_method + l->of_method[i]] = l->pairs->col[col].num[i];
    for (int v = 0; v < l->n_volume && !rc; v++) {
        const double *row = x + (int64_t)v * l->n_method;
        bool whole = true;
        for (int k = 0; k < l->n_method; k++)
            whole = whole && isfinite(row[k]);
        if (whole)
            memmove(x + (int64_t)n++ * l->n_method, row, (size_t)l->n_method * sizeof *x);
    }
    if (!rc && n < l->n_volume)
        vn_call_note(c, "%s: %d of %d volumes have a value by every method; the others are left out", metric, n, l->n_volume);
    if (!rc && n == 1)
        vn_call_note(c, "%s: one volume: there are no intervals, as nothing says how much volumes differ", metric);
    if (!rc && n > 0)
        rc = vn_rank(x, n, l->n_method, less_is_better(c, metric), (uint64_t)vn_args_int(&c->args, "seed"), stream, (int)vn_args_int(&c->args, "draws"),
                     r, c->job, err);
    if (!rc && n > 0)
        rc = add_ranks(t, metric, l, r, n, err);
    vn_free(x);
    vn_free(r);
    return rc;
}

static int rank_all(struct vn_call *c, const struct list *l, struct vn_table **out, struct vn_err *err)
{
    const bool files = vn_table_find(l->raw, "prediction") >= 0;
    const char *list = vn_args_has(&c->args, "metric") ? vn_args_text(&c->args, "metric") : files ? "cldice,breaks_per_mm,surface_dice,dice" : NULL;
    struct vn_table *t = vn_table_new(err);
    int rc = t && vn_table_add_col(t, "metric", true, err) >= 0 && vn_table_add_col(t, "method", true, err) >= 0 ? 0 : err->code;

    for (size_t i = 0; i < VN_COUNT(columns) && !rc; i++)
        rc = vn_table_add_col(t, columns[i], false, err) < 0 ? err->code : 0;
    for (int k = 2; k < l->pairs->n_col && !list && !rc; k++)
        rc = rank_by(c, l, k, (uint64_t)k, t, err);
    for (const char *s = list; s && *s && !rc; s += strcspn(s, ","), s += *s == ',') {
        char name[256];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(s, ","), s);
        const int k = vn_table_find(l->pairs, name);
        rc = k < 2 ? vn_fail(err, VN_E_ARG, "there is no measure '%s'", name) : rank_by(c, l, k, (uint64_t)k, t, err);
    }
    if (!rc && t->n_row == 0)
        rc = vn_fail(err, VN_E_ARG, "no volume of %s has values by all %d methods", file_of(c), l->n_method);
    if (!rc && !(t->note = vn_sprintf(err, "Venule %s evaluate %s: %d volumes, %d methods; difference to the best, 95 %% by %lld paired bootstrap resamples of the volumes, seed %lld",
                                      VN_VERSION, file_of(c), l->n_volume, l->n_method, vn_args_int(&c->args, "draws"),
                                      vn_args_int(&c->args, "seed"))))
        rc = VN_E_MEMORY;
    if (rc)
        vn_table_unref(t);
    else
        *out = t;
    return rc;
}

enum { MAX_ROWS = 100 };

static void show(struct vn_call *c, const struct vn_table *t)
{
    cJSON *rows = cJSON_AddArrayToObject(c->result, "ranking");
    bool ok = rows != NULL;
    for (int64_t r = 0; ok && r < t->n_row && r < MAX_ROWS; r++) {
        cJSON *row = cJSON_CreateObject();
        for (int k = 0; ok && k < t->n_col; k++) {
            const struct vn_column *col = &t->col[k];
            ok = row && (col->is_text ? cJSON_AddStringToObject(row, col->name, col->text[r])
                         : isfinite(col->num[r]) ? cJSON_AddNumberToObject(row, col->name, col->num[r]) : cJSON_AddNullToObject(row, col->name));
        }
        if (!ok || !cJSON_AddItemToArray(rows, row)) {
            cJSON_Delete(row);
            ok = false;
        }
    }
    c->no_memory |= !ok;
    if (t->n_row > MAX_ROWS)
        vn_res_int(c, "ranking_count", t->n_row);
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct list l = { 0 };
    struct vn_table *t = NULL;
    const bool made_up = vn_args_has(&c->args, "sample");
    int rc;

    if (made_up == vn_args_has(&c->args, "file"))
        return vn_fail(err, VN_E_USAGE, "give either a CSV file or sample=");
    rc = made_up ? sample(c, &l.raw, err) : vn_table_read_csv(vn_args_text(&c->args, "file"), &l.raw, err);
    if (!rc)
        rc = read_rows(c, &l, err);
    if (!rc)
        rc = start_pairs(&l, err);
    if (!rc)
        rc = vn_table_find(l.raw, "prediction") >= 0 ? measure(c, &l, err) : take_measures(c, &l, err);
    if (!rc)
        rc = rank_all(c, &l, &t, err);
    if (!rc && vn_args_has(&c->args, "to") && !c->remake)
        rc = vn_table_write_csv(t, vn_args_text(&c->args, "to"), vn_args_flag(&c->args, "force"), err);
    if (!rc) {
        vn_res_int(c, "volumes", l.n_volume);
        vn_res_int(c, "methods", l.n_method);
        vn_res_int(c, "predictions", l.n_prediction);
        vn_res_text(c, "unit_of_test", "volume");
        show(c, t);
        if (vn_args_has(&c->args, "to"))
            vn_res_text(c, "to", vn_args_text(&c->args, "to"));
        rc = vn_call_output(c, 0, "", VN_TABLE, vn_table_ref(t), err);
    }
    if (!rc)
        rc = vn_call_output(c, 1, "_pairs", VN_TABLE, vn_table_ref(l.pairs), err);
    vn_table_unref(t);
    vn_table_unref(l.raw);
    vn_table_unref(l.pairs);
    vn_free(l.row);
    vn_free(l.volume);
    vn_free(l.method);
    vn_free(l.of_volume);
    vn_free(l.of_method);
    return rc;
}

const struct vn_cmd vn_cmd_evaluate = {
    "evaluate", "many segmentations against their truths, ranked", params, VN_CMD_MAKES | VN_CMD_READS, exec, NULL,
};
