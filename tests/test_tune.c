/* tune: the kept chain against the verbs run one after the other, over long walks of settings; what the verbs tune and
 * sweep say and write. */
#include <float.h>
#include <poll.h>
#include <unistd.h>
#include "session.h"
#include "clean.h"
#include "curve.h"
#include "filter.h"
#include "scene.h"
#include "table.h"
#include "tuning.h"

extern const struct vn_op vn_op_clean, vn_op_deartifact, vn_op_segment, vn_op_median;
extern const struct vn_param vn_deartifact_params[];

static VN_PRINTF(1, 2) void run_ok(const char *fmt, ...)
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

/* A part of the mask before the rest: the middle plane, or some box. */
static void part_ahead(struct vn_tune *t, const struct vn_tune_set *set, struct vn_vol *before, bool middle, const struct vn_box *box, struct vn_buf *to)
{
    struct vn_tune_set own;
    struct vn_box part = *box;
    for (int k = 0; k < 3; k++)
        if (!middle || k == 2) {
            part.lo[k] = middle ? (box->lo[k] + box->hi[k]) / 2 : box->lo[k] + rnd((uint32_t)vn_box_dim(box, k));
            part.hi[k] = middle ? part.lo[k] + 1 : part.lo[k] + 1 + rnd((uint32_t)(box->hi[k] - part.lo[k]));
        }
    assert_int_equal(vn_tune_set_copy(&own, set, &err), 0);
    assert_int_equal(vn_buf_new(to, VN_U8, &part, &err), 0);
    if (vn_tune_part(t, &own, before, to, NULL, &err))
        fail_msg("%s", err.msg);
    vn_tune_set_free(&own);
}

/* Voxels of a part that the mask has otherwise. */
static int64_t differ(const struct vn_buf *part, const struct vn_vol *mask)
{
    const struct vn_buf m = vn_vol_data(mask);
    const struct vn_box *b = &part->box;
    int64_t n = 0;
    for (int64_t z = b->lo[2]; z < b->hi[2]; z++)
        for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
            for (int64_t x = b->lo[0]; x < b->hi[0]; x++)
                n += ((uint8_t *)part->data)[vn_buf_at(part, x, y, z)] != ((uint8_t *)m.data)[vn_buf_at(&m, x, y, z)];
    return n;
}

