/* accuracy.c - how well parameterless segmentation does on real volumes with labels (where ../shared/data is) and on N drawn
 * phantoms, and which of its parts and which properties of a volume matter.
 *
 *   accuracy [FOLDER [N [DIMS [WHAT]]]]      build/bench, 100, 96x96x64, table
 *
 * WHAT is one of
 *   table     `segment V; threshold P` beside thresholds of the grey values, automatic and chosen with the truth; kinds of
 *             error; phantoms by the properties drawn.  FOLDER/accuracy.csv has a row for each volume and method ("evaluate
 *             accuracy.csv lower=..." ranks them), calibration.csv and .png say of the voxels given a probability in tenths,
 *             which share is vessel
 *   causes    each phantom again without each property it has: what that property costs.  FOLDER/causes.csv
 *   ablation  parts of `segment` switched off, automatic values fixed.  FOLDER/ablation.csv
 *   parts     the halves and quarters (along x and y) of real volumes, each as if it were all there is: how far the whole's
 *             values are luck.  FOLDER/parts.csv
 *   leave     for each constant that can be given, the value that is best on all volumes but one, and what it does on that
 *             one.  FOLDER/leave.csv
 *   all       all of them
 * On two cores 100 phantoms take 4 minutes for the table or the causes, 30 take 2 for the ablation and 5 for leave.  Never a
 * test. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "chart.h"
#include "cmd.h"
#include "hist.h"
#include "mem.h"

/* The last four are the parts of the loss 1 - Dice by kind of error. */
enum { DICE, CLDICE, BREAKS, SURFACE, MISSED, N_METRIC = MISSED + 4, N_BIN = 10, N_REAL = 3, PHANTOMS = N_REAL, N_SUM = N_REAL + 1 };
static const char *const metric[N_METRIC] = { "dice", "cldice", "breaks_per_mm", "surface_dice", "missed", "under", "over", "false" };

/* What each method's mask m is made by, from the image v; the first makes the probability p. */
static const struct { const char *name, *line; } method[] = {
    { "segment", "segment v as=p; threshold p as=m" },
    { "vesselness", "segment v method=vesselness as=q; threshold q as=m" },
    { "local", "segment v method=local as=q; threshold q as=m" },
    { "tubes", "threshold v method=tubes as=m" },
    { "li", "threshold v method=li as=m" },
    { "otsu", "threshold v method=otsu as=m" },
    { "best", NULL },                              /* the grey threshold of the greatest Dice, which needs the truth */
};
enum { N_METHOD = VN_COUNT(method) };

/* Beside them what others' filters reach with the best threshold chosen with the labels, Dice and clDice
 * (../shared/data/README.md). */
static const struct { const char *name, *raw, *mask, *voxel; double sato[N_METRIC], dog[N_METRIC]; } real[N_REAL] = {
    { "lightsheet_brain", "lightsheet_brain/raw.tif", "lightsheet_brain/mask.tif", "1x1x1um", { .844, .855 }, { .822, .973 } },
    { "capillaries", "twophoton_brain/capillaries_raw.tif", "twophoton_brain/capillaries_mask.tif", "0.994x0.994x5um", { .599, .653 }, { .731, .855 } },
    { "pial", "twophoton_brain/pial_raw.tif", "twophoton_brain/pial_mask.tif", "0.994x0.994x5um", { .716, .774 }, { .728, .757 } },
};

/* A phantom has the property where from <= what was drawn < to; off: what draws it without, where that can be. */
#define SOME 1e-9, INFINITY
static const struct { const char *name, *drawn; double from, to; const char *off; } property[] = {
    { "noise under .015", "deviation", 0, 0.015, NULL },
    { "noise .015 to .035", "deviation", 0.015, 0.035, "noise=0 shot=0" },
    { "noise from .035", "deviation", 0.035, INFINITY, "noise=0 shot=0" },
    { "grain", "grain", SOME, "grain=0" },
    { "psf from .7", "psf", 0.7, INFINITY, "psf=0.3 psf_z=0.3" },
    { "vary from .8", "vary", 0.8, INFINITY, "vary=0" },
    { "thin from .4", "thin", 0.4, INFINITY, "thin=0" },
    { "along from .4", "along", 0.4, INFINITY, "along=0" },
    { "dropout", "dropout", SOME, "dropout=0" },
    { "breaks", "breaks", SOME, "breaks=0" },
    { "hollow", "hollow", SOME, "hollow=0" },
    { "haze", "haze", SOME, "haze=0" },
    { "blobs", "blobs", SOME, "blobs=0" },
    { "sheets", "sheets", SOME, "sheets=0" },
    { "uneven from .05", "uneven", 0.05, INFINITY, "uneven=0" },
    { "background", "background", SOME, "background=0" },
    { "shade from .35", "shade", 0.35, INFINITY, "shade=0" },
    { "decay", "decay", SOME, "decay=0" },
    { "checkerboard", "checkerboard", SOME, "checkerboard=0" },
    { "stripes", "stripes", SOME, "stripes=0" },
    { "lines", "lines", SOME, "lines=0" },
    { "jumps", "jumps", SOME, "jumps=0" },
    { "seams", "seams", SOME, "seams=0" },
    { "lost slices", "lost", SOME, "lost=0" },
    { "parallel", "parallel", SOME, NULL },
    { "thick slices", "step_z", 1.25, INFINITY, NULL },
    { "touched", "touched", SOME, NULL },
    { "radius_min under 1.2", "thinnest", 0, 1.2, NULL },                  /* voxel edges in x and y */
    { "radius_max from 6", "thickest", 6, INFINITY, NULL },
    { "lowest value from 3 %", "lowest", 0.03, INFINITY, NULL },           /* of the voxels, as where black is cut off */
    { "vessel under 1 %", "mask_fraction", 0, 0.01, NULL },
    { "vessel from 4 %", "mask_fraction", 0.04, INFINITY, NULL },
};
enum { N_PROPERTY = VN_COUNT(property) };

/* How `segment` is run: parameters as they are; lengths in smallest voxel edges; the contrast, as a value, at most, or times
 * the automatic one, all other automatic values kept.  What is 0 is automatic.  What no parameter of segment says: apart, the
 * contrast is not lowered where pieces join, and pores, which are not filled; the linker gives the calls of vn_joined and
 * vn_pores_fill to __wrap_vn_joined and __wrap_vn_pores_fill (Makefile). */
struct setting { const char *name, *text; double smooth, background, contrast, most, times; bool apart, pores; };

