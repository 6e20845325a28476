/* label.c - connected components by runs: count, extract, join rows, number, paint. */
#include "label.h"
#include <stdlib.h>
#include <string.h>
#include "label_own.h"
#include "mem.h"

/* Slabs are joined inside in parallel, then with each other in order. Their number does not change the result. */
enum { SLAB_MAX = 64, SLAB_MIN_PLANES = 4, POLL_MASK = 0xfffff };

/* Bit i = byte i of w is not zero. */
static inline unsigned byte_bits(uint64_t w)
{
    const uint64_t low7 = 0x7f7f7f7f7f7f7f7fULL;
    uint64_t t = ((((w & low7) + low7) | w) >> 7) & 0x0101010101010101ULL;
    return (unsigned)((t * 0x0102040810204080ULL) >> 56);
}

/* Bits of voxels [x, x + 8) of a row, those from n on zero. */
static inline unsigned row_bits(const uint8_t *row, int64_t x, int64_t n, unsigned flip)
{
    uint64_t w = 0;
    if (x + 8 <= n) {
        memcpy(&w, row + x, 8);
        return byte_bits(w) ^ flip;
    }
    memcpy(&w, row + x, (size_t)(n - x));
    return (byte_bits(w) ^ flip) & ((1u << (n - x)) - 1);
}

static uint32_t row_count(const uint8_t *row, int64_t n, unsigned flip)
{
    uint32_t count = 0;
    unsigned carry = 0;
    for (int64_t x = 0; x < n; x += 8) {
        unsigned b = row_bits(row, x, n, flip);
        count += (uint32_t)__builtin_popcount(b & ~(b << 1 | carry) & 0xff);
        carry = b >> 7;
    }
    return count;
}

static void row_extract(const uint8_t *row, int64_t n, unsigned flip, struct vn_run *out)
{
    unsigned carry = 0;
    for (int64_t x = 0; x < n; x += 8) {
        unsigned b = row_bits(row, x, n, flip);
        unsigned edge = (b ^ (b << 1 | carry)) & 0xff;       /* a run starts or ends here */
        for (; edge; edge &= edge - 1) {
            uint32_t at = (uint32_t)(x + __builtin_ctz(edge));
            if (!carry)
                out->x0 = at;
            else
                (out++)->x1 = at;
            carry ^= 1;
        }
    }
    if (carry)
        out->x1 = (uint32_t)n;
}

struct build_ctx {
    struct vn_runs *r;
    vn_row_scan scan;
    const void *ctx;
    int64_t ny;
};

static int count_plane(void *ctx, int64_t z, struct vn_err *err)
{
    struct build_ctx *c = ctx;
    (void)err;
    for (int64_t y = 0; y < c->ny; y++)
        c->r->row[z * c->ny + y] = c->scan(c->ctx, z, y, NULL);
    return 0;
}

static int extract_plane(void *ctx, int64_t z, struct vn_err *err)
{
    struct build_ctx *c = ctx;
    (void)err;
    for (int64_t y = 0; y < c->ny; y++)
        c->scan(c->ctx, z, y, c->r->run + c->r->row[z * c->ny + y]);
    return 0;
}

int vn_runs_scan(const struct vn_box *box, vn_row_scan scan, const void *ctx, struct vn_runs *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_runs r = { .box = *box };
    const int64_t ny = vn_box_dim(box, 1), nz = vn_box_dim(box, 2);
    struct build_ctx c = { .r = &r, .scan = scan, .ctx = ctx, .ny = ny };
    uint64_t total = 0;
    int rc = 0;

    if (vn_box_dim(box, 0) > UINT32_MAX - 8)
        return vn_fail(err, VN_E_UNSUPPORTED, "a mask of %lld voxels along x is too long to label", (long long)vn_box_dim(box, 0));
    r.n_row = ny * nz;
    r.row = vn_alloc(((uint64_t)r.n_row + 1) * sizeof(*r.row), err);
    if (!r.row) {
        rc = err->code;
        goto out;
    }
    rc = vn_job_for_quiet(job, nz, count_plane, &c, err);
    if (rc)
        goto out;
    for (int64_t i = 0; i < r.n_row; i++) {
        uint32_t n = r.row[i];
        r.row[i] = (uint32_t)total;
        total += n;
        if (total > UINT32_MAX - 1) {
            rc = vn_fail(err, VN_E_UNSUPPORTED, "the mask has more than %u runs of voxels; label a smaller region", UINT32_MAX - 1);
            goto out;
        }
    }
    r.n = r.row[r.n_row] = (uint32_t)total;
    r.run = vn_alloc(total * sizeof(*r.run), err);
    if (!r.run) {
        rc = err->code;
        goto out;
    }
    rc = vn_job_for_quiet(job, nz, extract_plane, &c, err);
out:
    if (rc)
        vn_runs_free(&r);
    else
        *out = r;
    return rc;
}

