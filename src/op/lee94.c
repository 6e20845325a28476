/* lee94.c - Lee, Kashyap, Chu 1994 on bit volumes: 64 voxels a step where nothing is to be decided. */
#include "lee94.h"
#include "bitvol.h"

struct lee {
    struct vn_bitvol obj;
    struct vn_bitvol cand;            /* candidates of this sub-iteration */
    struct vn_bitvol quiet;           /* tested, not deletable, neighbours unchanged since: need no test in any direction */
    int axis, side;                   /* direction of this sub-iteration */
};

/* Change of the Euler number of the 26-connected object when the centre goes is 0: lost corners - edges + faces - body.
 * A corner, edge or face of the voxel is lost when no other voxel touches it. m: centre bit clear. */
static bool euler_kept(uint32_t m)
{
    /* the 2x2x2 block at bit 0, and the 2x2 columns of voxels around edges along x, y, z */
    static const uint32_t corner = 1 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 9 | 1 << 10 | 1 << 12 | 1 << 13;
    static const uint32_t edge_x = 1 << 1 | 1 << 4 | 1 << 10 | 1 << 13;
    static const uint32_t edge_y = 1 << 3 | 1 << 4 | 1 << 12 | 1 << 13;
    static const uint32_t edge_z = 1 << 9 | 1 << 10 | 1 << 12 | 1 << 13;
    int d = -1;
    for (int a = 0; a < 2; a++)
        for (int b = 0; b < 2; b++) {
            d += !(m & corner << (3 * a + 9 * b)) + !(m & corner << (1 + 3 * a + 9 * b));
            d -= !(m & edge_x << (3 * a + 9 * b)) + !(m & edge_y << (a + 9 * b)) + !(m & edge_z << (a + 3 * b));
        }
    return d + 6 - __builtin_popcount(m & VN_N27_FACES) == 0;
}

static bool deletable(uint32_t m)
{
    m &= ~(uint32_t)VN_N27_CENTRE;
    return __builtin_popcount(m) != 1 && euler_kept(m) && vn_n27_object_joined(m);
}

/* Words of the neighbours in the direction of this sub-iteration. */
static inline uint64_t ahead(const struct lee *s, const uint64_t *row, int64_t i)
{
    if (s->axis == 2)
        return row[i + s->side * s->obj.plane];
    if (s->axis == 1)
        return row[i + s->side * s->obj.row];
    if (s->side > 0)
        return row[i] >> 1 | (i + 1 < s->obj.row_words ? row[i + 1] << 63 : 0);
    return row[i] << 1 | (i > 0 ? row[i - 1] >> 63 : 0);
}

static int find_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct lee *s = ctx;
    (void)err;
    for (int64_t y = 0; y < s->obj.n[1]; y++) {
        const uint64_t *row = vn_bit_row(&s->obj, y, z);
        uint64_t *cand = vn_bit_row(&s->cand, y, z), *quiet = vn_bit_row(&s->quiet, y, z);
        for (int64_t i = 0; i < s->obj.row_words; i++) {
            uint64_t found = 0;
            for (uint64_t w = row[i] & ~quiet[i] & ~ahead(s, row, i); w; w &= w - 1)
                if (deletable(vn_bit27(&s->obj, row, i * 64 + __builtin_ctzll(w) - 1)))
                    found |= w & (0 - w);
                else
                    quiet[i] |= w & (0 - w);
            cand[i] = found;
        }
    }
    return 0;
}

static void wake_neighbours(struct lee *s, int64_t x, int64_t y, int64_t z)
{
    for (int64_t dz = -1; dz <= 1; dz++)
        for (int64_t dy = -1; dy <= 1; dy++) {
            uint64_t *row = vn_bit_row(&s->quiet, y + dy, z + dz);
            row[x >> 6] &= ~(7ULL << (x & 63));
            if ((x & 63) > 61)
                row[(x >> 6) + 1] &= ~(7ULL >> (64 - (x & 63)));
        }
}

/* Deletes the candidates of plane z whose neighbours are still joined, in order. Returns how many. */
static int64_t delete_plane(struct lee *s, int64_t z)
{
    int64_t n = 0;
    for (int64_t y = 0; y < s->obj.n[1]; y++) {
        uint64_t *row = vn_bit_row(&s->obj, y, z), *cand = vn_bit_row(&s->cand, y, z);
        for (int64_t i = 0; i < s->obj.row_words; i++)
            for (uint64_t w = cand[i]; w; w &= w - 1) {
                const int64_t x = i * 64 + __builtin_ctzll(w) - 1;
                if (!vn_n27_object_joined(vn_bit27(&s->obj, row, x) & ~(uint32_t)VN_N27_CENTRE))
                    continue;
                vn_bit_clear(row, x);
                wake_neighbours(s, x, y, z);
                n++;
            }
    }
    return n;
}

int vn_lee94(const struct vn_buf *mask, struct vn_buf *skel, struct vn_job *job, struct vn_err *err)
{
    static const int order[6][2] = { { 1, -1 }, { 1, 1 }, { 0, 1 }, { 0, -1 }, { 2, 1 }, { 2, -1 } };
    const int n_dir = vn_box_dim(&mask->box, 2) == 1 ? 4 : 6;     /* one plane: scikit-image leaves z out */
    struct lee s = { 0 };
    uint64_t left = 0, total = 0;
    int64_t deleted = 1;

    int rc = vn_bitvol_from(&s.obj, mask, job, err);
    if (!rc)
        rc = vn_bitvol_new(&s.cand, &mask->box, err);
    if (!rc)
        rc = vn_bitvol_new(&s.quiet, &mask->box, err);
    if (rc)
        goto out;
    left = total = vn_bitvol_count(&s.obj);
    while (deleted > 0) {
        deleted = 0;
        for (int d = 0; d < n_dir; d++) {
            s.axis = order[d][0];
            s.side = order[d][1];
            rc = vn_job_for_quiet(job, s.obj.n[2], find_plane, &s, err);
            for (int64_t z = 0; !rc && z < s.obj.n[2]; z++) {
                deleted += delete_plane(&s, z);
                rc = vn_job_check(job, err);
            }
            if (rc)
                goto out;
        }
        left -= (uint64_t)deleted;
        vn_job_step(job, total - left, total);
    }
    rc = vn_bitvol_to(&s.obj, skel, job, err);
out:
    vn_bitvol_free(&s.obj);
    vn_bitvol_free(&s.cand);
    vn_bitvol_free(&s.quiet);
    return rc;
}
