/* test_remake.c - every object of a session, evicted and made again, has the same bytes; so it has under a tiny budget. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "cmd.h"
#include "job.h"
#include "mem.h"

static struct vn_session *s;
static struct vn_err err;

static struct vn_key volume_key(struct vn_vol *v, struct vn_job *job)
{
    struct vn_buf b;
    assert_int_equal(vn_vol_map(v, v->src->type, &v->box, VN_PAD_ZERO, &b, job, &err), 0);
    struct vn_key k = vn_key_add(vn_key_start(), v->grid.um, sizeof v->grid.um);
    const size_t size = vn_type_size(b.type);
    for (int64_t z = v->box.lo[2]; z < v->box.hi[2]; z++)
        for (int64_t y = v->box.lo[1]; y < v->box.hi[1]; y++)
            k = vn_key_add(k, (char *)b.data + (size_t)vn_buf_at(&b, v->box.lo[0], y, z) * size, size * (size_t)vn_box_dim(&v->box, 0));
    vn_buf_free(&b);
    return k;
}

static struct vn_key table_key(const struct vn_table *t)
{
    struct vn_key k = vn_key_start();
    for (int c = 0; c < t->n_col; c++) {
        k = vn_key_str(k, t->col[c].name);
        for (int64_t i = 0; i < t->n_row; i++)
            k = t->col[c].is_text ? vn_key_str(k, t->col[c].text[i]) : vn_key_add(k, &t->col[c].num[i], sizeof(double));
    }
    return k;
}

struct keys { int n; struct vn_key k[32]; char name[32][64]; };

static int all_keys(void *ctx, struct vn_job *job, struct vn_err *e)
{
    struct keys *out = ctx;
    struct vn_obj *o;
    int rc = 0;
    for (out->n = 0; !rc && out->n < 32 && (o = vn_session_at(s, out->n, out->name[out->n])); out->n++) {
        struct vn_vol *v = NULL;
        struct vn_graph *g = NULL;
        struct vn_table *t = NULL;
        if (o->kind == VN_GRAPH && !(rc = vn_obj_graph(s, o, &g, job, e)))
            out->k[out->n] = vn_graph_key(g);
        else if (o->kind == VN_TABLE && !(rc = vn_obj_table(s, o, &t, job, e)))
            out->k[out->n] = table_key(t);
        else if ((o->kind & VN_VOLUMES) && !(rc = vn_obj_vol(s, o, &v, job, e)))
            out->k[out->n] = volume_key(v, job);
        vn_graph_unref(g);
        vn_table_unref(t);
        vn_vol_unref(v);
        vn_obj_unref(o);
    }
    return rc;
}

static const char job[] =
    "phantom network dims=80x64x56 voxel=1um seed=5 noise=0.1 as=v; roi 5:75,:,3:50; denoise v method=gaussian sigma=1um as=s;"
    "vesselness v as=w; segment v as=p; threshold p auto as=m; threshold p low=0.2 high=0.6 as=h; clean m as=m;"
    "components m as=l; distance m as=d; skeleton m as=k; graph m as=g; measure g as=t;"
    "threshold v auto as=m1; threshold s method=sauvola low=60 as=m2; components l as=l1; components v tolerance=9 connectivity=8 axis=x as=l2; set v voxel=2um as=u; roi off; denoise u sigma=2um as=z";

static void evicted_objects_come_back_the_same(void **state)
{
    struct keys before = { 0 }, after = { 0 };
    const struct vn_run_opt o = { .quiet = true, .out = tmpfile(), .msg = stderr };
    (void)state;
    s = vn_session_new(&err);
    struct vn_runner *r = vn_runner_new(s, &o, &err);
    assert_int_equal(vn_runner_line(r, job), 0);
    assert_int_equal(vn_job_run(VN_REGION, "keys", all_keys, &before, NULL, &err), 0);
    assert_true(before.n >= 20);
    vn_session_evict_all(s);
    assert_int_equal(vn_job_run(VN_REGION, "keys", all_keys, &after, NULL, &err), 0);
    assert_int_equal(before.n, after.n);
    assert_true(vn_session_n_remade(s) >= 18);
    for (int i = 0; i < before.n; i++)
        if (!vn_key_same(before.k[i], after.k[i]))
            fail_msg("%s differs after it was made again", before.name[i]);
    vn_runner_free(r);
    vn_session_free(s);
    fclose(o.out);
}

static void many_objects_under_a_small_budget(void **state)
{
    struct keys big = { 0 }, small = { 0 };
    (void)state;
    for (int pass = 0; pass < 2; pass++) {
        const struct vn_run_opt o = { .quiet = true, .out = tmpfile(), .msg = stderr };
        s = vn_session_new(&err);
        struct vn_runner *r = vn_runner_new(s, &o, &err);
        vn_mem_init(pass ? 48000000 : 0);
        assert_int_equal(vn_runner_line(r, "phantom network dims=128x128x96 voxel=1um seed=5 as=v"), 0);
        for (int i = 1; i <= 12; i++) {                     /* 12 results of 6.3 MB as f32 */
            char line[80];
            snprintf(line, sizeof line, "denoise v method=gaussian sigma=%dvox as=s%d", 1 + i % 4, i);
            assert_int_equal(vn_runner_line(r, line), 0);
        }
        assert_int_equal(vn_job_run(VN_REGION, "keys", all_keys, pass ? &small : &big, NULL, &err), 0);
        if (pass) {
            assert_true(vn_session_n_remade(s) > 0);
            assert_true(vn_mem_in_use() <= 48000000);
        }
        vn_runner_free(r);
        vn_session_free(s);
        fclose(o.out);
    }
    vn_mem_init(0);
    assert_int_equal(big.n, small.n);
    for (int i = 0; i < big.n; i++)
        assert_true(vn_key_same(big.k[i], small.k[i]));
}

