/* tune.c - the chain with its intermediates.
 *
 *   in -> step 0 .. n - 1 -> field -> [low] pieces -> [high] cut -> [close, fill, open] shape -> [min_size] -> [gap] mask
 *
 * Each link has a key: its parameters and the key of the link before.  Pieces are the components of the field from low on with
 * the greatest value of each, so that high is a look-up; parts are the components of the shape with their sizes, so that
 * min_size is one. */
#include "tune.h"
#include <math.h>
#include <string.h>
#include "artifact.h"
#include "autothresh.h"
#include "clean.h"
#include "curve.h"
#include "estimate.h"
#include "filter.h"
#include "label.h"
#include "lee94.h"
#include "mem.h"

extern const struct vn_op vn_op_clean, vn_op_deartifact, vn_op_median, vn_op_segment;

enum { FROM_TURN = VN_TUNE_STEPS, FROM_FIELD, N_FROM };      /* where a run begins: at a step, at the turn of segment, after all steps */
struct link { struct vn_key key; bool made; };
struct ahead { struct link l; struct vn_args args; };       /* arguments with explicit values, before the step is made */
struct vn_tune {
    struct vn_vol *in;
    struct vn_box box;
    double um[3];                                   /* 0: not known */
    struct vn_breadth breadth;
    struct step { struct link l; struct vn_args settled; struct vn_vol *out; struct ahead ahead; } step[VN_TUNE_STEPS];
    struct artifacts { struct link l; char *found; } artifacts, seen;               /* seen: without which segment sees its input */
    struct parts { struct ahead ahead; const struct vn_op *after; struct link l; struct vn_buf contrast, around; } parts;    /* of segment, after a filter */
    struct vn_vol *field;
    struct link low; struct vn_runs piece; double *greatest; uint8_t *value;
    struct link high; struct vn_vol *cut;           /* its voxels are written anew for each setting */
    struct link shape; struct vn_buf shaped; struct vn_runs part; uint64_t *size;
    struct link found; struct vn_gaps gaps;         /* in what min_size leaves */
    struct link all; struct vn_vol *mask; struct vn_tune_numbers n;
    struct took { const struct vn_op *op; double ms; } took[N_FROM];      /* the last run that began there; 0: none did */
    bool has_truth;
    struct vn_buf truth, skeleton;                  /* 0 or 1; the skeleton when it is first asked for */
    uint64_t true_voxels;
};

/* ---- settings ---- */

void vn_tune_set_free(struct vn_tune_set *s)
{
    for (int i = 0; i < s->n_step; i++)
        vn_args_free(&s->step[i]);
    vn_args_free(&s->cut);
    vn_args_free(&s->clean);
    *s = (struct vn_tune_set){ 0 };
}

int vn_tune_set_copy(struct vn_tune_set *to, const struct vn_tune_set *from, struct vn_err *err)
{
    int rc = 0;
    *to = (struct vn_tune_set){ 0 };
    for (; to->n_step < from->n_step && !rc; to->n_step += !rc) {
        to->op[to->n_step] = from->op[to->n_step];
        rc = vn_args_copy(&to->step[to->n_step], &from->step[to->n_step], err);
    }
    if (!rc)
        rc = vn_args_copy(&to->cut, &from->cut, err);
    if (!rc)
        rc = vn_args_copy(&to->clean, &from->clean, err);
    to->gap = from->gap;
    to->min_score = from->min_score;
    if (rc)
        vn_tune_set_free(to);
    return rc;
}

/* ---- planes of u8 voxels ---- */

struct planes { const struct vn_buf *a, *b; struct vn_buf *to; double low; uint64_t *sum; };

static const void *row_of(const struct vn_buf *b, int64_t y, int64_t z)
{
    return (const char *)b->data + (z * b->stride[1] + y * b->stride[0]) * (int64_t)vn_type_size(b->type);
}

static VN_HOT void cut_f32(const float *restrict v, float low, uint8_t *restrict to, int64_t n)
{
    for (int64_t x = 0; x < n; x++)
        to[x] = v[x] >= low;
}

static int cut_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct planes *p = ctx;
    const int64_t n = vn_box_dim(&p->to->box, 0);
    const float low = (float)p->low, least = (double)low < p->low ? nextafterf(low, INFINITY) : low;
    (void)err;
    for (int64_t y = 0; y < vn_box_dim(&p->to->box, 1); y++) {
        uint8_t *to = (uint8_t *)p->to->data + z * p->to->stride[1] + y * p->to->stride[0];
        if (p->a->type == VN_F32)
            cut_f32(row_of(p->a, y, z), least, to, n);
        else
            for (int64_t x = 0; x < n; x++)
                to[x] = ((const double *)row_of(p->a, y, z))[x] >= p->low;
    }
    return 0;
}

static VN_HOT uint64_t count_both(const uint8_t *restrict a, const uint8_t *restrict b, int64_t n)
{
    uint32_t s = 0;
    for (int64_t x = 0; x < n; x++)
        s += (uint32_t)(a[x] & b[x]);
    return s;
}

static int both_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct planes *p = ctx;
    uint64_t s = 0;
    (void)err;
    for (int64_t y = 0; y < vn_box_dim(&p->a->box, 1); y++)
        s += count_both(row_of(p->a, y, z), row_of(p->b, y, z), vn_box_dim(&p->a->box, 0));
    p->sum[z] = s;
    return 0;
}

/* Voxels set in both masks of 0 and 1, which have one box. */
static int both(const struct vn_buf *a, const struct vn_buf *b, uint64_t *out, struct vn_job *job, struct vn_err *err)
{
    const int64_t nz = vn_box_dim(&a->box, 2);
    struct planes p = { .a = a, .b = b, .sum = vn_alloc((uint64_t)nz * sizeof *p.sum, err) };
    int rc = p.sum ? vn_job_for_quiet(job, nz, both_plane, &p, err) : VN_E_MEMORY;
    *out = 0;
    for (int64_t z = 0; z < nz && !rc; z++)
        *out += p.sum[z];
    vn_free(p.sum);
    return rc;
}

