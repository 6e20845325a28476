/* expr.c - a recursive-descent parser that writes the steps of a stack machine, and the machine, whose values are rows.
 *
 * Grammar, loosest first:  c ? t : f    || or    xor    && and    not    < <= > >= == != (one)    + -    * / %
 * unary - + !    numbers, a b c d x y z, functions, brackets.  What is 0 or NaN is false. */
#include "expr.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "vox.h"

enum step {
    S_CONST, S_VOLUME, S_X, S_Y, S_Z,
    S_NEG, S_NOT, S_ABS, S_SQRT, S_FLOOR, S_CEIL, S_ROUND, S_EXP, S_LOG,                      /* one value */
    S_ADD, S_SUB, S_MUL, S_DIV, S_MOD, S_POW, S_MIN, S_MAX, S_LT, S_LE, S_GT, S_GE, S_EQ, S_NE, S_AND, S_OR, S_XOR,   /* two */
    S_SELECT,                                                                                 /* three */
};

/* ---- parser ---- */

struct parser {
    const char *text, *at;
    struct vn_expr *e;
    int depth;                     /* values on the stack */
    int nested;
    int rc;                        /* first error; from then on nothing is done */
    struct vn_err *err;
};

enum { MAX_NESTED = 60, SHOWN = 60 };

static void fail_at(struct parser *p, const char *at, const char *what)
{
    const char *from = at - p->text > SHOWN ? at - SHOWN : p->text;
    size_t after = strlen(at) > SHOWN ? SHOWN : strlen(at);

    if (p->rc)
        return;
    while (from < at && ((unsigned char)*from & 0xC0) == 0x80)                   /* no half of a character */
        from++;
    while (at[after] && ((unsigned char)at[after] & 0xC0) == 0x80)
        after++;
    p->rc = vn_fail(p->err, VN_E_USAGE, "%s, at character %d: %s%.*s >>>%.*s", what, (int)(at - p->text) + 1, from > p->text ? "..." : "",
                    (int)(at - from), from, (int)after, at);
}

static void emit(struct parser *p, enum step op, double k, int takes)
{
    if (p->rc)
        return;
    p->depth += 1 - takes;
    if (p->e->n == VN_EXPR_CODE)
        fail_at(p, p->at, "the expression is too long (256 steps at most)");
    else if (p->depth > VN_EXPR_STACK)
        fail_at(p, p->at, "the expression is too deep (24 values wait at most)");
    else
        p->e->code[p->e->n++] = (struct vn_expr_step) { (uint8_t)op, k };
}

static void blank(struct parser *p)
{
    p->at += strspn(p->at, " \t");
}

static bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

/* Takes the operator or word `s` when it comes next. */
static bool take(struct parser *p, const char *s)
{
    const size_t n = strlen(s);
    blank(p);
    if (p->rc || strncmp(p->at, s, n) || (is_word(*s) && is_word(p->at[n])))
        return false;
    p->at += n;
    return true;
}

static bool ternary(struct parser *p);

static const struct { const char *name; enum step op; int args; } functions[] = {
    { "abs", S_ABS, 1 }, { "sqrt", S_SQRT, 1 }, { "floor", S_FLOOR, 1 }, { "ceil", S_CEIL, 1 }, { "round", S_ROUND, 1 },
    { "exp", S_EXP, 1 }, { "log", S_LOG, 1 }, { "pow", S_POW, 2 }, { "min", S_MIN, 2 }, { "max", S_MAX, 2 }, { "clamp", S_MIN, 3 },
};

static void call(struct parser *p, size_t f)
{
    if (!take(p, "(")) {
        fail_at(p, p->at, "a function's values stand in brackets");
        return;
    }
    for (int i = 0; i < functions[f].args; i++) {
        if (i && !take(p, ",")) {
            fail_at(p, p->at, functions[f].args == 2 ? "the function takes two values" : "the function takes three values: clamp(v, low, high)");
            return;
        }
        ternary(p);
        if (functions[f].args == 3 && i == 1)              /* clamp: the least of high and the largest of v and low */
            emit(p, S_MAX, 0, 2);
    }
    if (!take(p, ")"))
        fail_at(p, p->at, *p->at == ',' ? "too many values for the function" : "a closing bracket is missing");
    emit(p, functions[f].op, 0, functions[f].args == 1 ? 1 : 2);
}

