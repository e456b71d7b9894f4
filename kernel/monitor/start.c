/*
 * start.c - what runs when the kernel has come to life: the tests that the
 * command line names (test=), or the first program (init=), or the prompt.
 */
#include "boot.h"
#include "cmdline.h"
#include "ktest.h"
#include "monitor.h"
#include "process.h"
#include "string.h"

void start_system(void)
{
	const char *selection = cmdline_get("test");
	const char *init = cmdline_get("init");

	if (selection)
		ktest_run_and_exit(selection);
	else if (init && strcmp(init, "none") != 0 && !cmdline_get("monitor"))
		process_start_init(init);
	else
		monitor_start();
}
