/* stack.h - a volume whose planes lie in many files: a folder of slices, a set of OME-TIFF files.
 *
 * Each file is opened by its format when one of its planes is read, and a few stay open.  A file that has changed since the
 * volume was opened, or whose planes are of another size or type than the first, is an error that names it. */
#ifndef VN_STACK_H
#define VN_STACK_H
#include "io.h"

struct vn_stack_file { char *path; uint64_t size; int64_t mtime[2]; };
struct vn_stack_plane { int64_t file, page; };              /* index of the file; z in it */
struct vn_stack {
    const char *path;                                       /* of the whole: becomes the volume's path */
    struct vn_stack_file *file; int64_t n_file;
    struct vn_stack_plane *plane; int64_t n_plane;
    int (*open)(const char *path, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err);
    int channel;                                            /* within the files */
    double um[3];
    int64_t n_channel, n_time;                              /* of the whole */
};
/* Size and time of k->file[i].path from the system; false when there is no such file. */
bool vn_stack_stat(struct vn_stack_file *f);
/* TAKES file (with its paths) and plane, also when it fails. */
int  vn_stack_open(struct vn_stack *k, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err);
void vn_stack_free(struct vn_stack *k);
#endif
