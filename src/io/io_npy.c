/* io_npy.c - NumPy arrays (.npy), versions 1 to 3.
 *
 * The last axis is x: shape (y, x), (z, y, x), (channel, z, y, x) or (time, channel, z, y, x), in C or Fortran order.
 * An array knows no voxel size.  Source: NumPy Enhancement Proposal 1 and numpy.lib.format. */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "mem.h"
#include "raw_src.h"

enum { HEAD = 70000, MOST_AXES = 5 };

static bool npy_probe(const char *path, const unsigned char *head, size_t n)
{
    (void)path;
    return n >= 6 && memcmp(head, "\x93NUMPY", 6) == 0;
}

/* The header is a Python dictionary of three keys; a scanner that knows no more than its literals. */
struct scan { const char *s, *end; bool bad; };
static void blanks(struct scan *p)
{
    while (p->s < p->end && (*p->s == ' ' || (*p->s >= '\t' && *p->s <= '\r')))
        p->s++;
}
static bool take(struct scan *p, char c)
{
    blanks(p);
    bool is = p->s < p->end && *p->s == c;
    p->s += is;
    return is;
}
static void must(struct scan *p, char c) { p->bad = p->bad || !take(p, c); }

static void text(struct scan *p, char out[40])
{
    char quote = 0;
    size_t k = 0;

    out[0] = 0;
    quote = take(p, '\'') ? '\'' : take(p, '"') ? '"' : 0;
    while (quote && p->s < p->end && *p->s != quote && *p->s != '\\' && k < 39)
        out[k++] = *p->s++;
    out[k] = 0;
    p->bad = p->bad || !quote || p->s >= p->end || *p->s != quote;
    p->s += !p->bad;
}

static bool word(struct scan *p, const char *w)
{
    size_t n = strlen(w);
    blanks(p);
    if ((size_t)(p->end - p->s) < n || memcmp(p->s, w, n) != 0)
        return false;
    p->s += n;
    return true;
}

struct npy { char descr[40]; bool fortran, record; int64_t shape[MOST_AXES]; int n, seen; };

static void shape(struct scan *p, struct npy *h)
{
    must(p, '(');
    while (!p->bad && !take(p, ')')) {
        char *end;
        blanks(p);
        if (p->s >= p->end || !isdigit((unsigned char)*p->s)) {
            p->bad = true;
            return;
        }
        int64_t v = strtoll(p->s, &end, 10);
        p->s = end + (*end == 'L');                                /* Python 2 wrote 3L */
        p->bad = p->s > p->end;
        if (h->n < MOST_AXES)
            h->shape[h->n] = v;
        h->n++;
        if (!p->bad && !take(p, ',')) {
            must(p, ')');
            return;
        }
    }
}

static bool parse(const char *s, size_t n, struct npy *h)
{
    struct scan p = { s, s + n, false };
    char key[40];

    *h = (struct npy) { .fortran = false };
    must(&p, '{');
    while (!p.bad && !take(&p, '}')) {
        text(&p, key);
        must(&p, ':');
        const int bit = (strcmp(key, "descr") == 0) | (strcmp(key, "fortran_order") == 0) << 1 |
                        (strcmp(key, "shape") == 0) << 2;
        p.bad = p.bad || !bit || (h->seen & bit);
        h->seen |= bit;
        blanks(&p);
        if (bit == 1 && p.s < p.end && *p.s == '[') {              /* fields: refused by name, not read */
            h->record = true;
            return true;
        }
        if (bit == 1)
            text(&p, h->descr);
        else if (bit == 2)
            p.bad = p.bad || !((h->fortran = word(&p, "True")) || word(&p, "False"));
        else if (bit == 4)
            shape(&p, h);
        if (!p.bad && !take(&p, ',')) {
            must(&p, '}');
            break;
        }
    }
    blanks(&p);
    return !p.bad && p.s == p.end && h->seen == 7;
}

