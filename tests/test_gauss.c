/* test_gauss.c - Gaussian taps, separable filtering, the wide Gaussian by cells, and the operation. */
#include "image.h"
#include "filter.h"
#include "vox.h"

static void test_exp_log(void **state)
{
    (void)state;
    for (double x = -40; x < 40; x += 0.37) {
        assert_true(fabs(vn_exp(x) - exp(x)) <= 1e-15 * 4 * exp(x));
        assert_true(fabs(vn_log(exp(x)) - x) <= 1e-14 * (1 + fabs(x)));
    }
    assert_true(vn_exp(0) == 1 && vn_log(1) == 0 && vn_exp(-1e9) == 0 && isinf(vn_exp(1e9)) && isinf(vn_log(0)));
}

static void test_taps(void **state)
{
    struct vn_taps t;
    double sum = 0;
    (void)state;
    /* exp(-k^2 / 2) for k = 0..3, divided by their symmetric sum (numpy) */
    assert_int_equal(vn_gauss_taps(1, &t, &err), 0);
    assert_int_equal(t.r, 3);
    static const double w[] = { 0.39905028, 0.24203623, 0.05400558, 0.00443305 };
    for (int k = 0; k <= 3; k++)
        assert_true(fabs(t.w[k] - w[k]) < 2e-8);
    assert_int_equal(vn_gauss_taps(20, &t, &err), 0);
    for (int k = -t.r; k <= t.r; k++)
        sum += t.w[k < 0 ? -k : k];
    assert_true(fabs(sum - 1) < 1e-8);
    assert_int_equal(vn_gauss_taps(0, &t, &err), 0);
    assert_true(t.r == 0 && t.w[0] == 1.0f);
    assert_int_equal(vn_gauss_taps(1000, &t, &err), VN_E_ARG);
    assert_int_equal(vn_gauss_taps(NAN, &t, &err), VN_E_ARG);
}

static float impulse(int64_t x, int64_t y, int64_t z) { return x == 8 && y == 9 && z == 10 ? 1000.0f : 0.0f; }

static void test_impulse(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 19, 20, 21, 2, impulse), *g = image_ok("gauss", v, NULL, "sigma=2um");
    struct vn_taps t;
    (void)state;
    assert_int_equal(vn_gauss_taps(1, &t, &err), 0);     /* 2 um in voxels of 2 um */
    for (int dz = -4; dz <= 4; dz++)
        for (int dy = -4; dy <= 4; dy++)
            for (int dx = -4; dx <= 4; dx++) {
                const int d[3] = { abs(dx), abs(dy), abs(dz) };
                const float want = d[0] > 3 || d[1] > 3 || d[2] > 3 ? 0 : t.w[d[2]] * (t.w[d[1]] * (t.w[d[0]] * 1000.0f));
                assert_true(image_at(g, 8 + dx, 9 + dy, 10 + dz) == want);
            }
    vn_vol_unref(v);
    vn_vol_unref(g);
}

static float constant(int64_t x, int64_t y, int64_t z) { (void)x; (void)y; (void)z; return 173.0f; }

static void test_constant_and_tiny(void **state)
{
    static const int64_t dims[][3] = { { 1, 1, 1 }, { 1, 1, 37 }, { 41, 1, 1 }, { 5, 3, 7 } };
    (void)state;
    for (size_t i = 0; i < VN_COUNT(dims); i++) {
        struct vn_vol *v = image_new(VN_IMAGE, dims[i][0], dims[i][1], dims[i][2], 0, constant), *g = image_ok("gauss", v, NULL, "sigma=1.7");
        const struct vn_buf d = vn_vol_data(g);
        for (uint64_t k = 0; k < vn_box_count(&g->box); k++)
            assert_true(fabsf(((float *)d.data)[k] - 173.0f) <= 3 * 1.6e-5f);     /* one rounding of each pass */
        vn_vol_unref(v);
        vn_vol_unref(g);
    }
}

