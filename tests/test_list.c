/* list: the tree, flat JSON with inputs, and one object's commands, which make it again. */
#include "session.h"

static const char job[] = "phantom tube dims=16x16x16 radius=3 as=v; roi 1:15,:,:12; denoise v sigma=1um as=s; threshold s low=60 as=m; clean m as=m;"
                          "roi off; graph m as=g; measure g tissue=v_mask as=t";

/* Lines of `out` from the last one that starts with `from` on. */
static const char *last_block(const char *from)
{
    const char *at = NULL;
    for (const char *p = out; (p = strstr(p, from)); p++)
        if (p == out || p[-1] == '\n')
            at = p;
    assert_non_null(at);
    return at;
}

static void objects_stand_under_what_they_were_made_from(void **state)
{
    static const struct { const char *start; int indent; } want[] = {
        { "name", 0 }, { "v ", 0 }, { "s ", 2 }, { "m ", 4 }, { "g ", 6 }, { "t ", 8 }, { "also from v_mask\n", 10 }, { "t_segments ", 8 },
        { "also from v_mask\n", 10 }, { "v_mask ", 0 }, { "v_graph ", 0 }, { "list NAME shows", 0 }, { "region: 1:15,:,:12", 0 },
    };
    (void)state;
    assert_int_equal(session_run(job), 0);
    assert_int_equal(session_run("roi 1:15,:,:12; list"), 0);
    const char *p = last_block("name ");
    for (size_t i = 0; i < VN_COUNT(want); i++) {
        const size_t n = strcspn(p, "\n");
        assert_int_equal(strspn(p, " "), want[i].indent);
        if (strncmp(p + want[i].indent, want[i].start, strlen(want[i].start)))
            fail_msg("'%.*s' does not start with '%s'", (int)n, p, want[i].start);
        if (i != 9 && n > 80 + 2)                                /* a cut mark is three bytes */
            fail_msg("'%.*s' is wider than 80 columns", (int)n, p);
        p += n + 1;
    }
    assert_int_equal(*p, '\0');
    vn_session_evict_all(s);
    assert_int_equal(session_run("list"), 0);
    assert_non_null(strstr(last_block("name "), "\nevicted: its memory was needed"));
}

static const cJSON *object(const cJSON *o, const char *name)
{
    const cJSON *row = NULL;
    cJSON_ArrayForEach(row, cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "objects"))
        if (!strcmp(cJSON_GetObjectItem(row, "name")->valuestring, name))
            return row;
    fail_msg("%s is not listed", name);
    return NULL;
}

static void inputs_of(const cJSON *o, const char *name, const char *want)
{
    char *text = cJSON_PrintUnformatted(cJSON_GetObjectItem(object(o, name), "inputs"));
    assert_string_equal(text, want);
    cJSON_free(text);
}

static void json_is_flat_with_inputs(void **state)
{
    (void)state;
    session_run(job);
    vn_session_evict_all(s);
    cJSON *o = session_json_of("list");
    inputs_of(o, "v", "[]");
    inputs_of(o, "s", "[\"v\"]");
    inputs_of(o, "m", "[null]");                                 /* made from the m before it */
    inputs_of(o, "t", "[\"g\",\"v_mask\"]");
    assert_string_equal(cJSON_GetObjectItem(object(o, "s"), "state")->valuestring, "made again when needed");
    assert_string_equal(cJSON_GetObjectItem(object(o, "s"), "size")->valuestring, "14x16x12 f32");
    assert_string_equal(cJSON_GetObjectItem(object(o, "m"), "typed")->valuestring, "clean m as=m");
    assert_true(cJSON_GetObjectItem(object(o, "s"), "bytes")->valuedouble == 0);
    cJSON_Delete(o);
}

static void the_commands_of_an_object_make_it_again(void **state)
{
    struct vn_obj *was, *is;
    char *line[32];
    int n = 0;
    (void)state;
    session_run(job);
    was = vn_session_get(s, "t");
    const struct vn_key key = was->key;
    vn_obj_unref(was);
    cJSON *o = session_json_of("list t");
    const cJSON *step = NULL;
    cJSON_ArrayForEach(step, cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "steps"))
        line[n++] = strdup(step->valuestring);
    cJSON_Delete(o);
    assert_int_equal(n, 8);                                      /* six commands and two regions */
    session_stop(NULL);
    session_start(false, false);
    for (int i = 0; i < n; i++) {
        assert_int_equal(session_run(line[i]), 0);
        free(line[i]);
    }
    is = vn_session_get(s, "t");
    assert_true(vn_key_same(is->key, key));
    vn_obj_unref(is);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(objects_stand_under_what_they_were_made_from, session_text, session_stop),
        cmocka_unit_test_setup_teardown(json_is_flat_with_inputs, session_json, session_stop),
        cmocka_unit_test_setup_teardown(the_commands_of_an_object_make_it_again, session_json, session_stop),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
