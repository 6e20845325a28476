/* tuning.c - the tuning of a session: what is tuned, what was tried, and the jobs that follow the hand.
 *
 * The engine and what is tuned are touched by jobs of one priority alone, which never interrupt each other; what the UI thread
 * looks at stands under the lock. */
#include "tuning.h"
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "job.h"
#include "mem.h"
#include "patch.h"
#include "scene.h"

enum { N_MADE = 4, MAX_TRIED = 10000 };
static const double WITH_CLDICE_MS = 100, CANCEL_MS = 400, CANCEL_AHEAD_MS = 1000;
static const double AHEAD_MS = 40, AHEAD_SHARE = 0.5;    /* slices come first where a run takes longer, and as far as they are no more of the region */

struct tried { struct vn_setting x; struct vn_tune_numbers n; };
struct made { struct vn_setting of, value; struct vn_vol *mask; struct vn_tune_numbers n; bool has_cldice; double ms; };
/* What the slices that are looked at will be, while the region is computed: the mask shown last with some planes of a newer setting. */
struct ahead { struct vn_vol *mask; struct vn_box part[VN_TUNED_PARTS]; int n; };
struct tuning {
    pthread_mutex_t lock;
    struct vn_session *s;
    struct vn_obj *obj, *truth;
    struct vn_box roi; bool has_roi;
    struct vn_box box, whole;            /* the engine's; of the volume */
    struct vn_tune *engine;
    struct vn_tuning_view v;
    struct made made[N_MADE];            /* [0] is shown; those before it, so that two settings can be held against each other */
    struct tried *tried; int cap;
    int *step, n_step, at, cap_step;     /* numbers of settings as they followed each other; at: now */
    struct vn_vol *field;                /* what was cut last */
    struct vn_setting field_of;
    struct ahead ahead;                  /* only while a setting is pending */
    struct vn_job *job;                  /* that follows the hand */
    bool job_cancelled, at_rest;         /* at_rest: it computes what belongs to the setting shown */
    bool field_asked;                    /* for the setting shown what is cut was asked for, or is there */
    enum { WHOLE, SLICES, REST } at_work_on;     /* rest: the region, of which slices are shown already */
    bool busy;                           /* the engine is at work */
    double begun_ms;                     /* when it began; 0 not yet */
};

static struct tuning *of(struct vn_session *s) { return vn_session_kept(s); }

static double ms_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static void drop_made(struct made *m)
{
    vn_vol_unref(m->mask);
    *m = (struct made){ 0 };
}

/* Under the lock: the mask's reference goes to the caller. */
static struct vn_vol *take_ahead(struct tuning *t)
{
    struct vn_vol *mask = t->ahead.mask;
    t->ahead = (struct ahead){ .n = 0 };
    return mask;
}

/* Gives the memory back; what was tried stays. */
static void stop(struct tuning *t)
{
    pthread_mutex_lock(&t->lock);
    struct made made[N_MADE];
    struct vn_vol *ahead = take_ahead(t);
    struct vn_vol *field = t->field;
    struct vn_tune *engine = t->engine;
    memcpy(made, t->made, sizeof made);
    memset(t->made, 0, sizeof t->made);
    t->field = NULL;
    t->engine = NULL;
    t->v.on = t->v.pending = false;
    t->v.turn++;
    pthread_mutex_unlock(&t->lock);
    vn_vol_unref(field);
    vn_vol_unref(ahead);
    for (int i = 0; i < N_MADE; i++)
        drop_made(&made[i]);
    vn_tune_free(engine);
}

static void forget(struct tuning *t)
{
    stop(t);
    vn_obj_unref(t->obj);
    vn_obj_unref(t->truth);
    t->obj = t->truth = NULL;
    t->v.n_tried = t->n_step = t->at = 0;
    t->v.ab[0] = t->v.ab[1] = t->v.tried = -1;
    t->v.fixed_pair = false;
    t->v.want = t->v.now = (struct vn_setting){ { "" } };
}

