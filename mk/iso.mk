# iso.mk - the image that GRUB boots: build/signalbox.iso.
#
# It has every stage of this kind (labs or solutions), each with its archive, and
# a menu to choose from.  The stage that make was asked for comes first:
#
#	build/<stage>/kernel.elf32 -> build/iso/boot/<stage>.elf
#	build/<stage>/full.cpio -> build/iso/boot/<stage>.cpio
#	build/iso/ -> grub-mkrescue -> build/signalbox.iso

GRUB_MKRESCUE := $(call find_tool,grub-mkrescue grub2-mkrescue)

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
