/* cmd_profile.c - "profile": grey values along a line, as a table and a figure. */
#include "chart.h"
#include "cmd.h"
#include "draw.h"
#include "mem.h"
#include "profile.h"

static const struct vn_param params[] = {
    { .name = "volume", .type = VN_P_OBJECT, .flags = VN_POS | VN_REQ, .kinds = VN_VOLUMES, .help = "volume to look along" },
    { .name = "from", .type = VN_P_POINT, .flags = VN_REQ, .unit = "voxels", .help = "first point x,y,z; whole numbers are the middles of voxels" },
    { .name = "to", .type = VN_P_POINT, .flags = VN_REQ, .unit = "voxels", .help = "last point x,y,z" },
    { .name = "width", .type = VN_P_LENGTH, .min = 0, .max = 1e6, .def = "0", .help = "mean over a disc of this diameter across the line; 0: the line alone" },
    { .name = "as", .type = VN_P_NAME, .help = "name of the table: distance_um, x, y, z, value" },
    { .name = "plot", .type = VN_P_PATH, .flags = VN_PREF, .help = "figure to write, .pdf, .svg or .png; with .gp and .dat added, script and data beside it" },
    { .name = "force", .type = VN_P_FLAG, .flags = VN_PREF, .help = "replace existing files" },
    { 0 },
};

static int make_table(struct vn_call *c, const struct vn_profile *p, bool um, struct vn_table **out, struct vn_err *err)
{
    const char *const name[] = { um ? "distance_um" : "distance_vox", "x", "y", "z", "value" };
    struct vn_table *t = vn_table_new(err);
    bool ok = t != NULL;

    for (int i = 0; ok && i < 5; i++)
        ok = vn_table_add_col(t, name[i], false, err) >= 0;
    for (int64_t i = 0; ok && i < p->n; i++)
        if ((ok = !vn_table_add_row(t, err))) {
            t->col[0].num[i] = i == p->n - 1 ? p->length : p->step * (double)i;
            for (int k = 0; k < 3; k++)
                t->col[1 + k].num[i] = p->at[3 * i + k];
            t->col[4].num[i] = p->value[i];
        }
    ok = ok && (t->note = vn_sprintf(err, "Venule %s profile %s from=%s to=%s width=%s", VN_VERSION, vn_call_name(c, "volume"), vn_arg(&c->args, "from")->s,
                                     vn_arg(&c->args, "to")->s, vn_arg(&c->args, "width")->s));
    if (ok)
        *out = t;
    else
        vn_table_unref(t);
    return ok ? 0 : VN_E_MEMORY;
}

static int draw(struct vn_call *c, const struct vn_table *t, struct vn_err *err)
{
    const char *to = vn_args_text(&c->args, "plot");
    const struct vn_chart chart = { .style = VN_CHART_LINES, .x_label = t->col[0].name, .y_label = "grey value",
                                    .n_series = 1, .series = { { NULL, t->col[0].num, t->col[4].num, t->n_row } } };
    const int rc = vn_chart_write(&chart, to, vn_args_flag(&c->args, "force"), t->note, c->job, err);
    if (!rc)
        vn_res_text(c, "plot", to);
    return rc;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    const bool draws = vn_args_has(&c->args, "plot") && !c->remake;
    struct vn_profile p = { 0 };
    struct vn_peak peak;
    struct vn_table *t = NULL;
    struct vn_box box;
    struct vn_vol *v;
    double width;
    enum vn_fig_type type;
    int rc = vn_call_vol(c, "volume", &v, err);

    if (rc || (rc = vn_call_region(c, v, &box, err)) || (draws && (rc = vn_figure_type(vn_args_text(&c->args, "plot"), &type, err))))
        return rc;
    const bool um = vn_um_known(&v->grid);
    const int axis = v->grid.um[1] < v->grid.um[0] ? (v->grid.um[2] < v->grid.um[1] ? 2 : 1) : v->grid.um[2] < v->grid.um[0] ? 2 : 0;
    if ((rc = vn_args_length_vox(&c->args, "width", 0, v->grid.um, axis, &width, err)))
        return rc;
    if ((rc = vn_profile(v, &box, vn_arg(&c->args, "from")->d, vn_arg(&c->args, "to")->d, um ? width * v->grid.um[axis] : width, &p, c->job, err)))
        return rc;
    if (!(rc = make_table(c, &p, um, &t, err)) && draws)
        rc = draw(c, t, err);
    if (!rc) {
        double lo = p.value[0], hi = p.value[0];
        for (int64_t i = 1; i < p.n; i++) {
            lo = p.value[i] < lo ? p.value[i] : lo;
            hi = p.value[i] > hi ? p.value[i] : hi;
        }
        vn_res_int(c, "points", p.n);
        vn_res_num(c, um ? "length_um" : "length_vox", p.length);
        vn_res_num(c, um ? "step_um" : "step_vox", p.step);
        vn_res_num(c, "min", lo);
        vn_res_num(c, "max", hi);
        vn_profile_peak(&p, &peak);
        vn_res_num(c, um ? "peak_at_um" : "peak_at_vox", peak.at);
        vn_res_num(c, "ground", peak.ground);
        vn_res_num(c, um ? "fwhm_um" : "fwhm_vox", peak.fwhm);
        if (!um)
            vn_call_note(c, "the voxel size is not known: distances are in voxels, taken as cubes");
        rc = vn_call_output(c, 0, "", VN_TABLE, t, err);
        t = NULL;
    }
    vn_table_unref(t);
    vn_profile_free(&p);
    return rc;
}

const struct vn_cmd vn_cmd_profile = { "profile", "grey values along a line", params, VN_CMD_MAKES, exec, NULL };
