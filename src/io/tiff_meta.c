/* tiff_meta.c - ImageJ descriptions and OME-XML, read with small tolerant scanners: nothing in them is trusted. */
#include "tiff_meta.h"
#include "file_src.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "mem.h"

enum { MAX_PLANES = 1 << 26 };

/* um in one unit of that name; 0 when it is not a length. */
static double unit_um(const char *s)
{
    static const struct { const char *name; double um; } units[] = {
        { "um", 1 }, { "micron", 1 }, { "microns", 1 }, { "micrometer", 1 }, { "micrometre", 1 }, { "micrometers", 1 },
        { "\xc2\xb5m", 1 }, { "\xce\xbcm", 1 }, { "\xb5m", 1 }, { "\\u00B5m", 1 }, { "\\u00b5m", 1 }, { "&#181;m", 1 },
        { "&#xB5;m", 1 }, { "&#xb5;m", 1 }, { "&micro;m", 1 }, { "nm", 1e-3 }, { "nanometer", 1e-3 }, { "mm", 1e3 },
        { "millimeter", 1e3 }, { "cm", 1e4 }, { "centimeter", 1e4 }, { "m", 1e6 }, { "meter", 1e6 }, { "pm", 1e-6 },
        { "inch", 25400 }, { "in", 25400 }, { "\xc3\x85", 1e-4 }, { "\xe2\x84\xab", 1e-4 },
    };
    for (size_t i = 0; i < VN_COUNT(units); i++)
        if (strcmp(s, units[i].name) == 0)
            return units[i].um;
    return 0;
}

static bool plausible(double um) { return isfinite(um) && um >= 1e-6 && um <= 1e8; }

static void keep_um(double um[3], double x, double y, double z)
{
    if (plausible(x) && plausible(y) && plausible(z)) {
        um[0] = x;
        um[1] = y;
        um[2] = z;
    }
}

/* ---- ImageJ ---- */

/* Value of the line KEY=... ; false when there is none or it does not fit. */
static bool ij_value(const char *text, const char *key, char *out, size_t size)
{
    size_t len = strlen(key), k = 0;

    for (const char *p = text; p; p = strchr(p, '\n')) {
        p += *p == '\n';
        if (strncmp(p, key, len) != 0 || p[len] != '=')
            continue;
        for (p += len + 1; *p && *p != '\n' && *p != '\r'; p++) {
            if (k + 1 >= size)
                return false;
            out[k++] = *p;
        }
        out[k] = 0;
        return true;
    }
    return false;
}

static int64_t ij_count(const char *text, const char *key)
{
    char s[32], *end;
    if (!ij_value(text, key, s, sizeof s))
        return 0;
    double v = strtod(s, &end);
    return end != s && v >= 1 && v <= MAX_PLANES ? (int64_t)v : 0;
}

static void ij_voxel(const struct vn_tiff_facts *f, double um[3], bool *step_said)
{
    char s[64];
    double unit = ij_value(f->description, "unit", s, sizeof s) ? unit_um(s) : 0, x = unit, y = unit, z = unit;

    if (!unit || !(f->xres > 0) || !(f->yres > 0))
        return;
    if (f->resunit == 2 || f->resunit == 3) {            /* the tag names its unit itself; 72 per inch is a default */
        x = y = f->resunit == 2 ? 25400 : 1e4;
        if (f->resunit == 2 && f->xres == 72)
            return;
    }
    if (ij_value(f->description, "yunit", s, sizeof s) && unit_um(s) > 0 && f->resunit < 2)
        y = unit_um(s);
    if (ij_value(f->description, "zunit", s, sizeof s) && unit_um(s) > 0)
        z = unit_um(s);
    *step_said = ij_value(f->description, "spacing", s, sizeof s);
    if (*step_said)                                      /* ImageJ leaves out a spacing of 1, and any in a single plane */
        z *= fabs(strtod(s, NULL));
    keep_um(um, vn_round_float(x / f->xres), vn_round_float(y / f->yres), z);
}

