/* Pictures as pixels: sixels read back by a decoder written from the definition (DEC STD 070), kitty's by libpng. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "job.h"
#include "kitty.h"
#include "mem.h"
#include "sixel.h"

/* ---- a terminal of 10 x 20 pixels a cell that shows sixels ---- */

enum { CELL_W = 10, CELL_H = 20, COLS = 12, ROWS = 6 };
struct screen {
    double rgb[ROWS * CELL_H][COLS * CELL_W][3];
    int painted[ROWS * CELL_H][COLS * CELL_W];           /* how often */
    int n_color, n_picture;
};

static int number(const char **s)
{
    return **s >= '0' && **s <= '9' ? (int)strtol(*s, (char **)s, 10) : 0;
}

static const char *sixels(struct screen *c, const char *s, int left, int top)
{
    double color[256][3] = { { 0 } };
    bool known[256] = { 0 };
    int now = 0, x = 0, y = 0, run = 1, w = 0, h = 0;
    while (*s != 033) {
        if (*s == '"') {
            s++;
            assert_int_equal(number(&s), 1);             /* square pixels */
            assert_int_equal(*s++, ';');
            assert_int_equal(number(&s), 1);
            assert_int_equal(*s++, ';');
            w = number(&s);
            assert_int_equal(*s++, ';');
            h = number(&s);
        } else if (*s == '#') {
            s++;
            now = number(&s);
            assert_in_range(now, 0, 255);
            if (*s == ';') {
                s++;
                assert_int_equal(number(&s), 2);         /* red, green, blue in percent */
                for (int k = 0; k < 3; k++) {
                    assert_int_equal(*s++, ';');
                    const int v = number(&s);
                    assert_in_range(v, 0, 100);
                    color[now][k] = v * 2.55;
                }
                c->n_color += !known[now];
                known[now] = true;
            }
        } else if (*s == '!') {
            s++;
            run = number(&s);
        } else if (*s == '$') {
            x = 0;
            s++;
        } else if (*s == '-') {
            x = 0;
            y += 6;
            s++;
        } else {
            assert_in_range(*s, '?', '~');
            for (; run > 0; run--, x++)
                for (int j = 0; j < 6; j++)
                    if ((*s - '?') >> j & 1) {
                        assert_true(known[now] && x < w && y + j < h);
                        memcpy(c->rgb[top + y + j][left + x], color[now], sizeof color[now]);
                        c->painted[top + y + j][left + x]++;
                    }
            run = 1;
            s++;
        }
    }
    assert_int_equal(s[1], '\\');
    c->n_picture++;
    return s + 2;
}

static void show(struct screen *c, const char *s)
{
    int x = 0, y = 0;
    while (s && *s) {
        assert_int_equal(*s++, 033);
        if (*s == '[') {
            s++;
            y = number(&s) - 1;
            assert_int_equal(*s++, ';');
            x = number(&s) - 1;
            assert_int_equal(*s++, 'H');
        } else {
            assert_memory_equal(s, "P0;1q", 5);
            s = sixels(c, s + 5, x * CELL_W, y * CELL_H);
        }
    }
}

static struct vn_image picture(int w, int h, int kind)
{
    struct vn_image im;
    uint32_t r = 1;
    assert_int_equal(vn_image_new(&im, w, h, NULL), 0);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            uint8_t *p = im.rgb + 3 * (y * w + x);
            r = r * 1664525u + 1013904223u;
            const int g = kind == 0 ? (x * 255 / w + (int)(r >> 29)) & 255 : (x + y) * 255 / (w + h);
            p[0] = p[1] = p[2] = (uint8_t)g;
            if (kind == 1 && x > w / 3 && y > h / 3) {   /* half of the overlay's orange on grey */
                p[0] = (uint8_t)((g + 230) / 2);
                p[1] = (uint8_t)((g + 159) / 2);
                p[2] = (uint8_t)(g / 2);
            }
            if (kind == 2)
                for (int k = 0; k < 3; k++)
                    p[k] = (uint8_t)(r >> (8 * k + 3));
        }
    return im;
}

/* Each pixel painted once, and its colour off by no more than the header says. */
static void check(const struct vn_image *im, int registers, double most, int most_colors)
{
    struct screen *c = calloc(1, sizeof *c);
    struct vn_str b = { 0 };
    assert_int_equal(vn_sixel_encode(im, registers, &b, NULL), 0);
    show(c, b.s);
    double worst = 0;
    for (int y = 0; y < im->h; y++)
        for (int x = 0; x < im->w; x++) {
            assert_int_equal(c->painted[y][x], 1);
            for (int k = 0; k < 3; k++) {
                const double d = c->rgb[y][x][k] - im->rgb[3 * (y * im->w + x) + k];
                worst = d > worst ? d : -d > worst ? -d : worst;
            }
        }
    if (worst > most)
        fail_msg("a pixel is off by %.2f, more than %.2f", worst, most);
    assert_true(c->n_color <= most_colors);
    vn_str_free(&b);
    free(c);
}

