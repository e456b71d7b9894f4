/*
 * memory_hog - a program that wants more memory than it may have is told so,
 * and goes on.
 *
 * Needs kernel/linux: setrlimit(2), and the choice of who ends when memory is out.
 */
#include "tap.h"
#include <sys/mman.h>
#include <sys/resource.h>

#define MIB (1 << 20)
#define LIMIT (24 * MIB) /* less than the smallest machine has */

static void limit_address_space(void)
{
	struct rlimit limit = {LIMIT, LIMIT};

	ASSERT(setrlimit(RLIMIT_AS, &limit) == 0);
}

/* How many MiB it gets; each page is written. */
static int eat(void)
{
	int got = 0;
	char *p;

	for (;; got++) {
		p = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			return got;
		memset(p, got, MIB);
	}
}

TEST(gets_what_it_may_have)
{
	limit_address_space();

	int got = eat();

	EXPECT_EQ(errno, ENOMEM);
	EXPECT(got < LIMIT / MIB && got > LIMIT / MIB / 2);
	/* Calls that need none still work. */
	EXPECT(getpid() > 0);
	EXPECT_EQ(write(open("file", O_CREAT | O_WRONLY, 0600), "x", 1), 1);
}

TEST(all_comes_back)
{
	for (int i = 0; i < 5; i++) {
		pid_t pid = tap_fork();

		if (pid == 0) {
			limit_address_space();
			_exit(eat());
		}

		int status;

		EXPECT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT(WIFEXITED(status) &&
		       WEXITSTATUS(status) > LIMIT / MIB / 2);
	}
}

TEST(fork_needs_no_copy)
{
	/* Nothing is copied that neither side writes. */
	char *p = mmap(NULL, LIMIT, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pids[20];

	ASSERT(p != MAP_FAILED);
	for (int i = 0; i < LIMIT; i += MIB)
		p[i] = i / MIB;
	for (int i = 0; i < 20; i++) {
		pids[i] = tap_fork();
		if (pids[i] == 0) {
			for (int j = 0; j < LIMIT; j += MIB)
				EXPECT_EQ(p[j], j / MIB);
			tap_exit();
		}
	}
	for (int i = 0; i < 20; i++)
		EXPECT_EXIT(pids[i], 0);
}
