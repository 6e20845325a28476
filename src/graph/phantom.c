/* phantom.c - curves to voxels: simple shapes, and rendering plane by plane. */
#include "phantom.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "mem.h"
#include "vox.h"

/* Straight piece of a curve with linear radius. */
struct piece { double a[3], d[3], inv, r, dr, bright, dbright, reach; int32_t lineage; };
struct scene {
    const struct vn_phantom_opt *o;
    struct piece *piece;
    int64_t n_piece, *start, *list;       /* pieces list[start[z]] ... list[start[z + 1] - 1] reach plane z */
    double edge;                          /* width of the ramp at the surface, um */
    double fillet;                        /* reach of the blend where curves join, um */
    double slope[3];                      /* of the background */
    struct vn_buf image, mask;
};

static double max3(const double v[3]) { return fmax(v[0], fmax(v[1], v[2])); }

/* ---- simple shapes ---- */

/* sin and cos of 2 pi t by their series on an eighth of a turn (error below 1e-15): libm's bits differ between machines. */
static void turn(double t, double *c, double *s)
{
    t -= floor(t);
    const int q = (int)floor(4.0 * t + 0.5);               /* nearest quarter */
    const double x = 6.283185307179586 * (t - 0.25 * q), y = x * x;
    const double sn = x * (1 - y / 6 * (1 - y / 20 * (1 - y / 42 * (1 - y / 72 * (1 - y / 110 * (1 - y / 156 * (1 - y / 210)))))));
    const double cs = 1 - y / 2 * (1 - y / 12 * (1 - y / 30 * (1 - y / 56 * (1 - y / 90 * (1 - y / 132 * (1 - y / 182))))));

    switch (q & 3) {
    case 0: *c = cs; *s = sn; break;
    case 1: *c = -sn; *s = cs; break;
    case 2: *c = -cs; *s = -sn; break;
    default: *c = sn; *s = -cs; break;
    }
}

static int add_line(struct vn_network *w, int32_t a, const double to[3], double r, double step, struct vn_err *err)
{
    double c[4][3];
    struct vn_net_point *pt;
    int32_t n, b;
    int rc;

    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 3; k++)
            c[i][k] = w->node[a].p[k] + (to[k] - w->node[a].p[k]) * i / 3.0;
    b = vn_network_add_node(w, to, err);
    if (b < 0)
        return b;
    rc = vn_network_bezier((const double (*)[3])c, r, r, step, &pt, &n, err);
    return rc ? rc : vn_network_add(w, a, b, w->n_vessel, n, pt, err);
}

static int make_tube(const struct vn_phantom_opt *o, struct vn_network *w, double wall, double step, struct vn_err *err)
{
    double from[3], to[3], half = 1e300;
    const double norm = sqrt(o->direction[0] * o->direction[0] + o->direction[1] * o->direction[1] + o->direction[2] * o->direction[2]);
    int32_t a;

    if (!(norm > 0))
        return vn_fail(err, VN_E_ARG, "direction %g,%g,%g has no length", o->direction[0], o->direction[1], o->direction[2]);
    for (int k = 0; k < 3; k++) {
        const double room = 0.5 * o->dim[k] * o->um[k] - wall, u = fabs(o->direction[k] / norm);
        half = fmin(half, u > 1e-9 ? room / u : room > 0 ? 1e300 : room);
    }
    if (!(half > 0))
        return vn_fail(err, VN_E_ARG, "a tube of radius %g um does not fit the box", o->radius);
    for (int k = 0; k < 3; k++) {
        from[k] = 0.5 * o->dim[k] * o->um[k] - half * o->direction[k] / norm;
        to[k] = 0.5 * o->dim[k] * o->um[k] + half * o->direction[k] / norm;
    }
    a = vn_network_add_node(w, from, err);
    return a < 0 ? a : add_line(w, a, to, o->radius, step, err);
}

