/* test_threshold.c - automatic thresholds against scikit-image, plain cuts, hysteresis. */
#include "image.h"
#include "autothresh.h"
#include "io.h"

/* Two overlapping-free bands from a linear congruential generator, 16^3. */
static uint8_t level(int64_t i)
{
    static uint8_t v[4096];
    if (!v[0]) {
        uint32_t u = 1;
        for (int k = 0; k < 4096; k++) {
            u = u * 1664525u + 1013904223u;
            v[k] = (uint8_t)(k % 5 ? 20 + (u >> 24) / 8 : 120 + (u >> 24) / 4);
        }
    }
    return v[i];
}
static float level_f32(int64_t x, int64_t y, int64_t z) { return 3.7f * (float)level((z * 16 + y) * 16 + x) - 11; }

static struct vn_vol *bytes(void)
{
    const struct vn_grid g = { .dim = { 16, 16, 16 } };
    const struct vn_box b = box6(0, 16, 0, 16, 0, 16);
    struct vn_vol *v = vn_vol_new(VN_IMAGE, VN_U8, &g, &b, &err);
    struct vn_buf d = vn_vol_data(v);
    for (int i = 0; i < 4096; i++)
        ((uint8_t *)d.data)[i] = level(i);
    return v;
}

static uint64_t count(const struct vn_vol *m)
{
    const struct vn_buf d = vn_vol_data(m);
    uint64_t n = 0;
    for (uint64_t i = 0; i < vn_box_count(&m->box); i++)
        n += ((const uint8_t *)d.data)[i];
    return n;
}

/* skimage.filters 0.2x on the same array: threshold_otsu 51, threshold_li 74.1414903888845, threshold_triangle 52, each with
 * 820 voxels above. */
static void test_reference(void **state)
{
    struct vn_vol *v = bytes(), *m;
    double t;
    (void)state;
    assert_int_equal(vn_auto_threshold(v, &v->box, VN_AUTO_OTSU, &t, NULL, &err), 0);
    assert_true(t == 51.5);
    assert_int_equal(vn_auto_threshold(v, &v->box, VN_AUTO_LI, &t, NULL, &err), 0);
    assert_true(fabs(t - 74.1414903888845) < 0.5);        /* its tolerance: half the smallest difference of values */
    for (int i = 0; i < 3; i++) {
        static const char *const s[] = { "method=otsu", "method=li", "method=triangle" };
        m = image_ok("threshold", v, NULL, s[i]);
        assert_int_equal(m->kind, VN_MASK);
        assert_int_equal(count(m), 820);
        vn_vol_unref(m);
    }
    vn_vol_unref(v);
    /* the same values as floats, scaled: li 263.3235 */
    v = image_new(VN_IMAGE, 16, 16, 16, 0, level_f32);
    assert_int_equal(vn_auto_threshold(v, &v->box, VN_AUTO_LI, &t, NULL, &err), 0);
    assert_true(fabs(t - 263.3235) < 0.5 * 3.7);
    m = image_ok("threshold", v, NULL, "method=otsu");
    assert_int_equal(count(m), 820);
    vn_vol_unref(m);
    vn_vol_unref(v);
}

/* Otsu by hand: 4 of value 0, 2 of value 3, 2 of value 4: between-class variance 4 * 4 * 3.5^2 at the first cut, 6 * 2 * 3^2 at the second. */
static void test_by_hand(void **state)
{
    const uint64_t c[] = { 4, 0, 0, 2, 2 };
    double t;
    (void)state;
    assert_int_equal(vn_auto_threshold_hist(c, 5, 10, 1, VN_AUTO_OTSU, &t, &err), 0);
    assert_true(t == 10.5);
    /* triangle: peak at bin 1, tail to bin 5; counts 0 10 2 1 1 1; farthest below the line from (5,1): bin 2 */
    const uint64_t d[] = { 0, 10, 2, 1, 1, 1 };
    assert_int_equal(vn_auto_threshold_hist(d, 6, 0, 1, VN_AUTO_TRIANGLE, &t, &err), 0);
    assert_true(t == 2.5);
    assert_int_equal(vn_auto_threshold_hist(d, 1, 0, 1, VN_AUTO_LI, &t, &err), VN_E_ARG);
}

