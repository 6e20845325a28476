/* fuzz_line.c - command lines and scripts: split, completed, run on small objects, and their journal run again.
 *
 * Nothing outside the scratch folder is written: '/' becomes '_'.  Children are not found (PATH is empty).  Commands that
 * take long are cancelled, so that one that cannot be is a timeout. */
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
    "open v.tif as=u; cohort c.csv as=c; measure g as=t to=t.csv";
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
    const char *hint;
    int start = -1;
    char **list = vn_complete(s, line, point, &start, &hint);

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
    set_timer(500);
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
