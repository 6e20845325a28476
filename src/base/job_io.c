/* job_io.c - threads for reading and decoding. */
#include "job_own.h"
#include <assert.h>
#include <time.h>
#include <unistd.h>

enum { N_IO_MAX = 8, POLL_NS = 20000000 };

/* One vn_io_run, on its caller's stack. */
struct task {
    struct task *next_task;
    int64_t n, next, running;       /* indices given out so far; being worked on */
    int (*f)(void *ctx, int64_t i, struct vn_err *err);
    void *ctx;
    int prio, rc;
    int64_t err_i;                  /* the lowest index that failed, n if none */
    struct vn_err err;
    pthread_cond_t done;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct task *first;             /* with indices left to give out; rising age, falling priority */
    pthread_t thread[N_IO_MAX];
    int n_thread;
    bool quit;
} io = { .lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER };

static _Thread_local bool on_io_thread;

bool vn_io_here(void)
{
    return on_io_thread;
}

/* With the lock held: t gives out no more indices. */
static void close_task(struct task *t)
{
    for (struct task **p = &io.first; *p; p = &(*p)->next_task)
        if (*p == t) {
            *p = t->next_task;
            break;
        }
    t->next = t->n;
}

static void *io_main(void *arg)
{
    (void)arg;
    on_io_thread = true;
    pthread_mutex_lock(&io.lock);
    for (;;) {
        while (!io.first && !io.quit)
            pthread_cond_wait(&io.work, &io.lock);
        if (!io.first)
            break;
        struct task *t = io.first;
        struct vn_err err = { 0 };
        int64_t i = t->next++;
        t->running++;
        if (t->next == t->n)
            close_task(t);
        pthread_mutex_unlock(&io.lock);

        int rc = t->f(t->ctx, i, &err);

        pthread_mutex_lock(&io.lock);
        if (rc && i < t->err_i) {           /* given out in order: every lower index has been, and is finished too */
            t->err_i = i;
            t->rc = rc;
            t->err = err;
            close_task(t);
        }
        if (--t->running == 0 && t->next == t->n)
            pthread_cond_signal(&t->done);
    }
    pthread_mutex_unlock(&io.lock);
    return NULL;
}

int vn_io_run(int64_t n, int (*f)(void *ctx, int64_t i, struct vn_err *err), void *ctx, struct vn_job *j,
              struct vn_err *err)
{
    struct task t = { .n = n, .f = f, .ctx = ctx, .prio = vn_job_priority(j), .err_i = n };
    pthread_condattr_t attr;
    int rc = 0;

    assert(!on_io_thread && "vn_io_run called from an I/O thread");
    if (vn_job_stop(j))
        return vn_job_check(j, err);
    pthread_mutex_lock(&io.lock);
    if (!io.n_thread) {                     /* no pool (before vn_job_init): one after the other, here */
        pthread_mutex_unlock(&io.lock);
        for (int64_t i = 0; i < n && !rc; i++)
            rc = vn_job_stop(j) ? vn_job_check(j, err) : f(ctx, i, err);
        return rc;
    }
    if (n <= 0) {
        pthread_mutex_unlock(&io.lock);
        return 0;
    }
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&t.done, &attr);
    pthread_condattr_destroy(&attr);
    struct task **p = &io.first;
    while (*p && (*p)->prio >= t.prio)
        p = &(*p)->next_task;
    t.next_task = *p;
    *p = &t;
    pthread_cond_broadcast(&io.work);

    bool cancelled = false;
    while (t.running || t.next < t.n) {
        struct timespec at = vn_from_now(POLL_NS);
        pthread_cond_timedwait(&t.done, &io.lock, &at);
        if (!cancelled && t.next < t.n && vn_job_stop(j)) {
            cancelled = true;
            close_task(&t);                 /* what has been begun is waited for: it uses ctx */
        }
    }
    pthread_mutex_unlock(&io.lock);
    pthread_cond_destroy(&t.done);
    if (cancelled)
        return vn_fail(err, VN_E_CANCELLED, "cancelled");
    if (t.rc && err)
        *err = t.err;
    return t.rc;
}

int vn_io_start(struct vn_err *err)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int want = cores > N_IO_MAX / 2 ? N_IO_MAX : cores < 1 ? 2 : (int)cores * 2;    /* they wait more than they work */
    int rc = 0;

    io.quit = false;
    for (int i = 0; i < want && !rc; i++) {
        rc = vn_thread_start(&io.thread[i], io_main, err);
        if (!rc) {
            pthread_mutex_lock(&io.lock);
            io.n_thread++;
            pthread_mutex_unlock(&io.lock);
        }
    }
    if (rc)
        vn_io_stop();
    return rc;
}

void vn_io_stop(void)
{
    pthread_mutex_lock(&io.lock);
    int n = io.n_thread;
    io.quit = true;
    io.n_thread = 0;
    pthread_cond_broadcast(&io.work);
    pthread_mutex_unlock(&io.lock);
    for (int i = 0; i < n; i++)
        pthread_join(io.thread[i], NULL);
}
