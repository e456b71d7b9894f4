/*
 * test_explore.c - does sched=explore find mistakes, all of them, each time?
 *
 * Four small programs, each with one mistake that students make.  Left alone,
 * each runs well.  Among all its schedules there must be some that fail, the
 * shortest of them must fail again when it is run alone, and a second search
 * must find the same number.  Without the mistake no schedule may fail.
 */
#include "core_mutex.h"
#include "cpu.h"
#include "explore.h"
#include "ktest.h"
#include "string.h"
#include "thread.h"

/* Is the mistake in? */
static bool planted;

/* Two threads, or three, at once; waits for all. */
static void run_together(struct ktest *t, void *arg,
			 void (*const *entries)(void *arg), unsigned int count)
{
	struct thread *threads[3];

	for (unsigned int i = 0; i < count; i++)
		ASSERT(t, thread_create(&threads[i], "worker", entries[i],
					arg) == 0);
	for (unsigned int i = 0; i < count; i++)
		thread_start(threads[i]);
	for (unsigned int i = 0; i < count; i++)
		thread_join(threads[i]);
}

/* ---- a wake-up is lost ---- */

/* All need mutex. */
struct letter_box {
	struct core_mutex mutex;
	bool full;
	struct thread *waits;
};

static void letter_put(void *arg)
{
	struct letter_box *box = arg;
	struct thread *reader;

	core_mutex_lock(&box->mutex);
	box->full = true;
	reader = box->waits;
	core_mutex_unlock(&box->mutex);
	if (reader)
		thread_unblock(reader);
}

/* The mistake: to look, and to say that one waits, are two steps; a letter that
 * comes between them wakes nobody. */
static void letter_take(void *arg)
{
	struct letter_box *box = arg;
	bool full;

	core_mutex_lock(&box->mutex);
	full = box->full;
	if (planted) {
		core_mutex_unlock(&box->mutex);
		core_mutex_lock(&box->mutex);
	}
	box->waits = current;
	core_mutex_unlock(&box->mutex);
	if (!full)
		thread_block();
}

static void lost_wakeup(struct ktest *t)
{
	static void (*const both[])(void *) = {letter_take, letter_put};
	struct letter_box box = {.full = false};

	core_mutex_init(&box.mutex, "letter box");
	run_together(t, &box, both, 2);
}

/* ---- if instead of while around a wait ---- */

/* All need mutex. */
struct shelf {
	struct core_mutex mutex;
	int items;
	struct thread *waits[2];
	unsigned int waiting;
	bool underflow;
};

static void shelf_wait(struct shelf *s)
{
	s->waits[s->waiting++] = current;
	core_mutex_unlock(&s->mutex);
	thread_block();
	core_mutex_lock(&s->mutex);
}

static void shelf_put(void *arg)
{
	struct shelf *s = arg;

	for (unsigned int i = 0; i < 2; i++) {
		core_mutex_lock(&s->mutex);
		s->items++;
		if (s->waiting)
			thread_unblock(s->waits[--s->waiting]);
		core_mutex_unlock(&s->mutex);
	}
}

/* The mistake: who was woken takes for granted that the item is still there. */
static void shelf_take(void *arg)
{
	struct shelf *s = arg;

	core_mutex_lock(&s->mutex);
	if (planted && s->items == 0)
		shelf_wait(s);
	while (!planted && s->items == 0)
		shelf_wait(s);
	s->items--;
	s->underflow |= s->items < 0;
	core_mutex_unlock(&s->mutex);
}

static void if_not_while(struct ktest *t)
{
	static void (*const all[])(void *) = {shelf_take, shelf_put,
					      shelf_take};
	struct shelf shelf = {.items = 0};

	core_mutex_init(&shelf.mutex, "shelf");
	run_together(t, &shelf, all, 3);
	EXPECT(t, !shelf.underflow);
}

/* ---- two locks in both orders ---- */

struct pair {
	struct core_mutex left, right;
};

static void take_both(struct core_mutex *first, struct core_mutex *second)
{
	core_mutex_lock(first);
	core_mutex_lock(second);
	core_mutex_unlock(second);
	core_mutex_unlock(first);
}

static void left_first(void *arg)
{
	struct pair *pair = arg;

	take_both(&pair->left, &pair->right);
}

static void right_first(void *arg)
{
	struct pair *pair = arg;

	if (planted)
		take_both(&pair->right, &pair->left);
	else
		take_both(&pair->left, &pair->right);
}

static void both_orders(struct ktest *t)
{
	static void (*const both[])(void *) = {left_first, right_first};
	struct pair pair;

	core_mutex_init(&pair.left, "left");
	core_mutex_init(&pair.right, "right");
	run_together(t, &pair, both, 2);
}

/* ---- an update is lost ---- */

struct account {
	struct core_mutex mutex;
	unsigned int balance;
};

