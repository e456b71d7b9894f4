/*
 * redirect.c - < > >> and >&: descriptors of a command are made others, or by
 * >&- closed.
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

/* False, and that has been said. */
static bool duplicate(int fd, const char *target)
{
	if (strcmp(target, "-") == 0) {
		close(fd);
		return true;
	}
	if (target[0] >= '0' && target[0] <= '9' && !target[1] &&
	    dup2(target[0] - '0', fd) == fd)
		return true;
	complain("%s: no such descriptor", target);
	return false;
}

static bool open_as(int fd, const char *target, int flags)
{
	int opened = open(target, flags, 0666);

	if (opened < 0) {
		complain("%s: %s", target, strerror(errno));
		return false;
	}
	if (opened != fd) {
		dup2(opened, fd);
		close(opened);
	}
	return true;
}

bool redirect(const struct redirect *r)
{
	for (; r; r = r->next) {
		const char *target = expand_word(r->target);

		if (!(r->duplicates ? duplicate(r->fd, target)
				    : open_as(r->fd, target, r->flags)))
			return false;
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
			s->fds[r->fd] =
				fcntl(r->fd, F_DUPFD_CLOEXEC, FIRST_OWN_FD);
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
