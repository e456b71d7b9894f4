/*
 * report.h - what panic.c, nmi.c and fault.c share: words about CPUs, threads,
 * locks and registers.  All of it is for a CPU that prints while the others
 * stand still: it takes no lock, and checks the pointers that it follows.
 */
#ifndef REPORT_H
#define REPORT_H

#include "types.h"

struct cpu;
struct thread;
struct trap_frame;

#define REPORT_THREAD_SIZE 48

/* "thread 12 (worker)", "the idle thread", "no thread yet".  Returns buf. */
char *report_thread_name(const struct thread *t, char *buf, size_t size);

/* The core locks that the CPUs hold, a line each. */
void report_locks(void);

/* In spin_report.c: the spinlocks that CPUs wait for, and the circle if they
 * wait for one another.  True when there is one. */
bool spin_report(void);

/* A CPU that was stopped: its thread, and its backtrace. */
void report_cpu(const struct cpu *c);

/* Every thread that is on no CPU: its state, and its backtrace. */
void report_threads(void);

/* All registers of a trap frame. */
void report_registers(const struct trap_frame *frame);

/* In fault.c: what else helps to understand a fault, after the registers. */
void fault_print_details(const struct trap_frame *frame);

/* In panic.c: is this the CPU that prints the panic? */
bool panic_is_owner(const struct cpu *c);

/*
 * In nmi.c: stops the other CPUs by NMI.  Returns when all stand still, with
 * cpu->stopped_at set, or when waiting longer makes no sense.
 */
void nmi_stop_others(void);

#endif