static const struct setting ablation[] = {
    { .name = "automatic" },
    { .name = "artifacts 0", .text = "artifacts=0" },
    { .name = "drift 0", .text = "drift=0" },
    { .name = "sheets kept", .text = "sheets=keep" },
    { .name = "hollow 0", .text = "hollow=0" },
    { .name = "local 0", .text = "local=0" },
    { .name = "edge 0", .text = "edge=0" },
    { .name = "edge a third", .text = "edge=0.33" },
    { .name = "edge half", .text = "edge=0.5" },
    { .name = "faint 0", .text = "faint=0" },
    { .name = "pores not filled", .pores = true },
    { .name = "pieces not joined", .apart = true },
    { .name = "tissue not minded", .most = 14 },       /* contrast asked of bright images; more is asked over tissue alone */
    { .name = "smooth 0", .text = "smooth=0" },
    { .name = "never wider than .75", .smooth = 0.75 },
    { .name = "background 3", .background = 3 },
    { .name = "background 12", .background = 12 },
    { .name = "background 48", .background = 48 },
    { .name = "contrast 5", .contrast = 5 },
    { .name = "contrast 8", .contrast = 8 },
    { .name = "contrast 14", .contrast = 14 },
};

static bool apart, pores;
int __real_vn_joined(const float *v, const int64_t n[3], int n_block, double offset, double noise, double *contrast, struct vn_job *job, struct vn_err *e);
int __wrap_vn_joined(const float *v, const int64_t n[3], int n_block, double offset, double noise, double *contrast, struct vn_job *job, struct vn_err *e);
int __wrap_vn_joined(const float *v, const int64_t n[3], int n_block, double offset, double noise, double *contrast, struct vn_job *job, struct vn_err *e)
{
    return apart ? 0 : __real_vn_joined(v, n, n_block, offset, noise, contrast, job, e);
}

int __real_vn_pores_fill(const struct vn_buf *p, struct vn_job *job, struct vn_err *e);
int __wrap_vn_pores_fill(const struct vn_buf *p, struct vn_job *job, struct vn_err *e);
int __wrap_vn_pores_fill(const struct vn_buf *p, struct vn_job *job, struct vn_err *e) { return pores ? 0 : __real_vn_pores_fill(p, job, e); }

enum { MAX_VALUE = 6 };
static const struct { const char *name; struct setting value[MAX_VALUE]; } constant[] = {
    { "contrast at most",
      { { .name = "6", .most = 6 }, { .name = "8", .most = 8 }, { .name = "10", .most = 10 }, { .name = "12", .most = 12 }, { .name = "14" } } },
    { "contrast times",
      { { .name = ".6", .times = 0.6 }, { .name = ".8", .times = 0.8 }, { .name = "1" }, { .name = "1.25", .times = 1.25 }, { .name = "1.6", .times = 1.6 } } },
    { "local",
      { { .name = "0", .text = "local=0" }, { .name = "0.06", .text = "local=0.06" }, { .name = "0.12" }, { .name = "0.18", .text = "local=0.18" },
        { .name = "0.25", .text = "local=0.25" }, { .name = "0.4", .text = "local=0.4" } } },
    { "edge",
      { { .name = "0", .text = "edge=0" }, { .name = "0.2", .text = "edge=0.2" }, { .name = "0.33", .text = "edge=0.33" },
        { .name = "auto" }, { .name = "0.4", .text = "edge=0.4" }, { .name = "0.5", .text = "edge=0.5" } } },
    { "smooth",
      { { .name = "0.5", .smooth = 0.5 }, { .name = "0.75", .smooth = 0.75 }, { .name = "auto" }, { .name = "1", .smooth = 1 }, { .name = "1.25", .smooth = 1.25 } } },
    { "background",
      { { .name = "3", .background = 3 }, { .name = "4.5", .background = 4.5 }, { .name = "6" }, { .name = "8", .background = 8 }, { .name = "12", .background = 12 } } },
};
enum { N_CONSTANT = VN_COUNT(constant) };

/* Voxels of the truth and of the mask by radius (smallest voxel edges) and by contrast. */
#define RADII "1,1.5,2.5,4,7vox"
enum { N_RADIUS = 6, N_CONTRAST = 6, NEAR = 8 };
static const double radius_to[N_RADIUS] = { 1, 1.5, 2.5, 4, 7, INFINITY };
static const char *const radius_name[N_RADIUS] = { "under 1", "1 to 1.5", "1.5 to 2.5", "2.5 to 4", "4 to 7", "from 7" };
static const double contrast_to[N_CONTRAST] = { 1, 2, 4, 8, 16, INFINITY };
static const char *const contrast_name[N_CONTRAST] = { "under 1", "1 to 2", "2 to 4", "4 to 8", "8 to 16", "from 16" };
struct kinds {
    struct { double length, recalled, truth, missed, under, mask, over, invented; } radius[N_RADIUS];
    struct { uint64_t truth, found, invented; } contrast[N_CONTRAST];
};

struct bins { uint64_t n[N_BIN], vessel[N_BIN]; double sum[N_BIN]; };

static struct vn_err err;
static struct vn_session *s;
static struct vn_runner *r;
static char *out;
static size_t n_out;
static FILE *f_out;
static cJSON *result;                              /* of the last command */
static const char *folder = "build/bench", *dims = "96x96x64";
static int n_phantom = 100;

/* ---- commands ---- */

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "accuracy: %s: %s\n", what, why);
    exit(1);
}

static void *room(size_t n, size_t size)
{
    void *p = calloc(n > 0 ? n : 1, size);
    if (!p)
        fail("start", "no memory");
    return p;
}

/* Runs the line; false when it fails and may. */
static bool run(const char *line, bool may_fail)
{
    rewind(f_out);
    const int rc = vn_runner_line(r, line);
    fputc(0, f_out);
    fflush(f_out);
    if (rc && !may_fail)
        fail(line, n_out ? out : err.msg);
    char *end = out + strlen(out), *from;
    if (end > out && end[-1] == '\n')
        *--end = 0;
    for (from = end; from > out && from[-1] != '\n';)
        from--;
    cJSON_Delete(result);
    result = cJSON_Parse(from);
    return rc == 0;
}

/* Member of the last result; NaN for null, 1 for true. */
static double number(const char *key)
{
    const cJSON *v = cJSON_GetObjectItem(cJSON_GetObjectItem(result, "result"), key);
    return cJSON_IsNumber(v) ? v->valuedouble : cJSON_IsBool(v) ? cJSON_IsTrue(v) : NAN;
}

static const char *text(const char *key)
{
    const cJSON *v = cJSON_GetObjectItem(cJSON_GetObjectItem(result, "result"), key);
    return cJSON_IsString(v) ? v->valuestring : "";
}

