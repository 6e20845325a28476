/* tiff_src.h - an open TIFF: made by tiff_open.c, its voxels read by tiff_read.c. */
#ifndef VN_TIFF_SRC_H
#define VN_TIFF_SRC_H
#include "file_src.h"
#include "tiff_file.h"
#include "tiff_meta.h"

struct vn_tiff_layout {                 /* what pages have in common */
    uint32_t w, h;
    uint16_t bits, samples, planar, format, photo;
};
enum vn_tiff_convert { VN_TIFF_AS_STORED, VN_TIFF_JPEG_TO_RGB, VN_TIFF_ANY_TO_RGB };     /* by libtiff: in its JPEG decoder, or in its RGBA interface */
struct vn_tiff_src {
    struct vn_file_src f;
    struct vn_tiff_dir dir;
    struct vn_tiff_meta meta;
    struct vn_tiff_pool pool;
    struct vn_tiff_layout lay, px;      /* in the file; as decoded, after conversion */
    enum vn_tiff_convert convert;
    int palette;                /* channels from the palette: 0 none, 1 grey, 3 colours after the stored value */
    int colour;                 /* which of them is wanted; -1 the stored value */
    struct vn_rowmap plain;     /* f.map for bytes that libtiff has not put into this machine's order */
    int64_t plane_c;            /* channel among the pages */
    int sample;                 /* and within the pixel */
    int per_pixel;              /* channels of one page */
    int time;
    char *text;                 /* description from another file of an OME set; NULL: the page's own */
};

uint16_t vn_tiff_tag16(TIFF *t, uint32_t tag, uint16_t none);      /* none: when the page has no such tag */
void vn_tiff_layout_of(TIFF *t, struct vn_tiff_layout *l);
bool vn_tiff_palette(TIFF *t, const struct vn_tiff_layout *l, uint16_t *map[3], int *shift);   /* false: none */
int vn_tiff_palette_channels(TIFF *t, const struct vn_tiff_layout *l);
int vn_tiff_read(struct vn_src *src, int level, struct vn_buf *dst, struct vn_job *job, struct vn_err *err);   /* of vn_src_ops */
#endif
