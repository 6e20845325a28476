/* Surface distances: the area table's known properties, the two published reference cases, and masks measured with the
 * PyPI package surface-distance 0.1 (spacing given to it as z, y, x). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "masks.h"
#include "mem.h"
#include "overlap.h"
#include "surface.h"

static void close_to(double a, double b, double rel)
{
    if (!(fabs(a - b) <= rel * fmax(fabs(a), fabs(b))))
        fail_msg("%.12g is not %.12g", a, b);
}

static void area_table_has_the_published_properties(void **state)
{
    (void)state;
    double a[256], sum = 0;
    vn_surface_areas((const double[3]){ 1, 1, 1 }, a);
    for (int c = 0; c < 256; c++) {
        sum += a[c];
        assert_true((a[c] == 0) == (c == 0 || c == 255));
        close_to(a[c], a[255 - c], 1e-14);
    }
    close_to(sum, 241.34313970553745, 1e-13);
    /* Sums of the package's table for two anisotropic spacings. */
    const double s[2][3] = { { 1, 2, 3 }, { 0.99, 0.994, 5 } }, expect[2] = { 950.4895895094023, 963.8658995888738 };
    for (int i = 0; i < 2; i++) {
        sum = 0;
        vn_surface_areas(s[i], a);
        for (int c = 0; c < 256; c++)
            sum += a[c];
        close_to(sum, expect[i], 1e-13);
    }
}

static struct vn_surface_stat compare(const struct vn_bits *pred, const struct vn_bits *truth, const struct vn_bits *ignore,
                                      const double um[3], double tau)
{
    struct vn_err err;
    struct vn_bits ct = { 0 }, cp = { 0 };
    struct vn_nearest nt = { .n_level = 0 }, np = { .n_level = 0 };
    struct vn_surfels st = { 0 }, sp = { 0 };
    struct vn_surface_stat r;
    assert_int_equal(vn_surface_corners(truth, &ct, NULL, &err), 0);
    assert_int_equal(vn_surface_corners(pred, &cp, NULL, &err), 0);
    assert_int_equal(vn_nearest_new(&ct, um, &nt, NULL, &err), 0);
    assert_int_equal(vn_nearest_new(&cp, um, &np, NULL, &err), 0);
    assert_int_equal(vn_surfels_new(truth, ignore, vn_bits_count(&cp) ? &np : NULL, &st, NULL, &err), 0);
    assert_int_equal(vn_surfels_new(pred, ignore, vn_bits_count(&ct) ? &nt : NULL, &sp, NULL, &err), 0);
    assert_int_equal(vn_surface_compare(&st, &sp, um, tau, &r, &err), 0);
    vn_bits_free(&ct);
    vn_bits_free(&cp);
    vn_nearest_free(&nt);
    vn_nearest_free(&np);
    vn_surfels_free(&st);
    vn_surfels_free(&sp);
    return r;
}

static const struct {
    int64_t d[3], s_pred, s_truth;
    double um[3], area_pred, area_truth, asd_truth, asd_pred, assd, hd, hd95, tau[2], dice_at[2];
    uint64_t tp, fp, fn, tn;
    double dice, stack;                  /* stack: the SenNet + HOA competition's score from its definition, in numpy */
} sheet[] = {
    { { 37, 29, 23 }, 1, 8, { 1, 1, 1 }, 7067.653147, 9474.388168, 0.8506983713, 0.4684994139, 0.687402342, 5.099019514,
      2.828427125, { 1, 2 }, { 0.7754320673, 0.9302698196 }, 3476, 4942, 4925, 11336, 0.41334205363, 0.5208376475256217 },
    { { 37, 29, 23 }, 3, 12, { .35, .5, 1.3 }, 3358.526595, 5287.987849, 0.3380961203, 0.1463295817, 0.2636091089,
      2.051828453, 1.162970335, { .35, .7 }, { 0.7489745128, 0.8968455006 }, 3376, 5036, 5012, 11255, 0.401904761905, 0.5646793935023572 },
};