static void tuning_free(void *what)
{
    struct tuning *t = what;
    forget(t);
    vn_free(t->tried);
    vn_free(t->step);
    pthread_mutex_destroy(&t->lock);
    vn_free(t);
}

/* ---- computing ---- */

/* What was made becomes what is shown. */
static void publish(struct tuning *t, const struct made *m)
{
    struct vn_vol *old = NULL, *ahead;
    int i = 0;

    pthread_mutex_lock(&t->lock);
    ahead = take_ahead(t);
    t->field_asked = t->field_asked && vn_setting_same(&t->made[0].of, &m->of);
    while (i < N_MADE - 1 && t->made[i].mask && !vn_setting_same(&t->made[i].of, &m->of))
        i++;
    if (t->made[i].mask != m->mask)
        old = t->made[i].mask;
    memmove(&t->made[1], &t->made[0], (size_t)i * sizeof *t->made);
    t->made[0] = *m;
    t->v.value = m->value;
    t->v.n = m->n;
    t->v.ms = m->ms;
    t->v.error[0] = '\0';
    t->v.pending = !vn_setting_same(&t->v.want, &m->of);
    t->v.turn++;
    pthread_mutex_unlock(&t->lock);
    vn_vol_unref(old);
    vn_vol_unref(ahead);
    vn_job_wake();
}

/* One that was made before and is still there. */
static bool find_made(struct tuning *t, const struct vn_setting *x, struct made *out)
{
    bool found = false;
    pthread_mutex_lock(&t->lock);
    for (int i = 0; i < N_MADE && !found; i++)
        if (t->made[i].mask && vn_setting_same(&t->made[i].of, x)) {
            *out = t->made[i];
            found = true;
        }
    pthread_mutex_unlock(&t->lock);
    return found;
}

static int make_mask(struct tuning *t, const struct vn_setting *x, struct made *m, struct vn_job *job, struct vn_err *err)
{
    struct vn_tune_set set;
    int rc = vn_setting_build(x, t->v.kind, &set, err);
    if (rc)
        return rc;
    rc = vn_tune_run(t->engine, &set, &m->mask, &m->n, job, err);
    if (!rc) {
        m->of = *x;
        vn_setting_values(x, t->v.kind, &set, &m->value);
        struct vn_vol *field = vn_tune_field(t->engine), *old = t->field;
        pthread_mutex_lock(&t->lock);
        t->field = field;
        t->field_of = *x;
        pthread_mutex_unlock(&t->lock);
        vn_vol_unref(old);
    }
    vn_tune_set_free(&set);
    return rc;
}

/* Whether they differ in threshold and clean alone, so that one field is cut. */
static bool same_field(const struct vn_setting *a, const struct vn_setting *b)
{
    for (int k = 0; k < VN_KNOB_LOW; k++)
        if (strcmp(a->text[k], b->text[k]))
            return false;
    return true;
}

/* Whether they differ in the thresholds alone. */
static bool same_but_thresholds(const struct vn_setting *a, const struct vn_setting *b)
{
    for (int k = 0; k < VN_N_KNOB; k++)
        if (k != VN_KNOB_LOW && k != VN_KNOB_HIGH && strcmp(a->text[k], b->text[k]))
            return false;
    return true;
}

/* Whether the field is shown with the thresholds that are wanted, until their mask is there. */
static bool shows_field(const struct tuning *t)
{
    return t->made[0].mask && !t->ahead.mask && t->v.pending && t->v.ms > VN_TUNED_SLOW_MS && t->field && same_field(&t->v.want, &t->field_of) &&
           same_but_thresholds(&t->v.want, &t->made[0].of) && t->v.want.text[VN_KNOB_LOW][0] + t->v.want.text[VN_KNOB_HIGH][0];
}

/* ---- slices first ---- */

