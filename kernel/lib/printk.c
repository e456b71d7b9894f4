/*
 * printk.c - the kernel's messages.
 *
 * A message is formatted on the caller's stack, then written under the lock
 * `printk`, so that messages of several CPUs come out whole.  The lock has
 * the highest rank: nearly everything may print while it holds
 * what it needs.
 *
 * A panic and the report of an NMI cannot wait for that lock: the CPU that
 * holds it may be the one that is stuck, or the very one that was interrupted.
 * They stop the other CPUs first, and then print without it, between
 * printk_unlocked_begin() and _end(), which count for one CPU.
 */
#include "printk.h"

#include "console.h"
#include "cpu.h"
#include "lock.h"
#include "string.h"

#define MESSAGE_SIZE 512

static struct core_lock printk_lock = CORE_LOCK_INIT("printk", RANK_PRINTK);

/* Private to each CPU, interrupts off. */
static unsigned int unlocked_depth[MAX_CPUS];

void printk_unlocked_begin(void)
{
	intr_push();
	unlocked_depth[this_cpu()->id]++;
	intr_pop();
}

void printk_unlocked_end(void)
{
	intr_push();
	unlocked_depth[this_cpu()->id]--;
	intr_pop();
}

static bool devices_lock(void)
{
	intr_push();
	bool locked = unlocked_depth[this_cpu()->id] == 0;

	if (locked)
		core_lock(&printk_lock);
	return locked;
}

static void devices_unlock(bool locked)
{
	if (locked)
		core_unlock(&printk_lock);
	intr_pop();
}

void printk_write(const char *text, size_t len)
{
	bool locked = devices_lock();

	console_write(text, len);
	devices_unlock(locked);
}

void printk_send(unsigned int devices, const char *bytes, size_t len)
{
	bool locked = devices_lock();

	console_send(devices, bytes, len);
	devices_unlock(locked);
}

void vprintk(const char *fmt, va_list args)
{
	static const char cut[] = "...\n";
	char message[MESSAGE_SIZE];
	size_t len = vsnprintf(message, sizeof(message), fmt, args);

	if (len >= sizeof(message)) {
		len = sizeof(message) - 1;
		memcpy(message + sizeof(message) - sizeof(cut), cut,
		       sizeof(cut));
	}
	printk_write(message, len);
}

void printk(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprintk(fmt, args);
	va_end(args);
}
