/* graph_marks.c - a graph drawn over a picture: bits of pixels first, then colours. */
#include "graph_marks.h"
#include <math.h>
#include <pthread.h>
#include <string.h>
#include "mem.h"

enum { LINE = 1, BRANCH = 2, END = 4, PICKED = 8, PICKED_LINE = 16, CROWDED_PX = 8, CROWDED_PART = 8, BEHIND_PX = 64 };

struct canvas {
    const struct vn_scene *s;
    const struct vn_graph *g;
    int w, h, u, v;
    double px[2], from[2];                /* pixels a unit of the graph; where the graph's 0 lies: pixel = from + p * px */
    double lo, hi;                        /* of the slab, along the axis */
    bool tall;                            /* pixels higher than wide, of a terminal: marks are wide, not high */
    int half[2];                          /* of a node's square */
    uint8_t *bit;
    int64_t n_node;                       /* drawn */
};

static void set(struct canvas *c, int x, int y, uint8_t bit)
{
    if (x >= 0 && y >= 0 && x < c->w && y < c->h)
        c->bit[(size_t)y * c->w + x] |= bit;
}

static double x_of(const struct canvas *c, double p) { return c->from[0] + p * c->px[0]; }
static double y_of(const struct canvas *c, double p) { return c->from[1] + p * c->px[1]; }

static int pixel(double v) { return (int)v - (v < (int)v); }           /* floor, without a call; v is near the picture */

/* ---- lines ---- */

/* The part [t0, t1] of a line where a + t d is in [lo, hi]; false: none. */
static bool clip(double a, double d, double lo, double hi, double *t0, double *t1)
{
    if (d == 0)
        return a >= lo && a <= hi;
    const double p = (lo - a) / d, q = (hi - a) / d;
    *t0 = fmax(*t0, fmin(p, q));
    *t1 = fmin(*t1, fmax(p, q));
    return *t0 <= *t1;
}

static void dab(struct canvas *c, int x, int y, uint8_t bit)
{
    const int half[2] = { bit == PICKED, bit == PICKED && !c->tall };
    for (int j = -half[1]; j <= half[1]; j++)
        for (int i = -half[0]; i <= half[0]; i++)
            set(c, x + i, y + j, bit);
}

/* One pixel for each step along the longer direction; half a step across is rounded towards the end. */
static void draw_line(struct canvas *c, double x0, double y0, double x1, double y1, uint8_t bit)
{
    if (!(x0 >= 0 && x1 >= 0 && x0 < c->w && x1 < c->w && y0 >= 0 && y1 >= 0 && y0 < c->h && y1 < c->h)) {
        double t0 = 0, t1 = 1;
        if (!clip(x0, x1 - x0, -2, c->w + 2, &t0, &t1) || !clip(y0, y1 - y0, -2, c->h + 2, &t0, &t1))
            return;
        const double dx = x1 - x0, dy = y1 - y0;
        x1 = x0 + t1 * dx;
        y1 = y0 + t1 * dy;
        x0 += t0 * dx;
        y0 += t0 * dy;
    }
    int x = pixel(x0), y = pixel(y0);
    const int dx = pixel(x1) - x, dy = pixel(y1) - y, wide = dx < 0 ? -dx : dx, high = dy < 0 ? -dy : dy;
    const int n = wide > high ? wide : high, sx = dx < 0 ? -1 : 1, sy = dy < 0 ? -1 : 1;
    dab(c, x, y, bit);
    for (int i = 0, ex = n, ey = n; i < n; i++) {
        if ((ex += 2 * wide) >= 2 * n) {
            ex -= 2 * n;
            x += sx;
        }
        if ((ey += 2 * high) >= 2 * n) {
            ey -= 2 * n;
            y += sy;
        }
        dab(c, x, y, bit);
    }
}

/* The slab reaches as far as the vessel's radius; NaN: not known. */
static double reach(double radius) { return radius > 0 ? radius : 0; }

static void draw_run(struct canvas *c, int64_t first, int32_t n, uint8_t bit)
{
    const struct vn_point *p = &c->g->point[first];
    double x = x_of(c, p->p[c->u]), y = y_of(c, p->p[c->v]), z = p->p[c->s->axis], x0, y0, z0;
    for (int32_t i = 0; i < n; i++) {
        const double r = reach(p[i].radius > p[i + 1].radius ? p[i].radius : p[i + 1].radius), lo = c->lo - r, hi = c->hi + r;
        x0 = x;
        y0 = y;
        z0 = z;
        x = x_of(c, p[i + 1].p[c->u]);
        y = y_of(c, p[i + 1].p[c->v]);
        z = p[i + 1].p[c->s->axis];
        if ((z0 < lo && z < lo) || (z0 > hi && z > hi))
            continue;
        double t0 = 0, t1 = 1;
        if (z0 >= lo && z0 <= hi && z >= lo && z <= hi)
            draw_line(c, x0, y0, x, y, bit);
        else if (clip(z0, z - z0, lo, hi, &t0, &t1))
            draw_line(c, x0 + t0 * (x - x0), y0 + t0 * (y - y0), x0 + t1 * (x - x0), y0 + t1 * (y - y0), bit);
    }
}

