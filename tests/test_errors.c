/* Errors told apart on a row of voxels by hand, against a plain search on sheets, and as a map. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "errors.h"
#include "masks.h"
#include "mem.h"

static struct vn_err err;

static uint8_t run(int64_t x, int64_t y, int64_t z, int64_t p) { return y == 2 && z == 3 && x >= p / 1000 && x < p % 1000; }

static void counts(int64_t pred, int64_t truth, int border, uint64_t missed, uint64_t fals, uint64_t over, uint64_t under)
{
    struct vn_bits p, t;
    struct vn_errors e;
    assert_int_equal(mask_bits(&p, 130, 5, 6, run, pred), 0);
    assert_int_equal(mask_bits(&t, 130, 5, 6, run, truth), 0);
    assert_int_equal(vn_errors_make(&p, &t, border, &e, NULL, &err), 0);
    assert_int_equal(vn_bits_count(&e.of[VN_MISSED]), missed);
    assert_int_equal(vn_bits_count(&e.of[VN_FALSE]), fals);
    assert_int_equal(vn_bits_count(&e.of[VN_OVER]), over);
    assert_int_equal(vn_bits_count(&e.of[VN_UNDER]), under);
    vn_errors_free(&e);
    vn_bits_free(&p);
    vn_bits_free(&t);
}

static void a_row_by_hand(void **state)
{
    (void)state;
    counts(62067, 64070, 1, 2, 1, 1, 1);          /* 62 false, 63 over, 67 under, 68 and 69 missed: across two words */
    counts(62067, 64070, 2, 1, 0, 2, 2);
    counts(62067, 64070, 0, 3, 2, 0, 0);
    counts(0, 64070, 1, 6, 0, 0, 0);
    counts(120130, 0, 3, 0, 10, 0, 0);
    counts(125130, 0, 1, 0, 5, 0, 0);
    counts(0, 0, 1, 0, 0, 0, 0);
    counts(130, 130, 1, 0, 0, 0, 0);
}

/* Is a voxel within `border` voxels of one that is set? */
static bool close_by(uint8_t (*f)(int64_t, int64_t, int64_t, int64_t), int64_t p, int64_t x, int64_t y, int64_t z, int border)
{
    for (int64_t w = z - border; w <= z + border; w++)
        for (int64_t v = y - border; v <= y + border; v++)
            for (int64_t u = x - border; u <= x + border; u++)
                if (u >= 0 && u < 71 && v >= 0 && v < 23 && w >= 0 && w < 17 && f(u, v, w, p))
                    return true;
    return false;
}

static void a_map_as_a_plain_search_gives_it(void **state)
{
    (void)state;
    for (int border = 1; border < 4; border++) {
        struct vn_bits p, t;
        struct vn_errors e;
        struct vn_buf map = { 0 };
        assert_int_equal(mask_bits(&p, 71, 23, 17, mask_sheet, 3), 0);
        assert_int_equal(mask_bits(&t, 71, 23, 17, mask_sheet, 11), 0);
        assert_int_equal(vn_errors_make(&p, &t, border, &e, NULL, &err), 0);
        assert_int_equal(vn_buf_new(&map, VN_U8, &p.box, &err), 0);
        assert_int_equal(vn_errors_map(&e, &map, NULL, &err), 0);
        int seen[VN_N_ERROR] = { 0 };
        for (int64_t z = 0; z < 17; z++)
            for (int64_t y = 0; y < 23; y++)
                for (int64_t x = 0; x < 71; x++) {
                    const bool a = mask_sheet(x, y, z, 3), b = mask_sheet(x, y, z, 11);
                    const int expect = a == b ? 0 : a ? close_by(mask_sheet, 11, x, y, z, border) ? VN_OVER : VN_FALSE
                                                      : close_by(mask_sheet, 3, x, y, z, border) ? VN_UNDER : VN_MISSED;
                    assert_int_equal(((uint8_t *)map.data)[vn_buf_at(&map, x, y, z)], expect);
                    seen[expect]++;
                }
        assert_true(seen[VN_OVER] && seen[VN_UNDER] && (border > 1 || (seen[VN_FALSE] && seen[VN_MISSED])));
        vn_buf_free(&map);
        vn_errors_free(&e);
        vn_bits_free(&p);
        vn_bits_free(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_row_by_hand), cmocka_unit_test(a_map_as_a_plain_search_gives_it) };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