/* The plane of the region that a slice along axis shows, or those of a slab. */
static bool plane_of(const struct tuning *t, const struct vn_shown *d, int axis, struct vn_box *part)
{
    const struct vn_box *w = &t->whole;
    const int64_t n = vn_min64(vn_pane_slab(d, axis), VN_PATCH_EDGE);
    bool inside = d->view.volume[0];                     /* else the middle is looked at */
    for (int k = 0; k < 3; k++)
        inside = inside && d->view.at[k] >= (double)w->lo[k] && d->view.at[k] < (double)w->hi[k];
    const int64_t at = inside ? (int64_t)floor(d->view.at[axis]) : (w->lo[axis] + w->hi[axis]) >> 1;
    struct vn_box plane = t->box;
    plane.lo[axis] = at - n / 2;
    plane.hi[axis] = plane.lo[axis] + n;
    return vn_box_meet(&plane, &t->box, part);
}

/* What the slices on the screen show of the region, first the one that keys act on. */
static int visible(const struct tuning *t, struct vn_box part[VN_TUNED_PARTS])
{
    const struct vn_vol *mask = t->made[0].mask;
    struct vn_shown d = { .view = vn_session_view(t->s) };
    const enum vn_pane first = d.view.focus == VN_MIP ? d.view.slice : d.view.focus;
    int n = 0;
    if (!mask || !d.view.overlay_on || (d.view.layout == 1 && !d.view.n_linked && d.view.focus == VN_MIP))
        return 0;
    d.vol = t->made[0].mask;
    for (int i = VN_XY - 1; i <= VN_YZ; i++) {
        const enum vn_pane p = i < VN_XY ? first : (enum vn_pane)i;
        if ((i < VN_XY || (p != first && d.view.layout == 4 && !d.view.n_linked)) && plane_of(t, &d, vn_pane_axis(&d.view, p), &part[n]))
            n++;
    }
    return n;
}

/* Whether the region takes so long to be made that slices come first; then how many of the parts. */
static int worth_it(struct tuning *t, const struct vn_setting *x, const struct vn_tune_set *set, const struct vn_box *part, int n)
{
    double share = 0;
    int i = 0;
    if (same_but_thresholds(x, &t->made[0].of) || vn_tune_expect(t->engine, set) < AHEAD_MS)
        return 0;
    while (i < n && (share += vn_tune_ahead(t->engine, set, &part[i])) <= AHEAD_SHARE)
        i++;
    return i;
}

/* The mask with other voxels in a part. */
static int put_part(struct vn_vol *mask, const struct vn_buf *part, struct vn_vol **out, struct vn_job *job, struct vn_err *err)
{
    const struct vn_box *b = &part->box;
    struct vn_patch p;
    int rc = vn_patch_begin(&p, mask, VN_MASK, VN_U8, err);

    for (int64_t z = b->lo[2]; z < b->hi[2] && !rc; z++)
        for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
            vn_patch_touch_run(&p, b->lo[0], b->hi[0], y, z);
    if (!rc)
        rc = vn_patch_load(&p, job, err);
    for (int64_t i = 0; i < p.n_touched && !rc; i++) {
        const struct vn_buf to = vn_patch_buf(&p, i);
        struct vn_box meet;
        vn_box_meet(&to.box, b, &meet);
        for (int64_t z = meet.lo[2]; z < meet.hi[2]; z++)
            for (int64_t y = meet.lo[1]; y < meet.hi[1]; y++)
                memcpy((uint8_t *)to.data + vn_buf_at(&to, meet.lo[0], y, z), (const uint8_t *)part->data + vn_buf_at(part, meet.lo[0], y, z),
                       (size_t)vn_box_dim(&meet, 0));
        p.changed[i] = true;
    }
    if (!rc)
        rc = vn_patch_end(&p, out, err);
    vn_patch_free(&p);
    return rc;
}

