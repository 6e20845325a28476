/* tiff_read.c - voxels of a TIFF's pages: rows of plain files by position, strips, tiles and colours through libtiff; depths
 * that no voxel type has are widened.  What cannot be decoded is an error, never a row of zeros. */
#include <string.h>
#include "mem.h"
#include "tiff_src.h"

/* Bits of a float of 1 sign, 7 exponent and 16 fraction bits (Adobe's TIFF Technical Note 3) as those of a binary32, exactly. */
static uint32_t float24(uint32_t v)
{
    uint32_t sign = (v & 0x800000) << 8, e = v >> 16 & 127, m = v & 0xffff;

    if (e == 127)
        return sign | 0x7f800000 | m << 7;
    if (e == 0 && m == 0)
        return sign;
    if (e > 0)
        e += 64;
    else
        for (e = 65; !(m & 0x10000); e--)                /* the smallest have room now */
            m <<= 1;
    return sign | e << 23 | (m & 0xffff) << 7;
}

/* n numbers of the wanted sample from x0 on, as whole bytes. row: decoded samples in this machine's byte order, or
 * packed bits, the highest first. step: samples from pixel to pixel. */
static void unpack(const struct vn_tiff_layout *l, bool swapped, const unsigned char *row, int64_t x0, int64_t n, int step, int sample, void *out)
{
    const int pad = l->format == SAMPLEFORMAT_INT ? 64 - l->bits : 0;     /* shifted up and down again: the sign spreads */
    const uint64_t high = swapped || l->format == SAMPLEFORMAT_IEEEFP ? 2 : 0;    /* where libtiff leaves the highest byte of 24 bits */
    uint8_t *u8 = out;
    uint16_t *u16 = out;
    uint32_t *u32 = out;
    uint64_t *u64 = out;

    for (int64_t i = 0; i < n; i++) {
        uint64_t at = (uint64_t)(x0 + i) * (uint64_t)step + (uint64_t)sample;
        uint64_t v = 0;
        switch (l->bits) {
        case 8:  u8[i] = row[at]; break;
        case 16: memcpy(&u16[i], row + 2 * at, 2); break;
        case 32: memcpy(&u32[i], row + 4 * at, 4); break;
        case 64: memcpy(&u64[i], row + 8 * at, 8); break;
        case 24:                                         /* integers are packed bits, the highest first in either byte order; reals obey it */
            u32[i] = (uint32_t)row[3 * at + high] << 16 | (uint32_t)row[3 * at + 1] << 8 | row[3 * at + 2 - high];
            if (l->format == SAMPLEFORMAT_IEEEFP)
                u32[i] = float24(u32[i]);
            else
                u32[i] = (uint32_t)((int64_t)((uint64_t)u32[i] << pad) >> pad);
            break;
        default:
            for (uint64_t b = at * l->bits; b < (at + 1) * l->bits; b++)
                v = v << 1 | (row[b >> 3] >> (7 - (b & 7)) & 1);
            v = (uint64_t)((int64_t)(v << pad) >> pad);
            if (l->bits < 8)
                u8[i] = (uint8_t)v;
            else if (l->bits < 16)
                u16[i] = (uint16_t)v;
            else if (l->bits < 32)
                u32[i] = (uint32_t)v;
            else
                u64[i] = v;
        }
    }
}

struct reading {                /* one read call's buffers */
    struct vn_tiff_src *s;
    struct vn_buf *dst;
    unsigned char *raw, *line;  /* decoded strip or tile; one row of numbers */
    uint16_t *map; int shift;   /* the page's palette when it is wanted */
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
    struct vn_tiff_src *s = r->s;
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
    struct vn_tiff_src *s = r->s;
    const struct vn_tiff_layout *l = &s->px;
    bool contig = l->planar == PLANARCONFIG_CONTIG;
    int step = contig ? l->samples : 1;
    int64_t n = vn_box_dim(b, 0), from = b->lo[0] - x_first;

    if (step == 1 && s->colour < 0 && (l->bits == 8 || l->bits == 16 || l->bits == 32 || l->bits == 64))
        return put_row(r, &s->f.map, row + (uint64_t)from * (l->bits / 8), b->lo[0], y, z, n, err);
    unpack(l, s->dir.swap, row, from, n, step, contig ? s->sample : 0, r->line);
    for (int64_t i = 0; s->colour >= 0 && i < n; i++)
        r->line[i] = (unsigned char)(r->map[l->bits <= 8 ? r->line[i] : ((uint16_t *)(void *)r->line)[i]] >> r->shift);
    return put_row(r, &s->f.map, r->line, b->lo[0], y, z, n, err);
}

