/* test_median.c - the median of box windows, against sorting every window, and against scipy. */
#include "image.h"

static int64_t mirror(int64_t i, int64_t n)
{
    i %= 2 * n;
    i += i < 0 ? 2 * n : 0;
    return i < n ? i : 2 * n - 1 - i;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Voxels that use all of the type's range. */
static double grey(enum vn_type t, int64_t x, int64_t y, int64_t z)
{
    static const double lo[] = { 0, 0, 0, -128, -32768, -2147483648.0, -1e30, -1e200 }, hi[] = { 255, 65535, 4294967295.0, 127, 32767, 2147483647.0, 1e30, 1e200 };
    const double u = (image_noise(x, y, z) * 256 + image_noise(x + 99, y, z)) / 65535;
    const double v = lo[t] * (1 - u) + hi[t] * u;
    return vn_type_is_int(t) ? floor(v) : (double)(float)(t == VN_F64 ? v * 1e-170 : v);
}

static double at(const struct vn_vol *v, int64_t x, int64_t y, int64_t z)
{
    const struct vn_buf d = vn_vol_data(v);
    double r;
    vn_convert_row(VN_F64, &r, d.type, (const char *)d.data + (size_t)vn_buf_at(&d, x, y, z) * vn_type_size(d.type), 1);
    return r;
}

static struct vn_vol *volume(enum vn_type t, const int64_t dim[3], const double um[3])
{
    const struct vn_grid g = { .dim = { dim[0], dim[1], dim[2] }, .um = { um[0], um[1], um[2] } };
    const struct vn_box b = box6(0, dim[0], 0, dim[1], 0, dim[2]);
    struct vn_vol *v = vn_vol_new(VN_IMAGE, t, &g, &b, &err);
    assert_non_null(v);
    struct vn_buf d = vn_vol_data(v);
    for (int64_t z = 0; z < dim[2]; z++)
        for (int64_t y = 0; y < dim[1]; y++)
            for (int64_t x = 0; x < dim[0]; x++) {
                const double f = grey(t, x, y, z);
                vn_convert_row(t, (char *)d.data + (size_t)vn_buf_at(&d, x, y, z) * vn_type_size(t), VN_F64, &f, 1);
            }
    return v;
}

/* The definition: every window sorted. */
static void by_sorting(enum vn_type t, const int64_t dim[3], const double um[3], const char *radius, const int64_t r[3])
{
    struct vn_vol *v = volume(t, dim, um), *m = image_ok("median", v, NULL, radius);
    static double window[343];
    assert_int_equal(m->src->type, t);
    for (int64_t z = 0; z < dim[2]; z++)
        for (int64_t y = 0; y < dim[1]; y++)
            for (int64_t x = 0; x < dim[0]; x++) {
                int n = 0;
                for (int64_t dz = -r[2]; dz <= r[2]; dz++)
                    for (int64_t dy = -r[1]; dy <= r[1]; dy++)
                        for (int64_t dx = -r[0]; dx <= r[0]; dx++)
                            window[n++] = at(v, mirror(x + dx, dim[0]), mirror(y + dy, dim[1]), mirror(z + dz, dim[2]));
                qsort(window, (size_t)n, sizeof *window, ascending);
                if (at(m, x, y, z) != window[n / 2])
                    fail_msg("%s %s at %d,%d,%d: %g, not %g", vn_type_name(t), radius, (int)x, (int)y, (int)z, at(m, x, y, z), window[n / 2]);
            }
    vn_vol_unref(v);
    vn_vol_unref(m);
}

static void test_definition(void **state)
{
    static const double unknown[3] = { 0, 0, 0 };
    static const int64_t dim[3] = { 23, 7, 5 };
    static const struct { const char *radius; int64_t r[3]; } cube[] = { { "radius=1vox", { 1, 1, 1 } }, { "radius=2", { 2, 2, 2 } }, { "radius=3vox", { 3, 3, 3 } } };
    (void)state;
    for (int t = 0; t < VN_N_TYPE; t++)
        for (int i = 0; i < 3; i++)
            by_sorting((enum vn_type)t, dim, unknown, cube[i].radius, cube[i].r);
}

static void test_long_rows(void **state)
{
    /* Rows that take several chunks of 512 bytes and end inside one, and bands of 32 rows. */
    static const double unknown[3] = { 0, 0, 0 };
    static const int64_t one[3] = { 1, 1, 1 }, bytes[3] = { 1030, 3, 2 }, floats[3] = { 257, 35, 2 };
    (void)state;
    by_sorting(VN_U8, bytes, unknown, "radius=1", one);
    by_sorting(VN_F32, floats, unknown, "radius=1", one);
}

static void test_anisotropic(void **state)
{
    /* um: to the nearest number of voxels along each axis, 0 along a coarse one. */
    static const int64_t dim[3] = { 9, 8, 7 };
    static const struct { double um[3]; const char *radius; int64_t r[3]; } c[] = {
        { { 0.35, 0.5, 1 }, "radius=1um", { 3, 2, 1 } }, { { 0.5, 0.5, 3 }, "radius=1um", { 2, 2, 0 } },
        { { 3, 3, 0.5 }, "radius=0.6", { 0, 0, 1 } }, { { 3, 0.5, 0.5 }, "radius=0.6um", { 0, 1, 1 } }, { { 0.5, 3, 1.1 }, "radius=1.5", { 3, 1, 1 } },
        { { 0.5, 9, 9 }, "radius=1um", { 2, 0, 0 } },
    };
    (void)state;
    for (size_t i = 0; i < VN_COUNT(c); i++)
        by_sorting(i % 2 ? VN_U16 : VN_F32, dim, c[i].um, c[i].radius, c[i].r);
}

static void test_scipy(void **state)
{
    /* scipy.ndimage.median_filter(image_noise on 19 x 11 x 9, size, mode='reflect') */
    static const struct { const char *radius; double at[5]; int sum; } want[] = {
        { "radius=1vox", { 168, 138, 121, 133, 145 }, 234888 }, { "radius=2vox", { 155, 158, 85, 132, 148 }, 236730 },
        { "radius=3vox", { 154, 137, 120, 128, 148 }, 239100 },
    };
    static const int64_t p[5][3] = { { 0, 0, 0 }, { 9, 5, 4 }, { 18, 10, 8 }, { 17, 0, 2 }, { 1, 9, 7 } };
    struct vn_vol *v = image_new(VN_IMAGE, 19, 11, 9, 0, image_noise);
    (void)state;
    for (size_t i = 0; i < VN_COUNT(want); i++) {
        struct vn_vol *m = image_ok("median", v, NULL, want[i].radius);
        const struct vn_buf d = vn_vol_data(m);
        double sum = 0;
        for (int k = 0; k < 5; k++)
            assert_true(image_at(m, p[k][0], p[k][1], p[k][2]) == want[i].at[k]);
        for (uint64_t k = 0; k < vn_box_count(&m->box); k++)
            sum += ((const float *)d.data)[k];
        assert_true(sum == want[i].sum);
        vn_vol_unref(m);
    }
    vn_vol_unref(v);
}

/* NaN is larger than all: 13 of 27 leave the largest other value, 14 are the median.  So are infinities ordered. */
static int n_nan;
static float some_nan(int64_t x, int64_t y, int64_t z)
{
    const int64_t i = (z * 3 + y) * 3 + x;
    return i < n_nan ? (i % 2 ? NAN : -NAN) : i == 26 ? -INFINITY : (float)i;
}
static float infinite(int64_t x, int64_t y, int64_t z) { (void)y; return x + z < 2 ? -INFINITY : x + z > 2 ? INFINITY : -1.5f; }

static void test_not_finite(void **state)
{
    struct vn_vol *v, *m;
    (void)state;
    for (n_nan = 0; n_nan <= 14; n_nan++) {
        v = image_new(VN_IMAGE, 3, 3, 3, 0, some_nan);
        m = image_ok("median", v, NULL, "radius=1");
        /* -inf, then n_nan, n_nan + 1, ...: the 14th is number 12 after it */
        if (n_nan <= 13)
            assert_true(image_at(m, 1, 1, 1) == (float)(n_nan + 12));
        else
            assert_true(isnan(image_at(m, 1, 1, 1)));
        vn_vol_unref(v);
        vn_vol_unref(m);
    }
    v = image_new(VN_IMAGE, 3, 3, 3, 0, infinite);
    m = image_ok("median", v, NULL, "radius=1");
    assert_true(image_at(m, 1, 1, 1) == -1.5f);
    vn_vol_unref(v);
    vn_vol_unref(m);
}

static void test_refusals(void **state)
{
    static const double um[3] = { 1, 1, 3 };
    static const int64_t dim[3] = { 5, 5, 5 };
    struct vn_vol *v = volume(VN_U8, dim, um), *out = NULL;
    (void)state;
    assert_int_equal(image_run("median", v, NULL, "radius=4um", &out, NULL), VN_E_ARG);
    assert_non_null(strstr(err.msg, "radius=4um is 4 voxels along x; the largest is 3"));
    assert_int_equal(image_run("median", v, NULL, "radius=0.4um", &out, NULL), VN_E_ARG);
    assert_non_null(strstr(err.msg, "less than half a voxel along every axis"));
    assert_null(out);
    vn_vol_unref(v);
}

static void test_exact(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 67, 41, 29, 0, image_noise);
    const struct vn_box r = box6(11, 60, 3, 40, 5, 22);
    (void)state;
    image_exact("median", v, "radius=2", &r, 4 << 20);
    vn_vol_unref(v);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_definition), cmocka_unit_test(test_long_rows), cmocka_unit_test(test_anisotropic), cmocka_unit_test(test_scipy),
    cmocka_unit_test(test_not_finite), cmocka_unit_test(test_refusals), cmocka_unit_test(test_exact),
};
IMAGE_MAIN(tests)
