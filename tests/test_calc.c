/* test_calc.c - expressions against the C compiler's own values, kinds and types, what cannot be parsed, table against rows. */
#include "image.h"
#include "expr.h"

enum { NX = 600, NY = 3, NZ = 2 };                             /* longer than a piece of a row */

static double value(int k, int64_t x, int64_t y, int64_t z) { return (double)((x * (7 + 4 * k) + y * 3 + z * 11 + k) % 41) - 10 * k; }

static struct vn_vol *volume(int k)
{
    static const enum vn_type type[] = { VN_U8, VN_I16, VN_F32, VN_F64 };
    const struct vn_grid g = { .dim = { NX, NY, NZ } };
    const struct vn_box b = box6(0, NX, 0, NY, 0, NZ);
    struct vn_vol *v = vn_vol_new(VN_IMAGE, type[k], &g, &b, &err);
    struct vn_buf d = vn_vol_data(v);
    for (int64_t z = 0, i = 0; z < NZ; z++)
        for (int64_t y = 0; y < NY; y++)
            for (int64_t x = 0; x < NX; x++, i++) {
                const double s = value(k, x, y, z);
                vn_convert_row(type[k], (char *)d.data + (size_t)i * vn_type_size(type[k]), VN_F64, &s, 1);
            }
    return v;
}

static int calc(const char *expr, struct vn_vol *const *in, const char *kind, const char *type, struct vn_vol **out)
{
    const struct vn_op *op = vn_op_find("calc");
    struct vn_args a;
    assert_int_equal(vn_args_init(&a, op->params, &err), 0);
    assert_int_equal(vn_args_set(&a, "expr", expr, &err), 0);
    if (kind)
        assert_int_equal(vn_args_set(&a, "kind", kind, &err), 0);
    if (type)
        assert_int_equal(vn_args_set(&a, "type", type, &err), 0);
    err.msg[0] = 0;
    int rc = vn_op_run(op, &a, in, &in[0]->box, out, NULL, NULL, &err);
    vn_args_free(&a);
    return rc;
}

static double lowest(double p, double q) { return p < q ? p : q; }
static double modulo(double p, double q) { return p - q * floor(p / q); }

static struct { const char *text; double want; } cases[64];
static int table(double a, double b, double c, double d, double x, double y, double z)
{
    int n = 0;
#define E(TEXT, VALUE) cases[n].text = TEXT; cases[n++].want = (VALUE)
    E("a*2+1", a * 2 + 1);
    E("1+2*a-3/4", 1 + 2 * a - 0.75);
    E("(a+b)*(c-d)", (a + b) * (c - d));
    E("a-b-c", a - b - c);
    E("a-(b-c)", a - (b - c));
    E("100/(a+1)/2", 100 / (a + 1) / 2);
    E("-a", -a);
    E("- -a + +2", a + 2);
    E("-b*-2", b * 2);
    E("b % 7", modulo(b, 7));
    E("b % -7", modulo(b, -7));
    E("a > 3", a > 3);
    E("a>=b", a >= b);
    E("a<b", a < b);
    E("a <= 12", a <= 12);
    E("a==7", a == 7);
    E("a != 7", a != 7);
    E("a > 3 && b < 9", a > 3 && b < 9);
    E("a > 30 || b < 0 && c > 0", a > 30 || (b < 0 && c > 0));
    E("(a > 30 || b < 0) and c > 0", (a > 30 || b < 0) && c > 0);
    E("not a > 5 or a == 9", !(a > 5) || a == 9);
    E("!a", !(a != 0));
    E("!a > 0", a == 0);
    E("a > 9 xor b > 9", (a > 9) != (b > 9));
    E("a && b", a != 0 && b != 0);
    E("a > 20 ? b : c", a > 20 ? b : c);
    E("a > 20 ? 1 : a > 10 ? 2 : 3", a > 20 ? 1 : a > 10 ? 2 : 3);
    E("(a > 5) * b", (a > 5) * b);
    E("min(a, b)", lowest(a, b));
    E("max(min(a, b), min(c, d))", -lowest(-lowest(a, b), -lowest(c, d)));
    E("clamp(b, -3, 8.5)", b < -3 ? -3 : b > 8.5 ? 8.5 : b);
    E("abs(b)", fabs(b));
    E("sqrt(a)", sqrt(a));
    E("floor(b/3)+ceil(b/3)", floor(b / 3) + ceil(b / 3));
    E("round(b/2)", rint(b / 2));
    E("x+1000*y+100000*z", x + 1000 * y + 100000 * z);
    E("(x+y+z) % 2 == 0", (int)(x + y + z) % 2 == 0);
    E("pow(b, 2)", b * b);
    E("pow(b, 3)", b * b * b);
    E("pow(a+1, -1)", 1 / (a + 1));
    E("2.5e1*a", 25 * a);
    E(".5*a", 0.5 * a);
    E("3", 3);
    E("2*3+1", 7);
    E("abs(-2)*a", 2 * a);
    E("1 > 2 ? a : 4", 4);
    E("max(a, 10) - min(10, a)", fabs(a - 10));
#undef E
    return n;
}

