/*
 * signal.c - signals, as far as they go before lab 7.
 *
 * No handler runs yet.  What there is: actions and masks are stored and given
 * back; a signal whose action is the default, and whose default is to end the
 * process, ends it; all others do nothing.  One that is blocked waits, in the
 * thread that it was sent to or in the process, until it is unblocked: the C
 * library's raise() relies on that, for it blocks all signals while it sends.
 *
 * process_lock guards what is pending; each process's lock its actions; a
 * thread's mask is its own, and others read it as it is at that moment.
 */
#include "errno.h"
#include "process_parts.h"
#include "syscall.h"
#include "uaccess.h"

#define BIT(signal) (1ul << ((signal)-1))

#define NEVER_BLOCKED (BIT(SIGKILL) | BIT(SIGSTOP))

/* Default actions other than to end the process (signal(7)); stopping and
 * continuing come with lab 7. */
#define DEFAULT_NOTHING \
	(BIT(SIGCHLD) | BIT(SIGCONT) | BIT(SIGURG) | BIT(SIGWINCH) | \
	 BIT(SIGSTOP) | BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU))

/* rt_sigprocmask(2) */
enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };

/* ---- sending: all need process_lock ---- */

static bool signal_ends(const struct process *p, int signal)
{
	/* Nothing ends init but a fault of its own. */
	if (p->pid == INIT_PID || (BIT(signal) & DEFAULT_NOTHING))
		return false;
	return signal == SIGKILL || p->actions[signal - 1].handler == SIG_DFL;
}

static void signal_act(struct process *p, int signal)
{
	if (signal_ends(p, signal))
		process_kill(p, signal);
}

static bool is_blocked(const struct thread *t, int signal)
{
	return t->sigmask & BIT(signal) & ~NEVER_BLOCKED;
}

static bool all_block(const struct process *p, int signal)
{
	struct thread *t;

	list_for_each (t, &p->threads, proc_link)
		if (!is_blocked(t, signal))
			return false;
	return true;
}

void signal_send(struct process *p, int signal)
{
	if (p->state != PROCESS_RUNNING)
		return;
	if (all_block(p, signal))
		p->signals_pending |= BIT(signal);
	else
		signal_act(p, signal);
}

void signal_file_too_large(void)
{
	spin_lock(&process_lock);
	signal_send(current->proc, SIGXFSZ);
	spin_unlock(&process_lock);
}

static void signal_send_thread(struct thread *t, int signal)
{
	if (is_blocked(t, signal))
		t->signals_pending |= BIT(signal);
	else
		signal_act(t->proc, signal);
}

bool signal_permitted(const struct process *p, int signal)
{
	const struct process *self = current->proc;

	if (self->cred.euid == 0 || p == self)
		return true;
	if (signal == SIGCONT && p->sid == self->sid)
		return true;
	return self->cred.euid == p->cred.uid ||
	       self->cred.euid == p->cred.suid ||
	       self->cred.uid == p->cred.uid || self->cred.uid == p->cred.suid;
}

void signal_reset(struct process *p)
{
	for (int i = 0; i < SIGNALS; i++)
		if (p->actions[i].handler != SIG_IGN)
			p->actions[i] = (struct sigaction_record){0};
	current->altstack.stack = 0;
	current->altstack.size = 0;
	current->altstack.flags = SS_DISABLE;
}

/* ---- kill ---- */

struct group_kill {
	int pgid; /* 0: every process but init and the caller's own */
	int signal;
	int result;
};

static bool group_kill_means(const struct group_kill *kill,
			     const struct process *p)
{
	if (kill->pgid)
		return p->pgid == kill->pgid;
	return p->pid != INIT_PID && p != current->proc;
}

/* The call succeeds when any of them could be signalled. */
static void group_kill_one(struct process *p, void *arg)
{
	struct group_kill *kill = arg;

	if (!group_kill_means(kill, p))
		return;
	if (!signal_permitted(p, kill->signal)) {
		if (kill->result == -ESRCH)
			kill->result = -EPERM;
		return;
	}
	kill->result = 0;
	if (kill->signal)
		signal_send(p, kill->signal);
}

static long kill_group(int pgid, int signal)
{
	struct group_kill kill = {pgid, signal, -ESRCH};

	process_for_each(group_kill_one, &kill);
	return kill.result;
}

