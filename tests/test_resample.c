/* test_resample.c - values of scipy (linear) and Pillow (cubic), area means and votes by hand, grids, regions, blocks. */
#include "image.h"

static float pattern(int64_t x, int64_t y, int64_t z) { return (float)((x * 7 + y * 13 + z * 29 + x * y * 3 + y * z * 5) % 64); }
static float line(int64_t x, int64_t y, int64_t z) { static const float v[] = { 3, 9, 1, 40, 22, 60, 5 }; (void)y; (void)z; return v[x]; }
static float flat(int64_t x, int64_t y, int64_t z) { (void)x; (void)y; (void)z; return 7; }
static float hole(int64_t x, int64_t y, int64_t z) { return x == 4 ? NAN : x == 10 ? INFINITY : (float)(y + z); }

struct sample { int64_t x, y, z; double v; };

static void close_to(const struct vn_vol *v, const struct sample *s, size_t n, double sum)
{
    double all = 0;
    const struct vn_buf d = vn_vol_data(v);
    for (size_t i = 0; i < n; i++)
        if (fabs(image_at(v, s[i].x, s[i].y, s[i].z) - s[i].v) > 1e-5)
            fail_msg("at %d,%d,%d: %.9g, not %.9g", (int)s[i].x, (int)s[i].y, (int)s[i].z, image_at(v, s[i].x, s[i].y, s[i].z), s[i].v);
    for (uint64_t i = 0; i < vn_box_count(&v->box); i++)
        all += ((const float *)d.data)[i];
    assert_true(fabs(all - sum) < 1e-2);
}

/* scipy.ndimage.zoom(v, (2, 1.6, 0.5), order=1, grid_mode=True, mode='nearest') and
 * affine_transform(v, 1 / 0.7, offset=0.5 / 0.7 - 0.5, output_shape=(5, 4, 3), order=1, mode='nearest'), scipy 1.x */
static void linear_as_scipy(void **state)
{
    static const struct sample zoom[] = {
        { 0, 0, 0, 14.5 }, { 1, 0, 0, 16.25 }, { 2, 1, 0, 27.515625 }, { 3, 2, 1, 38.328125 }, { 5, 3, 0, 30.296875 },
        { 6, 4, 1, 31.796875 }, { 9, 5, 0, 32.734375 }, { 10, 6, 1, 40.859375 }, { 12, 7, 0, 25.75 }, { 13, 7, 1, 32.5 },
    };
    static const struct sample affine[] = {
        { 0, 0, 0, 10.86734693877551 }, { 1, 0, 0, 19.896501457725947 }, { 2, 1, 0, 19.92857142857143 }, { 3, 2, 1, 34.908163265306115 },
        { 4, 3, 2, 55.64285714285715 }, { 0, 3, 1, 31.42857142857143 },
    };
    struct vn_vol *v = image_new(VN_IMAGE, 7, 5, 4, 0.5, pattern), *out = image_ok("resample", v, NULL, "method=linear factor=2,1.6,0.5");
    (void)state;
    assert_true(out->grid.dim[0] == 14 && out->grid.dim[1] == 8 && out->grid.dim[2] == 2);
    assert_true(out->grid.um[0] == 0.25 && fabs(out->grid.um[1] - 0.3125) < 1e-15 && out->grid.um[2] == 1);
    close_to(out, zoom, VN_COUNT(zoom), 6800);
    vn_vol_unref(out);
    out = image_ok("resample", v, NULL, "method=linear factor=0.7");
    assert_true(out->grid.dim[0] == 5 && out->grid.dim[1] == 4 && out->grid.dim[2] == 3);
    close_to(out, affine, VN_COUNT(affine), 1797.451166180758);
    vn_vol_unref(out); vn_vol_unref(v);
}

/* Pillow's Image.resize((21, 1), BICUBIC), which is Catmull-Rom; its ends differ (it drops taps outside), 4..16 do not. */
static void cubic_as_pillow(void **state)
{
    static const double want[] = { 9, 5.629629611968994, 0.7037037014961243, 1, 12.629630088806152, 29.481481552124023, 40, 36.14814758300781,
                                   25.962963104248047, 22, 33.96296310424805, 52.14814758300781, 60 };
    struct vn_vol *v = image_new(VN_IMAGE, 7, 1, 1, 0, line), *out = image_ok("resample", v, NULL, "method=cubic factor=3,1,1");
    (void)state;
    for (int x = 4; x <= 16; x++)
        assert_true(fabs(image_at(out, x, 0, 0) - want[x - 4]) < 1e-5);
    vn_vol_unref(out); vn_vol_unref(v);
}

