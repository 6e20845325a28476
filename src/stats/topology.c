/* topology.c - Betti numbers of a mask at one bit a voxel.
 *
 * Components: rows are cut into runs of set bits, touching runs of neighbouring rows are joined in a union-find forest,
 * and the count is runs less joins that joined something.  Slabs of planes first, in parallel (a slab's runs point only
 * into the slab), then the planes between slabs; the count does not depend on the order of joins.
 * Euler characteristic: cells of the cubical complex, counted 64 at a time by words: a vertex, edge or face is there when
 * one of the 8, 4 or 2 voxels around it is. */
#include "topology.h"

#include <string.h>

#include "mem.h"

enum { SLAB = 16 };

struct run { int64_t x0, x1; };          /* voxels [x0, x1) of a row */
struct forest {
    const struct vn_bits *m;
    int reach;                           /* 1: runs of neighbouring rows touch at corners too (26); 0: faces only (6) */
    int64_t *first;                      /* rows + 1: first run of each row */
    struct run *run;
    int64_t *parent;
    int64_t *joins;                      /* per slab */
};

/* Next voxel at or after x whose bit equals `set`; dim when there is none. */
static int64_t next_bit(const uint64_t *row, int64_t words, int64_t dim, int64_t x, bool set)
{
    const uint64_t flip = set ? 0 : ~UINT64_C(0);
    for (int64_t k = x >> 6; k < words; k++) {
        uint64_t w = row[k] ^ flip;
        if (k == x >> 6)
            w &= ~UINT64_C(0) << (x & 63);
        if (w)
            return vn_min64(k * 64 + __builtin_ctzll(w), dim);
    }
    return dim;
}

static int count_runs(void *ctx, int64_t z, struct vn_err *err)
{
    struct forest *f = ctx;
    (void)err;
    for (int64_t y = 0; y < f->m->dim[1]; y++) {
        const uint64_t *row = vn_bits_row(f->m, y, z);
        uint64_t carry = 0;
        int64_t n = 0;
        for (int64_t k = 0; k < f->m->words; k++) {       /* a run starts where the bit before is not set */
            n += __builtin_popcountll(row[k] & ~(row[k] << 1 | carry));
            carry = row[k] >> 63;
        }
        f->first[z * f->m->dim[1] + y + 1] = n;
    }
    return 0;
}

static int fill_runs(void *ctx, int64_t z, struct vn_err *err)
{
    struct forest *f = ctx;
    const struct vn_bits *m = f->m;
    (void)err;
    for (int64_t y = 0; y < m->dim[1]; y++) {
        const uint64_t *row = vn_bits_row(m, y, z);
        int64_t i = f->first[z * m->dim[1] + y];
        for (int64_t x = next_bit(row, m->words, m->dim[0], 0, true); x < m->dim[0]; i++) {
            const int64_t end = next_bit(row, m->words, m->dim[0], x, false);
            f->run[i] = (struct run){ x, end };
            f->parent[i] = i;
            x = next_bit(row, m->words, m->dim[0], end, true);
        }
    }
    return 0;
}

