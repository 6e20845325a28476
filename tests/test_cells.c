/* Cells: pixels to glyphs and colours, differences to bytes. Expected values by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "cells.h"
#include "job.h"
#include "mem.h"

static void set(struct vn_image *im, int x, int y, uint32_t rgb)
{
    uint8_t *p = im->rgb + 3 * ((size_t)y * im->w + x);
    p[0] = (uint8_t)(rgb >> 16);
    p[1] = (uint8_t)(rgb >> 8);
    p[2] = (uint8_t)rgb;
}

static void palette_finds_exact_colours(void **state)
{
    (void)state;
    static const int level[6] = { 0, 95, 135, 175, 215, 255 };
    for (int i = 0; i < 216; i++) {                      /* the cube */
        int n = vn_cell_palette(level[i / 36], level[i / 6 % 6], level[i % 6]);
        int r = level[(n - 16) / 36 % 6], g = level[(n - 16) / 6 % 6], b = level[(n - 16) % 6];
        if (n >= 232)
            r = g = b = 8 + 10 * (n - 232);
        assert_int_equal(r, level[i / 36]);
        assert_int_equal(g, level[i / 6 % 6]);
        assert_int_equal(b, level[i % 6]);
    }
    for (int k = 0; k < 24; k++)                         /* the grey ramp */
        assert_int_equal(vn_cell_palette(8 + 10 * k, 8 + 10 * k, 8 + 10 * k), 232 + k);
    assert_int_equal(vn_cell_palette(0, 0, 0), 16);
    assert_int_equal(vn_cell_palette(255, 255, 255), 231);
    assert_int_equal(vn_cell_palette(12, 12, 12), 232);
}

/* Every pattern of two colours in four pixels comes back as its quadrant glyph (Unicode block elements), bright = foreground. */
static void quadrants_are_exact_for_two_colours(void **state)
{
    (void)state;
    static const uint32_t glyph[16] = { 0x20, 0x2598, 0x259D, 0x2580, 0x2596, 0x258C, 0x259E, 0x259B, 0x2597, 0x259A, 0x2590, 0x259C,
                                        0x2584, 0x2599, 0x259F, 0x2588 };
    for (int bits = 1; bits < 15; bits++) {
        struct vn_image im;
        struct vn_cell c;
        assert_int_equal(vn_image_new(&im, 2, 2, NULL), 0);
        for (int i = 0; i < 4; i++)
            set(&im, i & 1, i >> 1, bits >> i & 1 ? 0xf8f8f8 : 0x101010);
        vn_cells_encode(&im, VN_CELL_QUAD, VN_COLOR_TRUE, &c);
        assert_int_equal(c.ch, glyph[bits]);
        assert_int_equal(c.fg, 0xfbfbfb);                /* 64 levels: 0xf8 with its upper bits repeated */
        assert_int_equal(c.bg, 0x101010);
        vn_image_free(&im);
    }
}

static void split_keeps_the_outlier_apart(void **state)
{
    (void)state;
    struct vn_image im;
    struct vn_cell c;
    assert_int_equal(vn_image_new(&im, 2, 2, NULL), 0);
    set(&im, 0, 0, 0x282828);
    set(&im, 1, 0, 0x303030);
    set(&im, 0, 1, 0xf0f0f0);
    set(&im, 1, 1, 0x202020);
    vn_cells_encode(&im, VN_CELL_QUAD, VN_COLOR_256, &c);
    assert_int_equal(c.ch, 0x2596);                      /* lower left */
    assert_int_equal(c.fg, 255);                         /* 240 is nearest to 238 */
    assert_int_equal(c.bg, 235);                         /* mean 40 -> 38 */
    vn_image_free(&im);
}

