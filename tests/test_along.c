/* test_along.c - smoothing along vessels against its definition, computed in numpy in double with eigh, and what it promises:
 * tubes, edges, junctions and tips keep their height, noise goes, nothing is found in noise. */
#include "image.h"

static float tube(int64_t x, int64_t y, int64_t z)
{
    const double t = (double)x - 10, u = (double)y - 8.5 - 0.4 * t, w = (double)z - 6.2 - 0.2 * t, d = u * u + w * w;
    return (float)((double)(image_noise(x, y, z) / 8) + 100 / (1 + d * d / 4));
}

static float middle(int64_t x, int64_t y, int64_t z) { return tube(x, y, z + 6); }
static float line(int64_t x, int64_t y, int64_t z) { return tube(x, y + 8, z + 6); }

static void expect(struct vn_vol *v, const char *settings, bool flat, const float want[6])
{
    static const int64_t p[6][3] = { { 0, 0, 0 }, { 9, 8, 6 }, { 10, 8, 6 }, { 20, 16, 12 }, { 13, 10, 7 }, { 5, 9, 2 } };
    struct vn_vol *o = image_ok("along", v, NULL, settings);
    for (int k = 0; k < 6; k++) {
        const float got = image_at(o, p[k][0], p[k][1], flat ? 0 : p[k][2]);
        if (!(fabsf(got - want[k]) < 2e-4f * want[k]))
            fail_msg("%s: point %d is %.7g, not %.7g", settings, k, (double)got, (double)want[k]);
    }
    vn_vol_unref(o);
}

static void test_definition(void **state)
{
    static const double um[3] = { 2.2, 1, 9 };
    struct vn_vol *v = image_new(VN_IMAGE, 21, 17, 13, 0, tube), *w = vn_vol_header(v, um, VN_IMAGE, &err);
    struct vn_vol *p = image_new(VN_IMAGE, 21, 17, 1, 0, middle);
    (void)state;
    assert_non_null(w);
    expect(v, "length=2vox noise=9", false, (float[]) { 24.203676f, 127.00984f, 113.58327f, 8.1890371f, 113.92658f, 19.757736f });
    expect(v, "length=2vox noise=45", false, (float[]) { 19.438143f, 126.46541f, 115.61007f, 10.301427f, 114.87206f, 18.535926f });
    expect(v, "length=3vox noise=14", false, (float[]) { 24.947582f, 125.25558f, 116.09558f, 8.5218327f, 116.18979f, 17.928537f });
    expect(v, "length=1.3vox noise=30", false, (float[]) { 21.316455f, 127.7385f, 112.36512f, 8.5692476f, 113.04272f, 18.747159f });
    expect(w, "length=4um noise=12", false, (float[]) { 17.25345f, 127.25891f, 113.93102f, 8.5644645f, 105.76526f, 20.956064f });
    expect(p, "length=2vox noise=9", true, (float[]) { 25.573234f, 125.58472f, 108.95585f, 9.8298766f, 117.68737f, 15.972105f });
    vn_vol_unref(v);
    vn_vol_unref(w);
    vn_vol_unref(p);
}

static double automatic(struct vn_vol *v, const char *settings)
{
    struct vn_vol *o = NULL;
    struct vn_args a;
    assert_int_equal(image_run("along", v, NULL, settings, &o, &a), 0);
    const double noise = vn_args_real(&a, "noise");
    vn_args_free(&a);
    vn_vol_unref(o);
    return noise;
}

static float constant(int64_t x, int64_t y, int64_t z) { (void)x; (void)y; (void)z; return 7.0f; }

static void test_noise(void **state)
{
    static const struct { image_fn f; int64_t ny, nz; double want; } c[] = {
        { tube, 17, 13, 12.252242571587196 }, { middle, 17, 1, 15.795015337877526 }, { line, 1, 1, 32.03906905529201 }, { constant, 17, 13, 0 },
    };
    (void)state;
    for (size_t i = 0; i < VN_COUNT(c); i++) {
        struct vn_vol *v = image_new(VN_IMAGE, 21, c[i].ny, c[i].nz, 0, c[i].f);
        const double noise = automatic(v, "length=2vox");
        if (!(fabs(noise - c[i].want) <= 2e-5 * c[i].want))
            fail_msg("noise %d is %.9g, not %.9g", (int)i, noise, c[i].want);
        vn_vol_unref(v);
    }
    /* Uniform over 256 levels: standard deviation 73.9. */
    struct vn_vol *v = image_new(VN_IMAGE, 64, 64, 64, 0, image_noise);
    assert_true(fabs(automatic(v, NULL) / 73.9 - 1) < 0.03);
    vn_vol_unref(v);
}

