/*
 * hostile - instructions with which a program might harm the kernel: those that
 * are not for programs, and flags that the kernel must not inherit.
 *
 * Each ends in a signal for the program that did it, or in nothing at all.  The
 * way into the kernel is where the mistakes are: an exception or a system call
 * comes with whatever flags the program has set.  Source: SDM 3A, chapters 5
 * and 6.
 *
 * A kernel that passes is still there for the next test.
 *
 * Needs kernel/linux: uname(2).
 */
#include "tap.h"
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#define KERNEL_ADDRESS 0xffffffff80100000

#define SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* ---- instructions that are not for programs ---- */

/* A function of these instructions and nothing else. */
#define CODE(name, text) \
	void name(void); \
	asm(".pushsection .text\n" #name ":\n" text "\nret\n.popsection")

CODE(do_hlt, "hlt");
CODE(do_cli, "cli");
CODE(do_sti, "sti");
CODE(do_in, "inb $0x60, %al");
CODE(do_out, "xorl %eax, %eax; outb %al, $0xf4");
CODE(do_ins, "movl $0x3f8, %edx; movq %rsp, %rdi; insb");
CODE(do_lgdt, "subq $16, %rsp; lgdt (%rsp)");
CODE(do_lidt, "subq $16, %rsp; lidt (%rsp)");
CODE(do_lldt, "xorl %eax, %eax; lldt %ax");
CODE(do_ltr, "movl $0x30, %eax; ltr %ax");
CODE(do_clts, "clts");
CODE(do_invd, "invd");
CODE(do_invlpg, "invlpg (%rsp)");
CODE(do_read_cr0, "movq %cr0, %rax");
CODE(do_write_cr3, "xorl %eax, %eax; movq %rax, %cr3");
CODE(do_write_dr7, "xorl %eax, %eax; movq %rax, %db7");
CODE(do_rdmsr, "movl $0xc0000080, %ecx; rdmsr");
CODE(do_wrmsr,
     "movl $0xc0000101, %ecx; xorl %eax, %eax; xorl %edx, %edx; wrmsr");
CODE(do_swapgs, "swapgs");
CODE(do_sysret, "movq $0x800000000000, %rcx; sysretq");
CODE(do_iret, "pushq $0x10; pushq %rsp; pushfq; pushq $8; pushq $0; iretq");
CODE(do_iret_far, "pushq $0x2b; pushq %rsp; pushfq; pushq $0x33\n"
		  "movq $0x800000000000, %rax; pushq %rax; iretq");
CODE(do_far_return, "pushq $8; pushq $0; lretq");
CODE(do_ud2, "ud2");
CODE(do_bad_lock, ".byte 0xf0, 0x90");
CODE(do_too_long, ".fill 15, 1, 0x66; nop");
CODE(do_divide, "xorl %edx, %edx; xorl %ecx, %ecx; divl %ecx");
CODE(do_int3, "int3");
CODE(do_int_divide, "int $0");
CODE(do_int_debug, "int $1");
CODE(do_int_nmi, "int $2");
CODE(do_int_double, "int $8");
CODE(do_int_page, "int $14");
CODE(do_int_timer, "int $0xe0");
CODE(do_int_last, "int $0xff");
CODE(do_step, "pushfq; orq $0x100, (%rsp); popfq; nop; nop");
CODE(do_step_syscall, "pushfq; orq $0x100, (%rsp); movl $39, %eax; popfq\n"
		      "syscall; nop");
CODE(do_x87, "pushq $0x340; fldcw (%rsp); fld1; fldz; fdivrp\n"
	     "movl $24, %eax; syscall; fwait; addq $8, %rsp");
CODE(do_mxcsr, "pushq $-1; ldmxcsr (%rsp)");

static const struct instruction {
	const char *name;
	void (*run)(void);
	int signal;
} instructions[] = {
	{"hlt", do_hlt, SIGSEGV},
	{"cli", do_cli, SIGSEGV},
	{"sti", do_sti, SIGSEGV},
	{"in", do_in, SIGSEGV},
	{"out", do_out, SIGSEGV},
	{"ins", do_ins, SIGSEGV},
	{"lgdt", do_lgdt, SIGSEGV},
	{"lidt", do_lidt, SIGSEGV},
	{"lldt", do_lldt, SIGSEGV},
	{"ltr", do_ltr, SIGSEGV},
	{"clts", do_clts, SIGSEGV},
	{"invd", do_invd, SIGSEGV},
	{"invlpg", do_invlpg, SIGSEGV},
	{"read cr0", do_read_cr0, SIGSEGV},
	{"write cr3", do_write_cr3, SIGSEGV},
	{"write dr7", do_write_dr7, SIGSEGV},
	{"rdmsr", do_rdmsr, SIGSEGV},
	{"wrmsr", do_wrmsr, SIGSEGV},
	{"swapgs", do_swapgs, SIGSEGV},
	{"sysret", do_sysret, SIGSEGV},
	{"iret to the kernel", do_iret, SIGSEGV},
	{"iret to nowhere", do_iret_far, SIGSEGV},
	{"lret to the kernel", do_far_return, SIGSEGV},
	{"ud2", do_ud2, SIGILL},
	{"lock nop", do_bad_lock, SIGILL},
	{"an instruction of 16 bytes", do_too_long, SIGSEGV},
	{"division by zero", do_divide, SIGFPE},
	{"int3", do_int3, SIGTRAP},
	{"int 0", do_int_divide, SIGSEGV},
	{"int 1", do_int_debug, SIGSEGV},
	{"int 2", do_int_nmi, SIGSEGV},
	{"int 8", do_int_double, SIGSEGV},
	{"int 14", do_int_page, SIGSEGV},
	{"int 0xe0", do_int_timer, SIGSEGV},
	{"int 0xff", do_int_last, SIGSEGV},
	{"single step", do_step, SIGTRAP},
	{"single step into a system call", do_step_syscall, SIGTRAP},
	{"x87 exception, pending in a call", do_x87, SIGFPE},
	{"reserved bits of mxcsr", do_mxcsr, SIGSEGV},
};

TEST(instructions)
{
	for (size_t i = 0; i < SIZE(instructions); i++) {
		const struct instruction *in = &instructions[i];
		pid_t pid = tap_fork();
		int status = -1;

		if (pid == 0) {
			in->run();
			_exit(0);
		}
		ASSERT(waitpid(pid, &status, 0) == pid);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != in->signal)
			TAP_FAIL("%s: expected signal %d, got %s", in->name,
				 in->signal, tap_status_text(status));
	}
}

