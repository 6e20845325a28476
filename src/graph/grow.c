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
    double cell;
    int64_t n_cell[3];
    int32_t *head;
    struct sample *s; int32_t n_s, cap_s;
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

static int64_t cell_of(const struct grow *g, const double p[3], int k, double shift)
{
    return vn_clamp64((int64_t)floor((p[k] + shift) / g->cell), 0, g->n_cell[k] - 1);
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
        int32_t *head = &g->head[(cell_of(g, pt[i].p, 2, 0) * g->n_cell[1] + cell_of(g, pt[i].p, 1, 0)) * g->n_cell[0] + cell_of(g, pt[i].p, 0, 0)];
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

static bool point_clear(const struct grow *g, const struct vn_net_point *q, const struct joint *from, const struct joint *to)
{
    const double reach = q->r + g->o->radius_max + g->gap;
    int64_t lo[3], hi[3];

    for (int k = 0; k < 3; k++) {
        lo[k] = cell_of(g, q->p, k, -reach);
        hi[k] = cell_of(g, q->p, k, reach);
    }
    for (int64_t z = lo[2]; z <= hi[2]; z++)
        for (int64_t y = lo[1]; y <= hi[1]; y++)
            for (int64_t x = lo[0]; x <= hi[0]; x++)
                for (int32_t i = g->head[(z * g->n_cell[1] + y) * g->n_cell[0] + x]; i >= 0; i = g->s[i].next) {
                    const double need = q->r + g->s[i].r + g->gap;
                    if (dist2(q->p, g->s[i].p) < need * need && !at_joint(g, &g->s[i], q->p, q->r, from) &&
                        !at_joint(g, &g->s[i], q->p, q->r, to))
                        return false;
                }
    return true;
}

/* Inside the walls, gently bent, clear of itself and of the others. */
static bool curve_clear(const struct grow *g, const struct vn_net_point *pt, int32_t n, const struct joint *from, const struct joint *to)
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
        if (!point_clear(g, &pt[i], from, to))
            return false;
    return true;
}

/* A random place on the network at least `clear` (along the vessel) from the vessel's ends. */
static bool pick_joint(struct grow *g, double clear_r, struct joint *j)
{
    int64_t total = 0, at;
    int32_t v = 0;

    for (int32_t i = 0; i < g->w->n_vessel; i++)
        total += g->w->vessel[i].n;
    at = (int64_t)(uniform(g) * (double)total);
    while (v + 1 < g->w->n_vessel && at >= g->w->vessel[v].n)
        at -= g->w->vessel[v++].n;
    const struct vn_vessel *e = &g->w->vessel[v];
    const int32_t i = (int32_t)vn_clamp64(at, 0, e->n - 1);
    const double r = e->pt[i].r, clear = 2.5 * r + clear_r + 5.0 * g->h;
    double before = 0, after = 0;

    for (int32_t k = 1; k < e->n; k++)
        *(k <= i ? &before : &after) += sqrt(dist2(e->pt[k].p, e->pt[k - 1].p));
    if (before < clear || after < clear)
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
    return vn_network_add(w, *node, b, lineage, n, pt, err);
}

/* Keeps the curve when it is clear: joins or ends at its two ends. *kept says whether. */
static int try_curve(struct grow *g, const double c[4][3], double ra, double rb, const struct joint *from, const struct joint *to,
                     bool *kept, struct vn_err *err)
{
    struct vn_net_point *pt = NULL;
    int32_t n = 0, a = 0, b = 0;
    int rc = vn_network_bezier(c, ra, rb, g->step, &pt, &n, err);

    *kept = false;
    if (rc)
        return rc;
    if (!curve_clear(g, pt, n, from, to)) {
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
    *kept = true;
    return vn_network_add(g->w, a, b, g->n_lineage++, n, pt, err);
}

static int try_trunk(struct grow *g, bool *kept, struct vn_err *err)
{
    const double *size = g->o->size;
    const double longest = fmax(size[0], fmax(size[1], size[2]));
    const double r = fmax(g->o->radius_min, g->o->radius_max * between(g, 0.6, 1.0)), wall = r + g->margin + 0.01 * g->h;
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
    if (!pick_joint(g, g->o->radius_min, &from))
        return 0;
    const double rc = fmax(g->o->radius_min, fmin(from.r, from.r * between(g, 0.5, 0.9)));
    const double shortest = 3.0 * (from.r + rc) + 10.0 * g->h, longest = shortest + 60.0 * g->h;
    double re = fmax(g->o->radius_min, 0.85 * rc);
    if (loop) {
        bool near = false;
        for (int i = 0; i < 20 && !near; i++)
            near = pick_joint(g, rc, &to) && dist2(from.p, to.p) < longest * longest;
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

int vn_network_grow(struct vn_network *w, const struct vn_net_opt *o, struct vn_job *job, struct vn_err *err)
{
    struct grow g = { .o = o, .w = w };
    int64_t cells = 1;
    int rc = 0, made = 0;

    g.h = fmax(o->um[0], fmax(o->um[1], o->um[2]));
    /* Two masks touch when voxel centres of theirs are one voxel diagonal apart, and these lie inside the surfaces. */
    g.gap = 1.5 * sqrt(o->um[0] * o->um[0] + o->um[1] * o->um[1] + o->um[2] * o->um[2]);
    g.margin = 1.5 * g.h;
    g.step = 0.5 * fmin(o->um[0], fmin(o->um[1], o->um[2]));
    g.cell = fmax(o->radius_max + g.gap, 4.0 * g.h);
    for (int k = 0; k < 3; k++)
        cells *= g.n_cell[k] = 1 + (int64_t)(o->size[k] / g.cell);
    g.head = vn_alloc((uint64_t)cells * sizeof *g.head, err);
    if (!g.head)
        return VN_E_MEMORY;
    memset(g.head, 0xff, (size_t)cells * sizeof *g.head);

    const int trunks = 1 + o->curves / 15, tries = 40 * o->curves + 400;
    for (int i = 0; i < tries && made < o->curves && !rc; i++) {
        bool kept = false;
        if (made < trunks && i < 200)
            rc = try_trunk(&g, &kept, err);
        else if (w->n_vessel)
            rc = try_branch(&g, uniform(&g) < o->loops, &kept, err);
        made += kept;
        if (!rc && i % 16 == 0)
            rc = vn_job_check(job, err);
    }
    if (!rc && !made)
        rc = vn_fail(err, VN_E_ARG, "no vessel of radius %g um fits %g x %g x %g um: give a smaller radius_max or a larger box",
                     o->radius_max, o->size[0], o->size[1], o->size[2]);
    vn_free(g.s);
    vn_free(g.head);
    return rc;
}