static struct vn_vol *volume(const char *name)
{
    struct vn_obj *o = vn_session_get(s, name);
    struct vn_vol *v = NULL;
    if (!o || vn_obj_vol(s, o, &v, NULL, &err))
        fail(name, err.msg);
    vn_obj_unref(o);
    return v;
}

/* ---- volumes ---- */

/* Opens real volume i as v and t; false where it is not here. */
static bool open_real(int i)
{
    char path[200], line[700];

    snprintf(path, sizeof path, "../shared/data/%s", real[i].raw);
    if (access(path, R_OK)) {
        printf("%-18s not here: %s\n", real[i].name, path);
        return false;
    }
    snprintf(line, sizeof line, "open %s as=v voxel=%s; open ../shared/data/%s as=t voxel=%s", path, real[i].voxel, real[i].mask, real[i].voxel);
    run(line, false);
    return true;
}

/* Draws a phantom as v and v_mask; off: other than by chance. */
static void draw(int seed, const char *off)
{
    char line[200];
    snprintf(line, sizeof line, "phantom random dims=%s seed=%d as=v %s", dims, seed, off);
    run(line, false);
}

/* Voxel edge of v: the shortest of the first n axes. */
static double edge_of_v(int n)
{
    struct vn_vol *v = volume("v");
    double edge = v->grid.um[0];
    for (int k = 1; k < n; k++)
        edge = fmin(edge, v->grid.um[k]);
    vn_vol_unref(v);
    return edge;
}

/* Share of v's voxels that have its lowest value. */
static double lowest(void)
{
    struct vn_vol *v = volume("v");
    const struct vn_hist *h;
    int i = 0;

    if (vn_vol_hist(v, &h, NULL, &err))
        fail("histogram", err.msg);
    while (h->bin[i] == 0)
        i++;
    const double share = (double)h->bin[i] / (double)h->n;
    vn_vol_unref(v);
    return share;
}

/* Of the phantom just drawn. */
static bool has(int i)
{
    const char *what = property[i].drawn;
    double x;

    if (!strcmp(what, "deviation"))
        x = hypot(number("noise"), number("shot"));
    else if (!strcmp(what, "thinnest"))
        x = number("radius_min_um") / edge_of_v(2);
    else if (!strcmp(what, "thickest"))
        x = number("radius_max_um") / edge_of_v(2);
    else if (!strcmp(what, "lowest"))
        x = lowest();
    else if (!strcmp(what, "step_z"))
        x = cJSON_GetArrayItem(cJSON_GetObjectItem(cJSON_GetObjectItem(result, "result"), "voxel_um"), 2)->valuedouble / edge_of_v(2);
    else
        x = number(what);
    return x >= property[i].from && x < property[i].to;
}

/* Real volumes that are here, then phantoms; i counts all. */
static void each_volume(void (*at)(void *ctx, int i, const char *name, const char *truth), void *ctx)
{
    char name[40];

    for (int i = 0; i < N_REAL; i++)
        if (open_real(i))
            at(ctx, i, real[i].name, "t");
    for (int q = 0; q < n_phantom; q++) {
        draw(q + 1, "");
        snprintf(name, sizeof name, "random_%d", q + 1);
        at(ctx, N_REAL + q, name, "v_mask");
        fprintf(stderr, "\r%d of %d", q + 1, n_phantom);
    }
    fprintf(stderr, "\n");
}

/* ---- kinds of error ---- */

