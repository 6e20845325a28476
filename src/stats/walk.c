/* walk.c - along a graph's centreline in steps of at most half a voxel. */
#include "walk.h"

#include <math.h>

void vn_walk(const struct vn_graph *g, const struct vn_segment *s, void (*step)(void *ctx, const struct vn_spot *p), void *ctx)
{
    const struct vn_point *p = g->point + s->first;
    double um[3], arc = 0, half = 0;                    /* half: of the step before */

    for (int a = 0; a < 3; a++)
        um[a] = g->unit_um ? g->grid.um[a] : 1;
    for (int32_t i = 0; i + 1 < s->n || i == 0; i++) {
        const struct vn_point *q = i + 1 < s->n ? p + i + 1 : p + i;
        double far = 0, d2 = 0;
        for (int a = 0; a < 3; a++) {
            const double d = (double)q->p[a] - p[i].p[a];
            far = fmax(far, fabs(d) / um[a]);
            d2 += d * d;
        }
        const int n = (int)ceil(2 * far) + 1;            /* the last one is the next stretch's first, and the end of the segment */
        const double d = sqrt(d2), len = d / n;
        for (int k = 0; k < n + (i + 2 >= s->n); k++) {
            struct vn_spot at = { .arc = arc + d * k / n, .weight = half + (k < n ? len / 2 : 0) };
            half = len / 2;
            for (int a = 0; a < 3; a++) {
                at.um[a] = p[i].p[a] + ((double)q->p[a] - p[i].p[a]) * k / n;
                at.voxel[a] = at.um[a] / um[a];
            }
            at.radius = p[i].radius + ((double)q->radius - p[i].radius) * k / n;
            step(ctx, &at);
        }
        arc += d;
    }
}

bool vn_bits_near(const struct vn_bits *m, const double voxel[3])
{
    int64_t at[3];
    for (int a = 0; a < 3; a++)
        at[a] = (int64_t)floor(voxel[a]) - m->box.lo[a];
    if (vn_bits_get(m, at[0], at[1], at[2]))
        return true;
    for (int64_t z = at[2] - 1; z <= at[2] + 1; z++)
        for (int64_t y = at[1] - 1; y <= at[1] + 1; y++)
            for (int64_t x = at[0] - 1; x <= at[0] + 1; x++)
                if (vn_bits_get(m, x, y, z))
                    return true;
    return false;
}

double vn_branch_way(const struct vn_graph *g, const struct vn_segment *s, double arc)
{
    const double from_a = g->node[s->a].degree > 2 ? arc : INFINITY;
    const double from_b = g->node[s->b].degree > 2 ? fmax(0, s->length - arc) : INFINITY;
    return fmin(from_a, from_b);
}
