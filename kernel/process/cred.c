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
#include "cred.h"
#include "errno.h"
#include "process_parts.h"
#include "string.h"
#include "syscall.h"
#include "uaccess.h"

static struct id_set users_of(const struct credentials *c)
{
	return (struct id_set){c->uid, c->euid, c->suid, c->fsuid};
}

static struct id_set groups_of(const struct credentials *c)
{
	return (struct id_set){c->gid, c->egid, c->sgid, c->fsgid};
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

long users_set(id_rule *rule, struct id_change *change)
{
	struct process *p = cred_lock();
	struct id_set ids = users_of(&p->cred);
	long result = rule(&ids, p->cred.euid == 0, change);

	if (result >= 0 && ids.real != p->cred.uid && user_change(p, ids.real))
		result = -EAGAIN;
	if (result >= 0)
		users_apply(&p->cred, &ids);
	cred_unlock(p);
	return result;
}

long groups_set(id_rule *rule, struct id_change *change)
{
	struct process *p = cred_lock();
	struct id_set ids = groups_of(&p->cred);
	long result = rule(&ids, p->cred.euid == 0, change);

	if (result >= 0)
		groups_apply(&p->cred, &ids);
	cred_unlock(p);
	return result;
}

struct id_set users_get(void)
{
	struct process *p = cred_lock();
	struct id_set ids = users_of(&p->cred);

	cred_unlock(p);
	return ids;
}

struct id_set groups_get(void)
{
	struct process *p = cred_lock();
	struct id_set ids = groups_of(&p->cred);

	cred_unlock(p);
	return ids;
}

/* ---- system calls ---- */

/* setuid(2): root becomes that user for good, others change what they use. */
static int set_one(struct id_set *ids, bool root, struct id_change *change)
{
	uint32_t id = change->effective;

	if (id == KEEP)
		return -EINVAL;
	if (root)
		ids->real = ids->saved = id;
	else if (id != ids->real && id != ids->saved)
		return -EPERM;
	ids->effective = ids->fs = id;
	return 0;
}

long sys_setuid(unsigned int uid)
{
	return users_set(set_one, &(struct id_change){.effective = uid});
}

long sys_setgid(unsigned int gid)
{
	return groups_set(set_one, &(struct id_change){.effective = gid});
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
