/*
 * exhaustion - all of the machine's memory, wanted by programs without limits:
 * they get ENOMEM or are killed, and the system goes on.
 *
 * Not for Linux: it would take all the memory of your machine.
 *
 * Needs kernel/linux: the choice of who ends when memory is out.
 */
#include "exhaustion.h"
#include <pthread.h>
#include <sys/mman.h>

/* More than the kernel keeps for itself and for programs that have few. */
static long little_memory(void)
{
	struct sysinfo info;

	ASSERT(sysinfo(&info) == 0);
	return info.totalram * info.mem_unit / 16;
}

static void eat_by_mmap(void)
{
	char *p;

	while ((p = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) != MAP_FAILED)
		memset(p, 1, MIB);
	_exit(errno == ENOMEM ? 0 : 1);
}

/* All but a little, and then stays there. */
static void eat_and_stay(void)
{
	while (free_memory() > little_memory())
		memset(mmap(NULL, MIB / 4, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		       1, MIB / 4);
	tap_await("never");
}

static void eat_by_file(void)
{
	static char block[65536];
	int fd = open("big", O_CREAT | O_WRONLY, 0600);

	while (write(fd, block, sizeof(block)) > 0)
		;
	_exit(errno == ENOSPC || errno == ENOMEM ? 0 : 1);
}

/* Until there is no room for another, or one of them was killed for want of
 * it.  Each has a block of its own, so that they need not be many. */
static void eat_by_fork(void)
{
	static char block[MIB / 4];
	pid_t pid;

	while ((pid = fork()) > 0)
		if (waitpid(-1, NULL, WNOHANG) != 0)
			_exit(0);
	if (pid == 0) {
		memset(block, 1, sizeof(block));
		tap_await("never");
	}
	_exit(errno == EAGAIN || errno == ENOMEM ? 0 : 1);
}

/* Mappings that cannot be merged: of each, the kernel keeps a record. */
static void eat_by_mappings(void)
{
	size_t size = 1ul << 40;
	char *p = mmap(NULL, size, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		_exit(1);
	/* Downwards: what lies below need not be searched. */
	do
		size -= 2 * PAGE;
	while (mprotect(p + size, PAGE, PROT_READ) == 0);
	_exit(errno == ENOMEM ? 0 : 1);
}

/* Names, of files without contents. */
static void eat_by_names(void)
{
	char name[32];
	int i = 0;

	mkdir("names", 0700);
	do
		snprintf(name, sizeof(name), "names/%d", i++);
	while (mknod(name, S_IFREG | 0600, 0) == 0);
	_exit(errno == ENOSPC || errno == ENOMEM ? 0 : 1);
}

/* Each uses much of its stack, so that they need not be many. */
static void *use_stack(void *arg)
{
	char block[MIB / 4];

	memset(block, 1, sizeof(block));
	asm volatile("" : : "r"(block) : "memory");
	tap_await("never");
	return arg;
}

static void eat_by_threads(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, MIB / 2);
	do
		error = pthread_create(&thread, &attr, use_stack, NULL);
	while (!error);
	_exit(error == EAGAIN || error == ENOMEM ? 0 : 1);
}

TEST(by_mmap)
{
	run(eat_by_mmap);
}

/* The one that wants the last page is not the one at fault. */
TEST(the_largest_is_killed)
{
	long before = free_memory();
	pid_t large = tap_fork(), small;
	int status;

	if (large == 0)
		eat_and_stay();
	while (free_memory() > little_memory() &&
	       waitpid(large, &status, WNOHANG) == 0)
		sched_yield();
	small = tap_fork();
	if (small == 0) {
		size_t size = 2 * little_memory();

		memset(mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		       1, size);
		_exit(7);
	}
	EXPECT_EXIT(small, 7);
	ASSERT(waitpid(large, &status, 0) == large);
	EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	expect_all_back(before);
}

TEST(by_a_file)
{
	run(eat_by_file);
}

TEST(by_processes)
{
	run(eat_by_fork);
}

TEST(by_mappings)
{
	need_little_memory();
	run(eat_by_mappings);
}

TEST(by_names)
{
	need_little_memory();
	run(eat_by_names);
}

TEST(by_threads)
{
	run(eat_by_threads);
}

TEST(by_several_at_once)
{
	long before = free_memory();
	pid_t pids[4];
	int status;

	for (int i = 0; i < 4; i++) {
		pids[i] = tap_fork();
		if (pids[i] == 0)
			eat_by_mmap();
	}
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(waitpid(pids[i], &status, 0), pids[i]);
		expect_end(status);
	}
	expect_all_back(before);
}
