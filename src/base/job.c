/* job.c - the compute thread and its queue. */
#include "job.h"
#include <assert.h>
#include <errno.h>
#include <omp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "job_own.h"
#include "mem.h"

enum { N_PRIO = VN_VISIBLE + 1, TICK_NS = 100000000, HELD_NS = 10000000 };   /* HELD_NS: a paused job looks whether it still is */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t work, ended;
    struct vn_job *head[N_PRIO], **tail[N_PRIO];
    struct vn_job *finished, **finished_tail;   /* for vn_job_pump, in order */
    bool started, quit;
    pthread_t thread;
    int fd;
} q = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1 };

static atomic_int top = -1;                     /* highest priority in the queue, -1 empty: read without the lock */
static atomic_uint cancel_epoch;
static atomic_int n_threads;
static _Atomic(struct vn_job *) current;
static _Thread_local bool on_compute_thread;
_Thread_local bool vn_in_body;

int64_t vn_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct timespec vn_from_now(int64_t ns)
{
    int64_t at = vn_now_ns() + ns;
    return (struct timespec){ .tv_sec = at / 1000000000, .tv_nsec = at % 1000000000 };
}

int vn_job_priority(const struct vn_job *j)
{
    return j ? (int)j->prio : VN_REGION;
}

/* ---- the queue ---- */

static void set_top(void)
{
    int p = N_PRIO - 1;
    while (p >= 0 && !q.head[p])
        p--;
    atomic_store(&top, p);
}

static void push(struct vn_job *j)
{
    j->next = NULL;
    const enum vn_prio p = atomic_load(&j->prio);
    *q.tail[p] = j;
    q.tail[p] = &j->next;
    set_top();
    pthread_cond_signal(&q.work);
}

/* With the lock held: the oldest job of the highest priority, if above `above`. */
static struct vn_job *pop(int above)
{
    int p = atomic_load(&top);

    if (p <= above)
        return NULL;
    struct vn_job *j = q.head[p];
    q.head[p] = j->next;
    if (!j->next)
        q.tail[p] = &q.head[p];
    set_top();
    return j;
}

static void job_set(struct vn_job *j, enum vn_prio p, const char *what, vn_job_fn run, void *ctx)
{
    memset(j, 0, sizeof *j);
    atomic_store(&j->prio, p);
    snprintf(j->what, sizeof j->what, "%s", what ? what : "");
    j->run = run;
    j->ctx = ctx;
    j->epoch = atomic_load(&cancel_epoch);
    atomic_store(&j->begun_ns, vn_now_ns());
    atomic_store(&j->counted_ns, vn_now_ns());
}

/* Runs j on the compute thread; nested when another one has let it in. */
static void run_job(struct vn_job *j)
{
    struct vn_job *outer = atomic_load(&current);

    atomic_store(&j->begun_ns, vn_now_ns());
    atomic_store(&j->counted_ns, vn_now_ns());
    atomic_store(&j->began, true);
    atomic_store(&current, j);
    j->rc = vn_job_stop(j) ? vn_fail(&j->err, VN_E_CANCELLED, "cancelled") : j->run(j->ctx, j, &j->err);
    atomic_store(&current, outer);

    pthread_mutex_lock(&q.lock);
    if (j->waited) {
        j->ended = true;
        pthread_cond_broadcast(&q.ended);
    } else {
        j->next = NULL;
        *q.finished_tail = j;
        q.finished_tail = &j->next;
        uint64_t one = 1;
        if (j->done_fn)
            (void)!write(q.fd, &one, sizeof one);
    }
    pthread_mutex_unlock(&q.lock);
}

struct vn_job *vn_job_here(void)
{
    return on_compute_thread ? atomic_load(&current) : NULL;
}

static bool held(const struct vn_job *j)
{
    return atomic_load_explicit(&j->paused, memory_order_relaxed) && !vn_job_stop(j);
}

bool vn_job_halted(const struct vn_job *j)
{
    return j && (atomic_load_explicit(&top, memory_order_relaxed) > (int)j->prio || held(j));
}

