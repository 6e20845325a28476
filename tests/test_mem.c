/* test_mem.c - allocation: budget, recycling, eviction, planned failures. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "job.h"
#include "mem.h"

#define MB ((uint64_t)1 << 20)

static void small_and_large_blocks_hold_what_is_written(void **state)
{
    (void)state;
    const uint64_t sizes[] = { 0, 1, 15, 4096, MB - 1, MB, MB + 1, 3 * MB + 7, 4 * MB, 5 * MB - 64 };
    uint64_t before = vn_mem_in_use();

    for (size_t i = 0; i < VN_COUNT(sizes); i++) {
        struct vn_err err;
        unsigned char *p = vn_alloc(sizes[i], &err);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % (sizes[i] >= MB ? 64 : 16), 0);
        memset(p, 0xa5, sizes[i]);
        assert_int_equal(vn_mem_in_use() - before, sizes[i] >= MB ? sizes[i] : 0);
        vn_free(p);
        assert_int_equal(vn_mem_in_use(), before);
    }
    vn_free(NULL);
}

/* A recycled block is dirty; calloc has to clear it, also when it is larger than what was asked for. */
static void calloc_is_zero_in_recycled_blocks(void **state)
{
    (void)state;
    vn_mem_trim();
    for (int round = 0; round < 3; round++) {
        unsigned char *p = vn_calloc(2 * MB - (uint64_t)round * 1000, 1, NULL);
        assert_non_null(p);
        for (uint64_t i = 0; i < 2 * MB - (uint64_t)round * 1000; i += 97)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, 2 * MB - (uint64_t)round * 1000);
        vn_free(p);
    }
    struct vn_err err;
    assert_null(vn_calloc(UINT64_MAX / 2, 3, &err));
    assert_int_equal(err.code, VN_E_MEMORY);
}

static void freed_blocks_are_used_again(void **state)
{
    (void)state;
    vn_mem_trim();
    assert_int_equal(vn_mem_idle(), 0);
    char *p = vn_alloc(8 * MB, NULL);
    assert_int_equal(vn_mem_idle(), 0);
    vn_free(p);
    assert_true(vn_mem_idle() >= 8 * MB && vn_mem_idle() < 9 * MB);
    char *q = vn_alloc(7 * MB, NULL);       /* 8/7 < 5/4 */
    assert_ptr_equal(p, q);
    assert_int_equal(vn_mem_idle(), 0);
    vn_free(q);
    q = vn_alloc(4 * MB, NULL);             /* twice too large: not for this one */
    assert_ptr_not_equal(p, q);
    vn_free(q);
}

static void realloc_keeps_the_content(void **state)
{
    (void)state;
    const uint64_t steps[] = { 10, 100000, 2 * MB, 5 * MB, 3 * MB, 1000, 3 };
    uint64_t have = 1, before = vn_mem_in_use();
    char *p = vn_realloc(NULL, 1, NULL);

    p[0] = 7;
    for (size_t i = 0; i < VN_COUNT(steps); i++) {
        uint64_t keep = steps[i] < have ? steps[i] : have;
        p = vn_realloc(p, steps[i], NULL);
        assert_non_null(p);
        for (uint64_t k = 0; k < keep; k += k + 1)
            assert_int_equal(p[k], 7);
        memset(p, 7, steps[i]);
        have = steps[i];
    }
    vn_free(p);
    assert_int_equal(vn_mem_in_use(), before);
}

static void the_budget_is_kept(void **state)
{
    (void)state;
    struct vn_err err = { 0 };
    uint64_t old = vn_mem_budget();

    vn_mem_trim();
    vn_mem_init(10 * MB);
    vn_mem_peak_reset();
    char *a = vn_alloc(6 * MB, &err);
    assert_non_null(a);
    assert_int_equal(vn_mem_reserve(4 * MB, &err), 0);
    assert_int_equal(vn_mem_reserve(4 * MB + 1, &err), VN_E_MEMORY);
    assert_non_null(strstr(err.msg, "4.2 MB"));
    assert_non_null(strstr(err.msg, "6.3 MB"));
    assert_non_null(strstr(err.msg, "10.5 MB"));
    assert_null(vn_alloc(5 * MB, &err));
    char *b = vn_alloc(4 * MB, &err);       /* to the byte */
    assert_non_null(b);
    assert_int_equal(vn_mem_peak(), 10 * MB);
    assert_null(vn_alloc(UINT64_MAX - 10, &err));
    assert_int_equal(err.code, VN_E_MEMORY);
    char *c = vn_realloc(b, 9 * MB, &err);  /* refused: b stays */
    assert_null(c);
    memset(b, 1, 4 * MB);
    assert_int_equal(vn_mem_in_use(), 10 * MB);
    vn_free(a);
    b = vn_realloc(b, 9 * MB, &err);        /* 4 + 9 MB would not fit: it grows where it is */
    assert_non_null(b);
    assert_int_equal(b[4 * MB - 1], 1);
    memset(b, 2, 9 * MB);
    b = vn_realloc(b, 2 * MB, &err);
    assert_int_equal(b[2 * MB - 1], 2);
    assert_int_equal(vn_mem_in_use(), 2 * MB);
    vn_free(b);
    a = vn_alloc(10 * MB, &err);            /* idle blocks make room */
    assert_non_null(a);
    vn_free(a);
    vn_mem_init(old);
}

struct cache { char *block[8]; int calls; };

static uint64_t evict_one(void *ctx, uint64_t want)
{
    struct cache *c = ctx;
    (void)want;
    c->calls++;
    for (int i = 0; i < 8; i++)
        if (c->block[i]) {
            vn_free(c->block[i]);
            c->block[i] = NULL;
            return MB;
        }
    return 0;
}

