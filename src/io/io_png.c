/* io_png.c - a PNG picture as a volume of one plane: what slices are often exported as.
 *
 * Stored values, never scaled: 1 to 16 bits as they are, samples as channels.  Palettes as in TIFF files: greys give their
 * grey, any other gives the stored value as channel 0 and its red, green and blue as 1 to 3.  The resolution of a picture is
 * not a voxel size.  libpng decodes from the first row on, so chunks are whole planes unless those are large. */
#include <inttypes.h>
#include <png.h>
#include <setjmp.h>
#include <string.h>
#include <unistd.h>
#include "file_src.h"
#include "mem.h"

enum { CHUNK_BYTES = 64 << 20 };

struct png_src {
    struct vn_file_src f;
    uint32_t w, h;
    int bits, samples, sample;
    int palette, colour;                /* as in tiff_open.c: 0 none, 1 grey, 3 colours; which of them is wanted, -1 none */
    bool interlaced;
    uint8_t map[3][256];
};

struct decoder {
    const struct vn_file_src *f;
    uint64_t at;
    png_structp png;
    png_infop info;
    int code;                           /* of a failed read */
    struct vn_err *err;
    char msg[160];
};

static void png_free_src(struct vn_src *src)
{
    struct png_src *s = (struct png_src *)src;
    vn_file_src_done(&s->f);
    vn_free(s);
}

static void on_error(png_structp png, png_const_charp text)
{
    struct decoder *d = png_get_error_ptr(png);
    if (!d->msg[0])
        snprintf(d->msg, sizeof d->msg, "%s", text);
    png_longjmp(png, 1);
}
static void on_warning(png_structp png, png_const_charp text) { (void)png, (void)text; }

static void on_read(png_structp png, png_bytep to, size_t n)
{
    struct decoder *d = png_get_io_ptr(png);
    d->code = vn_file_pread(d->f, to, d->at, n, d->err);
    if (d->code)
        png_error(png, "the file could not be read");
    d->at += n;
}

static int failed(const struct decoder *d)
{
    if (d->code)                        /* the reading said why */
        return d->code;
    return vn_fail(d->err, VN_E_FORMAT, "'%s': %s", d->f->path, d->msg[0] ? d->msg : "libpng could not read it");
}

static int decoder_new(struct decoder *d, const struct vn_file_src *f, struct vn_err *err)
{
    *d = (struct decoder) { .f = f, .err = err };
    d->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, d, on_error, on_warning);
    d->info = d->png ? png_create_info_struct(d->png) : NULL;
    if (!d->info) {
        png_destroy_read_struct(&d->png, NULL, NULL);
        return vn_fail(err, VN_E_MEMORY, "no memory to read '%s'", f->path);
    }
    png_set_read_fn(d->png, d, on_read);
    png_set_user_limits(d->png, INT32_MAX, INT32_MAX);
    return 0;
}

static int read_header(struct png_src *s, struct vn_err *err)
{
    struct decoder d;
    png_colorp pal = NULL;
    int n_pal = 0, rc = decoder_new(&d, &s->f, err);

    if (rc)
        return rc;
    if (setjmp(png_jmpbuf(d.png))) {
        png_destroy_read_struct(&d.png, &d.info, NULL);
        return failed(&d);
    }
    png_read_info(d.png, d.info);
    s->w = png_get_image_width(d.png, d.info);
    s->h = png_get_image_height(d.png, d.info);
    s->bits = png_get_bit_depth(d.png, d.info);
    s->samples = png_get_channels(d.png, d.info);
    s->interlaced = png_get_interlace_type(d.png, d.info) != PNG_INTERLACE_NONE;
    if (png_get_color_type(d.png, d.info) == PNG_COLOR_TYPE_PALETTE && png_get_PLTE(d.png, d.info, &pal, &n_pal)) {
        bool grey = true, same = true;
        for (int i = 0; i < n_pal && i < 256; i++) {
            s->map[0][i] = pal[i].red;
            s->map[1][i] = pal[i].green;
            s->map[2][i] = pal[i].blue;
            grey = grey && pal[i].red == pal[i].green && pal[i].green == pal[i].blue;
            same = same && pal[i].red == i;
        }
        s->palette = !grey ? 3 : same ? 0 : 1;
    }
    png_destroy_read_struct(&d.png, &d.info, NULL);
    return 0;
}

static const struct vn_src_ops png_ops;