static double of_row(const cJSON *row, const char *key)
{
    const cJSON *v = cJSON_GetObjectItem(row, key);
    return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

/* Adds the table of metrics' result by radius; rows are known by where they begin. */
static void add_radii(struct kinds *k)
{
    const double edge = edge_of_v(3);
    const cJSON *row;

    cJSON_ArrayForEach(row, cJSON_GetObjectItem(cJSON_GetObjectItem(result, "result"), "by_radius")) {
        int i = 0;
        while (i + 1 < N_RADIUS && of_row(row, "from_um") > (radius_to[i] - 0.01) * edge)
            i++;
        const double length = of_row(row, "length_um") / edge;
        k->radius[i].length += length;
        k->radius[i].recalled += length * of_row(row, "recall_length");
        k->radius[i].truth += of_row(row, "voxels");
        k->radius[i].missed += of_row(row, "missed");
        k->radius[i].under += of_row(row, "under");
        k->radius[i].mask += of_row(row, "pred_voxels");
        k->radius[i].over += of_row(row, "over");
        k->radius[i].invented += of_row(row, "false");
    }
}

/* A volume's sums over boxes: at[x, y, z] of (n + 1)^3 is the sum of all below. */
struct sums { int64_t n[3]; double *at; };

static double *sum_at(const struct sums *b, int64_t x, int64_t y, int64_t z) { return b->at + x + (b->n[0] + 1) * (y + (b->n[1] + 1) * z); }

/* From values at x + 1, y + 1, z + 1. */
static void sums_make(struct sums *b)
{
    for (int64_t z = 1; z <= b->n[2]; z++)
        for (int64_t y = 1; y <= b->n[1]; y++)
            for (int64_t x = 1; x <= b->n[0]; x++)
                *sum_at(b, x, y, z) += *sum_at(b, x - 1, y, z) + *sum_at(b, x, y - 1, z) + *sum_at(b, x, y, z - 1) - *sum_at(b, x - 1, y - 1, z) -
                                        *sum_at(b, x - 1, y, z - 1) - *sum_at(b, x, y - 1, z - 1) + *sum_at(b, x - 1, y - 1, z - 1);
}

/* Of the voxels within r of one, less those beyond the volume. */
static double sums_of(const struct sums *b, const int64_t at[3], int64_t reach)
{
    int64_t lo[3], hi[3];
    double sum = 0;

    for (int k = 0; k < 3; k++) {
        lo[k] = vn_max64(at[k] - reach, 0);
        hi[k] = vn_min64(at[k] + reach + 1, b->n[k]);
    }
    for (int i = 0; i < 8; i++)
        sum += (__builtin_popcount((unsigned)i) & 1 ? -1 : 1) * *sum_at(b, i & 1 ? lo[0] : hi[0], i & 2 ? lo[1] : hi[1], i & 4 ? lo[2] : hi[2]);
    return sum;
}

struct seen { struct vn_vol *vol[3]; struct vn_buf v, m, t; int64_t n[3]; };

static int64_t seen_at(const struct seen *w, const struct vn_buf *b, const int64_t at[3])
{
    const int64_t *lo = w->vol[0]->box.lo;
    return vn_buf_at(b, lo[0] + at[0], lo[1] + at[1], lo[2] + at[2]);
}

static double grey(const struct seen *w, const int64_t at[3])
{
    const double x = (double)((const float *)w->v.data)[seen_at(w, &w->v, at)];
    return isfinite(x) ? x : 0;
}

static bool is_set(const struct seen *w, const struct vn_buf *b, const int64_t at[3]) { return ((const uint8_t *)b->data)[seen_at(w, b, at)] != 0; }

#define EVERY(w, at) \
    for (int64_t at[3] = { 0 }; at[2] < (w)->n[2]; at[2]++) \
        for (at[1] = 0; at[1] < (w)->n[1]; at[1]++) \
            for (at[0] = 0; at[0] < (w)->n[0]; at[0]++)

/* Adds voxels of the truth, and those of m away from it, by their contrast: the grey value less the mean of what within NEAR
 * voxels is not vessel nor beside one, over its standard deviation. */
static void add_contrasts(const struct seen *w, struct kinds *k)
{
    struct sums vessel, sum[3];                    /* of the background: voxels, their grey values, the squares */
    const size_t all = (size_t)((w->n[0] + 1) * (w->n[1] + 1) * (w->n[2] + 1));
    const double level = grey(w, (const int64_t[3]){ 0 });

    memcpy(vessel.n, w->n, sizeof vessel.n);
    vessel.at = room(all, sizeof *vessel.at);
    EVERY(w, at)
        *sum_at(&vessel, at[0] + 1, at[1] + 1, at[2] + 1) = is_set(w, &w->t, at);
    sums_make(&vessel);
    for (int i = 0; i < 3; i++) {
        memcpy(sum[i].n, w->n, sizeof sum[i].n);
        sum[i].at = room(all, sizeof *sum[i].at);
        EVERY(w, at)
            if (sums_of(&vessel, at, 1) < 0.5)
                *sum_at(&sum[i], at[0] + 1, at[1] + 1, at[2] + 1) = pow(grey(w, at) - level, i);
        sums_make(&sum[i]);
    }
    EVERY(w, at) {
        const bool truth = is_set(w, &w->t, at), found = is_set(w, &w->m, at), invented = found && sums_of(&vessel, at, 1) < 0.5;
        if (!truth && !invented)
            continue;
        const double n = sums_of(&sum[0], at, NEAR), mean = sums_of(&sum[1], at, NEAR) / n, var = sums_of(&sum[2], at, NEAR) / n - mean * mean;
        const double contrast = (grey(w, at) - level - mean) / sqrt(var);
        if (!(n > 1 && var > 0))                   /* nothing but vessel around */
            continue;
        int i = 0;
        while (i + 1 < N_CONTRAST && contrast >= contrast_to[i])
            i++;
        k->contrast[i].truth += truth;
        k->contrast[i].found += truth && found;
        k->contrast[i].invented += invented;
    }
    free(vessel.at);
    for (int i = 0; i < 3; i++)
        free(sum[i].at);
}

/* Of mask m of image v. */
static void add_kinds(const char *truth, struct kinds *k)
{
    struct seen w = { { volume("v"), volume("m"), volume(truth) } };
    const struct vn_box *b = &w.vol[0]->box;
    char line[100];

    snprintf(line, sizeof line, "metrics m %s full radii=" RADII, truth);
    if (run(line, true))
        add_radii(k);
    for (int i = 0; i < 3; i++)
        w.n[i] = vn_box_dim(b, i);
    if (vn_vol_map(w.vol[0], VN_F32, b, VN_PAD_ZERO, &w.v, NULL, &err) || vn_vol_map(w.vol[1], VN_U8, b, VN_PAD_ZERO, &w.m, NULL, &err) ||
        vn_vol_map(w.vol[2], VN_U8, b, VN_PAD_ZERO, &w.t, NULL, &err))
        fail("kinds of error", err.msg);
    add_contrasts(&w, k);
    vn_buf_free(&w.v);
    vn_buf_free(&w.m);
    vn_buf_free(&w.t);
    for (int i = 0; i < 3; i++)
        vn_vol_unref(w.vol[i]);
}

/* ---- measures ---- */

/* Those of m, if it was made; else NaN, and why. */
static void hold(bool made, const char *who, const char *truth, double v[N_METRIC])
{
    char line[100];
    double all = 0;

    for (int i = 0; i < N_METRIC; i++)
        v[i] = NAN;
    snprintf(line, sizeof line, "metrics m %s", truth);
    if (!made || !run(line, true)) {
        fprintf(stderr, "accuracy: %s: %s\n", who, out);
        return;
    }
    for (int i = 0; i < N_METRIC; i++)
        v[i] = number(metric[i]);
    if (v[DICE] == 0)                              /* an empty mask has none */
        v[CLDICE] = v[SURFACE] = 0;
    for (int i = MISSED; i < N_METRIC; i++)
        all += v[i];
    for (int i = MISSED; i < N_METRIC; i++)
        v[i] = all > 0 ? v[i] * (1 - v[DICE]) / all : 0;
}

static void measure_method(const char *truth, int k, double v[N_METRIC])
{
    char line[100];
    bool made;

    snprintf(line, sizeof line, "curve v truth=%s n=256 as=c", truth);
    if (method[k].line)
        made = run(method[k].line, true);
    else if ((made = run(line, true))) {
        snprintf(line, sizeof line, "threshold v low=%.17g as=m", number("best_dice_at"));
        made = run(line, true);
    }
    hold(made, method[k].name, truth, v);
}

/* p and m of v. */
static bool segment(const struct setting *t)
{
    static const char *const kept[] = { "smooth", "background", "hollow", "drift", "faint" };
    char line[900], length[2][40] = { "", "" };
    const char *given = t->text ? t->text : "";
    const double edge = edge_of_v(3);

    if (t->smooth > 0)
        snprintf(length[0], sizeof length[0], "smooth=%.9gum", t->smooth * edge);
    if (t->background > 0)
        snprintf(length[1], sizeof length[1], "background=%.9gum", t->background * edge);
    snprintf(line, sizeof line, "segment v %s %s %s as=p", given, length[0], length[1]);
    apart = t->apart;
    pores = t->pores;
    const bool made = run(line, true);
    apart = pores = false;
    if (!made)
        return false;
    const double found = number("contrast"), times = t->times > 0 ? t->times : 1;
    const double contrast = t->contrast > 0 ? t->contrast : fmin(t->most > 0 ? t->most : INFINITY, times * found);
    if (contrast != found) {
        int at = snprintf(line, sizeof line, "segment v %s level=%.9g spread=%.9g offset=%.9g noise=%.9g contrast=%.9g as=p", given, number("level"),
                          number("spread"), number("offset"), number("noise"), contrast);
        if (!strstr(given, "edge"))
            at += snprintf(line + at, sizeof line - (size_t)at, " edge=%.9g", number("edge"));
        for (size_t i = 0; i < VN_COUNT(kept); i++)
            if (!strstr(given, kept[i]))
                at += snprintf(line + at, sizeof line - (size_t)at, " %s=%s", kept[i], text(kept[i]));
        if (!run(line, true))
            return false;
    }
    return run("threshold p as=m", true);
}

/* Counts the voxels of p by tenths, and those that are vessel. */
static void calibrate(const char *truth, struct bins *b)
{
    struct vn_vol *p = volume("p"), *t = volume(truth);
    struct vn_buf x, y;
    if (vn_vol_map(p, VN_F32, &p->box, VN_PAD_ZERO, &x, NULL, &err) || vn_vol_map(t, VN_U8, &p->box, VN_PAD_ZERO, &y, NULL, &err))
        fail("calibration", err.msg);
    for (int64_t z = p->box.lo[2]; z < p->box.hi[2]; z++)
        for (int64_t i = 0; i < vn_box_dim(&p->box, 0) * vn_box_dim(&p->box, 1); i++) {
            const int64_t at[2] = { p->box.lo[0] + i % vn_box_dim(&p->box, 0), p->box.lo[1] + i / vn_box_dim(&p->box, 0) };
            const double v = (double)((const float *)x.data)[vn_buf_at(&x, at[0], at[1], z)];
            const int k = v >= 1 ? N_BIN - 1 : (int)(v * N_BIN);
            b->n[k]++;
            b->vessel[k] += ((const uint8_t *)y.data)[vn_buf_at(&y, at[0], at[1], z)] != 0;
            b->sum[k] += v;
        }
    vn_buf_free(&x);
    vn_buf_free(&y);
    vn_vol_unref(p);
    vn_vol_unref(t);
}

/* ---- over phantoms ---- */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Mean of those that are a number; *error: of the mean (NULL: not asked). */
static double mean_of(const double *x, int n, double *error)
{
    double sum = 0, two = 0;
    int m = 0;

    for (int i = 0; i < n; i++)
        if (isfinite(x[i])) {
            sum += x[i];
            m++;
        }
    for (int i = 0; i < n; i++)
        if (isfinite(x[i]))
            two += (x[i] - sum / m) * (x[i] - sum / m);
    if (error)
        *error = m > 1 ? sqrt(two / (m - 1) / m) : NAN;
    return m ? sum / m : NAN;
}

/* The value that a share of the phantoms do worse than; lower: less is better. */
static double quantile_of(double *x, int n, double share, bool lower)
{
    int m = 0;
    for (int i = 0; i < n; i++)
        if (isfinite(x[i]))
            x[m++] = x[i];
    qsort(x, (size_t)m, sizeof *x, by_value);
    const int at = (int)(share * m);
    return m ? x[lower ? m - 1 - at : at] : NAN;
}

/* ---- files and lines ---- */

static const char *sum_name(int of) { return of < PHANTOMS ? real[of].name : "phantoms"; }

static FILE *csv_new(const char *name)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s.csv", folder, name);
    FILE *f = fopen(path, "w");
    if (!f)
        fail(path, "cannot be written");
    fprintf(f, "volume,method");
    for (int i = 0; i < N_METRIC; i++)
        fprintf(f, ",%s", metric[i]);
    fputc('\n', f);
    return f;
}

