// SPDX-License-Identifier: GPL-2.0
/*
 * The init of a Linux guest that measures itself, as the bare guest does: a
 * line "bench: row NAME N TICKS UNIT" each, and before and after it the guest
 * waits for a byte while the host reads its counters.
 *
 * It talks to the UART itself, which no console of the kernel's may use: so no
 * driver has interrupts or buffers there.
 */
#include "linux_bench.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define UART		0x3f8
#define UART_LSR	(UART + 5)
#define LSR_DATA	1
#define LSR_IDLE	0x20

static void print(const char *format, ...)
{
	char line[200];
	va_list args;
	const char *s;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	for (s = line; *s; s++) {
		while (!(inb(UART_LSR) & LSR_IDLE))
			;
		outb(*s, UART);
	}
}

static void wait_for_host(void)
{
	const struct timespec pause = { .tv_nsec = 5000000 };

	while (!(inb(UART_LSR) & LSR_DATA))
		nanosleep(&pause, NULL);
	inb(UART);
}

/* The kernel makes words that it does not know part of init's environment. */
static int wanted(const char *name)
{
	const char *rows = getenv("rows"), *at;
	size_t len = strlen(name);

	if (!rows)
		return 1;
	for (at = rows; (at = strstr(at, name)); at += len)
		if ((at == rows || at[-1] == ',') &&
		    (!at[len] || at[len] == ','))
			return 1;
	return 0;
}

static int measure(const struct row *row)
{
	uint64_t start, ticks;
	int status;

	print("bench: ready linux-%s\n", row->name);
	wait_for_host();
	start = __rdtsc();
	status = row->run(row);
	ticks = __rdtsc() - start;
	print("bench: row linux-%s %d %llu %s\n", row->name, row->n,
	      (unsigned long long)ticks, row->unit);
	wait_for_host();
	if (status)
		print("bench: wrong linux-%s\n", row->name);
	return status;
}

static int run_nothing(const struct row *row)
{
	(void)row;
	return 0;
}

static int measure_all(const struct row *row)
{
	char name[40];
	int bad = 0;

	for (; row->name; row++) {
		snprintf(name, sizeof(name), "linux-%s", row->name);
		if (row->run == run_nothing || wanted(name))
			bad |= measure(row);
	}
	return bad;
}

int main(int argc, char **argv)
{
	static const struct row empty[] = {
		{ "empty", "nothing", 1, run_nothing }, { }
	};
	uint64_t up = __rdtsc();
	int bad, i;

	if (argc > 1 && !strcmp(argv[1], EXEC_ARG))
		return 0;
	if (ioperm(UART, 8, 1))
		return 1;
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("tmp", "/tmp", "tmpfs", 0, NULL);
	/* There is no console: 0, 1 and 2 must not become something else. */
	for (i = 0; i < 3; i++)
		if (open("/dev/null", O_RDWR) < 0)
			return 1;
	/* By a counter that starts with the machine, as those of the host do. */
	print("bench: row linux-boot 1 %llu start of the machine to init\n",
	      (unsigned long long)up);
	wait_for_host();
	bad = measure_all(empty);
	bad |= measure_all(mem_rows);
	bad |= measure_all(process_rows);
	print("bare: end %d\n", !!bad);
	reboot(RB_POWER_OFF);
	return 1;
}
