/*
 * storm.c - an interrupt line that never stops.
 *
 * A level-triggered line asks for an interrupt as long as it is raised.  A
 * handler that forgets to quiet its device (by reading the status register, or
 * the data) gets the next interrupt as soon as it returns: the interrupted code
 * never runs again, and the machine seems to hang.  storm_check() sees that,
 * masks the line at the I/O APIC, and says so.
 *
 * How to tell a storm from a busy device?  Not by the rate: that of a storm
 * depends on the host, where an emulator may be slow.  But a device has pauses,
 * however busy it is: at 20,000 interrupts a second, one gap in seven is longer
 * than 100 us.  A storm has none.  So each interrupt that comes within 100 us
 * of the one before adds 1, and each pause takes 100 away: rather than all,
 * because the host may take an emulated CPU away in the middle of a storm.
 * At 10,000 it is one.
 */
#include "apic.h"
#include "cpu.h"
#include "printk.h"
#include "time.h"
#include "trap.h"

#define PAUSE_NS (100 * NSEC_PER_USEC)
#define PAUSE_FORGIVES 100
#define STORM 10000

/* Each CPU's own, interrupts off: the line may be routed to another one, or
 * raised on several by tests. */
static struct line_watch {
	uint64_t last;  /* time_ns() of the last interrupt */
	uint64_t since; /* when count was last 0 */
	uint64_t total; /* interrupts since then */
	unsigned int count;
} watches[MAX_CPUS][DEVICE_LINES];

static void stop_storm(unsigned int line, const struct line_watch *w,
		       uint64_t now)
{
	unsigned long us = (now - w->since) / NSEC_PER_USEC;

	ioapic_mask(line, true);
	printk("interrupt storm on line %u: %lu interrupts in %lu us with "
	       "hardly a pause; the line is masked now.\n"
	       "  Usual cause: the line is level-triggered, and its device "
	       "asks "
	       "on and on, because\n"
	       "  no handler is attached, or the handler does not quiet it.\n",
	       line, w->total, us);
}

static void storm_check(unsigned int line)
{
	struct line_watch *w = &watches[this_cpu()->id][line];
	uint64_t now = time_ns();
	bool paused = now - w->last > PAUSE_NS;

	w->last = now;
	if (paused && w->count <= PAUSE_FORGIVES) {
		*w = (struct line_watch){.last = now, .since = now};
		return;
	}
	w->total++;
	w->count += paused ? -PAUSE_FORGIVES : 1;
	if (w->count < STORM)
		return;
	stop_storm(line, w, now);
	*w = (struct line_watch){0};
}

TABLE_ROW(line_checks, struct line_check){storm_check};
