/*
 * cow - after a fork parent and child share their pages, until one of them
 * writes; however they do it, neither sees what the other wrote.
 *
 * Needs kernel/linux: /dev/zero.
 */
#include "tap.h"
#include <sys/mman.h>

#define PAGE 4096
#define PAGES 64

static char *map_pages(void)
{
	char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT(p != MAP_FAILED);
	for (int i = 0; i < PAGES; i++)
		memset(p + i * PAGE, i, PAGE);
	return p;
}

static void expect_pages(const char *p, int added)
{
	for (int i = 0; i < PAGES; i++) {
		EXPECT_EQ(p[i * PAGE], (char)(i + added));
		EXPECT_EQ(p[i * PAGE + PAGE - 1], (char)(i + added));
	}
}

static void add(char *p, int value)
{
	for (int i = 0; i < PAGES * PAGE; i++)
		p[i] += value;
}

TEST(each_writes_its_own)
{
	char *p = map_pages();
	pid_t pids[8];

	for (int i = 0; i < 8; i++) {
		pids[i] = tap_fork();
		if (pids[i] == 0) {
			expect_pages(p, 0);
			add(p, i + 1);
			tap_await("all wrote");
			expect_pages(p, i + 1);
			tap_exit();
		}
	}
	expect_pages(p, 0);
	add(p, 100);
	tap_reach("all wrote");
	for (int i = 0; i < 8; i++)
		EXPECT_EXIT(pids[i], 0);
	expect_pages(p, 100);
}

TEST(the_last_one_keeps_the_page)
{
	char *p = map_pages();

	/* The child is gone: writing needs no copy, and must not harm. */
	for (int i = 0; i < 10; i++) {
		pid_t pid = tap_fork();

		if (pid == 0)
			tap_exit();
		EXPECT_EXIT(pid, 0);
		add(p, 1);
		expect_pages(p, i + 1);
	}
}

TEST(grandchildren)
{
	char *p = map_pages();
	pid_t child = tap_fork();

	if (child == 0) {
		pid_t grandchild = tap_fork();

		if (grandchild == 0) {
			tap_await("child wrote");
			expect_pages(p, 0);
			add(p, 2);
			tap_exit();
		}
		add(p, 1);
		tap_reach("child wrote");
		EXPECT_EXIT(grandchild, 0);
		expect_pages(p, 1);
		tap_exit();
	}
	EXPECT_EXIT(child, 0);
	expect_pages(p, 0);
}

TEST(the_kernel_writes)
{
	/* read(2) into a shared page is a write, too. */
	char *p = map_pages();
	int fd = open("/dev/zero", O_RDONLY);
	pid_t pid = tap_fork();

	if (pid == 0) {
		EXPECT_EQ(read(fd, p + PAGE / 2, 4 * PAGE), 4 * PAGE);
		EXPECT_EQ(p[PAGE], 0);
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
	expect_pages(p, 0);
}

TEST(pages_not_touched_yet)
{
	char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int sum = p[0];

	pid = tap_fork();
	if (pid == 0) {
		memset(p, 7, PAGES * PAGE);
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
	for (int i = 0; i < PAGES * PAGE; i++)
		sum += p[i];
	EXPECT_EQ(sum, 0);
}

TEST(pages_of_a_file)
{
	int fd = open("file", O_CREAT | O_RDWR, 0600);
	char page[PAGE], *p;
	pid_t pid;

	memset(page, 'f', PAGE);
	ASSERT(write(fd, page, PAGE) == PAGE);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ASSERT(p != MAP_FAILED);
	EXPECT_EQ(p[0], 'f');
	pid = tap_fork();
	if (pid == 0) {
		p[0] = 'c';
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(p[0], 'f');
	p[1] = 'p';
	EXPECT_EQ(pread(fd, page, PAGE, 0), PAGE);
	EXPECT_EQ(page[0], 'f');
	EXPECT_EQ(page[1], 'f');
}
