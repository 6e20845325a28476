/* log.c - lines of text that were printed. */
#include "log.h"
#include "mem.h"
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
    struct vn_str b = { 0 };
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '\t')
            vn_str_add(&b, "    ");
        else if (c >= 32 && c != 127)
            vn_str_addn(&b, s + i, 1);
    }
    if (!b.s)
        vn_str_add(&b, "");
    if (b.failed || !b.s)
        vn_str_free(&b);
    else
        l->line[l->n++] = (struct vn_log_line){ kind, b.s };
}

void vn_log_add(struct vn_log *l, enum vn_log_kind kind, const char *text)
{
    for (;;) {
        size_t n = strcspn(text, "\n");
        add_line(l, kind, text, n);
        if (!text[n] || !text[n + 1])
            return;
        text += n + 1;
    }
}

void vn_log_clear(struct vn_log *l)
{
    for (int i = 0; i < l->n; i++)
        vn_free(l->line[i].s);
    vn_free(l->line);
    *l = (struct vn_log){ 0 };
}
