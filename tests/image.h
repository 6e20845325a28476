/* image.h - for the tests of grey-value operations: small volumes, one run of an operation, comparisons. */
#ifndef TEST_IMAGE_H
#define TEST_IMAGE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "job.h"
#include "mem.h"
#include "op.h"

static VN_UNUSED struct vn_err err;

static VN_UNUSED struct vn_box box6(int64_t x0, int64_t x1, int64_t y0, int64_t y1, int64_t z0, int64_t z1)
{
    return (struct vn_box) { { x0, y0, z0 }, { x1, y1, z1 } };
}

typedef float (*image_fn)(int64_t x, int64_t y, int64_t z);

/* Reproducible grey values 0..255 with structure: a counter through a linear congruential generator. */
static VN_UNUSED float image_noise(int64_t x, int64_t y, int64_t z)
{
    uint32_t u = (uint32_t)(x * 73856093 ^ y * 19349663 ^ z * 83492791);
    for (int i = 0; i < 3; i++)
        u = u * 1664525u + 1013904223u;
    return (float)(u >> 24);
}

static VN_UNUSED struct vn_vol *image_new(enum vn_kind kind, int64_t nx, int64_t ny, int64_t nz, double um, image_fn f)
{
    const struct vn_grid g = { .dim = { nx, ny, nz }, .um = { um, um, um } };
    const struct vn_box b = box6(0, nx, 0, ny, 0, nz);
    struct vn_vol *v = vn_vol_new(kind, VN_F32, &g, &b, &err);
    assert_non_null(v);
    struct vn_buf d = vn_vol_data(v);
    for (int64_t z = 0; z < nz; z++)
        for (int64_t y = 0; y < ny; y++)
            for (int64_t x = 0; x < nx; x++)
                ((float *)d.data)[vn_buf_at(&d, x, y, z)] = f(x, y, z);
    return v;
}

static VN_UNUSED float image_at(const struct vn_vol *v, int64_t x, int64_t y, int64_t z)
{
    const struct vn_buf d = vn_vol_data(v);
    return ((const float *)d.data)[vn_buf_at(&d, x, y, z)];
}

/* Runs op over region (NULL: all of in). settings: "key=value ..." or NULL. resolved (may be NULL): receives the arguments. */
static VN_UNUSED int image_run(const char *op, struct vn_vol *in, const struct vn_box *region, const char *settings, struct vn_vol **out,
                               struct vn_args *resolved)
{
    const struct vn_op *o = vn_op_find(op);
    struct vn_args a;
    char text[500], *save = NULL;

    assert_non_null(o);
    assert_int_equal(vn_args_init(&a, o->params, &err), 0);
    snprintf(text, sizeof text, "%s", settings ? settings : "");
    for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
        char *e = strchr(w, '=');
        if (e)
            *e = 0;
        assert_int_equal(vn_args_set(&a, w, e ? e + 1 : "", &err), 0);
    }
    int rc = vn_op_run(o, &a, &in, region ? region : &in->box, out, NULL, NULL, &err);
    if (resolved)
        *resolved = a;
    else
        vn_args_free(&a);
    return rc;
}

static VN_UNUSED struct vn_vol *image_ok(const char *op, struct vn_vol *in, const struct vn_box *region, const char *settings)
{
    struct vn_vol *out = NULL;
    err.msg[0] = 0;
    if (image_run(op, in, region, settings, &out, NULL))
        fail_msg("%s: %s", op, err.msg);
    return out;
}

/* The voxels of part (which lies in a region both cover) are the same bytes. */
static VN_UNUSED void image_same(const struct vn_vol *a, const struct vn_vol *b, const struct vn_box *part)
{
    const struct vn_buf da = vn_vol_data(a), db = vn_vol_data(b);
    const size_t size = vn_type_size(da.type);
    assert_int_equal(da.type, db.type);
    for (int64_t z = part->lo[2]; z < part->hi[2]; z++)
        for (int64_t y = part->lo[1]; y < part->hi[1]; y++)
            assert_memory_equal((const char *)da.data + size * (size_t)vn_buf_at(&da, part->lo[0], y, z),
                                (const char *)db.data + size * (size_t)vn_buf_at(&db, part->lo[0], y, z), size * (size_t)vn_box_dim(part, 0));
}

/* One thread, four threads, a region and many small blocks give the bytes of the whole.  settings must resolve everything
 * that is automatic, or have nothing automatic. */
static VN_UNUSED void image_exact(const char *op, struct vn_vol *in, const char *settings, const struct vn_box *region, uint64_t small_budget)
{
    struct vn_vol *whole, *part;
    const uint64_t budget = vn_mem_budget();

    vn_job_set_threads(1);
    whole = image_ok(op, in, NULL, settings);
    vn_job_set_threads(4);
    part = image_ok(op, in, NULL, settings);
    image_same(whole, part, &whole->box);
    vn_vol_unref(part);
    part = image_ok(op, in, region, settings);
    image_same(whole, part, region);
    vn_vol_unref(part);
    if (small_budget) {
        vn_mem_trim();
        vn_mem_init(small_budget);
        part = image_ok(op, in, NULL, settings);
        image_same(whole, part, &whole->box);
        vn_vol_unref(part);
        vn_mem_init(budget);
    }
    vn_vol_unref(whole);
    vn_job_set_threads(2);
}

#define IMAGE_MAIN(tests)                                                                                                                \
    int main(void)                                                                                                                       \
    {                                                                                                                                    \
        vn_mem_init(0);                                                                                                                  \
        if (vn_job_init(2, &err))                                                                                                        \
            return 1;                                                                                                                    \
        int rc = cmocka_run_group_tests(tests, NULL, NULL);                                                                              \
        vn_job_exit();                                                                                                                   \
        return rc;                                                                                                                       \
    }
#endif
