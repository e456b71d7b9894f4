/*
 * memory - mmap(2) and its family: what is mapped where, what is refused, and
 * what a copy keeps of it.
 *
 * Needs kernel/linux: mremap(2), madvise(2), msync(2).
 */

#include "tap.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE 4096ul
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static char *map(size_t pages)
{
	return mmap(NULL, pages * PAGE, RW, ANON, -1, 0);
}

/* Does write(2), which reads the page, get it?  -1 with EFAULT if not. */
static int readable(const void *at)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("readable", O_RDWR | O_CREAT | O_TRUNC, 0600);
	return write(fd, at, 1) == 1;
}

TEST(zeroed_and_separate)
{
	char *a = map(3);

	EXPECT(a != MAP_FAILED);
	for (size_t i = 0; i < 3 * PAGE; i++)
		if (a[i])
			EXPECT_EQ(a[i], 0);
	memset(a, 7, 3 * PAGE);
	EXPECT_EQ(munmap(a + PAGE, PAGE), 0);
	EXPECT_EQ(a[PAGE - 1], 7);
	EXPECT_EQ(a[2 * PAGE], 7);
	EXPECT(!readable(a + PAGE));
	EXPECT(mmap(a + PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) == a + PAGE);
	EXPECT_EQ(a[PAGE], 0);
	EXPECT_EQ(munmap(a, 3 * PAGE), 0);
}

TEST(protect)
{
	char *a = map(3);

	memset(a, 1, 3 * PAGE);
	EXPECT_EQ(mprotect(a + PAGE, PAGE, PROT_NONE), 0);
	EXPECT(!readable(a + PAGE));
	EXPECT(readable(a + 2 * PAGE));
	EXPECT_EQ(mprotect(a + PAGE, PAGE, PROT_READ), 0);
	EXPECT_EQ(a[PAGE], 1);
	int fd = open("zero", O_RDWR | O_CREAT | O_TRUNC, 0600);
	EXPECT_EQ(write(fd, "xyz", 3), 3);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_EQ(read(fd, a + PAGE, 3), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(mprotect(a + PAGE, PAGE, RW), 0);
	EXPECT_EQ(read(fd, a + PAGE, 3), 3);
	EXPECT_EQ(a[PAGE + 2], 'z');
	close(fd);
	munmap(a, 3 * PAGE);
}

static void crash(char *a, int what)
{
	if (what == 0)
		*a = 1;
	else
		((void (*)(void))a)();
}

TEST(faults_kill)
{
	char *a = map(1);

	a[0] = (char)0xc3; /* ret */
	for (int what = 0; what < 2; what++) {
		EXPECT_EQ(mprotect(a, PAGE, what ? RW : PROT_READ), 0);
		pid_t pid = tap_fork();

		if (pid == 0) {
			crash(a, what);
			tap_exit();
		}
		EXPECT_KILLED(pid, 11);
	}
	EXPECT_EQ(mprotect(a, PAGE, PROT_READ | PROT_EXEC), 0);
	crash(a, 1);
	munmap(a, PAGE);
}

TEST(file)
{
	int fd = open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char buf[16];

	for (int i = 0; i < 5; i++)
		EXPECT_EQ(pwrite(fd, "page", 4, i * PAGE + i), 4);
	char *a = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, PAGE);
	EXPECT(a != MAP_FAILED);
	close(fd);
	for (int i = 1; i < 5; i++)
		EXPECT(memcmp(a + (i - 1) * PAGE + i, "page", 4) == 0);
	a[1] = 'c';
	EXPECT(memcmp(a, "\0cage", 5) == 0);
	fd = open("mapped", O_RDONLY);
	EXPECT_EQ(pread(fd, buf, 4, PAGE + 1), 4);
	EXPECT(memcmp(buf, "page", 4) == 0);
	/* Into a mapping of itself. */
	EXPECT_EQ(pread(fd, a + 2 * PAGE, PAGE, 2 * PAGE), (ssize_t)PAGE);
	EXPECT(memcmp(a + 2 * PAGE + 2, "page", 4) == 0);
	EXPECT(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0) == MAP_FAILED);
	EXPECT_EQ(errno, EACCES);
	/* What is wrong with the call comes first. */
	EXPECT(mmap(NULL, 0, RW, MAP_SHARED, fd, 0) == MAP_FAILED);
	EXPECT_EQ(errno, EINVAL);
	munmap(a, 4 * PAGE);
	/* MAP_SHARED_VALIDATE is MAP_SHARED, but for flags that are not known (MAP_SYNC). */
	a = mmap(NULL, PAGE, PROT_READ, 3, fd, 0);
	EXPECT(a != MAP_FAILED);
	munmap(a, PAGE);
	EXPECT(mmap(NULL, PAGE, PROT_READ, 3 | 0x80000, fd, 0) == MAP_FAILED);
	EXPECT_EQ(errno, EOPNOTSUPP);
	close(fd);
}