static void sixels_show_the_picture(void **state)
{
    (void)state;
    static const int size[][2] = { { 120, 120 }, { 1, 1 }, { 7, 5 }, { 119, 6 }, { 33, 13 } };
    for (size_t i = 0; i < VN_COUNT(size); i++) {
        struct vn_image grey = picture(size[i][0], size[i][1], 0), mixed = picture(size[i][0], size[i][1], 1), wild = picture(size[i][0], size[i][1], 2);
        check(&grey, 256, 3.4, 64);
        check(&grey, 16, 9.8, 16);
        check(&mixed, 256, 8.3, 256);
        check(&wild, 256, 255, 256);
        check(&wild, 16, 255, 16);
        vn_image_free(&grey);
        vn_image_free(&mixed);
        vn_image_free(&wild);
    }
}

static void runs_are_counted(void **state)
{
    (void)state;
    struct vn_image im;
    struct vn_str b = { 0 };
    assert_int_equal(vn_image_new(&im, 200, 6, NULL), 0);
    memset(im.rgb, 255, 200 * 6 * 3);
    assert_int_equal(vn_sixel_encode(&im, 256, &b, NULL), 0);
    assert_string_equal(b.s, "\033P0;1q\"1;1;200;6#63;2;100;100;100#63!200~-\033\\");
    vn_str_free(&b);
    vn_image_free(&im);
}

/* Colours beyond the registers: two far groups of many similar colours stay apart. */
static void crowded_colours_keep_near_to_their_kind(void **state)
{
    (void)state;
    struct vn_image im;
    struct screen *c = calloc(1, sizeof *c);
    struct vn_str b = { 0 };
    assert_int_equal(vn_image_new(&im, 64, 64, NULL), 0);
    for (int i = 0; i < 64 * 64; i++) {
        im.rgb[3 * i] = (uint8_t)(i & 1 ? 200 + i / 2 % 56 : i / 2 % 50);
        im.rgb[3 * i + 1] = (uint8_t)(60 + i / 7 % 40);
        im.rgb[3 * i + 2] = (uint8_t)(i & 1 ? i % 40 : 210 + i % 45);
    }
    assert_int_equal(vn_sixel_encode(&im, 16, &b, NULL), 0);
    show(c, b.s);
    for (int i = 0; i < 64 * 64; i++) {
        const double *p = c->rgb[i / 64][i % 64];
        assert_true(i & 1 ? p[0] > 190 && p[2] < 50 : p[0] < 60 && p[2] > 200);
    }
    vn_str_free(&b);
    vn_image_free(&im);
    free(c);
}

/* A window lies over a part; it goes; nothing but what is due is sent, and nothing is missing in the end. */
static void covered_parts_are_left_and_sent_when_they_show(void **state)
{
    (void)state;
    struct vn_image im = picture(8 * CELL_W, 4 * CELL_H, 1);
    struct vn_cell now[COLS * ROWS] = { { 0 } }, old[COLS * ROWS] = { { 0 } };
    const int at[4] = { 3, 1, 8, 4 };
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 8; x++)
            if (y < 1 || y > 2 || x < 2 || x > 4)
                now[(1 + y) * COLS + 3 + x] = (struct vn_cell){ VN_CELL_PIXELS, 7, 0 };
    struct screen *c = calloc(1, sizeof *c);
    struct vn_str b = { 0 };
    assert_int_equal(vn_sixel_emit(&im, now, old, COLS, at, 256, &b, NULL), 0);
    show(c, b.s);
    assert_in_range(c->n_picture, 1, 4);
    for (int y = 0; y < ROWS * CELL_H; y++)
        for (int x = 0; x < COLS * CELL_W; x++)
            assert_int_equal(c->painted[y][x], now[y / CELL_H * COLS + x / CELL_W].ch == VN_CELL_PIXELS);
    b.n = 0;
    memcpy(old, now, sizeof old);
    assert_int_equal(vn_sixel_emit(&im, now, old, COLS, at, 256, &b, NULL), 0);
    assert_int_equal(b.n, 0);                            /* all of it is on the screen */
    for (int y = 1; y < 3; y++)
        for (int x = 2; x < 5; x++)
            now[(1 + y) * COLS + 3 + x] = (struct vn_cell){ VN_CELL_PIXELS, 7, 0 };
    assert_int_equal(vn_sixel_emit(&im, now, old, COLS, at, 256, &b, NULL), 0);
    show(c, b.s);
    for (int y = 0; y < 4 * CELL_H; y++)
        for (int x = 0; x < 8 * CELL_W; x++) {
            const int sy = CELL_H + y, sx = 3 * CELL_W + x;
            assert_int_equal(c->painted[sy][sx], 1);
            for (int k = 0; k < 3; k++)
                assert_true(c->rgb[sy][sx][k] - im.rgb[3 * (y * im.w + x) + k] < 8.3 && im.rgb[3 * (y * im.w + x) + k] - c->rgb[sy][sx][k] < 8.3);
        }
    b.n = 0;
    for (int i = 0; i < COLS * ROWS; i++)
        old[i] = now[i], now[i].fg = now[i].ch ? 8 : 0;  /* the next picture: all of it */
    assert_int_equal(vn_sixel_emit(&im, now, old, COLS, at, 256, &b, NULL), 0);
    c->n_picture = 0;
    show(c, b.s);
    assert_int_equal(c->n_picture, 1);
    vn_str_free(&b);
    vn_image_free(&im);
    free(c);
}