/* Two made-up histograms: a decaying background with a thin tail, and three humps over a comb. */
static void histograms(uint64_t tail[256], uint64_t three[120])
{
    for (int64_t i = 0; i < 256; i++)
        tail[i] = (uint64_t)(4000 * i * i / (16 + i * i * i * i / 64) + (llabs(i - 180) < 50 ? 300 - llabs(i - 180) : 0) / 8);
    for (int i = 0; i < 120; i++)
        three[i] = (uint64_t)((i >= 5 && i < 20 ? 900 : 0) + i % 7 * 3 + (abs(i - 60) < 20 ? 400 - 4 * (i - 60) * (i - 60) / 5 : 0) +
                              (i >= 90 && i < 100 ? 90 : 0));
}

/* scikit-image 0.26 and, for moments and maxentropy, ITK (SimpleITK 2.5, 256 bins) on `level` and the two histograms; theirs
 * is the last value of the background. */
static void test_other_methods(void **state)
{
    static const struct { enum vn_auto_method m; double level, tail, three; } want[] = {
        { VN_AUTO_OTSU, 51.5, 91.5, 37.5 }, { VN_AUTO_TRIANGLE, 52.5, 32.5, 21.5 }, { VN_AUTO_YEN, 51.5, 60.5, 76.5 },
        { VN_AUTO_ISODATA, 93.5, 91.5, 37.5 }, { VN_AUTO_MINIMUM, 90.5, 116.5, 33.5 }, { VN_AUTO_MOMENTS, 51.5, 83.5, 51.5 },
        { VN_AUTO_MAXENTROPY, 51.5, 66.5, 76.5 },
    };
    uint64_t tail[256], three[120], fine[480];
    struct vn_vol *v = bytes();
    double t;
    (void)state;
    histograms(tail, three);
    for (size_t i = 0; i < VN_COUNT(want); i++) {
        assert_int_equal(vn_auto_threshold(v, &v->box, want[i].m, &t, NULL, &err), 0);
        assert_true(t == want[i].level);
        assert_int_equal(vn_auto_threshold_hist(tail, 256, 0, 1, want[i].m, &t, &err), 0);
        assert_true(t == want[i].tail);
        assert_int_equal(vn_auto_threshold_hist(three, 120, 0, 1, want[i].m, &t, &err), 0);
        assert_true(t == want[i].three);
    }
    assert_int_equal(vn_auto_threshold(v, &v->box, VN_AUTO_MEAN, &t, NULL, &err), 0);
    assert_true(fabs(t - 58.646484375) < 1e-9);
    assert_int_equal(vn_auto_threshold_hist(three, 120, 0, 1, VN_AUTO_MEAN, &t, &err), 0);
    assert_true(fabs(t - 37.27683803206191) < 1e-9);
    /* every value four times, a quarter apart: at most 256 bins of two values; the entropies see the same classes */
    for (int i = 0; i < 480; i++)
        fine[i] = three[i / 4];
    assert_int_equal(vn_auto_threshold_hist(fine, 480, 0.125, 0.25, VN_AUTO_MAXENTROPY, &t, &err), 0);
    assert_true(t == 77);
    /* one peak, and none but two neighbouring values */
    const uint64_t one[] = { 1, 4, 9, 4, 1 }, two[] = { 5, 3 };
    assert_int_equal(vn_auto_threshold_hist(one, 5, 0, 1, VN_AUTO_MINIMUM, &t, &err), VN_E_ARG);
    assert_non_null(strstr(err.msg, "two peaks"));
    for (int m = VN_AUTO_OTSU; m <= VN_AUTO_MAXENTROPY; m++)
        if (m != VN_AUTO_MINIMUM) {
            assert_int_equal(vn_auto_threshold_hist(two, 2, 7, 1, (enum vn_auto_method)m, &t, &err), 0);
            assert_true(t > 7 && t <= 8);
        }
    vn_vol_unref(v);
}

static double tube_low(const uint64_t *c, int n, uint64_t below, uint64_t above, double *high)
{
    double low = 0;
    assert_int_equal(vn_tube_threshold_hist(c, n, 0, 1, below, above, &low, high, &err), 0);
    return low;
}

