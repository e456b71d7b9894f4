/*
 * proc_process.c - /proc/PID, and /proc/PID/task/TID.
 *
 * What is printed is copied first, under process_lock, into a struct that has
 * no pointers: so the lock is held for a moment, and the text is consistent.
 * The numbers of lines and fields are proc(5)'s; what this kernel does not have
 * (page faults counted, swap) is 0.
 */
#include "procfs.h"

#include "aspace.h"
#include "errno.h"
#include "string.h"
#include "time.h"

/* A process, or one of its threads, at a moment. */
struct snapshot {
	int pid, tid, ppid, pgid, sid;
	char name[COMM_SIZE];
	char state; /* R, S, D or Z */
	int nice;
	struct cpu_time time, children;
	unsigned int threads, cpu;
	uint64_t started;
	struct credentials cred;
	uint64_t sigmask, pending, ignored, caught;
	size_t mapped, resident, max_resident; /* pages */
	uint64_t rss_limit;
};

/* ---- taking one: needs process_lock ---- */

static char thread_letter(const struct thread *t)
{
	return t->state == THREAD_BLOCKED ? 'S' : 'R';
}

static struct thread *find_thread(const struct process *p, int tid)
{
	struct thread *t;

	list_for_each (t, &p->threads, proc_link)
		if (t->tid == tid)
			return t;
	return NULL;
}

/* A process does what its first thread does; one that has ended, while others
 * go on, is a zombie: as on Linux. */
static char process_letter(const struct process *p)
{
	const struct thread *first = find_thread(p, p->pid);

	return first ? thread_letter(first) : 'Z';
}

static void take_actions(struct snapshot *s, const struct process *p)
{
	for (unsigned int i = 0; i < SIGNALS; i++) {
		uint64_t handler = p->actions[i].handler;

		if (handler == 1) /* SIG_IGN */
			s->ignored |= 1ul << i;
		else if (handler)
			s->caught |= 1ul << i;
	}
}

static void take_memory(struct snapshot *s, const struct process *p)
{
	const struct aspace *as = p->aspace;

	s->max_resident = p->max_resident;
	if (!as)
		return;
	s->mapped = as->mapped_pages;
	s->resident = as->resident_pages;
	s->max_resident = MAX(p->max_resident, as->max_resident);
}

static void take_thread(struct snapshot *s, struct thread *t)
{
	s->tid = t->tid;
	s->state = thread_letter(t);
	s->time = thread_time(t);
	s->pending = t->signals_pending;
	strlcpy(s->name, t->name, sizeof(s->name));
}

static void take_process(struct snapshot *s, struct process *p)
{
	const struct thread *first = find_thread(p, p->pid);

	*s = (struct snapshot){
		.pid = p->pid,
		.tid = p->pid,
		.ppid = p->ppid,
		.pgid = p->pgid,
		.sid = p->sid,
		.state = process_letter(p),
		.nice = p->nice,
		.threads = p->thread_count,
		.started = p->started,
		.cred = p->cred,
		.pending = p->signals_pending,
		.rss_limit = p->limits[RLIMIT_RSS].soft,
		.time = process_time(p),
		.children = p->children_time,
		.sigmask = first ? first->sigmask : 0,
		.cpu = first ? first->cpu : 0,
	};
	strlcpy(s->name, p->name, sizeof(s->name));
	take_actions(s, p);
	take_memory(s, p);
}

/* 0 or -ESRCH. */
static int snapshot_take(const struct proc_node *node, struct snapshot *s)
{
	struct process *p;
	int error = 0;

	spin_lock(&process_lock);
	p = proc_process(node);
	if (p) {
		struct thread *t = find_thread(p, node->tid);

		take_process(s, p);
		if (t)
			take_thread(s, t);
		else if (node->tid)
			error = -ESRCH;
	}
	spin_unlock(&process_lock);
	return p ? error : -ESRCH;
}

/* ---- stat ---- */