/* Did libtiff decode all `want` bytes, without complaint?  Errors count even where it went on, and warnings do for fax and
 * JPEG, whose decoders report damage by them and make up the rest. */
static bool decoded(struct vn_tiff *t, tmsize_t got, uint64_t want)
{
    uint16_t scheme = vn_tiff_tag16(t->tif, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
    bool lax = scheme == COMPRESSION_CCITTRLE || scheme == COMPRESSION_CCITTRLEW || scheme == COMPRESSION_CCITTFAX3 ||
               scheme == COMPRESSION_CCITTFAX4 || scheme == COMPRESSION_JPEG || scheme == COMPRESSION_OJPEG;
    return got >= 0 && (uint64_t)got >= want && !t->msg[0] && !(lax && t->warning[0]);
}

/* A strip or tile at offset 0 was never written. */
static int present(const struct vn_tiff_src *s, struct vn_tiff *t, int64_t page, uint32_t strile, struct vn_err *err)
{
    int failed = 0;

    if (TIFFGetStrileOffsetWithErr(t->tif, strile, &failed) && !failed)
        return 0;
    if (t->msg[0])
        return vn_tiff_fail(t, s->f.path, page, err);
    return vn_fail(err, VN_E_FORMAT, "'%s', page %" PRId64 ": strip or tile %u is not in the file", s->f.path, page + 1, strile);
}

static int read_strips(struct reading *r, struct vn_tiff *t, int64_t page, const struct vn_box *b, int64_t z, struct vn_err *err)
{
    struct vn_tiff_src *s = r->s;
    uint32_t rows = s->lay.h;
    uint16_t plane = s->px.planar == PLANARCONFIG_SEPARATE ? (uint16_t)s->sample : 0;
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
        uint32_t strip = TIFFComputeStrip(t->tif, (uint32_t)top, plane);
        if ((rc = present(s, t, page, strip, err)))
            return rc;
        tmsize_t got = TIFFReadEncodedStrip(t->tif, strip, r->raw, (tmsize_t)need);
        if (!decoded(t, got, need))
            return vn_tiff_fail(t, s->f.path, page, err);
        for (; !rc && y < end; y++)
            rc = put_decoded(r, r->raw + (uint64_t)(y - top) * line, 0, b, y, z, err);
    }
    return rc;
}

static int read_tiles(struct reading *r, struct vn_tiff *t, int64_t page, const struct vn_box *b, int64_t z, struct vn_err *err)
{
    struct vn_tiff_src *s = r->s;
    uint32_t tw = 0, th = 0;
    uint16_t plane = s->px.planar == PLANARCONFIG_SEPARATE ? (uint16_t)s->sample : 0;
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
            uint32_t tile = TIFFComputeTile(t->tif, (uint32_t)tx, (uint32_t)ty, 0, plane);
            if ((rc = present(s, t, page, tile, err)))
                return rc;
            tmsize_t got = TIFFReadEncodedTile(t->tif, tile, r->raw, (tmsize_t)size);
            if (!decoded(t, got, size))
                return vn_tiff_fail(t, s->f.path, page, err);
            for (int64_t y = vn_max64(ty, b->lo[1]); y < vn_min64(ty + th, b->hi[1]); y++)
                if ((rc = put_decoded(r, r->raw + (uint64_t)(y - ty) * line, tx, &part, y, z, err)))
                    return rc;
        }
    return rc;
}

/* Rows [y0, y1) by columns [x0, x1) out of libtiff's RGBA raster, whose rows run upwards and are wide pixels long. */
static int put_raster(struct reading *r, int64_t wide, int64_t x0, int64_t y0, int64_t y1, const struct vn_box *b, int64_t z, struct vn_err *err)
{
    const uint32_t *raster = (const uint32_t *)(const void *)r->raw;
    const int64_t left = vn_max64(x0, b->lo[0]), n = vn_min64(x0 + wide, b->hi[0]) - left;
    int rc = 0;

    for (int64_t y = vn_max64(y0, b->lo[1]); !rc && y < vn_min64(y1, b->hi[1]); y++) {
        const uint32_t *row = raster + (y1 - 1 - y) * wide + (left - x0);
        for (int64_t i = 0; i < n; i++)
            r->line[i] = (unsigned char)(row[i] >> 8 * r->s->sample);
        rc = put_row(r, &r->s->f.map, r->line, left, y, z, n, err);
    }
    return rc;
}

