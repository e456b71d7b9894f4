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
#include "process_parts.h"
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

/* A call that changes ids, and its arguments. */
struct id_change {
	enum { SET_ONE, SET_TWO, SET_THREE } rule;
	uint32_t real, effective, saved;
};

static bool is_one_of(const struct id_set *ids, uint32_t id)
{
	return id == ids->real || id == ids->effective || id == ids->saved;
}

static bool may_become(const struct id_set *ids, uint32_t id)
{
	return id == KEEP || is_one_of(ids, id);
}

/* setuid(2): root becomes that user for good, others change what they use. */
static int set_one(struct id_set *ids, bool root, uint32_t id)
{
	if (id == KEEP)
		return -EINVAL;
	if (root)
		ids->real = ids->saved = id;
	else if (id != ids->real && id != ids->saved)
		return -EPERM;
	ids->effective = id;
	return 0;
}

/* setreuid(2): the saved one follows when the real one is set, or when the
 * effective one becomes something else than the real one was. */
static int set_two(struct id_set *ids, bool root, uint32_t real,
		   uint32_t effective)
{
	struct id_set old = *ids;

	if (!root && real != KEEP && real != old.real && real != old.effective)
		return -EPERM;
	if (!root && !may_become(&old, effective))
		return -EPERM;
	if (real != KEEP)
		ids->real = real;
	if (effective != KEEP)
		ids->effective = effective;
	if (real != KEEP || (effective != KEEP && effective != old.real))
		ids->saved = ids->effective;
	return 0;
}

static int set_three(struct id_set *ids, bool root, uint32_t real,
		     uint32_t effective, uint32_t saved)
{
	if (!root && !(may_become(ids, real) && may_become(ids, effective) &&
		       may_become(ids, saved)))
		return -EPERM;
	if (real != KEEP)
		ids->real = real;
	if (effective != KEEP)
		ids->effective = effective;
	if (saved != KEEP)
		ids->saved = saved;
	return 0;
}

static int ids_change(struct id_set *ids, bool root,
		      const struct id_change *change)
{
	int error;

	if (change->rule == SET_ONE)
		error = set_one(ids, root, change->effective);
	else if (change->rule == SET_TWO)
		error = set_two(ids, root, change->real, change->effective);
	else
		error = set_three(ids, root, change->real, change->effective,
				  change->saved);
	ids->fs = ids->effective;
	return error;
}

/* setfsuid(2) has no error: it returns the old one, whatever happens. */
static uint32_t fs_change(struct id_set *ids, bool root, uint32_t id)
{
	uint32_t old = ids->fs;

	if (id != KEEP && (root || id == old || is_one_of(ids, id)))
		ids->fs = id;
	return old;
}

/* ---- applying them ---- */

/* In this order, since the number of a user's processes changes too. */
static struct process *cred_lock(void)
{
	struct process *p = current->proc;

	spin_lock(&process_lock);
	spin_lock(&p->lock);
	return p;
}

static void cred_unlock(struct process *p)
{
	spin_unlock(&p->lock);
	spin_unlock(&process_lock);
}

/* From now on p and its threads count for this user: user.c. */
static int user_change(struct process *p, uint32_t uid)
{
	struct user *user = user_get(uid);

	if (!user)
		return -EAGAIN;
	user_count(user, p->pids_held);
	user_count(p->user, -p->pids_held);
	user_put(p->user);
	p->user = user;
	return 0;
}

static void users_apply(struct credentials *c, const struct id_set *ids)
{
	c->uid = ids->real;
	c->euid = ids->effective;
	c->suid = ids->saved;
	c->fsuid = ids->fs;
}

static void groups_apply(struct credentials *c, const struct id_set *ids)
{
	c->gid = ids->real;
	c->egid = ids->effective;
	c->sgid = ids->saved;
	c->fsgid = ids->fs;
}

static long users_set(const struct id_change *change)
{
	struct process *p = cred_lock();
	struct id_set ids = users_of(&p->cred);
	int error = ids_change(&ids, p->cred.euid == 0, change);

	if (!error && ids.real != p->cred.uid)
		error = user_change(p, ids.real);
	if (!error)
		users_apply(&p->cred, &ids);
	cred_unlock(p);
	return error;
}

