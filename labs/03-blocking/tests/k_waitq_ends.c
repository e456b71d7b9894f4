/*
 * k_waitq_ends.c - exercise 3.1: waits that end by a deadline or a kill.
 *
 * The rule behind all of these: a sleeper that waitq_wake() has counted returns
 * 0, whatever else happens; and one that gives up is off the queue, and will
 * never be counted.
 */
#include "lab03.h"

/* ---- deadlines ---- */

#define LATENESS (200 * NSEC_PER_USEC)

static void test_timeout(struct ktest *t)
{
	struct caller s = {.deadline = soon()};
	struct room room;

	if (!deadlines_hold(t))
		return;
	room_init(&room, t);
	sleeper_bed(&room, &s);
	thread_sleep_until(s.deadline + LATENESS);
	expect_returns(&s, -ETIMEDOUT, "after the deadline");
	CHECK(t, s.returned_at >= s.deadline,
	      "-ETIMEDOUT came %'llu ns before the deadline",
	      (unsigned long long)(s.deadline - s.returned_at));
	CHECK(t, room_wake(&room, 1) == 0,
	      "waitq_wake(1) after the only sleeper has timed out: expected 0, "
	      "for nobody is there");
	room_close(&room, &s, 1);
}
KTEST(lab03, timeout);

static void test_deadline_has_passed(struct ktest *t)
{
	struct caller past = {.deadline = 1}, never = {.deadline = 0};
	struct room room;

	room_init(&room, t);
	sleeper_bed(&room, &never);
	sleeper_start(&room, &past);
	expect_returns(&past, -ETIMEDOUT, "a deadline that has passed already");
	CHECK(t, room_wake(&room, WAKE_ALL) == 1,
	      "waitq_wake(WAKE_ALL) must return 1: one sleeps, the other has "
	      "timed out");
	expect_returns(&never, 0, "after waitq_wake()");
	room_close(&room, &past, 1);
	room_close(&room, &never, 1);
}
KTEST(lab03, deadline_has_passed);

static void test_timeout_in_the_middle(struct ktest *t)
{
	struct caller all[3] = {{.deadline = 0}};
	struct room room;

	if (!deadlines_hold(t))
		return;
	room_init(&room, t);
	all[1].deadline = soon();
	for (unsigned int i = 0; i < 3; i++)
		sleeper_bed(&room, &all[i]);
	thread_sleep_until(all[1].deadline + LATENESS);
	expect_returns(&all[1], -ETIMEDOUT, "the middle one of three");
	CHECK(t, room_wake(&room, 1) == 1, "waitq_wake(1) must return 1");
	expect_returns(&all[0], 0, "the first one, after waitq_wake(1)");
	expect_sleeps_on(&all[2], "the last one, after one waitq_wake(1)");
	CHECK(t, room_wake(&room, WAKE_ALL) == 1,
	      "waitq_wake(WAKE_ALL) must return 1: the last one of three");
	room_close(&room, all, 3);
}
KTEST(lab03, timeout_in_the_middle);

/* A thread_unblock() that means nothing ends neither the wait nor what can end
 * it: afterwards the deadline still comes at its time, and so does a kill. */
static void test_ends_after_stale_unblock(struct ktest *t)
{
	struct process p;
	struct caller all[3] = {
		{.deadline = soon()},
		{.deadline = soon(), .flags = WAIT_INTERRUPTIBLE},
		{.flags = WAIT_INTERRUPTIBLE, .pretends = &p},
	};
	struct room room;

	if (!deadlines_hold(t))
		return;
	room_init(&room, t);
	ASSERT(t, pretended_init(&p) == 0);
	for (unsigned int i = 0; i < 3; i++)
		sleeper_bed(&room, &all[i]);
	for (unsigned int i = 0; i < 3; i++) {
		thread_unblock(all[i].thread);
		expect_sleeps_on(&all[i], "after a thread_unblock() that is "
					  "no waitq_wake()");
	}
	thread_sleep_until(all[1].deadline + LATENESS);
	expect_returns(&all[0], -ETIMEDOUT,
		       "unblocked once, and now its deadline has passed");
	expect_returns(&all[1], -ETIMEDOUT,
		       "WAIT_INTERRUPTIBLE, unblocked once, not killed, and "
		       "now its deadline has passed");
	for (unsigned int i = 0; i < 2; i++)
		CHECK(t,
		      !all[i].returned || all[i].returned_at >= all[i].deadline,
		      "-ETIMEDOUT came %'llu ns before the deadline",
		      (unsigned long long)(all[i].deadline -
					   all[i].returned_at));
	pretended_kill(&p, all[2].thread);
	expect_returns(&all[2], -ERESTARTSYS, "unblocked once, then killed");
	room_close(&room, all, 3);
	pretended_free(&p);
}
KTEST(lab03, ends_after_stale_unblock);

/* ---- a wake-up, and at the same time something else ---- */

/* Woken, and the deadline passes before the sleeper gets the lock. */
static void test_wakeup_beats_deadline(struct ktest *t)
{
	struct caller s = {.deadline = soon()};
	struct room room;

	if (!deadlines_hold(t))
		return;
	room_init(&room, t);
	sleeper_bed(&room, &s);
	spin_lock(&room.lock);
	waitq_wake(&room.waitq, 1);
	spin_until(s.deadline + LATENESS);
	spin_unlock(&room.lock);
	expect_returns(&s, 0,
		       "woken by waitq_wake() before its deadline, "
		       "which has passed since");
	room_close(&room, &s, 1);
}
KTEST(lab03, wakeup_beats_deadline);