static void pay_in(void *arg)
{
	struct account *a = arg;
	unsigned int balance;

	if (!planted)
		core_mutex_lock(&a->mutex);
	sched_point(POINT_ACCESS, &a->balance);
	balance = a->balance;
	sched_point(POINT_ACCESS, &a->balance);
	a->balance = balance + 1;
	if (!planted)
		core_mutex_unlock(&a->mutex);
}

static void lost_update(struct ktest *t)
{
	static void (*const both[])(void *) = {pay_in, pay_in};
	struct account account = {.balance = 0};

	core_mutex_init(&account.mutex, "account");
	run_together(t, &account, both, 2);
	EXPECT_EQ(t, account.balance, 2);
}

/* ---- the same by name, to try: make explore TEST=demo/planted_lost_wakeup
 * ---- */

#define PLANTED(program) \
	static void test_planted_##program(struct ktest *t) \
	{ \
		planted = true; \
		program(t); \
	} \
	KTEST(demo, planted_##program, .manual = true)

PLANTED(lost_wakeup);
PLANTED(if_not_while);
PLANTED(both_orders);
PLANTED(lost_update);

/* ---- the search ---- */

static void note(struct ktest *t, const char *what,
		 const struct explore_result *r)
{
	char text[EXPLORE_TEXT_SIZE];

	ktest_note(t, "%s: %lu schedules, %lu failed, %lu deadlocked; first %s",
		   what, r->schedules, r->failed, r->deadlocked,
		   explore_format(&r->first, text, sizeof(text)));
}

/* A search cannot be explored itself. */
static bool may_explore(struct ktest *t)
{
	bool may = cpu_count == 1 && !ktest_exploring();

	if (!may)
		ktest_skip(t, "explores by itself, on one CPU");
	return may;
}

static void check_search(struct ktest *t, void (*fn)(struct ktest *t),
			 bool deadlocks)
{
	const struct explore_schedule alone = {.count = 0};
	struct explore_result with, again, without;

	if (!may_explore(t))
		return;
	planted = true;
	EXPECT(t, ktest_explore_one(fn, true, &alone));
	ktest_explore(fn, EXPLORE_MAX_RUNS, &with);
	note(t, "with the mistake", &with);
	EXPECT(t, with.failed > 0);
	EXPECT_EQ(t, with.deadlocked, deadlocks ? with.failed : 0);
	EXPECT(t, !ktest_explore_one(fn, true, &with.first));
	ktest_explore(fn, EXPLORE_MAX_RUNS, &again);
	EXPECT_EQ(t, again.schedules, with.schedules);
	EXPECT_EQ(t, again.failed, with.failed);
	planted = false;
	ktest_explore(fn, EXPLORE_MAX_RUNS, &without);
	note(t, "without", &without);
	EXPECT_EQ(t, without.failed, 0);
}

static void test_lost_wakeup(struct ktest *t)
{
	check_search(t, lost_wakeup, true);
}
KTEST(explore, lost_wakeup);

static void test_if_not_while(struct ktest *t)
{
	check_search(t, if_not_while, false);
}
KTEST(explore, if_not_while);

static void test_both_orders(struct ktest *t)
{
	check_search(t, both_orders, true);
}
KTEST(explore, both_orders);

static void test_lost_update(struct ktest *t)
{
	check_search(t, lost_update, false);
}
KTEST(explore, lost_update);

/* A thread that waits for others without ever blocking: the run is given up. */
static void spin_for_ever(struct ktest *t)
{
	volatile bool never = false;

	while (!never)
		;
}

static void yield_for_ever(struct ktest *t)
{
	volatile bool never = false;

	while (!never)
		thread_yield();
}

static void test_endless(struct ktest *t)
{
	struct explore_result r;

	if (!may_explore(t))
		return;
	ktest_explore(spin_for_ever, EXPLORE_MAX_RUNS, &r);
	EXPECT_EQ(t, r.endless, 1);
	ktest_explore(yield_for_ever, EXPLORE_MAX_RUNS, &r);
	EXPECT_EQ(t, r.endless, 1);
}
KTEST(explore, endless);

/* Schedules as text: what is none is refused. */
static void test_text(struct ktest *t)
{
	static const char *const wrong[] = {
		"17",
		"17.",
		"17.1+",
		".1",
		"17.1+17.0",
		"17.1+16.0",
		"17.1 ",
		"x",
		"1.0+2.0+3.0+4.0+5.0",
		"1.255",
		"1234567890.0",
	};
	struct explore_schedule s;
	char text[EXPLORE_TEXT_SIZE];

	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT(t, explore_parse(wrong[i], &s) < 0);
	EXPECT_EQ(t, explore_parse("", &s), 0);
	EXPECT_EQ(t, s.count, 0);
	EXPECT_EQ(t, explore_parse("17.1+40.0", &s), 0);
	EXPECT_EQ(t, s.count, 2);
	explore_format(&s, text, sizeof(text));
	EXPECT(t, strcmp(text, "17.1+40.0") == 0);
}
KTEST(explore, text);