static int read_imagej(const struct vn_tiff_facts *f, struct vn_tiff_meta *m, struct vn_err *err)
{
    const char *d = f->description;
    int64_t images = ij_count(d, "images"), c = ij_count(d, "channels"), z = ij_count(d, "slices"), t = ij_count(d, "frames");

    ij_voxel(f, m->um, &m->step_said);
    images = images ? images : 1;
    if (images != f->n_page && f->n_page == 1)
        m->images = images;                              /* one directory for all images, if the voxels are there */
    int64_t pages = m->images;
    c = c ? c : 1;
    t = t ? t : 1;
    if (!z)
        z = pages % (c * t) == 0 ? pages / (c * t) : 0;
    if (z < 1 || z > MAX_PLANES / c / t || c * z * t != pages) {
        if (c > 1 || t > 1)
            return vn_fail(err, VN_E_FORMAT, "'%s' has %" PRId64 " pages, but its ImageJ description says %" PRId64 " channels, %" PRId64
                           " slices, %" PRId64 " frames", f->path, pages, c, z, t);
        z = pages;                                       /* a stack that was cut or extended under an old description */
    }
    m->nz = z;
    m->nc = c;
    m->nt = t;
    m->step_c = 1;
    m->step_z = c;
    m->step_t = c * z;
    return 0;
}

/* ---- OME-XML ---- */

struct element { const char *s; size_t n; };             /* the inside of <Name ...> */

/* Next element of that name (any prefix) at or after p. */
static bool next_element(const char *p, const char *name, struct element *e)
{
    const char *first = p;
    size_t len = strlen(name);

    while ((p = strstr(p, name))) {
        char after = p[len], before = p > first ? p[-1] : 0;
        p += len;
        if ((before != '<' && before != ':') || (after != ' ' && after != '\t' && after != '\n' && after != '\r' && after != '/' && after != '>'))
            continue;
        e->s = p;
        e->n = strcspn(p, ">");
        return true;
    }
    return false;
}

static bool attribute(const struct element *e, const char *name, char *out, size_t size)
{
    size_t len = strlen(name);

    for (size_t i = 1; i + len + 2 < e->n; i++) {
        if (!strchr(" \t\r\n", e->s[i - 1]) || strncmp(e->s + i, name, len) != 0 || e->s[i + len] != '=')
            continue;
        char quote = e->s[i + len + 1];
        const char *v = e->s + i + len + 2, *end = memchr(v, quote, e->n - (i + len + 2));
        if ((quote != '"' && quote != '\'') || !end || (size_t)(end - v) >= size)
            return false;
        memcpy(out, v, (size_t)(end - v));
        out[end - v] = 0;
        return true;
    }
    return false;
}

static int64_t attribute_int(const struct element *e, const char *name, int64_t none)
{
    char s[32], *end;
    if (!attribute(e, name, s, sizeof s))
        return none;
    long long v = strtoll(s, &end, 10);
    return end != s && v >= 0 && v <= MAX_PLANES ? v : none;
}

static double attribute_um(const struct element *e, char axis)
{
    char name[32], s[64], *end;

    snprintf(name, sizeof name, "PhysicalSize%c", axis);
    if (!attribute(e, name, s, sizeof s))
        return 0;
    double v = strtod(s, &end), unit = 1;                /* OME's default unit is the micrometre */
    snprintf(name, sizeof name, "PhysicalSize%cUnit", axis);
    if (attribute(e, name, s, sizeof s))
        unit = unit_um(s);
    return end != s ? v * unit : 0;
}

/* More than one file name in the document: the planes are spread over files. */
static bool ome_many_files(const char *text)
{
    char first[512] = "", s[512];
    struct element e;

    for (const char *p = text; next_element(p, "UUID", &e); p = e.s + e.n) {
        if (!attribute(&e, "FileName", s, sizeof s))
            continue;
        if (!first[0])
            memcpy(first, s, sizeof first);
        else if (strcmp(first, s) != 0)
            return true;
    }
    return false;
}

bool vn_ome_first_file(const char *text, char *out, size_t size)
{
    struct element e;

    for (const char *p = text; next_element(p, "UUID", &e); p = e.s + e.n)
        if (attribute(&e, "FileName", out, size))
            return true;
    return false;
}

bool vn_ome_companion(const char *text, char *out, size_t size)
{
    struct element e;
    return text && next_element(text, "BinaryOnly", &e) && attribute(&e, "MetadataFile", out, size);
}

