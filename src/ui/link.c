/* link.c - how fast the line to the terminal is, and when the next frame may go. */
#include "link.h"
#include <math.h>
#include <string.h>

static const double IN_TIME_S = 1.0;             /* answers that take longer are not waited for */
static const double FORGET_S = 8.0;              /* an answer this late never comes */
static const double ASK_AGAIN_S = 2.0;
static const double LONG_S = 0.15;               /* a round trip that is long for a hand */
static const double PERIOD_S = 15;               /* the shortest round trip is of one or two of these */
static const double TOO_QUICK_S = 0.004;         /* says only that the link is fast */
/* Without answers: a link of 250 kB/s is at most a second behind, by what may go at once and by what follows. */
static const double BLIND_RATE = 180e3, BLIND_BURST = 150e3, BLIND_MOVING = 80e3;
static const double SPACE_S[2] = { 0.033, 0.1 };
enum { BLIND_COARSE = 8000, LEAST = 2000, SAMPLE = 4000 };

void vn_link_open(struct vn_link *l, double now)
{
    *l = (struct vn_link){ .opened = now, .last_sent = -INFINITY, .last_answer = -INFINITY, .ask_after = -INFINITY, .least = { INFINITY, INFINITY },
                           .least_since = now, .credit = BLIND_BURST, .credit_at = now };
}

double vn_link_trip(const struct vn_link *l)
{
    const double t = fmin(l->least[0], l->least[1]);
    return isfinite(t) ? t : 0;
}

double vn_link_rate(const struct vn_link *l)
{
    double most = 0;                             /* a pause of the terminal makes one sample small */
    for (int i = 0; i < (int)VN_COUNT(l->rate) && i < l->n_rate; i++)
        most = fmax(most, l->rate[i]);
    return most;
}

/* Not known yet whether it answers. */
static bool asking(const struct vn_link *l, double now) { return !l->answered && !l->mute && now - l->opened < IN_TIME_S; }

static bool waits(const struct vn_link *l) { return l->acks && !l->mute; }

static double credit(const struct vn_link *l, double now)
{
    return fmin(BLIND_BURST, l->credit + (now - l->credit_at) * BLIND_RATE);
}

bool vn_link_asks(const struct vn_link *l, double now)
{
    return !l->mute && l->n_flight < VN_LINK_FLIGHT && (l->acks || !l->n_flight) && now >= l->ask_after;
}

void vn_link_sent(struct vn_link *l, double now, size_t bytes, bool asked)
{
    l->credit = fmax(credit(l, now) - (double)bytes, 0);
    l->credit_at = l->last_sent = now;
    l->last_bytes = bytes;
    if (!asked || l->n_flight == VN_LINK_FLIGHT)
        return;
    l->flight[l->n_flight] = (struct vn_flight){ .at = now, .bytes = bytes, .alone = !l->n_flight };
    l->n_flight++;
    l->waiting += bytes;
}

static void drop_first(struct vn_link *l)
{
    if (!l->flight[0].late)
        l->waiting -= l->flight[0].bytes;
    l->n_flight--;
    memmove(l->flight, l->flight + 1, (size_t)l->n_flight * sizeof *l->flight);
}

void vn_link_answer(struct vn_link *l, double now)
{
    if (!l->n_flight)
        return;
    const struct vn_flight f = l->flight[0];
    const double trip = now - f.at;
    drop_first(l);
    l->trip = trip;
    if (now - l->least_since > PERIOD_S) {
        l->least[1] = l->least[0];
        l->least[0] = INFINITY;
        l->least_since = now;
    }
    l->least[0] = fmin(l->least[0], trip);
    if (f.bytes >= SAMPLE) {
        const double before = vn_link_rate(l), s = fmin(trip - vn_link_trip(l), f.alone ? INFINITY : now - l->last_answer);
        memmove(l->rate + 1, l->rate, sizeof l->rate - sizeof *l->rate);
        l->rate[0] = s > TOO_QUICK_S ? (double)f.bytes / s : fmax((double)f.bytes / TOO_QUICK_S, before);
        l->n_rate++;
    }
    l->last_answer = now;
    l->answered = true;
    l->acks = !f.late;
    l->ask_after = f.late ? now + ASK_AGAIN_S : -INFINITY;
}

void vn_link_mute(struct vn_link *l, bool mute)
{
    l->mute = mute;
    l->n_flight = 0;
    l->waiting = 0;
}

void vn_link_check(struct vn_link *l, double now)
{
    const double rate = vn_link_rate(l), all = rate > 0 ? 2 * (double)l->waiting / rate : 0;
    for (int i = 0; i < l->n_flight; i++) {
        struct vn_flight *f = &l->flight[i];
        if (f->late || now - f->at < IN_TIME_S + all)
            continue;
        f->late = true;
        l->waiting -= f->bytes;
        l->acks = false;
        l->ask_after = now + ASK_AGAIN_S;
    }
    while (l->n_flight && now - l->flight[0].at > FORGET_S)
        drop_first(l);
}

/* When a frame may go that nobody answers. */
static double blind_at(const struct vn_link *l)
{
    const double space = fmin(fmax((double)l->last_bytes / BLIND_MOVING, SPACE_S[0]), SPACE_S[1]);
    return fmax(l->last_sent + space, l->credit_at + (BLIND_COARSE - l->credit) / BLIND_RATE);
}

/* When a second small frame may follow one that is on its way: over a long line, once the first has passed its narrow place. */
static double second_at(const struct vn_link *l)
{
    const double rate = vn_link_rate(l), trip = vn_link_trip(l);
    if (!(rate > 0) || trip < LONG_S || l->n_flight > 2 || (double)l->waiting > 0.5 * trip * rate)
        return INFINITY;
    return l->last_sent + 2 * (double)l->last_bytes / rate + SPACE_S[0];
}

bool vn_link_ready(const struct vn_link *l, double now)
{
    if (!waits(l))
        return now >= blind_at(l);
    return !l->waiting || now >= second_at(l);
}

bool vn_link_ready_more(const struct vn_link *l, double now)
{
    if (!waits(l))
        return vn_link_ready(l, now);
    return !l->waiting || (l->n_flight < VN_LINK_FLIGHT && (double)l->waiting < vn_link_rate(l) * (vn_link_trip(l) + 0.1));
}

double vn_link_due(const struct vn_link *l, double now)
{
    if (waits(l))
        return l->n_flight ? fmin(fmax(l->flight[0].at + IN_TIME_S - now, 0.05), fmax(second_at(l) - now, 0)) : 0;
    return fmax(blind_at(l) - now, 0);
}

static size_t at_least(double bytes) { return bytes > LEAST ? (size_t)bytes : LEAST; }

struct vn_link_room vn_link_room(const struct vn_link *l, double now)
{
    const double rate = vn_link_rate(l), left = credit(l, now);
    if (waits(l) && rate > 0)
        return (struct vn_link_room){ at_least(rate * 0.08), at_least(rate * fmin(fmax(0.6 * vn_link_trip(l), 0.05), 0.15)), at_least(rate * 0.15) };
    if (waits(l) || asking(l, now))
        return (struct vn_link_room){ BLIND_COARSE, BLIND_COARSE, waits(l) ? BLIND_COARSE : 0 };
    return (struct vn_link_room){ BLIND_COARSE, BLIND_COARSE, left >= BLIND_COARSE ? (size_t)left : 0 };
}
