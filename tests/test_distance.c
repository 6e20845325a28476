/* test_distance.c - distance transform against all pairs of voxels; threads, faces, seeds, refusals. */
#include "binary.h"
#include <math.h>
#include "edt.h"

extern const struct vn_op vn_op_distance;

/* Squared distance by definition: from (x,y,z) to the nearest site; `closed`: voxels just outside are sites. */
static double all_pairs(const struct vn_buf *m, int64_t x, int64_t y, int64_t z, const double w[3], bool seeds, bool closed)
{
    const int64_t *n = m->box.hi, lo = closed ? -1 : 0, more = closed ? 1 : 0;
    double best = INFINITY;
    for (int64_t c = lo; c < n[2] + more; c++)
        for (int64_t b = lo; b < n[1] + more; b++)
            for (int64_t i = lo; i < n[0] + more; i++) {
                const bool in = i >= 0 && i < n[0] && b >= 0 && b < n[1] && c >= 0 && c < n[2];
                if (in && (*vox(m, i, b, c) != 0) != seeds)
                    continue;
                const double d = w[0] * (double)((i - x) * (i - x)) + w[1] * (double)((b - y) * (b - y)) + w[2] * (double)((c - z) * (c - z));
                best = d < best ? d : best;
            }
    return best;
}

static void equal_to_all_pairs(void **state)
{
    static const int64_t size[][3] = { { 1, 1, 1 }, { 23, 1, 1 }, { 1, 23, 1 }, { 1, 1, 23 }, { 7, 11, 13 }, { 35, 6, 5 }, { 3, 33, 4 } };
    static const int percent[] = { 0, 30, 80, 97, 100 };
    static const double um[][3] = { { 0, 0, 0 }, { .35, .35, .35 }, { 1, 1, 3 }, { .994, .994, 5 } };
    (void)state;
    for (size_t s = 0; s < VN_COUNT(size); s++)
        for (size_t p = 0; p < VN_COUNT(percent); p++)
            for (size_t u = 0; u < VN_COUNT(um); u++) {
                struct vn_buf m = new_buf(VN_U8, size[s][0], size[s][1], size[s][2]), d = new_buf(VN_F64, size[s][0], size[s][1], size[s][2]);
                const bool exact = u < 3;
                double w[3];
                for (int k = 0; k < 3; k++)
                    w[k] = u == 0 || u == 1 ? 1 : um[u][k] * um[u][k];
                random_mask(&m, percent[p], 1 + (int)u % 3, s * 31 + p);
                for (unsigned f = 0; f < 3; f++) {
                    const unsigned flag = f == 0 ? 0 : f == 1 ? VN_EDT_OPEN : VN_EDT_SEEDS;
                    assert_int_equal(vn_edt(&m, um[u], flag | VN_EDT_SQUARED, &d, NULL, &err), 0);
                    for (int64_t i = 0; i < (int64_t)count_of(&m); i++) {
                        const double want = all_pairs(&m, i % size[s][0], i / size[s][0] % size[s][1], i / size[s][0] / size[s][1], w, f == 2, f == 0);
                        const double got = ((double *)d.data)[i] / (u == 1 ? .35 * .35 : 1);
                        if (isinf(want) ? !isinf(got) : fabs(got - want) > (exact && u != 1 ? 0 : 1e-13 * want))
                            fail_msg("size %d percent %d um %d flags %u voxel %d: %.17g, not %.17g", (int)s, percent[p], (int)u, flag, (int)i, got, want);
                    }
                }
                vn_buf_free(&m);
                vn_buf_free(&d);
            }
}

static void f32_is_f64_rounded_on_any_number_of_threads(void **state)
{
    struct vn_buf m = new_buf(VN_U8, 70, 45, 38), wide = new_buf(VN_F64, 70, 45, 38), one = new_buf(VN_F32, 70, 45, 38), four = new_buf(VN_F32, 70, 45, 38);
    static const double um[3] = { .994, .994, 5 };
    (void)state;
    random_mask(&m, 85, 4, 5);
    for (unsigned f = 0; f < 8; f++) {
        assert_int_equal(vn_edt(&m, um, f, &wide, NULL, &err), 0);
        vn_job_set_threads(1);
        assert_int_equal(vn_edt(&m, um, f, &one, NULL, &err), 0);
        vn_job_set_threads(4);
        assert_int_equal(vn_edt(&m, um, f, &four, NULL, &err), 0);
        vn_job_set_threads(2);
        assert_memory_equal(one.data, four.data, count_of(&m) * 4);
        for (uint64_t i = 0; i < count_of(&m); i++)
            assert_true(((float *)one.data)[i] == (float)((double *)wide.data)[i]);
    }
    vn_buf_free(&m);
    vn_buf_free(&wide);
    vn_buf_free(&one);
    vn_buf_free(&four);
}

