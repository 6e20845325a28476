/* TIFF: what is written reads back; what others write reads as they meant it; damage is reported. */
#include "io.h"
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <tiffio.h>
#include <time.h>
#include <unistd.h>
#include <setjmp.h>
#include <cmocka.h>
#include "job.h"
#include "mem.h"

static char dir[64], path[128];
static struct vn_err err;

static int make_dir(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/vn_tiff_XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/a.tif", dir);
    return 0;
}
static int drop_dir(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);                                   /* fails when a temporary file was left behind */
}

/* Value of voxel (x, y, z) of the test volumes: differs between neighbours in all directions, fits every type. */
static double value(int64_t x, int64_t y, int64_t z, enum vn_kind k)
{
    int64_t v = (x * 7 + y * 31 + z * 101) % 120;
    return k == VN_MASK || k == VN_SKELETON ? (double)(v % 3 == 0) : k == VN_PROB ? (double)v / 128 : (double)v;
}

static struct vn_vol *make(enum vn_kind kind, enum vn_type t, const struct vn_grid *g, const struct vn_box *box)
{
    struct vn_vol *v = vn_vol_new(kind, t, g, box, &err);
    assert_non_null(v);
    struct vn_buf b = vn_vol_data(v);
    for (int64_t z = box->lo[2]; z < box->hi[2]; z++)
        for (int64_t y = box->lo[1]; y < box->hi[1]; y++)
            for (int64_t x = box->lo[0]; x < box->hi[0]; x++) {
                double d = value(x, y, z, kind);
                vn_convert_row(t, (char *)b.data + (size_t)vn_buf_at(&b, x, y, z) * vn_type_size(t), VN_F64, &d, 1);
            }
    return v;
}

static void assert_same(struct vn_vol *a, struct vn_vol *b)
{
    struct vn_buf p = { 0 }, q = { 0 };
    assert_int_equal(a->src->type, b->src->type);
    assert_true(vn_box_same(&a->box, &b->box));
    assert_memory_equal(a->grid.dim, b->grid.dim, sizeof a->grid.dim);
    for (int k = 0; k < 3; k++)
        assert_true(a->grid.um[k] == b->grid.um[k]);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(vn_buf_new(&p, a->src->type, &a->box, &err), 0);
    assert_int_equal(vn_buf_new(&q, a->src->type, &a->box, &err), 0);
    assert_int_equal(vn_vol_read(a, VN_PAD_ZERO, &p, NULL, &err), 0);
    if (vn_vol_read(b, VN_PAD_ZERO, &q, NULL, &err))
        fail_msg("%s", err.msg);
    assert_memory_equal(p.data, q.data, vn_box_count(&a->box) * vn_type_size(a->src->type));
    vn_buf_free(&p);
    vn_buf_free(&q);
}

static void assert_near(double a, double b) { assert_true(fabs(a - b) < 1e-9); }

static struct vn_vol *open_it(int channel, int time, const char *kind)
{
    struct vn_open_opt o = { .channel = channel, .time = time, .kind = kind };
    struct vn_vol *v = NULL;
    if (vn_io_open(path, &o, &v, &err))
        fail_msg("%s", err.msg);
    return v;
}

static void round_trip(struct vn_vol *v, const char *compress)
{
    struct vn_save_opt o = { .compress = compress, .force = true, .note = "made by a test\nwith two lines" };
    if (vn_io_save(v, path, &o, NULL, &err))
        fail_msg("%s", err.msg);
    struct vn_vol *r = open_it(0, 0, NULL);
    assert_same(v, r);
    vn_vol_unref(r);
}

