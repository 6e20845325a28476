/* Estimates: memory within a tenth of what is then used, for every kind of region; words and limits of the verb. No times. */
#include "session.h"
#include <time.h>
#include "estimate.h"

/* Peak of a command beside what was in use, in bytes. */
static double used_by(const char *line)
{
    vn_mem_peak_reset();
    const uint64_t before = vn_mem_in_use();
    if (session_run(line))
        fail_msg("%s: %s", line, msg);
    return (double)(vn_mem_peak() - before);
}

static void memory_of(const char *line, double within)
{
    char text[300];
    snprintf(text, sizeof text, "estimate %s", line);
    cJSON *o = session_json_of(text);
    if (!cJSON_GetObjectItem(o, "result"))
        fail_msg("%s: %s", text, strrchr(out, 123));
    const double told = session_number(o, "memory_mb") * 1e6;
    cJSON_Delete(o);
    snprintf(text, sizeof text, "%s as=result", line);
    const double used = used_by(text);
    assert_int_equal(session_run("close result"), 0);
    if (!(fabs(told - used) <= within * used))
        fail_msg("%s: %g bytes told, %g used", line, told, used);
}

static const struct { const char *line; double within; } lines[] = {
    { "segment n", 0.1 }, { "segment n background=20", 0.1 }, { "segment n hollow=12vox", 0.1 },
    { "segment n hollow=12vox sheets=keep", 0.1 }, { "vesselness n", 0.1 }, { "vesselness n method=frangi scales=1,3", 0.1 },
    { "denoise n method=median", 0.1 }, { "denoise n sigma=2vox", 0.1 }, { "denoise n method=nlm search=1vox", 0.1 },
    { "denoise n length=2vox", 0.1 }, { "denoise n method=gaussian", 0.1 }, { "threshold n auto", 0.1 },
    { "threshold n low=90", 0.1 }, { "threshold n low=60 high=90", 0.1 }, { "clean m", 0.1 }, { "clean m close=2vox open=2vox", 0.1 },
    { "clean m min_size=0 fill=0", 0.1 }, { "distance m", 0.1 }, { "distance m to=mask", 0.1 }, { "skeleton m method=lee94", 0.1 },
    { "skeleton t", 1.0 / 3 },             /* lists that grow by doubling */
};

static void memory_is_what_is_used(void **state)
{
    (void)state;
    static const char *const volume[] = {
        "phantom network dims=128x128x100 seed=3 noise=0.1 as=n; set n_mask voxel=1um as=t",
        "phantom network dims=256x256x40 voxel=0.5x0.5x2um seed=3 noise=0.1 as=a; resample a dims=900,1024,1 method=nearest as=n; threshold n low=90 as=t",
    };
    static const char *const region[2][2] = { { "roi off", "roi 0:128,3:121,20:90" }, { "roi off", "roi 5:820,:1000,:1" } };
    for (size_t i = 0; i < VN_COUNT(volume); i++) {
        if (session_run(volume[i]) || session_run("threshold n low=60 as=m"))
            fail_msg("%s: %s", volume[i], msg);
        for (size_t k = 0; k < 2; k++) {
            assert_int_equal(session_run(region[i][k]), 0);
            for (size_t l = 0; l < VN_COUNT(lines); l++)
                memory_of(lines[l].line, lines[l].within);
        }
        assert_int_equal(session_run("roi off"), 0);
    }
}

