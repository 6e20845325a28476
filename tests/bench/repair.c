/* repair.c - breaks planted in vessels whose truth is known, and how many of them repair closes rightly. Never a test.
 *
 *   repair                 both worlds, with and without an image: shares by gap length and by least score
 *   repair RUN SEEDS [N]   one of them, other phantoms: from seed N (REPAIR_LIST=1: every gap; REPAIR_MISSED=1: breaks that stay open)
 *   repair time FILE [N]   a mask: milliseconds to find gaps, choose, draw (least of N)
 *
 * Worlds: `network` (phantom network, 128^3, with vessels beside others and 60 breaks) and `bundle` (parallel tubes, two
 * or three voxels between them, a slice cut out of one here and there) and `rings` (of 7 to 16 voxels of radius, a third missing).  A break is 1 to 8 voxels long; then 5 % of the
 * surface's voxels are changed, without joining vessels, and up to 150 specks added.  In the image the broken stretch keeps
 * a share of the contrast, under noise of a quarter of the contrast.  `clean` leaves the mask as the break made it; `segmented`
 * is what segment and threshold make of the image (breaks that they close themselves do not count).  Away from ends: 4 voxels and two radii and more from
 * branch points, tips and other breaks.  Closed: the mask joins both sides within the vessel's own width.  False: of the
 * bridge's axis over background, a third and more lies farther than a voxel from the unbroken mask.  The last line of each case says
 * whether the rule is met: 90 % and more of the breaks to 4 voxels closed, under 2 % of the bridges false. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "cmd.h"
#include "io.h"
#include "label.h"
#include "mem.h"
#include "phantom.h"
#include "repair.h"
#include "vox.h"

enum { DEFAULT = (int)(VN_GAP_MIN_SCORE * 20 + 0.5), SIDE = 128, MOST_BREAKS = 200, LONGEST = 8, N_SCORE = 19, LEAST_CLOSED = 90, MOST_FALSE = 2 };    /* of breaks to 4 voxels, of bridges: % */
static struct vn_err err;
static struct vn_session *session;
static struct vn_runner *runner;
enum how { ROUGH, CLEAN, SEGMENTED };
struct world { struct vn_vol *truth, *mask, *image; int n; struct broken { double p[3], t[3], r; int k; bool beside; } b[MOST_BREAKS]; };
static uint64_t seed_now, draws;

static double uniform(void)
{
    uint32_t r[4];
    vn_random(seed_now, 77, draws++, r);
    return r[0] / 4294967296.0;
}

static void check(int rc)
{
    if (rc) {
        fprintf(stderr, "repair: %s\n", err.msg);
        exit(1);
    }
}

static uint8_t *voxels(struct vn_vol *v) { return vn_vol_data(v).data; }
static int64_t at(const int64_t p[3]) { return (p[2] * SIDE + p[1]) * SIDE + p[0]; }
static bool inside(const int64_t p[3]) { return p[0] >= 0 && p[0] < SIDE && p[1] >= 0 && p[1] < SIDE && p[2] >= 0 && p[2] < SIDE; }

static struct vn_vol *blank(enum vn_kind kind, enum vn_type t)
{
    const struct vn_grid g = { .dim = { SIDE, SIDE, SIDE }, .um = { 1, 1, 1 } };
    const struct vn_box box = { { 0, 0, 0 }, { SIDE, SIDE, SIDE } };
    struct vn_vol *v = vn_vol_new(kind, t, &g, &box, &err);
    check(v ? 0 : err.code);
    memset(vn_vol_data(v).data, 0, (size_t)SIDE * SIDE * SIDE * vn_type_size(t));
    return v;
}

/* A break at p, if no other is near. */
static void plan_break(struct world *w, const double p[3], const double t[3], double r)
{
    for (int i = 0; i < w->n; i++) {
        double d2 = 0;
        for (int k = 0; k < 3; k++)
            d2 += (w->b[i].p[k] - p[k]) * (w->b[i].p[k] - p[k]);
        if (d2 < 20 * 20)
            return;
    }
    for (int k = 0; k < 3; k++)
        if (p[k] < 10 || p[k] > SIDE - 10)
            return;
    if (w->n == MOST_BREAKS)
        return;
    struct broken *b = &w->b[w->n++];
    memcpy(b->p, p, sizeof b->p);
    memcpy(b->t, t, sizeof b->t);
    b->r = r;
    b->k = 1 + (int)(uniform() * LONGEST);
}

