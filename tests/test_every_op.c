/* test_every_op.c - what every operation promises: a region of a point or stencil operation equals the crop of the whole,
 * blocks and the number of threads do not matter, and volumes of one voxel, constants, NaN and infinity are ordinary input. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "job.h"
#include "mem.h"
#include "op.h"

static struct vn_err err;

enum content { TUBES, CONSTANT, ONES, NOT_FINITE, SPECKS };

/* Two bright crossing rods on a noisy floor; masks and labels are made from the same rods, SPECKS: with specks and pores. */
static struct vn_vol *make(int nx, int ny, int nz, enum content what, bool mask, double um)
{
    const struct vn_grid g = { .dim = { nx, ny, nz }, .um = { um, um, 2 * um } };
    const struct vn_box box = { { 0, 0, 0 }, { nx, ny, nz } };
    struct vn_vol *v = vn_vol_new(mask ? VN_MASK : VN_IMAGE, mask ? VN_U8 : VN_F32, &g, &box, &err);
    assert_non_null(v);
    struct vn_buf b = vn_vol_data(v);
    uint32_t state = 12345;
    for (int64_t z = 0; z < nz; z++)
        for (int64_t y = 0; y < ny; y++)
            for (int64_t x = 0; x < nx; x++) {
                state = state * 1664525u + 1013904223u;
                const double dx = x - 0.45 * nx, dy = y - 0.5 * ny, dz = z - 0.5 * nz;
                const bool rod = dx * dx + dz * dz < 6 || dy * dy + dz * dz < 9;
                const int64_t i = vn_buf_at(&b, x, y, z);
                float f = (float)(state >> 24) / 255.0f + (rod ? 3.0f : 0.0f);
                if (what == CONSTANT || what == ONES)
                    f = what == ONES;
                if (what == NOT_FINITE && (state >> 20 & 63) == 0)
                    f = state & 1 << 19 ? NAN : state & 1 << 18 ? INFINITY : -INFINITY;
                if (mask)
                    ((uint8_t *)b.data)[i] = what == CONSTANT || what == ONES ? what == ONES : rod != (what == SPECKS && state >> 24 < 12);
                else
                    ((float *)b.data)[i] = f;
            }
    return v;
}

static bool takes_mask(const struct vn_op *op)
{
    for (const struct vn_param *p = op->params; p->name; p++)
        if (p->type == VN_P_OBJECT)
            return !(p->kinds & VN_IMAGE) || op->shape == VN_GLOBAL;
    return false;
}

/* Values for parameters that have no default and without which an operation does nothing. */
static const struct { const char *op, *param, *value; bool always; } given[] = {      /* always: also beside other choices */
    { "gauss", "sigma", "1.5vox" }, { "median", "radius", "1vox" }, { "hysteresis", "low", "0.8" }, { "hysteresis", "high", "2" },
    { "nlm", "search", "2vox", true }, { "nlm", "patch", "1vox", true }, { "nlm", "strength", "1", true },
    { "morph", "op", "open", true }, { "morph", "radius", "1.5vox", true },
    { "calc", "expr", "a > 1 ? sqrt(abs(b)) * 2 + x % 3 : min(c, d) - 0.1", true }, { "resample", "factor", "0.6,0.5,1.7", true }, { "pad", "by", "3,0,5", true }, { "pieces", "tolerance", "0.25" },
    { "localcut", "method", "sauvola", true }, { "localcut", "window", "7vox", true },
    { "segment_local", "window", "7vox", true },
};

static int set_given(const struct vn_op *op, struct vn_args *a)
{
    int rc = 0;
    for (size_t i = 0; i < VN_COUNT(given) && !rc; i++)
        if (!strcmp(given[i].op, op->name))
            rc = vn_args_set(a, given[i].param, given[i].value, &err);
    return rc;
}

static void arguments(const struct vn_op *op, struct vn_args *a)
{
    assert_int_equal(vn_args_init(a, op->params, &err), 0);
    assert_int_equal(set_given(op, a), 0);
    for (const struct vn_param *p = op->params; p->name; p++)
        if ((p->flags & VN_REQ) && !vn_args_has(a, p->name) && p->type != VN_P_OBJECT)
            fail_msg("%s needs %s=: give this test a value", op->name, p->name);
}

/* NULL when the operation refuses. */
static struct vn_vol *run_blocks(const struct vn_op *op, struct vn_vol *in, const struct vn_box *region, struct vn_ran *ran)
{
    struct vn_vol *out = NULL, *ins[4] = { in, in, in, in };
    struct vn_args a;
    arguments(op, &a);
    err = (struct vn_err){ 0 };
    int rc = vn_op_run(op, &a, ins, region, &out, ran, NULL, &err);
    vn_args_free(&a);
    return rc ? NULL : out;
}

static struct vn_vol *run(const struct vn_op *op, struct vn_vol *in, const struct vn_box *region)
{
    return run_blocks(op, in, region, NULL);
}

