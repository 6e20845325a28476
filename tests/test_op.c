/* test_op.c - the engine: blocks equal the whole, halos, regions, refusals.  With three toy operations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "job.h"
#include "mem.h"
#include "op.h"

static struct vn_err err;
static struct vn_args none;

static struct vn_box box(int64_t x0, int64_t x1, int64_t y0, int64_t y1, int64_t z0, int64_t z1)
{
    return (struct vn_box) { { x0, y0, z0 }, { x1, y1, z1 } };
}

/* ---- 3x3x3 maximum ---- */

static enum vn_pad toy_pad = VN_PAD_EDGE;
static int n_blocks, fail_block;

static int max_plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *out, struct vn_err *e)
{
    (void)a;
    (void)in;
    (void)region;
    (void)e;
    *out = (struct vn_plan) { .halo = { 1, 1, 1 }, .pad = toy_pad, .in_type = { VN_U16 }, .out_type = VN_U16, .out_kind = VN_IMAGE, .mem_host = 4 };
    return 0;
}

struct max { const struct vn_buf *in; struct vn_buf *out; };
static int max_plane(void *ctx, int64_t i, struct vn_err *e)
{
    struct max *m = ctx;
    const struct vn_box *b = &m->out->box;
    int64_t z = b->lo[2] + i;
    (void)e;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
        for (int64_t x = b->lo[0]; x < b->hi[0]; x++) {
            uint16_t v = 0;
            for (int k = 0; k < 27; k++) {
                uint16_t w = ((const uint16_t *)m->in->data)[vn_buf_at(m->in, x + k % 3 - 1, y + k / 3 % 3 - 1, z + k / 9 - 1)];
                v = w > v ? w : v;
            }
            ((uint16_t *)m->out->data)[vn_buf_at(m->out, x, y, z)] = v;
        }
    return 0;
}

static int max_cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job, struct vn_err *e)
{
    (void)a;
    struct vn_box grown = vn_box_grow(&out->box, p->halo);
    assert_true(vn_box_same(&grown, &in[0].box));
    if (++n_blocks == fail_block)
        return vn_fail(e, VN_E_INTERNAL, "planned");
    return vn_job_for(job, vn_box_dim(&out->box, 2), max_plane, &(struct max) { in, out }, e);
}

static const struct vn_op op_max = { .name = "toymax", .version = 1, .shape = VN_STENCIL, .n_in = 1, .plan = max_plan, .cpu = max_cpu };

/* ---- inputs ---- */

static uint16_t voxel(int64_t x, int64_t y, int64_t z)
{
    uint64_t h = ((uint64_t)x * 73856093) ^ ((uint64_t)y * 19349663) ^ ((uint64_t)z * 83492791);
    h *= 0x9E3779B97F4A7C15u;
    return (uint16_t)(h >> 40);
}

static int hash_read(struct vn_src *s, int level, struct vn_buf *d, struct vn_job *job, struct vn_err *e)
{
    (void)s;
    (void)level;
    (void)job;
    (void)e;
    for (int64_t z = d->box.lo[2]; z < d->box.hi[2]; z++)
        for (int64_t y = d->box.lo[1]; y < d->box.hi[1]; y++)
            for (int64_t x = d->box.lo[0]; x < d->box.hi[0]; x++)
                ((uint16_t *)d->data)[vn_buf_at(d, x, y, z)] = voxel(x, y, z);
    return 0;
}
static void hash_free(struct vn_src *s) { free(s); }

static struct vn_vol *hashed(int64_t x, int64_t y, int64_t z, int64_t chunk)
{
    static const struct vn_src_ops ops = { hash_read, hash_free };
    struct vn_src *s = calloc(1, sizeof *s);
    vn_src_init(s, &ops);
    s->type = VN_U16;
    s->n_level = 1;
    s->grid = (struct vn_grid) { .dim = { x, y, z } };
    s->box = box(0, x, 0, y, 0, z);
    s->chunk[0] = s->chunk[1] = s->chunk[2] = chunk;
    return vn_vol_wrap(VN_IMAGE, s, &err);
}

