/* io_tiff.c - TIFF stacks as volumes: pages are planes, samples are channels.
 *
 * Opening reads the page directories and the first page's tags.  Sub-byte and odd depths are widened, photometric "white is
 * zero" is turned round, palettes give their index.  What a page can hold that is not numbers on a grid (YCbCr, CIE Lab,
 * LogLuv) is refused by name.  Every page is checked against the first before its voxels are used. */
#include <inttypes.h>
#include <string.h>
#include "file_src.h"
#include "mem.h"
#include "tiff_file.h"
#include "tiff_meta.h"
#include "tiff_save.h"

struct layout {                 /* what pages have in common */
    uint32_t w, h;
    uint16_t bits, samples, planar, format, photo;
};
struct tiff_src {
    struct vn_file_src f;
    struct vn_tiff_dir dir;
    struct vn_tiff_meta meta;
    struct vn_tiff_pool pool;
    struct layout lay;
    struct vn_rowmap plain;     /* f.map for bytes that libtiff has not put into this machine's order */
    int64_t plane_c;            /* channel among the pages */
    int sample;                 /* and within the pixel */
    int time;
};

static void tiff_free(struct vn_src *src)
{
    struct tiff_src *s = (struct tiff_src *)src;

    while (s->pool.idle) {
        struct vn_tiff *t = s->pool.idle;
        s->pool.idle = t->next;
        vn_tiff_free(t);
    }
    pthread_mutex_destroy(&s->pool.lock);
    vn_tiff_dir_free(&s->dir);
    vn_tiff_meta_free(&s->meta);
    vn_file_src_done(&s->f);
    vn_free(s);
}

/* ---- tags ---- */

static uint16_t tag16(TIFF *t, uint32_t tag, uint16_t none)
{
    uint16_t v = none;
    TIFFGetFieldDefaulted(t, tag, &v);
    return v;
}