static void csv_row(FILE *f, const char *name, const char *what, const double v[N_METRIC])
{
    fprintf(f, "%s,%s", name, what);
    for (int i = 0; i < N_METRIC; i++)
        fprintf(f, isfinite(v[i]) ? ",%.9g" : ",", v[i]);
    fputc('\n', f);
    fflush(f);
}

/* A number, or - where there is none. */
static void print_number(int width, double v)
{
    if (isfinite(v))
        printf("%*.3f", width, v);
    else
        printf("%*s", width, "-");
}

static void print_head(void)
{
    printf("%-18s %-11s%7s%8s%11s%14s%13s%8s%8s%8s%8s\n", "", "", "Dice", "clDice", "breaks/mm", "surface Dice", "1 - Dice =", "missed", "under", "over", "false");
}

static void print_row(const char *name, const char *what, const double *v, int n)
{
    static const int width[N_METRIC] = { 7, 8, 11, 14, 21, 8, 8, 8 };
    printf("%-18s %-11s", name, what);
    for (int i = 0; i < n; i++)
        print_number(width[i], v[i]);
    printf("\n");
}

/* ---- table ---- */

struct table { FILE *csv; struct bins bins; struct kinds kinds[N_SUM]; double (*v)[N_METHOD][N_METRIC]; bool (*has)[N_PROPERTY]; };

static void table_at(void *ctx, int i, const char *name, const char *truth)
{
    struct table *t = ctx;
    const int q = i - N_REAL;
    double v[N_METHOD][N_METRIC];

    for (int k = 0; q >= 0 && k < N_PROPERTY; k++)
        t->has[q][k] = has(k);
    for (int k = 0; k < N_METHOD; k++) {
        measure_method(truth, k, v[k]);
        csv_row(t->csv, name, method[k].name, v[k]);
        if (k == 0 && isfinite(v[0][DICE]))
            add_kinds(truth, &t->kinds[q < 0 ? i : PHANTOMS]);
        if (q < 0)
            print_row(k ? "" : name, method[k].name, v[k], N_METRIC);
        else if (k == 0)
            calibrate(truth, &t->bins);
    }
    if (q < 0) {
        print_row("", "best Sato", real[i].sato, 2);
        print_row("", "best DoG", real[i].dog, 2);
    } else {
        memcpy(t->v[q], v, sizeof v);
    }
}

static void print_summary(const struct table *t)
{
    static const char *const name[3] = { "mean", "median", "worst tenth from" };
    double *x = room((size_t)n_phantom, sizeof *x);

    printf("\n%d phantoms of %s (phantom random seed=1..%d)\n", n_phantom, dims, n_phantom);
    print_head();
    for (int what = 0; what < 3; what++)
        for (int k = 0; k < N_METHOD; k++) {
            double v[N_METRIC];
            for (int i = 0; i < N_METRIC; i++) {
                for (int q = 0; q < n_phantom; q++)
                    x[q] = t->v[q][k][i];
                const bool lower = i == BREAKS || i >= MISSED;
                v[i] = what == 0 ? mean_of(x, n_phantom, NULL) : quantile_of(x, n_phantom, what == 1 ? 0.5 : 0.1, lower);
            }
            print_row(k ? "" : name[what], method[k].name, v, what == 2 ? MISSED : N_METRIC);      /* tenths do not add up */
        }
    free(x);
}