static int64_t clamp(int64_t i, int64_t n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

/* ---- tests ---- */

/* The result of a region equals the definition at every voxel, also where the halo is outside the region or the volume. */
static void stencil_equals_its_definition(void **state)
{
    (void)state;
    struct vn_vol *v = hashed(23, 17, 11, 5), *out;
    const struct vn_box regions[] = { box(0, 23, 0, 17, 0, 11), box(5, 9, 0, 17, 10, 11), box(22, 23, 16, 17, 0, 1) };
    toy_pad = VN_PAD_EDGE;
    for (int r = 0; r < 3; r++) {
        struct vn_ran ran;
        assert_int_equal(vn_op_run(&op_max, &none, &v, &regions[r], &out, &ran, NULL, &err), 0);
        assert_int_equal(ran.n_block, 1);
        assert_string_equal(ran.device, "cpu");
        assert_true(vn_box_same(&out->box, &regions[r]));
        assert_int_equal(out->grid.dim[0], 23);
        struct vn_buf d = vn_vol_data(out);
        const struct vn_box *b = &d.box;
        for (int64_t z = b->lo[2]; z < b->hi[2]; z++)
            for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
                for (int64_t x = b->lo[0]; x < b->hi[0]; x++) {
                    uint16_t want = 0;
                    for (int k = 0; k < 27; k++) {
                        uint16_t w = voxel(clamp(x + k % 3 - 1, 23), clamp(y + k / 3 % 3 - 1, 17), clamp(z + k / 9 - 1, 11));
                        want = w > want ? w : want;
                    }
                    assert_int_equal(((uint16_t *)d.data)[vn_buf_at(&d, x, y, z)], want);
                }
        vn_vol_unref(out);
    }
    vn_vol_unref(v);
}

/* Budgets that force slabs, then rows, then parts of rows; 1 and 4 threads: the same bytes. */
static void blocks_equal_the_whole(void **state)
{
    (void)state;
    struct vn_vol *v = hashed(1500, 61, 7, 16);
    const struct vn_box region = box(10, 1490, 7, 55, 1, 7);
    const uint64_t out_bytes = vn_box_count(&region) * 2;    /* below VN_MEM_LARGE: not counted */
    /* The whole needs 1482*50*8*4 = 2.4 MB, and half of the budget is for a block: one block, then ever more. */
    const uint64_t budget[] = { 8 << 20, 2 << 20, 512 << 10, 60 << 10, 8 << 10 };
    int blocks[5] = { 0 };
    for (enum vn_pad pad = VN_PAD_ZERO; pad <= VN_PAD_MIRROR; pad++) {
        struct vn_vol *whole = NULL;
        toy_pad = pad;
        for (int k = 0; k < 10; k++) {
            struct vn_vol *out;
            struct vn_ran ran;
            vn_mem_init(0);
            vn_cache_drop(v->src->id);
            vn_mem_init(vn_mem_in_use() + budget[k / 2]);
            vn_job_set_threads(k % 2 ? 4 : 1);
            assert_int_equal(vn_op_run(&op_max, &none, &v, &region, &out, &ran, NULL, &err), 0);
            if (k % 2)
                assert_int_equal(ran.n_block, blocks[k / 2]);                      /* threads do not change the blocks */
            else
                assert_true(k ? ran.n_block > 2 * blocks[k / 2 - 1] : ran.n_block == 1);
            blocks[k / 2] = ran.n_block;
            if (k)
                assert_memory_equal(vn_vol_data(out).data, vn_vol_data(whole).data, out_bytes);
            else
                whole = vn_vol_ref(out);
            vn_vol_unref(out);
        }
        vn_vol_unref(whole);
    }
    vn_mem_init(0);
    vn_job_set_threads(2);
    vn_vol_unref(v);
}

/* A region of 8 MB out of 8 GB, the chunks decoded as needed, under 60 MB. */
static void small_region_of_a_huge_volume(void **state)
{
    (void)state;
    struct vn_vol *v = hashed(2000, 2000, 1000, 64), *out;
    const struct vn_box region = box(900, 1060, 1000, 1160, 400, 560);
    vn_mem_init(60 << 20);
    vn_mem_peak_reset();
    toy_pad = VN_PAD_ZERO;
    assert_int_equal(vn_op_run(&op_max, &none, &v, &region, &out, NULL, NULL, &err), 0);
    assert_true(vn_mem_peak() <= 60 << 20);
    vn_vol_unref(out);
    vn_vol_unref(v);
    vn_mem_init(0);
}

/* ---- a point operation with two inputs of other types, automatic parameters and a region's statistics ---- */

static struct vn_box seen;
static int add_plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *out, struct vn_err *e)
{
    (void)a;
    (void)in;
    (void)region;
    (void)e;
    *out = (struct vn_plan) { .halo = { 9, 9, 9 }, .in_type = { VN_F32, VN_N_TYPE }, .out_type = VN_F32, .out_kind = VN_PROB, .mem_host = 10 };
    return 0;
}
static int add_prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job, struct vn_err *e)
{
    (void)a;
    (void)in;
    (void)job;
    (void)e;
    seen = *stat_box;
    return 0;
}
static int add_cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job, struct vn_err *e)
{
    (void)a;
    (void)job;
    (void)e;
    assert_true(p->halo[0] == 0 && vn_box_same(&in[0].box, &out->box) && vn_box_same(&in[1].box, &out->box));
    assert_true(in[0].type == VN_F32 && in[1].type == VN_U8);
    const struct vn_box *b = &out->box;
    for (int64_t z = b->lo[2]; z < b->hi[2]; z++)
        for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
            for (int64_t x = b->lo[0]; x < b->hi[0]; x++)
                ((float *)out->data)[vn_buf_at(out, x, y, z)] =
                    ((float *)in[0].data)[vn_buf_at(&in[0], x, y, z)] + ((uint8_t *)in[1].data)[vn_buf_at(&in[1], x, y, z)];
    return 0;
}
static const struct vn_op op_add = { .name = "toyadd", .version = 1, .shape = VN_POINT, .n_in = 2, .plan = add_plan, .prepare = add_prepare, .cpu = add_cpu };

