/* profile.c - grey values along a line, read piece by piece. */
#include "profile.h"
#include <math.h>
#include <string.h>
#include "mem.h"

enum { PIECE = 32, MAX_POINT = 10000000, MAX_DISC = 4000000 };

/* Trilinear at p; x, y, z in this order, so that the result is the same everywhere. b is f64 and holds the neighbours. */
static double linear(const struct vn_buf *b, const double p[3])
{
    int64_t i[3];
    double f[3], v[2][2];
    for (int k = 0; k < 3; k++) {
        i[k] = vn_min64((int64_t)floor(p[k]), b->box.hi[k] - 1);
        f[k] = p[k] - (double)i[k];
    }
    for (int dz = 0; dz < 2; dz++)
        for (int dy = 0; dy < 2; dy++) {
            const int64_t y = vn_min64(i[1] + dy, b->box.hi[1] - 1), z = vn_min64(i[2] + dz, b->box.hi[2] - 1);
            const double *row = (const double *)b->data + vn_buf_at(b, b->box.lo[0], y, z) - b->box.lo[0];
            v[dz][dy] = row[i[0]] * (1 - f[0]) + (f[0] > 0 ? row[i[0] + 1] * f[0] : 0);
        }
    const double near = v[0][0] * (1 - f[1]) + (f[1] > 0 ? v[0][1] * f[1] : 0), far = v[1][0] * (1 - f[1]) + (f[1] > 0 ? v[1][1] * f[1] : 0);
    return near * (1 - f[2]) + (f[2] > 0 ? far * f[2] : 0);
}

/* Offsets in voxels of the points of a disc across direction d (um): a square lattice of `step`, centre first. */
static int disc(const double d[3], double length, const double um[3], double width, double step, double **out, int64_t *n_out, struct vn_err *err)
{
    const int64_t m = (int64_t)floor(0.5 * width / step + 1e-9);
    double u[3] = { 0 }, w[3], norm = 0;
    int64_t n = 0;
    int k = 0;

    if ((2 * m + 1) * (2 * m + 1) > MAX_DISC)
        return vn_fail(err, VN_E_ARG, "a width of %g is more than %d points across the line", width, MAX_DISC);
    *out = vn_alloc((uint64_t)((2 * m + 1) * (2 * m + 1)) * 3 * sizeof **out, err);
    if (!*out)
        return VN_E_MEMORY;
    for (int i = 1; i < 3; i++)                               /* an axis far from the line's direction */
        k = fabs(d[i]) < fabs(d[k]) ? i : k;
    for (int i = 0; i < 3; i++)
        u[i] = (i == k) - (length > 0 ? d[i] * d[k] / (length * length) : 0);
    for (int i = 0; i < 3; i++)
        norm += u[i] * u[i];
    for (int i = 0; i < 3; i++)
        u[i] /= sqrt(norm);
    for (int i = 0; i < 3; i++)
        w[i] = length > 0 ? (d[(i + 1) % 3] * u[(i + 2) % 3] - d[(i + 2) % 3] * u[(i + 1) % 3]) / length : i == (k + 1) % 3;
    for (int64_t a = -m; a <= m; a++)
        for (int64_t c = -m; c <= m; c++)
            if ((double)(a * a + c * c) * step * step <= 0.25 * width * width * (1 + 1e-9)) {
                for (int i = 0; i < 3; i++)
                    (*out)[3 * n + i] = ((double)a * u[i] + (double)c * w[i]) * step / um[i];
                n++;
            }
    *n_out = n;
    return 0;
}

/* The box of the voxels that points first to last need, with r voxels around; inside `in`. */
static struct vn_box piece_box(const double *at, int64_t first, int64_t last, const double r[3], const struct vn_box *in)
{
    struct vn_box b;
    for (int k = 0; k < 3; k++) {
        const double lo = fmin(at[3 * first + k], at[3 * last + k]) - r[k], hi = fmax(at[3 * first + k], at[3 * last + k]) + r[k];
        b.lo[k] = vn_max64((int64_t)floor(lo), in->lo[k]);
        b.hi[k] = vn_min64((int64_t)floor(hi) + 2, in->hi[k]);
    }
    return b;
}

static double mean_at(const struct vn_buf *b, const struct vn_box *in, const double p[3], const double *offset, int64_t n_offset)
{
    double sum = 0;
    int64_t n = 0;
    for (int64_t i = 0; i < n_offset; i++) {
        double q[3];
        bool inside = true;
        for (int k = 0; k < 3; k++) {
            q[k] = p[k] + offset[3 * i + k];
            inside = inside && q[k] >= (double)in->lo[k] && q[k] <= (double)(in->hi[k] - 1);
        }
        if (inside) {
            sum += linear(b, q);
            n++;
        }
    }
    return n ? sum / (double)n : NAN;
}