/* One part of the setting's mask, shown with those before it. */
static int show_part(struct tuning *t, const struct vn_tune_set *set, const struct vn_box *part, struct ahead *shown, struct vn_job *job, struct vn_err *err)
{
    struct vn_tune_set own;                              /* each is settled by itself */
    struct vn_buf out = { 0 };
    struct vn_vol *mask = NULL, *before = t->made[0].mask;
    int rc = vn_tune_set_copy(&own, set, err);

    if (rc)
        return rc;
    if (!(rc = vn_buf_new(&out, VN_U8, part, err)) && !(rc = vn_tune_part(t->engine, &own, before, &out, job, err)))
        rc = put_part(shown->mask ? shown->mask : before, &out, &mask, job, err);
    vn_buf_free(&out);
    vn_tune_set_free(&own);
    if (rc)
        return rc;
    vn_vol_unref(shown->mask);
    shown->mask = mask;
    shown->part[shown->n++] = *part;
    pthread_mutex_lock(&t->lock);
    struct vn_vol *old = take_ahead(t);
    if (t->v.pending) {
        t->ahead = *shown;
        vn_vol_ref(mask);
        t->v.n_ahead++;
    }
    t->v.turn++;
    pthread_mutex_unlock(&t->lock);
    vn_vol_unref(old);
    vn_job_wake();
    return 0;
}

static bool is_wanted(struct tuning *t, const struct vn_setting *x)
{
    pthread_mutex_lock(&t->lock);
    const bool is = vn_setting_same(&t->v.want, x);
    pthread_mutex_unlock(&t->lock);
    return is;
}

static void work_on(struct tuning *t, int what)
{
    pthread_mutex_lock(&t->lock);
    t->at_work_on = what;
    pthread_mutex_unlock(&t->lock);
}

/* Shows the slices that are looked at before the region is made.  Fails only when it is cancelled: what else fails is told by the region. */
static int slices_first(struct tuning *t, const struct vn_setting *x, struct vn_job *job, struct vn_err *err)
{
    struct vn_box part[VN_TUNED_PARTS];
    struct ahead shown = { .n = 0 };
    struct vn_tune_set set;
    struct vn_err own = { 0 };
    int rc = vn_setting_build(x, t->v.kind, &set, &own);

    if (rc)
        return 0;
    const int n = worth_it(t, x, &set, part, visible(t, part));
    work_on(t, n ? SLICES : WHOLE);
    for (int i = 0; i < n && !rc && is_wanted(t, x); i++)
        rc = show_part(t, &set, &part[i], &shown, job, &own);
    vn_tune_set_free(&set);
    vn_vol_unref(shown.mask);
    if (shown.n)
        work_on(t, REST);
    if (rc == VN_E_CANCELLED && err)
        *err = own;
    return rc == VN_E_CANCELLED ? rc : 0;
}

static int compute_it(struct tuning *t, const struct vn_setting *x, bool hurry, struct vn_job *job, struct vn_err *err)
{
    const double from = ms_now();
    struct made m = { .mask = NULL };

    if (!find_made(t, x, &m)) {
        int rc = hurry ? slices_first(t, x, job, err) : 0;
        if (!rc && hurry && !is_wanted(t, x))
            return 0;                                    /* the hand is elsewhere: its slices first */
        if (!rc)
            rc = make_mask(t, x, &m, job, err);
        if (rc)
            return rc;
        m.ms = ms_now() - from;
    }
    publish(t, &m);
    if (!t->v.has_truth || m.has_cldice || (hurry && m.ms + t->v.cldice_ms > WITH_CLDICE_MS))
        return 0;
    const double then = ms_now();
    const int rc = vn_tune_cldice(t->engine, m.mask, &m.n.cldice, job, err);
    if (rc)
        return rc;
    m.has_cldice = true;
    pthread_mutex_lock(&t->lock);
    t->v.cldice_ms = ms_now() - then;
    pthread_mutex_unlock(&t->lock);
    publish(t, &m);
    return 0;
}

/* Mask and numbers of a setting, shown as soon as they are there.  hurry: clDice only where it is quick. */
static int compute(struct tuning *t, const struct vn_setting *x, bool hurry, struct vn_job *job, struct vn_err *err)
{
    if (t->busy)                                         /* this job stands on top of one that is paused */
        return vn_fail(err, VN_E_ARG, "a setting is being computed by a job that is paused: 'jobs' goes on with it");
    t->busy = true;
    const int rc = compute_it(t, x, hurry, job, err);
    t->busy = false;
    return rc;
}

/* ---- following the hand ---- */