static int copy_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct planes *p = ctx;
    (void)err;
    for (int64_t y = 0; y < vn_box_dim(&p->to->box, 1); y++)
        memcpy((uint8_t *)p->to->data + z * p->to->stride[1] + y * p->to->stride[0], row_of(p->a, y, z), (size_t)vn_box_dim(&p->to->box, 0));
    return 0;
}

static int copy(const struct vn_buf *from, struct vn_buf *to, struct vn_job *job, struct vn_err *err)
{
    return vn_job_for_quiet(job, vn_box_dim(&to->box, 2), copy_plane, &(struct planes){ .a = from, .to = to }, err);
}

/* ---- the links ---- */

static bool fresh(const struct link *l, struct vn_key key) { return l->made && vn_key_same(l->key, key); }

/* Whether the link has to be made anew; it then counts as not made until made() says so. */
static bool stale(struct link *l, struct vn_key key)
{
    const bool same = fresh(l, key);
    if (!same)
        *l = (struct link){ key, false };
    return !same;
}

static struct vn_key first_key(const struct vn_tune *t) { return vn_key_add(vn_key_start(), &t->in->src->id, sizeof t->in->src->id); }

static struct vn_key step_key(const struct vn_op *op, const struct vn_args *a, struct vn_key before)
{
    return vn_key_add(vn_args_key(a, vn_key_str(before, op->name)), &op->version, sizeof op->version);
}

/* h: op's arguments a with explicit values, from `in`, whose key is given. */
static int settle(struct vn_tune *t, struct ahead *h, const struct vn_op *op, const struct vn_args *a, struct vn_vol *in, struct vn_key before,
                  struct vn_job *job, struct vn_err *err)
{
    if (!stale(&h->l, step_key(op, a, before)))
        return 0;
    vn_args_free(&h->args);
    int rc = vn_args_copy(&h->args, a, err);
    if (!rc && op->prepare)
        rc = op->prepare(&h->args, &in, vn_op_stat_box(&h->args, in, &t->box), job, err);
    h->l.made = !rc;
    return rc;
}

/* What segment's input is seen without depends on that alone. */
static int settle_seen(struct vn_tune *t, struct vn_args *a, struct vn_vol *in, struct vn_key before, struct vn_job *job, struct vn_err *err)
{
    struct artifacts *p = &t->seen;
    int rc = 0;

    if (vn_args_has(a, "artifacts"))
        return 0;
    if (stale(&p->l, vn_key_str(before, vn_args_text(a, "stats")))) {
        vn_free(p->found);
        p->found = NULL;
        rc = vn_artifacts_settle(a, in, vn_op_stat_box(a, in, &t->box), job, err);
        if (!rc && !(p->found = vn_strdup(vn_args_text(a, "artifacts"), err)))
            rc = VN_E_MEMORY;
        p->l.made = !rc;
    }
    return rc ? rc : vn_args_set(a, "artifacts", p->found, err);
}

/* The arguments of segment that neither contrast= nor local= nor edge= touches, settled.  *apart: what they touch can be told apart from the rest;
 * without noise the one settles the other. */
static int settle_parts(struct vn_tune *t, const struct vn_op *after, const struct vn_args *a, struct vn_vol *in, struct vn_key before, bool *apart,
                        struct vn_job *job, struct vn_err *err)
{
    struct vn_args plain;
    int rc = vn_args_copy(&plain, a, err);

    if (rc)
        return rc;
    vn_args_unset(&plain, "contrast");
    vn_args_unset(&plain, "local");
    vn_args_unset(&plain, "edge");
    if (!(rc = settle_seen(t, &plain, in, before, job, err)))
        rc = settle(t, &t->parts.ahead, &vn_op_segment, &plain, in, before, job, err);
    t->parts.after = after;
    vn_args_free(&plain);
    *apart = !rc && vn_args_real(&t->parts.ahead.args, "offset") != 0;
    return rc;
}

/* What is not given in a as it was settled. */
static int take_settled(struct vn_args *a, const struct vn_args *settled, struct vn_err *err)
{
    int rc = 0;
    for (int i = 0; i < a->n && !rc; i++)
        if (!a->v[i].has && vn_args_has(settled, a->params[i].name))
            rc = vn_args_set(a, a->params[i].name, vn_args_text(settled, a->params[i].name), err);
    return rc;
}

static bool has_parts(const struct vn_tune *t) { return t->parts.ahead.l.made && fresh(&t->parts.l, t->parts.ahead.l.key); }

/* The parts of segment for what is settled.  *fits: false where there is no room for them. */
static int take_parts_of_segment(struct vn_tune *t, struct vn_vol *in, bool *fits, struct vn_job *job, struct vn_err *err)
{
    struct parts *p = &t->parts;
    const struct vn_box wide = vn_box_grow(&t->box, vn_segment_reach);
    struct vn_box box;
    vn_box_meet(&wide, &in->box, &box);
    const uint64_t bytes = 8 * vn_box_count(&box), used = vn_mem_in_use(), budget = vn_mem_budget();
    int rc = 0;

    *fits = true;
    if (!stale(&p->l, p->ahead.l.key))
        return 0;
    if (p->contrast.data && !vn_box_same(&p->contrast.box, &box)) {
        vn_buf_free(&p->contrast);
        vn_buf_free(&p->around);
    }
    if (!p->contrast.data && (budget < used || bytes > (budget - used) / 4)) {
        *fits = false;
        return 0;
    }
    if (!p->contrast.data && !(rc = vn_buf_new(&p->contrast, VN_F32, &box, err)))
        rc = vn_buf_new(&p->around, VN_F32, &box, err);
    if (!rc)
        rc = vn_segment_parts(&p->ahead.args, in, &p->contrast, &p->around, job, err);
    p->l.made = !rc;
    return rc;
}

