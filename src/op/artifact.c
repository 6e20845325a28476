/* artifact.c - artifacts as text and as fields. */
#include "artifact.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "mem.h"
#include "vox.h"

const char *const vn_artifact_names[VN_N_ARTIFACT] = { "checkerboard", "slices", "seams", "stripes", "lost" };

static void item_free(struct vn_artifact *a)
{
    vn_free(a->wave);
    vn_free(a->value);
    vn_free(a->e);
    vn_free(a->mul);
    vn_free(a->add);
    *a = (struct vn_artifact){ .kind = VN_CHECKERBOARD };
}

void vn_artifacts_drop(struct vn_artifacts *m) { item_free(&m->item[--m->n]); }

void vn_artifacts_free(struct vn_artifacts *m)
{
    for (int i = 0; i < m->n; i++)
        item_free(&m->item[i]);
    m->n = 0;
}

/* ---- fields ---- */

static int64_t cells(const struct vn_artifact *a)
{
    return a->kind == VN_CHECKERBOARD ? (int64_t)a->period * a->period * a->period : a->n_value;
}

/* E by residues of x, y, z. */
static void expand(const struct vn_artifact *a, double *e)
{
    const int p = a->period;
    double cosine[VN_MAX_PERIOD];

    for (int i = 0; i < p; i++)
        cosine[i] = vn_cos_turn((double)i / p);
    memset(e, 0, (size_t)cells(a) * sizeof *e);
    for (int w = 0; w < a->n_wave; w++) {
        const int *k = a->wave[w].k;
        const bool own = 2 * k[0] % p == 0 && 2 * k[1] % p == 0 && 2 * k[2] % p == 0;
        const double re = (own ? 1 : 2) * a->wave[w].re, im = (own ? 1 : 2) * a->wave[w].im;
        double row[VN_MAX_PERIOD];
        for (int i = 0; i < p; i++)                        /* sin a = cos (a - 1/4) */
            row[i] = re * cosine[i] - im * (own ? 0 : vn_cos_turn((double)i / p - 0.25));
        for (int z = 0, i = 0; z < p; z++)
            for (int y = 0; y < p; y++)
                for (int x = 0, at = (k[1] * y + k[2] * z) % p; x < p; x++, i++) {
                    e[i] += row[at];
                    at += k[0];
                    at -= at >= p ? p : 0;
                }
    }
}

int vn_artifact_ready(struct vn_artifact *a, double strength, struct vn_err *err)
{
    const uint64_t n = (uint64_t)cells(a);

    if ((!a->e && !(a->e = vn_alloc(n * sizeof *a->e, err))) || (!a->mul && !(a->mul = vn_alloc(n * sizeof *a->mul, err))) ||
        (!a->add && !(a->add = vn_alloc(n * sizeof *a->add, err))))
        return VN_E_MEMORY;
    if (a->kind == VN_CHECKERBOARD)
        expand(a, a->e);
    else
        memcpy(a->e, a->value, n * sizeof *a->e);
    for (uint64_t i = 0; i < n; i++) {                     /* where nearly nothing is left of s, it is not made up */
        const double f = 1 + a->scale * a->e[i], by = f > 0.05 ? f : 0.05;
        a->mul[i] = 1 + strength * (1 / by - 1);
        a->add[i] = strength * (a->e[i] * (a->scale * a->level - 1)) / by;
    }
    return 0;
}

static int64_t residue(int64_t i, int64_t p) { return (i % p + p) % p; }

/* Tile of voxel i of an axis. */
static int tile(const struct vn_artifact *a, int axis, int64_t i)
{
    int t = 0;
    while (t < a->n_at[axis] && i >= a->at[axis][t])
        t++;
    return t;
}

