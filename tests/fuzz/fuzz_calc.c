/* fuzz_calc.c - expressions of calc: parsed, and computed on odd values in rows of different lengths with the same bits. */
#include "fuzz.h"
#include <math.h>
#include <string.h>
#include "expr.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    vn_mem_init(FUZZ_BUDGET);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const double odd[] = { 0, -0.0, 1, -1, 0.5, 2, 255, 1e300, -1e-300, NAN, INFINITY, -INFINITY, 4294967296.0, 3.25, -7, 1e9, 64 };
    double in[VN_ROW_IN][VN_COUNT(odd)], whole[VN_COUNT(odd)], one;
    struct vn_expr e;
    struct vn_err err;

    char *text = vn_alloc(n + 1, NULL);
    memcpy(text, data, n);
    text[n] = '\0';
    int rc = vn_expr_parse(text, &e, &err);
    vn_free(text);
    if (rc) {
        fuzz_check(rc == VN_E_USAGE && strlen(err.msg) > 10, "an error without words", err.msg);
        return 0;
    }
    fuzz_check(e.n > 0 && e.n <= VN_EXPR_CODE, "an expression of no or too many steps", "");
    struct vn_row r = { .n = VN_COUNT(odd), .x = 3, .y = 5, .z = 1LL << 33, .out = whole };
    for (int k = 0; k < VN_ROW_IN; k++) {
        for (size_t i = 0; i < VN_COUNT(odd); i++)
            in[k][i] = odd[(i * (size_t)(2 * k + 1) + (size_t)k) % VN_COUNT(odd)];
        r.in[k] = e.uses[k] ? in[k] : NULL;
    }
    vn_expr_row(&e, &r);
    for (size_t i = 0; i < VN_COUNT(odd); i++) {
        struct vn_row s = { .n = 1, .x = r.x + (int64_t)i, .y = r.y, .z = r.z, .out = &one };
        for (int k = 0; k < VN_ROW_IN; k++)
            s.in[k] = r.in[k] ? r.in[k] + i : NULL;
        vn_expr_row(&e, &s);
        fuzz_check((isnan(one) && isnan(whole[i])) || !memcmp(&one, &whole[i], sizeof one), "a voxel differs from its row", "");
        fuzz_check(!e.logical || one == 0 || one == 1, "a logical value that is neither 0 nor 1", "");
    }
    return 0;
}
