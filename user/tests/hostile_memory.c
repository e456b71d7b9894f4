/*
 * hostile_memory - a program that pulls the ground from under its own feet, and
 * executables in which nothing is where it should be.
 */
#include "tap.h"
#include <elf.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#define PAGE 4096
#define USER_END 0x7ffffffff000 /* of what can be mapped */
#define ENDLESS (1 << 20)       /* pointers */

/* ---- all of its memory ---- */

/* In the test's own memory nothing is left to report with. */
#define EXPECT_FATAL(call) \
	do { \
		pid_t pid_ = tap_fork(); \
		if (pid_ == 0) { \
			call; \
			_exit(0); \
		} \
		EXPECT_KILLED(pid_, SIGSEGV); \
	} while (0)

TEST(everything_is_gone)
{
	EXPECT_FATAL(munmap(NULL, USER_END));
}

TEST(everything_is_covered)
{
	void *start = (void *)0x10000;
	size_t size = USER_END - 0x10000;
	pid_t pid = tap_fork();
	int status = -1;

	if (pid == 0) {
		mmap(start, size, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
		     -1, 0);
		_exit(0);
	}
	/* It may be refused. */
	ASSERT(waitpid(pid, &status, 0) == pid);
	EXPECT(status == 0 || WTERMSIG(status) == SIGSEGV);
}

TEST(own_code_is_gone)
{
	uintptr_t here = (uintptr_t)munmap & -PAGE;

	EXPECT_FATAL(munmap((void *)here, PAGE));
	EXPECT_FATAL(mprotect((void *)here, PAGE, PROT_READ));
	EXPECT_FATAL(madvise((void *)here, -PAGE, MADV_DONTNEED);
		     munmap((void *)(here - PAGE), 3 * PAGE));
}

TEST(own_stack_is_gone)
{
	int local;
	uintptr_t here = (uintptr_t)&local & -PAGE;

	EXPECT_FATAL(munmap((void *)here, PAGE));
	EXPECT_FATAL(mprotect((void *)here, PAGE, PROT_READ));
}

/* As deep as that, the stack has long ended. */
static int recurse(int depth)
{
	volatile char frame[1000];

	frame[0] = depth;
	return depth == 0 ? 0 : recurse(depth - 1) + frame[0];
}

TEST(endless_recursion)
{
	EXPECT_FATAL(recurse(1 << 30));
}

/* ---- the edge of the user half ---- */

/* Were a SYSCALL to end where the user half does, SYSRET would go back to an
 * address that is not canonical, and fault in the kernel. */
