/*
 * proc - what /proc says of this process, of others, and of the machine.
 *
 * Programs like ps read these files by the place of each number, so that is
 * what is tested: fields are compared with what system calls say.
 *
 * Needs kernel/linux: /proc.
 */
#include "tap.h"
#include <dirent.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

/* The whole file; "" when it cannot be read. */
static const char *contents(const char *path)
{
	static char text[65536];
	int fd = open(path, O_RDONLY);
	ssize_t n, len = 0;

	while (fd >= 0 &&
	       (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	if (fd >= 0)
		close(fd);
	text[len] = '\0';
	return text;
}

/* A field of a stat file, by its number in proc(5): from 3 on. */
static long stat_field(const char *path, int number)
{
	const char *at = strrchr(contents(path), ')');

	for (int i = 2; at && i < number; i++)
		at = strchr(at + 1, ' ');
	return at ? strtol(at, NULL, 10) : -1;
}

/* The number behind "Name:" in a status file. */
static long status_line(const char *path, const char *name)
{
	const char *at = strstr(contents(path), name);

	return at ? strtol(at + strlen(name), NULL, 0) : -1;
}

static const char *path_of(pid_t pid, const char *file)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return path;
}

static int has_name(const char *directory, const char *name)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	int found = 0;

	ASSERT(dir);
	while ((entry = readdir(dir)))
		found += strcmp(entry->d_name, name) == 0;
	closedir(dir);
	return found;
}

TEST(self_is_this_process)
{
	char link[32] = "", expected[32];

	snprintf(expected, sizeof(expected), "%d", getpid());
	EXPECT(readlink("/proc/self", link, sizeof(link) - 1) > 0);
	EXPECT(strcmp(link, expected) == 0);
	EXPECT_EQ(has_name("/proc", expected), 1);
	EXPECT_EQ(has_name("/proc", "self"), 1);
}

TEST(stat_fields)
{
	EXPECT_EQ(strtol(contents("/proc/self/stat"), NULL, 10), getpid());
	EXPECT_EQ(stat_field("/proc/self/stat", 4), getppid());
	EXPECT_EQ(stat_field("/proc/self/stat", 5), getpgrp());
	EXPECT_EQ(stat_field("/proc/self/stat", 6), getsid(0));
	EXPECT_EQ(stat_field("/proc/self/stat", 20), 1);
	EXPECT(stat_field("/proc/self/stat", 23) > 0);
	EXPECT(stat_field("/proc/self/stat", 24) >= 0);
	EXPECT(stat_field("/proc/self/stat", 52) >= 0);
}

TEST(status_lines)
{
	EXPECT_EQ(status_line("/proc/self/status", "\nPid:"), getpid());
	EXPECT_EQ(status_line("/proc/self/status", "\nPPid:"), getppid());
	EXPECT_EQ(status_line("/proc/self/status", "\nUid:"), getuid());
	EXPECT_EQ(status_line("/proc/self/status", "\nThreads:"), 1);
	EXPECT(status_line("/proc/self/status", "\nVmRSS:") > 0);
}

TEST(comm_can_be_changed)
{
	int fd = open("/proc/self/comm", O_RDWR);

	ASSERT(fd >= 0);
	EXPECT_EQ(write(fd, "other", 5), 5);
	close(fd);
	EXPECT(strcmp(contents("/proc/self/comm"), "other\n") == 0);
	EXPECT(strstr(contents("/proc/self/stat"), "(other)"));
}

HELPER(show_arguments)
{
	const char expected[] = "--helper\0show_arguments\0two words";
	const char *text = contents("/proc/self/cmdline");

	text += strlen(text) + 1; /* the program */
	return memcmp(text, expected, sizeof(expected)) != 0;
}

TEST(cmdline_is_what_was_given)
{
	pid_t pid = tap_fork();

	if (pid == 0) {
		execl("/proc/self/exe", "anything", "--helper",
		      "show_arguments", "two words", NULL);
		_exit(127);
	}
	EXPECT_EXIT(pid, 0);
}

HELPER(show_variables)
{
	return strcmp(contents("/proc/self/environ"), "COLOUR=blue") != 0;
}

TEST(environ_is_what_was_given)
{
	char *arguments[] = {"x", "--helper", "show_variables", NULL};
	char *variables[] = {"COLOUR=blue", NULL};
	pid_t pid = tap_fork();

	if (pid == 0) {
		execve("/proc/self/exe", arguments, variables);
		_exit(127);
	}
	EXPECT_EXIT(pid, 0);
}

