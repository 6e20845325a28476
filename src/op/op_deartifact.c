/* op_deartifact.c - a volume without what scanning, stitching and upsampling left in it (artifact.h).  What is found is resolved by
 * `prepare` and recorded, as text; with it a voxel of the result depends on its value and its place alone,
 * but where there are stripes, on its surroundings (artifact_stripes.c). */
#include <math.h>
#include <string.h>
#include "artifact_scan.h"
#include "mem.h"
#include "op.h"
#include "rows.h"
#include "sample.h"

extern const struct vn_param vn_deartifact_params[];
const struct vn_param vn_deartifact_params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_PROB, .help = "image or probability" },
    { "kind", VN_P_CHOICE, 0, .def = "auto", .choices = "auto|checkerboard|slices|seams|stripes|lost", .help = "what is looked for; auto: all" },
    { "period", VN_P_INT, 0, VN_MIN_PERIOD, VN_MAX_PERIOD, .unit = "voxels", .help = "of a checkerboard; any by default" },
    { "axis", VN_P_CHOICE, 0, .choices = "x|y|z", .help = "across which slices (lost ones: z alone) and seams, along which stripes are looked for; all by default" },
    { "strength", VN_P_REAL, 0, 0, 1, .def = "1", .help = "share of what is found that is taken away" },
    { "found", VN_P_TEXT, 0, .help = "what is taken away, as deartifact records it; looked for by default" },
    { "stats", VN_P_CHOICE, 0, .def = "whole", .choices = "whole|region", .help = "where it is looked for" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

/* At most one, the last. */
static const struct vn_artifact *stripes_of(const struct vn_artifacts *m)
{
    return m->n && m->item[m->n - 1].kind == VN_STRIPES ? &m->item[m->n - 1] : NULL;
}

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    const enum vn_type t = in[0]->src->type;
    struct vn_artifacts m = { .n = 0 };
    const int rc = vn_args_has(a, "found") ? vn_artifacts_parse(vn_args_text(a, "found"), &m, err) : 0;
    const struct vn_artifact *stripes = stripes_of(&m);
    (void)region;

    *p = (struct vn_plan){ .pad = VN_PAD_MIRROR, .in_type = { VN_N_TYPE }, .out_type = t, .out_kind = in[0]->kind };
    p->mem_host = 2 * (double)vn_type_size(t) + (stripes ? 3 : 0);
    for (int k = 0; k < 3; k++)
        p->um[k] = in[0]->grid.um[k];
    if (stripes)
        vn_stripes_halo(stripes, p->halo);
    p->halo[2] += vn_artifact_lost(&m) ? VN_MAX_LOST : 0;
    vn_artifacts_free(&m);
    return rc;
}

struct whole { const struct vn_artifacts *m; bool share; };

static VN_HOT void share_row(double *v, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        v[i] = v[i] < 0 ? 0 : v[i] > 1 ? 1 : v[i];
}

static void row(const void *ctx, const struct vn_row *r)
{
    const struct whole *w = ctx;
    memcpy(r->out, r->in[0], (size_t)r->n * sizeof *r->out);
    vn_artifacts_row(w->m, r->x, r->y, r->z, r->out, r->n);
    if (w->share)
        share_row(r->out, r->n);
}

struct fill { const struct vn_artifact *lost; double strength; const struct whole *w; const struct vn_buf *in, *out; };

/* As vn_rows with `row`, lost slices filled before. */
static int fill_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct fill *c = ctx;
    const struct vn_box *b = &c->out->box;
    const int64_t n = vn_box_dim(b, 0), z = b->lo[2] + i;
    double *v = vn_alloc((uint64_t)n * sizeof *v, err);

    for (int64_t y = b->lo[1]; v && y < b->hi[1]; y++) {
        vn_artifact_fetch(c->lost, c->strength, c->in, b->lo[0], y, z, v, n);
        vn_artifacts_row(c->w->m, b->lo[0], y, z, v, n);
        if (c->w->share)
            share_row(v, n);
        for (int64_t x = 0; x < n; x++)
            v[x] = v[x] == v[x] ? v[x] : NAN;
        vn_convert_row(c->out->type, (char *)c->out->data + vn_buf_at(c->out, b->lo[0], y, z) * (int64_t)vn_type_size(c->out->type), VN_F64, v, n);
    }
    vn_free(v);
    return v ? 0 : VN_E_MEMORY;
}

struct copy { const struct vn_buf *in, *out; };

static int copy_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct copy *c = ctx;
    const struct vn_box *b = &c->out->box;
    const int64_t size = (int64_t)vn_type_size(c->out->type), z = b->lo[2] + i;
    (void)err;

    for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
        memcpy((char *)c->out->data + size * vn_buf_at(c->out, b->lo[0], y, z), (const char *)c->in->data + size * vn_buf_at(c->in, b->lo[0], y, z),
               (size_t)(size * vn_box_dim(b, 0)));
    return 0;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    const double strength = vn_args_real(a, "strength");
    struct vn_artifacts m;
    int rc = vn_artifacts_parse(vn_args_text(a, "found"), &m, err);
    const struct vn_artifact *stripes = stripes_of(&m);
    const bool share = p->out_kind == VN_PROB && !vn_type_is_int(p->out_type);

    for (int i = 0; rc == 0 && i < m.n; i++)
        rc = vn_artifact_ready(&m.item[i], strength, err);
    if (rc == 0 && (m.n == 0 || strength == 0))
        rc = vn_job_for(job, vn_box_dim(&out->box, 2), copy_plane, &(struct copy){ in, out }, err);
    else if (rc == 0 && stripes)
        rc = vn_stripes_remove(stripes, &m, strength, share, in, out, job, err);
    else if (rc == 0 && vn_artifact_lost(&m))
        rc = vn_job_for(job, vn_box_dim(&out->box, 2), fill_plane, &(struct fill){ vn_artifact_lost(&m), strength, &(struct whole){ &m, share }, in, out }, err);
    else if (rc == 0)
        rc = vn_rows(in, 1, out, row, &(struct whole){ &m, share }, false, job, err);
    vn_artifacts_free(&m);
    return rc;
}