/* All types, all compressions, a region away from the origin, awkward voxel sizes, exactly. */
static void written_reads_back(void **state)
{
    static const char *const compress[] = { NULL, "none", "lzw", "deflate", "zstd", "packbits" };
    const struct vn_box whole = { { 0, 0, 0 }, { 13, 7, 5 } }, part = { { 5, 2, 1 }, { 12, 5, 4 } }, one = { { 0, 0, 0 }, { 1, 1, 1 } };
    const struct vn_grid g = { { 13, 7, 5 }, { 0.35, 0.1 + 0.2, 1 / 3.0 }, { { 0 } } }, no = { { 13, 7, 5 }, { 0, 0, 0 }, { { 0 } } };
    const struct vn_grid g1 = { { 1, 1, 1 }, { 1, 2, 3 }, { { 7, 9 } } };

    (void)state;
    for (enum vn_type t = 0; t < VN_N_TYPE; t++)
        for (size_t c = 0; c < VN_COUNT(compress); c++) {
            struct vn_vol *v = make(VN_IMAGE, t, c % 2 ? &g : &no, t % 2 ? &whole : &part);
            round_trip(v, compress[c]);
            vn_vol_unref(v);
        }
    static const struct { enum vn_kind k; enum vn_type t; } kinds[] = { { VN_MASK, VN_U8 }, { VN_SKELETON, VN_U8 }, { VN_LABELS, VN_I32 }, { VN_PROB, VN_F32 } };
    for (size_t i = 0; i < VN_COUNT(kinds); i++) {
        struct vn_vol *v = make(kinds[i].k, kinds[i].t, &g, &part);
        round_trip(v, NULL);
        vn_vol_unref(v);
    }
    struct vn_vol *v = make(VN_IMAGE, VN_U16, &g1, &one);
    round_trip(v, NULL);
    struct vn_vol *r = open_it(0, 0, NULL);
    assert_true(vn_key_same(r->grid.frame, g1.frame));
    vn_vol_unref(r);
    vn_vol_unref(v);
}

/* Masks are stored as 0 and 255 for other programs, and any two-valued file opens as a mask of 0 and 1. */
static void masks_are_255_in_the_file(void **state)
{
    const struct vn_box b = { { 0, 0, 0 }, { 4, 3, 1 } };
    const struct vn_grid g = { { 4, 3, 1 }, { 0 }, { { 0 } } };
    struct vn_vol *v = make(VN_MASK, VN_U8, &g, &b);
    unsigned char row[4], vox[12];

    (void)state;
    round_trip(v, "none");
    TIFF *t = TIFFOpen(path, "r");
    assert_true(TIFFReadScanline(t, row, 1, 0) == 1);
    for (int x = 0; x < 4; x++)
        assert_int_equal(row[x], value(x, 1, 0, VN_MASK) > 0 ? 255 : 0);
    TIFFClose(t);
    struct vn_vol *grey = open_it(0, 0, "image");
    struct vn_buf to = { VN_U8, b, { 4, 12 }, vox, NULL, true };
    assert_int_equal(vn_vol_read(grey, VN_PAD_ZERO, &to, NULL, &err), 0);
    assert_int_equal(vox[0], 255);
    vn_vol_unref(grey);
    vn_vol_unref(v);
}

/* ---- files as others write them ---- */

struct odd { int w, h, pages, bits, samples, planar, photo, tile; const char *mode, *text; float res; int scheme, reduced; };   /* reduced: the last so many pages are marked so */

/* 8 or 16-bit pages whose sample s of pixel (x, y) on page p is (x + 10 y + 50 p + 100 s) mod 251. */
static void write_odd(const struct odd *o)
{
    TIFF *t = TIFFOpen(path, o->mode);
    unsigned char row[1024];

    for (int p = 0; p < o->pages; p++) {
        TIFFSetField(t, TIFFTAG_IMAGEWIDTH, o->w);
        TIFFSetField(t, TIFFTAG_IMAGELENGTH, o->h);
        TIFFSetField(t, TIFFTAG_BITSPERSAMPLE, o->bits);
        TIFFSetField(t, TIFFTAG_SAMPLESPERPIXEL, o->samples);
        TIFFSetField(t, TIFFTAG_PHOTOMETRIC, o->photo);
        TIFFSetField(t, TIFFTAG_PLANARCONFIG, o->planar);
        TIFFSetField(t, TIFFTAG_ROWSPERSTRIP, 3);
        if (o->scheme)
            TIFFSetField(t, TIFFTAG_COMPRESSION, o->scheme);
        if (o->scheme == COMPRESSION_WEBP)
            TIFFSetField(t, TIFFTAG_WEBP_LOSSLESS, 1);
        if (p >= o->pages - o->reduced)
            TIFFSetField(t, TIFFTAG_SUBFILETYPE, FILETYPE_REDUCEDIMAGE);
        if (p == 0 && o->text)
            TIFFSetField(t, TIFFTAG_IMAGEDESCRIPTION, o->text);
        if (o->res > 0) {
            TIFFSetField(t, TIFFTAG_XRESOLUTION, (double)o->res);
            TIFFSetField(t, TIFFTAG_YRESOLUTION, (double)o->res);
        }
        for (int s = 0; s < (o->planar == 2 ? o->samples : 1); s++)
            for (int y = 0; y < o->h; y++) {
                for (int x = 0; x < o->w; x++)
                    for (int k = 0; k < (o->planar == 2 ? 1 : o->samples); k++) {
                        int v = (x + 10 * y + 50 * p + 100 * (s + k)) % 251, i = x * (o->planar == 2 ? 1 : o->samples) + k;
                        if (o->bits == 8)
                            row[i] = (unsigned char)v;
                        else
                            ((uint16_t *)row)[i] = (uint16_t)v;
                    }
                assert_true(TIFFWriteScanline(t, row, (uint32_t)y, (uint16_t)s) == 1);
            }
        TIFFWriteDirectory(t);
    }
    TIFFClose(t);
}

