/*
 * fork - fork(2) and exit(2): two processes with separate memory, and the
 * status that passes from one to the other.
 */
#include "tap.h"
#include <sys/syscall.h>

TEST(returns_twice)
{
	pid_t parent = getpid(), pid = tap_fork();

	if (pid == 0) {
		EXPECT_EQ(getppid(), parent);
		EXPECT(getpid() != parent);
		tap_exit();
	}
	EXPECT(pid > 0 && pid != parent);
	EXPECT_EQ(getpid(), parent);
	EXPECT_EXIT(pid, 0);
}

TEST(exit_codes)
{
	/* Only the low eight bits reach the parent. */
	const int codes[] = {0, 1, 42, 127, 128, 255, 256, 511, -1};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		pid_t pid = tap_fork();

		if (pid == 0)
			_exit(codes[i]);
		EXPECT_EXIT(pid, codes[i]);
	}
}

static int in_data = 1;
static int in_bss;

TEST(memory_is_separate)
{
	int on_stack = 1, *on_heap = malloc(sizeof(int));

	*on_heap = 1;

	pid_t pid = tap_fork();

	if (pid == 0) {
		EXPECT_EQ(in_data + on_stack + *on_heap, 3);
		in_data = in_bss = on_stack = *on_heap = 2;
		tap_reach("child wrote");
		tap_await("parent wrote");
		EXPECT_EQ(in_data + in_bss + on_stack + *on_heap, 8);
		tap_exit();
	}
	tap_await("child wrote");
	EXPECT_EQ(in_data + in_bss + on_stack + *on_heap, 3);
	in_data = in_bss = on_stack = *on_heap = 3;
	tap_reach("parent wrote");
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(in_data + in_bss + on_stack + *on_heap, 12);
}

TEST(descriptors_share_their_position)
{
	char byte = 0;
	int fd = open("file", O_CREAT | O_RDWR, 0600);

	ASSERT(write(fd, "abc", 3) == 3);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);

	pid_t pid = tap_fork();

	if (pid == 0) {
		EXPECT_EQ(read(fd, &byte, 1), 1);
		EXPECT_EQ(byte, 'a');
		EXPECT_EQ(close(fd), 0);
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(read(fd, &byte, 1), 1);
	EXPECT_EQ(byte, 'b');
}

TEST(generations)
{
	/* Each process has one child, thirty deep; statuses add up. */
	int depth = 0;
	pid_t pid;

	while (depth < 30 && (pid = tap_fork()) == 0)
		depth++;
	if (depth == 30)
		_exit(30);
	EXPECT_EXIT(pid, 30);
	if (depth > 0)
		_exit(tap_failures ? 1 : 30);
}

TEST(many_children_at_once)
{
	enum { CHILDREN = 100 };
	pid_t pids[CHILDREN];

	for (int i = 0; i < CHILDREN; i++) {
		pids[i] = tap_fork();
		if (pids[i] == 0) {
			tap_await("all are there");
			_exit(i);
		}
		for (int j = 0; j < i; j++)
			EXPECT(pids[j] != pids[i]);
	}
	tap_reach("all are there");
	for (int i = CHILDREN - 1; i >= 0; i--)
		EXPECT_EXIT(pids[i], i);
}

TEST(floating_point_state_is_inherited)
{
	register double x asm("xmm7") = 1.5;

	asm volatile("" : "+x"(x));
	/* By hand: the C library may use the register as it likes. */
	pid_t pid;

	asm volatile("syscall"
		     : "=a"(pid), "+x"(x)
		     : "a"(SYS_fork)
		     : "rcx", "r11", "memory");
	if (pid == 0)
		_exit(x == 1.5 ? 0 : 1);
	EXPECT(x == 1.5);
	EXPECT_EXIT(pid, 0);
}
