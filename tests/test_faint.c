/* test_faint.c - wide vessels that stand out by about the noise: means of cells, rays, what is found and what is
 * not. */
#include "faint.h"
#include "image.h"

/* Nearly normal noise of standard deviation 10: two uniform values of 0 to 255, each of deviation 74. */
static float noise(int64_t x, int64_t y, int64_t z)
{
    return (image_noise(x, y, z) + image_noise(x + 1000, y + 777, z + 555) - 255) * (10.0f / 104.5f);
}

enum { N = 80 };
static float tall = 10;                                      /* a standard deviation */
static double from_axis(int64_t y, int64_t z) { return hypot((double)y - 39.5, (double)z - 39.5); }
static float empty(int64_t x, int64_t y, int64_t z) { return 1000 + noise(x, y, z); }
/* Along x, 40 wide; a cell of 64 voxels knows its mean to an eighth of a deviation, and to less when smoothed. */
static float tube(int64_t x, int64_t y, int64_t z) { return empty(x, y, z) + (from_axis(y, z) < 20 ? tall : 0.0f); }
static float below(int64_t x, int64_t y, int64_t z) { return empty(x, y, z) - (from_axis(y, z) < 20 ? tall : 0.0f); }
/* As a tube with a soft edge: a cloud that falls over 40 voxels. */
static float haze(int64_t x, int64_t y, int64_t z)
{
    const double t = from_axis(y, z) / 40;
    return empty(x, y, z) + (t < 1 ? 3 * tall * (float)((1 - t * t) * (1 - t * t)) : 0.0f);
}
static float sheet(int64_t x, int64_t y, int64_t z) { return empty(x, y, z) + (z >= 20 && z < 60 ? tall : 0.0f); }
static float slope(int64_t x, int64_t y, int64_t z) { return empty(x, y, z) + tall * (float)(3 * x + 2 * y) / N; }
static float on_slope(int64_t x, int64_t y, int64_t z) { return tube(x, y, z) + tall * (float)(x + y) / N; }
static float step(int64_t x, int64_t y, int64_t z) { return empty(x, y, z) + (y < 40 ? tall : 0.0f); }

/* Of voxels the share that is found: inside the tube from two voxels on, and outside from four on, where x is a cell's
 * steps away from the faces. */
static void shares(image_fn f, const char *settings, double *in, double *out)
{
    struct vn_vol *v = image_new(VN_IMAGE, N, N, N, 1, f), *p = image_ok("segment", v, NULL, settings);
    int64_t found[2] = { 0 }, all[2] = { 0 };

    for (int64_t z = 0; z < N; z++)
        for (int64_t y = 0; y < N; y++)
            for (int64_t x = 0; x < N; x++) {
                const double r = from_axis(y, z);
                if ((r >= 18 && r <= 24) || (r < 18 && (x < 12 || x >= N - 12)))
                    continue;
                all[r > 20]++;
                found[r > 20] += image_at(p, x, y, z) >= 0.5f;
            }
    *in = (double)found[0] / (double)all[0];
    *out = (double)found[1] / (double)all[1];
    vn_vol_unref(v); vn_vol_unref(p);
}

static void test_found(void **state)
{
    double in, out;
    (void)state;
    shares(on_slope, NULL, &in, &out);
    assert_true(in > 0.97);
    assert_true(out < 0.002);
    shares(tube, "faint=0", &in, &out);                      /* voxel by voxel it is not: what this is for */
    assert_true(in < 0.5);
    shares(below, "dark", &in, &out);
    assert_true(in > 0.97);
    assert_true(out < 0.002);
}

/* Nothing but what the voxels themselves show. */
static void test_not_found(void **state)
{
    static const image_fn none[] = { empty, haze, sheet, slope, step };
    (void)state;
    for (size_t k = 0; k < VN_COUNT(none); k++) {
        struct vn_vol *v = image_new(VN_IMAGE, N, N, N, 1, none[k]), *p, *q;
        p = image_ok("segment", v, NULL, NULL);
        q = image_ok("segment", v, NULL, "faint=0");
        image_same(p, q, &v->box);
        vn_vol_unref(v); vn_vol_unref(p); vn_vol_unref(q);
    }
}

static void read_flat(const void *ctx, int64_t x, int64_t y, int64_t z, float *out, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = x + i < 4 ? 10.0f : x + i == 8 ? 40.0f : y == 0 && z == 0 && x + i == 9 ? 1e30f : 10.0f;
    (void)ctx;
}

/* Level 10, spread 10: 40 is one weight's width above, with weight 1/2 and 1/2 of 1; 1e30 has none. */
static void test_means(void **state)
{
    struct vn_faint q;
    struct vn_faint_cells c;
    const double edge[3] = { 1, 1, 2 };
    const struct vn_box all = box6(0, 10, 0, 4, 0, 2);
    (void)state;
    vn_faint_init(&q, (const int64_t[3]){ 10, 4, 2 }, edge, 64);
    q.level = 10;
    q.spread = 10;
    assert_int_equal(q.f[0], 4);
    assert_int_equal(q.f[2], 2);
    assert_int_equal(q.n, 0);                                /* 10 x 4 x 4 edges: less than 12 cells along each axis */
    assert_int_equal(vn_faint_cells(&c, &q, &all, &err), 0);
    assert_int_equal(vn_faint_pool(&q, &c, &all, read_flat, NULL, NULL, &err), 0);
    assert_int_equal(c.n[0], 3);
    assert_int_equal(c.n[1] * c.n[2], 1);
    assert_true(c.v[0] == 0 && c.v[1] == 0);
    assert_true(fabs(c.v[2] - 8 * 0.5 / (8 * 0.5 + 7 + 0.05 * 16)) < 1e-6);
    vn_faint_cells_free(&c);
}

