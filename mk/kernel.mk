# kernel.mk - from C and assembler to build/<stage>/kernel.elf.
#
# The given kernel is compiled once for all stages, the labs' files once for each
# stage; then all is linked, twice, since a backtrace needs the symbols of the
# kernel that it is in:
#
#	kernel/**/*.c, *.asm -> build/given/*.o			once
#	labs/NN-name/*.c -> build/<stage>/lab/*.o		or solutions/
#	all the objects -> kernel.pre.elf			first link
#	kernel.pre.elf -> symbols.py -> ksyms.bin		who is where
#	objects + ksyms.bin -> kernel.elf			second link
#	kernel.elf -> kernel.elf32		what `qemu -kernel` loads
#
# The symbols lie last in the image, so that the second link moves nothing and
# the addresses taken from the first one hold.

# ---- flags ----

# The folders of the given kernel, with kernel/include first.  Each is searched
# for headers, whose names are unique: `#include "irq.h"`, wherever it lies.
KERNEL_FOLDERS := kernel/include $(filter-out kernel/include kernel \
	$(if $(SMALL),kernel/linux kernel/linux/%),$(sort \
	$(patsubst %/,%,$(dir $(wildcard $(foreach d,*/ */*/, \
	kernel/$(d)*.c kernel/$(d)*.h))))))

# The second half turns off by name what distributions turn on by default.
CFLAGS := -std=gnu17 -O2 -g -Wall -Wextra -Wno-unused-parameter \
	$(strip $(WERROR)) \
	-ffreestanding -mno-red-zone -mcmodel=kernel -mgeneral-regs-only \
	-fno-strict-aliasing -fno-omit-frame-pointer \
	-fno-optimize-sibling-calls -fno-shrink-wrap -fno-schedule-insns2 \
	-fno-pic -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -U_FORTIFY_SOURCE \
	$(KERNEL_FOLDERS:%=-I%)

# SANITIZE=1: see kernel/test/sanitize.c, and there for these few files.
ifneq ($(SANITIZED),)
CFLAGS += -DSANITIZE -fsanitize=kernel-address,undefined \
	-fno-sanitize=alignment --param asan-stack=0 --param asan-globals=0 \
	--param asan-instrumentation-with-call-threshold=0
NOT_SANITIZED := kernel/test/sanitize.c kernel/mm/heap.c kernel/mm/page.c
MEMORY ?= 256
endif

NASMFLAGS := -f elf64 -g -F dwarf -I$(GIVEN)/ -Ikernel/include/

# SOLUTION chooses the reference in solutions/; no other file asks for it.
# Submitted files go by the name they have in labs/.  What is read for an object
# is listed beside it, by the compiler and by the assembler: the grader looks.
LAB_CFLAGS = -DSOLUTION -include kernel/test/poison.h -MD -Wa,--MD,$@.asm.d \
	$(if $(FILES),-ffile-prefix-map=$(FILES)=labs/$(LAB_NAME))

# Each access to memory in the files of the lab that is worked on is a schedule
# point: see kernel/test/access.c.  HOOKS=0 leaves them out, to measure; so
# does SANITIZE=1, with which GCC cannot combine them.
HOOKS ?= 1
HOOK_CFLAGS := $(if $(filter 0,$(HOOKS))$(SANITIZED),,-fsanitize=thread \
	--param tsan-instrument-func-entry-exit=0 \
	--param tsan-distinguish-volatile=1)
LDFLAGS := -nostdlib -static --build-id=none -z max-page-size=4096 \
	-z noexecstack

# ---- sources ----

TEST_SOURCES := $(sort $(wildcard labs/$(LAB_NAME)/tests/k_*.c))
# Compiled, not linked: for the assembler.
OFFSETS := kernel/cpu/offsets.c
C_SOURCES := $(sort $(filter-out %/locked.c $(OFFSETS),$(wildcard \
	$(KERNEL_FOLDERS:%=%/*.c)))) $(TEST_SOURCES)
ASM_SOURCES := $(sort $(wildcard $(KERNEL_FOLDERS:%=%/*.asm)))
HEADERS := $(sort $(wildcard $(KERNEL_FOLDERS:%=%/*.h)))

# A lab's files: exactly one of labs/, solutions/, FILES or, for a lab that is
# still locked, kernel/ipc/NN-name/locked.c.
submitted = $(or $(wildcard $(FILES)/$(notdir $(1))),$(1))
own_sources = $(if $(FILES),$(foreach f,$(wildcard labs/$(LAB_NAME)/*.c), \
	$(call submitted,$(f))),$(wildcard $(IMPL)/$(LAB_NAME)/*.c))
LAB_SOURCES := $(if $(BASE_IMPL),$(foreach l,$(LABS_BEFORE), \
	$(wildcard $(BASE_IMPL)/$(l)/*.c))) \
	$(own_sources) \
	$(foreach l,$(LABS_AFTER),$(wildcard kernel/ipc/$(l)/locked.c))
lab_object = $(OUT)/lab/$(if $(filter %/locked.c,$(1)),$(1),$(notdir $(1))).o
RELEASED := $(if $(BASE_IMPL),,$(foreach l,$(LABS_BEFORE),$(or \
	$(wildcard released/$(l)/*.o),released/$(l)/missing.o)))
LAB_OBJECTS := $(foreach f,$(LAB_SOURCES),$(call lab_object,$(f))) $(RELEASED)

OBJECTS := $(C_SOURCES:%=$(GIVEN)/%.o) $(ASM_SOURCES:%=$(GIVEN)/%.o) \
	$(LAB_OBJECTS) $(OUT)/stage.o

# ---- rules ----

$(GIVEN)/flags: FORCE
	$(call write_if_changed,$(call quote,$(CC) $(GCC_VERSION) $(CFLAGS)))

$(OUT)/sources: FORCE
	$(call write_if_changed,$(call quote,$(LAB_CC) $(LAB_CFLAGS) $(HOOK_CFLAGS) $(OBJECTS) $(LAB_SOURCES)))

$(NOT_SANITIZED:%=$(GIVEN)/%.o): CFLAGS += -fno-sanitize=all

$(GIVEN)/%.c.o: %.c $(GIVEN)/flags
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -MF $@.d -c -o $@ $<

$(GIVEN)/%.asm.o: %.asm $(GIVEN)/layout.inc $(GIVEN)/offsets.inc $(GIVEN)/flags
	$(say) NASM $<
	@mkdir -p $(@D)
	$(Q)$(NASM) $(NASMFLAGS) -MD $@.d -MP -o $@ $<

# The compiler's temporary files are listed, too: so they have a place of their own.
LAB_CC = TMPDIR=$(OUT)/tmp $(CC)

define lab_rule
$(call lab_object,$(1)): $(1) $$(GIVEN)/flags $$(OUT)/sources
	$$(say) CC $$<
	@mkdir -p $$(@D)
	@mkdir -p $$(OUT)/tmp
	$$(Q)$$(LAB_CC) $$(CFLAGS) $$(LAB_CFLAGS) $(2) -MP -MF $$@.d -c -o $$@ $$<
endef
$(foreach f,$(LAB_SOURCES),$(eval $(call lab_rule,$(f), \
	$(if $(filter $(f),$(own_sources)),$(HOOK_CFLAGS)))))

released/%/missing.o:
	@echo 'There is nothing in released/$*: `git checkout HEAD -- released`' \
		'brings it back, BASE=labs does without.' >&2; false

# The one thing that the given kernel does not know until it is linked.
$(OUT)/stage.c: $(OUT)/sources
	$(call write_if_changed,'const char stage_name[] = "$(STAGE)";')

$(OUT)/stage.o: $(OUT)/stage.c
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

# The linker script and the assembler read layout.h too: the script through
# the preprocessor, the assembler as the same list in its own words.
$(GIVEN)/kernel.ld: kernel/boot/kernel.ld kernel/include/layout.h $(GIVEN)/flags
	$(Q)$(CC) -E -P -x c -Ikernel/include -o $@ $<

$(GIVEN)/layout.inc: kernel/include/layout.h mk/kernel.mk
	@mkdir -p $(@D)
	$(Q)sed -nE 's/^#define ([A-Z0-9_]+) (0x[0-9a-fA-F]+|[0-9]+).*/%define \1 \2/p' $< > $@

# The offsets of fields come from the compiler, on lines of its output.
$(GIVEN)/offsets.inc: $(OFFSETS) $(GIVEN)/flags mk/kernel.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -MT $@ -MF $@.d -S -o $@.s $<
	$(Q)sed -nE 's/^->([A-Z0-9_]+) ([0-9]+|-[0-9]+)$$/%define \1 \2/p' $@.s > $@

link = $(LD) $(LDFLAGS) -T $(GIVEN)/kernel.ld -o $@ $(OBJECTS)

$(OUT)/empty.bin: $(OUT)/sources
	@: > $@

$(OUT)/kernel.pre.elf: $(OBJECTS) $(OUT)/empty.bin.o $(GIVEN)/kernel.ld $(OUT)/sources
	$(Q)$(link) $(OUT)/empty.bin.o

$(OUT)/ksyms.bin: $(OUT)/kernel.pre.elf tools/machine/symbols.py
	$(say) SYMS $@
	$(Q)$(PYTHON) -m tools.machine.symbols $< $@

$(OUT)/%.bin.o: $(OUT)/%.bin
	$(Q)printf 'section .ksyms progbits alloc noexec nowrite align=8\nincbin "%s"\n' $< > $@.asm
	$(Q)$(NASM) -f elf64 -o $@ $@.asm

$(OUT)/kernel.elf: $(OUT)/kernel.pre.elf $(OUT)/ksyms.bin.o
	$(say) LD $@
	$(Q)$(link) $(OUT)/ksyms.bin.o

# QEMU takes a multiboot kernel only as a 32-bit file.
$(OUT)/kernel.elf32: $(OUT)/kernel.elf
	$(Q)$(OBJCOPY) -O elf32-i386 --strip-all $< $@

-include $(OBJECTS:=.d) $(GIVEN)/offsets.inc.d

# ---- for editors ----

# For clangd and other editors: how each C file is compiled.
comma := ,
define newline


endef
compdb_row = {"directory": "$(CURDIR)", "file": "$(1)", \
	"command": "$(subst ",\",$(CC) $(CFLAGS) -c $(1))"}

compile_commands.json: $(GIVEN)/flags $(OUT)/sources
	$(file >$@,[$(subst } {,}$(comma)$(newline){,$(foreach \
		c,$(C_SOURCES) $(OFFSETS) $(LAB_SOURCES),$(call compdb_row,$(c))))])