/* By a separate program in numpy and scipy (all stretches tried for the mode, norm.sf for the tails). */
static void test_tubes(void **state)
{
    static const struct { double low, high; } want[] = { { 8.5, 11.5 }, { 20.5, 29.5 }, { 18.5, 29.5 }, { 145.5, 220.5 }, { 32.5, 61.5 }, { 21.5, 40.5 },
                                                         { 0.5, 0.5 }, { 2.5, 2.5 } };
    const uint64_t tail[] = { 1, 2, 4, 8, 16, 40, 16, 8, 4, 2, 1, 0, 1, 1, 1, 1, 2, 2, 3, 2 }, two[] = { 5, 3 }, apart[] = { 1, 0, 0, 7 };
    const uint64_t cut[] = { 300, 20, 40, 70, 90, 100, 90, 72, 45, 22, 15, 10, 9, 8, 8, 7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 3, 2, 2, 2, 1, 1 };
    uint64_t bells[400], falling[256], three[120];
    double high;
    (void)state;
    for (int i = 0; i < 400; i++)
        bells[i] = (uint64_t)(2000 * exp(-(i - 90) * (i - 90) / 800.0)) + (uint64_t)(40 * exp(-(i - 300) * (i - 300) / 3200.0));
    histograms(falling, three);
    const double low[] = { tube_low(tail, 20, 0, 0, &high), tube_low(cut, 31, 0, 0, &high), tube_low(cut, 31, 40, 25, &high),
                           tube_low(bells, 400, 0, 0, &high), tube_low(falling, 256, 0, 0, &high), tube_low(three, 120, 0, 0, &high),
                           tube_low(two, 2, 0, 0, &high), tube_low(apart, 4, 0, 0, &high) };
    for (size_t i = 0; i < VN_COUNT(low); i++)
        if (low[i] != want[i].low)
            fail_msg("histogram %zu: %g", i, low[i]);
    for (size_t i = 0; i < 6; i++) {
        const uint64_t *c[] = { tail, cut, cut, bells, falling, three };
        const int n[] = { 20, 31, 31, 400, 256, 120 };
        tube_low(c[i], n[i], i == 2 ? 40 : 0, i == 2 ? 25 : 0, &high);
        assert_true(high == want[i].high);
    }
    assert_int_equal(vn_tube_threshold_hist(two, 1, 0, 1, 0, 0, &high, &high, &err), VN_E_ARG);
}

static const struct { const char *name; double low, high; } real_cuts[] = {           /* the same program */
    { "lightsheet_brain/raw.tif", 735.5, 925.5 }, { "twophoton_brain/capillaries_raw.tif", 9.5, 13.5 }, { "twophoton_brain/pial_raw.tif", 17.5, 36.5 },
};

static void test_tubes_of_real_volumes(void **state)
{
    (void)state;
    for (size_t i = 0; i < VN_COUNT(real_cuts); i++) {
        char path[200];
        struct vn_vol *v;
        double low, high;
        snprintf(path, sizeof path, "../shared/data/%s", real_cuts[i].name);
        if (access(path, R_OK))
            skip();
        assert_int_equal(vn_io_open(path, &(struct vn_open_opt){ 0 }, &v, &err), 0);
        assert_int_equal(vn_tube_threshold(v, &v->box, &low, &high, NULL, &err), 0);
        assert_true(low == real_cuts[i].low && high == real_cuts[i].high);
        vn_vol_unref(v);
    }
}

/* A sparse bright rod in noise, in whole numbers; 8 bits spread over 16, and in fractions: the same voxels are found. */
static float rod(int64_t x, int64_t y, int64_t z)
{
    const float noise = floorf((image_noise(x, y, z) + image_noise(x + 50, y, z) + image_noise(x, y + 50, z)) / 16);
    return noise + ((x - 9) * (x - 9) + (z - 8) * (z - 8) < 6 ? 60 + 3 * (float)(y % 8) : 0);
}
static float rod_fractions(int64_t x, int64_t y, int64_t z) { return rod(x, y, z) * 0.37f + 5; }