static void same(const struct vn_op *op, const struct vn_vol *a, const struct vn_vol *b, const struct vn_box *part, const char *what)
{
    const struct vn_buf p = vn_vol_data(a), q = vn_vol_data(b);
    assert_int_equal(p.type, q.type);
    const size_t size = vn_type_size(p.type);
    for (int64_t z = part->lo[2]; z < part->hi[2]; z++)
        for (int64_t y = part->lo[1]; y < part->hi[1]; y++)
            for (int64_t x = part->lo[0]; x < part->hi[0]; x++)
                if (memcmp((char *)p.data + (size_t)vn_buf_at(&p, x, y, z) * size, (char *)q.data + (size_t)vn_buf_at(&q, x, y, z) * size, size))
                    fail_msg("%s: %s differs at %d,%d,%d", op->name, what, (int)x, (int)y, (int)z);
}

static void region_equals_crop(void **state)
{
    const struct vn_box region = { { 7, 3, 4 }, { 40, 29, 23 } };
    (void)state;
    for (const struct vn_op *const *op = vn_op_table; *op; op++) {
        if ((*op)->shape == VN_GLOBAL)
            continue;
        for (int known = 0; known < 2; known++) {
            struct vn_vol *in = make(47, 37, 31, TUBES, takes_mask(*op), known ? 0.8 : 0);
            struct vn_vol *whole = run(*op, in, &in->box), *part = whole ? run(*op, in, &region) : NULL;
            if (!whole || !part)
                fail_msg("%s: %s", (*op)->name, err.msg);
            same(*op, whole, part, (*op)->map ? &part->box : &region, "the region");
            vn_vol_unref(whole);
            vn_vol_unref(part);
            vn_vol_unref(in);
        }
    }
}

/* Runs with what prepare sets (its own needs are not those of a block) and half of a budget less than one block needs. */
static struct vn_vol *run_scarce(const struct vn_op *op, struct vn_vol *in, struct vn_ran *ran)
{
    struct vn_vol *out = NULL, *ins[4] = { in, in, in, in };
    struct vn_plan plan = { { 0 } };
    struct vn_args a;

    arguments(op, &a);
    if (op->prepare)
        assert_int_equal(op->prepare(&a, ins, &in->box, NULL, &err), 0);
    assert_int_equal(op->plan(&a, ins, &in->box, &plan, &err), 0);
    const struct vn_box *box = op->map ? &plan.box : &in->box;
    double need = plan.mem_host;
    for (int k = 0; k < 3; k++)
        need *= (double)(vn_box_dim(box, k) + (op->shape == VN_STENCIL ? 2 * plan.halo[k] : 0));
    if (op->cost && op->shape == VN_STENCIL) {             /* counted */
        struct vn_cost c = { 0 };
        op->cost(&a, &plan, in, box, NULL, &c);
        need = c.bytes + vn_op_input_bytes(op, &a, &plan, ins, 0, box) + (double)(vn_box_count(box) * vn_type_size(plan.out_type));
    }
    need = op->shape == VN_GLOBAL ? 2 * need : 1.25 * need;
    vn_mem_init(vn_mem_in_use() + vn_box_count(box) * vn_type_size(plan.out_type) + (uint64_t)need + 100000);
    err = (struct vn_err){ 0 };
    int rc = vn_op_run(op, &a, ins, &in->box, &out, ran, NULL, &err);
    vn_args_free(&a);
    vn_mem_init(0);
    return rc ? NULL : out;
}

static void threads_and_blocks_do_not_matter(void **state)
{
    (void)state;
    for (const struct vn_op *const *op = vn_op_table; *op; op++) {
        struct vn_vol *in = make(61, 53, 67, TUBES, takes_mask(*op), 1), *r[3];
        struct vn_ran ran = { .n_block = 0 };
        for (int i = 0; i < 3; i++) {
            vn_job_set_threads(i == 0 ? 1 : 4);
            r[i] = i == 2 ? run_scarce(*op, in, &ran) : run_blocks(*op, in, &in->box, &ran);
            if (!r[i])
                fail_msg("%s, run %d: %s", (*op)->name, i, err.msg);
            if ((ran.n_block > 1) != (i == 2 && (*op)->shape != VN_GLOBAL))
                fail_msg("%s, run %d: %d blocks", (*op)->name, i, ran.n_block);
        }
        same(*op, r[0], r[1], &r[0]->box, "4 threads");
        same(*op, r[0], r[2], &r[0]->box, "a small memory budget");
        for (int i = 0; i < 3; i++)
            vn_vol_unref(r[i]);
        vn_vol_unref(in);
    }
    vn_job_set_threads(2);
}

/* Key of the voxels, or of the message when the operation refuses. */
static struct vn_key outcome(const struct vn_op *op, struct vn_vol *in, const char *param, const char *value, int threads)
{
    struct vn_vol *out = NULL, *ins[4] = { in, in, in, in };
    struct vn_key key = vn_key_start();
    struct vn_args a;