/* The probability over box from the parts; a: settled. */
static int turn_segment(struct vn_tune *t, const struct vn_args *a, struct vn_vol *in, const struct vn_box *box, struct vn_vol **out, struct vn_job *job,
                        struct vn_err *err)
{
    struct vn_vol *v = vn_vol_new(VN_PROB, VN_F32, &in->grid, box, err);
    if (!v)
        return VN_E_MEMORY;
    struct vn_buf to = vn_vol_data(v);
    const int rc = vn_segment_turn(a, in, &t->parts.contrast, &t->parts.around, &to, job, err);
    if (rc)
        vn_vol_unref(v);
    else
        *out = v;
    return rc;
}

/* What deartifact finds in `in`, whose key is given, does not depend on its strength. */
static int take_artifacts(struct vn_tune *t, struct vn_args *a, struct vn_vol *in, struct vn_key key, struct vn_job *job, struct vn_err *err)
{
    struct artifacts *p = &t->artifacts;
    struct vn_args plain;
    int rc = vn_args_copy(&plain, a, err);

    if (rc)
        return rc;
    vn_args_unset(&plain, "strength");
    if (stale(&p->l, vn_args_key(&plain, key))) {
        const bool whole = strcmp(vn_args_text(a, "stats"), "region");
        vn_free(p->found);
        p->found = NULL;
        rc = vn_op_deartifact.prepare(&plain, &in, whole ? &in->box : &t->box, job, err);
        if (!rc && !(p->found = vn_strdup(vn_args_text(&plain, "found"), err)))
            rc = VN_E_MEMORY;
        p->l.made = !rc;
    }
    vn_args_free(&plain);
    return rc ? rc : vn_args_set(a, "found", p->found, err);
}

static int run_step(struct vn_tune *t, struct vn_tune_set *s, int i, struct vn_vol *in, struct vn_key before, struct vn_job *job, struct vn_err *err)
{
    struct step *p = &t->step[i];
    const struct vn_op *op = s->op[i];
    struct vn_args *a = &s->step[i];
    bool apart = false, fits = false;
    int rc = op == &vn_op_deartifact ? take_artifacts(t, a, in, before, job, err) :
             op == &vn_op_segment ? settle_parts(t, i ? s->op[i - 1] : NULL, a, in, before, &apart, job, err) : 0;
    if (!rc && apart && !(rc = take_settled(a, &t->parts.ahead.args, err)))
        rc = take_parts_of_segment(t, in, &fits, job, err);
    if (!rc && !apart && fresh(&p->ahead.l, step_key(op, a, before)))
        rc = take_settled(a, &p->ahead.args, err);
    if (rc)
        return rc;
    return fits ? turn_segment(t, a, in, &t->box, &p->out, job, err) : vn_op_run(op, a, &in, &t->box, &p->out, NULL, job, err);
}

static int take_steps(struct vn_tune *t, struct vn_tune_set *s, struct vn_key *key, struct vn_job *job, struct vn_err *err)
{
    struct vn_vol *in = t->in;
    int rc = 0;
    for (int i = 0; i < s->n_step && !rc; i++) {
        struct step *p = &t->step[i];
        const struct vn_key before = *key;
        *key = step_key(s->op[i], &s->step[i], before);
        if (stale(&p->l, *key)) {
            vn_vol_unref(p->out);
            p->out = NULL;
            vn_args_free(&p->settled);
            rc = run_step(t, s, i, in, before, job, err);
            if (!rc)
                rc = vn_args_copy(&p->settled, &s->step[i], err);
            p->l.made = !rc;
        } else {
            struct vn_args settled;
            if (!(rc = vn_args_copy(&settled, &p->settled, err))) {
                vn_args_free(&s->step[i]);
                s->step[i] = settled;
            }
        }
        in = p->out;
    }
    t->field = rc ? NULL : in;
    return rc;
}

/* The greatest value of each piece; vn_free'd by the caller. */
static double *greatest_of(const struct vn_runs *r, const struct vn_buf *field, struct vn_err *err)
{
    const int64_t ny = vn_box_dim(&r->box, 1);
    double *greatest = vn_alloc(((uint64_t)r->count + 1) * sizeof *greatest, err);

    for (uint32_t i = 0; greatest && i < r->count; i++)
        greatest[i] = -INFINITY;
    for (int64_t row = 0; greatest && row < r->n_row; row++) {
        const void *v = row_of(field, row % ny, row / ny);
        for (uint32_t k = r->row[row]; k < r->row[row + 1]; k++) {
            double *g = &greatest[r->label[k] - 1];
            for (uint32_t x = r->run[k].x0; x < r->run[k].x1; x++) {
                const double d = field->type == VN_F32 ? (double)((const float *)v)[x] : ((const double *)v)[x];
                *g = d > *g ? d : *g;
            }
        }
    }
    return greatest;
}

/* The type in which a field is cut. */
static enum vn_type cut_type(const struct vn_vol *field)
{
    const enum vn_type t = field->src->type;
    return t == VN_U32 || t == VN_I32 || t == VN_F64 ? VN_F64 : VN_F32;
}

/* Where the field is at least low: into a u8 buffer, and its pieces. */
static int cut_low(const struct vn_buf *field, double low, struct vn_buf *to, struct vn_runs *piece, struct vn_job *job, struct vn_err *err)
{
    int rc = vn_job_for_quiet(job, vn_box_dim(&to->box, 2), cut_plane, &(struct planes){ .a = field, .to = to, .low = low }, err);
    if (!rc)
        rc = vn_runs_build(to, false, piece, job, err);
    return rc ? rc : vn_runs_label(piece, 26, job, err);
}

