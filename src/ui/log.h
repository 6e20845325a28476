/* log.h - lines of text that were printed: commands, results, errors; the newest are on the screen, all can be read. */
#ifndef VN_LOG_H
#define VN_LOG_H
#include "text.h"

enum vn_log_kind { VN_LOG_TEXT, VN_LOG_ECHO, VN_LOG_ERROR };
struct vn_log_line { enum vn_log_kind kind; char *s; };
struct vn_log { struct vn_log_line *line; int n, cap; };      /* the oldest go when there are too many */

/* Text with newlines becomes several lines, tabs become spaces, control characters are dropped. Lost without memory. */
void vn_log_add(struct vn_log *l, enum vn_log_kind kind, const char *text);
void vn_log_clear(struct vn_log *l);
#endif
