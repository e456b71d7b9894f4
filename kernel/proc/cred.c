/*
 * cred.c - whose rights a process has: users and groups.
 *
 * There are four of each, as on Linux (credentials(7)):
 *
 *	real		who started the process
 *	effective	whose rights it uses now
 *	saved		to which it may return
 *	fs		the effective one, for files; nobody sets it apart any
 *			more, but setfsuid(2) can
 *
 * A process whose effective user is 0 may set any; others only exchange those
 * that they have.  The rights belong to the process: all of its threads change
 * at once, which POSIX asks for, and for which a C library on Linux has to work
 * hard.
 *
 * The process's lock guards its credentials.  The same rules hold for users and
 * groups, so both are one set of functions over struct id_set.
 */
#include "errno.h"
#include "proc.h"
#include "string.h"
#include "syscall.h"
#include "uaccess.h"

#define KEEP UINT32_MAX /* (uid_t)-1: leave as it is */

struct id_set {
	uint32_t real, effective, saved, fs;
};

static struct id_set users_of(const struct credentials *c)
{
	return (struct id_set){c->uid, c->euid, c->suid, c->fsuid};
}

static struct id_set groups_of(const struct credentials *c)
{
	return (struct id_set){c->gid, c->egid, c->sgid, c->fsgid};
}

/* ---- the rules ---- */

static bool is_one_of(const struct id_set *ids, uint32_t id)
{
	return id == ids->real || id == ids->effective || id == ids->saved;
}

/* setuid(2): root becomes that user for good, others change what they use. */
static int ids_set(struct id_set *ids, bool root, uint32_t id)
{
	if (id == KEEP)
		return -EINVAL;
	if (root)
		ids->real = ids->saved = id;
	else if (id != ids->real && id != ids->saved)
		return -EPERM;
	ids->effective = ids->fs = id;
	return 0;
}

/* setreuid(2): the saved one follows, unless only the effective one moves
 * within what is real. */
static int ids_set_two(struct id_set *ids, bool root, uint32_t real,
		       uint32_t effective)
{
	struct id_set old = *ids;

	if (!root && real != KEEP && real != old.real && real != old.effective)
		return -EPERM;
	if (!root && effective != KEEP && !is_one_of(&old, effective))
		return -EPERM;
	if (real != KEEP)
		ids->real = real;
	if (effective != KEEP)
		ids->effective = effective;
	if (real != KEEP || (effective != KEEP && effective != old.real))
		ids->saved = ids->effective;
	ids->fs = ids->effective;
	return 0;
}

static int ids_set_three(struct id_set *ids, bool root, uint32_t real,
			 uint32_t effective, uint32_t saved)
{
	struct id_set old = *ids;

	if (!root && ((real != KEEP && !is_one_of(&old, real)) ||
		      (effective != KEEP && !is_one_of(&old, effective)) ||
		      (saved != KEEP && !is_one_of(&old, saved))))
		return -EPERM;
	if (real != KEEP)
		ids->real = real;
	if (effective != KEEP)
		ids->effective = effective;
	if (saved != KEEP)
		ids->saved = saved;
	ids->fs = ids->effective;
	return 0;
}

/* setfsuid(2) has no error: it returns the old one, whatever happens. */
static uint32_t ids_set_fs(struct id_set *ids, bool root, uint32_t id)
{
	uint32_t old = ids->fs;

	if (id != KEEP && (root || id == old || is_one_of(ids, id)))
		ids->fs = id;
	return old;
}

/* ---- applying them ---- */

/* The process now counts for another user's limit: user.c. */
static int real_user_change(struct process *p, uint32_t uid)
{
	struct user *from, *to;

	spin_lock(&process_lock);
	from = p->user;
	to = user_get(uid);
	if (to) {
		/* Its number, and those of its further threads. */
		unsigned int tasks = process_tasks(p);

		user_count(to, tasks);
		user_count(from, -tasks);
		p->user = to;
		user_put(from);
	}
	spin_unlock(&process_lock);
	return to ? 0 : -EAGAIN;
}

static int users_apply(struct process *p, const struct id_set *ids)
{
	if (ids->real != p->cred.uid) {
		int error = real_user_change(p, ids->real);

		if (error)
			return error;
	}
	p->cred.uid = ids->real;
	p->cred.euid = ids->effective;
	p->cred.suid = ids->saved;
	p->cred.fsuid = ids->fs;
	return 0;
}

static void groups_apply(struct process *p, const struct id_set *ids)
{
	p->cred.gid = ids->real;
	p->cred.egid = ids->effective;
	p->cred.sgid = ids->saved;
	p->cred.fsgid = ids->fs;
}
