/* grow.c - grows a network: trunks through the box, then curves that leave a vessel and end free or on another vessel. */
#include <math.h>
#include <string.h>
#include "mem.h"
#include "network.h"
#include "vox.h"

struct sample { double p[3], r; int32_t lineage, next; };  /* a point of a kept curve, in the list of its cell */
struct grow {
    const struct vn_net_opt *o;
    struct vn_network *w;
    uint64_t draw;                     /* random numbers used so far */
    double h, gap, margin, step;       /* widest voxel side; clearance between surfaces, to walls; point distance */
    struct level { double cell, widest; int64_t n[3]; int32_t *head; } level[12];   /* samples by radius, each in cells of its size */
    int n_level;
    double beside;                     /* clearance of a curve from the one it runs along */
    double filled;                     /* volume of the curves so far */
    double next;                       /* spread: radius of the next curve */
    struct sample *s; int32_t n_s, cap_s;
    int64_t *points, all_points; int32_t n_points;   /* of the vessels, as a binary indexed tree (Fenwick 1994): vessels by point number */
    int32_t n_lineage;
};
struct joint { int32_t vessel, at; double p[3], tangent[3], r; };   /* a place on a vessel where a curve may join */

static double uniform(struct grow *g)
{
    uint32_t r[4];

    vn_random(g->o->seed, 1, g->draw++, r);
    return r[0] / 4294967296.0;
}

static double between(struct grow *g, double lo, double hi) { return lo + (hi - lo) * uniform(g); }
static double dot(const double a[3], const double b[3]) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
static double dist2(const double a[3], const double b[3])
{
    const double d[3] = { a[0] - b[0], a[1] - b[1], a[2] - b[2] };

    return dot(d, d);
}
static void unit(double v[3])
{
    const double n = sqrt(dot(v, v));

    for (int k = 0; k < 3; k++)
        v[k] = n > 0 ? v[k] / n : 0.0;
}

static int64_t cell_of(const struct level *l, const double p[3], int k, double shift)
{
    return vn_clamp64((int64_t)floor((p[k] + shift) / l->cell), 0, l->n[k] - 1);
}

static int add_samples(struct grow *g, const struct vn_net_point *pt, int32_t n, int32_t lineage, struct vn_err *err)
{
    for (int32_t i = 0; i < n; i += i + 2 < n ? 2 : 1) {
        if (g->n_s == g->cap_s) {
            const int32_t cap = g->cap_s ? 2 * g->cap_s : 1024;
            struct sample *s = vn_realloc(g->s, (uint64_t)cap * sizeof *s, err);
            if (!s)
                return VN_E_MEMORY;
            g->s = s;
            g->cap_s = cap;
        }
        struct level *l = g->level;
        while (l->widest < pt[i].r && l < g->level + g->n_level - 1)
            l++;
        int32_t *head = &l->head[(cell_of(l, pt[i].p, 2, 0) * l->n[1] + cell_of(l, pt[i].p, 1, 0)) * l->n[0] + cell_of(l, pt[i].p, 0, 0)];
        struct sample *s = &g->s[g->n_s];
        memcpy(s->p, pt[i].p, sizeof s->p);
        s->r = pt[i].r;
        s->lineage = lineage;
        s->next = *head;
        *head = g->n_s++;
    }
    return 0;
}

/* Is the sample the vessel on which the curve joins, near the joint? */
static bool at_joint(const struct grow *g, const struct sample *s, const double p[3], double r, const struct joint *j)
{
    const double zone = 1.3 * (j->r + r + g->gap);

    return j->vessel >= 0 && g->w->vessel[j->vessel].lineage == s->lineage && dist2(p, j->p) < zone * zone &&
           dist2(s->p, j->p) < 4.0 * zone * zone;
}

