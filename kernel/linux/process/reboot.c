/*
 * sys_reboot.c - reboot(2): a program stops the machine.
 *
 * Its two magic numbers are there so that no program does it by mistake; the
 * second is any of four birthdays (linux/reboot.h).  Only root may.
 */
#include "errno.h"
#include "power.h"
#include "printk.h"
#include "process.h"
#include "syscall.h"

#define MAGIC_1 0xfee1dead

enum {
	COMMAND_CAD_OFF = 0,
	COMMAND_RESTART = 0x01234567,
	COMMAND_POWER_OFF = 0x4321fedc,
	COMMAND_CAD_ON = 0x89abcdef,
	COMMAND_HALT = 0xcdef0123,
};

static bool is_magic_2(uint32_t magic)
{
	return magic == 0x28121969 || magic == 0x05121996 ||
	       magic == 0x16041998 || magic == 0x20112000;
}

long sys_reboot(unsigned int magic_1, unsigned int magic_2,
		unsigned int command, uintptr_t arg)
{
	if (!process_is_root())
		return -EPERM;
	if (magic_1 != MAGIC_1 || !is_magic_2(magic_2))
		return -EINVAL;

	switch (command) {
	case COMMAND_POWER_OFF:
		power_off(EXIT_USER);
	case COMMAND_RESTART:
		power_reboot();
	case COMMAND_HALT:
		printk("The machine has been halted.\n");
		power_halt();
	case COMMAND_CAD_ON: /* what Ctrl-Alt-Del does: nothing, here */
	case COMMAND_CAD_OFF:
		return 0;
	default:
		return -EINVAL;
	}
}
