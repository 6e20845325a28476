/* test_profile.c - the main peak of a profile: by hand, and as scipy.signal.peak_widths(rel_height=0.5) has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include "profile.h"

static struct vn_peak peak_of(const double *v, int n, double step)
{
    struct vn_peak k;
    vn_profile_peak(&(struct vn_profile){ .n = n, .length = step * (n - 1), .step = step, .value = (double *)(uintptr_t)v }, &k);
    return k;
}

static void by_hand(void **state)
{
    (void)state;
    /* a triangle from 0 to 4 and back: half of it is 2, met at points 2 and 6 */
    struct vn_peak k = peak_of((double[]){ 0, 1, 2, 3, 4, 3, 2, 1, 0 }, 9, 0.5);
    assert_true(k.value == 4 && k.at == 2 && k.ground == 0 && k.from == 1 && k.to == 3 && k.fwhm == 2);
    /* the sides end at 2 and at 6: it stands on 6 and is 4 high; 8 lies a quarter from 10 to 2, and half between 10 and 6 */
    k = peak_of((double[]){ 2, 10, 6 }, 3, 1);
    assert_true(k.ground == 6 && k.from == 0.75 && k.to == 1.5 && k.fwhm == 0.75);
    /* of equals the first; its crossings are the nearest, 7 again on the way to the second */
    k = peak_of((double[]){ 0, 14, 0, 14, 0 }, 5, 1);
    assert_true(k.at == 1 && k.from == 0.5 && k.to == 1.5);
    /* a plateau belongs to it */
    k = peak_of((double[]){ 0, 8, 8, 8, 0 }, 5, 1);
    assert_true(k.from == 0.5 && k.to == 3.5 && k.fwhm == 3);
}

static void as_scipy(void **state)
{
    static const double noisy[] = { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4 };
    /* round(20 + 200 exp(-(x - 17.3)^2 / (2 4^2))): 2.3548 sd = 9.4193 without rounding and straight lines */
    static const double gauss[] = { 20, 20, 20, 20, 21, 22, 24, 27, 33, 43, 58, 78, 103, 132, 162, 190, 210, 219, 217, 203, 179, 150, 120, 92, 69, 51, 39, 31,
                                    26, 23, 21, 21, 20, 20, 20, 20, 20, 20, 20, 20, 20 };
    (void)state;
    struct vn_peak k = peak_of(noisy, VN_COUNT(noisy), 1);
    assert_true(k.at == 5 && fabs(k.fwhm - 1.375) < 1e-12 && fabs(k.from - 4.125) < 1e-12);
    k = peak_of(gauss, VN_COUNT(gauss), 1);
    assert_true(k.at == 17 && k.ground == 20 && fabs(k.fwhm - 9.44889163) < 1e-8 && fabs(k.from - 12.56896552) < 1e-8);
    k = peak_of(gauss, VN_COUNT(gauss), 0.5);
    assert_true(fabs(k.fwhm - 0.5 * 9.44889163) < 1e-8);
}

static void cannot_be_known(void **state)
{
    (void)state;
    struct vn_peak k = peak_of((double[]){ 1, 2, 3, 4 }, 4, 1);      /* still rising at the end */
    assert_true(k.value == 4 && k.at == 3 && isnan(k.ground) && isnan(k.fwhm));
    k = peak_of((double[]){ 5, 5, 5 }, 3, 1);
    assert_true(k.value == 5 && isnan(k.fwhm));
    k = peak_of((double[]){ 7 }, 1, 0);
    assert_true(k.value == 7 && isnan(k.fwhm));
    k = peak_of((double[]){ 1, NAN, 4, 1 }, 4, 1);
    assert_true(k.value == 4 && isnan(k.fwhm));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(by_hand), cmocka_unit_test(as_scipy), cmocka_unit_test(cannot_be_known) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
