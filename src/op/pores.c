/* pores.c - small places in a vessel that the probability leaves just under 1/2. */
#include "pores.h"
#include <math.h>

struct pore { int n; float rim; int64_t at[VN_PORE * VN_PORE]; };

/* The piece that i, its first pixel in the order of rows, belongs to.  False: it is no pore, or i is not its first. */
static bool trace(const float *p, int64_t nx, int64_t ny, int64_t row, int64_t i, struct pore *o)
{
    const int64_t step[4] = { -row, -1, 1, row };

    int64_t left = i % row, right = left;
    o->n = 1;
    o->rim = INFINITY;
    o->at[0] = i;
    for (int k = 0; k < o->n; k++) {
        const int64_t at = o->at[k], x = at % row, y = at / row;
        if (x == 0 || x == nx - 1 || y == 0 || y == ny - 1 || !(p[at] >= VN_PORE_LEAST))
            return false;
        for (int d = 0; d < 4; d++) {
            const int64_t to = at + step[d];
            int seen = 0;
            if (p[to] >= 0.5f) {
                o->rim = p[to] < o->rim ? p[to] : o->rim;
                continue;
            }
            while (seen < o->n && o->at[seen] != to)
                seen++;
            if (seen < o->n)
                continue;
            if (to < i)
                return false;
            left = vn_min64(left, to % row);
            right = vn_max64(right, to % row);
            if (right - left >= VN_PORE || to / row - i / row >= VN_PORE)
                return false;
            o->at[o->n++] = to;
        }
    }
    return true;
}

static int fill_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct vn_buf *b = ctx;
    const int64_t nx = vn_box_dim(&b->box, 0), ny = vn_box_dim(&b->box, 1), row = b->stride[0];
    float *p = (float *)b->data + z * b->stride[1];
    (void)err;

    for (int64_t y = 1; y < ny - 1; y++)
        for (int64_t i = y * row + 1; i < y * row + nx - 1; i++) {
            struct pore o;
            if (p[i] < 0.5f && p[i - 1] >= 0.5f && p[i - row] >= 0.5f && trace(p, nx, ny, row, i, &o))
                for (int k = 0; k < o.n; k++)
                    p[o.at[k]] = o.rim;
        }
    return 0;
}

int vn_pores_fill(const struct vn_buf *p, struct vn_job *job, struct vn_err *err)
{
    return vn_job_for_quiet(job, vn_box_dim(&p->box, 2), fill_plane, (void *)(uintptr_t)p, err);
}
