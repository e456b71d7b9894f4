/*
 * tty_session.c - whose terminal it is: sessions and groups.
 *
 * A terminal may be the controlling terminal of one session, and that session
 * has no other.  So there is one number in the terminal, and none in the
 * process: a process's own terminal, /dev/tty, is that with its session's
 * number.  The process that made the session, its leader, takes the terminal;
 * when the leader ends, the session loses it.
 *
 * Of the groups in the session one is in the foreground.  Ctrl-C goes to it;
 * it alone reads from the terminal and changes its settings.  A process of
 * another group that tries to is sent SIGTTIN or SIGTTOU, whose default is to
 * stop it (from lab 7 on).  Until then it waits in the kernel for its group to
 * come to the foreground, which looks the same from outside.
 *
 * Source: POSIX, 11.1 ("Interface Characteristics"); Linux, tty_ioctl(4).
 */
#include "device.h"
#include "errno.h"
#include "process.h"
#include "signals.h"
#include "tty.h"
#include "uaccess.h"

static struct spinlock session_lock = SPINLOCK_INIT("terminals");
static struct list_head terminals = LIST_INIT(terminals); /* that have one */

/* ---- signals to groups ---- */

struct group_signal {
	int group, signal;
};

static void send_to_member(struct process *p, void *arg)
{
	const struct group_signal *to = arg;

	if (p->pgid == to->group)
		signal_send(p, to->signal);
}

static void signal_group(int group, int signal)
{
	struct group_signal to = {group, signal};

	if (group)
		process_for_each(send_to_member, &to);
}

void tty_signal(struct tty *tty, int signal)
{
	signal_group(tty->foreground, signal);
}

struct orphan_question {
	int group;
	bool has_guardian;
};

static void look_for_guardian(struct process *p, void *arg)
{
	struct orphan_question *q = arg;

	if (p->pgid == q->group && p->parent && p->parent->sid == p->sid &&
	    p->parent->pgid != p->pgid)
		q->has_guardian = true;
}

/* Is nobody there who would continue it if it was stopped?  POSIX, 3.264. */
static bool group_is_orphaned(int group)
{
	struct orphan_question q = {group, false};

	process_for_each(look_for_guardian, &q);
	return !q.has_guardian;
}

/* ---- the foreground ---- */

static bool is_own(const struct tty *tty, const struct process *p)
{
	return tty->session && tty->session == p->sid && !p->left_terminal;
}

bool tty_is_own(const struct tty *tty)
{
	return is_own(tty, current->proc);
}

static bool in_background(const struct tty *tty, const struct process *p)
{
	return is_own(tty, p) && tty->foreground && tty->foreground != p->pgid;
}

static bool would_ignore(const struct process *p, int signal)
{
	return p->actions[signal - 1].handler == SIG_IGN ||
	       (current->sigmask >> (signal - 1) & 1);
}

static int wait_for_foreground(struct tty *tty)
{
	int error = 0;

	spin_lock(&session_lock);
	while (in_background(tty, current->proc) && !error)
		error = waitq_sleep_until(&tty->regrouped, &session_lock,
					  WAIT_FOREVER,
					  WAIT_INTERRUPTIBLE | WAIT_OUTSIDE);
	spin_unlock(&session_lock);
	return error;
}

int tty_check_foreground(struct tty *tty, int signal)
{
	const struct process *p = current->proc;

	if (likely(!in_background(tty, p)))
		return 0;
	if (would_ignore(p, signal))
		return signal == SIGTTIN ? -EIO : 0;
	if (group_is_orphaned(p->pgid))
		return -EIO;
	signal_group(p->pgid, signal);
	return wait_for_foreground(tty);
}

/* ---- taking and leaving ---- */

/* The terminal of a session, or NULL; needs session_lock. */
static struct tty *terminal_of(int session)
{
	struct tty *tty;

	list_for_each (tty, &terminals, link)
		if (tty->session == session)
			return tty;
	return NULL;
}

/* Needs session_lock; the foreground group that it had, or 0. */
static int give_to(struct tty *tty, int session, int group)
{
	int before = tty->foreground;

	list_remove(&tty->link);
	tty->session = session;
	tty->foreground = group;
	if (session)
		list_push_back(&terminals, &tty->link);
	waitq_wake(&tty->regrouped, WAKE_ALL);
	return before;
}

/* A session leader without a terminal may take one, but none that has hung up:
 * tty_hang_up() says so first, and then takes it from its session.  Needs
 * session_lock. */
static bool may_take(const struct process *p, const struct tty *tty)
{
	return p->sid == p->pid && !terminal_of(p->sid) && !tty->hung_up;
}

void tty_acquire(struct tty *tty)
{
	const struct process *p = current->proc;

	spin_lock(&session_lock);
	if (!tty->session && may_take(p, tty))
		give_to(tty, p->sid, p->pgid);
	spin_unlock(&session_lock);
}

