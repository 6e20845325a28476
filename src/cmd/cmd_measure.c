/* cmd_measure.c - "measure": morphometry of a vessel graph. */
#include <math.h>
#include "cmd.h"
#include "measure.h"
#include "mem.h"

static const struct vn_param params[] = {
    { "graph", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_GRAPH, .help = "vessel graph ('graph MASK' makes one)" },
    { "tissue", VN_P_OBJECT, 0, .kinds = VN_MASK, .help = "tissue: what lies outside is not counted, and densities divide by its volume; the graph's box when left out" },
    { "regions", VN_P_OBJECT, 0, .kinds = VN_LABELS | VN_MASK, .help = "label volume: a row per label" },
    { "to", VN_P_PATH, VN_PREF, .help = "file for the table of segments (CSV)" },
    { "summary", VN_P_PATH, VN_PREF, .help = "file for the table of regions (CSV)" },
    { "force", VN_P_FLAG, VN_PREF, .help = "replace existing files" },
    { "as", VN_P_NAME, 0, .help = "name of the table of regions; NAME_segments has a row per segment" },
    { 0 },
};

static int get_volume(struct vn_call *c, const char *param, const struct vn_graph *g, struct vn_vol **out, struct vn_err *err)
{
    bool assumed = false;
    int rc;

    *out = NULL;
    if (!vn_args_has(&c->args, param))
        return 0;
    rc = vn_call_vol(c, param, out, err);
    if (!rc)
        rc = vn_grid_check(&g->grid, vn_call_name(c, "graph"), &(*out)->grid, vn_call_name(c, param), &assumed, err);
    if (!rc && assumed)
        vn_call_note(c, "%s: voxel size unknown, taken to be that of %s", vn_call_name(c, param), vn_call_name(c, "graph"));
    return rc;
}

static void report(struct vn_call *c, const struct vn_graph *g, const struct vn_measures *all)
{
    const struct vn_measured *m = &all->all;
    double extent[3];

    for (int k = 0; k < 3; k++)
        extent[k] = 1e-3 * g->grid.um[k] * (double)vn_box_dim(&g->box, k);
    vn_res_nums(c, "voxel_um", g->grid.um, 3);
    vn_res_nums(c, "extent_mm", extent, 3);
    vn_res_num(c, "tissue_volume_mm3", 1e-9 * m->tissue_um3);
    vn_res_num(c, "total_length_um", m->total_length_um);
    vn_res_int(c, "segments", m->segments);
    vn_res_int(c, "branch_points", m->branch_points);
    vn_res_int(c, "end_points", m->end_points);
    vn_res_int(c, "end_points_at_border", m->border_ends);
    vn_res_num(c, "loops", m->loops);
    vn_res_num(c, "components", m->components);
    vn_res_num(c, "mean_radius_um", m->mean_radius_um);
    vn_res_num(c, "median_radius_um", m->median_radius_um);
    vn_res_num(c, "mean_tortuosity", m->mean_tortuosity);
    vn_res_num(c, "mean_segment_length_um", m->mean_segment_length_um);
    vn_res_num(c, "mean_branch_angle_deg", m->mean_branch_angle_deg);
    vn_res_num(c, "vessel_volume_um3", m->vessel_volume_um3);
    vn_res_num(c, "vessel_surface_um2", m->surface_um2);
    vn_res_num(c, "volume_fraction", m->volume_fraction);
    vn_res_num(c, "length_density_m_per_mm3", m->length_density_m_per_mm3);
    vn_res_num(c, "branch_density_per_mm3", m->branch_density_per_mm3);
    if (all->n_region)
        vn_res_int(c, "regions", all->n_region);
    if (!vn_args_has(&c->args, "tissue") && !vn_args_has(&c->args, "regions"))
        vn_call_note(c, "densities divide by the volume of the box (%g x %g x %g mm): give tissue=MASK for that of the tissue",
                     extent[0], extent[1], extent[2]);
}

static void warn(struct vn_call *c, bool outside, const char *what, double v, const char *band, const char *cause)
{
    if (outside)
        vn_call_note(c, "%s %.3g is outside what mouse cortex shows (%s): check %s", what, v, band, cause);
}

