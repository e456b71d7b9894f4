; high.asm - the first instructions in the higher half, and the change from the
; boot stack to a guarded one.  A file of its own because debuggers want the
; code of one section from one file of assembly.

section .text
extern kmain, boot_stack_top
global entry_high
entry_high:
	mov	rsp, boot_stack_top
	xor	ebp, ebp		; ends every backtrace
	call	kmain
	ud2				; kmain does not return

; void stack_switch(uintptr_t top, void (*fn)(void)): calls fn on another
; stack, and never comes back.
global stack_switch
stack_switch:
	mov	rsp, rdi
	xor	ebp, ebp
	call	rsi
	ud2