/* What is cut in the setting shown, if it was asked for and is not there: another was made after it. */
static int make_field(struct tuning *t, const struct vn_setting *x, struct vn_job *job, struct vn_err *err)
{
    struct made m = { .mask = NULL };
    pthread_mutex_lock(&t->lock);
    const bool due = t->field_asked && vn_setting_same(&t->v.want, x) && vn_setting_same(&t->made[0].of, x) && !(t->field && same_field(x, &t->field_of));
    pthread_mutex_unlock(&t->lock);
    if (!due)
        return 0;
    t->busy = true;
    const int rc = make_mask(t, x, &m, job, err);
    t->busy = false;
    vn_vol_unref(m.mask);
    pthread_mutex_lock(&t->lock);
    t->v.turn++;
    pthread_mutex_unlock(&t->lock);
    return rc;
}

static int follow_run(void *ctx, struct vn_job *job, struct vn_err *err)
{
    struct tuning *t = ctx;
    pthread_mutex_lock(&t->lock);
    const struct vn_setting x = t->v.want;
    const bool on = t->engine != NULL;
    t->at_rest = !t->v.pending;
    t->at_work_on = WHOLE;
    t->begun_ms = ms_now();
    pthread_mutex_unlock(&t->lock);
    const int rc = on ? compute(t, &x, !t->at_rest, job, err) : 0;
    return on && !rc ? make_field(t, &x, job, err) : rc;
}

static int follow(struct tuning *t, struct vn_err *err);

/* What is wanted now may be newer; clDice follows when the hand rests. */
static void follow_done(void *ctx, int rc, const struct vn_err *err)
{
    struct tuning *t = ctx;
    struct vn_vol *ahead = NULL;
    pthread_mutex_lock(&t->lock);
    const bool late = t->v.has_truth && t->made[0].mask && !t->made[0].has_cldice;
    const bool again = t->v.on && (rc ? rc == VN_E_CANCELLED && t->job_cancelled : t->v.pending || late);
    t->job = NULL;
    if (rc && !again) {                                  /* failed, or cancelled by the user: back to what is shown */
        snprintf(t->v.error, sizeof t->v.error, "%.199s", err->msg);
        t->v.want = t->made[0].of;
        t->v.pending = false;
        t->v.turn++;
        ahead = take_ahead(t);
    }
    pthread_mutex_unlock(&t->lock);
    vn_vol_unref(ahead);
    if (again)
        follow(t, NULL);
}

static int follow(struct tuning *t, struct vn_err *err)
{
    t->job_cancelled = false;
    t->begun_ms = 0;
    t->job = vn_job_submit(VN_REGION, "tune", follow_run, t, follow_done, err);
    return t->job ? 0 : VN_E_MEMORY;
}

int vn_tuning_try(struct vn_session *s, const struct vn_setting *x, struct vn_err *err)
{
    struct tuning *t = of(s);
    struct vn_tune_set set;

    if (!t || !t->v.on)
        return vn_fail(err, VN_E_ARG, "nothing is tuned: 'tune NAME' begins");
    int rc = vn_setting_build(x, t->v.kind, &set, err);
    if (rc)
        return rc;
    vn_tune_set_free(&set);
    pthread_mutex_lock(&t->lock);
    t->v.want = *x;
    t->v.pending = !vn_setting_same(x, &t->made[0].of);
    t->v.turn++;
    const double age = ms_now() - t->begun_ms;
    const bool stale = t->job && t->begun_ms > 0 && (t->at_rest || t->at_work_on == REST || age > (t->at_work_on == SLICES ? CANCEL_AHEAD_MS : CANCEL_MS));
    struct vn_vol *ahead = t->v.pending ? NULL : take_ahead(t);
    pthread_mutex_unlock(&t->lock);
    vn_vol_unref(ahead);
    if (!t->job)
        return follow(t, err);
    if (stale && t->v.pending) {
        t->job_cancelled = true;
        vn_job_cancel(t->job);
    }
    return 0;
}