struct mask_ctx { const struct vn_buf *mask; unsigned flip; };

static uint32_t scan_mask(const void *ctx, int64_t z, int64_t y, struct vn_run *out)
{
    const struct mask_ctx *c = ctx;
    const uint8_t *row = (const uint8_t *)c->mask->data + z * c->mask->stride[1] + y * c->mask->stride[0];
    const int64_t nx = vn_box_dim(&c->mask->box, 0);
    if (!out)
        return row_count(row, nx, c->flip);
    row_extract(row, nx, c->flip, out);
    return 0;
}

int vn_runs_build(const struct vn_buf *mask, bool background, struct vn_runs *out, struct vn_job *job, struct vn_err *err)
{
    const struct mask_ctx c = { mask, background ? 0xff : 0 };
    if (mask->type != VN_U8)
        return vn_fail(err, VN_E_ARG, "components are found in u8 masks, not in %s voxels", vn_type_name(mask->type));
    return vn_runs_scan(&mask->box, scan_mask, &c, out, job, err);
}

double vn_runs_bytes(const struct vn_box *box, double n)
{
    return vn_mem_counted(4.0 * (double)(vn_box_dim(box, 1) * vn_box_dim(box, 2) + 1)) + vn_mem_counted(8 * n) + vn_mem_counted(4 * n);
}

void vn_runs_free(struct vn_runs *r)
{
    vn_free(r->row);
    vn_free(r->run);
    vn_free(r->label);
    *r = (struct vn_runs){ 0 };
}

/* ---- joining ---- */

void vn_join_rows(const void *ctx, struct vn_runs *r, int64_t row_a, int64_t row_b, uint32_t reach)
{
    uint32_t a = r->row[row_a], b = r->row[row_b];
    const uint32_t end_a = r->row[row_a + 1], end_b = r->row[row_b + 1];
    (void)ctx;
    while (a < end_a && b < end_b) {
        const struct vn_run ra = r->run[a], rb = r->run[b];
        if (ra.x0 < rb.x1 + reach && rb.x0 < ra.x1 + reach)
            vn_join(r->label, a, b);
        if (ra.x1 < rb.x1)
            a++;
        else
            b++;
    }
}

/* Earlier rows with neighbours of a row's voxels, and whether these reach one voxel to the side. */
struct near { int dy, dz; uint32_t reach; };

static int neighbours(int connectivity, int axis, struct near near[4])
{
    const uint32_t side = connectivity > 6, corner = connectivity == 26;
    const bool diagonal = connectivity == 8;
    int n = 0;
    if (connectivity == 4 || diagonal) {
        if (axis != 1)
            near[n++] = (struct near){ -1, 0, diagonal && axis == 2 };
        if (axis != 2)
            near[n++] = (struct near){ 0, -1, diagonal && axis == 1 };
        for (int dy = -1; axis == 0 && diagonal && dy <= 1; dy += 2)
            near[n++] = (struct near){ dy, -1, 0 };
        return n;
    }
    near[n++] = (struct near){ -1, 0, side };
    near[n++] = (struct near){ 0, -1, side };
    for (int dy = -1; side && dy <= 1; dy += 2)
        near[n++] = (struct near){ dy, -1, corner };
    return n;
}

struct join_ctx {
    struct vn_runs *r;
    int64_t ny, nz, slab;
    struct near near[4];
    int n_near;
    vn_row_join join;
    const void *ctx;
    struct vn_job *job;
};

/* The rows of plane z with their neighbours in the same plane (down false), in the plane before (true). */
static void join_plane(const struct join_ctx *c, int64_t z, bool down)
{
    for (int k = 0; k < c->n_near; k++) {
        const struct near near = c->near[k];
        if (down != (near.dz < 0))
            continue;
        for (int64_t y = vn_max64(0, -near.dy); y < vn_min64(c->ny, c->ny - near.dy); y++)
            c->join(c->ctx, c->r, z * c->ny + y, (z + near.dz) * c->ny + y + near.dy, near.reach);
    }
}

