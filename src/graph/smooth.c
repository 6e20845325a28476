/* smooth.c - cubic smoothing splines along a chain of points. */
#include "smooth.h"
#include <math.h>
#include <string.h>
#include "mem.h"

struct spline { int64_t n; const bool *hold; double *u, *h, *g, *gam, *q, *d0, *d1, *d2; };   /* knots, steps, values, second derivatives, work */

/* Second derivatives and smoothed values of y at the knots; the variance of an end that is held is 0. */
static void fit(struct spline *s, const double *y, int64_t stride, double alpha)
{
    const int64_t n = s->n, m = n - 2;
    const double *h = s->h, va = s->hold[0] ? 0 : 1, vb = s->hold[1] ? 0 : 1;

    for (int64_t i = 0; i < n; i++) {
        s->g[i] = y[i * stride];
        s->gam[i] = 0;
    }
    if (m < 1)
        return;
    /* R + alpha Q'SQ: bands d0, d1, d2; column j of Q is (a_j, b_j, c_j) at rows j, j + 1, j + 2. */
    for (int64_t j = 0; j < m; j++) {
        const double a = 1 / h[j], c = 1 / h[j + 1], b = -a - c, sa = j > 0 ? 1 : va, sc = j + 2 < n - 1 ? 1 : vb;
        s->d0[j] = (h[j] + h[j + 1]) / 3 + alpha * (sa * a * a + b * b + sc * c * c);
        s->d1[j] = s->d2[j] = 0;
        if (j + 1 < m) {
            const double a1 = 1 / h[j + 1], b1 = -a1 - 1 / h[j + 2];
            s->d1[j] = h[j + 1] / 6 + alpha * (b * a1 + c * b1);
        }
        if (j + 2 < m)
            s->d2[j] = alpha * c / h[j + 2];
        s->q[j] = (s->g[j + 2] - s->g[j + 1]) / h[j + 1] - (s->g[j + 1] - s->g[j]) / h[j];
    }
    /* L D L' */
    for (int64_t j = 0; j < m; j++) {
        double e = s->d1[j], f = s->d2[j];
        if (j > 0)
            e -= s->d1[j - 1] * s->d2[j - 1] * s->d0[j - 1];
        if (j > 0)
            s->d0[j] -= s->d1[j - 1] * s->d1[j - 1] * s->d0[j - 1];
        if (j > 1)
            s->d0[j] -= s->d2[j - 2] * s->d2[j - 2] * s->d0[j - 2];
        s->d1[j] = e / s->d0[j];
        s->d2[j] = f / s->d0[j];
        if (j > 0)
            s->q[j] -= s->d1[j - 1] * s->q[j - 1];
        if (j > 1)
            s->q[j] -= s->d2[j - 2] * s->q[j - 2];
    }
    for (int64_t j = m - 1; j >= 0; j--) {
        s->q[j] /= s->d0[j];
        if (j + 1 < m)
            s->q[j] -= s->d1[j] * s->q[j + 1];
        if (j + 2 < m)
            s->q[j] -= s->d2[j] * s->q[j + 2];
    }
    for (int64_t j = 0; j < m; j++) {
        const double a = 1 / h[j], c = 1 / h[j + 1];
        s->gam[j + 1] = s->q[j];
        s->g[j] -= (j > 0 ? 1 : va) * alpha * a * s->q[j];
        s->g[j + 1] -= alpha * (-a - c) * s->q[j];
        s->g[j + 2] -= (j + 2 < n - 1 ? 1 : vb) * alpha * c * s->q[j];
    }
}

/* Value at knot interval i, fraction t of it. */
static double at_fraction(const struct spline *s, int64_t i, double t)
{
    const double h = s->h[i], w = 1 - t;

    return w * s->g[i] + t * s->g[i + 1] - h * h / 6 * (w * (1 - w * w) * s->gam[i] + t * (1 - t * t) * s->gam[i + 1]);
}

static void set_steps(struct spline *s)
{
    const double mean = (s->u[s->n - 1] - s->u[0]) / (double)(s->n - 1);

    for (int64_t i = 0; i + 1 < s->n; i++) {
        s->h[i] = s->u[i + 1] - s->u[i];
        if (!(s->h[i] > 0.1 * mean))
            s->h[i] = 0.1 * mean;
    }
}

enum { FINE = 4 };       /* parts of a knot interval when the curve is measured */

