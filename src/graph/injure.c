/* injure.c - removes vessels from a network: all in a sphere, some of the thin ones everywhere, or what lies outside a box. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "mem.h"
#include "network.h"
#include "vox.h"

static double dist(const double a[3], const double b[3])
{
    const double x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];

    return sqrt(x * x + y * y + z * z);
}

static double draw(uint64_t seed, uint64_t i)
{
    uint32_t r[4];

    vn_random(seed, 3, i, r);
    return r[0] / 4294967296.0;
}

/* Cube root by Newton's iteration from above: the same bits everywhere (libm's is not). */
static double cube_root(double v)
{
    double x = fmax(v, 1.0);

    for (int i = 0; i < 200; i++)
        x = (2.0 * x + v / (x * x)) / 3.0;
    return v > 0 ? x : 0.0;
}

static double length(const struct vn_net_point *pt, int32_t n)
{
    double s = 0;

    for (int32_t i = 1; i < n; i++)
        s += dist(pt[i].p, pt[i - 1].p);
    return s;
}

/* Adds points [i, j) of v as a vessel of its own; nodes are made anew where the ends are not v's. */
static int add_piece(struct vn_network *to, const struct vn_vessel *v, int32_t i, int32_t j, double shortest, struct vn_err *err)
{
    const bool head = i == 0, tail = j == v->n;
    struct vn_net_point *pt;
    int32_t a = v->a, b = v->b;

    if (!(head && tail) && (j - i < 2 || length(v->pt + i, j - i) < shortest))
        return 0;
    if (!head && (a = vn_network_add_node(to, v->pt[i].p, err)) < 0)
        return a;
    if (!tail && (b = vn_network_add_node(to, v->pt[j - 1].p, err)) < 0)
        return b;
    pt = vn_alloc((uint64_t)(j - i) * sizeof *pt, err);
    if (!pt)
        return VN_E_MEMORY;
    memcpy(pt, v->pt + i, (size_t)(j - i) * sizeof *pt);
    return vn_network_add(to, a, b, v->lineage, j - i, pt, err);
}

static void reverse(struct vn_vessel *v)
{
    const int32_t a = v->a;

    for (int32_t i = 0; i < v->n / 2; i++) {
        const struct vn_net_point t = v->pt[i];
        v->pt[i] = v->pt[v->n - 1 - i];
        v->pt[v->n - 1 - i] = t;
    }
    v->a = v->b;
    v->b = a;
}

