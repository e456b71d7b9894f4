/*
 * exhaustion_kinds - all of the machine's memory, by one kind of object of the
 * kernel each: what a program makes it keep must be refused in time, and be
 * gone when the program is.
 *
 * Not for Linux: it would take all the memory of your machine.
 *
 * Needs kernel/linux: the choice of who ends when memory is out.
 */
#include "exhaustion.h"
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* ---- how an eater ends ---- */

/* Refused for one of the reasons that there are. */
static void __attribute__((noreturn)) refused(void)
{
	switch (errno) {
	case ENOMEM:
	case ENOSPC:
	case EMFILE:
	case ENFILE:
	case ENOLCK:
	case EAGAIN:
		_exit(0);
	default:
		TAP_FAIL("expected that there is no room, got %s",
			 strerror(errno));
		_exit(1);
	}
}

static void no_limit_of_files(void)
{
	struct rlimit limit;

	ASSERT(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = limit.rlim_max;
	ASSERT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

/* Processes that each eat as much as one may have, and stay. */
static void in_many(void (*eat_some)(void))
{
	no_limit_of_files();
	for (;;) {
		pid_t pid = fork();
		int status;

		if (pid < 0)
			refused();
		if (pid == 0) {
			eat_some();
			mknod("full", S_IFREG | 0600, 0);
			poll(NULL, 0, -1); /* for ever */
		}
		while (access("full", F_OK) < 0)
			if (waitpid(pid, &status, WNOHANG) == pid ||
			    free_memory() < MIB)
				_exit(0);
		unlink("full");
	}
}

/* ---- open files ---- */

static void open_files(void)
{
	while (open("/", O_RDONLY) >= 0)
		;
}

static void open_terminals(void)
{
	while (open("/dev/ptmx", O_RDWR | O_NOCTTY) >= 0)
		;
}

/* Each watches each that was before it. */
static void open_watchers(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int fd, first = eventfd(0, 0);

	while ((fd = epoll_create1(0)) >= 0)
		for (int other = first; other < fd && other < first + 50;
		     other++)
			epoll_ctl(fd, EPOLL_CTL_ADD, first, &event);
}

/* What was printed is kept until the file is closed. */
static void open_texts(void)
{
	char c;
	int fd;

	while ((fd = open("/proc/self/maps", O_RDONLY)) >= 0 &&
	       read(fd, &c, 1) == 1)
		;
}

static void eat_by_files(void)
{
	in_many(open_files);
}

static void eat_by_terminals(void)
{
	in_many(open_terminals);
}

static void eat_by_watchers(void)
{
	in_many(open_watchers);
}

static void eat_by_texts(void)
{
	in_many(open_texts);
}

TEST(by_open_files)
{
	need_little_memory();
	run(eat_by_files);
}

TEST(by_terminals)
{
	need_little_memory();
	run(eat_by_terminals);
}

TEST(by_watchers)
{
	need_little_memory();
	run(eat_by_watchers);
}

TEST(by_texts_of_proc)
{
	need_little_memory();
	run(eat_by_texts);
}

/* ---- what lies in the file system ---- */

/* Locks that cannot be merged; on many files, since each is looked for among
 * those of its file. */
static void eat_by_locks(void)
{
	enum { OF_A_FILE = 100 };
	char name[32];

	no_limit_of_files();
	mkdir("names", 0700);
	for (int i = 0;; i++) {
		struct flock lock = {.l_type = F_WRLCK, .l_len = 1};
		int fd;

		snprintf(name, sizeof(name), "names/%d", i);
		fd = open(name, O_CREAT | O_RDWR, 0600);
		if (fd < 0)
			refused();
		for (; lock.l_start < 2 * OF_A_FILE; lock.l_start += 2)
			if (fcntl(fd, F_SETLK, &lock) < 0)
				refused();
	}
}

/* They are removed from the inside out: a path would be too long. */
static void eat_by_depth(void)
{
	int depth = 0;

	while (mkdir("d", 0700) == 0 && chdir("d") == 0)
		depth++;
	if (errno != ENAMETOOLONG && errno != ENOSPC && errno != ENOMEM)
		refused();
	while (depth-- > 0)
		if (chdir("..") < 0 || rmdir("d") < 0)
			_exit(1);
	_exit(0);
}

static void eat_by_links(void)
{
	static char target[4096];
	char name[32];
	int i = 0;

	memset(target, 'x', sizeof(target) - 1);
	mkdir("names", 0700);
	do
		snprintf(name, sizeof(name), "names/%d", i++);
	while (symlink(target, name) == 0);
	refused();
}

TEST(by_locks)
{
	need_little_memory();
	run(eat_by_locks);
}

TEST(by_depth)
{
	need_little_memory();
	run(eat_by_depth);
}

TEST(by_links)
{
	need_little_memory();
	run(eat_by_links);
}

/* ---- processes and what they wait for ---- */

static void eat_by_zombies(void)
{
	pid_t pid;

	while ((pid = fork()) > 0)
		;
	if (pid == 0)
		_exit(0);
	refused();
}

/* Tables of pages that hold one page each. */
static void eat_by_page_tables(void)
{
	for (uintptr_t at = 1ul << 32; at < 1ul << 46; at += 1ul << 30) {
		char *p = mmap((void *)at, PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

		if (p == MAP_FAILED)
			refused();
		*p = 1;
	}
	_exit(0);
}

/* The arguments of many programs at once, all of which fail. */
static void *execute_nothing(void *arg)
{
	char *const *argv = arg;

	for (int i = 0; i < 20; i++)
		execve("/etc", argv, argv);
	return NULL;
}

static void eat_by_arguments(void)
{
	enum { COUNT = 15, SIZE = 120 << 10, THREADS = 16 };
	pthread_t threads[THREADS];
	char *argv[COUNT + 1] = {NULL};

	for (int i = 0; i < COUNT; i++) {
		argv[i] = malloc(SIZE);
		if (!argv[i])
			refused();
		memset(argv[i], 'x', SIZE);
		argv[i][SIZE - 1] = '\0';
	}
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, execute_nothing, argv))
			threads[i] = 0;
	for (int i = 0; i < THREADS; i++)
		if (threads[i])
			pthread_join(threads[i], NULL);
	_exit(0);
}

/* Threads that each wait for a lock, which the kernel keeps in a queue. */
static void *wait_for_lock(void *arg)
{
	flock(open("big", O_CREAT | O_RDWR, 0600), LOCK_EX);
	poll(NULL, 0, -1);
	return arg;
}

static void eat_by_waiters(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	no_limit_of_files();
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 8 * PAGE);
	do
		error = pthread_create(&thread, &attr, wait_for_lock, NULL);
	while (!error);
	errno = error;
	refused();
}

static void eat_by_polling(void)
{
	struct rlimit limit;
	struct pollfd *fds;

	no_limit_of_files();
	getrlimit(RLIMIT_NOFILE, &limit);
	fds = calloc(limit.rlim_cur, sizeof(*fds));
	if (!fds)
		refused();
	fds[0].fd = eventfd(0, 0);
	for (rlim_t i = 1; i < limit.rlim_cur; i++)
		fds[i] = (struct pollfd){fds[0].fd, POLLIN, 0};
	while (fork() > 0)
		if (poll(fds, limit.rlim_cur, 0) < 0)
			refused();
	poll(fds, limit.rlim_cur, -1);
	_exit(0);
}

TEST(by_zombies)
{
	need_little_memory();
	run(eat_by_zombies);
}

TEST(by_page_tables)
{
	need_little_memory();
	run(eat_by_page_tables);
}

TEST(by_arguments)
{
	need_little_memory();
	run(eat_by_arguments);
}

TEST(by_waiters)
{
	need_little_memory();
	run(eat_by_waiters);
}

TEST(by_polling)
{
	need_little_memory();
	run(eat_by_polling);
}
