/* NRRD, MetaImage, NumPy arrays, voxels without a header: headers written by hand after the formats' definitions, round
 * trips of what is written, refusals, every byte of a header spoilt, and real files as other programs read them. */
#include "io.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <cmocka.h>
#include "job.h"
#include "mem.h"
#include "orient.h"

#define DATA "../shared/data/"
static char dir[64], path[160];
static struct vn_err err;
static char notes[600];

static int make_dir(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/vn_formats_XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}
static int drop_dir(void **state)
{
    (void)state;
    return rmdir(dir);                                   /* fails when a file was left behind */
}
static const char *at(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}
static void take_note(void *ctx, const char *text)
{
    (void)ctx;
    snprintf(notes + strlen(notes), sizeof notes - strlen(notes), "%s\n", text);
}

/* ---- files of numbers 0, 1, 2, ... ---- */

enum { PLAIN, GZIP, ZLIB, TEXT, HEX };
/* size: bytes of a number, negative when real. Returns the bytes made. */
static size_t numbers(unsigned char *out, int size, bool big, int first, int n)
{
    size_t k = 0, w = (size_t)abs(size);
    for (int i = first; i < first + n; i++) {
        int64_t v = i;
        double d = i;
        float f = (float)i;
        unsigned char b[8];
        memcpy(b, size == -4 ? (void *)&f : size == -8 ? (void *)&d : (void *)&v, w);
        for (size_t j = 0; j < w; j++)
            out[k++] = b[big ? w - 1 - j : j];
    }
    return k;
}

static void write_bytes(const char *name, const char *mode, const void *p, size_t n)
{
    FILE *f = fopen(at(name), mode);
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* n numbers from `first` on, coded, appended to the file. */
static void append(const char *name, int coding, int size, bool big, int first, int n)
{
    unsigned char raw[4096], out[8192];
    size_t len = numbers(raw, size, big, first, n), k = 0;
    z_stream z = { 0 };

    if (coding == GZIP || coding == ZLIB) {
        assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, coding == GZIP ? 31 : 15, 8, Z_DEFAULT_STRATEGY), Z_OK);
        z.next_in = raw;
        z.avail_in = (uInt)len;
        z.next_out = out;
        z.avail_out = sizeof out;
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        write_bytes(name, "ab", out, sizeof out - z.avail_out);
        deflateEnd(&z);
        return;
    }
    for (int i = 0; coding == TEXT && i < n; i++)
        k += (size_t)sprintf((char *)out + k, "%d%s", first + i, i % 5 == 4 ? "\n" : i % 2 ? " " : ", ");
    for (size_t i = 0; coding == HEX && i < len; i++)
        k += (size_t)sprintf((char *)out + k, "%02x%s", raw[i], i % 16 == 15 ? "\n" : "");
    write_bytes(name, "ab", coding == PLAIN ? raw : out, coding == PLAIN ? len : k);
}

static struct vn_vol *open_as(const char *name, int channel, int time)
{
    const struct vn_open_opt o = { .channel = channel, .time = time, .note = take_note };
    struct vn_vol *v = NULL;
    notes[0] = 0;
    if (vn_io_open(at(name), &o, &v, &err))
        fail_msg("%s", err.msg);
    return v;
}

/* Voxel (x, y, z) is first + x step[0] + y step[1] + z step[2]: read whole, and a part of it by itself. */
static void assert_steps(struct vn_vol *v, int first, int sx, int sy, int sz)
{
    for (int part = 0; part < 2; part++) {
        struct vn_box box = v->box;
        struct vn_buf b;
        for (int k = 0; part && k < 3; k++)
            box.lo[k] += (box.hi[k] - box.lo[k]) / 2;
        assert_int_equal(vn_buf_new(&b, VN_F64, &box, &err), 0);
        if (vn_vol_read(v, VN_PAD_ZERO, &b, NULL, &err))
            fail_msg("%s", err.msg);
        for (int64_t z = box.lo[2]; z < box.hi[2]; z++)
            for (int64_t y = box.lo[1]; y < box.hi[1]; y++)
                for (int64_t x = box.lo[0]; x < box.hi[0]; x++)
                    assert_true(((double *)b.data)[vn_buf_at(&b, x, y, z)] == (double)(first + sx * x + sy * y + sz * z));
        vn_buf_free(&b);
    }
}

static void assert_um(const struct vn_vol *v, double x, double y, double z)
{
    const double um[3] = { x, y, z };
    for (int k = 0; k < 3; k++)
        if (fabs(v->grid.um[k] - um[k]) > 1e-9 * um[k])
            fail_msg("voxel size %g along axis %d, should be %g", v->grid.um[k], k, um[k]);
}

static int refused(const char *name, const struct vn_open_opt *o, const char *word)
{
    struct vn_vol *v = NULL;
    struct vn_buf b = { 0 };
    int rc = vn_io_open(at(name), o, &v, &err);
    if (!rc && !(rc = vn_buf_new(&b, VN_F32, &v->box, &err)))
        rc = vn_vol_read(v, VN_PAD_ZERO, &b, NULL, &err);
    vn_buf_free(&b);
    vn_vol_unref(v);
    if (!rc || !strstr(err.msg, word))
        fail_msg("'%s' expected, got %d: %s", word, rc, rc ? err.msg : "opened");
    return rc;
}

/* ---- NRRD ---- */

#define GRID "dimension: 3\nsizes: 4 3 2\n"
#define LPS "space: left-posterior-superior\nspace directions: (-0.5,0,0) (0,0.75,0) (0,0,2)\nspace origin: (10,20,-30)\n"

