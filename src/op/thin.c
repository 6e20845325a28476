/* thin.c - distance-ordered thinning by subfields.
 *
 * Voxels that may have become deletable wait in buckets by squared distance; a voxel is woken when a neighbour goes.
 * Tests run in parallel, deletions and wakings in order; the set of voxels deleted by a subfield does not depend on it. */
#include "thin.h"
#include <math.h>
#include "bitvol.h"
#include "edt.h"
#include "mem.h"

enum { CHUNK_LEN = 14, TEST_GRAIN = 1024, NO_CHUNK = 0, POLL_MASK = 0xffff, FEW_CHUNKS = 15 };
/* Voxels of a line that make its end worth keeping: when a pass begins, and while it runs (when bumps look like ends). */
enum { LINE_AT_START = 3, LINE_IN_PASS = 4 };

/* A voxel as one number: 16 bits each of x, y, z (vn_edt allows no longer axes). */
static inline uint64_t pack(int64_t x, int64_t y, int64_t z) { return (uint64_t)x | (uint64_t)y << 16 | (uint64_t)z << 32; }
static inline int64_t at_x(uint64_t v) { return (int64_t)(v & 0xffff); }
static inline int64_t at_y(uint64_t v) { return (int64_t)(v >> 16 & 0xffff); }
static inline int64_t at_z(uint64_t v) { return (int64_t)(v >> 32 & 0xffff); }

struct chunk { uint32_t next, n; uint64_t v[CHUNK_LEN]; };
struct list { uint64_t *v; uint64_t n, cap; };
enum verdict { DROP = 8, GONE = 9 };            /* 0..7: subfield of a voxel to be tested in this pass */

struct thin {
    struct vn_bitvol obj, queued;               /* queued: waits in a bucket or in `next` */
    struct vn_buf d2;
    int parity[3];                              /* of box.lo */
    struct chunk *chunk; uint32_t n_chunk, cap_chunk, free_chunk;
    uint32_t *head; uint64_t n_head;            /* first chunk of each level's bucket; chunk 0 is not used */
    uint64_t level;
    struct list pass, next;
    struct list field[8];
    struct list *test;                          /* what test_field looks at */
    uint8_t *verdict; uint64_t cap_verdict;
    uint64_t n_gone;
};

static int list_add(struct list *l, uint64_t v, struct vn_err *err)
{
    if (l->n == l->cap) {
        const uint64_t cap = l->cap ? l->cap * 2 : 1024;
        uint64_t *p = vn_realloc(l->v, cap * sizeof(*p), err);
        if (!p)
            return err->code;
        l->v = p;
        l->cap = cap;
    }
    l->v[l->n++] = v;
    return 0;
}

/* ---- buckets ---- */

static uint64_t level_of(const struct thin *t, uint64_t v)
{
    const float d2 = ((const float *)t->d2.data)[at_z(v) * t->d2.stride[1] + at_y(v) * t->d2.stride[0] + at_x(v)];
    return isinf(d2) ? 0 : (uint64_t)d2;        /* infinite only when there is no background at all */
}

static int grow_heads(struct thin *t, uint64_t level, struct vn_err *err)
{
    const uint64_t n = level + 1 + level / 2 + 256;
    uint32_t *p = vn_realloc(t->head, n * sizeof(*p), err);
    if (!p)
        return err->code;
    for (uint64_t i = t->n_head; i < n; i++)
        p[i] = NO_CHUNK;
    t->head = p;
    t->n_head = n;
    return 0;
}

/* A free chunk's number, or NO_CHUNK with err set. */
static uint32_t take_chunk(struct thin *t, struct vn_err *err)
{
    if (t->free_chunk) {
        const uint32_t c = t->free_chunk;
        t->free_chunk = t->chunk[c].next;
        return c;
    }
    if (t->n_chunk == t->cap_chunk) {
        const uint32_t cap = t->cap_chunk ? t->cap_chunk + t->cap_chunk / 2 : 4096;
        struct chunk *p = cap > t->cap_chunk ? vn_realloc(t->chunk, (uint64_t)cap * sizeof(*p), err) : NULL;
        if (!p) {
            if (cap <= t->cap_chunk)
                vn_fail(err, VN_E_UNSUPPORTED, "the mask is too large to thin at once; choose a smaller roi");
            return NO_CHUNK;
        }
        t->chunk = p;
        t->cap_chunk = cap;
        t->n_chunk += t->n_chunk == 0;
    }
    return t->n_chunk++;
}

