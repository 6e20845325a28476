/* test_lumen.c - hollow vessels: what lines through a voxel meet, and that segment fills lumens, and those alone. */
#include "image.h"
#include "lumen.h"

static const double cube[3] = { 1, 1, 1 };

typedef bool (*shape_fn)(double x, double y, double z);

static void draw(struct vn_bitvol *b, int64_t nx, int64_t ny, int64_t nz, shape_fn f)
{
    const struct vn_box box = box6(0, nx, 0, ny, 0, nz);
    assert_int_equal(vn_bitvol_new(b, &box, &err), 0);
    for (int64_t z = 0; z < nz; z++)
        for (int64_t y = 0; y < ny; y++)
            for (int64_t x = 0; x < nx; x++)
                if (f((double)x, (double)y, (double)z))
                    vn_bit_set(vn_bit_row(b, y, z), x);
}

static int64_t ends;                       /* left out along z */
static uint64_t dark_in(shape_fn f, int64_t nx, int64_t ny, int64_t nz, double wide, uint64_t *wall)
{
    struct vn_bitvol b;
    uint64_t dark, some;
    draw(&b, nx, ny, nz, f);
    assert_int_equal(vn_lumen_count(&b, cube, wide, (const int64_t[3]){ 0, 0, ends }, 0, &dark, wall ? wall : &some, NULL, &err), 0);
    vn_bitvol_free(&b);
    return dark;
}

static double r2(double a, double b) { return a * a + b * b; }
static bool duct(double x, double y, double z) { (void)z; const double d = r2(x - 20, y - 20); return d >= 64 && d < 100; }
static bool duct_z5(double x, double y, double z) { (void)x; const double d = r2(y - 20, 5 * (z - 6)); return d >= 144 && d < 289; }
static bool oblique(double x, double y, double z)      /* axis along (1, 1, 0) through (32, 32, 20) */
{
    const double d = r2((x - y) / sqrt(2), z - 20);
    return d >= 64 && d < 100;
}
static bool pair(double x, double y, double z) { (void)x; return r2(y - 9, z - 20) < 64 || r2(y - 28, z - 20) < 64; }    /* 3 voxels apart */
static bool plates(double x, double y, double z) { (void)x; (void)y; return z == 15 || z == 20; }
static bool torus(double x, double y, double z) { return r2(sqrt(r2(x - 20, y - 20)) - 12, z - 20) < 6.5; }
static bool solid(double x, double y, double z) { (void)z; return r2(x - 20, y - 20) < 100; }

/* Of a pipe through the whole box the inside is dark, 8 voxels wide in radius: 193 lattice points have x^2 + y^2 < 64.  Lines at 45
 * degrees to it need 16 voxels of its length, so that all of it is lumen 16 voxels from its ends. */
static void test_pipe(void **state)
{
    struct vn_bitvol b, in, near;
    (void)state;
    draw(&b, 41, 41, 48, duct);
    assert_int_equal(vn_lumen_find(&b, cube, 16, &in, NULL, &err), 0);
    assert_int_equal(vn_lumen_near(&in, cube, &near, NULL, &err), 0);
    for (int64_t z = 16; z < 32; z++) {
        uint64_t n = 0;
        for (int64_t y = 0; y < 41; y++)
            for (int64_t x = 0; x < 41; x++) {
                const double d = r2((double)x - 20, (double)y - 20);
                const bool set = vn_bit_get(vn_bit_row(&in, y, z), x);
                n += d < 64 && set;
                assert_true(d < 100 || !set);                  /* nothing outside */
                assert_true(d >= 100 || vn_bit_get(vn_bit_row(&near, y, z), x));
            }
        assert_int_equal(n, 193);
    }
    vn_bitvol_free(&b); vn_bitvol_free(&in); vn_bitvol_free(&near);
    ends = 16;
    assert_int_equal(dark_in(duct, 41, 41, 48, 16, NULL), 193 * 16);
    ends = 0;
    assert_true(dark_in(duct, 41, 41, 48, 16, NULL) > 193 * 16);
    assert_int_equal(dark_in(duct, 41, 41, 48, 6, NULL), 0);   /* lines of at most 12 voxels do not span 16 */
    draw(&b, 64, 64, 41, oblique);
    assert_int_equal(vn_lumen_find(&b, cube, 16, &in, NULL, &err), 0);
    for (int64_t k = -7; k <= 7; k++)
        assert_true(vn_bit_get(vn_bit_row(&in, 32, 20 + k), 32));
    assert_false(vn_bit_get(vn_bit_row(&in, 32, 20 + 11), 32));
    vn_bitvol_free(&b); vn_bitvol_free(&in);
}

