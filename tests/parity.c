/* parity.c - every operation with a kernel, CPU against device: the same bytes.
 *
 *   parity [--quick] [--blocks] [--time]
 *
 * Linked with the emulation (tests/emu) or with the CUDA driver (make gpu-check).  --quick: the sizes that the slow
 * checkers can afford.  --blocks: of those, the ones of several blocks, and no planned failures (for races between
 * blocks, which the rest cannot have).  --time: a table of times instead.  An operation that has a kernel but no row in
 * `cases` fails.  Exit 0 all equal, 1 not, 77 no device. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "accel.h"
#include "mem.h"

static struct vn_err err;
static bool quick, blocks;
static int n_pass, n_fail, n_skip, op_pass, op_fail;

/* What to run: parameters, input types, and the bytes a voxel that a kernel has to move at least (for the table). */
static const struct test_case { const char *op, *args; unsigned types; bool mask; double min_bytes; } cases[] = {
    { "components", "connectivity=26", 1 << VN_U8, true, 1 + 4 + 1 + 4 + 4 + 4 + 1 + 4 + 4 + 4 + 4 },
    { "components", "connectivity=18", 1 << VN_U8, true, 0 },
    { "components", "connectivity=6", 1 << VN_U8 | 1 << VN_U16, true, 0 },
    { "gauss", "sigma=1vox", 1 << VN_F32, false, 3 * 8 },
    { "gauss", "sigma=0", 1 << VN_F32, false, 0 },
    { "gauss", "sigma=2.5vox", 1 << VN_U16 | 1 << VN_F64, false, 0 },
    { "threshold", "low=0.25", 1 << VN_F32 | 1 << VN_F64, false, 4 + 1 },
    { "threshold", "low=100", 1 << VN_U8 | 1 << VN_U16 | 1 << VN_U32 | 1 << VN_I8 | 1 << VN_I16 | 1 << VN_I32, false, 0 },
    { "threshold", "low=16777217", 1 << VN_F32 | 1 << VN_U32, false, 0 },
};

/* ---- input ---- */

static uint32_t hash(uint64_t i, uint64_t seed)
{
    uint64_t h = (i + 1) * 0x9E3779B97F4A7C15u ^ seed * 0xC2B2AE3D27D4EB4Fu;
    h = (h ^ h >> 29) * 0xBF58476D1CE4E5B9u;
    return (uint32_t)(h >> 32);
}

/* Noise with what breaks arithmetic in it: NaN, infinities, huge and denormal values. */
static double grey(uint64_t i, uint64_t seed, enum vn_type t)
{
    const uint32_t h = hash(i, seed);
    if (vn_type_is_int(t))
        return (double)(h >> 8) / 65.0 - (t == VN_I8 || t == VN_I16 || t == VN_I32 ? 130000 : 0);
    switch (h % 199) {
    case 0: return NAN;
    case 1: return INFINITY;
    case 2: return -INFINITY;
    case 3: return 3e38;
    case 4: return 1e-42;
    case 5: return -0.0;
    }
    return (double)(h >> 8) * 0x1p-23 - 1;
}

/* Masks: seed 0 full, 1 empty, then ever denser noise. */
static double bit(uint64_t i, uint64_t seed)
{
    return seed == 0 ? 1 : seed == 1 ? 0 : hash(i, seed) % 100 < 8 + 12 * (seed - 2) ? 1 + hash(i, 99) % 200 : 0;
}

static struct vn_vol *make(const struct test_case *c, enum vn_type t, const int64_t dim[3], uint64_t seed)
{
    const struct vn_grid g = { .dim = { dim[0], dim[1], dim[2] } };
    const struct vn_box box = { { 0, 0, 0 }, { dim[0], dim[1], dim[2] } };
    struct vn_vol *v = vn_vol_new(c->mask ? VN_MASK : VN_IMAGE, t, &g, &box, &err);
    const uint64_t n = vn_box_count(&box);

    if (!v) {
        fprintf(stderr, "parity: %s\n", err.msg);
        exit(1);
    }
    char *to = vn_vol_data(v).data;
    for (uint64_t i = 0; i < n; i++) {
        const double value = c->mask ? bit(i, seed) : grey(i, seed, t);
        vn_convert_row(t, to + i * vn_type_size(t), VN_F64, &value, 1);
    }
    return v;
}

