/*
 * file - regular files: what is written is read, at any place and in any
 * pieces, whatever happens to the name meanwhile.
 *
 * Needs kernel/linux: preadv(2).
 */
#include "tap.h"
#include <sys/mman.h>
#include <sys/uio.h>

#define PAGE 4096

static char buf[5 * PAGE];

static int open_new(void)
{
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0666);

	ASSERT(fd >= 0);
	return fd;
}

static off_t size_of(int fd)
{
	struct stat st;

	ASSERT(fstat(fd, &st) == 0);
	return st.st_size;
}

TEST(write_then_read)
{
	int fd = open_new();

	EXPECT_EQ(write(fd, "hello", 5), 5);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 5);
	EXPECT_EQ(read(fd, buf, 10), 0);
	EXPECT_EQ(lseek(fd, 1, SEEK_SET), 1);
	EXPECT_EQ(read(fd, buf, 10), 4);
	EXPECT_EQ(memcmp(buf, "ello", 4), 0);
	EXPECT_EQ(pread(fd, buf, 2, 3), 2);
	EXPECT_EQ(memcmp(buf, "lo", 2), 0);
	EXPECT_EQ(pwrite(fd, "J", 1, 0), 1);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 5);
	EXPECT_EQ(pread(fd, buf, 10, 0), 5);
	EXPECT_EQ(memcmp(buf, "Jello", 5), 0);
	EXPECT_EQ(read(fd, buf, 0), 0);
	EXPECT_EQ(write(fd, buf, 0), 0);
}

/* Pieces of all sizes around a page. */
TEST(pieces_of_odd_sizes)
{
	int fd = open_new();
	size_t at = 0;

	for (size_t len = PAGE - 3; len <= PAGE + 3; len++) {
		memset(buf, 'a' + len % 26, len);
		EXPECT_EQ(write(fd, buf, len), len);
	}
	for (size_t len = PAGE - 3; len <= PAGE + 3; len++) {
		size_t wrong = 0;

		EXPECT_EQ(pread(fd, buf, len, at), len);
		for (size_t i = 0; i < len; i++)
			wrong += buf[i] != (char)('a' + len % 26);
		EXPECT_EQ(wrong, 0);
		at += len;
	}
	EXPECT_EQ(size_of(fd), at);
}

TEST(holes_are_zeros)
{
	int fd = open_new();
	struct stat st;

	EXPECT_EQ(pwrite(fd, "x", 1, 1l << 33), 1);
	EXPECT_EQ(size_of(fd), (1l << 33) + 1);
	EXPECT_EQ(fstat(fd, &st), 0);
	EXPECT(st.st_blocks < 100);
	memset(buf, 1, 100);
	EXPECT_EQ(pread(fd, buf, 100, 1l << 32), 100);
	for (int i = 0; i < 100; i++)
		EXPECT_EQ(buf[i], 0);
	EXPECT_EQ(pread(fd, buf, 100, (1l << 33) - 1), 2);
	EXPECT_EQ(buf[1], 'x');
}

TEST(truncate_cuts_and_grows)
{
	int fd = open_new();

	EXPECT_EQ(write(fd, "0123456789", 10), 10);
	EXPECT_EQ(ftruncate(fd, 4), 0);
	EXPECT_EQ(size_of(fd), 4);
	EXPECT_EQ(truncate("file", 8), 0);
	EXPECT_EQ(pread(fd, buf, 20, 0), 8);
	EXPECT_EQ(memcmp(buf, "0123\0\0\0\0", 8), 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 10);
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_EQ(pread(fd, buf, 20, 0), 11);
	EXPECT_EQ(memcmp(buf, "0123\0\0\0\0\0\0x", 11), 0);
	EXPECT_ERRNO(ftruncate(fd, -1), EINVAL);
	EXPECT_ERRNO(truncate("missing", 0), ENOENT);
	EXPECT_ERRNO(truncate(".", 0), EISDIR);
}

TEST(append_goes_to_the_end)
{
	int a = open_new(), b = open("file", O_WRONLY | O_APPEND);

	EXPECT_EQ(write(a, "12", 2), 2);
	EXPECT_EQ(write(b, "34", 2), 2);
	EXPECT_EQ(lseek(b, 0, SEEK_SET), 0);
	EXPECT_EQ(write(b, "56", 2), 2);
	EXPECT_EQ(pread(a, buf, 10, 0), 6);
	EXPECT_EQ(memcmp(buf, "123456", 6), 0);
}

/* Two processes that append lose nothing. */
TEST(appends_do_not_overwrite)
{
	int fd = open_new();
	pid_t pids[2];

	for (int p = 0; p < 2; p++) {
		pids[p] = tap_fork();
		if (pids[p])
			continue;
		fd = open("file", O_WRONLY | O_APPEND);
		for (int i = 0; i < 200; i++) {
			EXPECT_EQ(write(fd, p ? "one" : "two", 3), 3);
			sched_yield();
		}
		tap_exit();
	}
	EXPECT_EXIT(pids[0], 0);
	EXPECT_EXIT(pids[1], 0);
	EXPECT_EQ(size_of(fd), 1200);
}

