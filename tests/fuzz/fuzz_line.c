/* fuzz_line.c - command lines and scripts: split, completed, run on small objects, and their journal run again.
 *
 * Nothing outside the scratch folder is written: '/' becomes '_'.  Children are not found (PATH is empty).  Commands that
 * take long are cancelled, so that one that cannot be is a timeout; most inputs soon, for a thousand short ones find more
 * than a long one (a phantom of the usual size). */
#include "fuzz.h"
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "cmd.h"

static const char setup[] =
    "phantom network dims=16x14x12 voxel=1x1x2um seed=3 as=v; denoise v method=gaussian sigma=1um as=d; vesselness v scales=1um as=p;"
    "threshold p auto as=m; components m as=l; skeleton m as=k; graph m as=g; save v v.tif; save l l.nii; save p p.nii.gz;"
    "open v.tif as=u; cohort c.csv as=c; measure g as=t to=t.csv; recipe save m r.vnr; threshold v low=100 as=n; save n n.nrrd";
static const char cohort[] = "subject,group,length_um,age\na,x,1,3\nb,x,2,4\nc,x,4,5\nd,y,5,3\ne,y,7,5\nf,y,9,4\n";
static const char script[] = "roi 1:9,:,:\nthreshold p low=0.5 as=q # comment\n-close nothing; list\nroi off\n";

enum { MAX_FILES = 16 };
static struct seed { char name[64]; char *data; size_t n; struct stat st; } seeds[MAX_FILES];
static int n_seeds;
static struct vn_session *first;
static struct vn_run_opt opt;
static timer_t timer;
static volatile sig_atomic_t rung;
static struct vn_err err;

static void ring(int sig)
{
    (void)sig;
    rung = 1;
    vn_job_cancel_all();
}

static void set_timer(long ms)
{
    const struct itimerspec t = { { 0, ms * 1000000 }, { 0, ms * 1000000 } };
    timer_settime(timer, 0, &t, NULL);
}

/* Folder as it was: files of the input gone, those of the setup back. */
static void tidy(void)
{
    DIR *d = opendir(".");
    struct dirent *e;
    struct stat st;

    while (d && (e = readdir(d))) {
        bool own = e->d_name[0] == '.' && (!e->d_name[1] || (e->d_name[1] == '.' && !e->d_name[2]));
        for (int i = 0; i < n_seeds; i++)
            own |= !strcmp(e->d_name, seeds[i].name);
        if (!own && remove(e->d_name))
            fuzz_check(false, "not a file", e->d_name);
    }
    closedir(d);
    for (int i = 0; i < n_seeds; i++) {
        struct seed *s = &seeds[i];
        if (!stat(s->name, &st) && st.st_ino == s->st.st_ino && st.st_size == s->st.st_size && !memcmp(&st.st_mtim, &s->st.st_mtim, sizeof st.st_mtim))
            continue;
        fuzz_write(s->name, s->data, s->n);
        stat(s->name, &s->st);
    }
}

static void keep_files(void)
{
    DIR *d = opendir(".");
    struct dirent *e;

    while (d && (e = readdir(d)) && n_seeds < MAX_FILES) {
        struct seed *s = &seeds[n_seeds];
        if (stat(e->d_name, &s->st) || !S_ISREG(s->st.st_mode))
            continue;
        snprintf(s->name, sizeof s->name, "%.63s", e->d_name);
        s->n = (size_t)s->st.st_size;
        s->data = malloc(s->n + 1);
        FILE *f = fopen(s->name, "rb");
        fuzz_check(f && s->data && fread(s->data, 1, s->n, f) == s->n, "cannot read", s->name);
        fclose(f);
        n_seeds++;
    }
    closedir(d);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
    struct sigaction act = { .sa_handler = ring, .sa_flags = SA_RESTART };

    (void)argc, (void)argv;
    fuzz_start();
    setenv("PATH", "/nonexistent", 1);
    sigaction(SIGRTMIN, &act, NULL);
    fuzz_check(timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0, "no timer", "");
    opt = (struct vn_run_opt){ .quiet = true, .out = fopen("/dev/null", "w"), .msg = stderr };
    fuzz_write("c.csv", cohort, sizeof cohort - 1);
    fuzz_write("s.vn", script, sizeof script - 1);
    fuzz_write("again.vn", "list; source again.vn", 21);
    struct vn_runner *r = NULL;
    fuzz_check((first = vn_session_new(&err)) && (r = vn_runner_new(first, &opt, &err)), "no session", err.msg);
    fuzz_check(vn_runner_line(r, setup) == 0, "the setup fails", "");
    vn_runner_free(r);
    opt.msg = getenv("FUZZ_SHOW") ? stderr : opt.out;    /* to see what an input does */
    keep_files();
    return 0;
}

