/* NIfTI and Analyze: round trips, the header of the standard in both byte orders and versions, gzip out of order, damage. */
#include "io.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <cmocka.h>
#include "gz_read.h"
#include "job.h"
#include "mem.h"
#include "nifti_hdr.h"

static char dir[64], path[128];
static struct vn_err err;

static int make_dir(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/vn_nifti_XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}
static int drop_dir(void **state)
{
    (void)state;
    return rmdir(dir);                                   /* fails when a file was left behind */
}
static void name_it(const char *name) { snprintf(path, sizeof path, "%s/%s", dir, name); }

static struct vn_vol *make(enum vn_kind kind, enum vn_type t, const struct vn_grid *g, const struct vn_box *box)
{
    struct vn_vol *v = vn_vol_new(kind, t, g, box, &err);
    assert_non_null(v);
    struct vn_buf b = vn_vol_data(v);
    uint64_t n = vn_box_count(box);
    for (uint64_t i = 0; i < n; i++) {
        double d = kind == VN_MASK ? (double)(i % 3 == 0) : (double)(i * 37 % 113);
        vn_convert_row(t, (char *)b.data + i * vn_type_size(t), VN_F64, &d, 1);
    }
    return v;
}

static struct vn_vol *open_it(int channel, int time, const char *kind)
{
    struct vn_open_opt o = { .channel = channel, .time = time, .kind = kind };
    struct vn_vol *v = NULL;
    if (vn_io_open(path, &o, &v, &err))
        fail_msg("%s", err.msg);
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
    if (vn_vol_read(b, VN_PAD_ZERO, &q, NULL, &err))
        fail_msg("%s", err.msg);
    assert_memory_equal(p.data, q.data, vn_box_count(&a->box) * vn_type_size(a->src->type));
    vn_buf_free(&p);
    vn_buf_free(&q);
}

static void written_reads_back(void **state)
{
    static const char *const names[] = { "a.nii", "a.nii.gz" };
    static const enum vn_kind kinds[] = { VN_IMAGE, VN_PROB, VN_MASK, VN_LABELS, VN_SKELETON };
    const struct vn_box part = { { 5, 2, 1 }, { 12, 5, 4 } }, wide = { { 0, 0, 0 }, { 40000, 1, 2 } };
    const struct vn_grid g = { { 13, 7, 5 }, { 0.35, 0.1 + 0.2, 1 / 3.0 }, { { 0 } } }, gw = { { 40000, 1, 2 }, { 1, 2, 3 }, { { 3, 4 } } };
    const struct vn_save_opt o = { .note = "segment v method=auto", .force = true }, once = { 0 };

    (void)state;
    for (int n = 0; n < 2; n++) {
        name_it(names[n]);
        for (enum vn_type t = 0; t < VN_N_TYPE; t++) {
            struct vn_vol *v = make(VN_IMAGE, t, t == VN_U16 ? &gw : &g, t == VN_U16 ? &wide : &part);
            assert_int_equal(vn_io_save(v, path, &o, NULL, &err), 0);
            struct vn_vol *r = open_it(0, 0, NULL);
            assert_same(v, r);
            vn_vol_unref(r);
            vn_vol_unref(v);
        }
        for (size_t i = 0; i < VN_COUNT(kinds); i++) {
            struct vn_vol *v = make(kinds[i], kinds[i] == VN_LABELS ? VN_U32 : kinds[i] == VN_PROB ? VN_F32 : VN_U8, &g, &part), *r;
            if (kinds[i] == VN_SKELETON)
                memset(vn_vol_data(v).data, 1, vn_box_count(&part));
            assert_int_equal(vn_io_save(v, path, &o, NULL, &err), 0);
            r = open_it(0, 0, NULL);
            assert_same(v, r);
            assert_int_equal(vn_io_save(v, path, &once, NULL, &err), VN_E_IO);
            vn_vol_unref(r);
            vn_vol_unref(v);
        }
        unlink(path);
    }
}

/* ---- files made byte by byte, after nifti1.h and nifti2.h ---- */

struct spec { int version, swap, datatype, size, units; int64_t dim[8]; double pix, slope, inter; const char *magic; };