/* ---- nodes ---- */

static void draw_node(struct canvas *c, const struct vn_node *n, uint8_t bit)
{
    const double r = reach(n->radius), z = n->p[c->s->axis];
    if (z < c->lo - r || z > c->hi + r)
        return;
    c->n_node++;
    const int grow = bit == PICKED;
    const double px = x_of(c, n->p[c->u]), py = y_of(c, n->p[c->v]);
    if (!(fabs(px) < 1e6 && fabs(py) < 1e6))
        return;
    const int x = pixel(px), y = pixel(py);
    for (int j = -c->half[1] - grow; j <= c->half[1] + grow; j++)
        for (int i = -c->half[0] - grow; i <= c->half[0] + grow; i++)
            set(c, x + i, y + j, bit);
}

/* ---- through the index ---- */

static bool in_picture(const struct canvas *c, const struct vn_graph_box *b, int margin)
{
    const double r = reach(b->radius);
    const int a = c->s->axis;
    return b->lo[a] <= c->hi + r && b->hi[a] >= c->lo - r && x_of(c, b->hi[c->u]) >= -margin && x_of(c, b->lo[c->u]) < c->w + margin &&
           y_of(c, b->hi[c->v]) >= -margin && y_of(c, b->lo[c->v]) < c->h + margin;
}

static bool all_set(const struct canvas *c, int x0, int y0, int x1, int y1)
{
    for (int y = y0 < 0 ? 0 : y0; y <= y1 && y < c->h; y++)
        for (int x = x0 < 0 ? 0 : x0; x <= x1 && x < c->w; x++)
            if (!(c->bit[(size_t)y * c->w + x] & LINE))
                return false;
    return true;
}

/* A box wholly in the slab and within one pixel is that pixel, whatever is in it; one behind pixels that are set changes nothing. */
static bool enter_lines(void *ctx, const struct vn_graph_box *b)
{
    struct canvas *c = ctx;
    const int a = c->s->axis;
    if (!in_picture(c, b, 1))
        return false;
    const double left = x_of(c, b->lo[c->u]), top = y_of(c, b->lo[c->v]), right = x_of(c, b->hi[c->u]), bottom = y_of(c, b->hi[c->v]);
    if (right - left > BEHIND_PX || bottom - top > BEHIND_PX)
        return true;
    const int x0 = pixel(left), y0 = pixel(top), x1 = pixel(right), y1 = pixel(bottom);
    if (x0 == x1 && y0 == y1 && b->lo[a] >= c->lo && b->hi[a] <= c->hi) {
        set(c, x0, y0, LINE);
        return false;
    }
    return !all_set(c, x0, y0, x1, y1);
}

static void item_lines(void *ctx, const struct vn_graph_item *it) { draw_run(ctx, it->first, it->n, LINE); }

static bool enter_nodes(void *ctx, const struct vn_graph_box *b)
{
    struct canvas *c = ctx;
    return in_picture(c, b, c->half[0] + 1);
}

static void item_nodes(void *ctx, const struct vn_graph_item *it)
{
    struct canvas *c = ctx;
    const int32_t degree = c->g->node[it->of].degree;
    if (degree != 2)                              /* of a ring's closing point nothing is to be seen */
        draw_node(c, &c->g->node[it->of], degree > 2 ? BRANCH : END);
}

/* Thick where it is in the slab; thin all along, so that it is seen where it goes. */
static void draw_picked(struct canvas *c, const struct vn_segment *e)
{
    struct canvas all = *c;
    all.lo = -INFINITY;
    all.hi = INFINITY;
    draw_run(&all, e->first, e->n - 1, PICKED_LINE);
    draw_run(c, e->first, e->n - 1, PICKED);
}

/* Pixels of the picture that the graph's box covers. */
static double graph_area(const struct canvas *c, const double um[3])
{
    const struct vn_box *b = &c->g->box;
    const double x0 = fmax(x_of(c, (double)b->lo[c->u] * um[c->u]), 0), x1 = fmin(x_of(c, (double)b->hi[c->u] * um[c->u]), c->w);
    const double y0 = fmax(y_of(c, (double)b->lo[c->v] * um[c->v]), 0), y1 = fmin(y_of(c, (double)b->hi[c->v] * um[c->v]), c->h);
    return fmax(x1 - x0, 0) * fmax(y1 - y0, 0);
}

static void paint(const struct canvas *c, struct vn_image *im)
{
    static const struct { uint8_t bit; uint32_t rgb; } order[] = {
        { PICKED | PICKED_LINE, VN_GRAPH_PICKED }, { BRANCH, VN_GRAPH_BRANCH }, { END, VN_GRAPH_END }, { LINE, VN_GRAPH_LINE },
    };
    for (size_t i = 0; i < (size_t)c->w * c->h; i++)
        for (size_t k = 0; k < VN_COUNT(order) && c->bit[i]; k++)
            if (c->bit[i] & order[k].bit) {
                const uint32_t rgb = c->s->mono ? 0xffffff : order[k].rgb;
                for (int j = 0; j < 3; j++)
                    im->rgb[3 * i + j] = (uint8_t)(rgb >> (16 - 8 * j));
                break;
            }
}

