/* Volumes over several files: folders of TIFF or PNG slices, OME-TIFF sets; and single PNG files. */
#include "io.h"
#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tiffio.h>
#include <unistd.h>
#include <cmocka.h>
#include "job.h"
#include "mem.h"
#include "text.h"

static char dir[64];
static struct vn_err err;
static struct vn_str notes;

static int make_dir(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/vn_slices_XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}
static int drop_dir(void **state)
{
    char cmd[100];
    (void)state;
    vn_str_free(&notes);
    snprintf(cmd, sizeof cmd, "rm -r %s", dir);
    return system(cmd);
}

static const char *at(const char *name)
{
    static char path[4][160];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[0], "%s%s%s", dir, name[0] ? "/" : "", name);
    return path[turn];
}

/* Pixel (x, y) of plane p, sample s. */
static int value(int x, int y, int p, int s, int bits) { return (x + 7 * y + 20 * p + 50 * s) % (1 << (bits < 8 ? bits : 8)); }

/* Pages p0 ... of w x h pixels of 8 or 16 bits. */
static void tiff(const char *name, int w, int h, int bits, int p0, int pages, const char *text)
{
    TIFF *t = TIFFOpen(at(name), "w");
    unsigned char row[1024];

    assert_non_null(t);
    for (int p = p0; p < p0 + pages; p++) {
        TIFFSetField(t, TIFFTAG_IMAGEWIDTH, w);
        TIFFSetField(t, TIFFTAG_IMAGELENGTH, h);
        TIFFSetField(t, TIFFTAG_BITSPERSAMPLE, bits);
        TIFFSetField(t, TIFFTAG_SAMPLESPERPIXEL, 1);
        TIFFSetField(t, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
        TIFFSetField(t, TIFFTAG_ROWSPERSTRIP, 3);
        TIFFSetField(t, TIFFTAG_COMPRESSION, p % 2 ? COMPRESSION_LZW : COMPRESSION_NONE);
        if (text)
            TIFFSetField(t, TIFFTAG_IMAGEDESCRIPTION, text);
        TIFFSetField(t, TIFFTAG_XRESOLUTION, 2.0);
        TIFFSetField(t, TIFFTAG_YRESOLUTION, 4.0);
        TIFFSetField(t, TIFFTAG_RESOLUTIONUNIT, RESUNIT_NONE);
        for (int y = 0; y < h; y++) {
            for (int x = 0; x < w; x++)
                if (bits == 8)
                    row[x] = (unsigned char)value(x, y, p, 0, 8);
                else
                    ((uint16_t *)(void *)row)[x] = (uint16_t)value(x, y, p, 0, 8);
            assert_int_equal(TIFFWriteScanline(t, row, (uint32_t)y, 0), 1);
        }
        TIFFWriteDirectory(t);
    }
    TIFFClose(t);
}

/* palette: 0 none, 1 greys (index 1 is 255 - 1 ...), 3 colours */
static void png(const char *name, int w, int h, int bits, int type, int p, bool interlaced, int palette)
{
    FILE *f = fopen(at(name), "wb");
    png_structp q = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop i = png_create_info_struct(q);
    const int samples = type == PNG_COLOR_TYPE_RGB ? 3 : type == PNG_COLOR_TYPE_GRAY_ALPHA ? 2 : 1;
    unsigned char rows[40][400], *at_row[40];
    png_color pal[16];

    assert_non_null(f);
    assert_int_equal(setjmp(png_jmpbuf(q)), 0);
    png_init_io(q, f);
    png_set_IHDR(q, i, (png_uint_32)w, (png_uint_32)h, bits, type, interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    for (int k = 0; k < 16; k++)
        pal[k] = (png_color) { (png_byte)(255 - k), (png_byte)(palette == 3 ? 2 * k : 255 - k), (png_byte)(palette == 3 ? 3 * k : 255 - k) };
    if (palette)
        png_set_PLTE(q, i, pal, 1 << bits);
    png_write_info(q, i);
    if (bits < 8)
        png_set_packing(q);
    for (int y = 0; y < h; y++) {
        at_row[y] = rows[y];
        for (int x = 0; x < w * samples; x++) {
            int v = value(x / samples, y, p, x % samples, bits);
            if (bits == 16) {
                rows[y][2 * x] = (unsigned char)(v + 1);         /* high byte first */
                rows[y][2 * x + 1] = (unsigned char)v;
            } else {
                rows[y][x] = (unsigned char)v;
            }
        }
    }
    png_write_image(q, at_row);
    png_write_end(q, i);
    png_destroy_write_struct(&q, &i);
    fclose(f);
}

static void touch(const char *name)
{
    FILE *f = fopen(at(name), "w");
    fputs("not a slice", f);
    fclose(f);
}

static void take_note(void *ctx, const char *text)
{
    (void)ctx;
    vn_str_add(&notes, text);
    vn_str_add(&notes, "\n");
}

static struct vn_vol *open_channel(const char *name, int channel)
{
    const struct vn_open_opt o = { .channel = channel, .note = take_note };
    struct vn_vol *v = NULL;
    vn_str_free(&notes);
    if (vn_io_open(at(name), &o, &v, &err))
        fail_msg("%s", err.msg);
    return v;
}

static void refused(const char *name, int code, const char *const words[], size_t n)
{
    const struct vn_open_opt o = { 0 };
    struct vn_vol *v = NULL;
    assert_int_equal(vn_io_open(at(name), &o, &v, &err), code);
    for (size_t i = 0; i < n; i++)
        if (!strstr(err.msg, words[i]))
            fail_msg("'%s' is not in: %s", words[i], err.msg);
}
#define REFUSED(name, code, ...) refused(name, code, (const char *const[]) { __VA_ARGS__ }, VN_COUNT(((const char *const[]) { __VA_ARGS__ })))

/* Plane z of v is plane p of the writers. UNREFS v. */
static void planes_are(struct vn_vol *v, const int *p, int n)
{
    struct vn_buf b = { 0 };
    assert_int_equal(v->box.hi[2], n);
    assert_int_equal(vn_buf_new(&b, VN_F64, &v->box, &err), 0);
    if (vn_vol_read(v, VN_PAD_ZERO, &b, NULL, &err))
        fail_msg("%s", err.msg);
    for (int z = 0; z < n; z++)
        for (int y = 0; y < v->box.hi[1]; y++)
            for (int x = 0; x < v->box.hi[0]; x++)
                assert_int_equal((int)((double *)b.data)[vn_buf_at(&b, x, y, z)], value(x, y, p[z], 0, 8));
    vn_buf_free(&b);
    vn_vol_unref(v);
}

static void natural_order(void **state)
{
    (void)state;
    tiff("slice10.tif", 9, 7, 8, 3, 1, NULL);
    tiff("slice2.tif", 9, 7, 8, 1, 1, NULL);
    tiff("slice1.TIF", 9, 7, 8, 0, 1, NULL);
    tiff("slice03.tiff", 9, 7, 8, 2, 1, NULL);
    touch("Thumbs.db");
    touch("._slice1.tif");
    struct vn_vol *v = open_channel("", 0);
    assert_int_equal(v->src->type, VN_U8);
    assert_non_null(strstr(notes.s, "2 other files in the folder left out"));
    assert_non_null(strstr(notes.s, "Thumbs.db"));
    assert_non_null(strstr(notes.s, "6 slices are missing in the numbering: 4 to 9;"));
    planes_are(v, (const int[]) { 0, 1, 2, 3 }, 4);
    tiff("slice3.tif", 9, 7, 8, 2, 1, NULL);
    REFUSED("", VN_E_UNSUPPORTED, "slice03.tiff", "slice3.tif", "same number");
}

/* Which number counts; steps; a file beside the series; two series. */
static void names(void **state)
{
    char name[64];
    (void)state;
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "m1_z%03d_12%02d07.tif", 10 + 2 * i, 31 - 5 * i);      /* a counter and a time */
        tiff(name, 5, 4, 16, i, 1, NULL);
    }
    tiff("overview.tif", 50, 40, 8, 0, 1, NULL);
    struct vn_vol *v = open_channel("", 0);
    assert_non_null(strstr(notes.s, "numbers go up by 2 (10 to 18)"));
    assert_non_null(strstr(notes.s, "overview.tif"));
    assert_null(strstr(notes.s, "channels"));
    assert_int_equal(v->src->type, VN_U16);
    planes_are(v, (const int[]) { 0, 1, 2, 3, 4 }, 5);
    tiff("n_1.tif", 5, 4, 16, 0, 1, NULL);
    tiff("n_2.tif", 5, 4, 16, 0, 1, NULL);
    REFUSED("", VN_E_UNSUPPORTED, "'m#_z#_#' (5)", "'n_#' (2)", "one series");
}

