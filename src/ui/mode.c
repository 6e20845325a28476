/* mode.c - modes and their key tables: which key runs what, by default and by the configuration file. */
#include "mode.h"
#include "config.h"
#include "keys.h"
#include "screen.h"
#include <stdio.h>
#include <string.h>

/* ---- names of keys ---- */

static const struct { const char *name; uint32_t code; } KEY[] = {
    { "Up", VN_KEY_UP }, { "Down", VN_KEY_DOWN }, { "Left", VN_KEY_LEFT }, { "Right", VN_KEY_RIGHT }, { "Home", VN_KEY_HOME },
    { "End", VN_KEY_END }, { "PgUp", VN_KEY_PGUP }, { "PgDn", VN_KEY_PGDN }, { "Ins", VN_KEY_INS }, { "Del", VN_KEY_DEL },
    { "S-Tab", VN_KEY_BACKTAB }, { "Tab", VN_KEY_TAB }, { "Enter", VN_KEY_ENTER }, { "Esc", VN_KEY_ESC },
    { "Backspace", VN_KEY_BACKSPACE }, { "Space", ' ' },
};

bool vn_key_parse(const char *word, uint32_t *code, unsigned *mods)
{
    static const struct { const char *mark; unsigned mod; } mark[] = { { "S-", VN_SHIFT }, { "C-", VN_CTRL }, { "M-", VN_ALT } };
    *mods = 0;
    for (;;) {
        for (size_t i = 0; i < VN_COUNT(KEY); i++)
            if (!strcmp(word, KEY[i].name)) {
                *code = KEY[i].code;
                return true;
            }
        size_t i = 0;
        while (i < VN_COUNT(mark) && (strncmp(word, mark[i].mark, 2) || !word[2]))
            i++;
        if (i == VN_COUNT(mark))
            break;
        *mods |= mark[i].mod;
        word += 2;
    }
    int f = 0, n = 0;
    if (sscanf(word, "F%d%n", &f, &n) == 1 && !word[n] && f >= 1 && f <= 12) {
        *code = VN_KEY_F1 + (uint32_t)f - 1;
        return true;
    }
    if (word[0] <= ' ' || word[0] == 127 || word[1])
        return false;                            /* one printing ASCII character */
    *code = (unsigned char)word[0];
    return true;
}

const char *vn_bind_keys(const struct vn_mode *m, const struct vn_bind *b)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%s", m->name, b->name);
    const char *keys = vn_config_get(name);
    return keys ? keys : b->keys;
}

void vn_bind_key_name(const struct vn_mode *m, const struct vn_bind *b, char out[16])
{
    const char *keys = vn_bind_keys(m, b);
    const size_t n = keys ? strcspn(keys, " ") : 0;
    if (n == 3 && keys[0] == 'C' && keys[1] == '-')
        snprintf(out, 16, "^%c", keys[2] >= 'a' && keys[2] <= 'z' ? keys[2] - 32 : keys[2]);
    else
        snprintf(out, 16, "%.*s", (int)n, keys ? keys : "");
}

/* ---- which row a key runs ---- */

static bool matches(const struct vn_mode *m, const struct vn_bind *b, const struct vn_event *ev, unsigned ignored)
{
    const char *keys = vn_bind_keys(m, b);
    while (keys && *keys) {
        char word[24];
        const size_t n = strcspn(keys, " ");
        uint32_t code;
        unsigned mods;
        snprintf(word, sizeof word, "%.*s", (int)n, keys);
        if (vn_key_parse(word, &code, &mods) && code == ev->code && mods == (ev->mods & ~ignored))
            return true;
        keys += n + strspn(keys + n, " ");
    }
    return false;
}

static bool try_table(struct vn_ui *ui, const struct vn_mode *m, const struct vn_event *ev, unsigned ignored)
{
    for (const struct vn_bind *b = m->binds; b && b->name; b++)
        if (matches(m, b, ev, ignored)) {
            b->run(ui, b->arg, ev->mods);
            return true;
        }
    return false;
}

