/* cmd_info.c - "info": what a volume is; its statistics when they are known or asked for. */
#include <math.h>
#include "edits.h"
#include "hist.h"
#include <stdio.h>
#include <string.h>

static const struct vn_param params[] = {
    { "name", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_VOLUMES, .help = "volume" },
    { "stats", VN_P_CHOICE, VN_PREF, .choices = "known|full", .def = "known", .help = "known: only what was computed before; full: scan the whole volume" },
    { 0 },
};

/* What was done by hand, when anything was. */
static int add_edits(struct vn_call *c, struct vn_err *err)
{
    struct vn_str b = { 0 };
    int n = 0, rc = vn_edits_of(c->s, vn_arg(&c->args, "name")->obj, &b, err);
    cJSON *list = !rc && b.n ? cJSON_AddObjectToObject(c->result, "edits") : NULL;
    for (char *line = b.s, *end; line && *line && !rc; line = end + 1) {
        char number[16];
        snprintf(number, sizeof number, "%d", ++n);
        *(end = strchr(line, '\n')) = '\0';
        if (!list || !cJSON_AddStringToObject(list, number, line))
            rc = vn_fail(err, VN_E_MEMORY, "no memory for the list of edits");
    }
    vn_str_free(&b);
    return rc;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    const struct vn_hist *h = NULL;
    struct vn_vol *v;
    int rc = vn_call_vol(c, "name", &v, err);

    if (rc)
        return rc;
    if ((vn_args_int(&c->args, "stats") == 1 || vn_vol_hist_known(v)) && (rc = vn_vol_hist(v, &h, c->job, err)))
        return rc;
    vn_res_volume(c, v);
    vn_res_int(c, "channels", v->n_channel);
    vn_res_int(c, "times", v->n_time);
    if (v->n_channel > 1)
        vn_res_int(c, "channel", v->channel);
    if (v->n_time > 1)
        vn_res_int(c, "time", v->time);
    vn_res_ints(c, "grid", v->grid.dim, 3);
    vn_res_num(c, "min", h ? h->min : NAN);
    vn_res_num(c, "max", h ? h->max : NAN);
    vn_res_num(c, "mean", h ? h->mean : NAN);
    vn_res_num(c, "sd", h ? h->sd : NAN);
    if (h && h->n_nan)
        vn_res_int(c, "nan", (int64_t)h->n_nan);
    if (h && h->n_inf)
        vn_res_int(c, "inf", (int64_t)h->n_inf);
    vn_res_int(c, "levels", v->src->n_level);
    if (v->orientation)
        vn_res_text(c, "orientation", v->orientation);
    vn_res_text(c, "path", v->path);
    return add_edits(c, err);
}

const struct vn_cmd vn_cmd_info = { "info", "what a volume is, and its statistics", params, 0, exec, NULL };