/*
 * The deadline has passed, and made the sleeper ready; but somebody has the
 * lock, and wakes it.  Whether it was still on the queue, only waitq_wake() can
 * tell; it must tell the same as the sleeper.
 */
static void test_deadline_before_wakeup(struct ktest *t)
{
	for (unsigned int i = 0; i < 20; i++) {
		uint64_t soon = time_ns() + 50 * NSEC_PER_USEC;
		struct caller s = {.deadline = soon};
		struct room room;
		unsigned int woken;

		room_init(&room, t);
		sleeper_start(&room, &s);
		(void)EVENTUALLY(t, is_asleep(s.thread) || s.returned);
		spin_until(s.deadline - 2000 + i * 200);
		woken = room_wake(&room, 1);
		expect_returns(&s, woken ? 0 : -ETIMEDOUT,
			       woken ? "waitq_wake() returned 1, at about the "
				       "deadline"
				     : "waitq_wake() returned 0, at about the "
				       "deadline");
		room_close(&room, &s, 1);
	}
}
KTEST(lab03, deadline_before_wakeup, .seeds = 3);

/* ---- kills ---- */

static void test_kill(struct ktest *t)
{
	struct process p;
	struct caller all[3] = {
		{.flags = WAIT_INTERRUPTIBLE, .pretends = &p},
		{.flags = WAIT_INTERRUPTIBLE},
		{.flags = WAIT_INTERRUPTIBLE,
		 .pretends = &p,
		 .deadline = NOT_SOON},
	};
	struct room room;

	room_init(&room, t);
	ASSERT(t, pretended_init(&p) == 0);
	for (unsigned int i = 0; i < 3; i++)
		sleeper_bed(&room, &all[i]);
	pretended_kill(&p, all[0].thread);
	expect_returns(&all[0], -ERESTARTSYS, "killed, WAIT_INTERRUPTIBLE");
	expect_sleeps_on(&all[1], "another thread was killed");
	pretended_kill(&p, all[2].thread);
	expect_returns(&all[2], -ERESTARTSYS,
		       "killed, WAIT_INTERRUPTIBLE, long before its deadline");
	CHECK(t, room_wake(&room, WAKE_ALL) == 1,
	      "waitq_wake(WAKE_ALL) must return 1: one sleeps, the other two "
	      "were killed");
	room_close(&room, all, 3);
	pretended_free(&p);
}
KTEST(lab03, kill);

static void test_kill_before_sleeping(struct ktest *t)
{
	struct process p;
	struct caller first = {.deadline = 0};
	struct caller killed = {.flags = WAIT_INTERRUPTIBLE, .pretends = &p};
	struct room room;

	room_init(&room, t);
	ASSERT(t, pretended_init(&p) == 0);
	p.state = PROCESS_DYING;
	sleeper_bed(&room, &first);
	sleeper_start(&room, &killed);
	expect_returns(&killed, -ERESTARTSYS, "killed before it slept");
	CHECK(t, room_wake(&room, WAKE_ALL) == 1,
	      "waitq_wake(WAKE_ALL) must return 1: the killed one has gone");
	room_close(&room, &first, 1);
	room_close(&room, &killed, 1);
	pretended_free(&p);
}
KTEST(lab03, kill_before_sleeping);

/* Without the flag, a kill changes nothing, also in what it costs. */
static void test_kill_without_flag(struct ktest *t)
{
	struct process p;
	struct caller all[2] = {
		{.pretends = &p},
		{.pretends = &p, .deadline = NOT_SOON},
	};
	struct room room;

	room_init(&room, t);
	ASSERT(t, pretended_init(&p) == 0);
	for (unsigned int i = 0; i < 2; i++) {
		sleeper_bed(&room, &all[i]);
		pretended_kill(&p, all[i].thread);
		expect_sleeps_on(&all[i], "killed, not WAIT_INTERRUPTIBLE");
	}
	CHECK(t, room_wake(&room, WAKE_ALL) == 2,
	      "waitq_wake(WAKE_ALL) must return 2: both wait on");
	for (unsigned int i = 0; i < 2; i++)
		expect_returns(&all[i], 0, "after waitq_wake()");
	room_close(&room, all, 2);
	pretended_free(&p);
}
KTEST(lab03, kill_without_flag);

/* It was counted by waitq_wake(), and so must not go as if it had not been. */
static void test_wakeup_beats_kill(struct ktest *t)
{
	struct process p;
	struct caller s = {.flags = WAIT_INTERRUPTIBLE, .pretends = &p};
	struct room room;

	room_init(&room, t);
	ASSERT(t, pretended_init(&p) == 0);
	sleeper_bed(&room, &s);
	spin_lock(&room.lock);
	waitq_wake(&room.waitq, 1);
	pretended_kill(&p, s.thread);
	spin_unlock(&room.lock);
	expect_returns(&s, 0, "woken by waitq_wake(), and then killed");
	room_close(&room, &s, 1);
	pretended_free(&p);
}
KTEST(lab03, wakeup_beats_kill);
