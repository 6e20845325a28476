/* op_clean.c - clean a mask: bridge gaps (closing), fill enclosed holes, remove small components; in that order.
 *
 * Without keys the sizes come from the mask's own typical radius r.  A tube of radius r has volume / surface = r / 2, and
 * faces of voxels overstate a surface of all orientations 3/2 times, so r = 3 V / S with S counted in voxel faces.  A
 * component smaller than a quarter of a ball of radius r is a speck (a whole ball was measured to cost real pieces of
 * capillaries in stacks with thick planes); an enclosed hole smaller than a ball of 4 r is a lumen or noise, not tissue.  Integers are counted, so r does not depend on blocks or threads. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "edt.h"
#include "label.h"
#include "mem.h"
#include "op.h"

enum { SLAB = 32, FILL_RADII = 4 };

extern const struct vn_param vn_clean_params[];
const struct vn_param vn_clean_params[] = {
    { "mask", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_MASK | VN_LABELS | VN_SKELETON,
      .help = "mask; voxels above 0 are foreground" },
    { "min_size", VN_P_INT, 0, .min = 0, .max = 1e15, .unit = "voxels",
      .help = "smaller 26-connected components go; default: a quarter of a ball of the mask's typical radius" },
    { "fill", VN_P_INT, 0, .min = 0, .max = 1e15, .unit = "voxels",
      .help = "enclosed holes of up to so many voxels are filled; default: a ball of 4 typical radii" },
    { "close", VN_P_LENGTH, 0, .min = 0, .max = 1e6, .def = "0vox",
      .help = "gaps narrower than twice this radius are bridged; 0: none" },
    { "stats", VN_P_CHOICE, 0, .def = "volume", .choices = "volume|region", .help = "where the typical radius is measured" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

/* ---- typical radius ---- */

struct surface { uint64_t n, face[3]; };
struct surface_ctx { const struct vn_buf *b; int64_t n_plane; struct surface *of_plane; };

VN_HOT static uint32_t count_set(const uint8_t *a, int64_t n)
{
    uint32_t s = 0;
    for (int64_t x = 0; x < n; x++)
        s += a[x] != 0;
    return s;
}

VN_HOT static uint32_t count_unequal(const uint8_t *a, const uint8_t *b, int64_t n)
{
    uint32_t s = 0;
    for (int64_t x = 0; x < n; x++)
        s += (a[x] != 0) != (b[x] != 0);
    return s;
}

static int surface_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct surface_ctx *c = ctx;
    const struct vn_buf *b = c->b;
    const int64_t nx = vn_box_dim(&b->box, 0), ny = vn_box_dim(&b->box, 1);
    struct surface s = { 0 };
    (void)err;
    for (int64_t y = 0; y < ny; y++) {
        const uint8_t *row = (const uint8_t *)b->data + i * b->stride[1] + y * b->stride[0];
        s.n += count_set(row, nx);
        s.face[0] += count_unequal(row, row + 1, nx - 1);
        if (y + 1 < ny)
            s.face[1] += count_unequal(row, row + b->stride[0], nx);
        if (i + 1 < vn_box_dim(&b->box, 2))
            s.face[2] += count_unequal(row, row + b->stride[1], nx);
    }
    c->of_plane[i] = s;
    return 0;
}

/* Voxels and faces between foreground and background inside the box; its own faces are cuts, not surface. */
static int measure_surface(struct vn_vol *v, const struct vn_box *box, struct surface *out, struct vn_job *job, struct vn_err *err)
{
    struct surface plane[SLAB], sum = { 0 };
    int rc = 0;
    for (int64_t z = box->lo[2]; !rc && z < box->hi[2]; z += SLAB) {
        struct vn_box part = *box;
        struct vn_buf b = { 0 };
        const int64_t n = vn_min64(SLAB, box->hi[2] - z);
        part.lo[2] = z;
        part.hi[2] = vn_min64(z + SLAB + 1, box->hi[2]);       /* one plane more, for the faces between slabs */
        rc = vn_vol_map(v, VN_U8, &part, VN_PAD_ZERO, &b, job, err);
        if (!rc)
            rc = vn_job_for_quiet(job, n, surface_plane, &(struct surface_ctx){ &b, n, plane }, err);
        for (int64_t i = 0; !rc && i < n; i++) {
            sum.n += plane[i].n;
            for (int k = 0; k < 3; k++)
                sum.face[k] += plane[i].face[k];
        }
        vn_buf_free(&b);
    }
    *out = sum;
    return rc;
}