/* In f64 exactly; the volumes are of four types. */
static void values(void **state)
{
    struct vn_vol *in[4], *out;
    (void)state;
    for (int k = 0; k < 4; k++)
        in[k] = volume(k);
    const int n = table(0, 0, 0, 0, 0, 0, 0);
    for (int i = 0; i < n; i++) {
        struct vn_vol *used[4] = { in[0] };
        struct vn_expr e;
        assert_int_equal(vn_expr_parse(cases[i].text, &e, &err), 0);
        for (int k = 1; k < 4; k++)
            used[k] = e.uses[k] ? in[k] : NULL;
        if (calc(cases[i].text, used, "image", "f64", &out))
            fail_msg("%s: %s", cases[i].text, err.msg);
        const double *v = vn_vol_data(out).data;
        for (int64_t z = 0; z < NZ; z++)
            for (int64_t y = 0; y < NY; y++)
                for (int64_t x = 0; x < NX; x++, v++) {
                    table(value(0, x, y, z), value(1, x, y, z), value(2, x, y, z), value(3, x, y, z), (double)x, (double)y, (double)z);
                    if (*v != cases[i].want)
                        fail_msg("%s at %d,%d,%d: %g, not %g", cases[i].text, (int)x, (int)y, (int)z, *v, cases[i].want);
                }
        vn_vol_unref(out);
    }
    for (int k = 0; k < 4; k++)
        vn_vol_unref(in[k]);
}

static double first(const char *expr, double a)
{
    const struct vn_grid g = { .dim = { 1, 1, 1 } };
    const struct vn_box b = box6(0, 1, 0, 1, 0, 1);
    struct vn_vol *in[4] = { vn_vol_new(VN_IMAGE, VN_F64, &g, &b, &err) }, *out;
    *(double *)vn_vol_data(in[0]).data = a;
    if (calc(expr, in, "image", "f64", &out))
        fail_msg("%s: %s", expr, err.msg);
    const double v = *(double *)vn_vol_data(out).data;
    vn_vol_unref(out); vn_vol_unref(in[0]);
    return v;
}

static void special_values(void **state)
{
    (void)state;
    assert_true(first("1/a", 0) == INFINITY && first("-1/a", 0) == -INFINITY && isnan(first("a/a", 0)) && isnan(first("5 % a", 0)));
    assert_true(isnan(first("sqrt(a)", -1)) && isnan(first("log(a)", -1)) && isnan(first("min(a, 1)", NAN)) && isnan(first("max(1, a)", NAN)));
    assert_true(first("a && 1", NAN) == 0 && first("!a", NAN) == 1 && first("a == a", NAN) == 0 && first("a ? 2 : 3", NAN) == 3);
    assert_true(first("log(a)", 0) == -INFINITY && first("exp(a)", 0) == 1 && first("pow(a, 0.5)", 0) == 0 && isnan(first("pow(a, 0.5)", -4)));
    assert_true(fabs(first("log(a)", 10) - 2.302585092994046) < 1e-15 && fabs(first("exp(a)", 1) - 2.718281828459045) < 2e-15);
    assert_true(fabs(first("pow(a, 2.5)", 4) - 32) < 1e-13 && first("pow(a, 99)", -1) == -1 && first("round(a)", 1e300) == 1e300);
}

