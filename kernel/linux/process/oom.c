/*
 * oom.c - out of memory: a program touches a page that it has, by its own book,
 * and there is none left to give.
 *
 * A page fault has nobody to return an error to, and without the page the
 * program can neither go on nor handle a signal.  So some process must end, and
 * give its pages back.  It is the one that has most of them: most likely it is
 * the one at fault, and it helps most.  Who happened to ask for the page may
 * well be the shell.  (Linux decides in the same way, with more to weigh.)  The
 * first process is spared as long as there is another.
 *
 * Who asked tries again, meanwhile, once in a while:
 *
 *	page fault -> -ENOMEM -> the largest is killed -> sleep -> try again
 *
 * One at a time is killed: while a process is on its way out, the others wait.
 * Who finds none looks at the free pages once more: one that was has given back
 * its own meanwhile.  But who is on its way out might wait for a lock that one
 * of those who wait for memory holds.  So patience has an end, and who has lost
 * it ends itself.
 */
#include "aspace.h"
#include "layout.h"
#include "page.h"
#include "printk.h"
#include "process.h"
#include "signals.h"
#include "thread.h"
#include "time.h"

#define PAUSE (NSEC_PER_SEC / 1000)
#define PATIENCE 10000 /* pauses: ten seconds */

/* Free pages, for the page tables that a page may need as well. */
#define ENOUGH 16

struct candidate {
	int pid; /* 0: none */
	size_t pages;
	bool dying; /* a process is on its way out: */
	bool self;  /* the caller's */
};

static void victim_consider(struct process *p, void *arg)
{
	struct candidate *largest = arg;

	if (p->state == PROCESS_DYING) {
		largest->dying = true;
		largest->self |= p == current->proc;
	}
	if (p->state != PROCESS_RUNNING || p->pid == INIT_PID ||
	    p->aspace->resident_pages <= largest->pages)
		return;
	largest->pid = p->pid;
	largest->pages = p->aspace->resident_pages;
}

static void victim_kill(int pid)
{
	struct process *p;

	spin_lock(&process_lock);
	p = process_find(pid);
	if (p && p->state == PROCESS_RUNNING) {
		printk("%s[%d]: out of memory, killed by signal %d: it has "
		       "%zu KiB\n",
		       p->name, pid, SIGKILL,
		       p->aspace->resident_pages * PAGE_SIZE / KIB);
		process_kill(p, SIGKILL);
	}
	spin_unlock(&process_lock);
}

static bool is_enough(void)
{
	return page_free_count() > ENOUGH &&
	       aspace_may_have_page(current->proc->aspace);
}

/* Who is to be killed at this try: 0 for nobody. */
static int choose_victim(const struct candidate *largest, unsigned int tries)
{
	int self = current->proc->pid;

	if (tries == PATIENCE)
		return self;
	if (largest->dying || is_enough())
		return 0;
	return largest->pid ? largest->pid : self; /* init, alone */
}

static bool wait_for_memory(unsigned int tries)
{
	struct candidate largest = {0};
	int victim;

	process_for_each(victim_consider, &largest);
	if (largest.self)
		return false;
	victim = choose_victim(&largest, tries);
	if (victim)
		victim_kill(victim);
	if (victim == current->proc->pid)
		return false;
	thread_sleep_until(time_ns() + PAUSE);
	return true;
}

TABLE_ROW(memory_hooks, struct memory_hook){wait_for_memory};