/* Voxels in a ball of the typical radius; a disc or a stretch when the region is flat. */
static double ball_voxels(const struct surface *s, const struct vn_box *box, const double um[3])
{
    static const double overstated[4] = { 1, 1, 4 / 3.14159265358979323846, 1.5 }, per_radius[4] = { 1, 1, 1, 2 };
    const bool known = um[0] > 0 && um[1] > 0 && um[2] > 0;
    const double u[3] = { known ? um[0] : 1, known ? um[1] : 1, known ? um[2] : 1 };
    double surface = 0, ball = 1, r = 0;
    int n_axis = 0;
    for (int k = 0; k < 3; k++) {
        surface += (double)s->face[k] * (u[0] * u[1] * u[2] / u[k]);
        n_axis += vn_box_dim(box, k) > 1;
    }
    r = surface > 0 ? overstated[n_axis] * per_radius[n_axis] * ((double)s->n * (u[0] * u[1] * u[2])) / surface : 0;
    for (int k = 0; k < 3; k++)
        ball *= vn_box_dim(box, k) > 1 ? r / u[k] : 1;
    return ball * (n_axis == 3 ? 4.1887902047863905 : n_axis == 2 ? 3.14159265358979323846 : 2);
}

static int set_count(struct vn_args *a, const char *key, double v, struct vn_err *err)
{
    char text[32];
    snprintf(text, sizeof(text), "%.0f", fmin(floor(v + 0.5), 1e15));
    return vn_args_set(a, key, text, err);
}

static int prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job,
                   struct vn_err *err)
{
    const bool size = !vn_args_has(a, "min_size"), fill = !vn_args_has(a, "fill");
    struct surface s;
    if (!size && !fill)
        return 0;
    int rc = measure_surface(in[0], stat_box, &s, job, err);
    if (rc)
        return rc;
    const double ball = ball_voxels(&s, stat_box, in[0]->grid.um);
    double wider = 1;
    for (int k = 0; k < 3; k++)
        wider *= vn_box_dim(stat_box, k) > 1 ? FILL_RADII : 1;
    if (size)
        rc = set_count(a, "min_size", fmax(1, ball / 4), err);
    if (!rc && fill)
        rc = set_count(a, "fill", ball * wider, err);
    return rc;
}

/* ---- closing ---- */

struct ball { double r, um[3]; int64_t pad[3]; bool on; };       /* um 0: r in voxels */

static int closing_ball(const struct vn_args *a, const struct vn_grid *g, const struct vn_box *region, struct ball *out,
                        struct vn_err *err)
{
    const struct vn_length l = vn_arg(a, "close")->len[0];
    const bool physical = l.unit != VN_VOX && vn_um_known(g);
    struct ball b = { .r = l.v, .on = l.v > 0 };
    for (int k = 0; k < 3; k++) {
        double vox;
        int rc = vn_args_length_vox(a, "close", 0, g->um, k, &vox, err);
        if (rc)
            return rc;
        if (vox > 2000)
            return vn_fail(err, VN_E_ARG, "close=%s is %.0f voxels; closing goes up to 2000", vn_arg(a, "close")->s, vox);
        b.um[k] = physical ? g->um[k] : 0;
        b.pad[k] = vn_box_dim(region, k) > 1 ? (int64_t)ceil(vox) + 1 : 0;       /* flat: closed in the plane */
    }
    *out = b;
    return 0;
}

struct cut_ctx { const struct vn_buf *d2; struct vn_buf *mask; float limit; bool far; };

/* mask = d2 > limit (far) or d2 <= limit, over the box of mask. */
static int cut_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct cut_ctx *c = ctx;
    const struct vn_box *b = &c->mask->box;
    (void)err;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        const float *d2 = (const float *)c->d2->data + vn_buf_at(c->d2, b->lo[0], y, b->lo[2] + i);
        uint8_t *m = (uint8_t *)c->mask->data + vn_buf_at(c->mask, b->lo[0], y, b->lo[2] + i);
        for (int64_t x = 0; x < b->hi[0] - b->lo[0]; x++)
            m[x] = (d2[x] > c->limit) == c->far;
    }
    return 0;
}

/* mask (0 or 1) closed by the ball, in place.  The region is padded, so that its faces bound nothing. */
static int close_gaps(struct vn_buf *mask, const struct ball *ball, struct vn_job *job, struct vn_err *err)
{
    const struct vn_box wide_box = vn_box_grow(&mask->box, ball->pad);
    const int64_t nx = vn_box_dim(&mask->box, 0);
    struct vn_buf wide = { 0 }, d2 = { 0 };
    /* r counts as reached within 1e-6, so that 0.7 um is two voxels of 0.35 um */
    struct cut_ctx cut = { .d2 = &d2, .mask = &wide, .limit = (float)(ball->r * ball->r * (1 + 1e-6)), .far = false };

    int rc = vn_buf_new_zero(&wide, VN_U8, &wide_box, err);
    if (!rc)
        rc = vn_buf_new(&d2, VN_F32, &wide_box, err);
    for (int64_t z = mask->box.lo[2]; !rc && z < mask->box.hi[2]; z++) {
        for (int64_t y = mask->box.lo[1]; y < mask->box.hi[1]; y++)
            memcpy((uint8_t *)wide.data + vn_buf_at(&wide, mask->box.lo[0], y, z),
                   (const uint8_t *)mask->data + vn_buf_at(mask, mask->box.lo[0], y, z), (size_t)nx);
        rc = vn_job_check(job, err);
    }
    if (!rc)
        rc = vn_edt(&wide, ball->um, VN_EDT_SEEDS | VN_EDT_SQUARED, &d2, job, err);
    if (!rc)
        rc = vn_job_for_quiet(job, vn_box_dim(&wide_box, 2), cut_plane, &cut, err);
    if (!rc)
        rc = vn_edt(&wide, ball->um, VN_EDT_OPEN | VN_EDT_SQUARED, &d2, job, err);
    cut.mask = mask;
    cut.far = true;
    if (!rc)
        rc = vn_job_for_quiet(job, vn_box_dim(&mask->box, 2), cut_plane, &cut, err);
    vn_buf_free(&wide);
    vn_buf_free(&d2);
    return rc;
}

