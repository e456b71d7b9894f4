/*
 * calls.c - the system calls, and what each wants for arguments.
 *
 * A letter an argument (arguments.c makes them):
 *
 *	f descriptor	d descriptor of a directory	p path
 *	b buffer	n its length			x flags
 *	a page		l length in whole pages		r protection
 *	m mmap's flags	t a time, short			i process
 *	u user or group	o small number			0 zero, 1 one
 *	c arch_prctl's code	. anything, as are all further arguments
 *
 * tools/check user/fuzz-calls compares this list with that of the kernel.
 */
#include "fuzz.h"

#include <sys/resource.h>
#include <sys/syscall.h>

#define C(name, kinds) \
	{ \
#name, SYS_##name, kinds \
	}

const struct call calls[] = {
	/* files */
	C(read, "fbn"),
	C(write, "fbn"),
	C(open, "pxo"),
	C(close, "f"),
	C(stat, "pb"),
	C(fstat, "fb"),
	C(lstat, "pb"),
	C(poll, "bo0"),
	C(lseek, "fno"),
	C(ioctl, "f.b"),
	C(pread64, "fbnn"),
	C(pwrite64, "fbnn"),
	C(readv, "fbo"),
	C(writev, "fbo"),
	C(access, "po"),
	C(pipe, "b"),
	C(select, "obbbt"),
	C(dup, "f"),
	C(dup2, "ff"),
	C(socket, "ooo"),
	C(socketpair, "ooob"),
	C(fcntl, "fo."),
	C(fsync, "f"),
	C(fdatasync, "f"),
	C(truncate, "pn"),
	C(ftruncate, "fn"),
	C(getcwd, "bn"),
	C(chdir, "p"),
	C(fchdir, "f"),
	C(rename, "pp"),
	C(mkdir, "px"),
	C(rmdir, "p"),
	C(creat, "px"),
	C(link, "pp"),
	C(unlink, "p"),
	C(symlink, "pp"),
	C(readlink, "pbn"),
	C(chmod, "px"),
	C(fchmod, "fx"),
	C(chown, "puu"),
	C(fchown, "fuu"),
	C(lchown, "puu"),
	C(umask, "x"),
	C(mknod, "px0"),
	C(sync, ""),
	C(getdents64, "fbn"),
	C(openat, "dpxo"),
	C(mkdirat, "dpx"),
	C(mknodat, "dpx0"),
	C(fchownat, "dpuu0"),
	C(newfstatat, "dpb0"),
	C(unlinkat, "dp0"),
	C(renameat, "dpdp"),
	C(linkat, "dpdp0"),
	C(symlinkat, "pdp"),
	C(readlinkat, "dpbn"),
	C(fchmodat, "dpx"),
	C(faccessat, "dpo"),
	C(faccessat2, "dpo0"),
	C(pselect6, "obbbtb"),
	C(ppoll, "bot0"),
	C(utimensat, "dpt0"),
	C(dup3, "ff0"),
	C(pipe2, "b0"),
	C(preadv, "fbon0"),
	C(pwritev, "fbon0"),
	C(renameat2, "dpdp0"),
	C(close_range, "ff0"),
	C(preadv2, "fbon0x"),
	C(pwritev2, "fbon0x"),
	C(sendfile, "ffbn"),
	C(copy_file_range, "fbfbn0"),
	C(fallocate, "fxnn"),
	C(fadvise64, "fnno"),
	C(flock, "fo"),
	C(syncfs, "f"),
	C(statfs, "pb"),
	C(fstatfs, "fb"),
	C(statx, "dp0xb"),
	C(utime, "pb"),
	C(utimes, "pb"),
	C(futimesat, "dpb"),
	C(epoll_create, "o"),
	C(epoll_create1, "0"),
	C(epoll_ctl, "fofb"),
	C(epoll_wait, "fboo"),
	C(epoll_pwait, "fboobn"),
	C(epoll_pwait2, "fbotbn"),
	C(eventfd, "o"),
	C(eventfd2, "ox"),
	/* memory */
	C(mmap, "alrmf0"),
	C(mprotect, "alr"),
	C(munmap, "al"),
	C(brk, "a"),
	C(mremap, "alloa"),
	C(msync, "alo"),
	C(madvise, "alo"),
	/* processes and threads */
	C(getpid, ""),
	C(clone, "x0bbb"),
	C(fork, ""),
	C(vfork, ""),
	C(execve, "pbb"),
	C(exit, "o"),
	C(wait4, "ib1b"),
	C(kill, "io"),
	C(getppid, ""),
	C(setpgid, "ii"),
	C(getpgrp, ""),
	C(setsid, ""),
	C(getpgid, "i"),
	C(getsid, "i"),
	C(gettid, ""),
	C(tkill, "io"),
	C(tgkill, "iio"),
	C(futex, "boobbo"),
	C(set_tid_address, "b"),
	C(exit_group, "o"),
	C(waitid, "oibob"),
	C(set_robust_list, "bn"),
	C(get_robust_list, "ibb"),
	C(rseq, "bnxo"),
	C(clone3, "bn"),
	C(prctl, "ob"),
	C(arch_prctl, "cb"),
	C(sched_yield, ""),
	C(sched_getaffinity, "inb"),
	C(getpriority, "oi"),
	C(setpriority, "oi."),
	C(sched_setscheduler, "iob"),
	C(sched_getscheduler, "i"),
	C(sched_setparam, "ib"),
	C(sched_getparam, "ib"),
	C(sched_get_priority_max, "o"),
	C(sched_get_priority_min, "o"),
	C(getcpu, "bb"),
	/* signals */
	C(rt_sigaction, "obbo"),
	C(rt_sigprocmask, "obbo"),
	C(rt_sigpending, "bo"),
	C(rt_sigsuspend, "bo"),
	C(sigaltstack, "bb"),
	/* who it is, and what it may */
	C(getuid, ""),
	C(getgid, ""),
	C(setuid, "u"),
	C(setgid, "u"),
	C(geteuid, ""),
	C(getegid, ""),
	C(setreuid, "uu"),
	C(setregid, "uu"),
	C(getgroups, "ob"),
	C(setgroups, "ob"),
	C(setresuid, "uuu"),
	C(getresuid, "bbb"),
	C(setresgid, "uuu"),
	C(getresgid, "bbb"),
	C(setfsuid, "u"),
	C(setfsgid, "u"),
	C(getrlimit, "ob"),
	C(setrlimit, "ob"),
	C(prlimit64, "iobb"),
	C(getrusage, "ob"),
	/* time, and the system */
	C(nanosleep, "tb"),
	C(gettimeofday, "bb"),
	C(times, "b"),
	C(time, "b"),
	C(clock_settime, "ob"),
	C(clock_gettime, "ob"),
	C(clock_getres, "ob"),
	C(clock_nanosleep, "o0tb"),
	C(uname, "b"),
	C(sysinfo, "b"),
	C(sethostname, "bn"),
	C(setdomainname, "bn"),
	C(getrandom, "bnx"),
};
const size_t call_count = SIZE(calls);

