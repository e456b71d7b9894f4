/*
 * syscall_rows.c - the rows of the call table for what only Linux binaries ask
 * for.  A kernel that is built without this folder lacks these calls: they are
 * unknown there, as any other number is.
 */
#include "syscall.h"

SYSCALL(24, sched_yield);
SYSCALL(35, nanosleep);
SYSCALL(40, sendfile);
SYSCALL(63, uname);
SYSCALL(73, flock);
SYSCALL(96, gettimeofday);
SYSCALL(99, sysinfo);
SYSCALL(140, getpriority);
SYSCALL(141, setpriority);
SYSCALL(142, sched_setparam);
SYSCALL(143, sched_getparam);
SYSCALL(144, sched_setscheduler);
SYSCALL(145, sched_getscheduler);
SYSCALL(146, sched_get_priority_max);
SYSCALL(147, sched_get_priority_min);
SYSCALL(157, prctl);
SYSCALL(158, arch_prctl);
SYSCALL(169, reboot);
SYSCALL(170, sethostname);
SYSCALL(171, setdomainname);
SYSCALL(201, time);
SYSCALL(204, sched_getaffinity);
SYSCALL(213, epoll_create);
SYSCALL(218, set_tid_address);
SYSCALL(227, clock_settime);
SYSCALL(228, clock_gettime);
SYSCALL(229, clock_getres);
SYSCALL(230, clock_nanosleep);
SYSCALL(232, epoll_wait);
SYSCALL(233, epoll_ctl);
SYSCALL(273, set_robust_list);
SYSCALL(274, get_robust_list);
SYSCALL(281, epoll_pwait);
SYSCALL(284, eventfd);
SYSCALL(290, eventfd2);
SYSCALL(291, epoll_create1);
SYSCALL(309, getcpu);
SYSCALL(326, copy_file_range);
SYSCALL(334, rseq);
SYSCALL(435, clone3);
SYSCALL(441, epoll_pwait2);