/* A helix about the z axis through the middle; pitch 0 with `closed`: a torus in the x-y plane. */
static int make_coil(const struct vn_phantom_opt *o, struct vn_network *w, double wall, double step, bool closed, struct vn_err *err)
{
    const double size[3] = { o->dim[0] * o->um[0], o->dim[1] * o->um[1], o->dim[2] * o->um[2] };
    const double coil = o->coil > 0 ? o->coil : 0.5 * fmin(size[0], size[1]) - wall;
    const double pitch = o->pitch > 0 ? o->pitch : fmax(4.0 * o->radius, 2.0 * coil);
    const double rise = closed ? 0.0 : size[2] - 2.0 * wall, turns = closed ? 1.0 : rise / pitch;
    const double length = turns * sqrt(4 * 9.8696044010894 * coil * coil + (closed ? 0 : pitch * pitch));
    struct vn_net_point *pt;
    int32_t a, b;

    if (coil < 1.5 * o->radius || coil + wall > 0.5 * fmin(size[0], size[1]) + 1e-9 || rise < 0 || 2.0 * wall > size[2] ||
        (!closed && pitch < 2.0 * o->radius + 3.0 * max3(o->um)))
        return vn_fail(err, VN_E_ARG, "a tube of radius %g um does not fit a coil of %g um and pitch %g um in the box", o->radius, coil, pitch);
    const int32_t n = (int32_t)fmin(1e7, length / step) + 8;
    pt = vn_alloc((uint64_t)n * sizeof *pt, err);
    if (!pt)
        return VN_E_MEMORY;
    for (int32_t i = 0; i < n; i++) {
        const double t = (double)i / (n - 1);
        double c, s;
        turn(closed && i == n - 1 ? 0.0 : t * turns, &c, &s);
        pt[i] = (struct vn_net_point){ { 0.5 * size[0] + coil * c, 0.5 * size[1] + coil * s, 0.5 * size[2] + (t - 0.5) * rise }, o->radius, 1.0 };
    }
    a = b = vn_network_add_node(w, pt[0].p, err);
    if (a >= 0 && !closed)
        b = vn_network_add_node(w, pt[n - 1].p, err);
    if (a < 0 || b < 0) {
        vn_free(pt);
        return VN_E_MEMORY;
    }
    return vn_network_add(w, a, b, 0, n, pt, err);
}

/* Three straight arms of one radius from the middle, 120 degrees apart in the x-y plane. */
static int make_ybranch(const struct vn_phantom_opt *o, struct vn_network *w, double wall, double step, struct vn_err *err)
{
    static const double dir[3][3] = { { -1, 0, 0 }, { 0.5, 0.8660254037844386, 0 }, { 0.5, -0.8660254037844386, 0 } };
    double mid[3], arm = 1e300;
    int32_t a;
    int rc = 0;

    for (int k = 0; k < 3; k++) {
        mid[k] = 0.5 * o->dim[k] * o->um[k];
        arm = fmin(arm, k < 2 ? mid[k] - wall : mid[k] > wall ? arm : -1.0);
    }
    if (arm < 3.0 * o->radius)
        return vn_fail(err, VN_E_ARG, "a branching of radius %g um does not fit the box", o->radius);
    a = vn_network_add_node(w, mid, err);
    for (int i = 0; i < 3 && a >= 0 && !rc; i++) {
        const double to[3] = { mid[0] + arm * dir[i][0], mid[1] + arm * dir[i][1], mid[2] };
        rc = add_line(w, a, to, o->radius, step, err);
    }
    return a < 0 ? a : rc;
}

/* ---- rendering ---- */

static int by_lineage(const void *a, const void *b)
{
    const struct vn_vessel *x = a, *y = b;

    return x->lineage != y->lineage ? (x->lineage < y->lineage ? -1 : 1) : x->a < y->a ? -1 : x->a > y->a;
}

static void set_piece(struct piece *q, const struct vn_net_point *p, int32_t lineage, double beyond)
{
    double len2 = 0;

    for (int c = 0; c < 3; c++) {
        q->a[c] = p[0].p[c];
        q->d[c] = p[1].p[c] - p[0].p[c];
        len2 += q->d[c] * q->d[c];
    }
    q->inv = len2 > 0 ? 1.0 / len2 : 0.0;
    q->r = p[0].r;
    q->dr = p[1].r - p[0].r;
    q->bright = p[0].bright;
    q->dbright = p[1].bright - p[0].bright;
    q->reach = fmax(p[0].r, p[1].r) + beyond;
    q->lineage = lineage;
}

