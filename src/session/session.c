/* session.c - names bound to immutable objects; content evicted under memory pressure and made again from recipes.
 *
 * One lock guards names, contents, the region and the view.  No large block is allocated and no verb runs under it. */
#include "session.h"
#include "mem.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct name { char name[64]; struct vn_obj *obj; };
struct step {                                     /* names and region after a command */
    struct name *name; int n;
    struct vn_box roi; bool has_roi;
    char *line, *files;
};

struct vn_session {
    pthread_mutex_t lock;
    struct name *name; int n_name, cap;
    struct vn_obj **all; int n_all, cap_all;      /* every object ever bound and still alive, for eviction; weak */
    struct vn_box roi; bool has_roi;
    struct vn_view view;
    struct step step[VN_MAX_STEPS + 1]; int n_step, at;   /* step[at] is now, unless a command is half done; before it undo, after it redo */
    uint64_t clock, n_remade;
    vn_remake_fn remake;
    void *kept; void (*kept_free)(void *);
};

static struct vn_session *home;                   /* objects unregister themselves when the last reference goes */

/* ---- contents ---- */

void vn_content_unref(enum vn_kind kind, void *content)
{
    if (!content)
        return;
    if (kind == VN_GRAPH)
        vn_graph_unref(content);
    else if (kind == VN_TABLE)
        vn_table_unref(content);
    else
        vn_vol_unref(content);
}

static void *content_ref(enum vn_kind kind, void *content)
{
    if (kind == VN_GRAPH)
        return vn_graph_ref(content);
    if (kind == VN_TABLE)
        return vn_table_ref(content);
    return vn_vol_ref(content);
}

static uint64_t content_mem(enum vn_kind kind, const void *content)
{
    if (!content || kind == VN_TABLE)
        return 0;
    return kind == VN_GRAPH ? vn_graph_mem(content) : vn_vol_mem(content);
}

/* ---- objects ---- */

static void shape_of(struct vn_obj *o)
{
    const struct vn_vol *v = o->content.vol;
    const int size = sizeof o->shape;

    if (o->kind == VN_GRAPH)
        snprintf(o->shape, size, "%d segments, %d nodes", o->content.graph->n_segment, o->content.graph->n_node);
    else if (o->kind == VN_TABLE)
        snprintf(o->shape, size, "%lld rows, %d columns", (long long)o->content.table->n_row, o->content.table->n_col);
    else
        snprintf(o->shape, size, "%lldx%lldx%lld %s", (long long)vn_box_dim(&v->box, 0), (long long)vn_box_dim(&v->box, 1),
                 (long long)vn_box_dim(&v->box, 2), vn_type_name(v->src->type));
}

struct vn_obj *vn_obj_new(enum vn_kind kind, void *content, const char *verb, const struct vn_args *args, const char *line,
                          struct vn_key key, struct vn_err *err)
{
    struct vn_obj *o = vn_calloc(1, sizeof *o, err);
    if (!o || vn_args_copy(&o->args, args, err) || !(o->line = vn_strdup(line, err))) {
        if (o)
            vn_args_free(&o->args);
        vn_free(o);
        vn_content_unref(kind, content);
        return NULL;
    }
    for (int i = 0; i < o->args.n; i++)
        if (o->args.v[i].obj)
            vn_obj_ref(o->args.v[i].obj);
    o->refs = 1;
    o->kind = kind;
    o->verb = verb;
    o->key = key;
    o->content.any = content;
    shape_of(o);
    return o;
}

struct vn_obj *vn_obj_ref(struct vn_obj *o)
{
    __atomic_add_fetch(&o->refs, 1, __ATOMIC_RELAXED);
    return o;
}

static void forget(struct vn_session *s, struct vn_obj *o)
{
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < s->n_all; i++)
        if (s->all[i] == o) {
            s->all[i] = s->all[--s->n_all];
            break;
        }
    pthread_mutex_unlock(&s->lock);
}

/* Gives one reference back; an object that nobody holds any more joins those to be freed, linked through their content. */
static void retire(struct vn_obj *o, struct vn_obj **dead)
{
    if (!o || __atomic_sub_fetch(&o->refs, 1, __ATOMIC_ACQ_REL))
        return;
    if (home)
        forget(home, o);
    vn_content_unref(o->kind, o->content.any);
    o->content.any = *dead;
    *dead = o;
}

