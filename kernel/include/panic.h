/*
 * panic.h - the end, explained; and the report that an NMI asks for.
 */
#ifndef PANIC_H
#define PANIC_H

#include "table.h"
#include "types.h"

struct trap_frame;

/*
 * Stops every other CPU, prints the message, the backtrace of the caller, the
 * locks held and where each CPU was, and halts or leaves the emulator
 * (command line: panic=halt, the default, or panic=exit).  Any context.
 * Text: "function: what is wrong, with the values", without a newline.
 */
void panic(const char *fmt, ...) PRINTF_LIKE(1, 2) __attribute__((noreturn));

/* The same for a trap: registers, and the backtrace of where it happened. */
void panic_trap(struct trap_frame *frame, const char *fmt, ...)
	PRINTF_LIKE(2, 3) __attribute__((noreturn));

#define assert(condition) \
	do { \
		if (unlikely(!(condition))) \
			panic("%s: assertion failed: %s", __func__, \
			      #condition); \
	} while (0)

/*
 * What a part of the kernel adds to the report, and where.  All other CPUs
 * stand still, and what the report looks at may be what was broken: it takes no
 * lock, and checks the pointers that it follows (vm_readable()).
 */
enum panic_place {
	PANIC_FIRST,   /* before the message */
	PANIC_HEADING, /* below it: under which circumstances */
	PANIC_LOCKS,   /* below the backtrace: who holds what */
	PANIC_HISTORY, /* below the other CPUs: what came before */
};

struct panic_report {
	enum panic_place place;
	void (*print)(void);
};

TABLE(panic_reports, struct panic_report);

#define PANIC_REPORT(place, print) \
	TABLE_ROW(panic_reports, struct panic_report) \
	{ \
		place, print \
	}

/*
 * Explains a fault in the kernel (page fault, protection, divide ...) in
 * words, and panics.
 */
void fault_explain(struct trap_frame *frame) __attribute__((noreturn));

/*
 * The NMI.  When a panic is stopping the CPUs, stays there for ever.  Else
 * prints the backtrace of every CPU and thread, and returns.
 */
void nmi_dispatch(struct trap_frame *frame);

/* Is a panic under way on any CPU? */
bool panicking(void);

#endif