/* Index of the file that the TiffData element at e is about, added when new; -1: no memory. */
static int64_t ome_file(struct vn_tiff_meta *m, const struct element *e, const char *stop, struct vn_err *err)
{
    struct element next, u;
    const char *end = next_element(e->s, "TiffData", &next) && next.s < stop ? next.s : stop;     /* its own </TiffData>, or the next */
    char name[512] = "";

    if (e->s[e->n - (e->n > 0)] == '/' || !next_element(e->s, "UUID", &u) || u.s > end || !attribute(&u, "FileName", name, sizeof name))
        name[0] = 0;
    for (int64_t i = m->n_file - 1; i >= 0; i--)
        if (strcmp(m->file[i], name) == 0)
            return i;
    if ((m->n_file & (m->n_file - 1)) == 0) {            /* room for powers of two */
        char **more = vn_realloc(m->file, (uint64_t)(m->n_file ? 2 * m->n_file : 1) * sizeof *more, err);
        if (!more)
            return -1;
        m->file = more;
    }
    m->file[m->n_file] = vn_strdup(name, err);
    return m->file[m->n_file] ? m->n_file++ : -1;
}

/* Order of the planes: steps from DimensionOrder, "XYZCT" and the like. */
static bool ome_steps(struct vn_tiff_meta *m, const char *order)
{
    int64_t step = 1;
    int seen = 0;

    for (int i = 2; i < 5 && order[i]; i++) {
        switch (order[i]) {
        case 'Z': m->step_z = step; step *= m->nz; seen |= 1; break;
        case 'C': m->step_c = step; step *= m->nc; seen |= 2; break;
        case 'T': m->step_t = step; step *= m->nt; seen |= 4; break;
        default: return false;
        }
    }
    return seen == 7;
}

/* TiffData elements: planes PlaneCount from (FirstZ, FirstC, FirstT), in dimension order, are pages from IFD on. */
static int ome_map(const struct vn_tiff_facts *f, struct vn_tiff_meta *m, int64_t spp, const struct element *pixels, bool many, struct vn_err *err)
{
    const int64_t total = m->nz * m->nc * m->nt;
    const char *stop = strstr(pixels->s, "Pixels>");
    struct element e;
    bool found = false, regular = true;
    int64_t placed = 0;

    if (!many && total > f->n_page)
        return vn_fail(err, VN_E_FORMAT, "'%s' has %" PRId64 " pages, but its OME-XML describes %" PRId64 " planes", f->path, f->n_page, total);
    for (const char *p = pixels->s; stop && next_element(p, "TiffData", &e) && e.s < stop; p = e.s + e.n) {
        int64_t ifd = attribute_int(&e, "IFD", -1), count = attribute_int(&e, "PlaneCount", ifd < 0 ? total : 1);
        int64_t z = attribute_int(&e, "FirstZ", 0), c = attribute_int(&e, "FirstC", 0) / spp, t = attribute_int(&e, "FirstT", 0);
        ifd = ifd < 0 ? 0 : ifd;
        count = vn_min64(count, total);
        placed += count;
        if (z >= m->nz || c >= m->nc || t >= m->nt || placed > 4 * total)
            return vn_fail(err, VN_E_FORMAT, "'%s': its OME-XML places plane z=%" PRId64 " c=%" PRId64 " t=%" PRId64 " outside %" PRId64 "x%" PRId64 "x%" PRId64
                           " or again and again", f->path, z, c, t, m->nz, m->nc, m->nt);
        if (!m->map) {
            m->map = vn_alloc((uint64_t)total * sizeof *m->map, err);
            if (!m->map)
                return VN_E_MEMORY;
            memset(m->map, 0xff, (size_t)total * sizeof *m->map);
            if (many && !(m->which = vn_calloc((uint64_t)total, sizeof *m->which, err)))
                return VN_E_MEMORY;
        }
        found = true;
        int64_t file = many ? ome_file(m, &e, stop, err) : 0;
        if (file < 0)
            return VN_E_MEMORY;
        int64_t first = z * m->step_z + c * m->step_c + t * m->step_t;
        for (int64_t i = 0; i < count && first + i < total; i++) {
            m->map[first + i] = ifd + i;
            if (many)
                m->which[first + i] = file;
            regular = regular && ifd + i == first + i;
        }
    }
    for (int64_t i = 0; found && i < total; i++)
        if (m->map[i] < 0 || (!many && m->map[i] >= f->n_page))
            return vn_fail(err, m->map[i] < 0 ? VN_E_FORMAT : VN_E_UNSUPPORTED, "'%s': plane %" PRId64 " of its OME-XML is not in this file's %" PRId64 " pages",
                           f->path, i + 1, f->n_page);
    if (many && !found)
        return vn_fail(err, VN_E_FORMAT, "'%s': its OME-XML does not say which file holds which plane", f->path);
    if (found && regular && !many) {
        vn_free(m->map);
        m->map = NULL;
    }
    return 0;
}

