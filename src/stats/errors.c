/* errors.c - voxels that two masks do not share, told apart. */
#include "errors.h"

#include <string.h>

#include "mem.h"

struct grow { const struct vn_bits *m; struct vn_bits *out; };

VN_HOT static void any_of_rows(uint64_t *d, const uint64_t *const *row, int n_row, int64_t words)
{
    for (int64_t k = 0; k < words; k++)
        d[k] = row[0][k];
    for (int r = 1; r < n_row; r++)
        for (int64_t k = 0; k < words; k++)
            d[k] |= row[r][k];
}

static int grow_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct grow *g = ctx;
    const struct vn_bits *m = g->m;
    const uint64_t tail = m->dim[0] % 64 ? (UINT64_C(1) << m->dim[0] % 64) - 1 : ~UINT64_C(0);
    (void)err;

    for (int64_t y = 0; y < m->dim[1]; y++) {
        uint64_t *d = vn_bits_row(g->out, y, z), before = 0;
        const uint64_t *row[9];
        int n = 0;
        for (int64_t v = vn_max64(0, z - 1); v <= vn_min64(z + 1, m->dim[2] - 1); v++)
            for (int64_t u = vn_max64(0, y - 1); u <= vn_min64(y + 1, m->dim[1] - 1); u++)
                row[n++] = vn_bits_row(m, u, v);
        any_of_rows(d, row, n, m->words);
        for (int64_t k = 0; k < m->words; k++) {
            const uint64_t here = d[k], after = k + 1 < m->words ? d[k + 1] : 0;
            d[k] = here | here << 1 | here >> 1 | before >> 63 | after << 63;
            before = here;
        }
        if (m->words)
            d[m->words - 1] &= tail;
    }
    return 0;
}

int vn_bits_grow(const struct vn_bits *m, struct vn_bits *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_bits b;
    int rc = vn_bits_new(&b, &m->box, err);
    if (rc)
        return rc;
    rc = vn_job_for_quiet(job, m->dim[2], grow_plane, &(struct grow){ m, &b }, err);
    if (rc)
        vn_bits_free(&b);
    else
        *out = b;
    return rc;
}

struct split { const struct vn_bits *a, *b, *grown; struct vn_bits *close, *far; };

static int split_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct split *s = ctx;
    const int64_t n = s->a->words * s->a->dim[1], at = z * n;
    (void)err;
    for (int64_t i = at; i < at + n; i++) {
        const uint64_t alone = s->a->w[i] & ~s->b->w[i];
        s->close->w[i] = alone & s->grown->w[i];
        s->far->w[i] = alone & ~s->grown->w[i];
    }
    return 0;
}

/* What a alone has: close to b, or far from it. */
static int apart(const struct vn_bits *a, const struct vn_bits *b, int border, struct vn_bits *close, struct vn_bits *far, struct vn_job *job, struct vn_err *err)
{
    struct vn_bits grown = { 0 }, next = { 0 };
    int rc = vn_bits_crop(b, &b->box, false, &grown, err);

    for (int i = 0; i < border && !rc; i++)
        if (!(rc = vn_bits_grow(&grown, &next, job, err))) {
            vn_bits_free(&grown);
            grown = next;
            next = (struct vn_bits){ 0 };
        }
    if (!rc)
        rc = vn_bits_new(close, &a->box, err);
    if (!rc)
        rc = vn_bits_new(far, &a->box, err);
    if (!rc)
        rc = vn_job_for_quiet(job, a->dim[2], split_plane, &(struct split){ a, b, &grown, close, far }, err);
    vn_bits_free(&grown);
    return rc;
}

int vn_errors_make(const struct vn_bits *pred, const struct vn_bits *truth, int border, struct vn_errors *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_errors e = { { { .words = 0 } } };
    int rc = apart(pred, truth, border, &e.of[VN_OVER], &e.of[VN_FALSE], job, err);
    if (!rc)
        rc = apart(truth, pred, border, &e.of[VN_UNDER], &e.of[VN_MISSED], job, err);
    if (rc)
        vn_errors_free(&e);
    else
        *out = e;
    return rc;
}

void vn_errors_free(struct vn_errors *e)
{
    for (int i = 0; i < VN_N_ERROR; i++)
        vn_bits_free(&e->of[i]);
}

struct map { const struct vn_errors *e; struct vn_buf *dst; };

static int map_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct map *m = ctx;
    const struct vn_bits *size = &m->e->of[VN_MISSED];
    (void)err;
    for (int64_t y = 0; y < size->dim[1]; y++) {
        uint8_t *d = (uint8_t *)m->dst->data + z * m->dst->stride[1] + y * m->dst->stride[0];
        memset(d, 0, (size_t)size->dim[0]);
        for (int v = 1; v < VN_N_ERROR; v++) {
            const uint64_t *row = vn_bits_row(&m->e->of[v], y, z);
            for (int64_t k = 0; k < size->words; k++)
                for (uint64_t w = row[k]; w; w &= w - 1)
                    d[k * 64 + __builtin_ctzll(w)] = (uint8_t)v;
        }
    }
    return 0;
}

int vn_errors_map(const struct vn_errors *e, struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    return vn_job_for_quiet(job, vn_box_dim(&dst->box, 2), map_plane, &(struct map){ e, dst }, err);
}
