/*
 * locks - programs that lock files are kept apart: fcntl(2) by process and by
 * open file, and flock(2).
 *
 * Needs kernel/linux: locks on files.
 */
#include "tap.h"
#include <sys/file.h>

static int open_file(void)
{
	int fd = open("file", O_RDWR | O_CREAT, 0666);

	ASSERT(fd >= 0);
	return fd;
}

static int control(int fd, int command, short type, off_t start, off_t len)
{
	struct flock l = {.l_type = type, .l_start = start, .l_len = len};

	return fcntl(fd, command, &l);
}

static int set(int fd, short type, off_t start, off_t len)
{
	return control(fd, F_SETLK, type, start, len);
}

/* Could another process have this lock? */
static bool is_free(short type, off_t start, off_t len)
{
	pid_t pid = tap_fork();
	int status;

	if (pid == 0)
		_exit(set(open_file(), type, start, len) < 0);
	ASSERT(waitpid(pid, &status, 0) == pid);
	return status == 0;
}

/* What another process is told about who is in its way. */
static void expect_conflict(off_t from, short type, off_t start, off_t len)
{
	struct flock l = {.l_type = F_WRLCK, .l_start = from};
	pid_t parent = getpid(), pid = tap_fork();

	if (pid == 0) {
		EXPECT_EQ(fcntl(open_file(), F_GETLK, &l), 0);
		EXPECT_EQ(l.l_type, type);
		EXPECT_EQ(l.l_whence, SEEK_SET);
		EXPECT_EQ(l.l_start, start);
		EXPECT_EQ(l.l_len, len);
		EXPECT_EQ(l.l_pid, parent);
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
}

/* ---- by process ---- */

TEST(readers_share_and_writers_do_not)
{
	int fd = open_file();

	EXPECT_EQ(set(fd, F_RDLCK, 10, 10), 0);
	EXPECT(is_free(F_RDLCK, 0, 100));
	EXPECT(!is_free(F_WRLCK, 19, 1));
	EXPECT(is_free(F_WRLCK, 0, 10));
	EXPECT(is_free(F_WRLCK, 20, 0));
	EXPECT_EQ(set(fd, F_WRLCK, 10, 10), 0);
	EXPECT(!is_free(F_RDLCK, 10, 1));
	EXPECT_EQ(set(fd, F_UNLCK, 0, 0), 0);
	EXPECT(is_free(F_WRLCK, 0, 0));
}

TEST(who_is_in_the_way)
{
	int fd = open_file();
	struct flock l = {.l_type = F_RDLCK, .l_start = 5, .l_len = 1};

	EXPECT_EQ(set(fd, F_WRLCK, 30, 0), 0);
	EXPECT_EQ(set(fd, F_RDLCK, 10, 5), 0);
	expect_conflict(0, F_RDLCK, 10, 5);
	expect_conflict(15, F_WRLCK, 30, 0);
	EXPECT_EQ(fcntl(fd, F_GETLK, &l), 0); /* nobody, and not oneself */
	EXPECT_EQ(l.l_type, F_UNLCK);
	EXPECT_EQ(l.l_start, 5);
}

TEST(ranges_are_split_and_joined)
{
	int fd = open_file();

	EXPECT_EQ(set(fd, F_WRLCK, 0, 100), 0);
	EXPECT_EQ(set(fd, F_UNLCK, 40, 20), 0);
	EXPECT(is_free(F_WRLCK, 40, 20));
	expect_conflict(0, F_WRLCK, 0, 40);
	expect_conflict(40, F_WRLCK, 60, 40);
	EXPECT_EQ(set(fd, F_WRLCK, 40, 20), 0);
	expect_conflict(0, F_WRLCK, 0, 100);
	EXPECT_EQ(set(fd, F_RDLCK, 50, 10), 0);
	expect_conflict(0, F_WRLCK, 0, 50);
	expect_conflict(50, F_RDLCK, 50, 10);
	expect_conflict(60, F_WRLCK, 60, 40);
}

TEST(places_are_counted_from_anywhere)
{
	int fd = open_file();
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_END};

	EXPECT_EQ(ftruncate(fd, 1000), 0);
	l.l_start = -100;
	l.l_len = 50;
	EXPECT_EQ(fcntl(fd, F_SETLK, &l), 0);
	expect_conflict(0, F_WRLCK, 900, 50);
	EXPECT_EQ(set(fd, F_UNLCK, 0, 0), 0);
	EXPECT_EQ(lseek(fd, 500, SEEK_SET), 500);
	l = (struct flock){
		.l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_len = -10};
	EXPECT_EQ(fcntl(fd, F_SETLK, &l), 0);
	expect_conflict(0, F_WRLCK, 490, 10);
}

