/* test_vesselness.c - Hessian eigenvalues, and the measures on shapes with known answers and against numpy. */
#include "image.h"
#include "vox.h"

static void test_eigen(void **state)
{
    float sum, product;
    (void)state;
    /* diagonal: 5, -1, -3 in any order */
    assert_true(fabsf(vn_eigen3(-1, 5, -3, 0, 0, 0, &sum, &product) - 5) < 1e-6f * 5);
    assert_true(fabsf(sum + 4) < 1e-5f && fabsf(product - 3) < 2e-5f);
    /* all ones: 3, 0, 0;  identity: 1, 1, 1;  zero */
    assert_true(fabsf(vn_eigen3(1, 1, 1, 1, 1, 1, &sum, &product) - 3) < 1e-6f && fabsf(sum) < 1e-6f && fabsf(product) < 3e-6f);
    assert_true(vn_eigen3(1, 1, 1, 0, 0, 0, &sum, &product) == 1.0f && sum == 2.0f && product == 1.0f);
    assert_true(vn_eigen3(0, 0, 0, 0, 0, 0, &sum, &product) == 0.0f && sum == 0.0f && product == 0.0f);
    /* [2 -1 0; -1 2 -1; 0 -1 2]: 2 + sqrt 2, 2, 2 - sqrt 2 */
    assert_true(fabsf(vn_eigen3(2, 2, 2, -1, 0, -1, &sum, &product) - 3.41421356f) < 1e-6f * 4 && fabsf(product - 1.17157288f) < 4e-6f);
    vn_eigen3(NAN, 0, 0, 0, 0, 0, &sum, &product);
    assert_false(sum < 0);
}

/* Gaussian profiles of sd 2: a tube along an axis, a sphere, a plate. */
static int axis;
static float tube(int64_t x, int64_t y, int64_t z)
{
    const double p[3] = { (double)x - 16, (double)y - 16, (double)z - 16 };
    double r2 = 0;
    for (int k = 0; k < 3; k++)
        r2 += k == axis ? 0 : p[k] * p[k];
    return (float)(100 * exp(-r2 / 8));
}
static float sphere(int64_t x, int64_t y, int64_t z) { axis = 3; return tube(x, y, z); }
static float plate(int64_t x, int64_t y, int64_t z) { (void)y; (void)z; return (float)(100 * exp(-((double)x - 16) * ((double)x - 16) / 8)); }
static float dark_tube(int64_t x, int64_t y, int64_t z) { return 100 - tube(x, y, z); }

static void test_tube(void **state)
{
    struct vn_vol *out[3];
    (void)state;
    for (axis = 0; axis < 3; axis++) {
        struct vn_vol *v = image_new(VN_IMAGE, 33, 33, 33, 0, tube);
        out[axis] = image_ok("vesselness", v, NULL, "scales=2");
        vn_vol_unref(v);
    }
    /* On the axis: sigma^2 * 100 * 4 / (4 + sigma^2)^2 = 25 for continuous derivatives (scikit-image 24.99999999920832);
     * differences over one voxel at a total variance of 8 lower it by at most 1 / (4 * 8) = 3 %, taps cut at 3 sigma and
     * renormalised have a variance lower by up to 3 %, which raises it. */
    const float peak = image_at(out[2], 16, 16, 16);
    assert_true(fabsf(peak - 25) < 25 * 0.04f);
    for (int64_t i = 0; i < 33; i++)
        for (int64_t k = 0; k < 33; k++) {
            const float v = image_at(out[2], i, k, 16);
            assert_true(v <= peak);
            /* turned by 90 degrees the sums run in another order; where two eigenvalues meet, a rounding of the
             * determinant moves them by its square root (vox.h) */
            assert_true(fabsf(image_at(out[0], 16, i, k) - v) < 0.05f && fabsf(image_at(out[1], k, 16, i) - v) < 0.05f);
        }
    for (axis = 0; axis < 3; axis++)
        vn_vol_unref(out[axis]);
}

