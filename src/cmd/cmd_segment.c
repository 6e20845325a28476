/* cmd_segment.c - "segment": probability of being vessel. */
#include "artifact.h"
#include "cmd.h"
#include "filter.h"
#include "hist.h"
#include "outliers.h"
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "segment_report.h"

extern const struct vn_op vn_op_segment, vn_op_segment_local, vn_op_segment_vesselness;

enum { AUTO, VESSELNESS, LOCAL, N_METHOD };
enum { OF_AUTO = 1 << AUTO, OF_VESSELNESS = 1 << VESSELNESS, OF_LOCAL = 1 << LOCAL, OF_ALL = (1 << N_METHOD) - 1 };
/* Parameters by the methods that have them. */
static const struct { const char *name; unsigned methods; const char *whose; } own[] = {
    { "local", OF_AUTO, "auto" }, { "edge", OF_AUTO, "auto" }, { "smooth", OF_AUTO, "auto" },
    { "background", OF_AUTO, "auto" }, { "drift", OF_AUTO, "auto" }, { "spread", OF_AUTO, "auto" },
    { "offset", OF_AUTO, "auto" }, { "sheets", OF_AUTO, "auto" }, { "hollow", OF_AUTO, "auto" },
    { "faint", OF_AUTO, "auto" },
    { "level", OF_AUTO | OF_LOCAL, "auto and method=local" }, { "scales", OF_VESSELNESS, "vesselness" },
    { "window", OF_LOCAL, "local" },
    { "k", OF_LOCAL, "local" },
};

static const struct vn_op *choose(const struct vn_args *a)
{
    static const struct vn_op *const op[N_METHOD] = { &vn_op_segment, &vn_op_segment_vesselness, &vn_op_segment_local };
    return op[vn_args_int(a, "method")];
}

static int refuse_others(const struct vn_args *a, struct vn_err *err)
{
    for (size_t i = 0; i < VN_COUNT(own); i++)
        if (!(own[i].methods >> vn_args_int(a, "method") & 1) && vn_args_given(a, own[i].name))
            return vn_fail(err, VN_E_USAGE, "%s= belongs to method=%s, and the method is %s", own[i].name, own[i].whose,
                           vn_args_text(a, "method"));
    return 0;
}

/* Whether voxels have one value beside 0 only; told from an image by its first planes. */
static int is_mask(struct vn_vol *v, const struct vn_box *box, bool *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_box plane = *box;
    double value = 0;
    bool zero = false;
    int rc = 0;

    for (*out = true; *out && plane.lo[2] < box->hi[2]; plane.lo[2]++) {
        struct vn_hist h = { 0 };
        plane.hi[2] = plane.lo[2] + 1;
        if ((rc = vn_hist_box(v, &plane, &h, job, err)))
            break;
        /* the variance is at most mean (max - mean), and that where all are 0 or max (Bhatia, Davis 2000) */
        const double spread = h.mean * (h.max - h.mean);
        *out = h.n_nan + h.n_inf == 0 && h.min >= 0 && (h.max == 0 || value == 0 || h.max == value) &&
               (h.min == h.max || fabs(h.sd * h.sd - spread) <= 1e-9 * spread);
        zero = zero || h.min == 0;
        value = h.max > 0 ? h.max : value;
        vn_hist_free(&h);
    }
    *out = rc == 0 && *out && zero && value > 0;
    return rc;
}

/* Vesselness works with third powers of grey values, all of segment with 32-bit floats. */
static const double LARGEST = 1e12, SMALLEST = 1e-12, COARSE = 1e-5;

