/* op_clean.c - clean a mask: bridge gaps (closing), fill enclosed holes, take off thin parts (opening), remove small
 * components; in that order.
 *
 * Without keys the sizes come from the mask's own typical radius r.  A tube of radius r has volume / surface = r / 2, and
 * faces of voxels overstate a surface of all orientations 3/2 times, so r = 3 V / S with S counted in voxel faces.  A
 * component smaller than a quarter of a ball of radius r is a speck (a whole ball was measured to cost real pieces of
 * capillaries in stacks with thick planes); an enclosed hole smaller than a ball of 4 r is a lumen or noise, not tissue.  Integers are counted, so r does not depend on blocks or threads. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "clean.h"
#include "label.h"
#include "mem.h"
#include "morph.h"
#include "op.h"

enum { SLAB = 32, FILL_RADII = 4 };

const struct vn_param vn_clean_params[] = {
    { "mask", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_MASK | VN_LABELS | VN_SKELETON,
      .help = "mask; voxels above 0 are foreground" },
    { "min_size", VN_P_INT, 0, .min = 0, .max = 1e15, .unit = "voxels",
      .help = "smaller 26-connected components go; default: a quarter of a ball of the mask's typical radius" },
    { "fill", VN_P_TEXT, 0, .unit = "voxels",
      .help = "enclosed holes of up to so many voxels are filled, or all; default: a ball of 4 typical radii" },
    { "holes", VN_P_CHOICE, 0, .def = "3d", .choices = "3d|xy",
      .help = "3d: enclosed in the volume; xy: in a plane of x and y, each plane by itself" },
    { "close", VN_P_LENGTH, 0, .min = 0, .max = 1e6, .def = "0vox",
      .help = "gaps narrower than twice this radius are bridged; 0: none" },
    { "open", VN_P_LENGTH, 0, .min = 0, .max = 1e6, .def = "0vox",
      .help = "parts thinner than twice this radius go; 0: none" },
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

/* ---- small components ---- */

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

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *out,
                struct vn_err *err)
{
    struct vn_ball close, open;
    uint64_t most;
    double morph = 0;
    int rc = vn_ball_get(a, "close", in[0]->grid.um, region, &close, err);
    if (!rc)
        rc = vn_ball_get(a, "open", in[0]->grid.um, region, &open, err);
    if (!rc && vn_args_has(a, "fill"))
        rc = vn_clean_fill(a, &most, err);
    if (rc)
        return rc;
    if (close.r > 0)
        morph = vn_morph_bytes(VN_CLOSING, &close, region);
    if (open.r > 0)
        morph = fmax(morph, vn_morph_bytes(VN_OPENING, &open, region));
    /* masks 1 each, runs 12 bytes each */
    *out = (struct vn_plan){ .in_type = { VN_U8 }, .out_type = VN_U8, .out_kind = VN_MASK, .mem_host = 4 + morph };
    for (int k = 0; k < 3 && vn_um_known(&in[0]->grid); k++)
        out->um[k] = in[0]->grid.um[k];
    return 0;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    int rc = vn_binary_copy(&in[0], out, job, err);
    if (!rc)
        rc = vn_clean_shape(a, p->um, out, job, err);
    if (!rc && vn_args_int(a, "min_size") > 1)
        rc = drop_small(out, (uint64_t)vn_args_int(a, "min_size"), job, err);
    return rc;
}

static void cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *out, const struct vn_share *share,
                 struct vn_cost *c)
{
    const double n = (double)vn_box_count(out), runs = (share ? share->runs : VN_RUNS_TYPICAL) * n;
    const double gaps = runs + (double)(vn_box_dim(out, 1) * vn_box_dim(out, 2));      /* of the background: one more in each row */
    const bool fills = strcmp(vn_args_text(a, "fill"), "0") != 0 && vn_args_int(a, "holes") != 1;
    struct vn_ball close, open;
    (void)in;

    c->bytes = fmax(fills ? vn_runs_bytes(out, gaps) : 0, vn_args_int(a, "min_size") > 1 ? vn_runs_bytes(out, runs) : 0);
    if (!vn_ball_get(a, "close", p->um, out, &close, NULL) && close.r > 0)
        c->bytes = fmax(c->bytes, vn_morph_held(VN_CLOSING, &close, out));
    if (!vn_ball_get(a, "open", p->um, out, &open, NULL) && open.r > 0)
        c->bytes = fmax(c->bytes, vn_morph_held(VN_OPENING, &open, out));
    c->work = n + VN_RUN_WORK * runs;
}

const struct vn_op vn_op_clean = {
    .name = "clean", .version = 1, .shape = VN_GLOBAL, .n_in = 1, .params = vn_clean_params,
    .plan = plan, .prepare = prepare, .cpu = cpu, .cost = cost,
};
