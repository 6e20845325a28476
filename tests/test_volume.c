/* test_volume.c - boxes, conversion, padding, sources and the chunk cache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "job.h"
#include "mem.h"
#include "volume.h"

static struct vn_err err;

static struct vn_box box(int64_t x0, int64_t x1, int64_t y0, int64_t y1, int64_t z0, int64_t z1)
{
    return (struct vn_box) { { x0, y0, z0 }, { x1, y1, z1 } };
}

static struct vn_grid grid(int64_t x, int64_t y, int64_t z)
{
    return (struct vn_grid) { .dim = { x, y, z } };
}

/* ---- a chunked source that computes its voxels, counts its reads, and fails on demand ---- */

struct fake {
    struct vn_src s;
    atomic_int reads, freed;
    atomic_int fail_in;              /* the read that fails; 0 none */
    int delay_us;
    bool parts;                      /* a read was smaller than its chunk */
};

static uint16_t voxel(int64_t x, int64_t y, int64_t z, int level)
{
    return (uint16_t)(x * 7 + y * 131 + z * 1009 + level * 5);
}

static int fake_read(struct vn_src *s, int level, struct vn_buf *d, struct vn_job *job, struct vn_err *e)
{
    struct fake *f = (struct fake *)s;
    struct vn_box all = vn_src_box(s, level);
    (void)job;
    atomic_fetch_add(&f->reads, 1);
    if (atomic_load(&f->fail_in) && atomic_fetch_sub(&f->fail_in, 1) == 1)
        return vn_fail(e, VN_E_IO, "planned");
    if (f->delay_us)
        usleep((useconds_t)f->delay_us);
    assert_true(d->type == s->type && vn_box_contains(&all, &d->box));
    for (int k = 0; k < 3; k++) {     /* one chunk at most */
        assert_true((d->box.lo[k] - all.lo[k]) / s->chunk[k] == (d->box.hi[k] - 1 - all.lo[k]) / s->chunk[k]);
        if (vn_box_dim(&d->box, k) != s->chunk[k] && d->box.hi[k] != all.hi[k])
            f->parts = true;
    }
    for (int64_t z = d->box.lo[2]; z < d->box.hi[2]; z++)
        for (int64_t y = d->box.lo[1]; y < d->box.hi[1]; y++)
            for (int64_t x = d->box.lo[0]; x < d->box.hi[0]; x++)
                ((uint16_t *)d->data)[vn_buf_at(d, x, y, z)] = voxel(x, y, z, level);
    return 0;
}

static int n_freed;
static void fake_free(struct vn_src *s)
{
    n_freed++;
    free(s);
}
static const struct vn_src_ops fake_ops = { fake_read, fake_free };

static struct fake *fake_new(struct vn_box b, int64_t cx, int64_t cy, int64_t cz)
{
    struct fake *f = calloc(1, sizeof *f);
    vn_src_init(&f->s, &fake_ops);
    f->s.type = VN_U16;
    f->s.n_level = 2;
    f->s.grid = grid(b.hi[0], b.hi[1], b.hi[2]);
    f->s.box = b;
    f->s.chunk[0] = cx;
    f->s.chunk[1] = cy;
    f->s.chunk[2] = cz;
    return f;
}

/* ---- boxes ---- */

static void boxes(void **state)
{
    (void)state;
    struct vn_box a = box(0, 10, 0, 5, 2, 4), b = box(8, 12, -1, 9, 3, 3), c = box(8, 12, -1, 9, 3, 9), m;
    assert_int_equal(vn_box_count(&a), 100);
    assert_int_equal(vn_box_count(&b), 0);
    assert_int_equal(vn_box_dim(&b, 2), 0);
    assert_false(vn_box_meet(&a, &b, &m));
    assert_true(vn_box_meet(&a, &c, &m));
    struct vn_box want = box(8, 10, 0, 5, 3, 4);
    assert_true(vn_box_same(&m, &want));
    assert_true(vn_box_contains(&a, &m) && !vn_box_contains(&m, &a));
    struct vn_box g = vn_box_grow(&m, (int64_t[]) { 1, 0, 2 });
    want = box(7, 11, 0, 5, 1, 6);
    assert_true(vn_box_same(&g, &want));
    struct vn_box huge = box(0, 3000000, 0, 3000000, 0, 2000000);     /* 1.8e19 needs all 64 bits */
    assert_true(vn_box_count(&huge) == 18000000000000000000u);
}

