/* artifact_view.c - operations that look for artifacts in their input and work on it without them: parameter artifacts=,
 * which is 0 or what deartifact records as found=.  The volume without them is no copy: boxes are made as they are read. */
#include <math.h>
#include <string.h>
#include "artifact.h"
#include "mem.h"
#include "op.h"

extern const struct vn_op vn_op_deartifact;

static bool left(const char *text) { return !strcmp(text, "0") || !strcmp(text, "none"); }

/* More voxels are read again and again where slices are looked for: patterns alone are, whose blocks stay few. */
static const uint64_t MOST = (uint64_t)1 << 28;

/* Arguments of deartifact; to be freed also after failure. */
static int given(struct vn_args *a, const char *found, struct vn_err *err)
{
    const int rc = vn_args_init(a, vn_op_deartifact.params, err);
    return rc || !found ? rc : vn_args_set(a, "found", found, err);
}

/* Whether what was found stands in a background without noise: a mask, a few voxels; blocks are alike by being empty. */
static bool noiseless(const char *found)
{
    struct vn_artifacts m = { .n = 0 };
    const bool is = !left(found) && !vn_artifacts_parse(found, &m, NULL) && m.n && m.item[0].noise == 0;
    vn_artifacts_free(&m);
    return is;
}

int vn_artifacts_settle(struct vn_args *a, struct vn_vol *v, const struct vn_box *stat_box, struct vn_job *job,
                        struct vn_err *err)
{
    struct vn_artifacts m = { .n = 0 };
    struct vn_args look = { .n = 0 };
    int rc;

    if (vn_args_has(a, "artifacts")) {
        const char *text = vn_args_text(a, "artifacts");
        if (left(text))
            return 0;
        if ((rc = vn_artifacts_parse(text, &m, err)) == VN_E_ARG)
            rc = vn_fail(err, VN_E_ARG,
                         "artifacts= is 0, or what deartifact writes into its record as found=; \"%.40s\" is neither", text);
        vn_artifacts_free(&m);
        return rc;
    }
    rc = given(&look, NULL, err);
    if (rc == 0 && vn_box_count(stat_box) > MOST)
        rc = vn_args_set(&look, "kind", "checkerboard", err);
    if (rc == 0 && !(rc = vn_op_deartifact.prepare(&look, &v, stat_box, job, err))) {
        const char *found = vn_args_text(&look, "found");
        rc = vn_args_set(a, "artifacts", noiseless(found) ? "none" : found, err);
    }
    vn_args_free(&look);
    return rc;
}

/* For statistics, which look at one place more than once: what takes long is made once, where there is room for it. */
static int made(const struct vn_args *a, struct vn_vol *v, struct vn_vol **out, struct vn_job *job, struct vn_err *err)
{
    const double bytes = (double)vn_box_count(&v->box) * (double)vn_type_size(v->src->type);
    const uint64_t used = vn_mem_in_use(), budget = vn_mem_budget();
    struct vn_artifacts m = { .n = 0 };
    struct vn_args args = { .n = 0 };
    bool slow = false;
    int rc;

    if (!left(vn_args_text(a, "artifacts")) && !vn_artifacts_parse(vn_args_text(a, "artifacts"), &m, NULL))
        slow = m.n && m.item[m.n - 1].kind == VN_STRIPES;
    vn_artifacts_free(&m);
    if (!slow || budget < used || 4 * bytes > (double)(budget - used))
        return (*out = vn_artifacts_without(a, v, err)) ? 0 : VN_E_MEMORY;
    if (!(rc = given(&args, vn_args_text(a, "artifacts"), err)))
        rc = vn_op_run(&vn_op_deartifact, &args, &v, &v->box, out, NULL, job, err);
    vn_args_free(&args);
    return rc;
}

int vn_artifacts_before(vn_prepare_fn prepare, struct vn_args *a, struct vn_vol *const *in,
                        const struct vn_box *stat_box, struct vn_job *job, struct vn_err *err)
{
    int rc = vn_artifacts_settle(a, in[0], stat_box, job, err);
    struct vn_vol *seen = NULL;

    rc = rc ? rc : made(a, in[0], &seen, job, err);
    rc = rc ? rc : prepare(a, &seen, stat_box, job, err);
    vn_vol_unref(seen);
    return rc;
}

/* A voxel takes about 50 additions while there are few; those of many are sampled. */
void vn_artifacts_cost(const struct vn_args *a, const struct vn_box *stat_box, struct vn_cost *c)
{
    const double n = (double)vn_box_count(stat_box), few = 1 << 22;

    if (!vn_args_has(a, "artifacts"))
        c->work += 50 * fmin(n, few) + 10 * fmax(0, n - few);
}

