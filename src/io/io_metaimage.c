/* io_metaimage.c - MetaImage (.mha, .mhd): voxels after the header, in a file beside it, or in several.
 *
 * Source: MetaIO, "MetaIO/Documentation" (Kitware), and what ITK writes.  Lengths are mm.  Offset and TransformMatrix
 * are in ITK's patient axes, left posterior superior; the matrix lists the direction of x, then of y, then of z. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "mem.h"
#include "orient.h"
#include "raw_src.h"

enum { HEAD = 16 << 20, MOST_AXES = 4 };

enum field { F_OBJECT, F_NDIMS, F_DIMS, F_TYPE, F_CHANNELS, F_SPACING, F_ELEMENT_SIZE, F_BINARY, F_MSB, F_MSB_TOO,
             F_COMPRESSED, F_HEADER, F_OFFSET, F_ORIGIN, F_POSITION, F_MATRIX, F_ROTATION, F_AXES, F_FILE,
             N_FIELD };
static const char *const fields[N_FIELD] = {
    "ObjectType", "NDims", "DimSize", "ElementType", "ElementNumberOfChannels", "ElementSpacing", "ElementSize",
    "BinaryData", "BinaryDataByteOrderMSB", "ElementByteOrderMSB", "CompressedData", "HeaderSize", "Offset", "Origin",
    "Position", "TransformMatrix", "Rotation", "AnatomicalOrientation", "ElementDataFile",
};

struct meta {
    const char *path;
    char *f[N_FIELD];            /* values, NUL-terminated in place; NULL: not there */
    char *rest;                  /* what follows the header, or the list of files */
    int n;                       /* axes */
};

/* Lines "Key = value" to the end of what is seen, one of them a key that every MetaImage has. */
static bool metaimage_probe(const char *path, const unsigned char *head, size_t n)
{
    const char *s = (const char *)head, *end = s + n;
    bool known = false;

    (void)path;
    while (s < end) {
        const char *nl = memchr(s, '\n', (size_t)(end - s)), *e = nl ? nl : end, *k = s;
        while (k < e && (isalnum((unsigned char)*k) || *k == '_'))
            k++;
        const size_t len = (size_t)(k - s);
        while (k < e && (*k == ' ' || *k == '\t'))
            k++;
        if (!nl && k == e)
            break;                                                 /* cut in the middle of a key */
        if (len == 0 || *k != '=')
            return false;
        known = known || (len == 10 && memcmp(s, "ObjectType", len) == 0) ||
                (len == 5 && memcmp(s, "NDims", len) == 0) || (len == 7 && memcmp(s, "DimSize", len) == 0) ||
                (len == 11 && memcmp(s, "ElementType", len) == 0);
        if (len == 15 && memcmp(s, "ElementDataFile", len) == 0)
            break;
        s = nl ? nl + 1 : end;
    }
    return known;
}

static int split(struct meta *h, char *s, const char *end, struct vn_err *err)
{
    while (s < end) {
        char *nl = memchr(s, '\n', (size_t)(end - s)), *next = nl ? nl + 1 : (char *)end;
        if (nl)
            *nl = 0;
        char *line = vn_raw_trim(s), *eq = strchr(line, '=');
        s = next;
        h->rest = s;
        if (!*line)
            continue;
        if (!eq)
            return vn_fail(err, VN_E_FORMAT, "'%s': the line '%.80s' of its MetaImage header has no '='", h->path,
                           line);
        *eq = 0;
        char *name = vn_raw_trim(line);
        for (int i = 0; i < N_FIELD; i++) {
            if (strcasecmp(name, fields[i]) != 0)
                continue;
            if (h->f[i])
                return vn_fail(err, VN_E_FORMAT, "'%s' has the field %s twice", h->path, fields[i]);
            h->f[i] = vn_raw_trim(eq + 1);
        }
        if (h->f[F_FILE])
            return 0;                                              /* always the last field */
    }
    return vn_fail(err, VN_E_FORMAT,
                   "'%s' does not say where its voxels are (ElementDataFile): its header was cut short", h->path);
}

static int bad(const struct meta *h, enum field f, const char *why, struct vn_err *err)
{
    return vn_fail(err, VN_E_FORMAT, "'%s': '%s = %.100s' of its MetaImage header %s", h->path, fields[f],
                   h->f[f] ? h->f[f] : "", why);
}

static bool numbers(const char *s, double *d, int n)
{
    char *end;
    for (int i = 0; i < n; i++, s = end) {
        d[i] = strtod(s, &end);
        if (end == s)
            return false;
    }
    return s[strspn(s, " \t")] == 0;
}

