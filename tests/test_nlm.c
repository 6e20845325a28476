/* test_nlm.c - non-local means against its definition, computed in numpy in double, and the automatic noise. */
#include "image.h"

static float edge(int64_t x, int64_t y, int64_t z) { return image_noise(x, y, z) / 8 + (x > 9 ? 60.0f : 0.0f); }

static void test_definition(void **state)
{
    static const int64_t p[6][3] = { { 0, 0, 0 }, { 9, 8, 6 }, { 10, 8, 6 }, { 20, 16, 12 }, { 13, 3, 11 }, { 5, 9, 2 } };
    static const double um[3] = { 2.2, 1, 9 };
    static const struct { const char *settings; bool anisotropic; float want[6]; } run[] = {
        { "search=2vox patch=1vox strength=1 noise=9", false, { 18.260608f, 18.823157f, 71.335630f, 71.097211f, 76.817420f, 15.204004f } },
        { "search=3vox patch=2vox strength=0.5 noise=12", false, { 17.706118f, 17.344035f, 74.207925f, 73.970705f, 75.119793f, 15.669483f } },
        { "search=4vox patch=3vox strength=0.7 noise=20", false, { 16.354507f, 32.940091f, 58.569557f, 75.133184f, 75.154358f, 15.794530f } },
        /* search 1, 2, 0 and patch 0, 1, 0 voxels */
        { "search=2um patch=1um strength=0.8 noise=15", true, { 17.267342f, 22.568551f, 71.392359f, 66.696506f, 78.681651f, 18.412560f } },
    };
    struct vn_vol *v = image_new(VN_IMAGE, 21, 17, 13, 0, edge), *w = vn_vol_header(v, um, VN_IMAGE, &err);
    (void)state;
    assert_non_null(w);
    for (size_t i = 0; i < VN_COUNT(run); i++) {
        struct vn_vol *o = image_ok("nlm", run[i].anisotropic ? w : v, NULL, run[i].settings);
        for (int k = 0; k < 6; k++)
            if (!(fabsf(image_at(o, p[k][0], p[k][1], p[k][2]) - run[i].want[k]) < 1e-4f * run[i].want[k]))
                fail_msg("%s: point %d is %g, not %g", run[i].settings, k, (double)image_at(o, p[k][0], p[k][1], p[k][2]), (double)run[i].want[k]);
        vn_vol_unref(o);
    }
    vn_vol_unref(v);
    vn_vol_unref(w);
}

static float masked(int64_t x, int64_t y, int64_t z) { return y < 9 ? 0.0f : edge(x, y, z); }
static float constant(int64_t x, int64_t y, int64_t z) { (void)x; (void)y; (void)z; return 7.0f; }

static void test_noise(void **state)
{
    /* The lower quartile of the pseudo-residuals' magnitudes that are not 0 over 0.3186, at distances of 1, 2 ... voxels while it
     * grows by 15 %, in numpy; a plane and a line have 4 and 2 neighbours.  More than half of the masked volume is 0. */
    static const struct { image_fn f; int64_t ny, nz; double want; } c[] = {
        { edge, 17, 13, 11.86429707565546 }, { edge, 17, 1, 14.473698874533715 }, { edge, 1, 1, 40.99915695382885 }, { masked, 17, 13, 10.47205813310405 },
        { constant, 17, 13, 0 },
    };
    (void)state;
    for (size_t i = 0; i < VN_COUNT(c); i++) {
        struct vn_vol *v = image_new(VN_IMAGE, 21, c[i].ny, c[i].nz, 0, c[i].f), *o = NULL;
        struct vn_args a;
        assert_int_equal(image_run("nlm", v, NULL, "search=1vox patch=1vox strength=0.5", &o, &a), 0);
        if (!(fabs(vn_args_real(&a, "noise") - c[i].want) <= 1e-5 * c[i].want))
            fail_msg("noise %d is %g, not %g", (int)i, vn_args_real(&a, "noise"), c[i].want);
        if (c[i].f == constant)
            assert_true(image_at(o, 3, 4, 5) == 7.0f);
        vn_args_free(&a);
        vn_vol_unref(v);
        vn_vol_unref(o);
    }
}

static float shared(int64_t x, int64_t y, int64_t z)
{
    double s = 0;
    for (int i = 0; i < 27; i++)
        s += (double)image_noise(x + i % 3, y + i / 3 % 3, z + i / 9);
    return (float)(s / 27);
}

static void test_shared_noise(void **state)
{
    /* Of means over 3 x 3 x 3 the standard deviation is 73.9 / sqrt 27 = 14.22; the residuals of neighbours alone say 5.4. */
    struct vn_vol *v = image_new(VN_IMAGE, 64, 48, 40, 0, shared), *o = NULL;
    struct vn_args a;
    (void)state;
    assert_int_equal(image_run("nlm", v, NULL, "search=1vox patch=1vox strength=0.5", &o, &a), 0);
    if (!(fabs(vn_args_real(&a, "noise") / 14.22 - 1) < 0.08))
        fail_msg("noise is %g, not 14.2", vn_args_real(&a, "noise"));
    vn_args_free(&a);
    vn_vol_unref(v);
    vn_vol_unref(o);
}

static float holes(int64_t x, int64_t y, int64_t z) { return x == 10 && y == 8 && z == 6 ? NAN : x == 15 && y == 4 && z == 3 ? INFINITY : edge(x, y, z); }

static void test_not_finite(void **state)
{
    /* Far from them nothing changes; they stay, and so do voxels whose patch holds one. */
    static const char settings[] = "search=2vox patch=1vox strength=1 noise=9";
    struct vn_vol *v = image_new(VN_IMAGE, 21, 17, 13, 0, edge), *h = image_new(VN_IMAGE, 21, 17, 13, 0, holes);
    struct vn_vol *o = image_ok("nlm", v, NULL, settings), *q = image_ok("nlm", h, NULL, settings), *z;
    (void)state;
    assert_true(image_at(q, 3, 14, 10) == image_at(o, 3, 14, 10));
    assert_true(isnan(image_at(q, 10, 8, 6)) && isinf(image_at(q, 15, 4, 3)));
    assert_true(image_at(q, 11, 8, 6) == edge(11, 8, 6) && image_at(q, 14, 5, 3) == edge(14, 5, 3));
    const struct vn_buf d = vn_vol_data(q);
    int bad = 0;
    for (uint64_t i = 0; i < vn_box_count(&q->box); i++)
        bad += !isfinite(((const float *)d.data)[i]);
    assert_int_equal(bad, 2);
    z = image_ok("nlm", v, NULL, "search=2vox patch=1vox strength=1 noise=0");
    image_same(z, v, &v->box);                                  /* no noise: nothing to take away */
    vn_vol_unref(v); vn_vol_unref(h); vn_vol_unref(o); vn_vol_unref(q); vn_vol_unref(z);
}

static void test_exact(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 71, 29, 21, 0, image_noise);
    const struct vn_box r = box6(3, 70, 5, 23, 4, 19);
    (void)state;
    image_exact("nlm", v, "search=2vox patch=1vox strength=0.5 noise=30", &r, 4 << 20);
    vn_vol_unref(v);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_definition), cmocka_unit_test(test_noise), cmocka_unit_test(test_shared_noise), cmocka_unit_test(test_not_finite), cmocka_unit_test(test_exact),
};
IMAGE_MAIN(tests)
