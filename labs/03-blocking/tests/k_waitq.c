/*
 * k_waitq.c - exercise 3.1: what the wait queue promises, one thing a test.
 *
 * Here each step is taken by hand: the test waits until a thread sleeps, wakes
 * it, and looks who has returned with what.  The races between the steps are in
 * k_lost_wakeups.c.
 */
#include "lab03.h"

#define MANY 5

/* ---- asleep ---- */

static bool uses_cpu(const struct thread *thread)
{
	uint64_t before = thread->run_cycles;

	thread_sleep_until(time_ns() + NSEC_PER_MSEC);
	return thread->run_cycles != before;
}

static void test_sleeps(struct ktest *t)
{
	struct caller s = {.deadline = 0};
	struct room room;

	room_init(&room, t);
	sleeper_bed(&room, &s);
	/* The switch away from it may be still going on, on another CPU. */
	if (!ktest_time_is_exact())
		(void)EVENTUALLY(t, !uses_cpu(s.thread));
	CHECK(t, !uses_cpu(s.thread),
	      "a thread that waits has used the CPU while nothing happened");
	expect_sleeps_on(&s, "nobody has woken it");
	CHECK(t, room_wake(&room, 1) == 1,
	      "waitq_wake(1) with one sleeper must return 1");
	expect_returns(&s, 0, "after waitq_wake()");
	room_close(&room, &s, 1);
}
KTEST(lab03, sleeps);

/* While it sleeps the lock is free; leave() in k_lab03.c looks at the rest. */
static void test_lock_is_given_up(struct ktest *t)
{
	struct caller all[2] = {{.deadline = 0}};
	struct room room;
	bool is_free;

	room_init(&room, t);
	sleeper_bed(&room, &all[0]);
	is_free = spin_try_lock(&room.lock);
	CHECK(t, is_free,
	      "the lock is taken while a thread sleeps: nobody can "
	      "change what it waits for");
	if (is_free)
		spin_unlock(&room.lock);
	all[1].deadline = time_ns() + 50 * NSEC_PER_USEC;
	sleeper_start(&room, &all[1]);
	expect_returns(&all[1], -ETIMEDOUT, "after the deadline");
	room_close(&room, all, 2);
}
KTEST(lab03, lock_is_given_up);

/* ---- who is woken ---- */

/* The lock is held all the time, so that who is woken leaves afterwards. */
static void test_wake_order(struct ktest *t)
{
	struct caller all[MANY] = {{.deadline = 0}};
	struct room room;

	room_init(&room, t);
	for (unsigned int i = 0; i < MANY; i++)
		sleeper_bed(&room, &all[i]);
	for (unsigned int i = 0; i < MANY; i++) {
		room_wake(&room, 1);
		(void)EVENTUALLY(t, all[i].returned);
		CHECK(t, all[i].returned && all[i].place == i,
		      "wake-up %u must reach the sleeper that came as number "
		      "%u: first come, first served",
		      i + 1, i + 1);
	}
	room_close(&room, all, MANY);
}
KTEST(lab03, wake_order);

static void expect_woken(struct room *room, unsigned int count,
			 unsigned int want)
{
	unsigned int got = room_wake(room, count);

	if (count == WAKE_ALL)
		CHECK(room->t, got == want,
		      "waitq_wake(WAKE_ALL): expected %u, got %u", want, got);
	else
		CHECK(room->t, got == want,
		      "waitq_wake(%u): expected %u, got %u", count, want, got);
}

static void test_wake_counts(struct ktest *t)
{
	struct caller all[MANY] = {{.deadline = 0}};
	struct room room;

	room_init(&room, t);
	expect_woken(&room, 1, 0);
	expect_woken(&room, WAKE_ALL, 0);
	for (unsigned int i = 0; i < MANY; i++)
		sleeper_bed(&room, &all[i]);
	expect_woken(&room, 0, 0);
	expect_sleeps_on(&all[0], "after waitq_wake(0)");
	expect_woken(&room, 3, 3);
	for (unsigned int i = 0; i < 3; i++)
		expect_returns(&all[i], 0,
			       "the first three, after "
			       "waitq_wake(3)");
	for (unsigned int i = 3; i < MANY; i++)
		expect_sleeps_on(&all[i], "the other two, after waitq_wake(3)");
	expect_woken(&room, WAKE_ALL, 2);
	expect_woken(&room, WAKE_ALL, 0);
	room_close(&room, all, MANY);
}
KTEST(lab03, wake_counts);

/* A wake-up is for who sleeps then, and not for who comes later. */
static void test_wakeup_is_not_kept(struct ktest *t)
{
	struct caller all[2] = {{.deadline = 0}};
	struct room room;

	room_init(&room, t);
	room_wake(&room, 1);
	sleeper_bed(&room, &all[0]);
	expect_sleeps_on(&all[0], "the only waitq_wake() came before it");
	sleeper_bed(&room, &all[1]);
	room_wake(&room, 1);
	expect_returns(&all[0], 0, "the first one, after waitq_wake(1)");
	expect_sleeps_on(&all[1], "the second one, after waitq_wake(1)");
	room_close(&room, all, 2);
}
KTEST(lab03, wakeup_is_not_kept);

