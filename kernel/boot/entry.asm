; entry.asm - from the boot loader to C in the higher half.
;
; GRUB and QEMU's -kernel both start us by the Multiboot specification
; (0.6.96, 3.2): 32-bit protected mode, paging off, EAX the magic number, EBX
; the physical address of the boot information.  We check that the CPU can
; run us, say so in words when it cannot, map the first GiB three times (at 0,
; at DIRECT_MAP, at KERNEL_BASE), and enter long mode.
;
; Processors other than the first begin in ap.asm and use the same tables.

%include "layout.inc"

MULTIBOOT_MAGIC		equ 0x1badb002
MULTIBOOT_FLAGS		equ 0x3		; modules on pages; memory map wanted

CR0_PE			equ 1 << 0
CR0_MP			equ 1 << 1
CR0_EM			equ 1 << 2
CR0_NE			equ 1 << 5
CR0_WP			equ 1 << 16
CR0_NW			equ 1 << 29
CR0_CD			equ 1 << 30
CR0_PG			equ 1 << 31
CR4_PAE			equ 1 << 5
CR4_OSFXSR		equ 1 << 9
CR4_OSXMMEXCPT		equ 1 << 10
MSR_EFER		equ 0xc0000080
EFER_LME		equ 1 << 8
EFER_NXE		equ 1 << 11

PTE_PRESENT_WRITE	equ 3
PTE_LARGE		equ 1 << 7

COM1			equ 0x3f8
VGA_TEXT		equ 0xb8000

section .multiboot progbits alloc noexec nowrite align=4
	dd MULTIBOOT_MAGIC
	dd MULTIBOOT_FLAGS
	dd -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

section .boot progbits alloc exec nowrite align=16
bits 32
global boot_entry
boot_entry:
	cli
	cld
	mov	esp, boot_stack_top - KERNEL_BASE
	mov	ebp, eax		; the magic
	mov	edi, ebx		; the information
	call	check_cpu
	call	make_tables

	mov	eax, cr4
	or	eax, CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT
	mov	cr4, eax
	mov	eax, boot_pml4 - KERNEL_BASE
	mov	cr3, eax
	mov	ecx, MSR_EFER
	rdmsr
	or	eax, EFER_LME | EFER_NXE
	wrmsr
	mov	eax, cr0		; GRUB leaves caches off in Bochs
	and	eax, ~(CR0_EM | CR0_CD | CR0_NW)
	or	eax, CR0_PE | CR0_MP | CR0_NE | CR0_WP | CR0_PG
	mov	cr0, eax
	lgdt	[boot_gdt_pointer]
	jmp	8:entry_64

; Halts with a message unless the CPU has CPUID, long mode and NX.
; (SDM 2A, CPUID; leaf 0x80000001, EDX bits 29 and 20.)
check_cpu:
	pushfd				; CPUID exists if flag 21 can change
	pop	eax
	mov	ecx, eax
	xor	eax, 1 << 21
	push	eax
	popfd
	pushfd
	pop	eax
	cmp	eax, ecx
	mov	esi, no_long_mode
	je	fatal
	mov	eax, 0x80000000
	cpuid
	mov	esi, no_long_mode
	cmp	eax, 0x80000001
	jb	fatal
	mov	eax, 0x80000001
	cpuid
	test	edx, 1 << 29
	jz	fatal
	mov	esi, no_nx
	test	edx, 1 << 20
	jz	fatal
	ret

; One page directory of 512 large pages, reached from three places.
make_tables:
	mov	eax, PTE_LARGE | PTE_PRESENT_WRITE
	mov	ebx, boot_directory - KERNEL_BASE
	mov	ecx, 512
.entry:
	mov	[ebx], eax
	add	eax, LARGE_PAGE_SIZE
	add	ebx, 8
	loop	.entry

	mov	eax, boot_directory - KERNEL_BASE + PTE_PRESENT_WRITE
	mov	[boot_pdpt_low - KERNEL_BASE], eax
	mov	[boot_pdpt_high - KERNEL_BASE + 510 * 8], eax
	mov	eax, boot_pdpt_low - KERNEL_BASE + PTE_PRESENT_WRITE
	mov	[boot_pml4 - KERNEL_BASE], eax
	mov	[boot_pml4 - KERNEL_BASE + 256 * 8], eax
	mov	eax, boot_pdpt_high - KERNEL_BASE + PTE_PRESENT_WRITE
	mov	[boot_pml4 - KERNEL_BASE + 511 * 8], eax
	ret

; Writes the text at ESI to COM1 and to the screen, and halts for good.
fatal:
	mov	dx, COM1 + 3		; 8 data bits, no parity
	mov	al, 3
	out	dx, al
	mov	edi, VGA_TEXT
.character:
	lodsb
	test	al, al
	jz	.halt
	mov	dx, COM1
	out	dx, al
	mov	ah, 0x0f		; white on black
	cmp	al, ' '			; the screen shows no line ends
	jb	.character
	stosw
	jmp	.character
.halt:
	hlt
	jmp	.halt

no_long_mode:
	db "Signalbox needs a 64-bit x86 CPU: this one has no long mode.", 13, 10, 0
no_nx:
	db "Signalbox needs a CPU with the NX (no-execute) bit.", 13, 10, 0

align 8
boot_gdt:
	dq 0
	dq 0x00af9b000000ffff		; 64-bit code
	dq 0x00cf93000000ffff		; data
boot_gdt_pointer:
	dw boot_gdt_pointer - boot_gdt - 1
	dd boot_gdt

extern entry_high
bits 64
entry_64:
	mov	ax, 16
	mov	ds, ax
	mov	es, ax
	mov	ss, ax
	xor	eax, eax
	mov	fs, ax
	mov	gs, ax
	mov	esi, edi		; kmain(magic, info)
	mov	edi, ebp
	mov	rax, entry_high
	jmp	rax

section .bss nobits alloc noexec write align=4096
global boot_pml4
boot_pml4:		resb PAGE_SIZE
boot_pdpt_low:		resb PAGE_SIZE
boot_pdpt_high:		resb PAGE_SIZE
boot_directory:		resb PAGE_SIZE
boot_stack:		resb 2 * PAGE_SIZE
global boot_stack_top
boot_stack_top:
