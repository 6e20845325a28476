/* segment method=: what belongs to which, what is told, what is recorded, and how well networks are found. */
#include "session.h"

static void refused(const char *line, const char *part)
{
    const size_t before = n_msg;
    assert_int_equal(session_run(line), 1);
    if (!strstr(msg + before, part))
        fail_msg("%s: said '%s', not '%s'", line, msg + before, part);
}

static void what_belongs_to_which(void **state)
{
    (void)state;
    assert_int_equal(session_run("phantom network dims=40x40x32 seed=7 noise=0.1 as=v"), 0);
    refused("segment v method=local smooth=1um as=p", "smooth= belongs to method=auto, and the method is local");
    refused("segment v method=vesselness hollow=0 as=p", "hollow= belongs to method=auto, and the method is vesselness");
    refused("segment v method=vesselness level=3 as=p", "level= belongs to method=auto and method=local, and the method is vesselness");
    refused("segment v window=9vox as=p", "window= belongs to method=local, and the method is auto");
    refused("segment v method=local scales=1,2 as=p", "scales= belongs to method=vesselness, and the method is local");
    refused("segment v method=frangi as=p", "must be one of auto|vesselness|local");
    refused("crop v :,:,3:5 as=thin; segment thin method=vesselness as=p", "at least 3 voxels");
}

/* The line that the values make is taken back, and gives the same voxels. */
static void recorded(void **state)
{
    static const char *const line[] = { "segment v method=vesselness dark as=p", "segment v method=local as=p" };
    (void)state;
    assert_int_equal(session_run("phantom network dims=40x40x32 seed=7 noise=0.1 as=v"), 0);
    for (size_t i = 0; i < VN_COUNT(line); i++) {
        assert_int_equal(session_run(line[i]), 0);
        char again[500];
        snprintf(again, sizeof again, "%s", vn_runner_journal(r, vn_runner_n_journal(r) - 1));
        assert_non_null(strstr(again, " noise="));
        struct vn_vol *was = session_volume("p"), *is;
        assert_int_equal(session_run(again), 0);
        is = session_volume("p");
        const struct vn_buf a = vn_vol_data(was), b = vn_vol_data(is);
        assert_ptr_not_equal(was, is);
        assert_memory_equal(a.data, b.data, 40 * 40 * 32 * sizeof(float));
        vn_vol_unref(was);
        vn_vol_unref(is);
    }
}

/* Of a network of which 5 % of the voxels are vessel: a Dice far from chance. */
static void networks_are_found(void **state)
{
    static const char *const method[] = { "vesselness", "local" };
    char text[200];
    (void)state;
    assert_int_equal(session_run("phantom network dims=64x64x48 seed=7 noise=0.1 as=v"), 0);
    for (size_t i = 0; i < VN_COUNT(method); i++) {
        snprintf(text, sizeof text, "segment v method=%s as=p", method[i]);
        cJSON *o = session_json_of(text);
        assert_true(session_number(o, "noise") > 0 && session_number(o, "vessel_fraction") > 0.01);
        assert_null(cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "smooth"));
        assert_non_null(cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), i ? "window" : "scales"));
        cJSON_Delete(o);
        o = session_json_of("threshold p as=m; metrics m v_mask");
        assert_true(session_number(o, "dice") > 0.6);
        cJSON_Delete(o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_belongs_to_which, session_text, session_stop),
        cmocka_unit_test_setup_teardown(recorded, session_json, session_stop),
        cmocka_unit_test_setup_teardown(networks_are_found, session_json, session_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
