/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rows of the benchmark that a Linux guest measures.
 */
#ifndef _LINUX_BENCH_H
#define _LINUX_BENCH_H

#include <stdint.h>

/* An operation, done @n times by @run; -1 if it cannot be. */
struct row {
	const char *name, *unit;
	int n;
	int (*run)(const struct row *row);
	int a;				/* for @run */
};

/* They end with a row without a name. */
extern const struct row mem_rows[], process_rows[];

/* What "exec" runs of this program ends at once. */
#define EXEC_ARG	"exec"

#endif /* _LINUX_BENCH_H */