static void nrrd_headers(void **state)
{
    static const struct { const char *name; int size; enum vn_type type; } types[] = {
        { "signed char", 1, VN_I8 }, { "int8", 1, VN_I8 }, { "uchar", 1, VN_U8 }, { "unsigned char", 1, VN_U8 }, { "uint8_t", 1, VN_U8 }, { "short", 2, VN_I16 },
        { "signed short int", 2, VN_I16 }, { "ushort", 2, VN_U16 }, { "unsigned short", 2, VN_U16 }, { "uint16", 2, VN_U16 }, { "int", 4, VN_I32 },
        { "int32_t", 4, VN_I32 }, { "unsigned int", 4, VN_U32 }, { "longlong", 8, VN_I32 }, { "int64", 8, VN_I32 }, { "unsigned long long int", 8, VN_U32 },
        { "float", -4, VN_F32 }, { "double", -8, VN_F64 },
    };
    static const char *const codings[] = { [PLAIN] = "raw", [GZIP] = "gzip", [TEXT] = "ascii", [HEX] = "hex" };
    char head[400];

    (void)state;
    for (size_t t = 0; t < VN_COUNT(types); t++)
        for (int c = PLAIN; c <= HEX; c++)
            for (int big = 0; big < 2; big++) {
                if (!codings[c])
                    continue;
                snprintf(head, sizeof head, "NRRD000%d\n# comment\ntype: %s\n" GRID LPS "encoding: %s\nendian: %s\nkey:=any: thing\n\n", 1 + (int)t % 5, types[t].name, codings[c], big ? "big" : "little");
                write_bytes("a", "wb", head, strlen(head));
                append("a", c, types[t].size, big, 0, 24);
                struct vn_vol *v = open_as("a", 0, 0);
                assert_int_equal(v->src->type, types[t].type);
                assert_um(v, 500, 750, 2000);
                assert_string_equal(v->orientation, "RPS (NRRD left-posterior-superior; mm: 0.5 0 0 -10; 0 -0.75 0 -20; 0 0 2 -30)");
                assert_steps(v, 0, 1, 4, 12);
                vn_vol_unref(v);
            }
    unlink(at("a"));
}

/* Voxel sizes: by unit, by convention, else unknown, with a word about what the file has. */
static void nrrd_sizes(void **state)
{
    static const struct { const char *lines; double um[3]; bool told; } list[] = {
        { "spacings: 0.5 0.25 2\nunits: \"um\" \"um\" \"um\"\n", { 0.5, 0.25, 2 }, false },
        { "spacings: 0.5 0.25 2\nunits: \"mm\" \"microns\" \"\xc2\xb5m\"\n", { 500, 0.25, 2 }, false },
        { "spacings: 0.5 0.25 2\n", { 0, 0, 0 }, true },
        { "spacings: 0.5 nan 2\nunits: \"um\" \"um\" \"um\"\n", { 0, 0, 0 }, true },
        { "spacings: 0.5 0 2\nunits: \"um\" \"um\" \"um\"\n", { 0, 0, 0 }, true },
        { "space: RAS\nspacings: 0.5 0.25 2\n", { 500, 250, 2000 }, false },
        { "axis mins: 0 0 0\naxis maxs: 8 9 10\nunits: \"um\" \"um\" \"um\"\n", { 2, 3, 5 }, false },
        { "axis mins: 0 0 0\naxis maxs: 9 8 10\ncenterings: node node node\nunits: \"um\" \"um\" \"um\"\n", { 3, 4, 10 }, false },
        { "space: RAS\nspace directions: (0,3,4) (2,0,0) (0,-0.4,0.3)\n", { 5000, 2000, 500 }, false },
        { "space dimension: 3\nspace directions: (0,3,4) (2,0,0) (0,-0.4,0.3)\n", { 0, 0, 0 }, true },
        { "space: 3D-right-handed\nspace directions: (1,0,0) (0,2,0) (0,0,3)\nspace units: \"um\" \"um\" \"um\"\n", { 1, 2, 3 }, false },
        { "space: 3D-right-handed\nspace directions: (1,0,0) (0,2,0) (0,0,3)\nspace units: \"pixel\" \"um\" \"um\"\n", { 0, 0, 0 }, true },
        { "", { 0, 0, 0 }, false },
    };
    char head[400];

    (void)state;
    for (size_t i = 0; i < VN_COUNT(list); i++) {
        snprintf(head, sizeof head, "NRRD0005\r\ntype: uchar\r\n" GRID "%sencoding: raw\r\n\r\n", list[i].lines);
        write_bytes("a", "wb", head, strlen(head));
        append("a", PLAIN, 1, false, 0, 24);
        struct vn_vol *v = open_as("a", 0, 0);
        assert_um(v, list[i].um[0], list[i].um[1], list[i].um[2]);
        assert_int_equal(strstr(notes, "without a unit") != NULL, list[i].told);
        assert_steps(v, 0, 1, 4, 12);
        vn_vol_unref(v);
    }
    unlink(at("a"));
}

/* Where channels and times lie: 4 x 3 x 2 voxels, 3 channels, 2 times in various places. */
static void nrrd_axes(void **state)
{
    static const struct { const char *lines; int nc, nt, step[5]; bool told; } list[] = {
        { "dimension: 4\nsizes: 3 4 3 2\nkinds: RGB-color domain domain domain\n", 3, 1, { 3, 12, 36, 1, 0 }, false },
        { "dimension: 4\nsizes: 4 3 3 2\nkinds: space space vector space\n", 3, 1, { 1, 4, 36, 12, 0 }, false },
        { "dimension: 4\nsizes: 4 3 2 2\nkinds: domain domain domain time\n", 1, 2, { 1, 4, 12, 0, 24 }, false },
        { "dimension: 5\nsizes: 3 4 3 2 2\nkinds: list space space space time\n", 3, 2, { 3, 12, 36, 1, 72 }, false },
        { "dimension: 4\nsizes: 3 4 3 2\nspace: LPS\nspace directions: none (1,0,0) (0,1,0) (0,0,1)\n", 3, 1, { 3, 12, 36, 1, 0 }, false },
        { "dimension: 4\nsizes: 4 3 2 2\nspace: LPST\nspace directions: (1,0,0,0) (0,1,0,0) (0,0,1,0) (0,0,0,1)\n", 1, 2, { 1, 4, 12, 0, 24 }, false },
        { "dimension: 4\nsizes: 4 3 2 3\n", 3, 1, { 1, 4, 12, 24, 0 }, true },
        { "dimension: 5\nsizes: 1 4 3 2 1\nkinds: list space space space list\n", 1, 1, { 1, 4, 12, 0, 0 }, false },
    };
    char head[400];

    (void)state;
    for (size_t i = 0; i < VN_COUNT(list); i++)
        for (int gz = PLAIN; gz <= GZIP; gz++) {
            snprintf(head, sizeof head, "NRRD0004\ntype: short\n%sendian: big\nencoding: %s\n\n", list[i].lines, gz ? "gz" : "raw");
            write_bytes("a", "wb", head, strlen(head));
            append("a", gz, 2, true, 0, 24 * list[i].nc * list[i].nt);
            for (int c = 0; c < list[i].nc; c++)
                for (int t = 0; t < list[i].nt; t++) {
                    struct vn_vol *v = open_as("a", c, t);
                    assert_int_equal(v->n_channel, list[i].nc);
                    assert_int_equal(v->n_time, list[i].nt);
                    assert_int_equal(strstr(notes, "of no kind") != NULL, list[i].told);
                    assert_steps(v, c * list[i].step[3] + t * list[i].step[4], list[i].step[0], list[i].step[1], list[i].step[2]);
                    vn_vol_unref(v);
                }
            const struct vn_open_opt c = { .channel = list[i].nc }, t = { .time = list[i].nt };
            snprintf(head, sizeof head, "has %d channel", list[i].nc);
            assert_int_equal(refused("a", &c, head), VN_E_ARG);
            snprintf(head, sizeof head, "has %d time point", list[i].nt);
            assert_int_equal(refused("a", &t, head), VN_E_ARG);
        }
    unlink(at("a"));
}

