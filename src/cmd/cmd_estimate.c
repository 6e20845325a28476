/* cmd_estimate.c - "estimate": what a command will need in the region, before it runs. */
#include "call.h"
#include "mem.h"
#include <math.h>
#include <string.h>

static const struct vn_param params[] = {
    { "command", VN_P_TEXT, VN_POS | VN_REQ | VN_REST, .help = "command with its parameters, as it would be typed" },
    { 0 },
};

static int estimate(struct vn_call *c, const struct vn_box *roi, struct vn_estimate *e, struct vn_vol **in, struct vn_box *region,
                    struct vn_err *err)
{
    const struct vn_op *op = vn_cmd_op(c->cmd, &c->args);
    struct vn_vol *all[4] = { 0 };
    int rc;

    if (!op)
        return vn_fail(err, VN_E_UNSUPPORTED, "%s: only commands that compute voxels from voxels are estimated, such as segment, vesselness, denoise, "
                       "threshold, clean, distance, skeleton", c->cmd->name);
    if (roi) {
        c->roi = *roi;
        c->has_roi = true;
    }
    if ((rc = vn_call_inputs(c, all, region, err)))
        return rc;
    *in = all[0];
    const bool counted = !strcmp(c->cmd->name, "threshold") || !strcmp(c->cmd->name, "segment");     /* they say how much they found */
    return vn_op_estimate(op, &c->args, all, region, counted, e, c->job, err);
}

static int parse(struct vn_runner *r, struct vn_session *s, const char *line, struct vn_call **out, struct vn_err *err)
{
    struct vn_words words;
    const char *rest;
    bool keep_going;
    int rc = vn_words_split(line, &rest, &words, err);

    if (rc)
        return rc;
    rc = words.n ? vn_call_parse(r, s, &words, false, out, &keep_going, err) : vn_fail(err, VN_E_USAGE, "command is missing");
    vn_words_free(&words);
    return rc;
}

int vn_estimate_line(struct vn_session *s, const char *line, const struct vn_box *roi, struct vn_estimate *e, struct vn_job *job,
                     struct vn_err *err)
{
    struct vn_call *c;
    struct vn_vol *in;
    struct vn_box region;
    int rc = parse(NULL, s, line, &c, err);

    if (rc)
        return rc;
    c->job = job;
    rc = estimate(c, roi, e, &in, &region, err);
    vn_call_free(c);
    return rc;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_call *inner;
    struct vn_estimate e;
    struct vn_vol *in;
    struct vn_box region;
    int rc = parse(c->r, c->s, vn_args_text(&c->args, "command"), &inner, err);

    if (rc)
        return rc;
    inner->job = c->job;
    if ((rc = estimate(inner, NULL, &e, &in, &region, err))) {
        vn_call_free(inner);
        return rc;
    }
    const double n[3] = { (double)vn_box_dim(&region, 0), (double)vn_box_dim(&region, 1), (double)vn_box_dim(&region, 2) };
    const double um[3] = { n[0] * in->grid.um[0], n[1] * in->grid.um[1], n[2] * in->grid.um[2] };
    vn_res_nums(c, "size", n, 3);
    if (vn_um_known(&in->grid))
        vn_res_nums(c, "size_um", um, 3);
    else
        vn_res_text(c, "size_um", NULL);
    vn_res_int(c, "voxels", (int64_t)e.voxels);
    vn_res_num(c, "region_mb", (double)e.stored * 1e-6);
    vn_res_num(c, "result_mb", (double)e.result * 1e-6);
    vn_res_num(c, "memory_mb", (double)e.peak * 1e-6);
    vn_res_num(c, "free_mb", (double)e.room * 1e-6);
    vn_res_bool(c, "fits", e.peak <= e.room);
    vn_res_int(c, "blocks", e.n_block);
    vn_res_num(c, "seconds", e.seconds);
    vn_res_text(c, "from", e.learned ? "an earlier run" : "a sample");
    if (isnan(e.seconds))
        vn_call_note(c, "there is too little memory to try a small block: the time is not known");
    if (e.peak > e.room)
        vn_call_note(c, "this does not fit: choose a smaller region with 'roi', close what is not needed, or start with a larger --memory");
    vn_call_free(inner);
    return 0;
}

const struct vn_cmd vn_cmd_estimate = { "estimate", "what a command will need: memory and time", params, VN_CMD_NO_JOURNAL, exec, NULL };
