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

/* Where a line that takes `room` bytes is broken, from `least` bytes on: at a blank, else behind a comma. */
static size_t fold_at(const char *text, size_t room, size_t least)
{
    size_t n = room;
    if (!text[n])
        return n;
    while (n > least && text[n] != ' ')
        n--;
    if (n > least)
        return n;
    for (n = room; n > least && text[n - 1] != ',';)
        n--;
    return n > least ? n : room;
}

/* hang: indent of all lines but the first, of which `least` bytes stay together. */
static void add_folded(struct vn_log *l, enum vn_log_kind kind, const char *text, int columns, int hang, size_t least)
{
    char line[1300];
    for (int indent = 0; *text; indent = hang, least = 0) {
        const size_t room = vn_text_cut(text, columns > 20 ? columns - indent : 20);
        const size_t n = fold_at(text, room, least);
        size_t shown = n;
        while (shown > 0 && text[shown - 1] == ' ')
            shown--;
        snprintf(line, sizeof line, "%*s%.*s", indent, "", (int)shown, text);
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
    add_folded(l, kind, counted ? counted : text, columns, 2, 0);
    vn_free(counted);
    l->rows = l->n > before ? l->n - before : 0;         /* 0 when the oldest went for it: not counted together */
}

void vn_log_result(struct vn_log *l, const char *text, int columns)
{
    const size_t blank = strspn(text, " "), key = blank + strcspn(text + blank, " "), gap = strspn(text + key, " ");
    const bool has_key = gap > 1 && text[key + gap];
    const size_t value = has_key ? key + gap : blank, together = value < (size_t)columns / 2 ? value : blank;

    if (vn_text_width(text) <= columns || columns <= 20 || strstr(text + value, "  ")) {
        vn_log_add(l, VN_LOG_TEXT, text);
        return;
    }
    l->rows = 0;
    add_folded(l, VN_LOG_TEXT, text, columns, together != value ? 4 : value > 0 ? (int)value : 2, together);
}

int vn_log_newest(const struct vn_log *l, int rows, int at[VN_LOG_ROWS])
{
    rows = rows < VN_LOG_ROWS ? rows : VN_LOG_ROWS;
    int end = l->n, n = 0;
    while (end > 0 && (l->line[end - 1].kind == VN_LOG_TEXT || l->line[end - 1].kind == VN_LOG_FOLLOWS))
        end--;
    int first = end;                                     /* of the last error, or the notes */
    while (first > 0 && vn_log_said(&l->line[first - 1]))
        first--;
    if (first >= end || first >= l->n - rows)            /* none, or seen anyway */
        first = end = l->n - rows > 0 ? l->n - rows : 0;
    const bool said = first < end;
    for (; first < end && n < rows; first++)
        at[n++] = first;
    int from = l->n;
    for (int room = rows - n; from > end && room > 0; from--)
        room -= !said || l->line[from - 1].kind != VN_LOG_FOLLOWS;
    for (; n < rows && from < l->n; from++)
        if (!said || l->line[from].kind != VN_LOG_FOLLOWS)
            at[n++] = from;
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