static void test_others(void **state)
{
    struct vn_vol *v, *o;
    (void)state;
    v = image_new(VN_IMAGE, 33, 33, 33, 0, plate);
    o = image_ok("vesselness", v, NULL, "scales=2");
    assert_true(image_at(o, 16, 16, 16) < 0.5f);                /* 0 but for rounding: 1 % of the curvature of 50 */
    vn_vol_unref(v); vn_vol_unref(o);
    v = image_new(VN_IMAGE, 33, 33, 33, 0, sphere);
    o = image_ok("vesselness", v, NULL, "scales=2");
    assert_true(fabsf(image_at(o, 16, 16, 16) - 17.68f) < 17.68f * 0.06f);     /* 100 s^2 4^(3/2) / (4 + s^2)^(5/2) */
    vn_vol_unref(v); vn_vol_unref(o);
    axis = 1;
    v = image_new(VN_IMAGE, 33, 33, 33, 0, dark_tube);
    o = image_ok("vesselness", v, NULL, "scales=2");
    assert_true(image_at(o, 16, 16, 16) == 0.0f);
    vn_vol_unref(o);
    o = image_ok("vesselness", v, NULL, "scales=1,2 dark");
    assert_true(fabsf(image_at(o, 16, 16, 16) - 25) < 1);
    vn_vol_unref(v); vn_vol_unref(o);
}

static void test_physical(void **state)
{
    /* The same tube on voxels of 0.5 um: sigma 1 um is 2 voxels, and the normalised measure is the same number. */
    axis = 2;
    struct vn_vol *v = image_new(VN_IMAGE, 33, 33, 33, 0.5, tube), *o = image_ok("vesselness", v, NULL, "scales=1um");
    (void)state;
    assert_true(fabsf(image_at(o, 16, 16, 16) - 25) < 1);
    vn_vol_unref(v); vn_vol_unref(o);
}

static void test_hand(void **state)
{
    /* On the axis of a tube l1 = 0 and l2 = l3, and the Hessian is the largest there: frangi (1 - e^-2) 1 (1 - e^-2), jerman 1.
     * In a plate l2 = 0, but for rounding: up to 1e-3 of the product l2 l3 (vox.h). */
    struct vn_vol *v, *o;
    (void)state;
    axis = 2;
    v = image_new(VN_IMAGE, 33, 33, 33, 0, tube);
    o = image_ok("vesselness", v, NULL, "method=frangi scales=2");
    assert_true(fabsf(image_at(o, 16, 16, 16) - 0.7476450f) < 1e-4f);
    vn_vol_unref(o);
    o = image_ok("vesselness", v, NULL, "method=jerman scales=2");
    assert_true(image_at(o, 16, 16, 16) == 1.0f && image_at(o, 0, 0, 0) == 0.0f);
    vn_vol_unref(o);
    o = image_ok("vesselness", v, NULL, "method=frangi scales=2 dark");
    assert_true(image_at(o, 16, 16, 16) == 0.0f);
    vn_vol_unref(v); vn_vol_unref(o);
    v = image_new(VN_IMAGE, 33, 33, 33, 0, plate);
    o = image_ok("vesselness", v, NULL, "method=frangi scales=2");
    assert_true(image_at(o, 16, 16, 16) < 1e-5f);
    vn_vol_unref(o);
    o = image_ok("vesselness", v, NULL, "method=jerman scales=2");
    assert_true(image_at(o, 16, 16, 16) < 1e-4f);
    vn_vol_unref(v); vn_vol_unref(o);
}

static float crossing(int64_t x, int64_t y, int64_t z)
{
    return (float)(100 * exp(-(double)((x - 8) * (x - 8) + (y - 7) * (y - 7)) / 8) + 60 * exp(-(double)((z - 6) * (z - 6) + (y - 12) * (y - 12)) / 4) +
                   (double)image_noise(x, y, z) / 16);
}

/* Values of a numpy program of its own: the same taps, borders and differences in double, numpy.linalg.eigvalsh, and the
 * papers' formulas. */
static void test_numpy(void **state)
{
    static const int64_t p[8][3] = { { 8, 7, 6 }, { 9, 8, 3 }, { 15, 12, 6 }, { 16, 11, 7 }, { 8, 12, 6 }, { 2, 2, 2 }, { 20, 16, 12 }, { 11, 9, 6 } };
    static const struct { const char *settings, *name; double automatic[2]; float want[8]; } run[] = {
        { "method=frangi scales=1,2", "c", { 11.377708909996688, 17.33933237633372 },
          { 0.659007f, 0.441235f, 0.558039f, 0.133627f, 0.281498f, 0, 0, 0 } },
        { "method=jerman scales=1,2", "peak", { 16.690322167071855, 24.79690895113042 }, { 1, 1, 1, 0.925192f, 1, 0, 0, 0 } },
        { "method=frangi scales=2 alpha=0.3 beta=0.8", "c", { 17.33933237633372 }, { 0.768955f, 0.630038f, 0.391586f, -1, -1, -1, -1, 0 } },
    };
    struct vn_vol *v = image_new(VN_IMAGE, 21, 17, 13, 0, crossing), *o;
    (void)state;
    for (size_t i = 0; i < VN_COUNT(run); i++) {
        struct vn_args a;
        assert_int_equal(image_run("vesselness", v, NULL, run[i].settings, &o, &a), 0);
        const struct vn_arg *got = vn_arg(&a, run[i].name);
        for (int k = 0; k < (int)got->i; k++)
            assert_true(fabs(got->d[k] - run[i].automatic[k]) < 1e-5 * run[i].automatic[k]);
        for (int k = 0; k < 8; k++)
            if (run[i].want[k] >= 0 && fabsf(image_at(o, p[k][0], p[k][1], p[k][2]) - run[i].want[k]) > 2e-4f)
                fail_msg("%s: point %d is %g, not %g", run[i].settings, k, (double)image_at(o, p[k][0], p[k][1], p[k][2]), (double)run[i].want[k]);
        vn_args_free(&a);
        vn_vol_unref(o);
    }
    vn_vol_unref(v);
}

