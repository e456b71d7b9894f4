/*
 * run - runs test programs one after the other, as the first process.
 *
 *	run user/fork user/wait		programs of /tests
 *	run user			all of a folder
 *	run				those that the kernel names
 *	run user/fuzz -- 7 1000		with arguments for each program
 *
 * The kernel starts it when its command line says test=user/fork, and takes the
 * arguments from args=.  Each program prints its own results, with spaces before
 * them; then comes one line for the program, as KTAP wants it.  A program has
 * passed when it has ended with status 0, has left no process behind, and memory
 * and processes are what they were before.
 *
 * When no program is named it reads from /dev/ktest which one comes next, writes
 * there how that ended, and leaves the KTAP to the kernel
 * (kernel/test/ktest_program.c): it also counts the seeds.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_TESTS = 256, MAX_ARGUMENTS = 16 };

/* So slow that one has to ask for it by its name. */
static const char *const by_name_only[] = {"fuzz"};

static char *tests[MAX_TESTS];
static int test_count;

/* Of each program; the first is its name. */
static char *arguments[MAX_ARGUMENTS + 1];

static void add(const char *folder, const char *name)
{
	if (test_count < MAX_TESTS)
		if (asprintf(&tests[test_count], "%s%s%s", folder,
			     *folder ? "/" : "", name) > 0)
			test_count++;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool in_folder_run(const char *name)
{
	for (size_t i = 0; i < sizeof(by_name_only) / sizeof(*by_name_only);
	     i++)
		if (strcmp(name, by_name_only[i]) == 0)
			return false;
	return name[0] != '.';
}

/* A folder's programs in order, or the one program. */
static void add_all(const char *selection)
{
	int before = test_count;
	struct dirent *entry;
	DIR *folder;

	folder = opendir(selection);
	if (!folder) {
		add("", selection);
		return;
	}
	while ((entry = readdir(folder)))
		if (in_folder_run(entry->d_name))
			add(selection, entry->d_name);
	closedir(folder);
	qsort(tests + before, test_count - before, sizeof(*tests), by_name);
}

struct usage {
	long memory; /* bytes in use, of those that programs can have */
	int processes;
};

static struct usage usage(void)
{
	struct sysinfo info;

	sysinfo(&info);
	return (struct usage){info.totalram - info.freeram, info.procs};
}

/* In the kernel, a thread that has ended is freed by another, which on a busy
 * machine may not come to it at once.  So we look again, each time after a
 * sleep of a millisecond; one or two do. */
enum { SETTLE_TRIES = 3000 };

/* Orphans come to us; what the kernel frees by itself gets a moment. */
static int leaks(const struct usage *before)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	struct usage after;

	while (wait(NULL) > 0)
		;
	for (int i = 0; i < SETTLE_TRIES; i++) {
		after = usage();
		if (after.memory <= before->memory &&
		    after.processes <= before->processes)
			return 0;
		nanosleep(&moment, NULL);
	}
	printf("# leak: %ld KiB, %d processes\n",
	       (after.memory - before->memory) / 1024,
	       after.processes - before->processes);
	return 1;
}

/* Waits for one; the orphans that end meanwhile are ours as well. */
static int wait_for(pid_t pid)
{
	int status;
	pid_t ended;

	do
		ended = wait(&status);
	while (ended > 0 && ended != pid);
	return ended == pid ? status : -1;
}

static int run(const char *name)
{
	struct usage before = usage();
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		arguments[0] = (char *)name;
		execv(name, arguments);
		perror(name);
		_exit(127);
	}
	if (pid < 0) {
		printf("# %s cannot be started\n", name);
		return 1;
	}
	status = wait_for(pid);
	if (WIFSIGNALED(status))
		printf("# %s was killed by signal %d\n", name,
		       WTERMSIG(status));
	return leaks(&before) || status != 0;
}

/* The kernel ends the machine when there is no more to run. */
static int run_for_kernel(void)
{
	int fd = open("/dev/ktest", O_RDWR | O_CLOEXEC);
	char name[256];
	ssize_t len;

	while ((len = read(fd, name, sizeof(name) - 1)) > 0) {
		name[len] = '\0';
		if (write(fd, run(name) ? "1" : "0", 1) != 1)
			break;
	}
	perror("/dev/ktest");
	return 1;
}

/* What to run, up to "--"; then the arguments. */
static void read_command(int argc, char **argv)
{
	int i, count = 1;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		add_all(argv[i]);
	for (i++; i < argc && count < MAX_ARGUMENTS; i++)
		arguments[count++] = argv[i];
}

int main(int argc, char **argv)
{
	int failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (chdir("/tests") < 0)
		return 1;
	setenv("TAP_INDENT", "    ", 1);
	read_command(argc, argv);
	if (test_count == 0)
		return run_for_kernel();
	printf("KTAP version 1\n1..%d\n", test_count);
	for (int i = 0; i < test_count; i++) {
		int bad = run(tests[i]);

		printf("%sok %d - %s\n", bad ? "not " : "", i + 1, tests[i]);
		failed += bad;
	}
	printf("# %d passed, %d failed, of %d\n", test_count - failed, failed,
	       test_count);
	return failed > 0;
}