static bool try_openers(struct vn_ui *ui, const struct vn_event *ev, unsigned ignored)
{
    for (int i = 0; vn_mode_table[i]; i++) {
        const struct vn_mode *m = vn_mode_table[i];
        if (m->open.keys && matches(m, &m->open, ev, ignored)) {
            vn_mode_enter(ui, ui->mode == m ? NULL : m);
            return true;
        }
    }
    return false;
}

/* Exactly first; then Shift may be held, which letters already show in their case. */
bool vn_mode_key(struct vn_ui *ui, const struct vn_event *ev)
{
    const struct vn_mode *m = ui->mode;
    const unsigned with[2] = { 0, VN_SHIFT };
    for (int i = 0; i < 2; i++)
        if (try_table(ui, m, ev, with[i]))
            return true;
    for (int i = 0; i < 2 && (m->over_browse || m == &vn_mode_browse); i++)
        if (try_openers(ui, ev, with[i]) || (m != &vn_mode_browse && try_table(ui, &vn_mode_browse, ev, with[i])))
            return true;
    return false;
}

const struct vn_bind *vn_mode_bind(const struct vn_mode *m, const char *name)
{
    for (const struct vn_bind *b = m->binds; b && b->name; b++)
        if (!strcmp(b->name, name))
            return b;
    return NULL;
}

void vn_mode_run(struct vn_ui *ui, const char *name)
{
    const struct vn_mode *m = ui->mode;
    const struct vn_bind *b = vn_mode_bind(m, name);
    if (!b && m->over_browse)
        b = vn_mode_bind(&vn_mode_browse, name);
    if (b)
        b->run(ui, b->arg, 0);
    else if ((m = vn_mode_find(name)))
        vn_mode_enter(ui, m);
}

/* ---- modes ---- */

const struct vn_mode *vn_mode_find(const char *name)
{
    for (int i = 0; vn_mode_table[i]; i++)
        if (!strcmp(vn_mode_table[i]->name, name))
            return vn_mode_table[i];
    return NULL;
}

bool vn_mode_enter(struct vn_ui *ui, const struct vn_mode *m)
{
    const struct vn_mode *old = ui->mode;
    m = m ? m : ui->home;
    vn_keys_flush(ui);
    ui->mode = &vn_mode_browse;
    if (old && old != ui->mode && old->stop)
        old->stop(ui);
    const bool begun = m == &vn_mode_browse || !m->start || m->start(ui);
    if (begun)
        ui->mode = m;
    else if (ui->home != m && (!ui->home->start || ui->home->start(ui)))
        ui->mode = ui->home;
    ui->panes.dirty = ui->text_dirty = true;
    return begun;
}

/* ---- the configuration file ---- */

static int check_keys(const char *value, struct vn_err *err)
{
    while (*value) {
        char word[24];
        const size_t n = strcspn(value, " ");
        uint32_t code;
        unsigned mods;
        snprintf(word, sizeof word, "%.*s", (int)n, value);
        if (n && (n >= sizeof word || !vn_key_parse(word, &code, &mods)))
            return vn_fail(err, VN_E_ARG, "'%s' is no key: a character, Up, PgDn, F1 .. F12, Space, Enter, Tab, Esc, with C-, M- or S- before it", word);
        value += n + strspn(value + n, " ");
    }
    return 0;
}

static void add_setting(const struct vn_mode *m, const struct vn_bind *b)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%s", m->name, b->name);
    vn_config_add(name, b->keys ? b->keys : "", b->does, check_keys);
}

void vn_mode_settings(void)
{
    for (int i = 0; vn_mode_table[i]; i++) {
        const struct vn_mode *m = vn_mode_table[i];
        if (m->open.keys)
            add_setting(m, &m->open);
        for (const struct vn_bind *b = m->binds; b && b->name; b++)
            add_setting(m, b);
    }
}
