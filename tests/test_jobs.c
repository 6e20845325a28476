/* Commands in the background: what they make, what others may do meanwhile, and that the journal replays to the same. */
#include "session.h"
#include <dirent.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

static char *heard, said[65536];                         /* hooks: texts and errors, one a line */
static int n_done, n_ended, n_bell, last_rc;

static void on_text(void *ctx, const char *line, bool is_error)
{
    (void)ctx;
    heard += snprintf(heard, (size_t)(said + sizeof said - heard), "%s%s\n", is_error ? "! " : "", line);
}
static void on_done(void *ctx, int rc) { (void)ctx, n_done++, last_rc = rc; }
static void on_job(void *ctx, int rc) { (void)ctx, n_ended++, last_rc = rc; }
static void on_bell(void *ctx) { (void)ctx, n_bell++; }

/* While it is closed no command runs: a job of the foreground's priority that waits. */
static atomic_bool gate_open, gate_there;
static int gate(void *ctx, struct vn_job *j, struct vn_err *e)
{
    (void)ctx, (void)e;
    atomic_store(&gate_there, true);
    while (!atomic_load(&gate_open) && !vn_job_stop(j)) {   /* lets in only what is above it */
        usleep(500);
        vn_job_step(j, 0, 0);
    }
    return 0;
}

static void close_gate_at(enum vn_prio p)
{
    atomic_store(&gate_open, false);
    atomic_store(&gate_there, false);
    assert_non_null(vn_job_submit(p, "gate", gate, NULL, NULL, &err));
    while (!atomic_load(&gate_there))
        usleep(500);
}
static void close_gate(void) { close_gate_at(VN_REGION); }
static void open_gate(void) { atomic_store(&gate_open, true); }

static void pump(void)
{
    struct pollfd p = { vn_job_fd(), POLLIN, 0 };
    poll(&p, 1, 20);
    vn_job_pump();
}

static int start(void **state)
{
    (void)state;
    const struct vn_runner_hooks h = { NULL, NULL, on_text, on_done, on_job, on_bell, NULL };
    session_start(false, false);
    assert_int_equal(session_run("phantom network dims=24x20x16 voxel=1x1x2um seed=3 as=v; denoise v method=gaussian sigma=1um as=d0; set v as=w voxel=2um"), 0);
    vn_runner_set_hooks(r, &h);
    heard = said;
    *said = '\0';
    n_done = n_ended = n_bell = 0;
    atomic_store(&gate_open, true);
    return 0;
}

static int stop(void **state)
{
    open_gate();
    return session_stop(state);
}

static void submit(const char *line) { assert_int_equal(vn_runner_submit(r, line, &err), 0); }

/* Runs a line of the foreground to its end. */
static int foreground(const char *line)
{
    const int before = n_done;
    submit(line);
    for (int i = 0; i < 1000 && n_done == before; i++)
        pump();
    assert_int_equal(n_done, before + 1);
    return last_rc;
}

static void ended(int n)
{
    for (int i = 0; i < 1000 && n_ended < n; i++)
        pump();
    assert_int_equal(n_ended, n);
}

static bool says(const char *text) { return strstr(said, text) != NULL; }
static void forget(void) { heard = said, *said = '\0'; }
static struct vn_key key_of(const char *name)
{
    struct vn_obj *o = vn_session_get(s, name);
    assert_non_null(o);
    const struct vn_key k = o->key;
    vn_obj_unref(o);
    return k;
}
static bool bound(const char *name)
{
    struct vn_obj *o = vn_session_get(s, name);
    vn_obj_unref(o);
    return o != NULL;
}

/* The journal in another session, without a terminal: the same names with the same keys, the same journal. */
static void replays(void)
{
    struct vn_session *first = s;
    const struct vn_run_opt o = { .quiet = true, .out = f_out, .msg = f_msg };
    struct vn_session *again = vn_session_new(&err);
    struct vn_runner *q = vn_runner_new(again, &o, &err);
    char name[64];
    for (int i = 0; i < vn_runner_n_journal(r); i++) {
        if (vn_runner_line(q, vn_runner_journal(r, i)))
            fail_msg("'%s' does not run again", vn_runner_journal(r, i));
        assert_string_equal(vn_runner_journal(q, i), vn_runner_journal(r, i));
    }
    assert_int_equal(vn_session_count(again), vn_session_count(first));
    for (int i = 0; i < vn_session_count(first); i++) {
        struct vn_obj *a = vn_session_at(first, i, name), *b = vn_session_get(again, name);
        assert_non_null(b);
        assert_memory_equal(&a->key, &b->key, sizeof a->key);
        vn_obj_unref(a);
        vn_obj_unref(b);
    }
    vn_runner_free(q);
    vn_session_free(again);
}