static void sheets_as_the_package_measures_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < VN_COUNT(sheet); i++) {
        struct vn_bits p, t;
        struct vn_overlap o;
        assert_int_equal(mask_bits(&p, sheet[i].d[0], sheet[i].d[1], sheet[i].d[2], mask_sheet, sheet[i].s_pred), 0);
        assert_int_equal(mask_bits(&t, sheet[i].d[0], sheet[i].d[1], sheet[i].d[2], mask_sheet, sheet[i].s_truth), 0);
        vn_overlap_count(&p, &t, 0, &o);
        assert_int_equal(o.tp, sheet[i].tp);
        assert_int_equal(o.fp, sheet[i].fp);
        assert_int_equal(o.fn, sheet[i].fn);
        assert_int_equal(o.tn, sheet[i].tn);
        close_to(o.dice, sheet[i].dice, 1e-11);
        for (int k = 0; k < 2; k++) {
            const struct vn_surface_stat r = compare(&p, &t, NULL, sheet[i].um, sheet[i].tau[k]);
            close_to(r.area_pred, sheet[i].area_pred, 1e-9);
            close_to(r.area_truth, sheet[i].area_truth, 1e-9);
            close_to(r.asd_truth, sheet[i].asd_truth, 1e-7);
            close_to(r.asd_pred, sheet[i].asd_pred, 1e-7);
            close_to(r.assd, sheet[i].assd, 1e-7);
            close_to(r.hd, sheet[i].hd, 1e-7);
            close_to(r.hd95, sheet[i].hd95, 1e-7);
            close_to(r.surface_dice, sheet[i].dice_at[k], 1e-9);
            close_to(r.stack_dice, sheet[i].stack, 1e-12);
        }
        vn_bits_free(&p);
        vn_bits_free(&t);
    }
}

static uint8_t voxel_at(int64_t x, int64_t y, int64_t z, int64_t s) { return x == 20 && y == 10 && z == s; }
static uint8_t slab_to(int64_t x, int64_t y, int64_t z, int64_t s) { return (void)x, (void)y, z < s; }
static uint8_t empty(int64_t x, int64_t y, int64_t z, int64_t s) { return (void)x, (void)y, (void)z, (void)s, 0; }

/* Reference cases of the package's own tests, the second at its full extent across the slabs scaled down from 100. */
static void two_published_cases(void **state)
{
    (void)state;
    struct vn_bits p, t;
    assert_int_equal(mask_bits(&t, 40, 20, 20, voxel_at, 8), 0);
    assert_int_equal(mask_bits(&p, 40, 20, 20, voxel_at, 10), 0);
    struct vn_surface_stat r = compare(&p, &t, NULL, (const double[3]){ 3, 2, 1 }, 1);
    close_to(r.asd_truth, 1.5, 1e-12);
    close_to(r.asd_pred, 1.5, 1e-12);
    close_to(r.assd, 1.5, 1e-12);
    close_to(r.hd, 2, 1e-12);
    close_to(r.hd95, 2, 1e-12);
    close_to(r.surface_dice, .5, 1e-12);
    vn_bits_free(&p);
    vn_bits_free(&t);
    assert_int_equal(mask_bits(&t, 20, 20, 20, slab_to, 10), 0);
    assert_int_equal(mask_bits(&p, 20, 20, 20, slab_to, 11), 0);
    r = compare(&p, &t, NULL, (const double[3]){ 1, 1, 2 }, 1);
    /* surface-distance 0.1 on the same 20^3 slabs, spacing (2, 1, 1). */
    close_to(r.asd_truth, 0.2809167397, 1e-9);
    close_to(r.asd_pred, 0.3621030349, 1e-9);
    close_to(r.hd, 2, 1e-12);
    close_to(r.hd95, 2, 1e-12);
    close_to(r.surface_dice, 0.8460993136, 1e-9);
    close_to(r.stack_dice, 0.7542513698523666, 1e-12);
    vn_bits_free(&p);
    vn_bits_free(&t);
}