static void check_odd(struct vn_vol *v, int page0, int step, int sample, int invert)
{
    struct vn_buf b;
    assert_int_equal(vn_buf_new(&b, VN_F64, &v->box, &err), 0);
    if (vn_vol_read(v, VN_PAD_ZERO, &b, NULL, &err))
        fail_msg("%s", err.msg);
    for (int64_t z = 0; z < v->box.hi[2]; z++)
        for (int64_t y = 0; y < v->box.hi[1]; y++)
            for (int64_t x = 0; x < v->box.hi[0]; x++) {
                int want = (int)((x + 10 * y + 50 * (page0 + z * step) + 100 * sample) % 251);
                assert_int_equal((int)((double *)b.data)[vn_buf_at(&b, x, y, z)], invert ? invert - want : want);
            }
    vn_buf_free(&b);
    vn_vol_unref(v);
}

static void layouts_of_others(void **state)
{
    static const char *const modes[] = { "wl", "wb", "wl8", "wb8" };

    (void)state;
    for (size_t m = 0; m < VN_COUNT(modes); m++)
        for (int bits = 8; bits <= 16; bits += 8) {
            struct odd o = { 9, 7, 4, bits, 1, 1, 1, 0, modes[m], NULL, 72 };
            write_odd(&o);
            struct vn_vol *v = open_it(0, 0, NULL);
            assert_false(vn_um_known(&v->grid));          /* 72 per inch is not a voxel size */
            check_odd(v, 0, 1, 0, 0);
            for (int planar = 1; planar <= 2; planar++) { /* three samples are three channels */
                o.samples = 3;
                o.planar = planar;
                o.photo = PHOTOMETRIC_RGB;
                write_odd(&o);
                v = open_it(2, 0, NULL);
                assert_int_equal(v->n_channel, 3);
                check_odd(v, 0, 1, 2, 0);
            }
            o.samples = o.planar = 1;
            o.photo = PHOTOMETRIC_MINISWHITE;
            write_odd(&o);
            check_odd(open_it(0, 0, NULL), 0, 1, 0, bits == 8 ? 255 : 65535);
        }
}

/* Every lossless codec of this libtiff, in both byte orders; WebP knows RGB only. */
static void codecs(void **state)
{
    static const int schemes[] = { COMPRESSION_LZW, COMPRESSION_PACKBITS, COMPRESSION_ADOBE_DEFLATE, COMPRESSION_DEFLATE, COMPRESSION_LZMA, COMPRESSION_ZSTD,
                                   COMPRESSION_LERC, COMPRESSION_WEBP };
    (void)state;
    for (size_t i = 0; i < VN_COUNT(schemes); i++)
        for (int k = 0; k < 4; k++) {
            bool webp = schemes[i] == COMPRESSION_WEBP;
            struct odd o = { 9, 7, 2, k & 1 && !webp ? 16 : 8, webp ? 3 : 1, 1, webp ? PHOTOMETRIC_RGB : 1, 0, k & 2 ? "wb" : "wl", NULL, 0, schemes[i], 0 };
            if (!TIFFIsCODECConfigured((uint16_t)schemes[i]))
                continue;
            write_odd(&o);
            check_odd(open_it(webp ? 2 : 0, 0, NULL), 0, 1, webp ? 2 : 0, 0);
        }
}

/* Sets tag of the first directory of a classic little-endian file to the number v; v < 0 removes it (turns it into a tag
 * that nobody knows). */