static void grids(void **state)
{
    (void)state;
    struct vn_grid a = grid(3, 4, 5), b = a;
    bool assumed = true;
    assert_int_equal(vn_grid_check(&a, "a", &b, "b", &assumed, &err), 0);
    assert_false(assumed);
    b.um[0] = b.um[1] = b.um[2] = 2.0;
    assert_int_equal(vn_grid_check(&a, "a", &b, "b", &assumed, &err), 0);
    assert_true(assumed);
    a = b;
    a.um[2] = 2.0001;
    assert_int_equal(vn_grid_check(&a, "a", &b, "b", &assumed, &err), 0);
    a.um[2] = 2.001;
    assert_int_equal(vn_grid_check(&a, "a", &b, "b", &assumed, &err), VN_E_ARG);
    assert_string_equal(err.msg, "'a' has voxels of 2x2x2.001 um and 'b' of 2x2x2 um: they are not on one grid");
    b = a;
    b.frame = (struct vn_key) { { 0, 7 } };            /* a frame and none: dims and voxel size decide */
    assert_int_equal(vn_grid_check(&a, "a", &b, "b", &assumed, &err), 0);
    assert_int_equal(vn_grid_check(&b, "b", &a, "a", &assumed, &err), 0);
    a.frame = b.frame;
    assert_int_equal(vn_grid_check(&a, "a", &b, "b", &assumed, &err), 0);
    a.frame = (struct vn_key) { { 5, 7 } };
    assert_int_equal(vn_grid_check(&a, "a", &b, "b", &assumed, &err), VN_E_ARG);
    assert_string_equal(err.msg, "the coordinates of 'a' and of 'b' begin at different places: they are not on one grid");
    b.dim[1] = 7;
    assert_int_equal(vn_grid_check(&a, "a", &b, "b", &assumed, &err), VN_E_ARG);
    assert_string_equal(err.msg, "'a' has 3x4x5 voxels and 'b' 3x7x5: they are not on one grid");
}

/* ---- conversion: all 64 pairs at the limits of all types ---- */

static const double lowest[] = { 0, 0, 0, INT8_MIN, INT16_MIN, INT32_MIN }, highest[] = { UINT8_MAX, UINT16_MAX, UINT32_MAX, INT8_MAX, INT16_MAX, INT32_MAX };

static void put(enum vn_type t, void *p, double v)
{
    switch (t) {
    case VN_U8:  *(uint8_t *)p = (uint8_t)v; break;
    case VN_U16: *(uint16_t *)p = (uint16_t)v; break;
    case VN_U32: *(uint32_t *)p = (uint32_t)v; break;
    case VN_I8:  *(int8_t *)p = (int8_t)v; break;
    case VN_I16: *(int16_t *)p = (int16_t)v; break;
    case VN_I32: *(int32_t *)p = (int32_t)v; break;
    case VN_F32: *(float *)p = (float)v; break;
    default:     *(double *)p = v; break;
    }
}

static double get(enum vn_type t, const void *p)
{
    switch (t) {
    case VN_U8:  return *(const uint8_t *)p;
    case VN_U16: return *(const uint16_t *)p;
    case VN_U32: return *(const uint32_t *)p;
    case VN_I8:  return *(const int8_t *)p;
    case VN_I16: return *(const int16_t *)p;
    case VN_I32: return *(const int32_t *)p;
    case VN_F32: return *(const float *)p;
    default:     return *(const double *)p;
    }
}

