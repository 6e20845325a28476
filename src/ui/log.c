/* log.c - lines of text that were printed. */
#include "log.h"
#include "mem.h"
#include <stdio.h>
#include <string.h>

enum { MAX_LINES = 4000 };

static void add_line(struct vn_log *l, enum vn_log_kind kind, const char *s, size_t n)
{
    if (l->n == MAX_LINES) {
        vn_free(l->line[0].s);
        memmove(l->line, l->line + 1, (size_t)(MAX_LINES - 1) * sizeof *l->line);
        l->n--;
    }
    if (l->n == l->cap) {
        struct vn_log_line *more = vn_realloc(l->line, (uint64_t)(l->cap * 2 + 64) * sizeof *more, NULL);
        if (!more)
            return;
        l->line = more;
        l->cap = l->cap * 2 + 64;
    }
    struct vn_str b = { 0 }, line = { 0 };
    vn_str_addn(&line, s, n);
    for (char *p = line.s, *end; p && *p; p = end + (*end != '\0')) {     /* between tabs */
        const bool tab = *(end = p + strcspn(p, "\t"));
        *end = '\0';
        vn_str_plain(&b, p, "");
        if (tab) {
            vn_str_add(&b, "    ");
            *end = '\t';
        }
    }
    b.failed |= line.failed;
    vn_str_free(&line);
    if (!b.s)
        vn_str_add(&b, "");
    if (b.failed || !b.s)
        vn_str_free(&b);
    else
        l->line[l->n++] = (struct vn_log_line){ kind, b.s };
}

void vn_log_add(struct vn_log *l, enum vn_log_kind kind, const char *text)
{
    l->rows = 0;
    for (;;) {
        size_t n = strcspn(text, "\n");
        add_line(l, kind, text, n);
        if (!text[n] || !text[n + 1])
            return;
        text += n + 1;
    }
}

static void add_folded(struct vn_log *l, enum vn_log_kind kind, const char *text, int columns)
{
    char line[1300];
    for (int indent = 0; *text; indent = 2) {
        const size_t room = vn_text_cut(text, columns > 20 ? columns - indent : 20);
        size_t n = room;
        while (text[n] && n && text[n] != ' ')
            n--;
        n = n ? n : room;
        snprintf(line, sizeof line, "%*s%.*s", indent, "", (int)n, text);
        vn_log_add(l, kind, line);
        text += n + strspn(text + n, " ");
    }
}

void vn_log_say(struct vn_log *l, enum vn_log_kind kind, const char *text, int columns)
{
    const bool again = kind == VN_LOG_ERROR && l->rows && l->last && !strcmp(l->last, text);
    if (again) {
        for (; l->rows; l->rows--)
            vn_free(l->line[--l->n].s);
        l->times++;
    } else {
        vn_free(l->last);
        l->last = kind == VN_LOG_ERROR ? vn_strdup(text, NULL) : NULL;
        l->times = 1;
    }
    char *counted = again ? vn_sprintf(NULL, "%s (x%d)", text, l->times) : NULL;
    const int before = l->n;
    add_folded(l, kind, counted ? counted : text, columns);
    vn_free(counted);
    l->rows = l->n > before ? l->n - before : 0;         /* 0 when the oldest went for it: not counted together */
}

int vn_log_newest(const struct vn_log *l, int rows, int at[VN_LOG_ROWS])
{
    rows = rows < VN_LOG_ROWS ? rows : VN_LOG_ROWS;
    int end = l->n, n = 0;
    while (end > 0 && l->line[end - 1].kind == VN_LOG_TEXT)
        end--;
    int first = end;                                     /* of the last error */
    while (first > 0 && l->line[first - 1].kind == VN_LOG_ERROR)
        first--;
    if (first < end && first < l->n - rows)
        for (; first < end && n < (rows > 1 ? rows - 1 : 1) && first < l->n - rows + n + 1; first++)
            at[n++] = first;
    for (int i = l->n - (rows - n) > 0 ? l->n - (rows - n) : 0; n < rows && i < l->n; i++)
        at[n++] = i;
    return n;
}

void vn_log_clear(struct vn_log *l)
{
    vn_free(l->last);
    for (int i = 0; i < l->n; i++)
        vn_free(l->line[i].s);
    vn_free(l->line);
    *l = (struct vn_log){ 0 };
}