static void patch(int tag, int v)
{
    unsigned char b[4], e[12];
    uint32_t ifd;
    bool found = false;
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &ifd, 4, 4), 4);
    assert_int_equal(pread(fd, b, 2, ifd), 2);
    for (int i = 0; i < b[0] + 256 * b[1]; i++) {
        off_t where = (off_t)ifd + 2 + 12 * i;
        assert_int_equal(pread(fd, e, 12, where), 12);
        if (e[0] + 256 * e[1] != tag)
            continue;
        found = true;
        if (v < 0) {
            e[1] = 0xfe;
        } else {
            e[8] = (unsigned char)v;
            e[9] = (unsigned char)(v >> 8);
        }
        assert_int_equal(pwrite(fd, e, 12, where), 12);
    }
    close(fd);
    assert_true(found);
}

static char noted[500];
static void note(void *ctx, const char *text)
{
    (void)ctx;
    snprintf(noted, sizeof noted, "%s", text);
}

/* What cannot be read is refused by name; pages that are copies are left out, and said. */
static void odd_pages(void **state)
{
    static const struct { int scheme; const char *word; } missing[] = { { 34712, "JPEG 2000 compression (scheme 34712)" }, { 50002, "JPEG XL compression" },
                                                                         { 34933, "PNG compression" }, { 4711, "unknown compression (scheme 4711)" } };
    struct odd o = { 9, 7, 4, 8, 1, 1, 1, 0, "wl", NULL, 0, 0, 1 };
    struct vn_open_opt opt = { .note = note };
    struct vn_vol *v;

    (void)state;
    write_odd(&o);
    assert_int_equal(vn_io_open(path, &opt, &v, &err), 0);
    assert_int_equal(v->grid.dim[2], 3);
    assert_string_equal(noted, "1 reduced copy or transparency mask of the pages left out");
    check_odd(v, 0, 1, 0, 0);
    for (size_t i = 0; i < VN_COUNT(missing); i++) {
        write_odd(&o);
        patch(259, missing[i].scheme);
        assert_int_equal(vn_io_open(path, &opt, &v, &err), VN_E_UNSUPPORTED);
        if (!strstr(err.msg, missing[i].word))
            fail_msg("%s", err.msg);
    }
    write_odd(&o);
    patch(273, -1);
    assert_int_equal(vn_io_open(path, &opt, &v, &err), VN_E_FORMAT);
    assert_non_null(strstr(err.msg, "StripOffsets"));
    write_odd(&o);
    patch(256, 8);
    assert_int_equal(vn_io_open(path, &opt, &v, &err), VN_E_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "page 2 is 9x7 and page 1 is 8x7"));
}

/* ImageJ hyperstack: channels fastest, then slices, then frames; unit and spacing in the description. */
static void imagej_hyperstack(void **state)
{
    struct odd o = { 5, 4, 12, 16, 1, 1, 1, 0, "wb", "ImageJ=1.53c\nimages=12\nchannels=2\nslices=3\nframes=2\nhyperstack=true\nunit=\\u00B5m\nspacing=2.5\nloop=false\n", 4 };
    const struct vn_open_opt bad = { .channel = 2 };
    struct vn_vol *v;

    (void)state;
    write_odd(&o);
    v = open_it(1, 1, NULL);
    assert_int_equal(v->n_channel, 2);
    assert_int_equal(v->n_time, 2);
    assert_int_equal(v->grid.dim[2], 3);
    check_odd(v, 1 + 6, 2, 0, 0);                         /* page = c + 2 z + 6 t */
    assert_int_equal(vn_io_open(path, &bad, &v, &err), VN_E_ARG);
    assert_non_null(strstr(err.msg, "has 2 channels"));
}

