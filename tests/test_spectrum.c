/* spectrum: amplitudes of waves that are known, and what is said when there is nothing to transform. */
#include "session.h"
#include "table.h"

/* Amplitude, or column `col`, of the row of the axis with this period. */
static double at(const char *name, int axis, double period, const char *col)
{
    struct vn_obj *o = vn_session_get(s, name);
    struct vn_table *t = NULL;
    double v = NAN;
    assert_non_null(o);
    assert_int_equal(vn_obj_table(s, o, &t, NULL, &err), 0);
    for (int64_t i = 0; i < t->n_row; i++)
        if (t->col[0].num[i] == axis && t->col[2].num[i] == period)
            v = t->col[vn_table_find(t, col)].num[i];
    vn_table_unref(t);
    vn_obj_unref(o);
    return v;
}

/* +a -a along x has the amplitude a at period 2; +a +a -a -a has 2 / 4 |1 - i + 1 - i| a = 1.41421 a at period 4.  The window
 * gives half of a wave to the waves beside it. */
static void waves(void **state)
{
    (void)state;
    assert_int_equal(session_run("phantom empty dims=64x32x16 type=f32 as=e; calc \"a + 3 * (x % 2 < 1 ? 1 : -1) + 5 * (y % 4 < 2 ? 1 : -1)\" a=e as=v"), 0);
    assert_int_equal(session_run("calc \"0.5 * a\" a=v as=w; spectrum v with=w as=t"), 0);
    assert_true(fabs(at("t", 0, 2, "amplitude") - 3) < 1e-5 && fabs(at("t", 0, 2, "with") - 1.5) < 1e-5);
    assert_true(fabs(at("t", 1, 4, "amplitude") - 5 * sqrt(2)) < 1e-5 && fabs(at("t", 1, 4, "with") - 2.5 * sqrt(2)) < 1e-5);
    assert_true(fabs(at("t", 1, 32.0 / 7, "amplitude") - 2.5 * sqrt(2)) < 1e-5);
    assert_true(at("t", 0, 4, "amplitude") < 1e-5 && at("t", 1, 16, "amplitude") < 1e-5 && at("t", 2, 8, "amplitude") < 1e-5);
}

/* Noise of sd s: s (6 / n)^1/2 over 4096 lines, to a few parts in a hundred. */
static void noise(void **state)
{
    (void)state;
    assert_int_equal(session_run("phantom empty dims=64x64x64 type=f32 noise=0.1 as=v; spectrum v as=t"), 0);
    for (int axis = 0; axis < 3; axis++)
        assert_true(fabs(at("t", axis, 8, "amplitude") / (16 * sqrt(6.0 / 64)) - 1) < 0.05);
}

static void refused(void **state)
{
    (void)state;
    assert_int_not_equal(session_run("phantom empty dims=7x7x7 as=v; spectrum v as=t"), 0);
    assert_non_null(strstr(msg, "8 along one axis"));
    assert_int_not_equal(session_run("phantom empty dims=32x32x32 as=a; phantom empty dims=32x32x16 as=b; spectrum a with=b as=t"), 0);
    assert_int_not_equal(session_run("spectrum a as=t to=/tmp/none.gif"), 0);
    assert_int_equal(session_run("phantom empty dims=1x1x32 as=c; spectrum c as=t"), 0);
    assert_true(at("t", 2, 4, "amplitude") == 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(waves, session_text, session_stop),
    cmocka_unit_test_setup_teardown(noise, session_text, session_stop),
    cmocka_unit_test_setup_teardown(refused, session_text, session_stop),
};

int main(void)
{
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