/* Two numbers that differ, neither of them alone: channels or tiles, not slices. */
static void two_numbers(void **state)
{
    (void)state;
    tiff("c0_z0.tif", 5, 4, 8, 0, 1, NULL);
    tiff("c0_z1.tif", 5, 4, 8, 0, 1, NULL);
    tiff("c1_z0.tif", 5, 4, 8, 0, 1, NULL);
    tiff("c1_z1.tif", 5, 4, 8, 0, 1, NULL);
    REFUSED("", VN_E_UNSUPPORTED, "2 numbers in the slices' names differ");
    assert_int_equal(unlink(at("c0_z1.tif")) | unlink(at("c1_z1.tif")), 0);
    struct vn_vol *v = open_channel("", 0);
    assert_non_null(strstr(notes.s, "numbered after 'c': if these are channels"));
    vn_vol_unref(v);
}

static void odd_ones(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof name, "s_%d.tif", i);
        tiff(name, 6, 5, 8, i, 1, NULL);
    }
    tiff("s_2.tif", 6, 4, 8, 2, 1, NULL);
    REFUSED("", VN_E_UNSUPPORTED, "s_2.tif' is 6x4", "s_0.tif' is 6x5");
    tiff("s_2.tif", 6, 5, 16, 2, 1, NULL);
    REFUSED("", VN_E_UNSUPPORTED, "s_2.tif' holds another type of pixels (16 bits)");
    tiff("s_2.tif", 6, 5, 8, 2, 2, NULL);
    REFUSED("", VN_E_UNSUPPORTED, "s_2.tif' has 2 pages");
    touch("s_2.tif");
    REFUSED("", VN_E_FORMAT, "s_2.tif'");
    tiff("s_2.tif", 6, 5, 8, 2, 1, NULL);
    png("p.png", 6, 5, 8, PNG_COLOR_TYPE_GRAY, 0, false, 0);
    REFUSED("", VN_E_UNSUPPORTED, "4 TIFF and 1 PNG files");
}

