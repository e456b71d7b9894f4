/*
 * uaccess - pointers that are wrong in every way, in every family of calls:
 * each gives EFAULT, and nothing is lost or half done by it.
 *
 * The calls are made by number: the C library would look at the pointers too.
 *
 * Needs kernel/linux: many calls that take pointers.
 */
#include "tap.h"
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define PAGE 4096

/* ---- pointers at which nothing can be read, or written ---- */

static char *no_access;  /* PROT_NONE */
static char *read_only;
static char *last_bytes; /* four bytes before the end of what is mapped */

static void make_pages(void)
{
	char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT(p != MAP_FAILED);
	no_access = p;
	read_only = p + 2 * PAGE;
	last_bytes = p + 5 * PAGE - 4;
	ASSERT(mprotect(no_access, PAGE, PROT_NONE) == 0);
	memset(read_only, 'r', PAGE);
	ASSERT(mprotect(read_only, PAGE, PROT_READ) == 0);
	memset(last_bytes, 'x', 4);
	ASSERT(munmap(p + 5 * PAGE, PAGE) == 0);
}

/* ---- a table of calls ---- */

enum direction { IN, OUT };

struct call {
	const char *name;
	long number;
	enum direction direction; /* does it read there, or write? */
	int which;                /* the argument that is the pointer */
	long args[6];
};

/* Descriptors that the table uses: the test opens them. */
enum { FILE_FD = 40, DIRECTORY_FD = 41 };

static const struct call calls[] = {
	/* paths */
	{"open", SYS_open, IN, 0, {0}},
	{"openat", SYS_openat, IN, 1, {AT_FDCWD}},
	{"stat", SYS_stat, IN, 0, {0, (long)&calls}},
	{"access", SYS_access, IN, 0, {0}},
	{"mkdir", SYS_mkdir, IN, 0, {0}},
	{"rmdir", SYS_rmdir, IN, 0, {0}},
	{"unlink", SYS_unlink, IN, 0, {0}},
	{"chdir", SYS_chdir, IN, 0, {0}},
	{"chmod", SYS_chmod, IN, 0, {0}},
	{"truncate", SYS_truncate, IN, 0, {0}},
	{"readlink", SYS_readlink, IN, 0, {0, (long)&calls, 16}},
	{"rename, from", SYS_rename, IN, 0, {0, (long)"new"}},
	{"rename, to", SYS_rename, IN, 1, {(long)"file"}},
	{"link, to", SYS_link, IN, 1, {(long)"file"}},
	{"symlink, target", SYS_symlink, IN, 0, {0, (long)"new"}},
	{"symlink, name", SYS_symlink, IN, 1, {(long)"file"}},
	/* files */
	{"read", SYS_read, OUT, 1, {FILE_FD, 0, 64}},
	{"pread64", SYS_pread64, OUT, 1, {FILE_FD, 0, 64, 0}},
	{"write", SYS_write, IN, 1, {FILE_FD, 0, 64}},
	{"pwrite64", SYS_pwrite64, IN, 1, {FILE_FD, 0, 64, 0}},
	{"readv", SYS_readv, IN, 1, {FILE_FD, 0, 2}},
	{"writev", SYS_writev, IN, 1, {FILE_FD, 0, 2}},
	{"fstat", SYS_fstat, OUT, 1, {FILE_FD}},
	{"getdents64", SYS_getdents64, OUT, 1, {DIRECTORY_FD, 0, 512}},
	{"getcwd", SYS_getcwd, OUT, 0, {0, 512}},
	{"poll", SYS_poll, IN, 0, {0, 2, 0}},
	{"select", SYS_select, IN, 1, {64}},
	/* processes */
	{"execve, path", SYS_execve, IN, 0, {0}},
	{"execve, argv", SYS_execve, IN, 1, {(long)tap_program}},
	{"execve, envp", SYS_execve, IN, 2, {(long)tap_program}},
	{"getrusage", SYS_getrusage, OUT, 1, {0}},
	{"getrlimit", SYS_getrlimit, OUT, 1, {0}},
	{"setrlimit", SYS_setrlimit, IN, 1, {0}},
	{"prlimit64", SYS_prlimit64, IN, 2, {0, 0}},
	{"times", SYS_times, OUT, 0, {0}},
	{"rt_sigaction", SYS_rt_sigaction, IN, 1, {10, 0, 0, 8}},
	{"rt_sigprocmask", SYS_rt_sigprocmask, IN, 1, {0, 0, 0, 8}},
	{"sigaltstack", SYS_sigaltstack, IN, 0, {0}},
	/* who one is */
	{"getresuid", SYS_getresuid, OUT, 0, {0, (long)&no_access,
					      (long)&no_access}},
	{"getresgid", SYS_getresgid, OUT, 1, {(long)&no_access, 0,
					      (long)&no_access}},
	/* time */
	{"clock_gettime", SYS_clock_gettime, OUT, 1, {0}},
	{"clock_getres", SYS_clock_getres, OUT, 1, {0}},
	{"gettimeofday", SYS_gettimeofday, OUT, 0, {0}},
	{"nanosleep", SYS_nanosleep, IN, 0, {0}},
	{"clock_nanosleep", SYS_clock_nanosleep, IN, 2, {1, 0}},
	/* the system */
	{"uname", SYS_uname, OUT, 0, {0}},
	{"sysinfo", SYS_sysinfo, OUT, 0, {0}},
	{"getrandom", SYS_getrandom, OUT, 0, {0, 64, 0}},
	{"sched_getaffinity", SYS_sched_getaffinity, OUT, 2, {0, 128}},
	{"futex", SYS_futex, IN, 0, {0, 0, 0}},
};