static int stored_type(const struct npy *h, const char *path, struct vn_raw *r, struct vn_err *err)
{
    static const struct { const char *code; int stored; } list[] = {
        { "b1", VN_U8 }, { "u1", VN_U8 }, { "i1", VN_I8 }, { "u2", VN_U16 }, { "i2", VN_I16 }, { "u4", VN_U32 },
        { "i4", VN_I32 }, { "u8", VN_S_U64 }, { "i8", VN_S_I64 }, { "f2", VN_S_F16 }, { "f4", VN_F32 },
        { "f8", VN_F64 },
    };
    static const struct { char first; const char *name; } others[] = {
        { 'c', "complex numbers" }, { 'O', "Python objects" }, { 'S', "text" }, { 'a', "text" }, { 'U', "text" },
        { 'V', "raw records" }, { 'M', "dates" }, { 'm', "time spans" },
        { 'f', "floating-point numbers of this size" },
    };
    const char order = h->descr[0], *code = h->descr + 1;
    const bool known = order && strchr("<>|=", order);

    for (size_t i = 0; known && i < VN_COUNT(list); i++)
        if (strcmp(code, list[i].code) == 0) {
            if (order == '|' && vn_stored_size(list[i].stored) > 1)
                break;
            r->stored = list[i].stored;
            r->swap = order == '>';
            r->kind = list[i].code[0] == 'b' ? VN_MASK : VN_IMAGE;
            return 0;
        }
    for (size_t i = 0; i < VN_COUNT(others); i++)
        if (h->record || (known && code[0] == others[i].first))
            return vn_fail(err, VN_E_UNSUPPORTED, "'%s' is a NumPy array of %s, which this version does not read", path,
                           h->record ? "records with fields" : others[i].name);
    return vn_fail(err, VN_E_FORMAT, "'%s' says its numbers are of the unknown NumPy type '%s'", path, h->descr);
}

static int npy_open(const char *path, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err)
{
    struct vn_raw r = { .path = path, .dim = { 1, 1, 1, 1, 1 } };
    int order[MOST_AXES];
    struct npy h;
    size_t n;
    char *s = vn_raw_head(path, HEAD, &n, err);
    int rc = 0;

    if (!s)
        return err ? err->code : VN_E_IO;
    const unsigned char *b = (const unsigned char *)s;
    const int version = n >= 8 ? b[6] : 0;
    const size_t at = version == 1 ? 10 : 12, len = n < at ? 0 : version == 1 ? b[8] | (size_t)b[9] << 8
                      : b[8] | (size_t)b[9] << 8 | (size_t)b[10] << 16 | (size_t)b[11] << 24;
    if (n >= 8 && (version < 1 || version > 3))
        rc = vn_fail(err, VN_E_UNSUPPORTED, "'%s' is a NumPy array of version %d (1 to 3 are known)", path, version);
    else if (len > HEAD - at)
        rc = vn_fail(err, VN_E_FORMAT, "'%s' says its NumPy header has %zu bytes, which is too many", path, len);
    else if (n < at || len > n - at)
        rc = vn_fail(err, VN_E_FORMAT, "'%s' ends inside its NumPy header", path);
    else if (!parse(s + at, len, &h))
        rc = vn_fail(err, VN_E_FORMAT,
                     "'%s': its NumPy header is not the dictionary of descr, fortran_order and shape that it should be",
                     path);
    else
        rc = stored_type(&h, path, &r, err);
    vn_free(s);
    if (!rc && (h.n < 2 || h.n > MOST_AXES))
        rc = vn_fail(err, VN_E_UNSUPPORTED,
                     "'%s' is a NumPy array of %d dimension%s; a volume has 2 to 5: (y, x) to (time, channel, z, y, x)",
                     path, h.n, h.n == 1 ? "" : "s");
    if (rc)
        return rc;
    for (int i = 0; i < h.n; i++) {
        r.dim[i] = h.shape[h.n - 1 - i];                           /* x, y, z, channel, time */
        order[i] = h.fortran ? h.n - 1 - i : i;
    }
    r.lead = at + len;
    vn_raw_strides(&r, order, h.n);
    return vn_raw_open(&r, opt, out, err);
}

const struct vn_format vn_format_npy = { .name = "npy", .suffix = "npy", .probe = npy_probe, .open = npy_open };
