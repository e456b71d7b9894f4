/*
 * syscall.h - system calls: Linux x86-64 numbers, arguments and results.
 *
 * A call is a plain function, long sys_NAME(...), beside what it works on:
 * sys_read in file/, sys_fork in process/ and so on.  It returns a result or a
 * negative errno.  The registers that a program passes arguments in are those
 * of a C call (but for one, which syscall_entry.asm moves), so they are handed
 * on as they are; an argument that is an int takes the low half of its
 * register, as on Linux.  No parameter is narrower than int, of which the
 * caller would have to extend the value.
 *
 * Its row, SYSCALL(number, name), stands in process/syscall_rows.c, or in
 * linux/syscall_rows.c when only Linux binaries ask for it.
 */
#ifndef SYSCALL_H
#define SYSCALL_H

#include "trap.h"
#include "types.h"

/* Fills the table, once. */
void syscall_init(void);

/* The entry point is set up on each CPU: MSR_STAR, MSR_LSTAR, MSR_FMASK. */
void syscall_init_cpu(void);

/* For syscall_entry.asm: the function of each number, and those to call when
 * there is none, and when the scheduler is perturbed.  Numbers below
 * syscall_direct go straight to their function: all, or none while it is. */
extern void *syscall_table[];
extern const uint64_t syscall_table_size;
extern uint64_t syscall_direct;
long syscall_unknown(void);
void syscall_perturbed(void);

/* After the call with this number.  Panics if it has left a spinlock held, or
 * interrupts off: the first is asked after each call, the second only while the
 * scheduler is perturbed. */
void syscall_check_return(uint64_t number);

/* The registers of the call in progress. */
struct trap_frame *syscall_frame(void);

/* ---- rows of the table ---- */

struct syscall_row {
	const char *name;
	void *function;
	unsigned int number;
};

#define SYSCALL_ROW(nr, call, entry) \
	__attribute__(( \
		section(".syscalls"), used, \
		aligned(8))) static const struct syscall_row row_##call = { \
		#call, (void *)entry, nr}

/* The declaration has no parameter list, as the row need not know it: it agrees
 * with every function whose parameters are not narrower than int. */
#define SYSCALL(number, name) \
	long sys_##name(); \
	SYSCALL_ROW(number, name, sys_##name)

/* A call that reads or replaces all of the caller's registers, by
 * syscall_frame(): syscall_entry.asm saves them first, and has a FULL line for
 * each. */
#define SYSCALL_FRAME(number, name) \
	void full_##name(void); \
	SYSCALL_ROW(number, name, full_##name)

#endif
