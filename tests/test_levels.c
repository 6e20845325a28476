/* test_levels.c - counts for the histogram panel by hand; automatic thresholds as the verb has them. */
#include "session.h"
#include "levels.h"

static struct vn_vol *volume(const char *name)
{
    struct vn_vol *v;
    struct vn_obj *o = vn_session_get(s, name);
    assert_non_null(o);
    assert_int_equal(vn_obj_vol(s, o, &v, NULL, &err), 0);
    vn_obj_unref(o);
    return v;
}

static void counts(void **state)
{
    (void)state;
    struct vn_levels l;
    session_run("phantom empty dims=16x8x4 as=e");
    session_run("paint e_mask at=3,3,2,7,3,2 size=1vox value=1 as=m");
    struct vn_vol *m = volume("m");
    assert_int_equal(vn_levels_count(m, &m->box, &l, NULL, &err), 0);
    /* 512 voxels, 5 of them 1; bins one number wide */
    assert_true(l.n == 2 && l.lo == 0 && l.width == 1 && l.voxels == 512 && l.count[0] == 507 && l.count[1] == 5 && l.max == 1);
    assert_true(vn_levels_above(&l, 1) == 5.0 / 512 && vn_levels_above(&l, 0) == 1 && vn_levels_above(&l, 1.5) == 0);
    /* the rank floor(0.999 * 511) = 510 is one of the five */
    assert_true(l.far == 1);
    vn_levels_free(&l);
    const struct vn_box part = { { 0, 0, 2 }, { 4, 8, 4 } };             /* 64 voxels, of which x = 3 */
    assert_int_equal(vn_levels_count(m, &part, &l, NULL, &err), 0);
    assert_true(l.voxels == 64 && l.count[1] == 1);
    vn_levels_free(&l);
    vn_vol_unref(m);
}

static void automatic(void **state)
{
    (void)state;
    struct vn_levels l;
    session_run("phantom network dims=48x48x32 seed=2 noise=0.1 as=n");
    struct vn_vol *v = volume("n");
    assert_int_equal(vn_levels_count(v, &v->box, &l, NULL, &err), 0);
    uint64_t sum = 0;
    for (int i = 0; i < l.n; i++)
        sum += l.count[i];
    assert_true(sum == l.voxels && l.voxels == 48 * 48 * 32);
    assert_int_equal(vn_levels_automatic(v, &v->box, &l, NULL, &err), 0);
    assert_true(l.n_level >= 4);
    for (int i = 0; i < l.n_level; i++) {
        char line[80];
        snprintf(line, sizeof line, "threshold n method=%s as=m", l.level[i].name);
        cJSON *o = session_json_of(line);
        assert_true(fabs(session_number(o, "low") - l.level[i].at) <= 1e-12 * l.level[i].at);
        assert_true(!i || l.level[i].at >= l.level[i - 1].at);
        if (l.level[i].at > 1 && strcmp(l.level[i].name, "tubes"))      /* which leaves out pieces; bins hold one number each: the share is exact */
            assert_true(fabs(session_number(o, "fraction") - vn_levels_above(&l, l.level[i].at)) < 1e-12);
        cJSON_Delete(o);
    }
    vn_levels_free(&l);
    vn_vol_unref(v);
}

static void no_memory(void **state)
{
    (void)state;
    struct vn_levels l;
    int rc = -1;
    session_run("phantom tube dims=16x16x16 radius=3 as=v; denoise v sigma=1um as=f");
    struct vn_vol *v = volume("f");
    for (int nth = 1; rc; nth++) {
        assert_true(nth < 100);
        vn_mem_fail_at(nth);
        rc = vn_levels_count(v, &v->box, &l, NULL, &err);
        if (!rc)
            rc = vn_levels_automatic(v, &v->box, &l, NULL, &err);
        vn_mem_fail_at(0);
        assert_true(rc == 0 || rc == VN_E_MEMORY);
        vn_levels_free(&l);
    }
    vn_vol_unref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counts, session_json, session_stop), cmocka_unit_test_setup_teardown(automatic, session_json, session_stop),
        cmocka_unit_test_setup_teardown(no_memory, session_json, session_stop),
    };
    vn_mem_init(1u << 30);
    assert_int_equal(vn_job_init(2, &err), 0);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return failed;
}
