/* session.h - for the tests of commands: a session with a runner whose output and messages are kept, lines run in it, and
 * members of the JSON it printed. */
#ifndef TEST_SESSION_H
#define TEST_SESSION_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cmd.h"
#include "job.h"
#include "mem.h"

static VN_UNUSED struct vn_session *s;
static VN_UNUSED struct vn_runner *r;
static VN_UNUSED char *out, *msg;                        /* results and messages so far */
static VN_UNUSED size_t n_out, n_msg;
static VN_UNUSED FILE *f_out, *f_msg;
static VN_UNUSED struct vn_err err;

static VN_UNUSED void session_start(bool json, bool prefixes)
{
    f_out = open_memstream(&out, &n_out);
    f_msg = open_memstream(&msg, &n_msg);
    const struct vn_run_opt o = { .json = json, .prefixes = prefixes, .out = f_out, .msg = f_msg };
    s = vn_session_new(&err);
    r = vn_runner_new(s, &o, &err);
    assert_non_null(r);
    fflush(f_out);                                       /* n_out is that of this test */
    fflush(f_msg);
}

/* Fixtures: without and with --json, and the end of both. */
static VN_UNUSED int session_text(void **state) { return (void)state, session_start(false, false), 0; }
static VN_UNUSED int session_json(void **state) { return (void)state, session_start(true, false), 0; }

static VN_UNUSED int session_stop(void **state)
{
    (void)state;
    vn_runner_free(r);
    vn_session_free(s);
    fclose(f_out);
    fclose(f_msg);
    free(out);
    free(msg);
    return 0;
}

static VN_UNUSED int session_run(const char *line)
{
    const int rc = vn_runner_line(r, line);
    fflush(f_out);
    fflush(f_msg);
    return rc;
}

/* Runs the line and gives the last object printed; the caller deletes it. */
static VN_UNUSED cJSON *session_json_of(const char *line)
{
    session_run(line);
    assert_true(n_out > 0);
    char *from = out + n_out - 1;
    while (from > out && from[-1] != '\n')
        from--;
    cJSON *o = cJSON_Parse(from);
    assert_non_null(o);
    return o;
}

/* Member of the result; NaN for null. */
static VN_UNUSED double session_number(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), key);
    if (!v)
        fail_msg("no %s in the result", key);
    return cJSON_IsNumber(v) ? v->valuedouble : NAN;
}
/* The volume that an object is; to be released. */
static VN_UNUSED struct vn_vol *session_volume(const char *name)
{
    struct vn_obj *o = vn_session_get(s, name);
    struct vn_vol *v = NULL;
    if (!o || vn_obj_vol(s, o, &v, NULL, &err))
        fail_msg("%s", name);
    vn_obj_unref(o);
    return v;
}
#endif
