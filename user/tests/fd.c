/*
 * fd - descriptors: which number comes next, what copies share, and what
 * close-on-exec closes.
 *
 * Needs kernel/linux: setrlimit(2), close_range(2).
 */
#include "tap.h"
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static int open_file(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT, 0666);

	ASSERT(fd >= 0);
	return fd;
}

TEST(lowest_free_number_comes_next)
{
	int first = open_file("a"), second = open_file("b");
	int third = dup(first);

	EXPECT_EQ(second, first + 1);
	EXPECT_EQ(third, first + 2);
	close(second);
	EXPECT_EQ(open_file("b"), second);
	EXPECT_EQ(fcntl(first, F_DUPFD, 100), 100);
	EXPECT_EQ(fcntl(first, F_DUPFD, 100), 101);
	EXPECT_EQ(dup(first), first + 3);
}

TEST(a_thousand_descriptors)
{
	struct rlimit limit = {1024, 1024};
	int first, fd;

	for (fd = 3; fd < 1024; fd++)
		close(fd); /* what we may have inherited */
	first = open_file("a");

	EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (fd = first + 1; fd < 1024; fd++)
		EXPECT_EQ(dup(first), fd);
	EXPECT_ERRNO(dup(first), EMFILE);
	EXPECT_ERRNO(open("a", O_RDONLY), EMFILE);
	close(700);
	close(300);
	EXPECT_EQ(dup(first), 300);
	EXPECT_EQ(dup(first), 700);
	EXPECT_ERRNO(dup2(first, 1024), EBADF);
}

TEST(dup2_replaces)
{
	int a = open_file("a"), b = open_file("b");

	EXPECT_EQ(write(b, "xyz", 3), 3);
	EXPECT_EQ(dup2(a, b), b);
	EXPECT_EQ(lseek(b, 0, SEEK_END), 0);
	EXPECT_EQ(dup2(a, a), a);
	EXPECT_EQ(dup2(a, 50), 50);
	EXPECT_ERRNO(dup2(200, 50), EBADF);
	EXPECT_ERRNO(dup2(200, 200), EBADF);
	EXPECT_ERRNO(dup2(a, -1), EBADF);
	EXPECT_ERRNO(dup3(a, a, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_dup3, a, 60, O_APPEND), EINVAL);
}

TEST(copies_share_position_and_flags)
{
	int a = open_file("a"), b = dup(a);
	pid_t pid = tap_fork();

	if (pid == 0) {
		EXPECT_EQ(write(a, "12345", 5), 5);
		EXPECT_EQ(fcntl(a, F_SETFL, O_APPEND), 0);
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(lseek(b, 0, SEEK_CUR), 5);
	EXPECT(fcntl(b, F_GETFL) & O_APPEND);
	EXPECT_EQ(fcntl(b, F_GETFL) & O_ACCMODE, O_RDWR);
}

TEST(close_on_exec_belongs_to_the_number)
{
	int a = open("a", O_CREAT | O_RDWR | O_CLOEXEC, 0666), b = dup(a);

	EXPECT_EQ(fcntl(a, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(fcntl(b, F_GETFD), 0);
	EXPECT_EQ(fcntl(b, F_SETFD, FD_CLOEXEC), 0);
	EXPECT_EQ(fcntl(b, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(dup2(a, b), b);
	EXPECT_EQ(fcntl(b, F_GETFD), 0);
	EXPECT_EQ(fcntl(dup3(a, 50, O_CLOEXEC), F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(fcntl(fcntl(a, F_DUPFD_CLOEXEC, 0), F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(ioctl(b, FIOCLEX), 0);
	EXPECT_EQ(fcntl(b, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(ioctl(b, FIONCLEX), 0);
	EXPECT_EQ(fcntl(b, F_GETFD), 0);
}

TEST(bad_descriptors)
{
	char c;

	EXPECT_ERRNO(close(200), EBADF);
	EXPECT_ERRNO(close(-1), EBADF);
	EXPECT_ERRNO(close(1 << 30), EBADF);
	EXPECT_ERRNO(read(200, &c, 1), EBADF);
	EXPECT_ERRNO(write(200, &c, 1), EBADF);
	EXPECT_ERRNO(lseek(200, 0, SEEK_SET), EBADF);
	EXPECT_ERRNO(fcntl(200, F_GETFD), EBADF);
	EXPECT_ERRNO(fcntl(0, F_DUPFD, -1), EINVAL);
	EXPECT_ERRNO(fcntl(0, 12345), EINVAL);
}

TEST(direction_is_checked)
{
	int reads = open("a", O_CREAT | O_RDONLY, 0666);
	int writes = open("a", O_WRONLY);
	char c = 0;

	EXPECT_ERRNO(write(reads, &c, 1), EBADF);
	EXPECT_ERRNO(read(writes, &c, 1), EBADF);
	EXPECT_ERRNO(ftruncate(reads, 0), EINVAL);
}

TEST(close_range_closes_what_is_open)
{
	int a = open_file("a");

	dup2(a, 20);
	dup2(a, 21);
	dup2(a, 90);
	EXPECT_EQ(syscall(SYS_close_range, 21, ~0u, 0), 0);
	EXPECT_EQ(fcntl(20, F_GETFD), 0);
	EXPECT_ERRNO(fcntl(21, F_GETFD), EBADF);
	EXPECT_ERRNO(fcntl(90, F_GETFD), EBADF);
	EXPECT_EQ(syscall(SYS_close_range, 20, 20, 4), 0);
	EXPECT_EQ(fcntl(20, F_GETFD), FD_CLOEXEC);
	EXPECT_ERRNO(syscall(SYS_close_range, 5, 4, 0), EINVAL);
}
