/*
 * thread.c - the life of a kernel thread: create, start, block, exit, join.
 *
 * A thread cannot free the stack that it runs on.  So thread_exit() only marks
 * it and switches away; the thread that comes next on that CPU buries it:
 * wakes who waits in thread_join(), which frees it, or, if it was detached,
 * hands it to the reaper thread.  See sched.c for who may change a state.
 *
 * Where many threads are ready the reaper waits for its turn, and while it does
 * many more may die.  So who creates a thread helps it when there is a backlog.
 */
#include "thread.h"
#include "errno.h"
#include "heap.h"
#include "panic.h"
#include "sched.h"
#include "string.h"
#include "time.h"
#include "trace.h"
#include "vm.h"

struct list_head all_threads = LIST_INIT(all_threads);

static struct core_lock threads_lock = CORE_LOCK_INIT("threads", RANK_THREADS);
static unsigned int threads_live;
static uint32_t threads_created;

/* So many dead threads are left to the reaper alone; beyond that, a new one
 * costs its creator so many. */
#define BACKLOG 64
#define HELP 2

/* Detached threads that have ended, for the reaper to free. */
static struct core_lock reaper_lock =
	CORE_LOCK_INIT("reaper", RANK_THREAD_EXIT);
static struct list_head reaper_list = LIST_INIT(reaper_list);
static unsigned int reaper_backlog; /* how many are on it */
static struct thread *reaper;

const char *thread_state_name(enum thread_state state)
{
	static const char *const names[] = {
		[THREAD_NEW] = "new",         [THREAD_READY] = "ready",
		[THREAD_RUNNING] = "running", [THREAD_BLOCKED] = "blocked",
		[THREAD_EXITED] = "exited",
	};

	return state < ARRAY_SIZE(names) ? names[state] : "?";
}

/* ---- birth ---- */

static void threads_add(struct thread *t, bool idle)
{
	core_lock(&threads_lock);
	if (!idle) {
		t->id = ++threads_created;
		threads_live++;
	}
	list_push_back(&all_threads, &t->all_link);
	core_unlock(&threads_lock);
}

/* Where a new thread's first switch returns to. */
static __attribute__((noreturn)) void thread_begin(void)
{
	sched_begin();
	current->entry(current->arg);
	thread_exit();
}

/*
 * The stack as context_switch() leaves it: six registers, all 0, so that RBP
 * ends a backtrace; the address to go on at; and a return address of 0, which
 * also aligns the stack as the ABI wants it at a function's entry.
 */
static uint64_t make_stack(uintptr_t stack)
{
	uint64_t *top = (uint64_t *)(stack + STACK_SIZE);

	*--top = 0;
	*--top = (uintptr_t)thread_begin;
	for (unsigned int i = 0; i < 6; i++)
		*--top = 0;
	return (uintptr_t)top;
}

static void thread_free(struct thread *t)
{
	core_lock(&threads_lock);
	list_remove(&t->all_link);
	threads_live--;
	core_unlock(&threads_lock);
	vm_stack_free(t->stack);
	kfree(t);
}

/* Frees a thread that died; false: there is none. */
static bool reap_one(void)
{
	struct list_head *link;

	core_lock(&reaper_lock);
	link = list_pop_front(&reaper_list);
	if (link)
		reaper_backlog--;
	core_unlock(&reaper_lock);
	if (link)
		thread_free(list_entry(link, struct thread, run_link));
	return link;
}

static void help_reaper(void)
{
	for (unsigned int i = 0; i < HELP; i++)
		reap_one();
}

int thread_create(struct thread **out, const char *name,
		  void (*entry)(void *arg), void *arg)
{
	struct thread *t;
	uintptr_t stack;

	if (unlikely(reaper_backlog > BACKLOG))
		help_reaper();
	t = kmalloc(sizeof(*t));
	stack = vm_stack_alloc();
	if (!t || !stack) {
		kfree(t);
		if (stack)
			vm_stack_free(stack);
		return -ENOMEM;
	}
	memset(t, 0, offsetof(struct thread, fpu)); /* fpu: by its program */
	strlcpy(t->name, name, sizeof(t->name));
	t->stack = stack;
	t->rsp = make_stack(stack);
	t->entry = entry;
	t->arg = arg;
	t->pinned = ANY_CPU;
	t->state = THREAD_NEW;
	t->cpu = intr_push()->id;
	intr_pop();
	list_init(&t->run_link);
	list_init(&t->mutexes);
	core_lock_init(&t->exit_lock, "thread exit", RANK_THREAD_EXIT);
	threads_add(t, false);
	*out = t;
	return 0;
}

int thread_pin(struct thread *t, unsigned int cpu)
{
	assert(t->state == THREAD_NEW);
	if (cpu >= cpu_count)
		return -EINVAL;
	t->pinned = cpu;
	t->cpu = cpu;
	return 0;
}