/* The debug exception has a stack of its own, one a CPU: who dies of it must
 * not still be on it when the next one comes. */
TEST(many_step_at_once)
{
	pid_t pids[30];

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < SIZE(pids); i++) {
			pids[i] = tap_fork();
			if (pids[i] == 0) {
				tap_await("go");
				(i % 2 ? do_step : do_step_syscall)();
				_exit(0);
			}
		}
		tap_reach("go");
		for (size_t i = 0; i < SIZE(pids); i++)
			EXPECT_KILLED(pids[i], SIGTRAP);
		unlink("go");
	}
}

/* ---- flags that the kernel must not inherit ---- */

#define FLAG_DF (1l << 10) /* string instructions go down */
#define FLAG_NT (1l << 14) /* makes IRET fault in long mode */
#define FLAG_AC (1l << 18) /* opens user memory to the kernel (SMAP) */

static const long flags[] = {FLAG_DF, FLAG_NT, FLAG_AC,
			     FLAG_DF | FLAG_NT | FLAG_AC};

/* The call is made with these flags set, and only the call. */
static long call_with(long flags, long number, long a, long b, long c)
{
	long result;

	asm volatile("pushfq\n\t"
		     "orq %[flags], (%%rsp)\n\t"
		     "popfq\n\t"
		     "syscall\n\t"
		     "pushfq\n\t"
		     "andq %[others], (%%rsp)\n\t"
		     "popfq"
		     : "=a"(result)
		     : "a"(number), "D"(a), "S"(b),
		       "d"(c), [flags] "r"(flags), [others] "r"(~flags)
		     : "rcx", "r11", "memory", "cc");
	return result;
}

TEST(flags_over_a_system_call)
{
	struct utsname plain, name;

	uname(&plain);
	for (size_t i = 0; i < SIZE(flags); i++) {
		memset(&name, 'x', sizeof(name));
		EXPECT_EQ(call_with(flags[i], SYS_uname, (long)&name, 0, 0), 0);
		EXPECT_EQ(memcmp(&name, &plain, sizeof(name)), 0);
		EXPECT_EQ(call_with(flags[i], SYS_uname, KERNEL_ADDRESS, 0, 0),
			  -EFAULT);
		EXPECT_EQ(call_with(flags[i], SYS_uname, 8, 0, 0), -EFAULT);
		EXPECT_EQ(call_with(flags[i], SYS_getpid, 0, 0, 0), getpid());
		/* This one leaves the kernel by IRET. */
		pid_t pid = call_with(flags[i], SYS_fork, 0, 0, 0);

		if (pid == 0)
			_exit(3);
		EXPECT_EXIT(pid, 3);
	}
}

/* A page is cleared, and one is copied, in a fault that comes with the flag. */
TEST(direction_flag_over_a_page_fault)
{
	enum { PAGES = 16, PAGE = 4096 };
	char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	ASSERT(p != MAP_FAILED);
	for (int i = PAGES - 1; i >= 0; i--)
		asm volatile("std; movb $1, (%0); cld"
			     :
			     : "r"(p + i * PAGE)
			     : "memory");
	for (int i = 0; i < PAGES * PAGE; i++)
		EXPECT_EQ(p[i], i % PAGE == 0);
	pid = tap_fork();
	if (pid == 0) {
		for (int i = PAGES - 1; i >= 0; i--)
			asm volatile("std; movb $1, 1(%0); cld"
				     :
				     : "r"(p + i * PAGE)
				     : "memory");
		for (int i = 0; i < PAGES * PAGE; i++)
			EXPECT_EQ(p[i], i % PAGE <= 1);
		tap_exit();
	}
	EXPECT_EXIT(pid, 0);
}
