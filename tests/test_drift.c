/* test_drift.c - slow change of the background: the polynomial that is found, and wide vessels over it. */
#include "drift.h"
#include "image.h"

enum { NX = 80, NY = 64, NZ = 64 };
static double place(int64_t i, int64_t n) { return (2.0 * (double)i + 1) / (double)n - 1; }

static float noise(int64_t x, int64_t y, int64_t z) { return (image_noise(x, y, z) - 127) * 0.02f; }      /* sd 1.5 */
static float amount = 1;
static float slope(int64_t x, int64_t y, int64_t z)
{
    const double u = place(x, NX), v = place(y, NY), w = place(z, NZ);
    return 200 + noise(x, y, z) + amount * (float)(60 * u - 20 * w + 10 * v * v - 15 * u * w);
}
/* A vessel along x, 28 voxels wide: a seventh of the volume. */
static bool inside(int64_t y, int64_t z) { return (y - 20) * (y - 20) + (z - 40) * (z - 40) < 14 * 14; }
static float wide(int64_t x, int64_t y, int64_t z) { return slope(x, y, z) + (inside(y, z) ? 100.0f : 0.0f); }
static float turned(int64_t x, int64_t y, int64_t z) { return -wide(x, y, z); }
static float flat(int64_t x, int64_t y, int64_t z) { (void)x; (void)y; (void)z; return 12; }
static float bad(int64_t x, int64_t y, int64_t z) { return x == 40 ? NAN : y == 20 && z == 40 ? INFINITY : wide(x, y, z); }
static float huge(int64_t x, int64_t y, int64_t z) { return wide(x, y, z) * 1e36f; }

static void fit(image_fn f, float sign, double c[VN_DRIFT])
{
    struct vn_vol *v = image_new(VN_IMAGE, NX, NY, NZ, 0, f);
    struct vn_sample q;
    assert_int_equal(vn_sample_init(&q, &v->box, &err), 0);
    assert_int_equal(vn_drift_fit(&q, v, sign, c, NULL, &err), 0);
    vn_sample_free(&q);
    vn_vol_unref(v);
}

static void test_found(void **state)
{
    static const double want[VN_DRIFT] = { 60, 0, -20, 0, 10, 0, 0, -15, 0 };
    double c[VN_DRIFT];
    (void)state;
    for (int k = 0; k < 3; k++) {
        fit(k == 0 ? slope : k == 1 ? wide : turned, k < 2 ? 1.0f : -1.0f, c);
        for (int i = 0; i < VN_DRIFT; i++)
            assert_true(fabs(c[i] - want[i]) < 1.5);           /* of 60; the median of a cell is known to 0.2 */
    }
    fit(bad, 1, c);
    assert_true(fabs(c[0] - 60) < 1.5);
    fit(huge, 1, c);                                           /* overflows nothing that is recorded */
    for (int i = 0; i < VN_DRIFT; i++)
        assert_true(c[i] - c[i] == 0);
    amount = 0;
    fit(wide, 1, c);
    for (int i = 0; i < VN_DRIFT; i++)
        assert_true(c[i] == 0);
    amount = 1;
    fit(flat, 1, c);
    for (int i = 0; i < VN_DRIFT; i++)
        assert_true(c[i] == 0);
}

static void test_row(void **state)
{
    static const float c[VN_DRIFT] = { 1, -2, 3, 0.5f, 4, -5, 6, -7, 8 };
    const int64_t dim[3] = { 50, 9, 20 };
    float whole[50], part[50];
    (void)state;
    for (int64_t x = 0; x < 50; x++)
        whole[x] = part[x] = 100;
    vn_drift_row(c, dim, 0, 3, 17, whole, 50);
    vn_drift_row(c, dim, 13, 3, 17, part + 13, 30);
    assert_memory_equal(whole + 13, part + 13, 30 * sizeof *whole);
    for (int64_t x = 0; x < 50; x++) {
        const double u = place(x, 50), v = place(3, 9), w = place(17, 20);
        const double d = u - 2 * v + 3 * w + 0.5 * u * u + 4 * v * v - 5 * w * w + 6 * u * v - 7 * u * w + 8 * v * w;
        assert_true(fabs(100 - d - whole[x]) < 1e-4);
    }
}

/* Over a drift of 1.2 times its height the vessel's middle is lost at the same contrast unless the drift is taken off. */
static void test_wide(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, NX, NY, NZ, 1, wide), *p, *q;
    struct vn_args a;
    uint64_t lost[2] = { 0 }, extra = 0;
    char same[60];
    (void)state;
    assert_int_equal(image_run("segment", v, NULL, NULL, &p, &a), 0);
    assert_int_equal(vn_arg(&a, "drift")->i, VN_DRIFT);
    snprintf(same, sizeof same, "drift=0 contrast=%.9g", vn_args_real(&a, "contrast"));
    vn_args_free(&a);
    q = image_ok("segment", v, NULL, same);
    for (int64_t z = 0; z < NZ; z++)
        for (int64_t y = 0; y < NY; y++)
            for (int64_t x = 0; x < NX; x++) {
                const double far = hypot((double)y - 20, (double)z - 40);
                lost[0] += far < 13 && image_at(p, x, y, z) < 0.5f;
                lost[1] += far < 13 && image_at(q, x, y, z) < 0.5f;
                extra += far > 17 && image_at(p, x, y, z) >= 0.5f;
            }
    assert_int_equal(lost[0], 0);
    assert_int_equal(extra, 0);
    assert_true(lost[1] > 4000);                               /* of 42 000 */
    vn_vol_unref(v); vn_vol_unref(p); vn_vol_unref(q);
}

static void test_exact(void **state)
{
    static const char fixed[] = "background=4vox smooth=0.8vox level=205 spread=2 offset=0 noise=2 contrast=10 hollow=0 drift=60,0,-20,0,10,0,0,-15,0";
    struct vn_vol *v = image_new(VN_IMAGE, NX, NY, NZ, 0, bad), *p;
    const struct vn_box r = box6(9, 50, 11, 40, 20, 33);
    (void)state;
    image_exact("segment", v, fixed, &r, 24 << 20);
    image_exact("segment", v, NULL, &v->box, 0);
    assert_int_equal(image_run("segment", v, NULL, "drift=1,2", &p, NULL), VN_E_ARG);
    assert_non_null(strstr(err.msg, "drift=1,2 has 2 numbers; it takes 9"));
    vn_vol_unref(v);
}

static const struct CMUnitTest tests[] = { cmocka_unit_test(test_found), cmocka_unit_test(test_row), cmocka_unit_test(test_wide), cmocka_unit_test(test_exact) };
IMAGE_MAIN(tests)
