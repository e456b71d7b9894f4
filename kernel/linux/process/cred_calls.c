/*
 * cred_calls.c - the calls that set each of a process's users and groups:
 * setreuid(2), setresuid(2), setfsuid(2) and their relatives.
 *
 * The same rules hold for users and groups: each is a function over struct
 * id_set, which process/cred.c applies.  The id for files follows the effective
 * one whenever that may have changed.
 */
#include "cred.h"
#include "errno.h"
#include "uaccess.h"

static bool is_one_of(const struct id_set *ids, uint32_t id)
{
	return id == ids->real || id == ids->effective || id == ids->saved;
}

static bool may_become(const struct id_set *ids, uint32_t id)
{
	return id == KEEP || is_one_of(ids, id);
}

/* setreuid(2): the saved one follows when the real one is set, or when the
 * effective one becomes something else than the real one was. */
static int set_two(struct id_set *ids, bool root, struct id_change *change)
{
	uint32_t real = change->real, effective = change->effective;
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
	ids->fs = ids->effective;
	return 0;
}

static int set_three(struct id_set *ids, bool root, struct id_change *change)
{
	uint32_t real = change->real, effective = change->effective;
	uint32_t saved = change->saved;

	if (!root && !(may_become(ids, real) && may_become(ids, effective) &&
		       may_become(ids, saved)))
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

/* setfsuid(2) has no error: it returns the old one, which is left in
 * change->real, whatever happens. */
static int set_fs(struct id_set *ids, bool root, struct id_change *change)
{
	uint32_t id = change->effective;

	change->real = ids->fs;
	if (id != KEEP && (root || id == ids->fs || is_one_of(ids, id)))
		ids->fs = id;
	return 0;
}

/* ---- system calls ---- */

long sys_setreuid(unsigned int real, unsigned int effective)
{
	struct id_change change = {real, effective, KEEP};

	return users_set(set_two, &change);
}

long sys_setregid(unsigned int real, unsigned int effective)
{
	struct id_change change = {real, effective, KEEP};

	return groups_set(set_two, &change);
}

long sys_setresuid(unsigned int real, unsigned int effective,
		   unsigned int saved)
{
	struct id_change change = {real, effective, saved};

	return users_set(set_three, &change);
}

long sys_setresgid(unsigned int real, unsigned int effective,
		   unsigned int saved)
{
	struct id_change change = {real, effective, saved};

	return groups_set(set_three, &change);
}

long sys_setfsuid(unsigned int uid)
{
	struct id_change change = {.effective = uid};

	users_set(set_fs, &change);
	return change.real;
}

long sys_setfsgid(unsigned int gid)
{
	struct id_change change = {.effective = gid};

	groups_set(set_fs, &change);
	return change.real;
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
	struct id_set ids = users_get();

	return ids_put(&ids, real, effective, saved);
}

long sys_getresgid(uintptr_t real, uintptr_t effective, uintptr_t saved)
{
	struct id_set ids = groups_get();

	return ids_put(&ids, real, effective, saved);
}
