/* gnuplot.c - the external program gnuplot: a process group of its own, what it says read through pipes, ended when it is
 * cancelled or takes too long. */
#include "gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { MAX_OUT = 64 << 20 };
static double limit_s = 30;
static const double GRACE_S = 0.3;       /* from the signal that asks to the one that does not */

void vn_gnuplot_limit(double seconds) { limit_s = seconds; }

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* -d: what stands in users' gnuplotrc changes no figure.  in < 0: nothing on standard input; out < 0: what it prints is lost. */
static int start(const char *script, const char *const args[], int in, int out, int err_fd, pid_t *pid)
{
    char *argv[14] = { "gnuplot", "-d", script ? "-c" : NULL, (char *)script };
    posix_spawn_file_actions_t io;
    posix_spawnattr_t attr;
    sigset_t set;
    int n = 4, rc;

    for (int i = 0; script && args[i] && n < 13; i++)
        argv[n++] = (char *)args[i];
    rc = posix_spawn_file_actions_init(&io);
    if (rc)
        return rc;
    rc = posix_spawnattr_init(&attr);
    if (rc) {
        posix_spawn_file_actions_destroy(&io);
        return rc;
    }
    sigemptyset(&set);
    posix_spawnattr_setsigmask(&attr, &set);
    sigaddset(&set, SIGPIPE);                    /* ignored here, which a child would inherit */
    posix_spawnattr_setsigdefault(&attr, &set);
    posix_spawnattr_setpgroup(&attr, 0);         /* what it starts is ended with it */
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    rc = in < 0 ? posix_spawn_file_actions_addopen(&io, 0, "/dev/null", O_RDONLY, 0) : posix_spawn_file_actions_adddup2(&io, in, 0);
    if (!rc)
        rc = out < 0 ? posix_spawn_file_actions_addopen(&io, 1, "/dev/null", O_WRONLY, 0) : posix_spawn_file_actions_adddup2(&io, out, 1);
    rc = rc ? rc : posix_spawn_file_actions_adddup2(&io, err_fd, 2);
    rc = rc ? rc : posix_spawnp(pid, "gnuplot", &io, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&io);
    return rc;
}

struct child { pid_t pid; int fd[2], status; char said[1000]; size_t n_said; struct vn_str *out; bool flood; };

/* What came on pipe k (0: errors, 1: output); closes it at its end. */
static void take(struct child *c, int k)
{
    char buf[65536];
    const ssize_t got = read(c->fd[k], buf, sizeof buf);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0) {
        close(c->fd[k]);
        c->fd[k] = -1;
        return;
    }
    for (ssize_t i = 0; !k && i < got && c->n_said + 1 < sizeof c->said; i++)
        c->said[c->n_said++] = buf[i];
    if (k && c->out->n + (size_t)got > MAX_OUT)
        c->flood = true;
    else if (k)
        vn_str_addn(c->out, buf, (size_t)got);
}

/* Until the process has ended.  A reason to end it before is the result; it is asked, then made to. */
static int attend(struct child *c, const char *what, struct vn_job *job, struct vn_err *err)
{
    const double begun = now();
    double asked = 0;
    bool ended = false;
    int rc = 0;
    for (;;) {
        struct pollfd p[2] = { { .fd = c->fd[0], .events = POLLIN }, { .fd = c->fd[1], .events = POLLIN } };
        ended = ended || waitpid(c->pid, &c->status, WNOHANG) == c->pid;
        const int n = poll(p, 2, ended ? 0 : 20);
        for (int k = 0; k < 2 && n > 0; k++)
            if (c->fd[k] >= 0 && p[k].revents)
                take(c, k);
        if (ended && n <= 0) {
            kill(-c->pid, SIGKILL);              /* what it left running */
            return rc;
        }
        if (!rc && (rc = vn_job_check(job, err)))
            asked = now();
        if (!rc && now() - begun > limit_s) {
            rc = vn_fail(err, VN_E_INTERNAL, "gnuplot had not drawn %s after %g s and was ended", what, limit_s);
            asked = now();
        }
        if (!rc && c->flood) {
            rc = vn_fail(err, VN_E_INTERNAL, "gnuplot's picture of %s is larger than %d MB", what, MAX_OUT >> 20);
            asked = now();
        }
        if (rc && !ended)
            kill(-c->pid, now() - asked > GRACE_S ? SIGKILL : SIGTERM);
    }
}

/* The lines that say something, joined by "; ": gnuplot repeats the source line and marks the place with ^. */
static void tidy(char *said)
{
    char out[600] = "";
    size_t n = 0;
    char *save = NULL;

    for (char *line = strtok_r(said, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        line += strspn(line, " \t");
        const size_t len = strlen(line);
        if (!len || *line == '^' || n + len + 3 > sizeof out)
            continue;
        if (n) {
            memcpy(out + n, "; ", 2);
            n += 2;
        }
        memcpy(out + n, line, len);
        n += len;
    }
    out[n] = '\0';
    memcpy(said, out, n + 1);
}

static int no_start(int rc, struct vn_err *err)
{
    if (rc == ENOENT)
        return vn_fail(err, VN_E_UNSUPPORTED, "figures are drawn by gnuplot, which is not installed: install the package gnuplot-nox");
    return vn_fail(err, VN_E_IO, "cannot start gnuplot: %s", strerror(rc));
}

/* in: a file to read the script from, or -1 and script= its name. */
static int run(const char *script, const char *const args[], int in, struct vn_str *out, const char *what, struct vn_job *job, struct vn_err *err)
{
    struct child c = { .fd = { -1, -1 }, .out = out };
    int e[2] = { -1, -1 }, o[2] = { -1, -1 }, rc;

    if (pipe2(e, O_CLOEXEC) || (out && pipe2(o, O_CLOEXEC)))
        rc = errno;
    else
        rc = start(script, args, in, out ? o[1] : -1, e[1], &c.pid);
    if (e[1] >= 0)
        close(e[1]);
    if (o[1] >= 0)
        close(o[1]);
    c.fd[0] = e[0];
    c.fd[1] = o[0];
    rc = rc ? no_start(rc, err) : attend(&c, what, job, err);
    for (int k = 0; k < 2; k++)
        if (c.fd[k] >= 0)
            close(c.fd[k]);
    if (rc)
        return rc;
    c.said[c.n_said] = '\0';
    if (!WIFEXITED(c.status) || WEXITSTATUS(c.status)) {
        tidy(c.said);
        return vn_fail(err, VN_E_INTERNAL, "gnuplot failed on %s: %s", what, c.said[0] ? c.said : "it said nothing");
    }
    if (out && out->failed)
        return vn_fail(err, VN_E_MEMORY, "no memory for gnuplot's picture of %s", what);
    return 0;
}

int vn_gnuplot(const char *script, const char *const args[], struct vn_job *job, struct vn_err *err)
{
    return run(script, args, -1, NULL, script, job, err);
}

int vn_gnuplot_text(const char *text, size_t n, const char *what, struct vn_str *out, struct vn_job *job, struct vn_err *err)
{
    const int fd = memfd_create("script", MFD_CLOEXEC);
    int rc = 0;
    if (fd < 0 || write(fd, text, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0)
        rc = vn_fail(err, VN_E_IO, "cannot keep a script for gnuplot: %s", strerror(errno));
    if (!rc)
        rc = run(NULL, NULL, fd, out, what, job, err);
    if (fd >= 0)
        close(fd);
    return rc;
}
