# Signalbox: every verb that a person types.  `make help` lists them.
#
# A stage is the given kernel with labs 1 to LAB.  The given kernel is the same
# in all of them and is compiled once, to build/given/; a stage adds the files
# of its labs, and is linked in build/<stage>/:
#
#	kernel/**/*.c, *.asm -> build/given/*.o			once
#	labs/NN-name/*.c -> build/<stage>/*.o			or solutions/
#	all the objects -> kernel.pre.elf			first link
#	kernel.pre.elf -> tools/symbols.py -> ksyms.bin		who is where
#	objects + ksyms.bin -> kernel.elf			second link
#	kernel.elf -> kernel.elf32		what `qemu -kernel` loads
#	user/*.c -> build/user/* -> root.cpio	the programs, for user mode
#	the same, and busybox -> full.cpio	what `make run` starts with
#	kernel.elf32, full.cpio -> build/signalbox.iso	what a PC boots, by GRUB
#
# The symbols lie last in the image, so that the second link moves nothing and
# the addresses taken from the first one hold.
#
# Sources are found by wildcard: a new file in kernel/<folder>/ is built, no
# list needs it.  A change of a header, of a flag or of the list of files
# rebuilds what it touches, and no more.  V=1 shows the commands.

# Make 4.2 is the first to tell how a $(shell) ended.
probe := $(shell :)
ifneq ($(.SHELLSTATUS),0)
$(error This needs GNU Make 4.2 or newer (macOS: brew install make, type gmake))
endif

MAKEFLAGS += --no-builtin-rules --no-builtin-variables --no-print-directory
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
endif
# The tools that a recipe starts may call make again: it shall start afresh,
# and not look for this make's job server.
unexport MAKEFLAGS

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
GOALS := $(or $(MAKECMDGOALS),all)

# A verb that does not exist is said to be so, in words.  (Files have a "/" or
# a "." in their names; they are made by the rules below, or make complains.)
WORDS_GIVEN := $(foreach g,$(MAKECMDGOALS),$(if $(findstring /,$g)$(findstring .,$g),,$g))
VERBS := $(if $(WORDS_GIVEN),all $(shell sed -n 's/^\([a-z-]*\):.*\#\#.*/\1/p' \
	$(firstword $(MAKEFILE_LIST))))
ifneq ($(filter-out $(VERBS),$(WORDS_GIVEN)),)
$(error There is no verb "$(firstword $(filter-out $(VERBS),$(WORDS_GIVEN)))": `make help` lists them)
endif

# ---- what is built: LAB, IMPL, BASE ----

# LAB=4, LAB=04 and LAB=04-pipes mean the same; the default is the highest.
LABS := $(sort $(notdir $(patsubst %/,%,$(wildcard labs/[0-9][0-9]-*/))))
LAB ?= $(lastword $(LABS))
LAB_NAME := $(firstword $(filter $(LAB) $(LAB)-% 0$(LAB)-%,$(LABS)))
ifeq ($(LAB_NAME),)
$(error There is no lab "$(LAB)": LAB is one of $(LABS)$(if \
	$(wildcard solutions),,; `make unlock` takes the next))
endif

# Whose files: labs (the student's), solutions, or with FILES=DIR NAME=WORD
# those in DIR, where a file that is missing there comes from labs/.
IMPL ?= labs
NAME ?= files
ifeq ($(filter labs $(wildcard solutions),$(IMPL)),)
$(error IMPL=$(IMPL): it is labs$(if $(wildcard solutions), or solutions); \
	for a directory of your own use FILES=DIR NAME=WORD)
endif
SANITIZED := $(if $(filter-out 0,$(SANITIZE)),.sanitized)
# LINUX=0 leaves kernel/linux out: what is left is any Unix, and the labs.
SMALL := $(if $(filter 0,$(LINUX)),.small)
SUFFIX := $(if $(FILES),.$(NAME),$(if $(filter solutions,$(IMPL)),.solutions))$(if $(filter 0,$(HOOKS)),.fast)$(SMALL)$(SANITIZED)
STAGE := $(LAB_NAME)$(SUFFIX)

