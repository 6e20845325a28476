/* io.h - files: recognised by content, one descriptor per format (src/io/io_NAME.c, table generated from file names). */
#ifndef VN_IO_H
#define VN_IO_H
#include "volume.h"

struct vn_open_opt {
    int channel, time;                 /* 0-based */
    const double *um;                  /* voxel size to use instead of the file's; NULL: the file's */
    const char *kind;                  /* "image", "mask", "labels", "prob"; NULL: guessed from the content of the header */
    /* A file of voxels without a header ("raw") is opened only when dims is given. */
    const int64_t *dims;               /* x, y, z; NULL: the file has a header */
    const char *type;                  /* "u8" ... "f64" */
    uint64_t offset;                   /* bytes before the first voxel */
    bool big_endian;
    void (*note)(void *ctx, const char *text);   /* what the user should know about the file that opened; NULL: not told */
    void *note_ctx;
};
void vn_open_note(const struct vn_open_opt *opt, const char *fmt, ...) VN_PRINTF(2, 3);
struct vn_save_opt {
    const char *compress;              /* "none", "lzw", "deflate", "zstd", "packbits"; NULL: format's default */
    bool force;                        /* replace an existing file */
    const char *note;                  /* provenance, stored where the format has room; NULL none */
};
struct vn_format {
    const char *name;                  /* "tiff", "nifti" */
    const char *suffix;                /* for saving: "tif|tiff" */
    /* Is this such a file?  head: its first n_head (<= 512) bytes. A format of folders (`folder`) is asked about folders
     * only, with n_head = 0. */
    bool folder;
    bool sized;                        /* dims may be given: the file need not say its size */
    bool (*probe)(const char *path, const unsigned char *head, size_t n_head);
    /* A cached source; reads the header and page directory only. um 0 where unknown. */
    int  (*open)(const char *path, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err);
    /* Writes the volume's box; origin and whole grid are stored when the box is only a part. NULL: read only. */
    int  (*save)(struct vn_vol *v, const char *path, const struct vn_save_opt *opt, struct vn_job *job, struct vn_err *err);
};
extern const struct vn_format *const vn_format_table[];   /* NULL-ended */

/* A missing file, a folder of no known format, an empty file and an unknown format are refused by name. */
int vn_io_open(const char *path, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err);
int vn_io_save(struct vn_vol *v, const char *path, const struct vn_save_opt *opt, struct vn_job *job, struct vn_err *err);
#endif
