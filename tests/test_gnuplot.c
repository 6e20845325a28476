/* gnuplot as a process: others of its name are put first on the PATH, which hang, complain, print, leave children behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "gnuplot.h"
#include "job.h"
#include "mem.h"

static char dir[] = "/tmp/vn-gnuplot-XXXXXX", own_path[8192];
static struct vn_err err;

/* A shell script of that name, alone on the path with the system's programs. NULL: none. */
static void fake(const char *body)
{
    char name[100], path[200];
    snprintf(name, sizeof name, "%s/gnuplot", dir);
    snprintf(path, sizeof path, "%s:/bin", dir);
    unlink(name);
    if (body) {
        FILE *f = fopen(name, "w");
        assert_non_null(f);
        fprintf(f, "#!/bin/sh\n%s\n", body);
        fclose(f);
        chmod(name, 0755);
    } else {
        snprintf(path, sizeof path, "%s", dir);
    }
    setenv("PATH", path, 1);
    memset(&err, 0, sizeof err);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int draw(struct vn_job *job)
{
    const char *const args[] = { "out.pdf", "out.dat", NULL };
    return vn_gnuplot("figure.gp", args, job, &err);
}

static pid_t noted(void)
{
    char name[100];
    int pid = 0;
    snprintf(name, sizeof name, "%s/pid", dir);
    FILE *f = fopen(name, "r");
    if (f && fscanf(f, "%d", &pid) != 1)
        pid = 0;
    if (f)
        fclose(f);
    return pid;
}

/* Ended, or (where nobody collects orphans) dead. */
static bool gone(pid_t pid)
{
    char name[40], state = 0;
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "/proc/%d/stat", pid);
        FILE *f = fopen(name, "r");
        if (!f)
            return true;
        if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
            state = 'Z';
        fclose(f);
        if (state == 'Z')
            return true;
        usleep(10000);
    }
    return false;
}

static void what_it_is_given(void **state)
{
    (void)state;
    struct vn_str out = { 0 };
    fake("echo \"$*\" >&2; exit 1");
    assert_int_equal(draw(NULL), VN_E_INTERNAL);
    assert_string_equal(err.msg, "gnuplot failed on figure.gp: -d -c figure.gp out.pdf out.dat");
    fake("printf '%s:' \"$*\"; cat");
    assert_int_equal(vn_gnuplot_text("plot x\n", 7, "it", &out, NULL, &err), 0);
    assert_string_equal(out.s, "-d:plot x\n");
    vn_str_free(&out);
    fake("head -c 3000000 /dev/zero | tr '\\0' x");       /* more than a pipe holds */
    assert_int_equal(vn_gnuplot_text("", 0, "it", &out, NULL, &err), 0);
    assert_int_equal(out.n, 3000000);
    vn_str_free(&out);
}

static void it_complains(void **state)
{
    (void)state;
    fake("printf '\\n\\nplot nosuch\\n     ^\\n\"figure.gp\" line 3: undefined variable: nosuch\\n' >&2; exit 1");
    assert_int_equal(draw(NULL), VN_E_INTERNAL);
    assert_string_equal(err.msg, "gnuplot failed on figure.gp: plot nosuch; \"figure.gp\" line 3: undefined variable: nosuch");
    fake("exit 3");
    assert_int_equal(draw(NULL), VN_E_INTERNAL);
    assert_string_equal(err.msg, "gnuplot failed on figure.gp: it said nothing");
    fake("kill -SEGV $$");                                /* dies; the next one is a new one */
    assert_int_equal(draw(NULL), VN_E_INTERNAL);
    fake("exit 0");
    assert_int_equal(draw(NULL), 0);
    fake("yes complaint | head -c 100000 >&2; exit 1");   /* more than is kept */
    assert_int_equal(draw(NULL), VN_E_INTERNAL);
    fake(NULL);
    assert_int_equal(draw(NULL), VN_E_UNSUPPORTED);
    assert_string_equal(err.msg, "figures are drawn by gnuplot, which is not installed: install the package gnuplot-nox");
}

