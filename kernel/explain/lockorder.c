/*
 * lockorder.c - two locks taken in both orders: seen before it deadlocks.
 *
 * A thread that holds lock A and takes lock B shows that A comes before B.  If
 * another place takes A while it holds B, two threads can each hold one and
 * wait for the other, for ever.  That they meet is a matter of luck; that both
 * orders exist is not: it shows the first time that both have been run, even by
 * one thread alone.  The same goes for longer circles, as of the philosophers
 * who each take the left fork first.
 *
 * So each "A before B" is kept as an arrow from A to B, with where both were
 * taken.  When a new arrow from A to B is drawn and a way along the arrows
 * leads from B to A, then the circle is reported, with all call sites, and the
 * running test fails.  The arrow stays, so nothing is reported twice.
 *
 * A lock is told by its address: two of the same name are two locks.  When a
 * lock is made, the arrows of what lay there before are wiped out.  A lock that
 * is only tried, and not waited for, draws no arrow; but it is held.
 *
 * The core locks need none of this: they have ranks (lock.h).
 */
#include "cmdline.h"
#include "cpu.h"
#include "init.h"
#include "ktest.h"
#include "lock.h"
#include "spinlock.h"
#include "string.h"
#include "thread.h"
#include "waitfor.h"

#define MAX_ARROWS 1024 /* when they are used up, all are wiped out */
#define BUCKETS 256
#define MAX_CIRCLE 8
#define NONE (-1)

struct arrow {
	const void *from, *to; /* NULL: not in use */
	const char *from_name, *to_name;
	uintptr_t from_at, to_at; /* where they were taken */
	int next;                 /* of the same bucket */
	unsigned int visited;     /* by which search */
};

/* All need lock.  An arrow is in the bucket of where it begins. */
static struct core_lock order_lock =
	CORE_LOCK_INIT("lock order", RANK_LOCK_ORDER);
static struct arrow arrows[MAX_ARROWS];
static int unused; /* the first that is in no bucket, by next */
static int buckets[BUCKETS];
static unsigned int searches;

static int *bucket_of(const void *lock)
{
	return &buckets[((uintptr_t)lock * 0x9e3779b97f4a7c15ull) >> 56];
}

static void wipe_all(void)
{
	for (unsigned int i = 0; i < BUCKETS; i++)
		buckets[i] = NONE;
	for (int i = 0; i < MAX_ARROWS; i++)
		arrows[i] = (struct arrow){.next = i + 1};
	arrows[MAX_ARROWS - 1].next = NONE;
	unused = 0;
}

static struct arrow *find_arrow(const void *from, const void *to)
{
	for (int i = *bucket_of(from); i != NONE; i = arrows[i].next)
		if (arrows[i].from == from && arrows[i].to == to)
			return &arrows[i];
	return NULL;
}

static void draw(const struct arrow *arrow)
{
	int *bucket = bucket_of(arrow->from), i;

	if (unused == NONE)
		wipe_all();
	i = unused;
	unused = arrows[i].next;
	arrows[i] = *arrow;
	arrows[i].next = *bucket;
	*bucket = i;
}

/*
 * A way along the arrows, of at most MAX_CIRCLE - 1 of them, depth first.
 * Returns how many there are, with the arrows in path; 0: there is none.
 */
static unsigned int find_way(const void *from, const void *to,
			     struct arrow **path, unsigned int depth)
{
	if (depth == MAX_CIRCLE - 1)
		return 0;
	for (int i = *bucket_of(from); i != NONE; i = arrows[i].next) {
		struct arrow *a = &arrows[i];
		unsigned int length;

		if (a->from != from || a->visited == searches)
			continue;
		a->visited = searches;
		path[depth] = a;
		if (a->to == to)
			return depth + 1;
		length = find_way(a->to, to, path, depth + 1);
		if (length)
			return length;
	}
	return 0;
}

static void report_arrow(const struct arrow *a, const char *begin)
{
	ktest_complain("%s\"%s\" is taken at %pS, with \"%s\" held, taken at "
		       "%pS",
		       begin, a->to_name, (void *)a->to_at, a->from_name,
		       (void *)a->from_at);
}

static void report(const struct arrow *new, struct arrow *const *path,
		   unsigned int length)
{
	report_arrow(new, "lock order: ");
	for (unsigned int i = 0; i < length; i++)
		report_arrow(path[i], i == 0 ? "lock order: but before, "
					     : "lock order: and ");
	ktest_complain("lock order: threads that do these at the same time "
		       "wait for one another for ever");
}

/* The caller takes `arrow->to` while it holds `arrow->from`. */
static void note(const struct arrow *arrow)
{
	struct arrow *path[MAX_CIRCLE];
	unsigned int length;

	if (arrow->from == arrow->to)
		return;
	core_lock(&order_lock);
	if (!find_arrow(arrow->from, arrow->to)) {
		searches++;
		length = find_way(arrow->to, arrow->from, path, 0);
		if (length)
			report(arrow, path, length);
		draw(arrow);
	}
	core_unlock(&order_lock);
}

/* A handler that interrupts a thread holds none of what that one holds, but for
 * spinlocks, with which there are no interrupts. */
static void lock_taken(const void *lock, const char *name, uintptr_t call_site)
{
	struct cpu *c = intr_push();
	const struct spin_record *spin = &current->spin;
	const struct thread_waits *waits = &current->waits;
	struct arrow arrow = {.to = lock, .to_name = name, .to_at = call_site};

	for (size_t i = 1; i <= spin->held; i++) {
		arrow.from = spin->lock[i];
		arrow.from_name = spin->lock[i]->name;
		arrow.from_at = spin->at[i];
		note(&arrow);
	}
	for (unsigned int i = 0; !c->irq_nesting && i < waits->held_count;
	     i++) {
		arrow.from = waits->held[i].object;
		arrow.from_name = waits->held[i].name;
		arrow.from_at = waits->held[i].at;
		note(&arrow);
	}
	intr_pop();
}

static void erase(int i)
{
	int *link = bucket_of(arrows[i].from);

	while (*link != i)
		link = &arrows[*link].next;
	*link = arrows[i].next;
	arrows[i] = (struct arrow){.next = unused};
	unused = i;
}

static void lock_made(const void *lock)
{
	core_lock(&order_lock);
	for (int i = 0; i < MAX_ARROWS; i++)
		if (arrows[i].from == lock || arrows[i].to == lock)
			erase(i);
	core_unlock(&order_lock);
}

bool lockorder_set(bool on)
{
	bool before = lockorder_on;

	lockorder_on = on;
	return before;
}

static void lockorder_init(void)
{
	wipe_all();
	lockorder_set(cmdline_u64("lockorder", cmdline_get("test") != NULL));
}

INIT(INIT_PARTS, lockorder_init);
TABLE_ROW(lock_watchers, struct lock_watcher){lock_taken, lock_made};
