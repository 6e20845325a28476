/* tiff_file.h - a TIFF's pages, and libtiff handles that read them from one shared descriptor.
 *
 * The chain of page directories is walked here, reading a few hundred bytes a page, because libtiff reaches page n only
 * through the n - 1 before it; voxels and every other tag come through libtiff.  A page whose voxels lie in one
 * uncompressed strip is also known by the strip's offset, so that rows can be read without decoding more. */
#ifndef VN_TIFF_FILE_H
#define VN_TIFF_FILE_H
#include <pthread.h>
#include <tiffio.h>
#include "file_src.h"

struct vn_tiff_page {
    uint64_t ifd;               /* offset of its directory */
    uint64_t raw;               /* offset of its voxels when they are one uncompressed strip of plain numbers; else 0 */
    uint32_t w, h;              /* 0 when the directory does not say it plainly */
    uint16_t bits, samples, format, photo, predictor;
    bool voxels;                /* it has strips or tiles at all */
    uint16_t subfile;           /* the bits of SUBFILETYPE */
};
struct vn_tiff_dir {
    struct vn_tiff_page *page; int64_t n;
    int64_t n_dropped, n_sub;   /* pages left out; directories below pages (SubIFDs), which are pyramids */
    bool swap;                  /* the file's byte order is not this machine's */
    const char *other;          /* a maker's variant that keeps more images than pages, by name; NULL none */
};
/* Pages without thumbnails and masks (SUBFILETYPE); a chain that loops or leaves the file is VN_E_FORMAT. */
int  vn_tiff_walk(const struct vn_file_src *f, struct vn_tiff_dir *out, struct vn_err *err);
void vn_tiff_dir_free(struct vn_tiff_dir *d);

struct vn_tiff {                /* one thread's handle */
    TIFF *tif;
    int fd; uint64_t pos, size;
    uint64_t ifd;               /* directory now set; 0 none */
    int errnum;                 /* of the last failed system call */
    char msg[240], warning[240];        /* first of each since the page was asked for */
    struct vn_tiff *next;
};
/* Reading ("r...") or writing ("w...") through fd, which stays the caller's. */
int  vn_tiff_new(int fd, const char *path, const char *mode, struct vn_tiff **out, struct vn_err *err);
void vn_tiff_free(struct vn_tiff *t);                                /* NULL allowed */
int  vn_tiff_page(struct vn_tiff *t, const char *path, uint64_t ifd, int64_t page, struct vn_err *err);   /* makes it current */
/* The error that libtiff reported: "'PATH', page N: ..." */
int  vn_tiff_fail(struct vn_tiff *t, const char *path, int64_t page, struct vn_err *err);

struct vn_tiff_pool { pthread_mutex_t lock; struct vn_tiff *idle; };
int  vn_tiff_take(struct vn_tiff_pool *p, const struct vn_file_src *f, uint64_t ifd, struct vn_tiff **out, struct vn_err *err);   /* one that is at ifd, if any */
void vn_tiff_give(struct vn_tiff_pool *p, struct vn_tiff *t);
#endif
