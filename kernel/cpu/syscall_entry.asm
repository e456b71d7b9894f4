; syscall_entry.asm - the way in by SYSCALL, and back by SYSRET.
;
; SYSCALL (SDM 2B) changes neither stack nor GS: it puts the return address in
; RCX and the flags in R11, masks the flags by MSR_FMASK (interrupts are off
; now), and jumps here.  We build a struct trap_frame at the top of the thread's
; kernel stack, as an interrupt does, and call the function in syscall_table:
; five of the six arguments are where C wants them already.
;
; Most calls need no more of the frame than what C functions may change, so
; only that is saved and put back.  Calls that look at all registers, or replace
; them (fork, clone, execve), come in the table as full_NAME, which saves the
; rest as well and leaves by IRET, with everything from the frame.  So does a
; call after which there is work to do: the process has been killed.  Or the call
; has left a spinlock held, which is the kernel's end.
;
; SYSRET has a trap of its own: with an address in RCX that is not canonical it
; faults in kernel mode, on the user's stack.  Here RCX is the address after a
; SYSCALL, and the last page of the user half is never mapped (USER_MAX); what
; was replaced goes by IRET.

%include "offsets.inc"

USER_DATA	equ SELECTOR_USER_DATA | 3
USER_CODE	equ SELECTOR_USER_CODE | 3

extern syscall_table, syscall_table_size, syscall_unknown
extern syscall_direct, syscall_perturbed, syscall_check_return
extern process_check_killed
extern trap_return

; The registers that C functions preserve, those that SYSCALL destroys, and what
; kind of frame it is, into a frame at rsp + %1.
%macro SAVE_REST 1
	mov	qword [rsp + %1 + FRAME_VECTOR], VECTOR_SYSCALL
	mov	[rsp + %1 + FRAME_RBX], rbx
	mov	[rsp + %1 + FRAME_RBP], rbp
	mov	[rsp + %1 + FRAME_R12], r12
	mov	[rsp + %1 + FRAME_R13], r13
	mov	[rsp + %1 + FRAME_R14], r14
	mov	[rsp + %1 + FRAME_R15], r15
	mov	r11, [rsp + %1 + FRAME_RIP]
	mov	[rsp + %1 + FRAME_RCX], r11
	mov	r11, [rsp + %1 + FRAME_RFLAGS]
	mov	[rsp + %1 + FRAME_R11], r11
%endmacro

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
	sub	rsp, FRAME_RIP		; what lies below
	mov	[rsp + FRAME_RAX], rax
	mov	[rsp + FRAME_RDX], rdx
	mov	[rsp + FRAME_RSI], rsi
	mov	[rsp + FRAME_RDI], rdi
	mov	[rsp + FRAME_R8], r8
	mov	[rsp + FRAME_R9], r9
	mov	[rsp + FRAME_R10], r10
	sti
	cmp	rax, [syscall_direct]
	jae	.indirect
.call:
	mov	rcx, r10
	call	[syscall_table + rax * 8]
.done:
	mov	rcx, [gs:CPU_CURRENT]
	cmp	qword [rcx + THREAD_RETURN_WORK], 0
	jne	.work
	cli
	mov	rdx, [rsp + FRAME_RDX]
	mov	rsi, [rsp + FRAME_RSI]
	mov	rdi, [rsp + FRAME_RDI]
	mov	r8, [rsp + FRAME_R8]
	mov	r9, [rsp + FRAME_R9]
	mov	r10, [rsp + FRAME_R10]
	mov	rcx, [rsp + FRAME_RIP]
	mov	r11, [rsp + FRAME_RFLAGS]
	mov	rsp, [rsp + FRAME_RSP]
	swapgs
	o64 sysret

; There is no such call, or the scheduler is perturbed: then this is a schedule
; point, which must not cost the call its arguments; and more is checked.
.indirect:
	call	syscall_perturbed
	mov	rax, [rsp + FRAME_RAX]
	mov	rdx, [rsp + FRAME_RDX]
	mov	rsi, [rsp + FRAME_RSI]
	mov	rdi, [rsp + FRAME_RDI]
	mov	r8, [rsp + FRAME_R8]
	mov	r9, [rsp + FRAME_R9]
	mov	r10, [rsp + FRAME_R10]
	cmp	rax, [syscall_table_size]
	jae	.unknown
	mov	rcx, r10
	call	[syscall_table + rax * 8]
	mov	rdi, [rsp + FRAME_RAX]
	mov	[rsp + FRAME_RAX], rax
	call	syscall_check_return
	mov	rax, [rsp + FRAME_RAX]
	jmp	.done

.unknown:
	call	syscall_unknown
	jmp	.done

.work:
	SAVE_REST 0
	mov	rdi, [rsp + FRAME_RAX]
	mov	[rsp + FRAME_RAX], rax
	call	syscall_check_return
	call	process_check_killed
	cli
	jmp	trap_return

; full_NAME: sys_NAME with a complete frame, which it may replace.
%macro FULL 1
extern sys_%1
global full_%1
full_%1:
	SAVE_REST 8			; above our return address
	add	rsp, 8
	call	sys_%1
	jmp	full_return
%endmacro

FULL fork
FULL vfork
FULL clone
FULL execve

full_return:
	mov	[rsp + FRAME_RAX], rax
	call	process_check_killed
	cli
	jmp	trap_return

; void user_enter(struct trap_frame *frame): to user mode, by IRET.
global user_enter
user_enter:
	cli
	mov	rsp, rdi
	jmp	trap_return