/* Says why grey values show nothing, or less than they should; false: they do not. */
static bool tell_values(struct vn_call *c, const struct vn_hist *h, bool nothing, bool vesselness)
{
    const char *name = vn_args_text(&c->args, "volume"), *method = vn_args_text(&c->args, "method");
    const double high = fmax(fabs(h->min), fabs(h->max)), range = h->max - h->min;
    const double most = vesselness ? LARGEST : FLT_MAX, least = vesselness ? SMALLEST : FLT_MIN;

    if (h->n == 0)
        vn_call_note(c, "no voxel is finite: no vessel is found");
    else if (nothing && range == 0)
        vn_call_note(c, "the volume is constant: no vessel is found");
    else if (range < COARSE * high)
        vn_call_note(c, "grey values differ by %.3g alone beside %.3g, and method=%s works with 7 digits; subtract the "
                     "least: calc 'a-%.15g' a=%s type=f32", range, high, method, h->min, name);
    else if (high > most && !nothing)
        vn_call_note(c, "some grey values reach %.3g, and method=%s loses vessels near those above %.2g; cut them off: "
                     "calc 'clamp(a, LOW, HIGH)' a=%s", high, method, most, name);
    else if (high > most)
        vn_call_note(c, "grey values reach %.3g, and method=%s loses vessels above %.2g; divide them: "
                     "calc 'a/1e%.0f' a=%s type=f32", high, method, most, floor(log10(high)), name);
    else if (range < least)
        vn_call_note(c, "grey values differ by %.3g alone, and method=%s loses vessels below %.2g; multiply them: "
                     "calc 'a*1e%.0f' a=%s type=f32", range, method, least, -floor(log10(range)), name);
    else if (vesselness && h->n_nan + h->n_inf > 0)
        vn_call_note(c, "%.3g %% of the voxels are not finite: nothing is found there and within 4 times the scales; "
                     "method=auto finds vessels between them",
                     100 * (double)(h->n_nan + h->n_inf) / (double)(h->n + h->n_nan + h->n_inf));
    else
        return false;
    return true;
}

/* What was found, and what may be done about it; hollow: the widest lumen that is filled is automatic. */
static int tell(struct vn_call *c, bool hollow, struct vn_err *err)
{
    const double contrast = vn_args_real(&c->args, "contrast"), noise = vn_args_real(&c->args, "noise");
    struct vn_vol *in, *out = c->made[0].content;
    const struct vn_hist *h;
    bool mask, turned;
    int rc = vn_call_vol(c, "volume", &in, err);

    if (rc || (rc = vn_vol_hist(out, &h, c->job, err)) || (rc = is_mask(in, &out->box, &mask, c->job, err)))
        return rc;
    const uint32_t half = vn_f32_key(0.5f) >> 16;
    uint64_t n = 0;
    for (uint32_t i = half; i < 65536; i++)
        n += h->bin[i];
    const double share = h->n ? (double)n / (double)h->n : NAN;
    vn_res_num(c, "vessel_fraction", share);
    if ((rc = vn_segment_report(c, out, n, &turned, err)))
        return rc;
    const bool vesselness = vn_args_int(&c->args, "method") == VESSELNESS;
    bool told = false;
    const double level = vn_args_has(&c->args, "level") ? fabs(vn_args_real(&c->args, "level")) : 0;
    if (noise < fmax(FLT_MIN, 0.1 * COARSE * level) || (vesselness && !vn_type_is_int(in->src->type))) {
        struct vn_vol *seen = vn_outliers_without(&c->args, in, err);
        struct vn_hist values = { 0 };
        rc = seen ? vn_hist_box(seen, &out->box, &values, c->job, err) : VN_E_MEMORY;
        vn_vol_unref(seen);
        if (rc)
            return rc;
        told = tell_values(c, &values, noise == 0, vesselness);
        vn_hist_free(&values);
    }
    if (told)
        return 0;
    if (noise == 0)
        vn_call_note(c, vesselness ? "nothing is like a tube: no vessel is found" :
                        "nothing stands out: no vessel is found");
    else if (mask)
        vn_call_note(c, "the volume has two values alone: it may be a mask already");
    else if (turned)
        vn_call_note(c, vn_args_flag(&c->args, "dark") ?
                        "vessels look brighter than their surroundings: leave dark out" :
                        "vessels look darker than their surroundings: add dark");
    else if (share < 1e-4)
        vn_call_note(c, "next to nothing stands out; where vessels are darker than what is around them, add dark, "
                        "else lower contrast=");
    else if (hollow && vn_arg(&c->args, "hollow")->len[0].v > 0)
        vn_call_note(c, "vessels are hollow: lumens up to %s wide are filled; hollow=0 leaves them",
                     vn_args_text(&c->args, "hollow"));
    else if (share > 0.4)
        vn_call_note(c, "much of the volume stands out; raise contrast= where that is not vessel");
    else if (contrast < 6 && vn_args_int(&c->args, "method") == AUTO)
        vn_call_note(c, "vessels are faint against the noise: denoise first, or look at what is found with care");
    return 0;
}

