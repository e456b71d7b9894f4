/*
 * test_process.c - the numbers of processes: what a program could only find out
 * by making more processes than there are numbers.
 */
#include "errno.h"
#include "ktest.h"
#include "process_parts.h"

/* A process that is never run, of root; NULL when out of memory. */
static struct process *idle_process(void)
{
	struct process *p = process_create();

	if (!p)
		return NULL;
	spin_lock(&process_lock);
	p->user = user_get(0);
	spin_unlock(&process_lock);
	return p;
}

static void idle_process_free(struct process *p)
{
	spin_lock(&process_lock);
	process_free(p);
	spin_unlock(&process_lock);
}

/* One at a time, as fork does it. */
static int reserve(struct process *p, uint64_t limit)
{
	int pid;

	spin_lock(&process_lock);
	pid = pid_reserve(p, limit);
	spin_unlock(&process_lock);
	return pid;
}

static void release(struct process *p, int pid)
{
	spin_lock(&process_lock);
	pid_release(p, pid);
	spin_unlock(&process_lock);
}

/* A number that was given back is not soon given out again. */
static void test_numbers_rise(struct ktest *t)
{
	struct process *p = idle_process();
	int first, second;

	ASSERT(t, p);
	first = reserve(p, RLIM_INFINITY);
	release(p, first);
	second = reserve(p, RLIM_INFINITY);
	EXPECT(t, first > 0 && second > 0);
	EXPECT(t, first != second);
	release(p, second);
	idle_process_free(p);
}
KTEST(process, numbers_rise);

/* The limit is for all processes of a user together. */
static void test_numbers_count_for_user(struct ktest *t)
{
	struct process *p = idle_process(), *q = idle_process();
	unsigned int before;
	int pid;

	ASSERT(t, p && q);
	EXPECT(t, p->user == q->user);
	before = user_tasks(p->user);
	pid = reserve(p, before + 1);
	EXPECT(t, pid > 0);
	EXPECT_EQ(t, reserve(q, before + 1), -EAGAIN);
	release(p, pid);
	EXPECT_EQ(t, user_tasks(q->user), before);
	idle_process_free(p);
	idle_process_free(q);
}
KTEST(process, numbers_count_for_user);

/* Gives back all numbers that belong to p. */
static void release_all(struct process *p, const uint8_t *taken)
{
	for (int pid = 1; pid < PID_MAX; pid++)
		if (taken[pid])
			release(p, pid);
}

/* All numbers can be given out, none twice, but not that of a group; then
 * there is -EAGAIN; and all of it can be undone. */
static void test_numbers_run_out(struct ktest *t)
{
	static uint8_t taken[PID_MAX];
	struct process *p = idle_process();
	int pid, group;

	ASSERT(t, p);
	group = reserve(p, RLIM_INFINITY);
	spin_lock(&process_lock);
	process_set_group(p, group);
	spin_unlock(&process_lock);
	release(p, group);

	for (pid = 1; pid < PID_MAX; pid++)
		taken[pid] = 0;
	while ((pid = reserve(p, RLIM_INFINITY)) > 0) {
		if (taken[pid]++)
			break;
	}
	EXPECT_EQ(t, pid, -EAGAIN);
	EXPECT_EQ(t, taken[group], 0);
	EXPECT_EQ(t, taken[PID_MAX - 1], 1);
	release_all(p, taken);
	idle_process_free(p);
}
KTEST(process, numbers_run_out);
