; uaccess.asm - the instructions that touch the memory of user programs.
;
; There are no others in the kernel: SMAP (SDM 3A, 4.6) makes the CPU fault when
; the kernel touches user memory while RFLAGS.AC is clear, and only the code
; between USER_BEGIN and USER_END sets it.  stac and clac are no instructions on
; a CPU without SMAP, hence the test.
;
; A fault at one of them first goes to aspace_fault(), which may find the page;
; then the instruction is tried again.  If there is none, uaccess_fixup() looks
; the address up in the table at the end, and execution goes on at that range's
; error exit, with the registers as they were at the fault: so the counter of a
; string instruction tells how much is left (SDM 2B, REP).
;
; The addresses have been checked by uaccess.c.  None of these may sleep by
; itself, but a fault may.

%include "offsets.inc"

%macro USER_BEGIN 0
	cmp	byte [rel uaccess_smap], 0
	je	%%no_smap
	stac
%%no_smap:
%endmacro

%macro USER_END 0
	cmp	byte [rel uaccess_smap], 0
	je	%%no_smap
	clac
%%no_smap:
%endmacro

section .data
global uaccess_smap			; bool: CR4.SMAP is set
uaccess_smap:	db 0

section .text

; size_t uaccess_copy(void *dst, const void *src, size_t len): how many bytes
; are left.  A word that crosses into a missing page is tried again by bytes.
global uaccess_copy
uaccess_copy:
	mov	rcx, rdx
	shr	rcx, 3
	and	edx, 7
	USER_BEGIN
copy_words:
	rep movsq
	mov	ecx, edx
copy_bytes:
	rep movsb
copy_end:
	USER_END
	mov	rax, rcx
	ret
copy_words_failed:
	lea	rcx, [rdx + rcx * 8]
	jmp	copy_bytes

; size_t uaccess_clear(void *dst, size_t len): how many bytes are left.
global uaccess_clear
uaccess_clear:
	mov	rcx, rsi
	shr	rcx, 3
	mov	edx, esi
	and	edx, 7
	xor	eax, eax
	USER_BEGIN
clear_words:
	rep stosq
	mov	ecx, edx
clear_bytes:
	rep stosb
clear_end:
	USER_END
	mov	rax, rcx
	ret
clear_words_failed:
	lea	rcx, [rdx + rcx * 8]
	jmp	clear_bytes

; long uaccess_copy_string(char *dst, const char *src, size_t size): the length
; without the terminator; size when there is none; -EFAULT.  size is not 0.
global uaccess_copy_string
uaccess_copy_string:
	mov	rcx, rdx
	mov	rdx, rsi
	USER_BEGIN
string_begin:
	lodsb
	stosb
	test	al, al
	loopne	string_begin
string_end:
	USER_END
	sub	rsi, rdx		; bytes read
	cmp	al, 1			; carry: the last was the terminator
	sbb	rsi, 0
	mov	rax, rsi
	ret
string_failed:
	USER_END
	mov	rax, -EFAULT
	ret

; int uaccess_load32(const uint32_t *addr, uint32_t *value): 0 or -EFAULT.  One
; access: no byte of it is older than another.
global uaccess_load32
uaccess_load32:
	USER_BEGIN
load_begin:
	mov	eax, [rdi]
load_end:
	USER_END
	mov	[rsi], eax
	xor	eax, eax
	ret

; int uaccess_exchange32(uint32_t *addr, uint32_t value, uint32_t *old): 0 or
; -EFAULT.  XCHG with memory is atomic (SDM 3A, 8.1.2.1).
global uaccess_exchange32
uaccess_exchange32:
	USER_BEGIN
exchange_begin:
	xchg	[rdi], esi
exchange_end:
	USER_END
	mov	[rdx], esi
	xor	eax, eax
	ret

word_failed:
	USER_END
	mov	eax, -EFAULT
	ret

; struct uaccess_range: first instruction, the one after the last, error exit.
section .rodata
global uaccess_ranges, uaccess_ranges_end
uaccess_ranges:
	dq	copy_words, copy_bytes, copy_words_failed
	dq	copy_bytes, copy_end, copy_end
	dq	clear_words, clear_bytes, clear_words_failed
	dq	clear_bytes, clear_end, clear_end
	dq	string_begin, string_end, string_failed
	dq	load_begin, load_end, word_failed
	dq	exchange_begin, exchange_end, word_failed
uaccess_ranges_end:
