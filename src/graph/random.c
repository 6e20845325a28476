/* random.c - draws what a random volume is: voxels, radii, grey values; the rest is look.c's table. */
#include <math.h>
#include "phantom.h"
#include "vox.h"

enum { STREAM = 6 };

static double between(uint64_t seed, uint64_t i, double lo, double hi)
{
    uint32_t r[4];

    vn_random(seed, STREAM, i, r);
    return lo + (hi - lo) * (r[0] / 4294967296.0);
}

static double logarithmic(uint64_t seed, uint64_t i, double lo, double hi) { return lo * vn_exp(between(seed, i, 0, vn_log(hi / lo))); }

/* To three digits, as a scanner's settings would be. */
static double round3(double v)
{
    double unit = 1e-6;

    while (v / unit >= 1000)
        unit *= 10;
    return floor(v / unit + 0.5) * unit;
}

void vn_phantom_draw_voxel(uint64_t seed, double um[3])
{
    um[0] = um[1] = round3(logarithmic(seed, 0, 0.3, 3));
    um[2] = between(seed, 1, 0, 1) < 0.5 ? um[0] : round3(um[0] * logarithmic(seed, 2, 1.5, 5));
}

void vn_phantom_draw(struct vn_phantom_opt *o)
{
    const double h = fmax(o->um[0], fmax(o->um[1], o->um[2])), fine = fmin(o->um[0], fmin(o->um[1], o->um[2]));
    const double wide = fmin(o->dim[0] * o->um[0], o->dim[1] * o->um[1]), deep = o->dim[2] * o->um[2], flat = h / fine;
    const bool large = between(o->seed, 10, 0, 1) < 0.2;

    o->cropped = true;
    vn_look_draw(o->look, o->seed);
    /* Half of the volumes of thick slices have vessels thinner than these, as a person would mark them. */
    o->touched = o->touched || (flat >= 2 && between(o->seed, 17, 0, 1) < 0.5);
    if (o->radius_min != o->radius_min)
        o->radius_min = o->touched ? fine * between(o->seed, 11, 0.9, 1.8) :
                        flat > 1.5 ? h * between(o->seed, 11, 0.55, 1.0) : h * between(o->seed, 11, 1, 2);
    if (o->radius_max != o->radius_max)
        o->radius_max = large ? fmax(o->radius_min, fmin(wide, 4 * deep) * between(o->seed, 12, 0.06, 0.12)) :
                                o->radius_min * between(o->seed, 12, 1.5, 4);
    if (o->loops != o->loops)
        o->loops = between(o->seed, 13, 0.3, 0.8);
    const bool wants16 = between(o->seed, 14, 0, 1) < 0.5;
    if (o->type == VN_N_TYPE)
        o->type = wants16 ? VN_U16 : VN_U8;
    if (o->look[VN_LOOK_CONTRAST] == 0)
        o->look[VN_LOOK_CONTRAST] = round3(o->type == VN_U8 ? between(o->seed, 15, 40, 250) : logarithmic(o->seed, 15, 200, 10000));
    if (o->look[VN_LOOK_LEVEL] == 0)
        o->look[VN_LOOK_LEVEL] = round3(o->look[VN_LOOK_CONTRAST] * between(o->seed, 16, 0.02, 0.3));
}