/* Without recursion: a chain of recipes may be long. */
void vn_obj_unref(struct vn_obj *o)
{
    struct vn_obj *dead = NULL;

    retire(o, &dead);
    while ((o = dead)) {
        dead = o->content.any;
        for (int i = 0; i < o->args.n; i++)
            retire(o->args.v[i].obj, &dead);
        vn_args_free(&o->args);
        vn_free(o->line);
        vn_free(o->typed);
        vn_free(o);
    }
}

void *vn_obj_peek(struct vn_session *s, struct vn_obj *o)
{
    pthread_mutex_lock(&s->lock);
    void *c = o->content.any ? content_ref(o->kind, o->content.any) : NULL;
    pthread_mutex_unlock(&s->lock);
    return c;
}

static void *use(struct vn_session *s, struct vn_obj *o)
{
    pthread_mutex_lock(&s->lock);
    o->used = ++s->clock;
    pthread_mutex_unlock(&s->lock);
    return vn_obj_peek(s, o);
}

/* An object to be made again, with the contents of its inputs, held so that none goes before all are there. */
struct remade { struct vn_obj *o; void **held; int next; };      /* next: the input that is being made */

static bool push(struct remade **f, int *n, int *cap, struct vn_obj *o, struct vn_err *err)
{
    void *more = *n < *cap ? *f : vn_realloc(*f, (uint64_t)(*cap * 2 + 8) * sizeof **f, err);
    if (!more)
        return false;
    *cap = *n < *cap ? *cap : *cap * 2 + 8;
    *f = more;
    (*f)[*n] = (struct remade){ o, vn_calloc((uint64_t)o->args.n + 1, sizeof(void *), err), 0 };
    return (*f)[*n].held && ++*n;
}

static void pop(struct remade *f)
{
    for (int i = 0; i < f->o->args.n; i++)
        if (f->held[i])
            vn_content_unref(f->o->args.v[i].obj->kind, f->held[i]);
    vn_free(f->held);
}

/* Runs the verb again; its inputs are there. */
static int remake(struct vn_session *s, struct vn_obj *o, void **made, struct vn_job *job, struct vn_err *err)
{
    const int rc = s->remake(s, o, made, job, err);
    if (rc)
        return rc;
    pthread_mutex_lock(&s->lock);
    s->n_remade++;
    if (!o->content.any)
        o->content.any = content_ref(o->kind, *made);
    pthread_mutex_unlock(&s->lock);
    return 0;
}

/* From the nearest ancestors in memory on, one step after the other: a stack of our own, for a chain may be long. */
static int content_of(struct vn_session *s, struct vn_obj *o, void **out, struct vn_job *job, struct vn_err *err)
{
    struct remade *f = NULL;
    int n = 0, cap = 0, rc = 0;

    if ((*out = use(s, o)))
        return 0;
    rc = push(&f, &n, &cap, o, err) ? 0 : VN_E_MEMORY;
    while (!rc && n) {
        struct remade *t = &f[n - 1];
        for (; t->next < t->o->args.n; t->next++) {
            struct vn_obj *in = t->o->args.v[t->next].obj;
            if (in && !t->held[t->next] && !(t->held[t->next] = use(s, in)))
                break;
        }
        if (t->next < t->o->args.n) {
            rc = push(&f, &n, &cap, t->o->args.v[t->next].obj, err) ? 0 : VN_E_MEMORY;
            continue;
        }
        void *made = NULL;
        if ((rc = remake(s, t->o, &made, job, err)))
            break;
        pop(t);
        if (--n)
            f[n - 1].held[f[n - 1].next] = made;
        else
            *out = made;
    }
    while (n)
        pop(&f[--n]);
    vn_free(f);
    return rc;
}

static int wrong_kind(const struct vn_obj *o, const char *want, struct vn_err *err)
{
    return vn_fail(err, VN_E_ARG, "'%s' made a %s, not a %s", o->line, vn_kind_name(o->kind), want);
}

int vn_obj_vol(struct vn_session *s, struct vn_obj *o, struct vn_vol **out, struct vn_job *job, struct vn_err *err)
{
    void *c = NULL;
    int rc = o->kind & VN_VOLUMES ? content_of(s, o, &c, job, err) : wrong_kind(o, "volume", err);
    if (!rc)
        *out = c;
    return rc;
}

