/* config.c - settings and the configuration file. */
#include "config.h"
#include "file.h"
#include "mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_SETTINGS = 1024, MAX_FILE = 1 << 20 };

static struct setting {
    char *name, *def, *help, *value;     /* value NULL: the default */
    int (*check)(const char *value, struct vn_err *err);
} setting[MAX_SETTINGS];
static int n_setting;
static struct vn_str complaints;

static struct setting *find(const char *name)
{
    for (int i = 0; i < n_setting; i++)
        if (!strcmp(setting[i].name, name))
            return &setting[i];
    return NULL;
}

void vn_config_add(const char *name, const char *def, const char *help, int (*check)(const char *value, struct vn_err *err))
{
    if (n_setting == MAX_SETTINGS || find(name))
        return;
    struct setting s = { vn_strdup(name, NULL), vn_strdup(def, NULL), help ? vn_strdup(help, NULL) : NULL, NULL, check };
    if (s.name && s.def) {
        setting[n_setting++] = s;
        return;
    }
    vn_free(s.name);
    vn_free(s.def);
    vn_free(s.help);
}

const char *vn_config_get(const char *name)
{
    const struct setting *s = find(name);
    return !s ? NULL : s->value ? s->value : s->def;
}

bool vn_config_is_set(const char *name)
{
    const struct setting *s = find(name);
    return s && s->value;
}

/* The setting most like a name that is none. */
static const char *nearest(const char *name)
{
    const char *all[MAX_SETTINGS + 1] = { 0 };
    for (int i = 0; i < n_setting; i++)
        all[i] = setting[i].name;
    return vn_text_nearest(name, all);
}

int vn_config_set(const char *name, const char *value, struct vn_err *err)
{
    struct setting *s = find(name);
    if (!s) {
        const char *near = nearest(name);
        return vn_fail(err, VN_E_ARG, "there is no setting '%s'%s%s%s", name, near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
    }
    int rc = s->check ? s->check(value, err) : 0;
    char *copy = rc ? NULL : vn_strdup(value, err);
    if (!copy)
        return rc ? rc : VN_E_MEMORY;
    vn_free(s->value);
    s->value = copy;
    return 0;
}

char *vn_config_path(void)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    return config && *config == '/' ? vn_sprintf(NULL, "%s/venule/config", config) : home ? vn_sprintf(NULL, "%s/.config/venule/config", home) : NULL;
}

/* Cuts spaces at both ends of [s, end). */
static char *trim(char *s, char *end)
{
    while (end > s && strchr(" \t\r", end[-1]))
        end--;
    *end = '\0';
    return s + strspn(s, " \t");
}

static int read_line(char *line, struct vn_err *err)
{
    char *s = trim(line, line + strlen(line)), *equals = strchr(s, '=');
    if (!*s || *s == '#')
        return 0;
    if (!equals || equals == s)
        return vn_fail(err, VN_E_FORMAT, "'%.60s' is not NAME = VALUE", s);
    char *value = trim(equals + 1, s + strlen(s));
    return vn_config_set(trim(s, equals), value, err);
}

const char *vn_config_complaints(void) { return complaints.s ? complaints.s : ""; }

int vn_config_read(const char *path, struct vn_err *err)
{
    char *usual = path ? NULL : vn_config_path();
    const char *from = path ? path : usual;
    if (!from || (!path && access(from, F_OK))) {
        vn_free(usual);
        return 0;
    }
    char *text = vn_file_read(from, MAX_FILE, NULL, err), *next = text;
    for (int n = 1; next; n++) {
        char *line = next, *end = strchr(line, '\n');
        struct vn_err why = { 0 };
        next = end ? end + 1 : NULL;
        if (end)
            *end = '\0';
        if (!read_line(line, &why))
            continue;
        vn_str_addf(&complaints, "%s line %d: %s; ignored\n", from, n, why.msg);
    }
    const int rc = text ? 0 : VN_E_IO;
    vn_free(text);
    vn_free(usual);
    return rc;
}

void vn_config_print(struct vn_str *b)
{
    vn_str_add(b, "# Settings of venule: NAME = VALUE.  A line that begins with # is a comment; what stands behind it is the default.\n"
                  "# Keys: one or more, separated by spaces: a character, Up, PgDn, F1, Space, Enter, Tab, Esc ..., with C- (Ctrl), S- (Shift), M- (Alt).\n");
    for (int i = 0; i < n_setting; i++) {
        const struct setting *s = &setting[i];
        if (s->help)
            vn_str_addf(b, "\n# %s\n", s->help);
        vn_str_addf(b, "%s%s = %s\n", s->value ? "" : "#", s->name, s->value ? s->value : s->def);
    }
}

void vn_config_clear(void)
{
    for (int i = 0; i < n_setting; i++) {
        vn_free(setting[i].name);
        vn_free(setting[i].def);
        vn_free(setting[i].help);
        vn_free(setting[i].value);
    }
    n_setting = 0;
    vn_str_free(&complaints);
}
