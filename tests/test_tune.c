/* tune: the kept chain against the verbs run one after the other, over long walks of settings; what the verbs tune and
 * sweep say and write. */
#include <float.h>
#include <unistd.h>
#include "session.h"
#include "clean.h"
#include "curve.h"
#include "filter.h"
#include "table.h"
#include "tune.h"

extern const struct vn_op vn_op_clean, vn_op_segment, vn_op_median;

static void run_ok(const char *fmt, ...)
{
    char line[600];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (session_run(line))
        fail_msg("%s: %s", line, msg + (n_msg > 300 ? n_msg - 300 : 0));
}

static struct vn_vol *vol_of(const char *name)
{
    struct vn_obj *o = vn_session_get(s, name);
    struct vn_vol *v = NULL;
    assert_non_null(o);
    assert_int_equal(vn_obj_vol(s, o, &v, NULL, &err), 0);
    vn_obj_unref(o);
    return v;
}

static void same_voxels(struct vn_vol *a, struct vn_vol *b, const char *what)
{
    const struct vn_buf x = vn_vol_data(a), y = vn_vol_data(b);
    assert_true(vn_box_same(&x.box, &y.box));
    assert_int_equal(x.type, y.type);
    for (uint64_t i = 0; i < vn_box_count(&x.box) * vn_type_size(x.type); i++)
        if (((uint8_t *)x.data)[i] != ((uint8_t *)y.data)[i])
            fail_msg("%s: byte %llu is %d, not %d", what, (unsigned long long)i, ((uint8_t *)x.data)[i], ((uint8_t *)y.data)[i]);
}

static uint64_t state64 = 5;
static uint32_t rnd(uint32_t n)                 /* splitmix64 */
{
    uint64_t z = state64 += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (uint32_t)(z >> 32) % n;
}

/* A value of a list, or NULL: automatic. */
static const char *any(const char *const *list, uint32_t n) { return list[rnd(n)]; }
#define ANY(...) any((const char *const[]){ __VA_ARGS__ }, VN_COUNT(((const char *const[]){ __VA_ARGS__ })))

static void give(struct vn_args *a, struct vn_str *line, const char *key, const char *value)
{
    if (!value)
        return;
    assert_int_equal(vn_args_set(a, key, value, &err), 0);
    vn_str_addf(line, " %s=%s", key, value);
}

static double json_number(const char *line, const char *key)
{
    cJSON *o = session_json_of(line);
    const double v = session_number(o, key);
    cJSON_Delete(o);
    return v;
}

/* JSON's numbers are written to within an epsilon. */
static void same_number(double a, double b)
{
    if (!(isnan(a) && isnan(b)) && !(fabs(a - b) <= DBL_EPSILON * fabs(b)))
        fail_msg("%.17g, not %.17g", b, a);
}