/* Where the row's values stand in t: first[i % n], or values that change at voxels of the row.  Copies n of them. */
static void spread_row(const struct vn_artifact *a, const double *t, int64_t x, int64_t y, int64_t z, double beyond, double *out, int64_t n)
{
    if (a->kind == VN_CHECKERBOARD) {
        const int64_t p = a->period, at = residue(x, p);
        const double *row = t + (residue(z, p) * p + residue(y, p)) * p;
        for (int64_t i = 0, r = at; i < n && i < p; i++, r = r + 1 == p ? 0 : r + 1)
            out[i] = row[r];
        for (int64_t done = vn_min64(n, p); done < n; done *= 2)
            memcpy(out + done, out, (size_t)vn_min64(done, n - done) * sizeof *out);
    } else if (a->kind == VN_SLICES) {
        const int64_t at = (a->axis == 0 ? x : a->axis == 1 ? y : z) - a->lo;
        for (int64_t i = 0; i < n; i++) {
            const int64_t j = a->axis == 0 ? at + i : at;
            out[i] = j >= 0 && j < a->n_value ? t[j] : beyond;
        }
    } else {
        const double *row = t + (tile(a, 2, z) * (a->n_at[1] + 1) + tile(a, 1, y)) * (a->n_at[0] + 1);
        int k = tile(a, 0, x);
        for (int64_t i = 0; i < n; i++) {
            k += k < a->n_at[0] && x + i >= a->at[0][k];
            out[i] = row[k];
        }
    }
}

static VN_HOT void affine_row(double *restrict v, const double *restrict mul, const double *restrict add, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        v[i] = v[i] * mul[i] + add[i];
}

void vn_artifacts_row(const struct vn_artifacts *m, int64_t x, int64_t y, int64_t z, double *v, int64_t n)
{
    enum { PIECE = 256 };
    double mul[PIECE], add[PIECE];

    for (int i = 0; i < m->n; i++)
        for (int64_t at = 0; at < n && m->item[i].kind < VN_STRIPES; at += PIECE) {
            const int64_t part = vn_min64(PIECE, n - at);
            spread_row(&m->item[i], m->item[i].mul, x + at, y, z, 1, mul, part);
            spread_row(&m->item[i], m->item[i].add, x + at, y, z, 0, add, part);
            affine_row(v + at, mul, add, part);
        }
}

void vn_artifact_field(const struct vn_artifact *a, int64_t x, int64_t y, int64_t z, double *e, int64_t n)
{
    spread_row(a, a->e, x, y, z, 0, e, n);
}

void vn_artifact_size(const struct vn_artifact *a, struct vn_artifact_size *s)
{
    const int64_t n = cells(a), p = a->kind == VN_CHECKERBOARD ? a->period : n;
    double low = a->e[0], sum = 0;
    int64_t top = 0;

    for (int64_t i = 0; i < n; i++) {
        top = a->e[i] > a->e[top] ? i : top;
        low = a->e[i] < low ? a->e[i] : low;
        sum += a->e[i] * a->e[i];
    }
    if (a->kind == VN_LOST)
        *s = (struct vn_artifact_size){ 0, 0, { 0, 0, 0 } };
    else if (a->kind == VN_STRIPES)                        /* all that is recorded */
        *s = (struct vn_artifact_size){ a->e[0], a->e[0], { 0, 0, 0 } };
    else
        *s = (struct vn_artifact_size){ (a->e[top] - low) / 2, sqrt(sum / (double)n), { top % p, top / p % p, top / p / p } };
}

/* ---- text: items joined by " + ", each its kind and then KEY=NUMBER[,NUMBER...] ---- */

static void add_numbers(struct vn_str *b, const char *name, const double *v, int64_t n)
{
    vn_str_addf(b, " %s=", name);
    for (int64_t i = 0; i < n; i++)
        vn_str_addf(b, "%s%.7g", i ? "," : "", v[i]);
}

