/*
 * pty.h - a pseudo-terminal, for its two files: pty.c, pty_master.c.
 */
#ifndef PTY_H
#define PTY_H

#include "tty.h"

#define SENT_RING 4096

#define PTS_MAJOR 136 /* of /dev/pts/N; the minor is N */

struct pty {
	struct tty tty; /* its files are those of both ends */
	int number;

	/* Needs fs_lock: what its name means, a reference, or NULL. */
	struct inode *node;

	/* Needs ptys_lock. */
	bool has_master;
	bool locked; /* unlockpt(3) has not been called yet */

	/* Needs tty.lock. */
	bool left; /* nobody has the terminal open any more */
	struct waitq master_readers, master_writers;
	struct pollhead master_pollhead;
	unsigned int taken, sent_count; /* bytes, ever */
	char sent[SENT_RING];
};

extern const struct file_ops pty_master_ops; /* their object is the pty */

/* ---- pty.c ---- */

/* The master's last reference has gone. */
void pty_master_closed(struct pty *pty);

void pty_set_locked(struct pty *pty, bool locked);

#endif
