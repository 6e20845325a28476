/* test_text.c - columns, numbers, growing strings, suggestions; messages and keys, which are text too. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "err.h"
#include "key.h"
#include "mem.h"
#include "text.h"

static void widths_are_those_of_a_terminal(void **state)
{
    (void)state;
    assert_int_equal(vn_text_width(""), 0);
    assert_int_equal(vn_text_width("abc"), 3);
    assert_int_equal(vn_text_width("\u8840\u7ba1"), 4);            /* two Chinese characters */
    assert_int_equal(vn_text_width("\ud608\uad00"), 4);            /* two Korean syllables */
    assert_int_equal(vn_text_width("e\u0301"), 1);                 /* a combining accent */
    assert_int_equal(vn_text_width("\u00b5m\u00b3"), 3);
    assert_int_equal(vn_text_width("a\xff\xfe" "b"), 4);           /* bytes that are no UTF-8 */
    assert_int_equal(vn_text_width("\xe8\xa1"), 2);                /* a character cut off */
    assert_int_equal(vn_text_width("\xc0\xaf"), 2);                /* an overlong slash */
    assert_int_equal(vn_text_width("\xed\xa0\x80"), 3);            /* a surrogate */
    assert_int_equal(vn_text_width("\xf5\x80\x80\x80"), 4);
}

static void cutting_keeps_characters_whole(void **state)
{
    (void)state;
    assert_int_equal(vn_text_cut("abc", 2), 2);
    assert_int_equal(vn_text_cut("abc", 9), 3);
    assert_int_equal(vn_text_cut("\u8840\u7ba1", 3), 3);
    assert_int_equal(vn_text_cut("\u8840\u7ba1", 1), 0);
    assert_int_equal(vn_text_cut("e\u0301x", 1), 3);               /* the accent goes with its letter */
    assert_int_equal(vn_text_cut("abc", 0), 0);
}

static void byte_counts_round_across_units(void **state)
{
    (void)state;
    char out[16];
    assert_string_equal(vn_text_bytes(0, out), "0 B");
    assert_string_equal(vn_text_bytes(999, out), "999 B");
    assert_string_equal(vn_text_bytes(1000, out), "1.0 kB");
    assert_string_equal(vn_text_bytes(1049, out), "1.0 kB");
    assert_string_equal(vn_text_bytes(1050, out), "1.1 kB");
    assert_string_equal(vn_text_bytes(999949, out), "999.9 kB");
    assert_string_equal(vn_text_bytes(999950, out), "1.0 MB");
    assert_string_equal(vn_text_bytes(1234567890, out), "1.2 GB");
    assert_string_equal(vn_text_bytes(8000000000u, out), "8.0 GB");
    assert_string_equal(vn_text_bytes(UINT64_MAX, out), "18.4 EB");
}

static void reals_read_back_as_themselves(void **state)
{
    (void)state;
    char out[32];
    assert_string_equal(vn_text_real(0.1, out), "0.1");
    assert_string_equal(vn_text_real(3, out), "3");
    assert_string_equal(vn_text_real(1e-7, out), "1e-07");
    assert_string_equal(vn_text_real(0.1 + 0.2, out), "0.30000000000000004");
    assert_string_equal(vn_text_real(-0.0, out), "-0");
    assert_string_equal(vn_text_real(NAN, out), "nan");
    assert_string_equal(vn_text_real(-INFINITY, out), "-inf");
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {                               /* any bits (xorshift64, Marsaglia 2003) */
        double v;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        memcpy(&v, &x, sizeof v);
        if (!isfinite(v))
            continue;
        assert_true(strtod(vn_text_real(v, out), NULL) == v);
    }
}

static void sizes_are_read(void **state)
{
    (void)state;
    const struct { const char *s; uint64_t v; } good[] = {
        { "0", 0 }, { "12345", 12345 }, { "2G", 2000000000 }, { "512M", 512000000 }, { "100k", 100000 },
        { "100K", 100000 }, { "1.5G", 1500000000 }, { "0.25kB", 250 }, { "3B", 3 }, { "18E", 18000000000000000000u },
        { "18446744073709551615", UINT64_MAX }, { "2.0000000001k", 2000 },
    };
    const char *bad[] = { "", "G", "-1", "1x", "1GG", "1 G", " 1", "1e9", "0x10", "19E", "18446744073709551616",
                          "18.9E", "1G2", ".5G", "\xff" };
    struct vn_err err;

    for (size_t i = 0; i < VN_COUNT(good); i++) {
        uint64_t v;
        assert_int_equal(vn_text_size(good[i].s, &v, &err), 0);
        assert_true(v == good[i].v);
    }
    for (size_t i = 0; i < VN_COUNT(bad); i++) {
        uint64_t v;
        assert_int_equal(vn_text_size(bad[i], &v, &err), VN_E_ARG);
        assert_non_null(strstr(err.msg, bad[i]));
    }
}

