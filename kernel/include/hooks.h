/*
 * hooks.h - is anything being watched?
 *
 * Locks and the scheduler are what is watched: schedule points (perturb.h),
 * trace points (trace.h), the order of locks (waitfor.h).  Each has a flag of
 * its own.  But mostly all are off, and the shortest way through a lock should
 * not ask one after the other.  So the linker puts the flags side by side, in
 * one word, and a function that can be hooked begins so:
 *
 *	if (unlikely(hooks_any)) {
 *		..._hooked(...);	asks each flag
 *		return;
 *	}
 */
#ifndef HOOKS_H
#define HOOKS_H

#include "types.h"

/* Makes a bool, at most eight in all, part of hooks_any: see kernel.ld. */
#define HOOK_FLAG __attribute__((section(".bss.hooks")))

/* Not 0 when one of the flags is set. */
extern uint64_t hooks_any;

#endif