/* These ignore a null pointer, or use it for something else. */
static bool allows_null(const struct call *c)
{
	return c->number == SYS_execve || c->number == SYS_select ||
	       c->number == SYS_prlimit64 || c->number == SYS_times ||
	       c->number == SYS_gettimeofday || c->number == SYS_sigaltstack ||
	       c->number == SYS_rt_sigaction || c->number == SYS_getcwd ||
	       c->number == SYS_rt_sigprocmask || c->number == SYS_clock_getres;
}

static void try(const struct call *c, long pointer, const char *what)
{
	long a[6], result;

	memcpy(a, c->args, sizeof(a));
	a[c->which] = pointer;
	errno = 0;
	result = syscall(c->number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (result != -1 || errno != EFAULT)
		TAP_FAIL("%s, %s: expected EFAULT, got %ld (%s)", c->name, what,
			 result, strerror(errno));
}

static void open_descriptors(void)
{
	int fd = open("file", O_CREAT | O_RDWR, 0600);

	ASSERT(write(fd, last_bytes, 4) == 4 && write(fd, read_only, 96) == 96);
	ASSERT(lseek(fd, 0, SEEK_SET) == 0);
	ASSERT(dup2(fd, FILE_FD) == FILE_FD);
	ASSERT(dup2(open(".", O_RDONLY), DIRECTORY_FD) == DIRECTORY_FD);
}

static void try_all(long pointer, const char *what, bool only_out)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const struct call *c = &calls[i];

		if (pointer == 0 && allows_null(c))
			continue;
		if (only_out && c->direction != OUT)
			continue;
		try(c, pointer, what);
	}
	/* Nothing was read, written or made. */
	EXPECT_EQ(lseek(FILE_FD, 0, SEEK_CUR), 0);
	EXPECT_EQ(lseek(FILE_FD, 0, SEEK_END), 100);
	EXPECT_EQ(lseek(FILE_FD, 0, SEEK_SET), 0);
	EXPECT_ERRNO(access("new", F_OK), ENOENT);
}

TEST(every_family)
{
	make_pages();
	open_descriptors();
	try_all(0, "null", false);
	try_all(24, "nothing there", false);
	try_all((long)no_access, "no access", false);
	try_all((long)read_only, "read-only", true);
	try_all((long)last_bytes + 4, "after the end", false);
	try_all(0x00007ffffffff000, "last page of the user half", false);
	try_all(0x0000800000000000, "not canonical", false);
	try_all((long)0xffff800000000000, "the kernel's half", false);
	try_all((long)0xffffffff80000000, "the kernel's text", false);
	try_all(-8, "end of memory", false);
}

