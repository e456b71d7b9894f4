/*
 * init.h - what is done once, at boot, outside the core.
 *
 * kmain() brings the core to life in an order that boot/main.c spells out.
 * Then the first thread runs these functions, level by level; within a level
 * their order is the linker's, so they must not need each other.
 */
#ifndef INIT_H
#define INIT_H

#include "table.h"

enum init_level {
	INIT_PARTS, /* threads run: what the core lacks; the file system too */
	INIT_FILES, /* the root is unpacked: what has a place in it */
};

struct init {
	enum init_level level;
	void (*run)(void);
};

TABLE(inits, struct init);

#define INIT(level, function) \
	TABLE_ROW(inits, struct init) \
	{ \
		level, function \
	}

/* By boot/main.c, and by fs_init() for those that need files. */
static inline void init_run(enum init_level level)
{
	const struct init *init;

	table_for_each (init, inits)
		if (init->level == level)
			init->run();
}

#endif
