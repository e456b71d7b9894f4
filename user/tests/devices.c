/*
 * devices - what is always in /dev, and getrandom(2).
 *
 * Needs kernel/linux: /dev/zero and its like, getrandom.
 */
#include "tap.h"
#include <sys/random.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <termios.h>

static char buf[10000];

static int count(char value, size_t len)
{
	int n = 0;

	for (size_t i = 0; i < len; i++)
		n += buf[i] == value;
	return n;
}

TEST(null)
{
	int fd = open("/dev/null", O_RDWR);
	struct stat st;

	ASSERT(fd >= 0);
	EXPECT_EQ(write(fd, buf, sizeof(buf)), sizeof(buf));
	EXPECT_EQ(read(fd, buf, sizeof(buf)), 0);
	EXPECT_EQ(lseek(fd, 100, SEEK_SET), 0);
	EXPECT_EQ(fstat(fd, &st), 0);
	EXPECT(S_ISCHR(st.st_mode));
	EXPECT_EQ(st.st_rdev, makedev(1, 3));
	EXPECT_EQ(isatty(fd), 0);
	EXPECT_EQ(ftruncate(fd, 0), -1);
}

TEST(zero_and_full)
{
	int zero = open("/dev/zero", O_RDWR), full = open("/dev/full", O_RDWR);

	memset(buf, 1, sizeof(buf));
	EXPECT_EQ(read(zero, buf, sizeof(buf)), sizeof(buf));
	EXPECT_EQ(count(0, sizeof(buf)), sizeof(buf));
	EXPECT_EQ(write(zero, buf, 10), 10);
	EXPECT_EQ(read(full, buf, 10), 10);
	EXPECT_ERRNO(write(full, buf, 1), ENOSPC);
	EXPECT_ERRNO(read(zero, (void *)8, 10), EFAULT);
}

/* Each value about 39 times in 10,000; never less than 5 nor more than 100. */
static void expect_random(void)
{
	for (int value = 0; value < 256; value++) {
		int n = count(value, sizeof(buf));

		EXPECT(n > 5 && n < 100);
	}
}

TEST(random)
{
	int fd = open("/dev/urandom", O_RDONLY);

	EXPECT_EQ(read(fd, buf, sizeof(buf)), sizeof(buf));
	expect_random();
	memset(buf, 0, sizeof(buf));
	EXPECT_EQ(getrandom(buf, sizeof(buf), 0), sizeof(buf));
	expect_random();
	EXPECT_EQ(getrandom(buf, 0, GRND_NONBLOCK), 0);
	EXPECT_ERRNO(getrandom(buf, 10, 1 << 20), EINVAL);
	EXPECT_ERRNO(getrandom((void *)8, 10, 0), EFAULT);
}

TEST(a_node_made_elsewhere_works)
{
	if (mknod("null", S_IFCHR | 0666, makedev(1, 3)) < 0)
		SKIP("may not make devices here");
	int fd = open("null", O_WRONLY);

	if (fd < 0)
		SKIP("devices are not allowed on this file system");
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_EQ(mknod("none", S_IFCHR | 0666, makedev(200, 3)), 0);
	EXPECT_ERRNO(open("none", O_RDWR), ENXIO);
}

TEST(not_a_terminal)
{
	struct termios t;
	int fd = open("file", O_CREAT | O_RDWR, 0666);

	EXPECT_ERRNO(tcgetattr(fd, &t), ENOTTY);
	EXPECT_EQ(isatty(fd), 0);
}

/* A gigabyte of random numbers; who asks for it can be killed on the way. */
TEST(a_long_read_can_be_killed)
{
	enum { PIECES = 1024, PIECE = 1024 * 1024 };
	static struct iovec iov[PIECES];
	static char buffer[PIECE];
	pid_t pid = tap_fork();

	if (pid == 0) {
		for (int i = 0; i < PIECES; i++)
			iov[i] = (struct iovec){buffer, PIECE};
		tap_reach("begins");
		EXPECT(readv(open("/dev/urandom", O_RDONLY), iov, PIECES) > 0);
		tap_exit();
	}
	tap_await("begins");
	EXPECT_EQ(kill(pid, SIGKILL), 0);
	EXPECT_KILLED(pid, SIGKILL);
}