/* One file beside the header, several by list and by pattern, with what lies before the voxels skipped. */
static void detached_files(void **state)
{
    static const char *const nrrd[] = { "data file: v.raw\nline skip: 3\nbyte skip: 3\n", "data file: v.raw\nbyte skip: -1\n", "datafile: p%02d.raw 3 4 1\n",
                                        "data file: LIST 2\n./p03.raw\np04.raw\n" };
    static const char *const meta[] = { "HeaderSize = 9\nElementDataFile = v.raw\n", "HeaderSize = -1\nElementDataFile = v.raw\n",
                                        "ElementDataFile = p%02d.raw 3 4 1\n", "ElementDataFile = LIST\np03.raw\r\np04.raw\r\n" };
    char head[400];

    (void)state;
    write_bytes("v.raw", "wb", "b\n\ncd\nxyz", 9);
    append("v.raw", PLAIN, 2, true, 0, 24);
    write_bytes("p03.raw", "wb", "", 0);
    append("p03.raw", PLAIN, 2, true, 0, 12);
    write_bytes("p04.raw", "wb", "", 0);
    append("p04.raw", PLAIN, 2, true, 12, 12);
    for (size_t i = 0; i < VN_COUNT(nrrd); i++) {
        snprintf(head, sizeof head, "NRRD0004\ntype: uint16\n" GRID "endian: big\nencoding: raw\n%s", nrrd[i]);
        write_bytes("a.nhdr", "wb", head, strlen(head));
        struct vn_vol *v = open_as("a.nhdr", 0, 0);
        assert_steps(v, 0, 1, 4, 12);
        assert_string_equal(v->path, path);
        vn_vol_unref(v);
    }
    for (size_t i = 0; i < VN_COUNT(meta); i++) {
        snprintf(head, sizeof head, "NDims = 3\nDimSize = 4 3 2\nElementType = MET_USHORT\nElementByteOrderMSB = True\n%s", meta[i]);
        write_bytes("a.mhd", "wb", head, strlen(head));
        struct vn_vol *v = open_as("a.mhd", 0, 0);
        assert_steps(v, 0, 1, 4, 12);
        vn_vol_unref(v);
    }
    /* More files than are kept open, each deflated. */
    for (int i = 0; i < 70; i++) {
        snprintf(head, sizeof head, "q%d.gz", i);
        unlink(at(head));
        append(head, GZIP, 2, false, 12 * i, 12);
    }
    const char *many = "NRRD0004\ntype: uint16\ndimension: 3\nsizes: 4 3 70\nendian: little\nencoding: gzip\ndata file: q%d.gz 0 69 1\n";
    write_bytes("a.nhdr", "wb", many, strlen(many));
    struct vn_vol *v = open_as("a.nhdr", 0, 0);
    assert_steps(v, 0, 1, 4, 12);
    vn_vol_unref(v);
    const struct vn_open_opt o = { 0 };
    unlink(at("q33.gz"));
    assert_int_equal(refused("a.nhdr", &o, "q33.gz"), VN_E_IO);
    assert_int_equal(mkfifo(at("q33.gz"), 0600), 0);
    assert_int_equal(refused("a.nhdr", &o, "not a file"), VN_E_IO);
    for (int i = 0; i < 70; i++) {
        snprintf(head, sizeof head, "q%d.gz", i);
        unlink(at(head));
    }
    unlink(at("v.raw"));
    unlink(at("p03.raw"));
    unlink(at("p04.raw"));
    unlink(at("a.nhdr"));
    unlink(at("a.mhd"));
}

/* ---- MetaImage ---- */

static void metaimage_headers(void **state)
{
    static const struct { const char *name; int size; enum vn_type type; } types[] = {
        { "MET_CHAR", 1, VN_I8 }, { "MET_UCHAR", 1, VN_U8 }, { "MET_SHORT", 2, VN_I16 }, { "MET_USHORT", 2, VN_U16 }, { "MET_INT", 4, VN_I32 },
        { "MET_UINT", 4, VN_U32 }, { "MET_LONG", 4, VN_I32 }, { "MET_LONG_LONG", 8, VN_I32 }, { "MET_ULONG_LONG", 8, VN_U32 }, { "MET_FLOAT", -4, VN_F32 },
        { "MET_DOUBLE", -8, VN_F64 },
    };
    static const char *const codings[] = { [PLAIN] = "BinaryData = True\n", [GZIP] = "CompressedData = True\nCompressedDataSize = 77\n", [ZLIB] = "CompressedData = True\n", [TEXT] = "BinaryData = False\n" };
    char head[500];

    (void)state;
    for (size_t t = 0; t < VN_COUNT(types); t++)
        for (int c = PLAIN; c <= TEXT; c++)
            for (int nc = 1; nc <= 2; nc++) {
                snprintf(head, sizeof head, "ObjectType = Image\nNDims = 4\n%sBinaryDataByteOrderMSB = True\nTransformMatrix = 0 1 0 0 0 0 1 0 1 0 0 0 0 0 0 1\n"
                         "Offset = 1 2 3 0\nElementSpacing = 0.5 0.75 2 1\nDimSize = 4 3 2 2\nElementNumberOfChannels = %d\nElementType = %s\nElementDataFile = LOCAL\n",
                         codings[c], nc, types[t].name);
                write_bytes("a.mha", "wb", head, strlen(head));
                append("a.mha", c, types[t].size, true, 0, 48 * nc);
                struct vn_vol *v = open_as("a.mha", nc - 1, 1);
                assert_int_equal(v->src->type, types[t].type);
                assert_int_equal(v->n_channel, nc);
                assert_int_equal(v->n_time, 2);
                assert_um(v, 500, 750, 2000);
                /* x runs along the second axis of ITK (to the back), y along the third (up), z along the first (to the left) */
                assert_string_equal(v->orientation, "PSL (MetaImage; mm: 0 0 -2 -1; -0.5 0 0 -2; 0 0.75 0 3)");
                assert_steps(v, 24 * nc + nc - 1, nc, 4 * nc, 12 * nc);
                vn_vol_unref(v);
            }
    unlink(at("a.mha"));
}

