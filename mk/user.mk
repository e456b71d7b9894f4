# user.mk - programs for user mode, and the archive that is the root file system.
#
# Ordinary C programs, linked with musl, static; they run on Linux as well.
#
#	user/NAME.c, user/NAME/*.c -> build/user/NAME		one program each
#	user/tests/NAME.c -> build/user/tests/NAME		and /tests/user/NAME
#	labs/NN-name/tests/NAME.c -> build/user/NN/NAME		and /tests/NN/NAME
#	build/user/... -> build/user/stripped/...		what is packed
#	user/root.list -> mkroot.py -> build/<stage>/root.cpio
#	and user/busybox.list, busybox.py -> build/<stage>/full.cpio
#
# Tests and marks start with root.cpio, which is the same wherever it is made;
# `make run` with full.cpio, in which busybox has the place of our small shell.
# Those in build/user/ have their debugging information, for GDB.

MUSL_CC := $(call find_tool,x86_64-linux-musl-gcc musl-gcc)
USER_CFLAGS := -std=gnu17 -O2 -g -Wall -Wextra -Wno-unused-parameter \
	$(strip $(WERROR)) -Iuser
USER_LDFLAGS := -static -no-pie -z noexecstack
USER := $(BUILD)/user

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

$(OUT)/root.cpio: tools/machine/mkroot.py user/root.list $(OUT)/tests.list \
		$(wildcard user/etc/*) $(PROGRAMS:%=$(USER)/stripped/%)
	$(say) CPIO $@
	$(Q)$(PYTHON) -m tools.machine.mkroot $@ $(USER)/stripped user/root.list $(OUT)/tests.list

# Empty where there is no busybox: busybox.py says why.
BUSYBOX_LIST := $(BUILD)/busybox/list

$(BUSYBOX_LIST): tools/machine/busybox.py tools/machine/debian.py user/busybox.list
	$(Q)$(PYTHON) -m tools.machine.busybox $@

$(OUT)/full.cpio: $(OUT)/root.cpio $(BUSYBOX_LIST)
	$(say) CPIO $@
	$(Q)$(PYTHON) -m tools.machine.mkroot $@ $(USER)/stripped user/root.list \
		$(OUT)/tests.list $(BUSYBOX_LIST)

# ---- the benchmark: its programs and archive, for Signalbox and for Linux ----

BENCH := $(BUILD)/bench
BENCH_PROGRAMS := $(patsubst bench/%.c,$(BENCH)/programs/%,$(wildcard bench/*.c))

$(BENCH)/programs/%: bench/%.c $(USER)/flags
	$(say) MUSL $<
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(USER_CFLAGS) -o $@ $< $(USER_LDFLAGS)
	$(Q)$(OBJCOPY) --strip-all $@

$(BENCH)/root.cpio: tools/machine/mkroot.py bench/root.list $(BENCH_PROGRAMS)
	$(say) CPIO $@
	$(Q)$(PYTHON) -m tools.machine.mkroot $@ $(BENCH)/programs bench/root.list
