/*
 * linux_init.c - what Linux runs first when it is measured.
 *
 * The rows udp_pp and tcp_* talk to 127.0.0.1, and on Linux the interface lo is
 * down until somebody brings it up: netdevice(7).  Then this process becomes
 * ipcbench, with the arguments that it was given.
 */
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	if (s < 0 || ioctl(s, SIOCSIFFLAGS, &lo) < 0)
		perror("linux_init: lo");
	close(s);
	argv[0] = "/bin/ipcbench";
	execv(argv[0], argv);
	perror(argv[0]);
	return 1;
}
