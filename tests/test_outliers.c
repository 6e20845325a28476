/* test_outliers.c - voxels far beyond all others, which segment takes as background. */
#include "image.h"
#include "outliers.h"

static const char *const methods[] = { "segment", "segment_local", "segment_vesselness" };
static const struct { int64_t x, y, z; float v; } far[] = {
    { 12, 9, 8, 3e38f }, { 40, 20, 10, -3e38f }, { 41, 20, 10, 1e30f }, { 5, 30, 20, 65535e3f },
};

static float tube(int64_t x, int64_t y, int64_t z)
{
    const float u = (float)(y - 18), v = (float)(z - 12);
    return (u * u + v * v < 6 ? 200 : 40) + image_noise(x, y, z) / 16;
}

static float put(int64_t x, int64_t y, int64_t z, bool level)
{
    for (size_t i = 0; i < VN_COUNT(far); i++)
        if (x == far[i].x && y == far[i].y && z == far[i].z)
            return level ? 48 : far[i].v;
    return x == 20 && y == 4 && z == 4 ? NAN : x == 21 && y == 4 && z == 4 ? -INFINITY : tube(x, y, z);
}

static float spoilt(int64_t x, int64_t y, int64_t z) { return put(x, y, z, false); }
static float mended(int64_t x, int64_t y, int64_t z) { return put(x, y, z, true); }

static struct vn_vol *made(image_fn f) { return image_new(VN_IMAGE, 60, 36, 24, 0, f); }

static bool same(struct vn_vol *a, struct vn_vol *b)
{
    const struct vn_buf x = vn_vol_data(a), y = vn_vol_data(b);
    return vn_box_same(&x.box, &y.box) && !memcmp(x.data, y.data, (size_t)vn_box_count(&x.box) * sizeof(float));
}

/* As where they have the level of the background, to the bit; so in a part, and without NaN and infinities beside. */
static void taken_as_background(void **state)
{
    struct vn_vol *v = made(spoilt), *w = made(mended), *p, *q;
    const struct vn_box part = box6(4, 50, 3, 33, 2, 22);
    (void)state;
    for (size_t i = 0; i < VN_COUNT(methods); i++) {
        p = image_ok(methods[i], v, NULL, "range=-904,1000");         /* 48 in the middle */
        q = image_ok(methods[i], w, NULL, NULL);
        assert_true(same(p, q));
        assert_true(image_at(p, 30, 18, 12) > 0.5f && image_at(p, 12, 9, 8) < 0.5f);
        vn_vol_unref(p);
        vn_vol_unref(q);
        p = image_ok(methods[i], v, NULL, NULL);
        q = image_ok(methods[i], v, &part, NULL);
        for (int64_t z = 2; z < 22; z++)
            for (int64_t y = 3; y < 33; y++)
                assert_memory_equal((float *)vn_vol_data(p).data + (z * 36 + y) * 60 + 4,
                                    (float *)vn_vol_data(q).data + ((z - 2) * 30 + y - 3) * 46, 46 * sizeof(float));
        assert_true(image_at(p, 30, 18, 12) > 0.5f && image_at(p, 5, 30, 20) < 0.5f);
        vn_vol_unref(p);
        vn_vol_unref(q);
    }
    vn_vol_unref(v);
    vn_vol_unref(w);
}

/* 40960 voxels 0, 1, ... in steps of 1: k is 3, the median has rank floor(0.5 * 40959), and all but 3 lie at most
 * 40956 - 20479 = 20477 above it, 20476 below. */
static float ramp(int64_t x, int64_t y, int64_t z) { return (float)(x + 64 * y + 64 * 32 * z); }
static float ramp_below(int64_t x, int64_t y, int64_t z) { return x + y + z == 0 ? -1e12f : ramp(x, y, z); }
static float ramp_edge(int64_t x, int64_t y, int64_t z)
{
    return x + y + z == 0 ? 20479 - 256 * 20477.0f : ramp(x, y, z);
}

static void range_is(image_fn f, const char *want)
{
    struct vn_vol *v = image_new(VN_IMAGE, 64, 32, 20, 0, f);
    struct vn_args a;
    assert_int_equal(0, vn_args_init(&a, vn_op_find("segment")->params, &err));
    assert_int_equal(0, vn_outliers_settle(&a, v, &v->box, NULL, &err));
    assert_string_equal(vn_args_text(&a, "range"), want);
    vn_args_free(&a);
    vn_vol_unref(v);
}