ifneq ($(FILES),)
ifeq ($(wildcard $(FILES)/*.c),)
$(error FILES=$(FILES): there is no directory with C files of this name)
endif
endif

# Where the labs before this one come from: reference, or labs.  The reference
# is solutions/, or where that is not, in a student's repository, the objects
# made of it in released/.
BASE ?= reference
ifeq ($(filter labs reference,$(BASE)),)
$(error BASE=$(BASE): it is reference or labs)
endif
BASE_IMPL := $(if $(filter labs,$(BASE)),labs,$(wildcard solutions))

# The labs before $(1), and those after it, in the list $(2).
before = $(if $(filter $(1),$(firstword $(2)) ),,$(firstword $(2)) \
	$(call before,$(1),$(wordlist 2,$(words $(2)),$(2))))
LABS_BEFORE := $(call before,$(LAB_NAME),$(LABS))
LABS_AFTER := $(filter-out $(LABS_BEFORE) $(LAB_NAME), \
	$(sort $(LABS) $(notdir $(wildcard kernel/ipc/[0-9][0-9]-*))))

BUILD := build
GIVEN := $(BUILD)/given$(SMALL)$(SANITIZED)
OUT := $(BUILD)/$(STAGE)

# What `make run` offers beside this one, in the menu of the ISO.
STAGES := $(LABS:%=%$(SUFFIX))

# ---- tools ----

# What the verbs need is installed before anything else is looked at.
# tools/setup takes the verbs' names, and is silent when nothing is missing.
MAINTAINERS_VERBS := check mutants soak starters workload course tags
GOALS_WITHOUT_TOOLS := help clean setup console size \
	$(if $(wildcard solutions),,$(MAINTAINERS_VERBS))
SETUP_GOALS := $(filter-out $(GOALS_WITHOUT_TOOLS),$(GOALS)) $(if $(ISO),iso)
ifneq ($(strip $(SETUP_GOALS)),)
probe := $(shell tools/setup --quiet $(SETUP_GOALS) >&2)
ifneq ($(.SHELLSTATUS),0)
$(error Tools are missing: see above)
endif
probe := $(shell mkdir -p $(BUILD) && test -w $(BUILD))
ifneq ($(.SHELLSTATUS),0)
$(error $(BUILD) cannot be written: has another user built here? `sudo make clean` \
	takes that away)
endif
endif

# Debian's libraries for Python belong to Debian's own Python.
PYTHON := $(firstword $(wildcard /usr/bin/python3) python3)
MACHINE := $(PYTHON) tools/machine.py

# The folders of the given kernel, with kernel/include first.  Each is searched
# for headers, whose names are unique: `#include "irq.h"`, wherever it lies.
KERNEL_FOLDERS := kernel/include $(filter-out kernel/include kernel \
	$(if $(SMALL),kernel/linux kernel/linux/%),$(sort \
	$(patsubst %/,%,$(dir $(wildcard $(foreach d,*/ */*/, \
	kernel/$(d)*.c kernel/$(d)*.h))))))

# A compiler that can only mean bare x86-64 comes first; then the one that
# Debian has on every architecture; then the system's own, on x86-64.
find_tool = $(firstword $(foreach t,$(1),$(shell command -v $(t) 2>/dev/null)))
CROSS := $(patsubst %gcc,%,$(notdir $(call find_tool, \
	x86_64-elf-gcc x86_64-linux-gnu-gcc gcc)))
CC := $(CROSS)gcc
LD := $(CROSS)ld
OBJCOPY := $(CROSS)objcopy
NASM := nasm
GRUB_MKRESCUE := $(call find_tool,grub-mkrescue grub2-mkrescue)

# Warnings stop the build up to the compiler that `make check` is known to pass
# with.  A newer one may warn of more: that shall not stop anybody.
GCC_KNOWN := 10 11 12
GCC_VERSION := $(shell $(CC) -dumpversion 2>/dev/null)
WERROR := $(if $(filter $(GCC_KNOWN),$(firstword $(subst ., ,$(GCC_VERSION)))), \
	-Werror)

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
LAB_CFLAGS = -DSOLUTION -MD -Wa,--MD,$@.asm.d \
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

# ---- how the output looks: "CC kernel/mm/page.c" ----

Q := $(if $(V),,@)
say = @printf '%-4s %s\n'
quote = '$(subst ','\'',$(1))'

# Writes text to the target, but leaves a file that says the same untouched:
# what depends on it is rebuilt only when the text has changed.
define write_if_changed
@mkdir -p $(@D)
@printf '%s\n' $(1) | cmp -s - $@ || printf '%s\n' $(1) > $@
endef

# ---- verbs ----

.PHONY: all kernel
all: kernel
kernel: $(OUT)/kernel.elf $(OUT)/kernel.elf32 $(OUT)/root.cpio $(OUT)/full.cpio $(if $(SANITIZED),,compile_commands.json) ## Build the kernel (what a bare `make` does)

CHECKED_RUN := $(BUILD)/checked-run

# What the verbs below hand on to tools/machine.py, when it is given.
MACHINE_ARGS = --stage $(STAGE) $(if $(CPUS),--cpus $(CPUS)) \
	$(if $(MEMORY),--memory $(MEMORY)) $(if $(ISO),--iso) \
	$(if $(filter-out 0,$(ICOUNT)),--icount) $(if $(WINDOW),--window) \
	$(if $(APPEND),--append $(call quote,$(APPEND)))

.PHONY: user oracle
user: $(OUT)/root.cpio $(OUT)/full.cpio ## Build the programs for user mode, and pack them

oracle: user ## Run the portable user tests on this machine's Linux [TEST=fork]
	@$(PYTHON) tools/oracle --programs $(USER) $(filter-out all,$(TEST))

.PHONY: run
run: kernel $(CHECKED_RUN) $(if $(ISO),iso) ## Boot it in QEMU, to a shell or with APPEND=monitor to the monitor [CPUS=2 MEMORY=64 APPEND='words' ISO=1 ICOUNT=1 WINDOW=1]
	@$(MACHINE) run $(MACHINE_ARGS)

.PHONY: test
TEST := all
# A test of this lab needs no folder: "nesting" is 01/nesting.
TEST_OF_LAB = $(if $(shell grep -sx 'name = "$(TEST)"' labs/$(LAB_NAME)/lab.toml),$(LAB_NUMBER)/)
test: override APPEND += test=$(TEST_OF_LAB)$(TEST)
test: kernel $(CHECKED_RUN) $(if $(ISO),iso) ## Run tests inside the kernel [TEST=sched/handover CPUS=2 APPEND='seed=7' SANITIZE=1]
	@$(MACHINE) run $(MACHINE_ARGS)

# ---- marking ----

GRADE_ARGS = --lab $(LAB_NAME) \
	$(if $(FILES),--impl $(FILES) --name $(NAME),--impl $(IMPL)) \
	$(if $(filter-out all,$(TEST)),--test $(TEST)) \
	$(if $(SCHED),--sched $(SCHED)) $(if $(SEED),--seed $(SEED)) \
	$(if $(CPUS),--cpus $(CPUS)) $(if $(TAP),--tap) \
	$(if $(JUNIT),--junit $(JUNIT)) $(if $(JSON),--json $(JSON))

.PHONY: grade
grade: $(CHECKED_RUN) ## Mark a lab [LAB=1 IMPL=labs TEST= SEED= SCHED= CPUS= TAP=1 JUNIT= JSON=]
	@$(PYTHON) grader/grade.py $(GRADE_ARGS)

.PHONY: explore
explore: $(CHECKED_RUN) ## Run all schedules of a test with at most two pre-emptions [LAB=3 TEST=03/name SCHED=explore:17.1]
	@$(PYTHON) grader/explore.py --lab $(LAB_NAME) --test $(TEST) \
		$(if $(FILES),--impl $(FILES) --name $(NAME),--impl $(IMPL)) \
		$(if $(SCHED),--sched $(SCHED))

# ---- verbs for maintainers, where there are solutions; and for students ----

# What follows "##" is in `make help`: "##m" for maintainers, "##s" for students.
.PHONY: $(MAINTAINERS_VERBS) unlock

ifneq ($(wildcard solutions),)

AUDIENCE := m

check: $(CHECKED_RUN) ##m Run every test of this repository
	@$(PYTHON) tools/check --stage $(LAB_NAME).solutions $(CHECK_ARGS)

mutants: $(CHECKED_RUN) ##m Try to fool the grader: every test on every mutant [LAB=1]
	@$(PYTHON) grader/mutants.py --lab $(LAB_NAME) --all

N := 20
soak: $(CHECKED_RUN) ##m Mark a lab N times on a busy machine [LAB=1 N=200 IMPL=solutions]
	@$(PYTHON) grader/soak.py --lab $(LAB_NAME) --impl $(IMPL) --runs $(N)

# A lab's starter is its reference without what the markers enclose.
STARTERS := $(patsubst solutions/%,labs/%,$(wildcard solutions/*/*.c))
starters: ##m Make the files in labs/ from those in solutions/
	@mkdir -p $(sort $(dir $(STARTERS)))
	@$(foreach f,$(STARTERS),unifdef -x 2 -USOLUTION -o $(f) \
		$(f:labs/%=solutions/%) &&) :

