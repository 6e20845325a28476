/* What segment says about volumes in which it finds nothing, all, or what was found already. */
#include "session.h"

static void says(const char *line, const char *part)
{
    const size_t before = n_msg;
    if (session_run(line))
        fail_msg("%s: %s", line, msg);
    if (part ? !strstr(msg + before, part) : strstr(msg + before, "segment:") != NULL)
        fail_msg("%s: said '%s', not '%s'", line, msg + before, part ? part : "");
}

static void notes(void **state)
{
    (void)state;
    says("phantom network dims=64x64x48 seed=7 noise=0.1 as=v", NULL);
    says("segment v as=p", NULL);
    says("calc 'a * 0 + 3' a=v as=flat", NULL);
    says("segment flat as=q", "the volume is constant");
    says("calc '(a > 120) * 200' a=v type=u8 as=two", NULL);
    says("segment two as=q", "may be a mask already");
    says("phantom network dims=64x64x48 seed=7 noise=0.1 dark as=d", NULL);
    says("segment d as=q", "vessels look darker than their surroundings");
    says("segment d dark as=q", NULL);
}

/* Masks of any type; three values are none. */
static void masks(void **state)
{
    (void)state;
    static const char *const type[] = { "u8", "u16", "i16", "f32" };
    char line[200];
    says("phantom network dims=64x64x48 seed=7 noise=0.1 as=v", NULL);
    for (size_t i = 0; i < VN_COUNT(type); i++) {
        snprintf(line, sizeof line, "calc '(a > 120) * 90' a=v type=%s as=m", type[i]);
        says(line, NULL);
        says("segment m as=q", "may be a mask already");
        snprintf(line, sizeof line, "calc '(a > 120) * 90 + (a > 140) * 2' a=v type=%s as=m", type[i]);
        says(line, NULL);
        says("segment m as=q", NULL);
    }
}

/* Grey values that 32-bit floats or their third powers cannot hold; what is advised helps. */
static void values(void **state)
{
    (void)state;
    says("phantom network dims=64x64x48 seed=7 noise=0.1 as=v", NULL);
    says("segment v method=vesselness as=q", NULL);
    says("calc 'a * 1e20' a=v type=f32 as=w", NULL);
    says("segment w as=q", NULL);
    says("segment w method=local as=q", NULL);
    says("segment w method=vesselness as=q", "vessels above 1e+12; divide them: calc 'a/1e22' a=w type=f32");
    says("calc 'a/1e22' a=w type=f32 as=w", NULL);
    says("segment w method=vesselness as=q", NULL);
    says("calc 'a * 1e-20' a=v type=f32 as=w", NULL);
    says("segment w as=q", NULL);
    says("segment w method=vesselness as=q", "vessels below 1e-12; multiply them: calc 'a*1e18' a=w type=f32");
    says("calc 'a * 1e60' a=v type=f64 as=w", NULL);
    says("segment w as=q", "loses vessels above 3.4e+38");
    says("calc 'a + 1e9' a=v type=f64 as=w", NULL);
    says("segment w as=q", "subtract the least: calc 'a-1000000");
    says("calc 'sqrt(-1 - a)' a=v type=f32 as=w", NULL);
    says("segment w as=q", "no voxel is finite");
    says("calc 'a / (a > 20)' a=v type=f32 as=w", NULL);
    says("segment w method=vesselness as=q", "not finite: nothing is found there and within 4 times the scales");
}

/* One voxel that no image has: it is told, and vessels are found as before. */
static void far_voxels(void **state)
{
    (void)state;
    says("phantom network dims=64x64x48 seed=7 noise=0.1 as=v", NULL);
    cJSON *o = session_json_of("segment v as=p");
    const double share = session_number(o, "vessel_fraction");
    cJSON_Delete(o);
    assert_null(strstr(out, "\"range\""));
    says("calc 'x == 20 && y == 20 && z == 9 ? 3e38 : x == 40 && z == 30 && y == 20 ? -1e30 : a' a=v "
         "type=f32 as=w", NULL);
    static const char *const method[] = { "auto", "local", "vesselness" };
    char line[200];
    for (size_t i = 0; i < VN_COUNT(method); i++) {
        snprintf(line, sizeof line, "segment w method=%s as=q", method[i]);
        says(line, "2 voxels far beyond all others, outside -");
    }
    o = session_json_of("segment w as=q");
    assert_true(fabs(session_number(o, "vessel_fraction") - share) < 0.02 * share);
    cJSON_Delete(o);
    says("segment w as=q range=-2000,2000", NULL);             /* by hand: they are known */
    assert_non_null(strstr(out, "\"range\":\"-2000,2000\""));
    says("segment v as=q range=0", NULL);
}

static void share_is_of_the_mask(void **state)
{
    (void)state;
    assert_int_equal(session_run("phantom network dims=64x64x48 seed=7 noise=0.1 as=v"), 0);
    cJSON *o = session_json_of("segment v as=p");
    const double share = session_number(o, "vessel_fraction");
    cJSON_Delete(o);
    o = session_json_of("threshold p low=0.5 as=m");
    assert_true(share > 0.01 && share == session_number(o, "fraction"));
    cJSON_Delete(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(notes, session_text, session_stop),
        cmocka_unit_test_setup_teardown(masks, session_text, session_stop),
        cmocka_unit_test_setup_teardown(values, session_text, session_stop),
        cmocka_unit_test_setup_teardown(far_voxels, session_json, session_stop),
        cmocka_unit_test_setup_teardown(share_is_of_the_mask, session_json, session_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