static void name(struct parser *p)
{
    const char *word = p->at;
    size_t n = 0;

    while (is_word(word[n]))
        n++;
    p->at += n;
    if (n == 1 && *word >= 'a' && *word <= 'd') {
        p->e->uses[*word - 'a'] = true;
        emit(p, S_VOLUME, *word - 'a', 0);
    } else if (n == 1 && *word >= 'x' && *word <= 'z') {
        p->e->place = true;
        emit(p, (enum step)(S_X + (*word - 'x')), 0, 0);
    } else {
        for (size_t f = 0; f < VN_COUNT(functions); f++)
            if (strlen(functions[f].name) == n && !memcmp(word, functions[f].name, n)) {
                call(p, f);
                return;
            }
        fail_at(p, word, "unknown name; there are the volumes a b c d, the coordinates x y z, and abs sqrt floor ceil round exp log pow min max clamp");
    }
}

static void number(struct parser *p)
{
    char *end;
    const double v = strtod(p->at, &end);

    if (end == p->at || !isfinite(v))
        fail_at(p, p->at, end == p->at ? "a value is missing" : "the number is too large");
    else if (is_word(*end))
        fail_at(p, end, "an operator is missing");
    else
        p->at = end;
    emit(p, S_CONST, v, 0);
}

/* The functions of the grammar return whether the value is logical. */
static bool unary(struct parser *p)
{
    bool logical = false;

    blank(p);
    if (p->rc)
        return false;
    if (++p->nested > MAX_NESTED) {
        fail_at(p, p->at, "the expression is nested too deep (60 levels at most)");
    } else if (*p->at == '!' && p->at[1] != '=') {
        p->at++;
        unary(p);
        emit(p, S_NOT, 0, 1);
        logical = true;
    } else if (take(p, "-")) {
        unary(p);
        emit(p, S_NEG, 0, 1);
    } else if (take(p, "+")) {
        unary(p);
    } else if (take(p, "(")) {
        logical = ternary(p);
        if (!take(p, ")"))
            fail_at(p, p->at, *p->at ? "an operator or a closing bracket is missing" : "a closing bracket is missing");
    } else if (is_word(*p->at) && (*p->at < '0' || *p->at > '9')) {
        name(p);
    } else {
        number(p);
    }
    p->nested--;
    return logical;
}

static bool product(struct parser *p)
{
    bool logical = unary(p);
    for (;;) {
        const enum step op = take(p, "*") ? S_MUL : take(p, "/") ? S_DIV : take(p, "%") ? S_MOD : S_CONST;
        if (op == S_CONST)
            return logical;
        unary(p);
        emit(p, op, 0, 2);
        logical = false;
    }
}

static bool sum(struct parser *p)
{
    bool logical = product(p);
    for (;;) {
        const enum step op = take(p, "+") ? S_ADD : take(p, "-") ? S_SUB : S_CONST;
        if (op == S_CONST)
            return logical;
        product(p);
        emit(p, op, 0, 2);
        logical = false;
    }
}

static enum step compares(struct parser *p)
{
    return take(p, "<=") ? S_LE : take(p, ">=") ? S_GE : take(p, "==") ? S_EQ : take(p, "!=") ? S_NE : take(p, "<") ? S_LT :
           take(p, ">") ? S_GT : S_CONST;
}

static bool comparison(struct parser *p)
{
    bool logical = sum(p);
    const enum step op = compares(p);

    if (op != S_CONST) {
        sum(p);
        emit(p, op, 0, 2);
        logical = true;
        blank(p);
        const char *at = p->at;
        if (compares(p) != S_CONST)
            fail_at(p, at, "comparisons are not chained: write (0 < a) && (a < 5)");
    }
    return logical;
}

static bool negation(struct parser *p)
{
    bool logical = true;

    if (!take(p, "not"))
        return comparison(p);
    if (++p->nested > MAX_NESTED)
        fail_at(p, p->at, "the expression is nested too deep (60 levels at most)");
    else
        negation(p);
    p->nested--;
    emit(p, S_NOT, 0, 1);
    return logical;
}

static bool conjunction(struct parser *p)
{
    bool logical = negation(p);
    while (take(p, "&&") || take(p, "and")) {
        negation(p);
        emit(p, S_AND, 0, 2);
        logical = true;
    }
    return logical;
}

static bool exclusion(struct parser *p)
{
    bool logical = conjunction(p);
    while (take(p, "xor")) {
        conjunction(p);
        emit(p, S_XOR, 0, 2);
        logical = true;
    }
    return logical;
}