/* What the rules say, with the C library's rounding (to nearest even). */
static double converted(enum vn_type to, double v)
{
    if (to == VN_F64)
        return v;
    if (to == VN_F32)
        return (float)v;
    return isnan(v) ? 0 : v < lowest[to] ? lowest[to] : v > highest[to] ? highest[to] : rint(v);
}

static void conversion_of_all_pairs(void **state)
{
    (void)state;
    static const double v[] = { 0, -0.0, 0.5, 1.5, 2.5, -0.5, -1.5, 0.49999997, 126.5, 127, 127.5, 128, 255, 255.5, 256, 32767, 32767.5, 32768,
        65535, 65535.5, 65536, 2147483647, 2147483647.5, 2147483648, 4294967295, 4294967295.5, 4294967296, 1e30, 1e300, INFINITY, NAN,
        -1, -128, -128.5, -129, -32768, -32768.5, -32769, -2147483648, -2147483648.5, -2147483649, -1e30, -1e300, -INFINITY, 16777217 };
    enum { N = sizeof v / sizeof *v, SHIFT = 3 };
    for (enum vn_type from = 0; from < VN_N_TYPE; from++)
        for (enum vn_type to = 0; to < VN_N_TYPE; to++) {
            char src[(N + SHIFT) * 8], dst[(N + SHIFT) * 8];
            size_t sf = vn_type_size(from), st = vn_type_size(to);
            for (int i = 0; i < N; i++)
                put(from, src + (size_t)(i + SHIFT) * sf, from == VN_F64 || from == VN_F32 ? v[i] : converted(from, v[i]));
            for (int shift = 0; shift <= SHIFT; shift += SHIFT) {      /* a row need not begin at a vector */
                memset(dst, 0x55, sizeof dst);
                vn_convert_row(to, dst + (size_t)shift * st, from, src + SHIFT * sf, N);
                for (int i = 0; i < N; i++) {
                    double s = get(from, src + (size_t)(i + SHIFT) * sf), want = converted(to, s), got = get(to, dst + (size_t)(i + shift) * st);
                    if (isnan(want) ? !isnan(got) : got != want)
                        fail_msg("%s -> %s: %.17g gives %.17g, not %.17g", vn_type_name(from), vn_type_name(to), s, got, want);
                }
                assert_int_equal((unsigned char)dst[(size_t)(N + shift) * st < sizeof dst ? (size_t)(N + shift) * st : 0], shift == SHIFT ? (unsigned char)dst[0] : 0x55);
            }
        }
}

/* ---- padding ---- */

/* The rule in its plainest form: step by step outside, turning at the borders. */
static int64_t plain_pad(enum vn_pad pad, int64_t i, int64_t lo, int64_t hi)
{
    while (i < lo || i >= hi) {
        if (pad == VN_PAD_EDGE)
            return i < lo ? lo : hi - 1;
        i = i < lo ? lo + (lo - 1 - i) : hi - 1 - (i - hi);
    }
    return i;
}

static void check_padded(struct vn_src *s, int level, struct vn_box b, enum vn_pad pad)
{
    struct vn_box in = vn_src_box(s, level);
    struct vn_buf d;
    assert_int_equal(vn_buf_new(&d, VN_F32, &b, &err), 0);
    assert_int_equal(vn_src_read(s, level, pad, &d, NULL, &err), 0);
    for (int64_t z = b.lo[2]; z < b.hi[2]; z++)
        for (int64_t y = b.lo[1]; y < b.hi[1]; y++)
            for (int64_t x = b.lo[0]; x < b.hi[0]; x++) {
                struct vn_box one = box(x, x + 1, y, y + 1, z, z + 1);
                float want = 0;
                if (pad != VN_PAD_ZERO || vn_box_contains(&in, &one))
                    want = voxel(plain_pad(pad, x, in.lo[0], in.hi[0]), plain_pad(pad, y, in.lo[1], in.hi[1]),
                                 plain_pad(pad, z, in.lo[2], in.hi[2]), level);
                assert_true(((float *)d.data)[vn_buf_at(&d, x, y, z)] == want);
            }
    vn_buf_free(&d);
}

