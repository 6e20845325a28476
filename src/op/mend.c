/* mend.c - segments removed, vessels cut across, gaps bridged. */
#include "mend.h"
#include "edt.h"
#include "mem.h"
#include <math.h>
#include <string.h>

static void sides(const struct vn_grid *g, double um[3])
{
    for (int k = 0; k < 3; k++)
        um[k] = vn_um_known(g) ? g->um[k] : 1;
}

static double widest(const double um[3]) { return fmax(um[0], fmax(um[1], um[2])); }

void vn_mend_voxel(const struct vn_graph *g, const double p[3], double at[3])
{
    for (int k = 0; k < 3; k++)
        at[k] = p[k] / (g->unit_um ? g->grid.um[k] : 1) - 0.5;
}

/* Point i of the graph, in voxels. */
static void point(const struct vn_graph *g, int64_t i, double at[3])
{
    const double p[3] = { g->point[i].p[0], g->point[i].p[1], g->point[i].p[2] };
    vn_mend_voxel(g, p, at);
}

/* ---- radius at a voxel ---- */

static double dist_at(const struct vn_buf *d, const int64_t at[3]) { return ((const float *)d->data)[vn_buf_at(d, at[0], at[1], at[2])]; }

/* To the highest neighbour, the nearest of equals, until there is none higher. */
static void climb(const struct vn_buf *d, int64_t at[3])
{
    for (bool higher = true; higher;) {
        int64_t best[3] = { at[0], at[1], at[2] };
        int near = 0;
        higher = false;
        for (int i = 0; i < 27; i++) {
            const int64_t p[3] = { at[0] + i % 3 - 1, at[1] + i / 3 % 3 - 1, at[2] + i / 9 - 1 };
            const struct vn_box one = { { p[0], p[1], p[2] }, { p[0] + 1, p[1] + 1, p[2] + 1 } };
            const int steps = (i % 3 != 1) + (i / 3 % 3 != 1) + (i / 9 != 1);
            if (!vn_box_contains(&d->box, &one) || dist_at(d, p) < dist_at(d, best) || (dist_at(d, p) == dist_at(d, best) && steps >= near))
                continue;
            memcpy(best, p, sizeof best);
            near = steps;
            higher = true;
        }
        memcpy(at, best, sizeof best);
    }
}

static struct vn_box around(const int64_t at[3], int64_t reach, const struct vn_box *whole)
{
    struct vn_box b;
    for (int k = 0; k < 3; k++) {
        b.lo[k] = vn_max64(at[k] - reach, whole->lo[k]);
        b.hi[k] = vn_min64(at[k] + reach + 1, whole->hi[k]);
    }
    return b;
}

enum { FIRST_REACH = 12, MOST_REACH = 200 };

int vn_mend_radius(struct vn_vol *v, const int64_t at[3], double *radius, int64_t middle[3], struct vn_job *job, struct vn_err *err)
{
    double um[3];
    sides(&v->grid, um);
    for (int64_t reach = FIRST_REACH;; reach *= 2) {
        const struct vn_box box = around(at, reach, &v->box);
        struct vn_buf m = { 0 }, d = { 0 };
        bool open = false;
        int rc = vn_vol_map(v, VN_U8, &box, VN_PAD_ZERO, &m, job, err);
        if (!rc)
            rc = vn_buf_new(&d, VN_F32, &box, err);
        if (!rc)
            rc = vn_edt(&m, um, VN_EDT_OPEN, &d, job, err);
        if (!rc) {
            memcpy(middle, at, 3 * sizeof *middle);
            climb(&d, middle);
            *radius = dist_at(&d, middle);
            for (int k = 0; k < 3; k++)            /* background beyond the box could be nearer */
                open |= (box.lo[k] > v->box.lo[k] && (double)(middle[k] - box.lo[k] + 1) * um[k] < *radius) ||
                        (box.hi[k] < v->box.hi[k] && (double)(box.hi[k] - middle[k]) * um[k] < *radius);
        }
        vn_buf_free(&m);
        vn_buf_free(&d);
        if (rc || (!open && *radius < INFINITY))
            return rc;
        if (reach > MOST_REACH || !open)
            return vn_fail(err, VN_E_ARG, "the mask is wider than %d voxels at %lld,%lld,%lld: that is no vessel", 2 * MOST_REACH,
                           (long long)at[0], (long long)at[1], (long long)at[2]);
    }
}

/* ---- a segment ---- */

struct piece { double a[3], b[3], limit[2]; };              /* limit: of the distance, at its ends */
struct cutting {
    const struct vn_graph *g;
    const struct vn_segment *s;
    struct vn_patch *p;
    struct piece *own, *other;
    int64_t n_own, n_other;
    double um[3], most;                                     /* the largest limit */
    int64_t *changed;
};

