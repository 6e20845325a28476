/* found.c - which way vessels stand out, and how wide they are. */
#include "found.h"
#include <math.h>
#include <string.h>
#include "edt.h"
#include "mem.h"
#include "sample.h"
#include "vox.h"

enum { PER_EDGE = 20, BINS = 1 << 16 };            /* steps of a diameter in the smallest voxel edge; the last: wider */
enum { LEAST = 1 << 20, MOST = 1 << 23 };          /* voxels looked at: an eighth within these */
enum { WIDE = 24 };                                /* voxels of distance from which the distance alone will do */
enum { HALF = 1, HIGH = 2, AXIS = 4 };             /* of the mask: p >= 0.5, p >= 0.7, on an axis */
enum { WEIGHT = 1 << 10 };

static const double FURTHER = 1.5;                 /* voxels that the ball reaches beyond the distance */

struct look {
    const struct vn_buf *p;
    struct vn_buf mask, d;
    double um[3], edge;
    bool open[3][2];                               /* the block ends here, the volume does not */
    uint64_t *bin;
    int64_t n;                                     /* voxels on axes */
    int64_t deep;                                  /* how far some voxel is for certain from background, in steps */
};

static VN_HOT void half_row(const float *restrict p, uint8_t *restrict m, int64_t n)
{
    for (int64_t x = 0; x < n; x++)
        m[x] = (uint8_t)((p[x] >= 0.5f) * HALF | (p[x] >= 0.7f) * HIGH);
}

static int mask_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct look *l = ctx;
    const struct vn_box *b = &l->mask.box;
    const int64_t z = b->lo[2] + i;
    (void)err;

    for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
        half_row((const float *)l->p->data + vn_buf_at(l->p, b->lo[0], y, z),
                 (uint8_t *)l->mask.data + vn_buf_at(&l->mask, b->lo[0], y, z), vn_box_dim(b, 0));
    return 0;
}

enum { STEPS = 3 };
static const double RISE = 0.22;                   /* of the distance, per length, over 1 to STEPS voxels off an axis */

/* Whether the distance is a maximum along axis k. */
static bool top_along(const struct look *l, const int64_t c[3], int k)
{
    const int64_t *s = l->d.stride, step = k == 0 ? 1 : s[k - 1];
    const float *v = (const float *)l->d.data + c[2] * s[1] + c[1] * s[0] + c[0];
    return (c[k] == 0 || v[0] > v[-step]) && (c[k] + 1 == vn_box_dim(&l->d.box, k) || v[0] >= v[step]);
}

static bool on_axis(const struct look *l, const int64_t c[3])
{
    const int64_t *s = l->d.stride, stride[3] = { 1, s[0], s[1] };
    const float *v = (const float *)l->d.data + c[2] * s[1] + c[1] * s[0] + c[0];
    int64_t n[3];
    int tops = 0;

    for (int k = 0; k < 3; k++) {
        n[k] = vn_box_dim(&l->d.box, k);
        tops += top_along(l, c, k);
    }
    if (tops < 2)
        return false;
    for (int64_t r = 1; r <= STEPS; r++)
        for (int i = 0; i < 27; i++) {
            const int64_t go[3] = { (i % 3 - 1) * r, (i / 3 % 3 - 1) * r, (i / 9 - 1) * r };
            double far = 0;
            int64_t at = 0;
            bool in = true;
            for (int k = 0; k < 3; k++) {
                in = in && c[k] + go[k] >= 0 && c[k] + go[k] < n[k];
                far += (double)(go[k] * go[k]) * l->um[k] * l->um[k];
                at += go[k] * stride[k];
            }
            const double rise = in ? v[at] - v[0] : 0;
            if (rise > 0 && rise * rise > RISE * RISE * far)
                return false;
        }
    return true;
}

/* Radius of the ball.  A voxel's size across the axis: the root of the mean square of those along which the distance is
 * a maximum (of the larger two, if along three). */
static double reach_of(const struct look *l, const int64_t c[3], double d)
{
    double sum = 0, least = INFINITY;
    int tops = 0;

    for (int k = 0; k < 3; k++)
        if (top_along(l, c, k)) {
            sum += l->um[k] * l->um[k];
            least = fmin(least, l->um[k]);
            tops++;
        }
    return d + FURTHER * sqrt((tops > 2 ? sum - least * least : sum) / 2);
}

/* Column of mask voxels along z, mirrored beyond the block. */
struct column { const uint8_t *m; int64_t stride, c, n; bool inside; };

static inline uint8_t at(const struct column *l, int64_t k)
{
    return l->m[l->stride * (l->inside ? l->c + k : vn_pad_from(VN_PAD_MIRROR, l->c + k, 0, l->n))];
}

/* Diameter of the tube through the middle of a ball that fills as much of it: V = 4/3 pi (r^3 - (r^2 - R^2)^(3/2)).
 * Voxels count by the length of their column along z that lies in the ball.  *length: of the tube, for each of the
 * axis's voxels there, which lie side by side in places; 0 where nothing reaches the ball's surface: a speck, or
 * nothing is HIGH. */
