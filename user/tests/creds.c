/*
 * creds - who a process is: user, group and supplementary groups, and that
 * nobody but root gets more than he has.
 *
 * Needs kernel/linux: setresuid(2) and its relatives.
 */
#include "tap.h"
#include <grp.h>
#include <signal.h>
#include <sys/fsuid.h>

#define USER 1234
#define OTHER 4321
#define KEEP ((uid_t)-1)

static void need_root(void)
{
	if (geteuid() != 0)
		SKIP("only root can become another user");
}

static void expect_users(uid_t real, uid_t effective, uid_t saved)
{
	uid_t r, e, s;

	EXPECT_EQ(getresuid(&r, &e, &s), 0);
	EXPECT_EQ(r, real);
	EXPECT_EQ(e, effective);
	EXPECT_EQ(s, saved);
	EXPECT_EQ(getuid(), real);
	EXPECT_EQ(geteuid(), effective);
}

static void expect_groups(gid_t real, gid_t effective, gid_t saved)
{
	gid_t r, e, s;

	EXPECT_EQ(getresgid(&r, &e, &s), 0);
	EXPECT_EQ(r, real);
	EXPECT_EQ(e, effective);
	EXPECT_EQ(s, saved);
	EXPECT_EQ(getgid(), real);
	EXPECT_EQ(getegid(), effective);
}

TEST(setuid_of_root_is_for_good)
{
	need_root();
	EXPECT_EQ(setuid(USER), 0);
	expect_users(USER, USER, USER);
	EXPECT_ERRNO(setuid(0), EPERM);
	EXPECT_ERRNO(seteuid(0), EPERM);
	EXPECT_ERRNO(setuid(OTHER), EPERM);
	EXPECT_EQ(setuid(USER), 0);
}

TEST(seteuid_can_be_undone)
{
	need_root();
	EXPECT_EQ(seteuid(USER), 0);
	expect_users(0, USER, 0);
	EXPECT_ERRNO(seteuid(OTHER), EPERM);
	EXPECT_EQ(seteuid(0), 0);
	expect_users(0, 0, 0);
}

TEST(setreuid_changes_the_saved_one)
{
	need_root();
	EXPECT_EQ(setreuid(USER, OTHER), 0);
	expect_users(USER, OTHER, OTHER);
	/* The two may be exchanged. */
	EXPECT_EQ(setreuid(OTHER, USER), 0);
	expect_users(OTHER, USER, USER);
	EXPECT_ERRNO(setreuid(0, KEEP), EPERM);
}

TEST(setresuid_takes_what_one_has)
{
	need_root();
	EXPECT_EQ(setresuid(1, 2, 3), 0);
	EXPECT_EQ(setresuid(3, 1, 2), 0);
	expect_users(3, 1, 2);
	EXPECT_EQ(setresuid(KEEP, KEEP, KEEP), 0);
	expect_users(3, 1, 2);
	EXPECT_ERRNO(setresuid(1, 2, 4), EPERM);
	expect_users(3, 1, 2);
}

TEST(groups_likewise)
{
	need_root();
	EXPECT_EQ(setresgid(5, 6, 7), 0);
	expect_groups(5, 6, 7);
	EXPECT_EQ(setuid(USER), 0);
	EXPECT_EQ(setregid(6, 5), 0);
	expect_groups(6, 5, 5);
	EXPECT_ERRNO(setgid(8), EPERM);
	EXPECT_EQ(setgid(6), 0);
	expect_groups(6, 6, 5);
	EXPECT_EQ(setegid(5), 0);
	expect_groups(6, 5, 5);
}

TEST(supplementary_groups)
{
	const gid_t set[3] = {30, 10, 20};
	gid_t got[8];
	int found = 0;

	need_root();
	EXPECT_EQ(setgroups(3, set), 0);
	EXPECT_EQ(getgroups(0, NULL), 3);
	EXPECT_EQ(getgroups(8, got), 3);
	for (int i = 0; i < 3; i++)
		found += got[i] == 10 || got[i] == 20 || got[i] == 30;
	EXPECT_EQ(found, 3);
	EXPECT_ERRNO(getgroups(2, got), EINVAL);
	EXPECT_ERRNO(getgroups(-1, got), EINVAL);
	EXPECT_EQ(setgroups(0, NULL), 0);
	EXPECT_EQ(getgroups(0, NULL), 0);
	EXPECT_EQ(setuid(USER), 0);
	EXPECT_ERRNO(setgroups(3, set), EPERM);
}

TEST(file_system_identity)
{
	need_root();
	EXPECT_EQ(setfsuid(USER), 0);
	EXPECT_EQ(setfsuid(-1), USER);
	int fd = open("file", O_CREAT | O_WRONLY, 0600);
	struct stat st;

	EXPECT_EQ(fstat(fd, &st), 0);
	EXPECT_EQ(st.st_uid, USER);
	expect_users(0, 0, 0);
	/* It follows the effective one. */
	EXPECT_EQ(seteuid(OTHER), 0);
	EXPECT_EQ(setfsuid(-1), OTHER);
}

TEST(inherited)
{
	need_root();
	EXPECT_EQ(setresgid(5, 6, 7), 0);
	EXPECT_EQ(setresuid(1, 2, 3), 0);

	pid_t pid = tap_fork();

	if (pid == 0) {
		expect_users(1, 2, 3);
		expect_groups(5, 6, 7);
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
}

HELPER(show)
{
	/* execve() makes the saved one the effective one. */
	expect_users(0, USER, USER);
	tap_exit();
}

TEST(over_exec)
{
	char *argv[] = {tap_program, "--helper", "show", NULL};
	pid_t pid;

	need_root();
	pid = tap_fork();
	if (pid == 0) {
		ASSERT(setresuid(0, USER, 0) == 0);
		execv(tap_program, argv);
		_exit(127);
	}
	EXPECT_EXIT(pid, 0);
}

TEST(who_may_kill_whom)
{
	pid_t pid;

	need_root();
	pid = tap_fork();
	if (pid == 0) {
		ASSERT(setuid(USER) == 0);
		tap_reach("there");
		tap_await("done");
		tap_exit();
	}
	tap_await("there");

	pid_t stranger = tap_fork(), friend;

	if (stranger == 0) {
		ASSERT(setuid(OTHER) == 0);
		EXPECT_ERRNO(kill(pid, 0), EPERM);
		EXPECT_ERRNO(kill(pid, SIGKILL), EPERM);
		EXPECT_ERRNO(kill(getppid(), SIGKILL), EPERM);
		tap_exit();
	}
	EXPECT_EXIT(stranger, 0);
	friend = tap_fork();
	if (friend == 0) {
		ASSERT(setuid(USER) == 0);
		EXPECT_EQ(kill(pid, SIGKILL), 0);
		tap_exit();
	}
	EXPECT_EXIT(friend, 0);
	EXPECT_KILLED(pid, SIGKILL);
}