/* Sorts w's vessels by lineage. */
static int make_pieces(struct scene *s, struct vn_network *w, struct vn_err *err)
{
    const int64_t nz = s->o->dim[2];
    const double uz = s->o->um[2];
    int64_t n = 0;

    if (w->n_vessel)
        qsort(w->vessel, (size_t)w->n_vessel, sizeof *w->vessel, by_lineage);
    for (int32_t i = 0; i < w->n_vessel; i++)
        n += w->vessel[i].n - 1;
    s->piece = vn_alloc((uint64_t)(n + 1) * sizeof *s->piece, err);
    s->start = vn_calloc((uint64_t)nz + 2, sizeof *s->start, err);
    if (!s->piece || !s->start)
        return VN_E_MEMORY;
    for (int32_t i = 0; i < w->n_vessel; i++)
        for (int32_t k = 0; k + 1 < w->vessel[i].n; k++)
            set_piece(&s->piece[s->n_piece++], &w->vessel[i].pt[k], w->vessel[i].lineage, fmax(s->edge, s->fillet));
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = 0; i < s->n_piece; i++) {
            const struct piece *q = &s->piece[i];
            const int64_t lo = vn_clamp64((int64_t)floor((fmin(q->a[2], q->a[2] + q->d[2]) - q->reach) / uz), 0, nz);
            const int64_t hi = vn_clamp64((int64_t)floor((fmax(q->a[2], q->a[2] + q->d[2]) + q->reach) / uz) + 1, 0, nz);
            for (int64_t z = lo; z < hi; z++) {
                if (pass)
                    s->list[s->start[z + 1]++] = i;
                else
                    s->start[z + 2]++;
            }
        }
        if (pass)
            break;
        for (int64_t z = 2; z < nz + 2; z++)                /* start[z + 1] becomes plane z's first place, then its end */
            s->start[z] += s->start[z - 1];
        s->list = vn_alloc((uint64_t)(s->start[nz + 1] + 1) * sizeof *s->list, err);
        if (!s->list)
            return VN_E_MEMORY;
    }
    return 0;
}

struct area { int64_t lo[2], hi[2]; };     /* of a plane, half-open */
static const float OUT = -1e30f;

static struct area piece_area(const struct scene *s, const struct piece *q)
{
    struct area r;

    for (int k = 0; k < 2; k++) {
        const double um = s->o->um[k];
        r.lo[k] = vn_clamp64((int64_t)floor((fmin(q->a[k], q->a[k] + q->d[k]) - q->reach) / um), 0, s->o->dim[k]);
        r.hi[k] = vn_clamp64((int64_t)floor((fmax(q->a[k], q->a[k] + q->d[k]) + q->reach) / um) + 1, 0, s->o->dim[k]);
    }
    return r;
}

/* One piece in one plane: depth below the surface (negative outside) of the deepest piece, and that piece's brightness. */
static void draw_piece(const struct scene *s, const struct piece *q, double pz, float *deep, float *bright)
{
    const struct area r = piece_area(s, q);
    const double ux = s->o->um[0], uy = s->o->um[1], ez = pz - q->a[2], reach2 = q->reach * q->reach;

    for (int64_t y = r.lo[1]; y < r.hi[1]; y++) {
        const double ey = ((double)y + 0.5) * uy - q->a[1], eyz = ey * q->d[1] + ez * q->d[2];
        for (int64_t x = r.lo[0]; x < r.hi[0]; x++) {
            const double ex = ((double)x + 0.5) * ux - q->a[0];
            const double at = (ex * q->d[0] + eyz) * q->inv, t = at < 0 ? 0.0 : at > 1 ? 1.0 : at;
            const double fx = ex - t * q->d[0], fy = ey - t * q->d[1], fz = ez - t * q->d[2];
            const double d2 = fx * fx + fy * fy + fz * fz;
            if (d2 > reach2)
                continue;
            const float in = (float)(q->r + t * q->dr - sqrt(d2));
            const int64_t i = y * s->o->dim[0] + x;
            if (in > deep[i]) {
                deep[i] = in;
                bright[i] = (float)(q->bright + t * q->dbright);
            }
        }
    }
}

