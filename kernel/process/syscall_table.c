/*
 * table.c - the system calls: a line each, by their Linux x86-64 numbers; our
 * own, which Linux has not, from 1000 on (user/signalbox.h).
 *
 * The name in a line is the call's manual page, section 2; sys_NAME is the
 * function, beside what it works on.  A line with F is a call that needs all of
 * the caller's registers: see cpu/syscall_entry.asm, which reads this table.
 */
#include "backtrace.h"
#include "cpu.h"
#include "errno.h"
#include "panic.h"
#include "perturb.h"
#include "printk.h"
#include "process.h"
#include "spinlock.h"
#include "string.h"
#include "syscall.h"

#define CALLS(X, F) \
	X(0, read) \
	X(1, write) \
	X(2, open) \
	X(3, close) \
	X(4, stat) \
	X(5, fstat) \
	X(6, lstat) \
	X(7, poll) \
	X(8, lseek) \
	X(9, mmap) \
	X(10, mprotect) \
	X(11, munmap) \
	X(12, brk) \
	X(13, rt_sigaction) \
	X(14, rt_sigprocmask) \
	X(16, ioctl) \
	X(17, pread64) \
	X(18, pwrite64) \
	X(19, readv) \
	X(20, writev) \
	X(21, access) \
	X(22, pipe) \
	X(23, select) \
	X(24, sched_yield) \
	X(25, mremap) \
	X(26, msync) \
	X(28, madvise) \
	X(32, dup) \
	X(33, dup2) \
	X(35, nanosleep) \
	X(39, getpid) \
	X(40, sendfile) \
	X(41, socket) \
	X(53, socketpair) \
	F(56, clone) \
	F(57, fork) \
	F(58, vfork) \
	F(59, execve) \
	X(60, exit) \
	X(61, wait4) \
	X(62, kill) \
	X(63, uname) \
	X(72, fcntl) \
	X(73, flock) \
	X(74, fsync) \
	X(75, fdatasync) \
	X(76, truncate) \
	X(77, ftruncate) \
	X(79, getcwd) \
	X(80, chdir) \
	X(81, fchdir) \
	X(82, rename) \
	X(83, mkdir) \
	X(84, rmdir) \
	X(85, creat) \
	X(86, link) \
	X(87, unlink) \
	X(88, symlink) \
	X(89, readlink) \
	X(90, chmod) \
	X(91, fchmod) \
	X(92, chown) \
	X(93, fchown) \
	X(94, lchown) \
	X(95, umask) \
	X(96, gettimeofday) \
	X(97, getrlimit) \
	X(98, getrusage) \
	X(99, sysinfo) \
	X(100, times) \
	X(102, getuid) \
	X(104, getgid) \
	X(105, setuid) \
	X(106, setgid) \
	X(107, geteuid) \
	X(108, getegid) \
	X(109, setpgid) \
	X(110, getppid) \
	X(111, getpgrp) \
	X(112, setsid) \
	X(113, setreuid) \
	X(114, setregid) \
	X(115, getgroups) \
	X(116, setgroups) \
	X(117, setresuid) \
	X(118, getresuid) \
	X(119, setresgid) \
	X(120, getresgid) \
	X(121, getpgid) \
	X(122, setfsuid) \
	X(123, setfsgid) \
	X(124, getsid) \
	X(127, rt_sigpending) \
	X(131, sigaltstack) \
	X(132, utime) \
	X(133, mknod) \
	X(137, statfs) \
	X(138, fstatfs) \
	X(140, getpriority) \
	X(141, setpriority) \
	X(142, sched_setparam) \
	X(143, sched_getparam) \
	X(144, sched_setscheduler) \
	X(145, sched_getscheduler) \
	X(146, sched_get_priority_max) \
	X(147, sched_get_priority_min) \
	X(157, prctl) \
	X(158, arch_prctl) \
	X(160, setrlimit) \
	X(162, sync) \
	X(169, reboot) \
	X(170, sethostname) \
	X(171, setdomainname) \
	X(186, gettid) \
	X(200, tkill) \
	X(201, time) \
	X(202, futex) \
	X(204, sched_getaffinity) \
	X(213, epoll_create) \
	X(217, getdents64) \
	X(218, set_tid_address) \
	X(221, fadvise64) \
	X(227, clock_settime) \
	X(228, clock_gettime) \
	X(229, clock_getres) \
	X(230, clock_nanosleep) \
	X(231, exit_group) \
	X(232, epoll_wait) \
	X(233, epoll_ctl) \
	X(234, tgkill) \
	X(235, utimes) \
	X(247, waitid) \
	X(257, openat) \
	X(258, mkdirat) \
	X(259, mknodat) \
	X(260, fchownat) \
	X(261, futimesat) \
	X(262, newfstatat) \
	X(263, unlinkat) \
	X(264, renameat) \
	X(265, linkat) \
	X(266, symlinkat) \
	X(267, readlinkat) \
	X(268, fchmodat) \
	X(269, faccessat) \
	X(270, pselect6) \
	X(271, ppoll) \
	X(273, set_robust_list) \
	X(274, get_robust_list) \
	X(280, utimensat) \
	X(281, epoll_pwait) \
	X(284, eventfd) \
	X(285, fallocate) \
	X(290, eventfd2) \
	X(291, epoll_create1) \
	X(292, dup3) \
	X(293, pipe2) \
	X(295, preadv) \
	X(296, pwritev) \
	X(302, prlimit64) \
	X(306, syncfs) \
	X(309, getcpu) \
	X(316, renameat2) \
	X(318, getrandom) \
	X(326, copy_file_range) \
	X(327, preadv2) \
	X(328, pwritev2) \
	X(332, statx) \
	X(334, rseq) \
	X(435, clone3) \
	X(436, close_range) \
	X(439, faccessat2) \
	X(441, epoll_pwait2) \
	X(1000, input_poll_event) \
	X(1001, scancode_subscribe) \
	X(1002, scancode_read) \
	X(1003, scancode_unsubscribe)

