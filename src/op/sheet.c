/* sheet.c - sheets told from tubes by the Hessian's middle eigenvalue, in cells of two voxels. */
#include "sheet.h"
#include <math.h>
#include "mem.h"
#include "vox.h"

static const double SCALE = 2, WINDOW = 4;           /* smallest voxel edges */
static const float Q_SHEET = 0.04f, Q_TUBE = 0.1f;

struct shape { struct vn_wide cells; struct vn_taps window[3]; float c[6]; };

/* Cells are two voxels wide along the axes of the finest voxels. */
static int setup(const double um[3], struct shape *s, struct vn_err *err)
{
    const bool known = um[0] > 0 && um[1] > 0 && um[2] > 0;
    const double edge = known ? fmin(um[0], fmin(um[1], um[2])) : 1;
    double d[3];                                     /* of neighbouring cells, in edges */
    int rc = 0;

    for (int k = 0; rc == 0 && k < 3; k++) {
        const double voxel = known ? um[k] / edge : 1, sigma = SCALE / voxel;
        const int64_t f = voxel < 1.5 ? 2 : 1;
        s->cells.f[k] = f;
        d[k] = (double)f * voxel;
        rc = vn_gauss_taps(sqrt(sigma * sigma - (double)(f * f - 1) / 12) / (double)f, &s->cells.t[k], err);
        if (rc == 0)
            rc = vn_gauss_taps(WINDOW / d[k], &s->window[k], err);
        s->cells.halo[k] = (s->cells.t[k].r + 2) * f;
    }
    for (int k = 0; k < 3; k++) {
        s->c[k] = (float)(1 / (d[k] * d[k]));
        s->c[3 + k] = (float)(0.25 / (d[k == 2] * d[k == 0 ? 1 : 2]));         /* xy, xz, yz */
    }
    return rc;
}

/* box with what the window and the differences of its cells reach. */
static struct vn_box around(const struct shape *s, const struct vn_box *box)
{
    int64_t reach[3];
    for (int k = 0; k < 3; k++)
        reach[k] = (s->window[k].r + 2) * s->cells.f[k];
    return vn_box_grow(box, reach);
}

void vn_sheet_halo(const double um[3], int64_t halo[3])
{
    struct shape s;
    if (setup(um, &s, NULL))
        return;
    for (int k = 0; k < 3; k++)
        halo[k] = (s.window[k].r + 2) * s.cells.f[k] + s.cells.halo[k];
}

void vn_sheet_bytes(const double um[3], const struct vn_box *box, double *stay, double *peak, double *filled)
{
    struct shape s;

    if (setup(um, &s, NULL))
        return;
    const struct vn_box wide = around(&s, box);
    int64_t in[3] = { -1, -1, -1 };
    const struct vn_box all = vn_field_cells(&s.cells, &wide), inner = vn_box_grow(&all, in);
    for (int k = 0; k < 3; k++)
        in[k] = -s.window[k].r;
    const struct vn_box made = vn_box_grow(&inner, in);
    vn_field_bytes(&s.cells, &wide, 1, stay, peak, filled);
    *peak = fmax(*peak, *stay + 2 * vn_mem_counted(4.0 * (double)vn_box_count(&inner)) + vn_mem_counted(4.0 * (double)vn_box_count(&made)) +
                 vn_sep_bytes(s.window, &made, VN_SEP_DEPTH));
}

struct pass { const struct shape *s; const struct vn_buf *v, *two, *three, *q; float above; };

/* two, three = -l2 and -l3 of the Hessian of v, cut at 0, where v is above. */
static VN_HOT void curve_row(const struct pass *p, const float *v, int64_t sy, int64_t sz, float *restrict two, float *restrict three, int64_t n)
{
    const float *c = p->s->c, above = p->above;
    for (int64_t x = 0; x < n; x++) {
        const float *r = v + x, v2 = 2.0f * r[0];
        float sum, product;
        vn_eigen3(c[0] * (r[-1] + r[1] - v2), c[1] * (r[-sy] + r[sy] - v2), c[2] * (r[-sz] + r[sz] - v2),
                  c[3] * ((r[sy + 1] - r[sy - 1]) - (r[1 - sy] - r[-1 - sy])), c[4] * ((r[sz + 1] - r[sz - 1]) - (r[1 - sz] - r[-1 - sz])),
                  c[5] * ((r[sz + sy] - r[sz - sy]) - (r[sy - sz] - r[-sy - sz])), &sum, &product);
        const float d = sum * sum - 4.0f * product, low = 0.5f * (sum - sqrtf(d > 0.0f ? d : 0.0f)), middle = sum - low;
        const float a = low < 0.0f ? -low : 0.0f, b = middle < 0.0f ? -middle : 0.0f, cut = b < a ? b : a;
        three[x] = r[0] > above ? a : 0.0f;
        two[x] = r[0] > above ? cut : 0.0f;
    }
}

