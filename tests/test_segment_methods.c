/* test_segment_methods.c - segment method=vesselness and local: values by hand and from scipy, and volumes that are none. */
#include "image.h"

static float waves(int64_t x, int64_t y, int64_t z) { return (float)((x * x * 7 + y * y * 3 + z * z * 5 + x * y) % 97); }

static double sum_of(const struct vn_vol *v, int64_t *half)
{
    double sum = 0;
    *half = 0;
    for (uint64_t i = 0; i < vn_box_count(&v->box); i++) {
        const float p = ((const float *)vn_vol_data(v).data)[i];
        assert_true(p >= 0 && p <= 1);
        sum += p;
        *half += p > 0.5f;
    }
    return sum;
}

/* Sums of p, voxels above 1/2 and single voxels from scipy: means of a box by convolve1d with mode='reflect', in double.  The
 * noise of 16 makes sixteenths of it the whole numbers that the values are. */
static void local_by_scipy(void **state)
{
    static const struct { const char *words; double sum; int64_t half; float at[5]; } t[] = {
        { "noise=16 level=50 window=5vox", 433.97925868450136, 438, { 0.0392976f, 0, 0, 0, 0.2112359f } },
        { "noise=16 level=50 window=5vox dark", 434.33258933670356, 434, { 0, 0.2533448f, 0.5426409f, 0.3102999f, 0 } },
        { "noise=16 level=50 window=5vox k=1.5 contrast=1.2", 323.73995345881804, 163, { -1 } },
        { "noise=16 level=50 window=5vox k=1.5 contrast=1.2 dark", 324.8757531496136, 150, { -1 } },
    };
    static const int64_t at[5][3] = { { 3, 4, 5 }, { 0, 0, 0 }, { 19, 13, 8 }, { 10, 7, 4 }, { 7, 2, 6 } };
    struct vn_vol *v = image_new(VN_IMAGE, 20, 14, 9, 0, waves);
    const struct vn_box part = box6(3, 17, 2, 9, 1, 8);
    int64_t half;
    (void)state;
    for (size_t i = 0; i < VN_COUNT(t); i++) {
        struct vn_vol *p = image_ok("segment_local", v, NULL, t[i].words);
        assert_true(fabs(sum_of(p, &half) - t[i].sum) < 1e-3);             /* 2520 voxels rounded to floats */
        assert_int_equal(half, t[i].half);
        for (int k = 0; k < 5 && t[i].at[0] >= 0; k++)
            assert_true(fabsf(image_at(p, at[k][0], at[k][1], at[k][2]) - t[i].at[k]) < 1e-6f);
        vn_vol_unref(p);
    }
    image_exact("segment_local", v, t[2].words, &part, 0);
    vn_vol_unref(v);
}

static float step(int64_t x, int64_t y, int64_t z) { (void)y; (void)z; return x < 20 ? 100.0f : 140.0f; }

/* Without noise p = 1/2 where a voxel is half of the height, 20, above the mean: around voxel 20, of 100 100 140 140 140, the mean
 * is 124 and the deviation 40 sqrt 6 / 5 = 19.6; around voxel 21 the mean is 132. */
static void local_without_noise(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 24, 8, 8, 0, step), *p;
    struct vn_args a;
    (void)state;
    assert_int_equal(image_run("segment_local", v, NULL, "window=5vox", &p, &a), 0);
    assert_true(vn_args_real(&a, "noise") == 10 && vn_args_real(&a, "level") == 100 && vn_args_real(&a, "contrast") == 2);
    vn_args_free(&a);
    assert_true(fabsf(image_at(p, 20, 4, 4) - 0.64f / 1.64f) < 1e-6f && fabsf(image_at(p, 21, 4, 4) - 0.16f / 1.16f) < 1e-6f);
    assert_true(image_at(p, 19, 4, 4) == 0 && image_at(p, 22, 4, 4) == 0);
    vn_vol_unref(p);
    p = image_ok("segment_local", v, NULL, "window=5vox k=1.5");           /* 16 / (1.5 * 19.6) */
    assert_true(fabsf(image_at(p, 20, 4, 4) - 0.2285714f) < 1e-6f);
    vn_vol_unref(p);
    vn_vol_unref(v);
}

