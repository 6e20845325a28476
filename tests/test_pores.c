/* test_pores.c - pores of a probability: planes drawn by hand; that segment fills them, in any block. */
#include "image.h"
#include "pores.h"

enum { NX = 12, NY = 8 };

/* '#': 0.9, '=': 0.6, '.': 0.4, ' ': 0.05 */
static const char marks[] = "#=. ";
static const float values[] = { 0.9f, 0.6f, 0.4f, 0.05f };

static float value_of(char c) { return values[strchr(marks, c) - marks]; }

/* By itself, and as part of a larger plane, whose other pixels do not count. */
static void check(const char *const rows[NY], const char *const want[NY])
{
    const struct vn_box box = box6(0, NX, 0, NY, 0, 1), around = box6(-3, NX + 5, -2, NY + 1, 0, 1);
    for (int part = 0; part < 2; part++) {
        struct vn_buf all;
        assert_int_equal(vn_buf_new_zero(&all, VN_F32, part ? &around : &box, &err), 0);
        const struct vn_buf b = vn_buf_view(&all, &box);
        float *p = b.data;
        for (int y = 0; y < NY; y++)
            for (int x = 0; x < NX; x++)
                p[vn_buf_at(&b, x, y, 0)] = value_of(rows[y][x]);
        assert_int_equal(vn_pores_fill(&b, NULL, &err), 0);
        for (int y = 0; y < NY; y++)
            for (int x = 0; x < NX; x++)
                if (p[vn_buf_at(&b, x, y, 0)] != value_of(want[y][x]))
                    fail_msg("pixel %d,%d is %g, not %g", x, y, p[vn_buf_at(&b, x, y, 0)], value_of(want[y][x]));
        vn_buf_free(&all);
    }
}

static void shapes(void **state)
{
    (void)state;
    /* filled by the least of what is beside it, corners not counted; a corner does not open it; a bend and a U are one piece */
    check((const char *[]){ "############", "#.###..###=#", "##.####.##.#", "####=####..#", "####.#######", "##.###.#.###", "##...#...###", "############" },
          (const char *[]){ "############", "##########=#", "##########=#", "####=####==#", "####=#######", "############", "############", "############" });
    /* open at a side: no pore; dark inside: none */
    check((const char *[]){ ".###########", "#####.######", ".###...##  #", "..###.###. #", "##########.#", "#..######..#", "#. .####.###", "###.####.###" },
          (const char *[]){ ".###########", "############", ".########  #", "..#######. #", "##########.#", "#..######..#", "#. .####.###", "###.####.###" });
}

static void sizes(void **state)
{
    (void)state;
    /* 6 pixels square and a bent one in such a square are filled, what is 7 wide is not */
    check((const char *[]){ "############", "#......#...#", "#......#.#.#", "#......#.###", "#......#...#", "#......###.#", "#......###.#", "############" },
          (const char *[]){ "############", "############", "############", "############", "############", "############", "############", "############" });
    check((const char *[]){ "############", "#.......####", "############", "####.......#", "####.###.###", "########.###", "############", "############" },
          (const char *[]){ "############", "#.......####", "############", "####.......#", "####.###.###", "########.###", "############", "############" });
    const char *const all[] = { "............", "............", "............", "............", "............", "............", "............", "............" };
    check(all, all);
}

/* Of noise, whose probability has many pores, any block is the part of the whole, and no pore of one pixel is left. */
static void blocks(void **state)
{
    static const char fixed[] = "background=4vox smooth=0.8vox level=100 spread=40 offset=0 noise=10 contrast=2 local=0 hollow=0";
    struct vn_vol *v = image_new(VN_IMAGE, 61, 53, 9, 0, image_noise);
    const struct vn_box r = box6(27, 50, 23, 52, 2, 7);
    int dim = 0, bright = 0;
    (void)state;
    image_exact("segment", v, fixed, &r, 30 << 20);
    struct vn_vol *p = image_ok("segment", v, NULL, fixed);
    for (int64_t z = 0; z < 9; z++)
        for (int64_t y = 1; y < 52; y++)
            for (int64_t x = 1; x < 60; x++) {
                const float here = image_at(p, x, y, z);
                const bool inside = image_at(p, x - 1, y, z) >= 0.5f && image_at(p, x + 1, y, z) >= 0.5f && image_at(p, x, y - 1, z) >= 0.5f &&
                                    image_at(p, x, y + 1, z) >= 0.5f;
                assert_false(inside && here < 0.5f && here >= 0.1f);
                dim += here < 0.5f;
                bright += here >= 0.5f;
            }
    assert_true(dim > 3000 && bright > 3000);
    vn_vol_unref(v);
    vn_vol_unref(p);
}

static const struct CMUnitTest tests[] = { cmocka_unit_test(shapes), cmocka_unit_test(sizes), cmocka_unit_test(blocks) };
IMAGE_MAIN(tests)
