/* segment_report.c - what segment says that it found. */
#include "segment_report.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "found.h"

/* To three digits: a diameter is known to a twentieth of a voxel edge at most. */
static double rounded(double v)
{
    char text[32];
    snprintf(text, sizeof text, "%.3g", v);
    return strtod(text, NULL);
}

int vn_segment_report(struct vn_call *c, struct vn_vol *p, uint64_t n, bool *turned, struct vn_err *err)
{
    const bool um = vn_um_known(&p->grid), dark = vn_args_flag(&c->args, "dark");
    const char *name = um ? "diameter_um" : "diameter_vox";
    struct vn_diameters d;
    const int rc = vn_diameters(p, &d, c->job, err);

    if (rc)
        return rc;
    vn_res_nums(c, name, (const double[]){ rounded(d.low), rounded(d.median), rounded(d.high) }, 3);
    if (d.beyond > 0)
        vn_call_note(c, "there are vessels wider than %.3g %s, which %s leaves out", d.beyond,
                     um ? "um" : "voxels", name);
    const char *method = vn_args_text(&c->args, "method");
    const bool all = !strcmp(method, "auto");
    *turned = vn_found_turned(c->tally, (double)vn_box_count(&p->box) / (all ? VN_FOUND_STEP * VN_FOUND_STEP : 1));
    if (all)
        vn_res_num(c, "lumen_fraction", n ? (double)c->tally[VN_FOUND_FILLED] / (double)n : NAN);
    if (strcmp(method, "vesselness"))
        vn_res_text(c, "polarity", dark != *turned ? "dark" : "bright");
    return 0;
}