static bool level_clear(const struct grow *g, const struct level *l, const struct vn_net_point *q, const struct joint *from,
                        const struct joint *to, int32_t along)
{
    const double reach = q->r + l->widest + g->gap;
    int64_t lo[3], hi[3];

    for (int k = 0; k < 3; k++) {
        lo[k] = cell_of(l, q->p, k, -reach);
        hi[k] = cell_of(l, q->p, k, reach);
    }
    for (int64_t z = lo[2]; z <= hi[2]; z++)
        for (int64_t y = lo[1]; y <= hi[1]; y++)
            for (int64_t x = lo[0]; x <= hi[0]; x++)
                for (int32_t i = l->head[(z * l->n[1] + y) * l->n[0] + x]; i >= 0; i = g->s[i].next) {
                    const double need = q->r + g->s[i].r + (g->s[i].lineage == along ? g->beside : g->gap);
                    if (dist2(q->p, g->s[i].p) < need * need && !at_joint(g, &g->s[i], q->p, q->r, from) &&
                        !at_joint(g, &g->s[i], q->p, q->r, to))
                        return false;
                }
    return true;
}

/* Inside the walls, gently bent, clear of itself and of the others. */
static bool curve_clear(const struct grow *g, const struct vn_net_point *pt, int32_t n, const struct joint *from, const struct joint *to,
                        int32_t along)
{
    for (int32_t i = 0; i < n; i++) {
        for (int k = 0; k < 3; k++)
            if (pt[i].p[k] < pt[i].r + g->margin || pt[i].p[k] > g->o->size[k] - pt[i].r - g->margin)
                return false;
        if (i && i + 1 < n) {
            double bend[3];
            for (int k = 0; k < 3; k++)
                bend[k] = pt[i - 1].p[k] - 2.0 * pt[i].p[k] + pt[i + 1].p[k];
            if (dist2(pt[i].p, pt[i - 1].p) < fmax(2.5 * pt[i].r, 5.0 * g->h) * sqrt(dot(bend, bend)))
                return false;
        }
    }
    for (int32_t i = 0; i < n; i += 4) {
        double arc = 0;
        for (int32_t k = i + 4; k < n; k += 4) {
            const double need = 2.0 * pt[i].r + g->gap;
            arc += sqrt(dist2(pt[k].p, pt[k - 4].p));
            if (arc > 2.0 * need && dist2(pt[i].p, pt[k].p) < need * need)
                return false;
        }
    }
    for (int32_t i = 0; i < n; i += 2)
        for (int k = 0; k < g->n_level; k++)
            if (!level_clear(g, &g->level[k], &pt[i], from, to, along))
                return false;
    return true;
}

static void count_points(struct grow *g, int32_t vessel, int64_t n)
{
    g->all_points += n;
    for (int32_t i = vessel + 1; i <= g->n_points; i += i & -i)
        g->points[i] += n;
}

/* The vessel that holds point *at of all; *at becomes its point. */
static int32_t vessel_of(const struct grow *g, int64_t *at)
{
    int32_t v = 0;

    for (int32_t step = 1 << 30; step; step >>= 1)
        if (v + step <= g->n_points && g->points[v + step] <= *at)
            *at -= g->points[v += step];
    return v;
}

/* Is the vessel at least this long from point i back to its start (way -1), or on to its end? */
static bool long_enough(const struct vn_vessel *e, int32_t i, int way, double clear)
{
    double arc = 0;

    for (int32_t k = way < 0 ? 1 : i + 1; k < (way < 0 ? i + 1 : e->n) && arc < clear; k++)
        arc += sqrt(dist2(e->pt[k].p, e->pt[k - 1].p));
    return arc >= clear;
}

/* A random place on the network, of radius `thick` or more, at least `clear` (along the vessel) from the vessel's ends. */
static bool pick_joint(struct grow *g, double clear_r, double thick, struct joint *j)
{
    int64_t at = (int64_t)(uniform(g) * (double)g->all_points);
    const int32_t v = vessel_of(g, &at);
    const struct vn_vessel *e = &g->w->vessel[v];
    const int32_t i = (int32_t)vn_clamp64(at, 0, e->n - 1);
    const double r = e->pt[i].r, clear = 2.5 * r + clear_r + 5.0 * g->h;

    if (r < thick || !long_enough(e, i, -1, clear) || !long_enough(e, i, 1, clear))
        return false;
    *j = (struct joint){ .vessel = v, .at = i, .r = r };
    for (int k = 0; k < 3; k++) {
        j->p[k] = e->pt[i].p[k];
        j->tangent[k] = e->pt[i + 1].p[k] - e->pt[i - 1].p[k];
    }
    unit(j->tangent);
    return true;
}