# The reference's lines of code between the markers, without comments and blank
# lines, and how many there shall be at most: the challenge's come on top.
workload: ##m Lines that a student has to write, for each lab, and the limit
	@for lab in $(LABS); do \
		case $$lab in 01-*) most=150;; 0[234]-*) most=300;; *) most=500;; esac; \
		awk -v lab=$$lab -v most=$$most ' \
			/^#ifdef SOLUTION/ { inside = 1; extra = /challenge/; next } \
			/^#(else|endif)/ { inside = 0 } \
			/^[ \t]*$$|^[ \t]*(\/\*| \*)/ { next } \
			inside { sum++; each[FILENAME]++; challenge += extra } \
			END { \
				printf "%s: %d lines of %d", lab, sum - challenge, most; \
				if (challenge) \
					printf ", and %d for the challenge", challenge; \
				for (i = 1; i < ARGC; i++) { \
					name = ARGV[i]; sub(/.*\//, "", name); \
					printf "%s%s %d", (i == 1 ? " (" : ", "), name, each[ARGV[i]]; \
				} \
				print ")" \
			}' solutions/$$lab/*.c; done

# Here OUT is a directory that is named on the command line.
course: ##m Publish the last commit for students, each lab a tag [OUT=DIR UPTO=1]
	@$(PYTHON) tools/course/publish.py course $(if $(UPTO),--upto $(UPTO)) \
		$(if $(filter command%,$(origin OUT)),--out $(call quote,$(OUT)))

tags: ##m Make the tags lab-01, lab-02, ... of the course in this repository
	@$(PYTHON) tools/course/publish.py tags

unlock:
	@echo 'make unlock is for students: `make course` makes their repository.' >&2; false

else

AUDIENCE := s

unlock: $(CHECKED_RUN) ##s Mark the newest lab, and take the next if it has enough points [FORCE=1]
	@$(PYTHON) tools/unlock $(if $(filter-out 0,$(FORCE)),--force)

$(MAINTAINERS_VERBS):
	@echo 'make $@ is for those who maintain the course; `make help` lists your verbs.' >&2; false

endif

.PHONY: size
size: ## Count the kernel's lines, by part
	@tools/size

# The reference's figures, where it is published, unless IMPL is given.
BENCH_STAGE := $(if $(filter command% environment%,$(origin IMPL)),$(STAGE), \
	$(LAB_NAME)$(if $(wildcard solutions),.solutions))
BENCH_ARGS = --stage $(strip $(BENCH_STAGE)) \
	$(if $(filter 0,$(BENCH_LINUX)),--no-linux) \
	$(if $(filter off,$(MITIGATIONS)),--mitigations-off) \
	$(if $(BENCH_OUT),--out $(BENCH_OUT)) $(ROWS)
.PHONY: bench
bench: $(CHECKED_RUN) ## Compare with Linux, in guest instructions a call [ROWS='syscall fork' BENCH_LINUX=0 MITIGATIONS=off]
	@$(PYTHON) bench/bench.py $(BENCH_ARGS)

.PHONY: gdb bochs console
gdb: kernel $(CHECKED_RUN) $(if $(ISO),iso) ## Boot it in QEMU under GDB [AT=kmain CPUS= MEMORY= APPEND= ICOUNT=1 GDBARGS=]
	@$(MACHINE) gdb $(MACHINE_ARGS) $(if $(AT),--at $(AT)) \
		$(if $(GDBARGS),--gdb-args $(call quote,$(GDBARGS)))

bochs: kernel iso ## Boot the ISO in Bochs [DEBUG=1 CPUS= MEMORY= APPEND= WINDOW=1]
	@$(MACHINE) bochs $(MACHINE_ARGS) $(if $(DEBUG),--debug)

console: ## The console of a kernel under a debugger, in a second terminal
	@$(MACHINE) console --stage $(STAGE)

.PHONY: iso
iso: $(BUILD)/signalbox.iso ## Make build/signalbox.iso [CMDLINE='words for the kernel']

.PHONY: compdb
compdb: compile_commands.json ## Make compile_commands.json, for editors

.PHONY: format format-check
format: ## Format the C sources with clang-format
	$(Q)clang-format -i $(C_SOURCES) $(OFFSETS) $(HEADERS)

format-check: ## Say which C sources clang-format would change
	$(Q)clang-format --dry-run -Werror $(C_SOURCES) $(OFFSETS) $(HEADERS)

.PHONY: setup busybox doctor
busybox: ## Fetch busybox, for the shell of `make run`; the first build does
	@$(PYTHON) tools/busybox $(BUSYBOX_LIST)

setup: ## Install every tool that is missing
	@tools/setup

doctor: ## Check the tools, boot a smoke kernel, name repairs
	@$(PYTHON) tools/doctor

.PHONY: clean
clean: ## Remove what was built
	$(Q)rm -rf $(BUILD) compile_commands.json

.PHONY: help
help: ## This list
	@echo 'make <verb> [NAME=value ...]'; echo
	@sed -n 's/^\([a-z-]*\):.*##$(AUDIENCE)\{0,1\} /\1\t/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS='	' read -r verb text; do \
			printf '  %-13s %s\n' "$$verb" "$$text"; done

# ---- the kernel ----

# Once in each build directory: a tool that is too old is named, before it can
# fail in a way that nobody understands.
$(BUILD)/checked-%: tools/doctor
	@mkdir -p $(@D)
	@$(PYTHON) tools/doctor --quick $* && touch $@

.PHONY: FORCE
$(GIVEN)/flags: FORCE
	$(call write_if_changed,$(call quote,$(CC) $(GCC_VERSION) $(CFLAGS)))

$(OUT)/sources: FORCE
	$(call write_if_changed,$(call quote,$(LAB_CFLAGS) $(HOOK_CFLAGS) $(OBJECTS) $(LAB_SOURCES)))

$(NOT_SANITIZED:%=$(GIVEN)/%.o): CFLAGS += -fno-sanitize=all

$(GIVEN)/%.c.o: %.c $(GIVEN)/flags
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -MF $@.d -c -o $@ $<

$(GIVEN)/%.asm.o: %.asm $(GIVEN)/layout.inc $(GIVEN)/offsets.inc $(GIVEN)/flags
	$(say) NASM $<
	@mkdir -p $(@D)
	$(Q)$(NASM) $(NASMFLAGS) -MD $@.d -MP -o $@ $<

define lab_rule
$(call lab_object,$(1)): $(1) $$(GIVEN)/flags $$(OUT)/sources
	$$(say) CC $$<
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CFLAGS) $$(LAB_CFLAGS) $(2) -MP -MF $$@.d -c -o $$@ $$<
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

$(GIVEN)/layout.inc: kernel/include/layout.h Makefile
	@mkdir -p $(@D)
	$(Q)sed -nE 's/^#define ([A-Z0-9_]+) (0x[0-9a-fA-F]+|[0-9]+).*/%define \1 \2/p' $< > $@

