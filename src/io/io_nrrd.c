/* io_nrrd.c - NRRD0001 to NRRD0005: voxels in the file, in a file beside it, or in several.
 *
 * Source: "Definition of NRRD File Format", Teem, G. Kindlmann.  Axes of kind domain, space or none are x, y, z in the
 * file's order, time is time, any other is the channel.  The length of an axis' space direction is its voxel size; a
 * space of patient axes (left-posterior-superior and its like) is in mm unless units say otherwise, anything else
 * without units has no known voxel size. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "mem.h"
#include "nrrd_save.h"
#include "orient.h"
#include "raw_src.h"

enum { HEAD = 16 << 20, MOST_AXES = 16 };

enum field { F_DIMENSION, F_TYPE, F_BLOCK, F_ENCODING, F_ENDIAN, F_SIZES, F_SPACINGS, F_MINS, F_MAXS, F_CENTERS,
             F_KINDS, F_UNITS, F_SPACE, F_SPACE_DIM, F_SPACE_UNITS, F_ORIGIN, F_DIRECTIONS, F_LINES, F_BYTES, F_FILE,
             N_FIELD };
static const char *const fields[N_FIELD][2] = {
    { "dimension" }, { "type" }, { "block size", "blocksize" }, { "encoding" }, { "endian" }, { "sizes" },
    { "spacings" }, { "axis mins", "axismins" }, { "axis maxs", "axismaxs" }, { "centers", "centerings" },
    { "kinds" }, { "units" }, { "space" }, { "space dimension" }, { "space units" }, { "space origin" },
    { "space directions" }, { "line skip", "lineskip" }, { "byte skip", "byteskip" }, { "data file", "datafile" },
};

struct nrrd {
    const char *path;
    char *f[N_FIELD];            /* values, NUL-terminated in place; NULL: not there */
    char *rest;                  /* what follows the header, or the list of files */
    int n;                       /* axes */
    int64_t size[MOST_AXES];
    int place[MOST_AXES];        /* of each axis: 0 to 4 as in vn_raw, or -1 when it has one element */
    int n_space;
    double dir[MOST_AXES][4];    /* um or units; NAN: none */
    bool medical;                /* a space that is in mm by convention: of the patient or of the scanner */
    bool patient;                /* its axes are the patient's: sign[] turns it into right, anterior, superior */
    double sign[3];
};

static bool nrrd_probe(const char *path, const unsigned char *head, size_t n)
{
    (void)path;
    return n >= 8 && memcmp(head, "NRRD", 4) == 0 && isdigit(head[4]) && isdigit(head[7]);
}

/* ---- lines ---- */

static int split(struct nrrd *h, char *s, const char *end, struct vn_err *err)
{
    if (s[4] != '0' || s[5] != '0' || s[6] != '0' || s[7] < '1' || s[7] > '5')
        return vn_fail(err, VN_E_UNSUPPORTED, "'%s' is of version %.8s; NRRD0001 to NRRD0005 are known", h->path, s);
    s = strchr(s, '\n');
    for (s = s ? s + 1 : (char *)end; s < end;) {
        char *nl = memchr(s, '\n', (size_t)(end - s)), *next = nl ? nl + 1 : (char *)end;
        if (nl)
            *nl = 0;
        char *line = vn_raw_trim(s), *colon = strchr(line, ':');
        s = next;
        h->rest = s;
        if (!*line)
            return 0;
        if (*line == '#' || (colon && colon[1] == '='))
            continue;
        if (!colon)
            return vn_fail(err, VN_E_FORMAT, "'%s': the line '%.80s' of its NRRD header is no field", h->path, line);
        *colon = 0;
        char *name = vn_raw_trim(line);
        for (int i = 0; i < N_FIELD; i++) {
            if (strcasecmp(name, fields[i][0]) != 0 && (!fields[i][1] || strcasecmp(name, fields[i][1]) != 0))
                continue;
            if (h->f[i])
                return vn_fail(err, VN_E_FORMAT, "'%s' has the field '%s' twice", h->path, fields[i][0]);
            h->f[i] = vn_raw_trim(colon + 1);
            if (i == F_FILE && strncmp(h->f[i], "LIST", 4) == 0)
                return 0;                                          /* names up to the end of the file */
        }
    }
    return 0;
}