/* segment on phantoms with and without each property. */
static void print_properties(const struct table *t)
{
    double *x = room((size_t)n_phantom, sizeof *x);

    printf("\nsegment on phantoms with and without what was drawn\n%-22s%5s%8s%9s%8s%8s%9s%8s%13s%8s%8s%8s%8s\n", "", "with", "Dice", "without", "+-",
           "clDice", "without", "+-", "1 - Dice =", "missed", "under", "over", "false");
    for (int k = 0; k < N_PROPERTY; k++) {
        int n = 0;
        for (int q = 0; q < n_phantom; q++)
            n += t->has[q][k];
        if (n == 0)
            continue;
        printf("%-22s%5d", property[k].name, n);
        for (int i = 0; i < N_METRIC; i++) {
            double mean[2], error[2];
            for (int with = 0; with < 2; with++) {
                for (int q = 0; q < n_phantom; q++)
                    x[q] = t->has[q][k] == with ? t->v[q][0][i] : NAN;
                mean[with] = mean_of(x, n_phantom, &error[with]);
            }
            if (i <= CLDICE) {
                printf("%8.3f", mean[1]);
                print_number(9, mean[0]);
                print_number(8, hypot(error[0], error[1]));
            } else if (i >= MISSED) {
                printf(i == MISSED ? "%21.3f" : "%8.3f", mean[1]);
            }
        }
        printf("\n");
    }
    free(x);
}

static void write_calibration(const struct bins *b)
{
    char path[400];
    double from[N_BIN], share[N_BIN], mean[N_BIN], line[2] = { 0, 1 };
    snprintf(path, sizeof path, "%s/calibration.csv", folder);
    FILE *f = fopen(path, "w");
    if (!f)
        fail(path, "cannot be written");
    printf("\nof the voxels given a probability p, so many are vessel (phantoms)\n%-12s%12s%12s%12s\n", "p", "voxels", "mean p", "share");
    fprintf(f, "from,to,voxels,vessel,mean_p,share\n");
    for (int i = 0; i < N_BIN; i++) {
        from[i] = i / (double)N_BIN;
        mean[i] = b->sum[i] / (double)b->n[i];
        share[i] = (double)b->vessel[i] / (double)b->n[i];
        fprintf(f, "%g,%g,%llu,%llu,%.6g,%.6g\n", from[i], from[i] + 1.0 / N_BIN, (unsigned long long)b->n[i], (unsigned long long)b->vessel[i], mean[i], share[i]);
        printf("%.1f to %.1f  %12llu%12.3f%12.3f\n", from[i], from[i] + 1.0 / N_BIN, (unsigned long long)b->n[i], mean[i], share[i]);
    }
    fclose(f);
    const struct vn_chart c = { .style = VN_CHART_LINES, .x_label = "probability given", .y_label = "share that is vessel", .n_series = 2,
                                .series = { { "phantoms", mean, share, N_BIN }, { "calibrated", line, line, 2 } } };
    snprintf(path, sizeof path, "%s/calibration.png", folder);
    if (vn_chart_write(&c, path, true, "calibration of segment", NULL, &err))
        printf("no figure: %s\n", err.msg);
}

/* Errors of segment by radius and by contrast. */
static void print_kinds(const struct kinds *k, const char *name)
{
    double truth = 0, seen = 0, mask = 0, invented = 0;

    for (int i = 0; i < N_RADIUS; i++) {
        truth += k->radius[i].truth;
        mask += k->radius[i].mask;
    }
    for (int i = 0; i < N_CONTRAST; i++) {
        seen += (double)k->contrast[i].truth;
        invented += (double)k->contrast[i].invented;
    }
    if (truth == 0)
        return;
    printf("%-18s %-11s%8s%8s%8s%8s%8s%8s%8s\n", name, "radius, vox", "length", "truth", "recall", "missed", "mask", "over", "false");
    for (int i = 0; i < N_RADIUS; i++) {
        printf("%-18s %-11s", "", radius_name[i]);
        print_number(8, k->radius[i].recalled / k->radius[i].length);
        print_number(8, k->radius[i].truth / truth);
        print_number(8, 1 - (k->radius[i].missed + k->radius[i].under) / k->radius[i].truth);
        print_number(8, k->radius[i].missed / k->radius[i].truth);
        print_number(8, k->radius[i].mask / mask);
        print_number(8, k->radius[i].over / k->radius[i].mask);
        print_number(8, k->radius[i].invented / k->radius[i].mask);
        printf("\n");
    }
    printf("%-18s %-11s%16s%8s%40s\n", "", "contrast, sd", "truth", "recall", "of all false");
    for (int i = 0; i < N_CONTRAST; i++) {
        printf("%-18s %-11s", "", contrast_name[i]);
        print_number(16, (double)k->contrast[i].truth / seen);
        print_number(8, (double)k->contrast[i].found / (double)k->contrast[i].truth);
        print_number(40, (double)k->contrast[i].invented / invented);
        printf("\n");
    }
}

static void table(void)
{
    struct table t = { .csv = csv_new("accuracy"), .v = room((size_t)n_phantom, sizeof *t.v), .has = room((size_t)n_phantom, sizeof *t.has) };

    print_head();
    each_volume(table_at, &t);
    fclose(t.csv);
    printf("\nsegment by radius and by contrast to what is around: shares of centreline found, of voxels of the truth, of voxels of the mask\n");
    for (int of = 0; of < N_SUM; of++)
        print_kinds(&t.kinds[of], sum_name(of));
    if (n_phantom > 0) {
        print_summary(&t);
        print_properties(&t);
        write_calibration(&t.bins);
    }
    free(t.v);
    free(t.has);
}

/* ---- causes ---- */

/* What phantoms gain without a property: sums, and the phantoms that gain most. */
struct cause { int n, seed[3]; double with[2], gain[2], most[3]; };

static void add_cause(struct cause *c, int seed, const double with[N_METRIC], const double without[N_METRIC])
{
    double gain[2];

    c->n++;
    for (int i = 0; i < 2; i++) {
        gain[i] = without[i] - with[i];
        c->with[i] += with[i];
        c->gain[i] += gain[i];
    }
    for (int i = 0; i < 3; i++)
        if (gain[0] + gain[1] > c->most[i]) {
            for (int j = 2; j > i; j--) {
                c->most[j] = c->most[j - 1];
                c->seed[j] = c->seed[j - 1];
            }
            c->most[i] = gain[0] + gain[1];
            c->seed[i] = seed;
            return;
        }
}