/* ---- NumPy ---- */

static void npy_header(const char *name, int version, const char *dict)
{
    unsigned char h[400] = "\x93NUMPY";
    const size_t at_text = version == 1 ? 10 : 12, n = strlen(dict);
    h[6] = (unsigned char)version;
    h[8] = (unsigned char)(n + 1);
    memcpy(h + at_text, dict, n);
    h[at_text + n] = '\n';
    write_bytes(name, "wb", h, at_text + n + 1);
}

static void numpy_arrays(void **state)
{
    static const struct { const char *code; int size; enum vn_type type; enum vn_kind kind; } types[] = {
        { "|u1", 1, VN_U8, VN_IMAGE }, { "|i1", 1, VN_I8, VN_IMAGE }, { "<u2", 2, VN_U16, VN_IMAGE }, { ">i2", 2, VN_I16, VN_IMAGE }, { "<u4", 4, VN_U32, VN_IMAGE },
        { ">i4", 4, VN_I32, VN_IMAGE }, { ">u8", 8, VN_U32, VN_IMAGE }, { "<i8", 8, VN_I32, VN_IMAGE }, { "<f4", -4, VN_F32, VN_IMAGE }, { ">f8", -8, VN_F64, VN_IMAGE },
    };
    char dict[200];
    struct vn_vol *v;

    (void)state;
    for (size_t t = 0; t < VN_COUNT(types); t++)
        for (int fortran = 0; fortran < 2; fortran++) {
            snprintf(dict, sizeof dict, "{'descr': '%s', 'fortran_order': %s, 'shape': (2, 3, 4), }  ", types[t].code, fortran ? "True" : "False");
            npy_header("a.npy", 1 + (int)t % 3, dict);
            append("a.npy", PLAIN, types[t].size, types[t].code[0] == '>', 0, 24);
            v = open_as("a.npy", 0, 0);
            assert_int_equal(v->src->type, types[t].type);
            assert_int_equal(v->grid.dim[0], 4);
            assert_int_equal(v->grid.dim[2], 2);
            assert_false(vn_um_known(&v->grid));
            if (fortran)
                assert_steps(v, 0, 6, 2, 1);
            else
                assert_steps(v, 0, 1, 4, 12);
            vn_vol_unref(v);
            snprintf(dict, sizeof dict, "{\"shape\":(2,2,1,3,2),\"fortran_order\":%s,\"descr\":\"%s\"}", fortran ? "True" : "False", types[t].code);
            npy_header("a.npy", 1, dict);
            append("a.npy", PLAIN, types[t].size, types[t].code[0] == '>', 0, 24);
            v = open_as("a.npy", 1, 1);
            if (fortran)
                assert_steps(v, 2 * 1 + 1, 12, 4, 1);
            else
                assert_steps(v, 12 + 6, 1, 2, 1);
            vn_vol_unref(v);
        }
    npy_header("a.npy", 1, "{'descr': '|b1', 'fortran_order': False, 'shape': (3L, 2L), }");
    write_bytes("a.npy", "ab", "\1\0\1\1\0\0", 6);
    v = open_as("a.npy", 0, 0);
    assert_int_equal(v->kind, VN_MASK);
    assert_int_equal(v->grid.dim[1], 3);
    vn_vol_unref(v);
    npy_header("a.npy", 2, "{'descr': '<f2', 'fortran_order': False, 'shape': (1, 3), }");
    write_bytes("a.npy", "ab", "\x00\x00\x00\x3c\x00\x40", 6);           /* 0, 1, 2 as binary16 */
    v = open_as("a.npy", 0, 0);
    assert_int_equal(v->src->type, VN_F32);
    assert_steps(v, 0, 1, 0, 0);
    vn_vol_unref(v);
    unlink(at("a.npy"));
}

static void no_header(void **state)
{
    static const char *const names[] = { "u8", "u16", "u32", "i8", "i16", "i32", "f32", "f64" };
    static const int sizes[] = { 1, 2, 4, 1, 2, 4, -4, -8 };
    const int64_t dims[3] = { 4, 3, 2 };
    struct vn_vol *v;

    (void)state;
    for (int t = 0; t < VN_N_TYPE; t++)
        for (int big = 0; big < 2; big++) {
            struct vn_open_opt o = { .dims = dims, .type = names[t], .offset = 5, .big_endian = big, .note = take_note };
            write_bytes("a.bin", "wb", "NRRD0", 5);                      /* what it looks like does not matter */
            append("a.bin", PLAIN, sizes[t], big, 0, 24);
            notes[0] = 0;
            assert_int_equal(vn_io_open(at("a.bin"), &o, &v, &err), 0);
            assert_string_equal(notes, "");
            assert_int_equal(v->src->type, t);
            assert_steps(v, 0, 1, 4, 12);
            vn_vol_unref(v);
            o.offset = 4;
            assert_int_equal(vn_io_open(at("a.bin"), &o, &v, &err), 0);
            assert_non_null(strstr(notes, "of which"));
            vn_vol_unref(v);
            char both[60];
            snprintf(both, sizeof both, "ends at byte %d, but its voxels go up to %d", 5 + 24 * abs(sizes[t]), 6 + 24 * abs(sizes[t]));
            o.offset = 6;
            assert_int_equal(refused("a.bin", &o, both), VN_E_FORMAT);
            o.offset = UINT64_MAX - 3;
            refused("a.bin", &o, "voxels");
        }
    const struct vn_open_opt half = { .dims = dims };
    assert_int_equal(refused("a.bin", &half, "type="), VN_E_ARG);
    unlink(at("a.bin"));
}

