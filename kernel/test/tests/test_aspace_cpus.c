/*
 * test_aspace_cpus.c - tests of address spaces on several CPUs.
 *
 * A CPU remembers translations in its TLB, and which page tables it has loaded;
 * here it is made to remember what another CPU then changes.  The thread that
 * is to remember has a process, which nobody else knows, so that it is a user
 * thread for the switch and for the page fault handler, and touches user memory
 * by uaccess.  It never sleeps meanwhile, for then its CPU might give the
 * page tables up.
 */
#include "cpu.h"
#include "errno.h"
#include "heap.h"
#include "process.h"
#include "string.h"
#include "test_mm.h"
#include "test_user.h"
#include "uaccess.h"
#include "vm.h"

#define WINDOW (64 * MIB)

/* ---- a user thread without a program ---- */

struct user_thread {
	struct process proc;
	struct thread *thread;
	void (*fn)(void *arg);
	void *arg;
};

static void user_thread_run(void *arg)
{
	struct user_thread *user = arg;

	user->fn(user->arg);
	intr_push();
	current->proc = NULL; /* as thread_depart() */
	aspace_activate(NULL);
	intr_pop();
}

/* NULL when there is no memory.  Its memory stays the caller's. */
static struct user_thread *user_thread_start(struct aspace *as,
					     unsigned int cpu,
					     void (*fn)(void *arg), void *arg)
{
	struct user_thread *user = kzalloc(sizeof(*user));

	if (!user)
		return NULL;
	user->proc.aspace = as;
	user->fn = fn;
	user->arg = arg;
	if (thread_create(&user->thread, "user", user_thread_run, user)) {
		kfree(user);
		return NULL;
	}
	user_fpu_init(&user->thread->fpu);
	user->thread->proc = &user->proc;
	thread_pin(user->thread, cpu);
	thread_start(user->thread);
	return user;
}

static void user_thread_join(struct user_thread *user)
{
	thread_join(user->thread);
	kfree(user);
}

/* ---- which page tables a CPU has ---- */

struct lazy {
	struct ktest *t;
	struct aspace *as;
	struct gate go, done;
	uint64_t cr3;
};

static void lazy_run(void *arg)
{
	struct lazy *lazy = arg;

	intr_push();
	aspace_activate(lazy->as);
	intr_pop();
	gate_open(&lazy->done);
	gate_wait(lazy->t, &lazy->go);
	lazy->cr3 = read_cr3();
}

/* A CPU that has an address space loaded for nobody leaves it in time. */
static void test_leave(struct ktest *t)
{
	struct lazy lazy = {.t = t, .as = aspace_create()};
	struct thread *thread;

	ASSERT(t, lazy.as);
	ASSERT(t, thread_spawn_on(cpu_count - 1, &thread, "lazy", lazy_run,
				  &lazy) == 0);
	EXPECT(t, gate_wait(t, &lazy.done));
	EXPECT_EQ(t, lazy.as->cpus, 1u << (cpu_count - 1));
	aspace_put(lazy.as);
	gate_open(&lazy.go);
	thread_join(thread);
	EXPECT_EQ(t, lazy.cr3, vm_root);
	aspace_trim();
}
KTEST(aspace, leave, .min_cpus = 2, .seeds = 5);

/* ---- what a TLB remembers ---- */

enum { TOUCHES = 8 };

/* Whose turn it is, `done` says: they take turns, on two CPUs. */
struct touch {
	struct ktest *t;
	struct aspace *as;
	volatile unsigned int asked, done;
	int read_error, write_error;
	uint64_t word;
};

/* Reads the word, and writes the number of the touch, as often as asked. */
static void touch_run(void *arg)
{
	struct touch *touch = arg;

	for (uint64_t n = 1; n <= TOUCHES; n++) {
		while (touch->asked < n)
			cpu_relax();
		touch->read_error = get_user(touch->word, WINDOW);
		touch->write_error = put_user(n, WINDOW);
		touch->done = n;
	}
}

