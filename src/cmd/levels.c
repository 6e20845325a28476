/* levels.c - grey values of a volume for a panel. */
#include "levels.h"
#include "autothresh.h"
#include "hist.h"
#include "mem.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

int vn_levels_count(struct vn_vol *v, const struct vn_box *box, struct vn_levels *out, struct vn_job *job, struct vn_err *err)
{
    const bool whole = vn_type_is_int(v->src->type);
    const struct vn_hist *h = NULL;
    struct vn_hist own = { 0 };
    const double q = 0.999;
    int rc;
    *out = (struct vn_levels){ 0 };
    if (vn_box_same(box, &v->box)) {
        rc = vn_vol_hist(v, &h, job, err);
    } else {
        rc = vn_hist_box(v, box, &own, job, err);
        h = &own;
    }
    if (!rc && !h->n)
        rc = vn_fail(err, VN_E_ARG, "no voxel here is a finite number");
    if (!rc) {
        out->voxels = h->n;
        out->min = h->min;
        out->max = h->max;
        out->mean = h->mean;
        out->lo = h->min;
        out->width = whole ? ceil((h->max + 1 - h->min) / VN_LEVEL_BINS) : (h->max - h->min) / VN_LEVEL_BINS;
        out->width = out->width > 0 ? out->width : 1;
        out->n = whole ? (int)ceil((h->max + 1 - h->min) / out->width) : VN_LEVEL_BINS;
        out->count = vn_calloc((uint64_t)out->n, sizeof *out->count, err);
        rc = out->count ? 0 : VN_E_MEMORY;
    }
    if (!rc) {
        const double shift = whole ? 0.5 : 0;        /* between whole numbers nothing falls on the wrong side of an edge */
        rc = vn_hist_linear(v, box, out->lo - shift, out->lo + out->width * out->n - shift, out->n, out->count, job, err);
    }
    if (!rc)
        rc = vn_quantiles(v, box, &q, 1, &out->far, job, err);
    vn_hist_free(&own);
    if (rc)
        vn_levels_free(out);
    return rc;
}

int vn_levels_automatic(struct vn_vol *v, const struct vn_box *box, struct vn_levels *out, struct vn_job *job, struct vn_err *err)
{
    static const struct { enum vn_auto_method m; const char *name; } method[] = {
        { VN_AUTO_OTSU, "otsu" }, { VN_AUTO_LI, "li" }, { VN_AUTO_TRIANGLE, "triangle" }, { VN_AUTO_YEN, "yen" }, { VN_AUTO_MAXENTROPY, "maxentropy" },
        { VN_AUTO_TUBES, "tubes" },
    };
    out->n_level = 0;
    for (size_t i = 0; i < VN_COUNT(method); i++) {
        struct vn_err why = { 0 };
        struct vn_level l = { .at = NAN };
        const int rc = vn_auto_threshold(v, box, method[i].m, &l.at, job, &why);
        if (rc && rc != VN_E_ARG)
            return vn_fail(err, (enum vn_code)rc, "%s", why.msg);
        if (rc)
            continue;
        int at = out->n_level++;
        for (; at > 0 && out->level[at - 1].at > l.at; at--)
            out->level[at] = out->level[at - 1];
        snprintf(l.name, sizeof l.name, "%s", method[i].name);
        out->level[at] = l;
    }
    return 0;
}

double vn_levels_above(const struct vn_levels *l, double value)
{
    uint64_t n = 0;
    for (int i = 0; i < l->n; i++)
        n += l->lo + l->width * i >= value ? l->count[i] : 0;
    return (double)n / (double)l->voxels;
}

void vn_levels_free(struct vn_levels *l)
{
    vn_free(l->count);
    *l = (struct vn_levels){ 0 };
}