/* Direction in which the curve leaves joint j towards `to`: nearly square to the vessel. False when `to` lies along it. */
static bool leave(struct grow *g, const struct joint *j, const double to[3], double d[3])
{
    double e[3] = { to[0] - j->p[0], to[1] - j->p[1], to[2] - j->p[2] };
    const double full = sqrt(dot(e, e)), along = dot(e, j->tangent);

    for (int k = 0; k < 3; k++)
        d[k] = e[k] - along * j->tangent[k];
    if (sqrt(dot(d, d)) < 0.4 * full)
        return false;
    unit(d);
    const double lean = between(g, 0.0, 0.35) * (along < 0 ? -1.0 : 1.0);
    for (int k = 0; k < 3; k++)
        d[k] += lean * j->tangent[k];
    unit(d);
    return true;
}

static int add_vessel(struct grow *g, int32_t a, int32_t b, int32_t lineage, int32_t n, struct vn_net_point *pt, struct vn_err *err)
{
    count_points(g, g->w->n_vessel, n);
    return vn_network_add(g->w, a, b, lineage, n, pt, err);
}

/* Cuts the vessel at the joint: *node is the new node. */
static int split(struct grow *g, const struct joint *j, int32_t *node, struct vn_err *err)
{
    struct vn_network *w = g->w;
    struct vn_vessel *v = &w->vessel[j->vessel];
    const int32_t n = v->n - j->at, b = v->b, lineage = v->lineage;
    struct vn_net_point *pt;

    *node = vn_network_add_node(w, j->p, err);
    if (*node < 0)
        return *node;
    pt = vn_alloc((uint64_t)n * sizeof *pt, err);
    if (!pt)
        return VN_E_MEMORY;
    memcpy(pt, v->pt + j->at, (size_t)n * sizeof *pt);
    v->n = j->at + 1;
    v->b = *node;
    w->node[*node].degree++;
    w->node[b].degree--;
    count_points(g, j->vessel, 1 - n);
    return add_vessel(g, *node, b, lineage, n, pt, err);
}

/* Moves the points off their curve by a smooth random walk about it, not at the ends: up to `tortuosity` times a quarter of
 * its period. */
static void wind(struct grow *g, struct vn_net_point *pt, int32_t n, double r)
{
    const double period = fmax(20.0 * g->h, 8.0 * r), far = 0.5 * period * g->o->tortuosity * uniform(g);
    const uint64_t at = g->draw;
    double s = 0, whole = 0;

    for (int32_t i = 1; i < n; i++)
        whole += sqrt(dist2(pt[i].p, pt[i - 1].p));
    double last[3] = { pt[0].p[0], pt[0].p[1], pt[0].p[2] };
    for (int32_t i = 0; i < n; i++) {
        double b[3][3];
        s += sqrt(dist2(pt[i].p, last));
        memcpy(last, pt[i].p, sizeof last);
        const double u = 2.0 * s / period, t = u - floor(u), end = fmin(1.0, fmin(s, whole - s) / period);
        for (int j = 0; j < 3; j++) {
            uint32_t bits[4];
            vn_random(g->o->seed, 14, (at << 24) + (uint64_t)floor(u) + (uint64_t)j, bits);
            for (int k = 0; k < 3; k++)
                b[j][k] = bits[k] / 4294967296.0 - 0.5;
        }
        for (int k = 0; k < 3; k++)
            pt[i].p[k] += far * end * end * (3 - 2 * end) *
                          (0.5 * (1 - t) * (1 - t) * b[0][k] + (0.5 + t * (1 - t)) * b[1][k] + 0.5 * t * t * b[2][k]);
    }
}

