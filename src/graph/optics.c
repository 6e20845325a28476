/* optics.c - light to grey values: what is not a vessel, point spread, gains, noise. */
#include <math.h>
#include <string.h>
#include "look.h"
#include "mem.h"
#include "vox.h"

enum { MAX_BUMP = 256, MAX_SHEET = 16, MAX_TAP = 64, STREAM_PLACE = 7, STREAM_STRIPE, STREAM_SLICE, STREAM_TILE, STREAM_LINE, STREAM_FIELD = 32 };

/* Smooth random field, 0 to 1: quadratic B-splines on n cells an axis. */
struct field { int64_t n[3]; float *v; };
struct bump { double p[3], r[3], light; };               /* um; a ball with a sharp edge, or a cloud */
struct sheet { struct field f; int axis; double at, sway, half; };
struct taps { int r; float w[MAX_TAP + 1]; };

struct vn_optics {
    double look[VN_N_LOOK];
    uint64_t seed;
    int64_t dim[3];
    double um[3], size[3], fine;                          /* fine: width of an edge, um */
    enum vn_type type;
    float level, contrast, unit;
    double slope[3];                                      /* of the background */
    struct field uneven, shade;
    struct bump *blob, cloud[4];
    int n_blob, n_cloud, n_sheet;
    struct sheet sheet[MAX_SHEET];
    struct taps spread[3], grain[3];
    float *grain_gain[3];                                 /* brings shared noise back to sd 1, by place along each axis */
    int64_t checker_at[2], stripe_at, tile_at[2];
    float *slice_gain, *row_gain;
};

static double draw(uint64_t seed, uint64_t stream, uint64_t i)
{
    uint32_t r[4];

    vn_random(seed, stream, i, r);
    return r[0] / 4294967296.0;
}

/* ---- smooth fields ---- */

static int field_new(struct field *f, uint64_t seed, uint64_t stream, const int64_t n[3], struct vn_err *err)
{
    const int64_t count = (n[0] + 2) * (n[1] + 2) * (n[2] + 2);

    memcpy(f->n, n, sizeof f->n);
    f->v = vn_alloc((uint64_t)count * sizeof *f->v, err);
    for (int64_t i = 0; f->v && i < count; i++)
        f->v[i] = (float)draw(seed, stream, (uint64_t)i);
    return f->v ? 0 : VN_E_MEMORY;
}

static int64_t weights(int64_t i, int64_t dim, int64_t n, float w[3])
{
    const double u = ((double)i + 0.5) * (double)n / (double)dim;
    const int64_t c = (int64_t)u;
    const float t = (float)(u - (double)c);

    w[0] = 0.5f * (1 - t) * (1 - t);
    w[2] = 0.5f * t * t;
    w[1] = 1.0f - w[0] - w[2];
    return c;
}

static void field_row(const struct field *f, const int64_t dim[3], int64_t y, int64_t z, float *row)
{
    float wy[3], wz[3], w[3], c[64];
    const int64_t j = weights(y, dim[1], f->n[1], wy), k = weights(z, dim[2], f->n[2], wz), nx = f->n[0] + 2;

    for (int64_t i = 0; i < nx; i++) {
        c[i] = 0;
        for (int b = 0; b < 3; b++)
            for (int a = 0; a < 3; a++)
                c[i] += wz[b] * wy[a] * f->v[((k + b) * (f->n[1] + 2) + j + a) * nx + i];
    }
    for (int64_t x = 0; x < dim[0]; x++) {
        const int64_t i = weights(x, dim[0], f->n[0], w);
        row[x] = w[0] * c[i] + w[1] * c[i + 1] + w[2] * c[i + 2];
    }
}

/* ---- what is not a vessel ---- */

