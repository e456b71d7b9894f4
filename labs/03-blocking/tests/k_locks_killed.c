/*
 * k_locks_killed.c - exercise 3.2: a kill does not end the wait for a lock.
 *
 * Mutex, condition variable and reader-writer lock have no flags: whoever
 * waits for one waits until it has it.  A thread that came back without it
 * would go on as if it had it: into the section, beside its owner, and then
 * give back what is another's.
 */
#include "lab03.h"

struct desk {
	struct mutex m;
	struct condition c;
	struct rwlock l;
};

static int wait_for_mutex(struct caller *c)
{
	struct desk *d = c->object;
	int result = mutex_lock_until(&d->m, caller_deadline(c));

	return result ? result : mutex_unlock(&d->m);
}

static int wait_for_signal(struct caller *c)
{
	struct desk *d = c->object;
	int result;

	mutex_lock(&d->m);
	result = condition_wait_until(&d->c, &d->m, caller_deadline(c));
	EXPECT_RESULT(c->t, mutex_unlock(&d->m), 0,
		      "after condition_wait() the caller owns the mutex again");
	return result;
}

static int wait_to_read(struct caller *c)
{
	struct desk *d = c->object;
	int result = rwlock_read_lock(&d->l);

	return result ? result : rwlock_read_unlock(&d->l);
}

static int wait_to_write(struct caller *c)
{
	struct desk *d = c->object;
	int result = rwlock_write_lock(&d->l);

	return result ? result : rwlock_write_unlock(&d->l);
}

#define WAITERS 6

static const struct {
	const char *killed, *served;
	int (*call)(struct caller *c);
	bool has_deadline;
} waits[WAITERS] = {
	{"killed in condition_wait()", "signalled", wait_for_signal, false},
	{"killed in condition_wait_until()", "signalled", wait_for_signal,
	 true},
	{"killed in mutex_lock()", "the owner unlocked", wait_for_mutex, false},
	{"killed in mutex_lock_until()", "the owner unlocked", wait_for_mutex,
	 true},
	{"killed in rwlock_read_lock()", "the writer unlocked", wait_to_read,
	 false},
	{"killed in rwlock_write_lock()", "the writer unlocked", wait_to_write,
	 false},
};

/* Those that wait for the condition must have given back the mutex before this
 * thread takes it. */
static void bed_and_kill(struct ktest *t, struct caller *c, struct desk *d,
			 struct process *p)
{
	for (unsigned int i = 0; i < WAITERS; i++) {
		uint64_t deadline = waits[i].has_deadline ? NOT_SOON : 0;

		if (i == 2)
			EXPECT_RESULT(t, mutex_lock(&d->m), 0, "it is free");
		c[i] = (struct caller){.call = waits[i].call,
				       .object = d,
				       .pretends = p,
				       .deadline = deadline};
		caller_bed(t, &c[i]);
	}
	for (unsigned int i = 0; i < WAITERS; i++) {
		pretended_kill(p, c[i].thread);
		expect_sleeps_on(&c[i], waits[i].killed);
	}
}

static void test_locks_ignore_kill(struct ktest *t)
{
	struct caller c[WAITERS];
	struct process p;
	struct desk d;

	mutex_init(&d.m, "desk");
	condition_init(&d.c, "bell");
	rwlock_init(&d.l, "register");
	ASSERT(t, pretended_init(&p) == 0);
	EXPECT_RESULT(t, rwlock_write_lock(&d.l), 0, "it is free");
	bed_and_kill(t, c, &d, &p);
	condition_broadcast(&d.c);
	EXPECT_RESULT(t, mutex_unlock(&d.m), 0, "the caller owns it");
	EXPECT_RESULT(t, rwlock_write_unlock(&d.l), 0, "the caller writes");
	for (unsigned int i = 0; i < WAITERS; i++)
		expect_returns(&c[i], 0, waits[i].served);
	callers_join(c, WAITERS);
	pretended_free(&p);
}
KTEST(lab03, locks_ignore_kill);