TEST(seek)
{
	int fd = open_new();

	EXPECT_EQ(write(fd, buf, 10), 10);
	EXPECT_EQ(lseek(fd, -3, SEEK_END), 7);
	EXPECT_EQ(lseek(fd, -3, SEEK_CUR), 4);
	EXPECT_EQ(lseek(fd, 100, SEEK_SET), 100);
	EXPECT_EQ(read(fd, buf, 1), 0);
	EXPECT_ERRNO(lseek(fd, -1, SEEK_SET), EINVAL);
	EXPECT_ERRNO(lseek(fd, -101, SEEK_CUR), EINVAL);
	EXPECT_ERRNO(lseek(fd, 0, 99), EINVAL);
	EXPECT_EQ(lseek(fd, 2, SEEK_DATA), 2);
	EXPECT_EQ(lseek(fd, 2, SEEK_HOLE), 10);
	EXPECT_ERRNO(lseek(fd, 10, SEEK_DATA), ENXIO);
	EXPECT_ERRNO(pread(fd, buf, 1, -1), EINVAL);
}

TEST(vectors)
{
	int fd = open_new();
	char a[2], b[3], c[4];
	struct iovec out[] = {{"ab", 2}, {NULL, 0}, {"cdefg", 5}};
	struct iovec in[] = {{a, 2}, {b, 3}, {c, 4}};

	EXPECT_EQ(writev(fd, out, 3), 7);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_EQ(readv(fd, in, 3), 7);
	EXPECT_EQ(memcmp(a, "ab", 2), 0);
	EXPECT_EQ(memcmp(b, "cde", 3), 0);
	EXPECT_EQ(memcmp(c, "fg", 2), 0);
	EXPECT_EQ(preadv(fd, in, 2, 1), 5);
	EXPECT_EQ(memcmp(a, "bc", 2), 0);
	EXPECT_EQ(writev(fd, out, 0), 0);
	EXPECT_ERRNO(writev(fd, out, -1), EINVAL);
	EXPECT_ERRNO(writev(fd, out, 1025), EINVAL);
	in[1].iov_len = -1;
	EXPECT_ERRNO(readv(fd, in, 3), EINVAL);
}

/* Two pages, of which the second is not there. */
static char *half_mapped(void)
{
	char *at = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT(at != MAP_FAILED);
	ASSERT(munmap(at + PAGE, PAGE) == 0);
	return at;
}

/* What lies before the hole in memory may be moved; nothing else is. */
TEST(buffer_that_ends_too_early)
{
	int fd = open_new();
	char *at = half_mapped();
	ssize_t n;

	memset(buf, 'x', sizeof(buf));
	EXPECT_EQ(write(fd, buf, 3 * PAGE), 3 * PAGE);
	EXPECT_ERRNO(pread(fd, at + PAGE, 10, 0), EFAULT);
	n = pread(fd, at, 2 * PAGE, 0);
	EXPECT(n == PAGE);
	EXPECT_EQ(memcmp(at, buf, PAGE), 0);
	EXPECT_ERRNO(pwrite(fd, at + PAGE, 10, 0), EFAULT);
	EXPECT_EQ(size_of(fd), 3 * PAGE);
	EXPECT_ERRNO(read(fd, (void *)-4096l, 10), EFAULT);
	EXPECT_ERRNO(write(fd, (void *)(1l << 62), 10), EFAULT);
}

TEST(file_outlives_its_name)
{
	int fd = open_new();
	struct stat st;

	EXPECT_EQ(write(fd, "still here", 10), 10);
	EXPECT_EQ(unlink("file"), 0);
	EXPECT_ERRNO(stat("file", &st), ENOENT);
	EXPECT_EQ(fstat(fd, &st), 0);
	EXPECT_EQ(st.st_nlink, 0);
	EXPECT_EQ(pread(fd, buf, 20, 0), 10);
	EXPECT_EQ(memcmp(buf, "still here", 10), 0);
}

TEST(open_flags)
{
	int fd = open_new();

	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_ERRNO(open("file", O_CREAT | O_EXCL, 0666), EEXIST);
	EXPECT_ERRNO(open("missing", O_RDWR), ENOENT);
	EXPECT_ERRNO(open("file", O_DIRECTORY), ENOTDIR);
	EXPECT_ERRNO(open(".", O_WRONLY), EISDIR);
	EXPECT_ERRNO(open(".", O_RDONLY | O_CREAT, 0666), EISDIR);
	close(open("file", O_CREAT | O_WRONLY, 0666));
	EXPECT_EQ(size_of(fd), 1);
	close(open("file", O_TRUNC | O_WRONLY));
	EXPECT_EQ(size_of(fd), 0);
}

TEST(path_only)
{
	int fd = open_new(), path = open("file", O_PATH);
	struct stat st;

	EXPECT_EQ(write(fd, "x", 1), 1);
	ASSERT(path >= 0);
	EXPECT_EQ(fstat(path, &st), 0);
	EXPECT_EQ(st.st_size, 1);
	EXPECT_ERRNO(read(path, buf, 1), EBADF);
	EXPECT_ERRNO(ftruncate(path, 0), EBADF);
	EXPECT(fcntl(path, F_GETFL) & O_PATH);
}
