/*
 * attributes - what is said about files, in the forms that there are: statx(2),
 * statfs(2), the older calls that set times, rights that go with a write.
 *
 * Needs kernel/linux: times of files, statx(2), statfs(2).
 */
#include "tap.h"
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <utime.h>

#define USER 1234

/* ---- statx(2), which the C library does not know ---- */

#define BASIC_STATS 0x7ff

struct statx_time {
	int64_t sec;
	uint32_t nsec, padding;
};

struct statx_result {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, padding;
	uint64_t ino, size, blocks, attributes_mask;
	struct statx_time atime, btime, ctime, mtime;
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t unused[14];
};

static long extended(int dirfd, const char *path, int flags, void *to)
{
	return syscall(SYS_statx, dirfd, path, flags, BASIC_STATS, to);
}

static int make_file(const char *path, mode_t mode)
{
	int fd = open(path, O_CREAT | O_RDWR, 0666);

	ASSERT(fd >= 0);
	ASSERT(fchmod(fd, mode) == 0);
	return fd;
}

static struct stat stat_of(const char *path)
{
	struct stat st;

	ASSERT(stat(path, &st) == 0);
	return st;
}

TEST(statx_says_what_stat_says)
{
	int fd = make_file("f", 0640);
	struct statx_result x;
	struct stat st;

	EXPECT_EQ(write(fd, "hello", 5), 5);
	st = stat_of("f");
	EXPECT_EQ(extended(AT_FDCWD, "f", 0, &x), 0);
	EXPECT_EQ(x.mask & BASIC_STATS, BASIC_STATS);
	EXPECT_EQ(x.size, 5);
	EXPECT_EQ(x.mode, st.st_mode);
	EXPECT_EQ(x.ino, st.st_ino);
	EXPECT_EQ(x.nlink, 1);
	EXPECT_EQ(x.mtime.sec, st.st_mtim.tv_sec);
	EXPECT_EQ(x.mtime.nsec, st.st_mtim.tv_nsec);
	EXPECT_EQ(makedev(x.dev_major, x.dev_minor), st.st_dev);
	EXPECT_EQ(extended(fd, "", AT_EMPTY_PATH, &x), 0);
	EXPECT_EQ(x.size, 5);
	EXPECT_EQ(extended(AT_FDCWD, "/dev/null", 0, &x), 0);
	EXPECT_EQ(x.rdev_major, 1);
	EXPECT_EQ(x.rdev_minor, 3);
	EXPECT_EQ(symlink("f", "s"), 0);
	EXPECT_EQ(extended(AT_FDCWD, "s", AT_SYMLINK_NOFOLLOW, &x), 0);
	EXPECT(S_ISLNK(x.mode));
	EXPECT_ERRNO(extended(AT_FDCWD, "x", 0, &x), ENOENT);
	EXPECT_ERRNO(extended(AT_FDCWD, "f", 1, &x), EINVAL);
	EXPECT_ERRNO(extended(AT_FDCWD, "f", 0x6000, &x), EINVAL);
	EXPECT_ERRNO(extended(AT_FDCWD, "f", 0, tap_nowhere), EFAULT);
}

TEST(statfs_of_paths_and_descriptors)
{
	struct statfs a, b;

	EXPECT_EQ(statfs(".", &a), 0);
	EXPECT_EQ(fstatfs(open(".", O_RDONLY), &b), 0);
	EXPECT_EQ(a.f_type, b.f_type);
	EXPECT_EQ(a.f_namelen, 255);
	EXPECT(a.f_bsize >= 512 && a.f_blocks >= a.f_bfree);
	EXPECT(a.f_bfree >= a.f_bavail);
	EXPECT_ERRNO(statfs("missing", &a), ENOENT);
	EXPECT_ERRNO(fstatfs(-1, &a), EBADF);
	EXPECT_ERRNO(syscall(SYS_statfs, ".", tap_nowhere), EFAULT);
}

/* By number: the C library would call utimensat(2) for all of them. */
TEST(times_in_older_forms)
{
	struct timeval tv[2] = {{100, 5}, {200, 7}};
	struct utimbuf seconds = {300, 400};

	make_file("f", 0666);
	EXPECT_EQ(syscall(SYS_utimes, "f", tv), 0);
	EXPECT_EQ(stat_of("f").st_atim.tv_sec, 100);
	EXPECT_EQ(stat_of("f").st_mtim.tv_nsec, 7000);
	EXPECT_EQ(syscall(SYS_utime, "f", &seconds), 0);
	EXPECT_EQ(stat_of("f").st_atim.tv_sec, 300);
	EXPECT_EQ(stat_of("f").st_mtim.tv_sec, 400);
	EXPECT_EQ(syscall(SYS_futimesat, AT_FDCWD, "f", tv), 0);
	EXPECT_EQ(stat_of("f").st_mtim.tv_sec, 200);
	EXPECT_EQ(syscall(SYS_utime, "f", NULL), 0);
	EXPECT(stat_of("f").st_mtim.tv_sec > 1000000000);
	tv[1].tv_usec = 1000000;
	EXPECT_ERRNO(syscall(SYS_utimes, "f", tv), EINVAL);
	EXPECT_ERRNO(syscall(SYS_utime, "missing", NULL), ENOENT);
}

TEST(times_that_are_left_alone)
{
	struct timespec omit[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};

	EXPECT_EQ(utimensat(AT_FDCWD, "missing", omit, 0), 0);
	EXPECT_ERRNO(syscall(SYS_utimensat, AT_FDCWD, NULL, NULL, 0), EFAULT);
}

/* By number: the C library would go by /proc/self/fd instead. */
TEST(a_path_descriptor_changes_nothing)
{
	int fd = make_file("f", 0600), path = open("f", O_PATH);

	EXPECT_ERRNO(syscall(SYS_fchmod, path, 0666), EBADF);
	EXPECT_ERRNO(syscall(SYS_fchown, path, -1, -1), EBADF);
	EXPECT_ERRNO(futimens(path, NULL), EBADF);
	EXPECT_EQ(fchmod(fd, 0640), 0);
	EXPECT_EQ(stat_of("f").st_mode & 07777, 0640);
}

/* Else who may write to root's program could put a program of his own there,
 * that runs as root. */
TEST(a_write_takes_rights_away)
{
	if (geteuid() != 0)
		SKIP("only root can become another user");
	int fd = make_file("f", 06777);

	EXPECT_EQ(write(fd, "root", 4), 4);
	EXPECT_EQ(stat_of("f").st_mode & 07777, 06777);
	ASSERT(setresgid(USER, USER, USER) == 0);
	ASSERT(setresuid(USER, USER, USER) == 0);
	EXPECT_EQ(write(fd, "user", 4), 4);
	EXPECT_EQ(stat_of("f").st_mode & 07777, 0777);
}

TEST(emptying_takes_rights_away)
{
	if (geteuid() != 0)
		SKIP("only root can become another user");
	close(make_file("f", 06777));
	ASSERT(setresgid(USER, USER, USER) == 0);
	ASSERT(setresuid(USER, USER, USER) == 0);
	EXPECT(open("f", O_WRONLY | O_TRUNC) >= 0);
	EXPECT_EQ(stat_of("f").st_mode & 07777, 0777);
}

/* Before 1970: told as such, or as the nearest that can be told. */
TEST(times_long_ago)
{
	struct timespec times[2] = {{-1000, 0}, {-1000, 0}};

	close(make_file("f", 0666));
	EXPECT_EQ(utimensat(AT_FDCWD, "f", times, 0), 0);
	EXPECT(stat_of("f").st_mtime <= 0);
}