static int read_ome(const struct vn_tiff_facts *f, struct vn_tiff_meta *m, struct vn_err *err)
{
    struct element px;
    char order[16];
    bool many = f->companion || ome_many_files(f->description);

    if (!next_element(f->description, "Pixels", &px))
        return vn_fail(err, VN_E_FORMAT, "'%s': its OME-XML has no Pixels element", f->path);
    int64_t w = attribute_int(&px, "SizeX", 0), h = attribute_int(&px, "SizeY", 0);
    int64_t c = attribute_int(&px, "SizeC", 1), spp = c % f->samples == 0 ? f->samples : 1;
    m->nz = attribute_int(&px, "SizeZ", 1);
    m->nt = attribute_int(&px, "SizeT", 1);
    m->nc = c / spp;
    if (w != f->w || h != f->h)
        return vn_fail(err, VN_E_FORMAT, "'%s' has pages of %" PRId64 "x%" PRId64 ", but its OME-XML says %" PRId64 "x%" PRId64, f->path, f->w, f->h, w, h);
    if (m->nz < 1 || m->nc < 1 || m->nt < 1 || m->nc > MAX_PLANES / m->nz || m->nt > MAX_PLANES / m->nz / m->nc)
        return vn_fail(err, VN_E_FORMAT, "'%s': its OME-XML says %" PRId64 " channels, %" PRId64 " slices, %" PRId64 " frames", f->path, c, m->nz, m->nt);
    if (!attribute(&px, "DimensionOrder", order, sizeof order) || strlen(order) != 5 || strncmp(order, "XY", 2) != 0 || !ome_steps(m, order))
        return vn_fail(err, VN_E_FORMAT, "'%s': its OME-XML has no usable DimensionOrder", f->path);
    keep_um(m->um, attribute_um(&px, 'X'), attribute_um(&px, 'Y'), m->nz > 1 || attribute_um(&px, 'Z') > 0 ? attribute_um(&px, 'Z') : 0);
    m->step_said = m->um[2] > 0;
    for (const char *p = f->description; next_element(p, "Pixels", &px); p = px.s + px.n)
        m->n_image++;
    next_element(f->description, "Pixels", &px);
    return ome_map(f, m, spp, &px, many, err);
}

/* ---- all ---- */

int vn_tiff_meta_read(const struct vn_tiff_facts *f, struct vn_tiff_meta *out, struct vn_err *err)
{
    struct vn_tiff_meta m = { .nz = f->n_page, .nc = 1, .nt = 1, .step_z = 1, .images = f->n_page };
    const char *d = f->description;
    int rc = 0;

    while (d && (*d == ' ' || *d == '\n' || *d == '\r' || *d == '\t'))
        d++;
    if (d && strncmp(d, "\xef\xbb\xbf", 3) == 0)
        d += 3;
    struct vn_tiff_facts g = *f;
    g.description = d;
    if (d && strncmp(d, "ImageJ=", 7) == 0)
        rc = read_imagej(&g, &m, err);
    else if (d && *d == '<' && strstr(d, "OME"))
        rc = read_ome(&g, &m, err);
    else if (d && *d == '{' && strstr(d, "\"truncated\": true"))
        rc = vn_fail(err, VN_E_UNSUPPORTED, "'%s' keeps planes outside its pages (tifffile, \"truncated\"), which this version does not read", f->path);
    if (rc)
        vn_tiff_meta_free(&m);
    else
        *out = m;
    return rc;
}

void vn_tiff_meta_free(struct vn_tiff_meta *m)
{
    vn_free(m->map);
    m->map = NULL;
    for (int64_t i = 0; i < m->n_file; i++)
        vn_free(m->file[i]);
    vn_free(m->file);
    vn_free(m->which);
    m->file = NULL;
    m->which = NULL;
    m->n_file = 0;
}

int64_t vn_tiff_meta_page(const struct vn_tiff_meta *m, int64_t z, int64_t c, int64_t t)
{
    int64_t i = z * m->step_z + c * m->step_c + t * m->step_t;
    return m->map ? m->map[i] : i;
}