/* The phantom's own breaks: where it sends no light. */
static void network(struct world *w)
{
    struct vn_phantom_opt o = { .kind = VN_PHANTOM_NETWORK, .dim = { SIDE, SIDE, SIDE }, .um = { 1, 1, 1 }, .type = VN_U8, .seed = seed_now,
                                .radius_min = 1.2, .radius_max = 5, .loops = 0.4, .gap = { 1, LONGEST } };
    struct vn_phantom p;
    o.look[VN_LOOK_BREAKS] = 60;
    o.look[VN_LOOK_PARALLEL] = 4;
    check(vn_phantom_make(&o, &p, NULL, &err));
    w->truth = vn_vol_ref(p.mask);
    w->mask = blank(VN_MASK, VN_U8);
    for (int64_t i = 0; i < (int64_t)SIDE * SIDE * SIDE; i++)
        voxels(w->mask)[i] = voxels(p.image)[i] >= 120;
    for (int i = 0; i < p.n_break && w->n < MOST_BREAKS; i++) {
        struct broken *b = &w->b[w->n++];
        for (int k = 0; k < 3; k++) {
            b->p[k] = p.breaks[i].p[k] - 0.5;
            b->t[k] = p.breaks[i].tangent[k];
        }
        b->r = p.breaks[i].r;
        b->k = (int)fmin(fmax(floor(p.breaks[i].voxels + 0.5), 1), LONGEST);
        for (int32_t n = 0; n < p.graph->n_node + p.n_break; n++) {
            const bool node = n < p.graph->n_node;
            const double *q = node ? p.graph->node[n].p : p.breaks[n - p.graph->n_node].p;
            const double half = node ? 0 : p.breaks[n - p.graph->n_node].voxels / 2;
            double d2 = 0;
            for (int k = 0; k < 3; k++)
                d2 += (q[k] - p.breaks[i].p[k]) * (q[k] - p.breaks[i].p[k]);
            b->beside |= n != p.graph->n_node + i && sqrt(d2) < half + p.breaks[i].voxels / 2 + 2 * b->r + 4;
        }
    }
    vn_phantom_free(&p);
}

static void cut(struct world *w)
{
    w->mask = blank(VN_MASK, VN_U8);
    memcpy(voxels(w->mask), voxels(w->truth), (size_t)SIDE * SIDE * SIDE);
    for (int i = 0; i < w->n; i++) {
        const struct broken *b = &w->b[i];
        const int64_t far = (int64_t)ceil(b->r + LONGEST);
        for (int64_t z = -far; z <= far; z++)
            for (int64_t y = -far; y <= far; y++)
                for (int64_t x = -far; x <= far; x++) {
                    const int64_t p[3] = { (int64_t)floor(b->p[0] + 0.5) + x, (int64_t)floor(b->p[1] + 0.5) + y, (int64_t)floor(b->p[2] + 0.5) + z };
                    double along = 0, d2 = 0;
                    for (int k = 0; k < 3; k++) {
                        along += (p[k] - b->p[k]) * b->t[k];
                        d2 += (p[k] - b->p[k]) * (p[k] - b->p[k]);
                    }
                    if (inside(p) && fabs(along) < b->k / 2.0 && d2 - along * along <= (b->r + 0.7) * (b->r + 0.7))
                        voxels(w->mask)[at(p)] = 0;
                }
    }
}

/* Tubes along a direction of the grid's plane yz, on a lattice of their own. */
static void bundle(struct world *w)
{
    const double r = 1.3 + 2.2 * uniform(), pitch = 2 * r + 2.2 + uniform(), a = 0.8 * uniform(), bend = 0.003 * uniform();
    const double n = sqrt(1 + a * a);
    w->truth = blank(VN_MASK, VN_U8);
    for (int64_t z = 0; z < SIDE; z++)
        for (int64_t y = 0; y < SIDE; y++)
            for (int64_t x = 0; x < SIDE; x++) {
                const double c = (y - a * x - bend * (x - 64.0) * (x - 64.0)) / n, u = c / pitch, v = z / pitch;
                const double dy = (u - floor(u + 0.5)) * pitch, dz = (v - floor(v + 0.5)) * pitch;
                voxels(w->truth)[at((const int64_t[3]){ x, y, z })] = dy * dy + dz * dz < r * r;
            }
    for (int i = 0; i < 2000; i++) {
        const double x = 12 + uniform() * (SIDE - 24), slope = a + 2 * bend * (x - 64), len = sqrt(1 + slope * slope);
        const double line = floor(uniform() * 60 - 20), z = floor(uniform() * 40) * pitch;
        const double p[3] = { x, line * pitch * n + a * x + bend * (x - 64) * (x - 64), z }, t[3] = { 1 / len, slope / len, 0 };
        plan_break(w, p, t, r);
    }
    cut(w);
}

