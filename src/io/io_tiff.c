/* io_tiff.c - the TIFF format. */
#include <string.h>
#include <strings.h>
#include "tiff_open.h"
#include "tiff_save.h"

static int tiff_open(const char *path, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err)
{
    return vn_tiff_open(path, VN_TIFF_VOLUME, opt, out, err);
}

static bool tiff_probe(const char *path, const unsigned char *head, size_t n)
{
    size_t len = strlen(path);
    if (len > 4 && strcasecmp(path + len - 4, ".ome") == 0 && memmem(head, n, "OME", 3))
        return true;                                     /* the description of a set, beside its files */
    return n >= 8 && ((head[0] == 'I' && head[1] == 'I' && (head[2] == 42 || head[2] == 43) && head[3] == 0) ||
                      (head[0] == 'M' && head[1] == 'M' && head[2] == 0 && (head[3] == 42 || head[3] == 43)));
}

const struct vn_format vn_format_tiff = {
    .name = "tiff", .suffix = "tif|tiff", .probe = tiff_probe, .open = tiff_open, .save = vn_tiff_save,
};
