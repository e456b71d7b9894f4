/*
 * futex.h - lab 3: waiting on a word of user memory, futex(2).
 *
 * A futex is a word on which a program's threads agree without the kernel, as
 * long as none has to wait.  One that has to calls FUTEX_WAIT with the value
 * that it saw, and sleeps if the word still has it; who changes the word calls
 * FUTEX_WAKE.
 *
 * The system call is given (kernel/ipc/03-blocking/futex_calls.c): it takes
 * apart the operation, flags and times, and calls the engine, which is the
 * student's (futex.c), through the wrappers without lab_.
 */
#ifndef FUTEX_H
#define FUTEX_H

#include "cpu.h"
#include "thread.h"
#include "types.h"

/*
 * Which futex: two keys are the same futex when both fields are equal.  A word
 * that belongs to one process is known by its address space and address; from
 * lab 6 on, one in shared memory by the memory object and the offset in it.
 */
struct futex_key {
	const void *object;
	uint64_t offset;
};

static inline bool futex_key_equal(const struct futex_key *a,
				   const struct futex_key *b)
{
	return a->object == b->object && a->offset == b->offset;
}

/* A waiter and a waker meet when their sets have a bit in common. */
#define FUTEX_BITSET_ANY UINT32_MAX

/* The word at uaddr must still be `expected` for a requeue to happen. */
struct futex_compare {
	uintptr_t uaddr;
	uint32_t expected;
};

/* ---- the student's ---- */

/* Once, at boot, before any of the others. */
void lab_futex_init(void);

/*
 * Sleeps on the futex if the word at uaddr, which is the key's, has the value;
 * to look and to fall asleep is one: a wake-up that comes after the look is not
 * lost.  bitset is not 0.
 *
 *	0		woken
 *	-EAGAIN		the word has another value
 *	-EFAULT		it cannot be read
 *	-ETIMEDOUT	time_ns() has reached the deadline (WAIT_FOREVER)
 *	-ERESTARTSYS	killed
 *
 * The word is read under the lock that guards the waiters, by
 * user_load32_atomic().  That cannot bring a page in: if it fails, give up the
 * lock, let user_load32() bring the page in, and begin again.
 */
int lab_futex_wait(const struct futex_key *key, uintptr_t uaddr, uint32_t value,
		   uint32_t bitset, uint64_t deadline);

/* Wakes up to count waiters of the key whose sets meet bitset, those that came
 * first; returns how many.  What it costs does not depend on the threads that
 * wait on other keys.  Takes spinlocks, does not sleep. */
long lab_futex_wake(const struct futex_key *key, unsigned int count,
		    uint32_t bitset);

/*
 * Wakes up to wake_count waiters of `from`, those that came first, and has up
 * to `requeue` of the others wait on `to` instead, behind those that wait
 * there: they keep their order, sets and deadlines, and wake-ups of `from` no
 * longer mean them.  When compare is not NULL, all that happens only if the
 * word has the expected value, looked at as in lab_futex_wait().  Returns how
 * many were woken or moved; -EAGAIN, -EFAULT.
 */
long lab_futex_requeue(const struct futex_key *from, const struct futex_key *to,
		       unsigned int wake_count, unsigned int requeue,
		       const struct futex_compare *compare);

/* ---- the wrappers ---- */

static inline void futex_init(void)
{
	lab_futex_init();
}

/* A program's wait, and no wait inside another one. */
static inline int futex_wait(const struct futex_key *key, uintptr_t uaddr,
			     uint32_t value, uint32_t bitset, uint64_t deadline)
{
	struct thread *self = current;
	int error;

	wait_set(&self->waits.wait, WAIT_FUTEX, (const void *)uaddr, NULL,
		 HERE);
	error = lab_futex_wait(key, uaddr, value, bitset, deadline);
	self->waits.wait.kind = WAIT_NONE;
	return error;
}

static inline long futex_wake(const struct futex_key *key, unsigned int count,
			      uint32_t bitset)
{
	return lab_futex_wake(key, count, bitset);
}

static inline long futex_requeue(const struct futex_key *from,
				 const struct futex_key *to,
				 unsigned int wake_count, unsigned int requeue,
				 const struct futex_compare *compare)
{
	return lab_futex_requeue(from, to, wake_count, requeue, compare);
}

#define futex_wake_key futex_wake /* in older submissions */

/* ---- given: kernel/ipc/03-blocking/futex_calls.c ---- */

/*
 * The key of the word at uaddr in the current process.  shared: other processes
 * may have it in their memory too, FUTEX_PRIVATE_FLAG was not given.  -EINVAL:
 * not aligned to 4; -EFAULT: no user address.
 */
int futex_key(uintptr_t uaddr, bool shared, struct futex_key *key);

/*
 * Wakes up to count threads of the current process that wait at this address.
 * The kernel's own use: a thread that ends tells who joins it
 * (set_tid_address(2)).  Does not touch the word itself.
 */
void futex_wake_address(uintptr_t uaddr, unsigned int count);

#endif
