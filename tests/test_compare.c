/* Group statistics: against scipy.stats 1.x (ttest_ind equal_var=False, mannwhitneyu, bootstrap BCa with 400,000 resamples,
 * false_discovery_control, nct), and the share of false positives on null cohorts. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "compare.h"
#include "mem.h"
#include "vox.h"

static const struct {
    int n1, n2;
    double x[16], diff, g, perm, mw, welch, df, welch_ci[2], bca[2], bca_tol;
} cases[] = {
    { 5, 5, { 412.3, 398.1, 431.9, 405.2, 388.7, 301.5, 322.8, 289.4, 310.6, 340.2 }, -94.34, -4.73030205821, 2.0 / 252,
      0.00793650793651, 4.09541243719e-05, 7.75062167336, { -120.7598841, -67.92011592 }, { -114.5, -74.58 }, 1.0 },
    { 6, 7, { 1, 2, 2, 3, 5, 8, 2, 3, 3, 4, 9, 9, 12 }, 2.5, 0.688503296698, 0.213286713287, 0.162587412587, 0.19804400647,
      10.4254448044, { -1.529691211, 6.529691211 }, { -0.738095, 5.809524 }, 0.15 },
    { 8, 6, { .82, .91, 1.03, .77, .95, 1.1, .88, .99, .80, .75, .92, .70, .85, .78 }, -0.13125, -1.26460168793, 0.031635031635,
      0.042624042624, 0.0218585042029, 11.986076199, { -0.2398594331, -0.02264056689 }, { -0.22, -0.0395833 }, 0.003 },
    { 3, 2, { 10, 12, 11, 14, 13 }, 2.5, 1.99171839093, 0.2, 0.2, 0.0494162568626, 2.88235294118, { 0.01226620179, 4.987733798 }, { 0, 0 }, 0 },
};

static void as_scipy_computes_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < VN_COUNT(cases); i++) {
        struct vn_err err;
        struct vn_compared c;
        assert_int_equal(vn_compare(cases[i].x, cases[i].n1, cases[i].n2, 1, 0, &c, NULL, &err), 0);
        assert_float_equal(c.difference, cases[i].diff, 1e-9);
        assert_float_equal(c.hedges_g, cases[i].g, 1e-9);
        assert_float_equal(c.perm.p, cases[i].perm, 1e-11);
        assert_float_equal(c.p_mannwhitney, cases[i].mw, 1e-11);
        assert_float_equal(c.p_welch, cases[i].welch, 1e-12);
        assert_float_equal(c.welch_df, cases[i].df, 1e-9);
        assert_true(c.mannwhitney_exact);
        const bool tiny = cases[i].n2 < VN_BOOT_LEAST;
        assert_int_equal(c.ci_is_welch, tiny);
        assert_float_equal(c.ci_low, tiny ? cases[i].welch_ci[0] : cases[i].bca[0], tiny ? 1e-7 : cases[i].bca_tol);
        assert_float_equal(c.ci_high, tiny ? cases[i].welch_ci[1] : cases[i].bca[1], tiny ? 1e-7 : cases[i].bca_tol);
    }
}

static void large_groups_use_the_normal_mann_whitney(void **state)
{
    (void)state;
    struct vn_err err;
    struct vn_compared c;
    double x[80];
    for (int i = 0; i < 40; i++) {
        x[i] = i * 37 % 41 * 0.5;
        x[40 + i] = i * 17 % 43 * 0.5 + 3;
    }
    assert_int_equal(vn_compare(x, 40, 40, 1, 0, &c, NULL, &err), 0);
    assert_false(c.perm.exact);
    assert_false(c.mannwhitney_exact);
    assert_float_equal(c.p_mannwhitney, 0.033421340497315696, 1e-12);
    assert_float_equal(c.p_welch, 0.0217044528648679, 1e-12);
}

static void without_spread_there_is_no_effect_size(void **state)
{
    (void)state;
    struct vn_err err;
    struct vn_compared c;
    const double x[10] = { 2, 2, 2, 2, 2, 3, 3, 3, 3, 3 };
    assert_int_equal(vn_compare(x, 5, 5, 1, 0, &c, NULL, &err), 0);
    assert_true(isnan(c.hedges_g));
    assert_true(c.ci_is_welch && c.ci_low == 1 && c.ci_high == 1);
    assert_float_equal(c.perm.p, 2.0 / 252, 1e-15);
}

static void q_values_as_benjamini_and_hochberg(void **state)
{
    (void)state;
    struct vn_err err;
    const double p[6] = { .01, .04, NAN, .03, .005, .8 };
    double q[6];
    assert_int_equal(vn_bh(p, 6, q, &err), 0);
    const double expect[6] = { .025, .05, 0, .05, .025, .8 };
    for (int i = 0; i < 6; i++)
        if (i == 2)
            assert_true(isnan(q[i]));
        else
            assert_float_equal(q[i], expect[i], 1e-15);
}

static void power_as_the_noncentral_t_gives(void **state)
{
    (void)state;
    struct vn_err err;
    const struct vn_gsl *g;
    static const struct { int n1, n2; double power1, d80; } t[] = { 
        { 12, 12, 0.6486425507266541, 1.1968119137532396 }, { 3, 3, 0.15879087000520117, 3.070892266363688 },
        { 5, 9, 0.37838696243644965, 1.7026909849232796 }, { 100, 80, 0.999998496988799, 0.42252154960840005 },
     };
    assert_int_equal(vn_gsl_open(&g, &err), 0);
    for (size_t i = 0; i < VN_COUNT(t); i++) {
        assert_float_equal(vn_t_power(g, 1, t[i].n1, t[i].n2, 0.05), t[i].power1, 1e-6);
        assert_float_equal(vn_t_detectable(g, t[i].n1, t[i].n2, 0.05, 0.8), t[i].d80, 1e-5);
    }
    assert_true(isnan(vn_t_detectable(g, 1, 1, 0.05, 0.8)));
}

/* 200 null cohorts of 6 v 6: the share with p < .05 must be what a binomial of 200 at .05 allows (99.9 %: 1 to 21);
 * exact tests may be below, never above. */