static void kinds_and_types(void **state)
{
    struct vn_vol *in[4] = { volume(0) }, *out;
    (void)state;
    static const struct { const char *expr, *kind, *type; enum vn_kind k; enum vn_type t; double at20, at0; } want[] = {  /* a: 17 at x 20 (140 % 41), 0 at x 0 */
        { "a*2", NULL, NULL, VN_IMAGE, VN_F32, 34, 0 }, { "a > 3", NULL, NULL, VN_MASK, VN_U8, 1, 0 },
        { "(not (a > 3))", NULL, NULL, VN_MASK, VN_U8, 0, 1 }, { "a > 3 ? a < 9 : a == 0", NULL, NULL, VN_MASK, VN_U8, 0, 1 },
        { "a > 3 ? 5 : 7", NULL, NULL, VN_IMAGE, VN_F32, 5, 7 }, { "a", "mask", NULL, VN_MASK, VN_U8, 1, 0 },
        { "a > 3", "image", "u16", VN_IMAGE, VN_U16, 1, 0 }, { "a / 2 - 1", NULL, "u8", VN_IMAGE, VN_U8, 8, 0 },     /* 7.5 to even, -1 saturates */
        { "a / 10", "prob", NULL, VN_PROB, VN_F32, 1, 0 }, { "a * 100000", "labels", NULL, VN_LABELS, VN_U32, 1700000, 0 },
        { "1 / a", NULL, "u8", VN_IMAGE, VN_U8, 0, 255 }, { "a / a", NULL, "i16", VN_IMAGE, VN_I16, 1, 0 },          /* inf saturates, NaN is 0 */
    };
    for (size_t i = 0; i < VN_COUNT(want); i++) {
        if (calc(want[i].expr, in, want[i].kind, want[i].type, &out))
            fail_msg("%s: %s", want[i].expr, err.msg);
        const struct vn_buf d = vn_vol_data(out);
        double v[2];
        assert_true(out->kind == want[i].k && d.type == want[i].t);
        vn_convert_row(VN_F64, &v[0], d.type, (char *)d.data + 20 * vn_type_size(d.type), 1);
        vn_convert_row(VN_F64, &v[1], d.type, d.data, 1);
        if (v[0] != want[i].at20 || v[1] != want[i].at0)
            fail_msg("%s: %g and %g", want[i].expr, v[0], v[1]);
        vn_vol_unref(out);
    }
    assert_int_equal(calc("a > 2", in, NULL, "f32", &out), VN_E_ARG);
    assert_int_equal(calc("a", in, "labels", "f32", &out), VN_E_ARG);
    assert_int_equal(calc("a+b", in, NULL, NULL, &out), VN_E_USAGE);
    in[1] = in[0];
    assert_int_equal(calc("a+1", in, NULL, NULL, &out), VN_E_USAGE);
    vn_vol_unref(in[0]);
}

static void what_is_no_expression(void **state)
{
    static const struct { const char *text, *says; } bad[] = {
        { "", "a value is missing, at character 1" }, { "a +", "a value is missing, at character 4" }, { "a * / 2", "character 5: a *  >>>/ 2" },
        { "(a", "closing bracket is missing, at character 3" }, { "a)", "not opened, at character 2" }, { "foo(a)", "unknown name" },
        { "a b", "operator is missing, at character 3" }, { "2a", "operator is missing, at character 2" }, { "min(a)", "two values" },
        { "min(a, 1, 2)", "too many values" }, { "sqrt a", "in brackets" }, { "0 < a < 5", "not chained" }, { "a = 3", "write ==" },
        { "a & 3", "write &&" }, { "a | 3", "write ||" }, { "a ^ 2", "write pow" }, { "a ? 1", "':'" }, { "1e999", "too large" },
        { "a ; b", "operator is missing" }, { "\xc3\xa9", "value is missing" }, { "clamp(a, 1)", "three values" }, { "A", "unknown name" },
    };
    static char text[3000];
    struct vn_expr e;
    (void)state;
    for (size_t i = 0; i < VN_COUNT(bad); i++) {
        err.msg[0] = 0;
        assert_int_equal(vn_expr_parse(bad[i].text, &e, &err), VN_E_USAGE);
        if (!strstr(err.msg, bad[i].says))
            fail_msg("%s: %s", bad[i].text, err.msg);
    }
    static const char *const nest[] = { "(", "-", "!", "not ", "a+(", "abs(", "a?", "a?a:", "min(a,", "1+2*(" };
    for (size_t i = 0; i < VN_COUNT(nest); i++) {                  /* deep, but short enough */
        text[0] = 0;
        for (int k = 0; k < 160; k++)
            strcat(text, nest[i]);
        assert_int_equal(vn_expr_parse(text, &e, &err), VN_E_USAGE);
    }
    memset(text, 'a', 2000);
    assert_int_equal(vn_expr_parse(text, &e, &err), VN_E_USAGE);
    for (int k = 0; k < 400; k++)
        memcpy(text + 2 * k, k ? "+a" : " a", 3);
    assert_int_equal(vn_expr_parse(text, &e, &err), VN_E_USAGE);       /* 799 steps */
    text[2 * 128] = 0;
    assert_int_equal(vn_expr_parse(text, &e, &err), 0);                /* 255 */
}

/* One volume of 8 bits goes through a table; beside an equal one it does not. */
static void table_equals_rows(void **state)
{
    struct vn_vol *in[4] = { volume(0), NULL }, *both[4] = { in[0], in[0] }, *p, *q;
    (void)state;
    assert_int_equal(calc("log(a+1)*7 - sqrt(a)/0.3", in, NULL, NULL, &p), 0);
    assert_int_equal(calc("log(a+1)*7 - sqrt(b)/0.3", both, NULL, NULL, &q), 0);
    image_same(p, q, &p->box);
    vn_vol_unref(p); vn_vol_unref(q); vn_vol_unref(in[0]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(values), cmocka_unit_test(special_values), cmocka_unit_test(kinds_and_types), cmocka_unit_test(what_is_no_expression),
    cmocka_unit_test(table_equals_rows),
};
IMAGE_MAIN(tests)