void vn_tuning_ask_field(struct vn_session *s)
{
    struct tuning *t = of(s);
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    const bool due = t->v.on && !t->v.pending && t->made[0].mask && !t->field_asked && !t->job;
    t->field_asked = t->field_asked || due;
    pthread_mutex_unlock(&t->lock);
    if (due)
        follow(t, NULL);
}

/* ---- looking ---- */

void vn_tuning_look(struct vn_session *s, struct vn_tuning_view *out)
{
    struct tuning *t = of(s);
    *out = (struct vn_tuning_view){ .ab = { -1, -1 }, .tried = -1 };
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    *out = t->v;
    out->n_undo = t->at;
    out->n_redo = t->n_step - 1 - t->at;
    out->provisional = t->ahead.mask || shows_field(t);
    pthread_mutex_unlock(&t->lock);
}

bool vn_tuning_tried(struct vn_session *s, int i, struct vn_setting *x, struct vn_tune_numbers *n)
{
    struct tuning *t = of(s);
    bool there = false;
    if (!t)
        return false;
    pthread_mutex_lock(&t->lock);
    if (i >= 0 && i < t->v.n_tried) {
        *x = t->tried[i].x;
        *n = t->tried[i].n;
        there = true;
    }
    pthread_mutex_unlock(&t->lock);
    return there;
}

bool vn_tuning_shown(struct vn_session *s, struct vn_tuned *out)
{
    struct tuning *t = of(s);
    struct vn_tune_set set;

    *out = (struct vn_tuned){ .n_part = 0 };
    if (!t)
        return false;
    pthread_mutex_lock(&t->lock);
    if (t->v.on && t->made[0].mask)
        out->mask = vn_vol_ref(t->made[0].mask);
    if (out->mask && t->ahead.mask) {
        out->whole = out->mask;
        out->mask = vn_vol_ref(t->ahead.mask);
        out->n_part = t->ahead.n;
        memcpy(out->part, t->ahead.part, sizeof out->part);
    } else if (out->mask && shows_field(t) && !vn_setting_build(&t->v.want, t->v.kind, &set, NULL)) {
        out->field = vn_vol_ref(t->field);
        out->low = vn_args_real(&set.cut, "low");
        out->high = vn_args_has(&set.cut, "high") ? vn_args_real(&set.cut, "high") : out->low;
        vn_tune_set_free(&set);
    }
    pthread_mutex_unlock(&t->lock);
    return out->mask != NULL;
}

bool vn_tuning_field(struct vn_session *s, struct vn_vol **field, struct vn_obj **truth, struct vn_box *box)
{
    struct tuning *t = of(s);
    if (!t)
        return false;
    pthread_mutex_lock(&t->lock);
    const bool there = t->v.on && t->field && t->made[0].mask && same_field(&t->made[0].of, &t->field_of);
    if (there) {
        *field = vn_vol_ref(t->field);
        *truth = t->truth ? vn_obj_ref(t->truth) : NULL;
        *box = t->box;
    }
    pthread_mutex_unlock(&t->lock);
    return there;
}

/* ---- the verb ---- */

static struct tuning *get(struct vn_session *s, struct vn_err *err)
{
    struct tuning *t = of(s);
    if (t || !(t = vn_calloc(1, sizeof *t, err)))
        return t;
    t->s = s;
    pthread_mutex_init(&t->lock, NULL);
    t->v.ab[0] = t->v.ab[1] = t->v.tried = -1;
    vn_session_keep(s, t, tuning_free);
    return t;
}

/* The object of a name, of these kinds. */
static int object(struct vn_call *c, const char *name, unsigned kinds, const char *what, struct vn_obj **out, struct vn_err *err)
{
    struct vn_obj *o = vn_session_get(c->s, name);
    if (!o)
        return vn_fail(err, VN_E_ARG, "no object is named '%s'", name);
    if (!(o->kind & kinds)) {
        vn_fail(err, VN_E_ARG, "'%s' is of kind %s, and %s is needed", name, vn_kind_name(o->kind), what);
        vn_obj_unref(o);
        return VN_E_ARG;
    }
    *out = o;
    return 0;
}