static void expect_touch(struct touch *touch, int read_error, int write_error)
{
	unsigned int n = touch->asked + 1;

	touch->asked = n;
	while (touch->done < n)
		cpu_relax();
	EXPECT_EQ(touch->t, touch->read_error, read_error);
	EXPECT_EQ(touch->t, touch->write_error, write_error);
}

/* Each change takes something away that the other CPU has just used. */
static void change_run(void *arg)
{
	struct touch *touch = arg;
	struct aspace *as = touch->as, *child;
	struct ktest *t = touch->t;
	uint64_t word = 0;

	user_map(as, WINDOW, 1, PROT_RW);
	expect_touch(touch, 0, 0); /* 1 */
	aspace_protect(as, WINDOW, PAGE_SIZE, PROT_READ);
	expect_touch(touch, 0, -EFAULT);
	EXPECT_EQ(t, touch->word, 1);
	aspace_protect(as, WINDOW, PAGE_SIZE, PROT_RW);
	expect_touch(touch, 0, 0); /* 3 */
	child = aspace_fork(as);
	expect_touch(touch, 0, 0); /* 4, into a copy */
	EXPECT(t, child && user_read(child, WINDOW, &word) == 0);
	EXPECT_EQ(t, word, 3);
	if (child)
		aspace_put(child);
	aspace_discard(as, WINDOW, PAGE_SIZE);
	expect_touch(touch, 0, 0); /* 5 */
	EXPECT_EQ(t, touch->word, 0);
	aspace_protect(as, WINDOW, PAGE_SIZE, PROT_NONE);
	expect_touch(touch, -EFAULT, -EFAULT);
	aspace_protect(as, WINDOW, PAGE_SIZE, PROT_RW);
	expect_touch(touch, 0, 0); /* 7 */
	EXPECT_EQ(t, touch->word, 5);
	aspace_unmap(as, WINDOW, PAGE_SIZE);
	expect_touch(touch, -EFAULT, -EFAULT);
}

static void test_stale(struct ktest *t)
{
	struct touch touch = {.t = t, .as = aspace_create()};
	struct user_thread *user;
	struct thread *changer;

	ASSERT(t, touch.as);
	user = user_thread_start(touch.as, cpu_count - 1, touch_run, &touch);
	ASSERT(t, user);
	ASSERT(t, thread_spawn_on(0, &changer, "changer", change_run, &touch) ==
			  0);
	thread_join(changer);
	user_thread_join(user);
	aspace_put(touch.as);
	aspace_trim();
}
KTEST(aspace, stale, .min_cpus = 2, .seeds = 5);

/* ---- registers ---- */

#define YIELDS 50

struct registers {
	uint64_t xmm0, xmm15, x87;
	uint32_t mxcsr;
	uint16_t control;
};

static void registers_load(const struct registers *r)
{
	asm volatile("movq %0, %%xmm0\n\t"
		     "movq %1, %%xmm15\n\t"
		     "ldmxcsr %2\n\t"
		     "fninit\n\t"
		     "fldcw %3\n\t"
		     "fildq %4"
		     :
		     : "m"(r->xmm0), "m"(r->xmm15), "m"(r->mxcsr),
		       "m"(r->control), "m"(r->x87));
}

static void registers_store(struct registers *r)
{
	asm volatile("movq %%xmm0, %0\n\t"
		     "movq %%xmm15, %1\n\t"
		     "stmxcsr %2\n\t"
		     "fnstcw %3\n\t"
		     "fistpq %4"
		     : "=m"(r->xmm0), "=m"(r->xmm15), "=m"(r->mxcsr),
		       "=m"(r->control), "=m"(r->x87));
}

struct register_user {
	struct ktest *t;
	struct registers mine;
};