static void put(unsigned char *p, const void *v, size_t n, int swap)
{
    for (size_t i = 0; i < n; i++)
        p[i] = ((const unsigned char *)v)[swap ? n - 1 - i : i];
}
static void put_num(unsigned char *p, int kind, double v, int swap)       /* kind: 1, 2, 4, 8 whole; -4, -8 real */
{
    int16_t a = (int16_t)v;
    int32_t b = (int32_t)v;
    int64_t c = (int64_t)v;
    float f = (float)v;
    const void *from = kind == 2 ? (void *)&a : kind == 4 || kind == 1 ? (void *)&b : kind == 8 ? (void *)&c : kind == -4 ? (void *)&f : (void *)&v;
    put(p, from, (size_t)abs(kind), swap);
}

/* Header and voxels i * 3 mod 101 - 50 (whole numbers) or half of that (reals). */
static void write_spec(const struct spec *s, int64_t n_vox, bool headless)
{
    unsigned char h[544] = { 0 }, v[8];
    int two = s->version == 2, w = s->swap;
    put_num(h, 4, two ? 540 : 348, w);
    for (int i = 0; i < 8; i++)
        put_num(h + (two ? 16 + 8 * i : 40 + 2 * i), two ? 8 : 2, (double)s->dim[i], w);
    for (int i = 1; i < 4; i++)
        put_num(h + (two ? 104 + 8 * i : 76 + 4 * i), two ? -8 : -4, s->pix * i, w);
    put_num(h + (two ? 12 : 70), 2, s->datatype, w);
    put_num(h + (two ? 14 : 72), 2, s->size * 8, w);
    put_num(h + (two ? 168 : 108), two ? 8 : -4, headless ? 0 : two ? 544 : 352, w);
    put_num(h + (two ? 176 : 112), two ? -8 : -4, s->slope, w);
    put_num(h + (two ? 184 : 116), two ? -8 : -4, s->inter, w);
    if (two)
        put_num(h + 500, 4, s->units, w);
    else
        h[123] = (unsigned char)s->units;
    memcpy(h + (two ? 4 : 344), s->magic, 4);
    FILE *f = fopen(path, "wb");
    fwrite(h, 1, two ? 544 : headless ? 348 : 352, f);
    char img[160];
    if (headless) {
        fclose(f);
        snprintf(img, sizeof img, "%.*s.img", (int)strlen(path) - 4, path);
        f = fopen(img, "wb");
    }
    for (int64_t i = 0; i < n_vox; i++) {
        bool real = s->datatype == 16 || s->datatype == 64;
        put_num(v, real ? -s->size : s->size, (double)(i * 3 % 101 - 50) * (real ? 0.5 : 1), w);
        fwrite(v, 1, (size_t)s->size, f);
    }
    fclose(f);
}

static void check_values(struct vn_vol *v, int64_t first, double slope, double inter)
{
    struct vn_buf b;
    uint64_t n = vn_box_count(&v->box);
    assert_int_equal(vn_buf_new(&b, VN_F64, &v->box, &err), 0);
    if (vn_vol_read(v, VN_PAD_ZERO, &b, NULL, &err))
        fail_msg("%s", err.msg);
    for (uint64_t i = 0; i < n; i++)
        assert_true(((double *)b.data)[i] == ((double)((int64_t)(i + (uint64_t)first) * 3 % 101 - 50)) * slope + inter);
    vn_buf_free(&b);
    vn_vol_unref(v);
}

