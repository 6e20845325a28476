/* cmd_deartifact.c - "deartifact": take checkerboards, stripes, jumps and seams off a volume, fill lost slices, and say which. */
#include <math.h>
#include "artifact.h"
#include "cmd.h"

extern const struct vn_op vn_op_deartifact;
extern const struct vn_param vn_deartifact_params[];

static double decibel(double ratio) { return ratio > 0 ? 20 * log10(ratio) : INFINITY; }

static const char *model(const struct vn_artifact *a)
{
    const double part = a->scale * a->level;
    return a->scale == 0 ? "additive" : fabs(part - 1) < 1e-5 ? "multiplicative" : "grows with the grey value";
}

static const char *const axis_name[3] = { "x", "y", "z" };

static cJSON *json_of(const struct vn_artifact *a, const struct vn_artifact_size *s)
{
    const double phase[3] = { (double)s->top[0], (double)s->top[1], (double)s->top[2] };
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "kind", vn_artifact_names[a->kind]);
    if (a->kind == VN_CHECKERBOARD) {
        cJSON_AddNumberToObject(o, "period", a->period);
        cJSON_AddItemToObject(o, "phase", cJSON_CreateDoubleArray(phase, 3));
        cJSON_AddNumberToObject(o, "waves", a->n_wave);
    }
    if (a->kind == VN_SLICES || a->kind == VN_STRIPES || a->kind == VN_LOST)
        cJSON_AddStringToObject(o, "axis", axis_name[a->axis]);
    for (int k = 0; k < 3 && a->kind == VN_SEAMS; k++) {
        cJSON *at = cJSON_CreateArray();
        for (int i = 0; i < a->n_at[k]; i++)
            cJSON_AddItemToArray(at, cJSON_CreateNumber((double)a->at[k][i]));
        cJSON_AddItemToObject(o, axis_name[k], at);
    }
    if (a->kind == VN_LOST) {
        cJSON_AddItemToObject(o, "slices", cJSON_CreateDoubleArray(a->value, a->n_value));
        return o;
    }
    cJSON_AddNumberToObject(o, "amplitude", s->amplitude);
    cJSON_AddNumberToObject(o, "rms", s->rms);
    if (a->noise > 0)
        cJSON_AddNumberToObject(o, "in_noise", s->amplitude / a->noise);
    cJSON_AddNumberToObject(o, "level", a->level);
    cJSON_AddNumberToObject(o, "scale", a->scale);
    cJSON_AddStringToObject(o, "model", model(a));
    cJSON_AddNumberToObject(o, "attenuation_db", fmin(120, decibel(s->rms / a->error)));
    return o;
}

static void say(struct vn_str *b, const struct vn_artifact *a, const struct vn_artifact_size *s)
{
    vn_str_addf(b, "  %s", vn_artifact_names[a->kind]);
    if (a->kind == VN_CHECKERBOARD)
        vn_str_addf(b, " of period %d, highest at %lld,%lld,%lld", a->period, (long long)s->top[0], (long long)s->top[1], (long long)s->top[2]);
    if (a->kind == VN_SLICES)
        vn_str_addf(b, " across %s, most at %lld", axis_name[a->axis], (long long)(a->lo + s->top[0]));
    if (a->kind == VN_STRIPES)
        vn_str_addf(b, " along %s", axis_name[a->axis]);
    for (int k = 0; k < 3 && a->kind == VN_SEAMS; k++)
        for (int i = 0; i < a->n_at[k]; i++)
            vn_str_addf(b, "%s%lld", i ? "," : k == 0 ? " at x=" : k == 1 ? " at y=" : " at z=", (long long)a->at[k][i]);
    for (int i = 0; a->kind == VN_LOST && i < a->n_value; i++)
        vn_str_addf(b, "%s%lld", i ? "," : " at z=", (long long)a->value[i]);
    if (a->kind == VN_LOST) {
        vn_str_add(b, ": filled from the slices around\n");
        return;
    }
    vn_str_addf(b, ": amplitude %.3g", s->amplitude);
    if (a->noise > 0)
        vn_str_addf(b, " (%.2g of the noise)", s->amplitude / a->noise);
    vn_str_addf(b, ", %s, at least %.0f dB less\n", model(a), fmin(120, decibel(s->rms / a->error)));
}

