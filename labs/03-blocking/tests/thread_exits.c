/*
 * thread_exits - who waits for a thread's end sleeps, and is woken: the kernel
 * clears the word that clone(2) named, and wakes who waits on it.
 */
#include "user_futex.h"
#include <pthread.h>

static volatile uint32_t alive, go;

/* What the thread below does.  It is not the C library's, which knows nothing
 * of it: so nothing here may need a thread of the library's, as errno does. */
static void wait_for_go(void)
{
	while (!go) {
		long result = SYS_sched_yield;

		asm volatile("syscall"
			     : "+a"(result)
			     :
			     : "rcx", "r11", "memory");
	}
}

/*
 * clone(2) itself: the C library's clone() refuses flags by which it would not
 * know its own threads any more, as musl does from 1.2.4 on.  The new thread
 * begins behind the system call, with 0 and an empty stack: so it must not
 * return from here, and ends by exit(2).  -errno, or the thread's number.
 */
static long clone_thread(unsigned long flags, char *stack_top,
			 volatile uint32_t *child_tid)
{
	register volatile uint32_t *tid asm("r10") = child_tid;
	register unsigned long tls asm("r8") = 0;
	long result = SYS_clone;

	asm volatile("syscall\n\t"
		     "test %%rax, %%rax\n\t"
		     "jnz 1f\n\t"
		     "xor %%ebp, %%ebp\n\t"
		     "call *%[entry]\n\t"
		     "mov %[exit], %%eax\n\t"
		     "xor %%edi, %%edi\n\t"
		     "syscall\n"
		     "1:"
		     : "+a"(result)
		     : "D"(flags), "S"(stack_top), "d"(0ul), "r"(tid),
		       "r"(tls), [entry] "r"(wait_for_go), [exit] "i"(SYS_exit)
		     : "rcx", "r11", "memory");
	return result;
}

TEST(exit_clears_the_word)
{
	static char stack[16384] __attribute__((aligned(16)));
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
		    CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
	long result;

	alive = 1;
	go = 0;
	result = clone_thread(flags, stack + sizeof(stack), &alive);
	if (result <= 0)
		TAP_FAIL("clone(2) of a thread: expected its number, got %ld",
			 result);
	ASSERT(result > 0);
	result = 0;
	go = 1;
	while (alive == 1 && result == 0)
		/* The kernel's wake-up is not private. */
		result = syscall(SYS_futex, &alive, FUTEX_WAIT, 1, NULL);
	EXPECT(result == 0 || errno == EAGAIN);
	EXPECT_EQ(alive, 0);
}

static pthread_t threads[8];

static void *rest(void *arg)
{
	pause_ms(30);
	return arg;
}

TEST(join_sleeps)
{
	void *result = NULL;
	pthread_t thread;
	long long cpu = cpu_time();

	ASSERT(pthread_create(&thread, NULL, rest, threads) == 0);
	ASSERT(pthread_join(thread, &result) == 0);
	EXPECT(result == threads);
	EXPECT_SLEPT(cpu, "pthread_join() of a thread that lives for 30 ms");
}

TEST(joins_in_any_order)
{
	for (long i = 0; i < 8; i++)
		ASSERT(pthread_create(&threads[i], NULL, rest, (void *)i) == 0);
	for (long i = 7; i >= 0; i--) {
		void *result = NULL;

		EXPECT_EQ(pthread_join(threads[i], &result), 0);
		EXPECT_EQ((long)result, i);
	}
}