/* A ball of radius 9 in a box of 41: its centre is nearest to the voxels at distance sqrt(82) = |(9,1,0)|. */
static void ball_by_hand(void **state)
{
    struct vn_buf m = new_buf(VN_U8, 41, 41, 41);
    struct vn_vol *v, *out;
    struct vn_args a;
    (void)state;
    for (int64_t i = 0; i < 41 * 41 * 41; i++) {
        const int64_t x = i % 41 - 20, y = i / 41 % 41 - 20, z = i / 1681 - 20;
        u8(&m)[i] = x * x + y * y + z * z <= 81;
    }
    v = volume_of(&m, 2, 2, 2);
    assert_int_equal(run_op(&vn_op_distance, v, NULL, &out, &a, NULL), 0);
    struct vn_buf d = vn_vol_data(out);
    assert_int_equal(out->kind, VN_IMAGE);
    assert_true(((float *)d.data)[vn_buf_at(&d, 20, 20, 20)] == (float)(2 * sqrt(82)));
    assert_true(((float *)d.data)[vn_buf_at(&d, 29, 20, 20)] == 2);
    assert_true(((float *)d.data)[vn_buf_at(&d, 30, 20, 20)] == 0);
    vn_args_free(&a);
    vn_vol_unref(out);
    assert_int_equal(run_op(&vn_op_distance, v, NULL, &out, &a, (const char *const[]){ "to=mask", NULL }), 0);
    d = vn_vol_data(out);
    assert_true(((float *)d.data)[vn_buf_at(&d, 40, 20, 20)] == 22);              /* 11 voxels */
    vn_args_free(&a);
    vn_vol_unref(out);
    vn_vol_unref(v);
    vn_buf_free(&m);
}

/* Foreground everywhere: the outside is background one step beyond the face, or unknown. */
static void what_lies_outside(void **state)
{
    struct vn_buf m = new_buf(VN_U8, 5, 9, 9), d = new_buf(VN_F32, 5, 9, 9);
    static const double none[3] = { 0, 0, 0 }, bad[3] = { 1, 0, 1 };
    (void)state;
    memset(m.data, 1, count_of(&m));
    assert_int_equal(vn_edt(&m, none, 0, &d, NULL, &err), 0);
    assert_true(((float *)d.data)[vn_buf_at(&d, 2, 4, 4)] == 3 && ((float *)d.data)[0] == 1);
    assert_int_equal(vn_edt(&m, none, VN_EDT_OPEN, &d, NULL, &err), 0);
    assert_true(isinf(((float *)d.data)[0]));
    assert_int_equal(vn_edt(&m, none, VN_EDT_SEEDS, &d, NULL, &err), 0);
    assert_true(((float *)d.data)[0] == 0);
    assert_int_equal(vn_edt(&m, bad, 0, &d, NULL, &err), VN_E_ARG);
    vn_buf_free(&m);
    vn_buf_free(&d);
    m = new_buf(VN_U8, 65535, 1, 1);
    d = new_buf(VN_F32, 65535, 1, 1);
    assert_int_equal(vn_edt(&m, none, 0, &d, NULL, &err), VN_E_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "65534"));
    vn_buf_free(&m);
    vn_buf_free(&d);
    m = new_buf(VN_U8, 65534, 1, 1);
    d = new_buf(VN_F32, 65534, 1, 1);
    u8(&m)[0] = 1;
    assert_int_equal(vn_edt(&m, none, VN_EDT_SEEDS, &d, NULL, &err), 0);          /* the longest distance there is */
    assert_true(((float *)d.data)[65533] == 65533);
    vn_buf_free(&m);
    vn_buf_free(&d);
}

static void memory_failures_leave_nothing(void **state)
{
    struct vn_buf m = new_buf(VN_U8, 20, 20, 20), d = new_buf(VN_F64, 20, 20, 20);
    static const double none[3] = { 0, 0, 0 };
    int rc = -1;
    (void)state;
    vn_job_set_threads(1);
    for (long k = 1; k < 200 && rc; k++) {
        vn_mem_fail_at(k);
        rc = vn_edt(&m, none, 0, &d, NULL, &err);
        vn_mem_fail_at(0);
        assert_true(rc == 0 || rc == VN_E_MEMORY);
    }
    assert_int_equal(rc, 0);
    vn_job_set_threads(2);
    vn_buf_free(&m);
    vn_buf_free(&d);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(equal_to_all_pairs), cmocka_unit_test(f32_is_f64_rounded_on_any_number_of_threads), cmocka_unit_test(ball_by_hand),
    cmocka_unit_test(what_lies_outside), cmocka_unit_test(memory_failures_leave_nothing),
};
MAIN_OF(tests)