/* Bands for mouse cortex: research of published values; wide, so that outside them something is likely wrong. */
static void warnings(struct vn_call *c, const struct vn_measured *m)
{
    const int64_t inner = m->end_points - m->border_ends;
    const double nodes = (double)(m->branch_points + inner), ends = nodes > 0 ? 100 * (double)inner / nodes : 0;
    const double high = m->branch_points ? 100 * (double)m->high_degree / (double)m->branch_points : 0;

    warn(c, m->length_density_m_per_mm3 < 0.3 || m->length_density_m_per_mm3 > 1.6, "length density (m/mm3)", m->length_density_m_per_mm3,
         "0.3-1.6", "voxel size, tissue mask, threshold");
    warn(c, m->volume_fraction < 0.005 || m->volume_fraction > 0.04, "volume fraction", m->volume_fraction, "0.005-0.04", "threshold, tissue mask");
    warn(c, m->median_radius_um < 1.3 || m->median_radius_um > 4, "median radius (um)", m->median_radius_um, "1.3-4", "voxel size, threshold");
    warn(c, m->median_segment_length_um < 25 || m->median_segment_length_um > 120, "median segment length (um)", m->median_segment_length_um,
         "25-120", "voxel size, spurs (graph prune=)");
    warn(c, ends > 15, "share of end points among nodes (%)", ends, "up to 15", "gaps in the mask, spurs");
    warn(c, high > 10, "share of branch points with more than three branches (%)", high, "up to 10", "holes in the mask, threshold");
}

static int write_table(struct vn_call *c, const char *param, struct vn_table *t, struct vn_err *err)
{
    if (!vn_args_has(&c->args, param) || c->remake)
        return 0;
    vn_res_text(c, param, vn_args_text(&c->args, param));
    return vn_table_write_csv(t, vn_args_text(&c->args, param), vn_args_flag(&c->args, "force"), err);
}

static int add_note(struct vn_call *c, const struct vn_graph *g, struct vn_table *t, struct vn_err *err)
{
    const char *tissue = vn_args_text(&c->args, "tissue"), *regions = vn_args_text(&c->args, "regions");

    vn_free(t->note);
    t->note = vn_sprintf(err, "venule %s, measure %s, voxel %g x %g x %g um, box %lld x %lld x %lld voxels, tissue %s, regions %s", VN_VERSION,
                         vn_call_name(c, "graph"), g->grid.um[0], g->grid.um[1], g->grid.um[2], (long long)vn_box_dim(&g->box, 0),
                         (long long)vn_box_dim(&g->box, 1), (long long)vn_box_dim(&g->box, 2), tissue ? tissue : "box", regions ? regions : "none");
    return t->note ? 0 : VN_E_MEMORY;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_measure_in in = { 0 };
    struct vn_measures m = { 0 };
    struct vn_table *table = NULL, *segments = NULL;
    struct vn_graph *g;
    int rc = vn_call_graph(c, "graph", &g, err);

    if (rc)
        return rc;
    if (!g->unit_um)
        return vn_fail(err, VN_E_ARG, "%s was made without a voxel size, so its lengths have no unit: give it to the mask (set NAME voxel=0.35x0.35x1um) and make the graph again",
                       vn_call_name(c, "graph"));
    in.graph = g;
    rc = get_volume(c, "tissue", g, &in.tissue, err);
    if (!rc)
        rc = get_volume(c, "regions", g, &in.labels, err);
    if (!rc)
        rc = vn_measure(&in, &m, c->job, err);
    if (!rc)
        rc = vn_measure_table(&m, &table, err);
    if (!rc)
        rc = vn_measure_segments(g, &segments, err);
    if (!rc)
        rc = add_note(c, g, table, err);
    if (!rc)
        rc = add_note(c, g, segments, err);
    if (!rc) {
        report(c, g, &m);
        warnings(c, &m.all);
        rc = write_table(c, "to", segments, err);
    }
    if (!rc)
        rc = write_table(c, "summary", table, err);
    if (!rc) {
        rc = vn_call_output(c, 0, "", VN_TABLE, table, err);
        table = NULL;
    }
    if (!rc) {
        rc = vn_call_output(c, 1, "_segments", VN_TABLE, segments, err);
        segments = NULL;
    }
    vn_table_unref(table);
    vn_table_unref(segments);
    vn_measures_free(&m);
    return rc;
}

const struct vn_cmd vn_cmd_measure = { "measure", "lengths, radii, densities, angles of a vessel graph", params, VN_CMD_MAKES, exec, NULL };