/* xterm takes no more than 1000 pixels either way. */
static void large_pictures_go_in_pieces(void **state)
{
    (void)state;
    enum { W = 230, H = 51 };
    struct vn_image im;
    struct vn_cell *now = calloc(W * H, sizeof *now), *old = calloc(W * H, sizeof *old);
    struct vn_str b = { 0 };
    assert_int_equal(vn_image_new(&im, W * 10, H * 20, NULL), 0);
    for (int i = 0; i < W * H; i++)
        now[i] = (struct vn_cell){ VN_CELL_PIXELS, 1, 0 };
    assert_int_equal(vn_sixel_emit(&im, now, old, W, (const int[4]){ 0, 0, W, H }, 256, &b, NULL), 0);
    int n = 0, pixels = 0;
    for (const char *s = b.s; (s = strstr(s, "q\"1;1;")); n++) {
        int w, h;
        assert_int_equal(sscanf(s += 6, "%d;%d", &w, &h), 2);
        assert_true(w <= 1000 && h <= 1000);
        pixels += w * h;
    }
    assert_int_equal(n, 6);
    assert_int_equal(pixels, W * 10 * H * 20);
    vn_str_free(&b);
    vn_image_free(&im);
    free(now);
    free(old);
}

/* ---- kitty ---- */

static int digit(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : c >= '0' && c <= '9' ? c - '0' + 52 : c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* The data of all pieces; the first one's keys into keys[]. */
static size_t pieces(const char *s, char keys[200], uint8_t *out)
{
    size_t n = 0;
    bool more = true;
    for (int i = 0; *s; i++) {
        assert_true(more);
        assert_memory_equal(s, "\033_G", 3);
        const char *data = strchr(s, ';') + 1, *end = strchr(data, '\033');
        assert_memory_equal(end, "\033\\", 2);
        assert_true(end - data <= 4096 && (end - data) % 4 == 0);
        const char *m = strstr(s, "m=");
        assert_true(m && m < data);
        more = m[2] == '1';
        if (!i)
            snprintf(keys, 200, "%.*s", (int)(data - s - 4), s + 3);
        for (; data < end; data += 4) {
            int v[4];
            for (int k = 0; k < 4; k++)
                v[k] = digit(data[k]);
            out[n++] = (uint8_t)(v[0] << 2 | v[1] >> 4);
            if (v[2] >= 0)
                out[n++] = (uint8_t)(v[1] << 4 | v[2] >> 2);
            if (v[3] >= 0)
                out[n++] = (uint8_t)(v[2] << 6 | v[3]);
        }
        s = end + 2;
    }
    assert_false(more);
    return n;
}

static void kitty_gets_the_picture_whole(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct vn_image im = picture(119, 77, kind);
        struct vn_str b = { 0 }, wrapped = { 0 };
        char keys[200];
        assert_int_equal(vn_kitty_send(&im, 0x05000003, 12, 4, false, &b, NULL), 0);
        uint8_t *png = malloc(b.n), *rgb = malloc(119 * 77 * 3);
        const size_t n = pieces(b.s, keys, png);
        assert_non_null(strstr(keys, "a=T,U=1,q=2,f=100,t=d,i=83886083,c=12,r=4,"));
        png_image in = { .version = PNG_IMAGE_VERSION };
        assert_true(png_image_begin_read_from_memory(&in, png, n));
        assert_true(in.width == 119 && in.height == 77);
        assert_int_equal(!(in.format & PNG_FORMAT_FLAG_COLOR), kind == 0);
        in.format = PNG_FORMAT_RGB;
        assert_true(png_image_finish_read(&in, NULL, rgb, 0, NULL));
        assert_memory_equal(rgb, im.rgb, 119 * 77 * 3);
        /* through tmux: every piece wrapped, ESC doubled */
        assert_int_equal(vn_kitty_send(&im, 0x05000003, 12, 4, true, &wrapped, NULL), 0);
        size_t k = 0;
        for (const char *s = wrapped.s; *s;) {
            assert_memory_equal(s, "\033Ptmux;", 7);
            for (s += 7; s[0] != 033 || s[1] == 033; s++, k++) {
                assert_int_equal(*s, b.s[k]);
                s += *s == 033;
            }
            assert_memory_equal(s, "\033\\", 2);
            s += 2;
        }
        assert_int_equal(k, b.n);
        vn_str_free(&b);
        vn_str_free(&wrapped);
        vn_image_free(&im);
        free(png);
        free(rgb);
    }
}

