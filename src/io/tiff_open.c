/* tiff_open.c - TIFF stacks as volumes: pages are planes, samples are channels; voxels are read by tiff_read.c.
 *
 * Opening reads the page directories and the first page's tags.  Sub-byte and odd depths are widened, photometric "white is
 * zero" is turned round, YCbCr becomes RGB by libtiff's conversion.  A palette of greys gives its greys; any other palette is
 * taken for a display table over measured values, as microscopes write it: channel 0 is the stored value, channels 1 to 3
 * its red, green and blue.  LogLuv is refused by name.  Every page is checked against the first before its voxels are used. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "file.h"
#include "file_src.h"
#include "mem.h"
#include "stack.h"
#include "tiff_file.h"
#include "tiff_meta.h"
#include "tiff_open.h"
#include "tiff_src.h"

enum { MAX_DOCUMENT = 1 << 28 };                         /* bytes of an OME document */

static void tiff_free(struct vn_src *src)
{
    struct vn_tiff_src *s = (struct vn_tiff_src *)src;

    while (s->pool.idle) {
        struct vn_tiff *t = s->pool.idle;
        s->pool.idle = t->next;
        vn_tiff_free(t);
    }
    pthread_mutex_destroy(&s->pool.lock);
    vn_tiff_dir_free(&s->dir);
    vn_tiff_meta_free(&s->meta);
    vn_file_src_done(&s->f);
    vn_free(s->text);
    vn_free(s);
}

/* ---- tags ---- */

uint16_t vn_tiff_tag16(TIFF *t, uint32_t tag, uint16_t none)
{
    uint16_t v = none;
    TIFFGetFieldDefaulted(t, tag, &v);
    return v;
}

