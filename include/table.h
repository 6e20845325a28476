/* table.h - columns with names and units, rows of numbers or words; read and written as CSV.
 * A number that is not known is NaN and an empty field in the file. Column names carry their unit ("length_um"). */
#ifndef VN_TABLE_H
#define VN_TABLE_H
#include <stdio.h>
#include "err.h"
#include "key.h"

struct vn_column { char *name; bool is_text; double *num; char **text; };   /* text[i] owned, never NULL */
struct vn_table { int refs; int n_col; int64_t n_row, cap; struct vn_column *col; char *note; };   /* note: "#" lines of the file */

struct vn_table *vn_table_new(struct vn_err *err);
struct vn_table *vn_table_ref(struct vn_table *t);
void vn_table_unref(struct vn_table *t);
int  vn_table_add_col(struct vn_table *t, const char *name, bool is_text, struct vn_err *err);   /* index, or a code */
int  vn_table_add_row(struct vn_table *t, struct vn_err *err);                                    /* NaN and "" */
int  vn_table_set_text(struct vn_table *t, int64_t row, int col, const char *s, struct vn_err *err);
int  vn_table_find(const struct vn_table *t, const char *name);                                   /* column, or -1 */

/* RFC 4180 with "#" comment lines before the header; numbers written shortest-exact. A column all of whose fields are
 * numbers or empty is numeric. */
int  vn_table_read_csv(const char *path, struct vn_table **out, struct vn_err *err);
int  vn_table_write_csv(const struct vn_table *t, const char *path, bool force, struct vn_err *err);
#endif
