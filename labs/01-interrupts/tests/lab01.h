/*
 * lab01.h - what the tests of lab 1 share.
 *
 * How a test raises an interrupt: raise_line() sends the vector of a device
 * line to a CPU, as the I/O APIC would.  From there on nothing differs from a
 * device's interrupt: it is in service until its end is signalled, and holds
 * back those of its own priority class and below.
 *
 * How a test waits: for a condition, with WAIT_FOR(), never for a while.  It
 * gives up after patience(), so that what never comes is a failure in words.
 */
#ifndef LAB01_H
#define LAB01_H

#include "apic.h"
#include "cpu.h"
#include "errno.h"
#include "irq.h"
#include "ktest.h"
#include "thread.h"
#include "time.h"

/* Waits until the condition holds; false when that takes too long. */
#define WAIT_FOR(condition) \
	({ \
		uint64_t deadline_ = time_ns() + patience(); \
		while (!(condition) && time_ns() < deadline_) \
			cpu_relax(); \
		(condition); \
	})

/* Fails in words of the exercise. */
#define FAIL(t, ...) ktest_fail(t, __FILE__, __LINE__, __VA_ARGS__)
#define CHECK(t, condition, ...) \
	do { \
		if (!(condition)) \
			FAIL(t, __VA_ARGS__); \
	} while (0)

/* "-EINVAL" and the like. */
const char *result_name(int result);

/* The result of a call that may fail, and why it must be this one. */
#define EXPECT_RESULT(t, call, want, why) \
	do { \
		int got_ = (call); \
		CHECK(t, got_ == (want), "%s: expected %s, got %s (%d): %s", \
		      #call, result_name(want), result_name(got_), got_, why); \
	} while (0)

/* Without its handlers a test shows nothing: returns when there is an error. */
#define ASSERT_ATTACH(t, line, handler, arg) \
	do { \
		int got_ = irq_attach(line, handler, arg); \
		if (got_ != 0) { \
			FAIL(t, \
			     "irq_attach(%u, %s, %s): expected 0, got %s " \
			     "(%d): the line is free", \
			     (unsigned int)(line), #handler, #arg, \
			     result_name(got_), got_); \
			return; \
		} \
	} while (0)

/* Interrupts must be on here.  When they are not, turns them on, so that the
 * tests after this one are not spoilt. */
#define EXPECT_INTERRUPTS_ON(t, when) \
	do { \
		if (!intr_enabled()) { \
			FAIL(t, "interrupts are still off %s", when); \
			this_cpu()->irq = (struct irq_section){.depth = 0}; \
			sti(); \
		} \
	} while (0)

#define EXPECT_INTERRUPTS_OFF(t, when) \
	CHECK(t, !intr_enabled(), "interrupts are on %s", when)

/* Numbers that differ with the seed that *state begins with. */
uint64_t random_next(uint64_t *state);

static inline void raise_line(unsigned int cpu, unsigned int line)
{
	apic_send_ipi(cpu, VECTOR_DEVICE + line);
}

/* An interrupt of that vector, here and at once; no controller knows of it. */
#define TAKE_INTERRUPT(vector) asm volatile("int %0" : : "i"(vector) : "memory")

/* Lines on which no device of the machine interrupts by itself.  From 16 up
 * they are of a higher priority class than those below. */
#define QUIET_LINES 12
extern const unsigned int quiet_lines[QUIET_LINES];

/* A run begins with no line attached, whatever the one before left. */
void detach_all(void);

/* Runs fn(arg) in n threads, one on each CPU from 0 on; with more threads than
 * CPUs it begins again at 0.  All are made before the first is started. */
void run_on_cpus(struct ktest *t, unsigned int n, void (*fn)(void *arg),
		 void *arg);

/* The other CPUs do what they can do at once; under QEMU's -icount, where the
 * CPUs take turns, each has some turns. */
void let_others_run(void);

/* For a lock that has let in two: this thread and its CPU go on as if they held
 * none. */
void forget_locks(void);

/* Is time counted in instructions?  It is under QEMU's -icount, where the same
 * run takes the same time. */
bool time_is_instructions(void);

/* How long to wait for what should come at once, ns. */
uint64_t patience(void);

#endif