TEST(maps_show_a_mapping)
{
	void *place =
		mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long start, end;
	bool found = false;
	char *line, *text, *rest, protection[8];

	ASSERT(place != MAP_FAILED);
	text = strdup(contents("/proc/self/maps"));
	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		ASSERT(sscanf(line, "%lx-%lx %4s", &start, &end, protection) ==
		       3);
		if (start <= (unsigned long)place && (unsigned long)place < end)
			found = strcmp(protection, "r--p") == 0;
	}
	EXPECT(found);
	free(text);
	EXPECT(strstr(contents("/proc/self/maps"), "[stack]"));
}

TEST(descriptors_are_links)
{
	char path[64], target[256] = "", here[256];
	int fd = open("file", O_CREAT | O_RDWR, 0600), again;
	char c = 0;

	ASSERT(fd >= 0);
	ASSERT(getcwd(here, sizeof(here) - 5));
	strcat(here, "/file");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT(readlink(path, target, sizeof(target) - 1) > 0);
	EXPECT(strcmp(target, here) == 0);
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_EQ(unlink("file"), 0);

	/* The link leads to the file itself, which has no name any more. */
	again = open(path, O_RDONLY);
	EXPECT(again >= 0);
	EXPECT_EQ(read(again, &c, 1), 1);
	EXPECT_EQ(c, 'x');
	memset(target, 0, sizeof(target));
	EXPECT(readlink(path, target, sizeof(target) - 1) > 0);
	EXPECT(strstr(target, "(deleted)"));
	close(fd);
	EXPECT_EQ(access(path, F_OK), -1);
	EXPECT_EQ(errno, ENOENT);
}

TEST(a_moved_file_is_found)
{
	char path[64], target[256] = "";
	int fd = open("before", O_CREAT | O_RDWR, 0600);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT_EQ(mkdir("d", 0700), 0);
	EXPECT_EQ(rename("before", "d/after"), 0);
	EXPECT(readlink(path, target, sizeof(target) - 1) > 0);
	EXPECT(strstr(target, "/d/after"));
}

TEST(working_directory)
{
	char here[256], link[256] = "";

	ASSERT(getcwd(here, sizeof(here)));
	EXPECT(readlink("/proc/self/cwd", link, sizeof(link) - 1) > 0);
	EXPECT(strcmp(here, link) == 0);
	EXPECT_EQ(chdir("/proc/self/task"), 0);
	ASSERT(getcwd(here, sizeof(here)));
	EXPECT(strncmp(here, "/proc/", 6) == 0);
	EXPECT(strstr(here, "/task"));
}

/* Who looks at another's descriptors must not be the one that closes them: that
 * of a terminal's master removes a name, under the lock that lookups hold. */
TEST(descriptors_that_come_and_go)
{
	char path[64], target[64];
	pid_t pid = tap_fork();
	int status;

	if (pid == 0) {
		for (int i = 0; i < 300; i++) {
			int fd = posix_openpt(O_RDWR | O_NOCTTY);

			EXPECT(fd >= 0);
			EXPECT_EQ(dup2(fd, 100), 100);
			close(fd);
			close(100);
		}
		tap_exit();
	}
	snprintf(path, sizeof(path), "/proc/%d/fd/100", pid);
	while (waitpid(pid, &status, WNOHANG) == 0)
		for (int i = 0; i < 20; i++)
			if (readlink(path, target, sizeof(target)) < 0)
				EXPECT_EQ(errno, ENOENT);
	EXPECT_EQ(status, 0);
}

static void *report_tid(void *arg)
{
	char name[32];

	snprintf(name, sizeof(name), "%ld", (long)syscall(SYS_gettid));
	*(bool *)arg = has_name("/proc/self/task", name) &&
		       status_line("/proc/thread-self/status", "\nPid:") ==
			       syscall(SYS_gettid);
	return NULL;
}

TEST(threads_are_tasks)
{
	bool seen = false;
	pthread_t thread;

	ASSERT(pthread_create(&thread, NULL, report_tid, &seen) == 0);
	pthread_join(thread, NULL);
	EXPECT(seen);
}

