/* test_normalise.c - percentiles and range by hand, full ranges of integers, clipping, odd values, table against rows. */
#include "image.h"

static float ramp(int64_t x, int64_t y, int64_t z) { return (float)(10 + x + 10 * y + 100 * z); }             /* 10..1009, each once */
static float odd(int64_t x, int64_t y, int64_t z) { (void)y; (void)z; return x == 0 ? NAN : x == 1 ? INFINITY : x == 2 ? -INFINITY : (float)x; }
static float flat(int64_t x, int64_t y, int64_t z) { (void)x; (void)y; (void)z; return 7; }
static float spot(int64_t x, int64_t y, int64_t z) { return x + y + z == 0 ? 9 : 7; }

static void percentiles_by_hand(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 10, 10, 10, 0, ramp), *out;
    struct vn_args a;
    (void)state;
    /* 1000 values; floor(0.005 * 999 = 4.995) -> 14, floor(0.998 * 999 = 997.002) -> 1007 */
    assert_int_equal(image_run("normalise", v, NULL, NULL, &out, &a), 0);
    assert_true(vn_args_real(&a, "black") == 14 && vn_args_real(&a, "white") == 1007);
    vn_args_free(&a);
    assert_true(image_at(out, 0, 0, 0) == 0 && image_at(out, 4, 0, 0) == 0 && image_at(out, 5, 0, 0) == (float)(1 / 993.0));
    assert_true(image_at(out, 6, 9, 9) == (float)(992 / 993.0) && image_at(out, 7, 9, 9) == 1 && image_at(out, 9, 9, 9) == 1 && image_at(out, 0, 5, 0) == (float)(46 / 993.0));
    vn_vol_unref(out);
    out = image_ok("normalise", v, NULL, "black=110 white=510 unclipped");
    assert_true(image_at(out, 0, 0, 0) == -0.25f && image_at(out, 9, 9, 9) == (float)(899 / 400.0));
    vn_vol_unref(out);
    /* The region's own percentiles: x 2..7 of one row: 12..16. */
    const struct vn_box r = box6(2, 7, 0, 1, 0, 1);
    assert_int_equal(image_run("normalise", v, &r, "low=0 high=100 stats=region", &out, &a), 0);
    assert_true(vn_args_real(&a, "black") == 12 && vn_args_real(&a, "white") == 16 && image_at(out, 3, 0, 0) == 0.25f);
    vn_args_free(&a);
    vn_vol_unref(out); vn_vol_unref(v);
}

static void integers_fill_their_range(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 10, 10, 10, 0, ramp);
    struct vn_vol *b = image_ok("normalise", v, NULL, "black=10 white=1009 type=u8"), *w = image_ok("normalise", v, NULL, "black=10 white=1009 type=u16");
    (void)state;
    const uint8_t *p = vn_vol_data(b).data;
    const uint16_t *q = vn_vol_data(w).data;
    assert_true(p[0] == 0 && p[999] == 255 && p[1] == 0 && p[2] == 1 && p[500] == 128);     /* 255 * 2 / 999 = 0.51, * 500 = 127.6 */
    assert_true(q[0] == 0 && q[999] == 65535 && q[1] == 66 && q[500] == 32800);             /* 65.6; 32800.3 */
    vn_vol_unref(b); vn_vol_unref(w); vn_vol_unref(v);
}

static void odd_values(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 13, 1, 1, 0, odd), *out = image_ok("normalise", v, NULL, "low=0 high=100");
    (void)state;
    assert_true(isnan(image_at(out, 0, 0, 0)) && image_at(out, 1, 0, 0) == 1 && image_at(out, 2, 0, 0) == 0);
    assert_true(image_at(out, 3, 0, 0) == 0 && image_at(out, 12, 0, 0) == 1);
    vn_vol_unref(out); vn_vol_unref(v);
    v = image_new(VN_IMAGE, 5, 4, 3, 0, flat);
    out = image_ok("normalise", v, NULL, NULL);
    for (int i = 0; i < 60; i++)
        assert_true(((float *)vn_vol_data(out).data)[i] == 0);
    vn_vol_unref(out); vn_vol_unref(v);
    v = image_new(VN_IMAGE, 20, 20, 20, 0, spot);                 /* the one voxel lies above both percentiles */
    out = image_ok("normalise", v, NULL, NULL);
    assert_true(image_at(out, 0, 0, 0) == 1 && image_at(out, 1, 0, 0) == 0);
    vn_vol_unref(out);
    assert_int_equal(image_run("normalise", v, NULL, "low=50 high=50", &out, NULL), VN_E_ARG);
    assert_int_equal(image_run("normalise", v, NULL, "black=3 white=2", &out, NULL), VN_E_ARG);
    assert_int_equal(image_run("normalise", v, NULL, "type=u8 unclipped", &out, NULL), VN_E_ARG);
    vn_vol_unref(v);
}

/* Integers of 8 and 16 bits go through a table when there are more voxels than values: the same results as in f64. */
static void table_equals_rows(void **state)
{
    static const enum vn_type types[] = { VN_U8, VN_I8, VN_U16, VN_I16 };
    const struct vn_grid g = { .dim = { 61, 43, 29 } };
    const struct vn_box b = box6(0, 61, 0, 43, 0, 29);
    (void)state;
    for (size_t t = 0; t < VN_COUNT(types); t++) {
        struct vn_vol *v = vn_vol_new(VN_IMAGE, types[t], &g, &b, &err), *w = vn_vol_new(VN_IMAGE, VN_F64, &g, &b, &err);
        const struct vn_buf dv = vn_vol_data(v), dw = vn_vol_data(w);
        for (uint64_t i = 0; i < vn_box_count(&b); i++) {
            const uint32_t u = (uint32_t)i * 2654435761u >> 16;
            if (vn_type_size(types[t]) == 1)
                ((uint8_t *)dv.data)[i] = (uint8_t)u;
            else
                ((uint16_t *)dv.data)[i] = (uint16_t)u;
        }
        vn_convert_row(VN_F64, dw.data, types[t], dv.data, (int64_t)vn_box_count(&b));
        static const char *const settings[] = { "black=-20 white=100.5", "black=-20 white=100.5 unclipped", "black=3 white=9 type=u8",
                                                "black=-3000 white=9000 type=u16" };
        for (size_t s = 0; s < VN_COUNT(settings); s++) {
            struct vn_vol *p = image_ok("normalise", v, NULL, settings[s]), *q = image_ok("normalise", w, NULL, settings[s]);
            image_same(p, q, &b);
            vn_vol_unref(p); vn_vol_unref(q);
        }
        vn_vol_unref(v); vn_vol_unref(w);
    }
}

static void exact(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 300, 41, 29, 0, image_noise);
    const struct vn_box r = box6(11, 290, 3, 40, 5, 22);
    (void)state;
    image_exact("normalise", v, NULL, &r, 11 << 20);
    vn_vol_unref(v);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(percentiles_by_hand), cmocka_unit_test(integers_fill_their_range), cmocka_unit_test(odd_values),
    cmocka_unit_test(table_equals_rows), cmocka_unit_test(exact),
};
IMAGE_MAIN(tests)