static int bad(const struct nrrd *h, enum field f, const char *why, struct vn_err *err)
{
    return vn_fail(err, VN_E_FORMAT, "'%s': '%s: %.100s' of its NRRD header %s", h->path, fields[f][0],
                   h->f[f] ? h->f[f] : "", why);
}

/* Exactly n numbers, or the word "???" or nan for one that is not known. */
static bool numbers(const char *s, double *d, int n)
{
    for (int i = 0; i < n; i++) {
        char *end;
        d[i] = strtod(s, &end);
        if (end == s) {
            while (isspace((unsigned char)*s))
                s++;
            if (strncmp(s, "???", 3) != 0)
                return false;
            end = (char *)s + 3;
            d[i] = NAN;
        }
        s = end;
    }
    return s[strspn(s, " \t")] == 0;
}

/* The next word, or text between double quotes; false at the end. */
static bool next_word(const char **s, char out[64])
{
    size_t k = 0;

    *s += strspn(*s, " \t");
    if (!**s)
        return false;
    const bool quoted = **s == '"';
    for (*s += quoted; **s && (quoted ? **s != '"' : !isspace((unsigned char)**s)); (*s)++)
        if (k < 63)
            out[k++] = **s;
    *s += quoted && **s == '"';
    out[k] = 0;
    return true;
}

/* ---- meaning ---- */

static int stored_type(const struct nrrd *h, int *stored, struct vn_err *err)
{
    static const struct { const char *names; int stored; } list[] = {
        { "|signed char|int8|int8_t|", VN_I8 }, { "|uchar|unsigned char|uint8|uint8_t|", VN_U8 },
        { "|short|short int|signed short|signed short int|int16|int16_t|", VN_I16 },
        { "|ushort|unsigned short|unsigned short int|uint16|uint16_t|", VN_U16 },
        { "|int|signed int|int32|int32_t|", VN_I32 }, { "|uint|unsigned int|uint32|uint32_t|", VN_U32 },
        { "|longlong|long long|long long int|signed long long|signed long long int|int64|int64_t|", VN_S_I64 },
        { "|ulonglong|unsigned long long|unsigned long long int|uint64|uint64_t|", VN_S_U64 }, { "|float|", VN_F32 },
        { "|double|", VN_F64 },
    };
    char want[64];

    if (!h->f[F_TYPE])
        return vn_fail(err, VN_E_FORMAT, "'%s' does not say the type of its voxels", h->path);
    if (strcasecmp(h->f[F_TYPE], "block") == 0)
        return vn_fail(err, VN_E_UNSUPPORTED,
                       "'%s' holds blocks of bytes (type: block), which this version does not read", h->path);
    snprintf(want, sizeof want, "|%s|", h->f[F_TYPE]);
    for (size_t i = 0; i < VN_COUNT(list); i++)
        if (!strchr(h->f[F_TYPE], '|') && strcasestr(list[i].names, want)) {
            *stored = list[i].stored;
            return 0;
        }
    return bad(h, F_TYPE, "is no known type", err);
}