static int flag(const struct meta *h, enum field f, bool *on, struct vn_err *err)
{
    const char c = h->f[f] ? h->f[f][0] : 0;
    if (!h->f[f])
        return 0;
    if (!c || !strchr("TtYy1FfNn0", c))
        return bad(h, f, "is neither True nor False", err);
    *on = strchr("TtYy1", c) != NULL;
    return 0;
}

static int sizes(struct meta *h, struct vn_raw *r, struct vn_err *err)
{
    static const int plain[] = { 0, 1, 2, 4 }, channels[] = { 3, 0, 1, 2, 4 };
    char *end = "";
    long n = h->f[F_NDIMS] ? strtol(h->f[F_NDIMS], &end, 10) : 0;

    if (!h->f[F_NDIMS] || *end || n < 1 || n > 100)
        return bad(h, F_NDIMS, "is no number of dimensions", err);
    if (n < 2 || n > MOST_AXES)
        return vn_fail(err, VN_E_UNSUPPORTED, "'%s' has %ld dimensions; 2 to 4 are read", h->path, n);
    h->n = (int)n;
    const char *s = h->f[F_DIMS] ? h->f[F_DIMS] : "";
    for (int i = 0; i < h->n; i++, s = end) {
        errno = 0;
        r->dim[plain[i]] = strtoll(s, &end, 10);
        if (end == s || errno || r->dim[plain[i]] < 1)
            return bad(h, F_DIMS, "are not as many positive numbers as it has dimensions", err);
    }
    if (*s)
        return bad(h, F_DIMS, "are more numbers than it has dimensions", err);
    n = h->f[F_CHANNELS] ? strtol(h->f[F_CHANNELS], &end, 10) : 1;
    if (h->f[F_CHANNELS] && (*end || n < 1 || n > INT_MAX))
        return bad(h, F_CHANNELS, "is no number of channels", err);
    r->dim[3] = n;
    vn_raw_strides(r, channels, h->n + 1);
    return 0;
}

static int stored_type(const struct meta *h, struct vn_raw *r, struct vn_err *err)
{
    static const struct { const char *name; int stored; } list[] = {
        { "MET_CHAR", VN_I8 }, { "MET_ASCII_CHAR", VN_I8 }, { "MET_UCHAR", VN_U8 }, { "MET_SHORT", VN_I16 },
        { "MET_USHORT", VN_U16 }, { "MET_INT", VN_I32 }, { "MET_UINT", VN_U32 }, { "MET_LONG", VN_I32 },
        { "MET_ULONG", VN_U32 }, { "MET_LONG_LONG", VN_S_I64 }, { "MET_ULONG_LONG", VN_S_U64 },
        { "MET_FLOAT", VN_F32 }, { "MET_DOUBLE", VN_F64 },
    };
    char name[40];

    if (!h->f[F_TYPE])
        return vn_fail(err, VN_E_FORMAT, "'%s' does not say the type of its voxels (ElementType)", h->path);
    snprintf(name, sizeof name, "%s", h->f[F_TYPE]);
    const size_t len = strlen(name);
    if (len > 6 && strcasecmp(name + len - 6, "_ARRAY") == 0)
        name[len - 6] = 0;
    for (size_t i = 0; i < VN_COUNT(list); i++)
        if (strcasecmp(name, list[i].name) == 0) {
            r->stored = list[i].stored;
            return 0;
        }
    return bad(h, F_TYPE, "is no type of voxels", err);
}

static int coding(const struct meta *h, struct vn_raw *r, struct vn_err *err)
{
    bool binary = true, msb = false, deflated = false;
    char *end = "";
    int rc;

    if ((rc = flag(h, F_BINARY, &binary, err)) || (rc = flag(h, F_COMPRESSED, &deflated, err)) ||
        (rc = flag(h, F_MSB, &msb, err)) || (rc = flag(h, F_MSB_TOO, &msb, err)))
        return rc;
    if (deflated && !binary)
        return bad(h, F_COMPRESSED, "contradicts BinaryData = False", err);
    r->coding = deflated ? VN_CODE_DEFLATE : binary ? VN_CODE_PLAIN : VN_CODE_TEXT;
    r->swap = msb;
    const long long skip = h->f[F_HEADER] ? strtoll(h->f[F_HEADER], &end, 10) : 0;
    if (*end || skip < -1)
        return bad(h, F_HEADER, "is no number of bytes", err);
    if (skip < 0 && r->coding != VN_CODE_PLAIN)
        return bad(h, F_HEADER, "is only for plain binary voxels", err);
    r->at_end = skip < 0;
    r->lead = skip < 0 ? 0 : (uint64_t)skip;
    return 0;
}