/* Allocates inside an evictor, which is forbidden: it must fail, not recurse. */
static uint64_t evict_badly(void *ctx, uint64_t want)
{
    void *p = vn_alloc(9 * MB, NULL);
    *(bool *)ctx = p == NULL;
    vn_free(p);
    (void)want;
    return 0;
}

static void evictors_make_room(void **state)
{
    (void)state;
    struct vn_err err = { 0 };
    struct cache c = { 0 };
    bool refused = false;
    uint64_t old = vn_mem_budget();

    vn_mem_init(8 * MB);
    for (int i = 0; i < 8; i++)
        assert_non_null(c.block[i] = vn_alloc(MB, &err));
    assert_null(vn_alloc(MB, &err));
    vn_mem_add_evictor(evict_badly, &refused);
    vn_mem_add_evictor(evict_one, &c);
    char *p = vn_alloc(3 * MB, &err);
    assert_non_null(p);
    assert_int_equal(c.calls, 3);
    assert_true(refused);
    assert_int_equal(vn_mem_reserve(5 * MB, &err), 0);
    assert_int_equal(vn_mem_in_use(), 3 * MB);
    assert_int_equal(vn_mem_reserve(6 * MB, &err), VN_E_MEMORY);
    vn_mem_remove_evictor(evict_one, &c);
    vn_mem_remove_evictor(evict_badly, &refused);
    c.calls = 0;
    assert_int_equal(vn_mem_reserve(6 * MB, &err), VN_E_MEMORY);
    assert_int_equal(c.calls, 0);
    vn_free(p);
    vn_mem_init(old);
}

static void planned_failures_happen_once(void **state)
{
    (void)state;
    struct vn_err err = { 0 };
    long n = vn_mem_n_alloc();

    vn_mem_fail_at(2);
    void *a = vn_alloc(10, &err);
    assert_non_null(a);
    assert_null(vn_strdup("x", &err));
    assert_int_equal(err.code, VN_E_MEMORY);
    char *s = vn_sprintf(&err, "%d-%s", 12, "three");
    assert_string_equal(s, "12-three");
    assert_int_equal(vn_mem_n_alloc() - n, 3);
    vn_mem_fail_at(1);
    assert_null(vn_alloc(2 * MB, &err));
    vn_mem_fail_at(1);
    vn_mem_fail_at(0);
    void *b = vn_alloc(2 * MB, &err);
    assert_non_null(b);
    vn_free(a);
    vn_free(b);
    vn_free(s);
}

/* A cache that threads fill and the evictor empties. */
static pthread_mutex_t shelf_lock = PTHREAD_MUTEX_INITIALIZER;
static void *shelf[4];

static void *shelf_swap(int i, void *p)
{
    pthread_mutex_lock(&shelf_lock);
    void *old = shelf[i];
    shelf[i] = p;
    pthread_mutex_unlock(&shelf_lock);
    return old;
}

static uint64_t empty_shelf(void *ctx, uint64_t want)
{
    uint64_t got = 0;
    (void)ctx;
    for (int i = 0; i < 4 && got < want; i++) {
        void *p = shelf_swap(i, NULL);
        got += p ? MB : 0;
        vn_free(p);
    }
    return got;
}

static void *churn(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;
    unsigned char *p[4] = { 0 };
    uint64_t n[4] = { 0 };

    for (int i = 0; i < 300; i++) {
        seed = seed * 1664525 + 1013904223;
        int k = seed >> 30;
        if (p[k] && i % 5 == 0) {
            unsigned char *q = vn_realloc(p[k], n[k] + MB / 2, NULL);
            if (q) {
                p[k] = q;
                n[k] += MB / 2;
                q[n[k] - 1] = (unsigned char)k;
            }
        }
        if (p[k] && (p[k][0] != k || p[k][n[k] - 1] != k))
            return "a block of this thread was written by another";
        vn_free(p[k]);
        n[k] = (seed >> 8) % (3 * MB) + 1;
        p[k] = vn_alloc(n[k], NULL);
        if (p[k])
            p[k][0] = p[k][n[k] - 1] = (unsigned char)k;
        if (i % 3 == 0)
            vn_free(shelf_swap(k, vn_alloc(MB, NULL)));
    }
    for (int k = 0; k < 4; k++)
        vn_free(p[k]);
    return NULL;
}

static void threads_share_the_pool(void **state)
{
    (void)state;
    pthread_t t[4];
    uint64_t old = vn_mem_budget(), before = vn_mem_in_use();

    vn_mem_init(12 * MB);
    vn_mem_add_evictor(empty_shelf, NULL);
    for (uintptr_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, churn, (void *)(i + 1)), 0);
    for (int i = 0; i < 4; i++) {
        void *why;
        pthread_join(t[i], &why);
        assert_null(why);
    }
    vn_mem_remove_evictor(empty_shelf, NULL);
    empty_shelf(NULL, UINT64_MAX);
    assert_int_equal(vn_mem_in_use(), before);
    vn_mem_init(old);
    vn_mem_trim();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_and_large_blocks_hold_what_is_written),
        cmocka_unit_test(calloc_is_zero_in_recycled_blocks),
        cmocka_unit_test(freed_blocks_are_used_again),
        cmocka_unit_test(realloc_keeps_the_content),
        cmocka_unit_test(the_budget_is_kept),
        cmocka_unit_test(evictors_make_room),
        cmocka_unit_test(planned_failures_happen_once),
        cmocka_unit_test(threads_share_the_pool),
    };
    vn_mem_init(0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
