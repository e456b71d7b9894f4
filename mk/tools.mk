# tools.mk - the programs that make calls, and how their work is shown.
#
# First tools/setup installs what the verbs need and what is missing.  Then the
# compiler and its like are looked for, under the names that they have on one
# system or another.  Once in each build directory the doctor looks whether they
# are new enough.

# What the verbs need is installed before anything else is looked at.
# tools/setup takes the verbs' names, and is silent when nothing is missing.
MAINTAINERS_VERBS := check mutants soak starters workload course tags
GOALS_WITHOUT_TOOLS := help clean setup console size \
	$(if $(wildcard solutions),,$(MAINTAINERS_VERBS))
SETUP_GOALS := $(filter-out $(GOALS_WITHOUT_TOOLS),$(GOALS)) $(if $(ISO),iso)
ifneq ($(strip $(SETUP_GOALS)),)
probe := $(shell sh tools/setup --quiet $(SETUP_GOALS) >&2)
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
# Programs are run as modules, from here: tools/machine/ is tools.machine.
MACHINE := $(PYTHON) -m tools.machine

# Contents decide what is made anew, and not times.
ifneq ($(strip $(SETUP_GOALS)),)
probe := $(shell $(PYTHON) -m tools.machine.contents $(BUILD) $(OUT) $(FILES) >&2)
ifneq ($(.SHELLSTATUS),0)
$(error The contents of the sources cannot be compared: see above)
endif
endif

# A compiler that can only mean bare x86-64 comes first; then the one that
# Debian has on every architecture; then the system's own, on x86-64.
find_tool = $(firstword $(foreach t,$(1),$(shell command -v $(t) 2>/dev/null)))
CROSS := $(patsubst %gcc,%,$(notdir $(call find_tool, \
	x86_64-elf-gcc x86_64-linux-gnu-gcc gcc)))
CC := $(CROSS)gcc
LD := $(CROSS)ld
OBJCOPY := $(CROSS)objcopy
NASM := nasm

# Warnings stop the build up to the compiler that `make check` is known to pass
# with.  A newer one may warn of more: that shall not stop anybody.
GCC_KNOWN := 10 11 12
GCC_VERSION := $(shell $(CC) -dumpversion 2>/dev/null)
WERROR := $(if $(filter $(GCC_KNOWN),$(firstword $(subst ., ,$(GCC_VERSION)))), \
	-Werror)

# Once in each build directory: a tool that is too old is named, before it can
# fail in a way that nobody understands.
CHECKED_RUN := $(BUILD)/checked-run

$(BUILD)/checked-%: tools/machine/doctor.py
	@mkdir -p $(@D)
	@$(PYTHON) -m tools.machine.doctor --quick $* && touch $@

# ---- how the output looks: "CC kernel/mm/page.c" ----

Q := $(if $(V),,@)
say = @printf '%-4s %s\n'

# Writes text to the target, but leaves a file that says the same untouched:
# what depends on it is rebuilt only when the text has changed.
define write_if_changed
@mkdir -p $(@D)
@printf '%s\n' $(1) | cmp -s - $@ || printf '%s\n' $(1) > $@
endef

# What depends on this is looked at each time.
.PHONY: FORCE
