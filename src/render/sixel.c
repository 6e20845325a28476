/* sixel.c - pictures as DEC sixels (DEC STD 070, chapter 9: bands of six rows, one pass a colour, runs counted). */
#include "sixel.h"
#include <stdlib.h>
#include <string.h>
#include "mem.h"

enum { BINS = 1 << 15, BAND = 6, MOST = 1000 };      /* MOST: pixels either way that every terminal takes (xterm: maxGraphicSize) */

struct palette {
    int n, n_grey;                       /* the first n_grey are greys, darkest first */
    uint8_t percent[256][3];
    uint8_t of[BINS];                    /* the colour of each bin of five bits a channel */
};

static unsigned bin_of(const uint8_t *p) { return (unsigned)(p[0] >> 3 << 10 | p[1] >> 3 << 5 | p[2] >> 3); }
static bool is_grey(const uint8_t *p) { return p[0] == p[1] && p[1] == p[2]; }

static unsigned color_of(const struct palette *pal, const uint8_t *p)
{
    return is_grey(p) ? (unsigned)(p[0] * (pal->n_grey - 1) + 127) / 255 : pal->of[bin_of(p)];
}

/* ---- palette ---- */

struct bin { uint32_t n, id; uint64_t sum[3]; };
struct group { size_t from, to; };       /* bins that share a colour */

static int by_channel(const void *a, const void *b, void *shift)
{
    const struct bin *p = a, *q = b;
    const uint32_t u = p->id >> *(int *)shift & 31, v = q->id >> *(int *)shift & 31;
    return u != v ? (u > v) - (u < v) : (p->id > q->id) - (p->id < q->id);
}

/* How much a group would gain from being split: pixels times the widest channel; *shift: where that channel stands. */
static double spread(const struct bin *bin, struct group g, int *shift)
{
    uint64_t n = 0;
    uint32_t widest = 0;
    for (int s = 0; s <= 10; s += 5) {
        uint32_t lo = 31, hi = 0;
        for (size_t i = g.from; i < g.to; i++) {
            const uint32_t v = bin[i].id >> s & 31;
            lo = v < lo ? v : lo;
            hi = v > hi ? v : hi;
        }
        if (hi - lo >= widest && hi >= lo) {
            widest = hi - lo;
            *shift = s;
        }
    }
    for (size_t i = g.from; i < g.to; i++)
        n += bin[i].n;
    return (double)n * widest;
}

/* Median cut (Heckbert 1982): the group with most to gain is split where half of its pixels lie on either side. */
static int cut(struct bin *bin, size_t n, struct group *group, int most)
{
    int n_group = 1;
    group[0] = (struct group){ 0, n };
    while (n_group < most) {
        int best = -1, shift = 0, s;
        double gain = 0;
        for (int k = 0; k < n_group; k++) {
            const double here = spread(bin, group[k], &s);
            if (here > gain) {
                gain = here;
                best = k;
                shift = s;
            }
        }
        if (best < 0)
            break;
        const struct group g = group[best];
        uint64_t half = 0, head = 0;
        size_t at = g.from;
        qsort_r(bin + g.from, g.to - g.from, sizeof *bin, by_channel, &shift);
        for (size_t i = g.from; i < g.to; i++)
            half += bin[i].n;
        do
            head += bin[at++].n;
        while (at + 1 < g.to && 2 * head < half);
        group[best].to = at;
        group[n_group++] = (struct group){ at, g.to };
    }
    return n_group;
}

static uint8_t percent(uint64_t sum, uint64_t n) { return (uint8_t)((sum * 200 + 255 * n) / (510 * n)); }