/* A unit vector across a unit vector. */
static void aside(const double n[3], double u[3])
{
    double along = 0, len = 0;
    for (int k = 0; k < 3; k++) {
        u[k] = uniform() - 0.5;
        along += u[k] * n[k];
    }
    for (int k = 0; k < 3; k++) {
        u[k] -= along * n[k];
        len += u[k] * u[k];
    }
    for (int k = 0; k < 3; k++)
        u[k] /= sqrt(len);
}

/* Rings that miss a third, each in a cell of its own: what a gap's straight line cuts short. */
static void rings(struct world *w)
{
    enum { CELLS = 3, CELL = 42 };
    struct { double m[3], n[3], o[3], r, big; } ring[CELLS * CELLS * CELLS];
    w->truth = blank(VN_MASK, VN_U8);
    for (int i = 0; i < CELLS * CELLS * CELLS; i++) {
        double len = 0;
        for (int k = 0; k < 3; k++) {
            ring[i].m[k] = (k == 0 ? i % CELLS : k == 1 ? i / CELLS % CELLS : i / CELLS / CELLS) * CELL + CELL / 2 + uniform();
            ring[i].n[k] = uniform() - 0.5;
            len += ring[i].n[k] * ring[i].n[k];
        }
        for (int k = 0; k < 3; k++)
            ring[i].n[k] /= sqrt(len);
        aside(ring[i].n, ring[i].o);
        ring[i].r = 1.2 + 1.3 * uniform();
        ring[i].big = 7 + 9 * uniform();
        for (int64_t z = 0; z < SIDE; z++)
            for (int64_t y = 0; y < SIDE; y++)
                for (int64_t x = 0; x < SIDE; x++) {
                    const double d[3] = { (double)x - ring[i].m[0], (double)y - ring[i].m[1], (double)z - ring[i].m[2] };
                    const double up = d[0] * ring[i].n[0] + d[1] * ring[i].n[1] + d[2] * ring[i].n[2];
                    const double out = sqrt(fmax(d[0] * d[0] + d[1] * d[1] + d[2] * d[2] - up * up, 0)) - ring[i].big;
                    const double open = d[0] * ring[i].o[0] + d[1] * ring[i].o[1] + d[2] * ring[i].o[2];
                    if (up * up + out * out < ring[i].r * ring[i].r && open < 0.5 * ring[i].big)
                        voxels(w->truth)[at((const int64_t[3]){ x, y, z })] = 1;
                }
    }
    for (int i = 0; i < 400; i++) {
        const int j = (int)(uniform() * CELLS * CELLS * CELLS);
        double u[3], t[3], p[3], open = 0;
        aside(ring[j].n, u);
        for (int k = 0; k < 3; k++) {
            p[k] = ring[j].m[k] + u[k] * ring[j].big;
            open += u[k] * ring[j].o[k];
        }
        if (open > 0)
            continue;
        for (int k = 0; k < 3; k++)
            t[k] = u[(k + 1) % 3] * ring[j].n[(k + 2) % 3] - u[(k + 2) % 3] * ring[j].n[(k + 1) % 3];
        const int before = w->n;
        plan_break(w, p, t, ring[j].r);
        if (w->n > before) {                                              /* the ring ends a third of its way round from its middle */
            struct broken *b = &w->b[before];
            b->beside = (2.0943951023931953 - acos(fmin(-open, 1))) * ring[j].big - b->k / 2.0 < 4 + 2 * ring[j].r;
        }
    }
    cut(w);
}

