/* test_ui_proof.c - correcting a mask in the terminal: proposals one by one, and the tools of edit mode. */
#include "tty.h"

static void proposals_with_a_key_each(void **state)
{
    struct tty t;
    (void)state;
    start(&t, 24, 80, true);
    expect(&t, "no volume");
    keys(&t, "phantom network dims=64x64x32 voxel=1um seed=3 as=v; paint v at=10,30,15,25,30,15 size=7um axis=ball as=m\r");
    expect(&t, "v  32,32,16");
    settle(&t);
    keys(&t, "E");                                       /* nothing is proposed yet: the command that finds some */
    expect(&t, "there are no proposals yet");
    expect(&t, ": proposals m");
    keys(&t, "\003");
    keys(&t, ":paint m at=35,30,15,50,30,15 size=7um axis=ball as=m; paint m at=5,5,5 size=3um as=m; proposals m\r");
    expect(&t, "specks   1");
    settle(&t);
    keys(&t, "E");
    expect(&t, "bridge 1 of 2");
    expect(&t, "open, 2 left");
    expect(&t, "> goto 30,30,15");                       /* between both ends */
    settle(&t);
    keys(&t, "y");
    expect(&t, "> review m_proposals m accept=1 as=m");
    expect(&t, "speck 2 of 2");                          /* on to the next */
    expect(&t, "open, 1 left");
    settle(&t);
    keys(&t, "n");
    expect(&t, "rejected, 0 left");
    settle(&t);
    keys(&t, "u");                                       /* the eye goes back with it */
    expect(&t, "open, 1 left");
    expect(&t, "speck 2 of 2");
    settle(&t);
    keys(&t, "u");
    expect(&t, "bridge 1 of 2");
    expect(&t, "open, 2 left");
    settle(&t);
    click_on(&t, "2 speck");                             /* the same by the mouse */
    expect(&t, "speck 2 of 2");
    settle(&t);
    click_on(&t, "y accept");
    expect(&t, "> review m_proposals m accept=2 as=m");
    expect(&t, "bridge 1 of 2");
    expect(&t, "open, 1 left");
    expect(&t, "Esc done");                              /* the line of keys ends within the screen */
    settle(&t);
    keys(&t, "\033");
    expect(&t, "f full");
    keys(&t, "q");
    assert_int_equal(finish(&t), 0);
}

/* 64 voxels across 36 cells beside the panel, from column 9 on: column 17 is voxel 14 or 15, row 6 too. */
static void tools_by_key_and_click(void **state)
{
    struct tty t;
    (void)state;
    start(&t, 24, 80, true);
    expect(&t, "no volume");
    keys(&t, "phantom network dims=64x64x32 voxel=1um seed=3 as=v; paint v at=10,10,16,20,10,16,20,20,16,10,20,16,10,10,16 size=1um as=a; show v; overlay a; goto 15,15,16\r");
    expect(&t, "v  15,15,16");
    settle(&t);
    keys(&t, "e");
    expect(&t, "PAINT a  disc 3 vox 3 um");
    expect(&t, "Esc done");
    keys(&t, "F");
    expect(&t, "> fill a at=15,15,16 axis=z as=a");
    expect(&t, "a: voxels 81");
    keys(&t, "u");
    expect(&t, "undone  fill a");
    settle(&t);
    keys(&t, "T");
    expect(&t, "drag: paints");
    settle(&t);
    click_on(&t, " fill ");
    expect(&t, "click: fills a hole");
    keys(&t, "\033[<0;17;6M\033[<0;17;6m");
    expect(&t, "> fill a at=1");
    expect(&t, "a: voxels 81");
    settle(&t);
    click_on(&t, " recolour ");
    keys(&t, "\033[<0;17;6M\033[<0;17;6m");
    expect(&t, "> recolour a at=1");
    expect(&t, "voxels 121");                            /* 40 of the ring and what it encloses: 11 x 11 */
    settle(&t);
    click_on(&t, " delete ");
    keys(&t, "\033[<0;17;6M\033[<0;17;6m");
    expect(&t, "removed 121");
    keys(&t, "uuu");
    expect(&t, "undone  fill a");
    settle(&t);
    click_on(&t, " take out ");
    keys(&t, "\033[<0;17;6M\033[<0;17;6m");
    expect(&t, "no graph is drawn");
    click_on(&t, " bridge ");
    keys(&t, "\033[<0;16;4M\033[<0;16;4m");
    expect(&t, "now the other end");
    expect(&t, "click: the other end");
    keys(&t, "\033[<0;16;7M\033[<0;16;7m");
    expect(&t, "> bridge a from=1");
    expect(&t, "length_um");
    settle(&t);
    keys(&t, "\033[<72;17;6M");                          /* Alt and wheel */
    expect(&t, "disc 4 vox 4 um");
    keys(&t, "T");
    expect_is(&t, "take out", false);
    keys(&t, "\033");
    expect(&t, "f full");
    keys(&t, "q");
    assert_int_equal(finish(&t), 0);
}

/* A vessel along x whose voxels are brightest at z = 8; columns 41 and 49 of row 11 are voxels 24 and 35 of row 25. */
static void painting_on_the_projection(void **state)
{
    struct tty t;
    (void)state;
    start(&t, 24, 80, true);
    expect(&t, "no volume");
    keys(&t, "phantom tube dims=48x48x24 as=t; calc 'abs(y - 24) <= 3 && abs(z - 8) <= 3 ? 200 - abs(z - 8) : 10' a=t kind=image as=c\r");
    expect(&t, "c  24,24,12");
    settle(&t);
    keys(&t, "4");
    expect(&t, "MIP along z");
    settle(&t);
    keys(&t, "e");
    expect(&t, "PAINT c_drawn");
    keys(&t, " ");
    expect(&t, "brush 3 um");                            /* the note of the new mask stays above it */
    settle(&t);
    keys(&t, "\033[<0;41;11M\033[<32;45;11M\033[<32;49;11M\033[<0;49;11m");
    expect(&t, "> paint c_drawn at=24,25,8,35,25,8 size=3um axis=ball as=c_drawn");
    expect(&t, "c_drawn: voxels ");
    settle(&t);
    keys(&t, "\033");
    expect(&t, "f full");
    keys(&t, "q");
    assert_int_equal(finish(&t), 0);
}

int main(void)
{
    if (!tty_setup())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proposals_with_a_key_each), cmocka_unit_test(tools_by_key_and_click), cmocka_unit_test(painting_on_the_projection),
    };
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    tty_teardown();
    return rc;
}