static int find_pieces(struct vn_tune *t, double low, struct vn_job *job, struct vn_err *err)
{
    struct vn_buf field = { 0 }, to;
    int rc = 0;

    vn_runs_free(&t->piece);
    vn_free(t->greatest);
    vn_free(t->value);
    t->greatest = NULL;
    t->value = NULL;
    t->high.made = false;
    if (!t->cut && !(t->cut = vn_vol_new(VN_MASK, VN_U8, &t->field->grid, &t->box, err)))
        return VN_E_MEMORY;
    to = vn_vol_data(t->cut);
    rc = vn_vol_map(t->field, cut_type(t->field), &t->box, VN_PAD_ZERO, &field, job, err);
    if (!rc)
        rc = cut_low(&field, low, &to, &t->piece, job, err);
    if (!rc && (!(t->greatest = greatest_of(&t->piece, &field, err)) || !(t->value = vn_alloc((uint64_t)t->piece.count + 1, err))))
        rc = VN_E_MEMORY;
    vn_buf_free(&field);
    t->low.made = !rc;
    return rc;
}

static double high_of(const struct vn_args *cut) { return vn_args_has(cut, "high") ? vn_args_real(cut, "high") : -INFINITY; }

/* The threshold: pieces whose greatest value reaches high, or all. */
static int take_cut(struct vn_tune *t, struct vn_tune_set *s, struct vn_key *key, struct vn_job *job, struct vn_err *err)
{
    int rc = vn_threshold_resolve(&s->cut, t->field, &t->field->box, job, err);
    if (rc)
        return rc;
    const double low = vn_args_real(&s->cut, "low"), high = high_of(&s->cut);

    *key = vn_key_add(*key, &low, sizeof low);
    if (stale(&t->low, *key) && (rc = find_pieces(t, low, job, err)))
        return rc;
    *key = vn_key_add(*key, &high, sizeof high);
    if (!stale(&t->high, *key))
        return 0;
    struct vn_buf to = vn_vol_data(t->cut);
    for (uint32_t i = 0; i < t->piece.count; i++)
        t->value[i] = t->greatest[i] >= high;
    rc = vn_runs_paint(&t->piece, t->value, &to, job, err);
    t->high.made = !rc;
    return rc;
}

static int take_shape(struct vn_tune *t, struct vn_tune_set *s, struct vn_key *key, struct vn_job *job, struct vn_err *err)
{
    struct vn_vol *in[1] = { t->cut };
    const struct vn_buf cut = vn_vol_data(t->cut);
    struct vn_args shape;
    int rc = vn_op_clean.prepare(&s->clean, in, &t->box, job, err);

    if (rc || (rc = vn_args_copy(&shape, &s->clean, err)))
        return rc;
    vn_args_unset(&shape, "min_size");
    *key = vn_args_key(&shape, *key);
    vn_args_free(&shape);
    if (!stale(&t->shape, *key))
        return 0;
    vn_runs_free(&t->part);
    vn_free(t->size);
    t->size = NULL;
    if (!t->shaped.data)
        rc = vn_buf_new(&t->shaped, VN_U8, &t->box, err);
    if (!rc)
        rc = copy(&cut, &t->shaped, job, err);
    if (!rc && !vn_clean_shape_none(&s->clean))
        rc = vn_clean_shape(&s->clean, t->um, &t->shaped, job, err);
    if (!rc)
        rc = vn_runs_build(&t->shaped, false, &t->part, job, err);
    if (!rc)
        rc = vn_runs_label(&t->part, 26, job, err);
    if (!rc)
        rc = vn_runs_sizes(&t->part, &t->size, job, err);
    t->shape.made = !rc;
    return rc;
}

/* The mask: parts of at least min_size voxels. */
static int take_parts(struct vn_tune *t, uint64_t least, struct vn_job *job, struct vn_err *err)
{
    struct vn_vol *mask = vn_vol_new(VN_MASK, VN_U8, &t->field->grid, &t->box, err);
    uint8_t *value = vn_alloc((uint64_t)t->part.count + 1, err);
    struct vn_tune_numbers n = { .total = vn_box_count(&t->box) };
    struct vn_buf to;
    bool drops = false;
    int rc = mask && value ? 0 : VN_E_MEMORY;

    for (uint32_t i = 0; i < t->part.count && !rc; i++) {
        const bool stays = t->size[i] >= least;
        value[i] = stays ? 0xff : 0;
        drops = drops || !stays;
        n.voxels += stays ? t->size[i] : 0;
        n.components += stays;
    }
    if (!rc) {
        to = vn_vol_data(mask);
        rc = copy(&t->shaped, &to, job, err);
    }
    if (!rc && drops)
        rc = vn_runs_paint(&t->part, value, &to, job, err);
    vn_free(value);
    if (rc) {
        vn_vol_unref(mask);
        return rc;
    }
    vn_vol_unref(t->mask);
    t->mask = mask;
    t->n = n;
    return 0;
}

static int rule_of(const struct vn_tune *t, const struct vn_tune_set *s, struct vn_gaps_rule *r, struct vn_err *err)
{
    const bool known = t->um[0] > 0;
    *r = (struct vn_gaps_rule){ .gap = s->gap.v, .um = known && s->gap.unit != VN_VOX, .min_score = s->min_score };
    return s->gap.unit == VN_UM && !known ? vn_fail(err, VN_E_ARG, "gap=%gum is in um, but the voxel size is not known: give voxels (gap=%gvox)",
                                                    s->gap.v, s->gap.v) : 0;
}