/* Changes 5 % of the mask's surface, and adds specks. */
static void roughen(struct world *w)
{
    static uint8_t was[SIDE * SIDE * SIDE];
    memcpy(was, voxels(w->mask), sizeof was);
    for (int64_t z = 1; z < SIDE - 1; z++)
        for (int64_t y = 1; y < SIDE - 1; y++)
            for (int64_t x = 1; x < SIDE - 1; x++) {
                const int64_t i = (z * SIDE + y) * SIDE + x;
                const int n = was[i - 1] + was[i + 1] + was[i - SIDE] + was[i + SIDE] + was[i - SIDE * SIDE] + was[i + SIDE * SIDE];
                bool neck = false;                        /* a voxel beside it that is not the mask's other side */
                for (int k = 0; k < 125 && !was[i] && n == 1; k++) {
                    const int64_t q[3] = { x + k % 5 - 2, y + k / 5 % 5 - 2, z + k / 25 - 2 };
                    const int64_t out = (k % 5 - 2) * (was[i - 1] - was[i + 1]) + (k / 5 % 5 - 2) * (was[i - SIDE] - was[i + SIDE]) +
                                        (k / 25 - 2) * (was[i - SIDE * SIDE] - was[i + SIDE * SIDE]);
                    neck |= inside(q) && was[at(q)] && out > 0;
                }
                if (n > 0 && n < 6 && !neck && uniform() < (was[i] || n == 1 ? 0.05 : 0) && !(was[i] && n < 4))
                    voxels(w->mask)[i] ^= 1;
            }
    for (int s = 0; s < 150; s++) {
        int64_t p[3] = { (int64_t)(uniform() * SIDE), (int64_t)(uniform() * SIDE), (int64_t)(uniform() * SIDE) };
        bool free = true;
        for (int i = 0; i < 125; i++) {
            const int64_t q[3] = { p[0] + i % 5 - 2, p[1] + i / 5 % 5 - 2, p[2] + i / 25 - 2 };
            free &= !inside(q) || !was[at(q)];
        }
        for (int n = 1 + (int)(uniform() * 12); n > 0 && free; n--) {
            if (inside(p))
                voxels(w->mask)[at(p)] = 1;
            p[(int)(uniform() * 3)] += uniform() < 0.5 ? -1 : 1;
        }
    }
}

static void segment(struct world *w)
{
    struct vn_args none = { 0 };
    struct vn_obj *o = vn_obj_new(VN_IMAGE, vn_vol_ref(w->image), "bench", &none, "v", vn_key_add(vn_key_start(), &seed_now, sizeof seed_now), &err);
    check(o ? vn_session_bind(session, "v", o, &err) : err.code);
    vn_obj_unref(o);
    check(vn_runner_line(runner, "segment v as=p; threshold p as=m"));
    check((o = vn_session_get(session, "m")) ? vn_obj_vol(session, o, &w->mask, NULL, &err) : VN_E_ARG);
    vn_obj_unref(o);
}

/* The image keeps `kept` of the contrast in the breaks; then noise. */
static void spoil(struct world *w, double kept, enum how how)
{
    w->image = blank(VN_IMAGE, VN_F32);
    float *im = vn_vol_data(w->image).data;
    for (int64_t i = 0; i < (int64_t)SIDE * SIDE * SIDE; i++)
        im[i] = voxels(w->mask)[i] ? 1 : voxels(w->truth)[i] ? (float)kept : 0;
    if (how == ROUGH)
        roughen(w);
    for (int64_t i = 0; i < (int64_t)SIDE * SIDE * SIDE; i++) {
        uint32_t r[4];
        vn_random(seed_now, 78, (uint64_t)i, r);
        im[i] += 0.25f * vn_normal(r);
    }
    if (how == SEGMENTED) {
        vn_vol_unref(w->mask);
        segment(w);
    }
}