TEST(system_call_at_the_very_end)
{
	static const unsigned char code[] = {0x0f, 0x05}; /* syscall */
	uintptr_t last = USER_END - PAGE;
	char *p = mmap((void *)last, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	EXPECT_ERRNO((long)mmap((void *)USER_END, PAGE, PROT_READ | PROT_EXEC,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
		     ENOMEM);
	if (p == MAP_FAILED)
		return;
	ASSERT(p == (char *)last);
	p += PAGE - sizeof(code);
	memcpy(p, code, sizeof(code));
	EXPECT_FATAL(((void (*)(long))p)(0));
}

/* ---- arguments of execve() ---- */

/* The same string again and again; and a list that has no end. */
TEST(endless_arguments)
{
	char **argv =
		mmap(NULL, ENDLESS * sizeof(*argv), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *none[] = {NULL};

	ASSERT(argv != MAP_FAILED);
	for (int i = 0; i < ENDLESS - 1; i++)
		argv[i] = tap_program;
	EXPECT_ERRNO(execve(tap_program, argv, none), E2BIG);
	EXPECT_ERRNO(execve(tap_program, none, argv), E2BIG);
	ASSERT(munmap(argv + ENDLESS / 2, ENDLESS / 2 * sizeof(*argv)) == 0);
	argv += ENDLESS / 2 - 4;
	EXPECT_ERRNO(execve(tap_program, argv, none), EFAULT);
	EXPECT_ERRNO(execve(tap_program, none, argv), EFAULT);
}

#define LIVES 126

HELPER(lives)
{
	return LIVES;
}

/* Its status, or 0 when execve() failed.  What it may print is no result. */
static int execute(const char *path)
{
	char *argv[] = {tap_program, "--helper", "lives", NULL};
	pid_t pid = tap_fork();
	int status = -1;

	if (pid == 0) {
		close(STDOUT_FILENO);
		execv(path, argv);
		_exit(0);
	}
	ASSERT(waitpid(pid, &status, 0) == pid);
	return status;
}

/* A stack in which the arguments do not fit. */
TEST(no_room_for_arguments)
{
	int status = 0;

	for (rlim_t limit = 0; limit < 40000; limit += 1500) {
		pid_t pid = tap_fork();

		if (pid == 0) {
			struct rlimit stack = {limit, limit};

			setrlimit(RLIMIT_STACK, &stack);
			_exit(execute(tap_program) >> 8 == LIVES);
		}
		ASSERT(waitpid(pid, &status, 0) == pid);
	}
	EXPECT_EQ(WEXITSTATUS(status), true); /* the last had enough */
}

/* ---- executables ---- */

static const uint64_t wrong[] = {
	0,
	1,
	0xfff,
	0x1000,
	0x7fffffff,
	0x80000000,
	0xffffffff,
	1ull << 46,
	USER_END - 1,
	USER_END,
	0x800000000000,
	0xffff800000000000,
	0xffffffff80100000,
	1ull << 63,
	-4096ull,
	-1ull,
};

/* A copy of this program, of which each test changes some bytes. */
static int copy_program(void)
{
	static char block[65536];
	int from = open(tap_program, O_RDONLY);
	int to = open("copy", O_CREAT | O_TRUNC | O_RDWR, 0755);
	ssize_t n;

	ASSERT(from >= 0 && to >= 0);
	while ((n = read(from, block, sizeof(block))) > 0)
		ASSERT(write(to, block, n) == n);
	close(from);
	return to;
}

/* Each value in the field of `size` bytes at `offset`, and then the old.  What
 * such a program does is its own business, as long as it ends. */
static void try_field(off_t offset, size_t size)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int fd = open("copy", O_RDWR);
		uint64_t old = 0;

		ASSERT(pread(fd, &old, size, offset) == (ssize_t)size);
		ASSERT(pwrite(fd, &wrong[i], size, offset) == (ssize_t)size);
		close(fd); /* or the file would be busy */
		execute("./copy");
		fd = open("copy", O_RDWR);
		ASSERT(pwrite(fd, &old, size, offset) == (ssize_t)size);
		close(fd);
	}
}

#define TRY(base, type, field) \
	try_field((base) + offsetof(type, field), sizeof(((type *)NULL)->field))

TEST(executable_header)
{
	close(copy_program());
	TRY(0, Elf64_Ehdr, e_type);
	TRY(0, Elf64_Ehdr, e_machine);
	TRY(0, Elf64_Ehdr, e_entry);
	TRY(0, Elf64_Ehdr, e_phoff);
	TRY(0, Elf64_Ehdr, e_phentsize);
	TRY(0, Elf64_Ehdr, e_phnum);
	EXPECT_EQ(WEXITSTATUS(execute("./copy")), LIVES);
}

TEST(executable_segments)
{
	int fd = copy_program();
	Elf64_Ehdr header;

	ASSERT(pread(fd, &header, sizeof(header), 0) == sizeof(header));
	close(fd);
	for (int i = 0; i < header.e_phnum; i++) {
		off_t at = header.e_phoff + i * header.e_phentsize;

		TRY(at, Elf64_Phdr, p_type);
		TRY(at, Elf64_Phdr, p_flags);
		TRY(at, Elf64_Phdr, p_offset);
		TRY(at, Elf64_Phdr, p_vaddr);
		TRY(at, Elf64_Phdr, p_filesz);
		TRY(at, Elf64_Phdr, p_memsz);
	}
}

/* A file that ends anywhere. */
TEST(executable_cut_short)
{
	int fd = copy_program();
	off_t size = lseek(fd, 0, SEEK_END);

	close(fd);
	for (; size > 0; size = size * 3 / 4) {
		ASSERT(truncate("copy", size) == 0);
		execute("./copy");
	}
}

/* ---- at random ---- */

#ifndef MUTATIONS
#define MUTATIONS 400 /* more: make USER_CFLAGS+=-DMUTATIONS=10000 */
#endif
#define MOST_HEADERS 1024 /* bytes at the beginning of the file */

/* SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
static uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* One to four of the fields, or bytes, of the headers. */
static void mutate(char *headers, size_t size, uint64_t seed)
{
	uint64_t state = seed;

	for (int n = random_next(&state) % 4; n >= 0; n--) {
		uint64_t value = wrong[random_next(&state) % 16];
		size_t len = 1 << random_next(&state) % 4;
		size_t at = random_next(&state) % (size - 8) & -len;

		if (random_next(&state) % 3 == 0)
			value = random_next(&state) >> random_next(&state) % 64;
		if (random_next(&state) % 3 == 0)
			memcpy(&value,
			       headers + random_next(&state) % (size - 8), len);
		memcpy(headers + at, &value, len);
	}
}

/* Wrong code may go round for ever. */
static void execute_for_a_while(const char *path)
{
	char *argv[] = {tap_program, "--helper", "lives", NULL};
	struct timespec start, now;
	pid_t pid = tap_fork();

	if (pid == 0) {
		close(STDOUT_FILENO);
		execv(path, argv);
		_exit(0);
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec > start.tv_sec + 1)
			kill(pid, SIGKILL);
		sched_yield();
	}
}

TEST(executables_at_random)
{
	char good[MOST_HEADERS], bad[MOST_HEADERS];
	int fd = copy_program();
	Elf64_Ehdr header;
	size_t size;

	ASSERT(pread(fd, good, sizeof(good), 0) == sizeof(good));
	memcpy(&header, good, sizeof(header));
	size = header.e_phoff + header.e_phnum * header.e_phentsize;
	ASSERT(size <= sizeof(good));
	close(fd);
	for (uint64_t seed = 1; seed <= MUTATIONS; seed++) {
		memcpy(bad, good, sizeof(good));
		mutate(bad, size, seed);
		fd = open("copy", O_RDWR);
		ASSERT(pwrite(fd, bad, size, 0) == (ssize_t)size);
		close(fd);
		execute_for_a_while("./copy");
	}
	fd = open("copy", O_RDWR);
	ASSERT(pwrite(fd, good, size, 0) == (ssize_t)size);
	close(fd);
	EXPECT_EQ(WEXITSTATUS(execute("./copy")), LIVES);
}