static float rods(int64_t x, int64_t y, int64_t z)
{
    const float noise = floorf((image_noise(x, y, z) + image_noise(x + 50, y, z) + image_noise(x, y + 50, z)) / 16);
    return noise + ((x - 9) * (x - 9) + (z - 8) * (z - 8) < 6 ? 60 : 0);
}

static int ascending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* From the voxels of vesselness: the quartile of its positive ones, the mean of those above 10 of it, and s^2 / (1 + s^2). */
static void vesselness_by_hand(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 30, 26, 22, 0, rods), *r = image_ok("vesselness", v, NULL, "scales=1,2,4"), *p;
    const int64_t n = 30 * 26 * 22;
    const float *from = vn_vol_data(r).data;
    float *up = malloc((size_t)n * sizeof *up);
    double one = 0, two = 0;
    int64_t m = 0;
    struct vn_args a;
    (void)state;
    assert_non_null(up);
    for (int64_t i = 0; i < n; i++)
        if (from[i] > 0)
            up[m++] = from[i];
    qsort(up, (size_t)m, sizeof *up, ascending);
    const double quartile = up[(m + 3) / 4 - 1];
    for (int64_t i = 0; i < m; i++) {
        one += up[i] > 10 * quartile ? up[i] : 0;
        two += up[i] > 10 * quartile ? (double)up[i] * up[i] : 0;
    }
    free(up);
    const double want = 0.4 * two / one / quartile;
    assert_true(want > 10);
    assert_int_equal(image_run("segment_vesselness", v, NULL, NULL, &p, &a), 0);
    assert_true(fabs(vn_args_real(&a, "noise") / quartile - 1) < 1e-8 && fabs(vn_args_real(&a, "contrast") / want - 1) < 1e-6);
    assert_string_equal(vn_args_text(&a, "scales"), "1,2,4vox");
    for (int64_t i = 0; i < n; i++) {
        const double s = from[i] / (want * quartile), q = s * s / (1 + s * s);
        assert_true(fabs(((const float *)vn_vol_data(p).data)[i] - q) < 1e-6);
    }
    assert_true(image_at(p, 9, 13, 8) > 0.5f && image_at(p, 20, 13, 16) < 0.5f);
    vn_args_free(&a);
    vn_vol_unref(p);
    vn_vol_unref(r);
    const struct vn_box part = box6(3, 27, 2, 19, 1, 18);
    image_exact("segment_vesselness", v, NULL, &part, 0);
    vn_vol_unref(v);
}

static float dark_rods(int64_t x, int64_t y, int64_t z) { return 100 - rods(x, y, z); }

/* Dark vessels are bright ones of the image turned round; eigenvalues that nearly meet are moved by the square root of a rounding
 * (vox.h). */
static void dark(void **state)
{
    static const struct { const char *op; float apart; } t[] = { { "segment_vesselness", 1e-3f }, { "segment_local", 1e-6f } };
    struct vn_vol *v = image_new(VN_IMAGE, 30, 26, 22, 0, rods), *d = image_new(VN_IMAGE, 30, 26, 22, 0, dark_rods);
    (void)state;
    for (size_t i = 0; i < VN_COUNT(t); i++) {
        struct vn_vol *p = image_ok(t[i].op, v, NULL, NULL), *q = image_ok(t[i].op, d, NULL, "dark");
        for (int64_t k = 0; k < 30 * 26 * 22; k++)
            assert_true(fabsf(((const float *)vn_vol_data(p).data)[k] - ((const float *)vn_vol_data(q).data)[k]) < t[i].apart);
        vn_vol_unref(p);
        vn_vol_unref(q);
    }
    vn_vol_unref(v);
    vn_vol_unref(d);
}

static float huge_rods(int64_t x, int64_t y, int64_t z) { return 0x1p30f * rods(x, y, z); }

/* A power of two turns no bit of p, below the 1e12 from which on vessels are lost. */
static void scaled(void **state)
{
    static const char *const op[] = { "segment_vesselness", "segment_local" };
    struct vn_vol *v = image_new(VN_IMAGE, 30, 26, 22, 0, rods), *w = image_new(VN_IMAGE, 30, 26, 22, 0, huge_rods);
    (void)state;
    for (size_t i = 0; i < VN_COUNT(op); i++) {
        struct vn_vol *p = image_ok(op[i], v, NULL, NULL), *q = image_ok(op[i], w, NULL, NULL);
        for (int64_t k = 0; k < 30 * 26 * 22; k++)             /* noise and contrast are recorded to so many digits */
            assert_true(fabsf(((const float *)vn_vol_data(p).data)[k] - ((const float *)vn_vol_data(q).data)[k]) < 1e-6f);
        vn_vol_unref(p);
        vn_vol_unref(q);
    }
    vn_vol_unref(v);
    vn_vol_unref(w);
}