static int join_slab(void *ctx, int64_t i, struct vn_err *err)
{
    const struct join_ctx *c = ctx;
    const int64_t z0 = i * c->slab, z1 = vn_min64(z0 + c->slab, c->nz);
    (void)err;
    for (uint32_t k = c->r->row[z0 * c->ny]; k < c->r->row[z1 * c->ny]; k++)
        c->r->label[k] = k;
    for (int64_t z = z0; z < z1 && !vn_job_stop(c->job); z++) {
        join_plane(c, z, false);
        if (z > z0)
            join_plane(c, z, true);
    }
    return 0;
}

int vn_runs_join(struct vn_runs *r, int connectivity, int axis, vn_row_join join, const void *ctx, struct vn_job *job, struct vn_err *err)
{
    const int64_t ny = vn_box_dim(&r->box, 1), nz = vn_box_dim(&r->box, 2);
    struct join_ctx c = { .r = r, .ny = ny, .nz = nz, .join = join, .ctx = ctx, .job = job };
    uint32_t count = 0;

    c.n_near = neighbours(connectivity, axis, c.near);
    vn_free(r->label);
    r->label = vn_alloc((uint64_t)r->n * sizeof(*r->label), err);
    if (!r->label)
        return err->code;
    c.slab = vn_max64(SLAB_MIN_PLANES, (nz + SLAB_MAX - 1) / SLAB_MAX);
    int rc = vn_job_for_quiet(job, (nz + c.slab - 1) / c.slab, join_slab, &c, err);
    for (int64_t z = c.slab; !rc && z < nz; z += c.slab) {
        join_plane(&c, z, true);
        rc = vn_job_check(job, err);
    }
    /* A parent comes before its children: one pass in order turns parents into labels. */
    for (uint32_t i = 0; !rc && i < r->n; i++) {
        r->label[i] = r->label[i] == i ? ++count : r->label[r->label[i]];
        if ((i & POLL_MASK) == POLL_MASK)
            rc = vn_job_check(job, err);
    }
    r->count = count;
    return rc;
}

int vn_runs_label(struct vn_runs *r, int connectivity, struct vn_job *job, struct vn_err *err)
{
    if (connectivity != 6 && connectivity != 18 && connectivity != 26)
        return vn_fail(err, VN_E_ARG, "connectivity %d is none of 6, 18, 26", connectivity);
    return vn_runs_join(r, connectivity, 2, vn_join_rows, NULL, job, err);
}

int vn_runs_sizes(const struct vn_runs *r, uint64_t **size, struct vn_job *job, struct vn_err *err)
{
    uint64_t *s = vn_calloc((uint64_t)r->count + 1, sizeof(*s), err);
    if (!s)
        return err->code;
    int rc = 0;
    for (uint32_t i = 0; !rc && i < r->n; i++) {
        s[r->label[i] - 1] += r->run[i].x1 - r->run[i].x0;
        if ((i & POLL_MASK) == POLL_MASK)
            rc = vn_job_check(job, err);
    }
    if (rc)
        vn_free(s);
    else
        *size = s;
    return rc;
}

int vn_runs_faces(const struct vn_runs *r, bool flat, bool **face, struct vn_job *job, struct vn_err *err)
{
    const int64_t nx = vn_box_dim(&r->box, 0), ny = vn_box_dim(&r->box, 1), nz = vn_box_dim(&r->box, 2);
    const bool in_x = flat || nx > 1, in_y = flat || ny > 1, in_z = flat || nz > 1;
    bool *f = vn_calloc((uint64_t)r->count + 1, sizeof(*f), err);
    if (!f)
        return err->code;
    int rc = 0;
    for (int64_t row = 0; !rc && row < r->n_row; row++) {
        const int64_t y = row % ny, z = row / ny;
        const bool all = (in_y && (y == 0 || y == ny - 1)) || (in_z && (z == 0 || z == nz - 1));
        for (uint32_t i = r->row[row]; i < r->row[row + 1]; i++)
            if (all || (in_x && (r->run[i].x0 == 0 || r->run[i].x1 == (uint64_t)nx)))
                f[r->label[i] - 1] = true;
        if (y == ny - 1)
            rc = vn_job_check(job, err);
    }
    if (rc)
        vn_free(f);
    else
        *face = f;
    return rc;
}

/* ---- runs back to voxels ---- */

struct paint_ctx {
    const struct vn_runs *r;
    const uint8_t *value;
    struct vn_buf *out;
    int64_t nx, ny;
};