/* Piece i of a segment's centreline, with limits of so many radii and more. */
static void piece_of(const struct vn_graph *g, const struct vn_segment *s, int64_t i, double radii, double more, struct piece *p)
{
    const int64_t k[2] = { s->first + i, s->first + vn_min64(i + 1, s->n - 1) };
    point(g, k[0], p->a);
    point(g, k[1], p->b);
    for (int e = 0; e < 2; e++)
        p->limit[e] = radii * (double)g->point[k[e]].radius + more;
}

/* Whether it comes within `far`, or within its own limit, of the box. */
static bool reaches(const struct piece *p, double far, const double um[3], const struct vn_box *box)
{
    far = fmax(far, fmax(p->limit[0], p->limit[1]));
    for (int k = 0; k < 3; k++)
        if (fmin(p->a[k], p->b[k]) - far / um[k] > (double)(box->hi[k] - 1) || fmax(p->a[k], p->b[k]) + far / um[k] < (double)box->lo[k])
            return false;
    return true;
}

/* Those of n pieces that reach the box. */
static int64_t choose(const struct piece *from, int64_t n, double far, const double um[3], const struct vn_box *box, const struct piece **out)
{
    int64_t k = 0;
    for (int64_t i = 0; i < n; i++)
        if (reaches(&from[i], far, um, box))
            out[k++] = &from[i];
    return k;
}

static double nearest2(const struct piece *const *p, int64_t n, const double at[3], const double um[3], bool *within)
{
    double best = INFINITY, t;
    for (int64_t i = 0; i < n; i++) {
        const double d2 = vn_line_distance2(p[i]->a, p[i]->b, at, um, &t), limit = p[i]->limit[0] + t * (p[i]->limit[1] - p[i]->limit[0]);
        best = fmin(best, d2);
        *within |= d2 <= limit * limit;
    }
    return best;
}

/* At a branch point that the segment leaves from. */
static bool in_junction(const struct cutting *c, const double at[3])
{
    for (int e = 0; e < 2; e++) {
        const struct vn_node *n = &c->g->node[e ? c->s->b : c->s->a];
        double p[3], d2 = 0;
        vn_mend_voxel(c->g, n->p, p);
        for (int k = 0; k < 3; k++)
            d2 += (p[k] - at[k]) * c->um[k] * (p[k] - at[k]) * c->um[k];
        if (n->degree > 2 && !(d2 > n->radius * n->radius))
            return true;
    }
    return false;
}

static int cut_block(void *ctx, int64_t i, struct vn_err *err)
{
    static const unsigned char zero[8];
    const struct cutting *c = ctx;
    struct vn_buf b = vn_patch_buf(c->p, i);
    const size_t size = vn_type_size(b.type);
    const struct piece **own = vn_alloc((uint64_t)(c->n_own + c->n_other) * sizeof *own, err), **other = own + c->n_own;
    if (!own)
        return VN_E_MEMORY;
    const int64_t n_own = choose(c->own, c->n_own, c->most, c->um, &b.box, own);
    const int64_t n_other = choose(c->other, c->n_other, c->most, c->um, &b.box, other);
    for (int64_t z = b.box.lo[2]; z < b.box.hi[2] && n_own; z++)
        for (int64_t y = b.box.lo[1]; y < b.box.hi[1]; y++)
            for (int64_t x = b.box.lo[0]; x < b.box.hi[0]; x++) {
                unsigned char *v = (unsigned char *)b.data + size * (size_t)vn_buf_at(&b, x, y, z);
                const double at[3] = { (double)x, (double)y, (double)z };
                bool mine = false, others = false;
                if (!memcmp(v, zero, size))
                    continue;
                const double d2 = nearest2(own, n_own, at, c->um, &mine);
                if (!mine || in_junction(c, at) || nearest2(other, n_other, at, c->um, &others) <= d2 || others)
                    continue;
                memset(v, 0, size);
                c->changed[i]++;
            }
    c->p->changed[i] = c->changed[i] > 0;
    vn_free(own);
    return 0;
}

