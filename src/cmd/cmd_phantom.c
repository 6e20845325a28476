/* phantom KIND dims=128x128x64 voxel=1um seed=1: synthetic vessels with their exact truth. */
#include <math.h>
#include <stdlib.h>
#include "cmd.h"
#include "phantom.h"

static const struct vn_param params[] = {
    { .name = "kind", .type = VN_P_CHOICE, .flags = VN_POS, .def = "network", .choices = "network|tube|helix|torus|ybranch|empty",
      .help = "network of curved, tapering, branching vessels with loops; or one simple shape" },
    { .name = "dims", .type = VN_P_TEXT, .def = "128x128x64", .unit = "voxels", .help = "size of the volume, x by y by z" },
    { .name = "voxel", .type = VN_P_VOXEL, .def = "1um", .help = "voxel size" },
    { .name = "seed", .type = VN_P_INT, .def = "1", .min = 0, .max = 1e15, .help = "everything random follows from it" },
    { .name = "type", .type = VN_P_CHOICE, .def = "u8", .choices = "u8|u16|f32", .help = "voxel type of the image" },
    { .name = "radius", .type = VN_P_LENGTH, .min = 0.1, .max = 1e6,
      .help = "of a simple shape; 3vox (of the widest voxel side), or a fifth of a small box, when left out" },
    { .name = "coil", .type = VN_P_LENGTH, .min = 0.1, .max = 1e6, .help = "helix, torus: radius of the coil; fits the box when left out" },
    { .name = "pitch", .type = VN_P_LENGTH, .min = 0.1, .max = 1e6, .help = "helix: rise per turn" },
    { .name = "direction", .type = VN_P_POINT, .def = "1,0,0", .help = "tube: its direction, through the middle of the box" },
    { .name = "radius_min", .type = VN_P_LENGTH, .def = "1.2vox", .min = 0.1, .max = 1e6, .help = "network: thinnest vessel" },
    { .name = "radius_max", .type = VN_P_LENGTH, .min = 0.1, .max = 1e6,
      .help = "network: thickest trunk; 5vox, or an eighth of a small box, when left out" },
    { .name = "vessels", .type = VN_P_INT, .min = 1, .max = 1e6, .help = "network: curves to grow; by volume when left out, fewer when they do not fit" },
    { .name = "loops", .type = VN_P_REAL, .def = "0.4", .min = 0, .max = 1, .help = "network: fraction of curves that end on another vessel" },
    { .name = "noise", .type = VN_P_REAL, .def = "0", .min = 0, .max = 100, .unit = "contrast", .help = "standard deviation of the noise" },
    { .name = "background", .type = VN_P_REAL, .def = "0", .min = 0, .max = 100, .unit = "contrast", .help = "rise of a slow gradient across the volume" },
    { .name = "dropout", .type = VN_P_REAL, .def = "0", .min = 0, .max = 1, .help = "fraction of the vessels' length in dim stretches" },
    { .name = "injury", .type = VN_P_CHOICE, .def = "none", .choices = "none|focal|diffuse",
      .help = "focal: vessels in a sphere are gone; diffuse: some thin segments everywhere" },
    { .name = "severity", .type = VN_P_REAL, .def = "0.2", .min = 0, .max = 0.9,
      .help = "focal: fraction of the volume in the sphere; diffuse: fraction of the thin segments" },
    { .name = "as", .type = VN_P_NAME, .help = "name of the image; NAME_mask and NAME_graph hold the truth" },
    { .name = NULL },
};

static int parse_dims(const char *s, int64_t dim[3], struct vn_err *err)
{
    char *end = NULL;
    const char *p = s;

    for (int k = 0; k < 3; k++) {
        dim[k] = strtoll(p, &end, 10);
        if (end == p || dim[k] < 1 || dim[k] > 1 << 20 || *end != (k < 2 ? 'x' : '\0'))
            return vn_fail(err, VN_E_ARG, "dims=%s: three sizes of 1 to 1048576 voxels are wanted, as in 128x128x64", s);
        p = end + 1;
    }
    return 0;
}

