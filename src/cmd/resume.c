/* resume.c - files of sessions: state folder/sessions/YYYYMMDD-HHMMSS-PID.vn, the first line says where. */
#include "resume.h"
#include "file.h"
#include "mem.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_BYTES = 64 << 20, KEEP = 50 };
static const char HEAD[] = "# venule " VN_VERSION " session in ";
static const char MARK[] = " session in ";

/* Locked and open for what comes next; NULL when another has it. */
static FILE *open_locked(const char *path, int flags)
{
    int fd = open(path, flags | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    FILE *f = fd >= 0 && !(flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) ? fdopen(fd, "a") : NULL;
    if (!f && fd >= 0)
        close(fd);
    return f;
}

FILE *vn_lost_begin(char **path)
{
    char name[64], dir[4096];
    const time_t now = time(NULL);
    struct tm tm;
    FILE *f = NULL;

    *path = NULL;
    if (!getcwd(dir, sizeof dir) || strchr(dir, '\n') || !localtime_r(&now, &tm))
        return NULL;
    const size_t n = strftime(name, sizeof name, "sessions/%Y%m%d-%H%M%S", &tm);
    snprintf(name + n, sizeof name - n, "-%ld.vn", (long)getpid());
    if (!(*path = vn_file_state(name, true)))
        return NULL;
    if ((f = open_locked(*path, O_CREAT)))
        fprintf(f, "%s%s\n", HEAD, dir);
    return f;
}

FILE *vn_lost_adopt(const char *path) { return open_locked(path, 0); }

void vn_lost_free(struct vn_lost *l, int n)
{
    for (int i = 0; i < n; i++) {
        vn_free(l[i].path);
        vn_free(l[i].dir);
    }
    vn_free(l);
}

bool vn_lost_here(const struct vn_lost *l)
{
    char dir[4096];
    return getcwd(dir, sizeof dir) && !strcmp(dir, l->dir);
}

/* Commands that do more than change the view. */
static int count(char *text)
{
    char *save = NULL;
    int n = 0;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        line[strcspn(line, " ")] = '\0';
        const struct vn_cmd *c = *line == '#' ? NULL : vn_cmd_find(line, false, NULL);
        n += c && !(c->flags & VN_CMD_UI);
    }
    return n;
}

/* False: its session lives, or it is none. */
static bool read_one(const char *path, const char *name, struct vn_lost *out)
{
    struct vn_err err;
    size_t n;
    int y, mo, d, h, mi, s;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const bool alive = fd < 0 || (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK);

    if (fd >= 0)
        close(fd);
    char *text = alive ? NULL : vn_file_read(path, MAX_BYTES, &n, &err), *dir = text ? strstr(text, MARK) : NULL;
    char *end = dir ? strchr(dir, '\n') : NULL;
    *out = (struct vn_lost){ 0 };
    if (end && sscanf(name, "%4d%2d%2d-%2d%2d%2d", &y, &mo, &d, &h, &mi, &s) == 6) {
        *end = '\0';
        out->path = vn_strdup(path, NULL);
        out->dir = vn_strdup(dir + strlen(MARK), NULL);
        snprintf(out->when, sizeof out->when, "%.4s-%.2s-%.2s %.2s:%.2s:%.2s", name, name + 4, name + 6, name + 9, name + 11, name + 13);
        out->n = count(end + 1);
    }
    vn_free(text);
    return out->path && out->dir;
}

static int later_first(const struct dirent **a, const struct dirent **b) { return strcmp((*b)->d_name, (*a)->d_name); }

static int is_session(const struct dirent *e)
{
    const size_t n = strlen(e->d_name);
    return n > 3 && !strcmp(e->d_name + n - 3, ".vn");
}

int vn_lost_list(struct vn_lost **out)
{
    char *dir = vn_file_state("sessions", false);
    struct dirent **e = NULL;
    const int n_file = dir ? scandir(dir, &e, is_session, later_first) : -1;
    struct vn_lost *l = n_file > 0 ? vn_calloc((uint64_t)n_file, sizeof *l, NULL) : NULL;
    int n = 0;

    for (int i = 0; i < n_file; i++) {
        char *path = l ? vn_sprintf(NULL, "%s/%s", dir, e[i]->d_name) : NULL;
        if (path && read_one(path, e[i]->d_name, &l[n])) {
            if (n < KEEP && l[n].n) {
                n++;
            } else {
                struct stat st;                  /* too old, or nothing was made in it; not one that has just begun */
                if (!stat(path, &st) && time(NULL) - st.st_mtime > 60)
                    unlink(path);
                vn_free(l[n].path);
                vn_free(l[n].dir);
            }
        } else if (path && l) {
            vn_free(l[n].path);
            vn_free(l[n].dir);
        }
        vn_free(path);
        free(e[i]);
    }
    free(e);
    vn_free(dir);
    *out = l;
    return n;
}