static void the_result_is_that_of_the_foreground(void **state)
{
    (void)state;
    struct vn_vol *a, *b;
    submit("denoise v method=gaussian sigma=1um as=d &");
    assert_int_equal(n_done, 1);                         /* the prompt is free at once */
    assert_true(says("job 1 begins in the background"));
    ended(1);
    assert_int_equal(last_rc, 0);
    assert_true(says("job 1 done in "));
    assert_true(says(" s: denoise v method=gaussian sigma=1um as=d &\n"));
    assert_true(says("\nd:\n"));
    struct vn_obj *x = vn_session_get(s, "d0"), *y = vn_session_get(s, "d");
    assert_non_null(y);
    assert_memory_equal(&x->key, &y->key, sizeof x->key);
    assert_int_equal(vn_obj_vol(s, x, &a, NULL, &err), 0);
    assert_int_equal(vn_obj_vol(s, y, &b, NULL, &err), 0);
    struct vn_buf va, vb;
    assert_int_equal(vn_vol_map(a, VN_F32, &a->box, VN_PAD_EDGE, &va, NULL, &err), 0);
    assert_int_equal(vn_vol_map(b, VN_F32, &b->box, VN_PAD_EDGE, &vb, NULL, &err), 0);
    assert_memory_equal(va.data, vb.data, 24 * 20 * 16 * sizeof(float));
    vn_buf_free(&va);
    vn_buf_free(&vb);
    vn_vol_unref(a);
    vn_vol_unref(b);
    vn_obj_unref(x);
    vn_obj_unref(y);
    assert_string_equal(vn_runner_journal(r, vn_runner_n_journal(r) - 1), "denoise v method=gaussian sigma=1um as=d");
    assert_int_equal(n_bell, 0);                         /* not wanted, and not long */
    replays();
}

static void names_are_kept_while_jobs_run(void **state)
{
    (void)state;
    const int journal = vn_runner_n_journal(r);
    close_gate();
    submit("denoise v method=gaussian sigma=1um as=d &");
    submit("denoise d0 method=gaussian sigma=1um &");
    struct vn_job_info job[VN_MAX_JOBS];
    assert_int_equal(vn_runner_jobs(r, job), 2);
    assert_int_equal(job[0].number, 1);
    assert_true(job[0].behind && job[0].p.waits && !job[0].p.away);
    assert_string_equal(job[0].makes, "d");
    assert_string_equal(job[1].makes, "denoise1");       /* known from the start */
    static const struct { const char *line, *why; } refused[] = {
        { "slab 3; info d", "'d' is being made by job 1" },                     /* NOW or not: it is not there */
        { "threshold d low=3 as=x", "'d' is being made by job 1" },
        { "threshold v low=3 as=d", "as=d: job 1 is making that" },
        { "threshold v low=3 as=v", "as=v: job 1 reads that" },
        { "close v", "job 1 reads 'v' until it ends" },
        { "close d0", "job 2 reads 'd0' until it ends" },
        { "undo 3", "until it ends" },
        { "undo 2", "job 2 reads 'd0'" },
        { "jobs pause", "2 jobs are running: say which" },
        { "jobs cancel 3", "no job has the number 3" },
    };
    for (size_t i = 0; i < VN_COUNT(refused); i++) {
        forget();
        submit(refused[i].line);
        if (!says(refused[i].why))
            fail_msg("'%s' says: %s", refused[i].line, said);
    }
    assert_true(bound("v") && bound("d0") && bound("w"));
    submit("undo");                                      /* nothing reads w */
    assert_false(bound("w"));
    submit("redo");
    assert_true(bound("w"));
    open_gate();
    ended(2);
    assert_true(bound("d") && bound("denoise1"));
    assert_int_equal(vn_runner_n_journal(r), journal + 5);        /* slab, undo, redo, and the two in the order of their ends */
    assert_string_equal(vn_runner_journal(r, journal + 4), "denoise d0 method=gaussian sigma=1um as=denoise1");
    replays();
}

/* The region and the names of others change meanwhile; the history says what was. */
static void the_journal_replays(void **state)
{
    (void)state;
    close_gate();
    submit("roi 2:20,2:18,2:14");
    submit("denoise v method=gaussian sigma=1um as=d &");
    submit("roi 0:9,:,:");
    submit("denoise v method=gaussian sigma=1um as=e &");
    submit("roi off");
    open_gate();
    ended(2);
    assert_int_equal(foreground("denoise v method=gaussian sigma=1um as=f"), 0);
    assert_int_equal(foreground("undo 3"), 0);
    assert_int_equal(foreground("redo 2"), 0);
    const int n = vn_runner_n_journal(r);
    assert_string_equal(vn_runner_journal(r, n - 5), "denoise roi=2:20,2:18,2:14 v method=gaussian sigma=1um as=d");
    assert_string_equal(vn_runner_journal(r, n - 4), "denoise roi=0:9,:,: v method=gaussian sigma=1um as=e");
    assert_true(bound("d") && bound("e") && !bound("f"));
    const struct vn_key d = key_of("d"), d0 = key_of("d0");
    assert_memory_not_equal(&d, &d0, sizeof d);
    replays();
}