static struct vn_session *new_session(void)
{
    struct vn_session *s = vn_session_new(&err);
    struct vn_obj *o;
    char name[64];

    fuzz_check(s != NULL, "no session", err.msg);
    for (int i = 0; (o = vn_session_at(first, i, name)); i++) {
        fuzz_check(vn_session_bind(s, name, o, &err) == 0, "cannot bind", err.msg);
        vn_obj_unref(o);
    }
    return s;
}

/* Words printed as command text are the same words. */
static void split(const char *line)
{
    struct vn_words w, again;
    const char *rest, *rest2;

    if (vn_words_split(line, &rest, &w, &err)) {
        fuzz_check(err.code == VN_E_USAGE, "split fails", err.msg);
        return;
    }
    struct vn_str b = { 0 };
    for (int i = 0; i < w.n; i++) {
        vn_str_add(&b, i ? " " : "");
        vn_word_print(w.w[i], &b);
    }
    bool odd = false;                                    /* both kinds of quotes in a word cannot be printed as one */
    for (int i = 0; i < w.n; i++)
        odd |= strchr(w.w[i], '"') && strchr(w.w[i], '\'');
    if (!odd && w.n) {
        fuzz_check(vn_words_split(b.s, &rest2, &again, &err) == 0 && again.n == w.n && !rest2, "words printed do not read back", b.s);
        for (int i = 0; i < w.n; i++)
            fuzz_check(!strcmp(w.w[i], again.w[i]), "a word printed reads back as another", w.w[i]);
        vn_words_free(&again);
    }
    vn_str_free(&b);
    vn_words_free(&w);
}

static void complete(struct vn_session *s, const char *line, int point)
{
    struct vn_str hint = { 0 };
    int start = -1;
    char **list = vn_complete(s, line, point, &start);

    vn_hint(line, point, &hint);
    vn_str_free(&hint);

    fuzz_check(start >= 0 && start <= point, "completion begins outside", line);
    for (char **l = list; l && *l; l++)
        vn_free(*l);
    vn_free(list);
}

/* A journal runs again, and to the same journal. */
static void run_journal(const struct vn_runner *r)
{
    struct vn_session *s = new_session();
    struct vn_runner *again = vn_runner_new(s, &opt, &err);

    tidy();
    for (int i = 0; again && i < vn_runner_n_journal(r) && !rung; i++) {
        const char *line = vn_runner_journal(r, i);
        const int bad = vn_runner_line(again, line);
        fuzz_check(rung || !bad, "a journal line fails", line);
        fuzz_check(rung || (vn_runner_n_journal(again) == i + 1 && !strcmp(vn_runner_journal(again, i), line)), "a journal line changes", line);
    }
    vn_runner_free(again);
    vn_session_free(s);
}

/* ---- mutation: half of the time a command that the tables allow is put into the text ---- */

size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t max) __attribute__((weak));   /* libFuzzer's; replay.c has none */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed);
static unsigned dice;

static unsigned roll(unsigned n)
{
    dice = dice * 1103515245u + 12345u;
    return (dice >> 16) % n;
}

static const char *any(const char *const *list)
{
    unsigned n = 0;
    while (list[n])
        n++;
    return list[roll(n)];
}
#define ANY(...) any((const char *const[]){ __VA_ARGS__, NULL })

static void add_object(struct vn_str *b, unsigned kinds)
{
    struct vn_obj *o;
    char name[64] = "a", got[64];

    for (int i = 0, hits = 0; (o = vn_session_at(first, i, got)); i++) {
        if ((!kinds || (o->kind & kinds)) && roll((unsigned)++hits) == 0)
            memcpy(name, got, sizeof name);
        vn_obj_unref(o);
    }
    vn_str_add(b, roll(8) ? name : ANY("a", "b", "v", "m", "nothing"));
}

