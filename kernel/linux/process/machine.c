/*
 * sys_misc.c - who and what this machine is: uname, sysinfo, its name.
 *
 * Programs ask uname(2) whether they run on Linux, and which one: they get the
 * answer that fits the calls they may use.
 */
#include "aspace.h"
#include "errno.h"
#include "heap.h"
#include "page.h"
#include "process.h"
#include "sanitize.h"
#include "spinlock.h"
#include "string.h"
#include "syscall.h"
#include "time.h"
#include "uaccess.h"
#include "uts.h"
#include "vm.h"

static struct spinlock lock = SPINLOCK_INIT("uname");

/* The two names that can be set need lock. */
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
	spin_lock(&lock);
	*to = names;
	spin_unlock(&lock);
}

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
	spin_lock(&lock);
	strlcpy(name, to, UTS_NAME_SIZE);
	spin_unlock(&lock);
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

/* ---- sysinfo ---- */

struct sysinfo {
	int64_t uptime;    /* seconds */
	uint64_t loads[3]; /* not measured */
	uint64_t total_ram, free_ram, shared_ram, buffer_ram;
	uint64_t total_swap, free_swap;
	uint16_t procs, padding[3];
	uint64_t total_high, free_high;
	uint32_t unit; /* bytes that the sizes count in */
	uint32_t end;
};

_Static_assert(sizeof(struct sysinfo) == 112, "Linux x86-64's size");

/* What the kernel keeps for reuse is free memory: it could be given back, but
 * that a program asks is no reason to. */
static size_t free_pages(void)
{
	if (SANITIZING)
		heap_trim(); /* what it keeps back is free, too */
	return page_free_count() + vm_stack_kept_pages() + aspace_kept_pages() +
	       heap_kept_pages();
}

long sys_sysinfo(uintptr_t buf)
{
	struct sysinfo info = {
		.uptime = time_ns() / NSEC_PER_SEC,
		.total_ram = page_total_count() * PAGE_SIZE,
		.free_ram = free_pages() * PAGE_SIZE,
		.procs = MIN(process_count(), UINT16_MAX),
		.unit = 1,
	};

	return put_user(info, buf);
}
