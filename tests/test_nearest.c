/* The nearest site against a plain search over all of them: dense, sparse and single sites, any shape of volume and voxel. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "masks.h"
#include "mem.h"
#include "nearest.h"

static struct vn_err err;

static uint8_t corner(int64_t x, int64_t y, int64_t z, int64_t p) { return (x + 2 * y + 3 * z) == p; }
static uint8_t none(int64_t x, int64_t y, int64_t z, int64_t p) { return (void)x, (void)y, (void)z, (void)p, 0; }

static void as_a_plain_search(int64_t nx, int64_t ny, int64_t nz, const double um[3], uint8_t (*f)(int64_t, int64_t, int64_t, int64_t), int64_t p, int64_t stride)
{
    struct vn_bits m;
    struct vn_nearest t;
    struct vn_near_hit last = { INFINITY, { 0, 0, 0 } };
    const double unit = fmin(um[0], fmin(um[1], um[2]));
    assert_int_equal(mask_bits(&m, nx, ny, nz, f, p), 0);
    assert_int_equal(vn_nearest_new(&m, um, &t, NULL, &err), 0);
    for (int64_t i = 0; i < nx * ny * nz; i += stride) {
        const int64_t at[3] = { i % nx, i / nx % ny, i / nx / ny };
        double best = INFINITY;
        for (int64_t z = 0; z < nz; z++)
            for (int64_t y = 0; y < ny; y++)
                for (int64_t x = 0; x < nx; x++)
                    if (f(x, y, z, p)) {
                        const double dx = (double)(x - at[0]) * um[0] / unit, dy = (double)(y - at[1]) * um[1] / unit, dz = (double)(z - at[2]) * um[2] / unit;
                        best = fmin(best, dx * dx + dy * dy + dz * dz);
                    }
        struct vn_near_hit fresh = { INFINITY, { 0, 0, 0 } };
        const double d = vn_nearest(&t, at, &last), expect = sqrt(best) * unit;
        assert_true(d == vn_nearest(&t, at, &fresh));          /* the same whatever was found before */
        if (isinf(expect) ? !isinf(d) : !(fabs(d - expect) <= 1e-12 * expect))
            fail_msg("%d,%d,%d: %.17g, not %.17g", (int)at[0], (int)at[1], (int)at[2], d, expect);
    }
    vn_nearest_free(&t);
    vn_bits_free(&m);
}

static void distances_are_those_of_a_plain_search(void **state)
{
    (void)state;
    const double um[3][3] = { { 1, 1, 1 }, { 0.35, 0.5, 1.3 }, { 5, 0.2, 1 } };
    for (int i = 0; i < 3; i++) {
        as_a_plain_search(70, 21, 19, um[i], mask_noise, 1, 31);
        as_a_plain_search(70, 21, 19, um[i], mask_noise, 30, 97);
        as_a_plain_search(67, 13, 17, um[i], mask_sheet, 3, 61);
        as_a_plain_search(131, 5, 3, um[i], corner, 0, 7);
        as_a_plain_search(65, 17, 6, um[i], corner, 64 + 2 * 16 + 3 * 5, 11);
        as_a_plain_search(1, 1, 90, um[i], corner, 3 * 77, 1);
        as_a_plain_search(5, 4, 3, um[i], none, 0, 1);
        as_a_plain_search(1, 1, 1, um[i], corner, 0, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(distances_are_those_of_a_plain_search) };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
