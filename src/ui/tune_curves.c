/* tune_curves.c - what every threshold of the field that is tuned gives. */
#include "tune_curves.h"
#include "mem.h"
#include "screen.h"
#include "tty.h"
#include <stdio.h>

static const double REST = 0.3;                  /* seconds the hand rests before curves are made */

/* What they are of; references. */
struct subject { struct vn_vol *field; struct vn_obj *truth; struct vn_box box; };
/* A job's, until it ends. */
struct task { struct vn_ui *ui; struct vn_session *s; struct vn_job *job; struct subject of; struct vn_cuts l; };
static struct task *running;                     /* NULL: no job, or one nobody waits for any more */
static struct { bool has; struct subject of; char error[200]; } made;
static struct vn_cuts_chart chart = { .row = -1 };       /* of what was made */

static void subject_free(struct subject *s)
{
    vn_vol_unref(s->field);
    vn_obj_unref(s->truth);
    *s = (struct subject){ .field = NULL };
}

static bool same_subject(const struct subject *a, const struct subject *b)
{
    return a->field == b->field && a->truth == b->truth && vn_box_same(&a->box, &b->box);
}

static void forget(void)
{
    subject_free(&made.of);
    vn_cuts_chart_free(&chart);
    made.has = false;
}

static int work(void *ctx, struct vn_job *job, struct vn_err *err)
{
    struct task *t = ctx;
    struct vn_vol *truth = NULL;
    int rc = t->of.truth ? vn_obj_vol(t->s, t->of.truth, &truth, job, err) : 0;
    if (!rc)
        rc = vn_cuts_of(t->of.field, "what is cut", truth, "the truth", &t->of.box, &t->l, job, err);
    vn_vol_unref(truth);
    return rc;
}

static void have(void *ctx, int rc, const struct vn_err *err)
{
    struct task *t = ctx;
    if (running == t) {
        running = NULL;
        made.has = true;
        made.of = t->of;
        t->of = (struct subject){ .field = NULL };
        snprintf(made.error, sizeof made.error, "%.190s", rc ? err->msg : "");
        if (!rc) {
            vn_cuts_chart_set(&chart, &t->l);
            t->l = (struct vn_cuts){ .part = false };
        }
        t->ui->text_dirty = true;
    }
    vn_cuts_free(&t->l);
    subject_free(&t->of);
    vn_free(t);
}

static void drop(void)
{
    if (running)
        vn_job_cancel(running->job);
    running = NULL;
}

/* Takes the references. */
static void begin(struct vn_ui *ui, struct subject *of)
{
    struct task *t = vn_calloc(1, sizeof *t, NULL);
    if (t) {
        *t = (struct task){ .ui = ui, .s = ui->s, .of = *of };
        t->job = vn_job_submit(VN_BULK, "curves", work, t, have, NULL);
    }
    if (t && t->job) {
        running = t;
    } else {
        subject_free(of);
        vn_free(t);
    }
}

void vn_tune_curves_follow(struct vn_ui *ui, const struct vn_tuning_view *v, bool wanted, double moved_at)
{
    struct subject of = { .field = NULL };
    const double now = vn_tty_now();
    ui->wake_at = 0;
    const bool there = vn_tuning_field(ui->s, &of.field, &of.truth, &of.box);
    if (running && !same_subject(&running->of, &of))
        drop();
    if (made.has && !same_subject(&made.of, &of))
        forget();
    if (made.has || running || !wanted || v->pending || ui->busy) {
        subject_free(&of);
    } else if (now < moved_at + REST) {
        ui->wake_at = moved_at + REST;
        subject_free(&of);
    } else if (!there) {
        vn_tuning_ask_field(ui->s);
    } else {
        begin(ui, &of);
    }
}

void vn_tune_curves_stop(struct vn_ui *ui)
{
    drop();
    forget();
    ui->wake_at = 0;
}

struct vn_cuts_chart *vn_tune_curves(const char **error)
{
    *error = made.has ? made.error : "";
    return made.has && chart.y[0] ? &chart : NULL;
}
