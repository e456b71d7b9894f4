/*
 * sys_futex.c - futex(2): from the program's call to the engine's.
 *
 * The engine is lab 3's (futex.h).  Here an operation is taken apart: which
 * futex is meant, until when to wait, which waiters to wake.  The operations
 * with priority inheritance, robust lists and WAKE_OP are not there: -ENOSYS,
 * as on a Linux that was built without them, and the C library does without.
 *
 * Source: futex(2); for limits and errors that it does not mention, what Linux
 * 6.1 does.
 */
#include "futex.h"

#include "errno.h"
#include "process.h"
#include "realtime.h"
#include "stat.h"
#include "syscall.h"
#include "time.h"
#include "uaccess.h"

/* Operations, and the flags in the same word. */
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_REQUEUE 3
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10
#define FUTEX_OPERATION 127
#define FUTEX_PRIVATE_FLAG 128
#define FUTEX_CLOCK_REALTIME 256

/*
 * Until lab 6 no two processes share memory, so that a word is known by its
 * address space and address, whether the program calls it shared or not; a
 * wake-up need not agree with the wait on that.  There, the shared form will
 * ask the memory object behind the address.
 */
int futex_key(uintptr_t uaddr, bool shared, struct futex_key *key)
{
	if (uaddr % sizeof(uint32_t))
		return -EINVAL;
	if (!user_range_ok(uaddr, sizeof(uint32_t)))
		return -EFAULT;
	*key = (struct futex_key){current->proc->aspace, uaddr};
	return 0;
}

void futex_wake_address(uintptr_t uaddr, unsigned int count)
{
	struct futex_key key;

	if (!futex_key(uaddr, true, &key))
		futex_wake(&key, count, FUTEX_BITSET_ANY);
}

/* ---- waiting ---- */

static uint64_t add_saturated(uint64_t a, uint64_t b)
{
	return a > WAIT_FOREVER - b ? WAIT_FOREVER : a + b;
}

/* The time in a struct timespec, as one of time_ns(): WAIT counts from now,
 * WAIT_BITSET from the beginning of its clock.  -EFAULT, -EINVAL. */
static int deadline_read(uintptr_t addr, int op, uint64_t *deadline)
{
	struct timespec time;
	uint64_t ns, begin = 0;

	if (get_user(time, addr))
		return -EFAULT;
	if (time.sec < 0 || (uint64_t)time.nsec >= NSEC_PER_SEC)
		return -EINVAL;
	if ((uint64_t)time.sec >= INT64_MAX / NSEC_PER_SEC)
		return 0;
	ns = time.sec * NSEC_PER_SEC + time.nsec;
	if ((op & FUTEX_OPERATION) == FUTEX_WAIT) {
		begin = time_ns();
	} else if (op & FUTEX_CLOCK_REALTIME) {
		uint64_t now = realtime_ns();

		ns = ns > now ? ns - now : 0;
		begin = time_ns();
	}
	*deadline = add_saturated(begin, ns);
	return 0;
}

static long wait(uintptr_t uaddr, int op, uint32_t value, uint32_t bitset,
		 uintptr_t timeout)
{
	struct futex_key key;
	uint64_t deadline = WAIT_FOREVER;
	int error = timeout ? deadline_read(timeout, op, &deadline) : 0;

	if (!error)
		error = futex_key(uaddr, !(op & FUTEX_PRIVATE_FLAG), &key);
	if (!error && !bitset)
		error = -EINVAL;
	if (error)
		return error;
	return futex_wait(&key, uaddr, value, bitset, deadline);
}

/* ---- waking ---- */

/* Linux counts a waiter before it compares: so 0, and less, wakes one. */
static long wake(uintptr_t uaddr, int op, int count, uint32_t bitset)
{
	struct futex_key key;
	int error = futex_key(uaddr, !(op & FUTEX_PRIVATE_FLAG), &key);

	if (!error && !bitset)
		error = -EINVAL;
	if (error)
		return error;
	return futex_wake(&key, MAX(count, 1), bitset);
}

static long requeue(uintptr_t from_addr, int op, int wake_count,
		    int requeue_count, uintptr_t to_addr, uint32_t expected)
{
	bool compares = (op & FUTEX_OPERATION) == FUTEX_CMP_REQUEUE;
	bool shared = !(op & FUTEX_PRIVATE_FLAG);
	struct futex_compare compare = {from_addr, expected};
	struct futex_key from, to;
	int error = futex_key(from_addr, shared, &from);

	if (!error)
		error = futex_key(to_addr, shared, &to);
	if (error)
		return error;
	if (wake_count < 0 || requeue_count < 0)
		return -EINVAL;
	return futex_requeue(&from, &to, wake_count, requeue_count,
			     compares ? &compare : NULL);
}

/* ---- the system call ---- */

/* Some operations have a second value where others have a timeout. */
long sys_futex(uintptr_t addr, int op, uint32_t val, uintptr_t timeout,
	       uintptr_t addr2, uint32_t val3)
{
	uint32_t operation = op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);

	if ((op & FUTEX_CLOCK_REALTIME) && operation != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (operation) {
	case FUTEX_WAIT:
		return wait(addr, op, val, FUTEX_BITSET_ANY, timeout);
	case FUTEX_WAIT_BITSET:
		return wait(addr, op, val, val3, timeout);
	case FUTEX_WAKE:
		return wake(addr, op, val, FUTEX_BITSET_ANY);
	case FUTEX_WAKE_BITSET:
		return wake(addr, op, val, val3);
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		return requeue(addr, op, val, timeout, addr2, val3);
	default:
		return -ENOSYS;
	}
}
