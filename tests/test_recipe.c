/* recipe: what is written, that it gives the same bytes, other inputs, errors by file and line. */
#include "session.h"
#include <unistd.h>

static char folder[] = "/tmp/vn-recipe-XXXXXX";

static int start(void **state)
{
    session_text(state);
    return chdir(folder);
}

static const char job[] = "phantom network dims=48x40x32 seed=3 noise=0.1 as=a; phantom network dims=48x40x32 seed=4 noise=0.1 as=b;"
                          "roi 2:46,:,1:; denoise a sigma=1um as=s; threshold s auto method=otsu as=m; roi off; clean m as=m; threshold s low=9 as=other";

static struct vn_key key_of(const char *name)
{
    struct vn_obj *o = vn_session_get(s, name);
    if (!o)
        fail_msg("there is no %s", name);
    const struct vn_key k = o->key;
    vn_obj_unref(o);
    return k;
}

static int voxels(void *ctx, struct vn_job *job_, struct vn_err *e)
{
    static const char *const name[] = { "m", "q" };
    struct vn_key *k = ctx;
    for (int i = 0; i < 2; i++) {
        struct vn_obj *o = vn_session_get(s, name[i]);
        struct vn_vol *v;
        const int rc = vn_obj_vol(s, o, &v, job_, e);
        vn_obj_unref(o);
        if (rc)
            return rc;
        const struct vn_buf b = vn_vol_data(v);
        k[i] = vn_key_add(vn_key_start(), b.data, vn_box_count(&b.box));
        vn_vol_unref(v);
    }
    return 0;
}

/* The lines printed last that are no comments. */
static const char *shown(const char *line)
{
    const size_t from = n_out;
    assert_int_equal(session_run(line), 0);
    const char *p = out + from;
    while (*p == '#')
        p += strcspn(p, "\n") + 1;
    return p;
}

static void what_was_typed_or_what_was_used(void **state)
{
    (void)state;
    assert_int_equal(session_run(job), 0);
    assert_string_equal(shown("recipe show m"), "denoise $1 sigma=1um as=s\nthreshold s auto method=otsu as=m\nclean m as=m_2\n");
    const char *exact = shown("recipe show m exact");
    assert_non_null(strstr(exact, "roi 2:46,:,1:\ndenoise $1 sigma=1um as=s\nthreshold s low="));
    assert_non_null(strstr(exact, "\nroi off\nclean m min_size="));
    assert_null(strstr(exact, "auto"));
    assert_int_equal(session_run("recipe show a"), 1);
    assert_non_null(strstr(msg, "'a' was made from no other object"));
    assert_int_equal(session_run("recipe show nothing"), 1);
}

static void exact_gives_the_same_bytes(void **state)
{
    struct vn_key k[2];
    struct vn_box roi;
    (void)state;
    assert_int_equal(session_run(job), 0);
    assert_int_equal(session_run("recipe save m e.vnr exact force; roi 5:9,5:9,5:9; recipe run e.vnr a as=q"), 0);
    assert_true(vn_key_same(key_of("q"), key_of("m")));
    assert_int_equal(vn_job_run(VN_REGION, "voxels", voxels, k, NULL, &err), 0);
    assert_true(vn_key_same(k[0], k[1]));
    assert_true(vn_session_roi(s, &roi) && roi.lo[0] == 5);          /* as it was before */
    assert_true(vn_key_same(key_of("q_s"), key_of("s")));
}

static void another_brain_gets_its_own_threshold(void **state)
{
    (void)state;
    assert_int_equal(session_run(job), 0);
    assert_int_equal(session_run("recipe save m r.vnr force; recipe run r.vnr b; recipe run r.vnr b as=q"), 0);
    assert_int_equal(session_run("denoise b sigma=1um as=bs; threshold bs auto method=otsu as=bm; clean bm as=bc"), 0);
    assert_true(vn_key_same(key_of("b_m_2"), key_of("bc")));
    assert_true(vn_key_same(key_of("q"), key_of("bc")));
    assert_true(vn_key_same(key_of("b_m"), key_of("bm")));
    for (int i = 0; i < vn_runner_n_journal(r); i++)                 /* the journal does not need the file */
        assert_null(strstr(vn_runner_journal(r, i), "recipe run"));
    assert_int_equal(session_run("undo"), 0);
    assert_null(vn_session_get(s, "bc"));
}