/* Adds the curve drawn in (one, one_bright) to the plane and clears it.  Depths of different curves blend by the quadratic
 * smooth maximum: a crotch sharper than the voxels would leave holes in the mask that the curves do not have. */
static void merge_curve(const struct scene *s, const struct area *r, float *one, float *one_bright, float *deep, float *bright)
{
    const float k = (float)s->fillet;

    for (int64_t y = r->lo[1]; y < r->hi[1]; y++)
        for (int64_t i = y * s->o->dim[0] + r->lo[0]; i < y * s->o->dim[0] + r->hi[0]; i++) {
            const float a = deep[i], b = one[i], near = k - fabsf(a - b);
            if (b == OUT)
                continue;
            if (b > a) {
                deep[i] = b;
                bright[i] = one_bright[i];
            }
            if (near > 0)
                deep[i] += near * near / (4.0f * k);
            one[i] = OUT;
        }
}

static int draw_plane(void *ctx, int64_t z, struct vn_err *err)
{
    struct scene *s = ctx;
    const struct vn_phantom_opt *o = s->o;
    const int64_t nx = o->dim[0], ny = o->dim[1], n = nx * ny;
    const float unit = o->type == VN_U16 ? 10.0f : 1.0f, top = o->type == VN_U8 ? 255.0f : o->type == VN_U16 ? 65535.0f : 3e38f;
    float *deep = vn_alloc((uint64_t)n * 4 * sizeof *deep, err), *bright = deep + n, *one = bright + n, *one_bright = one + n;
    uint8_t *mask = (uint8_t *)s->mask.data + z * n;
    struct area r = { { 0, 0 }, { 0, 0 } };

    if (!deep)
        return VN_E_MEMORY;
    for (int64_t i = 0; i < n; i++) {
        deep[i] = one[i] = OUT;
        bright[i] = 0;
    }
    for (int64_t i = s->start[z]; i < s->start[z + 1]; i++) {
        const struct piece *q = &s->piece[s->list[i]];
        const struct area part = piece_area(s, q);
        const bool first = i == s->start[z] || q->lineage != s->piece[s->list[i - 1]].lineage;
        for (int k = 0; k < 2; k++) {
            r.lo[k] = first ? part.lo[k] : vn_min64(r.lo[k], part.lo[k]);
            r.hi[k] = first ? part.hi[k] : vn_max64(r.hi[k], part.hi[k]);
        }
        draw_piece(s, q, ((double)z + 0.5) * o->um[2], one, one_bright);
        if (i + 1 == s->start[z + 1] || s->piece[s->list[i + 1]].lineage != q->lineage)
            merge_curve(s, &r, one, one_bright, deep, bright);
    }
    for (int64_t y = 0, i = 0; y < ny; y++)
        for (int64_t x = 0; x < nx; x++, i++) {
            const float part = 0.5f + deep[i] / (float)s->edge;
            float v = bright[i] * (part < 0 ? 0.0f : part > 1 ? 1.0f : part);
            mask[i] = deep[i] > 0;
            if (o->background > 0)
                v += (float)(o->background * (0.5 + s->slope[0] * ((x + 0.5) / nx - 0.5) + s->slope[1] * ((y + 0.5) / ny - 0.5) +
                                              s->slope[2] * ((z + 0.5) / o->dim[2] - 0.5)));
            if (o->noise > 0) {
                uint32_t bits[4];
                vn_random(o->seed, 0, (uint64_t)(z * n + i), bits);
                v += (float)o->noise * vn_normal(bits);
            }
            v = unit * (40.0f + 160.0f * v);
            if (o->type == VN_F32) {
                ((float *)s->image.data)[z * n + i] = v;
                continue;
            }
            v = floorf(v + 0.5f);
            v = v < 0 ? 0.0f : v > top ? top : v;
            if (o->type == VN_U8)
                ((uint8_t *)s->image.data)[z * n + i] = (uint8_t)v;
            else
                ((uint16_t *)s->image.data)[z * n + i] = (uint16_t)v;
        }
    vn_free(deep);
    return 0;
}

/* ---- the whole ---- */