static bool disjunction(struct parser *p)
{
    bool logical = exclusion(p);
    while (take(p, "||") || take(p, "or")) {
        exclusion(p);
        emit(p, S_OR, 0, 2);
        logical = true;
    }
    return logical;
}

static bool ternary(struct parser *p)
{
    bool logical = disjunction(p);

    if (!take(p, "?"))
        return logical;
    if (++p->nested > MAX_NESTED)
        fail_at(p, p->at, "the expression is nested too deep (60 levels at most)");
    const bool first = ternary(p);
    if (!take(p, ":"))
        fail_at(p, p->at, "':' and the value for false are missing");
    logical = ternary(p) && first;
    emit(p, S_SELECT, 0, 3);
    p->nested--;
    return logical;
}

int vn_expr_parse(const char *text, struct vn_expr *e, struct vn_err *err)
{
    struct parser p = { .text = text, .at = text, .e = e, .err = err };

    *e = (struct vn_expr) { 0 };
    if (strlen(text) > VN_EXPR_TEXT)
        return vn_fail(err, VN_E_USAGE, "the expression has %zu characters; %d at most", strlen(text), VN_EXPR_TEXT);
    e->logical = ternary(&p);
    blank(&p);
    if (*p.at)
        fail_at(&p, p.at, *p.at == '=' ? "one = compares nothing: write ==" : *p.at == '&' ? "write && for and" : *p.at == '|' ? "write || for or" :
                *p.at == '^' ? "write pow(a, b) for a power, xor for either" : *p.at == ')' ? "a bracket closes that was not opened" :
                "an operator is missing");
    return p.rc;
}

/* ---- machine ---- */

static inline double truth(double v) { return v < 0 || v > 0 ? 1 : 0; }
/* To the nearest whole number, halves to even; from 2^51 on all are whole. */
static inline double nearest(double v) { return v > -0x1p51 && v < 0x1p51 ? (v + 0x1.8p52) - 0x1.8p52 : v; }

static double remainder_of(double a, double b)
{
    const double r = fmod(a, b);                             /* exact by its definition */
    return (r < 0 && b > 0) || (r > 0 && b < 0) ? r + b : r;
}

static double logarithm(double v) { return v != v || v < 0 ? NAN : vn_log(v); }

static double power(double a, double b)
{
    double r = 1;

    if (b == floor(b) && fabs(b) <= 64) {
        for (int n = (int)fabs(b); n; n >>= 1, a *= a)
            r *= n & 1 ? a : 1;
        return b < 0 ? 1 / r : r;
    }
    if (a != a || b != b || (a < 0 && b != floor(b)))
        return NAN;
    if (a == 0)
        return b > 0 ? 0 : INFINITY;
    r = vn_exp(b * vn_log(fabs(a)));
    return a < 0 && floor(b / 2) * 2 != b ? -r : r;
}

/* A value on the stack: a row, or one number (v == NULL). */
struct value { const double *v; double k; };

#define ONE(NAME, U, VALUE)                                                                                     \
    static VN_HOT void NAME(const double *p, double *out, int64_t n)                                            \
    {                                                                                                           \
        _Pragma("GCC ivdep") for (int64_t i = 0; i < n; i++) { const double U = p[i]; out[i] = (VALUE); }       \
    }
/* Operands may be the row that is written: every voxel is read before it is written. */
#define TWO(NAME, VALUE)                                                                                        \
    static VN_HOT void NAME(struct value s, struct value t, double *out, int64_t n)                             \
    {                                                                                                           \
        const double *const p = s.v, *const q = t.v;                                                            \
        if (p && q) {                                                                                           \
            _Pragma("GCC ivdep") for (int64_t i = 0; i < n; i++) { const double u = p[i], w = q[i]; out[i] = (VALUE); }   \
        } else if (p) {                                                                                         \
            const double w = t.k;                                                                               \
            _Pragma("GCC ivdep") for (int64_t i = 0; i < n; i++) { const double u = p[i]; out[i] = (VALUE); }   \
        } else {                                                                                                \
            const double u = s.k;                                                                               \
            _Pragma("GCC ivdep") for (int64_t i = 0; i < n; i++) { const double w = q[i]; out[i] = (VALUE); }   \
        }                                                                                                       \
    }