#define FIRST_NATIVE 1000
#define NATIVE 50

#define BELOW(limit) random_below(&b->random, limit)

/* What could end the machine, were it ever there, is not tried. */
static bool is_forbidden(uint64_t number)
{
	switch (number) {
	case SYS_reboot:
	case SYS_kexec_load:
	case SYS_kexec_file_load:
	case SYS_init_module:
	case SYS_finit_module:
	case SYS_delete_module:
		return true;
	default:
		return false;
	}
}

/* What would end the batch is done seldom; a limit of descriptors, too, with
 * which it could not tell its progress. */
static bool is_final(uint64_t number, const uint64_t a[6])
{
	switch (number) {
	case SYS_setrlimit:
		return a[0] == RLIMIT_NOFILE;
	case SYS_prlimit64:
		return a[1] == RLIMIT_NOFILE;
	case SYS_exit:
	case SYS_exit_group:
		return true;
	case SYS_kill:
	case SYS_tkill:
		return a[1] != 0;
	case SYS_tgkill:
		return a[2] != 0;
	default:
		return false;
	}
}

static uint64_t choose_number(struct batch *b, const char **kinds)
{
	const struct call *call;

	*kinds = "";
	switch (BELOW(40)) {
	case 0:
		return BELOW(CALL_NUMBERS + 1);
	case 1:
		return FIRST_NATIVE + BELOW(NATIVE);
	case 2:
		return argument(b, '.');
	default:
		call = &calls[BELOW(call_count)];
		*kinds = call->kinds;
		return call->number;
	}
}

uint64_t call_choose(struct batch *b, uint64_t a[6])
{
	const char *kinds;
	uint64_t number;

	do {
		number = choose_number(b, &kinds);
		for (int i = 0; i < 6; i++)
			a[i] = argument(b, *kinds ? *kinds++ : '.');
	} while (is_forbidden(number) || (is_final(number, a) && BELOW(20)));
	return number;
}
