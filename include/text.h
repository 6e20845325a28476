/* text.h - UTF-8 columns, numbers for people, growing strings. */
#ifndef VN_TEXT_H
#define VN_TEXT_H
#include "err.h"

struct vn_str { char *s; size_t n, cap; bool failed; };   /* s is NUL-terminated once anything was added */
void vn_str_add(struct vn_str *b, const char *s);
void vn_str_addn(struct vn_str *b, const char *s, size_t n);
void vn_str_addf(struct vn_str *b, const char *fmt, ...) VN_PRINTF(2, 3);
void vn_str_free(struct vn_str *b);

int  vn_text_width(const char *utf8);                     /* columns (wcwidth); invalid bytes count 1 */
/* Text of unknown origin: what a terminal would obey, or what changes the direction of writing, is shown by its number ("\\x1b",
 * "\\u202e"), but for the characters in keep. Appended to b. */
void vn_str_plain(struct vn_str *b, const char *s, const char *keep);
size_t vn_text_cut(const char *utf8, int columns);        /* bytes that fit into so many columns */
const char *vn_text_bytes(uint64_t bytes, char out[16]);  /* "1.2 GB" (powers of 1000) */
/* Shortest decimal that reads back as v ("0.1", "1e-07", "3"); nan and inf as words. */
const char *vn_text_real(double v, char out[32]);
/* "2G", "512M", "100k" or plain bytes; powers of 1000, as the sizes Venule prints. */
int  vn_text_size(const char *s, uint64_t *bytes, struct vn_err *err);
/* The word of `list` (NULL-ended) nearest to s by edit distance, or NULL when none is near. */
const char *vn_text_nearest(const char *s, const char *const *list);
#endif