static void standard_headers(void **state)
{
    static const struct { int code, size; enum vn_type type; double scale; } types[] = {
        { 4, 2, VN_I16, 1 }, { 8, 4, VN_I32, 1 }, { 16, 4, VN_F32, 0.5 }, { 64, 8, VN_F64, 0.5 }, { 1024, 8, VN_I32, 1 },
    };
    (void)state;
    for (int version = 1; version <= 2; version++)
        for (int swap = 0; swap < 2; swap++)
            for (size_t i = 0; i < VN_COUNT(types); i++) {
                struct spec s = { version, swap, types[i].code, types[i].size, 2, { 5, 7, 5, 3, 4, 2, 1, 1 }, 0.5, 0, 0, version == 1 ? "n+1" : "n+2" };
                name_it("b.nii");
                write_spec(&s, 7 * 5 * 3 * 4 * 2, false);
                struct vn_vol *v = open_it(1, 3, NULL);
                assert_int_equal(v->src->type, types[i].type);
                assert_int_equal(v->n_time, 4);
                assert_int_equal(v->n_channel, 2);
                assert_true(v->grid.um[0] == 500 && v->grid.um[1] == 1000 && v->grid.um[2] == 1500);
                check_values(v, (1 * 4 + 3) * 105, types[i].scale, 0);
                s.slope = 2;
                s.inter = 10;
                s.units = 3;                              /* micrometres */
                write_spec(&s, 7 * 5 * 3 * 4 * 2, false);
                v = open_it(0, 0, NULL);
                assert_int_equal(v->src->type, types[i].type == VN_F64 ? VN_F64 : VN_F32);
                assert_true(v->grid.um[2] == 1.5);
                check_values(v, 0, 2 * types[i].scale, 10);
                s.units = 0;                              /* not said: not known */
                write_spec(&s, 7 * 5 * 3 * 4 * 2, false);
                v = open_it(0, 0, NULL);
                assert_false(vn_um_known(&v->grid));
                vn_vol_unref(v);
                unlink(path);
            }
    struct spec s = { 1, 0, 4, 2, 2, { 3, 7, 5, 3, 1, 1, 1, 1 }, 1, 1, 0, "ni1" };
    name_it("c.img");
    unlink(path);
    name_it("c.hdr");
    write_spec(&s, 105, true);
    check_values(open_it(0, 0, NULL), 0, 1, 0);
    unlink(path);
    name_it("c.img");
    unlink(path);
}

/* Analyze 7.5 after dbh.h: pairs without magic, mm by definition, SPM's scale at byte 112; opened by either name. */
static void analyze_pairs(void **state)
{
    (void)state;
    for (int swap = 0; swap < 2; swap++)
        for (int scaled = 0; scaled < 2; scaled++) {
            struct spec s = { 1, swap, 4, 2, 0, { 4, 7, 5, 3, 2, 0, 0, 0 }, 0.5, scaled ? 0.5 : 0, 0, "\0\0\0" };
            name_it("c.hdr");
            write_spec(&s, 210, true);
            for (int k = 0; k < 2; k++) {
                name_it(k ? "c.img" : "c.hdr");
                struct vn_vol *v = open_it(0, 1, NULL);
                assert_int_equal(v->n_time, 2);
                assert_int_equal(v->src->type, scaled ? VN_F32 : VN_I16);
                assert_true(v->grid.um[0] == 500 && v->grid.um[2] == 1500);
                assert_null(v->orientation);
                check_values(v, 105, scaled ? 0.5 : 1, 0);
            }
            unlink(path);
            name_it("c.hdr");
            unlink(path);
        }
}

/* RGB24: three channels of u8; the scale does not apply to colours (nifti1.h). */
static void colours(void **state)
{
    struct spec s = { 1, 0, 128, 1, 2, { 3, 7, 5, 1, 1, 1, 1, 1 }, 1, 2, 0, "n+1" };
    struct vn_buf b;

    (void)state;
    name_it("h.nii");
    write_spec(&s, 105, false);                          /* bytes i * 3 mod 101 - 50 */
    for (int c = 0; c < 3; c++) {
        struct vn_vol *v = open_it(c, 0, NULL);
        assert_int_equal(v->n_channel, 3);
        assert_int_equal(v->src->type, VN_U8);
        assert_int_equal(vn_buf_new(&b, VN_U8, &v->box, &err), 0);
        assert_int_equal(vn_vol_read(v, VN_PAD_ZERO, &b, NULL, &err), 0);
        for (int i = 0; i < 35; i++)
            assert_int_equal(((uint8_t *)b.data)[i], (uint8_t)((3 * i + c) * 3 % 101 - 50));
        vn_buf_free(&b);
        vn_vol_unref(v);
    }
    unlink(path);
}

