/* drift.c - the background's slow change, from medians of cells. */
#include "drift.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "mem.h"
#include "vox.h"

enum { CELL = 16, TERMS = VN_DRIFT + 1, LOW = 10, ROUNDS = 20, TAKEN = 6 };      /* voxels of a cell; values taken along an axis of it */

static const double LIGHT = 0.03, GAIN = 8;                  /* what lies below the level must become so many times less */

static double at(int64_t i, int64_t dim) { return (2.0 * (double)i + 1.0) / (double)dim - 1.0; }

static void terms_of(const double p[3], double t[TERMS])
{
    const double all[TERMS] = { 1, p[0], p[1], p[2], p[0] * p[0], p[1] * p[1], p[2] * p[2], p[0] * p[1], p[0] * p[2], p[1] * p[2] };
    memcpy(t, all, sizeof all);
}

static double value_of(const double c[TERMS], const double t[TERMS], int n)
{
    double v = 0;
    for (int i = 0; i < n; i++)
        v += c[i] * t[i];
    return v;
}

static VN_HOT void subtract(const float a[3], float start, float step, float *row, int64_t from, int64_t n)
{
    const float a0 = a[0], a1 = a[1], a2 = a[2];
    for (int64_t x = 0; x < n; x++) {
        const float u = start + (float)(int32_t)(from + x) * step;
        row[x] -= a0 + u * (a1 + u * a2);
    }
}

void vn_drift_row(const float c[VN_DRIFT], const int64_t dim[3], int64_t x, int64_t y, int64_t z, float *row, int64_t n)
{
    const float v = (float)at(y, dim[1]), w = (float)at(z, dim[2]);
    const float a[3] = { v * (c[1] + v * c[4]) + w * (c[2] + w * c[5]) + v * w * c[8], c[0] + v * c[6] + w * c[7], c[3] };
    subtract(a, (float)at(0, dim[0]), 2.0f / (float)dim[0], row, x, n);
}

struct cell { double t[TERMS], v; };

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Median of some finite voxels of the cell; NaN: hardly any. */
static double median_of(const struct vn_buf *b, const struct vn_box *cell, float sign)
{
    float v[TAKEN * TAKEN * TAKEN];
    int64_t step[3];
    int n = 0;

    for (int k = 0; k < 3; k++)
        step[k] = (vn_box_dim(cell, k) + TAKEN - 1) / TAKEN;
    for (int64_t z = cell->lo[2]; z < cell->hi[2]; z += step[2])
        for (int64_t y = cell->lo[1]; y < cell->hi[1]; y += step[1])
            for (int64_t x = cell->lo[0]; x < cell->hi[0]; x += step[0]) {
                const float f = sign * ((const float *)b->data)[vn_buf_at(b, x, y, z)];
                if (f - f == 0.0f)
                    v[n++] = f;
            }
    if (n < 8)
        return NAN;
    qsort(v, (size_t)n, sizeof *v, by_value);
    return v[n / 2];
}

/* Solves the n normal equations in place: c = solution. */
static void solve(double m[TERMS][TERMS + 1], double c[TERMS], int n)
{
    for (int i = 0; i < n; i++) {
        m[i][i] += 1e-9 * m[0][0];             /* what cells do not tell of is 0 */
        for (int j = i + 1; j < n; j++) {
            const double f = m[j][i] / m[i][i];
            for (int k = i; k <= n; k++)
                m[j][k] -= f * m[i][k];
        }
    }
    for (int i = n; i-- > 0;) {
        c[i] = m[i][n];
        for (int k = i + 1; k < n; k++)
            c[i] -= m[i][k] * c[k];
        c[i] /= m[i][i];
    }
}

/* The first n terms by least squares in rounds: at first all that lies above the last fit counts LIGHT, so that it lies low among
 * the cells; then the less, the farther it lies above.  Returns the root mean square of what lies below. */