static void a_wait_holds_what_follows(void **state)
{
    (void)state;
    close_gate();
    submit("denoise v method=gaussian sigma=1um as=d &; jobs wait; threshold d low=40 as=m");
    submit("jobs");                                      /* looks while the lines wait */
    assert_true(says("waits"));
    assert_int_equal(n_done, 1);                         /* of the look */
    open_gate();
    for (int i = 0; i < 1000 && n_done < 2; i++)
        pump();
    assert_int_equal(n_ended, 1);
    assert_true(bound("m"));
    close_gate();
    submit("save v /nonexistent/x.nii &; jobs wait 1; roi 0:5,:,:");
    open_gate();
    ended(2);
    assert_true(says("! job 1: save: "));
    assert_false(vn_session_roi(s, NULL));               /* what follows a failure is not run */
    close_gate();
    submit("denoise v method=gaussian sigma=1um as=x &; jobs wait; roi 0:5,:,:");
    vn_runner_cancel(r);                                 /* Ctrl-C: the lines, not the background */
    open_gate();
    ended(3);
    assert_true(bound("x"));
    assert_false(vn_session_roi(s, NULL));
    assert_int_equal(foreground("jobs wait; jobs wait 1"), 0);
    close_gate();
    submit("denoise v method=gaussian sigma=1um as=y &; denoise v method=gaussian sigma=1um as=z &; jobs wait; roi 0:5,:,:");
    open_gate();
    ended(5);                                            /* all */
    assert_true(bound("y") && bound("z"));
    assert_true(vn_session_roi(s, &(struct vn_box){ 0 }));
}

static void jobs_are_paused_and_cancelled(void **state)
{
    (void)state;
    struct vn_job_info job[VN_MAX_JOBS];
    close_gate();
    submit("denoise v method=nlm as=a &");
    submit("denoise v method=nlm as=b &");
    submit("jobs pause 1");
    submit("jobs cancel 2");
    open_gate();
    for (int i = 0; i < 1000 && (vn_runner_jobs(r, job) != 1 || !job[0].p.away); i++)
        pump();
    assert_int_equal(vn_runner_jobs(r, job), 1);         /* the second, let in by the first, which stands */
    assert_int_equal(job[0].number, 1);
    assert_true(job[0].p.paused && job[0].p.away);
    assert_true(says("! job 2: denoise: cancelled"));
    const double worked = job[0].p.elapsed_s;
    assert_int_equal(foreground("denoise v method=gaussian sigma=1um as=c"), 0);        /* on top of it */
    vn_runner_jobs(r, job);
    assert_true(job[0].p.elapsed_s == worked);           /* standing still is no work */
    forget();
    submit("jobs");
    assert_true(says("  1  paused"));
    assert_false(bound("a") || bound("b"));
    submit("jobs resume");
    ended(2);
    assert_true(bound("a"));
    close_gate();
    submit("denoise v method=nlm as=x &");
    submit("jobs pause");
    open_gate();
    for (int i = 0; i < 1000 && (vn_runner_jobs(r, job) != 1 || !job[0].p.away); i++)
        pump();
    submit("jobs cancel");                               /* while it stands */
    ended(3);
    assert_int_equal(last_rc, VN_E_CANCELLED);
    assert_false(bound("x"));
    replays();
}

/* Begun in the foreground, sent to the background while it runs. */
static void the_foreground_goes_to_the_background(void **state)
{
    (void)state;
    struct vn_job_info job[VN_MAX_JOBS];
    close_gate_at(VN_VISIBLE);
    submit("denoise v method=nlm as=a");
    submit("jobs background");
    assert_true(says("! jobs: job 1 cannot go to the background before it has begun"));
    submit("jobs pause");
    open_gate();
    for (int i = 0; i < 1000 && (vn_runner_jobs(r, job) != 1 || !job[0].p.away); i++)
        pump();
    assert_false(job[0].behind);
    submit("roi 0:5,:,:");                               /* waits for it */
    assert_false(vn_session_roi(s, NULL));
    submit("jobs background");
    assert_true(says("! jobs: commands wait for job 1"));
    vn_runner_drop(r);
    n_done = 0;
    submit("jobs background");
    assert_int_equal(n_done, 2);                         /* its own line, and that of the job */
    vn_runner_jobs(r, job);
    assert_true(job[0].behind);
    forget();
    submit("info a");
    assert_true(says("'a' is being made by job 1"));
    assert_int_equal(foreground("denoise v method=gaussian sigma=1um as=c"), 0);
    submit("jobs resume");
    ended(1);
    assert_true(bound("a"));
    replays();
    /* In the foreground to the end, listed while it runs. */
    close_gate_at(VN_VISIBLE);
    submit("denoise v method=nlm as=b");
    forget();
    submit("jobs");
    assert_true(says("denoise v method=nlm as=b"));
    open_gate();
    assert_int_equal(foreground("roi 0:5,:,:"), 0);
    assert_true(bound("b"));
}

