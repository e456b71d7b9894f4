/*
 * futex.c - futex(2), before lab 3 is unlocked.
 *
 * A futex is a word of user memory, on which a program's threads agree without
 * the kernel as long as none has to wait.  One that has to calls FUTEX_WAIT
 * with the value that it saw; it shall sleep as long as the word has that
 * value, and until another thread calls FUTEX_WAKE.
 *
 * Here nobody sleeps.  WAIT looks whether the word still has the value, lets
 * others run, and returns 0, as if it had been woken for no reason.  futex(2)
 * allows that, so every caller looks at the word again, and waits again: a
 * loop that is correct, and takes all the time that the CPU has.  So there is
 * nobody whom WAKE could wake.
 */
#include "futex.h"

#include "errno.h"
#include "syscall.h"
#include "thread.h"
#include "time.h"
#include "uaccess.h"
#include "x86.h"

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_REQUEUE 3
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10
#define FUTEX_PRIVATE_FLAG 128
#define FUTEX_CLOCK_REALTIME 256

void futex_wake(uintptr_t addr, unsigned int count)
{
	(void)addr;
	(void)count;
}

/* Could a futex be there?  -EINVAL, -EFAULT. */
static long futex_check(uintptr_t addr)
{
	if (addr % sizeof(uint32_t))
		return -EINVAL;
	return user_range_ok(addr, sizeof(uint32_t)) ? 0 : -EFAULT;
}

/* 0 when the word has this value, else -EAGAIN, -EFAULT or -EINVAL. */
static long futex_compare(uintptr_t addr, uint32_t value)
{
	uint32_t now;
	int error = user_load32(addr, &now);

	if (error)
		return error;
	return now == value ? 0 : -EAGAIN;
}

/* Is it a struct timespec?  -EFAULT, -EINVAL.  The time itself is the caller's
 * to watch: it comes back here at once. */
static long timeout_check(uintptr_t addr)
{
	struct {
		int64_t seconds, nanoseconds;
	} time;

	if (!addr)
		return 0;
	if (get_user(time, addr))
		return -EFAULT;
	if (time.seconds < 0 || time.nanoseconds < 0 ||
	    time.nanoseconds >= (int64_t)NSEC_PER_SEC)
		return -EINVAL;
	return 0;
}

static long futex_wait(uintptr_t addr, uint32_t value, uintptr_t timeout)
{
	long error = timeout_check(timeout);

	if (!error)
		error = futex_compare(addr, value);
	if (!error) {
		thread_yield();
		cpu_relax();
	}
	return error;
}

/* futex(addr, operation, value, timeout, addr2, value3) */
SYSCALL(futex)
{
	(void)e;
	switch (b & ~(uint64_t)(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)) {
	case FUTEX_WAIT_BITSET:
		if ((uint32_t)f == 0)
			return -EINVAL;
		return futex_wait(a, c, d);
	case FUTEX_WAIT:
		return futex_wait(a, c, d);
	case FUTEX_WAKE_BITSET:
		if ((uint32_t)f == 0)
			return -EINVAL;
		return futex_check(a);
	case FUTEX_WAKE:
	case FUTEX_REQUEUE:
		return futex_check(a);
	case FUTEX_CMP_REQUEUE:
		return futex_compare(a, f);
	default:
		return -ENOSYS;
	}
}
