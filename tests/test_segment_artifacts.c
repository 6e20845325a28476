/* segment finds what scanning and stitching left in a volume, and segments the volume without it. */
#include <unistd.h>
#include "session.h"

static void ok(const char *line)
{
    if (session_run(line))
        fail_msg("%s: %s", line, msg);
}

static void text_is(const char *line, const char *key, const char *want)
{
    cJSON *o = session_json_of(line);
    const cJSON *v = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), key);
    if (!cJSON_IsString(v) || strcmp(v->valuestring, want))
        fail_msg("%s: %s is '%s', not '%s'", line, key, cJSON_IsString(v) ? v->valuestring : "no text", want);
    cJSON_Delete(o);
}

/* Every voxel of a has the same bytes in b, which covers at least as much. */
static void same(const char *a, const char *b)
{
    struct vn_vol *v = session_volume(a), *w = session_volume(b);
    const struct vn_buf p = vn_vol_data(v), q = vn_vol_data(w);
    assert_int_equal(p.type, VN_F32);
    for (int64_t z = v->box.lo[2]; z < v->box.hi[2]; z++)
        for (int64_t y = v->box.lo[1]; y < v->box.hi[1]; y++)
            if (memcmp((float *)p.data + vn_buf_at(&p, v->box.lo[0], y, z), (float *)q.data + vn_buf_at(&q, v->box.lo[0], y, z),
                       (size_t)vn_box_dim(&v->box, 0) * sizeof(float)))
                fail_msg("%s and %s differ in row %lld of plane %lld", a, b, (long long)y, (long long)z);
    vn_vol_unref(v);
    vn_vol_unref(w);
}

/* Mean absolute difference of probabilities. */
static double apart(const char *a, const char *b)
{
    struct vn_vol *v = session_volume(a), *w = session_volume(b);
    const float *p = vn_vol_data(v).data, *q = vn_vol_data(w).data;
    double sum = 0;
    for (uint64_t i = 0; i < vn_box_count(&v->box); i++)
        sum += fabs((double)p[i] - (double)q[i]);
    sum /= (double)vn_box_count(&v->box);
    vn_vol_unref(v);
    vn_vol_unref(w);
    return sum;
}

static const char square[] = "phantom network dims=80x72x64 seed=7 noise=0.05 type=f32 as=c",
                  along[] = "phantom network dims=130x44x42 seed=7 noise=0.05 type=f32 as=c";
/* share: of the difference that may be left.  Where stripes were is known as well as their noise lets. */
static const struct { const char *clean, *plant, *says; double share; } kind[] = {
    { square, "calc \"a + 20 * (x % 4 < 2 ? 1 : -1) * (z % 4 < 2 ? 1 : -1)\" a=c as=v", "checkerboard of period 4", 0.2 },
    { square, "phantom network dims=80x72x64 seed=7 noise=0.05 type=f32 jumps=0.5 as=v", "slices that jump across z", 0.2 },
    { square, "calc \"a + 30 * (x >= 41) - 20 * (y >= 37)\" a=c as=v", "seams", 0.2 },
    { square, "phantom network dims=80x72x64 seed=7 noise=0.05 type=f32 lost=3 as=v", "lost slices z=22,23,24", 0.4 },
    { along, "phantom network dims=130x44x42 seed=7 noise=0.05 type=f32 lines=0.1 as=v", "stripes along x", 0.4 },
};

/* The result is nearly that of the volume that never had the artifact, and that of the two verbs one after the other.  Borders
 * are soft, as slices that were lost are not known to half a voxel. */
static void most_goes(void **state)
{
    (void)state;
    for (size_t i = 0; i < VN_COUNT(kind); i++) {
        ok(kind[i].clean);
        text_is("segment c edge=0.33 as=p", "artifacts", "none");
        ok("segment c edge=0.33 artifacts=0 as=q");
        same("p", "q");
        ok(kind[i].plant);
        text_is("segment v edge=0.33 as=off", "artifacts", kind[i].says);
        ok("segment v edge=0.33 artifacts=0 as=left");
        const double left = apart("left", "p"), off = apart("off", "p");
        if (left < 0.002 || off > kind[i].share * left)
            fail_msg("%s: %g apart with it, %g without it", kind[i].plant, left, off);
        ok("deartifact v as=d; segment d edge=0.33 artifacts=0 as=q");
        same("off", "q");
    }
}

