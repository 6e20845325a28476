/* test_cmd.c - the command language: words, names, prefixes, results, failures, completion, journal. */
#include "session.h"
#include <unistd.h>

static void words(void **state)
{
    struct vn_words w;
    const char *rest;
    (void)state;
    assert_int_equal(vn_words_split("open 'a b.tif' as=\"x y\" \"k=v\" ; next", &rest, &w, &err), 0);
    assert_int_equal(w.n, 4);
    assert_string_equal(w.w[1], "a b.tif");
    assert_string_equal(w.w[2], "as=x y");
    assert_false(w.quoted[2]);
    assert_string_equal(w.w[3], "k=v");
    assert_true(w.quoted[3]);
    assert_string_equal(rest, " next");
    vn_words_free(&w);
    assert_int_equal(vn_words_split("list # all ; of them", &rest, &w, &err), 0);
    assert_int_equal(w.n, 1);
    assert_null(rest);
    vn_words_free(&w);
    assert_int_equal(vn_words_split("open 'a", &rest, &w, &err), VN_E_USAGE);
    assert_int_equal(vn_words_split("'", &rest, &w, &err), VN_E_USAGE);
    assert_int_equal(vn_words_split("", &rest, &w, &err), 0);
    assert_int_equal(w.n, 0);
    vn_words_free(&w);
    assert_int_equal(vn_words_split("''", &rest, &w, &err), 0);
    assert_int_equal(w.n, 1);
    assert_string_equal(w.w[0], "");
    vn_words_free(&w);
}

static void a_failure_stops_the_line_unless_it_starts_with_a_dash(void **state)
{
    (void)state;
    session_start(false, false);
    assert_int_equal(session_run("nonsense; roi 0:1,0:1,0:1"), 1);
    assert_non_null(strstr(msg, "venule: nonsense: unknown command 'nonsense'"));
    assert_string_equal(out, "");
    assert_int_equal(session_run("-nonsense; roi 0:1,0:1,0:1"), 0);
    assert_string_equal(out, "roi  0:1,0:1,0:1\n");
}

static void json_is_one_object_a_command(void **state)
{
    (void)state;
    session_start(true, false);
    assert_int_equal(session_run("roi 0:1,0:2,:; close x"), 1);
    assert_string_equal(out, "{\"command\":\"roi\",\"ok\":true,\"result\":{\"roi\":\"0:1,0:2,:\"}}\n"
                             "{\"command\":\"close\",\"ok\":false,\"error\":{\"code\":\"argument\",\"message\":"
                             "\"no object is named 'x'; 'open FILE as=NAME' makes one\"}}\n");
}

static void prefixes_only_at_the_prompt(void **state)
{
    (void)state;
    session_start(false, true);
    assert_int_equal(session_run("ro off"), 0);
    assert_int_equal(session_run("roi si=3 at=1,1,1"), 0);
    assert_non_null(strstr(out, "roi  0:3,0:3,0:3\n"));
    assert_int_equal(session_run("s x"), 1);
    assert_non_null(strstr(msg, "'s' may be any of"));
    session_stop(NULL);
    session_start(false, false);
    assert_int_equal(session_run("ro off"), 1);
    assert_non_null(strstr(msg, "did you mean 'roi'?"));
}

static void usage_errors_say_what_is_missing(void **state)
{
    static const struct { const char *line, *says; } t[] = {
        { "close", "name is missing" }, { "roi 0:1,0:1,0:1 9", "give a box" }, { "goto 0,0,0 9", "one word too many" }, { "roi size=1 size=2", "given twice" },
        { "roi sise=1", "did you mean 'size'?" }, { "close 'x", "quote is not closed" }, { "help nothing", "unknown command" },
        { "source /nonexistent/x.vn", "/nonexistent/x.vn" }, { "roi at=1,1,1", "goes with size" },
    };
    (void)state;
    session_start(false, false);
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        rewind(f_msg);
        assert_int_equal(session_run(t[i].line), 1);
        if (!strstr(msg, t[i].says))
            fail_msg("%s: '%s' does not say '%s'", t[i].line, msg, t[i].says);
    }
}

static void verb_and_question_mark_is_help(void **state)
{
    (void)state;
    session_start(false, false);
    assert_int_equal(session_run("roi ?"), 0);
    assert_non_null(strstr(out, "roi - set the region"));
    assert_non_null(strstr(out, "size=  lengths, 0 to 1000000000"));
}

static void journal_holds_what_succeeded(void **state)
{
    (void)state;
    session_start(false, false);
    session_run("roi 0:1,0:1,0:1; list; -close nothing; roi off");
    assert_int_equal(vn_runner_n_journal(r), 2);
    assert_string_equal(vn_runner_journal(r, 0), "roi 0:1,0:1,0:1");
    assert_string_equal(vn_runner_journal(r, 1), "roi off");
}

static void completion(void **state)
{
    int from;
    (void)state;
    session_start(false, true);
    char **c = vn_complete(s, "lis", 3, &from);
    assert_non_null(c);
    assert_string_equal(c[0], "list");
    assert_null(c[1]);
    vn_free(c[0]);
    vn_free(c);
    c = vn_complete(s, "list; roi si", 12, &from);
    assert_non_null(c);
    assert_int_equal(from, 10);
    assert_string_equal(c[0], "size=");
    for (int i = 0; c[i]; i++)
        vn_free(c[i]);
    vn_free(c);
    c = vn_complete(s, "set x kind=ma", 13, &from);
    assert_non_null(c);
    assert_int_equal(from, 11);
    assert_string_equal(c[0], "mask");
    for (int i = 0; c[i]; i++)
        vn_free(c[i]);
    vn_free(c);
}

