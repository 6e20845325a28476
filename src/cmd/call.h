/* call.h - between the runner and the parser: a command line becomes a call, a finished call becomes text. */
#ifndef VN_CALL_H
#define VN_CALL_H
#include "cmd.h"

/* Parses the words of one command into a new call (verb looked up, arguments typed, objects resolved).
 * words->n > 0.  *keep_going: the verb had a '-' before it. */
int  vn_call_parse(struct vn_runner *r, struct vn_session *s, const struct vn_words *words, bool prefixes, struct vn_call **out,
                   bool *keep_going, struct vn_err *err);
void vn_call_free(struct vn_call *c);
/* Canonical text, every name and absolute input paths written out. Appended to b. */
void vn_call_print(const struct vn_call *c, struct vn_str *b);
/* Words of one command with every object's name and as= replaced: word(ctx, i, was) gives the new word of parameter i, or
 * NULL with err set. drop: flags of parameters that are left out. Canonical, appended to b. */
typedef const char *(*vn_word_fn)(void *ctx, int i, const char *was, struct vn_err *err);
int  vn_words_map(const struct vn_words *words, unsigned drop, vn_word_fn word, void *ctx, struct vn_str *b, struct vn_err *err);
/* Name for what is read from a file: its own without folder and ending. */
void vn_stem_name(const char *path, char out[64]);
/* "undo" (way -1) and "redo" (+1): n= steps. */
int  vn_cmd_exec_steps(struct vn_call *c, int way, struct vn_err *err);
void vn_call_name_first(struct vn_call *c);              /* c->as: the name of the first output, unless it has one */
/* Turns made contents into named objects; result gets "name". */
int  vn_call_bind(struct vn_call *c, struct vn_err *err);
/* Runs o's verb again: vn_remake_fn. */
int  vn_call_remake(struct vn_session *s, struct vn_obj *o, void **content, struct vn_job *job, struct vn_err *err);

/* One finished command as JSON or as text for people, with a newline at the end of each line. Appended to b. */
void vn_print_json(const struct vn_call *c, const char *verb, const struct vn_err *failed, struct vn_str *b);
void vn_print_text(const struct vn_call *c, struct vn_str *b);
#endif