static void mean_by_hand(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 7, 1, 1, 2, line), *out;
    (void)state;
    out = image_ok("resample", v, NULL, "dims=2,1,1");                 /* 3.5 voxels each: 3 + 9 + 1 + 20; 20 + 22 + 60 + 5 */
    assert_true(fabs(image_at(out, 0, 0, 0) - 33 / 3.5) < 1e-5 && fabs(image_at(out, 1, 0, 0) - 107 / 3.5) < 1e-5 && out->grid.um[0] == 7);
    vn_vol_unref(out);
    out = image_ok("resample", v, NULL, "voxel=4x2x2um");              /* 14 um: 3.5 voxels, rounded to 4; beyond the end its last value */
    assert_true(vn_box_dim(&out->box, 0) == 4 && image_at(out, 0, 0, 0) == 6 && image_at(out, 1, 0, 0) == 20.5f && image_at(out, 2, 0, 0) == 41);
    assert_true(image_at(out, 3, 0, 0) == 5 && out->grid.um[0] == 4);
    vn_vol_unref(out);
    out = image_ok("resample", v, NULL, "factor=2,1,1");               /* enlarging is linear: 3, 3 + 1.5, 9 - 1.5, ... */
    assert_true(image_at(out, 0, 0, 0) == 3 && image_at(out, 1, 0, 0) == 4.5f && image_at(out, 2, 0, 0) == 7.5f && image_at(out, 13, 0, 0) == 5);
    vn_vol_unref(out);
    out = image_ok("resample", v, NULL, "factor=1");
    image_same(v, out, &v->box);
    vn_vol_unref(out); vn_vol_unref(v);
    v = image_new(VN_IMAGE, 20, 13, 9, 0, flat);
    static const char *const same[] = { "factor=0.37", "factor=1.7", "method=linear factor=0.37", "method=cubic factor=1.3" };
    for (size_t i = 0; i < VN_COUNT(same); i++) {
        out = image_ok("resample", v, NULL, same[i]);
        for (uint64_t k = 0; k < vn_box_count(&out->box); k++)
            assert_true(fabsf(((float *)vn_vol_data(out).data)[k] - 7) < 3e-6f);
        vn_vol_unref(out);
    }
    vn_vol_unref(v);
    v = image_new(VN_IMAGE, 12, 4, 4, 0, hole);                        /* only what a hole has part in is a hole */
    out = image_ok("resample", v, NULL, "factor=0.5");
    for (int x = 0; x < 6; x++)
        for (int y = 0; y < 2; y++)
            assert_true(x == 2 || x == 5 ? isnan(image_at(out, x, y, 1)) : image_at(out, x, y, 1) == (float)(2 * y + 3));
    vn_vol_unref(out);
    out = image_ok("resample", v, NULL, "method=linear factor=1");
    for (int x = 0; x < 12; x++)
        assert_true(isnan(image_at(out, x, 0, 0)) == (x == 4 || x == 10));
    vn_vol_unref(out); vn_vol_unref(v);
}

static struct vn_vol *labels(enum vn_kind kind, enum vn_type t, const uint32_t *v, int64_t n)
{
    const struct vn_grid g = { .dim = { n, 1, 1 } };
    const struct vn_box b = box6(0, n, 0, 1, 0, 1);
    struct vn_vol *o = vn_vol_new(kind, t, &g, &b, &err);
    vn_convert_row(t, vn_vol_data(o).data, VN_U32, v, n);
    return o;
}

