/* test_gamma.c - the power function against values of 50 decimal digits, and the operation by hand. */
#include "image.h"
#include "vox.h"

/* x^g with 50 decimal digits (Python's decimal), rounded to double. */
static void power_to_its_stated_error(void **state)
{
    static const double want[][3] = {
        { 0x1.0000000000000p-1, 0x1.0000000000000p-1, 0x1.6a09e667f3bcdp-1 },
        { 0x1.0101010101010p-8, 0x1.ccccccccccccdp-2, 0x1.5263b5a99990ap-4 },
        { 0x1.999999999999ap-3, 0x1.199999999999ap+1, 0x1.dafdd985e45d3p-6 },
        { 0x1.4484bfeebc2a0p-100, 0x1.999999999999ap-4, 0x1.0624dd2f1a9fap-10 },
        { 0x1.ff7ced916872bp-1, 0x1.9000000000000p+6, 0x1.cf40ea930fdf5p-1 },
        { 0x1.fdfdfdfdfdfe0p-2, 0x1.d1745d1745d17p-2, 0x1.74f5cf1f72cd7p-1 },
        { 0x1.6a09e667f3bccp-1, 0x1.8000000000000p+1, 0x1.6a09e667f3bcbp-2 },
        { 0x1.0624dd2f1a9fcp-10, 0x1.4000000000000p+3, 0x1.4484bfeebc2a1p-100 },
    };
    (void)state;
    for (size_t i = 0; i < VN_COUNT(want); i++) {
        const double got = vn_pow01(want[i][0], want[i][1]), t = want[i][2];
        if (!(fabs(got - t) <= (2 + fabs(log(t))) * 0x1p-52 * t))
            fail_msg("%.17g ^ %.17g: %.17g, not %.17g", want[i][0], want[i][1], got, t);
    }
    assert_true(vn_pow01(0, 0.5) == 0 && vn_pow01(1, 0.37) == 1 && isnan(vn_pow01(NAN, 2)));
    assert_true(vn_pow01(1e-310, 0.5) == 0 && vn_pow01(1e-200, 2) == 0 && vn_pow01(1e-3, 100) > 0);
}

static float squares(int64_t x, int64_t y, int64_t z) { (void)y; (void)z; return (float)(x * x); }           /* 0..100 */
static float odd(int64_t x, int64_t y, int64_t z) { (void)y; (void)z; return x == 0 ? NAN : x == 1 ? INFINITY : x == 2 ? -INFINITY : (float)x; }
static float flat(int64_t x, int64_t y, int64_t z) { (void)x; (void)y; (void)z; return 7; }

static void by_hand(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 11, 3, 2, 0, squares), *out;
    struct vn_args a;
    (void)state;
    assert_int_equal(image_run("gamma", v, NULL, NULL, &out, &a), 0);
    assert_true(vn_args_real(&a, "low") == 0 && vn_args_real(&a, "high") == 100);
    vn_args_free(&a);
    for (int x = 0; x <= 10; x++)                                  /* 100 (x^2 / 100)^0.5 = 10 x */
        assert_true(image_at(out, x, 1, 1) == (float)(10 * x));
    vn_vol_unref(out);
    out = image_ok("gamma", v, NULL, "gamma=2 low=4 high=64");     /* 4 + 60 ((v - 4) / 60)^2 */
    assert_true(image_at(out, 1, 0, 0) == 4 && image_at(out, 2, 0, 0) == 4 && image_at(out, 8, 0, 0) == 64 && image_at(out, 10, 0, 0) == 64);
    assert_true(image_at(out, 4, 0, 0) == (float)(4 + 144 / 60.0) && image_at(out, 7, 0, 0) == 37.75f);
    vn_vol_unref(out);
    out = image_ok("gamma", v, NULL, "type=u8");
    assert_true(((uint8_t *)vn_vol_data(out).data)[7] == 70);
    vn_vol_unref(out);
    assert_int_equal(image_run("gamma", v, NULL, "low=10 high=9", &out, NULL), VN_E_ARG);
    vn_vol_unref(v);
    v = image_new(VN_IMAGE, 13, 1, 1, 0, odd);
    out = image_ok("gamma", v, NULL, NULL);
    assert_true(isnan(image_at(out, 0, 0, 0)) && image_at(out, 1, 0, 0) == 12 && image_at(out, 2, 0, 0) == 3 && image_at(out, 3, 0, 0) == 3);
    vn_vol_unref(out); vn_vol_unref(v);
    v = image_new(VN_IMAGE, 3, 3, 3, 0, flat);
    assert_int_equal(image_run("gamma", v, NULL, NULL, &out, &a), 0);
    assert_true(image_at(out, 1, 1, 1) == 7);
    assert_true(vn_args_real(&a, "low") == 7 && vn_args_real(&a, "high") == 7);
    vn_args_free(&a);
    vn_vol_unref(out);
    out = image_ok("gamma", v, NULL, "low=7 high=7");              /* as the journal has it */
    assert_true(image_at(out, 1, 1, 1) == 7);
    vn_vol_unref(out); vn_vol_unref(v);
}

static void exact(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 300, 41, 29, 0, image_noise);
    const struct vn_box r = box6(11, 290, 3, 40, 5, 22);
    (void)state;
    image_exact("gamma", v, "gamma=0.45", &r, 11 << 20);
    vn_vol_unref(v);
}

static const struct CMUnitTest tests[] = { cmocka_unit_test(power_to_its_stated_error), cmocka_unit_test(by_hand), cmocka_unit_test(exact) };
IMAGE_MAIN(tests)