static long kill_process(int pid, int signal)
{
	struct process *p;
	long result = 0;

	spin_lock(&process_lock);
	p = process_find(pid);
	if (!p)
		result = -ESRCH;
	else if (!signal_permitted(p, signal))
		result = -EPERM;
	else if (signal)
		signal_send(p, signal);
	spin_unlock(&process_lock);
	return result;
}

/* tgid 0: whatever process the thread belongs to. */
static long kill_thread(int tgid, int tid, int signal)
{
	struct thread *t;
	long result = 0;

	if (tid <= 0 || signal < 0 || signal > SIGNALS)
		return -EINVAL;
	spin_lock(&process_lock);
	t = process_find_thread(tid);
	if (!t || (tgid && t->proc->pid != tgid))
		result = -ESRCH;
	else if (!signal_permitted(t->proc, signal))
		result = -EPERM;
	else if (signal)
		signal_send_thread(t, signal);
	spin_unlock(&process_lock);
	return result;
}

long sys_kill(int pid, int signal)
{
	if (signal < 0 || signal > SIGNALS)
		return -EINVAL;
	if (pid > 0)
		return kill_process(pid, signal);
	if (pid == 0)
		return kill_group(current->proc->pgid, signal);
	if (pid == INT32_MIN)
		return -ESRCH;
	return kill_group(pid == -1 ? 0 : -pid, signal);
}

long sys_tkill(int tid, int signal)
{
	return kill_thread(0, tid, signal);
}

long sys_tgkill(int tgid, int tid, int signal)
{
	return tgid > 0 ? kill_thread(tgid, tid, signal) : -EINVAL;
}

/* ---- masks ---- */

/* What waited for this mask happens now. */
static void signals_deliver(struct thread *t)
{
	struct process *p = t->proc;
	uint64_t ready;

	spin_lock(&process_lock);
	ready = (t->signals_pending | p->signals_pending) & ~t->sigmask;
	t->signals_pending &= ~ready;
	p->signals_pending &= ~ready;
	for (int signal = 1; signal <= SIGNALS; signal++)
		if (ready & BIT(signal))
			signal_act(p, signal);
	spin_unlock(&process_lock);
}

void signal_mask_set(uint64_t mask)
{
	struct thread *t = current;

	t->sigmask = mask & ~NEVER_BLOCKED;
	if ((t->signals_pending | t->proc->signals_pending) & ~t->sigmask)
		signals_deliver(t);
}

static int mask_change(struct thread *t, int how, uint64_t set)
{
	switch (how) {
	case SIG_BLOCK:
		set |= t->sigmask;
		break;
	case SIG_UNBLOCK:
		set = t->sigmask & ~set;
		break;
	case SIG_SETMASK:
		break;
	default:
		return -EINVAL;
	}
	signal_mask_set(set);
	return 0;
}

long sys_rt_sigprocmask(int how, uintptr_t set_addr, uintptr_t old_addr,
			size_t size)
{
	struct thread *t = current;
	uint64_t old = t->sigmask, set;
	int error = 0;

	if (size != sizeof(set))
		return -EINVAL;
	if (set_addr && get_user(set, set_addr))
		return -EFAULT;
	if (set_addr)
		error = mask_change(t, how, set);
	if (!error && old_addr)
		error = put_user(old, old_addr);
	return error;
}

/* ---- actions ---- */

static void action_exchange(int signal, const struct sigaction_record *action,
			    struct sigaction_record *old)
{
	struct process *p = current->proc;

	spin_lock(&process_lock);
	spin_lock(&p->lock);
	*old = p->actions[signal - 1];
	if (action)
		p->actions[signal - 1] = *action;
	spin_unlock(&p->lock);
	/* To ignore a signal is to drop it where it waits, too. */
	if (action && action->handler == SIG_IGN) {
		p->signals_pending &= ~BIT(signal);
		current->signals_pending &= ~BIT(signal);
	}
	spin_unlock(&process_lock);
}

long sys_rt_sigaction(int signal, uintptr_t new_addr, uintptr_t old_addr,
		      size_t mask_size)
{
	struct sigaction_record action = {0}, old;

	if (mask_size != sizeof(action.mask) || signal < 1 || signal > SIGNALS)
		return -EINVAL;
	if (new_addr && (BIT(signal) & NEVER_BLOCKED))
		return -EINVAL;
	if (new_addr && get_user(action, new_addr))
		return -EFAULT;
	action.mask &= ~NEVER_BLOCKED;
	action_exchange(signal, new_addr ? &action : NULL, &old);
	return old_addr ? put_user(old, old_addr) : 0;
}
