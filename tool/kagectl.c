// SPDX-License-Identifier: GPL-2.0
/*
 * kagectl: configure and watch the virtual machines of the kage module. Here
 * are the global options and the table of commands.
 */
#include "kagectl.h"
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef KAGE_VERSION
#define KAGE_VERSION "unknown"
#endif

struct command {
	const char *noun;
	const char *verb;	/* NULL: the noun stands alone */
	const char *args;
	const char *help;
	int min_args;
	int (*fn)(const struct kage_ctx *ctx, int argc, char **argv);
};

static const struct command commands[] = {
	{ "vm", "add", "NAME [vcpus N] [shadow-pages N]",
	  "make a machine", 1, cmd_vm_add },
	{ "vm", "del", "NAME", "stop and remove it", 1, cmd_vm_del },
	{ "vm", "start", "NAME", "let it run", 1, cmd_vm_start },
	{ "vm", "stop", "NAME", "switch it off", 1, cmd_vm_stop },
	{ "vm", "pause", "NAME", "hold it", 1, cmd_vm_pause },
	{ "vm", "resume", "NAME", "let it go on", 1, cmd_vm_resume },
	{ "vm", "reset", "NAME", "back to power-on, loaded again", 1,
	  cmd_vm_reset },
	{ "vm", "show", "[NAME]", "list machines", 0, cmd_vm_show },
	{ "vm", "regs", "NAME [vcpu N]", "registers, while it does not run", 1,
	  cmd_vm_regs },
	{ "mem", "map", "NAME size N [gpa N] [readonly]", "give it RAM", 1,
	  cmd_mem_map },
	{ "mem", "unmap", "NAME slot N", "take RAM away", 1, cmd_mem_unmap },
	{ "mem", "show", "[NAME]", "list RAM", 0, cmd_mem_show },
	{ "nic", "add", "NAME [name IFNAME] [mac M] [mtu N]",
	  "give it a network interface", 1, cmd_nic_add },
	{ "nic", "del", "NAME IFNAME", "take one away", 2, cmd_nic_del },
	{ "nic", "show", "[NAME]", "list network interfaces", 0,
	  cmd_nic_show },
	{ "stats", NULL, "[NAME] [--watch [SECONDS]]", "counters", 0,
	  cmd_stats },
	{ "console", NULL, "NAME [-f|--follow]", "its serial port", 1,
	  cmd_console },
	{ "monitor", NULL, "[--count N]", "events as they happen", 0,
	  cmd_monitor },
	{ "audit", NULL, "NAME", "check every shadow entry", 1, cmd_audit },
	{ "run", NULL,
	  "NAME --kernel F [--initrd F] [--append S] [--mem N] [--vcpus N] [--shadow-pages N] [--nic IFNAME] [--console]",
	  "make, load and start a machine", 1, cmd_run },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void say(const char *fmt, va_list ap)
{
	fflush(stdout);
	fputs("kagectl: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int complain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	return KAGECTL_FAILED;
}

int misuse(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	return KAGECTL_USAGE;
}

static void print_command(FILE *to, const struct command *cmd)
{
	fprintf(to, "  kagectl %s%s%s %s\n", cmd->noun, cmd->verb ? " " : "",
		cmd->verb ? cmd->verb : "", cmd->args);
}

/* All commands, or those of one noun. */
static void print_usage(FILE *to, const char *noun)
{
	size_t i;

	fputs("usage: kagectl [-j|-p] [-V] [-h] COMMAND\n", to);
	for (i = 0; i < NR_COMMANDS; i++)
		if (!noun || !strcmp(noun, commands[i].noun))
			print_command(to, &commands[i]);
}

static void print_help(void)
{
	size_t i;

	puts("usage: kagectl [-j|-p] [-V] [-h] COMMAND\n");
	for (i = 0; i < NR_COMMANDS; i++) {
		print_command(stdout, &commands[i]);
		printf("\t%s\n", commands[i].help);
	}
	puts("\n  -j, --json     JSON    -p, --pretty   JSON on many lines\n"
	     "  -V, --version          -h, --help\n\n"
	     "Numbers take K, M, G or 0x; kagectl(8) has the rest.");
}

static const struct command *find_command(const char *noun, const char *verb)
{
	size_t i;

	for (i = 0; i < NR_COMMANDS; i++) {
		const struct command *cmd = &commands[i];

		if (strcmp(cmd->noun, noun))
			continue;
		if (!cmd->verb || (verb && !strcmp(cmd->verb, verb)))
			return cmd;
	}
	return NULL;
}

static int know_noun(const char *noun)
{
	size_t i;

	for (i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(commands[i].noun, noun))
			return 1;
	return 0;
}

static int unknown_command(const char *noun, const char *verb)
{
	if (!know_noun(noun))
		misuse("unknown command \"%s\"", noun);
	else if (verb)
		misuse("unknown verb \"%s\" after \"%s\"", verb, noun);
	else
		misuse("\"%s\" needs a verb", noun);
	print_usage(stderr, know_noun(noun) ? noun : NULL);
	return KAGECTL_USAGE;
}

static int run_command(const struct kage_ctx *ctx, int argc, char **argv)
{
	const struct command *cmd;
	int skip, ret;

	cmd = find_command(argv[0], argc > 1 ? argv[1] : NULL);
	if (!cmd)
		return unknown_command(argv[0], argc > 1 ? argv[1] : NULL);
	skip = cmd->verb ? 2 : 1;
	if (argc - skip < cmd->min_args)
		ret = misuse("too few words");
	else
		ret = cmd->fn(ctx, argc - skip, argv + skip);
	if (ret == KAGECTL_USAGE) {
		fputs("usage:\n", stderr);
		print_command(stderr, cmd);
	}
	return ret;
}

/* Output that did not arrive is a failure: think of a full disk. */
static int finish(int ret)
{
	if ((fflush(stdout) || ferror(stdout)) && !ret)
		return complain("cannot write the output");
	return ret;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "pretty", no_argument, NULL, 'p' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct kage_ctx ctx = { false, false };
	int opt;

	while ((opt = getopt_long(argc, argv, "+jpVh", options, NULL)) != -1) {
		switch (opt) {
		case 'p':
			ctx.pretty = true;
			ctx.json = true;
			break;
		case 'j':
			ctx.json = true;
			break;
		case 'V':
			puts("kagectl " KAGE_VERSION);
			return finish(KAGECTL_OK);
		case 'h':
			print_help();
			return finish(KAGECTL_OK);
		default:
			print_usage(stderr, NULL);
			return KAGECTL_USAGE;
		}
	}
	if (optind == argc) {
		print_usage(stderr, NULL);
		return KAGECTL_USAGE;
	}
	if (!strcmp(argv[optind], "help")) {
		print_help();
		return finish(KAGECTL_OK);
	}
	return finish(run_command(&ctx, argc - optind, argv + optind));
}