# The offsets of fields come from the compiler, on lines of its output.
$(GIVEN)/offsets.inc: $(OFFSETS) $(GIVEN)/flags Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -MT $@ -MF $@.d -S -o $@.s $<
	$(Q)sed -nE 's/^->([A-Z0-9_]+) ([0-9]+|-[0-9]+)$$/%define \1 \2/p' $@.s > $@

link = $(LD) $(LDFLAGS) -T $(GIVEN)/kernel.ld -o $@ $(OBJECTS)

$(OUT)/empty.bin: $(OUT)/sources
	@: > $@

$(OUT)/kernel.pre.elf: $(OBJECTS) $(OUT)/empty.bin.o $(GIVEN)/kernel.ld $(OUT)/sources
	$(Q)$(link) $(OUT)/empty.bin.o

$(OUT)/ksyms.bin: $(OUT)/kernel.pre.elf tools/symbols.py
	$(say) SYMS $@
	$(Q)$(PYTHON) tools/symbols.py $< $@

$(OUT)/%.bin.o: $(OUT)/%.bin
	$(Q)printf 'section .ksyms progbits alloc noexec nowrite align=8\nincbin "%s"\n' $< > $@.asm
	$(Q)$(NASM) -f elf64 -o $@ $@.asm

$(OUT)/kernel.elf: $(OUT)/kernel.pre.elf $(OUT)/ksyms.bin.o
	$(say) LD $@
	$(Q)$(link) $(OUT)/ksyms.bin.o

