/* undo and redo: names and region back and forth, what is refused, journals, memory held only for undo. */
#include "session.h"
#include <poll.h>

static uint64_t names_key(void)
{
    struct vn_key k = vn_key_start();
    struct vn_box roi;
    struct vn_obj *o;
    char name[64];
    for (int i = 0; (o = vn_session_at(s, i, name)); i++) {
        k = vn_key_add(vn_key_str(k, name), &o->key, sizeof o->key);
        vn_obj_unref(o);
    }
    if (vn_session_roi(s, &roi))
        k = vn_key_add(k, &roi, sizeof roi);
    return k.h[0] ^ k.h[1];
}

static void names_and_region_go_back_and_forth(void **state)
{
    static const char *const line[] = { "phantom tube dims=16x16x16 radius=3 as=v", "roi 0:8,0:8,0:8", "denoise v sigma=1um as=s", "roi off",
                                        "threshold v low=9 as=s", "set v voxel=2um", "close v" };
    enum { N = sizeof line / sizeof *line };
    uint64_t key[N + 1];
    (void)state;
    for (int i = 0; i < N; i++) {
        key[i] = names_key();
        assert_int_equal(session_run(line[i]), 0);
    }
    key[N] = names_key();
    for (int i = N - 1; i >= 0; i--) {
        assert_int_equal(session_run("undo"), 0);
        assert_true(names_key() == key[i]);
    }
    assert_int_equal(vn_session_count(s), 0);
    for (int i = 1; i <= N; i++) {
        assert_int_equal(session_run("redo"), 0);
        assert_true(names_key() == key[i]);
    }
    assert_non_null(strstr(out, "undone  close v\nundone  set v voxel=2um as=v\nundone  threshold v low=9 as=s\nundone  roi off\n"));
    assert_non_null(strstr(out, "redone  set v voxel=2um as=v\nredone  close v\n"));
    assert_int_equal(session_run("undo 5; redo 3"), 0);
    assert_true(names_key() == key[N - 2]);
    assert_int_equal(session_run("close s"), 0);                 /* another way from here: nothing to redo */
    assert_int_equal(session_run("redo"), 1);
}

static void what_cannot_be_undone_is_refused(void **state)
{
    (void)state;
    cJSON *o = session_json_of("undo"), *e = cJSON_GetObjectItem(o, "error");
    assert_string_equal(cJSON_GetObjectItem(e, "code")->valuestring, "argument");
    assert_string_equal(cJSON_GetObjectItem(e, "message")->valuestring, "there is nothing to undo");
    cJSON_Delete(o);
    assert_int_equal(session_run("roi 0:1,0:1,0:1; zoom 2; list; undo 2"), 1);     /* views and lists are no steps */
    assert_non_null(strstr(msg, "n=2: there is 1 to undo"));
    assert_int_equal(session_run("undo; redo; undo"), 0);
    assert_int_equal(session_run("undo"), 1);
    assert_int_equal(session_run("undo 0"), 1);
}

static void the_list_of_steps_is_bounded(void **state)
{
    char line[60];
    struct vn_box roi;
    (void)state;
    for (int i = 1; i <= VN_MAX_STEPS + 5; i++) {
        snprintf(line, sizeof line, "roi 0:%d,0:1,0:1", i);
        assert_int_equal(session_run(line), 0);
    }
    assert_int_equal(session_run("undo 100"), 0);
    assert_int_equal(session_run("undo"), 1);
    assert_true(vn_session_roi(s, &roi));
    assert_int_equal(roi.hi[0], 5);
    assert_int_equal(session_run("redo 100"), 0);
    assert_true(vn_session_roi(s, &roi));
    assert_int_equal(roi.hi[0], VN_MAX_STEPS + 5);
}

