/* What segment says it found: polarity, share of filled lumens, diameters; the same from blocks and on any number of threads. */
#include <unistd.h>
#include "session.h"

static const char *const DARK = "vessels look darker than their surroundings: add dark";
static const char *const BRIGHT = "vessels look brighter than their surroundings: leave dark out";

/* The polarity told, and the one note of it, or none. */
static void told(const char *line, const char *polarity, const char *note)
{
    const size_t before = n_msg;
    cJSON *o = session_json_of(line);
    const cJSON *p = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "polarity");
    if (!p || strcmp(p->valuestring, polarity))
        fail_msg("%s: %s, not %s: %s", line, p ? p->valuestring : "nothing", polarity, msg + before);
    if ((note == DARK) != !!strstr(msg + before, DARK) || (note == BRIGHT) != !!strstr(msg + before, BRIGHT))
        fail_msg("%s: said '%s'", line, msg + before);
    cJSON_Delete(o);
}

static void phantoms(void **state)
{
    (void)state;
    char text[200];
    for (int seed = 1; seed <= 3; seed++) {
        snprintf(text, sizeof text, "phantom random seed=%d dims=96x64x48 as=v; calc \"300-a\" a=v type=f32 as=i", seed);
        assert_int_equal(session_run(text), 0);
        told("segment v as=p", "bright", NULL);
        told("segment i as=p", "dark", DARK);
        told("segment i dark as=p", "dark", NULL);
        told("segment v dark as=p", "bright", BRIGHT);
        told("segment v method=local as=p", "bright", NULL);
        told("segment i method=local as=p", "dark", DARK);
        told("segment i method=local dark as=p", "dark", NULL);
        told("segment v method=local dark as=p", "bright", BRIGHT);
    }
}

/* Only method=auto fills lumens, and vesselness looks one way. */
static void methods(void **state)
{
    (void)state;
    static const struct { const char *line; bool lumen, polarity; } t[] = {
        { "segment v as=p", true, true }, { "segment v method=local as=p", false, true },
        { "segment v method=vesselness as=p", false, false } };
    assert_int_equal(session_run("phantom network dims=64x64x40 seed=3 noise=0.1 as=v"), 0);
    for (size_t i = 0; i < VN_COUNT(t); i++) {
        cJSON *o = session_json_of(t[i].line);
        const cJSON *made = cJSON_GetObjectItem(o, "result");
        assert_true(!!cJSON_GetObjectItem(made, "lumen_fraction") == t[i].lumen);
        assert_true(!!cJSON_GetObjectItem(made, "polarity") == t[i].polarity);
        assert_non_null(cJSON_GetObjectItem(made, "diameter_um"));
        cJSON_Delete(o);
    }
}

static void light_sheet(void **state)
{
    (void)state;
    if (access("../shared/data/lightsheet_brain/raw.tif", R_OK))
        skip();
    assert_int_equal(session_run("open ../shared/data/lightsheet_brain/raw.tif as=v; calc \"-a\" a=v type=f32 as=i"), 0);
    told("segment v as=p", "bright", NULL);
    told("segment i as=p", "dark", DARK);
}

/* Nothing, noise alone, and volumes without a neighbour: no word of polarity. */
static void nothing(void **state)
{
    (void)state;
    static const char *const make[] = { "phantom empty dims=40x40x40 as=v", "phantom empty dims=64x64x48 noise=0.1 as=v",
                                        "phantom network dims=40x40x40 as=w; crop w :,:,20:21 as=v",
                                        "phantom network dims=40x40x40 as=w; crop w 20:21,20:21,20:21 as=v" };
    for (size_t i = 0; i < VN_COUNT(make); i++) {
        assert_int_equal(session_run(make[i]), 0);
        told("segment v as=p", "bright", NULL);
        told("segment v method=local as=p", "bright", NULL);
    }
    cJSON *o = session_json_of("phantom empty dims=40x40x40 as=v; segment v as=p");
    assert_true(isnan(session_number(o, "lumen_fraction")));
    const cJSON *d = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "diameter_um");
    assert_int_equal(cJSON_GetArraySize(d), 3);
    assert_true(cJSON_IsNull(cJSON_GetArrayItem(d, 1)));
    cJSON_Delete(o);
}