TEST(a_process_that_is_gone)
{
	int fd;
	char c;
	pid_t pid = tap_fork();

	if (pid == 0) {
		tap_await("opened");
		_exit(0);
	}
	fd = open(path_of(pid, "stat"), O_RDONLY);
	EXPECT(fd >= 0);
	tap_reach("opened");
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(read(fd, &c, 1), -1);
	EXPECT_EQ(errno, ESRCH);
	EXPECT_EQ(access(path_of(pid, "stat"), F_OK), -1);
	EXPECT_EQ(errno, ENOENT);
}

TEST(a_zombie)
{
	pid_t pid = tap_fork();
	siginfo_t info;

	if (pid == 0)
		_exit(0);
	EXPECT_EQ(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
	EXPECT(strstr(contents(path_of(pid, "stat")), ") Z "));
	EXPECT(contents(path_of(pid, "cmdline"))[0] == '\0');
	EXPECT_EXIT(pid, 0);
}

TEST(others_are_private)
{
	char link[256];
	pid_t pid;

	if (getuid() != 0)
		SKIP("needs root");
	pid = tap_fork();
	if (pid == 0) {
		if (setuid(1000))
			_exit(2);
		EXPECT(contents("/proc/1/stat")[0] != '\0');
		EXPECT_EQ(readlink("/proc/1/exe", link, sizeof(link)), -1);
		EXPECT_EQ(opendir("/proc/1/fd") != NULL, 0);
		EXPECT_EQ(open("/proc/1/environ", O_RDONLY), -1);
		EXPECT_EQ(errno, EACCES);
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
}

TEST(nothing_can_be_made_or_removed)
{
	EXPECT_EQ(mkdir("/proc/new", 0700), -1);
	EXPECT_EQ(open("/proc/self/new", O_CREAT | O_RDWR, 0600), -1);
	EXPECT_EQ(unlink("/proc/version"), -1);
	EXPECT_EQ(rmdir("/proc/self"), -1);
	EXPECT_EQ(rename("/proc/version", "v"), -1);
	EXPECT_EQ(errno, EXDEV);
	EXPECT_EQ(link("/proc/version", "v"), -1);
	EXPECT_EQ(errno, EXDEV);
}

TEST(the_machine)
{
	struct utsname names;
	struct sysinfo info;
	long total;

	EXPECT_EQ(uname(&names), 0);
	EXPECT(strncmp(contents("/proc/sys/kernel/osrelease"), names.release,
		       strlen(names.release)) == 0);
	EXPECT(strstr(contents("/proc/version"), names.release));
	EXPECT_EQ(sysinfo(&info), 0);
	total = status_line("/proc/meminfo", "MemTotal:");
	EXPECT_EQ(total, (long)(info.totalram * info.mem_unit / 1024));
	EXPECT(status_line("/proc/meminfo", "MemAvailable:") > 0);
	EXPECT(status_line("/proc/meminfo", "MemAvailable:") <= total);
	EXPECT(strstr(contents("/proc/cpuinfo"), "processor\t: 0\n"));
	EXPECT(strncmp(contents("/proc/stat"), "cpu  ", 5) == 0);
	EXPECT(status_line("/proc/stat", "\nprocesses ") >= getpid());
	EXPECT(strtod(contents("/proc/uptime"), NULL) > 0);
	EXPECT(strtod(contents("/proc/loadavg"), NULL) >= 0);
	EXPECT(strstr(contents("/proc/mounts"), " /proc proc "));
	EXPECT(strstr(contents("/proc/filesystems"), "proc"));
	EXPECT(strtol(contents("/proc/sys/kernel/pid_max"), NULL, 10) >= 32768);
}

TEST(reading_in_pieces)
{
	char whole[4096], pieces[4096];
	int fd = open("/proc/cpuinfo", O_RDONLY);
	ssize_t len = read(fd, whole, sizeof(whole)), at = 0;

	ASSERT(len > 10);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	while (at < len && read(fd, pieces + at, 1) == 1)
		at++;
	EXPECT_EQ(at, len);
	EXPECT(memcmp(whole, pieces, len) == 0);
	EXPECT_EQ(pread(fd, pieces, 5, 3), 5);
	EXPECT(memcmp(whole + 3, pieces, 5) == 0);
	EXPECT_EQ(read(fd, (void *)1, 5), 0);
	EXPECT_EQ(pread(fd, (void *)1, 5, 0), -1);
	EXPECT_EQ(errno, EFAULT);
}
