/* file.c - files written beside their target, synced and renamed.
 *
 * The stream is a cookie over the descriptor, so that the reason of a failed write (no space, quota) is still known
 * when the file is committed, long after the fwrite that met it. */
#include "file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "mem.h"

enum { N_LIVE = 256, NAME_KEPT = 200, STALE_S = 24 * 3600 };

struct vn_file {
    char *path, *temp;          /* the target (links followed) and what is written meanwhile */
    int fd, slot, error;        /* error: errno of the first failed write */
    bool force;
    FILE *stream;
    char buffer[1 << 16];
};

/* Names of temporary files now on disk.  Whoever takes a name out of its slot has it to himself: the file's owner to
 * free it, or vn_file_cleanup, in a signal handler, to unlink and put back. */
static _Atomic(char *) live[N_LIVE];

static int live_add(char *temp)
{
    for (int i = 0; i < N_LIVE; i++) {
        char *none = NULL;
        if (atomic_compare_exchange_strong(&live[i], &none, temp))
            return i;
    }
    return -1;
}

void vn_file_cleanup(void)
{
    for (int i = 0; i < N_LIVE; i++) {
        char *temp = atomic_exchange(&live[i], NULL);
        if (temp) {
            unlink(temp);
            atomic_store(&live[i], temp);
        }
    }
}

/* ---- the stream ---- */

/* VN_FAIL_WRITE=n: the nth write of the program fails as on a full disk. */
static bool planned_failure(void)
{
    static atomic_long n_write;
    const char *s = getenv("VN_FAIL_WRITE");
    return s && atomic_fetch_add(&n_write, 1) + 1 == atol(s);
}

static ssize_t stream_write(void *cookie, const char *p, size_t n)
{
    struct vn_file *f = cookie;
    size_t done = 0;

    while (done < n) {
        ssize_t k = planned_failure() ? (errno = ENOSPC, -1) : write(f->fd, p + done, n - done);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0) {
            if (!f->error)
                f->error = k < 0 ? errno : EIO;
            return (ssize_t)done;
        }
        done += (size_t)k;
    }
    return (ssize_t)n;
}

static ssize_t stream_read(void *cookie, char *p, size_t n)
{
    return read(((struct vn_file *)cookie)->fd, p, n);
}

static int stream_seek(void *cookie, off64_t *at, int whence)
{
    off64_t to = lseek64(((struct vn_file *)cookie)->fd, *at, whence);
    if (to < 0)
        return -1;
    *at = to;
    return 0;
}

/* ---- begin, commit, abort ---- */

/* Frees f and closes what is open; the temporary file is removed unless it has become the target. */
static void file_end(struct vn_file *f, bool renamed)
{
    char *mine = f->temp;

    if (f->stream)
        fclose(f->stream);
    if (f->fd >= 0)
        close(f->fd);
    if (f->temp && f->slot != -2 && !renamed)
        unlink(f->temp);
    if (f->slot >= 0 && !atomic_compare_exchange_strong(&live[f->slot], &mine, NULL))
        f->temp = NULL;         /* vn_file_cleanup is at it: the program is ending */
    vn_free(f->temp);
    vn_free(f->path);
    vn_free(f);
}

/* The path to write, in f->path: a symbolic link stays and its target is written.  *mode is that of a file already
 * there, or 0. */
static int find_target(struct vn_file *f, const char *path, mode_t *mode, struct vn_err *err)
{
    struct stat st;
    char *to = NULL;

    *mode = 0;
    if (!*path)
        return vn_fail(err, VN_E_IO, "a file name is empty");
    if (path[strlen(path) - 1] == '/')
        return vn_fail(err, VN_E_IO, "'%s' names a folder, not a file", path);
    if (stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            return vn_fail(err, VN_E_IO, "'%s' is a folder", path);
        if (!S_ISREG(st.st_mode))
            return vn_fail(err, VN_E_IO, "'%s' is not an ordinary file", path);
        if (!f->force)
            return vn_fail(err, VN_E_IO, "'%s' exists: add 'force' to replace it", path);
        *mode = st.st_mode & 0777;
        to = realpath(path, NULL);
    } else if (errno != ENOENT) {
        return vn_fail(err, VN_E_IO, "cannot write '%s': %s", path, strerror(errno));
    } else if (lstat(path, &st) == 0 && !f->force) {
        return vn_fail(err, VN_E_IO, "'%s' is a link to nothing: add 'force' to replace it", path);
    }
    f->path = vn_strdup(to ? to : path, err);
    free(to);
    return f->path ? 0 : VN_E_MEMORY;
}

