/* Thresholds moved by hand: what is looked up is what curve gives, the score what threshold and metrics give, a part of the
 * region where all of it is too large. */
#include "session.h"
#include "cuts.h"

struct ask { const char *truth; const struct vn_box *roi; double low, high, dice, cldice; struct vn_cuts l; };

static int make(void *ctx, struct vn_job *j, struct vn_err *e)
{
    struct ask *a = ctx;
    return vn_cuts_make(s, "p", a->truth, a->roi, &a->l, j, e);
}
static int score(void *ctx, struct vn_job *j, struct vn_err *e)
{
    struct ask *a = ctx;
    return vn_cuts_score(s, &a->l, "p", a->truth, a->low, a->high, &a->dice, &a->cldice, j, e);
}

static void same_as_metrics(struct ask *a, const char *roi)
{
    static const double pair[][2] = { { 0.5, 0.7 }, { 0.3, 0.3 }, { 0.2, 0.9 }, { 0.65, 0.66 } };
    char line[300];
    for (size_t i = 0; i < VN_COUNT(pair); i++) {
        a->low = pair[i][0];
        a->high = pair[i][1];
        assert_int_equal(vn_job_run(VN_REGION, "score", score, a, NULL, &err), 0);
        if (a->high > a->low)
            snprintf(line, sizeof line, "%s; threshold p low=%g high=%g as=m; metrics m t", roi, a->low, a->high);
        else
            snprintf(line, sizeof line, "%s; threshold p low=%g as=m; metrics m t", roi, a->low);
        cJSON *o = session_json_of(line);
        const double dice = session_number(o, "dice"), cldice = session_number(o, "cldice");       /* null: both empty */
        if (!(fabs(a->dice - dice) < 1e-12) || !(isnan(cldice) ? isnan(a->cldice) : fabs(a->cldice - cldice) < 1e-12))
            fail_msg("%s: Dice %g, clDice %g", line, a->dice, a->cldice);
        cJSON_Delete(o);
    }
}

static void scores(void **state)
{
    (void)state;
    const struct vn_box roi = { { 5, 10, 3 }, { 45, 60, 30 } };
    struct ask whole = { .truth = "t" }, part = { .truth = "t", .roi = &roi }, none = { .truth = "" };
    session_run("phantom network dims=56x64x40 voxel=1x1x2um seed=4 noise=0.4 as=n; segment n as=p; set n_mask voxel=1x1x2um as=t");
    assert_int_equal(vn_job_run(VN_REGION, "cuts", make, &whole, NULL, &err), 0);
    assert_int_equal(whole.l.curve.n, VN_CUTS);
    assert_false(whole.l.part);
    assert_true(whole.l.curve.has_truth && whole.l.curve.um);
    same_as_metrics(&whole, "roi off");
    assert_int_equal(vn_job_run(VN_REGION, "cuts", make, &part, NULL, &err), 0);
    assert_true(vn_box_same(&part.l.box, &roi));
    same_as_metrics(&part, "roi 5:45,10:60,3:30");
    assert_int_equal(vn_job_run(VN_REGION, "cuts", make, &none, NULL, &err), 0);
    assert_false(none.l.curve.has_truth);

    /* thresholds are k / 500 */
    assert_int_equal(vn_cuts_at(&whole.l, 0.5), 250);
    assert_int_equal(vn_cuts_at(&whole.l, 0.5039), 251);
    assert_int_equal(vn_cuts_at(&whole.l, 0), 0);
    assert_int_equal(vn_cuts_at(&whole.l, 1), 499);
    assert_int_equal(vn_cuts_at(&whole.l, -0.1), -1);
    cJSON *o = session_json_of("roi off; threshold p low=0.5 as=m");
    assert_true((double)whole.l.curve.voxels[250] == session_number(o, "voxels"));
    cJSON_Delete(o);
    o = session_json_of("components m as=c");
    assert_true((double)whole.l.curve.components[250] == session_number(o, "count"));
    cJSON_Delete(o);
    vn_cuts_free(&whole.l);
    vn_cuts_free(&part.l);
    vn_cuts_free(&none.l);
}

static void little_memory_and_mistakes(void **state)
{
    (void)state;
    struct ask a = { .truth = "" }, other = { .truth = "w" }, missing = { .truth = "nothing" };
    const struct vn_box away = { { 500, 0, 0 }, { 510, 5, 5 } };
    struct ask far = { .truth = "", .roi = &away };
    session_run("phantom network dims=100x100x100 seed=4 as=n; segment n as=p; phantom tube dims=8x8x8 radius=2 as=w");
    const uint64_t budget = vn_mem_budget();
    vn_mem_init(vn_mem_in_use() + 8000000);                /* half of it for 16 bytes a voxel: 250000, 62.99 on a side */
    assert_int_equal(vn_job_run(VN_REGION, "cuts", make, &a, NULL, &err), 0);
    vn_mem_init(budget);
    assert_true(a.l.part);
    const struct vn_box middle = { { 19, 19, 19 }, { 81, 81, 81 } };
    assert_true(vn_box_same(&a.l.box, &middle));
    assert_int_equal(a.l.curve.total, 62 * 62 * 62);
    vn_cuts_free(&a.l);
    assert_int_equal(vn_job_run(VN_REGION, "cuts", make, &other, NULL, &err), VN_E_ARG);
    assert_int_equal(vn_job_run(VN_REGION, "cuts", make, &missing, NULL, &err), VN_E_ARG);
    assert_non_null(strstr(err.msg, "nothing"));
    assert_int_equal(vn_job_run(VN_REGION, "cuts", make, &far, NULL, &err), VN_E_ARG);
    assert_non_null(strstr(err.msg, "no voxel in the region"));
}

static void failing_allocations(void **state)
{
    (void)state;
    session_run("phantom network dims=24x24x24 seed=4 as=n; segment n as=p; set n_mask voxel=1um as=t");
    for (long i = 1;; i++) {
        struct ask a = { .truth = "t", .low = 0.5, .high = 0.7 };
        vn_mem_fail_at(i);
        int rc = make(&a, NULL, &err);
        if (!rc)
            rc = score(&a, NULL, &err);
        vn_mem_fail_at(0);
        vn_cuts_free(&a.l);
        if (!rc) {
            assert_true(i > 20);
            break;
        }
        assert_int_equal(rc, VN_E_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(scores, session_json, session_stop),
        cmocka_unit_test_setup_teardown(little_memory_and_mistakes, session_json, session_stop),
        cmocka_unit_test_setup_teardown(failing_allocations, session_json, session_stop),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
