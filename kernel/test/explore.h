/*
 * explore.h - sched=explore: all schedules of a test, not some at random.
 *
 * On one CPU, and without time slices, a run of a test is decided by which
 * thread runs next at each place where there is a choice.  Left alone, a thread
 * runs until it waits, and then the one that has been ready longest.  There are
 * two kinds of places at which something else can happen:
 *
 *	pre-emption	at a schedule point (lock, unlock, sleep, wake, a marked
 *			access) the thread is switched away, to another one
 *			that is ready
 *	order		when a thread waits or ends and several are ready,
 *			another than the first of them is taken
 *
 * A run numbers these places, from 0.  A schedule says at which of them
 * something else happens than by itself, and which thread is taken: "17.1+40.0"
 * is thread 1 of those ready at place 17, and thread 0 at place 40.  The same
 * schedule is the same run.  Most mistakes show with two pre-emptions or less
 * (Musuvathi and Qadeer, PLDI 2007), so all schedules up to there are run.
 *
 * kernel/test/explore.c makes a run follow a schedule and notes what else
 * could have happened; kernel/test/ktest_explore.c goes through all of them.
 */
#ifndef EXPLORE_H
#define EXPLORE_H

#include "types.h"

#define EXPLORE_MAX_CHOICES 4
#define EXPLORE_MAX_RUNS 100000 /* of one test, unless less are asked for */
#define EXPLORE_TEXT_SIZE 64

struct explore_schedule {
	unsigned int count;
	struct {
		uint32_t place;
		uint8_t thread; /* of those ready, by how long they are */
	} choices[EXPLORE_MAX_CHOICES];
};

enum explore_kind {
	EXPLORE_PREEMPT, /* at a schedule point */
	EXPLORE_ORDER,   /* when a thread waits or ends */
	EXPLORE_MEMORY,  /* at an access of a lab's file, like PREEMPT */
};

/* A place, and what can be chosen there: threads first to end - 1. */
struct explore_place {
	enum explore_kind kind : 8;
	uint8_t first, end;
};

#define EXPLORE_MAX_PLACES 4096

/* What came of a run. */
struct explore_record {
	unsigned int count; /* of places; only the first ones are kept */
	struct explore_place places[EXPLORE_MAX_PLACES];
	bool followed; /* the schedule, to its end */
	bool endless;  /* the run was given up: it goes round in circles */
};

/*
 * From explore_begin() to explore_end() the threads from that id on are what is
 * run; sched=explore must be on.  The record belongs to the caller.  With tell,
 * the log says what is forced, and where.
 */
void explore_begin(const struct explore_schedule *schedule,
		   struct explore_record *record, uint32_t first_thread,
		   bool tell);
void explore_end(void);

/* "17.1+40.0"; "" is the empty schedule.  -EINVAL. */
int explore_parse(const char *text, struct explore_schedule *schedule);
char *explore_format(const struct explore_schedule *schedule, char *buf,
		     size_t size);

/* The schedule of the present run. */
const struct explore_schedule *explore_current(void);

/* What follows the schedule, for perturb.c. */
struct sched_policy;
extern const struct sched_policy explore_policy;

#endif
