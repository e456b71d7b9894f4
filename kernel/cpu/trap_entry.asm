; trap_entry.asm - the way into the kernel for exceptions and interrupts.
;
; One stub a vector pushes what the CPU did not (an error code of 0 where there
; is none, and the vector), so that every trap leaves a struct trap_frame
; (trap.h) and calls trap_dispatch(frame).
;
; GS must point at struct cpu in the kernel.  An ordinary trap tells by the
; saved CS whether it came from user mode and must swap.  NMI, double fault,
; debug and machine check may come from kernel code that has not swapped yet,
; or has already swapped back: they look at GS_BASE itself, whose top bit is
; set for a kernel address, and undo only what they did.
;
; These four have a stack each, of which a CPU has one.  If they come from user
; mode, the thread's kernel stack is empty: they move there, and go on as an
; ordinary trap.  For the thread may be killed by it, give up the CPU on its way
; out, and the next such trap would overwrite what it still needs.

%include "offsets.inc"

extern trap_dispatch, uaccess_smap

section .text

%macro PUSH_REGISTERS 0
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
	cld
	cmp	byte [uaccess_smap], 0	; user memory is closed again (SMAP)
	je	%%no_smap
	clac
%%no_smap:
%endmacro

%macro POP_REGISTERS 0
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	r11
	pop	r10
	pop	r9
	pop	r8
	pop	rbp
	pop	rdi
	pop	rsi
	pop	rdx
	pop	rcx
	pop	rbx
	pop	rax
	add	rsp, 16			; vector and error code
%endmacro

trap_common:
	PUSH_REGISTERS
	test	byte [rsp + FRAME_CS], 3
	jz	.kernel
	swapgs
.kernel:
	mov	rdi, rsp
	call	trap_dispatch
global trap_return			; backtrace.c: a trap frame is at rsp
trap_return:
	test	byte [rsp + FRAME_CS], 3
	jz	.kernel
	swapgs
.kernel:
	POP_REGISTERS
	iretq

trap_paranoid:
	PUSH_REGISTERS
	test	byte [rsp + FRAME_CS], 3
	jnz	trap_from_user_mode
	xor	ebx, ebx		; kept by the call: did we swap?
	mov	ecx, MSR_GS_BASE
	rdmsr
	test	edx, edx
	js	.kernel
	swapgs
	inc	ebx
.kernel:
	mov	rdi, rsp
	call	trap_dispatch
global trap_return_paranoid
trap_return_paranoid:
	test	ebx, ebx
	jz	.unswapped
	swapgs
.unswapped:
	POP_REGISTERS
	iretq

trap_from_user_mode:
	swapgs
	mov	rsi, rsp
	mov	rsp, [gs:CPU_KERNEL_RSP]
	sub	rsp, FRAME_SIZE
	mov	rdi, rsp
	mov	ecx, FRAME_SIZE / 8
	rep movsq
	jmp	trap_common.kernel

; The vectors for which the CPU pushes an error code (SDM 3A, table 6-1).
%define HAS_ERROR_CODE(v) ((v) == 8 || ((v) >= 10 && (v) <= 14) || \
	(v) == 17 || (v) == 21 || (v) == 29 || (v) == 30)
%define IS_PARANOID(v) ((v) == VECTOR_DEBUG || (v) == VECTOR_NMI || \
	(v) == VECTOR_DOUBLE_FAULT || (v) == VECTOR_MACHINE_CHECK)

%assign vector 0
%rep 256
trap_stub_ %+ vector:
%if !HAS_ERROR_CODE(vector)
	push	0
%endif
	push	vector
%if IS_PARANOID(vector)
	jmp	trap_paranoid
%else
	jmp	trap_common
%endif
%assign vector vector + 1
%endrep

section .rodata
global trap_stubs
trap_stubs:
%assign vector 0
%rep 256
	dq	trap_stub_ %+ vector
%assign vector vector + 1
%endrep
