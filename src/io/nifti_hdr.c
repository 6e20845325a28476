/* nifti_hdr.c - bytes to header and back. */
#include "nifti_hdr.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "orient.h"

/* ---- fields ---- */

static void get(const unsigned char *p, bool swap, void *out, size_t size)
{
    unsigned char *o = out;
    for (size_t i = 0; i < size; i++)
        o[i] = p[swap ? size - 1 - i : i];
}
static int16_t i16(const unsigned char *p, bool swap) { int16_t v; get(p, swap, &v, 2); return v; }
static int32_t i32(const unsigned char *p, bool swap) { int32_t v; get(p, swap, &v, 4); return v; }
static int64_t i64(const unsigned char *p, bool swap) { int64_t v; get(p, swap, &v, 8); return v; }
static double f32(const unsigned char *p, bool swap) { float v; get(p, swap, &v, 4); return (double)v; }
static double f64(const unsigned char *p, bool swap) { double v; get(p, swap, &v, 8); return v; }

static void put16(unsigned char *p, int v) { int16_t x = (int16_t)v; memcpy(p, &x, 2); }
static void put32(unsigned char *p, int32_t v) { memcpy(p, &v, 4); }
static void put64(unsigned char *p, int64_t v) { memcpy(p, &v, 8); }
static void putf(unsigned char *p, double v) { float x = (float)v; memcpy(p, &x, 4); }
static void putd(unsigned char *p, double v) { memcpy(p, &v, 8); }

/* ---- reading ---- */

static void decode1(const unsigned char *b, struct vn_nifti *h, int64_t dim[8], double *offset)
{
    bool s = h->swap;
    for (int i = 0; i < 8; i++)
        dim[i] = i16(b + 40 + 2 * i, s);
    for (int i = 0; i < 7; i++)
        h->pix[i] = f32(b + 80 + 4 * i, s);
    h->intent = i16(b + 68, s);
    h->datatype = i16(b + 70, s);
    h->bitpix = i16(b + 72, s);
    h->qfac = f32(b + 76, s);
    *offset = f32(b + 108, s);
    h->slope = f32(b + 112, s);
    h->inter = f32(b + 116, s);
    h->units = b[123];
    memcpy(h->descrip, b + 148, 79);
    h->qcode = i16(b + 252, s);
    h->scode = i16(b + 254, s);
    for (int i = 0; i < 3; i++) {
        h->quat[i] = f32(b + 256 + 4 * i, s);
        h->qoff[i] = f32(b + 268 + 4 * i, s);
        for (int k = 0; k < 4; k++)
            h->srow[i][k] = f32(b + 280 + 16 * i + 4 * k, s);
    }
}

/* The same fields as far as both have them; Analyze's sizes are millimetres unless bytes 56 to 59 name another unit. */
static void analyze(const unsigned char *b, struct vn_nifti *h)
{
    char unit[5] = "";

    memcpy(unit, b + 56, 4);
    h->version = 0;
    h->pair = true;
    h->units = unit[0] == 0 || unit[0] == ' ' ? 2 : strcmp(unit, "mm") == 0 ? 2 : vn_unit_um(unit) == 1 ? 3 : 0;
    h->inter = h->intent = h->qcode = h->scode = 0;
}

static void decode2(const unsigned char *b, struct vn_nifti *h, int64_t dim[8], double *offset)
{
    bool s = h->swap;
    for (int i = 0; i < 8; i++)
        dim[i] = i64(b + 16 + 8 * i, s);
    for (int i = 0; i < 7; i++)
        h->pix[i] = f64(b + 112 + 8 * i, s);
    h->datatype = i16(b + 12, s);
    h->bitpix = i16(b + 14, s);
    h->qfac = f64(b + 104, s);
    *offset = (double)i64(b + 168, s);
    h->slope = f64(b + 176, s);
    h->inter = f64(b + 184, s);
    memcpy(h->descrip, b + 240, 79);
    h->qcode = i32(b + 344, s);
    h->scode = i32(b + 348, s);
    for (int i = 0; i < 3; i++) {
        h->quat[i] = f64(b + 352 + 8 * i, s);
        h->qoff[i] = f64(b + 376 + 8 * i, s);
        for (int k = 0; k < 4; k++)
            h->srow[i][k] = f64(b + 400 + 32 * i + 8 * k, s);
    }
    h->units = i32(b + 500, s);
    h->intent = i32(b + 504, s);
}

bool vn_nifti_like(const unsigned char *b, size_t n)
{
    if (n < VN_NIFTI1_SIZE)
        return false;
    for (int swap = 0; swap < 2; swap++) {
        int32_t size = i32(b, swap);
        if (size == VN_NIFTI2_SIZE && (memcmp(b + 4, "n+2", 4) == 0 || memcmp(b + 4, "ni2", 4) == 0))
            return true;
        if (size == VN_NIFTI1_SIZE && i16(b + 40, swap) >= 1 && i16(b + 40, swap) <= 7)
            return true;
    }
    return false;
}