static int place_blobs(struct vn_optics *o, struct vn_facts *facts, struct vn_err *err)
{
    const double h = fmax(o->um[0], fmax(o->um[1], o->um[2]));
    double place[5 * 16];
    int n = 0;

    o->n_blob = (int)o->look[VN_LOOK_BLOBS];
    if (!o->n_blob)
        return 0;
    o->blob = vn_alloc((uint64_t)o->n_blob * sizeof *o->blob, err);
    if (!o->blob)
        return VN_E_MEMORY;
    for (int i = 0; i < o->n_blob; i++) {
        struct bump *b = &o->blob[i];
        const double r = h * (1 + 4 * draw(o->seed, STREAM_PLACE, 1000 + 8 * (uint64_t)i));
        for (int k = 0; k < 3; k++) {
            b->p[k] = o->size[k] * draw(o->seed, STREAM_PLACE, 1001 + 8 * (uint64_t)i + (uint64_t)k);
            b->r[k] = r * (0.7 + 0.6 * draw(o->seed, STREAM_PLACE, 1004 + 8 * (uint64_t)i + (uint64_t)k));
        }
        b->light = o->look[VN_LOOK_GLARE] * (0.2 + 0.8 * draw(o->seed, STREAM_PLACE, 1007 + 8 * (uint64_t)i));
        for (int k = 0; k < 5 && i < 16; k++)
            place[n++] = k < 3 ? b->p[k] : k == 3 ? r : b->light;
    }
    return vn_fact_add(facts, "blobs_at", n, place, err);
}

static int place_clouds(struct vn_optics *o, struct vn_facts *facts, struct vn_err *err)
{
    double place[12];

    o->n_cloud = o->look[VN_LOOK_HAZE] > 0 ? 1 + (int)(4 * draw(o->seed, STREAM_PLACE, 1)) : 0;
    for (int i = 0; i < o->n_cloud; i++) {
        struct bump *b = &o->cloud[i];
        for (int k = 0; k < 3; k++) {
            b->p[k] = place[3 * i + k] = o->size[k] * draw(o->seed, STREAM_PLACE, 16 + 8 * (uint64_t)i + (uint64_t)k);
            b->r[k] = fmax(o->size[k], 4 * o->um[k]) * (0.25 + 0.35 * draw(o->seed, STREAM_PLACE, 19 + 8 * (uint64_t)i + (uint64_t)k));
        }
        b->light = o->look[VN_LOOK_HAZE];
    }
    return o->n_cloud ? vn_fact_add(facts, "haze_um", 3 * o->n_cloud, place, err) : 0;
}

static int place_sheets(struct vn_optics *o, struct vn_facts *facts, struct vn_err *err)
{
    double axis[MAX_SHEET];
    int rc = 0;

    o->n_sheet = (int)fmin(o->look[VN_LOOK_SHEETS], MAX_SHEET);
    for (int i = 0; i < o->n_sheet && !rc; i++) {
        struct sheet *s = &o->sheet[i];
        const uint64_t at = 100 + 8 * (uint64_t)i;
        const double in = 0.02 + 0.2 * draw(o->seed, STREAM_PLACE, at + 1);
        int64_t n[3] = { 3, 3, 3 };
        s->axis = (int)(3 * draw(o->seed, STREAM_PLACE, at));
        n[s->axis] = 1;
        s->at = o->size[s->axis] * (draw(o->seed, STREAM_PLACE, at + 2) < 0.5 ? in : 1 - in);
        s->sway = 0.3 * o->size[s->axis];
        s->half = (0.5 + draw(o->seed, STREAM_PLACE, at + 3)) * o->um[s->axis];
        axis[i] = s->axis;
        rc = field_new(&s->f, o->seed, STREAM_FIELD + 2 + (uint64_t)i, n, err);
    }
    return rc || !o->n_sheet ? rc : vn_fact_add(facts, "sheet_axes", o->n_sheet, axis, err);
}

static float coverage(double depth, double edge)
{
    const double c = 0.5 + depth / edge;

    return (float)(c < 0 ? 0.0 : c > 1 ? 1.0 : c);
}

/* Adds a ball with a soft edge (the brighter wins) or a cloud to the part of a row that it reaches. */
static void bump_row(const struct vn_optics *o, const struct bump *b, bool cloud, int64_t y, int64_t z, float *row)
{
    const double ey = (((double)y + 0.5) * o->um[1] - b->p[1]) / b->r[1], ez = (((double)z + 0.5) * o->um[2] - b->p[2]) / b->r[2];
    const double r = fmin(b->r[0], fmin(b->r[1], b->r[2])), out = cloud ? 1.0 : 1.0 + o->fine / r, rest = out * out - ey * ey - ez * ez;

    if (rest <= 0)
        return;
    const double half = b->r[0] * sqrt(rest);
    const int64_t lo = vn_clamp64((int64_t)floor((b->p[0] - half) / o->um[0]), 0, o->dim[0]);
    const int64_t hi = vn_clamp64((int64_t)floor((b->p[0] + half) / o->um[0]) + 1, 0, o->dim[0]);
    for (int64_t x = lo; x < hi; x++) {
        const double ex = (((double)x + 0.5) * o->um[0] - b->p[0]) / b->r[0], q = ex * ex + ey * ey + ez * ez;
        if (cloud && q < 1)
            row[x] += (float)(b->light * (1 - q) * (1 - q));
        else if (!cloud)
            row[x] = fmaxf(row[x], (float)b->light * coverage((1 - sqrt(q)) * r, o->fine));
    }
}

