/*
 * table.h - tables whose rows lie in many files.
 *
 * A row says what a part of the kernel adds: a device, a report for panics,
 * something to do at boot.  The linker gathers the rows of each table, so the
 * file that walks a table names none of those that fill it, and a file that is
 * left out of the build takes its rows with it.
 *
 *	struct panic_report { ... };
 *	TABLE(panic_reports, struct panic_report);	in the table's header
 *	TABLE_ROW(panic_reports, struct panic_report) {...};	anywhere
 *	table_for_each (row, panic_reports) ...		where it is used
 *
 * Each table is also named in kernel/boot/kernel.ld.  The order of its rows is
 * that of the objects in the link: nothing may depend on it.
 */
#ifndef TABLE_H
#define TABLE_H

#include "types.h"

#define TABLE(table, type) extern type const table##_start[], table##_end[]

#define TABLE_UNIQUE2(table, line) table##_row_##line
#define TABLE_UNIQUE1(table, line) TABLE_UNIQUE2(table, line)

/* The alignment is what the compiler would choose in an array of them. */
#define TABLE_ROW(table, type) \
	__attribute__((section("table_" #table), used, no_reorder, \
		       aligned(8))) static type const \
	TABLE_UNIQUE1(table, __LINE__) =

#define table_for_each(row, table) \
	for ((row) = table##_start; (row) < table##_end; (row)++)

#endif