static void imagej_voxel_size(void **state)
{
    static const struct { const char *text; float res; double x, z; } list[] = {
        { "ImageJ=1.53c\nimages=2\nslices=2\nunit=micron\nspacing=3\n", 2, 0.5, 3 },
        { "ImageJ=1.53c\nimages=2\nslices=2\nunit=um\n", 4, 0.25, 1 },
        { "ImageJ=1.53c\nimages=2\nslices=2\nunit=\xc2\xb5m\nspacing=-3\n", 2, 0.5, 3 },
        { "ImageJ=1.53c\nimages=2\nslices=2\nunit=nm\nspacing=200\n", 0.01f, 0.1, 0.2 },
        { "ImageJ=1.53c\nimages=2\nslices=2\nunit=mm\nspacing=0.5\n", 2, 500, 500 },
        { "ImageJ=1.53c\nimages=2\nslices=2\nunit=pixel\nspacing=3\n", 2, 0, 0 },
        { "ImageJ=1.53c\nimages=2\nslices=2\nunit=um\nspacing=nan\n", 2, 0, 0 },
        { "ImageJ=1.53c\nimages=2\nslices=2\n", 2, 0, 0 },
        { NULL, 2, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < VN_COUNT(list); i++) {
        struct odd o = { 3, 3, 2, 8, 1, 1, 1, 0, "wl", list[i].text, list[i].res };
        write_odd(&o);
        /* libtiff's resolution unit defaults to inch; ImageJ writes none */
        TIFF *t = TIFFOpen(path, "r+");
        TIFFSetField(t, TIFFTAG_RESOLUTIONUNIT, RESUNIT_NONE);
        TIFFRewriteDirectory(t);
        TIFFClose(t);
        struct vn_vol *v = open_it(0, 0, NULL);
        assert_near(v->grid.um[0], list[i].x);
        assert_near(v->grid.um[2], list[i].z);
        vn_vol_unref(v);
    }
}

static void ome_order(void **state)
{
    struct odd o = { 5, 4, 6, 8, 1, 1, 1, 0, "wl",
        "<?xml version=\"1.0\"?><OME xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\"><Image ID=\"Image:0\"><Pixels ID=\"Pixels:0\" "
        "DimensionOrder=\"XYZCT\" Type=\"uint8\" SizeX=\"5\" SizeY=\"4\" SizeZ=\"3\" SizeC=\"2\" SizeT=\"1\" PhysicalSizeX=\"0.35\" "
        "PhysicalSizeY=\"350\" PhysicalSizeYUnit=\"nm\" PhysicalSizeZ=\"0.001\" PhysicalSizeZUnit=\"mm\"><TiffData/></Pixels></Image></OME>", 0 };
    (void)state;
    write_odd(&o);
    struct vn_vol *v = open_it(1, 0, NULL);
    assert_near(v->grid.um[0], 0.35);
    assert_near(v->grid.um[1], 0.35);
    assert_near(v->grid.um[2], 1);
    check_odd(v, 3, 1, 0, 0);
    /* planes in an order of their own: z 0, 1, 2 of the only channel are pages 5, 3, 1 */
    o.text = "<OME><Image><Pixels DimensionOrder='XYCZT' SizeX='5' SizeY='4' SizeZ='3' SizeC='1' SizeT='1'><TiffData IFD='5' FirstZ='0'/>"
             "<TiffData IFD='3' FirstZ='1'/><TiffData IFD='1' FirstZ='2'/></Pixels></Image></OME>";
    write_odd(&o);
    check_odd(open_it(0, 0, NULL), 5, -2, 0, 0);
    o.text = "<OME><Image><Pixels DimensionOrder='XYCZT' SizeX='5' SizeY='4' SizeZ='9' SizeC='1' SizeT='1'><TiffData/></Pixels></Image></OME>";
    write_odd(&o);
    const struct vn_open_opt opt = { 0 };
    assert_int_equal(vn_io_open(path, &opt, &v, &err), VN_E_FORMAT);
    assert_non_null(strstr(err.msg, "describes 9 planes"));
}

/* ---- large, damaged ---- */

/* ImageJ's way past 4 GB: one directory, then the planes.  Sparse: 2048 planes of 4 MB, three of them with a voxel set. */
static void eight_gigabytes_open_at_once(void **state)
{
    const uint32_t n = 2048;
    const uint64_t first = 4096;
    struct odd o = { 1, 1, 1, 8, 1, 1, 1, 0, "wl", "ImageJ=1.53c\nimages=2048\nslices=2048\n", 0 };
    struct vn_buf b;
    struct timespec t0, t1;

    (void)state;
    write_odd(&o);
    int fd = open(path, O_RDWR);
    /* the single page becomes 2048 x 2048 with its strip at 4096: patch the entries of the classic little-endian directory */
    unsigned char head[8], cnt[2], e[12];
    uint32_t at;
    assert_int_equal(pread(fd, head, 8, 0), 8);
    memcpy(&at, head + 4, 4);
    assert_int_equal(pread(fd, cnt, 2, at), 2);
    for (int i = 0; i < cnt[0]; i++) {
        off_t where = (off_t)at + 2 + 12 * i;
        assert_int_equal(pread(fd, e, 12, where), 12);
        int tag = e[0] | e[1] << 8;
        uint32_t v = tag == 256 || tag == 257 || tag == 278 ? n : tag == 273 ? (uint32_t)first : tag == 279 ? n * n : 0;
        const unsigned char as_long[8] = { e[0], e[1], 4, 0, 1, 0, 0, 0 };
        memcpy(e, as_long, 8);
        memcpy(e + 8, &v, 4);
        if (v)
            assert_int_equal(pwrite(fd, e, 12, where), 12);
    }
    assert_int_equal(ftruncate(fd, (off_t)(first + (uint64_t)n * n * n)), 0);
    for (uint64_t z = 0; z < n; z += 1000)
        assert_int_equal(pwrite(fd, "\x2a", 1, (off_t)(first + z * n * n + 777 * n + 1234)), 1);
    close(fd);
    clock_gettime(CLOCK_MONOTONIC, &t0);
    struct vn_vol *v = open_it(0, 0, NULL);
    clock_gettime(CLOCK_MONOTONIC, &t1);
    assert_true((double)(t1.tv_sec - t0.tv_sec) + 1e-9 * (double)(t1.tv_nsec - t0.tv_nsec) < 1.0);
    assert_int_equal(v->grid.dim[2], 2048);
    const struct vn_box box = { { 1200, 700, 1960 }, { 1300, 800, 2040 } };
    assert_int_equal(vn_buf_new(&b, VN_U8, &box, &err), 0);
    vn_mem_peak_reset();
    if (vn_vol_read(v, VN_PAD_ZERO, &b, NULL, &err))
        fail_msg("%s", err.msg);
    assert_true(vn_mem_peak() < 200000000);
    assert_int_equal(((uint8_t *)b.data)[vn_buf_at(&b, 1234, 777, 2000)], 0x2a);
    assert_int_equal(((uint8_t *)b.data)[vn_buf_at(&b, 1234, 777, 2001)], 0);
    vn_buf_free(&b);
    vn_vol_unref(v);
    /* one byte short: not a shorter stack, but an error */
    assert_int_equal(truncate(path, (off_t)(first + (uint64_t)n * n * n - 1)), 0);
    const struct vn_open_opt opt = { 0 };
    assert_int_equal(vn_io_open(path, &opt, &v, &err), VN_E_FORMAT);
    assert_non_null(strstr(err.msg, "cut short"));
}

/* Every truncation of a stack gives an error or all voxels, never a shorter or a zero-filled one. */
static void truncations_are_noticed(void **state)
{
    static const char *const compress[] = { "none", "lzw", "deflate", "zstd", "packbits" };
    const struct vn_box box = { { 0, 0, 0 }, { 40, 30, 6 } };
    const struct vn_grid g = { { 40, 30, 6 }, { 1, 1, 1 }, { { 0 } } };
    struct vn_vol *v = make(VN_IMAGE, VN_U16, &g, &box), *r;
    const struct vn_open_opt opt = { 0 };

    (void)state;
    for (size_t c = 0; c < VN_COUNT(compress); c++) {
        struct stat st;
        round_trip(v, compress[c]);
        assert_int_equal(stat(path, &st), 0);
        for (off_t n = st.st_size * 15 / 16; n > 0; n -= st.st_size / 16) {
            struct vn_buf b;
            assert_int_equal(truncate(path, n), 0);
            r = NULL;
            int rc = vn_io_open(path, &opt, &r, &err);
            if (!rc) {
                assert_int_equal(vn_buf_new(&b, VN_U16, &r->box, &err), 0);
                rc = vn_vol_read(r, VN_PAD_ZERO, &b, NULL, &err);
                vn_buf_free(&b);
                vn_vol_unref(r);
            }
            assert_true(rc != 0);
            assert_true(strlen(err.msg) > 10);
        }
    }
    vn_vol_unref(v);
}

/* The file is replaced while it is open: the volume keeps reading what it opened. */
static void replacing_an_open_file(void **state)
{
    const struct vn_box box = { { 0, 0, 0 }, { 20, 20, 3 } };
    const struct vn_grid g = { { 20, 20, 3 }, { 1, 1, 1 }, { { 0 } } };
    struct vn_vol *v = make(VN_IMAGE, VN_U8, &g, &box), *m = make(VN_MASK, VN_U8, &g, &box);
    const struct vn_save_opt o = { .force = true, .compress = "lzw" }, keep = { 0 };

    (void)state;
    assert_int_equal(vn_io_save(v, path, &o, NULL, &err), 0);
    struct vn_vol *r = open_it(0, 0, NULL);
    assert_int_equal(vn_io_save(m, path, &keep, NULL, &err), VN_E_IO);
    assert_int_equal(vn_io_save(m, path, &o, NULL, &err), 0);
    assert_same(v, r);
    assert_int_equal(vn_io_save(r, path, &o, NULL, &err), 0);   /* and over the file it came from */
    vn_vol_unref(r);
    r = open_it(0, 0, NULL);
    assert_same(v, r);
    vn_vol_unref(r);
    vn_vol_unref(v);
    vn_vol_unref(m);
}

static void refusals(void **state)
{
    const struct vn_box box = { { 0, 0, 0 }, { 4, 4, 2 } };
    const struct vn_grid g = { { 4, 4, 2 }, { 1, 1, 1 }, { { 0 } } };
    const struct vn_open_opt opt = { 0 }, prob = { .kind = "prob" };
    struct vn_vol *v = make(VN_IMAGE, VN_U8, &g, &box), *r;
    const struct vn_save_opt bad = { .compress = "jpeg", .force = true }, plain = { .force = true };
    static const struct { const char *bytes; size_t n; const char *word; } list[] = {
        { "\x89PNG\r\n\x1a\n", 8, "ends at byte 8" }, { "\x89HDF\r\n\x1a\n", 8, "is an HDF5 file" },
        { "hello", 5, "no known format" }, { "\x1f\x8b\x08\0\0\0\0\0\0\3", 10, "is a gzip file" }, { "II*\0\0\0\0\0", 8, "without a page" },
        { "II*\0\x08\0\0\0", 8, "cut short" },
    };

    (void)state;
    assert_int_equal(vn_io_save(v, path, &bad, NULL, &err), VN_E_ARG);
    assert_int_equal(vn_io_save(v, "x.png", &plain, NULL, &err), VN_E_ARG);
    assert_non_null(strstr(err.msg, ".nii, .nii.gz, .nrrd, .csv, .tif, .tiff"));
    assert_int_equal(vn_io_save(v, "/nonexistent/x.tif", &plain, NULL, &err), VN_E_IO);
    assert_int_equal(vn_io_open("/nonexistent/x.tif", &opt, &r, &err), VN_E_IO);
    assert_int_equal(vn_io_open("/proc/self", &opt, &r, &err), VN_E_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "is a folder"));
    assert_int_equal(vn_io_save(v, path, &plain, NULL, &err), 0);
    assert_int_equal(vn_io_open(path, &prob, &r, &err), VN_E_ARG);
    for (size_t i = 0; i < VN_COUNT(list); i++) {
        FILE *f = fopen(path, "wb");
        fwrite(list[i].bytes, 1, list[i].n, f);
        fclose(f);
        assert_true(vn_io_open(path, &opt, &r, &err) != 0);
        if (!strstr(err.msg, list[i].word))
            fail_msg("%s", err.msg);
    }
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(vn_io_open(path, &opt, &r, &err), VN_E_FORMAT);
    assert_non_null(strstr(err.msg, "is empty"));
    vn_vol_unref(v);
}

