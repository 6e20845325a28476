/* stages.c - times one stage in one process and prints one JSON line, as the peers do:
 *
 *   stages op NAME FILE THREADS [KEY=VALUE ...]   an operation on a volume in memory; reading it is not timed
 *   stages open FILE                              open and first plane of a file that is not in the system's cache
 *   stages spawn N PROGRAM [ARGUMENT ...]         the quickest of N runs of a program, output dropped
 *   stages tune FILE TRUTH THREADS                live tuning: milliseconds from a changed parameter to mask and numbers
 *   stages metrics PRED TRUTH THREADS             all that metrics full says of two masks in memory
 *   stages surface PRED TRUTH THREADS             of that, the distances between their surfaces
 *   stages raw FILE OUT                           voxels without a header, for peers that read such
 *   stages big OUT MB                             a BigTIFF of pages of 1 MB, written page by page */
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <tiffio.h>
#include <time.h>
#include <unistd.h>
#include "io.h"
#include "mem.h"
#include "metrics.h"
#include "op.h"
#include "tune.h"

extern char **environ;
static struct vn_err err;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double cpu(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + 1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static long rss_mib(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss / 1024;
}

static void need(int rc, const char *what)
{
    if (!rc)
        return;
    fprintf(stderr, "stages: %s: %s\n", what, err.msg);
    exit(1);
}

/* All voxels of a file, in memory. */
static struct vn_vol *load(const char *path)
{
    const struct vn_open_opt o = { 0 };
    struct vn_vol *f, *v;

    need(vn_io_open(path, &o, &f, &err), path);
    need((v = vn_vol_new(f->kind, f->src->type, &f->grid, &f->box, &err)) == NULL, path);
    struct vn_buf b = vn_vol_data(v);
    need(vn_vol_read(f, VN_PAD_ZERO, &b, NULL, &err), path);
    vn_vol_unref(f);
    vn_mem_trim();
    return v;
}

struct stage { const struct vn_op *op; struct vn_args a; struct vn_vol *in, *out; };

static int run_stage(void *ctx, struct vn_job *j, struct vn_err *e)
{
    struct stage *s = ctx;
    return vn_op_run(s->op, &s->a, &s->in, &s->in->box, &s->out, NULL, j, e);
}

/* Sum and largest value, to be compared with the peers'. */
static void describe(struct vn_vol *v, double *sum, double *max)
{
    struct vn_box box = v->box;
    struct vn_buf b;

    *sum = *max = 0;
    for (int64_t z = v->box.lo[2]; z < v->box.hi[2]; z++) {
        box.lo[2] = z;
        box.hi[2] = z + 1;
        need(vn_vol_map(v, VN_F64, &box, VN_PAD_ZERO, &b, NULL, &err), "result");
        for (uint64_t i = 0; i < vn_box_count(&box); i++) {
            const double d = ((double *)b.data)[i];
            *sum += d;
            *max = d > *max ? d : *max;
        }
        vn_buf_free(&b);
    }
}

static int op_main(int n, char **arg)
{
    struct stage s = { .op = vn_op_find(arg[0]) };
    const int threads = atoi(arg[2]);
    double sum, max;

    if (!s.op)
        return fprintf(stderr, "stages: no operation is named %s\n", arg[0]), 1;
    need(vn_job_init(threads, &err), "threads");
    need(vn_op_device(VN_DEVICE_CPU, 0, 0, &err), "device");
    s.in = load(arg[1]);
    need(vn_args_init(&s.a, s.op->params, &err), arg[0]);
    for (int i = 3; i < n; i++) {
        char *eq = strchr(arg[i], '=');
        if (!eq)
            return fprintf(stderr, "stages: KEY=VALUE, not %s\n", arg[i]), 1;
        *eq = '\0';
        need(vn_args_set(&s.a, arg[i], eq + 1, &err), arg[i]);
    }
    vn_mem_peak_reset();
    const double t0 = now(), c0 = cpu();
    need(vn_job_run(VN_REGION, s.op->name, run_stage, &s, NULL, &err), arg[0]);
    const double t = now() - t0, c = cpu() - c0;
    const uint64_t peak = vn_mem_peak();
    const long rss = rss_mib();
    describe(s.out, &sum, &max);
    printf("{\"stage\":\"%s\",\"impl\":\"venule\",\"threads\":%d,\"seconds\":%.6f,\"stage_cpu\":%.6f,\"maxrss_mib\":%ld,\"peak_volumes\":%.3f,"
           "\"out\":{\"sum\":%.10g,\"max\":%.8g}}\n",
           s.op->name, threads, t, c, rss, (double)peak / (4.0 * (double)vn_box_count(&s.in->box)), sum, max);
    vn_args_free(&s.a);
    vn_vol_unref(s.out);
    vn_vol_unref(s.in);
    vn_job_exit();
    return 0;
}

/* ---- tuning ---- */

struct tuning { struct vn_tune *t; struct vn_tune_set auto_set; const char *verb, *key; double from, to; };
enum { TUNE_VALUES = 12 };

static int by_value(const void *a, const void *b) { return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b); }

