/* label_dev.c - the launches of kernels/components.cu. */
#include "label_dev.h"

#define ARGS(...) (void *[]) { __VA_ARGS__, NULL }

/* Kernels in order; everything waits in the stream until the download. */
static int launch_all(struct vn_stream *s, vn_dptr mask, vn_dptr parent, vn_dptr rank, vn_dptr count, const int64_t dim[3], int reach)
{
    long long nx = dim[0], ny = dim[1], nz = dim[2];
    unsigned long long n = (unsigned long long)(nx * ny * nz);
    unsigned m = (unsigned)((n + VN_ACCEL_BLOCK - 1) / VN_ACCEL_BLOCK);
    int rc = vn_accel_launch(s, "cc_init", n, ARGS(&parent, &n));

    if (!rc)
        rc = vn_accel_launch(s, "cc_merge", n, ARGS(&mask, &parent, &nx, &ny, &nz, &reach));
    if (!rc)
        rc = vn_accel_launch(s, "cc_flatten", n, ARGS(&parent, &n));
    if (!rc)
        rc = vn_accel_launch(s, "cc_count", n, ARGS(&mask, &parent, &rank, &count, &n));
    if (!rc)
        rc = vn_accel_launch(s, "cc_scan", VN_ACCEL_BLOCK, ARGS(&count, &m));
    if (!rc)
        rc = vn_accel_launch(s, "cc_number", n, ARGS(&rank, &count, &n));
    if (!rc)
        rc = vn_accel_launch(s, "cc_relabel", n, ARGS(&mask, &parent, &rank, &n));
    return rc;
}

int vn_label_dev(struct vn_dev *d, struct vn_stream *s, const struct vn_buf *mask, int connectivity, const struct vn_buf *labels,
                 struct vn_job *job, struct vn_err *err)
{
    const int64_t dim[3] = { vn_box_dim(&mask->box, 0), vn_box_dim(&mask->box, 1), vn_box_dim(&mask->box, 2) };
    const uint64_t n = vn_box_count(&mask->box), m = (n + VN_ACCEL_BLOCK - 1) / VN_ACCEL_BLOCK;
    vn_dptr msk = 0, parent = 0, rank = 0, count = 0;
    int rc;

    if (n > UINT32_MAX - 1)
        return vn_fail(err, VN_E_MEMORY, "%llu voxels are more than the GPU labels at once (%u)", (unsigned long long)n, UINT32_MAX - 1);
    if ((rc = vn_dev_alloc(s, &msk, n)) || (rc = vn_dev_alloc(s, &parent, n * 4)) || (rc = vn_dev_alloc(s, &rank, n * 4)) ||
        (rc = vn_dev_alloc(s, &count, (m + 1) * 4))) {
        rc = vn_accel_err(d, rc, err);
        goto out;
    }
    if ((rc = vn_accel_upload(s, msk, mask, job, err)))
        goto out;
    rc = vn_accel_err(d, launch_all(s, msk, parent, rank, count, dim, connectivity == 6 ? 1 : connectivity == 18 ? 2 : 3), err);
    if (!rc)
        rc = vn_accel_download(s, labels, parent, job, err);
out:
    vn_dev_free(d, msk);
    vn_dev_free(d, parent);
    vn_dev_free(d, rank);
    vn_dev_free(d, count);
    return rc;
}
