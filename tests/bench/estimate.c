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

enum { RUNS = 5 };

static int by_size(const void *a, const void *b)
{
    const double d = *(const double *)a - *(const double *)b;
    return (d > 0) - (d < 0);
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
    printf("%-36s %8s %8s %5s  %5s  %s\n", "", "memory", "used", "", "state", "  time    took  (of)         asking");
    for (int i = 0; i < (argc > 3 ? argc - 3 : (int)VN_COUNT(usual)); i++)
        for (int warm = 0; warm < 3; warm++) {             /* on memory from the system; the same with a rate learned; on memory it held before */
            struct ask a = { .line = argc > 3 ? argv[3 + i] : usual[i] };
            double took[RUNS], used = 0, began;
            if (warm < 2)
                vn_mem_trim();
            began = vn_rate_clock();
            if (vn_job_run(VN_BULK, "estimate", ask, &a, NULL, &err)) {
                printf("%s: %s\n", a.line, err.msg);
                break;
            }
            const double asked = vn_rate_clock() - began;
            snprintf(line, sizeof line, "%s as=out", a.line);
            for (int k = 0; k < RUNS; k++) {
                if (warm < 2)
                    vn_mem_trim();
                vn_mem_peak_reset();
                const uint64_t before = vn_mem_in_use();
                began = vn_rate_clock();
                if (vn_runner_line(r, line))
                    return 1;
                took[k] = vn_rate_clock() - began;
                used = (double)(vn_mem_peak() - before);
                vn_runner_line(r, warm < 2 ? "close out; set n voxel=1um as=n" : "undo");
            }
            qsort(took, RUNS, sizeof *took, by_size);
            printf("%-36s %8.1f %8.1f %+4.0f%%  %s%s %7.3f %7.3f (%.3f %.3f) %+4.0f%% %7.3f\n", a.line, 1e-6 * (double)a.e.peak, 1e-6 * used,
                   used > 0 ? 100 * ((double)a.e.peak / used - 1) : 0, warm < 2 ? "fresh" : "held ", a.e.learned ? ", learned" : "         ", a.e.seconds,
                   took[RUNS / 2], took[0], took[RUNS - 1], 100 * (a.e.seconds / took[RUNS / 2] - 1), asked);
            fflush(stdout);
        }
    vn_runner_free(r);
    vn_session_free(s);
    vn_job_exit();
    return 0;
}