/* Whether a cell, counted from the middle, lies in a square tube of 10 x 10 cells along x; in a plate; in a ball, where
 * along all chords the product of the ways to the sides is the same, wherever one looks from; in ellipsoids 1.4 and 2.4
 * times as long as wide; in a cylinder. */
static bool tube_cell(double x, double y, double z) { return fabs(y) < 5 && fabs(z) < 5 && fabs(x) < 40; }
static bool plate_cell(double x, double y, double z) { return fabs(z) < 5 && hypot(x, y) < 100; }
static bool ball_cell(double x, double y, double z) { return hypot(x, hypot(y, z)) < 10; }
static bool egg_cell(double x, double y, double z) { return hypot(x / 1.4, hypot(y, z)) < 9; }
static bool long_cell(double x, double y, double z) { return hypot(x / 2.4, hypot(y, z)) < 6.5; }
static bool round_cell(double x, double y, double z) { return hypot(y, z) < 10 && fabs(x) < 40; }

/* They are 100 high over steps of deviation 1: whoever is in the middle of the tube sees its sides by 24 rays, the two
 * along it leave the volume. */
static void test_rays(void **state)
{
    enum { C = 40 };
    struct vn_faint q;
    struct vn_faint_cells c;
    const double edge[3] = { 1, 1, 1 };
    const struct vn_box all = box6(0, 4 * C, 0, 4 * C, 0, 4 * C);
    static const struct { bool (*in)(double x, double y, double z); double wide; bool found; } row[] = {
        { tube_cell, 256, true }, { plate_cell, 256, false }, { tube_cell, 12, false }, { ball_cell, 256, false },
        { egg_cell, 256, false }, { long_cell, 256, true }, { round_cell, 256, true },
    };
    uint64_t cores;
    (void)state;
    for (size_t k = 0; k < VN_COUNT(row); k++) {
        vn_faint_init(&q, (const int64_t[3]){ 4 * C, 4 * C, 4 * C }, edge, row[k].wide);
        q.step = 1;
        assert_int_equal(vn_faint_cells(&c, &q, &all, &err), 0);
        for (int64_t z = 0; z < C; z++)
            for (int64_t y = 0; y < C; y++)
                for (int64_t x = -q.pad; x < C + q.pad; x++)
                    c.v[(z * C + y) * c.row + q.pad + x] =
                        row[k].in((double)x - 19.5, (double)y - 19.5, (double)z - 19.5) ? 100 : 0;
        assert_int_equal(vn_faint_find(&q, &c, 0, &cores, NULL, &err), 0);
        if (k == 0) {                                        /* from a voxel within cells 9 and 17 on: by numpy, too */
            const struct vn_box part = box6(39, 4 * C, 70, 4 * C, 0, 4 * C);
            int64_t n, across;
            vn_faint_count(&q, &c, &all, &n, &across);
            assert_true(n == 2360 && across == 66784000);
            vn_faint_count(&q, &c, &part, &n, &across);
            assert_true(n == 1476 && across == 42700000);
        }
        assert_int_equal(cores > 0 ? vn_faint_grow(&q, &c, NULL, &err) : 0, 0);
        const int64_t middle = (20 * C + 20) * C + 20;
        assert_int_equal(c.vessel[middle], row[k].found ? 27 : 0);
        if (k == 0) {
            uint8_t in[8];
            assert_int_equal(c.seen[middle], 24);
            assert_int_equal(cores, 2360);                   /* by numpy, from the definition (faint.h) */
            assert_int_equal(c.vessel[(20 * C + 27) * C + 20], 0);
            vn_faint_row(&q, &c, 80, 82, 82, in, 8);
            for (int i = 0; i < 8; i++)
                assert_int_equal(in[i], 1);
            vn_faint_row(&q, &c, 80, 110, 82, in, 8);
            for (int i = 0; i < 8; i++)
                assert_int_equal(in[i], 0);
        } else {
            assert_int_equal(cores > 0, row[k].found);
        }
        vn_faint_cells_free(&c);
    }
}

static void test_exact(void **state)
{
    static const char fixed[] = "background=4vox smooth=0.8vox level=1000 spread=3 offset=0 noise=3 contrast=5 hollow=0 faint=16,10,0.027";
    struct vn_vol *v = image_new(VN_IMAGE, N, N, N, 0, tube), *p;
    const struct vn_box r = box6(30, 50, 21, 43, 30, 42);
    (void)state;
    image_exact("segment", v, fixed, &r, 64 << 20);
    assert_int_equal(image_run("segment", v, NULL, "faint=1,2", &p, NULL), VN_E_ARG);
    assert_non_null(strstr(err.msg, "faint=1,2: it takes 3 numbers above 0, the first up to 512, or 0"));
    assert_int_equal(image_run("segment", v, NULL, "faint=600,1,1", &p, NULL), VN_E_ARG);
    vn_vol_unref(v);
}

static const struct CMUnitTest tests[] = { cmocka_unit_test(test_found), cmocka_unit_test(test_not_found), cmocka_unit_test(test_means),
                                           cmocka_unit_test(test_rays), cmocka_unit_test(test_exact) };
IMAGE_MAIN(tests)
