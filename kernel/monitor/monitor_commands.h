/*
 * monitor_commands.h - the monitor's commands: shared by monitor*.c only.
 */
#ifndef MONITOR_COMMANDS_H
#define MONITOR_COMMANDS_H

#include "types.h"

struct command {
	const char *name;
	const char *args; /* how they are written, for help */
	const char *help;
	int min_args, max_args;
	/* argv[0] is the name, as in main(). */
	void (*run)(int argc, char **argv);
};

extern const struct command monitor_commands[];
extern const size_t monitor_command_count;

/* NULL when there is none of that name. */
const struct command *command_find(const char *name);

/* A number, or an address: a number, NAME or NAME+NUMBER.  When it is none,
 * they say so in the name of the command, and return false. */
bool arg_number(const char *command, const char *text, uint64_t *out);
bool arg_address(const char *command, const char *text, uintptr_t *out);

/* monitor_cpu.c */
void command_threads(int argc, char **argv);
void command_bt(int argc, char **argv);
void command_cpus(int argc, char **argv);
void command_irq(int argc, char **argv);
void command_locks(int argc, char **argv);
void command_waits(int argc, char **argv);
void command_spin(int argc, char **argv);
void command_nmi(int argc, char **argv);

/* monitor_memory.c */
void command_mem(int argc, char **argv);
void command_walk(int argc, char **argv);
void command_sym(int argc, char **argv);
void command_x(int argc, char **argv);

#endif
