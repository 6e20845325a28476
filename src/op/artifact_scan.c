/* artifact_scan.c - the voxels of a volume as the finders of artifacts see them, and whether an artifact is additive or multiplicative. */
#include "artifact_scan.h"
#include <math.h>
#include "mem.h"

static const double CLIP = 4;
enum { PASSES = 4, SHIFTS = 8 };

int vn_ascan_begin(struct vn_ascan *s, const struct vn_artifact_look *l, const struct vn_artifacts *m, struct vn_job *job, struct vn_err *err)
{
    const bool clips = l->spread > 0;
    int rc = 0;

    *s = (struct vn_ascan){ .l = l, .m = m, .low = clips ? (float)(-CLIP * l->spread) : -INFINITY, .high = clips ? (float)(CLIP * l->spread) : INFINITY };
    if (vn_box_count(&l->box) <= VN_ASCAN_WHOLE)
        rc = vn_vol_map(l->v, l->v->src->type, &l->box, VN_PAD_EDGE, &s->in, job, err);
    return rc == VN_E_MEMORY ? 0 : rc;
}

void vn_ascan_end(struct vn_ascan *s) { vn_buf_free(&s->in); }

int vn_ascan_box(const struct vn_ascan *s, const struct vn_box *b, struct vn_buf *in, struct vn_err *err)
{
    if (s->in.data) {
        *in = vn_buf_view(&s->in, b);
        return 0;
    }
    return vn_vol_map(s->l->v, s->l->v->src->type, b, VN_PAD_EDGE, in, NULL, err);
}

/* Heights over the level, cut off at low and high, where `end` of that is taken. */
struct cut { float level, low, high, low_end, high_end; };
#define HEIGHTS(name, type)                                                                                          \
    static VN_HOT void name(const type *from, float *v, int64_t n, const struct cut *t)                                 \
    {                                                                                                                    \
        const struct cut c = *t;                                                                                         \
        for (int64_t i = 0; i < n; i++) {                                                                                \
            const float d = (float)from[i] - c.level;                                                                    \
            const bool under = d < c.low, over = d > c.high, is = d - d == 0;                                            \
            const float e = under ? c.low_end : d, f = over ? c.high_end : e;                                            \
            v[i] = is ? f : 0;                                                                                           \
        }                                                                                                                \
    }
HEIGHTS(heights_f32, float)
HEIGHTS(heights_u8, uint8_t)
HEIGHTS(heights_u16, uint16_t)

void vn_ascan_row(const struct vn_ascan *s, const struct vn_buf *in, int64_t x, int64_t y, int64_t z, double *v, int64_t n)
{
    vn_convert_row(VN_F64, v, in->type, (const char *)in->data + vn_buf_at(in, x, y, z) * (int64_t)vn_type_size(in->type), n);
    vn_artifacts_row(s->m, x, y, z, v, n);
}

void vn_ascan_heights(const struct vn_ascan *s, const struct vn_buf *in, int64_t x, int64_t y, int64_t z, float *v, double *spare, int64_t n)
{
    const struct cut c = { (float)s->l->level, s->low, s->high, s->drop ? 0 : s->low, s->drop ? 0 : s->high };
    const void *from = (const char *)in->data + vn_buf_at(in, x, y, z) * (int64_t)vn_type_size(in->type);

    if (s->m->n) {
        vn_ascan_row(s, in, x, y, z, spare, n);
        vn_convert_row(VN_F32, v, VN_F64, spare, n);
    } else if (in->type == VN_U8) {
        heights_u8(from, v, n, &c);
        return;
    } else if (in->type == VN_U16) {
        heights_u16(from, v, n, &c);
        return;
    } else
        vn_convert_row(VN_F32, v, in->type, from, n);
    heights_f32(v, v, n, &c);
}

/* ---- additive or multiplicative ---- */

struct growth { const struct vn_ascan *s; const struct vn_artifact *a; const int *axis; const struct vn_box *box; double *sum; };        /* two sums a box */

/* Differences of neighbours, E known: what they still have of E's own, by how bright they are.  Borders of vessels do not count.  How bright
 * is told by the voxels beside them too, as an instrument: noise that E has changed with the voxel would else look like growth. */
static void grow_row(const struct vn_artifact_look *l, const double *u, const double *w, const double *e, const double *h, int64_t n, double sum[2])
{
    for (int64_t i = 1; i + 1 < n; i++) {
        const double s = 0.5 * (u[i] + w[i]), beside = 0.5 * (u[i - 1] + w[i + 1]), step = h[i] - e[i], rise = w[i] - u[i];
        const double by = step * (beside - l->level);
        if (s >= l->low && s <= l->high && beside >= l->low && beside <= l->high && (l->spread == 0 || fabs(rise) < 5 * l->spread + 8 * fabs(step))) {
            sum[0] += rise * by;
            sum[1] += step * (s - l->level) * by;
        }
    }
}