static int paint_value_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct paint_ctx *c = ctx;
    (void)err;
    for (int64_t y = 0; y < c->ny; y++) {
        uint8_t *row = (uint8_t *)c->out->data + z * c->out->stride[1] + y * c->out->stride[0];
        for (uint32_t i = c->r->row[z * c->ny + y]; i < c->r->row[z * c->ny + y + 1]; i++) {
            const uint8_t v = c->value[c->r->label[i] - 1];
            if (v != 0xff)
                memset(row + c->r->run[i].x0, v, c->r->run[i].x1 - c->r->run[i].x0);
        }
    }
    return 0;
}

static int paint_label_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct paint_ctx *c = ctx;
    (void)err;
    for (int64_t y = 0; y < c->ny; y++) {
        uint32_t *row = (uint32_t *)c->out->data + z * c->out->stride[1] + y * c->out->stride[0];
        memset(row, 0, (size_t)c->nx * sizeof(*row));
        for (uint32_t i = c->r->row[z * c->ny + y]; i < c->r->row[z * c->ny + y + 1]; i++)
            for (uint32_t x = c->r->run[i].x0, label = c->r->label[i]; x < c->r->run[i].x1; x++)
                row[x] = label;
    }
    return 0;
}

static int paint(const struct vn_runs *r, const uint8_t *value, struct vn_buf *out, enum vn_type type, struct vn_job *job,
                 struct vn_err *err)
{
    struct paint_ctx c = { .r = r, .value = value, .out = out, .nx = vn_box_dim(&r->box, 0), .ny = vn_box_dim(&r->box, 1) };
    if (out->type != type || !vn_box_same(&out->box, &r->box))
        return vn_fail(err, VN_E_INTERNAL, "components need a %s buffer with the box of the mask", vn_type_name(type));
    return vn_job_for_quiet(job, vn_box_dim(&r->box, 2), value ? paint_value_plane : paint_label_plane, &c, err);
}

int vn_runs_paint(const struct vn_runs *r, const uint8_t *value, struct vn_buf *mask, struct vn_job *job, struct vn_err *err)
{
    return paint(r, value, mask, VN_U8, job, err);
}

int vn_runs_paint_labels(const struct vn_runs *r, struct vn_buf *labels, struct vn_job *job, struct vn_err *err)
{
    return paint(r, NULL, labels, VN_U32, job, err);
}

int vn_label_buf(const struct vn_buf *mask, int connectivity, struct vn_buf *labels, uint64_t *count, struct vn_job *job,
                 struct vn_err *err)
{
    struct vn_runs r = { 0 };
    int rc = vn_runs_build(mask, false, &r, job, err);
    if (!rc)
        rc = vn_runs_label(&r, connectivity, job, err);
    if (!rc)
        rc = vn_runs_paint_labels(&r, labels, job, err);
    if (!rc)
        *count = r.count;
    vn_runs_free(&r);
    return rc;
}

/* ---- sizes from labels ---- */

struct size_ctx {
    const struct vn_buf *labels;
    uint64_t *size;                    /* NULL in the first pass, which finds the largest label of each plane */
    uint32_t *top;
};

static int size_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct size_ctx *c = ctx;
    const int64_t nx = vn_box_dim(&c->labels->box, 0), ny = vn_box_dim(&c->labels->box, 1);
    uint32_t top = 0;
    (void)err;
    for (int64_t y = 0; y < ny; y++) {
        const uint32_t *row = (const uint32_t *)c->labels->data + z * c->labels->stride[1] + y * c->labels->stride[0];
        for (int64_t x = 0; !c->size && x < nx; x++)
            top = row[x] > top ? row[x] : top;
        for (int64_t x = 0, from; c->size && x < nx; x++) {
            if (!row[x])
                continue;
            for (from = x; x + 1 < nx && row[x + 1] == row[from]; x++)
                ;
            __atomic_fetch_add(&c->size[row[from] - 1], (uint64_t)(x + 1 - from), __ATOMIC_RELAXED);
        }
    }
    if (!c->size)
        c->top[z] = top;
    return 0;
}

