/* fuzz.c - see fuzz.h. */
#include "fuzz.h"
#include <fcntl.h>
#include <ftw.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

static char scratch[256];

static int drop(const char *path, const struct stat *st, int type, struct FTW *w)
{
    (void)st, (void)type, (void)w;
    return remove(path);
}

static void end(void)
{
    vn_job_exit();
    if (chdir("/") == 0)
        nftw(scratch, drop, 8, FTW_DEPTH | FTW_PHYS);
}

void fuzz_start(void)
{
    const struct rlimit files = { 32u << 20, 32u << 20 };
    const char *tmp = getenv("TMPDIR");
    struct vn_err err;

    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &files);
    setlocale(LC_CTYPE, "C.UTF-8");
    snprintf(scratch, sizeof scratch, "%s/vn_fuzz_XXXXXX", tmp ? tmp : "/tmp");
    vn_mem_init(FUZZ_BUDGET);
    fuzz_check(mkdtemp(scratch) && chdir(scratch) == 0, "no scratch folder", scratch);
    fuzz_check(vn_job_init(1, &err) == 0, "no threads", err.msg);
    atexit(end);
}

void fuzz_write(const char *name, const void *data, size_t n)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    fuzz_check(fd >= 0 && write(fd, data, n) == (ssize_t)n && close(fd) == 0, "cannot write", name);
}

void fuzz_check(bool ok, const char *what, const char *detail)
{
    if (ok)
        return;
    fprintf(stderr, "FUZZ: %s: %s\n", what, detail ? detail : "");
    abort();
}
