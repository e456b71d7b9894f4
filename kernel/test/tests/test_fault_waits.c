/*
 * test_fault_waits.c - planted faults in waiting: does the kernel explain who
 * waits for whom?
 *
 * As in test_faults.c, each test breaks one thing, and faults.expect has what
 * the log must say.  Those that deadlock end the machine with the status of a
 * test that hangs, at once and not at a time limit.  They use what lab 3 writes
 * and are of use from that lab on: before it, who waits goes round for ever.
 */
#include "irq.h"
#include "ktest.h"
#include "spinlock.h"
#include "sync.h"
#include "syscall.h"
#include "thread.h"
#include "time.h"
#include "timer.h"

/* ---- deadlocks ---- */

static struct mutex left_fork, right_fork;
static struct semaphore left_taken, right_taken;

static void left_then_right(void *arg)
{
	mutex_lock(&left_fork);
	sem_up(&left_taken);
	sem_down(&right_taken);
	mutex_lock(&right_fork);
}

static void right_then_left(void *arg)
{
	mutex_lock(&right_fork);
	sem_up(&right_taken);
	sem_down(&left_taken);
	mutex_lock(&left_fork);
}

/* Two threads, each with what the other wants. */
static void test_ab_ba(struct ktest *t)
{
	struct thread *left, *right;

	mutex_init(&left_fork, "left fork");
	mutex_init(&right_fork, "right fork");
	sem_init(&left_taken, "left taken", 0);
	sem_init(&right_taken, "right taken", 0);
	ASSERT(t, thread_spawn(&left, "left", left_then_right, NULL) == 0);
	ASSERT(t, thread_spawn(&right, "right", right_then_left, NULL) == 0);
	thread_join(left);
	thread_join(right);
}
KTEST(fault, ab_ba, .manual = true);

/* A reader that wants to write waits for all readers: for itself, too. */
static void test_upgrade(struct ktest *t)
{
	static struct rwlock catalogue;

	rwlock_init(&catalogue, "catalogue");
	rwlock_read_lock(&catalogue);
	rwlock_write_lock(&catalogue);
}
KTEST(fault, upgrade, .manual = true);

/* Nobody holds anything, but nobody is left who could send the signal. */
static void test_never_woken(struct ktest *t)
{
	static struct semaphore parcel;

	sem_init(&parcel, "parcel", 0);
	sem_down(&parcel);
}
KTEST(fault, never_woken, .manual = true);

/* ---- what is noticed before it deadlocks ---- */

/* One thread alone takes two spinlocks in both orders. */
static void test_spinlock_inversion(struct ktest *t)
{
	static struct spinlock engine = SPINLOCK_INIT("engine"),
			       wagon = SPINLOCK_INIT("wagon");

	spin_lock(&engine);
	spin_lock(&wagon);
	spin_unlock(&wagon);
	spin_unlock(&engine);
	spin_lock(&wagon);
	spin_lock(&engine);
	spin_unlock(&engine);
	spin_unlock(&wagon);
}
KTEST(fault, spinlock_inversion, .manual = true);

/* Three mutexes, each taken with the one before it held: a circle of three. */
static void test_mutex_circle(struct ktest *t)
{
	static struct mutex forks[3];

	for (unsigned int i = 0; i < 3; i++)
		mutex_init(&forks[i], i == 0   ? "fork 0"
				      : i == 1 ? "fork 1"
					       : "fork 2");
	for (unsigned int i = 0; i < 3; i++) {
		mutex_lock(&forks[i]);
		mutex_lock(&forks[(i + 1) % 3]);
		mutex_unlock(&forks[(i + 1) % 3]);
		mutex_unlock(&forks[i]);
	}
}
KTEST(fault, mutex_circle, .manual = true);

static void test_sleep_with_spinlock(struct ktest *t)
{
	static struct spinlock held = SPINLOCK_INIT("held");
	static struct mutex mutex;

	mutex_init(&mutex, "free");
	spin_lock(&held);
	mutex_lock(&mutex);
}
KTEST(fault, sleep_with_spinlock, .manual = true);

/* ---- a spinlock that is never released ---- */

#define GETPID 39 /* its number */

/* What syscall_entry.asm asks when a call has ended. */
static void test_call_keeps_spinlock(struct ktest *t)
{
	static struct spinlock kept = SPINLOCK_INIT("kept");

	spin_lock(&kept);
	syscall_check_return(GETPID);
}
KTEST(fault, call_keeps_spinlock, .manual = true);

static void test_call_keeps_interrupts_off(struct ktest *t)
{
	irq_push();
	syscall_check_return(GETPID);
}
KTEST(fault, call_keeps_interrupts_off, .manual = true);

static void lock_and_keep(struct timer *timer)
{
	static struct spinlock kept = SPINLOCK_INIT("kept");

	spin_lock(&kept);
}

static void test_handler_keeps_spinlock(struct ktest *t)
{
	static struct timer timer;

	timer_start(&timer, time_ns() + NSEC_PER_MSEC, lock_and_keep);
	for (;;)
		cpu_relax();
}
KTEST(fault, handler_keeps_spinlock, .manual = true);
