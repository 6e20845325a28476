/* prompt.c - the command line: Readline's callback interface fed from a byte queue, history in the state directory. */
#include "prompt.h"
#include "file.h"
#include "mem.h"
#include <locale.h>
#include <stdio.h>
#include <readline/history.h>
#include <readline/readline.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_HISTORY = 2000, MAX_KEPT = 10000, MAX_HINTED = 10000 };    /* lines; bytes of a line that is kept; that has a hint */

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
        if (strlen(line) <= MAX_KEPT && (!last || strcmp(last->line, line)))
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

/* As many as there is room for: of paths the last part. */
static void list_words(char *const *word)
{
    struct vn_str b = { 0 };
    int room = hooks.room(hooks.ctx) - 10, i = 0;
    for (; word[i]; i++) {
        const char *shown = word[i], *at;
        while ((at = strchr(shown, '/')) && at[1])
            shown = at + 1;
        room -= vn_text_width(shown) + 2;
        if (room < 0 && i)
            break;
        vn_str_addf(&b, "%s%s", i ? "  " : "", shown);
    }
    int more = 0;
    while (word[i + more])
        more++;
    if (more)
        vn_str_addf(&b, "  +%d", more);
    if (b.s && !b.failed)
        hooks.list(hooks.ctx, b.s);
    vn_str_free(&b);
}

static int complete(int count, int key)
{
    (void)count;
    (void)key;
    int start = rl_point;
    struct vn_str text = { 0 };
    char **word = vn_complete(session, rl_line_buffer, rl_point, &start);
    if (!word || !word[0]) {
        vn_free(word);
        return 0;
    }
    const size_t n = common(word);
    const bool only = !word[1], whole = only && n && !strchr("=/", word[0][n - 1]);
    vn_complete_text(word[0], n, whole, &text);
    if (whole && rl_point == rl_end)
        vn_str_add(&text, " ");
    if (text.s && !text.failed && n && (text.n != (size_t)(rl_point - start) || memcmp(text.s, rl_line_buffer + start, text.n))) {
        rl_begin_undo_group();
        rl_delete_text(start, rl_point);
        rl_point = start;
        rl_insert_text(text.s);
        rl_end_undo_group();
    } else {
        list_words(word);
    }
    vn_str_free(&text);
    for (int i = 0; word[i]; i++)
        vn_free(word[i]);
    vn_free(word);
    return 0;
}

/* ---- the prompt ---- */

/* Up and Down go through the lines that begin as this one does, unless the user's inputrc says otherwise. */
static void search_key(const char *keys, rl_command_func_t *usual, rl_command_func_t *search)
{
    int type;
    if (rl_function_of_keyseq(keys, NULL, &type) == usual && type == ISFUNC)
        rl_bind_keyseq(keys, search);
}

void vn_prompt_open(struct vn_session *s, const struct vn_prompt_hooks *h)
{
    char locale[128];
    snprintf(locale, sizeof locale, "%s", setlocale(LC_CTYPE, NULL));
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
    search_key("\033[A", rl_get_previous_history, rl_history_search_backward);
    search_key("\033OA", rl_get_previous_history, rl_history_search_backward);
    search_key("\033[B", rl_get_next_history, rl_history_search_forward);
    search_key("\033OB", rl_get_next_history, rl_history_search_forward);
    rl_callback_handler_install(": ", on_line);
    if (strcmp(locale, setlocale(LC_CTYPE, NULL))) {     /* Readline takes it from the environment again, with each line */
        setenv("LC_ALL", locale, 1);
        setlocale(LC_CTYPE, locale);
    }
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
    char q = 0;
    bool word = true;                            /* one begins here */
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        const char *end = c == '#' && word && !q ? memchr(text + i, '\n', n - i) : NULL;
        if (end) {                               /* a comment would go on over the lines that follow */
            i += (size_t)(end - text) - i - 1;
            continue;
        }
        q = c == '\n' ? 0 : q ? (c == q ? 0 : q) : c == '"' || c == '\'' ? (char)c : 0;
        word = strchr(" \t\r\n;", c) != NULL;
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
    using_history();                             /* Up begins at the newest line again */
    rl_point = rl_mark = 0;
}

bool vn_prompt_empty(void) { return rl_end == 0; }

bool vn_prompt_vi(void) { return rl_editing_mode == 0; }

void vn_prompt_hint(struct vn_str *b)
{
    if (!RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH | RL_STATE_NUMERICARG) && rl_end < MAX_HINTED)
        vn_hint(rl_line_buffer, rl_point, b);
}

/* Start of the character before byte i. */
static int character_before(const char *s, int i)
{
    do
        i--;
    while (i > 0 && (s[i] & 0xc0) == 0x80);
    return i;
}

static int width_of(const char *s, int from, int to)
{
    char part[16];
    snprintf(part, sizeof part, "%.*s", to - from, s + from);
    return vn_text_width(part);
}

/* A line may be a million characters long: only those around the cursor are looked at. */
int vn_prompt_show(int columns, struct vn_str *b)
{
    const char *prompt = rl_display_prompt ? rl_display_prompt : ": ";
    int from = rl_point, cursor = 0, before = vn_text_width(prompt);
    while (from > 0 && cursor < columns) {
        const int at = character_before(rl_line_buffer, from);
        cursor += width_of(rl_line_buffer, at, from);
        from = at;
    }
    if (from == 0 && before + cursor < columns) {
        vn_str_add(b, prompt);
        cursor += before;
        before = cursor;
    } else {
        for (before = cursor; before > columns - columns / 4 - 1;) {      /* the cursor at three quarters */
            int next = from + 1;
            while ((rl_line_buffer[next] & 0xc0) == 0x80)
                next++;
            before -= width_of(rl_line_buffer, from, next);
            from = next;
        }
        cursor = before;
    }
    vn_str_addn(b, rl_line_buffer + from, (size_t)(rl_point - from));
    int to = rl_point;
    while (to < rl_end && before < columns) {
        int next = to + 1;
        while ((rl_line_buffer[next] & 0xc0) == 0x80)
            next++;
        before += width_of(rl_line_buffer, to, next);
        to = next;
    }
    vn_str_addn(b, rl_line_buffer + rl_point, (size_t)(to - rl_point));
    return cursor < columns ? cursor : columns - 1;
}