/* What happens to a file after the folder was opened is an error that names it, when its plane is read. */
static void changed_afterwards(void **state)
{
    struct vn_buf b = { 0 };
    (void)state;
    for (int i = 0; i < 30; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%d.tif", i);
        tiff(name, 300, 5, 8, i % 10, 1, NULL);
    }
    struct vn_vol *v = open_channel("", 0);
    struct vn_box box = { { 0, 0, 20 }, { 300, 5, 21 } };
    tiff("s20.tif", 300, 6, 8, 0, 1, NULL);
    assert_int_equal(unlink(at("s29.tif")), 0);
    assert_int_equal(vn_buf_new(&b, VN_U8, &box, &err), 0);
    assert_int_equal(vn_vol_read(v, VN_PAD_ZERO, &b, NULL, &err), VN_E_IO);
    assert_non_null(strstr(err.msg, "has changed since"));
    box.lo[2] = 29;
    box.hi[2] = 30;
    b.box = box;
    assert_int_equal(vn_vol_read(v, VN_PAD_ZERO, &b, NULL, &err), VN_E_IO);
    assert_true(strstr(err.msg, "no longer there") || strstr(err.msg, "has changed since"));
    vn_buf_free(&b);
    vn_vol_unref(v);
}

/* A slice of its own knows its pixels but rarely the distance to the next. */
static void voxel_size(void **state)
{
    (void)state;
    tiff("a1.tif", 6, 5, 8, 0, 1, "ImageJ=1.53c\nunit=um\n");
    tiff("a2.tif", 6, 5, 8, 1, 1, "ImageJ=1.53c\nunit=um\n");
    struct vn_vol *v = open_channel("", 0);
    assert_false(vn_um_known(&v->grid));
    assert_non_null(strstr(notes.s, "0.5x0.25um a pixel but not their distance"));
    vn_vol_unref(v);
    tiff("a1.tif", 6, 5, 8, 0, 1, "ImageJ=1.53c\nunit=um\nspacing=3\n");
    v = open_channel("", 0);
    assert_true(v->grid.um[0] == 0.5 && v->grid.um[1] == 0.25 && v->grid.um[2] == 3);
    planes_are(v, (const int[]) { 0, 1 }, 2);
}