static bool same_region(const struct tuning *t, const struct vn_call *c)
{
    return t->has_roi == c->has_roi && (!t->has_roi || vn_box_same(&t->roi, &c->roi));
}

static bool same_object(const struct vn_obj *a, const struct vn_obj *b) { return a && b ? vn_key_same(a->key, b->key) : a == b; }

static int begin(struct tuning *t, struct vn_call *c, struct vn_err *err)
{
    struct vn_vol *in = NULL, *truth = NULL;
    struct vn_box box;
    int rc = vn_obj_vol(c->s, t->obj, &in, c->job, err);

    if (!rc)
        rc = vn_call_region(c, in, &box, err);
    if (!rc && t->truth)
        rc = vn_obj_vol(c->s, t->truth, &truth, c->job, err);
    if (!rc) {
        struct vn_tune *engine = vn_tune_new(in, truth, &box, c->job, err);
        pthread_mutex_lock(&t->lock);
        t->engine = engine;
        t->box = box;
        t->whole = in->box;
        t->v.on = engine != NULL;
        t->v.kind = t->obj->kind;
        t->v.um = vn_um_known(&in->grid);
        t->v.edge_um = t->v.um ? fmin(in->grid.um[0], fmin(in->grid.um[1], in->grid.um[2])) : 0;
        t->v.has_truth = truth != NULL;
        t->v.ms = t->v.cldice_ms = 0;
        pthread_mutex_unlock(&t->lock);
        rc = engine ? 0 : err->code;
    }
    vn_vol_unref(in);
    vn_vol_unref(truth);
    return rc;
}

int vn_tuning_start(struct vn_call *c, const char *name, const char *truth, struct vn_err *err)
{
    struct tuning *t = get(c->s, err);
    struct vn_obj *o = NULL, *with = NULL;
    int rc = t ? object(c, name, VN_IMAGE | VN_PROB, "an image or a probability", &o, err) : VN_E_MEMORY;

    if (!rc && truth)
        rc = object(c, truth, VN_VOLUMES, "a volume for the truth", &with, err);
    if (rc) {
        vn_obj_unref(o);
        return rc;
    }
    if (t->busy) {
        vn_obj_unref(o);
        vn_obj_unref(with);
        return vn_fail(err, VN_E_ARG, "a setting is being computed by a job that is paused: 'jobs' goes on with it");
    }
    if (same_object(o, t->obj) && same_object(with, t->truth) && same_region(t, c)) {
        stop(t);
        vn_obj_unref(o);
        vn_obj_unref(with);
    } else {
        forget(t);
        t->obj = o;
        t->truth = with;
        t->has_roi = c->has_roi;
        t->roi = c->roi;
    }
    pthread_mutex_lock(&t->lock);
    snprintf(t->v.name, sizeof t->v.name, "%s", name);
    snprintf(t->v.truth, sizeof t->v.truth, "%s", truth ? truth : "");
    t->v.want = t->v.now;
    pthread_mutex_unlock(&t->lock);
    return begin(t, c, err);
}

void vn_tuning_off(struct vn_session *s)
{
    struct tuning *t = of(s);
    if (t && !t->busy)
        stop(t);
}

int vn_tuning_check(struct vn_call *c, struct vn_err *err)
{
    struct tuning *t = of(c->s);
    if (!t || !t->v.on)
        return vn_fail(err, VN_E_ARG, "nothing is tuned: 'tune NAME' begins");
    struct vn_obj *o = vn_session_get(c->s, t->v.name);
    const bool same = same_object(o, t->obj);
    vn_obj_unref(o);
    if (!same)
        return vn_fail(err, VN_E_ARG, "'%s' is another object now than the one that is tuned: 'tune %s' begins anew", t->v.name, t->v.name);
    return same_region(t, c) ? 0 : vn_fail(err, VN_E_ARG, "the region (roi) is another now: 'tune %s' begins anew", t->v.name);
}