/* Keeps the curve, TAKING it, when it is clear: joins or ends at its two ends. *kept says whether. */
static int try_points(struct grow *g, struct vn_net_point *pt, int32_t n, const struct joint *from, const struct joint *to, int32_t along,
                      bool *kept, struct vn_err *err)
{
    int32_t a = 0, b = 0;
    int rc = 0;

    *kept = curve_clear(g, pt, n, from, to, along);
    if (!*kept) {
        vn_free(pt);
        return 0;
    }
    /* On one vessel the farther joint is cut first, so that the nearer one's index stays right. */
    const bool to_first = to->vessel >= 0 && to->vessel == from->vessel && to->at > from->at;
    for (int i = 0; i < 2 && !rc; i++) {
        const bool end = (i == 0) == to_first;
        const struct joint *j = end ? to : from;
        int32_t *node = end ? &b : &a;
        if (j->vessel >= 0)
            rc = split(g, j, node, err);
        else if ((*node = vn_network_add_node(g->w, j->p, err)) < 0)
            rc = *node;
    }
    if (!rc)
        rc = add_samples(g, pt, n, g->n_lineage, err);
    if (rc) {
        vn_free(pt);
        return rc;
    }
    for (int32_t i = 1; i < n && !(g->o->spread && pt[0].r > 0.5 * g->o->radius_max); i++)     /* thick ones would leave no room */
        g->filled += 3.14159265358979 * pt[i].r * pt[i].r * sqrt(dist2(pt[i].p, pt[i - 1].p));
    return add_vessel(g, a, b, g->n_lineage++, n, pt, err);
}

static int try_curve(struct grow *g, const double c[4][3], double ra, double rb, const struct joint *from, const struct joint *to,
                     bool *kept, struct vn_err *err)
{
    struct vn_net_point *pt = NULL;
    int32_t n = 0;
    /* A thick tube bends so little that longer pieces stand for its curve as well. */
    const double step = fmax(g->step, fmin(ra, rb) / 16.0);
    int rc = vn_network_bezier(c, ra, rb, step, &pt, &n, err);

    if (!rc && g->o->tortuosity > 0)
        wind(g, pt, n, fmax(ra, rb));
    return rc ? rc : try_points(g, pt, n, from, to, -1, kept, err);
}

/* A curve along a stretch of another, `beside` apart, with ends of its own. */
static int try_parallel(struct grow *g, bool *kept, struct vn_err *err)
{
    const struct joint none = { .vessel = -1 };
    struct joint from = none, to = none;
    double side[3], chord[3], arc = 0;

    *kept = false;
    const struct vn_vessel *v = &g->w->vessel[(int32_t)(uniform(g) * g->w->n_vessel)];
    const double r = fmax(g->o->radius_min, v->pt[v->n / 2].r * between(g, 0.6, 1.0));
    const int32_t i0 = (int32_t)(v->n * between(g, 0.05, 0.3)), i1 = (int32_t)(v->n * between(g, 0.7, 0.95));
    for (int k = 0; k < 3; k++) {
        chord[k] = v->pt[i1].p[k] - v->pt[i0].p[k];
        side[k] = between(g, -1.0, 1.0);
    }
    unit(chord);
    for (int32_t i = i0; i < i1; i++)
        arc += sqrt(dist2(v->pt[i].p, v->pt[i + 1].p));
    if (arc < fmax(12.0 * g->h, 6.0 * r))
        return 0;
    struct vn_net_point *pt = vn_alloc((uint64_t)(i1 - i0 + 1) * sizeof *pt, err);
    if (!pt)
        return VN_E_MEMORY;
    for (int32_t i = i0; i <= i1; i++) {
        double d[3], t[3];
        for (int k = 0; k < 3; k++)
            t[k] = v->pt[i < v->n - 1 ? i + 1 : i].p[k] - v->pt[i ? i - 1 : i].p[k];
        unit(t);
        const double along = dot(side, t);
        for (int k = 0; k < 3; k++)
            d[k] = side[k] - along * t[k];
        if (dot(d, d) < 0.1 || dot(t, chord) < 0.3) {
            vn_free(pt);
            return 0;
        }
        unit(d);
        for (int k = 0; k < 3; k++)
            pt[i - i0].p[k] = v->pt[i].p[k] + d[k] * (v->pt[i].r + r + 1.02 * g->beside);
        pt[i - i0].r = r;
        pt[i - i0].bright = 1.0;
    }
    memcpy(from.p, pt[0].p, sizeof from.p);
    memcpy(to.p, pt[i1 - i0].p, sizeof to.p);
    return try_points(g, pt, i1 - i0 + 1, &from, &to, v->lineage, kept, err);
}