TEST(remap)
{
	char *a = map(2);

	strcpy(a + PAGE, "here");
	char *b = mremap(a, 2 * PAGE, 1000 * PAGE, MREMAP_MAYMOVE);
	EXPECT(b != MAP_FAILED);
	EXPECT(strcmp(b + PAGE, "here") == 0);
	EXPECT_EQ(b[999 * PAGE], 0);
	EXPECT(mremap(b, 1000 * PAGE, PAGE, 0) == b);
	EXPECT(!readable(b + PAGE));
	munmap(b, PAGE);
}

TEST(dontneed)
{
	char *a = map(2);

	memset(a, 3, 2 * PAGE);
	EXPECT_EQ(madvise(a, PAGE, MADV_DONTNEED), 0);
	EXPECT_EQ(a[0], 0);
	EXPECT_EQ(a[PAGE], 3);
	munmap(a, 2 * PAGE);
	EXPECT_EQ(madvise(a, PAGE, MADV_DONTNEED), -1);
	EXPECT_EQ(errno, ENOMEM);
	EXPECT_EQ(msync(a, PAGE, MS_SYNC), -1);
	EXPECT_EQ(errno, ENOMEM);
}

TEST(heap)
{
	uintptr_t start = syscall(SYS_brk, 0);

	EXPECT_EQ((uintptr_t)syscall(SYS_brk, start + 10 * PAGE),
		  start + 10 * PAGE);
	memset((void *)start, 5, 10 * PAGE);
	EXPECT_EQ((uintptr_t)syscall(SYS_brk, start), start);
	EXPECT_EQ((uintptr_t)syscall(SYS_brk, start + PAGE), start + PAGE);
	EXPECT_EQ(*(char *)(start + PAGE - 1), 0);
	EXPECT_EQ((uintptr_t)syscall(SYS_brk, start), start);
}

static int deep(int n)
{
	volatile char room[1024];

	room[0] = n;
	return n ? deep(n - 1) + (room[0] == (char)n) : 0;
}

TEST(stack_grows)
{
	EXPECT_EQ(deep(4000), 4000);
}

TEST(exhaustion)
{
	pid_t pid = tap_fork();

	if (pid == 0) {
		EXPECT(mmap(NULL, 1ul << 45, RW, ANON, -1, 0) == MAP_FAILED);
		EXPECT_EQ(errno, ENOMEM);
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
}

/* The rest of its last page is zeros; there is no page after that. */
TEST(behind_the_end_of_a_file)
{
	int fd = open("file", O_RDWR | O_CREAT, 0600);

	ASSERT(ftruncate(fd, 100) == 0);

	volatile char *p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0);

	ASSERT(p != MAP_FAILED);
	EXPECT_EQ(p[99], 0);
	EXPECT_EQ(p[4095], 0);

	pid_t pid = tap_fork();

	if (pid == 0)
		_exit(p[4096]);
	EXPECT_KILLED(pid, SIGBUS);
	EXPECT_ERRNO(write(fd, (char *)p + 4096, 1), EFAULT);
}