/* Slices five times as thick: the pipe along x is 12 um wide in radius, and 2 slices; its wall 5 um. */
static void test_coarse(void **state)
{
    static const double edge[3] = { 1, 1, 5 };
    struct vn_bitvol b, in;
    (void)state;
    draw(&b, 90, 41, 13, duct_z5);
    assert_int_equal(vn_lumen_find(&b, edge, 24, &in, NULL, &err), 0);
    for (int64_t z = 0; z < 13; z++)
        for (int64_t y = 0; y < 41; y++)
            if (r2((double)y - 20, 5 * ((double)z - 6)) < 144)
                assert_true(vn_bit_get(vn_bit_row(&in, y, z), 45));
            else if (r2((double)y - 20, 5 * ((double)z - 6)) >= 289)
                assert_false(vn_bit_get(vn_bit_row(&in, y, z), 45));
    vn_bitvol_free(&b); vn_bitvol_free(&in);
}

static void test_open(void **state)
{
    uint64_t wall;
    (void)state;
    assert_int_equal(dark_in(pair, 48, 38, 41, 32, NULL), 0);
    assert_int_equal(dark_in(plates, 41, 41, 41, 32, NULL), 0);
    assert_int_equal(dark_in(torus, 41, 41, 41, 32, NULL), 0);
    assert_int_equal(dark_in(solid, 41, 41, 41, 32, &wall), 0);
    assert_int_equal(wall, 0);                                 /* squares of 7 cover the disc */
}

/* ---- segment ---- */

static float noise(int64_t x, int64_t y, int64_t z) { return 1000 + (image_noise(x, y, z) - 127) * 0.05f; }      /* sd 3.7 */
static double axis(int64_t y, int64_t z) { return r2((double)y - 24, (double)z - 24); }
static float hollow(int64_t x, int64_t y, int64_t z) { return noise(x, y, z) + (axis(y, z) < 144 && axis(y, z) >= 90 ? 120.0f : 0.0f); }
static float two(int64_t x, int64_t y, int64_t z)
{
    return noise(x, y, z) + (r2((double)y - 17, (double)z - 24) < 25 || r2((double)y - 30, (double)z - 24) < 25 ? 120.0f : 0.0f);
}
static float ring(int64_t x, int64_t y, int64_t z)
{
    return noise(x, y, z) + (r2(sqrt(r2((double)x - 24, (double)y - 24)) - 14, (double)z - 24) < 9 ? 120.0f : 0.0f);
}
static float broken(int64_t x, int64_t y, int64_t z)           /* lumen: 9 voxels */
{
    const double d = r2((double)y - 15, (double)z - 15);
    return x == 20 && y == 15 ? NAN : x == 30 && y > 26 ? INFINITY : noise(x, y, z) + (d < 42 && d >= 20 ? 120.0f : 0.0f);
}
static float flat(int64_t x, int64_t y, int64_t z) { (void)x; (void)y; (void)z; return 7; }

static void test_filled(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 64, 48, 48, 1, hollow), *p, *q;
    struct vn_args a;
    (void)state;
    assert_int_equal(image_run("segment", v, NULL, NULL, &p, &a), 0);
    assert_true(vn_arg(&a, "hollow")->len[0].v >= 16);         /* lumen: 19 voxels wide */
    vn_args_free(&a);
    q = image_ok("segment", v, NULL, "hollow=0");
    uint64_t wrong = 0;
    for (int64_t x = 20; x < 44; x++)
        for (int64_t z = 0; z < 48; z++)
            for (int64_t y = 0; y < 48; y++) {
                if (axis(y, z) < 90)
                    wrong += image_at(p, x, y, z) < 0.5f;
                assert_true(axis(y, z) < 210 || image_at(p, x, y, z) < 0.5f);
            }
    assert_int_equal(wrong, 0);
    assert_true(image_at(q, 32, 24, 24) < 0.1f);
    vn_vol_unref(v); vn_vol_unref(p); vn_vol_unref(q);
}

