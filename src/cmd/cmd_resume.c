/* cmd_resume.c - "resume": bring back a session that ended without being left. */
#include "cmd.h"
#include "file.h"
#include "mem.h"
#include "resume.h"
#include <string.h>
#include <unistd.h>

static const struct vn_param params[] = {
    { "number", VN_P_INT, VN_POS, 1, 50, .help = "which, as 'list' counts them (default: the last of this folder)" },
    { "list", VN_P_FLAG, 0, .help = "only show them" },
    { "forget", VN_P_FLAG, 0, .help = "drop that one, or all of this folder" },
    { 0 },
};

static void add_list(struct vn_call *c, const struct vn_lost *l, int n)
{
    for (int i = 0; i < n; i++)
        vn_str_addf(&c->text, "%3d  %s  %4d command%s  %s\n", i + 1, l[i].when, l[i].n, l[i].n == 1 ? " " : "s", l[i].dir);
    if (!n)
        vn_str_add(&c->text, "every session was left\n");
}

enum { RUN, WRITES, DAMAGED };

/* What is to be run of a line of the file: all of it, or without where it wrote to. Appended to b. */
static int replayed(const char *line, struct vn_str *b)
{
    struct vn_words w;
    struct vn_err err;
    const char *rest;
    int what = RUN;
    bool wrote = false, named = false;

    for (const char *s = line; *s; s++)
        if ((unsigned char)*s < 32)
            return DAMAGED;
    if (vn_words_split(line, &rest, &w, &err))
        return DAMAGED;
    const struct vn_cmd *cmd = w.n ? vn_cmd_find(w.w[0], false, NULL) : NULL;
    if (!cmd || rest || cmd->flags & VN_CMD_NO_JOURNAL) {
        vn_words_free(&w);
        return DAMAGED;
    }
    vn_str_addf(b, "-%s", cmd->name);
    for (int i = 1; i < w.n; i++) {
        bool drop = false;
        for (const struct vn_param *p = cmd->params; p && p->name; p++) {
            const size_t n = strlen(p->name);
            const bool to = p->type == VN_P_PATH && p->flags & VN_PREF;
            if (to && p->flags & VN_REQ)
                what = WRITES;
            drop = drop || (to && !w.quoted[i] && !strncmp(w.w[i], p->name, n) && w.w[i][n] == '=');
        }
        wrote = wrote || drop;
        named = named || !strncmp(w.w[i], "as=", 3);         /* what makes an object has its name in the file */
        if (!drop) {
            vn_str_add(b, " ");
            vn_word_print(w.w[i], b);
        }
    }
    vn_words_free(&w);
    return wrote && !named ? WRITES : what;
}

static int replay(struct vn_call *c, const struct vn_lost *l, struct vn_err *err)
{
    size_t size;
    struct vn_str text = { 0 };
    int n_run = 0, n_file = 0, i = 1, rc;
    char *all = vn_file_read(l->path, 64 << 20, &size, err);

    if (!all)
        return err->code;
    for (char *line = all; line < all + size; i++) {
        const size_t n = strcspn(line, "\n"), before = text.n;
        const bool cut = line + n == all + size, blank = *line == '#' || !n;     /* cut: the power went while it was written */
        line[n] = '\0';
        const int what = blank ? WRITES : cut ? DAMAGED : replayed(line, &text);
        if (what != RUN && text.s)
            text.s[text.n = before] = '\0';
        if (what == DAMAGED)
            vn_call_note(c, "line %d of the session is damaged and left out", i);
        n_run += what == RUN;
        n_file += what == WRITES && !blank;
        vn_str_add(&text, "\n");
        line += n + 1;
    }
    rc = text.failed ? vn_fail(err, VN_E_MEMORY, "no memory for the session's commands") : vn_runner_adopt(c->r, l->path, err);
    if (!rc && text.n)
        rc = vn_runner_push(c->r, text.s, l->path, err);
    vn_str_free(&text);
    vn_free(all);
    if (rc)
        return rc;
    vn_res_text(c, "session", l->when);
    vn_res_int(c, "commands", n_run);
    if (n_file)
        vn_res_int(c, "left_out", n_file);
    if (n_file)
        vn_call_note(c, "%d command%s only wrote files: not run again", n_file, n_file == 1 ? " that" : "s that");
    return 0;
}

static int forget(struct vn_call *c, const struct vn_lost *l, int n, int which)
{
    int gone = 0;
    for (int i = 0; i < n; i++)
        gone += (which ? i == which - 1 : vn_lost_here(&l[i])) && !unlink(l[i].path);
    vn_res_int(c, "forgotten", gone);
    return 0;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_lost *l;
    const int n = vn_lost_list(&l);
    int which = vn_args_has(&c->args, "number") ? (int)vn_arg(&c->args, "number")->i : 0, here = 0, rc;

    for (int i = n; i > 0; i--)
        here += vn_lost_here(&l[i - 1]);
    if (which > n) {
        rc = vn_fail(err, VN_E_ARG, "session %d: there %s %d ('resume list')", which, n == 1 ? "is" : "are", n);
    } else if (vn_args_flag(&c->args, "list")) {
        add_list(c, l, n);
        rc = 0;
    } else if (vn_args_flag(&c->args, "forget")) {
        rc = forget(c, l, n, which);
    } else if (vn_session_count(c->s)) {
        rc = vn_fail(err, VN_E_ARG, "there is something in this session already: start with  venule --resume");
    } else if (!which && !here) {
        rc = vn_fail(err, VN_E_ARG, n ? "no session of this folder was lost; 'resume list' shows those of other folders" : "no session was lost");
    } else {
        for (int i = 0; i < n && !which; i++)
            which = vn_lost_here(&l[i]) ? i + 1 : 0;
        rc = replay(c, &l[which - 1], err);
        if (!rc && here > 1)
            vn_call_note(c, "%d sessions of this folder were lost: 'resume list' shows them, --resume=NUMBER brings another back", here);
    }
    vn_lost_free(l, n);
    return rc;
}

const struct vn_cmd vn_cmd_resume = { "resume", "bring back a session that ended without being left", params,
                                      VN_CMD_NOW | VN_CMD_NO_JOURNAL | VN_CMD_TURN, exec, NULL };
