/* param.c - values parsed by a table of typed parameters, printed back, and hashed. */
#include "param.h"
#include "mem.h"
#include "points.h"
#include "text.h"
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int vn_param_count(const struct vn_param *p)
{
    int n = 0;
    while (p && p[n].name)
        n++;
    return n;
}

const struct vn_param *vn_param_find(const struct vn_param *p, const char *name)
{
    for (; p && p->name; p++)
        if (!strcmp(p->name, name))
            return p;
    return NULL;
}

static struct vn_arg *arg_of(const struct vn_args *a, const char *name)
{
    for (int i = 0; i < a->n; i++)
        if (!strcmp(a->params[i].name, name))
            return &a->v[i];
    return NULL;
}

const struct vn_arg *vn_arg(const struct vn_args *a, const char *name)
{
    const struct vn_arg *v = arg_of(a, name);
    assert(v && "parameter missing from the verb's table");
    return v;
}

bool vn_args_has(const struct vn_args *a, const char *name) { return vn_arg(a, name)->has; }
bool vn_args_given(const struct vn_args *a, const char *name) { return vn_arg(a, name)->given; }
bool vn_args_flag(const struct vn_args *a, const char *name) { return vn_arg(a, name)->has; }
double vn_args_real(const struct vn_args *a, const char *name) { return vn_arg(a, name)->d[0]; }
long long vn_args_int(const struct vn_args *a, const char *name) { return vn_arg(a, name)->i; }
const char *vn_args_text(const struct vn_args *a, const char *name) { return vn_arg(a, name)->s; }

/* ---- parsing ---- */

/* A number at s; NULL when there is none, else the first character after it. nan and inf are no parameters. */
static const char *number(const char *s, double *out)
{
    char *end;
    if (*s == '\0' || !strchr("+-.0123456789", *s))
        return NULL;
    *out = strtod(s, &end);
    return end == s || !isfinite(*out) ? NULL : end;
}

/* Suffix of a length. *scale turns the number into um. */
static bool unit_of(const char *s, enum vn_unit *unit, double *scale)
{
    static const struct { const char *word; enum vn_unit unit; double scale; } units[] = {
        { "", VN_AUTO, 1 }, { "um", VN_UM, 1 }, { "\xc2\xb5m", VN_UM, 1 }, { "\xce\xbcm", VN_UM, 1 },
        { "vox", VN_VOX, 1 }, { "mm", VN_UM, 1000 }, { "nm", VN_UM, 0.001 },
    };
    for (size_t i = 0; i < VN_COUNT(units); i++)
        if (!strcmp(s, units[i].word)) {
            *unit = units[i].unit;
            *scale = units[i].scale;
            return true;
        }
    return false;
}

static int bad(struct vn_err *err, const struct vn_param *p, const char *text, const char *want)
{
    return vn_fail(err, VN_E_ARG, "%s=%s: %s", p->name, text, want);
}

static int check_range(struct vn_err *err, const struct vn_param *p, const char *text, double v)
{
    char lo[32], hi[32];
    if ((p->min == 0 && p->max == 0) || (v >= p->min && v <= p->max))
        return 0;
    return vn_fail(err, VN_E_ARG, "%s=%s: must lie between %s and %s%s%s", p->name, text, vn_text_real(p->min, lo),
                   vn_text_real(p->max, hi), p->unit ? " " : "", p->unit ? p->unit : "");
}

/* Numbers separated by sep; *rest: what follows the last. Returns how many, 0 when the form is wrong. */
static int numbers(const char *text, char sep, int max, double *out, const char **rest)
{
    const char *s = text;
    for (int n = 0; n < max; s++) {
        if (!(s = number(s, &out[n])))
            return 0;
        n++;
        if (*s != sep) {
            *rest = s;
            return n;
        }
    }
    return 0;
}

