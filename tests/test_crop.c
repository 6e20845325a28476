/* test_crop.c - crop and pad: values and coordinates by hand, borders of every kind, volumes that are a part, frames, blocks. */
#include "image.h"

static float place(int64_t x, int64_t y, int64_t z) { return (float)(x + 10 * y + 100 * z); }

static void crop_keeps_the_grid(void **state)
{
    struct vn_vol *v = image_new(VN_PROB, 9, 8, 7, 0.5, place);
    const struct vn_box r = box6(2, 9, 0, 3, 6, 7);
    struct vn_vol *out = image_ok("crop", v, &r, NULL);
    (void)state;
    assert_true(vn_box_same(&out->box, &r) && out->grid.dim[0] == 9 && out->grid.um[2] == 0.5 && out->kind == VN_PROB);
    image_same(v, out, &r);
    vn_vol_unref(out); vn_vol_unref(v);
}

static int64_t mirrored(int64_t i, int64_t n) { return i < 0 ? -1 - i : i >= n ? 2 * n - 1 - i : i; }
static int64_t nearest(int64_t i, int64_t n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

static void borders_by_hand(void **state)
{
    static const char *const settings[] = { "by=2,0,3", "by=2,0,3 value=-7.5", "by=2,0,3 mode=edge", "by=2,0,3 mode=mirror", "box=-2:8,:,-3:8" };
    struct vn_vol *v = image_new(VN_IMAGE, 6, 4, 5, 0.5, place);
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct vn_vol *out = image_ok("pad", v, NULL, settings[i]);
        assert_true(out->grid.dim[0] == 10 && out->grid.dim[1] == 4 && out->grid.dim[2] == 11 && out->grid.um[0] == 0.5);
        assert_true(out->box.lo[0] == 0 && out->box.hi[0] == 10 && out->box.hi[2] == 11);
        for (int64_t z = 0; z < 11; z++)
            for (int64_t y = 0; y < 4; y++)
                for (int64_t x = 0; x < 10; x++) {
                    const int64_t u = x - 2, w = z - 3;
                    const bool in = u >= 0 && u < 6 && w >= 0 && w < 5;
                    const float want = in ? place(u, y, w) : i == 2 ? place(nearest(u, 6), y, nearest(w, 5)) :
                                       i == 3 ? place(mirrored(u, 6), y, mirrored(w, 5)) : i == 1 ? -7.5f : 0;
                    assert_true(image_at(out, x, y, z) == want);
                }
        vn_vol_unref(out);
    }
    vn_vol_unref(v);
}

/* A border inside the grid leaves the grid and its coordinates alone; beyond the high end it grows; beyond the low end the
 * coordinates shift and the frame is another. */
static void grid_and_frame(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 20, 20, 20, 0, place), *part, *out, *again;
    const struct vn_box r = box6(5, 15, 5, 15, 5, 15), lower = box6(0, 10, 5, 15, 18, 20);
    (void)state;
    part = image_ok("crop", v, &r, NULL);
    out = image_ok("pad", part, NULL, "by=3 mode=edge");
    assert_true(out->grid.dim[0] == 20 && out->box.lo[0] == 2 && out->box.hi[0] == 18 && vn_key_same(out->grid.frame, v->grid.frame));
    assert_true(image_at(out, 2, 10, 10) == place(5, 10, 10) && image_at(out, 7, 7, 7) == place(7, 7, 7));
    vn_vol_unref(out);
    out = image_ok("pad", part, NULL, "box=5:25,5:15,5:15 value=1");
    assert_true(out->grid.dim[0] == 25 && out->grid.dim[1] == 20 && vn_key_same(out->grid.frame, v->grid.frame) && image_at(out, 24, 9, 9) == 1);
    vn_vol_unref(out);
    out = image_ok("pad", part, NULL, "by=7,0,0");
    again = image_ok("pad", part, NULL, "by=8,0,0");
    assert_true(out->grid.dim[0] == 24 && out->box.lo[0] == 0 && out->box.hi[0] == 24 && image_at(out, 7, 9, 9) == place(5, 9, 9));
    assert_true(!vn_key_same(out->grid.frame, v->grid.frame) && !vn_key_same(out->grid.frame, again->grid.frame));
    vn_vol_unref(out); vn_vol_unref(again); vn_vol_unref(part);
    out = image_ok("pad", v, NULL, "by=4,2,6 mode=mirror");                /* a region has its share of the border */
    part = image_ok("pad", v, &lower, "by=4,2,6 mode=mirror");
    const struct vn_box want = box6(0, 14, 7, 17, 24, 32);
    assert_true(vn_box_same(&part->box, &want));
    image_same(out, part, &part->box);
    vn_vol_unref(out); vn_vol_unref(part); vn_vol_unref(v);
}

static void blocks_and_refusals(void **state)
{
    static const char *const settings[] = { "by=40,3,60", "by=40,3,60 mode=edge", "by=40,3,60 mode=mirror" };
    static const char *const bad[] = { "", "by=1 box=:,:,:", "by=1,2", "by=1.5", "box=3:,:,:", "by=1 mode=edge value=3", "box=off", "box=-3000000:,:,:" };
    struct vn_vol *v = image_new(VN_IMAGE, 67, 71, 53, 0, image_noise), *whole, *out;
    (void)state;
    for (size_t i = 0; i < VN_COUNT(settings); i++) {
        const uint64_t budget = vn_mem_budget();
        whole = image_ok("pad", v, NULL, settings[i]);
        vn_mem_trim();
        vn_mem_init(vn_mem_in_use() + vn_box_count(&whole->box) * 4 + (4 << 20));
        out = image_ok("pad", v, NULL, settings[i]);
        image_same(whole, out, &whole->box);
        vn_mem_init(budget);
        vn_vol_unref(out); vn_vol_unref(whole);
    }
    for (size_t i = 0; i < VN_COUNT(bad); i++) {
        err.msg[0] = 0;
        if (!image_run("pad", v, NULL, bad[i], &out, NULL) || !err.msg[0])
            fail_msg("'%s' was not refused", bad[i]);
    }
    vn_vol_unref(v);
    const struct vn_grid g = { .dim = { 2, 1, 1 } };
    const struct vn_box b = box6(0, 2, 0, 1, 0, 1);
    v = vn_vol_new(VN_MASK, VN_U8, &g, &b, &err);
    memset(vn_vol_data(v).data, 1, 2);
    assert_int_equal(image_run("pad", v, NULL, "by=1 value=2", &out, NULL), VN_E_ARG);
    out = image_ok("pad", v, NULL, "by=1,0,0 value=1");
    assert_memory_equal(vn_vol_data(out).data, "\1\1\1\1", 4);
    vn_vol_unref(out); vn_vol_unref(v);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(crop_keeps_the_grid), cmocka_unit_test(borders_by_hand), cmocka_unit_test(grid_and_frame), cmocka_unit_test(blocks_and_refusals),
};
IMAGE_MAIN(tests)