static void padding(void **state)
{
    (void)state;
    const struct vn_box vol[] = { box(0, 1, 0, 1, 0, 1), box(0, 7, 0, 5, 0, 3), box(3, 14, 2, 3, 10, 17), box(0, 13, 0, 1, 0, 1) };
    for (size_t v = 0; v < 4; v++) {
        struct fake *f = fake_new(vol[v], 4, 3, 2);
        for (int level = 0; level < 2; level++)
            for (enum vn_pad pad = VN_PAD_ZERO; pad <= VN_PAD_MIRROR; pad++) {
                const struct vn_box b = vn_src_box(&f->s, level);
                check_padded(&f->s, level, b, pad);
                check_padded(&f->s, level, vn_box_grow(&b, (int64_t[]) { 1, 2, 1 }), pad);
                check_padded(&f->s, level, vn_box_grow(&b, (int64_t[]) { 9, 20, 8 }), pad);               /* more than the volume */
                check_padded(&f->s, level, vn_box_grow(&b, (int64_t[]) { 0, 0, 5 }), pad);
                check_padded(&f->s, level, box(b.lo[0] - 3, b.lo[0] + 1, b.lo[1], b.hi[1], b.lo[2], b.lo[2] + 1), pad);  /* needs what is not in it */
                check_padded(&f->s, level, box(b.hi[0] + 2, b.hi[0] + 9, b.lo[1] - 7, b.lo[1] - 2, b.lo[2], b.hi[2]), pad);    /* outside */
                check_padded(&f->s, level, box(-40, -38, -31, -30, 50, 53), pad);
            }
        vn_src_unref(&f->s);
    }
}

/* ---- volumes in memory ---- */

static void in_memory(void **state)
{
    (void)state;
    struct vn_grid g = grid(20, 20, 20);
    struct vn_box b = box(2, 7, 3, 6, 4, 8), part = box(3, 6, 4, 5, 5, 7), out = box(0, 4, 3, 6, 4, 8);
    struct vn_vol *v = vn_vol_new(VN_IMAGE, VN_U8, &g, &b, &err);
    struct vn_buf d = vn_vol_data(v), m;
    for (int i = 0; i < 60; i++)
        ((uint8_t *)d.data)[i] = (uint8_t)(i + 1);
    assert_int_equal(vn_vol_mem(v), 60);

    assert_int_equal(vn_vol_map(v, VN_U8, &part, VN_PAD_ZERO, &m, NULL, &err), 0);          /* lent */
    assert_ptr_equal(m.data, (uint8_t *)d.data + 15 + 5 + 1);
    assert_int_equal(v->refs, 2);
    assert_int_equal(((uint8_t *)m.data)[vn_buf_at(&m, 5, 4, 6)], ((uint8_t *)d.data)[vn_buf_at(&d, 5, 4, 6)]);
    vn_vol_unref(v);                                                                        /* the loan keeps it */
    assert_int_equal(((uint8_t *)m.data)[0], 22);
    v = vn_vol_ref(m.lender);
    vn_buf_free(&m);
    assert_null(m.data);

    assert_int_equal(vn_vol_map(v, VN_F32, &part, VN_PAD_ZERO, &m, NULL, &err), 0);         /* another type: a copy */
    assert_null(m.lender);
    assert_true(((float *)m.data)[0] == 22);
    vn_buf_free(&m);
    assert_int_equal(vn_vol_map(v, VN_U8, &out, VN_PAD_EDGE, &m, NULL, &err), 0);           /* partly outside: a copy */
    assert_null(m.lender);
    assert_int_equal(((uint8_t *)m.data)[0], 1);
    assert_int_equal(((uint8_t *)m.data)[3], 2);
    vn_buf_free(&m);
    vn_buf_free(&d);                                                                        /* borrowed: nothing happens */
    vn_buf_free(&d);

    struct vn_vol *h = vn_vol_header(v, (double[]) { 1, 2, 3 }, VN_MASK, &err);
    assert_int_equal(h->kind, VN_MASK);
    assert_true(h->grid.um[2] == 3 && v->grid.um[2] == 0);
    assert_false(vn_key_same(h->key, v->key));
    assert_ptr_equal(vn_vol_data(h).data, vn_vol_data(v).data);
    vn_vol_unref(v);
    assert_int_equal(((uint8_t *)vn_vol_data(h).data)[59], 60);
    vn_vol_unref(h);
}