static int parse_lengths(struct vn_arg *v, const struct vn_param *p, const char *text, struct vn_err *err)
{
    double d[VN_MAX_LENGTHS], scale;
    const char *rest = "";
    enum vn_unit unit;
    int n = numbers(text, ',', p->type == VN_P_LENGTH ? 1 : VN_MAX_LENGTHS, d, &rest);

    if (n == 0 || !unit_of(rest, &unit, &scale))
        return bad(err, p, text, p->type == VN_P_LENGTH ? "expected a length such as 2um, 2vox or 2"
                                                        : "expected up to 8 lengths such as 1,2,4um");
    for (int i = 0; i < n; i++) {
        int rc = check_range(err, p, text, d[i] * scale);
        if (rc)
            return rc;
        v->len[i] = (struct vn_length){ d[i] * scale, unit };
    }
    v->i = n;
    return 0;
}

static int parse_voxel(struct vn_arg *v, const struct vn_param *p, const char *text, struct vn_err *err)
{
    const char *rest = "";
    enum vn_unit unit;
    double d[3], scale;
    int n = numbers(text, 'x', 3, d, &rest);

    if ((n != 1 && n != 3) || !unit_of(rest, &unit, &scale) || unit == VN_VOX)
        return bad(err, p, text, "expected a voxel size such as 0.35x0.35x1um (x, y, z) or 1um");
    for (int i = 0; i < 3; i++) {
        v->d[i] = d[n == 1 ? 0 : i] * scale;
        if (!(v->d[i] >= 1e-6 && v->d[i] <= 1e6))
            return bad(err, p, text, "a voxel size lies between 1e-06 and 1000000 um");
    }
    return 0;
}

static const char *end_of_range(const char *s, int64_t open, int64_t *out)
{
    char *end;
    if (*s != '-' && (*s < '0' || *s > '9')) {
        *out = open;
        return s;
    }
    errno = 0;
    *out = strtoll(s, &end, 10);
    return end == s || errno || *out > INT64_MAX / 4 || *out < INT64_MIN / 4 ? NULL : end;
}

static int parse_box(struct vn_arg *v, const struct vn_param *p, const char *text, int n_axis, struct vn_err *err)
{
    const char *s = text;
    const char *want = n_axis == 1 ? "expected a range a:b (b not included; either may be left out)"
                                   : "expected x0:x1,y0:y1,z0:z1 (ends not included; any may be left out) or off";
    v->i = n_axis == 1 || strcmp(text, "off");
    if (!v->i)
        return 0;
    for (int i = 0; i < n_axis; i++) {
        if (!(s = end_of_range(s, INT64_MIN, &v->lo[i])) || *s++ != ':' || !(s = end_of_range(s, INT64_MAX, &v->hi[i])) ||
            *s != (i + 1 < n_axis ? ',' : '\0'))
            return bad(err, p, text, want);
        if (v->lo[i] >= v->hi[i])
            return bad(err, p, text, "the range holds no voxel (its end is not included)");
        s++;
    }
    if (n_axis == 1) {
        v->d[0] = (double)v->lo[0];
        v->d[1] = (double)v->hi[0];
    }
    return 0;
}

static int parse_choice(struct vn_arg *v, const struct vn_param *p, const char *text, struct vn_err *err)
{
    const size_t n = strlen(text);
    int i = 0;
    for (const char *c = p->choices; *c; i++) {
        size_t k = strcspn(c, "|");
        if (k == n && !strncmp(c, text, n)) {
            v->i = i;
            return 0;
        }
        c += k + (c[k] == '|');
    }
    return vn_fail(err, VN_E_ARG, "%s=%s: must be one of %s", p->name, text, p->choices);
}

static int parse_reals(struct vn_arg *v, const struct vn_param *p, const char *text, struct vn_err *err)
{
    const char *rest = "";
    v->i = numbers(text, ',', VN_MAX_REALS, v->d, &rest);
    if (v->i == 0 || *rest)
        return bad(err, p, text, "expected numbers separated by commas (16 at most)");
    for (int i = 0; i < v->i; i++) {
        int rc = check_range(err, p, text, v->d[i]);
        if (rc)
            return rc;
    }
    return 0;
}

/* Only counted and checked: a stroke's numbers would not fit into every argument of every call. */
static int parse_points(struct vn_arg *v, const struct vn_param *p, const char *text, struct vn_err *err)
{
    const long long n = vn_points_parse(text, NULL);
    if (n < 0)
        return bad(err, p, strlen(text) > 40 ? "..." : text, "expected points x,y,z[,x,y,z...] or x,y,z~AXES:STEPS");
    if (n > VN_MAX_POINTS)
        return vn_fail(err, VN_E_ARG, "%s has %lld points, more than %d", p->name, n, VN_MAX_POINTS);
    v->i = n;
    return 0;
}