static int curve_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct pass *p = ctx;
    const struct vn_box *b = &p->two->box;
    const int64_t z = b->lo[2] + i, n = vn_box_dim(b, 0), x = b->lo[0];
    (void)err;

    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        const int64_t to = vn_buf_at(p->two, x, y, z);
        curve_row(p, (const float *)p->v->data + vn_buf_at(p->v, x, y, z), p->v->stride[0], p->v->stride[1], (float *)p->two->data + to,
                  (float *)p->three->data + to, n);
    }
    return 0;
}

static VN_HOT void quotient_row(const float *restrict two, const float *restrict three, float *restrict q, int64_t n)
{
    const float scale = 1.0f / (Q_TUBE - Q_SHEET);
    for (int64_t x = 0; x < n; x++) {
        const float t = (two[x] / three[x] - Q_SHEET) * scale, cut = t > 0.0f ? t : 0.0f;
        q[x] = three[x] > 0.0f && cut < 1.0f ? cut : 1.0f;
    }
}

static int quotient_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct pass *p = ctx;
    const struct vn_box *b = &p->two->box;
    const int64_t z = b->lo[2] + i, n = vn_box_dim(b, 0), x = b->lo[0];
    (void)err;

    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        const int64_t at = vn_buf_at(p->two, x, y, z);
        quotient_row((const float *)p->two->data + at, (const float *)p->three->data + at, (float *)p->q->data + vn_buf_at(p->q, x, y, z), n);
    }
    return 0;
}

int vn_sheet_init(struct vn_field *f, const double um[3], const struct vn_box *box, vn_fill_fn fill, const void *ctx, int spare, float above,
                  struct vn_job *job, struct vn_err *err)
{
    struct vn_buf two = { 0 }, three = { 0 }, a = { 0 }, b = { 0 };
    struct shape s;
    int64_t in[3];
    int rc = setup(um, &s, err);

    *f = (struct vn_field) { .n = 0 };
    if (rc)
        return rc;
    const struct vn_box wide = around(&s, box);
    if ((rc = vn_field_init(f, &s.cells, &wide, 1, spare, fill, ctx, job, err)))
        return rc;
    for (int k = 0; k < 3; k++)
        in[k] = -1;
    const struct vn_box inner = vn_box_grow(&f->cell[0].box, in);
    for (int k = 0; k < 3; k++)
        in[k] = -s.window[k].r;
    const struct vn_box made = vn_box_grow(&inner, in);
    if ((rc = vn_buf_new(&two, VN_F32, &inner, err)) || (rc = vn_buf_new(&three, VN_F32, &inner, err)))
        goto out;
    struct pass p = { &s, &f->cell[0], &two, &three, NULL, above };
    if ((rc = vn_job_for_quiet(job, vn_box_dim(&inner, 2), curve_plane, &p, err)) || (rc = vn_buf_new(&a, VN_F32, &made, err)) ||
        (rc = vn_filter_sep(&two, s.window, &a, job, err)))
        goto out;
    vn_buf_free(&two);
    if ((rc = vn_buf_new(&b, VN_F32, &made, err)) || (rc = vn_filter_sep(&three, s.window, &b, job, err)))
        goto out;
    struct pass q = { &s, NULL, &a, &b, &f->cell[0], above };
    rc = vn_job_for_quiet(job, vn_box_dim(&made, 2), quotient_plane, &q, err);
out:
    vn_buf_free(&two);
    vn_buf_free(&three);
    vn_buf_free(&a);
    vn_buf_free(&b);
    return rc;
}