static void two_inputs(void **state)
{
    (void)state;
    struct vn_grid g = { .dim = { 6, 5, 4 } };
    struct vn_box all = box(0, 6, 0, 5, 0, 4), part = box(1, 3, 2, 5, 0, 2), outside = box(1, 7, 2, 5, 0, 2), empty = box(1, 1, 2, 5, 0, 2);
    struct vn_vol *in[2] = { hashed(6, 5, 4, 3), vn_vol_new(VN_MASK, VN_U8, &g, &all, &err) }, *out;
    memset(vn_vol_data(in[1]).data, 3, 120);
    assert_int_equal(vn_op_run(&op_add, &none, in, &part, &out, NULL, NULL, &err), 0);
    assert_int_equal(out->kind, VN_PROB);
    assert_true(((float *)vn_vol_data(out).data)[0] == (float)voxel(1, 2, 0) + 3);
    assert_true(vn_box_same(&seen, &all));
    vn_vol_unref(out);

    static const struct vn_param table[] = { { .name = "k", .type = VN_P_INT }, { .name = "stats", .type = VN_P_CHOICE, .choices = "whole|region" }, { 0 } };
    struct vn_arg values[2] = { { 0 }, { .has = true, .s = "region" } };
    struct vn_args a = { table, 2, values };
    assert_int_equal(vn_op_run(&op_add, &a, in, &part, &out, NULL, NULL, &err), 0);
    assert_true(vn_box_same(&seen, &part));
    vn_vol_unref(out);

    assert_int_equal(vn_op_run(&op_add, &none, in, &outside, &out, NULL, NULL, &err), VN_E_ARG);
    assert_string_equal(err.msg, "toyadd: the region 1:7,2:5,0:2 is not inside the voxels of input 1, 0:6,0:5,0:4");
    assert_int_equal(vn_op_run(&op_add, &none, in, &empty, &out, NULL, NULL, &err), VN_E_ARG);
    vn_vol_unref(in[1]);
    in[1] = hashed(6, 5, 5, 3);
    assert_int_equal(vn_op_run(&op_add, &none, in, &part, &out, NULL, NULL, &err), VN_E_ARG);
    assert_string_equal(err.msg, "'input 1' has 6x5x4 voxels and 'input 2' 6x5x5: they are not on one grid");
    vn_vol_unref(in[0]);
    vn_vol_unref(in[1]);
}