/* Text such as "sigma=1vox low=3". */
static void set_args(struct vn_args *a, const struct vn_op *op, const char *text)
{
    char copy[200], *at = copy;
    int rc = vn_args_init(a, op->params, &err);

    snprintf(copy, sizeof copy, "%s", text);
    for (char *word; !rc && (word = strsep(&at, " "));) {
        char *name = strsep(&word, "=");
        if (*name)
            rc = vn_args_set(a, name, word, &err);
    }
    if (rc) {
        fprintf(stderr, "parity: %s %s: %s\n", op->name, text, err.msg);
        exit(1);
    }
}

/* ---- one comparison ---- */

struct trial { const struct vn_op *op; const struct test_case *c; struct vn_vol *in; struct vn_box region; };

static int run(const struct trial *t, bool on_cpu, struct vn_vol **out, struct vn_ran *ran)
{
    struct vn_op op = *t->op;
    struct vn_args a;

    if (on_cpu)
        op.dev = NULL;
    set_args(&a, t->op, t->c->args);
    int rc = vn_op_run(&op, &a, &t->in, &t->region, out, ran, NULL, &err);
    vn_args_free(&a);
    return rc;
}

static void expect(bool ok, const struct trial *t, const char *what)
{
    const struct vn_box *b = &t->region;
    *(ok ? &op_pass : &op_fail) += 1;
    if (!ok)
        printf("FAIL %s %s, %s, region %lld:%lld,%lld:%lld,%lld:%lld: %s\n", t->op->name, t->c->args, vn_type_name(t->in->src->type),
               (long long)b->lo[0], (long long)b->hi[0], (long long)b->lo[1], (long long)b->hi[1], (long long)b->lo[2], (long long)b->hi[2], what);
}

/* Runs on the device and compares with the CPU's volume. */
static struct vn_ran compare(const struct trial *t, const struct vn_vol *want, const char *what)
{
    struct vn_vol *got = NULL;
    struct vn_ran ran = { 0 };
    const int rc = run(t, false, &got, &ran);

    if (rc) {
        expect(false, t, err.msg);
    } else {
        const uint64_t bytes = vn_box_count(&t->region) * vn_type_size(want->src->type);
        expect(!memcmp(vn_vol_data(got).data, vn_vol_data(want).data, bytes), t, what);
    }
    expect(!vn_accel_get(NULL) || vn_dev_info(vn_accel_get(NULL)).in_use == 0, t, "device memory is given back");
    vn_vol_unref(got);
    return ran;
}

static void open_device(enum vn_device_choice choice, uint64_t budget)
{
    if (vn_op_device(choice, 0, budget, &err) || !vn_accel_get(NULL)) {
        printf("no device: %s\n", vn_op_device_reason());
        exit(77);
    }
}

/* ---- device memory and failures ---- */

/* Budgets that hold a part of what the block needs: halves, or the CPU, and the same bytes. */
static void small_budgets(const struct trial *t, const struct vn_vol *want)
{
    static const int part[] = { 2, 5, 20 };
    int64_t voxels = 1;

    for (int k = 0; k < 3; k++)
        voxels *= vn_box_dim(&t->region, k);
    for (int i = 0; i < 3; i++) {
        open_device(VN_DEVICE_AUTO, (uint64_t)(voxels * 8 / part[i]));
        const struct vn_ran ran = compare(t, want, "in a small device memory");
        if (t->op->shape == VN_GLOBAL)
            expect(!strcmp(ran.device, "cpu") && strstr(ran.note, "memory"), t, "a global operation that does not fit runs on the CPU and says so");
        else
            expect(i == 0 || ran.n_block > 1 || strstr(ran.note, "memory"), t, "too large a block is cut, or, where halves would be mostly halo, left to the CPU");
    }
    open_device(VN_DEVICE_AUTO, 0);
}

static void failed_allocations(const struct trial *t, const struct vn_vol *want)
{
    for (long nth = 1; nth < 100; nth++) {
        vn_dev_fail_alloc(vn_accel_get(NULL), nth);
        const struct vn_ran ran = compare(t, want, "after a failed allocation");
        vn_dev_fail_alloc(vn_accel_get(NULL), 0);
        if (!strcmp(ran.device, "cuda") && ran.n_block == 1) {               /* this one was never reached */
            expect(nth > 2, t, "allocations failed in turn");
            return;
        }
    }
    expect(false, t, "some allocation is the last");
}