/* Whether the mask joins both sides of a break inside a tube around it. */
static bool closed(const struct world *w, const struct broken *b, const uint8_t *mask)
{
    const int64_t far = (int64_t)ceil(b->k / 2.0 + b->r + 4);
    struct vn_box box;
    struct vn_buf part = { 0 }, label = { 0 };
    uint64_t n;
    uint32_t side[2] = { 0, 0 };
    (void)w;
    for (int k = 0; k < 3; k++) {
        box.lo[k] = vn_max64((int64_t)floor(b->p[k]) - far, 0);
        box.hi[k] = vn_min64((int64_t)floor(b->p[k]) + far + 1, SIDE);
    }
    check(vn_buf_new(&part, VN_U8, &box, &err));
    check(vn_buf_new(&label, VN_U32, &box, &err));
    double best[2] = { 1e9, 1e9 };
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t z = box.lo[2]; z < box.hi[2]; z++)
            for (int64_t y = box.lo[1]; y < box.hi[1]; y++)
                for (int64_t x = box.lo[0]; x < box.hi[0]; x++) {
                    const int64_t p[3] = { x, y, z };
                    double along = 0, d2 = 0;
                    for (int k = 0; k < 3; k++) {
                        along += (p[k] - b->p[k]) * b->t[k];
                        d2 += (p[k] - b->p[k]) * (p[k] - b->p[k]);
                    }
                    const double out2 = d2 - along * along;
                    const bool in = mask[at(p)] && out2 < (b->r + 1.5) * (b->r + 1.5) && fabs(along) < b->k / 2.0 + b->r + 2.5;
                    if (!pass) {
                        ((uint8_t *)part.data)[vn_buf_at(&part, x, y, z)] = in;
                    } else if (in) {
                        const int e = along > 0;
                        const double d = fabs(fabs(along) - b->k / 2.0 - 1.5) + sqrt(fmax(out2, 0));
                        if (d < best[e]) {
                            best[e] = d;
                            side[e] = ((uint32_t *)label.data)[vn_buf_at(&label, x, y, z)];
                        }
                    }
                }
        if (!pass)
            check(vn_label_buf(&part, 26, &label, &n, NULL, &err));
    }
    vn_buf_free(&part);
    vn_buf_free(&label);
    return side[0] && side[0] == side[1];
}

static bool wrong(const struct world *w, const struct vn_gap *g)
{
    int n = 0, out = 0;
    for (double t = 0; t <= 1; t += 0.02) {
        int64_t p[3];
        bool near = false;
        for (int k = 0; k < 3; k++)
            p[k] = (int64_t)floor(g->bridge.at[k] + t * (g->bridge.at[3 + k] - g->bridge.at[k]) + 0.5);
        if (voxels(w->mask)[at(p)])
            continue;
        for (int i = 0; i < 27; i++) {
            const int64_t q[3] = { p[0] + i % 3 - 1, p[1] + i / 3 % 3 - 1, p[2] + i / 9 - 1 };
            near |= inside(q) && voxels(w->truth)[at(q)];
        }
        n++;
        out += !near;
    }
    return 3 * out > n;
}

struct tally { int beside[LONGEST + 1], beside_closed[LONGEST + 1], planted[LONGEST + 1], closed[N_SCORE + 1][LONGEST + 1], bridges[N_SCORE + 1], bad[N_SCORE + 1]; };

static void one(struct world *w, bool with_image, struct tally *t)
{
    const struct vn_buf mask = vn_vol_data(w->mask);
    const struct vn_gaps_in in = { .mask = &mask, .um = { 1, 1, 1 }, .image = with_image ? w->image : NULL, .reach = VN_GAP_REACH };
    struct vn_gaps g;
    uint8_t *fixed = malloc((size_t)SIDE * SIDE * SIDE);
    check(vn_gaps_find(&in, &g, NULL, &err));
    for (int i = 0; i < w->n; i++)
        if (!closed(w, &w->b[i], mask.data)) {                            /* noise closes some */
            t->planted[w->b[i].k]++;
            t->beside[w->b[i].k] += w->b[i].beside;
        }
    for (int s = 1; s <= N_SCORE; s += s < 2 ? 1 : 2) {
        const struct vn_gaps_rule rule = { .gap = 12, .min_score = s / (N_SCORE + 1.0) };
        struct vn_buf to = mask;
        int64_t taken, set;
        memcpy(fixed, mask.data, (size_t)SIDE * SIDE * SIDE);
        to.data = fixed;
        check(vn_gaps_select(&g, &rule, &taken, &err));
        check(vn_gaps_draw(&g, in.um, &to, &set, NULL, &err));
        for (int64_t i = 0; i < g.n; i++)
            if (g.v[i].state == VN_GAP_TAKEN) {
                t->bridges[s]++;
                t->bad[s] += wrong(w, &g.v[i]);
            }
        for (int i = 0; i < w->n; i++)
            if (closed(w, &w->b[i], fixed) && !closed(w, &w->b[i], mask.data)) {
                t->closed[s][w->b[i].k]++;
                t->beside_closed[w->b[i].k] += s == DEFAULT && w->b[i].beside;
            }
    }
    if (getenv("REPAIR_LIST"))
        for (int64_t i = 0; i < g.n; i++)
            printf("gap %d %d %d %.2f %.3f %.3f %.3f %.2f %.3f %.0f %.3f %.3f %.2f %.2f %.3f %.0f %.3f %.0f,%.0f,%.0f-%.0f,%.0f,%.0f\n", !wrong(w, &g.v[i]), g.v[i].end[1] < 0,
                   g.v[i].loop, g.v[i].facts.steps, g.v[i].facts.c[0], g.v[i].facts.c[1], g.v[i].facts.ratio, g.v[i].facts.thin, g.v[i].facts.crowd,
                   g.v[i].facts.piece, g.v[i].facts.own, g.v[i].evidence, g.v[i].facts.tilt, g.v[i].facts.clear, g.v[i].score, g.v[i].facts.stubs, g.v[i].facts.shift, g.v[i].bridge.at[0], g.v[i].bridge.at[1], g.v[i].bridge.at[2],
                   g.v[i].bridge.at[3], g.v[i].bridge.at[4], g.v[i].bridge.at[5]);
    if (getenv("REPAIR_MISSED")) {
        const struct vn_gaps_rule rule = { .gap = 12, .min_score = VN_GAP_MIN_SCORE };
        struct vn_buf to = mask;
        int64_t taken, set;
        memcpy(fixed, mask.data, (size_t)SIDE * SIDE * SIDE);
        to.data = fixed;
        check(vn_gaps_select(&g, &rule, &taken, &err));
        check(vn_gaps_draw(&g, in.um, &to, &set, NULL, &err));
        for (int i = 0; i < w->n; i++)
            if (!closed(w, &w->b[i], fixed))
                printf("missed k=%d r=%.1f at %.1f,%.1f,%.1f along %.2f,%.2f,%.2f\n", w->b[i].k, w->b[i].r, w->b[i].p[0], w->b[i].p[1], w->b[i].p[2],
                       w->b[i].t[0], w->b[i].t[1], w->b[i].t[2]);
    }
    free(fixed);
    vn_gaps_free(&g);
}