/* A key held: TUNE_VALUES values after each other. */
static int run_tuning(void *ctx, struct vn_job *j, struct vn_err *e)
{
    struct tuning *g = ctx;
    double mask_ms[TUNE_VALUES], all_ms[TUNE_VALUES];
    for (int i = -1; i < TUNE_VALUES; i++) {
        struct vn_tune_set s;
        struct vn_tune_numbers n;
        struct vn_vol *m;
        char text[32];
        need(vn_tune_set_copy(&s, &g->auto_set, &err), "setting");
        const double value = g->from + (g->to - g->from) * (i + 1) / TUNE_VALUES;
        snprintf(text, sizeof text, "%.4g", value > 5 ? round(value) : value);
        struct vn_args *a = g->verb[0] == 's' ? &s.step[0] : g->verb[0] == 't' ? &s.cut : &s.clean;
        if (g->verb[0] == 't') {
            need(vn_args_set(a, "low", "0.5", &err), "low");
            need(vn_args_set(a, "high", "0.7", &err), "high");
        }
        need(vn_args_set(a, g->key, text, &err), g->key);
        const double t0 = now();
        int rc = vn_tune_run(g->t, &s, &m, &n, j, e);
        const double t1 = now();
        rc = rc ? rc : vn_tune_cldice(g->t, m, &n.cldice, j, e);
        const double t2 = now();
        if (rc)
            return rc;
        vn_vol_unref(m);
        vn_tune_set_free(&s);
        if (i >= 0) {
            mask_ms[i] = 1e3 * (t1 - t0);
            all_ms[i] = 1e3 * (t2 - t0);
        }
    }
    qsort(mask_ms, TUNE_VALUES, sizeof *mask_ms, by_value);
    qsort(all_ms, TUNE_VALUES, sizeof *all_ms, by_value);
    printf("%-10s %10.1f %10.1f %12.1f %10.1f\n", g->key, mask_ms[TUNE_VALUES / 2], mask_ms[TUNE_VALUES - 1], all_ms[TUNE_VALUES / 2], all_ms[TUNE_VALUES - 1]);
    return 0;
}

static int tune_main(char **arg)
{
    extern const struct vn_op vn_op_clean, vn_op_hysteresis;
    static const struct { const char *verb, *key; double from, to; } try[] = {
        { "threshold", "low", 0.3, 0.6 }, { "threshold", "high", 0.6, 0.9 }, { "clean", "min_size", 10, 1000 },
        { "clean", "fill", 10, 5000 }, { "clean", "close", 0.5, 3.5 }, { "segment", "contrast", 4, 12 }, { "segment", "local", 0, 0.3 },
        { "segment", "smooth", 0.5, 1.5 },
    };
    struct tuning g = { 0 };
    need(vn_job_init(atoi(arg[2]), &err), "threads");
    need(vn_op_device(VN_DEVICE_CPU, 0, 0, &err), "device");
    struct vn_vol *v = load(arg[0]), *truth = load(arg[1]);
    need(!(g.t = vn_tune_new(v, truth, &v->box, NULL, &err)), "tuning");
    g.auto_set.n_step = 1;
    g.auto_set.op[0] = vn_op_find("segment");
    need(vn_args_init(&g.auto_set.step[0], g.auto_set.op[0]->params, &err), "segment");
    need(vn_args_init(&g.auto_set.cut, vn_op_hysteresis.params, &err), "threshold");
    need(vn_args_init(&g.auto_set.clean, vn_op_clean.params, &err), "clean");
    printf("%" PRId64 "x%" PRId64 "x%" PRId64 ", %s threads: ms to mask and numbers (median, most of %d), and to clDice\n",
           v->grid.dim[0], v->grid.dim[1], v->grid.dim[2], arg[2], TUNE_VALUES);
    for (size_t i = 0; i < VN_COUNT(try); i++) {
        g.verb = try[i].verb;
        g.key = try[i].key;
        g.from = try[i].from;
        g.to = try[i].to;
        need(vn_job_run(VN_REGION, "tune", run_tuning, &g, NULL, &err), g.key);
    }
    vn_tune_set_free(&g.auto_set);
    vn_tune_free(g.t);
    vn_vol_unref(v);
    vn_vol_unref(truth);
    vn_job_exit();
    return 0;
}