int vn_label_sizes(const struct vn_buf *labels, uint64_t **size, uint64_t *count, struct vn_job *job, struct vn_err *err)
{
    const int64_t nz = vn_box_dim(&labels->box, 2);
    struct size_ctx c = { .labels = labels };
    uint32_t n = 0;
    int rc;

    if (labels->type != VN_U32)
        return vn_fail(err, VN_E_INTERNAL, "labels are u32, not %s", vn_type_name(labels->type));
    c.top = vn_alloc((uint64_t)nz * sizeof(*c.top), err);
    rc = c.top ? vn_job_for_quiet(job, nz, size_plane, &c, err) : err->code;
    for (int64_t z = 0; !rc && z < nz; z++)
        n = c.top[z] > n ? c.top[z] : n;
    if (!rc && !(c.size = vn_calloc((uint64_t)n + 1, sizeof(*c.size), err)))
        rc = err->code;
    if (!rc)
        rc = vn_job_for_quiet(job, nz, size_plane, &c, err);
    vn_free(c.top);
    if (rc) {
        vn_free(c.size);
        return rc;
    }
    *size = c.size;
    *count = n;
    return 0;
}

int vn_keep_largest(struct vn_buf *mask, int connectivity, uint64_t *size, struct vn_job *job, struct vn_err *err)
{
    struct vn_runs r = { 0 };
    uint64_t *sizes = NULL;
    uint8_t *value = NULL;
    uint32_t best = 0;

    int rc = vn_runs_build(mask, false, &r, job, err);
    if (!rc)
        rc = vn_runs_label(&r, connectivity, job, err);
    if (!rc)
        rc = vn_runs_sizes(&r, &sizes, job, err);
    if (rc)
        goto out;
    value = vn_calloc((uint64_t)r.count + 1, 1, err);
    if (!value) {
        rc = err->code;
        goto out;
    }
    for (uint32_t i = 1; i < r.count; i++)
        if (sizes[i] > sizes[best])
            best = i;
    value[best] = 0xff;                        /* left alone; all others become background */
    rc = vn_runs_paint(&r, value, mask, job, err);
    if (!rc && size)
        *size = r.count ? sizes[best] : 0;
out:
    vn_free(sizes);
    vn_free(value);
    vn_runs_free(&r);
    return rc;
}

/* ---- some of the labels ---- */

struct map_ctx { struct vn_buf *labels; const uint32_t *to; };

static int map_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct map_ctx *c = ctx;
    (void)err;
    for (int64_t y = 0; y < vn_box_dim(&c->labels->box, 1); y++) {
        uint32_t *row = (uint32_t *)c->labels->data + z * c->labels->stride[1] + y * c->labels->stride[0];
        for (int64_t x = 0; x < vn_box_dim(&c->labels->box, 0); x++)
            row[x] = c->to[row[x]];
    }
    return 0;
}

static int larger_first(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* Size that the components of rank below `largest` reach, and how many of exactly that size are among them. */
static int rank_size(const uint64_t *size, uint64_t count, uint64_t largest, uint64_t *least, uint64_t *of_least, struct vn_err *err)
{
    uint64_t *sorted = vn_alloc(count * sizeof *sorted, err);
    if (!sorted)
        return VN_E_MEMORY;
    memcpy(sorted, size, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, larger_first);
    *least = sorted[largest - 1];
    for (uint64_t i = largest; i > 0 && sorted[i - 1] == *least; i--)
        ++*of_least;
    vn_free(sorted);
    return 0;
}

int vn_label_keep(struct vn_buf *labels, uint64_t min_size, uint64_t largest, struct vn_job *job, struct vn_err *err)
{
    uint64_t *size = NULL, count = 0, least = 0, of_least = 0;
    struct map_ctx c = { .labels = labels };
    uint32_t *to = NULL, kept = 0;
    int rc = vn_label_sizes(labels, &size, &count, job, err);
    if (!rc && largest > 0 && largest < count)
        rc = rank_size(size, count, largest, &least, &of_least, err);
    if (!rc && !(to = vn_alloc((count + 1) * sizeof *to, err)))
        rc = VN_E_MEMORY;
    if (rc)
        goto out;
    to[0] = 0;
    for (uint64_t i = 0; i < count; i++) {
        bool keep = size[i] >= min_size && size[i] >= least;
        if (least > 0 && size[i] == least) {                         /* the first of equals */
            keep = keep && of_least > 0;
            of_least -= of_least > 0;
        }
        to[i + 1] = keep ? ++kept : 0;
    }
    c.to = to;
    rc = vn_job_for_quiet(job, vn_box_dim(&labels->box, 2), map_plane, &c, err);
out:
    vn_free(size);
    vn_free(to);
    return rc;
}