static void test_exact(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 67, 41, 29, 0, image_noise);
    const struct vn_box r = box6(11, 60, 3, 40, 5, 22);
    (void)state;
    image_exact("gauss", v, "sigma=2.3", &r, 4 << 20);
    vn_vol_unref(v);
}

static void test_mirror_and_symmetry(void **state)
{
    /* The border is mirrored: a volume and its flip give flipped results, bit for bit, since pairs of taps are summed first. */
    struct vn_vol *v = image_new(VN_IMAGE, 23, 9, 7, 0, image_noise), *g, *h, *w;
    (void)state;
    w = image_new(VN_IMAGE, 23, 9, 7, 0, constant);
    struct vn_buf d = vn_vol_data(w);
    for (int64_t z = 0; z < 7; z++)
        for (int64_t y = 0; y < 9; y++)
            for (int64_t x = 0; x < 23; x++)
                ((float *)d.data)[vn_buf_at(&d, x, y, z)] = image_at(v, 22 - x, y, 6 - z);
    g = image_ok("gauss", v, NULL, "sigma=1.5");
    h = image_ok("gauss", w, NULL, "sigma=1.5");
    for (int64_t z = 0; z < 7; z++)
        for (int64_t y = 0; y < 9; y++)
            for (int64_t x = 0; x < 23; x++)
                assert_true(image_at(h, x, y, z) == image_at(g, 22 - x, y, 6 - z));
    vn_vol_unref(v); vn_vol_unref(g); vn_vol_unref(h); vn_vol_unref(w);
}

static void test_refusals(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 5, 5, 5, 0, constant), *out = NULL;
    (void)state;
    assert_int_equal(image_run("gauss", v, NULL, "sigma=2um", &out, NULL), VN_E_ARG);      /* no voxel size */
    assert_int_equal(image_run("gauss", v, NULL, "sigma=999vox", &out, NULL), VN_E_ARG);
    assert_null(out);
    vn_vol_unref(v);
}

static float step(int64_t x, int64_t y, int64_t z) { (void)y; (void)z; return x < 0 ? 0.0f : 1.0f; }

static void test_wide(void **state)
{
    /* A unit step through the wide Gaussian follows the error function; two boxes agree bit for bit. */
    const double sigma[3] = { 12, 7, 2 };
    struct vn_wide w;
    struct vn_buf in, out, part;
    const struct vn_box b = box6(-40, 41, -9, 10, -3, 4), p = box6(-7, 12, -2, 5, 0, 1);
    (void)state;
    assert_int_equal(vn_wide_init(&w, sigma, &err), 0);
    assert_true(w.f[0] == 4 && w.f[1] == 2 && w.f[2] == 1);
    const struct vn_box grown = vn_box_grow(&b, w.halo);
    assert_int_equal(vn_buf_new(&in, VN_F32, &grown, &err), 0);
    assert_int_equal(vn_buf_new(&out, VN_F32, &b, &err), 0);
    assert_int_equal(vn_buf_new(&part, VN_F32, &p, &err), 0);
    for (int64_t z = grown.lo[2]; z < grown.hi[2]; z++)
        for (int64_t y = grown.lo[1]; y < grown.hi[1]; y++)
            for (int64_t x = grown.lo[0]; x < grown.hi[0]; x++)
                ((float *)in.data)[vn_buf_at(&in, x, y, z)] = step(x, y, z);
    assert_int_equal(vn_wide_run(&in, &w, &out, NULL, &err), 0);
    for (int64_t x = b.lo[0]; x < b.hi[0]; x++)
        assert_true(fabs(((float *)out.data)[vn_buf_at(&out, x, 3, 1)] - 0.5 * (1 + erf(((double)x + 0.5) / 12 / sqrt(2)))) < 0.01);
    for (int64_t z = grown.lo[2]; z < grown.hi[2]; z++)
        for (int64_t y = grown.lo[1]; y < grown.hi[1]; y++)
            for (int64_t x = grown.lo[0]; x < grown.hi[0]; x++)
                ((float *)in.data)[vn_buf_at(&in, x, y, z)] = image_noise(x, y, z);
    assert_int_equal(vn_wide_run(&in, &w, &out, NULL, &err), 0);
    const struct vn_box pg = vn_box_grow(&p, w.halo);
    const struct vn_buf view = vn_buf_view(&in, &pg);
    assert_int_equal(vn_wide_run(&view, &w, &part, NULL, &err), 0);
    for (int64_t y = p.lo[1]; y < p.hi[1]; y++)
        for (int64_t x = p.lo[0]; x < p.hi[0]; x++)
            assert_true(((float *)part.data)[vn_buf_at(&part, x, y, 0)] == ((float *)out.data)[vn_buf_at(&out, x, y, 0)]);
    vn_buf_free(&in);
    vn_buf_free(&out);
    vn_buf_free(&part);
}