/* ---- writing ---- */

static struct vn_vol *make(enum vn_kind kind, enum vn_type t, const struct vn_grid *g, const struct vn_box *box)
{
    struct vn_vol *v = vn_vol_new(kind, t, g, box, &err);
    assert_non_null(v);
    struct vn_buf b = vn_vol_data(v);
    for (uint64_t i = 0; i < vn_box_count(box); i++) {
        double d = kind == VN_MASK || kind == VN_SKELETON ? (double)(i % 3 == 0) : (double)(i * 37 % 113);
        vn_convert_row(t, (char *)b.data + i * vn_type_size(t), VN_F64, &d, 1);
    }
    return v;
}

static void assert_same(struct vn_vol *a, struct vn_vol *b)
{
    struct vn_buf p = { 0 }, q = { 0 };
    assert_int_equal(a->src->type, b->src->type);
    assert_true(vn_box_same(&a->box, &b->box));
    assert_memory_equal(&a->grid, &b->grid, sizeof a->grid);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(vn_buf_new(&p, a->src->type, &a->box, &err), 0);
    assert_int_equal(vn_buf_new(&q, a->src->type, &a->box, &err), 0);
    assert_int_equal(vn_vol_read(a, VN_PAD_ZERO, &p, NULL, &err), 0);
    assert_int_equal(vn_vol_read(b, VN_PAD_ZERO, &q, NULL, &err), 0);
    assert_memory_equal(p.data, q.data, vn_box_count(&a->box) * vn_type_size(a->src->type));
    vn_buf_free(&p);
    vn_buf_free(&q);
}

static void written_reads_back(void **state)
{
    static const enum vn_kind kinds[] = { VN_IMAGE, VN_PROB, VN_MASK, VN_LABELS, VN_SKELETON };
    static const char *const how[] = { NULL, "none", "deflate" };
    const struct vn_box part = { { 5, 2, 1 }, { 12, 5, 4 } };
    const struct vn_grid g[] = { { { 13, 7, 5 }, { 0.35, 0.1 + 0.2, 1 / 3.0 }, { { 0 } } }, { { 13, 7, 5 }, { 0, 0, 0 }, { { 3, 4 } } } };
    struct vn_save_opt o = { .note = "threshold 'a\\b' low=0.5\nnext", .force = true };

    (void)state;
    at("a.nrrd");
    for (int h = 0; h < 3; h++) {
        o.compress = how[h];
        for (int k = 0; k < VN_N_TYPE + (int)VN_COUNT(kinds); k++) {
            const enum vn_kind kind = k < VN_N_TYPE ? VN_IMAGE : kinds[k - VN_N_TYPE];
            struct vn_vol *v = make(kind, k < VN_N_TYPE ? (enum vn_type)k : kind == VN_LABELS ? VN_U32 : kind == VN_PROB ? VN_F32 : VN_U8, &g[k % 2], &part);
            if (vn_io_save(v, path, &o, NULL, &err))
                fail_msg("%s", err.msg);
            struct vn_vol *r = open_as("a.nrrd", 0, 0);
            assert_same(v, r);
            vn_vol_unref(r);
            vn_vol_unref(v);
        }
    }
    struct vn_vol *v = make(VN_IMAGE, VN_U8, &g[0], &part);
    o.compress = "lzw";
    assert_int_equal(vn_io_save(v, path, &o, NULL, &err), VN_E_ARG);
    o = (struct vn_save_opt) { 0 };
    assert_int_equal(vn_io_save(v, path, &o, NULL, &err), VN_E_IO);     /* it exists */
    vn_vol_unref(v);
    unlink(path);
}

/* The fields other programs look at, of a region of 7 x 3 x 3 voxels that begins at (5, 2, 1). */
static void written_header(void **state)
{
    const struct vn_box part = { { 5, 2, 1 }, { 12, 5, 4 } };
    const struct vn_grid g = { { 13, 7, 5 }, { 0.5, 0.25, 2 }, { { 0 } } };
    const struct vn_save_opt o = { .force = true, .note = "open 'a\\b'" };
    struct vn_vol *v = make(VN_IMAGE, VN_I16, &g, &part);
    char text[1200];

    (void)state;
    for (int patient = 0; patient < 2; patient++) {
        double m[3][4] = { { -0.0005, 0, 0, 1 }, { 0, 0.00025, 0, 2 }, { 0, 0, 0.002, 3 } };
        if (patient)
            v->orientation = vn_orient_words(m, (int64_t[3]) { 0 }, "test", true, &err);
        assert_int_equal(vn_io_save(v, at("a.nrrd"), &o, NULL, &err), 0);
        FILE *f = fopen(path, "rb");
        text[fread(text, 1, sizeof text - 1, f)] = 0;
        fclose(f);
        assert_int_equal(memcmp(text, "NRRD0005\n", 9), 0);
        assert_non_null(strstr(text, "\ntype: int16\ndimension: 3\n"));
        assert_non_null(strstr(text, "\nsizes: 7 3 3\n"));
        assert_non_null(strstr(text, "\nendian: little\nencoding: gzip\n"));
        assert_non_null(strstr(text, "\nvenule_origin:=5,2,1\n"));
        assert_non_null(strstr(text, "\nvenule_note:=open 'a\\\\b'\n"));
        if (!patient) {
            assert_non_null(strstr(text, "\nspace dimension: 3\nspace directions: (0.5,0,0) (0,0.25,0) (0,0,2)\nspace origin: (2.5,0.5,2)\nspace units: \"um\" \"um\" \"um\"\n"));
        } else {
            assert_non_null(strstr(text, "\nspace: right-anterior-superior\nspace directions: (-0.0005,0,0) (0,0.00025,0) (0,0,0.002)\n"));
            assert_non_null(strstr(text, "\nspace units: \"mm\" \"mm\" \"mm\"\n"));
        }
    }
    /* Through NRRD to NIfTI the place in the patient survives, moved to the region's first voxel. */
    struct vn_vol *r = open_as("a.nrrd", 0, 0);
    assert_same(v, r);
    assert_string_equal(r->orientation, "LAS (NRRD right-anterior-superior; mm: -0.0005 0 0 1; 0 0.00025 0 2; 0 0 0.002 3)");
    assert_int_equal(vn_io_save(r, at("a.nii"), &o, NULL, &err), 0);
    unlink(at("a.nrrd"));
    vn_vol_unref(r);
    float offset[3];
    FILE *f = fopen(at("a.nii"), "rb");
    for (int k = 0; k < 3; k++) {
        fseek(f, 292 + 16 * k, SEEK_SET);
        assert_int_equal(fread(&offset[k], 4, 1, f), 1);
    }
    fclose(f);
    assert_true(fabsf(offset[0] - 0.9975f) < 1e-6f && fabsf(offset[1] - 2.0005f) < 1e-6f && fabsf(offset[2] - 3.002f) < 1e-6f);
    r = open_as("a.nii", 0, 0);
    assert_string_equal(r->orientation, "LAS (sform 1, scanner; mm: -0.0005 0 0 1; 0 0.00025 0 2; 0 0 0.002 3)");
    unlink(path);
    vn_vol_unref(r);
    vn_vol_unref(v);
}

