/* draw.h - what all figures share: words and numbers in gnuplot's script, and the three files written together.
 *
 * Every word that comes from the user stands in single quotes in the script: gnuplot runs what stands between backquotes
 * in double ones. */
#ifndef VN_DRAW_H
#define VN_DRAW_H
#include "job.h"
#include "text.h"

enum vn_fig_type { VN_FIG_PDF, VN_FIG_SVG, VN_FIG_PNG };
/* VN_E_ARG when the name ends in none of them. */
int  vn_figure_type(const char *path, enum vn_fig_type *type, struct vn_err *err);
/* "length_density_m_per_mm3" -> "length density (m/mm³)". */
void vn_figure_label(const char *measure, char *out, size_t size);

void vn_draw_quoted(struct vn_str *b, const char *s);      /* 'text' for gnuplot: quotes doubled, control characters as spaces */
void vn_draw_comment(struct vn_str *b, const char *note);  /* "#" before each line; NULL: nothing */
void vn_draw_number(struct vn_str *b, double v, int digits);       /* with a minus sign in place of the hyphen */
int  vn_draw_decimals(double span);                        /* how many show three digits of the span */
/* The script's beginning: note and what as comments, `out` and `data`, the terminal for path's type. */
void vn_draw_head(struct vn_str *b, const char *path, double width_mm, double height_mm, const char *note, const char *what);
/* Writes path (.pdf, .svg or .png) by gnuplot, and beside it path.gp (script) and path.dat (data): all three or none. */
int  vn_draw_files(const char *path, bool force, const struct vn_str *script, const struct vn_str *data, struct vn_job *job, struct vn_err *err);
#endif
