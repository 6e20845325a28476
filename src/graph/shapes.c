/* shapes.c - simple shapes as curves: tube, helix, torus, branching. */
#include "shapes.h"
#include <math.h>
#include "mem.h"
#include "vox.h"

static double max3(const double v[3]) { return fmax(v[0], fmax(v[1], v[2])); }

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

int vn_shape_make(const struct vn_phantom_opt *o, struct vn_network *w, struct vn_err *err)
{
    const double step = 0.5 * fmin(o->um[0], fmin(o->um[1], o->um[2])), wall = o->radius + 1.5 * max3(o->um);

    switch (o->kind) {
    case VN_PHANTOM_TUBE: return make_tube(o, w, wall, step, err);
    case VN_PHANTOM_HELIX: return make_coil(o, w, wall, step, false, err);
    case VN_PHANTOM_TORUS: return make_coil(o, w, wall, step, true, err);
    case VN_PHANTOM_YBRANCH: return make_ybranch(o, w, wall, step, err);
    default: return 0;
    }
}
