/* points.c - lists of points as text. */
#include "points.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char DIGIT[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
enum { MOST_DIGITS = 9 };                        /* 44 bits: beyond every volume, and exact in a double */

/* A coordinate at s; NULL when there is none, else what follows. */
static const char *coordinate(const char *s, double *out)
{
    char *end;
    if (*s == '\0' || !strchr("+-.0123456789", *s))
        return NULL;
    *out = strtod(s, &end);
    return end == s || !isfinite(*out) ? NULL : end;
}

static const char *step(const char *s, int64_t *out)
{
    int64_t v = 0;
    for (int i = 0; i < MOST_DIGITS; i++) {
        const char *d = *s ? strchr(DIGIT, *s++) : NULL;
        if (!d)
            return NULL;
        v |= (int64_t)((d - DIGIT) & 31) << 5 * i;
        if (d - DIGIT < 32) {
            *out = v & 1 ? -(v >> 1) : v >> 1;
            return s;
        }
    }
    return NULL;
}

static long long parse_steps(const char *s, const double first[3], double *out)
{
    int axis[3], n_axis = 0;
    double at[3] = { first[0], first[1], first[2] };
    long long n = 1;
    for (; n_axis < 3 && *s && strchr("xyz", *s); s++) {
        axis[n_axis] = *s - 'x';
        if (n_axis && axis[n_axis] <= axis[n_axis - 1])
            return -1;
        n_axis++;
    }
    if (!n_axis || *s++ != ':' || !*s)
        return -1;
    for (; *s; n++) {
        for (int k = 0; k < n_axis; k++) {
            int64_t by;
            if (!(s = step(s, &by)))
                return -1;
            at[axis[k]] += (double)by;
        }
        if (out)
            memcpy(out + 3 * n, at, sizeof at);
    }
    return n;
}

long long vn_points_parse(const char *text, double *out)
{
    double c, first[3];
    long long n = 0;
    for (const char *s = text; (s = coordinate(s, &c)); s++) {
        if (n < 3)
            first[n] = c;
        if (out)
            out[n] = c;
        n++;
        if (*s == ',')
            continue;
        if (*s == '~' && n == 3)
            return parse_steps(s + 1, first, out);
        return *s || n % 3 ? -1 : n / 3;
    }
    return -1;
}

static void print_step(double by, struct vn_str *b)
{
    int64_t v = by < 0 ? (int64_t)-by << 1 | 1 : (int64_t)by << 1;
    do {
        vn_str_addn(b, &DIGIT[(v & 31) + (v >> 5 ? 32 : 0)], 1);
        v >>= 5;
    } while (v);
}

void vn_points_print(const double *at, long long n, struct vn_str *b)
{
    bool moves[3] = { false };
    for (long long i = 3; i < 3 * n; i++)
        moves[i % 3] |= at[i] != at[i - 3];
    vn_str_addf(b, "%.0f,%.0f,%.0f", at[0], at[1], at[2]);
    if (n < 3 || !(moves[0] || moves[1] || moves[2])) {      /* few points are better read */
        for (long long i = 3; i < 3 * n; i++)
            vn_str_addf(b, ",%.0f", at[i]);
        return;
    }
    vn_str_add(b, "~");
    for (int k = 0; k < 3; k++)
        vn_str_add(b, moves[k] ? (const char *[]){ "x", "y", "z" }[k] : "");
    vn_str_add(b, ":");
    for (long long i = 3; i < 3 * n; i++)
        if (moves[i % 3])
            print_step(at[i] - at[i - 3], b);
}