int vn_nifti_decode(const unsigned char *b, size_t n, const char *path, struct vn_nifti *out, struct vn_err *err)
{
    struct vn_nifti h = { 0 };
    int64_t dim[8];
    double offset;

    if (!vn_nifti_like(b, n))
        return vn_fail(err, VN_E_FORMAT, "'%s' does not begin with a NIfTI header", path);
    h.swap = i32(b, false) != VN_NIFTI1_SIZE && i32(b, false) != VN_NIFTI2_SIZE;
    if (i32(b, h.swap) == VN_NIFTI2_SIZE) {
        if (n < VN_NIFTI2_SIZE)
            return vn_fail(err, VN_E_FORMAT, "'%s' ends inside its NIfTI-2 header", path);
        h.version = 2;
        h.pair = b[5] == 'i';
        decode2(b, &h, dim, &offset);
    } else {
        bool single = memcmp(b + 344, "n+1", 4) == 0;
        h.version = 1;
        h.pair = memcmp(b + 344, "ni1", 4) == 0;
        decode1(b, &h, dim, &offset);
        if (!single && !h.pair)
            analyze(b, &h);
    }
    if (dim[0] < 1 || dim[0] > 7)
        return vn_fail(err, VN_E_FORMAT, "'%s' says it has %" PRId64 " dimensions (1 to 7 are possible)", path, dim[0]);
    h.ndim = (int)dim[0];
    for (int i = 0; i < 7; i++) {
        h.dim[i] = i >= h.ndim || (h.version == 0 && i > 1 && dim[i + 1] == 0) ? 1 : dim[i + 1];
        if (h.dim[i] < 1 || h.dim[i] > (INT64_C(1) << 40))
            return vn_fail(err, VN_E_FORMAT, "'%s' says dimension %d is %" PRId64, path, i + 1, h.dim[i]);
    }
    uint64_t least = h.pair ? 0 : h.version < 2 ? 352 : 544;
    if (!isfinite(offset) || offset < 0 || offset > 1e15 || (offset > 0 && offset < (double)least))
        return vn_fail(err, VN_E_FORMAT, "'%s' says its voxels begin at byte %g", path, offset);
    h.offset = offset > 0 ? (uint64_t)offset : least;
    *out = h;
    return 0;
}

/* ---- writing ---- */

static void encode1(const struct vn_nifti *h, unsigned char *b)
{
    put32(b, VN_NIFTI1_SIZE);
    b[38] = 'r';
    put16(b + 40, h->ndim);
    putf(b + 76, h->qfac);
    for (int i = 0; i < 7; i++) {
        put16(b + 42 + 2 * i, (int)h->dim[i]);
        putf(b + 80 + 4 * i, h->pix[i]);
    }
    put16(b + 68, h->intent);
    put16(b + 70, h->datatype);
    put16(b + 72, h->bitpix);
    putf(b + 108, (double)h->offset);
    putf(b + 112, h->slope);
    putf(b + 116, h->inter);
    b[123] = (unsigned char)h->units;
    memcpy(b + 148, h->descrip, 79);
    put16(b + 252, h->qcode);
    put16(b + 254, h->scode);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 4; k++)
            putf(b + 280 + 16 * i + 4 * k, h->srow[i][k]);
    memcpy(b + 344, "n+1", 4);
}

static void encode2(const struct vn_nifti *h, unsigned char *b)
{
    put32(b, VN_NIFTI2_SIZE);
    memcpy(b + 4, "n+2\0\r\n\032\n", 8);
    put16(b + 12, h->datatype);
    put16(b + 14, h->bitpix);
    put64(b + 16, h->ndim);
    putd(b + 104, h->qfac);
    for (int i = 0; i < 7; i++) {
        put64(b + 24 + 8 * i, h->dim[i]);
        putd(b + 112 + 8 * i, h->pix[i]);
    }
    put64(b + 168, (int64_t)h->offset);
    putd(b + 176, h->slope);
    putd(b + 184, h->inter);
    memcpy(b + 240, h->descrip, 79);
    put32(b + 344, h->qcode);
    put32(b + 348, h->scode);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 4; k++)
            putd(b + 400 + 32 * i + 8 * k, h->srow[i][k]);
    put32(b + 500, h->units);
    put32(b + 504, h->intent);
}

size_t vn_nifti_encode(const struct vn_nifti *h, unsigned char out[VN_NIFTI2_SIZE])
{
    memset(out, 0, VN_NIFTI2_SIZE);
    if (h->version == 1)
        encode1(h, out);
    else
        encode2(h, out);
    return h->version == 1 ? VN_NIFTI1_SIZE : VN_NIFTI2_SIZE;
}

/* ---- orientation ---- */

bool vn_nifti_affine(const struct vn_nifti *h, double m[3][4])
{
    if (h->scode > 0) {
        memcpy(m, h->srow, sizeof h->srow);
        return true;
    }
    if (h->qcode <= 0)
        return false;
    double b = h->quat[0], c = h->quat[1], d = h->quat[2], a = 1 - (b * b + c * c + d * d);
    if (a < 1e-7) {                                      /* a half turn: normalise, as nifti1_io does */
        double k = 1 / sqrt(b * b + c * c + d * d);
        b *= k;
        c *= k;
        d *= k;
        a = 0;
    } else {
        a = sqrt(a);
    }
    const double r[3][3] = { { a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c) },
                             { 2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b) },
                             { 2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b } };
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3; k++)
            m[i][k] = r[i][k] * h->pix[k] * (k == 2 && h->qfac < 0 ? -1 : 1);
        m[i][3] = h->qoff[i];
        for (int k = 0; k < 3 && h->version == 1; k++)
            m[i][k] = (double)(float)m[i][k];            /* no more digits than the header has */
    }
    return true;
}