/* Creates the temporary file: .NAME.PID.N.tmp in the folder of the target. */
static int make_temp(struct vn_file *f, mode_t mode, struct vn_err *err)
{
    static atomic_uint counter;
    const char *slash = strrchr(f->path, '/'), *name = slash ? slash + 1 : f->path;
    int folder = (int)(name - f->path);

    for (int tries = 0; tries < 100; tries++) {
        f->temp = vn_sprintf(err, "%.*s.%.*s.%ld.%u.tmp", folder, f->path, NAME_KEPT, name, (long)getpid(),
                             atomic_fetch_add(&counter, 1));
        if (!f->temp)
            return VN_E_MEMORY;
        f->fd = open(f->temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (f->fd >= 0)
            break;
        int e = errno;
        vn_free(f->temp);
        f->temp = NULL;
        if (e == ENOENT || e == ENOTDIR)
            return vn_fail(err, VN_E_IO, "cannot write '%s': there is no folder '%.*s'", f->path,
                           folder ? folder : 1, folder ? f->path : ".");
        if (e != EEXIST)
            return vn_fail(err, VN_E_IO, "cannot write '%s': %s", f->path, strerror(e));
    }
    if (f->fd < 0)
        return vn_fail(err, VN_E_IO, "cannot write '%s': its folder is full of temporary files", f->path);
    f->slot = live_add(f->temp);
    if (mode)
        (void)!fchmod(f->fd, mode);     /* best effort: the new file is the old one's equal */
    return 0;
}

/* ".NAME.PID.N.tmp" of a program that is gone (here: another machine's is left alone for a day). */
static bool is_stale(int folder, const char *name)
{
    struct stat st;
    const size_t n = strlen(name);
    const char *s = name + n - (n > 4 ? 4 : n);
    int dots = 0;

    if (name[0] != '.' || n < 9 || strcmp(s, ".tmp"))
        return false;
    while (s > name && dots < 2)                 /* back to the two numbers */
        if (*--s == '.')
            dots++;
        else if (*s < '0' || *s > '9')
            return false;
    const long pid = strtol(s + 1, NULL, 10);
    return dots == 2 && s > name && pid > 0 && kill((pid_t)pid, 0) && errno == ESRCH && !fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) &&
           S_ISREG(st.st_mode) && time(NULL) - st.st_mtime > STALE_S;
}

/* What killed programs have left in the folder of path; once for each folder that is written to. */
static void sweep(const char *path)
{
    static _Atomic(uint64_t) last;
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    struct stat st;
    DIR *d = NULL;

    if (snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".") < (int)sizeof dir && !stat(dir, &st) &&
        atomic_exchange(&last, (uint64_t)st.st_dev << 48 ^ (uint64_t)st.st_ino) != ((uint64_t)st.st_dev << 48 ^ (uint64_t)st.st_ino))
        d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));)
        if (is_stale(dirfd(d), e->d_name))
            unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
}

struct vn_file *vn_file_begin(const char *path, bool force, struct vn_err *err)
{
    struct vn_file *f = vn_calloc(1, sizeof *f, err);
    mode_t mode;

    if (!f)
        return NULL;
    f->fd = -1;
    f->slot = -2;
    f->force = force;
    if (find_target(f, path, &mode, err))
        goto fail;
    sweep(f->path);
    if (make_temp(f, mode, err))
        goto fail;
    f->stream = fopencookie(f, "w+", (cookie_io_functions_t){ stream_read, stream_write, stream_seek, NULL });
    if (!f->stream) {
        vn_fail(err, VN_E_MEMORY, "no memory for a stream to '%s'", path);
        goto fail;
    }
    setvbuf(f->stream, f->buffer, _IOFBF, sizeof f->buffer);
    return f;
fail:
    file_end(f, false);
    return NULL;
}