    vn_job_set_threads(threads);
    arguments(op, &a);
    err = (struct vn_err){ 0 };
    for (size_t i = 0; param && i < VN_COUNT(given); i++)       /* what would make a choice of method idle */
        if (!strcmp(given[i].op, op->name) && !vn_param_find(op->params, given[i].param)->def && !given[i].always)
            vn_args_unset(&a, given[i].param);
    if ((param && vn_args_set(&a, param, value, &err)) || vn_op_run(op, &a, ins, &in->box, &out, NULL, NULL, &err))
        key = vn_key_str(key, err.msg);
    else {
        const struct vn_buf b = vn_vol_data(out);
        key = vn_key_add(key, b.data, vn_type_size(b.type) * vn_box_count(&b.box));
    }
    vn_args_free(&a);
    vn_vol_unref(out);
    return key;
}

static void same_on_1_2_4(const struct vn_op *op, struct vn_vol *in, const char *param, const char *value, FILE *list)
{
    const struct vn_key key = outcome(op, in, param, value, 1);
    char hex[33];

    for (int threads = 2; threads <= 4; threads *= 2)
        if (!vn_key_same(key, outcome(op, in, param, value, threads)))
            fail_msg("%s %s=%s: %d threads give other bytes than one", op->name, param ? param : "", param ? value : "", threads);
    vn_key_hex(key, hex);
    if (list)
        fprintf(list, "%s %s=%s %s\n", op->name, param ? param : "", param ? value : "", hex);
}

/* Every operation with its defaults, with each choice and each flag: 1, 2 and 4 threads.  VN_BYTES=FILE: a list of what came
 * out, which check_levels.sh compares between vector levels. */
static void every_choice_is_the_same_on_any_threads(void **state)
{
    FILE *list = getenv("VN_BYTES") ? fopen(getenv("VN_BYTES"), "w") : NULL;
    char value[32];
    (void)state;

    for (const struct vn_op *const *op = vn_op_table; *op; op++) {
        struct vn_vol *in = make(61, 43, 37, SPECKS, takes_mask(*op), 0.8);
        same_on_1_2_4(*op, in, NULL, NULL, list);
        for (const struct vn_param *p = (*op)->params; p->name; p++) {
            if (p->type == VN_P_FLAG && !(p->flags & VN_PREF))
                same_on_1_2_4(*op, in, p->name, "", list);
            for (const char *c = p->type == VN_P_CHOICE ? p->choices : ""; *c; c += strcspn(c, "|"), c += *c == '|') {
                snprintf(value, sizeof value, "%.*s", (int)strcspn(c, "|"), c);
                same_on_1_2_4(*op, in, p->name, value, list);
            }
        }
        vn_vol_unref(in);
    }
    vn_job_set_threads(2);
    if (list)
        fclose(list);
}

/* An operation may refuse such input, with a message; it may not crash or write outside (sanitizers). */
static void odd_volumes_are_ordinary_input(void **state)
{
    static const int dims[][3] = { { 1, 1, 1 }, { 1, 1, 17 }, { 17, 1, 1 }, { 2, 3, 1 }, { 5, 31, 2 } };
    int refused = 0, done = 0;
    (void)state;
    for (const struct vn_op *const *op = vn_op_table; *op; op++)
        for (size_t d = 0; d < sizeof dims / sizeof *dims; d++)
            for (int what = TUBES; what <= NOT_FINITE; what++) {
                struct vn_vol *in = make(dims[d][0], dims[d][1], dims[d][2], (enum content)what, takes_mask(*op), 1);
                struct vn_vol *out = run(*op, in, &in->box);
                if (out)
                    done++;
                else if (!err.msg[0])
                    fail_msg("%s refuses %dx%dx%d without a word", (*op)->name, dims[d][0], dims[d][1], dims[d][2]);
                else
                    refused++;
                vn_vol_unref(out);
                vn_vol_unref(in);
            }
    assert_true(done > refused);
}

static void failing_allocations_are_reported(void **state)
{
    (void)state;
    for (const struct vn_op *const *op = vn_op_table; *op; op++) {
        struct vn_vol *in = make(24, 20, 16, TUBES, takes_mask(*op), 1), *out = NULL;
        for (long n = 1; n < 400 && !out; n++) {
            vn_mem_fail_at(n);
            struct vn_args a;
            struct vn_vol *ins[4] = { in, in, in, in };
            err = (struct vn_err){ 0 };
            if (!vn_args_init(&a, (*op)->params, &err)) {
                int rc = set_given(*op, &a);
                rc = rc ? rc : vn_op_run(*op, &a, ins, &in->box, &out, NULL, NULL, &err);
                if (rc && rc != VN_E_MEMORY)
                    fail_msg("%s, allocation %ld: code %d, %s", (*op)->name, n, rc, err.msg);
                vn_args_free(&a);
            }
        }
        vn_mem_fail_at(0);
        vn_vol_unref(out);
        vn_vol_unref(in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(region_equals_crop),
        cmocka_unit_test(threads_and_blocks_do_not_matter),
        cmocka_unit_test(every_choice_is_the_same_on_any_threads),
        cmocka_unit_test(odd_volumes_are_ordinary_input),
        cmocka_unit_test(failing_allocations_are_reported),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