/* The share is that of the voxels that are vessel only as lumens are filled; in blocks it is the same. */
static void lumens(void **state)
{
    (void)state;
    assert_int_equal(session_run("phantom tube dims=96x72x72 radius=10um hollow=2 as=h"), 0);
    assert_int_equal(session_run("segment h hollow=0 sheets=keep as=q"), 0);
    cJSON *o = session_json_of("segment h hollow=16um sheets=keep as=p");
    const double share = session_number(o, "lumen_fraction"), fraction = session_number(o, "vessel_fraction");
    const cJSON *d = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "diameter_um");
    assert_true(fabs(cJSON_GetArrayItem(d, 1)->valuedouble - 20) <= 2);       /* the border is drawn outside a bright wall */
    cJSON_Delete(o);
    struct vn_vol *with = session_volume("p"), *without = session_volume("q");
    const struct vn_buf a = vn_vol_data(with), b = vn_vol_data(without);
    int64_t n = 0, filled = 0;
    for (int64_t i = 0; i < 96 * 72 * 72; i++) {
        const bool in = ((const float *)a.data)[i] >= 0.5f;
        n += in;
        filled += in && ((const float *)b.data)[i] < 0.5f;
    }
    vn_vol_unref(with);
    vn_vol_unref(without);
    assert_true(filled > 0.3 * (double)n);             /* (8 / 10)^2 of the section, less what the wall's blur covers */
    if (!(fabs(share * (double)n - (double)filled) < 0.5))
        fail_msg("told %g of %lld, %lld are filled", share, (long long)n, (long long)filled);
    const uint64_t budget = vn_mem_budget();
    vn_mem_init(vn_mem_in_use() + 16000000);
    const size_t before = n_msg;
    o = session_json_of("segment h hollow=16um sheets=keep as=p");
    vn_mem_init(budget);
    assert_non_null(strstr(msg + before, "blocks"));
    assert_true(session_number(o, "lumen_fraction") == share && session_number(o, "vessel_fraction") == fraction);
    cJSON_Delete(o);
}

/* A tube 32 voxels wide that stands out by the noise: what is told of it is what faint=0 does not find (but for pores
 * that it fills), and it is that wide, to a fifth.  In blocks, and on one thread, it is the same. */
static void faint(void **state)
{
    (void)state;
    static const char *const NOTE = "vessels fainter than the noise, ";
    assert_int_equal(session_run("phantom tube dims=112x96x96 voxel=1x1x1um radius=16um noise=1 seed=3 type=u16 level=1000 contrast=100 as=v"), 0);
    size_t before = n_msg;
    cJSON *o = session_json_of("segment v faint=0 as=q");
    assert_true(session_number(o, "faint_fraction") == 0 && !strstr(msg + before, NOTE));
    cJSON_Delete(o);
    before = n_msg;
    o = session_json_of("segment v as=p");
    const double share = session_number(o, "faint_fraction"), fraction = session_number(o, "vessel_fraction");
    cJSON_Delete(o);
    const char *said = strstr(msg + before, NOTE);
    assert_non_null(said);
    const double wide = strtod(said + strlen(NOTE), NULL);
    assert_true(fabs(wide - 32) <= 0.2 * 32);
    struct vn_vol *with = session_volume("p"), *without = session_volume("q");
    const struct vn_buf a = vn_vol_data(with), b = vn_vol_data(without);
    int64_t n = 0, filled = 0;
    for (int64_t i = 0; i < 112 * 96 * 96; i++) {
        const bool in = ((const float *)a.data)[i] >= 0.5f;
        n += in;
        filled += in && ((const float *)b.data)[i] < 0.5f;
    }
    vn_vol_unref(with);
    vn_vol_unref(without);
    if (!(filled > 0.5 * (double)n && fabs(share * (double)n - (double)filled) <= 1e-3 * (double)filled))
        fail_msg("told %g of %lld, %lld are filled", share * (double)n, (long long)n, (long long)filled);
    const uint64_t budget = vn_mem_budget();
    vn_mem_init(vn_mem_in_use() + 32000000);
    before = n_msg;
    o = session_json_of("segment v as=p");
    vn_mem_init(budget);
    assert_non_null(strstr(msg + before, "blocks"));
    assert_true(session_number(o, "faint_fraction") == share && session_number(o, "vessel_fraction") == fraction);
    said = strstr(msg + before, NOTE);
    assert_true(said && strtod(said + strlen(NOTE), NULL) == wide);
    cJSON_Delete(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(phantoms, session_json, session_stop),
        cmocka_unit_test_setup_teardown(methods, session_json, session_stop),
        cmocka_unit_test_setup_teardown(faint, session_json, session_stop),
        cmocka_unit_test_setup_teardown(light_sheet, session_json, session_stop),
        cmocka_unit_test_setup_teardown(nothing, session_json, session_stop),
        cmocka_unit_test_setup_teardown(lumens, session_json, session_stop),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