int vn_obj_graph(struct vn_session *s, struct vn_obj *o, struct vn_graph **out, struct vn_job *job, struct vn_err *err)
{
    void *c = NULL;
    int rc = o->kind == VN_GRAPH ? content_of(s, o, &c, job, err) : wrong_kind(o, "graph", err);
    if (!rc)
        *out = c;
    return rc;
}

int vn_obj_table(struct vn_session *s, struct vn_obj *o, struct vn_table **out, struct vn_job *job, struct vn_err *err)
{
    void *c = NULL;
    int rc = o->kind == VN_TABLE ? content_of(s, o, &c, job, err) : wrong_kind(o, "table", err);
    if (!rc)
        *out = c;
    return rc;
}

uint64_t vn_obj_mem(struct vn_session *s, struct vn_obj *o)
{
    pthread_mutex_lock(&s->lock);
    uint64_t n = content_mem(o->kind, o->content.any);
    pthread_mutex_unlock(&s->lock);
    return n;
}

/* Voxels shared with somebody else would not become free. */
static bool sole_owner(const struct vn_obj *o)
{
    if (o->kind == VN_GRAPH)
        return __atomic_load_n(&o->content.graph->refs, __ATOMIC_RELAXED) == 1;
    if (o->kind == VN_TABLE)
        return true;
    return __atomic_load_n(&o->content.vol->refs, __ATOMIC_RELAXED) == 1 &&
           __atomic_load_n(&o->content.vol->src->refs, __ATOMIC_RELAXED) == 1;
}

/* Takes the content of the least recently used object out. */
static void *evict_one(struct vn_session *s, enum vn_kind *kind, uint64_t *mem)
{
    struct vn_obj *best = NULL;
    void *c = NULL;

    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < s->n_all; i++) {
        struct vn_obj *o = s->all[i];
        if (!o->content.any || !o->remakable || (best && o->used >= best->used))
            continue;
        if (content_mem(o->kind, o->content.any) > 0 && sole_owner(o))
            best = o;
    }
    if (best) {
        *kind = best->kind;
        *mem = content_mem(best->kind, best->content.any);
        c = best->content.any;
        best->content.any = NULL;
    }
    pthread_mutex_unlock(&s->lock);
    return c;
}

static uint64_t evictor(void *ctx, uint64_t want)
{
    uint64_t freed = 0, mem = 0;
    enum vn_kind kind = 0;
    void *c;

    while (freed < want && (c = evict_one(ctx, &kind, &mem))) {
        freed += mem;
        vn_content_unref(kind, c);
    }
    return freed;
}

void vn_session_evict_all(struct vn_session *s)
{
    for (int i = 0;; i++) {
        pthread_mutex_lock(&s->lock);
        struct vn_obj *o = i < s->n_all ? s->all[i] : NULL;
        void *c = o && o->remakable ? o->content.any : NULL;
        const enum vn_kind kind = o ? o->kind : 0;
        if (c)
            o->content.any = NULL;
        pthread_mutex_unlock(&s->lock);
        vn_content_unref(kind, c);
        if (!o)
            return;
    }
}

uint64_t vn_session_n_remade(const struct vn_session *s) { return s->n_remade; }
void vn_session_set_remake(struct vn_session *s, vn_remake_fn f) { s->remake = f; }

/* ---- session ---- */

struct vn_session *vn_session_new(struct vn_err *err)
{
    struct vn_session *s = vn_calloc(1, sizeof *s, err);
    if (!s)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    s->n_step = 1;                                /* before the first command */
    vn_view_init(&s->view);
    vn_mem_add_evictor(evictor, s);
    home = s;
    return s;
}

static void step_free(struct step *p)
{
    for (int i = 0; i < p->n; i++)
        vn_obj_unref(p->name[i].obj);
    vn_free(p->name);
    vn_free(p->line);
    vn_free(p->files);
    *p = (struct step){ 0 };
}

void vn_session_free(struct vn_session *s)
{
    if (!s)
        return;
    vn_mem_remove_evictor(evictor, s);
    if (s->kept)
        s->kept_free(s->kept);
    for (int i = 0; i < s->n_name; i++)
        vn_obj_unref(s->name[i].obj);
    for (int i = 0; i < s->n_step; i++)
        step_free(&s->step[i]);
    home = NULL;
    vn_free(s->name);
    vn_free(s->all);
    pthread_mutex_destroy(&s->lock);
    vn_free(s);
}

void *vn_session_kept(struct vn_session *s)
{
    pthread_mutex_lock(&s->lock);
    void *what = s->kept;
    pthread_mutex_unlock(&s->lock);
    return what;
}

