/*
 * hostile_segments - system calls and exceptions on stacks, at addresses and in
 * segments that are not there.
 *
 * A SYSCALL does not change the stack, so the kernel meets whatever stack
 * pointer the program has left behind; an exception or interrupt goes back to
 * any segment that the program has loaded.  Source: SDM 3A, chapter 5.
 */
#include "tap.h"
#include <sys/syscall.h>

#define ARCH_SET_GS 0x1001 /* arch_prctl(2) */
#define ARCH_SET_FS 0x1002

#define SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Addresses that no program may use, and the ends of those that it may. */
static const uint64_t wrong_addresses[] = {
	0,
	8,
	0x00007ffffffff000, /* the last page of the user half */
	0x00007fffffffffff,
	0x0000800000000000, /* not canonical */
	0xffff7fffffffffff,
	0xffff800000000000, /* the kernel's */
	0xffffffff80100000,
	-8ull,
	-1ull,
};

/* How it ended, which must be by a signal, or by exit(0) if that is allowed. */
static void expect_end(pid_t pid, bool may_live, const char *what, uint64_t n)
{
	int status = -1;

	ASSERT(waitpid(pid, &status, 0) == pid);
	if (!WIFSIGNALED(status) && !(may_live && status == 0))
		TAP_FAIL("%s %#lx: expected a signal, got %s", what, n,
			 tap_status_text(status));
}

/* ---- stacks that are not there ---- */

/* Makes a call, and then dies, on a stack that cannot be used. */
static void call_on_stack(uint64_t rsp, bool push)
{
	asm volatile("movq %0, %%rsp\n\t"
		     "movl %1, %%eax\n\t"
		     "syscall\n\t"
		     "testl %2, %2\n\t"
		     "jz 1f\n\t"
		     "pushq %%rax\n"
		     "1:\n\t"
		     "ud2"
		     :
		     : "r"(rsp), "i"(SYS_sched_yield), "r"((int)push)
		     : "rax", "rcx", "r11", "memory");
}

/* A new thread, or process, that begins on such a stack, and ends. */
static long clone_on_stack(long flags, uint64_t rsp)
{
	register long r10 asm("r10") = 0;
	register long r8 asm("r8") = 0;
	long result;

	asm volatile("syscall\n\t"
		     "testq %%rax, %%rax\n\t"
		     "jnz 1f\n\t"
		     "xorl %%edi, %%edi\n\t"
		     "movl %[exit], %%eax\n\t"
		     "syscall\n"
		     "1:"
		     : "=a"(result)
		     : "a"(SYS_clone), "D"(flags), "S"(rsp), "d"(0), "r"(r10),
		       "r"(r8), [exit] "i"(SYS_exit)
		     : "rcx", "r11", "memory");
	return result;
}

TEST(stacks)
{
	for (size_t i = 0; i < SIZE(wrong_addresses); i++)
		for (int push = 0; push < 2; push++) {
			pid_t pid = tap_fork();

			if (pid == 0)
				call_on_stack(wrong_addresses[i], push);
			expect_end(pid, false, "rsp", wrong_addresses[i]);
		}
}

/* 0 means the caller's. */
TEST(stacks_of_children)
{
	for (size_t i = 1; i < SIZE(wrong_addresses); i++) {
		long pid = clone_on_stack(SIGCHLD, wrong_addresses[i]);

		if (pid > 0)
			EXPECT_EXIT(pid, 0);
		pid = clone_on_stack(CLONE_VM | SIGCHLD, wrong_addresses[i]);
		if (pid > 0)
			EXPECT_EXIT(pid, 0);
	}
}

/* ---- jumps ---- */

TEST(jumps)
{
	for (size_t i = 0; i < SIZE(wrong_addresses); i++) {
		pid_t pid = tap_fork();

		if (pid == 0)
			((void (*)(void))wrong_addresses[i])();
		EXPECT_KILLED(pid, SIGSEGV);
	}
}

/* ---- segments ---- */

void enter_system(void);
asm(".pushsection .text\n"
    "enter_system: syscall; sysenter; int $0x80; ud2\n"
    ".popsection");

/* The same instructions in every segment that is there.  In one of 32 bits,
 * SYSCALL has an entry point of its own. */
static void jump_to_segment(uint64_t selector)
{
	struct {
		uint32_t offset;
		uint16_t selector;
	} __attribute__((packed)) target = {(uintptr_t)enter_system, selector};

	asm volatile("ljmpl *%0" : : "m"(target), "a"(20) : "memory");
}

TEST(code_segments)
{
	for (uint64_t selector = 0; selector < 0x80; selector++) {
		pid_t pid = tap_fork();

		if (pid == 0)
			jump_to_segment(selector);
		expect_end(pid, false, "code segment", selector);
	}
}

static void use_segment(int which, int selector)
{
	switch (which) {
	case 0:
		asm volatile("movw %w0, %%ds" : : "r"(selector) : "memory");
		break;
	case 1:
		asm volatile("movw %w0, %%es" : : "r"(selector) : "memory");
		break;
	case 2:
		asm volatile("movw %w0, %%fs" : : "r"(selector) : "memory");
		break;
	case 3:
		asm volatile("movw %w0, %%gs" : : "r"(selector) : "memory");
		break;
	default:
		asm volatile("movw %w0, %%ss" : : "r"(selector) : "memory");
		break;
	}
	/* Through the scheduler and back, and out; the C library's functions
	 * may need FS. */
	asm volatile("syscall" : : "a"(SYS_sched_yield) : "rcx", "r11");
	asm volatile("syscall" : : "a"(SYS_exit_group), "D"(0) : "rcx", "r11");
}

TEST(data_segments)
{
	for (int which = 0; which < 5; which++)
		for (int selector = 0; selector < 0x40; selector++) {
			pid_t pid = tap_fork();

			if (pid == 0)
				use_segment(which, selector);
			expect_end(pid, true, "data segment", selector);
		}
}

/* Loading the base of a segment with such an address would fault in the
 * kernel. */
TEST(segment_bases)
{
	for (size_t i = 4; i < SIZE(wrong_addresses); i++) {
		EXPECT_EQ(syscall(SYS_arch_prctl, ARCH_SET_FS,
				  wrong_addresses[i]),
			  -1);
		EXPECT_EQ(syscall(SYS_arch_prctl, ARCH_SET_GS,
				  wrong_addresses[i]),
			  -1);
	}
	EXPECT(getpid() > 0);
}
