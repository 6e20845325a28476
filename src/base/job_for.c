/* job_for.c - parallel loops.
 *
 * A loop gives out its indices in rising order, one small run at a time, to the threads of one OpenMP region.  The
 * threads leave the region when the indices are used up, when the job is cancelled, when an index has failed, or when a
 * job of higher priority has been queued; in the last case the compute thread runs that job and opens the region again.
 * So a loop is cut only where somebody waits, and where it is cut changes no result. */
#include <assert.h>
#include "job_own.h"

enum { ALONE_NS = 1500000, RUN_MAX = 256, RUN_SHORT_NS = 20000, RUN_LONG_NS = 200000 };    /* a run aims to take between these times */

struct loop {
    struct vn_job *j, *shown;           /* shown: whose progress is counted; NULL none */
    int (*body)(void *ctx, int64_t i, struct vn_err *err);
    void *ctx;
    int64_t n;
    const struct vn_job *runs;          /* leave when it is to be halted */
    int64_t alone_until;                /* when one thread is to leave the rest to all; 0: not alone */
    atomic_int_fast64_t next, err_i;    /* next index to give out; lowest that failed, n if none */
    pthread_mutex_t lock;               /* of what follows */
    int rc;
    struct vn_err err;
};

static void loop_failed(struct loop *l, int64_t i, int rc, const struct vn_err *err)
{
    pthread_mutex_lock(&l->lock);
    if (i < atomic_load(&l->err_i)) {
        atomic_store(&l->err_i, i);
        l->rc = rc;
        l->err = *err;
    }
    pthread_mutex_unlock(&l->lock);
}

/* One thread's part.  An index that was given out is always worked off unless a lower one has failed or the job is
 * cancelled: indices go out in order, so the lowest that fails is found whatever the timing. */
static void loop_work(struct loop *l)
{
    int64_t run = 1;

    vn_in_body = true;
    for (;;) {
        if (vn_job_stop(l->j) || vn_job_halted(l->runs) ||
            atomic_load_explicit(&l->err_i, memory_order_relaxed) < l->n)
            break;
        int64_t t = vn_now_ns();
        if (l->alone_until && t > l->alone_until)
            break;
        int64_t i = atomic_fetch_add(&l->next, run), end = i + run < l->n ? i + run : l->n;
        if (i >= l->n)
            break;
        for (int64_t k = i; k < end; k++) {
            struct vn_err err;
            if (vn_job_stop(l->j) || k > atomic_load_explicit(&l->err_i, memory_order_relaxed))
                break;
            err.code = 0;
            err.msg[0] = '\0';
            int rc = l->body(l->ctx, k, &err);
            if (rc)
                loop_failed(l, k, rc, &err);
        }
        if (l->shown)
            atomic_fetch_add_explicit(&l->shown->done, (uint64_t)(end - i), memory_order_relaxed);
        t = vn_now_ns() - t;
        if (t < RUN_SHORT_NS && run < RUN_MAX)
            run *= 2;
        else if (t > RUN_LONG_NS && run > 1)
            run /= 2;
    }
    vn_in_body = false;
}

static int loop_run(struct vn_job *j, struct vn_job *shown, int64_t n,
                    int (*body)(void *ctx, int64_t i, struct vn_err *err), void *ctx, struct vn_err *err)
{
    struct loop l = { .j = j, .shown = shown, .body = body, .ctx = ctx, .n = n, .runs = vn_job_here() };

    assert(!vn_in_body && "vn_job_for called from the body of another");
    assert(!vn_io_here() && "vn_job_for called from an I/O thread");
    if (n <= 0)
        return 0;
    atomic_init(&l.err_i, n);
    pthread_mutex_init(&l.lock, NULL);
    if (shown)
        vn_job_count(shown, 0, (uint64_t)n);
    /* Never a smaller team for a small n: libgomp ends the threads it does not need and starts them anew later. */
    int team = n == 1 ? 1 : vn_job_threads();
    struct loop *shared = &l;
    /* A picture is often drawn before another thread, on a busy machine, has even woken up. */
    if (team > 1 && l.runs && l.runs->prio == VN_VISIBLE) {
        l.alone_until = vn_now_ns() + ALONE_NS;
        loop_work(shared);
        l.alone_until = 0;
    }
    while (!vn_job_stop(j) && atomic_load(&l.next) < n && atomic_load(&l.err_i) == n) {
        if (team == 1) {
            loop_work(shared);
        } else {
#pragma omp parallel num_threads(team) default(none) shared(shared)
            loop_work(shared);
        }
        vn_job_let_in();
    }
    pthread_mutex_destroy(&l.lock);
    if (l.rc) {
        if (err)
            *err = l.err;
        return l.rc;
    }
    return vn_job_stop(j) ? vn_fail(err, VN_E_CANCELLED, "cancelled") : 0;
}

int vn_job_for(struct vn_job *j, int64_t n, int (*body)(void *ctx, int64_t i, struct vn_err *err), void *ctx,
               struct vn_err *err)
{
    return loop_run(j, j, n, body, ctx, err);
}

int vn_job_for_quiet(struct vn_job *j, int64_t n, int (*body)(void *ctx, int64_t i, struct vn_err *err), void *ctx,
                     struct vn_err *err)
{
    return loop_run(j, NULL, n, body, ctx, err);
}