/* Runs the last line of the journal that made p by the verb: with all that was settled. */
static void again(const char *verb)
{
    char *line = NULL;
    for (int i = vn_runner_n_journal(r) - 1; i >= 0 && !line; i--)
        if (!strncmp(vn_runner_journal(r, i), verb, strlen(verb)) && strstr(vn_runner_journal(r, i), " as=p"))
            line = strdup(vn_runner_journal(r, i));
    assert_non_null(line);
    assert_non_null(strstr(line, "artifacts="));
    ok(line);
    free(line);
}

/* The recipe, its line with all numbers, what is made again, a region, one thread and four. */
static void exact(void **state)
{
    char line[200], path[64];
    (void)state;
    snprintf(path, sizeof path, "/tmp/venule_%ld.vnr", (long)getpid());
    for (size_t i = 0; i < VN_COUNT(kind); i++) {
        ok(kind[i].clean);
        ok(kind[i].plant);
        vn_job_set_threads(1);
        snprintf(line, sizeof line, "segment v as=p; recipe save p %s force; recipe run %s %s as=q", path, path, strstr(kind[i].plant, "a=c") ? "c" : "v");
        ok(line);
        same("q", "p");
        again("segment v");
        same("q", "p");
        vn_session_evict_all(s);
        same("q", "p");
        vn_job_set_threads(4);
        ok("roi 20:70,11:40,8:40; segment v as=q; roi off");
        same("q", "p");
    }
    vn_job_set_threads(2);
    remove(path);
}

/* A lone voxel, rods on nothing, one value: without noise there is nothing to tell a pattern from. */
static void without_noise(void **state)
{
    static const char *const what[] = { "(x == 3) * (y == 4) * (z == 5)", "(x % 12 < 2) * 200", "a * 0 + 7", "(a > 120) * 255" };
    char line[200];
    (void)state;
    ok(square);
    for (size_t i = 0; i < VN_COUNT(what); i++) {
        snprintf(line, sizeof line, "calc \"%s\" a=c as=v", what[i]);
        ok(line);
        text_is("segment v as=p", "artifacts", "none");
    }
}

/* One line says what was found, a note how to leave it; what is given is not announced. */
static void notes(void **state)
{
    (void)state;
    ok(square);
    ok(kind[0].plant);
    size_t before = n_msg;
    ok("segment v as=p");
    assert_non_null(strstr(msg + before, "checkerboard of period 4"));
    assert_non_null(strstr(msg + before, "artifacts=0 leaves"));
    before = n_msg;
    ok("segment v artifacts=0 as=p; segment v artifacts=none as=p; segment c as=p");
    assert_null(strstr(msg + before, "artifacts=0"));
}

static void bad_text(void **state)
{
    static const char *const bad[] = { "1", "\"\"", "stripes", "\"checkerboard period=4\"", "\"none + none\"" };
    char line[200];
    (void)state;
    ok(square);
    for (size_t i = 0; i < VN_COUNT(bad); i++) {
        const size_t before = n_msg;
        snprintf(line, sizeof line, "segment c artifacts=%s as=p", bad[i]);
        assert_int_equal(session_run(line), 1);
        assert_non_null(strstr(msg + before, "artifacts="));
    }
}

/* The angiogram's vessels end in the last slices, one after the other, of which one shows a tenth of the one before: nothing is lost. */
static void vessels_end(void **state)
{
    static const char avm[] = "../shared/data/mra/AVM.nii.gz";
    (void)state;
    if (access(avm, R_OK))
        skip();
    ok("open ../shared/data/mra/AVM.nii.gz as=v");
    ok("crop v :,:,100:154 as=c");
    text_is("segment c as=p", "artifacts", "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(vessels_end, session_json, session_stop),
        cmocka_unit_test_setup_teardown(most_goes, session_json, session_stop),
        cmocka_unit_test_setup_teardown(exact, session_text, session_stop),
        cmocka_unit_test_setup_teardown(without_noise, session_json, session_stop),
        cmocka_unit_test_setup_teardown(notes, session_text, session_stop),
        cmocka_unit_test_setup_teardown(bad_text, session_text, session_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
