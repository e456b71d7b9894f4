/*
 * batch.c - a process that makes calls until it is done, or gone.
 *
 * The arena is where pointers point to: a page to read and write, one that is
 * read-only, one that is forbidden, a gap, and one more.  It holds structures
 * of a kind: words that are pointers, lengths and numbers, hostile ones too.
 *
 * Half of the batches have a meddler: a thread that changes the memory while a
 * call uses it, and closes descriptors under it.
 *
 * A batch may unmap whatever it stands on.  So it keeps its data on its stack
 * and makes its calls without the C library.  Should that go as well, it dies.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define STEP 50
#define CHILD_CALLS 50
#define MEDDLER_STACK (4 * PAGE)

#define BELOW(limit) random_below(&b->random, limit)
#define CALL(number, ...) \
	call_make(SYS_##number, (const uint64_t[6]){__VA_ARGS__})

/* ---- the arena ---- */

static char *arena_make(void)
{
	char *arena = mmap(NULL, ARENA_PAGES * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(arena + PAGE, PAGE, PROT_READ);
	mprotect(arena + 2 * PAGE, PAGE, PROT_NONE);
	munmap(arena + 3 * PAGE, PAGE);
	return arena;
}

/* ---- the meddler ---- */

/* One page of the arena, or one descriptor. */
static void meddle_once(char *arena, uint64_t *random)
{
	uint64_t page =
		(uint64_t)arena + random_below(random, ARENA_PAGES) * PAGE;
	uint64_t fd = 3 + random_below(random, 8);

	switch (random_below(random, 8)) {
	case 0:
		CALL(munmap, page, PAGE);
		break;
	case 1:
		CALL(madvise, page, PAGE, MADV_DONTNEED);
		break;
	case 2:
		CALL(close, fd);
		break;
	case 3:
		CALL(dup2, 0, fd);
		break;
	case 4:
		CALL(mprotect, page, PAGE, random_below(random, 8));
		break;
	case 5:
		CALL(mprotect, page, PAGE, PROT_READ | PROT_WRITE);
		break;
	default:
		CALL(mmap, page, PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1);
		break;
	}
}

static int meddle(void *arg)
{
	struct batch *b = arg;
	char *arena = b->arena;
	uint64_t random = b->random ^ 0x5555;

	while (arena) {
		meddle_once(arena, &random);
		CALL(sched_yield);
	}
	return 0;
}

static void meddler_start(struct batch *b)
{
	char *stack = mmap(NULL, MEDDLER_STACK, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (stack != MAP_FAILED)
		clone(meddle, stack + MEDDLER_STACK,
		      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			      CLONE_THREAD,
		      b);
}

/* ---- the batch ---- */

/* New contents for two places in the arena.  The kernel puts them there, by way
 * of a file, and survives it if there is no page. */
static void arena_fill(struct batch *b, long fd)
{
	for (int i = 0; i < 2; i++) {
		uint64_t words[16];
		uint64_t at =
			BELOW(2) * 4 * PAGE + BELOW(PAGE / 8 - SIZE(words)) * 8;

		for (size_t j = 0; j < SIZE(words); j++)
			words[j] = argument(b, '.');
		CALL(pwrite64, fd, (uint64_t)words, sizeof(words), PAGE);
		CALL(pread64, fd, (uint64_t)b->arena + at, sizeof(words), PAGE);
	}
}

/* A descriptor that we kept might get closed: so the file is opened anew. */
static void step_begin(struct batch *b)
{
	long fd = CALL(open, (uint64_t)b->path, O_RDWR);

	CALL(pwrite64, fd, (uint64_t)&b->progress, sizeof(b->progress), 0);
	arena_fill(b, fd);
	CALL(close, fd);
}

static void result_keep(struct batch *b, uint64_t number, long result)
{
	if (result < 0)
		return;
	if (number < CALL_NUMBERS)
		b->progress.succeeded[number / 64] |= 1ull << number % 64;
	if (result > 2)
		b->kept[BELOW(KEPT)] = result;
}

static void batch_init(struct batch *b, uint64_t seed, uint64_t count,
		       const char *path)
{
	*b = (struct batch){.random = seed,
			    .arena = arena_make(),
			    .left = count,
			    .path = path};
	for (int i = 0; i < 8; i++)
		random_next(&b->random);
	b->self = CALL(getpid);
	if (BELOW(2))
		meddler_start(b);
}

/* Ends this process, even if an attempt fails. */
static __attribute__((noreturn)) void batch_end(void)
{
	for (;;)
		CALL(exit_group, 0);
}

/*
 * After a fork, also the child goes on: for a short while, and where nobody
 * counts.  That of a vfork has its parent's memory, and the parent waits: it
 * makes one call.
 */
static __attribute__((noinline)) void child_begin(struct batch *b,
						  uint64_t number)
{
	uint64_t a[6];

	if (number == SYS_vfork) {
		number = call_choose(b, a);
		call_make(number, a);
		batch_end();
	}
	b->self = CALL(getpid);
	b->random ^= b->self;
	b->left = CHILD_CALLS;
	b->path = "/tmp/fuzz/a";
}

static bool is_fork(uint64_t number)
{
	return number == SYS_fork || number == SYS_vfork || number == SYS_clone;
}

void batch_run(uint64_t seed, uint64_t count, const char *path)
{
	struct batch batch, *b = &batch;
	uint64_t a[6], number;
	long result;

	batch_init(b, seed, count, path);
	while (b->left > 0) {
		if (b->left % STEP == 0)
			step_begin(b);
		number = call_choose(b, a);
		result = call_make(number, a);
		result_keep(b, number, result);
		b->progress.done++;
		b->left--;
		if (result == 0 && is_fork(number))
			child_begin(b, number);
	}
	step_begin(b);
	batch_end();
}
