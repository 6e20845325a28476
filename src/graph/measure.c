/* measure.c - lengths, radii, densities and angles, of all and by region. */
#include "measure.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "mem.h"
#include "regions.h"

struct sums { double length, moment, volume, surface, tortuosity, angle; int64_t n_segment, n_tortuosity, n_angle, n_branch, n_end, n_high, n_border; };

static double piece(const struct vn_point *p, double *r)
{
    const double x = (double)p[1].p[0] - p[0].p[0], y = (double)p[1].p[1] - p[0].p[1], z = (double)p[1].p[2] - p[0].p[2];

    *r = 0.5 * ((double)p[0].radius + p[1].radius);
    return sqrt(x * x + y * y + z * z);
}

static bool has_tortuosity(const struct vn_segment *s) { return s->a != s->b && s->chord > 0; }

/* ---- angles ---- */

/* Direction of segment s away from its node (at_end: at its last point); false when it is too short. */
static bool direction(const struct vn_graph *g, const struct vn_segment *s, bool at_end, double t[3])
{
    const struct vn_node *node = &g->node[at_end ? s->b : s->a];
    const double from = isnan(node->radius) ? 0 : node->radius, to = from + fmax(isnan(s->radius) ? 0 : 3 * s->radius, 10.0);
    double arc = 0, mean[3] = { 0, 0, 0 }, c[6] = { 0 }, r;
    int64_t first = -1, last = -1;

    for (int64_t i = 0; i < s->n && arc <= to; i++) {
        const int64_t k = s->first + (at_end ? s->n - 1 - i : i);
        if (i)
            arc += piece(&g->point[at_end ? k : k - 1], &r);
        if (arc < from || arc > to)
            continue;
        first = first < 0 ? k : first;
        last = k;
    }
    if (first < 0 || first == last)
        return false;
    const int64_t dir = last > first ? 1 : -1, n = (last - first) * dir + 1;
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < 3; k++)
            mean[k] += (double)g->point[first + dir * i].p[k] / (double)n;
    for (int64_t i = 0; i < n; i++) {
        const float *p = g->point[first + dir * i].p;
        const double d[3] = { p[0] - mean[0], p[1] - mean[1], p[2] - mean[2] };
        c[0] += d[0] * d[0]; c[1] += d[0] * d[1]; c[2] += d[0] * d[2];
        c[3] += d[1] * d[1]; c[4] += d[1] * d[2]; c[5] += d[2] * d[2];
    }
    double chord[3];
    for (int k = 0; k < 3; k++)
        t[k] = chord[k] = (double)g->point[last].p[k] - g->point[first].p[k];
    for (int i = 0; i < 60; i++) {                          /* power iteration for the longest axis */
        const double v[3] = { c[0] * t[0] + c[1] * t[1] + c[2] * t[2], c[1] * t[0] + c[3] * t[1] + c[4] * t[2], c[2] * t[0] + c[4] * t[1] + c[5] * t[2] };
        const double norm = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
        if (!(norm > 0))
            return false;
        for (int k = 0; k < 3; k++)
            t[k] = v[k] / norm;
    }
    if (t[0] * chord[0] + t[1] * chord[1] + t[2] * chord[2] < 0)
        for (int k = 0; k < 3; k++)
            t[k] = -t[k];
    return true;
}

static double angle_deg(const double a[3], const double b[3])
{
    const double x = a[1] * b[2] - a[2] * b[1], y = a[2] * b[0] - a[0] * b[2], z = a[0] * b[1] - a[1] * b[0];

    return atan2(sqrt(x * x + y * y + z * z), a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) * (180.0 / 3.14159265358979324);
}

struct leg { bool ok; double t[3]; };