static void too_large(void **state)
{
    (void)state;
    struct vn_buf b;
    struct vn_box huge = box(0, INT64_C(1) << 40, 0, INT64_C(1) << 40, 0, 1);
    assert_int_equal(vn_buf_new(&b, VN_U8, &huge, &err), VN_E_MEMORY);
    huge.hi[2] = 1 << 30;
    assert_int_equal(vn_buf_new(&b, VN_F64, &huge, &err), VN_E_MEMORY);
    assert_int_equal(vn_buf_new(&b, VN_F64, &huge, NULL), VN_E_MEMORY);
    struct vn_grid g = grid(1, 1, 1);
    assert_null(vn_vol_new(VN_IMAGE, VN_U8, &g, &huge, &err));
}

/* ---- the cache ---- */

static void check_box(struct fake *f, struct vn_box b, enum vn_type t)
{
    struct vn_buf d;
    assert_int_equal(vn_buf_new(&d, t, &b, &err), 0);
    assert_int_equal(vn_src_read(&f->s, 0, VN_PAD_ZERO, &d, NULL, &err), 0);
    for (int64_t z = b.lo[2]; z < b.hi[2]; z++)
        for (int64_t y = b.lo[1]; y < b.hi[1]; y++)
            for (int64_t x = b.lo[0]; x < b.hi[0]; x++)
                assert_true(get(t, (char *)d.data + (size_t)vn_buf_at(&d, x, y, z) * vn_type_size(t)) == voxel(x, y, z, 0));
    vn_buf_free(&d);
}

static void chunks_are_read_once(void **state)
{
    (void)state;
    struct fake *f = fake_new(box(5, 105, 0, 50, 0, 30), 32, 32, 16);
    uint64_t before = vn_cache_bytes();
    check_box(f, box(5, 105, 0, 50, 0, 30), VN_U16);
    assert_int_equal(f->reads, 4 * 2 * 2);
    check_box(f, box(36, 38, 31, 33, 15, 17), VN_F64);
    assert_int_equal(f->reads, 16);
    assert_int_equal(vn_cache_bytes() - before, 100 * 50 * 30 * 2);
    vn_cache_drop(f->s.id);
    assert_int_equal(vn_cache_bytes(), before);
    check_box(f, box(36, 38, 31, 33, 15, 17), VN_U16);      /* eight chunks meet there: 5 + 32 = 37 */
    assert_int_equal(f->reads, 24);
    n_freed = 0;
    vn_src_unref(&f->s);
    assert_int_equal(n_freed, 1);
    assert_int_equal(vn_cache_bytes(), before);
}

static void a_failed_chunk_is_an_error_and_is_tried_again(void **state)
{
    (void)state;
    struct fake *f = fake_new(box(0, 64, 0, 1, 0, 1), 8, 1, 1);
    struct vn_buf d;
    assert_int_equal(vn_buf_new(&d, VN_U16, &f->s.box, &err), 0);
    atomic_store(&f->fail_in, 3);
    assert_int_equal(vn_src_read(&f->s, 0, VN_PAD_ZERO, &d, NULL, &err), VN_E_IO);
    assert_string_equal(err.msg, "planned");
    assert_int_equal(vn_src_read(&f->s, 0, VN_PAD_ZERO, &d, NULL, &err), 0);
    assert_int_equal(vn_src_read(&f->s, 7, VN_PAD_ZERO, &d, NULL, &err), VN_E_ARG);
    vn_buf_free(&d);
    vn_src_unref(&f->s);
}

