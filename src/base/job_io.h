/* job_io.h - the pool of I/O threads: its life, for job.c (vn_io_run is in job.h). */
#ifndef VN_JOB_IO_H
#define VN_JOB_IO_H
#include <pthread.h>
#include "job.h"

int  vn_io_start(struct vn_err *err);
void vn_io_stop(void);
bool vn_io_here(void);          /* the caller is one of its threads */
int  vn_job_priority(const struct vn_job *j);   /* VN_REGION for NULL */

/* A thread that takes no signals but those of its own faults: Ctrl-C and window changes go to the main thread. */
int  vn_thread_start(pthread_t *t, void *(*f)(void *), struct vn_err *err);
#endif