/* All pairs at every branch point, into the sums of the node's region. */
static int add_angles(const struct vn_graph *g, const int32_t *node_region, struct sums *all, struct sums *region, struct vn_err *err)
{
    struct leg *leg = vn_alloc(((uint64_t)g->n_segment * 2 + 1) * sizeof *leg, err);
    int64_t *start = vn_calloc((uint64_t)g->n_node + 2, sizeof *start, err);
    int rc = leg && start ? 0 : VN_E_MEMORY;

    for (int32_t i = 0; i < g->n_node && !rc; i++)
        start[i + 2] = start[i + 1] + g->node[i].degree;
    for (int32_t i = 0; i < g->n_segment && !rc; i++)
        for (int e = 0; e < 2; e++) {
            const int32_t node = e ? g->segment[i].b : g->segment[i].a;
            struct leg *l = &leg[start[node + 1]++];
            l->ok = g->node[node].degree > 2 && direction(g, &g->segment[i], e, l->t);
        }
    for (int32_t i = 0; i < g->n_node && !rc; i++) {
        if (g->node[i].degree < 3 || node_region[i] < 0)
            continue;
        for (int64_t a = start[i]; a < start[i + 1]; a++)
            for (int64_t b = a + 1; b < start[i + 1]; b++) {
                if (!leg[a].ok || !leg[b].ok)
                    continue;
                const double angle = angle_deg(leg[a].t, leg[b].t);
                all->angle += angle;
                all->n_angle++;
                region[node_region[i]].angle += angle;
                region[node_region[i]].n_angle++;
            }
    }
    vn_free(start);
    vn_free(leg);
    return rc;
}

/* ---- sums ---- */

static void add_piece(struct sums *s, double d, double r)
{
    s->length += d;
    s->moment += r * d;
    s->volume += 3.14159265358979324 * r * r * d;
    s->surface += 2 * 3.14159265358979324 * r * d;
}

static void add_segment(struct sums *s, const struct vn_segment *g)
{
    s->n_segment++;
    if (has_tortuosity(g)) {
        s->tortuosity += g->length / g->chord;
        s->n_tortuosity++;
    }
}

static void add_node(struct sums *s, const struct vn_node *n)
{
    s->n_branch += n->degree > 2;
    s->n_high += n->degree > 3;
    s->n_end += n->degree == 1;
    s->n_border += n->degree == 1 && n->border;
}

struct weighted { double v, w; };

static int by_value(const void *a, const void *b)
{
    const struct weighted *x = a, *y = b;

    return x->v < y->v ? -1 : x->v > y->v;
}

/* Median of v by weight; NaN without. */
static double median(struct weighted *v, int64_t n)
{
    double total = 0, sum = 0;

    qsort(v, (size_t)n, sizeof *v, by_value);
    for (int64_t i = 0; i < n; i++)
        total += v[i].w;
    for (int64_t i = 0; i < n; i++) {
        sum += v[i].w;
        if (2 * sum >= total)
            return v[i].v;
    }
    return NAN;
}

/* Medians over the segments of region k (-1: all that are in a region). */
static void medians(const struct vn_graph *g, const int32_t *region, int32_t k, struct weighted *work, struct vn_measured *m)
{
    int64_t n = 0;

    for (int pass = 0; pass < 2; pass++) {
        n = 0;
        for (int32_t i = 0; i < g->n_segment; i++) {
            const struct vn_segment *s = &g->segment[i];
            if (region[i] < 0 || (k >= 0 && region[i] != k) || (!pass && isnan(s->radius)))
                continue;
            work[n++] = pass ? (struct weighted){ s->length, 1 } : (struct weighted){ s->radius, s->length };
        }
        *(pass ? &m->median_segment_length_um : &m->median_radius_um) = median(work, n);
    }
}

static void fill(struct vn_measured *m, const struct sums *s, double tissue_um3)
{
    m->tissue_um3 = tissue_um3;
    m->total_length_um = s->length;
    m->vessel_volume_um3 = s->volume;
    m->surface_um2 = s->surface;
    m->mean_radius_um = s->length > 0 ? s->moment / s->length : NAN;
    m->segments = s->n_segment;
    m->branch_points = s->n_branch;
    m->end_points = s->n_end;
    m->high_degree = s->n_high;
    m->border_ends = s->n_border;
    m->loops = m->components = NAN;
    m->mean_tortuosity = s->n_tortuosity ? s->tortuosity / (double)s->n_tortuosity : NAN;
    m->mean_segment_length_um = s->n_segment ? s->length / (double)s->n_segment : NAN;
    m->mean_branch_angle_deg = s->n_angle ? s->angle / (double)s->n_angle : NAN;
    m->volume_fraction = tissue_um3 > 0 ? s->volume / tissue_um3 : NAN;
    m->length_density_m_per_mm3 = tissue_um3 > 0 ? 1e3 * s->length / tissue_um3 : NAN;
    m->branch_density_per_mm3 = tissue_um3 > 0 ? 1e9 * (double)s->n_branch / tissue_um3 : NAN;
}