static void files_stay_and_are_named(void **state)
{
    char dir[] = "/tmp/vn-undo-XXXXXX", line[400];
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(line, sizeof line, "phantom tube dims=16x16x16 radius=3 as=v; graph v_mask as=g; measure g to=%s/t.csv as=t; save v %s/v.tif", dir, dir);
    assert_int_equal(session_run(line), 0);
    assert_int_equal(session_run("undo; undo"), 0);
    snprintf(line, sizeof line, "venule: undo: files are not undone: %s/t.csv, %s/v.tif\n", dir, dir);
    assert_string_equal(strstr(msg, "venule: undo"), line);
    snprintf(line, sizeof line, "%s/t.csv", dir);
    assert_int_equal(remove(line), 0);
    snprintf(line, sizeof line, "%s/v.tif", dir);
    assert_int_equal(remove(line), 0);
    remove(dir);
}

static void a_journal_with_undo_in_it_replays_to_the_same_session(void **state)
{
    char *journal[32];
    int n;
    (void)state;
    assert_int_equal(session_run("phantom tube dims=16x16x16 radius=3 as=v; denoise v sigma=1um; roi 2:9,2:9,2:9; threshold v low=9; undo 2; -redo 7;"
                                 "threshold v low=9; denoise v sigma=2um as=denoise1; undo; redo; close v; undo"), 0);
    const uint64_t key = names_key();
    n = vn_runner_n_journal(r);
    for (int i = 0; i < n; i++)
        journal[i] = strdup(vn_runner_journal(r, i));
    session_stop(NULL);
    session_start(false, false);
    for (int i = 0; i < n; i++) {
        assert_int_equal(session_run(journal[i]), 0);
        free(journal[i]);
    }
    assert_true(names_key() == key);
    assert_int_equal(vn_session_count(s), 5);                    /* v, v_mask, v_graph, denoise1, threshold1 */
}

static struct vn_obj *the_object;

static int sum_voxels(void *ctx, struct vn_job *job, struct vn_err *e)
{
    struct vn_vol *v;
    int rc = vn_obj_vol(s, the_object, &v, job, e);
    if (rc)
        return rc;
    const struct vn_buf b = vn_vol_data(v);
    *(struct vn_key *)ctx = vn_key_add(vn_key_start(), b.data, vn_box_count(&b.box) * vn_type_size(b.type));
    vn_vol_unref(v);
    return 0;
}

static void what_only_undo_holds_is_evicted_first_and_made_again(void **state)
{
    struct vn_key before, after;
    struct vn_obj *a;
    (void)state;
    vn_mem_trim();
    vn_mem_init(24000000);
    /* 1 MB as u8 twice, two results of 4.2 MB */
    assert_int_equal(session_run("phantom tube dims=128x128x64 radius=9 as=v; denoise v sigma=1um as=a; denoise v sigma=2um as=b"), 0);
    the_object = vn_session_get(s, "b");
    assert_int_equal(vn_job_run(VN_REGION, "sum", sum_voxels, &before, NULL, &err), 0);
    assert_int_equal(session_run("undo"), 0);
    assert_null(vn_session_get(s, "b"));
    a = vn_session_get(s, "a");
    assert_int_equal(vn_mem_reserve(15000000, &err), 0);         /* a was used longer ago, but it has a name */
    assert_int_equal(vn_obj_mem(s, the_object), 0);
    assert_int_equal(vn_obj_mem(s, a), 4 << 20);
    assert_int_equal(session_run("redo"), 0);
    assert_int_equal(vn_job_run(VN_REGION, "sum", sum_voxels, &after, NULL, &err), 0);
    assert_int_equal(vn_session_n_remade(s), 1);
    assert_true(vn_key_same(before, after));
    vn_obj_unref(the_object);
    vn_obj_unref(a);
    vn_mem_init(0);
}

static void the_view_survives_its_volume(void **state)
{
    (void)state;
    assert_int_equal(session_run("phantom tube dims=16x16x16 radius=3 as=v; denoise v sigma=1um as=d; show d; overlay v_mask; undo; snap width=40 height=12"), 0);
    assert_int_equal(session_run("undo; snap"), 1);
    assert_non_null(strstr(msg, "there is nothing to look at"));
    assert_int_equal(session_run("redo 2; snap width=40 height=12"), 0);
}

