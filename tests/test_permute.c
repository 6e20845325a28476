/* Permutation test: against counts by visiting every split (Python itertools), ties, Monte Carlo, threads. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "mem.h"
#include "permute.h"

static void counts_every_split(void **state)
{
    (void)state;
    struct vn_err err;
    struct vn_permuted p;
    const double clear[] = { 412.3, 398.1, 431.9, 405.2, 388.7, 301.5, 322.8, 289.4, 310.6, 340.2 };
    assert_int_equal(vn_permute(clear, 5, 5, 1, 0, &p, NULL, &err), 0);
    assert_true(p.exact);
    assert_int_equal(p.splits, 252);
    assert_float_equal(p.p, 2.0 / 252, 1e-15);
    const double ties[] = { 1, 2, 2, 3, 5, 8, 2, 3, 3, 4, 9, 9, 12 };
    assert_int_equal(vn_permute(ties, 6, 7, 1, 0, &p, NULL, &err), 0);
    assert_int_equal(p.splits, 1716);
    assert_float_equal(p.p, 0.213286713287, 1e-12);
    const double uneven[] = { .82, .91, 1.03, .77, .95, 1.1, .88, .99, .80, .75, .92, .70, .85, .78 };
    assert_int_equal(vn_permute(uneven, 8, 6, 1, 0, &p, NULL, &err), 0);
    assert_float_equal(p.p, 0.031635031635, 1e-12);
    const double flat[] = { 3, 3, 3, 3, 3 };
    assert_int_equal(vn_permute(flat, 2, 3, 1, 0, &p, NULL, &err), 0);
    assert_float_equal(p.p, 1, 0);
}

/* x[i] = (7919 i mod 101) / 10, + 1.5 in the second dozen: counted in Python over all 2,704,156 splits. */
static void twelve_against_twelve(void **state)
{
    (void)state;
    struct vn_err err;
    struct vn_permuted p;
    double x[24];
    for (int i = 0; i < 24; i++)
        x[i] = i * 7919 % 101 / 10.0 + (i < 12 ? 0 : 1.5);
    assert_int_equal(vn_permute(x, 12, 12, 1, 0, &p, NULL, &err), 0);
    assert_int_equal(p.splits, 2704156);
    assert_int_equal(llround(p.p * 2704156), 101966);
    for (int i = 0; i < 24; i++)
        x[i] = 1e6 + i / 8.0;
    assert_int_equal(vn_permute(x, 12, 12, 1, 0, &p, NULL, &err), 0);
    assert_int_equal(llround(p.p * 2704156), 2);                /* the smallest p there is, far from zero too */
}

static void draws_when_there_are_too_many_splits(void **state)
{
    (void)state;
    struct vn_err err;
    struct vn_permuted a, b;
    double x[80];
    for (int i = 0; i < 80; i++)
        x[i] = i * 37 % 41 * 0.5 + (i < 40 ? 0 : 1.5);
    vn_job_set_threads(1);
    assert_int_equal(vn_permute(x, 40, 40, 7, 3, &a, NULL, &err), 0);
    vn_job_set_threads(4);
    assert_int_equal(vn_permute(x, 40, 40, 7, 3, &b, NULL, &err), 0);
    assert_false(a.exact);
    assert_int_equal(a.splits, VN_PERMUTE_DRAWS);
    assert_true(a.p == b.p);
    /* Normal theory: sd of the mean difference over permutations is s sqrt(1/40 + 1/40) with s^2 of all 80 values. */
    double mean = 0, var = 0, d = 0;
    for (int i = 0; i < 80; i++)
        mean += x[i] / 80;
    for (int i = 0; i < 80; i++) {
        var += (x[i] - mean) * (x[i] - mean) / 79;
        d += (i < 40 ? -1 : 1) * x[i] / 40;
    }
    const double p = erfc(fabs(d) / sqrt(var / 20) / sqrt(2));
    assert_true(fabs(a.p - p) < 0.01);
}

/* Two against many is counted, not drawn: one pair of 45 is as far out as the observed. */
static void small_groups_are_counted(void **state)
{
    (void)state;
    struct vn_err err;
    struct vn_permuted p;
    double x[300];
    for (int i = 0; i < 300; i++)
        x[i] = i < 2 ? 100 + i : i % 7;
    assert_int_equal(vn_permute(x, 2, 298, 1, 0, &p, NULL, &err), 0);
    assert_true(p.exact);
    assert_int_equal(p.splits, 300 * 299 / 2);
    assert_float_equal(p.p, 1.0 / 44850, 1e-15);
    double y[10] = { 9, 8, 0, 0, 0, 0, 0, 0, 0, 0 };
    assert_int_equal(vn_permute(y, 2, 8, 1, 0, &p, NULL, &err), 0);
    assert_float_equal(p.p, 1.0 / 45, 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_every_split), cmocka_unit_test(twelve_against_twelve),
        cmocka_unit_test(draws_when_there_are_too_many_splits), cmocka_unit_test(small_groups_are_counted),
    };
    struct vn_err err;
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
