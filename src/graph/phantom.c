/* phantom.c - curves to voxels: the truth mask and the light of the vessels, plane by plane. */
#include "phantom.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "mem.h"
#include "shapes.h"
#include "vox.h"

/* Straight piece of a curve with linear radius. */
struct piece { double a[3], d[3], inv, r, dr, bright, dbright, reach; int32_t lineage; };
struct scene {
    const struct vn_phantom_opt *o;
    struct piece *piece;
    struct pair { int32_t a, b; } *joined; int64_t n_joined;   /* curves that meet at a node, both ways, sorted */
    int64_t n_piece, *start, *list;       /* pieces list[start[z]] ... list[start[z + 1] - 1] reach plane z */
    double edge;                          /* width of the ramp at the surface, um */
    double fillet;                        /* reach of the blend where curves join, um */
    bool beside;                          /* some curves that do not join are within that reach of each other */
    int part;                             /* a slice's light is the mean of this many planes inside it; odd */
    bool exact;                           /* a vessel thinner than a voxel sends the light of its own section */
    double wall, lumen;                   /* of hollow vessels, um; 0: filled */
    struct vn_optics *optics;
    float *light, *noise;                 /* of the whole volume, where the optics need that */
    struct vn_buf image, mask;
};

static double max3(const double v[3]) { return fmax(v[0], fmax(v[1], v[2])); }

/* ---- rendering ---- */

static int by_lineage(const void *a, const void *b)
{
    const struct vn_vessel *x = a, *y = b;

    return x->lineage != y->lineage ? (x->lineage < y->lineage ? -1 : 1) : x->a < y->a ? -1 : x->a > y->a;
}

/* What the ramp at the surface would add to a section of radius r, taken off: the light of a section is its area. */
static double section(double r, double edge)
{
    const double q = r / edge;

    return q >= 0.5 ? q * q / (q * q + 1.0 / 12) : 3 * q * q / ((q + 0.5) * (q + 0.5) * (q + 0.5));
}

static void set_piece(struct piece *q, const struct vn_net_point *p, int32_t lineage, double beyond, double edge)
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
    q->bright = p[0].bright * (edge > 0 ? section(p[0].r, edge) : 1.0);
    q->dbright = p[1].bright * (edge > 0 ? section(p[1].r, edge) : 1.0) - q->bright;
    q->reach = fmax(p[0].r, p[1].r) + beyond;
    q->lineage = lineage;
}

static int by_pair(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;

    return x->a != y->a ? (x->a < y->a ? -1 : 1) : x->b < y->b ? -1 : x->b > y->b;
}

/* Which curves meet: the ends of all vessels sorted by node, then each with each of a node. */
static int find_joined(struct scene *s, const struct vn_network *w, struct vn_err *err)
{
    const int64_t n = 2 * (int64_t)w->n_vessel;
    struct pair *end = vn_alloc((uint64_t)(n + 1) * sizeof *end, err);
    int64_t most = 0;

    if (!end)
        return VN_E_MEMORY;
    for (int64_t i = 0; i < n; i++)
        end[i] = (struct pair){ i & 1 ? w->vessel[i / 2].b : w->vessel[i / 2].a, w->vessel[i / 2].lineage };
    if (n)
        qsort(end, (size_t)n, sizeof *end, by_pair);
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = 0; i < n; i++)
            for (int64_t k = i; k < n && end[k].a == end[i].a; k++) {
                if (end[k].b == end[i].b)
                    continue;
                if (pass) {
                    s->joined[s->n_joined++] = (struct pair){ end[i].b, end[k].b };
                    s->joined[s->n_joined++] = (struct pair){ end[k].b, end[i].b };
                } else
                    most += 2;
            }
        if (!pass && !(s->joined = vn_alloc((uint64_t)(most + 1) * sizeof *s->joined, err)))
            break;
    }
    if (s->joined && most)
        qsort(s->joined, (size_t)most, sizeof *s->joined, by_pair);
    vn_free(end);
    return s->joined ? 0 : VN_E_MEMORY;
}

