/* window.c - running sums of whole numbers over a box around every voxel. */
#include "window.h"
#include <math.h>
#include <string.h>
#include "filter.h"
#include "mem.h"

typedef unsigned __int128 wide;

int vn_window_halo(const struct vn_args *a, const double um[3], int64_t r[3], struct vn_err *err)
{
    for (int k = 0; k < 3; k++) {
        double width;
        int rc = vn_args_length_vox(a, "window", 0, um, k, &width, err);
        if (rc)
            return rc;
        r[k] = (int64_t)fmax(0, floor((width - 1) / 2 + 0.5));
        if (!(width < 2 * VN_MAX_RADIUS))
            return vn_fail(err, VN_E_ARG, "window=%s is %.0f voxels wide, and the limit is %d", vn_arg(a, "window")->s,
                           width, 2 * VN_MAX_RADIUS - 1);
    }
    return 0;
}

struct sums { uint64_t s, q, n; };     /* of values, squares, and how many */

struct run {
    const struct vn_buf *in, *out;
    const struct vn_window *w;
    vn_window_fn row;
    const void *ctx;
    int64_t nx, ny, depth;             /* of the haloed planes; planes of a slab */
    struct vn_job *job;
};

static double value(const struct run *c, int64_t at)
{
    return c->in->type == VN_F32 ? (double)((const float *)c->in->data)[at] : ((const double *)c->in->data)[at];
}

/* Adds a haloed plane to the column sums, or takes it out. */
static void column(const struct run *c, struct sums *col, int64_t z, bool add)
{
    for (int64_t y = 0; y < c->ny; y++) {
        const int64_t at = vn_buf_at(c->in, c->in->box.lo[0], c->in->box.lo[1] + y, c->in->box.lo[2] + z);
        struct sums *row = col + y * c->nx;
        for (int64_t x = 0; x < c->nx; x++) {
            const double is = value(c, at + x), v = (is - c->w->least) / c->w->step;
            if (!(v == v) || (c->w->finite && !(is - is == 0)))
                continue;
            const uint64_t u = v <= 0 ? 0 : v >= 65535 ? 65535 : (uint64_t)(v + 0.5);
            const uint64_t n = add ? 1 : UINT64_MAX;           /* modulo 2^64 */
            row[x].s += n * u;
            row[x].q += n * u * u;
            row[x].n += n;
        }
    }
}

static void add(struct sums *to, const struct sums *from, uint64_t sign)
{
    to->s += sign * from->s;
    to->q += sign * from->q;
    to->n += sign * from->n;
}

/* Rows of an output plane from the column sums; row: sums over the window's rows; v: three rows of the output. */
static void plane(const struct run *c, const struct sums *col, struct sums *row, double *v, int64_t z)
{
    const struct vn_box *b = &c->out->box;
    const int64_t n = vn_box_dim(b, 0), rx = c->w->r[0], ry = c->w->r[1], size = (int64_t)vn_type_size(c->out->type);
    double *mean = v + n, *sd = v + 2 * n;
    memset(row, 0, (size_t)c->nx * sizeof *row);
    for (int64_t y = 0; y < 2 * ry; y++)
        for (int64_t x = 0; x < c->nx; x++)
            add(&row[x], &col[y * c->nx + x], 1);
    for (int64_t y = 0; y < vn_box_dim(b, 1); y++) {
        const int64_t at = vn_buf_at(c->in, b->lo[0], b->lo[1] + y, b->lo[2] + z);
        struct sums w = { 0, 0, 0 };
        for (int64_t x = 0; x < c->nx; x++)
            add(&row[x], &col[(y + 2 * ry) * c->nx + x], 1);
        for (int64_t x = 0; x < 2 * rx; x++)
            add(&w, &row[x], 1);
        for (int64_t x = 0; x < n; x++) {
            add(&w, &row[x + 2 * rx], 1);
            const double all = (double)w.n;
            v[x] = value(c, at + x);
            mean[x] = w.n ? c->w->least + c->w->step * ((double)w.s / all) : NAN;
            sd[x] = w.n ? c->w->step * sqrt((double)((wide)w.q * w.n - (wide)w.s * w.s)) / all : NAN;
            add(&w, &row[x], UINT64_MAX);
        }
        c->row(c->ctx, v, mean, sd,
               (char *)c->out->data + size * vn_buf_at(c->out, b->lo[0], b->lo[1] + y, b->lo[2] + z), n);
        for (int64_t x = 0; x < c->nx; x++)
            add(&row[x], &col[y * c->nx + x], UINT64_MAX);
    }
}

static int slab(void *ctx, int64_t i, struct vn_err *err)
{
    const struct run *c = ctx;
    const int64_t z0 = i * c->depth, z1 = vn_min64(z0 + c->depth, vn_box_dim(&c->out->box, 2));
    const int64_t r = c->w->r[2], n = vn_box_dim(&c->out->box, 0);
    struct sums *col = vn_calloc((uint64_t)(c->nx * c->ny), sizeof *col, err);
    struct sums *row = col ? vn_alloc((uint64_t)c->nx * sizeof *row, err) : NULL;
    double *v = row ? vn_alloc(3 * (uint64_t)n * sizeof *v, err) : NULL;
    for (int64_t z = z0; v && z < z0 + 2 * r; z++)
        column(c, col, z, true);
    for (int64_t z = z0; v && z < z1 && !vn_job_stop(c->job); z++) {
        column(c, col, z + 2 * r, true);
        plane(c, col, row, v, z);
        column(c, col, z, false);
    }
    vn_free(col);
    vn_free(row);
    vn_free(v);
    return v ? 0 : VN_E_MEMORY;
}

/* Planes that a thread does with the same sums. */
static int64_t depth_of(const int64_t r[3]) { return 2 * (2 * r[2] + 1); }

int vn_window_run(const struct vn_buf *in, const struct vn_window *w, vn_window_fn row, const void *ctx,
                  const struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    struct run c = { in, out, w, row, ctx, vn_box_dim(&in->box, 0), vn_box_dim(&in->box, 1), depth_of(w->r), job };
    return vn_job_for(job, (vn_box_dim(&out->box, 2) + c.depth - 1) / c.depth, slab, &c, err);
}

enum { COLUMN = 6, ROW = 3, VOXEL = 24 };      /* work, in additions: a voxel of a column, its sums, a voxel of out */

struct vn_cost vn_window_cost(const int64_t r[3], const struct vn_box *out)
{
    const double nz = (double)vn_box_dim(out, 2), slabs = ceil(nz / (double)depth_of(r));
    const double across = (double)((vn_box_dim(out, 0) + 2 * r[0]) * (vn_box_dim(out, 1) + 2 * r[1]));
    return (struct vn_cost) { fmin(slabs, vn_job_threads()) * vn_mem_counted(across * (double)sizeof(struct sums)),
                              across * (COLUMN * (2 * nz + 2 * slabs * (double)r[2]) + 2 * ROW * nz) +
                              VOXEL * (double)vn_box_count(out) };
}