/* A device that fails for good: the CPU finishes, or, where the device was asked for, the run ends with the reason. */
static void failed_launches(const struct trial *t, const struct vn_vol *want)
{
    for (long nth = 1; nth < 3; nth++) {
        open_device(VN_DEVICE_AUTO, 0);
        vn_dev_fail_launch(vn_accel_get(NULL), nth);
        const struct vn_ran ran = compare(t, want, "after a failed launch");
        if (nth == 1 || vn_accel_get(NULL) == NULL) {
            expect(!strcmp(ran.device, "cpu") && strstr(ran.note, "planned by a test"), t, "the note says why");
            expect(strstr(vn_op_device_reason(), "planned by a test") && !strcmp(vn_op_device_name(), "cpu"), t, "the reason is kept");
        }
    }
    struct vn_vol *out = NULL;
    struct vn_ran ran;
    open_device(VN_DEVICE_CUDA, 0);
    vn_dev_fail_launch(vn_accel_get(NULL), 1);
    const int rc = run(t, false, &out, &ran);
    expect(rc == VN_E_DEVICE && strstr(err.msg, "planned by a test") && !out, t, "--device cuda fails with the reason");
    open_device(VN_DEVICE_AUTO, 0);
}

static int cancel_self(void *ctx, struct vn_job *j, struct vn_err *e)
{
    const struct trial *t = ctx;
    struct vn_stream *s;
    struct vn_dev *d = vn_accel_get(&s);
    struct vn_plan p;
    struct vn_args a;
    struct vn_buf in = { 0 }, out = { 0 };

    set_args(&a, t->op, t->c->args);
    int rc = t->op->plan(&a, &t->in, &t->region, &p, e);
    const struct vn_box grown = vn_box_grow(&t->region, p.halo);
    if (!rc && !(rc = vn_vol_map(t->in, p.in_type[0] == VN_N_TYPE ? t->in->src->type : p.in_type[0], &grown, p.pad, &in, j, e)) &&
        !(rc = vn_buf_new(&out, p.out_type, &t->region, e))) {
        vn_job_cancel(j);
        rc = t->op->dev(d, s, &a, &p, &in, &out, j, e);
    }
    vn_buf_free(&in);
    vn_buf_free(&out);
    vn_args_free(&a);
    return rc;
}

static void cancelled(const struct trial *t)
{
    const int rc = vn_job_run(VN_REGION, "parity", cancel_self, (void *)t, NULL, &err);
    expect(rc == VN_E_CANCELLED, t, "cancelled");
    expect(vn_dev_info(vn_accel_get(NULL)).in_use == 0, t, "device memory is given back after cancelling");
}

/* ---- all of one operation ---- */

/* Blocks of 256 threads: one less, all and one more; single voxels and rows; primes; many blocks. */
static const int64_t sizes[][3] = { { 1, 1, 1 }, { 1, 1, 37 }, { 1, 41, 1 }, { 255, 1, 1 }, { 16, 16, 1 }, { 257, 1, 1 }, { 7, 5, 3 },
                                    { 17, 13, 11 }, { 33, 31, 9 }, { 64, 64, 3 } };

static void one_case(const struct vn_op *op, const struct test_case *c, enum vn_type type)
{
    const int n_size = quick ? 8 : (int)VN_COUNT(sizes), n_seed = c->mask ? (quick ? 4 : 7) : 1;

    for (int i = 0; i < n_size; i++)
        for (int seed = 0; seed < n_seed; seed++) {
            const int64_t *d = sizes[i], large[3] = { d[0] + 5, d[1] + 3, d[2] + 2 };
            if (blocks && d[0] * d[1] * d[2] <= VN_ACCEL_BLOCK)
                continue;
            for (int inside = 0; inside < 2; inside++) {                    /* the whole volume; a region inside a larger one */
                struct trial t = { op, c, make(c, type, inside ? large : d, (uint64_t)seed), { { 0 }, { d[0], d[1], d[2] } } };
                struct vn_vol *want = NULL;
                for (int k = 0; inside && k < 3; k++) {
                    t.region.lo[k] += 2 - (k == 2);
                    t.region.hi[k] += 2 - (k == 2);
                }
                if (run(&t, true, &want, NULL)) {
                    expect(false, &t, err.msg);
                } else {
                    const struct vn_ran ran = compare(&t, want, "CPU and device differ");
                    expect(!strcmp(ran.device, "cuda"), &t, "it ran on the device");
                    if (i == 7 && inside && seed == n_seed - 1 && !blocks) {
                        small_budgets(&t, want);
                        failed_allocations(&t, want);
                        failed_launches(&t, want);
                        cancelled(&t);
                    }
                }
                vn_vol_unref(want);
                vn_vol_unref(t.in);
            }
        }
}

