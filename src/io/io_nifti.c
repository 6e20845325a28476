/* io_nifti.c - NIfTI-1/2 and Analyze 7.5 as volumes: .nii, .nii.gz, and pairs of .hdr and .img.
 *
 * Dimension 4 is time, 5 is channel.  Lengths become um by xyzt_units; a file that names no unit has no known voxel
 * size.  scl_slope and scl_inter are applied.  The orientation is kept as words with its matrix and written back. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <zlib.h>
#include "mem.h"
#include "nifti_hdr.h"
#include "nifti_save.h"
#include "orient.h"
#include "raw_src.h"

enum { HEAD = 65536 };           /* header and the extensions that may be Venule's */

/* First n bytes, decoded when the file is gzip. Returns how many there were. */
static size_t peek(const char *path, void *buf, size_t n)
{
    gzFile g = gzopen(path, "rb");
    if (!g)
        return 0;
    int got = gzread(g, buf, (unsigned)n);
    gzclose(g);
    return got > 0 ? (size_t)got : 0;
}

/* The other file of a pair: ".hdr" turned into ".img" or back, also before ".gz"; NULL (no error) when path has another
 * ending.  Either may be compressed without the other. */
static char *twin(const char *path, const char *from, const char *to, struct vn_err *err)
{
    size_t n = strlen(path), cut = n > 3 && strcasecmp(path + n - 3, ".gz") == 0 ? n - 3 : n;

    if (cut <= 4 || strncasecmp(path + cut - 4, from, 4) != 0)
        return NULL;
    const char *const tail[] = { path + cut, cut < n ? "" : ".gz" };
    char *p = NULL, ending[5];
    for (int i = 0; i < 5; i++)
        ending[i] = path[cut - 2] >= 'A' && path[cut - 2] <= 'Z' && to[i] >= 'a' ? (char)(to[i] - 'a' + 'A') : to[i];
    for (int i = 0; i < 2; i++) {
        vn_free(p);
        p = vn_sprintf(err, "%.*s%s%s", (int)(cut - 4), path, ending, tail[i]);
        if (!p || access(p, F_OK) == 0)
            return p;
    }
    vn_free(p);
    return vn_sprintf(err, "%.*s%s%s", (int)(cut - 4), path, ending, tail[0]);
}

static bool nifti_probe(const char *path, const unsigned char *head, size_t n)
{
    unsigned char b[VN_NIFTI2_SIZE];

    if (n >= 2 && head[0] == 0x1f && head[1] == 0x8b ? vn_nifti_like(b, peek(path, b, sizeof b))
                                                     : vn_nifti_like(head, n))
        return true;
    char *hdr = twin(path, ".img", ".hdr", NULL);
    bool like = hdr && vn_nifti_like(b, peek(hdr, b, sizeof b));
    vn_free(hdr);
    return like;
}

/* Also how many numbers a voxel has: the channels of colours. */
static int stored_type(const struct vn_nifti *h, const char *path, int *stored, int *per_voxel, struct vn_err *err)
{
    static const struct { int code, stored, n; const char *name; } list[] = {
        { 2, VN_U8, 1, 0 }, { 4, VN_I16, 1, 0 }, { 8, VN_I32, 1, 0 }, { 16, VN_F32, 1, 0 }, { 64, VN_F64, 1, 0 },
        { 256, VN_I8, 1, 0 }, { 512, VN_U16, 1, 0 }, { 768, VN_U32, 1, 0 }, { 1024, VN_S_I64, 1, 0 },
        { 1280, VN_S_U64, 1, 0 }, { 128, VN_U8, 3, 0 }, { 2304, VN_U8, 4, 0 }, { 1, VN_S_NONE, 0, "1-bit voxels" },
        { 32, VN_S_NONE, 0, "complex voxels" }, { 1536, VN_S_NONE, 0, "128-bit floating-point voxels" },
        { 1792, VN_S_NONE, 0, "complex voxels" }, { 2048, VN_S_NONE, 0, "complex voxels" },
    };
    static const int spm2[][2] = { { 130, 256 }, { 132, 512 }, { 136, 768 } };   /* in Analyze headers */
    int code = h->datatype;

    for (size_t i = 0; h->version == 0 && i < VN_COUNT(spm2); i++)
        if (spm2[i][0] == h->datatype)
            code = spm2[i][1];
    for (size_t i = 0; i < VN_COUNT(list); i++) {
        if (list[i].code != code)
            continue;
        if (list[i].stored == VN_S_NONE)
            return vn_fail(err, VN_E_UNSUPPORTED, "'%s' holds %s, which this version does not read", path,
                           list[i].name);
        *stored = list[i].stored;
        *per_voxel = list[i].n;
        return 0;
    }
    return vn_fail(err, VN_E_FORMAT, "'%s' says its voxels are of the unknown NIfTI type %d", path, h->datatype);
}

/* Memory for the words may be missing: *words NULL and err set. */
static int orientation(const struct vn_nifti *h, const struct vn_note *note, char **words, struct vn_err *err)
{
    static const char *const space[] = { "unknown", "scanner", "aligned", "Talairach", "MNI" };
    const int code = h->scode > 0 ? h->scode : h->qcode, unit = h->units & 7;
    char who[40];
    double m[3][4];

    if (!vn_nifti_affine(h, m))
        return 0;
    for (int i = 0; i < 12; i++) {
        double *d = &m[i / 4][i % 4];
        if (unit == 1 || unit == 3)                                /* metres, micrometres: no more digits than before */
            *d = (double)(float)(*d * (unit == 1 ? 1e3 : 1e-3));
        if (!isfinite(*d))
            return 0;
    }
    snprintf(who, sizeof who, "%s %d, %s", h->scode > 0 ? "sform" : "qform", code, code < 5 ? space[code] : "unknown");
    *words = vn_orient_words(m, note->origin, who, unit >= 1 && unit <= 3, err);
    return *words ? 0 : VN_E_MEMORY;
}