FILE *vn_file_stream(struct vn_file *f)
{
    return f->stream;
}

const char *vn_file_temp(const struct vn_file *f)
{
    return f->temp;
}

/* Gives the temporary file its name; errno on failure.  Without force nothing that appeared meanwhile is replaced. */
static int take_name(const struct vn_file *f)
{
    struct stat st;

    if (f->force)
        return rename(f->temp, f->path) ? errno : 0;
    if (renameat2(AT_FDCWD, f->temp, AT_FDCWD, f->path, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    /* A file system without it (NFS): a hard link does not replace either. */
    if (link(f->temp, f->path) == 0) {
        unlink(f->temp);
        return 0;
    }
    if (errno == EEXIST)
        return errno;
    /* Nor links (FAT, some network shares): look, then rename. */
    if (lstat(f->path, &st) == 0)
        return EEXIST;
    return rename(f->temp, f->path) ? errno : 0;
}

/* The new name itself is on disk once its folder is; a folder that cannot be synced is no failure. */
static void sync_folder(const char *path)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;

    if (n >= sizeof dir)
        return;
    memcpy(dir, path, n);
    strcpy(dir + n, !slash ? "." : n ? "" : "/");
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

int vn_file_commit(struct vn_file *f, struct vn_err *err)
{
    int rc = 0, e = 0;

    errno = 0;
    if (fclose(f->stream) != 0)
        e = errno ? errno : EIO;
    f->stream = NULL;
    if (f->error)
        e = f->error;
    if (!e && fsync(f->fd) != 0 && errno != EINVAL && errno != EROFS)
        e = errno;
    if (close(f->fd) != 0 && !e)
        e = errno;
    f->fd = -1;
    if (!e)
        e = take_name(f);
    if (e == EEXIST && !f->force)
        rc = vn_fail(err, VN_E_IO, "'%s' has appeared meanwhile and is left as it is: add 'force' to replace it",
                     f->path);
    else if (e)
        rc = vn_fail(err, VN_E_IO, "cannot write '%s': %s", f->path, strerror(e));
    else
        sync_folder(f->path);
    file_end(f, rc == 0);
    return rc;
}

void vn_file_abort(struct vn_file *f)
{
    if (f)
        file_end(f, false);
}

/* ---- reading ---- */

char *vn_file_read(const char *path, size_t limit, size_t *n, struct vn_err *err)
{
    char *buf = NULL;
    size_t have = 0, cap = 0;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) != 0) {
        vn_fail(err, VN_E_IO, "cannot read '%s': %s", path, strerror(errno));
        goto fail;
    }
    if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > limit)
        goto large;
    for (;;) {
        if (have + 1 >= cap) {          /* a size of 0 is what pipes and /proc have: grow as it comes */
            cap = cap ? 2 * cap : (size_t)st.st_size + 2 > 4096 ? (size_t)st.st_size + 2 : 4096;
            char *more = vn_realloc(buf, cap, err);
            if (!more)
                goto fail;
            buf = more;
        }
        ssize_t k = read(fd, buf + have, cap - 1 - have);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0) {
            vn_fail(err, VN_E_IO, "cannot read '%s': %s", path, strerror(errno));
            goto fail;
        }
        if (k == 0)
            break;
        have += (size_t)k;
        if (have > limit)
            goto large;
    }
    close(fd);
    buf[have] = '\0';
    if (n)
        *n = have;
    return buf;
large:
    vn_fail(err, VN_E_FORMAT, "'%s' is larger than %zu bytes, the most that is read here", path, limit);
fail:
    if (fd >= 0)
        close(fd);
    vn_free(buf);
    return NULL;
}

void vn_file_folders(char *path)
{
    for (char *p = path + 1; *path && *p; p++)
        if (*p == '/') {
            *p = '\0';
            mkdir(path, 0700);
            *p = '/';
        }
}

char *vn_file_state(const char *name, bool make)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char *path = state && *state == '/' ? vn_sprintf(NULL, "%s/venule/%s", state, name)
                 : home                 ? vn_sprintf(NULL, "%s/.local/state/venule/%s", home, name) : NULL;

    if (path && make)
        vn_file_folders(path);
    return path;
}
