/*
 * rlimits - resource limits: reading and setting them, and what happens at
 * each.  (fork_bomb and memory_hog are about two that need more room.)
 *
 * Needs kernel/linux: setrlimit(2).
 */
#include "tap.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static void limit(int resource, rlim_t soft)
{
	struct rlimit r;

	ASSERT(getrlimit(resource, &r) == 0);
	r.rlim_cur = soft;
	ASSERT(setrlimit(resource, &r) == 0);
}

TEST(soft_and_hard)
{
	struct rlimit r = {100, 200}, got;

	EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &r), 0);
	EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &got), 0);
	EXPECT_EQ(got.rlim_cur, 100);
	EXPECT_EQ(got.rlim_max, 200);
	r.rlim_cur = 201;
	EXPECT_ERRNO(setrlimit(RLIMIT_NOFILE, &r), EINVAL);
	EXPECT_ERRNO(getrlimit(99, &got), EINVAL);
	EXPECT_ERRNO(setrlimit(-1, &got), EINVAL);
}

TEST(hard_only_goes_down)
{
	struct rlimit r = {100, 100};

	EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &r), 0);
	if (geteuid() == 0)
		ASSERT(setuid(1234) == 0);
	EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &r), 0);
	r.rlim_max = 101;
	EXPECT_ERRNO(setrlimit(RLIMIT_NOFILE, &r), EPERM);
}

TEST(inherited)
{
	struct rlimit r;

	limit(RLIMIT_NOFILE, 77);

	pid_t pid = tap_fork();

	if (pid == 0) {
		EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &r), 0);
		EXPECT_EQ(r.rlim_cur, 77);
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
}

TEST(of_another_process)
{
	struct rlimit r = {50, 50}, old;
	pid_t pid = tap_fork();

	if (pid == 0) {
		tap_await("set");
		EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &r), 0);
		EXPECT_EQ(r.rlim_cur, 50);
		tap_exit();
	}
	EXPECT_EQ(prlimit(pid, RLIMIT_NOFILE, &r, &old), 0);
	EXPECT(old.rlim_cur != 50);
	tap_reach("set");
	EXPECT_EXIT(pid, 0);
	EXPECT_ERRNO(prlimit(1 << 30, RLIMIT_NOFILE, NULL, &old), ESRCH);
}

TEST(descriptors)
{
	int fd;

	limit(RLIMIT_NOFILE, 20);
	while ((fd = open(".", O_RDONLY)) >= 0)
		EXPECT(fd < 20);
	EXPECT_EQ(errno, EMFILE);
	EXPECT_ERRNO(dup(0), EMFILE);
	EXPECT_ERRNO(dup2(0, 20), EBADF);
	EXPECT_ERRNO(fcntl(0, F_DUPFD, 20), EINVAL);
	close(19);
	EXPECT_EQ(dup(0), 19);
}

TEST(file_size)
{
	int fd = open("file", O_CREAT | O_WRONLY, 0600);

	signal(SIGXFSZ, SIG_IGN);
	limit(RLIMIT_FSIZE, 100);
	EXPECT_EQ(write(fd, "0123456789", 10), 10);
	EXPECT_EQ(pwrite(fd, "0123456789", 10, 95), 5);
	EXPECT_ERRNO(pwrite(fd, "0123456789", 10, 100), EFBIG);
	EXPECT_ERRNO(ftruncate(fd, 101), EFBIG);
	EXPECT_EQ(ftruncate(fd, 100), 0);
}

TEST(file_size_kills)
{
	pid_t pid = tap_fork();

	if (pid == 0) {
		int fd = open("file", O_CREAT | O_WRONLY, 0600);

		limit(RLIMIT_FSIZE, 0);
		write(fd, "x", 1);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGXFSZ);
}

TEST(address_space)
{
	limit(RLIMIT_AS, 16 << 20);
	EXPECT(mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0) != MAP_FAILED);
	EXPECT(mmap(NULL, 32 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0) == MAP_FAILED);
	EXPECT_EQ(errno, ENOMEM);
	EXPECT(malloc(32 << 20) == NULL);
}

TEST(heap)
{
	/* As the C library has no brk() that works: by number. */
	long end = syscall(SYS_brk, 0);

	limit(RLIMIT_DATA, 1 << 20);
	EXPECT_EQ(syscall(SYS_brk, end + (64 << 10)), end + (64 << 10));
	EXPECT_EQ(syscall(SYS_brk, end + (2 << 20)), end + (64 << 10));
}

static int __attribute__((noinline)) use_stack(int kib)
{
	volatile char frame[1024];

	frame[0] = kib;
	return kib > 0 ? use_stack(kib - 1) + frame[0] : 0;
}

TEST(stack)
{
	pid_t pid;

	use_stack(1000);
	pid = tap_fork();
	if (pid == 0) {
		limit(RLIMIT_STACK, 2 << 20);
		use_stack(4000);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGSEGV);
}