/* Halos count only inside a volume for segment: a budget that fits a whole block is seen to. */
static void blocks_and_budget(void **state)
{
    (void)state;
    session_run("phantom network dims=160x128x128 seed=3 noise=0.1 as=n");
    cJSON *o = session_json_of("estimate segment n");
    assert_true(session_number(o, "voxels") == 160 * 128 * 128);
    assert_true(session_number(o, "blocks") == 1);
    assert_true(fabs(session_number(o, "region_mb") - 160 * 128 * 128 * 1e-6) < 1e-9);
    assert_true(fabs(session_number(o, "result_mb") - 4 * 160 * 128 * 128 * 1e-6) < 1e-9);
    cJSON_Delete(o);
    const uint64_t budget = vn_mem_budget();
    vn_mem_init(vn_mem_in_use() + 40000000);
    memory_of("segment n", 0.1);                       /* in blocks */
    o = session_json_of("estimate segment n");
    assert_true(session_number(o, "blocks") > 1);
    cJSON_Delete(o);
    vn_mem_init(vn_mem_in_use() + 10000000);
    o = session_json_of("estimate segment n");
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "fits")));
    assert_non_null(cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "seconds"));     /* null where a small block does not fit */
    cJSON_Delete(o);
    vn_mem_init(budget);
}

/* Lumens, and what is mirrored around a volume for them, take no more than the rest of segment does. */
static void hollow_vessels(void **state)
{
    (void)state;
    session_run("phantom network dims=160x128x128 seed=3 noise=0.1 as=n");
    const double volume = 4.0 * 160 * 128 * 128, used = used_by("segment n hollow=32vox as=result");
    session_run("close result");
    if (used > 5 * volume)
        fail_msg("%g volumes", used / volume);
    memory_of("segment n hollow=32vox", 0.1);
}

static void words(void **state)
{
    (void)state;
    static const struct { const char *line, *says; } bad[] = {
        { "estimate", "command is missing" }, { "estimate nothing n", "unknown command" }, { "estimate measure g", "only commands that compute voxels" },
        { "estimate segment nothing", "no object is named" }, { "estimate segment n contrast=x", "contrast" },
        { "roi 100:110,0:9,0:9; estimate segment n", "no voxel in common" },
    };
    session_run("phantom network dims=40x40x40 seed=3 as=n; graph n_mask as=g");
    session_run("set n_mask voxel=1um as=m");
    for (size_t i = 0; i < VN_COUNT(bad); i++) {
        const size_t from = n_msg;
        assert_int_equal(session_run(bad[i].line), 1);
        if (!strstr(msg + from, bad[i].says))
            fail_msg("'%s' does not say '%s': %s", bad[i].line, bad[i].says, msg + from);
    }
    session_run("roi off");
    const int n = vn_session_count(s), lines_then = vn_runner_n_journal(r);
    cJSON *o = session_json_of("estimate segment n contrast=5 as=p");
    assert_true(session_number(o, "seconds") > 0);
    cJSON_Delete(o);
    assert_int_equal(vn_session_count(s), n);          /* nothing is made, nothing noted */
    assert_int_equal(vn_runner_n_journal(r), lines_then);
    session_run("set n voxel=1um as=u");
}

/* What a run took is known to the next estimate with the same parameters. */
static void rates(void **state)
{
    (void)state;
    const struct vn_key a = vn_key_str(vn_key_start(), "a"), b = vn_key_str(vn_key_start(), "b");
    double rate = 0;
    assert_false(vn_rate_get(a, VN_PART_BLOCKS, &rate));
    vn_rate_learn(a, VN_PART_BLOCKS, 2, 100);
    assert_true(vn_rate_get(a, VN_PART_BLOCKS, &rate) && rate == 0.02);
    assert_false(vn_rate_get(a, VN_PART_PREPARE, &rate) || vn_rate_get(b, VN_PART_BLOCKS, &rate));
    vn_rate_learn(a, VN_PART_BLOCKS, 4, 100);                  /* disturbed: the mean */
    assert_true(vn_rate_get(a, VN_PART_BLOCKS, &rate) && fabs(rate - 0.03) < 1e-12);
    vn_rate_learn(a, VN_PART_BLOCKS, 1, 100);                  /* less than ever: this */
    assert_true(vn_rate_get(a, VN_PART_BLOCKS, &rate) && rate == 0.01);
    vn_rate_learn(a, VN_PART_BLOCKS, 0.001, 100);              /* too short to say anything */
    assert_true(vn_rate_get(a, VN_PART_BLOCKS, &rate) && rate == 0.01);
    for (int i = 0; i < 100; i++)                              /* the oldest are forgotten */
        vn_rate_learn(vn_key_add(b, &i, sizeof i), VN_PART_BLOCKS, 1, 1);
    assert_false(vn_rate_get(a, VN_PART_BLOCKS, &rate));
}

