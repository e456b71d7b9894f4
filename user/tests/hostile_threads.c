/*
 * hostile_threads - threads that end, or change, what others of their process
 * are in the middle of: a program is replaced while it forks, waits and makes
 * threads, and memory goes while the kernel copies from it.
 *
 * What each call answers depends on who comes first; but it is one of a few
 * answers, all of it ends, and nothing is left behind.
 *
 * Needs kernel/linux: madvise(2), mremap(2).
 */
#include "tap.h"
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>

#define SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define PAGE 4096

/* Without <linux/futex.h>, which musl has not. */
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_REQUEUE 3
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10

/* ---- a program is replaced under its threads ---- */

#define LIVES 42
#define ROUNDS 12

static int word;

HELPER(lives)
{
	return LIVES;
}

static void execute(void)
{
	execl(tap_program, tap_program, "--helper", "lives", NULL);
}

static void *nothing(void *arg)
{
	return arg;
}

static void *forks(void *arg)
{
	for (;;) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
	return arg;
}

/* The child shares all of the memory when the program is replaced. */
static void *vforks(void *arg)
{
	for (;;) {
		pid_t pid = vfork();

		if (pid == 0)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
	return arg;
}

static void *spawns(void *arg)
{
	for (;;) {
		pid_t pid = vfork();

		if (pid == 0) {
			execute();
			_exit(0);
		}
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
	return arg;
}

static void *makes_threads(void *arg)
{
	pthread_t thread;

	for (;;)
		if (pthread_create(&thread, NULL, nothing, NULL) == 0)
			pthread_join(thread, NULL);
	return arg;
}

static void *waits(void *arg)
{
	struct timespec moment = {0, 1000};

	for (;;) {
		syscall(SYS_futex, &word, FUTEX_WAIT, 0, &moment);
		syscall(SYS_futex, &word, FUTEX_WAKE, 1);
		syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL);
	}
	return arg;
}

static void *maps(void *arg)
{
	for (;;) {
		char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p != MAP_FAILED) {
			memset(p, 1, 4 * PAGE);
			munmap(p, 4 * PAGE);
		}
	}
	return arg;
}

static void *executes_too(void *arg)
{
	for (;;)
		execute();
	return arg;
}

/* One of its threads does this all the time, and another execve(). */
static void replace_while(void *(*busy)(void *))
{
	for (int round = 0; round < ROUNDS; round++) {
		pid_t pid = tap_fork();

		if (pid == 0) {
			pthread_t threads[3];

			for (size_t i = 0; i < SIZE(threads); i++)
				pthread_create(&threads[i], NULL, busy, NULL);
			for (int i = 0; i < round; i++)
				sched_yield();
			execute();
			/* Another one was first, and we are about to end. */
			pause();
		}
		EXPECT_EXIT(pid, LIVES);
	}
}

TEST(exec_while_others_fork)
{
	replace_while(forks);
}

TEST(exec_while_others_vfork)
{
	replace_while(vforks);
}

TEST(exec_while_others_spawn)
{
	replace_while(spawns);
}

TEST(exec_while_others_make_threads)
{
	replace_while(makes_threads);
}

TEST(exec_while_others_wait)
{
	replace_while(waits);
}

TEST(exec_while_others_map)
{
	replace_while(maps);
}

TEST(exec_while_others_exec)
{
	replace_while(executes_too);
}

/* A thread that ends clears a word, which may be a lock.  One that still runs
 * then, and stumbles over what it finds, does not bring down the new program.
 */
static volatile int lock_word;

static void *holds_lock(void *arg)
{
	lock_word = 1;
	syscall(SYS_set_tid_address, &lock_word);
	syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL);
	return arg;
}

static void *stumbles(void *arg)
{
	while (!lock_word)
		sched_yield();
	while (lock_word)
		;
	*(volatile int *)tap_nowhere = 1;
	return arg;
}

TEST(exec_while_others_stumble)
{
	for (int round = 0; round < ROUNDS / 2; round++) {
		pid_t pid = tap_fork();

		if (pid == 0) {
			pthread_t threads[4];

			for (size_t i = 0; i < SIZE(threads); i++)
				pthread_create(&threads[i], NULL,
					       i ? stumbles : holds_lock, NULL);
			while (!lock_word)
				sched_yield();
			for (int i = 0; i < round; i++)
				sched_yield();
			execute();
		}
		EXPECT_EXIT(pid, LIVES);
	}
}

