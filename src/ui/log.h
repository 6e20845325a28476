/* log.h - lines of text that were printed: commands, results, errors; the newest are on the screen, all can be read. */
#ifndef VN_LOG_H
#define VN_LOG_H
#include "text.h"

enum vn_log_kind {
    VN_LOG_TEXT, VN_LOG_ECHO, VN_LOG_ERROR,
    VN_LOG_NOTE,                               /* what a command has to say about its result */
    VN_LOG_FOLLOWS,                            /* the echo of a command that follows by itself on the one before */
};
struct vn_log_line { enum vn_log_kind kind; char *s; };
struct vn_log {
    struct vn_log_line *line; int n, cap;      /* the oldest go when there are too many */
    char *last; int times, rows;               /* the message said last, how often, and its lines; rows 0: others came */
};

/* Text with newlines becomes several lines, tabs become spaces, control characters are dropped. Lost without memory. */
void vn_log_add(struct vn_log *l, enum vn_log_kind kind, const char *text);
/* A message: folded at so many columns, where there are spaces; the same error again is the same message, "(x2)". */
void vn_log_say(struct vn_log *l, enum vn_log_kind kind, const char *text, int columns);
/* A line of a result, folded behind its key where it is longer; a row of a table, with more than one wide gap, stays. */
void vn_log_result(struct vn_log *l, const char *text, int columns);
/* The lines that a screen of so many rows shows: the newest, and as long as no other command came, before them the last error or the
 * notes, for which commands that follow by themselves make room. Returns how many. */
enum { VN_LOG_ROWS = 16 };
int  vn_log_newest(const struct vn_log *l, int rows, int at[VN_LOG_ROWS]);
void vn_log_clear(struct vn_log *l);
static inline bool vn_log_said(const struct vn_log_line *l) { return l->kind == VN_LOG_ERROR || l->kind == VN_LOG_NOTE; }
#endif
