/* test_labelstats.c - sizes, places, shapes and grey values of labels: against numpy and scikit-image, by hand, many labels. */
#include "image.h"
#include "labelstats.h"

static uint32_t label_at(int64_t x, int64_t y, int64_t z) { return (x * y + z) % 3 ? (uint32_t)(1 + (x / 4 + 3 * (y / 5) + 7 * (z / 3)) * 1000) : 0; }
static float value_at(int64_t x, int64_t y, int64_t z) { return (float)((x * 31 + y * 17 + z * 53) % 101); }

static struct vn_vol *labels_new(int64_t nx, int64_t ny, int64_t nz, enum vn_kind kind, uint32_t (*f)(int64_t, int64_t, int64_t))
{
    const struct vn_grid g = { .dim = { nx, ny, nz }, .um = { 2, 1.5, 0.5 } };
    const struct vn_box b = box6(0, nx, 0, ny, 0, nz);
    struct vn_vol *v = vn_vol_new(kind, VN_U32, &g, &b, &err);
    assert_non_null(v);
    uint32_t *p = vn_vol_data(v).data;
    for (int64_t i = 0; i < nx * ny * nz; i++)
        p[i] = f(i % nx, i / nx % ny, i / nx / ny);
    return v;
}

static const struct vn_label_stat *find(const struct vn_label_stats *s, uint32_t label)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->of[i].label == label)
            return &s->of[i];
    fail_msg("label %u is missing", label);
    return NULL;
}

static bool near(double a, double b) { return fabs(a - b) <= 1e-9 * (1 + fabs(b)); }

/* numpy (sums, std, eigenvalues of the covariance); scikit-image's regionprops gives the same axes. */
static void equals_numpy(void **state)
{
    static const struct { uint32_t label; uint64_t n; double centre[3]; int lo[3], hi[3]; double axis[3], sum, mean, sd, min, max; } want[] = {
        { 1, 40, { 1.5, 2, 1.275 }, { 0, 0, 0 }, { 4, 5, 3 }, { 10.000032091645538, 9.487595077002572, 1.5753643454439012 },
          2085, 52.125, 28.802072408075084, 0, 99 },
        { 8001, 64, { 7, 5.375, 3.015625 }, { 4, 0, 0 }, { 12, 13, 6 }, { 35.22117419657419, 9.560624390153254, 1.8790632724466485 },
          3200, 50, 31.079535067307553, 0, 98 },
        { 23001, 48, { 11.520833333333334, 6.520833333333333, 8.4375 }, { 8, 0, 6 }, { 16, 13, 11 },
          { 35.94269606906725, 9.387044799307686, 1.4912649552955273 }, 2418, 50.375, 30.881915554792474, 1, 100 },
        { 31001, 4, { 16, 10.75, 9.5 }, { 16, 10, 9 }, { 17, 13, 11 }, { 5.572741911474837, 1.0639772497999138, 0 },
          184, 46, 25.0499500997507, 18, 85 },
    };
    struct vn_vol *v = labels_new(17, 13, 11, VN_LABELS, label_at), *g = image_new(VN_IMAGE, 17, 13, 11, 0, value_at);
    (void)state;
    for (int threads = 1; threads <= 4; threads += 3) {
        struct vn_label_stats s;
        vn_job_set_threads(threads);
        assert_int_equal(vn_label_stats(v, g, &v->box, &s, NULL, &err), 0);
        assert_int_equal(s.count, 32);
        for (uint32_t i = 1; i < s.count; i++)
            assert_true(s.of[i - 1].label < s.of[i].label);
        for (size_t i = 0; i < VN_COUNT(want); i++) {
            const struct vn_label_stat *r = find(&s, want[i].label);
            assert_int_equal(r->voxels, want[i].n);
            for (int k = 0; k < 3; k++) {
                assert_true(near(r->centre[k], want[i].centre[k]) && near(r->axis[k], want[i].axis[k]));
                assert_true(r->lo[k] == want[i].lo[k] && r->hi[k] == want[i].hi[k]);
            }
            assert_true(r->n == want[i].n && r->sum == want[i].sum && near(r->mean, want[i].mean) && near(r->sd, want[i].sd));
            assert_true(r->min == want[i].min && r->max == want[i].max);
        }
        vn_label_stats_free(&s);
    }
    vn_job_set_threads(2);
    vn_vol_unref(v);
    vn_vol_unref(g);
}