static void it_hangs(void **state)
{
    (void)state;
    char body[300];
    struct vn_str out = { 0 };
    vn_gnuplot_limit(0.3);
    snprintf(body, sizeof body, "trap '' TERM\necho $$ >%s/pid\nwhile :; do sleep 1; done", dir);
    fake(body);
    assert_int_equal(draw(NULL), VN_E_INTERNAL);
    assert_string_equal(err.msg, "gnuplot had not drawn figure.gp after 0.3 s and was ended");
    assert_true(gone(noted()));
    fake("yes");                                          /* never stops talking */
    assert_int_equal(vn_gnuplot_text("", 0, "it", &out, NULL, &err), VN_E_INTERNAL);
    vn_str_free(&out);
    vn_gnuplot_limit(30);
}

static void what_it_leaves_running_is_not_waited_for(void **state)
{
    (void)state;
    char body[200];
    fake(NULL);
    snprintf(body, sizeof body, "sleep 1000 & echo $! >%s/pid\nexit 0", dir);
    fake(body);
    const double begun = now();
    assert_int_equal(draw(NULL), 0);
    assert_true(now() - begun < 20);                      /* not 1000: its pipe is still open */
    assert_true(gone(noted()));
}

static int as_job(void *ctx, struct vn_job *job, struct vn_err *e)
{
    (void)ctx;
    const char *const none[] = { NULL };
    return vn_gnuplot("figure.gp", none, job, e);
}
static void cancel(struct vn_job *job)
{
    if (noted())
        vn_job_cancel(job);
}

static void it_can_be_cancelled(void **state)
{
    (void)state;
    char body[200], name[100];
    snprintf(name, sizeof name, "%s/pid", dir);
    unlink(name);
    snprintf(body, sizeof body, "trap '' TERM\necho $$ >%s/pid\nwhile :; do sleep 1; done", dir);
    fake(body);
    assert_int_equal(vn_job_run(VN_BULK, "plot", as_job, NULL, cancel, &err), VN_E_CANCELLED);
    assert_true(gone(noted()));
}

/* The real one: user's settings are not read, its words come through. */
static void the_real_one(void **state)
{
    (void)state;
    char name[100];
    struct vn_str out = { 0 };
    setenv("PATH", own_path, 1);
    const int rc = vn_gnuplot_text("", 0, "nothing", &out, NULL, &err);
    if (rc == VN_E_UNSUPPORTED)
        skip();
    assert_int_equal(rc, 0);
    snprintf(name, sizeof name, "%s/.gnuplot", dir);
    FILE *f = fopen(name, "w");
    fprintf(f, "this is no command\n");
    fclose(f);
    setenv("HOME", dir, 1);
    static const char good[] = "set terminal dumb mono 40,10\nplot x\n", bad[] = "set terminal dumb\nplot nosuch\n";
    assert_int_equal(vn_gnuplot_text(good, sizeof good - 1, "x", &out, NULL, &err), 0);
    assert_non_null(strstr(out.s, "10"));
    assert_int_equal(vn_gnuplot_text(bad, sizeof bad - 1, "x", &out, NULL, &err), VN_E_INTERNAL);
    assert_non_null(strstr(err.msg, "undefined variable: nosuch"));
    vn_str_free(&out);
    unlink(name);
}

int main(void)
{
    vn_mem_init(0);
    vn_job_init(2, &err);
    snprintf(own_path, sizeof own_path, "%s", getenv("PATH"));
    if (!mkdtemp(dir))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_is_given),
        cmocka_unit_test(it_complains),
        cmocka_unit_test(it_hangs),
        cmocka_unit_test(what_it_leaves_running_is_not_waited_for),
        cmocka_unit_test(it_can_be_cancelled),
        cmocka_unit_test(the_real_one),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    setenv("PATH", own_path, 1);
    static const char *const left[] = { "gnuplot", "pid", ".gnuplot" };
    for (size_t i = 0; i < VN_COUNT(left); i++) {
        char name[100];
        snprintf(name, sizeof name, "%s/%s", dir, left[i]);
        unlink(name);
    }
    rmdir(dir);
    return rc;
}