/* ---- what is wrong is refused, with one sentence ---- */

#define N "NRRD0004\n"
#define OK_TYPE "type: uchar\n"
#define RAW "encoding: raw\n"
#define M "NDims = 3\nDimSize = 4 3 2\n"
#define U "ElementType = MET_UCHAR\n"
static const struct { const char *head; int n; int code; const char *word; } wrong[] = {
    { "NRRD0009\n" OK_TYPE GRID RAW "\n", 24, VN_E_UNSUPPORTED, "NRRD0009" },
    { N GRID RAW "\n", 24, VN_E_FORMAT, "type" },
    { N "type: quaternion\n" GRID RAW "\n", 24, VN_E_FORMAT, "no known type" },
    { N "type: block\nblock size: 3\n" GRID RAW "\n", 24, VN_E_UNSUPPORTED, "block" },
    { N OK_TYPE GRID "\n", 24, VN_E_FORMAT, "encoded" },
    { N OK_TYPE GRID "encoding: bzip2\n\n", 24, VN_E_UNSUPPORTED, "bzip2" },
    { N "type: short\n" GRID RAW "\n", 48, VN_E_FORMAT, "endian" },
    { N "type: short\nendian: middle\n" GRID RAW "\n", 48, VN_E_FORMAT, "neither" },
    { N OK_TYPE "sizes: 4 3 2\n" RAW "\n", 24, VN_E_FORMAT, "dimension" },
    { N OK_TYPE "dimension: 3\n" RAW "\n", 24, VN_E_FORMAT, "sizes" },
    { N OK_TYPE "dimension: 4\nsizes: 4 3 2\n" RAW "\n", 24, VN_E_FORMAT, "not as many" },
    { N OK_TYPE "dimension: 2\nsizes: 4 3 2\n" RAW "\n", 24, VN_E_FORMAT, "more numbers" },
    { N OK_TYPE "dimension: 3\nsizes: 4 -3 2\n" RAW "\n", 24, VN_E_FORMAT, "positive" },
    { N OK_TYPE "dimension: 3\nsizes: 4000000000 4000000000 4000000000\n" RAW "\n", 24, VN_E_FORMAT, "voxels" },
    { N OK_TYPE GRID GRID RAW "\n", 24, VN_E_FORMAT, "twice" },
    { N OK_TYPE GRID RAW "spacings: 1 2\n\n", 24, VN_E_FORMAT, "spacings" },
    { N OK_TYPE GRID RAW "space directions: (1,0,0) (0,1,0) (0,0,1)\n\n", 24, VN_E_FORMAT, "neither a space" },
    { N OK_TYPE GRID RAW "space: LPS\nspace directions: (1,0,0) (0,1,0)\n\n", 24, VN_E_FORMAT, "one vector" },
    { N OK_TYPE GRID RAW "space: LPS\nspace directions: (1,0,0) (0,1) (0,0,1)\n\n", 24, VN_E_FORMAT, "one vector" },
    { N OK_TYPE GRID RAW "kinds: domain domain\n\n", 24, VN_E_FORMAT, "fewer" },
    { N OK_TYPE "dimension: 5\nsizes: 2 2 2 2 2\nkinds: list vector domain domain domain\n" RAW "\n", 32, VN_E_UNSUPPORTED, "axes" },
    { N OK_TYPE GRID RAW "no colon\n\n", 24, VN_E_FORMAT, "no field" },
    { N OK_TYPE GRID RAW "\n", 23, VN_E_FORMAT, "cut short" },
    { N OK_TYPE GRID RAW "byte skip: 1\n\n", 24, VN_E_FORMAT, "cut short" },
    { N OK_TYPE GRID RAW "line skip: 9\n\n", 24, VN_E_FORMAT, "lines" },
    { N OK_TYPE GRID "encoding: ascii\n\n", 60, VN_E_FORMAT, "not a number" },
    { N OK_TYPE GRID "encoding: hex\n\n", 60, VN_E_FORMAT, "hexadecimal" },
    { N OK_TYPE GRID "encoding: gzip\n\n", 24, VN_E_FORMAT, "damaged" },
    { N OK_TYPE GRID "encoding: gzip\nbyte skip: -1\n\n", 24, VN_E_FORMAT, "raw" },
    { N OK_TYPE GRID RAW "data file: missing.raw\n", 0, VN_E_IO, "missing.raw" },
    { N OK_TYPE GRID RAW "data file: /dev/zero\n", 0, VN_E_IO, "not a file" },
    { N OK_TYPE GRID RAW "data file: LIST\n", 0, VN_E_FORMAT, "list" },
    { N OK_TYPE GRID RAW "data file: a%s 1 2 1\n", 0, VN_E_FORMAT, "%d" },
    { N OK_TYPE GRID RAW "data file: a%d%d 1 2 1\n", 0, VN_E_FORMAT, "no sense" },
    { N OK_TYPE GRID RAW "data file: a%d 1 999999999999 1\n", 0, VN_E_FORMAT, "million" },
    { N OK_TYPE GRID RAW "data file: a%d 1 2 0\n", 0, VN_E_FORMAT, "no sense" },
    { N OK_TYPE GRID RAW "data file: LIST\na\nb\nc\nd\ne\n", 0, VN_E_FORMAT, "5 files" },
    { "ObjectType = Tube\n" M U "ElementDataFile = LOCAL\n", 24, VN_E_UNSUPPORTED, "Tube" },
    { M U, 0, VN_E_FORMAT, "ElementDataFile" },
    { M "ElementDataFile = LOCAL\n", 24, VN_E_FORMAT, "ElementType" },
    { M "ElementType = MET_OTHER\nElementDataFile = LOCAL\n", 24, VN_E_FORMAT, "no type" },
    { "NDims = 3\n" U "ElementDataFile = LOCAL\n", 24, VN_E_FORMAT, "DimSize" },
    { "DimSize = 4 3 2\n" U "ElementDataFile = LOCAL\n", 24, VN_E_FORMAT, "NDims" },
    { "NDims = 7\n" U "ElementDataFile = LOCAL\n", 24, VN_E_UNSUPPORTED, "7 dimensions" },
    { "NDims = 3\nDimSize = 4 0 2\n" U "ElementDataFile = LOCAL\n", 24, VN_E_FORMAT, "positive" },
    { M U "NDims = 3\nElementDataFile = LOCAL\n", 24, VN_E_FORMAT, "twice" },
    { M U "ElementSpacing = 1 2\nElementDataFile = LOCAL\n", 24, VN_E_FORMAT, "ElementSpacing" },
    { M U "TransformMatrix = 1 0 0 0 1 0 0 0\nElementDataFile = LOCAL\n", 24, VN_E_FORMAT, "TransformMatrix" },
    { M U "BinaryData = perhaps\nElementDataFile = LOCAL\n", 24, VN_E_FORMAT, "neither" },
    { M U "BinaryData = False\nCompressedData = True\nElementDataFile = LOCAL\n", 24, VN_E_FORMAT, "contradicts" },
    { M U "HeaderSize = 3\nElementDataFile = LOCAL\n", 24, VN_E_FORMAT, "shorter" },
    { M U "HeaderSize = -2\nElementDataFile = LOCAL\n", 24, VN_E_FORMAT, "HeaderSize" },
    { M U "ElementDataFile = LOCAL\n", 23, VN_E_FORMAT, "cut short" },
    { M U "CompressedData = True\nElementDataFile = LOCAL\n", 24, VN_E_FORMAT, "damaged" },
    { M U "ElementNumberOfChannels = 2147483647\nElementDataFile = LOCAL\n", 24, VN_E_FORMAT, "cut short" },
    { M U "ElementDataFile = missing.raw\n", 0, VN_E_IO, "missing.raw" },
    { M U "ElementDataFile =\n", 0, VN_E_FORMAT, "0 bytes of name" },
    { M U "no equals sign\nElementDataFile = LOCAL\n", 24, VN_E_UNSUPPORTED, "no known format" },
};
static const struct { const char *dict; int n; int code; const char *word; } wrong_npy[] = {
    { "{'descr': '<c8', 'fortran_order': False, 'shape': (2, 3, 4), }", 200, VN_E_UNSUPPORTED, "complex" },
    { "{'descr': '|O', 'fortran_order': False, 'shape': (2, 3, 4), }", 200, VN_E_UNSUPPORTED, "objects" },
    { "{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (2, 3, 4), }", 200, VN_E_UNSUPPORTED, "fields" },
    { "{'descr': '<i3', 'fortran_order': False, 'shape': (2, 3, 4), }", 200, VN_E_FORMAT, "'<i3'" },
    { "{'descr': '|u1', 'fortran_order': False, 'shape': (24,), }", 24, VN_E_UNSUPPORTED, "1 dimension;" },
    { "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 1, 2, 3, 4), }", 24, VN_E_UNSUPPORTED, "6 dimensions" },
    { "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 0, 4), }", 24, VN_E_FORMAT, "0" },
    { "{'descr': '|u1', 'fortran_order': False, 'shape': (2, -3, 4), }", 24, VN_E_FORMAT, "dictionary" },
    { "{'descr': '|u1', 'fortran_order': Maybe, 'shape': (2, 3, 4), }", 24, VN_E_FORMAT, "dictionary" },
    { "{'descr': '|u1', 'shape': (2, 3, 4), }", 24, VN_E_FORMAT, "dictionary" },
    { "{'descr': '|u1', 'descr': '|u1', 'shape': (2, 3, 4), }", 24, VN_E_FORMAT, "dictionary" },
    { "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3, 4), } + 1", 24, VN_E_FORMAT, "dictionary" },
    { "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3, 4), }", 23, VN_E_FORMAT, "cut short" },
    { "{'descr': '|u1', 'fortran_order': False, 'shape': (9999999999999, 9999999999, 4), }", 23, VN_E_FORMAT, "voxels" },
};