/* 40 results, each made from the one before, 168 MB in all under a budget of 16: all can be used, from last to first. */
static void forty_objects_ten_times_the_budget(void **state)
{
    const struct vn_run_opt o = { .quiet = true, .out = tmpfile(), .msg = stderr };
    char line[120];
    (void)state;
    s = vn_session_new(&err);
    struct vn_runner *r = vn_runner_new(s, &o, &err);
    vn_mem_trim();
    vn_mem_init(16800000);
    assert_int_equal(vn_runner_line(r, "phantom tube dims=128x128x64 radius=9 as=s0"), 0);
    for (int i = 1; i <= 40; i++) {
        snprintf(line, sizeof line, "denoise s%d method=gaussian sigma=0.5vox as=s%d", i - 1, i);
        assert_int_equal(vn_runner_line(r, line), 0);
    }
    assert_true(vn_mem_in_use() <= 16800000);
    for (int i = 40; i > 0; i -= 13) {
        snprintf(line, sizeof line, "info s%d stats=full", i);
        assert_int_equal(vn_runner_line(r, line), 0);
    }
    assert_true(vn_session_n_remade(s) > 0);
    assert_true(vn_session_n_remade(s) < 200);
    assert_true(vn_mem_in_use() <= 16800000);
    vn_runner_free(r);
    vn_session_free(s);
    fclose(o.out);
    vn_mem_init(0);
}

static int the_last(void *ctx, struct vn_job *job_, struct vn_err *e)
{
    struct vn_vol *v;
    struct vn_obj *o = vn_session_get(s, "v");
    int rc = vn_obj_vol(s, o, &v, job_, e);
    if (!rc) {
        *(struct vn_key *)ctx = volume_key(v, job_);
        vn_vol_unref(v);
    }
    vn_obj_unref(o);
    return rc;
}

/* 20000 steps, far more than calls fit on a stack; made again only from the nearest step that is in memory. */
static void a_long_chain_is_made_again_without_recursion(void **state)
{
    const struct vn_run_opt o = { .quiet = true, .out = fopen("/dev/null", "w"), .msg = stderr };
    enum { N = 20000 };
    struct vn_key before, after;
    struct vn_obj *middle = NULL;
    char line[60];
    (void)state;
    s = vn_session_new(&err);
    struct vn_runner *r = vn_runner_new(s, &o, &err);
    assert_int_equal(vn_runner_line(r, "phantom tube dims=8x8x8 radius=2 as=v"), 0);
    for (int i = 1; i <= N; i++) {
        snprintf(line, sizeof line, "set v voxel=%dum as=v", i);
        assert_int_equal(vn_runner_line(r, line), 0);
        if (i == N - 50)
            middle = vn_session_get(s, "v");
    }
    assert_int_equal(vn_job_run(VN_REGION, "keys", the_last, &before, NULL, &err), 0);
    vn_session_evict_all(s);
    assert_int_equal(vn_job_run(VN_REGION, "keys", the_last, &after, NULL, &err), 0);
    assert_true(vn_key_same(before, after));
    assert_int_equal(vn_session_n_remade(s), N + 1);
    struct vn_vol *held = vn_obj_peek(s, middle);           /* put back after everything went: 50 steps from there */
    vn_session_evict_all(s);
    middle->content.vol = held;
    assert_int_equal(vn_job_run(VN_REGION, "keys", the_last, &after, NULL, &err), 0);
    assert_true(vn_key_same(before, after));
    assert_int_equal(vn_session_n_remade(s), N + 1 + 50);
    vn_obj_unref(middle);
    vn_runner_free(r);
    vn_session_free(s);
    fclose(o.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evicted_objects_come_back_the_same),
        cmocka_unit_test(many_objects_under_a_small_budget),
        cmocka_unit_test(forty_objects_ten_times_the_budget),
        cmocka_unit_test(a_long_chain_is_made_again_without_recursion),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