/* Vessels of 2 voxels' radius, and the same with noise of a given standard deviation (sums of four uniforms, 147.8). */
static double noise_sd;
static float rods(int64_t x, int64_t y, int64_t z)
{
    const double a = (double)x - 18, b = (double)y - 21, c = (double)z - 16;
    return (float)(160 * exp(-(a * a + b * b) / 5) + 160 * exp(-(b * b + c * c) / 5));
}
static float noisy_rods(int64_t x, int64_t y, int64_t z)
{
    double s = 0;
    for (int i = 0; i < 4; i++)
        s += (double)image_noise(x + 100 * i, y + 70 * i, z + 50 * i);
    return rods(x, y, z) + (float)(noise_sd * (s - 510) / 147.8);
}

static double error_of(struct vn_vol *v, struct vn_vol *clean, const char *settings)
{
    struct vn_vol *g = image_ok("gauss", v, NULL, settings);
    const struct vn_buf a = vn_vol_data(g), b = vn_vol_data(clean);
    double sum = 0;
    for (uint64_t i = 0; i < vn_box_count(&g->box); i++) {
        const double d = (double)((const float *)a.data)[i] - (double)((const float *)b.data)[i];
        sum += d * d;
    }
    vn_vol_unref(g);
    return sum;
}

static void test_automatic(void **state)
{
    /* The width of the least error to the image without noise, which the estimate does not know. */
    static const double sd[] = { 0.5, 3, 8, 20, 60 };
    char text[40];
    double last = 0;
    (void)state;
    for (size_t i = 0; i < VN_COUNT(sd); i++) {
        noise_sd = sd[i];
        struct vn_vol *c = image_new(VN_IMAGE, 48, 40, 36, 0.5, rods), *v = image_new(VN_IMAGE, 48, 40, 36, 0.5, noisy_rods), *o = NULL;
        struct vn_args a;
        double least = INFINITY, best = 0;
        for (int w = 0; w <= 10; w++) {
            snprintf(text, sizeof text, "sigma=%gum", 0.05 * w);
            const double e = error_of(v, c, text);
            best = e < least ? 0.05 * w : best;
            least = fmin(least, e);
        }
        assert_int_equal(image_run("gauss", v, NULL, NULL, &o, &a), 0);
        const double got = vn_arg(&a, "sigma")->len[0].v;
        if (!(fabs(got - best) < 0.051 + (best < 0.16 ? 0.1 : 0)))             /* 0.1 and 0.2 of an edge are not tried */
            fail_msg("noise %g: sigma %g um, the best is %g", sd[i], got, best);
        assert_true(got >= last);
        last = got;
        vn_args_free(&a);
        vn_vol_unref(c);
        vn_vol_unref(v);
        vn_vol_unref(o);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_exp_log), cmocka_unit_test(test_taps), cmocka_unit_test(test_impulse), cmocka_unit_test(test_constant_and_tiny),
    cmocka_unit_test(test_exact), cmocka_unit_test(test_mirror_and_symmetry), cmocka_unit_test(test_refusals), cmocka_unit_test(test_wide), cmocka_unit_test(test_automatic),
};
IMAGE_MAIN(tests)