static bool ended;
static void hook_line(void *ctx, const char *line) { (void)ctx, (void)line; }
static void hook_text(void *ctx, const char *line, bool is_error) { (void)ctx, (void)line, (void)is_error; }
static void hook_done(void *ctx, int rc) { (void)ctx, (void)rc, ended = true; }

/* In the terminal a line may be entered while a command runs: what changes names or region waits for it, so that the
 * journal's order is the order of effects; what only looks does not. */
static void what_changes_the_session_waits_for_the_running_command(void **state)
{
    static const char *const line[] = { "denoise v sigma=2um as=s", "zoom 3", "roi 0:8,0:8,0:8", "undo", "close s", "undo" };
    static const char *const journal[] = { "phantom tube dims=64x64x64 radius=9 as=v", "zoom 3", "denoise v sigma=2um as=s", "roi 0:8,0:8,0:8",
                                           "undo", "close s", "undo" };
    const struct vn_runner_hooks h = { NULL, hook_line, hook_text, hook_done };
    struct vn_box roi;
    (void)state;
    assert_int_equal(session_run("phantom tube dims=64x64x64 radius=9 as=v"), 0);
    vn_runner_set_hooks(r, &h);
    for (size_t i = 0; i < VN_COUNT(line); i++)
        assert_int_equal(vn_runner_submit(r, line[i], &err), 0);
    assert_true(vn_session_view(s).zoom == 3);               /* nothing was pumped: the command still runs */
    assert_false(vn_session_roi(s, &roi));
    for (ended = false; vn_runner_n_journal(r) < (int)VN_COUNT(journal);) {
        struct pollfd fd = { vn_job_fd(), POLLIN, 0 };
        assert_int_equal(poll(&fd, 1, 60000), 1);
        vn_job_pump();
    }
    assert_true(ended);
    for (size_t i = 0; i < VN_COUNT(journal); i++)
        assert_string_equal(vn_runner_journal(r, (int)i), journal[i]);
    struct vn_obj *o = vn_session_get(s, "s");
    assert_non_null(o);
    vn_obj_unref(o);
}

/* Every allocation fails once: the command succeeds or says why, and the session is one that commands left. */
static void survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_int_equal(session_run("phantom tube dims=16x16x16 radius=3 as=v; denoise v sigma=1um as=d"), 0);
    for (long nth = 1; nth < 60; nth++) {
        vn_mem_fail_at(nth);
        session_run("-roi 0:4,0:4,0:4; -undo; -undo; -redo; -roi off; -redo");
        vn_mem_fail_at(0);
        assert_int_equal(session_run("list"), 0);
        while (vn_session_n_steps(s, 1))
            assert_int_equal(session_run("redo"), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_and_region_go_back_and_forth, session_text, session_stop),
        cmocka_unit_test_setup_teardown(what_cannot_be_undone_is_refused, session_json, session_stop),
        cmocka_unit_test_setup_teardown(the_list_of_steps_is_bounded, session_text, session_stop),
        cmocka_unit_test_setup_teardown(files_stay_and_are_named, session_text, session_stop),
        cmocka_unit_test_setup_teardown(a_journal_with_undo_in_it_replays_to_the_same_session, session_text, session_stop),
        cmocka_unit_test_setup_teardown(what_only_undo_holds_is_evicted_first_and_made_again, session_text, session_stop),
        cmocka_unit_test_setup_teardown(the_view_survives_its_volume, session_text, session_stop),
        cmocka_unit_test_setup_teardown(what_changes_the_session_waits_for_the_running_command, session_text, session_stop),
        cmocka_unit_test_setup_teardown(survives_every_failed_allocation, session_text, session_stop),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