/* Whatever allocation fails: an error, nothing leaked (address sanitizer), no file left behind (drop_dir). */
static void allocation_failures(void **state)
{
    const struct vn_box box = { { 0, 0, 0 }, { 30, 20, 4 } };
    const struct vn_grid g = { { 30, 20, 4 }, { 1, 1, 1 }, { { 0 } } };
    struct vn_vol *v = make(VN_IMAGE, VN_U16, &g, &box);
    const struct vn_save_opt o = { .force = true, .compress = "deflate" };
    const struct vn_open_opt opt = { 0 };

    (void)state;
    assert_int_equal(vn_io_save(v, path, &o, NULL, &err), 0);
    for (long n = 1; n < 400; n++) {
        struct vn_vol *r = NULL;
        struct vn_buf b = { 0 };
        vn_mem_fail_at(n);
        int rc = vn_io_open(path, &opt, &r, &err);
        if (!rc)
            rc = vn_buf_new(&b, VN_U16, &r->box, &err);
        if (!rc)
            rc = vn_vol_read(r, VN_PAD_ZERO, &b, NULL, &err);
        if (!rc)
            rc = vn_io_save(v, path, &o, NULL, &err);
        vn_mem_fail_at(0);
        vn_buf_free(&b);
        vn_vol_unref(r);
        if (!rc)
            break;
        assert_int_equal(rc, VN_E_MEMORY);
    }
    vn_vol_unref(v);
}