/* Every depth and kind of PNG, as one file and as slices. */
static void png_kinds(void **state)
{
    static const struct { int bits, type, palette, channels; } list[] = {
        { 1, PNG_COLOR_TYPE_GRAY, 0, 1 }, { 2, PNG_COLOR_TYPE_GRAY, 0, 1 }, { 4, PNG_COLOR_TYPE_GRAY, 0, 1 }, { 8, PNG_COLOR_TYPE_GRAY, 0, 1 },
        { 16, PNG_COLOR_TYPE_GRAY, 0, 1 }, { 8, PNG_COLOR_TYPE_RGB, 0, 3 }, { 16, PNG_COLOR_TYPE_RGB, 0, 3 }, { 8, PNG_COLOR_TYPE_GRAY_ALPHA, 0, 2 },
        { 4, PNG_COLOR_TYPE_PALETTE, 1, 1 }, { 4, PNG_COLOR_TYPE_PALETTE, 3, 4 }, { 1, PNG_COLOR_TYPE_PALETTE, 3, 4 },
    };
    (void)state;
    for (size_t i = 0; i < VN_COUNT(list); i++)
        for (int lace = 0; lace < 2; lace++) {
            for (int p = 0; p < 3; p++) {
                char name[16];
                snprintf(name, sizeof name, "p%d.png", p + 9);
                png(name, 21, 13, list[i].bits, list[i].type, p, lace, list[i].palette);
            }
            for (int one = 0; one < 2; one++)
                for (int c = 0; c < list[i].channels; c++) {
                    struct vn_vol *v = open_channel(one ? "p10.png" : "", c);
                    struct vn_box part = { { 2, 3, 0 }, { 20, 11, one ? 1 : 3 } };
                    struct vn_buf b = { 0 };
                    assert_int_equal(v->n_channel, list[i].channels);
                    assert_int_equal(v->src->type, list[i].bits == 16 ? VN_U16 : VN_U8);
                    assert_int_equal(v->kind, list[i].bits == 1 && c == 0 ? VN_MASK : VN_IMAGE);
                    assert_int_equal(vn_buf_new(&b, VN_F64, &part, &err), 0);
                    if (vn_vol_read(v, VN_PAD_ZERO, &b, NULL, &err))
                        fail_msg("%s", err.msg);
                    for (int z = 0; z < part.hi[2]; z++)
                        for (int y = 3; y < 11; y++)
                            for (int x = 2; x < 20; x++) {
                                int want = value(x, y, one ? 1 : z, list[i].palette ? 0 : c, list[i].bits);
                                want = list[i].palette == 1 || (list[i].palette && c == 1) ? 255 - want : list[i].palette && c > 1 ? c * want : want;
                                want += list[i].bits == 16 ? 256 * (want + 1) : 0;
                                assert_int_equal((int)((double *)b.data)[vn_buf_at(&b, x, y, z)], want);
                            }
                    vn_buf_free(&b);
                    vn_vol_unref(v);
                }
        }
    const struct vn_open_opt late = { .time = 1 };
    struct vn_vol *v;
    assert_int_equal(vn_io_open(at("p10.png"), &late, &v, &err), VN_E_ARG);
}

/* Cut anywhere, a PNG file is an error when it is opened or read; so is one wrong byte. */
static void png_damage(void **state)
{
    const struct vn_open_opt o = { 0 };
    unsigned char all[4096];
    (void)state;
    png("p.png", 37, 29, 8, PNG_COLOR_TYPE_GRAY, 1, false, 0);
    FILE *f = fopen(at("p.png"), "rb");
    size_t n = fread(all, 1, sizeof all, f);
    fclose(f);
    for (size_t cut = 1; cut < n; cut++)
        for (int flip = 0; flip < 2; flip++) {
            struct vn_vol *v = NULL;
            struct vn_buf b = { 0 };
            f = fopen(at("p.png"), "wb");
            all[cut] ^= flip ? 0x10 : 0;
            fwrite(all, 1, flip ? n : cut, f);
            all[cut] ^= flip ? 0x10 : 0;
            fclose(f);
            int rc = vn_io_open(at("p.png"), &o, &v, &err);
            if (!rc) {
                assert_int_equal(vn_buf_new(&b, VN_U8, &v->box, &err), 0);
                rc = vn_vol_read(v, VN_PAD_ZERO, &b, NULL, &err);
                vn_buf_free(&b);
                vn_vol_unref(v);
            }
            if (!rc)
                fail_msg("%s at byte %zu of %zu was not noticed", flip ? "a wrong bit" : "a cut", cut, n);
            assert_true(strlen(err.msg) > 10);
        }
}

#define OME_HEAD "<OME xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\"><Image ID=\"Image:0\"><Pixels DimensionOrder=\"XYZCT\" SizeX=\"9\" "   \
                 "SizeY=\"7\" SizeZ=\"3\" SizeC=\"2\" SizeT=\"1\" PhysicalSizeX=\"0.5\" PhysicalSizeY=\"0.5\" PhysicalSizeZ=\"2\">"
#define OME_PLANE(c, z, file, ifd) "<TiffData FirstC=\"" #c "\" FirstZ=\"" #z "\" FirstT=\"0\" IFD=\"" #ifd "\" PlaneCount=\"1\"><UUID FileName=\"" file "\">u</UUID></TiffData>"
#define OME_DOC OME_HEAD OME_PLANE(0, 0, "b.ome.tif", 1) OME_PLANE(0, 1, "a.ome.tif", 0) OME_PLANE(0, 2, "b.ome.tif", 0) OME_PLANE(1, 0, "a.ome.tif", 1) \
                OME_PLANE(1, 1, "c.ome.tif", 0) OME_PLANE(1, 2, "a.ome.tif", 2) "</Pixels></Image></OME>"