static int parse_name(const struct vn_param *p, const char *text, struct vn_err *err)
{
    const char *letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    if (!*text || strlen(text) > 48 || strspn(text, letters) != strlen(text) || strchr("0123456789.-", *text))
        return bad(err, p, text, "a name starts with a letter or _ and holds letters, digits, _ . - (48 at most)");
    return 0;
}

static int parse_value(struct vn_arg *v, const struct vn_param *p, const char *text, struct vn_err *err)
{
    const char *rest = "";
    char *end;

    switch (p->type) {
    case VN_P_FLAG:
        v->i = 1;
        return *text ? bad(err, p, text, "takes no value") : 0;
    case VN_P_INT:
        errno = 0;
        v->i = strtoll(text, &end, 10);
        if (end == text || *end || errno)
            return bad(err, p, text, "expected a whole number");
        return check_range(err, p, text, (double)v->i);
    case VN_P_REAL:
        rest = number(text, &v->d[0]);
        return !rest || *rest ? bad(err, p, text, "expected a number") : check_range(err, p, text, v->d[0]);
    case VN_P_CHOICE:
        return parse_choice(v, p, text, err);
    case VN_P_LENGTH:
    case VN_P_LENGTHS:
        return parse_lengths(v, p, text, err);
    case VN_P_VOXEL:
        return parse_voxel(v, p, text, err);
    case VN_P_BOX:
        return parse_box(v, p, text, 3, err);
    case VN_P_RANGE:
        return parse_box(v, p, text, 1, err);
    case VN_P_POINT:
        v->i = numbers(text, ',', 3, v->d, &rest);
        return v->i == 3 && !*rest ? 0 : bad(err, p, text, "expected x,y,z");
    case VN_P_POINTS:
        return parse_points(v, p, text, err);
    case VN_P_REALS:
        return parse_reals(v, p, text, err);
    case VN_P_NAME:
        return parse_name(p, text, err);
    case VN_P_TEXT:
    case VN_P_PATH:
    case VN_P_OBJECT:
        return *text ? 0 : bad(err, p, text, "is empty");
    }
    return vn_fail(err, VN_E_INTERNAL, "parameter %s has no type", p->name);
}

/* ---- life ---- */

static int set(struct vn_args *a, const struct vn_param *p, const char *text, bool given, struct vn_err *err)
{
    struct vn_arg *v = arg_of(a, p->name), fresh = { .has = true, .given = given };
    int rc = parse_value(&fresh, p, text, err);
    if (rc)
        return rc;
    if (!(fresh.s = vn_strdup(text, err)))
        return VN_E_MEMORY;
    vn_free(v->s);
    *v = fresh;
    return 0;
}

int vn_args_set(struct vn_args *a, const char *name, const char *text, struct vn_err *err)
{
    const struct vn_param *p = vn_param_find(a->params, name);
    assert(p && "parameter missing from the verb's table");
    return set(a, p, text, true, err);
}

int vn_args_settle(struct vn_args *a, const char *name, double v, struct vn_err *err)
{
    char text[40];
    if (vn_args_has(a, name))
        return 0;
    snprintf(text, sizeof text, "%.9g", v);
    return vn_args_set(a, name, text, err);
}

void vn_args_unset(struct vn_args *a, const char *name)
{
    struct vn_arg *v = arg_of(a, name);
    vn_free(v->s);
    *v = (struct vn_arg){ 0 };
}

int vn_args_init(struct vn_args *a, const struct vn_param *params, struct vn_err *err)
{
    *a = (struct vn_args){ .params = params, .n = vn_param_count(params) };
    if (!(a->v = vn_calloc((uint64_t)a->n + 1, sizeof *a->v, err)))
        return VN_E_MEMORY;
    for (const struct vn_param *p = params; p && p->name; p++) {
        int rc = p->def ? set(a, p, p->def, false, err) : 0;
        if (rc) {
            vn_args_free(a);
            return rc;
        }
    }
    return 0;
}