void vn_session_keep(struct vn_session *s, void *what, void (*free)(void *what))
{
    pthread_mutex_lock(&s->lock);
    s->kept = what;
    s->kept_free = free;
    pthread_mutex_unlock(&s->lock);
}

bool vn_name_valid(const char *n)
{
    return *n && strlen(n) < 64 && !strchr("0123456789.-", *n) &&
           strspn(n, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") == strlen(n);
}

static int find(const struct vn_session *s, const char *name)
{
    for (int i = 0; i < s->n_name; i++)
        if (!strcmp(s->name[i].name, name))
            return i;
    return -1;
}

static bool listed(const struct vn_session *s, const struct vn_obj *o)
{
    for (int i = 0; i < s->n_all; i++)
        if (s->all[i] == o)
            return true;
    return false;
}

/* Room for one more row in a growing array. */
static bool grow(void **array, int n, int *cap, size_t size, struct vn_err *err)
{
    if (n < *cap)
        return true;
    void *more = vn_realloc(*array, (uint64_t)(*cap * 2 + 16) * size, err);
    if (!more)
        return false;
    *array = more;
    *cap = *cap * 2 + 16;
    return true;
}

int vn_session_bind(struct vn_session *s, const char *name, struct vn_obj *o, struct vn_err *err)
{
    struct vn_obj *old = NULL;
    void *names, *objects;

    if (!vn_name_valid(name))
        return vn_fail(err, VN_E_ARG, "'%s' is not a name: a letter or _, then letters, digits, _ . - (63 at most)", name);
    pthread_mutex_lock(&s->lock);
    names = s->name;
    objects = s->all;
    const bool room = grow(&names, s->n_name, &s->cap, sizeof *s->name, err) && grow(&objects, s->n_all, &s->cap_all, sizeof *s->all, err);
    s->name = names;
    s->all = objects;
    if (room) {
        int i = find(s, name);
        if (i < 0) {
            i = s->n_name++;
            snprintf(s->name[i].name, sizeof s->name[i].name, "%s", name);
        } else {
            old = s->name[i].obj;
            old->used = 0;                        /* nobody can name it: first to be evicted */
        }
        s->name[i].obj = vn_obj_ref(o);
        o->used = ++s->clock;
        if (!listed(s, o))
            s->all[s->n_all++] = o;
    }
    pthread_mutex_unlock(&s->lock);
    vn_obj_unref(old);
    return room ? 0 : VN_E_MEMORY;
}

struct vn_obj *vn_session_get(struct vn_session *s, const char *name)
{
    pthread_mutex_lock(&s->lock);
    int i = find(s, name);
    struct vn_obj *o = i < 0 ? NULL : vn_obj_ref(s->name[i].obj);
    pthread_mutex_unlock(&s->lock);
    return o;
}

int vn_session_unbind(struct vn_session *s, const char *name, struct vn_err *err)
{
    pthread_mutex_lock(&s->lock);
    int i = find(s, name);
    struct vn_obj *o = i < 0 ? NULL : s->name[i].obj;
    if (o) {
        memmove(&s->name[i], &s->name[i + 1], (size_t)(s->n_name - i - 1) * sizeof *s->name);
        s->n_name--;
        o->used = 0;
    }
    pthread_mutex_unlock(&s->lock);
    vn_obj_unref(o);
    return o ? 0 : vn_fail(err, VN_E_ARG, "no object is named '%s'", name);
}

int vn_session_count(const struct vn_session *s) { return s->n_name; }

struct vn_obj *vn_session_at(struct vn_session *s, int i, char name[64])
{
    struct vn_obj *o = NULL;
    pthread_mutex_lock(&s->lock);
    if (i >= 0 && i < s->n_name) {
        memcpy(name, s->name[i].name, 64);
        o = vn_obj_ref(s->name[i].obj);
    }
    pthread_mutex_unlock(&s->lock);
    return o;
}

void vn_name_free_one(struct vn_session *s, const char *stem, char out[64])
{
    pthread_mutex_lock(&s->lock);
    snprintf(out, 64, "%.40s", stem);
    for (int i = 2; find(s, out) >= 0; i++)
        snprintf(out, 64, "%.40s%d", stem, i);
    pthread_mutex_unlock(&s->lock);
}

/* ---- steps ---- */

static bool same(const struct vn_session *s, const struct step *p)
{
    if (p->n != s->n_name || p->has_roi != s->has_roi || (p->has_roi && !vn_box_same(&p->roi, &s->roi)))
        return false;
    for (int i = 0; i < p->n; i++)
        if (p->name[i].obj != s->name[i].obj || strcmp(p->name[i].name, s->name[i].name))
            return false;
    return true;
}

/* What is now, with references; `line` and `files` are copied. */
static int take_step(struct vn_session *s, const char *line, const char *files, struct step *out, struct vn_err *err)
{
    pthread_mutex_lock(&s->lock);
    *out = (struct step){ .name = vn_alloc((uint64_t)s->n_name * sizeof *s->name, err), .roi = s->roi, .has_roi = s->has_roi };
    for (; out->name && out->n < s->n_name; out->n++) {
        out->name[out->n] = s->name[out->n];
        vn_obj_ref(s->name[out->n].obj);
    }
    pthread_mutex_unlock(&s->lock);
    if (out->name && (out->line = vn_strdup(line, err)) && (!files || (out->files = vn_strdup(files, err))))
        return 0;
    step_free(out);
    return VN_E_MEMORY;
}

int vn_session_mark(struct vn_session *s, const char *line, const char *files, struct vn_err *err)
{
    struct step *now = &s->step[s->at], fresh;

    pthread_mutex_lock(&s->lock);
    const bool unchanged = same(s, now);
    pthread_mutex_unlock(&s->lock);
    if (unchanged) {
        if (!files || !s->at)
            return 0;
        char *all = now->files ? vn_sprintf(err, "%s, %s", now->files, files) : vn_strdup(files, err);
        if (!all)
            return VN_E_MEMORY;
        vn_free(now->files);
        now->files = all;
        return 0;
    }
    const int rc = take_step(s, line, files, &fresh, err);
    if (rc)
        return rc;
    while (s->n_step > s->at + 1)
        step_free(&s->step[--s->n_step]);
    if (s->n_step > VN_MAX_STEPS) {
        step_free(&s->step[0]);
        memmove(&s->step[0], &s->step[1], (size_t)--s->n_step * sizeof s->step[0]);
        s->at--;
    }
    s->step[++s->at] = fresh;
    s->n_step++;
    return 0;
}

int vn_session_n_steps(const struct vn_session *s, int way) { return way < 0 ? s->at : s->n_step - 1 - s->at; }

int vn_session_step(struct vn_session *s, int way, const char **line, const char **files, struct vn_err *err)
{
    const struct step *to = &s->step[s->at + way], *of = way < 0 ? &s->step[s->at] : to;
    struct step before;
    const int rc = take_step(s, "", NULL, &before, err);

    if (rc)
        return rc;
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < s->n_name; i++)
        s->name[i].obj->used = 0;
    for (int i = 0; i < to->n; i++) {             /* there is room: the list had this length once */
        s->name[i] = to->name[i];
        vn_obj_ref(to->name[i].obj)->used = s->clock;
    }
    s->n_name = to->n;
    s->roi = to->roi;
    s->has_roi = to->has_roi;
    pthread_mutex_unlock(&s->lock);
    s->at += way;
    for (int i = 0; i < before.n; i++)            /* the session's own references to what it named */
        vn_obj_unref(before.name[i].obj);
    step_free(&before);
    *line = of->line;
    *files = of->files;
    return 0;
}

/* ---- region and view ---- */

bool vn_session_roi(struct vn_session *s, struct vn_box *roi)
{
    pthread_mutex_lock(&s->lock);
    bool has = s->has_roi;
    if (has)
        *roi = s->roi;
    pthread_mutex_unlock(&s->lock);
    return has;
}

void vn_session_set_roi(struct vn_session *s, const struct vn_box *roi)
{
    pthread_mutex_lock(&s->lock);
    s->has_roi = roi != NULL;
    if (roi)
        s->roi = *roi;
    pthread_mutex_unlock(&s->lock);
}

struct vn_view vn_session_view(struct vn_session *s)
{
    pthread_mutex_lock(&s->lock);
    struct vn_view v = s->view;
    pthread_mutex_unlock(&s->lock);
    return v;
}

void vn_session_set_view(struct vn_session *s, const struct vn_view *v)
{
    pthread_mutex_lock(&s->lock);
    s->view = *v;
    if (v->focus != VN_MIP)
        s->view.slice = v->focus;
    pthread_mutex_unlock(&s->lock);
}
