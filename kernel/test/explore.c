/*
 * explore.c - makes a run follow a schedule.  See explore.h.
 *
 * The numbers of places must not depend on anything but the schedule: so only
 * threads of the run count, only places at which there is a choice get a
 * number, and time slices are ignored, except that a thread which spins without
 * passing any point, and would never stop, loses its turn.
 *
 * A run may also go round in circles for ever: threads that yield to one
 * another, a thread that spins.  After so many turns the run is given up.  Each
 * thread of it that comes by is then blocked for good, until nobody can run,
 * and that ends it as any deadlock does.
 *
 * One CPU, and interrupts off: so nothing here needs a lock, but for the run
 * queue's.
 */
#include "explore.h"
#include "backtrace.h"
#include "errno.h"
#include "panic.h"
#include "perturb.h"
#include "printk.h"
#include "sched.h"
#include "string.h"
#include "trace.h"

#define ENDLESS_TURNS 50000 /* points and yields of one run */
#define ENDLESS_SLICES 4    /* time slices without a point, in one run */
#define NOT_CHOSEN (-1)

static struct {
	const struct explore_schedule *schedule; /* NULL: no run */
	struct explore_record *record;
	uint32_t first_thread;
	unsigned int next;   /* the choice to be made next */
	unsigned int turns;  /* points and yields */
	unsigned int slices; /* without a point */
	bool point_passed;   /* since the last slice began */
	bool tell;           /* each choice */
	int forced;          /* what explore_pick() shall take, or NOT_CHOSEN */
} run;

static bool belongs_to_run(const struct thread *t)
{
	return run.schedule && t->id >= run.first_thread;
}

/* ---- choices ---- */

/* How many of the run may be taken: those ready, with the highest priority. */
static unsigned int count_ready(const struct run_queue *rq)
{
	unsigned int candidates = sched_candidates(rq), count = 0;
	struct thread *t;

	list_for_each (t, &rq->ready, run_link) {
		if (candidates-- == 0)
			break;
		count += belongs_to_run(t);
	}
	return count;
}

static struct thread *ready_thread(struct run_queue *rq, unsigned int n)
{
	struct thread *t;

	list_for_each (t, &rq->ready, run_link)
		if (belongs_to_run(t) && n-- == 0)
			return t;
	panic("explore: the schedule names a thread that is not ready");
}

/*
 * Here one of the threads first to end - 1 could be taken.  What the schedule
 * wants, or NOT_CHOSEN.
 */
static int choose(enum explore_kind kind, unsigned int first, unsigned int end)
{
	struct explore_record *record = run.record;
	unsigned int place = record->count++, thread;

	if (place < EXPLORE_MAX_PLACES)
		record->places[place] =
			(struct explore_place){kind, first, MIN(end, 255u)};
	if (run.next == run.schedule->count ||
	    run.schedule->choices[run.next].place != place)
		return NOT_CHOSEN;
	thread = run.schedule->choices[run.next].thread;
	if (thread < first || thread >= end)
		return NOT_CHOSEN; /* and never followed to the end */
	run.next++;
	record->followed = run.next == run.schedule->count;
	return thread;
}

/* In words: t runs, and not the thread that would. */
static void tell(const struct thread *t, const char *instead_of)
{
	if (!run.tell)
		return;
	printk("place %u: thread %u (%s) runs, %s thread %u (%s), which is "
	       "here:\n",
	       run.record->count - 1, t->id, t->name, instead_of, current->id,
	       current->name);
	backtrace_here();
}

/* ---- a run that does not end ---- */

static void count_turn(void)
{
	if (++run.turns >= ENDLESS_TURNS)
		run.record->endless = true;
}

/* Needs the run queue's lock, and never returns to the caller's code, whoever
 * unblocks it. */
static void keep_for_ever(struct run_queue *rq)
{
	for (;;) {
		current->state = THREAD_BLOCKED;
		sched_switch_away(rq);
		rq = sched_lock_local();
	}
}

/* ---- the scheduler's side ---- */

/* At a point where the caller may be switched away; maybe it is. */
static void follow_point(bool memory)
{
	struct run_queue *rq = sched_lock_local();
	unsigned int ready;
	int thread;

	if (!belongs_to_run(current)) {
		core_unlock(&rq->lock);
		return;
	}
	run.point_passed = true;
	count_turn();
	if (run.record->endless)
		keep_for_ever(rq);
	ready = sched_may_switch(rq) ? count_ready(rq) : 0;
	thread = NOT_CHOSEN;
	if (ready > 0)
		thread = choose(memory ? EXPLORE_MEMORY : EXPLORE_PREEMPT, 0,
				ready);
	if (thread == NOT_CHOSEN) {
		core_unlock(&rq->lock);
		return;
	}
	run.forced = thread;
	tell(ready_thread(rq, thread), "pre-empting");
	sched_give_way(rq);
}