static int png_open(const char *path, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err)
{
    struct png_src *s = vn_calloc(1, sizeof *s, err);
    const struct vn_note none = { 0 };
    enum vn_kind kind;
    int rc;

    if (!s)
        return VN_E_MEMORY;
    if ((rc = vn_file_src_init(&s->f, &png_ops, path, err))) {
        vn_free(s);
        return rc;
    }
    if ((rc = read_header(s, err)))
        goto out;
    const int n_channel = s->palette == 3 ? 4 : s->samples;
    if (opt->channel < 0 || opt->channel >= n_channel) {
        rc = vn_fail(err, VN_E_ARG, "channel=%d: '%s' has %d channel%s (0 is the first)", opt->channel, path, n_channel, n_channel > 1 ? "s" : "");
        goto out;
    }
    if (opt->time) {
        rc = vn_fail(err, VN_E_ARG, "time=%d: '%s' has 1 time point (0 is the first)", opt->time, path);
        goto out;
    }
    s->colour = s->palette == 1 ? 0 : s->palette == 3 ? opt->channel - 1 : -1;
    s->sample = s->palette ? 0 : opt->channel;
    s->f.map.stored = s->bits == 16 ? VN_U16 : VN_U8;
    if ((rc = vn_file_kind(opt, &none, s->bits == 1 && (s->colour < 0 || s->palette == 1) ? VN_MASK : VN_IMAGE, &kind, err)) ||
        (rc = vn_rowmap_plan(&s->f.map, kind, path, err)))
        goto out;
    if (s->palette == 3)
        vn_open_note(opt, "the file shows its values through a palette: channel 0 is the stored values, channels 1 to 3 their red, green and blue");
    const int64_t dims[3] = { s->w, s->h, 1 }, row = (int64_t)s->w * s->samples * (s->bits == 16 ? 2 : 1);
    memcpy(s->f.src.box.hi, dims, sizeof dims);
    memcpy(s->f.src.chunk, dims, sizeof dims);
    s->f.src.chunk[1] = vn_max64(1, vn_min64(dims[1], CHUNK_BYTES / row));
    return vn_file_src_volume(&s->f, opt, &none, kind, n_channel, 1, out, err);
out:
    png_free_src(&s->f.src);
    return rc;
}

/* The wanted sample of n pixels from x on, out of a row of bytes or 16-bit numbers. */
static void pick(const struct png_src *s, const unsigned char *row, int64_t x, int64_t n, unsigned char *out)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t at = (x + i) * s->samples + s->sample;
        if (s->bits == 16)
            memcpy(out + 2 * i, row + 2 * at, 2);
        else
            out[i] = s->colour >= 0 ? s->map[s->colour][row[at]] : row[at];
    }
}

/* Decodes into rows (one row, or all of them when the passes interlace) and passes on those of the box. */
static int decode(const struct png_src *s, struct decoder *d, unsigned char *rows, size_t row_bytes, unsigned char *line, struct vn_buf *dst, struct vn_job *job)
{
    const struct vn_box *b = &dst->box;
    const int64_t n = vn_box_dim(b, 0);
    volatile int rc = 0;

    if (setjmp(png_jmpbuf(d->png)))
        return failed(d);
    png_read_info(d->png, d->info);
    png_set_packing(d->png);
    if (s->bits == 16 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
        png_set_swap(d->png);
    const int passes = png_set_interlace_handling(d->png);
    png_read_update_info(d->png, d->info);
    if (png_get_rowbytes(d->png, d->info) != row_bytes || png_get_image_height(d->png, d->info) != s->h)
        return vn_fail(d->err, VN_E_IO, "'%s' has changed since it was opened", s->f.path);
    for (int pass = 0; pass < passes; pass++)
        for (int64_t y = 0; y < s->h && (s->interlaced || y < b->hi[1]); y++) {
            unsigned char *row = rows + (s->interlaced ? (size_t)y * row_bytes : 0);
            if (y % 256 == 0 && vn_job_stop(job))
                return vn_fail(d->err, VN_E_CANCELLED, "cancelled");
            png_read_row(d->png, row, NULL);
            if (pass + 1 < passes || y < b->lo[1] || y >= b->hi[1])
                continue;
            pick(s, row, b->lo[0], n, line);
            rc = vn_rowmap_row(&s->f.map, line, (char *)dst->data + (size_t)vn_buf_at(dst, b->lo[0], y, b->lo[2]) * vn_type_size(dst->type), n, s->f.path, d->err);
            if (rc)
                return rc;
        }
    if (b->hi[1] >= s->h)
        png_read_end(d->png, NULL);                      /* checksums of the rest */
    return 0;
}

static int png_read(struct vn_src *src, int level, struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    const struct png_src *s = (const struct png_src *)src;
    const size_t row_bytes = (size_t)s->w * (size_t)s->samples * (s->bits == 16 ? 2 : 1);
    unsigned char *rows, *line;
    struct decoder d;
    uint64_t all;
    int rc;

    (void)level;
    if (!vn_mul(row_bytes, s->interlaced ? s->h : 1, &all))
        return vn_fail(err, VN_E_MEMORY, "'%s' is too large to be read at once, as an interlaced picture must be", s->f.path);
    rows = vn_alloc(all, err);
    line = rows ? vn_alloc((uint64_t)vn_box_dim(&dst->box, 0) * 2, err) : NULL;
    rc = line ? decoder_new(&d, &s->f, err) : VN_E_MEMORY;
    if (!rc) {
        rc = decode(s, &d, rows, row_bytes, line, dst, job);
        png_destroy_read_struct(&d.png, &d.info, NULL);
    }
    vn_free(line);
    vn_free(rows);
    return rc;
}

static const struct vn_src_ops png_ops = { png_read, png_free_src };

static bool png_probe(const char *path, const unsigned char *head, size_t n)
{
    (void)path;
    return n >= 8 && memcmp(head, "\x89PNG\r\n\x1a\n", 8) == 0;
}

const struct vn_format vn_format_png = { .name = "png", .probe = png_probe, .open = png_open };