static void causes(void)
{
    static const struct setting automatic = { .name = "segment" };
    struct cause all[N_PROPERTY] = { 0 };
    FILE *csv = csv_new("causes");

    for (int q = 0; q < n_phantom; q++) {
        double with[N_METRIC], without[N_METRIC];
        bool on[N_PROPERTY];
        char name[40];

        snprintf(name, sizeof name, "random_%d", q + 1);
        draw(q + 1, "");
        for (int k = 0; k < N_PROPERTY; k++)
            on[k] = property[k].off && has(k);
        hold(segment(&automatic), "segment", "v_mask", with);
        csv_row(csv, name, "segment", with);
        for (int k = 0; k < N_PROPERTY; k++) {
            if (!on[k])
                continue;
            draw(q + 1, property[k].off);
            hold(segment(&automatic), "segment", "v_mask", without);
            csv_row(csv, name, property[k].off, without);
            if (isfinite(with[DICE] + with[CLDICE] + without[DICE] + without[CLDICE]))
                add_cause(&all[k], q + 1, with, without);
        }
        fprintf(stderr, "\r%d of %d", q + 1, n_phantom);
    }
    fprintf(stderr, "\n");
    fclose(csv);
    printf("\nsegment on %d phantoms of %s, and the same phantoms without what they have; of all: the gain over all phantoms\n", n_phantom, dims);
    printf("%-22s%5s%8s%8s%8s%8s%8s%8s   most in seeds\n", "", "with", "Dice", "gain", "of all", "clDice", "gain", "of all");
    for (int k = 0; k < N_PROPERTY; k++) {
        const struct cause *c = &all[k];
        if (c->n == 0)
            continue;
        printf("%-22s%5d", property[k].name, c->n);
        for (int i = 0; i < 2; i++)
            printf("%8.3f%+8.3f%+8.4f", c->with[i] / c->n, c->gain[i] / c->n, c->gain[i] / n_phantom);
        for (int i = 0; i < 3 && c->seed[i]; i++)
            printf("%s%d", i ? "," : "   ", c->seed[i]);
        printf("\n");
    }
}

/* ---- settings ---- */

/* Every setting on every volume. */
struct trial { FILE *csv; const struct setting *const *setting; int n; double (*v)[N_METRIC]; };

static double *trial_of(const struct trial *t, int k, int i) { return t->v[k * (N_REAL + n_phantom) + i]; }

static bool is_automatic(const struct setting *t) { return !t->text && !t->apart && !t->pores && t->smooth + t->background + t->contrast + t->most + t->times == 0; }

static void trial_at(void *ctx, int i, const char *name, const char *truth)
{
    struct trial *t = ctx;
    int first = -1;                                /* of those that give the same */

    for (int k = 0; k < t->n; k++) {
        double *v = trial_of(t, k, i);
        if (is_automatic(t->setting[k]) && first >= 0)
            memcpy(v, trial_of(t, first, i), N_METRIC * sizeof *v);
        else
            hold(segment(t->setting[k]), t->setting[k]->name, truth, v);
        if (is_automatic(t->setting[k]) && first < 0)
            first = k;
        csv_row(t->csv, name, t->setting[k]->name, v);
    }
}

static void trial_init(struct trial *t, FILE *csv, const struct setting *const *setting, int n)
{
    *t = (struct trial){ csv, setting, n, room((size_t)n * (size_t)(N_REAL + n_phantom), sizeof *t->v) };
    for (int i = 0; i < n * (N_REAL + n_phantom) * N_METRIC; i++)
        t->v[0][i] = NAN;
}

/* Metric i with setting k: of a real volume, or the phantoms' mean; of the difference to setting `less`, if any, with its error. */
static double trial_mean(const struct trial *t, int k, int less, int of, int i, double *error)
{
    const int n = of < PHANTOMS ? 1 : n_phantom;
    double *x = room((size_t)n, sizeof *x);

    for (int q = 0; q < n; q++)
        x[q] = trial_of(t, k, of + q)[i] - (less < 0 ? 0 : trial_of(t, less, of + q)[i]);
    const double mean = mean_of(x, n, error);
    free(x);
    return mean;
}

/* Whether there is such a volume. */
static bool is_here(const struct trial *t, int of) { return isfinite(trial_mean(t, 0, -1, of, DICE, NULL)); }

static void ablate(void)
{
    const struct setting *all[VN_COUNT(ablation)];
    struct trial t;

    for (size_t k = 0; k < VN_COUNT(ablation); k++)
        all[k] = &ablation[k];
    trial_init(&t, csv_new("ablation"), all, VN_COUNT(ablation));
    each_volume(trial_at, &t);
    printf("\nparts of segment, Dice and clDice; below: difference to the first line, +- of the mean over %d phantoms of %s\n%-22s", n_phantom, dims, "");
    for (int of = 0; of < N_SUM; of++)
        if (is_here(&t, of))
            printf("%*s", of < PHANTOMS ? 18 : 34, sum_name(of));
    printf("\n");
    for (int k = 0; k < t.n; k++) {
        printf("%-22s", t.setting[k]->name);
        for (int of = 0; of < N_SUM; of++)
            for (int i = 0; i < 2 && is_here(&t, of); i++) {
                double error;
                const double mean = trial_mean(&t, k, k ? 0 : -1, of, i, &error);
                printf(k ? "%+*.3f" : "%*.3f", i ? 8 : 10, mean);
                if (of == PHANTOMS) {
                    printf(" +-");
                    print_number(6, error);
                }
            }
        printf("\n");
    }
    fclose(t.csv);
    free(t.v);
}

/* ---- parts ---- */

/* Voxels of an axis of n: all, the lower half, the upper half. */
static void part_of(int k, int64_t n, int64_t from_to[2])
{
    from_to[0] = k == 2 ? n / 2 : 0;
    from_to[1] = k == 1 ? n / 2 : n;
}