/* Queues an object voxel that is not queued: for the next pass, or for its level when that is still to come. */
static int enqueue(struct thin *t, uint64_t v, struct vn_err *err)
{
    const uint64_t level = level_of(t, v);
    vn_bit_set(vn_bit_row(&t->queued, at_y(v), at_z(v)), at_x(v));
    if (level <= t->level)
        return list_add(&t->next, v, err);
    if (level >= t->n_head) {
        int rc = grow_heads(t, level, err);
        if (rc)
            return rc;
    }
    uint32_t c = t->head[level];
    if (c == NO_CHUNK || t->chunk[c].n == CHUNK_LEN) {
        const uint32_t fresh = take_chunk(t, err);
        if (fresh == NO_CHUNK)
            return err->code;
        t->chunk[fresh].next = c;
        t->chunk[fresh].n = 0;
        t->head[level] = c = fresh;
    }
    t->chunk[c].v[t->chunk[c].n++] = v;
    return 0;
}

/* Moves the bucket of the current level to `next`. */
static int open_level(struct thin *t, struct vn_err *err)
{
    for (uint32_t c = t->head[t->level]; c != NO_CHUNK;) {
        const uint32_t following = t->chunk[c].next;
        for (uint32_t i = 0; i < t->chunk[c].n; i++) {
            int rc = list_add(&t->next, t->chunk[c].v[i], err);
            if (rc)
                return rc;
        }
        t->chunk[c].next = t->free_chunk;
        t->free_chunk = c;
        c = following;
    }
    t->head[t->level] = NO_CHUNK;
    return 0;
}

/* ---- one pass ---- */

/* Of the voxel itself and its neighbours, exactly two are set. */
static inline bool one_neighbour(uint32_t m)
{
    m &= m - 1;
    return m && !(m & (m - 1));
}

/* Voxel (x, y, z) has one neighbour (m) and ends a line of at least n voxels, a bump being none: walks along it. */
static bool ends_line(const struct thin *t, uint32_t m, int64_t x, int64_t y, int64_t z, int n)
{
    uint32_t from = VN_N27_CENTRE;
    for (; n > 1; n--) {
        const int b = __builtin_ctz(m & ~(uint32_t)VN_N27_CENTRE & ~from);
        x += b % 3 - 1;
        y += b / 3 % 3 - 1;
        z += b / 9 - 1;
        m = vn_bit27(&t->obj, vn_bit_row(&t->obj, y, z), x);
        from = 1u << (26 - b);                               /* the voxel walked from */
        if (__builtin_popcount(m) != 3)
            return __builtin_popcount(m) == 2;               /* the other end: a line of its own, however short */
    }
    return true;
}

static int sort_chunk(void *ctx, int64_t i, struct vn_err *err)
{
    struct thin *t = ctx;
    const uint64_t end = (uint64_t)vn_min64((i + 1) * TEST_GRAIN, (int64_t)t->pass.n);
    (void)err;
    for (uint64_t k = (uint64_t)i * TEST_GRAIN; k < end; k++) {
        const uint64_t v = t->pass.v[k];
        const int64_t x = at_x(v), y = at_y(v), z = at_z(v);
        const uint32_t m = vn_bit27(&t->obj, vn_bit_row(&t->obj, y, z), x);
        if (!(m & VN_N27_CENTRE) || (m & VN_N27_FACES) == VN_N27_FACES || m == VN_N27_CENTRE ||
            (one_neighbour(m) && ends_line(t, m, x, y, z, LINE_AT_START)))
            t->verdict[k] = DROP;
        else
            t->verdict[k] = (uint8_t)(((x + t->parity[0]) & 1) | ((y + t->parity[1]) & 1) << 1 | ((z + t->parity[2]) & 1) << 2);
    }
    return 0;
}

