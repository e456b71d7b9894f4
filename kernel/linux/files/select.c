/*
 * select.c - select(2) and pselect(2), in terms of poll; and ppoll(2).
 *
 * Three sets of bits become a list with one entry for each descriptor that is
 * in any of them; the answer goes back into the sets.
 */
#include "errno.h"
#include "fd_table.h"
#include "fs.h"
#include "heap.h"
#include "poll.h"
#include "poll_timeout.h"
#include "process.h"
#include "stat.h"
#include "string.h"
#include "syscall.h"
#include "time.h"
#include "uaccess.h"
#include "waitq.h"

#define WORD_BITS 64
#define WORDS (FD_MAX / WORD_BITS)

enum { SET_READ, SET_WRITE, SET_EXCEPT, SETS };

/* What each set asks for, and which answers mean yes (select(2), NOTES). */
static const struct {
	uint16_t ask, yes;
} meaning[SETS] = {
	[SET_READ] = {POLLIN, POLLIN | POLLHUP | POLLERR},
	[SET_WRITE] = {POLLOUT, POLLOUT | POLLERR},
	[SET_EXCEPT] = {POLLPRI, POLLPRI},
};

struct selection {
	uintptr_t addr[SETS]; /* in the program; 0: no such set */
	unsigned int words;
	uint64_t bits[SETS][WORDS];
	unsigned int count;
	struct pollfd fds[];
};

/* ---- time-outs and masks ---- */

int poll_timeout_read(struct poll_timeout *t, uintptr_t addr, unsigned int unit)
{
	struct timespec time;
	uint64_t ns;

	*t = (struct poll_timeout){addr, unit, WAIT_FOREVER};
	if (!addr)
		return 0;
	if (get_user(time, addr))
		return -EFAULT;
	/* A second or more of microseconds is taken as such (select(2)). */
	if (unit > 1 && time.sec >= 0 && time.sec < INT32_MAX &&
	    time.nsec > 0) {
		time.sec += time.nsec / (int64_t)(NSEC_PER_SEC / unit);
		time.nsec %= (int64_t)(NSEC_PER_SEC / unit);
	}
	if (time.sec < 0 || time.nsec < 0 ||
	    (uint64_t)time.nsec >= NSEC_PER_SEC / unit)
		return -EINVAL;
	ns = time.nsec * unit;
	if (time.sec == 0 && ns == 0)
		t->deadline = 0;
	else if ((uint64_t)time.sec < INT64_MAX / NSEC_PER_SEC - 1)
		t->deadline = time_ns() + time.sec * NSEC_PER_SEC + ns;
	return 0;
}

/* It may lie in read-only memory: that is no error. */
void poll_timeout_write(const struct poll_timeout *t)
{
	uint64_t now = time_ns();
	uint64_t left = t->deadline > now ? t->deadline - now : 0;
	struct timespec time = {left / NSEC_PER_SEC,
				left % NSEC_PER_SEC / t->unit};

	if (t->addr && t->deadline != WAIT_FOREVER)
		(void)put_user(time, t->addr);
}

int poll_mask_begin(uintptr_t addr, size_t size, uint64_t *old)
{
	uint64_t mask;

	*old = current->sigmask;
	if (!addr)
		return 0;
	if (size != sizeof(mask))
		return -EINVAL;
	if (get_user(mask, addr))
		return -EFAULT;
	signal_mask_set(mask);
	return 0;
}

void poll_mask_end(uint64_t old)
{
	signal_mask_set(old);
}

/* ---- sets ---- */

static bool bit_get(const uint64_t *bits, unsigned int n)
{
	return bits[n / WORD_BITS] >> n % WORD_BITS & 1;
}