/* A write that the system refuses (here by a limit on file size, as a full disk would) is an error and leaves nothing. */
static void refused_writes(void **state)
{
    const struct vn_box box = { { 0, 0, 0 }, { 300, 200, 20 } };
    const struct vn_grid g = { { 300, 200, 20 }, { 1, 1, 1 }, { { 0 } } };
    static const char *const names[] = { "a.tif", "a.nii", "a.nii.gz" };
    struct vn_vol *v = make(VN_IMAGE, VN_U16, &g, &box);
    const struct vn_save_opt o = { 0 };
    struct rlimit old, low;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    low = old;
    low.rlim_cur = 10000;
    for (size_t i = 0; i < VN_COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        setrlimit(RLIMIT_FSIZE, &low);
        int rc = vn_io_save(v, path, &o, NULL, &err);
        setrlimit(RLIMIT_FSIZE, &old);
        assert_int_equal(rc, VN_E_IO);
        assert_non_null(strstr(err.msg, "File too large"));
        assert_int_equal(access(path, F_OK), -1);
    }
    vn_vol_unref(v);
}

struct cancelling { struct vn_vol *v; };
static int save_cancelled(void *ctx, struct vn_job *j, struct vn_err *e)
{
    const struct vn_save_opt o = { 0 };
    vn_job_cancel(j);
    return vn_io_save(((struct cancelling *)ctx)->v, path, &o, j, e);
}
static void cancelled_writes(void **state)
{
    const struct vn_box box = { { 0, 0, 0 }, { 30, 20, 2 } };
    const struct vn_grid g = { { 30, 20, 2 }, { 1, 1, 1 }, { { 0 } } };
    static const char *const names[] = { "a.tif", "a.nii", "a.nii.gz" };
    struct cancelling c = { make(VN_IMAGE, VN_U16, &g, &box) };

    (void)state;
    for (size_t i = 0; i < VN_COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        assert_int_equal(vn_job_run(VN_BULK, "save", save_cancelled, &c, NULL, &err), VN_E_CANCELLED);
        assert_int_equal(access(path, F_OK), -1);
    }
    vn_vol_unref(c.v);
}

