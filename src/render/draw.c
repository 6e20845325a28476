/* draw.c - what all figures share: words and numbers in gnuplot's script, page and fonts, and the three files written together. */
#include "draw.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "figview.h"
#include "file.h"
#include "gnuplot.h"
#include "mem.h"

int vn_figure_type(const char *path, enum vn_fig_type *type, struct vn_err *err)
{
    static const char *const end[] = { ".pdf", ".svg", ".png" };
    const size_t n = strlen(path);

    for (int i = 0; i < 3; i++)
        if (n > 4 && !strcasecmp(path + n - 4, end[i])) {
            *type = (enum vn_fig_type)i;
            return 0;
        }
    return vn_fail(err, VN_E_ARG, "'%s' does not end in .pdf, .svg or .png", path);
}

void vn_figure_label(const char *measure, char *out, size_t size)
{
    static const struct { const char *suffix, *unit; } units[] = {
        { "_m_per_mm3", "m/mm³" }, { "_mm_per_mm3", "mm/mm³" }, { "_mm2_per_mm3", "mm²/mm³" }, { "_per_mm3", "1/mm³" },
        { "_per_mm2", "1/mm²" },   { "_per_mm", "1/mm" },       { "_um3", "µm³" },             { "_um2", "µm²" },
        { "_um", "µm" },           { "_mm3", "mm³" },           { "_mm2", "mm²" },             { "_mm", "mm" },
        { "_deg", "degrees" },     { "_percent", "%" },
    };
    const size_t n = strlen(measure);
    struct vn_str b = { 0 };
    size_t keep = n;
    const char *unit = NULL;

    for (size_t i = 0; i < VN_COUNT(units) && !unit; i++) {
        const size_t m = strlen(units[i].suffix);
        if (n > m && !strcmp(measure + n - m, units[i].suffix)) {
            keep = n - m;
            unit = units[i].unit;
        }
    }
    for (size_t i = 0; i < keep; i++)
        vn_str_addn(&b, measure[i] == '_' ? " " : measure + i, 1);
    if (unit)
        vn_str_addf(&b, " (%s)", unit);
    snprintf(out, size, "%s", b.s ? b.s : measure);
    vn_str_free(&b);
}

void vn_draw_quoted(struct vn_str *b, const char *s)
{
    vn_str_add(b, "'");
    for (; *s; s++) {
        if (*s == '\'')
            vn_str_add(b, "''");
        else
            vn_str_addn(b, (unsigned char)*s < 32 || *s == 127 ? " " : s, 1);
    }
    vn_str_add(b, "'");
}

void vn_draw_comment(struct vn_str *b, const char *note)
{
    while (note && *note) {
        const size_t n = strcspn(note, "\n");
        vn_str_add(b, "# ");
        vn_str_addn(b, note, n);
        vn_str_add(b, "\n");
        note += n + (note[n] == '\n');
    }
}

/* 8 points in each: the cairo terminals take a point for 1/72 of 96 dots, SVG counts dots of 1/96 inch, PNG is made for 300
 * dots to the inch. */
static void terminal(struct vn_str *b, enum vn_fig_type t, double width_mm, double height_mm)
{
    const double inch_w = width_mm / 25.4, inch_h = height_mm / 25.4;
    if (t == VN_FIG_PDF)
        vn_str_addf(b, "set terminal pdfcairo noenhanced size %.3fin,%.3fin font 'Arial,8' fontscale 0.75\n", inch_w, inch_h);
    else if (t == VN_FIG_SVG)
        vn_str_addf(b, "set terminal svg noenhanced size %.0f,%.0f font 'Arial,10.67' background rgb 'white'\n", inch_w * 96, inch_h * 96);
    else
        vn_str_addf(b, "set terminal pngcairo noenhanced size %.0f,%.0f font 'Arial,8' fontscale %.3f linewidth 4 pointscale 4.1667\n",
                    inch_w * 300, inch_h * 300, 0.75 * 300 / 72);
}