# QEMU takes a multiboot kernel only as a 32-bit file.
$(OUT)/kernel.elf32: $(OUT)/kernel.elf
	$(Q)$(OBJCOPY) -O elf32-i386 --strip-all $< $@

# For clangd and other editors: how each C file is compiled.
comma := ,
define newline


endef
compdb_row = {"directory": "$(CURDIR)", "file": "$(1)", \
	"command": "$(subst ",\",$(CC) $(CFLAGS) -c $(1))"}

compile_commands.json: $(GIVEN)/flags $(OUT)/sources
	$(file >$@,[$(subst } {,}$(comma)$(newline){,$(foreach \
		c,$(C_SOURCES) $(OFFSETS) $(LAB_SOURCES),$(call compdb_row,$(c))))])

# ---- user programs, and the archive that becomes the root file system ----

# Ordinary C programs, linked with musl, static; they run on Linux as well.
#
#	user/NAME.c, user/NAME/*.c -> build/user/NAME		one program each
#	user/tests/NAME.c -> build/user/tests/NAME		and /tests/user/NAME
#	labs/NN-name/tests/NAME.c -> build/user/NN/NAME		and /tests/NN/NAME
#	build/user/... -> build/user/stripped/...		what is packed
#	user/root.list -> tools/mkroot.py -> build/<stage>/root.cpio
#	and user/busybox.list, tools/busybox -> build/<stage>/full.cpio
#
# Tests and marks start with root.cpio, which is the same wherever it is made;
# `make run` with full.cpio, in which busybox has the place of our small shell.
# Those in build/user/ have their debugging information, for GDB.
MUSL_CC := $(call find_tool,x86_64-linux-musl-gcc musl-gcc)
USER_CFLAGS := -std=gnu17 -O2 -g -Wall -Wextra -Wno-unused-parameter \
	$(strip $(WERROR)) -Iuser
