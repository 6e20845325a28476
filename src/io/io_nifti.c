/* io_nifti.c - NIfTI-1/2 as volumes: .nii, .nii.gz, and pairs of .hdr and .img.
 *
 * Dimension 4 is time, 5 is channel.  Lengths become um by xyzt_units; a file that names no unit has no known voxel size.
 * scl_slope and scl_inter are applied.  The file's orientation is kept as words with its matrix and written back. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include "file_src.h"
#include "gz_read.h"
#include "mem.h"
#include "nifti_hdr.h"
#include "nifti_save.h"

struct nifti_src {
    struct vn_file_src f;
    struct vn_gz *gz;            /* NULL: not compressed */
    uint64_t first;              /* offset of the first voxel of this channel and time */
    int64_t w, h;
    size_t size;                 /* of a stored number */
};

static void nifti_free(struct vn_src *src)
{
    struct nifti_src *s = (struct nifti_src *)src;
    vn_gz_free(s->gz);
    vn_file_src_done(&s->f);
    vn_free(s);
}

static int read_bytes(struct nifti_src *s, void *buf, uint64_t at, uint64_t n, struct vn_job *job, struct vn_err *err)
{
    return s->gz ? vn_gz_read(s->gz, buf, at, n, job, err) : vn_file_pread(&s->f, buf, at, n, err);
}

/* Whole rows when the box has them, so that a chunk is one read. */
static int nifti_read(struct vn_src *src, int level, struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    struct nifti_src *s = (struct nifti_src *)src;
    const struct vn_box *b = &dst->box;
    const int64_t *lo = src->box.lo, n = vn_box_dim(b, 0), rows = vn_box_dim(b, 1), planes = vn_box_dim(b, 2);
    bool whole_rows = n == s->w, whole_planes = whole_rows && rows == s->h;
    int64_t at_once = whole_planes ? rows * planes : whole_rows ? rows : 1, total = rows * planes;
    int rc = 0;

    (void)level;
    unsigned char *raw = vn_alloc((uint64_t)(at_once * n) * s->size, err);
    if (!raw)
        return VN_E_MEMORY;
    for (int64_t i = 0; !rc && i < total; i += at_once) {
        int64_t y = b->lo[1] + i % rows, z = b->lo[2] + i / rows;
        uint64_t at = s->first + (uint64_t)(((z - lo[2]) * s->h + y - lo[1]) * s->w + b->lo[0] - lo[0]) * s->size;
        rc = read_bytes(s, raw, at, (uint64_t)(at_once * n) * s->size, job, err);
        for (int64_t k = i; !rc && k < i + at_once; k++) {
            char *to = (char *)dst->data + (size_t)vn_buf_at(dst, b->lo[0], b->lo[1] + k % rows, b->lo[2] + k / rows) * vn_type_size(dst->type);
            rc = vn_rowmap_row(&s->f.map, raw + (size_t)((k - i) * n) * s->size, to, n, s->f.path, err);
        }
        if (!rc && vn_job_stop(job))
            rc = vn_fail(err, VN_E_CANCELLED, "cancelled");
    }
    vn_free(raw);
    return rc;
}

static const struct vn_src_ops nifti_ops = { nifti_read, nifti_free };

/* ---- header ---- */

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

static bool nifti_probe(const char *path, const unsigned char *head, size_t n)
{
    unsigned char b[VN_NIFTI2_SIZE];

    if (n >= 2 && head[0] == 0x1f && head[1] == 0x8b)
        return vn_nifti_like(b, peek(path, b, sizeof b));
    return vn_nifti_like(head, n);
}

static int stored_type(const struct vn_nifti *h, const char *path, int *stored, struct vn_err *err)
{
    static const struct { int code, stored; const char *name; } list[] = {
        { 2, VN_U8, 0 }, { 4, VN_I16, 0 }, { 8, VN_I32, 0 }, { 16, VN_F32, 0 }, { 64, VN_F64, 0 }, { 256, VN_I8, 0 }, { 512, VN_U16, 0 },
        { 768, VN_U32, 0 }, { 1024, VN_S_I64, 0 }, { 1280, VN_S_U64, 0 }, { 1, VN_S_NONE, "1-bit voxels" }, { 32, VN_S_NONE, "complex voxels" },
        { 128, VN_S_NONE, "RGB colour" }, { 1536, VN_S_NONE, "128-bit floating-point voxels" }, { 1792, VN_S_NONE, "complex voxels" },
        { 2048, VN_S_NONE, "complex voxels" }, { 2304, VN_S_NONE, "RGBA colour" },
    };
    for (size_t i = 0; i < VN_COUNT(list); i++) {
        if (list[i].code != h->datatype)
            continue;
        if (list[i].stored == VN_S_NONE)
            return vn_fail(err, VN_E_UNSUPPORTED, "'%s' holds %s, which this version does not read", path, list[i].name);
        *stored = list[i].stored;
        return 0;
    }
    return vn_fail(err, VN_E_FORMAT, "'%s' says its voxels are of the unknown NIfTI type %d", path, h->datatype);
}