/* ---- what it is for ---- */

static double bell(int64_t x, int64_t y, int64_t z)              /* sum of 4 values of image_noise: mean 510, sd 147.8 */
{
    double s = 0;
    for (int i = 0; i < 4; i++)
        s += (double)image_noise(x + 100 * i, y + 70 * i, z + 50 * i);
    return s;
}

/* A vessel of two voxels' width across the box in an odd direction, 160 above the background, noise of a quarter of that. */
static const double dir[3] = { 0.75, 0.55, 0.37 };
static float thin(int64_t x, int64_t y, int64_t z)
{
    const double v[3] = { (double)x - 24, (double)y - 24, (double)z - 24 };
    double along = 0, all = 0, unit = 0;
    for (int k = 0; k < 3; k++) {
        along += v[k] * dir[k];
        all += v[k] * v[k];
        unit += dir[k] * dir[k];
    }
    return (float)(160 * exp(-(all - along * along / unit) / 1.8) + 40 * (bell(x, y, z) - 510) / 147.8);
}
static float clean_thin(int64_t x, int64_t y, int64_t z) { return thin(x, y, z) - (float)(40 * (bell(x, y, z) - 510) / 147.8); }

/* Mean over the voxels where the clean image is above 130, and the standard deviation where it is below 1. */
static void height(const struct vn_vol *v, const struct vn_vol *clean, double *top, double *sd)
{
    const struct vn_buf a = vn_vol_data(v), b = vn_vol_data(clean);
    double n = 0, m = 0, sum = 0, sum2 = 0;
    *top = 0;
    for (uint64_t i = 0; i < vn_box_count(&v->box); i++) {
        const double x = (double)((const float *)a.data)[i], c = (double)((const float *)b.data)[i];
        n += c > 130;
        *top += c > 130 ? x : 0;
        m += c < 1;
        sum += c < 1 ? x : 0;
        sum2 += c < 1 ? x * x : 0;
    }
    *top /= n;
    *sd = sqrt(sum2 / m - sum / m * (sum / m));
}

static void test_thin_vessels_stay(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 49, 49, 49, 0, thin), *c = image_new(VN_IMAGE, 49, 49, 49, 0, clean_thin);
    struct vn_vol *o = image_ok("along", v, NULL, NULL), *g = image_ok("gauss", v, NULL, "sigma=1vox");
    double raw, clean, along, gauss, sd, sd_along, sd_gauss, none;
    (void)state;
    height(v, c, &raw, &sd);
    height(c, c, &clean, &none);
    height(o, c, &along, &sd_along);
    height(g, c, &gauss, &sd_gauss);
    if (!(along > 0.95 * clean && along < 1.05 * clean && gauss < 0.6 * clean))
        fail_msg("height %g: %g along, %g by a Gaussian", clean, along, gauss);
    if (!(sd_along < 0.2 * sd && sd_along < 1.2 * sd_gauss))
        fail_msg("noise %g: %g along, %g by a Gaussian", sd, sd_along, sd_gauss);
    vn_vol_unref(v); vn_vol_unref(c); vn_vol_unref(o); vn_vol_unref(g);
}

static float axis_tube(int64_t x, int64_t y, int64_t z) { (void)x; return (y == 9 && z >= 8 && z < 10) ? 200.0f : 40.0f; }
static float step_edge(int64_t x, int64_t y, int64_t z) { (void)y; (void)z; return x < 12 ? 40.0f : 200.0f; }
static float diagonal(int64_t x, int64_t y, int64_t z) { (void)z; return x + y < 22 ? 40.0f : 200.0f; }