static int coding(const struct nrrd *h, struct vn_raw *r, struct vn_err *err)
{
    static const struct { const char *name; enum vn_coding coding; } list[] = {
        { "raw", VN_CODE_PLAIN }, { "gzip", VN_CODE_DEFLATE }, { "gz", VN_CODE_DEFLATE }, { "txt", VN_CODE_TEXT },
        { "text", VN_CODE_TEXT }, { "ascii", VN_CODE_TEXT }, { "hex", VN_CODE_HEX },
    };
    const char *e = h->f[F_ENCODING];
    bool known = false;

    if (!e)
        return vn_fail(err, VN_E_FORMAT, "'%s' does not say how its voxels are encoded", h->path);
    for (size_t i = 0; i < VN_COUNT(list); i++)
        if (strcasecmp(e, list[i].name) == 0) {
            r->coding = list[i].coding;
            known = true;
        }
    if (!known)
        return vn_fail(err, VN_E_UNSUPPORTED,
                       "'%s' is encoded with '%.40s', which this version does not read (raw, gzip, text and hex are)",
                       h->path, e);
    e = h->f[F_ENDIAN];
    if (e && strcasecmp(e, "little") != 0 && strcasecmp(e, "big") != 0)
        return bad(h, F_ENDIAN, "is neither little nor big", err);
    if (!e && vn_stored_size(r->stored) > 1 && r->coding != VN_CODE_TEXT)
        return vn_fail(err, VN_E_FORMAT, "'%s' does not say the byte order (endian) of its voxels", h->path);
    r->swap = e && strcasecmp(e, "big") == 0;
    return 0;
}

static int sizes(struct nrrd *h, struct vn_err *err)
{
    char *end;

    if (!h->f[F_DIMENSION] || !h->f[F_SIZES])
        return vn_fail(err, VN_E_FORMAT, "'%s' does not say its %s", h->path,
                       h->f[F_DIMENSION] ? "sizes" : "dimension");
    long n = strtol(h->f[F_DIMENSION], &end, 10);
    if (*end || end == h->f[F_DIMENSION] || n < 1 || n > MOST_AXES)
        return bad(h, F_DIMENSION, "is no number from 1 to 16", err);
    h->n = (int)n;
    const char *s = h->f[F_SIZES];
    for (int i = 0; i < h->n; i++, s = end) {
        errno = 0;
        h->size[i] = strtoll(s, &end, 10);
        if (end == s || errno || h->size[i] < 1)
            return bad(h, F_SIZES, "are not as many positive numbers as it has dimensions", err);
    }
    return *s ? bad(h, F_SIZES, "are more numbers than it has dimensions", err) : 0;
}

/* Dimension and patient axes of the space. */
static int space(struct nrrd *h, struct vn_err *err)
{
    static const struct { const char *name, *brief; double sign[3]; int n; } list[] = {
        { "right-anterior-superior", "RAS", { 1, 1, 1 }, 3 }, { "left-anterior-superior", "LAS", { -1, 1, 1 }, 3 },
        { "left-posterior-superior", "LPS", { -1, -1, 1 }, 3 }, { "right-anterior-superior-time", "RAST", { 1, 1, 1 },
        4 },
        { "left-anterior-superior-time", "LAST", { -1, 1, 1 }, 4 },
        { "left-posterior-superior-time", "LPST", { -1, -1, 1 }, 4 }, { "scanner-xyz", "scanner-xyz", { 0 },
        3 }, { "scanner-xyz-time", "scanner-xyz-time", { 0 }, 4 },
        { "3D-right-handed", "3DRH", { 0 }, 3 }, { "3D-left-handed", "3DLH", { 0 },
        3 }, { "3D-right-handed-time", "3DRHT", { 0 }, 4 },
        { "3D-left-handed-time", "3DLHT", { 0 }, 4 },
    };
    char *end;

    if (h->f[F_SPACE] && h->f[F_SPACE_DIM])
        return vn_fail(err, VN_E_FORMAT, "'%s' has both a space and a space dimension", h->path);
    if (h->f[F_SPACE_DIM]) {
        h->n_space = (int)strtol(h->f[F_SPACE_DIM], &end, 10);
        if (*end || h->n_space < 1 || h->n_space > 4)
            return bad(h, F_SPACE_DIM, "is no number from 1 to 4", err);
    }
    for (size_t i = 0; h->f[F_SPACE] && i < VN_COUNT(list); i++)
        if (strcasecmp(h->f[F_SPACE], list[i].name) == 0 || strcasecmp(h->f[F_SPACE], list[i].brief) == 0) {
            h->n_space = list[i].n;
            h->patient = list[i].sign[2] > 0;
            h->medical = h->patient || list[i].name[0] == 's';
            memcpy(h->sign, list[i].sign, sizeof h->sign);
        }
    return h->f[F_SPACE] && !h->n_space ? bad(h, F_SPACE, "is no known space", err) : 0;
}

