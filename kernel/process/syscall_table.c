/*
 * syscall_table.c - the system calls by number, and what surrounds each of
 * them.
 *
 * syscall_entry.asm calls through syscall_table.  The rows, a line a call,
 * stand in process/syscall_rows.c and linux/syscall_rows.c; the linker puts
 * them side by side, and syscall_init() enters them into the table.  A number
 * without a row is syscall_unknown().
 */
#include "cpu.h"
#include "errno.h"
#include "panic.h"
#include "printk.h"
#include "process.h"
#include "sched_policy.h"
#include "spinlock.h"
#include "string.h"
#include "syscall.h"

#define HIGHEST 1099 /* Linux's, and from 1000 on our own */

void *syscall_table[HIGHEST + 1];
const uint64_t syscall_table_size = ARRAY_SIZE(syscall_table);
uint64_t syscall_direct = ARRAY_SIZE(syscall_table);

/* In kernel.ld. */
extern const struct syscall_row syscall_rows_start[], syscall_rows_end[];

void syscall_init(void)
{
	const struct syscall_row *row;

	for (unsigned int i = 0; i <= HIGHEST; i++)
		syscall_table[i] = (void *)syscall_unknown;
	for (row = syscall_rows_start; row < syscall_rows_end; row++) {
		if (row->number > HIGHEST ||
		    syscall_table[row->number] != (void *)syscall_unknown)
			panic("syscall_init: number %u of %s is taken, or "
			      "above %u",
			      row->number, row->name, HIGHEST);
		syscall_table[row->number] = row->function;
	}
}

struct trap_frame *syscall_frame(void)
{
	return (struct trap_frame *)(current->stack + STACK_SIZE) - 1;
}

void syscall_perturbed(void)
{
	sched_point(POINT_SYSCALL, NULL);
}

static const char *syscall_name(uint64_t number)
{
	const struct syscall_row *row;

	for (row = syscall_rows_start; row < syscall_rows_end; row++)
		if (row->number == number)
			return row->name;
	return "?";
}

void syscall_check_return(uint64_t number)
{
	char who[48];

	if (likely(current->spin.held == 0 && intr_enabled()))
		return;
	snprintf(who, sizeof(who), "system call %s", syscall_name(number));
	if (current->spin.held)
		spin_panic_kept(who);
	panic("%s returns with interrupts off (irq_push() depth %u): an "
	      "irq_pop() or irq_restore() is missing",
	      who, this_cpu()->irq.depth);
}

/* What a program asks for in vain is said once a number, so that one sees what
 * it lacks. */
long syscall_unknown(void)
{
	static uint8_t said[(HIGHEST + 1) / 8];
	uint64_t number = syscall_frame()->rax;

	if (number <= HIGHEST) {
		uint8_t bit = 1u << number % 8;

		if (__atomic_fetch_or(&said[number / 8], bit,
				      __ATOMIC_RELAXED) &
		    bit)
			return -ENOSYS;
		printk("%s: unknown system call %lu\n", current->proc->name,
		       number);
	}
	return -ENOSYS;
}
