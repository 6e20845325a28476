/* Run lengths in CSV files: decoded by hand, written and read back, several masks in a file, planes left out, and what is refused. */
#include "masks.h"                       /* first: its functions have an argument s */
#include "session.h"
#include <unistd.h>

#include "io.h"

static char dir[] = "/tmp/vn-rle-XXXXXX", path[200];
static struct vn_str notes;

static void note(void *ctx, const char *text)
{
    (void)ctx;
    vn_str_addf(&notes, "%s\n", text);
}

static void file(const char *text)
{
    snprintf(path, sizeof path, "%s/m.csv", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static struct vn_vol *open_rle(int channel, const int64_t *dims)
{
    const struct vn_open_opt o = { .channel = channel, .dims = dims, .type = dims ? "u8" : NULL, .note = note };
    struct vn_vol *v = NULL;
    vn_str_free(&notes);
    memset(&notes, 0, sizeof notes);
    if (vn_io_open(path, &o, &v, &err))
        fail_msg("%s", err.msg);
    return v;
}

/* The volume is x by y by z, and its voxels, plane by plane and row by row, are those of `text` ('#' set, '.' not; others are left out). */
static void holds(struct vn_vol *v, int64_t x, int64_t y, int64_t z, const char *text)
{
    struct vn_buf b = { 0 };
    assert_true(v->box.hi[0] == x && v->box.hi[1] == y && v->box.hi[2] == z && v->kind == VN_MASK);
    assert_int_equal(vn_vol_map(v, VN_U8, &v->box, VN_PAD_ZERO, &b, NULL, &err), 0);
    for (int64_t i = 0; i < x * y * z; i++, text++) {
        text += strcspn(text, "#.");
        if (((const uint8_t *)b.data)[vn_buf_at(&b, i % x, i / x % y, i / x / y)] != (*text == '#'))
            fail_msg("voxel %d is not %c", (int)i, *text);
    }
    vn_buf_free(&b);
    vn_vol_unref(v);
}

static void runs_by_hand(void **state)
{
    (void)state;
    file("id,rle,width,height,group\n"
         "kidney_1_0000,1 2 5 1 12 1,4,3,kidney_1\n"
         "kidney_1_0001,1 0,4,3,kidney_1\n"
         "kidney_1_0002,1 12,4,3,kidney_1\n"
         "kidney_1_0003,,4,3,kidney_1\n"
         "kidney_1_0004,3 4 8 1 9 1,4,3,kidney_1\n");
    holds(open_rle(0, NULL), 4, 3, 5, "##.. #... ...#  .... .... ....  #### #### ####  .... .... ....  ..## ##.# #...");
    assert_true(notes.n == 0);
    file("id,rle\r\n\"a_7\",\"2 2\"\r\na_5,1 1\r\n");                      /* no size, planes in any order, one missing */
    holds(open_rle(0, (const int64_t[3]){ 3, 2, 9 }), 3, 2, 9,
          "...... ...... ...... ...... ...... #..... ...... .##... ......");
    assert_non_null(strstr(notes.s, "2 of 9 planes"));
    file("id,rle,width,height\na_7,2 2,3,2\na_5,1 1,3,2\n");
    holds(open_rle(0, NULL), 3, 2, 3, "#..... ...... .##...");
    assert_non_null(strstr(notes.s, "number 5"));
}

static void several_masks_are_channels(void **state)
{
    (void)state;
    file("id,rle,width,height\nb_x_1,1 1,2,1\na_0,2 1,3,1\nb_x_0,1 0,2,1\na_1,1 0,3,1\n");
    struct vn_vol *v = open_rle(0, NULL);
    assert_int_equal(v->n_channel, 2);
    holds(v, 2, 1, 2, ".. #.");
    holds(open_rle(1, NULL), 3, 1, 2, ".#. ...");
}

static void what_is_saved_is_read_back(void **state)
{
    (void)state;
    struct vn_buf b = { 0 }, back = { 0 };
    const struct vn_grid g = { { 71, 23, 5 }, { 0, 0, 0 }, { { 0, 0 } } };
    const struct vn_save_opt o = { .force = true };
    mask_fill(&b, 71, 23, 5, mask_noise, 40);
    struct vn_vol *v = vn_vol_from_buf(VN_MASK, &g, &b, &err), *w;
    file("");
    assert_int_equal(vn_io_save(v, path, &o, NULL, &err), 0);
    w = open_rle(0, NULL);
    const struct vn_box part = { { 13, 4, 1 }, { 66, 23, 4 } };
    assert_int_equal(vn_vol_map(w, VN_U8, &part, VN_PAD_ZERO, &back, NULL, &err), 0);
    for (int64_t z = 1; z < 4; z++)
        for (int64_t y = 4; y < 23; y++)
            for (int64_t x = 13; x < 66; x++)
                assert_int_equal(((const uint8_t *)back.data)[vn_buf_at(&back, x, y, z)], mask_noise(x, y, z, 40));
    vn_buf_free(&back);
    vn_vol_unref(w);
    vn_vol_unref(v);
    /* Text by hand: two planes of 3 x 2. */
    assert_int_equal(vn_buf_new_zero(&b, VN_U8, &(struct vn_box){ { 0, 0, 0 }, { 3, 2, 2 } }, &err), 0);
    ((uint8_t *)b.data)[2] = ((uint8_t *)b.data)[3] = ((uint8_t *)b.data)[5] = 1;
    v = vn_vol_from_buf(VN_MASK, &(struct vn_grid){ { 3, 2, 2 }, { 0, 0, 0 }, { { 0, 0 } } }, &b, &err);
    assert_int_equal(vn_io_save(v, path, &o, NULL, &err), 0);
    vn_vol_unref(v);
    char text[200] = "";
    FILE *f = fopen(path, "r");
    assert_true(fread(text, 1, sizeof text - 1, f) > 0);
    fclose(f);
    assert_string_equal(text, "id,rle,width,height,group\nm_0000,3 2 6 1,3,2,m\nm_0001,1 0,3,2,m\n");
}

static void refused(const char *text, const int64_t *dims, const char *why)
{
    const struct vn_open_opt o = { .dims = dims, .type = dims ? "u8" : NULL };
    struct vn_vol *v = NULL;
    file(text);
    assert_int_not_equal(vn_io_open(path, &o, &v, &err), 0);
    if (!strstr(err.msg, why))
        fail_msg("'%s' does not say '%s'", err.msg, why);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    refused("id,rle\na_0,1 1\n", NULL, "dims=X,Y,Z");
    refused("id,rle\na_9,1 1\n", (const int64_t[3]){ 2, 2, 9 }, "Z is at least 10");
    refused("id,rle,width,height\na_0,1 1,0,2\n", NULL, "whole numbers");
    refused("id,rle,width,height\na_0,1 1,2,2\na_1,1 1,3,2\n", NULL, "the same for every plane");
    refused("id,rle,width,height\na_0,1 5,2,2\n", NULL, "beyond");
    refused("id,rle,width,height\na_0,5 1,2,2\n", NULL, "beyond");
    refused("id,rle,width,height\na_0,2 9223372036854775807,2,2\n", NULL, "beyond");
    refused("id,rle,width,height\na_0,1 99999999999999999999,2,2\n", NULL, "pairs");
    refused("id,rle,width,height\na_0,0 1,2,2\n", NULL, "pairs");
    refused("id,rle,width,height\na_0,1 -1,2,2\n", NULL, "pairs");
    refused("id,rle,width,height\na_0,1,2,2\n", NULL, "pairs");
    refused("id,rle,width,height\na_0,1 2 3,2,2\n", NULL, "pairs");
    refused("id,rle,width,height\na_0,1x 2,2,2\n", NULL, "pairs");
    refused("id,rle,width,height\na_0,1 2 2 1,2,2\n", NULL, "before the last one ends");
    refused("id,rle,width,height\na_0,1 1,2,2\na_00,1 1,2,2\n", NULL, "twice");
    refused("id,rle,width,height\nplane,1 1,2,2\n", NULL, "number of a plane");
    refused("id,rle,width,height\n", NULL, "no row");
    struct vn_buf b = { 0 };
    assert_int_equal(vn_buf_new_zero(&b, VN_U8, &(struct vn_box){ { 0, 0, 0 }, { 2, 2, 2 } }, &err), 0);
    struct vn_vol *v = vn_vol_from_buf(VN_IMAGE, &(struct vn_grid){ { 2, 2, 2 }, { 0, 0, 0 }, { { 0, 0 } } }, &b, &err);
    const struct vn_save_opt o = { .force = true };
    assert_int_not_equal(vn_io_save(v, path, &o, NULL, &err), 0);
    assert_non_null(strstr(err.msg, "threshold"));
    vn_vol_unref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(runs_by_hand), cmocka_unit_test(several_masks_are_channels),
                                        cmocka_unit_test(what_is_saved_is_read_back), cmocka_unit_test(what_makes_no_sense_is_refused) };
    vn_mem_init(0);
    if (vn_job_init(2, &err) || !mkdtemp(dir))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    remove(path);
    rmdir(dir);
    vn_str_free(&notes);
    vn_job_exit();
    return rc;
}