/* The file's orientation in words, with the matrix (voxel to mm) that vn_nifti_save reads back. */
static char *orientation(const struct vn_nifti *h, struct vn_err *err)
{
    static const char *const space[] = { "unknown", "scanner", "aligned", "Talairach", "MNI" };
    double m[3][4];
    char axes[4];
    int code = h->scode > 0 ? h->scode : h->qcode;

    if (!vn_nifti_affine(h, m))
        return NULL;
    vn_nifti_axes(m, axes);
    return vn_sprintf(err, "%s (%s %d, %s; mm: %.7g %.7g %.7g %.7g; %.7g %.7g %.7g %.7g; %.7g %.7g %.7g %.7g)", axes, h->scode > 0 ? "sform" : "qform", code,
                      code < 5 ? space[code] : "unknown", m[0][0], m[0][1], m[0][2], m[0][3], m[1][0], m[1][1], m[1][2], m[1][3], m[2][0], m[2][1], m[2][2], m[2][3]);
}

static void voxel_size(const struct vn_nifti *h, double um[3])
{
    const int unit = h->units & 7;
    const double scale = unit == 1 ? 1e6 : unit == 2 ? 1e3 : unit == 3 ? 1 : 0;

    for (int k = 0; k < 3; k++) {
        um[k] = h->version == 1 ? vn_round_float(fabs(h->pix[k]) * scale) : fabs(h->pix[k]) * scale;
        if (!(um[k] >= 1e-6 && um[k] <= 1e8))
            um[k] = 0;
    }
}

/* Bytes between header and voxels: extensions, one of which may be Venule's note. */
static bool read_note(struct nifti_src *s, const struct vn_nifti *h, const int64_t dims[3], struct vn_note *note)
{
    uint64_t at = h->version == 1 ? VN_NIFTI1_SIZE : VN_NIFTI2_SIZE;
    char text[4096];

    if (h->pair || h->offset <= at + 4)
        return false;
    uint64_t n = h->offset - at < sizeof text ? h->offset - at : sizeof text;
    return read_bytes(s, text, at, n, NULL, NULL) == 0 && vn_note_parse(text, n, dims, note);
}

/* ".hdr" (or ".hdr.gz") turned into ".img". */
static char *image_path(const char *path, struct vn_err *err)
{
    char *p = vn_strdup(path, err);
    char *dot = p ? strrchr(p, '.') : NULL;

    if (dot && strcmp(dot, ".gz") == 0) {
        *dot = 0;
        char *inner = strrchr(p, '.');
        *dot = '.';
        dot = inner;
    }
    if (dot && strlen(dot) >= 4 && (memcmp(dot, ".hdr", 4) == 0 || memcmp(dot, ".HDR", 4) == 0))
        memcpy(dot, dot[1] == 'h' ? ".img" : ".IMG", 4);
    return p;
}

static int open_voxels(struct nifti_src *s, const struct vn_nifti *h, const char *path, uint64_t bytes, struct vn_err *err)
{
    unsigned char magic[2] = { 0 };
    char *voxels = h->pair ? image_path(path, err) : NULL;
    int rc;

    if (h->pair && !voxels)
        return VN_E_MEMORY;
    rc = vn_file_src_init(&s->f, &nifti_ops, h->pair ? voxels : path, err);
    if (rc)
        vn_err_prefix(err, "the voxels of '%s'", path);
    vn_free(voxels);
    if (rc)
        return rc;
    if (s->f.size >= 2 && (rc = vn_file_pread(&s->f, magic, 0, 2, err)))
        return rc;
    if (magic[0] == 0x1f && magic[1] == 0x8b) {
        s->gz = vn_gz_new(s->f.fd, s->f.path, h->offset + bytes, err);
        return s->gz ? 0 : VN_E_MEMORY;
    }
    if (bytes > s->f.size || h->offset > s->f.size - bytes)
        return vn_fail(err, VN_E_FORMAT, "'%s' ends at byte %" PRIu64 ", but its voxels go up to %" PRIu64 ": it was cut short", s->f.path, s->f.size, h->offset + bytes);
    return 0;
}