static int test_chunk(void *ctx, int64_t i, struct vn_err *err)
{
    struct thin *t = ctx;
    const uint64_t end = (uint64_t)vn_min64((i + 1) * TEST_GRAIN, (int64_t)t->test->n);
    (void)err;
    for (uint64_t k = (uint64_t)i * TEST_GRAIN; k < end; k++) {
        const int64_t x = at_x(t->test->v[k]), y = at_y(t->test->v[k]), z = at_z(t->test->v[k]);
        const uint32_t m = vn_bit27(&t->obj, vn_bit_row(&t->obj, y, z), x);
        t->verdict[k] = vn_n27_simple(m) && !(one_neighbour(m) && ends_line(t, m, x, y, z, LINE_IN_PASS)) ? GONE : DROP;
    }
    return 0;
}

/* Over the n voxels of a list, by this thread alone when they are few: starting the others would cost more. */
static int over(struct thin *t, uint64_t n, int (*body)(void *, int64_t, struct vn_err *), struct vn_job *job, struct vn_err *err)
{
    const int64_t n_chunk = (int64_t)((n + TEST_GRAIN - 1) / TEST_GRAIN);
    if (n > t->cap_verdict) {
        vn_free(t->verdict);
        t->cap_verdict = 0;
        t->verdict = vn_alloc(n * 2, err);
        if (!t->verdict)
            return err->code;
        t->cap_verdict = n * 2;
    }
    if (n_chunk > FEW_CHUNKS)
        return vn_job_for_quiet(job, n_chunk, body, t, err);
    for (int64_t i = 0; i < n_chunk; i++)
        body(t, i, err);
    return 0;
}

static int remove_voxel(struct thin *t, uint64_t v, struct vn_err *err)
{
    const int64_t x = at_x(v), y = at_y(v), z = at_z(v);
    uint64_t *row = vn_bit_row(&t->obj, y, z);
    int rc = 0;
    vn_bit_clear(row, x);
    t->n_gone++;
    uint32_t wake = vn_bit27(&t->obj, row, x) & ~vn_bit27(&t->queued, vn_bit_row(&t->queued, y, z), x);
    for (; wake && !rc; wake &= wake - 1) {
        const int b = __builtin_ctz(wake);
        rc = enqueue(t, pack(x + b % 3 - 1, y + b / 3 % 3 - 1, z + b / 9 - 1), err);
    }
    return rc;
}

static int run_pass(struct thin *t, struct vn_job *job, struct vn_err *err)
{
    int rc = over(t, t->pass.n, sort_chunk, job, err);
    for (int s = 0; s < 8; s++)
        t->field[s].n = 0;
    for (uint64_t k = 0; !rc && k < t->pass.n; k++) {
        const uint64_t v = t->pass.v[k];
        vn_bit_clear(vn_bit_row(&t->queued, at_y(v), at_z(v)), at_x(v));
        if (t->verdict[k] < 8)
            rc = list_add(&t->field[t->verdict[k]], v, err);
        if (!rc && (k & POLL_MASK) == POLL_MASK)
            rc = vn_job_check(job, err);
    }
    for (int s = 0; s < 8 && !rc; s++) {
        t->test = &t->field[s];
        rc = over(t, t->test->n, test_chunk, job, err);
        for (uint64_t k = 0; !rc && k < t->test->n; k++) {
            if (t->verdict[k] == GONE)
                rc = remove_voxel(t, t->test->v[k], err);
            if (!rc && (k & POLL_MASK) == POLL_MASK)
                rc = vn_job_check(job, err);
        }
    }
    return rc ? rc : vn_job_check(job, err);
}