/* TIOCSCTTY; root may take it from another session with an argument of 1. */
static long terminal_take(struct tty *tty, uintptr_t force)
{
	const struct process *p = current->proc;
	long result = 0;

	spin_lock(&session_lock);
	if (tty->session && tty->session == p->sid)
		result = 0;
	else if (!may_take(p, tty) ||
		 (tty->session && !(force == 1 && process_is_root())))
		result = -EPERM;
	else
		give_to(tty, p->sid, p->pgid);
	spin_unlock(&session_lock);
	return result;
}

/* The group in the foreground learns that its terminal is gone ... */
static void tell_group(int group)
{
	signal_group(group, SIGHUP);
	signal_group(group, SIGCONT);
}

/* ... and so does the leader, unless it is the one who has left. */
static void tell_leader(int session)
{
	struct process *leader;

	spin_lock(&process_lock);
	leader = session ? process_find(session) : NULL;
	if (leader) {
		signal_send(leader, SIGHUP);
		signal_send(leader, SIGCONT);
	}
	spin_unlock(&process_lock);
}

void tty_disown(struct tty *tty)
{
	int session, group;

	spin_lock(&session_lock);
	session = tty->session;
	group = give_to(tty, 0, 0);
	spin_unlock(&session_lock);
	tell_leader(session);
	tell_group(group);
}

void tty_destroy(struct tty *tty)
{
	spin_lock(&session_lock);
	list_remove(&tty->link);
	spin_unlock(&session_lock);
}

static void session_ended(int session)
{
	struct tty *tty;
	int group = 0;

	spin_lock(&session_lock);
	tty = terminal_of(session);
	if (tty)
		group = give_to(tty, 0, 0);
	spin_unlock(&session_lock);
	tell_group(group);
}

static void process_exits(struct process *p)
{
	if (p->sid == p->pid)
		session_ended(p->sid);
}

EXIT_HOOK(process_exits);

/* TIOCNOTTY: the leader leaves for all, any other for itself. */
static long terminal_leave(const struct tty *tty)
{
	struct process *p = current->proc;

	if (!is_own(tty, p))
		return -ENOTTY;
	if (p->sid == p->pid)
		session_ended(p->sid);
	else
		p->left_terminal = true;
	return 0;
}

bool tty_of_session(int session, uint64_t *number, int *foreground)
{
	struct tty *tty;

	if (!session)
		return false;
	spin_lock(&session_lock);
	tty = terminal_of(session);
	if (tty) {
		*number = tty->number;
		*foreground = tty->foreground;
	}
	spin_unlock(&session_lock);
	return tty;
}

/* The current process's, with its count of files raised: it stays. */
static struct tty *own_terminal(void)
{
	const struct process *p = current->proc;
	struct tty *tty;

	spin_lock(&session_lock);
	tty = p->left_terminal ? NULL : terminal_of(p->sid);
	if (tty)
		tty_count_file(tty);
	spin_unlock(&session_lock);
	return tty;
}

static int open_own(struct file *f, unsigned int minor, bool acquire)
{
	struct tty *tty = own_terminal();

	if (!tty)
		return -ENXIO;
	tty_attach(f, tty);
	return 0;
}

DEVICE(.name = "tty", .number = DEVICE_NUMBER(5, 0), .open = open_own);

/* ---- requests ---- */

/* 0, -ESRCH, -EPERM: it is another session's. */
static int check_group(int group, int session)
{
	int error = 0;

	spin_lock(&process_lock);
	if (!group_in_session(group, session))
		error = process_find(group) ? -EPERM : -ESRCH;
	spin_unlock(&process_lock);
	return error;
}

static long set_foreground(struct tty *tty, uintptr_t arg)
{
	const struct process *p = current->proc;
	long error = tty_check_foreground(tty, SIGTTOU);
	int group;

	if (error)
		return error;
	if (!is_own(tty, p))
		return -ENOTTY;
	if (get_user(group, arg))
		return -EFAULT;
	if (group < 0)
		return -EINVAL;
	error = check_group(group, p->sid);
	if (error)
		return error;
	spin_lock(&session_lock);
	if (tty->session == p->sid) {
		tty->foreground = group;
		waitq_wake(&tty->regrouped, WAKE_ALL);
	}
	spin_unlock(&session_lock);
	return 0;
}

long tty_session_ioctl(struct tty *tty, unsigned int request, uintptr_t arg)
{
	int number;

	switch (request) {
	case TIOCSCTTY:
		return terminal_take(tty, arg);
	case TIOCNOTTY:
		return terminal_leave(tty);
	case TIOCSPGRP:
		return set_foreground(tty, arg);
	case TIOCGPGRP:
	case TIOCGSID:
		if (!is_own(tty, current->proc))
			return -ENOTTY;
		number = request == TIOCGSID ? tty->session : tty->foreground;
		return put_user(number, arg);
	default:
		return -ENOTTY;
	}
}