static int show_stat(const struct proc_node *node, struct text *text)
{
	struct snapshot s;
	int error = snapshot_take(node, &s), foreground = -1;
	uint64_t terminal = 0;

	if (error)
		return error;
	tty_of_session(s.sid, &terminal, &foreground);
	/* 1 to 13: who, terminal, flags, faults. */
	text_printf(text, "%d (%s) %c %d %d %d %d %d 0 0 0 0 0", s.tid, s.name,
		    s.state, s.ppid, s.pgid, s.sid, (int)terminal, foreground);
	/* 14 to 22: times, priority, threads. */
	text_printf(
		text, " %lu %lu %lu %lu %d %d %u 0 %lu",
		proc_ticks(s.time.user), proc_ticks(s.time.system),
		proc_ticks(s.children.user), proc_ticks(s.children.system),
		20 + s.nice, s.nice, s.threads,
		(uint64_t)(s.started / (NSEC_PER_SEC / PROC_TICKS_PER_SECOND)));
	/* 23 to 30: memory; where code and stack are is not told. */
	text_printf(text, " %lu %zu %lu 0 0 0 0 0", s.mapped * PAGE_SIZE,
		    s.resident, s.rss_limit);
	/* 31 to 39: signals, swap, exit signal, CPU. */
	text_printf(text, " %lu %lu %lu %lu 0 0 0 17 %u", s.pending, s.sigmask,
		    s.ignored, s.caught, s.cpu);
	/* 40 to 52. */
	text_printf(text, " 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
	return 0;
}

static int show_statm(const struct proc_node *node, struct text *text)
{
	struct snapshot s;
	int error = snapshot_take(node, &s);

	if (!error)
		text_printf(text, "%zu %zu 0 0 0 %zu 0\n", s.mapped, s.resident,
			    s.mapped);
	return error;
}

/* ---- status ---- */

static const char *state_words(char letter)
{
	switch (letter) {
	case 'R':
		return "R (running)";
	case 'Z':
		return "Z (zombie)";
	default:
		return "S (sleeping)";
	}
}

static void show_credentials(const struct credentials *c, struct text *text)
{
	text_printf(text, "Uid:\t%u\t%u\t%u\t%u\n", c->uid, c->euid, c->suid,
		    c->fsuid);
	text_printf(text, "Gid:\t%u\t%u\t%u\t%u\n", c->gid, c->egid, c->sgid,
		    c->fsgid);
	text_printf(text, "Groups:\t");
	for (unsigned int i = 0; i < c->group_count; i++)
		text_printf(text, "%u ", c->groups[i]);
	text_printf(text, "\n");
}

static void show_memory(const struct snapshot *s, struct text *text)
{
	const size_t page_kib = PAGE_SIZE / KIB;

	text_printf(text, "VmPeak:\t%8zu kB\n", s->mapped * page_kib);
	text_printf(text, "VmSize:\t%8zu kB\n", s->mapped * page_kib);
	text_printf(text, "VmHWM:\t%8zu kB\n", s->max_resident * page_kib);
	text_printf(text, "VmRSS:\t%8zu kB\n", s->resident * page_kib);
}

static int show_status(const struct proc_node *node, struct text *text)
{
	struct snapshot s;
	int error = snapshot_take(node, &s);

	if (error)
		return error;
	text_printf(text, "Name:\t%s\nState:\t%s\n", s.name,
		    state_words(s.state));
	text_printf(text, "Tgid:\t%d\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
		    s.pid, s.tid, s.ppid);
	show_credentials(&s.cred, text);
	show_memory(&s, text);
	text_printf(text, "Threads:\t%u\n", s.threads);
	text_printf(text, "SigPnd:\t%016lx\nSigBlk:\t%016lx\n", s.pending,
		    s.sigmask);
	text_printf(text, "SigIgn:\t%016lx\nSigCgt:\t%016lx\n", s.ignored,
		    s.caught);
	return 0;
}

/* ---- comm ---- */

static int show_comm(const struct proc_node *node, struct text *text)
{
	struct snapshot s;
	int error = snapshot_take(node, &s);

	if (!error)
		text_printf(text, "%s\n", s.name);
	return error;
}

/* A process may name its own threads. */
static int store_comm(const struct proc_node *node, const char *value)
{
	struct thread *t;

	if (current->proc->pid != node->pid)
		return -EINVAL;
	spin_lock(&process_lock);
	t = find_thread(current->proc, node->tid ? node->tid : node->pid);
	if (t)
		strlcpy(t->name, value, COMM_SIZE);
	if (t && t->tid == node->pid)
		strlcpy(current->proc->name, value, COMM_SIZE);
	spin_unlock(&process_lock);
	return t ? 0 : -ESRCH;
}

/* ---- limits ---- */

static const struct {
	const char *name, *unit;
	unsigned int which;
} limit_rows[] = {
	{"Max cpu time", "seconds", RLIMIT_CPU},
	{"Max file size", "bytes", RLIMIT_FSIZE},
	{"Max data size", "bytes", RLIMIT_DATA},
	{"Max stack size", "bytes", RLIMIT_STACK},
	{"Max core file size", "bytes", RLIMIT_CORE},
	{"Max resident set", "bytes", RLIMIT_RSS},
	{"Max processes", "processes", RLIMIT_NPROC},
	{"Max open files", "files", RLIMIT_NOFILE},
	{"Max locked memory", "bytes", RLIMIT_MEMLOCK},
	{"Max address space", "bytes", RLIMIT_AS},
	{"Max nice priority", "", RLIMIT_NICE},
};

static void print_limit(struct text *text, uint64_t value)
{
	if (value == RLIM_INFINITY)
		text_printf(text, "%-21s", "unlimited");
	else
		text_printf(text, "%-21lu", value);
}

static int show_limits(const struct proc_node *node, struct text *text)
{
	struct rlimit limits[RLIMITS];
	const struct process *p;

	spin_lock(&process_lock);
	p = proc_process(node);
	if (p)
		memcpy(limits, p->limits, sizeof(limits));
	spin_unlock(&process_lock);
	if (!p)
		return -ESRCH;
	text_printf(text, "%-26s%-21s%-21s%s\n", "Limit", "Soft Limit",
		    "Hard Limit", "Units");
	for (size_t i = 0; i < ARRAY_SIZE(limit_rows); i++) {
		const struct rlimit *limit = &limits[limit_rows[i].which];

		text_printf(text, "%-26s", limit_rows[i].name);
		print_limit(text, limit->soft);
		print_limit(text, limit->hard);
		text_printf(text, "%s\n", limit_rows[i].unit);
	}
	return 0;
}

/* ---- threads ---- */

static int next_thread(const struct proc_node *dir, int from)
{
	struct process *p;
	struct thread *t;
	int next = -1;

	spin_lock(&process_lock);
	p = proc_process(dir);
	if (p)
		list_for_each (t, &p->threads, proc_link)
			if (t->tid >= from && (next < 0 || t->tid < next))
				next = t->tid;
	spin_unlock(&process_lock);
	return next;
}

/* ---- the tables ---- */

#define COMM \
	{ \
		.name = "comm", .mode = S_IFREG | 0644, .show = show_comm, \
		.store = store_comm \
	}

static const struct proc_entry thread_names[] = {
	PROC_FILE("stat", show_stat),
	PROC_FILE("statm", show_statm),
	PROC_FILE("status", show_status),
	COMM,
	PROC_FILE("cmdline", proc_show_cmdline),
	PROC_FILE("maps", proc_show_maps),
	{0},
};

static const struct proc_entry thread_entry = {
	.mode = S_IFDIR | 0555,
	.names = thread_names,
};

static const struct proc_entry fd_entry = PROC_LINK(NULL, proc_link_fd);

const struct proc_entry proc_process_names[] = {
	PROC_FILE("stat", show_stat),
	PROC_FILE("statm", show_statm),
	PROC_FILE("status", show_status),
	COMM,
	PROC_FILE("cmdline", proc_show_cmdline),
	{.name = "environ", .mode = S_IFREG | 0400, .show = proc_show_environ},
	PROC_FILE("maps", proc_show_maps),
	PROC_FILE("limits", show_limits),
	PROC_FILE("mounts", proc_show_mounts),
	PROC_FILE("mountinfo", proc_show_mountinfo),
	PROC_LINK("cwd", proc_link_cwd),
	PROC_LINK("root", proc_link_root),
	PROC_LINK("exe", proc_link_exe),
	{.name = "fd",
	 .mode = S_IFDIR | 0500,
	 .numbers = &fd_entry,
	 .next = proc_next_fd},
	{.name = "task",
	 .mode = S_IFDIR | 0555,
	 .numbers = &thread_entry,
	 .next = next_thread},
	{0},
};