static void wrong_headers(void **state)
{
    static const struct { struct spec s; int64_t n; int code; const char *word; } list[] = {
        { { 1, 0, 4, 2, 2, { 3, 7, 5, 3, 1, 1, 1, 1 }, 1, 1, 0, "n+1" }, 104, VN_E_FORMAT, "cut short" },
        { { 1, 0, 4, 2, 2, { 3, 7, -5, 3, 1, 1, 1, 1 }, 1, 1, 0, "n+1" }, 105, VN_E_FORMAT, "dimension 2 is -5" },
        { { 1, 0, 32, 8, 2, { 3, 7, 5, 3, 1, 1, 1, 1 }, 1, 1, 0, "n+1" }, 0, VN_E_UNSUPPORTED, "complex" },
        { { 1, 0, 77, 2, 2, { 3, 7, 5, 3, 1, 1, 1, 1 }, 1, 1, 0, "n+1" }, 105, VN_E_FORMAT, "unknown NIfTI type 77" },
        { { 1, 0, 4, 2, 2, { 3, 7, 5, 3, 1, 1, 1, 1 }, 1, 1, 0, "ni1" }, 105, VN_E_FORMAT, "end in .hdr" },
        { { 2, 0, 4, 2, 2, { 5, INT32_MAX, INT32_MAX, INT32_MAX, 9, 9, 1, 1 }, 1, 1, 0, "n+2" }, 5, VN_E_FORMAT, "voxels" },
    };
    const struct vn_open_opt o = { 0 };
    struct vn_vol *v;

    (void)state;
    name_it("d.nii");
    for (size_t i = 0; i < VN_COUNT(list); i++) {
        write_spec(&list[i].s, list[i].n, false);
        assert_int_equal(vn_io_open(path, &o, &v, &err), list[i].code);
        if (!strstr(err.msg, list[i].word))
            fail_msg("%s", err.msg);
    }
    unlink(path);
}

/* 40 MB of gzip read backwards and in jumps equals what went in; then damaged and cut. */
static void gzip_in_any_order(void **state)
{
    enum { N = 40 << 20, PIECE = 300000 };
    unsigned char *all = malloc(N), *got = malloc(PIECE);
    uint32_t r = 1;

    (void)state;
    name_it("e.gz");
    for (int i = 0; i < N; i++) {
        r = r * 1664525 + 1013904223;
        all[i] = (unsigned char)(r >> 30);
    }
    gzFile z = gzopen(path, "wb1");
    assert_int_equal(gzwrite(z, all, N / 2), N / 2);
    gzclose(z);
    z = gzopen(path, "ab1");                             /* a second member */
    assert_int_equal(gzwrite(z, all + N / 2, N / 2), N / 2);
    gzclose(z);
    FILE *f = fopen(path, "r+b");
    struct vn_gz *g = vn_gz_new(fileno(f), path, 0, N, &err);
    assert_non_null(g);
    for (int i = 0; i < 60; i++) {
        r = r * 1664525 + 1013904223;
        uint64_t at = i == 0 ? N - PIECE : i < 20 ? (uint64_t)(N - PIECE) / 20 * (uint64_t)(20 - i) : r % (N - PIECE);
        if (vn_gz_read(g, got, at, PIECE, NULL, &err))
            fail_msg("%s", err.msg);
        assert_memory_equal(got, all + at, PIECE);
    }
    vn_gz_free(g);
    fseek(f, 0, SEEK_END);
    long end = ftell(f);
    fseek(f, end - 6, SEEK_SET);                         /* inside the last checksum */
    int c = fgetc(f);
    fseek(f, end - 6, SEEK_SET);
    fputc(c ^ 1, f);
    fflush(f);
    g = vn_gz_new(fileno(f), path, 0, N, &err);
    assert_int_equal(vn_gz_read(g, got, N - PIECE, PIECE, NULL, &err), VN_E_FORMAT);
    assert_non_null(strstr(err.msg, "damaged"));
    assert_int_equal(ftruncate(fileno(f), end - 9), 0);
    assert_int_equal(vn_gz_read(g, got, N - PIECE, PIECE, NULL, &err), VN_E_FORMAT);
    assert_non_null(strstr(err.msg, "cut short"));
    vn_gz_free(g);
    fclose(f);
    unlink(path);
    free(all);
    free(got);
}

/* The sform of the file a volume came from is written back, moved to the region's first voxel; opened again, the words are
 * those for the whole volume, so that saving twice moves it once. */