/* The examples of the protocol's page, and marks counted in its list. */
static void placeholders_are_those_of_the_protocol(void **state)
{
    (void)state;
    struct vn_cell now[2] = { vn_kitty_cell(42 | 2u << 24, 0, 0), vn_kitty_cell(42 | 2u << 24, 0, 1) };
    struct vn_str b = { 0 };
    vn_cells_emit(now, NULL, 2, 1, 0, 0, VN_COLOR_256, &b);
    assert_string_equal(b.s, "\033[1;1H\033[0;38;5;42m\U0010EEEE\u0305\u0305\u030E\U0010EEEE\u0305\u030D\u030E\033[0m");
    vn_str_free(&b);
    vn_cells_emit(now, now, 2, 1, 0, 0, VN_COLOR_256, &b);
    assert_int_equal(b.n, 0);
    struct vn_cell mixed[3] = { now[0], { 'x', 7, 16 }, now[1] };
    vn_cells_emit(mixed, NULL, 3, 1, 0, 0, VN_COLOR_256, &b);
    assert_string_equal(b.s, "\033[1;1H\033[0;38;5;42m\U0010EEEE\u0305\u0305\u030E\033[0m\033[38;5;7;48;5;16mx\033[0;38;5;42m\U0010EEEE\u0305\u030D\u030E\033[0m");
    vn_str_free(&b);
    static const struct { int n; const char *utf8; } mark[] = { { 29, "\u036F" }, { 30, "\u0483" }, { 295, "\U0001D243" }, { 296, "\U0001D244" } };
    for (size_t i = 0; i < VN_COUNT(mark); i++) {
        char s[17], want[32];
        const struct vn_cell c = vn_kitty_cell(1, mark[i].n, 0);
        *vn_kitty_put(s, &c) = '\0';
        sprintf(want, "\U0010EEEE%s\u0305\u0305", mark[i].utf8);
        assert_string_equal(s, want);
    }
    vn_kitty_delete(42 | 2u << 24, false, &b);
    assert_string_equal(b.s, "\033_Ga=d,d=I,q=2,i=33554474\033\\");
    vn_str_free(&b);
}

static void no_memory_is_said(void **state)
{
    (void)state;
    struct vn_image im = picture(40, 40, 1);
    for (int i = 1; i < 20; i++) {
        struct vn_str b = { 0 };
        struct vn_err err = { 0 };
        vn_mem_fail_at(i);
        if (vn_sixel_encode(&im, 256, &b, &err))
            assert_int_equal(err.code, VN_E_MEMORY);
        vn_mem_fail_at(i);
        if (vn_kitty_send(&im, 1, 4, 2, i & 1, &b, &err))
            assert_int_equal(err.code, VN_E_MEMORY);
        vn_mem_fail_at(0);
        vn_str_free(&b);
    }
    vn_image_free(&im);
}

int main(void)
{
    struct vn_err err;
    vn_mem_init(0);
    vn_job_init(2, &err);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sixels_show_the_picture),
        cmocka_unit_test(runs_are_counted),
        cmocka_unit_test(crowded_colours_keep_near_to_their_kind),
        cmocka_unit_test(covered_parts_are_left_and_sent_when_they_show),
        cmocka_unit_test(large_pictures_go_in_pieces),
        cmocka_unit_test(kitty_gets_the_picture_whole),
        cmocka_unit_test(placeholders_are_those_of_the_protocol),
        cmocka_unit_test(no_memory_is_said),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