/* ---- holes and small components ---- */

/* Sets the enclosed 6-connected background components of up to `most` voxels. */
static int fill_holes(struct vn_buf *mask, uint64_t most, struct vn_job *job, struct vn_err *err)
{
    struct vn_runs r = { 0 };
    uint64_t *size = NULL;
    uint8_t *value = NULL;
    bool *face = NULL;
    int rc = vn_runs_build(mask, true, &r, job, err);
    if (!rc)
        rc = vn_runs_label(&r, 6, job, err);
    if (!rc)
        rc = vn_runs_sizes(&r, &size, job, err);
    if (!rc)
        rc = vn_runs_faces(&r, false, &face, job, err);
    if (!rc && !(value = vn_alloc((uint64_t)r.count + 1, err)))
        rc = err->code;
    for (uint32_t i = 0; !rc && i < r.count; i++)
        value[i] = !face[i] && size[i] <= most ? 1 : 0xff;
    if (!rc)
        rc = vn_runs_paint(&r, value, mask, job, err);
    vn_free(size);
    vn_free(value);
    vn_free(face);
    vn_runs_free(&r);
    return rc;
}

static int drop_small(struct vn_buf *mask, uint64_t least, struct vn_job *job, struct vn_err *err)
{
    struct vn_runs r = { 0 };
    uint64_t *size = NULL;
    uint8_t *value = NULL;
    int rc = vn_runs_build(mask, false, &r, job, err);
    if (!rc)
        rc = vn_runs_label(&r, 26, job, err);
    if (!rc)
        rc = vn_runs_sizes(&r, &size, job, err);
    if (!rc && !(value = vn_alloc((uint64_t)r.count + 1, err)))
        rc = err->code;
    for (uint32_t i = 0; !rc && i < r.count; i++)
        value[i] = size[i] < least ? 0 : 0xff;
    if (!rc)
        rc = vn_runs_paint(&r, value, mask, job, err);
    vn_free(size);
    vn_free(value);
    vn_runs_free(&r);
    return rc;
}

/* ---- the operation ---- */

struct copy_ctx { const struct vn_buf *in; struct vn_buf *out; };

static int copy_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct copy_ctx *c = ctx;
    const struct vn_box *b = &c->out->box;
    (void)err;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        const uint8_t *in = (const uint8_t *)c->in->data + vn_buf_at(c->in, b->lo[0], y, b->lo[2] + i);
        uint8_t *out = (uint8_t *)c->out->data + vn_buf_at(c->out, b->lo[0], y, b->lo[2] + i);
        for (int64_t x = 0; x < b->hi[0] - b->lo[0]; x++)
            out[x] = in[x] != 0;
    }
    return 0;
}

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *out,
                struct vn_err *err)
{
    struct ball ball;
    double wide = 1;
    int rc = closing_ball(a, &in[0]->grid, region, &ball, err);
    if (rc)
        return rc;
    for (int k = 0; k < 3; k++)
        wide *= 1 + 2 * (double)ball.pad[k] / (double)vn_box_dim(region, k);
    /* masks 1 each, runs 12 bytes each; closing: a padded mask and distances */
    *out = (struct vn_plan){ .in_type = { VN_U8 }, .out_type = VN_U8, .out_kind = VN_MASK,
                             .mem_host = 4 + (ball.on ? 5 * wide : 0) };
    for (int k = 0; k < 3 && vn_um_known(&in[0]->grid); k++)
        out->um[k] = in[0]->grid.um[k];
    return 0;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    const struct vn_grid g = { .um = { p->um[0], p->um[1], p->um[2] } };
    struct ball ball;
    int rc = closing_ball(a, &g, &out->box, &ball, err);
    if (!rc)
        rc = vn_job_for_quiet(job, vn_box_dim(&out->box, 2), copy_plane, &(struct copy_ctx){ &in[0], out }, err);
    if (!rc && ball.on) {
        vn_job_stage(job, "closing");
        rc = close_gaps(out, &ball, job, err);
    }
    if (!rc && vn_args_int(a, "fill") > 0) {
        vn_job_stage(job, "filling");
        rc = fill_holes(out, (uint64_t)vn_args_int(a, "fill"), job, err);
    }
    if (!rc && vn_args_int(a, "min_size") > 1)
        rc = drop_small(out, (uint64_t)vn_args_int(a, "min_size"), job, err);
    return rc;
}

const struct vn_op vn_op_clean = {
    .name = "clean", .version = 1, .shape = VN_GLOBAL, .n_in = 1, .params = vn_clean_params,
    .plan = plan, .prepare = prepare, .cpu = cpu,
};