static void sheet_row(const struct vn_optics *o, const struct sheet *s, int64_t y, int64_t z, float *row, float *spare)
{
    const double here[3] = { 0, ((double)y + 0.5) * o->um[1], ((double)z + 0.5) * o->um[2] };

    field_row(&s->f, o->dim, y, z, spare);
    for (int64_t x = 0; x < o->dim[0]; x++) {
        const double w = s->axis ? here[s->axis] : ((double)x + 0.5) * o->um[0];
        const double off = fabs(w - s->at - s->sway * ((double)spare[x] - 0.5));
        row[x] = fmaxf(row[x], (float)o->look[VN_LOOK_GLARE] * coverage(s->half - off, o->um[s->axis]));
    }
}

int vn_optics_plane(const struct vn_optics *o, int64_t z, float *light, struct vn_err *err)
{
    float *spare;

    if (!o->n_blob && !o->n_sheet && !o->n_cloud)
        return 0;
    spare = vn_alloc((uint64_t)o->dim[0] * sizeof *spare, err);
    if (!spare)
        return VN_E_MEMORY;
    for (int64_t y = 0; y < o->dim[1]; y++) {
        float *row = light + y * o->dim[0];
        for (int i = 0; i < o->n_blob; i++)
            bump_row(o, &o->blob[i], false, y, z, row);
        for (int i = 0; i < o->n_sheet; i++)
            sheet_row(o, &o->sheet[i], y, z, row, spare);
        for (int i = 0; i < o->n_cloud; i++)
            bump_row(o, &o->cloud[i], true, y, z, row);
    }
    vn_free(spare);
    return 0;
}

/* ---- blurring a whole volume in place, the border mirrored ---- */

static int make_taps(struct taps *t, const char *name, int axis, double sigma, struct vn_err *err)
{
    double w[MAX_TAP + 1], sum = 0;

    t->r = (int)ceil(3 * sigma);
    if (t->r > MAX_TAP)
        return vn_fail(err, VN_E_ARG, "%s is %g voxels along %c: at most %d", name, sigma, "xyz"[axis], MAX_TAP / 3);
    for (int k = 0; k <= t->r; k++) {
        w[k] = k ? vn_exp(-0.5 * k * k / (sigma * sigma)) : 1.0;
        sum += k ? 2 * w[k] : w[k];
    }
    for (int k = 0; k <= t->r; k++)
        t->w[k] = (float)(w[k] / sum);
    return 0;
}

/* 1 / sd of white noise of sd 1 after the taps: more near the border, where the mirrored part is the same noise. */
static int make_gain(const struct taps *t, int64_t n, float **out, struct vn_err *err)
{
    double *c = vn_alloc((uint64_t)n * sizeof *c, err);

    *out = vn_alloc((uint64_t)n * sizeof **out, err);
    for (int64_t x = 0; c && *out && x < n; x++) {
        double square = 0;
        const int64_t lo = vn_max64(0, x - t->r), hi = vn_min64(n, x + t->r + 1);
        for (int64_t i = lo; i < hi; i++)
            c[i] = 0;
        for (int64_t k = -t->r; k <= t->r; k++)
            c[vn_pad_from(VN_PAD_MIRROR, x + k, 0, n)] += t->w[k < 0 ? -k : k];
        for (int64_t i = lo; i < hi; i++)
            square += c[i] * c[i];
        (*out)[x] = (float)(1 / sqrt(square));
    }
    vn_free(c);
    return c && *out ? 0 : VN_E_MEMORY;
}

/* out = sum over k of w[k] in[k * step], centre first, then pairs. */
static VN_HOT void tap_row(const float *in, int64_t step, const struct taps *t, float *restrict out, int64_t n)
{
    for (int64_t x = 0; x < n; x++)
        out[x] = t->w[0] * in[x];
    for (int k = 1; k <= t->r; k++)
        for (int64_t x = 0; x < n; x++)
            out[x] += t->w[k] * (in[x - k * step] + in[x + k * step]);
}