void vn_artifacts_say(const char *found, struct vn_str *b)
{
    struct vn_artifacts m = { .n = 0 };

    if (left(found) || vn_artifacts_parse(found, &m, NULL)) {
        vn_str_add(b, "none");
        vn_artifacts_free(&m);
        return;
    }
    for (int i = 0; i < m.n; i++) {
        const struct vn_artifact *a = &m.item[i];
        vn_str_addf(b, "%s%s%s", i ? ", " : "", a->kind == VN_LOST ? "lost slices" : vn_artifact_names[a->kind],
                    a->kind == VN_SLICES ? " that jump across" : a->kind == VN_STRIPES ? " along" : "");
        if (a->kind == VN_CHECKERBOARD)
            vn_str_addf(b, " of period %d", a->period);
        else if (a->kind == VN_SLICES || a->kind == VN_STRIPES)
            vn_str_addf(b, " %c", "xyz"[a->axis]);
        for (int k = 0; a->kind == VN_LOST && k < a->n_value; k++)
            vn_str_addf(b, "%s%.0f", k ? "," : " z=", a->value[k]);
    }
    vn_artifacts_free(&m);
}

/* ---- the volume without them ---- */

struct without { struct vn_src s; struct vn_vol *of; struct vn_args a; int along; };         /* along: the axis of stripes, -1: none */

static char *row_at(const struct vn_buf *b, int64_t y, int64_t z)
{
    return (char *)b->data + vn_buf_at(b, b->box.lo[0], y, z) * (int64_t)vn_type_size(b->type);
}

/* Planes of dst, of which `deep` are made at a time, so that what they are made from stays small beside it. */
static int without_read(struct vn_src *s, int level, struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    struct without *w = (struct without *)s;
    struct vn_box part = dst->box;
    struct vn_plan p;
    int rc = vn_op_deartifact.plan(&w->a, &w->of, &dst->box, &p, err);
    const int64_t deep = vn_max64(32, 2 * p.halo[2]);
    (void)level;

    for (; rc == 0 && part.lo[2] < dst->box.hi[2]; part.lo[2] = part.hi[2]) {
        part.hi[2] = vn_min64(part.lo[2] + deep, dst->box.hi[2]);
        struct vn_box need = vn_box_grow(&part, p.halo);
        if (w->along >= 0) {                               /* no padding where it is not looked at */
            need.lo[w->along] = vn_max64(need.lo[w->along], s->box.lo[w->along]);
            need.hi[w->along] = vn_min64(need.hi[w->along], s->box.hi[w->along]);
        }
        struct vn_buf in = { 0 }, own = { 0 }, to = vn_buf_view(dst, &part), *out = dst->type == s->type ? &to : &own;
        if (out == &own)
            rc = vn_buf_new(&own, s->type, &part, err);
        if (rc == 0 && !(rc = vn_vol_map(w->of, s->type, &need, p.pad, &in, job, err)))
            rc = vn_op_deartifact.cpu(&w->a, &p, &in, out, job, err);
        for (int64_t z = part.lo[2]; rc == 0 && own.data && z < part.hi[2]; z++)
            for (int64_t y = part.lo[1]; y < part.hi[1]; y++)
                vn_convert_row(to.type, row_at(&to, y, z), s->type, row_at(&own, y, z), vn_box_dim(&part, 0));
        vn_buf_free(&in);
        vn_buf_free(&own);
    }
    return rc;
}

static void without_free(struct vn_src *s)
{
    struct without *w = (struct without *)s;
    vn_vol_unref(w->of);
    vn_args_free(&w->a);
    vn_free(w);
}

struct vn_vol *vn_artifacts_without(const struct vn_args *a, struct vn_vol *v, struct vn_err *err)
{
    static const struct vn_src_ops ops = { without_read, without_free };
    const char *found = vn_args_has(a, "artifacts") ? vn_args_text(a, "artifacts") : "none";
    struct vn_artifacts m = { .n = 0 };
    struct without *w;

    if (left(found))
        return vn_vol_ref(v);
    if (!(w = vn_calloc(1, sizeof *w, err)))
        return NULL;
    vn_src_init_over(&w->s, &ops, v);
    w->s.any_type = true;
    w->of = vn_vol_ref(v);
    w->along = -1;
    if (!vn_artifacts_parse(found, &m, NULL) && m.n && m.item[m.n - 1].kind == VN_STRIPES)
        w->along = m.item[m.n - 1].axis;
    vn_artifacts_free(&m);
    if (given(&w->a, found, err)) {
        vn_src_unref(&w->s);
        return NULL;
    }
    return vn_vol_wrap(v->kind, &w->s, err);
}