static void a_script_file_runs_and_stops_at_the_first_failure(void **state)
{
    char path[] = "/tmp/vn-test-XXXXXX";
    int fd = mkstemp(path);
    (void)state;
    const char *text = "roi 0:1,0:1,0:1\n\n# nothing\nnonsense\nroi 0:2,0:2,0:2\n";
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    session_start(false, false);
    assert_int_not_equal(vn_runner_script(r, path, &err), 0);
    fflush(f_out);
    assert_string_equal(out, "roi  0:1,0:1,0:1\n");
    char line[64];
    snprintf(line, sizeof line, "source %s", path);
    assert_int_equal(session_run(line), 1);
    unlink(path);
}

static void a_file_that_runs_itself_is_an_error(void **state)
{
    char path[] = "/tmp/vn-test-XXXXXX", line[64];
    int fd = mkstemp(path);
    (void)state;
    snprintf(line, sizeof line, "roi off; source %s", path);
    assert_int_equal(write(fd, line, strlen(line)), (ssize_t)strlen(line));
    close(fd);
    session_start(false, false);
    assert_int_equal(session_run(line), 1);
    assert_non_null(strstr(msg, "files run each other more than 16 deep"));
    assert_int_equal(session_run("roi off"), 0);
    unlink(path);
}

static void every_parameter_table_is_sound(void **state)
{
    (void)state;
    for (const struct vn_cmd *const *c = vn_cmd_table; *c; c++) {
        struct vn_args a;
        bool optional = false;
        assert_non_null((*c)->params);
        if (vn_args_init(&a, (*c)->params, &err))
            fail_msg("%s: a default does not parse: %s", (*c)->name, err.msg);
        vn_args_free(&a);
        for (const struct vn_param *p = (*c)->params; p->name; p++) {
            if (!p->help || !*p->help)
                fail_msg("%s: %s has no help line", (*c)->name, p->name);
            if (p->type == VN_P_PATH && !(p->flags & (VN_PREF | VN_FILE)) && strcmp((*c)->name, "record"))
                fail_msg("%s: path %s is neither read (VN_FILE) nor written (VN_PREF)", (*c)->name, p->name);
            if (p->type == VN_P_CHOICE && !p->choices)
                fail_msg("%s: %s has no choices", (*c)->name, p->name);
            if ((p->flags & VN_POS) && (p->flags & VN_REQ) && optional)
                fail_msg("%s: required word %s follows an optional one", (*c)->name, p->name);
            optional |= (p->flags & VN_POS) && !(p->flags & VN_REQ);
        }
        const struct vn_param *as = vn_param_find((*c)->params, "as");
        if (((*c)->flags & VN_CMD_MAKES) && (!as || as->type != VN_P_NAME))
            fail_msg("%s makes objects but takes no as=", (*c)->name);
        if (!((*c)->flags & VN_CMD_MAKES) && as)
            fail_msg("%s takes as= but makes no object", (*c)->name);
    }
}

/* An interrupt that comes when no job runs: between two commands, as the first one's result is printed. */
static ssize_t interrupt(void *cookie, const char *text, size_t n)
{
    (void)cookie, (void)text;
    vn_job_cancel_all();
    return (ssize_t)n;
}

static void an_interrupt_between_commands_stops_the_line(void **state)
{
    (void)state;
    session_start(false, false);
    FILE *results = fopencookie(NULL, "w", (cookie_io_functions_t) { .write = interrupt });
    const struct vn_run_opt o = { .out = results, .msg = f_msg };
    struct vn_runner *other = vn_runner_new(s, &o, &err);
    assert_int_equal(vn_runner_line(other, "-phantom empty dims=4x4x4 as=a; -phantom empty dims=4x4x4 as=b"), 1);
    assert_int_equal(vn_session_count(s), 3);            /* a, a_mask, a_graph */
    fflush(f_msg);
    assert_non_null(strstr(msg, "venule: phantom: cancelled"));
    assert_int_equal(vn_runner_line(other, "close a"), 0);
    vn_runner_free(other);
    fclose(results);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_parameter_table_is_sound),
        cmocka_unit_test(words),
        cmocka_unit_test_teardown(a_failure_stops_the_line_unless_it_starts_with_a_dash, session_stop),
        cmocka_unit_test_teardown(json_is_one_object_a_command, session_stop),
        cmocka_unit_test_teardown(prefixes_only_at_the_prompt, session_stop),
        cmocka_unit_test_teardown(usage_errors_say_what_is_missing, session_stop),
        cmocka_unit_test_teardown(verb_and_question_mark_is_help, session_stop),
        cmocka_unit_test_teardown(journal_holds_what_succeeded, session_stop),
        cmocka_unit_test_teardown(completion, session_stop),
        cmocka_unit_test_teardown(a_script_file_runs_and_stops_at_the_first_failure, session_stop),
        cmocka_unit_test_teardown(a_file_that_runs_itself_is_an_error, session_stop),
        cmocka_unit_test_teardown(an_interrupt_between_commands_stops_the_line, session_stop),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