/* 40 chunks of 2 MB under a budget of 16 MB: the cache stays in its half, and gives way to an allocation. */
static void bounded_and_evicted(void **state)
{
    (void)state;
    vn_cache_drop(0);
    uint64_t before = vn_cache_bytes();
    vn_mem_init(16 << 20);
    struct fake *f = fake_new(box(0, 1024, 0, 1024, 0, 40), 1024, 1024, 1);
    for (int64_t z = 0; z < 40; z++)
        check_box(f, box(17, 20, 1000, 1024, z, z + 1), VN_U16);
    assert_int_equal(f->reads, 40);
    assert_int_equal(vn_cache_bytes() - before, 8 << 20);
    check_box(f, box(0, 3, 0, 3, 36, 40), VN_U16);           /* the last four are there */
    assert_int_equal(f->reads, 40);
    check_box(f, box(0, 3, 0, 3, 35, 36), VN_U16);
    assert_int_equal(f->reads, 41);
    check_box(f, box(0, 3, 0, 3, 37, 40), VN_U16);           /* 36 was the oldest */
    assert_int_equal(f->reads, 41);

    void *p = vn_alloc(15 << 20, &err);
    assert_non_null(p);
    assert_int_equal(vn_cache_bytes() - before, 0);
    check_box(f, box(0, 3, 0, 3, 35, 36), VN_F32);           /* no room for a chunk: read past the cache */
    assert_true(f->parts);
    assert_int_equal(vn_cache_bytes() - before, 0);
    vn_free(p);
    vn_src_unref(&f->s);
    vn_mem_init(0);
}

/* A chunk of more than an eighth of the budget is read in the parts that are asked for. */
static void giant_chunks_are_read_in_part(void **state)
{
    (void)state;
    vn_mem_init(16 << 20);
    struct fake *f = fake_new(box(0, 4096, 0, 1024, 0, 1024), 4096, 1024, 1024);    /* 8 GB in one chunk */
    vn_mem_peak_reset();
    uint64_t before = vn_mem_peak();
    check_box(f, box(4000, 4096, 5, 9, 1020, 1024), VN_U16);
    check_box(f, box(0, 4096, 0, 100, 3, 5), VN_F32);                          /* another type: by bands */
    assert_true(f->parts);
    assert_true(vn_mem_peak() - before < 8 << 20);
    vn_src_unref(&f->s);
    vn_mem_init(0);
}

/* Many threads on the same few chunks: each is decoded once. */
struct many { struct fake *f; };
static int read_some(void *ctx, int64_t i, struct vn_err *e)
{
    struct many *m = ctx;
    struct vn_box b = box(i % 20, i % 20 + 60, 0, 40, 0, 20);
    struct vn_buf d;
    int rc = vn_buf_new(&d, VN_U16, &b, e);
    if (rc)
        return rc;
    rc = vn_src_read(&m->f->s, 0, VN_PAD_ZERO, &d, NULL, e);
    if (rc == 0 && ((uint16_t *)d.data)[0] != voxel(b.lo[0], 0, 0, 0))
        rc = vn_fail(e, VN_E_INTERNAL, "wrong voxel");
    vn_buf_free(&d);
    return rc;
}
static void shared_loading(void **state)
{
    (void)state;
    struct many m = { fake_new(box(0, 80, 0, 40, 0, 20), 16, 16, 16) };
    m.f->delay_us = 300;
    vn_job_set_threads(4);
    assert_int_equal(vn_job_for(NULL, 64, read_some, &m, &err), 0);
    vn_job_set_threads(2);
    assert_int_equal(m.f->reads, 5 * 3 * 2);
    vn_src_unref(&m.f->s);
}

