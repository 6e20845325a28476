/* Key tables of all modes: every key means something, and one thing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "../src/ui/mode.h"

struct taken { uint32_t code; unsigned mods; const char *mode, *bind; };

/* Adds the keys of a row to those taken; a key that is there already fails. */
static int take(struct taken *t, int n, const char *mode, const struct vn_bind *b)
{
    for (const char *k = b->keys; k && *k;) {
        char word[24];
        const size_t len = strcspn(k, " ");
        struct taken *new = &t[n];
        snprintf(word, sizeof word, "%.*s", (int)len, k);
        if (!vn_key_parse(word, &new->code, &new->mods))
            fail_msg("%s.%s: '%s' is no key", mode, b->name, word);
        for (int i = 0; i < n; i++)
            if (t[i].code == new->code && t[i].mods == new->mods)
                fail_msg("'%s' is %s.%s and %s.%s", word, t[i].mode, t[i].bind, mode, b->name);
        new->mode = mode;
        new->bind = b->name;
        n++;
        k += len + strspn(k + len, " ");
    }
    return n;
}

static void one_meaning(void **state)
{
    static struct taken t[1024];
    (void)state;
    for (int i = 0; vn_mode_table[i]; i++) {
        const struct vn_mode *m = vn_mode_table[i];
        int n = 0;
        for (const struct vn_bind *b = m->binds; b && b->name; b++)
            n = take(t, n, m->name, b);
        for (int k = 0; m == &vn_mode_browse && vn_mode_table[k]; k++)       /* in browsing, keys that begin modes count as well */
            if (vn_mode_table[k]->open.keys)
                n = take(t, n, vn_mode_table[k]->name, &vn_mode_table[k]->open);
    }
}

static void told(void **state)
{
    (void)state;
    for (int i = 0; vn_mode_table[i]; i++) {
        const struct vn_mode *m = vn_mode_table[i];
        assert_non_null(m->title);
        assert_true(m->open.keys == NULL || (m->open.does && m->open.label && m->open.name));
        assert_true(!m->binds || !m->binds->name || m->binds->does);          /* the first row is told by nothing before it */
        for (const struct vn_bind *b = m->binds; b && b->name; b++) {
            assert_non_null(b->label);
            assert_non_null(b->run);
            assert_ptr_equal(vn_mode_bind(m, b->name), b);                    /* a name stands for one row */
        }
        assert_ptr_equal(vn_mode_find(m->name), m);
    }
    assert_null(vn_mode_find("nothing"));
}

static void key_names(void **state)
{
    static const struct { const char *word; uint32_t code; unsigned mods; } good[] = {
        { "a", 'a', 0 }, { "A", 'A', 0 }, { "-", '-', 0 }, { "C-r", 'r', VN_CTRL }, { "S-Left", VN_KEY_LEFT, VN_SHIFT },
        { "C-M-x", 'x', VN_CTRL | VN_ALT }, { "F1", VN_KEY_F1, 0 }, { "F12", VN_KEY_F1 + 11, 0 }, { "F", 'F', 0 }, { "Space", ' ', 0 },
        { "S-Tab", VN_KEY_BACKTAB, 0 }, { "M--", '-', VN_ALT },
    };
    static const char *const bad[] = { "", "F0", "F13", "ab", "C-", "Lefft", "\x7f", "F1x", "S-", "\xc3\xa9" };
    uint32_t code;
    unsigned mods;
    (void)state;
    for (size_t i = 0; i < VN_COUNT(good); i++) {
        assert_true(vn_key_parse(good[i].word, &code, &mods));
        assert_int_equal(code, good[i].code);
        assert_int_equal(mods, good[i].mods);
    }
    for (size_t i = 0; i < VN_COUNT(bad); i++)
        assert_false(vn_key_parse(bad[i], &code, &mods));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(one_meaning), cmocka_unit_test(told), cmocka_unit_test(key_names) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