/* ---- a preparation that takes long where it looks at everything ---- */

enum { WHOLE = 80, WAIT_MS = 100 };
static int n_whole;

/* Soon done, on however slow a machine, but there. */
static int slow_prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job, struct vn_err *e)
{
    (void)job;
    if (vn_args_has(a, "offset"))                              /* settled */
        return 0;
    if (vn_box_same(stat_box, &in[0]->box)) {
        nanosleep(&(struct timespec) { .tv_nsec = WAIT_MS * 1000000L }, NULL);
        n_whole++;
    }
    return vn_args_set(a, "offset", "0", e);
}

static void short_preparations_are_tried(void **state)
{
    (void)state;
    struct vn_op op = *vn_op_find("segment");
    struct vn_args a;
    struct vn_estimate e;
    const struct vn_box all = { { 0, 0, 0 }, { WHOLE, WHOLE, WHOLE } };
    struct vn_vol *v = vn_vol_new(VN_IMAGE, VN_U8, &(struct vn_grid) { .um = { 1, 1, 1 } }, &all, &err);

    for (int64_t i = 0, x = 1; i < (int64_t)WHOLE * WHOLE * WHOLE; i++, x = x * 16807 % 2147483647)
        ((uint8_t *)vn_vol_data(v).data)[i] = (uint8_t)(x % 64);           /* noise; random numbers of Park and Miller (1988) */
    op.prepare = slow_prepare;
    assert_int_equal(vn_args_init(&a, op.params, &err), 0);
    n_whole = 0;
    assert_int_equal(vn_op_estimate(&op, &a, &v, &all, false, &e, NULL, &err), 0);
    assert_int_equal(n_whole, 1);
    assert_true(e.seconds >= 0.5e-3 * WAIT_MS);                /* the wait, and at most half of it for the system */
    vn_rate_learn(vn_rate_key(&op, &a, &v), VN_PART_PREPARE, 1, 1);
    assert_int_equal(vn_op_estimate(&op, &a, &v, &all, false, &e, NULL, &err), 0);
    assert_int_equal(n_whole, 1);                              /* known: not tried */
    vn_args_free(&a);
    vn_vol_unref(v);
}

static int n_open, n_settled;

static int told_prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job, struct vn_err *e)
{
    (void)in;
    (void)stat_box;
    (void)job;
    n_open += !vn_args_has(a, "artifacts");
    n_settled += vn_args_has(a, "artifacts") && !vn_args_has(a, "offset");
    return vn_args_set(a, "offset", "0", e);
}

/* The search for artifacts takes about as long in a small box as in a large one: samples have its result, and it is not made where
 * the time of all is known. */
static void artifacts_are_looked_for_once(void **state)
{
    (void)state;
    struct vn_op op = *vn_op_find("segment");
    struct vn_args a;
    struct vn_estimate e;
    const struct vn_box all = { { 0, 0, 0 }, { 40, 40, 40 } };
    struct vn_vol *v = vn_vol_new(VN_IMAGE, VN_U8, &(struct vn_grid) { .um = { 1, 1, 1 } }, &all, &err);

    memset(vn_vol_data(v).data, 7, 40 * 40 * 40);
    op.prepare = told_prepare;
    assert_int_equal(vn_args_init(&a, op.params, &err), 0);
    n_open = n_settled = 0;
    assert_int_equal(vn_op_estimate(&op, &a, &v, &all, false, &e, NULL, &err), 0);
    assert_true(n_open == 0 && n_settled > 0);
    assert_false(vn_args_has(&a, "artifacts"));                /* what was asked stays as it is */
    vn_args_free(&a);
    vn_vol_unref(v);
}

