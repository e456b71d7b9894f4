/*
 * backtrace.h - who called whom, with function, file and line.
 *
 * The symbols and line numbers travel in the image, in a table that
 * tools/machine/symbols.py makes after the first link (boot/kernel.ld,
 * explain/symbols.c).
 */
#ifndef BACKTRACE_H
#define BACKTRACE_H

#include "types.h"

struct thread;
struct trap_frame;

/* Follows the frame pointers from rip and rbp on, by printk, a line a frame:
 *
 *	  #1 thread_block+0x1c (kernel/sched/thread.c:120)
 *
 * Survives wrong frame pointers: it only reads what vm_readable() allows, and
 * stops after 32 lines.  Any context. */
void backtrace_from(uintptr_t rip, uintptr_t rbp);

/* The same from a call on: where it returns to, and its caller's rbp. */
void backtrace_call(uintptr_t return_address, uintptr_t rbp);

/* Of the caller. */
void backtrace_here(void);

/* Of the code that a trap interrupted. */
void backtrace_frame(const struct trap_frame *frame);

/* Of a thread that does not run now: from where it was switched away. */
void backtrace_thread(const struct thread *t);

/*
 * The return address of a function that has no stack frame of its own: code
 * interrupted at its very start, or a jump to where no code is.  0 when the
 * interrupted function has one.
 */
uintptr_t backtrace_frameless_caller(const struct trap_frame *frame);

struct symbol {
	const char *function; /* or object; "?" when unknown */
	uintptr_t offset;     /* into it */
	const char *file;     /* NULL when unknown */
	unsigned int line;
	const char *inner_file; /* the header that the code is from, or NULL */
	unsigned int inner_line;
};

/* Never fails: what is unknown is "?" or NULL. */
struct symbol symbol_find(uintptr_t addr);

/* The address of a function or object by name; 0 when there is none.  When
 * several have the name, the lowest. */
uintptr_t symbol_lookup(const char *name);

/* Is addr inside the kernel's text? */
bool symbol_is_text(uintptr_t addr);

/*
 * Formats "thread_block+0x1c (kernel/sched/thread.c:120)", or "? (0x1234)"; for
 * what is inlined from a header, "... (kernel/sched/thread.c:120, in
 * list.h:36)". Returns buf.
 */
char *symbol_format(uintptr_t addr, char *buf, size_t size);

/*
 * The same for a return address: names the line of the call, which lies before
 * it, since the next line, or even function, may begin at the address itself.
 */
char *symbol_format_call(uintptr_t return_address, char *buf, size_t size);

#define SYMBOL_TEXT_SIZE 128

#endif