/* Evicted while others read: right voxels all the same. */
static int read_and_drop(void *ctx, int64_t i, struct vn_err *e)
{
    if (i % 5 == 0)
        vn_cache_drop(((struct many *)ctx)->f->s.id);
    return read_some(ctx, i, e);
}
static void dropped_while_read(void **state)
{
    (void)state;
    struct many m = { fake_new(box(0, 80, 0, 40, 0, 20), 16, 16, 16) };
    uint64_t before = vn_cache_bytes();
    vn_job_set_threads(4);
    assert_int_equal(vn_job_for(NULL, 200, read_and_drop, &m, &err), 0);
    vn_job_set_threads(2);
    vn_src_unref(&m.f->s);
    assert_int_equal(vn_cache_bytes(), before);
}

/* Two sources read by four threads that take and give back large blocks, under a budget that holds few of the chunks. */
struct pressure { struct fake *f[2]; };
static int read_or_allocate(void *ctx, int64_t i, struct vn_err *e)
{
    struct fake *f = ((struct pressure *)ctx)->f[i & 1];
    int64_t x = i * 37 % 900, z = i * 11 % 20;
    struct vn_box b = box(x, x + 100, 3, 9, z, z + 3);
    struct vn_buf d = { 0 };
    void *p = i % 3 ? NULL : vn_alloc((uint64_t)(1 + i % 4) << 20, NULL);     /* may fail: others hold the rest */
    int rc = vn_buf_new(&d, VN_I32, &b, e);
    if (rc == 0)
        rc = vn_src_read(&f->s, 0, VN_PAD_EDGE, &d, NULL, e);
    for (int64_t k = b.lo[2]; rc == 0 && k < b.hi[2]; k++)
        if (((int32_t *)d.data)[vn_buf_at(&d, x + 99, 8, k)] != voxel(x + 99, 8, k < 20 ? k : 19, 0))
            rc = vn_fail(e, VN_E_INTERNAL, "wrong voxel");
    vn_buf_free(&d);
    vn_free(p);
    return rc;
}
static void evicted_while_read(void **state)
{
    (void)state;
    struct pressure p = { { fake_new(box(0, 1024, 0, 16, 0, 20), 256, 16, 128), fake_new(box(0, 1024, 0, 1024, 0, 20), 1024, 1024, 1) } };
    uint64_t before = vn_cache_bytes();
    vn_mem_init(24 << 20);
    vn_job_set_threads(4);
    assert_int_equal(vn_job_for(NULL, 150, read_or_allocate, &p, &err), 0);
    vn_job_set_threads(2);
    vn_src_unref(&p.f[0]->s);
    vn_src_unref(&p.f[1]->s);
    assert_int_equal(vn_cache_bytes(), before);
    assert_int_equal(vn_mem_in_use(), 0);
    vn_mem_init(0);
}

static struct fake *slow;
static int read_all(void *ctx, struct vn_job *j, struct vn_err *e)
{
    struct vn_buf *d = ctx;
    return vn_src_read(&slow->s, 0, VN_PAD_ZERO, d, j, e);
}
static int last_rc = 1;
static void note_rc(void *ctx, int rc, const struct vn_err *e)
{
    (void)ctx;
    (void)e;
    last_rc = rc;
}
static void cancelled(void **state)
{
    (void)state;
    struct vn_buf d;
    slow = fake_new(box(0, 1000, 0, 1, 0, 1), 1, 1, 1);
    slow->delay_us = 5000;
    assert_int_equal(vn_buf_new(&d, VN_U16, &slow->s.box, &err), 0);
    struct vn_job *j = vn_job_submit(VN_REGION, "read", read_all, &d, note_rc, &err);
    while (slow->reads < 3)
        usleep(500);
    vn_job_cancel(j);
    while (!vn_job_pump())
        usleep(500);
    assert_int_equal(last_rc, VN_E_CANCELLED);
    assert_true(slow->reads < 900);
    slow->delay_us = 0;
    assert_int_equal(vn_src_read(&slow->s, 0, VN_PAD_ZERO, &d, NULL, &err), 0);
    assert_int_equal(((uint16_t *)d.data)[999], voxel(999, 0, 0, 0));
    vn_buf_free(&d);
    vn_src_unref(&slow->s);
}

