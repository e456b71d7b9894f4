# Signalbox: every verb that a person types.  `make help` lists them.
#
# A stage is the given kernel with labs 1 to LAB.  The given kernel is the same
# in all of them and is compiled once, to build/given/; a stage adds the files
# of its labs, and is made in build/<stage>/:
#
#	kernel/, labs/ or solutions/ -> kernel.elf	mk/kernel.mk
#	user/*.c -> root.cpio, full.cpio		mk/user.mk
#	these of all stages -> build/signalbox.iso	mk/iso.mk
#
# Which lab, and whose files, is mk/lab.mk; the compiler and its like, and what
# installs them, mk/tools.mk.  Here are the verbs: each says in one line, after
# its "##", what `make help` prints.
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
# a "." in their names; they are made by the rules in mk/, or make complains.)
WORDS_GIVEN := $(foreach g,$(MAKECMDGOALS),$(if $(findstring /,$g)$(findstring .,$g),,$g))
VERBS := $(if $(WORDS_GIVEN),all $(shell sed -n 's/^\([a-z-]*\):.*\#\#.*/\1/p' \
	$(firstword $(MAKEFILE_LIST))))
ifneq ($(filter-out $(VERBS),$(WORDS_GIVEN)),)
$(error There is no verb "$(firstword $(filter-out $(VERBS),$(WORDS_GIVEN)))": `make help` lists them)
endif

# A word for the shell, whatever is in it.
quote = '$(subst ','\'',$(1))'

include mk/lab.mk mk/tools.mk mk/kernel.mk mk/user.mk mk/iso.mk

# ---- build and run ----

.PHONY: all kernel
all: kernel
kernel: $(OUT)/kernel.elf $(OUT)/kernel.elf32 $(OUT)/root.cpio $(OUT)/full.cpio $(if $(SANITIZED),,compile_commands.json) ## Build the kernel (what a bare `make` does) [LINUX=0: without kernel/linux]

# What the verbs below hand on to tools.machine, when it is given.
MACHINE_ARGS = --stage $(STAGE) $(if $(CPUS),--cpus $(CPUS)) \
	$(if $(MEMORY),--memory $(MEMORY)) $(if $(ISO),--iso) \
	$(if $(filter-out 0,$(ICOUNT)),--icount) $(if $(WINDOW),--window) \
	$(if $(APPEND),--append $(call quote,$(APPEND)))

.PHONY: user oracle
user: $(OUT)/root.cpio $(OUT)/full.cpio ## Build the programs for user mode, and pack them

oracle: user ## Run the portable user tests on this machine's Linux [TEST=fork]
	@$(PYTHON) -m tools.machine.oracle --programs $(USER) $(filter-out all,$(TEST))

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
	$(if $(HANDED_IN),--impl $(call quote,$(HANDED_IN)) \
		--name $(call quote,$(HANDED_IN_BY)),--impl $(IMPL)) \
	$(if $(filter-out all,$(TEST)),--test $(TEST)) \
	$(if $(SCHED),--sched $(SCHED)) $(if $(SEED),--seed $(SEED)) \
	$(if $(CPUS),--cpus $(CPUS)) $(if $(TAP),--tap) \
	$(if $(JUNIT),--junit $(JUNIT)) $(if $(JSON),--json $(JSON))

.PHONY: grade
grade: $(CHECKED_RUN) ## Mark a lab [LAB=1 IMPL=labs TEST= SEED= SCHED= CPUS= TAP=1 JUNIT= JSON=]
	@$(PYTHON) -m grader grade $(GRADE_ARGS)

.PHONY: explore
explore: $(CHECKED_RUN) ## Run all schedules of a test with at most two pre-emptions [LAB=3 TEST=03/name SCHED=explore:17.1]
	@$(PYTHON) -m grader explore --lab $(LAB_NAME) --test $(TEST) \
		$(if $(FILES),--impl $(FILES) --name $(NAME),--impl $(IMPL)) \
		$(if $(SCHED),--sched $(SCHED))

# ---- verbs for maintainers, where there are solutions; and for students ----

# What follows "##" is in `make help`: "##m" for maintainers, "##s" for students.
.PHONY: $(MAINTAINERS_VERBS) unlock

ifneq ($(wildcard solutions),)

AUDIENCE := m

check: $(CHECKED_RUN) ##m Run every test of this repository
	@$(PYTHON) -m tools.checks --stage $(LAB_NAME).solutions $(CHECK_ARGS)

mutants: $(CHECKED_RUN) ##m Try to fool the grader: every test on every mutant [LAB=1]
	@$(PYTHON) -m grader.proof mutants --lab $(LAB_NAME) --all

N := 20
soak: $(CHECKED_RUN) ##m Mark a lab N times on a busy machine [LAB=1 N=200 IMPL=solutions]
	@$(PYTHON) -m grader.proof soak --lab $(LAB_NAME) --impl $(IMPL) --runs $(N)

starters: ##m Make the files in labs/ from those in solutions/
	$(make_starters)

workload: ##m Lines that a student has to write, for each lab, and the limit
	$(count_workload)

# Here OUT is a directory that is named on the command line.
course: ##m Publish the last commit for students, each lab a tag [OUT=DIR UPTO=1]
	@$(PYTHON) -m tools.course.publish course $(if $(UPTO),--upto $(UPTO)) \
		$(if $(filter command%,$(origin OUT)),--out $(call quote,$(OUT)))

tags: ##m Make the tags lab-01, lab-02, ... of the course in this repository
	@$(PYTHON) -m tools.course.publish tags

unlock:
	@echo 'make unlock is for students: `make course` makes their repository.' >&2; false

else

AUDIENCE := s

unlock: $(CHECKED_RUN) ##s Mark the newest lab, and take the next if it has enough points [FORCE=1]
	@$(PYTHON) -m tools.course.unlock $(if $(filter-out 0,$(FORCE)),--force)

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
	@$(PYTHON) -m bench $(BENCH_ARGS)

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
	@$(PYTHON) -m tools.machine.busybox $(BUSYBOX_LIST)

setup: ## Install every tool that is missing
	@sh tools/setup

doctor: ## Check the tools, boot a smoke kernel, name repairs
	@$(PYTHON) -m tools.machine.doctor

.PHONY: clean
clean: ## Remove what was built
	$(Q)rm -rf $(BUILD) compile_commands.json

.PHONY: help
help: ## This list
	@echo 'make <verb> [NAME=value ...]'; echo
	@sed -n 's/^\([a-z-]*\):.*##$(AUDIENCE)\{0,1\} /\1\t/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS='	' read -r verb text; do \
			printf '  %-13s %s\n' "$$verb" "$$text"; done
