/* remember.c - lines "X Y Z SIZE SECONDS NANOSECONDS PATH" in the state folder, the newest last. */
#include "remember.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "file.h"
#include "mem.h"
#include "text.h"

enum { MAX_LINES = 1000, MAX_BYTES = 8 << 20 };

/* The end of a file's line, from its size on. NULL when the file cannot be known again. */
static char *mark_of(const char *path)
{
    struct stat st;
    char *full = realpath(path, NULL), *mark = NULL;

    if (full && !strchr(full, '\n') && stat(full, &st) == 0)
        mark = vn_sprintf(NULL, "%" PRId64 " %" PRId64 " %ld %s", (int64_t)st.st_size, (int64_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, full);
    free(full);
    return mark;
}

/* Splits "X Y Z MARK"; returns MARK, or NULL when the line is something else. */
static const char *split(const char *line, double um[3])
{
    int at = 0;

    if (sscanf(line, "%lf %lf %lf %n", &um[0], &um[1], &um[2], &at) != 3 || !at)
        return NULL;
    for (int k = 0; k < 3; k++)
        if (!(um[k] > 0 && um[k] < 1e9))
            return NULL;
    return line + at;
}

static char *read_all(const char *file)
{
    size_t n;
    struct vn_err err;
    return file ? vn_file_read(file, MAX_BYTES, &n, &err) : NULL;
}

bool vn_recall_voxel(const char *path, double um[3])
{
    char *file = vn_file_state("voxel", false), *mark = mark_of(path), *all = read_all(file), *save = NULL;
    bool found = false;

    for (char *line = all && mark ? strtok_r(all, "\n", &save) : NULL; line && !found; line = strtok_r(NULL, "\n", &save)) {
        const char *m = split(line, um);
        found = m && strcmp(m, mark) == 0;
    }
    vn_free(file);
    vn_free(mark);
    vn_free(all);
    return found;
}

void vn_remember_voxel(const char *path, const double um[3])
{
    char *file = vn_file_state("voxel", true), *mark = mark_of(path), *all = read_all(file), *save = NULL, num[3][32];
    struct vn_err err;
    struct vn_file *f = file && mark ? vn_file_begin(file, true, &err) : NULL;
    int n = 0, i = 0;
    double old[3];

    for (const char *p = all; p && *p; p++)
        n += *p == '\n';
    for (char *line = all && f ? strtok_r(all, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
        const char *m = split(line, old);
        if (m && strcmp(m, mark) && ++i > n + 1 - MAX_LINES)
            fprintf(vn_file_stream(f), "%s\n", line);
    }
    if (f) {
        fprintf(vn_file_stream(f), "%s %s %s %s\n", vn_text_real(um[0], num[0]), vn_text_real(um[1], num[1]), vn_text_real(um[2], num[2]), mark);
        n = vn_file_commit(f, &err);                     /* what is not remembered is asked for again */
    }
    vn_free(file);
    vn_free(mark);
    vn_free(all);
}