/* ---- finding ---- */

int vn_artifact_backdrop(struct vn_artifact_look *l, bool *flat, struct vn_job *job, struct vn_err *err)
{
    struct vn_backdrop b;
    struct vn_sample q;
    int rc = vn_sample_init(&q, &l->box, err);

    if (rc || (rc = vn_sample_read(&q, l->v, 1, job, err)) || (rc = vn_backdrop(q.v, q.n_v, &b, job, err))) {
        vn_sample_free(&q);
        return rc;
    }
    *flat = q.n_v == 0 || q.v[0] == q.v[q.n_v - 1];
    if (!*flat) {
        const int64_t out = q.n_v / 1000;
        double mean = 0;
        for (int64_t i = 0; i < q.n_v; i++)
            mean += q.v[i];
        l->level = b.spread > 0 ? b.level : mean / (double)q.n_v;
        l->spread = b.spread;
        l->low = q.v[out];
        l->high = q.v[q.n_v - 1 - out];
    }
    vn_sample_free(&q);
    return 0;
}

/* kind: as the parameter counts, 0 all. */
static int look_more(const struct vn_artifact_look *l, int kind, struct vn_artifacts *m, struct vn_job *job, struct vn_err *err)
{
    int rc = 0;

    if (kind == 0 || kind == 1 + VN_CHECKERBOARD)
        rc = vn_artifact_find_periods(l, m, job, err);
    if (rc == 0 && (kind == 0 || kind == 1 + VN_SLICES || kind == 1 + VN_SEAMS))
        rc = vn_artifact_find_levels(l, kind != 1 + VN_SEAMS, kind != 1 + VN_SLICES, m, job, err);
    if (rc == 0 && (kind == 0 || kind == 1 + VN_STRIPES))
        rc = vn_artifact_find_stripes(l, m, job, err);
    return rc;
}

static int look(struct vn_artifact_look *l, int kind, struct vn_artifacts *m, struct vn_job *job, struct vn_err *err)
{
    struct vn_vol *const v = l->v;
    bool flat;
    int rc;

    vn_job_stage(job, "looking");
    if ((rc = vn_artifact_backdrop(l, &flat, job, err)) || flat)
        return rc;
    if (l->axis != 0 && l->axis != 1 && (kind == 0 || kind == 1 + VN_LOST))
        rc = vn_artifact_find_lost(l, m, job, err);
    if (rc == 0 && m->n && !(l->v = vn_artifact_filled(v, &m->item[0], err)))          /* all else is looked for in what that leaves */
        rc = VN_E_MEMORY;
    rc = rc ? rc : look_more(l, kind, m, job, err);
    if (l->v != v)
        vn_vol_unref(l->v);
    l->v = v;
    return rc;
}

static int prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job, struct vn_err *err)
{
    struct vn_artifact_look l = { .v = in[0], .box = *stat_box, .axis = -1 };
    struct vn_artifacts m = { .n = 0 };
    struct vn_str text = { 0 };
    int rc;

    if (vn_args_has(a, "found")) {
        rc = vn_artifacts_parse(vn_args_text(a, "found"), &m, err);
        vn_artifacts_free(&m);
        return rc;
    }
    if (vn_args_has(a, "period"))
        l.period = (int)vn_args_int(a, "period");
    if (vn_args_has(a, "axis"))
        l.axis = (int)vn_args_int(a, "axis");
    if (!(rc = look(&l, (int)vn_args_int(a, "kind"), &m, job, err))) {
        vn_artifacts_print(&m, &text);
        rc = text.failed ? vn_fail(err, VN_E_MEMORY, "deartifact: no memory for what was found") : vn_args_set(a, "found", text.s, err);
    }
    vn_str_free(&text);
    vn_artifacts_free(&m);
    return rc;
}

/* Held while looking: a sample, which is read in blocks and sorted; then the voxels, where they are not in memory, and what is folded of
 * blocks.  When something is found, it is a few MB more. */
static void prepare_cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *stat_box, struct vn_cost *c)
{
    enum { FOLDED = 3 << 19 };
    const double n = (double)vn_box_count(stat_box), size = vn_vol_data(in).data ? 0 : (double)vn_type_size(in->src->type);
    struct vn_sample q;
    (void)a;
    (void)p;

    if (vn_sample_init(&q, stat_box, NULL))
        return;
    const struct vn_box first = vn_sample_block(&q, 0);
    const double block = (double)vn_box_count(&first), kept = block * q.n_block / (double)q.skip;
    vn_sample_free(&q);
    const double read = vn_mem_counted(4 * block) + (in->src->type == VN_F32 ? 0 : vn_mem_counted(size * block));
    c->bytes = fmax(4.0 * VN_SAMPLE_MAX + fmax(read, vn_mem_counted(8 * kept)), (n > VN_ASCAN_WHOLE ? 0 : vn_mem_counted(size * n)) + vn_job_threads() * (double)FOLDED);
}

const struct vn_op vn_op_deartifact = {
    .name = "deartifact", .version = 1, .shape = VN_STENCIL, .n_in = 1, .params = vn_deartifact_params, .plan = plan, .prepare = prepare, .cpu = cpu,
    .prepare_cost = prepare_cost,
};
