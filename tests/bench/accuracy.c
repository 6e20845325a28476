/* accuracy.c - how well parameterless segmentation does: `segment V; threshold P` against the truth of real volumes (where
 * ../shared/data is) and of N drawn phantoms, beside thresholds of the grey values, automatic and chosen with the truth.
 *
 *   accuracy [FOLDER [N [DIMS]]]      build/bench, 100, 96x96x64
 *
 * FOLDER/accuracy.csv has a row for each volume and method ("evaluate accuracy.csv" ranks them), FOLDER/calibration.csv and
 * .png say of the voxels given a probability in tenths, which share is vessel.  Never a test. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "chart.h"
#include "cmd.h"
#include "mem.h"
#include "table.h"

enum { N_BIN = 10 };
static const char *const metric[] = { "dice", "cldice", "breaks_per_mm", "surface_dice" };
enum { N_METRIC = VN_COUNT(metric) };

/* What each method's mask m is made by, from the image v; the first makes the probability p. */
static const struct { const char *name, *line; } method[] = {
    { "segment", "segment v as=p; threshold p as=m" },
    { "tubes", "threshold v method=tubes as=m" },
    { "li", "threshold v method=li as=m" },
    { "otsu", "threshold v method=otsu as=m" },
    { "best", NULL },                              /* the grey threshold of the greatest Dice, which needs the truth */
};
enum { N_METHOD = VN_COUNT(method) };

/* What others' filters reach with the best threshold chosen with the labels (../shared/data/README.md). */
static const struct { const char *name, *raw, *mask, *voxel, *known; } real[] = {
    { "lightsheet_brain", "lightsheet_brain/raw.tif", "lightsheet_brain/mask.tif", "1x1x1um", "best Sato .844 / .855, best DoG .822 / .973" },
    { "capillaries", "twophoton_brain/capillaries_raw.tif", "twophoton_brain/capillaries_mask.tif", "0.994x0.994x5um",
      "best Sato .599 / .653, best DoG .731 / .855" },
    { "pial", "twophoton_brain/pial_raw.tif", "twophoton_brain/pial_mask.tif", "0.994x0.994x5um", "best Sato .716 / .774, best DoG .728 / .757" },
};

struct bins { uint64_t n[N_BIN], vessel[N_BIN]; double sum[N_BIN]; };

static struct vn_err err;
static struct vn_session *s;
static struct vn_runner *r;
static char *out;
static size_t n_out;
static FILE *f_out;

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "accuracy: %s: %s\n", what, why);
    exit(1);
}

/* Runs the line; false when it fails and may. */
static bool run(const char *line, bool may_fail)
{
    rewind(f_out);
    const int rc = vn_runner_line(r, line);
    fflush(f_out);
    if (rc && !may_fail)
        fail(line, n_out ? out : err.msg);
    return rc == 0;
}

/* Member of the last result; NaN for null. */
static double number(const char *key)
{
    char *from = out + ftell(f_out) - 1;
    *from = 0;
    while (from > out && from[-1] != '\n')
        from--;
    cJSON *o = cJSON_Parse(from);
    const cJSON *v = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), key);
    const double d = cJSON_IsNumber(v) ? v->valuedouble : NAN;
    cJSON_Delete(o);
    return d;
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

static void measure(const char *truth, int k, double v[N_METRIC])
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
    for (int i = 0; i < N_METRIC; i++)
        v[i] = NAN;
    snprintf(line, sizeof line, "metrics m %s", truth);
    if (!made || !run(line, true)) {
        fprintf(stderr, "accuracy: %s: %s", method[k].name, out);
        return;
    }
    for (int i = 0; i < N_METRIC; i++)
        v[i] = number(metric[i]);
}

static void print_row(const char *name, int k, const double v[N_METRIC], const char *end)
{
    printf("%-18s %-8s", name, method[k].name);
    for (int i = 0; i < N_METRIC; i++)
        printf(isfinite(v[i]) ? "%14.3f" : "             -", v[i]);
    printf("%s\n", end);
}