static void parts(void)
{
    FILE *csv = csv_new("parts");

    printf("\nhalves and quarters of real volumes, each segmented by itself: Dice clDice\n%-18s%17s%17s%17s\n", "", "whole", "mean of parts", "worst of parts");
    for (int i = 0; i < N_REAL; i++) {
        double whole[N_METRIC], sum[2] = { 0, 0 }, worst[2] = { 1, 1 };
        if (!open_real(i))
            continue;
        struct vn_vol *v = volume("v");
        for (int k = 0; k < 9; k++) {
            int64_t x[2], y[2];
            char line[400], box[100], name[140];
            double of[N_METRIC];
            part_of(k % 3, vn_box_dim(&v->box, 0), x);
            part_of(k / 3, vn_box_dim(&v->box, 1), y);
            snprintf(box, sizeof box, "%" PRId64 ":%" PRId64 ",%" PRId64 ":%" PRId64 ",:", x[0], x[1], y[0], y[1]);
            snprintf(name, sizeof name, "%s %" PRId64 ":%" PRId64 " %" PRId64 ":%" PRId64, real[i].name, x[0], x[1], y[0], y[1]);
            snprintf(line, sizeof line, "crop v %s as=part; crop t %s as=part_truth; segment part as=p; threshold p as=m", box, box);
            hold(run(line, true), name, "part_truth", of);
            csv_row(csv, name, "segment", of);
            if (k == 0)
                memcpy(whole, of, sizeof whole);
            for (int d = 0; k > 0 && d < 2; d++) {
                sum[d] += of[d] / 8;
                worst[d] = fmin(worst[d], of[d]);
            }
        }
        printf("%-18s%9.3f%8.3f%9.3f%8.3f%9.3f%8.3f\n", real[i].name, whole[DICE], whole[CLDICE], sum[0], sum[1], worst[0], worst[1]);
        vn_vol_unref(v);
    }
    fclose(csv);
}

/* ---- leave one out ---- */

static double score(const struct trial *t, int k, int of) { return 0.5 * (trial_mean(t, k, -1, of, DICE, NULL) + trial_mean(t, k, -1, of, CLDICE, NULL)); }

/* The setting from..to of the greatest mean of Dice and clDice over all but one; the phantoms are one. */
static int best_without(const struct trial *t, int from, int to, int left)
{
    int best = from;
    double most = -INFINITY;

    for (int k = from; k < to; k++) {
        double sum = 0;
        for (int of = 0; of < N_SUM; of++) {
            const double x = of == left ? 0 : score(t, k, of);
            sum += isfinite(x) ? x : 0;
        }
        if (sum > most) {
            most = sum;
            best = k;
        }
    }
    return best;
}

static void print_left(const char *name, int left, const char *value, const struct trial *t, int k, const struct trial *now)
{
    if (!is_here(now, left))
        return;
    printf("%-18s%-18s%10s", name, sum_name(left), value);
    for (int i = 0; i < 2; i++) {
        const double then = trial_mean(t, k, -1, left, i, NULL), as_is = trial_mean(now, 0, -1, left, i, NULL);
        printf("%9.3f%9.3f%+9.3f", as_is, then, then - as_is);
    }
    printf("\n");
}

/* What is not automatic in either. */
static void join(struct setting *t, const struct setting *other)
{
    t->text = other->text ? other->text : t->text;
    t->smooth = fmax(t->smooth, other->smooth);
    t->background = fmax(t->background, other->background);
    t->most = fmax(t->most, other->most);
    t->times = fmax(t->times, other->times);
}

static void leave(void)
{
    static const struct setting automatic = { .name = "automatic" };
    const struct setting *all[1 + N_CONSTANT * MAX_VALUE] = { &automatic }, *joined[N_SUM];
    struct setting together[N_SUM];
    char name[N_CONSTANT * MAX_VALUE][40];
    struct setting named[N_CONSTANT * MAX_VALUE];
    int from[N_CONSTANT + 1] = { 1 };
    struct trial t, u;

    for (int c = 0, n = 1; c < N_CONSTANT; c++) {
        for (int k = 0; k < MAX_VALUE && constant[c].value[k].name; k++, n++) {
            snprintf(name[n - 1], sizeof name[0], "%s %s", constant[c].name, constant[c].value[k].name);
            named[n - 1] = constant[c].value[k];
            named[n - 1].name = name[n - 1];
            all[n] = &named[n - 1];
        }
        from[c + 1] = n;
    }
    trial_init(&t, csv_new("leave"), all, from[N_CONSTANT]);
    each_volume(trial_at, &t);
    printf("\nbest value of a constant on the other volumes (mean of Dice and clDice; %d phantoms of %s are one), and what it gives here\n",
           n_phantom, dims);
    printf("%-18s%-18s%10s%9s%9s%9s%9s%9s%9s\n", "", "", "best", "Dice now", "then", "", "clDice", "then", "");
    for (int left = 0; left < N_SUM; left++) {
        together[left] = (struct setting){ .name = sum_name(left) };
        joined[left] = &together[left];
    }
    for (int c = 0; c < N_CONSTANT; c++)
        for (int left = 0; left < N_SUM; left++) {
            const int k = best_without(&t, from[c], from[c + 1], left);
            print_left(constant[c].name, left, constant[c].value[k - from[c]].name, &t, k, &t);
            join(&together[left], all[k]);
        }
    trial_init(&u, t.csv, joined, N_SUM);
    each_volume(trial_at, &u);
    for (int left = 0; left < N_SUM; left++)
        print_left("all together", left, "", &u, left, &t);
    fclose(t.csv);
    free(t.v);
    free(u.v);
}

int main(int argc, char **argv)
{
    static const struct { const char *name; void (*run)(void); } stage[] = {
        { "table", table }, { "causes", causes }, { "ablation", ablate }, { "parts", parts }, { "leave", leave },
    };
    const char *what = argc > 4 ? argv[4] : "table";
    bool any = false;

    folder = argc > 1 ? argv[1] : folder;
    n_phantom = argc > 2 ? atoi(argv[2]) : n_phantom;
    dims = argc > 3 ? argv[3] : dims;
    setvbuf(stdout, NULL, _IOLBF, 0);                          /* rows as they come, into files too */
    vn_mem_init(0);
    if (vn_job_init(0, &err))
        fail("start", err.msg);
    f_out = open_memstream(&out, &n_out);
    FILE *nowhere = fopen("/dev/null", "w");
    const struct vn_run_opt o = { .json = true, .quiet = true, .out = f_out, .msg = nowhere };
    if (!f_out || !nowhere || !(s = vn_session_new(&err)) || !(r = vn_runner_new(s, &o, &err)))
        fail("start", err.msg);
    for (size_t i = 0; i < VN_COUNT(stage); i++)
        if (!strcmp(what, "all") || !strcmp(what, stage[i].name)) {
            stage[i].run();
            any = true;
        }
    if (!any)
        fail(what, "table, causes, ablation, parts, leave or all is wanted");
    cJSON_Delete(result);
    vn_runner_free(r);
    vn_session_free(s);
    vn_job_exit();
    fclose(f_out);
    fclose(nowhere);
    free(out);
    return 0;
}