static void half_and_braille(void **state)
{
    (void)state;
    struct vn_image im;
    struct vn_cell c;
    assert_int_equal(vn_image_new(&im, 1, 2, NULL), 0);
    set(&im, 0, 0, 0xffffff);
    vn_cells_encode(&im, VN_CELL_HALF, VN_COLOR_256, &c);
    assert_int_equal(c.ch, 0x2580);
    assert_int_equal(c.fg, 231);
    assert_int_equal(c.bg, 16);
    vn_image_free(&im);
    assert_int_equal(vn_image_new(&im, 2, 4, NULL), 0);
    set(&im, 0, 0, 0xffffff);                            /* dot 1 */
    set(&im, 1, 3, 0xffffff);                            /* dot 8 */
    vn_cells_encode(&im, VN_CELL_BRAILLE, VN_COLOR_NONE, &c);
    assert_int_equal(c.ch, 0x2881);
    vn_image_free(&im);
}

/* The pixels that are set, from the character's name in Unicode 13 (BLOCK SEXTANT-1 is U+1FB00): 1 2 / 3 4 / 5 6. */
static void sextants_are_those_of_unicode(void **state)
{
    (void)state;
    static const char *const name[60] = {
        "1", "2", "12", "3", "13", "23", "123", "4", "14", "24", "124", "34",
        "134", "234", "1234", "5", "15", "25", "125", "35", "235", "1235", "45", "145",
        "245", "1245", "345", "1345", "2345", "12345", "6", "16", "26", "126", "36", "136",
        "236", "1236", "46", "146", "1246", "346", "1346", "2346", "12346", "56", "156", "256",
        "1256", "356", "1356", "2356", "12356", "456", "1456", "2456", "12456", "3456", "13456", "23456",
    };
    for (int i = 0; i < 60; i++) {
        struct vn_image im;
        struct vn_cell c[2], unknown = { 0 };
        struct vn_str s = { 0 };
        assert_int_equal(vn_image_new(&im, 2, 3, NULL), 0);
        for (int k = 0; k < 6; k++)
            set(&im, k & 1, k >> 1, strchr(name[i], '1' + k) ? 0xffffff : 0);
        vn_cells_encode(&im, VN_CELL_SEXTANT, VN_COLOR_256, &c[0]);
        assert_int_equal(c[0].ch, 0x1FB00 + i);
        assert_int_equal(c[0].fg, 231);
        assert_int_equal(c[0].bg, 16);
        vn_image_free(&im);
        /* 4 bytes in UTF-8; with its colours swapped it is the character of the other pixels, which U+1FB3B - i is */
        c[1] = (struct vn_cell){ 0x1FB00u + (uint32_t)i, 16, 231 };
        const struct vn_cell old[2] = { unknown, unknown };
        char want[80];
        sprintf(want, "\033[1;1H\033[38;5;231;48;5;16m\xf0\x9f\xac%c\xf0\x9f\xac%c\033[0m", 0x80 + i, 0x80 + 59 - i);
        vn_cells_emit(c, old, 2, 1, 0, 0, VN_COLOR_256, &s);
        assert_string_equal(s.s, want);
        vn_str_free(&s);
    }
    assert_int_equal(vn_cell_glyph(VN_CELL_SEXTANT, 21), 0x258C);        /* the halves are older characters */
    assert_int_equal(vn_cell_glyph(VN_CELL_SEXTANT, 42), 0x2590);
    assert_int_equal(vn_cell_glyph(VN_CELL_SEXTANT, 63), 0x2588);
    assert_int_equal(vn_cell_glyph(VN_CELL_SEXTANT, 0), ' ');
}

