; syscall_entry.asm - the way in by SYSCALL, and back by SYSRET.
;
; SYSCALL (SDM 2B) changes neither stack nor GS: it puts the return address in
; RCX and the flags in R11, masks the flags by MSR_FMASK (interrupts are off
; now), and jumps here.  We build the same struct trap_frame as an interrupt
; does, at the top of the thread's kernel stack, so that fork, execve and
; signals see all registers in one place.
;
; SYSRET has a trap of its own: with an address in RCX that is not canonical
; it faults in kernel mode, on the user's stack.  A return address outside the
; user half therefore goes by IRET, which faults on the kernel's stack.  So
; does a frame that was replaced (its vector says so: execve, sigreturn):
; SYSRET restores only what a call may change.

%include "layout.inc"

CPU_USER_RSP	equ 16
CPU_KERNEL_RSP	equ 24

USER_DATA	equ 0x20 | 3
USER_CODE	equ 0x28 | 3
VECTOR_SYSCALL	equ 0x100		; trap.h

; Offsets in struct trap_frame.
FRAME_R10	equ 5 * 8
FRAME_R9	equ 6 * 8
FRAME_R8	equ 7 * 8
FRAME_RDI	equ 9 * 8
FRAME_RSI	equ 10 * 8
FRAME_RDX	equ 11 * 8
FRAME_RAX	equ 14 * 8
FRAME_VECTOR	equ 15 * 8
FRAME_RIP	equ 17 * 8
FRAME_RFLAGS	equ 19 * 8
FRAME_RSP	equ 20 * 8

extern syscall_dispatch, trap_return

section .text
global syscall_entry
syscall_entry:
	swapgs
	mov	[gs:CPU_USER_RSP], rsp
	mov	rsp, [gs:CPU_KERNEL_RSP]
	push	USER_DATA
	push	qword [gs:CPU_USER_RSP]
	push	r11
	push	USER_CODE
	push	rcx
	push	0			; error code
	push	VECTOR_SYSCALL
	push	rax
	push	rbx
	push	rcx
	push	rdx
	push	rsi
	push	rdi
	push	rbp
	push	r8
	push	r9
	push	r10
	push	r11
	push	r12
	push	r13
	push	r14
	push	r15
	sti
	mov	rdi, rsp
	call	syscall_dispatch
	cli
	cmp	qword [rsp + FRAME_VECTOR], VECTOR_SYSCALL
	jne	trap_return
	mov	rcx, [rsp + FRAME_RIP]
	mov	rax, rcx
	shr	rax, 47			; in the user half?
	jnz	trap_return
	mov	r11, [rsp + FRAME_RFLAGS]
	mov	rax, [rsp + FRAME_RAX]
	mov	rdx, [rsp + FRAME_RDX]
	mov	rsi, [rsp + FRAME_RSI]
	mov	rdi, [rsp + FRAME_RDI]
	mov	r8, [rsp + FRAME_R8]
	mov	r9, [rsp + FRAME_R9]
	mov	r10, [rsp + FRAME_R10]
	mov	rsp, [rsp + FRAME_RSP]
	swapgs
	o64 sysret

; void user_enter(struct trap_frame *frame): to user mode, by IRET.
global user_enter
user_enter:
	cli
	mov	rsp, rdi
	jmp	trap_return
