/*
 * redirect.c - < > >> and >&: descriptors of a command are made others.
 *
 * In a child that is all.  Where the shell itself runs the command, it keeps
 * the old ones under numbers from 10 on, which scripts do not use, and puts
 * them back afterwards.
 */
#include "sh.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FIRST_OWN_FD 10

/* The descriptor for the target; -1, and that has been said. */
static int redirect_open(const struct redirect *r)
{
	char *target = expand_word(r->target);
	int fd;

	if (r->duplicates) {
		fd = target[0] >= '0' && target[0] <= '9' && !target[1]
			     ? target[0] - '0'
			     : -1;
		if (fd < 0 || fcntl(fd, F_GETFD) < 0) {
			complain("%s: no such descriptor", target);
			return -1;
		}
		return fd;
	}
	fd = open(target, r->flags, 0666);
	if (fd < 0)
		complain("%s: %s", target, strerror(errno));
	return fd;
}

bool redirect(const struct redirect *r)
{
	for (; r; r = r->next) {
		int fd = redirect_open(r);

		if (fd < 0)
			return false;
		if (fd == r->fd)
			continue;
		dup2(fd, r->fd);
		if (!r->duplicates)
			close(fd);
	}
	return true;
}

/* What the descriptors were before; -1: closed. */
struct saved {
	int fds[FIRST_OWN_FD];
};

struct saved *redirect_save(const struct redirect *r)
{
	struct saved *s = sh_alloc(sizeof(*s));

	for (int fd = 0; fd < FIRST_OWN_FD; fd++)
		s->fds[fd] = -2;
	for (; r; r = r->next)
		if (s->fds[r->fd] == -2)
			s->fds[r->fd] = fcntl(r->fd, F_DUPFD_CLOEXEC,
					      FIRST_OWN_FD);
	return s;
}

void redirect_restore(const struct saved *s)
{
	for (int fd = 0; fd < FIRST_OWN_FD; fd++) {
		if (s->fds[fd] == -1)
			close(fd);
		if (s->fds[fd] < 0)
			continue;
		dup2(s->fds[fd], fd);
		close(s->fds[fd]);
	}
}
