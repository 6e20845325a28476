/* tiff_open.h - a TIFF file as a volume, or as a part of one that is spread over files. */
#ifndef VN_TIFF_OPEN_H
#define VN_TIFF_OPEN_H
#include "io.h"

enum vn_tiff_as {
    VN_TIFF_VOLUME,             /* as its description says; a set of OME files is opened whole */
    VN_TIFF_PAGES,              /* its pages are z, whatever the description says */
    VN_TIFF_SLICE,              /* one plane; a voxel size counts only when the distance of slices is written, too */
};
int vn_tiff_open(const char *path, enum vn_tiff_as as, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err);
#endif
