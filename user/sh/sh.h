/*
 * sh.h - the parts of the shell, and the structures that pass between them.
 *
 *	characters -> lex.c -> tokens -> parse.c -> a tree -> run.c
 *
 * A tree's leaves are words as they were typed, quotes and dollar signs and
 * all; expand.c makes strings of them at the moment they are needed.
 */
#ifndef SH_H
#define SH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* ---- a list of strings that grows; always ended by a NULL ---- */

struct strings {
	char **items;
	size_t count, room;
};

void strings_add(struct strings *list, char *text);

/* ---- memory.c: all that a command needs is freed when it has run ---- */

struct block;

void *sh_alloc(size_t size); /* zeroed; ends the shell when there is none */
char *sh_copy(const char *text, size_t len);

/* What was allocated since the mark is freed by release. */
struct block *sh_mark(void);
void sh_release(struct block *mark);

/* ---- lex.c: tokens ---- */

enum token {
	TOKEN_END,
	TOKEN_NEWLINE,
	TOKEN_WORD,
	TOKEN_UNCLOSED, /* a word whose quote or brace has no end */
	TOKEN_SEMICOLON,
	TOKEN_AMPERSAND,
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_PIPE,
	TOKEN_OPEN,  /* ( */
	TOKEN_CLOSE, /* ) */
	TOKEN_LESS,
	TOKEN_GREATER,
	TOKEN_APPEND,
	TOKEN_DUPLICATE, /* >& or <& */
};

/* Where characters come from: a text, or else a descriptor, read byte by byte
 * since commands may read from it too. */
struct input {
	const char *text; /* NULL: fd */
	int fd;
	const char *prompt; /* before the next line; NULL: none at all */
	bool at_line_start;
	int ahead; /* a character that was put back, or -1 */
	unsigned int line;

	/* The token at which the parser looks. */
	bool has_token;
	enum token token;
	char *word;    /* TOKEN_WORD */
	int io_number; /* of a redirection: 2 in 2>file, 1 in >file */
};

void input_init(struct input *in, const char *text, int fd, bool prompts);
enum token token_peek(struct input *in);
void token_take(struct input *in);

/* Throws away the rest of the line, after a mistake. */
void input_skip_line(struct input *in);

/* ---- parse.c: trees ---- */

enum node_type {
	NODE_COMMAND,    /* words, redirects */
	NODE_SUBSHELL,   /* left, redirects */
	NODE_GROUP,      /* left, redirects */
	NODE_IF,         /* left: condition, right, otherwise; redirects */
	NODE_WHILE,      /* left: condition, right; redirects */
	NODE_UNTIL,      /* the same */
	NODE_FOR,        /* words: the name, and the list; right; redirects */
	NODE_NOT,        /* left */
	NODE_PIPE,       /* left | right */
	NODE_AND,        /* left && right */
	NODE_OR,         /* left || right */
	NODE_SEQUENCE,   /* left ; right (right may be NULL) */
	NODE_BACKGROUND, /* left & right (the same) */
};

struct redirect {
	struct redirect *next;
	int fd;
	bool duplicates; /* target is the number of another descriptor */
	int flags;       /* of open(2) */
	char *target;    /* a word */
};

struct node {
	enum node_type type;
	struct node *left, *right, *otherwise;
	struct strings words;
	struct redirect *redirects;
};

/* The next line of commands, with as many lines as it needs to be complete:
 * NULL at the end of the input and for empty lines.  *error: it made no sense,
 * and that has been said. */
struct node *parse(struct input *in, bool *error);

/* ---- vars.c ---- */

const char *var_get(const char *name); /* NULL: not set */
void var_set(const char *name, const char *value);
void var_export(const char *name);
void var_unset(const char *name);
void var_print(bool exported_only);
void vars_import(char **environment);
char **vars_environment(void); /* NAME=value of what is exported */

/* How long the name at the start of the text is; 0: none. */
size_t var_name_length(const char *text);

/* ---- expand.c ---- */

/* Words become fields: any number each. */
struct strings expand_words(const struct strings *words);

/* A word becomes one string: for values and for targets of redirections. */
char *expand_word(const char *word);

/* ---- run.c ---- */

int run(struct node *node);      /* its exit status */
int run_input(struct input *in); /* until its end; last status */
int run_file(const char *path);  /* a script, in this shell */
int wait_for(pid_t pid);         /* exit status, as $? has it */

/* ---- interrupt.c: Ctrl-C, for a shell at a terminal ---- */

void signals_hold(void);     /* at its start */
void signals_release(void);  /* in its children */
void signals_ignore(void);   /* in those in the background */
bool interrupted(void);      /* has it been typed?  Once is enough */
void interrupt_forget(void); /* before a new line of commands */

/* Waits until there is something to read: true; or an interrupt: false. */
bool input_or_interrupt(int fd);

/* ---- program.c ---- */

/* Becomes the program argv[0], found by PATH unless there is a slash in it.
 * When that fails it says so and exits. */
void run_program(char **argv) __attribute__((noreturn));

/* ---- redirect.c ---- */

struct saved;

/* Opens and duplicates as the list says, or reports and returns false. */
bool redirect(const struct redirect *list);

/* Keeps the descriptors that the list will change, and puts them back. */
struct saved *redirect_save(const struct redirect *list);
void redirect_restore(const struct saved *saved);

/* ---- builtin.c, test.c ---- */

typedef int builtin_function(char **argv);

builtin_function *builtin_find(const char *name);
int builtin_test(char **argv);

/* ---- main.c ---- */

extern struct shell {
	const char *name;      /* $0 */
	struct strings args;   /* $1 ... */
	int status;            /* $? */
	pid_t pid;             /* $$ */
	pid_t background;      /* $!, or 0 */
	int background_status; /* how it has ended, if that was reported */
	bool interactive;
	bool interrupted;      /* by Ctrl-C: the rest of the line is dropped */
	bool is_last;          /* the next command is all that is left to do */
	bool exit_on_error;    /* set -e */
	bool trace;            /* set -x */
	unsigned int tested;   /* inside a condition: set -e does not apply */
	unsigned int loops;    /* that we are in */
	unsigned int breaking; /* of these, still to be left, by break */
	bool continuing;       /* ... and the last of them goes on */
} shell;

/* "sh: text", to standard error. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