TEST(closing_any_descriptor_ends_all)
{
	int fd = open_file(), other = open("file", O_RDONLY);

	EXPECT_EQ(set(fd, F_WRLCK, 0, 10), 0);
	EXPECT(!is_free(F_RDLCK, 0, 1));
	close(other);
	EXPECT(is_free(F_RDLCK, 0, 1));
	EXPECT_EQ(set(fd, F_WRLCK, 0, 10), 0);
	EXPECT(dup2(open("/dev/null", O_RDONLY), fd) == fd);
	EXPECT(is_free(F_WRLCK, 0, 0));
}

HELPER(still_locked)
{
	return is_free(F_RDLCK, 0, 1);
}

TEST(a_child_has_none_and_a_new_program_keeps_them)
{
	int fd = open_file();
	pid_t pid;

	EXPECT_EQ(set(fd, F_WRLCK, 0, 1), 0);
	pid = tap_fork();
	if (pid == 0) {
		EXPECT_ERRNO(set(fd, F_WRLCK, 0, 1), EAGAIN);
		close(fd); /* ends nothing: it has none */
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
	EXPECT(!is_free(F_RDLCK, 0, 1));
	EXPECT_EQ(set(fd, F_UNLCK, 0, 1), 0);
	pid = tap_fork();
	if (pid == 0) {
		EXPECT_EQ(set(fd, F_WRLCK, 0, 1), 0);
		execl(tap_program, tap_program, "--helper", "still_locked",
		      NULL);
		_exit(2);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT(is_free(F_WRLCK, 0, 1));
}

/* ---- waiting ---- */

TEST(waiting_until_it_is_free)
{
	int fd = open_file();
	pid_t pids[3];

	EXPECT_EQ(set(fd, F_WRLCK, 0, 10), 0);
	for (int i = 0; i < 3; i++) {
		pids[i] = tap_fork();
		if (pids[i])
			continue;
		EXPECT_EQ(control(fd, F_SETLKW, F_WRLCK, 3 * i, 3), 0);
		EXPECT_EQ(access("freed", F_OK), 0);
		tap_exit();
	}
	tap_reach("freed");
	EXPECT_EQ(set(fd, F_UNLCK, 0, 0), 0);
	for (int i = 0; i < 3; i++)
		EXPECT_EXIT(pids[i], 0);
}

TEST(who_is_killed_waits_no_more)
{
	int fd = open_file();
	pid_t pid;

	EXPECT_EQ(set(fd, F_WRLCK, 0, 10), 0);
	pid = tap_fork();
	if (pid == 0) {
		tap_reach("waiting");
		control(fd, F_SETLKW, F_WRLCK, 0, 10);
		_exit(1);
	}
	tap_await("waiting");
	EXPECT_EQ(kill(pid, SIGKILL), 0);
	EXPECT_KILLED(pid, SIGKILL);
	EXPECT_EQ(set(fd, F_UNLCK, 0, 0), 0);
	EXPECT(is_free(F_WRLCK, 0, 10));
}

/* Each of some processes has a byte and wants the next one's: whoever closes
 * the circle is told, gives up its own, and so lets all others go on. */
static void expect_one_deadlock(int count)
{
	int deadlocks = 0, status;
	pid_t pids[count];

	for (int i = 0; i < count; i++) {
		pids[i] = tap_fork();
		if (pids[i])
			continue;
		int fd = open_file();
		char name[16];

		ASSERT(set(fd, F_WRLCK, i, 1) == 0);
		for (int j = 0; j < count; j++) {
			snprintf(name, sizeof(name), "has%d", j);
			if (j == i)
				tap_reach(name);
			tap_await(name);
		}
		if (control(fd, F_SETLKW, F_WRLCK, (i + 1) % count, 1) == 0)
			_exit(0);
		_exit(errno == EDEADLK ? 1 : 2);
	}
	for (int i = 0; i < count; i++) {
		ASSERT(waitpid(pids[i], &status, 0) == pids[i]);
		EXPECT(WIFEXITED(status) && WEXITSTATUS(status) < 2);
		deadlocks += WEXITSTATUS(status);
	}
	EXPECT_EQ(deadlocks, 1);
}

TEST(a_deadlock_of_two)
{
	expect_one_deadlock(2);
}

TEST(a_deadlock_of_five)
{
	expect_one_deadlock(5);
}

/* Adds one to the number in the file, in three steps that others may disturb.
 */
static void count_up(int fd)
{
	int number = 0;

	EXPECT_EQ(control(fd, F_SETLKW, F_WRLCK, 0, sizeof(number)), 0);
	EXPECT(pread(fd, &number, sizeof(number), 0) >= 0);
	sched_yield();
	number++;
	EXPECT_EQ(pwrite(fd, &number, sizeof(number), 0), sizeof(number));
	EXPECT_EQ(set(fd, F_UNLCK, 0, 0), 0);
}

TEST(no_update_is_lost)
{
	enum { PROCESSES = 4, ROUNDS = 100 };
	int fd = open_file(), number = 0;
	pid_t pids[PROCESSES];

	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = tap_fork();
		if (pids[i])
			continue;
		for (int j = 0; j < ROUNDS; j++)
			count_up(fd);
		tap_exit();
	}
	for (int i = 0; i < PROCESSES; i++)
		EXPECT_EXIT(pids[i], 0);
	EXPECT_EQ(pread(fd, &number, sizeof(number), 0), sizeof(number));
	EXPECT_EQ(number, PROCESSES * ROUNDS);
}

/* ---- by open file ---- */

static int set_own(int fd, short type, off_t start, off_t len)
{
	return control(fd, F_OFD_SETLK, type, start, len);
}

TEST(of_an_open_file)
{
	int a = open_file(), b = open_file(), copy = dup(a);
	struct flock l = {.l_type = F_WRLCK};

	EXPECT_EQ(set_own(a, F_WRLCK, 0, 10), 0);
	EXPECT_ERRNO(set_own(b, F_RDLCK, 9, 1), EAGAIN);
	EXPECT_EQ(set_own(copy, F_RDLCK, 9, 1), 0);
	EXPECT_EQ(set_own(b, F_RDLCK, 9, 1), 0);
	EXPECT_ERRNO(set(b, F_WRLCK, 0, 1), EAGAIN);
	EXPECT_EQ(fcntl(b, F_OFD_GETLK, &l), 0);
	EXPECT_EQ(l.l_type, F_WRLCK);
	EXPECT_EQ(l.l_pid, -1);
	EXPECT_EQ(l.l_len, 9);
	close(a);
	EXPECT(!is_free(F_WRLCK, 0, 1));
	close(copy);
	EXPECT(is_free(F_WRLCK, 0, 9));
	EXPECT(!is_free(F_WRLCK, 9, 1));
}

enum { BYTES = 48, STEPS = 1500 };

/* The locks of a file, seen by another one, are those of the model: byte by
 * byte, and each as long as it can be. */
static void expect_model(int other, const short model[BYTES])
{
	int at = 0;

	while (at < BYTES) {
		struct flock l = {
			.l_type = F_WRLCK, .l_start = at, .l_len = BYTES - at};
		int from = at, to;

		while (from < BYTES && model[from] == F_UNLCK)
			from++;
		for (to = from; to < BYTES && model[to] == model[from];)
			to++;
		ASSERT(fcntl(other, F_OFD_GETLK, &l) == 0);
		if (from == BYTES) {
			EXPECT_EQ(l.l_type, F_UNLCK);
			return;
		}
		EXPECT_EQ(l.l_type, model[from]);
		EXPECT_EQ(l.l_start, from);
		EXPECT_EQ(l.l_len, to - from);
		at = to;
	}
}

TEST(random_ranges_as_in_a_model)
{
	int fd = open_file(), other = open_file();
	short model[BYTES];

	srand(1);
	for (int i = 0; i < BYTES; i++)
		model[i] = F_UNLCK;
	for (int step = 0; step < STEPS; step++) {
		int start = rand() % BYTES;
		int len = 1 + rand() % (BYTES - start);
		short type = (short[]){F_RDLCK, F_WRLCK, F_UNLCK}[rand() % 3];

		EXPECT_EQ(set_own(fd, type, start, len), 0);
		for (int i = start; i < start + len; i++)
			model[i] = type;
		expect_model(other, model);
	}
}

/* ---- flock ---- */

TEST(flock_of_an_open_file)
{
	int a = open_file(), b = open_file(), copy = dup(a);
	pid_t pid;

	EXPECT_EQ(flock(a, LOCK_SH), 0);
	EXPECT_EQ(flock(b, LOCK_SH | LOCK_NB), 0);
	EXPECT_ERRNO(flock(a, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	EXPECT_EQ(flock(b, LOCK_UN), 0);
	EXPECT_EQ(flock(a, LOCK_EX), 0);
	EXPECT_ERRNO(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	EXPECT_EQ(flock(copy, LOCK_EX | LOCK_NB), 0);
	EXPECT(is_free(F_WRLCK, 0, 0));
	close(a);
	EXPECT_ERRNO(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	pid = tap_fork();
	if (pid == 0)
		_exit(flock(copy, LOCK_UN));
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(flock(b, LOCK_EX | LOCK_NB), 0);
	EXPECT_ERRNO(flock(b, 77), EINVAL);
	EXPECT_ERRNO(flock(-1, LOCK_SH), EBADF);
}

TEST(flock_waits)
{
	int fd = open_file();
	pid_t pid;

	EXPECT_EQ(flock(fd, LOCK_EX), 0);
	pid = tap_fork();
	if (pid == 0) {
		EXPECT_EQ(flock(open_file(), LOCK_EX), 0);
		EXPECT_EQ(access("freed", F_OK), 0);
		tap_exit();
	}
	tap_reach("freed");
	EXPECT_EQ(flock(fd, LOCK_UN), 0);
	EXPECT_EXIT(pid, 0);
}

TEST(mistakes)
{
	int fd = open_file(), reader = open("file", O_RDONLY);
	int writer = open("file", O_WRONLY), path = open("file", O_PATH);
	struct flock l = {.l_type = F_RDLCK, .l_whence = 9};

	EXPECT_ERRNO(set(reader, F_WRLCK, 0, 1), EBADF);
	EXPECT_ERRNO(set(writer, F_RDLCK, 0, 1), EBADF);
	EXPECT_ERRNO(set(path, F_RDLCK, 0, 1), EBADF);
	EXPECT_ERRNO(set(-1, F_RDLCK, 0, 1), EBADF);
	EXPECT_ERRNO(set(fd, 17, 0, 1), EINVAL);
	EXPECT_ERRNO(set(fd, F_RDLCK, -1, 1), EINVAL);
	EXPECT_ERRNO(set(fd, F_RDLCK, 5, -6), EINVAL);
	EXPECT_ERRNO(set(fd, F_RDLCK, INT64_MAX, 2), EOVERFLOW);
	EXPECT_ERRNO(fcntl(fd, F_SETLK, &l), EINVAL);
	EXPECT_ERRNO(fcntl(fd, F_SETLK, tap_nowhere), EFAULT);
	EXPECT_ERRNO(control(fd, F_GETLK, F_UNLCK, 0, 1), EINVAL);
	l = (struct flock){.l_type = F_RDLCK, .l_pid = 1};
	EXPECT_ERRNO(fcntl(fd, F_OFD_SETLK, &l), EINVAL);
	EXPECT_EQ(set(reader, F_RDLCK, INT64_MAX, 1), 0);
	EXPECT_EQ(set(writer, F_UNLCK, 0, 0), 0);
}