/* A source that reads another chunked source, on the I/O threads: must not wait for them. */
struct twice { struct vn_src s; struct vn_src *of; };
static int twice_read(struct vn_src *s, int level, struct vn_buf *d, struct vn_job *job, struct vn_err *e)
{
    int rc = vn_src_read(((struct twice *)s)->of, level, VN_PAD_ZERO, d, job, e);
    for (int64_t z = d->box.lo[2]; rc == 0 && z < d->box.hi[2]; z++)
        for (int64_t y = d->box.lo[1]; y < d->box.hi[1]; y++)
            for (int64_t x = d->box.lo[0]; x < d->box.hi[0]; x++)
                ((uint16_t *)d->data)[vn_buf_at(d, x, y, z)] *= 2;
    return rc;
}
static void twice_free(struct vn_src *s)
{
    vn_src_unref(((struct twice *)s)->of);
}
static void nested_sources(void **state)
{
    (void)state;
    static const struct vn_src_ops ops = { twice_read, twice_free };
    struct fake *f = fake_new(box(0, 40, 0, 40, 0, 4), 7, 7, 3);
    struct twice t;
    vn_src_init(&t.s, &ops);
    t.s.type = VN_U16;
    t.s.n_level = 1;
    t.s.box = f->s.box;
    t.s.chunk[0] = t.s.chunk[1] = t.s.chunk[2] = 16;
    t.of = &f->s;
    struct vn_buf d;
    assert_int_equal(vn_buf_new(&d, VN_U16, &f->s.box, &err), 0);
    assert_int_equal(vn_src_read(&t.s, 0, VN_PAD_ZERO, &d, NULL, &err), 0);
    assert_int_equal(((uint16_t *)d.data)[vn_buf_at(&d, 39, 38, 3)], (uint16_t)(2 * voxel(39, 38, 3, 0)));
    vn_buf_free(&d);
    vn_src_unref(&t.s);
}

static void allocation_failures(void **state)
{
    (void)state;
    struct fake *f = fake_new(box(0, 20, 0, 20, 0, 4), 8, 8, 3);
    struct vn_box b = vn_box_grow(&f->s.box, (int64_t[]) { 3, 3, 9 });
    int rc = -1;
    for (long i = 1; rc; i++) {
        struct vn_buf d;
        vn_cache_drop(f->s.id);
        assert_int_equal(vn_buf_new(&d, VN_F32, &b, &err), 0);
        vn_mem_fail_at(i);
        rc = vn_src_read(&f->s, 0, VN_PAD_MIRROR, &d, NULL, &err);
        assert_true(rc == 0 || rc == VN_E_MEMORY);
        vn_mem_fail_at(0);
        vn_buf_free(&d);
    }
    vn_src_unref(&f->s);
    struct vn_grid g = grid(4, 4, 4);
    struct vn_box all = box(0, 4, 0, 4, 0, 4);
    for (long i = 1; i <= 3; i++) {
        vn_mem_fail_at(i);
        assert_null(vn_vol_new(VN_IMAGE, VN_U8, &g, &all, &err));
    }
    vn_mem_fail_at(0);
}

int main(void)
{
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes), cmocka_unit_test(grids), cmocka_unit_test(conversion_of_all_pairs), cmocka_unit_test(padding),
        cmocka_unit_test(in_memory), cmocka_unit_test(too_large), cmocka_unit_test(chunks_are_read_once),
        cmocka_unit_test(a_failed_chunk_is_an_error_and_is_tried_again), cmocka_unit_test(bounded_and_evicted),
        cmocka_unit_test(giant_chunks_are_read_in_part), cmocka_unit_test(shared_loading), cmocka_unit_test(dropped_while_read), cmocka_unit_test(evicted_while_read),
        cmocka_unit_test(cancelled), cmocka_unit_test(nested_sources), cmocka_unit_test(allocation_failures),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