static int make_curves(const struct vn_phantom_opt *o, struct vn_network *w, struct vn_phantom *out, struct vn_job *job, struct vn_err *err)
{
    const double step = 0.5 * fmin(o->um[0], fmin(o->um[1], o->um[2])), wall = o->radius + 1.5 * max3(o->um);
    struct vn_net_opt g = { .radius_min = o->radius_min, .radius_max = o->radius_max, .curves = o->curves, .loops = o->loops, .seed = o->seed };
    double volume = 1;
    int rc = 0;

    for (int k = 0; k < 3; k++) {
        g.um[k] = o->um[k];
        g.size[k] = o->dim[k] * o->um[k];
        volume *= g.size[k] / max3(o->um);
    }
    if (!g.curves)
        g.curves = (int)fmin(100000, fmax(6, volume / 30000.0));
    switch (o->kind) {
    case VN_PHANTOM_NETWORK:
        if (o->radius_min > o->radius_max)
            return vn_fail(err, VN_E_ARG, "radius_min (%g um) is above radius_max (%g um)", o->radius_min, o->radius_max);
        rc = vn_network_grow(w, &g, job, err);
        break;
    case VN_PHANTOM_TUBE: rc = make_tube(o, w, wall, step, err); break;
    case VN_PHANTOM_HELIX: rc = make_coil(o, w, wall, step, false, err); break;
    case VN_PHANTOM_TORUS: rc = make_coil(o, w, wall, step, true, err); break;
    case VN_PHANTOM_YBRANCH: rc = make_ybranch(o, w, wall, step, err); break;
    case VN_PHANTOM_EMPTY: break;
    }
    if (!rc)
        rc = vn_network_injure(w, o->injury, o->severity, &g, out->injury_centre, &out->injury_radius, err);
    if (!rc)
        vn_network_dropout(w, o->dropout, &g);
    return rc;
}

int vn_phantom_make(const struct vn_phantom_opt *o, struct vn_phantom *out, struct vn_job *job, struct vn_err *err)
{
    struct scene s = { .o = o, .edge = (o->um[0] + o->um[1] + o->um[2]) / 3.0 };
    struct vn_grid grid = { .um = { o->um[0], o->um[1], o->um[2] } };
    struct vn_box box = { { 0, 0, 0 }, { o->dim[0], o->dim[1], o->dim[2] } };
    struct vn_network w = { 0 };
    uint32_t r[4];
    int rc;

    memset(out, 0, sizeof *out);
    s.fillet = 1.5 * sqrt(o->um[0] * o->um[0] + o->um[1] * o->um[1] + o->um[2] * o->um[2]);
    memcpy(grid.dim, o->dim, sizeof grid.dim);
    vn_random(o->seed, 4, 0, r);
    const double a = r[0] / 4294967296.0, b = r[1] / 4294967296.0, sum = a + b + 0.5;
    s.slope[0] = (r[2] & 1 ? 1 : -1) * a / sum;
    s.slope[1] = (r[2] & 2 ? 1 : -1) * b / sum;
    s.slope[2] = (r[2] & 4 ? 1 : -1) * 0.5 / sum;

    vn_job_stage(job, "growing vessels");
    rc = make_curves(o, &w, out, job, err);
    if (!rc)
        rc = vn_network_graph(&w, &grid, &out->graph, err);
    if (!rc)
        rc = make_pieces(&s, &w, err);
    if (!rc && (!(out->image = vn_vol_new(VN_IMAGE, o->type, &grid, &box, err)) || !(out->mask = vn_vol_new(VN_MASK, VN_U8, &grid, &box, err))))
        rc = VN_E_MEMORY;
    if (!rc) {
        s.image = vn_vol_data(out->image);
        s.mask = vn_vol_data(out->mask);
        vn_job_stage(job, "drawing");
        rc = vn_job_for(job, o->dim[2], draw_plane, &s, err);
    }
    vn_free(s.list);
    vn_free(s.start);
    vn_free(s.piece);
    vn_network_free(&w);
    if (rc)
        vn_phantom_free(out);
    return rc;
}

void vn_phantom_free(struct vn_phantom *p)
{
    vn_vol_unref(p->image);
    vn_vol_unref(p->mask);
    vn_graph_unref(p->graph);
    memset(p, 0, sizeof *p);
}
