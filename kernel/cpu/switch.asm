; switch.asm - from one kernel thread to another.
;
; void context_switch(uint64_t *save, uint64_t load)
;
; A thread that is not running has on its stack the registers that a called C
; function must preserve (System V ABI, 3.2.1), below the address at which it
; goes on; its struct thread keeps the stack pointer.  The caller saved the
; others, because to it this is a function call that returns later.

section .text
global context_switch
context_switch:
	push	rbp
	push	rbx
	push	r12
	push	r13
	push	r14
	push	r15
	mov	[rdi], rsp
	mov	rsp, rsi
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbx
	pop	rbp
	ret