/* Copies the sets in, and makes the list of what is in them. */
static int selection_read(struct selection *s, unsigned int n)
{
	s->words = (n + WORD_BITS - 1) / WORD_BITS;
	s->count = 0;
	memset(s->bits, 0, sizeof(s->bits));
	for (unsigned int set = 0; set < SETS; set++)
		if (s->addr[set] && copy_from_user(s->bits[set], s->addr[set],
						   s->words * sizeof(uint64_t)))
			return -EFAULT;
	for (unsigned int fd = 0; fd < n; fd++) {
		uint16_t events = 0;

		for (unsigned int set = 0; set < SETS; set++)
			if (bit_get(s->bits[set], fd))
				events |= meaning[set].ask;
		if (events)
			s->fds[s->count++] = (struct pollfd){fd, events, 0};
	}
	return 0;
}

/* Bits that are set in the answer; -EBADF if one was not open. */
static long selection_answer(struct selection *s)
{
	long result = 0;

	memset(s->bits, 0, sizeof(s->bits));
	for (unsigned int i = 0; i < s->count; i++) {
		const struct pollfd *p = &s->fds[i];

		if (p->revents & POLLNVAL)
			return -EBADF;
		for (unsigned int set = 0; set < SETS; set++) {
			if (!(p->events & meaning[set].ask) ||
			    !(p->revents & meaning[set].yes))
				continue;
			s->bits[set][p->fd / WORD_BITS] |= 1ul
							   << p->fd % WORD_BITS;
			result++;
		}
	}
	for (unsigned int set = 0; set < SETS; set++)
		if (s->addr[set] && copy_to_user(s->addr[set], s->bits[set],
						 s->words * sizeof(uint64_t)))
			return -EFAULT;
	return result;
}

static long select_files(int n, uintptr_t read, uintptr_t write,
			 uintptr_t except, uint64_t deadline)
{
	struct selection *s;
	long result;

	if (n < 0)
		return -EINVAL;
	n = MIN(n, FD_MAX);
	s = kmalloc(sizeof(*s) + n * sizeof(struct pollfd));
	if (!s)
		return -ENOMEM;
	s->addr[SET_READ] = read;
	s->addr[SET_WRITE] = write;
	s->addr[SET_EXCEPT] = except;
	result = selection_read(s, n);
	if (!result)
		result = poll_files(s->fds, s->count, deadline);
	if (result >= 0)
		result = selection_answer(s);
	kfree(s);
	return result;
}

/* ---- the system calls ---- */

long sys_select(int nfds, uintptr_t read, uintptr_t write, uintptr_t except,
		uintptr_t timeout_addr)
{
	struct poll_timeout timeout;
	long result = poll_timeout_read(&timeout, timeout_addr, 1000);

	if (result)
		return result;
	result = select_files(nfds, read, write, except, timeout.deadline);
	poll_timeout_write(&timeout);
	return result;
}

/* The sixth argument points at the mask's address and size: pselect(2). */
long sys_pselect6(int nfds, uintptr_t read, uintptr_t write, uintptr_t except,
		  uintptr_t timeout_addr, uintptr_t mask_addr)
{
	struct {
		uintptr_t addr;
		size_t size;
	} mask = {0, 0};
	struct poll_timeout timeout;
	uint64_t old_mask;
	long result;

	if (mask_addr && get_user(mask, mask_addr))
		return -EFAULT;
	result = poll_timeout_read(&timeout, timeout_addr, 1);
	if (!result)
		result = poll_mask_begin(mask.addr, mask.size, &old_mask);
	if (result)
		return result;
	result = select_files(nfds, read, write, except, timeout.deadline);
	poll_mask_end(old_mask);
	poll_timeout_write(&timeout);
	return result;
}

long sys_ppoll(uintptr_t fds, unsigned int nfds, uintptr_t timeout_addr,
	       uintptr_t mask, size_t mask_size)
{
	struct poll_timeout timeout;
	uint64_t old_mask;
	long result = poll_timeout_read(&timeout, timeout_addr, 1);

	if (!result)
		result = poll_mask_begin(mask, mask_size, &old_mask);
	if (result)
		return result;
	result = poll_user(fds, nfds, timeout.deadline);
	poll_mask_end(old_mask);
	poll_timeout_write(&timeout);
	return result;
}
