/* setting.c - settings of the chain as texts: from words, to arguments of the operations, to commands. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuning.h"

extern const struct vn_op vn_op_clean, vn_op_hysteresis;

const struct vn_knob vn_knobs[VN_N_KNOB] = {
    [VN_KNOB_DENOISE] = { "denoise", "denoise", "method", NULL, false, 0, 4, 1 },
    [VN_KNOB_SIGMA] = { "sigma", "denoise", "sigma", "gaussian", false, 0, 5, 0.1 },
    [VN_KNOB_RADIUS] = { "radius", "denoise", "radius", "median", false, 1, 3, 1 },
    [VN_KNOB_STRENGTH] = { "strength", "denoise", "strength", "nlm", false, 0.05, 2, 0.05 },
    [VN_KNOB_DARK] = { "dark", "segment", "dark", NULL, true, 0, 1, 1 },
    [VN_KNOB_SMOOTH] = { "smooth", "segment", "smooth", NULL, true, 0, 4, 0.1 },
    [VN_KNOB_BACKGROUND] = { "background", "segment", "background", NULL, true, 1, 40, 1 },
    [VN_KNOB_CONTRAST] = { "contrast", "segment", "contrast", NULL, true, 0.5, 30, 0.25 },
    [VN_KNOB_LOCAL] = { "local", "segment", "local", NULL, true, 0, 1, 0.01 },
    [VN_KNOB_EDGE] = { "edge", "segment", "edge", NULL, true, 0, 1, 0.01 },
    [VN_KNOB_ARTIFACT] = { "artifact", "deartifact", "strength", NULL, false, 0, 1, 0.05 },
    [VN_KNOB_PERIOD] = { "period", "deartifact", "period", NULL, false, 2, 16, 1 },
    [VN_KNOB_LOW] = { "low", "threshold", "low", NULL, false, 0, 1, 0.01 },
    [VN_KNOB_HIGH] = { "high", "threshold", "high", NULL, false, 0, 1, 0.01 },
    [VN_KNOB_CLOSE] = { "close", "clean", "close", NULL, false, 0, 6, 0.25 },
    [VN_KNOB_FILL] = { "fill", "clean", "fill", NULL, false, 0, 1e5, 0 },
    [VN_KNOB_OPEN] = { "open", "clean", "open", NULL, false, 0, 6, 0.25 },
    [VN_KNOB_MIN_SIZE] = { "min_size", "clean", "min_size", NULL, false, 0, 1e5, 0 },
    [VN_KNOB_GAP] = { "gap", "repair", "gap", NULL, false, 0, 16, 1 },
};
static const double LOW = 0.5, HIGH = 0.7;                   /* threshold's own for a probability */

const struct vn_param *vn_knob_param(int knob)
{
    return vn_param_find(vn_cmd_find(vn_knobs[knob].verb, false, NULL)->params, vn_knobs[knob].key);
}

bool vn_setting_same(const struct vn_setting *a, const struct vn_setting *b)
{
    for (int k = 0; k < VN_N_KNOB; k++)
        if (strcmp(a->text[k], b->text[k]))
            return false;
    return true;
}

static bool has(const struct vn_setting *x, int knob) { return x->text[knob][0] != '\0'; }
static bool filters(const struct vn_setting *x) { return has(x, VN_KNOB_DENOISE) && strcmp(x->text[VN_KNOB_DENOISE], "off"); }


/* No number is left to the parser to refuse. */
static bool deartifacts(const struct vn_setting *x)
{
    char *end;
    const double strength = strtod(x->text[VN_KNOB_ARTIFACT], &end);
    return has(x, VN_KNOB_ARTIFACT) && (strength != 0 || *end);
}

static bool repairs(const struct vn_setting *x) { return has(x, VN_KNOB_GAP) && strcmp(x->text[VN_KNOB_GAP], "0") && strcmp(x->text[VN_KNOB_GAP], "0vox"); }

bool vn_setting_used(const struct vn_setting *x, int knob, enum vn_kind kind)
{
    const struct vn_knob *k = &vn_knobs[knob];
    return !(k->image && kind == VN_PROB) && (knob != VN_KNOB_PERIOD || deartifacts(x)) && (!k->with || !strcmp(x->text[VN_KNOB_DENOISE], k->with));
}

static int put_real(struct vn_setting *x, int knob, double v, struct vn_err *err)
{
    char text[VN_KNOB_CHARS];
    snprintf(text, sizeof text, "%.6g", v);
    return vn_setting_put(x, knob, text, err);
}

int vn_setting_put(struct vn_setting *x, int knob, const char *text, struct vn_err *err)
{
    if (!strcmp(text, "auto"))
        text = "";
    if (strlen(text) >= VN_KNOB_CHARS)
        return vn_fail(err, VN_E_ARG, "%s=%s has more than %d characters", vn_knobs[knob].name, text, VN_KNOB_CHARS - 1);
    snprintf(x->text[knob], VN_KNOB_CHARS, "%s", text);
    return 0;
}

