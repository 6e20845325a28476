/* nearest.c - distance from a place to the nearest set voxel of a mask. */
#include "nearest.h"

#include <math.h>
#include <string.h>

#include "mem.h"

/* ---- the pyramid ---- */

struct build { struct vn_nearest *t; int level; };

/* Cells of 4x4x4 voxels from four rows of four planes: nibble x of row (y, z) goes to bits 4 y + 16 z of cell x. */
static int build_voxels(void *ctx, int64_t cz, struct vn_err *err)
{
    const struct vn_nearest *t = ((struct build *)ctx)->t;
    const struct vn_bits *m = &t->sites;
    const int64_t *n = t->level[0].n;
    (void)err;

    for (int64_t z = 4 * cz; z < vn_min64(4 * cz + 4, m->dim[2]); z++)
        for (int64_t y = 0; y < m->dim[1]; y++) {
            const uint64_t *row = vn_bits_row(m, y, z);
            uint64_t *cell = t->level[0].word + (cz * n[1] + y / 4) * n[0];
            const int shift = (int)(4 * (y & 3) + 16 * (z & 3));
            for (int64_t k = 0; k < m->words; k++)
                for (uint64_t w = row[k], x = (uint64_t)k * 16; w; w >>= 4, x++)
                    if (w & 15)
                        cell[x] |= (w & 15) << shift;
        }
    return 0;
}

static int build_cells(void *ctx, int64_t cz, struct vn_err *err)
{
    const struct build *b = ctx;
    const int64_t *n = b->t->level[b->level].n, *below = b->t->level[b->level - 1].n;
    (void)err;

    for (int64_t z = 4 * cz; z < vn_min64(4 * cz + 4, below[2]); z++)
        for (int64_t y = 0; y < below[1]; y++) {
            const uint64_t *row = b->t->level[b->level - 1].word + (z * below[1] + y) * below[0];
            uint64_t *cell = b->t->level[b->level].word + (cz * n[1] + y / 4) * n[0];
            for (int64_t x = 0; x < below[0]; x++)
                if (row[x])
                    cell[x / 4] |= UINT64_C(1) << ((x & 3) + 4 * (y & 3) + 16 * (z & 3));
        }
    return 0;
}

int vn_nearest_new(const struct vn_bits *sites, const double um[3], struct vn_nearest *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_nearest t = { .sites = *sites, .unit = fmin(um[0], fmin(um[1], um[2])) };
    int64_t n[3];
    int rc = 0;

    for (int a = 0; a < 3; a++) {
        t.w[a] = um[a] / t.unit * (um[a] / t.unit);
        n[a] = sites->dim[a];
    }
    do {
        for (int a = 0; a < 3; a++)
            t.level[t.n_level].n[a] = n[a] = (n[a] + 3) / 4;
        t.level[t.n_level].word = vn_calloc((uint64_t)(n[0] * n[1] * n[2]), sizeof(uint64_t), err);
        rc = t.level[t.n_level].word ? 0 : VN_E_MEMORY;
        if (!rc)
            rc = vn_job_for_quiet(job, n[2], t.n_level ? build_cells : build_voxels, &(struct build){ &t, t.n_level }, err);
        t.n_level++;
    } while (!rc && (n[0] > 1 || n[1] > 1 || n[2] > 1) && t.n_level < VN_NEAREST_LEVELS);
    if (rc)
        vn_nearest_free(&t);
    else
        *out = t;
    return rc;
}

void vn_nearest_free(struct vn_nearest *t)
{
    for (int i = 0; i < t->n_level; i++)
        vn_free(t->level[i].word);
    memset(t, 0, sizeof *t);
}

/* ---- the search ---- */

struct search { const struct vn_nearest *t; int64_t p[3]; struct vn_near_hit best; };

/* Word (c) of a level: its set members, nearest first, as long as they are nearer than the best. */
static void look(struct search *s, int level, const int64_t c[3])
{
    const struct vn_nearest *t = s->t;
    const int64_t *n = t->level[level].n, edge = (int64_t)1 << 2 * level;       /* voxels along a member */
    uint64_t w = t->level[level].word[(c[2] * n[1] + c[1]) * n[0] + c[0]];
    double part[3][4], d2[64];
    int first = -1;

    for (int a = 0; a < 3; a++)
        for (int i = 0; i < 4; i++) {
            const int64_t lo = (4 * c[a] + i) * edge, hi = lo + edge - 1;
            const double gap = (double)(s->p[a] < lo ? lo - s->p[a] : s->p[a] > hi ? s->p[a] - hi : 0);
            part[a][i] = t->w[a] * gap * gap;
        }
    for (uint64_t u = w; u; u &= u - 1) {
        const int i = __builtin_ctzll(u);
        d2[i] = part[0][i & 3] + part[1][i >> 2 & 3] + part[2][i >> 4];
        if (d2[i] >= s->best.d2)
            w &= ~(UINT64_C(1) << i);
        else if (first < 0 || d2[i] < d2[first])
            first = i;
    }
    for (int i = first; w; i = w ? __builtin_ctzll(w) : 0) {
        const int64_t at[3] = { 4 * c[0] + (i & 3), 4 * c[1] + (i >> 2 & 3), 4 * c[2] + (i >> 4) };
        w &= ~(UINT64_C(1) << i);
        if (d2[i] >= s->best.d2)
            continue;
        if (level)
            look(s, level - 1, at);
        else
            s->best = (struct vn_near_hit){ d2[i], { at[0], at[1], at[2] } };
    }
}

static double square_to(const struct vn_nearest *t, const int64_t p[3], const int64_t q[3])
{
    const double x = (double)(q[0] - p[0]), y = (double)(q[1] - p[1]), z = (double)(q[2] - p[2]);
    return t->w[0] * x * x + t->w[1] * y * y + t->w[2] * z * z;
}

double vn_nearest(const struct vn_nearest *t, const int64_t p[3], struct vn_near_hit *last)
{
    struct search s = { t, { p[0], p[1], p[2] }, { INFINITY, { 0, 0, 0 } } };

    if (vn_bits_get(&t->sites, p[0], p[1], p[2]))
        return 0;
    for (int i = 0; i < 27; i++) {
        const int64_t q[3] = { p[0] + i % 3 - 1, p[1] + i / 3 % 3 - 1, p[2] + i / 9 - 1 };
        const double d2 = square_to(t, p, q);
        if (d2 < s.best.d2 && vn_bits_get(&t->sites, q[0], q[1], q[2]))
            s.best = (struct vn_near_hit){ d2, { q[0], q[1], q[2] } };
    }
    if (s.best.d2 > 4) {                                 /* what is not around p lies two voxels away or farther */
        if (isfinite(last->d2)) {
            const double d2 = square_to(t, p, last->at);
            if (d2 < s.best.d2)
                s.best = (struct vn_near_hit){ d2, { last->at[0], last->at[1], last->at[2] } };
        }
        look(&s, t->n_level - 1, (const int64_t[3]){ 0, 0, 0 });
    }
    *last = s.best;
    return sqrt(s.best.d2) * t->unit;
}
