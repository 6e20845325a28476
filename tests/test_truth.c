/* The mask that tuning is held against: named, told, taken away; a mistake leaves it as it was. */
#include "session.h"

static void named(void **state)
{
    (void)state;
    assert_int_equal(session_run("phantom tube dims=8x8x8 radius=2 as=v"), 0);
    assert_string_equal(vn_session_view(s).truth, "");
    assert_int_equal(session_run("truth v_mask"), 0);
    assert_string_equal(vn_session_view(s).truth, "v_mask");
    assert_int_equal(session_run("truth nothing"), 1);
    assert_int_equal(session_run("truth v off"), 1);
    assert_string_equal(vn_session_view(s).truth, "v_mask");
    assert_int_equal(session_run("truth off"), 0);
    assert_string_equal(vn_session_view(s).truth, "");
    assert_int_equal(vn_session_n_steps(s, -1), 1);        /* the phantom: looking is not undone */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(named, session_text, session_stop) };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
