/* estimate.c - what operations were estimated to need beside what they took, as a table:
 *
 *   estimate THREADS X,Y,Z [LINE ...]    LINE: a command on n (image), p (probability) or m (mask) of so many voxels */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include "cmd.h"
#include "estimate.h"
#include "mem.h"

static struct vn_err err;
static struct vn_session *s;

struct ask { const char *line; struct vn_estimate e; };
static int ask(void *ctx, struct vn_job *j, struct vn_err *e)
{
    struct ask *a = ctx;
    return vn_estimate_line(s, a->line, NULL, &a->e, j, e);
}

int main(int argc, char **argv)
{
    static const char *const usual[] = { "segment n method=auto", "vesselness n", "vesselness n method=frangi", "denoise n method=median", "denoise n method=gaussian sigma=2",
                                         "denoise n method=nlm", "threshold n auto", "threshold p", "clean m", "distance m", "skeleton m" };
    struct vn_run_opt o = { .quiet = true, .out = fopen("/dev/null", "w"), .msg = stderr };
    char line[500];

    if (argc < 3)
        return 2;
    vn_mem_init(0);
    if (vn_job_init(atoi(argv[1]), &err) || !(s = vn_session_new(&err)))
        return 1;
    if (vn_job_threads() == 1)         /* the time of the processor: what else runs on the machine does not count */
        vn_rate_clock_id = CLOCK_PROCESS_CPUTIME_ID;
    struct vn_runner *r = vn_runner_new(s, &o, &err);
    int d[3] = { 0 };
    sscanf(argv[2], "%d,%d,%d", &d[0], &d[1], &d[2]);
    snprintf(line, sizeof line, "phantom network dims=%dx%dx%d voxel=1um seed=3 noise=0.1 as=n; segment n as=p; threshold p as=m; set n voxel=1um as=n", d[0], d[1], d[2]);
    if (!r || vn_runner_line(r, line))
        return 1;
    printf("%-36s %8s %8s %6s   %7s %7s %6s  %7s %s\n", "", "memory", "used", "", "time", "took", "", "asking", "again");
    for (int i = 0; i < (argc > 3 ? argc - 3 : (int)VN_COUNT(usual)); i++) {
        struct ask a = { .line = argc > 3 ? argv[3 + i] : usual[i] };
        vn_mem_trim();                     /* as before the runs */
        double began = vn_rate_clock();
        if (vn_job_run(VN_BULK, "estimate", ask, &a, NULL, &err)) {
            printf("%s: %s\n", a.line, err.msg);
            continue;
        }
        const double asked = vn_rate_clock() - began;
        const struct vn_estimate first = a.e;
        double took = 1e9, used = 0;
        snprintf(line, sizeof line, "%s as=out", a.line);
        for (int k = 0; k < 3; k++) {
            vn_mem_trim();
            vn_mem_peak_reset();
            const uint64_t before = vn_mem_in_use();
            began = vn_rate_clock();
            if (vn_runner_line(r, line))
                return 1;
            took = fmin(took, vn_rate_clock() - began);
            used = (double)(vn_mem_peak() - before);
            vn_runner_line(r, "close out; set n voxel=1um as=n");
        }
        vn_mem_trim();
        vn_job_run(VN_BULK, "estimate", ask, &a, NULL, &err);
        printf("%-36s %8.1f %8.1f %+5.0f%%   %7.3f %7.3f %+5.0f%%  %7.3f %+5.0f%%%s\n", a.line, 1e-6 * (double)first.peak, 1e-6 * used,
               used > 0 ? 100 * ((double)first.peak / used - 1) : 0, first.seconds, took, 100 * (first.seconds / took - 1), asked,
               100 * (a.e.seconds / took - 1), a.e.learned ? " learned" : "");
        fflush(stdout);
    }
    vn_runner_free(r);
    vn_session_free(s);
    vn_job_exit();
    return 0;
}
