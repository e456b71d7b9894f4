/*
 * k_lab03.c - what the tests of lab 3 share: see lab03.h.
 */
#include "lab03.h"

#include "aspace.h"
#include "heap.h"
#include "panic.h"

static const struct {
	int result;
	const char *name;
} results[] = {
	{0, "0"},
	{-EAGAIN, "-EAGAIN"},
	{-EBUSY, "-EBUSY"},
	{-EDEADLK, "-EDEADLK"},
	{-EFAULT, "-EFAULT"},
	{-EINVAL, "-EINVAL"},
	{-ENOSYS, "-ENOSYS"},
	{-EPERM, "-EPERM"},
	{-ERESTARTSYS, "-ERESTARTSYS"},
	{-ETIMEDOUT, "-ETIMEDOUT"},
};

const char *result_name(int result)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(results); i++)
		if (results[i].result == result)
			return results[i].name;
	return "another number";
}

/* SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* ---- time ---- */

uint64_t long_time(void)
{
	return ktest_time_is_exact() ? 4 * NSEC_PER_MSEC : KTEST_LAST_RESORT;
}

uint64_t patience(const struct ktest *t)
{
	return t->failures ? 0 : long_time();
}

uint64_t soon(void)
{
	return time_ns() + NSEC_PER_MSEC;
}

bool deadlines_hold(struct ktest *t)
{
	if (ktest_time_is_exact())
		return true;
	ktest_skip(t, "a deadline may come too early: make test ICOUNT=1");
	return false;
}

void spin_until(uint64_t deadline)
{
	while (time_ns() < deadline)
		cpu_relax();
}

/* ---- threads ---- */

struct thread *spawn(const char *name, void (*entry)(void *arg), void *arg)
{
	struct thread *thread;

	if (thread_spawn(&thread, name, entry, arg))
		panic("spawn: no memory for a thread");
	return thread;
}

#define MAX_THREADS 24

void run_threads(unsigned int n, void (*entry)(void *arg), void *arg)
{
	struct thread *threads[MAX_THREADS];

	assert(n <= MAX_THREADS);
	for (unsigned int i = 0; i < n; i++)
		threads[i] = spawn("worker", entry, arg);
	for (unsigned int i = 0; i < n; i++)
		thread_join(threads[i]);
}

bool is_asleep(const struct thread *thread)
{
	const volatile enum thread_state *state = &thread->state;

	return *state == THREAD_BLOCKED && thread->waits.wait.kind != WAIT_NONE;
}

bool await_asleep(struct ktest *t, const struct thread *thread)
{
	bool asleep = EVENTUALLY(t, is_asleep(thread));

	if (!asleep && thread->state == THREAD_EXITED)
		FAIL(t, "a thread that shall sleep has returned already");
	else if (!asleep)
		FAIL(t,
		     "a thread that shall sleep is %s: it takes CPU time, or "
		     "has returned already",
		     thread_state_name(thread->state));
	return asleep;
}

/* ---- callers ---- */

static void caller_run(void *arg)
{
	struct caller *c = arg;

	if (c->pretends)
		pretend_begin(c->pretends);
	c->result = c->call(c);
	c->returned_at = time_ns();
	if (c->order)
		c->place = __atomic_fetch_add(c->order, 1, __ATOMIC_SEQ_CST);
	/* Another CPU that sees this sees what is above, too. */
	__atomic_store_n(&c->returned, true, __ATOMIC_RELEASE);
	if (c->pretends)
		pretend_end();
}

void caller_start(struct ktest *t, struct caller *c)
{
	c->t = t;
	c->thread = spawn("caller", caller_run, c);
}

void caller_bed(struct ktest *t, struct caller *c)
{
	caller_start(t, c);
	await_asleep(t, c->thread);
}

void callers_join(struct caller *callers, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		thread_join(callers[i].thread);
}

void expect_sleeps_on(struct caller *c, const char *what)
{
	(void)EVENTUALLY(c->t, c->returned || is_asleep(c->thread));
	CHECK(c->t, !c->returned,
	      "%s: the thread shall sleep on, but it returned %s", what,
	      result_name(c->result));
	CHECK(c->t, c->returned || is_asleep(c->thread),
	      "%s: the thread shall sleep on, but it is %s", what,
	      thread_state_name(c->thread->state));
}

void expect_returns(struct caller *c, int want, const char *what)
{
	if (!EVENTUALLY(c->t, c->returned)) {
		FAIL(c->t, "%s: the thread shall return %s, but it is still %s",
		     what, result_name(want),
		     thread_state_name(c->thread->state));
		return;
	}
	CHECK(c->t, c->result == want, "%s: expected %s, the thread got %s",
	      what, result_name(want), result_name(c->result));
}

/* ---- rooms ---- */

void room_init(struct room *room, struct ktest *t)
{
	*room = (struct room){.t = t};
	spin_init(&room->lock, "room");
	waitq_init(&room->waitq, "room");
}

/* Without the lock there is nothing that could be gone on with. */
static void leave(struct room *room, struct caller *c, int result)
{
	if (!spin_held(&room->lock)) {
		FAIL(room->t,
		     "waitq_sleep_until() returned %s without holding the lock",
		     result_name(result));
		return;
	}
	c->place = room->left++;
	spin_unlock(&room->lock);
	if (!intr_enabled()) {
		FAIL(room->t, "interrupts are off after waitq_sleep_until() "
			      "and spin_unlock()");
		sti();
	}
}

static int sleep_in_room(struct caller *c)
{
	struct room *room = c->object;
	int result;

	spin_lock(&room->lock);
	result = waitq_sleep_until(&room->waitq, &room->lock,
				   caller_deadline(c), c->flags);
	leave(room, c, result);
	return result;
}

void sleeper_start(struct room *room, struct caller *c)
{
	c->call = sleep_in_room;
	c->object = room;
	caller_start(room->t, c);
}

void sleeper_bed(struct room *room, struct caller *c)
{
	sleeper_start(room, c);
	await_asleep(room->t, c->thread);
}

unsigned int room_wake(struct room *room, unsigned int count)
{
	unsigned int woken;

	spin_lock(&room->lock);
	woken = waitq_wake(&room->waitq, count);
	spin_unlock(&room->lock);
	return woken;
}

void room_close(struct room *room, struct caller *sleepers, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		room_wake(room, WAKE_ALL); /* which should be all */
	callers_join(sleepers, n);
}

/* ---- pretended processes ---- */

int pretended_init(struct process *p)
{
	memset(p, 0, sizeof(*p));
	p->aspace = aspace_create();
	return p->aspace ? 0 : -ENOMEM;
}

void pretended_free(struct process *p)
{
	aspace_put(p->aspace);
	aspace_trim();
}

/* What execve() and exit do for a thread, as far as a switch needs it. */
void pretend_begin(struct process *p)
{
	intr_push();
	user_fpu_init(&current->fpu);
	current->proc = p;
	current->must_leave = p->state == PROCESS_DYING;
	aspace_activate(p->aspace);
	user_registers_load(this_cpu(), current);
	intr_pop();
}

void pretend_end(void)
{
	intr_push();
	current->proc = NULL;
	current->must_leave = false;
	aspace_activate(NULL);
	intr_pop();
}

void pretended_kill(struct process *p, struct thread *thread)
{
	p->state = PROCESS_DYING;
	thread->must_leave = true;
	thread_unblock(thread);
}
