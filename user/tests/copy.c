/*
 * copy - bytes from file to file inside the kernel: sendfile(2) and
 * copy_file_range(2); and reading and writing at a place, in pieces.
 *
 * Needs kernel/linux: sendfile(2), copy_file_range(2).
 */
#include "tap.h"
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define SIZE 100000

static char data[SIZE], got[SIZE];

/* A file of so many bytes that are known. */
static int make_file(const char *name, size_t size)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0666);

	ASSERT(fd >= 0);
	for (size_t i = 0; i < SIZE; i++)
		data[i] = i % 251;
	ASSERT(pwrite(fd, data, size, 0) == (ssize_t)size);
	return fd;
}

static off_t position(int fd)
{
	return lseek(fd, 0, SEEK_CUR);
}

TEST(sendfile_from_the_position)
{
	int in = make_file("in", SIZE), out = make_file("out", 0);

	EXPECT_EQ(lseek(in, 10, SEEK_SET), 10);
	EXPECT_EQ(sendfile(out, in, NULL, 2 * SIZE), SIZE - 10);
	EXPECT_EQ(position(in), SIZE);
	EXPECT_EQ(position(out), SIZE - 10);
	EXPECT_EQ(pread(out, got, SIZE, 0), SIZE - 10);
	EXPECT_EQ(memcmp(got, data + 10, SIZE - 10), 0);
	EXPECT_EQ(sendfile(out, in, NULL, 10), 0);
}

TEST(sendfile_from_a_place)
{
	int in = make_file("in", SIZE), out = make_file("out", 0);
	off_t place = 5000;

	EXPECT_EQ(sendfile(out, in, &place, 6000), 6000);
	EXPECT_EQ(place, 11000);
	EXPECT_EQ(position(in), 0);
	EXPECT_EQ(pread(out, got, SIZE, 0), 6000);
	EXPECT_EQ(memcmp(got, data + 5000, 6000), 0);
	EXPECT_EQ(sendfile(open("/dev/null", O_WRONLY), in, NULL, SIZE), SIZE);
	place = -1;
	EXPECT_ERRNO(sendfile(out, in, &place, 1), EINVAL);
	EXPECT_ERRNO(sendfile(out, in, tap_nowhere, 1), EFAULT);
	EXPECT_ERRNO(sendfile(-1, in, NULL, 1), EBADF);
	EXPECT_ERRNO(sendfile(open("in", O_RDONLY), in, NULL, 1), EBADF);
	EXPECT_ERRNO(sendfile(out, open("in", O_WRONLY), NULL, 1), EBADF);
}

static ssize_t copy_range(int in, off_t *from, int out, off_t *to, size_t len,
			  unsigned int flags)
{
	return syscall(SYS_copy_file_range, in, from, out, to, len, flags);
}

TEST(copy_file_range)
{
	int in = make_file("in", SIZE), out = make_file("out", 10);
	off_t from = 1, to = 20000;

	EXPECT_EQ(copy_range(in, &from, out, &to, 9000, 0), 9000);
	EXPECT_EQ(from, 9001);
	EXPECT_EQ(to, 29000);
	EXPECT_EQ(position(in), 0);
	EXPECT_EQ(position(out), 0);
	EXPECT_EQ(pread(out, got, SIZE, 20000), 9000);
	EXPECT_EQ(memcmp(got, data + 1, 9000), 0);
	EXPECT_EQ(copy_range(in, NULL, out, NULL, SIZE, 0), SIZE);
	EXPECT_EQ(position(in), SIZE);
	EXPECT_EQ(copy_range(in, NULL, out, NULL, SIZE, 0), 0);
	EXPECT_EQ(pread(out, got, SIZE, 0), SIZE);
	EXPECT_EQ(memcmp(got, data, SIZE), 0);
}

TEST(copy_file_range_within_a_file)
{
	int fd = make_file("in", SIZE);
	off_t from = 0, to = SIZE / 2;

	EXPECT_EQ(copy_range(fd, &from, fd, &to, SIZE / 2, 0), SIZE / 2);
	EXPECT_EQ(pread(fd, got, SIZE, 0), SIZE);
	EXPECT_EQ(memcmp(got, got + SIZE / 2, SIZE / 2), 0);
	from = 0;
	to = 100;
	EXPECT_ERRNO(copy_range(fd, &from, fd, &to, 101, 0), EINVAL);
	EXPECT_ERRNO(copy_range(fd, &from, fd, &to, 1, 1), EINVAL);
	EXPECT_ERRNO(copy_range(open(".", O_RDONLY), NULL, fd, &to, 1, 0),
		     EISDIR);
	EXPECT_ERRNO(copy_range(fd, &from, open("in", O_WRONLY | O_APPEND),
				NULL, 1, 0),
		     EBADF);
}

static ssize_t vector_at(long number, int fd, off_t at, int flags)
{
	struct iovec iov[] = {{got, 10}, {got + 20, 10}};

	return syscall(number, fd, iov, 2, at, 0, flags);
}

TEST(vectors_with_flags)
{
	int fd = make_file("in", 100);

	EXPECT_EQ(vector_at(SYS_preadv2, fd, 50, 0), 20);
	EXPECT_EQ(memcmp(got, data + 50, 10), 0);
	EXPECT_EQ(memcmp(got + 20, data + 60, 10), 0);
	EXPECT_EQ(position(fd), 0);
	EXPECT_EQ(vector_at(SYS_preadv2, fd, -1, 0), 20);
	EXPECT_EQ(position(fd), 20);
	EXPECT_EQ(vector_at(SYS_pwritev2, fd, 200, 4 /* RWF_SYNC */), 20);
	EXPECT_EQ(lseek(fd, 0, SEEK_END), 220);
	EXPECT_ERRNO(vector_at(SYS_preadv2, fd, 0, 1 << 30), EOPNOTSUPP);
	EXPECT_ERRNO(vector_at(SYS_preadv2, fd, -2, 0), EINVAL);
}

TEST(nothing_to_be_done)
{
	int fd = make_file("in", 100), path = open("in", O_PATH);
	int null = open("/dev/null", O_RDWR);

	EXPECT_EQ(fsync(fd), 0);
	EXPECT_EQ(fdatasync(open(".", O_RDONLY)), 0);
	EXPECT_EQ(syncfs(fd), 0);
	EXPECT_ERRNO(fsync(null), EINVAL);
	EXPECT_ERRNO(fsync(path), EBADF);
	EXPECT_ERRNO(fsync(-1), EBADF);
	EXPECT_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL), 0);
	EXPECT_EQ(posix_fadvise(fd, 0, 0, 99), EINVAL);
	EXPECT_EQ(posix_fadvise(-1, 0, 0, 0), EBADF);
}