int vn_profile(struct vn_vol *v, const struct vn_box *box, const double from[3], const double to[3], double width, struct vn_profile *out,
               struct vn_job *job, struct vn_err *err)
{
    const bool known = vn_um_known(&v->grid);
    double um[3], d[3], r[3], step = INFINITY, zero[3] = { 0 }, *offset = zero;
    struct vn_profile p = { 0 };
    int64_t n_offset = 1;
    int rc = 0;

    for (int k = 0; k < 3; k++) {
        um[k] = known ? v->grid.um[k] : 1;
        step = fmin(step, um[k]);
        d[k] = (to[k] - from[k]) * um[k];
        if (!(fmin(from[k], to[k]) >= (double)box->lo[k] && fmax(from[k], to[k]) <= (double)(box->hi[k] - 1)))
            return vn_fail(err, VN_E_ARG, "%c from %g to %g leaves the voxels there are, %lld to %lld", "xyz"[k], from[k], to[k],
                           (long long)box->lo[k], (long long)box->hi[k] - 1);
    }
    p.length = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    if (p.length / step > MAX_POINT)
        return vn_fail(err, VN_E_ARG, "a line of %g is more than %d points", p.length, MAX_POINT);
    p.n = (int64_t)ceil(p.length / step - 1e-9) + 1;
    p.step = p.n > 1 ? p.length / (double)(p.n - 1) : 0;
    if (width > 0 && (rc = disc(d, p.length, um, width, step, &offset, &n_offset, err)))
        return rc;
    p.at = vn_alloc((uint64_t)p.n * 3 * sizeof *p.at, err);
    p.value = p.at ? vn_alloc((uint64_t)p.n * sizeof *p.value, err) : NULL;
    rc = p.value ? 0 : VN_E_MEMORY;
    for (int64_t i = 0; !rc && i < p.n; i++)
        for (int k = 0; k < 3; k++)                           /* both ends exactly as given */
            p.at[3 * i + k] = i == p.n - 1 ? to[k] : from[k] + (to[k] - from[k]) * ((double)i / (double)vn_max64(1, p.n - 1));
    for (int k = 0; k < 3; k++)
        r[k] = 0.5 * width / um[k];
    for (int64_t i = 0; !rc && i < p.n; i += PIECE) {
        const int64_t end = vn_min64(i + PIECE, p.n);
        const struct vn_box part = piece_box(p.at, i, end - 1, r, box);
        struct vn_buf b;
        if ((rc = vn_job_check(job, err)) || (rc = vn_vol_map(v, VN_F64, &part, VN_PAD_ZERO, &b, job, err)))
            break;
        for (int64_t j = i; j < end; j++)
            p.value[j] = mean_at(&b, box, p.at + 3 * j, offset, n_offset);
        vn_buf_free(&b);
        vn_job_step(job, (uint64_t)end, (uint64_t)p.n);
    }
    if (offset != zero)
        vn_free(offset);
    if (rc)
        vn_profile_free(&p);
    else
        *out = p;
    return rc;
}

/* Where the profile crosses `level` on the way from point i in direction way; it does. */
static double crossing(const struct vn_profile *p, int64_t i, int way, double level)
{
    while (p->value[i + way] > level)
        i += way;
    const double part = (p->value[i] - level) / (p->value[i] - p->value[i + way]);
    return p->step * ((double)i + way * part);
}

void vn_profile_peak(const struct vn_profile *p, struct vn_peak *out)
{
    int64_t top = -1;
    double least[2] = { INFINITY, INFINITY };
    bool whole = true;
    *out = (struct vn_peak){ NAN, NAN, NAN, NAN, NAN, NAN };
    for (int64_t i = 0; i < p->n; i++) {
        whole = whole && !isnan(p->value[i]);
        if (!isnan(p->value[i]) && (top < 0 || p->value[i] > p->value[top]))
            top = i;
    }
    if (top < 0)
        return;
    out->value = p->value[top];
    out->at = p->step * (double)top;
    for (int64_t i = 0; i < p->n; i++)
        if (i != top)
            least[i > top] = fmin(least[i > top], p->value[i]);
    if (!whole || !isfinite(least[0]) || !isfinite(least[1]))
        return;
    out->ground = fmax(least[0], least[1]);
    const double half = 0.5 * (out->value + out->ground);
    if (!(half < out->value))
        return;
    out->from = crossing(p, top, -1, half);
    out->to = crossing(p, top, 1, half);
    out->fwhm = out->to - out->from;
}

void vn_profile_free(struct vn_profile *p)
{
    vn_free(p->at);
    vn_free(p->value);
    *p = (struct vn_profile){ 0 };
}