#define DECLARE(number, name) SYSCALL(name);
#define DECLARE_FULL(number, name) void full_##name(void);
CALLS(DECLARE, DECLARE_FULL)

#define ENTRY(number, name) [number] = (void *)sys_##name,
#define ENTRY_FULL(number, name) [number] = (void *)full_##name,

/* First all, then those that exist. */
#pragma GCC diagnostic ignored "-Woverride-init"

#define HIGHEST 1099 /* Linux's, and from 1000 on our own */

void *const syscall_table[HIGHEST + 1] = {
	[0 ... HIGHEST] = (void *)syscall_unknown, CALLS(ENTRY, ENTRY_FULL)};
const uint64_t syscall_table_size = ARRAY_SIZE(syscall_table);
uint64_t syscall_direct = ARRAY_SIZE(syscall_table);

struct trap_frame *syscall_frame(void)
{
	return (struct trap_frame *)(current->stack + STACK_SIZE) - 1;
}

void syscall_perturbed(void)
{
	sched_point(POINT_SYSCALL, NULL);
}

/* The names are in the symbol table: "sys_futex", "full_fork". */
static const char *syscall_name(uint64_t number)
{
	const char *function = "?", *underscore;

	if (number <= HIGHEST)
		function =
			symbol_find((uintptr_t)syscall_table[number]).function;
	underscore = strchr(function, '_');
	return underscore ? underscore + 1 : function;
}

void syscall_check_return(uint64_t number)
{
	char who[48];

	if (likely(current->spin.held == 0 && intr_enabled()))
		return;
	snprintf(who, sizeof(who), "system call %s", syscall_name(number));
	if (current->spin.held)
		spin_panic_kept(who);
	panic("%s returns with interrupts off (irq_push() depth %u): an "
	      "irq_pop() or irq_restore() is missing",
	      who, this_cpu()->irq.depth);
}

/* What a program asks for in vain is said once a number, so that one sees what
 * it lacks. */
long syscall_unknown(void)
{
	static uint8_t said[(HIGHEST + 1) / 8];
	uint64_t number = syscall_frame()->rax;

	if (number <= HIGHEST) {
		uint8_t bit = 1u << number % 8;

		if (__atomic_fetch_or(&said[number / 8], bit,
				      __ATOMIC_RELAXED) &
		    bit)
			return -ENOSYS;
		printk("%s: unknown system call %lu\n", current->proc->name,
		       number);
	}
	return -ENOSYS;
}
