/* fuzz_input.c - what a terminal sends. Input: how often nothing comes for a while, then the bytes. */
#include "fuzz.h"
#include <string.h>
#include "caps.h"
#include "input.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

static struct vn_caps caps;

static void look(const struct vn_event *ev)
{
    if (ev->type == VN_EV_ANSWER && vn_caps_answer(&caps, ev->text, ev->n_text)) {
        fuzz_check(caps.cell_w >= 0 && caps.cell_w <= 256 && caps.cell_h >= 0 && caps.cell_h <= 256, "a cell of no size", "");
        fuzz_check(caps.background >= -1 && caps.background <= 0xffffff, "a background that is no colour", "");
        fuzz_check(caps.registers >= 0 && caps.registers <= 65536, "registers", "");
        fuzz_check(memchr(caps.name, 0, sizeof caps.name) != NULL, "a name without end", "");
    }
    if (ev->type == VN_EV_KEY) {
        fuzz_check(ev->n_raw >= 0 && ev->n_raw <= (int)sizeof ev->raw, "a key of too many bytes", "");
        fuzz_check(ev->code <= VN_KEY_OTHER && ev->mods <= 7, "a key that is none", "");
        fuzz_check(ev->code < VN_KEY_UP || ev->raw[0] == 27, "a character outside Unicode", "");
        fuzz_check(ev->code < 0xd800 || ev->code > 0xdfff || ev->raw[0] == 27, "half a surrogate", "");
    }
    if (ev->type == VN_EV_MOUSE)
        fuzz_check(ev->x >= 0 && ev->y >= 0, "a mouse outside", "");
    if (ev->type == VN_EV_PASTE || ev->type == VN_EV_ANSWER) {
        char copy[2048];
        fuzz_check(ev->n_text > 0 && ev->n_text <= sizeof copy, "an empty paste or answer", "");
        memcpy(copy, ev->text, ev->n_text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char end[] = "\033[201~\033\\";
    struct vn_input t;
    struct vn_event ev;

    vn_input_init(&t);
    for (size_t i = 1; i < n; i++) {
        if (vn_input_byte(&t, data[i], &ev))
            look(&ev);
        if (i % (1 + data[0] % 16u) == 0 && vn_input_timeout(&t, &ev))
            look(&ev);
    }
    /* Whatever came, a key gets through once the paste or string is over. */
    for (size_t i = 0; i < sizeof end - 1; i++)
        vn_input_byte(&t, (unsigned char)end[i], &ev);
    for (int i = 0; i < 4; i++)
        vn_input_byte(&t, 'x', &ev);
    fuzz_check(vn_input_byte(&t, 'x', &ev) && ev.type == VN_EV_KEY && ev.code == 'x', "the decoder is stuck", "");
    return 0;
}