/* Room for one more in both lists. */
static int make_room(struct tuning *t, struct vn_err *err)
{
    if (t->v.n_tried == MAX_TRIED)
        return vn_fail(err, VN_E_UNSUPPORTED, "%d settings were tried: 'tune %s' of another region or object begins anew", MAX_TRIED, t->v.name);
    if (t->v.n_tried == t->cap) {
        struct tried *more = vn_realloc(t->tried, (uint64_t)(t->cap * 2 + 16) * sizeof *more, err);
        if (!more)
            return VN_E_MEMORY;
        t->tried = more;
        t->cap = t->cap * 2 + 16;
    }
    if (t->at + 1 >= t->cap_step) {
        int *more = vn_realloc(t->step, (uint64_t)(t->cap_step * 2 + 16) * sizeof *more, err);
        if (!more)
            return VN_E_MEMORY;
        t->step = more;
        t->cap_step = t->cap_step * 2 + 16;
    }
    return 0;
}

/* The setting shown among those that were tried: its number. */
static int note(struct tuning *t, const struct vn_setting *x)
{
    int i = 0;
    while (i < t->v.n_tried && !vn_setting_same(&t->tried[i].x, x))
        i++;
    if (i == t->v.n_tried)
        t->v.n_tried++;
    t->tried[i] = (struct tried){ *x, t->made[0].n };
    if (vn_setting_same(&t->v.want, &t->v.now))          /* else the hand is ahead already */
        t->v.want = *x;
    t->v.now = *x;
    t->v.pending = !vn_setting_same(&t->v.want, x);
    if (!t->v.fixed_pair && i != t->v.tried && t->v.tried >= 0) {
        t->v.ab[0] = t->v.tried;
        t->v.ab[1] = i;
    }
    t->v.tried = i;
    t->v.turn++;
    return i;
}

static int compute_now(struct tuning *t, const struct vn_setting *x, struct vn_job *job, struct vn_err *err)
{
    pthread_mutex_lock(&t->lock);
    int rc = make_room(t, err);
    pthread_mutex_unlock(&t->lock);
    if (!rc)
        rc = compute(t, x, false, job, err);
    if (rc) {
        pthread_mutex_lock(&t->lock);
        t->v.want = t->v.now;
        t->v.turn++;
        pthread_mutex_unlock(&t->lock);
    }
    return rc;
}

int vn_tuning_change(struct vn_call *c, const struct vn_setting *x, struct vn_err *err)
{
    struct tuning *t = of(c->s);
    int rc = compute_now(t, x, c->job, err);
    if (rc)
        return rc;
    pthread_mutex_lock(&t->lock);
    const bool first = t->n_step == 0;
    if (first || !vn_setting_same(x, &t->tried[t->step[t->at]].x)) {
        t->at += !first;
        t->step[t->at] = note(t, x);
        t->n_step = t->at + 1;
    } else {
        note(t, x);
    }
    pthread_mutex_unlock(&t->lock);
    return 0;
}

int vn_tuning_step(struct vn_call *c, int way, struct vn_err *err)
{
    struct tuning *t = of(c->s);
    const int to = t->at + way;
    if (to < 0 || to >= t->n_step)
        return vn_fail(err, VN_E_ARG, "there is no %s setting", way < 0 ? "earlier" : "later");
    const struct vn_setting x = t->tried[t->step[to]].x;
    int rc = compute_now(t, &x, c->job, err);
    if (rc)
        return rc;
    pthread_mutex_lock(&t->lock);
    t->at = to;
    note(t, &x);
    pthread_mutex_unlock(&t->lock);
    return 0;
}

int vn_tuning_pair(struct vn_session *s, int a, int b, struct vn_err *err)
{
    struct tuning *t = of(s);
    if (a < 0 || b < 0 || a >= t->v.n_tried || b >= t->v.n_tried)
        return vn_fail(err, VN_E_ARG, "%d settings were tried: 1 to %d", t->v.n_tried, t->v.n_tried);
    pthread_mutex_lock(&t->lock);
    t->v.ab[0] = a;
    t->v.ab[1] = b;
    t->v.fixed_pair = true;
    t->v.turn++;
    pthread_mutex_unlock(&t->lock);
    return 0;
}