static long groups_set(const struct id_change *change)
{
	struct process *p = cred_lock();
	struct id_set ids = groups_of(&p->cred);
	int error = ids_change(&ids, p->cred.euid == 0, change);

	if (!error)
		groups_apply(&p->cred, &ids);
	cred_unlock(p);
	return error;
}

/* ---- system calls ---- */

long sys_setuid(unsigned int uid)
{
	struct id_change change = {.rule = SET_ONE, .effective = uid};

	return users_set(&change);
}

long sys_setgid(unsigned int gid)
{
	struct id_change change = {.rule = SET_ONE, .effective = gid};

	return groups_set(&change);
}

long sys_setreuid(unsigned int real, unsigned int effective)
{
	struct id_change change = {SET_TWO, real, effective, KEEP};

	return users_set(&change);
}

long sys_setregid(unsigned int real, unsigned int effective)
{
	struct id_change change = {SET_TWO, real, effective, KEEP};

	return groups_set(&change);
}

long sys_setresuid(unsigned int real, unsigned int effective,
		   unsigned int saved)
{
	struct id_change change = {SET_THREE, real, effective, saved};

	return users_set(&change);
}

long sys_setresgid(unsigned int real, unsigned int effective,
		   unsigned int saved)
{
	struct id_change change = {SET_THREE, real, effective, saved};

	return groups_set(&change);
}

long sys_setfsuid(unsigned int uid)
{
	struct process *p = cred_lock();
	struct id_set ids = users_of(&p->cred);
	uint32_t old = fs_change(&ids, p->cred.euid == 0, uid);

	users_apply(&p->cred, &ids);
	cred_unlock(p);
	return old;
}

long sys_setfsgid(unsigned int gid)
{
	struct process *p = cred_lock();
	struct id_set ids = groups_of(&p->cred);
	uint32_t old = fs_change(&ids, p->cred.euid == 0, gid);

	groups_apply(&p->cred, &ids);
	cred_unlock(p);
	return old;
}

long sys_getuid(void)
{
	return current->proc->cred.uid;
}

long sys_geteuid(void)
{
	return current->proc->cred.euid;
}

long sys_getgid(void)
{
	return current->proc->cred.gid;
}

long sys_getegid(void)
{
	return current->proc->cred.egid;
}

static long ids_put(const struct id_set *ids, uintptr_t real,
		    uintptr_t effective, uintptr_t saved)
{
	if (put_user(ids->real, real) || put_user(ids->effective, effective) ||
	    put_user(ids->saved, saved))
		return -EFAULT;
	return 0;
}

long sys_getresuid(uintptr_t real, uintptr_t effective, uintptr_t saved)
{
	struct process *p = cred_lock();
	struct id_set ids = users_of(&p->cred);

	cred_unlock(p);
	return ids_put(&ids, real, effective, saved);
}

long sys_getresgid(uintptr_t real, uintptr_t effective, uintptr_t saved)
{
	struct process *p = cred_lock();
	struct id_set ids = groups_of(&p->cred);

	cred_unlock(p);
	return ids_put(&ids, real, effective, saved);
}

/* How many there are; size 0 only asks that. */
long sys_getgroups(int size, uintptr_t list)
{
	struct process *p = cred_lock();
	struct credentials cred = p->cred;

	cred_unlock(p);
	if (size < 0 || (size > 0 && (unsigned int)size < cred.group_count))
		return -EINVAL;
	if (size > 0 && copy_to_user(list, cred.groups,
				     cred.group_count * sizeof(uint32_t)))
		return -EFAULT;
	return cred.group_count;
}

long sys_setgroups(int size, uintptr_t list)
{
	uint32_t groups[NGROUPS_MAX];
	struct process *p;

	if (!process_is_root())
		return -EPERM;
	if ((unsigned int)size > NGROUPS_MAX)
		return -EINVAL;
	if (copy_from_user(groups, list, size * sizeof(uint32_t)))
		return -EFAULT;
	p = cred_lock();
	p->cred.group_count = size;
	memcpy(p->cred.groups, groups, size * sizeof(uint32_t));
	cred_unlock(p);
	return 0;
}