/* "(x,y,z)" of n numbers at *s; "none" gives NANs. */
static bool vector(const char **s, double *v, int n)
{
    char *end;

    *s += strspn(*s, " \t");
    if (strncasecmp(*s, "none", 4) == 0) {
        *s += 4;
        for (int i = 0; i < n; i++)
            v[i] = NAN;
        return true;
    }
    for (int i = 0; i < n; i++) {
        *s += strspn(*s, " \t");
        if (**s != (i ? ',' : '('))
            return false;
        (*s)++;
        v[i] = strtod(*s, &end);
        if (end == *s)
            return false;
        *s = end;
    }
    *s += strspn(*s, " \t");
    return *(*s)++ == ')';
}

static int directions(struct nrrd *h, struct vn_err *err)
{
    const char *s = h->f[F_DIRECTIONS];

    if (!s)
        return 0;
    if (!h->n_space)
        return vn_fail(err, VN_E_FORMAT, "'%s' has space directions, but neither a space nor a space dimension",
                       h->path);
    for (int i = 0; i < h->n; i++)
        if (!vector(&s, h->dir[i], h->n_space))
            return bad(h, F_DIRECTIONS, "is not one vector of the space (or none) for each dimension", err);
    return s[strspn(s, " \t")] ? bad(h, F_DIRECTIONS, "are more vectors than it has dimensions", err) : 0;
}

/* Which axes are x, y, z, time and channel. */
static int places(struct nrrd *h, const struct vn_open_opt *opt, struct vn_err *err)
{
    const char *s = h->f[F_KINDS];
    int n_dom = 0, told = 0;
    bool used[5] = { false };
    char kind[64];

    for (int i = 0; i < h->n; i++) {
        int p = 0;                                                 /* 0: of the domain */
        if (s) {
            if (!next_word(&s, kind))
                return bad(h, F_KINDS, "are fewer than its dimensions", err);
            if (strcasecmp(kind, "time") == 0)
                p = 4;
            else if (strcasecmp(kind, "domain") != 0 && strcasecmp(kind, "space") != 0 &&
                     strcasecmp(kind, "none") != 0 && strcmp(kind, "???") != 0)
                p = 3;
            told += p != 0;
        }
        if (p == 0 && h->f[F_DIRECTIONS]) {
            const double *d = h->dir[i];
            if (isnan(d[0]))
                p = 3;
            else if (h->n_space == 4 && d[0] == 0 && d[1] == 0 && d[2] == 0)
                p = 4;
            told += p != 0;
        }
        h->place[i] = p;
    }
    for (int i = 0; i < h->n; i++) {
        int p = h->place[i];
        if (p == 0)
            p = n_dom < 3 ? n_dom++ : 3;
        if (h->size[i] == 1 && p >= 3) {
            h->place[i] = -1;
            continue;
        }
        if (used[p])
            return vn_fail(err, VN_E_UNSUPPORTED,
                           "'%s' has %d axes beside x, y, z, of which Venule reads one of channels and one of time",
                           h->path, h->n - n_dom);
        used[p] = true;
        h->place[i] = p;
        if (p == 3 && !told)
            vn_open_note(opt, "'%s' has %d axes of no kind: the last is taken as the channel", h->path, h->n);
    }
    return 0;
}

/* um in one unit of the space's axis k, or of the file's axis (`units`); 0 unknown. */
static double unit(const struct nrrd *h, enum field f, int k)
{
    const char *s = h->f[f];
    char w[64] = "";

    for (int i = 0; s && i <= k; i++)
        if (!next_word(&s, w))
            return 0;
    return s ? vn_unit_um(w) : 0;
}