static void add_rows(FILE *f, const char *name, double v[N_METHOD][N_METRIC])
{
    for (int k = 0; k < N_METHOD; k++) {
        fprintf(f, "%s,%s", name, method[k].name);
        for (int i = 0; i < N_METRIC; i++)
            fprintf(f, isfinite(v[k][i]) ? ",%.9g" : ",", v[k][i]);
        fputc('\n', f);
    }
    fflush(f);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Mean, and the value that nine tenths of the phantoms do better than. */
static void summary(const double *all, int n)
{
    double *x = malloc(sizeof *x * (size_t)n);
    if (!x)
        fail("summary", "no memory");
    for (int what = 0; what < 2; what++)
        for (int k = 0; k < N_METHOD; k++) {
            double v[N_METRIC];
            for (int i = 0; i < N_METRIC; i++) {
                int m = 0;
                double sum = 0;
                for (int q = 0; q < n; q++) {
                    const double one = all[(q * N_METHOD + k) * N_METRIC + i];
                    if (isfinite(one)) {
                        x[m++] = one;
                        sum += one;
                    }
                }
                qsort(x, (size_t)m, sizeof *x, by_value);
                const int tenth = m / 10;
                v[i] = m == 0 ? NAN : what ? x[i == 2 ? m - 1 - tenth : tenth] : sum / m;
            }
            print_row(what ? "worst tenth from" : "mean", k, v, "");
        }
    free(x);
}

static void write_calibration(const char *folder, const struct bins *b)
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

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : "build/bench", *dims = argc > 3 ? argv[3] : "96x96x64";
    const int n = argc > 2 ? atoi(argv[2]) : 100;
    double *all = calloc((size_t)(n > 0 ? n : 1), sizeof(double) * N_METHOD * N_METRIC), one[N_METHOD][N_METRIC];
    struct bins b = { 0 };
    char path[400], line[700];

    setvbuf(stdout, NULL, _IOLBF, 0);                          /* rows as they come, into files too */
    vn_mem_init(0);
    if (!all || vn_job_init(0, &err))
        fail("start", err.msg);
    f_out = open_memstream(&out, &n_out);
    FILE *nowhere = fopen("/dev/null", "w");
    const struct vn_run_opt o = { .json = true, .quiet = true, .out = f_out, .msg = nowhere };
    if (!f_out || !nowhere || !(s = vn_session_new(&err)) || !(r = vn_runner_new(s, &o, &err)))
        fail("start", err.msg);
    snprintf(path, sizeof path, "%s/accuracy.csv", folder);
    FILE *csv = fopen(path, "w");
    if (!csv)
        fail(path, "cannot be written");
    fprintf(csv, "volume,method,%s,%s,%s,%s\n", metric[0], metric[1], metric[2], metric[3]);
    printf("%-18s %-8s%14s%14s%14s%14s\n", "", "", "Dice", "clDice", "breaks/mm", "surface Dice");
    for (size_t i = 0; i < VN_COUNT(real); i++) {
        snprintf(line, sizeof line, "open ../shared/data/%s as=v voxel=%s; open ../shared/data/%s as=t voxel=%s", real[i].raw, real[i].voxel, real[i].mask,
                 real[i].voxel);
        snprintf(path, sizeof path, "../shared/data/%s", real[i].raw);
        if (access(path, R_OK)) {
            printf("%-18s not here: %s\n", real[i].name, path);
            continue;
        }
        run(line, false);
        for (int k = 0; k < N_METHOD; k++) {
            measure("t", k, one[k]);
            print_row(real[i].name, k, one[k], "");
        }
        printf("%-18s %s\n", "", real[i].known);
        add_rows(csv, real[i].name, one);
    }
    printf("\n%d phantoms of %s (phantom random seed=1..%d)\n", n, dims, n);
    for (int q = 0; q < n; q++) {
        snprintf(line, sizeof line, "phantom random dims=%s seed=%d as=v", dims, q + 1);
        run(line, false);
        for (int k = 0; k < N_METHOD; k++) {
            measure("v_mask", k, one[k]);
            if (k == 0)
                calibrate("v_mask", &b);
        }
        snprintf(path, sizeof path, "random_%d", q + 1);
        add_rows(csv, path, one);
        memcpy(all + (size_t)q * N_METHOD * N_METRIC, one, sizeof one);
        fprintf(stderr, "%s%d of %d", q ? "\r" : "", q + 1, n);
    }
    fprintf(stderr, "\n");
    fclose(csv);
    if (n > 0) {
        summary(all, n);
        write_calibration(folder, &b);
    }
    vn_runner_free(r);
    vn_session_free(s);
    vn_job_exit();
    fclose(f_out);
    fclose(nowhere);
    free(out);
    free(all);
    return 0;
}
