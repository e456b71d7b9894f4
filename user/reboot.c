/*
 * reboot - stops the machine, by reboot(2): as poweroff, reboot or halt,
 * whatever name it is called by.
 *
 * Linux's programs of these names ask init by a signal, so that it can end
 * everything in good order first.  Here all files are in memory: there is
 * nothing to save, and so nobody to ask.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>

int main(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "";
	int how = RB_AUTOBOOT;

	if (strcmp(name, "poweroff") == 0)
		how = RB_POWER_OFF;
	else if (strcmp(name, "halt") == 0)
		how = RB_HALT_SYSTEM;
	reboot(how);
	fprintf(stderr, "%s: %s\n", name, strerror(errno));
	return 1;
}
