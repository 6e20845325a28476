/* prompt.h - the command line: GNU Readline as an editor without a terminal of its own.
 * Readline keeps one line in static variables, so there is one prompt. */
#ifndef VN_PROMPT_H
#define VN_PROMPT_H
#include "cmd.h"
#include "input.h"

struct vn_prompt_hooks {
    void *ctx;
    void (*line)(void *ctx, const char *line);         /* Enter; NULL: end of file (Ctrl-D on an empty line) */
    void (*list)(void *ctx, const char *text);         /* completions to be shown */
    int  (*room)(void *ctx);                           /* columns that there are for them, in all rows */
};
/* Reads the history file; never fails (no history then). */
void vn_prompt_open(struct vn_session *s, const struct vn_prompt_hooks *h);
void vn_prompt_close(void);                            /* writes the history */
void vn_prompt_key(const struct vn_event *ev);
void vn_prompt_paste(const char *text, size_t n);      /* newlines become "; "; comments and control characters are dropped */
void vn_prompt_clear(void);
bool vn_prompt_empty(void);
bool vn_prompt_vi(void);                               /* vi keys: ESC belongs to the editor */
void vn_prompt_hint(struct vn_str *b);                 /* what is expected at the cursor; appended to b */
/* What stands on the line from the column that keeps the cursor visible in `columns`. Appended to b; returns the cursor's column. */
int  vn_prompt_show(int columns, struct vn_str *b);
#endif