static void several_inputs_and_files(void **state)
{
    (void)state;
    assert_int_equal(session_run("phantom tube dims=24x24x24 radius=3 as=v; save v_mask v_mask.tif force; save v 'odd = name.tif' force;"
                                 "open v_mask.tif as=f kind=mask; set f voxel=3um; graph v_mask as=g; measure g tissue=f to=t.csv force as=t"), 1);
    assert_non_null(strstr(msg, "they are not on one grid"));
    assert_int_equal(session_run("set v voxel=3um; set v_mask voxel=3um as=w; graph w as=g; measure g tissue=f to=t.csv force as=t"), 0);
    assert_string_equal(shown("recipe show t"), "graph $1 as=g\nmeasure g tissue=$2 as=t\n");
    assert_string_equal(shown("recipe show t exact"), "roi off\nset $1 voxel=3um as=f\nset $2 voxel=3um as=w\ngraph w as=g\nmeasure g tissue=f as=t\n");
    assert_int_equal(session_run("recipe save t_segments t.vnr force; recipe run t.vnr w f as=u"), 0);
    assert_true(vn_key_same(key_of("u_segments"), key_of("t_segments")));
    FILE *f = fopen("d.vnr", "w");
    fputs("# by hand\n\ndenoise $1 sigma=1vox as=d; graph $2 as=e\n", f);
    fclose(f);
    assert_int_equal(session_run("recipe run d.vnr 'odd = name.tif' v_mask.tif as=n"), 0);
    key_of("n");
    key_of("odd_name");
    assert_int_equal(session_run("recipe run d.vnr v"), 1);
    assert_non_null(strstr(msg, "'d.vnr' takes 2 inputs ($1, $2, ...), not 1"));
    assert_int_equal(session_run("recipe run d.vnr v nofile.tif"), 1);
    assert_non_null(strstr(msg, "'nofile.tif' is neither an object nor a file"));
    static const char *const made[] = { "v_mask.tif", "odd = name.tif", "t.csv", "d.vnr", "t.vnr" };
    for (size_t i = 0; i < VN_COUNT(made); i++)
        unlink(made[i]);
}

static void errors_name_file_and_line(void **state)
{
    static const struct { const char *text, *says; } t[] = {
        { "denoise $1 as=s\n# and\nthreshhold s as=m\n", "bad.vnr line 3: unknown command 'threshhold'" },
        { "denoise $1 as=s\nthreshold x as=m\n", "bad.vnr line 2: 'x' is neither made here nor an input" },
        { "denoise $1 as=s\nsave s x.tif\n", "bad.vnr line 2: 'save' does not make an object" },
        { "recipe run bad.vnr $1 as=x\n", "bad.vnr line 1: 'recipe' does not make an object" },
        { "denoise $1\n", "bad.vnr line 1: 'denoise' does not say as=" },
        { "denoise $0 as=s\n", "bad.vnr line 1: '$0' is no input" },
        { "denoise $1 sgma=1 as=s\n", "bad.vnr line 1: no parameter 'sgma'" },
        { "denoise $1 as='s\n", "bad.vnr line 1: a quote is not closed" },
        { "# nothing\n", "'bad.vnr' holds no command" },
        { "denoise $1 as=s\n\nmeasure s as=m\n", "venule: measure: bad.vnr line 3: 'v_s' is of kind image" },
    };
    (void)state;
    assert_int_equal(session_run("phantom tube dims=16x16x16 radius=3 as=v"), 0);
    for (size_t i = 0; i < VN_COUNT(t); i++) {
        FILE *f = fopen("bad.vnr", "w");
        fputs(t[i].text, f);
        fclose(f);
        const size_t from = n_msg;
        if (!session_run("recipe run bad.vnr v"))
            fail_msg("'%s' was not refused", t[i].text);
        if (!strstr(msg + from, t[i].says))
            fail_msg("'%s' does not say '%s'", msg + from, t[i].says);
    }
    assert_int_equal(session_run("recipe save v x.vnr; "), 1);
    assert_int_equal(session_run("recipe save v_s bad.vnr"), 1);     /* not without force */
    assert_int_equal(session_run("source bad.vnr"), 1);
    assert_non_null(strstr(msg, "venule: denoise: bad.vnr line 1: no object is named '$1'"));
    unlink("bad.vnr");
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_int_equal(session_run("phantom tube dims=16x16x16 radius=3 as=v; threshold v low=9 as=m; clean m as=m"), 0);
    for (long nth = 1; nth < 200; nth++) {
        const size_t from = n_msg;
        vn_mem_fail_at(nth);
        const int rc = session_run("recipe save m f.vnr force; recipe run f.vnr v as=q");
        vn_mem_fail_at(0);
        assert_true(!rc || n_msg > from);                            /* done, or said why not */
    }
    assert_int_equal(session_run("recipe run f.vnr v as=q"), 0);
    assert_true(vn_key_same(key_of("q"), key_of("m")));
    unlink("f.vnr");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_typed_or_what_was_used, start, session_stop),
        cmocka_unit_test_setup_teardown(exact_gives_the_same_bytes, start, session_stop),
        cmocka_unit_test_setup_teardown(another_brain_gets_its_own_threshold, start, session_stop),
        cmocka_unit_test_setup_teardown(several_inputs_and_files, start, session_stop),
        cmocka_unit_test_setup_teardown(errors_name_file_and_line, start, session_stop),
        cmocka_unit_test_setup_teardown(survives_every_failed_allocation, start, session_stop),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err) || !mkdtemp(folder))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    unlink("e.vnr");
    unlink("r.vnr");
    if (chdir("/") == 0)
        rmdir(folder);
    vn_job_exit();
    return rc;
}
