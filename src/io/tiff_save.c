/* tiff_save.c - writing TIFF page by page under a temporary name. */
#include "tiff_save.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "file.h"
#include "mem.h"
#include "note.h"
#include "tiff_file.h"

static const double PAGE_ROOM = 16e6;    /* bytes of voxels held while writing */

struct saving {
    struct vn_vol *v;
    const char *path;
    enum vn_type type;
    bool spread;                 /* masks: 1 becomes 255 */
    int64_t dim[3];
    uint32_t strip_rows;
    uint16_t scheme, predictor;
    struct vn_str text;          /* description of the first page */
};

static int choose_scheme(struct saving *s, const char *word, struct vn_err *err)
{
    static const struct { const char *word; uint16_t scheme; bool predicts; } list[] = {
        { "none", COMPRESSION_NONE, false }, { "lzw", COMPRESSION_LZW, true }, { "deflate", COMPRESSION_ADOBE_DEFLATE, true },
        { "zstd", COMPRESSION_ZSTD, true }, { "packbits", COMPRESSION_PACKBITS, false },
    };
    bool grey = s->v->kind == VN_IMAGE;

    if (!word)
        word = grey ? "none" : "deflate";
    for (size_t i = 0; i < VN_COUNT(list); i++) {
        if (strcmp(word, list[i].word) != 0)
            continue;
        s->scheme = list[i].scheme;
        /* Differences pay for grey values of 8 and 16 bits, which are also the depths other readers expect them in. */
        s->predictor = list[i].predicts && grey && vn_type_is_int(s->type) && vn_type_size(s->type) <= 2 ? PREDICTOR_HORIZONTAL : PREDICTOR_NONE;
        return 0;
    }
    return vn_fail(err, VN_E_ARG, "compress=%s: TIFF files are written with none, lzw, deflate, zstd or packbits", word);
}

static int describe(struct saving *s, const char *note, struct vn_err *err)
{
    const struct vn_grid *g = &s->v->grid;
    char r[32];

    vn_str_addf(&s->text, "ImageJ=1.53t\nimages=%" PRId64 "\nslices=%" PRId64 "\nloop=false\n", s->dim[2], s->dim[2]);
    if (vn_um_known(g))
        vn_str_addf(&s->text, "unit=um\nspacing=%s\n", vn_text_real(g->um[2], r));
    vn_note_print(s->v, note, &s->text);
    return s->text.failed ? vn_fail(err, VN_E_MEMORY, "no memory to describe '%s'", s->path) : 0;
}

static bool set_tags(const struct saving *s, TIFF *t, bool first)
{
    static const uint16_t format[] = { 1, 1, 1, 2, 2, 2, 3, 3 };
    const struct vn_grid *g = &s->v->grid;
    bool ok = TIFFSetField(t, TIFFTAG_IMAGEWIDTH, (uint32_t)s->dim[0]) && TIFFSetField(t, TIFFTAG_IMAGELENGTH, (uint32_t)s->dim[1]) &&
              TIFFSetField(t, TIFFTAG_BITSPERSAMPLE, (int)vn_type_size(s->type) * 8) && TIFFSetField(t, TIFFTAG_SAMPLESPERPIXEL, 1) &&
              TIFFSetField(t, TIFFTAG_SAMPLEFORMAT, format[s->type]) && TIFFSetField(t, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK) &&
              TIFFSetField(t, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) && TIFFSetField(t, TIFFTAG_COMPRESSION, s->scheme) &&
              TIFFSetField(t, TIFFTAG_ROWSPERSTRIP, s->strip_rows);
    if (ok && s->predictor != PREDICTOR_NONE)
        ok = TIFFSetField(t, TIFFTAG_PREDICTOR, s->predictor);
    if (ok && s->scheme == COMPRESSION_ADOBE_DEFLATE)
        ok = TIFFSetField(t, TIFFTAG_ZIPQUALITY, s->v->kind == VN_IMAGE ? 6 : 4);
    if (ok && vn_um_known(g))
        ok = TIFFSetField(t, TIFFTAG_XRESOLUTION, 1 / g->um[0]) && TIFFSetField(t, TIFFTAG_YRESOLUTION, 1 / g->um[1]) &&
             TIFFSetField(t, TIFFTAG_RESOLUTIONUNIT, RESUNIT_NONE);
    if (ok && first)
        ok = TIFFSetField(t, TIFFTAG_IMAGEDESCRIPTION, s->text.s) && TIFFSetField(t, TIFFTAG_SOFTWARE, "Venule " VN_VERSION);
    return ok;
}

/* Rows [y0, y1) of one page out of b, strip by strip. */
static int write_rows(const struct saving *s, struct vn_tiff *t, struct vn_buf *b, int64_t z, int64_t y0, int64_t y1, struct vn_err *err)
{
    const size_t row = (size_t)s->dim[0] * vn_type_size(s->type);

    for (int64_t y = y0; y < y1; y += s->strip_rows) {
        int64_t n = vn_min64(s->strip_rows, y1 - y);
        unsigned char *at = (unsigned char *)b->data + (size_t)vn_buf_at(b, b->box.lo[0], y + s->v->box.lo[1], z + s->v->box.lo[2]) * vn_type_size(s->type);
        for (size_t i = 0; s->spread && i < row * (size_t)n; i++)
            at[i] = at[i] ? 255 : 0;
        if (TIFFWriteEncodedStrip(t->tif, (uint32_t)(y / s->strip_rows), at, (tmsize_t)(row * (size_t)n)) < 0)
            return vn_tiff_fail(t, s->path, z, err);
    }
    return 0;
}

