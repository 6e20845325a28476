/* cmd_stats.c - "stats": a table with a row per label. */
#include <math.h>
#include "cmd.h"
#include "labelstats.h"
#include "mem.h"
#include "table.h"

static const struct vn_param params[] = {
    { "labels", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_LABELS | VN_MASK | VN_SKELETON, .help = "label volume; a mask is one label" },
    { "of", VN_P_OBJECT, 0, .kinds = VN_VOLUMES, .help = "volume whose values are measured in each label" },
    { "to", VN_P_PATH, VN_PREF, .help = "file for the table (CSV)" },
    { "force", VN_P_FLAG, VN_PREF, .help = "replace an existing file" },
    { "as", VN_P_NAME, 0, .help = "name of the table" },
    { 0 },
};

static double ball_diameter(double volume) { return 2 * cbrt(volume * 0.75 / 3.14159265358979323846); }

/* One value of a label. column counts up; false beyond the last. */
static bool value(const struct vn_label_stat *s, const struct vn_grid *g, const struct vn_box *box, bool of, int column, const char **name,
                  double *out)
{
    const bool um = vn_um_known(g);
    const double voxel = um ? g->um[0] * g->um[1] * g->um[2] : NAN, size[3] = { um ? g->um[0] : NAN, um ? g->um[1] : NAN, um ? g->um[2] : NAN };
    const double diameter = ball_diameter((double)s->voxels * (um ? voxel : 1));
    bool border = false;
    for (int k = 0; k < 3; k++)
        border |= vn_box_dim(box, k) > 1 && (s->lo[k] == box->lo[k] || s->hi[k] == box->hi[k]);
    const struct { const char *name; double v; } all[] = {
        { "label", s->label }, { "voxels", (double)s->voxels }, { "volume_um3", (double)s->voxels * voxel },
        { "x", s->centre[0] }, { "y", s->centre[1] }, { "z", s->centre[2] },
        { "x_um", (s->centre[0] + 0.5) * size[0] }, { "y_um", (s->centre[1] + 0.5) * size[1] }, { "z_um", (s->centre[2] + 0.5) * size[2] },
        { "x_from", (double)s->lo[0] }, { "x_to", (double)s->hi[0] }, { "y_from", (double)s->lo[1] }, { "y_to", (double)s->hi[1] },
        { "z_from", (double)s->lo[2] }, { "z_to", (double)s->hi[2] }, { "at_border", border },
        { um ? "diameter_um" : "diameter_voxels", diameter }, { um ? "axis_major_um" : "axis_major_voxels", s->axis[0] },
        { um ? "axis_middle_um" : "axis_middle_voxels", s->axis[1] }, { um ? "axis_minor_um" : "axis_minor_voxels", s->axis[2] },
        { "finite", (double)s->n }, { "sum", s->sum }, { "mean", s->mean }, { "sd", s->sd }, { "min", s->min }, { "max", s->max },
    };
    if (column >= (int)VN_COUNT(all) - (of ? 0 : 6))
        return false;
    *name = all[column].name;
    *out = all[column].v;
    return true;
}

static int fill(struct vn_table *t, const struct vn_label_stats *s, const struct vn_grid *g, const struct vn_box *box, bool of, struct vn_err *err)
{
    const struct vn_label_stat none = { 0 };
    const char *name;
    double v;
    for (int k = 0; value(&none, g, box, of, k, &name, &v); k++) {
        const int rc = vn_table_add_col(t, name, false, err);
        if (rc < 0)
            return rc;
    }
    for (uint32_t i = 0; i < s->count; i++) {
        const int rc = vn_table_add_row(t, err);
        if (rc)
            return rc;
        for (int k = 0; value(&s->of[i], g, box, of, k, &name, &v); k++)
            t->col[k].num[i] = v;
    }
    return 0;
}

static void report(struct vn_call *c, const struct vn_label_stats *s, const struct vn_grid *g)
{
    uint64_t voxels = 0;
    uint32_t largest = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        voxels += s->of[i].voxels;
        if (s->of[i].voxels > s->of[largest].voxels)
            largest = i;
    }
    vn_res_int(c, "labels", s->count);
    vn_res_int(c, "voxels", (int64_t)voxels);
    vn_res_num(c, "volume_um3", vn_um_known(g) ? (double)voxels * (g->um[0] * g->um[1] * g->um[2]) : NAN);
    vn_res_int(c, "largest_label", s->count ? s->of[largest].label : 0);
    vn_res_int(c, "largest_voxels", s->count ? (int64_t)s->of[largest].voxels : 0);
    if (s->count == 1 && vn_args_has(&c->args, "of")) {
        vn_res_num(c, "mean", s->of[0].mean);
        vn_res_num(c, "sd", s->of[0].sd);
        vn_res_num(c, "min", s->of[0].min);
        vn_res_num(c, "max", s->of[0].max);
    }
    if (!vn_um_known(g))
        vn_call_note(c, "the voxel size is not known: sizes are in voxels, taken as cubes; set %s voxel=XxYxZum gives um", vn_call_name(c, "labels"));
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_vol *labels, *image = NULL;
    struct vn_label_stats s = { 0 };
    struct vn_table *t = NULL;
    struct vn_box box;
    bool assumed = false;
    int rc = vn_call_vol(c, "labels", &labels, err);

    if (!rc)
        rc = vn_call_region(c, labels, &box, err);
    if (!rc && vn_args_has(&c->args, "of")) {
        rc = vn_call_vol(c, "of", &image, err);
        if (!rc)
            rc = vn_grid_check(&labels->grid, vn_call_name(c, "labels"), &image->grid, vn_call_name(c, "of"), &assumed, err);
        if (!rc && !vn_box_meet(&box, &image->box, &box))
            rc = vn_fail(err, VN_E_ARG, "'%s' and '%s' have no voxel in common", vn_call_name(c, "labels"), vn_call_name(c, "of"));
    }
    if (!rc)
        rc = vn_label_stats(labels, image, &box, &s, c->job, err);
    if (!rc && !(t = vn_table_new(err)))
        rc = VN_E_MEMORY;
    if (!rc)
        rc = fill(t, &s, &labels->grid, &box, image != NULL, err);
    if (!rc && !(t->note = vn_sprintf(err, "venule %s, stats %s%s%s, voxel %g x %g x %g um", VN_VERSION, vn_call_name(c, "labels"), image ? " of " : "",
                                      vn_call_name(c, "of"), labels->grid.um[0], labels->grid.um[1], labels->grid.um[2])))
        rc = VN_E_MEMORY;
    if (!rc && vn_args_has(&c->args, "to") && !c->remake) {
        rc = vn_table_write_csv(t, vn_args_text(&c->args, "to"), vn_args_flag(&c->args, "force"), err);
        vn_res_text(c, "to", vn_args_text(&c->args, "to"));
    }
    if (!rc) {
        report(c, &s, &labels->grid);
        rc = vn_call_output(c, 0, "", VN_TABLE, t, err);
        t = NULL;
    }
    vn_label_stats_free(&s);
    vn_table_unref(t);
    return rc;
}

const struct vn_cmd vn_cmd_stats = { "stats", "size, place, shape and grey values of every label", params, VN_CMD_MAKES, exec, NULL };