/* ---- metrics ---- */

struct held { struct vn_vol *pred, *truth; bool surface; struct vn_surface_stat d; };

static int run_metrics(void *ctx, struct vn_job *j, struct vn_err *e)
{
    struct held *h = ctx;
    struct vn_metrics_opt o = vn_metrics_default;
    struct vn_metrics m;
    struct vn_truth t = { .um = { 1, 1, 1 } };
    struct vn_bits p = { 0 };
    int rc;
    o.strata = true;
    if (h->surface) {
        rc = vn_bits_read(h->truth, &h->truth->box, &t.mask, j, e);
        rc = rc ? rc : vn_bits_read(h->pred, &h->truth->box, &p, j, e);
        rc = rc ? rc : vn_metrics_surface(&p, &t, 1, &h->d, j, e);
    } else {
        rc = vn_truth_make(h->truth, NULL, &h->truth->box, &h->truth->grid, &t, j, e);
        rc = rc ? rc : vn_metrics(h->pred, &t, &o, &m, j, e);
        h->d = rc ? h->d : m.surface;
    }
    vn_bits_free(&p);
    vn_truth_free(&t);
    return rc;
}

static int metrics_main(bool surface, char **arg)
{
    struct held h = { .surface = surface };
    need(vn_job_init(atoi(arg[2]), &err), "threads");
    h.pred = load(arg[0]);
    h.truth = load(arg[1]);
    vn_mem_peak_reset();
    const double t0 = now(), c0 = cpu();
    need(vn_job_run(VN_REGION, "metrics", run_metrics, &h, NULL, &err), "metrics");
    printf("{\"stage\":\"%s\",\"impl\":\"venule\",\"threads\":%s,\"seconds\":%.6f,\"stage_cpu\":%.6f,\"maxrss_mib\":%ld,\"peak_volumes\":%.3f,"
           "\"out\":{\"sum\":%.10g,\"max\":%.8g}}\n",
           surface ? "surface" : "metrics", arg[2], now() - t0, cpu() - c0, rss_mib(), (double)vn_mem_peak() / (4.0 * (double)vn_box_count(&h.truth->box)),
           h.d.surface_dice, h.d.hd);
    vn_vol_unref(h.pred);
    vn_vol_unref(h.truth);
    vn_job_exit();
    return 0;
}

/* What this process has read so far: by calls, and from the disk. */
static void bytes_read(uint64_t *calls, uint64_t *disk)
{
    FILE *f = fopen("/proc/self/io", "r");
    char line[128];

    *calls = *disk = 0;
    while (f && fgets(line, sizeof line, f)) {
        sscanf(line, "rchar: %" SCNu64, calls);
        sscanf(line, "read_bytes: %" SCNu64, disk);
    }
    if (f)
        fclose(f);
}

