/*
 * fuzz - random system calls with random and hostile arguments, to see whether
 * a program can harm the kernel.  It prints its seed; the same seed makes the
 * same calls.
 *
 *	fuzz [SEED [CALLS [WORKERS]]]
 *
 * A worker is a process that, as a user of its own, starts batches of calls one
 * after the other.  A batch is a child: it may well kill itself, unmap its own
 * code, or wait for ever, so the worker counts what it has done, gives it a
 * limited time, and then kills all of that user's processes.  Progress is told
 * through a file, which works in every stage.
 *
 * What is not called: reboot(2) and its like, which may end the machine, and
 * kill(2) of processes that are not the fuzzer's.
 *
 * Not for Linux: it is made to break kernels.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FIRST_USER 50000
#define BATCH_CALLS 2000
#define BATCH_LIMIT 200000000ll /* ns */
#define PROGRESS_STEP 50
#define MAX_PROCESSES 12
#define PAGE 4096

/* Everything here survives the calls in a register or on a page of its own:
 * a batch must not use the C library, whose memory it may have unmapped. */

/* ---- random numbers: xorshift64* ---- */

static uint64_t state;

static uint64_t next(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1d;
}

static uint64_t below(uint64_t limit)
{
	return (next() >> 11) % limit;
}

/* ---- calls ---- */

static long call(uint64_t number, const uint64_t a[6])
{
	register uint64_t r10 asm("r10") = a[3], r8 asm("r8") = a[4],
			  r9 asm("r9") = a[5];
	long result;

	asm volatile("syscall"
		     : "=a"(result)
		     : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10),
		       "r"(r8), "r"(r9)
		     : "rcx", "r11", "memory");
	return result;
}

/* ---- arguments ---- */

static char *arena; /* of four pages: plain, read-only, forbidden, none */

static const char *const paths[] = {"/tmp/fuzz/a", "/tmp/fuzz/b/c",
				    "/tmp/fuzz/b", "/",
				    "/dev/null",   "/dev/zero",
				    "",            "nothing"};

static const uint64_t numbers[] = {
	0,          1,          2,         3,          7,
	8,          16,         63,        64,         255,
	256,        511,        512,       4095,       4096,
	4097,       65535,      65536,     0x7fffffff, 0x80000000,
	0xffffffff, 0x100000000, 1ull << 47, 1ull << 62, 1ull << 63,
	-1ull,      -2ull,      -4095ull,  -4096ull,   -100ull /* AT_FDCWD */,
	0x7fffffffffffffff,
};

static uint64_t hostile_pointer(void)
{
	static const uint64_t pointers[] = {
		0,
		1,
		8,
		0x10000,
		0x400000, /* our own code */
		0x7ffffffff000 - 1,
		0x7ffffffff000,
		0x7fffffffffff,
		0x800000000000,
		0xffff7fffffffffff,
		0xffff800000000000,
		0xffff888000000000,
		0xffffffff80000000,
		0xffffffff80100000,
		-1ull,
		-8ull,
		-4096ull,
	};

	return pointers[below(sizeof(pointers) / sizeof(pointers[0]))];
}

/* Somewhere in the arena: often close to an edge of two pages. */
static uint64_t arena_pointer(void)
{
	uint64_t at = below(5) * PAGE;

	at += below(2) ? below(64) - 32 : below(PAGE);
	return (uint64_t)arena + at;
}

static uint64_t argument(void)
{
	switch (below(10)) {
	case 0:
	case 1:
	case 2:
		return arena_pointer();
	case 3:
		return hostile_pointer();
	case 4:
	case 5:
		return numbers[below(sizeof(numbers) / sizeof(numbers[0]))];
	case 6:
		return (uint64_t)paths[below(sizeof(paths) / sizeof(paths[0]))];
	case 7:
		return next();
	default:
		return below(20);
	}
}

/* Structures, in which pointers and lengths are hostile as well. */
static void fill_arena(void)
{
	uint64_t *words = (uint64_t *)arena;

	for (int i = 0; i < 64; i++)
		words[below(PAGE / 8)] = argument();
}

/* ---- which calls ---- */

static bool is_forbidden(uint64_t number)
{
	switch (number) {
	case SYS_reboot:
	case SYS_kexec_load:
	case SYS_kexec_file_load:
	case SYS_init_module:
	case SYS_finit_module:
	case SYS_delete_module:
		return true;
	default:
		return false;
	}
}

/* Signals go to ourselves, or to nobody. */
static void tame(uint64_t number, uint64_t a[6], uint64_t self)
{
	static const int64_t offsets[] = {0, 1000000, -1000000};

	if (number == SYS_kill || number == SYS_tkill ||
	    number == SYS_tgkill || number == SYS_rt_sigqueueinfo ||
	    number == SYS_rt_tgsigqueueinfo)
		a[0] = self + offsets[below(3)];
	/* So that few of them end the batch. */
	if ((number == SYS_kill || number == SYS_tkill) && below(20))
		a[1] = 0;
}

static uint64_t choose_call(void)
{
	switch (below(50)) {
	case 0:
		return numbers[below(sizeof(numbers) / sizeof(numbers[0]))];
	case 1:
		return 1000 + below(50); /* native calls */
	case 2:
		return next();
	default:
		return below(460);
	}
}

