/* estimate.c - what an operation will need: memory by its plan, time by small blocks and fresh memory, or an earlier run. */
#include "estimate.h"
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include "artifact.h"
#include "hist.h"
#include "mem.h"

int vn_rate_clock_id = CLOCK_MONOTONIC;

double vn_rate_clock(void)
{
    struct timespec t;
    clock_gettime(vn_rate_clock_id, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double system_time(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_stime.tv_sec + 1e-6 * (double)u.ru_stime.tv_usec;
}

struct vn_rate_mark vn_rate_mark(struct vn_vol *const *in, int n_in)
{
    bool all = true;
    for (int i = 0; i < n_in; i++)
        all = all && (!in[i] || vn_vol_data(in[i]).data);
    return (struct vn_rate_mark) { vn_rate_clock(), all ? system_time() : NAN, (double)vn_mem_idle() };
}

double vn_rate_since(const struct vn_rate_mark *m)
{
    const double took = vn_rate_clock() - m->at;
    return isnan(m->system) ? took : fmax(0.5 * took, took - (system_time() - m->system) / vn_job_threads());
}

/* ---- rates of earlier runs ---- */

enum { N_RATE = 64 };
static const double LEAST_SECONDS = 0.5;       /* shorter runs say little */
static struct { struct vn_key key; enum vn_part part; double rate; uint64_t used; } known[N_RATE];
static uint64_t n_used;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct vn_key vn_rate_key(const struct vn_op *op, const struct vn_args *a, struct vn_vol *const *in)
{
    struct vn_key k = vn_args_key(a, vn_key_str(vn_key_start(), op->name));
    const int threads = vn_job_threads();

    k = vn_key_str(vn_key_add(k, &threads, sizeof threads), vn_op_device_name());
    for (int i = 0; i < op->n_in; i++)
        k = in[i] ? vn_key_add(vn_key_add(k, &in[i]->src->type, sizeof in[i]->src->type), in[i]->grid.um, sizeof in[i]->grid.um) : k;
    return k;
}

static int find(struct vn_key key, enum vn_part part)
{
    for (int i = 0; i < N_RATE; i++)
        if (known[i].used && known[i].part == part && !memcmp(&known[i].key, &key, sizeof key))
            return i;
    return -1;
}

void vn_rate_learn(struct vn_key key, enum vn_part part, double seconds, double work)
{
    if (seconds < LEAST_SECONDS || !(work > 0))
        return;
    pthread_mutex_lock(&lock);
    int at = find(key, part);
    const double rate = seconds / work;
    if (at < 0) {
        at = 0;
        for (int i = 1; i < N_RATE; i++)                   /* the one that was used least recently gives way */
            at = known[i].used < known[at].used ? i : at;
        known[at].key = key;
        known[at].part = part;
        known[at].rate = rate;
    }
    known[at].rate = fmin(rate, 0.5 * (rate + known[at].rate));        /* what disturbs a run only makes it longer */
    known[at].used = ++n_used;
    pthread_mutex_unlock(&lock);
}

bool vn_rate_get(struct vn_key key, enum vn_part part, double *seconds_per_work)
{
    pthread_mutex_lock(&lock);
    const int at = find(key, part);
    if (at >= 0) {
        *seconds_per_work = known[at].rate;
        known[at].used = ++n_used;
    }
    pthread_mutex_unlock(&lock);
    return at >= 0;
}

/* ---- costs ---- */

struct vn_cost vn_op_prepare_cost(const struct vn_op *op, const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in,
                                  const struct vn_box *stat_box)
{
    struct vn_cost c = { 0, (double)vn_box_count(stat_box) };
    if (op->prepare_cost)
        op->prepare_cost(a, p, in, stat_box, &c);
    return c;
}

struct vn_cost vn_op_blocks_cost(const struct vn_op *op, const struct vn_args *a, const struct vn_plan *p, struct vn_vol *const *in,
                                 const struct vn_box *region, const int64_t dim[3], const struct vn_share *share)
{
    struct vn_cost all = { 0, 0 };
    int64_t n[3];

    for (int k = 0; k < 3; k++)
        n[k] = (vn_box_dim(region, k) + dim[k] - 1) / dim[k];
    for (int64_t i = 0; i < n[0] * n[1] * n[2]; i++) {
        const int64_t at[3] = { i % n[0], i / n[0] % n[1], i / n[0] / n[1] };
        struct vn_box b;
        for (int k = 0; k < 3; k++) {
            b.lo[k] = region->lo[k] + at[k] * dim[k];
            b.hi[k] = vn_min64(b.lo[k] + dim[k], region->hi[k]);
        }
        struct vn_cost c = { 0, (double)vn_box_count(&b) };
        if (op->cost)
            op->cost(a, p, in[0], &b, share, &c);
        for (int k = 0; k < op->n_in; k++)
            c.bytes += in[k] ? vn_op_input_bytes(op, a, p, in, k, &b) : 0;
        all.bytes = fmax(all.bytes, c.bytes);
        all.work += c.work;
    }
    return all;
}

/* ---- how much of the region is foreground ---- */

enum { SHARE_VOXELS = 1 << 22, SHARE_PLANES = 16 };

static int share_of(const struct vn_args *a, struct vn_vol *v, const struct vn_box *region, struct vn_share *out, struct vn_job *job, struct vn_err *err)
{
    const struct vn_param *low = vn_param_find(a->params, "low");
    const double from = low && vn_args_has(a, "low") ? vn_args_real(a, "low") : nextafter(0, 1);
    const int64_t nx = vn_box_dim(region, 0), ny = vn_box_dim(region, 1), nz = vn_box_dim(region, 2);
    const int64_t n = vn_min64(nz, vn_max64(SHARE_PLANES, SHARE_VOXELS / (nx * ny)));
    double *row = vn_alloc((uint64_t)nx * sizeof *row, err);
    uint8_t *is = row ? vn_calloc((uint64_t)(nx + 2), (uint64_t)(ny + 2), err) : NULL;     /* a plane with background around */
    int64_t set = 0, runs = 0, border = 0;
    int rc = is ? 0 : VN_E_MEMORY;

    for (int64_t i = 0; rc == 0 && i < n; i++) {
        struct vn_box plane = *region;
        struct vn_buf b = { 0 };
        plane.lo[2] = region->lo[2] + (2 * i + 1) * nz / (2 * n);
        plane.hi[2] = plane.lo[2] + 1;
        rc = vn_vol_map(v, v->src->type, &plane, VN_PAD_ZERO, &b, job, err);
        for (int64_t y = 0; rc == 0 && y < ny; y++) {
            uint8_t *to = is + (y + 1) * (nx + 2) + 1;
            vn_convert_row(VN_F64, row, b.type, (const char *)b.data + y * b.stride[0] * (int64_t)vn_type_size(b.type), nx);
            for (int64_t x = 0; x < nx; x++)
                to[x] = row[x] >= from;
        }
        vn_buf_free(&b);
        for (int64_t y = 0; rc == 0 && y < ny; y++) {
            const uint8_t *at = is + (y + 1) * (nx + 2) + 1;
            for (int64_t x = 0; x < nx; x++) {
                set += at[x];
                runs += at[x] & !at[x - 1];
                border += at[x] & !(at[x - 1] & at[x + 1] & at[x - nx - 2] & at[x + nx + 2]);
            }
        }
        rc = rc ? rc : vn_job_check(job, err);
    }
    vn_free(row);
    vn_free(is);
    const double all = (double)(nx * ny * n);
    *out = (struct vn_share) { (double)set / all, (double)runs / all, (double)border / all };
    return rc;
}

/* ---- fresh memory ---- */

enum { SMALL, MIDDLE, LARGE, N_TOUCH, HUGE_FROM = 4 << 20, ALIGN = 2 << 20 };       /* from HUGE_FROM on in huge pages (mem_map.c) */
static const double TOUCH_BYTES[N_TOUCH] = { 2 << 20, 16 << 20, 64 << 20 };

static void write_all(char *at, size_t n)
{
    for (size_t k = 0; k < n; k += 64)
        ((volatile char *)at)[k] = 1;
}

/* Seconds a byte that the first touch of so much memory takes, and, *again, the next. */
static double measure_touch(size_t n, double *again)
{
    const double began = vn_rate_clock();
    char *p = mmap(NULL, n + ALIGN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    *again = 0;
    if (p == MAP_FAILED)
        return 0;
    char *at = p + (ALIGN - (uintptr_t)p % ALIGN);
    if (n >= HUGE_FROM)
        madvise(at, n, MADV_HUGEPAGE);
    write_all(at, n);
    const double touched = vn_rate_clock();
    write_all(at, n);
    *again = (vn_rate_clock() - touched) / (double)n;
    munmap(p, n + ALIGN);
    return (touched - began) / (double)n;
}

static double first[N_TOUCH], again[N_TOUCH];

/* The largest first: what a hypervisor took back and has to give again costs ten times as much, and lies under what was
 * freed a moment ago. */
static void measure_memory(void)
{
    for (int i = N_TOUCH - 1; i >= 0 && again[i] == 0; i--) {
        const double touched = measure_touch((size_t)TOUCH_BYTES[i], &again[i]);
        first[i] = first[i] > 0 ? first[i] : touched;
    }
}

void vn_rate_learn_fresh(const struct vn_rate_mark *m, double bytes)
{
    const double fresh = bytes - m->idle;
    if (!isnan(m->system) && fresh >= 0.5 * TOUCH_BYTES[LARGE])
        first[LARGE] = (system_time() - m->system) / vn_job_threads() / fresh;
}

/* Seconds that writing memory for the first time costs an operation beside what its sample took: `held` bytes at most and its
 * result, `idle` of them taken from what earlier ones left.  Small pages cost several times as much, and what
 * does not fit the cache more than what does, also when it is not fresh. */
static double touch_all(double held, double result, double idle)
{
    const double all = held + vn_mem_counted(result), taken = fmin(idle, all), fresh = all > 0 ? (all - taken) / all : 0;

    const double at = fmin(1, fmax(0, (all - TOUCH_BYTES[MIDDLE]) / (TOUCH_BYTES[LARGE] - TOUCH_BYTES[MIDDLE])));
    const double large = first[MIDDLE] + at * (first[LARGE] - first[MIDDLE]), far = at * fmax(0, again[LARGE] - again[MIDDLE]);
    const double of_result = result < HUGE_FROM ? first[SMALL] : large, of_held = held < 2 * HUGE_FROM ? first[SMALL] : large;
    return fresh * (vn_mem_counted(result) * of_result + held * of_held) + (1 - fresh) * all * far;
}

/* ---- the sample ---- */

/* What a box took, and so by unit of work (prepare, blocks) and voxel (count). */
struct trial { struct vn_box box; bool planned; double prepare, blocks; struct rates { double prepare, blocks, count; } rate; };

enum { COUNTS = 3, ROW = 192 };                    /* voxels of a row that inner loops need to come to speed */

/* Number n of the boxes of so many voxels: in the middle, then halfway to corners and faces, so that each finds other voxels, and
 * finds them where the run will, in memory and not in the cache. */
static struct vn_box place(const struct vn_box *region, int64_t edge, int n)
{
    static const unsigned char at[][3] = { { 2, 2, 2 }, { 1, 1, 1 }, { 3, 3, 2 }, { 1, 3, 3 }, { 3, 1, 3 }, { 2, 2, 1 }, { 3, 2, 2 }, { 1, 1, 3 }, { 2, 3, 1 }, { 2, 1, 2 } };
    struct vn_box b;
    for (int k = 0; k < 3; k++) {
        const int64_t all = vn_box_dim(region, k), size = vn_min64(k == 0 ? vn_max64(edge, ROW) : edge, all);
        b.lo[k] = region->lo[k] + (all - size) * at[n][k] / 4;
        b.hi[k] = b.lo[k] + size;
    }
    return b;
}

/* The operation on t->box; *a gets automatic parameters as they are there. */
static int try_box(const struct vn_op *op, struct vn_args *a, struct vn_vol *const *in, bool counted, struct trial *t, struct vn_job *job,
                   struct vn_err *err)
{
    struct vn_share share;
    struct vn_vol *v = NULL;
    struct vn_plan p;
    struct vn_hist h = { 0 };
    int64_t dim[3];
    struct vn_rate_mark began = vn_rate_mark(in, op->n_in);
    int rc = op->prepare ? op->prepare(a, in, &t->box, job, err) : 0;

    t->prepare = vn_rate_since(&began);
    if (rc || (rc = op->plan(a, in, &t->box, &p, err)) || (op->shape == VN_GLOBAL && (rc = share_of(a, in[0], &t->box, &share, job, err))))
        return rc;
    const struct vn_box *out = op->map ? &p.box : &t->box;
    t->planned = true;
    for (int k = 0; k < 3 && op->shape != VN_STENCIL; k++)
        p.halo[k] = 0;
    vn_op_blocks(op, a, in, &p, out, dim);
    began = vn_rate_mark(in, op->n_in);
    if ((rc = vn_op_run(op, a, in, &t->box, &v, NULL, job, err)))
        return rc;
    t->blocks = vn_rate_since(&began);
    t->rate.blocks = t->blocks / vn_op_blocks_cost(op, a, &p, in, out, dim, op->shape == VN_GLOBAL ? &share : NULL).work;
    const double prepare_work = vn_op_prepare_cost(op, a, &p, in[0], &t->box).work;
    t->rate.prepare = prepare_work > 0 ? t->prepare / prepare_work : 0;
    double count[2] = { INFINITY, INFINITY };              /* of a voxel, which takes what any box takes, and of all */
    for (int i = 0; rc == 0 && counted && i < 2 * COUNTS; i++) {
        struct vn_box b = v->box;
        for (int k = 0; k < 3 && i % 2 == 0; k++)
            b.hi[k] = b.lo[k] + 1;
        const double from = vn_rate_clock();
        rc = vn_hist_box(v, &b, &h, job, err);
        count[i % 2] = fmin(count[i % 2], vn_rate_clock() - from);
        vn_hist_free(&h);
    }
    t->rate.count = counted && rc == 0 ? fmax(0, count[1] - count[0]) / (double)vn_box_count(out) : 0;
    vn_vol_unref(v);
    return rc;
}

static const double ENOUGH = 0.006, WANTED = 0.012, ALL = 0.08, MOST = 0.4;       /* seconds: of a sample, of all of them, of the fewest */
enum { REPEATS = 10, FEWEST = 4 };

static double median(double *v, int n)
{
    for (int i = 1; i < n; i++)
        for (int k = i; k > 0 && v[k] < v[k - 1]; k--) {
            const double t = v[k];
            v[k] = v[k - 1];
            v[k - 1] = t;
        }
    return 0.5 * (v[(n - 1) / 2] + v[n / 2]);
}

/* Blocks of the region, larger until one takes long enough; *all: the medians of their rates.  The first of a size, whose memory is
 * fresh, counts only where there is no other. */
static int sample(const struct vn_op *op, const struct vn_args *given, struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region,
                  bool counted, struct rates *all, struct vn_job *job, struct vn_err *err)
{
    measure_memory();
    const double began = vn_rate_clock();
    double rate[3][REPEATS];
    int64_t edge = 24;
    int rc = 0, n = 0;

    for (; n < REPEATS && (n == 0 || vn_rate_clock() - began < (n < FEWEST ? MOST : ALL)); n++) {
        struct trial t = { .box = place(region, edge, n) };
        vn_args_free(a);
        if ((rc = vn_args_copy(a, given, err)) || (rc = try_box(op, a, in, counted, &t, job, err))) {
            if (rc != VN_E_MEMORY || !t.planned)
                return rc;
            if (n > 0)
                break;
            *all = (struct rates) { 0, NAN, 0 };           /* not even a small block fits: what it takes stays unknown */
            return 0;
        }
        if (n == 0 && t.blocks <= ENOUGH && !vn_box_same(&t.box, region)) {
            edge = (int64_t)ceil((double)edge * fmin(4, fmax(1.3, cbrt(WANTED / fmax(t.blocks, 1e-6)))));
            n = -1;                                        /* the first of its size */
            continue;
        }
        rate[0][n] = t.rate.prepare;
        rate[1][n] = t.rate.blocks;
        rate[2][n] = t.rate.count;
    }
    const int from = n > 1;
    *all = (struct rates) { median(rate[0] + from, n - from), median(rate[1] + from, n - from), median(rate[2] + from, n - from) };
    return 0;
}

static const double SHORT = 0.15;      /* seconds of a preparation that is tried as it is */

/* Replaces the rate of preparing by that of the statistics' box itself, where that is soon done: a search takes longer where it
 * nearly finds something, which a small sample does not tell. */
static int sample_prepare(const struct vn_op *op, const struct vn_args *given, struct vn_vol *const *in, const struct vn_box *stat, double work,
                          double *rate, struct vn_job *job, struct vn_err *err)
{
    struct vn_args a;
    int rc;

    if (!op->prepare || !(*rate * work > 0 && *rate * work <= SHORT))
        return 0;
    if ((rc = vn_args_copy(&a, given, err)))
        return rc;
    const struct vn_rate_mark began = vn_rate_mark(in, op->n_in);
    if (!(rc = op->prepare(&a, in, stat, job, err)))
        *rate = vn_rate_since(&began) / work;
    vn_args_free(&a);
    return rc == VN_E_MEMORY ? 0 : rc;
}

/* ---- the search for artifacts ---- */

enum { SEARCHED = 1 << 22, SEARCHED_EDGE = 160 };

/* Made where *a does not say which there are: it takes about as long in a small box as in a large one, so that samples
 * tell nothing.  All of the statistics' box is searched, or the middle of a large one, which is scaled.  *a gets what is found. */
static int search(struct vn_args *a, struct vn_vol *v, const struct vn_box *stat, double *seconds, struct vn_job *job, struct vn_err *err)
{
    struct vn_box box = *stat;
    struct vn_cost all = { 0, 0 }, part = { 0, 0 };

    for (int k = 0; k < 3 && vn_box_count(stat) > SEARCHED; k++) {
        const int64_t n = vn_box_dim(stat, k), size = vn_min64(n, SEARCHED_EDGE);
        box.lo[k] = stat->lo[k] + (n - size) / 2;
        box.hi[k] = box.lo[k] + size;
    }
    vn_artifacts_cost(a, stat, &all);
    vn_artifacts_cost(a, &box, &part);
    const struct vn_rate_mark began = vn_rate_mark(&v, 1);
    int rc = vn_artifacts_settle(a, v, &box, job, err);
    *seconds = vn_rate_since(&began) * all.work / part.work;
    if (rc == VN_E_MEMORY)
        rc = vn_args_set(a, "artifacts", "0", err);
    return rc;
}

int vn_op_estimate(const struct vn_op *op, const struct vn_args *given, struct vn_vol *const *in, const struct vn_box *region, bool counted,
                   struct vn_estimate *e, struct vn_job *job, struct vn_err *err)
{
    const struct vn_key key = vn_rate_key(op, given, in);
    const struct vn_box *stat = vn_op_stat_box(given, in[0], region);
    const double idle = (double)vn_mem_idle();
    struct vn_args a, open;
    struct vn_plan p;
    struct vn_share share;
    struct rates t = { 0, 0, 0 };
    int64_t dim[3];
    double rate[2] = { 0, 0 }, searched = 0;
    int rc;

    if (!vn_box_contains(&in[0]->box, region) || vn_box_count(region) == 0)
        return vn_fail(err, VN_E_ARG, "%s: the region is not inside the voxels of input 1", op->name);
    if ((rc = vn_args_copy(&a, given, err)))
        return rc;
    if ((rc = vn_args_copy(&open, given, err))) {
        vn_args_free(&a);
        return rc;
    }
    const bool knows_prepare = op->prepare && vn_rate_get(key, VN_PART_PREPARE, &rate[VN_PART_PREPARE]);
    const bool searches = op->prepare && vn_param_find(op->params, "artifacts") && !vn_args_has(given, "artifacts");
    *e = (struct vn_estimate) { .stored = vn_box_count(region) * vn_type_size(in[0]->src->type) };
    if (searches && (rc = knows_prepare ? vn_args_set(&open, "artifacts", "0", err) : search(&open, in[0], stat, &searched, job, err)))
        goto out;
    if ((rc = sample(op, &open, &a, in, region, counted, &t, job, err)) || (rc = op->plan(&a, in, region, &p, err)) ||
        (op->shape == VN_GLOBAL && (rc = share_of(&a, in[0], region, &share, job, err))))
        goto out;
    for (int k = 0; k < 3 && op->shape != VN_STENCIL; k++)
        p.halo[k] = 0;
    const struct vn_box *made = op->map ? &p.box : region;
    vn_op_blocks(op, &a, in, &p, made, dim);
    const struct vn_key was = vn_args_key(given, vn_key_start()), settled = vn_args_key(&a, vn_key_start());
    const struct vn_cost before = vn_key_same(was, settled) ? (struct vn_cost) { 0, 0 }        /* nothing was automatic */
                                                             : vn_op_prepare_cost(op, &a, &p, in[0], stat);
    if (!knows_prepare && (rc = sample_prepare(op, &open, in, stat, before.work, &t.prepare, job, err)))
        goto out;
    const struct vn_cost all = vn_op_blocks_cost(op, &a, &p, in, made, dim, op->shape == VN_GLOBAL ? &share : NULL);
    e->voxels = vn_box_count(made);
    e->result = e->voxels * vn_type_size(p.out_type);
    e->peak = (uint64_t)fmax(before.bytes, vn_mem_counted((double)e->result) + all.bytes);
    e->n_block = 1;
    for (int k = 0; k < 3; k++)
        e->n_block *= (int)((vn_box_dim(made, k) + dim[k] - 1) / dim[k]);
    const uint64_t used = vn_mem_in_use(), cached = vn_cache_large(), held = used - (cached < used ? cached : used);
    e->room = vn_mem_budget() > held ? vn_mem_budget() - held : 0;
    e->learned = vn_rate_get(key, VN_PART_BLOCKS, &rate[VN_PART_BLOCKS]);
    e->seconds = (e->learned ? rate[VN_PART_BLOCKS] * vn_op_blocks_cost(op, &a, &p, in, made, dim, NULL).work : t.blocks * all.work) +
                 touch_all(all.bytes, (double)e->result, idle);
    e->seconds += searched + (knows_prepare ? rate[VN_PART_PREPARE] : t.prepare) * before.work;
    e->seconds += t.count * (double)e->voxels;
out:
    vn_args_free(&a);
    vn_args_free(&open);
    return rc;
}