static double width_in(const struct look *l, const int64_t c[3], double d, double *length)
{
    const struct vn_box *b = &l->mask.box;
    const int64_t n[3] = { vn_box_dim(b, 0), vn_box_dim(b, 1), vn_box_dim(b, 2) };
    const double r = reach_of(l, c, d), near = r - l->edge, h = l->um[2];
    const int64_t far[2] = { (int64_t)(r / l->um[0]), (int64_t)(r / l->um[1]) };
    const bool beside = c[0] < far[0] || c[0] + far[0] >= n[0];
    double sum = 0, out2 = 0;
    int64_t axis = 0;
    uint8_t any = 0;

    *length = l->edge;
    for (int k = 0; k < 3; k++)
        if (n[k] == 1 || d > WIDE * l->edge)           /* a plane: between two borders */
            return 2 * d - l->edge;
    for (int64_t j = -far[1]; j <= far[1]; j++) {
        const uint8_t *row = (const uint8_t *)l->mask.data +
                             vn_pad_from(VN_PAD_MIRROR, c[1] + j, 0, n[1]) * l->mask.stride[0];
        for (int64_t i = -far[0]; i <= far[0]; i++) {
            const double x = (double)i * l->um[0], y = (double)j * l->um[1], off2 = x * x + y * y;
            if (off2 >= r * r)
                continue;
            const double half = sqrt(r * r - off2);
            const int64_t top = (int64_t)(half / h + 0.5);
            const struct column m = { row + (beside ? vn_pad_from(VN_PAD_MIRROR, c[0] + i, 0, n[0]) : c[0] + i),
                                      l->mask.stride[1], c[2], n[2], c[2] >= top && c[2] + top < n[2] };
            const uint8_t low = at(&m, -top), high = at(&m, top);
            const double end = top ? half - ((double)top - 0.5) * h : half;        /* of the outermost in the ball */
            int64_t full = 0, k = end > 0 ? top : top - 1;
            for (int64_t z = 1 - top; z < top; z++) {
                const uint8_t v = at(&m, z);
                full += v > 0;
                axis += (v & AXIS) > 0;
                any |= v;
            }
            axis += ((low & AXIS) > 0) + (top > 0 && (high & AXIS));
            any |= low | high;
            sum += (double)full * h + end * ((low > 0) + (high > 0));
            if (out2 >= near * near)
                continue;
            while (k >= 0 && !at(&m, k) && !at(&m, -k))
                k--;
            const double z = k == top ? half : ((double)k + 0.5) * h;
            out2 = k < 0 ? out2 : fmax(out2, off2 + z * z);
        }
    }
    if (out2 < near * near || !(any & HIGH))
        return *length = 0;
    const double rest = r * r * r - sum * l->um[0] * l->um[1] * 0.75 / M_PI, half = rest > 0 ? cbrt(rest) : 0;
    *length = 2 * half / (double)axis;
    return 2 * sqrt(r * r - half * half);
}

/* Distance of voxel i to where the block ends along axis k, and what is beyond is not known. */
static double to_face(const struct look *l, int k, int64_t i)
{
    const int64_t n = vn_box_dim(&l->d.box, k);
    const int64_t a = l->open[k][0] ? i : INT32_MAX, b = l->open[k][1] ? n - 1 - i : INT32_MAX;
    return (double)vn_min64(a, b) * l->um[k];
}

