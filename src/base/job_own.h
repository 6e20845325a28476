/* job_own.h - what job.c, job_for.c and job_io.c share. */
#ifndef VN_JOB_OWN_H
#define VN_JOB_OWN_H
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include "job.h"

struct vn_job {
    struct vn_job *next;            /* in the queue or among the finished */
    _Atomic(enum vn_prio) prio;
    atomic_bool began, paused;
    atomic_int_fast64_t away_ns;    /* since when others run on top of it, or it is paused; 0: it runs */
    char what[96];
    vn_job_fn run;
    vn_done_fn done_fn;
    void *ctx;
    atomic_bool cancelled;
    unsigned epoch;                 /* value of cancel_epoch when submitted: a later one cancels */
    atomic_uint_fast64_t done, total;
    atomic_int_fast64_t begun_ns, counted_ns;   /* start of the job; of the current progress count */
    _Atomic(const char *) stage;
    bool waited, ended;             /* on the stack of vn_job_run, which waits for `ended` */
    int rc;
    struct vn_err err;
};

extern _Thread_local bool vn_in_body;           /* this thread is in the body of a loop */
int  vn_job_priority(const struct vn_job *j);   /* VN_REGION for NULL */
struct vn_job *vn_job_here(void);               /* the job that runs, on the compute thread; NULL elsewhere: it lets nothing in */
bool vn_job_halted(const struct vn_job *j);     /* paused, or one above it is queued; j may be NULL (never). Cheap, from any thread */
void vn_job_let_in(void);                       /* a slab boundary: jobs above the running one have their turn; nothing elsewhere */
void vn_job_count(struct vn_job *j, uint64_t done, uint64_t total);

/* The I/O threads. */
int  vn_io_start(struct vn_err *err);
void vn_io_stop(void);
bool vn_io_here(void);                          /* the caller is one of them */

int64_t vn_now_ns(void);                        /* CLOCK_MONOTONIC */
struct timespec vn_from_now(int64_t ns);        /* the same clock, for timed waits */
/* A thread that takes no signals but those of its own faults: Ctrl-C and window changes go to the main thread. */
int  vn_thread_start(pthread_t *t, void *(*f)(void *), struct vn_err *err);
#endif
