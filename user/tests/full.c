/*
 * full - the file system has no room left: -ENOSPC, and everything goes on.
 *
 * On Linux each test has a small file system in memory of its own, so that it
 * fills nothing else; here there is only one, and it is the root.
 */
#include "tap.h"
#include <sched.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/utsname.h>

#define CHUNK 65536

static char chunk[CHUNK];

static bool on_signalbox(void)
{
	struct utsname name;

	return uname(&name) == 0 && strstr(name.release, "signalbox");
}

/* Goes to where there is little room: 8 MiB and 500 names, or our own. */
static void enter_small_place(void)
{
	char here[4096];
	struct statfs s;

	if (on_signalbox())
		return;
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", ".", "tmpfs", 0, "size=8m,nr_inodes=500") < 0)
		SKIP("may not mount a small file system");
	ASSERT(getcwd(here, sizeof(here)) && chdir(here) == 0);
	ASSERT(statfs(".", &s) == 0);
	ASSERT(s.f_bavail * s.f_bsize <= 8 << 20);
}

static long bytes_left(void)
{
	struct statfs s;

	ASSERT(statfs(".", &s) == 0);
	return s.f_bavail * s.f_bsize;
}

static unsigned long names_left(void)
{
	struct statfs s;

	ASSERT(statfs(".", &s) == 0);
	return s.f_ffree;
}

/* Writes until there is no more room; how many bytes there were. */
static long fill(int fd)
{
	long total = 0;
	ssize_t n;

	while ((n = write(fd, chunk, CHUNK)) > 0)
		total += n;
	EXPECT_EQ(n, -1);
	EXPECT_EQ(errno, ENOSPC);
	return total;
}

static int make_file(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0666);

	ASSERT(fd >= 0);
	return fd;
}

TEST(data)
{
	enter_small_place();
	int fd = make_file("big"), small = make_file("small");
	long room = bytes_left(), total;

	EXPECT_EQ(write(small, "12345", 5), 5);
	total = fill(fd);
	EXPECT(total > room * 9 / 10 && total <= room);
	EXPECT(bytes_left() < CHUNK);
	EXPECT_EQ(lseek(fd, 0, SEEK_END), total);
	/* What needs no page works: reading, and writing where there is one. */
	EXPECT_EQ(pread(small, chunk, 10, 0), 5);
	EXPECT_EQ(pwrite(small, "67890", 5, 5), 5);
	EXPECT_EQ(pwrite(fd, "x", 1, 0), 1);
	EXPECT_ERRNO(pwrite(small, "x", 1, 1 << 20), ENOSPC);
	EXPECT_EQ(ftruncate(fd, total / 2), 0);
	EXPECT_EQ(pwrite(small, "x", 1, 1 << 20), 1);
	EXPECT_EQ(close(fd), 0);
	EXPECT_EQ(unlink("big"), 0);
	EXPECT(bytes_left() > room * 9 / 10);
}

/* Programs start and end as before. */
TEST(others_go_on)
{
	enter_small_place();
	int fd = make_file("big");
	long first = fill(fd);

	for (int i = 0; i < 10; i++) {
		pid_t pid = tap_fork();

		if (pid == 0) {
			char *memory = malloc(1 << 20);

			ASSERT(memory);
			memset(memory, 1, 1 << 20);
			_exit(0);
		}
		EXPECT_EXIT(pid, 0);
	}
	EXPECT_EQ(ftruncate(fd, 0), 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT(fill(fd) > first * 9 / 10);
}

TEST(too_much_at_once)
{
	enter_small_place();
	int fd = make_file("big");
	long before = bytes_left();

	EXPECT_ERRNO(fallocate(fd, 0, 0, 1l << 40), ENOSPC);
	EXPECT(bytes_left() + CHUNK >= before);
	EXPECT_EQ(ftruncate(fd, 1l << 40), 0); /* a hole needs none */
	EXPECT_EQ(pwrite(fd, "x", 1, 1l << 39), 1);
}

TEST(names)
{
	enter_small_place();
	unsigned long left = names_left(), made = 0;
	char name[32];

	for (;; made++) {
		snprintf(name, sizeof(name), "n%lu", made);
		if (symlink("target", name) < 0)
			break;
	}
	EXPECT_EQ(errno, ENOSPC);
	EXPECT(made <= left && made + 8 >= left);
	EXPECT_ERRNO(mkdir("d", 0777), ENOSPC);
	EXPECT_ERRNO(open("f", O_CREAT | O_WRONLY, 0666), ENOSPC);
	EXPECT_ERRNO(link("n0", "f"), ENOSPC);
	EXPECT_EQ(rename("n0", "f"), 0); /* as many names as before */
	EXPECT_EQ(unlink("f"), 0);
	EXPECT_EQ(mkdir("d", 0777), 0);
	EXPECT_EQ(rmdir("d"), 0);
	while (made-- > 1) {
		snprintf(name, sizeof(name), "n%lu", made);
		EXPECT_EQ(unlink(name), 0);
	}
	EXPECT(names_left() + 8 >= left);
}

/* A directory without names stays one that can be removed. */
TEST(empty_directory)
{
	char name[32];
	unsigned long made = 0;

	enter_small_place();
	EXPECT_EQ(mkdir("empty", 0777), 0);
	do
		snprintf(name, sizeof(name), "n%lu", made++);
	while (symlink("target", name) == 0);
	EXPECT_EQ(errno, ENOSPC);
	EXPECT_ERRNO(mkdir("empty/d", 0777), ENOSPC);
	EXPECT_ERRNO(open("empty/f", O_CREAT | O_WRONLY, 0666), ENOSPC);
	EXPECT_ERRNO(link("n0", "empty/l"), ENOSPC);
	EXPECT_EQ(rmdir("empty"), 0);
}