/* ---- what was drawn lately ----
 *
 * A projection of a large graph takes tens of milliseconds, and stays the same while the crosshair moves in it. */

enum { KEEP = 6, KEEP_PX = 1 << 18 };
static struct kept { struct vn_key key; uint64_t used; uint8_t *bit; } kept[KEEP];
static uint64_t uses;
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;

static struct vn_key picture_key(const struct canvas *c)
{
    const uint64_t id = vn_graph_index_id(c->g);
    const int whole[5] = { c->w, c->h, c->s->axis, c->half[0], c->half[1] };
    const double real[6] = { c->px[0], c->px[1], c->from[0], c->from[1], c->lo, c->hi };
    return vn_key_add(vn_key_add(vn_key_add(vn_key_start(), &id, sizeof id), whole, sizeof whole), real, sizeof real);
}

static bool recall(struct canvas *c, struct vn_key key)
{
    bool found = false;
    pthread_mutex_lock(&kept_lock);
    for (int i = 0; i < KEEP && !found; i++)
        if (kept[i].bit && vn_key_same(kept[i].key, key)) {
            memcpy(c->bit, kept[i].bit, (size_t)c->w * (size_t)c->h);
            kept[i].used = ++uses;
            found = true;
        }
    pthread_mutex_unlock(&kept_lock);
    return found;
}

static void keep(const struct canvas *c, struct vn_key key)
{
    const size_t n = (size_t)c->w * (size_t)c->h;
    uint8_t *bit = n <= KEEP_PX ? vn_alloc(n, NULL) : NULL;
    struct kept *oldest = kept;
    if (!bit)
        return;
    memcpy(bit, c->bit, n);
    pthread_mutex_lock(&kept_lock);
    for (int i = 1; i < KEEP; i++)
        oldest = kept[i].used < oldest->used ? &kept[i] : oldest;
    vn_free(oldest->bit);
    *oldest = (struct kept){ key, ++uses, bit };
    pthread_mutex_unlock(&kept_lock);
}

static void draw(struct canvas *c, const double um[3])
{
    vn_graph_visit(c->g, false, enter_lines, item_lines, c);
    if (vn_graph_mean_length(c->g) * c->px[0] >= CROWDED_PX)
        vn_graph_visit(c->g, true, enter_nodes, item_nodes, c);
    if ((double)c->n_node * (2 * c->half[0] + 1) * (2 * c->half[1] + 1) * CROWDED_PART > graph_area(c, um))
        for (size_t i = 0; i < (size_t)c->w * c->h; i++)
            c->bit[i] &= (uint8_t)~(BRANCH | END);
}

void vn_graph_marks(const struct vn_scene *s, struct vn_image *im)
{
    const struct vn_graph *g = s->graph;
    const double *vol_um = s->volume->grid.um, aspect = s->aspect > 0 ? s->aspect : 1;
    struct canvas c = { .s = s, .g = g, .w = im->w, .h = im->h };
    if (!vn_graph_indexed(g) || !(c.bit = vn_calloc((uint64_t)im->w, (uint64_t)im->h, NULL)))
        return;
    vn_scene_axes(s->axis, &c.u, &c.v);
    const int axis[2] = { c.u, c.v }, size[2] = { im->w, im->h };
    double um[3];                                 /* a voxel in the graph's unit */
    for (int k = 0; k < 3; k++)
        um[k] = g->unit_um ? g->grid.um[k] : 1;
    for (int k = 0; k < 2; k++) {
        const double side = vn_um_known(&s->volume->grid) ? vol_um[axis[k]] : 1, per_voxel = side / (s->um_per_px * (k ? aspect : 1));
        c.px[k] = per_voxel / um[axis[k]];
        c.from[k] = 0.5 * size[k] - s->centre[k] * per_voxel;
    }
    c.lo = (double)s->slab[0] * um[s->axis];
    c.hi = (double)s->slab[1] * um[s->axis];
    c.half[0] = im->w > 400 && im->h > 400 ? 2 : 1;
    c.tall = aspect > 1.5;
    c.half[1] = c.tall ? c.half[0] / 2 : c.half[0];
    const struct vn_key key = picture_key(&c);
    if (!recall(&c, key)) {
        draw(&c, um);
        keep(&c, key);
    }
    if (s->picked_kind == VN_PICK_SEGMENT && s->picked >= 0 && s->picked < g->n_segment)
        draw_picked(&c, &g->segment[s->picked]);
    if (s->picked_kind == VN_PICK_NODE && s->picked >= 0 && s->picked < g->n_node)
        draw_node(&c, &g->node[s->picked], PICKED);
    paint(&c, im);
    vn_free(c.bit);
}