static void test_tubes_of_stretched_values(void **state)
{
    const struct vn_grid g = { .dim = { 23, 19, 17 } };
    const struct vn_box box = box6(0, 23, 0, 19, 0, 17);
    struct vn_vol *v[4] = { vn_vol_new(VN_IMAGE, VN_U8, &g, &box, &err), vn_vol_new(VN_IMAGE, VN_U16, &g, &box, &err),
                            image_new(VN_IMAGE, 23, 19, 17, 0, rod), image_new(VN_IMAGE, 23, 19, 17, 0, rod_fractions) }, *m[4];
    (void)state;
    for (int64_t i = 0; i < 23 * 19 * 17; i++) {
        const uint8_t u = (uint8_t)rod(i % 23, i / 23 % 19, i / 437);
        ((uint8_t *)vn_vol_data(v[0]).data)[i] = u;
        ((uint16_t *)vn_vol_data(v[1]).data)[i] = (uint16_t)(257 * u);
    }
    for (int i = 0; i < 4; i++) {
        m[i] = image_ok("hysteresis", v[i], NULL, NULL);
        image_same(m[0], m[i], &box);
    }
    assert_true(count(m[0]) > 300 && count(m[0]) < 1000);          /* the rod has about 19 * 19 voxels */
    for (int i = 0; i < 4; i++) {
        vn_vol_unref(v[i]);
        vn_vol_unref(m[i]);
    }
}

static float wild(int64_t x, int64_t y, int64_t z) { return x == 3 && y == 2 && z == 1 ? 1e30f : x == 4 && y == 1 && z == 0 ? -1e30f : x == 6 ? 900 + (float)y : image_noise(x, y, z); }
static float huge(int64_t x, int64_t y, int64_t z) { return x == 3 ? 3e38f : y == 2 && z == 0 ? -3e38f : 1; }
static float rare(int64_t x, int64_t y, int64_t z) { return x == 3 && y == 2 && z == 1; }

/* A single wild voxel moves nothing: the cut lies between noise (up to 255) and a sheet of about 900; masks are cut at their 1. */
static void test_tubes_of_odd_images(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 16, 16, 16, 0, wild), *m;
    double low, high;
    (void)state;
    assert_int_equal(vn_tube_threshold(v, &v->box, &low, &high, NULL, &err), 0);
    if (!(low > 255 && low <= 900 && high > low && high < 920))
        fail_msg("low %g, high %g", low, high);
    vn_vol_unref(v);
    v = image_new(VN_IMAGE, 16, 16, 16, 0, rare);
    m = image_ok("hysteresis", v, NULL, NULL);
    assert_int_equal(count(m), 1);
    vn_vol_unref(m);
    vn_vol_unref(v);
    v = image_new(VN_IMAGE, 16, 16, 16, 0, huge);
    assert_int_equal(vn_tube_threshold(v, &v->box, &low, &high, NULL, &err), 0);
    assert_true(low > 1 && low <= 3e38);
    vn_vol_unref(v);
}

/* Ranks by hand: 4096 voxels; rank floor(0.8 * 4095) = 3276 of the sorted values (3276 background voxels: rank 3276 is the first bright one). */
static void test_percentile(void **state)
{
    struct vn_vol *v = bytes(), *m;
    (void)state;
    m = image_ok("threshold", v, NULL, "percentile=80");
    assert_int_equal(count(m), 820);
    vn_vol_unref(m);
    m = image_ok("threshold", v, NULL, "method=percentile percentile=0");
    assert_int_equal(count(m), 4096);
    vn_vol_unref(m);
    assert_int_equal(image_run("threshold", v, NULL, "method=percentile", &m, NULL), VN_E_USAGE);
    assert_int_equal(image_run("threshold", v, NULL, "method=yen percentile=3", &m, NULL), VN_E_USAGE);
    vn_vol_unref(v);
}

static float odd(int64_t x, int64_t y, int64_t z) { (void)y; (void)z; return x == 1 ? NAN : x == 2 ? INFINITY : x == 3 ? -INFINITY : (float)x; }
static float flat(int64_t x, int64_t y, int64_t z) { (void)x; (void)y; (void)z; return 7; }
static float nothing(int64_t x, int64_t y, int64_t z) { (void)x; (void)y; (void)z; return NAN; }

