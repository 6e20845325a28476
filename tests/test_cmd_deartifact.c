/* What deartifact says: of slices at a volume's ends that may be lost, of rows. */
#include "session.h"

static void ends(void **state)
{
    const char *of_both = "z=0:2, at the start, shows nothing of what slice 2 does", *of_last = "z=63:64, at the end, shows nothing of what slice 62 does";
    (void)state;
    assert_int_equal(session_run("phantom tube dims=96x96x64 noise=0.05 as=u"), 0);
    assert_int_equal(session_run("calc '40 + (x * 7 + y * 13 + z * 5) % 11 + ((x - 30) * (x - 30) + (y - 50) * (y - 50) < 30 ? 150 : 0)' a=u type=u8 as=v"), 0);
    assert_int_equal(session_run("calc 'z < 2 || z > 62 ? 40 + (x * 7 + y * 13 + z * 5) % 11 : a' a=v type=u8 as=w"), 0);
    cJSON *o = session_json_of("deartifact w kind=lost as=d");
    assert_true(session_number(o, "empty_at_start") == 2 && session_number(o, "empty_at_end") == 1 && session_number(o, "artifacts") == 0);
    char *said = cJSON_PrintUnformatted(o);
    if (!strstr(said, of_both) || !strstr(said, of_last))
        fail_msg("%s", said);
    cJSON_free(said);
    cJSON_Delete(o);
    assert_int_equal(session_run("roi 0:96,0:96,1:40"), 0);        /* of the last slice nothing is made */
    o = session_json_of("deartifact w kind=lost as=d");
    assert_true(session_number(o, "empty_at_start") == 2);
    assert_null(cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "empty_at_end"));
    cJSON_Delete(o);
    assert_int_equal(session_run("roi off"), 0);
    static const char *const none[] = { "deartifact v kind=lost as=d", "deartifact w kind=seams as=d", "deartifact w found=none as=d" };
    for (size_t i = 0; i < VN_COUNT(none); i++) {
        o = session_json_of(none[i]);
        assert_true(session_number(o, "artifacts") == 0);
        assert_null(cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "empty_at_start"));
        cJSON_Delete(o);
    }
}

/* Rows that are darker by turns have slopes across y and no steps: one artifact, and no tiles that meet beside it. */
static void rows_are_no_seams(void **state)
{
    (void)state;
    assert_int_equal(session_run("phantom network dims=128x128x64 seed=4 type=f32 psf=0.6 psf_z=0.8 thin=0.3 vary=0.6 noise=0.02 stripes=0.4 as=v"), 0);
    cJSON *o = session_json_of("deartifact v as=d");
    char *said = cJSON_PrintUnformatted(o);
    if (session_number(o, "artifacts") != 1 || !strstr(said, "\"kind\":\"slices\",\"axis\":\"y\""))
        fail_msg("%s", said);
    cJSON_free(said);
    cJSON_Delete(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(ends, session_json, session_stop),
                                        cmocka_unit_test_setup_teardown(rows_are_no_seams, session_json, session_stop) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