static void explore_point(enum sched_point_kind kind, const void *object)
{
	bool may_switch;

	if (panicking())
		return;
	intr_push();
	may_switch = perturb_may_switch();
	trace(TRACE_SCHED_POINT, kind, TRACE_PTR(object));
	intr_pop();
	if (may_switch && kind < POINT_CORE_LOCK)
		follow_point(kind == POINT_MEMORY);
}

static struct thread *explore_pick(struct run_queue *rq)
{
	struct thread *first = list_first(&rq->ready, struct thread, run_link);
	int thread = run.forced;
	unsigned int ready;

	if (!run.schedule)
		return first;
	run.forced = NOT_CHOSEN;
	if (thread != NOT_CHOSEN)
		return ready_thread(rq, thread);
	ready = count_ready(rq);
	/* Threads of the kernel itself come and go as they always do. */
	if (!belongs_to_run(first) || ready < 2)
		return first;
	thread = choose(EXPLORE_ORDER, 1, ready);
	if (thread == NOT_CHOSEN)
		return first;
	tell(ready_thread(rq, thread), "out of turn, after");
	return ready_thread(rq, thread);
}

/* A run that is given up keeps the thread for ever. */
static void explore_yielded(struct run_queue *rq)
{
	if (!belongs_to_run(current))
		return;
	count_turn();
	if (run.record->endless)
		keep_for_ever(rq);
}

/* Only if the thread spins. */
static bool explore_slice_ends_turn(void)
{
	bool spins = !run.point_passed;

	if (!run.schedule)
		return true;
	run.point_passed = false;
	if (spins && ++run.slices >= ENDLESS_SLICES)
		run.record->endless = true;
	return spins;
}

static uint64_t explore_slice(uint64_t normal)
{
	return normal;
}

const struct sched_policy explore_policy = {
	.point = explore_point,
	.pick = explore_pick,
	.yielded = explore_yielded,
	.slice = explore_slice,
	.slice_ends_turn = explore_slice_ends_turn,
};

/* ---- a run ---- */

void explore_begin(const struct explore_schedule *schedule,
		   struct explore_record *record, uint32_t first_thread,
		   bool tell)
{
	intr_push();
	record->count = 0;
	record->endless = false;
	record->followed = schedule->count == 0;
	run = (__typeof__(run)){
		.schedule = schedule,
		.record = record,
		.first_thread = first_thread,
		.tell = tell,
		.point_passed = true,
		.forced = NOT_CHOSEN,
	};
	intr_pop();
}

void explore_end(void)
{
	run.schedule = NULL;
}

const struct explore_schedule *explore_current(void)
{
	return run.schedule;
}

/* ---- schedules as text ---- */

/* The number at *text, up to the character that ends it. */
static int take_number(const char **text, char end, uint32_t *out)
{
	const char *from = *text;
	uint32_t value = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++)
		value = value * 10 + (**text - '0');
	if (*text == from || *text - from > 8)
		return -EINVAL;
	if (**text != end && **text != '\0')
		return -EINVAL;
	*out = value;
	return 0;
}

int explore_parse(const char *text, struct explore_schedule *schedule)
{
	uint32_t place, thread, last = 0;

	*schedule = (struct explore_schedule){.count = 0};
	while (*text) {
		if (schedule->count == EXPLORE_MAX_CHOICES ||
		    take_number(&text, '.', &place) || *text++ != '.' ||
		    take_number(&text, '+', &thread) || thread > 254 ||
		    (schedule->count && place <= last))
			return -EINVAL;
		schedule->choices[schedule->count].place = last = place;
		schedule->choices[schedule->count++].thread = thread;
		if (*text == '+' && *++text == '\0')
			return -EINVAL;
	}
	return 0;
}

char *explore_format(const struct explore_schedule *schedule, char *buf,
		     size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < schedule->count && len < size; i++)
		len += snprintf(buf + len, size - len, "%s%u.%u", i ? "+" : "",
				schedule->choices[i].place,
				schedule->choices[i].thread);
	return buf;
}