static int try_trunk(struct grow *g, bool *kept, struct vn_err *err)
{
    const double *size = g->o->size;
    const double longest = fmax(size[0], fmax(size[1], size[2]));
    double r = fmax(g->o->radius_min, g->o->radius_max * between(g, 0.6, 1.0));
    for (int32_t i = 0; i < g->n_lineage && g->o->spread; i++)   /* one for each octave */
        r = fmax(g->o->radius_min, 0.5 * r);
    const double wall = r + g->margin + 0.01 * g->h;
    struct joint from = { .vessel = -1 }, to = { .vessel = -1 };
    double c[4][3];
    int axis;

    *kept = false;
    do
        axis = (int)(uniform(g) * 3.0);
    while (size[axis] < 0.5 * longest);
    for (int k = 0; k < 3; k++) {
        if (size[k] < 2.0 * wall)
            return 0;
        c[0][k] = k == axis ? wall : between(g, wall, size[k] - wall);
        c[3][k] = k == axis ? size[k] - wall : between(g, wall, size[k] - wall);
    }
    for (int k = 0; k < 3; k++)
        for (int i = 1; i < 3; i++) {
            const double on = c[0][k] + (c[3][k] - c[0][k]) * i / 3.0;
            c[i][k] = on + (k == axis ? 0.0 : between(g, -0.25, 0.25) * size[k]);
        }
    memcpy(from.p, c[0], sizeof from.p);
    memcpy(to.p, c[3], sizeof to.p);
    return try_curve(g, (const double (*)[3])c, r, 0.85 * r > g->o->radius_min ? 0.85 * r : r, &from, &to, kept, err);
}

static int try_branch(struct grow *g, bool loop, bool *kept, struct vn_err *err)
{
    struct joint from, to = { .vessel = -1 };
    double c[4][3], d0[3], d3[3], len;

    *kept = false;
    const double thick = g->o->spread && g->next > 1.1 * g->o->radius_min ? g->next / 0.9 : 0.0;
    bool found = pick_joint(g, g->o->radius_min, thick, &from);
    for (int i = 0; i < 30 && thick > 0 && !found; i++)
        found = pick_joint(g, g->o->radius_min, thick, &from);
    if (!found)
        return 0;
    const double rc = g->o->spread ? fmin(g->next, from.r) : fmax(g->o->radius_min, fmin(from.r, from.r * between(g, 0.5, 0.9)));
    const double shortest = (g->o->spread ? from.r + 3.0 * rc : 3.0 * (from.r + rc)) + 10.0 * g->h;
    const double longest = shortest + 60.0 * g->h + (g->o->spread ? 10.0 * rc : 0.0);
    double re = fmax(g->o->radius_min, 0.85 * rc);
    if (loop) {
        bool near = false;
        for (int i = 0; i < 20 && !near; i++)
            near = pick_joint(g, rc, 0, &to) && dist2(from.p, to.p) < longest * longest;
        if (!near)
            return 0;
        re = fmax(g->o->radius_min, fmin(rc, to.r));
    } else {
        for (int k = 0; k < 3; k++)
            to.p[k] = between(g, fmax(0.0, from.p[k] - longest), fmin(g->o->size[k], from.p[k] + longest));
    }
    len = sqrt(dist2(from.p, to.p));
    if (len < shortest + (loop ? 3.0 * to.r : 0.0) || len > longest || !leave(g, &from, to.p, d0))
        return 0;
    if (loop) {
        if (!leave(g, &to, from.p, d3))
            return 0;
    } else {
        for (int k = 0; k < 3; k++)
            d3[k] = (from.p[k] - to.p[k]) / len + between(g, -0.6, 0.6);
        unit(d3);
    }
    for (int k = 0; k < 3; k++) {
        c[0][k] = from.p[k];
        c[1][k] = from.p[k] + 0.4 * len * d0[k];
        c[2][k] = to.p[k] + 0.4 * len * d3[k];
        c[3][k] = to.p[k];
    }
    return try_curve(g, (const double (*)[3])c, rc, re, &from, &to, kept, err);
}

