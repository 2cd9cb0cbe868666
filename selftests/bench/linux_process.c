// SPDX-License-Identifier: GPL-2.0
/*
 * What programs do with each other: pipes, switches, lives.
 */
#include "linux_bench.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RING_MOST	16
#define SOURCES		4
#define FUNCTIONS	60

static int pass(int from, int to)
{
	char token;

	return read(from, &token, 1) == 1 && write(to, &token, 1) == 1;
}

/* @a processes in a ring hand a byte on; each hop is a switch. */
static int run_ring(const struct row *row)
{
	int pipes[RING_MOST][2], i, hops = row->n / row->a;
	pid_t pids[RING_MOST];

	for (i = 0; i < row->a; i++)
		if (pipe(pipes[i]))
			return -1;
	for (i = 1; i < row->a; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		while (hops-- && pass(pipes[i - 1][0], pipes[i][1]))
			;
		_exit(0);
	}
	while (hops--)
		if (write(pipes[0][1], "", 1) != 1 ||
		    read(pipes[row->a - 1][0], &i, 1) != 1)
			return -1;
	for (i = 1; i < row->a; i++)
		waitpid(pids[i], NULL, 0);
	for (i = 0; i < row->a; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	return 0;
}

static int wait_for(pid_t pid)
{
	int status;

	return pid < 0 || waitpid(pid, &status, 0) != pid || status;
}

static int run_fork(const struct row *row)
{
	int i, bad = 0;
	pid_t pid;

	for (i = 0; i < row->n; i++) {
		pid = fork();
		if (!pid)
			_exit(0);
		bad |= wait_for(pid);
	}
	return bad;
}

static int run_program(char *const argv[], int n)
{
	pid_t pid;
	int bad = 0;

	while (n--) {
		pid = fork();
		if (!pid) {
			execv(argv[0], argv);
			_exit(127);
		}
		bad |= wait_for(pid);
	}
	return bad;
}

static int run_exec(const struct row *row)
{
	char *const argv[] = { "/init", EXEC_ARG, NULL };

	return run_program(argv, row->n);
}

static int run_shell(const struct row *row)
{
	char *const argv[] = { "/bin/sh", "-c", "/bin/true; :", NULL };

	return run_program(argv, row->n);
}

/* Sources that need no header. */
static int write_source(int nr)
{
	char name[20];
	FILE *file;
	int i;

	snprintf(name, sizeof(name), "/tmp/%d.c", nr);
	file = fopen(name, "w");
	if (!file)
		return -1;
	for (i = 0; i < FUNCTIONS; i++)
		fprintf(file,
			"struct s%d { int a, b; struct s%d *next; };\n"
			"int f%d_%d(struct s%d *s, int n)\n{\n\tint i, sum = 0;\n\n"
			"\tfor (i = 0; i < n && s; i++, s = s->next)\n"
			"\t\tsum += s->a * %d + (s->b << %d);\n"
			"\treturn sum;\n}\n", i, i, nr, i, i, i + 3, i % 8);
	fclose(file);
	return 0;
}

static int run_compile(const struct row *row)
{
	char source[20], object[20];
	char *const argv[] = {
		"/bin/tcc", "-nostdinc", "-c", source, "-o", object, NULL
	};
	struct stat made;
	int i, bad = 0;

	for (i = 0; i < row->n; i++) {
		snprintf(source, sizeof(source), "/tmp/%d.c", i % SOURCES);
		snprintf(object, sizeof(object), "/tmp/%d.o", i % SOURCES);
		if (i < SOURCES)
			bad |= write_source(i);
		bad |= run_program(argv, 1);
		bad |= stat(object, &made);
	}
	return bad;
}

const struct row process_rows[] = {
	{ "switch-2", "hop in a ring of 2 processes", 2000, run_ring, 2 },
	{ "switch-8", "hop in a ring of 8 processes", 2000, run_ring, 8 },
	{ "switch-16", "hop in a ring of 16 processes", 2000, run_ring, 16 },
	{ "fork-exit", "process forked, ended", 60, run_fork },
	{ "fork-exec", "program run that ends at once", 40, run_exec },
	{ "shell", "shell that runs a program", 20, run_shell },
	{ "compile", "source of 60 functions compiled", 8, run_compile },
	{ }
};