static float pitted(int64_t x, int64_t y, int64_t z, float pit) { return (x + 3 * y + 5 * z) % 11 == 0 ? pit : waves(x, y, z); }
static float pits_nan(int64_t x, int64_t y, int64_t z) { return pitted(x, y, z, NAN); }
static float pits_inf(int64_t x, int64_t y, int64_t z) { return pitted(x, y, z, x & 1 ? INFINITY : -INFINITY); }

/* Infinite voxels are in no mean, as those that are not numbers. */
static void infinite(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 20, 14, 9, 0, pits_nan), *w = image_new(VN_IMAGE, 20, 14, 9, 0, pits_inf);
    struct vn_vol *p = image_ok("segment_local", v, NULL, "window=5vox"), *q = image_ok("segment_local", w, NULL, "window=5vox");
    int64_t half;
    (void)state;
    assert_memory_equal(vn_vol_data(p).data, vn_vol_data(q).data, 20 * 14 * 9 * sizeof(float));
    sum_of(p, &half);
    assert_true(half > 100);
    vn_vol_unref(v);
    vn_vol_unref(w);
    vn_vol_unref(p);
    vn_vol_unref(q);
}

static float flat(int64_t x, int64_t y, int64_t z) { (void)x; (void)y; (void)z; return 255; }
static float nothing(int64_t x, int64_t y, int64_t z) { (void)x; (void)y; (void)z; return NAN; }
static float wild(int64_t x, int64_t y, int64_t z)
{
    return x == 3 ? NAN : x == 4 && y == 4 ? INFINITY : x == 5 && y == 5 ? -INFINITY : 1e36f * (image_noise(x, y, z) - 128) + (z == 6 && y > 8 && y < 11 ? 3e38f : 0);
}

static void odd_volumes(void **state)
{
    static const char *const op[] = { "segment_vesselness", "segment_local" };
    static const image_fn alike[] = { flat, nothing };
    struct vn_vol *v, *p;
    int64_t half;
    (void)state;
    for (size_t i = 0; i < VN_COUNT(op); i++) {
        for (size_t k = 0; k < VN_COUNT(alike); k++) {
            v = image_new(VN_IMAGE, 12, 9, 7, 0, alike[k]);
            p = image_ok(op[i], v, NULL, NULL);
            assert_true(sum_of(p, &half) == 0);
            vn_vol_unref(p);
            vn_vol_unref(v);
        }
        v = image_new(VN_IMAGE, 20, 18, 14, 0, wild);
        p = image_ok(op[i], v, NULL, NULL);
        sum_of(p, &half);
        assert_true(image_at(p, 3, 7, 6) == 0 && image_at(p, 4, 4, 6) == 0 && image_at(p, 5, 5, 6) == 0);
        vn_vol_unref(p);
        vn_vol_unref(v);
    }
    v = image_new(VN_IMAGE, 20, 18, 1, 0, image_noise);
    p = image_ok("segment_local", v, NULL, NULL);
    sum_of(p, &half);
    assert_true(half > 0);
    vn_vol_unref(p);
    assert_int_equal(image_run("segment_vesselness", v, NULL, NULL, &p, NULL), VN_E_ARG);
    assert_non_null(strstr(err.msg, "at least 3 voxels along x, y and z, and this has 1 along z"));
    assert_int_equal(image_run("segment_local", v, NULL, "window=1e6vox", &p, NULL), VN_E_ARG);
    assert_non_null(strstr(err.msg, "window=1e6vox"));
    vn_vol_unref(v);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(local_by_scipy),
    cmocka_unit_test(local_without_noise),
    cmocka_unit_test(vesselness_by_hand),
    cmocka_unit_test(dark),
    cmocka_unit_test(scaled),
    cmocka_unit_test(infinite),
    cmocka_unit_test(odd_volumes),
};

IMAGE_MAIN(tests)
