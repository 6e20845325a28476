/* gnuplot.c - the external program gnuplot: spawned with its standard error read through a pipe. */
#include "gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int start(const char *script, const char *const args[], int err_fd, pid_t *pid)
{
    char *argv[12] = { "gnuplot", "-c", (char *)script };
    posix_spawn_file_actions_t io;
    int n = 3, rc;

    for (int i = 0; args[i] && n < 11; i++)
        argv[n++] = (char *)args[i];
    rc = posix_spawn_file_actions_init(&io);
    if (rc)
        return rc;
    rc = posix_spawn_file_actions_addopen(&io, 0, "/dev/null", O_RDONLY, 0);
    rc = rc ? rc : posix_spawn_file_actions_addopen(&io, 1, "/dev/null", O_WRONLY, 0);
    rc = rc ? rc : posix_spawn_file_actions_adddup2(&io, err_fd, 2);
    rc = rc ? rc : posix_spawnp(pid, "gnuplot", &io, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&io);
    return rc;
}

/* Reads fd to its end into said (cut at size - 1), polling for cancellation; a cancelled child is ended. */
static int listen_to(int fd, pid_t pid, char *said, size_t size, struct vn_job *job, struct vn_err *err)
{
    size_t n = 0;
    int rc = 0;

    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        char buf[512];
        if (!rc && (rc = vn_job_check(job, err)))
            kill(pid, SIGTERM);
        if (poll(&p, 1, 50) == 0)
            continue;
        const ssize_t got = read(fd, buf, sizeof buf);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        for (ssize_t i = 0; i < got && n + 1 < size; i++)
            said[n++] = buf[i];
    }
    said[n] = '\0';
    return rc;
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

int vn_gnuplot(const char *script, const char *const args[], struct vn_job *job, struct vn_err *err)
{
    char said[1000];
    int fd[2], status = 0;
    pid_t pid;

    if (pipe2(fd, O_CLOEXEC))
        return vn_fail(err, VN_E_IO, "cannot make a pipe for gnuplot: %s", strerror(errno));
    int rc = start(script, args, fd[1], &pid);
    close(fd[1]);
    if (rc) {
        close(fd[0]);
        if (rc == ENOENT)
            return vn_fail(err, VN_E_UNSUPPORTED, "figures are drawn by gnuplot, which is not installed: install the package gnuplot-nox");
        return vn_fail(err, VN_E_IO, "cannot start gnuplot: %s", strerror(rc));
    }
    rc = listen_to(fd[0], pid, said, sizeof said, job, err);
    close(fd[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (rc)
        return rc;
    if (!WIFEXITED(status) || WEXITSTATUS(status)) {
        tidy(said);
        return vn_fail(err, VN_E_INTERNAL, "gnuplot failed on %s: %s", script, said[0] ? said : "it said nothing");
    }
    return 0;
}