/* Bridges into the mask, which nobody has yet; key: of the mask without them. */
static int take_bridges(struct vn_tune *t, const struct vn_gaps_rule *rule, struct vn_key key, struct vn_job *job, struct vn_err *err)
{
    struct vn_buf m = vn_vol_data(t->mask);
    const struct vn_gaps_in in = { .mask = &m, .um = { t->um[0], t->um[1], t->um[2] }, .image = t->in, .reach = vn_gaps_reach(rule, t->um) };
    struct vn_runs part = { 0 };
    int64_t taken, voxels = 0;
    int rc = 0;
    if (stale(&t->found, vn_key_add(key, &in.reach, sizeof in.reach))) {
        vn_gaps_free(&t->gaps);
        rc = vn_gaps_find(&in, &t->gaps, job, err);
        t->found.made = !rc;
    }
    if (!rc)
        rc = vn_gaps_select(&t->gaps, rule, &taken, err);
    if (!rc)
        rc = vn_gaps_draw(&t->gaps, t->um, &m, &voxels, job, err);
    if (!rc && voxels && !(rc = vn_runs_build(&m, false, &part, job, err)) && !(rc = vn_runs_label(&part, 26, job, err)))
        t->n.components = part.count;
    t->n.voxels += (uint64_t)voxels;
    vn_runs_free(&part);
    return rc;
}

static int measure(struct vn_tune *t, struct vn_job *job, struct vn_err *err)
{
    const struct vn_buf m = vn_vol_data(t->mask);
    struct vn_tune_numbers *n = &t->n;
    double edge = 1;
    uint64_t hit = 0;
    int rc = vn_breadth_mask(&t->breadth, &m, &n->length, &n->euler, job, err);

    if (!rc && t->has_truth)
        rc = both(&m, &t->truth, &hit, job, err);
    n->um = t->um[0] > 0;
    for (int k = 0; k < 3 && n->um; k++)
        edge *= t->um[k];
    n->density = n->length / ((double)n->total * edge) * (n->um ? 1e3 : 1);        /* um / um^3 = 1000 m / mm^3 */
    n->dice = t->has_truth && n->voxels + t->true_voxels ? (double)(2 * hit) / (double)(n->voxels + t->true_voxels) : NAN;
    n->cldice = NAN;
    return rc;
}

/* ---- a part ahead of the rest ----
 *
 * The steps that have to be made anew are made around the part alone.  What they need of the whole of their input is taken from it
 * where that is there already, else from around the part.  Further than AHEAD voxels no step is given more than its input mirrored.
 * What lies in a piece that goes on beyond what was made is decided as it was before. */

enum { AHEAD = 8, CONTEXT = 4, MOST_CONTEXT = 12 };       /* voxels around what a step makes; around the part, to cut and clean it */

static struct vn_box grown(const struct vn_box *b, int64_t by, const struct vn_box *within)
{
    const int64_t halo[3] = { by, by, by };
    struct vn_box g = vn_box_grow(b, halo);
    vn_box_meet(&g, within, &g);
    return g;
}

/* Around part, what is cut and cleaned. */
static struct vn_box context_of(const struct vn_tune *t, const struct vn_tune_set *s, const struct vn_box *part)
{
    double most = 0, vox;
    for (int k = 0; k < 3; k++) {
        if (!vn_args_length_vox(&s->clean, "close", 0, t->um, k, &vox, NULL))
            most = fmax(most, vox);
        if (!vn_args_length_vox(&s->clean, "open", 0, t->um, k, &vox, NULL))
            most = fmax(most, vox);
    }
    return grown(part, (int64_t)fmin(CONTEXT + ceil(2 * most), MOST_CONTEXT), &t->box);
}

/* The voxels of box as a volume of their own. */
static int take_box(struct vn_vol *v, const struct vn_box *box, struct vn_vol **out, struct vn_job *job, struct vn_err *err)
{
    if (vn_box_same(box, &v->box)) {
        *out = vn_vol_ref(v);
        return 0;
    }
    struct vn_vol *part = vn_vol_new(v->kind, v->src->type, &v->grid, box, err);
    if (!part)
        return VN_E_MEMORY;
    struct vn_buf to = vn_vol_data(part);
    const int rc = vn_vol_read(v, VN_PAD_ZERO, &to, job, err);
    if (rc)
        vn_vol_unref(part);
    else
        *out = part;
    return rc;
}

/* Step i's arguments from what was made around the part.  Those of segment, after a filter that is turned, as they were settled last; but
 * one voxel more of a median's radius changes the noise too much for that. */
static int settle_near(struct vn_tune *t, struct vn_tune_set *s, int i, struct vn_vol *in, struct vn_job *job, struct vn_err *err)
{
    const struct vn_op *op = s->op[i];
    if (op == &vn_op_segment && t->parts.ahead.l.made && t->parts.after == s->op[i - 1] && s->op[i - 1] != &vn_op_median)
        return take_settled(&s->step[i], &t->parts.ahead.args, err);
    if (op == &vn_op_segment && !vn_args_has(&s->step[i], "artifacts")) {            /* those found before are there still */
        const int rc = vn_args_set(&s->step[i], "artifacts", t->seen.found ? t->seen.found : "0", err);
        if (rc)
            return rc;
    }
    return op->prepare ? op->prepare(&s->step[i], &in, &in->box, job, err) : 0;
}

/* Step i over box. first: `in` is the whole input, whose key is given; else as much of it as was made. */
static int step_part(struct vn_tune *t, struct vn_tune_set *s, int i, bool first, struct vn_vol *in, struct vn_key before, const struct vn_box *box,
                     struct vn_vol **out, struct vn_job *job, struct vn_err *err)
{
    const struct vn_op *op = s->op[i];
    struct vn_args *a = &s->step[i];
    struct vn_vol *near = NULL;
    struct vn_plan p;
    bool apart = false;
    int rc = 0;

