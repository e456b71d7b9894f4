/*
 * time.c - the clock.
 *
 * Time is the time stamp counter (TSC), scaled to nanoseconds.  How fast it
 * and the local APIC timer run is measured once against the programmable
 * interval timer (PIT), the one clock of a PC whose frequency is fixed.  The
 * PIT is read before and after a stretch of busy waiting; its ticks are coarse
 * (838 ns), so the result is rounded to 10 MHz.
 */
#include "time.h"
#include "apic.h"
#include "panic.h"
#include "printk.h"

#define PIT_HZ 1193182ull
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND 0x43
#define SPEAKER 0x61 /* bit 0 is channel 2's gate */

#define MEASURE_TICKS (PIT_HZ / 1000) /* a millisecond */
#define LOOPS 2000                    /* between two looks at the PIT */
#define ROUND_TO 10000000ull
#define MAX_TRIES 20

uint64_t apic_timer_hz;

static uint64_t tsc_hz;
static uint64_t tsc_start;
static uint64_t ns_per_cycle; /* times 2^32 */

/* Latches and reads the down-counter of channel 2 (Intel 8254 data sheet). */
static uint16_t pit_read(void)
{
	outb(PIT_COMMAND, 0x80);
	uint8_t low = inb(PIT_CHANNEL_2);

	return low | inb(PIT_CHANNEL_2) << 8;
}

/* Starts channel 2 counting down from 65535, without the speaker. */
static void pit_start(void)
{
	outb(SPEAKER, (inb(SPEAKER) & ~2) | 1);
	outb(PIT_COMMAND, 0xb0); /* channel 2, both bytes, mode 0 */
	outb(PIT_CHANNEL_2, 0xff);
	outb(PIT_CHANNEL_2, 0xff);
}

/* Reading the PIT is slow in an emulator, so do it now and then. */
static void spin(void)
{
	for (unsigned int i = 0; i < LOOPS; i++)
		asm volatile("");
}

static uint64_t frequency(uint64_t count, uint64_t ticks)
{
	uint64_t hz = count * PIT_HZ / ticks;

	return (hz + ROUND_TO / 2) / ROUND_TO * ROUND_TO;
}

/* One measurement; sets both frequencies. */
static void measure(void)
{
	uint16_t first, last;

	pit_start();
	apic_timer_arm(UINT32_MAX);
	first = pit_read();
	uint64_t tsc = rdtsc();
	uint32_t apic = apic_timer_remaining();

	do {
		spin();
		last = pit_read();
	} while ((uint16_t)(first - last) < MEASURE_TICKS);
	tsc = rdtsc() - tsc;
	apic -= apic_timer_remaining();
	apic_timer_arm(0);
	tsc_hz = frequency(tsc, (uint16_t)(first - last));
	apic_timer_hz = frequency(apic, (uint16_t)(first - last));
}

/*
 * An emulator can be held up by its host between two reads, which spoils a
 * measurement; so one counts only when the one before said the same.
 */
void time_init(void)
{
	uint64_t last_tsc, last_apic;
	unsigned int tries = 0;

	measure();
	do {
		last_tsc = tsc_hz;
		last_apic = apic_timer_hz;
		measure();
	} while ((tsc_hz != last_tsc || apic_timer_hz != last_apic) &&
		 ++tries < MAX_TRIES);
	if (!tsc_hz || !apic_timer_hz)
		panic("time_init: the TSC or the local APIC timer stands "
		      "still");
	ns_per_cycle = (NSEC_PER_SEC << 32) / tsc_hz;
	tsc_start = rdtsc();
}

uint64_t time_cycles_to_ns(uint64_t cycles)
{
	return ((unsigned __int128)cycles * ns_per_cycle) >> 32;
}

/* 0 until time_init() has run. */
uint64_t time_ns(void)
{
	return time_cycles_to_ns(rdtsc() - tsc_start);
}

uint64_t time_tsc_hz(void)
{
	return tsc_hz;
}

void time_delay_ns(uint64_t ns)
{
	uint64_t end = time_ns() + ns;

	while (time_ns() < end)
		cpu_relax();
}