static void add_all(const struct vn_graph *g, const struct vn_regions *q, struct sums *all, struct sums *region)
{
    for (int32_t i = 0; i < g->n_segment; i++) {
        const struct vn_segment *s = &g->segment[i];
        for (int32_t k = 0; k + 1 < s->n; k++) {
            double r;
            const double d = piece(&g->point[s->first + k], &r);
            const int32_t in = q->of_piece[s->first + k];
            if (in < 0)
                continue;
            add_piece(all, d, r);
            add_piece(&region[in], d, r);
        }
        if (q->of_segment[i] >= 0) {
            add_segment(all, s);
            add_segment(&region[q->of_segment[i]], s);
        }
    }
    for (int32_t i = 0; i < g->n_node; i++)
        if (q->of_node[i] >= 0) {
            add_node(all, &g->node[i]);
            add_node(&region[q->of_node[i]], &g->node[i]);
        }
}

int vn_measure(const struct vn_measure_in *in, struct vn_measures *out, struct vn_job *job, struct vn_err *err)
{
    const struct vn_graph *g = in->graph;
    struct vn_regions q;
    struct sums all = { 0 }, *region = NULL;
    struct weighted *work = NULL;
    double voxel, tissue = 0;
    int rc;

    memset(out, 0, sizeof *out);
    if (!g->unit_um)
        return vn_fail(err, VN_E_ARG, "the graph has no voxel size: lengths would have no unit");
    voxel = g->grid.um[0] * g->grid.um[1] * g->grid.um[2];
    rc = vn_regions_find(g, in->tissue, in->labels, &q, job, err);
    if (rc)
        return rc;
    region = vn_calloc((uint64_t)q.n + 1, sizeof *region, err);
    work = vn_alloc(((uint64_t)g->n_segment + 1) * sizeof *work, err);
    out->region = vn_calloc((uint64_t)q.n + 1, sizeof *out->region, err);
    if (!region || !work || !out->region)
        rc = VN_E_MEMORY;
    if (!rc) {
        add_all(g, &q, &all, region);
        rc = add_angles(g, q.of_node, &all, region, err);
    }
    for (int32_t i = 0; i < q.n && !rc; i++) {
        fill(&out->region[i], &region[i], voxel * (double)q.count[i]);
        out->region[i].label = q.label[i];
        medians(g, q.of_segment, i, work, &out->region[i]);
        tissue += voxel * (double)q.count[i];
    }
    if (!rc) {
        fill(&out->all, &all, tissue);
        medians(g, q.of_segment, -1, work, &out->all);
        out->all.loops = (double)vn_graph_loops(g);
        out->all.components = g->n_component;
        out->n_region = in->labels ? q.n : 0;
    }
    vn_free(work);
    vn_free(region);
    vn_regions_free(&q);
    if (rc)
        vn_measures_free(out);
    return rc;
}

void vn_measures_free(struct vn_measures *m)
{
    vn_free(m->region);
    memset(m, 0, sizeof *m);
}

/* ---- tables ---- */

static int add_cols(struct vn_table *t, const char *const *name, int n, struct vn_err *err)
{
    int rc = 0;

    for (int i = 0; i < n && rc >= 0; i++)
        rc = vn_table_add_col(t, name[i], false, err);
    return rc < 0 ? rc : 0;
}

static int add_row(struct vn_table *t, const double *v, int from, int n, struct vn_err *err)
{
    const int rc = vn_table_add_row(t, err);

    for (int i = 0; i < n && rc >= 0; i++)
        t->col[from + i].num[t->n_row - 1] = v[i];
    return rc < 0 ? rc : 0;
}