/* What prepares them holds a sample beside the response. */
static void methods(void **state)
{
    (void)state;
    assert_int_equal(session_run("phantom network dims=96x96x96 seed=3 noise=0.1 as=n"), 0);
    memory_of("segment n method=vesselness", 0.1);
    memory_of("segment n method=local", 0.1);
}

/* ---- regions by words ---- */

static void region(const char *line, const char *want)
{
    cJSON *o = session_json_of(line);
    const cJSON *v = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "roi");
    if (!v || strcmp(v->valuestring, want))
        fail_msg("%s: %s, not %s", line, out, want);
    cJSON_Delete(o);
}

static void regions(void **state)
{
    (void)state;
    region("roi around crosshair 4", "-2:2,-2:2,-2:2");            /* nothing is looked at */
    session_run("roi off; phantom network dims=80x60x40 voxel=0.5x0.5x2um as=n; show n; goto 30,20,10");
    region("roi around crosshair 16", "22:38,12:28,2:18");
    assert_string_equal(vn_runner_journal(r, vn_runner_n_journal(r) - 1), "roi 22:38,12:28,2:18");
    region("roi around crosshair 8um", "22:38,12:28,8:12");
    region("roi around crosshair size=8,4,8um", "22:38,16:24,8:12");
    region("roi around crosshair 0.1um", "30:31,20:21,10:11");
    region("roi at=30,20,10 size=8um", "22:38,12:28,8:12");
    region("roi at=30,20,10 size=5", "28:33,18:23,8:13");
    region("roi :20,4:,:", ":20,4:,:");
    cJSON *o = session_json_of("roi around crosshair 50");         /* at the border: what lies in the volume */
    cJSON *size = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "size");
    assert_true(cJSON_GetArrayItem(size, 0)->valuedouble == 50 && cJSON_GetArrayItem(size, 1)->valuedouble == 45 && cJSON_GetArrayItem(size, 2)->valuedouble == 35);
    size = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "size_um");
    assert_true(cJSON_GetArrayItem(size, 0)->valuedouble == 25 && cJSON_GetArrayItem(size, 2)->valuedouble == 70);
    assert_true(fabs(session_number(o, "mb") - 50 * 45 * 35 * 1e-6) < 1e-12);
    cJSON_Delete(o);
    static const struct { const char *line, *says; } bad[] = {
        { "roi around", "around what" }, { "roi around crosshair", "goes with size" }, { "roi around nowhere 5", "no place is named 'nowhere'" },
        { "roi around crosshair 0.5vox", "less than a voxel" }, { "roi 0:1,0:1,0:1 crosshair", "give a box" }, { "roi size=4", "goes with at" },
        { "roi around crosshair 1,2", "goes with size" }, { "roi 5:4,:,:", "roi" },
    };
    for (size_t i = 0; i < VN_COUNT(bad); i++) {
        const size_t from = n_msg;
        assert_int_equal(session_run(bad[i].line), 1);
        if (!strstr(msg + from, bad[i].says))
            fail_msg("'%s' does not say '%s': %s", bad[i].line, bad[i].says, msg + from);
    }
    region("undo; roi", ":20,4:,:");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(memory_is_what_is_used, session_json, session_stop),
        cmocka_unit_test_setup_teardown(blocks_and_budget, session_json, session_stop),
        cmocka_unit_test_setup_teardown(hollow_vessels, session_json, session_stop),
        cmocka_unit_test_setup_teardown(words, session_json, session_stop),
        cmocka_unit_test_setup_teardown(regions, session_json, session_stop),
        cmocka_unit_test(rates),
        cmocka_unit_test(short_preparations_are_tried),
        cmocka_unit_test(artifacts_are_looked_for_once),
        cmocka_unit_test_setup_teardown(methods, session_json, session_stop),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