static int voxel_size(const struct nrrd *h, const struct vn_open_opt *opt, double um[3], struct vn_err *err)
{
    double sp[MOST_AXES], lo[MOST_AXES], hi[MOST_AXES];
    bool plain = false, given = false;

    if (h->f[F_SPACINGS] && !numbers(h->f[F_SPACINGS], sp, h->n))
        return bad(h, F_SPACINGS, "are not one number for each dimension", err);
    if (!h->f[F_SPACINGS] && h->f[F_MINS] && h->f[F_MAXS]) {
        if (!numbers(h->f[F_MINS], lo, h->n) || !numbers(h->f[F_MAXS], hi, h->n))
            return bad(h, F_MINS, "and axis maxs are not one number for each dimension", err);
        const char *c = h->f[F_CENTERS];
        char w[64] = "";
        for (int i = 0; i < h->n; i++) {
            if (c && !next_word(&c, w))
                w[0] = 0;
            sp[i] =
                (hi[i] - lo[i]) / (double)(strcasecmp(w, "node") == 0 && h->size[i] > 1 ? h->size[i] - 1 : h->size[i]);
        }
        plain = true;
    }
    plain = plain || h->f[F_SPACINGS];
    for (int i = 0; i < h->n; i++) {
        const int p = h->place[i];
        if (p < 0 || p > 2)
            continue;
        if (h->f[F_DIRECTIONS]) {
            double sum = 0;
            bool known = true;
            for (int k = 0; k < h->n_space && k < 3; k++) {
                const double u = h->f[F_SPACE_UNITS] ? unit(h, F_SPACE_UNITS, k) : h->medical ? 1e3 : 0;
                known = known && (u > 0 || h->dir[i][k] == 0);
                sum += h->dir[i][k] * u * (h->dir[i][k] * u);
            }
            um[p] = known && isfinite(sum) ? sqrt(sum) : 0;
            given = given || h->dir[i][0] != 0 || h->dir[i][1] != 0;
        } else if (plain) {
            const double u = h->f[F_UNITS] ? unit(h, F_UNITS, i) : h->medical ? 1e3 : 0;
            um[p] = isfinite(sp[i]) ? fabs(sp[i]) * u : 0;
            given = given || isfinite(sp[i]);
        }
    }
    if (given && !opt->um && !(um[0] > 0 && um[1] > 0 && um[2] > 0))
        vn_open_note(opt, "'%s' gives its voxel size ('%s: %.120s') without a unit of length for x, y and z", h->path,
                     h->f[F_DIRECTIONS] ? "space directions" : h->f[F_SPACINGS] ? "spacings" : "axis mins",
                     h->f[F_DIRECTIONS] ? h->f[F_DIRECTIONS] : h->f[F_SPACINGS] ? h->f[F_SPACINGS] : h->f[F_MINS]);
    return 0;
}

static int orientation(const struct nrrd *h, const struct vn_note *note, char **words, struct vn_err *err)
{
    double m[3][4] = { { 0 } }, o[4] = { 0 };
    const char *s = h->f[F_ORIGIN];
    char who[80];
    int found = 0;

    if (s && (!h->n_space || !vector(&s, o, h->n_space)))
        return bad(h, F_ORIGIN, "is no vector of its space", err);
    if (!h->patient || !h->f[F_DIRECTIONS])
        return 0;
    for (int k = 0; k < 3; k++) {
        const double mm = h->f[F_SPACE_UNITS] ? unit(h, F_SPACE_UNITS, k) * 1e-3 : 1;
        for (int i = 0; i < h->n; i++)
            if (h->place[i] >= 0 && h->place[i] < 3) {
                m[k][h->place[i]] = h->sign[k] * h->dir[i][k] * mm;
                found |= 1 << h->place[i];
            }
        m[k][3] = isfinite(o[k]) ? h->sign[k] * o[k] * mm : 0;
    }
    for (int i = 0; i < 12; i++)
        if (!isfinite(m[i / 4][i % 4]))
            return 0;
    if (found != 7)
        return 0;
    snprintf(who, sizeof who, "NRRD %.60s", h->f[F_SPACE]);
    *words = vn_orient_words(m, note->origin, who, true, err);
    return *words ? 0 : VN_E_MEMORY;
}

