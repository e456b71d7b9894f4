/*
 * sysctl.h - values of the kernel that root may change, in /proc/sys.
 *
 * A value is one word, read where it is needed without a lock.
 */
#ifndef SYSCTL_H
#define SYSCTL_H

#include "types.h"

struct sysctl {
	uint64_t value, min, max;
};

/* Messages, semaphores and shared memory of System V: their labs obey them. */
extern struct sysctl sysctl_msgmax, sysctl_msgmnb, sysctl_msgmni;
extern struct sysctl sysctl_shmmax, sysctl_shmall, sysctl_shmmni;

/* Semaphores: in an array, in all, operations in a call, arrays. */
extern struct sysctl sysctl_sem[4];

#define UTS_NAME_SIZE 65 /* with the terminator: uname(2) */

struct utsname {
	char sysname[UTS_NAME_SIZE], nodename[UTS_NAME_SIZE];
	char release[UTS_NAME_SIZE], version[UTS_NAME_SIZE];
	char machine[UTS_NAME_SIZE], domainname[UTS_NAME_SIZE];
};

/* ---- kernel/linux/process/machine.c ---- */

/* As uname(2) gives it. */
void uts_copy(struct utsname *to);

/* As sethostname(2), of a terminated string: -EINVAL, it is too long. */
int uts_set_nodename(const char *name);
int uts_set_domainname(const char *name);

#endif
