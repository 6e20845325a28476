/* Diameters along vessels: tubes of known width, how much each counts, blocks, threads, nothing found. */
#include "image.h"
#include <math.h>
#include "found.h"
#include "job.h"
#include "mem.h"

struct tube { double at[3], along[3], diameter; };     /* a point of its axis, in voxels; units as the voxel size */

/* 1 within half the diameter of an axis, else 0. */
static struct vn_vol *tubes(const int64_t dim[3], const double um[3], const struct tube *t, int n)
{
    const struct vn_box box = { { 0, 0, 0 }, { dim[0], dim[1], dim[2] } };
    struct vn_grid g = { .dim = { dim[0], dim[1], dim[2] }, .um = { um[0], um[1], um[2] } };
    struct vn_vol *v = vn_vol_new(VN_PROB, VN_F32, &g, &box, &err);
    assert_non_null(v);
    struct vn_buf b = vn_vol_data(v);
    for (int64_t z = 0; z < dim[2]; z++)
        for (int64_t y = 0; y < dim[1]; y++)
            for (int64_t x = 0; x < dim[0]; x++) {
                float p = 0;
                for (int i = 0; i < n; i++) {
                    const double c[3] = { (double)x, (double)y, (double)z };
                    double aa = 0, ad = 0, dd = 0;
                    for (int k = 0; k < 3; k++) {
                        const double u = um[k] > 0 ? um[k] : 1, d = (c[k] - t[i].at[k]) * u;
                        aa += t[i].along[k] * t[i].along[k];
                        ad += t[i].along[k] * d;
                        dd += d * d;
                    }
                    p = dd - ad * ad / aa <= 0.25 * t[i].diameter * t[i].diameter ? 1.0f : p;
                }
                ((float *)b.data)[vn_buf_at(&b, x, y, z)] = p;
            }
    return v;
}

struct ask { struct vn_vol *v; struct vn_diameters d; };
static int ask(void *ctx, struct vn_job *j, struct vn_err *e)
{
    struct ask *a = ctx;
    return vn_diameters(a->v, &a->d, j, e);
}

static struct vn_diameters of(struct vn_vol *v)
{
    struct ask a = { .v = v };
    assert_int_equal(vn_job_run(VN_BULK, "diameters", ask, &a, NULL, &err), 0);
    return a.d;
}

static const double NONE[3] = { 0 }, ONE[3] = { 1, 1, 1 };

/* A voxelised section is off by up to about a quarter of a voxel on either side, wherever its axis lies; one of a few voxels
 * by half a voxel. */
static void test_width(void **state)
{
    (void)state;
    static const double along[][3] = { { 1, 0, 0 }, { 0, 0, 1 }, { 1, 1, 0 }, { 1, 2, 3 }, { 0, 3, 1 } };
    static const double width[] = { 2, 3, 4, 8, 16 };
    const int64_t dim[3] = { 64, 64, 64 };
    for (size_t w = 0; w < VN_COUNT(width); w++)
        for (size_t i = 0; i < VN_COUNT(along); i++)
            for (int half = 0; half < 2; half++) {
                const struct tube t = { { 32 + 0.5 * half, 31, 32 + 0.3 * half }, { along[i][0], along[i][1], along[i][2] }, width[w] };
                struct vn_vol *v = tubes(dim, NONE, &t, 1);
                const struct vn_diameters d = of(v);
                assert_true(d.n > 20);
                const bool square = i < 2;             /* the others leave the volume askew, where they are mirrored */
                const double within = width[w] < 4 ? 1 : 0.5;
                if (!(fabs(d.median - width[w]) <= within && (!square || fabs(d.high - width[w]) <= within)))
                    fail_msg("%g along %g %g %g: %g %g %g", width[w], along[i][0], along[i][1], along[i][2], d.low, d.median, d.high);
                vn_vol_unref(v);
            }
}

/* The unit is um; coarse planes. */
static void test_unit(void **state)
{
    (void)state;
    const int64_t dim[3] = { 64, 64, 24 };
    const double um[3] = { 0.5, 0.5, 1.5 };
    static const double along[][3] = { { 1, 0, 0 }, { 1, 1, 0 }, { 0, 0, 1 } };
    for (size_t i = 0; i < VN_COUNT(along); i++) {
        const struct tube t = { { 32, 32, 12 }, { along[i][0], along[i][1], along[i][2] }, 6 };
        struct vn_vol *v = tubes(dim, um, &t, 1);
        const struct vn_diameters d = of(v);
        if (!(fabs(d.median - 6) <= 0.5))
            fail_msg("along %g %g %g: %g %g %g", along[i][0], along[i][1], along[i][2], d.low, d.median, d.high);
        vn_vol_unref(v);
    }
}

