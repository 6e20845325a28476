/* test_segment.c - probability from local contrast: statistics of the background, exactness, and what it reaches on real data. */
#include "image.h"
#include "io.h"
#include "lee94.h"
#include "robust.h"

/* ---- background statistics ---- */

/* -150000 .. 149999 in steps that visit each once, far outliers at both ends: mean -0.5, variance (300000^2 - 1) / 12; nothing
 * uniform lies beyond 2.5 standard deviations.  Comes back in order. */
static void test_large_sample(void **state)
{
    enum { N = 300000 };
    static float v[N + 2];
    struct vn_backdrop b;
    (void)state;
    for (int i = 0; i < N; i++)
        v[i] = (float)((int64_t)i * 7919 % N - N / 2);
    v[N] = -3e38f;
    v[N + 1] = 1e6f;
    assert_int_equal(0, vn_backdrop(v, N + 1, &b, NULL, NULL));        /* the lowest leaves a variance that overflows nothing */
    assert_int_equal(0, vn_backdrop(v + 1, N + 1, &b, NULL, NULL));
    assert_true(fabs(b.level + 0.5) < 1e-9 && fabs(b.spread - sqrt(((double)N * N - 1) / 12)) < 1e-6);
    for (int i = 1; i < N; i++)
        assert_true(v[i] == (float)(i - 1 - N / 2) && v[0] == -3e38f);
    assert_true(v[N + 1] == 1e6f);
}

static void test_backdrop(void **state)
{
    struct vn_backdrop b;
    float v[1000];
    (void)state;
    assert_int_equal(0, vn_backdrop(v, 0, &b, NULL, NULL));
    assert_true(isnan(b.level));
    /* 90 values 9, 10, 11 in equal parts: mean 10, sd sqrt(2/3); ten far ones are clipped */
    for (int i = 0; i < 100; i++)
        v[i] = i < 90 ? (float)(9 + i % 3) : 5000;
    assert_int_equal(0, vn_backdrop(v, 100, &b, NULL, NULL));
    assert_true(fabs(b.level - 10) < 1e-12 && fabs(b.spread - sqrt(2.0 / 3)) < 1e-12);
    /* outside a masked organ: zeros in 60 of 100 are left out */
    for (int i = 0; i < 100; i++)
        v[i] = i < 60 ? 0 : (float)(99 + i % 3);
    assert_int_equal(0, vn_backdrop(v, 100, &b, NULL, NULL));
    assert_true(fabs(b.level - 100) < 0.1 && b.spread > 0.7 && b.spread < 0.9);
    /* a background without noise: 80 zeros, vessels 200 */
    for (int i = 0; i < 100; i++)
        v[i] = i < 80 ? 0 : 200;
    assert_int_equal(0, vn_backdrop(v, 100, &b, NULL, NULL));
    assert_true(b.level == 0 && b.spread == 0 && b.bright == 200);
    for (int i = 0; i < 1000; i++)
        v[i] = 3;
    assert_int_equal(0, vn_backdrop(v, 1000, &b, NULL, NULL));
    assert_true(b.level == 3 && b.spread == 0 && isnan(b.bright));
}

/* 1600 values from 0.5 to 2.5 about a mode of 1: fifteen sixteenths spread evenly below and above, a sixteenth close to 1. */
static void test_mode(void **state)
{
    struct vn_backdrop b;
    float v[1600];
    (void)state;
    for (int i = 0; i < 1600; i++)
        v[i] = i < 100 ? 1 + (float)(i - 50) * 1e-5f : i < 700 ? 0.5f + (float)(i - 100) / 1200 : 1 + (float)(i - 700) / 600;
    assert_int_equal(0, vn_backdrop_mode(v, 1600, &b, NULL, NULL));
    assert_true(fabs(b.level - 1) < 2e-3);
    assert_true(b.spread > 0.25 && b.spread < 0.5 / sqrt(3) + 1e-3);        /* of a uniform half of width 0.5, and the close ones */
    assert_int_equal(0, vn_backdrop_mode(v, 0, &b, NULL, NULL));
    assert_true(isnan(b.level));
    for (int i = 0; i < 100; i++)
        v[i] = i < 80 ? 7 : 9;
    assert_int_equal(0, vn_backdrop_mode(v, 100, &b, NULL, NULL));
    assert_true(b.level == 7 && b.spread == 0 && b.bright == 9);
}