/* The pieces of the segment, and those of others that come near its box. */
static int gather(struct cutting *c, int64_t *cap, struct vn_err *err)
{
    struct vn_box box = { { INT64_MAX, INT64_MAX, INT64_MAX }, { INT64_MIN, INT64_MIN, INT64_MIN } };
    c->n_own = c->s->n;
    if (!(c->own = vn_alloc((uint64_t)c->n_own * sizeof *c->own, err)))
        return VN_E_MEMORY;
    for (int64_t i = 0; i < c->n_own; i++) {
        struct piece *p = &c->own[i];
        piece_of(c->g, c->s, i, 1.5, widest(c->um), p);
        c->most = fmax(c->most, fmax(p->limit[0], p->limit[1]));
        for (int k = 0; k < 3; k++) {
            box.lo[k] = vn_min64(box.lo[k], (int64_t)floor(fmin(p->a[k], p->b[k])));
            box.hi[k] = vn_max64(box.hi[k], (int64_t)ceil(fmax(p->a[k], p->b[k])) + 1);
        }
    }
    for (int32_t s = 0; s < c->g->n_segment; s++)
        for (int64_t i = 0; i < c->g->segment[s].n && &c->g->segment[s] != c->s; i++) {
            struct piece p;
            piece_of(c->g, &c->g->segment[s], i, 1, 0, &p);
            if (!reaches(&p, 2 * c->most, c->um, &box))
                continue;
            if (c->n_other == *cap) {
                struct piece *more = vn_realloc(c->other, (uint64_t)(*cap * 2 + 256) * sizeof *more, err);
                if (!more)
                    return VN_E_MEMORY;
                c->other = more;
                *cap = *cap * 2 + 256;
            }
            c->other[c->n_other++] = p;
        }
    return 0;
}

static void touch_piece(const struct piece *p, const double um[3], struct vn_patch *to)
{
    struct vn_box b;
    for (int k = 0; k < 3; k++) {
        const double far = fmax(p->limit[0], p->limit[1]) / um[k];
        b.lo[k] = (int64_t)ceil(fmin(p->a[k], p->b[k]) - far);
        b.hi[k] = (int64_t)floor(fmax(p->a[k], p->b[k]) + far) + 1;
    }
    if (!vn_box_meet(&b, &to->box, &b))
        return;
    for (int64_t z = b.lo[2]; z < b.hi[2]; z++)
        for (int64_t y = b.lo[1]; y < b.hi[1]; y++)
            vn_patch_touch_run(to, b.lo[0], b.hi[0], y, z);
}

int vn_mend_cut_segment(const struct vn_graph *g, int32_t segment, struct vn_patch *p, int64_t *changed, struct vn_job *job, struct vn_err *err)
{
    struct cutting c = { .g = g, .s = &g->segment[segment], .p = p };
    int64_t cap = 0;
    *changed = 0;
    sides(&g->grid, c.um);
    for (int64_t i = 0; i < c.s->n; i++)
        if (!isfinite(g->point[c.s->first + i].radius))
            return vn_fail(err, VN_E_ARG, "the graph has no radii: make it from the mask, or with mask=");
    int rc = gather(&c, &cap, err);
    for (int64_t i = 0; i < c.n_own && !rc; i++)
        touch_piece(&c.own[i], c.um, p);
    if (!rc)
        rc = vn_patch_load(p, job, err);
    if (!rc && !(c.changed = vn_calloc((uint64_t)p->n_touched, sizeof *c.changed, err)))
        rc = VN_E_MEMORY;
    if (!rc)
        rc = vn_job_for(job, p->n_touched, cut_block, &c, err);
    for (int64_t i = 0; i < p->n_touched && !rc; i++)
        *changed += c.changed[i];
    vn_free(c.own);
    vn_free(c.other);
    vn_free(c.changed);
    return rc;
}

/* ---- across a vessel ---- */

/* Eigenvector of the largest eigenvalue of a symmetric matrix, by Jacobi's rotations. */
static void main_axis(double m[3][3], double out[3])
{
    double v[3][3] = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } };
    int best = 0;
    for (int sweep = 0; sweep < 30; sweep++)
        for (int p = 0; p < 2; p++)
            for (int q = p + 1; q < 3; q++) {
                if (m[p][q] == 0)
                    continue;
                const double theta = (m[q][q] - m[p][p]) / (2 * m[p][q]);
                const double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1)), c = 1 / sqrt(t * t + 1), s = t * c;
                for (int k = 0; k < 3; k++) {
                    const double a = m[k][p], b = m[k][q];
                    m[k][p] = c * a - s * b;
                    m[k][q] = s * a + c * b;
                }
                for (int k = 0; k < 3; k++) {
                    const double a = m[p][k], b = m[q][k], x = v[k][p], y = v[k][q];
                    m[p][k] = c * a - s * b;
                    m[q][k] = s * a + c * b;
                    v[k][p] = c * x - s * y;
                    v[k][q] = s * x + c * y;
                }
                m[p][q] = m[q][p] = 0;
            }
    for (int k = 1; k < 3; k++)
        best = m[k][k] > m[best][best] ? k : best;
    for (int k = 0; k < 3; k++)
        out[k] = v[k][best];
}

/* A ball around the middle, or (width > 0) a slice of it. */
struct slice { const int64_t *middle; double um[3], reach, direction[3], width; };

static void offset(const struct slice *s, int64_t x, int64_t y, int64_t z, double d[3])
{
    d[0] = (double)(x - s->middle[0]) * s->um[0];
    d[1] = (double)(y - s->middle[1]) * s->um[1];
    d[2] = (double)(z - s->middle[2]) * s->um[2];
}

