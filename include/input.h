/* input.h - decoder of a terminal's input: bytes in, events out.
 *
 * One decoder owns everything that comes from the terminal: keys, mouse (SGR 1006), bracketed paste (2004), focus
 * (1004) and the terminal's own answers (DSR, DA, CPR, DECRPM, DCS, OSC, APC), which would otherwise be taken apart into
 * keys.  It is fed byte by byte, so that sequences split anywhere by the link decode the same. */
#ifndef VN_INPUT_H
#define VN_INPUT_H
#include "base.h"

enum vn_event_type {
    VN_EV_NONE, VN_EV_KEY, VN_EV_MOUSE,
    VN_EV_PASTE,               /* text, n_text: a piece of pasted text as it came */
    VN_EV_PASTE_END,
    VN_EV_FOCUS_IN, VN_EV_FOCUS_OUT,
    VN_EV_ACK,                 /* DSR 5n answered "0n": everything sent before was shown */
    VN_EV_ANSWER,              /* text, n_text: what the terminal says of itself (DCS, OSC, APC, CSI ... c t y R), from ESC
                                * to the last byte, without what ends a string; longer ones than 256 bytes are dropped */
};
enum vn_keycode {              /* above Unicode; characters are their code point */
    VN_KEY_UP = 0x110000, VN_KEY_DOWN, VN_KEY_LEFT, VN_KEY_RIGHT, VN_KEY_HOME, VN_KEY_END, VN_KEY_PGUP, VN_KEY_PGDN,
    VN_KEY_INS, VN_KEY_DEL, VN_KEY_F1,
    VN_KEY_BACKTAB = VN_KEY_F1 + 12, VN_KEY_OTHER,
    VN_KEY_TAB = 9, VN_KEY_ENTER = 13, VN_KEY_ESC = 27, VN_KEY_BACKSPACE = 127,
};
enum { VN_SHIFT = 1, VN_ALT = 2, VN_CTRL = 4 };
enum { VN_WHEEL_UP = 64, VN_WHEEL_DOWN = 65 };       /* mouse buttons beside 0 left, 1 middle, 2 right */

struct vn_event {
    enum vn_event_type type;
    uint32_t code;             /* KEY: Ctrl-A is 'a' with VN_CTRL */
    unsigned mods;
    int button, x, y;          /* MOUSE: cell, 0-based */
    bool release, motion;
    const char *text;          /* PASTE, ANSWER: valid until the next byte; not terminated */
    size_t n_text;
    char raw[64];              /* KEY: the bytes as they came, for readline */
    int n_raw;
};

enum vn_input_state { VN_T_GROUND, VN_T_UTF8, VN_T_ESC, VN_T_CSI, VN_T_SS3, VN_T_STRING, VN_T_STRING_ESC, VN_T_X10, VN_T_PASTE };
struct vn_input {
    enum vn_input_state state;
    char raw[64];              /* bytes of the sequence so far; longer ones are swallowed */
    int n_raw;
    uint32_t code;             /* UTF-8 */
    int need;
    int n_match;               /* PASTE: bytes of the end mark seen */
    int n_skip;                /* X10 bytes or string bytes so far */
    char paste[1024];
    size_t n_paste;
    char string[256];          /* DCS, OSC, APC */
    int n_string;              /* over its size: too long to be told */
};

void vn_input_init(struct vn_input *t);
/* Takes one byte; true when an event is complete. */
bool vn_input_byte(struct vn_input *t, unsigned char c, struct vn_event *ev);
/* Nothing came for a while (50 ms): an ESC that stands alone is the key. */
bool vn_input_timeout(struct vn_input *t, struct vn_event *ev);
bool vn_input_waiting(const struct vn_input *t);       /* a timeout could complete an event */
#endif