    if (op == &vn_op_deartifact && !first)               /* what was found before is there still */
        rc = t->artifacts.found ? vn_args_set(a, "found", t->artifacts.found, err) : 0;
    else if (op == &vn_op_deartifact)
        rc = take_artifacts(t, a, in, before, job, err);
    else if (!first)
        rc = settle_near(t, s, i, in, job, err);
    else if (op == &vn_op_segment && !(rc = settle_parts(t, i ? s->op[i - 1] : NULL, a, in, before, &apart, job, err)) && apart)
        rc = take_settled(a, &t->parts.ahead.args, err);
    if (!rc && first && op != &vn_op_deartifact && !apart && !(rc = settle(t, &t->step[i].ahead, op, a, in, before, job, err)))
        rc = take_settled(a, &t->step[i].ahead.args, err);
    if (rc)
        return rc;
    if (op == &vn_op_deartifact && !vn_args_has(a, "found"))
        return take_box(in, box, out, job, err);
    if (apart && has_parts(t))
        return turn_segment(t, a, in, box, out, job, err);
    if ((rc = op->plan(a, &in, box, &p, err)))
        return rc;
    const struct vn_box around = grown(box, AHEAD, &in->box);
    if (p.halo[0] > AHEAD || p.halo[1] > AHEAD || p.halo[2] > AHEAD) {
        if ((rc = take_box(in, &around, &near, job, err)))
            return rc;
        in = near;
    }
    rc = vn_op_run(op, a, &in, box, out, NULL, job, err);
    vn_vol_unref(near);
    return rc;
}

/* What is cut, over box. */
static int field_part(struct vn_tune *t, struct vn_tune_set *s, const struct vn_box *box, struct vn_vol **out, struct vn_job *job, struct vn_err *err)
{
    struct vn_key key = first_key(t), next;
    struct vn_vol *in = t->in, *made = NULL, *more;
    int first = 0, rc = 0;

    for (; first < s->n_step && fresh(&t->step[first].l, next = step_key(s->op[first], &s->step[first], key)); first++) {
        in = t->step[first].out;
        key = next;
    }
    if (first == s->n_step)
        return take_box(in, box, out, job, err);
    for (int i = first; i < s->n_step && !rc; i++) {
        const struct vn_box part = grown(box, AHEAD * (s->n_step - 1 - i), &t->box);
        rc = step_part(t, s, i, i == first, i == first ? in : made, key, &part, &more, job, err);
        vn_vol_unref(made);
        made = rc ? NULL : more;
    }
    *out = made;
    return rc;
}

/* Of each component: whether it reaches a face behind which the region goes on, and some of it was set before. */
static bool *go_on(const struct vn_tune *t, const struct vn_runs *r, const struct vn_buf *before, struct vn_err *err)
{
    const struct vn_box *b = &r->box, *all = &t->box;
    const int64_t ny = vn_box_dim(b, 1), nz = vn_box_dim(b, 2);
    const bool lo[3] = { b->lo[0] > all->lo[0], b->lo[1] > all->lo[1], b->lo[2] > all->lo[2] };
    const bool hi[3] = { b->hi[0] < all->hi[0], b->hi[1] < all->hi[1], b->hi[2] < all->hi[2] };
    uint8_t *is = vn_calloc((uint64_t)r->count + 1, 1, err);
    bool *both_are = is ? vn_alloc(((uint64_t)r->count + 1) * sizeof *both_are, err) : NULL;

    for (int64_t row = 0; both_are && row < r->n_row; row++) {
        const int64_t y = row % ny, z = row / ny;
        const uint8_t *was = row_of(before, y, z);
        const bool open = (lo[1] && y == 0) || (hi[1] && y == ny - 1) || (lo[2] && z == 0) || (hi[2] && z == nz - 1);
        for (uint32_t k = r->row[row]; k < r->row[row + 1]; k++) {
            const struct vn_run n = r->run[k];
            uint8_t *c = &is[r->label[k] - 1];
            *c |= open || (lo[0] && n.x0 == 0) || (hi[0] && n.x1 == (uint32_t)vn_box_dim(b, 0)) ? 1 : 0;
            *c |= memchr(was + n.x0, 1, n.x1 - n.x0) ? 2 : 0;
        }
    }
    for (uint32_t i = 0; both_are && i < r->count; i++)
        both_are[i] = is[i] == 3;
    vn_free(is);
    return both_are;
}

/* Pieces of at least low that reach high, as a mask. */
static int cut_part(struct vn_tune *t, struct vn_tune_set *s, struct vn_vol *field, const struct vn_buf *before, struct vn_buf *mask, struct vn_job *job,
                    struct vn_err *err)
{
    struct vn_buf v = { 0 };
    struct vn_runs piece = { 0 };
    double *greatest = NULL;
    uint8_t *value = NULL;
    bool *stay = NULL;
    int rc = vn_threshold_resolve(&s->cut, field, &field->box, job, err);

    if (!rc)
        rc = vn_vol_map(field, cut_type(field), &field->box, VN_PAD_ZERO, &v, job, err);
    if (!rc)
        rc = cut_low(&v, vn_args_real(&s->cut, "low"), mask, &piece, job, err);
    if (!rc && (!(greatest = greatest_of(&piece, &v, err)) || !(stay = go_on(t, &piece, before, err)) ||
                !(value = vn_alloc((uint64_t)piece.count + 1, err))))
        rc = VN_E_MEMORY;
    for (uint32_t i = 0; i < piece.count && !rc; i++)
        value[i] = greatest[i] >= high_of(&s->cut) || stay[i];
    if (!rc)
        rc = vn_runs_paint(&piece, value, mask, job, err);
    vn_buf_free(&v);
    vn_runs_free(&piece);
    vn_free(greatest);
    vn_free(value);
    vn_free(stay);
    return rc;
}

/* clean, in place. */
static int clean_part(struct vn_tune *t, struct vn_tune_set *s, struct vn_vol *cut, const struct vn_buf *before, struct vn_buf *mask, struct vn_job *job,
                      struct vn_err *err)
{
    struct vn_runs part = { 0 };
    uint64_t *size = NULL;
    uint8_t *value = NULL;
    bool *stay = NULL;
    int rc = vn_op_clean.prepare(&s->clean, &cut, &cut->box, job, err);