static void there_are_limits(void **state)
{
    (void)state;
    close_gate();
    for (int i = 0; i < VN_MAX_JOBS - 1; i++)
        submit("denoise v method=gaussian sigma=1um &");
    assert_false(says("! "));
    submit("denoise v method=gaussian sigma=1um &");
    assert_true(says("! denoise: 8 jobs are running"));
    submit("show v; snap to=x.png &");
    assert_true(says("! snap: it shows what is looked at now"));
    submit("nonsense &");
    assert_true(says("! nonsense: unknown command 'nonsense'"));
    open_gate();
    ended(VN_MAX_JOBS - 1);
    assert_true(bound("denoise1") && bound("denoise8"));
    replays();
}

static void quitting_asks_and_leaves_no_file(void **state)
{
    (void)state;
    char dir[] = "/tmp/venule-jobs-XXXXXX", line[200];
    assert_non_null(mkdtemp(dir));
    close_gate();
    snprintf(line, sizeof line, "save v %s/x.nii &", dir);
    submit(line);
    submit("quit");
    assert_false(vn_runner_quit(r));
    assert_true(says("! job 1 (save v "));
    submit("jobs");
    submit("quit");
    assert_false(vn_runner_quit(r));                     /* something else was done in between */
    submit("quit");
    assert_true(vn_runner_quit(r));
    open_gate();
    vn_runner_free(r);
    DIR *d = opendir(dir);
    struct dirent *e;
    while ((e = readdir(d)))
        assert_true(!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."));
    closedir(d);
    rmdir(dir);
    const struct vn_run_opt o = { .out = f_out, .msg = f_msg };
    r = vn_runner_new(s, &o, &err);
}

static void scripts_run_one_after_the_other(void **state)
{
    (void)state;
    vn_runner_set_hooks(r, &(struct vn_runner_hooks){ 0 });
    assert_int_equal(session_run("denoise v method=gaussian sigma=1um as=d &; threshold d low=40 as=m &; jobs"), 0);
    assert_true(bound("m"));
    assert_non_null(strstr(out, "no job is running"));
    replays();
}

/* The lines of a file as well. */
static void a_file_runs_one_after_the_other(void **state)
{
    (void)state;
    char path[] = "/tmp/venule-jobs-XXXXXX", line[64];
    FILE *f = fdopen(mkstemp(path), "w");
    fputs("denoise v method=gaussian sigma=1um as=d &\nthreshold d low=40 as=m &\n", f);
    fclose(f);
    snprintf(line, sizeof line, "source %s; threshold m low=1 as=n", path);
    assert_int_equal(foreground(line), 0);
    assert_true(bound("n"));
    assert_int_equal(n_ended, 0);                        /* nothing was in the background */
    unlink(path);
}

/* A line of very many commands is worked off in the time of its length. */
static void long_lines_are_quick(void **state)
{
    (void)state;
    enum { N = 200000 };
    char *line = malloc(5 * N + 20), *at = line;
    for (int i = 0; i < N; i++)
        at = stpcpy(at, "    ;");
    strcpy(at, "roi 0:5,:,:");
    assert_int_equal(foreground(line), 0);
    assert_true(vn_session_roi(s, &(struct vn_box){ 0 }));
    free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_result_is_that_of_the_foreground, start, stop),
        cmocka_unit_test_setup_teardown(names_are_kept_while_jobs_run, start, stop),
        cmocka_unit_test_setup_teardown(the_journal_replays, start, stop),
        cmocka_unit_test_setup_teardown(a_wait_holds_what_follows, start, stop),
        cmocka_unit_test_setup_teardown(jobs_are_paused_and_cancelled, start, stop),
        cmocka_unit_test_setup_teardown(the_foreground_goes_to_the_background, start, stop),
        cmocka_unit_test_setup_teardown(there_are_limits, start, stop),
        cmocka_unit_test_setup_teardown(quitting_asks_and_leaves_no_file, start, stop),
        cmocka_unit_test_setup_teardown(scripts_run_one_after_the_other, start, stop),
        cmocka_unit_test_setup_teardown(a_file_runs_one_after_the_other, start, stop),
        cmocka_unit_test_setup_teardown(long_lines_are_quick, start, stop),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err)) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
