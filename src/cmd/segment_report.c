/* segment_report.c - what segment says that it found. */
#include "segment_report.h"
#include "found.h"

int vn_segment_report(struct vn_call *c, struct vn_vol *p, struct vn_err *err)
{
    const bool um = vn_um_known(&p->grid);
    const char *name = um ? "diameter_um" : "diameter_vox";
    struct vn_diameters d;
    const int rc = vn_diameters(p, &d, c->job, err);

    if (rc)
        return rc;
    vn_res_nums(c, name, (const double[]){ d.low, d.median, d.high }, 3);
    if (d.beyond > 0)
        vn_call_note(c, "there are vessels wider than %.3g %s, which %s leaves out", d.beyond, um ? "um" : "voxels", name);
    return 0;
}