static uint32_t bar(int64_t x, int64_t y, int64_t z) { return y == 1 && z == 1 && x >= 2 ? 200 + (uint32_t)x : 0; }
static float holes(int64_t x, int64_t y, int64_t z) { (void)y; (void)z; return x == 3 ? NAN : x == 4 ? INFINITY : (float)x + 1e6f; }

/* A mask is one label whatever its values; a region counts alone; what is not finite is left out. Bar x = 2..5 of the region. */
static void by_hand(void **state)
{
    struct vn_vol *v = labels_new(9, 3, 4, VN_MASK, bar), *g = image_new(VN_IMAGE, 9, 3, 4, 0, holes);
    const struct vn_box box = box6(1, 6, 0, 3, 1, 3);
    struct vn_label_stats s;
    (void)state;
    assert_int_equal(vn_label_stats(v, g, &box, &s, NULL, &err), 0);
    assert_int_equal(s.count, 1);
    const struct vn_label_stat *r = s.of;
    assert_true(r->label == 1 && r->voxels == 4 && r->centre[0] == 3.5 && r->centre[1] == 1 && r->centre[2] == 1);
    assert_true(r->lo[0] == 2 && r->hi[0] == 6 && r->lo[2] == 1 && r->hi[2] == 2);
    assert_true(near(r->axis[0], 2 * sqrt(5 * 1.25 * 4)) && r->axis[1] == 0 && r->axis[2] == 0);      /* variance 1.25 voxels^2 */
    assert_true(r->n == 2 && r->sum == 2000007 && r->mean == 1000003.5 && r->sd == 1.5 && r->min == 1000002 && r->max == 1000005);
    vn_label_stats_free(&s);
    assert_int_equal(vn_label_stats(v, NULL, &box, &s, NULL, &err), 0);
    assert_true(s.of->n == 0 && isnan(s.of->mean) && isnan(s.of->max));
    vn_label_stats_free(&s);
    const struct vn_box empty = box6(0, 9, 0, 1, 0, 4);
    assert_int_equal(vn_label_stats(v, g, &empty, &s, NULL, &err), 0);
    assert_int_equal(s.count, 0);
    vn_label_stats_free(&s);
    vn_vol_unref(v);
    vn_vol_unref(g);
}

/* 125000 sparse labels of one voxel each, in an order that is not theirs: a volume of more than one slab. */
static uint32_t sparse(int64_t x, int64_t y, int64_t z)
{
    return x % 4 || y % 4 || z % 4 ? 0 : (uint32_t)((x / 4 + 50 * (y / 4) + 2500 * (z / 4)) * 2654435761u) | 1;
}

static void many_labels(void **state)
{
    struct vn_vol *v = labels_new(200, 200, 200, VN_LABELS, sparse);
    struct vn_label_stats s;
    uint64_t voxels = 0;
    (void)state;
    assert_int_equal(vn_label_stats(v, NULL, &v->box, &s, NULL, &err), 0);
    for (uint32_t i = 0; i < s.count; i++) {
        const struct vn_label_stat *r = &s.of[i];
        voxels += r->voxels;
        assert_true(i == 0 || r->label > r[-1].label);
        if (r->voxels == 1)
            assert_int_equal(sparse(r->lo[0], r->lo[1], r->lo[2]), r->label);
    }
    assert_int_equal(voxels, 125000);
    assert_true(s.count > 124000);                        /* the lowest bit is lost: few pairs of numbers fall together */
    vn_label_stats_free(&s);
    vn_vol_unref(v);
}

static void failing_allocations_are_reported(void **state)
{
    struct vn_vol *v = labels_new(17, 13, 11, VN_LABELS, label_at);
    struct vn_label_stats s;
    int failed = 0, rc = 1;
    (void)state;
    for (long n = 1; n < 100 && rc; n++) {
        vn_mem_fail_at(n);
        rc = vn_label_stats(v, NULL, &v->box, &s, NULL, &err);
        assert_true(rc == 0 || rc == VN_E_MEMORY);
        failed += rc != 0;
    }
    vn_mem_fail_at(0);
    assert_true(failed > 3 && rc == 0);
    vn_label_stats_free(&s);
    vn_vol_unref(v);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(equals_numpy), cmocka_unit_test(by_hand), cmocka_unit_test(many_labels), cmocka_unit_test(failing_allocations_are_reported),
};
IMAGE_MAIN(tests)