/* Cut off at 0: an eighth of all values; a sixteenth close to the mode of 5, others evenly in 1 .. 9.  Below 5: 200 by 5, 650 evenly by up
 * to 4, 50 by next to nothing. */
static void test_cut_off(void **state)
{
    struct vn_backdrop b;
    float v[1600];
    (void)state;
    for (int i = 0; i < 1600; i++)
        v[i] = i < 200 ? 0 : i < 300 ? 5 + (float)(i - 250) * 1e-5f : 1 + (float)(i - 300) / 162.5f;
    assert_int_equal(0, vn_backdrop_mode(v, 1600, &b, NULL, NULL));
    assert_true(fabs(b.level - 5) < 2e-3);
    assert_true(fabs(b.spread - sqrt((200 * 25 + 650 * 16.0 / 3) / 900)) < 2e-2);
}

/* ---- shapes ---- */

static float sign = 1;
static float tube(int64_t x, int64_t y, int64_t z)
{
    const double dy = (double)y - 20, dz = (double)z - 20;
    const float t = dy * dy + dz * dz <= 9.5 ? 80.0f : 0.0f;
    return 1000 + sign * t + (image_noise(x, y, z) - 127) * 0.1f;      /* noise: sd 7.4 */
}
static float clean_tube(int64_t x, int64_t y, int64_t z)
{
    const double dy = (double)y - 20, dz = (double)z - 20;
    (void)x;
    return dy * dy + dz * dz <= 9.5 ? 200.0f : 40.0f;
}
static float holes(int64_t x, int64_t y, int64_t z) { return x == 30 && y == 20 ? NAN : x == 10 && z > 19 ? INFINITY : tube(x, y, z); }
static float flat(int64_t x, int64_t y, int64_t z) { (void)x; (void)y; (void)z; return 12; }

/* Dice of p >= 0.5 with the tube of radius sqrt 9.5. */
static double tube_dice(const struct vn_vol *p)
{
    double both = 0, a = 0, b = 0;
    for (int64_t z = 0; z < 41; z++)
        for (int64_t y = 0; y < 41; y++)
            for (int64_t x = 0; x < 48; x++) {
                const bool t = clean_tube(x, y, z) > 100, m = image_at(p, x, y, z) >= 0.5f;
                both += t && m;
                a += t;
                b += m;
            }
    return 2 * both / (a + b);
}

static void test_tube(void **state)
{
    struct vn_vol *v, *p;
    (void)state;
    v = image_new(VN_IMAGE, 48, 41, 41, 0, tube);
    p = image_ok("segment", v, NULL, NULL);
    assert_int_equal(p->kind, VN_PROB);
    assert_true(tube_dice(p) > 0.85);
    assert_true(image_at(p, 20, 20, 20) > 0.6f && image_at(p, 20, 3, 3) < 0.2f);
    vn_vol_unref(v); vn_vol_unref(p);
    sign = -1;
    v = image_new(VN_IMAGE, 48, 41, 41, 0, tube);
    p = image_ok("segment", v, NULL, "dark");
    assert_true(tube_dice(p) > 0.85);
    vn_vol_unref(v); vn_vol_unref(p);
    sign = 1;
    v = image_new(VN_IMAGE, 48, 41, 41, 0.5, clean_tube);       /* no noise at all: half of the height */
    p = image_ok("segment", v, NULL, NULL);
    assert_true(tube_dice(p) > 0.95);
    vn_vol_unref(v); vn_vol_unref(p);
}

/* A bright plate across the volume, and a tube beside it. */
static float plate(int64_t x, int64_t y, int64_t z)
{
    const double dy = (double)y - 12, dz = (double)z - 30;
    const float t = dy * dy + dz * dz <= 6 || y == 30 || y == 31 ? 120.0f : 0.0f;
    return 1000 + t + (image_noise(x, y, z) - 127) * 0.1f;
}

static void test_sheets(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 48, 48, 48, 0, plate), *p = image_ok("segment", v, NULL, NULL), *q = image_ok("segment", v, NULL, "sheets=keep");
    (void)state;
    assert_true(image_at(p, 24, 30, 24) < 0.2f && image_at(q, 24, 30, 24) > 0.5f);
    assert_true(image_at(p, 24, 12, 30) > 0.5f && image_at(q, 24, 12, 30) > 0.5f);
    vn_vol_unref(v); vn_vol_unref(p); vn_vol_unref(q);
}