static void report(const char *name, const struct tally *t)
{
    int n[2] = { 0, 0 };
    for (int k = 1; k <= LONGEST; k++)
        n[k > 4] += t->planted[k];
    printf("%s\n  breaks of 1 to 8 voxels  ", name);
    for (int k = 1; k <= LONGEST; k++)
        printf("%6d", t->planted[k]);
    printf("\n  closed, %% (score %.2f)   ", VN_GAP_MIN_SCORE);
    const int def = DEFAULT;
    for (int k = 1; k <= LONGEST; k++)
        printf("%6.1f", 100.0 * t->closed[def][k] / (t->planted[k] ? t->planted[k] : 1));
    printf("\n  of them away from ends   ");
    for (int k = 1; k <= LONGEST; k++)
        printf("%6.1f", 100.0 * (t->closed[def][k] - t->beside_closed[k]) / (t->planted[k] > t->beside[k] ? t->planted[k] - t->beside[k] : 1));
    printf("\n  (breaks)                 ");
    for (int k = 1; k <= LONGEST; k++)
        printf("%6d", t->planted[k] - t->beside[k]);
    printf("\n  least score  closed to 4  5 to 8  bridges  false  false %%\n");
    for (int s = 1; s <= N_SCORE; s += s < 2 ? 1 : 2) {
        int c[2] = { 0, 0 };
        for (int k = 1; k <= LONGEST; k++)
            c[k > 4] += t->closed[s][k];
        printf("  %11.2f %12.1f %7.1f %8d %6d %8.2f%s\n", s / (N_SCORE + 1.0), 100.0 * c[0] / (n[0] ? n[0] : 1), 100.0 * c[1] / (n[1] ? n[1] : 1), t->bridges[s], t->bad[s],
               100.0 * t->bad[s] / (t->bridges[s] ? t->bridges[s] : 1), s == def ? "  <- default" : "");
    }
    int short_ones = 0;
    for (int k = 1; k <= 4; k++)
        short_ones += t->closed[def][k];
    const double closed_share = 100.0 * short_ones / (n[0] ? n[0] : 1), bad_share = 100.0 * t->bad[def] / (t->bridges[def] ? t->bridges[def] : 1);
    printf("%s: %s: breaks to 4 voxels %.1f %% closed (%d %%), bridges %.2f %% false (%d %%)\n", closed_share >= LEAST_CLOSED && bad_share < MOST_FALSE ? "met" : "MISSED",
           name, closed_share, LEAST_CLOSED, bad_share, MOST_FALSE);
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static int take_time(const char *path, int rounds)
{
    struct vn_vol *v;
    struct vn_buf m = { 0 }, to = { 0 };
    double least[3] = { 1e9, 1e9, 1e9 };
    int64_t taken = 0, set = 0, n = 0, ends = 0;
    const struct vn_open_opt opt = { 0 };
    check(vn_io_open(path, &opt, &v, &err));
    check(vn_vol_map(v, VN_U8, &v->box, VN_PAD_ZERO, &m, NULL, &err));
    check(vn_buf_new(&to, VN_U8, &v->box, &err));
    for (int i = 0; i < rounds; i++) {
        const struct vn_gaps_in in = { .mask = &m, .um = { v->grid.um[0], v->grid.um[1], v->grid.um[2] }, .reach = VN_GAP_REACH };
        const struct vn_gaps_rule rule = { .gap = 8, .min_score = VN_GAP_MIN_SCORE };
        struct vn_gaps g;
        double t[4];
        t[0] = now_ms();
        check(vn_gaps_find(&in, &g, NULL, &err));
        t[1] = now_ms();
        check(vn_gaps_select(&g, &rule, &taken, &err));
        t[2] = now_ms();
        memcpy(to.data, m.data, vn_box_count(&v->box));
        check(vn_gaps_draw(&g, in.um, &to, &set, NULL, &err));
        t[3] = now_ms();
        for (int k = 0; k < 3; k++)
            least[k] = fmin(least[k], t[k + 1] - t[k]);
        n = g.n;
        ends = g.n_end;
        vn_gaps_free(&g);
    }
    printf("%lld ends, %lld gaps, %lld bridges: find %.1f ms, choose %.3f ms, copy and draw %.2f ms\n", (long long)ends, (long long)n, (long long)taken, least[0], least[1], least[2]);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct { const char *name; void (*make)(struct world *); int n; double kept; bool image; enum how how; } runs[] = {
        { "network, mask alone", network, 20, 0, false, ROUGH },
        { "network, image with 40 % of the contrast in the gaps", network, 20, 0.4, true, ROUGH },
        { "network, image without contrast in the gaps", network, 20, 0, true, ROUGH },
        { "bundle, mask alone", bundle, 12, 0, false, ROUGH },
        { "bundle, image with 40 % of the contrast in the gaps", bundle, 12, 0.4, true, ROUGH },
        { "network, clean mask alone", network, 20, 0, false, CLEAN },
        { "network, clean mask, image with 40 % of the contrast in the gaps", network, 20, 0.4, true, CLEAN },
        { "bundle, clean mask alone", bundle, 20, 0, false, CLEAN },
        { "network, segmented, image with 20 % of the contrast in the gaps", network, 20, 0.2, true, SEGMENTED },
        { "network, segmented, image without contrast in the gaps", network, 20, 0, true, SEGMENTED },
        { "rings, mask alone", rings, 20, 0, false, ROUGH },
        { "rings, image with 40 % of the contrast in the gaps", rings, 20, 0.4, true, ROUGH },
    };
    vn_mem_init(0);
    check(vn_job_init(0, &err));
    FILE *nowhere = fopen("/dev/null", "w");
    const struct vn_run_opt opt = { .quiet = true, .out = nowhere, .msg = nowhere };
    check(nowhere && (session = vn_session_new(&err)) && (runner = vn_runner_new(session, &opt, &err)) ? 0 : VN_E_MEMORY);
    if (argc > 2 && !strcmp(argv[1], "time"))
        return take_time(argv[2], argc > 3 ? atoi(argv[3]) : 5);
    for (size_t i = 0; i < VN_COUNT(runs); i++) {
        struct tally t = { { 0 } };
        if (argc > 2 && atoi(argv[1]) != (int)i)
            continue;
        const int first = argc > 3 ? atoi(argv[3]) : 1;
        for (int s = first; s < first + (argc > 2 ? atoi(argv[2]) : runs[i].n); s++) {
            struct world w = { 0 };
            seed_now = (uint64_t)s;
            draws = 0;
            runs[i].make(&w);
            spoil(&w, runs[i].kept, runs[i].how);
            one(&w, runs[i].image, &t);
            vn_vol_unref(w.truth);
            vn_vol_unref(w.mask);
            vn_vol_unref(w.image);
        }
        report(runs[i].name, &t);
        fflush(stdout);
    }
    return 0;
}