static void automatic(void **state)
{
    (void)state;
    range_is(ramp, "0");
    range_is(ramp_below, "-5221633,5262591");
    range_is(ramp_edge, "0");
    range_is(tube, "0");
}

/* Eight of 40960 are more than one in 20000: they may be a vessel. */
static float eight(int64_t x, int64_t y, int64_t z) { return x < 8 && y == 3 && z == 3 ? 1e9f : tube(x, y, z); }
static float nothing(int64_t x, int64_t y, int64_t z) { (void)x; (void)y; (void)z; return NAN; }
static float flat(int64_t x, int64_t y, int64_t z) { return x + y + z == 0 ? 1e9f : 7; }

static void left_alone(void **state)
{
    (void)state;
    range_is(eight, "0");
    range_is(nothing, "0");
    range_is(flat, "0");
}

static void counted(void **state)
{
    struct vn_vol *v = made(spoilt);
    const struct vn_box part = box6(0, 41, 0, 36, 0, 20);
    struct vn_args a;
    uint64_t n;
    (void)state;
    assert_int_equal(0, vn_args_init(&a, vn_op_find("segment")->params, &err));
    assert_int_equal(0, vn_args_set(&a, "range", "-1000,1000", &err));
    assert_int_equal(0, vn_outliers_count(&a, v, &v->box, &n, NULL, &err));
    assert_int_equal(n, 4);
    assert_int_equal(0, vn_outliers_count(&a, v, &part, &n, NULL, &err));
    assert_int_equal(n, 2);
    vn_args_free(&a);
    vn_vol_unref(v);
}

static void refused(void **state)
{
    static const char *const bad[] = { "range=5", "range=3,1", "range=2,2", "range=1,2,3", "range=-1e308,1e308" };
    struct vn_vol *v = made(tube), *p;
    (void)state;
    for (size_t i = 0; i < VN_COUNT(bad); i++) {
        assert_int_equal(image_run("segment", v, NULL, bad[i], &p, NULL), VN_E_ARG);
        assert_non_null(strstr(err.msg, "it takes 2 grey values, LOW,HIGH, the first less than the second, or 0"));
        assert_non_null(strstr(err.msg, bad[i]));
    }
    vn_vol_unref(v);
}

/* Whole numbers, and numbers that 32-bit floats do not hold. */
static void other_types(void **state)
{
    static const enum vn_type types[] = { VN_I32, VN_F64 };
    const struct vn_grid g = { .dim = { 60, 36, 24 } };
    const struct vn_box box = box6(0, 60, 0, 36, 0, 24);
    struct vn_vol *plain = made(mended), *seen;
    (void)state;
    for (size_t i = 0; i < VN_COUNT(types); i++) {
        struct vn_vol *v = vn_vol_new(VN_IMAGE, types[i], &g, &box, &err);
        const struct vn_buf from = vn_vol_data(plain), to = vn_vol_data(v);
        struct vn_buf got;
        struct vn_args a;
        vn_convert_row(types[i], to.data, VN_F32, from.data, 60 * 36 * 24);
        if (types[i] == VN_I32)
            ((int32_t *)to.data)[100] = INT32_MIN;
        else
            ((double *)to.data)[100] = 1e300;
        assert_int_equal(0, vn_args_init(&a, vn_op_find("segment")->params, &err));
        assert_int_equal(0, vn_outliers_settle(&a, v, &box, NULL, &err));
        assert_int_equal(vn_arg(&a, "range")->i, 2);
        assert_non_null(seen = vn_outliers_without(&a, v, &err));
        assert_int_equal(0, vn_vol_map(seen, VN_F32, &box, VN_PAD_MIRROR, &got, NULL, &err));
        const float *was = from.data, *is = got.data;
        for (int k = 0; k < 60 * 36 * 24; k++) {
            const float want = types[i] == VN_I32 ? rintf(was[k]) : was[k];
            assert_true(k == 100 ? fabsf(is[k] - 48) < 8 : is[k] == want || !isfinite(was[k]));
        }
        vn_buf_free(&got);
        vn_vol_unref(seen);
        vn_vol_unref(v);
        vn_args_free(&a);
    }
    vn_vol_unref(plain);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(taken_as_background),
    cmocka_unit_test(automatic),
    cmocka_unit_test(left_alone),
    cmocka_unit_test(counted),
    cmocka_unit_test(refused),
    cmocka_unit_test(other_types),
};

IMAGE_MAIN(tests)
