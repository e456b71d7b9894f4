/*
 * load.c - the load averages, as UNIX has them since TENEX.
 *
 * Every five seconds the number n of threads that run or are ready is mixed
 * into three averages, each of which forgets at its own rate:
 *
 *	load = load * f + n * (1 - f)		f = exp(-5 s / T)
 *
 * with T of 1, 5 and 15 minutes.  That takes a timer; and since a kernel with
 * nothing to do shall have no timer armed, it runs only from the first time
 * that somebody asks.  Before, the load is taken to be 0.
 *
 * Averages are fixed-point numbers with 16 bits after the point.
 */
#include "load.h"

#include "cpu.h"
#include "thread.h"
#include "time.h"
#include "timer.h"

#define PERIOD (5 * NSEC_PER_SEC)

/* exp(-5/60), exp(-5/300), exp(-5/900), times LOAD_ONE. */
static const uint32_t keep[3] = {60296, 64453, 65173};

static uint32_t averages[3]; /* written by the timer alone */
static struct timer timer;
static bool started; /* atomic */

static unsigned int running_now(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < cpu_count; i++) {
		n += sched_queue_length(i);
		n += cpus[i].running != cpus[i].idle;
	}
	return n;
}

static void sample(struct timer *t)
{
	uint64_t n = (uint64_t)running_now() * LOAD_ONE;

	for (unsigned int i = 0; i < 3; i++)
		averages[i] = (averages[i] * (uint64_t)keep[i] +
			       n * (LOAD_ONE - keep[i])) /
			      LOAD_ONE;
	timer_start(t, time_ns() + PERIOD, sample);
}

void load_averages(uint32_t load[3])
{
	if (!__atomic_exchange_n(&started, true, __ATOMIC_RELAXED))
		timer_start(&timer, time_ns() + PERIOD, sample);
	for (unsigned int i = 0; i < 3; i++)
		load[i] = averages[i];
}