static void empty_masks_give_what_is_published(void **state)
{
    (void)state;
    struct vn_bits p, t;
    assert_int_equal(mask_bits(&t, 20, 20, 20, slab_to, 10), 0);
    assert_int_equal(mask_bits(&p, 20, 20, 20, empty, 0), 0);
    struct vn_surface_stat r = compare(&p, &t, NULL, (const double[3]){ 1, 1, 1 }, 1);
    assert_true(isinf(r.asd_truth) && isnan(r.asd_pred) && isinf(r.hd) && isinf(r.hd95) && isinf(r.assd));
    assert_true(r.surface_dice == 0);
    r = compare(&p, &p, NULL, (const double[3]){ 1, 1, 1 }, 1);
    assert_true(isnan(r.asd_truth) && isinf(r.hd) && isnan(r.surface_dice) && isnan(r.assd));
    vn_bits_free(&p);
    vn_bits_free(&t);
}

static void ignored_voxels_carry_no_surface(void **state)
{
    (void)state;
    struct vn_bits p, t, ignore;
    /* Slabs differ by one plane; every corner that touches the planes from 9 up is left out: what stays is equal. */
    assert_int_equal(mask_bits(&t, 9, 9, 20, slab_to, 10), 0);
    assert_int_equal(mask_bits(&p, 9, 9, 20, slab_to, 11), 0);
    assert_int_equal(mask_bits(&ignore, 9, 9, 20, slab_to, 9), 0);
    for (int64_t i = 0; i < ignore.words * 9 * 20; i++)
        ignore.w[i] = ~ignore.w[i] & 0x1ff;
    const struct vn_surface_stat r = compare(&p, &t, &ignore, (const double[3]){ 1, 1, 1 }, 1);
    assert_true(r.hd == 0 && r.surface_dice == 1 && r.area_pred == r.area_truth && r.area_pred > 0);
    vn_bits_free(&p);
    vn_bits_free(&t);
    vn_bits_free(&ignore);
}

static uint8_t ball(int64_t x, int64_t y, int64_t z, int64_t s) { return (x - 9) * (x - 9) + (y - 9) * (y - 9) + (z - 9) * (z - 9) <= s * s; }

static void cldice_by_hand(void **state)
{
    (void)state;
    struct vn_bits p, t, sp, st;
    assert_int_equal(mask_bits(&t, 40, 20, 20, ball, 6), 0);
    assert_int_equal(mask_bits(&p, 40, 20, 20, slab_to, 9), 0);
    assert_int_equal(mask_bits(&st, 40, 20, 20, voxel_at, 9), 0);      /* (20, 10, 9): in neither mask */
    assert_int_equal(mask_bits(&sp, 40, 20, 20, slab_to, 1), 0);
    assert_true(isnan(vn_cldice(&p, &t, &sp, &st)));                    /* 0 and 0 */
    /* Plane z = 3 of the ball has (x-9)^2 + (y-9)^2 <= 0: one voxel of the skeleton 0..3, which has 3200. */
    vn_bits_free(&sp);
    assert_int_equal(mask_bits(&sp, 40, 20, 20, slab_to, 4), 0);
    vn_bits_free(&st);
    assert_int_equal(mask_bits(&st, 40, 20, 20, slab_to, 12), 0);      /* 9 of its 12 planes in p */
    const double a = 1.0 / 3200, b = 0.75;
    close_to(vn_cldice(&p, &t, &sp, &st), 2 * a * b / (a + b), 1e-14);
    vn_bits_free(&p);
    vn_bits_free(&t);
    vn_bits_free(&sp);
    vn_bits_free(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(area_table_has_the_published_properties), cmocka_unit_test(sheets_as_the_package_measures_them),
        cmocka_unit_test(two_published_cases),                     cmocka_unit_test(empty_masks_give_what_is_published),
        cmocka_unit_test(ignored_voxels_carry_no_surface),         cmocka_unit_test(cldice_by_hand),
    };
    struct vn_err err;
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