static void ascii_is_a_ramp_or_coloured_spaces(void **state)
{
    (void)state;
    struct vn_image im;
    struct vn_cell c[256];
    struct vn_str s = { 0 };
    assert_int_equal(vn_image_new(&im, 256, 1, NULL), 0);
    for (int i = 0; i < 256; i++)
        set(&im, i, 0, (uint32_t)i * 0x010101);
    vn_cells_encode(&im, VN_CELL_ASCII, VN_COLOR_NONE, c);
    assert_int_equal(c[0].ch, ' ');
    assert_int_equal(c[255].ch, '@');
    for (int i = 0; i + 4 < 256; i++) {                  /* never darker four columns on, where the dither is the same */
        static const char ramp[] = " .:-=+*#%@";
        assert_true(strchr(ramp, (int)c[i].ch) <= strchr(ramp, (int)c[i + 4].ch));
    }
    vn_cells_encode(&im, VN_CELL_ASCII, VN_COLOR_256, c);
    vn_cells_print(c + 8, 1, 1, VN_COLOR_256, &s);
    assert_string_equal(s.s, "\033[38;5;16;48;5;232m \033[0m\n");
    vn_str_free(&s);
    vn_image_free(&im);
}

static void emit_sends_only_what_changed(void **state)
{
    (void)state;
    struct vn_cell a[6], b[6];
    struct vn_str s = { 0 };
    for (int i = 0; i < 6; i++)
        a[i] = b[i] = (struct vn_cell){ ' ', 0, 16 };
    vn_cells_emit(b, a, 3, 2, 0, 0, VN_COLOR_256, &s);
    assert_int_equal(s.n, 0);
    b[1] = (struct vn_cell){ 0x2580, 231, 16 };
    b[3].fg = 99;                                        /* the foreground of a space does not show */
    vn_cells_emit(b, a, 3, 2, 4, 6, VN_COLOR_256, &s);
    assert_string_equal(s.s, "\033[7;6H\033[38;5;231;48;5;16m\xe2\x96\x80\033[0m");
    vn_str_free(&s);
}

static void emit_skips_swaps_and_leaves_holes(void **state)
{
    (void)state;
    struct vn_cell old[4] = { { ' ', 0, 16 }, { ' ', 0, 16 }, { ' ', 0, 16 }, { 0, 0, 0 } };
    struct vn_cell now[4] = { { 0x2598, 231, 16 }, { ' ', 0, 16 }, { 0x2598, 16, 231 }, { 0, 0, 0 } };
    struct vn_str s = { 0 };
    /* Second glyph: one column skipped, colours swapped, so its complement in the same colours.  ch 0 is never sent. */
    vn_cells_emit(now, old, 4, 1, 0, 0, VN_COLOR_256, &s);
    assert_string_equal(s.s, "\033[1;1H\033[38;5;231;48;5;16m\xe2\x96\x98\033[C\xe2\x96\x9f\033[0m");
    vn_str_free(&s);
    now[3] = (struct vn_cell){ ' ', 0, 16 };             /* unknown on the screen: sent though it is blank */
    vn_cells_emit(now + 3, old + 3, 1, 1, 3, 0, VN_COLOR_256, &s);
    assert_string_equal(s.s, "\033[1;4H\033[38;5;0;48;5;16m \033[0m");
    vn_str_free(&s);
}

static void print_without_colour_is_plain_text(void **state)
{
    (void)state;
    struct vn_cell c[4] = { { 0x2801, 0, 0 }, { ' ', 0, 0 }, { ' ', 0, 0 }, { ' ', 0, 0 } };
    struct vn_str s = { 0 };
    vn_cells_print(c, 2, 2, VN_COLOR_NONE, &s);
    assert_string_equal(s.s, "\xe2\xa0\x81\n\n");
    vn_str_free(&s);
}

int main(void)
{
    struct vn_err err;
    vn_mem_init(0);
    vn_job_init(2, &err);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(palette_finds_exact_colours),
        cmocka_unit_test(quadrants_are_exact_for_two_colours),
        cmocka_unit_test(split_keeps_the_outlier_apart),
        cmocka_unit_test(half_and_braille),
        cmocka_unit_test(sextants_are_those_of_unicode),
        cmocka_unit_test(ascii_is_a_ramp_or_coloured_spaces),
        cmocka_unit_test(emit_sends_only_what_changed),
        cmocka_unit_test(emit_skips_swaps_and_leaves_holes),
        cmocka_unit_test(print_without_colour_is_plain_text),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
