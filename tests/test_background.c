/* test_background.c - background subtraction: constants vanish, steps follow the error function, holes, exactness. */
#include "image.h"

static float flat(int64_t x, int64_t y, int64_t z) { (void)x; (void)y; (void)z; return 500; }
static float spot(int64_t x, int64_t y, int64_t z) { return x == 20 && y == 20 && z == 20 ? 600 : 500; }
static float holes(int64_t x, int64_t y, int64_t z) { (void)z; return x == 7 ? NAN : x == 30 && y == 3 ? INFINITY : 500; }
static float step(int64_t x, int64_t y, int64_t z) { (void)y; (void)z; return x < 60 ? 0 : 1000; }

static void test_shapes(void **state)
{
    static const int64_t dims[][3] = { { 1, 1, 1 }, { 1, 41, 1 }, { 40, 23, 7 } };
    struct vn_vol *v, *b;
    (void)state;
    for (size_t i = 0; i < VN_COUNT(dims); i++) {
        v = image_new(VN_IMAGE, dims[i][0], dims[i][1], dims[i][2], 0, flat);
        b = image_ok("background", v, NULL, "keep");
        const struct vn_buf d = vn_vol_data(b);
        for (uint64_t k = 0; k < vn_box_count(&b->box); k++)
            assert_true(fabsf(((float *)d.data)[k]) < 500 * 2e-6f);        /* some roundings of taps and means */
        vn_vol_unref(v); vn_vol_unref(b);
    }
    v = image_new(VN_IMAGE, 41, 41, 41, 0, spot);
    b = image_ok("background", v, NULL, NULL);
    /* 100 less its share of the mean: 100 / ((2 pi)^(3/2) 12^3) = 0.004 */
    assert_true(fabsf(image_at(b, 20, 20, 20) - 99.996f) < 0.003f && image_at(b, 3, 3, 3) < 1e-2f);
    vn_vol_unref(b);
    b = image_ok("background", v, NULL, "dark");
    assert_true(image_at(b, 20, 20, 20) == 0.0f);
    vn_vol_unref(v); vn_vol_unref(b);
    v = image_new(VN_IMAGE, 121, 5, 5, 0, step);
    b = image_ok("background", v, NULL, "keep sigma=9vox");
    for (int64_t x = 30; x < 91; x++)
        assert_true(fabs(image_at(b, x, 2, 2) - (step(x, 0, 0) - 500 * (1 + erf(((double)x - 59.5) / 9 / sqrt(2))))) < 10);
    vn_vol_unref(v); vn_vol_unref(b);
    v = image_new(VN_IMAGE, 40, 20, 9, 0, holes);
    b = image_ok("background", v, NULL, "keep sigma=7");
    for (int64_t x = 0; x < 40; x++)
        assert_true(fabsf(image_at(b, x, 3, 4)) < 500 * 2e-6f);
    vn_vol_unref(v); vn_vol_unref(b);
}

static void test_exact(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 67, 41, 29, 0, image_noise);
    const struct vn_box r = box6(11, 60, 3, 40, 5, 22);
    (void)state;
    image_exact("background", v, "sigma=6.5", &r, 12 << 20);
    vn_vol_unref(v);
}

static const struct CMUnitTest tests[] = { cmocka_unit_test(test_shapes), cmocka_unit_test(test_exact) };
IMAGE_MAIN(tests)