/* Slices at the volume's ends that may be lost: nothing lies beyond them that they might be filled from, or that says so. */
struct ends { struct vn_box box; int64_t n[2]; };

static int find_ends(struct vn_call *c, struct ends *e, struct vn_err *err)
{
    struct vn_artifact_look l = { .period = 0, .axis = -1 };
    bool flat;
    int rc = vn_call_vol(c, "volume", &l.v, err);

    *e = (struct ends){ .n = { 0 } };
    if (rc)
        return rc;
    l.box = e->box = l.v->box;
    if ((rc = vn_artifact_backdrop(&l, &flat, c->job, err)) || flat)
        return rc;
    return vn_artifact_lost_ends(&l, e->n, c->job, err);
}

static void say_ends(struct vn_call *c, const struct ends *e)
{
    const struct vn_box *made = &((struct vn_vol *)c->made[0].content)->box;

    for (int last = 0; last < 2; last++) {
        const int64_t lo = last ? e->box.hi[2] - e->n[1] : e->box.lo[2], hi = last ? e->box.hi[2] : e->box.lo[2] + e->n[0];
        if (e->n[last] == 0 || lo >= made->hi[2] || hi <= made->lo[2])
            continue;
        vn_res_int(c, last ? "empty_at_end" : "empty_at_start", e->n[last]);
        vn_call_note(c, "z=%lld:%lld, at the %s, shows nothing of what slice %lld does: lost slices, or vessels end there; left, as no slice lies beyond",
                     (long long)lo, (long long)hi, last ? "end" : "start", (long long)(last ? lo - 1 : hi));
    }
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    const bool json = vn_runner_opt(c->r)->json, across_z = !vn_args_has(&c->args, "axis") || vn_args_int(&c->args, "axis") == 2;
    const long long kind = vn_args_int(&c->args, "kind");
    const bool looked = !vn_args_has(&c->args, "found") && across_z && (kind == 0 || kind == 1 + VN_LOST);
    struct vn_artifacts m = { .n = 0 };
    struct ends ends = { .n = { 0 } };
    int rc = looked ? find_ends(c, &ends, err) : 0;        /* before there is a result in memory as well */

    if (rc || (rc = vn_cmd_exec_op(c, err)) || (rc = vn_artifacts_parse(vn_args_text(&c->args, "found"), &m, err))) {
        vn_artifacts_free(&m);
        return rc;
    }
    cJSON *list = json ? cJSON_CreateArray() : NULL;
    vn_res_int(c, "artifacts", m.n);
    for (int i = 0; rc == 0 && i < m.n; i++) {
        struct vn_artifact_size s;
        if ((rc = vn_artifact_ready(&m.item[i], 1, err)))
            break;
        vn_artifact_size(&m.item[i], &s);
        if (json)
            cJSON_AddItemToArray(list, json_of(&m.item[i], &s));
        else
            say(&c->text, &m.item[i], &s);
    }
    if (!m.n)
        vn_call_note(c, "nothing was found: the voxels are as they were");
    if (list && !cJSON_AddItemToObject(c->result, "found", list))
        cJSON_Delete(list);
    vn_res_text(c, "stats", vn_args_text(&c->args, "stats"));
    vn_artifacts_free(&m);
    if (rc == 0)
        say_ends(c, &ends);
    return rc;
}

const struct vn_cmd vn_cmd_deartifact = {
    "deartifact", "take checkerboards, stripes, jumps and seams off a volume", vn_deartifact_params, VN_CMD_MAKES, exec, &vn_op_deartifact,
};
