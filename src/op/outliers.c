/* outliers.c - voxels beyond the range of what an image shows. */
#include "outliers.h"
#include <math.h>
#include <stdio.h>
#include "hist.h"
#include "mem.h"

static const uint64_t MOST = (uint64_t)1 << 28;
static const double FARTHER = 256, ONE_IN = 20000;
/* Standard deviations that an outlier lies beyond at least: of one in 20000 that would be 139. */
static const double DEVIATIONS = 64;

static bool wide_type(enum vn_type t) { return vn_type_size(t) >= 4; }

/* False: none. */
static bool range_of(const struct vn_args *a, double range[2])
{
    const struct vn_arg *r = vn_args_has(a, "range") ? vn_arg(a, "range") : NULL;

    if (!r || r->i != 2)
        return false;
    range[0] = r->d[0];
    range[1] = r->d[1];
    return true;
}

static int check(const struct vn_args *a, struct vn_err *err)
{
    const struct vn_arg *r = vn_arg(a, "range");

    if (r->i == 2 ? r->d[0] < r->d[1] && isfinite(r->d[1] - r->d[0]) : r->i == 1 && r->d[0] == 0)
        return 0;
    return vn_fail(err, VN_E_ARG, "range=%s: it takes 2 grey values, LOW,HIGH, the first less than the second, or 0",
                   vn_args_text(a, "range"));
}

/* h: of stat_box. */
static int settle(struct vn_args *a, struct vn_vol *v, const struct vn_hist *h, const struct vn_box *stat_box,
                  struct vn_job *job, struct vn_err *err)
{
    const double last = (double)h->n - 1, k = 1 + floor((double)h->n / ONE_IN);
    const double places[3] = { k / last, 0.5, 1 - k / last };
    double q[3];
    char text[80] = "0";

    if (last > 2 * k && fmax(h->max - h->mean, h->mean - h->min) > DEVIATIONS * h->sd) {
        const int rc = vn_quantiles(v, stat_box, places, 3, q, job, err);
        if (rc)
            return rc;
        const double far = FARTHER * fmax(q[2] - q[1], q[1] - q[0]);
        if (far > 0 && (h->min < q[1] - far || h->max > q[1] + far))
            snprintf(text, sizeof text, "%.9g,%.9g", q[1] - far, q[1] + far);
    }
    return vn_args_set(a, "range", text, err);
}

int vn_outliers_settle(struct vn_args *a, struct vn_vol *v, const struct vn_box *stat_box, struct vn_job *job,
                       struct vn_err *err)
{
    const struct vn_hist *whole;
    struct vn_hist part = { 0 };
    int rc;

    if (vn_args_has(a, "range"))
        return check(a, err);
    if (!wide_type(v->src->type) || vn_box_count(stat_box) > MOST)
        return vn_args_set(a, "range", "0", err);
    if (vn_box_same(stat_box, &v->box))
        return (rc = vn_vol_hist(v, &whole, job, err)) ? rc : settle(a, v, whole, stat_box, job, err);
    if ((rc = vn_hist_box(v, stat_box, &part, job, err)))
        return rc;
    rc = settle(a, v, &part, stat_box, job, err);
    vn_hist_free(&part);
    return rc;
}

int vn_outliers_count(const struct vn_args *a, struct vn_vol *v, const struct vn_box *box, uint64_t *n,
                      struct vn_job *job, struct vn_err *err)
{
    struct vn_hist h = { 0 };
    uint64_t within = 0;
    double range[2];
    int rc;

    *n = 0;
    if (!range_of(a, range) || !wide_type(v->src->type))
        return 0;
    if ((rc = vn_hist_box(v, box, &h, job, err)))
        return rc;
    rc = vn_hist_linear(v, box, range[0], range[1], 1, &within, job, err);
    *n = h.n - within;
    vn_hist_free(&h);
    return rc;
}

/* ---- the volume without them ---- */

struct without { struct vn_src s; struct vn_vol *of; double range[2]; };

/* Not finite values stay as they are. */
static VN_HOT void row_f32(float low, float high, float middle, float *v, int64_t n)
{
    for (int64_t x = 0; x < n; x++)
        v[x] = (v[x] < low || v[x] > high) && v[x] - v[x] == 0.0f ? middle : v[x];
}

static void row_any(const struct without *w, enum vn_type t, void *v, int64_t n)
{
    const double middle = 0.5 * (w->range[0] + w->range[1]);
    const int64_t size = (int64_t)vn_type_size(t);

    for (int64_t x = 0; x < n; x++) {
        char *const at = (char *)v + x * size;
        double d;
        vn_convert_row(VN_F64, &d, t, at, 1);
        if ((d < w->range[0] || d > w->range[1]) && isfinite(d))
            vn_convert_row(t, at, VN_F64, &middle, 1);
    }
}

static int without_read(struct vn_src *s, int level, struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    const struct without *w = (struct without *)s;
    const struct vn_box *b = &dst->box;
    const int rc = vn_src_read(w->of->src, level, VN_PAD_ZERO, dst, job, err);

    for (int64_t z = b->lo[2]; rc == 0 && z < b->hi[2]; z++)
        for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
            char *row = (char *)dst->data + vn_buf_at(dst, b->lo[0], y, z) * (int64_t)vn_type_size(dst->type);
            if (dst->type == VN_F32)
                row_f32((float)w->range[0], (float)w->range[1], (float)(0.5 * (w->range[0] + w->range[1])),
                        (float *)(void *)row, vn_box_dim(b, 0));
            else
                row_any(w, dst->type, row, vn_box_dim(b, 0));
        }
    return rc;
}

static void without_free(struct vn_src *s)
{
    struct without *w = (struct without *)s;
    vn_vol_unref(w->of);
    vn_free(w);
}

struct vn_vol *vn_outliers_without(const struct vn_args *a, struct vn_vol *v, struct vn_err *err)
{
    static const struct vn_src_ops ops = { without_read, without_free };
    struct without *w;
    double range[2];

    if (!range_of(a, range) || !wide_type(v->src->type))
        return vn_vol_ref(v);
    if (!(w = vn_calloc(1, sizeof *w, err)))
        return NULL;
    vn_src_init_over(&w->s, &ops, v);
    w->of = vn_vol_ref(v);
    w->range[0] = range[0];
    w->range[1] = range[1];
    return vn_vol_wrap(v->kind, &w->s, err);
}

int vn_outliers_before(vn_prepare_fn prepare, struct vn_args *a, struct vn_vol *const *in,
                       const struct vn_box *stat_box, struct vn_job *job, struct vn_err *err)
{
    int rc = vn_outliers_settle(a, in[0], stat_box, job, err);

    if (rc)
        return rc;
    struct vn_vol *seen = vn_outliers_without(a, in[0], err);
    rc = seen ? vn_artifacts_before(prepare, a, &seen, stat_box, job, err) : VN_E_MEMORY;
    vn_vol_unref(seen);
    return rc;
}

struct vn_vol *vn_outliers_see(const struct vn_args *a, struct vn_vol *v, struct vn_err *err)
{
    struct vn_vol *seen = vn_outliers_without(a, v, err), *out = seen ? vn_artifacts_without(a, seen, err) : NULL;
    vn_vol_unref(seen);
    return out;
}