    if (!rc && !vn_clean_shape_none(&s->clean))
        rc = vn_clean_shape(&s->clean, t->um, mask, job, err);
    if (!rc && !(rc = vn_runs_build(mask, false, &part, job, err)) && !(rc = vn_runs_label(&part, 26, job, err)))
        rc = vn_runs_sizes(&part, &size, job, err);
    if (!rc && (!(stay = go_on(t, &part, before, err)) || !(value = vn_alloc((uint64_t)part.count + 1, err))))
        rc = VN_E_MEMORY;
    for (uint32_t i = 0; i < part.count && !rc; i++)
        value[i] = stay[i] || size[i] >= (uint64_t)vn_args_int(&s->clean, "min_size") ? 0xff : 0;
    if (!rc)
        rc = vn_runs_paint(&part, value, mask, job, err);
    vn_runs_free(&part);
    vn_free(size);
    vn_free(value);
    vn_free(stay);
    return rc;
}

/* The last mask's bridges, where there are any, as new ones are looked for in the whole alone. */
static void keep_bridges(const struct vn_tune *t, struct vn_buf *to)
{
    const struct vn_buf mask = vn_vol_data(t->mask), was = vn_buf_view(&mask, &to->box), shaped = vn_buf_view(&t->shaped, &to->box);
    for (int64_t z = 0; z < vn_box_dim(&to->box, 2); z++)
        for (int64_t y = 0; y < vn_box_dim(&to->box, 1); y++) {
            const uint8_t *w = row_of(&was, y, z), *b = row_of(&shaped, y, z);
            uint8_t *v = (uint8_t *)to->data + z * to->stride[1] + y * to->stride[0];
            for (int64_t x = 0; x < vn_box_dim(&to->box, 0); x++)
                v[x] |= w[x] & !b[x];
        }
}

double vn_tune_ahead(const struct vn_tune *t, const struct vn_tune_set *s, const struct vn_box *part)
{
    const struct vn_box box = context_of(t, s, part), made = grown(&box, AHEAD, &t->box);
    return (double)vn_box_count(&made) / (double)vn_box_count(&t->box);
}

int vn_tune_part(struct vn_tune *t, struct vn_tune_set *s, struct vn_vol *before, struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    const struct vn_box box = context_of(t, s, &out->box);
    struct vn_vol *field = NULL, *cut = NULL;
    struct vn_buf was = { 0 }, mask;
    int rc = field_part(t, s, &box, &field, job, err);

    if (!rc)
        rc = vn_vol_map(before, VN_U8, &box, VN_PAD_ZERO, &was, job, err);
    if (!rc && !(cut = vn_vol_new(VN_MASK, VN_U8, &t->in->grid, &box, err)))
        rc = VN_E_MEMORY;
    if (!rc) {
        mask = vn_vol_data(cut);
        rc = cut_part(t, s, field, &was, &mask, job, err);
    }
    if (!rc)
        rc = clean_part(t, s, cut, &was, &mask, job, err);
    if (!rc) {
        const struct vn_buf part = vn_buf_view(&mask, &out->box);
        rc = copy(&part, out, job, err);
    }
    if (!rc && s->gap.v > 0 && t->all.made && t->shape.made)
        keep_bridges(t, out);
    vn_buf_free(&was);
    vn_vol_unref(field);
    vn_vol_unref(cut);
    return rc;
}

/* ---- clDice ---- */

/* The Lee-94 skeleton of a mask, over its box. */
static int skeleton_of(const struct vn_buf *mask, struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    const int rc = vn_buf_new(out, VN_U8, &mask->box, err);
    return rc ? rc : vn_lee94(mask, out, job, err);
}

static double ratio(uint64_t a, uint64_t b) { return b ? (double)a / (double)b : NAN; }

int vn_tune_cldice(struct vn_tune *t, const struct vn_vol *mask, double *cldice, struct vn_job *job, struct vn_err *err)
{
    const struct vn_buf m = vn_vol_data(mask);
    struct vn_buf skeleton = { 0 };
    uint64_t n[4];
    int rc = 0;

    *cldice = NAN;
    if (!t->has_truth)
        return 0;
    if (!t->skeleton.data && (rc = skeleton_of(&t->truth, &t->skeleton, job, err)))
        vn_buf_free(&t->skeleton);
    if (!rc)
        rc = skeleton_of(&m, &skeleton, job, err);
    if (!rc && !(rc = both(&skeleton, &t->truth, &n[0], job, err)) && !(rc = both(&skeleton, &skeleton, &n[1], job, err)) &&
        !(rc = both(&t->skeleton, &m, &n[2], job, err)))
        rc = both(&t->skeleton, &t->skeleton, &n[3], job, err);
    vn_buf_free(&skeleton);
    if (rc)
        return rc;
    const double a = ratio(n[0], n[1]), b = ratio(n[2], n[3]);
    *cldice = a + b > 0 ? 2 * a * b / (a + b) : NAN;
    return 0;
}

/* ---- all of it ---- */

/* Where a run of s begins: FROM_*, or the number of a step. */
static int begin_of(const struct vn_tune *t, const struct vn_tune_set *s)
{
    struct vn_key key = first_key(t), before = key;
    struct vn_args plain;
    int i = 0;
    while (i < s->n_step && fresh(&t->step[i].l, key = step_key(s->op[i], &s->step[i], before))) {
        before = key;
        i++;
    }
    if (i == s->n_step || s->op[i] != &vn_op_segment || !has_parts(t) || vn_args_copy(&plain, &s->step[i], NULL))
        return i == s->n_step ? FROM_FIELD : i;
    vn_args_unset(&plain, "contrast");
    vn_args_unset(&plain, "local");
    vn_args_unset(&plain, "edge");
    key = step_key(s->op[i], &plain, before);
    vn_args_free(&plain);
    return vn_key_same(key, t->parts.l.key) ? FROM_TURN : i;
}

double vn_tune_expect(const struct vn_tune *t, const struct vn_tune_set *s)
{
    const int begins = begin_of(t, s);
    const struct took *k = &t->took[begins];
    return k->ms > 0 && (begins >= FROM_TURN || k->op == s->op[begins]) ? k->ms : INFINITY;
}

