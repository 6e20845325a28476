/* binary.h - what the tests of the binary operations share: masks in memory, pictures in text, random masks. */
#ifndef TEST_BINARY_H
#define TEST_BINARY_H
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "job.h"
#include "mem.h"
#include "op.h"

static struct vn_err err;

static struct vn_buf VN_UNUSED new_buf(enum vn_type t, int64_t nx, int64_t ny, int64_t nz)
{
    struct vn_buf b;
    const struct vn_box box = { { 0, 0, 0 }, { nx, ny, nz } };
    assert_int_equal(vn_buf_new_zero(&b, t, &box, &err), 0);
    return b;
}

static uint64_t VN_UNUSED count_of(const struct vn_buf *b) { return vn_box_count(&b->box); }
static uint8_t *VN_UNUSED u8(const struct vn_buf *b) { return b->data; }
static uint8_t *VN_UNUSED vox(const struct vn_buf *b, int64_t x, int64_t y, int64_t z) { return (uint8_t *)b->data + vn_buf_at(b, x, y, z); }

/* splitmix64: the same masks on every machine. */
static uint64_t VN_UNUSED random_next(uint64_t *s)
{
    uint64_t z = *s += 0x9e3779b97f4a7c15ULL;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}

/* percent of the voxels set; blobs of `grain` voxels when grain > 1. */
static void VN_UNUSED random_mask(struct vn_buf *b, int percent, int grain, uint64_t seed)
{
    for (int64_t z = 0; z < b->box.hi[2]; z++)
        for (int64_t y = 0; y < b->box.hi[1]; y++)
            for (int64_t x = 0; x < b->box.hi[0]; x++) {
                uint64_t s = seed * 1000003 + (uint64_t)(x / grain) + 4099 * (uint64_t)(y / grain) + 16785407 * (uint64_t)(z / grain);
                random_next(&s);
                *vox(b, x, y, z) = random_next(&s) % 100 < (unsigned)percent ? (uint8_t)(1 + random_next(&s) % 255) : 0;
            }
}

/* One plane from text: '.' and ' ' are background, '/' ends a row. */
static struct vn_buf VN_UNUSED picture(const char *text)
{
    int nx = (int)strcspn(text, "/"), ny = 1;
    for (const char *c = text; *c; c++)
        ny += *c == '/';
    struct vn_buf b = new_buf(VN_U8, nx, ny, 1);
    for (int y = 0; y < ny; y++)
        for (int x = 0; x < nx; x++) {
            const char c = text[y * (nx + 1) + x];
            *vox(&b, x, y, 0) = c != '.' && c != ' ';
        }
    return b;
}

static void VN_UNUSED assert_picture(const struct vn_buf *b, const char *want)
{
    struct vn_buf w = picture(want);
    assert_true(vn_box_same(&b->box, &w.box));
    for (int64_t y = 0; y < w.box.hi[1]; y++)
        for (int64_t x = 0; x < w.box.hi[0]; x++)
            if (*vox(b, x, y, 0) != *vox(&w, x, y, 0)) {
                for (int64_t r = 0; r < w.box.hi[1]; r++) {
                    for (int64_t q = 0; q < w.box.hi[0]; q++)
                        print_message("%c", *vox(b, q, r, 0) ? '#' : '.');
                    print_message("\n");
                }
                fail_msg("voxel %d,%d differs", (int)x, (int)y);
            }
    vn_buf_free(&w);
}

/* Mask volume over a copy of b. */
static VN_UNUSED struct vn_vol *volume_of(const struct vn_buf *b, double ux, double uy, double uz)
{
    const struct vn_grid g = { { b->box.hi[0], b->box.hi[1], b->box.hi[2] }, { ux, uy, uz }, { { 0, 0 } } };
    struct vn_vol *v = vn_vol_new(VN_MASK, VN_U8, &g, &b->box, &err);
    assert_non_null(v);
    struct vn_buf d = vn_vol_data(v);
    memcpy(d.data, b->data, count_of(b));
    return v;
}

/* Runs op with its defaults and the given "key=value" words (NULL-ended). */
static int VN_UNUSED run_op(const struct vn_op *op, struct vn_vol *in, const struct vn_box *region, struct vn_vol **out, struct vn_args *a,
                            const char *const *words)
{
    int rc = vn_args_init(a, op->params, &err);
    for (; !rc && words && *words; words++) {
        char key[40];
        snprintf(key, sizeof key, "%.*s", (int)strcspn(*words, "="), *words);
        rc = vn_args_set(a, key, *words + strlen(key) + 1, &err);
    }
    return rc ? rc : vn_op_run(op, a, &in, region ? region : &in->box, out, NULL, NULL, &err);
}

/* FNV-1a over 0/1 voxels: what the Python side computes over (z, y, x) arrays of bytes. */
static uint64_t VN_UNUSED mask_hash(const struct vn_buf *b)
{
    uint64_t h = 0xcbf29ce484222325ULL;
    for (uint64_t i = 0; i < count_of(b); i++)
        h = (h ^ (u8(b)[i] != 0)) * 0x100000001b3ULL;
    return h;
}

#define MAIN_OF(tests) \
    int main(void) \
    { \
        vn_mem_init(0); \
        if (vn_job_init(2, &err)) \
            return 1; \
        int rc = cmocka_run_group_tests(tests, NULL, NULL); \
        vn_job_exit(); \
        return rc; \
    }
#endif