/* A walk that changes one thing or more at a time, so that any link of the chain is kept or made anew. */
static void walk(struct vn_vol *in, struct vn_vol *truth, const struct vn_box *box, bool image, int n)
{
    struct vn_tune *t = vn_tune_new(in, truth, box, NULL, &err);
    struct vn_vol *before = NULL;
    const bool thin = vn_box_dim(box, 2) <= 5;           /* all of it is looked at for its middle plane */
    const char *contrast = NULL, *local = NULL, *edge = NULL, *smooth = NULL, *median = NULL, *artifact = NULL, *period = NULL, *low = "0.5", *high = "0.7", *close = NULL, *fill = NULL, *open = NULL,
               *size = NULL;
    assert_non_null(t);
    for (int i = 0; i < n; i++) {
        struct vn_tune_set set = { 0 };
        struct vn_tune_numbers is;
        struct vn_vol *mask, *want;
        struct vn_str line = { 0 };
        double cldice;
        switch (rnd(12)) {
        case 0: contrast = ANY(NULL, "6", "9.5"); break;
        case 1: smooth = ANY(NULL, "0.5vox", "1vox"); break;
        case 2: median = ANY(NULL, NULL, "1vox"); break;
        case 3: low = ANY("0.3", "0.5", "0.45", "0.2", "0.99"); high = "0.99"; break;
        case 4: high = ANY(NULL, "0.99", "0.995"); break;
        case 5: close = ANY(NULL, "1vox", "2.3vox"); break;
        case 6: fill = ANY(NULL, "0", "20", "all"); break;
        case 7: open = ANY(NULL, "1vox"); break;
        case 9: artifact = ANY(NULL, "0.5", "1"); break;
        case 10: period = ANY(NULL, "4", "3"); break;
        case 8: local = ANY(NULL, "0", "0.3"), edge = ANY(NULL, "0", "0.5"); break;
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
            give(&set.step[set.n_step], &line, "local", local);
            give(&set.step[set.n_step], &line, "edge", edge);
            give(&set.step[set.n_step++], &line, "smooth", smooth);
            vn_str_add(&line, " as=q; ");
            from = "q";
        }
        if (artifact) {
            set.op[set.n_step] = &vn_op_deartifact;
            assert_int_equal(vn_args_init(&set.step[set.n_step], vn_deartifact_params, &err), 0);
            vn_str_addf(&line, "deartifact %s", from);
            give(&set.step[set.n_step], &line, "strength", artifact);
            give(&set.step[set.n_step++], &line, "period", period);
            vn_str_add(&line, " as=a; ");
            from = "a";
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
        struct vn_buf ahead = { 0 };
        if (before && (thin || i % 3 == 0))
            part_ahead(t, &set, before, thin, box, &ahead);
        if (vn_tune_run(t, &set, &mask, &is, NULL, &err))
            fail_msg("%s: %s", line.s, err.msg);
        same_voxels(mask, want, line.s);
        assert_int_equal(mask->kind, VN_MASK);
        if (thin && ahead.data && !artifact)             /* which are those found before */
            assert_true(differ(&ahead, mask) == 0);
        vn_buf_free(&ahead);
        if (i % 4 == 0) {
            assert_int_equal(vn_tune_cldice(t, mask, &cldice, NULL, &err), 0);
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
        vn_vol_unref(before);
        before = mask;
        vn_vol_unref(want);
        vn_tune_set_free(&set);
        vn_str_free(&line);
    }
    vn_vol_unref(before);
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
    run_ok("roi off; phantom network dims=30x28x26 seed=3 as=v; set v_mask kind=mask as=t");
    v = vol_of("v");                                     /* without noise one automatic value depends on the other */
    t = vol_of("t");
    walk(v, t, &v->box, true, 15);
    vn_vol_unref(v);
    vn_vol_unref(t);
    run_ok("phantom network dims=30x28x26 seed=3 noise=0.1 as=i; calc \"a / (a >= 15) / 3\" a=i type=f32 as=v; set i_mask kind=mask as=t");
    v = vol_of("v");                                     /* real numbers */
    walk(v, t = vol_of("t"), &v->box, true, 15);
    vn_vol_unref(v);
    vn_vol_unref(t);
}

/* Where all of the volume is looked at, a plane ahead of the rest is what the rest gives. */
static void engine_thin(void **state)
{
    (void)state;
    run_ok("phantom network dims=60x56x24 seed=3 noise=0.1 voxel=1um as=i; crop i :,:,9:14 as=v; crop i_mask :,:,9:14 as=u; set u kind=mask as=t");
    struct vn_vol *v = vol_of("v"), *t = vol_of("t");
    walk(v, t, &v->box, true, 40);
    vn_vol_unref(v);
    vn_vol_unref(t);
}

/* A pattern of period 4 in it, which segment takes off the image, and deartifact off a probability. */
static void engine_artifacts(void **state)
{
    (void)state;
    run_ok("phantom network dims=64x64x64 seed=7 noise=0.1 as=i; calc \"a + 12 * (x %% 4 < 2 ? 1 : -1) * (z %% 4 < 2 ? 1 : -1)\" a=i type=u8 as=v; "
           "set i_mask kind=mask as=t");
    struct vn_vol *v = vol_of("v"), *t = vol_of("t");
    walk(v, t, &v->box, true, 15);
    vn_vol_unref(v);
    run_ok("segment v artifacts=0 as=v");
    assert_true(json_number("deartifact v as=a", "artifacts") == 1);
    v = vol_of("v");
    walk(v, t, &v->box, false, 15);
    vn_vol_unref(v);
    vn_vol_unref(t);
    run_ok("tune v artifact=0.5");
    cJSON *o = session_json_of("tune"), *result = cJSON_GetObjectItem(o, "result");
    assert_string_equal(cJSON_GetObjectItem(result, "artifact")->valuestring, "0.5");
    assert_string_equal(cJSON_GetObjectItem(result, "period")->valuestring, "4");
    cJSON_Delete(o);
    run_ok("tune accept as=m; deartifact v strength=0.5 as=b");
    struct vn_vol *a = vol_of("m_a"), *b = vol_of("b");
    same_voxels(a, b, "m_a");
    vn_vol_unref(a);
    vn_vol_unref(b);
    o = session_json_of("tune artifact=0");
    assert_null(cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "period"));
    cJSON_Delete(o);
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

/* ---- the verbs ---- */

static bool fails(const char *line, const char *why)
{
    const size_t before = n_msg;
    if (!session_run(line))
        fail_msg("%s: succeeds", line);
    if (!strstr(msg + before, why))
        fail_msg("%s: says %s, not %s", line, msg + before, why);
    return true;
}

static char *text_of(const char *path)
{
    FILE *f = fopen(path, "r");
    static char text[1 << 16];
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return text;
}

static void brains(void)
{
    run_ok("phantom network dims=48x40x36 seed=7 noise=0.1 voxel=1um as=v");
}

/* The commands that it accepts give the mask whose numbers it told; so does the recipe. */
static void accept_and_save(void **state)
{
    (void)state;
    brains();
    run_ok("tune v truth=v_mask denoise=median contrast=8 low=0.55 high=0.8");
    const double voxels = json_number("tune min_size=40 close=1vox", "voxels"), cldice = json_number("tune", "cldice");
    run_ok("tune save tune_test.vnr force");
    run_ok("tune accept as=m");
    struct vn_vol *a = vol_of("m");
    assert_true(json_number("info m stats=full", "mean") * (double)vn_box_count(&a->box) - voxels < 1e-6);
    same_number(json_number("metrics m v_mask", "cldice"), cldice);
    run_ok("recipe run tune_test.vnr v as=n");
    struct vn_vol *b = vol_of("n");
    same_voxels(a, b, "recipe");
    vn_vol_unref(a);
    vn_vol_unref(b);
    remove("tune_test.vnr");
    /* the journal holds the commands in place of accept, automatic values written out */
    bool found = false;
    for (int i = 0; i < vn_runner_n_journal(r); i++) {
        found = found || !strncmp(vn_runner_journal(r, i), "threshold m_p low=0.55 high=0.8 as=m_t", 38);
        assert_null(strstr(vn_runner_journal(r, i), "accept"));
    }
    assert_true(found);
    struct vn_obj *o = vn_session_get(s, "m_t");
    assert_non_null(o);
    assert_non_null(strstr(o->line, "threshold m_p low=0.55 high=0.8"));
    vn_obj_unref(o);
    assert_string_equal(vn_session_view(s).overlay, "m");
}

/* Bridges: the same as the commands draw, whatever was tried before. */
static void gaps_are_bridged(void **state)
{
    (void)state;
    run_ok("phantom network dims=64x64x48 seed=3 voxel=1um noise=0.05 breaks=20 gap=2:4 as=v; tune v");
    const double whole = json_number("tune gap=0", "voxels"), pieces = json_number("tune", "components");
    const double voxels = json_number("tune gap=6", "voxels"), joined = json_number("tune", "components");
    assert_true(voxels > whole && joined < pieces);
    assert_true(json_number("tune gap=1vox", "voxels") < voxels);
    assert_true(json_number("tune gap=auto", "voxels") == whole);
    assert_true(json_number("tune gap=6um", "voxels") == voxels && json_number("tune", "components") == joined);
    run_ok("tune accept as=m");
    struct vn_vol *m = vol_of("m");
    assert_true(fabs(json_number("info m stats=full", "mean") * (double)vn_box_count(&m->box) - voxels) < 1e-6);
    vn_vol_unref(m);
    assert_true(json_number("components m as=n", "count") == joined);
    fails("tune gap=-1", "gap");
    run_ok("tune off");
}

/* In a region, and with the automatic values of the whole volume. */
static void accept_in_a_region(void **state)
{
    (void)state;
    brains();
    run_ok("roi 4:40,6:38,2:30");
    run_ok("tune v low=0.6");
    run_ok("tune accept as=m");
    struct vn_vol *a = vol_of("m");
    const struct vn_box box = { { 4, 6, 2 }, { 40, 38, 30 } };
    assert_true(vn_box_same(&a->box, &box));
    run_ok("segment v as=p; threshold p low=0.6 high=0.7 as=c; clean c as=w");
    struct vn_vol *b = vol_of("w");
    same_voxels(a, b, "region");
    vn_vol_unref(a);
    vn_vol_unref(b);
    run_ok("roi off");
    fails("tune accept as=m", "the region (roi) is another now");
}

static int setting(void)
{
    cJSON *o = session_json_of("tune");
    const int n = (int)session_number(o, "setting");
    cJSON_Delete(o);
    return n;
}

static void undo_redo_use(void **state)
{
    (void)state;
    brains();
    run_ok("tune v");
    run_ok("tune low=0.6");
    run_ok("tune low=0.65");
    run_ok("tune low=0.6");                              /* tried before: the same number */
    assert_int_equal(setting(), 2);
    run_ok("tune undo");
    assert_int_equal(setting(), 3);
    run_ok("tune undo; tune undo");
    assert_int_equal(setting(), 1);
    fails("tune undo", "no earlier setting");
    run_ok("tune redo; tune redo; tune redo");
    assert_int_equal(setting(), 2);
    fails("tune redo", "no later setting");
    run_ok("tune use 3");
    assert_int_equal(setting(), 3);
    run_ok("tune undo; tune undo; tune min_size=3");     /* what came after is not redone, but stays in the history */
    assert_int_equal(setting(), 4);
    fails("tune redo", "no later setting");
    fails("tune use 5", "no setting 5");
    run_ok("tune ab 1 3");
    fails("tune ab 1 9", "4 settings were tried");
    run_ok("tune history as=h");
    struct vn_obj *o = vn_session_get(s, "h");
    struct vn_table *t;
    assert_int_equal(vn_obj_table(s, o, &t, NULL, &err), 0);
    assert_int_equal(t->n_row, 4);
    assert_string_equal(t->col[vn_table_find(t, "low")].text[2], "0.65");
    assert_string_equal(t->col[vn_table_find(t, "low")].text[0], "auto");
    assert_string_equal(t->col[vn_table_find(t, "min_size")].text[3], "3");
    assert_true(t->col[vn_table_find(t, "voxels")].num[2] < t->col[vn_table_find(t, "voxels")].num[0]);
    vn_table_unref(t);
    vn_obj_unref(o);
    run_ok("tune off");
    fails("tune low=0.3", "nothing is tuned");
    run_ok("tune v");                                    /* goes on */
    assert_int_equal(setting(), 4);
    run_ok("tune reset");
    assert_int_equal(setting(), 1);
    run_ok("tune v truth=v_mask");                       /* another truth: anew */
    assert_int_equal(setting(), 1);
    fails("tune use 2", "no setting 2");
}

static void thresholds_complete_each_other(void **state)
{
    (void)state;
    brains();
    run_ok("segment v as=p");
    const struct { const char *tune, *low, *high; } try[] = {
        { "tune low=0.3", "0.3", "0.7" }, { "tune low=0.8", "0.8", "0.8" }, { "tune low=auto high=0.9", "0.5", "0.9" },
        { "tune high=0.4", "0.4", "0.4" }, { "tune high=off", "0.5", "off" }, { "tune low=0.35 high=off", "0.35", "off" },
        { "tune high=auto low=auto", "0.5", "0.7" },
    };
    run_ok("tune p");
    for (size_t i = 0; i < VN_COUNT(try); i++) {
        cJSON *o = session_json_of(try[i].tune), *result = cJSON_GetObjectItem(o, "result");
        assert_string_equal(cJSON_GetObjectItem(result, "low")->valuestring, try[i].low);
        assert_string_equal(cJSON_GetObjectItem(result, "high")->valuestring, try[i].high);
        assert_null(cJSON_GetObjectItem(result, "contrast"));        /* p is a probability already */
        const double voxels = session_number(o, "voxels");
        cJSON_Delete(o);
        run_ok("tune accept as=m");
        struct vn_vol *m = vol_of("m");
        assert_true(fabs(json_number("info m stats=full", "mean") * (double)vn_box_count(&m->box) - voxels) < 1e-6);
        vn_vol_unref(m);
    }
}

static void refusals(void **state)
{
    (void)state;
    fails("tune", "nothing is tuned");
    fails("tune nothing", "no object is named 'nothing'");
    brains();
    fails("tune v_mask", "'v_mask' is of kind mask");
    fails("tune v low=0.6 high=0.2", "high=0.2 lies below low=0.6");
    fails("tune low=0.3", "nothing is tuned");           /* it did not begin */
    fails("tune v truth=v_graph", "a volume for the truth");
    run_ok("tune v");
    fails("tune contrast=-3", "contrast=-3");
    fails("tune denoise=magic", "denoise: method=magic: must be one of");
    fails("tune dark=maybe", "on or off");
    fails("tune artifact=2", "strength=2");
    fails("tune artifact=lots", "strength=lots");
    fails("tune artifact=1 period=99", "period=99");
    fails("tune close=3parsec", "close=3parsec");
    fails("tune low=x", "low=x");
    fails("tune fill=some", "neither a number of voxels nor all");
    fails("tune use", "the number of settings");
    fails("tune use 1 2", "too much");
    fails("tune history 3", "one word too many");
    fails("tune undo low=0.2", "takes no setting");
    fails("tune truth=v_mask", "at the beginning");
    fails("tune save", "the file is missing");
    assert_int_equal(setting(), 1);                      /* none of them changed anything */
    run_ok("phantom network dims=48x40x36 seed=8 as=v");
    fails("tune accept", "another object now");
}

static void truth_of_the_view(void **state)
{
    (void)state;
    brains();
    run_ok("truth v_mask; tune v");
    const double dice = json_number("tune", "dice");
    run_ok("tune accept as=m");
    same_number(json_number("metrics m v_mask", "dice"), dice);
    bool written = false;
    for (int i = 0; i < vn_runner_n_journal(r); i++)
        written = written || !strcmp(vn_runner_journal(r, i), "tune v truth=v_mask");
    assert_true(written);
    run_ok("truth off; tune v");
    assert_null(strstr(vn_runner_journal(r, vn_runner_n_journal(r) - 1), "truth"));
}

static void history_file(void **state)
{
    (void)state;
    brains();
    run_ok("tune v truth=v_mask; tune low=0.6; tune history to=tune_test.csv force");
    char *text = text_of("tune_test.csv");
    assert_non_null(strstr(text, "setting,low,voxels,fraction,components,euler,length_um,length_density_m_per_mm3,dice,cldice\n"));
    assert_non_null(strstr(text, "\n1,auto,"));
    assert_non_null(strstr(text, "\n2,0.6,"));
    remove("tune_test.csv");
}

/* Rows of a sweep are the numbers that tune gives. */
static void sweep_is_tune(void **state)
{
    (void)state;
    brains();
    run_ok("sweep v close=0vox:2vox:3 low=0.3:0.6:4 truth=v_mask as=t to=tune_test.csv force");
    struct vn_obj *o = vn_session_get(s, "t");
    struct vn_table *t;
    assert_int_equal(vn_obj_table(s, o, &t, NULL, &err), 0);
    assert_int_equal(t->n_row, 12);
    assert_string_equal(t->col[0].name, "low");          /* the first of the list is fastest */
    assert_string_equal(t->col[1].name, "close_vox");
    run_ok("tune v truth=v_mask");
    for (int i = 0; i < 12; i++) {
        char line[100];
        snprintf(line, sizeof line, "tune low=%.9g close=%gvox", 0.3 + 0.1 * (i % 4), 1.0 * (i / 4));
        cJSON *is = session_json_of(line);
        const char *const number[] = { "voxels", "fraction", "components", "euler", "length_um", "length_density_m_per_mm3", "dice", "cldice" };
        for (size_t k = 0; k < VN_COUNT(number); k++) {
            assert_string_equal(t->col[2 + k].name, number[k]);
            same_number(session_number(is, number[k]), t->col[2 + k].num[i]);
        }
        cJSON_Delete(is);
    }
    vn_session_evict_all(s);                             /* remade from its recipe */
    vn_table_unref(t);
    vn_obj_unref(o);
    remove("tune_test.csv");
    fails("sweep v", "a range is missing");
    fails("sweep v low=0.1:0.2:3 high=0.7:0.8:2 fill=0:10:2", "third range");
    fails("sweep v low=0.1:0.2", "expected FROM:TO:N");
    fails("sweep v low=0.1:0.2:1", "2 to 10000");
    fails("sweep v denoise=0:1:2", "no range of values");
    fails("sweep v sigma=1:2:3", "no effect here");
    fails("sweep v low=0.1:0.9:200 contrast=5:9:200", "more than 10000");
    fails("sweep v low=0.1:1.5:3 plot=x.bmp", "'x.bmp' does not end in");
    run_ok("segment v as=p");
    fails("sweep p contrast=3:4:2", "the volume is a probability");
}

/* ---- slices first ---- */

static struct vn_setting with(const char *knob, const char *text)
{
    struct vn_setting x = { { "" } };
    for (int k = 0; k < VN_N_KNOB; k++)
        if (!strcmp(vn_knobs[k].name, knob))
            assert_int_equal(vn_setting_put(&x, k, text, &err), 0);
    return x;
}

static void wait_for_it(void)
{
    struct pollfd p = { vn_job_fd(), POLLIN, 0 };
    poll(&p, 1, 1);
    vn_job_pump();
}

/* What the hand asked for, computed; seen: a slice that was shown before (references), if it was met. */
static void follow_hand(const struct vn_setting *x, struct vn_tuned *seen)
{
    struct vn_tuning_view v = { .pending = true };
    assert_int_equal(vn_tuning_try(s, x, &err), 0);
    for (vn_tuning_look(s, &v); v.pending || vn_job_current(); vn_tuning_look(s, &v)) {
        if (v.provisional && seen && !seen->n_part) {
            assert_true(vn_tuning_shown(s, seen));
            if (!seen->n_part) {
                vn_vol_unref(seen->mask);
                vn_vol_unref(seen->field);
            }
        }
        wait_for_it();
    }
}

static void same_as_commands(const struct vn_setting *x)
{
    struct vn_tuned is;
    struct vn_str b = { 0 };
    vn_setting_lines(x, VN_IMAGE, "v", "w", &b);
    for (char *line = strtok(b.s, "\n"); line; line = strtok(NULL, "\n"))
        run_ok("%s", line);
    vn_str_free(&b);
    assert_true(vn_tuning_shown(s, &is));
    assert_null(is.whole);
    assert_int_equal(is.n_part, 0);
    struct vn_vol *want = vol_of("w");
    same_voxels(is.mask, want, "what was tuned by hand");
    vn_vol_unref(want);
    vn_vol_unref(is.mask);
    vn_vol_unref(is.field);
}

static int count_unlike(struct vn_vol *a, struct vn_vol *b, const struct vn_box *box)
{
    struct vn_buf x = { 0 };
    assert_int_equal(vn_buf_new(&x, VN_U8, box, &err), 0);
    assert_int_equal(vn_vol_read(a, VN_PAD_ZERO, &x, NULL, &err), 0);
    const int n = (int)differ(&x, b);
    vn_buf_free(&x);
    return n;
}

/* The slice that is looked at comes before the region, is marked, is nearly what follows, and that is what the chain gives. */
static void slices_come_first(void **state)
{
    static const char *const method[] = { "nlm", "along", "median", "gaussian" };
    struct vn_tuned seen = { .n_part = 0 }, last;
    struct vn_tuning_view v;
    struct vn_setting x;
    (void)state;
    run_ok("phantom network dims=72x68x64 seed=3 noise=0.1 voxel=1um as=v; show v; goto 36,34,30; layout 1; tune v");
    for (size_t i = 0; i < VN_COUNT(method) && !seen.n_part; i++) {      /* the region may be there before anybody looks */
        vn_tuning_look(s, &v);
        const unsigned before = v.n_ahead;
        x = with("denoise", method[i]);
        follow_hand(&x, &seen);
        vn_tuning_look(s, &v);
        assert_true(v.n_ahead == before + 1);            /* how long it takes is not known */
        assert_false(v.provisional);
    }
    assert_int_equal(seen.n_part, 1);
    const struct vn_box plane = { { 0, 0, 30 }, { 72, 68, 31 } }, rest[2] = { { { 0, 0, 0 }, { 72, 68, 30 } }, { { 0, 0, 31 }, { 72, 68, 64 } } };
    assert_true(vn_box_same(&seen.part[0], &plane));
    assert_true(vn_tuning_shown(s, &last));
    const int apart = count_unlike(seen.mask, last.mask, &plane);
    if (apart > 72 * 68 / 100 || count_unlike(seen.whole, last.mask, &plane) <= apart)
        fail_msg("%d voxels of the slice are other ones than the region's", apart);
    for (int i = 0; i < 2; i++)
        assert_int_equal(count_unlike(seen.mask, seen.whole, &rest[i]), 0);
    same_as_commands(&x);
    vn_vol_unref(seen.mask);
    vn_vol_unref(seen.whole);
    vn_vol_unref(last.mask);
    run_ok("overlay off");                               /* nobody sees it */
    vn_tuning_look(s, &v);
    const unsigned before = v.n_ahead;
    x = with("dark", "on");
    follow_hand(&x, NULL);
    vn_tuning_look(s, &v);
    assert_true(v.n_ahead == before);
    same_as_commands(&x);
}

/* The title of a slice that is provisional says so. */
static void slices_are_marked(void **state)
{
    (void)state;
    run_ok("phantom network dims=30x28x26 seed=3 noise=0.1 as=v; show v; goto 12,13,14");
    struct vn_shown d = { .n_part = 0 };
    assert_int_equal(vn_shown_get(s, &d, NULL, &err), 0);
    d.part[0] = (struct vn_box){ { 0, 13, 0 }, { 30, 14, 26 } };
    for (int n = 0; n < 2; n++)
        for (int p = VN_XY; p <= VN_MIP; p++) {
            struct vn_str b = { 0 };
            d.n_part = n;
            vn_pane_title(&d, &(struct vn_pane_box){ .pane = (enum vn_pane)p }, &b);
            assert_true((strstr(b.s, "provisional") != NULL) == (n && p == VN_XZ));
            vn_str_free(&b);
        }
    d.n_part = 0;
    vn_shown_free(&d);
}

/* A slider that is dragged: whatever was begun gives way, and what is there in the end is the last. */
static void slices_follow_the_hand(void **state)
{
    struct vn_setting x;
    (void)state;
    run_ok("phantom network dims=72x68x64 seed=3 noise=0.1 voxel=1um as=v; show v; tune v");
    for (int i = 0; i < 30; i++) {
        char text[20];
        snprintf(text, sizeof text, "%.2fvox", 0.5 + 0.05 * (i % 20));
        x = with(i % 7 ? "smooth" : "denoise", i % 7 ? text : "median");
        assert_int_equal(vn_tuning_try(s, &x, &err), 0);
        for (int k = 0; k < (int)rnd(40); k++)
            wait_for_it();
    }
    follow_hand(&x, NULL);
    same_as_commands(&x);
    x = with("background", "9vox");
    assert_int_equal(vn_tuning_try(s, &x, &err), 0);
    run_ok("tune off");                                  /* in the midst of it */
    run_ok("tune v");
    follow_hand(&x, NULL);
    same_as_commands(&x);
}

/* Bridges are not looked for in a slice alone: it has those of before. */
static void slices_have_bridges(void **state)
{
    (void)state;
    run_ok("phantom network dims=64x64x48 seed=3 voxel=1um noise=0.05 breaks=20 gap=2:4 as=v");
    struct vn_vol *v = vol_of("v"), *m[2];
    struct vn_tune *t = vn_tune_new(v, NULL, &v->box, NULL, &err);
    struct vn_tune_numbers n;
    for (int i = 0; i < 2; i++) {                        /* the second: the same mask, and its bridges */
        struct vn_setting x = with("gap", i ? "6" : "0");
        struct vn_tune_set set;
        struct vn_buf ahead;
        assert_int_equal(vn_setting_build(&x, VN_IMAGE, &set, &err), 0);
        assert_int_equal(vn_tune_run(t, &set, &m[i], &n, NULL, &err), 0);
        vn_tune_set_free(&set);
        assert_int_equal(vn_setting_build(&x, VN_IMAGE, &set, &err), 0);
        assert_int_equal(vn_buf_new(&ahead, VN_U8, &v->box, &err), 0);
        assert_int_equal(vn_tune_part(t, &set, m[i], &ahead, NULL, &err), 0);
        assert_int_equal(differ(&ahead, m[i]), 0);
        assert_true(!i || differ(&ahead, m[0]) > 0);
        vn_buf_free(&ahead);
        vn_tune_set_free(&set);
    }
    vn_tune_free(t);
    vn_vol_unref(m[0]);
    vn_vol_unref(m[1]);
    vn_vol_unref(v);
}

/* What is cut in a setting that was kept, when others were made after it: made again, once, when it is asked for. */
static void field_comes_again(void **state)
{
    struct vn_vol *field = NULL, *want;
    struct vn_obj *truth = NULL;
    struct vn_box box;
    (void)state;
    brains();
    run_ok("tune v");
    const struct vn_setting x = with("contrast", "9"), none = { { "" } };
    follow_hand(&x, NULL);
    follow_hand(&none, NULL);
    assert_false(vn_tuning_field(s, &field, &truth, &box));
    vn_mem_fail_at(1);
    vn_tuning_ask_field(s);
    vn_mem_fail_at(0);
    follow_hand(&x, NULL);
    assert_true(vn_tuning_field(s, &field, &truth, &box));
    vn_vol_unref(field);
    follow_hand(&none, NULL);
    field = NULL;
    for (int i = 0; i < 20000 && !vn_tuning_field(s, &field, &truth, &box); i++) {
        vn_tuning_ask_field(s);                          /* as the panel does, whenever something has ended */
        wait_for_it();
    }
    assert_non_null(field);
    run_ok("segment v as=p");
    want = vol_of("p");
    same_voxels(field, want, "the field");
    vn_vol_unref(want);
    vn_vol_unref(field);
    assert_null(truth);
    same_as_commands(&none);
}

static void slices_without_memory(void **state)
{
    struct vn_tuning_view v;
    struct vn_setting x;
    int failed = 0;
    (void)state;
    run_ok("phantom network dims=56x54x52 seed=3 noise=0.1 voxel=1um as=v; show v");
    run_ok("tune v");
    long before = vn_mem_n_alloc();
    x = with("denoise", "median");
    follow_hand(&x, NULL);
    const long n = vn_mem_n_alloc() - before;
    run_ok("tune off");
    for (long i = 1; i <= n; i += 1 + n / 25) {
        run_ok("tune v");
        x = with("denoise", "median");
        vn_mem_fail_at(i);
        if (vn_tuning_try(s, &x, &err) == 0)
            follow_hand(&x, NULL);
        vn_mem_fail_at(0);
        vn_tuning_look(s, &v);
        failed += v.error[0] != '\0';
        assert_false(v.provisional);
        run_ok("tune off");
    }
    assert_true(failed > 3);
    run_ok("tune v");
    follow_hand(&x, NULL);
    same_as_commands(&x);
}

static int all_tuning(void)
{
    if (session_run("phantom network dims=20x18x16 seed=7 noise=0.1 voxel=1um as=v"))
        return 1;
    return session_run("tune v truth=v_mask low=0.4; tune close=1vox; tune undo; tune history as=h; tune accept as=m; tune off") |
           session_run("sweep v low=0.3:0.5:2 truth=v_mask as=t");
}

/* Each allocation fails once: an error, no crash, no leak (sanitizer). */
static void failing_allocations(void **state)
{
    (void)state;
    const long before = vn_mem_n_alloc();
    assert_int_equal(all_tuning(), 0);
    const long n = vn_mem_n_alloc() - before;
    int failed = 0;
    for (long i = 1; i <= n; i += 1 + n / 60) {
        vn_mem_fail_at(i);
        failed += all_tuning() != 0;
        vn_mem_fail_at(0);
        session_run("tune off");
    }
    assert_true(failed > 10);
    assert_int_equal(all_tuning(), 0);
}

int main(void)
{
    vn_mem_init(2u << 30);
    vn_job_init(2, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(engine_image, session_json, session_stop),
        cmocka_unit_test_setup_teardown(engine_thin, session_json, session_stop),
        cmocka_unit_test_setup_teardown(engine_artifacts, session_json, session_stop),
        cmocka_unit_test_setup_teardown(engine_probability, session_json, session_stop),
        cmocka_unit_test_setup_teardown(accept_and_save, session_json, session_stop),
        cmocka_unit_test_setup_teardown(gaps_are_bridged, session_json, session_stop),
        cmocka_unit_test_setup_teardown(accept_in_a_region, session_json, session_stop),
        cmocka_unit_test_setup_teardown(undo_redo_use, session_json, session_stop),
        cmocka_unit_test_setup_teardown(thresholds_complete_each_other, session_json, session_stop),
        cmocka_unit_test_setup_teardown(refusals, session_json, session_stop),
        cmocka_unit_test_setup_teardown(truth_of_the_view, session_json, session_stop),
        cmocka_unit_test_setup_teardown(history_file, session_json, session_stop),
        cmocka_unit_test_setup_teardown(sweep_is_tune, session_json, session_stop),
        cmocka_unit_test_setup_teardown(slices_come_first, session_text, session_stop),
        cmocka_unit_test_setup_teardown(slices_are_marked, session_text, session_stop),
        cmocka_unit_test_setup_teardown(slices_follow_the_hand, session_text, session_stop),
        cmocka_unit_test_setup_teardown(slices_have_bridges, session_text, session_stop),
        cmocka_unit_test_setup_teardown(field_comes_again, session_text, session_stop),
        cmocka_unit_test_setup_teardown(slices_without_memory, session_text, session_stop),
        cmocka_unit_test_setup_teardown(failing_allocations, session_json, session_stop),
    };
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
