/*
 * test_epoll.c - three threads and an epoll instance: one waits, one polls the
 * instance itself, and one makes a file ready.
 *
 * Who polls takes the file off the instance's list while it asks it.  A waiter
 * that looks at the list in that moment goes to sleep, and must be woken when
 * the file is back on the list.  Two pre-emptions lead there, so
 * "make explore TEST=epoll/sleeper_while_another_polls" finds every way.
 */
#include "epoll.h"
#include "errno.h"
#include "ktest.h"
#include "thread.h"
#include "time.h"

#define NOWHERE UINTPTR_MAX /* no program's address */

/* A file that is ready once somebody says so. */
struct source {
	volatile bool ready;
	struct pollhead head;
};

static unsigned int source_poll(struct file *f, struct pollhead **head)
{
	struct source *s = f->object;

	*head = &s->head;
	return s->ready ? POLLIN : 0;
}

static const struct file_ops source_ops = {.poll = source_poll};

struct scene {
	struct source source;
	struct file *watched, *instance;
	long result;
};

/* What is ready cannot be told to nowhere, and stays ready: -EFAULT. */
static void waiter(void *arg)
{
	struct scene *s = arg;

	s->result = epoll_wait_events(s->instance->object, NOWHERE, 1,
				      time_ns() + KTEST_LAST_RESORT);
}

static void poller(void *arg)
{
	struct scene *s = arg;
	struct pollhead *head;

	s->instance->ops->poll(s->instance, &head);
}

static void maker(void *arg)
{
	struct scene *s = arg;

	s->source.ready = true;
	poll_notify(&s->source.head);
}

static void scene_run(struct ktest *t, struct scene *s)
{
	static void (*const entries[])(void *) = {waiter, poller, maker};
	struct thread *threads[ARRAY_SIZE(entries)];

	for (unsigned int i = 0; i < ARRAY_SIZE(entries); i++)
		ASSERT(t,
		       thread_create(&threads[i], "epoll", entries[i], s) == 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(entries); i++)
		thread_start(threads[i]);
	for (unsigned int i = 0; i < ARRAY_SIZE(entries); i++)
		thread_join(threads[i]);
}

static void test_sleeper_while_another_polls(struct ktest *t)
{
	struct epoll_event event = {.events = POLLIN};
	struct scene s = {.result = 0};
	struct epoll *ep;

	pollhead_init(&s.source.head);
	s.watched = file_create(&source_ops, O_RDONLY);
	s.instance = epoll_file_create();
	ASSERT(t, s.watched && s.instance);
	s.watched->object = &s.source;
	ep = s.instance->object;
	core_mutex_lock(&ep->mutex);
	EXPECT_EQ(t, epoll_add(ep, s.watched, 0, &event), 0);
	core_mutex_unlock(&ep->mutex);
	scene_run(t, &s);
	EXPECT_EQ(t, s.result, -EFAULT);
	file_put(s.watched);
	file_put(s.instance);
}
KTEST(epoll, sleeper_while_another_polls, .seeds = 20);
