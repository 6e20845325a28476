/* link.h - the line between the program and the eyes: how fast it is, and when the next frame may go.
 *
 * What is written to a terminal over a network goes into buffers of megabytes: a program that writes as fast as it can shows
 * what was true seconds ago.  So each frame ends with a question (DSR 5n), and the next goes when the answer has come.
 * A terminal that does not answer, or only after a second, is not waited for: then bytes are limited by a rate that slow
 * links bear, and it is asked now and then whether it answers again.  Times are seconds of one clock; no system calls. */
#ifndef VN_LINK_H
#define VN_LINK_H
#include "base.h"

enum { VN_LINK_FLIGHT = 8 };
struct vn_link {
    bool acks;                           /* answers come, in time */
    bool mute;                           /* do not ask: answers would reach somebody else */
    struct vn_flight { double at; size_t bytes; bool alone, late; } flight[VN_LINK_FLIGHT];      /* not answered, oldest first */
    int n_flight;
    size_t waiting;                      /* bytes of those that are still waited for */
    bool answered;                       /* ever */
    double opened, last_sent, last_answer, ask_after;
    size_t last_bytes;
    double trip;                         /* of the last answer, as it was; 0: none yet */
    double least[2], least_since;        /* shortest of late: this period and the one before */
    double rate[3]; int n_rate;          /* bytes a second, the last samples */
    double credit, credit_at;            /* bytes that may go without being asked about */
};
void vn_link_open(struct vn_link *l, double now);
/* Whether the frame that goes now ends with the question. */
bool vn_link_asks(const struct vn_link *l, double now);
void vn_link_sent(struct vn_link *l, double now, size_t bytes, bool asked);
void vn_link_answer(struct vn_link *l, double now);
void vn_link_mute(struct vn_link *l, bool mute);
void vn_link_check(struct vn_link *l, double now);               /* gives up waiting for what does not come */
bool vn_link_ready(const struct vn_link *l, double now);         /* a new frame may go */
bool vn_link_ready_more(const struct vn_link *l, double now);    /* a further part of the same picture may */
double vn_link_due(const struct vn_link *l, double now);         /* seconds until that may change by itself; INFINITY: only by an answer */

/* Bytes of a frame: `whole` is sent as it is while the view moves; a `coarse` one instead; `part` at a time at rest. 0: none now. */
struct vn_link_room { size_t whole, coarse, part; };
struct vn_link_room vn_link_room(const struct vn_link *l, double now);
double vn_link_rate(const struct vn_link *l);                    /* bytes a second; 0: not known */
double vn_link_trip(const struct vn_link *l);                    /* shortest round trip of late, seconds; 0: not known */
#endif