static int set_up(struct nifti_src *s, const struct vn_nifti *h, const char *path, const struct vn_open_opt *opt, struct vn_note *note, struct vn_err *err)
{
    const int64_t dims[3] = { h->dim[0], h->dim[1], h->dim[2] };
    uint64_t volume = s->size, all;
    bool fits = true;

    for (int i = 0; i < 3; i++)
        fits = fits && vn_mul(volume, (uint64_t)h->dim[i], &volume);
    all = volume;
    for (int i = 3; i < 5; i++)
        fits = fits && vn_mul(all, (uint64_t)h->dim[i], &all);
    if (!fits || all > INT64_MAX / 2)
        return vn_fail(err, VN_E_FORMAT, "'%s' says it has %" PRId64 "x%" PRId64 "x%" PRId64 "x%" PRId64 "x%" PRId64 " voxels", path,
                       h->dim[0], h->dim[1], h->dim[2], h->dim[3], h->dim[4]);
    if (h->dim[5] > 1 || h->dim[6] > 1)
        return vn_fail(err, VN_E_UNSUPPORTED, "'%s' has voxels along its 6th or 7th dimension, which this version does not read", path);
    if (opt->time < 0 || opt->time >= h->dim[3])
        return vn_fail(err, VN_E_ARG, "time=%d: '%s' has %" PRId64 " time point%s (0 is the first)", opt->time, path, h->dim[3], h->dim[3] > 1 ? "s" : "");
    if (opt->channel < 0 || opt->channel >= h->dim[4])
        return vn_fail(err, VN_E_ARG, "channel=%d: '%s' has %" PRId64 " channel%s (0 is the first)", opt->channel, path, h->dim[4], h->dim[4] > 1 ? "s" : "");
    uint64_t skip = ((uint64_t)opt->channel * (uint64_t)h->dim[3] + (uint64_t)opt->time) * volume;
    int rc = open_voxels(s, h, path, all, err);
    if (rc)
        return rc;
    s->first = h->offset + skip;
    s->w = dims[0];
    s->h = dims[1];
    memcpy(s->f.src.box.hi, dims, sizeof dims);
    voxel_size(h, s->f.src.grid.um);
    if (read_note(s, h, dims, note)) {
        bool agree = true;               /* exact sizes from the note, unless the header was changed since */
        for (int k = 0; k < 3; k++)
            agree = agree && note->um[k] > 0 && fabs(note->um[k] - s->f.src.grid.um[k]) < 1e-4 * note->um[k];
        if (agree)
            memcpy(s->f.src.grid.um, note->um, sizeof note->um);
    }
    vn_chunk_rows(dims, s->size, 1, s->f.src.chunk);
    if (s->gz) {                         /* pieces in the order of decoding: whole planes, about 2 MB */
        double plane = (double)volume / (double)dims[2];
        s->f.src.chunk[1] = dims[1];
        s->f.src.chunk[2] = plane >= 2e6 ? 1 : vn_min64(dims[2], (int64_t)(2e6 / plane));
        if (plane > 16e6) {
            double rows = 4e6 / (plane / (double)dims[1]);
            s->f.src.chunk[1] = rows < 1 ? 1 : (int64_t)rows;
        }
    }
    return 0;
}

static int nifti_open(const char *path, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err)
{
    unsigned char head[VN_NIFTI2_SIZE];
    struct vn_nifti h;
    struct vn_note note = { 0 };
    enum vn_kind kind;

    int rc = vn_nifti_decode(head, peek(path, head, sizeof head), path, &h, err);
    if (rc)
        return rc;
    struct nifti_src *s = vn_calloc(1, sizeof *s, err);
    if (!s)
        return VN_E_MEMORY;
    s->f.fd = -1;
    if ((rc = stored_type(&h, path, &s->f.map.stored, err)))
        goto out;
    s->size = vn_stored_size(s->f.map.stored);
    s->f.map.swap = h.swap;
    if (isfinite(h.slope) && h.slope != 0 && isfinite(h.inter) && (h.slope != 1 || h.inter != 0)) {
        s->f.map.slope = h.slope;
        s->f.map.inter = h.inter;
    }
    if ((rc = set_up(s, &h, path, opt, &note, err)))
        goto out;
    if ((rc = vn_file_kind(opt, &note, h.intent == 1002 ? VN_LABELS : VN_IMAGE, &kind, err)) || (rc = vn_rowmap_plan(&s->f.map, kind, path, err)))
        goto out;
    char *words = orientation(&h, err);
    rc = vn_file_src_volume(&s->f, opt, &note, kind, h.dim[4], h.dim[3], out, err);
    if (rc)
        vn_free(words);
    else
        (*out)->orientation = words;
    return rc;
out:
    nifti_free(&s->f.src);
    return rc;
}

const struct vn_format vn_format_nifti = {
    .name = "nifti", .suffix = "nii|nii.gz", .probe = nifti_probe, .open = nifti_open, .save = vn_nifti_save,
};