USER_LDFLAGS := -static -no-pie -z noexecstack
USER := $(BUILD)/user
LAB_NUMBER := $(firstword $(subst -, ,$(LAB_NAME)))

USER_FOLDERS := $(filter-out tests,$(patsubst user/%/,%, \
	$(dir $(wildcard user/*/main.c))))
USER_TESTS := $(patsubst user/%.c,%,$(sort $(wildcard user/tests/*.c)))
LAB_TESTS := $(patsubst %.c,$(LAB_NUMBER)/%,$(filter-out k_%, \
	$(sort $(notdir $(wildcard labs/$(LAB_NAME)/tests/*.c)))))
PROGRAMS := $(patsubst user/%.c,%,$(sort $(wildcard user/*.c))) \
	$(USER_FOLDERS) $(USER_TESTS) $(LAB_TESTS)

$(USER)/flags: FORCE
	$(call write_if_changed,$(call quote,$(MUSL_CC) $(USER_CFLAGS) $(USER_LDFLAGS)))

define link_program
$(say) MUSL $<
@mkdir -p $(@D)
$(Q)$(MUSL_CC) $(USER_CFLAGS) -MMD -MP -MF $@.d -o $@ $< $(USER_LDFLAGS)
endef

$(USER)/%: user/%.c $(USER)/flags
	$(link_program)

$(USER)/$(LAB_NUMBER)/%: labs/$(LAB_NAME)/tests/%.c $(USER)/flags
	$(link_program)

define folder_rule
$(USER)/$(1): $(wildcard user/$(1)/*.[ch]) $(USER)/flags
	$$(say) MUSL user/$(1)
	@mkdir -p $$(@D)
	$$(Q)$$(MUSL_CC) $$(USER_CFLAGS) -o $$@ $$(filter %.c,$$^) $$(USER_LDFLAGS)
endef
$(foreach f,$(USER_FOLDERS),$(eval $(call folder_rule,$(f))))

$(USER)/stripped/%: $(USER)/%
	@mkdir -p $(@D)
	$(Q)$(OBJCOPY) --strip-all $< $@

-include $(PROGRAMS:%=$(USER)/%.d)

.SECONDARY: $(PROGRAMS:%=$(USER)/%)

# The tests are added to the list of files by wildcard.
$(OUT)/tests.list: FORCE
	$(call write_if_changed,$(foreach t,$(USER_TESTS), \
		'tests/user/$(notdir $(t)) program $(t)') \
		$(foreach t,$(LAB_TESTS),'tests/$(t) program $(t)') '')

$(OUT)/root.cpio: tools/mkroot.py user/root.list $(OUT)/tests.list \
		$(wildcard user/etc/*) $(PROGRAMS:%=$(USER)/stripped/%)
	$(say) CPIO $@
	$(Q)$(PYTHON) tools/mkroot.py $@ $(USER)/stripped user/root.list $(OUT)/tests.list

# Empty where there is no busybox: tools/busybox says why.
BUSYBOX_LIST := $(BUILD)/busybox/list

$(BUSYBOX_LIST): tools/busybox tools/debian.py user/busybox.list
	$(Q)$(PYTHON) tools/busybox $@

$(OUT)/full.cpio: $(OUT)/root.cpio $(BUSYBOX_LIST)
	$(say) CPIO $@
	$(Q)$(PYTHON) tools/mkroot.py $@ $(USER)/stripped user/root.list \
		$(OUT)/tests.list $(BUSYBOX_LIST)

# The other stages, for the menu of the ISO: one after the other, after this
# one, since all of them make the same files in build/given/ and build/user/.
OTHER_STAGES := $(filter-out $(STAGE),$(STAGES))
$(OTHER_STAGES:%=$(BUILD)/%/full.cpio): $(BUILD)/%/full.cpio: $(BUILD)/%/kernel.elf32

define other_rule
$(BUILD)/$(1)/kernel.elf32: FORCE | $(OUT)/kernel.elf32 $(OUT)/root.cpio \
		$(patsubst %,$(BUILD)/%/kernel.elf32,$(call before,$(1),$(OTHER_STAGES)))
	$$(Q)$$(MAKE) --no-print-directory kernel LAB=$(patsubst %$(SUFFIX),%,$(1))
endef
$(foreach s,$(OTHER_STAGES),$(eval $(call other_rule,$(s))))

-include $(OBJECTS:=.d) $(GIVEN)/offsets.inc.d

# ---- the benchmark: its programs and archive, for Signalbox and for Linux ----

BENCH := $(BUILD)/bench
BENCH_PROGRAMS := $(patsubst bench/%.c,$(BENCH)/programs/%,$(wildcard bench/*.c))

$(BENCH)/programs/%: bench/%.c $(USER)/flags
	$(say) MUSL $<
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(USER_CFLAGS) -o $@ $< $(USER_LDFLAGS)
	$(Q)$(OBJCOPY) --strip-all $@

$(BENCH)/root.cpio: tools/mkroot.py bench/root.list $(BENCH_PROGRAMS)
	$(say) CPIO $@
	$(Q)$(PYTHON) tools/mkroot.py $@ $(BENCH)/programs bench/root.list

# ---- the image that GRUB boots ----

# It ends at the shell, like `make run`, unless CMDLINE says at what.
ISO_WORDS = $(if $(filter init=% test=% monitor,$(CMDLINE)),,init=/sbin/init) $(CMDLINE)

# One entry boots at once; from two on there is a moment to choose.
define GRUB_CFG
set timeout=$(if $(word 2,$(STAGES)),2,0)
set default="Signalbox $(STAGE)"
terminal_output console
set gfxpayload=text
$(foreach s,$(STAGES),
menuentry "Signalbox $(s)" {
	multiboot /boot/$(s).elf $(strip $(ISO_WORDS))
	module /boot/$(s).cpio
	boot
})
endef
export GRUB_CFG

ISO_ROOT := $(BUILD)/iso

$(ISO_ROOT)/boot/grub/grub.cfg: FORCE
	$(call write_if_changed,"$$GRUB_CFG")

$(ISO_ROOT)/boot/%.elf: $(BUILD)/%/kernel.elf32
	@mkdir -p $(@D)
	@cp $< $@

$(ISO_ROOT)/boot/%.cpio: $(BUILD)/%/full.cpio
	@mkdir -p $(@D)
	@cp $< $@

# Only the BIOS half of GRUB, and the modules that this menu uses: an image of
# less than 1 MiB beside the stages, and no need for EFI's tools.
GRUB_BIOS := $(firstword $(wildcard $(addsuffix /grub/i386-pc, \
	/usr/lib /usr/local/lib /usr/share) /usr/lib64/grub/i386-pc))

$(BUILD)/signalbox.iso: $(ISO_ROOT)/boot/grub/grub.cfg \
		$(STAGES:%=$(ISO_ROOT)/boot/%.elf) \
		$(STAGES:%=$(ISO_ROOT)/boot/%.cpio)
	$(say) ISO $@
	$(Q)$(GRUB_MKRESCUE) --directory=$(GRUB_BIOS) \
		--install-modules='normal multiboot' \
		--fonts= --locales= --themes= -o $@ $(ISO_ROOT) \
		>$(BUILD)/iso.log 2>&1 || { \
		cat $(BUILD)/iso.log; echo 'grub-mkrescue failed, see above;' \
		'`make doctor` checks what it needs'; exit 1; }