static int region_row(struct vn_table *t, const char *name, const struct vn_measured *m, struct vn_err *err)
{
    const double v[] = {
        m->total_length_um, (double)m->segments, (double)m->branch_points, (double)m->end_points, m->loops, m->components,
        m->mean_radius_um, m->mean_tortuosity, m->volume_fraction, m->length_density_m_per_mm3, m->branch_density_per_mm3,
        m->median_radius_um, m->mean_segment_length_um, m->median_segment_length_um, m->mean_branch_angle_deg,
        m->vessel_volume_um3, m->surface_um2, m->tissue_um3 * 1e-9,
    };
    const int rc = add_row(t, v, 1, VN_COUNT(v), err);

    return rc ? rc : vn_table_set_text(t, t->n_row - 1, 0, name, err);
}

int vn_measure_table(const struct vn_measures *m, struct vn_table **out, struct vn_err *err)
{
    static const char *const name[] = {
        "total_length_um", "segments", "branch_points", "end_points", "loops", "components", "mean_radius_um", "mean_tortuosity",
        "volume_fraction", "length_density_m_per_mm3", "branch_density_per_mm3", "median_radius_um", "mean_segment_length_um",
        "median_segment_length_um", "mean_branch_angle_deg", "vessel_volume_um3", "vessel_surface_um2", "tissue_volume_mm3",
    };
    struct vn_table *t = vn_table_new(err);
    int rc = t ? vn_table_add_col(t, "region", true, err) : VN_E_MEMORY;

    *out = NULL;
    if (rc >= 0)
        rc = add_cols(t, name, VN_COUNT(name), err);
    if (!rc)
        rc = region_row(t, "all", &m->all, err);
    for (int32_t i = 0; i < m->n_region && !rc; i++) {
        char *label = vn_sprintf(err, "%u", m->region[i].label);
        rc = label ? region_row(t, label, &m->region[i], err) : VN_E_MEMORY;
        vn_free(label);
    }
    if (rc)
        vn_table_unref(t);
    else
        *out = t;
    return rc;
}

const char *const vn_segment_col[VN_SEGMENT_COLS] = {
    "segment", "node_a", "node_b", "length_um", "chord_um", "tortuosity", "radius_mean_um", "radius_min_um", "radius_max_um",
    "volume_um3", "surface_um2", "component", "is_end", "x_um", "y_um", "z_um",
};

void vn_measure_segment(const struct vn_graph *g, int32_t i, double v[VN_SEGMENT_COLS])
{
    const struct vn_segment *s = &g->segment[i];
    const struct vn_point *mid = &g->point[s->first + s->n / 2];
    double least = NAN, most = NAN;

    for (int32_t k = 0; k < s->n; k++) {
        least = fmin(least, g->point[s->first + k].radius);
        most = fmax(most, g->point[s->first + k].radius);
    }
    memcpy(v, (const double[VN_SEGMENT_COLS]){
        i, s->a, s->b, s->length, s->chord, has_tortuosity(s) ? s->length / s->chord : NAN, s->radius, least, most, s->volume, s->surface,
        s->component, g->node[s->a].degree == 1 || g->node[s->b].degree == 1, mid->p[0], mid->p[1], mid->p[2],
    }, VN_SEGMENT_COLS * sizeof *v);
}

int vn_measure_segments(const struct vn_graph *g, struct vn_table **out, struct vn_err *err)
{
    struct vn_table *t = vn_table_new(err);
    int rc = t ? add_cols(t, vn_segment_col, VN_SEGMENT_COLS, err) : VN_E_MEMORY;

    *out = NULL;
    for (int32_t i = 0; i < g->n_segment && !rc; i++) {
        double v[VN_SEGMENT_COLS];
        vn_measure_segment(g, i, v);
        rc = add_row(t, v, 0, VN_SEGMENT_COLS, err);
    }
    if (rc)
        vn_table_unref(t);
    else
        *out = t;
    return rc;
}
