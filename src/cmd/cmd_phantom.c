/* phantom KIND dims=128x128x64 voxel=1um seed=1: synthetic vessels with their exact truth. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "cmd.h"
#include "phantom.h"

enum { KIND_RANDOM = 6 };                                      /* in the choices of kind */

static const struct vn_param params[] = {
    { .name = "kind", .type = VN_P_CHOICE, .flags = VN_POS, .def = "network", .choices = "network|tube|helix|torus|ybranch|empty|random",
      .help = "network of curved, tapering, branching vessels with loops; one simple shape; random: a network whose properties are drawn" },
    { .name = "dims", .type = VN_P_TEXT, .def = "128x128x64", .unit = "voxels", .help = "size of the volume, x by y by z" },
    { .name = "voxel", .type = VN_P_VOXEL, .def = "1um", .help = "voxel size; random: drawn when left out" },
    { .name = "seed", .type = VN_P_INT, .def = "1", .min = 0, .max = 1e15, .help = "everything random follows from it" },
    { .name = "type", .type = VN_P_CHOICE, .def = "u8", .choices = "u8|u16|f32", .help = "voxel type of the image; random: u8 or u16 when left out" },
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
    { .name = "diameters", .type = VN_P_TEXT, .unit = "um", .help = "network: thinnest to thickest, as in 4:500um; instead of radius_min and radius_max" },
    { .name = "density", .type = VN_P_REAL, .min = 0, .max = 0.5, .help = "network: part of the volume to fill, as far as vessels fit" },
    { .name = "tortuosity", .type = VN_P_REAL, .min = 0, .max = 2, .help = "network: how far vessels wind about their way" },
    { .name = "parallel", .type = VN_P_INT, .min = 0, .max = 10000, .help = "network: vessels beside others, 1.25 voxel diagonals between the surfaces" },
    { .name = "touched", .type = VN_P_FLAG, .help = "a slice's mask holds what passes anywhere through its thickness, not only its middle plane" },
    { .name = "psf", .type = VN_P_REAL, .min = 0, .max = 20, .unit = "voxels", .help = "point spread: sigma in x and y" },
    { .name = "psf_z", .type = VN_P_REAL, .min = 0, .max = 20, .unit = "voxels", .help = "point spread: sigma along z" },
    { .name = "noise", .type = VN_P_REAL, .def = "0", .min = 0, .max = 100, .unit = "contrast", .help = "standard deviation of the noise" },
    { .name = "shot", .type = VN_P_REAL, .min = 0, .max = 100, .unit = "contrast", .help = "standard deviation that light adds: times the root of the light" },
    { .name = "grain", .type = VN_P_REAL, .min = 0, .max = 5, .unit = "voxels", .help = "sigma over which neighbours share their noise" },
    { .name = "thin", .type = VN_P_REAL, .min = 0, .max = 2, .help = "thin vessels are dim: (radius / thickest) to this power" },
    { .name = "vary", .type = VN_P_REAL, .min = 0, .max = 2, .help = "curves differ in brightness: from 10^-vary to 1" },
    { .name = "along", .type = VN_P_REAL, .min = 0, .max = 1, .help = "brightness falls along a vessel by up to this part" },
    { .name = "dropout", .type = VN_P_REAL, .def = "0", .min = 0, .max = 1, .help = "fraction of the vessels' length in dim stretches" },
    { .name = "breaks", .type = VN_P_INT, .min = 0, .max = 100000, .help = "places where a vessel sends no light; the truth stays whole, NAME_breaks lists them" },
    { .name = "gap", .type = VN_P_RANGE, .def = "1:8", .unit = "voxels", .help = "length of breaks" },
    { .name = "background", .type = VN_P_REAL, .def = "0", .min = 0, .max = 100, .unit = "contrast", .help = "rise of a slow gradient across the volume" },
    { .name = "uneven", .type = VN_P_REAL, .min = 0, .max = 100, .unit = "contrast", .help = "a smooth field between 0 and this is added" },
    { .name = "shade", .type = VN_P_REAL, .min = 0, .max = 1, .help = "light falls by up to this part, smoothly" },
    { .name = "decay", .type = VN_P_REAL, .min = 0, .max = 0.999, .help = "part of the light that is lost at the last slice" },
    { .name = "haze", .type = VN_P_REAL, .min = 0, .max = 100, .unit = "contrast", .help = "1 to 4 smooth clouds, this bright in the middle" },
    { .name = "blobs", .type = VN_P_INT, .min = 0, .max = 10000, .help = "bright balls that are no vessels" },
    { .name = "sheets", .type = VN_P_INT, .min = 0, .max = 16, .help = "bright curved sheets near the faces" },
    { .name = "glare", .type = VN_P_REAL, .def = "2", .min = 0, .max = 1000, .unit = "contrast", .help = "light of blobs and sheets" },
    { .name = "hollow", .type = VN_P_REAL, .min = 0, .max = 1000, .unit = "voxels", .help = "only a wall this thick sends light; the truth is filled" },
    { .name = "lumen", .type = VN_P_REAL, .def = "0", .min = 0, .max = 1, .help = "hollow: light inside, of the wall's" },
    { .name = "checkerboard", .type = VN_P_INT, .min = 0, .max = 100000, .unit = "voxels", .help = "side of the squares of a checkerboard in x and y" },
    { .name = "checker_by", .type = VN_P_REAL, .def = "0.1", .min = 0, .max = 100, .unit = "contrast", .help = "checkerboard: added to one square, taken from the next" },
    { .name = "stripes", .type = VN_P_REAL, .min = 0, .max = 1, .help = "rows darker by up to this part of their grey values" },
    { .name = "stripe_period", .type = VN_P_REAL, .def = "12", .min = 2, .max = 100000, .unit = "voxels", .help = "stripes: from one to the next" },
    { .name = "lines", .type = VN_P_REAL, .min = 0, .max = 100, .unit = "contrast", .help = "standard deviation of an offset for every line of every slice" },
    { .name = "jumps", .type = VN_P_REAL, .min = 0, .max = 1, .help = "slices brighter or darker by up to this part" },
    { .name = "seams", .type = VN_P_REAL, .min = 0, .max = 1, .help = "tiles brighter or darker by up to this part" },
    { .name = "tile", .type = VN_P_INT, .def = "64", .min = 2, .max = 1e6, .unit = "voxels", .help = "seams: side of a tile in x and y" },
    { .name = "lost", .type = VN_P_INT, .min = 0, .max = 10000, .help = "slices without light, one to three in a row" },
    { .name = "dark", .type = VN_P_FLAG, .help = "dark vessels in bright tissue" },
    { .name = "level", .type = VN_P_REAL, .min = 0.001, .max = 65535, .help = "grey value of the background; 40, in u16 400, when left out" },
    { .name = "contrast", .type = VN_P_REAL, .min = 0.001, .max = 65535, .help = "grey values from background to vessel; 160, in u16 1600, when left out" },
    { .name = "injury", .type = VN_P_CHOICE, .def = "none", .choices = "none|focal|diffuse",
      .help = "focal: vessels in a sphere are gone; diffuse: some thin segments everywhere" },
    { .name = "severity", .type = VN_P_REAL, .def = "0.2", .min = 0, .max = 0.9,
      .help = "focal: fraction of the volume in the sphere; diffuse: fraction of the thin segments" },
    { .name = "as", .type = VN_P_NAME, .help = "name of the image; NAME_mask and NAME_graph (NAME_breaks) hold the truth" },
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

/* "4:500um": the two diameters give the radii. */
static int parse_diameters(const char *text, const double um[3], double *radius_min, double *radius_max, struct vn_err *err)
{
    double d[2], unit = 1;
    char *end;

    d[0] = strtod(text, &end);
    bool ok = end != text && *end == ':';
    const char *second = ok ? end + 1 : text;
    d[1] = strtod(second, &end);
    ok = ok && end != second;
    if (ok && !strcmp(end, "mm"))
        unit = 1000;
    else if (ok && !strcmp(end, "vox"))
        unit = fmax(um[0], fmax(um[1], um[2]));
    else
        ok = ok && (!*end || !strcmp(end, "um"));
    if (!ok || !(d[0] > 0) || !(d[1] >= d[0]) || !(d[1] * unit <= 1e6))
        return vn_fail(err, VN_E_ARG, "diameters=%s: the thinnest and the thickest are wanted, as in 4:500um", text);
    *radius_min = 0.5 * unit * d[0];
    *radius_max = 0.5 * unit * d[1];
    return 0;
}

/* A property as given; else its default, or to be drawn. */
static int get_look(const struct vn_args *a, bool draw, struct vn_phantom_opt *o, struct vn_err *err)
{
    for (int i = 0; i < VN_N_LOOK; i++) {
        const struct vn_param *p = vn_param_find(a->params, vn_look_table[i].name);
        const struct vn_arg *v = vn_arg(a, p->name);
        o->look[i] = draw && !v->given ? NAN : !v->has ? 0 : p->type == VN_P_REAL ? v->d[0] : (double)v->i;
    }
    o->gap[0] = vn_arg(a, "gap")->d[0];
    o->gap[1] = vn_arg(a, "gap")->d[1];
    if (!(o->gap[0] > 0 && o->gap[1] >= o->gap[0] && o->gap[1] <= 10000))
        return vn_fail(err, VN_E_ARG, "gap=%s: lengths from above 0 to 10000 voxels are wanted, as in 1:8", vn_arg(a, "gap")->s);
    return 0;
}

static int get_options(const struct vn_args *a, struct vn_phantom_opt *o, struct vn_err *err)
{
    static const enum vn_type types[] = { VN_U8, VN_U16, VN_F32 };
    const bool draw = vn_args_int(a, "kind") == KIND_RANDOM;
    int rc = parse_dims(vn_args_text(a, "dims"), o->dim, err);
    double wide = 0, small = INFINITY;

    o->kind = draw ? VN_PHANTOM_NETWORK : (enum vn_phantom_kind)vn_args_int(a, "kind");
    o->type = draw && !vn_args_given(a, "type") ? VN_N_TYPE : types[vn_args_int(a, "type")];
    o->seed = (uint64_t)vn_args_int(a, "seed");
    for (int k = 0; k < 3; k++) {
        o->um[k] = vn_arg(a, "voxel")->d[k];
        o->direction[k] = vn_arg(a, "direction")->d[k];
    }
    if (draw && !vn_args_given(a, "voxel"))
        vn_phantom_draw_voxel(o->seed, o->um);
    for (int k = 0; k < 3; k++) {
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
    if (draw && !vn_args_given(a, "radius_min"))
        o->radius_min = NAN;
    if (draw)
        o->radius_max = NAN;
    if (!rc)
        rc = length_um(a, "radius_max", o->um, &o->radius_max, err);
    if (!rc && vn_args_has(a, "diameters")) {
        if (vn_args_given(a, "radius_min") || vn_args_given(a, "radius_max"))
            return vn_fail(err, VN_E_ARG, "diameters= and radius_min= or radius_max= say the same: give one of them");
        rc = parse_diameters(vn_args_text(a, "diameters"), o->um, &o->radius_min, &o->radius_max, err);
    }
    o->curves = vn_args_has(a, "vessels") ? (int)vn_args_int(a, "vessels") : 0;
    o->loops = draw && !vn_args_given(a, "loops") ? NAN : vn_args_real(a, "loops");
    o->injury = (enum vn_injury)vn_args_int(a, "injury");
    o->touched = vn_args_flag(a, "touched");
    o->severity = vn_args_real(a, "severity");
    if (!rc)
        rc = get_look(a, draw, o, err);
    if (!rc && draw)
        vn_phantom_draw(o);
    return rc;
}

/* Every property that is on, and what the artifacts' parameters came out as. */
static void tell_look(struct vn_call *c, const struct vn_phantom_opt *o, const struct vn_phantom *p)
{
    const bool all = vn_args_int(&c->args, "kind") == KIND_RANDOM;

    if (all) {
        vn_res_num(c, "radius_min_um", o->radius_min);
        vn_res_num(c, "radius_max_um", o->radius_max);
        vn_res_num(c, "loops_wanted", o->loops);
        vn_res_bool(c, "touched", o->touched);
        vn_res_num(c, "mask_fraction", (double)p->voxels / ((double)o->dim[0] * o->dim[1] * o->dim[2]));
    }
    for (int i = 0; i < VN_N_LOOK; i++) {
        const struct vn_param *row = vn_param_find(c->args.params, vn_look_table[i].name);
        if (all || (o->look[i] != 0 && vn_args_given(&c->args, row->name)))
            vn_res_num(c, row->name, p->look[i]);
    }
    for (int i = 0; i < p->facts.n; i++)
        vn_res_nums(c, p->facts.f[i].name, p->facts.f[i].v, p->facts.f[i].n);
}

/* Places in voxels, as the cursor shows them. */
static int breaks_table(const struct vn_phantom_opt *o, const struct vn_phantom *p, struct vn_table **out, struct vn_err *err)
{
    static const char *const name[] = { "x", "y", "z", "direction_x", "direction_y", "direction_z", "gap_voxels", "gap_um", "radius_um" };
    struct vn_table *t = *out = vn_table_new(err);
    int rc = t ? 0 : VN_E_MEMORY;

    for (int i = 0; i < (int)VN_COUNT(name) && !rc; i++)
        rc = vn_table_add_col(t, name[i], false, err) < 0 ? VN_E_MEMORY : 0;
    for (int i = 0; i < p->n_break && !rc; i++) {
        const struct vn_break *b = &p->breaks[i];
        rc = vn_table_add_row(t, err);
        for (int k = 0; k < 3 && !rc; k++) {
            t->col[k].num[i] = b->p[k] / o->um[k] - 0.5;
            t->col[3 + k].num[i] = b->tangent[k];
        }
        if (!rc) {
            t->col[6].num[i] = b->voxels;
            t->col[7].num[i] = b->um;
            t->col[8].num[i] = b->r;
        }
    }
    if (rc) {
        vn_table_unref(t);
        *out = NULL;
    }
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
    tell_look(c, &o, &p);
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
    if (!rc && o.look[VN_LOOK_BREAKS] > 0) {
        struct vn_table *t;
        rc = breaks_table(&o, &p, &t, err);
        if (!rc)
            rc = vn_call_output(c, 3, "_breaks", VN_TABLE, t, err);
    }
    vn_phantom_free(&p);
    return rc;
}

const struct vn_cmd vn_cmd_phantom = {
    .name = "phantom", .summary = "synthetic vessels with exact truth: image, mask, graph", .params = params,
    .flags = VN_CMD_MAKES, .exec = exec,
};
