/*
 * bad_pointer.c - exercise 2.1: a bad pointer gets EFAULT, and no event is
 * lost.  Its events come from the machine's keyboard: so it passes when 2.2 is
 * done, too.  Not for Linux: it has no such calls.
 */
#include "events.h"

#include <sys/mman.h>

/* Asks for an event at a bad address until one is there, and says how that
 * ended. */
static void ask_at(void *address, const char *where)
{
	int got;

	while ((got = input_poll_event(address)) == 0)
		;
	tell("%s: %s", where, got < 0 ? strerror(errno) : "an event");
}

/* The last bytes before a page that cannot be touched. */
static char *edge(void)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(pages + 4096, 4096, PROT_NONE);
	return pages + 4096;
}

int main(void)
{
	char *closed = edge();
	struct sb_event e;

	begin();
	do {
		ask_at(NULL, "NULL");
		ask_at(closed, "closed page");
		ask_at(closed - 8, "half in a closed page");
		ask_at((void *)-4096L, "kernel memory");
		e = next_event();
		tell_event(&e);
	} while (e.type != SB_KEY_UP || e.data[0] != 1);
	return 0;
}