/* Cells for samples of each octave of the radius: large ones are few, and small ones stay near. */
static int make_levels(struct grow *g, struct vn_err *err)
{
    double widest = fmax(4.0 * g->h, g->o->radius_min);

    for (int i = 0; i < (int)VN_COUNT(g->level); i++, widest *= 2.0) {
        struct level *l = &g->level[g->n_level++];
        const bool last = widest >= g->o->radius_max || i + 1 == (int)VN_COUNT(g->level);
        int64_t cells = 1;
        l->widest = last ? g->o->radius_max : widest;
        l->cell = fmax(l->widest + g->gap, 4.0 * g->h);
        for (int k = 0; k < 3; k++)
            cells *= l->n[k] = 1 + (int64_t)(g->o->size[k] / l->cell);
        l->head = vn_alloc((uint64_t)cells * sizeof *l->head, err);
        if (!l->head)
            return VN_E_MEMORY;
        memset(l->head, 0xff, (size_t)cells * sizeof *l->head);
        if (last)
            break;
    }
    return 0;
}

double vn_network_unit(const struct vn_net_opt *o)
{
    const double widest = fmax(o->um[0], fmax(o->um[1], o->um[2]));

    return o->touched ? sqrt(widest * fmin(o->um[0], fmin(o->um[1], o->um[2]))) : widest;
}

int vn_network_grow(struct vn_network *w, const struct vn_net_opt *o, struct vn_job *job, struct vn_err *err)
{
    struct grow g = { .o = o, .w = w };
    const double full = o->density * o->size[0] * o->size[1] * o->size[2];
    int rc, made = 0;

    g.h = vn_network_unit(o);
    /* Two masks touch when voxel centres of theirs are one voxel diagonal apart, and these lie inside the
     * surfaces, but for a crotch, which the blend of its curves fills by a fraction of a voxel. */
    const double diagonal = sqrt(o->um[0] * o->um[0] + o->um[1] * o->um[1] + o->um[2] * o->um[2]);
    g.beside = 1.25 * diagonal;
    g.gap = 1.5 * diagonal;
    if (o->touched)                                         /* a slice stays free between two that hold a part of them */
        g.beside = g.gap = 2.1 * diagonal;
    g.margin = 1.5 * g.h;
    g.step = 0.5 * fmin(o->um[0], fmin(o->um[1], o->um[2]));
    g.n_points = 3 * o->curves;                             /* each curve and two cuts */
    g.points = vn_calloc((uint64_t)g.n_points + 1, sizeof *g.points, err);
    rc = g.points ? make_levels(&g, err) : VN_E_MEMORY;

    const int trunks = 1 + (o->spread ? 5 : o->curves / 15), tries = 40 * o->curves + 400;
    for (int i = 0; i < tries && made < o->curves && !rc && (!o->density || !made || g.filled < full); i++) {
        bool kept = false;
        /* Thick ones first; radii whose number falls with the square.  Where one does not fit, 32 tries are enough. */
        const double done = fmax((made + (i - made) / 32 + 0.5) / o->curves, o->density > 0 ? g.filled / full : 0.0);
        g.next = fmin(o->radius_min / sqrt(fmin(1.0, done)), 0.6 * o->radius_max);
        if (o->density > 0 ? i < 200 && made < trunks && g.filled < 0.3 * full : made < trunks && i < 200)
            rc = try_trunk(&g, &kept, err);
        else if (w->n_vessel && w->n_parallel < o->parallel && i % 4 == 0) {
            rc = try_parallel(&g, &kept, err);
            w->n_parallel += kept;
        } else if (w->n_vessel)
            rc = try_branch(&g, uniform(&g) < o->loops, &kept, err);
        made += kept;
        if (!rc && i % 16 == 0)
            rc = vn_job_check(job, err);
    }
    if (!rc && !made)
        rc = vn_fail(err, VN_E_ARG, "no vessel of radius %g um fits %g x %g x %g um: give a smaller radius_max or a larger box",
                     o->radius_max, o->size[0], o->size[1], o->size[2]);
    vn_free(g.s);
    vn_free(g.points);
    for (int i = 0; i < g.n_level; i++)
        vn_free(g.level[i].head);
    return rc;
}
