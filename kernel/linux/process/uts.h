/*
 * uts.h - the names of the system and the machine: uname(2).
 */
#ifndef UTS_H
#define UTS_H

#define UTS_NAME_SIZE 65 /* with the terminator: uname(2) */

struct utsname {
	char sysname[UTS_NAME_SIZE], nodename[UTS_NAME_SIZE];
	char release[UTS_NAME_SIZE], version[UTS_NAME_SIZE];
	char machine[UTS_NAME_SIZE], domainname[UTS_NAME_SIZE];
};

/* As uname(2) gives it. */
void uts_copy(struct utsname *to);

/* As sethostname(2), of a terminated string: -EINVAL, it is too long. */
int uts_set_nodename(const char *name);
int uts_set_domainname(const char *name);

#endif
