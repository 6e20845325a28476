/* prompt.c - the command line: Readline's callback interface fed from a byte queue, history in the state directory. */
#include "prompt.h"
#include "file.h"
#include "mem.h"
#include <stdio.h>
#include <readline/history.h>
#include <readline/readline.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_HISTORY = 2000 };

static struct vn_session *session;
static struct vn_prompt_hooks hooks;
static char queue[256];
static int head, tail;

/* ---- readline's terminal: a queue in, nothing out ---- */

static int get_byte(FILE *f)
{
    (void)f;
    return head < tail ? (unsigned char)queue[head++] : EOF;
}

static int bytes_wait(void) { return head < tail; }
static void draw_nothing(void) {}
static void no_terminal(int meta) { (void)meta; }
static void no_terminal_back(void) {}

static void on_line(char *line)
{
    for (size_t n = line ? strlen(line) : 0; n && line[n - 1] == ' '; n--)
        line[n - 1] = '\0';                      /* the space that completion leaves */
    if (line && *line) {
        HIST_ENTRY *last = history_length > 0 ? history_get(history_base + history_length - 1) : NULL;
        if (!last || strcmp(last->line, line))
            add_history(line);
    }
    hooks.line(hooks.ctx, line);
    free(line);
}

/* ---- completion ---- */

static size_t common(char *const *word)
{
    size_t n = strlen(word[0]);
    for (int i = 1; word[i]; i++) {
        size_t k = 0;
        while (k < n && word[i][k] == word[0][k])
            k++;
        n = k;
    }
    while (n && (word[0][n] & 0xc0) == 0x80)     /* whole characters only */
        n--;
    return n;
}

static void list_words(char *const *word, const char *hint)
{
    struct vn_str b = { 0 };
    for (int i = 0; word && word[i] && i < 60; i++)
        vn_str_addf(&b, "%s%s", i ? "  " : "", word[i]);
    if (hint && *hint)
        vn_str_addf(&b, "%s(%s)", b.n ? "   " : "", hint);
    if (b.s && !b.failed)
        hooks.list(hooks.ctx, b.s);
    vn_str_free(&b);
}

static int complete(int count, int key)
{
    (void)count;
    (void)key;
    int start = rl_point;
    const char *hint = NULL;
    char **word = vn_complete(session, rl_line_buffer, rl_point, &start, &hint);
    if (!word || !word[0]) {
        list_words(NULL, hint);
        vn_free(word);
        return 0;
    }
    size_t n = common(word), typed = start <= rl_point ? (size_t)(rl_point - start) : 0;
    bool only = !word[1];
    if (start <= rl_point && (n > typed || only)) {
        char last = n ? word[0][n - 1] : ' ';
        char *text = vn_sprintf(NULL, "%.*s%s", (int)n, word[0], only && last != '=' && last != '/' && rl_point == rl_end ? " " : "");
        if (text) {
            rl_begin_undo_group();
            rl_delete_text(start, rl_point);
            rl_point = start;
            rl_insert_text(text);
            rl_end_undo_group();
        }
        vn_free(text);
    } else {
        list_words(word, hint);
    }
    for (int i = 0; word[i]; i++)
        vn_free(word[i]);
    vn_free(word);
    return 0;
}

/* ---- the prompt ---- */

void vn_prompt_open(struct vn_session *s, const struct vn_prompt_hooks *h)
{
    session = s;
    hooks = *h;
    rl_readline_name = "venule";
    rl_catch_signals = 0;
    rl_catch_sigwinch = 0;
    rl_change_environment = 0;
    rl_prep_term_function = no_terminal;
    rl_deprep_term_function = no_terminal_back;
    rl_getc_function = get_byte;
    rl_input_available_hook = bytes_wait;
    rl_redisplay_function = draw_nothing;
    rl_outstream = fopen("/dev/null", "we");
    using_history();
    stifle_history(MAX_HISTORY);
    char *path = vn_file_state("history", false);
    if (path)
        read_history(path);
    vn_free(path);
    rl_initialize();
    rl_variable_bind("bell-style", "none");
    rl_variable_bind("enable-bracketed-paste", "off");
    rl_bind_key('\t', complete);
    rl_callback_handler_install(": ", on_line);
}

void vn_prompt_close(void)
{
    rl_callback_handler_remove();
    char *path = vn_file_state("history", true);
    if (path)
        write_history(path);
    vn_free(path);
    clear_history();
    if (rl_outstream)
        fclose(rl_outstream);
    rl_outstream = NULL;
}

void vn_prompt_key(const struct vn_event *ev)
{
    if (!ev->n_raw)
        return;
    memcpy(queue, ev->raw, (size_t)ev->n_raw);
    head = 0;
    tail = ev->n_raw;
    while (head < tail)
        rl_callback_read_char();
}

void vn_prompt_paste(const char *text, size_t n)
{
    struct vn_str b = { 0 };
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\n' || (c == '\r' && !(i + 1 < n && text[i + 1] == '\n')))
            vn_str_add(&b, "; ");
        else if (c == '\t')
            vn_str_add(&b, " ");
        else if (c >= 32 && c != 127)
            vn_str_addn(&b, text + i, 1);
    }
    if (b.s && !b.failed)
        rl_insert_text(b.s);
    vn_str_free(&b);
}

void vn_prompt_clear(void)
{
    rl_callback_sigcleanup();
    rl_replace_line("", 1);
    rl_point = rl_mark = 0;
}

bool vn_prompt_empty(void) { return rl_end == 0; }

bool vn_prompt_vi(void) { return rl_editing_mode == 0; }

int vn_prompt_show(int columns, struct vn_str *b)
{
    struct vn_str all = { 0 };
    const char *prompt = rl_display_prompt ? rl_display_prompt : ": ";
    vn_str_add(&all, prompt);
    vn_str_addn(&all, rl_line_buffer, (size_t)rl_point);
    int cursor = all.s ? vn_text_width(all.s) : 0;
    vn_str_add(&all, rl_line_buffer + rl_point);
    int skip = cursor >= columns ? cursor - columns + columns / 4 + 1 : 0;
    if (all.s && !all.failed) {
        size_t from = vn_text_cut(all.s, skip);
        char *hidden = vn_sprintf(NULL, "%.*s", (int)from, all.s);
        cursor -= hidden ? vn_text_width(hidden) : 0;
        vn_free(hidden);
        vn_str_addn(b, all.s + from, vn_text_cut(all.s + from, columns));
    }
    vn_str_free(&all);
    return cursor < columns ? cursor : columns - 1;
}
