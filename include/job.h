/* job.h - work with progress, cancellation and priority.
 *
 * One compute thread runs jobs and is the only one that enters OpenMP, so jobs never compete for cores.  At slab
 * boundaries (inside vn_job_for and vn_job_step) a running job lets queued jobs of a higher priority run first, on the
 * same thread: a slice is drawn while a region is segmented.  Reading and decoding have a pool of threads of their
 * own (vn_io_run).  The UI thread submits, and receives `done` calls from vn_job_pump.
 *
 * A job is cancelled by flag; loops poll it at most 50 ms apart.  A paused job stands at a slab boundary and lets in jobs
 * of any priority.  What was let in lies on top of it, on the same stack: it goes on, or ends when it is cancelled, only
 * when all of that has ended. */
#ifndef VN_JOB_H
#define VN_JOB_H
#include "err.h"

enum vn_prio { VN_BULK, VN_REGION, VN_VISIBLE };   /* rising */

struct vn_job;
typedef int (*vn_job_fn)(void *ctx, struct vn_job *j, struct vn_err *err);
typedef void (*vn_done_fn)(void *ctx, int rc, const struct vn_err *err);

int  vn_job_init(int n_threads, struct vn_err *err);  /* 0 = one per core; starts the compute and I/O threads */
/* Cancels and joins everything; the `done` calls still due are made here.  Twice is once; init may follow.  Not from a job. */
void vn_job_exit(void);
int  vn_job_threads(void);
void vn_job_set_threads(int n);                       /* tests: 1 and N must give the same bits */

/* Queues run(ctx).  done (may be NULL) is called once, by vn_job_pump.  The handle is valid until done has returned,
 * or, with done == NULL, until the vn_job_pump after its end.  NULL with err set when there is no memory, and after
 * vn_job_exit.  A job cancelled before its turn ends with VN_E_CANCELLED without run having been called. */
struct vn_job *vn_job_submit(enum vn_prio p, const char *what, vn_job_fn run, void *ctx, vn_done_fn done, struct vn_err *err);

/* Runs and waits; the calling thread sleeps.  on_wait (may be NULL) is called about 10 times a second meanwhile with the
 * job (scripts print progress there).  From inside a job it simply calls run, with the job that is running.  Not from the
 * body of a loop. */
int vn_job_run(enum vn_prio p, const char *what, vn_job_fn run, void *ctx, void (*on_wait)(struct vn_job *), struct vn_err *err);

int  vn_job_pump(void);                 /* delivers finished jobs; returns how many.  UI thread */
int  vn_job_fd(void);                   /* readable when vn_job_pump has something to deliver */
void vn_job_wake(void);                 /* makes it so: a job that goes on has something to show. Any thread */

void vn_job_cancel(struct vn_job *j);
void vn_job_pause(struct vn_job *j, bool on);
void vn_job_lower(struct vn_job *j);    /* to VN_BULK; one that has begun */
void vn_job_cancel_all(void);           /* async-signal-safe: what Ctrl-C calls in scripts */
unsigned vn_job_cancels(void);          /* how often all was cancelled: a script that sees it change between two commands stops */
bool vn_job_stop(const struct vn_job *j);           /* cancelled?  j may be NULL (never) */
int  vn_job_check(struct vn_job *j, struct vn_err *err);   /* VN_E_CANCELLED with a message, or 0; lets others run */

/* Progress: done of total in any unit. Also a slab boundary when called from the compute thread. j may be NULL. */
void vn_job_step(struct vn_job *j, uint64_t done, uint64_t total);
void vn_job_stage(struct vn_job *j, const char *stage);    /* a word beside the bar; a literal */
struct vn_progress {
    const char *what, *stage;
    uint64_t done, total;
    double elapsed_s, left_s;               /* of work, not of standing still; left_s < 0 unknown */
    bool waits, paused, away;               /* has not begun; is told to pause; stands still: paused, or others on top of it */
};
struct vn_progress vn_job_progress(const struct vn_job *j);
struct vn_job *vn_job_current(void);    /* the job now on the compute thread, for display; NULL when idle */

/* body(ctx, i) for i in [0, n), in parallel and in any order.  Between two bodies cancellation is polled and jobs of
 * higher priority are let in: a body should take less than 50 ms (a plane, a row of blocks), and need not be long.
 * The error of the lowest i that fails is returned, on any number of threads: every lower i has then been run, a higher
 * one may or may not.  Cancellation gives VN_E_CANCELLED.  j may be NULL: no progress, no cancellation.
 * Only from the compute thread or from a test's main thread; a call from inside a body stops the program. */
int vn_job_for(struct vn_job *j, int64_t n, int (*body)(void *ctx, int64_t i, struct vn_err *err), void *ctx, struct vn_err *err);
/* The same with progress left alone (for the inner loops of a multi-stage operation). */
int vn_job_for_quiet(struct vn_job *j, int64_t n, int (*body)(void *ctx, int64_t i, struct vn_err *err), void *ctx, struct vn_err *err);

/* f(ctx, i) for i in [0, n) on the I/O threads; waits.  First error by index, as above.  Callable from any thread but an
 * I/O one, also from bodies.  Calls with a job of higher priority are served first.  When j is cancelled no further i
 * begins; those begun are waited for, so nothing uses ctx after the return.  Does not let other jobs in. */
int vn_io_run(int64_t n, int (*f)(void *ctx, int64_t i, struct vn_err *err), void *ctx, struct vn_job *j, struct vn_err *err);
#endif