static void test_plain(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 6, 1, 1, 0, odd), *m = image_ok("threshold", v, NULL, "low=4");
    static const uint8_t want[] = { 0, 0, 1, 0, 1, 1 };
    const struct vn_buf d = vn_vol_data(m);
    (void)state;
    assert_memory_equal(d.data, want, 6);                  /* >=; infinite is bright, NaN is background */
    vn_vol_unref(m);
    vn_vol_unref(v);
    v = image_new(VN_IMAGE, 3, 1, 1, 0, flat);
    assert_int_equal(image_run("threshold", v, NULL, NULL, &m, NULL), VN_E_ARG);
    assert_non_null(strstr(err.msg, "all voxels have the value 7"));
    m = image_ok("threshold", v, NULL, "low=7.00000001");
    assert_int_equal(count(m), 0);
    vn_vol_unref(m);
    m = image_ok("threshold", v, NULL, "low=6.99999999");
    assert_int_equal(count(m), 3);
    vn_vol_unref(m);
    assert_int_equal(image_run("threshold", v, NULL, "high=3", &m, NULL), VN_E_USAGE);
    assert_int_equal(image_run("threshold", v, NULL, "low=5 high=3", &m, NULL), VN_E_ARG);
    vn_vol_unref(v);
    v = image_new(VN_IMAGE, 3, 2, 1, 0, nothing);
    assert_int_equal(image_run("threshold", v, NULL, NULL, &m, NULL), VN_E_ARG);
    vn_vol_unref(v);
}

static float waves(int64_t x, int64_t y, int64_t z) { return (float)((x * x * 7 + y * y * 3 + z * z * 5 + x * y) % 97); }
static float fractions(int64_t x, int64_t y, int64_t z) { return waves(x, y, z) * 0.3f; }

/* Voxels found and FNV-1a over them, from scipy: means of a box by convolve1d with mode='reflect', in double, for the three
 * formulas; no voxel lies within 0.0008 of its threshold.  Away from the border scikit-image's threshold_niblack and threshold_sauvola agree. */
static void test_local(void **state)
{
    static const struct { bool f32; const char *words; uint64_t n, hash; } t[] = {
        { false, "method=niblack window=5vox", 535, 0xeb7b9472d756ac56 }, { false, "method=sauvola window=5vox", 1369, 0xc07456d3ae9736a6 },
        { false, "method=phansalkar window=5vox", 1380, 0xd198b752dd98fe79 }, { false, "method=niblack window=9vox k=0.5 low=60", 884, 0x7fe037f12bae4ca7 },
        { false, "method=sauvola window=3vox k=-0.5", 976, 0xf9bf2a36dff6ae57 }, { true, "method=sauvola window=7vox", 1365, 0xba2937a0f0920d2 },
        { true, "method=phansalkar window=7vox", 1375, 0x7424c9c7fa7dbff8 },
    };
    const struct vn_grid g = { .dim = { 20, 14, 9 } };
    const struct vn_box box = box6(0, 20, 0, 14, 0, 9);
    struct vn_vol *f = image_new(VN_IMAGE, 20, 14, 9, 0, fractions), *u = vn_vol_new(VN_IMAGE, VN_U8, &g, &box, &err), *m;
    (void)state;
    for (int64_t i = 0; i < 20 * 14 * 9; i++)
        ((uint8_t *)vn_vol_data(u).data)[i] = (uint8_t)waves(i % 20, i / 20 % 14, i / 280);
    for (size_t i = 0; i < VN_COUNT(t); i++) {
        uint64_t hash = 0xcbf29ce484222325ULL;
        m = image_ok("localcut", t[i].f32 ? f : u, NULL, t[i].words);
        for (int64_t k = 0; k < 20 * 14 * 9; k++)
            hash = (hash ^ ((const uint8_t *)vn_vol_data(m).data)[k]) * 0x100000001b3ULL;
        assert_int_equal(count(m), t[i].n);
        assert_true(hash == t[i].hash);
        vn_vol_unref(m);
    }
    const struct vn_box part = box6(3, 17, 2, 9, 1, 8);
    image_exact("localcut", f, "method=phansalkar window=5vox least=0 most=28.8 step=0.001", &part, 0);
    vn_vol_unref(f);
    vn_vol_unref(u);
}

