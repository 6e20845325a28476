/* test_complete.c - what Tab offers and how it is typed; the hint of what is expected. */
#include "session.h"
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/venule-complete-XXXXXX";

static int start(void **state)
{
    (void)state;
    session_start(false, true);
    return session_run("phantom tube dims=16x16x16 radius=3 as=vessel; phantom tube dims=16x16x16 radius=3 as=view; measure vessel_graph as=t");
}

/* The candidates at the end of line, separated by '|'; *from: what they take the place of. */
static const char *offers(const char *line, int *from)
{
    static char all[4096];
    char **c = vn_complete(s, line, (int)strlen(line), from), *at = all;
    *all = '\0';
    for (char **w = c; w && *w; w++) {
        at += snprintf(at, (size_t)(all + sizeof all - at), "%s%s", w == c ? "" : "|", *w);
        vn_free(*w);
    }
    vn_free(c);
    return all;
}

static void expect(const char *line, const char *want, int want_from)
{
    int from;
    const char *got = offers(line, &from);
    if (strcmp(got, want) || from != want_from)
        fail_msg("'%s' offers '%s' from %d, not '%s' from %d", line, got, from, want, want_from);
}

static void what_the_tables_say(void **state)
{
    (void)state;
    expect("thres", "threshold", 0);
    expect("list; thres", "threshold", 6);
    expect("-thres", "threshold", 1);
    expect("measure ves", "vessel_graph", 8);            /* of the kinds that it takes */
    expect("close ve", "vessel|vessel_mask|vessel_graph", 6);
    expect("set vessel kind=m", "mask", 16);
    expect("set vessel ki", "kind=", 11);
    expect("set vessel kind=mask ki", "", 21);
    expect("help thr", "threshold", 5);
    expect("help al", "all", 5);
    expect("help pro", "profile|prompt|proposals", 5);
    expect("jobs pa", "pause", 5);
    expect("roi o", "off", 4);
    expect("plot t x=segm", "segments", 9);
    expect("plot t y=segments,end_p", "segments,end_points", 9);
    expect("tune res", "reset", 5);
    expect("tune ve", "vessel", 5);                      /* no mask */
    expect("tune vessel truth=vessel_m", "vessel_mask", 18);
    expect("tune denoise=g", "gaussian", 13);
    expect("tune dark=o", "on|off", 10);
    expect("nothing ", "", 8);
    expect("set vessel kind='ma", "mask", 16);
    assert_int_equal(session_run("show vessel; mark branch at=3,4,5; mark bend at=5,4,5"), 0);
    expect("goto b", "branch|bend", 5);
    expect("roi around b", "branch|bend", 11);
    expect("roi around c", "crosshair", 11);
}

static void files(void **state)
{
    (void)state;
    char was[4096], line[200], home[] = "HOME", *old = getenv(home);
    assert_non_null(getcwd(was, sizeof was));
    assert_int_equal(chdir(dir), 0);
    static const char *const name[] = { "one file.tif", "one other.tif", "two.tif", "it's.tif", ".hidden" };
    for (size_t i = 0; i < VN_COUNT(name); i++)
        fclose(fopen(name[i], "w"));
    mkdir("sub", 0700);
    fclose(fopen("sub/a.csv", "w"));
    expect("open on", "one file.tif|one other.tif", 5);
    expect("open \"one f", "one file.tif", 5);
    expect("open 'one f", "one file.tif", 5);
    expect("open one' 'f", "one file.tif", 5);
    expect("save vessel s", "sub/", 12);
    expect("measure t to=sub/", "sub/a.csv", 13);
    expect("open .h", ".hidden", 5);
    expect("recipe save vessel tw", "two.tif", 19);
    expect("recipe save vess", "vessel|vessel_mask|vessel_graph", 12);
    expect("recipe run tw", "two.tif", 11);
    expect("tune save tw", "two.tif", 10);
    expect("tune use tw", "", 9);
    expect("recipe run r.vnr vi", "view|view_mask|view_graph", 17);
    setenv(home, dir, 1);
    snprintf(line, sizeof line, "%s/two.tif", dir);
    expect("open ~/tw", line, 5);
    snprintf(line, sizeof line, "%s/", dir);
    expect("open ~", line, 5);
    assert_int_equal(session_run("save vessel ~/kept.nrrd"), 0);
    assert_int_equal(access("kept.nrrd", R_OK), 0);
    setenv(home, old ? old : "/", 1);
    for (size_t i = 0; i < VN_COUNT(name); i++)
        unlink(name[i]);
    unlink("kept.nrrd");
    unlink("sub/a.csv");
    rmdir("sub");
    assert_int_equal(chdir(was), 0);
}

static void typed(const char *word, size_t n, bool whole, const char *want)
{
    struct vn_str b = { 0 };
    vn_complete_text(word, n, whole, &b);
    assert_string_equal(b.s, want);
    vn_str_free(&b);
}

static void words_are_quoted(void **state)
{
    (void)state;
    typed("plain.tif", 9, true, "plain.tif");
    typed("one file.tif", 12, true, "\"one file.tif\"");
    typed("one file.tif", 4, false, "\"one ");           /* the quote stays open */
    typed("one file.tif", 3, false, "one");
    typed("it's.tif", 8, true, "\"it's.tif\"");
    typed("a \"b\"", 5, true, "'a \"b\"'");
    typed("a=b.tif", 7, true, "\"a=b.tif\"");             /* or it would be a parameter */
    typed("kind=", 5, true, "kind=");
}

static void hints(const char *line, const char *want)
{
    struct vn_str b = { 0 };
    vn_hint(line, (int)strlen(line), &b);
    if (b.s ? strncmp(b.s, want, strlen(want)) : *want)
        fail_msg("the hint of '%s' is '%s', not '%s'", line, b.s ? b.s : "", want);
    vn_str_free(&b);
}

static void the_hint_says_what_is_expected(void **state)
{
    (void)state;
    hints("", "a command: ");
    hints("thresh", "threshold: ");
    hints("nonsense ", "no such command");
    hints("zoom ", "factor: number, 1 to 1000, default 1; ");
    hints("close ", "name: object, required; ");
    hints("bell ", "state: off|on; without it, what it is");
    hints("slab nothing=", "no such parameter");
    hints("phantom tube seed=", "seed= integer, ");
    hints("save vessel x.nii force", "force: flag; ");
    hints("close vessel ", "");
    hints("set vessel ", "[voxel= kind= as=]");
    hints("set vessel kind=mask ", "[voxel= as=]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_the_tables_say, start, session_stop),
        cmocka_unit_test_setup_teardown(files, start, session_stop),
        cmocka_unit_test(words_are_quoted),
        cmocka_unit_test(the_hint_says_what_is_expected),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err) || !mkdtemp(dir))
        return 1;
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(dir);
    vn_job_exit();
    return rc;
}