ONE(do_neg, u, -u)
ONE(do_not, u, 1 - truth(u))
ONE(do_abs, u, fabs(u))
ONE(do_sqrt, u, sqrt(u))
ONE(do_floor, u, floor(u))
ONE(do_ceil, u, ceil(u))
ONE(do_round, u, nearest(u))
ONE(do_exp, u, vn_exp(u))
ONE(do_log, u, logarithm(u))
TWO(do_add, u + w)
TWO(do_sub, u - w)
TWO(do_mul, u * w)
TWO(do_div, u / w)
TWO(do_mod, remainder_of(u, w))
TWO(do_pow, power(u, w))
TWO(do_min, u < w || u != u ? u : w)
TWO(do_max, u > w || u != u ? u : w)
TWO(do_lt, u < w ? 1 : 0)
TWO(do_le, u <= w ? 1 : 0)
TWO(do_gt, u > w ? 1 : 0)
TWO(do_ge, u >= w ? 1 : 0)
TWO(do_eq, u == w ? 1 : 0)
TWO(do_ne, u != w ? 1 : 0)
TWO(do_and, truth(u) * truth(w))
TWO(do_or, truth(u) + truth(w) > 0 ? 1 : 0)
TWO(do_xor, truth(u) != truth(w) ? 1 : 0)

static void (*const one[])(const double *, double *, int64_t) = {
    [S_NEG] = do_neg, [S_NOT] = do_not, [S_ABS] = do_abs, [S_SQRT] = do_sqrt, [S_FLOOR] = do_floor, [S_CEIL] = do_ceil,
    [S_ROUND] = do_round, [S_EXP] = do_exp, [S_LOG] = do_log,
};
static void (*const two[])(struct value, struct value, double *, int64_t) = {
    [S_ADD] = do_add, [S_SUB] = do_sub, [S_MUL] = do_mul, [S_DIV] = do_div, [S_MOD] = do_mod, [S_POW] = do_pow, [S_MIN] = do_min,
    [S_MAX] = do_max, [S_LT] = do_lt, [S_LE] = do_le, [S_GT] = do_gt, [S_GE] = do_ge, [S_EQ] = do_eq, [S_NE] = do_ne, [S_AND] = do_and,
    [S_OR] = do_or, [S_XOR] = do_xor,
};

static VN_HOT void fill(double *out, int64_t n, double first, double step)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = first + step * (double)i;
}

static VN_HOT void choose(const double *c, const double *p, const double *q, double *out, int64_t n)
{
    _Pragma("GCC ivdep") for (int64_t i = 0; i < n; i++)
        out[i] = c[i] < 0 || c[i] > 0 ? p[i] : q[i];
}

void vn_expr_row(const void *expr, const struct vn_row *r)
{
    const struct vn_expr *e = expr;
    double row[VN_EXPR_STACK + 1][VN_ROW];
    struct value s[VN_EXPR_STACK + 1];
    int top = -1;                                            /* row[i] belongs to s[i] */

    for (int i = 0; i < e->n; i++) {
        const struct vn_expr_step c = e->code[i];
        const enum step op = (enum step)c.op;
        if (op == S_CONST || op == S_Y || op == S_Z) {
            s[++top] = (struct value) { .k = op == S_CONST ? c.k : (double)(op == S_Y ? r->y : r->z) };
        } else if (op == S_VOLUME) {
            s[++top] = (struct value) { .v = r->in[(int)c.k] };
        } else if (op == S_X) {
            fill(row[++top], r->n, (double)r->x, 1);
            s[top] = (struct value) { .v = row[top] };
        } else if (op < S_ADD) {
            const bool all = s[top].v;
            one[op](all ? s[top].v : &s[top].k, all ? row[top] : &s[top].k, all ? r->n : 1);
            s[top].v = all ? row[top] : NULL;
        } else if (op < S_SELECT) {
            top--;
            if (s[top].v || s[top + 1].v) {
                two[op](s[top], s[top + 1], row[top], r->n);
                s[top].v = row[top];
            } else {
                two[op]((struct value) { .v = &s[top].k }, s[top + 1], &s[top].k, 1);
            }
        } else {
            top -= 2;
            for (int k = 0; k < 3; k++)
                if (!s[top + k].v) {
                    fill(row[top + k], r->n, s[top + k].k, 0);
                    s[top + k].v = row[top + k];
                }
            choose(s[top].v, s[top + 1].v, s[top + 2].v, row[top], r->n);
            s[top].v = row[top];
        }
    }
    if (s[0].v)
        memcpy(r->out, s[0].v, (size_t)r->n * sizeof *r->out);
    else
        fill(r->out, r->n, s[0].k, 0);
}