/* Joins the two vessels at every node of degree 2 (a closed curve keeps its node), drops nodes without vessels. */
static int tidy(struct vn_network *w, struct vn_err *err)
{
    int32_t *map, n = 0;

    for (int32_t i = 0; i < w->n_vessel; i++)
        for (int end = 0; end < 2; end++) {
            struct vn_vessel *v = &w->vessel[i];
            const int32_t node = end ? v->a : v->b;
            int32_t k = i + 1;
            if (w->node[node].degree != 2 || v->a == v->b)
                continue;
            while (k < w->n_vessel && w->vessel[k].a != node && w->vessel[k].b != node)
                k++;
            if (k == w->n_vessel)
                continue;
            struct vn_vessel *u = &w->vessel[k];
            if (v->b != node)
                reverse(v);
            if (u->a != node)
                reverse(u);
            struct vn_net_point *pt = vn_realloc(v->pt, (uint64_t)(v->n + u->n - 1) * sizeof *pt, err);
            if (!pt)
                return VN_E_MEMORY;
            memcpy(pt + v->n, u->pt + 1, (size_t)(u->n - 1) * sizeof *pt);
            v->pt = pt;
            v->n += u->n - 1;
            v->b = u->b;
            w->node[node].degree = 0;
            vn_free(u->pt);
            memmove(u, u + 1, (size_t)(w->n_vessel - k - 1) * sizeof *u);
            w->n_vessel--;
            end = -1;                                       /* both ends again */
        }
    map = vn_alloc((uint64_t)(w->n_node + 1) * sizeof *map, err);
    if (!map)
        return VN_E_MEMORY;
    for (int32_t i = 0; i < w->n_node; i++) {
        map[i] = n;
        if (w->node[i].degree > 0)
            w->node[n++] = w->node[i];
    }
    w->n_node = n;
    for (int32_t i = 0; i < w->n_vessel; i++) {
        w->vessel[i].a = map[w->vessel[i].a];
        w->vessel[i].b = map[w->vessel[i].b];
    }
    vn_free(map);
    return 0;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static int median_radius(const struct vn_network *w, double *out, struct vn_err *err)
{
    double *r = vn_alloc((uint64_t)(w->n_vessel + 1) * sizeof *r, err);

    if (!r)
        return VN_E_MEMORY;
    for (int32_t i = 0; i < w->n_vessel; i++)
        r[i] = w->vessel[i].pt[w->vessel[i].n / 2].r;
    qsort(r, (size_t)w->n_vessel, sizeof *r, by_value);
    *out = w->n_vessel ? r[w->n_vessel / 2] : 0.0;
    vn_free(r);
    return 0;
}

/* Marks the points of v that lie in the sphere: in runs long enough that the round ends on both sides stay apart. */
static void mark_gone(const struct vn_vessel *v, const double centre[3], double radius, double apart, uint8_t *gone)
{
    for (int32_t k = 0; k < v->n; k++)
        gone[k] = dist(v->pt[k].p, centre) < radius;
    for (int32_t i = 0; i < v->n; i++) {
        int32_t lo = i, hi = i;
        if (!gone[i])
            continue;
        while (hi + 1 < v->n && gone[hi + 1])
            hi++;
        double arc = length(v->pt + lo, hi + 1 - lo);
        while (arc < apart && (lo > 0 || hi + 1 < v->n)) {
            if (lo > 0) {
                arc += dist(v->pt[lo].p, v->pt[lo - 1].p);
                gone[--lo] = 1;
            }
            if (hi + 1 < v->n) {
                arc += dist(v->pt[hi].p, v->pt[hi + 1].p);
                gone[++hi] = 1;
            }
        }
        i = hi;
    }
}

static int cut(struct vn_network *to, const struct vn_vessel *v, const double centre[3], double radius, double apart, struct vn_err *err)
{
    uint8_t *gone = vn_alloc((uint64_t)v->n, err);
    int rc = gone ? 0 : VN_E_MEMORY;

    if (!rc)
        mark_gone(v, centre, radius, apart, gone);
    for (int32_t from = 0, k = 0; k <= v->n && !rc; k++)
        if (k == v->n || gone[k]) {
            if (k > from)
                rc = add_piece(to, v, from, k, 4.0 * v->pt[from].r, err);    /* a shorter stump is no vessel but its round cap */
            from = k + 1;
        }
    vn_free(gone);
    return rc;
}

int vn_network_injure(struct vn_network *w, enum vn_injury what, double severity, const struct vn_net_opt *o,
                      double centre[3], double *radius, struct vn_err *err)
{
    struct vn_network to = { 0 };
    const double gap = 1.5 * sqrt(o->um[0] * o->um[0] + o->um[1] * o->um[1] + o->um[2] * o->um[2]);
    double median = 0, widest = 0;
    int rc = 0;

    *radius = cube_root(severity * o->size[0] * o->size[1] * o->size[2] * 3.0 / (4.0 * 3.14159265358979));
    for (int k = 0; k < 3; k++)
        centre[k] = o->size[k] * (0.3 + 0.4 * draw(o->seed, (uint64_t)k));
    if (what == VN_INJURY_NONE)
        return 0;
    rc = median_radius(w, &median, err);
    for (int32_t i = 0; i < w->n_vessel; i++)
        for (int32_t k = 0; k < w->vessel[i].n; k++)
            widest = fmax(widest, w->vessel[i].pt[k].r);
    for (int32_t i = 0; i < w->n_node && !rc; i++)
        rc = vn_network_add_node(&to, w->node[i].p, err) < 0 ? VN_E_MEMORY : 0;
    for (int32_t i = 0; i < w->n_vessel && !rc; i++) {
        const struct vn_vessel *v = &w->vessel[i];
        if (what == VN_INJURY_DIFFUSE) {
            if (v->pt[v->n / 2].r > median || draw(o->seed, 16 + (uint64_t)i) >= severity)
                rc = add_piece(&to, v, 0, v->n, 0, err);
            continue;
        }
        /* One distance for all, so that the vessels of a node go together; round ends reach to the sphere, not into it. */
        rc = cut(&to, v, centre, *radius + widest, 2 * widest + gap, err);
    }
    if (!rc)
        rc = tidy(&to, err);
    if (rc) {
        vn_network_free(&to);
        return rc;
    }
    vn_network_free(w);
    *w = to;
    return 0;
}

int vn_network_clip(const struct vn_network *w, const double size[3], struct vn_network *to, struct vn_err *err)
{
    int rc = 0;

    for (int32_t i = 0; i < w->n_node && !rc; i++)
        rc = vn_network_add_node(to, w->node[i].p, err) < 0 ? VN_E_MEMORY : 0;
    for (int32_t i = 0; i < w->n_vessel && !rc; i++) {
        const struct vn_vessel *v = &w->vessel[i];
        for (int32_t from = 0, k = 0; k <= v->n && !rc; k++) {
            bool in = k < v->n;
            for (int c = 0; c < 3 && in; c++)
                in = v->pt[k].p[c] >= 0 && v->pt[k].p[c] <= size[c];
            if (in)
                continue;
            if (k > from + 1)
                rc = add_piece(to, v, from, k, 0, err);
            from = k + 1;
        }
    }
    return rc ? rc : tidy(to, err);
}