/* ---- a batch ---- */

/* By calls alone: the descriptor that it would keep may get closed. */
static void tell_progress(uint64_t path, uint64_t done)
{
	const uint64_t open[6] = {path, O_WRONLY};
	long fd = call(SYS_open, open);
	const uint64_t write[6] = {fd, (uint64_t)&done, sizeof(done), 0};
	const uint64_t close[6] = {fd};

	call(SYS_pwrite64, write);
	call(SYS_close, close);
}

static void make_arena(void)
{
	arena = mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(arena + PAGE, PAGE, PROT_READ);
	mprotect(arena + 2 * PAGE, PAGE, PROT_NONE);
	munmap(arena + 3 * PAGE, PAGE);
}

static void run_batch(const char *progress, uint64_t calls)
{
	const uint64_t none[6] = {0};
	uint64_t a[6];

	make_arena();
	for (uint64_t done = 0; done < calls; done++) {
		uint64_t number = choose_call();

		if (done % PROGRESS_STEP == 0) {
			tell_progress((uint64_t)progress, done);
			fill_arena();
		}
		for (int i = 0; i < 6; i++)
			a[i] = argument();
		if (is_forbidden(number))
			continue;
		/* Most calls that end the program would end too much. */
		if ((number == SYS_exit || number == SYS_exit_group) &&
		    below(20))
			continue;
		tame(number, a, call(SYS_getpid, none));
		call(number, a);
	}
	tell_progress((uint64_t)progress, calls);
	call(SYS_exit_group, none);
}

/* ---- a worker ---- */

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
	struct rlimit memory = {64 << 20, 64 << 20};
	struct rlimit file = {1 << 20, 1 << 20};
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	close(null);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_AS, &memory);
	setrlimit(RLIMIT_FSIZE, &file);
	setrlimit(RLIMIT_NPROC, &processes);
	setsid();
	if (setgid(user) || setuid(user))
		_exit(1);
}

/* What the batch has left behind: children, wherever they are now. */
static void kill_all_of(uid_t user)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (setuid(user) == 0)
			kill(-1, SIGKILL);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* Until the batch has ended, or has had its time. */
static void wait_until(pid_t pid, int64_t deadline)
{
	while (now() < deadline && waitpid(pid, NULL, WNOHANG) == 0)
		sched_yield();
}

/* Starts a batch and returns how many calls it has made, about. */
static uint64_t supervise(const char *progress, int progress_fd, uid_t user,
			  uint64_t calls)
{
	uint64_t done = 0;
	pid_t pid = fork();

	if (pid == 0) {
		become_user(user);
		run_batch(progress, calls);
	}
	if (pid < 0)
		return 0;
	wait_until(pid, now() + BATCH_LIMIT);
	kill_all_of(user);
	/* CLONE_PARENT makes children of ours, too. */
	while (wait(NULL) > 0)
		;
	pread(progress_fd, &done, sizeof(done), 0);
	return done ? done : 1;
}

static void work(uint64_t seed, int number, uint64_t calls)
{
	uint64_t done = 0, batches = 0;
	uid_t user = FIRST_USER + number;
	char progress[64];
	int fd;

	snprintf(progress, sizeof(progress), "/tmp/fuzz.progress.%d", number);
	fd = open(progress, O_CREAT | O_TRUNC | O_RDWR, 0666);
	if (fd < 0 || fchmod(fd, 0666)) {
		perror(progress);
		_exit(1);
	}
	while (done < calls) {
		uint64_t left = calls - done, zero = 0;

		state = (seed * 1000 + number) * 1000003 + batches++ + 1;
		for (int i = 0; i < 8; i++)
			next();
		pwrite(fd, &zero, sizeof(zero), 0);
		done += supervise(progress, fd, user,
				  left < BATCH_CALLS ? left : BATCH_CALLS);
		if (number == 0 && batches % 100 == 0) {
			printf("# worker 0: %lu calls in %lu batches\n", done,
			       batches);
			fflush(stdout);
		}
	}
	unlink(progress);
	_exit(0);
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
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static void remove_playground(void)
{
	nftw("/tmp/fuzz", remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t calls = argc > 2 ? strtoull(argv[2], NULL, 0) : 20000;
	int workers = argc > 3 ? atoi(argv[3]) : 2, failed = 0, status;
	pid_t ended;

	if (getuid() != 0 || workers < 1 || calls < 1) {
		fprintf(stderr, "fuzz [SEED [CALLS [WORKERS]]], as root\n");
		return 2;
	}
	printf("KTAP version 1\n1..1\n# seed %lu, %lu calls, %d workers\n",
	       seed, calls, workers);
	fflush(stdout);
	make_playground();
	for (int i = 0; i < workers; i++)
		if (fork() == 0)
			work(seed, i, (calls + workers - 1) / workers);
	while ((ended = wait(&status)) > 0)
		if (status) {
			printf("# process %d ended with status %#x\n", ended,
			       status);
			failed = 1;
		}
	remove_playground();
	printf("%sok 1 - the system is still there\n", failed ? "not " : "");
	return failed != 0;
}