/* ---- a global operation: one block or a refusal that says what to do ---- */

static int copy_plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *out, struct vn_err *e)
{
    (void)a;
    (void)in;
    (void)region;
    (void)e;
    *out = (struct vn_plan) { .in_type = { VN_N_TYPE }, .out_type = VN_U16, .out_kind = VN_LABELS, .mem_host = 20 };
    return 0;
}
static int copy_cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job, struct vn_err *e)
{
    (void)a;
    (void)p;
    (void)job;
    (void)e;
    n_blocks++;
    memcpy(out->data, in[0].data, vn_box_count(&out->box) * 2);
    return 0;
}
static const struct vn_op op_copy = { .name = "toycopy", .version = 1, .shape = VN_GLOBAL, .n_in = 1, .plan = copy_plan, .cpu = copy_cpu };

static void global_in_one_block_or_not_at_all(void **state)
{
    (void)state;
    struct vn_vol *v = hashed(100, 100, 100, 32), *out = NULL;
    vn_mem_init(30 << 20);                  /* 2 MB for the result and 20 MB to work, more than half of what is free */
    n_blocks = 0;
    assert_int_equal(vn_op_run(&op_copy, &none, &v, &v->box, &out, NULL, NULL, &err), 0);
    assert_int_equal(n_blocks, 1);
    vn_vol_unref(out);
    out = NULL;
    vn_mem_init(15 << 20);
    assert_int_equal(vn_op_run(&op_copy, &none, &v, &v->box, &out, NULL, NULL, &err), VN_E_MEMORY);
    assert_string_equal(err.msg, "toycopy needs 20.0 MB of working memory for 100x100x100 voxels at once, and the memory "
                        "budget is 15.7 MB: choose a smaller region with 'roi', or start with --memory 23M or more");
    vn_mem_init(23000000);
    assert_int_equal(vn_op_run(&op_copy, &none, &v, &v->box, &out, NULL, NULL, &err), 0);
    vn_vol_unref(out);
    out = NULL;
    vn_mem_init(1 << 20);
    assert_int_equal(vn_op_run(&op_copy, &none, &v, &v->box, &out, NULL, NULL, &err), VN_E_MEMORY);
    assert_null(out);
    vn_mem_init(0);
    vn_vol_unref(v);
}

/* ---- a halo that dwarfs the volume: blocks that are all halo are refused ---- */

static int wide_plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *out, struct vn_err *e)
{
    int rc = max_plan(a, in, region, out, e);
    for (int k = 0; k < 3; k++)
        out->halo[k] = 60;
    return rc;
}
static const struct vn_op op_wide = { .name = "toywide", .version = 1, .shape = VN_STENCIL, .n_in = 1, .plan = wide_plan, .cpu = max_cpu };

/* 4 bytes a voxel: 136x134x132 for the volume in one block, 9.6 MB, 121x121x121 for one voxel, 7.1 MB.  Blocks may hold 64
 * times 136 * 134 * 132 with their halos, so there are never more than 86. */
