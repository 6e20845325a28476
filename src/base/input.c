/* input.c - decoder of a terminal's input.  Sequences: ECMA-48 (CSI, SS3, strings), xterm's control sequences for keys, mouse
 * and paste.  What is not understood is swallowed whole. */
#include "input.h"
#include <string.h>

enum { MAX_STRING = 8192 };
static const char PASTE_END[] = "\033[201~";

void vn_input_init(struct vn_input *t)
{
    memset(t, 0, sizeof *t);
}

static void keep(struct vn_input *t, unsigned char c)
{
    if (t->n_raw < (int)sizeof t->raw)
        t->raw[t->n_raw++] = (char)c;
    else
        t->n_raw = (int)sizeof t->raw + 1;           /* too long: known to be no key */
}

static bool is_long(const struct vn_input *t) { return t->n_raw > (int)sizeof t->raw; }

/* Ends the sequence with a key. */
static bool key(struct vn_input *t, struct vn_event *ev, uint32_t code, unsigned mods)
{
    *ev = (struct vn_event){ .type = VN_EV_KEY, .code = code, .mods = mods };
    ev->n_raw = is_long(t) ? 0 : t->n_raw;
    memcpy(ev->raw, t->raw, (size_t)ev->n_raw);
    t->state = VN_T_GROUND;
    t->n_raw = 0;
    return true;
}

static bool simple(struct vn_input *t, struct vn_event *ev, enum vn_event_type type)
{
    *ev = (struct vn_event){ .type = type };
    t->state = VN_T_GROUND;
    t->n_raw = 0;
    return type != VN_EV_NONE;
}

static bool start(struct vn_input *t, enum vn_input_state s)
{
    t->state = s;
    return false;
}

static bool answer(struct vn_input *t, struct vn_event *ev, const char *text, int n)
{
    simple(t, ev, VN_EV_ANSWER);
    ev->text = text;
    ev->n_text = (size_t)n;
    return true;
}

static void keep_string(struct vn_input *t, unsigned char c)
{
    if (t->n_string < (int)sizeof t->string)
        t->string[t->n_string] = (char)c;
    if (t->n_string <= (int)sizeof t->string)
        t->n_string++;
}

static bool end_string(struct vn_input *t, struct vn_event *ev)
{
    return t->n_string > (int)sizeof t->string ? simple(t, ev, VN_EV_NONE) : answer(t, ev, t->string, t->n_string);
}

/* A character, or a control code as Ctrl with a letter. */
static bool character(struct vn_input *t, struct vn_event *ev, uint32_t c, unsigned mods)
{
    if (c == 8)
        return key(t, ev, VN_KEY_BACKSPACE, mods);
    if (c == 0)
        return key(t, ev, ' ', mods | VN_CTRL);
    if (c < 27 && c != VN_KEY_TAB && c != VN_KEY_ENTER)
        return key(t, ev, c + 'a' - 1, mods | VN_CTRL);
    if (c > 27 && c < 32)
        return key(t, ev, c + 64, mods | VN_CTRL);
    return key(t, ev, c, mods);
}

static bool ground(struct vn_input *t, unsigned char c, struct vn_event *ev)
{
    t->n_raw = 0;
    keep(t, c);
    if (c == 27)
        return start(t, VN_T_ESC);
    if (c < 0x80)
        return character(t, ev, c, 0);
    t->need = c >= 0xf0 && c < 0xf5 ? 3 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xc2 && c < 0xe0 ? 1 : 0;
    if (!t->need) {
        t->n_raw = 0;                                /* not UTF-8: dropped */
        return start(t, VN_T_GROUND);
    }
    t->code = c & (0x3fu >> t->need);
    return start(t, VN_T_UTF8);
}

static bool utf8(struct vn_input *t, unsigned char c, struct vn_event *ev)
{
    if ((c & 0xc0) != 0x80)                          /* broken: what is there is dropped, this byte starts anew */
        return ground(t, c, ev);
    keep(t, c);
    t->code = t->code << 6 | (c & 0x3f);
    if (--t->need)
        return false;
    const int first = t->raw[0] == 27, n = t->n_raw - first;
    if (t->code > 0x10ffff || (t->code & ~0x7ffu) == 0xd800 || t->code < (n == 4 ? 0x10000u : n == 3 ? 0x800u : 0x80u)) {
        t->n_raw = 0;                                /* not a character: dropped, and never taken for a key above Unicode */
        return start(t, VN_T_GROUND);
    }
    return key(t, ev, t->code, t->raw[0] == 27 ? VN_ALT : 0);
}