/* All three coordinates at the FINE parts of every interval: fine[(n - 1) * FINE + 1][3]. */
static void evaluate(struct spline *s, const double (*p)[3], const double um[3], double (*fine)[3])
{
    double total = 0;

    for (int64_t i = 0; i + 1 < s->n; i++)
        total += s->h[i];
    for (int k = 0; k < 3; k++) {
        const double cut = VN_SMOOTH_VOXELS * um[k];
        fit(s, &p[0][k], 3, cut * cut * cut * cut / (total / (double)(s->n - 1)));
        for (int64_t i = 0; i + 1 < s->n; i++)
            for (int f = 0; f < FINE; f++)
                fine[i * FINE + f][k] = at_fraction(s, i, (double)f / FINE);
        fine[(s->n - 1) * FINE][k] = s->g[s->n - 1];
    }
}

static double dist(const double a[3], const double b[3])
{
    const double x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];

    return sqrt(x * x + y * y + z * z);
}

static int resample(const double (*fine)[3], int64_t n_fine, double step, double (**out)[3], double **at, int64_t *n_out, struct vn_err *err)
{
    double length = 0, gone = 0;
    int64_t n, i = 0;

    for (int64_t k = 1; k < n_fine; k++)
        length += dist(fine[k], fine[k - 1]);
    n = (int64_t)ceil(length / step) + 1;
    n = n < 2 ? 2 : n;
    *out = vn_alloc((uint64_t)n * sizeof **out, err);
    *at = vn_alloc((uint64_t)n * sizeof **at, err);
    if (!*out || !*at) {
        vn_free(*out);
        vn_free(*at);
        *out = NULL;
        *at = NULL;
        return VN_E_MEMORY;
    }
    for (int64_t k = 0; k < n; k++) {
        const double want = length * (double)k / (double)(n - 1);
        double d = dist(fine[i + 1], fine[i]);
        while (i + 2 < n_fine && gone + d < want) {
            gone += d;
            i++;
            d = dist(fine[i + 1], fine[i]);
        }
        double t = d > 0 ? (want - gone) / d : 0;
        t = t < 0 ? 0 : t > 1 || k == n - 1 ? 1 : t;
        for (int c = 0; c < 3; c++)
            (*out)[k][c] = fine[i][c] + t * (fine[i + 1][c] - fine[i][c]);
        (*at)[k] = ((double)i + t) / FINE;
    }
    memcpy((*out)[n - 1], fine[n_fine - 1], sizeof **out);
    (*at)[n - 1] = (double)(n_fine - 1) / FINE;
    *n_out = n;
    return 0;
}

int vn_smooth(const double (*p)[3], int64_t n, const double um[3], const bool hold[2], double step, double (**out)[3], double **at,
              int64_t *n_out, struct vn_err *err)
{
    const int64_t n_fine = (n - 1) * FINE + 1;
    double *work = vn_alloc(((uint64_t)n * 8 + (uint64_t)n_fine * 3) * sizeof *work, err);
    double (*fine)[3] = (double (*)[3])(work + 8 * n);
    struct spline s = { n, hold, work, work + n, work + 2 * n, work + 3 * n, work + 4 * n, work + 5 * n, work + 6 * n, work + 7 * n };
    double raw = 0;
    int rc;

    *out = NULL;
    *at = NULL;
    if (!work)
        return VN_E_MEMORY;
    s.u[0] = 0;
    for (int64_t i = 1; i < n; i++) {
        double most = 0;
        for (int k = 0; k < 3; k++)
            most = fmax(most, fabs(p[i][k] - p[i - 1][k]) / um[k]);
        raw += dist(p[i], p[i - 1]);
        s.u[i] = s.u[i - 1] + fmax(most, 0.5);
    }
    const double scale = raw > 0 ? raw / s.u[n - 1] : step;
    for (int64_t i = 1; i < n; i++)
        s.u[i] *= scale;
    set_steps(&s);
    for (int pass = 0; pass < 2; pass++) {
        evaluate(&s, p, um, fine);
        if (pass)
            break;
        for (int64_t i = 1; i < n; i++) {
            s.u[i] = s.u[i - 1];
            for (int f = 0; f < FINE; f++)
                s.u[i] += dist(fine[(i - 1) * FINE + f + 1], fine[(i - 1) * FINE + f]);
        }
        set_steps(&s);
    }
    rc = resample((const double (*)[3])fine, n_fine, step, out, at, n_out, err);
    vn_free(work);
    return rc;
}
