/* window.c - automatic window: exact order statistics by two counts of 16 bits each of the order-preserving key. */
#include "window.h"
#include "hist.h"
#include "mem.h"
#include "render.h"
#include <math.h>
#include <string.h>

enum { N_BIN = 65536, N_PLANE = 9, PLANE_SIDE = 1024, N_SAMPLE = 1 << 20 };

/* Counts of the upper (of == NULL), or of the lower 16 bits where the upper ones are *of's; returns all lower bits that are set. */
static uint32_t count(const float *v, size_t n, const uint32_t *of, uint64_t *bin)
{
    uint32_t low = 0;

    memset(bin, 0, N_BIN * sizeof *bin);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(v[i]))
            continue;
        const uint32_t k = vn_f32_key(v[i]);
        low |= k & 0xffff;
        if (!of)
            bin[k >> 16]++;
        else if (k >> 16 == *of >> 16)
            bin[k & 0xffff]++;
    }
    return low;
}

/* The number of the bin that holds *rank, which becomes the rank within it. */
static uint32_t bin_of(const uint64_t *bin, size_t *rank)
{
    uint32_t b = 0;
    while (b < N_BIN - 1 && *rank >= bin[b])
        *rank -= bin[b++];
    return b;
}

/* Values of two ranks among n finite values; bin is scratch for N_BIN counts. */
static void select_ranks(const float *v, size_t n, const size_t rank[2], double out[2], uint64_t *bin)
{
    size_t left[2] = { rank[0], rank[1] };
    uint32_t key[2];
    const uint32_t low = count(v, n, NULL, bin);

    for (int i = 0; i < 2; i++)
        key[i] = bin_of(bin, &left[i]) << 16;
    for (int i = 0; i < 2; i++) {
        if (low) {                     /* no integer of 8 bits has any */
            count(v, n, &key[i], bin);
            key[i] |= bin_of(bin, &left[i]);
        }
        out[i] = vn_key_f32(key[i]);
    }
}

int vn_window_of(const float *v, size_t n, double *lo, double *hi, struct vn_err *err)
{
    size_t n_finite = 0;
    double value[2];
    for (size_t i = 0; i < n; i++)
        n_finite += isfinite(v[i]) ? 1 : 0;
    if (!n_finite) {
        *lo = 0;
        *hi = 1;
        return 0;
    }
    uint64_t *bin = vn_alloc(N_BIN * sizeof *bin, err);
    if (!bin)
        return VN_E_MEMORY;
    select_ranks(v, n, (const size_t[]){ (size_t)(0.005 * (double)(n_finite - 1)), (size_t)(0.998 * (double)(n_finite - 1)) }, value, bin);
    if (!(value[1] > value[0]))
        select_ranks(v, n, (const size_t[]){ 0, n_finite - 1 }, value, bin);
    *lo = value[0];
    *hi = value[1];
    if (!(*hi > *lo))
        *hi = *lo + fmax(1.0, fabs(*lo) * 1e-6);
    vn_free(bin);
    return 0;
}

/* Appends up to `room` evenly chosen voxels of one plane's middle part to v. */
static int sample_plane(struct vn_vol *vol, int64_t z, float *v, size_t room, size_t *n, struct vn_job *job, struct vn_err *err)
{
    struct vn_box b = vol->box;
    for (int k = 0; k < 2; k++) {
        int64_t dim = vn_box_dim(&b, k);
        if (dim > PLANE_SIDE) {
            b.lo[k] += (dim - PLANE_SIDE) / 2;
            b.hi[k] = b.lo[k] + PLANE_SIDE;
        }
    }
    b.lo[2] = z;
    b.hi[2] = z + 1;
    struct vn_buf buf = { 0 };
    int rc = vn_vol_map(vol, VN_F32, &b, VN_PAD_ZERO, &buf, job, err);
    if (rc == VN_E_IO || rc == VN_E_FORMAT)      /* an unreadable plane says nothing about the window */
        return 0;
    if (rc)
        return rc;
    const float *p = buf.data;
    int64_t nx = vn_box_dim(&b, 0), count = nx * vn_box_dim(&b, 1), step = (count + (int64_t)room - 1) / (int64_t)room;
    for (int64_t i = 0; i < count; i += step)
        v[(*n)++] = p[vn_buf_at(&buf, b.lo[0] + i % nx, b.lo[1] + i / nx, z)];
    vn_buf_free(&buf);
    return 0;
}

int vn_auto_window(struct vn_vol *v, double *lo, double *hi, struct vn_job *job, struct vn_err *err)
{
    if (v->kind == VN_MASK || v->kind == VN_SKELETON || v->kind == VN_PROB) {
        *lo = 0;
        *hi = 1;
        return 0;
    }
    float *sample = vn_alloc(N_SAMPLE * sizeof *sample, err);
    if (!sample)
        return VN_E_MEMORY;
    int64_t nz = vn_box_dim(&v->box, 2), n_plane = vn_min64(nz, N_PLANE);
    size_t n = 0;
    int rc = 0;
    for (int64_t i = 0; i < n_plane && !rc; i++) {
        rc = vn_job_check(job, err);
        if (!rc)
            rc = sample_plane(v, v->box.lo[2] + (2 * i + 1) * nz / (2 * n_plane), sample, N_SAMPLE / N_PLANE, &n, job, err);
    }
    if (!rc)
        rc = vn_window_of(sample, n, lo, hi, err);
    if (!rc && v->kind == VN_LABELS) {
        *lo = 0;
        *hi = fmax(*hi, 1);
    }
    vn_free(sample);
    return rc;
}