void vn_args_free(struct vn_args *a)
{
    for (int i = 0; a->v && i < a->n; i++)
        vn_free(a->v[i].s);
    vn_free(a->v);
    *a = (struct vn_args){ 0 };
}

int vn_args_copy(struct vn_args *to, const struct vn_args *from, struct vn_err *err)
{
    *to = (struct vn_args){ .params = from->params, .n = from->n };
    if (!(to->v = vn_calloc((uint64_t)from->n + 1, sizeof *to->v, err)))
        return VN_E_MEMORY;
    for (int i = 0; i < from->n; i++) {
        to->v[i] = from->v[i];
        if (from->v[i].s && !(to->v[i].s = vn_strdup(from->v[i].s, err))) {
            vn_args_free(to);
            return VN_E_MEMORY;
        }
    }
    return 0;
}

int vn_args_length_vox(const struct vn_args *a, const char *name, int index, const double um[3], int axis, double *vox,
                       struct vn_err *err)
{
    const struct vn_length l = vn_arg(a, name)->len[index];
    const bool known = um[0] > 0 && um[1] > 0 && um[2] > 0;

    if (l.unit == VN_UM && !known)
        return vn_fail(err, VN_E_ARG, "%s=%s is in um, but the voxel size is not known: set NAME voxel=XxYxZum, or give voxels (%s=%gvox)",
                       name, vn_arg(a, name)->s, name, l.v);
    *vox = l.unit == VN_VOX || !known ? l.v : l.v / um[axis];
    return 0;
}

double *vn_args_points(const struct vn_args *a, const char *name, struct vn_err *err)
{
    const struct vn_arg *v = vn_arg(a, name);
    double *at = vn_alloc((uint64_t)v->i * 3 * sizeof *at, err);
    if (at)
        vn_points_parse(v->s, at);
    return at;
}

/* ---- printing ---- */

void vn_word_print(const char *w, struct vn_str *b)
{
    if (*w && !strpbrk(w, " \t;#'\"\n")) {
        vn_str_add(b, w);
        return;
    }
    const char *q = strchr(w, '"') ? "'" : "\"";
    vn_str_add(b, q);
    vn_str_add(b, w);
    vn_str_add(b, q);
}

static void print_one(const struct vn_param *p, const struct vn_arg *v, struct vn_str *b)
{
    const bool word = p->flags & VN_POS;

    if (b->n)
        vn_str_add(b, " ");
    if (p->type == VN_P_FLAG)
        vn_str_add(b, p->name);
    else if (p->flags & VN_REST)
        vn_str_add(b, v->s);
    else if (word && strchr(v->s, '='))                   /* quoted, or it would read as key=value */
        vn_str_addf(b, strchr(v->s, '"') ? "'%s'" : "\"%s\"", v->s);
    else {
        if (!word)
            vn_str_addf(b, "%s=", p->name);
        vn_word_print(v->s, b);
    }
}

void vn_args_print(const struct vn_args *a, struct vn_str *b)
{
    bool gap = false;       /* a positional word left out: the later ones are written with their key */
    for (int i = 0; i < a->n; i++)
        if ((a->params[i].flags & VN_POS) && a->v[i].given && !gap)
            print_one(&a->params[i], &a->v[i], b);
        else if (a->params[i].flags & VN_POS) {
            gap = true;
            if (a->v[i].given) {
                struct vn_param keyed = a->params[i];
                keyed.flags &= ~(unsigned)VN_POS;
                print_one(&keyed, &a->v[i], b);
            }
        }
    for (int i = 0; i < a->n; i++)
        if (!(a->params[i].flags & VN_POS) && a->v[i].given)
            print_one(&a->params[i], &a->v[i], b);
}

struct vn_key vn_args_key(const struct vn_args *a, struct vn_key k)
{
    for (int i = 0; i < a->n; i++) {
        const struct vn_param *p = &a->params[i];
        if (!a->v[i].has || (p->flags & (VN_PREF | VN_FILE)) || p->type == VN_P_OBJECT || p->type == VN_P_NAME)
            continue;
        char *whole = p->flags & VN_FILE ? realpath(a->v[i].s, NULL) : NULL;   /* as the journal has it */
        k = vn_key_str(vn_key_str(k, p->name), whole ? whole : a->v[i].s);
        free(whole);
    }
    return k;
}