/* Slices 3 and 5 times as far apart as voxels are wide.  Along the axes the expected section is counted: the circle as large
 * as that of the mask, to half a voxel.  In other directions the section cuts slices wherever it does: the mean over them is
 * the tube's width to a quarter of a voxel, and each to half of what a voxel measures across. */
static void test_coarse(void **state)
{
    (void)state;
    static const double along[][3] = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 }, { 1, 1, 0 }, { 1, 0, 1 }, { 0, 1, 1 }, { 1, 1, 1 },
                                       { 1, 2, 3 }, { 3, 1, 2 }, { 2, -1, 0.7 }, { -0.3, 1, 0.4 }, { 0.2, 0.3, 1 }, { 1, 0.1, 0.15 } };
    static const double width[] = { 6, 8, 12, 16 };
    for (int coarse = 3; coarse <= 5; coarse += 2)
        for (size_t w = 0; w < VN_COUNT(width); w++) {
            const double um[3] = { 1, 1, coarse };
            const int64_t dim[3] = { 64, 64, 64 / coarse };
            double sum = 0;
            for (size_t i = 0; i < VN_COUNT(along); i++) {
                const struct tube t = { { 32, 31, (double)(dim[2] / 2) }, { along[i][0], along[i][1], along[i][2] }, width[w] };
                struct vn_vol *v = tubes(dim, um, &t, 1);
                const struct vn_diameters d = of(v);
                double expected = width[w], within = 0.5 * sqrt((1 + coarse * coarse) / 2.0);
                if (i < 3) {
                    const struct vn_buf b = vn_vol_data(v);
                    int64_t n = 0;
                    for (int64_t j = 0; j < 64 * 64 * dim[2]; j++)
                        n += ((const float *)b.data)[j] > 0;
                    expected = 2 * sqrt((double)n / (double)dim[i] * (i == 2 ? 1 : coarse) / M_PI);
                    within = 0.5;
                }
                sum += d.median - width[w];
                if (!(fabs(d.median - expected) <= within))
                    fail_msg("%g, slices of %d, along %g %g %g: %g %g %g, not %g", width[w], coarse, along[i][0], along[i][1], along[i][2],
                             d.low, d.median, d.high, expected);
                vn_vol_unref(v);
            }
            if (!(fabs(sum / VN_COUNT(along)) <= 0.25))
                fail_msg("%g, slices of %d: off by %g", width[w], coarse, sum / VN_COUNT(along));
        }
}

/* Specks beside a vessel do not count; its ends do. */
static void test_specks(void **state)
{
    (void)state;
    const int64_t dim[3] = { 64, 64, 24 };
    for (int coarse = 1; coarse <= 5; coarse += 4) {
        const double um[3] = { 1, 1, coarse };
        const struct tube t = { { 32, 32, 12 }, { 1, 0, 0 }, 8 };
        struct vn_vol *v = tubes(dim, um, &t, 1);
        const struct vn_buf b = vn_vol_data(v);
        const struct vn_diameters clear = of(v);
        int n = 0;
        for (int64_t z = 2; z < 24; z += 20)
            for (int64_t y = 4; y < 64; y += 8)
                for (int64_t x = 4; x < 56; x += 8, n++)       /* one voxel, or two */
                    for (int64_t i = 0; i <= (x >> 3 & 1); i++)
                        ((float *)b.data)[vn_buf_at(&b, x + i, y, z)] = 1;
        assert_int_equal(n, 2 * 8 * 7);
        const struct vn_diameters d = of(v);
        assert_memory_equal(&d, &clear, sizeof d);
        vn_vol_unref(v);
    }
}

/* Nine thin tubes and one wide one: a tenth of the length is wide, also where blocks are cut out of a larger volume. */
static void test_quantiles(void **state)
{
    (void)state;
    struct tube t[10];
    for (int edge = 96; edge <= 192; edge += 96) {
        const int64_t dim[3] = { edge, edge, edge };
        for (int i = 0; i < 10; i++)
            t[i] = (struct tube){ { 0, (i % 3) * edge / 4 + edge / 8.0, (i / 3) * edge / 4 + edge / 8.0 }, { 1, 0, 0 }, i == 9 ? 12 : 5 };
        struct vn_vol *v = tubes(dim, ONE, t, 10);
        const struct vn_diameters d = of(v);
        assert_true(fabs(d.low - 5) <= 0.5);
        assert_true(fabs(d.median - 5) <= 0.5);
        if (edge == 96)
            assert_true(fabs(d.high - 12) <= 0.5);
        assert_true(d.beyond == 0);
        assert_int_equal(vn_job_init(1, &err), 0);
        const struct vn_diameters one = of(v);
        assert_memory_equal(&one, &d, sizeof d);
        assert_int_equal(vn_job_init(4, &err), 0);
        vn_vol_unref(v);
    }
}