int thread_spawn(struct thread **out, const char *name,
		 void (*entry)(void *arg), void *arg)
{
	int error = thread_create(out, name, entry, arg);

	if (!error)
		thread_start(*out);
	return error;
}

int thread_spawn_on(unsigned int cpu, struct thread **out, const char *name,
		    void (*entry)(void *arg), void *arg)
{
	if (cpu >= cpu_count)
		return -EINVAL;

	int error = thread_create(out, name, entry, arg);

	if (error)
		return error;
	thread_pin(*out, cpu);
	thread_start(*out);
	return 0;
}

/* ---- death ---- */

void thread_exit(void)
{
	struct thread *self = current;
	struct run_queue *rq;

	assert_may_sleep();
	rq = sched_lock_local();
	self->state = THREAD_EXITED;
	rq->dead = self;
	sched_switch_away(rq);
	panic("thread_exit: thread %u (%s) ran again", self->id, self->name);
}

static void reap_later(struct thread *t)
{
	core_lock(&reaper_lock);
	list_push_back(&reaper_list, &t->run_link);
	reaper_backlog++;
	core_unlock(&reaper_lock);
	thread_unblock(reaper);
}

/*
 * A joiner frees t as soon as it has seen `exited` under exit_lock, and may
 * then end itself: so it is woken before that lock is released.
 */
void thread_bury(struct thread *t)
{
	core_lock(&t->exit_lock);
	bool detached = t->detached;

	t->exited = true;
	if (t->joiner)
		thread_unblock(t->joiner);
	core_unlock(&t->exit_lock);
	if (detached)
		reap_later(t);
}

static bool thread_has_exited(struct thread *t)
{
	core_lock(&t->exit_lock);
	bool exited = t->exited;

	if (!exited)
		t->joiner = current;
	core_unlock(&t->exit_lock);
	return exited;
}

void thread_join(struct thread *t)
{
	struct wait_record outer;

	assert(t != current);
	assert_may_sleep_at(CALL_SITE);
	outer = wait_begin(WAIT_JOIN, t, t->name, CALL_SITE);
	while (!thread_has_exited(t))
		thread_block();
	wait_end(outer);
	thread_free(t);
}

void thread_detach(struct thread *t)
{
	if (t->state == THREAD_NEW) { /* it cannot be ending meanwhile */
		t->detached = true;
		return;
	}
	core_lock(&t->exit_lock);
	bool exited = t->exited;

	assert(!t->detached && !t->joiner);
	t->detached = true;
	core_unlock(&t->exit_lock);
	if (exited)
		reap_later(t);
}

/* The newest thread that is not on its way to be freed; needs threads_lock. */
static struct thread *newest_stuck(uint32_t first)
{
	struct thread *t, *newest = NULL;

	list_for_each (t, &all_threads, all_link)
		if (t->id >= first &&
		    !(t->state == THREAD_EXITED && t->detached))
			newest = t;
	return newest;
}

unsigned int thread_abandon(uint32_t first)
{
	unsigned int count = 0;

	for (;;) {
		struct thread *t;

		core_lock(&threads_lock);
		t = newest_stuck(first);
		core_unlock(&threads_lock);
		if (!t)
			return count;
		assert(t->state != THREAD_READY && t->state != THREAD_RUNNING);
		assert(!t->proc);
		timer_cancel(&t->timer);
		thread_free(t);
		count++;
	}
}

static void reap(void *arg)
{
	wait_begin(WAIT_WORK, NULL, NULL, CALL_SITE);
	for (;;)
		if (!reap_one())
			thread_block();
}

/* ---- all threads ---- */

void thread_init_idle(struct cpu *c)
{
	struct thread *t = kzalloc(sizeof(*t));

	if (!t)
		panic("thread_init_idle: no memory for CPU %u's idle thread",
		      c->id);
	snprintf(t->name, sizeof(t->name), "idle/%u", c->id);
	t->state = THREAD_RUNNING;
	t->cpu = c->id;
	t->pinned = c->id;
	t->stack = ALIGN_DOWN(read_rbp(), STACK_SIZE);
	t->run_cycles = -time_cycles();
	list_init(&t->run_link);
	c->idle = c->running = t;
	threads_add(t, true);
}

void thread_init(void)
{
	if (thread_spawn(&reaper, "reaper", reap, NULL))
		panic("thread_init: no memory for the reaper thread");
}

unsigned int thread_count(void)
{
	return __atomic_load_n(&threads_live, __ATOMIC_RELAXED);
}

void thread_for_each(void (*fn)(struct thread *t, void *arg), void *arg,
		     bool locked)
{
	struct thread *t;

	if (locked)
		core_lock(&threads_lock);
	list_for_each (t, &all_threads, all_link)
		fn(t, arg);
	if (locked)
		core_unlock(&threads_lock);
}
