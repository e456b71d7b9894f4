/*
 * table.c - the system calls: a line each, by their Linux x86-64 numbers.
 *
 * The name in a line is the call's manual page, section 2; sys_NAME is the
 * function, beside what it works on.
 */
#include "syscall.h"
#include "cpu.h"
#include "errno.h"
#include "perturb.h"
#include "printk.h"
#include "process.h"
#include "segments.h"

#define CALLS(X) \
	X(0, read) \
	X(1, write)

#define DECLARE(number, name) SYSCALL(name);
CALLS(DECLARE)

typedef long (*syscall_function)(uint64_t, uint64_t, uint64_t, uint64_t,
				 uint64_t, uint64_t);

#define ENTRY(number, name) [number] = sys_##name,
static const syscall_function table[] = { CALLS(ENTRY) };

/* What a program asked for in vain is said once a number, so that one sees
 * what it lacks. */
static long unknown(uint64_t number)
{
	static uint8_t said[512 / 8];

	if (number < sizeof(said) * 8) {
		uint8_t bit = 1u << number % 8;

		if (__atomic_fetch_or(&said[number / 8], bit,
				      __ATOMIC_RELAXED) & bit)
			return -ENOSYS;
	}
	printk("%s: unknown system call %lu\n", current->proc->name, number);
	return -ENOSYS;
}

struct trap_frame *syscall_frame(void)
{
	return (struct trap_frame *)(current->stack + STACK_SIZE) - 1;
}

void syscall_dispatch(struct trap_frame *frame)
{
	uint64_t number = frame->rax;
	long result;

	sched_point(POINT_SYSCALL, NULL);
	if (likely(number < ARRAY_SIZE(table) && table[number]))
		result = table[number](frame->rdi, frame->rsi, frame->rdx,
				       frame->r10, frame->r8, frame->r9);
	else
		result = unknown(number);
	frame->rax = result;
	if (unlikely(current->proc->killed))
		process_check_killed();
}