static void suggestions_are_near(void **state)
{
    (void)state;
    const char *const verbs[] = { "open", "close", "threshold", "skeleton", "segment", "denoise", "mip", NULL };

    assert_string_equal(vn_text_nearest("opne", verbs), "open");
    assert_string_equal(vn_text_nearest("treshold", verbs), "threshold");
    assert_string_equal(vn_text_nearest("Skeletn", verbs), "skeleton");
    assert_string_equal(vn_text_nearest("denose", verbs), "denoise");
    assert_string_equal(vn_text_nearest("thresh", verbs), "threshold");
    assert_string_equal(vn_text_nearest("mpi", verbs), "mip");
    assert_null(vn_text_nearest("quit", verbs));
    assert_null(vn_text_nearest("", verbs));
    assert_null(vn_text_nearest("x", verbs));
    char word[200];
    memset(word, 'a', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    assert_null(vn_text_nearest(word, verbs));
}

static void strings_grow_and_fail_once(void **state)
{
    (void)state;
    struct vn_str b = { 0 };

    vn_str_add(&b, "");
    assert_string_equal(b.s, "");
    for (int i = 0; i < 1000; i++)
        vn_str_addf(&b, "%d,", i);
    assert_int_equal(b.n, 10 * 2 + 90 * 3 + 900 * 4);
    assert_int_equal(strlen(b.s), b.n);
    vn_str_addn(&b, "a\0b", 3);
    assert_memory_equal(b.s + b.n - 3, "a\0b", 4);
    size_t n = b.n, room = b.cap - b.n;
    char *big = vn_calloc(room + 1, 1, NULL);
    memset(big, 'x', room);
    vn_mem_fail_at(1);
    vn_str_add(&b, big);
    assert_true(b.failed);
    assert_int_equal(b.n, n);
    vn_str_add(&b, "y");                    /* nothing after a failure: no holes in the text */
    assert_int_equal(b.n, n);
    vn_str_free(&b);
    assert_null(b.s);
    vn_free(big);
}

static void messages_are_cut_between_characters(void **state)
{
    (void)state;
    struct vn_err err;
    char longer[3001] = "";

    for (int i = 0; i < 1000; i++)
        memcpy(longer + 3 * i, "\u8840", 4);
    assert_int_equal(vn_fail(&err, VN_E_FORMAT, "%s", longer), VN_E_FORMAT);
    assert_int_equal(strlen(err.msg), 999);                         /* 333 characters of 3 bytes */
    assert_int_equal(vn_fail(&err, VN_E_FORMAT, "ab%s", longer), VN_E_FORMAT);
    assert_int_equal(strlen(err.msg), 2 + 996);                     /* not 2 + 997: that would be a third of one */
    assert_int_equal(vn_err_prefix(&err, "file '%s'", "x"), VN_E_FORMAT);
    assert_int_equal(strncmp(err.msg, "file 'x': ab\u8840", 15), 0);
    assert_int_equal(vn_text_width(err.msg), 12 + 2 * (int)((strlen(err.msg) - 12) / 3));
    vn_fail(&err, VN_E_IO, "one");
    vn_fail(&err, VN_E_ARG, "%s, two", err.msg);                    /* its own message as an argument */
    assert_string_equal(err.msg, "one, two");
    assert_int_equal(vn_fail(NULL, VN_E_IO, "x"), VN_E_IO);
    assert_string_equal(vn_code_name(VN_E_ARG), "argument");
    assert_string_equal(vn_code_name(-77), "internal");
}

/* Reference values: FNV-1a 128 of "", "a" and "foobar" from the authors' test suite (test_fnv.c). */
static void keys_are_fnv1a(void **state)
{
    (void)state;
    char hex[33];
    vn_key_hex(vn_key_start(), hex);
    assert_string_equal(hex, "6c62272e07bb014262b821756295c58d");
    vn_key_hex(vn_key_add(vn_key_start(), "a", 1), hex);
    assert_string_equal(hex, "d228cb696f1a8caf78912b704e4a8964");
    vn_key_hex(vn_key_add(vn_key_start(), "foobar", 6), hex);
    assert_string_equal(hex, "343e1662793c64bf6f0d3597ba446f18");
    struct vn_key a = vn_key_str(vn_key_str(vn_key_start(), "ab"), "c");
    struct vn_key b = vn_key_str(vn_key_str(vn_key_start(), "a"), "bc");
    assert_false(vn_key_same(a, b));
    assert_true(vn_key_same(a, a));
}

static void strange_text_is_shown_by_number(void **state)
{
    (void)state;
    static const char *const row[][2] = {
        { "plain \355\225\234 text", "plain \355\225\234 text" }, { "a\033[2Jb\007", "a\\x1b[2Jb\\x07" }, { "\302\233c", "\\x9bc" }, { "\233\377", "\\x9b\\xff" },
        { "x\342\200\256gnp", "x\\u202egnp" }, { "one\ntwo\t\r", "one\ntwo\\x09\\x0d" }, { "\177", "\\x7f" }, { "", "" },
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct vn_str b = { 0 };
        vn_str_add(&b, "");
        vn_str_plain(&b, row[i][0], "\n");
        assert_string_equal(b.s ? b.s : "", row[i][1]);
        vn_str_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths_are_those_of_a_terminal),
        cmocka_unit_test(cutting_keeps_characters_whole),
        cmocka_unit_test(byte_counts_round_across_units),
        cmocka_unit_test(reals_read_back_as_themselves),
        cmocka_unit_test(sizes_are_read),
        cmocka_unit_test(suggestions_are_near),
        cmocka_unit_test(strings_grow_and_fail_once),
        cmocka_unit_test(messages_are_cut_between_characters),
        cmocka_unit_test(keys_are_fnv1a),
        cmocka_unit_test(strange_text_is_shown_by_number),
    };
    vn_mem_init(0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