/* bin: room for BINS. */
static void choose(const struct vn_image *im, int registers, struct bin *bin, struct palette *pal)
{
    const size_t pixels = (size_t)im->w * (size_t)im->h;
    struct group group[256];
    size_t n = 0;
    memset(bin, 0, BINS * sizeof *bin);
    for (size_t i = 0; i < pixels; i++) {
        const uint8_t *p = im->rgb + 3 * i;
        struct bin *b = &bin[bin_of(p)];
        if (is_grey(p))
            continue;
        b->n++;
        for (int k = 0; k < 3; k++)
            b->sum[k] += p[k];
    }
    for (uint32_t id = 0; id < BINS; id++)
        if (bin[id].n) {
            bin[n] = bin[id];
            bin[n++].id = id;
        }
    pal->n_grey = registers >= 128 ? 64 : n ? registers / 2 : registers;
    for (int k = 0; k < pal->n_grey; k++)
        memset(pal->percent[k], percent((uint64_t)k * 255, (uint64_t)pal->n_grey - 1), 3);
    const int n_group = n ? cut(bin, n, group, registers - pal->n_grey) : 0;
    pal->n = pal->n_grey + n_group;
    for (int g = 0; g < n_group; g++) {
        uint64_t sum[3] = { 0 }, count = 0;
        for (size_t i = group[g].from; i < group[g].to; i++) {
            count += bin[i].n;
            for (int k = 0; k < 3; k++)
                sum[k] += bin[i].sum[k];
            pal->of[bin[i].id] = (uint8_t)(pal->n_grey + g);
        }
        for (int k = 0; k < 3; k++)
            pal->percent[pal->n_grey + g][k] = percent(sum[k], count);
    }
}

/* ---- bands ---- */

static char *put_run(char *s, unsigned bits, int n)
{
    if (n > 3) {
        char t[12];
        int k = 0;
        for (int v = n; v; v /= 10)
            t[k++] = (char)('0' + v % 10);
        *s++ = '!';
        while (k)
            *s++ = t[--k];
        n = 1;
    }
    while (n-- > 0)
        *s++ = (char)('?' + bits);
    return s;
}

/* One colour of a band: columns up to `end`. s: room for a byte a column. */
static size_t put_row(const uint8_t *six, int end, char *s)
{
    char *const start = s;
    for (int x = 0, from = 0; x <= end; x++)
        if (x == end || six[x] != six[from]) {
            s = put_run(s, six[from], x - from);
            from = x;
        }
    return (size_t)(s - start);
}

struct band { uint8_t *six; int end[256]; bool used[256], said[256]; char *row; };

/* Rows [y, y + 6) of the picture.  A colour is defined where it is first used. */
static void put_band(const struct vn_image *im, const struct palette *pal, int y, struct band *d, struct vn_str *b)
{
    const int rows = im->h - y < BAND ? im->h - y : BAND;
    memset(d->used, 0, sizeof d->used);
    for (int j = 0; j < rows; j++) {
        const uint8_t *p = im->rgb + 3 * (size_t)(y + j) * (size_t)im->w;
        for (int x = 0; x < im->w; x++, p += 3) {
            const unsigned c = color_of(pal, p);
            uint8_t *six = d->six + (size_t)c * (size_t)im->w;
            if (!d->used[c]) {
                memset(six, 0, (size_t)im->w);
                d->used[c] = true;
                d->end[c] = 0;
            }
            six[x] |= (uint8_t)(1u << j);
            d->end[c] = x >= d->end[c] ? x + 1 : d->end[c];
        }
    }
    const char *sep = "";
    for (int c = 0; c < pal->n; c++) {
        if (!d->used[c])
            continue;
        if (d->said[c])
            vn_str_addf(b, "%s#%d", sep, c);
        else
            vn_str_addf(b, "%s#%d;2;%d;%d;%d#%d", sep, c, pal->percent[c][0], pal->percent[c][1], pal->percent[c][2], c);
        d->said[c] = true;
        vn_str_addn(b, d->row, put_row(d->six + (size_t)c * (size_t)im->w, d->end[c], d->row));
        sep = "$";
    }
    vn_str_add(b, "-");
}

