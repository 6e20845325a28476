/* classes.c - two volumes of labels, label by label. */
#include "classes.h"

#include <math.h>
#include <string.h>

#include "mem.h"

struct count { uint64_t truth, pred, both; };

/* Runs of equal pairs at once: most of a row is background in both. */
static int count_row(const uint32_t *p, const uint32_t *t, const uint64_t *drop, int64_t n, struct count *c, struct vn_err *err)
{
    for (int64_t x = 0; x < n;) {
        const uint32_t a = p[x], b = t[x];
        int64_t end = x + 1;
        uint64_t kept;
        while (end < n && p[end] == a && t[end] == b)
            end++;
        kept = (uint64_t)(end - x);
        for (int64_t i = x; drop && i < end; i++)
            kept -= drop[i >> 6] >> (i & 63) & 1;
        x = end;
        if (!kept)
            continue;
        if (a > VN_LABEL_MAX || b > VN_LABEL_MAX)
            return vn_fail(err, VN_E_UNSUPPORTED, "label %u: classes are compared up to label %d", a > b ? a : b, VN_LABEL_MAX);
        c[a].pred += kept;
        c[b].truth += kept;
        c[a].both += a == b ? kept : 0;
    }
    return 0;
}

static int count_slab(struct vn_vol *pred, struct vn_vol *truth, const struct vn_bits *ignore, const struct vn_box *part, int64_t z0, struct count *c,
                      struct vn_job *job, struct vn_err *err)
{
    struct vn_buf p = { 0 }, t = { 0 };
    int rc = vn_vol_map(pred, VN_U32, part, VN_PAD_ZERO, &p, job, err);
    if (!rc)
        rc = vn_vol_map(truth, VN_U32, part, VN_PAD_ZERO, &t, job, err);
    for (int64_t z = 0; z < vn_box_dim(part, 2) && !rc; z++) {
        for (int64_t y = 0; y < vn_box_dim(part, 1) && !rc; y++)
            rc = count_row((const uint32_t *)p.data + z * p.stride[1] + y * p.stride[0], (const uint32_t *)t.data + z * t.stride[1] + y * t.stride[0],
                           ignore ? vn_bits_row(ignore, y, z0 + z) : NULL, vn_box_dim(part, 0), c, err);
        if (!rc)
            rc = vn_job_check(job, err);
    }
    vn_buf_free(&p);
    vn_buf_free(&t);
    return rc;
}

static int collect(const struct count *c, struct vn_classes *out, struct vn_err *err)
{
    struct vn_classes r = { 0 };
    double accuracy = 0, iou = 0;
    uint64_t all = 0, same = 0;
    int n_truth = 0;

    for (int64_t i = 0; i <= VN_LABEL_MAX; i++)
        r.n += c[i].truth || c[i].pred;
    if (r.n > VN_CLASSES_MAX)
        return vn_fail(err, VN_E_UNSUPPORTED, "%d different labels: at most %d classes are compared", r.n, VN_CLASSES_MAX);
    if (!(r.of = vn_alloc((uint64_t)r.n * sizeof *r.of, err)))
        return VN_E_MEMORY;
    r.n = 0;
    for (int64_t i = 0; i <= VN_LABEL_MAX; i++) {
        if (!c[i].truth && !c[i].pred)
            continue;
        r.of[r.n++] = (struct vn_class){ (uint32_t)i, c[i].truth, c[i].pred, c[i].both };
        all += c[i].truth;
        same += c[i].both;
        n_truth += c[i].truth > 0;
        accuracy += c[i].truth ? (double)c[i].both / (double)c[i].truth : 0;
        iou += (double)c[i].both / (double)(c[i].truth + c[i].pred - c[i].both);
    }
    r.pixel_accuracy = all ? (double)same / (double)all : NAN;
    r.mean_accuracy = n_truth ? accuracy / n_truth : NAN;
    r.mean_iou = r.n ? iou / r.n : NAN;
    *out = r;
    return 0;
}

int vn_classes_count(struct vn_vol *pred, struct vn_vol *truth, const struct vn_bits *ignore, const struct vn_box *box, struct vn_classes *out,
                     struct vn_job *job, struct vn_err *err)
{
    struct count *c = vn_calloc((uint64_t)VN_LABEL_MAX + 1, sizeof *c, err);
    const int64_t plane = vn_max64(1, vn_box_dim(box, 0) * vn_box_dim(box, 1)), step = vn_max64(1, (16 << 20) / plane);
    int rc = c ? 0 : VN_E_MEMORY;

    for (int64_t z = 0; z < vn_box_dim(box, 2) && !rc; z += step) {
        struct vn_box part = *box;
        part.lo[2] = box->lo[2] + z;
        part.hi[2] = vn_min64(part.lo[2] + step, box->hi[2]);
        rc = count_slab(pred, truth, ignore && ignore->w ? ignore : NULL, &part, z, c, job, err);
    }
    if (!rc)
        rc = collect(c, out, err);
    vn_free(c);
    return rc;
}

void vn_classes_free(struct vn_classes *c)
{
    vn_free(c->of);
    memset(c, 0, sizeof *c);
}