struct blur { float *v; const struct taps *t; const int64_t *dim; };

/* A plane along x and y. */
static int blur_xy(void *ctx, int64_t z, struct vn_err *err)
{
    const struct blur *b = ctx;
    const int64_t nx = b->dim[0], ny = b->dim[1], rx = b->t[0].r, ry = b->t[1].r;
    float *v = b->v + z * nx * ny, *tall = vn_alloc((uint64_t)(nx * (ny + 2 * ry) + nx + 2 * rx) * sizeof *tall, err);
    float *wide = tall + nx * (ny + 2 * ry);

    if (!tall)
        return VN_E_MEMORY;
    for (int64_t y = 0; y < ny; y++) {
        for (int64_t x = -rx; x < nx + rx; x++)
            wide[x + rx] = v[y * nx + vn_pad_from(VN_PAD_MIRROR, x, 0, nx)];
        tap_row(wide + rx, 1, &b->t[0], tall + (y + ry) * nx, nx);
    }
    for (int64_t y = -ry; y < ny + ry; y++)
        if (y < 0 || y >= ny)
            memcpy(tall + (y + ry) * nx, tall + (ry + vn_pad_from(VN_PAD_MIRROR, y, 0, ny)) * nx, (size_t)nx * sizeof *tall);
    for (int64_t y = 0; y < ny; y++)
        tap_row(tall + (y + ry) * nx, nx, &b->t[1], v + y * nx, nx);
    vn_free(tall);
    return 0;
}

/* A plane of constant y along z. */
static int blur_z(void *ctx, int64_t y, struct vn_err *err)
{
    const struct blur *b = ctx;
    const int64_t nx = b->dim[0], nz = b->dim[2], rz = b->t[2].r, plane = nx * b->dim[1];
    float *tall = vn_alloc((uint64_t)(nx * (nz + 2 * rz)) * sizeof *tall, err);

    if (!tall)
        return VN_E_MEMORY;
    for (int64_t z = -rz; z < nz + rz; z++)
        memcpy(tall + (z + rz) * nx, b->v + vn_pad_from(VN_PAD_MIRROR, z, 0, nz) * plane + y * nx, (size_t)nx * sizeof *tall);
    for (int64_t z = 0; z < nz; z++)
        tap_row(tall + (z + rz) * nx, nx, &b->t[2], b->v + z * plane + y * nx, nx);
    vn_free(tall);
    return 0;
}

static int blur(const struct vn_optics *o, float *v, const struct taps *t, struct vn_job *job, struct vn_err *err)
{
    struct blur b = { v, t, o->dim };
    int rc = t[0].r || t[1].r ? vn_job_for(job, o->dim[2], blur_xy, &b, err) : 0;

    return rc || !t[2].r ? rc : vn_job_for(job, o->dim[1], blur_z, &b, err);
}

static void noise_row(const struct vn_optics *o, int64_t at, int64_t n, float *row)
{
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits[4];
        vn_random(o->seed, 0, (uint64_t)(at + i), bits);
        row[i] = vn_normal(bits);
    }
}

struct white { const struct vn_optics *o; float *v; };

static int white_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct white *w = ctx;
    const int64_t n = w->o->dim[0] * w->o->dim[1];

    (void)err;
    noise_row(w->o, z * n, n, w->v + z * n);
    return 0;
}

static bool noisy(const struct vn_optics *o) { return o->look[VN_LOOK_NOISE] > 0 || o->look[VN_LOOK_SHOT] > 0; }

bool vn_optics_wide(const struct vn_optics *o)
{
    return o->spread[0].r || o->spread[2].r || (o->grain[0].r && noisy(o));
}

int vn_optics_spread(const struct vn_optics *o, float *light, float **noise, struct vn_job *job, struct vn_err *err)
{
    int rc = blur(o, light, o->spread, job, err);

    *noise = NULL;
    if (rc || !o->grain[0].r || !noisy(o))
        return rc;
    struct white w = { o, vn_alloc((uint64_t)(o->dim[0] * o->dim[1] * o->dim[2]) * sizeof *w.v, err) };
    rc = w.v ? vn_job_for(job, o->dim[2], white_plane, &w, err) : VN_E_MEMORY;
    if (!rc)
        rc = blur(o, w.v, o->grain, job, err);
    if (rc)
        vn_free(w.v);
    else
        *noise = w.v;
    return rc;
}