static int growth_task(void *ctx, int64_t i, struct vn_err *err)
{
    const struct growth *c = ctx;
    const struct vn_box b = c->box[i];
    const int axis = c->axis[c->a->kind == VN_SEAMS ? i : 0];
    const int64_t n = vn_box_dim(&b, 0), step[3] = { axis == 0, axis == 1, axis == 2 };
    double *u = vn_alloc(4 * (uint64_t)n * sizeof *u, err), *w = u + n, *e = w + n, *h = e + n;
    struct vn_buf in = { 0 };
    int rc = u ? vn_ascan_box(c->s, &b, &in, err) : VN_E_MEMORY;

    c->sum[2 * i] = c->sum[2 * i + 1] = 0;
    for (int64_t z = b.lo[2]; rc == 0 && z < b.hi[2] - step[2]; z++)
        for (int64_t y = b.lo[1]; y < b.hi[1] - step[1]; y++) {
            vn_ascan_row(c->s, &in, b.lo[0], y, z, u, n);
            vn_artifact_field(c->a, b.lo[0], y, z, e, n);
            if (axis) {
                vn_ascan_row(c->s, &in, b.lo[0], y + step[1], z + step[2], w, n);
                vn_artifact_field(c->a, b.lo[0], y + step[1], z + step[2], h, n);
            }
            grow_row(c->s->l, u, axis ? w : u + 1, e, axis ? h : e + 1, n - step[0], c->sum + 2 * i);
        }
    vn_buf_free(&in);
    vn_free(u);
    return rc;
}

/* What scale still lacks, from what is left at the scale it has, and its standard error (jackknife over boxes). */
static int lacking(struct growth *c, int n, double *lack, double *error, struct vn_job *job, struct vn_err *err)
{
    double num = 0, den = 0, scatter = 0;
    int some = 0;                                          /* boxes in which E has steps */

    if (!(c->sum = vn_alloc(2 * (uint64_t)n * sizeof *c->sum, err)))
        return VN_E_MEMORY;
    const int rc = vn_job_for_quiet(job, n, growth_task, c, err);
    for (int b = 0; rc == 0 && b < n; b++) {
        num += c->sum[2 * b];
        den += c->sum[2 * b + 1];
        some += c->sum[2 * b + 1] > 0;
    }
    *lack = den > 0 ? num / den : 0;
    for (int b = 0; rc == 0 && b < n; b++) {
        const double d = c->sum[2 * b] - *lack * c->sum[2 * b + 1];
        scatter += d * d;
    }
    *error = some > 1 ? sqrt(scatter * some / (some - 1)) / den : INFINITY;
    vn_free(c->sum);
    return rc;
}

/* What E that is elsewhere seems to lack, rms: by how much vessels that happen to lie as E does mislead. */
static int elsewhere(const struct growth *here, int n, double *error, struct vn_job *job, struct vn_err *err)
{
    struct vn_artifact a = *here->a;
    struct growth c = *here;
    double sum = 0;
    int rc = 0;

    a.e = a.mul = a.add = NULL;
    a.value = vn_alloc((uint64_t)a.n_value * sizeof *a.value, err);
    c.a = &a;
    for (int k = 1; a.value && k <= SHIFTS && rc == 0; k++) {
        double lack, own;
        for (int64_t i = 0; i < a.n_value; i++)
            a.value[i] = here->a->value[(i + (int64_t)a.n_value * k / (SHIFTS + 1)) % a.n_value];
        if (!(rc = vn_artifact_ready(&a, 1, err)) && !(rc = lacking(&c, n, &lack, &own, job, err)))
            sum += lack * lack / SHIFTS;
    }
    *error = sqrt(sum);
    rc = a.value ? rc : VN_E_MEMORY;
    vn_free(a.value);
    vn_free(a.e);
    vn_free(a.mul);
    vn_free(a.add);
    return rc;
}

int vn_ascan_scale(const struct vn_ascan *s, struct vn_artifact *a, const int *axis, const struct vn_box *box, int n, struct vn_job *job, struct vn_err *err)
{
    struct growth c = { .s = s, .a = a, .axis = axis, .box = box };
    const double in_proportion = a->level > 0 ? 1 / a->level : 0;
    double lack = 1, error = 0;

    for (int pass = 0; pass < PASSES && fabs(lack) > 2 * error + 0.01 * in_proportion; pass++) {
        int rc = lacking(&c, n, &lack, &error, job, err);
        a->scale += lack;
        if (rc || (rc = vn_artifact_ready(a, 1, err)))
            return rc;
    }
    double near = 4 * error + 0.1 * in_proportion;
    const double off = fabs(a->scale - in_proportion);
    if (a->n_value > SHIFTS && fmin(off, fabs(a->scale)) >= near) {
        const int rc = elsewhere(&c, n, &error, job, err);
        if (rc)
            return rc;
        near = fmax(near, 4 * error + 0.1 * in_proportion);
    }
    const bool gain = a->kind != VN_CHECKERBOARD && fabs(a->scale) < near;          /* of slices and tiles, where both are possible */
    if (in_proportion > 0 && off < near && (gain || off < fabs(a->scale)))
        a->scale = in_proportion;
    else if (fabs(a->scale) < near)
        a->scale = 0;
    return vn_artifact_ready(a, 1, err);
}
