/* Random numbers of vox.h: the known answers published with Philox, and the moments of the normal deviate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "vox.h"

/* Known-answer vectors of the Random123 distribution (kat_vectors, philox4x32 10). */
static void philox_known_answers(void **state)
{
    static const struct { uint32_t c[4], k[2], want[4]; } kat[] = {
        { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff }, { 0xffffffff, 0xffffffff },
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 }, { 0xa4093822, 0x299f31d0 },
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };
    (void)state;
    for (int i = 0; i < 3; i++) {
        uint32_t got[4];
        vn_philox(kat[i].c, kat[i].k, got);
        for (int j = 0; j < 4; j++)
            assert_int_equal(got[j], kat[i].want[j]);
    }
}

/* 100,000 deviates: the standard errors are 0.003 (mean), 0.002 (sd). */
static void normal_moments(void **state)
{
    double s = 0, ss = 0;
    const int n = 100000;

    (void)state;
    for (int i = 0; i < n; i++) {
        uint32_t r[4];
        vn_random(7, 1, (uint64_t)i << 20, r);
        const double v = vn_normal(r);
        s += v;
        ss += v * v;
    }
    assert_true(s / n > -0.015 && s / n < 0.015);
    assert_true(ss / n > 0.97 && ss / n < 1.03);
}

/* libm's cosine is the independent one; sixteenths and thirds of a turn, beyond one turn and backwards too. */
static void cosine_of_turns(void **state)
{
    (void)state;
    for (int i = -4800; i <= 4800; i++)
        assert_true(fabs(vn_cos_turn(i / 2400.0) - cos(i / 2400.0 * 6.283185307179586)) < 2e-15);
    assert_true(vn_cos_turn(0) == 1 && vn_cos_turn(0.5) == -1 && vn_cos_turn(0.25) == 0);
}

int main(void)
{
    const struct CMUnitTest t[] = { cmocka_unit_test(philox_known_answers), cmocka_unit_test(normal_moments), cmocka_unit_test(cosine_of_turns) };

    return cmocka_run_group_tests(t, NULL, NULL);
}