/* Bell-shaped noise of deviation 37, two thirds of it cut off below 0, and a tube 13 deviations above. */
static float cut(int64_t x, int64_t y, int64_t z)
{
    float sum = 0;
    for (int i = 0; i < 12; i++)
        sum += image_noise(x + 48 * i, y, z) / 256;
    return fmaxf(0, 37 * (sum - 6 - 0.35f + (clean_tube(x, y, z) > 100 ? 13 : 0)));
}

/* What is cut off does not look blurred, as its deviation is taken from one voxel to the next: no smoothing beyond .75, and
 * borders at half height.  Smoothing leaves (sum of the taps' squares = .376)^1.5 = .231 of independent noise. */
static void test_noise_cut(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 48, 41, 41, 0, cut), *p;
    struct vn_args a;
    (void)state;
    assert_int_equal(image_run("segment", v, NULL, "", &p, &a), 0);
    const double noise = vn_args_real(&a, "noise");
    if (!(noise > 0.2 * 0.231 * 37 && noise < 0.231 * 37 && vn_args_real(&a, "edge") == 0.5 && !strcmp(vn_args_text(&a, "smooth"), "0.75vox")))
        fail_msg("noise %g edge %s smooth %s", noise, vn_args_text(&a, "edge"), vn_args_text(&a, "smooth"));
    if (!(tube_dice(p) > 0.95))
        fail_msg("dice %g", tube_dice(p));
    vn_args_free(&a);
    vn_vol_unref(v); vn_vol_unref(p);
}

/* Along one axis the contrast in noise is this; its background is without noise, so that it is exact. */
static const float PROFILE[] = { 0, 2.5f, 6, 18, 20, 18, 6, 2.5f, 0 };
static float profile_x(int64_t x, int64_t y, int64_t z) { return (void)y, (void)z, 100 + 10 * PROFILE[x]; }
static float profile_z(int64_t x, int64_t y, int64_t z) { return (void)y, (void)x, 100 + 10 * PROFILE[z]; }

static void has_ratios(struct vn_vol *v, bool along_x, const char *settings, const double ratio[5])
{
    struct vn_vol *p = image_ok("segment", v, NULL, settings);
    for (int i = 0; i < 9; i++) {
        const double r = ratio[i < 5 ? i : 8 - i], want = r * r / (1 + r * r), got = along_x ? image_at(p, i, 3, 2) : image_at(p, 2, 3, i);
        if (!(fabs(got - want) < 1e-5))
            fail_msg("%s: voxel %d is %g, not %g", settings, i, got, want);
    }
    vn_vol_unref(p);
}

/* The larger of the contrast 2 and the share of the largest contrast within a voxel is p = 1/2; a coarse axis is not looked along. */
static void test_edge(void **state)
{
    char text[2][200];
    struct vn_vol *x = image_new(VN_IMAGE, 9, 7, 5, 1, profile_x), *z = image_new(VN_IMAGE, 5, 7, 9, 1, profile_z);
    (void)state;
    for (int i = 0; i < 2; i++)
        snprintf(text[i], sizeof text[i], "background=4vox smooth=0 level=100 spread=0.01 offset=0 noise=10 contrast=2 local=0 hollow=0 sheets=keep "
                 "drift=0 artifacts=0 edge=%s", i ? "0.5" : "0");
    const double plain[] = { 0, 2.5 / 2, 6 / 2.0, 18 / 2.0, 20 / 2.0 }, half[] = { 0, 2.5 / 3, 6 / 9.0, 18 / 10.0, 20 / 10.0 };
    has_ratios(x, true, text[0], plain);
    has_ratios(x, true, text[1], half);
    has_ratios(z, false, text[1], half);
    z->grid.um[2] = 1.4;                          /* still beside */
    has_ratios(z, false, text[1], half);
    z->grid.um[2] = 3;
    const double self[] = { 0, 2.5 / 2, 6 / 3.0, 18 / 9.0, 20 / 10.0 };     /* itself alone: never more than 1 / edge */
    has_ratios(z, false, text[1], self);
    vn_vol_unref(x);
    vn_vol_unref(z);
}