/* Two solid tubes three voxels apart, and a ring: nothing is hollow, and the gap and the hole stay when lumens are asked for. */
static void test_kept(void **state)
{
    static const image_fn f[] = { two, ring };
    (void)state;
    for (size_t i = 0; i < VN_COUNT(f); i++) {
        struct vn_vol *v = image_new(VN_IMAGE, 48, 48, 48, 1, f[i]), *p, *q;
        struct vn_args a;
        assert_int_equal(image_run("segment", v, NULL, NULL, &p, &a), 0);
        assert_true(vn_arg(&a, "hollow")->len[0].v == 0);
        vn_args_free(&a);
        q = image_ok("segment", v, NULL, "hollow=16");
        assert_true(image_at(p, 24, 24, 24) < 0.5f && image_at(q, 24, 24, 24) < 0.5f);
        assert_true(i == 1 || (image_at(q, 24, 17, 24) > 0.5f && image_at(q, 24, 30, 24) > 0.5f));
        assert_true(i == 0 || image_at(q, 38, 24, 24) > 0.5f);
        vn_vol_unref(v); vn_vol_unref(p); vn_vol_unref(q);
    }
}

/* Solid tubes of radius 1.5 along the axes, at random: a network, whose meshes have vessels all around. */
enum { MESH = 56, MAX_TUBES = 120 };
static int n_tube, tube[MAX_TUBES][2];
static float network(int64_t x, int64_t y, int64_t z)
{
    const int64_t at[3] = { x, y, z };
    bool in = false;
    for (int i = 0; i < n_tube; i++)
        in = in || r2((double)at[(i + 1) % 3] - 0.5 * tube[i][0], (double)at[(i + 2) % 3] - 0.5 * tube[i][1]) < 2.25;
    return noise(x, y, z) + (in ? 120.0f : 0.0f);
}

static void test_network(void **state)
{
    static const int many[] = { 40, 50, 60, 75, 90, MAX_TUBES };
    uint32_t seed = 1;
    (void)state;
    for (int i = 0; i < 2 * MAX_TUBES; i++) {
        seed = seed * 1664525u + 1013904223u;
        tube[i / 2][i % 2] = (int)(seed >> 8) % (2 * MESH);
    }
    for (size_t i = 0; i < VN_COUNT(many); i++) {
        n_tube = many[i];
        struct vn_vol *v = image_new(VN_IMAGE, MESH, MESH, MESH, 1, network), *p;
        struct vn_args a;
        assert_int_equal(image_run("segment", v, NULL, NULL, &p, &a), 0);
        if (vn_arg(&a, "hollow")->len[0].v != 0)
            fail_msg("%d tubes: hollow=%s", n_tube, vn_args_text(&a, "hollow"));
        vn_args_free(&a);
        vn_vol_unref(p); vn_vol_unref(v);
    }
}

static void test_exact(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 40, 31, 31, 0, broken);
    const struct vn_box r = box6(9, 37, 11, 30, 12, 25);
    static const char fixed[] = "background=4vox smooth=0.8vox level=1000 spread=2 offset=0 noise=2 contrast=10 hollow=9vox";
    (void)state;
    image_exact("segment", v, fixed, &r, 40 << 20);
    image_exact("segment", v, NULL, &v->box, 0);
    struct vn_vol *p = image_ok("segment", v, NULL, fixed);
    assert_true(image_at(p, 20, 15, 15) == 0 && image_at(p, 30, 28, 15) == 0 && image_at(p, 12, 15, 15) > 0.5f);
    vn_vol_unref(v); vn_vol_unref(p);
}

static void test_odd(void **state)
{
    static const int64_t dims[][3] = { { 1, 1, 1 }, { 1, 37, 1 }, { 13, 11, 7 }, { 40, 40, 1 } };
    struct vn_vol *v, *p;
    (void)state;
    for (size_t i = 0; i < VN_COUNT(dims); i++) {
        v = image_new(VN_IMAGE, dims[i][0], dims[i][1], dims[i][2], 1, i == 3 ? hollow : flat);
        p = image_ok("segment", v, NULL, "hollow=16");
        const struct vn_buf d = vn_vol_data(p);
        for (uint64_t k = 0; k < vn_box_count(&p->box); k++)
            assert_true(((float *)d.data)[k] >= 0 && ((float *)d.data)[k] <= (i < 3 ? 0 : 1));
        vn_vol_unref(v); vn_vol_unref(p);
    }
    v = image_new(VN_IMAGE, 13, 11, 7, 0.5, flat);
    assert_int_equal(image_run("segment", v, NULL, "hollow=200um", &p, NULL), VN_E_ARG);
    assert_non_null(strstr(err.msg, "hollow=200um is 400 voxels wide"));
    vn_vol_unref(v);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_pipe), cmocka_unit_test(test_coarse), cmocka_unit_test(test_open), cmocka_unit_test(test_filled),
    cmocka_unit_test(test_kept), cmocka_unit_test(test_network), cmocka_unit_test(test_exact), cmocka_unit_test(test_odd),
};
IMAGE_MAIN(tests)