static double fit(const struct cell *cell, int64_t n_cell, int n, double c[TERMS])
{
    double below = 0;

    memset(c, 0, TERMS * sizeof *c);
    for (int round = 0; round < ROUNDS; round++) {
        double m[TERMS][TERMS + 1] = { { 0 } }, two = 0, count = 0;
        for (int64_t i = 0; i < n_cell; i++) {
            const double r = cell[i].v - value_of(c, cell[i].t, n), q = r / (3 * below), q2 = q * q;
            const double w = round == 0 || r <= 0 ? 1 : round < LOW ? LIGHT : below > 0 ? 1 / (1 + q2 * q2) : 0;
            for (int j = 0; j < n; j++) {
                for (int k = 0; k < n; k++)
                    m[j][k] += w * cell[i].t[j] * cell[i].t[k];
                m[j][n] += w * cell[i].t[j] * cell[i].v;
            }
        }
        solve(m, c, n);
        for (int64_t i = 0; i < n_cell; i++) {
            const double r = cell[i].v - value_of(c, cell[i].t, n);
            two += r < 0 ? r * r : 0;
            count += r < 0;
        }
        below = count > 0 ? sqrt(two / count) : 0;
    }
    return below;
}

struct fill { const struct vn_buf *in; const int64_t *n, *dim; struct cell *cell; float sign; };

static int fill_cell(void *ctx, int64_t i, struct vn_err *err)
{
    const struct fill *f = ctx;
    const struct vn_box *b = &f->in->box;
    const int64_t place[3] = { i % f->n[0], i / f->n[0] % f->n[1], i / f->n[0] / f->n[1] };
    struct vn_box part;
    double p[3];
    (void)err;

    for (int k = 0; k < 3; k++) {
        part.lo[k] = b->lo[k] + vn_box_dim(b, k) * place[k] / f->n[k];
        part.hi[k] = b->lo[k] + vn_box_dim(b, k) * (place[k] + 1) / f->n[k];
        p[k] = 0.5 * (at(part.lo[k], f->dim[k]) + at(part.hi[k] - 1, f->dim[k]));
    }
    terms_of(p, f->cell[i].t);
    f->cell[i].v = median_of(f->in, &part, f->sign);
    return 0;
}

int vn_drift_fit(const struct vn_sample *q, struct vn_vol *v, float sign, double c[VN_DRIFT], struct vn_job *job, struct vn_err *err)
{
    int64_t n[3], each = 1, n_cell = 0;
    double all[TERMS], flat[TERMS];
    int rc = 0;

    memset(c, 0, VN_DRIFT * sizeof *c);
    for (int k = 0; k < 3; k++) {
        n[k] = vn_max64(1, q->size[k] / CELL);
        each *= n[k];
    }
    struct cell *cell = vn_alloc((uint64_t)(each * q->n_block) * sizeof *cell, err);
    if (!cell)
        return VN_E_MEMORY;
    for (int i = 0; rc == 0 && i < q->n_block; i++) {
        const struct vn_box box = vn_sample_block(q, i);
        struct vn_buf in = { 0 };
        if ((rc = vn_vol_map(v, VN_F32, &box, VN_PAD_MIRROR, &in, job, err)) == 0)
            rc = vn_job_for_quiet(job, each, fill_cell, &(struct fill){ &in, n, v->grid.dim, cell + i * each, sign }, err);
        vn_buf_free(&in);
    }
    for (int64_t i = 0; rc == 0 && i < each * q->n_block; i++)
        if (cell[i].v == cell[i].v)
            cell[n_cell++] = cell[i];
    if (rc == 0 && n_cell >= 4 * TERMS) {
        const double before = fit(cell, n_cell, 1, flat), after = fit(cell, n_cell, TERMS, all);
        int64_t near = 0;
        for (int64_t i = 0; i < n_cell; i++)
            near += fabs(cell[i].v - value_of(all, cell[i].t, TERMS)) <= 3 * after;
        bool good = isfinite(before) && before > GAIN * after && 2 * near > n_cell;
        for (int i = 0; i < TERMS; i++)
            good = good && isfinite(all[i]);
        if (good)
            memcpy(c, all + 1, VN_DRIFT * sizeof *c);
    }
    vn_free(cell);
    return rc;
}
