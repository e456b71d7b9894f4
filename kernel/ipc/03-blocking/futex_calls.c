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

enum futex_operation {
	FUTEX_WAIT = 0,
	FUTEX_WAKE = 1,
	FUTEX_REQUEUE = 3,
	FUTEX_CMP_REQUEUE = 4,
	FUTEX_WAIT_BITSET = 9,
	FUTEX_WAKE_BITSET = 10,
};

/* Flags in the same word. */
#define FUTEX_PRIVATE_FLAG 128u
#define FUTEX_CLOCK_REALTIME 256u

/*
 * Until lab 6 no two processes share memory, so that a word is known by its
 * address space and address, whether the program calls it shared or not; a
 * wake-up need not agree with the wait on that.  There, the shared form will
 * ask the memory object behind the address.
 */
static inline int key_of(uintptr_t uaddr, bool shared, struct futex_key *key)
{
	if (uaddr % sizeof(uint32_t))
		return -EINVAL;
	if (!user_range_ok(uaddr, sizeof(uint32_t)))
		return -EFAULT;
	*key = (struct futex_key){current->proc->aspace, uaddr};
	return 0;
}

int futex_key(uintptr_t uaddr, bool shared, struct futex_key *key)
{
	return key_of(uaddr, shared, key);
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
static int deadline_read(uintptr_t addr, enum futex_operation operation,
			 bool realtime, uint64_t *deadline)
{
	struct timespec time;
	uint64_t ns, begin = 0;

	*deadline = WAIT_FOREVER;
	if (!addr)
		return 0;
	if (get_user(time, addr))
		return -EFAULT;
	if (time.sec < 0 || (uint64_t)time.nsec >= NSEC_PER_SEC)
		return -EINVAL;
	if ((uint64_t)time.sec >= INT64_MAX / NSEC_PER_SEC)
		return 0;
	ns = time.sec * NSEC_PER_SEC + time.nsec;
	if (operation == FUTEX_WAIT) {
		begin = time_ns();
	} else if (realtime) {
		uint64_t now = realtime_ns();

		ns = ns > now ? ns - now : 0;
		begin = time_ns();
	}
	*deadline = add_saturated(begin, ns);
	return 0;
}

static long wait(const struct futex_key *key, uintptr_t uaddr, uint32_t value,
		 uint32_t bitset, uint64_t deadline)
{
	return bitset ? futex_wait(key, uaddr, value, bitset, deadline)
		      : -EINVAL;
}

/* ---- waking ---- */

/* Linux counts a waiter before it compares: so 0, and less, wakes one. */
static long wake(const struct futex_key *key, int count, uint32_t bitset)
{
	return bitset ? futex_wake(key, MAX(count, 1), bitset) : -EINVAL;
}

static long requeue(const struct futex_key *from, uintptr_t to_addr,
		    bool shared, int wake_count, int requeue_count,
		    const struct futex_compare *compare)
{
	struct futex_key to;
	int error = futex_key(to_addr, shared, &to);

	if (error)
		return error;
	if (wake_count < 0 || requeue_count < 0)
		return -EINVAL;
	return futex_requeue(from, &to, wake_count, requeue_count, compare);
}

/* ---- the system call ---- */

static bool operation_waits(enum futex_operation operation)
{
	return operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET;
}

/* The operations that are rare, and waits with a deadline. */
static __attribute__((noinline)) long futex_rare(uintptr_t addr, int op,
						 uint32_t val,
						 uintptr_t timeout,
						 uintptr_t addr2, uint32_t val3)
{
	enum futex_operation operation =
		op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
	bool shared = !(op & FUTEX_PRIVATE_FLAG);
	bool realtime = op & FUTEX_CLOCK_REALTIME;
	struct futex_key key;
	uint64_t deadline = WAIT_FOREVER;
	int error = 0;

	if (realtime && operation != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	if (operation_waits(operation))
		error = deadline_read(timeout, operation, realtime, &deadline);
	if (!error)
		error = key_of(addr, shared, &key);
	if (error)
		return error;
	switch (operation) {
	case FUTEX_WAIT:
		return wait(&key, addr, val, FUTEX_BITSET_ANY, deadline);
	case FUTEX_WAIT_BITSET:
		return wait(&key, addr, val, val3, deadline);
	case FUTEX_WAKE_BITSET:
		return wake(&key, val, val3);
	case FUTEX_REQUEUE:
		return requeue(&key, addr2, shared, val, timeout, NULL);
	case FUTEX_CMP_REQUEUE:
		return requeue(&key, addr2, shared, val, timeout,
			       &(struct futex_compare){addr, val3});
	default:
		return -ENOSYS;
	}
}

/* A mutex of the C library wakes, and waits without a deadline.  Some
 * operations have a second value where others have a timeout. */
long sys_futex(uintptr_t addr, int op, uint32_t val, uintptr_t timeout,
	       uintptr_t addr2, uint32_t val3)
{
	enum futex_operation operation = op & ~FUTEX_PRIVATE_FLAG;
	struct futex_key key = {current->proc->aspace, addr};

	if (unlikely(addr % sizeof(uint32_t) ||
		     !user_range_ok(addr, sizeof(uint32_t))))
		return futex_rare(addr, op, val, timeout, addr2, val3);
	if (operation == FUTEX_WAKE)
		return wake(&key, val, FUTEX_BITSET_ANY);
	if (operation == FUTEX_WAIT && timeout == 0)
		return futex_wait(&key, addr, val, FUTEX_BITSET_ANY,
				  WAIT_FOREVER);
	return futex_rare(addr, op, val, timeout, addr2, val3);
}