/* With both thresholds where one is given; "off" for no high. */
static int explicit_cut(struct vn_setting *x, struct vn_err *err)
{
    const bool low = has(x, VN_KNOB_LOW), high = has(x, VN_KNOB_HIGH), off = !strcmp(x->text[VN_KNOB_HIGH], "off");
    if (low && !high)
        return put_real(x, VN_KNOB_HIGH, fmax(HIGH, strtod(x->text[VN_KNOB_LOW], NULL)), err);
    return high && !low ? put_real(x, VN_KNOB_LOW, off ? LOW : fmin(LOW, strtod(x->text[VN_KNOB_HIGH], NULL)), err) : 0;
}

/* The knobs of a verb into its arguments. */
static int give(const struct vn_setting *x, enum vn_kind kind, const char *verb, struct vn_args *a, struct vn_err *err)
{
    int rc = 0;
    for (int k = 0; k < VN_N_KNOB && !rc; k++) {
        const struct vn_knob *knob = &vn_knobs[k];
        const char *text = x->text[k];
        if (strcmp(knob->verb, verb) || !*text || !vn_setting_used(x, k, kind))
            continue;
        if (k == VN_KNOB_DARK) {
            if (strcmp(text, "on") && strcmp(text, "off"))
                return vn_fail(err, VN_E_ARG, "dark=%s: expected on or off", text);
            rc = strcmp(text, "on") ? 0 : vn_args_set(a, "dark", "", err);
        } else if (k != VN_KNOB_HIGH || strcmp(text, "off")) {
            rc = vn_args_set(a, knob->key, text, err);
            if (rc && strcmp(knob->key, knob->name))
                vn_err_prefix(err, "%s", knob->name);
        }
    }
    return rc;
}

static int add_step(struct vn_tune_set *set, const struct vn_setting *x, enum vn_kind kind, const char *verb, struct vn_err *err)
{
    const struct vn_cmd *cmd = vn_cmd_find(verb, false, err);
    struct vn_args *a = &set->step[set->n_step];
    int rc = vn_args_init(a, cmd->params, err);
    if (rc)
        return rc;
    set->n_step++;
    if (!(rc = give(x, kind, verb, a, err)))
        set->op[set->n_step - 1] = vn_cmd_op(cmd, a);
    return rc;
}

static int set_repair(struct vn_tune_set *set, const struct vn_setting *x, enum vn_kind kind, struct vn_err *err)
{
    struct vn_args a;
    int rc = repairs(x) ? vn_args_init(&a, vn_cmd_find("repair", false, err)->params, err) : 0;
    if (rc || !repairs(x))
        return rc;
    if (!(rc = give(x, kind, "repair", &a, err))) {
        set->gap = vn_arg(&a, "gap")->len[0];
        set->min_score = vn_args_real(&a, "min_score");
    }
    vn_args_free(&a);
    return rc;
}

int vn_setting_build(const struct vn_setting *x, enum vn_kind kind, struct vn_tune_set *out, struct vn_err *err)
{
    struct vn_setting full = *x;
    int rc = explicit_cut(&full, err);

    *out = (struct vn_tune_set){ 0 };
    if (!rc && filters(x))
        rc = add_step(out, x, kind, "denoise", err);
    if (!rc && kind != VN_PROB)
        rc = add_step(out, x, kind, "segment", err);
    if (!rc && deartifacts(x))
        rc = add_step(out, x, kind, "deartifact", err);
    if (!rc)
        rc = vn_args_init(&out->cut, vn_op_hysteresis.params, err);
    if (!rc)
        rc = give(&full, kind, "threshold", &out->cut, err);
    if (!rc && vn_args_has(&out->cut, "high") && vn_args_real(&out->cut, "high") < vn_args_real(&out->cut, "low"))
        rc = vn_fail(err, VN_E_ARG, "high=%s lies below low=%s", full.text[VN_KNOB_HIGH], full.text[VN_KNOB_LOW]);
    if (!rc)
        rc = vn_args_init(&out->clean, vn_op_clean.params, err);
    if (!rc)
        rc = give(x, kind, "clean", &out->clean, err);
    if (!rc)
        rc = set_repair(out, x, kind, err);
    if (rc)
        vn_tune_set_free(out);
    return rc;
}

/* Period of the first pattern that was found. */
static void found_period(const char *found, char *text)
{
    const char *at = found ? strstr(found, " period=") : NULL;
    snprintf(text, VN_KNOB_CHARS, "%s", "none");
    if (at)
        snprintf(text, VN_KNOB_CHARS, "%d", atoi(at + strlen(" period=")));
}

