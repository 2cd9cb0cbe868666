// SPDX-License-Identifier: GPL-2.0
/*
 * Drives the two ends of a network load, net_load.c, and prints what it cost
 * this machine:
 *	row NAME TICKS TOTAL
 *
 * TICKS is what the processors did meanwhile, whoever did it: the host's stack
 * and hypervisor, the guests, and both ends of the load. It is the growth of
 * the TSC times the number of processors, less the time they were idle; TOTAL
 * is with that. The kernel knows its idle time to the nanosecond
 * (/proc/timer_list, from the entry of the idle loop to the interrupt that
 * ends it). With one processor that is exact, because who reads it is not
 * idle; of others a pause that has not ended would be missed.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define CONTROL_PORT	7000

struct row {
	const char *name, *kind, *size, *count, *rx, *tx;
	const char *before, *after;	/* commands, or NULL */
};

struct moment {
	uint64_t tsc, ns;
	uint64_t idle;		/* ns, of all processors since boot */
};

static int usage(void)
{
	fputs("usage: net_run wait ADDRESS SECONDS\n"
	      "       net_run idle SECONDS\n"
	      "       net_run row NAME KIND SIZE COUNT RX TX [BEFORE AFTER]\n",
	      stderr);
	return 2;
}

static int dial(const char *address)
{
	const struct timeval patience = { .tv_sec = 60 };
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(CONTROL_PORT),
	};
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || !inet_aton(address, &to.sin_addr))
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (!connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return fd;
	close(fd);
	return -1;
}

static int wait_for(const char *address, long seconds)
{
	int fd;

	while (seconds-- > 0) {
		fd = dial(address);
		if (fd >= 0) {
			close(fd);
			return 0;
		}
		sleep(1);
	}
	return 1;
}

/* An end's next line must be this; says what it was instead. */
static bool expect(int fd, const char *who, const char *word)
{
	char line[128] = "";
	const ssize_t len = recv(fd, line, sizeof(line) - 1, 0);

	if (len > 0 && !strncmp(line, word, strlen(word)))
		return true;
	line[strcspn(line, "\n")] = '\0';
	printf("failed: %s says \"%s\", not \"%s\"\n", who, line, word);
	return false;
}

static uint64_t idle_ns(void)
{
	FILE *file = fopen("/proc/timer_list", "r");
	unsigned long long ns;
	unsigned int found = 0;
	uint64_t sum = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, " .idle_sleeptime : %llu", &ns) == 1 ||
		    sscanf(line, " .iowait_sleeptime: %llu", &ns) == 1) {
			sum += ns;
			found++;
		}
	}
	if (!found) {
		fputs("net_run: /proc/timer_list has no idle time\n", stderr);
		exit(1);
	}
	fclose(file);
	return sum;
}

static void read_clocks(struct moment *now)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now->ns = ts.tv_sec * 1000000000ull + ts.tv_nsec;
	now->tsc = __rdtsc();
}

static void report(const char *name, const struct moment *a,
		   const struct moment *b)
{
	const double total = (double)(b->tsc - a->tsc) *
			     sysconf(_SC_NPROCESSORS_ONLN);
	const double ticks_per_ns = (double)(b->tsc - a->tsc) / (b->ns - a->ns);
	const double idle = (b->idle - a->idle) * ticks_per_ns;

	printf("row %s %.0f %.0f\n", name, total - idle, total);
}

static bool prepare(const struct row *row, int rx, int tx)
{
	dprintf(rx, "%s rx %s %s\n", row->kind, row->size, row->count);
	if (!expect(rx, row->rx, "ready"))
		return false;
	dprintf(tx, "%s tx %s %s %s\n", row->kind, row->size, row->count,
		row->rx);
	return expect(tx, row->tx, "ready");
}

/* Reading the idle time takes long; it is outside of what is measured. */
static void start_clocks(struct moment *start)
{
	start->idle = idle_ns();
	read_clocks(start);
}

static void stop_clocks(struct moment *end)
{
	read_clocks(end);
	end->idle = idle_ns();
}

static bool measure(const struct row *row, int rx, int tx)
{
	struct moment start, end;
	bool ok;

	start_clocks(&start);
	dprintf(tx, ".");
	ok = expect(tx, row->tx, "done") && expect(rx, row->rx, "done");
	stop_clocks(&end);
	if (ok)
		report(row->name, &start, &end);
	return ok;
}

/* What goes on without any load, and the proof that pauses do not count. */
static int measure_nothing(long seconds)
{
	struct moment start, end;

	start_clocks(&start);
	sleep(seconds);
	stop_clocks(&end);
	report("idle", &start, &end);
	return 0;
}

static int run(const struct row *row)
{
	const int rx = dial(row->rx), tx = dial(row->tx);
	bool ok;

	if (rx < 0 || tx < 0) {
		printf("failed: %s does not answer\n",
		       rx < 0 ? row->rx : row->tx);
		return 1;
	}
	ok = prepare(row, rx, tx);
	if (ok && row->before)
		ok = !system(row->before);
	ok = ok && measure(row, rx, tx);
	if (ok && row->after)
		ok = !system(row->after);
	return !ok;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "wait"))
		return wait_for(argv[2], atol(argv[3]));
	if (argc == 3 && !strcmp(argv[1], "idle"))
		return measure_nothing(atol(argv[2]));
	if ((argc == 8 || argc == 10) && !strcmp(argv[1], "row")) {
		const struct row row = {
			.name = argv[2],
			.kind = argv[3],
			.size = argv[4],
			.count = argv[5],
			.rx = argv[6],
			.tx = argv[7],
			.before = argv[8],
			.after = argc == 10 ? argv[9] : NULL,
		};

		return run(&row);
	}
	return usage();
}