static void orientation_is_kept(void **state)
{
    struct spec s = { 1, 0, 4, 2, 2, { 3, 7, 5, 3, 1, 1, 1, 1 }, 1, 1, 0, "n+1" };
    static const float srow[12] = { -1, 0, 0, 90, 0, 2, 0, -126, 0, 0, 3, -72 };
    const struct vn_save_opt o = { .force = true };

    (void)state;
    name_it("f.nii");
    write_spec(&s, 105, false);
    FILE *f = fopen(path, "r+b");
    fseek(f, 254, SEEK_SET);
    fwrite("\1\0", 1, 2, f);
    fseek(f, 280, SEEK_SET);
    fwrite(srow, 4, 12, f);
    fclose(f);
    struct vn_vol *v = open_it(0, 0, NULL);
    assert_string_equal(v->orientation, "LAS (sform 1, scanner; mm: -1 0 0 90; 0 2 0 -126; 0 0 3 -72)");
    assert_int_equal(vn_io_save(v, path, &o, NULL, &err), 0);
    struct vn_vol *r = open_it(0, 0, NULL);
    assert_string_equal(r->orientation, v->orientation);
    vn_vol_unref(r);
    struct vn_box part = { { 2, 1, 0 }, { 4, 3, 2 } };
    r = vn_vol_new(VN_MASK, VN_U8, &v->grid, &part, &err);
    memset(vn_vol_data(r).data, 0, 8);
    r->orientation = vn_strdup(v->orientation, &err);
    assert_int_equal(vn_io_save(r, path, &o, NULL, &err), 0);
    vn_vol_unref(r);
    for (int again = 0; again < 2; again++) {
        static const float offset[3] = { 88, -124, -72 };
        float got;
        f = fopen(path, "rb");
        for (int k = 0; k < 3; k++) {
            fseek(f, 292 + 16 * k, SEEK_SET);
            assert_int_equal(fread(&got, 4, 1, f), 1);
            assert_true(got == offset[k]);
        }
        fclose(f);
        r = open_it(0, 0, NULL);
        assert_string_equal(r->orientation, v->orientation);
        assert_true(vn_box_same(&r->box, &part));
        assert_int_equal(vn_io_save(r, path, &o, NULL, &err), 0);
        if (!again)
            vn_vol_unref(r);
    }
    vn_vol_unref(r);
    vn_vol_unref(v);
    unlink(path);
}

/* Labels stored as reals, masks of any two values. */
static void kinds_asked_for(void **state)
{
    const struct vn_box b = { { 0, 0, 0 }, { 3, 1, 1 } };
    const struct vn_grid g = { { 3, 1, 1 }, { 1, 1, 1 }, { { 0 } } };
    struct vn_vol *v = vn_vol_new(VN_IMAGE, VN_F32, &g, &b, &err), *r;
    float *p = vn_vol_data(v).data;
    const struct vn_save_opt o = { .force = true };
    int32_t l[3];
    uint8_t m[3];
    struct vn_buf bl = { VN_I32, b, { 3, 3 }, l, NULL, true }, bm = { VN_U8, b, { 3, 3 }, m, NULL, true };

    (void)state;
    name_it("g.nii");
    p[0] = 0;
    p[1] = 7;
    p[2] = 65535;
    assert_int_equal(vn_io_save(v, path, &o, NULL, &err), 0);
    r = open_it(0, 0, "labels");
    assert_int_equal(r->src->type, VN_I32);
    assert_int_equal(vn_vol_read(r, VN_PAD_ZERO, &bl, NULL, &err), 0);
    assert_int_equal(l[2], 65535);
    vn_vol_unref(r);
    r = open_it(0, 0, "mask");
    assert_int_equal(vn_vol_read(r, VN_PAD_ZERO, &bm, NULL, &err), 0);
    assert_memory_equal(m, "\0\1\1", 3);
    vn_vol_unref(r);
    p[1] = 7.5f;
    p[2] = NAN;
    assert_int_equal(vn_io_save(v, path, &o, NULL, &err), 0);
    r = open_it(0, 0, "labels");
    assert_int_equal(vn_vol_read(r, VN_PAD_ZERO, &bl, NULL, &err), VN_E_FORMAT);
    assert_non_null(strstr(err.msg, "7.5"));
    vn_vol_unref(r);
    r = open_it(0, 0, "mask");
    assert_int_equal(vn_vol_read(r, VN_PAD_ZERO, &bm, NULL, &err), 0);
    assert_memory_equal(m, "\0\1\0", 3);                  /* NaN is not foreground */
    vn_vol_unref(r);
    vn_vol_unref(v);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)
        T(written_reads_back), T(standard_headers), T(analyze_pairs), T(colours), T(wrong_headers), T(gzip_in_any_order), T(orientation_is_kept), T(kinds_asked_for),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