/* A tube of p = 0.6 does not count: hysteresis takes it off.  With 0.7 in places it does. */
static void test_faint(void **state)
{
    (void)state;
    const int64_t dim[3] = { 64, 64, 64 };
    const struct tube t[2] = { { { 0, 16, 16 }, { 1, 0, 0 }, 6 }, { { 0, 44, 44 }, { 1, 0, 0 }, 12 } };
    for (int places = 0; places < 2; places++) {
        struct vn_vol *v = tubes(dim, ONE, t, 2);
        const struct vn_buf b = vn_vol_data(v);
        for (int64_t z = 30; z < 64; z++)
            for (int64_t y = 30; y < 64; y++)
                for (int64_t x = 0; x < 64; x++)
                    ((float *)b.data)[vn_buf_at(&b, x, y, z)] *= places && x % 8 == 0 ? 0.7f : 0.6f;
        const struct vn_diameters d = of(v);
        assert_true(fabs(d.low - 6) <= 0.5 && fabs(d.high - (places ? 12 : 6)) <= 0.5);
        vn_vol_unref(v);
    }
}

/* Wider than the blocks; in a slab that is seen whole. */
static void test_wide(void **state)
{
    (void)state;
    const int64_t slab[3] = { 512, 256, 4 };
    const struct tube thick = { { 0, 128, 1.5 }, { 1, 0, 0 }, 100 };
    struct vn_vol *s = tubes(slab, NONE, &thick, 1);
    const struct vn_diameters all = of(s);
    assert_true(fabs(all.median - 100) <= 1 && all.beyond == 0);
    vn_vol_unref(s);
    const int64_t dim[3] = { 160, 160, 160 };
    const struct tube t = { { 80, 80, 80 }, { 1, 0, 0 }, 100 };
    struct vn_vol *v = tubes(dim, NONE, &t, 1);
    const struct vn_diameters d = of(v);
    if (!(d.beyond > 30 && d.beyond <= 100))
        fail_msg("%g, %g", d.beyond, d.high);
    vn_vol_unref(v);
}

static void test_odd(void **state)
{
    (void)state;
    const struct tube t = { { 10, 10, 0 }, { 1, 0, 0 }, 8 };
    static const int64_t dims[][3] = { { 40, 30, 1 }, { 1, 1, 1 }, { 40, 1, 1 }, { 20, 20, 20 } };
    for (size_t i = 0; i < VN_COUNT(dims); i++)
        for (int n = 0; n < 2; n++) {
            struct vn_vol *v = tubes(dims[i], NONE, &t, n);
            const struct vn_diameters d = of(v);
            assert_true(d.n > 0 ? d.low > 0 && d.low <= d.median && d.median <= d.high : isnan(d.median) && d.beyond == 0);
            if (n == 0)
                assert_int_equal(d.n, 0);
            if (n && i == 0)
                assert_true(fabs(d.median - 9) <= 0.5);        /* 9 rows */
            struct vn_buf b = vn_vol_data(v);
            for (uint64_t j = 0; j < vn_box_count(&v->box); j++)
                ((float *)b.data)[j] = n ? 1.0f : NAN;
            const struct vn_diameters all = of(v);             /* no background; not a number */
            assert_int_equal(all.n, 0);
            vn_vol_unref(v);
        }
}

static void test_memory(void **state)
{
    (void)state;
    const int64_t dim[3] = { 64, 64, 64 };
    const struct tube t = { { 32, 32, 32 }, { 1, 0, 0 }, 8 };
    struct ask a = { .v = tubes(dim, NONE, &t, 1) };
    const long before = vn_mem_n_alloc();
    of(a.v);
    const long n = vn_mem_n_alloc() - before;
    for (long i = 1; i <= n; i++) {
        vn_mem_fail_at(i);
        const int rc = vn_job_run(VN_BULK, "diameters", ask, &a, NULL, &err);
        assert_true(rc == 0 || rc == VN_E_MEMORY);
    }
    vn_mem_fail_at(0);
    vn_vol_unref(a.v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_width), cmocka_unit_test(test_unit), cmocka_unit_test(test_coarse), cmocka_unit_test(test_specks), cmocka_unit_test(test_faint),
        cmocka_unit_test(test_quantiles), cmocka_unit_test(test_wide),
        cmocka_unit_test(test_odd), cmocka_unit_test(test_memory),
    };
    vn_mem_init(0);
    if (vn_job_init(4, &err))
        return 1;
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
