/* text.c - UTF-8 columns, numbers for people, growing strings. */
#include "text.h"
#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include "mem.h"

/* ---- growing strings ---- */

/* Room for n more bytes and the terminator; false (and failed) when there is none. */
static bool str_room(struct vn_str *b, size_t n)
{
    if (b->failed || n > SIZE_MAX / 4 || b->n > SIZE_MAX / 4) {
        b->failed = true;
        return false;
    }
    size_t need = b->n + n + 1;
    if (need <= b->cap)
        return true;
    size_t cap = need > 2 * b->cap ? need : 2 * b->cap;
    if (cap < 64)
        cap = 64;
    char *s = vn_realloc(b->s, cap, NULL);
    if (!s) {
        b->failed = true;
        return false;
    }
    b->s = s;
    b->cap = cap;
    return true;
}

void vn_str_addn(struct vn_str *b, const char *s, size_t n)
{
    if (!str_room(b, n))
        return;
    memcpy(b->s + b->n, s, n);
    b->n += n;
    b->s[b->n] = '\0';
}

void vn_str_add(struct vn_str *b, const char *s)
{
    vn_str_addn(b, s, strlen(s));
}

void vn_str_addf(struct vn_str *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        b->failed = true;
    else if (str_room(b, (size_t)n)) {
        vsnprintf(b->s + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

void vn_str_free(struct vn_str *b)
{
    vn_free(b->s);
    *b = (struct vn_str){ 0 };
}

/* ---- columns ---- */

/* The character at s (not at its end), its bytes in *n; -1 with *n = 1 for a byte that is not UTF-8. */
static int32_t utf8_decode(const char *s, int *n)
{
    const unsigned char *u = (const unsigned char *)s;
    static const int32_t least[4] = { 0, 0x80, 0x800, 0x10000 };

    *n = 1;
    if (u[0] < 0x80)
        return u[0];
    int more = u[0] >= 0xf0 ? 3 : u[0] >= 0xe0 ? 2 : 1;
    int32_t c = u[0] & (0x3f >> more);
    if (u[0] < 0xc2 || u[0] > 0xf4)
        return -1;
    for (int i = 1; i <= more; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return -1;
        c = c << 6 | (u[i] & 0x3f);
    }
    if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return -1;
    *n = more + 1;
    return c;
}

static locale_t utf8_locale;
static void make_locale(void)
{
    utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

/* wcwidth answers for the current locale; widths here are those of UTF-8 whatever the user's is. */
static int char_width(int32_t c)
{
    if (c >= 0x20 && c < 0x7f)
        return 1;
    if (c < 0x20)
        return 1;
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_locale);
    locale_t old = utf8_locale ? uselocale(utf8_locale) : (locale_t)0;
    int w = wcwidth((wchar_t)c);
    if (old)
        uselocale(old);
    return w < 0 ? 1 : w;
}

int vn_text_width(const char *utf8)
{
    int w = 0, n;

    for (; *utf8; utf8 += n)
        w += char_width(utf8_decode(utf8, &n));
    return w;
}

size_t vn_text_cut(const char *utf8, int columns)
{
    const char *s = utf8;
    int w = 0, n;

    for (; *s; s += n) {
        w += char_width(utf8_decode(s, &n));
        if (w > columns)
            break;
    }
    return (size_t)(s - utf8);
}

void vn_str_plain(struct vn_str *b, const char *s, const char *keep)
{
    for (int n; *s; s += n) {
        const int32_t c = utf8_decode(s, &n);
        if (c < 0 || ((c < 0x20 || (c >= 0x7f && c < 0xa0)) && !(c < 0x80 && strchr(keep, c))))
            vn_str_addf(b, "\\x%02x", (unsigned)(c < 0 ? (unsigned char)*s : c));
        else if (c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
            vn_str_addf(b, "\\u%04x", (unsigned)c);
        else
            vn_str_addn(b, s, (size_t)n);
    }
}

/* ---- numbers ---- */

const char *vn_text_bytes(uint64_t bytes, char out[16])
{
    static const char unit[] = "kMGTPE";
    uint64_t size = 1000;
    int u = 0;

    if (bytes < 1000) {
        snprintf(out, 16, "%d B", (int)bytes);
        return out;
    }
    for (;;) {
        /* Tenths of the unit, rounded; 999.95 kB and more is written 1.0 MB. */
        uint64_t tenth = size / 10, tenths = bytes / tenth + (bytes % tenth >= tenth / 2);
        if (tenths < 10000 || !unit[u + 1]) {
            snprintf(out, 16, "%d.%d %cB", (int)(tenths / 10), (int)(tenths % 10), unit[u]);
            return out;
        }
        size *= 1000;
        u++;
    }
}

const char *vn_text_real(double v, char out[32])
{
    if (isnan(v))
        return strcpy(out, "nan");
    if (isinf(v))
        return strcpy(out, v < 0 ? "-inf" : "inf");
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, 32, "%.*g", digits, v);
        if (strtod(out, NULL) == v)
            break;
    }
    return out;
}

int vn_text_size(const char *s, uint64_t *bytes, struct vn_err *err)
{
    static const char unit[] = "kMGTPE";
    uint64_t scale = 1, whole;
    char *end, *point;

    if (!isdigit((unsigned char)s[0]))
        goto bad;
    errno = 0;
    whole = strtoull(s, &end, 10);
    if (errno)
        goto large;
    point = end;
    if (*end == '.')
        end += 1 + strspn(end + 1, "0123456789");
    const char *stop = end;
    for (int i = 0; *end && unit[i]; i++) {
        if (toupper((unsigned char)*end) != toupper((unsigned char)unit[i]))
            continue;
        for (int k = 0; k <= i; k++)
            scale *= 1000;
        end++;
        break;
    }
    if (toupper((unsigned char)*end) == 'B')
        end++;
    if (*end)
        goto bad;
    if (!vn_mul(whole, scale, bytes))
        goto large;
    uint64_t part = 0;
    for (const char *d = point + 1; *point == '.' && d < stop; d++) {
        scale /= 10;
        part += scale * (uint64_t)(*d - '0');
    }
    if (__builtin_add_overflow(*bytes, part, bytes))
        goto large;
    return 0;
bad:
    return vn_fail(err, VN_E_ARG, "'%s' is not a size: write bytes, or a number with k, M, G or T, as in 512M", s);
large:
    return vn_fail(err, VN_E_ARG, "'%s' is more than 18.4 EB, the largest size there is", s);
}

/* ---- suggestions ---- */

/* Insertions, deletions, substitutions and swaps of neighbours that turn a into b (optimal string alignment), letter
 * case aside.  Both are shorter than 64 bytes. */
static int edit_distance(const char *a, const char *b)
{
    int na = (int)strlen(a), nb = (int)strlen(b), row[3][65];
    int *before = row[0], *last = row[1], *now = row[2];

    for (int j = 0; j <= nb; j++)
        last[j] = j;
    for (int i = 1; i <= na; i++) {
        now[0] = i;
        for (int j = 1; j <= nb; j++) {
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
            int d = last[j - 1] + (x != y);
            if (last[j] + 1 < d)
                d = last[j] + 1;
            if (now[j - 1] + 1 < d)
                d = now[j - 1] + 1;
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) && y == tolower((unsigned char)a[i - 2]) &&
                before[j - 2] + 1 < d)
                d = before[j - 2] + 1;
            now[j] = d;
        }
        int *t = before;
        before = last;
        last = now;
        now = t;
    }
    return last[nb];
}

/* Near: at most a third of the longer word is different, or s begins the word. */
const char *vn_text_nearest(const char *s, const char *const *list)
{
    const char *best = NULL;
    size_t n = strlen(s);
    int least = 65;

    if (n == 0 || n >= 64)
        return NULL;
    for (; *list; list++) {
        size_t m = strlen(*list);
        if (m >= 64)
            continue;
        int d = edit_distance(s, *list), limit = (int)((n > m ? n : m) + 1) / 3;
        if (d > limit && n >= 2 && m > n && strncasecmp(s, *list, n) == 0)
            d = limit = 2;
        if (d <= limit && d < least && d < (int)(n > m ? n : m)) {
            least = d;
            best = *list;
        }
    }
    return best;
}