static void null_cohorts_are_called_different_one_time_in_twenty(void **state)
{
    (void)state;
    int hits[3] = { 0 }, covered = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct vn_err err;
        struct vn_compared c;
        double x[12];
        for (uint64_t i = 0; i < 12; i++) {
            uint32_t r[4];
            vn_random(seed, 99, i, r);
            x[i] = 10 + vn_normal(r);
        }
        assert_int_equal(vn_compare(x, 6, 6, seed, 0, &c, NULL, &err), 0);
        hits[0] += c.perm.p < 0.05;
        hits[1] += c.p_welch < 0.05;
        hits[2] += c.p_mannwhitney < 0.05;
        covered += c.ci_low <= 0 && c.ci_high >= 0;
    }
    for (int i = 0; i < 3; i++)
        assert_in_range(hits[i], 1, 21);
    assert_in_range(covered, 165, 200);      /* BCa is known to be somewhat narrow at n = 6 */
}

static void the_same_on_any_number_of_threads(void **state)
{
    (void)state;
    struct vn_err err;
    struct vn_compared a, b;
    vn_job_set_threads(1);
    assert_int_equal(vn_compare(cases[1].x, 6, 7, 5, 2, &a, NULL, &err), 0);
    vn_job_set_threads(4);
    assert_int_equal(vn_compare(cases[1].x, 6, 7, 5, 2, &b, NULL, &err), 0);
    assert_true(a.ci_low == b.ci_low && a.ci_high == b.ci_high && a.perm.p == b.perm.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_scipy_computes_them),
        cmocka_unit_test(large_groups_use_the_normal_mann_whitney),
        cmocka_unit_test(without_spread_there_is_no_effect_size),
        cmocka_unit_test(q_values_as_benjamini_and_hochberg),
        cmocka_unit_test(power_as_the_noncentral_t_gives),
        cmocka_unit_test(null_cohorts_are_called_different_one_time_in_twenty),
        cmocka_unit_test(the_same_on_any_number_of_threads),
    };
    struct vn_err err;
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
