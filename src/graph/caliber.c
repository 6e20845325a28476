/* caliber.c - radius from the area of the mask's section. */
#include "caliber.h"
#include <math.h>

double vn_caliber(const struct vn_buf *dist, const double um[3], const double p[3], const double t[3], double d)
{
    double across = 0, along = 0, sum = 0;
    int64_t lo[3], hi[3];

    for (int k = 0; k < 3; k++) {
        across += um[k] * um[k] * (1 - t[k] * t[k]) / 2;
        along += um[k] * um[k] * t[k] * t[k];
    }
    const double reach = d + 1.5 * sqrt(across), half = fmax(2 * sqrt(along), 0.5 * d), reach2 = reach * reach;
    for (int k = 0; k < 3; k++) {
        const double e = reach * sqrt(fmax(0, 1 - t[k] * t[k])) + half * fabs(t[k]);
        lo[k] = (int64_t)ceil((p[k] - e) / um[k] - 0.5);
        hi[k] = (int64_t)floor((p[k] + e) / um[k] - 0.5) + 1;
        if (lo[k] < dist->box.lo[k] || hi[k] > dist->box.hi[k])
            return d;
    }
    for (int64_t z = lo[2]; z < hi[2]; z++) {
        const double ez = ((double)z + 0.5) * um[2] - p[2];
        for (int64_t y = lo[1]; y < hi[1]; y++) {
            const double ey = ((double)y + 0.5) * um[1] - p[1];
            const float *row = (const float *)dist->data + vn_buf_at(dist, 0, y, z);
            for (int64_t x = lo[0]; x < hi[0]; x++) {
                if (!(row[x] > 0))
                    continue;
                const double ex = ((double)x + 0.5) * um[0] - p[0], s = ex * t[0] + ey * t[1] + ez * t[2], a = fabs(s);
                if (a < half && ex * ex + ey * ey + ez * ez - s * s <= reach2)
                    sum += half - a;
            }
        }
    }
    return sqrt(sum * um[0] * um[1] * um[2] / (half * half * 3.14159265358979));
}