static void test_automatic(void **state)
{
    /* The whole volume decides also for a region, as the recorded values do; stats=region lets the region decide. */
    struct vn_vol *v = image_new(VN_IMAGE, 21, 17, 13, 0, crossing), *whole = image_ok("vesselness", v, NULL, "method=frangi scales=1,2"), *o = NULL;
    const struct vn_box r = box6(10, 21, 0, 17, 0, 5);
    struct vn_args a;
    (void)state;
    o = image_ok("vesselness", v, &r, "method=frangi scales=1,2");
    image_same(whole, o, &r);
    vn_vol_unref(o);
    assert_int_equal(image_run("vesselness", v, &r, "method=frangi scales=1,2 stats=region", &o, &a), 0);
    assert_true(vn_arg(&a, "c")->d[1] < 0.9 * 17.339);
    vn_args_free(&a);
    vn_vol_unref(o);
    o = NULL;
    assert_int_equal(image_run("vesselness", v, NULL, "method=frangi scales=1,2,3 c=1,2", &o, NULL), VN_E_ARG);
    assert_non_null(strstr(err.msg, "c= has 2 values and scales= 3"));
    vn_vol_unref(v); vn_vol_unref(whole);
    v = image_new(VN_IMAGE, 9, 9, 9, 0, image_noise);
    memset(vn_vol_data(v).data, 0, 9 * 9 * 9 * sizeof(float));
    for (int i = 0; i < 2; i++) {                               /* nothing there: no curvature, and 0 */
        o = image_ok("vesselness", v, NULL, i ? "method=jerman" : "method=frangi");
        assert_true(image_at(o, 4, 4, 4) == 0.0f);
        vn_vol_unref(o);
    }
    vn_vol_unref(v);
}

static void test_exp_neg(void **state)
{
    (void)state;
    for (double x = -86.9; x <= 0; x += 0.0137)
        assert_true(fabs((double)vn_exp_neg((float)x) / exp((double)(float)x) - 1) < 2.5e-7);
    assert_true(vn_exp_neg(0) == 1 && vn_exp_neg(-88) == 0 && vn_exp_neg(-INFINITY) == 0 && vn_exp_neg(NAN) == 0);
}

static float holes(int64_t x, int64_t y, int64_t z) { return x == 7 && y == 5 ? NAN : x == 20 && z == 3 ? INFINITY : image_noise(x, y, z); }

static void test_exact(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 61, 37, 23, 0, image_noise), *w = image_new(VN_IMAGE, 31, 17, 13, 0, holes), *o;
    const struct vn_box r = box6(5, 60, 11, 30, 2, 3);
    (void)state;
    image_exact("vesselness", v, "scales=1,2.5", &r, 4 << 20);
    image_exact("vesselness", v, "scales=1,2.5 method=frangi", &r, 4 << 20);
    image_exact("vesselness", v, "scales=1,2.5 method=jerman", &r, 4 << 20);
    for (int m = 0; m < 3; m++) {
        static const char *const method[] = { "method=sato", "method=frangi", "method=jerman" };
        o = image_ok("vesselness", w, NULL, method[m]);
        const struct vn_buf d = vn_vol_data(o);
        for (uint64_t i = 0; i < vn_box_count(&o->box); i++)
            assert_true(((float *)d.data)[i] >= 0);             /* NaN becomes 0 */
        vn_vol_unref(o);
    }
    vn_vol_unref(v); vn_vol_unref(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_eigen), cmocka_unit_test(test_tube), cmocka_unit_test(test_others), cmocka_unit_test(test_physical),
    cmocka_unit_test(test_exact), cmocka_unit_test(test_hand), cmocka_unit_test(test_numpy), cmocka_unit_test(test_automatic),
    cmocka_unit_test(test_exp_neg),
};
IMAGE_MAIN(tests)
