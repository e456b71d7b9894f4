/*
 * waitfor_report.c - who waits for whom, in words; and when nobody can go on.
 *
 * The report has a line for each thread that waits: for what, since when, from
 * which line of the sources, and who holds it and since which line.  When one
 * follows "waits for" and "held by" from thread to thread and comes back to
 * where one began, that is a deadlock, and the circle is printed as such.
 *
 *	Waits:
 *	  thread 7 (left) waits for mutex "right fork", since 3 us, at ...
 *	    held by thread 8 (right), which took it at ...
 *	...
 *	deadlock: thread 7 (left) waits for mutex "right fork" of thread 8
 *	(right), which waits for mutex "left fork" of thread 7 (left)
 *
 * It is asked for by `waits` at the prompt, by an NMI, by a panic; and by the
 * idle loop.  When every CPU has gone idle, no timer is armed, and nobody waits
 * for a device, then nothing can happen any more: whoever waits, waits for
 * ever, and the kernel says so instead of staying silent.
 *
 * All work is done on a copy of the records, so that the threads' lock is held
 * only for as long as the copy takes, and a report made without it, when the
 * others stand still, reads each thread once.  Two reports at a time (an NMI
 * that strikes while the prompt prints one) may mix their lines, no more.
 */
#include "backtrace.h"
#include "core_mutex.h"
#include "cpu.h"
#include "ktest.h"
#include "printk.h"
#include "report.h"
#include "string.h"
#include "thread.h"
#include "time.h"
#include "timer.h"
#include "vm.h"
#include "waitfor.h"

#define MAX_ROWS 128
#define MAX_CIRCLE 16
#define NAME_SIZE 72
#define NOBODY (-1)

/* A thread that waits or holds something, as it was when it was copied. */
struct row {
	const struct thread *thread;
	uint32_t id;
	char name[THREAD_NAME_SIZE];
	bool blocked;
	uintptr_t blocked_at;
	uint64_t blocked_since;
	struct thread_waits waits;
};

static struct row rows[MAX_ROWS];
static unsigned int row_count;
static unsigned int rows_missed;
static bool visited[MAX_ROWS]; /* by find_circle() */

static const char *const kind_names[WAIT_KINDS] = {
	[WAIT_NONE] = "something",
	[WAIT_QUEUE] = "wait queue",
	[WAIT_DEVICE] = "device",
	[WAIT_SEMAPHORE] = "semaphore",
	[WAIT_MUTEX] = "mutex",
	[WAIT_CONDITION] = "condition",
	[WAIT_READ_LOCK] = "rwlock (to read)",
	[WAIT_WRITE_LOCK] = "rwlock (to write)",
	[WAIT_FUTEX] = "futex",
	[WAIT_CORE_MUTEX] = "core mutex",
	[WAIT_JOIN] = "the end of",
	[WAIT_GATE] = "gate",
	[WAIT_WORK] = "work",
};

/* ---- the copy ---- */

static void copy_row(struct thread *t, void *arg)
{
	struct row *row = &rows[row_count];

	if (t->waits.held_count == 0 &&
	    (t->state != THREAD_BLOCKED || t->waits.wait.kind == WAIT_WORK))
		return;
	if (row_count == MAX_ROWS) {
		rows_missed++;
		return;
	}
	row_count++;
	row->thread = t;
	row->id = t->id;
	strlcpy(row->name, t->name, sizeof(row->name));
	row->blocked = t->state == THREAD_BLOCKED;
	row->blocked_at = t->blocked_at;
	row->blocked_since = t->switched_out;
	row->waits = t->waits;
	row->waits.held_count = MIN(row->waits.held_count, MAX_HELD_OBJECTS);
}

static void copy_rows(bool locked)
{
	row_count = rows_missed = 0;
	thread_for_each(copy_row, NULL, locked);
}

/* ---- who holds what ---- */

/* The owner of a core mutex is in the mutex itself. */
static const struct thread *core_mutex_owner(const struct core_mutex *m)
{
	if (!vm_readable((uintptr_t)m, sizeof(*m)))
		return NULL;
	return (const struct thread *)(m->owner & ~CORE_MUTEX_CONTENDED);
}

/* Does row i hold what this is a wait for?  *at is where it was taken, or 0. */
static bool is_holder(unsigned int i, const struct wait_record *wait,
		      uintptr_t *at)
{
	const struct row *row = &rows[i];

	*at = 0;
	if (wait->kind == WAIT_JOIN)
		return row->thread == wait->object;
	if (wait->kind == WAIT_CORE_MUTEX)
		return row->thread == core_mutex_owner(wait->object);
	for (unsigned int k = 0; k < row->waits.held_count; k++) {
		*at = row->waits.held[k].at;
		if (row->waits.held[k].object == wait->object)
			return true;
	}
	return false;
}

static bool is_waiting(unsigned int i)
{
	return rows[i].blocked && rows[i].waits.wait.kind != WAIT_WORK;
}

/* ---- words ---- */

static const char *row_name(unsigned int i, char *buf, size_t size)
{
	snprintf(buf, size, "thread %u (%s)", rows[i].id, rows[i].name);
	return buf;
}

/* 'mutex "a"', 'futex 0x1234'. */
static const char *object_name(const struct wait_record *wait, char *buf,
			       size_t size)
{
	const char *kind =
		wait->kind < WAIT_KINDS ? kind_names[wait->kind] : "?";

	if (wait->name && vm_readable((uintptr_t)wait->name, 1))
		snprintf(buf, size, "%s \"%.32s\"", kind, wait->name);
	else
		snprintf(buf, size, "%s %p", kind, wait->object);
	return buf;
}

