/* filter_dev.c - the launches of kernels/gauss.cu. */
#include "filter_dev.h"
#include <string.h>

#define ARGS(...) (void *[]) { __VA_ARGS__, NULL }

enum { N_TAP = VN_MAX_RADIUS + 1 };

/* All taps in one copy: axis k's begin at k * N_TAP. */
static int upload_taps(struct vn_stream *s, vn_dptr to, const struct vn_taps t[3], struct vn_job *job, struct vn_err *err)
{
    float w[3 * N_TAP] = { 0 };
    const struct vn_buf b = { .type = VN_F32, .box = { { 0 }, { 3 * N_TAP, 1, 1 } }, .stride = { 3 * N_TAP, 3 * N_TAP }, .data = w };

    for (int k = 0; k < 3; k++)
        memcpy(w + k * N_TAP, t[k].w, (size_t)(t[k].r + 1) * sizeof *w);
    return vn_accel_upload(s, to, &b, job, err);
}

/* A pass over packed voxels; dim: of the input, on return of the output, which is shorter by the taps' reach. */
static int launch_pass(struct vn_stream *s, vn_dptr from, vn_dptr to, vn_dptr w, int r, int axis, int64_t dim[3])
{
    long long sy = dim[0], sz = dim[0] * dim[1], step = axis == 0 ? 1 : axis == 1 ? sy : sz, first = r * step;

    dim[axis] -= 2 * r;
    long long nx = dim[0], ny = dim[1], nz = dim[2];
    return vn_accel_launch(s, "gauss_pass", (uint64_t)(nx * ny * nz), ARGS(&from, &to, &w, &r, &nx, &ny, &nz, &sy, &sz, &first, &step));
}

int vn_filter_dev(struct vn_dev *d, struct vn_stream *s, const struct vn_buf *in, const struct vn_taps t[3], const struct vn_buf *out,
                  struct vn_job *job, struct vn_err *err)
{
    const int64_t reach[3] = { t[0].r, t[1].r, t[2].r };
    const struct vn_box box = vn_box_grow(&out->box, reach);
    const struct vn_buf from = vn_buf_view(in, &box);
    const uint64_t size = vn_box_count(&box) * sizeof(float);
    int64_t dim[3] = { vn_box_dim(&box, 0), vn_box_dim(&box, 1), vn_box_dim(&box, 2) };
    vn_dptr buf[2] = { 0, 0 }, w = 0;
    int last = 2, now = 0, rc;

    while (last > 0 && t[last].r == 0)                         /* the passes that vn_filter_sep makes */
        last--;
    if ((rc = vn_dev_alloc(s, &buf[0], size)) || (rc = vn_dev_alloc(s, &buf[1], size)) ||
        (rc = vn_dev_alloc(s, &w, 3 * N_TAP * sizeof(float)))) {
        rc = vn_accel_err(d, rc, err);
        goto out;
    }
    if ((rc = upload_taps(s, w, t, job, err)) || (rc = vn_accel_upload(s, buf[0], &from, job, err)))
        goto out;
    for (int axis = 0; rc == 0 && axis <= last; axis++) {
        if (t[axis].r == 0 && axis != last)
            continue;
        rc = vn_accel_err(d, launch_pass(s, buf[now], buf[!now], w + (vn_dptr)axis * N_TAP * sizeof(float), t[axis].r, axis, dim), err);
        now = !now;
    }
    if (rc == 0)
        rc = vn_accel_download(s, out, buf[now], job, err);
out:
    vn_dev_free(d, buf[0]);
    vn_dev_free(d, buf[1]);
    vn_dev_free(d, w);
    return rc;
}