static bool escape(struct vn_input *t, unsigned char c, struct vn_event *ev)
{
    if (c == 27) {                                   /* the first one stood alone */
        key(t, ev, VN_KEY_ESC, 0);
        keep(t, c);
        t->state = VN_T_ESC;
        return true;
    }
    keep(t, c);
    t->n_skip = 0;
    switch (c) {
    case '[': return start(t, VN_T_CSI);
    case 'O': return start(t, VN_T_SS3);
    case 'P': case ']': case '_': case '^': case 'X':
        t->n_string = 0;
        keep_string(t, 27);
        keep_string(t, c);
        return start(t, VN_T_STRING);
    default: break;
    }
    if (c < 0x80)
        return character(t, ev, c, VN_ALT);
    t->need = c >= 0xf0 && c < 0xf5 ? 3 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xc2 && c < 0xe0 ? 1 : 0;
    t->code = c & (0x3fu >> t->need);
    return t->need ? start(t, VN_T_UTF8) : simple(t, ev, VN_EV_NONE);
}

static uint32_t letter_key(unsigned char c)
{
    switch (c) {
    case 'A': return VN_KEY_UP;
    case 'B': return VN_KEY_DOWN;
    case 'C': return VN_KEY_RIGHT;
    case 'D': return VN_KEY_LEFT;
    case 'H': return VN_KEY_HOME;
    case 'F': return VN_KEY_END;
    case 'P': case 'Q': case 'R': case 'S': return VN_KEY_F1 + (c - 'P');
    case 'Z': return VN_KEY_BACKTAB;
    case 'M': return VN_KEY_ENTER;
    default: return VN_KEY_OTHER;
    }
}

static uint32_t tilde_key(int n)
{
    static const int f[] = { 11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24 };
    switch (n) {
    case 1: case 7: return VN_KEY_HOME;
    case 2: return VN_KEY_INS;
    case 3: return VN_KEY_DEL;
    case 4: case 8: return VN_KEY_END;
    case 5: return VN_KEY_PGUP;
    case 6: return VN_KEY_PGDN;
    default: break;
    }
    for (size_t i = 0; i < VN_COUNT(f); i++)
        if (f[i] == n)
            return VN_KEY_F1 + (uint32_t)i;
    return VN_KEY_OTHER;
}

/* Numbers of a control sequence; returns how many. */
static int numbers(const struct vn_input *t, int from, int out[8])
{
    int n = 0;
    out[0] = 0;
    for (int i = from; i < t->n_raw - 1; i++) {
        char c = t->raw[i];
        if (c >= '0' && c <= '9') {
            if (out[n] < 100000)
                out[n] = out[n] * 10 + (c - '0');
        } else if (c == ';' && n < 7) {
            out[++n] = 0;
        }
    }
    return n + 1;
}

static bool mouse(struct vn_input *t, struct vn_event *ev, const int *v, int n, bool release)
{
    if (n < 3)
        return simple(t, ev, VN_EV_NONE);
    simple(t, ev, VN_EV_MOUSE);
    int b = v[0];
    ev->mods = (b & 4 ? VN_SHIFT : 0u) | (b & 8 ? VN_ALT : 0u) | (b & 16 ? VN_CTRL : 0u);
    ev->motion = b & 32;
    ev->button = (b & 3) | (b & 64);
    ev->x = v[1] > 0 ? v[1] - 1 : 0;
    ev->y = v[2] > 0 ? v[2] - 1 : 0;
    ev->release = release;
    return true;
}

static bool csi_end(struct vn_input *t, unsigned char c, struct vn_event *ev)
{
    int v[8] = { 0 };
    char mark = t->n_raw > 2 ? t->raw[2] : 0;
    bool private = mark == '<' || mark == '?' || mark == '>' || mark == '=';
    if (is_long(t))
        return simple(t, ev, VN_EV_NONE);
    int n = numbers(t, private ? 3 : 2, v);
    unsigned mods = n >= 2 && v[1] > 1 ? (unsigned)(v[1] - 1) & 7u : 0;
    if (mark == '<' && (c == 'M' || c == 'm'))
        return mouse(t, ev, v, n, c == 'm');
    if (private)
        return answer(t, ev, t->raw, t->n_raw);
    switch (c) {
    case 'M':
        t->n_skip = 0;                               /* mouse report of old terminals: three bytes follow */
        return start(t, VN_T_X10);
    case 'I': return simple(t, ev, VN_EV_FOCUS_IN);
    case 'O': return simple(t, ev, VN_EV_FOCUS_OUT);
    case 'n': return simple(t, ev, n == 1 && v[0] == 0 ? VN_EV_ACK : VN_EV_NONE);
    case '~':
        if (v[0] == 200) {
            t->n_paste = 0;
            t->n_match = 0;
            t->n_raw = 0;
            return start(t, VN_T_PASTE);
        }
        return v[0] == 201 ? simple(t, ev, VN_EV_NONE) : key(t, ev, tilde_key(v[0]), mods);
    case 'c': case 't': case 'y': case 'R': return answer(t, ev, t->raw, t->n_raw);
    case 'u': return v[0] ? key(t, ev, (uint32_t)v[0], mods) : simple(t, ev, VN_EV_NONE);
    case 'A': case 'B': case 'C': case 'D': case 'H': case 'F': case 'P': case 'Q': case 'S': case 'Z':
        return key(t, ev, letter_key(c), mods);
    default: return simple(t, ev, VN_EV_NONE);
    }
}