static void test_odd(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 48, 41, 41, 0, holes), *p = image_ok("segment", v, NULL, NULL);
    (void)state;
    assert_true(image_at(p, 30, 20, 20) == 0 && image_at(p, 10, 20, 20) == 0 && tube_dice(p) > 0.85);
    for (int64_t z = 0; z < 41; z++)
        for (int64_t y = 0; y < 41; y++)
            for (int64_t x = 0; x < 48; x++)
                assert_true(image_at(p, x, y, z) >= 0 && image_at(p, x, y, z) <= 1);
    vn_vol_unref(v); vn_vol_unref(p);
    static const int64_t dims[][3] = { { 1, 1, 1 }, { 1, 37, 1 }, { 13, 11, 7 } };
    for (size_t i = 0; i < VN_COUNT(dims); i++) {
        v = image_new(VN_IMAGE, dims[i][0], dims[i][1], dims[i][2], 1, flat);
        p = image_ok("segment", v, NULL, NULL);
        const struct vn_buf d = vn_vol_data(p);
        for (uint64_t k = 0; k < vn_box_count(&p->box); k++)
            assert_true(((float *)d.data)[k] == 0);
        vn_vol_unref(v); vn_vol_unref(p);
    }
}

static void test_exact(void **state)
{
    static const char *const names[] = { "smooth", "background", "level", "spread", "offset", "noise", "contrast" };
    struct vn_vol *v = image_new(VN_IMAGE, 48, 41, 41, 0, tube), *p;
    const struct vn_box r = box6(7, 45, 11, 40, 20, 33);
    struct vn_args a;
    char fixed[400] = "";
    (void)state;
    assert_int_equal(image_run("segment", v, NULL, "background=4vox", &p, &a), 0);
    for (size_t i = 0; i < VN_COUNT(names); i++)
        snprintf(fixed + strlen(fixed), sizeof fixed - strlen(fixed), "%s=%s ", names[i], vn_args_text(&a, names[i]));
    vn_args_free(&a);
    image_exact("segment", v, fixed, &r, 24 << 20);
    image_exact("segment", v, "background=4vox", &v->box, 0);   /* the statistics do not depend on threads either */
    struct vn_vol *q = image_ok("segment", v, NULL, fixed);
    image_same(p, q, &p->box);                                  /* what is recorded gives the same again */
    vn_vol_unref(v); vn_vol_unref(p); vn_vol_unref(q);
}

/* ---- real data: no parameter is given ---- */

static double ratio(const uint8_t *in, const uint8_t *of, uint64_t n)
{
    uint64_t hit = 0, all = 0;
    for (uint64_t i = 0; i < n; i++) {
        all += of[i] != 0;
        hit += of[i] != 0 && in[i] != 0;
    }
    return all ? (double)hit / (double)all : 0;
}

/* Of the whole, or of a box. */
static void reach(const char *image, const char *truth, const double um[3], const struct vn_box *box, double want_dice, double want_cldice)
{
    struct vn_open_opt opt = { .channel = 0 };
    struct vn_vol *v = NULL, *t = NULL, *p, *m;
    struct vn_buf tb = { 0 }, ts = { 0 }, ms = { 0 };

    if (access(image, R_OK) || access(truth, R_OK))
        skip();
    if (vn_io_open(image, &opt, &v, &err) || vn_io_open(truth, &opt, &t, &err))
        fail_msg("%s", err.msg);
    if (um) {
        struct vn_vol *w = vn_vol_header(v, um, VN_IMAGE, &err);
        vn_vol_unref(v);
        v = w;
    }
    if (box) {
        struct vn_vol *part = image_ok("crop", v, box, NULL);
        vn_vol_unref(v);
        v = part;
    }
    p = image_ok("segment", v, NULL, NULL);
    m = image_ok("hysteresis", p, NULL, NULL);
    const uint64_t n = vn_box_count(&m->box);
    assert_int_equal(vn_vol_map(t, VN_U8, &m->box, VN_PAD_ZERO, &tb, NULL, &err), 0);
    assert_int_equal(vn_buf_new(&ts, VN_U8, &m->box, &err), 0);
    assert_int_equal(vn_buf_new(&ms, VN_U8, &m->box, &err), 0);
    const struct vn_buf mb = vn_vol_data(m);
    assert_int_equal(vn_lee94(&tb, &ts, NULL, &err), 0);
    assert_int_equal(vn_lee94(&mb, &ms, NULL, &err), 0);
    const double precision = ratio(tb.data, mb.data, n), recall = ratio(mb.data, tb.data, n), dice = 2 * precision * recall / (precision + recall);
    const double tp = ratio(tb.data, ms.data, n), ts_ = ratio(mb.data, ts.data, n), cldice = 2 * tp * ts_ / (tp + ts_);
    print_message("%s%s: dice %.4f cldice %.4f\n", strrchr(image, '/') + 1, box ? ", a part" : "", dice, cldice);
    assert_true(dice >= want_dice);
    assert_true(cldice >= want_cldice);
    vn_buf_free(&tb); vn_buf_free(&ts); vn_buf_free(&ms);
    vn_vol_unref(v); vn_vol_unref(t); vn_vol_unref(p); vn_vol_unref(m);
}