#define OME_ONLY "<OME><BinaryOnly MetadataFile=\"x.companion.ome\" UUID=\"urn:uuid:1\"/></OME>"

static void ome_set(void **state)
{
    struct vn_vol *v;
    (void)state;
    tiff("a.ome.tif", 9, 7, 8, 0, 3, OME_DOC);           /* planes 0 1 2 of the writers */
    tiff("b.ome.tif", 9, 7, 8, 3, 2, OME_DOC);           /* 3 4 */
    tiff("c.ome.tif", 9, 7, 8, 5, 1, OME_DOC);           /* 5 */
    static const char *const each[] = { "a.ome.tif", "b.ome.tif", "c.ome.tif" };
    for (size_t i = 0; i < VN_COUNT(each); i++) {
        v = open_channel(each[i], 0);
        assert_int_equal(v->n_channel, 2);
        assert_true(v->grid.um[0] == 0.5 && v->grid.um[2] == 2);
        planes_are(v, (const int[]) { 4, 0, 3 }, 3);
        planes_are(open_channel(each[i], 1), (const int[]) { 1, 5, 2 }, 3);
    }
    assert_int_equal(unlink(at("c.ome.tif")), 0);
    planes_are(open_channel("a.ome.tif", 0), (const int[]) { 4, 0, 3 }, 3);       /* does not need it */
    const struct vn_open_opt o = { .channel = 1 };
    assert_int_equal(vn_io_open(at("a.ome.tif"), &o, &v, &err), VN_E_IO);
    assert_non_null(strstr(err.msg, "1 plane lies in files that are not there: 'c.ome.tif'"));
    /* described by a companion */
    tiff("a.ome.tif", 9, 7, 8, 0, 3, OME_ONLY);
    tiff("b.ome.tif", 9, 7, 8, 3, 2, OME_ONLY);
    REFUSED("a.ome.tif", VN_E_IO, "described by 'x.companion.ome'");
    FILE *f = fopen(at("x.companion.ome"), "w");
    fputs(OME_DOC, f);
    fclose(f);
    planes_are(open_channel("a.ome.tif", 0), (const int[]) { 4, 0, 3 }, 3);
    planes_are(open_channel("x.companion.ome", 0), (const int[]) { 4, 0, 3 }, 3);
    /* a page that is not there */
    tiff("b.ome.tif", 9, 7, 8, 3, 1, OME_ONLY);
    REFUSED("a.ome.tif", VN_E_FORMAT, "b.ome.tif' has 1 page, but page 2");
}

/* Whatever allocation fails: an error, and nothing leaked (address sanitizer). */
static void allocation_failures(void **state)
{
    static const char *const list[] = { "", "x.companion.ome", "p/p1.png" };
    const struct vn_open_opt o = { 0 };
    (void)state;
    tiff("a.ome.tif", 9, 7, 8, 0, 3, NULL);
    tiff("b.ome.tif", 9, 7, 8, 3, 3, NULL);
    FILE *f = fopen(at("x.companion.ome"), "w");
    fputs(OME_DOC, f);
    fclose(f);
    assert_int_equal(mkdir(at("p"), 0700), 0);
    png("p/p1.png", 21, 13, 8, PNG_COLOR_TYPE_RGB, 0, true, 0);
    for (size_t i = 0; i < VN_COUNT(list); i++) {
        bool done = false;
        for (long n = 1; n < 300 && !done; n++) {
            struct vn_vol *v = NULL;
            struct vn_buf b = { 0 };
            vn_mem_fail_at(n);
            int rc = vn_io_open(i ? at(list[i]) : at("p"), &o, &v, &err);
            if (!rc && !(rc = vn_buf_new(&b, v->src->type, &v->box, &err)))
                rc = vn_vol_read(v, VN_PAD_ZERO, &b, NULL, &err);
            vn_mem_fail_at(0);
            vn_buf_free(&b);
            if (v)
                vn_vol_unref(v);
            assert_true(rc == 0 || rc == VN_E_MEMORY);
            done = rc == 0;
        }
        assert_true(done);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)
        T(natural_order), T(names), T(two_numbers), T(odd_ones), T(changed_afterwards), T(voxel_size), T(png_kinds), T(png_damage), T(ome_set),
        T(allocation_failures),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
