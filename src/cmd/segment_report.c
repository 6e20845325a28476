/* segment_report.c - what segment says that it found. */
#include "segment_report.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "found.h"

enum { DIGITS = 3 };                               /* a diameter is known to a twentieth of a voxel edge at most */

static double rounded(double v, int digits)
{
    char text[32];
    snprintf(text, sizeof text, "%.*g", digits, v);
    return strtod(text, NULL);
}

/* Of n voxels those that are vessel as lumens and faint vessels are filled. */
static void tell_filled(struct vn_call *c, uint64_t n, double edge, const char *unit)
{
    const double faint = n ? (double)c->tally[VN_FOUND_FAINT] / (double)n : NAN;

    vn_res_num(c, "lumen_fraction", n ? (double)c->tally[VN_FOUND_FILLED] / (double)n : NAN);
    vn_res_num(c, "faint_fraction", faint);
    if (faint > 0)
        vn_call_note(c, "vessels fainter than the noise, %g %s wide or so, are filled: %lld voxels, %.2g %% of what is "
                     "found; faint=0 leaves them out", rounded(edge * vn_found_faint(c->tally), 2), unit,
                     (long long)c->tally[VN_FOUND_FAINT], 100 * faint);
}

int vn_segment_report(struct vn_call *c, struct vn_vol *p, uint64_t n, bool *turned, struct vn_err *err)
{
    const bool um = vn_um_known(&p->grid), dark = vn_args_flag(&c->args, "dark");
    const char *name = um ? "diameter_um" : "diameter_vox";
    struct vn_diameters d;
    const int rc = vn_diameters(p, &d, c->job, err);

    if (rc)
        return rc;
    vn_res_nums(c, name, (const double[]){ rounded(d.low, DIGITS), rounded(d.median, DIGITS), rounded(d.high, DIGITS) },
                3);
    if (d.beyond > 0)
        vn_call_note(c, "there are vessels wider than %.3g %s, which %s leaves out", d.beyond,
                     um ? "um" : "voxels", name);
    const char *method = vn_args_text(&c->args, "method");
    const bool all = !strcmp(method, "auto");
    *turned = vn_found_turned(c->tally, (double)vn_box_count(&p->box) / (all ? VN_FOUND_STEP * VN_FOUND_STEP : 1));
    if (all)
        tell_filled(c, n, um ? fmin(p->grid.um[0], fmin(p->grid.um[1], p->grid.um[2])) : 1, um ? "um" : "voxels");
    if (strcmp(method, "vesselness"))
        vn_res_text(c, "polarity", dark != *turned ? "dark" : "bright");
    return 0;
}