static int64_t root(int64_t *parent, int64_t i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

/* Joins the touching runs of two rows; returns how many joins brought two trees together. */
static int64_t join_rows(struct forest *f, int64_t row_a, int64_t row_b)
{
    int64_t i = f->first[row_a], j = f->first[row_b], joins = 0;
    const int64_t end_i = f->first[row_a + 1], end_j = f->first[row_b + 1];

    while (i < end_i && j < end_j) {
        const struct run a = f->run[i], b = f->run[j];
        if (a.x0 < b.x1 + f->reach && b.x0 < a.x1 + f->reach) {
            const int64_t ra = root(f->parent, i), rb = root(f->parent, j);
            if (ra != rb) {
                f->parent[vn_max64(ra, rb)] = vn_min64(ra, rb);
                joins++;
            }
        }
        if (a.x1 < b.x1)
            i++;
        else
            j++;
    }
    return joins;
}

/* Joins plane z with itself (rows y - 1) or with the plane below. */
static int64_t join_plane(struct forest *f, int64_t z, bool below)
{
    const int64_t ny = f->m->dim[1];
    int64_t joins = 0;

    for (int64_t y = 0; y < ny; y++) {
        const int64_t row = z * ny + y;
        if (!below) {
            joins += y > 0 ? join_rows(f, row - 1, row) : 0;
            continue;
        }
        for (int64_t d = -f->reach; d <= f->reach; d++)
            joins += y + d >= 0 && y + d < ny ? join_rows(f, row - ny + d, row) : 0;
    }
    return joins;
}

static int join_slab(void *ctx, int64_t i, struct vn_err *err)
{
    struct forest *f = ctx;
    (void)err;
    int64_t joins = 0;
    for (int64_t z = i * SLAB; z < vn_min64((i + 1) * SLAB, f->m->dim[2]); z++)
        joins += join_plane(f, z, false) + (z > i * SLAB ? join_plane(f, z, true) : 0);
    f->joins[i] = joins;
    return 0;
}

int vn_bits_components(const struct vn_bits *m, int connectivity, int64_t *n, struct vn_job *job, struct vn_err *err)
{
    const int64_t rows = m->dim[1] * m->dim[2], slabs = (m->dim[2] + SLAB - 1) / SLAB;
    struct forest f = { .m = m, .reach = connectivity == 26 };
    int rc = VN_E_MEMORY;

    f.first = vn_calloc((uint64_t)rows + 1, sizeof *f.first, err);
    f.joins = vn_calloc((uint64_t)slabs + 1, sizeof *f.joins, err);
    if (!f.first || !f.joins)
        goto out;
    rc = vn_job_for_quiet(job, m->dim[2], count_runs, &f, err);
    if (rc)
        goto out;
    for (int64_t r = 0; r < rows; r++)
        f.first[r + 1] += f.first[r];
    f.run = vn_alloc((uint64_t)f.first[rows] * sizeof *f.run, err);
    f.parent = vn_alloc((uint64_t)f.first[rows] * sizeof *f.parent, err);
    rc = f.run && f.parent ? 0 : VN_E_MEMORY;
    if (!rc)
        rc = vn_job_for_quiet(job, m->dim[2], fill_runs, &f, err);
    if (!rc)
        rc = vn_job_for_quiet(job, slabs, join_slab, &f, err);
    if (rc)
        goto out;
    int64_t count = f.first[rows];
    for (int64_t s = 0; s < slabs && !rc; s++) {
        count -= f.joins[s] + (s ? join_plane(&f, s * SLAB, true) : 0);
        rc = vn_job_check(job, err);
    }
    if (!rc)
        *n = count;
out:
    vn_free(f.first);
    vn_free(f.joins);
    vn_free(f.run);
    vn_free(f.parent);
    return rc;
}

struct euler { const struct vn_bits *m; int64_t *sum; const uint64_t *zero; };

/* One row of vertices (y, z): vertices, edges along x, y and z, faces and cubes that begin there. The rows a, b, c, d are
 * the voxels (y-1, z-1), (y, z-1), (y-1, z), (y, z); word k of a vertex row holds voxels x-1 and x. */
VN_HOT static int64_t euler_row(const uint64_t *a, const uint64_t *b, const uint64_t *c, const uint64_t *d, int64_t words)
{
    int64_t sum = 0;
    uint64_t last4 = 0, last_y = 0, last_z = 0, last1 = 0;      /* bit 63 of the word before, brought to bit 0 */

    for (int64_t k = 0; k <= words; k++) {                      /* one word more: the vertex after voxel 63 of the last */
        const uint64_t va = k < words ? a[k] : 0, vb = k < words ? b[k] : 0, vc = k < words ? c[k] : 0, vd = k < words ? d[k] : 0;
        const uint64_t four = va | vb | vc | vd, on_y = vb | vd, on_z = vc | vd;
        sum += __builtin_popcountll(four | (four << 1 | last4));      /* vertices */
        sum -= __builtin_popcountll(four);                            /* edges along x: four voxels around */
        sum -= __builtin_popcountll(on_y | (on_y << 1 | last_y));     /* edges along y */
        sum -= __builtin_popcountll(on_z | (on_z << 1 | last_z));     /* edges along z */
        sum += __builtin_popcountll(on_y) + __builtin_popcountll(on_z);   /* faces across z and across y */
        sum += __builtin_popcountll(vd | (vd << 1 | last1));          /* faces across x */
        sum -= __builtin_popcountll(vd);                              /* cubes */
        last4 = four >> 63;
        last_y = on_y >> 63;
        last_z = on_z >> 63;
        last1 = vd >> 63;
    }
    return sum;
}

static int euler_plane(void *ctx, int64_t z, struct vn_err *err)
{
    struct euler *e = ctx;
    const struct vn_bits *m = e->m;
    (void)err;
    int64_t sum = 0;
    for (int64_t y = 0; y <= m->dim[1]; y++) {
        const uint64_t *row[4];
        for (int i = 0; i < 4; i++) {
            const int64_t sy = y - 1 + (i & 1), sz = z - 1 + (i >> 1);
            row[i] = sy >= 0 && sy < m->dim[1] && sz >= 0 && sz < m->dim[2] ? vn_bits_row(m, sy, sz) : e->zero;
        }
        sum += euler_row(row[0], row[1], row[2], row[3], m->words);
    }
    e->sum[z] = sum;
    return 0;
}

int vn_bits_euler(const struct vn_bits *m, int64_t *chi, struct vn_job *job, struct vn_err *err)
{
    struct euler e = { .m = m };
    uint64_t *zero = vn_calloc((uint64_t)m->words + 1, sizeof *zero, err);
    int rc = VN_E_MEMORY;

    e.sum = vn_calloc((uint64_t)m->dim[2] + 1, sizeof *e.sum, err);
    e.zero = zero;
    if (!zero || !e.sum)
        goto out;
    rc = vn_job_for_quiet(job, m->dim[2] + 1, euler_plane, &e, err);
    if (rc)
        goto out;
    *chi = 0;
    for (int64_t z = 0; z <= m->dim[2]; z++)
        *chi += e.sum[z];
out:
    vn_free(zero);
    vn_free(e.sum);
    return rc;
}

int vn_betti(const struct vn_bits *m, struct vn_betti *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_bits back = { 0 };
    struct vn_betti b = { 0 };
    int64_t holes = 0;

    int rc = vn_bits_components(m, 26, &b.b0, job, err);
    if (!rc)
        rc = vn_bits_euler(m, &b.euler, job, err);
    if (!rc) {
        const struct vn_box grown = vn_box_grow(&m->box, (const int64_t[3]){ 1, 1, 1 });
        rc = vn_bits_crop(m, &grown, true, &back, err);
    }
    if (!rc)
        rc = vn_bits_components(&back, 6, &holes, job, err);
    if (!rc) {
        b.b2 = holes - 1;
        b.b1 = b.b0 + b.b2 - b.euler;
        *out = b;
    }
    vn_bits_free(&back);
    return rc;
}
