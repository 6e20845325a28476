/* test_hist.c - exact statistics.  Expected values: by hand, or by sorting and 128-bit sums in the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "hist.h"
#include "job.h"
#include "mem.h"

static struct vn_err err;

static struct vn_box box(int64_t x0, int64_t x1, int64_t y0, int64_t y1, int64_t z0, int64_t z1)
{
    return (struct vn_box) { { x0, y0, z0 }, { x1, y1, z1 } };
}

static uint64_t seed = 1;
static uint32_t rnd(void)                       /* splitmix64 */
{
    uint64_t z = seed += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (uint32_t)(z >> 32);
}

static struct vn_vol *volume(enum vn_type t, struct vn_box b)
{
    struct vn_grid g = { .dim = { b.hi[0], b.hi[1], b.hi[2] } };
    return vn_vol_new(VN_IMAGE, t, &g, &b, &err);
}

/* Same voxels behind the cache, in chunks. */
struct chunked { struct vn_src s; struct vn_vol *of; int reads; };
static int chunked_read(struct vn_src *s, int level, struct vn_buf *d, struct vn_job *job, struct vn_err *e)
{
    (void)level;
    __atomic_add_fetch(&((struct chunked *)s)->reads, 1, __ATOMIC_RELAXED);
    return vn_vol_read(((struct chunked *)s)->of, VN_PAD_ZERO, d, job, e);
}
static void chunked_free(struct vn_src *s)
{
    vn_vol_unref(((struct chunked *)s)->of);
    free(s);
}
static struct vn_vol *chunked(struct vn_vol *v, int64_t x, int64_t y, int64_t z)
{
    static const struct vn_src_ops ops = { chunked_read, chunked_free };
    struct chunked *c = calloc(1, sizeof *c);
    vn_src_init(&c->s, &ops);
    c->s.type = v->src->type;
    c->s.n_level = 1;
    c->s.grid = v->grid;
    c->s.box = v->box;
    c->s.chunk[0] = x;
    c->s.chunk[1] = y;
    c->s.chunk[2] = z;
    c->of = vn_vol_ref(v);
    return vn_vol_wrap(VN_IMAGE, &c->s, &err);
}

static void keys_keep_the_order(void **state)
{
    (void)state;
    static const float v[] = { -INFINITY, -FLT_MAX, -1, -FLT_MIN, -1e-45f, -0.0f, 0.0f, 1e-45f, FLT_MIN, 0.5f, 1, 3e38f, INFINITY };
    for (size_t i = 0; i < VN_COUNT(v); i++) {
        float back = vn_key_f32(vn_f32_key(v[i]));
        assert_memory_equal(&back, &v[i], sizeof back);
        if (i)
            assert_true(vn_f32_key(v[i - 1]) < vn_f32_key(v[i]));
    }
}

/* 2 4 4 4 5 5 7 9: the textbook set, mean 5, sd 2. */
static void textbook(void **state)
{
    (void)state;
    static const uint8_t v[] = { 2, 4, 4, 4, 5, 5, 7, 9 };
    for (enum vn_type t = 0; t < VN_N_TYPE; t++) {
        struct vn_vol *a = volume(t, box(0, 2, 0, 2, 0, 2));
        vn_convert_row(t, vn_vol_data(a).data, VN_U8, v, 8);
        const struct vn_hist *h;
        assert_false(vn_vol_hist_known(a));
        assert_int_equal(vn_vol_hist(a, &h, NULL, &err), 0);
        assert_true(vn_vol_hist_known(a));
        assert_true(h->n == 8 && h->n_nan == 0 && h->n_inf == 0);
        assert_true(h->min == 2 && h->max == 9 && h->mean == 5 && h->sd == 2);
        uint64_t sum = 0;
        for (int i = 0; i < 65536; i++)
            sum += h->bin[i];
        assert_int_equal(sum, 8);
        if (t == VN_U8 || t == VN_U16)
            assert_int_equal(h->bin[4], 3);
        if (t == VN_I8)
            assert_int_equal(h->bin[132], 3);
        double q[] = { 0, 0.5, 1, 0.999, 0.143 }, out[5];      /* ranks 0, 3, 7, 6, 1 */
        assert_int_equal(vn_quantiles(a, &a->box, q, 5, out, NULL, &err), 0);
        assert_true(out[0] == 2 && out[1] == 4 && out[2] == 9 && out[3] == 7 && out[4] == 4);
        uint64_t c[7];
        assert_int_equal(vn_hist_linear(a, &a->box, 2, 9, 7, c, NULL, &err), 0);
        static const uint64_t want[] = { 1, 0, 3, 2, 0, 1, 1 };
        assert_memory_equal(c, want, sizeof want);
        vn_vol_unref(a);
    }
}