/* looked: they were looked for. */
static void tell_artifacts(struct vn_call *c, bool looked)
{
    struct vn_str b = { 0 };

    vn_artifacts_say(vn_args_text(&c->args, "artifacts"), &b);
    vn_res_text(c, "artifacts", b.s);
    if (looked && b.s && strcmp(b.s, "none"))
        vn_call_note(c, "artifacts were taken off before: %s; artifacts=0 leaves them", b.s);
    vn_str_free(&b);
}

/* looked: they were looked for. */
static int tell_outliers(struct vn_call *c, bool looked, struct vn_err *err)
{
    const char *range = vn_args_text(&c->args, "range");
    struct vn_vol *in;
    uint64_t n;

    if (vn_arg(&c->args, "range")->i != 2)
        return 0;
    vn_res_text(c, "range", range);
    const struct vn_box *box = &((const struct vn_vol *)c->made[0].content)->box;
    int rc = looked ? vn_call_vol(c, "volume", &in, err) : 0;
    if (looked && rc == 0 && !(rc = vn_outliers_count(&c->args, in, box, &n, c->job, err)) && n > 0)
        vn_call_note(c, "%" PRIu64 " voxel%s far beyond all others, outside %s, count%s as background; range=0 takes "
                     "them as they are", n, n > 1 ? "s" : "", range, n > 1 ? "" : "s");
    return rc;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    static const struct { const char *name; unsigned methods; bool word; } shown[] = {
        { "level", OF_AUTO | OF_LOCAL }, { "spread", OF_AUTO }, { "offset", OF_AUTO }, { "noise", OF_ALL },
        { "contrast", OF_ALL }, { "local", OF_AUTO }, { "edge", OF_AUTO }, { "smooth", OF_AUTO, true },
        { "background", OF_AUTO, true }, { "hollow", OF_AUTO, true }, { "drift", OF_AUTO, true },
        { "faint", OF_AUTO, true },
        { "scales", OF_VESSELNESS, true }, { "window", OF_LOCAL, true }, { "k", OF_LOCAL }, { "stats", OF_ALL, true },
    };
    const unsigned method = 1u << vn_args_int(&c->args, "method");
    const bool hollow = method == OF_AUTO && !vn_args_has(&c->args, "hollow");
    const bool looked = !vn_args_has(&c->args, "artifacts"), ranged = !vn_args_has(&c->args, "range");
    int rc = refuse_others(&c->args, err);

    if (rc || (rc = vn_cmd_exec_op(c, err)))
        return rc;
    for (size_t i = 0; i < VN_COUNT(shown); i++)
        if ((shown[i].methods & method) && shown[i].word)
            vn_res_text(c, shown[i].name, vn_args_text(&c->args, shown[i].name));
        else if (shown[i].methods & method)
            vn_res_num(c, shown[i].name, vn_args_real(&c->args, shown[i].name));
    tell_artifacts(c, looked);
    if ((rc = tell_outliers(c, ranged, err)))
        return rc;
    return tell(c, hollow, err);
}

const struct vn_cmd vn_cmd_segment = {
    "segment", "probability of being vessel, from local contrast", vn_segment_params, VN_CMD_MAKES, exec, NULL, choose,
};