static bool are_joined(const struct scene *s, int32_t a, int32_t b)
{
    const struct pair key = { a, b };

    return s->n_joined && bsearch(&key, s->joined, (size_t)s->n_joined, sizeof key, by_pair);
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
            set_piece(&s->piece[s->n_piece++], &w->vessel[i].pt[k], w->vessel[i].lineage, fmax(s->edge, s->fillet), s->exact ? s->edge : 0);
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

struct section { float *deep, *bright, *one, *one_bright; int32_t *owner; };   /* of a plane: all curves; the one being drawn */

/* Adds curve `lineage`, drawn in one and one_bright, to the plane and clears it.  Depths of curves that meet at a node blend by
 * the quadratic smooth maximum: a crotch sharper than the voxels would leave holes in the mask that the curves do not have. */
static void merge_curve(const struct scene *s, const struct area *r, int32_t lineage, const struct section *p)
{
    const float k = (float)s->fillet;

    for (int64_t y = r->lo[1]; y < r->hi[1]; y++)
        for (int64_t i = y * s->o->dim[0] + r->lo[0]; i < y * s->o->dim[0] + r->hi[0]; i++) {
            const float a = p->deep[i], b = p->one[i], near = k - fabsf(a - b);
            const int32_t other = p->owner[i];
            if (b == OUT)
                continue;
            if (b > a) {
                p->deep[i] = b;
                p->bright[i] = p->one_bright[i];
                p->owner[i] = lineage;
            }
            if (near > 0 && (!s->beside || are_joined(s, lineage, other)))
                p->deep[i] += near * near / (4.0f * k);
            p->one[i] = OUT;
        }
}

/* Depths and brightness at height pz of slice z. */
static void draw_section(const struct scene *s, int64_t z, double pz, const struct section *p)
{
    const int64_t n = s->o->dim[0] * s->o->dim[1];
    struct area r = { { 0, 0 }, { 0, 0 } };

    for (int64_t i = 0; i < n; i++) {
        p->deep[i] = OUT;
        p->bright[i] = 0;
        p->owner[i] = -1;
    }
    for (int64_t i = s->start[z]; i < s->start[z + 1]; i++) {
        const struct piece *q = &s->piece[s->list[i]];
        const struct area part = piece_area(s, q);
        const bool first = i == s->start[z] || q->lineage != s->piece[s->list[i - 1]].lineage;
        for (int k = 0; k < 2; k++) {
            r.lo[k] = first ? part.lo[k] : vn_min64(r.lo[k], part.lo[k]);
            r.hi[k] = first ? part.hi[k] : vn_max64(r.hi[k], part.hi[k]);
        }
        draw_piece(s, q, pz, p->one, p->one_bright);
        if (i + 1 == s->start[z + 1] || s->piece[s->list[i + 1]].lineage != q->lineage)
            merge_curve(s, &r, q->lineage, p);
    }
}

static float ramp(float depth, float edge)
{
    const float part = 0.5f + depth / edge;

    return part < 0 ? 0.0f : part > 1 ? 1.0f : part;
}

/* The light of the vessels in slice z, and its mask. */
static int light_plane(const struct scene *s, int64_t z, float *light, struct vn_err *err)
{
    const struct vn_phantom_opt *o = s->o;
    const int64_t n = o->dim[0] * o->dim[1];
    const float edge = (float)s->edge, wall = (float)s->wall, dark = (float)(1 - s->lumen), share = 1.0f / (float)s->part;
    float *deep = vn_alloc((uint64_t)n * (4 * sizeof *deep + sizeof(int32_t)), err), *bright = deep + n;
    const struct section part = { deep, bright, deep + 2 * n, deep + 3 * n, (int32_t *)(deep + 4 * n) };
    uint8_t *mask = (uint8_t *)s->mask.data + z * n;

    if (!deep)
        return VN_E_MEMORY;
    for (int64_t i = 0; i < n; i++)
        part.one[i] = OUT;
    for (int k = 0; k < s->part; k++) {
        draw_section(s, z, ((double)z + (k + 0.5) / s->part) * o->um[2], &part);
        for (int64_t i = 0; i < n; i++) {
            float v = bright[i] * ramp(deep[i], edge);
            if (wall > 0)
                v -= bright[i] * dark * ramp(deep[i] - wall, edge);
            light[i] = k ? light[i] + share * v : share * v;
            if (o->touched)
                mask[i] = (k && mask[i]) || deep[i] > 0;
            else if (k == s->part / 2)
                mask[i] = deep[i] > 0;
        }
    }
    vn_free(deep);
    return vn_optics_plane(s->optics, z, light, err);
}

static void *slice_of(const struct vn_buf *b, int64_t z) { return (char *)b->data + z * b->stride[1] * (int64_t)vn_type_size(b->type); }

static int draw_light(void *ctx, int64_t z, struct vn_err *err)
{
    struct scene *s = ctx;

    return light_plane(s, z, s->light + z * s->o->dim[0] * s->o->dim[1], err);
}

static int draw_grey(void *ctx, int64_t z, struct vn_err *err)
{
    struct scene *s = ctx;
    const int64_t at = z * s->o->dim[0] * s->o->dim[1];

    return vn_optics_grey(s->optics, z, s->light + at, s->noise ? s->noise + at : NULL, slice_of(&s->image, z), err);
}

static int draw_both(void *ctx, int64_t z, struct vn_err *err)
{
    struct scene *s = ctx;
    float *light = vn_alloc((uint64_t)(s->o->dim[0] * s->o->dim[1]) * sizeof *light, err);
    int rc = light ? light_plane(s, z, light, err) : VN_E_MEMORY;

    if (!rc)
        rc = vn_optics_grey(s->optics, z, light, NULL, slice_of(&s->image, z), err);
    vn_free(light);
    return rc;
}

static int draw_image(struct scene *s, struct vn_job *job, struct vn_err *err)
{
    const int64_t nz = s->o->dim[2];
    int rc;

    vn_job_stage(job, "drawing");
    if (!vn_optics_wide(s->optics))
        return vn_job_for(job, nz, draw_both, s, err);
    s->light = vn_alloc((uint64_t)(s->o->dim[0] * s->o->dim[1] * nz) * sizeof *s->light, err);
    rc = s->light ? vn_job_for(job, nz, draw_light, s, err) : VN_E_MEMORY;
    if (!rc)
        rc = vn_optics_spread(s->optics, s->light, &s->noise, job, err);
    return rc ? rc : vn_job_for(job, nz, draw_grey, s, err);
}

/* ---- the whole ---- */

/* A network; one that goes on beyond the volume is grown in a larger box and moved. */
static int make_network(const struct vn_phantom_opt *o, struct vn_net_opt *g, struct vn_network *w, struct vn_job *job, struct vn_err *err)
{
    const struct vn_net_opt own = *g;
    const double unit = vn_network_unit(g), pad = o->cropped ? o->radius_max + 8.0 * unit : 0.0;
    double volume = 1;
    int rc;

    if (o->radius_min > o->radius_max)
        return vn_fail(err, VN_E_ARG, "radius_min (%g um) is above radius_max (%g um)", o->radius_min, o->radius_max);
    for (int k = 0; k < 3; k++) {
        g->size[k] += 2.0 * pad;
        volume *= g->size[k] / unit;
    }
    if (!g->curves)
        g->curves = (int)fmin(100000, fmax(6, volume / (g->density > 0 ? 3000.0 : 30000.0)));
    rc = vn_network_grow(w, g, job, err);
    for (int32_t i = 0; i < w->n_node; i++)
        for (int k = 0; k < 3; k++)
            w->node[i].p[k] -= pad;
    for (int32_t i = 0; i < w->n_vessel; i++)
        for (int32_t j = 0; j < w->vessel[i].n; j++)
            for (int k = 0; k < 3; k++)
                w->vessel[i].pt[j].p[k] -= pad;
    memcpy(g->size, own.size, sizeof g->size);
    return rc;
}

static int make_curves(const struct vn_phantom_opt *o, struct vn_network *w, struct vn_phantom *out, struct vn_job *job, struct vn_err *err)
{
    const double *look = out->look;
    struct vn_net_opt g = { .radius_min = o->radius_min, .radius_max = o->radius_max, .curves = o->curves, .loops = o->loops, .seed = o->seed,
                            .density = look[VN_LOOK_DENSITY], .tortuosity = look[VN_LOOK_TORTUOSITY], .parallel = (int)look[VN_LOOK_PARALLEL],
                            .touched = o->touched,
                            .spread = o->radius_max > 8.0 * o->radius_min };
    int rc;

    for (int k = 0; k < 3; k++) {
        g.um[k] = o->um[k];
        g.size[k] = o->dim[k] * o->um[k];
    }
    rc = o->kind == VN_PHANTOM_NETWORK ? make_network(o, &g, w, job, err) : vn_shape_make(o, w, err);
    if (!rc)
        rc = vn_network_injure(w, o->injury, o->severity, &g, out->injury_centre, &out->injury_radius, err);
    if (!rc)
        vn_network_dropout(w, look[VN_LOOK_DROPOUT], &g);
    if (!rc && (look[VN_LOOK_THIN] > 0 || look[VN_LOOK_VARY] > 0 || look[VN_LOOK_ALONG] > 0))
        vn_network_shine(w, look[VN_LOOK_THIN], look[VN_LOOK_VARY], look[VN_LOOK_ALONG],
                         fmin(0.5, fmax(0.03, 3 * look[VN_LOOK_NOISE] + look[VN_LOOK_SHOT])), &g);   /* a vessel has to be seen */
    if (!rc && look[VN_LOOK_BREAKS] > 0)
        rc = vn_network_break(w, (int)look[VN_LOOK_BREAKS], o->gap, &g, &out->breaks, &out->n_break, err);
    out->look[VN_LOOK_BREAKS] = out->n_break;
    out->look[VN_LOOK_PARALLEL] = w->n_parallel;
    return rc;
}

/* The truth graph: of the curves inside the volume. */
static int make_graph(const struct vn_phantom_opt *o, const struct vn_network *w, const struct vn_grid *grid, struct vn_graph **out,
                      struct vn_err *err)
{
    const double size[3] = { o->dim[0] * o->um[0], o->dim[1] * o->um[1], o->dim[2] * o->um[2] };
    struct vn_network in = { 0 };
    int rc = o->cropped ? vn_network_clip(w, size, &in, err) : 0;

    if (!rc)
        rc = vn_network_graph(o->cropped ? &in : w, grid, out, err);
    vn_network_free(&in);
    return rc;
}

/* Light passes through voxels: coverage by planes as far apart as the pixels, wherever an image and not a diagram is wanted. */
static void set_optics(struct scene *s, const double *look)
{
    const double *um = s->o->um, h = max3(um);

    s->exact = look[VN_LOOK_PSF] > 0 || look[VN_LOOK_PSF_Z] > 0;
    s->part = s->exact || s->o->touched ? 2 * (int)fmin(8, floor(0.5 * um[2] / fmin(um[0], um[1]))) + 1 : 1;
    s->edge = (um[0] + um[1] + um[2] / s->part) / 3.0;
    const double uz = s->o->touched ? um[2] / s->part : um[2];
    s->fillet = 1.5 * sqrt(um[0] * um[0] + um[1] * um[1] + uz * uz);
    s->beside = look[VN_LOOK_PARALLEL] > 0;
    s->wall = look[VN_LOOK_HOLLOW] * h;
    s->lumen = look[VN_LOOK_LUMEN];
}

int vn_phantom_make(const struct vn_phantom_opt *o, struct vn_phantom *out, struct vn_job *job, struct vn_err *err)
{
    struct scene s = { .o = o };
    struct vn_grid grid = { .um = { o->um[0], o->um[1], o->um[2] } };
    struct vn_box box = { { 0, 0, 0 }, { o->dim[0], o->dim[1], o->dim[2] } };
    struct vn_network w = { 0 };
    int rc;

    memset(out, 0, sizeof *out);
    memcpy(out->look, o->look, sizeof out->look);
    memcpy(grid.dim, o->dim, sizeof grid.dim);
    set_optics(&s, out->look);

    vn_job_stage(job, "growing vessels");
    rc = vn_optics_new(&s.optics, out->look, o->seed, &grid, o->type, &out->facts, err);
    if (!rc)
        rc = make_curves(o, &w, out, job, err);
    if (!rc)
        rc = make_graph(o, &w, &grid, &out->graph, err);
    if (!rc)
        rc = find_joined(&s, &w, err);
    if (!rc)
        rc = make_pieces(&s, &w, err);
    if (!rc && (!(out->image = vn_vol_new(VN_IMAGE, o->type, &grid, &box, err)) || !(out->mask = vn_vol_new(VN_MASK, VN_U8, &grid, &box, err))))
        rc = VN_E_MEMORY;
    if (!rc) {
        s.image = vn_vol_data(out->image);
        s.mask = vn_vol_data(out->mask);
        rc = draw_image(&s, job, err);
        for (uint64_t i = 0; i < vn_box_count(&box); i++)
            out->voxels += ((const uint8_t *)s.mask.data)[i];
    }
    vn_free(s.light);
    vn_free(s.noise);
    vn_optics_free(s.optics);
    vn_free(s.joined);
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
    vn_free(p->breaks);
    vn_facts_free(&p->facts);
    memset(p, 0, sizeof *p);
}