/* Marks what lies on an axis in the mask. */
static int axis_plane(void *ctx, int64_t z, struct vn_err *err)
{
    struct look *l = ctx;
    const struct vn_box *b = &l->d.box;
    double deep = 0;
    (void)err;

    for (int64_t y = 0; y < vn_box_dim(b, 1); y++) {
        const float *row = (const float *)l->d.data + z * l->d.stride[1] + y * l->d.stride[0];
        uint8_t *m = (uint8_t *)l->mask.data + z * l->mask.stride[1] + y * l->mask.stride[0];
        const double near = fmin(to_face(l, 1, y), to_face(l, 2, z));
        for (int64_t x = 0; x < vn_box_dim(b, 0); x++) {
            if (row[x] > deep)
                deep = fmax(deep, fmin(row[x], fmin(near, to_face(l, 0, x))));
            if (row[x] > 0 && row[x] < 1e30f && on_axis(l, (const int64_t[3]){ x, y, z }))
                m[x] |= AXIS;
        }
    }
    const int64_t now = (int64_t)fmin(PER_EDGE * deep / l->edge, INT32_MAX);
    for (int64_t was = __atomic_load_n(&l->deep, __ATOMIC_RELAXED); was < now;)
        if (__atomic_compare_exchange_n(&l->deep, &was, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            break;
    return 0;
}

static void add(struct look *l, const int64_t c[3], double d)
{
    const double reach = reach_of(l, c, d);
    double share = 1, length;
    bool seen = true;

    for (int k = 0; k < 3; k++) {
        const int64_t lost = (int64_t)(reach / l->um[k]), n = vn_box_dim(&l->d.box, k);
        seen = seen && !(l->open[k][0] && c[k] < lost) && !(l->open[k][1] && n - 1 - c[k] < lost);
        share -= share * (double)((l->open[k][0] + l->open[k][1]) * lost) / (double)n;
    }
    if (!seen)
        return;
    const int64_t width = llround(PER_EDGE * width_in(l, c, d, &length) / l->edge);
    if (length == 0)
        return;
    __atomic_fetch_add(&l->n, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&l->bin[vn_min64(width, BINS - 1)], (uint64_t)llround(WEIGHT * length / l->edge / share),
                       __ATOMIC_RELAXED);
}

static int width_plane(void *ctx, int64_t z, struct vn_err *err)
{
    struct look *l = ctx;
    const struct vn_box *b = &l->d.box;
    (void)err;

    for (int64_t y = 0; y < vn_box_dim(b, 1); y++) {
        const float *row = (const float *)l->d.data + z * l->d.stride[1] + y * l->d.stride[0];
        const uint8_t *m = (const uint8_t *)l->mask.data + z * l->mask.stride[1] + y * l->mask.stride[0];
        for (int64_t x = 0; x < vn_box_dim(b, 0); x++)
            if (m[x] & AXIS)
                add(l, (const int64_t[3]){ x, y, z }, row[x]);
    }
    return 0;
}

static int look_at(struct look *l, struct vn_vol *p, const struct vn_box *block, struct vn_job *job, struct vn_err *err)
{
    struct vn_buf in = { 0 };
    int rc = vn_vol_map(p, VN_F32, block, VN_PAD_MIRROR, &in, job, err);

    l->p = &in;
    for (int k = 0; k < 3; k++) {
        l->open[k][0] = block->lo[k] > p->box.lo[k];
        l->open[k][1] = block->hi[k] < p->box.hi[k];
    }
    if (rc == 0 && !(rc = vn_buf_new(&l->mask, VN_U8, block, err)) && !(rc = vn_buf_new(&l->d, VN_F32, block, err)) &&
        !(rc = vn_job_for_quiet(job, vn_box_dim(block, 2), mask_plane, l, err)) &&
        !(rc = vn_edt(&l->mask, l->um, VN_EDT_OPEN, &l->d, job, err)))
        rc = vn_job_for_quiet(job, vn_box_dim(block, 2), axis_plane, l, err);
    if (rc == 0)
        rc = vn_job_for_quiet(job, vn_box_dim(block, 2), width_plane, l, err);
    vn_buf_free(&l->mask);
    vn_buf_free(&l->d);
    vn_buf_free(&in);
    return rc;
}

static double quantile(const struct look *l, uint64_t all, double q)
{
    uint64_t below = 0;
    int64_t i = 0;

    while (i < BINS - 1 && (double)(below += l->bin[i]) < q * (double)all)
        i++;
    return (double)i / PER_EDGE * l->edge;
}

int vn_diameters(struct vn_vol *p, struct vn_diameters *out, struct vn_job *job, struct vn_err *err)
{
    const double *um = p->grid.um;
    struct look l = { .um = { 1, 1, 1 }, .edge = 1 };
    struct vn_sample q;
    uint64_t all = 0;
    int rc = 0;

    *out = (struct vn_diameters) { .low = NAN, .median = NAN, .high = NAN };
    vn_sample_place(&q, &p->box, vn_max64(LEAST, vn_min64(MOST, (int64_t)(vn_box_count(&p->box) / 8))));
    if (vn_um_known(&p->grid)) {
        memcpy(l.um, um, sizeof l.um);
        l.edge = fmin(um[0], fmin(um[1], um[2]));
    }
    if (!(l.bin = vn_calloc(BINS, sizeof *l.bin, err)))
        rc = VN_E_MEMORY;
    for (int i = 0; rc == 0 && i < q.n_block; i++) {
        const struct vn_box block = vn_sample_block(&q, i);
        rc = look_at(&l, p, &block, job, err);
    }
    int64_t widest = 0;
    for (int64_t i = 0; rc == 0 && i < BINS; i++) {
        all += l.bin[i];
        widest = l.bin[i] ? i : widest;
    }
    if (rc == 0 && all > 0)
        *out = (struct vn_diameters) { l.n, quantile(&l, all, 0.05), quantile(&l, all, 0.5), quantile(&l, all, 0.95) };
    if (q.n_block > 1 && 2 * l.deep - 3 * PER_EDGE > widest)
        out->beyond = (double)(2 * l.deep - PER_EDGE) / PER_EDGE * l.edge;
    vn_free(l.bin);
    return rc;
}

bool vn_found_turned(const int64_t *tally, double looked)
{
    const int64_t other = tally[VN_FOUND_OTHER];
    return other >= 20 && other > 2 * tally[VN_FOUND_THIS] && (double)other > 1e-4 * looked;
}

double vn_found_faint(const int64_t *tally)
{
    const double n = (double)tally[VN_FOUND_CORES];
    return n > 0 ? 1.5e-3 * (double)tally[VN_FOUND_ACROSS] / n : 0;
}