/* While a job is paused every other has its turn, on top of it. */
void vn_job_let_in(void)
{
    struct vn_job *me = vn_in_body ? NULL : vn_job_here();

    if (!vn_job_halted(me))
        return;
    const int64_t from = vn_now_ns();
    atomic_store(&me->away_ns, from);
    while (vn_job_halted(me)) {
        pthread_mutex_lock(&q.lock);
        struct vn_job *j = pop(held(me) ? -1 : (int)me->prio);
        if (!j && held(me)) {
            struct timespec at = vn_from_now(HELD_NS);
            pthread_cond_timedwait(&q.work, &q.lock, &at);
        }
        pthread_mutex_unlock(&q.lock);
        if (j)
            run_job(j);
    }
    const int64_t away = vn_now_ns() - from;             /* neither work nor part of its rate */
    atomic_store(&me->away_ns, 0);
    atomic_fetch_add(&me->begun_ns, away);
    atomic_fetch_add(&me->counted_ns, away);
}

static void *compute_main(void *arg)
{
    (void)arg;
    on_compute_thread = true;
    for (;;) {
        pthread_mutex_lock(&q.lock);
        struct vn_job *j;
        while (!(j = pop(-1)) && !q.quit)
            pthread_cond_wait(&q.work, &q.lock);
        pthread_mutex_unlock(&q.lock);
        if (!j)
            return NULL;
        run_job(j);
    }
}

/* ---- life ---- */

int vn_thread_start(pthread_t *t, void *(*f)(void *), struct vn_err *err)
{
    sigset_t all, old;

    sigfillset(&all);
    const int fault[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };
    for (size_t i = 0; i < VN_COUNT(fault); i++)
        sigdelset(&all, fault[i]);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    int e = pthread_create(t, NULL, f, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return e ? vn_fail(err, VN_E_INTERNAL, "no thread can be started: %s", strerror(e)) : 0;
}

int vn_job_init(int threads, struct vn_err *err)
{
    static bool once;
    int rc = 0;

    vn_job_set_threads(threads);
    if (q.started)
        return 0;
    if (!once) {
        pthread_condattr_t attr;
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&q.ended, &attr);
        pthread_cond_init(&q.work, &attr);
        pthread_condattr_destroy(&attr);
        once = true;
    }
    for (int p = 0; p < N_PRIO; p++) {
        q.head[p] = NULL;
        q.tail[p] = &q.head[p];
    }
    q.finished = NULL;
    q.finished_tail = &q.finished;
    q.quit = false;
    q.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (q.fd < 0)
        return vn_fail(err, VN_E_INTERNAL, "no event descriptor can be had: %s", strerror(errno));
    rc = vn_io_start(err);
    if (!rc) {
        rc = vn_thread_start(&q.thread, compute_main, err);
        if (rc)
            vn_io_stop();
    }
    if (rc) {
        close(q.fd);
        q.fd = -1;
        return rc;
    }
    q.started = true;
    return 0;
}

void vn_job_exit(void)
{
    if (!q.started)
        return;
    assert(!on_compute_thread && "vn_job_exit called from a job");
    pthread_mutex_lock(&q.lock);
    q.quit = true;
    vn_job_cancel_all();
    pthread_cond_broadcast(&q.work);
    pthread_mutex_unlock(&q.lock);
    pthread_join(q.thread, NULL);           /* after the queue: what has not begun ends as cancelled */
    vn_io_stop();
    vn_job_pump();
    close(q.fd);
    q.fd = -1;
    q.started = false;
}

int vn_job_threads(void)
{
    int n = atomic_load_explicit(&n_threads, memory_order_relaxed);
    return n ? n : omp_get_num_procs();
}

void vn_job_set_threads(int n)
{
    atomic_store(&n_threads, n > 0 ? n : 0);
}

/* ---- submitting ---- */

struct vn_job *vn_job_submit(enum vn_prio p, const char *what, vn_job_fn run, void *ctx, vn_done_fn done,
                             struct vn_err *err)
{
    struct vn_job *j = vn_alloc(sizeof *j, err);

    if (!j)
        return NULL;
    job_set(j, p, what, run, ctx);
    j->done_fn = done;
    pthread_mutex_lock(&q.lock);
    bool open = q.started && !q.quit;
    if (open)
        push(j);
    pthread_mutex_unlock(&q.lock);
    if (!open) {
        vn_fail(err, VN_E_INTERNAL, "'%s' cannot start: the compute thread is not running", j->what);
        vn_free(j);
        return NULL;
    }
    return j;
}

int vn_job_run(enum vn_prio p, const char *what, vn_job_fn run, void *ctx, void (*on_wait)(struct vn_job *),
               struct vn_err *err)
{
    struct vn_job j;

