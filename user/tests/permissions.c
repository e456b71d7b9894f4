/*
 * permissions - who may do what with a file: modes, owners, umask, access.
 * All as root at first; the tests that need it become another user.
 *
 * Needs kernel/linux: setresuid(2), times of files.
 */
#include "tap.h"
#include <grp.h>

#define USER 1234
#define GROUP 5678

static void become_user(void)
{
	gid_t other = 42;

	if (geteuid() != 0)
		SKIP("only root can become another user");
	ASSERT(setgroups(1, &other) == 0);
	ASSERT(setresgid(GROUP, GROUP, GROUP) == 0);
	ASSERT(setresuid(USER, USER, USER) == 0);
}

static void make_file(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	close(open(path, O_CREAT | O_WRONLY, 0666));
	if (geteuid() == 0)
		ASSERT(chown(path, uid, gid) == 0);
	ASSERT(chmod(path, mode) == 0);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : st.st_mode & 07777;
}

TEST(umask_takes_bits_away)
{
	EXPECT_EQ(umask(027), 022);
	EXPECT_EQ(umask(027), 027);
	close(open("f", O_CREAT | O_WRONLY, 0666));
	EXPECT_EQ(mode_of("f"), 0640);
	EXPECT_EQ(mkdir("d", 0777), 0);
	EXPECT_EQ(mode_of("d"), 0750);
	EXPECT_EQ(mkfifo("p", 0666), 0);
	EXPECT_EQ(mode_of("p"), 0640);
}

TEST(chmod_sets_the_mode)
{
	int fd = open("f", O_CREAT | O_WRONLY, 0);

	EXPECT_EQ(mode_of("f"), 0);
	EXPECT_EQ(chmod("f", 0755), 0);
	EXPECT_EQ(mode_of("f"), 0755);
	EXPECT_EQ(fchmod(fd, 04711), 0);
	EXPECT_EQ(mode_of("f"), 04711);
	EXPECT_EQ(symlink("f", "s"), 0);
	EXPECT_EQ(chmod("s", 0600), 0);
	EXPECT_EQ(mode_of("f"), 0600);
	EXPECT_ERRNO(chmod("missing", 0600), ENOENT);
}

/* The owner's bits count for the owner, even if others may do more. */
TEST(the_first_class_that_fits_decides)
{
	make_file("own", 0077, USER, 0);
	make_file("group", 0707, 0, GROUP);
	make_file("more", 0707, 0, 42);
	make_file("others", 0770, 0, 0);
	make_file("open", 0004, 0, 0);
	become_user();
	EXPECT_ERRNO(open("own", O_RDONLY), EACCES);
	EXPECT_ERRNO(open("group", O_RDONLY), EACCES);
	EXPECT_ERRNO(open("more", O_RDONLY), EACCES);
	EXPECT_ERRNO(open("others", O_RDONLY), EACCES);
	EXPECT(open("open", O_RDONLY) >= 0);
	EXPECT_ERRNO(open("open", O_RDWR), EACCES);
	EXPECT_ERRNO(open("open", O_RDONLY | O_TRUNC), EACCES);
	EXPECT_ERRNO(truncate("open", 0), EACCES);
	EXPECT_EQ(access("open", R_OK), 0);
	EXPECT_ERRNO(access("open", W_OK), EACCES);
	EXPECT_ERRNO(access("own", R_OK), EACCES);
	EXPECT_EQ(access("own", F_OK), 0);
}

TEST(root_may_do_all_but_execute_what_nobody_may)
{
	if (geteuid() != 0)
		SKIP("needs root");
	make_file("f", 0, USER, GROUP);
	EXPECT(open("f", O_RDWR) >= 0);
	EXPECT_EQ(access("f", R_OK | W_OK), 0);
	EXPECT_ERRNO(access("f", X_OK), EACCES);
	EXPECT_EQ(chmod("f", 0010), 0);
	EXPECT_EQ(access("f", X_OK), 0);
}

TEST(directories)
{
	EXPECT_EQ(mkdir("closed", 0700), 0);
	EXPECT_EQ(mkdir("listed", 0744), 0);
	EXPECT_EQ(mkdir("entered", 0711), 0);
	make_file("closed/f", 0666, 0, 0);
	make_file("listed/f", 0666, 0, 0);
	make_file("entered/f", 0666, 0, 0);
	become_user();
	EXPECT_ERRNO(open("closed/f", O_RDONLY), EACCES);
	EXPECT_ERRNO(open("listed/f", O_RDONLY), EACCES);
	EXPECT(open("entered/f", O_RDONLY) >= 0);
	EXPECT_ERRNO(open("closed", O_RDONLY), EACCES);
	EXPECT(open("listed", O_RDONLY) >= 0);
	EXPECT_ERRNO(open("entered", O_RDONLY), EACCES);
	EXPECT_ERRNO(chdir("listed"), EACCES);
	EXPECT_EQ(chdir("entered"), 0);
	EXPECT_ERRNO(unlink("f"), EACCES);
	EXPECT_ERRNO(mkdir("d", 0777), EACCES);
	EXPECT_ERRNO(rename("f", "g"), EACCES);
	EXPECT_ERRNO(link("f", "g"), EACCES);
	EXPECT_ERRNO(open("g", O_CREAT | O_WRONLY, 0666), EACCES);
}

