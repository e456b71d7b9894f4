/*
 * backtrace.c - who called whom.
 *
 * The kernel is compiled with -fno-omit-frame-pointer, so each function begins
 * with "push rbp; mov rbp, rsp", and the stack holds a chain:
 *
 *	rbp --->  [ rbp of the caller ] --->  [ of its caller ] ---> ... 0
 *		  [ return address    ]       [ return address ]
 *
 * A thread's first function was entered with rbp = 0, which ends the chain.
 *
 * A trap links into it by itself: the stub in trap_entry.asm leaves rbp alone,
 * so trap_dispatch() saves the interrupted function's.  But the address at
 * which that one was interrupted is only in the trap frame.  Where the return
 * address is the stub's, the frame lies right above it, and the walk goes on
 * from the frame's rip and rbp.
 *
 * A backtrace is wanted when something is broken.  So every read is checked
 * first, nothing is locked, and a chain that makes no sense just ends.
 */
#include "backtrace.h"

#include "cpu.h"
#include "layout.h"
#include "printk.h"
#include "thread.h"
#include "trap.h"
#include "vm.h"

#define MAX_LINES 32

/* A stack holds no more frames than this; so a loop in the chain ends. */
#define MAX_FRAMES (STACK_SIZE / 16)

#define PUSH_RBP_OPCODE 0x55
#define RET_OPCODE 0xc3

/* In trap_entry.asm: where trap_dispatch() returns to. */
extern const char trap_return[], trap_return_paranoid[];

struct walk {
	uintptr_t rip, rbp;
	bool is_call; /* rip is a return address */
	/* The output. */
	unsigned int lines;
	unsigned int repeats; /* of the last line */
	uintptr_t last_rip;
};

/* The part of the stack that context_switch() leaves, lowest address first. */
struct switch_frame {
	uint64_t r15, r14, r13, r12, rbx, rbp, rip;
};

static bool is_trap_return(uintptr_t rip)
{
	return rip == (uintptr_t)trap_return ||
	       rip == (uintptr_t)trap_return_paranoid;
}

static void print_repeats(struct walk *w)
{
	if (w->repeats > 0)
		printk("     ... and %u more of the same: recursion\n",
		       w->repeats);
	w->repeats = 0;
}

static void print_line(struct walk *w)
{
	char text[SYMBOL_TEXT_SIZE];

	if (w->is_call && w->rip == w->last_rip) {
		w->repeats++;
		return;
	}
	print_repeats(w);
	if (w->is_call)
		symbol_format_call(w->rip, text, sizeof(text));
	else
		symbol_format(w->rip, text, sizeof(text));
	printk("  #%u %s\n", w->lines++, text);
	w->last_rip = w->rip;
}

/* On to the code that a trap interrupted; false when that is a program's. */
static bool step_over_trap(struct walk *w, const struct trap_frame *frame)
{
	print_repeats(w);
	if (!vm_readable((uintptr_t)frame, sizeof(*frame)))
		return false;
	printk("     -- interrupted by vector %lu, %s --\n", frame->vector,
	       trap_name(frame->vector));
	if (trap_from_user(frame))
		return false;
	w->rip = frame->rip;
	w->rbp = frame->rbp;
	w->is_call = false;
	return true;
}

/* To the caller; false at the end of the chain. */
static bool walk_step(struct walk *w)
{
	const uintptr_t *frame = (const uintptr_t *)w->rbp;

	if (w->rbp == 0)
		return false;
	if (w->rbp % sizeof(*frame) ||
	    !vm_readable(w->rbp, 2 * sizeof(*frame))) {
		print_repeats(w);
		printk("     (the frame pointer 0x%lx is no stack)\n", w->rbp);
		return false;
	}
	w->rbp = frame[0];
	w->rip = frame[1];
	w->is_call = true;
	if (is_trap_return(w->rip))
		return step_over_trap(w, (const void *)(frame + 2));
	return symbol_is_text(w->rip);
}

static void walk(struct walk *w)
{
	for (unsigned int i = 0; i < MAX_FRAMES; i++) {
		if (w->lines == MAX_LINES) {
			printk("     ... and so on\n");
			return;
		}
		print_line(w);
		if (!walk_step(w))
			break;
	}
	print_repeats(w);
}

void backtrace_from(uintptr_t rip, uintptr_t rbp)
{
	struct walk w = {.rip = rip, .rbp = rbp};

	walk(&w);
}

void backtrace_call(uintptr_t return_address, uintptr_t rbp)
{
	struct walk w = {.rip = return_address, .rbp = rbp, .is_call = true};

	walk(&w);
}

void backtrace_here(void)
{
	const uintptr_t *frame = __builtin_frame_address(0);

	backtrace_call(frame[1], frame[0]);
}

uintptr_t backtrace_frameless_caller(const struct trap_frame *frame)
{
	const uintptr_t *slot = (const uintptr_t *)frame->rsp;

	if (symbol_is_text(frame->rip)) {
		uintptr_t offset = symbol_find(frame->rip).offset;
		const uint8_t *code = (const uint8_t *)frame->rip;

		/* At a function's first instruction, between "push rbp" and
		 * "mov rbp, rsp", or at its "ret"?  Else its caller is in the
		 * chain. */
		if (offset == 1 && code[-1] == PUSH_RBP_OPCODE)
			slot++;
		else if (code[0] != RET_OPCODE &&
			 (offset != 0 || code[0] != PUSH_RBP_OPCODE))
			return 0;
	}
	if (!vm_readable((uintptr_t)slot, sizeof(*slot)))
		return 0;
	return symbol_is_text(*slot) ? *slot : 0;
}

void backtrace_frame(const struct trap_frame *frame)
{
	struct walk w = {.rip = frame->rip, .rbp = frame->rbp};
	uintptr_t caller = backtrace_frameless_caller(frame);

	if (trap_from_user(frame)) {
		printk("  (in a user program, at 0x%lx)\n", frame->rip);
		return;
	}
	if (caller) {
		print_line(&w);
		w.rip = caller;
		w.is_call = true;
	}
	walk(&w);
}

void backtrace_thread(const struct thread *t)
{
	const struct switch_frame *frame = (const void *)t->rsp;

	if (t->state == THREAD_RUNNING) {
		printk("  (runs on CPU %u now)\n", t->cpu);
		return;
	}
	if (t->rsp < t->stack || t->rsp - t->stack >= STACK_SIZE ||
	    !vm_readable(t->rsp, sizeof(*frame))) {
		printk("  (its stack pointer 0x%lx is not in its stack)\n",
		       t->rsp);
		return;
	}
	backtrace_call(frame->rip, frame->rbp);
}
