/* note.c - Venule's own lines in files. */
#include "note.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct { const char *word; enum vn_kind kind; } words[] = {
    { "image", VN_IMAGE }, { "prob", VN_PROB }, { "mask", VN_MASK }, { "labels", VN_LABELS },
    { "skeleton", VN_SKELETON },
};

static void add_line(struct vn_str *b, const char *key, const char *text)
{
    vn_str_addf(b, "venule_%s=", key);
    for (const char *s = text; *s; s++)
        vn_str_addn(b, *s == '\n' || *s == '\r' ? " " : s, 1);
    vn_str_add(b, "\n");
}

static void add_ints(struct vn_str *b, const char *key, const int64_t v[3])
{
    vn_str_addf(b, "venule_%s=%" PRId64 ",%" PRId64 ",%" PRId64 "\n", key, v[0], v[1], v[2]);
}

void vn_note_print(const struct vn_vol *v, const char *text, struct vn_str *b)
{
    int64_t dims[3];
    char r[3][32];

    for (int k = 0; k < 3; k++)
        dims[k] = vn_box_dim(&v->box, k);
    add_line(b, "version", VN_VERSION);
    for (size_t i = 0; i < VN_COUNT(words); i++)
        if (words[i].kind == v->kind)
            add_line(b, "kind", words[i].word);
    add_ints(b, "dims", dims);
    add_ints(b, "grid", v->grid.dim);
    add_ints(b, "origin", v->box.lo);
    vn_str_addf(b, "venule_um=%s,%s,%s\n", vn_text_real(v->grid.um[0], r[0]), vn_text_real(v->grid.um[1], r[1]),
                vn_text_real(v->grid.um[2], r[2]));
    if (v->grid.frame.h[0] || v->grid.frame.h[1])
        vn_str_addf(b, "venule_frame=%" PRIx64 ",%" PRIx64 "\n", v->grid.frame.h[0], v->grid.frame.h[1]);
    if (text && *text)
        add_line(b, "note", text);
    const char *s = v->edits ? v->edits : "";
    for (int i = 1; *s; i++, s += strcspn(s, "\n"), s += *s == '\n')
        vn_str_addf(b, "venule_edit%d=%.*s\n", i, (int)strcspn(s, "\n"), s);
}

void vn_note_edits(const struct vn_note *note, struct vn_str *b)
{
    const char *p = note->text, *end = p + note->n_text;
    for (int i = 1; p; i++) {
        char want[40];
        const size_t len = (size_t)snprintf(want, sizeof want, "venule_edit%d", i);
        if (!(p = memmem(p, (size_t)(end - p), want, len)))
            return;
        p += len;
        p += p < end && *p == ':';
        if (p == end || *p++ != '=')
            return;
        const char *from = p;
        while (p < end && *p && *p != '\n' && *p != '\r')
            p++;
        if (p == end)
            return;                              /* the file's head was cut here */
        vn_str_addn(b, from, (size_t)(p - from));
        vn_str_add(b, "\n");
    }
}

/* Copies the value of a line "venule_KEY=..." (":=" in NRRD) of text (n bytes, not terminated) into out; false when
 * there is none. */
static bool find_line(const char *text, size_t n, const char *key, char out[128])
{
    char want[40];
    size_t len = (size_t)snprintf(want, sizeof want, "venule_%s", key), k = 0;
    const char *p = n ? text : NULL, *end = text + n;

    while (p && (p = memmem(p, (size_t)(end - p), want, len))) {
        p += len;
        p += p < end && *p == ':';
        if (p < end && *p == '=')
            break;
    }
    if (!p)
        return false;
    for (p++; p < end && *p && *p != '\n' && *p != '\r' && k < 127; p++)
        out[k++] = *p;
    out[k] = 0;
    return true;
}

static bool find_ints(const char *text, size_t n, const char *key, int64_t v[3])
{
    char s[128];
    return find_line(text, n, key, s) && sscanf(s, "%" SCNd64 ",%" SCNd64 ",%" SCNd64, &v[0], &v[1], &v[2]) == 3;
}

bool vn_note_parse(const char *text, size_t n, const int64_t dims[3], struct vn_note *out)
{
    struct vn_note o = { 0 };
    char s[128];

    if (!find_line(text, n, "kind", s))
        return false;
    for (size_t i = 0; i < VN_COUNT(words); i++)
        if (strcmp(s, words[i].word) == 0)
            o.kind = words[i].kind;
    if (!o.kind || !find_ints(text, n, "dims", o.dims) || !find_ints(text, n, "grid", o.grid) ||
        !find_ints(text, n, "origin", o.origin))
        return false;
    for (int k = 0; k < 3; k++)
        if (o.dims[k] != dims[k] || o.origin[k] < 0 || o.grid[k] < dims[k] || o.grid[k] > (INT64_C(1) << 40) ||
            o.origin[k] > o.grid[k] - dims[k])
            return false;
    if (!find_line(text, n, "um", s) || sscanf(s, "%lf,%lf,%lf", &o.um[0], &o.um[1], &o.um[2]) != 3)
        return false;
    for (int k = 0; k < 3; k++)
        if (!isfinite(o.um[k]) || o.um[k] < 0)
            return false;
    if (find_line(text, n, "frame", s) && sscanf(s, "%" SCNx64 ",%" SCNx64, &o.frame.h[0], &o.frame.h[1]) != 2)
        return false;
    o.text = text;
    o.n_text = n;
    *out = o;
    return true;
}