static void voxel_size(const struct vn_nifti *h, const char *path, const struct vn_open_opt *opt, double um[3])
{
    const int unit = h->units & 7;
    const double scale = unit == 1 ? 1e6 : unit == 2 ? 1e3 : unit == 3 ? 1 : 0;

    for (int k = 0; k < 3; k++)
        um[k] = h->version < 2 ? vn_round_float(fabs(h->pix[k]) * scale) : fabs(h->pix[k]) * scale;
    if (scale <= 0 && h->pix[0] > 0 && !opt->um)
        vn_open_note(opt, "'%s' gives the voxel size %.7g x %.7g x %.7g without a unit", path, h->pix[0], h->pix[1],
                     h->pix[2]);
}

/* Bytes between header and voxels: extensions, one of which may be Venule's note. */
static void read_note(struct vn_raw *r, const struct vn_nifti *h, const unsigned char *head, size_t n)
{
    size_t at = h->version == 1 ? VN_NIFTI1_SIZE : VN_NIFTI2_SIZE;

    if (h->offset < n)
        n = (size_t)h->offset;
    if (!h->pair && n > at + 4 && !vn_note_parse((const char *)head + at, n - at, r->dim, &r->note))
        r->note = (struct vn_note) { 0 };
}

static int set_up(struct vn_raw *r, const struct vn_nifti *h, const unsigned char *head, size_t n,
                  const struct vn_open_opt *opt, struct vn_err *err)
{
    static const int plain[] = { 0, 1, 2, 4, 3 }, colours[] = { 3, 0, 1, 2, 4 };
    int per_voxel = 1, rc = stored_type(h, r->path, &r->stored, &per_voxel, err);

    if (rc)
        return rc;
    if (h->dim[5] > 1 || h->dim[6] > 1 || (per_voxel > 1 && h->dim[4] > 1))
        return vn_fail(err, VN_E_UNSUPPORTED,
                       "'%s' has voxels along its %s dimension, which this version does not read", r->path,
                       h->dim[5] > 1 || h->dim[6] > 1 ? "6th or 7th" : "5th besides colours");
    for (int k = 0; k < 5; k++)
        r->dim[k] = k < 3 ? h->dim[k] : k == 3 ? per_voxel * h->dim[4] : h->dim[3];
    vn_raw_strides(r, per_voxel > 1 ? colours : plain, 5);
    r->swap = h->swap;
    r->lead = r->coding == VN_CODE_PLAIN ? h->offset : 0;
    r->skip = r->coding == VN_CODE_PLAIN ? 0 : h->offset;
    r->kind = h->intent == 1002 ? VN_LABELS : VN_IMAGE;
    if (isfinite(h->slope) && h->slope != 0 && isfinite(h->inter) && (h->slope != 1 || h->inter != 0) &&
        per_voxel == 1) {
        r->slope = h->slope;
        r->inter = h->inter;
    }
    read_note(r, h, head, n);
    voxel_size(h, r->path, opt, r->um);
    return 0;
}

static int nifti_open(const char *path, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err)
{
    unsigned char head[HEAD], magic[2] = { 0 };
    char *hdr = twin(path, ".img", ".hdr", NULL), *words = NULL;
    struct vn_raw r = { .path = hdr && access(hdr, R_OK) == 0 ? hdr : path, .n_file = 1 };
    size_t n = peek(r.path, head, sizeof head), got = 0;
    struct vn_nifti h = { 0 };
    uint64_t size;
    int fd, rc = vn_nifti_decode(head, n, r.path, &h, err);
    char *voxels = !rc && h.pair ? twin(r.path, ".hdr", ".img", err) : NULL;

    if (!rc && h.pair && !voxels)
        rc = vn_fail(
            err, VN_E_FORMAT,
            "'%s' is the header of a pair, but its name does not end in .hdr: where its voxels lie is not known", path);
    if (!rc && !(rc = vn_raw_fd(voxels ? voxels : r.path, &size, NULL, &fd, err))) {
        got = read(fd, magic, 2) == 2 ? 2 : 0;
        close(fd);
    } else if (voxels) {
        vn_err_prefix(err, "the voxels of '%s'", r.path);
    }
    r.coding = got == 2 && magic[0] == 0x1f && magic[1] == 0x8b ? VN_CODE_DEFLATE : VN_CODE_PLAIN;
    r.file = voxels ? &voxels : NULL;
    if (!rc && !(rc = set_up(&r, &h, head, n, opt, err)) && !(rc = orientation(&h, &r.note, &words, err))) {
        r.orientation = words;
        rc = vn_raw_open(&r, opt, out, err);
    }
    vn_free(words);
    vn_free(voxels);
    vn_free(hdr);
    return rc;
}

const struct vn_format vn_format_nifti = {
    .name = "nifti", .suffix = "nii|nii.gz", .probe = nifti_probe, .open = nifti_open, .save = vn_nifti_save,
};
