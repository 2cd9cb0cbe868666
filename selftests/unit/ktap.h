/* SPDX-License-Identifier: GPL-2.0 */
/* KTAP output for the unit tests: plan, one line per test, exit code. */
#ifndef _KAGE_UNIT_KTAP_H
#define _KAGE_UNIT_KTAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static unsigned int ktap_nr, ktap_planned, ktap_failed;

/** ktap_plan() - first line; @nr tests will be reported */
static inline void ktap_plan(unsigned int nr)
{
	ktap_planned = nr;
	printf("KTAP version 1\n1..%u\n", nr);
}

/** ktap_diag() - a line of explanation; printf format without the newline */
__attribute__((format(printf, 1, 2)))
static inline void ktap_diag(const char *fmt, ...)
{
	va_list args;

	printf("# ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

/** ktap_ok() - the outcome of the next test; the rest is its name */
__attribute__((format(printf, 2, 3)))
static inline bool ktap_ok(bool ok, const char *fmt, ...)
{
	va_list args;

	ktap_failed += !ok;
	printf("%sok %u ", ok ? "" : "not ", ++ktap_nr);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	return ok;
}

/** ktap_skip() - the next test cannot run here, and why */
static inline void ktap_skip(const char *name, const char *why)
{
	printf("ok %u %s # SKIP %s\n", ++ktap_nr, name, why);
}

/** ktap_done() - what main() returns; a plan not kept is a failure */
static inline int ktap_done(void)
{
	if (ktap_nr != ktap_planned)
		ktap_diag("planned %u tests, ran %u", ktap_planned, ktap_nr);
	ktap_diag("%u of %u failed", ktap_failed, ktap_nr);
	return ktap_failed || ktap_nr != ktap_planned;
}

#endif /* _KAGE_UNIT_KTAP_H */