/* Clears what lies outside of the ball, and where there is a width outside of the slice. */
static void clip(const struct slice *s, struct vn_buf *b)
{
    for (int64_t z = b->box.lo[2]; z < b->box.hi[2]; z++)
        for (int64_t y = b->box.lo[1]; y < b->box.hi[1]; y++)
            for (int64_t x = b->box.lo[0]; x < b->box.hi[0]; x++) {
                double d[3];
                offset(s, x, y, z, d);
                const double along = d[0] * s->direction[0] + d[1] * s->direction[1] + d[2] * s->direction[2];
                uint8_t *v = (uint8_t *)b->data + vn_buf_at(b, x, y, z);
                *v = *v && d[0] * d[0] + d[1] * d[1] + d[2] * d[2] <= s->reach * s->reach &&
                     (s->width == 0 || (along >= -s->width / 2 && along < s->width / 2));
            }
}

/* The voxels of v in there that are connected with the middle. */
static int connected(const struct slice *s, struct vn_vol *v, struct vn_piece *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_buf b = { 0 };
    int64_t most = 0;
    for (int k = 0; k < 3; k++)
        most = vn_max64(most, (int64_t)(s->reach / s->um[k]) + 1);
    const struct vn_box box = around(s->middle, most, &v->box);
    int rc = vn_buf_new(&b, VN_U8, &box, err);
    if (!rc)
        rc = vn_vol_read(v, VN_PAD_ZERO, &b, job, err);
    if (!rc) {
        clip(s, &b);
        rc = vn_runs_build(&b, false, &out->r, job, err);
    }
    if (!rc)
        rc = vn_runs_label(&out->r, 26, job, err);
    if (!rc)
        out->label = vn_piece_label(out, s->middle);
    vn_buf_free(&b);
    return rc;
}

static void direction(struct slice *s, const struct vn_piece *piece)
{
    double m[3][3] = { { 0 } }, mean[3] = { 0 }, n = 0;
    const struct vn_runs *r = &piece->r;
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t row = 0; row < r->n_row; row++)
            for (uint32_t i = r->row[row]; i < r->row[row + 1]; i++)
                for (uint32_t x = r->run[i].x0; x < r->run[i].x1 && r->label[i] == piece->label; x++) {
                    double d[3];
                    const int64_t ny = vn_box_dim(&r->box, 1);
                    offset(s, r->box.lo[0] + x, r->box.lo[1] + row % ny, r->box.lo[2] + row / ny, d);
                    n += !pass;
                    for (int k = 0; k < 3; k++)
                        mean[k] += pass ? 0 : d[k];
                    for (int k = 0; k < 9 && pass; k++)
                        m[k / 3][k % 3] += (d[k / 3] - mean[k / 3]) * (d[k % 3] - mean[k % 3]);
                }
        for (int k = 0; k < 3 && !pass; k++)
            mean[k] /= n;
    }
    main_axis(m, s->direction);
}

int vn_mend_cut_across(struct vn_vol *v, const int64_t at[3], double width, struct vn_patch *p, struct vn_cut *cut, int64_t *changed,
                       struct vn_job *job, struct vn_err *err)
{
    struct slice s = { .middle = cut->middle };         /* the direction is that around the vessel's middle, the slice goes through `at` */
    struct vn_piece piece = { 0 };
    int rc = vn_mend_radius(v, at, &cut->radius, cut->middle, job, err);
    if (rc)
        return rc;
    sides(&v->grid, s.um);
    s.reach = fmax(3 * cut->radius, 4 * widest(s.um));
    rc = connected(&s, v, &piece, job, err);
    if (!rc)
        direction(&s, &piece);
    vn_piece_free(&piece);
    for (int k = 0; k < 3; k++)
        s.width += fabs(s.direction[k]) * s.um[k];           /* the longest step of 26 neighbours */
    s.width = fmax(s.width * (1 + 1e-9), width);
    s.middle = at;
    if (!rc)
        rc = connected(&s, v, &piece, job, err);
    if (!rc)
        rc = vn_piece_set(&piece, false, 0, p, changed, job, err);
    vn_piece_free(&piece);
    memcpy(cut->direction, s.direction, sizeof cut->direction);
    cut->width = s.width;
    return rc;
}

/* ---- a bridge ---- */

int vn_mend_bridge(const struct vn_bridge *b, const struct vn_grid *g, uint32_t value, struct vn_patch *p, int64_t *changed, struct vn_job *job,
                   struct vn_err *err)
{
    struct vn_stroke s = { .at = b->at, .n = 2, .axis = VN_BRUSH_BALL, .taper = b->radius };
    for (int k = 0; k < 3 && vn_um_known(g); k++)
        s.um[k] = g->um[k];
    return vn_stroke_draw(&s, value, p, changed, job, err);
}
