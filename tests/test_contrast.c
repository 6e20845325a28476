/* test_contrast.c - local contrast: constants, a step by hand, scale and offset of the grey values, holes, exactness. */
#include "image.h"

static float flat(int64_t x, int64_t y, int64_t z) { (void)x; (void)y; (void)z; return 500; }
static float step(int64_t x, int64_t y, int64_t z) { (void)y; (void)z; return x < 60 ? 0 : 1000; }
static float holes(int64_t x, int64_t y, int64_t z) { (void)z; return x == 7 ? NAN : x == 30 && y == 3 ? INFINITY : 500; }
static float scaled(int64_t x, int64_t y, int64_t z) { return 4 * image_noise(x, y, z) + 1000; }

static void all_zero(image_fn f, const char *settings)
{
    static const int64_t dims[][3] = { { 1, 1, 1 }, { 1, 41, 1 }, { 40, 23, 7 } };
    for (size_t i = 0; i < VN_COUNT(dims); i++) {
        struct vn_vol *v = image_new(VN_IMAGE, dims[i][0], dims[i][1], dims[i][2], 0, f), *c = image_ok("contrast", v, NULL, settings);
        const struct vn_buf d = vn_vol_data(c);
        for (uint64_t k = 0; k < vn_box_count(&c->box); k++)
            assert_true(((float *)d.data)[k] == 0.0f);
        vn_vol_unref(v); vn_vol_unref(c);
    }
}

static void test_constant(void **state)
{
    (void)state;
    all_zero(flat, NULL);
    all_zero(flat, "sigma=2");
    all_zero(holes, NULL);
    all_zero(holes, "floor=3");
}

/* Of a step of height 1000 the mean is 1000 p and the variance 1000^2 p (1 - p), p = (1 + erf(t / sqrt 2)) / 2 at t sigma
 * from it: far off 0; beside the step (t -> 0) (1000 - 500) / (500 + floor). */
static void test_step(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 121, 5, 5, 0, step), *c = image_ok("contrast", v, NULL, "sigma=9vox floor=100");
    (void)state;
    for (int64_t x = 30; x < 91; x++) {
        const double p = 0.5 * (1 + erf(((double)x - 59.5) / 9 / sqrt(2)));
        const double expected = (step(x, 0, 0) - 1000 * p) / (1000 * sqrt(p * (1 - p)) + 100);
        assert_true(fabs(image_at(c, x, 2, 2) - expected) < 0.05);         /* mean and variance within 1 % of the step */
    }
    assert_true(fabsf(image_at(c, 60, 2, 2) - 0.797f) < 0.02f);             /* by hand: t = 1/18, p = 0.522, 478 / (499.5 + 100) = 0.797 */
    assert_true(fabsf(image_at(c, 60, 2, 2) + image_at(c, 59, 2, 2)) < 0.01f);
    assert_true(fabsf(image_at(c, 5, 2, 2)) < 1e-5f && fabsf(image_at(c, 115, 2, 2)) < 1e-5f);
    vn_vol_unref(v); vn_vol_unref(c);
}

static void test_scale(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 37, 29, 19, 0, image_noise), *w = image_new(VN_IMAGE, 37, 29, 19, 0, scaled);
    struct vn_vol *a = image_ok("contrast", v, NULL, "sigma=4"), *b = image_ok("contrast", w, NULL, "sigma=4");
    (void)state;
    double sum = 0;
    for (int64_t z = 0; z < 19; z++)
        for (int64_t y = 0; y < 29; y++)
            for (int64_t x = 0; x < 37; x++) {
                assert_true(fabsf(image_at(a, x, y, z) - image_at(b, x, y, z)) < 2e-5f);
                sum += fabs(image_at(a, x, y, z));
            }
    assert_true(sum / (37 * 29 * 19) > 0.3);                   /* uniform noise, sd about 74, floor about the same: 0.87 / 2 */
    vn_vol_unref(v); vn_vol_unref(w); vn_vol_unref(a); vn_vol_unref(b);
}

static void test_exact(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 67, 41, 29, 0, image_noise);
    const struct vn_box r = box6(11, 60, 3, 40, 5, 22);
    (void)state;
    image_exact("contrast", v, "sigma=6.5", &r, 16 << 20);
    vn_vol_unref(v);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_constant), cmocka_unit_test(test_step), cmocka_unit_test(test_scale), cmocka_unit_test(test_exact),
};
IMAGE_MAIN(tests)