/* Constants, NaN and a window wider than the volume; what does not go together. */
static void test_local_of_odd_images(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 6, 1, 1, 0, odd), *m = image_ok("localcut", v, NULL, "method=niblack window=3vox k=0");
    /* 0 NaN inf -inf 4 5, in steps from 0 to 5: means of mirrored triples 0, (0, 5), (5, 0), (5, 0, 4), (0, 4, 5), (4, 5, 5) */
    static const uint8_t want[] = { 1, 0, 1, 0, 1, 1 };
    static const char *const wrong[] = { "window=3vox", "method=sauvola high=3", "method=niblack window=1e6vox", "method=otsu window=3vox" };
    (void)state;
    assert_memory_equal(vn_vol_data(m).data, want, 6);
    vn_vol_unref(m);
    for (size_t i = 0; i < VN_COUNT(wrong); i++)
        assert_int_not_equal(image_run("localcut", v, NULL, wrong[i], &m, NULL), 0);
    vn_vol_unref(v);
    v = image_new(VN_IMAGE, 3, 2, 1, 0, nothing);
    assert_int_equal(image_run("localcut", v, NULL, "method=sauvola", &m, NULL), VN_E_ARG);
    vn_vol_unref(v);
    v = image_new(VN_IMAGE, 3, 2, 1, 0, flat);
    m = image_ok("localcut", v, NULL, "method=niblack window=99vox");          /* the mean is reached, its deviation is 0 */
    assert_int_equal(count(m), 6);
    vn_vol_unref(m);
    vn_vol_unref(v);
}

/* Three pieces at low 4: one reaches 9, one touches it by a corner only, one stays below. */
static float pieces(int64_t x, int64_t y, int64_t z)
{
    if (x == 1 && y == 1)
        return z == 2 ? 9 : 5;
    if (x == 2 && y == 2 && z == 5)
        return 4;
    return x == 5 && y == 5 ? 8 : 1;
}

static void test_hysteresis(void **state)
{
    struct vn_vol *v = image_new(VN_PROB, 7, 7, 5, 0, pieces), *m = image_ok("hysteresis", v, NULL, "low=4 high=9"), *w;
    (void)state;
    assert_int_equal(count(m), 5);
    vn_vol_unref(m);
    m = image_ok("hysteresis", v, NULL, "low=4 high=8");
    assert_int_equal(count(m), 10);
    vn_vol_unref(m);
    m = image_ok("hysteresis", v, NULL, "low=4 high=10");
    assert_int_equal(count(m), 0);
    vn_vol_unref(m);
    w = image_new(VN_PROB, 7, 7, 7, 0, pieces);            /* z = 5: the voxel that touches by an edge joins */
    m = image_ok("hysteresis", w, NULL, "low=4 high=9");
    assert_int_equal(count(m), 8);
    vn_vol_unref(m);
    vn_vol_unref(v);
    vn_vol_unref(w);
}

static void test_exact(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 53, 31, 17, 0, image_noise), *a, *b;
    const struct vn_box r = box6(7, 50, 1, 30, 4, 9);
    (void)state;
    image_exact("threshold", v, "low=100", &r, 2 << 20);
    vn_job_set_threads(1);
    a = image_ok("hysteresis", v, NULL, "low=200 high=254");
    vn_job_set_threads(4);
    b = image_ok("hysteresis", v, NULL, "low=200 high=254");
    image_same(a, b, &v->box);
    vn_job_set_threads(2);
    vn_vol_unref(a); vn_vol_unref(b); vn_vol_unref(v);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_reference), cmocka_unit_test(test_by_hand), cmocka_unit_test(test_other_methods), cmocka_unit_test(test_percentile), cmocka_unit_test(test_plain), cmocka_unit_test(test_hysteresis),
    cmocka_unit_test(test_exact), cmocka_unit_test(test_tubes), cmocka_unit_test(test_tubes_of_stretched_values), cmocka_unit_test(test_local), cmocka_unit_test(test_local_of_odd_images), cmocka_unit_test(test_tubes_of_real_volumes), cmocka_unit_test(test_tubes_of_odd_images),
};
IMAGE_MAIN(tests)
