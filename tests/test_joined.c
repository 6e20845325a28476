/* test_joined.c - bars of 2 x 2 cells whose brightness changes along x, and the contrast at which they hang together. */
#include "image.h"
#include "joined.h"

enum { NX = 64, NY = 32, NZ = 16, N = NX * NY * NZ };
static const int64_t dims[3] = { NX, NY, NZ };
static float cell[2 * N];

/* Bar i of block b: `high`, but `low` in the last 4 of every 16 cells. */
static void bar(int b, int i, float high, float low)
{
    for (int x = 0; x < NX; x++)
        for (int k = 0; k < 4; k++)
            cell[b * N + ((i / 8 * 4 + k / 2) * NY + i % 8 * 4 + k % 2) * NX + x] = x % 16 < 12 ? high : low;
}

static void expect(int n_block, double from, double contrast)
{
    assert_int_equal(0, vn_joined(cell, dims, n_block, 10, 2, &from, NULL, &err));
    assert_true(fabs(from - contrast) < 1e-12);
}

static float at(double t) { return (float)(10 + 2 * t); }

static void clear(void)
{
    for (int i = 0; i < 2 * N; i++)
        cell[i] = 10;
}

/* 32 pieces down to 5.12, 8 bars at 4.096. */
static void test_pieces_join(void **state)
{
    (void)state;
    clear();
    for (int i = 0; i < 8; i++)
        bar(0, i, at(20), at(5));
    expect(1, 8, 8 * 0.8 * 0.8 * 0.8);
    for (int i = 0; i < 8; i++)
        bar(1, i, at(20), at(5));
    expect(2, 8, 8 * 0.8 * 0.8 * 0.8);
    expect(1, 4, 4);
}

/* Whole bars; one or two of 8 in 4 pieces: of 8 to be had, 12 are few enough. */
static void test_nothing_to_join(void **state)
{
    (void)state;
    clear();
    expect(1, 8, 8);
    for (int i = 0; i < 8; i++)
        bar(0, i, at(20), at(20));
    expect(1, 8, 8);
    bar(0, 0, at(20), at(7));
    expect(1, 8, 8);                           /* 11 pieces */
    bar(0, 1, at(20), at(7));
    expect(1, 8, 6.4);                         /* 14 pieces */
}

/* 2 bright bars, and 12 dim ones that come in 48 pieces at 3.28 and join at 2.10. */
static void test_dim_vessels(void **state)
{
    (void)state;
    clear();
    for (int i = 0; i < 14; i++)
        bar(0, i, at(i < 2 ? 20 : 3.8), at(i < 2 ? 20 : 2.5));
    expect(1, 8, 8 * pow(0.8, 6));
    for (int i = 8; i < 14; i++)               /* 26 pieces: less than 40 */
        bar(0, i, at(0), at(0));
    expect(1, 8, 8);
    for (int i = 2; i < 14; i++)               /* never join: noise or texture */
        bar(0, i, at(3.8), at(0));
    expect(1, 8, 8);
}

/* 2 bright bars and 5 dim ones, whole: 7 times as many cells in 7 pieces, an eighth of all cells at most. */
static void test_whole_dim_vessels(void **state)
{
    (void)state;
    clear();
    for (int i = 0; i < 7; i++)
        bar(0, i, at(i < 2 ? 20 : 6), at(i < 2 ? 20 : 6));
    expect(1, 8, 8 * pow(0.8, 4));             /* the last from 2.8 on */
    for (int i = 2; i < 6; i++)                /* 3 bars: 1.5 times as many cells */
        bar(0, i, at(0), at(0));
    expect(1, 8, 8);
    for (int i = NZ / 2 * NX * NY; i < N; i++)
        cell[i] = at(6);                       /* one piece of half of all cells */
    expect(1, 8, 8);
}

/* Pieces of 7 cells are not counted. */
static void test_specks(void **state)
{
    (void)state;
    clear();
    bar(0, 0, at(20), at(20));
    for (int i = 8; i < 24; i++)
        for (int x = 0; x < NX; x++)
            if (x % 8 < 7)
                cell[((i / 8 * 4) * NY + i % 8 * 4) * NX + x] = at(9);
    expect(1, 8, 8);
    for (int i = 8; i < 24; i++)               /* and joined they are 16 pieces at 3.28: 5 times as many cells */
        for (int x = 0; x < NX; x++)
            if (x % 8 == 7)
                cell[((i / 8 * 4) * NY + i % 8 * 4) * NX + x] = at(3.5);
    expect(1, 8, 8 * pow(0.8, 4));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_pieces_join), cmocka_unit_test(test_nothing_to_join), cmocka_unit_test(test_dim_vessels),
    cmocka_unit_test(test_whole_dim_vessels), cmocka_unit_test(test_specks),
};
IMAGE_MAIN(tests)