void vn_tiff_layout_of(TIFF *t, struct vn_tiff_layout *l)
{
    memset(l, 0, sizeof *l);                             /* padding too: layouts are compared as bytes */
    TIFFGetField(t, TIFFTAG_IMAGEWIDTH, &l->w);
    TIFFGetField(t, TIFFTAG_IMAGELENGTH, &l->h);
    l->bits = vn_tiff_tag16(t, TIFFTAG_BITSPERSAMPLE, 1);
    l->samples = vn_tiff_tag16(t, TIFFTAG_SAMPLESPERPIXEL, 1);
    l->planar = l->samples > 1 ? vn_tiff_tag16(t, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) : PLANARCONFIG_CONTIG;
    l->format = vn_tiff_tag16(t, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
    if (l->format == SAMPLEFORMAT_VOID)
        l->format = SAMPLEFORMAT_UINT;
    l->photo = PHOTOMETRIC_MINISBLACK;
    TIFFGetField(t, TIFFTAG_PHOTOMETRIC, &l->photo);
}

static int unsupported(const struct vn_tiff_src *s, const char *what, struct vn_err *err)
{
    return vn_fail(err, VN_E_UNSUPPORTED, "'%s' holds %s, which this version does not read", s->f.path, what);
}

/* Type of a decoded sample, after bits were widened to whole bytes.  Lab's a and b are signed. */
static int stored_type(const struct vn_tiff_layout *l, int sample)
{
    static const int whole[2][4] = { { VN_U8, VN_U16, VN_U32, VN_S_U64 }, { VN_I8, VN_I16, VN_I32, VN_S_I64 } };
    int wide = l->bits <= 8 ? 0 : l->bits <= 16 ? 1 : l->bits <= 32 ? 2 : 3;
    bool lab = l->photo == PHOTOMETRIC_CIELAB && sample >= 1 && sample <= 2 && (l->bits == 8 || l->bits == 16);

    if (l->bits < 1 || l->bits > 64)
        return VN_S_NONE;
    if (l->format == SAMPLEFORMAT_UINT || l->format == SAMPLEFORMAT_INT)
        return whole[l->format == SAMPLEFORMAT_INT || lab][wide];
    if (l->format == SAMPLEFORMAT_IEEEFP)
        return l->bits == 16 ? VN_S_F16 : l->bits == 32 || l->bits == 24 ? VN_F32 : l->bits == 64 ? VN_F64 : VN_S_NONE;
    return VN_S_NONE;
}

/* Schemes that libtiff has no name for when they are not built in. */
static const char *scheme_name(uint16_t scheme)
{
    static const struct { uint16_t scheme; const char *name; } list[] = {
        { 33003, "JPEG 2000" }, { 33004, "JPEG 2000" }, { 33005, "JPEG 2000" }, { 34712, "JPEG 2000" }, { 34892, "lossy JPEG" }, { 22610, "JPEG XR" },
        { 34934, "JPEG XR" }, { 50002, "JPEG XL" }, { 52546, "JPEG XL" }, { 34713, "Nikon NEF" }, { 34887, "LERC" }, { 50000, "ZSTD" }, { 50001, "WEBP" },
        { 34925, "LZMA" }, { 34661, "JBIG" }, { 34926, "Zstandard (older number)" }, { 34933, "PNG" }, { 7, "JPEG" }, { 6, "old-style JPEG" },
    };
    const TIFFCodec *c = TIFFFindCODEC(scheme);
    for (size_t i = 0; i < VN_COUNT(list); i++)
        if (list[i].scheme == scheme)
            return list[i].name;
    return c ? c->name : "unknown";
}

/* What libtiff is to turn into RGB, and what comes out of it. */
static int plan_colour(struct vn_tiff_src *s, TIFF *t, uint16_t scheme, struct vn_err *err)
{
    char why[1024] = "", what[160];

    s->px = s->lay;
    if (s->lay.photo == PHOTOMETRIC_LOGL || s->lay.photo == PHOTOMETRIC_LOGLUV)
        return unsupported(s, "LogLuv colour", err);
    if (s->lay.photo != PHOTOMETRIC_YCBCR)
        return 0;
    s->convert = scheme == COMPRESSION_JPEG && s->lay.planar == PLANARCONFIG_CONTIG ? VN_TIFF_JPEG_TO_RGB : VN_TIFF_ANY_TO_RGB;
    if (s->lay.samples != 3 || s->lay.bits != 8 || (s->convert == VN_TIFF_ANY_TO_RGB && !TIFFRGBAImageOK(t, why))) {
        snprintf(what, sizeof what, "YCbCr colour of %u samples of %u bits%s%.80s", s->lay.samples, s->lay.bits, why[0] ? ": " : "", why);
        return unsupported(s, what, err);
    }
    s->px.photo = PHOTOMETRIC_RGB;
    s->px.format = SAMPLEFORMAT_UINT;
    s->px.planar = PLANARCONFIG_CONTIG;
    return 0;
}

/* The three tables of the current page's palette and how far to shift them to 8 bits (some writers took 8 bits for 16). */
bool vn_tiff_palette(TIFF *t, const struct vn_tiff_layout *l, uint16_t *map[3], int *shift)
{
    uint16_t all = 0;

    if (l->photo != PHOTOMETRIC_PALETTE || l->samples != 1 || l->bits > 16 || l->format != SAMPLEFORMAT_UINT ||
        !TIFFGetField(t, TIFFTAG_COLORMAP, &map[0], &map[1], &map[2]))
        return false;
    for (int k = 0; k < 3; k++)
        for (size_t i = 0; i < (size_t)1 << l->bits; i++)
            all |= map[k][i];
    *shift = all > 255 ? 8 : 0;
    return true;
}

/* 0: none, or one that changes nothing; 1: greys; 3: colours. */
int vn_tiff_palette_channels(TIFF *t, const struct vn_tiff_layout *l)
{
    uint16_t *map[3];
    bool same = true;
    int shift;

    if (!vn_tiff_palette(t, l, map, &shift))
        return 0;
    for (size_t i = 0; i < (size_t)1 << l->bits; i++) {
        if (map[0][i] != map[1][i] || map[1][i] != map[2][i])
            return 3;
        same = same && map[0][i] >> shift == (int)i;
    }
    return same ? 0 : 1;
}

static int check_layout(struct vn_tiff_src *s, TIFF *t, struct vn_err *err)
{
    const struct vn_tiff_layout *l = &s->lay;
    uint16_t scheme = vn_tiff_tag16(t, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
    uint32_t depth = 1;
    char what[80];
    int rc;

    if (!l->w || !l->h || !l->samples)
        return vn_fail(err, VN_E_FORMAT, "'%s' is %ux%u pixels of %u samples", s->f.path, l->w, l->h, l->samples);
    if (s->dir.other)
        return vn_fail(err, VN_E_UNSUPPORTED, "'%s' is a %s, which this version does not read", s->f.path, s->dir.other);
    if ((TIFFGetField(t, TIFFTAG_IMAGEDEPTH, &depth) && depth > 1) || (TIFFGetField(t, TIFFTAG_TILEDEPTH, &depth) && depth > 1))
        return unsupported(s, "pages with a depth of their own (SGI volumes)", err);
    if (!TIFFIsCODECConfigured(scheme)) {
        snprintf(what, sizeof what, "%s compression (scheme %u)", scheme_name(scheme), scheme);
        return unsupported(s, what, err);
    }
    if (s->dir.page[0].predictor > 1 && scheme != COMPRESSION_LZW && scheme != COMPRESSION_ADOBE_DEFLATE && scheme != COMPRESSION_DEFLATE &&
        scheme != COMPRESSION_ZSTD && scheme != COMPRESSION_LZMA)
        return unsupported(s, "differences (a predictor) without a compression that has them", err);
    if (scheme == COMPRESSION_JPEG && l->bits != 8)
        return unsupported(s, "JPEG compression of more than 8 bits", err);
    if ((rc = plan_colour(s, t, scheme, err)))
        return rc;
    if (stored_type(&s->px, 0) == VN_S_NONE) {
        snprintf(what, sizeof what, "%u-bit %s samples", l->bits, l->format == SAMPLEFORMAT_UINT ? "whole" : l->format == SAMPLEFORMAT_INT ? "signed" :
                 l->format == SAMPLEFORMAT_IEEEFP ? "floating-point" : "complex");
        return unsupported(s, what, err);
    }
    s->palette = vn_tiff_palette_channels(t, l);
    return 0;
}

/* ---- opening ---- */

/* One directory, many images: ImageJ's way past 4 GB is raw planes one after the other. */
static int spread_images(struct vn_tiff_src *s, struct vn_err *err)
{
    struct vn_tiff_page first = s->dir.page[0];
    uint64_t plane = (uint64_t)s->lay.w * s->lay.h * s->lay.samples * (s->lay.bits / 8), n = (uint64_t)s->meta.images, all;

    if (!first.raw || s->convert != VN_TIFF_AS_STORED || s->palette)
        return vn_fail(err, VN_E_UNSUPPORTED, "'%s' says it holds %" PRIu64 " images but has one page, and not of plain uncompressed voxels", s->f.path, n);
    if (!vn_mul(plane, n, &all) || all > s->f.size || first.raw > s->f.size - all)
        return vn_fail(err, VN_E_FORMAT, "'%s' says it holds %" PRIu64 " images of %" PRIu64 " bytes, but the file ends at byte %" PRIu64 ": it was cut short",
                       s->f.path, n, plane, s->f.size);
    struct vn_tiff_page *page = vn_alloc(n * sizeof *page, err);
    if (!page)
        return VN_E_MEMORY;
    for (uint64_t i = 0; i < n; i++) {
        page[i] = first;
        page[i].raw = first.raw + i * plane;
    }
    vn_free(s->dir.page);
    s->dir.page = page;
    s->dir.n = (int64_t)n;
    return 0;
}

/* The pages of the wanted channel and time agree, as far as their directories say, and uncompressed ones are all there. */
static int check_pages(const struct vn_tiff_src *s, int64_t time, struct vn_err *err)
{
    const struct vn_tiff_layout *l = &s->lay;
    const struct vn_tiff_page *first = &s->dir.page[0];
    uint64_t plane = (uint64_t)l->w * l->h * l->bits / 8;

    for (int64_t z = 0; z < s->meta.nz; z++) {
        int64_t i = vn_tiff_meta_page(&s->meta, z, s->plane_c, time);
        const struct vn_tiff_page *p = &s->dir.page[i];
        if ((p->w && p->w != l->w) || (p->h && p->h != l->h))
            return vn_fail(err, VN_E_UNSUPPORTED, "'%s': page %" PRId64 " is %ux%u and page 1 is %ux%u, so they are not planes of one volume",
                           s->f.path, i + 1, p->w, p->h, l->w, l->h);
        if (!p->voxels)
            return vn_fail(err, VN_E_FORMAT, "'%s': page %" PRId64 " has no voxels (neither strips nor tiles)", s->f.path, i + 1);
        if (p->raw && (p->format != first->format || p->photo != first->photo))
            return vn_fail(err, VN_E_UNSUPPORTED, "'%s': page %" PRId64 " has another kind of samples than page 1, so they are not planes of one volume",
                           s->f.path, i + 1);
        if (p->raw && (plane > s->f.size || p->raw > s->f.size - plane))
            return vn_fail(err, VN_E_FORMAT, "'%s' ends at byte %" PRIu64 ", but the voxels of page %" PRId64 " go up to %" PRIu64 ": it was cut short",
                           s->f.path, s->f.size, i + 1, p->raw + plane);
    }
    return 0;
}

static void set_chunk(struct vn_tiff_src *s, TIFF *t)
{
    const int64_t dim[3] = { s->lay.w, s->lay.h, s->meta.nz };
    const size_t size = vn_stored_size(s->f.map.stored) * (s->px.planar == PLANARCONFIG_CONTIG ? s->px.samples : 1);
    int64_t *chunk = s->f.src.chunk;
    uint32_t tw, th, rows = s->lay.h;

    if (TIFFIsTiled(t) && TIFFGetField(t, TIFFTAG_TILEWIDTH, &tw) && TIFFGetField(t, TIFFTAG_TILELENGTH, &th) && tw && th) {
        double bytes = (double)tw * th * (double)size;
        chunk[0] = vn_min64(tw, dim[0]);
        chunk[1] = vn_min64(th, dim[1]);
        chunk[2] = bytes >= 131072 ? 1 : vn_min64(dim[2], (int64_t)(262144 / bytes));
        return;
    }
    TIFFGetField(t, TIFFTAG_ROWSPERSTRIP, &rows);
    vn_chunk_rows(dim, size, s->dir.page[0].raw ? 1 : vn_max64(1, vn_min64(rows, dim[1])), chunk);
}

/* Which samples are the wanted channel. */
static int choose_channel(struct vn_tiff_src *s, const struct vn_open_opt *opt, struct vn_err *err)
{
    const struct vn_tiff_layout *l = &s->px;
    const int64_t n_channel = s->meta.nc * s->per_pixel;

    if (opt->channel < 0 || opt->channel >= n_channel)
        return vn_fail(err, VN_E_ARG, "channel=%d: '%s' has %" PRId64 " channel%s (0 is the first)", opt->channel, s->f.path, n_channel, n_channel > 1 ? "s" : "");
    if (opt->time < 0 || opt->time >= s->meta.nt)
        return vn_fail(err, VN_E_ARG, "time=%d: '%s' has %" PRId64 " time point%s (0 is the first)", opt->time, s->f.path, s->meta.nt, s->meta.nt > 1 ? "s" : "");
    s->plane_c = opt->channel / s->per_pixel;
    s->sample = opt->channel % s->per_pixel;
    s->time = opt->time;
    s->colour = s->palette == 1 ? 0 : s->palette == 3 ? s->sample - 1 : -1;
    if (s->palette)
        s->sample = 0;
    s->f.map.stored = s->colour >= 0 ? VN_U8 : stored_type(l, s->sample);
    if (l->photo == PHOTOMETRIC_MINISWHITE && l->format == SAMPLEFORMAT_UINT && l->bits <= 32)
        s->f.map.invert = (double)((UINT64_C(1) << l->bits) - 1);
    return 0;
}

/* What the user should know about the colours and about what was left out. */
static void tell(const struct vn_tiff_src *s, TIFF *t, enum vn_tiff_as as, const struct vn_open_opt *opt)
{
    const int64_t lost = s->dir.n_dropped;
    const double *um = s->meta.um;

    if (s->convert != VN_TIFF_AS_STORED)
        vn_open_note(opt, "YCbCr colour: channels 0 to 2 are red, green and blue");
    else if (s->palette == 3)
        vn_open_note(opt, "the file shows its values through a palette: channel 0 is the stored values, channels 1 to 3 their red, green and blue");
    else if (s->lay.photo == PHOTOMETRIC_CIELAB || s->lay.photo == PHOTOMETRIC_ICCLAB)
        vn_open_note(opt, "CIE Lab colour: channel 0 is lightness, channels 1 and 2 are a and b");
    else if (s->lay.photo == PHOTOMETRIC_SEPARATED && s->lay.samples == 4 && vn_tiff_tag16(t, TIFFTAG_INKSET, INKSET_CMYK) == INKSET_CMYK)
        vn_open_note(opt, "printing colours: the channels are cyan, magenta, yellow and black");
    if (lost)
        vn_open_note(opt, "%" PRId64 " reduced cop%s or transparency mask%s of the pages left out", lost, lost > 1 ? "ies" : "y", lost > 1 ? "s" : "");
    if (s->dir.n_sub)
        vn_open_note(opt, "%" PRId64 " reduced cop%s (a pyramid below the pages) left out; the pages are read at full size", s->dir.n_sub, s->dir.n_sub > 1 ? "ies" : "y");
    if (s->meta.n_image > 1)
        vn_open_note(opt, "the file holds %" PRId64 " images; this is the first", s->meta.n_image);
    if (as == VN_TIFF_SLICE && um[0] > 0 && !s->meta.step_said && !opt->um)
        vn_open_note(opt, "the slices say %gx%gum a pixel but not their distance Z: voxel=%gx%gxZum gives it", um[0], um[1], um[0], um[1]);
}

/* The first page's tags and the description: everything but the voxels. */
static int read_first(struct vn_tiff_src *s, TIFF *t, enum vn_tiff_as as, const struct vn_open_opt *opt, struct vn_note *note, struct vn_err *err)
{
    struct vn_tiff_facts facts = { .path = s->f.path, .resunit = 1, .n_page = s->dir.n, .companion = s->text != NULL };
    char *text = NULL;
    float x = 0, y = 0;

    vn_tiff_layout_of(t, &s->lay);
    int rc = check_layout(s, t, err);
    if (rc)
        return rc;
    facts.w = s->lay.w;
    facts.h = s->lay.h;
    facts.samples = s->lay.samples;
    if (s->text)
        text = s->text;
    else if (!TIFFGetField(t, TIFFTAG_IMAGEDESCRIPTION, &text))
        text = NULL;
    facts.description = as == VN_TIFF_PAGES ? NULL : text;
    if (TIFFGetField(t, TIFFTAG_XRESOLUTION, &x) && TIFFGetField(t, TIFFTAG_YRESOLUTION, &y)) {
        facts.xres = (double)x;
        facts.yres = (double)y;
    }
    facts.resunit = vn_tiff_tag16(t, TIFFTAG_RESOLUTIONUNIT, 2);
    if ((rc = vn_tiff_meta_read(&facts, &s->meta, err)))
        return rc;
    if (s->meta.images != s->dir.n && (rc = spread_images(s, err)))
        return rc;
    s->per_pixel = s->palette == 3 ? 4 : s->lay.samples;
    if ((rc = choose_channel(s, opt, err)))
        return rc;
    tell(s, t, as, opt);
    if (s->meta.n_file)
        return 0;
    const int64_t dims[3] = { s->lay.w, s->lay.h, s->meta.nz };
    if (as == VN_TIFF_SLICE && dims[2] > 1)
        return vn_fail(err, VN_E_UNSUPPORTED, "'%s' holds %" PRId64 " planes, but the files of a folder of slices hold one each: open it by itself", s->f.path, dims[2]);
    if (as != VN_TIFF_SLICE || s->meta.step_said)
        memcpy(s->f.src.grid.um, s->meta.um, sizeof s->meta.um);
    memcpy(s->f.src.box.hi, dims, sizeof dims);
    if (as == VN_TIFF_VOLUME && text && vn_note_parse(text, strlen(text), dims, note)) {
        bool agree = true;              /* exact sizes from the note, unless the tags were changed since */
        for (int k = 0; k < 3; k++)
            agree = agree && note->um[k] > 0 && s->meta.um[k] > 0 && note->um[k] - s->meta.um[k] < 1e-4 * note->um[k] && s->meta.um[k] - note->um[k] < 1e-4 * note->um[k];
        if (agree)
            memcpy(s->f.src.grid.um, note->um, sizeof note->um);
    }
    set_chunk(s, t);
    return check_pages(s, opt->time, err);
}

/* ---- OME over several files ---- */

static int open_pages(const char *path, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err)
{
    return vn_tiff_open(path, VN_TIFF_PAGES, opt, out, err);
}

/* NAME in the folder of PATH; PATH itself when NAME is empty. */
static char *beside(const char *path, const char *name, struct vn_err *err)
{
    const char *end = strrchr(path, '/');
    if (!name[0])
        return vn_strdup(path, err);
    return vn_sprintf(err, "%.*s%s", name[0] == '/' || !end ? 0 : (int)(end + 1 - path), path, name);
}

/* Planes of the wanted channel and time, and the files that they need. */
static int open_set(struct vn_tiff_src *s, const char *path, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err)
{
    const struct vn_tiff_meta *m = &s->meta;
    struct vn_stack k = { .path = path, .open = open_pages, .channel = s->colour >= 0 && s->palette == 3 ? s->colour + 1 : s->sample,
                          .n_channel = m->nc * s->per_pixel, .n_time = m->nt };
    char missing[300] = "";
    int64_t n_missing = 0;
    int rc = 0;

    memcpy(k.um, m->um, sizeof k.um);
    k.file = vn_calloc((uint64_t)m->n_file, sizeof *k.file, err);
    k.plane = k.file ? vn_calloc((uint64_t)m->nz, sizeof *k.plane, err) : NULL;
    if (!k.plane)
        rc = VN_E_MEMORY;
    for (k.n_file = 0; !rc && k.n_file < m->n_file; k.n_file++)
        if (!(k.file[k.n_file].path = beside(path, m->file[k.n_file], err)))
            rc = VN_E_MEMORY;
    for (k.n_plane = 0; !rc && k.n_plane < m->nz; k.n_plane++) {
        int64_t i = k.n_plane * m->step_z + s->plane_c * m->step_c + s->time * m->step_t;
        struct vn_stack_file *f = &k.file[m->which[i]];
        k.plane[k.n_plane] = (struct vn_stack_plane) { m->which[i], m->map[i] };
        if (f->size || vn_stack_stat(f))
            continue;
        size_t len = strlen(missing);
        if (n_missing++ < 5 && !strstr(missing, m->file[m->which[i]]))
            snprintf(missing + len, sizeof missing - len, "%s'%s'", len ? ", " : "", m->file[m->which[i]]);
    }
    if (!rc && n_missing)
        rc = vn_fail(err, VN_E_IO, "'%s' is one of an OME-TIFF set, of which %" PRId64 " plane%s in files that are not there: %s%s", path, n_missing,
                     n_missing > 1 ? "s lie" : " lies", missing, n_missing > 5 ? ", ..." : "");
    if (!rc)
        return vn_stack_open(&k, opt, out, err);
    vn_stack_free(&k);
    return rc;
}

/* Description of an OME document, or of the first page of the TIFF file at path. */
static int read_document(const char *path, char **out, struct vn_err *err)
{
    struct vn_file_src f;
    struct vn_tiff *t = NULL;
    char *text = NULL;
    size_t n;

    *out = NULL;
    int rc = vn_file_src_init(&f, NULL, path, err);
    if (rc)
        return rc;
    unsigned char head[4] = { 0 };
    if (f.size >= 4 && !(rc = vn_file_pread(&f, head, 0, 4, err)) && memcmp(head, "II", 2) != 0 && memcmp(head, "MM", 2) != 0) {
        *out = vn_file_read(path, MAX_DOCUMENT, &n, err);
        rc = *out ? 0 : err && err->code ? err->code : VN_E_IO;
    } else if (!rc && !(rc = vn_tiff_new(f.fd, path, "rmcO", &t, err))) {
        if (TIFFGetField(t->tif, TIFFTAG_IMAGEDESCRIPTION, &text) && text)
            rc = (*out = vn_strdup(text, err)) ? 0 : VN_E_MEMORY;
        else
            rc = vn_fail(err, VN_E_FORMAT, "'%s' should describe a set of OME-TIFF files but has no description", path);
    }
    vn_tiff_free(t);
    vn_file_src_done(&f);
    return rc;
}

/* The page's description points to another file's. */
static int follow_companion(struct vn_tiff_src *s, TIFF *t, struct vn_err *err)
{
    char *text = NULL, name[512];

    if (s->text || !TIFFGetField(t, TIFFTAG_IMAGEDESCRIPTION, &text) || !vn_ome_companion(text, name, sizeof name))
        return 0;
    char *path = beside(s->f.path, name, err);
    if (!path)
        return VN_E_MEMORY;
    int rc = read_document(path, &s->text, err);
    if (rc)
        vn_err_prefix(err, "'%s' is one of an OME-TIFF set described by '%s'", s->f.path, name);
    vn_free(path);
    return rc;
}

/* ---- a file ---- */

static const struct vn_src_ops tiff_ops = { vn_tiff_read, tiff_free };

/* text: TAKEN; the description to use instead of the file's. whole: path of what the user opened. */
static int open_file(const char *path, const char *whole, char *document, enum vn_tiff_as as, const struct vn_open_opt *opt, struct vn_vol **out,
                     struct vn_err *err)
{
    struct vn_tiff_src *s = vn_calloc(1, sizeof *s, err);
    struct vn_note note = { 0 };
    struct vn_tiff *t = NULL;
    enum vn_kind kind;
    int rc;

    if (!s || (rc = vn_file_src_init(&s->f, &tiff_ops, path, err))) {
        rc = s ? err && err->code ? err->code : VN_E_IO : VN_E_MEMORY;
        vn_free(document);
        vn_free(s);
        return rc;
    }
    s->text = document;
    pthread_mutex_init(&s->pool.lock, NULL);
    if ((rc = vn_tiff_walk(&s->f, &s->dir, err)))
        goto out;
    if ((rc = vn_tiff_take(&s->pool, &s->f, 0, &t, err)) || (rc = vn_tiff_page(t, path, s->dir.page[0].ifd, 0, err)) ||
        (as != VN_TIFF_PAGES && (rc = follow_companion(s, t->tif, err))) || (rc = read_first(s, t->tif, as, opt, &note, err)))
        goto out;
    if (s->meta.n_file) {
        rc = as == VN_TIFF_VOLUME ? open_set(s, whole, opt, out, err) :
             vn_fail(err, VN_E_UNSUPPORTED, "'%s' is one of an OME-TIFF set: open one of its files instead of the folder", path);
        goto out;
    }
    if ((rc = vn_file_kind(opt, &note, s->lay.bits == 1 && (s->colour < 0 || s->palette == 1) ? VN_MASK : VN_IMAGE, &kind, err)) ||
        (rc = vn_rowmap_plan(&s->f.map, kind, path, err)))
        goto out;
    s->plain = s->f.map;
    s->plain.swap = s->dir.swap;
    vn_tiff_give(&s->pool, t);
    return vn_file_src_volume(&s->f, opt, &note, kind, s->meta.nc * s->per_pixel, s->meta.nt, out, err);
out:
    vn_tiff_give(&s->pool, t);
    tiff_free(&s->f.src);
    return rc;
}

int vn_tiff_open(const char *path, enum vn_tiff_as as, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err)
{
    char *text, *member, name[512];
    size_t len = strlen(path);

    if (as != VN_TIFF_VOLUME || len < 4 || strcasecmp(path + len - 4, ".ome") != 0)
        return open_file(path, path, NULL, as, opt, out, err);
    int rc = read_document(path, &text, err);            /* a companion: its first file stands for all */
    if (rc)
        return rc;
    if (!vn_ome_first_file(text, name, sizeof name)) {
        vn_free(text);
        return vn_fail(err, VN_E_FORMAT, "'%s': its OME-XML names no TIFF file", path);
    }
    member = beside(path, name, err);
    if (!member) {
        vn_free(text);
        return VN_E_MEMORY;
    }
    rc = open_file(member, path, text, as, opt, out, err);
    vn_free(member);
    return rc;
}