    assert(!vn_in_body && "vn_job_run called from the body of a loop");
    if (on_compute_thread)
        return run(ctx, atomic_load(&current), err);
    job_set(&j, p, what, run, ctx);
    j.waited = true;
    pthread_mutex_lock(&q.lock);
    if (!q.started || q.quit) {
        pthread_mutex_unlock(&q.lock);
        return run(ctx, &j, err);
    }
    push(&j);
    while (!j.ended) {
        struct timespec at = vn_from_now(TICK_NS);
        if (pthread_cond_timedwait(&q.ended, &q.lock, &at) != ETIMEDOUT || j.ended || !on_wait)
            continue;
        pthread_mutex_unlock(&q.lock);
        on_wait(&j);
        pthread_mutex_lock(&q.lock);
    }
    pthread_mutex_unlock(&q.lock);
    if (j.rc && err)
        *err = j.err;
    return j.rc;
}

int vn_job_pump(void)
{
    uint64_t n;
    int count = 0;

    if (q.fd < 0)
        return 0;
    (void)!read(q.fd, &n, sizeof n);
    pthread_mutex_lock(&q.lock);
    struct vn_job *j = q.finished;
    q.finished = NULL;
    q.finished_tail = &q.finished;
    pthread_mutex_unlock(&q.lock);
    while (j) {
        struct vn_job *next = j->next;
        if (j->done_fn) {
            j->done_fn(j->ctx, j->rc, &j->err);
            count++;
        }
        vn_free(j);
        j = next;
    }
    return count;
}

void vn_job_wake(void)
{
    const uint64_t one = 1;
    if (q.fd >= 0)
        (void)!write(q.fd, &one, sizeof one);
}

int vn_job_fd(void)
{
    return q.fd;
}

/* ---- cancelling and progress ---- */

void vn_job_cancel(struct vn_job *j)
{
    if (j)
        atomic_store(&j->cancelled, true);
}

void vn_job_lower(struct vn_job *j)
{
    atomic_store(&j->prio, VN_BULK);
}

void vn_job_pause(struct vn_job *j, bool on)
{
    atomic_store(&j->paused, on);
}

void vn_job_cancel_all(void)
{
    atomic_fetch_add(&cancel_epoch, 1);
}

unsigned vn_job_cancels(void) { return atomic_load(&cancel_epoch); }

bool vn_job_stop(const struct vn_job *j)
{
    return j && (atomic_load_explicit(&j->cancelled, memory_order_relaxed) ||
                 atomic_load_explicit(&cancel_epoch, memory_order_relaxed) != j->epoch);
}

int vn_job_check(struct vn_job *j, struct vn_err *err)
{
    vn_job_let_in();
    return vn_job_stop(j) ? vn_fail(err, VN_E_CANCELLED, "cancelled") : 0;
}

/* A new count begins when the total changes or the count falls: the rate is that of the current one. */
void vn_job_count(struct vn_job *j, uint64_t done, uint64_t total)
{
    if (atomic_load_explicit(&j->total, memory_order_relaxed) != total ||
        atomic_load_explicit(&j->done, memory_order_relaxed) > done)
        atomic_store_explicit(&j->counted_ns, vn_now_ns(), memory_order_relaxed);
    atomic_store_explicit(&j->total, total, memory_order_relaxed);
    atomic_store_explicit(&j->done, done, memory_order_relaxed);
}

void vn_job_step(struct vn_job *j, uint64_t done, uint64_t total)
{
    if (j)
        vn_job_count(j, done, total);
    vn_job_let_in();
}

void vn_job_stage(struct vn_job *j, const char *stage)
{
    if (!j)
        return;
    atomic_store(&j->stage, stage);
    vn_job_count(j, 0, 0);
}

struct vn_progress vn_job_progress(const struct vn_job *j)
{
    struct vn_progress p = { .left_s = -1 };

    if (!j)
        return p;
    const int64_t away = atomic_load(&j->away_ns), now = away ? away : vn_now_ns();
    p.waits = !atomic_load(&j->began);
    p.paused = atomic_load(&j->paused);
    p.away = away != 0;
    p.what = j->what;
    p.stage = atomic_load(&j->stage);
    p.total = atomic_load_explicit(&j->total, memory_order_relaxed);
    p.done = atomic_load_explicit(&j->done, memory_order_relaxed);
    if (p.done > p.total)
        p.done = p.total;
    p.elapsed_s = (double)(now - atomic_load(&j->begun_ns)) * 1e-9;
    double counted_s = (double)(now - atomic_load_explicit(&j->counted_ns, memory_order_relaxed)) * 1e-9;
    if (p.done && counted_s > 0.2)
        p.left_s = counted_s / (double)p.done * (double)(p.total - p.done);
    return p;
}

struct vn_job *vn_job_current(void)
{
    return atomic_load(&current);
}