/* A walk that changes one thing or more at a time, so that any link of the chain is kept or made anew. */
static void walk(struct vn_vol *in, struct vn_vol *truth, const struct vn_box *box, bool image, int n)
{
    struct vn_tune *t = vn_tune_new(in, truth, box, &err);
    const char *contrast = NULL, *smooth = NULL, *median = NULL, *low = "0.5", *high = "0.7", *close = NULL, *fill = NULL, *open = NULL,
               *size = NULL;
    assert_non_null(t);
    for (int i = 0; i < n; i++) {
        struct vn_tune_set set = { 0 };
        struct vn_tune_numbers is;
        struct vn_vol *mask, *want;
        struct vn_str line = { 0 };
        double cldice;
        switch (rnd(9)) {
        case 0: contrast = ANY(NULL, "6", "9.5"); break;
        case 1: smooth = ANY(NULL, "0.5vox", "1vox"); break;
        case 2: median = ANY(NULL, NULL, "1vox"); break;
        case 3: low = ANY("0.3", "0.5", "0.45", "0.2", "0.99"); high = "0.99"; break;
        case 4: high = ANY(NULL, "0.99", "0.995"); break;
        case 5: close = ANY(NULL, "1vox", "2.3vox"); break;
        case 6: fill = ANY(NULL, "0", "20", "all"); break;
        case 7: open = ANY(NULL, "1vox"); break;
        default: size = ANY(NULL, "0", "1", "12", "100000"); break;
        }
        const char *from = "v";
        if (median && image) {
            set.op[set.n_step] = &vn_op_median;
            assert_int_equal(vn_args_init(&set.step[set.n_step], vn_cmd_find("denoise", false, &err)->params, &err), 0);
            vn_str_add(&line, "denoise v");
            give(&set.step[set.n_step], &line, "method", "median");
            give(&set.step[set.n_step++], &line, "radius", median);
            vn_str_add(&line, " as=d; ");
            from = "d";
        }
        if (image) {
            set.op[set.n_step] = &vn_op_segment;
            assert_int_equal(vn_args_init(&set.step[set.n_step], vn_segment_params, &err), 0);
            vn_str_addf(&line, "segment %s", from);
            give(&set.step[set.n_step], &line, "contrast", contrast);
            give(&set.step[set.n_step++], &line, "smooth", smooth);
            vn_str_add(&line, " as=q; ");
            from = "q";
        }
        assert_int_equal(vn_args_init(&set.cut, vn_threshold_params, &err), 0);
        assert_int_equal(vn_args_init(&set.clean, vn_clean_params, &err), 0);
        vn_str_addf(&line, "threshold %s", from);
        give(&set.cut, &line, "low", low);
        give(&set.cut, &line, "high", high);
        vn_str_add(&line, " as=c; clean c");
        give(&set.clean, &line, "close", close);
        give(&set.clean, &line, "fill", fill);
        give(&set.clean, &line, "open", open);
        give(&set.clean, &line, "min_size", size);
        vn_str_add(&line, " as=m");
        run_ok("%s", line.s);
        want = vol_of("m");
        if (vn_tune_run(t, &set, &mask, &is, NULL, &err))
            fail_msg("%s: %s", line.s, err.msg);
        same_voxels(mask, want, line.s);
        assert_int_equal(mask->kind, VN_MASK);
        if (i % 4 == 0) {
            assert_int_equal(vn_tune_cldice(t, &cldice, NULL, &err), 0);
            const double dice = json_number("metrics m t", "dice"), cl = json_number("metrics m t", "cldice");
            same_number(dice, is.dice);
            same_number(cl, cldice);
            assert_true((double)is.components == json_number("components m as=l", "count"));
        }
        const struct vn_curve_opt o = { .n = 1, .lo = 1, .hi = 2, .connectivity = 26 };
        struct vn_curve c;
        assert_int_equal(vn_curve(want, box, &o, &c, NULL, &err), 0);
        assert_true(c.length[0] == is.length);
        assert_true(c.euler[0] == is.euler && c.components[0] == (int64_t)is.components && c.voxels[0] == (int64_t)is.voxels);
        vn_curve_free(&c);
        vn_vol_unref(mask);
        vn_vol_unref(want);
        vn_tune_set_free(&set);
        vn_str_free(&line);
    }
    vn_tune_free(t);
}

static void engine_image(void **state)
{
    (void)state;
    run_ok("phantom network dims=41x36x30 seed=3 noise=0.1 voxel=1x1x2um as=v");
    run_ok("set v_mask kind=mask as=t");
    struct vn_vol *v = vol_of("v"), *t = vol_of("t");
    walk(v, t, &v->box, true, 60);
    const struct vn_box part = { { 5, 3, 2 }, { 38, 30, 27 } };
    run_ok("roi 5:38,3:30,2:27");
    walk(v, t, &part, true, 25);
    vn_vol_unref(v);
    vn_vol_unref(t);
}

static void engine_probability(void **state)
{
    (void)state;
    run_ok("phantom network dims=65x20x23 seed=4 noise=0.15 as=i; segment i as=v; set i_mask kind=mask as=t");
    struct vn_vol *v = vol_of("v"), *t = vol_of("t");
    walk(v, t, &v->box, false, 60);
    vn_vol_unref(v);
    vn_vol_unref(t);
}

int main(void)
{
    vn_mem_init(2u << 30);
    vn_job_init(2, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(engine_image, session_json, session_stop),
        cmocka_unit_test_setup_teardown(engine_probability, session_json, session_stop),
    };
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