/* ---- buffers of which the first four bytes are there ---- */

TEST(half_a_structure)
{
	static const char *const names[] = {"fstat", "uname", "sysinfo",
					    "getrusage", "clock_gettime"};

	make_pages();
	open_descriptors();
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++)
			if (strcmp(calls[i].name, names[j]) == 0)
				try(&calls[i], (long)last_bytes, "half");
}

TEST(half_a_string)
{
	make_pages();
	memset(last_bytes, 'n', 4);
	EXPECT_ERRNO(open(last_bytes, O_RDONLY), EFAULT);
	last_bytes[3] = '\0';
	EXPECT_ERRNO(open(last_bytes, O_RDONLY), ENOENT);
}

/* What was moved is counted, and the position is where it ended. */
static void expect_position(ssize_t moved)
{
	EXPECT(moved == 4 || (moved == -1 && errno == EFAULT));
	EXPECT_EQ(lseek(FILE_FD, 0, SEEK_CUR), moved == 4 ? 4 : 0);
	EXPECT_EQ(lseek(FILE_FD, 0, SEEK_SET), 0);
}

TEST(half_a_buffer)
{
	char byte;

	make_pages();
	open_descriptors();
	memcpy(last_bytes, "abcd", 4);
	expect_position(write(FILE_FD, last_bytes, 50));
	EXPECT_EQ(lseek(FILE_FD, 0, SEEK_END), 100);
	EXPECT_EQ(pread(FILE_FD, &byte, 1, 4), 1);
	EXPECT_EQ(byte, 'r');
	lseek(FILE_FD, 0, SEEK_SET);
	expect_position(read(FILE_FD, last_bytes, 50));
}

TEST(half_a_vector)
{
	char buffer[8] = "12345678";
	struct iovec second_is_bad[2] = {{buffer, 8}, {tap_nowhere, 8}};
	struct iovec too_many[2] = {{buffer, 8}, {buffer, (size_t)-1}};

	make_pages();
	open_descriptors();
	/* The first part is done, and counted. */
	EXPECT_EQ(writev(FILE_FD, second_is_bad, 2), 8);
	EXPECT_EQ(lseek(FILE_FD, 0, SEEK_CUR), 8);
	EXPECT_EQ(readv(FILE_FD, second_is_bad, 2), 8);
	EXPECT_EQ(lseek(FILE_FD, 0, SEEK_CUR), 16);
	EXPECT_ERRNO(writev(FILE_FD, too_many, 2), EINVAL);
	EXPECT_ERRNO(writev(FILE_FD, second_is_bad, -1), EINVAL);
	EXPECT_ERRNO(writev(FILE_FD, second_is_bad, 1025), EINVAL);
	EXPECT_EQ(lseek(FILE_FD, 0, SEEK_CUR), 16);
}

/* ---- memory that changes during the call ---- */

static volatile bool stop;

static int change_protection(void *page)
{
	while (!stop) {
		mprotect(page, PAGE, PROT_NONE);
		mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	}
	return 0;
}

TEST(another_thread_takes_the_page_away)
{
	static char stack[65536];
	char *page;
	int done = 0, fd = open("/dev/zero", O_RDWR);
	pid_t pid;

	make_pages();
	page = no_access;
	pid = clone(change_protection, stack + sizeof(stack),
		    CLONE_VM | SIGCHLD, page);
	ASSERT(pid > 0);
	/* Until both has happened. */
	for (int i = 0; i < 2000 || !done || done == i; i++) {
		ssize_t n = read(fd, page + 8, 64);

		EXPECT(n == 64 || (n == -1 && errno == EFAULT));
		done += n == 64;
		n = write(fd, page + 8, 64);
		EXPECT(n == 64 || (n == -1 && errno == EFAULT));
	}
	stop = true;
	EXPECT_EXIT(pid, 0);
}