int vn_tune_run(struct vn_tune *t, struct vn_tune_set *s, struct vn_vol **mask, struct vn_tune_numbers *n, struct vn_job *job,
                struct vn_err *err)
{
    const double from = vn_rate_clock();
    struct vn_key key = first_key(t);
    const int begins = begin_of(t, s);
    const struct vn_op *op = begins < s->n_step ? s->op[begins] : NULL;
    int rc = take_steps(t, s, &key, job, err);

    if (!rc)
        rc = take_cut(t, s, &key, job, err);
    if (!rc)
        rc = take_shape(t, s, &key, job, err);
    if (rc)
        return rc;
    const uint64_t least = (uint64_t)vn_args_int(&s->clean, "min_size");
    struct vn_gaps_rule rule;
    if ((rc = rule_of(t, s, &rule, err)))
        return rc;
    key = vn_key_add(key, &least, sizeof least);
    const double repair[3] = { rule.gap, rule.um, rule.gap > 0 ? rule.min_score : 0 };
    if (stale(&t->all, vn_key_add(key, repair, sizeof repair))) {
        rc = take_parts(t, least, job, err);
        if (!rc && rule.gap > 0)
            rc = take_bridges(t, &rule, key, job, err);
        if (!rc)
            rc = measure(t, job, err);
        t->all.made = !rc;
    }
    if (rc)
        return rc;
    const double ms = 1e3 * (vn_rate_clock() - from);
    t->took[begins] = (struct took){ op, begins == FROM_FIELD ? fmax(ms, t->took[begins].ms) : ms };      /* which begin in many places */
    *mask = vn_vol_ref(t->mask);
    *n = t->n;
    return 0;
}

struct vn_vol *vn_tune_field(const struct vn_tune *t) { return t->field ? vn_vol_ref(t->field) : NULL; }

struct truth { struct vn_tune *t; const struct vn_buf *in; };

static int truth_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct truth *c = ctx;
    const int64_t n = vn_box_dim(&c->t->box, 0);
    double *v = vn_alloc((uint64_t)n * sizeof *v, err);
    if (!v)
        return VN_E_MEMORY;
    for (int64_t y = 0; y < vn_box_dim(&c->t->box, 1); y++) {
        uint8_t *to = (uint8_t *)c->t->truth.data + z * c->t->truth.stride[1] + y * c->t->truth.stride[0];
        vn_convert_row(VN_F64, v, c->in->type, row_of(c->in, y, z), n);
        for (int64_t x = 0; x < n; x++)
            to[x] = v[x] != 0 && v[x] == v[x];
    }
    vn_free(v);
    return 0;
}

static int read_truth(struct vn_tune *t, struct vn_vol *truth, struct vn_job *job, struct vn_err *err)
{
    struct vn_buf in = { 0 };
    int rc = vn_grid_check(&t->in->grid, "the volume", &truth->grid, "the truth", NULL, err);

    if (!rc && !vn_box_contains(&truth->box, &t->box))
        rc = vn_fail(err, VN_E_ARG, "the truth covers %lld:%lld,%lld:%lld,%lld:%lld and not all of what is tuned; 'roi' chooses a region",
                     (long long)truth->box.lo[0], (long long)truth->box.hi[0], (long long)truth->box.lo[1], (long long)truth->box.hi[1],
                     (long long)truth->box.lo[2], (long long)truth->box.hi[2]);
    if (!rc)
        rc = vn_buf_new(&t->truth, VN_U8, &t->box, err);
    if (!rc)
        rc = vn_vol_map(truth, truth->src->type, &t->box, VN_PAD_ZERO, &in, job, err);
    if (!rc)
        rc = vn_job_for_quiet(job, vn_box_dim(&t->box, 2), truth_plane, &(struct truth){ t, &in }, err);
    vn_buf_free(&in);
    if (!rc)
        rc = both(&t->truth, &t->truth, &t->true_voxels, job, err);
    t->has_truth = true;
    return rc;
}

struct vn_tune *vn_tune_new(struct vn_vol *in, struct vn_vol *truth, const struct vn_box *box, struct vn_job *job, struct vn_err *err)
{
    struct vn_tune *t = vn_calloc(1, sizeof *t, err);
    if (!t)
        return NULL;
    const bool um = vn_um_known(&in->grid);
    t->in = vn_vol_ref(in);
    t->box = *box;
    for (int k = 0; k < 3 && um; k++)
        t->um[k] = in->grid.um[k];
    vn_breadth_init(&t->breadth, (const double[3]){ um ? t->um[0] : 1, um ? t->um[1] : 1, um ? t->um[2] : 1 }, 26);
    if (truth && read_truth(t, truth, job, err)) {
        vn_tune_free(t);
        return NULL;
    }
    return t;
}

void vn_tune_free(struct vn_tune *t)
{
    if (!t)
        return;
    for (int i = 0; i < VN_TUNE_STEPS; i++) {
        vn_vol_unref(t->step[i].out);
        vn_args_free(&t->step[i].settled);
        vn_args_free(&t->step[i].ahead.args);
    }
    vn_args_free(&t->parts.ahead.args);
    vn_free(t->artifacts.found);
    vn_free(t->seen.found);
    vn_buf_free(&t->parts.contrast);
    vn_buf_free(&t->parts.around);
    vn_vol_unref(t->in);
    vn_vol_unref(t->cut);
    vn_vol_unref(t->mask);
    vn_runs_free(&t->piece);
    vn_runs_free(&t->part);
    vn_gaps_free(&t->gaps);
    vn_free(t->greatest);
    vn_free(t->value);
    vn_free(t->size);
    vn_buf_free(&t->shaped);
    vn_buf_free(&t->truth);
    vn_buf_free(&t->skeleton);
    vn_free(t);
}