static const char *leaf(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

void vn_draw_head(struct vn_str *b, const char *path, double width_mm, double height_mm, const char *note, const char *what)
{
    enum vn_fig_type type = VN_FIG_PDF;
    struct vn_str data = { 0 };

    vn_figure_type(path, &type, NULL);
    vn_draw_comment(b, note);
    vn_draw_comment(b, what);
    vn_str_addf(b, "# Draw it again, after changing what you like:  gnuplot %s.gp\nout = ARGC > 0 ? ARG1 : ", leaf(path));
    vn_draw_quoted(b, leaf(path));
    vn_str_add(b, "\ndata = ARGC > 1 ? ARG2 : ");
    vn_str_addf(&data, "%s.dat", leaf(path));
    vn_draw_quoted(b, data.s ? data.s : "");
    b->failed |= data.failed;
    vn_str_free(&data);
    vn_str_add(b, "\nset encoding utf8\n");
    terminal(b, type, width_mm, height_mm);
    vn_str_add(b, "set output out\n");
}

int vn_draw_decimals(double span)
{
    int d = 0;
    for (; span > 0 && span < 100 && d < 6; span *= 10)
        d++;
    return d;
}

void vn_draw_number(struct vn_str *b, double v, int digits)
{
    vn_str_addf(b, "%s%.*f", v < 0 ? "\u2212" : "", digits, fabs(v));
}

static int write_text(const char *path, bool force, const struct vn_str *text, struct vn_file **out, struct vn_err *err)
{
    struct vn_file *f = vn_file_begin(path, force, err);
    if (!f)
        return err->code;
    FILE *s = vn_file_stream(f);
    fwrite(text->s, 1, text->n, s);
    fflush(s);
    *out = f;
    return 0;
}

/* cairo writes the hour into a PDF: 1970 in its place (or SOURCE_DATE_EPOCH's text is what others do; the time of drawing is
 * in no figure here), so that the same data give the same file. */
static int fix_pdf_date(const char *path, struct vn_err *err)
{
    size_t n;
    char *s = vn_file_read(path, 1 << 28, &n, err);
    if (!s)
        return err->code;
    static const char key[] = "/CreationDate (D:";
    FILE *f = fopen(path, "r+b");
    int rc = f ? 0 : vn_fail(err, VN_E_IO, "cannot open '%s' again", path);
    for (size_t i = 0; !rc && i + sizeof key + 14 < n; i++) {
        if (memcmp(s + i, key, sizeof key - 1))
            continue;
        char *d = s + i + sizeof key - 1;
        for (char *e = d; e < s + n && *e != ')'; e++)           /* digits and the zone's sign, in place: offsets stay true */
            *e = *e >= '0' && *e <= '9' ? '0' : *e == '-' ? '+' : *e;
        memcpy(d, "19700101", 8);
        if (fseek(f, (long)i, SEEK_SET) || fwrite(s + i, 1, sizeof key + 30 < n - i ? sizeof key + 30 : n - i, f) == 0)
            rc = vn_fail(err, VN_E_IO, "cannot write '%s'", path);
    }
    if (f && fclose(f) && !rc)
        rc = vn_fail(err, VN_E_IO, "cannot write '%s'", path);
    vn_free(s);
    return rc;
}

int vn_draw_files(const char *path, bool force, const struct vn_str *script, const struct vn_str *data, struct vn_job *job, struct vn_err *err)
{
    struct vn_file *file[3] = { 0 };                   /* figure, script, data */
    char *name[3] = { vn_strdup(path, err), vn_sprintf(err, "%s.gp", path), vn_sprintf(err, "%s.dat", path) };
    enum vn_fig_type type = VN_FIG_PDF;
    int rc = name[0] && name[1] && name[2] ? vn_figure_type(path, &type, err) : VN_E_MEMORY;

    if (!rc && (data->failed || script->failed))
        rc = vn_fail(err, VN_E_MEMORY, "no memory for the text of figure '%s'", path);
    if (!rc && !(file[0] = vn_file_begin(path, force, err)))
        rc = err->code;
    if (!rc)
        rc = write_text(name[1], force, script, &file[1], err);
    if (!rc)
        rc = write_text(name[2], force, data, &file[2], err);
    if (!rc)
        rc = vn_gnuplot(vn_file_temp(file[1]), (const char *const[]){ vn_file_temp(file[0]), vn_file_temp(file[2]), NULL }, job, err);
    if (!rc && type == VN_FIG_PDF)
        rc = fix_pdf_date(vn_file_temp(file[0]), err);
    for (int i = 2; i >= 0 && !rc; i--) {              /* the figure last: when it is there, so are the others */
        rc = vn_file_commit(file[i], err);
        file[i] = NULL;
    }
    if (!rc)
        vn_figview_drawn(path);
    for (int i = 0; i < 3; i++) {
        vn_file_abort(file[i]);
        vn_free(name[i]);
    }
    return rc;
}