static void test_two_queues(struct ktest *t)
{
	struct caller left = {.deadline = 0}, right = {.deadline = 0};
	struct room rooms[2];

	room_init(&rooms[0], t);
	room_init(&rooms[1], t);
	sleeper_bed(&rooms[0], &left);
	sleeper_bed(&rooms[1], &right);
	CHECK(t, room_wake(&rooms[1], WAKE_ALL) == 1,
	      "waitq_wake(WAKE_ALL) with one sleeper here, and one at another "
	      "queue, must return 1");
	expect_returns(&right, 0, "after waitq_wake() of its queue");
	expect_sleeps_on(&left, "after waitq_wake() of another queue");
	room_close(&rooms[0], &left, 1);
	room_close(&rooms[1], &right, 1);
}
KTEST(lab03, two_queues);

/* ---- from an interrupt handler ---- */

struct alarm {
	struct timer timer;
	struct room *room;
	volatile unsigned int woken;
};

static void ring(struct timer *timer)
{
	struct alarm *a = container_of(timer, struct alarm, timer);

	a->woken = room_wake(a->room, 1);
}

static void test_wake_in_interrupt(struct ktest *t)
{
	struct caller s = {.deadline = 0};
	struct room room;
	struct alarm alarm = {.room = &room};

	room_init(&room, t);
	sleeper_bed(&room, &s);
	timer_start(&alarm.timer, time_ns() + 20 * NSEC_PER_USEC, ring);
	expect_returns(&s, 0, "after waitq_wake() in a timer interrupt");
	timer_cancel(&alarm.timer);
	CHECK(t, alarm.woken == 1,
	      "waitq_wake(1) in a timer interrupt: expected 1, got %u",
	      alarm.woken);
	room_close(&room, &s, 1);
}
KTEST(lab03, wake_in_interrupt);

/* ---- unblocked, but not woken ---- */

/* thread_unblock() may come late, from whom the thread had to do with before:
 * only waitq_wake() ends the wait. */
static void test_stale_unblock(struct ktest *t)
{
	struct caller all[2] = {{.deadline = 0}};
	struct room room;

	room_init(&room, t);
	all[1].deadline = NOT_SOON;
	for (unsigned int i = 0; i < 2; i++) {
		sleeper_bed(&room, &all[i]);
		thread_unblock(all[i].thread);
		expect_sleeps_on(&all[i], "after a thread_unblock() that is "
					  "no waitq_wake()");
	}
	CHECK(t, room_wake(&room, 1) == 1,
	      "waitq_wake(1) after a "
	      "thread_unblock(): expected 1");
	expect_returns(&all[0], 0, "after waitq_wake()");
	room_close(&room, all, 2);
}
KTEST(lab03, stale_unblock);

/* "First come" counts from the call, and not from the last time at which the
 * thread was on a CPU: an unblock, or a kill that is none of its business, does
 * not send it to the end of the queue. */
static void test_keeps_its_place(struct ktest *t)
{
	struct process p;
	struct caller all[3] = {{.deadline = 0}, {.pretends = &p}};
	struct room room;

	room_init(&room, t);
	ASSERT(t, pretended_init(&p) == 0);
	for (unsigned int i = 0; i < 3; i++)
		sleeper_bed(&room, &all[i]);
	thread_unblock(all[0].thread);
	expect_sleeps_on(&all[0], "after a thread_unblock() that is no "
				  "waitq_wake()");
	pretended_kill(&p, all[1].thread);
	expect_sleeps_on(&all[1], "killed, not WAIT_INTERRUPTIBLE");
	for (unsigned int i = 0; i < 3; i++) {
		room_wake(&room, 1);
		(void)EVENTUALLY(t, all[i].returned);
		CHECK(t, all[i].returned && all[i].place == i,
		      "the first of three was unblocked and slept on, the "
		      "second was killed and slept on; wake-up %u must still "
		      "reach the one that came as number %u",
		      i + 1, i + 1);
	}
	room_close(&room, all, 3);
	pretended_free(&p);
}
KTEST(lab03, keeps_its_place);

/* One that came before the thread goes to sleep is remembered (thread.h). */
static int unblock_self_and_sleep(struct caller *c)
{
	struct room *room = c->object;
	int result;

	spin_lock(&room->lock);
	thread_unblock(current);
	result = waitq_sleep_until(&room->waitq, &room->lock, WAIT_FOREVER, 0);
	spin_unlock(&room->lock);
	return result;
}

static void test_early_unblock(struct ktest *t)
{
	struct room room;
	struct caller s = {.call = unblock_self_and_sleep, .object = &room};

	room_init(&room, t);
	caller_bed(t, &s);
	expect_sleeps_on(&s, "a thread_unblock() came before it slept");
	CHECK(t, room_wake(&room, 1) == 1,
	      "waitq_wake(1) with one sleeper must return 1");
	expect_returns(&s, 0, "after waitq_wake()");
	room_close(&room, &s, 1);
}
KTEST(lab03, early_unblock);