/* ---- gains and patterns ---- */

static int make_slices(struct vn_optics *o, struct vn_facts *facts, struct vn_err *err)
{
    const int64_t nz = o->dim[2];
    const int want = (int)fmin(o->look[VN_LOOK_LOST], (double)(nz - 1));
    double *list = vn_alloc((uint64_t)nz * sizeof *list, err);
    int n = 0, rc = 0;

    o->slice_gain = vn_alloc((uint64_t)nz * sizeof *o->slice_gain, err);
    if (!list || !o->slice_gain) {
        vn_free(list);
        return VN_E_MEMORY;
    }
    for (int64_t z = 0; z < nz; z++) {
        list[z] = 1 + o->look[VN_LOOK_JUMPS] * (2 * draw(o->seed, STREAM_SLICE, (uint64_t)z) - 1);
        o->slice_gain[z] = (float)list[z];
    }
    if (o->look[VN_LOOK_JUMPS] > 0)
        rc = vn_fact_add(facts, "slice_gain", (int)vn_min64(nz, 1 << 20), list, err);
    /* Runs of one to three slices; the gain of a lost one is 0. */
    for (uint64_t t = 0; n < want && !rc; t++) {
        int64_t z = (int64_t)(draw(o->seed, STREAM_PLACE, 200 + 2 * t) * (double)nz);
        const int64_t end = vn_min64(nz, z + 1 + (int64_t)(3 * draw(o->seed, STREAM_PLACE, 201 + 2 * t)));
        for (; z < end && n < want; z++)
            if (o->slice_gain[z] > 0) {
                o->slice_gain[z] = 0;
                list[n++] = (double)z;
            }
    }
    if (!rc && n)
        rc = vn_fact_add(facts, "lost_slices", n, list, err);
    vn_free(list);
    return rc;
}

/* Gain of each row: stripes of random depth, one a period, smooth across. */
static int make_rows(struct vn_optics *o, struct vn_facts *facts, struct vn_err *err)
{
    const double period = fmax(2.0, o->look[VN_LOOK_STRIPE_PERIOD]), phase = period * draw(o->seed, STREAM_PLACE, 4);

    o->row_gain = vn_alloc((uint64_t)o->dim[1] * sizeof *o->row_gain, err);
    if (!o->row_gain)
        return VN_E_MEMORY;
    for (int64_t y = 0; y < o->dim[1]; y++) {
        const double u = ((double)y + phase) / period, t = u - floor(u);
        o->row_gain[y] = (float)(1 - o->look[VN_LOOK_STRIPES] * draw(o->seed, STREAM_STRIPE, (uint64_t)floor(u)) * 4 * t * (1 - t));
    }
    return o->look[VN_LOOK_STRIPES] > 0 ? vn_fact_add(facts, "stripe_phase", 1, &phase, err) : 0;
}

static int make_patterns(struct vn_optics *o, struct vn_facts *facts, struct vn_err *err)
{
    const int64_t square = (int64_t)o->look[VN_LOOK_CHECKERBOARD], tile = (int64_t)o->look[VN_LOOK_TILE];
    double v[2];
    int rc = make_slices(o, facts, err);

    if (!rc)
        rc = make_rows(o, facts, err);
    for (int k = 0; k < 2; k++) {
        o->checker_at[k] = (int64_t)((double)square * draw(o->seed, STREAM_PLACE, 6 + (uint64_t)k));
        o->tile_at[k] = (int64_t)((double)tile * draw(o->seed, STREAM_PLACE, 8 + (uint64_t)k));
    }
    for (int k = 0; k < 2; k++)
        v[k] = (double)o->checker_at[k];
    if (!rc && square)
        rc = vn_fact_add(facts, "checker_phase", 2, v, err);
    for (int k = 0; k < 2; k++)
        v[k] = (double)o->tile_at[k];
    return rc || !(o->look[VN_LOOK_SEAMS] > 0) ? rc : vn_fact_add(facts, "tile_phase", 2, v, err);
}