static void add_item(struct vn_str *b, const struct vn_artifact *a)
{
    vn_str_add(b, vn_artifact_names[a->kind]);
    add_numbers(b, "level", &a->level, 1);
    add_numbers(b, "scale", &a->scale, 1);
    add_numbers(b, "noise", &a->noise, 1);
    add_numbers(b, "error", &a->error, 1);
    if (a->kind == VN_CHECKERBOARD) {
        vn_str_addf(b, " period=%d waves=", a->period);
        for (int i = 0; i < a->n_wave; i++) {
            const struct vn_wave *w = &a->wave[i];
            vn_str_addf(b, "%s%d,%d,%d,%.7g,%.7g", i ? "," : "", w->k[0], w->k[1], w->k[2], w->re, w->im);
        }
        return;
    }
    if (a->kind == VN_SLICES || a->kind == VN_STRIPES || a->kind == VN_LOST)
        vn_str_addf(b, " axis=%d from=%lld", a->axis, (long long)a->lo);
    for (int k = 0; k < 3 && a->kind == VN_SEAMS; k++)
        if (a->n_at[k]) {
            vn_str_addf(b, " %c=", "xyz"[k]);
            for (int i = 0; i < a->n_at[k]; i++)
                vn_str_addf(b, "%s%lld", i ? "," : "", (long long)a->at[k][i]);
        }
    add_numbers(b, "values", a->value, a->n_value);
}

void vn_artifacts_print(const struct vn_artifacts *m, struct vn_str *b)
{
    for (int i = 0; i < m->n; i++) {
        vn_str_add(b, i ? " + " : "");
        add_item(b, &m->item[i]);
    }
    if (!m->n)
        vn_str_add(b, "none");
}

static int no_text(const char *text, struct vn_err *err)
{
    return vn_fail(err, VN_E_ARG, "found= is what deartifact writes into its own record, and \"%.40s\" is not of its form", text);
}

/* Finite numbers separated by commas, up to a space or the end; NULL when they are none. */
static const char *numbers(const char *s, double **v, int *n, struct vn_err *err)
{
    int cap = 1;
    char *end;

    for (const char *c = s; *c && *c != ' '; c++)
        cap += *c == ',';
    if (!(*v = vn_alloc((uint64_t)cap * sizeof **v, err)))
        return NULL;
    for (*n = 0;; s = end + 1) {
        const double d = strtod(s, &end);
        (*v)[(*n)++] = d;
        if (end == s || !isfinite(d) || fabs(d) > 1e300 || (*end && *end != ' ' && *end != ',')) {
            no_text(s, err);
            return NULL;
        }
        if (*end != ',')
            return end;
    }
}

static bool whole(double d, double lo, double hi) { return d >= lo && d <= hi && d == floor(d); }

static int take_waves(struct vn_artifact *a, const double *v, int n, struct vn_err *err)
{
    if (n % 5 || !a->period)
        return no_text("waves", err);
    vn_free(a->wave);
    if (!(a->wave = vn_alloc((uint64_t)n / 5 * sizeof *a->wave, err)))
        return VN_E_MEMORY;
    a->n_wave = n / 5;
    for (int i = 0; i < n; i += 5) {
        struct vn_wave *w = &a->wave[i / 5];
        for (int k = 0; k < 3; k++) {
            if (!whole(v[i + k], 0, a->period - 1))
                return no_text("waves", err);
            w->k[k] = (int)v[i + k];
        }
        w->re = v[i + 3];
        w->im = v[i + 4];
    }
    return 0;
}

static int take_seams(struct vn_artifact *a, int axis, const double *v, int n, struct vn_err *err)
{
    if (n > VN_MAX_SEAMS)
        return no_text("seams", err);
    for (int i = 0; i < n; i++) {
        if (!whole(v[i], i ? v[i - 1] + 1 : -9e15, 9e15))
            return no_text("seams", err);
        a->at[axis][i] = (int64_t)v[i];
    }
    a->n_at[axis] = n;
    return 0;
}