static int open_main(char **arg)
{
    const struct vn_open_opt o = { 0 };
    uint64_t calls[2], disk[2];
    struct vn_vol *v;
    struct vn_buf b;

    int fd = open(arg[0], O_RDONLY);
    if (fd < 0 || fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
        return perror(arg[0]), 1;
    close(fd);
    need(vn_job_init(2, &err), "threads");
    bytes_read(&calls[0], &disk[0]);
    const double t0 = now();
    need(vn_io_open(arg[0], &o, &v, &err), arg[0]);
    const double t1 = now();
    struct vn_box box = v->box;
    box.hi[2] = box.lo[2] + 1;
    need(vn_buf_new(&b, v->src->type, &box, &err), "plane");
    need(vn_vol_read(v, VN_PAD_ZERO, &b, NULL, &err), "plane");
    const double t2 = now();
    bytes_read(&calls[1], &disk[1]);
    printf("{\"stage\":\"open\",\"impl\":\"venule\",\"seconds\":%.6f,\"open_s\":%.6f,\"maxrss_mib\":%ld,\"bytes_called\":%" PRIu64 ",\"bytes_disk\":%" PRIu64 "}\n",
           t2 - t0, t1 - t0, rss_mib(), calls[1] - calls[0], disk[1] - disk[0]);
    vn_buf_free(&b);
    vn_vol_unref(v);
    vn_job_exit();
    return 0;
}

static int spawn_main(char **arg)
{
    posix_spawn_file_actions_t io;
    double best = 1e9;

    posix_spawn_file_actions_init(&io);
    posix_spawn_file_actions_addopen(&io, 1, "/dev/null", O_WRONLY, 0);
    for (int i = 0; i < atoi(arg[0]); i++) {
        pid_t pid;
        int status;
        const double t0 = now();
        if (posix_spawnp(&pid, arg[1], &io, NULL, arg + 1, environ) || waitpid(pid, &status, 0) != pid || status)
            return fprintf(stderr, "stages: %s does not run\n", arg[1]), 1;
        const double t = now() - t0;
        best = t < best ? t : best;
    }
    posix_spawn_file_actions_destroy(&io);
    printf("{\"stage\":\"spawn\",\"impl\":\"venule\",\"seconds\":%.6f}\n", best);
    return 0;
}

static int raw_main(char **arg)
{
    need(vn_job_init(1, &err), "threads");
    struct vn_vol *v = load(arg[0]);
    const struct vn_buf b = vn_vol_data(v);
    FILE *f = fopen(arg[1], "wb");
    const uint64_t n = vn_box_count(&v->box);
    const bool bad = !f || fwrite(b.data, vn_type_size(b.type), n, f) != n || fclose(f);

    if (bad)
        perror(arg[1]);
    else
        printf("%" PRId64 " %" PRId64 " %" PRId64 "\n", v->grid.dim[0], v->grid.dim[1], v->grid.dim[2]);
    vn_vol_unref(v);
    vn_job_exit();
    return bad;
}

static int big_main(char **arg)
{
    static unsigned char page[1 << 20];
    TIFF *t = TIFFOpen(arg[0], "w8");

    for (int z = 0; t && z < atoi(arg[1]); z++) {
        for (size_t i = 0; i < sizeof page; i++)
            page[i] = (unsigned char)((i * 2654435761u >> 13) + (unsigned)z);
        TIFFSetField(t, TIFFTAG_IMAGEWIDTH, 1024);
        TIFFSetField(t, TIFFTAG_IMAGELENGTH, 1024);
        TIFFSetField(t, TIFFTAG_BITSPERSAMPLE, 8);
        TIFFSetField(t, TIFFTAG_SAMPLESPERPIXEL, 1);
        TIFFSetField(t, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
        TIFFSetField(t, TIFFTAG_ROWSPERSTRIP, 1024);
        if (TIFFWriteEncodedStrip(t, 0, page, sizeof page) < 0 || !TIFFWriteDirectory(t)) {
            TIFFClose(t);
            return 1;
        }
    }
    if (!t)
        return 1;
    TIFFClose(t);
    return 0;
}

int main(int argc, char **argv)
{
    vn_mem_init(0);
    if (argc >= 5 && !strcmp(argv[1], "op"))
        return op_main(argc - 2, argv + 2);
    if (argc == 3 && !strcmp(argv[1], "open"))
        return open_main(argv + 2);
    if (argc >= 4 && !strcmp(argv[1], "spawn"))
        return spawn_main(argv + 2);
    if (argc == 5 && !strcmp(argv[1], "tune"))
        return tune_main(argv + 2);
    if (argc == 5 && (!strcmp(argv[1], "metrics") || !strcmp(argv[1], "surface")))
        return metrics_main(argv[1][0] == 's', argv + 2);
    if (argc == 4 && !strcmp(argv[1], "raw"))
        return raw_main(argv + 2);
    if (argc == 4 && !strcmp(argv[1], "big"))
        return big_main(argv + 2);
    fputs("usage: stages op NAME FILE THREADS [KEY=VALUE ...] | open FILE | spawn N PROGRAM ... | tune FILE TRUTH THREADS | metrics PRED TRUTH THREADS | surface PRED TRUTH THREADS | raw FILE OUT | big OUT MB\n", stderr);
    return 2;
}
