/*
 * user.c - how many processes and threads each user has.
 *
 * RLIMIT_NPROC limits what all processes with the same real user id have
 * together, and fork must know that number without counting.  So each user who
 * has a process is an object with a counter, to which the processes point; it
 * is made with the first and freed with the last.  A machine has a handful of
 * users at a time, so a list is enough; only set*uid() searches it.
 *
 * process_lock guards all of it.
 */
#include "heap.h"
#include "panic.h"
#include "process_parts.h"

struct user {
	struct list_head link; /* users */
	uint32_t uid;
	unsigned int refs;  /* processes */
	unsigned int tasks; /* processes and their further threads */
};

static struct list_head users = LIST_INIT(users);

struct user *user_share(struct user *user)
{
	assert_process_lock();
	user->refs++;
	return user;
}

struct user *user_get(uint32_t uid)
{
	struct user *user;

	assert_process_lock();
	list_for_each (user, &users, link)
		if (user->uid == uid)
			return user_share(user);
	user = kmalloc(sizeof(*user));
	if (!user)
		return NULL;
	*user = (struct user){.uid = uid, .refs = 1};
	list_push_back(&users, &user->link);
	return user;
}

void user_put(struct user *user)
{
	assert_process_lock();
	if (--user->refs > 0)
		return;
	assert(user->tasks == 0);
	list_remove(&user->link);
	kfree(user);
}

unsigned int user_tasks(const struct user *user)
{
	return user->tasks;
}

void user_count(struct user *user, int delta)
{
	user->tasks += delta;
}
