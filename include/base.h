/* base.h - attributes and checked sizes that every module uses. */
#ifndef VN_BASE_H
#define VN_BASE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VN_VERSION "0.1.0"

#define VN_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define VN_MUST_USE     __attribute__((warn_unused_result))
#define VN_UNUSED       __attribute__((unused))

/* A hot loop compiled for three vector levels and chosen at start-up: one binary is fast on every x86-64.
 * gcc clones the OpenMP body with the function.  Clones crash under the thread sanitizer and clang has none;
 * VN_LEVEL fixes one level (the tests that compare levels build with it). */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__) && !defined(VN_NO_CLONES)
#define VN_HOT __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define VN_HOT
#endif

#define VN_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* *out = a * b; false when the product does not fit. */
static inline VN_MUST_USE bool vn_mul(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}
static inline int64_t vn_min64(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t vn_max64(int64_t a, int64_t b) { return a > b ? a : b; }
#endif