static int take(struct vn_artifact *a, const char *key, size_t len, double **v, int n, struct vn_err *err)
{
    static const struct { const char *name; size_t at; } real[] = {
        { "level", offsetof(struct vn_artifact, level) }, { "scale", offsetof(struct vn_artifact, scale) },
        { "noise", offsetof(struct vn_artifact, noise) }, { "error", offsetof(struct vn_artifact, error) },
    };
    const double d = (*v)[0];
#define IS(word) (len == sizeof word - 1 && !strncmp(key, word, len))

    for (size_t i = 0; i < VN_COUNT(real); i++)
        if (n == 1 && len == strlen(real[i].name) && !strncmp(key, real[i].name, len)) {
            memcpy((char *)a + real[i].at, &d, sizeof d);
            return 0;
        }
    if (IS("period") && n == 1 && whole(d, VN_MIN_PERIOD, VN_MAX_PERIOD))
        a->period = (int)d;
    else if (IS("axis") && n == 1 && whole(d, 0, 2))
        a->axis = (int)d;
    else if (IS("from") && n == 1 && whole(d, -9e15, 9e15))
        a->lo = (int64_t)d;
    else if (IS("waves"))
        return take_waves(a, *v, n, err);
    else if (len == 1 && *key >= 'x' && *key <= 'z')
        return take_seams(a, *key - 'x', *v, n, err);
    else if (IS("values") && !a->value) {
        a->value = *v;
        a->n_value = n;
        *v = NULL;
    } else
        return no_text(key, err);
#undef IS
    return 0;
}

static int complete(const struct vn_artifact *a, struct vn_err *err)
{
    const int64_t tiles = (int64_t)(a->n_at[0] + 1) * (a->n_at[1] + 1) * (a->n_at[2] + 1);
    bool ok = a->kind == VN_CHECKERBOARD ? a->period && a->n_wave : a->n_value && (a->kind != VN_SEAMS || tiles == a->n_value);
    ok = ok && (a->kind != VN_STRIPES || vn_stripes_valid(a));
    for (int i = 0; a->kind == VN_LOST && i < a->n_value; i++)
        ok = ok && whole(a->value[i], i ? a->value[i - 1] + 1 : -9e15, i >= VN_MAX_LOST && a->value[i - VN_MAX_LOST] == a->value[i] - VN_MAX_LOST ? -INFINITY : 9e15);
    return ok ? 0 : no_text(vn_artifact_names[a->kind], err);
}

static int parse_item(const char **s, struct vn_artifact *a, struct vn_err *err)
{
    size_t len = strcspn(*s, " ");
    int kind = 0, rc = 0;

    while (kind < VN_N_ARTIFACT && (len != strlen(vn_artifact_names[kind]) || strncmp(*s, vn_artifact_names[kind], len)))
        kind++;
    if (kind == VN_N_ARTIFACT)
        return no_text(*s, err);
    a->kind = (enum vn_artifact_kind)kind;
    *s += len;
    while (rc == 0 && **s && strncmp(*s, " + ", 3)) {
        const char *key = *s + 1, *eq = strpbrk(key, "= ");
        double *v = NULL;
        int n = 0;
        if (!eq || *eq != '=')
            return no_text(key, err);
        if (!(*s = numbers(eq + 1, &v, &n, err)))
            rc = v ? VN_E_ARG : VN_E_MEMORY;
        else
            rc = take(a, key, (size_t)(eq - key), &v, n, err);
        vn_free(v);
    }
    return rc ? rc : complete(a, err);
}

int vn_artifacts_parse(const char *text, struct vn_artifacts *m, struct vn_err *err)
{
    int rc = 0;

    *m = (struct vn_artifacts){ .n = 0 };
    if (!strcmp(text, "none"))
        return 0;
    for (const char *s = text; rc == 0; s += 3) {
        if (m->n == VN_MAX_ARTIFACTS)
            return no_text(s, err);
        m->item[m->n] = (struct vn_artifact){ .kind = VN_CHECKERBOARD };
        rc = parse_item(&s, &m->item[m->n++], err);
        if (rc == 0 && !*s)
            break;
    }
    return rc;
}
