/* words.c - one command line into words: blanks separate, quotes hold together, ';' ends, '#' starts a comment. */
#include "cmd.h"
#include "mem.h"
#include <string.h>

void vn_words_free(struct vn_words *w)
{
    for (int i = 0; w->w && i < w->n; i++)
        vn_free(w->w[i]);
    vn_free(w->w);
    vn_free(w->quoted);
    *w = (struct vn_words){ 0 };
}

/* Length of the word at s, quotes included; -1 when a quote is not closed. */
static int span(const char *s)
{
    int n = 0;
    for (char q = 0; s[n]; n++) {
        if (q)
            q = s[n] == q ? 0 : q;
        else if (s[n] == '"' || s[n] == '\'')
            q = s[n];
        else if (strchr(" \t\r\n;", s[n]))
            return n;
        if (q && !s[n + 1])
            return -1;
    }
    return n;
}

static char *unquote(const char *s, int n, struct vn_err *err)
{
    char *out = vn_alloc((uint64_t)n + 1, err), *o = out, q = 0;
    for (int i = 0; out && i < n; i++) {
        if (q && s[i] == q)
            q = 0;
        else if (!q && (s[i] == '"' || s[i] == '\''))
            q = s[i];
        else
            *o++ = s[i];
    }
    if (out)
        *o = '\0';
    return out;
}

int vn_words_split(const char *line, const char **rest, struct vn_words *out, struct vn_err *err)
{
    struct vn_words w = { 0 };
    int cap = 0, rc;

    *rest = NULL;
    for (const char *s = line;;) {
        s += strspn(s, " \t\r\n");
        if (!*s || *s == '#')
            break;
        if (*s == ';') {
            *rest = s + 1;
            break;
        }
        const int n = span(s);
        if (n < 0) {
            rc = vn_fail(err, VN_E_USAGE, "a quote is not closed: %s", s);
            goto fail;
        }
        if (w.n == cap) {
            char **more = vn_realloc(w.w, (uint64_t)(cap + 16) * sizeof *more, err);
            if (more)
                w.w = more;
            bool *flags = more ? vn_realloc(w.quoted, (uint64_t)(cap + 16) * sizeof *flags, err) : NULL;
            rc = VN_E_MEMORY;
            if (!flags)
                goto fail;
            w.quoted = flags;
            cap += 16;
        }
        w.quoted[w.n] = *s == '"' || *s == '\'';
        rc = VN_E_MEMORY;
        if (!(w.w[w.n] = unquote(s, n, err)))
            goto fail;
        w.n++;
        s += n;
    }
    *out = w;
    return 0;
fail:
    vn_words_free(&w);
    return rc;
}