int vn_sixel_encode(const struct vn_image *im, int registers, struct vn_str *b, struct vn_err *err)
{
    registers = registers < 16 ? 16 : registers > 256 ? 256 : registers;
    struct palette *pal = vn_alloc(sizeof *pal, err);
    struct bin *bin = vn_alloc(BINS * sizeof *bin, err);
    struct band *d = vn_calloc(1, sizeof *d, err);
    struct vn_str out = { 0 };
    int rc = pal && bin && d ? 0 : VN_E_MEMORY;
    if (!rc && (!(d->six = vn_alloc(256 * (uint64_t)im->w, err)) || !(d->row = vn_alloc((uint64_t)im->w + 16, err))))
        rc = VN_E_MEMORY;
    if (!rc) {
        choose(im, registers, bin, pal);
        vn_str_addf(&out, "\033P0;1q\"1;1;%d;%d", im->w, im->h);
        for (int y = 0; y < im->h; y += BAND)
            put_band(im, pal, y, d, &out);
        vn_str_add(&out, "\033\\");
        if (!out.failed)
            vn_str_addn(b, out.s, out.n);
        if (out.failed || b->failed)
            rc = vn_fail(err, VN_E_MEMORY, "no memory for a picture of %d x %d pixels", im->w, im->h);
    }
    if (d) {
        vn_free(d->six);
        vn_free(d->row);
    }
    vn_free(pal);
    vn_free(bin);
    vn_free(d);
    vn_str_free(&out);
    return rc;
}

/* ---- what has to be sent ---- */

static bool due(const struct vn_cell *now, const struct vn_cell *old)
{
    return now->ch == VN_CELL_PIXELS && (old->ch != VN_CELL_PIXELS || old->fg != now->fg);
}

/* The cells [x0, x1) x [y0, y1) of the picture, at the place of its first cell. */
static int send_part(const struct vn_image *im, const int at[4], int x0, int y0, int x1, int y1, int registers, struct vn_str *b, struct vn_err *err)
{
    const int cw = im->w / at[2], ch = im->h / at[3];
    struct vn_image part;
    int rc = vn_image_new(&part, (x1 - x0) * cw, (y1 - y0) * ch, err);
    if (rc)
        return rc;
    for (int y = 0; y < part.h; y++)
        memcpy(part.rgb + 3 * (size_t)y * (size_t)part.w, im->rgb + 3 * ((size_t)(y0 * ch + y) * (size_t)im->w + (size_t)(x0 * cw)), 3 * (size_t)part.w);
    vn_str_addf(b, "\033[%d;%dH", at[1] + y0 + 1, at[0] + x0 + 1);
    rc = vn_sixel_encode(&part, registers, b, err);
    vn_image_free(&part);
    return rc;
}

int vn_sixel_emit(const struct vn_image *im, const struct vn_cell *now, const struct vn_cell *old, int cols, const int at[4],
                  int registers, struct vn_str *b, struct vn_err *err)
{
    const int w = at[2], h = at[3], cw = im->w / w, ch = im->h / h;
    bool *left = vn_calloc((uint64_t)w, (uint64_t)h, err);
    int rc = left ? 0 : VN_E_MEMORY;
    for (int y = 0; y < h && !rc; y++)
        for (int x = 0; x < w; x++) {
            const size_t i = (size_t)(at[1] + y) * (size_t)cols + (size_t)(at[0] + x);
            left[y * w + x] = due(&now[i], &old[i]);
        }
    for (int y = 0; y < h && !rc; y++)
        for (int x = 0; x < w && !rc; x++) {
            if (!left[y * w + x])
                continue;
            int x1 = x, y1 = y + 1;
            while (x1 < w && left[y * w + x1] && (x1 + 1 - x) * cw <= MOST)
                x1++;
            for (bool whole = true; y1 < h && whole && (y1 + 1 - y) * ch <= MOST; y1 += whole)       /* down as long as the whole run is due */
                for (int k = x; k < x1 && whole; k++)
                    whole = left[y1 * w + k];
            for (int v = y; v < y1; v++)
                memset(left + v * w + x, 0, (size_t)(x1 - x));
            rc = send_part(im, at, x, y, x1, y1, registers, b, err);
        }
    vn_free(left);
    return rc;
}