static void gain_row(const struct vn_optics *o, int64_t y, int64_t z, float *gain)
{
    const float both = o->slice_gain[z] * o->row_gain[y];
    const int64_t tile = (int64_t)o->look[VN_LOOK_TILE];

    for (int64_t x = 0; x < o->dim[0]; x++)
        gain[x] = both;
    if (!(o->look[VN_LOOK_SEAMS] > 0) || tile < 1)
        return;
    const uint64_t j = (uint64_t)((y + o->tile_at[1]) / tile);
    for (int64_t x = 0, end; x < o->dim[0]; x = end) {
        const uint64_t i = (uint64_t)((x + o->tile_at[0]) / tile);
        const float g = (float)(1 + o->look[VN_LOOK_SEAMS] * (2 * draw(o->seed, STREAM_TILE, j << 32 | i) - 1));
        for (end = x; end < o->dim[0] && (uint64_t)((end + o->tile_at[0]) / tile) == i; end++)
            gain[end] *= g;
    }
}

/* ---- grey values ---- */

static void put_grey(const struct vn_optics *o, const float *v, int64_t n, void *to, int64_t at)
{
    const float top = o->type == VN_U8 ? 255.0f : 65535.0f;

    for (int64_t x = 0; x < n; x++) {
        float g = o->unit * (o->level + o->contrast * v[x]);
        if (o->type == VN_F32) {
            ((float *)to)[at + x] = g;
            continue;
        }
        g = floorf(g + 0.5f);
        g = g < 0 ? 0.0f : g > top ? top : g;
        if (o->type == VN_U8)
            ((uint8_t *)to)[at + x] = (uint8_t)g;
        else
            ((uint16_t *)to)[at + x] = (uint16_t)g;
    }
}

int vn_optics_grey(const struct vn_optics *o, int64_t z, float *light, const float *noise, void *grey, struct vn_err *err)
{
    const double *look = o->look;
    const int64_t nx = o->dim[0], ny = o->dim[1];
    const float base = o->level / o->contrast, sd = (float)look[VN_LOOK_NOISE], shot = (float)look[VN_LOOK_SHOT];
    /* 1 - decay at the centre of the last slice, 1 at that of the first. */
    const float depth = look[VN_LOOK_DECAY] > 0 && o->dim[2] > 1 ?
                            (float)vn_exp(vn_log(1 - look[VN_LOOK_DECAY]) * (double)z / (double)(o->dim[2] - 1)) : 1.0f;
    const int64_t square = (int64_t)look[VN_LOOK_CHECKERBOARD];
    float *gain = vn_alloc((uint64_t)nx * 3 * sizeof *gain, err), *field = gain + nx, *own = field + nx;

    if (!gain)
        return VN_E_MEMORY;
    for (int64_t y = 0; y < ny; y++) {
        float *v = light + y * nx;
        if (o->shade.v) {
            field_row(&o->shade, o->dim, y, z, field);
            for (int64_t x = 0; x < nx; x++)
                v[x] *= 1 - (float)look[VN_LOOK_SHADE] * field[x];
        }
        if (look[VN_LOOK_DARK] > 0)
            for (int64_t x = 0; x < nx; x++)
                v[x] = 1 - v[x];
        if (look[VN_LOOK_BACKGROUND] > 0)
            for (int64_t x = 0; x < nx; x++)
                v[x] += (float)(look[VN_LOOK_BACKGROUND] *
                                (0.5 + o->slope[0] * ((x + 0.5) / nx - 0.5) + o->slope[1] * ((y + 0.5) / ny - 0.5) +
                                 o->slope[2] * ((z + 0.5) / o->dim[2] - 0.5)));
        if (o->uneven.v) {
            field_row(&o->uneven, o->dim, y, z, field);
            for (int64_t x = 0; x < nx; x++)
                v[x] += (float)look[VN_LOOK_UNEVEN] * field[x];
        }
        gain_row(o, y, z, gain);
        for (int64_t x = 0; x < nx; x++)
            v[x] = v[x] * depth * gain[x] + base * (gain[x] - 1);
        if (square)
            for (int64_t x = 0; x < nx; x++) {
                const int64_t side = (x + o->checker_at[0]) / square + (y + o->checker_at[1]) / square;
                v[x] += side & 1 ? -(float)look[VN_LOOK_CHECKER_BY] : (float)look[VN_LOOK_CHECKER_BY];
            }
        if (look[VN_LOOK_LINES] > 0) {
            uint32_t bits[4];
            vn_random(o->seed, STREAM_LINE, (uint64_t)(z * ny + y), bits);
            const float line = (float)look[VN_LOOK_LINES] * vn_normal(bits);
            for (int64_t x = 0; x < nx; x++)
                v[x] += line;
        }
        if (noisy(o)) {
            const float *n = noise ? noise + y * nx : own;
            const float unit = noise ? o->grain_gain[1][y] * o->grain_gain[2][z] : 1.0f;
            if (!noise)
                noise_row(o, (z * ny + y) * nx, nx, own);
            for (int64_t x = 0; x < nx; x++) {
                const float all = shot > 0 ? sqrtf(sd * sd + shot * shot * fmaxf(0.0f, v[x] + base)) : sd;
                v[x] += all * (noise ? unit * o->grain_gain[0][x] * n[x] : n[x]);
            }
        }
        put_grey(o, v, nx, grey, y * nx);
    }
    vn_free(gain);
    return 0;
}

