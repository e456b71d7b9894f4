/*
 * machine.c - who and what this machine is: uname, its name.
 *
 * Programs ask uname(2) whether they run on Linux, and which one: they get the
 * answer that fits the calls they may use.
 */
#include "errno.h"
#include "init.h"
#include "process.h"
#include "string.h"
#include "sync.h"
#include "syscall.h"
#include "uaccess.h"
#include "uts.h"

/* Lab 3's: many programs ask, and hardly ever one gives another name. */
static struct rwlock names_lock;

/* The two names that can be set need names_lock. */
static struct utsname names = {
	.sysname = "Linux",
	.nodename = "signalbox",
	.release = "6.1.0-signalbox",
	.version = "Signalbox",
	.machine = "x86_64",
	.domainname = "(none)",
};

void uts_copy(struct utsname *to)
{
	rwlock_read_lock(&names_lock);
	*to = names;
	rwlock_read_unlock(&names_lock);
}

static void names_init(void)
{
	rwlock_init(&names_lock, "uname");
}
INIT(INIT_PARTS, names_init);

long sys_uname(uintptr_t buf)
{
	struct utsname copy;

	uts_copy(&copy);
	return put_user(copy, buf);
}

static int set_name(char *name, const char *to)
{
	if (strlen(to) >= UTS_NAME_SIZE)
		return -EINVAL;
	rwlock_write_lock(&names_lock);
	strlcpy(name, to, UTS_NAME_SIZE);
	rwlock_write_unlock(&names_lock);
	return 0;
}

int uts_set_nodename(const char *name)
{
	return set_name(names.nodename, name);
}

int uts_set_domainname(const char *name)
{
	return set_name(names.domainname, name);
}

static long set_name_user(char *name, uintptr_t addr, int len)
{
	char copy[UTS_NAME_SIZE] = "";

	if (!process_is_root())
		return -EPERM;
	if (len < 0 || len >= UTS_NAME_SIZE)
		return -EINVAL;
	if (copy_from_user(copy, addr, len))
		return -EFAULT;
	return set_name(name, copy);
}

long sys_sethostname(uintptr_t name, int len)
{
	return set_name_user(names.nodename, name, len);
}

long sys_setdomainname(uintptr_t name, int len)
{
	return set_name_user(names.domainname, name, len);
}
