/*
 * fuzz.h - what the parts of the fuzzer know of each other: see main.c.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE 4096
#define SIZE(array) (sizeof(array) / sizeof((array)[0]))

enum {
	KEPT = 16,         /* results that a batch remembers */
	ARENA_PAGES = 5,   /* see batch.c */
	CALL_NUMBERS = 512 /* Linux's; Signalbox's own are above */
};

/* What a batch tells its worker, through a file. */
struct progress {
	uint64_t done;                         /* calls */
	uint64_t succeeded[CALL_NUMBERS / 64]; /* a bit a number */
};

/* A batch of calls, which is a process; this lies on its stack. */
struct batch {
	uint64_t random;  /* never 0 */
	uint64_t self;    /* process id */
	uint64_t left;    /* calls */
	const char *path; /* of the file for its progress */
	char *arena;
	uint64_t kept[KEPT]; /* descriptors, addresses, processes ... */
	struct progress progress;
};

/* Inline: the child of a vfork shares the stack, and must not return into its
 * parent's frames. */
__attribute__((always_inline)) static inline long call_make(uint64_t number,
							    const uint64_t a[6])
{
	register uint64_t r10 asm("r10") = a[3], r8 asm("r8") = a[4],
			      r9 asm("r9") = a[5];
	long result;

	asm volatile("syscall"
		     : "=a"(result)
		     : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10),
		       "r"(r8), "r"(r9)
		     : "rcx", "r11", "memory");
	return result;
}

/* arguments.c: the next of the numbers that a seed stands for. */
uint64_t random_next(uint64_t *random);
uint64_t random_below(uint64_t *random, uint64_t limit);

/* One argument; `kind` is a letter, see calls.c. */
uint64_t argument(struct batch *b, char kind);

/* calls.c */
struct call {
	const char *name;
	uint64_t number;
	const char *kinds; /* of its arguments */
};

extern const struct call calls[];
extern const size_t call_count;

/* Chooses a call, with its six arguments; its number. */
uint64_t call_choose(struct batch *b, uint64_t a[6]);

/* batch.c */
__attribute__((noreturn)) void batch_run(uint64_t seed, uint64_t count,
					 const char *path);

#endif
