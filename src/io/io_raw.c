/* io_raw.c - a file of voxels without a header, in the layout the user gives: dims=X,Y,Z type=u16 ... */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "raw_src.h"

static bool raw_probe(const char *path, const unsigned char *head, size_t n)
{
    (void)path, (void)head, (void)n;
    return false;                                        /* nothing to know it by */
}

static int raw_open(const char *path, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err)
{
    static const int order[] = { 0, 1, 2, 3, 4 };
    struct vn_raw r = { .path = path,
                        .lead = opt->offset,
                        .swap = opt->big_endian,
                        .dim = { 1, 1, 1, 1, 1 },
                        .stored = VN_S_NONE,
                        .kind = VN_IMAGE };
    struct stat st;

    for (int t = 0; t < VN_N_TYPE; t++)
        if (opt->type && strcmp(opt->type, vn_type_name((enum vn_type)t)) == 0)
            r.stored = t;
    if (!opt->dims || r.stored == VN_S_NONE)
        return vn_fail(err, VN_E_ARG, "'%s': a file without a header needs both: dims=X,Y,Z type=u8", path);
    memcpy(r.dim, opt->dims, 3 * sizeof *r.dim);
    vn_raw_strides(&r, order, 5);
    int rc = vn_raw_open(&r, opt, out, err);
    uint64_t end = opt->offset + (rc ? 0 : vn_box_count(&(*out)->box) * vn_stored_size(r.stored));
    if (!rc && stat(path, &st) == 0 && (uint64_t)st.st_size > end)
        vn_open_note(opt, "'%s' has %" PRIu64 " bytes, of which the layout given uses %" PRIu64, path,
                     (uint64_t)st.st_size, end);
    return rc;
}

const struct vn_format vn_format_raw = { .name = "raw", .suffix = "raw", .probe = raw_probe, .open = raw_open };