/* A length in um; `vox` counts sides of the widest axis. Stays as it is when the parameter is not set. */
static int length_um(const struct vn_args *a, const char *name, const double um[3], double *out, struct vn_err *err)
{
    const int widest = um[2] >= um[0] && um[2] >= um[1] ? 2 : um[1] >= um[0] ? 1 : 0;
    double vox;
    int rc;

    if (!vn_args_has(a, name))
        return 0;
    rc = vn_args_length_vox(a, name, 0, um, widest, &vox, err);
    if (!rc)
        *out = vox * um[widest];
    return rc;
}

static int get_options(const struct vn_args *a, struct vn_phantom_opt *o, struct vn_err *err)
{
    static const enum vn_type types[] = { VN_U8, VN_U16, VN_F32 };
    int rc = parse_dims(vn_args_text(a, "dims"), o->dim, err);
    double wide = 0, small = INFINITY;

    o->kind = (enum vn_phantom_kind)vn_args_int(a, "kind");
    o->type = types[vn_args_int(a, "type")];
    o->seed = (uint64_t)vn_args_int(a, "seed");
    for (int k = 0; k < 3; k++) {
        o->um[k] = vn_arg(a, "voxel")->d[k];
        o->direction[k] = vn_arg(a, "direction")->d[k];
        wide = fmax(wide, o->um[k]);
        small = fmin(small, (double)o->dim[k] * o->um[k]);
    }
    o->radius = fmin(3 * wide, 0.2 * small);
    if (!rc)
        rc = length_um(a, "radius", o->um, &o->radius, err);
    if (!rc)
        rc = length_um(a, "coil", o->um, &o->coil, err);
    if (!rc)
        rc = length_um(a, "pitch", o->um, &o->pitch, err);
    if (!rc)
        rc = length_um(a, "radius_min", o->um, &o->radius_min, err);
    o->radius_max = fmax(o->radius_min, fmin(5 * wide, 0.125 * small));
    if (!rc)
        rc = length_um(a, "radius_max", o->um, &o->radius_max, err);
    o->curves = vn_args_has(a, "vessels") ? (int)vn_args_int(a, "vessels") : 0;
    o->loops = vn_args_real(a, "loops");
    o->noise = vn_args_real(a, "noise");
    o->background = vn_args_real(a, "background");
    o->dropout = vn_args_real(a, "dropout");
    o->injury = (enum vn_injury)vn_args_int(a, "injury");
    o->severity = vn_args_real(a, "severity");
    return rc;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_phantom_opt o = { 0 };
    struct vn_phantom p;
    double length = 0, moment = 0;
    int64_t branch = 0, end = 0;
    int rc = get_options(&c->args, &o, err);

    if (rc)
        return rc;
    rc = vn_phantom_make(&o, &p, c->job, err);
    if (rc)
        return rc;
    vn_res_volume(c, p.image);
    for (int32_t i = 0; i < p.graph->n_segment; i++) {
        length += p.graph->segment[i].length;
        moment += p.graph->segment[i].length * p.graph->segment[i].radius;
    }
    for (int32_t i = 0; i < p.graph->n_node; i++) {
        branch += p.graph->node[i].degree >= 3;
        end += p.graph->node[i].degree == 1;
    }
    vn_res_num(c, "total_length_um", length);
    vn_res_num(c, "mean_radius_um", length > 0 ? moment / length : NAN);
    vn_res_int(c, "segments", p.graph->n_segment);
    vn_res_int(c, "branch_points", branch);
    vn_res_int(c, "end_points", end);
    vn_res_int(c, "loops", vn_graph_loops(p.graph));
    vn_res_int(c, "components", p.graph->n_component);
    if (o.injury == VN_INJURY_FOCAL) {
        vn_res_nums(c, "injury_centre_um", p.injury_centre, 3);
        vn_res_num(c, "injury_radius_um", p.injury_radius);
    }
    rc = vn_call_output(c, 0, "", VN_IMAGE, p.image, err);
    p.image = NULL;
    if (!rc) {
        rc = vn_call_output(c, 1, "_mask", VN_MASK, p.mask, err);
        p.mask = NULL;
    }
    if (!rc) {
        rc = vn_call_output(c, 2, "_graph", VN_GRAPH, p.graph, err);
        p.graph = NULL;
    }
    vn_phantom_free(&p);
    return rc;
}

const struct vn_cmd vn_cmd_phantom = {
    .name = "phantom", .summary = "synthetic vessels with exact truth: image, mask, graph", .params = params,
    .flags = VN_CMD_MAKES, .exec = exec,
};
