/* rows.c - point operations in double, row by row, or by a table of all values of an 8 or 16 bit volume. */
#include "rows.h"
#include <math.h>
#include <string.h>
#include "mem.h"

struct rows {
    const struct vn_buf *in, *out;
    int n_in;
    vn_row_op f;
    const void *ctx;
    void *table;                         /* results for every bit pattern of in[0], in the output's type; NULL: none */
};

enum vn_type vn_type_named(const char *name, enum vn_type unset)
{
    for (int t = 0; name && t < VN_N_TYPE; t++)
        if (strcmp(vn_type_name((enum vn_type)t), name) == 0)
            return (enum vn_type)t;
    return unset;
}

static void *at(const struct vn_buf *b, int64_t x, int64_t y, int64_t z)
{
    return (char *)b->data + vn_buf_at(b, x, y, z) * (int64_t)vn_type_size(b->type);
}

/* Which NaN an operation makes depends on the order of its operands, and so on the compiler. */
static VN_HOT void one_nan(double *v, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        v[i] = v[i] == v[i] ? v[i] : NAN;
}

static void put(const struct vn_row *r, enum vn_type t, void *to)
{
    if (!vn_type_is_int(t))
        one_nan(r->out, r->n);
    vn_convert_row(t, to, VN_F64, r->out, r->n);
}

static int plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct rows *p = ctx;
    const struct vn_box *b = &p->out->box;
    double in[VN_ROW_IN][VN_ROW], out[VN_ROW];
    struct vn_row r = { .z = b->lo[2] + i, .out = out };
    (void)err;

    for (int k = 0; k < p->n_in; k++)
        r.in[k] = p->in[k].data ? in[k] : NULL;
    for (r.y = b->lo[1]; r.y < b->hi[1]; r.y++)
        for (r.x = b->lo[0]; r.x < b->hi[0]; r.x += r.n) {
            r.n = vn_min64(VN_ROW, b->hi[0] - r.x);
            for (int k = 0; k < p->n_in; k++)
                if (r.in[k])
                    vn_convert_row(VN_F64, in[k], p->in[k].type, at(&p->in[k], r.x, r.y, r.z), r.n);
            p->f(p->ctx, &r);
            put(&r, p->out->type, at(p->out, r.x, r.y, r.z));
        }
    return 0;
}

#define LOOK(NAME, FROM, TO)                                                                        \
    static void NAME(const void *restrict from, const void *restrict table, void *restrict to, int64_t n)     \
    {                                                                                               \
        const FROM *v = from;                                                                       \
        const TO *t = table;                                                                        \
        TO *o = to;                                                                                 \
        for (int64_t i = 0; i < n; i++)                                                             \
            o[i] = t[v[i]];                                                                         \
    }
LOOK(look_1_1, uint8_t, uint8_t)
LOOK(look_1_2, uint8_t, uint16_t)
LOOK(look_1_4, uint8_t, uint32_t)
LOOK(look_1_8, uint8_t, uint64_t)
LOOK(look_2_1, uint16_t, uint8_t)
LOOK(look_2_2, uint16_t, uint16_t)
LOOK(look_2_4, uint16_t, uint32_t)
LOOK(look_2_8, uint16_t, uint64_t)

static int look_plane(void *ctx, int64_t i, struct vn_err *err)
{
    static void (*const look[2][4])(const void *, const void *, void *, int64_t) = {
        { look_1_1, look_1_2, look_1_4, look_1_8 }, { look_2_1, look_2_2, look_2_4, look_2_8 },
    };
    const struct rows *p = ctx;
    const struct vn_box *b = &p->out->box;
    const int size = __builtin_ctz((unsigned)vn_type_size(p->out->type));
    (void)err;

    for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
        look[vn_type_size(p->in->type) - 1][size](at(p->in, b->lo[0], y, b->lo[2] + i), p->table, at(p->out, b->lo[0], y, b->lo[2] + i),
                                                  vn_box_dim(b, 0));
    return 0;
}

static int make_table(struct rows *p, int64_t n, struct vn_err *err)
{
    double in[VN_ROW], out[VN_ROW];
    uint8_t narrow[VN_ROW];
    uint16_t wide[VN_ROW];
    struct vn_row r = { .in = { in }, .out = out };

    if (!(p->table = vn_alloc((uint64_t)n * vn_type_size(p->out->type), err)))
        return VN_E_MEMORY;
    for (int64_t i = 0; i < n; i += r.n) {
        r.n = vn_min64(VN_ROW, n - i);
        for (int64_t k = 0; k < r.n; k++) {
            narrow[k] = (uint8_t)(i + k);
            wide[k] = (uint16_t)(i + k);
        }
        vn_convert_row(VN_F64, in, p->in->type, vn_type_size(p->in->type) == 1 ? (void *)narrow : wide, r.n);
        p->f(p->ctx, &r);
        put(&r, p->out->type, (char *)p->table + (size_t)i * vn_type_size(p->out->type));
    }
    return 0;
}

int vn_rows(const struct vn_buf *in, int n_in, const struct vn_buf *out, vn_row_op f, const void *ctx, bool of_value,
            struct vn_job *job, struct vn_err *err)
{
    struct rows p = { .in = in, .out = out, .n_in = n_in, .f = f, .ctx = ctx };
    const size_t size = vn_type_size(in->type);
    int rc = 0;

    if (of_value && size <= 2 && vn_box_count(&out->box) > (uint64_t)1 << 8 * size)
        rc = make_table(&p, (int64_t)1 << 8 * size, err);
    if (rc == 0)
        rc = vn_job_for(job, vn_box_dim(&out->box, 2), p.table ? look_plane : plane, &p, err);
    vn_free(p.table);
    return rc;
}
