/* parse.c - words of a command -> a call with typed arguments; a call -> canonical text, key and named objects. */
#include "call.h"
#include "mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct vn_cmd *vn_cmd_find(const char *name, bool prefix, struct vn_err *err)
{
    const struct vn_cmd *hit = NULL;
    const char *names[256];
    struct vn_str many = { 0 };
    int n = 0, hits = 0;

    for (const struct vn_cmd *const *c = vn_cmd_table; *c; c++) {
        if (!strcmp((*c)->name, name))
            return *c;
        if (n < 255)
            names[n++] = (*c)->name;
        if (prefix && *name && !strncmp((*c)->name, name, strlen(name))) {
            hit = *c;
            vn_str_addf(&many, "%s%s", hits++ ? ", " : "", (*c)->name);
        }
    }
    names[n] = NULL;
    const char *near = vn_text_nearest(name, names);
    if (hits > 1)
        vn_fail(err, VN_E_USAGE, "'%s' may be any of %s", name, many.s);
    else if (!hits)
        vn_fail(err, VN_E_USAGE, "unknown command '%s'%s%s%s 'help' lists them", name, near ? ": did you mean '" : "", near ? near : "",
                near ? "'?" : ";");
    vn_str_free(&many);
    return hits == 1 ? hit : NULL;
}

/* ---- arguments ---- */

/* The parameter meant by key (exactly, or by unique prefix). NULL: none; err set when ambiguous or unknown. */
static const struct vn_param *param_of(const struct vn_cmd *cmd, const char *key, bool prefixes, struct vn_err *err)
{
    const struct vn_param *p = vn_param_find(cmd->params, key), *hit = NULL;
    const char *names[64];
    int n = 0, hits = 0;

    if (p)
        return p;
    for (p = cmd->params; p && p->name && n < 63; p++) {
        names[n++] = p->name;
        if (prefixes && !strncmp(p->name, key, strlen(key))) {
            hit = p;
            hits++;
        }
    }
    names[n] = NULL;
    if (hits == 1)
        return hit;
    const char *near = vn_text_nearest(key, names);
    vn_fail(err, VN_E_USAGE, hits ? "'%s=' may be several parameters%s%s%s%s%s" : "no parameter '%s'%s%s%s%s%s", key,
            near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "; 'help ", near ? "" : cmd->name, near ? "" : "' lists them");
    return NULL;
}

static const struct vn_param *next_positional(const struct vn_args *a)
{
    for (int i = 0; i < a->n; i++)
        if ((a->params[i].flags & VN_POS) && !a->v[i].given)
            return &a->params[i];
    return NULL;
}