/* Spacing, and with TransformMatrix the place in the patient. */
static int geometry(const struct meta *h, struct vn_raw *r, char **words, struct vn_err *err)
{
    const enum field size = h->f[F_SPACING] ? F_SPACING : F_ELEMENT_SIZE, turn = h->f[F_MATRIX] ? F_MATRIX : F_ROTATION;
    const enum field at = h->f[F_OFFSET] ? F_OFFSET : h->f[F_ORIGIN] ? F_ORIGIN : F_POSITION;
    const int n = h->n < 3 ? h->n : 3;
    double mm[MOST_AXES] = { 0 }, t[MOST_AXES * MOST_AXES] = { 0 }, o[MOST_AXES] = { 0 }, m[3][4];
    char who[64];

    if (h->f[size] && !numbers(h->f[size], mm, h->n))
        return bad(h, size, "is not one number for each dimension", err);
    if (h->f[turn] && !numbers(h->f[turn], t, h->n * h->n))
        return bad(h, turn, "is no matrix of its dimensions", err);
    if (h->f[at] && !numbers(h->f[at], o, h->n))
        return bad(h, at, "is not one number for each dimension", err);
    for (int k = 0; k < n; k++)
        r->um[k] = isfinite(mm[k]) ? fabs(mm[k]) * 1e3 : 0;
    if (!h->f[turn] || n < 3)
        return 0;
    for (int k = 0; k < 3; k++) {                                  /* k: right, anterior, superior */
        const double sign = k < 2 ? -1 : 1;
        for (int i = 0; i < 3; i++)
            m[k][i] = sign * t[i * h->n + k] * mm[i];
        m[k][3] = sign * o[k];
    }
    for (int i = 0; i < 12; i++)
        if (!isfinite(m[i / 4][i % 4]))
            return 0;
    snprintf(who, sizeof who, "MetaImage%s%.40s", h->f[F_AXES] ? " " : "", h->f[F_AXES] ? h->f[F_AXES] : "");
    *words = vn_orient_words(m, r->note.origin, who, true, err);
    return *words ? 0 : VN_E_MEMORY;
}

static int metaimage_open(const char *path, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err)
{
    struct vn_raw r = { .path = path, .dim = { 1, 1, 1, 1, 1 }, .kind = VN_IMAGE };
    struct meta h = { .path = path };
    struct vn_names list = { 0 };
    char *words = NULL;
    size_t n;
    char *s = vn_raw_head(path, 65536, &n, err);
    if (s && n == 65536 && !memmem(s, n, "LOCAL", 5)) {            /* a long list of files */
        vn_free(s);
        s = vn_raw_head(path, HEAD, &n, err);
    }
    if (!s)
        return err ? err->code : VN_E_IO;
    int rc = split(&h, s, s + strlen(s), err);

    if (!rc && h.f[F_OBJECT] && strcasecmp(h.f[F_OBJECT], "Image") != 0)
        rc = vn_fail(err, VN_E_UNSUPPORTED, "'%s' is a MetaIO file of a %.40s, not of an image", path, h.f[F_OBJECT]);
    if (!rc && !(rc = stored_type(&h, &r, err)) && !(rc = sizes(&h, &r, err)) && !(rc = coding(&h, &r, err)) &&
        !(rc = geometry(&h, &r, &words, err))) {
        if (strcasecmp(h.f[F_FILE], "LOCAL") == 0) {
            const uint64_t head = (uint64_t)(h.rest - s);          /* HeaderSize counts from the file's start */
            if (!r.at_end && r.lead > 0 && r.lead < head)
                rc = bad(&h, F_HEADER, "is shorter than that header", err);
            r.lead = r.lead > head ? r.lead : head;
        } else {
            rc = vn_names_read(&list, path, h.f[F_FILE], h.rest, err);
            r.file = list.s;
            r.n_file = list.n;
        }
        r.orientation = words;
        if (!rc)
            rc = vn_raw_open(&r, opt, out, err);
    }
    vn_names_free(&list);
    vn_free(words);
    vn_free(s);
    return rc;
}

const struct vn_format vn_format_metaimage = {
    .name = "metaimage", .suffix = "mha|mhd", .probe = metaimage_probe, .open = metaimage_open
};