static bool csi(struct vn_input *t, unsigned char c, struct vn_event *ev)
{
    if (c == 27) {
        t->n_raw = 0;
        keep(t, c);
        return start(t, VN_T_ESC);
    }
    if (c == 0x18 || c == 0x1a)
        return simple(t, ev, VN_EV_NONE);
    if (c < 0x20 || c > 0x7e)
        return false;
    keep(t, c);
    return c >= 0x40 ? csi_end(t, c, ev) : false;
}

static bool hand_over(struct vn_input *t, struct vn_event *ev)
{
    *ev = (struct vn_event){ .type = VN_EV_PASTE, .text = t->paste, .n_text = t->n_paste };
    t->n_paste = 0;
    return true;
}

static bool paste(struct vn_input *t, unsigned char c, struct vn_event *ev)
{
    if ((char)c == PASTE_END[t->n_match]) {
        if (!PASTE_END[++t->n_match])
            return simple(t, ev, VN_EV_PASTE_END);
        /* The end mark may begin here: what there is goes first, so that the end is an event of its own. */
        return t->n_match == 1 && t->n_paste ? hand_over(t, ev) : false;
    }
    if (t->n_match) {                                /* it was text after all; the mark's first byte cannot recur inside it */
        memcpy(t->paste + t->n_paste, PASTE_END, (size_t)t->n_match);
        t->n_paste += (size_t)t->n_match;
        t->n_match = c == 27 ? 1 : 0;
        if (c == 27)
            return hand_over(t, ev);
    }
    t->paste[t->n_paste++] = (char)c;
    return t->n_paste + sizeof PASTE_END < sizeof t->paste ? false : hand_over(t, ev);
}

bool vn_input_byte(struct vn_input *t, unsigned char c, struct vn_event *ev)
{
    ev->type = VN_EV_NONE;
    switch (t->state) {
    case VN_T_GROUND: return ground(t, c, ev);
    case VN_T_UTF8: return utf8(t, c, ev);
    case VN_T_ESC: return escape(t, c, ev);
    case VN_T_CSI: return csi(t, c, ev);
    case VN_T_SS3:
        keep(t, c);
        return key(t, ev, letter_key(c), 0);
    case VN_T_STRING:
        if (c == 27)
            return start(t, VN_T_STRING_ESC);
        if (c == 7)
            return end_string(t, ev);
        keep_string(t, c);
        return ++t->n_skip > MAX_STRING ? simple(t, ev, VN_EV_NONE) : false;
    case VN_T_STRING_ESC:
        if (c == '\\')
            return end_string(t, ev);
        t->n_raw = 0;                                /* not the end of a string: an escape sequence begins */
        keep(t, 27);
        return escape(t, c, ev);
    case VN_T_X10: return ++t->n_skip == 3 ? simple(t, ev, VN_EV_NONE) : false;
    case VN_T_PASTE: return paste(t, c, ev);
    }
    return false;
}

bool vn_input_waiting(const struct vn_input *t)
{
    if (t->state == VN_T_STRING)
        return t->n_skip == 0;
    return t->state == VN_T_ESC || (t->n_raw == 2 && (t->state == VN_T_CSI || t->state == VN_T_SS3));
}

bool vn_input_timeout(struct vn_input *t, struct vn_event *ev)
{
    ev->type = VN_EV_NONE;
    if (!vn_input_waiting(t))
        return false;
    if (t->state == VN_T_ESC)
        return key(t, ev, VN_KEY_ESC, 0);
    return key(t, ev, (unsigned char)t->raw[1], VN_ALT);
}
