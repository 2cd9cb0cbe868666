// SPDX-License-Identifier: GPL-2.0
/*
 * kagectl stats and audit: the counters of machines, once or again and again
 * with what they grew by, and the check of every shadow entry.
 */
#include "kagectl.h"
#include "nl.h"
#include "out.h"
#include "parse.h"
#include <ctype.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct json_object *dump_stats(struct kage_nl *nl, const char *vm)
{
	struct kage_req req;

	kage_req_init_dump(nl, &req, KAGE_CMD_STATS_GET);
	if (vm)
		kage_req_vm(&req, vm);
	return kage_nl_call(nl, &req);
}

/*
 * @last remembers every counter under "id source name"; the difference is 0
 * for one that is new.
 */
static uint64_t growth(struct json_object *last, const char *key,
		       uint64_t val)
{
	struct json_object *old;
	uint64_t prev = val;

	if (json_object_object_get_ex(last, key, &old))
		prev = json_object_get_uint64(old);
	json_object_object_add(last, key, json_object_new_uint64(val));
	return val - prev;
}

static void print_source(struct json_object *obj, struct json_object *last,
			 double seconds)
{
	struct json_object *stats = out_get(obj, "stat");
	const char *source = out_string(obj, "stats-source");
	size_t i, nr = stats ? json_object_array_length(stats) : 0;

	out_text(out_string(obj, "vm-name"));
	printf(" %s\n", source);
	for (i = 0; i < nr; i++) {
		struct json_object *stat = json_object_array_get_idx(stats, i);
		const char *name = out_string(stat, "name");
		uint64_t val = out_u64(stat, "value");
		char key[256];

		snprintf(key, sizeof(key), "%s %s %s",
			 out_string(obj, "vm-id"), source, name);
		printf("  %-32s %20llu", name, (unsigned long long)val);
		if (seconds > 0)
			printf(" %14.1f/s",
			       (int64_t)growth(last, key, val) / seconds);
		putchar('\n');
	}
}

static void print_stats(const struct kage_ctx *ctx, struct json_object *list,
			struct json_object *last, double seconds)
{
	size_t i;

	if (ctx->json) {
		out_json(ctx, list);
		return;
	}
	if (seconds > 0 && isatty(STDOUT_FILENO))
		fputs("\033[H\033[2J", stdout);
	for (i = 0; i < json_object_array_length(list); i++)
		print_source(json_object_array_get_idx(list, i), last,
			     seconds);
	fflush(stdout);
}

static void wait_seconds(double seconds)
{
	struct timespec ts = { .tv_sec = (time_t)seconds };

	ts.tv_nsec = (long)((seconds - (double)ts.tv_sec) * 1e9);
	nanosleep(&ts, NULL);
}

/* With @seconds of 0 once, else until something fails. */
static int show_stats(const struct kage_ctx *ctx, const char *vm,
		      double seconds)
{
	struct json_object *list, *last;
	struct kage_nl *nl;
	bool again = false;

	nl = kage_nl_open();
	if (!nl)
		return KAGECTL_FAILED;
	last = json_object_new_object();
	do {
		if (again)
			wait_seconds(seconds);
		list = dump_stats(nl, vm);
		if (!list)
			break;
		print_stats(ctx, list, last, seconds);
		json_object_put(list);
		again = seconds > 0 && !ferror(stdout);
	} while (again);
	json_object_put(last);
	kage_nl_close(nl);
	return list ? KAGECTL_OK : KAGECTL_FAILED;
}

static int parse_seconds(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	if (*end || !(*seconds >= 0.01 && *seconds <= 86400))
		return misuse("bad value \"%s\" for \"watch\"", text);
	return 0;
}

int cmd_stats(const struct kage_ctx *ctx, int argc, char **argv)
{
	const char *vm = NULL;
	double seconds = 0;
	int i = 0;

	/* "watch" cannot be a name here; such a machine has its id. */
	if (argc && strncmp(argv[0], "--", 2) && strcmp(argv[0], "watch"))
		vm = argv[i++];
	if (vm && parse_vm(vm))
		return KAGECTL_USAGE;
	if (i < argc && (!strcmp(argv[i], "--watch") ||
			 !strcmp(argv[i], "watch"))) {
		seconds = 1;
		i++;
		if (i < argc && parse_seconds(argv[i++], &seconds))
			return KAGECTL_USAGE;
	}
	if (parse_none(argc - i, argv + i))
		return KAGECTL_USAGE;
	return show_stats(ctx, vm, seconds);
}

int cmd_audit(const struct kage_ctx *ctx, int argc, char **argv)
{
	struct json_object *list;
	struct kage_req req;
	struct kage_nl *nl;
	uint64_t errors = 0;

	if (parse_vm(argv[0]) || parse_none(argc - 1, argv + 1))
		return KAGECTL_USAGE;
	nl = kage_nl_open();
	if (!nl)
		return KAGECTL_FAILED;
	kage_req_init(nl, &req, KAGE_CMD_MMU_AUDIT);
	kage_req_vm(&req, argv[0]);
	list = kage_nl_call(nl, &req);
	kage_nl_close(nl);
	if (!list)
		return KAGECTL_FAILED;
	if (json_object_array_length(list))
		errors = out_u64(json_object_array_get_idx(list, 0),
				 "audit-errors");
	if (ctx->json)
		out_json(ctx, list);
	else
		printf("%llu wrong shadow entries\n",
		       (unsigned long long)errors);
	json_object_put(list);
	return errors ? KAGECTL_FAILED : KAGECTL_OK;
}