static void print_holders(const struct wait_record *wait)
{
	char name[NAME_SIZE], where[SYMBOL_TEXT_SIZE];
	unsigned int count = 0;
	uintptr_t at;

	for (unsigned int i = 0; i < row_count; i++) {
		if (!is_holder(i, wait, &at) || wait->kind == WAIT_JOIN)
			continue;
		count++;
		printk("    held by %s", row_name(i, name, sizeof(name)));
		if (at)
			printk(", which took it at %s",
			       symbol_format_call(at, where, sizeof(where)));
		printk("\n");
	}
	/* Its wake-up was lost, or the holder has ended with it. */
	if (count == 0 && wait_is_lock(wait->kind))
		printk("    held by nobody\n");
}

static void print_row(unsigned int i)
{
	const struct wait_record *wait = &rows[i].waits.wait;
	char name[NAME_SIZE], object[NAME_SIZE], where[SYMBOL_TEXT_SIZE];

	row_name(i, name, sizeof(name));
	if (wait->kind == WAIT_NONE) {
		printk("  %s is blocked at %s\n", name,
		       symbol_format_call(rows[i].blocked_at, where,
					  sizeof(where)));
		return;
	}
	printk("  %s waits for %s, since %'llu us, at %s\n", name,
	       object_name(wait, object, sizeof(object)),
	       (unsigned long long)time_cycles_to_ns(time_cycles() -
						     rows[i].blocked_since) /
		       NSEC_PER_USEC,
	       symbol_format_call(wait->at, where, sizeof(where)));
	print_holders(wait);
}

/* ---- circles ---- */

/*
 * From row `from` along "waits for" and "held by" to row `to`, depth first.
 * Returns how many rows there are on the way, which are put into path.  Each
 * circle is told once, from its first row on: so only later ones are visited.
 */
static unsigned int find_circle(unsigned int from, unsigned int to,
				unsigned int *path, unsigned int depth)
{
	uintptr_t at;

	if (depth == MAX_CIRCLE || !is_waiting(from))
		return 0;
	path[depth] = from;
	for (unsigned int i = 0; i < row_count; i++) {
		unsigned int length;

		if (!is_holder(i, &rows[from].waits.wait, &at))
			continue;
		if (i == to)
			return depth + 1;
		if (i < to || visited[i])
			continue;
		visited[i] = true;
		length = find_circle(i, to, path, depth + 1);
		if (length)
			return length;
	}
	return 0;
}

static void print_circle(const unsigned int *path, unsigned int length)
{
	char name[NAME_SIZE], object[NAME_SIZE];

	printk("deadlock: %s", row_name(path[0], name, sizeof(name)));
	for (unsigned int i = 0; i < length; i++)
		printk(" waits for %s of %s%s",
		       object_name(&rows[path[i]].waits.wait, object,
				   sizeof(object)),
		       row_name(path[(i + 1) % length], name, sizeof(name)),
		       i + 1 < length ? ", which" : "\n");
}

static bool print_circles(void)
{
	unsigned int path[MAX_CIRCLE], length;
	bool found = false;

	for (unsigned int i = 0; i < row_count; i++) {
		memset(visited, 0, sizeof(visited));
		length = find_circle(i, i, path, 0);
		if (!length)
			continue;
		print_circle(path, length);
		found = true;
	}
	return found;
}

bool wait_report(bool locked)
{
	unsigned int waiting = 0;

	copy_rows(locked);
	printk("Waits:\n");
	for (unsigned int i = 0; i < row_count; i++) {
		if (!is_waiting(i))
			continue;
		print_row(i);
		waiting++;
	}
	if (waiting == 0)
		printk("  none\n");
	if (rows_missed)
		printk("  ... and %u more threads\n", rows_missed);
	return print_circles();
}

/* ---- nobody can go on ---- */

static unsigned int count_waiting(enum wait_kind kind)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < row_count; i++)
		count += is_waiting(i) && rows[i].waits.wait.kind == kind;
	return count;
}

/* Threads of the kernel that block without a record wait for work. */
static bool anybody_waits(void)
{
	for (unsigned int i = 0; i < row_count; i++)
		if (is_waiting(i) && rows[i].waits.wait.kind != WAIT_NONE)
			return true;
	return false;
}

/*
 * All that is looked at must be true at the same time: so it counts only if no
 * CPU has run anything meanwhile.  In a search, what waits at a gate has a
 * timer only so that a test does not hang for ever: it need not be waited for.
 */
static bool nobody_can_run(void)
{
	uint64_t epoch = sched_idle_epoch();
	bool exploring = ktest_exploring();
	unsigned int timers;

	if (!epoch)
		return false;
	timers = timers_active();
	if (timers && !exploring)
		return false;
	copy_rows(true);
	return (exploring || anybody_waits()) &&
	       count_waiting(WAIT_DEVICE) == 0 &&
	       timers <= count_waiting(WAIT_GATE) &&
	       sched_idle_epoch() == epoch;
}

void wait_explain_deadlock(void)
{
	printk("\nNo thread can run: each waits for another, or for what will "
	       "not come.\n");
	if (!wait_report(true))
		printk("deadlock: nobody is left who could wake them\n");
}

/* If no thread can ever run again, says so, once, with the report.  True when a
 * thread was made ready, which is the driver of a search that goes on. */
static bool check_deadlock(void)
{
	static bool told; /* by any CPU: once is enough */

	if (!nobody_can_run())
		return false;
	if (ktest_explore_abandon())
		return true;
	if (__atomic_exchange_n(&told, true, __ATOMIC_ACQ_REL))
		return false;
	wait_explain_deadlock();
	ktest_deadlocked();
	return false;
}

TABLE_ROW(idle_checks, struct idle_check){check_deadlock};