static int skips(const struct nrrd *h, struct vn_raw *r, struct vn_err *err)
{
    char *end = "";
    long long v = h->f[F_LINES] ? strtoll(h->f[F_LINES], &end, 10) : 0;

    if (*end || v < 0)
        return bad(h, F_LINES, "is no number of lines", err);
    r->lines = (uint64_t)v;
    v = h->f[F_BYTES] ? strtoll(h->f[F_BYTES], &end, 10) : 0;
    if (*end || v < -1)
        return bad(h, F_BYTES, "is no number of bytes", err);
    if (v < 0 && r->coding != VN_CODE_PLAIN)
        return bad(h, F_BYTES, "is only for raw voxels", err);
    r->at_end = v < 0;
    r->skip = v < 0 ? 0 : (uint64_t)v;
    return 0;
}

/* Everything but files: r from h. */
static int describe(struct nrrd *h, struct vn_raw *r, const struct vn_open_opt *opt, struct vn_err *err)
{
    int order[MOST_AXES], n = 0, rc;

    if ((rc = stored_type(h, &r->stored, err)) || (rc = coding(h, r, err)) || (rc = sizes(h, err)) ||
        (rc = space(h, err)) || (rc = directions(h, err)) || (rc = places(h, opt, err)) ||
        (rc = voxel_size(h, opt, r->um, err)))
        return rc;
    for (int i = 0; i < h->n; i++)
        if (h->place[i] >= 0) {
            r->dim[h->place[i]] = h->size[i];
            order[n++] = h->place[i];
        }
    vn_raw_strides(r, order, n);
    return skips(h, r, err);
}

static int nrrd_open(const char *path, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err)
{
    struct vn_raw r = { .path = path, .dim = { 1, 1, 1, 1, 1 }, .kind = VN_IMAGE };
    struct nrrd h = { .path = path };
    struct vn_names list = { 0 };
    char *words = NULL;
    size_t n, len = 0;
    int rc = 0;
    /* Nearly all headers are short; a long list of files is read again. */
    char *s = vn_raw_head(path, 65536, &n, err);
    if (s && n == 65536 && !memmem(s, n, "\n\n", 2) && !memmem(s, n, "\r\n\r\n", 4)) {
        vn_free(s);
        s = vn_raw_head(path, HEAD, &n, err);
    }
    if (!s)
        return err ? err->code : VN_E_IO;
    len = strlen(s) < n ? strlen(s) : n;
    char *copy = vn_strdup(s, err);                                /* the lines are cut in place */
    if (!copy)
        rc = VN_E_MEMORY;
    if (!rc && !(rc = split(&h, s, s + len, err)) && !(rc = describe(&h, &r, opt, err))) {
        const size_t head = h.rest ? (size_t)(h.rest - s) : len;
        if (!vn_note_parse(copy, head, r.dim, &r.note))
            r.note = (struct vn_note) { 0 };
        rc = orientation(&h, &r.note, &words, err);
        if (rc == 0 && h.f[F_FILE]) {
            rc = vn_names_read(&list, path, h.f[F_FILE], h.rest, err);
            r.file = list.s;
            r.n_file = list.n;
        } else {
            r.lead = head;
        }
        r.orientation = words;
        if (!rc)
            rc = vn_raw_open(&r, opt, out, err);
    }
    vn_names_free(&list);
    vn_free(words);
    vn_free(copy);
    vn_free(s);
    return rc;
}

const struct vn_format vn_format_nrrd = {
    .name = "nrrd", .suffix = "nrrd", .probe = nrrd_probe, .open = nrrd_open, .save = vn_nrrd_save,
};