static void wrong_files(void **state)
{
    const struct vn_open_opt o = { 0 };
    unsigned char zeros[200];

    (void)state;
    memset(zeros, '#', sizeof zeros);
    for (size_t i = 0; i < VN_COUNT(wrong); i++) {
        write_bytes("a", "wb", wrong[i].head, strlen(wrong[i].head));
        write_bytes("a", "ab", zeros, (size_t)wrong[i].n);
        if (refused("a", &o, wrong[i].word) != wrong[i].code)
            fail_msg("code of row %zu: %s", i, err.msg);
    }
    for (size_t i = 0; i < VN_COUNT(wrong_npy); i++) {
        npy_header("a", 1, wrong_npy[i].dict);
        write_bytes("a", "ab", zeros, (size_t)wrong_npy[i].n);
        if (refused("a", &o, wrong_npy[i].word) != wrong_npy[i].code)
            fail_msg("code of row %zu: %s", i, err.msg);
    }
    npy_header("a", 4, wrong_npy[12].dict);
    assert_int_equal(refused("a", &o, "version 4"), VN_E_UNSUPPORTED);
    write_bytes("a", "wb", "\x93NUMPY\1\0\xff\xff{", 11);
    assert_int_equal(refused("a", &o, "ends inside"), VN_E_FORMAT);
    write_bytes("a", "wb", "\x93NUMPY\2\0\xff\xff\xff\xff{'descr'", 20);
    assert_int_equal(refused("a", &o, "too many"), VN_E_FORMAT);
    unlink(at("a"));
}