/* Everybody may write to /tmp, but nobody removes another's file there. */
TEST(sticky_directory)
{
	EXPECT_EQ(mkdir("d", 0777), 0);
	EXPECT_EQ(chmod("d", 01777), 0);
	make_file("d/roots", 0666, 0, 0);
	become_user();
	make_file("d/mine", 0666, USER, GROUP);
	EXPECT_ERRNO(unlink("d/roots"), EPERM);
	EXPECT_ERRNO(rename("d/roots", "d/x"), EPERM);
	EXPECT_ERRNO(rename("d/mine", "d/roots"), EPERM);
	EXPECT_EQ(rename("d/mine", "d/other"), 0);
	EXPECT_EQ(unlink("d/other"), 0);
}

TEST(owners)
{
	make_file("roots", 0666, 0, 0);
	make_file("mine", 06666, USER, 0);
	become_user();
	struct stat st;

	EXPECT_ERRNO(chown("mine", 0, -1), EPERM);
	EXPECT_ERRNO(chown("mine", -1, 4711), EPERM);
	EXPECT_ERRNO(chown("roots", -1, GROUP), EPERM);
	EXPECT_EQ(chown("mine", -1, 42), 0);
	EXPECT_EQ(stat("mine", &st), 0);
	EXPECT_EQ(st.st_gid, 42);
	EXPECT_EQ(st.st_mode & 06000, 0);
	EXPECT_ERRNO(chmod("roots", 0777), EPERM);
	EXPECT_EQ(chmod("mine", 0600), 0);
	close(open("new", O_CREAT | O_WRONLY, 0666));
	EXPECT_EQ(stat("new", &st), 0);
	EXPECT_EQ(st.st_uid, USER);
	EXPECT_EQ(st.st_gid, GROUP);
}

TEST(times)
{
	struct timespec times[2] = {{100, 1}, {200, 2}};
	struct stat st;
	int fd = open("f", O_CREAT | O_RDWR, 0666);

	EXPECT_EQ(utimensat(AT_FDCWD, "f", times, 0), 0);
	EXPECT_EQ(stat("f", &st), 0);
	EXPECT_EQ(st.st_atim.tv_sec, 100);
	EXPECT_EQ(st.st_mtim.tv_sec, 200);
	EXPECT_EQ(st.st_mtim.tv_nsec, 2);
	times[0].tv_nsec = UTIME_OMIT;
	times[1].tv_nsec = UTIME_NOW;
	EXPECT_EQ(futimens(fd, times), 0);
	EXPECT_EQ(stat("f", &st), 0);
	EXPECT_EQ(st.st_atim.tv_sec, 100);
	EXPECT(st.st_mtim.tv_sec > 1000000000);
	times[1].tv_nsec = 2000000000;
	EXPECT_ERRNO(futimens(fd, times), EINVAL);
	make_file("roots", 0666, 0, 0);
	become_user();
	EXPECT_EQ(utimensat(AT_FDCWD, "roots", NULL, 0), 0);
	times[1].tv_nsec = 0;
	EXPECT_ERRNO(utimensat(AT_FDCWD, "roots", times, 0), EPERM);
}

/* O_TRUNC is a write, upon which rights go; but a new file has nothing to
 * truncate. */
TEST(a_new_file_keeps_its_rights)
{
	umask(0);
	ASSERT(mkdir("own", 0777) == 0);
	ASSERT(chmod("own", 0777) == 0);
	become_user();
	int fd = open("own/f", O_CREAT | O_TRUNC | O_WRONLY, 06777);

	ASSERT(fd >= 0);
	EXPECT_EQ(mode_of("own/f"), 06777);
	close(fd);
	close(open("own/f", O_TRUNC | O_WRONLY));
	EXPECT_EQ(mode_of("own/f"), 0777);
}

TEST(access_times_are_the_owners)
{
	make_file("mine", 0666, USER, GROUP);
	make_file("roots", 0666, 0, 0);
	become_user();
	int fd = open("mine", O_RDONLY | O_NOATIME);

	EXPECT(fd >= 0);
	EXPECT_ERRNO(open("roots", O_RDONLY | O_NOATIME), EPERM);
}
