/* breaks.c - gaps that a prediction leaves in the truth's centreline. */
#include "breaks.h"

#include <math.h>

static bool covered(const struct vn_bits *m, const double voxel[3])
{
    int64_t at[3];
    for (int a = 0; a < 3; a++)
        at[a] = (int64_t)floor(voxel[a]) - m->box.lo[a];
    for (int64_t z = at[2] - 1; z <= at[2] + 1; z++)
        for (int64_t y = at[1] - 1; y <= at[1] + 1; y++)
            for (int64_t x = at[0] - 1; x <= at[0] + 1; x++)
                if (vn_bits_get(m, x, y, z))
                    return true;
    return false;
}

struct walk { bool begun, gap; int64_t breaks; };        /* begun: a covered place lies behind; gap: and an uncovered one since */

static void step(struct walk *w, bool is_covered)
{
    if (!is_covered) {
        w->gap = w->begun;
        return;
    }
    w->breaks += w->gap;
    w->begun = true;
    w->gap = false;
}

static void walk_segment(const struct vn_graph *g, const struct vn_segment *s, const struct vn_bits *pred, struct vn_breaks *b)
{
    const struct vn_point *p = g->point + s->first;
    double um[3], inside = 0;
    struct walk w = { 0 };
    int64_t places = 0;

    for (int a = 0; a < 3; a++)
        um[a] = g->unit_um ? g->grid.um[a] : 1;
    for (int32_t i = 0; i + 1 < s->n || i == 0; i++) {
        const struct vn_point *q = i + 1 < s->n ? p + i + 1 : p + i;
        double far = 0;
        for (int a = 0; a < 3; a++)
            far = fmax(far, fabs((double)q->p[a] - p[i].p[a]) / um[a]);
        const int n = (int)ceil(2 * far) + 1;            /* the last one is the next stretch's first, and the end of the segment */
        for (int k = 0; k < n + (i + 2 >= s->n); k++) {
            double at[3];
            for (int a = 0; a < 3; a++)
                at[a] = (p[i].p[a] + ((double)q->p[a] - p[i].p[a]) * k / n) / um[a];
            const bool c = covered(pred, at);
            step(&w, c);
            inside += c;
            places++;
        }
    }
    b->n += w.breaks;
    b->length += s->length;
    b->covered += places ? s->length * inside / (double)places : 0;
}

void vn_breaks_count(const struct vn_graph *truth, const struct vn_bits *pred, struct vn_breaks *out)
{
    struct vn_breaks b = { 0 };
    for (int32_t i = 0; i < truth->n_segment; i++)
        if (truth->segment[i].n > 0)
            walk_segment(truth, &truth->segment[i], pred, &b);
    *out = b;
}
