/* expr.h - arithmetic and logic on voxels, parsed from text and computed row by row in double. */
#ifndef VN_EXPR_H
#define VN_EXPR_H
#include "rows.h"

enum { VN_EXPR_TEXT = 1000, VN_EXPR_CODE = 256, VN_EXPR_STACK = 24 };
struct vn_expr {
    struct vn_expr_step { uint8_t op; double k; } code[VN_EXPR_CODE];
    int n;
    bool uses[VN_ROW_IN];          /* volumes a, b, c, d */
    bool place;                    /* x, y or z */
    bool logical;                  /* the outermost operator compares or is of logic: 0 and 1 */
};
/* VN_E_USAGE with the place marked when text is no expression, or is too long or too deep. */
int  vn_expr_parse(const char *text, struct vn_expr *e, struct vn_err *err);
void vn_expr_row(const void *expr, const struct vn_row *r);          /* a vn_row_op */
#endif