/* Every object voxel with a background face neighbour waits at its level. */
static int queue_surface(struct thin *t, struct vn_job *job, struct vn_err *err)
{
    int rc = grow_heads(t, 0, err);
    for (int64_t z = 0; z < t->obj.n[2] && !rc; z++) {
        for (int64_t y = 0; y < t->obj.n[1] && !rc; y++) {
            const uint64_t *r = vn_bit_row(&t->obj, y, z);
            for (int64_t i = 0; i < t->obj.row_words && !rc; i++) {
                const uint64_t left = r[i] << 1 | (i > 0 ? r[i - 1] >> 63 : 0);
                const uint64_t right = r[i] >> 1 | (i + 1 < t->obj.row_words ? r[i + 1] << 63 : 0);
                const uint64_t inner = left & right & r[i - t->obj.row] & r[i + t->obj.row] &
                                       r[i - t->obj.plane] & r[i + t->obj.plane];
                for (uint64_t w = r[i] & ~inner; w && !rc; w &= w - 1)
                    rc = enqueue(t, pack(i * 64 + __builtin_ctzll(w) - 1, y, z), err);
            }
        }
        if (!rc)
            rc = vn_job_check(job, err);
    }
    return rc;
}

static int prepare(struct thin *t, const struct vn_buf *mask, const double um[3], struct vn_job *job, struct vn_err *err)
{
    const double least = fmin(um[0], fmin(um[1], um[2]));
    const double ratio[3] = { least > 0 ? um[0] / least : 0, least > 0 ? um[1] / least : 0, least > 0 ? um[2] / least : 0 };
    for (int i = 0; i < 3; i++)
        t->parity[i] = (int)(mask->box.lo[i] & 1);
    int rc = vn_buf_new(&t->d2, VN_F32, &mask->box, err);
    if (!rc)
        rc = vn_edt(mask, ratio, VN_EDT_OPEN | VN_EDT_SQUARED, &t->d2, job, err);
    if (!rc)
        rc = vn_bitvol_from(&t->obj, mask, job, err);
    if (!rc)
        rc = vn_bitvol_new(&t->queued, &mask->box, err);
    return rc;
}

/* A list of n places as list_add makes it. */
static double list_bytes(double n) { return vn_mem_counted(8 * exp2(ceil(log2(fmax(n, 1024))))); }

double vn_thin_front_bytes(double n)
{
    double cap = 4096;                              /* chunks, as take_chunk makes them */
    while (cap * CHUNK_LEN < n)
        cap += floor(cap / 2);
    return vn_mem_counted(cap * (double)sizeof(struct chunk)) + list_bytes(n) + list_bytes(n / 2) + 8 * list_bytes(n / 8) + vn_mem_counted(2 * n);
}

int vn_thin(const struct vn_buf *mask, const double um[3], struct vn_buf *skel, struct vn_job *job, struct vn_err *err)
{
    return vn_thin_distance(mask, um, skel, NULL, job, err);
}

int vn_thin_distance(const struct vn_buf *mask, const double um[3], struct vn_buf *skel, struct vn_buf *d2, struct vn_job *job, struct vn_err *err)
{
    struct thin t = { 0 };
    int rc = prepare(&t, mask, um, job, err);
    const uint64_t total = rc ? 0 : vn_bitvol_count(&t.obj);

    if (!rc)
        rc = queue_surface(&t, job, err);
    for (; !rc && t.level < t.n_head; t.level++) {
        rc = open_level(&t, err);
        while (!rc && t.next.n) {
            const struct list done = t.pass;
            t.pass = t.next;
            t.next = done;
            t.next.n = 0;
            rc = run_pass(&t, job, err);
        }
        vn_job_step(job, t.n_gone, total);
    }
    if (!rc)
        rc = vn_bitvol_to(&t.obj, skel, job, err);
    for (int s = 0; s < 8; s++)
        vn_free(t.field[s].v);
    vn_free(t.pass.v);
    vn_free(t.next.v);
    vn_free(t.verdict);
    vn_free(t.chunk);
    vn_free(t.head);
    if (d2 && !rc)
        *d2 = t.d2;
    else
        vn_buf_free(&t.d2);
    vn_bitvol_free(&t.obj);
    vn_bitvol_free(&t.queued);
    return rc;
}
