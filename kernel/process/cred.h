/*
 * cred.h - how a process's users and groups are changed, by its calls in
 * cred.c and linux/process/cred_calls.c.
 */
#ifndef CRED_H
#define CRED_H

#include "process.h"

#define KEEP UINT32_MAX /* (uid_t)-1: leave as it is */

struct id_set {
	uint32_t real, effective, saved, fs;
};

/* What a call asks for. */
struct id_change {
	uint32_t real, effective, saved;
};

/* What becomes of it: changes the set, or returns an errno.  root: the process
 * may do all. */
typedef int id_rule(struct id_set *ids, bool root, struct id_change *change);

/* For the users, and for the groups, of the current process: 0, the rule's
 * error, or -EAGAIN. */
long users_set(id_rule *rule, struct id_change *change);
long groups_set(id_rule *rule, struct id_change *change);

/* As they are now. */
struct id_set users_get(void);
struct id_set groups_get(void);

#endif