static void add_value(struct vn_str *b, const struct vn_param *p)
{
    const char *choice = p->choices;

    switch (p->type) {
    case VN_P_FLAG: break;
    case VN_P_INT: case VN_P_REAL:
        if (roll(4) == 0)
            vn_str_addf(b, "%g", roll(2) ? p->min : p->max);
        else
            vn_str_add(b, ANY("0", "1", "2", "3", "0.5", "10", "-1", "1e9", "nan", "1e-300", "0x10"));
        break;
    case VN_P_CHOICE:
        for (unsigned skip = roll(12); skip > 0; skip--) {
            const char *bar = strchr(choice, '|');
            choice = bar ? bar + 1 : p->choices;
        }
        vn_str_addn(b, choice, strcspn(choice, "|"));
        break;
    case VN_P_LENGTH: vn_str_add(b, ANY("1um", "2vox", "1", "0.001mm", "0", "3.5", "-1vox", "1e9um", "20vox")); break;
    case VN_P_LENGTHS: vn_str_add(b, ANY("1,2um", "1vox", "0.5,1,2", "1,1,1,1,1,1,1,1vox", ",", "1um,2vox")); break;
    case VN_P_VOXEL: vn_str_add(b, ANY("1x1x2um", "0.5um", "2x1x1mm", "0x1x1um", "1x1um", "1e-9um")); break;
    case VN_P_BOX: vn_str_add(b, ANY("1:9,:,2:", "off", ":,:,5:6", "0:16,0:14,0:12", "3:3,:,:", ":99,:,:", "-1:4,:,:")); break;
    case VN_P_RANGE: vn_str_add(b, ANY("2:5", ":", "0:1", "5:2", "3:", ":99")); break;
    case VN_P_POINT: case VN_P_POINTS: vn_str_add(b, ANY("3,4,5", "1,2,3;4,5,6", "1,2,3 4,5,6", "0,0,0", "15,13,11", "99,0,0", "-1,2,3", "1,2")); break;
    case VN_P_REALS: vn_str_add(b, ANY("1,2", "4,5,6", "0", "1,2,3,4,5,6,7,8", "10,200", "nan,1")); break;
    case VN_P_TEXT: vn_str_add(b, ANY("x", "length_um", "age", "'a b'", "", "open", "'a+b>1'", "a", "m", "r.vnr", "r.vnr v", "m x.vnr", "$1")); break;
    case VN_P_PATH: vn_str_add(b, ANY("v.tif", "l.nii", "p.nii.gz", "c.csv", "s.vn", "again.vn", "t.csv", "x.tif", "x.nii.gz", "x.csv", "x.png", "x.vn", "n.nrrd", "r.vnr", ".")); break;
    case VN_P_OBJECT: add_object(b, p->kinds); break;
    case VN_P_NAME: vn_str_add(b, ANY("a", "b", "v", "m", "1", "x.y-z")); break;
    }
}

static void add_command(struct vn_str *b)
{
    unsigned n = 0;
    while (vn_cmd_table[n])
        n++;
    const struct vn_cmd *c = vn_cmd_table[roll(n)];

    vn_str_addf(b, "%s%s", roll(3) ? "-" : "", c->name);
    for (const struct vn_param *p = c->params; p && p->name; p++) {
        if (roll(20) >= ((p->flags & VN_REQ) ? 19u : (p->flags & VN_POS) ? 12u : 5u))
            continue;
        vn_str_add(b, " ");
        if (p->type == VN_P_FLAG)
            vn_str_add(b, p->name);
        else if (!(p->flags & VN_POS))
            vn_str_addf(b, "%s=", p->name);
        add_value(b, p);
    }
    vn_str_add(b, roll(2) ? ";" : "\n");
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed)
{
    struct vn_str b = { 0 };

    dice = seed;
    if (roll(2) == 0)
        return LLVMFuzzerMutate(data, n, max);
    size_t at = n ? roll((unsigned)n + 1) : 0;             /* between two commands */
    while (at < n && data[at] != ';' && data[at] != '\n')
        at++;
    at += at < n;
    vn_str_addn(&b, (char *)data, at);
    if (at == n && n && data[n - 1] != ';' && data[n - 1] != '\n')
        vn_str_add(&b, ";");
    for (unsigned k = roll(3); k < 3; k++)
        add_command(&b);
    if (roll(2))
        vn_str_addn(&b, (char *)data + at, n - at);
    n = b.n < max ? b.n : max;
    memcpy(data, b.s, n);
    vn_str_free(&b);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = malloc(n + 1);

    for (size_t i = 0; i < n; i++)
        text[i] = data[i] == '/' ? '_' : (char)data[i];
    text[n] = '\0';
    const int len = (int)strlen(text);
    struct vn_session *s = new_session();
    opt.json = len % 2;
    opt.prefixes = len & 2;
    struct vn_runner *r = vn_runner_new(s, &opt, &err);
    rung = 0;
    set_timer(len % 16 ? 2 : 250);
    split(text);
    complete(s, text, len);
    complete(s, text, len / 2);
    vn_runner_line(r, text);
    fuzz_check(fflush(opt.out) == 0, "output", "");
    if (len % 4 == 3 && vn_runner_n_journal(r) > 0 && !rung)
        run_journal(r);
    set_timer(0);
    vn_runner_free(r);
    vn_session_free(s);
    tidy();
    free(text);
    return 0;
}
