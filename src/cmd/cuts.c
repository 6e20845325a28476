/* cuts.c - curves for the hand that moves a threshold: looked up at once, scored against the truth when it rests. */
#include "cuts.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "lee94.h"
#include "mem.h"
#include "op.h"
#include "overlap.h"

extern const struct vn_op vn_op_threshold, vn_op_hysteresis;

static int fetch(struct vn_session *s, const char *name, struct vn_vol **out, struct vn_job *job, struct vn_err *err)
{
    struct vn_obj *o = vn_session_get(s, name);
    const int rc = !o ? vn_fail(err, VN_E_ARG, "no object is named '%s'", name)
                 : !(o->kind & VN_VOLUMES) ? vn_fail(err, VN_E_ARG, "'%s' is no volume", name) : vn_obj_vol(s, o, out, job, err);
    vn_obj_unref(o);
    return rc;
}

/* The middle of box, smaller in all directions alike, of at most `most` voxels. */
static struct vn_box middle(const struct vn_box *box, double most)
{
    const double scale = fmin(1, cbrt(most / (double)vn_box_count(box)));
    struct vn_box b;
    for (int k = 0; k < 3; k++) {
        const int64_t all = vn_box_dim(box, k), n = vn_max64(1, (int64_t)floor((double)all * scale));
        b.lo[k] = box->lo[k] + (all - n) / 2;
        b.hi[k] = b.lo[k] + n;
    }
    return b;
}

void vn_cuts_free(struct vn_cuts *l)
{
    vn_curve_free(&l->curve);
    vn_bits_free(&l->truth);
    vn_bits_free(&l->line);
    *l = (struct vn_cuts){ .part = false };
}

int vn_cuts_of(struct vn_vol *v, const char *name, struct vn_vol *truth, const char *truth_name, const struct vn_box *roi,
               struct vn_cuts *out, struct vn_job *job, struct vn_err *err)
{
    enum { BYTES = 16 };                       /* a voxel: curve.h, and room for joins */
    struct vn_box box;
    bool assumed;

    *out = (struct vn_cuts){ .part = false };
    int rc = truth ? vn_grid_check(&v->grid, name, &truth->grid, truth_name, &assumed, err) : 0;
    if (rc)
        return rc;
    box = v->box;
    if ((roi && !vn_box_meet(&v->box, roi, &box)) || (truth && !vn_box_meet(&box, &truth->box, &box)))
        return vn_fail(err, VN_E_ARG, "%s has no voxel in the region%s%s", name, truth ? " and in " : "", truth ? truth_name : "");
    const uint64_t used = vn_mem_in_use(), budget = vn_mem_budget();
    const double room = (double)(budget > used ? budget - used : 0) / 2 / BYTES;
    out->box = middle(&box, fmin(VN_CUTS_VOXELS, fmax(room, 1)));
    out->part = !vn_box_same(&out->box, &box);
    const struct vn_curve_opt o = { .n = VN_CUTS, .auto_range = true, .connectivity = 26, .truth = truth };
    return vn_curve(v, &out->box, &o, &out->curve, job, err);
}

int vn_cuts_make(struct vn_session *s, const char *name, const char *truth, const struct vn_box *roi, struct vn_cuts *out,
                   struct vn_job *job, struct vn_err *err)
{
    struct vn_vol *v = NULL, *t = NULL;
    int rc = fetch(s, name, &v, job, err);

    *out = (struct vn_cuts){ .part = false };
    if (!rc && truth[0])
        rc = fetch(s, truth, &t, job, err);
    if (!rc)
        rc = vn_cuts_of(v, name, t, truth, roi, out, job, err);
    vn_vol_unref(v);
    vn_vol_unref(t);
    return rc;
}

int vn_cuts_at(const struct vn_cuts *l, double t)
{
    const struct vn_curve *c = &l->curve;
    int lo = -1, hi = c->n;
    while (hi - lo > 1) {
        const int at = lo + (hi - lo) / 2;
        *(c->threshold[at] <= t ? &lo : &hi) = at;
    }
    return lo;
}

/* Lee-94's skeleton of b, with one voxel of nothing around. */
static int skeleton(const struct vn_bits *b, struct vn_bits *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_buf m = { 0 };
    int rc = vn_buf_new(&m, VN_U8, &b->box, err);
    if (!rc && !(rc = vn_bits_to_buf(b, &m, job, err)) && !(rc = vn_lee94(&m, &m, job, err)))
        rc = vn_bits_from_buf(&m, out, job, err);
    vn_buf_free(&m);
    return rc;
}

static int mask_of(struct vn_vol *v, const struct vn_box *box, double low, double high, struct vn_bits *out, struct vn_job *job, struct vn_err *err)
{
    const struct vn_op *op = high > low ? &vn_op_hysteresis : &vn_op_threshold;
    struct vn_vol *m = NULL;
    struct vn_args a;
    char text[40];
    int rc = vn_args_init(&a, op->params, err);
    snprintf(text, sizeof text, "%.17g", low);
    if (!rc)
        rc = vn_args_set(&a, "low", text, err);
    snprintf(text, sizeof text, "%.17g", high);
    if (!rc && high > low)
        rc = vn_args_set(&a, "high", text, err);
    if (!rc && !(rc = vn_op_run(op, &a, (struct vn_vol *[4]){ v }, box, &m, NULL, job, err)))
        rc = vn_bits_read(m, box, out, job, err);
    vn_vol_unref(m);
    vn_args_free(&a);
    return rc;
}

int vn_cuts_score_of(struct vn_vol *v, struct vn_vol *truth, struct vn_cuts *l, double low, double high, double *dice, double *cldice,
                     struct vn_job *job, struct vn_err *err)
{
    struct vn_bits mask = { 0 }, line = { 0 };
    struct vn_overlap o;
    int rc = 0;

    if (!l->has_line) {
        vn_bits_free(&l->truth);
        vn_bits_free(&l->line);
        if (!(rc = vn_bits_read(truth, &l->box, &l->truth, job, err)))
            rc = skeleton(&l->truth, &l->line, job, err);
        l->has_line = !rc;
    }
    if (!rc && !(rc = mask_of(v, &l->box, low, high, &mask, job, err)) && !(rc = skeleton(&mask, &line, job, err))) {
        vn_overlap_count(&mask, &l->truth, 0, &o);
        *dice = o.dice;
        *cldice = vn_cldice(&mask, &l->truth, &line, &l->line);
    }
    vn_bits_free(&mask);
    vn_bits_free(&line);
    return rc;
}

int vn_cuts_score(struct vn_session *s, struct vn_cuts *l, const char *name, const char *truth, double low, double high, double *dice,
                  double *cldice, struct vn_job *job, struct vn_err *err)
{
    struct vn_vol *v = NULL, *t = NULL;
    int rc = fetch(s, name, &v, job, err);

    if (!rc && !(rc = fetch(s, truth, &t, job, err)))
        rc = vn_cuts_score_of(v, t, l, low, high, dice, cldice, job, err);
    vn_vol_unref(v);
    vn_vol_unref(t);
    return rc;
}