static void no_crawl_through_blocks_of_halo(void **state)
{
    struct vn_vol *v = hashed(16, 14, 12, 32), *out = NULL;
    struct vn_ran ran;
    const char *at;
    (void)state;

    for (int mega = 7; mega <= 26; mega++) {
        vn_cache_drop(v->src->id);
        vn_mem_init(vn_mem_in_use() + (uint64_t)mega * 1000000);
        n_blocks = 0;
        int rc = vn_op_run(&op_wide, &none, &v, &v->box, &out, &ran, NULL, &err);
        assert_true(n_blocks <= 86);
        if (rc == 0) {
            assert_true(mega >= 8);
            assert_int_equal(ran.n_block, n_blocks);
            assert_true(mega < 22 || n_blocks == 1);
        } else {
            assert_int_equal(rc, VN_E_MEMORY);
            assert_true(mega < 11);
            assert_non_null(at = strstr(err.msg, " voxels and their surroundings, and the memory budget is "));
            assert_non_null(at = strstr(at, "--memory "));
            vn_mem_init(strtoull(at + 9, NULL, 10) * 1000000);
            assert_int_equal(vn_op_run(&op_wide, &none, &v, &v->box, &out, &ran, NULL, &err), 0);
            assert_true(n_blocks > 1);
        }
        vn_vol_unref(out);
        out = NULL;
    }
    vn_mem_init(0);
    vn_vol_unref(v);
}

/* An error in the third block, allocation failures and cancellation leave nothing behind. */
static void failures_leave_nothing(void **state)
{
    (void)state;
    struct vn_vol *v = hashed(200, 200, 60, 32), *out = NULL;
    vn_mem_init(0);
    vn_cache_drop(v->src->id);
    uint64_t before = vn_mem_in_use();
    vn_mem_init(before + 4800000 + (4 << 20));
    n_blocks = 0;
    fail_block = 3;
    assert_int_equal(vn_op_run(&op_max, &none, &v, &v->box, &out, NULL, NULL, &err), VN_E_INTERNAL);
    assert_string_equal(err.msg, "planned");
    assert_int_equal(n_blocks, 3);
    fail_block = 0;
    vn_cache_drop(v->src->id);
    assert_int_equal(vn_mem_in_use(), before);
    vn_mem_init(0);
    struct vn_box small = box(0, 20, 0, 20, 0, 20);
    int rc = -1;
    for (long i = 1; rc; i++) {
        vn_cache_drop(v->src->id);
        vn_mem_fail_at(i);
        rc = vn_op_run(&op_max, &none, &v, &small, &out, NULL, NULL, &err);
        assert_true(rc == 0 ? out != NULL : rc == VN_E_MEMORY && out == NULL);
    }
    vn_mem_fail_at(0);
    vn_vol_unref(out);
    vn_vol_unref(v);
}

struct call { struct vn_vol *v, *out; };
static int run_max(void *ctx, struct vn_job *j, struct vn_err *e)
{
    struct call *c = ctx;
    return vn_op_run(&op_max, &none, &c->v, &c->v->box, &c->out, NULL, j, e);
}
static int ended = 1;
static void done(void *ctx, int rc, const struct vn_err *e)
{
    (void)ctx;
    (void)e;
    ended = rc;
}
static void cancelled(void **state)
{
    (void)state;
    struct call c = { hashed(400, 400, 300, 32), NULL };
    struct vn_job *j = vn_job_submit(VN_REGION, "max", run_max, &c, done, &err);
    usleep(20000);
    vn_job_cancel(j);
    while (!vn_job_pump())
        usleep(1000);
    assert_int_equal(ended, VN_E_CANCELLED);
    assert_null(c.out);
    vn_vol_unref(c.v);
}

static void names_and_devices(void **state)
{
    (void)state;
    assert_null(vn_op_find("no such operation"));
    assert_int_equal(vn_op_device(VN_DEVICE_CPU, 0, 0, &err), 0);
    assert_string_equal(vn_op_device_name(), "cpu");
}

int main(void)
{
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stencil_equals_its_definition), cmocka_unit_test(blocks_equal_the_whole),
        cmocka_unit_test(small_region_of_a_huge_volume), cmocka_unit_test(two_inputs),
        cmocka_unit_test(global_in_one_block_or_not_at_all), cmocka_unit_test(no_crawl_through_blocks_of_halo),
        cmocka_unit_test(failures_leave_nothing),
        cmocka_unit_test(cancelled), cmocka_unit_test(names_and_devices),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
