/*
 * fuzz - random system calls with random and hostile arguments, to see whether
 * a program can harm the kernel.  It prints its seed; under icount the same
 * seed makes the same calls.
 *
 *	fuzz [SEED [CALLS [WORKERS]]]
 *
 * A worker is a process that starts batches of calls, one after the other, as a
 * user of its own with few rights.  A batch (batch.c) is a child: it may well
 * kill itself, unmap its own code, or wait for ever.  So it tells its progress
 * through a file, which works in every stage; the worker waits until the batch
 * has ended, or makes no progress any more, and then kills all of that user's
 * processes.
 *
 * calls.c has the calls and what they want, arguments.c makes it up.  Not
 * called are reboot(2) and its like, which may end the machine.
 *
 * At the end it says which kinds of call have never succeeded: of these, only
 * the refusal was tested.
 *
 * Not for Linux: it is made to break kernels.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FIRST_USER 50000
#define BATCH_CALLS 2000
/* ns without progress, and before there is any */
#define STALL 5000000
#define START 200000000
#define LOOK 100000 /* ns from one look to the next */
#define MAX_WORKERS 16
#define MAX_PROCESSES 12
#define MAX_MEMORY (16 << 20)
#define MAX_FILE (1 << 20)
#define REPORT 100 /* batches */

/* ---- the processes of a batch ---- */

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* A user of the worker's own, with few processes and little memory. */
static void become_user(uid_t user)
{
	struct rlimit processes = {MAX_PROCESSES, MAX_PROCESSES};
	struct rlimit memory = {MAX_MEMORY, MAX_MEMORY};
	struct rlimit file = {MAX_FILE, MAX_FILE};
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	for (int fd = 3; fd < MAX_WORKERS + 4; fd++)
		close(fd); /* the workers' */
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_AS, &memory);
	setrlimit(RLIMIT_FSIZE, &file);
	setrlimit(RLIMIT_NPROC, &processes);
	setsid();
	if (setgid(user) || setuid(user))
		_exit(1);
}

static void kill_once(uid_t user)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (setuid(user) == 0)
			kill(-1, SIGKILL);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* What the batch has left behind: children, wherever they are now.  Those made
 * with CLONE_PARENT are ours. */
static void kill_all_of(uid_t user)
{
	pid_t pid;

	do {
		kill_once(user);
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
	} while (pid == 0);
}

/* ---- a worker ---- */

struct worker {
	int number, fd;
	uid_t user;
	char path[64];
	struct progress total;
};

static struct progress progress_read(const struct worker *w)
{
	struct progress progress = {0};

	pread(w->fd, &progress, sizeof(progress), 0);
	return progress;
}

/* Until the batch has ended, or makes no progress.  The CPUs are the batches'
 * meanwhile: a worker that looked all the time would only be in their way. */
static void watch(const struct worker *w, pid_t pid)
{
	const struct timespec pause = {.tv_nsec = LOOK};
	uint64_t done = 0;
	int64_t since = now();

	while (waitpid(pid, NULL, WNOHANG) == 0 &&
	       now() - since < (done ? STALL : START)) {
		uint64_t done_now = progress_read(w).done;

		if (done_now != done)
			since = now();
		done = done_now;
		nanosleep(&pause, NULL);
	}
}

static void progress_add(struct progress *total, const struct progress *more)
{
	total->done += more->done;
	for (size_t i = 0; i < SIZE(total->succeeded); i++)
		total->succeeded[i] |= more->succeeded[i];
}

static void run_one(struct worker *w, uint64_t seed, uint64_t calls)
{
	struct progress progress = {0};
	pid_t pid;

	pwrite(w->fd, &progress, sizeof(progress), 0);
	pid = fork();
	if (pid == 0) {
		become_user(w->user);
		batch_run(seed, calls, w->path);
	}
	if (pid > 0)
		watch(w, pid);
	kill_all_of(w->user);
	progress = progress_read(w);
	progress_add(&w->total, &progress);
}

static void work(struct worker *w, uint64_t seed, uint64_t calls)
{
	uint64_t batches = 0;

	while (w->total.done < calls) {
		uint64_t left = calls - w->total.done;

		batches++;
		run_one(w, (seed * 1000 + w->number) * 1000003 + batches,
			left < BATCH_CALLS ? left : BATCH_CALLS);
		if (w->number == 0 && batches % REPORT == 0) {
			printf("# worker 0: %lu calls in %lu batches\n",
			       w->total.done, batches);
			fflush(stdout);
		}
	}
	pwrite(w->fd, &w->total, sizeof(w->total), 0);
}

static void worker_init(struct worker *w, int number)
{
	*w = (struct worker){.number = number, .user = FIRST_USER + number};
	snprintf(w->path, sizeof(w->path), "/tmp/fuzz.progress.%d", number);
	w->fd = open(w->path, O_CREAT | O_TRUNC | O_RDWR, 0666);
	if (w->fd < 0 || fchmod(w->fd, 0666)) {
		perror(w->path);
		exit(1);
	}
}

/* ---- the whole ---- */

static void make_playground(void)
{
	mkdir("/tmp/fuzz", 0777);
	chmod("/tmp/fuzz", 01777);
	mkdir("/tmp/fuzz/b", 0777);
	chmod("/tmp/fuzz/b", 0777);
	close(open("/tmp/fuzz/a", O_CREAT | O_WRONLY, 0666));
	chmod("/tmp/fuzz/a", 0666);
}

/* The calls may have made anything in it. */
static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *where)
{
	return remove(path);
}

static void remove_playground(void)
{
	nftw("/tmp/fuzz", remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int run_workers(struct worker *workers, int count, uint64_t seed,
		       uint64_t calls)
{
	int failed = 0, status;
	pid_t ended;

	for (int i = 0; i < count; i++) {
		worker_init(&workers[i], i);
		if (fork() == 0) {
			work(&workers[i], seed, (calls + count - 1) / count);
			_exit(0);
		}
	}
	while ((ended = wait(&status)) > 0)
		if (status) {
			printf("# process %d ended with status %#x\n", ended,
			       status);
			failed = 1;
		}
	return failed;
}

static void report(const struct worker *workers, int count)
{
	struct progress total = {0};

	for (int i = 0; i < count; i++) {
		struct progress progress = progress_read(&workers[i]);

		progress_add(&total, &progress);
		unlink(workers[i].path);
	}
	printf("# %lu calls made; never successful:", total.done);
	for (size_t i = 0; i < call_count; i++) {
		uint64_t number = calls[i].number;

		if (!(total.succeeded[number / 64] >> number % 64 & 1))
			printf(" %s", calls[i].name);
	}
	printf("\n");
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 0) : 20000;
	int workers = argc > 3 ? atoi(argv[3]) : 2, failed;

	if (getuid() != 0 || workers < 1 || workers > MAX_WORKERS ||
	    count < 1) {
		fprintf(stderr, "fuzz [SEED [CALLS [WORKERS]]], as root\n");
		return 2;
	}

	struct worker all[workers];

	printf("KTAP version 1\n1..1\n# seed %lu, %lu calls, %d workers\n",
	       seed, count, workers);
	fflush(stdout);
	make_playground();
	failed = run_workers(all, workers, seed, count);
	report(all, workers);
	remove_playground();
	printf("%sok 1 - the system is still there\n", failed ? "not " : "");
	return failed != 0;
}
