/* lineage.c - the calls that lead to an object. */
#include "lineage.h"
#include "mem.h"
#include <stdlib.h>

bool vn_same_call(const struct vn_obj *a, const struct vn_obj *b) { return a == b || (a->serial && a->serial == b->serial); }

struct vn_obj *vn_obj_input(const struct vn_obj *o, int i)
{
    for (int k = 0; k < o->args.n; k++)
        if (o->args.v[k].obj && i-- == 0)
            return o->args.v[k].obj;
    return NULL;
}

static int by_serial(const void *a, const void *b)
{
    const struct vn_obj *p = *(struct vn_obj *const *)a, *q = *(struct vn_obj *const *)b;
    return (p->serial > q->serial) - (p->serial < q->serial);
}

static bool add(struct vn_lineage *l, int *cap, struct vn_obj *o, struct vn_err *err)
{
    for (int i = l->n - 1; i >= 0; i--)
        if (vn_same_call(l->o[i], o))
            return true;
    if (l->n == *cap) {
        struct vn_obj **more = vn_realloc(l->o, (uint64_t)(*cap * 2 + 16) * sizeof *more, err);
        if (!more)
            return false;
        l->o = more;
        *cap = *cap * 2 + 16;
    }
    l->o[l->n++] = o;
    return true;
}

int vn_lineage(struct vn_obj *o, struct vn_lineage *out, struct vn_err *err)
{
    struct vn_lineage l = { 0 };
    struct vn_obj *in;
    int cap = 0;
    bool ok = add(&l, &cap, o, err);

    for (int i = 0; ok && i < l.n; i++)
        for (int k = 0; ok && (in = vn_obj_input(l.o[i], k)); k++)
            ok = add(&l, &cap, in, err);
    if (!ok) {
        vn_free(l.o);
        return VN_E_MEMORY;
    }
    qsort(l.o, (size_t)l.n, sizeof *l.o, by_serial);
    *out = l;
    return 0;
}

void vn_box_print(const struct vn_box *box, struct vn_str *b)
{
    for (int i = 0; i < 3; i++) {
        if (box->lo[i] != INT64_MIN)
            vn_str_addf(b, "%lld", (long long)box->lo[i]);
        vn_str_add(b, ":");
        if (box->hi[i] != INT64_MAX)
            vn_str_addf(b, "%lld", (long long)box->hi[i]);
        vn_str_add(b, i < 2 ? "," : "");
    }
}

bool vn_roi_line(const struct vn_obj *before, const struct vn_obj *o, struct vn_str *b)
{
    const bool had = before && before->has_roi;

    if (had == o->has_roi && (!had || vn_box_same(&before->roi, &o->roi)))
        return false;
    vn_str_add(b, "roi ");
    if (o->has_roi)
        vn_box_print(&o->roi, b);
    else
        vn_str_add(b, "off");
    return true;
}