static int write_pages(const struct saving *s, struct vn_tiff *t, struct vn_job *job, struct vn_err *err)
{
    const struct vn_box *box = &s->v->box;
    const double room = PAGE_ROOM, row = (double)s->dim[0] * (double)vn_type_size(s->type), page = row * (double)s->dim[1];
    int64_t deep = page >= room ? 1 : vn_min64(s->dim[2], (int64_t)(room / page)), high = s->dim[1];
    uint64_t done = 0;
    int rc = 0;

    if (page > room) {                                   /* a part of a page at a time, whole strips */
        high = (int64_t)(room / row) / s->strip_rows * s->strip_rows;
        high = vn_min64(s->dim[1], high < s->strip_rows ? s->strip_rows : high);
    }
    for (int64_t z = 0; z < s->dim[2]; z += deep) {
        for (int64_t y = 0; y < s->dim[1]; y += high) {
            int64_t y1 = vn_min64(y + high, s->dim[1]), z1 = vn_min64(z + deep, s->dim[2]);
            struct vn_box part = { { box->lo[0], box->lo[1] + y, box->lo[2] + z }, { box->hi[0], box->lo[1] + y1, box->lo[2] + z1 } };
            struct vn_buf b = { 0 };
            rc = vn_buf_new(&b, s->type, &part, err);
            if (!rc)
                rc = vn_vol_read(s->v, VN_PAD_ZERO, &b, job, err);
            for (int64_t k = z; !rc && k < z1; k++) {
                if ((rc = vn_job_check(job, err)))
                    break;
                if (y == 0 && !set_tags(s, t->tif, k == 0))
                    rc = vn_tiff_fail(t, s->path, k, err);
                if (!rc)
                    rc = write_rows(s, t, &b, k, y, y1, err);
                if (!rc && y1 == s->dim[1] && !TIFFWriteDirectory(t->tif))
                    rc = vn_tiff_fail(t, s->path, k, err);
                done += (uint64_t)(y1 - y);
                vn_job_step(job, done, (uint64_t)s->dim[1] * (uint64_t)s->dim[2]);
            }
            vn_buf_free(&b);
            if (rc)
                return rc;
        }
    }
    return 0;
}

int vn_tiff_save(struct vn_vol *v, const char *path, const struct vn_save_opt *opt, struct vn_job *job, struct vn_err *err)
{
    struct saving s = { .v = v, .path = path, .type = v->src->type };
    struct vn_file *f = NULL;
    struct vn_tiff *t = NULL;
    int fd = -1, rc;

    if (v->kind == VN_MASK || v->kind == VN_SKELETON) {
        s.spread = true;
        s.type = VN_U8;
    }
    for (int k = 0; k < 3; k++)
        s.dim[k] = vn_box_dim(&v->box, k);
    if (s.dim[0] > INT32_MAX || s.dim[1] > INT32_MAX || s.dim[0] < 1 || s.dim[1] < 1 || s.dim[2] < 1)
        return vn_fail(err, VN_E_ARG, "pages of %" PRId64 "x%" PRId64 " cannot be written as TIFF", s.dim[0], s.dim[1]);
    double row = (double)s.dim[0] * (double)vn_type_size(s.type), total = row * (double)s.dim[1] * (double)s.dim[2];
    double rows = 262144 / row;
    s.strip_rows = (uint32_t)(rows < 1 ? 1 : rows > (double)s.dim[1] ? (double)s.dim[1] : rows);
    if ((rc = choose_scheme(&s, opt->compress, err)) || (rc = describe(&s, opt->note, err)))
        goto out;
    if (s.scheme == COMPRESSION_NONE && row * (double)s.dim[1] <= PAGE_ROOM)
        s.strip_rows = (uint32_t)s.dim[1];               /* one strip a page: its rows can be read singly all the same */
    f = vn_file_begin(path, opt->force, err);
    if (!f) {
        rc = err && err->code ? err->code : VN_E_IO;
        goto out;
    }
    fd = open(vn_file_temp(f), O_RDWR | O_CLOEXEC);      /* libtiff also reads what it wrote; the stream only writes */
    if (fd < 0) {
        rc = vn_fail(err, VN_E_IO, "cannot write '%s': %s", path, strerror(errno));
        goto out;
    }
    double worst = s.scheme == COMPRESSION_LZW ? 1.5 : 1.01;     /* LZW makes 12 bits of a byte that it has not seen */
    rc = vn_tiff_new(fd, path, worst * total + 1024.0 * (double)s.dim[2] > 4.1e9 ? "w8m" : "wm", &t, err);
    if (!rc)
        rc = write_pages(&s, t, job, err);
    if (!rc) {
        t->msg[0] = 0;
        if (!TIFFFlush(t->tif) || t->errnum)
            rc = vn_tiff_fail(t, path, -1, err);
    }
out:
    vn_tiff_free(t);
    if (fd >= 0)
        close(fd);
    vn_str_free(&s.text);
    if (f && rc)
        vn_file_abort(f);
    else if (f)
        rc = vn_file_commit(f, err);
    return rc;
}
