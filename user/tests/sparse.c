/*
 * sparse - files with holes: where there is data, making room, making holes.
 *
 * Needs kernel/linux: fallocate(2).
 */
#include "tap.h"
#include <sys/resource.h>

#define PAGE 4096
#define UNIT (64 * 1024l) /* more than a block of any file system */

static int open_new(void)
{
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0666);

	ASSERT(fd >= 0);
	return fd;
}

static struct stat stat_of(int fd)
{
	struct stat st;

	ASSERT(fstat(fd, &st) == 0);
	return st;
}

static void write_unit(int fd, off_t at)
{
	static char data[UNIT];

	memset(data, 'x', UNIT);
	EXPECT_EQ(pwrite(fd, data, UNIT, at), UNIT);
}

static int byte_at(int fd, off_t at)
{
	unsigned char byte;

	return pread(fd, &byte, 1, at) == 1 ? byte : -1;
}

TEST(data_and_holes_are_found)
{
	int fd = open_new();

	write_unit(fd, 2 * UNIT);
	write_unit(fd, 5 * UNIT);
	EXPECT_EQ(ftruncate(fd, 9 * UNIT), 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_HOLE), 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_DATA), 2 * UNIT);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 2 * UNIT);
	EXPECT_EQ(lseek(fd, 2 * UNIT + 7, SEEK_DATA), 2 * UNIT + 7);
	EXPECT_EQ(lseek(fd, 2 * UNIT, SEEK_HOLE), 3 * UNIT);
	EXPECT_EQ(lseek(fd, 3 * UNIT, SEEK_DATA), 5 * UNIT);
	EXPECT_EQ(lseek(fd, 5 * UNIT + 1, SEEK_HOLE), 6 * UNIT);
	EXPECT_ERRNO(lseek(fd, 6 * UNIT, SEEK_DATA), ENXIO);
	EXPECT_EQ(lseek(fd, 6 * UNIT + 1, SEEK_HOLE), 6 * UNIT + 1);
	EXPECT_ERRNO(lseek(fd, 9 * UNIT, SEEK_HOLE), ENXIO);
	EXPECT_ERRNO(lseek(fd, -1, SEEK_DATA), ENXIO);
}

TEST(data_far_away)
{
	int fd = open_new();
	off_t far = 1l << 40;

	write_unit(fd, far);
	EXPECT_EQ(lseek(fd, 0, SEEK_DATA), far);
	EXPECT_EQ(lseek(fd, far + 1, SEEK_HOLE), far + UNIT);
	EXPECT_EQ(byte_at(fd, far / 2), 0);
	EXPECT(stat_of(fd).st_blocks < 1000);
	EXPECT_EQ(ftruncate(fd, far + 10), 0);
	EXPECT_EQ(lseek(fd, far, SEEK_HOLE), far + 10);
	EXPECT_EQ(ftruncate(fd, far), 0);
	EXPECT_ERRNO(lseek(fd, 0, SEEK_DATA), ENXIO);
}

TEST(room_is_made)
{
	int fd = open_new();

	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, UNIT) < 0)
		SKIP("not in this file system");
	EXPECT_EQ(stat_of(fd).st_size, 0);
	EXPECT(stat_of(fd).st_blocks >= UNIT / 512);
	EXPECT_EQ(fallocate(fd, 0, UNIT, UNIT), 0);
	EXPECT_EQ(stat_of(fd).st_size, 2 * UNIT);
	EXPECT_EQ(byte_at(fd, 2 * UNIT - 1), 0);
	EXPECT_EQ(posix_fallocate(fd, 0, 10), 0);
	EXPECT_EQ(stat_of(fd).st_size, 2 * UNIT);
}

TEST(holes_are_made)
{
	const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	int fd = open_new();
	long blocks;

	for (int i = 0; i < 4; i++)
		write_unit(fd, i * UNIT);
	blocks = stat_of(fd).st_blocks;
	if (fallocate(fd, mode, UNIT + 10, 2 * UNIT - 20) < 0)
		SKIP("not in this file system");
	EXPECT_EQ(stat_of(fd).st_size, 4 * UNIT);
	EXPECT(stat_of(fd).st_blocks < blocks);
	EXPECT_EQ(byte_at(fd, UNIT + 9), 'x');
	EXPECT_EQ(byte_at(fd, UNIT + 10), 0);
	EXPECT_EQ(byte_at(fd, 2 * UNIT), 0);
	EXPECT_EQ(byte_at(fd, 3 * UNIT - 11), 0);
	EXPECT_EQ(byte_at(fd, 3 * UNIT - 10), 'x');
	EXPECT_EQ(lseek(fd, UNIT + PAGE, SEEK_HOLE), UNIT + PAGE);
	EXPECT_EQ(lseek(fd, UNIT + PAGE, SEEK_DATA), 3 * UNIT - PAGE);
	EXPECT_EQ(fallocate(fd, mode, 100, 5), 0);
	EXPECT_EQ(byte_at(fd, 99), 'x');
	EXPECT_EQ(byte_at(fd, 104), 0);
	EXPECT_EQ(byte_at(fd, 105), 'x');
	EXPECT_EQ(fallocate(fd, mode, 100 * UNIT, UNIT), 0);
	EXPECT_EQ(stat_of(fd).st_size, 4 * UNIT);
}

TEST(mistakes)
{
	int fd = open_new(), reader = open("file", O_RDONLY);

	EXPECT_ERRNO(fallocate(fd, 0, -1, 10), EINVAL);
	EXPECT_ERRNO(fallocate(fd, 0, 0, 0), EINVAL);
	EXPECT_ERRNO(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10), EOPNOTSUPP);
	EXPECT_ERRNO(fallocate(fd, 0, INT64_MAX, 10), EFBIG);
	EXPECT_ERRNO(fallocate(reader, 0, 0, 10), EBADF);
	EXPECT_ERRNO(fallocate(-1, 0, 0, 10), EBADF);
	EXPECT_ERRNO(fallocate(open("/dev/null", O_WRONLY), 0, 0, 10), ENODEV);
	EXPECT_ERRNO(ftruncate(reader, 0), EINVAL);
	EXPECT_ERRNO(ftruncate(open("/dev/null", O_WRONLY), 0), EINVAL);
	EXPECT_ERRNO(truncate("/dev/null", 0), EINVAL);
}

/* A file that is larger than the limit may get smaller, and not larger. */
TEST(limit_of_the_size)
{
	struct rlimit limit = {1000, 1000};
	int fd = open_new();

	EXPECT_EQ(ftruncate(fd, 5000), 0);
	ASSERT(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	ASSERT(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	EXPECT_ERRNO(ftruncate(fd, 5001), EFBIG);
	EXPECT_EQ(ftruncate(fd, 4000), 0);
	EXPECT_EQ(stat_of(fd).st_size, 4000);
}