static bool is_key(const char *w)
{
    size_t n = strcspn(w, "=");
    return w[n] == '=' && n > 0 && strspn(w, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

/* Does word i belong to a parameter by its key, or is it a flag? */
static bool is_keyed(const struct vn_cmd *cmd, const struct vn_words *words, int i)
{
    char key[64];
    if (words->quoted[i])
        return false;
    snprintf(key, sizeof key, "%.*s", (int)strcspn(words->w[i], "="), words->w[i]);
    const struct vn_param *p = vn_param_find(cmd->params, key);
    return p && (strchr(words->w[i], '=') || p->type == VN_P_FLAG);
}

/* roi= on any command that computes: the region of this one alone. */
static int take_region(struct vn_call *c, const char *text, struct vn_err *err)
{
    static const struct vn_param region[] = { { "roi", VN_P_BOX, 0, .help = "region of this command" }, { 0 } };
    struct vn_args a;
    int rc = vn_args_init(&a, region, err);

    if (!rc && !(rc = vn_args_set(&a, "roi", text, err))) {
        c->has_roi = a.v[0].i != 0;
        memcpy(c->roi.lo, a.v[0].lo, sizeof c->roi.lo);
        memcpy(c->roi.hi, a.v[0].hi, sizeof c->roi.hi);
    }
    vn_args_free(&a);
    return rc;
}

static int take_word(struct vn_call *c, const struct vn_words *words, int *i, bool prefixes, struct vn_err *err)
{
    const char *w = words->w[*i];
    const struct vn_param *p;

    if (!words->quoted[*i] && is_key(w)) {
        char key[64];
        snprintf(key, sizeof key, "%.*s", (int)strcspn(w, "="), w);
        if (!strcmp(key, "roi") && !(c->cmd->flags & VN_CMD_NOW))
            return take_region(c, strchr(w, '=') + 1, err);
        if (!(p = param_of(c->cmd, key, prefixes, err)))
            return VN_E_USAGE;
        if (vn_arg(&c->args, p->name)->given)
            return vn_fail(err, VN_E_USAGE, "%s is given twice", p->name);
        return vn_args_set(&c->args, p->name, strchr(w, '=') + 1, err);
    }
    p = words->quoted[*i] ? NULL : vn_param_find(c->cmd->params, w);
    if (p && p->type == VN_P_FLAG)
        return vn_args_set(&c->args, p->name, "", err);
    if (!(p = next_positional(&c->args)))
        return vn_fail(err, VN_E_USAGE, "'%s' is one word too many; 'help %s' shows what it takes", w, c->cmd->name);
    if (!(p->flags & VN_REST))
        return vn_args_set(&c->args, p->name, w, err);
    struct vn_str all = { 0 };
    for (; *i < words->n && !(all.n && is_keyed(c->cmd, words, *i)); ++*i) {
        if (all.n)
            vn_str_add(&all, " ");
        vn_word_print(words->w[*i], &all);
    }
    --*i;                                                             /* the caller counts on */
    int rc = all.failed ? vn_fail(err, VN_E_MEMORY, "no memory") : vn_args_set(&c->args, p->name, all.s, err);
    vn_str_free(&all);
    return rc;
}

static int resolve(struct vn_call *c, struct vn_err *err)
{
    int job;

    for (int i = 0; i < c->args.n; i++) {
        const struct vn_param *p = &c->args.params[i];
        struct vn_arg *v = &c->args.v[i];
        if (p->type == VN_P_PATH && v->given && v->s[0] == '~' && (!v->s[1] || v->s[1] == '/') && getenv("HOME")) {
            char *full = vn_sprintf(err, "%s%s", getenv("HOME"), v->s + 1);
            const int rc = full ? vn_args_set(&c->args, p->name, full, err) : VN_E_MEMORY;
            vn_free(full);
            if (rc)
                return rc;
        }
        if ((p->flags & VN_REQ) && !v->has)
            return vn_fail(err, VN_E_USAGE, "%s is missing: %s", p->name, p->help ? p->help : "");
        if (p->type != VN_P_OBJECT || !v->has)
            continue;
        if ((job = vn_runner_making(c->r, v->s)))
            return vn_fail(err, VN_E_ARG, "'%s' is being made by job %d: 'jobs wait %d; ...' goes on when it is there", v->s, job, job);
        if (!(v->obj = vn_session_get(c->s, v->s))) {
            char names[12 * 66 + 16] = "; 'open FILE as=NAME' makes one", name[64];    /* an error message needs no memory */
            struct vn_obj *o;
            size_t n = 0;
            for (int k = 0; k < 12 && (o = vn_session_at(c->s, k, name)); k++) {
                n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", k ? ", " : "; there are: ", name);
                vn_obj_unref(o);
            }
            vn_fail(err, VN_E_ARG, "no object is named '%s'%s", v->s, names);
            return VN_E_ARG;
        }
        if (p->kinds && !(p->kinds & v->obj->kind)) {
            const bool masklike = (v->obj->kind & (VN_IMAGE | VN_LABELS)) && (p->kinds & VN_MASK);
            return vn_fail(err, VN_E_ARG, "'%s' is of kind %s, and %s takes another here: %s%s%s%s", v->s, vn_kind_name(v->obj->kind),
                           c->cmd->name, p->help ? p->help : p->name, masklike ? " ('set " : "", masklike ? v->s : "",
                           masklike ? " kind=mask' if it is one)" : "");
        }
    }
    const char *as = c->cmd->flags & VN_CMD_MAKES ? vn_args_text(&c->args, "as") : NULL;
    if (as && (job = vn_runner_making(c->r, as)))
        return vn_fail(err, VN_E_ARG, "as=%s: job %d is making that; choose another name", as, job);
    if (as && (job = vn_runner_reading(c->r, 0, as)))
        return vn_fail(err, VN_E_ARG, "as=%s: job %d reads that until it ends; choose another name", as, job);
    return 0;
}

int vn_call_parse(struct vn_runner *r, struct vn_session *s, const struct vn_words *words, bool prefixes, struct vn_call **out,
                  bool *keep_going, struct vn_err *err)
{
    const char *verb = words->w[0];
    struct vn_words but_one = *words;
    const bool behind = words->n > 1 && !words->quoted[words->n - 1] && !strcmp(words->w[words->n - 1], "&");

    if (behind) {
        but_one.n--;
        words = &but_one;
    }
    *keep_going = verb[0] == '-' && verb[1] && !words->quoted[0];
    const struct vn_cmd *cmd = vn_cmd_find(verb + *keep_going, prefixes, err);
    if (!cmd)
        return VN_E_USAGE;
    struct vn_call *c = vn_calloc(1, sizeof *c, err);
    if (!c)
        return VN_E_MEMORY;
    c->s = s;
    c->r = r;
    c->cmd = cmd;
    c->behind = behind;
    c->has_roi = vn_session_roi(s, &c->roi);
    int rc = VN_E_MEMORY, from = 1;
    if (!(c->result = cJSON_CreateObject())) {
        vn_fail(err, VN_E_MEMORY, "no memory for a result");
        goto fail;
    }
    if (words->n == 2 && !strcmp(words->w[1], "?")) {                 /* VERB ? is help VERB */
        c->cmd = vn_cmd_find("help", false, err);
        if ((rc = vn_args_init(&c->args, c->cmd->params, err)) || (rc = vn_args_set(&c->args, "verb", cmd->name, err)))
            goto fail;
        from = 2;
    } else if ((rc = vn_args_init(&c->args, cmd->params, err)))
        goto fail;
    for (int i = from; i < words->n; i++)
        if ((rc = take_word(c, words, &i, prefixes, err)))
            goto fail;
    if ((rc = resolve(c, err)) || ((cmd->flags & VN_CMD_MAKES) && (rc = vn_args_copy(&c->typed, &c->args, err))))
        goto fail;
    *out = c;
    return 0;
fail:
    vn_err_prefix(err, "%s", c->cmd->name);
    vn_call_free(c);
    return rc;
}

void vn_call_free(struct vn_call *c)
{
    if (!c)
        return;
    for (int i = 0; i < c->n_lent; i++)
        vn_content_unref(c->lent[i].kind, c->lent[i].content);
    for (int i = 0; i < c->n_made; i++)
        vn_content_unref(c->made[i].kind, c->made[i].content);
    for (int i = 0; i < c->args.n && c->args.v && !c->remake; i++)
        vn_obj_unref(c->args.v[i].obj);
    vn_args_free(&c->args);
    vn_args_free(&c->typed);
    vn_free(c->from);
    cJSON_Delete(c->result);
    cJSON_Delete(c->notes);
    vn_str_free(&c->text);
    vn_str_free(&c->next);
    vn_free(c);
}

/* ---- canonical text ---- */

static void print(const struct vn_call *c, const struct vn_args *args, struct vn_str *b)
{
    struct vn_args a;
    struct vn_str words = { 0 };

    if (vn_args_copy(&a, args, NULL)) {
        b->failed = true;
        return;
    }
    for (int i = 0; i < a.n; i++) {
        char *full = (a.params[i].flags & VN_FILE) && a.v[i].given ? realpath(a.v[i].s, NULL) : NULL;
        if (full && vn_args_set(&a, a.params[i].name, full, NULL))
            b->failed = true;
        free(full);
    }
    if ((c->cmd->flags & VN_CMD_MAKES) && c->as[0] && vn_args_set(&a, "as", c->as, NULL))
        b->failed = true;
    vn_args_print(&a, &words);
    b->failed |= words.failed;
    vn_str_addf(b, "%s%s%s", c->cmd->name, words.n ? " " : "", words.n ? words.s : "");
    vn_str_free(&words);
    vn_args_free(&a);
}

void vn_call_print(const struct vn_call *c, struct vn_str *b) { print(c, &c->args, b); }

int vn_words_map(const struct vn_words *words, unsigned drop, vn_word_fn word, void *ctx, struct vn_str *b, struct vn_err *err)
{
    struct vn_call c = { 0 };
    struct vn_str text = { 0 };
    int rc;

    if (!(c.cmd = vn_cmd_find(words->w[0], false, err)))
        return VN_E_USAGE;
    if ((rc = vn_args_init(&c.args, c.cmd->params, err)))
        return rc;
    for (int i = 1; i < words->n && !rc; i++)
        rc = take_word(&c, words, &i, false, err);
    for (int i = 0; i < c.args.n && !rc; i++) {
        const struct vn_param *p = &c.args.params[i];
        const char *to = NULL;
        if (p->flags & drop)
            vn_args_unset(&c.args, p->name);
        else if ((p->type == VN_P_OBJECT || p->type == VN_P_NAME) && c.args.v[i].given)
            rc = (to = word(ctx, i, c.args.v[i].s, err)) ? vn_args_set(&c.args, p->name, to, err) : err->code;
    }
    if (!rc) {
        vn_args_print(&c.args, &text);
        vn_str_addf(b, "%s%s%s", c.cmd->name, text.n ? " " : "", text.n ? text.s : "");
        rc = text.failed || b->failed ? vn_fail(err, VN_E_MEMORY, "no memory for a command's text") : 0;
    }
    vn_str_free(&text);
    vn_args_free(&c.args);
    return rc;
}

const struct vn_op *vn_cmd_op(const struct vn_cmd *cmd, const struct vn_args *a) { return cmd->choose ? cmd->choose(a) : cmd->op; }

/* Adds what was read: of a volume its key, which the file's place, time and header make, however its path was written. */
static struct vn_key file_key(const struct vn_call *c, const struct vn_made *m, const void *content, struct vn_key k)
{
    bool reads = false;
    for (int i = 0; i < c->args.n; i++) {
        if (!(c->args.params[i].flags & VN_FILE) || !c->args.v[i].has)
            continue;
        char *full = realpath(c->args.v[i].s, NULL);
        k = m->kind & VN_VOLUMES ? k : vn_key_str(k, full ? full : c->args.v[i].s);
        free(full);
        reads = true;
    }
    return reads && m->kind & VN_VOLUMES ? vn_key_add(k, &((const struct vn_vol *)content)->key, sizeof k) : k;
}

static struct vn_key call_key(const struct vn_call *c, int output, const void *content)
{
    const struct vn_op *op = vn_cmd_op(c->cmd, &c->args);
    struct vn_key k = vn_key_str(vn_key_start(), c->cmd->name);
    const int version = op ? op->version : 1;

    k = vn_key_str(k, VN_VERSION);
    k = vn_key_add(k, &version, sizeof version);
    k = vn_key_add(k, &output, sizeof output);
    k = vn_args_key(&c->args, k);
    for (int i = 0; i < c->args.n; i++)
        if (c->args.v[i].obj)
            k = vn_key_add(k, &c->args.v[i].obj->key, sizeof k);
    if (c->has_roi)
        k = vn_key_add(k, &c->roi, sizeof c->roi);
    return file_key(c, &c->made[output], content, k);
}

/* ---- objects ---- */

void vn_call_name_first(struct vn_call *c)
{
    if (vn_args_given(&c->args, "as")) {
        snprintf(c->as, sizeof c->as, "%s", vn_args_text(&c->args, "as"));
        return;
    }
    if (c->as[0])                                       /* the verb chose one */
        return;
    for (int i = 1;; i++) {
        snprintf(c->as, sizeof c->as, "%s%d", c->cmd->name, i);
        struct vn_obj *o = vn_session_get(c->s, c->as);
        if (!o && !vn_runner_making(c->r, c->as))
            return;
        vn_obj_unref(o);
    }
}

int vn_call_bind(struct vn_call *c, struct vn_err *err)
{
    static uint64_t n_bound;
    struct vn_str line = { 0 }, typed = { 0 };
    int rc = 0;

    if (c->n_made == 0)
        return 0;
    vn_call_name_first(c);
    vn_call_print(c, &line);
    print(c, &c->typed, &typed);
    n_bound++;
    if (line.failed || typed.failed)
        rc = vn_fail(err, VN_E_MEMORY, "no memory for the result's name");
    for (int i = 0; i < c->n_made && !rc; i++) {
        char name[96];
        snprintf(name, sizeof name, "%s%s", c->as, c->made[i].suffix);
        const int job = vn_runner_reading(c->r, c->number, name);
        if (job)
            rc = vn_fail(err, VN_E_ARG, "'%s' is read by job %d until it ends; choose another name with as=", name, job);
    }
    for (int i = 0; i < c->n_made && !rc; i++) {
        struct vn_made *m = &c->made[i];
        char name[96];
        snprintf(name, sizeof name, "%s%s", c->as, m->suffix);
        void *content = m->content;
        m->content = NULL;
        struct vn_obj *o = vn_obj_new(m->kind, content, c->cmd->name, &c->args, line.s, call_key(c, i, content), err);
        if (!o) {
            rc = VN_E_MEMORY;
            break;
        }
        o->output = i;
        o->serial = n_bound;
        o->n_as = (int)strlen(c->as);
        snprintf(o->name, sizeof o->name, "%.63s", name);
        if (strcmp(typed.s, line.s) && !(o->typed = vn_strdup(typed.s, err))) {
            vn_obj_unref(o);
            rc = VN_E_MEMORY;
            break;
        }
        o->roi = c->roi;
        o->has_roi = c->has_roi;
        o->remakable = !(c->cmd->flags & VN_CMD_READS);
        rc = vn_session_bind(c->s, name, o, err);
        vn_obj_unref(o);
    }
    vn_str_free(&line);
    vn_str_free(&typed);
    return rc;
}

int vn_call_remake(struct vn_session *s, struct vn_obj *o, void **content, struct vn_job *job, struct vn_err *err)
{
    struct vn_call *c = vn_calloc(1, sizeof *c, err);
    int rc = VN_E_MEMORY;

    if (!c)
        return rc;
    c->s = s;
    c->job = job;
    c->remake = true;
    c->roi = o->roi;
    c->has_roi = o->has_roi;
    if (!(c->cmd = vn_cmd_find(o->verb, false, err)) || !(c->result = cJSON_CreateObject()) || (rc = vn_args_copy(&c->args, &o->args, err)))
        goto out;
    if ((rc = c->cmd->exec(c, err)))
        goto out;
    if (c->n_made <= o->output) {
        rc = vn_fail(err, VN_E_INTERNAL, "'%s' did not give its result again", o->line);
        goto out;
    }
    *content = c->made[o->output].content;
    c->made[o->output].content = NULL;
out:
    vn_call_free(c);
    return rc;
}