/* Opening a pipe waits for a writer: a document that names one must not hold the program up. */
static void a_pipe_named_by_a_document_is_refused(void **state)
{
    char document[128], pipe[128];
    const struct vn_open_opt o = { 0 };
    struct vn_vol *v;
    (void)state;

    snprintf(document, sizeof document, "%s/set.ome", dir);
    snprintf(pipe, sizeof pipe, "%s/p.tif", dir);
    FILE *f = fopen(document, "w");
    assert_non_null(f);
    fputs("<OME><Image><Pixels DimensionOrder=\"XYZCT\" SizeX=\"5\" SizeY=\"4\" SizeZ=\"1\" SizeC=\"1\" SizeT=\"1\">"
          "<TiffData><UUID FileName=\"p.tif\">u</UUID></TiffData></Pixels></Image></OME>", f);
    fclose(f);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(vn_io_open(document, &o, &v, &err), VN_E_IO);
    assert_non_null(strstr(err.msg, "p.tif' is not a file"));
    unlink(document);
    unlink(pipe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)
        T(written_reads_back), T(masks_are_255_in_the_file), T(layouts_of_others), T(codecs), T(odd_pages), T(imagej_hyperstack), T(imagej_voxel_size), T(ome_order),
        T(eight_gigabytes_open_at_once), T(truncations_are_noticed), T(replacing_an_open_file), T(refusals), T(allocation_failures),
        T(a_pipe_named_by_a_document_is_refused), T(refused_writes), T(cancelled_writes),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