/* While others on this CPU load theirs, what is loaded here stays. */
static void registers_run(void *arg)
{
	struct register_user *user = arg;
	struct registers now;

	for (unsigned int i = 0; i < YIELDS; i++) {
		user->mine.xmm0 += i;
		memset(&now, 0, sizeof(now));
		registers_load(&user->mine);
		thread_yield();
		registers_store(&now);
		EXPECT_EQ(user->t, now.xmm0, user->mine.xmm0);
		EXPECT_EQ(user->t, now.xmm15, user->mine.xmm15);
		EXPECT_EQ(user->t, now.x87, user->mine.x87);
		EXPECT_EQ(user->t, now.mxcsr, user->mine.mxcsr);
		EXPECT_EQ(user->t, now.control, user->mine.control);
	}
}

#define REGISTER_USERS 3

static void test_registers(struct ktest *t)
{
	/* Rounding modes of both units, all exceptions masked (SDM 1, 8.1.5 and
	 * 10.2.3). */
	struct register_user users[REGISTER_USERS] = {
		{t, {1, 2, 3, 0x1f80, 0x037f}},
		{t, {1ul << 40, 1ul << 41, 1ul << 42, 0x3f80, 0x077f}},
		{t, {~1ul, ~2ul, 4, 0x5f80, 0x0b7f}},
	};
	struct user_thread *threads[REGISTER_USERS];
	struct aspace *as = aspace_create();

	ASSERT(t, as);
	for (size_t i = 0; i < REGISTER_USERS; i++) {
		threads[i] = user_thread_start(as, 0, registers_run, &users[i]);
		ASSERT(t, threads[i]);
	}
	for (size_t i = 0; i < REGISTER_USERS; i++)
		user_thread_join(threads[i]);
	aspace_put(as);
	aspace_trim();
}
KTEST(aspace, registers, .seeds = 5);

/* ---- many threads in one address space ---- */

#define WORKERS 3
#define WORKER_PAGES 6

struct worker {
	struct ktest *t;
	struct thread *thread;
	struct aspace *as;
	unsigned int number;
};

/* Maps, writes, forks, reads and unmaps in a place of its own, while the others
 * do the same in the same address space. */
static void worker_run(void *arg)
{
	struct worker *w = arg;
	uintptr_t at = WINDOW + w->number * 16 * PAGE_SIZE;
	uint64_t word = 0;

	for (unsigned int round = 0; round < 4; round++) {
		user_map(w->as, at, WORKER_PAGES, PROT_RW);
		for (size_t i = 0; i < WORKER_PAGES; i++)
			EXPECT_EQ(w->t,
				  user_write(w->as, at + i * PAGE_SIZE,
					     w->number),
				  0);
		struct aspace *child = aspace_fork(w->as);
		EXPECT_EQ(w->t, user_write(w->as, at, 99), 0);
		if (child) {
			EXPECT_EQ(w->t, user_read(child, at, &word), 0);
			EXPECT_EQ(w->t, word, w->number);
			aspace_put(child);
		}
		EXPECT_EQ(w->t, user_read(w->as, at, &word), 0);
		EXPECT_EQ(w->t, word, 99);
		aspace_unmap(w->as, at, WORKER_PAGES * PAGE_SIZE);
	}
	aspace_put(w->as);
}

static void test_threads(struct ktest *t)
{
	struct worker workers[WORKERS];
	struct aspace *as = aspace_create();

	ASSERT(t, as);
	for (unsigned int i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){.t = t, .as = as, .number = i};
		aspace_get(as);
		ASSERT(t, thread_spawn(&workers[i].thread, "worker", worker_run,
				       &workers[i]) == 0);
	}
	for (unsigned int i = 0; i < WORKERS; i++)
		thread_join(workers[i].thread);
	user_check(t, as);
	EXPECT_EQ(t, as->resident_pages, 0);
	aspace_put(as);
	aspace_trim();
}
KTEST(aspace, threads, .seeds = 20);