void vn_setting_values(const struct vn_setting *x, enum vn_kind kind, const struct vn_tune_set *settled, struct vn_setting *out)
{
    const struct vn_args *of;
    *out = *x;
    for (int k = 0; k < VN_N_KNOB; k++) {
        const char *verb = vn_knobs[k].verb;
        of = !strcmp(verb, "threshold") ? &settled->cut : !strcmp(verb, "clean") ? &settled->clean : NULL;
        if (!strcmp(verb, "segment") && kind != VN_PROB)
            of = &settled->step[filters(x)];
        else if (!strcmp(verb, "deartifact") && deartifacts(x))
            of = &settled->step[settled->n_step - 1];
        else if (!strcmp(verb, "denoise") && filters(x))
            of = &settled->step[0];
        if (!vn_setting_used(x, k, kind))
            out->text[k][0] = '\0';
        else if (k == VN_KNOB_DENOISE || k == VN_KNOB_DARK)
            snprintf(out->text[k], VN_KNOB_CHARS, "%s", has(x, k) ? x->text[k] : "off");
        else if (k == VN_KNOB_ARTIFACT && !of)
            snprintf(out->text[k], VN_KNOB_CHARS, "0");
        else if (k == VN_KNOB_PERIOD && !has(x, k))
            found_period(vn_args_text(of, "found"), out->text[k]);
        else if (k == VN_KNOB_GAP)
            snprintf(out->text[k], VN_KNOB_CHARS, "%s", has(x, k) ? x->text[k] : "0vox");
        else if (k == VN_KNOB_HIGH && !vn_args_has(of, "high"))
            snprintf(out->text[k], VN_KNOB_CHARS, "off");
        else if (of && vn_args_has(of, vn_knobs[k].key))
            snprintf(out->text[k], VN_KNOB_CHARS, "%s", vn_args_text(of, vn_knobs[k].key));
    }
}

static void add_keys(const struct vn_setting *x, enum vn_kind kind, const char *verb, struct vn_str *b)
{
    for (int k = 0; k < VN_N_KNOB; k++) {
        if (strcmp(vn_knobs[k].verb, verb) || !has(x, k) || !vn_setting_used(x, k, kind))
            continue;
        if (k == VN_KNOB_DARK)
            vn_str_add(b, strcmp(x->text[k], "on") ? "" : " dark");
        else if (k != VN_KNOB_HIGH || strcmp(x->text[k], "off"))
            vn_str_addf(b, " %s=%s", vn_knobs[k].key, x->text[k]);
    }
}

void vn_setting_lines(const struct vn_setting *x, enum vn_kind kind, const char *name, const char *stem, struct vn_str *b)
{
    struct vn_setting full = *x;
    const char *suffix = "";

    b->failed |= explicit_cut(&full, NULL) != 0;
    if (filters(x)) {
        vn_str_addf(b, "denoise %s", name);
        add_keys(x, kind, "denoise", b);
        vn_str_addf(b, " as=%s_d\n", stem);
        suffix = "_d";
    }
    if (kind != VN_PROB) {
        vn_str_addf(b, "segment %s%s", *suffix ? stem : name, suffix);
        add_keys(x, kind, "segment", b);
        vn_str_addf(b, " as=%s_p\n", stem);
        suffix = "_p";
    }
    if (deartifacts(x)) {
        vn_str_addf(b, "deartifact %s%s", *suffix ? stem : name, suffix);
        add_keys(x, kind, "deartifact", b);
        vn_str_addf(b, " as=%s_a\n", stem);
        suffix = "_a";
    }
    vn_str_addf(b, "threshold %s%s", *suffix ? stem : name, suffix);
    add_keys(&full, kind, "threshold", b);
    vn_str_addf(b, "%s as=%s_t\nclean %s_t", has(&full, VN_KNOB_LOW) ? "" : " auto", stem, stem);
    add_keys(x, kind, "clean", b);
    vn_str_addf(b, " as=%s%s\n", stem, repairs(x) ? "_c" : "");
    if (repairs(x)) {
        vn_str_addf(b, "repair %s_c image=%s", stem, name);
        add_keys(x, kind, "repair", b);
        vn_str_addf(b, " as=%s\n", stem);
    }
}

/* ---- numbers ---- */

int vn_tune_columns(bool um, bool truth, const char *name[VN_TUNE_COLS])
{
    static const char *const all[2][VN_TUNE_COLS] = {
        { "voxels", "fraction", "components", "euler", "length_vox", "length_density_per_vox2", "dice", "cldice" },
        { "voxels", "fraction", "components", "euler", "length_um", "length_density_m_per_mm3", "dice", "cldice" },
    };
    memcpy(name, all[um], sizeof all[um]);
    return truth ? VN_TUNE_COLS : VN_TUNE_COLS - 2;
}

void vn_tune_values(const struct vn_tune_numbers *n, double value[VN_TUNE_COLS])
{
    const double all[VN_TUNE_COLS] = { (double)n->voxels, (double)n->voxels / (double)n->total, (double)n->components, (double)n->euler,
                                       n->length, n->density, n->dice, n->cldice };
    memcpy(value, all, sizeof all);
}
