/*
 * syscall.h - system calls: Linux x86-64 numbers, arguments and results.
 *
 * Each call is one line in the table of kernel/process/syscall_table.c; its
 * function is named sys_ and the call's name, takes up to six numbers, and
 * returns a result or a negative errno.  They live beside what they call:
 * sys_read in file/, sys_fork in process/ and so on.
 */
#ifndef SYSCALL_H
#define SYSCALL_H

#include "trap.h"
#include "types.h"

/* The entry point is set up on each CPU: MSR_STAR, MSR_LSTAR, MSR_FMASK. */
void syscall_init_cpu(void);

/* For syscall_entry.asm: the function of each number, and those to call when
 * there is none, and when the scheduler is perturbed.  Numbers below
 * syscall_direct go straight to their function: all, or none while it is. */
extern void *const syscall_table[];
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

/* A declaration for the table, of a function in another file. */
#define SYSCALL(name) \
	long sys_##name(uint64_t a, uint64_t b, uint64_t c, uint64_t d, \
			uint64_t e, uint64_t f)

/* For functions that use fewer: SYSCALL(getpid) { UNUSED_FROM_A; ... } */
#define UNUSED_FROM_A ((void)a, (void)b, (void)c, (void)d, (void)e, (void)f)
#define UNUSED_FROM_B ((void)b, (void)c, (void)d, (void)e, (void)f)
#define UNUSED_FROM_C ((void)c, (void)d, (void)e, (void)f)
#define UNUSED_FROM_D ((void)d, (void)e, (void)f)
#define UNUSED_FROM_E ((void)e, (void)f)
#define UNUSED_FROM_F ((void)f)

#endif
