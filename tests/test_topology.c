/* Betti numbers: by hand on small shapes, and on masks whose numbers cc3d (components) and scikit-image (Euler
 * characteristic, connectivity 3) gave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "topology.h"
#include "masks.h"
#include "mem.h"

static uint8_t shell(int64_t x, int64_t y, int64_t z, int64_t s)      /* a box of edge 5 with a hollow centre */
{
    (void)s;
    return !(x == 2 && y == 2 && z == 2);
}
static uint8_t ring(int64_t x, int64_t y, int64_t z, int64_t s)       /* a square ring in one plane */
{
    (void)s;
    return z == 1 && (x == 0 || x == 4 || y == 0 || y == 4);
}
static uint8_t corner_pair(int64_t x, int64_t y, int64_t z, int64_t s) { return (void)s, x == y && y == z && x < 2; }
static uint8_t empty(int64_t x, int64_t y, int64_t z, int64_t s) { return (void)x, (void)y, (void)z, (void)s, 0; }

static void assert_betti(const struct vn_bits *m, int64_t b0, int64_t b1, int64_t b2)
{
    struct vn_err err;
    struct vn_betti b;
    assert_int_equal(vn_betti(m, &b, NULL, &err), 0);
    assert_int_equal(b.b0, b0);
    assert_int_equal(b.b1, b1);
    assert_int_equal(b.b2, b2);
}

static void shapes_by_hand(void **state)
{
    (void)state;
    struct vn_bits m;
    const struct { uint8_t (*f)(int64_t, int64_t, int64_t, int64_t); int64_t b[3]; } shape[] = {
        { shell, { 1, 0, 1 } }, { ring, { 1, 1, 0 } }, { corner_pair, { 1, 0, 0 } }, { empty, { 0, 0, 0 } },
    };
    for (size_t i = 0; i < VN_COUNT(shape); i++) {
        assert_int_equal(mask_bits(&m, 5, 5, 5, shape[i].f, 0), 0);
        assert_betti(&m, shape[i].b[0], shape[i].b[1], shape[i].b[2]);
        vn_bits_free(&m);
    }
    struct vn_err err;
    int64_t n = 0;
    assert_int_equal(mask_bits(&m, 5, 5, 5, corner_pair, 0), 0);
    assert_int_equal(vn_bits_components(&m, 6, &n, NULL, &err), 0);
    assert_int_equal(n, 2);                                            /* a corner does not join by faces */
    vn_bits_free(&m);
}

/* cc3d.connected_components(m, 26) and (~pad(m), 6), skimage.measure.euler_number(m, 3); b1 by b0 + b2 - chi. */
static const struct { int64_t d[3], p, n, b0, b1, b2, chi; } noise[] = {
    { { 33, 20, 17 }, 10, 1176, 189, 40, 0, 149 },     { { 33, 20, 17 }, 30, 3387, 5, 1014, 2, -1007 },
    { { 33, 20, 17 }, 60, 6752, 1, 346, 213, -132 },   { { 33, 20, 17 }, 90, 10116, 1, 0, 591, 592 },
    { { 130, 7, 5 }, 10, 452, 128, 10, 0, 118 },       { { 130, 7, 5 }, 30, 1291, 11, 209, 2, -196 },
    { { 130, 7, 5 }, 60, 2618, 2, 191, 31, -158 },     { { 130, 7, 5 }, 90, 4088, 1, 0, 125, 126 },
    { { 1, 1, 1 }, 10, 1, 1, 0, 0, 1 },                { { 64, 1, 3 }, 10, 17, 3, 0, 0, 3 },
    { { 64, 1, 3 }, 30, 54, 4, 0, 0, 4 },              { { 64, 1, 3 }, 60, 126, 3, 2, 0, 1 },
    { { 64, 1, 3 }, 90, 178, 1, 5, 0, -4 },            { { 65, 40, 35 }, 10, 9304, 1261, 395, 0, 866 },
    { { 65, 40, 35 }, 30, 27489, 17, 9160, 33, -9110 }, { { 65, 40, 35 }, 60, 54727, 1, 2786, 1887, -898 },
    { { 65, 40, 35 }, 90, 82004, 1, 2, 5668, 5667 },
};

static void noise_as_cc3d_and_skimage_count(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 4; threads += 3) {
        vn_job_set_threads(threads);
        for (size_t i = 0; i < VN_COUNT(noise); i++) {
            struct vn_bits m;
            struct vn_err err;
            int64_t chi;
            assert_int_equal(mask_bits(&m, noise[i].d[0], noise[i].d[1], noise[i].d[2], mask_noise, noise[i].p), 0);
            assert_int_equal(vn_bits_count(&m), noise[i].n);
            assert_int_equal(vn_bits_euler(&m, &chi, NULL, &err), 0);
            assert_int_equal(chi, noise[i].chi);
            assert_betti(&m, noise[i].b0, noise[i].b1, noise[i].b2);
            vn_bits_free(&m);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(shapes_by_hand), cmocka_unit_test(noise_as_cc3d_and_skimage_count) };
    struct vn_err err;
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
