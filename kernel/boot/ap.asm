; ap.asm - the first instructions of every processor but the first.
;
; A start-up interrupt (SDM 3A, 9.4) sets the CPU going in real mode at the
; page AP_START_PAGE, where smp_start() has copied ap_start .. ap_end.  It goes
; straight to long mode on the boot page tables, then takes its stack from
; ap_stack and calls ap_main.  Processors start one at a time.

%include "layout.inc"

CR0_START	equ 0x80010023		; PG, WP, NE, MP, PE
CR4_START	equ 0x620		; OSXMMEXCPT, OSFXSR, PAE
MSR_EFER	equ 0xc0000080
EFER_START	equ 0x900		; NXE, LME

; The address that a label has in the copy.
%define COPY(label) (AP_START_PAGE + (label) - ap_start)

section .rodata
global ap_start, ap_end
bits 16
ap_start:
	cli
	cld
	xor	ax, ax
	mov	ds, ax
	mov	eax, CR4_START
	mov	cr4, eax
	mov	eax, [COPY(ap_root)]
	mov	cr3, eax
	mov	ecx, MSR_EFER
	rdmsr
	or	eax, EFER_START
	wrmsr
	o32 lgdt [COPY(ap_gdt_pointer)]
	mov	eax, CR0_START		; real mode to long mode in one step
	mov	cr0, eax
	jmp	dword 8:COPY(ap_64)

bits 64
ap_64:
	mov	ax, 16
	mov	ds, ax
	mov	es, ax
	mov	ss, ax
	xor	eax, eax
	mov	fs, ax
	mov	gs, ax
	mov	rax, ap_high
	jmp	rax

align 8
ap_gdt:
	dq 0
	dq 0x00af9b000000ffff		; 64-bit code
	dq 0x00cf93000000ffff		; data
ap_gdt_pointer:
	dw ap_gdt_pointer - ap_gdt - 1
	dd COPY(ap_gdt)
extern boot_pml4
ap_root:
	dd boot_pml4 - KERNEL_BASE
ap_end:

section .text
extern ap_main, vm_root
ap_high:
	mov	rax, [rel vm_root]	; the stack is in these tables only
	mov	cr3, rax
	mov	rsp, [rel ap_stack]
	xor	ebp, ebp
	call	ap_main
	ud2

section .data
global ap_stack
ap_stack:	dq 0
