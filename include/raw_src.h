/* raw_src.h - volumes of plainly stored numbers, whatever header describes them: one or several files, plain, deflated
 * (gzip or zlib) or written as text, axes in any order in the file.
 *
 * Voxels are read by position, deflated ones through gz_read, so that nothing need fit in memory.  Text has no
 * positions: a chunk is the whole volume, and a part of it costs reading the file from its start. */
#ifndef VN_RAW_SRC_H
#define VN_RAW_SRC_H
#include "file_src.h"

enum vn_coding { VN_CODE_PLAIN, VN_CODE_DEFLATE, VN_CODE_TEXT, VN_CODE_HEX };

struct vn_raw {
    const char *path;            /* the file that was named */
    char **file;                 /* files of voxels in order, equal parts of the whole; NULL: path itself */
    int64_t n_file;
    enum vn_coding coding;
    uint64_t lead;               /* bytes, then lines, then again bytes, before the voxels of each file */
    uint64_t lines, skip;        /* skip counts decoded bytes */
    bool at_end;                 /* instead: the voxels are the last bytes of each file */
    int stored;                  /* enum vn_type or vn_stored */
    bool swap;
    double slope, inter;         /* voxel = slope * number + inter, when slope is not 0 */
    int64_t dim[5], stride[5];   /* x, y, z, channel, time; strides in numbers; together dense */
    double um[3];                /* 0 unknown */
    enum vn_kind kind;           /* what the voxels are when neither the user nor a note says so */
    struct vn_note note;         /* kind 0: none */
    const char *orientation;     /* copied; NULL none */
};
/* Checks r against the files and the user's wishes, and makes the volume. Reads no voxel. */
int vn_raw_open(const struct vn_raw *r, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err);

/* Fills stride for numbers that lie in the order of `axis` (n numbers of 0 to 4, fastest first). */
void vn_raw_strides(struct vn_raw *r, const int *axis, int n);
/* Regular file opened for reading, else VN_E_IO: a pipe or device named by a header is never waited for. */
int  vn_raw_fd(const char *path, uint64_t *size, struct vn_key *key, int *fd, struct vn_err *err);
/* Names of voxel files, as NRRD and MetaImage list them: value is NAME, PATTERN FIRST LAST [STEP], or LIST, whose names
 * are the lines of `rest` (cut in place). */
struct vn_names { char **s; int64_t n; };
int  vn_names_read(struct vn_names *l, const char *header, const char *value, char *rest, struct vn_err *err);
void vn_names_free(struct vn_names *l);
/* Without the blanks around it, cut in place. */
char *vn_raw_trim(char *s);
/* Header text (at most limit bytes, NUL-terminated; vn_free): the file's first bytes, as many as there are. */
char *vn_raw_head(const char *path, size_t limit, size_t *n, struct vn_err *err);
#endif
