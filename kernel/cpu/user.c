/*
 * user.c - what the CPU keeps for user mode: the entry point of system calls,
 * and the registers that only programs use.
 *
 * The kernel is compiled without floating-point and vector instructions, so
 * those registers are a program's all the time; they are saved when a user
 * thread leaves the CPU and loaded when it comes.  The same goes for the base
 * of FS (thread-local storage), the page tables, and the stack that the next
 * system call or interrupt begins on.
 */
#include "cpu.h"
#include "process.h"
#include "segments.h"
#include "syscall.h"

#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_FMASK 0xc0000084

/* Cleared on entry: trap, interrupt, direction, nested task, and alignment
 * check (which is also what lets SMAP be bypassed). */
#define RFLAGS_TF (1ul << 8)
#define RFLAGS_DF (1ul << 10)
#define RFLAGS_NT (1ul << 14)

/* syscall_entry.asm looks at both by one instruction. */
_Static_assert(offsetof(struct thread, spin.held) ==
		       offsetof(struct thread, must_leave) + 4,
	       "");

void syscall_entry(void);

/* The state that a program starts with. */
static struct fpu_state clean_fpu;

void user_fpu_init(struct fpu_state *fpu)
{
	*fpu = clean_fpu;
}

void user_fpu_reset(void)
{
	user_fpu_load(&clean_fpu);
}

/* CR0.EM and TS are clear since entry.asm, CR4.OSFXSR is set. */
void syscall_init_cpu(void)
{
	uint32_t mxcsr = 0x1f80; /* all exceptions masked (SDM 1, 10.2) */
	uint64_t star = (uint64_t)(SELECTOR_USER_CODE32 | 3) << 48 |
			(uint64_t)SELECTOR_KERNEL_CODE << 32;

	wrmsr(MSR_STAR, star);
	wrmsr(MSR_LSTAR, (uintptr_t)syscall_entry);
	wrmsr(MSR_FMASK,
	      RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_NT | RFLAGS_AC);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
	asm volatile("fninit; ldmxcsr %0" : : "m"(mxcsr));
	user_fpu_save(&clean_fpu);
}

void user_set_fs_base(uint64_t base)
{
	current->fs_base = base;
	wrmsr(MSR_FS_BASE, base);
}