static void one_op(const struct vn_op *op)
{
    int n_case = 0;

    op_pass = op_fail = 0;
    for (size_t i = 0; op->dev && i < VN_COUNT(cases); i++)
        for (int type = 0; type < VN_N_TYPE; type++)
            if (!strcmp(cases[i].op, op->name) && (cases[i].types & 1u << type) && ++n_case)
                one_case(op, &cases[i], (enum vn_type)type);
    if (!op->dev) {
        n_skip++;
        printf("  %-14s skip: no kernel\n", op->name);
        return;
    }
    if (!n_case) {
        printf("FAIL %s has a kernel but no case in tests/parity.c\n", op->name);
        op_fail++;
    }
    printf("  %-14s %d passed, %d failed\n", op->name, op_pass, op_fail);
    n_pass += op_pass;
    n_fail += op_fail;
}

/* ---- times ---- */

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* Least of three, after one run that is not counted. */
static double least_ms(const struct trial *t, bool on_cpu, double *kernel_ms)
{
    double best = INFINITY;
    struct vn_ran ran;

    for (int k = 0; k < 4; k++) {
        struct vn_vol *out = NULL;
        const double before = vn_dev_info(vn_accel_get(NULL)).kernel_ms, start = now_ms();
        if (run(t, on_cpu, &out, &ran)) {
            printf("%s: %s\n", t->op->name, err.msg);
            exit(1);
        }
        const double ms = now_ms() - start, inside = vn_dev_info(vn_accel_get(NULL)).kernel_ms - before;
        vn_vol_unref(out);
        if (k && ms < best) {
            best = ms;
            *kernel_ms = inside;
        }
    }
    if (!on_cpu && strcmp(ran.device, "cuda"))
        printf("%s: %s\n", t->op->name, ran.note);
    return best;
}

/* Times of whole runs (blocks read, moved to the device and back), of the kernels alone (VN_DEV_TIME=1), and the kernels'
 * share of the memory's bandwidth if they moved no byte more than they must. */
static void time_table(void)
{
    const struct vn_dev_info d = vn_dev_info(vn_accel_get(NULL));

    printf("%s, %d.%d, %d SM, memory %.0f GB/s%s; CPU: %d threads\n", d.name, d.cc_major, d.cc_minor, d.n_sm, d.mem_gbs,
           d.mem_gbs > 0 ? "" : " (not known)", vn_job_threads());
    printf("%-12s %-18s %5s %10s %10s %10s %9s %9s\n", "operation", "parameters", "size", "CPU ms", "device ms", "kernels ms", "GB/s", "share");
    for (size_t i = 0; i < VN_COUNT(cases); i++)
        for (int64_t n = d.emulated ? 32 : 256; cases[i].min_bytes > 0 && n <= (d.emulated ? 32 : 512); n *= 2) {
            const struct test_case *c = &cases[i];
            const int64_t dim[3] = { n, n, n };
            const int type = __builtin_ctz(c->types);
            struct trial t = { vn_op_find(c->op), c, make(c, (enum vn_type)type, dim, 2), { { 0 }, { n, n, n } } };
            double kernels = 0, none;
            const double cpu = least_ms(&t, true, &none), dev = least_ms(&t, false, &kernels);
            const double gbs = kernels > 0 ? c->min_bytes * (double)(n * n * n) / kernels / 1e6 : 0;
            printf("%-12s %-18s %5lld %10.2f %10.2f %10.3f %9.1f %8.0f%%\n", c->op, c->args, (long long)n, cpu, dev, kernels, gbs,
                   d.mem_gbs > 0 ? 100 * gbs / d.mem_gbs : 0.0);
            vn_vol_unref(t.in);
        }
}

int main(int argc, char **argv)
{
    bool times = false;

    for (int i = 1; i < argc; i++) {
        blocks = blocks || !strcmp(argv[i], "--blocks");
        quick = quick || blocks || !strcmp(argv[i], "--quick");
        times = times || !strcmp(argv[i], "--time");
    }
    vn_mem_init(times ? (uint64_t)16 << 30 : 0);
    if (vn_job_init(times ? 0 : 1, &err)) {
        fprintf(stderr, "parity: %s\n", err.msg);
        return 1;
    }
    open_device(VN_DEVICE_AUTO, 0);
    if (times) {
        time_table();
    } else {
        printf("%s\n", vn_op_device_name());
        for (const struct vn_op *const *op = vn_op_table; *op; op++)
            one_op(*op);
        printf("parity: %d passed, %d failed, %d skipped\n", n_pass, n_fail, n_skip);
    }
    vn_op_device_close();
    vn_job_exit();
    return n_fail > 0;
}
