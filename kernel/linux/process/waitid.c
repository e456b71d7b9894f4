/*
 * waitid.c - waitid(2): a parent learns how its children ended, in the form of
 * a siginfo_t.
 */
#include "errno.h"
#include "process_parts.h"
#include "uaccess.h"

#define WAITID_EVENTS (WSTOPPED | WEXITED | WCONTINUED)
#define WAITID_OPTIONS \
	(WNOHANG | WNOWAIT | WAITID_EVENTS | WNOTHREAD | WALL | WCLONE)

enum { P_ALL, P_PID, P_PGID }; /* waitid's first argument */

/* siginfo_t of SIGCHLD, and its codes: sigaction(2). */
struct child_info {
	int32_t signal, error, code, pad;
	int32_t pid;
	uint32_t uid;
	int32_t status;
};

enum { CLD_EXITED = 1, CLD_KILLED, CLD_DUMPED };

/* All zero when there was no child: so says waitid(2) of WNOHANG. */
static int info_put(uintptr_t addr, const struct wait_result *result)
{
	struct child_info info = {0};
	int killed_by = result->status & 0x7f;

	if (!addr)
		return 0;
	if (result->pid) {
		info.signal = SIGCHLD;
		info.code = killed_by ? CLD_KILLED : CLD_EXITED;
		if (result->status & 0x80)
			info.code = CLD_DUMPED;
		info.pid = result->pid;
		info.uid = result->uid;
		info.status = killed_by ? killed_by : result->status >> 8;
	}
	return put_user(info, addr);
}

static int query_from_id(struct wait_query *query, int type, int id)
{
	switch (type) {
	case P_ALL:
		query->type = WAIT_ANY;
		return 0;
	case P_PID:
		query->type = WAIT_PID;
		query->id = id;
		return id > 0 ? 0 : -EINVAL;
	case P_PGID:
		query->type = WAIT_GROUP;
		query->id = id ? id : current->proc->pgid;
		return id >= 0 ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

long sys_waitid(int type, int id, uintptr_t info, int options, uintptr_t rusage)
{
	struct wait_query query = {.options = options};
	struct wait_result result;
	int error = query_from_id(&query, type, id);

	if (error || (options & ~WAITID_OPTIONS) || !(options & WAITID_EVENTS))
		return -EINVAL;
	error = process_wait(&query, &result);
	if (error)
		return error;
	if (info_put(info, &result))
		return -EFAULT;
	return result.pid ? wait_rusage_put(rusage, &result) : 0;
}