static void read_layout(TIFF *t, struct layout *l)
{
    memset(l, 0, sizeof *l);                             /* padding too: layouts are compared as bytes */
    TIFFGetField(t, TIFFTAG_IMAGEWIDTH, &l->w);
    TIFFGetField(t, TIFFTAG_IMAGELENGTH, &l->h);
    l->bits = tag16(t, TIFFTAG_BITSPERSAMPLE, 1);
    l->samples = tag16(t, TIFFTAG_SAMPLESPERPIXEL, 1);
    l->planar = l->samples > 1 ? tag16(t, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) : PLANARCONFIG_CONTIG;
    l->format = tag16(t, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
    if (l->format == SAMPLEFORMAT_VOID)
        l->format = SAMPLEFORMAT_UINT;
    l->photo = PHOTOMETRIC_MINISBLACK;
    TIFFGetField(t, TIFFTAG_PHOTOMETRIC, &l->photo);
}

static int unsupported(const struct tiff_src *s, const char *what, struct vn_err *err)
{
    return vn_fail(err, VN_E_UNSUPPORTED, "'%s' holds %s, which this version does not read", s->f.path, what);
}

/* Type of the stored samples, after bits were widened to whole bytes. */
static int stored_type(const struct layout *l)
{
    if (l->format == SAMPLEFORMAT_UINT && l->bits >= 1 && l->bits <= 32)
        return l->bits <= 8 ? VN_U8 : l->bits <= 16 ? VN_U16 : VN_U32;
    if (l->format == SAMPLEFORMAT_UINT && l->bits == 64)
        return VN_S_U64;
    if (l->format == SAMPLEFORMAT_INT)
        return l->bits == 8 ? VN_I8 : l->bits == 16 ? VN_I16 : l->bits == 32 ? VN_I32 : l->bits == 64 ? VN_S_I64 : VN_S_NONE;
    if (l->format == SAMPLEFORMAT_IEEEFP)
        return l->bits == 16 ? VN_S_F16 : l->bits == 32 ? VN_F32 : l->bits == 64 ? VN_F64 : VN_S_NONE;
    return VN_S_NONE;
}

static int check_layout(struct tiff_src *s, TIFF *t, struct vn_err *err)
{
    const struct layout *l = &s->lay;
    uint16_t scheme = tag16(t, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
    uint32_t depth = 1;
    char what[80];

    if (!l->w || !l->h || !l->samples)
        return vn_fail(err, VN_E_FORMAT, "'%s' is %ux%u pixels of %u samples", s->f.path, l->w, l->h, l->samples);
    if (s->dir.other)
        return vn_fail(err, VN_E_UNSUPPORTED, "'%s' is a %s, which this version does not read", s->f.path, s->dir.other);
    if ((TIFFGetField(t, TIFFTAG_IMAGEDEPTH, &depth) && depth > 1) || (TIFFGetField(t, TIFFTAG_TILEDEPTH, &depth) && depth > 1))
        return unsupported(s, "pages with a depth of their own (SGI volumes)", err);
    switch (l->photo) {
    case PHOTOMETRIC_YCBCR:  return unsupported(s, "YCbCr colour", err);
    case PHOTOMETRIC_CIELAB: case PHOTOMETRIC_ICCLAB: case PHOTOMETRIC_ITULAB: return unsupported(s, "CIE Lab colour", err);
    case PHOTOMETRIC_LOGL: case PHOTOMETRIC_LOGLUV: return unsupported(s, "LogLuv colour", err);
    }
    if (!TIFFIsCODECConfigured(scheme)) {
        const TIFFCodec *c = TIFFFindCODEC(scheme);
        snprintf(what, sizeof what, "%s compression (scheme %u)", c ? c->name : "unknown", scheme);
        return unsupported(s, what, err);
    }
    if (s->dir.page[0].predictor > 1 && scheme != COMPRESSION_LZW && scheme != COMPRESSION_ADOBE_DEFLATE && scheme != COMPRESSION_DEFLATE &&
        scheme != COMPRESSION_ZSTD && scheme != COMPRESSION_LZMA)
        return unsupported(s, "differences (a predictor) without a compression that has them", err);
    s->f.map.stored = stored_type(l);
    if (s->f.map.stored == VN_S_NONE) {
        snprintf(what, sizeof what, "%u-bit %s samples", l->bits, l->format == SAMPLEFORMAT_UINT ? "whole" : l->format == SAMPLEFORMAT_INT ? "signed" :
                 l->format == SAMPLEFORMAT_IEEEFP ? "floating-point" : "complex");
        return unsupported(s, what, err);
    }
    if (l->photo == PHOTOMETRIC_MINISWHITE && l->format == SAMPLEFORMAT_UINT && l->bits <= 32)
        s->f.map.invert = (double)((UINT64_C(1) << l->bits) - 1);
    return 0;
}

/* ---- opening ---- */

/* One directory, many images: ImageJ's way past 4 GB is raw planes one after the other. */
static int spread_images(struct tiff_src *s, struct vn_err *err)
{
    struct vn_tiff_page first = s->dir.page[0];
    uint64_t plane = (uint64_t)s->lay.w * s->lay.h * s->lay.samples * (s->lay.bits / 8), n = (uint64_t)s->meta.images, all;

    if (!first.raw)
        return vn_fail(err, VN_E_UNSUPPORTED, "'%s' says it holds %" PRIu64 " images but has one page, and not of plain uncompressed voxels", s->f.path, n);
    if (!vn_mul(plane, n, &all) || all > s->f.size || first.raw > s->f.size - all)
        return vn_fail(err, VN_E_FORMAT, "'%s' says it holds %" PRIu64 " images of %" PRIu64 " bytes, but the file ends at byte %" PRIu64 ": it was cut short",
                       s->f.path, n, plane, s->f.size);
    struct vn_tiff_page *page = vn_alloc(n * sizeof *page, err);
    if (!page)
        return VN_E_MEMORY;
    for (uint64_t i = 0; i < n; i++) {
        page[i] = first;
        page[i].raw = first.raw + i * plane;
    }
    vn_free(s->dir.page);
    s->dir.page = page;
    s->dir.n = (int64_t)n;
    return 0;
}

/* The pages of the wanted channel and time agree, as far as their directories say, and uncompressed ones are all there. */
static int check_pages(const struct tiff_src *s, int64_t time, struct vn_err *err)
{
    const struct layout *l = &s->lay;
    const struct vn_tiff_page *first = &s->dir.page[0];
    uint64_t plane = (uint64_t)l->w * l->h * l->bits / 8;

    for (int64_t z = 0; z < s->meta.nz; z++) {
        int64_t i = vn_tiff_meta_page(&s->meta, z, s->plane_c, time);
        const struct vn_tiff_page *p = &s->dir.page[i];
        if ((p->w && p->w != l->w) || (p->h && p->h != l->h))
            return vn_fail(err, VN_E_UNSUPPORTED, "'%s': page %" PRId64 " is %ux%u and page 1 is %ux%u, so they are not planes of one volume",
                           s->f.path, i + 1, p->w, p->h, l->w, l->h);
        if (p->raw && (p->format != first->format || p->photo != first->photo))
            return vn_fail(err, VN_E_UNSUPPORTED, "'%s': page %" PRId64 " has another kind of samples than page 1, so they are not planes of one volume",
                           s->f.path, i + 1);
        if (p->raw && (plane > s->f.size || p->raw > s->f.size - plane))
            return vn_fail(err, VN_E_FORMAT, "'%s' ends at byte %" PRIu64 ", but the voxels of page %" PRId64 " go up to %" PRIu64 ": it was cut short",
                           s->f.path, s->f.size, i + 1, p->raw + plane);
    }
    return 0;
}

static void set_chunk(struct tiff_src *s, TIFF *t)
{
    const int64_t dim[3] = { s->lay.w, s->lay.h, s->meta.nz };
    const size_t size = vn_stored_size(s->f.map.stored) * (s->lay.planar == PLANARCONFIG_CONTIG ? s->lay.samples : 1);
    int64_t *chunk = s->f.src.chunk;
    uint32_t tw, th, rows = s->lay.h;

    if (TIFFIsTiled(t) && TIFFGetField(t, TIFFTAG_TILEWIDTH, &tw) && TIFFGetField(t, TIFFTAG_TILELENGTH, &th) && tw && th) {
        double bytes = (double)tw * th * (double)size;
        chunk[0] = vn_min64(tw, dim[0]);
        chunk[1] = vn_min64(th, dim[1]);
        chunk[2] = bytes >= 131072 ? 1 : vn_min64(dim[2], (int64_t)(262144 / bytes));
        return;
    }
    TIFFGetField(t, TIFFTAG_ROWSPERSTRIP, &rows);
    vn_chunk_rows(dim, size, s->dir.page[0].raw ? 1 : vn_max64(1, vn_min64(rows, dim[1])), chunk);
}

static int read_first(struct tiff_src *s, TIFF *t, const struct vn_open_opt *opt, struct vn_note *note, struct vn_err *err)
{
    struct vn_tiff_facts facts = { .path = s->f.path, .resunit = 1, .n_page = s->dir.n };
    char *text = NULL;
    float x = 0, y = 0;

    read_layout(t, &s->lay);
    int rc = check_layout(s, t, err);
    if (rc)
        return rc;
    facts.w = s->lay.w;
    facts.h = s->lay.h;
    facts.samples = s->lay.samples;
    if (TIFFGetField(t, TIFFTAG_IMAGEDESCRIPTION, &text))
        facts.description = text;
    if (TIFFGetField(t, TIFFTAG_XRESOLUTION, &x) && TIFFGetField(t, TIFFTAG_YRESOLUTION, &y)) {
        facts.xres = (double)x;
        facts.yres = (double)y;
    }
    facts.resunit = tag16(t, TIFFTAG_RESOLUTIONUNIT, 2);
    if ((rc = vn_tiff_meta_read(&facts, &s->meta, err)))
        return rc;
    if (s->meta.images != s->dir.n && (rc = spread_images(s, err)))
        return rc;
    const int64_t dims[3] = { s->lay.w, s->lay.h, s->meta.nz }, n_channel = s->meta.nc * s->lay.samples;
    if (opt->channel < 0 || opt->channel >= n_channel)
        return vn_fail(err, VN_E_ARG, "channel=%d: '%s' has %" PRId64 " channel%s (0 is the first)", opt->channel, s->f.path, n_channel, n_channel > 1 ? "s" : "");
    if (opt->time < 0 || opt->time >= s->meta.nt)
        return vn_fail(err, VN_E_ARG, "time=%d: '%s' has %" PRId64 " time point%s (0 is the first)", opt->time, s->f.path, s->meta.nt, s->meta.nt > 1 ? "s" : "");
    s->plane_c = opt->channel / s->lay.samples;
    s->sample = opt->channel % s->lay.samples;
    s->time = opt->time;
    memcpy(s->f.src.grid.um, s->meta.um, sizeof s->meta.um);
    memcpy(s->f.src.box.hi, dims, sizeof dims);
    if (text && vn_note_parse(text, strlen(text), dims, note)) {
        bool agree = true;              /* exact sizes from the note, unless the tags were changed since */
        for (int k = 0; k < 3; k++)
            agree = agree && note->um[k] > 0 && s->meta.um[k] > 0 && note->um[k] - s->meta.um[k] < 1e-4 * note->um[k] && s->meta.um[k] - note->um[k] < 1e-4 * note->um[k];
        if (agree)
            memcpy(s->f.src.grid.um, note->um, sizeof note->um);
    }
    set_chunk(s, t);
    return check_pages(s, opt->time, err);
}

static const struct vn_src_ops tiff_ops;

static int tiff_open(const char *path, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err)
{
    struct tiff_src *s = vn_calloc(1, sizeof *s, err);
    struct vn_note note = { 0 };
    struct vn_tiff *t = NULL;
    enum vn_kind kind;
    int rc;

    if (!s)
        return VN_E_MEMORY;
    if ((rc = vn_file_src_init(&s->f, &tiff_ops, path, err))) {
        vn_free(s);
        return rc;
    }
    pthread_mutex_init(&s->pool.lock, NULL);
    if ((rc = vn_tiff_walk(&s->f, &s->dir, err)))
        goto out;
    if ((rc = vn_tiff_take(&s->pool, &s->f, 0, &t, err)) || (rc = vn_tiff_page(t, path, s->dir.page[0].ifd, 0, err)) || (rc = read_first(s, t->tif, opt, &note, err)))
        goto out;
    if ((rc = vn_file_kind(opt, &note, s->lay.bits == 1 ? VN_MASK : VN_IMAGE, &kind, err)) || (rc = vn_rowmap_plan(&s->f.map, kind, path, err)))
        goto out;
    s->plain = s->f.map;
    s->plain.swap = s->dir.swap;
    vn_tiff_give(&s->pool, t);
    return vn_file_src_volume(&s->f, opt, &note, kind, s->meta.nc * s->lay.samples, s->meta.nt, out, err);
out:
    vn_tiff_give(&s->pool, t);
    tiff_free(&s->f.src);
    return rc;
}

/* ---- reading ---- */

/* n numbers of the wanted sample from x0 on, as whole bytes. row: decoded samples in this machine's byte order, or
 * packed bits, the highest first. step: samples from pixel to pixel. */
static void unpack(const struct layout *l, bool swapped, const unsigned char *row, int64_t x0, int64_t n, int step, int sample, void *out)
{
    uint8_t *u8 = out;
    uint16_t *u16 = out;
    uint32_t *u32 = out;
    uint64_t *u64 = out;

    for (int64_t i = 0; i < n; i++) {
        uint64_t at = (uint64_t)(x0 + i) * (uint64_t)step + (uint64_t)sample;
        uint32_t v = 0;
        switch (l->bits) {
        case 8:  u8[i] = row[at]; break;
        case 16: memcpy(&u16[i], row + 2 * at, 2); break;
        case 32: memcpy(&u32[i], row + 4 * at, 4); break;
        case 64: memcpy(&u64[i], row + 8 * at, 8); break;
        case 24:                                         /* highest byte first in the file; libtiff turns the other byte order round */
            u32[i] = (uint32_t)row[3 * at + (swapped ? 2 : 0)] << 16 | (uint32_t)row[3 * at + 1] << 8 | row[3 * at + (swapped ? 0 : 2)];
            break;
        default:
            for (uint64_t b = at * l->bits; b < (at + 1) * l->bits; b++)
                v = v << 1 | (row[b >> 3] >> (7 - (b & 7)) & 1);
            if (l->bits < 8)
                u8[i] = (uint8_t)v;
            else if (l->bits < 16)
                u16[i] = (uint16_t)v;
            else
                u32[i] = v;
        }
    }
}

struct reading {                /* one read call's buffers */
    struct tiff_src *s;
    struct vn_buf *dst;
    unsigned char *raw, *line;  /* decoded strip or tile; one row of numbers */
    uint64_t raw_size;
};

static int need_raw(struct reading *r, uint64_t n, struct vn_err *err)
{
    if (n <= r->raw_size)
        return 0;
    vn_free(r->raw);
    r->raw_size = 0;
    r->raw = vn_alloc(n, err);
    if (!r->raw)
        return VN_E_MEMORY;
    r->raw_size = n;
    return 0;
}

/* Numbers of row y of plane z, from x0 on (file's own coordinates), into dst. */
static int put_row(struct reading *r, const struct vn_rowmap *map, void *numbers, int64_t x0, int64_t y, int64_t z, int64_t n, struct vn_err *err)
{
    const struct vn_src *src = &r->s->f.src;
    char *to = (char *)r->dst->data + (size_t)vn_buf_at(r->dst, x0 + src->box.lo[0], y + src->box.lo[1], z + src->box.lo[2]) * vn_type_size(r->dst->type);
    return vn_rowmap_row(map, numbers, to, n, r->s->f.path, err);
}

/* Rows of one uncompressed strip, straight from the file. */
static int read_plain(struct reading *r, const struct vn_tiff_page *p, const struct vn_box *b, int64_t z, struct vn_err *err)
{
    struct tiff_src *s = r->s;
    const uint64_t size = s->lay.bits / 8, row = s->lay.w * size, n = (uint64_t)vn_box_dim(b, 0);
    int64_t rows = vn_box_dim(b, 1);
    int rc;

    if (n == s->lay.w) {
        if ((rc = need_raw(r, (uint64_t)rows * row, err)) || (rc = vn_file_pread(&s->f, r->raw, p->raw + (uint64_t)b->lo[1] * row, (uint64_t)rows * row, err)))
            return rc;
    } else if ((rc = need_raw(r, n * size, err))) {
        return rc;
    }
    for (int64_t y = 0; y < rows; y++) {
        unsigned char *at = r->raw + (n == s->lay.w ? (uint64_t)y * row : 0);
        if (n != s->lay.w && (rc = vn_file_pread(&s->f, at, p->raw + (uint64_t)(b->lo[1] + y) * row + (uint64_t)b->lo[0] * size, n * size, err)))
            return rc;
        if ((rc = put_row(r, &s->plain, at, b->lo[0], b->lo[1] + y, z, (int64_t)n, err)))
            return rc;
    }
    return 0;
}

/* Row y of the plane out of a decoded row that begins at x_first. */
static int put_decoded(struct reading *r, unsigned char *row, int64_t x_first, const struct vn_box *b, int64_t y, int64_t z, struct vn_err *err)
{
    struct tiff_src *s = r->s;
    const struct layout *l = &s->lay;
    bool contig = l->planar == PLANARCONFIG_CONTIG;
    int step = contig ? l->samples : 1;
    int64_t n = vn_box_dim(b, 0), from = b->lo[0] - x_first;

    if (step == 1 && (l->bits == 8 || l->bits == 16 || l->bits == 32 || l->bits == 64))
        return put_row(r, &s->f.map, row + (uint64_t)from * (l->bits / 8), b->lo[0], y, z, n, err);
    unpack(l, s->dir.swap, row, from, n, step, contig ? s->sample : 0, r->line);
    return put_row(r, &s->f.map, r->line, b->lo[0], y, z, n, err);
}

/* Did libtiff decode all `want` bytes, without complaint?  Errors count even where it went on, and warnings do for fax and
 * JPEG, whose decoders report damage by them and make up the rest. */
static bool decoded(struct vn_tiff *t, tmsize_t got, uint64_t want)
{
    uint16_t scheme = tag16(t->tif, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
    bool lax = scheme == COMPRESSION_CCITTRLE || scheme == COMPRESSION_CCITTRLEW || scheme == COMPRESSION_CCITTFAX3 ||
               scheme == COMPRESSION_CCITTFAX4 || scheme == COMPRESSION_JPEG || scheme == COMPRESSION_OJPEG;
    return got >= 0 && (uint64_t)got >= want && !t->msg[0] && !(lax && t->warning[0]);
}

static int read_strips(struct reading *r, struct vn_tiff *t, int64_t page, const struct vn_box *b, int64_t z, struct vn_err *err)
{
    struct tiff_src *s = r->s;
    uint32_t rows = s->lay.h;
    uint16_t plane = s->lay.planar == PLANARCONFIG_SEPARATE ? (uint16_t)s->sample : 0;
    uint64_t line = TIFFScanlineSize64(t->tif);
    int rc = 0;

    TIFFGetField(t->tif, TIFFTAG_ROWSPERSTRIP, &rows);
    rows = rows == 0 || rows > s->lay.h ? s->lay.h : rows;
    for (int64_t y = b->lo[1]; !rc && y < b->hi[1];) {
        int64_t top = y / rows * rows, end = vn_min64(vn_min64(top + rows, s->lay.h), b->hi[1]);
        uint64_t need;
        if (!line || !vn_mul(line, (uint64_t)(end - top), &need) || need > INT64_MAX)
            return vn_fail(err, VN_E_FORMAT, "'%s', page %" PRId64 ": rows of %" PRIu64 " bytes", s->f.path, page + 1, line);
        if ((rc = need_raw(r, need, err)))
            return rc;
        tmsize_t got = TIFFReadEncodedStrip(t->tif, TIFFComputeStrip(t->tif, (uint32_t)top, plane), r->raw, (tmsize_t)need);
        if (!decoded(t, got, need))
            return vn_tiff_fail(t, s->f.path, page, err);
        for (; !rc && y < end; y++)
            rc = put_decoded(r, r->raw + (uint64_t)(y - top) * line, 0, b, y, z, err);
    }
    return rc;
}

static int read_tiles(struct reading *r, struct vn_tiff *t, int64_t page, const struct vn_box *b, int64_t z, struct vn_err *err)
{
    struct tiff_src *s = r->s;
    uint32_t tw = 0, th = 0;
    uint16_t plane = s->lay.planar == PLANARCONFIG_SEPARATE ? (uint16_t)s->sample : 0;
    uint64_t size = TIFFTileSize64(t->tif), line = TIFFTileRowSize64(t->tif), all;
    int rc = 0;

    TIFFGetField(t->tif, TIFFTAG_TILEWIDTH, &tw);
    TIFFGetField(t->tif, TIFFTAG_TILELENGTH, &th);
    if (!tw || !th || !line || !vn_mul(line, th, &all) || size < all || size > INT64_MAX)
        return vn_fail(err, VN_E_FORMAT, "'%s', page %" PRId64 ": tiles of %ux%u", s->f.path, page + 1, tw, th);
    if ((rc = need_raw(r, size, err)))
        return rc;
    for (int64_t ty = b->lo[1] / th * th; ty < b->hi[1]; ty += th)
        for (int64_t tx = b->lo[0] / tw * tw; tx < b->hi[0]; tx += tw) {
            struct vn_box part = *b;
            part.lo[0] = vn_max64(b->lo[0], tx);
            part.hi[0] = vn_min64(b->hi[0], tx + tw);
            tmsize_t got = TIFFReadEncodedTile(t->tif, TIFFComputeTile(t->tif, (uint32_t)tx, (uint32_t)ty, 0, plane), r->raw, (tmsize_t)size);
            if (!decoded(t, got, size))
                return vn_tiff_fail(t, s->f.path, page, err);
            for (int64_t y = vn_max64(ty, b->lo[1]); y < vn_min64(ty + th, b->hi[1]); y++)
                if ((rc = put_decoded(r, r->raw + (uint64_t)(y - ty) * line, tx, &part, y, z, err)))
                    return rc;
        }
    return rc;
}

/* One plane through libtiff; the page must look like the first. */
static int read_page(struct reading *r, struct vn_tiff **t, int64_t page, const struct vn_box *b, int64_t z, struct vn_err *err)
{
    struct tiff_src *s = r->s;
    struct layout l;
    uint64_t ifd = s->dir.page[page].ifd;
    int rc;

    if ((!*t && (rc = vn_tiff_take(&s->pool, &s->f, ifd, t, err))) || (rc = vn_tiff_page(*t, s->f.path, ifd, page, err)))
        return rc;
    read_layout((*t)->tif, &l);
    if (memcmp(&l, &s->lay, sizeof l) != 0)
        return vn_fail(err, VN_E_UNSUPPORTED, "'%s': page %" PRId64 " has %ux%u pixels of %u samples of %u bits and page 1 %ux%u of %u of %u: they are not planes of one volume",
                       s->f.path, page + 1, l.w, l.h, l.samples, l.bits, s->lay.w, s->lay.h, s->lay.samples, s->lay.bits);
    return TIFFIsTiled((*t)->tif) ? read_tiles(r, *t, page, b, z, err) : read_strips(r, *t, page, b, z, err);
}

static int tiff_read(struct vn_src *src, int level, struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    struct tiff_src *s = (struct tiff_src *)src;
    struct reading r = { .s = s, .dst = dst };
    struct vn_tiff *t = NULL;
    struct vn_box b = dst->box;
    int rc = 0;

    (void)level;
    for (int k = 0; k < 3; k++) {
        b.lo[k] -= src->box.lo[k];
        b.hi[k] -= src->box.lo[k];
    }
    r.line = vn_alloc((uint64_t)vn_box_dim(&b, 0) * 8, err);
    if (!r.line)
        return VN_E_MEMORY;
    for (int64_t z = b.lo[2]; !rc && z < b.hi[2]; z++) {
        int64_t page = vn_tiff_meta_page(&s->meta, z, s->plane_c, s->time);
        const struct vn_tiff_page *p = &s->dir.page[page];
        if (vn_job_stop(job))
            rc = vn_fail(err, VN_E_CANCELLED, "cancelled");
        else
            rc = p->raw && p->bits == s->lay.bits ? read_plain(&r, p, &b, z, err) : read_page(&r, &t, page, &b, z, err);
    }
    vn_tiff_give(&s->pool, t);
    vn_free(r.raw);
    vn_free(r.line);
    return rc;
}

static const struct vn_src_ops tiff_ops = { tiff_read, tiff_free };

static bool tiff_probe(const char *path, const unsigned char *head, size_t n)
{
    (void)path;
    return n >= 8 && ((head[0] == 'I' && head[1] == 'I' && (head[2] == 42 || head[2] == 43) && head[3] == 0) ||
                      (head[0] == 'M' && head[1] == 'M' && head[2] == 0 && (head[3] == 42 || head[3] == 43)));
}

const struct vn_format vn_format_tiff = {
    .name = "tiff", .suffix = "tif|tiff", .probe = tiff_probe, .open = tiff_open, .save = vn_tiff_save,
};
