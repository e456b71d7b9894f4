/*
 * realtime.c - the time of day: the board's clock, read once, and time_ns().
 *
 * The clock of a PC sits beside its CMOS memory, has a resolution of a second,
 * and is read through two ports, slowly.  So it is read at boot, and from then
 * on the time of day is an offset plus the time since boot.
 *
 * While the clock is stepping to the next second its registers make no sense.
 * It says so in advance, but maybe just after we have looked: so they are read
 * until two readings agree.
 *
 * Source: Motorola MC146818A data sheet, "Time, calendar and alarm locations".
 */
#include "realtime.h"
#include "time.h"
#include "x86.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71

enum {
	CMOS_SECOND = 0,
	CMOS_MINUTE = 2,
	CMOS_HOUR = 4,
	CMOS_DAY = 7,
	CMOS_MONTH = 8,
	CMOS_YEAR = 9,
	CMOS_STATUS_A = 10,
	CMOS_STATUS_B = 11,
};

#define A_UPDATING 0x80
#define B_24_HOURS 0x02
#define B_BINARY 0x04
#define HOUR_PM 0x80

#define MAX_TRIES 100000 /* a board without such a clock shall still boot */

struct clock_reading {
	unsigned int second, minute, hour, day, month, year;
};

static uint64_t offset; /* atomic: the time of day when time_ns() was 0 */

static unsigned int cmos_read(uint8_t reg)
{
	outb(CMOS_INDEX, reg);
	return inb(CMOS_DATA);
}

static struct clock_reading clock_read(void)
{
	for (unsigned int i = 0; i < MAX_TRIES; i++)
		if (!(cmos_read(CMOS_STATUS_A) & A_UPDATING))
			break;
	return (struct clock_reading){
		.second = cmos_read(CMOS_SECOND),
		.minute = cmos_read(CMOS_MINUTE),
		.hour = cmos_read(CMOS_HOUR),
		.day = cmos_read(CMOS_DAY),
		.month = cmos_read(CMOS_MONTH),
		.year = cmos_read(CMOS_YEAR),
	};
}

/* Two readings that agree in their seconds were both made within one. */
static struct clock_reading clock_read_stable(void)
{
	struct clock_reading last, now = clock_read();

	do {
		last = now;
		now = clock_read();
	} while (now.second != last.second);
	return now;
}

static unsigned int decode(unsigned int value, unsigned int status)
{
	return status & B_BINARY ? value : (value >> 4) * 10 + (value & 15);
}

/* Days from 1970-01-01, for years from 2000 to 2099: each fourth has 366. */
static uint64_t days_since_1970(unsigned int year, unsigned int month,
				unsigned int day)
{
	static const uint16_t before[] = {0,   31,  59,  90,  120, 151,
					  181, 212, 243, 273, 304, 334};
	unsigned int since = year - 2000;
	bool leap = since % 4 == 0 && month > 2;

	return 10957 + since * 365 + (since + 3) / 4 +
	       before[(month - 1) % 12] + leap + day - 1;
}

void realtime_init(void)
{
	unsigned int status = cmos_read(CMOS_STATUS_B);
	struct clock_reading c = clock_read_stable();
	unsigned int hour = decode(c.hour & ~HOUR_PM, status);
	uint64_t seconds;

	if (!(status & B_24_HOURS))
		hour = hour % 12 + (c.hour & HOUR_PM ? 12 : 0);
	seconds = days_since_1970(2000 + decode(c.year, status),
				  decode(c.month, status),
				  decode(c.day, status)) *
			  86400 +
		  hour * 3600 + decode(c.minute, status) * 60 +
		  decode(c.second, status);
	realtime_set(seconds * NSEC_PER_SEC);
}

uint64_t realtime_ns(void)
{
	return __atomic_load_n(&offset, __ATOMIC_RELAXED) + time_ns();
}

void realtime_set(uint64_t ns)
{
	__atomic_store_n(&offset, ns - time_ns(), __ATOMIC_RELAXED);
}