/* ---- killed in the middle of all that ---- */

TEST(killed_while_all_is_busy)
{
	void *(*const all[])(void *) = {forks, vforks,        spawns,
					waits, makes_threads, maps};

	for (int round = 0; round < ROUNDS; round++) {
		pid_t pid = tap_fork();

		if (pid == 0) {
			pthread_t thread;

			for (size_t i = 0; i < SIZE(all); i++)
				pthread_create(&thread, NULL, all[i], NULL);
			tap_reach("busy");
			tap_await("never");
		}
		tap_await("busy");
		unlink("busy");
		for (int i = 0; i < round; i++)
			sched_yield();
		kill(pid, SIGKILL);
		EXPECT_KILLED(pid, SIGKILL);
	}
}

/* ---- memory that goes while the kernel copies ---- */

static char *moving; /* pages that come and go; nobody touches them himself */
static volatile bool over;

#define PAGES 8

static void *moves(void *arg)
{
	unsigned int random = 1;

	while (!over) {
		char *page = moving + (random >> 20) % PAGES * PAGE;

		random = random * 1103515245 + 12345;
		switch (random >> 28) {
		case 0 ... 3:
			munmap(page, PAGE);
			break;
		case 4 ... 5:
			mprotect(page, PAGE, PROT_READ);
			break;
		case 6:
			mprotect(page, PAGE, PROT_NONE);
			break;
		case 7:
			madvise(page, PAGE, MADV_DONTNEED);
			break;
		case 8:
			mremap(page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			       moving + (random >> 8) % PAGES * PAGE);
			break;
		default:
			mmap(page, PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		}
	}
	return arg;
}

static void expect_call(const char *what, long result)
{
	if (result < 0 && errno != EFAULT && errno != EAGAIN &&
	    errno != ETIMEDOUT && errno != EINVAL && errno != ENOMEM)
		TAP_FAIL("%s: %s", what, strerror(errno));
}

#define CALL(call) expect_call(#call, (long)(call))

static void *copies(void *arg)
{
	char *at = moving + PAGE / 2;
	size_t len = (PAGES - 1) * PAGE;
	struct iovec parts[] = {{at, 5000}, {at + 9000, 5000}};
	struct timespec zero = {0, 0};
	int fd = open("file", O_CREAT | O_RDWR, 0600);
	int zeros = open("/dev/zero", O_RDONLY), dir = open("/", O_RDONLY);

	for (int i = 0; i < 300; i++) {
		CALL(pwrite(fd, at, len, 0));
		CALL(pread(fd, at, len, 0));
		CALL(pwritev(fd, parts, 2, 100));
		CALL(preadv(fd, parts, 2, 100));
		CALL(read(zeros, at, len));
		CALL(lseek(dir, 0, SEEK_SET));
		CALL(syscall(SYS_getdents64, dir, at + PAGE / 2 - 100, 2000));
		CALL(syscall(SYS_uname, at + PAGE / 2 - 100));
		CALL(syscall(SYS_getcwd, at + PAGE / 2 - 3, 1000));
		CALL(syscall(SYS_poll, at + PAGE / 2 - 12, 3, 0));
		CALL(syscall(SYS_futex, at + PAGE, FUTEX_WAIT, 0, &zero));
		CALL(syscall(SYS_futex, at + PAGE, FUTEX_CMP_REQUEUE, 1, 1,
			     at + 2 * PAGE, 0));
		if (i % 30 == 0)
			CALL(tap_fork() ?: (_exit(0), 0));
	}
	close(fd);
	close(zeros);
	close(dir);
	return arg;
}

TEST(memory_goes_under_a_call)
{
	pthread_t mover, copiers[3];

	moving = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT(moving != MAP_FAILED);
	ASSERT(pthread_create(&mover, NULL, moves, NULL) == 0);
	for (size_t i = 0; i < SIZE(copiers); i++)
		ASSERT(pthread_create(&copiers[i], NULL, copies, NULL) == 0);
	for (size_t i = 0; i < SIZE(copiers); i++)
		pthread_join(copiers[i], NULL);
	over = true;
	pthread_join(mover, NULL);
	while (wait(NULL) > 0)
		;
}

/* ---- futexes at addresses where there is no word ---- */

TEST(futexes_nowhere)
{
	static const int operations[] = {
		FUTEX_WAIT,        FUTEX_WAKE,        FUTEX_REQUEUE,
		FUTEX_CMP_REQUEUE, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET,
	};
	char *none =
		mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uintptr_t places[] = {
		0,
		8,
		(uintptr_t)none,
		(uintptr_t)none + 2,
		(uintptr_t)&word + 1,
		0x7ffffffff000 - 4,
		0x7ffffffff000,
		0x800000000000,
		0xffff800000000000,
		0xffffffff80100000,
		-4ul,
	};
	struct timespec zero = {0, 0};

	for (size_t i = 0; i < SIZE(places) * SIZE(operations); i++) {
		int operation = operations[i / SIZE(places)];
		uintptr_t place = places[i % SIZE(places)];
		long result;

		result = syscall(SYS_futex, place, operation, 0, &zero, &word,
				 -1);
		EXPECT(result == 0 || errno == EFAULT || errno == EINVAL ||
		       errno == EAGAIN || errno == ETIMEDOUT);
		result = syscall(SYS_futex, &word, operation, 1, &zero, place,
				 -1);
		EXPECT(result == 0 || errno == EFAULT || errno == EINVAL ||
		       errno == EAGAIN);
	}
}

/* ---- a list of robust futexes that is none ---- */

struct robust_head {
	void *next;
	long offset;
	void *pending;
};

TEST(robust_lists)
{
	static struct robust_head circle = {&circle, 0, &circle};
	static void *knot[2] = {&knot[1], &knot[0]};
	struct robust_head heads[] = {
		{NULL, 0, NULL},
		{(void *)8, 0, (void *)8},
		{knot, 0, knot},
		{knot, (long)0x8000000000000000, knot + 1},
		{(void *)0xffffffff80100000, 0, (void *)-8},
		{(void *)0x8000000000000000, -1, (void *)1},
	};
	void *bad[] = {(void *)8, (void *)0xffffffff80100000, (void *)-8,
		       &circle};

	for (size_t i = 0; i < SIZE(heads) + SIZE(bad); i++) {
		pid_t pid = tap_fork();

		if (pid == 0) {
			void *head = i < SIZE(heads) ? (void *)&heads[i]
						     : bad[i - SIZE(heads)];

			syscall(SYS_set_robust_list, head, 24);
			_exit(i);
		}
		EXPECT_EXIT(pid, i);
	}
}

/* ---- any flags for clone(2) ---- */

#define CHILD_EXITS 9

/* The child uses neither its stack nor its memory. */
static long clone_and_exit(unsigned long flags, void *stack, void *tid)
{
	long result;
	register void *r10 asm("r10") = tid;
	register long r8 asm("r8") = 0;

	asm volatile("syscall\n\t"
		     "testq %%rax, %%rax\n\t"
		     "jnz 1f\n\t"
		     "movl %[exit], %%eax\n\t"
		     "movl %[status], %%edi\n\t"
		     "syscall\n\t"
		     "hlt\n"
		     "1:"
		     : "=a"(result)
		     : "a"(SYS_clone), "D"(flags), "S"(stack), "d"(tid),
		       "r"(r10),
		       "r"(r8), [exit] "i"(SYS_exit), [status] "i"(CHILD_EXITS)
		     : "rcx", "r11", "memory");
	return result;
}

TEST(clone_flags)
{
	static char stack[PAGE];
	unsigned int random = 7;

	for (int i = 0; i < 1500; i++) {
		static int tids[2];
		unsigned long flags;
		long result;

		random = random * 1664525 + 1013904223;
		/* No namespaces: they are for root, and cost Linux much; nobody
		 * else's child; and no signal that ends us. */
		flags = random & 0x03f7ffff & ~0x1dffful;
		flags |= (random >> 9 & 1 ? 0x100 : 0) |
			 (random >> 11 & 1 ? 0x800 : 0) |
			 (random >> 13 & 1 ? 0x10e00 : 0) |
			 (random >> 15 & 1 ? 0x4000 : 0) | SIGCHLD;
		flags &= ~0x82000ul; /* CLONE_PTRACE, CLONE_SETTLS */
		result = clone_and_exit(flags, stack + PAGE,
					random >> 31 ? tids : tap_nowhere);
		if (result < 0)
			EXPECT(result == -EINVAL || result == -EAGAIN ||
			       result == -ENOMEM);
		while (waitpid(-1, NULL, result % 2 ? 0 : WNOHANG) > 0)
			;
	}
	while (wait(NULL) > 0)
		;
}