/* Every byte of a good header replaced, and the file cut at every length: no crash, no error without words. */
static void spoilt_files(void **state)
{
    static const char bytes[] = { 0, '\n', ' ', '-', '9', ')', '%', (char)0xff };
    static const char *const heads[] = {
        N "type: short\n" GRID LPS "kinds: domain space none\nspace units: \"mm\" \"mm\" \"um\"\nendian: big\nencoding: raw\nbyte skip: 1\n\n",
        "NDims = 3\nElementSpacing = 1 2 3\nTransformMatrix = 1 0 0 0 1 0 0 0 1\nDimSize = 4 3 2\nElementType = MET_SHORT\nHeaderSize = 0\nElementDataFile = LOCAL\n",
        "\x93NUMPY\1\0\x3d\0{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3, 4)}\n",
    };
    static const size_t sizes[] = { 0, 0, 71 };

    (void)state;
    for (size_t h = 0; h < VN_COUNT(heads); h++) {
        const size_t n = sizes[h] ? sizes[h] : strlen(heads[h]);
        unsigned char file[600] = { 0 };
        memcpy(file, heads[h], n);
        for (size_t k = 0; k < (n + 60) * (sizeof bytes + 1); k++) {
            const size_t i = k / (sizeof bytes + 1), j = k % (sizeof bytes + 1);
            const unsigned char was = file[i];
            struct vn_open_opt o = { 0 };
            struct vn_vol *v = NULL;
            if (j < sizeof bytes)
                file[i] = (unsigned char)bytes[j];
            write_bytes("a", "wb", file, j < sizeof bytes ? n + 60 : i);
            file[i] = was;
            err.msg[0] = 0;
            int rc = vn_io_open(at("a"), &o, &v, &err);
            struct vn_box one = { { 0, 0, 0 }, { 1, 1, 1 } };
            struct vn_buf b = { 0 };
            if (!rc && !(rc = vn_buf_new(&b, VN_F32, &one, &err)))
                rc = vn_vol_read(v, VN_PAD_ZERO, &b, NULL, &err);
            vn_buf_free(&b);
            vn_vol_unref(v);
            assert_true(rc <= 0 && rc != VN_E_INTERNAL && (!rc || strlen(err.msg) > 10));
        }
    }
    unlink(at("a"));
}

/* A failing allocation at any place of opening and saving is an error of memory, and nothing else. */
static void failing_memory(void **state)
{
    const struct vn_box box = { { 0, 0, 0 }, { 4, 3, 2 } };
    const struct vn_grid g = { { 4, 3, 2 }, { 1, 1, 1 }, { { 0 } } };
    const struct vn_save_opt s = { .force = true };
    const struct vn_open_opt o = { 0 };
    struct vn_vol *v = make(VN_IMAGE, VN_U16, &g, &box), *r;
    double m[3][4] = { { 0.001, 0, 0, 0 }, { 0, 0.001, 0, 0 }, { 0, 0, 0.001, 0 } };

    (void)state;
    v->orientation = vn_orient_words(m, (int64_t[3]) { 0 }, "test", true, &err);
    at("a.nrrd");
    for (int what = 0; what < 2; what++)
        for (long k = 1, rc = 1; rc; k++) {
            vn_mem_fail_at(k);
            rc = what == 0 ? vn_io_save(v, path, &s, NULL, &err) : vn_io_open(path, &o, &r, &err);
            vn_mem_fail_at(0);
            if (!rc && what)
                vn_vol_unref(r);
            assert_true(rc == 0 || rc == VN_E_MEMORY);
            assert_true(k < 200);
        }
    vn_vol_unref(v);
    unlink(path);
}

/* Voxels of real files as SimpleITK 2 and pynrrd 1 read them (zlib.crc32 of the C-ordered array). */
static void known_voxels(void **state)
{
    static const struct { const char *name; uint32_t crc; double um[3]; const char *axes; } list[] = {
        { "mra/aorta.mha", 0xa4ffd89a, { 878.906, 878.906, 1500.09 }, "RAS (MetaImage LPI; mm: " },
        { "mra/avf_float_32.nrrd", 0x817784e5, { 722.6560115814209, 722.6560115814209, 1000 }, "RAS (NRRD left-posterior-superior; mm: " },
    };

    (void)state;
    if (access(DATA "mra", R_OK))
        skip();
    for (size_t i = 0; i < VN_COUNT(list); i++) {
        const struct vn_open_opt o = { 0 };
        struct vn_vol *v;
        struct vn_buf b;
        snprintf(path, sizeof path, DATA "%s", list[i].name);
        if (vn_io_open(path, &o, &v, &err))
            fail_msg("%s", err.msg);
        assert_um(v, list[i].um[0], list[i].um[1], list[i].um[2]);
        assert_int_equal(strncmp(v->orientation, list[i].axes, strlen(list[i].axes)), 0);
        assert_int_equal(v->src->type, VN_F32);
        assert_int_equal(vn_buf_new(&b, VN_F32, &v->box, &err), 0);
        assert_int_equal(vn_vol_read(v, VN_PAD_ZERO, &b, NULL, &err), 0);
        assert_int_equal((uint32_t)crc32(0, b.data, (uInt)(vn_box_count(&b.box) * 4)), list[i].crc);
        vn_buf_free(&b);
        vn_vol_unref(v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)
        T(nrrd_headers), T(nrrd_sizes), T(nrrd_axes), T(detached_files), T(metaimage_headers), T(numpy_arrays), T(no_header), T(written_reads_back),
        T(written_header), T(wrong_files), T(spoilt_files), T(failing_memory), T(known_voxels),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