static void labels_stay_labels(void **state)
{
    static const uint32_t v[] = { 7, 7, 4000000001u, 0, 9, 5, 0, 0, 3, 3 };
    struct vn_vol *l = labels(VN_LABELS, VN_U32, v, 10), *out;
    (void)state;
    static const struct { const char *settings; int n; uint32_t want[20]; } w[] = {
        { "factor=2,1,1", 20, { 7, 7, 7, 7, 4000000001u, 4000000001u, 0, 0, 9, 9, 5, 5, 0, 0, 0, 0, 3, 3, 3, 3 } },
        { "factor=0.5,1,1", 5, { 7, 0, 5, 0, 3 } },                                    /* the centre lies on an edge: the upper voxel */
        { "method=majority factor=0.5,1,1", 5, { 7, 4000000001u, 5, 0, 3 } },          /* equals: not 0, then the smaller */
        { "method=majority dims=2,1,1", 2, { 7, 3 } },                                 /* 7 7 b 0 9; 5 0 0 3 3: 0 and 3 equal */
        { "method=majority dims=4,1,1", 4, { 7, 9, 0, 3 } },                           /* 7 7 b/2; b/2 0 9; 5 0 0/2; 0/2 3 3 */
    };
    for (size_t i = 0; i < VN_COUNT(w); i++) {
        out = image_ok("resample", l, NULL, w[i].settings);
        assert_int_equal(vn_box_dim(&out->box, 0), w[i].n);
        assert_true(out->kind == VN_LABELS && out->src->type == VN_U32);
        for (int x = 0; x < w[i].n; x++)
            if (((uint32_t *)vn_vol_data(out).data)[x] != w[i].want[x])
                fail_msg("%s at %d: %u", w[i].settings, x, ((uint32_t *)vn_vol_data(out).data)[x]);
        vn_vol_unref(out);
    }
    assert_int_equal(image_run("resample", l, NULL, "method=linear factor=2", &out, NULL), VN_E_ARG);
    assert_int_equal(image_run("resample", l, NULL, "type=f32 factor=2", &out, NULL), VN_E_ARG);
    vn_vol_unref(l);
}

static void what_is_refused(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 7, 5, 4, 0, pattern), *out;
    static const char *const bad[] = { "", "factor=2 dims=3,3,3", "voxel=1um", "factor=1,2", "dims=3,3", "dims=2.5,3,3", "method=majority factor=0.5" };
    const struct vn_box thin = box6(1, 2, 0, 5, 0, 4);
    (void)state;
    for (size_t i = 0; i < VN_COUNT(bad); i++) {
        err.msg[0] = 0;
        if (!image_run("resample", v, NULL, bad[i], &out, NULL) || !err.msg[0])
            fail_msg("'%s' was not refused", bad[i]);
    }
    assert_int_equal(image_run("resample", v, &thin, "factor=0.25,1,1", &out, NULL), VN_E_ARG);
    vn_vol_unref(v);
    v = image_new(VN_IMAGE, 5000, 1, 1, 0, flat);
    assert_int_equal(image_run("resample", v, NULL, "factor=1000", &out, NULL), VN_E_ARG);
    vn_vol_unref(v);
}

/* Regions that tile the volume tile the result; threads and blocks do not matter. */
static void exact(void **state)
{
    static const char *const settings[] = { "factor=0.37,0.61,1.3", "method=linear factor=1.9,0.8,0.4", "method=cubic factor=0.7,1.21,1",
                                            "method=nearest factor=0.55,2.3,0.7", "type=u8 factor=1.7" };
    struct vn_vol *v = image_new(VN_IMAGE, 67, 71, 53, 0, image_noise), *whole, *part;
    (void)state;
    for (size_t i = 0; i < VN_COUNT(settings); i++) {
        uint64_t n = 0;
        vn_job_set_threads(1);
        whole = image_ok("resample", v, NULL, settings[i]);
        vn_job_set_threads(4);
        for (int k = 0; k < 8; k++) {
            struct vn_box r = box6(k & 1 ? 31 : 0, k & 1 ? 67 : 31, k & 2 ? 19 : 0, k & 2 ? 71 : 19, k & 4 ? 40 : 0, k & 4 ? 53 : 40);
            part = image_ok("resample", v, &r, settings[i]);
            image_same(whole, part, &part->box);
            n += vn_box_count(&part->box);
            vn_vol_unref(part);
        }
        assert_true(n == vn_box_count(&whole->box));
        const uint64_t budget = vn_mem_budget();
        vn_mem_trim();
        vn_mem_init(vn_mem_in_use() + vn_box_count(&whole->box) * vn_type_size(whole->src->type) + (2 << 20));
        part = image_ok("resample", v, NULL, settings[i]);
        image_same(whole, part, &whole->box);
        vn_mem_init(budget);
        vn_vol_unref(part); vn_vol_unref(whole);
    }
    vn_job_set_threads(2);
    vn_vol_unref(v);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(linear_as_scipy), cmocka_unit_test(cubic_as_pillow), cmocka_unit_test(mean_by_hand), cmocka_unit_test(labels_stay_labels),
    cmocka_unit_test(what_is_refused), cmocka_unit_test(exact),
};
IMAGE_MAIN(tests)