static void test_light_sheet(void **state)
{
    (void)state;
    reach("../shared/data/lightsheet_brain/raw.tif", "../shared/data/lightsheet_brain/mask.tif", NULL, NULL, 0.84, 0.96);
}
static void test_capillaries(void **state)
{
    static const double um[3] = { 0.994, 0.994, 5 };
    (void)state;
    reach("../shared/data/twophoton_brain/capillaries_raw.tif", "../shared/data/twophoton_brain/capillaries_mask.tif", um, NULL, 0.77, 0.86);
}
static void test_pial(void **state)
{
    static const double um[3] = { 0.994, 0.994, 5 };
    (void)state;
    reach("../shared/data/twophoton_brain/pial_raw.tif", "../shared/data/twophoton_brain/pial_mask.tif", um, NULL, 0.84, 0.78);
}

/* Parts do about as well as the whole: half of a volume with fewer bright vessels; a quarter denoised into patches of 2, 3 and
 * 4 with next to nothing below 2. */
static void test_parts(void **state)
{
    static const double um[3] = { 0.994, 0.994, 5 };
    const struct vn_box half = box6(50, 100, 0, 100, 0, 100), quarter = box6(0, 256, 0, 256, 0, 25);
    (void)state;
    reach("../shared/data/lightsheet_brain/raw.tif", "../shared/data/lightsheet_brain/mask.tif", NULL, &half, 0.75, 0.95);
    reach("../shared/data/twophoton_brain/capillaries_raw.tif", "../shared/data/twophoton_brain/capillaries_mask.tif", um, &quarter, 0.74, 0.86);
}

/* A blurred image is smoothed as much whatever contrast is asked for. */
static void test_smooth(void **state)
{
    struct vn_open_opt opt = { .channel = 0 };
    struct vn_vol *v = NULL, *p;
    struct vn_args a;
    char smooth[2][40];
    (void)state;
    if (access("../shared/data/lightsheet_brain/raw.tif", R_OK))
        skip();
    assert_int_equal(vn_io_open("../shared/data/lightsheet_brain/raw.tif", &opt, &v, &err), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(image_run("segment", v, NULL, i ? "contrast=8" : "", &p, &a), 0);
        snprintf(smooth[i], sizeof smooth[i], "%s", vn_args_text(&a, "smooth"));
        vn_args_free(&a);
        vn_vol_unref(p);
    }
    assert_string_equal(smooth[1], smooth[0]);
    assert_true(strtod(smooth[0], NULL) > 1);
    vn_vol_unref(v);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_smooth), cmocka_unit_test(test_parts),
    cmocka_unit_test(test_backdrop), cmocka_unit_test(test_mode), cmocka_unit_test(test_cut_off), cmocka_unit_test(test_sheets), cmocka_unit_test(test_edge), cmocka_unit_test(test_large_sample), cmocka_unit_test(test_tube), cmocka_unit_test(test_noise_cut), cmocka_unit_test(test_odd), cmocka_unit_test(test_exact),
    cmocka_unit_test(test_light_sheet), cmocka_unit_test(test_capillaries), cmocka_unit_test(test_pial),
};
IMAGE_MAIN(tests)