/* ---- the whole ---- */

/* Cells of a smooth field: three along the longest side, at least one. */
static void cells(const struct vn_optics *o, int64_t n[3])
{
    const double longest = fmax(o->size[0], fmax(o->size[1], o->size[2]));

    for (int k = 0; k < 3; k++)
        n[k] = vn_clamp64((int64_t)(0.5 + 3 * o->size[k] / longest), 1, 3);
}

int vn_optics_new(struct vn_optics **out, const double look[VN_N_LOOK], uint64_t seed, const struct vn_grid *g, enum vn_type type,
                  struct vn_facts *facts, struct vn_err *err)
{
    struct vn_optics *o = *out = vn_calloc(1, sizeof *o, err);
    uint32_t r[4];
    int64_t n[3];
    int rc = 0;

    if (!o)
        return VN_E_MEMORY;
    memcpy(o->look, look, sizeof o->look);
    o->seed = seed;
    o->type = type;
    for (int k = 0; k < 3; k++) {
        o->dim[k] = g->dim[k];
        o->um[k] = g->um[k];
        o->size[k] = (double)g->dim[k] * g->um[k];
    }
    o->fine = 0.5 * (o->um[0] + o->um[1]);
    o->unit = type == VN_U16 ? 10.0f : 1.0f;
    o->level = look[VN_LOOK_LEVEL] > 0 ? (float)(look[VN_LOOK_LEVEL] / o->unit) : 40.0f;
    o->contrast = look[VN_LOOK_CONTRAST] > 0 ? (float)(look[VN_LOOK_CONTRAST] / o->unit) : 160.0f;

    vn_random(seed, 4, 0, r);
    const double a = r[0] / 4294967296.0, b = r[1] / 4294967296.0, all = a + b + 0.5;
    o->slope[0] = (r[2] & 1 ? 1 : -1) * a / all;
    o->slope[1] = (r[2] & 2 ? 1 : -1) * b / all;
    o->slope[2] = (r[2] & 4 ? 1 : -1) * 0.5 / all;

    cells(o, n);
    if (look[VN_LOOK_UNEVEN] > 0)
        rc = field_new(&o->uneven, seed, STREAM_FIELD, n, err);
    if (!rc && look[VN_LOOK_SHADE] > 0)
        rc = field_new(&o->shade, seed, STREAM_FIELD + 1, n, err);
    if (!rc)
        rc = place_blobs(o, facts, err);
    if (!rc)
        rc = place_clouds(o, facts, err);
    if (!rc)
        rc = place_sheets(o, facts, err);
    if (!rc)
        rc = make_patterns(o, facts, err);
    for (int k = 0; k < 3 && !rc; k++) {
        rc = make_taps(&o->spread[k], "psf", k, look[k < 2 ? VN_LOOK_PSF : VN_LOOK_PSF_Z], err);
        if (!rc)
            rc = make_taps(&o->grain[k], "grain", k, k < 2 ? look[VN_LOOK_GRAIN] : look[VN_LOOK_GRAIN] * o->um[0] / o->um[2], err);
        if (!rc)
            rc = make_gain(&o->grain[k], o->dim[k], &o->grain_gain[k], err);
    }
    return rc;
}

void vn_optics_free(struct vn_optics *o)
{
    if (!o)
        return;
    vn_free(o->uneven.v);
    vn_free(o->shade.v);
    vn_free(o->blob);
    for (int i = 0; i < o->n_sheet; i++)
        vn_free(o->sheet[i].f.v);
    for (int k = 0; k < 3; k++)
        vn_free(o->grain_gain[k]);
    vn_free(o->slice_gain);
    vn_free(o->row_gain);
    vn_free(o);
}