static void limits_of_the_types(void **state)
{
    (void)state;
    static const double lo[] = { 0, 0, 0, -128, -32768, -2147483648.0, -FLT_MAX, -DBL_MAX }, hi[] = { 255, 65535, 4294967295.0, 127, 32767, 2147483647, FLT_MAX, DBL_MAX };
    for (enum vn_type t = 0; t < VN_N_TYPE; t++) {
        struct vn_vol *a = volume(t, box(0, 1, 0, 2, 0, 1));
        vn_convert_row(t, vn_vol_data(a).data, VN_F64, (double[]) { lo[t], hi[t] }, 2);
        struct vn_hist h;
        assert_int_equal(vn_hist_box(a, &a->box, &h, NULL, &err), 0);
        assert_true(h.min == lo[t] && h.max == hi[t]);
        assert_true(h.mean == (lo[t] + hi[t]) / 2);
        if (t != VN_F64)
            assert_true(fabs(h.sd - (hi[t] - lo[t]) / 2) <= 1e-15 * hi[t]);
        vn_hist_free(&h);
        double out[2];
        assert_int_equal(vn_quantiles(a, &a->box, (double[]) { 0, 1 }, 2, out, NULL, &err), 0);
        assert_true(out[0] == lo[t] && out[1] == hi[t]);
        vn_vol_unref(a);
    }
}

static void what_is_not_finite(void **state)
{
    (void)state;
    for (enum vn_type t = VN_F32; t <= VN_F64; t++) {
        struct vn_vol *a = volume(t, box(0, 7, 0, 1, 0, 1));
        vn_convert_row(t, vn_vol_data(a).data, VN_F64, (double[]) { NAN, INFINITY, -INFINITY, -0.0, 0.0, -NAN, 2 }, 7);
        struct vn_hist h;
        double out[2];
        assert_int_equal(vn_hist_box(a, &a->box, &h, NULL, &err), 0);
        assert_true(h.n == 3 && h.n_nan == 2 && h.n_inf == 2 && h.max == 2 && h.min == 0 && signbit(h.min));
        vn_hist_free(&h);
        assert_int_equal(vn_quantiles(a, &a->box, (double[]) { 0.5, 1 }, 2, out, NULL, &err), 0);
        assert_true(out[0] == 0 && !signbit(out[0]) && out[1] == 2);
        struct vn_box nans = box(0, 3, 0, 1, 0, 1), none = box(50, 60, 0, 1, 0, 1);
        assert_int_equal(vn_hist_box(a, &nans, &h, NULL, &err), 0);
        assert_true(h.n == 0 && h.n_nan == 1 && isnan(h.min) && isnan(h.mean) && isnan(h.sd));
        vn_hist_free(&h);
        assert_int_equal(vn_quantiles(a, &nans, (double[]) { 0.5 }, 1, out, NULL, &err), 0);
        assert_true(isnan(out[0]));
        assert_int_equal(vn_hist_box(a, &none, &h, NULL, &err), 0);
        assert_true(h.n == 0 && h.n_nan == 0);
        vn_hist_free(&h);
        assert_int_equal(vn_quantiles(a, &none, (double[]) { 0.5 }, 1, out, NULL, &err), 0);
        assert_true(isnan(out[0]));
        vn_vol_unref(a);
    }
}