static void test_edges_stay(void **state)
{
    /* Where nothing changes along the structure its mean is the voxel itself, to rounding. */
    struct vn_vol *v = image_new(VN_IMAGE, 24, 20, 18, 0, axis_tube), *e = image_new(VN_IMAGE, 24, 20, 18, 0, step_edge);
    struct vn_vol *o = image_ok("along", v, NULL, "length=2vox noise=5"), *p = image_ok("along", e, NULL, "length=2vox noise=5");
    (void)state;
    for (int64_t x = 0; x < 24; x++) {
        assert_true(fabsf(image_at(o, x, 9, 8) - 200) < 0.5f && fabsf(image_at(o, x, 9, 9) - 200) < 0.5f);
        assert_true(fabsf(image_at(o, x, 8, 8) - 40) < 0.5f);
        assert_true(x < 11 || x > 12 || fabsf(image_at(p, x, 9, 9) - step_edge(x, 9, 9)) < 0.5f);
    }
    vn_vol_unref(p);
    vn_vol_unref(e);
    e = image_new(VN_IMAGE, 24, 20, 18, 0, diagonal);
    p = image_ok("along", e, NULL, "length=2vox noise=5");
    for (int64_t x = 9; x < 15; x++)
        for (int64_t y = 21 - x; y < 24 - x; y++)
            if (!(fabsf(image_at(p, x, y, 9) - diagonal(x, y, 9)) < 0.5f))
                fail_msg("%d,%d is %g", (int)x, (int)y, (double)image_at(p, x, y, 9));
    vn_vol_unref(v); vn_vol_unref(e); vn_vol_unref(o); vn_vol_unref(p);
}

/* ---- odd input ---- */

static float holes(int64_t x, int64_t y, int64_t z) { return x == 10 && y == 8 && z == 6 ? NAN : x == 45 && y == 4 && z == 3 ? INFINITY : tube(x, y, z); }
static float huge(int64_t x, int64_t y, int64_t z) { return 2e36f * tube(x, y, z); }

static void test_not_finite(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 60, 17, 13, 0, tube), *h = image_new(VN_IMAGE, 60, 17, 13, 0, holes), *big = image_new(VN_IMAGE, 21, 17, 13, 0, huge);
    struct vn_vol *o = image_ok("along", v, NULL, "length=2vox noise=9"), *q = image_ok("along", h, NULL, "length=2vox noise=9"), *z;
    (void)state;
    assert_true(image_at(q, 28, 8, 6) == image_at(o, 28, 8, 6));      /* out of reach */
    assert_true(isnan(image_at(q, 10, 8, 6)) && isinf(image_at(q, 45, 4, 3)));
    assert_true(image_at(q, 11, 8, 6) == tube(11, 8, 6));
    const struct vn_buf d = vn_vol_data(q);
    int bad = 0;
    for (uint64_t i = 0; i < vn_box_count(&q->box); i++)
        bad += !isfinite(((const float *)d.data)[i]);
    assert_int_equal(bad, 2);
    z = image_ok("along", v, NULL, "length=2vox noise=0");
    image_same(z, v, &v->box);                                  /* no noise: nothing to take away */
    vn_vol_unref(z);
    for (int i = 1; i < 25; i += 3) {                           /* next to none */
        char text[40];
        snprintf(text, sizeof text, "length=2vox noise=1e-%d", i);
        z = image_ok("along", v, NULL, text);
        for (int64_t x = 0; x < 60; x++)
            assert_true(fabsf(image_at(z, x, 8, 6) - tube(x, 8, 6)) < 1);
        vn_vol_unref(z);
    }
    z = image_ok("along", big, NULL, "length=2vox");
    const struct vn_buf f = vn_vol_data(z);
    for (uint64_t i = 0; i < vn_box_count(&z->box); i++)
        assert_true(isfinite(((const float *)f.data)[i]));
    vn_vol_unref(v); vn_vol_unref(h); vn_vol_unref(o); vn_vol_unref(q); vn_vol_unref(z); vn_vol_unref(big);
}

static void test_limit(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 9, 9, 9, 0.5, tube), *o = NULL;
    (void)state;
    assert_int_not_equal(image_run("along", v, NULL, "length=9um noise=1", &o, NULL), 0);
    assert_string_equal(err.msg, "length=9um is 18 voxels along x; the largest is 16");
    vn_vol_unref(v);
}

static void test_exact(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 61, 43, 37, 0, tube);
    const struct vn_box r = box6(3, 50, 5, 33, 4, 29);
    (void)state;
    image_exact("along", v, "length=2vox noise=12", &r, 6 << 20);
    vn_vol_unref(v);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_definition), cmocka_unit_test(test_noise), cmocka_unit_test(test_thin_vessels_stay), cmocka_unit_test(test_edges_stay),
    cmocka_unit_test(test_not_finite), cmocka_unit_test(test_limit), cmocka_unit_test(test_exact),
};
IMAGE_MAIN(tests)