/* Colours that only libtiff's RGBA interface converts. */
static int read_rgba(struct reading *r, struct vn_tiff *t, int64_t page, const struct vn_box *b, int64_t z, struct vn_err *err)
{
    struct vn_tiff_src *s = r->s;
    const bool tiled = TIFFIsTiled(t->tif);
    uint32_t w = s->lay.w, h = s->lay.h;
    uint64_t need;
    int rc;

    TIFFSetField(t->tif, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);        /* rows and columns as stored, as for every other page */
    if (tiled) {
        TIFFGetField(t->tif, TIFFTAG_TILEWIDTH, &w);
        TIFFGetField(t->tif, TIFFTAG_TILELENGTH, &h);
    } else {
        TIFFGetField(t->tif, TIFFTAG_ROWSPERSTRIP, &h);
        h = h == 0 || h > s->lay.h ? s->lay.h : h;
    }
    if (!w || !h || !vn_mul(w, h, &need) || !vn_mul(need, 4, &need))
        return vn_fail(err, VN_E_FORMAT, "'%s', page %" PRId64 ": strips or tiles of %ux%u", s->f.path, page + 1, w, h);
    if ((rc = need_raw(r, need, err)))
        return rc;
    for (int64_t y = b->lo[1] / h * h; !rc && y < b->hi[1]; y += h)
        for (int64_t x = b->lo[0] / w * w; !rc && x < b->hi[0]; x += w) {
            uint32_t *raster = (uint32_t *)(void *)r->raw;
            int ok = tiled ? TIFFReadRGBATileExt(t->tif, (uint32_t)x, (uint32_t)y, raster, 1) : TIFFReadRGBAStripExt(t->tif, (uint32_t)y, raster, 1);
            if (!ok || t->msg[0] || strstr(t->warning, "Corrupt JPEG") || strstr(t->warning, "Premature end"))
                return vn_tiff_fail(t, s->f.path, page, err);
            rc = put_raster(r, w, x, y, tiled ? y + h : vn_min64(y + h, s->lay.h), b, z, err);
        }
    return rc;
}

/* One plane through libtiff; the page must look like the first. */
static int read_page(struct reading *r, struct vn_tiff **t, int64_t page, const struct vn_box *b, int64_t z, struct vn_err *err)
{
    struct vn_tiff_src *s = r->s;
    struct vn_tiff_layout l;
    uint64_t ifd = s->dir.page[page].ifd;
    int rc;

    if ((!*t && (rc = vn_tiff_take(&s->pool, &s->f, ifd, t, err))) || (rc = vn_tiff_page(*t, s->f.path, ifd, page, err)))
        return rc;
    vn_tiff_layout_of((*t)->tif, &l);
    if (memcmp(&l, &s->lay, sizeof l) != 0)
        return vn_fail(err, VN_E_UNSUPPORTED, "'%s': page %" PRId64 " has %ux%u pixels of %u samples of %u bits and page 1 %ux%u of %u of %u: they are not planes of one volume",
                       s->f.path, page + 1, l.w, l.h, l.samples, l.bits, s->lay.w, s->lay.h, s->lay.samples, s->lay.bits);
    if (s->colour >= 0) {
        uint16_t *map[3];
        if (!vn_tiff_palette((*t)->tif, &l, map, &r->shift) || (s->palette == 1 && vn_tiff_palette_channels((*t)->tif, &l) == 3))
            return vn_fail(err, VN_E_UNSUPPORTED, "'%s': page %" PRId64 " has another kind of palette than page 1", s->f.path, page + 1);
        r->map = map[s->colour];
    }
    if (s->convert == VN_TIFF_ANY_TO_RGB)
        return read_rgba(r, *t, page, b, z, err);
    if (s->convert == VN_TIFF_JPEG_TO_RGB && !TIFFSetField((*t)->tif, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB))
        return vn_tiff_fail(*t, s->f.path, page, err);
    return TIFFIsTiled((*t)->tif) ? read_tiles(r, *t, page, b, z, err) : read_strips(r, *t, page, b, z, err);
}

int vn_tiff_read(struct vn_src *src, int level, struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    struct vn_tiff_src *s = (struct vn_tiff_src *)src;
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
            rc = p->raw && p->bits == s->lay.bits && s->colour < 0 && s->convert == VN_TIFF_AS_STORED ? read_plain(&r, p, &b, z, err) : read_page(&r, &t, page, &b, z, err);
    }
    vn_tiff_give(&s->pool, t);
    vn_free(r.raw);
    vn_free(r.line);
    return rc;
}