/* The deviation of values far from zero, where the difference of two large sums would lose it. */
static void constants_and_offsets(void **state)
{
    (void)state;
    struct vn_vol *a = volume(VN_F32, box(0, 100, 0, 10, 0, 1));
    float *v = vn_vol_data(a).data;
    struct vn_hist h;
    for (int i = 0; i < 1000; i++)
        v[i] = 0.1f;
    assert_int_equal(vn_hist_box(a, &a->box, &h, NULL, &err), 0);
    assert_true(h.mean == (double)0.1f && h.sd == 0);
    vn_hist_free(&h);
    for (int i = 0; i < 1000; i++)
        v[i] = 1e7f + (i % 2 ? 1 : -1);
    assert_int_equal(vn_hist_box(a, &a->box, &h, NULL, &err), 0);
    assert_true(h.mean == 1e7 && fabs(h.sd - 1) < 1e-3);
    vn_hist_free(&h);
    vn_vol_unref(a);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void random_row(enum vn_type t, void *p, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        switch (t) {
        case VN_F32: ((float *)p)[i] = ldexpf((float)rnd() - 2e9f, (int)(rnd() % 60) - 40); break;
        case VN_F64: ((double *)p)[i] = ldexp((double)rnd() - 2e9 + (double)rnd() * 1e-10, (int)(rnd() % 4) - 2); break;
        default: {
            uint32_t u = rnd() >> rnd() % 12;
            memcpy((char *)p + (size_t)i * vn_type_size(t), &u, vn_type_size(t));
        }
        }
}

/* Against sorting, for all types; and the same bits with 1 thread, 4 threads, and the voxels in chunks behind the cache. */
static void against_sorting(void **state)
{
    (void)state;
    const struct vn_box all = box(3, 74, 1, 38, 0, 29), part = box(10, 61, 5, 28, 3, 16);
    for (enum vn_type t = 0; t < VN_N_TYPE; t++) {
        struct vn_vol *a = volume(t, all), *c = chunked(a, 16, 9, 7);
        random_row(t, vn_vol_data(a).data, (int64_t)vn_box_count(&all));
        for (int whole = 0; whole < 2; whole++) {
            const struct vn_box *b = whole ? &all : &part;
            const int64_t n = (int64_t)vn_box_count(b);
            struct vn_buf d;
            assert_int_equal(vn_buf_new(&d, VN_F64, b, &err), 0);
            assert_int_equal(vn_vol_read(a, VN_PAD_ZERO, &d, NULL, &err), 0);
            double *v = d.data, q[11], out[3][11];
            long double sum = 0, dev = 0;
            for (int64_t i = 0; i < n; i++)
                sum += v[i];
            for (int64_t i = 0; i < n; i++)
                dev += (v[i] - sum / n) * (v[i] - sum / n);
            qsort(v, (size_t)n, sizeof *v, by_value);
            for (int i = 0; i < 11; i++)
                q[i] = i == 10 ? 0.0137 : i / 9.5 > 1 ? 1 : i / 9.5;
            struct vn_hist h[3];
            for (int k = 0; k < 3; k++) {
                vn_job_set_threads(k == 0 ? 1 : 4);
                assert_int_equal(vn_hist_box(k == 2 ? c : a, b, &h[k], NULL, &err), 0);
                assert_int_equal(vn_quantiles(k == 2 ? c : a, b, q, 11, out[k], NULL, &err), 0);
            }
            for (int i = 0; i < 11; i++)
                assert_true(out[0][i] == v[(int64_t)(q[i] * (double)(n - 1))]);
            assert_true(h[0].min == v[0] && h[0].max == v[n - 1] && h[0].n == (uint64_t)n);
            assert_true(fabsl(h[0].mean - sum / n) <= 1e-14L * sqrtl(dev / n));
            assert_true(fabsl(h[0].sd - sqrtl(dev / n)) <= 1e-13L * sqrtl(dev / n));
            for (int k = 1; k < 3; k++) {
                assert_memory_equal(out[k], out[0], sizeof out[0]);
                assert_memory_equal(h[k].bin, h[0].bin, 65536 * sizeof *h[0].bin);
                assert_true(h[k].mean == h[0].mean && h[k].sd == h[0].sd && h[k].n == h[0].n);
            }
            for (int k = 0; k < 3; k++)
                vn_hist_free(&h[k]);
            vn_buf_free(&d);
        }
        vn_job_set_threads(2);
        vn_vol_unref(c);
        vn_vol_unref(a);
    }
}

static void linear_bins(void **state)
{
    (void)state;
    struct vn_vol *a = volume(VN_F64, box(0, 8, 0, 1, 0, 1));
    uint64_t c[10];
    vn_convert_row(VN_F64, vn_vol_data(a).data, VN_F64, (double[]) { -1e-9, 0, 0.3, 0.31, 1, 1.0000001, NAN, INFINITY }, 8);
    assert_int_equal(vn_hist_linear(a, &a->box, 0, 1, 10, c, NULL, &err), 0);
    static const uint64_t want[] = { 1, 0, 0, 2, 0, 0, 0, 0, 0, 1 };
    assert_memory_equal(c, want, sizeof want);
    assert_int_equal(vn_hist_linear(a, &a->box, 1, 1, 10, c, NULL, &err), VN_E_ARG);
    assert_int_equal(vn_hist_linear(a, &a->box, 0, NAN, 10, c, NULL, &err), VN_E_ARG);
    assert_int_equal(vn_hist_linear(a, &a->box, 0, 1, 0, c, NULL, &err), VN_E_ARG);
    assert_int_equal(vn_quantiles(a, &a->box, (double[]) { 1.5 }, 1, (double[1]) { 0 }, NULL, &err), VN_E_ARG);
    assert_string_equal(err.msg, "quantile 1.5 is outside 0..1");
    vn_vol_unref(a);
}

/* 256 MB of voxels in a computed source, a budget of 42 MB, chunks of 64^3: every chunk is decoded once a pass. */
static int ramp_read(struct vn_src *s, int level, struct vn_buf *d, struct vn_job *job, struct vn_err *e)
{
    (void)level;
    (void)job;
    (void)e;
    __atomic_add_fetch(&((struct chunked *)s)->reads, 1, __ATOMIC_RELAXED);
    for (int64_t z = d->box.lo[2]; z < d->box.hi[2]; z++)
        for (int64_t y = d->box.lo[1]; y < d->box.hi[1]; y++)
            memset((uint8_t *)d->data + vn_buf_at(d, d->box.lo[0], y, z), (int)(z & 255), (size_t)vn_box_dim(&d->box, 0));
    return 0;
}
static void ramp_free(struct vn_src *s) { (void)s; }

static void larger_than_the_budget(void **state)
{
    (void)state;
    static const struct vn_src_ops ops = { ramp_read, ramp_free };
    struct chunked r = { .reads = 0 };
    vn_mem_init(40 << 20);
    vn_src_init(&r.s, &ops);
    r.s.type = VN_U8;
    r.s.n_level = 1;
    r.s.box = box(0, 1000, 0, 1000, 0, 256);
    r.s.grid = (struct vn_grid) { .dim = { 1000, 1000, 256 } };
    r.s.chunk[0] = r.s.chunk[1] = r.s.chunk[2] = 64;
    struct vn_vol *v = vn_vol_wrap(VN_IMAGE, &r.s, &err);
    const struct vn_hist *h;
    vn_mem_peak_reset();
    assert_int_equal(vn_vol_hist(v, &h, NULL, &err), 0);
    assert_true(h->n == 256000000 && h->mean == 127.5);
    for (int i = 0; i < 256; i++)
        assert_int_equal(h->bin[i], 1000000);
    assert_int_equal(r.reads, 16 * 16 * 4);
    assert_true(vn_mem_peak() <= 40 << 20);
    vn_vol_unref(v);
    vn_mem_init(0);
}

static void allocation_failures(void **state)
{
    (void)state;
    struct vn_vol *a = volume(VN_F32, box(0, 30, 0, 3, 0, 1)), *c = chunked(a, 8, 2, 1);
    random_row(VN_F32, vn_vol_data(a).data, 90);
    int rc = -1;
    for (long i = 1; rc; i++) {
        double out[2];
        vn_mem_fail_at(i);
        rc = vn_quantiles(c, &c->box, (double[]) { 0.1, 0.7 }, 2, out, NULL, &err);
        assert_true(rc == 0 || rc == VN_E_MEMORY);
    }
    vn_mem_fail_at(0);
    vn_vol_unref(c);
    vn_vol_unref(a);
}

int main(void)
{
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_keep_the_order), cmocka_unit_test(textbook), cmocka_unit_test(limits_of_the_types),
        cmocka_unit_test(what_is_not_finite), cmocka_unit_test(constants_and_offsets), cmocka_unit_test(against_sorting),
        cmocka_unit_test(linear_bins), cmocka_unit_test(larger_than_the_budget), cmocka_unit_test(allocation_failures),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
